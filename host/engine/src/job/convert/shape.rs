//! The keys of a legacy job at their new places.

use serde_json::{Map, Value, json};

use super::keys::{self, Place};
use super::values;
use crate::document::{Diagnostic, Diagnostics, Document, escape};
use crate::job::group;

/// The step of a job with one step, as the engine calls it.
const STEP: &str = "main_step";
/// The time for a whole run without `timeout_seconds`, in seconds.
const RUN: f64 = 3600.0;
/// The most problems that are remembered.
const MOST: usize = 500;

/// A job on the way to its present form.
pub(super) struct Shape<'d> {
    document: &'d Document,
    /// The pointer of the job in the file.
    above: &'d str,
    job: Map<String, Value>,
    step: Map<String, Value>,
    moved: Vec<(String, String)>,
    problems: Vec<Diagnostic>,
}

/// The result.
pub(super) struct Made {
    /// The job.
    pub job: Map<String, Value>,
    /// The pointer of each part in the present form, and its pointer in the file.
    pub moved: Vec<(String, String)>,
    /// The warnings and errors.
    pub problems: Diagnostics,
}

impl<'d> Shape<'d> {
    pub fn new(document: &'d Document, above: &'d str) -> Self {
        // What has no place of its own is at the job.
        let moved = vec![(String::new(), above.to_owned())];
        Self { document, above, job: Map::new(), step: Map::new(), moved, problems: Vec::new() }
    }

    pub fn add(&mut self, problem: Diagnostic) {
        if self.problems.len() < MOST {
            self.problems.push(problem);
        }
    }

    /// Adds a warning at a value of the file.
    pub fn warn(&mut self, old: &str, message: impl Into<String>, help: &str) {
        self.add(self.document.error_at_key(old, message).help(help).as_warning());
    }

    /// Adds an error at a key of the file.
    pub fn refuse(&mut self, old: &str, message: impl Into<String>, help: impl Into<String>) {
        self.add(self.document.error_at_key(old, message).help(help));
    }

    /// Reads the time of a request's single run.
    pub fn scheduled(&mut self, value: &Value, old: &str) {
        self.warn(old, "`scheduled_time` is now `at` of the schedule", "check the time zone of the job");
        self.put(Place::At, value.clone(), old);
    }

    pub fn read(&mut self, map: &Map<String, Value>) {
        match map.get("steps") {
            Some(steps) => self.several_steps(map, steps),
            None => self.one_step(map),
        }
        self.id();
        self.job.entry("timezone").or_insert_with(|| json!("UTC"));
        self.schedule();
    }

    /// Reads a job whose one step is written at the top.
    fn one_step(&mut self, map: &Map<String, Value>) {
        let has_type = map.keys().any(|key| matches!(keys::place(key), Some((Place::Step("type"), _))));
        for (key, value) in map {
            let place = match key.as_str() {
                "type" if !has_type => Some((Place::Step("type"), false)),
                key => keys::place(key),
            };
            self.key(key, value, place, Place::Step(""));
        }
        self.step_type(map);
        let name = self.job.get("name").cloned().unwrap_or_else(|| json!(STEP));
        let mut step = std::mem::take(&mut self.step);
        self.long_step(&step);
        step.insert("id".to_owned(), json!(STEP));
        step.insert("name".to_owned(), name);
        self.job.insert("steps".to_owned(), json!([step]));
        for pointer in ["/steps", "/steps/0"] {
            self.moved.push((pointer.to_owned(), self.above.to_owned()));
        }
    }

    /// Reads a job with a list of steps and old names of keys.
    fn several_steps(&mut self, map: &Map<String, Value>, steps: &Value) {
        if steps.as_array().is_some_and(Vec::is_empty) {
            return self.no_steps(map);
        }
        for (key, value) in map.iter().filter(|(key, _)| *key != "steps") {
            let old = self.place_of(key);
            match keys::place(key) {
                Some((Place::Step(name), _)) => {
                    let message =
                        format!("`{key}` stands beside `steps`: one of them says what the job does");
                    let help = match name {
                        "type" | "query" | "script" => format!("move `{key}` into its step, or remove it"),
                        _ => format!("move `{key}` into the steps that need it"),
                    };
                    self.refuse(&old, message, help);
                }
                place => self.key(key, value, place, Place::Job("")),
            }
        }
        let old = self.place_of("steps");
        let Some(items) = steps.as_array() else {
            self.refuse(&old, "`steps` must be a list", "write each step as an item: `- id: ...`");
            return;
        };
        let mut new = Vec::with_capacity(items.len());
        for (i, step) in items.iter().enumerate() {
            new.push(self.one_of_several(step, &format!("{old}/{i}"), i));
        }
        self.moved.push(("/steps".to_owned(), old));
        self.job.insert("steps".to_owned(), Value::Array(new));
    }

    /// Refuses an empty list of steps.
    fn no_steps(&mut self, map: &Map<String, Value>) {
        let is_of_step = |key: &&String| matches!(keys::place(key), Some((Place::Step(_), _)));
        let help = match map.keys().find(is_of_step) {
            Some(key) => format!("remove `steps`: without it, `{key}` belongs to the one step of the job"),
            None => "write each step as an item, such as `- {id: a, type: sql, ...}`, or write the one step of the \
                     job as `job_type` and its keys, without `steps`"
                .to_owned(),
        };
        self.refuse(&self.place_of("steps"), "`steps` is empty, and a job has at least one step", help);
        if let Some((key, id)) =
            map.iter().find(|(key, _)| matches!(keys::place(key), Some((Place::Job("id"), _))))
        {
            self.insert(Place::Job("id"), "id", id.clone(), &self.place_of(key));
        }
    }

    fn one_of_several(&mut self, step: &Value, old: &str, i: usize) -> Value {
        let Some(map) = step.as_object() else {
            self.refuse(old, "a step must be a map of keys", "write `id`, `type` and the keys of the step");
            return step.clone();
        };
        let mut new = Map::new();
        for (key, value) in map {
            let old = format!("{old}/{}", escape(key));
            self.secret(key, value, &old);
            let name = keys::of_step(key).filter(|name| !map.contains_key(*name)).unwrap_or(key);
            if name != key {
                self.warn(&old, format!("`{key}` is now called `{name}`"), "no action is needed");
            }
            self.templates(value, &old);
            let value = match name {
                "timeout" => self.number(value, &old),
                "type" => self.type_name(value, &old),
                _ => value.clone(),
            };
            self.moved.push((format!("/steps/{i}/{}", escape(name)), old));
            new.insert(name.to_owned(), value);
        }
        Value::Object(new)
    }

    /// Reads a key of the job. A key without a place belongs to `rest`.
    fn key(&mut self, key: &str, value: &Value, place: Option<(Place, bool)>, rest: Place) {
        let old = self.place_of(key);
        if self.secret(key, value, &old) {
            return;
        }
        if value.is_null() {
            self.warn(&old, format!("`{key}` has no value, and is left out"), "no action is needed");
            return;
        }
        self.templates(value, &old);
        let Some((place, exact)) = place else {
            match rest {
                Place::Job(_) => self.insert(Place::Job(""), key, value.clone(), &old),
                _ => self.insert(Place::Step(""), key, value.clone(), &old),
            }
            return;
        };
        if !exact {
            let message = format!("`{key}` is no key of the legacy form; it is read as {}", described(place));
            self.warn(&old, message, "check that this is what the key means");
        }
        let value = self.value(place, value, &old);
        self.put(place, value, &old);
    }

    /// Returns the value of a key in the form that the present form has.
    fn value(&mut self, place: Place, value: &Value, old: &str) -> Value {
        match place {
            Place::Job("id" | "name") => self.text(value, old),
            Place::Job("timeout_seconds" | "max_retries" | "priority") | Place::Step("timeout") => {
                self.number(value, old)
            }
            Place::Job("enabled") => self.yes_or_no(value, old),
            Place::Disabled => match self.yes_or_no(value, old) {
                Value::Bool(disabled) => Value::Bool(!disabled),
                other => other,
            },
            Place::Step("type") => self.type_name(value, old),
            _ => value.clone(),
        }
    }

    fn put(&mut self, place: Place, value: Value, old: &str) {
        match place {
            Place::Job(name) | Place::Step(name) => self.insert(place, name, value, old),
            Place::Disabled => self.insert(Place::Job(""), "enabled", value, old),
            Place::Cron => self.below("schedule", "cron", value, old),
            Place::At => self.below("schedule", "at", value, old),
            Place::Metadata(name) => self.below("metadata", name, value, old),
        }
    }

    /// Sets a key of a map of the job.
    fn below(&mut self, map: &str, name: &str, value: Value, old: &str) {
        let known = self.job.entry(map).or_insert_with(|| json!({}));
        // A pattern without a map is the pattern of the schedule.
        if let (Value::String(_), "schedule") = (&*known, map) {
            *known = json!({"cron": known.clone()});
        }
        match known.as_object_mut() {
            Some(known) if !known.contains_key(name) => {
                known.insert(name.to_owned(), value);
                self.moved.push((format!("/{map}/{name}"), old.to_owned()));
            }
            _ => {
                self.refuse(old, format!("the file gives `{map}.{name}` twice"), "remove one of the two keys")
            }
        }
    }

    /// Sets a key of the job or of its step.
    fn insert(&mut self, place: Place, name: &str, value: Value, old: &str) {
        let (part, above) = match place {
            Place::Step(_) => (&mut self.step, "/steps/0"),
            _ => (&mut self.job, ""),
        };
        // Metadata may come in pieces.
        if name == "metadata"
            && let (Some(Value::Object(known)), Value::Object(more)) = (part.get_mut(name), &value)
        {
            for (key, value) in more {
                known.entry(key).or_insert_with(|| value.clone());
            }
            return;
        }
        if part.contains_key(name) {
            self.refuse(old, format!("the file gives `{name}` twice"), "remove one of the two keys");
            return;
        }
        self.moved.push((format!("{above}/{}", escape(name)), old.to_owned()));
        part.insert(name.to_owned(), value);
    }

    fn place_of(&self, key: &str) -> String {
        format!("{}/{}", self.above, escape(key))
    }

    /// Refuses a secret in the file, also one below the key. Returns whether there is one.
    fn secret(&mut self, key: &str, value: &Value, old: &str) -> bool {
        let Some((name, place)) = values::secret(key, value, old) else { return false };
        let message = format!("`{name}` holds a secret, and job files hold none");
        let help = "store it with `stepwell secrets set`, let a connection of the configuration refer to it, and remove the \
                    key here; change the secret, since the file has shown it";
        self.refuse(&place, message, help);
        true
    }

    /// Warns about texts that the present form fills in, and about those that it does not.
    fn templates(&mut self, value: &Value, old: &str) {
        match values::template(value) {
            Some(values::Template::Present) => self.warn(
                old,
                "the text has `${{`, which the present form fills in before the step runs",
                "if the text is meant as it is, move it into a script file",
            ),
            Some(values::Template::Old) => self.warn(
                old,
                "the text looks like a template of the old system, and stays as it is",
                "write `${{ vars.NAME }}`, and declare the variable in `vars`",
            ),
            None => {}
        }
    }

    fn text(&mut self, value: &Value, old: &str) -> Value {
        match value {
            Value::Number(number) => {
                self.warn(
                    old,
                    "a number stands where a text belongs; it is now a text",
                    "no action is needed",
                );
                Value::String(number.to_string())
            }
            other => other.clone(),
        }
    }

    fn number(&mut self, value: &Value, old: &str) -> Value {
        match values::number(value) {
            Some(number) => {
                self.warn(
                    old,
                    "a text stands where a number belongs; it is now a number",
                    "no action is needed",
                );
                number
            }
            None => value.clone(),
        }
    }

    fn yes_or_no(&mut self, value: &Value, old: &str) -> Value {
        match values::yes_or_no(value) {
            Some(yes) => {
                let message = format!("the value stands for yes or no; it is now `{yes}`");
                self.warn(old, message, "no action is needed");
                Value::Bool(yes)
            }
            None => value.clone(),
        }
    }

    fn type_name(&mut self, value: &Value, old: &str) -> Value {
        let Some(text) = value.as_str() else { return value.clone() };
        match keys::step_type(text) {
            Some(name) if name != text => {
                let message = format!("`{text}` is read as the step type `{name}`");
                self.warn(old, message, "check that this is what the type means");
                json!(name)
            }
            _ => value.clone(),
        }
    }

    /// Completes or refuses the type of the one step.
    fn step_type(&mut self, map: &Map<String, Value>) {
        if self.step.get("type").and_then(Value::as_str) == Some(group::TYPE) {
            let key =
                ["job_type", "type"].into_iter().find(|key| map.contains_key(*key)).unwrap_or("job_type");
            let message = format!("a job with `job_type` has one step, which cannot be a `{}`", group::TYPE);
            self.refuse(&self.place_of(key), message, "write the group into `steps`");
            return;
        }
        if self.step.contains_key("type") {
            return;
        }
        // The key of the work tells the type: a query is SQL, and a key with the name of a language is a script of it.
        let tells = |key: &String| match keys::place(key) {
            Some((Place::Step("query"), _)) => Some("sql"),
            Some((Place::Step("script"), _)) if key.to_lowercase().contains("powershell") => {
                Some("powershell")
            }
            _ => None,
        };
        match map.keys().find_map(|key| Some((key.clone(), tells(key)?))) {
            Some((key, name)) => {
                let old = self.place_of(&key);
                self.warn(
                    &old,
                    format!("`job_type` is missing; `{key}` stands for `{name}`"),
                    "check the type of the step",
                );
                self.step.insert("type".to_owned(), json!(name));
                self.moved.push(("/steps/0/type".to_owned(), old));
            }
            None => self.refuse(
                self.above,
                "`job_type` is missing",
                "add `job_type`, for instance `job_type: sql`",
            ),
        }
    }

    /// Gives the run the time of its one step, if that is more than a run has without a setting.
    fn long_step(&mut self, step: &Map<String, Value>) {
        let seconds = step.get("timeout").and_then(Value::as_f64).filter(|seconds| *seconds > RUN);
        if let (Some(_), false, Some(timeout)) =
            (seconds, self.job.contains_key("timeout_seconds"), step.get("timeout"))
        {
            let old =
                self.moved.iter().find(|(new, _)| new == "/steps/0/timeout").map(|(_, old)| old.clone());
            let old = old.unwrap_or_else(|| self.above.to_owned());
            let message =
                "the step may take longer than a run has without a setting; `timeout_seconds` is added";
            self.warn(&old, message, "check `limits.wall` of the policy, which bounds each attempt");
            self.job.insert("timeout_seconds".to_owned(), timeout.clone());
            self.moved.push(("/timeout_seconds".to_owned(), old));
        }
    }

    /// Checks the id, by which clients and schedules know the job.
    fn id(&mut self) {
        let old = self.moved.iter().find(|(new, _)| new == "/id").map(|(_, old)| old.clone());
        match (self.job.get("id"), old) {
            (Some(Value::String(id)), Some(old)) if !values::is_id(id) => {
                let message = format!("`{}` cannot be the id of a job", crate::document::cut(id, 80));
                let help = format!(
                    "choose an id of letters, digits, `.`, `_` and `-`, for instance `{}`, and tell the clients of the job",
                    values::suggested(id)
                );
                self.refuse(&old, message, help);
            }
            (None, _) => {
                self.refuse(self.above, "`job_id` is missing", "add the id by which clients know the job")
            }
            _ => {}
        }
    }

    /// Brings the schedule into the present form.
    fn schedule(&mut self) {
        let Some(written) = self.job.get("schedule").cloned() else { return };
        let old = self.moved.iter().find(|(new, _)| new == "/schedule" || new.starts_with("/schedule/"));
        let old = old.map_or_else(|| self.above.to_owned(), |(_, old)| old.clone());
        let schedule = match values::schedule(&written) {
            values::Written::Present => written,
            values::Written::Old(schedule) => {
                self.warn(
                    &old,
                    "the schedule is written in an old form; it is now a map",
                    "preview it: `stepwell schedules preview`",
                );
                schedule
            }
            values::Written::Unknown(why) => {
                self.refuse(
                    &old,
                    why,
                    "write `schedule: {cron: \"0 6 * * *\"}`, `{every: 1h}` or `{at: ...}`",
                );
                return;
            }
        };
        self.job.insert("schedule".to_owned(), schedule);
        self.warn(
            &old,
            "the job has a schedule, which is active as soon as the job is stored here",
            "switch it off in the old system first, so that no fire runs twice",
        );
    }

    pub fn made(self) -> Made {
        Made { job: self.job, moved: self.moved, problems: Diagnostics(self.problems) }
    }
}

/// Names a place in a message.
fn described(place: Place) -> String {
    match place {
        Place::Job("id") => "`job_id`".to_owned(),
        Place::Step("type") => "`job_type`".to_owned(),
        Place::Job(name) => format!("`{name}`"),
        Place::Step(name) => format!("`{name}` of the step"),
        Place::Metadata(name) => format!("`metadata.{name}`"),
        Place::Cron => "`schedule.cron`".to_owned(),
        Place::At => "`schedule.at`".to_owned(),
        Place::Disabled => "the opposite of `enabled`".to_owned(),
    }
}

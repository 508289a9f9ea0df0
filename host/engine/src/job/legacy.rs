//! Converts older forms of a job to the present one.

use serde_json::{Map, Value, json};

use crate::document::escape;

/// A conversion, for the warning.
pub(super) struct Conversion {
    /// The job in the present form.
    pub job: Value,
    /// The older form.
    pub message: String,
    /// The present form, as YAML.
    pub new_form: String,
    /// The pointer of each part in the present form, and its pointer in the file.
    pub moved: Vec<(String, String)>,
}

/// The keys of the single-step form that belong to the job; the other keys belong to its one step.
const JOB_KEYS: &[(&str, &str)] = &[
    ("job_id", "id"),
    ("id", "id"),
    ("job_name", "name"),
    ("name", "name"),
    ("description", "description"),
    ("timezone", "timezone"),
    ("schedule", "schedule"),
    ("priority", "priority"),
    ("enabled", "enabled"),
    ("max_retries", "max_retries"),
    ("timeout_seconds", "timeout_seconds"),
    ("metadata", "metadata"),
];

/// Keys of the step that have other names now.
const STEP_KEYS: &[(&str, &str)] = &[
    ("job_type", "type"),
    ("sql_query", "query"),
    ("powershell_script", "script"),
    ("script_content", "script"),
];

/// Returns whether the job has the legacy single-step form, with a group as its step.
pub(super) fn is_group(job: &Value) -> bool {
    let is = |old: &Map<String, Value>| {
        is_single_step(old) && old.get("job_type").and_then(Value::as_str) == Some(super::group::TYPE)
    };
    job.as_object().is_some_and(is)
}

fn is_single_step(old: &Map<String, Value>) -> bool {
    old.contains_key("job_type") && !old.contains_key("steps")
}

/// Converts the legacy single-step form (`job_type` and no `steps`) and the legacy names `job_id` and
/// `job_name`. `None` for the present form.
pub(super) fn convert(job: &Value) -> Option<Conversion> {
    let old = job.as_object()?;
    if is_single_step(old) {
        return Some(single_step(old));
    }
    if old.contains_key("steps") && (old.contains_key("job_id") || old.contains_key("job_name")) {
        let name = |key: &String| renamed(JOB_KEYS, key).unwrap_or(key).to_owned();
        let new: Map<String, Value> = old.iter().map(|(key, value)| (name(key), value.clone())).collect();
        return Some(Conversion {
            moved: old.keys().map(|key| (place("", &name(key)), place("", key))).collect(),
            job: Value::Object(new),
            message: "`job_id` and `job_name` are now called `id` and `name`".to_owned(),
            new_form: "rename the keys".to_owned(),
        });
    }
    None
}

fn single_step(old: &Map<String, Value>) -> Conversion {
    let mut job = Map::new();
    let mut step = Map::new();
    // The one step is the whole job.
    let mut moved = vec![("/steps".to_owned(), String::new()), ("/steps/0".to_owned(), String::new())];
    for (key, value) in old {
        let (above, part, new) = match renamed(JOB_KEYS, key) {
            Some(new) => ("", &mut job, new),
            None => ("/steps/0", &mut step, renamed(STEP_KEYS, key).unwrap_or(key)),
        };
        moved.push((place(above, new), place("", key)));
        part.insert(new.to_owned(), value.clone());
    }
    step.insert("id".to_owned(), json!("main_step"));
    step.insert("name".to_owned(), job.get("name").cloned().unwrap_or_else(|| json!("main_step")));
    job.entry("timezone").or_insert_with(|| json!("UTC"));
    let new_form = yaml(&job, &step);
    job.insert("steps".to_owned(), json!([step]));
    Conversion {
        job: Value::Object(job),
        message: "this is the legacy single-step form; Stepwell converts it".to_owned(),
        new_form: format!("the new form is\n{new_form}"),
        moved,
    }
}

fn place(above: &str, key: &str) -> String {
    format!("{above}/{}", escape(key))
}

fn renamed(names: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    names.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
}

/// Writes the present form. Every JSON value is valid YAML, so values need no special writer.
fn yaml(job: &Map<String, Value>, step: &Map<String, Value>) -> String {
    let mut lines: Vec<String> = job.iter().map(|(key, value)| format!("    {key}: {value}")).collect();
    lines.push("    steps:".to_owned());
    for (i, (key, value)) in step.iter().enumerate() {
        let dash = if i == 0 { "-" } else { " " };
        lines.push(format!("      {dash} {key}: {value}"));
    }
    lines.join("\n")
}

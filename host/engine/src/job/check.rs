//! Checks that the schema of a job file cannot make: step types, references, time zones.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::condition;
use super::names::names;
use super::split::check_split;
use super::template::{Piece, pieces};
use super::worker::WorkerStep;
use super::writes::check_writes;
use super::{JobDefinition, Part, Placed, StepDefinition, approval, group, locks, plan};
use crate::document::{Diagnostics, Document, closest, cut, each_template};
use crate::label;
use crate::quantity::Span;
use crate::reference::{StepRef, Wanted};
use crate::schedule::{Calendars, MAX_JITTER, Timetable};
use crate::step::Manifest;

/// The step types that a job may use.
pub trait Catalog: Send + Sync {
    /// Returns the description of a step type; with a version or a digest, of that component.
    fn manifest(&self, step_type: &str) -> Option<Arc<Manifest>>;
    /// Returns all types, sorted and without versions.
    fn types(&self) -> Vec<String>;
    /// Returns the versions of a step type in words, the newest first. Default: none is known.
    fn versions(&self, _type_name: &str) -> Vec<String> {
        Vec::new()
    }
    /// Returns the keys that jobs may omit from the configuration of a step, with their default values.
    /// Default: none.
    fn left_out(&self, _step_type: &str) -> Map<String, Value> {
        Map::new()
    }
    /// Returns the maximum nesting of groups. Default: [`group::DEPTH`].
    fn group_depth(&self) -> usize {
        group::DEPTH
    }
    /// Returns the calendars that schedules may name. Default: none.
    fn calendars(&self) -> Calendars {
        Calendars::new()
    }
}

/// Adds every problem of `job`, which stands at `pointer` in `document`.
pub(super) fn check(
    job: &JobDefinition,
    document: &Document,
    pointer: &str,
    catalog: &dyn Catalog,
    found: &mut Diagnostics,
) {
    if job.timezone.parse::<chrono_tz::Tz>().is_err() {
        let zones: Vec<String> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name().to_owned()).collect();
        let help = closest(&job.timezone, &zones).map_or_else(
            || "for instance Europe/Berlin or UTC".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{}` is not an IANA time zone", cut(&job.timezone, 60));
        found.0.push(document.error(&format!("{pointer}/timezone"), message).help(help));
    }
    check_name(&job.name, document, pointer, found);
    check_schedule(job, document, pointer, catalog, found);
    let placed = job.placed();
    let names = Names::of(&placed);
    let of_job = References { job, placed: &placed, names: &names, index: 0, document, holds_own: false };
    of_job.check_job(pointer, found);
    if let Some(policy) = &job.policy {
        policy.check_narrowing(document, &format!("{pointer}/policy"), found);
    }
    for (i, Placed { step, part, pointer: own, .. }) in placed.iter().enumerate() {
        if found.is_full() {
            return;
        }
        let at = format!("{pointer}{own}");
        if names.first(&step.id).is_some_and(|first| first < i) {
            let message = format!("two steps have the id `{}`", step.id);
            found
                .0
                .push(document.error(&format!("{at}/id"), message).help("choose another id for one of them"));
        }
        if let Some(policy) = &step.policy {
            policy.check_narrowing(document, &format!("{at}/policy"), found);
        }
        check_name(&step.name, document, &at, found);
        check_type(step, document, &at, catalog, found);
        let references =
            References { job, placed: &placed, names: &names, index: i, document, holds_own: true };
        references.check_config(step, &at, found);
        let before = References { holds_own: false, ..references };
        before.check_locks(&step.locks, &at, found);
        locks::check_step(job, &placed, i, (document, &at), found);
        if let Some(when) = &step.when {
            before.check_source(condition::source(when), &format!("{at}/when"), found);
        }
        if let Some(group) = &step.group {
            if references.groups_around() == catalog.group_depth() {
                found.0.push(group::too_deep(document, &at, catalog.group_depth()));
            }
            group::check_default(group, &job.vars, document, &at, found);
            group::check(group, &references.around(), &names.ids, document, &at, found);
        }
        let is_final = *part != Part::Steps || own.contains("/finally/");
        if is_final && step.step_type == approval::TYPE {
            let message = "an approval cannot run here: these steps run within `finally_timeout`";
            found.0.push(document.error(&format!("{at}/type"), message).help("move it to `steps`"));
        }
        check_retry(job, step, document, &at, found);
        check_split((step, &at), &placed, document, catalog, found);
    }
    check_writes(&placed, document, pointer, catalog, found);
    check_retry_of_run(job, document, pointer, found);
}

/// Reports a display name with characters that no reader sees.
fn check_name(name: &str, document: &Document, at: &str, found: &mut Diagnostics) {
    if let Some(why) = label::problem(name) {
        found.0.push(document.error(&format!("{at}/name"), format!("`name` {why}")));
    }
}

/// Returns the shortest pause before an attempt: a backoff may end a fifth early.
fn shortest(backoff: Span) -> Duration {
    backoff.0.mul_f64(0.8)
}

/// Reports a retry that can never happen.
fn check_retry(
    job: &JobDefinition,
    step: &StepDefinition,
    document: &Document,
    at: &str,
    found: &mut Diagnostics,
) {
    let retry = job.retry_of(step);
    if retry.max_attempts > 1 && shortest(retry.backoff) >= job.timeout_seconds.0 {
        let message = format!(
            "the second attempt of `{}` never happens: it waits {}, and the job ends after {}",
            step.id, retry.backoff, job.timeout_seconds
        );
        let key = if step.retry.is_some() { "/retry" } else { "" };
        let help = "shorten `backoff`, or raise `timeout_seconds`";
        found.0.push(document.error(&format!("{at}{key}"), message).help(help).as_warning());
    }
}

fn check_retry_of_run(job: &JobDefinition, document: &Document, pointer: &str, found: &mut Diagnostics) {
    let Some(retry) = &job.retry else { return };
    if retry.max_attempts > 1 && shortest(retry.backoff) >= job.timeout_seconds.0 {
        let message = format!(
            "the second try of the run never happens: it waits {}, and the job ends after {}",
            retry.backoff, job.timeout_seconds
        );
        let help = "shorten `backoff`, or raise `timeout_seconds`";
        found.0.push(document.error(&format!("{pointer}/retry"), message).help(help).as_warning());
    }
}

/// Reports steps that are not idempotent and do not set what follows a crash while they run.
pub(super) fn advice(
    job: &JobDefinition,
    document: &Document,
    pointer: &str,
    catalog: &dyn Catalog,
) -> Diagnostics {
    let open = |placed: &Placed<'_>| {
        let step = placed.step;
        step.on_lost.is_none() && catalog.manifest(&step.step_type).is_some_and(|found| !found.idempotent)
    };
    let open: Vec<Placed<'_>> = job.placed().into_iter().filter(open).collect();
    let Some(first) = open.first() else { return Diagnostics::default() };
    let names: Vec<String> = open.iter().map(|placed| format!("`{}`", placed.step.id)).collect();
    let (steps, verb) = if names.len() == 1 { ("step", "is") } else { ("steps", "are") };
    let message = format!(
        "the {steps} {} {verb} not idempotent: an attempt that is lost in a crash of its worker runs again",
        names.join(", ")
    );
    let help =
        "set `on_lost: retry` if running twice does no harm, or `on_lost: fail` to get a dead letter instead";
    let at = format!("{pointer}{}", first.pointer);
    document.error(&at, message).help(help).as_warning().into()
}

fn check_schedule(
    job: &JobDefinition,
    document: &Document,
    pointer: &str,
    catalog: &dyn Catalog,
    found: &mut Diagnostics,
) {
    let Some(schedule) = &job.schedule else { return };
    if schedule.jitter > MAX_JITTER {
        let message = format!("`jitter` is {}; at most 30 days are allowed", schedule.jitter);
        found.0.push(document.error(&format!("{pointer}/schedule/jitter"), message));
    }
    // An invalid time zone is reported at its own key; the schedule is checked in any zone.
    let zone = job.timezone.parse().unwrap_or(chrono_tz::UTC);
    // The creation time does not affect whether the schedule is valid.
    let made = crate::clock::Timestamp::UNIX_EPOCH;
    let Err(problems) = Timetable::new(&job.id, schedule, zone, &catalog.calendars(), made) else { return };
    for (key, message) in problems {
        let at = format!("{pointer}/schedule{}{key}", if key.is_empty() { "" } else { "/" });
        found.0.push(document.error(&at, message));
    }
}

fn check_type(
    step: &StepDefinition,
    document: &Document,
    at: &str,
    catalog: &dyn Catalog,
    found: &mut Diagnostics,
) {
    if step.step_type == approval::TYPE {
        found.0.extend(document.check(
            &Value::Object(step.config.clone()),
            at,
            &approval::Approval::schema(),
        ));
        found.0.extend(approval::Approval::check(step, document, at));
        return;
    }
    if WorkerStep::is(step) {
        let config = Value::Object(step.config.clone());
        found.0.extend(document.check(&config, at, &WorkerStep::schema()));
        found.0.extend(WorkerStep::check(step, document, at));
        return;
    }
    if step.group.is_some() {
        // `read` has checked its configuration before the members could be read.
        if step.on_lost.is_some() {
            let message = "a group has no `on_lost`: its members have it";
            found.0.push(document.error(&format!("{at}/on_lost"), message).help("set it on the members"));
        }
        return;
    }
    match catalog.manifest(&step.step_type) {
        Some(manifest) => {
            let config = Value::Object(step.config_for(&manifest, catalog.left_out(&step.step_type)));
            found.0.extend(document.check(&config, at, &manifest.config_schema).into_iter().map(|problem| {
                let is_sequence = at.contains("/parallel_steps/") && problem.pointer == format!("{at}/steps");
                if is_sequence { problem.help(group::UNTYPED) } else { problem }
            }));
        }
        None => {
            let (message, mut help) = unknown_type(&step.step_type, catalog);
            if at.contains("/parallel_steps/") && step.config.contains_key("steps") {
                help = Some(group::UNTYPED.to_owned());
            }
            let mut diagnostic = document.error(&format!("{at}/type"), message);
            diagnostic.help = help;
            found.0.push(diagnostic);
        }
    }
}

/// Returns why there is no such step type, and the known types.
pub fn unknown_type(step_type: &str, catalog: &dyn Catalog) -> (String, Option<String>) {
    let types = catalog.types();
    let reference = match StepRef::parse(step_type) {
        Ok(reference) => reference,
        Err(message) => return (message, None),
    };
    let name = reference.type_name;
    if super::is_of_the_engine(name) {
        return (
            format!("`{name}` is a part of the engine and has no versions"),
            Some(format!("write `{name}`")),
        );
    }
    if !types.iter().any(|known| known == name) {
        let help = closest(name, &types).map_or_else(
            || format!("known types: {}", types.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return (format!("there is no step type `{name}`"), Some(help));
    }
    let what = if matches!(reference.wanted, Wanted::Digest(_)) { "component" } else { "version" };
    let said = step_type.strip_prefix(name).unwrap_or_default().trim_start_matches('@');
    let known = catalog.versions(name);
    let help = (!known.is_empty()).then(|| format!("known versions: {}", known.join(", ")));
    (format!("there is no {what} `{said}` of the step type `{name}`"), help)
}

impl StepDefinition {
    /// Returns the configuration for the component of the step: its own keys over the defaults of omitted
    /// keys, and `timeout` in seconds if its schema has that property.
    pub fn config_for(&self, manifest: &Manifest, left_out: Map<String, Value>) -> Map<String, Value> {
        let mut config = left_out;
        config.extend(self.config.clone());
        if let Some(timeout) = self.timeout
            && manifest.takes("timeout")
        {
            config.insert("timeout".to_owned(), timeout.0.as_secs_f64().into());
        }
        config
    }
}

/// The ids of all steps, and the steps that have them. Built once for all references of a job.
struct Names {
    ids: Vec<String>,
    positions: HashMap<String, usize>,
}

impl Names {
    fn of(placed: &[Placed<'_>]) -> Self {
        let ids: Vec<String> = placed.iter().map(|placed| placed.step.id.clone()).collect();
        let mut positions = HashMap::with_capacity(ids.len());
        for (position, id) in ids.iter().enumerate() {
            positions.entry(id.clone()).or_insert(position);
        }
        Self { ids, positions }
    }

    /// Returns the number of the first step with that id.
    fn first(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }
}

/// Maximum bytes of the JSON pointers to the templates of a step: its component gets all of them when it
/// checks its configuration.
const MAX_POINTERS: usize = 512 << 10;

#[derive(Clone, Copy)]
struct References<'a> {
    job: &'a JobDefinition,
    placed: &'a [Placed<'a>],
    names: &'a Names,
    index: usize,
    document: &'a Document,
    /// Whether the step holds its own locks when the expression is evaluated.
    holds_own: bool,
}

impl References<'_> {
    fn check_config(&self, step: &StepDefinition, at: &str, found: &mut Diagnostics) {
        self.check_texts(&step.config, at, found);
        let list = step.group.as_deref().and_then(|group| group.for_each.clone());
        if let Some(list) = list {
            self.check_texts(&Map::from_iter([("for_each".to_owned(), list)]), at, found);
        }
    }

    /// Checks the templates of the job itself.
    fn check_job(&self, pointer: &str, found: &mut Diagnostics) {
        if let Some(concurrency) = &self.job.concurrency {
            let key = Map::from_iter([("key".to_owned(), Value::from(concurrency.key.as_str()))]);
            self.check_texts(&key, &format!("{pointer}/concurrency"), found);
        }
        self.check_locks(&self.job.locks, pointer, found);
        locks::check_job(self.job, self.document, pointer, found);
    }

    /// Checks the names of locks. A lock is not yet held when its name is filled in.
    fn check_locks(&self, own: &[locks::LockUse], at: &str, found: &mut Diagnostics) {
        for (i, text) in own.iter().map(|lock| &lock.name).enumerate() {
            let name = Map::from_iter([("name".to_owned(), Value::from(text.as_str()))]);
            self.check_texts(&name, &format!("{at}/locks/{i}"), found);
        }
    }

    /// Returns the names of the locks that the step sees.
    fn locks(&self) -> Vec<String> {
        let own = self.placed.get(self.index).filter(|_| self.holds_own);
        let own = own.map(|placed| placed.step.locks.as_slice());
        let all = locks::around(self.job, self.placed, self.index).into_iter().chain(own);
        all.flatten().filter_map(|lock| lock.key().map(str::to_owned)).collect()
    }

    fn check_lock(&self, key: Option<&str>, field: Option<&str>) -> Result<(), (String, Option<String>)> {
        let Some(key) = key else {
            let help = "name a lock: `locks.NAME.token`";
            return Err(("`locks` is not a value of its own".to_owned(), Some(help.to_owned())));
        };
        if !self.locks().iter().any(|known| known == key) {
            return Err(self.no_lock(key));
        }
        field.map_or(Ok(()), |field| field_of("locks", field, &["token", "name"]))
    }

    /// Explains why an expression does not see a lock.
    fn no_lock(&self, key: &str) -> (String, Option<String>) {
        let all = self.placed.iter().flat_map(|placed| &placed.step.locks).chain(&self.job.locks);
        let elsewhere = all.clone().any(|lock| lock.key() == Some(key));
        let unnamed = all.clone().any(|lock| lock.name == key && lock.key().is_none());
        let help = match (elsewhere, unnamed) {
            (true, _) => Some("put `locks` on this step, or on a group around it or the job".to_owned()),
            (_, true) => Some(format!("name it for expressions: `{{name: {key}, as: ...}}`")),
            _ => closest(key, &self.locks()).map(|near| format!("did you mean `{near}`?")),
        };
        let message = match elsewhere {
            true => format!("the lock `{key}` is not held here"),
            false => format!("there is no lock `{key}`"),
        };
        (message, help)
    }

    /// Returns the groups around the step whose items it sees, the outermost first.
    fn around(&self) -> Vec<&group::Group> {
        let path = plan::path(self.placed, self.index).into_iter().filter(|parent| parent.branch.is_some());
        let groups = path.filter_map(|parent| self.placed.get(parent.group)?.step.group.as_deref());
        groups.filter(|group| group.for_each.is_some()).collect()
    }

    /// Returns the number of groups around the step.
    fn groups_around(&self) -> usize {
        plan::path(self.placed, self.index).len()
    }

    /// Returns the group, which does not contain the step, whose item has that name.
    fn group_of_item(&self, name: &str) -> Option<&str> {
        let name = name.strip_suffix("_index").unwrap_or(name);
        let has_item = |placed: &&Placed<'_>| {
            let group = placed.step.group.as_deref();
            group.is_some_and(|group| group.for_each.is_some() && group.item_name() == name)
        };
        self.placed.iter().find(has_item).map(|placed| placed.step.id.as_str())
    }

    /// Returns the names of items that the step sees.
    fn items(&self) -> Vec<String> {
        let names = |group: &group::Group| {
            let name = group.item_name();
            [name.to_owned(), format!("{name}_index")]
        };
        self.around().into_iter().flat_map(names).collect()
    }

    /// Explains why an expression does not see the output of the step `id`.
    fn hidden(&self, id: &str, hidden: plan::Hidden) -> (String, Option<String>) {
        match hidden {
            plan::Hidden::Itself => (format!("the step `{id}` refers to itself"), None),
            plan::Hidden::Later => (
                format!("the step `{id}` runs after this one: only outputs of earlier steps are there"),
                None,
            ),
            plan::Hidden::Around => (
                format!("the group `{id}` contains this step, and has no output before its end"),
                Some("read it in a step after the group".to_owned()),
            ),
            plan::Hidden::Beside => (
                format!(
                    "the step `{id}` is in another branch of the same group, and may run at the same time"
                ),
                Some("put the two steps into one branch, with `id` and `steps`".to_owned()),
            ),
            plan::Hidden::Repeated(group) => {
                let name = self.placed.get(group).map_or("", |placed| placed.step.id.as_str());
                (
                    format!(
                        "the step `{id}` runs once per item of `{name}`, so it has no single output here"
                    ),
                    Some(
                        match plan::path(self.placed, self.index).iter().any(|parent| parent.group == group) {
                            true => format!(
                                "a step after `{name}` can read `steps.{name}.output`, the list of all results"
                            ),
                            false => format!(
                                "`steps.{name}.output` is the list of all results, in the order of the items"
                            ),
                        },
                    ),
                )
            }
        }
    }

    fn check_texts(&self, config: &Map<String, Value>, at: &str, found: &mut Diagnostics) {
        let config = Value::Object(config.clone());
        let mut pointers = 0;
        each_template(&config, at, &mut |pointer, text| {
            pointers += pointer.len();
            match pieces(text) {
                _ if found.is_full() || pointers > MAX_POINTERS => {}
                Err(message) => found.0.push(self.document.error(pointer, message)),
                Ok(pieces) => pieces.iter().for_each(|piece| {
                    if let Piece::Expression(source) = piece {
                        self.check_source(source, pointer, found);
                    }
                }),
            }
        });
        if pointers > MAX_POINTERS {
            let message = "too many expressions, or too deep in it".to_owned();
            found
                .0
                .push(self.document.error(at, message).help("write fewer values with `${{ }}` in one step"));
        }
    }

    fn check_source(&self, source: &str, pointer: &str, found: &mut Diagnostics) {
        let names = match names(source) {
            Ok(names) => names,
            Err(message) => {
                found.0.push(self.document.error(pointer, message));
                return;
            }
        };
        for name in names {
            if found.is_full() {
                return;
            }
            if let Err((message, help)) = self.check_name(&name) {
                let mut diagnostic = self.document.error(pointer, message);
                diagnostic.help = help;
                found.0.push(diagnostic);
            }
        }
    }

    fn check_name(&self, name: &[String]) -> Result<(), (String, Option<String>)> {
        let mut parts = name.iter().map(String::as_str);
        let near =
            |word: &str, known: &[String]| closest(word, known).map(|near| format!("did you mean `{near}`?"));
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("steps", Some(id)) => {
                let ids = &self.names.ids;
                match self.names.first(id).map(|other| plan::sees(self.placed, self.index, other)) {
                    Some(Ok(())) => Ok(()),
                    Some(Err(hidden)) => Err(self.hidden(id, hidden)),
                    None => {
                        if let Some(of_item) = step_of_item(name, id, ids) {
                            return Err(of_item);
                        }
                        let dashed = ids.iter().find(|known| known.contains('-') && known.starts_with(id));
                        let help = dashed
                            .map(|known| format!("a name with a dash goes into brackets: steps[\"{known}\"]"))
                            .or_else(|| near(id, ids));
                        Err((format!("there is no step `{id}`"), help))
                    }
                }
            }
            ("vars", Some(variable)) => {
                if self.job.vars.contains_key(variable) {
                    return Ok(());
                }
                let known: Vec<String> = self.job.vars.keys().cloned().collect();
                Err((format!("there is no variable `{variable}`"), near(variable, &known)))
            }
            ("run", Some(field)) => {
                let known = [
                    "execution_id",
                    "scheduled_time",
                    "start_time",
                    "status",
                    "failed_step",
                    "step_token",
                    "branch_dir",
                ];
                field_of("run", field, &known)
            }
            ("job", Some(field)) => field_of("job", field, &["id", "name", "timezone"]),
            ("locks", key) => self.check_lock(key, parts.next()),
            ("steps" | "vars" | "run" | "job", None) => Ok(()),
            (root, _) if self.items().iter().any(|item| item == root) => Ok(()),
            (root @ ("null" | "nil" | "None" | "undefined"), _) => {
                Err((format!("`{root}` is not defined: write `none`"), None))
            }
            (root @ ("True" | "False"), _) => {
                Err((format!("`{root}` is not defined: write `{}`", root.to_ascii_lowercase()), None))
            }
            (root, _) => Err(match self.group_of_item(root) {
                Some(group) => (
                    format!("`{root}` is only defined within its group with `for_each`"),
                    Some(format!(
                        "move the step into `{group}`, or read `steps.{group}.output`, the list of all results"
                    )),
                ),
                None => (
                    format!(
                        "`{root}` is not defined: expressions know `steps`, `vars`, `run`, `job` and `locks`"
                    ),
                    None,
                ),
            }),
        }
    }
}

/// Explains why there is no step `each[1].load`: outside of its item, only the group has an output.
fn step_of_item(name: &[String], id: &str, ids: &[String]) -> Option<(String, Option<String>)> {
    let (group, item) = id.split_once('[').filter(|(group, _)| ids.iter().any(|known| known == group))?;
    let name = name.join(".");
    let message = format!("there is no `{name}` here: a step of an item is visible within the item only");
    let item = item.split(']').next().unwrap_or_default();
    Some((message, Some(format!("`steps.{group}.output[{item}].output` is the result of that item"))))
}

fn field_of(root: &str, field: &str, known: &[&str]) -> Result<(), (String, Option<String>)> {
    if known.contains(&field) {
        return Ok(());
    }
    Err((format!("there is no `{root}.{field}`"), Some(format!("there is {}", known.join(", ")))))
}

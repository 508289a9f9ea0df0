//! Converts a legacy job file to the text of a job in the present form.
//!
//! [`legacy`](super::legacy) makes the engine run a legacy file as it is, and accepts exactly the legacy form. This module
//! is for the day on which the file itself moves: it also understands near misses of the form, says
//! what it changed, and refuses what a person has to decide. It reads no files and knows no policy.

mod comments;
mod entries;
mod keys;
mod shape;
mod values;
mod write;

use serde_json::{Map, Value};

use crate::document::{Diagnostic, Diagnostics, Document, escape};
use comments::Comments;

/// The content of a file.
#[derive(Debug)]
pub enum Entries {
    /// One document.
    One(Found),
    /// A list, a map with a list `jobs`, or a stream of YAML documents, with at least one legacy job.
    Several(Vec<Entry>),
}

/// An entry of a file that holds several.
#[derive(Debug)]
pub struct Entry {
    /// The result of reading the entry.
    pub found: Found,
    /// The line of the entry in the file, from 1.
    pub line: u64,
    /// Its column, from 1.
    pub column: u64,
    /// The entry alone, as JSON.
    pub text: String,
}

/// The result of reading a file, or an entry of it.
#[derive(Debug)]
pub enum Found {
    /// The file holds a legacy job, and this is its present form.
    Job(Box<Converted>),
    /// The file holds a legacy job that a person has to change first, or cannot be read.
    Refused(Refused),
    /// The file holds no legacy job. The reason.
    Other(String),
}

/// A legacy job in the present form.
#[derive(Debug)]
pub struct Converted {
    /// The id of the job.
    pub id: String,
    /// The job as JSON.
    pub job: Value,
    /// The job as YAML, with the comments of the file.
    pub text: String,
    /// The changes of which a person should know, each at its place in the legacy file.
    pub warnings: Diagnostics,
    document: Document,
}

/// The reasons why a legacy job is not converted.
#[derive(Debug)]
pub struct Refused {
    /// The id of the job, if it could be read.
    pub id: Option<String>,
    /// The value of the file, if it could be read.
    pub value: Value,
    /// The errors and warnings, each at its place in the legacy file.
    pub problems: Diagnostics,
}

impl Converted {
    /// Makes an error about a value of the converted job, at the place in the legacy file from which the value comes.
    pub fn error(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        self.document.error(pointer, message)
    }
}

/// The keys beside `job` in a request of the old interface.
const SCHEDULED: &str = "scheduled_time";

/// Converts a legacy job file, YAML or JSON: the single-step form, the form with several steps and old names of keys,
/// and near misses of both, alone or within `{"job": ...}`. A file can hold several jobs.
pub fn convert(name: &str, text: &str) -> Entries {
    match Document::parse_many(name, text) {
        Ok(documents) => entries::of(&documents, text),
        Err(problems) => Entries::One(Found::Refused(Refused { id: None, value: Value::Null, problems })),
    }
}

/// Converts the value at a pointer of a document. `text` is the text of the document, for its comments.
fn value_at(document: &Document, base: &str, text: Option<&str>) -> Found {
    let Some((map, below)) = document.value.pointer(base).and_then(job_in) else {
        return Found::Other("the file holds no map of keys".to_owned());
    };
    match no_legacy_job(map) {
        Some(reason) => Found::Other(reason.to_owned()),
        None => of_job(document, map, (base, &format!("{base}{below}")), text),
    }
}

/// Returns the job of a value and its pointer: the value itself, or the `job` of a request.
fn job_in(value: &Value) -> Option<(&Map<String, Value>, &'static str)> {
    let map = value.as_object()?;
    let is_job =
        |map: &Map<String, Value>| map.contains_key("steps") || map.keys().any(|key| keys::tells(key));
    match map.get("job").and_then(Value::as_object) {
        Some(job) if !is_job(map) => Some((job, "/job")),
        _ => Some((map, "")),
    }
}

/// Returns the reason why a map is no legacy job.
fn no_legacy_job(map: &Map<String, Value>) -> Option<&'static str> {
    let tells = map.keys().any(|key| keys::tells(key));
    let near = !map.contains_key("steps")
        && map.get("type").and_then(Value::as_str).is_some_and(|name| keys::step_type(name).is_some())
        && map.keys().any(|key| keys::is_work(key));
    let old_steps = map.get("steps").and_then(Value::as_array).is_some_and(|steps| {
        steps
            .iter()
            .filter_map(Value::as_object)
            .any(|step| step.keys().any(|key| keys::of_step(key).is_some()))
    });
    match () {
        () if tells || near || old_steps => None,
        () if map.contains_key("steps") && map.contains_key("id") => {
            Some("the job has the present form already")
        }
        () => Some("no key of a legacy job is in this file, such as `job_type`"),
    }
}

/// Converts the job at the pointer `above` of a document, which is in the value at the pointer `base`.
fn of_job(
    document: &Document,
    map: &Map<String, Value>,
    (base, above): (&str, &str),
    text: Option<&str>,
) -> Found {
    let mut shape = shape::Shape::new(document, above);
    beside(document, (base, above), &mut shape);
    shape.read(map);
    let shape::Made { job, moved, mut problems } = shape.made();
    let id = job.get("id").and_then(Value::as_str).map(str::to_owned);
    let converted = document.of_made(moved.clone());
    if problems.has_errors() {
        let value = document.value.pointer(above).cloned().unwrap_or_default();
        return Found::Refused(Refused { id, value, problems: problems.sorted() });
    }
    let comments = match text.filter(|_| above.is_empty()) {
        Some(text) => Comments::of(text, map),
        None => Comments::default(),
    };
    let from = |pointer: &str| sources(&moved, pointer, above);
    let same = |text: &String| {
        Document::parse("job", text).is_ok_and(|read| read.value == Value::Object(job.clone()))
    };
    match (write::yaml(&job, &comments, &from).filter(same), id) {
        (Some(text), Some(id)) => {
            problems = problems.sorted();
            let job = Value::Object(job);
            Found::Job(Box::new(Converted { id, job, text, warnings: problems, document: converted }))
        }
        (_, id) => {
            let problem = document.error(above, "the job cannot be written as YAML");
            let problems = problem.help("write the job in the present form by hand").into();
            Found::Refused(Refused { id, value: Value::Object(job), problems })
        }
    }
}

/// Returns the keys of the file from which a value of the present form comes.
fn sources(moved: &[(String, String)], pointer: &str, above: &str) -> Vec<String> {
    let is_of = |new: &str| {
        let rest = new.strip_prefix(pointer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') && pointer != "/steps")
    };
    let keys = moved
        .iter()
        .filter(|(new, _)| is_of(new))
        .filter_map(|(_, old)| old.strip_prefix(above)?.strip_prefix('/'));
    keys.map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

/// Reads the keys beside `job` in a request.
fn beside(document: &Document, (base, above): (&str, &str), shape: &mut shape::Shape<'_>) {
    let request = document.value.pointer(base).and_then(Value::as_object).filter(|_| above != base);
    for (key, value) in request.into_iter().flatten().filter(|(key, _)| *key != "job") {
        let pointer = format!("{base}/{}", escape(key));
        match key.as_str() {
            SCHEDULED => shape.scheduled(value, &pointer),
            _ => {
                let problem = document.error_at_key(&pointer, format!("unknown key `{key}` beside `job`"));
                shape.add(problem.help("move the key into the job, or remove it"));
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Converts a legacy job file to the text of a job in the present form.
//!
//! [`legacy`](super::legacy) makes the engine run a legacy file as it is, and accepts exactly the legacy form. This module
//! is for the day on which the file itself moves: it also understands near misses of the form, says
//! what it changed, and refuses what a person has to decide. It reads no files and knows no policy.

mod comments;
mod keys;
mod shape;
mod values;
mod write;

use serde_json::{Map, Value};

use crate::document::{Diagnostic, Diagnostics, Document, escape};
use comments::Comments;

/// The result of reading a file.
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
/// and near misses of both, alone or within `{"job": ...}`.
pub fn convert(name: &str, text: &str) -> Found {
    let document = match Document::parse_many(name, text) {
        Ok(mut documents) => match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => document,
            (None, _) => return Found::Other("the file is empty".to_owned()),
            (Some(last), false) => return several(&last, documents.len() + 1),
        },
        Err(problems) => return Found::Refused(Refused { id: None, value: Value::Null, problems }),
    };
    let Some((map, above)) = job_in(&document.value) else {
        return other(&document);
    };
    if let Some(reason) = no_legacy_job(map) {
        return Found::Other(reason.to_owned());
    }
    of_job(&document, map, above, text)
}

/// Returns the job of a document and its pointer: the document itself, or the `job` of a request.
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

/// Answers for a document that is no map.
fn other(document: &Document) -> Found {
    let is_job = |value: &&Value| value.as_object().is_some_and(|map| no_legacy_job(map).is_none());
    let jobs = document.value.as_array().into_iter().flatten().filter(is_job).count();
    match jobs {
        0 => Found::Other("the file holds no map of keys".to_owned()),
        jobs => refuse_several(document.error("", listed(jobs))),
    }
}

/// Answers for a stream of YAML documents.
fn several(last: &Document, count: usize) -> Found {
    match last.value.as_object().is_some_and(|map| no_legacy_job(map).is_none()) {
        true => refuse_several(last.error("", listed(count))),
        false => Found::Other("the file holds several documents (`---`)".to_owned()),
    }
}

fn listed(count: usize) -> String {
    format!(
        "the file holds {}, and a file of the present form holds one",
        crate::quantity::counted(count, "job")
    )
}

fn refuse_several(problem: Diagnostic) -> Found {
    let problems = problem.help("write each job into a file of its own").into();
    Found::Refused(Refused { id: None, value: Value::Null, problems })
}

/// Converts the job at a pointer of a document.
fn of_job(document: &Document, map: &Map<String, Value>, above: &str, text: &str) -> Found {
    let mut shape = shape::Shape::new(document, above);
    beside(document, above, &mut shape);
    shape.read(map);
    let shape::Made { job, moved, mut problems } = shape.made();
    let id = job.get("id").and_then(Value::as_str).map(str::to_owned);
    let converted = document.clone().moved(moved.clone());
    if problems.has_errors() {
        let value = document.value.pointer(above).cloned().unwrap_or_default();
        return Found::Refused(Refused { id, value, problems: problems.sorted() });
    }
    let comments = if above.is_empty() { Comments::of(text, map) } else { Comments::default() };
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
fn beside(document: &Document, above: &str, shape: &mut shape::Shape<'_>) {
    let request = document.value.as_object().filter(|_| !above.is_empty());
    for (key, value) in request.into_iter().flatten().filter(|(key, _)| *key != "job") {
        let pointer = format!("/{}", escape(key));
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

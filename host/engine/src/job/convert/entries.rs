//! The entries of a file: one document, or the items of a list, of `jobs`, or of a stream of YAML documents.

use serde_json::{Map, Value};

use super::{Entries, Entry, Found, Refused, job_in, no_legacy_job, value_at};
use crate::document::{Diagnostic, Document, escape};
use crate::quantity::counted;

/// The key of a file whose value is a list of jobs.
const JOBS: &str = "jobs";
/// The keys beside `jobs` that are for people.
const FOR_PEOPLE: &[&str] = &["$schema", "comment", "description", "name", "version"];
/// The most entries of a file.
const MOST: usize = 1_000;

/// Converts the entries of a file.
pub(super) fn of(documents: &[Document], text: &str) -> Entries {
    let Some(first) = documents.first() else {
        return Entries::One(Found::Other("the file is empty".to_owned()));
    };
    if let ([one], None) = (documents, list_in(&first.value)) {
        return Entries::One(value_at(one, "", Some(text)));
    }
    let texts = texts(text, documents.len());
    let mut places = Vec::new();
    for (document, text) in documents.iter().zip(texts) {
        places.extend(pointers(&document.value).into_iter().map(|pointer| (document, pointer, text)));
    }
    let is_legacy = |(document, pointer, _): &(&Document, String, Option<&str>)| {
        document.value.pointer(pointer).is_some_and(is_job)
    };
    if !places.iter().any(is_legacy) {
        let reason = match documents.len() {
            1 => "the file holds no map of keys",
            _ => "the file holds several documents (`---`)",
        };
        return Entries::One(Found::Other(reason.to_owned()));
    }
    if places.len() > MOST {
        let message = format!("the file holds {}, and at most {MOST} are read", counted(places.len(), "job"));
        return refused(vec![first.error("", message).help("write the jobs into several files")]);
    }
    let mut beside: Vec<Diagnostic> = documents.iter().flat_map(beside_jobs).collect();
    if beside.iter().any(|problem| !problem.warning) {
        return refused(beside);
    }
    let mut entries: Vec<Entry> =
        places.into_iter().map(|(document, pointer, text)| entry(document, &pointer, text)).collect();
    let warned = entries.iter_mut().find_map(|entry| match &mut entry.found {
        Found::Job(job) => Some(&mut job.warnings),
        Found::Refused(refused) => Some(&mut refused.problems),
        Found::Other(_) => None,
    });
    if let Some(warned) = warned {
        warned.0.append(&mut beside);
    }
    Entries::Several(entries)
}

fn refused(problems: Vec<Diagnostic>) -> Entries {
    let problems = crate::document::Diagnostics(problems);
    Entries::One(Found::Refused(Refused { id: None, value: Value::Null, problems }))
}

fn entry(document: &Document, pointer: &str, text: Option<&str>) -> Entry {
    let found = match value_at(document, pointer, text) {
        Found::Other(_) if !document.value.pointer(pointer).is_some_and(Value::is_object) => {
            Found::Other("the entry is no map of keys".to_owned())
        }
        found => found,
    };
    let ((line, column), _) = document.places(pointer).unwrap_or_default();
    let text = document.value.pointer(pointer).map(Value::to_string).unwrap_or_default();
    Entry { found, line, column, text }
}

fn is_job(value: &Value) -> bool {
    job_in(value).is_some_and(|(map, _)| no_legacy_job(map).is_none())
}

/// Returns the list of a document that is one, or has one below `jobs`, with the pointer of the list.
fn list_in(value: &Value) -> Option<(&Vec<Value>, String)> {
    match value {
        Value::Array(items) => Some((items, String::new())),
        Value::Object(map) => jobs_of(map).map(|items| (items, format!("/{JOBS}"))),
        _ => None,
    }
}

/// Returns the list of jobs of a map that is no job itself.
fn jobs_of(map: &Map<String, Value>) -> Option<&Vec<Value>> {
    let items = map.get(JOBS).and_then(Value::as_array)?;
    (no_legacy_job(map).is_some() && items.iter().any(is_job)).then_some(items)
}

/// Returns the pointers of the entries of a document.
fn pointers(value: &Value) -> Vec<String> {
    match list_in(value) {
        Some((items, above)) => (0..items.len()).map(|i| format!("{above}/{i}")).collect(),
        // An empty document of a stream is no entry.
        None if value.is_null() => Vec::new(),
        None => vec![String::new()],
    }
}

/// Returns the problems of the keys beside `jobs`, which no new file has.
fn beside_jobs(document: &Document) -> Vec<Diagnostic> {
    let Some(map) = document.value.as_object().filter(|map| jobs_of(map).is_some()) else {
        return Vec::new();
    };
    let others = map.keys().filter(|key| *key != JOBS);
    let problem = |key: &String| {
        let pointer = format!("/{}", escape(key));
        match FOR_PEOPLE.contains(&key.as_str()) {
            true => document
                .error_at_key(&pointer, format!("`{key}` is about the whole file, and is left out"))
                .help("no action is needed")
                .as_warning(),
            false => document
                .error_at_key(
                    &pointer,
                    format!("`{key}` stands beside `{JOBS}`, and each job gets its own file"),
                )
                .help(format!("move `{key}` into the jobs that need it, or remove it")),
        }
    };
    others.map(problem).collect()
}

/// Returns the text of each document of a stream, for the comments in it: `None` where the texts are not clear.
fn texts(text: &str, count: usize) -> Vec<Option<&str>> {
    let mut starts = vec![0];
    let (mut at, mut has_content) = (0, false);
    for line in text.split_inclusive('\n') {
        let begins = line.strip_prefix("---").is_some_and(|rest| rest.trim_start().len() < rest.len());
        if begins && has_content {
            starts.push(at);
            has_content = false;
        }
        let plain = line.trim();
        has_content |= !begins && !plain.is_empty() && !plain.starts_with(['#', '%']);
        at += line.len();
    }
    // An empty document at the end has no entry.
    if starts.len() > count && !has_content {
        starts.pop();
    }
    if starts.len() != count {
        return vec![None; count];
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| text.get(*start..end)).collect()
}

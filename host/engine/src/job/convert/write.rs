//! Writes a job as YAML that a person would have written.

use serde_json::{Map, Value};

use super::comments::Comments;

/// The order of the keys of a job. Others follow in the order of the file, and `steps` comes last.
const OF_JOBS: &[&str] = &[
    "id",
    "name",
    "description",
    "enabled",
    "timezone",
    "schedule",
    "priority",
    "max_retries",
    "timeout_seconds",
    "metadata",
];
/// The order of the keys of a step. Others follow in the order of the file.
const OF_STEPS: &[&str] = &["id", "name", "type", "connection_name", "query", "script", "script_path"];

/// Returns the job as YAML with the comments of the file. `of` gives the keys of the file from which a value of
/// the present form comes, by its pointer. `None` when YAML cannot hold the job.
pub(super) fn yaml(
    job: &Map<String, Value>,
    comments: &Comments,
    of: &dyn Fn(&str) -> Vec<String>,
) -> Option<String> {
    let commented = |pointer: &str| -> Vec<String> {
        of(pointer).iter().flat_map(|key| comments.of_key(key)).cloned().collect()
    };
    let mut all = String::new();
    for key in ordered(job, OF_JOBS).into_iter().filter(|key| *key != "steps") {
        add(&mut all, "", &commented(&format!("/{key}")), &entry(key, job.get(key)?)?);
    }
    add(&mut all, "", &commented("/steps"), "steps:");
    for (i, step) in job.get("steps")?.as_array()?.iter().enumerate() {
        let step = step.as_object()?;
        for (n, key) in ordered(step, OF_STEPS).into_iter().enumerate() {
            let comments = commented(&format!("/steps/{i}/{key}"));
            let text = entry(key, step.get(key)?)?;
            // A comment cannot stand between the dash and its key.
            if n == 0 {
                add(&mut all, "", &comments, "");
            }
            let above: &[String] = if n == 0 { &[] } else { &comments };
            let mut lines = String::new();
            add(&mut lines, "  ", above, &text);
            match n {
                0 => all.push_str(&lines.replacen("  ", "- ", 1)),
                _ => all.push_str(&lines),
            }
        }
    }
    add(&mut all, "", comments.last(), "");
    Some(all)
}

/// Adds comments and lines with an indentation.
fn add(all: &mut String, indent: &str, comments: &[String], text: &str) {
    for comment in comments {
        let space = if comment.is_empty() { "" } else { " " };
        all.push_str(&format!("{indent}#{space}{comment}\n"));
    }
    for line in text.lines() {
        let indent = if line.is_empty() { "" } else { indent };
        all.push_str(&format!("{indent}{line}\n"));
    }
}

/// Returns a key with its value as lines of YAML. The value reads back as it is.
fn entry(key: &str, value: &Value) -> Option<String> {
    let map = Value::Object(Map::from_iter([(key.to_owned(), value.clone())]));
    let same = |text: &String| serde_saphyr::from_str::<Value>(text).is_ok_and(|read| read == map);
    let long = value.as_str().and_then(|text| literal(key, text)).filter(same);
    let plain = || serde_saphyr::to_string(&map).ok().filter(same);
    // Every JSON value is valid YAML.
    let json = || Some(format!("{}: {value}\n", Value::from(key))).filter(same);
    long.or_else(plain).or_else(json)
}

/// Returns a text of several lines as a block. `None` for texts that a block would change or show badly.
fn literal(key: &str, text: &str) -> Option<String> {
    let is_fine = |line: &str| line.trim_end() == line;
    let first = text.lines().next()?;
    let is_name = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_hidden = |c: char| c != '\n' && c != '\t' && c.is_control();
    if !is_name || !text.contains('\n') || first.is_empty() || first.starts_with([' ', '\t']) {
        return None;
    }
    if text.contains(is_hidden) || !text.split('\n').all(is_fine) || text.ends_with("\n\n") {
        return None;
    }
    let end = if text.ends_with('\n') { "" } else { "-" };
    let mut block = format!("{key}: |{end}\n");
    add(&mut block, "  ", &[], text);
    Some(block)
}

/// Returns the keys of a map: the known ones first, in their order.
fn ordered<'m>(map: &'m Map<String, Value>, first: &[&str]) -> Vec<&'m str> {
    let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
    keys.sort_by_key(|key| first.iter().position(|known| known == key).unwrap_or(first.len()));
    keys
}

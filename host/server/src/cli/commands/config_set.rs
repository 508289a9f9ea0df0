//! `stepwell config set`: changes one key of a YAML file, and leaves everything else as it is.
//!
//! Libraries for YAML write the whole file again, without its comments and its order. So this module changes lines, and only
//! where the file is in block form. The result is read again: it has to be the old document with the one change.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use stepwell::engine::Configuration;
use stepwell::engine::system::read_text;

use super::config::problems;
use crate::cli::Ends;
use crate::cli::args::Local;
use crate::cli::output::show;
use crate::failure::Failure;

/// The sections whose keys can be set.
const SECTIONS: [&str; 2] = ["locks", "enhanced-locking"];
/// The most bytes of a configuration file.
const MAX_BYTES: usize = 8 << 20;

/// Sets a key of the configuration file.
pub(super) fn set(assignment: &str, local: &Local) -> Ends {
    let path = local.host.config.as_deref().ok_or_else(|| {
        Failure::input("name the configuration file to change: --config FILE, or STEPWELL_CONFIG")
    })?;
    let (key, value) = read(assignment)?;
    let failed = |why: String| Failure::input(format!("{}: {why}", path.display()));
    let old = read_text(path, MAX_BYTES).map_err(|error| failed(error.to_string()))?;
    let keys: Vec<&str> = key.split('.').collect();
    let new = changed(&old, &keys, &value).map_err(failed)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let config =
        Configuration::parse(&path.display().to_string(), &new, dir).map_err(stepwell::HostError::Invalid)?;
    stepwell::locking(&config).map_err(|found| problems(&found))?;
    write(path, dir, &new).map_err(|error| failed(error.to_string()))?;
    let answer = json!({"file": path.display().to_string(), "key": key, "value": value});
    show(local.output, &answer, |_| format!("{key}: {value}; start the service again to apply it"))
}

/// Reads `KEY=VALUE`. A value that is neither a number nor `true` nor `false` is a text.
fn read(assignment: &str) -> Result<(&str, Value), Failure> {
    let wrong = |why: &str| Failure::input(format!("`{assignment}`: {why}"));
    let (key, text) = assignment
        .split_once('=')
        .ok_or_else(|| wrong("write KEY=VALUE, for instance enhanced-locking.enabled=false"))?;
    let mut parts = key.split('.');
    let is_known = parts.next().is_some_and(|first| SECTIONS.contains(&first));
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let rest: Vec<&str> = parts.collect();
    if !is_known || rest.is_empty() || rest.len() > 2 || !rest.iter().all(|part| is_name(part)) {
        return Err(wrong(
            "this command sets keys of `locks` and `enhanced-locking`; edit the file for others",
        ));
    }
    let value = match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::from(text),
    };
    Ok((key, value))
}

/// Replaces the file as a whole, with the permissions of the old one.
fn write(path: &Path, dir: &Path, text: &str) -> std::io::Result<()> {
    let permissions = std::fs::metadata(path)?.permissions();
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Returns the text with one key changed.
fn changed(text: &str, keys: &[&str], value: &Value) -> Result<String, String> {
    let parse = |text: &str| serde_saphyr::from_str::<Value>(text).map_err(|error| error.to_string());
    let is_empty = |text: &str| text.lines().all(|line| is_blank(line) || line.trim_end() == "---");
    let mut expected = if is_empty(text) { Value::Null } else { parse(text)? };
    put(&mut expected, keys, value)?;
    let by_hand = || {
        let path = keys.join(".");
        format!(
            "`{path}` cannot be changed in this form of the file: write its section in block form, one key per line, or edit it by hand"
        )
    };
    let new = edited(text, keys, &scalar(value)).ok_or_else(by_hand)?;
    // The lines may have another meaning than it seems, for instance within a text of several lines.
    match parse(&new) {
        Ok(found) if found == expected => Ok(new),
        _ => Err(by_hand()),
    }
}

/// Sets a key of the document.
fn put(document: &mut Value, keys: &[&str], value: &Value) -> Result<(), String> {
    let mut place = document;
    for key in keys {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let map = place.as_object_mut().ok_or_else(|| format!("the parent of `{key}` is no map"))?;
        place = map.entry(*key).or_insert(Value::Null);
    }
    *place = value.clone();
    Ok(())
}

/// Writes a value as YAML.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns whether YAML reads an unquoted text as this text, and not as a number or another type.
fn is_plain(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(is_plain)
        && serde_saphyr::from_str::<Value>(text).is_ok_and(|value| value == text)
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Returns the text after the colon, when the line is this key of a block map.
fn after_key<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let line = line.trim_start_matches(' ');
    let quoted = [format!("\"{key}\""), format!("'{key}'"), key.to_owned()];
    let rest = quoted.iter().find_map(|key| line.strip_prefix(key.as_str()))?;
    rest.strip_prefix(':').filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Splits the text after a colon into the value and the comment, with the spaces before it.
fn split_comment(rest: &str) -> (&str, &str) {
    let value_end =
        rest.find(" #").map_or(rest.len(), |at| rest.get(..at).map_or(at, |text| text.trim_end().len()));
    rest.split_at_checked(value_end).unwrap_or((rest, ""))
}

/// Changes the lines, or returns `None` where they have another form.
fn edited(text: &str, keys: &[&str], value: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // The range of the parent's children, and the least indentation that they have.
    let (mut start, mut end, mut least) = (0, lines.len(), 0);
    for (depth, key) in keys.iter().enumerate() {
        let range = lines.get(start..end)?;
        let own =
            range.iter().find(|line| !is_blank(line) && *line != "---").map_or(least, |line| indent(line));
        if own < least {
            return None;
        }
        let found = range.iter().position(|line| indent(line) == own && after_key(line, key).is_some());
        let Some(at) = found.map(|at| start + at) else {
            return Some(inserted(lines, (start, end), own, (keys.get(depth..)?, value)));
        };
        let line = lines.get(at)?.clone();
        let (present, comment) = split_comment(after_key(&line, key)?);
        let below = children(&lines, at, own);
        if depth + 1 < keys.len() {
            if !present.trim().is_empty() {
                return None;
            }
            (start, end, least) = (at + 1, below, own + 1);
            continue;
        }
        if below > at + 1 && lines.get(at + 1..below)?.iter().any(|line| !is_blank(line)) {
            return None;
        }
        let head = line.get(..line.len() - after_key(&line, key)?.len())?;
        *lines.get_mut(at)? = format!("{head} {value}{comment}");
        return Some(joined(&lines));
    }
    None
}

/// Returns the end of the lines that belong to a key.
fn children(lines: &[String], at: usize, own: usize) -> usize {
    let after = lines.iter().enumerate().skip(at + 1);
    let end = after.filter(|(_, line)| !is_blank(line)).find(|(_, line)| indent(line) <= own);
    end.map_or(lines.len(), |(end, _)| end)
}

/// Adds keys at the end of a range, each below the one before.
fn inserted(
    mut lines: Vec<String>,
    (start, end): (usize, usize),
    own: usize,
    (keys, value): (&[&str], &str),
) -> String {
    let range = lines.get(start..end).unwrap_or_default();
    let last = range.iter().rposition(|line| !is_blank(line)).map_or(start, |at| start + at + 1);
    let mut new = Vec::new();
    for (depth, key) in keys.iter().enumerate() {
        let spaces = " ".repeat(own + 2 * depth);
        new.push(match depth + 1 == keys.len() {
            true => format!("{spaces}{key}: {value}"),
            false => format!("{spaces}{key}:"),
        });
    }
    lines.splice(last..last, new);
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# the locks\nlocks:\n    timeout: 30s   # as long as a plan\n\nenhanced-locking: # a trial\n  enabled: true # until May\n  migration:\n    mode: shadow\n\n    # not yet\n    # traffic-percentage: 5\nservice:\n  workers: 4\n";

    fn set(text: &str, assignment: &str) -> Result<String, String> {
        let (key, value) = read(assignment).map_err(|failure| failure.message)?;
        changed(text, &key.split('.').collect::<Vec<_>>(), &value)
    }

    /// Each row is an assignment, the lines that go, and the lines that come.
    #[test]
    fn one_key_changes_and_everything_else_stays() {
        for (assignment, gone, new) in [
            ("enhanced-locking.enabled=false", "  enabled: true # until May", "  enabled: false # until May"),
            (
                "locks.timeout=1m",
                "    timeout: 30s   # as long as a plan",
                "    timeout: 1m   # as long as a plan",
            ),
            ("locks.retries=3", "", "    retries: 3"),
            ("enhanced-locking.migration.mode=gradual", "    mode: shadow", "    mode: gradual"),
            ("enhanced-locking.migration.traffic-percentage=0", "", "    traffic-percentage: 0"),
            (
                "enhanced-locking.feature-flags.debug-endpoints=true",
                "",
                "  feature-flags:\n    debug-endpoints: true",
            ),
        ] {
            let result = set(FILE, assignment).unwrap();
            let without = result.replacen(&format!("{new}\n"), "", 1);
            let expected =
                if gone.is_empty() { FILE.to_owned() } else { FILE.replacen(&format!("{gone}\n"), "", 1) };
            assert_eq!(without, expected, "{assignment}: {result}");
        }
    }

    #[test]
    fn a_section_that_is_missing_comes_to_the_end() {
        for (text, expected) in [
            ("", "enhanced-locking:\n  enabled: false\n"),
            ("# nothing yet\n", "enhanced-locking:\n  enabled: false\n# nothing yet\n"),
            ("service:\n  workers: 4\n", "service:\n  workers: 4\nenhanced-locking:\n  enabled: false\n"),
        ] {
            assert_eq!(set(text, "enhanced-locking.enabled=false").unwrap(), expected);
        }
    }

    #[test]
    fn other_forms_of_the_file_are_refused_and_unchanged() {
        for text in [
            "enhanced-locking: {enabled: true}\n",
            "{\"enhanced-locking\": {\"enabled\": true}}\n",
            "enhanced-locking: &all\n  enabled: true\nx: *all\n",
            "note: |\n enhanced-locking:\n   enabled: true\nenhanced-locking: [1]\n",
        ] {
            let why = set(text, "enhanced-locking.enabled=false").unwrap_err();
            assert!(why.contains("block form") || why.contains("no map"), "{text}: {why}");
        }
        for (assignment, why) in [
            ("enhanced-locking.enabled", "write KEY=VALUE"),
            ("service.workers=3", "sets keys of `locks` and `enhanced-locking`"),
            ("enhanced-locking=3", "sets keys of"),
            ("enhanced-locking.a.b.c=3", "sets keys of"),
            ("enhanced-locking.a b=3", "sets keys of"),
        ] {
            assert!(set(FILE, assignment).unwrap_err().contains(why), "{assignment}");
        }
    }
}

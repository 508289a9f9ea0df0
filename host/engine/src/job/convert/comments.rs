//! The comments of a legacy YAML file: each belongs to the key that follows it or that it stands beside.

use serde_json::{Map, Value};

/// The comments of a file.
#[derive(Debug, Default)]
pub(super) struct Comments {
    /// The comments of each key, in the order of the file, without `#`.
    of_keys: Vec<(String, Vec<String>)>,
    /// The comments after the last key.
    last: Vec<String>,
}

/// The most comments that move, and the most characters of each.
const MOST: usize = 500;
const LONGEST: usize = 500;

impl Comments {
    /// Returns the comments of a block map. A JSON file, or a map in braces, has none.
    pub fn of(text: &str, map: &Map<String, Value>) -> Self {
        let mut found = Self::default();
        if text.trim_start().starts_with(['{', '[']) {
            return found;
        }
        let (mut waiting, mut current, mut count) = (Vec::new(), None::<String>, 0);
        for line in text.lines() {
            let comment = line.trim_start().strip_prefix('#');
            match comment {
                _ if count >= MOST => break,
                // Within a text of several lines, `#` is part of the text.
                Some(comment) if !line.starts_with(' ') || !in_text(current.as_deref(), map) => {
                    count += 1;
                    let comment = shortened(comment);
                    match (line.starts_with(' '), current.as_deref()) {
                        // A comment below a key belongs to it.
                        (true, Some(key)) => found.add(key, vec![comment]),
                        _ => waiting.push(comment),
                    }
                }
                _ => {
                    let Some((key, comment)) = key_of(line, map) else { continue };
                    let mut above = std::mem::take(&mut waiting);
                    count += usize::from(comment.is_some());
                    above.extend(comment);
                    found.add(&key, above);
                    current = Some(key);
                }
            }
        }
        found.last = waiting;
        found
    }

    fn add(&mut self, key: &str, comments: Vec<String>) {
        match self.of_keys.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => known.extend(comments),
            None => self.of_keys.push((key.to_owned(), comments)),
        }
    }

    /// Returns the comments of a key of the file.
    pub fn of_key(&self, key: &str) -> &[String] {
        self.of_keys.iter().find(|(known, _)| known == key).map_or(&[], |(_, comments)| comments)
    }

    /// Returns the comments at the end of the file.
    pub fn last(&self) -> &[String] {
        &self.last
    }
}

fn shortened(comment: &str) -> String {
    crate::document::cut(comment.trim(), LONGEST)
}

/// Returns whether the value of a key has a text of several lines.
fn in_text(key: Option<&str>, map: &Map<String, Value>) -> bool {
    fn has_lines(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\n'),
            Value::Array(items) => items.iter().any(has_lines),
            Value::Object(map) => map.values().any(has_lines),
            _ => false,
        }
    }
    key.and_then(|key| map.get(key)).is_some_and(has_lines)
}

/// Returns the key of the map that a line begins with, and the comment beside its value.
fn key_of(line: &str, map: &Map<String, Value>) -> Option<(String, Option<String>)> {
    if line.starts_with([' ', '\t', '-', '#']) {
        return None;
    }
    let (written, rest) = line.split_once(':')?;
    let key = written.trim().trim_matches(['"', '\'']);
    let value = map.get(key)?;
    let read = |text: &str| serde_saphyr::from_str::<Value>(text).ok();
    // The text before the comment has the whole value.
    let comment = rest.match_indices(" #").find_map(|(at, _)| {
        let (before, comment) = rest.split_at_checked(at)?;
        let whole = before.trim();
        let same =
            if whole.is_empty() { value.is_object() || value.is_array() } else { read(whole)? == *value };
        same.then(|| shortened(comment.trim_start().trim_start_matches('#')))
    });
    Some((key.to_owned(), comment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_belong_to_their_keys() {
        let text = "# A report\njob_id: a # the id\n\n# The text\npowershell_script: |\n  # not a comment\n  'x # y'\nname: 'a # b' # beside\nmetadata:\n  # within\n  owner: x\n# The end\n";
        let value: Value = serde_saphyr::from_str(text).unwrap();
        let comments = Comments::of(text, value.as_object().unwrap());
        assert_eq!(comments.of_key("job_id"), ["A report", "the id"]);
        assert_eq!(comments.of_key("powershell_script"), ["The text"]);
        assert_eq!(comments.of_key("name"), ["beside"]);
        assert_eq!(comments.of_key("metadata"), ["within"]);
        assert_eq!(comments.last(), ["The end"]);
    }

    #[test]
    fn json_has_no_comments() {
        let text = "{\"job_id\": \"a # b\"}";
        let value: Value = serde_json::from_str(text).unwrap();
        assert!(Comments::of(text, value.as_object().unwrap()).of_key("job_id").is_empty());
    }
}

//! Changes of a job file in YAML that leave the rest of the text as it is, with its comments.
//!
//! A change is made twice: to the value of the file, and to its lines. The new lines count only when they mean the
//! new value. Otherwise the part around the change is written again, and in the end the whole file.

use serde_json::{Map, Value};
use stepwell::engine::document::Document;

use super::lines::Lines;
use crate::definition::yaml;

/// A change of the value at a JSON pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// Sets a value, and makes the objects around it.
    Set(String, Value),
    /// Removes a key of an object, or an item of a list.
    Remove(String),
    /// Adds an item to a list, which may not exist yet.
    Push(String, Value),
    /// Exchanges an item of a list with the one before it.
    Raise(String),
}

/// Returns the text after a change, or the reason why it cannot be changed.
pub(super) fn changed(text: &str, change: &Change) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    if text.trim().is_empty() {
        let mut value = Value::Object(Map::new());
        apply(&mut value, change)?;
        return Ok(yaml(&value) + "\n");
    }
    let document = Document::parse("job", &text).map_err(|found| found.to_string())?;
    let mut value = document.value.clone();
    apply(&mut value, change)?;
    if value == document.value {
        return Ok(text);
    }
    let lines = Lines::of(&text, &document);
    let means = |new: &String| Document::parse("job", new).is_ok_and(|read| read.value == value);
    if let Some(new) = lines.changed(change, &value).filter(means) {
        return Ok(new);
    }
    let mut at = pointer(change);
    while let Some((above, _)) = at.rsplit_once('/') {
        at = above;
        let part = value.pointer(at).filter(|_| !at.is_empty());
        if let Some(new) = part.and_then(|part| lines.set(at, part)).filter(means) {
            return Ok(new);
        }
    }
    Ok(yaml(&value) + "\n")
}

fn pointer(change: &Change) -> &str {
    match change {
        Change::Set(at, _) | Change::Remove(at) | Change::Push(at, _) | Change::Raise(at) => at,
    }
}

/// Splits a pointer into the one above it, and its key.
pub(super) fn split(at: &str) -> Option<(&str, String)> {
    let (above, key) = at.rsplit_once('/')?;
    Some((above, key.replace("~1", "/").replace("~0", "~")))
}

fn apply(value: &mut Value, change: &Change) -> Result<(), String> {
    let gone = || "the file has changed: this part is not there any more".to_owned();
    match change {
        Change::Set(at, new) => {
            let (above, key) = split(at).ok_or_else(gone)?;
            match made(value, above).ok_or_else(gone)? {
                Value::Object(map) => drop(map.insert(key, new.clone())),
                Value::Array(items) => {
                    let item = key.parse::<usize>().ok().and_then(|index| items.get_mut(index));
                    *item.ok_or_else(gone)? = new.clone();
                }
                _ => return Err(gone()),
            }
        }
        Change::Remove(at) => {
            let (above, key) = split(at).ok_or_else(gone)?;
            match value.pointer_mut(above) {
                Some(Value::Object(map)) => drop(map.shift_remove(&key)),
                Some(Value::Array(items)) => {
                    let index = key.parse().ok().filter(|index| *index < items.len()).ok_or_else(gone)?;
                    items.remove(index);
                }
                _ => {}
            }
        }
        Change::Push(at, new) => {
            let (above, key) = split(at).ok_or_else(gone)?;
            let Value::Object(map) = made(value, above).ok_or_else(gone)? else { return Err(gone()) };
            match map.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(new.clone()),
                empty => *empty = Value::Array(vec![new.clone()]),
            }
        }
        Change::Raise(at) => {
            let (above, key) = split(at).ok_or_else(gone)?;
            let Some(Value::Array(items)) = value.pointer_mut(above) else { return Err(gone()) };
            let index = key.parse::<usize>().ok().filter(|index| *index > 0 && *index < items.len());
            let index = index.ok_or_else(gone)?;
            items.swap(index, index - 1);
        }
    }
    Ok(())
}

/// Returns the value at a pointer, and makes objects on the way to it.
fn made<'v>(value: &'v mut Value, at: &str) -> Option<&'v mut Value> {
    let mut here = value;
    for key in at.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    if here.is_null() {
        *here = Value::Object(Map::new());
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    const JOB: &str = "\
# Loads the orders.
id: load   # the id
timezone: UTC
vars:
  day: '2026-01-01' # the first
  n: 3

steps:
  # Reads.
  - id: a
    type: sql
    query: |
      SELECT 1
      # not a comment

      FROM t
    timeout: 30

  - id: b
    type: wait
    for: 1 # second
    # The end.
";

    fn check(change: Change, expected: Expect) {
        let new = changed(JOB, &change).unwrap();
        let before: Vec<&str> = JOB.lines().collect();
        let diff = crate::ui::diff::lines(&before, &new.lines().collect::<Vec<_>>());
        let shown = diff.iter().filter(|line| line.change != crate::ui::diff::Kind::Same);
        let shown: String = shown.map(|line| format!("{}{}\n", line.change.sign(), line.text)).collect();
        expected.assert_eq(&shown);
    }

    fn set(at: &str, value: Value) -> Change {
        Change::Set(at.to_owned(), value)
    }

    #[test]
    fn a_value_changes_in_its_line() {
        check(
            set("/id", json!("load-2")),
            expect![[r#"
            -id: load   # the id
            +id: load-2   # the id
        "#]],
        );
        check(
            set("/vars/day", json!("x # y")),
            expect![[r#"
            -  day: '2026-01-01' # the first
            +  day: "x # y" # the first
        "#]],
        );
        check(
            set("/steps/0/query", json!("SELECT 2\nFROM u\n")),
            expect![[r#"
            -      SELECT 1
            -      # not a comment
            -
            -      FROM t
            +      SELECT 2
            +      FROM u
        "#]],
        );
        check(
            set("/steps/1/for", json!(5)),
            expect![[r#"
            -    for: 1 # second
            +    for: 5 # second
        "#]],
        );
    }

    #[test]
    fn new_keys_have_their_place() {
        check(
            set("/steps/1/retry/max_attempts", json!(3)),
            expect![[r#"
            +    retry:
            +      max_attempts: 3
        "#]],
        );
        check(
            set("/description", json!("Loads")),
            expect![[r#"
            +description: Loads
            +
        "#]],
        );
        check(
            set("/vars/m", json!(null)),
            expect![[r#"
            +  m: null
        "#]],
        );
        check(
            Change::Push("/finally".into(), json!({"id": "c", "type": "wait"})),
            expect![[r#"
            +finally:
            +- id: c
            +  type: wait
        "#]],
        );
    }

    #[test]
    fn steps_move_with_their_comments() {
        check(
            Change::Raise("/steps/1".into()),
            expect![[r#"
            +  - id: b
            +    type: wait
            +    for: 1 # second
            +    # The end.
            +
            -
            -  - id: b
            -    type: wait
            -    for: 1 # second
            -    # The end.
        "#]],
        );
        check(
            Change::Remove("/steps/0".into()),
            expect![[r#"
            -  # Reads.
            -  - id: a
            -    type: sql
            -    query: |
            -      SELECT 1
            -      # not a comment
            -
            -      FROM t
            -    timeout: 30
            -
        "#]],
        );
        check(
            Change::Remove("/steps/0/id".into()),
            expect![[r#"
            -  - id: a
            -    type: sql
            +  - type: sql
        "#]],
        );
        check(
            Change::Push("/steps".into(), json!({"id": "c", "type": "wait", "for": 2})),
            expect![[r#"
            +
            +  - id: c
            +    type: wait
            +    for: 2
        "#]],
        );
    }

    /// Text in other styles is written again around the change.
    #[test]
    fn every_style_can_be_changed() {
        for text in [
            "{\"id\": \"a\", \"steps\": [{\"id\": \"x\", \"type\": \"wait\"}, {\"id\": \"y\", \"type\": \"wait\"}]}",
            "id: a\nsteps: [{id: x, type: wait}, {id: y, type: wait}]\n",
            "id: a\nsteps:\n- id: x\n  type: wait\n-\n  id: y\n  type: wait\n",
            "id: a\r\nsteps:\r\n  - {id: x, type: wait}\r\n  - &y\r\n    id: y\r\n    type: wait\r\n",
            "? id\n: a\nsteps:\n  - \"id\": x\n    type: wait\n  - id: y\n    type: 'wait'\n",
            "# only\n---\nid: a\nsteps:\n  - id: x\n    type: wait\n  - id: y\n    type: wait\n...\n",
        ] {
            for change in [
                set("/steps/0/for", json!("a: b\n# c")),
                set("/steps/1/id", json!("z")),
                set("/name", json!("n")),
                Change::Remove("/steps/0/type".into()),
                Change::Remove("/steps/1".into()),
                Change::Raise("/steps/1".into()),
                Change::Push("/steps".into(), json!({"id": "p", "type": "wait"})),
                Change::Push("/on_failure".into(), json!({"id": "p", "type": "wait"})),
            ] {
                let mut wanted = Document::parse("job", text).unwrap().value;
                apply(&mut wanted, &change).unwrap();
                let new = changed(text, &change).unwrap();
                assert_eq!(Document::parse("job", &new).unwrap().value, wanted, "{text}\n{change:?}\n{new}");
            }
        }
        assert!(changed("a: [", &set("/b", json!(1))).is_err());
        assert!(changed("a: 1", &Change::Raise("/a/1".into())).is_err());
        assert_eq!(changed("", &set("/id", json!("a"))).unwrap(), "id: a\n");
    }
}

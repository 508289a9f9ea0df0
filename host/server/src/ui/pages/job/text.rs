//! Changes of a job file in YAML that leave the rest of the text as it is, with its comments.
//!
//! A change is made twice: to the value of the file, and to its lines. The new lines count only when they mean the
//! new value. Otherwise the part around the change is written anew, and in the end the whole file.

use serde_json::{Map, Value};
use stepwell::engine::document::{Document, escape};

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

/// Keys with lists of steps, which come after other keys.
const LAST: [&str; 4] = ["steps", "parallel_steps", "on_failure", "finally"];

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
fn split(at: &str) -> Option<(&str, String)> {
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

/// The lines of a file in block style.
struct Lines<'t> {
    lines: Vec<&'t str>,
    document: &'t Document,
}

/// Lines of a part: from `start`, with the comments above it from `lead`, to before `end`. `column` is the number of
/// characters before its key or its dash.
#[derive(Debug, Clone, Copy)]
struct Block {
    lead: usize,
    start: usize,
    end: usize,
    column: usize,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Returns the lines of a value, each with this indentation.
fn indented(text: &str, by: usize) -> Vec<String> {
    let spaces = " ".repeat(by);
    text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{spaces}{line}") }).collect()
}

/// Returns the lines of `key: value`.
fn entry(key: &str, value: &Value, by: usize) -> Vec<String> {
    indented(&yaml(&Value::Object(Map::from_iter([(key.to_owned(), value.clone())]))), by)
}

/// Returns the lines of an item of a list.
fn item(value: &Value, by: usize) -> Vec<String> {
    let mut lines = indented(&yaml(value), by + 2);
    if let Some(first) = lines.first_mut() {
        *first = format!("{}- {}", " ".repeat(by), first.trim_start());
    }
    lines
}

/// Returns the comment behind a value in one line.
fn comment(value: &str) -> &str {
    let behind = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.rfind(quote).map_or(0, |end| end + 1),
        _ => 0,
    };
    let rest = value.get(behind..).unwrap_or_default();
    let Some(mark) = rest.find(" #") else { return "" };
    let start = rest.get(..mark).unwrap_or_default().trim_end().len();
    rest.get(start..).unwrap_or_default()
}

impl<'t> Lines<'t> {
    fn of(text: &'t str, document: &'t Document) -> Self {
        Self { lines: text.lines().collect(), document }
    }

    fn line(&self, index: usize) -> &'t str {
        self.lines.get(index).copied().unwrap_or_default()
    }

    fn changed(&self, change: &Change, after: &Value) -> Option<String> {
        match change {
            Change::Set(at, _) | Change::Push(at, _) if self.document.value.pointer(at).is_none() => {
                // The first part that is new.
                let mut at = at.as_str();
                while let Some((above, _)) = at.rsplit_once('/').filter(|(above, _)| !above.is_empty()) {
                    match self.document.value.pointer(above) {
                        None | Some(Value::Null) => at = above,
                        Some(_) => break,
                    }
                }
                let value = after.pointer(at)?;
                if self.document.value.pointer(at).is_some() {
                    self.set(at, value)
                } else {
                    self.add(at, value)
                }
            }
            Change::Set(at, value) => self.set(at, value),
            Change::Push(at, value) => self.push(at, value),
            Change::Remove(at) => self.remove(at),
            Change::Raise(at) => self.raise(at),
        }
    }

    /// Returns the text with new lines in place of some.
    fn with(&self, from: usize, to: usize, new: &[String]) -> Option<String> {
        let (before, behind) = (self.lines.get(..from)?, self.lines.get(to..)?);
        let new = new.iter().map(String::as_str);
        let all: Vec<&str> = before.iter().copied().chain(new).chain(behind.iter().copied()).collect();
        Some(all.join("\n") + "\n")
    }

    /// Returns the first line behind a part that begins in line `start`, with `column` characters before it.
    fn end(&self, start: usize, column: usize, is_list: bool) -> usize {
        let mut end = start + 1;
        for (index, line) in self.lines.iter().enumerate().skip(start + 1) {
            let text = line.trim_start();
            let is_item = is_list && indent(line) == column && (text.starts_with("- ") || text == "-");
            if text.is_empty() || indent(line) <= column && is_comment(line) {
                continue;
            }
            if indent(line) <= column && !is_item {
                break;
            }
            end = index + 1;
        }
        end
    }

    fn lead(&self, start: usize, column: usize) -> usize {
        let above = self.lines.iter().take(start).rev();
        start - above.take_while(|line| is_comment(line) && indent(line) == column).count()
    }

    /// Returns the characters before the value or the key of a pointer, and its line.
    fn before(&self, (line, column): (u64, u64)) -> Option<(usize, &'t str)> {
        let (line, column) = (usize::try_from(line).ok()?.checked_sub(1)?, usize::try_from(column).ok()?);
        let text = self.line(line);
        let end = text.char_indices().nth(column.checked_sub(1)?).map_or(text.len(), |(at, _)| at);
        let before = text.get(..end)?;
        before.chars().all(|c| c == ' ' || c == '-').then_some((line, before))
    }

    /// Returns the lines of the key and the value of an object.
    fn entry(&self, at: &str) -> Option<Block> {
        let (_, key) = self.document.places(at)?;
        let (start, before) = self.before(key)?;
        let column = before.len();
        let is_list = self.document.value.pointer(at)?.is_array();
        let lead = if before.contains('-') { start } else { self.lead(start, column) };
        Some(Block { lead, start, end: self.end(start, column, is_list), column })
    }

    /// Returns the lines of an item of a list.
    fn item(&self, at: &str) -> Option<Block> {
        let (value, _) = self.document.places(at)?;
        let (start, before) = self.before(value)?;
        let column = before.find('-')?;
        if before.matches('-').count() != 1 {
            return None;
        }
        Some(Block { lead: self.lead(start, column), start, end: self.end(start, column, false), column })
    }

    fn is_in_list(&self, at: &str) -> bool {
        split(at).and_then(|(above, _)| self.document.value.pointer(above)).is_some_and(Value::is_array)
    }

    fn set(&self, at: &str, value: &Value) -> Option<String> {
        if self.is_in_list(at) {
            let block = self.item(at)?;
            return self.with(block.start, block.end, &item(value, block.column));
        }
        let (block, (_, key)) = (self.entry(at)?, split(at)?);
        let mut new = entry(&key, value, block.column);
        let before = self.line(block.start).get(..block.column)?;
        let is_short = new.len() == 1 && block.end == block.start + 1;
        let first = new.first_mut()?;
        *first = format!("{before}{}", first.get(block.column..)?);
        let old = self.document.value.pointer(at)?;
        if is_short && !old.is_array() && !old.is_object() {
            let ((_, column), _) = self.document.places(at)?;
            let skipped = usize::try_from(column).ok()?.checked_sub(1)?;
            let line = self.line(block.start);
            let from = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
            first.push_str(comment(line.get(from..)?));
        }
        self.with(block.start, block.end, &new)
    }

    /// Adds a key to an object that has others.
    fn add(&self, at: &str, value: &Value) -> Option<String> {
        let (above, key) = split(at)?;
        let Value::Object(map) = self.document.value.pointer(above)? else { return None };
        let blocks = map.keys().map(|key| Some((key, self.entry(&format!("{above}/{}", escape(key)))?)));
        let blocks: Vec<(&String, Block)> = blocks.collect::<Option<_>>()?;
        let is_last = LAST.contains(&key.as_str());
        let list = blocks.iter().find(|(key, block)| {
            LAST.contains(&key.as_str())
                && !self.line(block.start).get(..block.column).is_some_and(|b| b.contains('-'))
        });
        let (place, column) = match list.filter(|_| !is_last) {
            Some((_, block)) => (block.lead, block.column),
            None => {
                let (_, last) = blocks.iter().max_by_key(|(_, block)| block.end)?;
                (last.end, last.column)
            }
        };
        let mut new = entry(&key, value, column);
        let is_apart = above.is_empty() && self.line(place.saturating_sub(1)).trim().is_empty();
        if is_apart && list.is_some() && !is_last {
            new.push(String::new());
        }
        self.with(place, place, &new)
    }

    fn push(&self, at: &str, value: &Value) -> Option<String> {
        let Value::Array(items) = self.document.value.pointer(at)? else { return None };
        let last = self.item(&format!("{at}/{}", items.len().checked_sub(1)?))?;
        let mut new = item(value, last.column);
        if items.len() > 1 && self.line(last.lead.saturating_sub(1)).trim().is_empty() {
            new.insert(0, String::new());
        }
        self.with(last.end, last.end, &new)
    }

    fn remove(&self, at: &str) -> Option<String> {
        if self.is_in_list(at) {
            let block = self.item(at)?;
            let is_apart = block.lead > 0 && self.line(block.lead - 1).trim().is_empty();
            let is_before =
                !is_apart && block.end < self.lines.len() && self.line(block.end).trim().is_empty();
            return self.with(block.lead - usize::from(is_apart), block.end + usize::from(is_before), &[]);
        }
        let block = self.entry(at)?;
        let before = self.line(block.start).get(..block.column)?;
        if !before.contains('-') {
            return self.with(block.start, block.end, &[]);
        }
        // The next key takes the place beside the dash.
        let next = self.line(block.end);
        self.with(block.start, block.end + 1, &[format!("{before}{}", next.trim_start())])
    }

    fn raise(&self, at: &str) -> Option<String> {
        let (above, key) = split(at)?;
        let index: usize = key.parse().ok()?;
        let (first, second) = (self.item(&format!("{above}/{}", index.checked_sub(1)?))?, self.item(at)?);
        let part = |from: usize, to: usize| self.lines.get(from..to);
        let order =
            [part(second.lead, second.end)?, part(first.end, second.lead)?, part(first.lead, first.end)?];
        let new: Vec<String> = order.concat().into_iter().map(str::to_owned).collect();
        self.with(first.lead, second.end, &new)
    }
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

    /// Text in other styles is written anew around the change.
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

//! The lines of a job file in YAML, and changes of them.

use serde_json::{Map, Value};
use stepwell::engine::document::{Document, escape};

use super::text::{Change, split};
use crate::definition::yaml;

/// Keys with lists of steps, which come after other keys.
const LAST: [&str; 4] = ["steps", "parallel_steps", "on_failure", "finally"];

/// The lines of a file in block style.
pub(super) struct Lines<'t> {
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
    pub fn of(text: &'t str, document: &'t Document) -> Self {
        Self { lines: text.lines().collect(), document }
    }

    fn line(&self, index: usize) -> &'t str {
        self.lines.get(index).copied().unwrap_or_default()
    }

    pub fn changed(&self, change: &Change, after: &Value) -> Option<String> {
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

    pub fn set(&self, at: &str, value: &Value) -> Option<String> {
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

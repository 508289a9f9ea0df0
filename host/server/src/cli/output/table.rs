//! Lists as text: columns that align, fit the terminal, and go through a pipe as plain lines.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use serde_json::Value;

use crate::display::plain;

/// Spaces between columns.
const GAP: usize = 2;
/// Columns of the terminal that a text which may wrap needs at least.
const NARROW: usize = 10;

/// The columns of the terminal that standard output is, if it is one. One that does not know its size has 80.
pub(crate) fn columns_of_the_terminal() -> Option<usize> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).map_or(0, |size| size.ws_col);
    Some(if size == 0 { 80 } else { usize::from(size) })
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    head: &'static str,
    /// Whether its values never wrap, so that they can be copied: ids, times, numbers.
    whole: bool,
}

/// A column whose values never wrap.
pub(crate) const fn whole(head: &'static str) -> Column {
    Column { head, whole: true }
}

/// A column of texts, which wrap where the terminal is narrow.
pub(crate) const fn words(head: &'static str) -> Column {
    Column { head, whole: false }
}

/// A list.
pub(crate) struct Sheet {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// The number of the column that stands beside the name in a narrow terminal, if the rows are a tree: the first
    /// column has the names, indented by their levels.
    beside: Option<usize>,
}

impl Sheet {
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), beside: None }
    }

    /// Returns an empty list whose rows are a tree. A narrow terminal shows the column `beside` next to the names.
    pub fn tree(columns: &[Column], beside: usize) -> Self {
        Self { beside: Some(beside), ..Self::new(columns) }
    }

    /// Adds a row. What a value is made of cannot steer the terminal.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| plain(cell)).collect());
    }

    /// The text for standard output.
    pub fn text(&self) -> String {
        self.fit(columns_of_the_terminal())
    }

    /// The text for a terminal of that width, or for a pipe.
    pub(super) fn fit(&self, width: Option<usize>) -> String {
        let widths: Vec<usize> = self.widths();
        let gaps = GAP * widths.len().saturating_sub(1);
        let needed = |column: &Column, width: usize| if column.whole { width } else { width.min(NARROW) };
        let least: usize =
            self.columns.iter().zip(&widths).map(|(column, width)| needed(column, *width)).sum();
        match width {
            Some(width) if least + gaps > width => match self.beside {
                Some(beside) => self.branches(width, beside),
                None => self.records(),
            },
            Some(width) if widths.iter().sum::<usize>() + gaps > width => self.wrapped(width, &widths),
            _ => self.lines(&widths),
        }
    }

    /// Returns the width of each column.
    fn widths(&self) -> Vec<usize> {
        let wide = |(i, column): (usize, &Column)| {
            let cells =
                self.rows.iter().filter_map(|row| row.get(i)).map(|cell| console::measure_text_width(cell));
            cells.chain([column.head.len()]).max().unwrap_or(0)
        };
        self.columns.iter().enumerate().map(wide).collect()
    }

    /// A line for each row.
    fn lines(&self, widths: &[usize]) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            let padded = cells.zip(widths).map(|(cell, width)| {
                // Nothing in a cell is a dash, so that programs that split at spaces count the same columns.
                let cell = if cell.is_empty() { "-".to_owned() } else { cell };
                let missing = width.saturating_sub(console::measure_text_width(&cell)) + GAP;
                cell + &" ".repeat(missing)
            });
            padded.collect::<String>().trim_end().to_owned()
        };
        let head = line(&mut self.columns.iter().map(|column| column.head.to_uppercase()));
        let rows = self.rows.iter().map(|row| line(&mut row.iter().cloned()));
        std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
    }

    /// Rows whose texts wrap within their columns.
    fn wrapped(&self, width: usize, widths: &[usize]) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        // The last column has a gap, too, which is trimmed.
        table.set_width(u16::try_from(width + GAP).unwrap_or(u16::MAX));
        table.set_header(self.columns.iter().map(|column| column.head.to_uppercase()));
        for row in &self.rows {
            table.add_row(row);
        }
        let gap = u16::try_from(GAP).unwrap_or(u16::MAX);
        for ((column, wide), made) in self.columns.iter().zip(widths).zip(table.column_iter_mut()) {
            made.set_padding((0, gap));
            if column.whole || *wide <= NARROW {
                made.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// The rows of a tree, where the terminal is too narrow for columns: a line with the name, and below it, indented,
    /// the other values. A name that is too long lacks its middle.
    fn branches(&self, width: usize, beside: usize) -> String {
        let mut lines = Vec::new();
        for row in &self.rows {
            let cell = |column: usize| row.get(column).map_or("", String::as_str);
            let name = cell(0).trim_start();
            let indent = " ".repeat((cell(0).len() - name.len()).min(width / 2));
            let state = cell(beside);
            let taken = indent.len() + GAP + console::measure_text_width(state);
            let name = shortened(name, width.saturating_sub(taken).max(NARROW));
            lines.push(format!("{indent}{name}{}{state}", " ".repeat(GAP)).trim_end().to_owned());
            let others = self.columns.iter().zip(row).enumerate().skip(1);
            let others = others.filter(|(i, (_, cell))| *i != beside && !cell.is_empty());
            let (whole, words): (Vec<_>, Vec<_>) =
                others.map(|(_, (column, cell))| (column, cell)).partition(|(column, _)| column.whole);
            let whole: Vec<String> =
                whole.into_iter().map(|(column, cell)| format!("{} {cell}", column.head)).collect();
            let below = indent.len() + 2 * GAP;
            for text in
                std::iter::once(whole.join(", ")).chain(words.into_iter().map(|(_, cell)| cell.clone()))
            {
                let wrapped = filled(&text, width.saturating_sub(below).max(NARROW));
                lines.extend(wrapped.into_iter().map(|line| format!("{}{line}", " ".repeat(below))));
            }
        }
        lines.join("\n")
    }

    /// A paragraph for each row, where the terminal is too narrow for columns.
    fn records(&self) -> String {
        let wide = self.columns.iter().map(|column| column.head.len()).max().unwrap_or(0);
        let record = |row: &Vec<String>| {
            let fields = self.columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            let lines = fields.map(|(column, cell)| format!("{:wide$}  {cell}", column.head.to_uppercase()));
            lines.collect::<Vec<_>>().join("\n")
        };
        self.rows.iter().map(record).collect::<Vec<_>>().join("\n\n")
    }
}

/// Returns a name in at most `width` columns: a longer one lacks its middle.
fn shortened(name: &str, width: usize) -> String {
    if console::measure_text_width(name) <= width {
        return name.to_owned();
    }
    let letters: Vec<char> = name.chars().collect();
    let (mut start, mut end, mut left) = (0, letters.len(), width.saturating_sub(1));
    let wide =
        |at: usize| letters.get(at).map_or(0, |letter| console::measure_text_width(&letter.to_string()));
    // The letters come from both ends in turn.
    while start < end {
        let from_start = start <= letters.len() - end;
        let cost = wide(if from_start { start } else { end - 1 });
        if cost > left {
            break;
        }
        left -= cost;
        if from_start { start += 1 } else { end -= 1 }
    }
    let part = |from: usize, to: usize| letters.get(from..to).unwrap_or_default().iter().collect::<String>();
    format!("{}…{}", part(0, start), part(end, letters.len()))
}

/// Returns the lines of a text with at most `width` columns. A longer word has a line of its own, without its middle.
fn filled(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = shortened(word, width);
        match lines.last_mut() {
            Some(line)
                if console::measure_text_width(line) + 1 + console::measure_text_width(&word) <= width =>
            {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The text at a pointer of an answer: empty when there is none, numbers and booleans as they are.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| text(item, "")).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
    }
}

/// The time at a pointer of an answer, to the second.
pub(crate) fn time(value: &Value, pointer: &str) -> String {
    let text = text(value, pointer);
    match chrono::DateTime::parse_from_rfc3339(&text) {
        Ok(at) => at.to_utc().format("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => text,
    }
}

/// The items of a list.
pub(crate) fn items(answer: &Value) -> &[Value] {
    answer.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The fields of an object as lines, those of objects in it below their name.
pub(crate) fn fields(value: &Value) -> String {
    let mut lines = Vec::new();
    add_fields(value, 0, &mut lines);
    lines.join("\n")
}

fn add_fields(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let Some(map) = value.as_object() else { return };
    let indent = "  ".repeat(depth);
    for (name, value) in map {
        let shown = name.replace('_', " ");
        match value {
            Value::Object(inner) if inner.is_empty() => {}
            Value::Object(_) => {
                lines.push(format!("{indent}{shown}:"));
                add_fields(value, depth + 1, lines);
            }
            Value::Null => {}
            Value::Array(items) if items.iter().any(Value::is_object) => {
                lines.push(format!("{indent}{shown}:"));
                for item in items {
                    let mut below = Vec::new();
                    add_fields(item, 0, &mut below);
                    let marked = below
                        .iter()
                        .enumerate()
                        .map(|(i, line)| format!("{indent}  {} {line}", if i == 0 { "-" } else { " " }));
                    lines.extend(marked);
                }
            }
            _ => lines.push(format!("{indent}{shown}: {}", plain(&text(value, "")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new(&[whole("run"), words("message"), whole("status")]);
        sheet.row([
            "exec_20260901_1".to_owned(),
            "a message of several words".to_owned(),
            "failed".to_owned(),
        ]);
        sheet.row(["exec_2".to_owned(), String::new(), "success\u{1b}[2J".to_owned()]);
        sheet
    }

    #[test]
    fn a_pipe_gets_a_line_for_each_row() {
        let lines = sheet().fit(None);
        assert_eq!(
            lines,
            "RUN              MESSAGE                     STATUS\n\
             exec_20260901_1  a message of several words  failed\n\
             exec_2           -                           success\u{fffd}[2J"
        );
    }

    #[test]
    fn a_narrow_terminal_wraps_texts_and_never_ids() {
        let wrapped = sheet().fit(Some(45));
        assert!(wrapped.lines().all(|line| line.chars().count() <= 45), "{wrapped}");
        assert!(
            wrapped.contains("exec_20260901_1") && !wrapped.contains("a message of several words"),
            "{wrapped}"
        );
        let records = sheet().fit(Some(30));
        assert!(
            records.starts_with("RUN      exec_20260901_1\nMESSAGE  a message of several words\n"),
            "{records}"
        );
        assert!(records.contains("\n\nRUN      exec_2\nSTATUS"), "{records}");
    }

    #[test]
    fn an_answer_is_shown_field_by_field() {
        let answer = json!({"status": "healthy", "parts": {"store": {"status": "healthy"}}, "none": null,
            "list": [{"a_b": 1, "c": true}, {"a_b": 2}], "names": ["x", "y"]});
        assert_eq!(
            fields(&answer),
            "status: healthy\nparts:\n  store:\n    status: healthy\nlist:\n  - a b: 1\n    c: true\n  - a b: 2\nnames: x y"
        );
        assert_eq!(time(&json!({"at": "2026-09-01T02:00:00.123456+02:00"}), "/at"), "2026-09-01 00:00:00Z");
    }
}

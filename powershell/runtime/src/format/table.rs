//! Tables: widths from the data, numbers aligned to the right.

use super::views::{Align, Column};
use super::{cell_text, display_width};
use crate::eval::Interp;
use ps_value::Value;
use ps_value::error::R;

pub enum Row {
    Cells(Vec<Cell>),
    Text(String),
}

/// The text of a cell, and whether its object has the property at all.
pub struct Cell {
    text: String,
    exists: bool,
    right: bool,
    null: bool,
}

/// The options of `Format-Table`.
#[derive(Default)]
pub struct TableOptions {
    pub hide_headers: bool,
    pub wrap: bool,
}

/// A group of `-GroupBy`.
pub struct GroupBy {
    pub label: String,
    pub value: String,
}

pub(super) fn cells(it: &mut Interp, value: &Value, columns: &[Column]) -> R<Vec<Cell>> {
    columns
        .iter()
        .map(|column| {
            let found = column.value(it, value)?;
            let exists = found.is_some();
            let found = found.unwrap_or_default();
            let right = column.format.is_none() && is_right(&found);
            Ok(Cell {
                text: cell_text(it, &found, column.format.as_deref()),
                exists,
                right,
                null: found.is_null(),
            })
        })
        .collect()
}

fn is_right(value: &Value) -> bool {
    value.is_number() || matches!(value.base(), Value::Bool(_) | Value::Switch(_))
}

/// Returns the first line of a cell's text; an ellipsis stands for further lines.
fn single_line(text: &str) -> String {
    match text.find(['\n', '\r']) {
        Some(at) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn truncate(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let own = display_width(c.encode_utf8(&mut [0; 4]));
        if used + own > width.saturating_sub(1) {
            break;
        }
        used += own;
        out.push(c);
    }
    out.push('…');
    out
}

fn pad(text: &str, width: usize, right: bool, fill: bool) -> String {
    let missing = width.saturating_sub(display_width(text));
    if right {
        format!("{}{text}", " ".repeat(missing))
    } else if fill {
        format!("{text}{}", " ".repeat(missing))
    } else {
        text.to_owned()
    }
}

pub(super) fn render(columns: &[Column], rows: &[Row], options: &TableOptions, console: usize) -> String {
    let mut widths: Vec<usize> =
        columns.iter().map(|c| c.width.unwrap_or_else(|| display_width(&c.label))).collect();
    let mut right: Vec<Option<bool>> = columns.iter().map(|c| c.align.map(|a| a == Align::Right)).collect();
    for row in rows {
        let Row::Cells(cells) = row else { continue };
        for ((cell, column), (width, right)) in
            cells.iter().zip(columns).zip(widths.iter_mut().zip(right.iter_mut()))
        {
            if column.width.is_none() {
                *width = (*width).max(display_width(&cell.text.replace(['\n', '\r'], " ")));
            }
            if right.is_none() {
                *right = Some(cell.right && cell.exists && !cell.null);
            }
        }
    }
    let (visible, trimmed) = fit(&mut widths, console);
    let right: Vec<bool> = right.into_iter().map(Option::unwrap_or_default).collect();
    let mut out = String::new();
    let last = visible.saturating_sub(1);
    let each = |f: &dyn Fn(usize) -> String| (0..visible).map(f).collect::<Vec<String>>().join(" ");
    let width = |i: usize| widths.get(i).copied().unwrap_or(0);
    let is_right = |i: usize| right.get(i).copied().unwrap_or(false);
    if !options.hide_headers {
        let label = |i: usize| columns.get(i).map(|c| truncate(&c.label, width(i))).unwrap_or_default();
        out.push_str(&each(&|i| pad(&label(i), width(i), is_right(i), i != last)));
        out.push('\n');
        out.push_str(&each(&|i| {
            let dashes = "-".repeat(display_width(&label(i)));
            pad(&dashes, width(i), is_right(i), i != last || trimmed)
        }));
        out.push('\n');
    }
    for row in rows {
        match row {
            Row::Text(text) => out.push_str(text),
            Row::Cells(cells) if options.wrap => out.push_str(&wrapped(cells, &widths, &right, visible)),
            Row::Cells(cells) => {
                out.push_str(&each(&|i| {
                    let Some(cell) = cells.get(i) else { return String::new() };
                    let shown = truncate(&single_line(&cell.text), width(i));
                    let right = is_right(i) && !cell.null || cell.exists && is_right(i) && !cell.null;
                    pad(&shown, width(i), right, i != last || !cell.exists)
                }));
                out.push('\n');
            }
        }
    }
    out
}

/// Makes the columns fit: the last ones are narrowed or dropped. Returns how many are left, and whether one
/// was cut.
fn fit(widths: &mut [usize], console: usize) -> (usize, bool) {
    let mut visible = widths.len();
    while visible > 0 {
        let total: usize = widths.iter().take(visible).sum::<usize>() + visible - 1;
        if total < console {
            return (visible, false);
        }
        let excess = total + 1 - console;
        let Some(width) = widths.get_mut(visible - 1) else { break };
        if *width > excess {
            *width -= excess;
            return (visible, true);
        }
        visible -= 1;
    }
    (visible, false)
}

/// Formats a row whose cells have several lines.
fn wrapped(cells: &[Cell], widths: &[usize], right: &[bool], visible: usize) -> String {
    let mut columns: Vec<Vec<String>> = Vec::new();
    for (cell, width) in cells.iter().zip(widths).take(visible) {
        columns.push(words(&cell.text, *width));
    }
    let height = columns.iter().map(Vec::len).max().unwrap_or(1);
    let mut out = String::new();
    for line in 0..height {
        let parts: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(i, lines)| {
                let text = lines.get(line).map(String::as_str).unwrap_or_default();
                pad(
                    text,
                    widths.get(i).copied().unwrap_or(0),
                    right.get(i).copied().unwrap_or(false),
                    i + 1 != visible,
                )
            })
            .collect();
        out.push_str(parts.join(" ").trim_end());
        out.push('\n');
    }
    out
}

fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n').map(str::trim_end) {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && display_width(&line) + 1 + display_width(word) > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            while display_width(&line) > width {
                let head: String = line.chars().take(width).collect();
                line = line.chars().skip(width).collect();
                lines.push(head);
            }
        }
        lines.push(line);
    }
    lines
}

//! Formats objects as text: tables and lists in PowerShell's layout.

pub mod prepared;
mod table;
mod views;

use std::cell::RefCell;

use crate::eval::Interp;
use ps_value::error::R;
use ps_value::{Value, text};
use views::{Layout, View};

pub use table::{GroupBy, Row, TableOptions};
pub use views::{Align, Column, columns_of};

/// The assumed width of the console.
pub const WIDTH: usize = 120;
/// Maximum number of default columns of a table.
pub const MAX_COLUMNS: usize = 10;

/// Objects with one view, which are laid out together.
struct Group {
    view: View,
    items: Vec<Line>,
}

enum Line {
    Object(Value),
    /// A text that is printed unchanged between the rows.
    Text(String),
}

/// The top-level output: groups are collected, and printed when they end.
#[derive(Default)]
pub struct Printer {
    group: RefCell<Option<Group>>,
    /// Whether a group has just ended, so that the next needs no blank line.
    after_group: RefCell<bool>,
}

impl Printer {
    pub fn put(&self, it: &mut Interp, value: Value) -> R<()> {
        if value.is_null() {
            return Ok(());
        }
        if let Some(text) = formatted(it, &value) {
            self.finish(it)?;
            it.host.output(&text);
            *self.after_group.borrow_mut() = false;
            return Ok(());
        }
        if let Value::Error(record) = value.base() {
            let shown = it.error_view(record);
            it.host.output(&shown);
            return Ok(());
        }
        if let Some(items) = opened(&value) {
            return items.into_iter().try_for_each(|item| self.put(it, item));
        }
        let view = views::view_of(it, &value);
        let Some(view) = view else {
            let line = line_of(it, &value);
            if let Some(group) = self.group.borrow_mut().as_mut() {
                group.items.push(Line::Text(line));
                return Ok(());
            }
            it.host.output(&line);
            *self.after_group.borrow_mut() = false;
            return Ok(());
        };
        let joins = self.group.borrow().as_ref().is_some_and(|g| g.view.takes(&view));
        if !joins {
            let had = self.group.borrow().is_some();
            self.close(it, had)?;
            *self.group.borrow_mut() = Some(Group { view, items: Vec::new() });
        }
        if let Some(group) = self.group.borrow_mut().as_mut() {
            group.items.push(Line::Object(value));
        }
        Ok(())
    }

    /// Prints the rest after a script has called `exit`: as in PowerShell, the blank line after a table that
    /// other output follows is lost.
    pub fn finish_at_exit(&self, it: &mut Interp) -> R<()> {
        let followed =
            self.group.borrow().as_ref().is_some_and(|g| matches!(g.items.last(), Some(Line::Text(_))));
        let Some(group) = self.group.borrow_mut().take() else { return Ok(()) };
        let mut text = lay_out(it, group, !*self.after_group.borrow())?;
        if followed {
            text.pop();
        }
        it.host.output(&text);
        Ok(())
    }

    /// Prints the rest.
    pub fn finish(&self, it: &mut Interp) -> R<()> {
        self.close(it, false)?;
        *self.after_group.borrow_mut() = false;
        Ok(())
    }

    fn close(&self, it: &mut Interp, followed: bool) -> R<()> {
        let Some(group) = self.group.borrow_mut().take() else { return Ok(()) };
        let text = lay_out(it, group, !*self.after_group.borrow())?;
        it.host.output(&text);
        *self.after_group.borrow_mut() = followed;
        Ok(())
    }
}

/// Returns the text of prepared output from `Format-Table` and similar cmdlets.
fn formatted(it: &Interp, value: &Value) -> Option<String> {
    match value {
        Value::Net(net) => net.other().map(|prepared: &prepared::Prepared| prepared.render(it.width)),
        _ => None,
    }
}

/// Returns the items of a collection that reaches the console.
pub fn opened(value: &Value) -> Option<Vec<Value>> {
    match value.base() {
        Value::Dict(dict) if dict.is_set() => Some(dict.keys()),
        Value::Dict(dict) => {
            Some(dict.pairs().into_iter().map(|(k, v)| Value::net(ps_value::net::Net::Entry(k, v))).collect())
        }
        _ => value.items(),
    }
}

fn line_of(it: &mut Interp, value: &Value) -> String {
    let text = match value {
        Value::Ext(ext) if ext.text.is_some() => text(value),
        _ => it.shown(value),
    };
    format!("{text}\n")
}

/// As [`to_text`], for a console of another width.
pub fn to_text_width(it: &mut Interp, items: Vec<Value>, width: Option<usize>) -> R<String> {
    let before = it.width;
    it.width = width.unwrap_or(before);
    let text = to_text(it, items);
    it.width = before;
    text
}

/// Formats objects as the text that the console would show.
pub fn to_text(it: &mut Interp, items: Vec<Value>) -> R<String> {
    let mut out = String::new();
    let mut group: Option<Group> = None;
    let mut after_group = false;
    let items = items.into_iter().flat_map(|value| opened(&value).unwrap_or_else(|| vec![value]));
    for value in items {
        if value.is_null() {
            continue;
        }
        if let Some(text) = formatted(it, &value) {
            if let Some(group) = group.take() {
                out.push_str(&lay_out(it, group, !after_group)?);
            }
            after_group = false;
            out.push_str(&text);
            continue;
        }
        if let Value::Error(record) = value.base() {
            out.push_str(&it.error_view(record));
            continue;
        }
        let Some(view) = views::view_of(it, &value) else {
            let line = line_of(it, &value);
            match &mut group {
                Some(group) => group.items.push(Line::Text(line)),
                None => out.push_str(&line),
            }
            continue;
        };
        if !group.as_ref().is_some_and(|g| g.view.takes(&view)) {
            if let Some(group) = group.take() {
                out.push_str(&lay_out(it, group, !after_group)?);
                after_group = true;
            }
            group = Some(Group { view, items: Vec::new() });
        }
        if let Some(group) = group.as_mut() {
            group.items.push(Line::Object(value));
        }
    }
    if let Some(group) = group.take() {
        out.push_str(&lay_out(it, group, !after_group)?);
    }
    Ok(out)
}

fn lay_out(it: &mut Interp, group: Group, leading: bool) -> R<String> {
    let mut out = String::new();
    if leading {
        out.push('\n');
    }
    match &group.view.layout {
        Layout::Table(columns) => {
            let mut rows = Vec::new();
            for line in &group.items {
                rows.push(match line {
                    Line::Object(value) => table::Row::Cells(table::cells(it, value, columns)?),
                    Line::Text(text) => table::Row::Text(text.clone()),
                });
            }
            if let Some(title) = &group.view.title {
                out.push_str(&format!("{title}\n\n"));
            }
            out.push_str(&table::render(columns, &rows, &TableOptions::default(), it.width));
        }
        Layout::List(columns) => {
            for line in &group.items {
                match line {
                    Line::Object(value) => {
                        let own =
                            if columns.is_empty() { views::columns_of(it, value) } else { columns.clone() };
                        out.push_str(&list_block(it, value, &own)?);
                    }
                    Line::Text(text) => out.push_str(text),
                }
            }
        }
        Layout::Lines => {
            for line in &group.items {
                match line {
                    Line::Object(value) => out.push_str(&views::lines(it, value)),
                    Line::Text(text) => out.push_str(text),
                }
            }
        }
    }
    out.push('\n');
    Ok(out)
}

/// Formats one object as a list: `Name : value`, and a blank line.
fn list_block(it: &mut Interp, value: &Value, columns: &[Column]) -> R<String> {
    let pairs = list_pairs(it, value, columns)?;
    Ok(prepared::block(&pairs, it.width))
}

/// Returns the labels and texts of one object's list.
pub fn list_pairs(it: &mut Interp, value: &Value, columns: &[Column]) -> R<Vec<(String, String)>> {
    let mut pairs = Vec::with_capacity(columns.len());
    for column in columns {
        let shown = match column.value(it, value)? {
            Some(found) => cell_text(it, &found, column.format.as_deref()),
            None => String::new(),
        };
        pairs.push((column.label.to_string(), shown));
    }
    Ok(pairs)
}

/// Breaks a line that is too long.
fn wrap(line: &str, width: usize) -> Vec<String> {
    if display_width(line) <= width {
        return vec![line.to_owned()];
    }
    let chars: Vec<char> = line.chars().collect();
    chars.chunks(width).map(|c| c.iter().collect()).collect()
}

pub fn display_width(text: &str) -> usize {
    use unicode_width::UnicodeWidthStr;
    text.width()
}

/// Formats a value in a cell.
pub fn cell_text(it: &mut Interp, value: &Value, format: Option<&str>) -> String {
    if let Some(format) = format {
        let made = if format.contains("{0") {
            it.format(format, std::slice::from_ref(value))
        } else {
            it.format_value(value, format)
        };
        if let Ok(text) = made {
            return text;
        }
    }
    match value.base() {
        Value::Null | Value::Void => String::new(),
        Value::Array(_) | Value::List(_) => braces(it, &value.items().unwrap_or_default()),
        Value::Dict(dict) if dict.is_set() => braces(it, &dict.keys()),
        Value::Dict(dict) => {
            let keys = dict.keys();
            braces(it, &keys)
        }
        Value::Net(net) if net.items().is_some() => braces(it, &net.items().unwrap_or_default()),
        Value::Block(block) => block.text().to_owned(),
        Value::Type(ty) => ty.full_name(),
        _ => it.shown(value),
    }
}

fn braces(it: &mut Interp, items: &[Value]) -> String {
    let limit = it.get("FormatEnumerationLimit").as_integer().unwrap_or(4);
    let limit = if limit < 0 { usize::MAX } else { limit as usize };
    let mut shown: Vec<String> = Vec::new();
    for item in items.iter().take(limit) {
        shown.push(match item.base() {
            Value::Array(_) | Value::List(_) => {
                let inner = item.items().unwrap_or_default();
                braces(it, &inner)
            }
            Value::Null => String::new(),
            _ => it.shown(item),
        });
    }
    let more = if items.len() > limit { "…" } else { "" };
    format!("{{{}{more}}}", shown.join(", "))
}

/// Returns the default columns of an object.
pub fn default_columns(it: &mut Interp, value: &Value, table: bool) -> Vec<Column> {
    let view = views::view_of(it, value);
    let is_entry = view.as_ref().is_some_and(|v| v.of.as_deref() == Some("dictionary"));
    match view.map(|v| v.layout) {
        Some(Layout::Table(columns)) if table || is_entry => columns,
        Some(Layout::List(columns)) if !columns.is_empty() => columns,
        _ => columns_of(it, value),
    }
}

/// Returns the rows of a table, one per object.
pub fn rows_of(it: &mut Interp, items: &[Value], columns: &[Column]) -> R<Vec<Row>> {
    items.iter().map(|item| table::cells(it, item, columns).map(Row::Cells)).collect()
}

//! The output of `Format-Table` and `Format-List`: cells with their texts, which are laid out once the width
//! is known.

use ps_value::net::NetObject;
use ps_value::types::NetType;

use super::table::{self, Row, TableOptions};
use super::{Column, display_width, wrap};

/// A section of the output of a format cmdlet.
pub enum Section {
    Text(String),
    Table {
        columns: Vec<Column>,
        rows: Vec<Row>,
        options: TableOptions,
    },
    /// Objects, each with its labels and texts.
    List(Vec<Vec<(String, String)>>),
}

pub struct Prepared(pub Vec<Section>);

impl NetObject for Prepared {
    fn id(&self) -> NetType {
        NetType::FormatEntryData
    }
}

impl Prepared {
    pub fn render(&self, width: usize) -> String {
        let mut out = String::new();
        for section in &self.0 {
            match section {
                Section::Text(text) => out.push_str(text),
                Section::Table { columns, rows, options } => {
                    out.push_str(&table::render(columns, rows, options, width));
                }
                Section::List(objects) => objects.iter().for_each(|own| out.push_str(&block(own, width))),
            }
        }
        out
    }
}

/// Formats one object as a list: `Name : value`, and a blank line.
pub fn block(pairs: &[(String, String)], width: usize) -> String {
    let labels = pairs.iter().map(|(label, _)| display_width(label)).max().unwrap_or(0);
    let mut out = String::new();
    if pairs.is_empty() {
        return out;
    }
    let room = width.saturating_sub(labels + 3).max(10);
    for (label, shown) in pairs {
        let mut begin = format!("{label}{} : ", " ".repeat(labels - display_width(label)));
        for line in shown.split('\n') {
            for piece in wrap(line, room) {
                out.push_str(&format!("{begin}{piece}\n"));
                begin = " ".repeat(labels + 3);
            }
        }
    }
    out.push('\n');
    out
}

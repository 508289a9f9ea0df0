//! What a job says about a table of text.

use encoding_rs::Encoding;

use crate::kind::Kind;

/// How the columns of several files go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// Each file has the same columns, in whatever order.
    #[default]
    ByName,
    /// Each file has as many columns; the names are those of the first.
    ByPosition,
    /// The columns of all files; NULL where a file lacks one.
    Union,
}

/// What happens to a row that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadRow {
    /// The step fails.
    #[default]
    Fail,
    /// The row is left out, and counted.
    Skip,
}

/// The dialect of a file, and the types of its columns.
#[derive(Debug, Clone)]
pub struct Options {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields.
    pub quote: Option<u8>,
    /// Before a quote in a quoted field; doubled quotes without it.
    pub escape: Option<u8>,
    /// The encoding, where it is declared.
    pub encoding: Option<&'static Encoding>,
    /// The decimal sign is a comma.
    pub decimal_comma: bool,
    /// The first line names the columns.
    pub header: bool,
    /// Lines before it.
    pub skip: u64,
    /// Texts that stand for NULL.
    pub null_values: Option<Vec<String>>,
    /// Types by column.
    pub schema: Vec<(String, Kind)>,
    /// How several files go together.
    pub matching: Matching,
    /// Repeated names become `name_2`.
    pub rename_duplicates: bool,
    /// What happens to bad rows.
    pub on_bad_row: OnBadRow,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            escape: None,
            encoding: None,
            decimal_comma: false,
            header: true,
            skip: 0,
            null_values: None,
            schema: Vec::new(),
            matching: Matching::ByName,
            rename_duplicates: false,
            on_bad_row: OnBadRow::Fail,
        }
    }
}

/// Unique names: repeated ones get `_2`, `_3`, or are returned as an error.
pub fn distinct(names: Vec<String>, rename: bool) -> Result<Vec<String>, Vec<String>> {
    let mut counts = std::collections::HashMap::<&str, usize>::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    let repeated: Vec<String> =
        counts.iter().filter(|(_, count)| **count > 1).map(|(name, _)| (*name).to_owned()).collect();
    if repeated.is_empty() {
        return Ok(names);
    }
    if !rename {
        let mut repeated = repeated;
        repeated.sort();
        return Err(repeated);
    }
    let mut taken: std::collections::HashSet<String> = names.iter().cloned().collect();
    let mut seen = std::collections::HashSet::new();
    let mut unique = Vec::with_capacity(names.len());
    for name in names {
        if seen.insert(name.clone()) {
            unique.push(name);
            continue;
        }
        let free = (2..).map(|n| format!("{name}_{n}")).find(|new| !taken.contains(new)).unwrap_or(name);
        taken.insert(free.clone());
        seen.insert(free.clone());
        unique.push(free);
    }
    Ok(unique)
}

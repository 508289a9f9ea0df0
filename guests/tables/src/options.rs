//! The options of a text table.

use encoding_rs::Encoding;

use crate::kind::Kind;

/// The way to combine the columns of several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// Each file has the same columns, in any order.
    #[default]
    ByName,
    /// Each file has the same number of columns. The first file names them.
    ByPosition,
    /// The table has the columns of all files. A column that a file lacks is NULL.
    Union,
}

/// The handling of a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadRow {
    /// The step fails.
    #[default]
    Fail,
    /// The row is left out and counted.
    Skip,
}

/// The dialect of a file and the types of its columns.
#[derive(Debug, Clone)]
pub struct Options {
    /// The separator between fields.
    pub delimiter: u8,
    /// The quote character around fields.
    pub quote: Option<u8>,
    /// The escape character before a quote in a quoted field. Without it, a doubled quote stands for a quote.
    pub escape: Option<u8>,
    /// The declared encoding, if any.
    pub encoding: Option<&'static Encoding>,
    /// Whether the decimal sign is a comma.
    pub decimal_comma: bool,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The number of lines to skip before the header.
    pub skip: u64,
    /// The texts that stand for NULL.
    pub null_values: Option<Vec<String>>,
    /// The types by column name.
    pub schema: Vec<(String, Kind)>,
    /// The way to combine several files.
    pub matching: Matching,
    /// Whether a repeated name becomes `name_2`.
    pub rename_duplicates: bool,
    /// The handling of bad rows.
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

/// Makes the names distinct: repeated names get `_2`, `_3`, or cause an error.
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
    // The numbers to try next: all below are taken.
    let mut next = std::collections::HashMap::<String, usize>::new();
    let mut unique = Vec::with_capacity(names.len());
    for name in names {
        if seen.insert(name.clone()) {
            unique.push(name);
            continue;
        }
        let number = next.entry(name.clone()).or_insert(2);
        let mut free = format!("{name}_{number}");
        while taken.contains(&free) {
            *number += 1;
            free = format!("{name}_{number}");
        }
        taken.insert(free.clone());
        seen.insert(free.clone());
        unique.push(free);
    }
    Ok(unique)
}

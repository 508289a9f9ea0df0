//! What is wrong with a table, and where.

use std::fmt;

/// The longest piece of a value that a message shows.
const SHOWN: usize = 80;

/// What is wrong with a file: the place, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where there is none.
    pub line: u64,
    /// The column of the table.
    pub column: Option<String>,
    /// What is wrong, and the fix.
    pub what: String,
    /// The configuration is at fault, rather than the data.
    pub of_config: bool,
}

impl Problem {
    /// A problem of the data at a line of a file.
    pub fn at(file: &str, line: u64, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), ..Self::default() }
    }

    /// A problem of what the job says about the file.
    pub fn config(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), what: what.into(), of_config: true, ..Self::default() }
    }

    /// The same, in a column.
    pub fn in_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Problem {}

/// A value as a message shows it: on one line, and cut.
pub fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() {
        text.push_str("...");
    }
    text
}

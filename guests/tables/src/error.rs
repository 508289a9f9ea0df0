//! Problems of a table, with their position.

use std::fmt;

/// The maximum length of the part of a value that a message shows.
const SHOWN: usize = 80;

/// A problem of a file: its position and its fix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// The file that has the problem.
    pub file: String,
    /// The line, starting at 1; 0 if there is none.
    pub line: u64,
    /// The column of the table.
    pub column: Option<String>,
    /// The problem and its fix.
    pub what: String,
    /// Whether the configuration is at fault, and not the data.
    pub of_config: bool,
}

impl Problem {
    /// Creates a data problem at a line of a file.
    pub fn at(file: &str, line: u64, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), ..Self::default() }
    }

    /// Creates a problem of the job's configuration for the file.
    pub fn config(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), what: what.into(), of_config: true, ..Self::default() }
    }

    /// Adds the column to the problem.
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

/// Formats a value for a message: on one line, and shortened.
pub fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() {
        text.push_str("...");
    }
    text
}

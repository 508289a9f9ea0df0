//! Reads the rows of a CSV file as text, for a database that has its own column types.

use std::path::Path;

use crate::column::cell;
use crate::csv::Reject;
use crate::error::Problem;
use crate::options::Options;
use crate::rows::Rows;
use crate::scan::Field;
use crate::source::Opener;

/// The number of rows in a block.
const BLOCK_ROWS: usize = 4096;

/// A CSV file, read block by block.
pub struct Texts {
    rows: Rows,
    options: Options,
    names: Vec<String>,
}

/// Some rows.
pub struct Block<'a> {
    rows: &'a Rows,
    nulls: Option<&'a [String]>,
}

/// A row.
pub struct Record<'a> {
    fields: &'a [Field],
    text: &'a [u8],
    nulls: Option<&'a [String]>,
}

impl<'a> Record<'a> {
    /// Returns the text of a field, or `None` for NULL. A quoted empty text is a text if the column accepts
    /// one.
    pub fn cell(&self, place: usize, takes_empty: bool) -> Option<&'a str> {
        let bytes = cell(*self.fields.get(place)?, self.text, self.nulls, takes_empty)?;
        std::str::from_utf8(bytes).ok()
    }
}

impl Texts {
    /// Opens a file and reads the names of its columns: `column_1`, `column_2` without a header. Types in the
    /// options have no effect.
    ///
    /// # Errors
    /// Fails when the file cannot be read or has no columns.
    pub fn open(path: &Path, options: Options, opener: &Opener) -> Result<Self, Problem> {
        let options = Options { schema: Vec::new(), ..options };
        let mut rows = Rows::open(path, &options, opener)?;
        let names = rows.names(&options)?;
        Ok(Self { rows, options, names })
    }

    /// Returns the columns in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the next rows, or `None` at the end. Rows of a different width go to `reject` if it is given.
    ///
    /// # Errors
    /// Fails when the file cannot be read, or on a bad row without `reject`.
    pub fn block(&mut self, reject: Option<&Reject>) -> Result<Option<Block<'_>>, Problem> {
        if !self.rows.block(BLOCK_ROWS, reject)? {
            return Ok(None);
        }
        Ok(Some(Block { rows: &self.rows, nulls: self.options.null_values.as_deref() }))
    }
}

impl Block<'_> {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.rows.len()
    }

    /// Returns whether the block has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.rows.is_empty()
    }

    /// Returns the line of the file on which a row begins.
    pub fn line(&self, row: usize) -> u64 {
        self.rows.rows.get(row).map_or(0, |row| row.line)
    }

    /// Returns the fields of a row.
    pub fn record(&self, row: usize) -> Record<'_> {
        let first = self.rows.rows.get(row).map_or(usize::MAX, |row| row.first);
        let fields = self.rows.fields.get(first..).unwrap_or_default();
        Record { fields, text: &self.rows.text, nulls: self.nulls }
    }

    /// Returns all fields of a row as owned strings.
    pub fn values(&self, row: usize) -> Vec<String> {
        self.rows.rows.get(row).map_or_else(Vec::new, |row| self.rows.values(*row))
    }
}

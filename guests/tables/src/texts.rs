//! The rows of a CSV file as they are written, for a database whose columns have types of their own.

use std::path::Path;

use crate::column::cell;
use crate::csv::Reject;
use crate::error::Problem;
use crate::options::Options;
use crate::rows::Rows;
use crate::scan::Field;
use crate::source::Opener;

/// Rows of a block.
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
    /// The text of a field; none for NULL. The empty text in quotes is a text, where the column takes one.
    pub fn cell(&self, place: usize, takes_empty: bool) -> Option<&'a str> {
        let bytes = cell(*self.fields.get(place)?, self.text, self.nulls, takes_empty)?;
        std::str::from_utf8(bytes).ok()
    }
}

impl Texts {
    /// Opens a file, and reads the names of its columns: `column_1`, `column_2` where it has no header. Types of the options
    /// have no meaning here.
    ///
    /// # Errors
    /// When it cannot be read, or has no columns.
    pub fn open(path: &Path, options: Options, opener: &Opener) -> Result<Self, Problem> {
        let options = Options { schema: Vec::new(), ..options };
        let mut rows = Rows::open(path, &options, opener)?;
        let names = rows.names(&options)?;
        Ok(Self { rows, options, names })
    }

    /// The columns in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The next rows; none at the end. Rows of another width go to `reject`, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read, or a row does not fit and nothing takes it.
    pub fn block(&mut self, reject: Option<&Reject>) -> Result<Option<Block<'_>>, Problem> {
        if !self.rows.block(BLOCK_ROWS, reject)? {
            return Ok(None);
        }
        Ok(Some(Block { rows: &self.rows, nulls: self.options.null_values.as_deref() }))
    }
}

impl Block<'_> {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.rows.is_empty()
    }

    /// The line of the file that a row begins on.
    pub fn line(&self, row: usize) -> u64 {
        self.rows.rows.get(row).map_or(0, |row| row.line)
    }

    /// The fields of a row.
    pub fn record(&self, row: usize) -> Record<'_> {
        let first = self.rows.rows.get(row).map_or(usize::MAX, |row| row.first);
        let fields = self.rows.fields.get(first..).unwrap_or_default();
        Record { fields, text: &self.rows.text, nulls: self.nulls }
    }

    /// All fields of a row.
    pub fn values(&self, row: usize) -> Vec<String> {
        self.rows.rows.get(row).map_or_else(Vec::new, |row| self.rows.values(*row))
    }
}

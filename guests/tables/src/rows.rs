//! Reads the rows of one CSV file.

use std::path::Path;
use std::sync::Arc;

use crate::csv::{MAX_COLUMNS, MAX_ROW, Reject, Rejected, SAMPLE, list};
use crate::error::{Problem, shown};
use crate::options::{Options, distinct};
use crate::parse::{Guess, float_keeps, guess};
use crate::plain::Plain;
use crate::scan::{Field, Scanner, Signs, Step};
use crate::share::Piece;
use crate::source::{Opener, Source};

/// The approximate number of fields in a block.
const BLOCK_FIELDS: usize = 256 << 10;

/// One row of the text in the buffer.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) first: usize,
    pub(crate) line: u64,
}

/// Reads the rows of one file, block by block.
pub struct Rows {
    pub(crate) name: String,
    source: Source,
    scanner: Scanner,
    pub(crate) text: Vec<u8>,
    at: usize,
    line: u64,
    ended: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: Vec<Row>,
    width: Option<usize>,
    carried: bool,
}

impl Rows {
    /// Opens a file and skips the lines before the table.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub fn open(path: &Path, options: &Options, opener: &Opener) -> Result<Self, Problem> {
        Self::open_piece(path, options, opener, Piece::WHOLE)
    }

    /// Opens a part of a file, and skips the lines before the table if it begins with the file.
    pub(crate) fn open_piece(
        path: &Path,
        options: &Options,
        opener: &Opener,
        piece: Piece,
    ) -> Result<Self, Problem> {
        let source = opener.open_piece(path, piece)?;
        let signs = Signs { delimiter: options.delimiter, quote: options.quote, escape: options.escape };
        let mut rows = Self {
            name: source.name().to_owned(),
            source,
            scanner: Scanner::new(signs),
            text: Vec::new(),
            at: 0,
            line: piece.line,
            ended: false,
            fields: Vec::new(),
            rows: Vec::new(),
            width: None,
            carried: false,
        };
        for _ in 0..options.skip * u64::from(piece.is_first()) {
            rows.skip_line()?;
        }
        Ok(rows)
    }

    /// Returns the number of the next line.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Sets the number of columns of a part without a header.
    pub(crate) fn with_width(self, width: usize) -> Self {
        Self { width: Some(width), ..self }
    }

    fn skip_line(&mut self) -> Result<(), Problem> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.at += end + 1;
                self.line += 1;
                return Ok(());
            }
            if self.ended {
                self.at = self.text.len();
                return Ok(());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), Problem> {
        self.text.drain(..self.at);
        self.at = 0;
        self.scanner.forget();
        if self.text.len() > MAX_ROW {
            let mut fields = Vec::new();
            let step = self.scanner.record(&mut self.text, 0, true, &mut fields);
            return Err(match step {
                Step::Open { lines } => self.open_quote(lines),
                _ => Problem::at(
                    &self.name,
                    self.line,
                    format!("the row is longer than {} MiB", MAX_ROW >> 20),
                ),
            });
        }
        self.ended = !self.source.read(&mut self.text)?;
        Ok(())
    }

    fn open_quote(&self, lines: u32) -> Problem {
        let what = "a quote opens here and is not closed; double quotes within a value, or write `quote: \"\"` where quotes have no meaning";
        Problem::at(&self.name, self.line + u64::from(lines), what)
    }

    /// Returns the names of the columns.
    ///
    /// # Errors
    /// Fails when the file is empty or a name occurs twice.
    pub fn names(&mut self, options: &Options) -> Result<Vec<String>, Problem> {
        let line = self.line;
        if !self.block(1, None)? {
            let what = if options.header {
                "is empty: a CSV file begins with the names of its columns"
            } else {
                "is empty: nothing shows how many columns it has"
            };
            return Err(Problem::at(&self.name, 0, what));
        }
        let found: Vec<String> = self.fields.iter().map(|field| self.string(*field)).collect();
        self.width = Some(found.len());
        if found.len() > MAX_COLUMNS {
            return Err(Problem::at(&self.name, line, format!("has more than {MAX_COLUMNS} columns")));
        }
        if !options.header {
            self.carried = true;
            if options.schema.is_empty() {
                return Ok((1..=found.len()).map(|n| format!("column_{n}")).collect());
            }
            if options.schema.len() != found.len() {
                let what =
                    format!("has {} columns, but `schema` names {}", found.len(), options.schema.len());
                return Err(Problem::at(&self.name, line, what));
            }
            return Ok(options.schema.iter().map(|(name, _)| name.clone()).collect());
        }
        if let Some(place) = found.iter().position(String::is_empty) {
            let what = format!("column {} has no name: name it, or write `header: false`", place + 1);
            return Err(Problem::at(&self.name, line, what));
        }
        distinct(found, options.rename_duplicates).map_err(|repeated| {
            let names = list(&repeated.iter().map(String::as_str).collect::<Vec<_>>());
            let what = format!(
                "the header names {names} more than once: rename them, or write `duplicates: rename`"
            );
            Problem::at(&self.name, line, what)
        })
    }

    fn string(&self, field: Field) -> String {
        String::from_utf8_lossy(field.of(&self.text)).into_owned()
    }

    pub(crate) fn values(&self, row: Row) -> Vec<String> {
        let width = self.width.unwrap_or(0);
        self.fields.iter().skip(row.first).take(width).map(|field| self.string(*field)).collect()
    }

    /// Scans up to `most` rows into the buffer. Returns false at the end of the file.
    pub(crate) fn block(&mut self, most: usize, reject: Option<&Reject>) -> Result<bool, Problem> {
        if std::mem::take(&mut self.carried) {
            return Ok(true);
        }
        self.fields.clear();
        self.rows.clear();
        // Scanned text must not move, so a block ends where more text has to be read.
        while self.rows.len() < most {
            if self.at >= self.text.len() && self.ended {
                break;
            }
            if self.plain(most) {
                continue;
            }
            let first = self.fields.len();
            match self.scanner.record(&mut self.text, self.at, self.ended, &mut self.fields) {
                Step::Record { next, lines } => {
                    let line = self.line;
                    let blank = next - self.at <= 2 && self.is_blank(first);
                    self.at = next;
                    self.line += u64::from(lines);
                    let width = self.fields.len() - first;
                    if blank && self.width != Some(1) {
                        self.fields.truncate(first);
                    } else if self.width.is_some_and(|wanted| wanted != width) {
                        self.ragged(first, line, reject)?;
                    } else {
                        self.rows.push(Row { first, line });
                    }
                }
                Step::More => {
                    self.fields.truncate(first);
                    if !self.rows.is_empty() {
                        break;
                    }
                    self.fields.clear();
                    self.fill()?;
                }
                Step::AfterQuote { at, lines } => {
                    self.fields.truncate(first);
                    match (reject, self.line_end(at)) {
                        // The quote opens and closes on one line, so the next row begins on the next line.
                        (Some(reject), Some(end)) if lines == 0 => self.broken(at, end, reject)?,
                        (Some(_), None) if lines == 0 && !self.ended => {
                            if !self.rows.is_empty() {
                                break;
                            }
                            self.fields.clear();
                            self.fill()?;
                        }
                        _ => return Err(self.after_quote(at, lines)),
                    }
                }
                Step::Open { lines } => return Err(self.open_quote(lines)),
            }
            if self.fields.len() > BLOCK_FIELDS.max(first + 1) && !self.rows.is_empty() {
                break;
            }
        }
        Ok(!self.rows.is_empty())
    }

    /// Scans rows without quotes. Returns false where the next row needs more than that.
    fn plain(&mut self, most: usize) -> bool {
        let Some(width) = self.width.filter(|_| self.fields.len() <= BLOCK_FIELDS) else { return false };
        let plain = Plain { signs: self.scanner.signs(), width, rows: most, fields: BLOCK_FIELDS };
        let before = self.rows.len();
        self.at = plain.scan(&self.text, self.at, self.line, &mut self.fields, &mut self.rows);
        self.line += (self.rows.len() - before) as u64;
        self.rows.len() > before
    }

    /// Returns the end of the line that contains `at`, or `None` if more text has to be read.
    fn line_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => Some(at + end + 1),
            None => self.ended.then_some(self.text.len()),
        }
    }

    fn after_quote(&self, at: usize, lines: u32) -> Problem {
        let rest = self.text.get(at..).unwrap_or_default();
        let sign = String::from_utf8_lossy(rest.get(..rest.len().min(4)).unwrap_or_default());
        let what = format!(
            "`{}` stands after a closing quote: write a quote within a value twice, or another `delimiter`",
            sign.chars().next().map(|c| shown(&c.to_string())).unwrap_or_default()
        );
        Problem::at(&self.name, self.line + u64::from(lines), what)
    }

    /// Leaves out a row with text after a closing quote. The whole line becomes its only value.
    fn broken(&mut self, at: usize, end: usize, reject: &Reject) -> Result<(), Problem> {
        let line = self.text.get(self.at..end).unwrap_or_default();
        let line = String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned();
        let problem = self.after_quote(at, 0);
        self.at = end;
        self.line += 1;
        reject(Rejected { problem, values: vec![line] })
    }

    fn is_blank(&self, first: usize) -> bool {
        let only = self.fields.get(first..).unwrap_or_default();
        matches!(only, [field] if !field.quoted() && field.of(&self.text).is_empty())
    }

    fn ragged(&mut self, first: usize, line: u64, reject: Option<&Reject>) -> Result<(), Problem> {
        let values: Vec<String> = self.fields.iter().skip(first).map(|field| self.string(*field)).collect();
        self.fields.truncate(first);
        let wanted = self.width.unwrap_or(0);
        let fields = |n: usize| if n == 1 { "1 field".to_owned() } else { format!("{n} fields") };
        let what = format!(
            "the row has {} where the table has {wanted} columns: fix the row, set `delimiter` or `quote`, or write `on_bad_row: skip`",
            fields(values.len())
        );
        let problem = Problem::at(&self.name, line, what);
        match reject {
            Some(reject) => reject(Rejected { problem, values }),
            None => Err(problem),
        }
    }

    /// Infers types from the first rows.
    pub(crate) fn sample(
        &mut self,
        options: &Options,
        wanted: &[(usize, usize)],
        guesses: &mut [(Guess, bool)],
    ) -> Result<(), Problem> {
        let ignore: Reject = Arc::new(|_| Ok(()));
        let mut seen = 0;
        while seen < SAMPLE && self.block(SAMPLE - seen, Some(&ignore))? {
            seen += self.rows.len();
            for row in &self.rows {
                for (column, place) in wanted {
                    let Some(field) = self.fields.get(row.first + place) else { continue };
                    let Some((all, fits)) = guesses.get_mut(*column) else { continue };
                    let bytes = field.of(&self.text);
                    if *all == Guess::Text || bytes.is_empty() {
                        continue;
                    }
                    if options
                        .null_values
                        .as_ref()
                        .is_some_and(|nulls| nulls.iter().any(|null| null.as_bytes() == bytes))
                    {
                        continue;
                    }
                    let pointed = crate::column::pointed(bytes, options.decimal_comma);
                    let bytes = pointed.as_deref().unwrap_or(b"x");
                    *fits = *fits && float_keeps(bytes);
                    *all = all.and(guess(bytes), *fits);
                }
            }
        }
        Ok(())
    }
}

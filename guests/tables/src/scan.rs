//! The CSV scanner: finds records and fields.

use crate::marks::{Marks, ONES, zeros};

/// A field within the text of a [`Block`].
#[derive(Debug, Clone, Copy)]
pub struct Field {
    start: u32,
    end: u32,
}

/// In `end`: the field is quoted. In `start`: the field contains escapes.
const MARKED: u32 = 1 << 31;

impl Field {
    fn new(start: usize, end: usize, quoted: bool) -> Self {
        Self { start: start as u32, end: end as u32 | if quoted { MARKED } else { 0 } }
    }

    /// Creates a field without quotes.
    pub(crate) fn plain(start: usize, end: usize) -> Self {
        Self::new(start, end, false)
    }

    /// Returns whether the field is quoted.
    pub fn quoted(self) -> bool {
        self.end & MARKED != 0
    }

    /// Returns the bytes of the field.
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..(self.end & !MARKED) as usize).unwrap_or_default()
    }
}

/// The special characters of a dialect.
#[derive(Debug, Clone, Copy)]
pub struct Signs {
    /// The separator between fields.
    pub delimiter: u8,
    /// The quote character around fields, or `None` if quotes have no meaning.
    pub quote: Option<u8>,
    /// The escape character before a quote within a quoted field; the quote itself if quotes are doubled.
    pub escape: Option<u8>,
}

/// The outcome of scanning one record.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A complete record, with its fields in the list.
    Record {
        /// The start of the next record.
        next: usize,
        /// The number of line ends in the record.
        lines: u32,
    },
    /// The text ends within the record.
    More,
    /// Text follows a closing quote.
    AfterQuote {
        /// The position of that text.
        at: usize,
        /// The number of line ends before it.
        lines: u32,
    },
    /// A quote is still open at the end of the text.
    Open {
        /// The number of line ends before the quote.
        lines: u32,
    },
}

/// Scans records.
#[derive(Debug)]
pub struct Scanner {
    signs: Signs,
    quotes: u64,
    /// Finds the ends of fields.
    marks: Marks,
}

impl Scanner {
    /// Creates a scanner for a dialect.
    pub fn new(signs: Signs) -> Self {
        let quotes = u64::from(signs.quote.unwrap_or(b'\n')) * ONES;
        Self { signs, quotes, marks: Marks::new([signs.delimiter, b'\n', b'\r']) }
    }

    /// Returns the dialect.
    pub(crate) fn signs(&self) -> Signs {
        self.signs
    }

    /// Discards all knowledge of the text after the text has moved.
    pub fn forget(&mut self) {
        self.marks.forget();
    }

    /// Returns the first quote, escape or line end at or after `at`, within a quoted field.
    fn within(&self, text: &[u8], mut at: usize) -> usize {
        let escapes = u64::from(self.signs.escape.unwrap_or(b'\n')) * ONES;
        while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*eight);
            let found =
                zeros(word ^ self.quotes) | zeros(word ^ escapes) | zeros(word ^ (ONES * b'\n' as u64));
            if found != 0 {
                return at + (found.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        while let Some(byte) = text.get(at) {
            if Some(*byte) == self.signs.quote || Some(*byte) == self.signs.escape || *byte == b'\n' {
                break;
            }
            at += 1;
        }
        at
    }

    /// Scans one record from `start` and appends its fields. It removes escapes in place, so a complete
    /// record must not be scanned twice. `last` means that no more text follows.
    pub fn record(&mut self, text: &mut [u8], start: usize, last: bool, fields: &mut Vec<Field>) -> Step {
        let (mut at, mut lines, first) = (start, 0, fields.len());
        loop {
            let quoted = self.signs.quote.is_some() && text.get(at).copied() == self.signs.quote;
            let (end, field) = if quoted {
                match self.quoted(text, at, last, &mut lines) {
                    Ok(found) => found,
                    Err(step) => return step,
                }
            } else {
                let end = self.marks.next(text, at);
                (end, Field::new(at, end, false))
            };
            let next = match text.get(end) {
                None if last => end,
                None => return Step::More,
                Some(b'\n') => end + 1,
                Some(byte) if *byte == self.signs.delimiter => {
                    fields.push(field);
                    at = end + 1;
                    continue;
                }
                Some(b'\r') => match text.get(end + 1) {
                    None if !last => return Step::More,
                    Some(b'\n') => end + 2,
                    _ => end + 1,
                },
                Some(_) => return Step::AfterQuote { at: end, lines },
            };
            fields.push(field);
            self.unescape(text, fields.get_mut(first..).unwrap_or_default());
            return Step::Record { next, lines: lines + u32::from(next > end) };
        }
    }

    /// Scans a quoted field and returns its end and its contents.
    fn quoted(&self, text: &[u8], open: usize, last: bool, lines: &mut u32) -> Result<(usize, Field), Step> {
        let before = *lines;
        let start = open + 1;
        let mut at = start;
        let mut doubled = false;
        let end = loop {
            at = self.within(text, at);
            let Some(byte) = text.get(at).copied() else {
                return Err(if last { Step::Open { lines: before } } else { Step::More });
            };
            let is_quote = Some(byte) == self.signs.quote;
            if byte == b'\n' {
                *lines += 1;
                at += 1;
            } else if is_quote && self.signs.escape.is_none_or(|escape| escape == byte) {
                match text.get(at + 1) {
                    Some(next) if *next == byte => {
                        doubled = true;
                        at += 2;
                    }
                    None if !last => return Err(Step::More),
                    _ => break at,
                }
            } else if is_quote {
                break at;
            } else {
                // The character after an escape stands for itself.
                doubled = true;
                if text.get(at + 1) == Some(&b'\n') {
                    *lines += 1;
                }
                at += 2;
            }
        };
        if text.get(end + 1).is_none() && !last {
            return Err(Step::More);
        }
        let mut field = Field::new(start, end, true);
        if doubled {
            field.start |= MARKED;
        }
        Ok((end + 1, field))
    }

    /// Removes the escapes from the fields of a record.
    fn unescape(&self, text: &mut [u8], fields: &mut [Field]) {
        for field in fields.iter_mut().filter(|field| field.start & MARKED != 0) {
            let start = (field.start & !MARKED) as usize;
            let end = self.squeeze(text, start, (field.end & !MARKED) as usize);
            *field = Field::new(start, end, true);
        }
    }

    fn squeeze(&self, text: &mut [u8], start: usize, end: usize) -> usize {
        let escape = self.signs.escape.or(self.signs.quote);
        let (mut from, mut to) = (start, start);
        while from < end {
            if text.get(from).copied() == escape && from + 1 < end {
                from += 1;
            }
            if let (Some(byte), true) = (text.get(from).copied(), to < end)
                && let Some(place) = text.get_mut(to)
            {
                *place = byte;
            }
            from += 1;
            to += 1;
        }
        to
    }
}

//! Reads the values of a JSON file one at a time, from an array or a plain sequence.

use std::path::Path;

use crate::error::Problem;
use crate::json::{Json, parse};
use crate::share::Piece;
use crate::source::{Opener, Source};

/// The maximum size of a value in bytes.
const MAX_VALUE: usize = 16 << 20;

/// Reads values from a file.
pub struct Values {
    name: String,
    source: Source,
    text: Vec<u8>,
    at: usize,
    line: u64,
    ended: bool,
    array: Option<bool>,
    some: bool,
    /// The number of bytes of text before those in the buffer.
    before: u64,
    /// The position of the last value in the text.
    start: u64,
}

impl Values {
    /// Opens a file.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub fn open(path: &Path, opener: &Opener) -> Result<Self, Problem> {
        Self::open_piece(path, opener, Piece::WHOLE)
    }

    /// Opens a part of a file.
    pub(crate) fn open_piece(path: &Path, opener: &Opener, piece: Piece) -> Result<Self, Problem> {
        let source = opener.open_piece(path, piece)?;
        Ok(Self {
            name: source.name().to_owned(),
            source,
            text: Vec::new(),
            at: 0,
            line: piece.line,
            ended: false,
            array: (!piece.is_first()).then_some(false),
            some: false,
            before: 0,
            start: 0,
        })
    }

    /// Returns the position of the last value in a file of UTF-8 that is read from its start.
    pub(crate) fn start(&self) -> u64 {
        self.source.mark() + self.start
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the next value and its line.
    ///
    /// # Errors
    /// Fails when the file cannot be read or does not contain JSON.
    pub fn next_value(&mut self) -> Result<Option<(u64, Json)>, Problem> {
        let Some(mut byte) = self.skip_space()? else { return self.finish() };
        if self.array.is_none() {
            self.array = Some(byte == b'[');
            if byte == b'[' {
                self.at += 1;
                let Some(next) = self.skip_space()? else { return self.finish() };
                byte = next;
            }
        }
        if self.array == Some(true) {
            if byte == b']' {
                self.at += 1;
                return match self.skip_space()? {
                    None => {
                        self.array = Some(false);
                        Ok(None)
                    }
                    Some(_) => {
                        Err(Problem::at(&self.name, self.line, "text stands after the end of the list"))
                    }
                };
            }
            if self.some {
                if byte != b',' {
                    return Err(Problem::at(
                        &self.name,
                        self.line,
                        "is no JSON: `,` or `]` is expected after a value",
                    ));
                }
                self.at += 1;
                if self.skip_space()?.is_none() {
                    return self.finish();
                }
            }
        }
        self.some = true;
        let end = self.end()?;
        let text = self.text.get(self.at..end).unwrap_or_default();
        let line = self.line;
        self.start = self.before + self.at as u64;
        let value = parse(text).map_err(|wrong| {
            let good = text.get(..wrong.at).unwrap_or_default();
            let lines = good.iter().filter(|byte| **byte == b'\n').count() as u64;
            let last = good.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            let place = String::from_utf8_lossy(last).chars().count() + 1;
            Problem::at(&self.name, line + lines, format!("character {place}: {}", wrong.what))
        })?;
        self.line += text.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = end;
        Ok(Some((line, value)))
    }

    fn finish(&self) -> Result<Option<(u64, Json)>, Problem> {
        if self.array == Some(true) {
            return Err(Problem::at(&self.name, self.line, "the file ends within a list: `]` is missing"));
        }
        Ok(None)
    }

    fn fill(&mut self) -> Result<bool, Problem> {
        if self.ended {
            return Ok(false);
        }
        self.text.drain(..self.at);
        self.before += self.at as u64;
        self.at = 0;
        if self.text.len() > MAX_VALUE {
            let what = format!("a value is longer than {} MiB, or is not closed", MAX_VALUE >> 20);
            return Err(Problem::at(&self.name, self.line, what));
        }
        self.ended = !self.source.read(&mut self.text)?;
        Ok(!self.ended)
    }

    fn skip_space(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            match self.text.get(self.at) {
                Some(b'\n') => {
                    self.line += 1;
                    self.at += 1;
                }
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(Some(*byte)),
                None => {
                    if !self.fill()? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Returns the end of the value that begins here.
    fn end(&mut self) -> Result<usize, Problem> {
        let (mut depth, mut inside, mut escaped, mut seen) = (0_usize, false, false, 0_usize);
        let array = self.array == Some(true);
        loop {
            while let Some(byte) = self.text.get(self.at + seen) {
                if inside {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => inside = false,
                        // The text is not closed on its line. The lines after it do not belong to it.
                        b'\n' => return Ok(self.at + seen),
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => inside = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            if depth == 0 {
                                return Ok(self.at + seen + 1);
                            }
                        }
                        b',' | b']' if depth == 0 && array => return Ok(self.at + seen),
                        b'\n' if depth == 0 => return Ok(self.at + seen),
                        _ => {}
                    }
                }
                seen += 1;
            }
            if !self.fill()? {
                return Ok(self.at + seen);
            }
        }
    }
}

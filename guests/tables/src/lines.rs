//! Finds the rows at which the parts of a CSV file begin. A line end within quotes ends no row.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::Problem;
use crate::marks::{BLOCK, Marks, lines_and_quotes};
use crate::options::{OnBadRow, Options};
use crate::share::Place;
use crate::source::Explain;

/// The number of bytes to read at a time.
const CHUNK: usize = 1 << 20;
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The place of a byte in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Outside of quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// In the rest of a line that is left out, since text follows a closing quote.
    LeftOut,
}

/// The outcome of one quote or line end.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// The next byte is the second of a pair of quotes.
    Pair,
    RowEnd,
    /// The row cannot be read, and none after it.
    Broken,
}

/// Follows the quotes and line ends of a file.
struct Finder {
    delimiter: u8,
    quote: Option<u8>,
    skipping: bool,
    state: State,
    /// Whether a quoted field of this row contains a line end.
    tall: bool,
    line: u64,
}

/// Returns the first row at or after each of the positions, which ascend. Rows before the line `first` do not
/// count. Behind a row that ends the reading of the file, there is no other row.
pub(crate) fn rows_at(
    path: &Path,
    options: &Options,
    explain: Explain,
    first: u64,
    positions: &[u64],
) -> Result<Vec<Place>, Problem> {
    let name = path.display().to_string();
    find(path, options, first, positions)
        .map_err(|error| Problem::at(&name, 0, format!("cannot be read: {}", explain(&error))))
}

fn find(path: &Path, options: &Options, first: u64, positions: &[u64]) -> io::Result<Vec<Place>> {
    let (mut file, begin) = beneath_the_top(path, options.skip)?;
    let size = file.metadata()?.len();
    let mut finder = Finder {
        delimiter: options.delimiter,
        quote: options.quote,
        skipping: options.on_bad_row == OnBadRow::Skip,
        state: State::Plain,
        tall: false,
        line: options.skip + 1,
    };
    let mut marks = Marks::new([b'\n', b'\r', options.quote.unwrap_or(b'\n')]);
    let mut places = Vec::with_capacity(positions.len());
    let (mut text, mut at, mut base) = (Vec::new(), 0_usize, begin);
    loop {
        // The byte before the next one stays: a quote after the end of a field begins one.
        let done = at.saturating_sub(1);
        text.drain(..done);
        (at, base) = (at - done, base + done as u64);
        marks.forget();
        let last = read(&mut file, &mut text)? == 0;
        // The last byte waits for the byte after it.
        let end = text.len().saturating_sub(usize::from(!last));
        // No row that ends before the next position is wanted.
        let next = positions.get(places.len()).map_or(0, |wanted| wanted.saturating_sub(base + 1));
        let next = usize::try_from(next).unwrap_or(usize::MAX).min(end);
        at = finder.pass(text.get(..next).unwrap_or_default(), at);
        while let Some(mark) = Some(marks.next(&text, at)).filter(|mark| *mark < end) {
            at = mark + 1;
            match finder.next(&text, mark) {
                Found::Nothing => {}
                Found::Pair => at += 1,
                Found::RowEnd if finder.line >= first => {
                    let here = Place { at: base + at as u64, line: finder.line };
                    let reached =
                        positions.iter().skip(places.len()).take_while(|wanted| **wanted <= here.at);
                    places.extend(reached.map(|_| here));
                }
                Found::RowEnd => {}
                Found::Broken => places.resize(positions.len(), Place { at: size, line: finder.line }),
            }
            if places.len() == positions.len() {
                return Ok(places);
            }
        }
        at = at.max(end);
        if last {
            places.resize(positions.len(), Place { at: size, line: finder.line });
            return Ok(places);
        }
    }
}

/// Appends the next bytes of a file, and returns their number.
fn read(file: &mut File, text: &mut Vec<u8>) -> io::Result<usize> {
    let known = text.len();
    text.resize(known + CHUNK, 0);
    let read = file.read(text.get_mut(known..).unwrap_or_default())?;
    text.truncate(known + read);
    Ok(read)
}

/// Opens a file behind its byte order mark and the lines before the table.
fn beneath_the_top(path: &Path, skip: u64) -> io::Result<(File, u64)> {
    let mut reader = BufReader::new(File::open(path)?);
    let mark = if reader.fill_buf()?.starts_with(BOM) { BOM.len() } else { 0 };
    reader.consume(mark);
    let mut begin = mark as u64;
    for _ in 0..skip {
        begin += reader.skip_until(b'\n')? as u64;
    }
    let mut file = reader.into_inner();
    file.seek(SeekFrom::Start(begin))?;
    Ok((file, begin))
}

impl Finder {
    /// Passes pieces of the text in which no quote changes the state, and returns their end.
    fn pass(&mut self, text: &[u8], mut at: usize) -> usize {
        while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            let (feeds, returns, quotes) = lines_and_quotes(block, self.quote);
            if quotes != 0 || self.state == State::Plain && returns & !(feeds >> 1) != 0 {
                break;
            }
            if feeds != 0 {
                match self.state {
                    State::Plain => self.tall = false,
                    State::Quoted => self.tall = true,
                    State::LeftOut => break,
                }
                self.line += u64::from(feeds.count_ones());
            }
            at += BLOCK;
        }
        at
    }

    /// Takes the quote or line end at `at`. A row begins at the start of the text.
    fn next(&mut self, text: &[u8], at: usize) -> Found {
        let (sign, after) = (text.get(at).copied(), text.get(at + 1).copied());
        let before = at.checked_sub(1).and_then(|before| text.get(before).copied());
        match (self.state, sign) {
            (State::Quoted, Some(b'\n')) => {
                self.line += 1;
                self.tall = true;
                Found::Nothing
            }
            (State::Quoted, sign) if sign == self.quote => self.closing(after),
            (State::Plain | State::LeftOut, Some(b'\n')) => self.row_end(),
            (State::Plain, Some(b'\r')) if after != Some(b'\n') => self.row_end(),
            (State::Plain, sign) if sign == self.quote && before.is_none_or(|before| self.ends(before)) => {
                self.state = State::Quoted;
                Found::Nothing
            }
            _ => Found::Nothing,
        }
    }

    fn closing(&mut self, after: Option<u8>) -> Found {
        match after {
            after if after == self.quote => Found::Pair,
            Some(after) if !self.ends(after) => {
                self.state = State::LeftOut;
                if self.skipping && !self.tall { Found::Nothing } else { Found::Broken }
            }
            _ => {
                self.state = State::Plain;
                Found::Nothing
            }
        }
    }

    fn row_end(&mut self) -> Found {
        self.line += 1;
        self.tall = false;
        self.state = State::Plain;
        Found::RowEnd
    }

    /// Returns whether a byte ends a field.
    fn ends(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }
}

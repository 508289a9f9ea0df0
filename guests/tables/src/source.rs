//! Reads a file as UTF-8 text: decompressed, decoded, and without a byte order mark.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::error::Problem;
use crate::share::Piece;

/// The number of bytes to read at a time.
const CHUNK: usize = 1 << 20;

/// Counts the bytes read from the file itself.
pub type Meter = std::sync::Arc<dyn Fn(u64) + Send + Sync>;

/// Explains in plain words why the system failed to open or read a file.
pub type Explain = fn(&io::Error) -> String;

/// The way to open files.
#[derive(Clone)]
pub struct Opener {
    /// The encoding that the job declares, if any.
    pub encoding: Option<&'static Encoding>,
    /// Receives the number of bytes read.
    pub meter: Meter,
    /// Explains system errors in plain words.
    pub explain: Explain,
}

/// A file that is read as text.
pub struct Source {
    name: String,
    bytes: Box<dyn Read + Send>,
    explain: Explain,
    decoder: Option<Decoder>,
    encoding: &'static Encoding,
    declared: bool,
    raw: Vec<u8>,
    pending: usize,
    line: u64,
    done: bool,
    packed: Option<&'static str>,
    /// The number of bytes of the byte order mark.
    mark: u64,
}

/// The bytes of a file, or of a part of it.
type Bytes = BufReader<io::Take<Metered>>;

struct Metered(File, Meter);

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        (self.1)(read as u64);
        Ok(read)
    }
}

/// A sequence of zstd frames.
struct Frames<R: Read>(Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>);

impl Read for Frames<Bytes> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.0 else { return Ok(0) };
            let read = frame.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(done) = self.0.take() else { return Ok(0) };
            let mut rest = done.into_inner();
            if !io::BufRead::fill_buf(&mut rest)?.is_empty() {
                self.0 = Some(StreamingDecoder::new(rest).map_err(io::Error::other)?);
            }
        }
    }
}

/// Returns the encoding for a name in a job.
pub fn encoding(name: &str) -> Option<&'static Encoding> {
    let plain = name.trim().to_ascii_lowercase().replace('_', "-");
    let plain = match plain.as_str() {
        "utf-16" => "utf-16le",
        "cp1252" | "windows1252" | "ansi" => "windows-1252",
        "latin1" | "latin-1" | "iso8859-1" => "iso-8859-1",
        other => other,
    };
    let found = Encoding::for_label(plain.as_bytes())?;
    let single = found.is_single_byte() || found == UTF_8 || found == UTF_16LE || found == UTF_16BE;
    single.then_some(found)
}

impl Opener {
    /// Opens a file.
    ///
    /// # Errors
    /// Fails when the file cannot be opened or has an unknown compression.
    pub fn open(&self, path: &Path) -> Result<Source, Problem> {
        self.open_piece(path, Piece::WHOLE)
    }

    /// Opens a part of a file. A part that does not begin with the file begins with a row.
    pub(crate) fn open_piece(&self, path: &Path, piece: Piece) -> Result<Source, Problem> {
        let name = path.display().to_string();
        let wrong =
            |error: io::Error| Problem::at(&name, 0, format!("cannot be read: {}", (self.explain)(&error)));
        let mut file = File::open(path).map_err(wrong)?;
        let packing = match piece.is_first() {
            true => packing(&magic(&mut file).map_err(wrong)?, &name)?,
            false => None,
        };
        file.seek(SeekFrom::Start(piece.start)).map_err(wrong)?;
        let metered = Metered(file, self.meter.clone()).take(piece.end.saturating_sub(piece.start));
        let metered: Bytes = BufReader::with_capacity(256 << 10, metered);
        let bytes: Box<dyn Read + Send> = match packing {
            None => Box::new(metered),
            Some("gzip") => Box::new(MultiGzDecoder::new(metered)),
            Some(_) => Box::new(Frames(Some(
                StreamingDecoder::new(metered)
                    .map_err(|_| Problem::at(&name, 0, "the zstd frame cannot be read"))?,
            ))),
        };
        let encoding = self.encoding.unwrap_or(UTF_8);
        Ok(Source {
            name,
            bytes,
            explain: self.explain,
            decoder: (!piece.is_first()).then(|| encoding.new_decoder_without_bom_handling()),
            encoding,
            declared: self.encoding.is_some(),
            raw: vec![0; CHUNK],
            pending: 0,
            line: piece.line,
            done: false,
            packed: packing,
            mark: 0,
        })
    }

    /// Returns the same way to open files, without counting their bytes.
    pub(crate) fn quiet(&self) -> Self {
        Self { meter: std::sync::Arc::new(|_| {}), ..self.clone() }
    }
}

/// Reads the first bytes of a file.
fn magic(file: &mut File) -> io::Result<Vec<u8>> {
    let mut magic = Vec::new();
    file.take(6).read_to_end(&mut magic)?;
    Ok(magic)
}

/// Detects the compression of a file from its first bytes. The extension must agree.
fn packing(magic: &[u8], name: &str) -> Result<Option<&'static str>, Problem> {
    let refused = |what: &str| {
        let fix = "unpack it with `file_operation` (`operation: extract`), or write it as gzip or zstd";
        Err(Problem::at(name, 0, format!("is packed with {what}, which this step does not read: {fix}")))
    };
    let found = match magic {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some("zstd"),
        [b'P', b'K', 3, 4, ..] => return refused("zip"),
        [b'B', b'Z', b'h', ..] => return refused("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => return refused("xz"),
        [b'P', b'A', b'R', b'1', ..] => {
            return Err(Problem::config(name, "is a Parquet file: write `format: parquet`"));
        }
        _ => None,
    };
    let lower = name.to_ascii_lowercase();
    let says = [(".gz", "gzip"), (".zst", "zstd")];
    match says.iter().find(|(end, _)| lower.ends_with(end)) {
        Some((end, says)) if found != Some(*says) && !magic.is_empty() => Err(Problem::at(
            name,
            0,
            format!("its name ends in `{end}`, but it is not a {says} file: rename it"),
        )),
        _ => Ok(found),
    }
}

impl Source {
    /// Returns the name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the compression of the file.
    pub(crate) fn packed(&self) -> Option<&'static str> {
        self.packed
    }

    /// Returns the encoding, which is known after the first piece of text.
    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// Returns the number of bytes of the byte order mark, which is known after the first piece of text.
    pub(crate) fn mark(&self) -> u64 {
        self.mark
    }

    /// Appends the next piece of text. Returns false at the end.
    ///
    /// # Errors
    /// Fails when the file cannot be read or has bytes that are invalid in its encoding.
    pub fn read(&mut self, into: &mut Vec<u8>) -> Result<bool, Problem> {
        if self.done {
            return Ok(false);
        }
        let first = self.decoder.is_none();
        let mut filled = self.pending;
        // The first piece must be longer than a byte order mark, even if the system returns fewer bytes
        // at a time.
        loop {
            let room = self.raw.get_mut(filled..).unwrap_or_default();
            let read = self.bytes.read(room).map_err(|error| self.failed(&error))?;
            filled += read;
            self.done = read == 0;
            if self.done || filled >= 4 {
                break;
            }
        }
        let mut start = 0;
        if first {
            start = self.begin(filled)?;
        }
        let raw = std::mem::take(&mut self.raw);
        let result = self.decode(raw.get(start..filled).unwrap_or_default(), into);
        self.raw = raw;
        let used = result?;
        let rest = start + used..filled;
        self.pending = rest.len();
        self.raw.copy_within(rest, 0);
        if self.done && self.pending > 0 {
            return Err(self.invalid(self.line, 0, &[]));
        }
        Ok(true)
    }

    fn failed(&self, error: &io::Error) -> Problem {
        let what = match self.packed {
            Some(packing) if error.raw_os_error().is_none() => {
                format!("the {packing} data is damaged or cut short")
            }
            _ => format!("cannot be read: {}", (self.explain)(error)),
        };
        Problem::at(&self.name, 0, what)
    }

    /// Checks for a byte order mark and returns the start of the text.
    fn begin(&mut self, filled: usize) -> Result<usize, Problem> {
        let head = self.raw.get(..filled).unwrap_or_default();
        let found = Encoding::for_bom(head);
        if let Some((encoding, length)) = found {
            if self.declared && encoding != self.encoding {
                return Err(Problem::config(
                    &self.name,
                    format!(
                        "the file begins with the byte order mark of {0}, but `encoding` says {1}: write `encoding: {2}`",
                        encoding.name(),
                        self.encoding.name(),
                        encoding.name().to_ascii_lowercase()
                    ),
                ));
            }
            self.encoding = encoding;
            self.mark = length as u64;
            self.decoder = Some(encoding.new_decoder_without_bom_handling());
            return Ok(length);
        }
        if !self.declared
            && let Some(name) = wide_encoding(head)
        {
            return Err(Problem::config(
                &self.name,
                format!("the file is no UTF-8; it looks like UTF-16: write `encoding: {name}`"),
            ));
        }
        self.decoder = Some(self.encoding.new_decoder_without_bom_handling());
        Ok(0)
    }

    /// Decodes bytes and returns the number of bytes consumed.
    fn decode(&mut self, raw: &[u8], into: &mut Vec<u8>) -> Result<usize, Problem> {
        if self.encoding == UTF_8 {
            let valid = match valid(raw) {
                (valid, Validity::Whole) => valid,
                (valid, Validity::CutOff) if !self.done => valid,
                (valid, _) => {
                    let (good, bad) = raw.split_at_checked(valid).unwrap_or_default();
                    let (lines, column) = place(good);
                    return Err(self.invalid(self.line + lines, column, bad));
                }
            };
            let good = raw.get(..valid).unwrap_or_default();
            self.line += newlines(good);
            into.extend_from_slice(good);
            return Ok(valid);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(raw.len()) };
        let start = into.len();
        let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len().saturating_mul(3) + 16);
        into.resize(start + room, 0);
        let target = into.get_mut(start..).unwrap_or_default();
        let (result, read, written, had_errors) = decoder.decode_to_utf8(raw, target, self.done);
        into.truncate(start + written);
        let text = into.get(start..).unwrap_or_default();
        if had_errors || result == CoderResult::OutputFull {
            let good = find_replacement(text);
            let (lines, column) = place(good);
            return Err(self.invalid(self.line + lines, column, &[]));
        }
        self.line += newlines(text);
        Ok(read)
    }

    fn invalid(&self, line: u64, column: usize, bad: &[u8]) -> Problem {
        let place = if column > 0 { format!("character {column}: ") } else { String::new() };
        let what = match bad.first() {
            Some(byte) => format!("the byte 0x{byte:02X} is no {}", self.encoding.name()),
            None => format!("the text is no {}, or ends within a character", self.encoding.name()),
        };
        let fix = if self.encoding == UTF_8 {
            "write the encoding that the file has, `encoding: windows-1252` for files of older Windows programs"
        } else {
            "write another `encoding`"
        };
        Problem::at(&self.name, line, format!("{place}{what}; {fix}"))
    }
}

/// The reason why the valid part of a text ends.
#[derive(Debug, PartialEq, Eq)]
enum Validity {
    /// The text ends.
    Whole,
    /// The text ends within a character.
    CutOff,
    /// The next bytes are not a character.
    Invalid,
}

/// Returns the length of the valid UTF-8 at the start of a text. It skips ASCII quickly.
fn valid(text: &[u8]) -> (usize, Validity) {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let piece = rest.get(..rest.len().min(1 << 10)).unwrap_or_default();
        if piece.is_empty() {
            return (at, Validity::Whole);
        }
        if piece.iter().fold(0, |all, byte| all | byte) < 0x80 {
            at += piece.len();
            continue;
        }
        match std::str::from_utf8(piece) {
            Ok(_) => at += piece.len(),
            Err(error) if error.error_len().is_some() => {
                return (at + error.valid_up_to(), Validity::Invalid);
            }
            Err(error) if piece.len() == rest.len() => return (at + error.valid_up_to(), Validity::CutOff),
            Err(error) => at += error.valid_up_to(),
        }
    }
}

/// Detects UTF-16 without a byte order mark by its zero bytes.
fn wide_encoding(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..head.len().min(64) & !1)?;
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count() * 2;
    let most = head.len() * 3 / 4;
    match head.len() {
        0..4 => None,
        _ if zeros(1) > most => Some("utf-16le"),
        _ if zeros(0) > most => Some("utf-16be"),
        _ => None,
    }
}

fn find_replacement(text: &[u8]) -> &[u8] {
    let at = text.windows(3).position(|window| window == "\u{fffd}".as_bytes());
    text.get(..at.unwrap_or(text.len())).unwrap_or_default()
}

fn newlines(text: &[u8]) -> u64 {
    text.chunks(128)
        .map(|chunk| u64::from(chunk.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>()))
        .sum()
}

/// Returns the number of lines before the end of a text, and the character position there.
fn place(text: &[u8]) -> (u64, usize) {
    let lines = newlines(text);
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    (lines, String::from_utf8_lossy(last).chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_valid_as_far_as_rust_says() {
        for character in ["é", "€", "🦀"] {
            for before in [0, 1, 1020, 1021, 1022, 1023, 1024, 3000] {
                let mut text = "a".repeat(before).into_bytes();
                text.extend_from_slice(character.as_bytes());
                text.extend_from_slice("b".repeat(1500).as_bytes());
                assert_eq!(valid(&text), (text.len(), Validity::Whole));
                let cut = before + character.len() - 1;
                assert_eq!(valid(&text[..cut]), (before, Validity::CutOff), "{character} {before}");
                text[cut] = b'!';
                assert_eq!(valid(&text), (before, Validity::Invalid), "{character} {before}");
            }
        }
    }
}

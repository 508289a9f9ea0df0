//! Tables written as text: CSV in a dialect, packed where the name of the file says so.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 << 10;

/// A file of text, packed with gzip where its name ends in `.gz`.
pub enum Output {
    /// As it is.
    Plain(BufWriter<File>),
    /// With gzip.
    Packed(Box<GzEncoder<BufWriter<File>>>),
}

impl Output {
    /// Creates a file, with the directories above it.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            // Mounts exist; only what is below them is to be made.
            let _ = std::fs::create_dir_all(parent);
        }
        let file = BufWriter::with_capacity(BUFFER, File::create(path)?);
        Ok(match is_packed(&path.to_string_lossy()) {
            true => Self::Packed(Box::new(GzEncoder::new(file, Compression::default()))),
            false => Self::Plain(file),
        })
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Packed(file) => file.finish()?.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Packed(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Packed(file) => file.flush(),
        }
    }
}

/// Whether the name of a file asks for gzip.
pub fn is_packed(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".gz")
}

/// How a CSV file is written.
#[derive(Debug, Clone)]
pub struct Style {
    /// Between values.
    pub delimiter: u8,
    /// Around values that need it.
    pub quote: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// What stands for NULL.
    pub null: String,
}

impl Default for Style {
    fn default() -> Self {
        Self { delimiter: b',', quote: b'"', header: true, null: String::new() }
    }
}

/// Writes rows of CSV.
pub struct CsvWriter<W> {
    into: W,
    style: Style,
    line: Vec<u8>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header, where the style has one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new<'n>(into: W, style: Style, names: impl Iterator<Item = &'n str>) -> io::Result<Self> {
        let mut writer = Self { into, style, line: Vec::new() };
        if writer.style.header {
            writer.row(names.map(Some))?;
        }
        Ok(writer)
    }

    /// Writes a row; none is NULL. A text that would be read as NULL stands in quotes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl Iterator<Item = Option<T>>) -> io::Result<()> {
        let Style { delimiter, quote, null, .. } = &self.style;
        self.line.clear();
        for (i, cell) in cells.enumerate() {
            if i > 0 {
                self.line.push(*delimiter);
            }
            let Some(cell) = cell else {
                self.line.extend_from_slice(null.as_bytes());
                continue;
            };
            let cell = cell.as_ref().as_bytes();
            let special = |byte: &u8| matches!(byte, b'\n' | b'\r') || byte == delimiter || byte == quote;
            let bare = !cell.is_empty()
                && cell != null.as_bytes()
                && !cell.iter().any(special)
                && !cell.starts_with("\u{feff}".as_bytes());
            if bare {
                self.line.extend_from_slice(cell);
                continue;
            }
            self.line.push(*quote);
            for byte in cell {
                if byte == quote {
                    self.line.push(*quote);
                }
                self.line.push(*byte);
            }
            self.line.push(*quote);
        }
        self.line.push(b'\n');
        self.into.write_all(&self.line)
    }

    /// What it writes into.
    pub fn into_inner(self) -> W {
        self.into
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_they_would_be_read_otherwise() {
        let row = [Some("a"), None, Some(""), Some("x;\"y\""), Some("NA"), Some("1,5"), Some("two\nlines")];
        for (style, written) in [
            (Style::default(), "a,,\"\",\"x;\"\"y\"\"\",NA,\"1,5\",\"two\nlines\"\n"),
            (
                Style { delimiter: b';', quote: b'\'', header: false, null: "NA".to_owned() },
                "a;NA;'';'x;\"y\"';'NA';1,5;'two\nlines'\n",
            ),
        ] {
            let style = Style { header: false, ..style };
            let mut writer = CsvWriter::new(Vec::new(), style, std::iter::empty()).unwrap();
            writer.row(row.into_iter()).unwrap();
            assert_eq!(String::from_utf8(writer.into_inner()).unwrap(), written);
        }
        let named = CsvWriter::new(Vec::new(), Style::default(), ["a", "b,c"].into_iter()).unwrap();
        assert_eq!(named.into_inner(), b"a,\"b,c\"\n");
    }
}

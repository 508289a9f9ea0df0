//! Writes tables as text: CSV in a dialect, compressed if the file name asks for it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The number of bytes to collect before a write.
const BUFFER: usize = 256 << 10;

/// An output file, compressed with gzip if its name ends in `.gz`. A file that is not completed is removed.
pub struct Output {
    path: PathBuf,
    /// `None` after the file is complete.
    file: Option<Stream>,
}

enum Stream {
    Plain(BufWriter<File>),
    Packed(Box<GzEncoder<BufWriter<File>>>),
}

impl Output {
    /// Creates a file and the directories above it.
    ///
    /// # Errors
    /// Fails when the file cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            // Mounts exist already; create only the directories below them.
            let _ = std::fs::create_dir_all(parent);
        }
        let file = BufWriter::with_capacity(BUFFER, File::create(path)?);
        let stream = match is_packed(&path.to_string_lossy()) {
            true => Stream::Packed(Box::new(GzEncoder::new(file, Compression::default()))),
            false => Stream::Plain(file),
        };
        Ok(Self { path: path.to_owned(), file: Some(stream) })
    }

    /// Completes the file.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        let done = match self.file.take() {
            Some(Stream::Plain(mut file)) => file.flush(),
            Some(Stream::Packed(file)) => file.finish().and_then(|mut file| file.flush()),
            None => Ok(()),
        };
        if done.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        done
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Part of a file must not look like a result. The directory may be gone already.
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(Stream::Plain(file)) => file.write(bytes),
            Some(Stream::Packed(file)) => file.write(bytes),
            None => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(Stream::Plain(file)) => file.flush(),
            Some(Stream::Packed(file)) => file.flush(),
            None => Ok(()),
        }
    }
}

/// Returns whether the file name asks for gzip.
pub fn is_packed(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".gz")
}

/// The style of a CSV file.
#[derive(Debug, Clone)]
pub struct Style {
    /// The separator between values.
    pub delimiter: u8,
    /// The quote character around values that need it.
    pub quote: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The text for NULL.
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
    /// Creates a writer and writes the header if the style has one.
    ///
    /// # Errors
    /// Fails when the header cannot be written.
    pub fn new<'n>(into: W, style: Style, names: impl Iterator<Item = &'n str>) -> io::Result<Self> {
        let mut writer = Self { into, style, line: Vec::new() };
        if writer.style.header {
            writer.row(names.map(Some))?;
        }
        Ok(writer)
    }

    /// Writes a row; `None` is NULL. Text that would read back as NULL is quoted.
    ///
    /// # Errors
    /// Fails when the row cannot be written.
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

    /// Returns the underlying writer.
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

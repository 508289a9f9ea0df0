//! Opens Parquet files, and finds the damaged column of a damaged file.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::ConvertedType;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::Problem;
use crate::source::Explain;

/// The first and the last bytes of a Parquet file.
const MAGIC: &[u8] = b"PAR1";
/// The minimum size of a file: both magics and the length of the metadata.
const SHORTEST: u64 = 12;

/// A file with random access. (WASI cannot open a file twice by its handle, as Parquet's own reader does.)
pub struct Pieces {
    file: Arc<Mutex<File>>,
    length: u64,
}

/// A Parquet file whose metadata has been read.
pub type Parquet = ParquetRecordBatchReaderBuilder<Pieces>;

/// Opens a Parquet file.
///
/// # Errors
/// Fails when the file cannot be read or is not a Parquet file.
pub fn open_parquet(path: &Path, explain: Explain) -> Result<Parquet, Problem> {
    let name = path.display().to_string();
    let wrong = |error: io::Error| Problem::at(&name, 0, format!("cannot be read: {}", explain(&error)));
    let mut file = File::open(path).map_err(wrong)?;
    let length = file.metadata().map_err(wrong)?.len();
    let mut ends = [[0; 4]; 2];
    if length >= SHORTEST {
        let [head, tail] = &mut ends;
        file.read_exact(head).map_err(wrong)?;
        file.seek(SeekFrom::End(-4)).map_err(wrong)?;
        file.read_exact(tail).map_err(wrong)?;
    }
    match ends {
        [_, tail] if tail == *b"PARE" => {
            Err(Problem::at(&name, 0, "is encrypted, which this step does not read"))
        }
        [head, _] if head != MAGIC => {
            let what = "is no Parquet file: write the `format` that it has";
            Err(Problem::at(&name, 0, what))
        }
        [_, tail] if tail != MAGIC => Err(Problem::at(&name, 0, "is cut short: its end is missing")),
        _ => {
            let pieces = Pieces { file: Arc::new(Mutex::new(file)), length };
            let file =
                Parquet::try_new(pieces).map_err(|error| Problem::at(&name, 0, words(&error, explain)))?;
            check(&file).map_err(|(column, what)| Problem::at(&name, 0, what).in_column(&column))?;
            Ok(file)
        }
    }
}

/// Refuses columns that the library does not read as they are: of two with one name it drops one, and it drops the months of
/// an INTERVAL.
fn check(file: &Parquet) -> Result<(), (String, String)> {
    let schema = file.parquet_schema();
    let mut names = HashSet::new();
    for field in schema.root_schema().get_fields() {
        if !names.insert(field.name()) {
            let what = "appears twice in the file: write it with a name for each column";
            return Err((field.name().to_owned(), what.to_owned()));
        }
    }
    let intervals = schema.columns().iter().find(|column| column.converted_type() == ConvertedType::INTERVAL);
    match intervals {
        Some(column) => {
            let what =
                "is an INTERVAL, whose months this step does not read: write it as text, or as numbers";
            Err((column.path().string(), what.to_owned()))
        }
        None => Ok(()),
    }
}

/// Explains why an open file could not be read to its end, and names the first damaged column if there
/// is one.
pub fn parquet_fault(path: &Path, explain: Explain) -> Option<Problem> {
    let name = path.display().to_string();
    let builder = match open_parquet(path, explain) {
        Ok(builder) => builder,
        Err(problem) => return Some(problem),
    };
    let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    for (place, column) in names.iter().enumerate() {
        let builder = match open_parquet(path, explain) {
            Ok(builder) => builder,
            Err(problem) => return Some(problem),
        };
        let mask = ProjectionMask::roots(builder.parquet_schema(), [place]);
        let refusal = |what: String| Some(Problem::at(&name, 0, what).in_column(column));
        let reader = match builder.with_projection(mask).build() {
            Ok(reader) => reader,
            Err(error) => return refusal(words(&error, explain)),
        };
        if let Some(error) = reader.filter_map(Result::err).next() {
            return refusal(plain(&error.to_string()));
        }
    }
    None
}

/// Describes the problem of a file without the terms of the library.
fn words(error: &ParquetError, explain: Explain) -> String {
    if let ParquetError::External(inner) = error
        && let Some(of_file) =
            inner.downcast_ref::<io::Error>().filter(|error| error.raw_os_error().is_some())
    {
        return format!("cannot be read: {}", explain(of_file));
    }
    plain(&error.to_string())
}

fn plain(said: &str) -> String {
    let said = said.to_ascii_lowercase();
    let packings = ["brotli", "gzip", "flate2", "lzo", "zstd", "lz4", "snap"];
    let lacks =
        said.contains("disabled feature") || said.contains("not supported") || said.contains("unsupported");
    match packings.iter().find(|packing| lacks && said.contains(*packing)) {
        Some(packing) => {
            let packing = if *packing == "flate2" { "gzip" } else { packing };
            format!(
                "is packed with {packing}, which this step does not read: write it with snappy, zstd or lz4"
            )
        }
        None if said.contains("encrypt") => "is encrypted, which this step does not read".to_owned(),
        None if lacks || said.contains("not yet implemented") => {
            "uses a part of Parquet that this step does not read: write it with another program".to_owned()
        }
        None => "the data are damaged: write the file again".to_owned(),
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Pieces {
    type T = BufReader<Piece>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(Piece { file: self.file.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // Damaged metadata may ask for more bytes than the file has.
        if start.saturating_add(length as u64) > self.length {
            return Err(ParquetError::EOF("a piece beyond the end of the file".to_owned()));
        }
        let mut bytes = vec![0; length];
        Piece { file: self.file.clone(), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// The part of the file from a position to the end.
pub struct Piece {
    file: Arc<Mutex<File>>,
    at: u64,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;

    fn written() -> Vec<u8> {
        let texts: Vec<String> = (0..5000).map(|n| format!("text {n} {}", n * 7919 % 5000)).collect();
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from_iter_values(0..5000)) as _),
            ("t", Arc::new(StringArray::from(texts)) as _),
        ])
        .unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn a_damaged_file_is_named_with_its_column() {
        let good = written();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        let explain: Explain = |error| error.kind().to_string();
        let mut second = good.clone();
        // The pages of the second column are stored before the metadata.
        let middle = second.len() * 3 / 4;
        second[middle..middle + 400].fill(0xff);
        let mut footer = good.clone();
        let end = footer.len() - 60;
        footer[end..end + 40].fill(0xff);
        for (content, said) in [
            (good.clone(), ""),
            (b"a,b\n1,2\n3,4\n5,6\n".to_vec(), "t.parquet: is no Parquet file"),
            (b"PAR1".to_vec(), "t.parquet: is no Parquet file"),
            (good[..good.len() / 2].to_vec(), "t.parquet: is cut short"),
            (second, "t.parquet, column `t`: the data are damaged"),
            (footer, "t.parquet: the data are damaged"),
        ] {
            std::fs::write(&path, content).unwrap();
            let found = parquet_fault(&path, explain).map_or_else(String::new, |problem| problem.to_string());
            assert!(found.contains(said) && found.is_empty() == said.is_empty(), "{found}\n  {said}");
        }
    }
}

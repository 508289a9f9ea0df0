//! Files that rows are written to, batch by batch.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use stepwell_sdk::Failure;
use stepwell_sdk::sql::{Column, ColumnBatch, Value};

use crate::config::{Format, OutputSpec};
use crate::parquet_file::ParquetFile;
use crate::run::place;
use crate::table::{json_row, text};

/// A file that takes rows.
pub struct Sink {
    path: PathBuf,
    columns: Vec<Column>,
    writer: Writer,
}

enum Writer {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Ndjson(BufWriter<File>),
    Parquet(Box<ParquetFile>),
}

impl Sink {
    /// Opens the file, with the directories above it.
    pub fn open(spec: &OutputSpec, columns: &[Column]) -> Result<Self, Failure> {
        let path = place(&spec.path);
        if let Some(parent) = path.parent() {
            // Mounts exist; only what is below them is to be made.
            let _ = fs::create_dir_all(parent);
        }
        let file = File::create(&path).map_err(|error| {
            Failure::denied(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::why(&error)))
        })?;
        let file = BufWriter::with_capacity(256 << 10, file);
        let writer = match spec.format() {
            Some(Format::Csv) => {
                let mut writer = csv::WriterBuilder::new().from_writer(file);
                writer.write_record(columns.iter().map(|column| &column.name)).map_err(|e| failed(&e))?;
                Writer::Csv(Box::new(writer))
            }
            Some(Format::Ndjson) => Writer::Ndjson(file),
            Some(Format::Parquet) | None => Writer::Parquet(Box::new(ParquetFile::new(file, columns))),
        };
        Ok(Self { path, columns: columns.to_vec(), writer })
    }

    /// Whether it keeps columns together.
    pub fn takes_columns(&self) -> bool {
        matches!(self.writer, Writer::Parquet(_))
    }

    /// Appends rows, given by columns.
    pub fn write_columns(&mut self, columns: Vec<ColumnBatch>) -> Result<(), Failure> {
        match &mut self.writer {
            Writer::Parquet(file) => file.write_columns(columns),
            Writer::Csv(_) | Writer::Ndjson(_) => {
                Err(Failure::failed("cannot write the output: the file takes rows"))
            }
        }
    }

    /// Appends rows.
    pub fn write(&mut self, rows: Vec<Vec<Value>>) -> Result<(), Failure> {
        match &mut self.writer {
            Writer::Csv(writer) => rows
                .iter()
                .try_for_each(|row| writer.write_record(row.iter().map(text)))
                .map_err(|e| failed(&e)),
            Writer::Ndjson(file) => rows
                .iter()
                .try_for_each(|row| writeln!(file, "{}", json_row(&self.columns, row)))
                .map_err(|e| failed(&e)),
            Writer::Parquet(file) => file.write(rows),
        }
    }

    /// Completes the file; its path.
    pub fn close(self) -> Result<String, Failure> {
        match self.writer {
            Writer::Csv(mut writer) => writer.flush().map_err(|e| failed(&e))?,
            Writer::Ndjson(mut file) => file.flush().map_err(|e| failed(&e))?,
            Writer::Parquet(file) => file.close()?,
        }
        Ok(self.path.display().to_string())
    }
}

/// Why the output cannot be written.
pub fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write the output: {}", stepwell_sdk::files::said(error)))
}

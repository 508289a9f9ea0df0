//! Writes rows to files, batch by batch.

use std::io::Write;
use std::path::PathBuf;

use stepwell_sdk::Failure;
use stepwell_sdk::sql::{Column, ColumnBatch, Value};
use tables::{CsvWriter, Output};

use crate::config::{Format, OutputSpec};
use crate::parquet_file::ParquetFile;
use crate::run::place;
use crate::table::{json_row, text};

/// An output file for rows.
pub struct Sink {
    path: PathBuf,
    columns: Vec<Column>,
    writer: Writer,
}

enum Writer {
    Csv(Box<CsvWriter<Output>>),
    Ndjson(Output),
    Parquet(Box<ParquetFile>),
}

impl Sink {
    /// Opens the file and creates the directories above it.
    pub fn open(spec: &OutputSpec, columns: &[Column]) -> Result<Self, Failure> {
        let path = place(&spec.path);
        let file = Output::create(&path).map_err(|error| {
            Failure::denied(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::why(&error)))
        })?;
        let writer = match spec.format() {
            Some(Format::Csv) => {
                let names = columns.iter().map(|column| column.name.as_str());
                let writer = CsvWriter::new(file, spec.style(), names).map_err(|e| failed(&e))?;
                Writer::Csv(Box::new(writer))
            }
            Some(Format::Ndjson) => Writer::Ndjson(file),
            Some(Format::Parquet | Format::Json) | None => {
                Writer::Parquet(Box::new(ParquetFile::new(file, columns)))
            }
        };
        Ok(Self { path, columns: columns.to_vec(), writer })
    }

    /// Returns whether the format is columnar.
    pub fn takes_columns(&self) -> bool {
        matches!(self.writer, Writer::Parquet(_))
    }

    /// Appends rows in column form.
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
        let cell = |value: &Value| (!matches!(value, Value::Null)).then(|| text(value));
        match &mut self.writer {
            Writer::Csv(writer) => {
                rows.iter().try_for_each(|row| writer.row(row.iter().map(cell))).map_err(|e| failed(&e))
            }
            Writer::Ndjson(file) => rows
                .iter()
                .try_for_each(|row| writeln!(file, "{}", json_row(&self.columns, row)))
                .map_err(|e| failed(&e)),
            Writer::Parquet(file) => file.write(rows),
        }
    }

    /// Completes the file and returns its path.
    pub fn close(self) -> Result<String, Failure> {
        match self.writer {
            Writer::Csv(writer) => writer.into_inner().finish().map_err(|e| failed(&e))?,
            Writer::Ndjson(file) => file.finish().map_err(|e| failed(&e))?,
            Writer::Parquet(file) => file.close()?,
        }
        Ok(self.path.display().to_string())
    }
}

/// Explains why the step cannot write the output.
pub fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write the output: {}", stepwell_sdk::files::said(error)))
}

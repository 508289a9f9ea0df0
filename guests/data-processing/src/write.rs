//! Where the rows of a result go: a file, or the step's output.

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::json::{ArrayWriter, LineDelimitedWriter};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use stepwell_sdk::Failure;
use stepwell_sdk::prelude::serde_json;

use crate::config::{Format, OutputSpec};
use crate::paths;

/// Memory that the Parquet writer may hold before it writes out a row group.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// Takes the batches of one result.
pub enum Sink {
    /// CSV with a header line.
    Csv(csv::Writer<BufWriter<File>>),
    /// One JSON object a line.
    Ndjson(LineDelimitedWriter<BufWriter<File>>),
    /// Parquet with snappy.
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
    /// The step's own output.
    Rows { json: Vec<u8>, rows: usize, max_rows: usize },
}

impl Sink {
    /// Opens the output file, with the directories above it.
    pub fn file(spec: &OutputSpec, schema: &SchemaRef) -> Result<Self, Failure> {
        let path = paths::absolute(&spec.path);
        let cannot = |error: std::io::Error| {
            Failure::denied(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::why(&error)))
        };
        if let Some(parent) = path.parent() {
            // Mounts exist; only what is below them is to be made.
            let _ = fs::create_dir_all(parent);
        }
        let file = BufWriter::with_capacity(256 << 10, File::create(&path).map_err(cannot)?);
        match spec.format() {
            Some(Format::Csv) => Ok(Self::Csv(csv::Writer::new(file))),
            Some(Format::Ndjson) => Ok(Self::Ndjson(LineDelimitedWriter::new(file))),
            Some(Format::Parquet) => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                ArrowWriter::try_new(file, schema.clone(), Some(properties))
                    .map(|writer| Self::Parquet(Box::new(writer)))
                    .map_err(|e| failed(&e))
            }
            Some(Format::Json) | None => Err(Failure::invalid_config("output: write csv, ndjson or parquet")),
        }
    }

    /// Collects the rows as the step's output.
    pub fn rows(max_rows: usize) -> Self {
        Self::Rows { json: Vec::new(), rows: 0, max_rows }
    }

    /// Takes one batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        match self {
            Self::Csv(writer) => writer.write(batch).map_err(|e| failed(&e)),
            Self::Ndjson(writer) => writer.write(batch).map_err(|e| failed(&e)),
            Self::Parquet(writer) => {
                writer.write(batch).map_err(|e| failed(&e))?;
                if writer.memory_size() > ROW_GROUP_BYTES {
                    writer.flush().map_err(|e| failed(&e))?;
                }
                Ok(())
            }
            Self::Rows { json, rows, max_rows } => {
                *rows += batch.num_rows();
                if *rows > *max_rows {
                    return Err(Failure::failed(format!(
                        "the query gives more than {max_rows} rows: name a file under `output`, add LIMIT, or raise `max_rows`"
                    )));
                }
                let mut writer = ArrayWriter::new(Vec::new());
                writer.write(batch).and_then(|()| writer.finish()).map_err(|e| failed(&e))?;
                let batch = writer.into_inner();
                // `[a,b]` and `[c]` become `a,b,c`; the brackets come at the end.
                let inner = batch.strip_prefix(b"[").and_then(|b| b.strip_suffix(b"]")).unwrap_or_default();
                if !inner.is_empty() {
                    if !json.is_empty() {
                        json.push(b',');
                    }
                    json.extend_from_slice(inner);
                }
                Ok(())
            }
        }
    }

    /// Completes the output; the rows, when they were collected.
    pub fn finish(self) -> Result<Option<serde_json::Value>, Failure> {
        match self {
            Self::Csv(writer) => flush(writer.into_inner())?,
            Self::Ndjson(mut writer) => {
                writer.finish().map_err(|e| failed(&e))?;
                flush(writer.into_inner())?;
            }
            Self::Parquet(writer) => {
                flush(writer.into_inner().map_err(|e| failed(&e))?)?;
            }
            Self::Rows { json, .. } => {
                let mut array = Vec::with_capacity(json.len() + 2);
                array.push(b'[');
                array.extend_from_slice(&json);
                array.push(b']');
                return serde_json::from_slice(&array).map(Some).map_err(|e| failed(&e));
            }
        }
        Ok(None)
    }
}

fn flush(mut file: BufWriter<File>) -> Result<(), Failure> {
    file.flush().map_err(|e| failed(&e))
}

/// Why the output cannot be written.
fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write the output: {}", stepwell_sdk::files::said(error)))
}

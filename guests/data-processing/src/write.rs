//! Writes the rows of a result to a file or to the step's output.

use std::sync::Arc;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use stepwell_sdk::Failure;
use stepwell_sdk::prelude::serde_json::{Map, Value};
use stepwell_sdk::text::counted;
use tables::{CsvWriter, Output, Style};

use crate::config::{Format, OutputSpec};
use crate::text::write_line;
use crate::{paths, values};

/// The memory that the Parquet writer may hold before it writes a row group.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// Receives the batches of one result.
pub enum Sink {
    /// CSV with a header line.
    Csv(CsvWriter<Output>),
    /// One JSON object per line.
    Ndjson(Output),
    /// Parquet with Snappy compression.
    Parquet(Box<ArrowWriter<Output>>),
    /// The step's own output.
    Rows { rows: Vec<Value>, max_rows: usize },
}

impl Sink {
    /// Opens the output file and creates the directories above it.
    pub fn file(spec: &OutputSpec, schema: &SchemaRef) -> Result<Self, Failure> {
        if spec.format() == Some(Format::Parquet) {
            holds(schema)?;
        }
        let path = paths::absolute(&spec.path);
        let cannot = |error: std::io::Error| {
            Failure::denied(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::why(&error)))
        };
        let file = Output::create(&path).map_err(cannot)?;
        match spec.format() {
            Some(Format::Csv) => {
                let names = schema.fields().iter().map(|field| field.name().as_str());
                CsvWriter::new(file, Style::default(), names).map(Self::Csv).map_err(|e| failed(&e))
            }
            Some(Format::Ndjson) => Ok(Self::Ndjson(file)),
            Some(Format::Parquet) => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                ArrowWriter::try_new(file, in_parquet(schema), Some(properties))
                    .map(|writer| Self::Parquet(Box::new(writer)))
                    .map_err(|e| failed(&e))
            }
            Some(Format::Json) | None => Err(Failure::invalid_config("output: write csv, ndjson or parquet")),
        }
    }

    /// Collects the rows as the step's output.
    pub fn rows(max_rows: usize) -> Self {
        Self::Rows { rows: Vec::new(), max_rows }
    }

    /// Writes one batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        match self {
            Self::Csv(file) => (0..batch.num_rows()).try_for_each(|row| {
                let cell = |column: &dyn Array| match column.is_null(row) {
                    true => Ok(None),
                    false => values::text(column, row).map(Some),
                };
                let cells = batch.columns().iter().map(|column| cell(column));
                let cells = cells.collect::<Result<Vec<_>, Failure>>()?;
                file.row(cells.into_iter()).map_err(|e| failed(&e))
            }),
            Self::Ndjson(file) => (0..batch.num_rows())
                .try_for_each(|row| write_line(file, &object(batch, row)?).map_err(|e| failed(&e))),
            Self::Parquet(writer) => {
                writer.write(&converted(batch)?).map_err(|e| failed(&e))?;
                if writer.memory_size() > ROW_GROUP_BYTES {
                    writer.flush().map_err(|e| failed(&e))?;
                }
                Ok(())
            }
            Self::Rows { rows, max_rows } => {
                if rows.len() + batch.num_rows() > *max_rows {
                    return Err(Failure::failed(format!(
                        "the query gives more than {}: name a file under `output`, add LIMIT, or raise `max_rows`",
                        counted(*max_rows as u64, "row")
                    )));
                }
                for row in 0..batch.num_rows() {
                    rows.push(object(batch, row)?);
                }
                Ok(())
            }
        }
    }

    /// Completes the output and returns the collected rows, if any.
    pub fn finish(self) -> Result<Option<Value>, Failure> {
        match self {
            Self::Csv(file) => file.into_inner().finish().map_err(|e| failed(&e))?,
            Self::Ndjson(file) => file.finish().map_err(|e| failed(&e))?,
            Self::Parquet(writer) => {
                writer.into_inner().map_err(|e| failed(&e))?.finish().map_err(|e| failed(&e))?;
            }
            Self::Rows { rows, .. } => return Ok(Some(Value::Array(rows))),
        }
        Ok(None)
    }
}

/// Converts a row to an object with all columns in order.
fn object(batch: &RecordBatch, row: usize) -> Result<Value, Failure> {
    let mut object = Map::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        object.insert(field.name().clone(), values::json(column, row)?);
    }
    Ok(Value::Object(object))
}

/// Returns a type that Parquet can name. Of dates in milliseconds and times in seconds, other readers would
/// see only numbers.
fn named(kind: &DataType) -> DataType {
    match kind {
        DataType::Date64 => DataType::Date32,
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Timestamp(TimeUnit::Second, zone) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        DataType::List(item) => DataType::List(Arc::new(named_field(item))),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| named_field(field)).collect()),
        other => other.clone(),
    }
}

fn named_field(field: &Field) -> Field {
    field.clone().with_data_type(named(field.data_type()))
}

fn in_parquet(schema: &SchemaRef) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|field| named_field(field)).collect::<Vec<_>>()))
}

/// Converts a batch to types that Parquet can name.
fn converted(batch: &RecordBatch) -> Result<RecordBatch, Failure> {
    let schema = in_parquet(batch.schema_ref());
    if &schema == batch.schema_ref() {
        return Ok(batch.clone());
    }
    // A time that does not fit into milliseconds is an error.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| cast_with_options(column, field.data_type(), &options));
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|e| failed(&e))?;
    RecordBatch::try_new(schema, columns).map_err(|e| failed(&e))
}

/// Refuses types that Parquet does not have.
fn holds(schema: &SchemaRef) -> Result<(), Failure> {
    let lacks = |kind: &DataType| {
        matches!(
            kind,
            DataType::Interval(IntervalUnit::MonthDayNano)
                | DataType::Union(..)
                | DataType::RunEndEncoded(..)
        )
    };
    match schema.fields().iter().find(|field| lacks(field.data_type())) {
        Some(field) => Err(Failure::invalid_config(format!(
            "the column `{}` has a type that Parquet does not hold: write CAST({0} AS TEXT) in the query",
            field.name()
        ))),
        None => Ok(()),
    }
}

/// Explains why the step cannot write the output.
fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write the output: {}", stepwell_sdk::files::said(error)))
}

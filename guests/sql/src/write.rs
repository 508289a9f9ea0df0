//! Files that rows are written to, batch by batch.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use stepwell_sdk::Failure;
use stepwell_sdk::sql::{Column, Value};

use crate::config::{Format, OutputSpec};
use crate::table::{json_row, text};

/// Memory that the Parquet writer may hold before it writes out a row group.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// A file that takes rows.
pub struct Sink {
    path: PathBuf,
    columns: Vec<Column>,
    writer: Writer,
}

enum Writer {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Ndjson(BufWriter<File>),
    /// The schema follows from the first batch, which is why the file waits for it.
    Parquet {
        file: Option<BufWriter<File>>,
        writer: Option<Parquet>,
    },
}

struct Parquet {
    schema: Arc<Schema>,
    writer: Box<ArrowWriter<BufWriter<File>>>,
}

impl Sink {
    /// Opens the file, with the directories above it.
    pub fn open(spec: &OutputSpec, columns: &[Column]) -> Result<Self, Failure> {
        let path = Path::new("/workspace").join(&spec.path);
        if let Some(parent) = path.parent() {
            // Mounts exist; only what is below them is to be made.
            let _ = fs::create_dir_all(parent);
        }
        let file = File::create(&path)
            .map_err(|error| Failure::denied(format!("cannot write {}: {error}", path.display())))?;
        let file = BufWriter::with_capacity(256 << 10, file);
        let writer = match spec.format() {
            Some(Format::Csv) => {
                let mut writer = csv::WriterBuilder::new().from_writer(file);
                writer.write_record(columns.iter().map(|column| &column.name)).map_err(|e| failed(&e))?;
                Writer::Csv(Box::new(writer))
            }
            Some(Format::Ndjson) => Writer::Ndjson(file),
            Some(Format::Parquet) | None => Writer::Parquet { file: Some(file), writer: None },
        };
        Ok(Self { path, columns: columns.to_vec(), writer })
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &[Vec<Value>]) -> Result<(), Failure> {
        match &mut self.writer {
            Writer::Csv(writer) => rows
                .iter()
                .try_for_each(|row| writer.write_record(row.iter().map(text)))
                .map_err(|e| failed(&e)),
            Writer::Ndjson(file) => rows
                .iter()
                .try_for_each(|row| writeln!(file, "{}", json_row(&self.columns, row)))
                .map_err(|e| failed(&e)),
            Writer::Parquet { file, writer } => {
                if let Some(file) = file.take() {
                    *writer = Some(parquet(file, &self.columns, rows)?);
                }
                let Some(Parquet { schema, writer }) = writer else { return Ok(()) };
                let batch = batch(schema.clone(), rows)?;
                writer.write(&batch).map_err(|e| failed(&e))?;
                if writer.memory_size() > ROW_GROUP_BYTES {
                    writer.flush().map_err(|e| failed(&e))?;
                }
                Ok(())
            }
        }
    }

    /// Completes the file; its path.
    pub fn close(self) -> Result<String, Failure> {
        match self.writer {
            Writer::Csv(mut writer) => writer.flush().map_err(|e| failed(&e))?,
            Writer::Ndjson(mut file) => file.flush().map_err(|e| failed(&e))?,
            Writer::Parquet { file, writer } => {
                let writer = match (file, writer) {
                    (Some(file), _) => parquet(file, &self.columns, &[])?,
                    (None, Some(writer)) => writer,
                    (None, None) => return Err(Failure::failed("the Parquet file was not opened")),
                };
                let mut file = writer.writer.into_inner().map_err(|e| failed(&e))?;
                file.flush().map_err(|e| failed(&e))?;
            }
        }
        Ok(self.path.display().to_string())
    }
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("writing the output: {error}"))
}

fn parquet(file: BufWriter<File>, columns: &[Column], rows: &[Vec<Value>]) -> Result<Parquet, Failure> {
    let fields = columns.iter().enumerate().map(|(i, column)| {
        let values = rows.iter().filter_map(|row| row.get(i));
        Field::new(&column.name, column_type(&column.type_name, values), true)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|e| failed(&e))?;
    Ok(Parquet { schema, writer: Box::new(writer) })
}

/// The type of a column: what its values are; where there are none, what it was declared as (SQLite's rules
/// of affinity, sqlite.org/datatype3.html section 3.1).
fn column_type<'a>(declared: &str, values: impl Iterator<Item = &'a Value>) -> DataType {
    let mut found = None;
    for value in values {
        let kind = match value {
            Value::Null => continue,
            Value::Boolean(_) => DataType::Boolean,
            Value::Integer(_) => DataType::Int64,
            Value::Float(_) => DataType::Float64,
            Value::Bytes(_) => DataType::Binary,
            _ => DataType::Utf8,
        };
        found = Some(match (found, kind) {
            (None, kind) => kind,
            (Some(DataType::Int64), DataType::Float64) | (Some(DataType::Float64), DataType::Int64) => {
                DataType::Float64
            }
            (Some(before), kind) if before == kind => kind,
            _ => DataType::Utf8,
        });
    }
    let declared = declared.to_ascii_uppercase();
    let real = ["REAL", "FLOA", "DOUB"].iter().any(|word| declared.contains(word));
    match found {
        // A REAL column may begin with whole numbers.
        Some(DataType::Int64) if real => DataType::Float64,
        Some(kind) => kind,
        None if declared.contains("INT") => DataType::Int64,
        None if real => DataType::Float64,
        None if declared.contains("BLOB") => DataType::Binary,
        None => DataType::Utf8,
    }
}

fn batch(schema: Arc<Schema>, rows: &[Vec<Value>]) -> Result<RecordBatch, Failure> {
    let arrays = schema.fields().iter().enumerate().map(|(i, field)| {
        let values = rows.iter().map(move |row| row.get(i).unwrap_or(&Value::Null));
        array(field, values)
    });
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, arrays).map_err(|e| failed(&e))
}

macro_rules! collect {
    ($field:expr, $values:expr, $builder:ident, $($pattern:pat => $value:expr),+) => {{
        let mut builder = $builder::new();
        for value in $values {
            match value {
                Value::Null => builder.append_null(),
                $($pattern => builder.append_value($value),)+
                #[allow(unreachable_patterns, reason = "some types take every value")]
                other => return Err(mixed($field, other)),
            }
        }
        Arc::new(builder.finish()) as ArrayRef
    }};
}

fn array<'a>(field: &Field, values: impl Iterator<Item = &'a Value>) -> Result<ArrayRef, Failure> {
    Ok(match field.data_type() {
        DataType::Boolean => collect!(field, values, BooleanBuilder, Value::Boolean(b) => *b),
        DataType::Int64 => collect!(field, values, Int64Builder, Value::Integer(n) => *n),
        DataType::Float64 => {
            collect!(field, values, Float64Builder, Value::Float(x) => *x, Value::Integer(n) => *n as f64)
        }
        DataType::Binary => collect!(field, values, BinaryBuilder, Value::Bytes(bytes) => bytes),
        _ => collect!(field, values, StringBuilder, other => text(other)),
    })
}

fn mixed(field: &Field, value: &Value) -> Failure {
    Failure::failed(format!(
        "the column `{}` began as {} and now holds `{}`; a Parquet column has one type: CAST it in the query",
        field.name(),
        field.data_type(),
        text(value)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_column_is_that_of_its_values() {
        use Value::{Float, Integer, Null, Text};
        for (declared, values, kind) in [
            ("", vec![Null, Integer(1)], DataType::Int64),
            ("", vec![Integer(1), Float(0.5)], DataType::Float64),
            ("REAL", vec![Integer(1)], DataType::Float64),
            ("", vec![Integer(1), Text("x".to_owned())], DataType::Utf8),
            ("INTEGER", vec![Null], DataType::Int64),
            ("VARCHAR(10)", vec![], DataType::Utf8),
        ] {
            assert_eq!(column_type(declared, values.iter()), kind, "{declared} {values:?}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_its_column_is_named() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let rows = vec![vec![Value::Integer(1)], vec![Value::Text("x".to_owned())]];
        let message = batch(schema, &rows).unwrap_err().message;
        assert!(message.contains("`n`") && message.contains("CAST"), "{message}");
    }
}

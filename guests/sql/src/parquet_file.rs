//! Writes rows to Parquet files, column by column.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use stepwell_sdk::Failure;
use stepwell_sdk::sql::{Column, ColumnBatch, ColumnValues, Texts, Value};
use tables::Output;

use crate::table::text;
use crate::time::{days, moment};
use crate::write::failed;

/// The number of rows to collect before encoding.
const BATCH: usize = 4 << 10;
/// The memory that the writer may hold before it writes a row group.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// A Parquet file for rows. Its schema follows from the first rows.
pub struct ParquetFile {
    columns: Vec<Column>,
    file: Option<Output>,
    open: Option<Open>,
}

struct Open {
    schema: Arc<Schema>,
    writer: ArrowWriter<Output>,
    builders: Vec<Builder>,
    rows: usize,
}

/// Builds a column.
enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Moment(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl ParquetFile {
    /// Creates a file with these columns.
    pub fn new(file: Output, columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), file: Some(file), open: None }
    }

    /// Appends rows in column form.
    pub fn write_columns(&mut self, columns: Vec<ColumnBatch>) -> Result<(), Failure> {
        if let Some(file) = self.file.take() {
            let types =
                self.columns.iter().zip(&columns).map(|(column, batch)| batch_type(&column.type_name, batch));
            self.open = Some(Open::new(file, &self.columns, types.collect())?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.rows += columns.first().map_or(0, ColumnBatch::len);
        for ((builder, batch), column) in open.builders.iter_mut().zip(columns).zip(&self.columns) {
            builder.push_batch(batch, &column.name)?;
        }
        if open.rows >= BATCH { open.flush() } else { Ok(()) }
    }

    /// Appends rows.
    pub fn write(&mut self, rows: Vec<Vec<Value>>) -> Result<(), Failure> {
        if let Some(file) = self.file.take() {
            let types =
                self.columns.iter().enumerate().map(|(i, column)| {
                    column_type(&column.type_name, rows.iter().filter_map(|row| row.get(i)))
                });
            self.open = Some(Open::new(file, &self.columns, types.collect())?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        for row in rows {
            for ((builder, value), column) in open.builders.iter_mut().zip(row).zip(&self.columns) {
                builder.push(value, &column.name)?;
            }
            open.rows += 1;
            if open.rows == BATCH {
                open.flush()?;
            }
        }
        Ok(())
    }

    /// Completes the file.
    pub fn close(mut self) -> Result<(), Failure> {
        self.write(Vec::new())?;
        let Some(mut open) = self.open else { return Ok(()) };
        open.flush()?;
        open.writer.into_inner().map_err(|e| failed(&e))?.finish().map_err(|e| failed(&e))
    }
}

impl Open {
    fn new(file: Output, columns: &[Column], types: Vec<DataType>) -> Result<Self, Failure> {
        let builders = types.iter().map(Builder::of).collect();
        let fields = columns.iter().zip(types).map(|(column, kind)| Field::new(&column.name, kind, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Statistics per row group, not per page: readers skip groups, and statistics per page take a tenth
            // of the time.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|e| failed(&e))?;
        Ok(Self { schema, writer, builders, rows: 0 })
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.rows == 0 {
            return Ok(());
        }
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(|e| failed(&e))?;
        self.writer.write(&batch).map_err(|e| failed(&e))?;
        if self.writer.memory_size() > ROW_GROUP_BYTES {
            self.writer.flush().map_err(|e| failed(&e))?;
        }
        Ok(())
    }
}

impl Builder {
    fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Float64 => Self::Float(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(kind.clone()), *precision, *scale)
            }
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Self::Moment(TimestampMicrosecondBuilder::new().with_data_type(kind.clone()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, value: Value, column: &str) -> Result<(), Failure> {
        if matches!(value, Value::Null) {
            self.push_null();
            return Ok(());
        }
        match (self, &value) {
            (Self::Boolean(builder), Value::Boolean(b)) => builder.append_value(*b),
            (Self::Integer(builder), Value::Integer(n)) => builder.append_value(*n),
            (Self::Float(builder), Value::Float(x)) => builder.append_value(*x),
            (Self::Float(builder), Value::Integer(n)) if n.unsigned_abs() <= 1 << 53 => {
                builder.append_value(*n as f64)
            }
            (Self::Decimal(builder, precision, scale), Value::Decimal(given)) => {
                let number =
                    decimal(given, *precision, *scale).ok_or_else(|| mixed(column, "decimals", given))?;
                builder.append_value(number);
            }
            (Self::Binary(builder), Value::Bytes(bytes)) => builder.append_value(bytes),
            (Self::Date(builder), Value::Date(given)) => {
                builder.append_value(days(given).ok_or_else(|| mixed(column, "dates", &text(&value)))?);
            }
            (Self::Moment(builder), Value::Timestamp(given) | Value::TimestampWithZone(given)) => {
                builder.append_value(moment(given).ok_or_else(|| mixed(column, "times", &text(&value)))?);
            }
            (Self::Text(builder), _) => builder.append_value(text(&value)),
            (builder, _) => return Err(mixed(column, builder.name(), &text(&value))),
        }
        Ok(())
    }

    fn push_batch(&mut self, batch: ColumnBatch, column: &str) -> Result<(), Failure> {
        let ColumnBatch { nulls, values } = batch;
        let whole = !nulls.contains(&true);
        match (self, values) {
            (Self::Integer(builder), ColumnValues::Integers(values)) if whole => {
                builder.append_slice(&values)
            }
            (Self::Float(builder), ColumnValues::Floats(values)) if whole => builder.append_slice(&values),
            (Self::Text(builder), ColumnValues::Texts(texts)) if whole => {
                texts.iter().for_each(|text| builder.append_value(text));
            }
            (Self::Boolean(builder), ColumnValues::Booleans(values)) => {
                builder.extend(values.into_iter().zip(nulls).map(|(value, null)| (!null).then_some(value)));
            }
            (Self::Integer(builder), ColumnValues::Integers(values)) => {
                builder.extend(values.into_iter().zip(nulls).map(|(value, null)| (!null).then_some(value)));
            }
            (Self::Float(builder), ColumnValues::Floats(values)) => {
                builder.extend(values.into_iter().zip(nulls).map(|(value, null)| (!null).then_some(value)));
            }
            (Self::Text(builder), ColumnValues::Texts(texts)) => {
                builder.extend(texts.iter().zip(nulls).map(|(value, null)| (!null).then_some(value)));
            }
            (Self::Decimal(builder, precision, scale), ColumnValues::Decimals(texts)) => {
                let (precision, scale) = (*precision, *scale);
                for (text, null) in texts.iter().zip(nulls) {
                    let fits =
                        || decimal(text, precision, scale).ok_or_else(|| mixed(column, "decimals", text));
                    builder.append_option((!null).then(fits).transpose()?);
                }
            }
            (Self::Date(builder), ColumnValues::Dates(texts)) => {
                for (text, null) in texts.iter().zip(nulls) {
                    let fits = || days(text).ok_or_else(|| mixed(column, "dates", text));
                    builder.append_option((!null).then(fits).transpose()?);
                }
            }
            (
                Self::Moment(builder),
                ColumnValues::Timestamps(texts) | ColumnValues::TimestampsWithZone(texts),
            ) => {
                for (text, null) in texts.iter().zip(nulls) {
                    let fits = || moment(text).ok_or_else(|| mixed(column, "times", text));
                    builder.append_option((!null).then(fits).transpose()?);
                }
            }
            // The type differs from the type at the start of the column. Append the values one by one, which
            // converts them where possible.
            (builder, values) => {
                for (value, null) in singles(values).into_iter().zip(nulls) {
                    builder.push(if null { Value::Null } else { value }, column)?;
                }
            }
        }
        Ok(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Decimal(builder, ..) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Moment(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "booleans",
            Self::Integer(_) => "whole numbers",
            Self::Float(_) => "numbers",
            Self::Decimal(..) => "decimals",
            Self::Binary(_) => "bytes",
            Self::Date(_) => "dates",
            Self::Moment(_) => "times",
            Self::Text(_) => "text",
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Integer(builder) => ArrayBuilder::finish(builder),
            Self::Float(builder) => ArrayBuilder::finish(builder),
            Self::Decimal(builder, ..) => ArrayBuilder::finish(builder),
            Self::Binary(builder) => ArrayBuilder::finish(builder),
            Self::Date(builder) => ArrayBuilder::finish(builder),
            Self::Moment(builder) => ArrayBuilder::finish(builder),
            Self::Text(builder) => ArrayBuilder::finish(builder),
        }
    }
}

/// Returns the type of a column, from its values if there are any. Otherwise it follows the declared type
/// (SQLite's rules of type affinity in sqlite.org/datatype3.html, and the type names of servers).
fn column_type<'a>(declared: &str, values: impl Iterator<Item = &'a Value>) -> DataType {
    let declared = declared.to_ascii_lowercase();
    let decimal = digits(&declared);
    let mut found = None;
    for value in values {
        let kind = match value {
            Value::Null => continue,
            Value::Boolean(_) => DataType::Boolean,
            Value::Integer(_) => DataType::Int64,
            Value::Float(_) => DataType::Float64,
            Value::Bytes(_) => DataType::Binary,
            Value::Date(_) => DataType::Date32,
            Value::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Value::TimestampWithZone(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Value::Decimal(_) => decimal.clone().unwrap_or(DataType::Utf8),
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
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let real = has(&["real", "floa", "doub"]);
    match found {
        // A REAL column may begin with whole numbers.
        Some(DataType::Int64) if real => DataType::Float64,
        Some(kind) => kind,
        None if declared.contains("zerofill") => DataType::Utf8,
        None if declared == "bool" || declared == "boolean" => DataType::Boolean,
        None if declared == "date" => DataType::Date32,
        None if declared.starts_with("timestamptz") => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        None if declared.starts_with("timestamp") || declared.starts_with("datetime") => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        None if has(&["int"]) && !has(&["interval", "point"]) => DataType::Int64,
        None if real => DataType::Float64,
        None if has(&["blob", "bytea", "binary"]) => DataType::Binary,
        None => decimal.unwrap_or(DataType::Utf8),
    }
}

/// Returns the type of a column that begins with these values.
fn batch_type(declared: &str, batch: &ColumnBatch) -> DataType {
    let empty = String::new;
    let sample = match &batch.values {
        ColumnValues::Booleans(_) => Value::Boolean(false),
        ColumnValues::Integers(_) => Value::Integer(0),
        ColumnValues::Floats(_) => Value::Float(0.0),
        ColumnValues::Decimals(_) => Value::Decimal(empty()),
        ColumnValues::Texts(_) => Value::Text(empty()),
        ColumnValues::Dates(_) => Value::Date(empty()),
        ColumnValues::Timestamps(_) => Value::Timestamp(empty()),
        ColumnValues::TimestampsWithZone(_) => Value::TimestampWithZone(empty()),
        ColumnValues::Others(values) => return column_type(declared, values.iter()),
    };
    column_type(declared, std::iter::once(&sample))
}

/// Splits a column into individual values.
fn singles(values: ColumnValues) -> Vec<Value> {
    let each =
        |texts: Texts, form: fn(String) -> Value| texts.iter().map(|text| form(text.to_owned())).collect();
    match values {
        ColumnValues::Booleans(values) => values.into_iter().map(Value::Boolean).collect(),
        ColumnValues::Integers(values) => values.into_iter().map(Value::Integer).collect(),
        ColumnValues::Floats(values) => values.into_iter().map(Value::Float).collect(),
        ColumnValues::Decimals(texts) => each(texts, Value::Decimal),
        ColumnValues::Texts(texts) => each(texts, Value::Text),
        ColumnValues::Dates(texts) => each(texts, Value::Date),
        ColumnValues::Timestamps(texts) => each(texts, Value::Timestamp),
        ColumnValues::TimestampsWithZone(texts) => each(texts, Value::TimestampWithZone),
        ColumnValues::Others(values) => values,
    }
}

/// Returns the decimal type of `numeric(10,2)`.
fn digits(declared: &str) -> Option<DataType> {
    let (name, digits) = declared.strip_suffix(')')?.split_once('(')?;
    let (precision, scale) = digits.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let fits = ["numeric", "decimal"].contains(&name)
        && (1..=38).contains(&precision)
        && (0..=precision as i8).contains(&scale);
    fits.then_some(DataType::Decimal128(precision, scale))
}

/// Converts a decimal to a whole number of units of its last digit.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    if fraction.len() > scale || whole.len() + scale > usize::from(precision) + 1 {
        return None;
    }
    let digits =
        || whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', scale - fraction.len()));
    let value = |digit: u8| digit.is_ascii_digit().then(|| digit - b'0');
    // WebAssembly has no 128-bit numbers. Up to 18 digits fit into 64 bits.
    let number = if whole.len() + scale <= 18 {
        i128::from(digits().try_fold(0i64, |number, digit| Some(number * 10 + i64::from(value(digit)?)))?)
    } else {
        digits().try_fold(0i128, |number, digit| Some(number * 10 + i128::from(value(digit)?)))?
    };
    Some(if negative { -number } else { number })
}

fn mixed(column: &str, kind: &str, value: &str) -> Failure {
    Failure::failed(format!(
        "the column `{column}` began as {kind} and now holds `{value}`; a Parquet column has one type: CAST it in the query"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_column_is_that_of_its_values() {
        use Value::{Date, Decimal, Float, Integer, Null, Text};
        let one = |text: &str| text.to_owned();
        for (declared, values, kind) in [
            ("", vec![Null, Integer(1)], DataType::Int64),
            ("", vec![Integer(1), Float(0.5)], DataType::Float64),
            ("REAL", vec![Integer(1)], DataType::Float64),
            ("", vec![Integer(1), Text(one("x"))], DataType::Utf8),
            ("INTEGER", vec![Null], DataType::Int64),
            ("VARCHAR(10)", vec![], DataType::Utf8),
            ("date", vec![Date(one("2025-09-01"))], DataType::Date32),
            ("numeric(10,2)", vec![Decimal(one("1.00"))], DataType::Decimal128(10, 2)),
            ("numeric", vec![Decimal(one("1.00"))], DataType::Utf8),
            ("timestamptz", vec![], DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            ("interval", vec![], DataType::Utf8),
            ("int zerofill", vec![], DataType::Utf8),
        ] {
            assert_eq!(column_type(declared, values.iter()), kind, "{declared} {values:?}");
        }
    }

    #[test]
    fn decimals_keep_every_digit() {
        for (text, precision, scale, number) in [
            ("12.50", 10, 2, Some(1250)),
            ("-0.05", 10, 2, Some(-5)),
            ("7", 10, 2, Some(700)),
            ("1.234", 10, 2, None),
            ("NaN", 10, 2, None),
        ] {
            assert_eq!(decimal(text, precision, scale), number, "{text}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_its_column_is_named() {
        let mut builder = Builder::of(&DataType::Int64);
        builder.push(Value::Integer(1), "n").unwrap();
        let message = builder.push(Value::Text("x".to_owned()), "n").unwrap_err().message;
        assert!(message.contains("`n`") && message.contains("CAST"), "{message}");
    }
}

//! Results of Spark: batches in the stream format of Arrow, as columns and values.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types as arrow;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{ArrowError, DataType, Field, IntervalUnit, Schema, TimeUnit};
use bytes::Bytes;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Timelike};
use compact_str::CompactString;
use serde_json::Value as Json;

use crate::bounded::ROW;
use crate::value::{self, Value};
use crate::{Column, Error};

/// The maximum number of levels of a nested value.
const LEVELS: usize = 64;

/// The bytes that count for each part of a nested value, beside those of its text.
const PART: u64 = 32;

/// Reads the batches of one answer. The decoder takes parts of the data, whatever lengths the data claims to have.
pub(super) fn batches(data: Bytes) -> Result<(Schema, Vec<RecordBatch>), Error> {
    let unread = |error: ArrowError| {
        tracing::warn!("Spark sent a result that cannot be read: {error}");
        Error::Database(
            "the server sent a result that cannot be read; the log of the service says why".to_owned(),
        )
    };
    let (mut buffer, mut decoder, mut found) = (Buffer::from(data), StreamDecoder::new(), Vec::new());
    while let Some(batch) = decoder.decode(&mut buffer).map_err(unread)? {
        found.push(batch);
    }
    decoder.finish().map_err(unread)?;
    let schema = decoder.schema().map_or_else(Schema::empty, |schema| schema.as_ref().clone());
    Ok((schema, found))
}

/// Returns the columns of a result, with the names that Spark has for their types.
pub(super) fn columns(schema: &Schema) -> Vec<Column> {
    let column =
        |field: &Field| Column { name: field.name().clone(), type_name: type_name(field.data_type()) };
    schema.fields().iter().map(|field| column(field)).collect()
}

/// Returns the name of a type in Spark (spark.apache.org/docs/latest/sql-ref-datatypes.html).
fn type_name(of: &DataType) -> String {
    let name = match of {
        DataType::Null => "void",
        DataType::Boolean => "boolean",
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Utf8 | DataType::LargeUtf8 => "string",
        DataType::Binary | DataType::LargeBinary => "binary",
        DataType::Date32 => "date",
        DataType::Time64(_) => "time",
        DataType::Timestamp(_, Some(_)) => "timestamp",
        DataType::Timestamp(_, None) => "timestamp_ntz",
        DataType::Duration(_) => "interval day to second",
        DataType::Interval(IntervalUnit::YearMonth) => "interval year to month",
        DataType::Interval(_) => "interval",
        DataType::Decimal128(precision, scale) => return format!("decimal({precision},{scale})"),
        DataType::List(item) | DataType::LargeList(item) => {
            return format!("array<{}>", type_name(item.data_type()));
        }
        DataType::Struct(fields) => {
            let fields =
                fields.iter().map(|field| format!("{}:{}", field.name(), type_name(field.data_type())));
            return format!("struct<{}>", fields.collect::<Vec<_>>().join(","));
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else { return "map".to_owned() };
            let types: Vec<_> = fields.iter().map(|field| type_name(field.data_type())).collect();
            return format!("map<{}>", types.join(","));
        }
        other => return other.to_string(),
    };
    name.to_owned()
}

/// Returns a value of a column.
///
/// # Errors
/// Names the type of a value that no row can have.
pub(super) fn value(column: &dyn Array, row: usize) -> Result<Value, Error> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let of = column.data_type();
    let unread = || unreadable(of);
    Ok(match of {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Int8 => Value::Integer(column.as_primitive::<arrow::Int8Type>().value(row).into()),
        DataType::Int16 => Value::Integer(column.as_primitive::<arrow::Int16Type>().value(row).into()),
        DataType::Int32 => Value::Integer(column.as_primitive::<arrow::Int32Type>().value(row).into()),
        DataType::Int64 => Value::Integer(column.as_primitive::<arrow::Int64Type>().value(row)),
        // The shortest decimal of a float of 32 bits, as with the other databases.
        DataType::Float32 => {
            let float = column.as_primitive::<arrow::Float32Type>().value(row);
            Value::Float(float.to_string().parse().unwrap_or_else(|_| float.into()))
        }
        DataType::Float64 => Value::Float(column.as_primitive::<arrow::Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            let number = column.as_primitive::<arrow::Decimal128Type>().value(row);
            Value::Decimal(value::decimal(number, u8::try_from(*scale).map_err(|_| unread())?).into())
        }
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).into()),
        DataType::LargeUtf8 => Value::Text(column.as_string::<i64>().value(row).into()),
        DataType::Binary => Value::Bytes(column.as_binary::<i32>().value(row).to_vec()),
        DataType::LargeBinary => Value::Bytes(column.as_binary::<i64>().value(row).to_vec()),
        DataType::Date32 => {
            Value::Date(date(column.as_primitive::<arrow::Date32Type>().value(row)).ok_or_else(unread)?)
        }
        DataType::Time64(TimeUnit::Nanosecond) => Value::Time(
            time(column.as_primitive::<arrow::Time64NanosecondType>().value(row)).ok_or_else(unread)?,
        ),
        DataType::Time64(TimeUnit::Microsecond) => {
            let micros = column.as_primitive::<arrow::Time64MicrosecondType>().value(row);
            Value::Time(micros.checked_mul(1_000).and_then(time).ok_or_else(unread)?)
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = column.as_primitive::<arrow::TimestampMicrosecondType>().value(row);
            let moment = DateTime::from_timestamp_micros(micros).ok_or_else(unread)?.naive_utc();
            let mut text = timestamp(moment).ok_or_else(unread)?;
            match zone {
                Some(_) => {
                    text.push('Z');
                    Value::TimestampWithZone(text)
                }
                None => Value::Timestamp(text),
            }
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            let micros = column.as_primitive::<arrow::DurationMicrosecondType>().value(row);
            Value::Text(interval(0, 0, micros.into()).into())
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let months = column.as_primitive::<arrow::IntervalYearMonthType>().value(row);
            Value::Text(interval(months.into(), 0, 0).into())
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let found = column.as_primitive::<arrow::IntervalMonthDayNanoType>().value(row);
            let micros = i128::from(found.nanoseconds) / 1_000;
            Value::Text(interval(found.months.into(), found.days.into(), micros).into())
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::Struct(_) | DataType::Map(..) => {
            let mut left = ROW;
            Value::Json(json(column, row, &mut left, 0)?.to_string().into())
        }
        _ => return Err(unread()),
    })
}

fn unreadable(of: &DataType) -> Error {
    let of = type_name(of);
    Error::Database(format!(
        "the result has a value of the type `{of}` that cannot be read: write `CAST(x AS string)`, or `to_json(x)`"
    ))
}

/// Returns a value as JSON. Values that JSON lacks have the same texts as in a column of their own.
fn json(column: &dyn Array, row: usize, left: &mut u64, level: usize) -> Result<Json, Error> {
    if level > LEVELS {
        return Err(Error::Database(format!("a value of the result has more than {LEVELS} levels")));
    }
    *left = left.checked_sub(PART).ok_or_else(too_large)?;
    if column.is_null(row) {
        return Ok(Json::Null);
    }
    let mut items = |items: &dyn Array| -> Result<Json, Error> {
        (0..items.len()).map(|item| json(items, item, left, level + 1)).collect()
    };
    Ok(match column.data_type() {
        DataType::List(_) => items(&column.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => items(&column.as_list::<i64>().value(row))?,
        DataType::Struct(fields) => {
            // A variant has the binary form of its own.
            let is_variant = fields.iter().any(|field| field.metadata().contains_key("variant"));
            if is_variant {
                return Err(unreadable(column.data_type()));
            }
            let parts = fields.iter().zip(column.as_struct().columns());
            let parts =
                parts.map(|(field, part)| Ok((field.name().clone(), json(part, row, left, level + 1)?)));
            Json::Object(parts.collect::<Result<_, Error>>()?)
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let [keys, values] = entries.columns() else { return Err(unreadable(column.data_type())) };
            let entry = |at: usize| {
                let key = match json(keys, at, left, level + 1)? {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                Ok((key, json(values, at, left, level + 1)?))
            };
            Json::Object((0..entries.len()).map(entry).collect::<Result<_, Error>>()?)
        }
        _ => match counted(value(column, row)?, left)? {
            Value::Null => Json::Null,
            Value::Boolean(value) => value.into(),
            Value::Integer(value) => value.into(),
            Value::Float(value) => serde_json::Number::from_f64(value)
                .map_or_else(|| value::float_text(value).into(), Json::Number),
            Value::Bytes(bytes) => {
                let mut text = String::new();
                value::hex(&mut text, &bytes);
                text.into()
            }
            Value::Decimal(text)
            | Value::Text(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Timestamp(text)
            | Value::TimestampWithZone(text)
            | Value::Uuid(text)
            | Value::Json(text) => text.into_string().into(),
        },
    })
}

fn counted(value: Value, left: &mut u64) -> Result<Value, Error> {
    *left = left.checked_sub(value.size()).ok_or_else(too_large)?;
    Ok(value)
}

/// Returns the error of a row that is too large.
pub(super) fn too_large() -> Error {
    let message = "a row of the result is larger than 16 MiB: select fewer columns, or a part of the value";
    Error::limit("sql_row_bytes", message.to_owned())
}

fn date(days: i32) -> Option<CompactString> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let span = Days::new(days.unsigned_abs().into());
    let found = if days < 0 { epoch.checked_sub_days(span) } else { epoch.checked_add_days(span) }?;
    let mut text = CompactString::default();
    write_date(&mut text, found)?;
    Some(text)
}

fn write_date(text: &mut CompactString, of: NaiveDate) -> Option<()> {
    value::date(text, u32::try_from(of.year()).ok()?, of.month(), of.day());
    Some(())
}

fn time(nanos: i64) -> Option<CompactString> {
    let mut text = CompactString::default();
    let seconds = u32::try_from(nanos / 1_000_000_000).ok().filter(|seconds| *seconds < 86_400)?;
    value::time(&mut text, seconds, u32::try_from(nanos % 1_000_000_000).ok()?);
    Some(text)
}

fn timestamp(moment: NaiveDateTime) -> Option<CompactString> {
    let mut text = CompactString::default();
    write_date(&mut text, moment.date())?;
    text.push('T');
    value::time(&mut text, moment.num_seconds_from_midnight(), moment.nanosecond());
    Some(text)
}

/// Formats an interval: `1 year 2 months`, `3 days 02:03:04.5`, `-00:00:01`.
fn interval(months: i64, days: i64, micros: i128) -> String {
    let (days, micros) = match months == 0 && days == 0 {
        true => (i64::try_from(micros / DAY).unwrap_or(i64::MAX), micros % DAY),
        false => (days, micros),
    };
    let mut text = String::new();
    for (count, unit) in [(months / 12, "year"), (months % 12, "month"), (days, "day")] {
        if count != 0 {
            let end = if count.abs() == 1 { "" } else { "s" };
            let space = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{space}{count} {unit}{end}");
        }
    }
    if micros != 0 || text.is_empty() {
        let (seconds, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
        let space = if text.is_empty() { "" } else { " " };
        let sign = if micros < 0 { "-" } else { "" };
        let _ =
            write!(text, "{space}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if rest > 0 {
            text += format!(".{rest:06}").trim_end_matches('0');
        }
    }
    text
}

/// The microseconds of a day.
const DAY: i128 = 86_400_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_intervals_have_their_texts() {
        for (days, shown) in [
            (0, Some("1970-01-01")),
            (-1, Some("1969-12-31")),
            (20_332, Some("2025-09-01")),
            (2_932_896, Some("9999-12-31")),
            (-719_162, Some("0001-01-01")),
            (i32::MIN, None),
            (i32::MAX, None),
        ] {
            assert_eq!(date(days).as_deref(), shown, "{days}");
        }
        for (micros, shown) in [
            (0, "1970-01-01T00:00:00"),
            (-1, "1969-12-31T23:59:59.999999"),
            (1_756_737_022_500_000, "2025-09-01T14:30:22.5"),
        ] {
            let moment = DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
            assert_eq!(timestamp(moment).unwrap(), shown);
        }
        for ((months, days, micros), shown) in [
            ((0, 0, 0), "00:00:00"),
            ((14, 0, 0), "1 year 2 months"),
            ((-12, 0, 0), "-1 year"),
            ((0, 0, 93_784_500_000), "1 day 02:03:04.5"),
            ((0, 0, -1), "-00:00:00.000001"),
            ((1, -2, 1_000_000), "1 month -2 days 00:00:01"),
        ] {
            assert_eq!(interval(months, days, micros), shown);
        }
    }
}

//! Results of Spark: the columns and values of batches.

use std::fmt::Write as _;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types as arrow;
use arrow_schema::{DataType, Field, IntervalUnit, Schema, TimeUnit};
use chrono::{DateTime, Datelike, Days, NaiveDate};
use compact_str::CompactString;
use stepwell_engine::document::cut;

use crate::bounded::ROW;
use crate::value::{self, JsonText, TooLong, Value};
use crate::{Column, Error};

/// The maximum number of levels of a nested value.
const LEVELS: usize = 64;

/// The number of characters of a column's name in a message.
const NAME: usize = 100;

/// The bytes that count for each part of a nested value, beside those of its text.
const PART: usize = 32;

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
        _ => "unknown",
    };
    name.to_owned()
}

/// Checks that the values of a result can be read.
///
/// # Errors
/// Names a column whose values cannot.
pub(super) fn check(schema: &Schema) -> Result<(), Error> {
    match schema.fields().iter().find(|field| !is_read(field.data_type())) {
        Some(field) => Err(Error::Database(format!(
            "the column `{}` of the result has a type that cannot be read: write `CAST(x AS string)`, or `to_json(x)`",
            cut(field.name(), NAME)
        ))),
        None => Ok(()),
    }
}

/// Returns whether [`value`] reads values of a type.
fn is_read(of: &DataType) -> bool {
    match of {
        DataType::List(item) | DataType::LargeList(item) => is_read(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_read(field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => fields.len() == 2 && is_read(entries.data_type()),
            _ => false,
        },
        DataType::Decimal128(_, scale) => *scale >= 0,
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::Date32
        | DataType::Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond)
        | DataType::Timestamp(TimeUnit::Microsecond, _)
        | DataType::Duration(TimeUnit::Microsecond)
        | DataType::Interval(IntervalUnit::YearMonth | IntervalUnit::MonthDayNano) => true,
        _ => false,
    }
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
            let mut text = value::timestamp(moment).ok_or_else(unread)?;
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
            let mut text = JsonText::new(ROW);
            json(column, row, &mut text, 0)?;
            Value::Json(text.finish())
        }
        _ => return Err(unread()),
    })
}

fn unreadable(of: &DataType) -> Error {
    let of = cut(&type_name(of), NAME);
    Error::Database(format!(
        "the result has a value of the type `{of}` that cannot be read: write `CAST(x AS string)`, or `to_json(x)`"
    ))
}

/// Writes a value as JSON. Values that JSON lacks have the same texts as in a column of their own.
fn json(column: &dyn Array, row: usize, out: &mut JsonText, level: usize) -> Result<(), Error> {
    if level > LEVELS {
        return Err(Error::Database(format!("a value of the result has more than {LEVELS} levels")));
    }
    out.count(PART)?;
    if column.is_null(row) {
        return Ok(out.push("null")?);
    }
    let items = |items: &dyn Array, out: &mut JsonText| -> Result<(), Error> {
        listed(out, ["[", "]"], items.len(), |out, item| json(items, item, out, level + 1))
    };
    match column.data_type() {
        DataType::List(_) => items(&column.as_list::<i32>().value(row), out),
        DataType::LargeList(_) => items(&column.as_list::<i64>().value(row), out),
        DataType::Struct(fields) => {
            // A variant has the binary form of its own.
            if fields.iter().any(|field| field.metadata().contains_key("variant")) {
                return Err(unreadable(column.data_type()));
            }
            let parts = column.as_struct().columns();
            listed(out, ["{", "}"], parts.len(), |out, at| {
                let (Some(field), Some(part)) = (fields.get(at), parts.get(at)) else { return Ok(()) };
                out.string(field.name())?;
                out.push(":")?;
                json(part, row, out, level + 1)
            })
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let [keys, values] = entries.columns() else { return Err(unreadable(column.data_type())) };
            listed(out, ["{", "}"], entries.len(), |out, at| {
                let from = out.len();
                json(keys, at, out, level + 1)?;
                out.key(from)?;
                out.push(":")?;
                json(values, at, out, level + 1)
            })
        }
        _ => match value(column, row)? {
            // With every digit, as in a column of its own.
            Value::Decimal(text) => Ok(out.string(&text)?),
            value => Ok(out.value(&value)?),
        },
    }
}

/// Writes so many items between two marks.
fn listed(
    out: &mut JsonText,
    [open, close]: [&str; 2],
    count: usize,
    mut item: impl FnMut(&mut JsonText, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    out.push(open)?;
    for at in 0..count {
        if at > 0 {
            out.push(",")?;
        }
        item(out, at)?;
    }
    Ok(out.push(close)?)
}

impl From<TooLong> for Error {
    fn from(_: TooLong) -> Self {
        too_large()
    }
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
    value::date(&mut text, u32::try_from(found.year()).ok()?, found.month(), found.day());
    Some(text)
}

fn time(nanos: i64) -> Option<CompactString> {
    let mut text = CompactString::default();
    let seconds = u32::try_from(nanos / 1_000_000_000).ok().filter(|seconds| *seconds < 86_400)?;
    value::time(&mut text, seconds, u32::try_from(nanos % 1_000_000_000).ok()?);
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
            assert_eq!(value::timestamp(moment).unwrap(), shown);
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

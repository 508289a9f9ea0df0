//! Columns and values of MySQL and MariaDB.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column as Described, Value as Raw};

use crate::mysql_bits::{self, BINARY};
use crate::value::{date, time};
use crate::{Column, CompactString, Value};

pub(crate) fn described(column: &Described) -> Column {
    use ColumnType as T;
    let unsigned = if column.flags().contains(ColumnFlags::UNSIGNED_FLAG) { " unsigned" } else { "" };
    let zeros = if is_filled(column) { " zerofill" } else { "" };
    let binary = column.character_set() == BINARY;
    let seconds = |name: &str| match column.decimals() {
        digits @ 1..=6 => format!("{name}({digits})"),
        _ => name.to_owned(),
    };
    let name = match column.column_type() {
        T::MYSQL_TYPE_TINY if is_boolean(column) => "boolean".to_owned(),
        T::MYSQL_TYPE_TINY => format!("tinyint{unsigned}"),
        T::MYSQL_TYPE_SHORT => format!("smallint{unsigned}"),
        T::MYSQL_TYPE_INT24 => format!("mediumint{unsigned}"),
        T::MYSQL_TYPE_LONG => format!("int{unsigned}"),
        T::MYSQL_TYPE_LONGLONG => format!("bigint{unsigned}"),
        T::MYSQL_TYPE_YEAR => "year".to_owned(),
        T::MYSQL_TYPE_FLOAT => float_name("float", column),
        T::MYSQL_TYPE_DOUBLE => float_name("double", column),
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => {
            // The length is the length of the text, including a sign, and a decimal point if there are
            // decimals.
            let scale = u32::from(column.decimals());
            let signs = u32::from(unsigned.is_empty()) + u32::from(scale > 0);
            format!("decimal({},{scale})", column.column_length().saturating_sub(signs))
        }
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date".to_owned(),
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => seconds("time"),
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => seconds("datetime"),
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => seconds("timestamp"),
        T::MYSQL_TYPE_JSON => "json".to_owned(),
        T::MYSQL_TYPE_BIT => "bit".to_owned(),
        _ if column.flags().contains(ColumnFlags::ENUM_FLAG) => "enum".to_owned(),
        _ if column.flags().contains(ColumnFlags::SET_FLAG) => "set".to_owned(),
        T::MYSQL_TYPE_STRING if binary => format!("binary({})", column.column_length()),
        T::MYSQL_TYPE_STRING if !binary => "char".to_owned(),
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING if is_four_bytes(column) => {
            format!("varchar({})", column.column_length() / 4)
        }
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING if !binary => "varchar".to_owned(),
        T::MYSQL_TYPE_STRING | T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => "varbinary".to_owned(),
        _ if binary => "blob".to_owned(),
        _ => "text".to_owned(),
    };
    crate::serve::column(&column.name_str(), name + zeros)
}

/// Returns whether the length of the column counts four bytes for each character, as in `utf8mb4`.
fn is_four_bytes(column: &Described) -> bool {
    matches!(column.character_set(), 45 | 46 | 224..=247 | 255..=323)
}

/// The decimals of a float without a fixed number of them.
const NOT_FIXED: u8 = 31;

/// Returns the name of a float, with its digits if it has a fixed number of them.
fn float_name(name: &str, column: &Described) -> String {
    match column.decimals() {
        NOT_FIXED.. => name.to_owned(),
        digits => format!("{name}({},{digits})", column.column_length()),
    }
}

/// Returns whether the server shows numbers of the column with zeros before them.
fn is_filled(column: &Described) -> bool {
    column.flags().contains(ColumnFlags::ZEROFILL_FLAG) && column.column_type() != ColumnType::MYSQL_TYPE_YEAR
}

/// Formats a float with its fixed number of decimals.
fn fixed(value: f64, column: &Described) -> String {
    match column.decimals() {
        NOT_FIXED.. => crate::value::float_text(value),
        digits => format!("{value:.0$}", usize::from(digits)),
    }
}

/// Formats a number with the zeros that the server shows before it.
fn filled(number: &str, column: &Described) -> Value {
    let width = usize::try_from(column.column_length().min(255)).unwrap_or_default();
    Value::Text(format!("{number:0>width$}").into())
}

/// `BOOLEAN` is a `TINYINT(1)`.
fn is_boolean(column: &Described) -> bool {
    column.column_type() == ColumnType::MYSQL_TYPE_TINY && column.column_length() == 1
}

pub(crate) fn value(raw: Raw, column: &Described, form: mysql_bits::Form) -> Value {
    use ColumnType as T;
    match raw {
        Raw::NULL => Value::Null,
        Raw::Int(value) if is_filled(column) => filled(&value.to_string(), column),
        Raw::UInt(value) if is_filled(column) => filled(&value.to_string(), column),
        Raw::Float(value) if is_filled(column) => filled(&fixed(value.into(), column), column),
        Raw::Double(value) if is_filled(column) => filled(&fixed(value, column), column),
        Raw::Int(0) | Raw::UInt(0) if column.column_type() == T::MYSQL_TYPE_YEAR => {
            Value::Text("0000".into())
        }
        Raw::Int(value) if is_boolean(column) && (value == 0 || value == 1) => Value::Boolean(value == 1),
        Raw::Int(value) => Value::Integer(value),
        Raw::UInt(value) => {
            i64::try_from(value).map_or_else(|_| Value::Decimal(value.to_string().into()), Value::Integer)
        }
        Raw::Float(value) => Value::Float(value.to_string().parse().unwrap_or_else(|_| value.into())),
        Raw::Double(value) => Value::Float(value),
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            let mut out = CompactString::with_capacity(26);
            date(&mut out, year.into(), month.into(), day.into());
            if matches!(column.column_type(), T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE) {
                return Value::Date(out);
            }
            out.push('T');
            let seconds = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
            time(&mut out, seconds, micros * 1_000);
            // The session is in UTC.
            if matches!(column.column_type(), T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2) {
                out.push('Z');
                return Value::TimestampWithZone(out);
            }
            Value::Timestamp(out)
        }
        Raw::Time(negative, days, hours, minutes, seconds, micros) => {
            let mut out = CompactString::from(if negative { "-" } else { "" });
            let all = days * 86_400 + u32::from(hours) * 3600 + u32::from(minutes) * 60 + u32::from(seconds);
            time(&mut out, all, micros * 1_000);
            Value::Time(out)
        }
        Raw::Bytes(bytes) => match column.column_type() {
            _ if form == mysql_bits::Form::Literal && bytes.len() <= 8 => {
                mysql_bits::number(&bytes, 64, mysql_bits::Form::Bytes)
            }
            T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL if is_filled(column) => text(bytes, Value::Text),
            T::MYSQL_TYPE_BIT => mysql_bits::number(&bytes, column.column_length(), form),
            T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => text(bytes, Value::Decimal),
            T::MYSQL_TYPE_JSON => text(bytes, Value::Json),
            _ if column.character_set() == BINARY => Value::Bytes(bytes),
            _ => text(bytes, Value::Text),
        },
    }
}

fn text(bytes: Vec<u8>, form: fn(CompactString) -> Value) -> Value {
    String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), |text| form(text.into()))
}

/// Converts a parameter. Values other than numbers travel as text, which the server parses as the type that
/// it expects.
pub(crate) fn raw(value: &Value) -> Raw {
    let text = |text: &str| Raw::Bytes(text.as_bytes().to_vec());
    match value {
        Value::Null => Raw::NULL,
        Value::Boolean(value) => Raw::Int((*value).into()),
        Value::Integer(value) => Raw::Int(*value),
        // A column of text shows the double 1 without its point.
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => text(&format!("{value:.1}")),
        Value::Float(value) => Raw::Double(*value),
        Value::Bytes(bytes) => Raw::Bytes(bytes.clone()),
        // The session is in UTC, and MariaDB does not accept a zone.
        Value::TimestampWithZone(zoned) => text(&utc(zoned)),
        Value::Decimal(plain)
        | Value::Text(plain)
        | Value::Date(plain)
        | Value::Time(plain)
        | Value::Timestamp(plain)
        | Value::Uuid(plain)
        | Value::Json(plain) => text(plain),
    }
}

/// Converts a time with a zone to the time in UTC that MySQL reads.
fn utc(zoned: &str) -> String {
    match chrono::DateTime::parse_from_rfc3339(zoned) {
        Ok(moment) => moment.naive_utc().format("%Y-%m-%d %H:%M:%S%.f").to_string(),
        Err(_) => zoned.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_a_zone_become_utc() {
        assert_eq!(utc("2025-09-01T14:30:22.5+02:00"), "2025-09-01 12:30:22.500");
        assert_eq!(utc("never"), "never");
    }
}

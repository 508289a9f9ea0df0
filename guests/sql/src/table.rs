//! Conversions between JSON, SQL and text values.

use stepwell_sdk::prelude::serde_json::{Map, Value};
use stepwell_sdk::sql::{Column, Value as SqlValue};
use stepwell_sdk::values;

/// Converts a JSON value to a parameter. Returns `None` for lists and objects.
pub fn parameter(value: &Value) -> Option<SqlValue> {
    Some(match value {
        Value::Null => SqlValue::Null,
        Value::Bool(value) => SqlValue::Boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => SqlValue::Integer(integer),
            None => SqlValue::Float(number.as_f64()?),
        },
        Value::String(text) => SqlValue::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Converts a row to a JSON object. Bytes become hexadecimal digits, as in SQL.
pub fn json_row(columns: &[Column], row: &[SqlValue]) -> Value {
    let entries = columns.iter().zip(row).map(|(column, value)| (column.name.clone(), json(value)));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// Converts a value to JSON.
pub fn json(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Boolean(value) => Value::Bool(*value),
        SqlValue::Integer(value) => values::integer(*value),
        SqlValue::Float(value) => values::float(*value),
        SqlValue::Json(text) => values::read_json(text).unwrap_or_else(|_| Value::String(text.clone())),
        other => Value::String(text(other)),
    }
}

/// Converts a value to text for CSV. NULL becomes an empty text.
pub fn text(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => String::new(),
        SqlValue::Boolean(value) => value.to_string(),
        SqlValue::Integer(value) => value.to_string(),
        SqlValue::Float(value) => values::float_text(*value),
        SqlValue::Bytes(bytes) => values::bytes_text(bytes),
        SqlValue::Decimal(text)
        | SqlValue::Text(text)
        | SqlValue::Date(text)
        | SqlValue::Time(text)
        | SqlValue::Timestamp(text)
        | SqlValue::TimestampWithZone(text)
        | SqlValue::Uuid(text)
        | SqlValue::Json(text) => text.clone(),
    }
}

/// Formats names for a message, at most 50.
pub fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 50;
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown: Vec<String> = names.take(MOST).map(|name| format!("`{}`", tables::shown(name))).collect();
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use stepwell_sdk::prelude::json as object;

    use super::*;

    #[test]
    fn rows_keep_their_types() {
        let columns =
            ["n", "x", "t", "b", "z"].map(|name| Column { name: name.to_owned(), type_name: String::new() });
        let row = [
            SqlValue::Integer(7),
            SqlValue::Float(1.5),
            SqlValue::Text("ä".to_owned()),
            SqlValue::Bytes(vec![0, 255]),
            SqlValue::Null,
        ];
        assert_eq!(json_row(&columns, &row), object!({"n": 7, "x": 1.5, "t": "ä", "b": "00ff", "z": null}));
        for (value, shown) in [
            (SqlValue::Integer((1 << 53) + 1), object!("9007199254740993")),
            (SqlValue::Float(f64::NEG_INFINITY), object!("-Infinity")),
            (SqlValue::Json("[1.50, {\"a\": 1e400}]".to_owned()), object!(["1.50", {"a": "1e400"}])),
        ] {
            assert_eq!(json(&value), shown);
        }
    }
}

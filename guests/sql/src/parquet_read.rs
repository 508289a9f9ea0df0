//! Converts columns of Parquet files to database values.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use stepwell_sdk::sql::Value;
use stepwell_sdk::times;
use stepwell_sdk::values::{bytes_text, float_text, single};
use tables::Json;

/// Returns the values of a column. Lists and objects become JSON.
///
/// # Errors
/// Fails when no SQL value can represent those of the column.
pub fn values(array: &ArrayRef) -> Result<Vec<Value>, String> {
    if let Some(values) = plain(array) {
        return Ok(values);
    }
    if let Some(values) = moments(array) {
        return Ok(values);
    }
    if matches!(array.data_type(), DataType::Dictionary(..)) {
        let dictionary = array.as_any_dictionary();
        let words = values(dictionary.values())?;
        if words.is_empty() {
            return Ok(vec![Value::Null; array.len()]);
        }
        let keys = dictionary.normalized_keys();
        let word = |(row, key): (usize, usize)| match dictionary.is_null(row) {
            true => Value::Null,
            false => words.get(key).cloned().unwrap_or(Value::Null),
        };
        return Ok(keys.into_iter().enumerate().map(word).collect());
    }
    let text = |json: Json| match json {
        Json::Null => Value::Null,
        json => Value::Json(json.text()),
    };
    Ok(nested(array)?.into_iter().map(text).collect())
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef, form: impl Fn(T::Native) -> Value) -> Vec<Value> {
    array.as_primitive::<T>().iter().map(|value| value.map_or(Value::Null, &form)).collect()
}

fn whole<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef) -> Vec<Value> {
    primitive::<T>(array, |value| Value::Integer(value.into()))
}

/// Converts columns of numbers, texts and bytes.
fn plain(array: &ArrayRef) -> Option<Vec<Value>> {
    let text = |value: Option<&str>| value.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let bytes = |value: Option<&[u8]>| value.map_or(Value::Null, |bytes| Value::Bytes(bytes.to_vec()));
    let decimal = |digits: String, scale: i8| Value::Decimal(decimal_text(&digits, scale));
    Some(match array.data_type() {
        DataType::Null => vec![Value::Null; array.len()],
        DataType::Boolean => {
            array.as_boolean().iter().map(|b| b.map_or(Value::Null, Value::Boolean)).collect()
        }
        DataType::Int8 => whole::<Int8Type>(array),
        DataType::Int16 => whole::<Int16Type>(array),
        DataType::Int32 => whole::<Int32Type>(array),
        DataType::Int64 => whole::<Int64Type>(array),
        DataType::UInt8 => whole::<UInt8Type>(array),
        DataType::UInt16 => whole::<UInt16Type>(array),
        DataType::UInt32 => whole::<UInt32Type>(array),
        DataType::UInt64 => primitive::<UInt64Type>(array, |value| {
            i64::try_from(value).map_or_else(|_| Value::Decimal(value.to_string()), Value::Integer)
        }),
        DataType::Float16 => primitive::<Float16Type>(array, |value| Value::Float(single(value.to_f32()))),
        DataType::Float32 => primitive::<Float32Type>(array, |value| Value::Float(single(value))),
        DataType::Float64 => primitive::<Float64Type>(array, Value::Float),
        DataType::Decimal32(_, scale) => {
            primitive::<Decimal32Type>(array, |value| decimal(value.to_string(), *scale))
        }
        DataType::Decimal64(_, scale) => {
            primitive::<Decimal64Type>(array, |value| decimal(value.to_string(), *scale))
        }
        DataType::Decimal128(_, scale) => {
            primitive::<Decimal128Type>(array, |value| decimal(value.to_string(), *scale))
        }
        DataType::Decimal256(_, scale) => {
            primitive::<Decimal256Type>(array, |value| decimal(value.to_string(), *scale))
        }
        DataType::Utf8 => array.as_string::<i32>().iter().map(text).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(text).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(text).collect(),
        DataType::Binary => array.as_binary::<i32>().iter().map(bytes).collect(),
        DataType::LargeBinary => array.as_binary::<i64>().iter().map(bytes).collect(),
        DataType::BinaryView => array.as_binary_view().iter().map(bytes).collect(),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().iter().map(bytes).collect(),
        _ => return None,
    })
}

/// Converts columns of dates and times.
fn moments(array: &ArrayRef) -> Option<Vec<Value>> {
    let form = |per_second: i64, zoned: bool| {
        move |parts: i64| match times::timestamp(parts, per_second, zoned) {
            text if zoned => Value::TimestampWithZone(text),
            text => Value::Timestamp(text),
        }
    };
    let time = |parts: i64, per_second: i64| Value::Time(times::time(parts, per_second));
    let date = |days: i64| Value::Date(times::date(days));
    Some(match array.data_type() {
        DataType::Date32 => primitive::<Date32Type>(array, |days| date(days.into())),
        DataType::Date64 => primitive::<Date64Type>(array, |millis| date(millis.div_euclid(86_400_000))),
        DataType::Time32(TimeUnit::Second) => {
            primitive::<Time32SecondType>(array, |value| time(value.into(), 1))
        }
        DataType::Time32(_) => primitive::<Time32MillisecondType>(array, |value| time(value.into(), 1_000)),
        DataType::Time64(TimeUnit::Microsecond) => {
            primitive::<Time64MicrosecondType>(array, |value| time(value, 1_000_000))
        }
        DataType::Time64(_) => primitive::<Time64NanosecondType>(array, |value| time(value, 1_000_000_000)),
        DataType::Timestamp(TimeUnit::Second, zone) => {
            primitive::<TimestampSecondType>(array, form(1, zone.is_some()))
        }
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            primitive::<TimestampMillisecondType>(array, form(1_000, zone.is_some()))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            primitive::<TimestampMicrosecondType>(array, form(1_000_000, zone.is_some()))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            primitive::<TimestampNanosecondType>(array, form(1_000_000_000, zone.is_some()))
        }
        _ => return None,
    })
}

/// Converts lists and objects.
fn nested(array: &ArrayRef) -> Result<Vec<Json>, String> {
    let rows = 0..array.len();
    let list = |items: Option<ArrayRef>| match items {
        Some(items) => all(&items).map(Json::List),
        None => Ok(Json::Null),
    };
    match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().iter().map(list).collect(),
        DataType::LargeList(_) => array.as_list::<i64>().iter().map(list).collect(),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().iter().map(list).collect(),
        DataType::Struct(fields) => {
            let object = array.as_struct();
            let columns = object.columns().iter().map(all).collect::<Result<Vec<_>, _>>()?;
            let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
            let row = |row| {
                let entries = fields.iter().zip(&mut columns);
                let entries = entries
                    .map(|(field, column)| (field.name().clone(), column.next().unwrap_or(Json::Null)));
                let entries = entries.collect();
                if object.is_null(row) { Json::Null } else { Json::Object(entries) }
            };
            Ok(rows.map(row).collect())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let row = |row| {
                if map.is_null(row) {
                    return Ok(Json::Null);
                }
                let entries = map.value(row);
                let [keys, items] = entries.columns() else { return Err(refused()) };
                let keys = all(keys)?.into_iter().map(|key| key.text());
                Ok(Json::Object(keys.zip(all(items)?).collect()))
            };
            rows.map(row).collect()
        }
        _ => Err(refused()),
    }
}

fn refused() -> String {
    "its values (spans of time) have no form that a database reads: leave the column out by `columns`"
        .to_owned()
}

/// Returns the values of an array as JSON.
fn all(array: &ArrayRef) -> Result<Vec<Json>, String> {
    if plain(array).is_none()
        && moments(array).is_none()
        && !matches!(array.data_type(), DataType::Dictionary(..))
    {
        return nested(array);
    }
    let json = |value| match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::Bool(value),
        Value::Integer(value) => Json::Number(value.to_string()),
        Value::Float(value) if value.is_finite() => Json::Number(float_text(value)),
        Value::Float(value) => Json::Text(float_text(value)),
        Value::Decimal(text) => Json::Number(text),
        Value::Bytes(bytes) => Json::Text(bytes_text(&bytes)),
        Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::TimestampWithZone(text)
        | Value::Uuid(text)
        | Value::Json(text) => Json::Text(text),
    };
    Ok(values(array)?.into_iter().map(json).collect())
}

/// Formats digits as a decimal with `scale` of them after the decimal point.
fn decimal_text(digits: &str, scale: i8) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let places = usize::from(scale.unsigned_abs());
    match scale {
        0 => format!("{sign}{digits}"),
        ..0 if digits == "0" => digits.to_owned(),
        ..0 => format!("{sign}{digits}{}", "0".repeat(places)),
        _ => {
            let digits = format!("{digits:0>width$}", width = places + 1);
            let (whole, behind) = digits.split_at(digits.len() - places);
            format!("{sign}{whole}.{behind}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type as Key;
    use arrow_array::{
        Decimal256Array, DictionaryArray, DurationSecondArray, Int64Array, ListArray, RecordBatch,
        StructArray, Time64MicrosecondArray,
    };

    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        for (digits, scale, shown) in
            [("1250", 2, "12.50"), ("-5", 2, "-0.05"), ("7", 0, "7"), ("12", -2, "1200"), ("0", -2, "0")]
        {
            assert_eq!(decimal_text(digits, scale), shown);
        }
    }

    #[test]
    fn every_type_has_a_value_or_a_reason() {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let batch =
            RecordBatch::try_from_iter([("n", numbers), ("l", Arc::new(list.clone()) as ArrayRef)]).unwrap();
        let wide = "123456789012345678901234567890123456789012345";
        let wide = Decimal256Array::from_iter_values([wide.parse().unwrap()])
            .with_precision_and_scale(50, 3)
            .unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let json = |text: &str| Value::Json(text.to_owned());
        let words: DictionaryArray<Key> = vec![Some("a"), None, Some("a")].into_iter().collect();
        for (array, wanted) in [
            (Arc::new(words) as ArrayRef, vec![text("a"), Value::Null, text("a")]),
            (Arc::new(list), vec![json("[1,null]"), Value::Null]),
            (
                Arc::new(StructArray::from(batch)),
                vec![json("{\"n\":1,\"l\":[1,null]}"), json("{\"n\":null,\"l\":null}")],
            ),
            (
                Arc::new(wide),
                vec![Value::Decimal("123456789012345678901234567890123456789012.345".to_owned())],
            ),
            (
                Arc::new(Time64MicrosecondArray::from(vec![45_045_500_000])),
                vec![Value::Time("12:30:45.5".to_owned())],
            ),
        ] {
            assert_eq!(values(&array), Ok(wanted));
        }
        let spans: ArrayRef = Arc::new(DurationSecondArray::from(vec![1]));
        assert!(values(&spans).is_err_and(|why| why.contains("`columns`")));
    }
}

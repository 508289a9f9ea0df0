//! Converts the values of a result to JSON and text.

use std::fmt::Write;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, GenericBinaryArray, OffsetSizeTrait, make_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use stepwell_sdk::prelude::serde_json::{Map, Value};
use stepwell_sdk::{Failure, times, values};

use crate::parquet::kind_name;

/// Milliseconds per day.
const DAY: i64 = 86_400_000;

/// Converts a value to JSON.
pub fn json(array: &dyn Array, row: usize) -> Result<Value, Failure> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => values::integer(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => values::integer(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => values::integer(array.as_primitive::<Int32Type>().value(row).into()),
        // The type of the column declares 64-bit whole numbers, so they stay numbers with every digit.
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => values::unsigned(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => values::unsigned(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => values::unsigned(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float16 => {
            values::float(values::single(array.as_primitive::<Float16Type>().value(row).to_f32()))
        }
        DataType::Float32 => values::float(values::single(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => values::float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Binary => binary(array.as_binary::<i32>(), row),
        DataType::LargeBinary => binary(array.as_binary::<i64>(), row),
        DataType::BinaryView => values::bytes_text(array.as_binary_view().value(row)).into(),
        DataType::FixedSizeBinary(_) => values::bytes_text(array.as_fixed_size_binary().value(row)).into(),
        DataType::List(_) => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row))?,
        DataType::ListView(_) => list(&array.as_list_view::<i32>().value(row))?,
        DataType::LargeListView(_) => list(&array.as_list_view::<i64>().value(row))?,
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let mut object = Map::new();
            for (field, column) in fields.iter().zip(array.columns()) {
                object.insert(field.name().clone(), json(column, row)?);
            }
            Value::Object(object)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let [keys, items] = entries.columns() else { return Err(unknown(array.data_type())) };
            let mut object = Map::new();
            for i in 0..entries.len() {
                let key = text(keys, i)?;
                if object.contains_key(&key) {
                    return Err(Failure::failed(format!(
                        "the key `{key}` appears twice in a map: read one of its values with `map_extract(column, '{key}')`"
                    )));
                }
                object.insert(key, json(items, i)?);
            }
            Value::Object(object)
        }
        DataType::Dictionary(_, value) => {
            let one = make_array(array.to_data().slice(row, 1));
            let plain = cast(&one, value).map_err(|_| unknown(array.data_type()))?;
            json(&plain, 0)?
        }
        _ => match moment(array, row) {
            Some(text) => text.into(),
            None => Value::String(formatted(array, row)?),
        },
    })
}

/// Formats a date, a time or a duration. Returns `None` for any other type.
fn moment(array: &dyn Array, row: usize) -> Option<String> {
    fn number<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array, row: usize) -> i64 {
        array.as_primitive::<T>().value(row).into()
    }
    let per_second = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    Some(match array.data_type() {
        DataType::Date32 => times::date(number::<Date32Type>(array, row)),
        DataType::Date64 => match number::<Date64Type>(array, row) {
            millis if millis.rem_euclid(DAY) == 0 => times::date(millis.div_euclid(DAY)),
            millis => times::timestamp(millis, 1_000, false),
        },
        DataType::Time32(TimeUnit::Second) => times::time(number::<Time32SecondType>(array, row), 1),
        DataType::Time32(_) => times::time(number::<Time32MillisecondType>(array, row), 1_000),
        DataType::Time64(TimeUnit::Microsecond) => {
            times::time(number::<Time64MicrosecondType>(array, row), 1_000_000)
        }
        DataType::Time64(_) => times::time(number::<Time64NanosecondType>(array, row), 1_000_000_000),
        DataType::Timestamp(unit, zone) => {
            let parts = match unit {
                TimeUnit::Second => number::<TimestampSecondType>(array, row),
                TimeUnit::Millisecond => number::<TimestampMillisecondType>(array, row),
                TimeUnit::Microsecond => number::<TimestampMicrosecondType>(array, row),
                TimeUnit::Nanosecond => number::<TimestampNanosecondType>(array, row),
            };
            times::timestamp(parts, per_second(unit), zone.is_some())
        }
        DataType::Duration(unit) => {
            let parts = match unit {
                TimeUnit::Second => number::<DurationSecondType>(array, row),
                TimeUnit::Millisecond => number::<DurationMillisecondType>(array, row),
                TimeUnit::Microsecond => number::<DurationMicrosecondType>(array, row),
                TimeUnit::Nanosecond => number::<DurationNanosecondType>(array, row),
            };
            times::duration(parts, per_second(unit))
        }
        _ => return None,
    })
}

fn binary<O: OffsetSizeTrait>(array: &GenericBinaryArray<O>, row: usize) -> Value {
    values::bytes_text(array.value(row)).into()
}

fn list(items: &ArrayRef) -> Result<Value, Failure> {
    (0..items.len()).map(|i| json(items, i)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn unknown(kind: &DataType) -> Failure {
    Failure::failed(format!(
        "a value of the type {} has no form in the output: write CAST(column AS TEXT) in the query",
        kind_name(kind)
    ))
}

fn formatted(array: &dyn Array, row: usize) -> Result<String, Failure> {
    // By default, the formatter would write the error in place of the value.
    let options = FormatOptions::default().with_display_error(false);
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|_| unknown(array.data_type()))?;
    let mut text = String::new();
    write!(text, "{}", formatter.value(row)).map_err(|_| unknown(array.data_type()))?;
    Ok(text)
}

/// Converts a value to text for CSV; lists and objects become JSON. The caller distinguishes NULL.
pub fn text(array: &dyn Array, row: usize) -> Result<String, Failure> {
    Ok(match json(array, row)? {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    })
}

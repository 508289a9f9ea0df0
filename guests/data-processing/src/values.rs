//! Values of a result as JSON and as text.

use std::fmt::Write;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericBinaryArray, OffsetSizeTrait, make_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use stepwell_sdk::Failure;
use stepwell_sdk::prelude::serde_json::{Map, Value};
use stepwell_sdk::values;

/// A value as JSON.
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
        // The type of the column says that these are whole numbers of 64 bits: they stay numbers, with every digit.
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
            let [keys, items] = entries.columns() else { return Err(unknown()) };
            let mut object = Map::new();
            for i in 0..entries.len() {
                object.insert(text(keys, i)?, json(items, i)?);
            }
            Value::Object(object)
        }
        DataType::Dictionary(_, value) => {
            let one = make_array(array.to_data().slice(row, 1));
            let plain = cast(&one, value).map_err(|_| unknown())?;
            json(&plain, 0)?
        }
        _ => Value::String(formatted(array, row)?),
    })
}

fn binary<O: OffsetSizeTrait>(array: &GenericBinaryArray<O>, row: usize) -> Value {
    values::bytes_text(array.value(row)).into()
}

fn list(items: &ArrayRef) -> Result<Value, Failure> {
    (0..items.len()).map(|i| json(items, i)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn unknown() -> Failure {
    Failure::failed("a value has no form in the output: cast it to text in the query")
}

fn formatted(array: &dyn Array, row: usize) -> Result<String, Failure> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|_| unknown())?;
    let mut text = String::new();
    write!(text, "{}", formatter.value(row)).map_err(|_| unknown())?;
    Ok(text)
}

/// A value as text, for CSV; lists and objects as JSON. NULL is told apart by the caller.
pub fn text(array: &dyn Array, row: usize) -> Result<String, Failure> {
    Ok(match json(array, row)? {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    })
}

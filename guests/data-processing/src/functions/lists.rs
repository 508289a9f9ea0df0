//! Functions for lengths, sums and types.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, StringArray, new_empty_array, new_null_array,
};
use datafusion::arrow::compute::{cast, concat, sum_checked};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use super::{Scalar, argument, is_list, texts};

pub const FUNCTIONS: &[Scalar] = &[
    Scalar {
        names: &["len"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Int64)),
        run: lengths,
    },
    Scalar {
        names: &["list_sum", "array_sum"],
        arguments: "1",
        kind: |types| match types {
            [kind] => Some(sum_type(kind)),
            _ => None,
        },
        run: sums,
    },
    Scalar {
        names: &["typeof", "pg_typeof"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: |arrays| {
            let array = argument(arrays, 0)?;
            Ok(Arc::new(StringArray::from(vec![name(array.data_type()); array.len()])))
        },
    },
];

/// Returns the items of a row; `None` is NULL.
fn items(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        _ => array.as_fixed_size_list().value(row),
    })
}

/// Counts the items of lists and the characters of texts.
fn lengths(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = argument(arrays, 0)?;
    let lengths: Int64Array = if is_list(array.data_type()) {
        (0..array.len()).map(|row| items(array, row).map(|items| items.len() as i64)).collect()
    } else {
        texts(arrays, 0)?.iter().map(|text| text.map(|text| text.chars().count() as i64)).collect()
    };
    Ok(Arc::new(lengths))
}

fn sum_type(kind: &DataType) -> Result<DataType> {
    let item = match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            item.data_type()
        }
        other => return plan_err!("`list_sum` takes a list, not {}", name(other)),
    };
    Ok(match item {
        kind if kind.is_integer() => DataType::Int64,
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        _ => DataType::Float64,
    })
}

/// Computes sums that keep their digits, or fails.
fn sums(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = argument(arrays, 0)?;
    let kind = sum_type(array.data_type())?;
    let mut rows: Vec<ArrayRef> = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        let Some(items) = items(array, row) else {
            rows.push(new_null_array(&kind, 1));
            continue;
        };
        let items = cast(&items, &kind)?;
        let sum = match &kind {
            DataType::Int64 => ScalarValue::Int64(sum_checked(items.as_primitive::<Int64Type>())?),
            DataType::Decimal128(precision, scale) => {
                let sum = sum_checked(items.as_primitive::<Decimal128Type>())?;
                ScalarValue::Decimal128(sum, *precision, *scale)
            }
            _ => ScalarValue::Float64(sum_checked(items.as_primitive::<Float64Type>())?),
        };
        rows.push(sum.to_array()?);
    }
    if rows.is_empty() {
        return Ok(new_empty_array(&kind));
    }
    Ok(concat(&rows.iter().map(AsRef::as_ref).collect::<Vec<_>>())?)
}

/// Returns the name of a type in `schema` and the documentation.
pub fn name(kind: &DataType) -> String {
    match kind {
        DataType::Null => "null".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "float64".to_owned(),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => format!("decimal({p},{s})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes".to_owned()
        }
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::Struct(_) | DataType::Map(..) => "object".to_owned(),
        DataType::Dictionary(_, value) => name(value),
        kind if is_list(kind) => "list".to_owned(),
        kind if kind.is_integer() => "int64".to_owned(),
        _ => "value".to_owned(),
    }
}

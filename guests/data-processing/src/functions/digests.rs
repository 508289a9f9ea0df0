//! Functions that encode texts and bytes: base64, hexadecimal digits, digests.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use md5::{Digest, Md5};
use sha2::Sha256;
use stepwell_sdk::values::bytes_text;

use super::{Scalar, argument, text, texts, wrong};

pub const FUNCTIONS: &[Scalar] = &[
    Scalar {
        names: &["encode"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Utf8)),
        run: encoded,
    },
    Scalar {
        names: &["decode"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Binary)),
        run: decoded,
    },
    Scalar {
        names: &["md5"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: |arrays| digests(arrays, |bytes| bytes_text(&Md5::digest(bytes))),
    },
    Scalar {
        names: &["sha256"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: |arrays| digests(arrays, |bytes| bytes_text(&Sha256::digest(bytes))),
    },
];

/// Returns an argument as bytes. A text counts as its UTF-8 bytes.
fn bytes(arrays: &[ArrayRef]) -> Result<BinaryArray> {
    let array = argument(arrays, 0)?;
    let binary = matches!(
        array.data_type(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    );
    let array = if binary { array.clone() } else { cast(array, &DataType::Utf8)? };
    Ok(cast(&array, &DataType::Binary)?.as_binary::<i32>().clone())
}

fn digests(arrays: &[ArrayRef], of: fn(&[u8]) -> String) -> Result<ArrayRef> {
    let made = bytes(arrays)?.iter().map(|bytes| bytes.map(of)).collect::<StringArray>();
    Ok(Arc::new(made))
}

fn unknown<T>(form: &str) -> Result<T> {
    wrong(format!("`{form}` is no form of bytes: write 'base64' or 'hex'"))
}

fn encoded(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, forms) = (bytes(arrays)?, texts(arrays, 1)?);
    let rows = values.iter().enumerate().map(|(row, value)| {
        let (Some(value), Some(form)) = (value, text(&forms, row)) else { return Ok(None) };
        match form.to_ascii_lowercase().as_str() {
            "base64" => Ok(Some(STANDARD.encode(value))),
            "hex" => Ok(Some(bytes_text(value))),
            _ => unknown(form),
        }
    });
    Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
}

fn decoded(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, forms) = (texts(arrays, 0)?, texts(arrays, 1)?);
    let mut made = BinaryBuilder::new();
    for row in 0..values.len() {
        let (Some(value), Some(form)) = (text(&values, row), text(&forms, row)) else {
            made.append_null();
            continue;
        };
        let found = match form.to_ascii_lowercase().as_str() {
            "base64" => STANDARD.decode(value.trim()).ok(),
            "hex" => hex::decode(value).ok(),
            _ => return unknown(form),
        };
        match found {
            Some(found) => made.append_value(found),
            None => return wrong(format!("`{}` is no {form}", tables::shown(value))),
        }
    }
    Ok(Arc::new(made.finish()))
}

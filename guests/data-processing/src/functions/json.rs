//! Functions for JSON texts: values at a path, and table values as JSON.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, ListBuilder, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use tables::Json;

use super::{Scalar, argument, text, texts, wrong};
use crate::json_path::{Part, find, steps};
use crate::values;

pub const FUNCTIONS: &[Scalar] = &[
    Scalar {
        names: &["json_extract"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Utf8)),
        run: |arrays| at_paths(arrays, |found| Some(written(found))),
    },
    Scalar {
        names: &["json_extract_string"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Utf8)),
        run: |arrays| at_paths(arrays, |found| (*found != Json::Null).then(|| found.text())),
    },
    Scalar {
        names: &["json_value"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Utf8)),
        run: |arrays| {
            at_paths(arrays, |found| {
                let single = !matches!(found, Json::Null | Json::List(_) | Json::Object(_));
                single.then(|| found.text())
            })
        },
    },
    Scalar {
        names: &["json_array_length"],
        arguments: "1 or 2",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Int64)),
        run: |arrays| {
            let rows = each(arrays, |found| match found {
                Json::List(items) => i64::try_from(items.len()).ok(),
                _ => None,
            });
            Ok(Arc::new(rows?.into_iter().map(Option::flatten).collect::<Int64Array>()))
        },
    },
    Scalar {
        names: &["json_typeof"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: |arrays| Ok(Arc::new(StringArray::from(each(arrays, kind)?))),
    },
    Scalar {
        names: &["json_keys", "json_object_keys"],
        arguments: "1",
        kind: |types| {
            let item = Arc::new(Field::new("item", DataType::Utf8, true));
            (types.len() == 1).then_some(Ok(DataType::List(item)))
        },
        run: keys,
    },
    Scalar {
        names: &["json_valid"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Boolean)),
        run: |arrays| {
            let given = texts(arrays, 0)?;
            let rows = given.iter().map(|text| text.map(|text| Json::parse(text).is_ok()));
            Ok(Arc::new(rows.collect::<BooleanArray>()))
        },
    },
    Scalar {
        names: &["to_json"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: |arrays| {
            let array = argument(arrays, 0)?;
            let rows = (0..array.len()).map(|row| serialized(array, row));
            Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
        },
    },
];

fn written(value: &Json) -> String {
    let mut text = String::new();
    value.write(&mut text);
    text
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::Text(_) => "string",
        Json::List(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Returns a table value as JSON.
fn serialized(array: &ArrayRef, row: usize) -> Result<Option<String>> {
    if array.is_null(row) {
        return Ok(None);
    }
    let value =
        values::json(array, row).map_err(|failure| DataFusionError::Execution(failure.message.clone()))?;
    Ok(Some(value.to_string()))
}

/// Returns the JSON of the first argument, row by row. The argument is a text, or a list or an object of the
/// table.
fn documents(arrays: &[ArrayRef]) -> Result<Vec<Option<String>>> {
    let array = argument(arrays, 0)?;
    if matches!(array.data_type(), DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null)
    {
        return Ok(texts(arrays, 0)?.iter().map(|text| text.map(str::to_owned)).collect());
    }
    (0..array.len()).map(|row| serialized(array, row)).collect()
}

fn parse(text: &str) -> Result<Json> {
    Json::parse(text)
        .or_else(|what| wrong(format!("`{}` {what}: `json_valid(x)` finds such texts", tables::shown(text))))
}

fn each<T>(arrays: &[ArrayRef], of: fn(&Json) -> T) -> Result<Vec<Option<T>>> {
    let rows = documents(arrays)?.into_iter();
    rows.map(|text| text.map(|text| parse(&text).map(|json| of(&json))).transpose()).collect()
}

fn keys(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in each(arrays, Json::clone)? {
        match row {
            Some(Json::Object(entries)) => {
                entries.iter().for_each(|(key, _)| lists.values().append_value(key));
                lists.append(true);
            }
            _ => lists.append(false),
        }
    }
    Ok(Arc::new(lists.finish()))
}

fn at_paths(arrays: &[ArrayRef], of: fn(&Json) -> Option<String>) -> Result<ArrayRef> {
    let (given, paths) = (documents(arrays)?, texts(arrays, 1)?);
    let is_index = argument(arrays, 1)?.data_type().is_integer();
    let mut known: (String, Vec<Part>) = Default::default();
    let mut rows: Vec<Option<String>> = Vec::with_capacity(given.len());
    for (row, document) in given.iter().enumerate() {
        let (Some(document), Some(path)) = (document, text(&paths, row)) else {
            rows.push(None);
            continue;
        };
        if known.0 != path || known.1.is_empty() {
            let parts = match path.parse() {
                Ok(index) if is_index => vec![Part::Index(index)],
                _ => steps(path).or_else(wrong)?,
            };
            known = (path.to_owned(), parts);
        }
        let json = parse(document)?;
        rows.push(find(&json, &known.1).and_then(of));
    }
    Ok(Arc::new(StringArray::from(rows)))
}

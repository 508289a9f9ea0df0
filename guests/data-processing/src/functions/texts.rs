//! Functions for patterns: regular expressions with several matches, and `LIKE` with an escape character.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringArray, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::error::{DataFusionError, Result};
use regex::Regex;

use super::{Scalar, text, texts, wrong};
use crate::syntax::{LIKE_PATTERN, like_pattern};

pub const FUNCTIONS: &[Scalar] = &[
    Scalar {
        names: &["regexp_extract_all"],
        arguments: "2 or 3",
        kind: |types| (2..=3).contains(&types.len()).then(|| Ok(list())),
        run: |arrays| {
            let groups = match arrays.get(2) {
                Some(groups) => Some(cast(groups, &DataType::Int64)?),
                None => None,
            };
            lists(arrays, |regex, text, row, found| {
                let group = groups.as_ref().map_or(Some(0), |groups| {
                    let groups = groups.as_primitive::<Int64Type>();
                    (!groups.is_null(row)).then(|| groups.value(row))
                });
                let Some(group) = group.and_then(|group| usize::try_from(group).ok()) else {
                    return wrong("`regexp_extract_all` takes a group from 0 on".to_owned());
                };
                for part in regex.captures_iter(text) {
                    found.append_value(part.get(group).map_or("", |part| part.as_str()));
                }
                Ok(())
            })
        },
    },
    Scalar {
        names: &[LIKE_PATTERN],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Utf8)),
        run: |arrays| {
            let (patterns, escapes) = (texts(arrays, 0)?, texts(arrays, 1)?);
            let rows = (0..patterns.len()).map(|row| match (text(&patterns, row), text(&escapes, row)) {
                (Some(pattern), Some(escape)) => like_pattern(pattern, escape).or_else(wrong).map(Some),
                _ => Ok(None),
            });
            Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
        },
    },
    Scalar {
        names: &["regexp_split_to_array", "regexp_split"],
        arguments: "2",
        kind: |types| (types.len() == 2).then(|| Ok(list())),
        run: |arrays| {
            lists(arrays, |regex, text, _, found| {
                regex.split(text).for_each(|part| found.append_value(part));
                Ok(())
            })
        },
    },
];

fn list() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

fn lists(
    arrays: &[ArrayRef],
    each: impl Fn(&Regex, &str, usize, &mut StringBuilder) -> Result<()>,
) -> Result<ArrayRef> {
    let (values, patterns) = (texts(arrays, 0)?, texts(arrays, 1)?);
    let mut known: Option<(String, Regex)> = None;
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..values.len() {
        let (Some(value), Some(pattern)) = (text(&values, row), text(&patterns, row)) else {
            lists.append(false);
            continue;
        };
        if known.as_ref().is_none_or(|(other, _)| other != pattern) {
            let regex = Regex::new(pattern).map_err(|error| {
                let last = error.to_string().lines().last().unwrap_or_default().to_owned();
                DataFusionError::Execution(format!("`{pattern}` is no regular expression: {last}"))
            })?;
            known = Some((pattern.to_owned(), regex));
        }
        if let Some((_, regex)) = &known {
            each(regex, value, row, lists.values())?;
            lists.append(true);
        }
    }
    Ok(Arc::new(lists.finish()))
}

//! Functions for the difference of timestamps, and for timestamps from texts.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, IntervalMonthDayNanoArray, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::Result;

use crate::calendar::{age, crossed, moment, whole};
use crate::formats::percent;

use super::{Scalar, argument, is_list, text, texts, wrong};

pub const FUNCTIONS: &[Scalar] = &[
    Scalar {
        names: &["date_diff", "datediff"],
        arguments: "3",
        kind: |types| (types.len() == 3).then_some(Ok(DataType::Int64)),
        run: |arrays| differences(arrays, crossed),
    },
    Scalar {
        names: &["date_sub", "datesub"],
        arguments: "3",
        kind: |types| (types.len() == 3).then_some(Ok(DataType::Int64)),
        run: |arrays| differences(arrays, whole),
    },
    Scalar {
        names: &["age"],
        arguments: "1 or 2",
        kind: |types| (types.len() == 2).then_some(Ok(DataType::Interval(IntervalUnit::MonthDayNano))),
        run: ages,
    },
    Scalar {
        names: &["strptime"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(MOMENT)),
        run: |arrays| parsed(arrays, false),
    },
    Scalar {
        names: &["try_strptime"],
        arguments: "2",
        kind: |types| (types.len() == 2).then_some(Ok(MOMENT)),
        run: |arrays| parsed(arrays, true),
    },
    Scalar {
        names: &["date_format_of"],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: formats,
    },
];

const MOMENT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
/// Returns an argument as microseconds since 1970.
fn moments(arrays: &[ArrayRef], place: usize) -> Result<TimestampMicrosecondArray> {
    let array = argument(arrays, place)?;
    Ok(cast(array, &MOMENT)?.as_primitive::<TimestampMicrosecondType>().clone())
}

fn micros(array: &TimestampMicrosecondArray, row: usize) -> Option<i64> {
    (!array.is_null(row)).then(|| array.value(row))
}

fn differences(arrays: &[ArrayRef], between: fn(&str, i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    let (parts, from, to) = (texts(arrays, 0)?, moments(arrays, 1)?, moments(arrays, 2)?);
    let rows = (0..from.len()).map(|row| {
        let (Some(part), Some(from), Some(to)) = (text(&parts, row), micros(&from, row), micros(&to, row))
        else {
            return Ok(None);
        };
        let lower = part.to_ascii_lowercase();
        let single = lower.strip_suffix('s').filter(|rest| !rest.is_empty()).unwrap_or(&lower);
        match between(single, from, to) {
            Some(found) => Ok(Some(found)),
            None => wrong(format!(
                "`{part}` is no part of a date: write 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond' or 'microsecond'"
            )),
        }
    });
    Ok(Arc::new(rows.collect::<Result<Int64Array>>()?))
}

fn ages(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (to, from) = (moments(arrays, 0)?, moments(arrays, 1)?);
    let rows = (0..to.len()).map(|row| {
        let (months, days, nanos) = age(micros(&to, row)?, micros(&from, row)?);
        Some(IntervalMonthDayNano::new(months, days, nanos))
    });
    Ok(Arc::new(rows.collect::<IntervalMonthDayNanoArray>()))
}

/// Parses texts as timestamps. The format is one text, or a list of formats to try.
fn parsed(arrays: &[ArrayRef], quiet: bool) -> Result<ArrayRef> {
    let values = texts(arrays, 0)?;
    let given = argument(arrays, 1)?;
    let single = if is_list(given.data_type()) { None } else { Some(texts(arrays, 1)?) };
    let rows = (0..values.len()).map(|row| {
        let Some(value) = text(&values, row) else { return Ok(None) };
        let list: Vec<String> = match &single {
            Some(formats) => text(formats, row).map(str::to_owned).into_iter().collect(),
            None => list_texts(given, row)?,
        };
        if list.is_empty() {
            return Ok(None);
        }
        for format in &list {
            let format = percent(format).or_else(wrong)?;
            if let Some(found) = moment(value, &format) {
                return Ok(Some(found));
            }
        }
        match quiet {
            true => Ok(None),
            false => wrong(format!(
                "`{value}` is not written as `{}`: write `try_strptime` to have NULL there",
                list.join("` or `")
            )),
        }
    });
    Ok(Arc::new(rows.collect::<Result<TimestampMicrosecondArray>>()?))
}

fn list_texts(array: &ArrayRef, row: usize) -> Result<Vec<String>> {
    if array.is_null(row) {
        return Ok(Vec::new());
    }
    let items = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        _ => array.as_fixed_size_list().value(row),
    };
    let items = cast(&items, &DataType::Utf8)?;
    Ok(items.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

fn formats(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let formats = texts(arrays, 0)?;
    let mut made: Vec<Option<String>> = Vec::with_capacity(formats.len());
    for row in 0..formats.len() {
        let format = text(&formats, row).map(|format| percent(format).or_else(wrong)).transpose()?;
        made.push(format.map(|format| format.into_owned()));
    }
    Ok(Arc::new(StringArray::from(made)))
}

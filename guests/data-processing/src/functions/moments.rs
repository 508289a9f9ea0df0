//! Functions of timestamps in microseconds, which hold every year of the calendar. Those of the engine
//! calculate with nanoseconds, which end in the year 2262.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, IntervalMonthDayNanoArray, ListBuilder, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use datafusion::error::Result;
use stepwell_sdk::times;

use crate::calendar::{Span, truncated};

use super::{Scalar, argument, text, texts, wrong};

/// A timestamp without a zone.
const MOMENT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const UTC: &str = "+00:00";
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
/// The maximum number of timestamps in one series.
const MOST: usize = 10_000_000;
/// The names under which `crate::moments` puts these functions into a plan.
pub const SERIES: &str = "moment_series";
pub const RANGE: &str = "moment_range";
pub const TEXT: &str = "moment_text";

pub const FUNCTIONS: &[Scalar] = &[
    Scalar {
        names: &["date_trunc", "datetrunc"],
        arguments: "2",
        kind: |types| match types {
            [_, kind] => Some(moment_type(kind, "date_trunc")),
            _ => None,
        },
        run: starts,
    },
    Scalar {
        names: &["date_bin"],
        arguments: "2 or 3",
        kind: |types| match types {
            [_, kind] | [_, kind, _] => Some(moment_type(kind, "date_bin")),
            _ => None,
        },
        run: bins,
    },
    Scalar {
        names: &["moment_of"],
        arguments: "1",
        kind: |types| {
            (types.len() == 1).then(|| Ok(DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))))
        },
        run: moments_of,
    },
    Scalar { names: &[SERIES], arguments: "3", kind: series_type, run: |arrays| series(arrays, true) },
    Scalar { names: &[RANGE], arguments: "3", kind: series_type, run: |arrays| series(arrays, false) },
    Scalar {
        names: &[TEXT],
        arguments: "1",
        kind: |types| (types.len() == 1).then_some(Ok(DataType::Utf8)),
        run: written,
    },
];

/// Returns the type of the result for an argument that is a timestamp, a date or a text.
fn moment_type(kind: &DataType, name: &str) -> Result<DataType> {
    match kind {
        DataType::Timestamp(..) => Ok(kind.clone()),
        kind if kind.is_string() => Ok(MOMENT),
        DataType::Date32 | DataType::Date64 | DataType::Null => Ok(MOMENT),
        other => wrong(format!(
            "`{name}` takes a timestamp or a date, not {}: write `CAST(x AS TIMESTAMP)`, or `to_timestamp(x)` for seconds",
            super::lists::name(other)
        )),
    }
}

fn series_type(types: &[DataType]) -> Option<Result<DataType>> {
    match types {
        [kind, _, _] => Some(Ok(DataType::List(Arc::new(Field::new_list_field(kind.clone(), true))))),
        _ => None,
    }
}

fn strict(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(array, kind, &CastOptions { safe: false, ..CastOptions::default() })?)
}

/// Returns the values as timestamps in microseconds, of the zone that they have.
fn micros(array: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let zone = match array.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    if let Some(nanos) = array.as_primitive_opt::<TimestampNanosecondType>() {
        // A cast would cut toward zero.
        let found: TimestampMicrosecondArray = nanos.unary(|nanos| nanos.div_euclid(1_000));
        return Ok(found.with_timezone_opt(zone));
    }
    let kind = DataType::Timestamp(TimeUnit::Microsecond, zone);
    Ok(strict(array, &kind)?.as_primitive::<TimestampMicrosecondType>().clone())
}

/// Returns the timestamps with the type of the argument.
fn back(found: TimestampMicrosecondArray, given: &ArrayRef) -> Result<ArrayRef> {
    let kind = moment_type(given.data_type(), "date_trunc")?;
    match &kind {
        DataType::Timestamp(_, zone) => {
            strict(&(Arc::new(found.with_timezone_opt(zone.clone())) as _), &kind)
        }
        _ => Ok(Arc::new(found)),
    }
}

fn starts(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (parts, given) = (texts(arrays, 0)?, argument(arrays, 1)?);
    let moments = micros(given)?;
    let mut known = (String::new(), String::new());
    let mut found = Vec::with_capacity(moments.len());
    for row in 0..moments.len() {
        let Some(part) = text(&parts, row).filter(|_| moments.is_valid(row)) else {
            found.push(None);
            continue;
        };
        if known.0 != part {
            let lower = part.to_ascii_lowercase();
            let single = lower.strip_suffix('s').filter(|rest| !rest.is_empty()).unwrap_or(&lower);
            known = (part.to_owned(), single.to_owned());
        }
        let Some(start) = truncated(&known.1, moments.value(row)) else {
            return wrong(format!(
                "`date_trunc` does not take '{part}': write 'decade', 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond' or 'microsecond'"
            ));
        };
        found.push(Some(start));
    }
    back(TimestampMicrosecondArray::from(found), given)
}

fn span(intervals: &IntervalMonthDayNanoArray, row: usize) -> Result<Span> {
    let interval = intervals.value(row);
    if interval.nanoseconds % 1_000 != 0 {
        return wrong("the interval has nanoseconds, and timestamps end at microseconds".to_owned());
    }
    let micros = interval.nanoseconds / 1_000;
    Ok(Span { months: interval.months, days: interval.days, micros })
}

fn intervals(arrays: &[ArrayRef], place: usize) -> Result<IntervalMonthDayNanoArray> {
    Ok(strict(argument(arrays, place)?, &INTERVAL)?.as_primitive::<IntervalMonthDayNanoType>().clone())
}

fn bins(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (widths, given) = (intervals(arrays, 0)?, argument(arrays, 1)?);
    let moments = micros(given)?;
    let origins = match arrays.get(2) {
        Some(origins) => Some(micros(origins)?),
        None => None,
    };
    let rows = (0..moments.len()).map(|row| {
        let lacks = origins.as_ref().is_some_and(|origins| origins.is_null(row));
        if moments.is_null(row) || widths.is_null(row) || lacks {
            return Ok(None);
        }
        let origin = origins.as_ref().map_or(0, |origins| origins.value(row));
        match span(&widths, row)?.bin(moments.value(row), origin) {
            Some(start) => Ok(Some(start)),
            None => wrong(
                "the width of a bin is above zero, in months or in days and hours: write INTERVAL '1 month' or INTERVAL '7 days'"
                    .to_owned(),
            ),
        }
    });
    back(rows.collect::<Result<TimestampMicrosecondArray>>()?, given)
}

/// Reads seconds since 1970, or a text with a date and a time, as a moment in UTC.
fn moments_of(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let given = argument(arrays, 0)?;
    let outside = || wrong("the number of seconds is outside of the calendar".to_owned());
    let found: TimestampMicrosecondArray = match given.data_type() {
        kind if kind.is_integer() => {
            let seconds = strict(given, &DataType::Int64)?;
            let seconds = seconds.as_primitive::<Int64Type>().iter();
            let micros = |seconds: i64| seconds.checked_mul(1_000_000).map_or_else(outside, Ok);
            seconds.map(|seconds| seconds.map(micros).transpose()).collect::<Result<_>>()?
        }
        kind if kind.is_numeric() => {
            let seconds = strict(given, &DataType::Float64)?;
            let seconds = seconds.as_primitive::<Float64Type>().iter();
            let micros = |seconds: f64| match (seconds * 1e6).round() {
                micros if micros.abs() < 9.2e18 => Ok(micros as i64),
                _ => outside(),
            };
            seconds.map(|seconds| seconds.map(micros).transpose()).collect::<Result<_>>()?
        }
        _ => {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
            return strict(given, &kind);
        }
    };
    Ok(Arc::new(found.with_timezone(UTC)))
}

fn series(arrays: &[ArrayRef], inclusive: bool) -> Result<ArrayRef> {
    let given = argument(arrays, 0)?;
    let (starts, ends, steps) = (micros(given)?, micros(argument(arrays, 1)?)?, intervals(arrays, 2)?);
    let zone = starts.timezone().map(Into::into);
    let mut lists =
        ListBuilder::new(TimestampMicrosecondArray::builder(0).with_timezone_opt::<Arc<str>>(zone));
    for row in 0..starts.len() {
        if starts.is_null(row) || ends.is_null(row) || steps.is_null(row) {
            lists.append(false);
            continue;
        }
        let (step, end) = (span(&steps, row)?, ends.value(row));
        let mut next = Some(starts.value(row));
        let forward = match next.and_then(|start| step.after(start)) {
            Some(second) if Some(second) != next => Some(second) > next,
            _ => return wrong("a series needs a step that is not zero: write INTERVAL '1 day'".to_owned()),
        };
        let mut count = 0;
        while let Some(moment) = next {
            let inside = if forward { moment < end } else { moment > end };
            if !inside && !(inclusive && moment == end) {
                break;
            }
            count += 1;
            if count > MOST {
                return wrong(format!("a series has more than {MOST} timestamps: write a wider step"));
            }
            lists.values().append_value(moment);
            next = step.after(moment);
        }
        lists.append(true);
    }
    let DataType::Timestamp(..) = given.data_type() else { return Ok(Arc::new(lists.finish())) };
    let kind = DataType::List(Arc::new(Field::new_list_field(given.data_type().clone(), true)));
    strict(&(Arc::new(lists.finish()) as _), &kind)
}

/// Writes timestamps as DuckDB and PostgreSQL do: `2026-01-31 10:20:30.5`, with `+00` for a moment.
fn written(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = argument(arrays, 0)?;
    let DataType::Timestamp(unit, zone) = array.data_type() else { return Ok(Arc::new(texts(arrays, 0)?)) };
    let per_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let parts = strict(array, &DataType::Int64)?;
    let parts = parts.as_primitive::<Int64Type>();
    let rows = parts.iter().map(|parts| {
        let text = times::timestamp(parts?, per_second, zone.is_some()).replacen('T', " ", 1);
        Some(match text.strip_suffix('Z') {
            Some(text) => format!("{text}+00"),
            None => text,
        })
    });
    Ok(Arc::new(rows.collect::<StringArray>()))
}

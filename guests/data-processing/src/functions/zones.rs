//! Moments and the local times of time zones.

use std::sync::Arc;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result;

use super::{Scalar, argument, text, texts, wrong};

/// The zone of every column of moments.
pub const UTC: &str = "+00:00";

pub const FUNCTIONS: &[Scalar] = &[Scalar {
    names: &["timezone"],
    arguments: "2",
    kind: |types| {
        match types {
        [_, DataType::Timestamp(_, Some(_))] => Some(Ok(LOCAL)),
        [_, DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64] => {
            Some(Ok(DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))))
        }
        [_, _] => Some(wrong(
            "`AT TIME ZONE` takes a timestamp: write `CAST(x AS TIMESTAMP)` for a local time, or `CAST(x AS TIMESTAMPTZ)` for a text with an offset".to_owned(),
        )),
        _ => None,
    }
    },
    run,
}];

const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Returns the moment of a local time, or the local time of a moment.
fn run(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (zones, times) = (texts(arrays, 0)?, argument(arrays, 1)?);
    let is_moment = matches!(times.data_type(), DataType::Timestamp(_, Some(_)));
    let unit = match is_moment {
        true => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        false => LOCAL,
    };
    let times = cast_with_options(times, &unit, &CastOptions { safe: false, ..CastOptions::default() })?;
    let times = times.as_primitive::<TimestampMicrosecondType>();
    let mut known: Option<(&str, Tz)> = None;
    let mut found = TimestampMicrosecondArray::builder(times.len());
    for row in 0..times.len() {
        let Some(name) = text(&zones, row).filter(|_| times.is_valid(row)) else {
            found.append_null();
            continue;
        };
        let zone = match known {
            Some((other, zone)) if other == name => zone,
            _ => zone(name)?,
        };
        known = Some((name, zone));
        let micros = times.value(row);
        let Some(utc) = DateTime::<Utc>::from_timestamp_micros(micros) else {
            return wrong("the timestamp is outside of the calendar".to_owned());
        };
        found.append_value(match is_moment {
            true => utc.with_timezone(&zone).naive_local().and_utc().timestamp_micros(),
            false => moment(&zone, utc.naive_utc()),
        });
    }
    let found = found.finish();
    Ok(Arc::new(if is_moment { found } else { found.with_timezone(UTC) }))
}

fn zone(name: &str) -> Result<Tz> {
    name.parse().or_else(|_| {
        wrong(format!("there is no time zone `{name}`: write one like `Europe/Berlin`, `UTC` or `+02:00`"))
    })
}

/// Returns the moment of a local time. Of two such moments it is the later one, and a time that clocks skip
/// has the offset from before the change, as in PostgreSQL.
fn moment(zone: &Tz, local: NaiveDateTime) -> i64 {
    let before = |local: NaiveDateTime| {
        let day = TimeDelta::hours(25);
        let earlier = local.checked_sub_signed(day).unwrap_or(local);
        let offset = zone.offset_from_utc_datetime(&earlier).fix();
        local.and_utc().timestamp_micros() - i64::from(offset.local_minus_utc()) * 1_000_000
    };
    match zone.from_local_datetime(&local) {
        LocalResult::Single(found) | LocalResult::Ambiguous(_, found) => found.timestamp_micros(),
        LocalResult::None => before(local),
    }
}

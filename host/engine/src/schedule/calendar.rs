//! Times without fires.

use std::collections::BTreeMap;

use chrono::Duration;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zone::{parse_time, parse_wall};
use crate::clock::Timestamp;

/// Named lists of times without fires, from the configuration.
pub type Calendars = BTreeMap<String, Vec<Blackout>>;

/// A time without fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Blackout {
    /// A day in the job's time zone: `2026-12-25`.
    Day(#[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))] String),
    /// The time from one point to another.
    Range(Range),
    /// A calendar of the configuration.
    Calendar(CalendarName),
}

/// The time from one point to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first time: a date, a wall time of the job's time zone, or a time with its offset.
    #[schemars(length(max = 64))]
    pub from: String,
    /// The end, exclusive; a date is included as a whole day.
    #[schemars(length(max = 64))]
    pub to: String,
    /// The reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1000))]
    pub reason: String,
}

/// The name of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarName {
    /// The name under `calendars` in the configuration.
    #[schemars(length(max = 200))]
    pub calendar: String,
}

/// A blackout in absolute time.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub from: Timestamp,
    pub to: Timestamp,
    pub reason: String,
}

/// Returns `blackouts` in absolute time for a time zone.
///
/// # Errors
/// Returns the problem, with the index of the entry.
pub(super) fn closed(
    blackouts: &[Blackout],
    zone: Tz,
    calendars: &Calendars,
) -> Result<Vec<Closed>, (usize, String)> {
    let mut found = Vec::new();
    for (index, blackout) in blackouts.iter().enumerate() {
        let fail = |message: String| (index, message);
        match blackout {
            Blackout::Calendar(CalendarName { calendar }) => {
                let entries = calendars.get(calendar).ok_or_else(|| {
                    let known: Vec<&str> = calendars.keys().map(String::as_str).collect();
                    let has = match known.as_slice() {
                        [] => "it has no calendars".to_owned(),
                        known => format!("it has {}", known.join(", ")),
                    };
                    fail(format!("there is no calendar `{calendar}` in the configuration; {has}"))
                })?;
                for entry in entries {
                    let mut one = of(entry, zone).map_err(fail)?;
                    one.reason = match one.reason.as_str() {
                        "" => format!("calendar {calendar}"),
                        reason => format!("calendar {calendar}: {reason}"),
                    };
                    found.push(one);
                }
            }
            entry => found.push(of(entry, zone).map_err(fail)?),
        }
    }
    Ok(found)
}

fn of(blackout: &Blackout, zone: Tz) -> Result<Closed, String> {
    match blackout {
        Blackout::Day(day) => between(day, day, zone, String::new()),
        Blackout::Range(Range { from, to, reason }) => between(from, to, zone, reason.clone()),
        Blackout::Calendar(CalendarName { calendar }) => {
            Err(format!("a calendar cannot name another one (`{calendar}`)"))
        }
    }
}

fn between(from: &str, to: &str, zone: Tz, reason: String) -> Result<Closed, String> {
    let start = parse_time(from, zone)?;
    let end = match parse_wall(to).filter(|_| to.len() == "2026-12-25".len()) {
        Some(day) => parse_time(&(day + Duration::days(1)).format("%Y-%m-%d").to_string(), zone)?,
        None => parse_time(to, zone)?,
    };
    if end <= start {
        return Err(format!("`{to}` is not after `{from}`"));
    }
    Ok(Closed { from: start, to: end, reason })
}

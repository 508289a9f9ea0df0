//! The default rule for clock changes, compared with Vixie cron's.
//!
//! The reference is cron's main loop (`cron.c` of Vixie cron 3.0, "the clock jumped"), minute by minute. It
//! shares only the offsets of the zone database with the code under test.

use chrono::{Duration, NaiveDateTime, Timelike};
use chrono_tz::Tz;
use serde_json::json;

use super::zone::{changes, offset};
use super::{Calendars, Decision, Schedule, Timetable, Watch, due};
use crate::clock::Timestamp;

const MINUTES: [&str; 7] = ["0", "30", "59", "0,30", "15-45/15", "*/10", "*/20"];
const HOURS: [&str; 9] = ["0", "2", "23", "1,2", "2-3", "2,14", "0-23", "*", "*/6"];
/// Zones that change by an hour, by half an hour, with summer time as the standard, and at midnight
/// both ways.
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
];

/// Returns whether a field of a pattern has that number.
fn has(field: &str, number: u32) -> bool {
    field.split(',').any(|part| {
        let (range, step) =
            part.split_once('/').map_or((part, 1), |(range, step)| (range, step.parse().unwrap()));
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (low.parse().unwrap(), high.parse().unwrap()),
            None if range == "*" => (0, 59),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        (low..=high).contains(&number) && (number - low).is_multiple_of(step)
    })
}

/// Returns the minutes of `[from, to]` with the wall time of each.
fn minutes(zone: Tz, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, NaiveDateTime)> {
    let local = |at: Timestamp| at.naive_utc() + Duration::seconds(i64::from(offset(zone, at)));
    let count = (to - from).num_minutes();
    (0..=count).map(|minute| from + Duration::minutes(minute)).map(|at| (at, local(at))).collect()
}

/// Returns the times at which cron runs the entry, after the first of these minutes.
fn cron(minute: &str, hour: &str, minutes: &[(Timestamp, NaiveDateTime)]) -> Vec<Timestamp> {
    let matches = |wall: NaiveDateTime| has(minute, wall.minute()) && has(hour, wall.hour());
    let wildcard = minute.starts_with('*') || hour.starts_with('*');
    let (mut runs, mut clock) = (Vec::new(), minutes[0].1);
    for (at, now) in minutes.iter().copied().skip(1) {
        let jump = (now - clock).num_minutes();
        if jump > 1 {
            // Forward: wildcard jobs run for the present time, the others also for each skipped minute.
            runs.extend((wildcard && matches(now)).then_some(at));
            while clock < now {
                clock += Duration::minutes(1);
                runs.extend((!wildcard && matches(clock)).then_some(at));
            }
        } else if jump < 1 {
            // Back: only wildcard jobs run, until the clock has caught up.
            runs.extend((wildcard && matches(now)).then_some(at));
        } else {
            clock = now;
            runs.extend(matches(now).then_some(at));
        }
    }
    runs
}

fn ours(zone: Tz, pattern: &str, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let schedule: Schedule =
        serde_json::from_value(json!({"cron": pattern, "misfire": "all", "misfire_window": "30d"})).unwrap();
    let timetable = Timetable::new("job", &schedule, zone, &Calendars::new(), from).unwrap();
    let fires = due(&timetable, &schedule, from, None, Watch::always(to), 10_000).fires;
    fires.into_iter().filter(|fire| fire.decision == Decision::Admitted).map(|fire| fire.due).collect()
}

#[test]
fn each_pattern_runs_when_cron_runs_it() {
    let year = ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"].map(|at| at.parse::<Timestamp>().unwrap());
    for name in ZONES {
        let zone: Tz = name.parse().unwrap();
        let found = changes(zone, year[0], year[1]);
        assert!(found.len() >= 2, "{name}");
        for (change, ..) in found {
            let (from, to) = (change - Duration::hours(9), change + Duration::hours(9));
            let minutes = minutes(zone, from, to);
            for (minute, hour) in MINUTES.iter().flat_map(|minute| HOURS.map(|hour| (*minute, hour))) {
                let pattern = format!("{minute} {hour} * * *");
                let expected = cron(minute, hour, &minutes);
                assert_eq!(ours(zone, &pattern, from, to), expected, "{pattern} in {name} around {change}");
            }
        }
    }
}

/// The two days in Berlin on which an invoice must be made once for each listed time.
#[test]
fn twice_a_day_stays_twice_a_day_in_berlin() {
    for day in ["2027-03-28", "2027-10-31"] {
        for (pattern, count) in [
            ("30 2,14 * * *", 2),
            ("0,30 2 * * *", 2),
            ("0 2-3 * * *", 2),
            ("30 1,2 * * *", 2),
            ("30 2 * * *", 1),
        ] {
            // From midnight to midnight: 22:00Z or 23:00Z of the day before.
            let noon: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
            let runs = ours(
                chrono_tz::Europe::Berlin,
                pattern,
                noon - Duration::hours(13),
                noon + Duration::hours(10),
            );
            assert_eq!(runs.len(), count, "{pattern} on {day}: {runs:?}");
        }
    }
}

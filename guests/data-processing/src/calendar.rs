//! Differences between two timestamps.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fn civil(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).unwrap_or_default().naive_utc()
}

/// Returns the microseconds of a date part of constant length.
fn length(part: &str) -> Option<i64> {
    Some(match part {
        "week" => 7 * DAY,
        "day" => DAY,
        "hour" => 3600 * SECOND,
        "minute" => 60 * SECOND,
        "second" => SECOND,
        "millisecond" => 1000,
        "microsecond" => 1,
        _ => return None,
    })
}

/// Returns the months of any other date part.
fn months(part: &str) -> Option<i64> {
    Some(match part {
        "century" | "centurie" => 1200,
        "decade" => 120,
        "year" => 12,
        "quarter" => 3,
        "month" => 1,
        _ => return None,
    })
}

/// Counts the boundaries of a date part between two timestamps. Weeks count as seven days.
pub fn crossed(part: &str, from: i64, to: i64) -> Option<i64> {
    if part == "week" {
        return Some((to.div_euclid(DAY) - from.div_euclid(DAY)) / 7);
    }
    if let Some(length) = length(part) {
        return Some(to.div_euclid(length) - from.div_euclid(length));
    }
    let length = months(part)?;
    let month = |micros| {
        let day = civil(micros);
        i64::from(day.year()) * 12 + i64::from(day.month0())
    };
    Some(month(to).div_euclid(length) - month(from).div_euclid(length))
}

/// Counts the whole date parts between two timestamps.
pub fn whole(part: &str, from: i64, to: i64) -> Option<i64> {
    if from > to {
        return whole(part, to, from).map(|found| -found);
    }
    if let Some(length) = length(part) {
        return Some((to - from) / length);
    }
    let length = months(part)?;
    let (start, end) = (civil(from), civil(to));
    let last = days_of(end.year(), end.month());
    // The 31st of a month corresponds to the last day of a shorter month.
    let first = if end.day() == last { start.day().min(last) } else { start.day() };
    let mut found =
        i64::from(end.year() - start.year()) * 12 + i64::from(end.month()) - i64::from(start.month());
    if (first, start.time()) > (end.day(), end.time()) {
        found -= 1;
    }
    Some(found / length)
}

fn days_of(year: i32, month: u32) -> u32 {
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    NaiveDate::from_ymd_opt(next.0, next.1, 1).and_then(|day| day.pred_opt()).map_or(31, |day| day.day())
}

/// Returns the difference in months, days and nanoseconds, as PostgreSQL counts it.
pub fn age(to: i64, from: i64) -> (i32, i32, i64) {
    if to < from {
        let found = age(from, to);
        return (-found.0, -found.1, -found.2);
    }
    let (start, end) = (civil(from), civil(to));
    let time = |moment: NaiveDateTime| {
        i64::from(moment.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(moment.nanosecond())
    };
    let mut nanos = time(end) - time(start);
    let mut days = i64::from(end.day()) - i64::from(start.day());
    let mut months = (end.year() - start.year()) * 12 + end.month() as i32 - start.month() as i32;
    if nanos < 0 {
        nanos += DAY * 1000;
        days -= 1;
    }
    while days < 0 {
        days += i64::from(days_of(start.year(), start.month()));
        months -= 1;
    }
    (months, days as i32, nanos)
}

/// Parses a text as microseconds since 1970. Without a time, the result is the start of the day.
pub fn moment(value: &str, format: &str) -> Option<i64> {
    let whole = NaiveDateTime::parse_from_str(value, format);
    let found = whole.or_else(|_| NaiveDate::parse_from_str(value, format).map(NaiveDateTime::from)).ok()?;
    Some(found.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        moment(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    /// The expected values come from DuckDB, except that `age` follows PostgreSQL.
    #[test]
    fn differences_are_those_of_duckdb_and_postgresql() {
        for (part, from, to, cross, full) in [
            ("day", "2026-02-27 23:00:00", "2026-03-01 01:00:00", 2, 1),
            ("month", "2026-01-31 00:00:00", "2026-03-01 00:00:00", 2, 1),
            ("year", "2025-12-31 00:00:00", "2026-01-01 00:00:00", 1, 0),
            ("year", "2024-02-29 00:00:00", "2026-02-28 00:00:00", 2, 2),
            ("hour", "2026-03-01 10:59:00", "2026-03-01 12:00:00", 2, 1),
            ("quarter", "2026-04-01 00:00:00", "2026-03-31 00:00:00", -1, 0),
        ] {
            assert_eq!(crossed(part, at(from), at(to)), Some(cross), "{part} {from} {to}");
            assert_eq!(whole(part, at(from), at(to)), Some(full), "{part} {from} {to}");
        }
        let found = age(at("2026-03-15 12:00:00"), at("2025-01-20 13:00:00"));
        assert_eq!((found.0, found.1, found.2 / 3_600_000_000_000), (13, 25, 23));
        let found = age(at("2026-01-31 00:00:00"), at("2026-03-01 00:00:00"));
        assert_eq!((found.0, found.1), (-1, -1));
    }
}

//! Differences between two timestamps, and the parts of the calendar that contain them.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, Timelike};

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

/// Returns the beginning of the date part that contains a timestamp. Weeks begin on Monday.
pub fn truncated(part: &str, micros: i64) -> Option<i64> {
    if part == "week" {
        let days = micros.div_euclid(DAY);
        // 1970-01-01 was a Thursday.
        return Some((days - (days + 3).rem_euclid(7)) * DAY);
    }
    if let Some(length) = length(part) {
        return micros.div_euclid(length).checked_mul(length);
    }
    // A century begins in the year 00 in some systems, and in the year 01 in others.
    let length = months(part).filter(|length| *length <= 120)?;
    let day = DateTime::from_timestamp_micros(micros)?.date_naive();
    let month = (i64::from(day.year()) * 12 + i64::from(day.month0())).div_euclid(length) * length;
    first_of(month)
}

/// Returns the first day of a month, counted from the year 0.
fn first_of(month: i64) -> Option<i64> {
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let day = NaiveDate::from_ymd_opt(year, u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)?;
    Some(NaiveDateTime::from(day).and_utc().timestamp_micros())
}

/// An interval in months, days and microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

impl Span {
    /// Adds the interval to a timestamp. The 31st becomes the last day of a shorter month.
    pub fn after(self, micros: i64) -> Option<i64> {
        let moment = DateTime::from_timestamp_micros(micros)?.naive_utc();
        let months = Months::new(self.months.unsigned_abs());
        let moment = match self.months < 0 {
            true => moment.checked_sub_months(months)?,
            false => moment.checked_add_months(months)?,
        };
        let rest = i64::from(self.days).checked_mul(DAY)?.checked_add(self.micros)?;
        moment.and_utc().timestamp_micros().checked_add(rest)
    }

    /// Returns the beginning of the bin of this width that contains a timestamp. One of the bins begins at
    /// `origin`. Returns `None` for a width that is not positive, or that has months and days.
    pub fn bin(self, micros: i64, origin: i64) -> Option<i64> {
        let rest = i64::from(self.days).checked_mul(DAY)?.checked_add(self.micros)?;
        if self.months == 0 && rest > 0 {
            let bins = micros.checked_sub(origin)?.div_euclid(rest);
            return origin.checked_add(bins.checked_mul(rest)?);
        }
        if self.months <= 0 || rest != 0 {
            return None;
        }
        let month = |micros| {
            let day = DateTime::from_timestamp_micros(micros)?.date_naive();
            Some(i64::from(day.year()) * 12 + i64::from(day.month0()))
        };
        let bins = (month(micros)? - month(origin)?).div_euclid(i64::from(self.months));
        let shifted = |bins: i64| {
            let months = i32::try_from(bins.checked_mul(i64::from(self.months))?).ok()?;
            Self { months, days: 0, micros: 0 }.after(origin)
        };
        shifted(bins).filter(|start| *start <= micros).or_else(|| shifted(bins - 1))
    }
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
        for (part, moment, start) in [
            ("year", "1500-07-15 10:11:12", "1500-01-01 00:00:00"),
            ("quarter", "1500-06-15 10:11:12", "1500-04-01 00:00:00"),
            ("month", "2500-02-28 23:59:59", "2500-02-01 00:00:00"),
            ("decade", "1499-02-28 23:59:59", "1490-01-01 00:00:00"),
            ("week", "1500-01-03 10:00:00", "1500-01-01 00:00:00"),
            ("week", "2026-03-01 10:00:00", "2026-02-23 00:00:00"),
            ("hour", "1500-01-03 10:59:00", "1500-01-03 10:00:00"),
        ] {
            assert_eq!(truncated(part, at(moment)), Some(at(start)), "{part} {moment}");
        }
        assert_eq!((truncated("century", 0), truncated("moon", 0)), (None, None));
        let found = age(at("2026-03-15 12:00:00"), at("2025-01-20 13:00:00"));
        assert_eq!((found.0, found.1, found.2 / 3_600_000_000_000), (13, 25, 23));
        let found = age(at("2026-01-31 00:00:00"), at("2026-03-01 00:00:00"));
        assert_eq!((found.0, found.1), (-1, -1));
    }

    #[test]
    fn timestamps_of_any_year_are_in_bins_and_series() {
        let span = |months, days, hours: i32| Span { months, days, micros: i64::from(hours) * 3600 * SECOND };
        for (width, moment, start) in [
            (span(0, 7, 0), "1500-03-05 10:00:00", "1500-03-05 00:00:00"),
            (span(0, 0, 6), "1500-03-05 10:00:00", "1500-03-05 06:00:00"),
            (span(1, 0, 0), "1500-03-05 10:00:00", "1500-03-01 00:00:00"),
            (span(12, 0, 0), "2500-03-05 10:00:00", "2500-01-01 00:00:00"),
        ] {
            let origin = at(if width.days == 7 { "2000-01-03 00:00:00" } else { "2000-01-01 00:00:00" });
            assert_eq!(width.bin(at(moment), origin), Some(at(start)), "{width:?} {moment}");
        }
        assert_eq!(
            span(1, 0, 0).bin(at("2026-02-10 00:00:00"), at("2000-01-15 00:00:00")),
            Some(at("2026-01-15 00:00:00"))
        );
        assert!(
            [span(0, 0, 0), span(1, 1, 0), span(-1, 0, 0), span(0, -1, 0)]
                .iter()
                .all(|width| width.bin(0, 0).is_none())
        );
        assert_eq!(span(1, 0, 0).after(at("1500-01-31 00:00:00")), Some(at("1500-02-28 00:00:00")));
        assert_eq!(span(-1, 1, 1).after(at("2500-03-31 00:00:00")), Some(at("2500-03-01 01:00:00")));
        assert_eq!(span(i32::MAX, 0, 0).after(0), None);
    }
}

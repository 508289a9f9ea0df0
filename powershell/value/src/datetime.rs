//! Dates, times and spans, counted in ticks of 100 ns since the year 1, and their format strings.
//!
//! Source: "Custom date and time format strings" and "Custom TimeSpan format strings" of the .NET
//! documentation; culture en-US.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::culture;

pub const MIN: DateTime = DateTime(0);
pub const TICKS_PER_SECOND: i64 = 10_000_000;
pub const TICKS_PER_DAY: i64 = 864_000_000_000;
pub const MAX_TICKS: i64 = 3_155_378_975_999_999_999;
/// The ticks of 1970-01-01.
pub const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateKind {
    Unspecified,
    Utc,
    Local,
}

/// Ticks in the lower 62 bits, the kind above them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateTime(u64);

impl DateTime {
    pub fn new(ticks: i64, kind: DateKind) -> Option<Self> {
        if !(0..=MAX_TICKS).contains(&ticks) {
            return None;
        }
        let bits = match kind {
            DateKind::Unspecified => 0,
            DateKind::Utc => 1,
            DateKind::Local => 2,
        };
        Some(Self(ticks as u64 | (bits << 62)))
    }

    pub fn ticks(self) -> i64 {
        (self.0 & ((1 << 62) - 1)) as i64
    }

    pub fn kind(self) -> DateKind {
        match self.0 >> 62 {
            0 => DateKind::Unspecified,
            1 => DateKind::Utc,
            _ => DateKind::Local,
        }
    }

    pub fn with_kind(self, kind: DateKind) -> Self {
        Self::new(self.ticks(), kind).unwrap_or(self)
    }

    pub fn plus(self, ticks: i64) -> Option<Self> {
        Self::new(self.ticks().checked_add(ticks)?, self.kind())
    }

    pub fn from_parts(
        year: i32,
        month: u32,
        day: u32,
        time: [u32; 3],
        fraction: i64,
        kind: DateKind,
    ) -> Option<Self> {
        if !(1..=9999).contains(&year) {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        let [hour, minute, second] = time;
        let time = NaiveTime::from_hms_opt(hour, minute, second)?;
        let days = i64::from(date.num_days_from_ce() - 1);
        let ticks =
            days * TICKS_PER_DAY + i64::from(time.num_seconds_from_midnight()) * TICKS_PER_SECOND + fraction;
        Self::new(ticks, kind)
    }

    pub fn date(self) -> NaiveDate {
        let days = (self.ticks() / TICKS_PER_DAY) as i32 + 1;
        NaiveDate::from_num_days_from_ce_opt(days).unwrap_or_default()
    }

    pub fn chrono(self) -> NaiveDateTime {
        let rest = self.ticks() % TICKS_PER_DAY;
        let seconds = (rest / TICKS_PER_SECOND) as u32;
        let nanos = (rest % TICKS_PER_SECOND) as u32 * 100;
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos).unwrap_or_default();
        NaiveDateTime::new(self.date(), time)
    }

    pub fn add_months(self, months: i64) -> Option<Self> {
        let date = self.date();
        let index = i64::from(date.year()) * 12 + i64::from(date.month0()) + months;
        let (year, month) = (i32::try_from(index.div_euclid(12)).ok()?, index.rem_euclid(12) as u32 + 1);
        let day = date.day().min(days_in_month(year, month)?);
        let midnight = Self::from_parts(year, month, day, [0; 3], 0, self.kind())?;
        midnight.plus(self.ticks() % TICKS_PER_DAY)
    }

    /// Formats the date as in a string: `02/29/2024 13:05:09`.
    pub fn invariant(self) -> String {
        self.custom("MM/dd/yyyy HH:mm:ss", 0, &culture::invariant().dates.borrow()).unwrap_or_default()
    }
}

pub fn days_in_month(year: i32, month: u32) -> Option<u32> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let next = if month == 12 {
        NaiveDate::from_ymd_opt(year + 1, 1, 1)?
    } else {
        NaiveDate::from_ymd_opt(year, month + 1, 1)?
    };
    u32::try_from((next - first).num_days()).ok()
}

/// A span in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan(pub i64);

impl TimeSpan {
    pub fn days(self) -> i64 {
        self.0 / TICKS_PER_DAY
    }

    pub fn part(self, unit: i64, modulo: i64) -> i64 {
        self.0 / unit % modulo
    }

    /// Parses `[-][d.]hh:mm:ss[.fffffff]`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (days, rest) = match text.split_once(':') {
            None => {
                return text
                    .parse::<i64>()
                    .ok()
                    .and_then(|days| days.checked_mul(if negative { -TICKS_PER_DAY } else { TICKS_PER_DAY }))
                    .map(Self);
            }
            Some((first, _)) => match first.split_once('.') {
                Some((days, _)) => (days.parse::<i64>().ok()?, text.get(days.len() + 1..)?),
                None => (0, text),
            },
        };
        let parts: Vec<&str> = rest.split(':').collect();
        let (days, parts) = match parts.as_slice() {
            [d, rest @ ..] if rest.len() == 3 => (d.parse().ok()?, rest.to_vec()),
            other => (days, other.to_vec()),
        };
        let hours: i64 = parts.first()?.parse().ok()?;
        let minutes: i64 = parts.get(1)?.parse().ok()?;
        let (seconds, fraction) = match parts.get(2) {
            None => (0, 0),
            Some(text) => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                if fraction.len() > 7 {
                    return None;
                }
                let fraction =
                    if fraction.is_empty() { 0 } else { format!("{fraction:0<7}").parse().ok()? };
                (whole.parse().ok()?, fraction)
            }
        };
        if parts.len() > 3 || hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let total: i64 = ((hours * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND + fraction;
        let total = i64::checked_mul(days, TICKS_PER_DAY)?.checked_add(total)?;
        Some(Self(if negative { -total } else { total }))
    }

    pub fn format(self, format: &str) -> Option<String> {
        match format {
            "" | "c" | "t" | "T" => return Some(self.to_string()),
            "g" | "G" => return Some(self.general(format == "G")),
            _ => {}
        }
        let magnitude = Self(self.0.abs());
        let chars: Vec<char> = format.chars().collect();
        let mut out = String::new();
        let mut i = 0;
        while let Some(&c) = chars.get(i) {
            let run = chars.get(i..).unwrap_or_default().iter().take_while(|d| **d == c).count();
            i += run;
            let value = match c {
                'd' => magnitude.days(),
                'h' => magnitude.part(36_000_000_000, 24),
                'm' => magnitude.part(600_000_000, 60),
                's' => magnitude.part(TICKS_PER_SECOND, 60),
                'f' | 'F' if run <= 7 => {
                    let digits = format!("{:07}", magnitude.0 % TICKS_PER_SECOND);
                    let digits = digits.get(..run)?;
                    out.push_str(if c == 'F' { digits.trim_end_matches('0') } else { digits });
                    continue;
                }
                '\\' => {
                    i = i + 1 - run;
                    out.push(*chars.get(i)?);
                    i += 1;
                    continue;
                }
                '\'' | '"' => {
                    i = i + 1 - run;
                    while let Some(&inner) = chars.get(i) {
                        i += 1;
                        if inner == c {
                            break;
                        }
                        out.push(inner);
                    }
                    continue;
                }
                '%' => continue,
                _ => return None,
            };
            out.push_str(&format!("{value:0run$}"));
        }
        Some(out)
    }

    fn general(self, full: bool) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let m = Self(self.0.abs());
        let (h, min, s) = (m.part(36_000_000_000, 24), m.part(600_000_000, 60), m.part(TICKS_PER_SECOND, 60));
        let fraction = format!("{:07}", m.0 % TICKS_PER_SECOND);
        if full {
            return format!("{sign}{}:{h:02}:{min:02}:{s:02}.{fraction}", m.days());
        }
        let days = if m.days() > 0 { format!("{}:", m.days()) } else { String::new() };
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{days}{h}:{min:02}:{s:02}{point}{fraction}")
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = Self(self.0.saturating_abs());
        if self.0 < 0 {
            f.write_str("-")?;
        }
        if magnitude.days() > 0 {
            write!(f, "{}.", magnitude.days())?;
        }
        let (h, m, s) = (
            magnitude.part(36_000_000_000, 24),
            magnitude.part(600_000_000, 60),
            magnitude.part(TICKS_PER_SECOND, 60),
        );
        write!(f, "{h:02}:{m:02}:{s:02}")?;
        match magnitude.0 % TICKS_PER_SECOND {
            0 => Ok(()),
            fraction => write!(f, ".{fraction:07}"),
        }
    }
}

//! Standard and custom format strings of dates, in a culture.
//!
//! Source: "Standard date and time format strings" and "Custom date and time format strings" of the .NET documentation.

use std::fmt::Write;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::culture::{self, DateFormat};
use super::datetime::TICKS_PER_SECOND;
use super::{DateKind, DateTime, Str};

/// Returns the pattern of a standard format, and whether it is the same in all cultures. `None` when the
/// letter is not one.
pub fn standard(letter: char, culture: &DateFormat) -> Option<(String, bool)> {
    let fixed = |pattern: &str| Some((pattern.to_owned(), true));
    let own = |pattern: String| Some((pattern, false));
    match letter {
        'd' => own(culture.short_date.to_string()),
        'D' => own(culture.long_date.to_string()),
        'f' => own(culture.both(&culture.long_date, &culture.short_time)),
        'F' | 'U' => own(culture.both(&culture.long_date, &culture.long_time)),
        'g' => own(culture.both(&culture.short_date, &culture.short_time)),
        'G' => own(culture.both(&culture.short_date, &culture.long_time)),
        'm' | 'M' => own(culture.month_day.to_string()),
        'o' | 'O' => fixed("yyyy-MM-ddTHH:mm:ss.fffffffK"),
        'r' | 'R' => fixed("ddd, dd MMM yyyy HH:mm:ss 'GMT'"),
        's' => fixed("yyyy-MM-ddTHH:mm:ss"),
        't' => own(culture.short_time.to_string()),
        'T' => own(culture.long_time.to_string()),
        'u' => fixed("yyyy-MM-dd HH:mm:ss'Z'"),
        'y' | 'Y' => own(culture.year_month.to_string()),
        _ => None,
    }
}

impl DateTime {
    /// Formats a date. `None` when the format is invalid.
    pub fn format(self, format: &str, culture: &DateFormat) -> Option<String> {
        let mut chars = format.chars();
        let letter = match (chars.next(), chars.next()) {
            (None, _) => 'G',
            (Some(c), None) => c,
            _ => return self.custom(format, 0, culture),
        };
        match standard(letter, culture)? {
            (pattern, true) => self.custom(&pattern, 0, &culture::invariant().dates.borrow()),
            (pattern, false) => self.custom(&pattern, 0, culture),
        }
    }

    /// Applies a custom format. `offset` is that of a `DateTimeOffset`, in minutes.
    pub fn custom(self, format: &str, offset: i64, culture: &DateFormat) -> Option<String> {
        let at = self.chrono();
        let beside_day = beside_day(format);
        let mut out = String::new();
        let chars: Vec<char> = format.chars().collect();
        let mut i = 0;
        while let Some(&c) = chars.get(i) {
            let run = chars.get(i..).unwrap_or_default().iter().take_while(|d| **d == c).count();
            i += run;
            match c {
                'd' | 'M' if run > 2 => out.push_str(&name(&at, c, run, beside_day, culture)),
                'd' | 'M' | 'y' | 'h' | 'H' | 'm' | 's' => date_part(&mut out, c, run, &at),
                't' => {
                    let text = if at.hour() < 12 { &culture.am } else { &culture.pm };
                    out.extend(text.chars().take(if run == 1 { 1 } else { usize::MAX }));
                }
                'g' => out.push_str("A.D."),
                'f' | 'F' if run > 7 => return None,
                'f' | 'F' => fraction(&mut out, c, run, self.ticks() % TICKS_PER_SECOND)?,
                'K' => match self.kind() {
                    DateKind::Utc => out.push('Z'),
                    DateKind::Local => out.push_str(&offset_text(offset, 3)),
                    DateKind::Unspecified => {}
                },
                'z' => out.push_str(&offset_text(offset, run)),
                '/' => (0..run).for_each(|_| out.push_str(&culture.date_separator)),
                ':' => (0..run).for_each(|_| out.push_str(&culture.time_separator)),
                '\'' | '"' => {
                    i = i + 1 - run;
                    loop {
                        match chars.get(i) {
                            None => return None,
                            Some(&q) if q == c => break,
                            Some('\\') => {
                                i += 1;
                                out.extend(chars.get(i));
                            }
                            Some(other) => out.push(*other),
                        }
                        i += 1;
                    }
                    i += 1;
                }
                '\\' => {
                    i = i + 1 - run;
                    out.push(*chars.get(i)?);
                    i += 1;
                }
                '%' => i = i + 1 - run,
                other => out.extend(std::iter::repeat_n(other, run)),
            }
        }
        Some(out)
    }
}

/// Returns whether a pattern has the day of the month, next to which some languages use another form of the
/// month's name.
pub fn beside_day(format: &str) -> bool {
    let mut quoted = None;
    let mut run = 0;
    for c in format.chars().chain(std::iter::once(' ')) {
        match (c, quoted) {
            (c, Some(q)) if c == q => quoted = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quoted = Some(c),
            ('d', None) => {
                run += 1;
                continue;
            }
            _ => {}
        }
        if matches!(run, 1 | 2) {
            return true;
        }
        run = 0;
    }
    false
}

fn name(at: &NaiveDateTime, c: char, run: usize, beside_day: bool, culture: &DateFormat) -> Str {
    let (names, index) = match (c, run, beside_day) {
        ('d', 3, _) => (&culture.short_days, at.weekday().num_days_from_sunday()),
        ('d', ..) => (&culture.days, at.weekday().num_days_from_sunday()),
        (_, 3, true) => (&culture.short_months_in_dates, at.month0()),
        (_, 3, false) => (&culture.short_months, at.month0()),
        (_, _, true) => (&culture.months_in_dates, at.month0()),
        (_, _, false) => (&culture.months, at.month0()),
    };
    names.get(index as usize).cloned().unwrap_or_default()
}

fn date_part(out: &mut String, c: char, run: usize, at: &NaiveDateTime) {
    let twelve = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let (value, width) = match (c, run) {
        ('d', _) => (at.day(), run),
        ('M', _) => (at.month(), run),
        ('y', 1 | 2) => (at.year().unsigned_abs() % 100, run),
        ('y', _) => (at.year().unsigned_abs(), run),
        ('h', _) => (twelve, run.min(2)),
        ('H', _) => (at.hour(), run.min(2)),
        ('m', _) => (at.minute(), run.min(2)),
        _ => (at.second(), run.min(2)),
    };
    let _ = write!(out, "{value:0width$}");
}

fn fraction(out: &mut String, c: char, run: usize, ticks: i64) -> Option<()> {
    let digits = format!("{ticks:07}");
    let digits = digits.get(..run)?;
    if c == 'f' {
        out.push_str(digits);
        return Some(());
    }
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() && out.ends_with('.') {
        out.pop();
    }
    out.push_str(digits);
    Some(())
}

/// Converts `+05:30`, `+0530` or `+05` to minutes.
pub fn offset_minutes(text: &str) -> Option<i64> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at(2),
        5 => digits.split_once(':')?,
        _ => return None,
    };
    if !hours.bytes().chain(minutes.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
}

fn offset_text(minutes: i64, run: usize) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    match run {
        1 => format!("{sign}{}", minutes / 60),
        2 => format!("{sign}{:02}", minutes / 60),
        _ => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

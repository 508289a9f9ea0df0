//! Parses dates in a culture without a given format, as .NET's `DateTime.Parse` does.

use chrono::{Datelike, NaiveDate};

use crate::culture::{self, DateFormat};
use crate::{DateKind, DateTime, Str};
use ps_syntax::symbol::fold;

/// One minute in ticks.
const MINUTE: i64 = 600_000_000;

pub const NO_CURRENT_DATE: i64 = 8;
pub const ADJUST_TO_UNIVERSAL: i64 = 16;
pub const ASSUME_LOCAL: i64 = 32;
pub const ASSUME_UNIVERSAL: i64 = 64;
pub const ROUNDTRIP_KIND: i64 = 128;

/// Maximum length of a text that is read as a date.
pub const LONGEST: usize = 256;

/// Reads a date as PowerShell does: in the invariant culture. A date with an offset is converted to local
/// time, which is UTC here.
pub fn parse_date(text: &str) -> Option<DateTime> {
    parse_in(text, &culture::invariant().dates.borrow(), 0)
}

/// Reads a date in a culture, with .NET's `DateTimeStyles`.
pub fn parse_in(text: &str, culture: &DateFormat, style: i64) -> Option<DateTime> {
    let found = read(text, culture, style)?;
    settle(found.0, found.1, style)
}

/// Reads a date with its offset in minutes, or with that of UTC.
pub fn parse_offset(text: &str, culture: &DateFormat, style: i64) -> Option<(DateTime, i64)> {
    let (date, offset) = read(text, culture, style)?;
    let minutes = offset.map_or(0, |o| o.minutes);
    if style & ADJUST_TO_UNIVERSAL != 0 {
        return Some((date.plus(-minutes * MINUTE)?, 0));
    }
    Some((date, minutes))
}

/// An offset in a text; `utc` for `Z` or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    pub minutes: i64,
    pub utc: bool,
}

/// Returns the time and kind of a date, from its text and the style.
pub fn settle(date: DateTime, offset: Option<Offset>, style: i64) -> Option<DateTime> {
    let universal = style & ADJUST_TO_UNIVERSAL != 0;
    let kind = |is_utc: bool| if is_utc { DateKind::Utc } else { DateKind::Local };
    Some(match offset {
        Some(offset) => {
            let roundtrip = style & ROUNDTRIP_KIND != 0 && offset.utc;
            date.plus(-offset.minutes * MINUTE)?.with_kind(kind(roundtrip || universal))
        }
        None if style & (ASSUME_UNIVERSAL | ASSUME_LOCAL) != 0 => date.with_kind(kind(universal)),
        None => date,
    })
}

thread_local! {
    /// The day of a text without a date: the day on which a run started.
    static TODAY: std::cell::Cell<NaiveDate> = const { std::cell::Cell::new(NaiveDate::MIN) };
}

pub fn set_today(now: DateTime) {
    TODAY.with(|today| today.set(now.date()));
}

pub fn today() -> NaiveDate {
    TODAY.with(std::cell::Cell::get)
}

#[derive(Default)]
struct Found {
    /// The numbers of a date, with the number of digits of each.
    numbers: Vec<(u32, usize)>,
    month: Option<u32>,
    weekday: Option<u32>,
    time: Option<[u32; 3]>,
    fraction: i64,
    pm: Option<bool>,
    offset: Option<Offset>,
}

/// A piece of a text.
#[derive(Debug, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Mark(char),
    Blank,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = |test: fn(char) -> bool| rest.find(|c| !test(c)).unwrap_or(rest.len());
        let (token, length) = if c.is_ascii_digit() {
            let length = end(|c| c.is_ascii_digit());
            (Token::Number(rest.get(..length).unwrap_or_default()), length)
        } else if c.is_whitespace() {
            (Token::Blank, end(char::is_whitespace))
        } else if c.is_alphabetic() {
            // A point ends an abbreviation; two letters with a point each are one word: `a.m.`
            let mut length = end(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '״'));
            while rest.get(length..).is_some_and(|r| r.starts_with('.'))
                && rest.get(length + 1..).and_then(|r| r.chars().next()).is_some_and(char::is_alphabetic)
                && length <= 4
            {
                let tail = rest.get(length + 1..).unwrap_or_default();
                length += 1 + tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
            }
            (Token::Word(rest.get(..length).unwrap_or_default()), length)
        } else {
            (Token::Mark(c), c.len_utf8())
        };
        found.push(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// Reads the date and its offset as they are written.
fn read(text: &str, culture: &DateFormat, style: i64) -> Option<(DateTime, Option<Offset>)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let text = joined_names(text, culture);
    let tokens = tokens(&text);
    let mut found = Found::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += match token {
            Token::Blank | Token::Mark(',') => 1,
            Token::Number(digits) => number(&tokens, at, digits, culture, &mut found)?,
            Token::Word(word) => {
                self::word(word, culture, &mut found)?;
                1
            }
            Token::Mark('+' | '-') if found.time.is_some() && found.offset.is_none() => {
                offset(&tokens, at, &mut found)?
            }
            // A date's separators are between its numbers, or end the last one.
            Token::Mark('/' | '-' | '.') if at > 0 => 1,
            Token::Mark('年' | '月' | '日' | '년' | '월' | '일') => 1,
            Token::Mark(_) => return None,
        };
    }
    let date = date(&found, culture, style)?;
    let mut time = found.time.unwrap_or_default();
    if let (Some(pm), Some(hour)) = (found.pm, time.first_mut()) {
        if *hour > 12 {
            return None;
        }
        *hour = *hour % 12 + if pm { 12 } else { 0 };
    }
    let (year, month, day) = date;
    let made = DateTime::from_parts(year, month, day, time, found.fraction, DateKind::Unspecified)?;
    let weekday = made.date().weekday().num_days_from_sunday();
    if found.weekday.is_some_and(|said| said != weekday) {
        return None;
    }
    Some((made, found.offset))
}

/// Joins names of the culture that have several words or points into one word each.
fn joined_names(text: &str, culture: &DateFormat) -> String {
    let mut text = text.to_owned();
    for (name, plain) in [(&culture.am, "AM"), (&culture.pm, "PM")] {
        if name.contains([' ', '.']) && name.chars().count() > 2 && text.contains(&**name) {
            text = text.replace(&**name, plain);
        }
    }
    text
}

/// Reads a number of a time (if a time separator follows) or of a date. Returns how many tokens it used.
fn number(
    tokens: &[Token<'_>],
    at: usize,
    digits: &str,
    culture: &DateFormat,
    found: &mut Found,
) -> Option<usize> {
    if digits.len() > 4 {
        return None;
    }
    let value: u32 = digits.parse().ok()?;
    if found.time.is_none()
        && let Some(taken) = time(tokens, at, culture, found)
    {
        return Some(taken);
    }
    // An hour alone, followed by a half of the day: `3pm`.
    let blank = usize::from(tokens.get(at + 1) == Some(&Token::Blank));
    if found.time.is_none()
        && digits.len() <= 2
        && let Some(Token::Word(word)) = tokens.get(at + 1 + blank)
        && half_of_day(word, culture).is_some()
    {
        found.time = Some([value, 0, 0]);
        return Some(1);
    }
    if found.numbers.len() == 3 {
        return None;
    }
    found.numbers.push((value, digits.len()));
    Some(1)
}

/// Reads `13:05` or `13:05:09.123`, and returns the number of its tokens.
fn time(tokens: &[Token<'_>], at: usize, culture: &DateFormat, found: &mut Found) -> Option<usize> {
    let own = culture.time_separator.chars().next().unwrap_or(':');
    // If times use points, a date has come before.
    let dated = !found.numbers.is_empty() && (found.numbers.len() == 3 || found.month.is_some());
    let is_sign = |token: Option<&Token<'_>>| match token {
        Some(Token::Mark(':')) => true,
        Some(Token::Mark(c)) => *c == own && own != ':' && dated,
        _ => false,
    };
    let value = |at: usize| match tokens.get(at) {
        Some(Token::Number(digits)) if digits.len() <= 2 => digits.parse::<u32>().ok(),
        _ => None,
    };
    if !is_sign(tokens.get(at + 1)) {
        return None;
    }
    let mut parts = [value(at)?, value(at + 2)?, 0];
    let mut taken = 3;
    if is_sign(tokens.get(at + 3))
        && let Some(seconds) = value(at + 4)
    {
        parts[2] = seconds;
        taken = 5;
        if let (Some(Token::Mark('.' | ',')), Some(Token::Number(digits))) =
            (tokens.get(at + 5), tokens.get(at + 6))
        {
            found.fraction = fraction(digits)?;
            taken = 7;
        }
    }
    found.time = Some(parts);
    Some(taken)
}

/// Converts the digits after a second's point to ticks; more than seven are rounded.
fn fraction(digits: &str) -> Option<i64> {
    let kept: i64 = format!("{:0<7}", digits.get(..digits.len().min(7))?).parse().ok()?;
    let up = digits.as_bytes().get(7).is_some_and(|b| *b >= b'5') && kept < 9_999_999;
    Some(kept + i64::from(up))
}

fn half_of_day(word: &str, culture: &DateFormat) -> Option<bool> {
    let is = |name: &str| !name.is_empty() && ps_syntax::symbol::same(word, name.trim_end_matches('.'));
    match fold(word).trim_end_matches('.') {
        "am" | "a" | "a.m" => Some(false),
        "pm" | "p" | "p.m" => Some(true),
        _ if is(&culture.am) => Some(false),
        _ if is(&culture.pm) => Some(true),
        _ => None,
    }
}

fn word(word: &str, culture: &DateFormat, found: &mut Found) -> Option<()> {
    if let Some(pm) = half_of_day(word, culture)
        && found.time.is_some()
    {
        found.pm = Some(pm);
        return Some(());
    }
    if let Some(month) = month_named(word, culture) {
        if found.month.is_some() {
            return None;
        }
        found.month = Some(month + 1);
        return Some(());
    }
    let english = culture::invariant();
    let english = english.dates.borrow();
    let days = [&culture.days, &culture.short_days, &english.days, &english.short_days];
    if let Some(day) = days.into_iter().find_map(|names| named(word, names)) {
        found.weekday = Some(day);
        return Some(());
    }
    match fold(word).as_ref() {
        "t" if !found.numbers.is_empty() && found.time.is_none() => Some(()),
        "z" | "gmt" | "utc" if found.offset.is_none() => {
            found.offset = Some(Offset { minutes: 0, utc: true });
            Some(())
        }
        _ if literal(word, culture) => Some(()),
        _ => None,
    }
}

fn month_named(word: &str, culture: &DateFormat) -> Option<u32> {
    let english = culture::invariant();
    let english = english.dates.borrow();
    [
        &culture.months,
        &culture.months_in_dates,
        &culture.short_months,
        &culture.short_months_in_dates,
        &english.months,
        &english.short_months,
    ]
    .into_iter()
    .find_map(|names| named(word, names))
}

fn named(word: &str, names: &[Str]) -> Option<u32> {
    let bare = |text: &str| text.trim_end_matches('.').to_lowercase();
    let word = bare(word);
    let at = names.iter().position(|name| bare(name) == word)?;
    u32::try_from(at).ok()
}

/// Returns whether the culture's patterns contain the word between parts of a date, such as `de`.
fn literal(word: &str, culture: &DateFormat) -> bool {
    [&culture.long_date, &culture.month_day, &culture.year_month, &culture.short_date].into_iter().any(
        |pattern| {
            pattern.split('\'').skip(1).step_by(2).any(|quoted| {
                ps_syntax::symbol::same(quoted.trim().trim_end_matches('.'), word) || quoted.trim() == word
            }) || pattern.contains(word) && !word.is_ascii()
        },
    )
}

/// Reads `+05:30`, `-0800` or `+1`, and returns the number of its tokens.
fn offset(tokens: &[Token<'_>], at: usize, found: &mut Found) -> Option<usize> {
    let sign = if tokens.get(at) == Some(&Token::Mark('-')) { -1 } else { 1 };
    let Some(Token::Number(digits)) = tokens.get(at + 1) else { return None };
    let (hours, minutes, taken) = match (tokens.get(at + 2), tokens.get(at + 3)) {
        (Some(Token::Mark(':')), Some(Token::Number(minutes))) if digits.len() <= 2 => (*digits, *minutes, 4),
        _ if digits.len() <= 2 => (*digits, "0", 2),
        _ => {
            let (hours, minutes) = digits.split_at(digits.len() - 2);
            (hours, minutes, 2)
        }
    };
    let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    found.offset = Some(Offset { minutes: sign * (hours * 60 + minutes), utc: false });
    Some(taken)
}

fn full_year(value: u32, digits: usize) -> i32 {
    let value = value as i32;
    match digits {
        1 | 2 if value < 30 => 2000 + value,
        1 | 2 => 1900 + value,
        _ => value,
    }
}

/// Returns year, month and day, in the order of the culture's short date unless the numbers determine it.
fn date(found: &Found, culture: &DateFormat, style: i64) -> Option<(i32, u32, u32)> {
    let order = culture.order();
    let today = today();
    let month_first = culture.month_day.find('M') < culture.month_day.find('d');
    let year = |(value, digits): (u32, usize)| full_year(value, digits);
    let long = |(_, digits): (u32, usize)| digits > 2;
    Some(match (found.month, found.numbers.as_slice()) {
        (Some(month), &[a, b]) if long(a) => (year(a), month, b.0),
        (Some(month), &[a, b]) if long(b) || order != "YMD" => (year(b), month, a.0),
        (Some(month), &[a, b]) => (year(a), month, b.0),
        (Some(month), &[a]) if long(a) => (year(a), month, 1),
        (Some(month), &[a]) => (today.year(), month, a.0),
        (None, &[a, b, c]) if long(a) => (year(a), b.0, c.0),
        (None, &[a, b, c]) if long(c) && order.starts_with('D') => (year(c), b.0, a.0),
        (None, &[a, b, c]) if long(c) => (year(c), a.0, b.0),
        (None, &[a, b, c]) => match order.as_str() {
            "YMD" => (year(a), b.0, c.0),
            "DMY" => (year(c), b.0, a.0),
            _ => (year(c), a.0, b.0),
        },
        (None, &[a, b]) if long(a) => (year(a), b.0, 1),
        (None, &[a, b]) if long(b) => (year(b), a.0, 1),
        (None, &[a, b]) if month_first => (today.year(), a.0, b.0),
        (None, &[a, b]) => (today.year(), b.0, a.0),
        (None, &[]) if found.time.is_some() && style & NO_CURRENT_DATE != 0 => (1, 1, 1),
        (None, &[]) if found.time.is_some() => (today.year(), today.month(), today.day()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_in(culture: &str, text: &str) -> Option<String> {
        set_today(DateTime::from_parts(2026, 11, 28, [0; 3], 0, DateKind::Utc).unwrap());
        let culture = culture::find(culture).unwrap();
        let date = parse_in(text, &culture.dates.borrow(), 0)?;
        date.format("yyyy-MM-dd HH:mm:ss.FFFFFFF", &culture::invariant().dates.borrow())
    }

    #[test]
    fn a_culture_decides_the_order() {
        for (culture, text, expected) in [
            ("", "05/13/2025", Some("2025-05-13 00:00:00")),
            ("", "13/05/2025", None),
            ("", "3/4/26", Some("2026-03-04 00:00:00")),
            ("", "2026-03-01T12:30:15.1234567", Some("2026-03-01 12:30:15.1234567")),
            ("", "2026-03-01T12:30:15.123Z", Some("2026-03-01 12:30:15.123")),
            ("", "2026-03-01T12:30:15+05:30", Some("2026-03-01 07:00:15")),
            ("", "Sun, 01 Mar 2026 07:00:00 GMT", Some("2026-03-01 07:00:00")),
            ("", "Mon, 01 Mar 2026", None),
            ("", "March 5", Some("2026-03-05 00:00:00")),
            ("", "March 2026", Some("2026-03-01 00:00:00")),
            ("", "1-Mar-2026", Some("2026-03-01 00:00:00")),
            ("", "2026-03", Some("2026-03-01 00:00:00")),
            ("", "13:05", Some("2026-11-28 13:05:00")),
            ("", "3pm", Some("2026-11-28 15:00:00")),
            ("", "3/1/2026 3:04 PM", Some("2026-03-01 15:04:00")),
            ("", "3/1/2026 13:04 PM", None),
            ("", "20260301", None),
            ("", "5", None),
            ("", "x", None),
            ("", "2026-13-01", None),
            ("de-DE", "01.03.2026", Some("2026-03-01 00:00:00")),
            ("de-DE", "1.3.26 14:05", Some("2026-03-01 14:05:00")),
            ("de-DE", "19-06-2018", Some("2018-06-19 00:00:00")),
            ("de-DE", "Sonntag, 1. März 2026", Some("2026-03-01 00:00:00")),
            ("de-DE", "1. Dez. 2026", Some("2026-12-01 00:00:00")),
            ("de-DE", "03/13/2026", None),
            ("en-GB", "01/03/2026", Some("2026-03-01 00:00:00")),
            ("fr-FR", "1 mars 2026", Some("2026-03-01 00:00:00")),
            ("fr-FR", "15 févr. 2026", Some("2026-02-15 00:00:00")),
            ("es-ES", "1 de marzo de 2026", Some("2026-03-01 00:00:00")),
            ("pt-BR", "domingo, 1 de março de 2026", Some("2026-03-01 00:00:00")),
            ("ru-RU", "1 марта 2026 г.", Some("2026-03-01 00:00:00")),
            ("pl-PL", "1 marca 2026", Some("2026-03-01 00:00:00")),
            ("fi-FI", "1.3.2026 14.05", Some("2026-03-01 14:05:00")),
            ("sv-SE", "2026-03-01 14:05", Some("2026-03-01 14:05:00")),
            ("ja-JP", "2026/03/01", Some("2026-03-01 00:00:00")),
            ("ja-JP", "2026年3月1日", Some("2026-03-01 00:00:00")),
            ("ko-KR", "2026. 3. 1.", Some("2026-03-01 00:00:00")),
            ("hu-HU", "2026. 03. 01.", Some("2026-03-01 00:00:00")),
            ("en-AU", "1/03/2026 3:04 pm", Some("2026-03-01 15:04:00")),
            ("el-GR", "1/3/2026 3:04 μ.μ.", Some("2026-03-01 15:04:00")),
        ] {
            assert_eq!(read_in(culture, text).as_deref(), expected, "{text} in {culture}");
        }
    }
}

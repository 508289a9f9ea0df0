//! Dates from text.

use super::dates::MINUTE;
use crate::value::datetime::{DAYS, MONTHS};
use crate::value::{DateKind, DateTime};

/// A date as PowerShell reads one: the invariant culture. What names an offset is turned to local time, which
/// is UTC here.
pub fn parse_date(text: &str) -> Option<DateTime> {
    let (date, offset) = parse_any(text)?;
    match offset {
        Some(minutes) => date.plus(-minutes * MINUTE).map(|d| d.with_kind(DateKind::Local)),
        None => Some(date),
    }
}

/// A date with its offset in minutes; without one, that of UTC.
pub fn parse_offset(text: &str) -> Option<(DateTime, i64)> {
    let (date, offset) = parse_any(text)?;
    Some((date, offset.unwrap_or(0)))
}

struct Found {
    date: Option<(i32, u32, u32)>,
    time: [u32; 3],
    fraction: i64,
    pm: Option<bool>,
    offset: Option<i64>,
}

fn parse_any(text: &str) -> Option<(DateTime, Option<i64>)> {
    let text = text.trim();
    let mut found = Found { date: None, time: [0; 3], fraction: 0, pm: None, offset: None };
    let mut numbers: Vec<(String, char)> = Vec::new();
    let mut month = None;
    let spaced = separate(text);
    for word in spaced.split_whitespace() {
        let lower = word.trim_end_matches(',').to_ascii_lowercase();
        if lower.contains(':') && !lower.starts_with(['+', '-']) {
            time_part(&lower, &mut found)?;
        } else if let Some(offset) = offset_part(&lower) {
            found.offset = Some(offset);
        } else if matches!(lower.as_str(), "am" | "pm" | "a" | "p") {
            found.pm = Some(lower.starts_with('p'));
        } else if let Some(at) = name_index(&MONTHS, &lower) {
            month = Some(at as u32 + 1);
        } else if name_index(&DAYS, &lower).is_some() {
        } else if lower.contains(['/', '-', '.'])
            && lower.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.'))
        {
            let separator = lower.chars().find(|c| matches!(c, '/' | '-' | '.'))?;
            for piece in lower.split(separator) {
                match name_index(&MONTHS, piece) {
                    Some(at) => month = Some(at as u32 + 1),
                    None => numbers.push((piece.to_owned(), separator)),
                }
            }
        } else if lower.bytes().all(|b| b.is_ascii_digit()) && !lower.is_empty() {
            numbers.push((lower, ' '));
        } else {
            return None;
        }
    }
    date_part(&numbers, month, &mut found)?;
    let (year, month, day) = found.date?;
    if let Some(pm) = found.pm {
        let hour = found.time.first().copied().unwrap_or(0);
        if hour > 12 {
            return None;
        }
        found.time[0] = hour % 12 + if pm { 12 } else { 0 };
    }
    let date = DateTime::from_parts(year, month, day, found.time, found.fraction, DateKind::Unspecified)?;
    Some((date, found.offset))
}

/// Puts blanks where a date's parts meet without any: `2024-01-02T03:04Z`.
fn separate(text: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|p| chars.get(p)).copied().unwrap_or(' ');
        let after = chars.get(i + 1).copied().unwrap_or(' ');
        match c {
            'T' | 't' if before.is_ascii_digit() && after.is_ascii_digit() => out.push(' '),
            'Z' | 'z' if before.is_ascii_digit() && !after.is_alphanumeric() => out.push_str(" Z"),
            '+' => out.push_str(" +"),
            '-' if out.contains(':') && before.is_ascii_digit() => out.push_str(" -"),
            'A' | 'P' | 'a' | 'p' if before.is_ascii_digit() && out.contains(':') => {
                out.push(' ');
                out.push(*c);
            }
            c => out.push(*c),
        }
    }
    out
}

fn name_index(names: &[&str], word: &str) -> Option<usize> {
    if word.len() < 3 || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    names.iter().position(|name| {
        name.eq_ignore_ascii_case(word) || name.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(word))
    })
}

fn time_part(word: &str, found: &mut Found) -> Option<()> {
    let (clock, fraction) = word.split_once('.').unwrap_or((word, ""));
    let mut parts = clock.split(':');
    for place in &mut found.time {
        match parts.next() {
            Some(part) => *place = part.parse().ok()?,
            None => break,
        }
    }
    if parts.next().is_some() {
        return None;
    }
    if !fraction.is_empty() {
        let digits: String = fraction.chars().take(7).collect();
        found.fraction = format!("{digits:0<7}").parse().ok()?;
    }
    Some(())
}

fn offset_part(word: &str) -> Option<i64> {
    if matches!(word, "z" | "gmt" | "utc") {
        return Some(0);
    }
    let sign = match word.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = word.get(1..)?.chars().filter(|c| *c != ':').collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) =
        if digits.len() <= 2 { (digits.as_str(), "0") } else { digits.split_at(digits.len() - 2) };
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
}

fn date_part(numbers: &[(String, char)], month: Option<u32>, found: &mut Found) -> Option<()> {
    let number = |at: usize| numbers.get(at).and_then(|(t, _)| t.parse::<u32>().ok());
    let year = |at: usize| {
        let (text, _) = numbers.get(at)?;
        let value: i32 = text.parse().ok()?;
        Some(if text.len() <= 2 { if value < 30 { 2000 + value } else { 1900 + value } } else { value })
    };
    let long = |at: usize| numbers.get(at).is_some_and(|(t, _)| t.len() > 2);
    found.date = Some(match (month, numbers.len()) {
        (Some(month), 2) if long(0) => (year(0)?, month, number(1)?),
        (Some(month), 2) => (year(1)?, month, number(0)?),
        (Some(month), 1) if long(0) => (year(0)?, month, 1),
        (None, 3) if long(0) => (year(0)?, number(1)?, number(2)?),
        (None, 3) => (year(2)?, number(0)?, number(1)?),
        (None, 2) if long(0) => (year(0)?, number(1)?, 1),
        (None, 2) if long(1) => (year(1)?, number(0)?, 1),
        _ => return None,
    });
    Some(())
}

/// `ParseExact`
pub fn exact(text: &str, format: &str) -> Option<DateTime> {
    let standard = match format {
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        "d" => "M/d/yyyy",
        "t" => "h:mm tt",
        "G" => "M/d/yyyy h:mm:ss tt",
        "g" => "M/d/yyyy h:mm tt",
        other => other,
    };
    let chars: Vec<char> = standard.chars().collect();
    let mut rest = text;
    let (mut year, mut month, mut day) = (None, None, None);
    let mut time = [0_u32; 3];
    let (mut fraction, mut pm, mut kind, mut shift) = (0_i64, None, DateKind::Unspecified, None);
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let run = chars.get(i..)?.iter().take_while(|d| **d == c).count();
        i += run;
        let mut digits = |least: usize, most: usize| -> Option<i64> {
            let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            if count < least {
                return None;
            }
            let value = rest.get(..count)?.parse().ok()?;
            rest = rest.get(count..)?;
            Some(value)
        };
        match c {
            'y' if run <= 2 => year = Some(digits(run, 2).map(|y| if y < 30 { 2000 + y } else { 1900 + y })?),
            'y' => year = Some(digits(run.max(4), run.max(4))?),
            'M' if run <= 2 => month = Some(digits(run, 2)?),
            'M' | 'd' if run >= 3 => {
                let names: &[&str] = if c == 'M' { &MONTHS } else { &DAYS };
                let hit = names.iter().enumerate().find_map(|(at, name)| {
                    let name = if run == 3 { name.get(..3)? } else { name };
                    rest.get(..name.len())
                        .is_some_and(|t| t.eq_ignore_ascii_case(name))
                        .then_some((at, name.len()))
                })?;
                if c == 'M' {
                    month = Some(hit.0 as i64 + 1);
                }
                rest = rest.get(hit.1..)?;
            }
            'd' => day = Some(digits(run, 2)?),
            'H' | 'h' => time[0] = digits(run.min(2), 2)? as u32,
            'm' => time[1] = digits(run.min(2), 2)? as u32,
            's' => time[2] = digits(run.min(2), 2)? as u32,
            'f' | 'F' => {
                let count = rest.bytes().take(run).take_while(u8::is_ascii_digit).count();
                if c == 'f' && count < run {
                    return None;
                }
                fraction = format!("{:0<7}", rest.get(..count)?).parse().ok()?;
                rest = rest.get(count..)?;
            }
            't' => {
                let word = rest.get(..run.min(2))?.to_ascii_lowercase();
                pm = Some(if word.starts_with('p') {
                    true
                } else if word.starts_with('a') {
                    false
                } else {
                    return None;
                });
                rest = rest.get(run.min(2)..)?;
            }
            'K' | 'z' => {
                if let Some(after) = rest.strip_prefix(['Z', 'z']) {
                    rest = after;
                    kind = DateKind::Utc;
                } else if rest.starts_with(['+', '-']) {
                    let count =
                        rest.bytes().skip(1).take_while(|b| b.is_ascii_digit() || *b == b':').count() + 1;
                    shift = Some(offset_part(rest.get(..count)?)?);
                    rest = rest.get(count..)?;
                } else if c == 'z' {
                    return None;
                }
            }
            '\'' | '"' => {
                i = i + 1 - run;
                while let Some(&inner) = chars.get(i) {
                    i += 1;
                    if inner == c {
                        break;
                    }
                    rest = rest.strip_prefix(inner)?;
                }
            }
            '\\' => {
                i = i + 1 - run;
                rest = rest.strip_prefix(*chars.get(i)?)?;
                i += 1;
            }
            '%' => {}
            other => {
                for _ in 0..run {
                    rest = rest.strip_prefix(other)?;
                }
            }
        }
    }
    if !rest.is_empty() {
        return None;
    }
    if let Some(pm) = pm {
        time[0] = time[0] % 12 + if pm { 12 } else { 0 };
    }
    let part = |value: Option<i64>, default: i64| u32::try_from(value.unwrap_or(default)).ok();
    let date = DateTime::from_parts(
        i32::try_from(year.unwrap_or(2024)).ok()?,
        part(month, 1)?,
        part(day, 1)?,
        time,
        fraction,
        kind,
    )?;
    match shift {
        Some(minutes) => date.plus(-minutes * MINUTE).map(|d| d.with_kind(DateKind::Local)),
        None if kind == DateKind::Utc => {
            Some(date.with_kind(if format == "o" || format == "O" { DateKind::Utc } else { DateKind::Local }))
        }
        None => Some(date),
    }
}

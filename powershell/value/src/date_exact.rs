//! Parses dates in a given format, as .NET's `DateTime.ParseExact` does.

use chrono::Datelike;

use super::date_text::{LONGEST, NO_CURRENT_DATE, Offset, today};
use crate::culture::{self, DateFormat};
use crate::date_format::{beside_day, standard};
use crate::{DateKind, DateTime, Str};

const LEADING_WHITE: i64 = 1;
const TRAILING_WHITE: i64 = 2;
const INNER_WHITE: i64 = 4;

#[derive(Default)]
struct Found {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    weekday: Option<u32>,
    time: [u32; 3],
    twelve: bool,
    fraction: i64,
    pm: Option<bool>,
    offset: Option<Offset>,
}

struct Reader<'a> {
    rest: &'a str,
    culture: &'a DateFormat,
    style: i64,
    beside_day: bool,
    found: Found,
}

/// Returns the date and its offset, if the whole text has the format.
pub fn exact(
    text: &str,
    format: &str,
    culture: &DateFormat,
    style: i64,
) -> Option<(DateTime, Option<Offset>)> {
    if text.len() > LONGEST || format.len() > LONGEST {
        return None;
    }
    let mut letters = format.chars();
    let (pattern, fixed) = match (letters.next(), letters.next()) {
        (None, _) => return None,
        (Some(letter), None) => standard(letter, culture)?,
        _ => (format.to_owned(), false),
    };
    let invariant = culture::invariant();
    let invariant = invariant.dates.borrow();
    let mut rest = text;
    if style & LEADING_WHITE != 0 {
        rest = rest.trim_start();
    }
    if style & TRAILING_WHITE != 0 {
        rest = rest.trim_end();
    }
    let mut reader = Reader {
        rest,
        culture: if fixed { &invariant } else { culture },
        style,
        beside_day: beside_day(&pattern),
        found: Found::default(),
    };
    reader.follow(&pattern)?;
    if !reader.rest.is_empty() {
        return None;
    }
    let date = reader.found.date(style)?;
    Some((date, reader.found.offset))
}

impl Found {
    fn date(&self, style: i64) -> Option<DateTime> {
        let today = today();
        let none = self.year.is_none() && self.month.is_none() && self.day.is_none();
        let (year, month, day) = match none {
            true if style & NO_CURRENT_DATE != 0 => (1, 1, 1),
            true => (today.year(), today.month(), today.day()),
            false => {
                (self.year.map_or(today.year(), |y| y as i32), self.month.unwrap_or(1), self.day.unwrap_or(1))
            }
        };
        let mut time = self.time;
        if let Some(hour) = time.first_mut() {
            if self.twelve && (*hour > 12 || *hour == 0 && self.pm.is_some()) {
                return None;
            }
            match self.pm {
                Some(pm) if *hour <= 12 => *hour = *hour % 12 + if pm { 12 } else { 0 },
                // The hours of a 24-hour day determine the half themselves.
                Some(pm) if !pm => return None,
                None if self.twelve => *hour %= 12,
                _ => {}
            }
        }
        let made = DateTime::from_parts(year, month, day, time, self.fraction, DateKind::Unspecified)?;
        let weekday = made.date().weekday().num_days_from_sunday();
        self.weekday.is_none_or(|said| said == weekday).then_some(made)
    }
}

impl Reader<'_> {
    fn follow(&mut self, pattern: &str) -> Option<()> {
        let chars: Vec<char> = pattern.chars().collect();
        let mut i = 0;
        while let Some(&c) = chars.get(i) {
            let run = chars.get(i..)?.iter().take_while(|d| **d == c).count();
            i += run;
            match c {
                'd' | 'M' if run > 2 => self.name(c, run)?,
                'y' | 'M' | 'd' | 'H' | 'h' | 'm' | 's' => self.number(c, run)?,
                'f' | 'F' => self.fraction(c, run)?,
                't' => self.half(run)?,
                'K' | 'z' => self.offset(c)?,
                'g' => self.takes("A.D.").or_else(|| self.takes("AD"))?,
                '/' => self.repeated(run, &self.culture.date_separator.clone())?,
                ':' => self.repeated(run, &self.culture.time_separator.clone())?,
                '\'' | '"' => {
                    i = i + 1 - run;
                    let start = i;
                    while chars.get(i).is_some_and(|inner| *inner != c) {
                        i += 1;
                    }
                    let text: String = chars.get(start..i)?.iter().collect();
                    self.takes(&text)?;
                    i += 1;
                }
                '\\' => {
                    i = i + 1 - run;
                    self.takes(&chars.get(i)?.to_string())?;
                    i += 1;
                }
                '%' if run == 1 => {}
                other if other.is_whitespace() && self.style & INNER_WHITE != 0 => {
                    self.rest = self.rest.trim_start();
                }
                other => self.repeated(run, &other.to_string())?,
            }
            if self.style & INNER_WHITE != 0 {
                self.rest = self.rest.trim_start();
            }
        }
        Some(())
    }

    fn takes(&mut self, text: &str) -> Option<()> {
        let mut rest = self.rest.chars();
        for wanted in text.chars() {
            let c = rest.next()?;
            let blank = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}');
            if c != wanted && !(blank(c) && blank(wanted)) {
                return None;
            }
        }
        self.rest = rest.as_str();
        Some(())
    }

    fn repeated(&mut self, run: usize, text: &str) -> Option<()> {
        (0..run).try_for_each(|_| self.takes(text))
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<(u32, usize)> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some((digits.parse().ok()?, count))
    }

    fn number(&mut self, c: char, run: usize) -> Option<()> {
        let (value, _) = match (c, run) {
            ('y', 1 | 2) => self.digits(run, 2)?,
            ('y', _) => self.digits(run, run.max(4))?,
            _ => self.digits(run.min(2), 2)?,
        };
        let twice = |place: &mut Option<u32>| match place {
            Some(before) => (*before == value).then_some(()),
            None => {
                *place = Some(value);
                Some(())
            }
        };
        match c {
            'y' if run <= 2 => {
                self.found.year = Some(if value < 30 { 2000 + value } else { 1900 + value });
            }
            'y' => self.found.year = Some(value),
            'M' => twice(&mut self.found.month)?,
            'd' => twice(&mut self.found.day)?,
            'H' => self.found.time[0] = value,
            'h' => {
                self.found.time[0] = value;
                self.found.twelve = true;
            }
            'm' => self.found.time[1] = value,
            _ => self.found.time[2] = value,
        }
        Some(())
    }

    /// Reads the name of a month or of a day: the longest match.
    fn name(&mut self, c: char, run: usize) -> Option<()> {
        let culture = self.culture;
        let lists: [&[Str]; 2] = match (c, run) {
            ('d', 3) => [&culture.short_days, &[]],
            ('d', _) => [&culture.days, &[]],
            (_, 3) if self.beside_day => [&culture.short_months_in_dates, &culture.short_months],
            (_, 3) => [&culture.short_months, &culture.short_months_in_dates],
            _ if self.beside_day => [&culture.months_in_dates, &culture.months],
            _ => [&culture.months, &culture.months_in_dates],
        };
        let mut best: Option<(u32, usize)> = None;
        for (at, name) in lists.into_iter().flat_map(|names| names.iter().enumerate()) {
            let Some(length) = begins(self.rest, name) else { continue };
            if best.is_none_or(|(_, longest)| length > longest) {
                best = Some((at as u32, length));
            }
        }
        let (at, length) = best?;
        self.rest = self.rest.get(length..)?;
        if c == 'M' {
            self.found.month = Some(at + 1);
        } else {
            self.found.weekday = Some(at);
        }
        Some(())
    }

    fn fraction(&mut self, c: char, run: usize) -> Option<()> {
        if run > 7 {
            return None;
        }
        let count = self.rest.bytes().take(run).take_while(u8::is_ascii_digit).count();
        if c == 'f' && count < run {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.found.fraction = format!("{digits:0<7}").parse().ok()?;
        self.rest = rest;
        Some(())
    }

    fn half(&mut self, run: usize) -> Option<()> {
        let culture = self.culture;
        let part = |name: &Str| match run {
            1 => name.chars().next().map(String::from).unwrap_or_default(),
            _ => name.to_string(),
        };
        for (name, pm) in [(part(&culture.am), false), (part(&culture.pm), true)] {
            if let Some(length) = begins(self.rest, &name)
                && length > 0
            {
                self.rest = self.rest.get(length..)?;
                self.found.pm = Some(pm);
                return Some(());
            }
        }
        None
    }

    fn offset(&mut self, c: char) -> Option<()> {
        if c == 'K'
            && let Some(after) = self.rest.strip_prefix(['Z', 'z'])
        {
            self.rest = after;
            self.found.offset = Some(Offset { minutes: 0, utc: true });
            return Some(());
        }
        let sign = match self.rest.chars().next() {
            Some('+') => 1,
            Some('-') => -1,
            _ if c == 'K' => return Some(()),
            _ => return None,
        };
        self.rest = self.rest.get(1..)?;
        let (hours, _) = self.digits(1, 2)?;
        let mut minutes = 0;
        if let Some(after) = self.rest.strip_prefix(':') {
            self.rest = after;
            minutes = self.digits(2, 2)?.0;
        } else if self.rest.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
            minutes = self.digits(2, 2)?.0;
        }
        if hours > 14 || minutes > 59 {
            return None;
        }
        let minutes = sign * i64::from(hours * 60 + minutes);
        self.found.offset = Some(Offset { minutes, utc: false });
        Some(())
    }
}

/// Returns how many bytes of a text match the name, in any case.
fn begins(text: &str, name: &str) -> Option<usize> {
    let mut rest = text.chars();
    for wanted in name.chars() {
        let c = rest.next()?;
        if c != wanted && !c.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date_text::set_today;

    #[test]
    fn a_text_has_the_whole_format() {
        set_today(DateTime::from_parts(2026, 11, 28, [0; 3], 0, DateKind::Utc).unwrap());
        for (culture, text, format, expected) in [
            ("", "19.06.2018 07:05", "dd.MM.yyyy HH:mm", Some("2018-06-19 07:05:00")),
            ("", "01.03.26", "dd.MM.yy", Some("2026-03-01 00:00:00")),
            ("", "1.3.26", "dd.MM.yy", None),
            ("", "2026-03-01 x", "yyyy-MM-dd", None),
            ("", "12:30 AM", "h:mm tt", Some("2026-11-28 00:30:00")),
            ("", "13:30 AM", "h:mm tt", None),
            ("", "March", "MMMM", Some("2026-03-01 00:00:00")),
            ("", "20260301T070809", "yyyyMMddTHHmmss", Some("2026-03-01 07:08:09")),
            ("", "Mon 01 Mar 2026", "ddd dd MMM yyyy", None),
            ("", "Sun 01 Mar 2026", "ddd dd MMM yyyy", Some("2026-03-01 00:00:00")),
            ("", "30.02.2026", "dd.MM.yyyy", None),
            ("de-DE", "01.03.2026", "d", Some("2026-03-01 00:00:00")),
            ("de-DE", "1. März 2026", "d. MMMM yyyy", Some("2026-03-01 00:00:00")),
            ("de-DE", "01.03.2026", "dd/MM/yyyy", Some("2026-03-01 00:00:00")),
            ("de-DE", "01/03/2026", "dd/MM/yyyy", None),
            ("fr-FR", "1 août 2026", "d MMMM yyyy", Some("2026-08-01 00:00:00")),
            ("pl-PL", "1 marca 2026", "d MMMM yyyy", Some("2026-03-01 00:00:00")),
            ("en-US", "3/1/2026", "d", Some("2026-03-01 00:00:00")),
        ] {
            let found = culture::find(culture).unwrap();
            let date = exact(text, format, &found.dates.borrow(), 0);
            let shown =
                date.and_then(|(d, _)| d.format("yyyy-MM-dd HH:mm:ss", &culture::invariant().dates.borrow()));
            assert_eq!(shown.as_deref(), expected, "{text} by {format} in {culture}");
        }
    }
}

//! Intervals of PostgreSQL, which cut a fraction and the units that a column does not have.

/// The units of an interval, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

use Unit::{Day, Hour, Minute, Month, Second, Year};

/// The words for each unit, as prefixes. Longer ones come first.
const NAMES: &[(&str, Unit)] = &[
    ("millenn", Year),
    ("cent", Year),
    ("dec", Year),
    ("year", Year),
    ("yr", Year),
    ("y", Year),
    ("min", Minute),
    ("mon", Month),
    ("week", Day),
    ("w", Day),
    ("day", Day),
    ("d", Day),
    ("hour", Hour),
    ("hr", Hour),
    ("h", Hour),
    ("milli", Second),
    ("ms", Second),
    ("micro", Second),
    ("us", Second),
    ("sec", Second),
    ("s", Second),
    ("m", Minute),
];

/// Returns the smallest unit of a type: hours for `interval day to hour`.
pub(crate) fn smallest(words: &str) -> Unit {
    match words.split_whitespace().last() {
        Some("year") => Year,
        Some("month") => Month,
        Some("day") => Day,
        Some("hour") => Hour,
        Some("minute") => Minute,
        _ => Second,
    }
}

/// A number of an interval that is not zero: its unit, and the number of fractional digits.
type Part = (Unit, usize);

/// Returns the parts of an interval, or `None` if this module does not read it.
pub(crate) fn parts(text: &str) -> Option<Vec<Part>> {
    let lower = text.trim().to_ascii_lowercase();
    let mut found = Vec::new();
    if let Some(rest) = lower.strip_prefix(['p']) {
        let (days, hours) = rest.split_once('t').unwrap_or((rest, ""));
        letters(days, &[('y', Year), ('m', Month), ('w', Day), ('d', Day)], &mut found)?;
        letters(hours, &[('h', Hour), ('m', Minute), ('s', Second)], &mut found)?;
        return Some(found);
    }
    let spaced = spaced(&lower);
    let mut words = spaced.split_whitespace().filter(|word| !["@", "ago", "and"].contains(word)).peekable();
    while let Some(word) = words.next() {
        if word.contains(':') {
            clock(word, &mut found)?;
            continue;
        }
        if let Some((years, months)) = word.trim_start_matches(['-', '+']).split_once('-') {
            number(years, Year, &mut found)?;
            number(months, Month, &mut found)?;
            continue;
        }
        let unit = match words.peek() {
            // A number before a time of day counts days, and one without a unit counts seconds.
            Some(next) if next.contains(':') => Day,
            Some(next) => {
                let unit = NAMES.iter().find(|(name, _)| next.starts_with(name))?.1;
                words.next();
                unit
            }
            None => Second,
        };
        number(word, unit, &mut found)?;
    }
    Some(found)
}

/// Separates numbers from the units behind them: `1h` becomes `1 h`.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        if before.is_ascii_digit() && c.is_ascii_alphabetic() {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}

fn number(text: &str, unit: Unit, found: &mut Vec<Part>) -> Option<()> {
    let digits = crate::digits::read(text)?;
    if !digits.significant.is_empty() {
        found.push((unit, usize::try_from(digits.places).unwrap_or(0)));
    }
    Some(())
}

fn clock(text: &str, found: &mut Vec<Part>) -> Option<()> {
    let parts: Vec<&str> = text.trim_start_matches(['-', '+']).split(':').collect();
    let units: &[Unit] = match parts.as_slice() {
        // `1:02.5` are minutes and seconds.
        [_, last] if last.contains('.') => &[Minute, Second],
        [_, _] => &[Hour, Minute],
        [_, _, _] => &[Hour, Minute, Second],
        _ => return None,
    };
    parts.iter().zip(units).try_for_each(|(part, unit)| number(part, *unit, found))
}

/// Reads numbers, each with the letter of its unit behind it.
fn letters(text: &str, units: &[(char, Unit)], found: &mut Vec<Part>) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (digits, after) = rest.split_at_checked(at)?;
        let letter = after.chars().next()?;
        let unit = units.iter().find(|(other, _)| *other == letter)?.1;
        number(digits, unit, found)?;
        rest = after.get(1..)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_by_their_units() {
        for (text, wanted) in [
            ("1 day 2:03:04.5", Some(vec![(Day, 0), (Hour, 0), (Minute, 0), (Second, 1)])),
            ("1:30", Some(vec![(Hour, 0), (Minute, 0)])),
            ("1:02.5", Some(vec![(Minute, 0), (Second, 1)])),
            ("1.5 months", Some(vec![(Month, 1)])),
            (
                "P1Y2M3DT4H5M6.5S",
                Some(vec![(Year, 0), (Month, 0), (Day, 0), (Hour, 0), (Minute, 0), (Second, 1)]),
            ),
            ("PT0S", Some(vec![])),
            ("1-2", Some(vec![(Year, 0), (Month, 0)])),
            ("@ 1 hour ago", Some(vec![(Hour, 0)])),
            ("1h 2m", Some(vec![(Hour, 0), (Minute, 0)])),
            ("1 mon -2 days +03:00:00", Some(vec![(Month, 0), (Day, 0), (Hour, 0)])),
            ("1 2:03", Some(vec![(Day, 0), (Hour, 0), (Minute, 0)])),
            ("1.23456789", Some(vec![(Second, 8)])),
            ("infinity", None),
            ("soon", None),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
        assert_eq!([smallest(""), smallest("hour"), smallest("day to minute")], [Second, Hour, Minute]);
    }
}

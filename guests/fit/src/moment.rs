//! Dates and times as databases read them.

/// The parts of a date, a time or both.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment<'a> {
    pub has_day: bool,
    pub clock: Option<Clock<'a>>,
    /// Whether there is a zone that is not UTC.
    pub is_zoned: bool,
}

/// A time of day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock<'a> {
    /// Whether it is midnight.
    pub is_zero: bool,
    /// Whether it has seconds, which are zero.
    pub is_whole_minute: bool,
    /// The fractional digits of a second, without zeros at the end.
    pub fraction: &'a str,
    /// Whether the seconds are 60 or more.
    pub leaps: bool,
}

/// The result of reading a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read<'a> {
    Moment(Moment<'a>),
    /// A word such as `infinity`, which the database reads or refuses.
    Word,
    /// A text that databases read in different ways, as in `01.02.2026`, or not at all.
    Odd,
}

const WORDS: &[&str] =
    &["", "infinity", "-infinity", "+infinity", "epoch", "now", "today", "tomorrow", "yesterday", "allballs"];
const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads a date, a time or both.
pub(crate) fn read(text: &str) -> Read<'_> {
    let text = text.trim();
    if WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Read::Word;
    }
    match iso(text).or_else(|| spelled(text)) {
        Some(moment) => Read::Moment(moment),
        None => Read::Odd,
    }
}

/// Reads `2026-01-31`, `20260131`, `2026-01-31T10:20:30.5+02:00`, `10:20` and `-100:20:30`.
fn iso(text: &str) -> Option<Moment<'_>> {
    let text = ["bc", "ad"].iter().find_map(|era| without_end(text, era)).unwrap_or(text).trim_end();
    let Some(rest) = after_day(text) else {
        // MySQL puts days before the hours: `1 10:20:30`.
        let unsigned = text.trim_start_matches('-');
        let hours = match unsigned.split_once(' ') {
            Some((days, hours)) if is_number(days, 1, 2) && hours.contains(':') => hours,
            _ => unsigned,
        };
        return clock(hours, false);
    };
    if rest.is_empty() {
        return Some(Moment { has_day: true, ..Moment::default() });
    }
    let time = rest.strip_prefix(['T', 't']).unwrap_or_else(|| rest.trim_start());
    let separate = time.len() < rest.len();
    match separate {
        true => clock(time, true),
        // A zone may follow a day, as in `2026-01-31Z`.
        false => Some(Moment { has_day: true, clock: None, is_zoned: is_zoned(rest)? }),
    }
}

fn without_end<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let (rest, last) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    last.eq_ignore_ascii_case(end).then_some(rest)
}

/// Returns the part after a day whose year comes first.
fn after_day(text: &str) -> Option<&str> {
    let digits = count(text);
    let (year, rest) = text.split_at_checked(digits)?;
    if digits == 8 && !rest.starts_with(['-', '/', '.']) {
        return (rest.is_empty() || rest.starts_with(['T', 't', ' '])).then_some(rest);
    }
    let sign = rest.chars().next().filter(|sign| ['-', '/', '.'].contains(sign))?;
    let (month, rest) = rest.get(1..)?.split_once(sign)?;
    let (day, rest) = rest.split_at_checked(count(rest))?;
    (year.len() >= 4 && is_number(month, 1, 2) && is_number(day, 1, 2)).then_some(rest)
}

fn count(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len()
}

fn is_number(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a time of day and the zone that follows it.
fn clock(text: &str, has_day: bool) -> Option<Moment<'_>> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !":.".contains(c)).unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(end)?;
    let mut parts = time.split(':');
    let (hours, minutes) = (parts.next()?, parts.next()?);
    let seconds = parts.next().unwrap_or("0");
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fits = is_number(hours, 1, 3) && is_number(minutes, 1, 2) && is_number(seconds, 1, 2);
    if !fits || parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let is_whole_minute = is_zero(seconds) && fraction.is_empty();
    let found = Clock {
        is_zero: is_whole_minute && is_zero(hours) && is_zero(minutes),
        is_whole_minute,
        fraction,
        leaps: seconds.parse::<u8>().is_ok_and(|seconds| seconds > 59),
    };
    Some(Moment { has_day, clock: Some(found), is_zoned: is_zoned(zone)? })
}

/// Returns whether the text after a time is a zone other than UTC. Returns `None` if it is no zone.
fn is_zoned(zone: &str) -> Option<bool> {
    let zone = zone.trim();
    if zone.is_empty() || ["z", "utc", "gmt", "am", "pm"].iter().any(|name| zone.eq_ignore_ascii_case(name)) {
        return Some(false);
    }
    match zone.strip_prefix(['+', '-']) {
        Some(offset) => {
            let fits = offset.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
            (fits && !offset.is_empty()).then(|| offset.bytes().any(|byte| !b"0:".contains(&byte)))
        }
        None => {
            let named = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
            (zone.starts_with(|c: char| c.is_ascii_alphabetic()) && zone.chars().all(named)).then_some(true)
        }
    }
}

/// Reads a date with the name of its month: `31 Jan 2026`, `Jan 31, 2026 10:20`, `31-Jan-2026`.
fn spelled(text: &str) -> Option<Moment<'_>> {
    let (mut days, mut months, mut years) = (0, 0, 0);
    let mut found = Moment { has_day: true, ..Moment::default() };
    for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
        if part.contains(':') {
            let time = clock(part, true)?;
            if found.clock.is_some() {
                return None;
            }
            (found.clock, found.is_zoned) = (time.clock, found.is_zoned || time.is_zoned);
            continue;
        }
        for piece in part.split('-').filter(|piece| !piece.is_empty()) {
            let starts = |names: &[&str]| {
                let start = piece.get(..3).unwrap_or_default();
                names.iter().any(|name| name.eq_ignore_ascii_case(start))
            };
            let is_word = piece.bytes().all(|byte| byte.is_ascii_alphabetic());
            match () {
                () if is_number(piece, 1, 2) => days += 1,
                () if is_number(piece, 4, 4) => years += 1,
                () if is_word && starts(MONTHS) => months += 1,
                () if is_word && starts(DAYS) => {}
                () if ["ad", "bc"].iter().any(|era| piece.eq_ignore_ascii_case(era)) => {}
                () if found.clock.is_some() => found.is_zoned |= is_zoned(piece)?,
                () => return None,
            }
        }
    }
    ((days, months, years) == (1, 1, 1)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_their_parts() {
        for (text, shown) in [
            ("2026-01-31", "day"),
            ("2026/1/3", "day"),
            ("20260131", "day"),
            ("0044-03-15 BC", "day"),
            ("12345-01-01", "day"),
            ("31 Jan 2026", "day"),
            ("Sat, Jan 31, 2026", "day"),
            ("31-Jan-2026", "day"),
            ("2026-01-31T00:00:00Z", "day midnight"),
            ("2026-01-31 00:00:00.000+00", "day midnight"),
            ("2026-01-31 10:20", "day clock"),
            ("20260131T10:20:30.50", "day clock .5"),
            ("2026-01-31 10:20:30.1234567+02:00", "day clock .1234567 zone"),
            ("2026-01-31 10:20:30 America/New_York", "day clock zone"),
            ("2026-01-31 10:20:60", "day clock leap"),
            ("Jan 31 10:20:30 2026 EST", "day clock zone"),
            ("10:20:30.5", "clock .5"),
            ("-100:20:30", "clock"),
            ("1 10:20:30", "clock"),
            ("10:20 PM", "clock"),
            ("10:20:30+02", "clock zone"),
            ("infinity", "word"),
            ("", "word"),
            ("01.02.2026", "odd"),
            ("26-01-31", "odd"),
            ("2026-01-31 101112", "odd"),
            ("31 Jan 2026 1011", "odd"),
            ("20260131T101112", "odd"),
            ("260131", "odd"),
            ("2026-031", "odd"),
            ("1020", "odd"),
            ("abc", "odd"),
            ("2026-01-31 10:20 +", "odd"),
        ] {
            let found = match read(text) {
                Read::Word => "word".to_owned(),
                Read::Odd => "odd".to_owned(),
                Read::Moment(moment) => {
                    let mut parts = Vec::new();
                    parts.extend(moment.has_day.then(|| "day".to_owned()));
                    if let Some(clock) = moment.clock {
                        parts.push(if clock.is_zero { "midnight" } else { "clock" }.to_owned());
                        parts.extend((!clock.fraction.is_empty()).then(|| format!(".{}", clock.fraction)));
                        parts.extend(clock.leaps.then(|| "leap".to_owned()));
                    }
                    parts.extend(moment.is_zoned.then(|| "zone".to_owned()));
                    parts.join(" ")
                }
            };
            assert_eq!(found, shown, "{text}");
        }
    }
}

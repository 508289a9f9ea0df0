//! Cron patterns: croner's, preceded by a replacement of Jenkins' `H`.
//!
//! Patterns have five fields, or six with seconds first; nicknames (`@daily`); `L`, `W` and `#`. `H` stands
//! for a number that is derived from the job's id, so that jobs without a fixed minute spread over the hour
//! (Jenkins, "Job DSL: cron syntax"). Patterns are matched against wall time only; `zone` decides the effect
//! of clock changes.

use chrono::NaiveDateTime;
use croner::Cron;
use croner::parser::{CronParser, Year};
use sha2::{Digest, Sha256};

/// A pattern that can be evaluated.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    cron: Cron,
    is_interval: bool,
}

/// The lowest and highest value of `H` in each field, seconds first.
const FIELDS: [(u32, u32); 6] = [(0, 59), (0, 59), (0, 23), (1, 28), (1, 12), (0, 6)];
/// The name, lowest and highest number of each field, seconds first.
const NUMBERS: [(&str, u32, u32); 6] = [
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 7),
];

/// Names for whole patterns.
const NICKNAMES: [&str; 6] = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"];

fn is_nickname(text: &str) -> bool {
    text.eq_ignore_ascii_case("@midnight") || NICKNAMES.iter().any(|name| name.eq_ignore_ascii_case(text))
}

impl Pattern {
    /// Reads a pattern. `H` is derived from `seed`.
    pub fn parse(text: &str, seed: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (plain, is_interval) = match fields.as_slice() {
            [nickname] if nickname.starts_with('@') && !is_nickname(nickname) => {
                return Err(format!(
                    "`{text}` is not a cron pattern: the nicknames are {}",
                    NICKNAMES.join(", ")
                ));
            }
            // cron reads it as `0 * * * *`.
            [nickname] if nickname.starts_with('@') => {
                (nickname.to_string(), nickname.eq_ignore_ascii_case("@hourly"))
            }
            fields if fields.len() == 5 || fields.len() == 6 => {
                let first = 6 - fields.len();
                out_of_range(text, fields, first)?;
                let mut plain = Vec::new();
                for (index, field) in fields.iter().enumerate() {
                    let range = FIELDS.get(first + index).copied().unwrap_or((0, 0));
                    plain.push(without_hash(field, range, &format!("{seed}/{}", first + index))?);
                }
                (plain.join(" "), means_interval(fields, first))
            }
            fields => {
                return Err(format!(
                    "`{text}` has {} fields: a cron pattern has five (minute hour day month weekday) or six (second first), or is a nickname such as @daily",
                    fields.len()
                ));
            }
        };
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron =
            parser.parse(&plain).map_err(|error| format!("`{text}` is not a cron pattern: {error}"))?;
        Ok(Self { cron, is_interval })
    }

    /// Returns the first match after `wall`. `None` when there is none within thousands of years.
    pub fn after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        // Treat it as UTC, which has no gaps and no overlaps.
        self.cron.find_next_occurrence(&wall.and_utc(), false).ok().map(|found| found.naive_utc())
    }

    /// Returns whether the pattern means "every so often" rather than times of day: its minute or its hour
    /// begins with `*` or `H/`. This is the rule of Vixie cron, which runs lists and ranges once for each
    /// time that they name.
    pub fn is_interval(&self) -> bool {
        self.is_interval
    }
}

fn means_interval(fields: &[&str], first: usize) -> bool {
    let minute = 1 - first.min(1);
    let wildcard = |field: &&&str| field.starts_with('*') || field.starts_with("H/");
    fields.iter().skip(minute).take(2).any(|field| wildcard(&field))
}

/// Reports the numbers that are out of range for their field.
fn out_of_range(pattern: &str, fields: &[&str], first: usize) -> Result<(), String> {
    let mut problems = Vec::new();
    for (field, (name, low, high)) in fields.iter().zip(NUMBERS.iter().skip(first)) {
        for part in field.split(',') {
            let range = part.split('/').next().unwrap_or_default();
            let numbers = range.split('-').filter_map(|number| number.parse::<u32>().ok());
            let wrong = numbers.filter(|number| !(*low..=*high).contains(number));
            problems.extend(wrong.map(|number| format!("{name} {number} is out of range ({low}-{high})")));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("`{pattern}`: {}", problems.join("; "))) }
}

/// Replaces each `H` in a field with its number.
fn without_hash(field: &str, (low, high): (u32, u32), seed: &str) -> Result<String, String> {
    let digest = Sha256::digest(seed);
    let number = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let pick = |low: u32, high: u32| low + u32::try_from(number % u64::from(high - low + 1)).unwrap_or(0);
    let wrong = || format!("`{field}`: write H, H/15, H(0-29) or H(0-29)/10");
    let mut parts = Vec::new();
    for part in field.split(',') {
        let Some(rest) = part.strip_prefix('H') else {
            parts.push(part.to_owned());
            continue;
        };
        let (range, step) = match rest.split_once('/') {
            Some((range, step)) => {
                (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(wrong)?))
            }
            None => (rest, None),
        };
        let (low, high) = match range.strip_prefix('(').and_then(|range| range.strip_suffix(')')) {
            Some(range) => {
                let (from, to) = range.split_once('-').ok_or_else(wrong)?;
                let (from, to): (u32, u32) = from.parse().ok().zip(to.parse().ok()).ok_or_else(wrong)?;
                if from > to || from < low || to > high.max(31) {
                    return Err(wrong());
                }
                (from, to)
            }
            None if range.is_empty() => (low, high),
            None => return Err(wrong()),
        };
        parts.push(match step {
            Some(step) => format!("{}-{high}/{step}", pick(low, high.min(low + step - 1))),
            None => pick(low, high).to_string(),
        });
    }
    Ok(parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::super::zone::parse_wall;
    use super::*;

    #[test]
    fn patterns_of_every_kind_find_their_next_match() {
        for (pattern, after, expected) in [
            ("0 2 * * *", "2026-01-01T02:00", "2026-01-02 02:00:00"),
            ("*/20 * * * * *", "2026-01-01T02:00:05", "2026-01-01 02:00:20"),
            ("@daily", "2026-01-01T02:00", "2026-01-02 00:00:00"),
            ("@hourly", "2026-01-01T02:00", "2026-01-01 03:00:00"),
            ("0 0 L * *", "2026-02-01", "2026-02-28 00:00:00"),
            ("0 0 15W * *", "2026-02-01", "2026-02-16 00:00:00"),
            ("0 0 * * 5#2", "2026-02-01", "2026-02-13 00:00:00"),
            ("0 0 * * MON-FRI", "2026-01-02T12:00", "2026-01-05 00:00:00"),
            ("0 0 29 FEB *", "2026-01-01", "2028-02-29 00:00:00"),
        ] {
            let found = Pattern::parse(pattern, "job").unwrap().after(parse_wall(after).unwrap()).unwrap();
            assert_eq!(found.to_string(), expected, "{pattern}");
        }
    }

    #[test]
    fn nicknames_that_do_not_exist_are_refused_with_those_that_do() {
        let error = Pattern::parse("@fortnightly", "job").unwrap_err();
        assert_eq!(
            error,
            "`@fortnightly` is not a cron pattern: the nicknames are @hourly, @daily, @weekly, @monthly, @yearly, @annually"
        );
        for known in NICKNAMES {
            assert!(Pattern::parse(known, "job").is_ok(), "{known}");
        }
    }

    #[test]
    fn h_spreads_jobs_and_stays_what_it_is() {
        let minute = |seed: &str| without_hash("H", (0, 59), seed).unwrap().parse::<u32>().unwrap();
        let spread: std::collections::BTreeSet<u32> = (0..200).map(|i| minute(&format!("job-{i}"))).collect();
        assert!(spread.len() > 40 && spread.iter().all(|minute| *minute < 60));
        assert_eq!(minute("job"), minute("job"));
        let low: u32 =
            without_hash("H(0-29)/10", (0, 59), "x").unwrap().split('-').next().unwrap().parse().unwrap();
        assert!(low < 10);
        for pattern in ["H H * * *", "H/15 * * * *", "H(0-29) 2 * * *", "H 2 H * *"] {
            assert!(Pattern::parse(pattern, "job").is_ok(), "{pattern}");
        }
    }

    #[test]
    fn an_interval_has_a_wildcard_in_its_minute_or_hour() {
        for (pattern, expected) in [
            ("* * * * *", true),
            ("*/15 * * * *", true),
            ("0 * * * *", true),
            ("* 2 * * *", true),
            ("0 */6 * * *", true),
            ("H/15 2 * * *", true),
            ("@hourly", true),
            ("*/10 * 2 * * *", true),
            ("0 0 */2 * * *", true),
            ("30 2,14 * * *", false),
            ("0,30 2 * * *", false),
            ("0 2-3 * * *", false),
            ("0-59 0-23 * * *", false),
            ("30 1,2 * * *", false),
            ("H H * * *", false),
            ("0 2 */2 * *", false),
            ("@daily", false),
            ("*/10 30 2 * * *", false),
        ] {
            assert_eq!(Pattern::parse(pattern, "job").unwrap().is_interval(), expected, "{pattern}");
        }
    }

    #[test]
    fn a_number_that_its_field_does_not_have_is_named() {
        for (pattern, expected) in [
            (
                "61 25 * * *",
                "`61 25 * * *`: minute 61 is out of range (0-59); hour 25 is out of range (0-23)",
            ),
            ("0 0 1-32 * *", "`0 0 1-32 * *`: day 32 is out of range (1-31)"),
            ("0 0 * 0 *", "`0 0 * 0 *`: month 0 is out of range (1-12)"),
            ("0 0 * * 1,8", "`0 0 * * 1,8`: weekday 8 is out of range (0-7)"),
            ("60 0 0 * * *", "`60 0 0 * * *`: second 60 is out of range (0-59)"),
        ] {
            assert_eq!(Pattern::parse(pattern, "job").unwrap_err(), expected);
        }
    }

    #[test]
    fn what_is_no_pattern_says_what_one_is() {
        for pattern in ["", "* * *", "61 * * * *", "H(9-3) * * * *", "@never", "a b c d e"] {
            assert!(Pattern::parse(pattern, "job").is_err(), "{pattern}");
        }
        assert!(Pattern::parse("30 2 * *", "job").unwrap_err().contains("has 4 fields"));
    }
}

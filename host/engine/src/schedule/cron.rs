//! Cron patterns: croner's, with Jenkins' `H` in front of it.
//!
//! Five or six fields, the first of six being seconds; nicknames (`@daily`); `L`, `W` and `#`. `H` stands for a
//! number that is derived from the job's id, so that jobs that name no minute of their own spread over the hour
//! (Jenkins, "Job DSL: cron syntax"). Patterns are matched against wall time alone: what a change of the clocks
//! does is decided in `zone`.

use chrono::NaiveDateTime;
use croner::parser::{CronParser, Year};
use croner::{Cron, JobType};
use sha2::{Digest, Sha256};

/// A pattern that can be evaluated.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    cron: Cron,
}

/// Lowest and highest value of each field, seconds first.
const FIELDS: [(u32, u32); 6] = [(0, 59), (0, 59), (0, 23), (1, 28), (1, 12), (0, 6)];

impl Pattern {
    /// Reads a pattern; `seed` is what `H` is derived from.
    pub fn parse(text: &str, seed: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let plain = match fields.as_slice() {
            [nickname] if nickname.starts_with('@') => nickname.to_string(),
            fields if fields.len() == 5 || fields.len() == 6 => {
                let first = 6 - fields.len();
                let mut plain = Vec::new();
                for (index, field) in fields.iter().enumerate() {
                    let range = FIELDS.get(first + index).copied().unwrap_or((0, 0));
                    plain.push(without_hash(field, range, &format!("{seed}/{}", first + index))?);
                }
                plain.join(" ")
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
        Ok(Self { cron })
    }

    /// The first match after `wall`; none when there is none within thousands of years.
    pub fn after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        // As UTC, which has no gaps and no overlaps.
        self.cron.find_next_occurrence(&wall.and_utc(), false).ok().map(|found| found.naive_utc())
    }

    /// Whether the pattern means "every so often" rather than a time of the day.
    pub fn is_interval(&self) -> bool {
        self.cron.determine_job_type() == JobType::IntervalWildcard
    }
}

/// The field with each `H` replaced by its number.
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
    fn what_is_no_pattern_says_what_one_is() {
        for pattern in ["", "* * *", "61 * * * *", "H(9-3) * * * *", "@never", "a b c d e"] {
            assert!(Pattern::parse(pattern, "job").is_err(), "{pattern}");
        }
        assert!(Pattern::parse("30 2 * *", "job").unwrap_err().contains("has 4 fields"));
    }
}

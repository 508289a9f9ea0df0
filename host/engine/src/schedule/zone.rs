//! Converts wall time to instants, with a rule for each wall time that does not exist or exists twice.
//!
//! The zone database is chrono-tz's. A *gap* is the time that clocks skip in spring, an *overlap* the time
//! that they repeat in autumn (RFC 5545 and `zoneinfo` call it `fold`: 0 is the first pass, 1 the second).

use chrono::{
    DateTime, Datelike, Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset,
    TimeZone,
};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Returns the names of all time zones.
pub fn names() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// The handling of a wall time that a clock change skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The fire does not run, and the ledger records it.
    Skip,
    /// The fire moves to the first time after the gap: 02:30 to 03:00.
    NextValid,
    /// The fire moves by the length of the gap: 02:30 to 03:30.
    Shift,
}

/// The handling of a wall time that a clock change repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The first pass counts.
    First,
    /// The second pass counts.
    Second,
    /// Both count.
    Both,
}

/// The effect of a clock change on a wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// The time does not exist, and is excluded.
    Skipped,
    /// The time does not exist, and has moved.
    Moved,
    /// The time exists twice; this is the first pass.
    First,
    /// The time exists twice; this is the second pass.
    Second,
}

/// A wall time and its instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The instant. For [`Transition::Skipped`], the instant of the clock change.
    pub at: Timestamp,
    /// The wall time with the offset by which it was read. In a gap, the offset before the change.
    pub wall: DateTime<FixedOffset>,
    /// The effect of a clock change, if there is one.
    pub transition: Option<Transition>,
}

/// No zone moves its clocks by more than this, and none is further from UTC.
const REACH: Duration = Duration::hours(26);

/// Returns the offset of `zone` at `at`, in seconds east of UTC.
pub fn offset(zone: Tz, at: Timestamp) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// Returns the instants of `wall`, earliest first: none, one or two.
pub fn resolve(zone: Tz, wall: NaiveDateTime, gap: Gap, overlap: Overlap) -> Vec<Resolved> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(found) => vec![resolved(&found, None)],
        LocalResult::Ambiguous(first, second) => {
            let (first, second) =
                (resolved(&first, Some(Transition::First)), resolved(&second, Some(Transition::Second)));
            match overlap {
                Overlap::First => vec![first],
                Overlap::Second => vec![second],
                Overlap::Both => vec![first, second],
            }
        }
        LocalResult::None => in_gap(zone, wall, gap).into_iter().collect(),
    }
}

fn resolved(found: &DateTime<Tz>, transition: Option<Transition>) -> Resolved {
    Resolved { at: found.to_utc(), wall: found.fixed_offset(), transition }
}

fn in_gap(zone: Tz, wall: NaiveDateTime, gap: Gap) -> Option<Resolved> {
    let near = wall.and_utc();
    let (change, before) =
        changes(zone, near - REACH, near + REACH).into_iter().find_map(|(at, before, after)| {
            let local = |offset: i32| at.naive_utc() + Duration::seconds(i64::from(offset));
            (local(before) <= wall && wall < local(after)).then_some((at, before))
        })?;
    let shifted = near - Duration::seconds(i64::from(before));
    let (at, transition) = match gap {
        Gap::Skip => (change, Transition::Skipped),
        Gap::NextValid => (change, Transition::Moved),
        Gap::Shift => (shifted, Transition::Moved),
    };
    let wall = shifted.with_timezone(&FixedOffset::east_opt(before)?);
    Some(Resolved { at, wall, transition: Some(transition) })
}

/// Returns the clock changes in `(from, to]`: the instant, and the offsets before and after.
pub fn changes(zone: Tz, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, i32, i32)> {
    let mut found = Vec::new();
    let (mut low, mut before) = (from, offset(zone, from));
    while low < to {
        let high = (low + Duration::hours(1)).min(to);
        let after = offset(zone, high);
        if after != before {
            found.push((change_between(zone, low, high, before), before, after));
        }
        (low, before) = (high, after);
    }
    found
}

/// Returns the first second at which the offset differs from `before`. Clocks change at whole seconds, so
/// fractions of `low` and `high` do not matter.
fn change_between(zone: Tz, low: Timestamp, high: Timestamp, before: i32) -> Timestamp {
    let at = |seconds: i64| Timestamp::from_timestamp(seconds, 0).unwrap_or(high);
    let (mut low, mut high) = (low.timestamp(), high.timestamp());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset(zone, at(middle)) == before { low = middle } else { high = middle }
    }
    at(high)
}

/// Returns by how much the clocks of `zone` move around `at`, where the offset is `now`. Usually zero.
pub(super) fn movement(zone: Tz, at: Timestamp, now: i32) -> Duration {
    if offset(zone, at - REACH) == now && offset(zone, at + REACH) == now {
        return Duration::zero();
    }
    let moved =
        changes(zone, at - REACH, at + REACH).into_iter().map(|(_, before, after)| (after - before).abs());
    Duration::seconds(i64::from(moved.max().unwrap_or(0)))
}

/// Reads a time as people write it: RFC 3339 with its offset, or a wall time of `zone` (`2026-03-01T02:30`,
/// with or without seconds; a date alone means its midnight). A wall time in a gap moves to the end of the
/// gap; a repeated wall time means the first pass.
///
/// # Errors
/// Returns the problem, with an example.
pub fn parse_time(text: &str, zone: Tz) -> Result<Timestamp, String> {
    let sane = |year: i32| (1900..10_000).contains(&year);
    if let Some(found) = DateTime::parse_from_rfc3339(text).ok().filter(|found| sane(found.year())) {
        return Ok(found.to_utc());
    }
    let wall = parse_wall(text).filter(|wall| sane(wall.year())).ok_or_else(|| {
        format!("`{text}` is not a time: write for instance 2026-03-01T02:30:00+01:00, or 2026-03-01T02:30:00 in the job's zone")
    })?;
    let found = resolve(zone, wall, Gap::NextValid, Overlap::First);
    found.first().map(|found| found.at).ok_or_else(|| format!("`{text}` does not exist in {zone}"))
}

/// The furthest time in the future for which one run can be scheduled.
const HORIZON_DAYS: i64 = 5 * 366;

/// The furthest time in the future for which fires are shown.
const RANGE_DAYS: i64 = 50 * 366;

/// Checks that one run may be scheduled for that time.
///
/// # Errors
/// Fails when the time is in the past, or too far in the future.
pub fn check_once(at: Timestamp, now: Timestamp) -> Result<(), String> {
    if at < now {
        let (at, now) = (at.format("%Y-%m-%d %H:%M:%SZ"), now.format("%Y-%m-%d %H:%M:%SZ"));
        return Err(format!("{at} is in the past: it is {now} now; choose a later time, or run the job now"));
    }
    if at - now > chrono::Duration::days(HORIZON_DAYS) {
        return Err(format!("{} is more than five years away", at.format("%Y-%m-%d %H:%M:%SZ")));
    }
    Ok(())
}

/// Checks that a range of fires may begin or end at that time.
///
/// # Errors
/// Fails when the time is before 1970, or too far in the future.
pub fn check_range(at: Timestamp, now: Timestamp) -> Result<(), String> {
    let shown = at.format("%Y-%m-%d %H:%M:%SZ");
    if at < Timestamp::UNIX_EPOCH {
        return Err(format!("{shown} is before 1970"));
    }
    if at - now > Duration::days(RANGE_DAYS) {
        return Err(format!("{shown} is more than 50 years away"));
    }
    Ok(())
}

/// Describes the effect of a clock change on a wall time. `None` when the time has an offset or no clock
/// change affects it.
pub fn clock_note(text: &str, zone: Tz) -> Option<String> {
    let wall = parse_wall(text)?;
    let shown = |at: Timestamp| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %:z").to_string();
    match resolve(zone, wall, Gap::Skip, Overlap::Both).as_slice() {
        [] => {
            let next =
                resolve(zone, wall, Gap::NextValid, Overlap::First).first().map(|found| shown(found.at))?;
            Some(format!("the clocks in {zone} skip {wall}: the run is due at {next}"))
        }
        [first, _, ..] => Some(format!(
            "the clocks in {zone} show {wall} twice: the run is due at the first, {}",
            shown(first.at)
        )),
        [_] => None,
    }
}

/// Reads a wall time without an offset.
pub(super) fn parse_wall(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)))
}

/// Returns the version of the zone database, for instance `2025b`.
pub fn database_version() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A range may begin or end within a second, and end exactly at the clock change.
    #[test]
    fn changes_are_found_whatever_fractions_a_range_has() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let change: Timestamp = "2027-03-28T01:00:00Z".parse().unwrap();
        for (from, to) in [
            ("2027-03-27T20:00:00.412027Z", "2027-03-28T01:00:00Z"),
            ("2027-03-28T00:59:58.6Z", "2027-03-28T01:00:00Z"),
            ("2027-03-28T00:59:59.999Z", "2027-03-28T01:00:00.5Z"),
            ("2027-03-28T00:00:00Z", "2027-03-28T02:00:00Z"),
        ] {
            let found = changes(zone, from.parse().unwrap(), to.parse().unwrap());
            assert_eq!(found, [(change, 3600, 7200)], "{from} {to}");
        }
    }

    #[test]
    fn a_wall_time_in_a_gap_or_an_overlap_follows_its_rule() {
        let berlin = chrono_tz::Europe::Berlin;
        let at = |wall: &str, gap, overlap| {
            let wall = parse_wall(wall).unwrap();
            let found = resolve(berlin, wall, gap, overlap);
            found.iter().map(|r| r.at.format("%dT%H:%MZ").to_string()).collect::<Vec<_>>().join(" ")
        };
        for (wall, gap, overlap, expected) in [
            ("2026-03-29T01:59", Gap::Skip, Overlap::First, "29T00:59Z"),
            ("2026-03-29T02:00", Gap::NextValid, Overlap::First, "29T01:00Z"),
            ("2026-03-29T02:30", Gap::NextValid, Overlap::First, "29T01:00Z"),
            ("2026-03-29T02:30", Gap::Shift, Overlap::First, "29T01:30Z"),
            ("2026-03-29T02:30", Gap::Skip, Overlap::First, "29T01:00Z"),
            ("2026-03-29T03:00", Gap::Skip, Overlap::First, "29T01:00Z"),
            ("2026-10-25T02:30", Gap::Skip, Overlap::First, "25T00:30Z"),
            ("2026-10-25T02:30", Gap::Skip, Overlap::Second, "25T01:30Z"),
            ("2026-10-25T02:30", Gap::Skip, Overlap::Both, "25T00:30Z 25T01:30Z"),
            ("2026-10-25T03:00", Gap::Skip, Overlap::Both, "25T02:00Z"),
        ] {
            assert_eq!(at(wall, gap, overlap), expected, "{wall} {gap:?} {overlap:?}");
        }
    }

    #[test]
    fn times_are_read_with_an_offset_or_in_the_zone() {
        let zone = chrono_tz::America::New_York;
        for (text, expected) in [
            ("2025-09-02T02:00:00Z", "2025-09-02T02:00:00Z"),
            ("2025-09-02T02:00:00+02:00", "2025-09-02T00:00:00Z"),
            ("2025-09-02T02:00:00", "2025-09-02T06:00:00Z"),
            ("2025-09-02 02:00", "2025-09-02T06:00:00Z"),
            ("2025-01-02", "2025-01-02T05:00:00Z"),
        ] {
            assert_eq!(parse_time(text, zone).unwrap(), expected.parse::<Timestamp>().unwrap(), "{text}");
        }
        assert!(parse_time("+262142-12-31", zone).is_err() && parse_time("0001-01-01", zone).is_err());
        assert!(parse_time("tomorrow", zone).unwrap_err().contains("`tomorrow` is not a time"));
    }

    #[test]
    fn times_beyond_any_plan_are_refused() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-28T10:00:00Z");
        for (text, once, range) in [
            ("2026-11-28T10:00:00Z", None, None),
            ("2031-11-28T10:00:00Z", None, None),
            ("2026-11-28T09:59:59Z", Some("is in the past: it is"), None),
            ("2032-11-28T10:00:00Z", Some("more than five years away"), None),
            ("9999-01-01T00:00:00Z", Some("more than five years away"), Some("more than 50 years away")),
            ("1969-12-31T23:59:59Z", Some("is in the past: it is"), Some("is before 1970")),
        ] {
            for (found, said) in [(check_once(at(text), now), once), (check_range(at(text), now), range)] {
                match said {
                    None => assert_eq!(found, Ok(()), "{text}"),
                    Some(said) => assert!(found.unwrap_err().contains(said), "{text}"),
                }
            }
        }
    }
}

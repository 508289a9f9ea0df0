//! Prints the meaning of wall times around every clock change, which `tests/time/verify.py` compares with
//! Python's zoneinfo: `time-oracle [ZONE...]`. Default: all zones. It prints one line per wall time:
//! `zone wall skip next_valid shift first second both`, in seconds since 1970, with `wall` as if it were UTC
//! and `-` for none. `--broken` among the zones uses the second pass in place of the first, which the
//! comparison must detect.

use std::io::{BufWriter, Write};

use chrono::{DateTime, Duration, NaiveDateTime};
use chrono_tz::{TZ_VARIANTS, Tz};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::schedule::zone::{changes, resolve};
use stepwell::engine::schedule::{Gap, Overlap, Transition};

fn main() -> std::io::Result<()> {
    let (broken, wanted): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument == "--broken");
    let first = if broken.is_empty() { Overlap::First } else { Overlap::Second };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let year =
        |year: i32| DateTime::parse_from_rfc3339(&format!("{year}-01-01T00:00:00Z")).map(|at| at.to_utc());
    let (Ok(from), Ok(to)) = (year(1970), year(2100)) else { return Ok(()) };
    for zone in
        TZ_VARIANTS.iter().filter(|zone| wanted.is_empty() || wanted.iter().any(|name| name == zone.name()))
    {
        let changes = changes(*zone, from, to);
        if changes.is_empty() {
            line(&mut out, *zone, DateTime::UNIX_EPOCH.naive_utc(), first)?;
        }
        for (at, before, after) in changes {
            for wall in around(at, before, after) {
                line(&mut out, *zone, wall, first)?;
            }
        }
    }
    out.flush()
}

/// Returns wall times at, within and next to the gap or the overlap of a clock change.
fn around(at: Timestamp, before: i32, after: i32) -> Vec<NaiveDateTime> {
    let local = |offset: i32| at.naive_utc() + Duration::seconds(i64::from(offset));
    let (low, high) = (local(before.min(after)), local(before.max(after)));
    let second = Duration::seconds(1);
    let middle = low + (high - low) / 2;
    let mut walls = vec![low - second, low, low + second, middle, high - second, high, high + second];
    walls.extend([low - Duration::hours(5), high + Duration::hours(5)]);
    walls.dedup();
    walls
}

fn line(out: &mut impl Write, zone: Tz, wall: NaiveDateTime, first: Overlap) -> std::io::Result<()> {
    let gap = |rule| resolve(zone, wall, rule, Overlap::First);
    let overlap = |rule| resolve(zone, wall, Gap::Skip, rule);
    let rows = |found: Vec<stepwell::engine::schedule::zone::Resolved>, skips: bool| {
        let left_out = |transition| skips && transition == Some(Transition::Skipped);
        let kept = found
            .iter()
            .filter(|found| !left_out(found.transition))
            .map(|found| found.at.timestamp().to_string());
        match kept.collect::<Vec<_>>().join(",") {
            none if none.is_empty() => "-".to_owned(),
            some => some,
        }
    };
    writeln!(
        out,
        "{} {} {} {} {} {} {} {}",
        zone.name(),
        wall.and_utc().timestamp(),
        rows(gap(Gap::Skip), true),
        rows(gap(Gap::NextValid), true),
        rows(gap(Gap::Shift), true),
        rows(overlap(first), true),
        rows(overlap(Overlap::Second), true),
        rows(overlap(Overlap::Both), true),
    )
}

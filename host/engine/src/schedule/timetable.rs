//! The nominal times of a schedule, in order.

use chrono::{DateTime, Duration, FixedOffset, NaiveDateTime, Offset, SecondsFormat, SubsecRound};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::Schedule;
use super::calendar::{Calendars, Closed, closed};
use super::cron::Pattern;
use super::zone::{Gap, Overlap, Resolved, Transition, movement, parse_time, parse_wall, resolve};
use crate::clock::{self, Timestamp};

/// A schedule that can be evaluated.
#[derive(Debug, Clone)]
pub struct Timetable {
    job_id: String,
    zone: Tz,
    kind: Kind,
    gap: Gap,
    overlap: Overlap,
    /// Whether fires at the same instant share a run. Times of day do not: each has its own run, as in cron.
    pub(super) coalesces: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    blackout: Vec<Closed>,
    jitter: Duration,
}

#[derive(Debug, Clone)]
enum Kind {
    Cron(Box<Pattern>),
    Every { anchor: Timestamp, period: Duration },
    At(Vec<Resolved>),
}

/// One nominal time of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nominal {
    /// The wall time with its offset, which names the fire.
    pub wall: DateTime<FixedOffset>,
    /// The instant at which the fire is decided, and due.
    pub at: Timestamp,
    /// The effect of a clock change on the fire, if there is one.
    pub transition: Option<Transition>,
}

impl Nominal {
    /// Returns the name of the fire in the ledger: `2026-03-29T02:30:00+01:00`.
    pub fn name(&self) -> String {
        self.wall.to_rfc3339_opts(SecondsFormat::AutoSi, false)
    }

    /// Describes the effect of a clock change on the fire. Usually empty.
    pub fn note(&self) -> &'static str {
        match self.transition {
            None => "",
            Some(Transition::Skipped) => "the clocks skip this time: no run",
            Some(Transition::Moved) => "the clocks skip this time: moved",
            Some(Transition::First) => "the clocks repeat this time: first pass",
            Some(Transition::Second) => "the clocks repeat this time: second pass",
        }
    }
}

impl From<Resolved> for Nominal {
    fn from(Resolved { at, wall, transition }: Resolved) -> Self {
        Self { wall, at, transition }
    }
}

impl Timetable {
    /// Makes the timetable of a job's schedule. `made` is the creation time of the schedule, from which
    /// `every` counts when it has no `start`.
    ///
    /// # Errors
    /// Returns every problem, each with its key.
    pub fn new(
        job_id: &str,
        schedule: &Schedule,
        zone: Tz,
        calendars: &Calendars,
        made: Timestamp,
    ) -> Result<Self, Vec<(String, String)>> {
        let mut problems = Vec::new();
        let mut note = |key: &str, message: String| problems.push((key.to_owned(), message));
        let mut time = |key: &str, text: &Option<String>| {
            let text = text.as_ref()?;
            parse_time(text, zone).map_err(|message| note(key, message)).ok()
        };
        let (start, end) = (time("start", &schedule.start), time("end", &schedule.end));
        if let Some((start, end)) = start.zip(end)
            && end < start
        {
            problems.push(("end".to_owned(), "the end is before the start".to_owned()));
        }
        let kind =
            kind(job_id, schedule, zone, start.unwrap_or(made)).map_err(|found| problems.push(found)).ok();
        let blackout = closed(&schedule.blackout, zone, calendars)
            .map_err(|(index, message)| problems.push((format!("blackout/{index}"), message)))
            .unwrap_or_default();
        let Some(kind) = kind.filter(|_| problems.is_empty()) else { return Err(problems) };
        let interval = matches!(&kind, Kind::Cron(pattern) if pattern.is_interval());
        // This follows cron: times of day run once a day each, and "every so often" keeps its pace.
        let (gap, overlap) =
            if interval { (Gap::Skip, Overlap::Both) } else { (Gap::NextValid, Overlap::First) };
        let (gap, overlap) = (schedule.dst.gap.unwrap_or(gap), schedule.dst.overlap.unwrap_or(overlap));
        let kind = match (kind, schedule.at.as_deref().and_then(parse_wall)) {
            (Kind::At(_), Some(wall)) => Kind::At(resolve(zone, wall, gap, overlap)),
            (kind, _) => kind,
        };
        let jitter = clock::span(schedule.jitter.0);
        let coalesces = !matches!(&kind, Kind::Cron(pattern) if !pattern.is_interval());
        let job_id = job_id.to_owned();
        Ok(Self { job_id, zone, kind, gap, overlap, coalesces, start, end, blackout, jitter })
    }

    /// Returns the next nominal times after `after`: all that fall on the first instant that has any, in the
    /// order of their wall times. `None` when there are no more.
    pub fn next(&self, after: Timestamp) -> Option<Vec<Nominal>> {
        let after = match self.start {
            // The start itself counts.
            Some(start) if start > after => {
                start.checked_sub_signed(Duration::milliseconds(1)).unwrap_or(start)
            }
            _ => after,
        };
        let found = match &self.kind {
            Kind::Cron(pattern) => self.next_match(pattern, after)?,
            Kind::Every { anchor, period } => vec![self.next_multiple(*anchor, *period, after)?],
            Kind::At(times) => {
                let first = times.iter().map(|time| time.at).filter(|at| *at > after).min()?;
                times.iter().filter(|time| time.at == first).map(|time| (*time).into()).collect()
            }
        };
        found.first().is_some_and(|first| self.end.is_none_or(|end| first.at <= end)).then_some(found)
    }

    fn next_match(&self, pattern: &Pattern, after: Timestamp) -> Option<Vec<Nominal>> {
        let local = after.with_timezone(&self.zone);
        let offset = local.offset().fix().local_minus_utc();
        // Around a clock change, the order of instants differs from that of wall times.
        let mut wall = pattern.after(local.naive_local() - movement(self.zone, after, offset))?;
        let mut best: Vec<Nominal> = Vec::new();
        let mut last: Option<NaiveDateTime> = None;
        loop {
            for found in resolve(self.zone, wall, self.gap, self.overlap) {
                if found.at <= after {
                    continue;
                }
                match best.first().map(|best| best.at) {
                    Some(at) if at < found.at => continue,
                    Some(at) if at == found.at => {}
                    _ => best.clear(),
                }
                best.push(found.into());
            }
            if let Some(first) = best.first()
                && last.is_none()
            {
                let offset = first.wall.offset().local_minus_utc();
                last = Some(wall + movement(self.zone, first.at, offset));
            }
            if last.is_some_and(|last| last <= wall) {
                return Some(best);
            }
            wall = match pattern.after(wall) {
                Some(next) => next,
                None if best.is_empty() => return None,
                None => return Some(best),
            };
        }
    }

    fn next_multiple(&self, anchor: Timestamp, period: Duration, after: Timestamp) -> Option<Nominal> {
        let period = period.num_milliseconds();
        let passed = (after - anchor).num_milliseconds();
        let count = if passed < 0 { 0 } else { passed / period + 1 };
        let at = anchor.checked_add_signed(Duration::try_milliseconds(count.checked_mul(period)?)?)?;
        Some(Nominal { wall: at.with_timezone(&self.zone).fixed_offset(), at, transition: None })
    }

    /// Returns why there is no fire at `at`, if the schedule excludes it.
    pub(super) fn closed_at(&self, at: Timestamp) -> Option<&str> {
        self.blackout
            .iter()
            .find(|closed| closed.from <= at && at < closed.to)
            .map(|closed| closed.reason.as_str())
    }

    /// Returns the due time of the run of a fire: later by its own part of the jitter.
    pub fn due_at(&self, nominal: &Nominal) -> Timestamp {
        if self.jitter.is_zero() {
            return nominal.at;
        }
        let digest = Sha256::digest(format!("{}/{}", self.job_id, nominal.name()));
        let part = digest.iter().take(4).fold(0u32, |part, byte| part << 8 | u32::from(*byte));
        let jitter = self.jitter.num_milliseconds();
        let share = i128::from(jitter) * i128::from(part >> 1) / i128::from(u32::MAX >> 1);
        let later = Duration::try_milliseconds(i64::try_from(share).unwrap_or(jitter));
        later.and_then(|later| nominal.at.checked_add_signed(later)).unwrap_or(Timestamp::MAX_UTC)
    }
}

fn kind(job_id: &str, schedule: &Schedule, zone: Tz, anchor: Timestamp) -> Result<Kind, (String, String)> {
    match (&schedule.cron, schedule.every, &schedule.at) {
        (Some(pattern), None, None) => {
            let parsed = Pattern::parse(pattern, job_id).map_err(|message| ("cron".to_owned(), message))?;
            if parsed.after(anchor.naive_utc()).is_none() {
                return Err(("cron".to_owned(), format!("`{pattern}` never occurs")));
            }
            Ok(Kind::Cron(Box::new(parsed)))
        }
        (None, Some(every), None) => {
            let period = clock::span(every.0);
            if period < Duration::seconds(1) {
                return Err(("every".to_owned(), "the shortest interval is one second".to_owned()));
            }
            // A schedule is created at some microsecond; its fires come at whole seconds.
            Ok(Kind::Every { anchor: anchor.trunc_subsecs(0), period })
        }
        (None, None, Some(text)) => {
            let at = parse_time(text, zone).map_err(|message| ("at".to_owned(), message))?;
            let wall = DateTime::parse_from_rfc3339(text).unwrap_or(at.with_timezone(&zone).fixed_offset());
            Ok(Kind::At(vec![Resolved { at, wall, transition: None }]))
        }
        _ => Err((String::new(), "a schedule has one of `cron`, `every` and `at`".to_owned())),
    }
}

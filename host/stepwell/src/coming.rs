//! The coming fires of all schedules, in one list.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::Duration;
use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::contain::contained;
use stepwell_engine::schedule::{self, Decision, Timetable};
use stepwell_engine::store::{ScheduleFilter, ScheduleRow};

use crate::HostError;
use crate::schedules::{Preview, Schedules, shown};

/// The maximum number of schedules whose fires are listed.
const MOST_SCHEDULES: u32 = 1000;
/// The longest range, in days.
const MOST_DAYS: i64 = 400;

/// The wanted fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// The schedules: the project, the queue, and the job before the first one.
    pub of: ScheduleFilter,
    /// Only fires of this job.
    pub job_id: Option<String>,
    /// The start of the range.
    pub from: Timestamp,
    /// The end of the range, exclusive.
    pub to: Timestamp,
    /// The least time between two fires of one schedule. Fires in between are left out, so that a schedule that
    /// fires often does not fill the list.
    pub apart: Duration,
    /// Maximum number of fires.
    pub limit: usize,
}

/// A coming fire of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ComingFire {
    /// The id of the job.
    pub job_id: String,
    /// The time zone of the job, which is also the name of its queue.
    pub timezone: String,
    /// The fire.
    #[serde(flatten)]
    pub fire: Preview,
}

/// The coming fires of the schedules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ComingFires {
    /// The fires, the earliest first.
    pub items: Vec<ComingFire>,
    /// Every fire before this time is in the list. It is earlier than the end of the range when there are more
    /// fires than `limit`, or more than 1000 schedules.
    pub until: Timestamp,
}

impl Schedules {
    /// Returns the coming fires of the schedules that `covers` accepts.
    ///
    /// # Errors
    /// Fails when the range is invalid, or the store fails.
    pub async fn coming(
        &self,
        wanted: &Coming,
        covers: impl Fn(&ScheduleRow) -> bool,
    ) -> Result<ComingFires, HostError> {
        let Coming { from, to, apart, .. } = *wanted;
        schedule::check_range(from, self.ctx.clock.now()).map_err(|why| HostError::Argument("from", why))?;
        if to <= from || to - from > Duration::days(MOST_DAYS) {
            let message = format!("must be later than `from`, by at most {MOST_DAYS} days");
            return Err(HostError::Argument("to", message));
        }
        let rows = match &wanted.job_id {
            Some(job) => self.ctx.store.schedule(job).await?.into_iter().collect(),
            None => {
                let filter = ScheduleFilter { by_next: true, limit: MOST_SCHEDULES, ..wanted.of.clone() };
                self.ctx.store.schedules(&filter).await?
            }
        };
        let is_cut = rows.len() == MOST_SCHEDULES as usize;
        let unread = rows.last().and_then(|row| row.next).filter(|_| is_cut);
        let until = unread.map_or(to, |next| next.min(to));
        let of = rows.iter().filter(|row| row.next.is_some() && covers(row));
        let timetables: Vec<_> = of.filter_map(|row| Some((row, self.readable(row)?))).collect();
        Ok(merged(&timetables, (from, until), apart, wanted.limit))
    }

    /// Returns the timetable of a schedule. `None` when it cannot be evaluated; the schedule itself says why.
    fn readable(&self, row: &ScheduleRow) -> Option<Timetable> {
        contained(|| self.timetable_of(row)).ok()?.ok()
    }
}

/// Returns the first fires of all timetables. Each step takes the schedule whose fire is the earliest, so the work
/// does not depend on how often the others fire.
fn merged(
    timetables: &[(&ScheduleRow, Timetable)],
    (from, until): (Timestamp, Timestamp),
    apart: Duration,
    limit: usize,
) -> ComingFires {
    let next = |index: usize, after: Timestamp| {
        let (_, timetable) = timetables.get(index)?;
        let group = contained(|| timetable.next(after)).ok()??;
        group.first().map(|first| first.at).filter(|at| *at < until)
    };
    let before = from - Duration::milliseconds(1);
    let pause = (apart - Duration::milliseconds(1)).max(Duration::zero());
    let first = |index| next(index, before).map(|at| Reverse((at, index)));
    let mut heap: BinaryHeap<Reverse<(Timestamp, usize)>> = (0..timetables.len()).filter_map(first).collect();
    let mut items = Vec::new();
    while let Some(Reverse((at, index))) = heap.pop() {
        if items.len() >= limit {
            return ComingFires { items, until: at };
        }
        if let Some((row, timetable)) = timetables.get(index) {
            items.extend(fires(row, timetable, at, limit - items.len()));
        }
        heap.extend(next(index, at + pause).map(|at| Reverse((at, index))));
    }
    ComingFires { items, until }
}

/// Returns the fires of a schedule at an instant.
fn fires(row: &ScheduleRow, timetable: &Timetable, at: Timestamp, most: usize) -> Vec<ComingFire> {
    let end = at + Duration::milliseconds(1);
    let found = schedule::backfill(timetable, at, end, most).into_iter().take(most);
    let fire = |fire: schedule::Fire| {
        let due_at = timetable.due_at(&fire.nominal);
        let mut fire = Preview { due_at, ..shown(&fire.nominal, fire.decision, &fire.reason) };
        if let Some(by) = row.paused.as_ref().filter(|_| fire.decision == Decision::Admitted) {
            (fire.decision, fire.note) = (Decision::Paused, by.clone());
        }
        ComingFire { job_id: row.job_id.clone(), timezone: row.job.timezone.clone(), fire }
    };
    found.map(fire).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use stepwell_engine::JobDefinition;
    use stepwell_engine::schedule::{Calendars, Schedule};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn row(id: &str, zone: &str, schedule: serde_json::Value) -> (ScheduleRow, Timetable) {
        let made = at("2026-10-01T00:00:00Z");
        let job = json!({"id": id, "timezone": zone, "schedule": schedule, "steps": []});
        let job: JobDefinition = serde_json::from_value(job).unwrap();
        let schedule: Schedule = job.schedule.clone().unwrap();
        let timetable =
            Timetable::new(id, &schedule, zone.parse().unwrap(), &Calendars::new(), made).unwrap();
        let job = Arc::new(job.into());
        (
            ScheduleRow { job_id: id.into(), job, made, cursor: made, next: Some(made), paused: None },
            timetable,
        )
    }

    fn times(found: &ComingFires) -> Vec<String> {
        let time = |item: &ComingFire| format!("{} {}", item.job_id, item.fire.nominal);
        found.items.iter().map(time).collect()
    }

    #[test]
    fn fires_of_all_schedules_are_in_the_order_of_time() {
        let (often, often_table) = row("often", "UTC", json!({"every": "1h"}));
        let (daily, daily_table) = row("daily", "Europe/Berlin", json!({"cron": "30 2 * * *"}));
        let paused = ScheduleRow { paused: Some("by ann".into()), ..daily.clone() };
        let all = [(&often, often_table), (&paused, daily_table)];
        let (from, to) = (at("2026-10-24T23:00:00Z"), at("2026-10-25T03:00:00Z"));
        let found = merged(&all, (from, to), Duration::zero(), 100);
        assert_eq!(
            times(&found),
            [
                "often 2026-10-24T23:00:00+00:00",
                "often 2026-10-25T00:00:00+00:00",
                "daily 2026-10-25T02:30:00+02:00",
                "often 2026-10-25T01:00:00+00:00",
                "often 2026-10-25T02:00:00+00:00",
            ]
        );
        let fire = &found.items[2].fire;
        assert_eq!((fire.decision, fire.note.as_str(), found.until), (Decision::Paused, "by ann", to));
        // A cut list says up to which time it is complete.
        let cut = merged(&all, (from, to), Duration::zero(), 3);
        assert_eq!((cut.items.len(), cut.until), (3, at("2026-10-25T01:00:00Z")));
        // A schedule that fires often leaves room for others.
        let apart = merged(&all, (from, to), Duration::hours(2), 100);
        let often = times(&apart).into_iter().filter(|time| time.starts_with("often"));
        assert_eq!(
            often.collect::<Vec<_>>(),
            ["often 2026-10-24T23:00:00+00:00", "often 2026-10-25T01:00:00+00:00"]
        );
    }
}

//! Schedules: their pauses, their next fires, and their ledger.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::contain::contained;
use stepwell_engine::job::Job;
use stepwell_engine::run::Admission;
use stepwell_engine::schedule::{self, Decision, Nominal, RunOverlap, Timetable, Watch, zone};
use stepwell_engine::store::{
    Audit, Change, FireBatch, LedgerFilter, LedgerRow, NewFire, ScheduleFilter, ScheduleRow, Source,
};
use stepwell_engine::{Diagnostic, JobDefinition, StoreError};

use crate::HostError;
use crate::context::Context;
use crate::scheduler::Timetables;

/// A future fire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// The nominal time: local time with its offset.
    pub nominal: String,
    /// The due time in UTC, including jitter.
    pub due_at: Timestamp,
    /// `admitted`, `gap`, `coalesced` or `blackout`.
    pub decision: Decision,
    /// The reason for the decision, and the effect of a clock change.
    pub note: String,
}

/// The maximum number of fires in one answer.
pub(crate) const MOST_SHOWN: usize = 1000;

/// Returns the error for a schedule whose job the store cannot read.
pub(crate) fn unreadable(row: &ScheduleRow) -> HostError {
    HostError::Refused(format!(
        "the definition of the job `{}` cannot be read: store the job again",
        row.job_id
    ))
}

/// The schedules of a host.
#[derive(Clone)]
pub struct Schedules {
    pub(crate) ctx: Arc<Context>,
}

impl Schedules {
    /// Decides about the due fires of one schedule.
    pub(crate) async fn catch_up(&self, row: &ScheduleRow) -> Result<(), HostError> {
        let mut row = row.clone();
        let mut timetables = Timetables::default();
        while row.next.is_some_and(|next| next <= self.ctx.clock.now()) {
            let batch = self.batch(&row, &mut timetables, Watch::always(self.ctx.clock.now()));
            (row.cursor, row.next) = (batch.cursor, batch.next);
            self.fire(&mut [batch]).await?;
        }
        Ok(())
    }

    /// Pauses or resumes a schedule. The ledger records fires of a paused schedule as paused.
    ///
    /// # Errors
    /// Fails when the job has no schedule, or the store fails.
    pub async fn pause(&self, job_id: &str, paused: Option<String>, audit: Audit) -> Result<(), HostError> {
        if let Some(row) = self.ctx.store.schedule(job_id).await? {
            self.catch_up(&row).await?;
        }
        let pause = Change::PauseSchedule { job_id: job_id.to_owned(), paused };
        self.ctx.store.write(vec![pause, Change::Audit(audit)]).await?;
        self.ctx.schedules_changed();
        Ok(())
    }

    /// Returns the timetable of a job. `None` if it has no schedule.
    pub(crate) fn timetable(
        &self,
        job: &JobDefinition,
        made: Timestamp,
    ) -> Result<Option<Timetable>, HostError> {
        let Some(schedule) = &job.schedule else { return Ok(None) };
        let zone = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        Timetable::new(&job.id, schedule, zone, &self.ctx.settings().config.calendars, made)
            .map(Some)
            .map_err(|problems| {
                let diagnostics = problems.into_iter().map(|(key, message)| {
                    Diagnostic::without_place(&format!("the job {}, schedule {key}", job.id), message)
                });
                HostError::Invalid(stepwell_engine::Diagnostics(diagnostics.collect()))
            })
    }

    /// Returns the timetable of a stored schedule.
    pub(crate) fn timetable_of(&self, row: &ScheduleRow) -> Result<Timetable, HostError> {
        self.timetable(&row.job, row.made)?.ok_or_else(|| unreadable(row))
    }

    /// Returns why no fire of a schedule can be decided, if that is so.
    pub fn problem(&self, row: &ScheduleRow) -> Option<String> {
        let next = || {
            let timetable = self.timetable_of(row)?;
            let next = timetable.next(row.cursor);
            let first = next.as_ref().and_then(|group| group.first());
            Ok::<_, HostError>(first.map(|first| timetable.due_at(first)))
        };
        match contained(next) {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("its evaluation fails because of a fault of Stepwell; see the log".to_owned()),
        }
    }

    /// Returns the next fires of a job.
    ///
    /// # Errors
    /// Fails when the schedule is invalid, or `count` or `from` is out of range.
    pub fn preview(
        &self,
        job: &JobDefinition,
        from: Timestamp,
        count: usize,
    ) -> Result<Vec<Preview>, HostError> {
        if !(1..=MOST_SHOWN).contains(&count) {
            let message = format!("must be between 1 and {MOST_SHOWN}, not {count}");
            return Err(HostError::Argument("count", message));
        }
        schedule::check_range(from, self.ctx.clock.now()).map_err(|why| HostError::Argument("from", why))?;
        let Some(timetable) = self.timetable(job, from)? else { return Ok(Vec::new()) };
        let mut coming = Vec::new();
        let mut after = from;
        while coming.len() < count {
            let Some(group) = timetable.next(after) else { break };
            let Some(at) = group.first().map(|first| first.at) else { break };
            coming.extend(
                schedule::backfill(&timetable, at, at + chrono::Duration::milliseconds(1), count).iter().map(
                    |fire| {
                        let mut shown = shown(&fire.nominal, fire.decision, &fire.reason);
                        shown.due_at = timetable.due_at(&fire.nominal);
                        shown
                    },
                ),
            );
            after = at;
        }
        coming.truncate(count);
        Ok(coming)
    }

    /// Returns the clock changes of a job's zone in a range: the time of each, and its seconds.
    pub fn transitions(&self, job: &JobDefinition, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, i32)> {
        let zone = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        // A search through the hours of a year takes microseconds.
        let to = to.min(from + chrono::Duration::days(400));
        zone::changes(zone, from, to).into_iter().map(|(at, before, after)| (at, after - before)).collect()
    }

    /// Lists schedules.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleRow>, HostError> {
        Ok(self.ctx.store.schedules(filter).await?)
    }

    /// Lists rows of the ledger, latest fire first.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, HostError> {
        Ok(self.ctx.store.ledger(filter).await?)
    }

    /// Admits one run of a job for a later time, with its row in the ledger. One transaction writes both, and
    /// `audit`.
    ///
    /// # Errors
    /// Returns the errors of [`crate::Runs::enqueue`].
    pub async fn once(&self, job: &Arc<Job>, at: Timestamp, audit: Audit) -> Result<String, HostError> {
        let now = self.ctx.clock.now();
        schedule::check_once(at, now).map_err(|why| HostError::Argument("scheduled_time", why))?;
        let zone: chrono_tz::Tz = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        let nominal = Nominal { wall: at.with_timezone(&zone).fixed_offset(), at, transition: None };
        let row = ScheduleRow {
            job_id: job.id.clone(),
            job: job.clone(),
            made: now,
            cursor: now,
            next: None,
            paused: None,
        };
        let fire =
            schedule::Fire { nominal, decision: Decision::Admitted, reason: "once".to_owned(), due: at };
        // Each of several runs at one time is a fire of its own, with the id of the run in its name.
        let id = loop {
            let admission = |_| Admission { source: Source::Api, ..Admission::default() };
            let mut new = self.new_fire(&row, &fire, admission, RunOverlap::Allow, now);
            new.run.iter_mut().for_each(|run| run.started_by.push(audit.by.clone()));
            let Some(id) = new.row.execution_id.clone() else {
                return Err(HostError::Refused(new.row.reason));
            };
            let new =
                NewFire { row: LedgerRow { nominal: format!("{} {id}", new.row.nominal), ..new.row }, ..new };
            let audit = Audit { target: id.clone(), ..audit.clone() };
            let batch = FireBatch {
                job_id: job.id.clone(),
                expect: None,
                cursor: now,
                next: None,
                fires: vec![new],
                audit: Some(audit),
            };
            match self.fire_as_numbered(vec![batch]).await {
                // Another process created a run with this id in the same second.
                Err(HostError::Store(StoreError::Exists(_))) => {}
                fired => break fired.map(|()| id)?,
            }
        };
        match self.ctx.store.row(&id).await {
            Err(StoreError::NotFound(_)) => {
                let full = self
                    .ctx
                    .settings()
                    .queues
                    .settings(&job.timezone)
                    .map_or(0, |settings| settings.max_waiting);
                Err(StoreError::QueueFull(job.timezone.clone(), full).into())
            }
            row => Ok(row?.execution_id),
        }
    }

    /// Returns the effect of a clock change on a local time of a zone. `None` for an ordinary time.
    pub fn clock_note(&self, text: &str, timezone: &str) -> Option<String> {
        zone::clock_note(text, timezone.parse().unwrap_or(chrono_tz::UTC))
    }

    /// Parses a time as users write it, in the time zone of a job.
    ///
    /// # Errors
    /// Fails when the text is not a time.
    pub fn time_in(&self, text: &str, timezone: &str) -> Result<Timestamp, HostError> {
        let zone = timezone.parse().unwrap_or(chrono_tz::UTC);
        schedule::parse_time(text, zone).map_err(HostError::Refused)
    }
}

pub(crate) fn shown(nominal: &Nominal, decision: Decision, reason: &str) -> Preview {
    let decision = if decision == Decision::Backfilled { Decision::Admitted } else { decision };
    let note = if reason.is_empty() { nominal.note().to_owned() } else { reason.to_owned() };
    Preview { nominal: nominal.name(), due_at: nominal.at, decision, note }
}

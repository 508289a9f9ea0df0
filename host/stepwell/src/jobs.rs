//! Stored jobs.

use std::sync::Arc;

use serde_json::Value;
use stepwell_engine::job::Job;
use stepwell_engine::store::{Audit, Change, Expect, JobRow, Kind, NextFire, Record, ScheduleRow};
use stepwell_engine::{JobDefinition, StoreError};

use crate::context::Context;
use crate::{HostError, editors};

/// A stored job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    /// The definition of the job.
    pub job: Arc<Job>,
    /// The number of changes to the job, starting at 1.
    pub version: u64,
    /// Its schedule, if it has one.
    pub schedule: Option<ScheduleRow>,
}

/// The number of jobs per read, and the bytes of definitions after which a list ends.
const JOBS: usize = 16;
const MOST_BYTES: usize = 4 << 20;

/// The stored jobs of a host.
#[derive(Clone)]
pub struct Jobs {
    pub(crate) ctx: Arc<Context>,
}

impl Jobs {
    /// Stores a job with its schedule. Fires that are due by the old schedule are decided first.
    ///
    /// # Errors
    /// Fails when the stored version differs from `expect`, the schedule is invalid, or the store fails.
    pub async fn put(&self, job: &Arc<Job>, expect: Expect, audit: Audit) -> Result<StoredJob, HostError> {
        self.put_written(job, None, expect, audit).await
    }

    /// As [`Jobs::put`], with the text of the author, so that its comments stay with the version.
    ///
    /// # Errors
    /// As [`Jobs::put`].
    pub async fn put_written(
        &self,
        job: &Arc<Job>,
        source: Option<&str>,
        expect: Expect,
        audit: Audit,
    ) -> Result<StoredJob, HostError> {
        if let Some(old) = self.ctx.store.schedule(&job.id).await? {
            self.ctx.schedules().catch_up(&old).await?;
        }
        if let Ok(same) = self.get(&job.id).await
            && same.job.digest() == job.digest()
            && expect.allows(same.version)
        {
            // The job does not change, so its version stays the same.
            self.rewritten(job, same.version, source, &audit).await?;
            return Ok(same);
        }
        let scheduled = self.rescheduled(job).await?;
        for _ in 0..editors::TRIES {
            let stored = self.ctx.store.record(Kind::Job, &job.id).await?;
            // The new version has a number, so it follows a known one.
            let exact = match (expect, &stored) {
                (Expect::Any | Expect::Present, Some(record)) => Expect::Version(record.version),
                (Expect::Any, None) => Expect::Absent,
                _ => expect,
            };
            let mut changes = vec![stored_as(job, exact), Change::Audit(audit.clone()), scheduled.clone()];
            changes.push(self.edited_by(job, &audit.by).await?);
            changes.extend(self.noted(job, source, stored.as_ref(), &audit).await?);
            match self.ctx.store.write(changes).await {
                // Another caller stored the job at the same time, and stays in the lists of its editors and versions.
                Err(
                    StoreError::Conflict(what, _)
                    | StoreError::AlreadyThere(what, _)
                    | StoreError::NoRecord(what, _),
                ) if [Kind::Editors.name(), Kind::Versions.name()].contains(&what)
                    || what == Kind::Job.name() && exact != expect => {}
                written => {
                    written?;
                    self.ctx.schedules_changed();
                    return self.get(&job.id).await;
                }
            }
        }
        Err(StoreError::Conflict(Kind::Job.name(), job.id.clone()).into())
    }

    /// Returns the change of the schedule of a job that is stored.
    async fn rescheduled(&self, job: &Arc<Job>) -> Result<Change, HostError> {
        let now = self.ctx.clock.now();
        let old = self.ctx.store.schedule(&job.id).await?;
        let row = match self.ctx.schedules().timetable(job, now)? {
            Some(timetable) => {
                // An unchanged schedule keeps its next fire.
                let kept = old
                    .as_ref()
                    .filter(|old| old.job.schedule == job.schedule && old.job.timezone == job.timezone);
                let (made, cursor) = kept.map_or((now, now), |old| (old.made, old.cursor));
                let timetable = if kept.is_some() {
                    self.ctx.schedules().timetable(job, made)?.unwrap_or(timetable)
                } else {
                    timetable
                };
                let next = job.enabled.then(|| timetable.next(cursor)).flatten();
                let next = next.and_then(|group| group.first().map(|first| first.at));
                let paused = old.and_then(|old| old.paused);
                Some(ScheduleRow { job_id: job.id.clone(), job: job.clone(), made, cursor, next, paused })
            }
            None => None,
        };
        Ok(match row {
            Some(row) => Change::PutSchedule(row),
            None => Change::RemoveSchedule(job.id.clone()),
        })
    }

    /// Returns a stored job.
    ///
    /// # Errors
    /// Fails when there is no such job, or the store fails.
    pub async fn get(&self, id: &str) -> Result<StoredJob, HostError> {
        let missing = || StoreError::NoRecord(Kind::Job.name(), id.to_owned());
        let record = self.ctx.store.record(Kind::Job, id).await?.ok_or_else(missing)?;
        self.stored(record).await
    }

    async fn stored(&self, record: Record) -> Result<StoredJob, HostError> {
        let definition: JobDefinition = serde_json::from_value(record.value)
            .map_err(|error| StoreError::Failed(format!("the job {} cannot be read: {error}", record.id)))?;
        let schedule = self.ctx.store.schedule(&record.id).await?;
        Ok(StoredJob { job: Arc::new(definition.into()), version: record.version, schedule })
    }

    /// Lists jobs by id, after `after`: at most `limit`, and fewer if they are long. An empty list is the
    /// end.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self, after: &str, limit: u32) -> Result<Vec<StoredJob>, HostError> {
        let (mut jobs, mut bytes, mut after) = (Vec::new(), 0, after.to_owned());
        while bytes <= MOST_BYTES && jobs.len() < limit as usize {
            let chunk = (limit as usize).saturating_sub(jobs.len()).min(JOBS);
            let records = self.ctx.store.records(Kind::Job, None, &after, chunk as u32).await?;
            if records.is_empty() {
                break;
            }
            for record in records {
                after.clone_from(&record.id);
                let stored = self.stored(record).await?;
                bytes += stored.job.text().len();
                jobs.push(stored);
            }
        }
        Ok(jobs)
    }

    /// Removes a job and its schedule. Its runs and its ledger stay.
    ///
    /// # Errors
    /// Fails when there is no such job, its version differs from `expect`, or the store fails.
    pub async fn delete(&self, id: &str, expect: Expect, audit: Audit) -> Result<(), HostError> {
        for _ in 0..editors::TRIES {
            let mut changes = vec![
                Change::Remove { kind: Kind::Job, id: id.to_owned(), expect },
                Change::RemoveSchedule(id.to_owned()),
                Change::Audit(audit.clone()),
            ];
            changes.extend(self.forgotten(id).await?);
            match self.ctx.store.write(changes).await {
                // Another caller stored a version at the same time.
                Err(StoreError::Conflict(what, _) | StoreError::NoRecord(what, _))
                    if what == Kind::Versions.name() => {}
                written => return Ok(written?),
            }
        }
        Err(StoreError::Conflict(Kind::Job.name(), id.to_owned()).into())
    }

    /// Lists jobs by id, after `after`, without their definitions. An empty list is the end.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn rows(&self, after: &str, limit: u32) -> Result<Vec<JobRow>, HostError> {
        Ok(self.ctx.store.job_rows(after, limit).await?)
    }

    /// Returns the next fires of these jobs, of those that have a schedule.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn next_fires(&self, ids: &[String]) -> Result<Vec<NextFire>, HostError> {
        Ok(self.ctx.store.next_fires(ids).await?)
    }
}

/// Returns the change that stores the definition of a job.
fn stored_as(job: &Job, expect: Expect) -> Change {
    let value: Value = serde_json::from_str(job.text()).unwrap_or_default();
    let state = if job.schedule.is_some() { "scheduled" } else { "on_demand" };
    Change::Put { kind: Kind::Job, id: job.id.clone(), state: state.to_owned(), value, expect }
}

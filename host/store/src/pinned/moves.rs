//! Changes of schedules whose store is not the home store.
//!
//! A job is in the home store, and its schedule is in the store of its queue, so a change of a job can need several
//! transactions. The first one changes the job, and adds a record (`Kind::ScheduleMove`) of the changes that follow in
//! other stores. The last one removes this record. A process that dies in between leaves the record, and the next
//! process that reads or changes the schedule, or leases schedulers, makes the remaining changes.
//!
//! Each store counts the changes of a schedule (`Kind::ScheduleVersion`), and each change expects the count that its
//! plan found. So each change is made once, and a process that was stopped for a while cannot undo a later change.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Job, JobDefinition};
use stepwell_engine::store::{Change, Expect, Kind, ScheduleRow};

use super::{PinnedStores, named};
use crate::sql::{failed, parse};

/// The number of times that a write is planned again because another process has changed the same schedule.
pub(super) const TRIES: u32 = 8;
/// The maximum number of moves to finish at one time.
const MOVES: u32 = 100;

/// The changes that write or remove a schedule.
pub(super) struct Plan {
    /// The changes in the first transaction of the home store.
    pub first: Vec<Change>,
    /// The changes that follow.
    pub rest: Option<Move>,
}

/// The changes of a schedule that follow the first transaction.
#[derive(Serialize, Deserialize)]
pub(super) struct Move {
    pub job_id: String,
    /// The count of changes in the home store after the first transaction.
    version: u64,
    /// The changes in pinned stores, in order: the removal comes first, so that no fire happens twice.
    steps: Vec<Step>,
    /// The schedule. `None` if it is only removed.
    schedule: Option<Schedule>,
    /// Whether the last transaction writes the schedule to the home store.
    to_home: bool,
}

/// A change in one pinned store.
#[derive(Serialize, Deserialize)]
struct Step {
    store: String,
    /// The count of changes before this one.
    version: Option<u64>,
    /// Whether the change writes the schedule. Otherwise it removes it.
    put: bool,
}

/// A schedule, as a move keeps it.
#[derive(Serialize, Deserialize)]
struct Schedule {
    job: String,
    made: Timestamp,
    cursor: Timestamp,
    next: Option<Timestamp>,
    paused: Option<String>,
}

impl Move {
    /// Returns the change of a step: it writes the schedule, or removes it.
    fn change(&self, put: bool) -> Result<Change, StoreError> {
        let Some(schedule) = self.schedule.as_ref().filter(|_| put) else {
            return Ok(Change::RemoveSchedule(self.job_id.clone()));
        };
        Ok(Change::PutSchedule(ScheduleRow {
            job_id: self.job_id.clone(),
            job: Arc::new(Job::from(parse::<JobDefinition>(&schedule.job)?)),
            made: schedule.made,
            cursor: schedule.cursor,
            next: schedule.next,
            paused: schedule.paused.clone(),
        }))
    }
}

impl From<&ScheduleRow> for Schedule {
    fn from(row: &ScheduleRow) -> Self {
        Self {
            job: row.job.text().to_owned(),
            made: row.made,
            cursor: row.cursor,
            next: row.next,
            paused: row.paused.clone(),
        }
    }
}

/// Returns whether a write failed because another process has changed the schedule since it was planned.
pub(super) fn is_outdated(error: &StoreError) -> bool {
    let kinds = [Kind::ScheduleVersion.name(), Kind::ScheduleMove.name()];
    match error {
        StoreError::Conflict(kind, _) | StoreError::AlreadyThere(kind, _) | StoreError::NoRecord(kind, _) => {
            kinds.contains(kind)
        }
        _ => false,
    }
}

/// Returns the change that counts one more change of a schedule.
fn count(job_id: &str, version: Option<u64>) -> Change {
    Change::Put {
        kind: Kind::ScheduleVersion,
        id: job_id.to_owned(),
        state: String::new(),
        value: Value::Null,
        expect: version.map_or(Expect::Absent, Expect::Version),
    }
}

impl PinnedStores {
    /// Plans to write a schedule, or to remove it.
    pub(super) async fn plan(&self, job_id: &str, row: Option<ScheduleRow>) -> Result<Plan, StoreError> {
        // The count is read before the check for unfinished changes: a change that begins later changes the count.
        let version = loop {
            let version = self.version(0, job_id).await?;
            if !self.settle(job_id).await? {
                break version;
            }
        };
        let old = self.of_schedule(job_id).await?.map(|(index, _)| index);
        let new = row.as_ref().map(|row| self.index_of(Some(&row.job.timezone)));
        let (mut first, mut steps) = (Vec::new(), Vec::new());
        match old {
            Some(0) if new != Some(0) => first.push(Change::RemoveSchedule(job_id.to_owned())),
            Some(index) if index > 0 && old != new => steps.push(self.step(index, job_id, false).await?),
            _ => {}
        }
        if let Some(index) = new.filter(|index| *index > 0) {
            steps.push(self.step(index, job_id, true).await?);
        }
        let rest = (!steps.is_empty()).then(|| Move {
            job_id: job_id.to_owned(),
            version: version.unwrap_or(0) + 1,
            steps,
            schedule: row.as_ref().map(Schedule::from),
            to_home: new == Some(0),
        });
        first.push(count(job_id, version));
        match (&rest, row) {
            (Some(rest), _) => first.push(Change::Put {
                kind: Kind::ScheduleMove,
                id: job_id.to_owned(),
                state: String::new(),
                value: serde_json::to_value(rest).map_err(failed)?,
                expect: Expect::Absent,
            }),
            (None, Some(row)) => first.push(Change::PutSchedule(row)),
            (None, None) => {}
        }
        Ok(Plan { first, rest })
    }

    async fn step(&self, index: usize, job_id: &str, put: bool) -> Result<Step, StoreError> {
        let store = self.stores.get(index).map(|(name, _)| name.clone()).unwrap_or_default();
        Ok(Step { store, version: self.version(index, job_id).await?, put })
    }

    /// Returns the number of changes of a schedule in a store so far.
    async fn version(&self, index: usize, job_id: &str) -> Result<Option<u64>, StoreError> {
        let found = self.at(index)?.record(Kind::ScheduleVersion, job_id).await;
        let name = self.stores.get(index).map(|(name, _)| name.as_str()).unwrap_or_default();
        Ok(found.map_err(|error| named(name, error))?.map(|record| record.version))
    }

    /// Makes the remaining changes of a schedule, and returns whether there were any.
    pub(super) async fn settle(&self, job_id: &str) -> Result<bool, StoreError> {
        let Some(record) = self.home()?.record(Kind::ScheduleMove, job_id).await? else { return Ok(false) };
        let found = serde_json::from_value(record.value).map_err(failed)?;
        self.finish(&found).await?;
        Ok(true)
    }

    /// Makes the remaining changes of all schedules, as far as their stores are reachable.
    pub(super) async fn settle_all(&self) {
        let found = match self.home() {
            Ok(home) => home.records(Kind::ScheduleMove, None, "", MOVES).await,
            Err(error) => Err(error),
        };
        for record in
            found.inspect_err(|error| tracing::warn!("moves of schedules: {error}")).unwrap_or_default()
        {
            if let Err(error) = self.settle(&record.id).await {
                tracing::warn!("the schedule of the job {} moves later: {error}", record.id);
            }
        }
    }

    /// Makes the changes of a move that are not made yet, and removes its record.
    pub(super) async fn finish(&self, found: &Move) -> Result<(), StoreError> {
        for step in &found.steps {
            let Some((name, store)) = self.stores.iter().skip(1).find(|(name, _)| *name == step.store) else {
                let message = "is not in the configuration, and a schedule moves from it or to it";
                return Err(StoreError::Failed(format!("the store `{}` {message}", step.store)));
            };
            let changes = vec![count(&found.job_id, step.version), found.change(step.put)?];
            match store.write(changes).await {
                // Another process has made the change.
                Err(error) if is_outdated(&error) => {}
                written => written.map_err(|error| named(name, error))?,
            }
        }
        let mut changes = vec![count(&found.job_id, Some(found.version))];
        if found.to_home {
            changes.push(found.change(true)?);
        }
        changes.push(Change::Remove {
            kind: Kind::ScheduleMove,
            id: found.job_id.clone(),
            expect: Expect::Present,
        });
        match self.home()?.write(changes).await {
            // Another process has made the last change.
            Err(error) if is_outdated(&error) => Ok(()),
            written => written,
        }
    }
}

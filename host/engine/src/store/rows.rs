//! The parameters and results of stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Audit, DeadLetter, Place};
use crate::clock::{self, Timestamp};
use crate::job::{Job, OnConflict};
use crate::run::{Event, RunStatus, StepKey};
use crate::schedule::{Decision, RunOverlap};
use crate::step::{LogLine, Pin};
use crate::trace::Trace;

/// A run as it is admitted, before any event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// The id: `exec_YYYYMMDD_HHMMSS_NNN`.
    pub execution_id: String,
    /// The job, as it was when the run was admitted. Stores save it once, by its digest.
    #[serde(skip, default = "no_job")]
    pub job: Arc<Job>,
    /// The variables of the job, with the values of the caller.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// The time of the request.
    pub created_at: Timestamp,
    /// The due time of the run.
    pub scheduled_time: Timestamp,
    /// The queue of the run. `None` for a run that only its submitter works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The priority, from 0 to 9, where 9 is the most urgent.
    #[serde(default)]
    pub priority: u8,
    /// The rank in the queue: the smallest goes first (`engine::queue`).
    pub rank: Timestamp,
    /// Maximum number of waiting runs in the queue; further runs are refused.
    #[serde(skip, default = "no_limit")]
    pub max_waiting: u64,
    /// The origin of the run.
    pub source: Source,
    /// The concurrency key of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The place of the run in a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// The actors who started it and the runs that it retries, as the audit log names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub started_by: Vec<String>,
    /// The components of its steps, by the type names in the job: the current components at admission. A
    /// missing type is looked up when its step begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, Pin>,
    /// The idempotency key: a second insert of the same request finds the first run.
    #[serde(skip)]
    pub idempotency: Option<Idempotency>,
    /// Results that are copied from the run that this run retries.
    #[serde(skip)]
    pub inherited: Vec<Event>,
}

fn no_job() -> Arc<Job> {
    Arc::new(Job::unreadable(""))
}

fn no_limit() -> u64 {
    u64::MAX
}

impl NewRun {
    /// Makes a run of `job` that is due now, in no queue.
    pub fn of(job: Arc<Job>, execution_id: &str, now: Timestamp) -> Self {
        Self {
            execution_id: execution_id.to_owned(),
            variables: job.vars.clone().into_iter().collect(),
            job,
            created_at: now,
            scheduled_time: now,
            queue: None,
            priority: 0,
            rank: now,
            max_waiting: u64::MAX,
            source: Source::Api,
            key: None,
            trace: None,
            started_by: Vec::new(),
            components: BTreeMap::new(),
            idempotency: None,
            inherited: Vec::new(),
        }
    }

    /// Makes a run of which a store can read only its row: it has no variables and, where the job cannot be read
    /// either, no steps.
    pub fn unreadable(job: Option<Arc<Job>>, row: &RunRow) -> Self {
        let job = job.unwrap_or_else(|| Arc::new(Job::unreadable(&row.job_id)));
        let mut run = Self::of(job, &row.execution_id, row.created_at);
        run.scheduled_time = row.due_at;
        run.queue.clone_from(&row.queue);
        run.priority = row.priority;
        run
    }

    /// Returns the time by which the run must have begun. A backfill admits runs that were due long ago:
    /// their time counts from their admission.
    pub fn expires_at(&self) -> Timestamp {
        clock::later(self.scheduled_time.max(self.created_at), self.job.queue_timeout.0)
    }
}

/// The origin of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// A request of a client.
    Api,
    /// A fire of a schedule.
    Schedule {
        /// The fire, as the ledger names it.
        nominal: String,
    },
    /// A fire of a backfill.
    Backfill {
        /// The id of the backfill.
        id: String,
        /// The fire, as the ledger names it.
        nominal: String,
    },
    /// A retry of another run.
    Retry {
        /// The id of that run.
        of: String,
    },
}

/// A concurrency key, filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The name that the runs share.
    pub name: String,
    /// Maximum number of these runs at one time.
    pub limit: u32,
    /// The action for one more run.
    pub on_conflict: OnConflict,
}

/// An idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, with the name of its user.
    pub key: String,
    /// The digest of the request.
    pub fingerprint: String,
}

/// The effects of an insert besides the new run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Whether the run was cancelled at once, because its concurrency key was in use.
    pub cancelled: bool,
    /// Other runs that are to be cancelled.
    pub to_cancel: Vec<String>,
}

/// The parameters of a claim by a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimQuery {
    /// The name of the queue.
    pub queue: String,
    /// Maximum number of running runs of the queue.
    pub concurrency: u32,
    /// Maximum number of runs to claim.
    pub limit: u32,
    /// Whether to claim runs that have not begun: not while the queue is paused.
    pub open: bool,
    /// The name of the worker.
    pub worker: String,
    /// The current time.
    pub now: Timestamp,
    /// The time at which the claims expire.
    pub until: Timestamp,
}

/// The exclusive right to move a run forward, until it is released or expires.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The claimed run.
    pub run: NewRun,
    /// The events, oldest first: all of them, or a first part.
    pub events: Vec<Event>,
    /// The start of the rest, for [`RunStore::events`](super::RunStore::events).
    pub next: Option<Place>,
    /// The fence: larger with every claim of this run.
    pub fence: u64,
    /// The reason for a requested cancellation.
    pub cancel: Option<String>,
}

/// The result of the renewal of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The claim still exists, with the reason for a requested cancellation.
    Kept(Option<String>),
    /// Another claim has followed.
    Lost,
}

/// The changes that a worker writes in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The id of the run.
    pub execution_id: String,
    /// The fence of the worker's claim.
    pub fence: u64,
    /// The number of the commit within this claim, from 1. A commit is repeated with the same number when it
    /// is unknown whether it was written, and is written once.
    pub number: u64,
    /// The events, in order.
    pub events: Vec<Event>,
    /// The log lines of these events.
    pub logs: Vec<LogRecord>,
    /// The places of the checkpoints that the run no longer needs.
    pub forget_checkpoints: Vec<u32>,
    /// The status after the events, if they changed it.
    pub status: Option<RunStatus>,
    /// The start of the run, once it has begun.
    pub started_at: Option<Timestamp>,
    /// The state of the claim after the commit.
    pub next: Next,
    /// The dead letter of a run that failed, timed out or expired.
    pub dead: Option<DeadLetter>,
    /// Rows for the audit log.
    pub audit: Vec<Audit>,
    /// The worker's current time.
    pub at: Timestamp,
}

/// The checkpoint of a step. A worker writes it separately, in place of the previous one at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The id of the run.
    pub execution_id: String,
    /// The fence of the worker's claim.
    pub fence: u64,
    /// The number of the commit within this claim, as in [`Commit::number`].
    pub number: u64,
    /// The place of the checkpoint: 0 for the steps outside of groups, of which one runs at a time; another for
    /// each member of a group.
    pub place: u32,
    /// The step.
    pub step: StepKey,
    /// The data that the step saves.
    pub data: String,
}

/// The state of a claim after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The worker keeps the claim.
    Keep,
    /// The claim is released; the run is due again at this time.
    Wait(Timestamp),
    /// The claim is released; the run has ended.
    End,
}

/// A stored log line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// The number of the line within the run, from 1. 0 until it is stored.
    #[serde(default)]
    pub seq: u64,
    /// The time at which the host received the line.
    pub at: Timestamp,
    /// The id of the step.
    pub step_id: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// The line itself.
    #[serde(flatten)]
    pub line: LogLine,
}

/// The status of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRow {
    /// The id of the run.
    pub execution_id: String,
    /// The id of the job.
    pub job_id: String,
    /// The queue of the run, if it has one.
    pub queue: Option<String>,
    /// The status of the run.
    pub status: RunStatus,
    /// The priority, from 0 to 9, where 9 is the most urgent.
    pub priority: u8,
    /// The time of the request.
    pub created_at: Timestamp,
    /// The time at which the run is, or was, due to begin.
    pub due_at: Timestamp,
    /// The time at which a begun run that waits continues: the next attempt, the next check of a parked step,
    /// or the end of the time for an approval. Null for every other run.
    #[serde(default)]
    pub wakes_at: Option<Timestamp>,
    /// The time at which the run began.
    pub started_at: Option<Timestamp>,
    /// The time at which the run ended.
    pub ended_at: Option<Timestamp>,
    /// The time of the last change of status.
    pub updated_at: Timestamp,
    /// The worker that holds the claim.
    pub worker: Option<String>,
    /// The time at which that claim expires.
    pub claimed_until: Option<Timestamp>,
    /// The reason for a requested cancellation.
    pub cancel: Option<String>,
}

/// The filter of a list of runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only runs of this job.
    pub job_id: Option<String>,
    /// Only runs of this project.
    pub project: Option<String>,
    /// Only runs of this queue.
    pub queue: Option<String>,
    /// Only runs with this status.
    pub status: Option<RunStatus>,
    /// Only runs that ended at or after that time.
    pub ended_since: Option<Timestamp>,
    /// Only runs that follow this one in the list.
    pub before: Option<String>,
    /// Whether the oldest run comes first. Otherwise, the newest does.
    pub oldest_first: bool,
    /// Maximum number of runs.
    pub limit: u32,
}

/// The number of runs that ended in an hour with a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRow {
    /// The start of the hour, in UTC.
    pub hour: Timestamp,
    /// The final status of the runs.
    pub status: RunStatus,
    /// The number of runs.
    pub runs: u64,
}

/// The obstacles of a run, as far as a store knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The status of the run.
    pub row: RunRow,
    /// Whether the run waits for its concurrency key.
    pub blocked: bool,
    /// Number of ready runs of its queue that go before it.
    pub ahead: u64,
    /// Number of running runs of its queue.
    pub running: u64,
    /// The concurrency key, its limit, and the runs that hold it.
    pub key: Option<(String, u32, Vec<String>)>,
}

/// The content of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueRow {
    /// The time zone of the queue.
    pub queue: String,
    /// Number of due runs that wait for a worker.
    pub ready: u64,
    /// Number of runs that are not due yet.
    pub waiting: u64,
    /// Number of runs that wait for their concurrency key.
    pub blocked: u64,
    /// Number of running runs.
    pub running: u64,
    /// The due time of the first run that waits for its concurrency key.
    pub oldest_blocked: Option<Timestamp>,
    /// The ready runs by priority: their number, and the due time of the first.
    pub levels: Vec<(u8, u64, Timestamp)>,
    /// The ready runs that continue even in a closed or paused queue, because they have begun or are to
    /// be cancelled.
    pub begun: Vec<(u8, u64, Timestamp)>,
}

/// A schedule, and its progress.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    /// The id of the job.
    pub job_id: String,
    /// The job, with its schedule.
    pub job: Arc<Job>,
    /// The creation time of this schedule.
    pub made: Timestamp,
    /// The time up to which every fire has its row in the ledger.
    pub cursor: Timestamp,
    /// The due time of the next fire.
    pub next: Option<Timestamp>,
    /// The actor who paused the schedule, and the reason.
    pub paused: Option<String>,
}

/// The parts of a stored job that a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// The id of the job.
    pub id: String,
    /// The number of changes to the job, from 1.
    pub version: u64,
    /// The display name.
    pub name: String,
    /// The time zone.
    pub timezone: String,
    /// Whether the job runs.
    pub enabled: bool,
    /// The schedule in words, if the job has one.
    pub schedule: Option<String>,
    /// The tags in the metadata of the job.
    pub tags: Vec<String>,
}

/// The next fire of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextFire {
    /// The id of the job.
    pub job_id: String,
    /// The due time of the next fire.
    pub next: Option<Timestamp>,
    /// The actor who paused the schedule, and the reason.
    pub paused: Option<String>,
}

/// The filter and the order of a list of schedules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleFilter {
    /// Only schedules of this project.
    pub project: Option<String>,
    /// Only schedules of this queue.
    pub queue: Option<String>,
    /// Only schedules whose job has an id after this one.
    pub after: Option<String>,
    /// Whether the list has only schedules with a next fire, the earliest first. Otherwise, it is in the order of
    /// the ids of the jobs.
    pub by_next: bool,
    /// Maximum number of schedules.
    pub limit: u32,
}

/// The decisions about the fires of one schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct FireBatch {
    /// The id of the job.
    pub job_id: String,
    /// The expected cursor of the schedule. `None` for fires that do not move it (a one-shot, a backfill).
    pub expect: Option<Timestamp>,
    /// The new cursor.
    pub cursor: Timestamp,
    /// The due time of the next fire.
    pub next: Option<Timestamp>,
    /// The decided fires.
    pub fires: Vec<NewFire>,
    /// A row that is written with the fires, in one transaction.
    pub audit: Option<Audit>,
}

/// A fire with its run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFire {
    /// The row of the fire; the store may decide otherwise (`overlap`, `refused`).
    pub row: LedgerRow,
    /// The run, if the fire gets one.
    pub run: Option<NewRun>,
    /// The action while an earlier run of the schedule has not ended.
    pub overlap: RunOverlap,
}

/// The result of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fired {
    /// Whether the schedule was not at the expected cursor, so that nothing was written.
    pub stale: bool,
    /// The ids of the added runs.
    pub runs: Vec<String>,
    /// The ids of the runs that are to be cancelled.
    pub to_cancel: Vec<String>,
}

/// A row of the fire ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerRow {
    /// The id of the job.
    pub job_id: String,
    /// The nominal time: wall time with its offset. The key of the row consists of the job and this time.
    pub nominal: String,
    /// The instant at which the fire was due.
    pub due_at: Timestamp,
    /// The decision about the fire.
    pub decision: Decision,
    /// The reason for the decision.
    pub reason: String,
    /// The run of the fire, if it has one.
    pub execution_id: Option<String>,
    /// The time of the decision.
    pub decided_at: Timestamp,
}

/// The filter of a list of ledger rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Only fires of this job.
    pub job_id: Option<String>,
    /// Only fires with this decision.
    pub decision: Option<Decision>,
    /// Only fires due at or after that time.
    pub from: Option<Timestamp>,
    /// Only fires due before that time.
    pub to: Option<Timestamp>,
    /// Only fires after this one in the list: its due time, job and nominal time.
    pub after: Option<(Timestamp, String, String)>,
    /// Maximum number of rows.
    pub limit: u32,
}

/// The scope of a clean-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanUp {
    /// Removes runs that ended before this time.
    pub runs_before: Timestamp,
    /// Removes ended runs of one job beyond this number.
    pub runs_per_job: u32,
    /// Removes fires that were due before this time.
    pub ledger_before: Timestamp,
    /// Removes rows of the audit log before this time.
    pub audit_before: Timestamp,
    /// Maximum number of runs to remove at one time.
    pub limit: u32,
    /// Whether to remove runs whose dead letters are open.
    pub include_dead: bool,
    /// Whether to return only the ids, and remove nothing.
    pub dry_run: bool,
    /// The current time.
    pub now: Timestamp,
    /// A row that is written with the removal, in one transaction.
    pub audit: Option<Audit>,
}

/// A change that other processes wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wake {
    /// Runs of this queue may have become ready.
    Queue(String),
    /// A claimed run is to be cancelled: workers must renew their claims.
    Claims,
    /// A schedule has changed.
    Schedules,
    /// A step was registered or removed.
    Steps,
    /// A ticket of a lock has an event.
    Locks {
        /// The project.
        project: String,
        /// The id of the ticket.
        ticket: String,
    },
}

/// The state of a store, for people and for metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vitals {
    /// The product and its version: `PostgreSQL 15.19`.
    pub product: String,
    /// The location of the database, without a password.
    pub place: String,
    /// The version of the database schema.
    pub schema: u32,
    /// The number of seconds by which its clock is ahead of this machine's. 0 where it is the same clock.
    pub clock_ahead: f64,
    /// The number of open sessions, and the maximum.
    pub sessions: Option<(u32, u32)>,
    /// The number of connections made since this process began.
    pub connects: u64,
}

//! What stores take and give.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Audit, Place};
use crate::clock::{self, Timestamp};
use crate::job::{Job, OnConflict};
use crate::run::{Event, RunStatus};
use crate::schedule::{Decision, RunOverlap};
use crate::step::{LogLine, Pin};
use crate::trace::Trace;

/// A run as it is admitted, before anything happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// `exec_YYYYMMDD_HHMMSS_NNN`.
    pub execution_id: String,
    /// The job, as it was when the run was admitted. Stores keep it once, by its digest.
    #[serde(skip, default = "no_job")]
    pub job: Arc<Job>,
    /// Variables: the job's, with what the caller set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// When the run was asked for.
    pub created_at: Timestamp,
    /// When it is due.
    pub scheduled_time: Timestamp,
    /// The queue it waits in; none for a run that only the one who submits it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// 9 is the most urgent, 0 the least.
    #[serde(default)]
    pub priority: u8,
    /// The smallest goes first (`engine::queue`).
    pub rank: Timestamp,
    /// Runs that may wait in the queue; more are refused.
    #[serde(skip, default = "no_limit")]
    pub max_waiting: u64,
    /// What it comes from.
    pub source: Source,
    /// What it must not run beside of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Its place in a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// Who started it, as the audit log names them; with those of the runs that it retries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub started_by: Vec<String>,
    /// The components of its steps, by the types as the job names them: what was current when it was admitted. A type
    /// that is missing here is looked up when its step begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, Pin>,
    /// Makes a second insert of the same request find the first.
    #[serde(skip)]
    pub idempotency: Option<Idempotency>,
    /// Results that are taken over from the run that this one retries.
    #[serde(skip)]
    pub inherited: Vec<Event>,
}

fn no_job() -> Arc<Job> {
    let job = crate::job::JobDefinition { steps: Vec::new(), ..crate::job::JobDefinition::empty() };
    Arc::new(job.into())
}

fn no_limit() -> u64 {
    u64::MAX
}

impl NewRun {
    /// A run of `job` that is due now, in no queue.
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

    /// When it must have begun. A backfill admits runs that were due long ago: their time counts from then on.
    pub fn expires_at(&self) -> Timestamp {
        clock::later(self.scheduled_time.max(self.created_at), self.job.queue_timeout.0)
    }
}

/// What a run comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// A request.
    Api,
    /// A schedule.
    Schedule {
        /// The fire, as the ledger names it.
        nominal: String,
    },
    /// A backfill.
    Backfill {
        /// Which.
        id: String,
        /// The fire, as the ledger names it.
        nominal: String,
    },
    /// It retries another run.
    Retry {
        /// Which.
        of: String,
    },
}

/// A concurrency key, filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What the runs share.
    pub name: String,
    /// How many of them run at once.
    pub limit: u32,
    /// What becomes of one more.
    pub on_conflict: OnConflict,
}

/// An idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, with the name of who used it.
    pub key: String,
    /// A digest of the request.
    pub fingerprint: String,
}

/// What an insert did beside adding the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inserted {
    /// The run was cancelled at once, since its key was taken.
    pub cancelled: bool,
    /// Runs that are to be cancelled for it.
    pub to_cancel: Vec<String>,
}

/// Which runs a worker takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimQuery {
    /// The queue.
    pub queue: String,
    /// Runs of the queue that may run at once.
    pub concurrency: u32,
    /// How many are taken at most.
    pub limit: u32,
    /// Whether runs that have not begun are taken: not while the queue is paused.
    pub open: bool,
    /// Who takes them.
    pub worker: String,
    /// The time.
    pub now: Timestamp,
    /// When the claims expire.
    pub until: Timestamp,
}

/// The exclusive right to move a run, until it is given back or expires.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The run.
    pub run: NewRun,
    /// What has happened, oldest first: all of it, or a first part.
    pub events: Vec<Event>,
    /// Where the rest begins, for [`RunStore::events`](super::RunStore::events).
    pub next: Option<Place>,
    /// The fencing token: larger with every claim of this run.
    pub fence: u64,
    /// Why it is to be cancelled, if it is.
    pub cancel: Option<String>,
}

/// What became of a claim that was to be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// It is there; why the run is to be cancelled, if it is.
    Kept(Option<String>),
    /// Another claim has followed.
    Lost,
}

/// What a worker writes in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The run.
    pub execution_id: String,
    /// The token of the worker's claim.
    pub fence: u64,
    /// Counts the commits of this claim, from 1. A commit that is tried again, since nobody knows whether it was
    /// written, has the same number, and is written once.
    pub number: u64,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Lines of log that belong to it.
    pub logs: Vec<LogRecord>,
    /// The checkpoint of the run is not needed any more.
    pub forget_checkpoint: bool,
    /// The status after the events, where they changed it.
    pub status: Option<RunStatus>,
    /// When the run began, once it has.
    pub started_at: Option<Timestamp>,
    /// What becomes of the claim.
    pub next: Next,
    /// What is noted when the run failed, timed out or expired.
    pub dead: Option<DeadLetter>,
    /// Rows for the audit log.
    pub audit: Vec<Audit>,
    /// The worker's time.
    pub at: Timestamp,
}

/// The checkpoint of a run: a worker writes it alone, in place of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The run.
    pub execution_id: String,
    /// The token of the worker's claim.
    pub fence: u64,
    /// Counts the commits of this claim, as [`Commit::number`] does.
    pub number: u64,
    /// Index of the step.
    pub step: usize,
    /// What the step saves.
    pub data: String,
}

/// What becomes of a claim after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The worker keeps it.
    Keep,
    /// It is given back; the run is due again then.
    Wait(Timestamp),
    /// It is given back; the run has ended.
    End,
}

/// A line of log, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Its number within the run, from 1; 0 until it is kept.
    #[serde(default)]
    pub seq: u64,
    /// When the host received it.
    pub at: Timestamp,
    /// The step.
    pub step_id: String,
    /// The attempt.
    pub attempt: u32,
    /// The line.
    #[serde(flatten)]
    pub line: LogLine,
}

/// The status of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRow {
    /// The run.
    pub execution_id: String,
    /// The job.
    pub job_id: String,
    /// The queue, if it has one.
    pub queue: Option<String>,
    /// Its status.
    pub status: RunStatus,
    /// 9 is the most urgent.
    pub priority: u8,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is, or was, due to begin.
    pub due_at: Timestamp,
    /// When a run that has begun and waits goes on: for the next attempt, for the next check of what a step waits for,
    /// or at the end of the time for an approval. Null for every other run.
    #[serde(default)]
    pub wakes_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When its status last changed.
    pub updated_at: Timestamp,
    /// Who works on it.
    pub worker: Option<String>,
    /// Until when that worker's claim lasts.
    pub claimed_until: Option<Timestamp>,
    /// Why it is to be cancelled, if it is.
    pub cancel: Option<String>,
}

/// Which runs are listed.
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
    /// Only runs older than this one.
    pub before: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// What keeps a run from going on, as far as a store knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The run.
    pub row: RunRow,
    /// Whether it waits for its concurrency key.
    pub blocked: bool,
    /// Runs of its queue that are ready and go before it.
    pub ahead: u64,
    /// Runs of its queue that run.
    pub running: u64,
    /// Its concurrency key, and the runs that hold it.
    pub key: Option<(String, u32, Vec<String>)>,
}

/// What a queue holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueRow {
    /// The zone.
    pub queue: String,
    /// Runs that are due and wait for a worker.
    pub ready: u64,
    /// Runs that are not due yet.
    pub waiting: u64,
    /// Runs that wait for their concurrency key.
    pub blocked: u64,
    /// Runs that run.
    pub running: u64,
    /// When the first run that waits for its concurrency key became due.
    pub oldest_blocked: Option<Timestamp>,
    /// The ready ones by priority: how many, and when the first of them became due.
    pub levels: Vec<(u8, u64, Timestamp)>,
    /// Those of them that go on in a queue that is closed or paused: they have begun, or are to be cancelled.
    pub begun: Vec<(u8, u64, Timestamp)>,
}

/// A schedule, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    /// The job.
    pub job_id: String,
    /// The job, with its schedule.
    pub job: Arc<Job>,
    /// When this schedule was made.
    pub made: Timestamp,
    /// Every fire up to here has its row in the ledger.
    pub cursor: Timestamp,
    /// When the next fire is due.
    pub next: Option<Timestamp>,
    /// Who paused it and why.
    pub paused: Option<String>,
}

/// What became of the fires of one schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct FireBatch {
    /// The job.
    pub job_id: String,
    /// Where the schedule must be; none for fires that do not move it (a one-shot, a backfill).
    pub expect: Option<Timestamp>,
    /// Where it is then.
    pub cursor: Timestamp,
    /// When the next fire is due.
    pub next: Option<Timestamp>,
    /// The fires.
    pub fires: Vec<NewFire>,
    /// A row that is written with the fires, in one transaction.
    pub audit: Option<Audit>,
}

/// A fire with its run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFire {
    /// Its row; the store may decide otherwise (`overlap`, `refused`).
    pub row: LedgerRow,
    /// The run, when it is to have one.
    pub run: Option<NewRun>,
    /// What becomes of it while an earlier run of the schedule has not ended.
    pub overlap: RunOverlap,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fired {
    /// The schedule was not where it should have been: nothing was written.
    pub stale: bool,
    /// Runs that were added.
    pub runs: Vec<String>,
    /// Runs that are to be cancelled.
    pub to_cancel: Vec<String>,
}

/// A row of the fire ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerRow {
    /// The job.
    pub job_id: String,
    /// The nominal time: wall time with its offset. With the job it is the row's key.
    pub nominal: String,
    /// The instant at which it was due.
    pub due_at: Timestamp,
    /// What happened to the fire.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Its run, if it has one.
    pub execution_id: Option<String>,
    /// When that was decided.
    pub decided_at: Timestamp,
}

/// Which rows of the ledger are listed.
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
    /// How many at most.
    pub limit: u32,
}

/// A run that failed, timed out or expired, and needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The run.
    pub execution_id: String,
    /// The job.
    pub job_id: String,
    /// How it ended.
    pub status: RunStatus,
    /// The step that failed, if one did.
    pub step_id: Option<String>,
    /// The class of its outcome.
    pub class: String,
    /// In words.
    pub message: String,
    /// When.
    pub at: Timestamp,
    /// How it was resolved; null while it is open.
    #[serde(default)]
    pub resolution: Option<Resolution>,
}

/// How a dead letter was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Resolution {
    /// It runs again.
    Redriven {
        /// The new run.
        execution_id: String,
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// It was discarded.
    Discarded {
        /// Why.
        reason: String,
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
}

impl Resolution {
    /// How it was resolved, and what to do now about the run `execution_id`.
    pub fn next_step(&self, execution_id: &str) -> String {
        match self {
            // Its retry is being admitted.
            Self::Redriven { execution_id: new, by, .. } if new.is_empty() => {
                format!("{by} is redriving it now: `stepwell runs list` shows the new run")
            }
            Self::Redriven { execution_id: new, by, .. } => format!(
                "{by} redrove it as {new}: `stepwell explain {new}` shows how that run stands; if that one failed, \
                `stepwell dead-letters redrive {new}` runs it again"
            ),
            Self::Discarded { reason, by, .. } => {
                let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                format!(
                    "{by} discarded it{why}: `stepwell runs retry {execution_id}` runs it again all the same"
                )
            }
        }
    }
}

/// What is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanUp {
    /// Runs that ended before that time.
    pub runs_before: Timestamp,
    /// Ended runs of one job beyond this number.
    pub runs_per_job: u32,
    /// Fires that were due before that time.
    pub ledger_before: Timestamp,
    /// Rows of the audit log before that time.
    pub audit_before: Timestamp,
    /// Runs at most in one go.
    pub limit: u32,
    /// Whether runs go whose dead letters are open.
    pub include_dead: bool,
    /// Whether nothing goes: only the ids are wanted.
    pub dry_run: bool,
    /// The time.
    pub now: Timestamp,
    /// A row that is written with the removal, in one transaction.
    pub audit: Option<Audit>,
}

/// What has changed, for processes that wait for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wake {
    /// Runs of this queue may have become free to go.
    Queue(String),
    /// A run that somebody works on is to be cancelled: claims are to be renewed.
    Claims,
    /// A schedule has changed.
    Schedules,
    /// A step was registered, or removed.
    Steps,
}

/// What a store says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vitals {
    /// What it is, with its version: `PostgreSQL 15.19`.
    pub product: String,
    /// Where it is, without a password.
    pub place: String,
    /// The version of its schema.
    pub schema: u32,
    /// By how many seconds its clock is ahead of ours; 0 where it is the same.
    pub clock_ahead: f64,
    /// Sessions that are open, and how many may be.
    pub sessions: Option<(u32, u32)>,
    /// Times at which it was connected to, since this process began.
    pub connects: u64,
}

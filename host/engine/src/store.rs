//! Where runs are kept: the contract of every store.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::job::JobDefinition;
use crate::run::{Event, RunStatus};
use crate::step::LogLine;

/// A run as it is admitted, before anything happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// `exec_YYYYMMDD_HHMMSS_NNN`.
    pub execution_id: String,
    /// The job, as it was when the run was admitted.
    pub job: JobDefinition,
    /// Variables: the job's, with what the caller set.
    pub variables: Map<String, Value>,
    /// When the run was asked for.
    pub created_at: Timestamp,
    /// When it is due.
    pub scheduled_time: Timestamp,
}

/// The exclusive right to move a run, until it is released or expires.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The run.
    pub run: NewRun,
    /// What has happened, oldest first.
    pub events: Vec<Event>,
    /// The fencing token: larger with every claim of this run.
    pub fence: u64,
}

/// What a worker writes in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The run.
    pub execution_id: String,
    /// The token of the worker's claim.
    pub fence: u64,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Lines of log that belong to it.
    pub logs: Vec<LogRecord>,
    /// The status after the events.
    pub status: RunStatus,
    /// The worker's time.
    pub at: Timestamp,
}

/// A line of log, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
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

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run.
    pub execution_id: String,
    /// The job.
    pub job_id: String,
    /// Where it stands.
    pub status: RunStatus,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// Why a store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is a run of this id.
    #[error("a run `{0}` is there already")]
    Exists(String),
    /// There is no run of this id.
    #[error("there is no run `{0}`; `stepwell runs list` shows what there is")]
    NotFound(String),
    /// Another worker holds the run.
    #[error("the run `{0}` is being worked on by another process; it is free again at {1} at the latest")]
    Claimed(String, Timestamp),
    /// The claim is not the latest one any more: the write was dropped.
    #[error("the run `{0}` was taken over by another worker")]
    Stale(String),
    /// The database failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Where runs are kept.
///
/// Every method is durable when it returns: what it wrote is there after `kill -9` and after power loss.
/// Every write of a worker carries the fencing token of its claim, which is checked in the same
/// transaction.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a run. Fails with [`StoreError::Exists`] when its id is taken.
    async fn insert(&self, run: &NewRun) -> Result<(), StoreError>;

    /// Takes the run for one worker until `until`. Fails with [`StoreError::Claimed`] while another claim
    /// has not expired at `now`.
    async fn claim(&self, execution_id: &str, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError>;

    /// Extends a claim. Fails with [`StoreError::Stale`] when another one has followed.
    async fn renew(&self, execution_id: &str, fence: u64, until: Timestamp) -> Result<(), StoreError>;

    /// Gives a claim back, so that another worker need not wait for its end.
    async fn release(&self, execution_id: &str, fence: u64) -> Result<(), StoreError>;

    /// Writes what happened. Fails with [`StoreError::Stale`], writing nothing, when another claim has
    /// followed.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    /// The run and what has happened.
    async fn load(&self, execution_id: &str) -> Result<(NewRun, Vec<Event>), StoreError>;

    /// The newest runs, newest first.
    async fn list(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// The log of a run, oldest line first.
    async fn logs(&self, execution_id: &str) -> Result<Vec<LogRecord>, StoreError>;
}

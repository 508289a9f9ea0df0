//! Stores of runs, jobs, schedules and their history: the contract of every store.
//!
//! Rules that must hold over many processes (who may run, in which order, how many at once, which fire is whose)
//! are here, and not in a process's memory: [`RunStore::claim`], [`RunStore::commit`] and [`ScheduleStore::fire`] each decide and
//! write in one transaction.

mod chain;
mod letters;
mod parts;
mod records;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::clock::Timestamp;
use crate::document::cut;
use crate::job::Job;
use crate::run::Event;

pub use chain::*;
pub use letters::*;
pub use parts::*;
pub use records::*;
pub use rows::*;

/// The maximum number of characters of an id that an error repeats: the id of a client may have any length.
const NAMED: usize = 100;

/// The reason why the store refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is a run of this id.
    #[error("a run `{0}` already exists")]
    Exists(String),
    /// The same request made this run before.
    #[error("the idempotency key was used before, for the run `{0}`")]
    Replayed(String),
    /// Another request used the idempotency key.
    #[error("the idempotency key was used before, for another request (run `{0}`)")]
    KeyReused(String),
    /// There is no run of this id.
    #[error("there is no run `{id}`; `stepwell runs list` lists the runs", id = cut(.0, NAMED))]
    NotFound(String),
    /// There is no record of this kind and id.
    #[error("there is no {0} `{id}`{listed}", id = cut(.1, NAMED), listed = listed_by(.0))]
    NoRecord(&'static str, String),
    /// The record is not in the version that the change was made for.
    #[error("the {0} `{1}` has changed since it was read")]
    Conflict(&'static str, String),
    /// There is a record of this kind and id already.
    #[error("the {0} `{1}` already exists")]
    AlreadyThere(&'static str, String),
    /// The queue holds as many waiting runs as it may.
    #[error("the queue `{0}` is full: {1} runs wait in it, which is its `max_waiting`")]
    QueueFull(String, u64),
    /// Another worker holds the run.
    #[error("the run `{0}` is being worked on by another process; it is free again at {1} at the latest")]
    Claimed(String, Timestamp),
    /// The claim is not the latest one any more: the write was dropped.
    #[error("the run `{0}` was taken over by another worker")]
    Stale(String),
    /// Another store leads since a switch of stores: nothing was written.
    #[error("the store has moved: another store has taken over from it")]
    Moved,
    /// It cannot be written now, and may be later: the disk is full or read-only, or the database is busy.
    #[error("the store cannot be written now: {0}")]
    Unavailable(String),
    /// The database failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Returns whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Moved | Self::Unavailable(_))
    }
}

/// Returns the end of a message about a missing record: the command that lists the records of this kind, by the name
/// of the kind.
fn listed_by(kind: &str) -> &'static str {
    match kind {
        "job" => "; `stepwell jobs list` lists the jobs",
        "schedule" => "; `stepwell schedules list` lists the schedules",
        "queue" => "; `stepwell queues list` lists the queues",
        "API key" => "; `stepwell keys list` lists the keys",
        "backfill" => "; `stepwell backfills list` lists the backfills",
        "dead letter" => "; `stepwell dead-letters list --state all` lists the dead letters",
        "step" => "; `stepwell steps list` lists the step types",
        _ => "",
    }
}

/// A store of runs. It has a part for each of its callers.
///
/// Every method is durable when it returns: what it wrote is there after `kill -9` and after power loss.
/// Every write of a worker carries the fencing token of its claim, which is checked in the same
/// transaction.
pub trait Store: RunStore + ScheduleStore + RecordStore + ComponentStore + Announcements {}

impl<S: RunStore + ScheduleStore + RecordStore + ComponentStore + Announcements> Store for S {}

/// All parts of a store, for code that calls the methods of a store of a known type.
pub mod prelude {
    pub use super::{Announcements, ComponentStore, RecordStore, RunStore, ScheduleStore, Store};
}

/// The life of runs: workers and dispatchers call it, and readers of runs.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Adds a run, with what it inherits, and enforces its queue's `max_waiting` and its concurrency key's
    /// `on_conflict`. The changes `with` are made in the same transaction: when one of them cannot be made, the run is not
    /// added.
    async fn insert(&self, run: &NewRun, with: Vec<Change>) -> Result<Inserted, StoreError>;

    /// Takes the next runs of a queue, by rank: those whose claim has expired first, then those that are due, as many
    /// as the queue's concurrency and the concurrency keys allow. A run whose key is taken is set aside until a
    /// slot is handed to it.
    async fn claim(&self, query: ClaimQuery) -> Result<Vec<Claim>, StoreError>;

    /// Takes one run, whatever its queue, key and due time. Fails with [`StoreError::Claimed`] while another claim
    /// has not expired.
    async fn claim_run(
        &self,
        execution_id: &str,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError>;

    /// Extends claims, and returns for each whether it still exists and whether the run is to be cancelled.
    async fn renew(
        &self,
        claims: &[(String, u64)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Renewal>, StoreError>;

    /// Ends the claims of a worker that is known to be dead, and its leases, and returns the number
    /// of claims.
    async fn expire(&self, worker: &str, now: Timestamp) -> Result<u64, StoreError>;

    /// Workers that hold claims.
    async fn workers(&self) -> Result<Vec<String>, StoreError>;

    /// Writes what happened, and moves the run as `commit.next` says. A run that ends hands its concurrency slot on,
    /// and is noted as a dead letter when it failed, timed out or expired. Fails with
    /// [`StoreError::Stale`], writing nothing, when another claim has followed. Gives the queues in which a run has
    /// become free to go.
    async fn commit(&self, commit: Commit) -> Result<Vec<String>, StoreError>;

    /// Writes the checkpoint of a run in place of the one before. Fails with [`StoreError::Stale`], writing nothing, when
    /// another claim has followed. It is there until [`Commit::forget_checkpoint`].
    async fn save_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError>;

    /// Notes that a run is to be cancelled. One that waits is made due at once, so that a worker ends it.
    async fn request_cancel(
        &self,
        execution_id: &str,
        why: &str,
        now: Timestamp,
        audit: Option<Audit>,
    ) -> Result<RunRow, StoreError>;

    /// When the next waiting run of the queue is due, of those that are due after `after` when it is given; without it,
    /// now or before when one is ready.
    async fn next_due(&self, queue: &str, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError>;

    /// Runs that should have begun by `now`, and have not.
    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError>;

    /// The run, and the first part of what has happened: some 1 MiB.
    async fn load(&self, execution_id: &str) -> Result<Loaded, StoreError>;

    /// The part that follows.
    async fn events(&self, execution_id: &str, after: Place) -> Result<EventPage, StoreError>;

    /// The job of a run, and what its last commit with events said.
    async fn latest(&self, execution_id: &str) -> Result<(Arc<Job>, Vec<Event>), StoreError>;

    /// The status of a run.
    async fn row(&self, execution_id: &str) -> Result<RunRow, StoreError>;

    /// The run that an earlier request with the same idempotency key started. An error if that was another request.
    async fn replayed(&self, idempotency: &Idempotency) -> Result<Option<String>, StoreError>;

    /// Runs, newest first.
    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError>;

    /// Counts the runs that ended at or after that time, by the hour of their end and their status, for a project
    /// if one is given.
    async fn ended_by_hour(
        &self,
        project: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<EndedRow>, StoreError>;

    /// Returns the reasons in the store why a run does not continue.
    async fn standing(&self, execution_id: &str, now: Timestamp) -> Result<Standing, StoreError>;

    /// A page of the log of a run, from a place that an earlier page gave. A page without lines is the end of the log as
    /// it is now. Reads only what is after that place.
    async fn log_page(&self, execution_id: &str, from: LogPlace, limit: u32) -> Result<LogPage, StoreError>;

    /// Returns the figures of each queue.
    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueRow>, StoreError>;

    /// Returns the figures of each queue for a project.
    async fn queues_of(&self, project: &str, now: Timestamp) -> Result<Vec<QueueRow>, StoreError>;
}

/// Schedules, their fires, and the ledger: schedulers call it.
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// Writes the decisions about fires, with their runs, and moves the schedules forward. A batch whose schedule
    /// has moved is dropped, because another process has fired it.
    async fn fire(&self, batches: Vec<FireBatch>) -> Result<Vec<Fired>, StoreError>;

    /// Makes `holder` the scheduler of each queue that has schedules and no other scheduler whose lease lasts, until
    /// `until`, and gives the queues that it is the scheduler of then.
    async fn lease_schedulers(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError>;

    /// Schedules whose next fire is due, in queues that `holder` is the scheduler of, the earliest first.
    async fn due_schedules(
        &self,
        holder: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScheduleRow>, StoreError>;

    /// When the next schedule is due, in queues that `holder` is or was the scheduler of, or in all of them.
    async fn next_schedule(&self, holder: Option<&str>) -> Result<Option<Timestamp>, StoreError>;

    /// A schedule.
    async fn schedule(&self, job_id: &str) -> Result<Option<ScheduleRow>, StoreError>;

    /// Returns the next fires of the schedules of these jobs, without their definitions.
    async fn next_fires(&self, job_ids: &[String]) -> Result<Vec<NextFire>, StoreError>;

    /// Returns schedules, by the id of their job or by their next fire.
    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleRow>, StoreError>;

    /// Rows of the ledger, the latest fire first.
    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError>;
}

/// Records and the audit log: changes by people, and retention.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// All changes, or none.
    async fn write(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// A record.
    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError>;

    /// Records of a kind by id, after `after`; of a state, when one is given.
    async fn records(
        &self,
        kind: Kind,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// Returns jobs by id, after `after`, without their definitions.
    async fn job_rows(&self, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError>;

    /// Returns the number of records of a kind in a state.
    async fn count(&self, kind: Kind, state: &str) -> Result<u64, StoreError>;

    /// Rows of the audit log before row `before`, newest first.
    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// The ends of the chain of hashes over the audit log.
    async fn audit_chain(&self) -> Result<Chain, StoreError>;

    /// Rows of the audit log after number `after` of the chain, oldest first.
    async fn audit_links(&self, after: u64, limit: u32) -> Result<Vec<Link>, StoreError>;

    /// Removes what is older than the retention says, and gives the ids of the runs that went, or would.
    async fn clean_up(&self, query: CleanUp) -> Result<Vec<String>, StoreError>;
}

/// The components of steps.
#[async_trait]
pub trait ComponentStore: Send + Sync {
    /// Keeps the bytes of a component under their digest (`sha256:...`).
    async fn put_component(&self, digest: &str, wasm: Vec<u8>) -> Result<(), StoreError>;

    /// The bytes of a component.
    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError>;
}

/// Announcements between the processes of one store, and the state of its database.
#[async_trait]
pub trait Announcements: Send + Sync {
    /// Tells other processes that something has changed, so that they need not wait until they look. It may get
    /// lost, and is not part of any transaction.
    fn announce(&self, wake: Wake);

    /// Returns the announcements of other processes from now on, or `None` when the store has none.
    fn announcements(&self) -> Option<broadcast::Receiver<Wake>>;

    /// Whether processes of other machines may use the store.
    fn is_shared(&self) -> bool;

    /// Returns the state of each database of the store, for display and for metrics.
    async fn vitals(&self, now: Timestamp) -> Result<Vec<Vitals>, StoreError>;
}

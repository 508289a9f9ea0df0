//! Work in the store: its records, and the changes that move it.
//!
//! Work is `open`, then a worker has it (`leased`), then it has `ended` and its run takes the end up. Work that its run
//! no longer needs is `cancelled` while a worker has it, and is removed otherwise. Each change is one transaction, which
//! checks the version of the work: of two changes at the same time, one is refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::policy::capability::ContextRule;
use stepwell_engine::store::{Change, Expect, Kind, Record};
use stepwell_engine::{Store, StoreError};

/// The states of work.
pub(crate) const OPEN: &str = "open";
pub(crate) const LEASED: &str = "leased";
pub(crate) const ENDED: &str = "ended";
pub(crate) const CANCELLED: &str = "cancelled";

/// The work of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub run: String,
    pub project: String,
    pub job: String,
    /// The path of the step.
    pub step: String,
    /// The attempt with which the step is parked.
    pub attempt: u32,
    pub function: String,
    /// The number of the attempt that offered the work. It grows with each offer, and an offer has one lease.
    pub fence: u64,
    pub offered_at: Timestamp,
    /// The end of the wait for a worker.
    pub wait_until: Timestamp,
    /// The time that a worker may take, in milliseconds.
    pub limit_ms: u64,
    /// Maximum bytes of the output.
    pub output_bytes: u64,
    /// The rules about the variables that the step may set. Work of earlier versions has none.
    #[serde(default)]
    pub context: Vec<ContextRule>,
    /// Maximum bytes of these variables.
    #[serde(default)]
    pub context_bytes: u64,
    pub lease: Option<Lease>,
}

/// The lease of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// The id and the name of the worker.
    pub worker: String,
    pub name: String,
    pub taken_at: Timestamp,
    /// The end of the lease, which heartbeats move.
    pub until: Timestamp,
    /// The end of the time that the worker may take.
    pub ends_at: Timestamp,
}

/// The kind of an end of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum How {
    Completed {
        output: Value,
        summary: String,
        #[serde(default)]
        variables: Map<String, Value>,
    },
    Failed {
        code: String,
        message: String,
        retryable: bool,
    },
    Lost,
    TimedOut {
        limit_ms: u64,
    },
}

/// The end of work, for its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct End {
    pub how: How,
    pub attempt: u32,
    pub fence: u64,
    pub worker: String,
    pub taken_at: Timestamp,
    pub at: Timestamp,
}

/// Work with its state, and the version of its record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub item: Item,
    pub state: String,
    pub version: u64,
}

impl Found {
    pub fn of(record: Record) -> Option<Self> {
        let item = serde_json::from_value(record.value).ok()?;
        Some(Self { item, state: record.state, version: record.version })
    }

    /// Reads work. `None` when it does not exist, or another version of the program wrote it.
    pub async fn read(store: &dyn Store, id: &str) -> Result<Option<Self>, StoreError> {
        Ok(store.record(Kind::Work, id).await?.and_then(Self::of))
    }
}

/// Returns the id of the work of a step: the same for each attempt.
pub(crate) fn work_id(run: &str, path: &str) -> String {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(path));
    format!("{run}.{}", digest.get(..16).unwrap_or_default())
}

/// Returns the id of the run of work.
pub(crate) fn run_of(work: &str) -> Option<&str> {
    work.rsplit_once('.').map(|(run, _)| run)
}

/// Returns the first part of the ids under which the open work of a function is found.
pub(crate) fn shelf(project: &str, function: &str) -> String {
    format!("{project}/{function}/")
}

impl Item {
    pub fn id(&self) -> String {
        work_id(&self.run, &self.step)
    }

    /// Returns the id under which the open work is found.
    pub fn on_shelf(&self) -> String {
        format!("{}{}", shelf(&self.project, &self.function), self.id())
    }

    fn put(&self, state: &str, expect: Expect) -> Change {
        let value = serde_json::to_value(self).unwrap_or_default();
        Change::Put { kind: Kind::Work, id: self.id(), state: state.to_owned(), value, expect }
    }

    fn put_lease(&self, state: &str) -> Change {
        let value = serde_json::to_value(self.lease.as_ref()).unwrap_or_default();
        let (kind, id, state) = (Kind::WorkLease, self.id(), state.to_owned());
        Change::Put { kind, id, state, value, expect: Expect::Any }
    }

    fn gone(&self, kind: Kind) -> Change {
        let id = if kind == Kind::OpenWork { self.on_shelf() } else { self.id() };
        Change::Remove { kind, id, expect: Expect::Any }
    }

    /// Offers the work, in place of earlier work of the same step.
    pub fn offer(&self, input: &Map<String, Value>) -> Vec<Change> {
        let place =
            |kind, id, value| Change::Put { kind, id, state: String::new(), value, expect: Expect::Any };
        vec![
            self.put(OPEN, Expect::Any),
            place(Kind::WorkInput, self.id(), Value::Object(input.clone())),
            place(Kind::OpenWork, self.on_shelf(), Value::Null),
            self.gone(Kind::WorkLease),
            self.gone(Kind::WorkEnd),
        ]
    }

    /// Gives open work to a worker, or moves the end of its lease. The state of the record of the lease is the id of
    /// the worker, so that its work in hand can be counted.
    pub fn lease(&self, version: u64) -> Vec<Change> {
        let worker = self.lease.as_ref().map_or("", |lease| lease.worker.as_str());
        vec![self.put(LEASED, Expect::Version(version)), self.gone(Kind::OpenWork), self.put_lease(worker)]
    }

    /// Notes another attempt of the step that still waits for the same work.
    pub fn carry_on(&self, state: &str, version: u64) -> Vec<Change> {
        vec![self.put(state, Expect::Version(version))]
    }

    /// Ends the work.
    pub fn end(&self, version: u64, end: &End) -> Vec<Change> {
        let value = serde_json::to_value(end).unwrap_or_default();
        let (kind, id, state) = (Kind::WorkEnd, self.id(), String::new());
        vec![
            self.put(ENDED, Expect::Version(version)),
            self.gone(Kind::OpenWork),
            self.gone(Kind::WorkLease),
            self.gone(Kind::WorkInput),
            Change::Put { kind, id, state, value, expect: Expect::Any },
        ]
    }

    /// Notes that the work that a worker has is no longer needed. The lease stays, so that a sweep removes the rest, and
    /// leaves room for other work.
    pub fn cancel(&self, version: u64) -> Vec<Change> {
        let work = self.put(CANCELLED, Expect::Version(version));
        vec![work, self.put_lease(CANCELLED), self.gone(Kind::WorkInput)]
    }

    /// Removes all records of the work.
    pub fn remove(&self, version: u64) -> Vec<Change> {
        let work = Change::Remove { kind: Kind::Work, id: self.id(), expect: Expect::Version(version) };
        let others = [Kind::OpenWork, Kind::WorkLease, Kind::WorkInput, Kind::WorkEnd];
        std::iter::once(work).chain(others.map(|kind| self.gone(kind))).collect()
    }
}

/// Writes changes of work. Returns whether they were made: another change may have been faster.
pub(crate) async fn written(store: &dyn Store, changes: Vec<Change>) -> Result<bool, StoreError> {
    match store.write(changes).await {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict(..) | StoreError::NoRecord(..) | StoreError::AlreadyThere(..)) => Ok(false),
        Err(error) => Err(error),
    }
}

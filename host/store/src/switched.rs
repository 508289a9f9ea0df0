//! Combines the old and the new store of a switch.
//!
//! Each change goes to the store that leads. A store that does not lead refuses changes ([`StoreError::Moved`]), so this
//! process need not know in time that another one has changed the leader: it then asks both stores, and repeats the
//! change. A read goes to the leader, too, unless the new store answers reads and has every change that the answer needs.
//! No error tells a read that the leader has changed: until a change of this process finds the new leader, its reads are
//! answered by the store that led before.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::rollout::{Operation, System};
use stepwell_engine::run::Event;
use stepwell_engine::store::prelude::*;
use stepwell_engine::store::{
    Audit, AuditRow, Chain, Change, Checkpoint, Claim, ClaimQuery, CleanUp, Commit, EndedRow, EventPage,
    FireBatch, Fired, Idempotency, Inserted, JobRow, Kind, LedgerFilter, LedgerRow, Link, Loaded, LogPage,
    LogPlace, NewRun, NextFire, Place, QueueRow, Record, Renewal, RunFilter, RunRow, ScheduleFilter,
    ScheduleRow, Standing, Vitals, Wake,
};
use tokio::sync::broadcast;

use crate::follow::{Role, State};
use crate::store::{Database, SqlStore};

/// The pause between two questions for the leader while one hands over, and their number: 10 s.
const PAUSE: Duration = Duration::from_millis(5);
const QUESTIONS: u32 = 2000;
/// The number of times that an operation is repeated since another store leads.
const REPEATS: u32 = 100;

/// The database of a store in a switch.
#[async_trait]
pub trait Decides: Send + Sync {
    /// Returns who decides, according to this database.
    async fn state(&self) -> Result<State, StoreError>;

    /// Returns whether the follower lacks a change: of this run, or any change.
    async fn lacks(&self, execution_id: Option<&str>) -> Result<bool, StoreError>;
}

#[async_trait]
impl<D: Database> Decides for SqlStore<D> {
    async fn state(&self) -> Result<State, StoreError> {
        crate::follow::state_of(self).await
    }

    async fn lacks(&self, execution_id: Option<&str>) -> Result<bool, StoreError> {
        let id = execution_id.map(str::to_owned);
        self.0.read(move |db, _| crate::follow::lacks(db, id.as_deref())).await
    }
}

/// Receives each operation: for metrics, and for the health of the switch.
pub trait Watcher: Send + Sync {
    /// An operation of a store has ended.
    fn ended(&self, of: (System, Operation), failed: bool, took: Duration);

    /// The old store answered, because the new one could not or lacked a change.
    fn fell_back(&self, why: &str);

    /// Returns the time, for the measurement of operations.
    fn now(&self) -> Duration;
}

/// One of the two stores.
pub struct Side {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its database.
    pub database: Arc<dyn Decides>,
}

/// Two stores, of which one leads.
pub struct SwitchedStore {
    /// The old and the new one.
    sides: [Side; 2],
    leader: AtomicUsize,
    /// Whether the new store answers reads while the old one leads.
    reads_new: AtomicBool,
    watcher: Arc<dyn Watcher>,
}

impl SwitchedStore {
    /// Combines the old and the new store.
    ///
    /// # Errors
    /// Fails when neither of them leads, or when the one that may lead cannot be reached.
    pub async fn new(old: Side, new: Side, watcher: Arc<dyn Watcher>) -> Result<Self, StoreError> {
        let (leader, reads_new) = (AtomicUsize::new(0), AtomicBool::new(false));
        let store = Self { sides: [old, new], leader, reads_new, watcher };
        store.find_leader().await?;
        Ok(store)
    }

    /// Lets the new store answer reads, or not.
    pub fn read_new(&self, reads: bool) {
        self.reads_new.store(reads, Ordering::Release);
    }

    fn side(&self, index: usize) -> &Side {
        let [old, new] = &self.sides;
        if index == 0 { old } else { new }
    }

    /// Asks both stores who leads, until one does.
    async fn find_leader(&self) -> Result<(), StoreError> {
        let mut answers = String::new();
        for _ in 0..QUESTIONS {
            let (old, new) = (self.side(0).database.state().await, self.side(1).database.state().await);
            if let Some(leader) = leader(&old, &new) {
                self.leader.store(leader, Ordering::Release);
                return Ok(());
            }
            let answer = |side: Result<State, StoreError>| match side {
                Ok(state) => format!("it is `{}`", <&str>::from(state.role)),
                Err(error) => error.to_string(),
            };
            answers = format!("the old one: {}; the new one: {}", answer(old), answer(new));
            tokio::time::sleep(PAUSE).await;
        }
        Err(StoreError::Unavailable(format!("neither store leads ({answers})")))
    }

    /// Measures an operation.
    async fn measured<T>(
        &self,
        side: usize,
        operation: Operation,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let begun = self.watcher.now();
        let result = work.await;
        let system = if side == 0 { System::Old } else { System::New };
        let failed = matches!(result, Err(StoreError::Unavailable(_) | StoreError::Failed(_)));
        self.watcher.ended((system, operation), failed, self.watcher.now().saturating_sub(begun));
        result
    }

    /// Returns whether the new store can answer a read while the old one leads: about a run, or about everything.
    async fn new_answers(&self, execution_id: Option<&str>) -> bool {
        if self.leader.load(Ordering::Acquire) != 0 || !self.reads_new.load(Ordering::Acquire) {
            return false;
        }
        match self.side(0).database.lacks(execution_id).await {
            Ok(false) => true,
            Ok(true) => {
                self.watcher.fell_back("the new store lacks a change");
                false
            }
            Err(_) => false,
        }
    }
}

/// Returns the place of the store that leads. The higher epoch counts, if a store came back that led before.
fn leader(old: &Result<State, StoreError>, new: &Result<State, StoreError>) -> Option<usize> {
    let leads = |state: &Result<State, StoreError>| match state {
        Ok(state) if matches!(state.role, Role::Single | Role::Leading) => Some(state.epoch),
        _ => None,
    };
    let followed = |state: &Result<State, StoreError>| state.as_ref().map_or(0, |state| state.epoch);
    match (leads(old), leads(new)) {
        (Some(epoch), other) if other.is_none_or(|other| epoch >= other) && epoch >= followed(new) => Some(0),
        (_, Some(_)) => Some(1),
        (Some(_), None) | (None, None) => None,
    }
}

/// Runs an operation on the store that leads, and again when another one leads since.
macro_rules! leading {
    ($self:ident, $kind:ident, $store:ident => $work:expr) => {{
        let mut repeats = 0;
        loop {
            let index = $self.leader.load(Ordering::Acquire);
            let $store = &*$self.side(index).store;
            match $self.measured(index, Operation::$kind, $work).await {
                Err(StoreError::Moved) if repeats < REPEATS => {
                    repeats += 1;
                    $self.find_leader().await?;
                }
                other => break other,
            }
        }
    }};
}

/// Runs a read on the new store if that can answer it, and otherwise on the store that leads.
macro_rules! read {
    ($self:ident, $run:expr, $store:ident => $work:expr) => {{
        if $self.new_answers($run).await {
            let $store = &*$self.side(1).store;
            match $self.measured(1, Operation::Load, $work).await {
                Err(StoreError::Unavailable(why) | StoreError::Failed(why)) => $self.watcher.fell_back(&why),
                answered => return answered,
            }
        }
        leading!($self, Load, $store => $work)
    }};
}

#[async_trait]
impl RunStore for SwitchedStore {
    async fn insert(&self, run: &NewRun, with: Vec<Change>) -> Result<Inserted, StoreError> {
        leading!(self, Save, store => store.insert(run, with.clone()))
    }

    async fn claim(&self, query: ClaimQuery) -> Result<Vec<Claim>, StoreError> {
        leading!(self, Save, store => store.claim(query.clone()))
    }

    async fn claim_run(
        &self,
        execution_id: &str,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        leading!(self, Save, store => store.claim_run(execution_id, worker, now, until))
    }

    async fn renew(
        &self,
        claims: &[(String, u64)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Renewal>, StoreError> {
        leading!(self, Save, store => store.renew(claims, now, until))
    }

    async fn expire(&self, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
        leading!(self, Save, store => store.expire(worker, now))
    }

    async fn workers(&self) -> Result<Vec<String>, StoreError> {
        read!(self, None, store => store.workers())
    }

    async fn commit(&self, commit: Commit) -> Result<Vec<String>, StoreError> {
        leading!(self, Save, store => store.commit(commit.clone()))
    }

    async fn save_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        leading!(self, Save, store => store.save_checkpoint(checkpoint.clone()))
    }

    async fn request_cancel(
        &self,
        execution_id: &str,
        why: &str,
        now: Timestamp,
        audit: Option<Audit>,
    ) -> Result<RunRow, StoreError> {
        leading!(self, Save, store => store.request_cancel(execution_id, why, now, audit.clone()))
    }

    async fn next_due(&self, queue: &str, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        leading!(self, Load, store => store.next_due(queue, after))
    }

    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        leading!(self, Load, store => store.overdue(now, limit))
    }

    async fn load(&self, execution_id: &str) -> Result<Loaded, StoreError> {
        read!(self, Some(execution_id), store => store.load(execution_id))
    }

    async fn events(&self, execution_id: &str, after: Place) -> Result<EventPage, StoreError> {
        read!(self, Some(execution_id), store => store.events(execution_id, after))
    }

    async fn latest(&self, execution_id: &str) -> Result<(Arc<Job>, Vec<Event>), StoreError> {
        read!(self, Some(execution_id), store => store.latest(execution_id))
    }

    async fn row(&self, execution_id: &str) -> Result<RunRow, StoreError> {
        read!(self, Some(execution_id), store => store.row(execution_id))
    }

    async fn replayed(&self, idempotency: &Idempotency) -> Result<Option<String>, StoreError> {
        leading!(self, Load, store => store.replayed(idempotency))
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        read!(self, None, store => store.list(filter))
    }

    async fn ended_by_hour(
        &self,
        project: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<EndedRow>, StoreError> {
        read!(self, None, store => store.ended_by_hour(project, since))
    }

    async fn standing(&self, execution_id: &str, now: Timestamp) -> Result<Standing, StoreError> {
        read!(self, None, store => store.standing(execution_id, now))
    }

    async fn log_page(&self, execution_id: &str, from: LogPlace, limit: u32) -> Result<LogPage, StoreError> {
        read!(self, Some(execution_id), store => store.log_page(execution_id, from, limit))
    }

    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        read!(self, None, store => store.queues(now))
    }

    async fn queues_of(&self, project: &str, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        read!(self, None, store => store.queues_of(project, now))
    }
}

#[async_trait]
impl ScheduleStore for SwitchedStore {
    async fn fire(&self, batches: Vec<FireBatch>) -> Result<Vec<Fired>, StoreError> {
        leading!(self, Save, store => store.fire(batches.clone()))
    }

    async fn lease_schedulers(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        leading!(self, Save, store => store.lease_schedulers(holder, now, until))
    }

    async fn due_schedules(
        &self,
        holder: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        leading!(self, Load, store => store.due_schedules(holder, now, limit))
    }

    async fn next_schedule(&self, holder: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
        leading!(self, Load, store => store.next_schedule(holder))
    }

    async fn schedule(&self, job_id: &str) -> Result<Option<ScheduleRow>, StoreError> {
        read!(self, None, store => store.schedule(job_id))
    }

    async fn next_fires(&self, job_ids: &[String]) -> Result<Vec<NextFire>, StoreError> {
        read!(self, None, store => store.next_fires(job_ids))
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleRow>, StoreError> {
        read!(self, None, store => store.schedules(filter))
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
        read!(self, None, store => store.ledger(filter))
    }
}

#[async_trait]
impl RecordStore for SwitchedStore {
    async fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        leading!(self, Save, store => store.write(changes.clone()))
    }

    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
        read!(self, None, store => store.record(kind, id))
    }

    async fn records(
        &self,
        kind: Kind,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        read!(self, None, store => store.records(kind, state, after, limit))
    }

    async fn job_rows(&self, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        read!(self, None, store => store.job_rows(after, limit))
    }

    async fn count(&self, kind: Kind, state: &str) -> Result<u64, StoreError> {
        read!(self, None, store => store.count(kind, state))
    }

    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        read!(self, None, store => store.audit(before, limit))
    }

    async fn audit_chain(&self) -> Result<Chain, StoreError> {
        read!(self, None, store => store.audit_chain())
    }

    async fn audit_links(&self, after: u64, limit: u32) -> Result<Vec<Link>, StoreError> {
        read!(self, None, store => store.audit_links(after, limit))
    }

    async fn clean_up(&self, query: CleanUp) -> Result<Vec<String>, StoreError> {
        leading!(self, Save, store => store.clean_up(query.clone()))
    }
}

#[async_trait]
impl ComponentStore for SwitchedStore {
    async fn put_component(&self, digest: &str, wasm: Vec<u8>) -> Result<(), StoreError> {
        leading!(self, Save, store => store.put_component(digest, wasm.clone()))
    }

    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read!(self, None, store => store.component(digest))
    }
}

#[async_trait]
impl Announcements for SwitchedStore {
    fn announce(&self, wake: Wake) {
        self.side(self.leader.load(Ordering::Acquire)).store.announce(wake);
    }

    fn announcements(&self) -> Option<broadcast::Receiver<Wake>> {
        // A wake-up may be missed after a change of leaders: readers look again soon anyway.
        let [old, new] = &self.sides;
        match self.leader.load(Ordering::Acquire) {
            0 => old.store.announcements(),
            _ => new.store.announcements(),
        }
    }

    fn is_shared(&self) -> bool {
        self.sides.iter().any(|side| side.store.is_shared())
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vec<Vitals>, StoreError> {
        let mut vitals = self.side(0).store.vitals(now).await?;
        vitals.extend(self.side(1).store.vitals(now).await?);
        Ok(vitals)
    }
}

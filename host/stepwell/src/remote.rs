//! Work for processes outside of Stepwell: the work of `worker` steps, which workers take, renew and end.
//!
//! A worker belongs to a project and to the key that registered it. It sees the work of that project alone, for the
//! functions that it named, of jobs that its key covers.

pub(crate) mod item;
mod lists;
mod results;
mod sweep;
mod types;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::worker::wrong_name;
use stepwell_engine::store::{Audit, Change, Expect, Kind};
use stepwell_engine::{StoreError, label};

use crate::HostError;
use crate::access::Caller;
use crate::context::Context;
pub use lists::RemoteWorker;
pub use types::{Claimed, Heartbeat, NewWorker, RegisteredWorker, WorkItem, WorkResult};

use item::{End, Found, How, Item, LEASED, Lease, run_of, shelf, written};

/// Maximum number of functions of a worker. Each look for work asks for each of them.
pub const MOST_FUNCTIONS: usize = 200;
/// Maximum number of items of work that a worker has at one time.
pub const MOST_CAPACITY: u32 = 1_000;
/// Maximum number of workers of a project.
pub const MOST_WORKERS: u64 = 1_000;
/// The time without a request after which a worker counts as silent. A poll may last for half of it.
const SILENT: Duration = Duration::from_secs(60);
/// The longest time for which a poll waits for work.
pub const LONGEST_POLL: Duration = Duration::from_secs(30);
/// The time between two looks for work of other processes.
const LOOK: Duration = Duration::from_secs(1);
/// The time without a sign of life after which a worker is forgotten, or makes room for a new one.
const FORGOTTEN: chrono::Duration = chrono::Duration::minutes(10);
/// The time between two notes of a sign of life.
const SEEN: chrono::Duration = chrono::Duration::seconds(5);
/// Items that a look reads beyond those that it may take, because other workers take some of them first.
const SPARE: u32 = 16;
/// The tries of a change that others make at the same time.
const TRIES: u32 = 8;

/// The workers outside of Stepwell, and their work.
#[derive(Clone)]
pub struct RemoteWorkers {
    pub(crate) ctx: Arc<Context>,
}

/// A worker in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WorkerRecord {
    name: String,
    functions: Vec<String>,
    capacity: u32,
    /// The identity that registered it.
    by: String,
    registered_at: Timestamp,
    seen_at: Timestamp,
}

/// The result of a claim.
enum Claim {
    Taken(Box<WorkItem>),
    /// Another worker was faster, or the work is not needed.
    Gone,
    /// The worker has as much work as it can take.
    Full,
}

impl RemoteWorkers {
    /// Registers a worker for the project of the caller.
    ///
    /// # Errors
    /// Fails when a name is invalid, the project has too many workers, or the store fails.
    pub async fn register(
        &self,
        caller: &Caller,
        new: NewWorker,
        audit: Audit,
    ) -> Result<RegisteredWorker, HostError> {
        if let Some(why) = wrong_name(&new.name) {
            return Err(HostError::Argument("name", why.to_owned()));
        }
        if let Some((name, why)) = new.functions.iter().find_map(|name| Some((name, wrong_name(name)?))) {
            let shown: String = name.chars().take(60).collect();
            return Err(HostError::Argument("functions", format!("`{shown}` {why}")));
        }
        let project = caller.project();
        if self.ctx.store.count(Kind::RemoteWorker, project).await? >= MOST_WORKERS {
            self.forget().await?;
            if self.ctx.store.count(Kind::RemoteWorker, project).await? >= MOST_WORKERS {
                let why = format!("the project has {MOST_WORKERS} workers, which is the maximum");
                return Err(HostError::Refused(why));
            }
        }
        let (now, id) = (self.ctx.now(), format!("worker_{}", crate::node::token()));
        let mut functions = new.functions;
        functions.sort();
        functions.dedup();
        let detail = format!("{} with {} functions", new.name, functions.len());
        let record = WorkerRecord {
            name: new.name,
            functions,
            capacity: new.capacity.clamp(1, MOST_CAPACITY),
            by: caller.by().identity,
            registered_at: now,
            seen_at: now,
        };
        let put = record.put(&id, project, Expect::Absent);
        let audit = Audit { target: id.clone(), detail, ..audit };
        self.ctx.store.write(vec![put, Change::Audit(audit)]).await?;
        Ok(RegisteredWorker { worker: id, lease_seconds: self.lease().as_secs() })
    }

    /// Removes a worker. Work that it still has is lost at once.
    ///
    /// # Errors
    /// Fails when the caller has no such worker, or the store fails.
    pub async fn leave(&self, caller: &Caller, worker: &str, audit: Audit) -> Result<(), HostError> {
        self.worker(caller, worker).await?;
        let gone = Change::Remove { kind: Kind::RemoteWorker, id: worker.to_owned(), expect: Expect::Any };
        self.ctx.store.write(vec![gone, Change::Audit(audit)]).await?;
        self.lose_all_of(worker).await
    }

    /// Takes work for a worker, and waits for it if there is none.
    ///
    /// # Errors
    /// Fails when the caller has no such worker, or the store fails.
    pub async fn poll(
        &self,
        caller: &Caller,
        worker: &str,
        capacity: u32,
        wait: Duration,
    ) -> Result<Vec<WorkItem>, HostError> {
        let known = self.worker(caller, worker).await?;
        let most = capacity.min(known.capacity);
        let until = clock::later(self.ctx.now(), wait.min(LONGEST_POLL));
        loop {
            // A notification between the look and the wait is not lost.
            let offered = self.ctx.node.offers.notified();
            let mut offered = std::pin::pin!(offered);
            offered.as_mut().enable();
            let taken = self.take(caller, (worker, &known), most).await?;
            let left = (until - self.ctx.now()).to_std().unwrap_or_default();
            if !taken.is_empty() || most == 0 || left.is_zero() || self.ctx.is_draining() {
                return Ok(taken);
            }
            tokio::select! {
                () = &mut offered => {}
                () = tokio::time::sleep(left.min(LOOK)) => {}
                () = self.ctx.node.draining.cancelled() => {}
            }
        }
    }

    /// Takes work that is open now.
    async fn take(
        &self,
        caller: &Caller,
        (worker, known): (&str, &WorkerRecord),
        most: u32,
    ) -> Result<Vec<WorkItem>, HostError> {
        let mut taken: Vec<WorkItem> = Vec::new();
        // Another function comes first each time, so that none starves.
        let count = known.functions.len();
        let start = usize::try_from(self.ctx.now().timestamp_subsec_micros()).unwrap_or(0) % count.max(1);
        for function in known.functions.iter().cycle().skip(start).take(count) {
            let left = most.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
            if left == 0 {
                break;
            }
            let shelf = shelf(caller.project(), function);
            let found = self.ctx.store.records(Kind::OpenWork, None, &shelf, left + SPARE).await?;
            for record in found {
                let Some(id) = record.id.strip_prefix(&shelf) else { break };
                if taken.len() >= most as usize {
                    break;
                }
                match self.claim(caller, worker, (id, &record.id)).await? {
                    Claim::Taken(item) => taken.push(*item),
                    Claim::Gone => {}
                    Claim::Full => return Ok(taken),
                }
            }
        }
        Ok(taken)
    }

    /// Takes one item of work, unless another worker was faster, it is not needed, or the worker has enough.
    async fn claim(&self, caller: &Caller, worker: &str, work: (&str, &str)) -> Result<Claim, HostError> {
        for _ in 0..TRIES {
            let known = self.known(caller, worker).await?;
            let in_hand = self.ctx.store.count(Kind::WorkLease, worker).await?;
            if in_hand >= u64::from(known.0.capacity) {
                return Ok(Claim::Full);
            }
            if let Some(claim) = self.try_claim(caller, (worker, known), work).await? {
                return Ok(claim);
            }
        }
        Ok(Claim::Gone)
    }

    /// Takes one item of work. The same transaction changes the record of the worker, so that of two polls at the same
    /// time, the second one counts the work of the first. Returns `None` if another change was faster.
    async fn try_claim(
        &self,
        caller: &Caller,
        (worker, (known, known_version)): (&str, (WorkerRecord, u64)),
        (id, on_shelf): (&str, &str),
    ) -> Result<Option<Claim>, HostError> {
        let store = &*self.ctx.store;
        // Work that was offered again may have another function.
        let found = Found::read(store, id).await?.filter(|found| found.item.on_shelf() == on_shelf);
        let Some(Found { mut item, state, version }) = found else {
            let gone = Change::Remove { kind: Kind::OpenWork, id: on_shelf.to_owned(), expect: Expect::Any };
            store.write(vec![gone]).await?;
            return Ok(Some(Claim::Gone));
        };
        let now = self.ctx.now();
        let is_due = item.wait_until <= now;
        if state != item::OPEN || is_due || !caller.covers(&item.job) {
            return Ok(Some(Claim::Gone));
        }
        if !self.is_needed(&item).await? {
            written(store, item.remove(version)).await?;
            return Ok(Some(Claim::Gone));
        }
        let lease = Lease {
            worker: worker.to_owned(),
            name: known.name.clone(),
            taken_at: now,
            until: clock::later(now, self.lease()),
            ends_at: clock::later(now, Duration::from_millis(item.limit_ms)),
        };
        let (until, ends_at) = (lease.until, lease.ends_at);
        item.lease = Some(lease);
        let mut changes = item.lease(version);
        changes.push(known.put(worker, caller.project(), Expect::Version(known_version)));
        if !written(store, changes).await? {
            return Ok(None);
        }
        self.ctx.measures.work("taken");
        let input = store.record(Kind::WorkInput, id).await?;
        let input = input.and_then(|record| record.value.as_object().cloned()).unwrap_or_default();
        Ok(Some(Claim::Taken(Box::new(WorkItem {
            work: id.to_owned(),
            run: item.run,
            job_id: stepwell_engine::project::local(&item.job).to_owned(),
            step: item.step,
            attempt: item.attempt,
            function: item.function,
            input,
            fence: item.fence,
            lease_until: until,
            ends_at,
        }))))
    }

    /// Returns the time that a lease lasts without a heartbeat: as long as the claim of a process.
    fn lease(&self) -> Duration {
        self.ctx.settings().config.service.lease.0
    }

    /// Returns whether the run of work still waits for it.
    async fn is_needed(&self, item: &Item) -> Result<bool, HostError> {
        match self.ctx.store.row(&item.run).await {
            Ok(row) => Ok(!row.status.is_terminal() && row.cancel.is_none()),
            Err(StoreError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves the end of a lease, and says whether the work is still needed.
    ///
    /// # Errors
    /// Fails when the worker does not have this lease, or the store fails.
    pub async fn heartbeat(&self, caller: &Caller, claimed: Claimed<'_>) -> Result<Heartbeat, HostError> {
        self.worker(caller, claimed.worker).await?;
        for _ in 0..TRIES {
            let Found { mut item, state, version } = self.held(caller, claimed).await?;
            let now = self.ctx.now();
            let until = clock::later(now, self.lease());
            let ends_at = item.lease.as_ref().map_or(now, |lease| lease.ends_at);
            if state == item::CANCELLED || ends_at <= now {
                return Ok(Heartbeat { lease_until: until.min(ends_at), cancelled: true });
            }
            let cancelled = !self.is_needed(&item).await?;
            if let Some(lease) = &mut item.lease {
                lease.until = until;
            }
            if written(&*self.ctx.store, item.lease(version)).await? {
                return Ok(Heartbeat { lease_until: until, cancelled });
            }
        }
        Err(HostError::Busy("other requests change this work; try again".to_owned()))
    }

    /// Ends work with a result of its worker.
    ///
    /// # Errors
    /// Fails when the worker does not have this lease any more, the work is no longer needed, the result is too large,
    /// or the store fails.
    pub async fn end(
        &self,
        caller: &Caller,
        claimed: Claimed<'_>,
        result: WorkResult,
    ) -> Result<(), HostError> {
        self.worker(caller, claimed.worker).await?;
        for _ in 0..TRIES {
            let Found { item, state, version } = self.held(caller, claimed).await?;
            if state == item::CANCELLED || !self.is_needed(&item).await? {
                self.ctx.measures.work("refused");
                return Err(refused(
                    claimed,
                    "the run does not need it any more: it is cancelled, or the step has ended",
                ));
            }
            results::check(&result, &item)?;
            let how = results::how_of(result.clone());
            if self.finish(&item, version, how).await? {
                return Ok(());
            }
        }
        Err(HostError::Busy("other requests change this work; try again".to_owned()))
    }

    /// Writes the end of work that a worker has, and wakes its run. Returns whether no other change was faster.
    pub(crate) async fn finish(&self, item: &Item, version: u64, how: How) -> Result<bool, HostError> {
        let at = self.ctx.now();
        let event = match &how {
            How::Completed { .. } => "completed",
            How::Failed { .. } => "failed",
            How::Lost => "lost",
            How::TimedOut { .. } => "timed_out",
        };
        let lease = item.lease.as_ref();
        let end = End {
            how,
            attempt: item.attempt,
            fence: item.fence,
            worker: lease.map(|lease| lease.name.clone()).unwrap_or_default(),
            taken_at: lease.map_or(at, |lease| lease.taken_at),
            at,
        };
        let done = written(&*self.ctx.store, item.end(version, &end)).await?;
        if done {
            self.ctx.measures.work(event);
            self.ctx.wake_run(&item.run).await;
        }
        Ok(done)
    }

    /// Returns the work of a lease, if the worker still has it.
    async fn held(&self, caller: &Caller, claimed: Claimed<'_>) -> Result<Found, HostError> {
        let missing = || StoreError::NoRecord(Kind::Work.name(), claimed.work.to_owned());
        let found = Found::read(&*self.ctx.store, claimed.work).await?;
        // Work of another project is as unknown as work that does not exist.
        let found = found.filter(|found| found.item.project == caller.project()).ok_or_else(missing)?;
        let lease = found.item.lease.as_ref().filter(|lease| lease.worker == claimed.worker);
        let is_own = lease.is_some() && found.item.fence == claimed.fence;
        let is_over = lease.is_some_and(|lease| lease.until <= self.ctx.now());
        match found.state.as_str() {
            LEASED if is_own && !is_over => Ok(found),
            item::CANCELLED if is_own => Ok(found),
            _ => {
                self.ctx.measures.work("refused");
                Err(refused(claimed, "its lease is over: the work has ended, or belongs to another attempt"))
            }
        }
    }

    /// Returns a worker of the caller, and notes its sign of life.
    async fn worker(&self, caller: &Caller, id: &str) -> Result<WorkerRecord, HostError> {
        let (mut known, version) = self.known(caller, id).await?;
        let now = self.ctx.now();
        if now - known.seen_at > SEEN {
            known.seen_at = now;
            // Two requests at the same time note the same.
            written(&*self.ctx.store, vec![known.put(id, caller.project(), Expect::Version(version))])
                .await?;
        }
        Ok(known)
    }

    /// Returns a worker of the caller, with the version of its record.
    async fn known(&self, caller: &Caller, id: &str) -> Result<(WorkerRecord, u64), HostError> {
        let missing = || StoreError::NoRecord("worker", label::shown(id));
        let record = self.ctx.store.record(Kind::RemoteWorker, id).await?;
        let record = record.filter(|record| record.state == caller.project()).ok_or_else(missing)?;
        let known: WorkerRecord = serde_json::from_value(record.value).map_err(|_| missing())?;
        match known.by == caller.by().identity {
            true => Ok((known, record.version)),
            false => Err(missing().into()),
        }
    }
}

impl WorkerRecord {
    fn put(&self, id: &str, project: &str, expect: Expect) -> Change {
        let value = serde_json::to_value(self).unwrap_or_default();
        let (kind, id, state) = (Kind::RemoteWorker, id.to_owned(), project.to_owned());
        Change::Put { kind, id, state, value, expect }
    }
}

fn refused(claimed: Claimed<'_>, why: &str) -> HostError {
    let work: String = claimed.work.chars().take(100).collect();
    HostError::Refused(format!("the work {work} is not yours (fence {}): {why}", claimed.fence))
}

/// Returns the id of the run of work, for messages.
pub(crate) fn run_of_work(work: &str) -> &str {
    run_of(work).unwrap_or(work)
}

//! A failing store, for a process that crashes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::job::Job;
use stepwell::engine::lock::{MemoryLocks, Settings};
use stepwell::engine::run::Event;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{
    Audit, AuditRow, Chain, Change, Checkpoint, Claim, ClaimQuery, CleanUp, Commit, EndedRow, EventPage,
    Expect, FireBatch, Fired, Idempotency, Inserted, JobRow, Kind, LedgerFilter, LedgerRow, Link, Loaded,
    LogPage, LogPlace, NewRun, Next, NextFire, Place, QueueRow, Record, Renewal, RunFilter, RunRow,
    ScheduleFilter, ScheduleRow, Standing, Vitals, Wake,
};
use stepwell::engine::{StepRequest, StoreError};
use stepwell::store::{PostgresSettings, PostgresStore, SqliteStore};
use tokio::runtime::Runtime;
use tokio::sync::broadcast;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::Random;

/// A fault that the checks must detect, to show that they can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The store accepts a write with a stale fence.
    StaleFence,
    /// The store acknowledges a run and loses it.
    LostRun,
    /// The store ignores concurrency keys.
    NoKeys,
    /// The store drops a fire.
    LostFire,
    /// The store creates two runs for a fire.
    DoubleFire,
    /// A waiting run is never due again.
    Stuck,
    /// The store forgets a successful step, which runs again.
    ForgottenStep,
    /// The store forgets that a step was lost with its process.
    ForgottenLoss,
    /// The store acknowledges a checkpoint and loses it.
    LostCheckpoint,
    /// The store changes the output of a step of a group.
    OtherOutput,
    /// The back end of locks shares exclusive locks.
    LooseLocks,
    /// The store does not compare the versions of work.
    LooseWork,
}

impl Broken {
    /// All faults.
    pub const ALL: [Self; 12] = [
        Self::StaleFence,
        Self::LostRun,
        Self::NoKeys,
        Self::LostFire,
        Self::DoubleFire,
        Self::Stuck,
        Self::ForgottenStep,
        Self::ForgottenLoss,
        Self::LostCheckpoint,
        Self::OtherOutput,
        Self::LooseLocks,
        Self::LooseWork,
    ];
}

/// The checkpoints of a step.
#[derive(Default)]
struct Saved {
    acknowledged: Option<String>,
    on_its_way: Vec<String>,
    /// The number of the newest attempt.
    newest: u32,
}

/// The state that survives crashes: the store, and the records of the checks.
pub struct Ground {
    pub store: Arc<dyn Store>,
    pub locks: Arc<MemoryLocks>,
    /// Whether the store is a server. Its time passes while the simulation is idle, so waits for it are
    /// outside virtual time.
    server: bool,
    pub broken: Option<Broken>,
    /// The largest fence of each run.
    fences: Mutex<HashMap<String, u64>>,
    pub stale_writes: Mutex<Vec<String>>,
    /// The commits in the store: run, fence and number.
    written: Mutex<HashSet<(String, u64, u64)>>,
    pub acknowledged: Mutex<Vec<String>>,
    /// The checkpoints of steps, by run and step: acknowledged and in flight.
    saved: Mutex<HashMap<(String, String), Saved>>,
    pub wrong_checkpoints: Mutex<Vec<String>>,
    random: Mutex<Random>,
    /// Faults happen once in this many calls; 0 disables them.
    pub rate: AtomicU64,
}

impl Ground {
    pub fn new(seed: u64, broken: Option<Broken>, server: Option<PostgresSettings>) -> Self {
        Self {
            server: server.is_some(),
            store: match server {
                Some(settings) => Arc::new(PostgresStore::with(settings.callers_time())),
                None => Arc::new(SqliteStore::in_memory()),
            },
            locks: Arc::new(MemoryLocks::new(Settings::default())),
            broken,
            fences: Mutex::default(),
            stale_writes: Mutex::default(),
            written: Mutex::default(),
            acknowledged: Mutex::default(),
            saved: Mutex::default(),
            wrong_checkpoints: Mutex::default(),
            random: Mutex::new(Random::new(seed ^ 0x5eed)),
            rate: AtomicU64::new(0),
        }
    }

    /// Returns the store's answer.
    pub async fn ask<T: Send>(&self, question: impl Future<Output = T> + Send) -> T {
        if !self.server {
            return question.await;
        }
        static OUTSIDE: OnceLock<Runtime> = OnceLock::new();
        let runtime =
            OUTSIDE.get_or_init(|| Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}")));
        let answer = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(question)).join());
        answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn chance(&self, n: u64) -> bool {
        n > 0 && self.random.lock().is_ok_and(|mut random| random.once_in(n))
    }

    /// Records a checkpoint that a step is about to save or has saved.
    pub fn note_checkpoint(&self, run: &str, step: &str, data: &str, acknowledged: bool) {
        let Ok(mut saved) = self.saved.lock() else { return };
        let saved = saved.entry((run.to_owned(), step.to_owned())).or_default();
        if acknowledged {
            saved.acknowledged = Some(data.to_owned());
            saved.on_its_way.clear();
        } else {
            saved.on_its_way.push(data.to_owned());
        }
    }

    /// Checks that an attempt gets the last checkpoint that an earlier attempt saved. A retried run
    /// starts again. A process that stalled may start an attempt after a later one: it has an old checkpoint.
    pub fn check_checkpoint(&self, request: &StepRequest, may_begin_anew: bool) {
        let (run, step, found) = (&request.execution_id, &request.step_id, request.checkpoint.as_deref());
        let Ok(mut all) = self.saved.lock() else { return };
        let saved = all.entry((run.to_owned(), step.to_owned())).or_default();
        if request.attempt < saved.newest {
            return;
        }
        saved.newest = request.attempt;
        let right = found == saved.acknowledged.as_deref()
            || found.is_some_and(|found| saved.on_its_way.iter().any(|data| data == found))
            || found.is_none() && may_begin_anew;
        if !right && let Ok(mut wrong) = self.wrong_checkpoints.lock() {
            let expected = &saved.acknowledged;
            wrong
                .push(format!("{run}: the step {step} got the checkpoint {found:?} instead of {expected:?}"));
        }
        if found.is_none() {
            *saved = Saved { newest: request.attempt, ..Saved::default() };
        }
    }

    fn note_claim(&self, claim: &Claim) {
        if let Ok(mut fences) = self.fences.lock() {
            let known = fences.entry(claim.run.execution_id.clone()).or_default();
            *known = claim.fence.max(*known);
        }
    }

    fn fence(&self, id: &str) -> u64 {
        self.fences.lock().ok().and_then(|fences| fences.get(id).copied()).unwrap_or(0)
    }
}

/// The store as one process sees it.
pub struct Faulty {
    ground: Arc<Ground>,
    /// The number of writes after which the process crashes, or pauses.
    writes: Option<Arc<AtomicI64>>,
    /// The time for which the process pauses instead of crashing.
    pause: Option<Duration>,
    dead: AtomicBool,
    stalled: Mutex<Option<Instant>>,
}

impl Faulty {
    pub fn new(ground: Arc<Ground>) -> Self {
        Self { ground, writes: None, pause: None, dead: AtomicBool::new(false), stalled: Mutex::default() }
    }

    /// Creates a store whose process crashes before the write that would make `writes` negative. Several stores of
    /// one process share the number.
    pub fn dying(ground: Arc<Ground>, writes: Arc<AtomicI64>) -> Self {
        Self { writes: Some(writes), ..Self::new(ground) }
    }

    /// Creates a store whose process pauses for this time before the write that makes `writes` negative, and then
    /// continues. Several stores of one process share the number.
    pub fn pausing(ground: Arc<Ground>, writes: Arc<AtomicI64>, pause: Duration) -> Self {
        Self { writes: Some(writes), pause: Some(pause), ..Self::new(ground) }
    }

    /// Crashes the process: from now on it has no visible effect.
    pub fn crash(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    /// Returns whether the process has crashed.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Stalls the process for this time, as between SIGSTOP and SIGCONT.
    pub fn stall(&self, time: Duration) {
        self.stalled.lock().map(|mut stalled| *stalled = Some(Instant::now() + time)).ok();
    }

    /// Applies the faults of a call before it reaches the store.
    pub(super) async fn enter(&self, writes: bool) -> Result<(), StoreError> {
        let stalled = self.stalled.lock().ok().and_then(|stalled| *stalled);
        if let Some(until) = stalled {
            sleep_until(until).await;
        }
        if let Some(left) = self.writes.as_ref().filter(|_| writes) {
            let left = left.fetch_sub(1, Ordering::Relaxed);
            match self.pause {
                Some(pause) if left == 0 => sleep(pause).await,
                None if left <= 0 => self.crash(),
                _ => {}
            }
        }
        let spent = self.writes.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) < 0);
        let others_died = spent && self.pause.is_none();
        if self.dead.load(Ordering::Relaxed) || others_died {
            std::future::pending::<()>().await;
        }
        let rate = self.ground.rate.load(Ordering::Relaxed);
        if self.ground.chance(rate * 2) {
            sleep(Duration::from_millis(300)).await;
        }
        if writes && self.ground.chance(rate) {
            return Err(StoreError::Unavailable("simulated".to_owned()));
        }
        Ok(())
    }

    /// Applies the faults of an answer: the write stands, but the caller does not learn of it.
    pub(super) async fn leave<T>(&self, value: T) -> Result<T, StoreError> {
        if self.dead.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        match self.ground.chance(self.ground.rate.load(Ordering::Relaxed) * 2) {
            true => Err(StoreError::Failed("simulated: the answer is lost".to_owned())),
            false => Ok(value),
        }
    }

    fn inner(&self) -> &dyn Store {
        &*self.ground.store
    }
}

/// Implements a part of the store: the methods in braces, and others that only pass a call on.
macro_rules! passed_on {
    ($part:ident { $($own:tt)* } $($kind:ident $name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl $part for Faulty {
            $($own)*

            $(async fn $name(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                self.enter(stringify!($kind) == "write").await?;
                self.ground.ask(self.inner().$name($($arg),*)).await
            })*
        }
    };
}

passed_on! {
    RunStore {
        async fn insert(&self, run: &NewRun, with: Vec<Change>) -> Result<Inserted, StoreError> {
            self.enter(true).await?;
            let mut run = run.clone();
            match self.ground.broken {
                Some(Broken::LostRun) if self.ground.chance(4) => {
                    self.ground.acknowledged.lock().map(|mut all| all.push(run.execution_id.clone())).ok();
                    return Ok(Inserted::default());
                }
                Some(Broken::NoKeys) => run.key = None,
                _ => {}
            }
            let inserted = self.ground.ask(self.inner().insert(&run, with)).await?;
            let inserted = self.leave(inserted).await?;
            self.ground.acknowledged.lock().map(|mut all| all.push(run.execution_id.clone())).ok();
            Ok(inserted)
        }

        async fn claim(&self, query: ClaimQuery) -> Result<Vec<Claim>, StoreError> {
            self.enter(true).await?;
            let claims = self.ground.ask(self.inner().claim(query)).await?;
            claims.iter().for_each(|claim| self.ground.note_claim(claim));
            self.leave(claims).await
        }

        async fn claim_run(
            &self,
            execution_id: &str,
            worker: &str,
            now: Timestamp,
            until: Timestamp,
        ) -> Result<Claim, StoreError> {
            self.enter(true).await?;
            let claim = self.ground.ask(self.inner().claim_run(execution_id, worker, now, until)).await?;
            self.ground.note_claim(&claim);
            self.leave(claim).await
        }

        async fn commit(&self, mut commit: Commit) -> Result<Vec<String>, StoreError> {
            self.enter(true).await?;
            let newest = self.ground.fence(&commit.execution_id);
            let (id, fence, number) = (commit.execution_id.clone(), commit.fence, commit.number);
            match self.ground.broken {
                Some(Broken::StaleFence) => commit.fence = newest,
                Some(Broken::Stuck) => {
                    if let Next::Wait(due) = &mut commit.next {
                        *due += chrono::Duration::days(3650);
                    }
                }
                Some(Broken::ForgottenStep) if commit.next == Next::Keep && self.ground.chance(3) => {
                    let kept =
                        |event: &Event| !matches!(event, Event::StepEnded { .. } | Event::StepStarted { .. });
                    commit.events.retain(kept);
                }
                Some(Broken::OtherOutput) => {
                    for event in &mut commit.events {
                        if let Event::StepEnded { step, end, .. } = event
                            && step.to_string().starts_with('g')
                            && end.outcome.is_success()
                        {
                            Arc::make_mut(end).produced.output = "another".into();
                        }
                    }
                }
                Some(Broken::ForgottenLoss) => {
                    commit.events.retain(|event| !matches!(event, Event::AttemptLost { .. }));
                }
                _ => {}
            }
            let free = self.ground.ask(self.inner().commit(commit)).await?;
            // A caller that lost the answer asks again, and may then learn that the write stands.
            let is_new = self.ground.written.lock().is_ok_and(|mut all| all.insert((id.clone(), fence, number)));
            if fence < newest && is_new {
                self.ground
                    .stale_writes
                    .lock()
                    .map(|mut all| all.push(format!("{id}: {fence} after {newest}")))
                    .ok();
            }
            // The worker retries, and must not write twice.
            self.leave(free)
                .await
                .map_err(|_| StoreError::Unavailable("simulated: the answer is lost".to_owned()))
        }

        async fn save_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
            self.enter(true).await?;
            if self.ground.broken == Some(Broken::LostCheckpoint) && self.ground.chance(2) {
                return Ok(());
            }
            let saved = self.ground.ask(self.inner().save_checkpoint(checkpoint)).await?;
            self.leave(saved)
                .await
                .map_err(|_| StoreError::Unavailable("simulated: the answer is lost".to_owned()))
        }
    }
    write renew(claims: &[(String, u64)], now: Timestamp, until: Timestamp) -> Vec<Renewal>;
    write expire(worker: &str, now: Timestamp) -> u64;
    read workers() -> Vec<String>;
    write request_cancel(execution_id: &str, why: &str, now: Timestamp, audit: Option<Audit>) -> RunRow;
    read next_due(queue: &str, after: Option<Timestamp>) -> Option<Timestamp>;
    read overdue(now: Timestamp, limit: u32) -> Vec<String>;
    read load(execution_id: &str) -> Loaded;
    read events(execution_id: &str, after: Place) -> EventPage;
    read latest(execution_id: &str) -> (Arc<Job>, Vec<Event>);
    read row(execution_id: &str) -> RunRow;
    read replayed(idempotency: &Idempotency) -> Option<String>;
    read list(filter: &RunFilter) -> Vec<RunRow>;
    read ended_by_hour(project: Option<&str>, since: Timestamp) -> Vec<EndedRow>;
    read standing(execution_id: &str, now: Timestamp) -> Standing;
    read log_page(execution_id: &str, from: LogPlace, limit: u32) -> LogPage;
    read queues(now: Timestamp) -> Vec<QueueRow>;
    read queues_of(project: &str, now: Timestamp) -> Vec<QueueRow>;
}

passed_on! {
    ScheduleStore {
        async fn fire(&self, mut batches: Vec<FireBatch>) -> Result<Vec<Fired>, StoreError> {
            self.enter(true).await?;
            let mut twice = None;
            for batch in &mut batches {
                match self.ground.broken {
                    Some(Broken::LostFire) if self.ground.chance(5) => drop(batch.fires.pop()),
                    Some(Broken::DoubleFire) if self.ground.chance(3) => {
                        twice = batch.fires.iter().find_map(|fire| fire.run.clone());
                    }
                    _ => {}
                }
            }
            let fired = self.ground.ask(self.inner().fire(batches)).await?;
            if let Some(mut run) =
                twice.filter(|run| fired.iter().any(|fired| fired.runs.contains(&run.execution_id)))
            {
                run.execution_id.push_str("_twice");
                self.ground.ask(self.inner().insert(&run, Vec::new())).await?;
            }
            self.leave(fired).await
        }
    }
    write lease_schedulers(holder: &str, now: Timestamp, until: Timestamp) -> Vec<String>;
    read due_schedules(holder: &str, now: Timestamp, limit: u32) -> Vec<ScheduleRow>;
    read next_schedule(holder: Option<&str>) -> Option<Timestamp>;
    read schedule(job_id: &str) -> Option<ScheduleRow>;
    read next_fires(job_ids: &[String]) -> Vec<NextFire>;
    read schedules(filter: &ScheduleFilter) -> Vec<ScheduleRow>;
    read ledger(filter: &LedgerFilter) -> Vec<LedgerRow>;
}

passed_on! {
    RecordStore {
        async fn write(&self, mut changes: Vec<Change>) -> Result<(), StoreError> {
            self.enter(true).await?;
            for change in &mut changes {
                if let (Some(Broken::LooseWork), Change::Put { kind: Kind::Work, expect, .. }) =
                    (self.ground.broken, change)
                {
                    *expect = Expect::Any;
                }
            }
            self.ground.ask(self.inner().write(changes)).await
        }
    }
    read record(kind: Kind, id: &str) -> Option<Record>;
    read records(kind: Kind, state: Option<&str>, after: &str, limit: u32) -> Vec<Record>;
    read job_rows(after: &str, limit: u32) -> Vec<JobRow>;
    read count(kind: Kind, state: &str) -> u64;
    read audit(before: Option<u64>, limit: u32) -> Vec<AuditRow>;
    read audit_chain() -> Chain;
    read audit_links(after: u64, limit: u32) -> Vec<Link>;
    write clean_up(query: CleanUp) -> Vec<String>;
}

passed_on! {
    ComponentStore {
        async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
            self.ground.ask(self.inner().component(digest)).await
        }
    }
    write put_component(digest: &str, wasm: Vec<u8>) -> ();
}

#[async_trait]
impl Announcements for Faulty {
    fn announce(&self, wake: Wake) {
        self.inner().announce(wake);
    }

    fn announcements(&self) -> Option<broadcast::Receiver<Wake>> {
        None
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vec<Vitals>, StoreError> {
        self.ground.ask(self.inner().vitals(now)).await
    }
}

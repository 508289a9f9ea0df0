//! What a process knows of itself: the claims that it holds, who waits for what, and that it is alive.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, TryLockError};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use stepwell_engine::Manifest;
use stepwell_engine::StoreError;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::{Catalog, Job};
use stepwell_engine::run::{Admission, AdmitError, RunState, admit, execution_id};
use stepwell_engine::schedule::{Calendars, check_once};
use stepwell_engine::store::{Audit, Idempotency, Inserted, NewRun, Renewal, Source, Wake};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::components::Loading;
use crate::guests::GuestThreads;
use crate::steps::StepRecord;
use crate::worker::Hold;
use crate::{Host, HostError, Inner, private};

/// How many ids this process has made of each of the last seconds. Runs that wait to be inserted may be of several seconds: with one
/// count for all, they would begin anew in turns, and find each number taken.
#[derive(Default)]
struct Ids(BTreeMap<i64, u32>);

/// Seconds whose ids are counted.
const RECENT_SECONDS: usize = 64;

impl Ids {
    fn next(&mut self, second: i64) -> u32 {
        let count = self.0.entry(second).or_default();
        *count += 1;
        let number = *count;
        while self.0.len() > RECENT_SECONDS {
            self.0.pop_first();
        }
        number
    }
}

/// The state of this process.
pub(crate) struct Node {
    name: OnceLock<(String, Option<File>)>,
    holds: Mutex<BTreeMap<String, Arc<Hold>>>,
    wakes: Mutex<HashMap<String, Arc<Notify>>>,
    /// Who waits for the end of which run.
    waiters: Mutex<HashMap<String, Vec<oneshot::Sender<Arc<RunState>>>>>,
    /// Who follows the log of which run.
    followers: Mutex<HashMap<String, watch::Sender<()>>>,
    ids: Mutex<Ids>,
    /// A number that most likely no other process has; who has the same one makes another id when it is taken.
    number: u32,
    pub draining: CancellationToken,
    /// The service has let the last run go.
    pub ended: CancellationToken,
    /// Wakes the scheduler.
    pub schedules: Arc<Notify>,
    /// Has claims renewed.
    pub claims: Arc<Notify>,
    /// Queues that this process is the scheduler of.
    pub leases: Mutex<Vec<String>>,
    /// Step types that were registered in the store.
    pub registered: Mutex<BTreeMap<String, StepRecord>>,
    /// When that was last looked up, where nobody tells of changes.
    pub looked: Mutex<Option<Timestamp>>,
    /// Components that the store is known to have.
    pub kept: Mutex<BTreeSet<String>>,
    /// Held while a component is written there.
    pub keeping: tokio::sync::Mutex<()>,
    /// Components that are being fetched from there.
    pub loading: Loading,
    /// Step types whose component does not compile, and its digest.
    pub broken: Mutex<BTreeMap<String, String>>,
    /// Counts the changes of settings and steps.
    pub generation: AtomicU64,
    /// Queues that have somebody who serves them.
    pub served: Mutex<BTreeMap<String, crate::service::Serving>>,
    pub serving: OnceLock<tokio::sync::mpsc::UnboundedSender<String>>,
    /// Where a service works on its runs.
    pub guests: OnceLock<GuestThreads>,
    /// Held while a large document is read.
    pub reading: Mutex<()>,
    /// Panics in a row of workers whose runs run no step.
    pub panics: Mutex<HashMap<String, u32>>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: OnceLock::new(),
            holds: Mutex::default(),
            wakes: Mutex::default(),
            waiters: Mutex::default(),
            followers: Mutex::default(),
            ids: Mutex::default(),
            number: random() % 1_000_000,
            draining: CancellationToken::new(),
            ended: CancellationToken::new(),
            schedules: Arc::default(),
            claims: Arc::default(),
            leases: Mutex::default(),
            registered: Mutex::default(),
            looked: Mutex::default(),
            kept: Mutex::default(),
            keeping: tokio::sync::Mutex::default(),
            loading: Loading::default(),
            broken: Mutex::default(),
            generation: AtomicU64::new(0),
            served: Mutex::default(),
            serving: OnceLock::new(),
            guests: OnceLock::new(),
            reading: Mutex::default(),
            panics: Mutex::default(),
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of this machine, as far as it can be part of a file's name.
pub(crate) fn machine() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    name.trim().chars().filter(plain).take(63).collect()
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without random numbers, zero has to do: names have the process's id, and ids of runs are tried until one is free.
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// What a host admits: a run, or the run that the same request made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The run.
    pub execution_id: String,
    /// The same request, by its idempotency key, made this run before.
    pub replayed: bool,
    /// Something that the caller may not expect.
    pub note: Option<String>,
}

/// Takes a hold out of the registry when the worker is done, however it ends.
pub(crate) struct Held {
    host: Host,
    hold: Arc<Hold>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut holds = lock(&self.host.node.holds);
        if holds.get(&self.hold.execution_id).is_some_and(|held| held.fence == self.hold.fence) {
            holds.remove(&self.hold.execution_id);
        }
    }
}

/// Somebody who waits for the end of a run.
struct Waiter {
    host: Host,
    execution_id: String,
    end: oneshot::Receiver<Arc<RunState>>,
}

impl Waiter {
    async fn wait(mut self, limit: Duration) -> Result<RunState, HostError> {
        let host = self.host.clone();
        let ended = async {
            loop {
                if let Ok(Ok(state)) = tokio::time::timeout(Duration::from_millis(500), &mut self.end).await {
                    return Ok(RunState::clone(&state));
                }
                if host.store.row(&self.execution_id).await?.status.is_terminal() {
                    return host.run(&self.execution_id).await;
                }
            }
        };
        match tokio::time::timeout(limit, ended).await {
            Ok(ended) => ended,
            Err(_) => host.run(&self.execution_id).await,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.end.close();
        let mut waiters = lock(&self.host.node.waiters);
        if let Some(others) = waiters.get_mut(&self.execution_id) {
            others.retain(|waiter| !waiter.is_closed());
            if others.is_empty() {
                waiters.remove(&self.execution_id);
            }
        }
    }
}

/// The step types, and the calendars of the configuration.
pub(crate) struct HostCatalog<'a>(&'a Inner);

impl Catalog for HostCatalog<'_> {
    fn manifest(&self, step_type: &str) -> Option<Arc<Manifest>> {
        self.0.sandbox.manifest(step_type)
    }
    fn types(&self) -> Vec<String> {
        let mut types = self.0.sandbox.types();
        types.push(stepwell_engine::job::approval::TYPE.to_owned());
        types.sort();
        types
    }
    fn versions(&self, type_name: &str) -> Vec<String> {
        self.0.sandbox.versions(type_name)
    }
    fn left_out(&self, step_type: &str) -> Map<String, Value> {
        self.0.settings().config.left_out(step_type)
    }
    fn calendars(&self) -> Calendars {
        self.0.settings().config.calendars.clone()
    }
}

impl Host {
    /// What jobs may name.
    pub fn catalog(&self) -> impl Catalog + '_ {
        HostCatalog(self)
    }

    /// Admits a job: keeps it as a run in the queue of its time zone, or for the one who asks when the admission
    /// says so. `audit` is written with it.
    ///
    /// # Errors
    /// When the job is disabled, a variable is not the job's, the queue is full, or the store failed.
    pub async fn enqueue(
        &self,
        job: &Arc<Job>,
        admission: Admission,
        idempotency: Option<Idempotency>,
        audit: Option<Audit>,
    ) -> Result<Admitted, HostError> {
        let now = self.clock.now();
        if let (Source::Api, Some(due)) = (&admission.source, admission.due) {
            check_once(due, now).map_err(|why| HostError::Argument("scheduled_time", why))?;
        }
        let run = admit(job, admission, String::new(), now)?;
        self.insert(run, idempotency, audit, |_| Ok(())).await
    }

    /// Gives the run its id, its rank and its queue, and keeps it; `before` learns of each id that is tried.
    pub(crate) async fn insert(
        &self,
        run: NewRun,
        idempotency: Option<Idempotency>,
        audit: Option<Audit>,
        mut before: impl FnMut(&str) -> Result<(), HostError>,
    ) -> Result<Admitted, HostError> {
        self.fresh_steps().await?;
        let mut run = self.ranked(run)?;
        run.idempotency = idempotency;
        if let Some(by) = audit.as_ref().map(|audit| &audit.by)
            && !run.started_by.contains(by)
        {
            run.started_by.push(by.clone());
        }
        self.keep_components([&run]).await?;
        loop {
            run.execution_id = self.next_id(run.created_at);
            before(&run.execution_id)?;
            let audit = audit.clone().map(|audit| Audit { target: run.execution_id.clone(), ..audit });
            match self.timed("insert", self.store.insert(&run, audit)).await {
                Ok(inserted) => {
                    self.inserted(&run, &inserted);
                    return Ok(Admitted { execution_id: run.execution_id, replayed: false, note: None });
                }
                Err(StoreError::Exists(_)) => {}
                Err(StoreError::Replayed(execution_id)) => {
                    return Ok(Admitted { execution_id, replayed: true, note: None });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The run with the components of its steps, its rank and the bound of its queue.
    pub(crate) fn ranked(&self, mut run: NewRun) -> Result<NewRun, HostError> {
        run.trace.get_or_insert_with(|| self.new_trace());
        run.components = self.pins(&run.job);
        if let Some(queue) = &run.queue {
            let settings =
                self.settings().queues.settings(queue).ok_or_else(|| AdmitError::NoQueue(queue.clone()))?;
            run.rank = settings.rank(run.scheduled_time, run.priority);
            run.max_waiting = settings.max_waiting;
        }
        Ok(run)
    }

    fn inserted(&self, run: &NewRun, inserted: &Inserted) {
        self.cancel_held(&inserted.to_cancel, &format!("replaced by the run {}", run.execution_id));
        if let Some(queue) = &run.queue {
            self.serve_queue(queue);
            self.wake([queue.as_str()]);
            self.tell_queues([queue.clone()]);
        }
    }

    /// Tells other processes that runs of these queues may have become free to go.
    pub(crate) fn tell_queues(&self, queues: impl IntoIterator<Item = String>) {
        queues.into_iter().for_each(|queue| self.store.announce(Wake::Queue(queue)));
    }

    /// The next id: a number within the second, and the number of this process where several machines make ids.
    pub(crate) fn next_id(&self, now: Timestamp) -> String {
        let id = execution_id(now, lock(&self.node.ids).next(now.timestamp()));
        if self.store.is_shared() { format!("{id}{:06}", self.node.number) } else { id }
    }

    /// The name of this process among those that work on runs. Its lock file tells others of this machine that it is
    /// alive, or was.
    pub(crate) fn worker(&self) -> &str {
        let make = || {
            let name = format!("{}-{}-{:08x}", machine(), std::process::id(), random());
            let lock = self.lock_as(&name).inspect_err(|error| {
                tracing::warn!("no lock file; others wait for the lease when this process dies: {error}");
            });
            (name, lock.ok())
        };
        &self.node.name.get_or_init(make).0
    }

    fn lock_as(&self, name: &str) -> std::io::Result<File> {
        let dir = self.base.join("workers");
        private::make(&dir)?;
        let file = File::create(dir.join(name))?;
        file.try_lock().map_err(std::io::Error::other)?;
        Ok(file)
    }

    /// Ends the claims of processes of this machine that have died: the operating system took their locks back.
    pub(crate) async fn bury_dead_workers(&self) -> Result<(), StoreError> {
        for worker in self.store.workers().await? {
            let path = self.base.join("workers").join(&worker);
            if worker == self.worker() || !path.exists() {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            if let Err(TryLockError::WouldBlock | TryLockError::Error(_)) = file.try_lock() {
                continue;
            }
            let count = self.store.expire(&worker, self.clock.now()).await?;
            match count {
                0 => tracing::debug!("the worker {worker} ended"),
                count => tracing::info!("the worker {worker} died; {count} of its runs can be taken over"),
            }
            // A file that is left behind does no harm.
            let _ = fs::remove_file(&path);
        }
        Ok(())
    }

    /// When a claim made at `now` expires.
    pub(crate) fn lease_from(&self, now: Timestamp) -> Timestamp {
        clock::later(now, self.settings().config.service.lease.0)
    }

    pub(crate) fn hold(&self, hold: Arc<Hold>) -> Held {
        lock(&self.node.holds).insert(hold.execution_id.clone(), hold.clone());
        Held { host: self.clone(), hold }
    }

    /// Runs that this process works on.
    pub(crate) fn held(&self) -> Vec<Arc<Hold>> {
        lock(&self.node.holds).values().cloned().collect()
    }

    /// Cancels those of the runs that this process works on; others learn of it when they renew their claims.
    pub(crate) fn cancel_held(&self, ids: &[String], why: &str) {
        let holds = lock(&self.node.holds);
        for hold in ids.iter().filter_map(|id| holds.get(id)) {
            hold.cancel(why);
        }
    }

    /// Renews this process's claims, until it is dropped.
    pub(crate) fn beat(&self) -> AbortOnDropHandle<()> {
        let host = self.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let due = clock::later(host.clock.now(), host.renew_every());
                // Earlier when another process says that there is something to learn.
                let _ = tokio::time::timeout(host.renew_every(), host.node.claims.notified()).await;
                host.renew().await;
                host.measures.renewed(host.clock.now() - due);
            }
        }))
    }

    /// Five times within a lease.
    fn renew_every(&self) -> Duration {
        self.settings().config.service.lease.0 / 5
    }

    async fn renew(&self) {
        let held = self.held();
        let claims: Vec<(String, u64)> =
            held.iter().map(|hold| (hold.execution_id.clone(), hold.fence)).collect();
        if claims.is_empty() {
            return;
        }
        let now = self.clock.now();
        match self.timed("renew", self.store.renew(&claims, now, self.lease_from(now))).await {
            Ok(renewals) => {
                for (hold, renewal) in held.iter().zip(renewals) {
                    match renewal {
                        Renewal::Kept(Some(why)) => hold.cancel(&why),
                        Renewal::Kept(None) => {}
                        Renewal::Lost if lock(&self.node.holds).contains_key(&hold.execution_id) => {
                            self.measures.lost_claim();
                            hold.abort.cancel();
                        }
                        Renewal::Lost => {}
                    }
                }
            }
            // Each write checks the fence: a lost claim is found there, and loudly.
            Err(error) => tracing::warn!("claims are not renewed: {error}"),
        }
    }

    /// Wakes those who serve the queues.
    pub(crate) fn wake<'q>(&self, queues: impl IntoIterator<Item = &'q str>) {
        let wakes = lock(&self.node.wakes);
        for queue in queues {
            if let Some(notify) = wakes.get(queue) {
                notify.notify_one();
            }
        }
    }

    /// Wakes the schedulers of all processes.
    pub(crate) fn schedules_changed(&self) {
        self.node.schedules.notify_one();
        self.store.announce(Wake::Schedules);
    }

    pub(crate) fn notify_of(&self, queue: &str) -> Arc<Notify> {
        lock(&self.node.wakes).entry(queue.to_owned()).or_default().clone()
    }

    /// Tells those who wait for the end of a run, when it has come.
    pub(crate) fn moved(&self, state: &RunState) {
        if !state.status.is_terminal() {
            return;
        }
        let waiters = lock(&self.node.waiters).remove(&state.run.execution_id);
        let Some(waiters) = waiters else { return };
        let state = Arc::new(state.clone());
        for waiter in waiters {
            // Whoever waited may have gone.
            let _ = waiter.send(state.clone());
        }
    }

    /// Tells those who follow the log of a run that it has grown, or that the run has ended.
    pub(crate) fn logged(&self, execution_id: &str) {
        if let Some(followers) = lock(&self.node.followers).get(execution_id) {
            followers.send_replace(());
        }
    }

    /// Follows the log of a run, as far as this process writes it.
    pub fn follow(&self, execution_id: &str) -> Follow {
        let mut followers = lock(&self.node.followers);
        let sender = followers.entry(execution_id.to_owned()).or_insert_with(|| watch::Sender::new(()));
        Follow { grown: sender.subscribe(), host: self.clone(), execution_id: execution_id.to_owned() }
    }

    fn waiter(&self, execution_id: &str) -> Waiter {
        let (sender, end) = oneshot::channel();
        lock(&self.node.waiters).entry(execution_id.to_owned()).or_default().push(sender);
        Waiter { host: self.clone(), execution_id: execution_id.to_owned(), end }
    }

    /// Waits until a run has ended, at most for `limit`; its state then. What another process moves is looked at
    /// twice a second.
    ///
    /// # Errors
    /// When there is no such run, or the store failed.
    pub async fn wait(&self, execution_id: &str, limit: Duration) -> Result<RunState, HostError> {
        let waiter = self.waiter(execution_id);
        if self.store.row(execution_id).await?.status.is_terminal() {
            return self.run(execution_id).await;
        }
        waiter.wait(limit).await
    }

    /// Puts a run of a job into its queue, and waits for its end, at most for `limit`; the state then.
    ///
    /// # Errors
    /// As [`Host::enqueue`].
    pub async fn run_queued(
        &self,
        job: &Arc<Job>,
        admission: Admission,
        idempotency: Option<Idempotency>,
        audit: Option<Audit>,
        limit: Duration,
    ) -> Result<(Admitted, RunState), HostError> {
        let run = admit(job, admission, String::new(), self.clock.now())?;
        let mut waiter = None;
        let wait = |id: &str| {
            waiter = Some(self.waiter(id));
            Ok(())
        };
        let admitted = self.insert(run, idempotency, audit, wait).await?;
        let state = match waiter.filter(|_| !admitted.replayed) {
            Some(waiter) => waiter.wait(limit).await?,
            None => self.wait(&admitted.execution_id, limit).await?,
        };
        Ok((admitted, state))
    }
}

/// Follows the log of a run.
pub struct Follow {
    grown: watch::Receiver<()>,
    host: Host,
    execution_id: String,
}

impl Follow {
    /// Waits until this process has written to the log, or `limit` is over: another node may have written, too.
    pub async fn grown(&mut self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.grown.changed()).await;
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let mut followers = lock(&self.host.node.followers);
        // This one still counts.
        if followers.get(&self.execution_id).is_some_and(|sender| sender.receiver_count() <= 1) {
            followers.remove(&self.execution_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn seconds_in_turns_have_counts_of_their_own() {
        let mut ids = Ids::default();
        let made: Vec<u32> = [10, 11, 10, 11, 12, 10].into_iter().map(|second| ids.next(second)).collect();
        assert_eq!(made, [1, 1, 2, 2, 1, 3]);
        for second in 0..1_000 {
            ids.next(second);
        }
        assert!(ids.0.len() <= super::RECENT_SECONDS);
    }
}

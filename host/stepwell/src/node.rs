//! The state of a process: its claims, its waiting callers, and its sign of life.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::run::{RunState, execution_id};
use stepwell_engine::store::{Renewal, Wake};
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::components::Loading;
use crate::context::Context;
use crate::guests::GuestThreads;
use crate::private;
use crate::steps::StepRecord;
use crate::turns::Turns;
use crate::worker::Hold;

/// The number of ids that this process has made in each recent second. Runs that wait to be inserted may
/// belong to several seconds. With one counter for all seconds, they would reset it in turns and find each
/// number taken.
#[derive(Default)]
struct Ids(BTreeMap<i64, u32>);

/// The number of recent seconds whose ids are counted.
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
    /// The callers that wait for the end of each run.
    pub waiters: Mutex<HashMap<String, Vec<oneshot::Sender<Arc<RunState>>>>>,
    /// The followers of the log of each run.
    pub followers: Mutex<HashMap<String, watch::Sender<()>>>,
    ids: Mutex<Ids>,
    /// A random number. A process with the same number tries another id when one is taken.
    number: u32,
    pub draining: CancellationToken,
    /// The places for runs, and for attempts beyond the first of a run. Set when the service starts.
    pub slots: OnceLock<Arc<Semaphore>>,
    /// The tasks of the service, and the runs that callers of this process wait for.
    pub tasks: TaskTracker,
    /// Cancelled when the service has released its last run.
    pub ended: CancellationToken,
    /// Wakes the scheduler.
    pub schedules: Arc<Notify>,
    /// Wakes the task that renews claims.
    pub claims: Arc<Notify>,
    /// Wakes the workers that wait for work.
    pub offers: Notify,
    /// The queues for which this process is the scheduler.
    pub leases: Mutex<Vec<String>>,
    /// The step types that are registered in the store.
    pub registered: Mutex<BTreeMap<String, StepRecord>>,
    /// The time of the last refresh of the registered steps, in processes that receive no announcements.
    pub refreshed_at: Mutex<Option<Timestamp>>,
    /// The digests of the components that are known to be in the store.
    pub stored: Mutex<BTreeSet<String>>,
    /// Locked while a component is written to the store.
    pub storing: tokio::sync::Mutex<()>,
    /// The components that are being fetched from the store.
    pub loading: Loading,
    /// The digests of configurations that their components have accepted.
    pub accepted: Mutex<HashSet<String>>,
    /// The step types whose component does not compile, with its digest.
    pub broken: Mutex<BTreeMap<String, String>>,
    /// The number of changes to settings and steps.
    pub generation: AtomicU64,
    /// The queues that tasks of this process serve.
    pub served: Mutex<BTreeMap<String, crate::service::Serving>>,
    pub serving: OnceLock<tokio::sync::mpsc::UnboundedSender<String>>,
    /// The threads on which a service executes runs.
    pub guests: OnceLock<GuestThreads>,
    /// The turns of large documents.
    pub reading: Turns,
    /// The turns of expressions that work on much.
    pub evaluating: Turns,
    /// The numbers of consecutive panics of workers, by runs of which no step was next.
    pub panics: Mutex<HashMap<String, u32>>,
    /// The numbers of consecutive claims of runs whose records cannot be read.
    pub unreadable: Mutex<HashMap<String, u32>>,
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
            slots: OnceLock::new(),
            tasks: TaskTracker::new(),
            ended: CancellationToken::new(),
            schedules: Arc::default(),
            claims: Arc::default(),
            offers: Notify::new(),
            leases: Mutex::default(),
            registered: Mutex::default(),
            refreshed_at: Mutex::default(),
            stored: Mutex::default(),
            accepted: Mutex::default(),
            storing: tokio::sync::Mutex::default(),
            loading: Loading::default(),
            broken: Mutex::default(),
            generation: AtomicU64::new(0),
            served: Mutex::default(),
            serving: OnceLock::new(),
            guests: OnceLock::new(),
            reading: Turns::default(),
            evaluating: Turns::default(),
            panics: Mutex::default(),
            unreadable: Mutex::default(),
        }
    }
}

/// Returns the name of this machine, without the characters that a file name cannot contain.
pub(crate) fn machine() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    name.trim().chars().filter(plain).take(63).collect()
}

/// Returns a random text that identifies a worker. It is no secret.
pub(crate) fn token() -> String {
    format!("{:08x}{:08x}", random(), random())
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without random numbers, zero must do: names include the id of the process, and ids of runs are tried
    // until one is free.
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// Removes a hold from the registry when it is dropped, also after an error or a panic.
pub(crate) struct Held {
    ctx: Arc<Context>,
    hold: Arc<Hold>,
}

impl Held {
    pub fn hold(&self) -> Arc<Hold> {
        self.hold.clone()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut holds = self.ctx.node.holds.lock();
        if holds.get(&self.hold.execution_id).is_some_and(|held| held.fence == self.hold.fence) {
            holds.remove(&self.hold.execution_id);
        }
    }
}

impl Context {
    /// Announces to other processes that runs of these queues may be ready.
    pub(crate) fn announce_queues(&self, queues: impl IntoIterator<Item = String>) {
        queues.into_iter().for_each(|queue| self.store.announce(Wake::Queue(queue)));
    }

    /// Returns the next id: a number within the second, and the number of this process if several machines
    /// create ids.
    pub(crate) fn next_id(&self, now: Timestamp) -> String {
        let id = execution_id(now, self.node.ids.lock().next(now.timestamp()));
        if self.store.is_shared() { format!("{id}{:06}", self.node.number) } else { id }
    }

    /// Returns the name of this process as a worker. The lock on its file shows other processes of this
    /// machine whether it is alive.
    pub(crate) fn worker(&self) -> &str {
        let make = || {
            let name = format!("{}-{}-{:08x}", machine(), std::process::id(), random());
            let lock = self.lock_as(&name).inspect_err(|error| {
                tracing::warn!("cannot create the lock file, so when this process dies, others wait for its leases to expire: {error}");
            });
            (name, lock.ok())
        };
        &self.node.name.get_or_init(make).0
    }

    /// Returns whether this process has worked on runs, or tried to.
    pub(crate) fn has_claimed(&self) -> bool {
        self.node.name.get().is_some()
    }

    fn lock_as(&self, name: &str) -> std::io::Result<File> {
        let dir = self.base.join("workers");
        private::make(&dir)?;
        let file = File::create(dir.join(name))?;
        file.try_lock().map_err(std::io::Error::other)?;
        Ok(file)
    }

    /// Ends the claims of dead processes of this machine. The operating system has released their locks.
    pub(crate) async fn expire_dead_workers(&self) -> Result<(), StoreError> {
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
                count => {
                    tracing::info!("the worker {worker} died; other workers can claim {count} of its runs")
                }
            }
            // A leftover file is harmless.
            let _ = fs::remove_file(&path);
        }
        Ok(())
    }

    pub(crate) fn hold(self: &Arc<Self>, hold: Arc<Hold>) -> Held {
        self.node.holds.lock().insert(hold.execution_id.clone(), hold.clone());
        Held { ctx: self.clone(), hold }
    }

    /// Returns the claims that this process holds.
    pub(crate) fn held(&self) -> Vec<Arc<Hold>> {
        self.node.holds.lock().values().cloned().collect()
    }

    /// Returns the claim that this process holds on a run.
    pub(crate) fn held_run(&self, execution_id: &str) -> Option<Arc<Hold>> {
        self.node.holds.lock().get(execution_id).cloned()
    }

    /// Cancels the runs among `ids` that this process works on. Other processes see the cancellation when
    /// they renew their claims.
    pub(crate) fn cancel_held(&self, ids: &[String], why: &str) {
        let holds = self.node.holds.lock();
        for hold in ids.iter().filter_map(|id| holds.get(id)) {
            hold.cancel(why);
        }
    }

    /// Renews this process's claims until the returned handle is dropped.
    pub(crate) fn start_renewals(self: &Arc<Self>) -> AbortOnDropHandle<()> {
        let ctx = self.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let due = clock::later(ctx.clock.now(), ctx.renew_every());
                // The renewal is earlier when another process announces a change.
                let _ = tokio::time::timeout(ctx.renew_every(), ctx.node.claims.notified()).await;
                let held = ctx.held();
                tokio::join!(ctx.renew(&held), ctx.renew_locks(&held));
                ctx.measures.renewed(ctx.clock.now() - due);
            }
        }))
    }

    /// Returns the interval of renewals: a fifth of a lease.
    pub fn renew_every(&self) -> Duration {
        self.settings().config.service.lease.0 / 5
    }

    async fn renew(&self, held: &[Arc<Hold>]) {
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
                        Renewal::Lost if self.node.holds.lock().contains_key(&hold.execution_id) => {
                            self.measures.lost_claim();
                            hold.abort.cancel();
                        }
                        Renewal::Lost => {}
                    }
                }
            }
            // Each write checks the fencing token, so a lost claim makes the write fail.
            Err(error) => tracing::warn!("cannot renew claims: {error}"),
        }
    }

    /// Wakes the tasks that serve the queues.
    pub(crate) fn wake<'q>(&self, queues: impl IntoIterator<Item = &'q str>) {
        let wakes = self.node.wakes.lock();
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
        self.node.wakes.lock().entry(queue.to_owned()).or_default().clone()
    }

    /// Wakes the callers that wait for the end of this run, if it has ended.
    pub(crate) fn notify_waiters(&self, state: &RunState) {
        if !state.status.is_terminal() {
            return;
        }
        let waiters = self.node.waiters.lock().remove(&state.run.execution_id);
        let Some(waiters) = waiters else { return };
        let state = Arc::new(state.clone());
        for waiter in waiters {
            // The caller may have stopped waiting.
            let _ = waiter.send(state.clone());
        }
    }

    /// Wakes the followers of the log of a run when the log has grown, or when the run has ended.
    pub(crate) fn logged(&self, execution_id: &str) {
        if let Some(followers) = self.node.followers.lock().get(execution_id) {
            followers.send_replace(());
        }
    }

    /// Starts to serve the queue, if this process serves.
    pub(crate) fn serve_queue(&self, queue: &str) {
        if let Some(opener) = self.node.serving.get()
            && !self.node.served.lock().contains_key(queue)
        {
            // The receiver ends with the service.
            let _ = opener.send(queue.to_owned());
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

//! The service: a dispatcher for each queue, one scheduler, and housekeeping.
//!
//! Each part is a separate task that restarts when it fails: a queue that crashes, is paused or is flooded
//! does not affect the others. State that must be consistent between processes is in the store, and these
//! tasks only act on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{Claim, ClaimQuery, Wake};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::HostError;
use crate::context::Context;
use crate::guests::GuestThreads;
use crate::house::House;
use crate::locks::LockAudit;
use crate::worker::{Hold, Silent};

/// The maximum sleep of a task, after which it sees the changes of other processes.
pub(crate) const POLL: Duration = Duration::from_secs(1);
/// The maximum time for the last writes of a process to its store.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// The maximum number of runs that a dispatcher claims per transaction.
const CLAIM: u32 = 64;

/// A running service. It continues to run when this value is dropped; [`Service::drain`] and
/// [`Host::shutdown`](crate::Host::shutdown) end it.
pub struct Service {
    ctx: Arc<Context>,
}

/// A queue that this process serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Serving {
    /// The actor who paused the queue, and the reason.
    pub paused: Option<String>,
    /// The runs of the queue that this process works on.
    pub running: Arc<AtomicU32>,
}

/// Claims runs of the queues, and starts workers for them.
#[derive(Clone)]
struct Dispatcher {
    ctx: Arc<Context>,
}

impl Dispatcher {
    async fn open_queues(
        &self,
        mut queues: UnboundedReceiver<String>,
        tasks: &TaskTracker,
        slots: &Arc<Semaphore>,
    ) {
        loop {
            let queue = tokio::select! {
                biased;
                queue = queues.recv() => queue,
                () = self.ctx.node.draining.cancelled() => None,
            };
            let Some(queue) = queue else { return };
            let serving = match self.ctx.node.served.lock().entry(queue.clone()) {
                std::collections::btree_map::Entry::Occupied(_) => continue,
                std::collections::btree_map::Entry::Vacant(free) => free.insert(Serving::default()).clone(),
            };
            self.ctx.queues().refresh_pause(&queue).await;
            let (slots, work) = (slots.clone(), tasks.clone());
            supervise(self.ctx.clone(), tasks, &format!("queue {queue}"), move |ctx| {
                let (queue, slots, serving, work) =
                    (queue.clone(), slots.clone(), serving.clone(), work.clone());
                async move { Dispatcher { ctx }.dispatch(&queue, &slots, &serving, &work).await }
            });
        }
    }

    /// Claims the runs of a queue as they become ready, and starts workers for them.
    async fn dispatch(&self, queue: &str, slots: &Arc<Semaphore>, serving: &Serving, tasks: &TaskTracker) {
        let notify = self.ctx.notify_of(queue);
        let zone = queue.parse().unwrap_or(chrono_tz::UTC);
        let Some(mut settings) = self.ctx.settings().queues.settings(queue) else { return };
        let mut pause = Duration::from_millis(100);
        // A claim is a write, so the dispatcher claims only when a run may be ready.
        let mut look = true;
        while !self.ctx.is_draining() {
            if !look {
                let until = self.until_due(queue, None).await;
                if !until.is_zero() {
                    look = self.ctx.sleep_or(&notify, until).await;
                    continue;
                }
            }
            let now = self.ctx.clock.now();
            // The settings may have been reloaded.
            settings = self.ctx.settings().queues.settings(queue).unwrap_or(settings);
            let room = room(slots.available_permits(), serving.running.load(Ordering::Relaxed));
            if room == 0 {
                let until = self.until_due(queue, None).await;
                look = if until.is_zero() {
                    // The other queues use all workers: the end of any of their runs frees one, so a wake-up
                    // of this queue alone is not enough.
                    self.worker_or(&notify, slots).await;
                    true
                } else {
                    self.ctx.sleep_or(&notify, until).await
                };
                continue;
            }
            let paused =
                self.ctx.node.served.lock().get(queue).is_some_and(|serving| serving.paused.is_some());
            let query = ClaimQuery {
                queue: queue.to_owned(),
                concurrency: settings.concurrency,
                limit: room,
                open: !paused && settings.closed_until(zone, now).is_none(),
                worker: self.ctx.worker().to_owned(),
                now,
                until: self.ctx.lease_from(now),
            };
            let claims = match self.ctx.timed("claim", self.ctx.store.claim(query)).await {
                Ok(claims) => claims,
                Err(error) => {
                    tracing::warn!("queue {queue}: {error}");
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                    continue;
                }
            };
            pause = Duration::from_millis(100);
            let (none, full) = (claims.is_empty(), claims.len() as u32 >= room);
            for claim in claims {
                self.spawn_work(claim, queue, slots, serving, tasks);
            }
            look = full && !none && slots.available_permits() > 0;
            if none {
                // Ready runs that were not claimed wait for a slot, and the end of a run wakes this task.
                // Runs that are due later must not wait with them.
                let until = self.until_due(queue, Some(now)).await;
                look = self.ctx.sleep_or(&notify, until).await;
            }
        }
    }

    /// Returns the time until the next run of the queue is due, among those due after `after`: at most one
    /// second.
    async fn until_due(&self, queue: &str, after: Option<Timestamp>) -> Duration {
        let next = self.ctx.store.next_due(queue, after).await.ok().flatten();
        next.map_or(POLL, |next| (next - self.ctx.clock.now()).to_std().unwrap_or_default()).min(POLL)
    }

    /// Waits until a worker is free, or the queue is woken.
    async fn worker_or(&self, notify: &Notify, slots: &Semaphore) {
        tokio::select! {
            biased;
            () = self.ctx.node.draining.cancelled() => {}
            () = notify.notified() => {}
            // The claim of a run takes the permit: the first dispatcher gets it.
            free = slots.acquire() => drop(free),
        }
    }

    fn spawn_work(
        &self,
        claim: Claim,
        queue: &str,
        slots: &Arc<Semaphore>,
        serving: &Serving,
        tasks: &TaskTracker,
    ) {
        let permit = slots.clone().try_acquire_owned();
        let running = Running::new(&serving.running);
        let (ctx, queue) = (self.ctx.clone(), queue.to_owned());
        let job = claim.run.job.id.to_string();
        // The claim is renewed from now on, also while the work waits for a thread.
        let held = ctx.hold(Arc::new(Hold::new(&claim, Default::default())));
        let work = async move {
            let id = claim.run.execution_id.clone();
            match ctx.runs().work_held(claim, &held, &Silent).await {
                Ok(_) => {}
                Err(HostError::Store(StoreError::Stale(_))) => {
                    tracing::warn!("the run {id} was released, or another worker took it over");
                }
                Err(error) => tracing::error!("the run {id}: {error}"),
            }
            drop((held, permit, running));
            ctx.wake([queue.as_str()]);
        };
        match self.ctx.node.guests.get() {
            Some(guests) => {
                if let Some((threads, work)) = guests.place(job, work) {
                    tasks.spawn_on(work, threads);
                }
            }
            None => drop(tasks.spawn(work)),
        }
    }

    /// Acts on the announcements of other processes.
    async fn apply_announcements(&self) {
        let Some(mut heard) = self.ctx.store.announcements() else { return };
        loop {
            let wake = tokio::select! {
                biased;
                () = self.ctx.node.draining.cancelled() => return,
                wake = heard.recv() => wake,
            };
            match wake {
                Ok(Wake::Queue(queue)) => {
                    self.ctx.serve_queue(&queue);
                    self.ctx.wake([queue.as_str()]);
                }
                Ok(Wake::Claims) => self.ctx.node.claims.notify_one(),
                Ok(Wake::Schedules) => self.ctx.node.schedules.notify_one(),
                Ok(Wake::Steps) => {
                    if let Err(error) = self.ctx.steps().refresh().await {
                        tracing::warn!("steps: {error}");
                    }
                }
                // Those who wait for a lock hear it themselves.
                Ok(Wake::Locks { .. }) => {}
                // Announcements were lost: claims are checked now, and queues once per second.
                Err(RecvError::Lagged(_)) => self.ctx.node.claims.notify_one(),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Returns the number of runs that a queue may claim, given the free workers and the running runs of the
/// queue. A queue without running runs always gets a first worker.
fn room(free: usize, running: u32) -> u32 {
    let spare = u32::from(running == 0);
    u32::try_from(free).unwrap_or(CLAIM).max(spare).min(CLAIM)
}

/// Counts a run while a worker executes it.
struct Running(Arc<AtomicU32>);

impl Running {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a task until it ends, and restarts it when it panics.
fn supervise<F>(
    ctx: Arc<Context>,
    tasks: &TaskTracker,
    name: &str,
    task: impl Fn(Arc<Context>) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (name, inner) = (name.to_owned(), tasks.clone());
    tasks.spawn(async move {
        while let Err(error) = inner.spawn(task(ctx.clone())).await {
            if error.is_cancelled() || ctx.is_draining() {
                return;
            }
            tracing::error!("{name} failed and restarts: {error}");
            sleep(POLL).await;
        }
    });
}

impl Service {
    fn supervise<F>(&self, name: &str, task: impl Fn(Arc<Context>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        supervise(self.ctx.clone(), &self.ctx.node.tasks, name, task);
    }

    /// Starts the tasks of the service.
    pub(crate) async fn start(ctx: Arc<Context>) -> Result<Self, HostError> {
        if ctx.is_draining() {
            return Err(HostError::Refused("this host has shut down".to_owned()));
        }
        let (sender, queues) = unbounded_channel();
        if ctx.node.serving.set(sender).is_err() {
            return Err(HostError::Refused("this host already serves".to_owned()));
        }
        ctx.expire_dead_workers().await?;
        ctx.steps().refresh().await?;
        if ctx.has_threads {
            match GuestThreads::start() {
                Ok(guests) => drop(ctx.node.guests.set(guests)),
                Err(error) => tracing::warn!(
                    "runs share the threads of requests, since no other threads can start: {error}"
                ),
            }
        }
        let service = Self { ctx: ctx.clone() };
        let slots = Arc::new(Semaphore::new(ctx.settings().config.service.workers as usize));
        // `serving` was set just now, so that the service starts once.
        let _ = ctx.node.slots.set(slots.clone());
        // Claims are renewed until the service has released its last run.
        let (renewals, ended) = (ctx.start_renewals(), ctx.node.ended.clone());
        tokio::spawn(async move {
            ended.cancelled().await;
            drop(renewals);
        });
        service.supervise("scheduler", |ctx| async move { ctx.schedules().schedule_loop().await });
        service.supervise("compiler", |ctx| async move { ctx.steps().compile_ahead().await });
        service
            .supervise("announcements", |ctx| async move { Dispatcher { ctx }.apply_announcements().await });
        service.supervise("locks of runs", |ctx| ctx.watch_locks());
        service.supervise("locks", |ctx| async move { ctx.locks().end_what_is_over().await });
        service.supervise("remote workers", |ctx| async move { ctx.remote_workers().sweep().await });
        service.supervise("audit of locks", |ctx| async move { LockAudit::new(ctx).run().await });
        service.supervise("locks of Atlantis", |ctx| async move { ctx.atlantis().serve().await });
        service.supervise("housekeeping", |ctx| async move { House { ctx }.run().await });
        let (dispatcher, tasks) = (Dispatcher { ctx: ctx.clone() }, ctx.node.tasks.clone());
        ctx.node.tasks.spawn(async move { dispatcher.open_queues(queues, &tasks, &slots).await });
        for queue in ctx.settings().queues.queues.keys() {
            ctx.serve_queue(queue);
        }
        for row in ctx.store.queues(ctx.clock.now()).await? {
            ctx.serve_queue(&row.queue);
        }
        Ok(service)
    }

    /// Ends the service. No run starts, and running steps may continue for `drain` of the configuration. Runs
    /// that have not ended by then are released, so that another process takes them over. Returns the number
    /// of runs that were released during a step.
    pub async fn drain(self) -> usize {
        self.ctx.drain(self.ctx.settings().config.service.drain.0).await
    }
}

impl Context {
    /// Ends the tasks of this process. Running steps may continue for `limit`. Runs that have not ended by then are
    /// released. Returns their number.
    pub(crate) async fn drain(self: &Arc<Self>, limit: Duration) -> usize {
        let tasks = &self.node.tasks;
        self.node.draining.cancel();
        tasks.close();
        let mut held = Vec::new();
        if timeout(limit, tasks.wait()).await.is_err() {
            held = self.held();
            held.iter().for_each(|hold| hold.abort.cancel());
            let _ = timeout(Duration::from_secs(5), tasks.wait()).await;
        }
        self.node.ended.cancel();
        if !self.has_claimed() {
            return held.len();
        }
        // This also ends the leases of schedulers, so that another process continues at once.
        let last = async {
            if let Err(error) = self.store.expire(self.worker(), self.clock.now()).await {
                tracing::warn!("cannot release the claims, which stay until they expire: {error}");
            }
            if let Err(error) = self.system().record_stopped().await {
                tracing::debug!(
                    "cannot record the stop of this process; others notice it after a timeout: {error}"
                );
            }
        };
        if timeout(LAST_WRITES, last).await.is_err() {
            tracing::warn!("the store does not answer, so the claims stay until they expire");
        }
        held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_takes_free_workers_and_always_gets_a_first_one() {
        for (free, running, expected) in
            [(0, 0, 1), (0, 1, 0), (1, 0, 1), (5, 3, 5), (1000, 0, CLAIM), (usize::MAX, 9, CLAIM)]
        {
            assert_eq!(room(free, running), expected, "{free} free, {running} running");
        }
    }
}

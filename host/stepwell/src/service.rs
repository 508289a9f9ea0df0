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
use crate::worker::Silent;

/// The longest sleep of a task. After it, the task sees the changes of other processes.
pub(crate) const POLL: Duration = Duration::from_secs(1);
/// Runs that a dispatcher takes in one transaction.
const CLAIM: u32 = 64;

/// A running service. It continues to run when this value is dropped; [`Service::drain`] ends it.
pub struct Service {
    ctx: Arc<Context>,
    tasks: TaskTracker,
}

/// A queue that this process serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Serving {
    /// The actor who paused the queue, and the reason.
    pub paused: Option<String>,
    /// The runs of the queue that this process works on.
    pub running: Arc<AtomicU32>,
}

/// Takes runs from queues, and has workers work on them.
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
            keep(self.ctx.clone(), tasks, &format!("queue {queue}"), move |ctx| {
                let (queue, slots, serving, work) =
                    (queue.clone(), slots.clone(), serving.clone(), work.clone());
                async move { Dispatcher { ctx }.dispatch(&queue, &slots, &serving, &work).await }
            });
        }
    }

    /// Takes the runs of a queue as they become free to go, and has them worked on.
    async fn dispatch(&self, queue: &str, slots: &Arc<Semaphore>, serving: &Serving, tasks: &TaskTracker) {
        let notify = self.ctx.notify_of(queue);
        let zone = queue.parse().unwrap_or(chrono_tz::UTC);
        let Some(mut settings) = self.ctx.settings().queues.settings(queue) else { return };
        let mut pause = Duration::from_millis(100);
        // Claiming is a write: it is done when there may be something to take.
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
            // They may have been read again.
            settings = self.ctx.settings().queues.settings(queue).unwrap_or(settings);
            let room = room(slots.available_permits(), serving.running.load(Ordering::Relaxed));
            if room == 0 {
                let until = self.until_due(queue, None).await;
                look = if until.is_zero() {
                    // Other queues have all workers: the end of any of their runs counts, and not only what wakes this
                    // queue.
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
                // What is ready and was not taken waits for a slot, and the slot's end wakes us. What is due later is
                // not to wait with it.
                let until = self.until_due(queue, Some(now)).await;
                look = self.ctx.sleep_or(&notify, until).await;
            }
        }
    }

    /// How long until the next run of the queue is due, of those due after `after`; a second at most.
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
            // The claim of a run takes it; the first dispatcher gets it.
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
        let work = async move {
            let id = claim.run.execution_id.clone();
            match ctx.runs().work(claim, &Silent, Default::default()).await {
                Ok(_) => {}
                Err(HostError::Store(StoreError::Stale(_))) => {
                    tracing::warn!("the run {id} was taken over by another worker, or let go");
                }
                Err(error) => tracing::error!("the run {id}: {error}"),
            }
            drop((permit, running));
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
    async fn hear(&self) {
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
                // Announcements were lost: check all queues, as happens once per second anyway.
                Err(RecvError::Lagged(_)) => self.ctx.node.claims.notify_one(),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Runs that a queue may take when that many workers are free and it has that many running. A queue that has none
/// running gets its first worker whatever the others take.
fn room(free: usize, running: u32) -> u32 {
    let spare = u32::from(running == 0);
    u32::try_from(free).unwrap_or(CLAIM).max(spare).min(CLAIM)
}

/// Counts a run that is worked on.
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

/// Runs a task until it ends, and again when it panics.
fn keep<F>(
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
            tracing::error!("{name} failed and starts again: {error}");
            sleep(POLL).await;
        }
    });
}

impl Service {
    fn keep<F>(&self, name: &str, task: impl Fn(Arc<Context>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        keep(self.ctx.clone(), &self.tasks, name, task);
    }

    /// Starts the tasks of the service.
    pub(crate) async fn start(ctx: Arc<Context>) -> Result<Self, HostError> {
        let (sender, queues) = unbounded_channel();
        if ctx.node.serving.set(sender).is_err() {
            return Err(HostError::Refused("this host serves already".to_owned()));
        }
        ctx.expire_dead_workers().await?;
        ctx.steps().refresh().await?;
        if ctx.runs_guests {
            match GuestThreads::start() {
                Ok(guests) => drop(ctx.node.guests.set(guests)),
                Err(error) => tracing::warn!("runs share the threads of requests: {error}"),
            }
        }
        let service = Self { ctx: ctx.clone(), tasks: TaskTracker::new() };
        let slots = Arc::new(Semaphore::new(ctx.settings().config.service.workers as usize));
        // Claims are renewed until the last run has been released.
        let (beat, ended) = (ctx.beat(), ctx.node.ended.clone());
        tokio::spawn(async move {
            ended.cancelled().await;
            drop(beat);
        });
        service.keep("scheduler", |ctx| async move { ctx.schedules().schedule_loop().await });
        service.keep("compiler", |ctx| async move { ctx.steps().compile_ahead().await });
        service.keep("announcements", |ctx| async move { Dispatcher { ctx }.hear().await });
        service.keep("housekeeping", |ctx| async move { House { ctx }.keep().await });
        let (dispatcher, tasks) = (Dispatcher { ctx: ctx.clone() }, service.tasks.clone());
        service.tasks.spawn(async move { dispatcher.open_queues(queues, &tasks, &slots).await });
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
        self.ctx.node.draining.cancel();
        self.tasks.close();
        let limit = self.ctx.settings().config.service.drain.0;
        let mut held = Vec::new();
        if timeout(limit, self.tasks.wait()).await.is_err() {
            held = self.ctx.held();
            held.iter().for_each(|hold| hold.abort.cancel());
            let _ = timeout(Duration::from_secs(5), self.tasks.wait()).await;
        }
        self.ctx.node.ended.cancel();
        // This also ends the leases of schedulers, so that another process continues at once.
        if let Err(error) = self.ctx.store.expire(self.ctx.worker(), self.ctx.clock.now()).await {
            tracing::warn!("claims are not released, and stay until they expire: {error}");
        }
        if let Err(error) = self.ctx.system().say_stopped().await {
            tracing::debug!(
                "the stop of this process is not recorded; others notice it after a timeout: {error}"
            );
        }
        held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_takes_what_is_free_and_is_never_left_without_a_first_worker() {
        for (free, running, expected) in
            [(0, 0, 1), (0, 1, 0), (1, 0, 1), (5, 3, 5), (1000, 0, CLAIM), (usize::MAX, 9, CLAIM)]
        {
            assert_eq!(room(free, running), expected, "{free} free, {running} running");
        }
    }
}

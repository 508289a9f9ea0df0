//! The service: a dispatcher for each queue, one scheduler, and what keeps the house clean.
//!
//! Each part is a task of its own that is started again when it fails: a queue that crashes, is paused or is
//! flooded leaves the others alone. What must hold over processes is in the store; these tasks only act on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::{Admission, admit};
use stepwell_engine::schedule::{self, Decision, Fire, RunOverlap, Timetable, Watch};
use stepwell_engine::store::{
    Claim, ClaimQuery, FireBatch, Kind, LedgerRow, NewFire, ScheduleRow, Source, Wake,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::guests::GuestThreads;
use crate::node::lock;
use crate::worker::Silent;
use crate::{Host, HostError};

/// How long a task sleeps at most: what other processes did is seen by then.
pub(crate) const POLL: Duration = Duration::from_secs(1);
/// A scheduler that looks less often than this has not been watching.
const BREAK: Duration = Duration::from_secs(5);
/// Runs that a dispatcher takes in one transaction.
const CLAIM: u32 = 64;
/// Schedules that the scheduler fires in one transaction.
const SCHEDULES: u32 = 256;
/// Fires of one schedule in one transaction.
const FIRES: usize = 500;

/// A running service. Dropping it leaves it running; [`Service::drain`] ends it.
pub struct Service {
    host: Host,
    tasks: TaskTracker,
}

/// A queue that this process serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Serving {
    /// Who paused it and why.
    pub paused: Option<String>,
    /// Runs of it that this process works on.
    pub running: Arc<AtomicU32>,
}

/// What an operator said about a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueRecord {
    /// Who paused it and why.
    #[serde(default)]
    pub paused: Option<String>,
}

/// That a process works on runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerRecord {
    /// When it last said so.
    pub seen: Timestamp,
    /// A digest of its policies, configuration and queues.
    #[serde(default)]
    pub settings: String,
    /// It has ended, in good order.
    #[serde(default)]
    pub stopped: bool,
}

impl Host {
    /// Starts the service: queues, schedules, backfills and clean-up, in tasks of the current tokio runtime.
    ///
    /// # Errors
    /// When the store cannot be read, or this host serves already.
    pub async fn serve(&self) -> Result<Service, HostError> {
        let (sender, queues) = unbounded_channel();
        if self.node.serving.set(sender).is_err() {
            return Err(HostError::Refused("this host serves already".to_owned()));
        }
        self.bury_dead_workers().await?;
        self.look_for_steps().await?;
        if self.runs_guests {
            match GuestThreads::start() {
                Ok(guests) => drop(self.node.guests.set(guests)),
                Err(error) => tracing::warn!("runs share the threads of requests: {error}"),
            }
        }
        let service = Service { host: self.clone(), tasks: TaskTracker::new() };
        let slots = Arc::new(Semaphore::new(self.settings().config.service.workers as usize));
        // Claims are kept until the last run was let go.
        let (beat, ended) = (self.beat(), self.node.ended.clone());
        tokio::spawn(async move {
            ended.cancelled().await;
            drop(beat);
        });
        service.keep("scheduler", |host| async move { host.schedule_loop().await });
        service.keep("compiler", |host| async move { host.compile_ahead().await });
        service.keep("announcements", |host| async move { host.hear().await });
        service.keep("housekeeping", |host| async move { host.keep_house().await });
        let (host, tasks) = (self.clone(), service.tasks.clone());
        service.tasks.spawn(async move { host.open_queues(queues, &tasks, &slots).await });
        for queue in self.settings().queues.queues.keys() {
            self.serve_queue(queue);
        }
        for row in self.store.queues(self.clock.now()).await? {
            self.serve_queue(&row.queue);
        }
        Ok(service)
    }

    /// Has somebody serve that queue from now on, when this process serves.
    pub(crate) fn serve_queue(&self, queue: &str) {
        if let Some(opener) = self.node.serving.get()
            && !lock(&self.node.served).contains_key(queue)
        {
            // The opener ends with the service.
            let _ = opener.send(queue.to_owned());
        }
    }

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
                () = self.node.draining.cancelled() => None,
            };
            let Some(queue) = queue else { return };
            let serving = match lock(&self.node.served).entry(queue.clone()) {
                std::collections::btree_map::Entry::Occupied(_) => continue,
                std::collections::btree_map::Entry::Vacant(free) => free.insert(Serving::default()).clone(),
            };
            self.refresh_pause(&queue).await;
            let (slots, work) = (slots.clone(), tasks.clone());
            keep(self.clone(), tasks, &format!("queue {queue}"), move |host| {
                let (queue, slots, serving, work) =
                    (queue.clone(), slots.clone(), serving.clone(), work.clone());
                async move { host.dispatch(&queue, &slots, &serving, &work).await }
            });
        }
    }

    /// Takes the runs of a queue as they become free to go, and has them worked on.
    async fn dispatch(&self, queue: &str, slots: &Arc<Semaphore>, serving: &Serving, tasks: &TaskTracker) {
        let notify = self.notify_of(queue);
        let zone = queue.parse().unwrap_or(chrono_tz::UTC);
        let Some(mut settings) = self.settings().queues.settings(queue) else { return };
        let mut pause = Duration::from_millis(100);
        // Claiming is a write: it is done when there may be something to take.
        let mut look = true;
        while !self.is_draining() {
            if !look {
                let until = self.until_due(queue, None).await;
                if !until.is_zero() {
                    look = self.sleep_or(&notify, until).await;
                    continue;
                }
            }
            let now = self.clock.now();
            // They may have been read again.
            settings = self.settings().queues.settings(queue).unwrap_or(settings);
            let room = room(slots.available_permits(), serving.running.load(Ordering::Relaxed));
            if room == 0 {
                let until = self.until_due(queue, None).await;
                look = if until.is_zero() {
                    // Other queues have all workers: the end of any of their runs counts, and not only what wakes this
                    // queue.
                    self.worker_or(&notify, slots).await;
                    true
                } else {
                    self.sleep_or(&notify, until).await
                };
                continue;
            }
            let paused = lock(&self.node.served).get(queue).is_some_and(|serving| serving.paused.is_some());
            let query = ClaimQuery {
                queue: queue.to_owned(),
                concurrency: settings.concurrency,
                limit: room,
                open: !paused && settings.closed_until(zone, now).is_none(),
                worker: self.worker().to_owned(),
                now,
                until: self.lease_from(now),
            };
            let claims = match self.timed("claim", self.store.claim(query)).await {
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
                look = self.sleep_or(&notify, until).await;
            }
        }
    }

    /// How long until the next run of the queue is due, of those due after `after`; a second at most.
    async fn until_due(&self, queue: &str, after: Option<Timestamp>) -> Duration {
        let next = self.store.next_due(queue, after).await.ok().flatten();
        next.map_or(POLL, |next| (next - self.clock.now()).to_std().unwrap_or_default()).min(POLL)
    }

    /// Sleeps; true when it was woken.
    async fn sleep_or(&self, notify: &Notify, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.node.draining.cancelled() => false,
            woken = timeout(time, notify.notified()) => woken.is_ok(),
        }
    }

    /// Waits until a worker is free, or the queue is woken.
    async fn worker_or(&self, notify: &Notify, slots: &Semaphore) {
        tokio::select! {
            biased;
            () = self.node.draining.cancelled() => {}
            () = notify.notified() => {}
            // Taken when a run is claimed; whoever comes first has it.
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
        let (host, queue) = (self.clone(), queue.to_owned());
        let job = claim.run.job.id.to_string();
        let work = async move {
            let id = claim.run.execution_id.clone();
            match host.work(claim, &Silent, Default::default()).await {
                Ok(_) => {}
                Err(HostError::Store(StoreError::Stale(_))) => {
                    tracing::warn!("the run {id} was taken over by another worker, or let go");
                }
                Err(error) => tracing::error!("the run {id}: {error}"),
            }
            drop((permit, running));
            host.wake([queue.as_str()]);
        };
        match self.node.guests.get() {
            Some(guests) => {
                if let Some((threads, work)) = guests.place(job, work) {
                    tasks.spawn_on(work, threads);
                }
            }
            None => drop(tasks.spawn(work)),
        }
    }

    /// Looks up whether somebody paused the queue.
    pub(crate) async fn refresh_pause(&self, queue: &str) {
        let Ok(record) = self.store.record(Kind::Queue, queue).await else { return };
        let said: QueueRecord =
            record.and_then(|record| serde_json::from_value(record.value).ok()).unwrap_or_default();
        if let Some(serving) = lock(&self.node.served).get_mut(queue) {
            serving.paused = said.paused;
        }
    }

    /// Does what other processes announce.
    async fn hear(&self) {
        let Some(mut heard) = self.store.announcements() else { return };
        loop {
            let wake = tokio::select! {
                biased;
                () = self.node.draining.cancelled() => return,
                wake = heard.recv() => wake,
            };
            match wake {
                Ok(Wake::Queue(queue)) => {
                    self.serve_queue(&queue);
                    self.wake([queue.as_str()]);
                }
                Ok(Wake::Claims) => self.node.claims.notify_one(),
                Ok(Wake::Schedules) => self.node.schedules.notify_one(),
                Ok(Wake::Steps) => {
                    if let Err(error) = self.look_for_steps().await {
                        tracing::warn!("steps: {error}");
                    }
                }
                // More than could be kept: everybody looks, as once a second anyway.
                Err(RecvError::Lagged(_)) => self.node.claims.notify_one(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Fires what is due in the queues that this process is the scheduler of, and sleeps until the next.
    async fn schedule_loop(&self) {
        let mut timetables = Timetables::default();
        let notify = self.node.schedules.clone();
        let lease = self.settings().config.service.lease.0;
        let mut leased: Option<Timestamp> = None;
        // Since when it has been watching, and when it last looked.
        let mut watching: Option<(Timestamp, Timestamp)> = None;
        while !self.is_draining() {
            let now = self.clock.now();
            let unbroken =
                watching.filter(|(_, looked)| (now - *looked).to_std().unwrap_or_default() < BREAK);
            let since = unbroken.map_or(now, |(since, _)| since);
            // A process that was stopped for long finds that another one has taken over.
            if leased.is_none_or(|at| (now - at).to_std().unwrap_or(lease) >= lease / 5) {
                match self.store.lease_schedulers(self.worker(), now, self.lease_from(now)).await {
                    Ok(queues) => {
                        leased = Some(now);
                        *lock(&self.node.leases) = queues;
                    }
                    Err(error) => tracing::warn!("scheduler: {error}"),
                }
            }
            let fired = self.fire_due(&mut timetables, since).await;
            if fired.is_ok() {
                watching = Some((since, now));
            }
            let filled = self.fill_backfills(&mut timetables).await;
            let pause = match (fired, filled) {
                (Ok(true), _) | (_, Ok(true)) => continue,
                (Err(error), _) | (_, Err(error)) => {
                    tracing::warn!("scheduler: {error}");
                    POLL
                }
                _ => {
                    let next = self.store.next_schedule(Some(self.worker())).await.ok().flatten();
                    let until =
                        next.map_or(POLL, |next| (next - self.clock.now()).to_std().unwrap_or_default());
                    // What is due and was not fired is somebody else's by now.
                    until.clamp(Duration::from_millis(2), POLL)
                }
            };
            if self.sleep_or(&notify, pause).await {
                // There may be a schedule in a queue that has had none.
                leased = None;
            }
        }
    }

    /// Fires the schedules that are due, as a scheduler that has been watching since then; tells whether there may be
    /// more.
    pub(crate) async fn fire_due(
        &self,
        timetables: &mut Timetables,
        since: Timestamp,
    ) -> Result<bool, HostError> {
        let now = self.clock.now();
        let rows = self.store.due_schedules(self.worker(), now, SCHEDULES).await?;
        let mut more = rows.len() == SCHEDULES as usize;
        let mut batches = Vec::new();
        for row in rows {
            let batch = self.batch(&row, timetables, Watch { since, now });
            more |= batch.next.is_some_and(|next| next <= now);
            batches.push(batch);
        }
        self.fire(batches).await?;
        Ok(more)
    }

    /// What happens to the fires of a schedule that have come.
    pub(crate) fn batch(&self, row: &ScheduleRow, timetables: &mut Timetables, watch: Watch) -> FireBatch {
        let now = watch.now;
        let Some((timetable, schedule)) = timetables.of(self, row).zip(row.job.schedule.as_ref()) else {
            // A calendar that it names may be gone: it waits until the job is fixed.
            tracing::error!("the schedule of the job {} cannot be evaluated", row.job_id);
            return FireBatch {
                job_id: row.job_id.clone(),
                expect: Some(row.cursor),
                cursor: row.cursor,
                next: Some(now + chrono::Duration::minutes(1)),
                fires: Vec::new(),
            };
        };
        let due = schedule::due(&timetable, schedule, row.cursor, row.paused.as_deref(), watch, FIRES);
        let source = |nominal: String| Source::Schedule { nominal };
        let fires =
            due.fires.iter().map(|fire| self.new_fire(row, fire, source, None, schedule.overlap, now));
        FireBatch {
            job_id: row.job_id.clone(),
            expect: Some(row.cursor),
            cursor: due.cursor,
            fires: fires.collect(),
            next: due.next,
        }
    }

    /// A fire with its row, and its run where it is to have one.
    pub(crate) fn new_fire(
        &self,
        schedule: &ScheduleRow,
        fire: &Fire,
        source: impl Fn(String) -> Source,
        priority: Option<u8>,
        overlap: RunOverlap,
        now: Timestamp,
    ) -> NewFire {
        let nominal = fire.nominal.name();
        let mut row = LedgerRow {
            job_id: schedule.job_id.clone(),
            nominal: nominal.clone(),
            due_at: fire.nominal.at,
            decision: fire.decision,
            reason: match fire.reason.as_str() {
                "" => fire.nominal.note().to_owned(),
                reason => reason.to_owned(),
            },
            execution_id: None,
            decided_at: now,
        };
        if !matches!(fire.decision, Decision::Admitted | Decision::Backfilled) {
            return NewFire { row, run: None, overlap };
        }
        let admission =
            Admission { due: Some(fire.due), source: source(nominal), priority, ..Admission::default() };
        let admitted = admit(&schedule.job, admission, self.next_id(now), now).map_err(HostError::from);
        match admitted.and_then(|run| self.ranked(run)) {
            Ok(run) => {
                row.execution_id = Some(run.execution_id.clone());
                NewFire { row, run: Some(run), overlap }
            }
            Err(error) => {
                row.decision = Decision::Refused;
                row.reason = error.to_string();
                NewFire { row, run: None, overlap }
            }
        }
    }

    pub(crate) async fn fire(&self, batches: Vec<FireBatch>) -> Result<(), HostError> {
        if batches.is_empty() {
            return Ok(());
        }
        let queues: std::collections::BTreeSet<String> =
            batches.iter().flat_map(|b| &b.fires).filter_map(|f| f.run.as_ref()?.queue.clone()).collect();
        let runs = batches.iter().flat_map(|batch| &batch.fires).filter_map(|fire| fire.run.as_ref());
        self.keep_components(runs).await?;
        for fired in self.timed("fire", self.store.fire(batches)).await? {
            self.cancel_held(&fired.to_cancel, "replaced by a later run");
        }
        queues.iter().for_each(|queue| self.serve_queue(queue));
        self.wake(queues.iter().map(String::as_str));
        self.tell_queues(queues);
        Ok(())
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

/// Timetables that were made before, by job and the time at which the schedule was made.
#[derive(Default)]
pub(crate) struct Timetables(HashMap<(String, Timestamp), Arc<Timetable>>);

impl Timetables {
    /// Bounds the memory; a timetable is made in microseconds.
    const MOST: usize = 200_000;

    pub(crate) fn of(&mut self, host: &Host, row: &ScheduleRow) -> Option<Arc<Timetable>> {
        let key = (row.job.digest().to_owned(), row.made);
        if let Some(found) = self.0.get(&key) {
            return Some(found.clone());
        }
        let timetable = Arc::new(host.timetable(&row.job, row.made).ok()??);
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(key, timetable.clone());
        Some(timetable)
    }
}

/// Runs a task until it ends, and again when it panics.
fn keep<F>(host: Host, tasks: &TaskTracker, name: &str, task: impl Fn(Host) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (name, inner) = (name.to_owned(), tasks.clone());
    tasks.spawn(async move {
        while let Err(error) = inner.spawn(task(host.clone())).await {
            if error.is_cancelled() || host.is_draining() {
                return;
            }
            tracing::error!("{name} failed and starts again: {error}");
            sleep(POLL).await;
        }
    });
}

impl Service {
    fn keep<F>(&self, name: &str, task: impl Fn(Host) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        keep(self.host.clone(), &self.tasks, name, task);
    }

    /// Ends the service: nothing new begins, steps that run may go on for `drain` of the configuration, and what
    /// runs then is let go, to be done again by whoever comes next. Tells how many runs were let go in the middle of
    /// a step.
    pub async fn drain(self) -> usize {
        self.host.node.draining.cancel();
        self.tasks.close();
        let limit = self.host.settings().config.service.drain.0;
        let mut held = Vec::new();
        if timeout(limit, self.tasks.wait()).await.is_err() {
            held = self.host.held();
            held.iter().for_each(|hold| hold.abort.cancel());
            let _ = timeout(Duration::from_secs(5), self.tasks.wait()).await;
        }
        self.host.node.ended.cancel();
        // Leases of schedulers, too: another process goes on with them at once.
        if let Err(error) = self.host.store.expire(self.host.worker(), self.host.clock.now()).await {
            tracing::warn!("claims are not given back, and expire by themselves: {error}");
        }
        if let Err(error) = self.host.say_stopped().await {
            tracing::debug!("others learn that this process has stopped when its time is over: {error}");
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

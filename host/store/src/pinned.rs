//! Combines several stores, each with the schedules and runs of some queues, to spread queues over databases.
//!
//! All data of a queue is in the queue's store, so that a fire, its row in the ledger and its run share a
//! transaction. Data without a queue (jobs, keys, backfills, components, the audit log) is in the home store.
//! A change in a pinned store writes its audit row there, in its own transaction, and the row is copied to the
//! home store, once.
//! An unreachable store stops only its own queues. A list over all stores then reports the gap.

mod copy;
mod moves;
mod records;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::run::Event;
use stepwell_engine::store::prelude::*;
use stepwell_engine::store::{
    Audit, Change, Checkpoint, Claim, ClaimQuery, Commit, EndedRow, EventPage, FireBatch, Fired, Idempotency,
    Inserted, Kind, LedgerFilter, LedgerRow, Loaded, LogPage, LogPlace, NewRun, NextFire, Place, QueueRow,
    Renewal, RunFilter, RunRow, ScheduleFilter, ScheduleRow, Standing, Vitals, Wake,
};
use tokio::sync::broadcast;

use copy::has_audit;

/// The maximum number of runs and jobs whose store is cached.
const KNOWN: usize = 100_000;

/// A store for each of some queues, and a store for everything else.
pub struct PinnedStores {
    /// The stores with their names. The first is the home store.
    stores: Vec<(String, Arc<dyn Store>)>,
    queues: BTreeMap<String, usize>,
    runs: Mutex<HashMap<String, usize>>,
    heard: broadcast::Sender<Wake>,
}

impl PinnedStores {
    /// Combines `home`, other stores by name, and the map from queue to store.
    pub fn new(
        home: Arc<dyn Store>,
        pinned: BTreeMap<String, Arc<dyn Store>>,
        queues: BTreeMap<String, String>,
    ) -> Self {
        let names: Vec<String> = pinned.keys().cloned().collect();
        let place = |name: &String| names.iter().position(|known| known == name).map(|index| index + 1);
        Self {
            queues: queues.iter().filter_map(|(queue, name)| Some((queue.clone(), place(name)?))).collect(),
            stores: std::iter::once(("home".to_owned(), home)).chain(pinned).collect(),
            runs: Mutex::default(),
            heard: broadcast::channel(1024).0,
        }
    }

    fn at(&self, index: usize) -> Result<&dyn Store, StoreError> {
        let found = self.stores.get(index).map(|(_, store)| &**store);
        found.ok_or_else(|| StoreError::Failed("there is no such store".to_owned()))
    }

    fn home(&self) -> Result<&dyn Store, StoreError> {
        self.at(0)
    }

    fn index_of(&self, queue: Option<&str>) -> usize {
        queue.and_then(|queue| self.queues.get(queue)).copied().unwrap_or(0)
    }

    fn of_queue(&self, queue: Option<&str>) -> Result<&dyn Store, StoreError> {
        self.at(self.index_of(queue))
    }

    fn keep(&self, execution_id: &str, index: usize) {
        let mut runs = self.runs.lock();
        if runs.len() >= KNOWN {
            // It does not matter which entries go: they are looked up again.
            runs.clear();
        }
        runs.insert(execution_id.to_owned(), index);
    }

    /// Returns the store of a run. It asks every store once.
    async fn find(&self, execution_id: &str) -> Result<usize, StoreError> {
        if let Some(known) = self.runs.lock().get(execution_id) {
            return Ok(*known);
        }
        let mut away = None;
        for (index, (name, store)) in self.stores.iter().enumerate() {
            match store.row(execution_id).await {
                Ok(_) => {
                    self.keep(execution_id, index);
                    return Ok(index);
                }
                Err(StoreError::NotFound(_)) => {}
                Err(error) => away = Some(named(name, error)),
            }
        }
        Err(away.unwrap_or_else(|| StoreError::NotFound(execution_id.to_owned())))
    }

    async fn of_run(&self, execution_id: &str) -> Result<&dyn Store, StoreError> {
        self.at(self.find(execution_id).await?)
    }

    /// Returns the store of a job's schedule.
    async fn of_schedule(&self, job_id: &str) -> Result<Option<(usize, ScheduleRow)>, StoreError> {
        for (index, (name, store)) in self.stores.iter().enumerate() {
            match store.schedule(job_id).await {
                Ok(Some(row)) => return Ok(Some((index, row))),
                Ok(None) => {}
                Err(error) => return Err(named(name, error)),
            }
        }
        Ok(None)
    }

    /// Collects the answers of all reachable stores. Fails only when no store is reachable.
    async fn gather<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        ask: impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Vec<T>, StoreError> {
        let (mut answers, mut away) = (Vec::new(), None);
        for (name, store) in &self.stores {
            match ask(store.clone()).await {
                Ok(answer) => answers.push(answer),
                Err(error) => {
                    let error = named(name, error);
                    tracing::warn!("{error}");
                    away = Some(error);
                }
            }
        }
        match away {
            Some(error) if answers.is_empty() => Err(error),
            _ => Ok(answers),
        }
    }

    /// Collects the answers of all stores. Fails when one of them is unreachable.
    async fn everything<T, F: Future<Output = Result<Vec<T>, StoreError>>>(
        &self,
        ask: impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        for (name, store) in &self.stores {
            all.extend(ask(store.clone()).await.map_err(|error| named(name, error))?);
        }
        Ok(all)
    }

    /// Returns the store in which a change is made; none for a row of the audit log, which goes with the other
    /// changes.
    async fn place_of(&self, change: &Change) -> Result<Option<usize>, StoreError> {
        Ok(match change {
            Change::PutSchedule(row) => Some(self.index_of(Some(&row.job.timezone))),
            Change::PauseSchedule { job_id, .. } | Change::RemoveSchedule(job_id) => {
                self.settle(job_id).await?;
                Some(self.of_schedule(job_id).await?.map_or(0, |(index, _)| index))
            }
            Change::Put { kind: Kind::DeadLetter, id, .. }
            | Change::Remove { kind: Kind::DeadLetter, id, .. } => Some(self.find(id).await?),
            Change::Put { .. } | Change::Remove { .. } => Some(0),
            Change::Audit(_) => None,
        })
    }
}

/// Returns the error with the name of its store.
fn named(name: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("the store `{name}`: {why}")),
        StoreError::Failed(why) => StoreError::Failed(format!("the store `{name}`: {why}")),
        other => other,
    }
}

#[async_trait]
impl RunStore for PinnedStores {
    /// The changes of records in the run's own store are in the transaction of the run, and so is its audit row. A
    /// change of a record in another store follows it.
    async fn insert(&self, run: &NewRun, with: Vec<Change>) -> Result<Inserted, StoreError> {
        let index = self.index_of(run.queue.as_deref());
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for change in with {
            match self.place_of(&change).await? {
                Some(place) if place != index => others.push(change),
                _ => own.push(change),
            }
        }
        let noted = has_audit(&own);
        let inserted = self.at(index)?.insert(run, own).await?;
        self.keep(&run.execution_id, index);
        if !others.is_empty() {
            self.write(others).await?;
        }
        self.copy_if(noted, index).await;
        Ok(inserted)
    }

    async fn claim(&self, query: ClaimQuery) -> Result<Vec<Claim>, StoreError> {
        let index = self.index_of(Some(&query.queue));
        let claims = self.at(index)?.claim(query).await?;
        claims.iter().for_each(|claim| self.keep(&claim.run.execution_id, index));
        Ok(claims)
    }

    async fn claim_run(
        &self,
        execution_id: &str,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.of_run(execution_id).await?.claim_run(execution_id, worker, now, until).await
    }

    async fn renew(
        &self,
        claims: &[(String, u64)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Renewal>, StoreError> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, (id, _)) in claims.iter().enumerate() {
            if let Ok(index) = self.find(id).await {
                groups.entry(index).or_default().push(position);
            }
        }
        // An unreachable store says nothing about its claims. Each write checks its fence anyway.
        let mut renewals = vec![Renewal::Kept(None); claims.len()];
        for (index, positions) in groups {
            let part: Vec<_> =
                positions.iter().filter_map(|position| claims.get(*position).cloned()).collect();
            match self.at(index)?.renew(&part, now, until).await {
                Ok(found) => {
                    for (position, renewal) in positions.into_iter().zip(found) {
                        if let Some(place) = renewals.get_mut(position) {
                            *place = renewal;
                        }
                    }
                }
                Err(error) => tracing::warn!("claims are not renewed: {error}"),
            }
        }
        Ok(renewals)
    }

    async fn expire(&self, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.to_owned();
        let ask = |store: Arc<dyn Store>| {
            let worker = worker.clone();
            async move { store.expire(&worker, now).await }
        };
        Ok(self.gather(ask).await?.into_iter().sum())
    }

    async fn workers(&self) -> Result<Vec<String>, StoreError> {
        let mut workers = self.gather(|store| async move { store.workers().await }).await?.concat();
        workers.sort();
        workers.dedup();
        Ok(workers)
    }

    async fn commit(&self, commit: Commit) -> Result<Vec<String>, StoreError> {
        let index = self.find(&commit.execution_id).await?;
        let noted = !commit.audit.is_empty();
        let free = self.at(index)?.commit(commit).await?;
        self.copy_if(noted, index).await;
        Ok(free)
    }

    async fn save_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.of_run(&checkpoint.execution_id).await?.save_checkpoint(checkpoint).await
    }

    async fn request_cancel(
        &self,
        execution_id: &str,
        why: &str,
        now: Timestamp,
        audit: Option<Audit>,
    ) -> Result<RunRow, StoreError> {
        let index = self.find(execution_id).await?;
        let noted = audit.is_some();
        let row = self.at(index)?.request_cancel(execution_id, why, now, audit).await?;
        self.copy_if(noted, index).await;
        Ok(row)
    }

    async fn next_due(&self, queue: &str, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        self.of_queue(Some(queue))?.next_due(queue, after).await
    }

    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        Ok(self.gather(|store| async move { store.overdue(now, limit).await }).await?.concat())
    }

    async fn load(&self, execution_id: &str) -> Result<Loaded, StoreError> {
        self.of_run(execution_id).await?.load(execution_id).await
    }

    async fn events(&self, execution_id: &str, after: Place) -> Result<EventPage, StoreError> {
        self.of_run(execution_id).await?.events(execution_id, after).await
    }

    async fn latest(&self, execution_id: &str) -> Result<(Arc<Job>, Vec<Event>), StoreError> {
        self.of_run(execution_id).await?.latest(execution_id).await
    }

    async fn row(&self, execution_id: &str) -> Result<RunRow, StoreError> {
        self.of_run(execution_id).await?.row(execution_id).await
    }

    async fn replayed(&self, idempotency: &Idempotency) -> Result<Option<String>, StoreError> {
        let ask = |store: Arc<dyn Store>| async move {
            Ok(store.replayed(idempotency).await?.into_iter().collect())
        };
        Ok(self.everything(ask).await?.pop())
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        if let Some(queue) = &filter.queue {
            return self.of_queue(Some(queue))?.list(filter).await;
        }
        let ask = |store: Arc<dyn Store>| async move { store.list(filter).await };
        let mut all = self.everything(ask).await?;
        all.sort_by(|a, b| b.execution_id.cmp(&a.execution_id));
        if filter.oldest_first {
            all.reverse();
        }
        all.truncate(filter.limit as usize);
        Ok(all)
    }

    async fn ended_by_hour(
        &self,
        project: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<EndedRow>, StoreError> {
        let ask = |store: Arc<dyn Store>| async move { store.ended_by_hour(project, since).await };
        self.everything(ask).await
    }

    async fn standing(&self, execution_id: &str, now: Timestamp) -> Result<Standing, StoreError> {
        self.of_run(execution_id).await?.standing(execution_id, now).await
    }

    async fn log_page(&self, execution_id: &str, from: LogPlace, limit: u32) -> Result<LogPage, StoreError> {
        self.of_run(execution_id).await?.log_page(execution_id, from, limit).await
    }

    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        Ok(self.gather(|store| async move { store.queues(now).await }).await?.concat())
    }

    async fn queues_of(&self, project: &str, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        let project = project.to_owned();
        let ask = |store: Arc<dyn Store>| {
            let project = project.clone();
            async move { store.queues_of(&project, now).await }
        };
        Ok(self.gather(ask).await?.concat())
    }
}

#[async_trait]
impl ScheduleStore for PinnedStores {
    async fn fire(&self, batches: Vec<FireBatch>) -> Result<Vec<Fired>, StoreError> {
        let mut groups: BTreeMap<usize, Vec<(usize, FireBatch)>> = BTreeMap::new();
        for (position, batch) in batches.into_iter().enumerate() {
            let queue = batch.fires.iter().find_map(|fire| fire.run.as_ref()?.queue.as_deref());
            let index = match queue {
                Some(queue) => self.index_of(Some(queue)),
                None => self.of_schedule(&batch.job_id).await?.map_or(0, |(index, _)| index),
            };
            groups.entry(index).or_default().push((position, batch));
        }
        let mut all = BTreeMap::new();
        let alone = groups.len() == 1;
        for (index, group) in groups {
            let (positions, batches): (Vec<usize>, Vec<FireBatch>) = group.into_iter().unzip();
            let noted = batches.iter().any(|batch| batch.audit.is_some());
            let fired = match self.at(index)?.fire(batches).await {
                Ok(fired) => fired,
                Err(error) if alone => return Err(error),
                // The schedules of this store keep their state, and the other schedules fire.
                Err(error) => {
                    tracing::warn!("schedules do not fire: {error}");
                    vec![Fired { stale: true, ..Fired::default() }; positions.len()]
                }
            };
            fired.iter().flat_map(|fired| &fired.runs).for_each(|id| self.keep(id, index));
            self.copy_if(noted, index).await;
            all.extend(positions.into_iter().zip(fired));
        }
        Ok(all.into_values().collect())
    }

    async fn lease_schedulers(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        self.settle_all().await;
        let holder = holder.to_owned();
        let ask = |store: Arc<dyn Store>| {
            let holder = holder.clone();
            async move { store.lease_schedulers(&holder, now, until).await }
        };
        Ok(self.gather(ask).await?.concat())
    }

    async fn due_schedules(
        &self,
        holder: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let holder = holder.to_owned();
        let ask = |store: Arc<dyn Store>| {
            let holder = holder.clone();
            async move { store.due_schedules(&holder, now, limit).await }
        };
        Ok(self.gather(ask).await?.concat())
    }

    async fn next_schedule(&self, holder: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
        let holder = holder.map(str::to_owned);
        let ask = |store: Arc<dyn Store>| {
            let holder = holder.clone();
            async move { store.next_schedule(holder.as_deref()).await }
        };
        Ok(self.gather(ask).await?.into_iter().flatten().min())
    }

    async fn schedule(&self, job_id: &str) -> Result<Option<ScheduleRow>, StoreError> {
        if let Err(error) = self.settle(job_id).await {
            tracing::warn!("the schedule of the job {job_id} moves later: {error}");
        }
        Ok(self.of_schedule(job_id).await?.map(|(_, row)| row))
    }

    async fn next_fires(&self, job_ids: &[String]) -> Result<Vec<NextFire>, StoreError> {
        let ask = |store: Arc<dyn Store>| async move { store.next_fires(job_ids).await };
        Ok(self.gather(ask).await?.concat())
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleRow>, StoreError> {
        let ask = |store: Arc<dyn Store>| async move { store.schedules(filter).await };
        let mut all = self.everything(ask).await?;
        let next = |row: &ScheduleRow| row.next.filter(|_| filter.by_next);
        all.sort_by(|a, b| (next(a), &a.job_id).cmp(&(next(b), &b.job_id)));
        // A schedule that moves between two stores is in both for a moment.
        all.dedup_by(|a, b| a.job_id == b.job_id);
        all.truncate(filter.limit as usize);
        Ok(all)
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
        let ask = |store: Arc<dyn Store>| async move { store.ledger(filter).await };
        let mut all = self.everything(ask).await?;
        let place = |row: &LedgerRow| (row.due_at, row.job_id.clone(), row.nominal.clone());
        all.sort_by_cached_key(|row| std::cmp::Reverse(place(row)));
        all.truncate(filter.limit as usize);
        Ok(all)
    }
}

#[async_trait]
impl ComponentStore for PinnedStores {
    async fn put_component(&self, digest: &str, wasm: Vec<u8>) -> Result<(), StoreError> {
        self.home()?.put_component(digest, wasm).await
    }

    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.home()?.component(digest).await
    }
}

#[async_trait]
impl Announcements for PinnedStores {
    fn announce(&self, wake: Wake) {
        let index = match &wake {
            Wake::Queue(queue) => Some(self.index_of(Some(queue))),
            _ => None,
        };
        for (place, (_, store)) in self.stores.iter().enumerate() {
            if index.is_none_or(|index| index == place) {
                store.announce(wake.clone());
            }
        }
    }

    fn announcements(&self) -> Option<broadcast::Receiver<Wake>> {
        for mut heard in self.stores.iter().filter_map(|(_, store)| store.announcements()) {
            let all = self.heard.clone();
            tokio::spawn(async move {
                loop {
                    match heard.recv().await {
                        Ok(wake) => drop(all.send(wake)),
                        Err(broadcast::error::RecvError::Lagged(_)) => {}
                        Err(broadcast::error::RecvError::Closed) => return,
                    }
                }
            });
        }
        Some(self.heard.subscribe())
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vec<Vitals>, StoreError> {
        self.everything(|store| async move { store.vitals(now).await }).await
    }
}

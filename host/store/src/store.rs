//! The store contract, over any database that runs the statements.

use std::sync::Arc;

use async_trait::async_trait;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::run::Event;
use stepwell_engine::store::prelude::*;
use stepwell_engine::store::{
    Audit, AuditRow, Chain, Change, Checkpoint, Claim, ClaimQuery, CleanUp, Commit, EndedRow, EventPage,
    FireBatch, Fired, Idempotency, Inserted, JobRow, Kind, LedgerFilter, LedgerRow, Link, Loaded, LogPage,
    LogPlace, NewRun, NextFire, Place, QueueRow, Record, Renewal, RunFilter, RunRow, ScheduleFilter,
    ScheduleRow, Standing, Vitals, Wake,
};
use tokio::sync::broadcast;

use crate::journal::First;
use crate::runs::{Entry, Journal, New, Taken};
use crate::shared::Shared;
use crate::sql::{Sql, json};
use crate::{audit, journal, listing, logs, records, runs, times};

/// The requirements of a store on its database: transactions, and fast paths for the frequent operations on
/// runs.
pub(crate) trait Database: Send + Sync {
    /// Runs `write` in a transaction. Returns when the transaction is on disk. It may run again after a
    /// rollback.
    fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Runs a `write` that can have many bytes.
    fn write_bytes<T: Send + 'static>(
        &self,
        _bytes: usize,
        write: impl Fn(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        self.write(write)
    }

    /// Runs `read`, which changes nothing.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    fn shared(&self) -> &Shared;

    /// [`runs::insert`] for many runs at once. Returns `None` if the run cannot be inserted in this way.
    fn quick_insert(&self, _new: &Arc<New>) -> impl Future<Output = Option<Result<(), StoreError>>> + Send {
        async { None }
    }

    /// [`runs::claim`] in few statements. Returns `None` if a check has to proceed run by run.
    fn quick_claim(
        &self,
        _query: &ClaimQuery,
    ) -> impl Future<Output = Option<Result<Vec<Taken>, StoreError>>> + Send {
        async { None }
    }

    /// [`runs::commit`] for many runs at once. Returns `None` if the commit has to run individually.
    fn quick_commit(
        &self,
        _entry: &Arc<Entry>,
    ) -> impl Future<Output = Option<Result<(), StoreError>>> + Send {
        async { None }
    }

    /// [`runs::renew`] for all claims at once.
    fn quick_renew(
        &self,
        _claims: &[(String, u64)],
        _now: Timestamp,
        _until: Timestamp,
    ) -> impl Future<Output = Option<Result<Vec<Renewal>, StoreError>>> + Send {
        async { None }
    }

    /// See [`Announcements::announce`].
    fn announce(&self, _wake: Wake) {}

    /// See [`Announcements::announcements`].
    fn announcements(&self) -> Option<broadcast::Receiver<Wake>> {
        None
    }

    /// See [`Announcements::is_shared`].
    fn is_shared(&self) -> bool {
        false
    }

    /// See [`Announcements::vitals`].
    fn vitals(&self, now: Timestamp) -> impl Future<Output = Result<Vitals, StoreError>> + Send;
}

/// A store in a SQL database.
pub struct SqlStore<D>(pub(crate) D);

/// Reads the journal of a claimed run. A run that cannot be read is claimed too, so that its claimer can end it.
async fn claimed<D: Database>(store: &SqlStore<D>, taken: Taken) -> Result<Claim, StoreError> {
    let Taken { id, run, job, fence, cancel } = taken;
    let Loaded { run, events, next } = match run {
        Journal::Fresh(run) => Loaded { run: *run, events: Vec::new(), next: None },
        Journal::Stored(page) => {
            let First { job, run, events: EventPage { events, next } } = page.first(job);
            if events.contains(&Event::Unreadable) {
                tracing::error!(run = %id, "a part of the run's record cannot be read");
            }
            let run = match run {
                Some(run) => run,
                None => NewRun::unreadable(job, &store.row(&id).await?),
            };
            Loaded { run, events, next }
        }
    };
    Ok(Claim { run, events, next, fence, cancel })
}

#[async_trait]
impl<D: Database> RunStore for SqlStore<D> {
    async fn insert(&self, run: &NewRun, with: Vec<Change>) -> Result<Inserted, StoreError> {
        let (audit, changes): (Vec<Change>, Vec<Change>) =
            with.into_iter().partition(|change| matches!(change, Change::Audit(_)));
        let audit: Vec<Audit> = audit.into_iter().filter_map(Change::into_audit).collect();
        let new = Arc::new(New { run: run.clone(), text: json(run)?, audit, changes });
        let bytes = new.text.len();
        let quick = match new.changes.is_empty() {
            true => self.0.quick_insert(&new).await,
            false => None,
        };
        let inserted = match quick {
            Some(done) => done.map(|()| Inserted::default())?,
            None => {
                let insert = move |db: &dyn Sql, shared: &Shared| {
                    // These check what they need before anything is written.
                    records::changes(db, shared, &new.changes)?;
                    runs::insert(db, shared, &new.run, &new.text, &new.audit)
                };
                self.0.write_bytes(bytes, insert).await?
            }
        };
        self.0.shared().remember(run, bytes, &inserted);
        Ok(inserted)
    }

    async fn claim(&self, query: ClaimQuery) -> Result<Vec<Claim>, StoreError> {
        let taken = match self.0.quick_claim(&query).await {
            Some(taken) => taken?,
            None => self.0.write(move |db, shared| runs::claim(db, shared, &query)).await?,
        };
        let mut claims = Vec::with_capacity(taken.len());
        for taken in taken {
            claims.push(claimed(self, taken).await?);
        }
        Ok(claims)
    }

    async fn claim_run(
        &self,
        execution_id: &str,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        let (id, worker) = (execution_id.to_owned(), worker.to_owned());
        let claim =
            move |db: &dyn Sql, shared: &Shared| runs::claim_run(db, shared, &id, &worker, now, until);
        let taken = self.0.write(claim).await?;
        claimed(self, taken).await
    }

    async fn renew(
        &self,
        claims: &[(String, u64)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Renewal>, StoreError> {
        if let Some(renewed) = self.0.quick_renew(claims, now, until).await {
            return renewed;
        }
        let claims = claims.to_vec();
        self.0.write(move |db, _| runs::renew(db, &claims, now, until)).await
    }

    async fn expire(&self, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.to_owned();
        self.0.write(move |db, _| runs::expire(db, &worker, now)).await
    }

    async fn workers(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT worker FROM runs WHERE phase = 3 AND worker IS NOT NULL
            UNION SELECT holder FROM leases";
        self.0.read(move |db, _| db.many(sql, &[])).await
    }

    async fn commit(&self, commit: Commit) -> Result<Vec<String>, StoreError> {
        let entry = Arc::new(Entry::of(commit)?);
        if let Some(done) = self.0.quick_commit(&entry).await {
            return done.map(|()| Vec::new());
        }
        let bytes = [&entry.events, &entry.logs].into_iter().flatten().map(String::len).sum();
        self.0.write_bytes(bytes, move |db, _| runs::commit(db, &entry)).await
    }

    async fn save_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let bytes = checkpoint.data.len();
        self.0.write_bytes(bytes, move |db, _| runs::save_checkpoint(db, &checkpoint)).await
    }

    async fn request_cancel(
        &self,
        execution_id: &str,
        why: &str,
        now: Timestamp,
        audit: Option<Audit>,
    ) -> Result<RunRow, StoreError> {
        let (id, why) = (execution_id.to_owned(), why.to_owned());
        let cancel = move |db: &dyn Sql, _: &Shared| {
            let row = runs::cancel(db, &id, &why, now)?;
            audit::audit(db, &audit)?;
            Ok(row)
        };
        self.0.write(cancel).await
    }

    async fn next_due(&self, queue: &str, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        let queue = queue.to_owned();
        self.0.read(move |db, _| times::next_due(db, &queue, after)).await
    }

    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        self.0.read(move |db, _| times::overdue(db, now, limit)).await
    }

    async fn load(&self, execution_id: &str) -> Result<Loaded, StoreError> {
        let id = execution_id.to_owned();
        self.0.read(move |db, shared| journal::load(db, shared, &id)).await
    }

    async fn events(&self, execution_id: &str, after: Place) -> Result<EventPage, StoreError> {
        let id = execution_id.to_owned();
        self.0.read(move |db, _| journal::events(db, &id, after)).await
    }

    async fn latest(&self, execution_id: &str) -> Result<(Arc<Job>, Vec<Event>), StoreError> {
        let id = execution_id.to_owned();
        self.0.read(move |db, shared| journal::latest(db, shared, &id)).await
    }

    async fn row(&self, execution_id: &str) -> Result<RunRow, StoreError> {
        let id = execution_id.to_owned();
        self.0.read(move |db, _| runs::row(db, &id)).await
    }

    async fn replayed(&self, idempotency: &Idempotency) -> Result<Option<String>, StoreError> {
        let idempotency = idempotency.clone();
        self.0.read(move |db, _| runs::replayed(db, &idempotency)).await
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        let filter = filter.clone();
        self.0.read(move |db, _| listing::list(db, &filter)).await
    }

    async fn ended_by_hour(
        &self,
        project: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<EndedRow>, StoreError> {
        let project = project.map(str::to_owned);
        self.0.read(move |db, _| listing::ended_by_hour(db, project.as_deref(), since)).await
    }

    async fn standing(&self, execution_id: &str, now: Timestamp) -> Result<Standing, StoreError> {
        let id = execution_id.to_owned();
        self.0.read(move |db, _| runs::standing(db, &id, now)).await
    }

    async fn log_page(&self, execution_id: &str, from: LogPlace, limit: u32) -> Result<LogPage, StoreError> {
        let id = execution_id.to_owned();
        self.0.read(move |db, _| logs::page(db, &id, from, limit)).await
    }

    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        self.0.read(move |db, _| times::queues(db, None, now)).await
    }

    async fn queues_of(&self, project: &str, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        let project = project.to_owned();
        self.0.read(move |db, _| times::queues(db, Some(&project), now)).await
    }
}

#[async_trait]
impl<D: Database> ScheduleStore for SqlStore<D> {
    async fn fire(&self, batches: Vec<FireBatch>) -> Result<Vec<Fired>, StoreError> {
        self.0.write(move |db, shared| times::fire(db, shared, &batches)).await
    }

    async fn lease_schedulers(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let holder = holder.to_owned();
        self.0.write(move |db, _| times::lease(db, &holder, now, until)).await
    }

    async fn due_schedules(
        &self,
        holder: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let holder = holder.to_owned();
        self.0.read(move |db, shared| times::due(db, shared, &holder, now, limit)).await
    }

    async fn next_schedule(&self, holder: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
        let holder = holder.map(str::to_owned);
        self.0.read(move |db, _| times::next_schedule(db, holder.as_deref())).await
    }

    async fn schedule(&self, job_id: &str) -> Result<Option<ScheduleRow>, StoreError> {
        let id = job_id.to_owned();
        self.0.read(move |db, shared| times::get(db, shared, &id)).await
    }

    async fn next_fires(&self, job_ids: &[String]) -> Result<Vec<NextFire>, StoreError> {
        let ids = job_ids.to_vec();
        self.0.read(move |db, _| times::next_fires(db, &ids)).await
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleRow>, StoreError> {
        let filter = filter.clone();
        self.0.read(move |db, shared| times::list(db, shared, &filter)).await
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
        let filter = filter.clone();
        self.0.read(move |db, _| times::ledger(db, &filter)).await
    }
}

#[async_trait]
impl<D: Database> RecordStore for SqlStore<D> {
    async fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.0.write(move |db, shared| records::changes(db, shared, &changes)).await
    }

    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
        let id = id.to_owned();
        self.0.read(move |db, _| records::get(db, kind, &id)).await
    }

    async fn records(
        &self,
        kind: Kind,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let (state, after) = (state.map(str::to_owned), after.to_owned());
        self.0.read(move |db, _| records::list(db, kind, state.as_deref(), &after, limit)).await
    }

    async fn job_rows(&self, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        let after = after.to_owned();
        self.0.read(move |db, _| listing::jobs(db, &after, limit)).await
    }

    async fn count(&self, kind: Kind, state: &str) -> Result<u64, StoreError> {
        let state = state.to_owned();
        self.0.read(move |db, _| records::count(db, kind, &state)).await
    }

    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.0.read(move |db, _| audit::rows(db, before, limit)).await
    }

    async fn audit_chain(&self) -> Result<Chain, StoreError> {
        self.0.read(move |db, _| audit::chain(db)).await
    }

    async fn audit_links(&self, after: u64, limit: u32) -> Result<Vec<Link>, StoreError> {
        self.0.read(move |db, _| audit::links(db, after, limit)).await
    }

    async fn clean_up(&self, query: CleanUp) -> Result<Vec<String>, StoreError> {
        self.0.write(move |db, _| records::clean_up(db, &query)).await
    }
}

#[async_trait]
impl<D: Database> ComponentStore for SqlStore<D> {
    async fn put_component(&self, digest: &str, wasm: Vec<u8>) -> Result<(), StoreError> {
        let digest = digest.to_owned();
        self.0.write_bytes(wasm.len(), move |db, _| records::put_component(db, &digest, &wasm)).await
    }

    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let digest = digest.to_owned();
        self.0.read(move |db, _| records::component(db, &digest)).await
    }
}

#[async_trait]
impl<D: Database> Announcements for SqlStore<D> {
    fn announce(&self, wake: Wake) {
        self.0.announce(wake);
    }

    fn announcements(&self) -> Option<broadcast::Receiver<Wake>> {
        self.0.announcements()
    }

    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vec<Vitals>, StoreError> {
        Ok(vec![self.0.vitals(now).await?])
    }
}

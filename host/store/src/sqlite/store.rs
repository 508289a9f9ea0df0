//! The contract, by SQLite.

use async_trait::async_trait;
use rusqlite::Connection;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::Event;
use stepwell_engine::store::{
    Audit, AuditRow, Change, Claim, ClaimQuery, CleanUp, Commit, FireBatch, Fired, Inserted, Kind,
    LedgerFilter, LedgerRow, LogRecord, NewRun, QueueRow, Record, Renewal, RunFilter, RunRow, ScheduleRow,
    Standing,
};
use stepwell_engine::{Store, StoreError};

use super::runs::{Body, Taken};
use super::{Shared, SqliteStore, json, many, micros, one, records, runs, time, times};

#[async_trait]
impl Store for SqliteStore {
    async fn insert(&self, run: &NewRun, audit: Option<Audit>) -> Result<Inserted, StoreError> {
        let (text, new) = (json(run)?, run.clone());
        let bytes = text.len();
        let insert = move |transaction: &Connection, shared: &Shared| {
            runs::insert(transaction, shared, &new, &text, audit.as_ref())
        };
        let inserted = self.write(insert).await?;
        self.shared.remember(run, bytes, &inserted);
        Ok(inserted)
    }

    async fn claim(&self, query: ClaimQuery) -> Result<Vec<Claim>, StoreError> {
        let taken = self.write(move |transaction, shared| runs::claim(transaction, shared, &query)).await?;
        taken.into_iter().map(Taken::claim).collect()
    }

    async fn claim_run(
        &self,
        execution_id: &str,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        let (id, worker) = (execution_id.to_owned(), worker.to_owned());
        let taken = self
            .write(move |transaction, shared| runs::claim_run(transaction, shared, &id, &worker, now, until));
        taken.await?.claim()
    }

    async fn renew(&self, claims: &[(String, u64)], until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        let claims = claims.to_vec();
        self.write(move |transaction, _| runs::renew(transaction, &claims, until)).await
    }

    async fn expire(&self, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.to_owned();
        self.write(move |transaction, _| runs::expire(transaction, &worker, now)).await
    }

    async fn workers(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection, _| {
            let sql = "SELECT DISTINCT worker FROM runs WHERE phase = 3 AND worker IS NOT NULL";
            many(connection, sql, [], |row| row.get(0))
        })
        .await
    }

    async fn commit(&self, commit: Commit) -> Result<Vec<String>, StoreError> {
        let body = Body::of(&commit)?;
        self.write(move |transaction, _| runs::commit(transaction, &commit, &body)).await
    }

    async fn request_cancel(
        &self,
        execution_id: &str,
        why: &str,
        now: Timestamp,
        audit: Option<Audit>,
    ) -> Result<RunRow, StoreError> {
        let (id, why) = (execution_id.to_owned(), why.to_owned());
        self.write(move |transaction, _| {
            records::audit(transaction, audit.as_ref())?;
            runs::cancel(transaction, &id, &why, now)
        })
        .await
    }

    async fn fire(&self, batches: Vec<FireBatch>) -> Result<Vec<Fired>, StoreError> {
        self.write(move |transaction, shared| times::fire(transaction, shared, &batches)).await
    }

    async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<ScheduleRow>, StoreError> {
        self.read(move |connection, shared| times::due(connection, shared, now, limit)).await
    }

    async fn next_schedule(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection, _| {
            let sql = "SELECT MIN(next) FROM schedules WHERE next IS NOT NULL";
            Ok(one(connection, sql, [], |row| row.get::<_, Option<i64>>(0))?.flatten().map(time))
        })
        .await
    }

    async fn next_due(&self, queue: &str) -> Result<Option<Timestamp>, StoreError> {
        let queue = queue.to_owned();
        self.read(move |connection, _| {
            let sql = "SELECT MIN(at) FROM (
                SELECT MIN(due_at) AS at FROM runs WHERE queue = ?1 AND phase = 2 UNION ALL
                SELECT MIN(claimed_until) FROM runs WHERE queue = ?1 AND phase = 3 UNION ALL
                SELECT due_at FROM (SELECT due_at FROM runs WHERE queue = ?1 AND phase = 1 ORDER BY rank LIMIT 1))";
            Ok(one(connection, sql, [&queue], |row| row.get::<_, Option<i64>>(0))?.flatten().map(time))
        })
        .await
    }

    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(move |connection, _| {
            let sql = "SELECT execution_id FROM runs WHERE phase IN (1, 4) AND started_at IS NULL AND expires_at <= ?1
                LIMIT ?2";
            many(connection, sql, (micros(now), limit), |row| row.get(0))
        })
        .await
    }

    async fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.write(move |transaction, shared| {
            changes.iter().try_for_each(|change| records::change(transaction, shared, change))
        })
        .await
    }

    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection, _| records::get(connection, kind, &id)).await
    }

    async fn records(
        &self,
        kind: Kind,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let (state, after) = (state.map(str::to_owned), after.to_owned());
        self.read(move |connection, _| records::list(connection, kind, state.as_deref(), &after, limit)).await
    }

    async fn schedule(&self, job_id: &str) -> Result<Option<ScheduleRow>, StoreError> {
        let job_id = job_id.to_owned();
        self.read(move |connection, shared| times::get(connection, shared, &job_id)).await
    }

    async fn load(&self, execution_id: &str) -> Result<(NewRun, Vec<Event>), StoreError> {
        let id = execution_id.to_owned();
        self.read(move |connection, shared| runs::load(connection, shared, &id)).await
    }

    async fn row(&self, execution_id: &str) -> Result<RunRow, StoreError> {
        let id = execution_id.to_owned();
        self.read(move |connection, _| runs::row(connection, &id)).await
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection, _| runs::list(connection, &filter)).await
    }

    async fn standing(&self, execution_id: &str, now: Timestamp) -> Result<Standing, StoreError> {
        let id = execution_id.to_owned();
        self.read(move |connection, _| runs::standing(connection, &id, now)).await
    }

    async fn logs(&self, execution_id: &str, after: u64, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let id = execution_id.to_owned();
        self.read(move |connection, _| runs::logs(connection, &id, after, limit)).await
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection, _| times::ledger(connection, &filter)).await
    }

    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |connection, _| records::audit_rows(connection, before, limit)).await
    }

    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
        self.read(move |connection, _| times::queues(connection, now)).await
    }

    async fn clean_up(&self, query: CleanUp) -> Result<Vec<String>, StoreError> {
        self.write(move |transaction, _| records::clean_up(transaction, &query)).await
    }
}

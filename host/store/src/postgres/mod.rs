//! Runs in PostgreSQL, for any number of processes on any number of machines.
//!
//! The frequent operations on runs (adding, claiming, committing) use few statements for many runs at once
//! (`batch`). Operations that arrive while others are in flight share a round trip and an fsync. All other
//! operations run the same statements as SQLite, one after another, in their own transaction.
//!
//! Transactions are READ COMMITTED. Data that must not change between a read and a write is locked, either as
//! a row or by a name (`pg_advisory_xact_lock`). The server's clock measures leases. A session that does not
//! answer in time is dropped with its connection. The server itself ends statements and transactions that
//! take too long, so that a stopped process does not block others.

mod batch;
mod notify;
mod pool;
pub(crate) mod schema;
mod session;
mod settings;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{ClaimQuery, Renewal, Vitals, Wake};
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;

use crate::runs::{Entry, New, Taken};
use crate::shared::Shared;
use crate::sql::{Sql, failed, micros};
use crate::store::{Database, SqlStore};
use batch::Batcher;
use notify::Notifier;
use pool::Pool;
use session::Transaction;

pub use settings::Settings;

/// The maximum number of attempts for a transaction that conflicts with another.
const TRIES: u32 = 8;

/// A store in PostgreSQL.
pub type PostgresStore = SqlStore<Postgres>;

/// The PostgreSQL database of a store.
pub struct Postgres {
    inner: Arc<Inner>,
    inserts: Batcher<Arc<New>>,
    commits: Batcher<Arc<Entry>>,
    notifier: Notifier,
}

/// The state that the tasks of a store share.
struct Inner {
    pool: Pool,
    shared: Arc<Shared>,
    /// Definitions that this process knows to exist, with the time at which it marked them as used.
    defined: Mutex<HashMap<String, i64>>,
}

impl SqlStore<Postgres> {
    /// Creates a store at this URL. The first use connects to it and brings its schema up to date.
    ///
    /// # Errors
    /// Fails when the URL is not a PostgreSQL URL.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Ok(Self::with(Settings::from_str(url).map_err(StoreError::Failed)?))
    }

    /// Creates a store with these settings.
    pub fn with(settings: Settings) -> Self {
        let notifier = Notifier::new(&settings);
        let inner = Inner { pool: Pool::new(settings), shared: Arc::default(), defined: Mutex::default() };
        Self(Postgres {
            inner: Arc::new(inner),
            inserts: Batcher::default(),
            commits: Batcher::default(),
            notifier,
        })
    }
}

impl Inner {
    /// Returns the caller's time for statements that measure leases, or `None` if the server's time counts.
    fn lease_now(&self, callers: Timestamp) -> Option<i64> {
        self.pool.settings.callers_time.then(|| micros(callers))
    }
}

impl Database for Postgres {
    async fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        // Use a separate thread, since the statements that all databases share are not `async`.
        let write = Arc::new(write);
        let mut tries = 0;
        loop {
            tries += 1;
            let session = self.inner.pool.get().await?;
            let (write, inner, handle) = (write.clone(), self.inner.clone(), Handle::current());
            let done = spawn_blocking(move || {
                let transaction = Transaction::new(&session, handle, inner.pool.settings.callers_time);
                let result = transaction.run(|db| write(db, &inner.shared));
                (result, transaction.may_retry())
            });
            match done.await.map_err(failed)? {
                (Err(error), true) if tries < TRIES => {
                    tracing::debug!("a transaction is tried again: {error}");
                }
                (result, _) => return result,
            }
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let session = self.inner.pool.get().await?;
        let (inner, handle) = (self.inner.clone(), Handle::current());
        let done = spawn_blocking(move || {
            let statements = Transaction::new(&session, handle, inner.pool.settings.callers_time);
            read(&statements, &inner.shared)
        });
        done.await.map_err(failed)?
    }

    fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    async fn quick_insert(&self, new: &Arc<New>) -> Option<Result<(), StoreError>> {
        self.insert(new).await
    }

    async fn quick_claim(&self, query: &ClaimQuery) -> Option<Result<Vec<Taken>, StoreError>> {
        batch::claim(&self.inner, query).await.transpose()
    }

    async fn quick_commit(&self, entry: &Arc<Entry>) -> Option<Result<(), StoreError>> {
        self.commit(entry).await
    }

    async fn quick_renew(
        &self,
        claims: &[(String, u64)],
        now: Timestamp,
        until: Timestamp,
    ) -> Option<Result<Vec<Renewal>, StoreError>> {
        Some(batch::renew(&self.inner, claims, now, until).await)
    }

    fn announce(&self, wake: Wake) {
        self.notifier.announce(&self.inner, wake);
    }

    fn announcements(&self) -> Option<broadcast::Receiver<Wake>> {
        Some(self.notifier.listen(&self.inner))
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vitals, StoreError> {
        let sql = "SELECT current_setting('server_version'),
            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
            (SELECT COUNT(*) FROM pg_stat_activity WHERE datname IS NOT NULL),
            current_setting('max_connections')::bigint, (SELECT MAX(version) FROM schema_versions)";
        let session = self.inner.pool.get().await?;
        let rows = session.rows(sql, &[]).await?;
        let row = rows.first().ok_or_else(|| failed("no answer"))?;
        let get = |index: usize| row.try_get::<_, i64>(index).map_err(failed);
        let count = |index: usize| get(index).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Ok(Vitals {
            product: format!("PostgreSQL {}", row.try_get::<_, String>(0).map_err(failed)?),
            place: self.inner.pool.settings.place.clone(),
            schema: count(4)?,
            clock_ahead: (get(1)? - micros(now)) as f64 / 1e6,
            sessions: Some((count(2)?, count(3)?)),
            connects: self.inner.pool.connects(),
        })
    }
}

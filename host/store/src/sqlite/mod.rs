//! Runs in a SQLite file: WAL, `synchronous=FULL`, one writer with group commit.
//!
//! FULL, and not NORMAL: in WAL mode NORMAL may lose acknowledged commits when the power fails. Since each
//! commit then costs an fsync, one thread does all writing, and takes everything that waits into one
//! transaction: under load many commits share one fsync. What can be done before or after a write (making JSON,
//! reading it) is not done by that thread. Readers have a connection of their own.
//!
//! In memory there is one connection and no thread: what is asked for is done at once, in order.

mod records;
mod runs;
mod schema;
mod store;
mod times;
mod writer;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Job, JobDefinition};
use stepwell_engine::store::{Inserted, NewRun};
use tokio::sync::oneshot;

use writer::failure;

/// How long a write waits for another process.
const BUSY: Duration = Duration::from_secs(10);
/// Definitions of jobs that are kept parsed.
const PARSED: usize = 4096;
/// Runs that are kept until they are taken, and bytes of one.
const FRESH: usize = 4096;
const FRESH_BYTES: usize = 4 << 10;
/// What the reader and the writer keep in memory, each.
const CACHE_KIB: i64 = 8 << 10;
/// Pages of the log of writes before they go to the file itself: 12 MiB. Fewer would write pages that many runs share
/// again and again; more would have writers wait longer while that is done (at 32 MiB: twice the p99).
const CHECKPOINT_PAGES: i64 = 3000;

/// A store in a SQLite file, or in memory. Several processes may use one file.
pub struct SqliteStore {
    path: Option<PathBuf>,
    opened: OnceLock<Result<Opened, StoreError>>,
    shared: Arc<Shared>,
}

/// What all connections use.
#[derive(Default)]
struct Shared {
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    /// How many runs wait in each queue: a bound from above, and when it was counted.
    waiting: Mutex<HashMap<String, (u64, Timestamp)>>,
    /// Runs that this process has inserted and nobody has taken: whoever takes one need not read it.
    fresh: Mutex<HashMap<String, NewRun>>,
}

enum Opened {
    File { writer: mpsc::Sender<writer::Job>, reader: Arc<Mutex<Connection>> },
    Memory(Mutex<Connection>),
}

impl SqliteStore {
    /// A store in this file. The file is opened at the first use: made with its directory when it is
    /// missing, and its schema brought up to date.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), opened: OnceLock::new(), shared: Arc::default() }
    }

    /// A store that is gone with the process.
    pub fn in_memory() -> Self {
        Self { path: None, opened: OnceLock::new(), shared: Arc::default() }
    }

    fn opened(&self) -> Result<&Opened, StoreError> {
        let open = || match &self.path {
            Some(path) => Opened::file(path),
            None => Opened::memory(),
        };
        self.opened.get_or_init(open).as_ref().map_err(Clone::clone)
    }
}

impl Opened {
    fn file(path: &Path) -> Result<Self, StoreError> {
        let fail = |what: &str, error: &dyn std::fmt::Display| {
            StoreError::Failed(format!("{what} {}: {error}", path.display()))
        };
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(|e| fail("cannot make the directory of", &e))?;
        }
        let mut writer = connect(path).map_err(|e| fail("cannot open", &e))?;
        schema::migrate(&mut writer).map_err(|e| fail("cannot migrate", &e))?;
        let reader = connect(path).map_err(|e| fail("cannot open", &e))?;
        let (sender, jobs) = mpsc::channel();
        thread::Builder::new()
            .name("stepwell-store".to_owned())
            .spawn(move || writer::write_groups(&mut writer, &jobs))
            .map_err(|e| fail("cannot start the writer of", &e))?;
        Ok(Self::File { writer: sender, reader: Arc::new(Mutex::new(reader)) })
    }

    fn memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory().map_err(|e| failure(&e))?;
        schema::migrate(&mut connection).map_err(|e| failure(&e))?;
        prepare(&connection).map_err(|e| failure(&e))?;
        Ok(Self::Memory(Mutex::new(connection)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SqliteStore {
    /// Runs `write` in a transaction with others; returns when that is on disk.
    async fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&Connection, &Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let writer = match self.opened()? {
            Opened::Memory(connection) => {
                let mut connection = lock(connection);
                let transaction = connection
                    .transaction_with_behavior(TransactionBehavior::Immediate)
                    .map_err(|e| failure(&e))?;
                let value = write(&transaction, &shared)?;
                transaction.commit().map_err(|e| failure(&e))?;
                return Ok(value);
            }
            Opened::File { writer, .. } => writer,
        };
        let (answer, done) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let reply = |answer: &Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>, result| {
            if let Some(answer) = lock(answer).take() {
                // Whoever asked may have gone; the write stands.
                let _ = answer.send(result);
            }
        };
        let later = answer.clone();
        let job = writer::Job {
            write: Box::new(move |transaction| {
                let (value, later) = (write(transaction, &shared)?, later.clone());
                Ok(Box::new(move || reply(&later, Ok(value))))
            }),
            failed: Box::new(move |error| reply(&answer, Err(error))),
        };
        let gone = || StoreError::Failed("the writer has stopped".to_owned());
        writer.send(job).map_err(|_| gone())?;
        done.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, &Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let reader = match self.opened()? {
            Opened::Memory(connection) => return read(&lock(connection), &shared),
            Opened::File { reader, .. } => reader.clone(),
        };
        let work = move || read(&lock(&reader), &shared);
        tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Failed(error.to_string()))?
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // A file system that is read-only now may be writable later, and reads work all the same.
    let _ = connection.pragma_update(None, "journal_mode", "WAL");
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Statements are prepared once, whatever values they are bound to: without that, SQLite looks at the values for its
/// partial indexes, and prepares such a statement at each use.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

impl Shared {
    /// The job of that digest.
    fn job(&self, connection: &Connection, digest: &str) -> Result<Arc<Job>, StoreError> {
        if let Some(job) = lock(&self.jobs).get(digest) {
            return Ok(job.clone());
        }
        let text: String =
            one(connection, "SELECT job FROM definitions WHERE digest = ?1", [digest], |row| row.get(0))?
                .ok_or_else(|| StoreError::Failed(format!("the definition {digest} is missing")))?;
        let job = Arc::new(Job::from(parse::<JobDefinition>(&text)?));
        self.keep(&job);
        Ok(job)
    }

    fn keep(&self, job: &Arc<Job>) {
        let mut jobs = lock(&self.jobs);
        if jobs.len() >= PARSED {
            // Whichever: what is used comes back at the next use.
            jobs.clear();
        }
        jobs.insert(job.digest().to_owned(), job.clone());
    }

    /// Keeps the definition, once for all runs that have it.
    fn define(&self, transaction: &Connection, job: &Arc<Job>) -> Result<(), StoreError> {
        let known = "SELECT 1 FROM definitions WHERE digest = ?1";
        if one(transaction, known, [job.digest()], |_| Ok(()))?.is_none() {
            let sql = "INSERT INTO definitions (digest, job) VALUES (?1, ?2)";
            execute(transaction, sql, (job.digest(), job.text()))?;
        }
        if !lock(&self.jobs).contains_key(job.digest()) {
            self.keep(job);
        }
        Ok(())
    }

    /// Keeps a run that was inserted, as it would be read.
    fn remember(&self, run: &NewRun, bytes: usize, inserted: &Inserted) {
        if inserted.cancelled || !run.inherited.is_empty() || bytes > FRESH_BYTES {
            return;
        }
        let mut fresh = lock(&self.fresh);
        if fresh.len() >= FRESH {
            // They are read when they are taken.
            fresh.clear();
        }
        let run = NewRun { idempotency: None, max_waiting: u64::MAX, ..run.clone() };
        fresh.insert(run.execution_id.clone(), run);
    }
}

fn execute(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<usize, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params))
        .map_err(|e| failure(&e))
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let found = connection.prepare_cached(sql).and_then(|mut s| s.query_row(params, row).optional());
    found.map_err(|e| failure(&e))
}

fn many<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(|e| failure(&e))?;
    let rows = statement.query_map(params, row).map_err(|e| failure(&e))?;
    rows.collect::<rusqlite::Result<Vec<T>>>().map_err(|e| failure(&e))
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Failed(format!("a record cannot be read: {error}")))
}

fn micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_timestamp_micros(micros).unwrap_or_default()
}

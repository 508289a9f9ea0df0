//! Runs in a SQLite file: WAL, `synchronous=FULL`, one writer with group commit.
//!
//! FULL, and not NORMAL: in WAL mode NORMAL may lose acknowledged commits when the power fails. Since each
//! commit then costs an fsync, one thread does all writing, and takes everything that waits into one
//! transaction: under load many commits share one fsync. Readers have a connection of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::{Event, RunStatus};
use stepwell_engine::store::{Claim, Commit, LogRecord, NewRun, RunSummary};
use stepwell_engine::{Store, StoreError};
use tokio::sync::oneshot;

/// The schema, one step for each version; the file's `user_version` is the number of steps taken.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE runs (
        execution_id  TEXT PRIMARY KEY,
        job_id        TEXT NOT NULL,
        run           TEXT NOT NULL,
        status        TEXT NOT NULL,
        created_at    INTEGER NOT NULL,
        updated_at    INTEGER NOT NULL,
        fence         INTEGER NOT NULL DEFAULT 0,
        claimed_until INTEGER
    ) STRICT;
    CREATE INDEX runs_by_age ON runs (created_at DESC, execution_id DESC);
    CREATE TABLE events (
        execution_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        seq          INTEGER NOT NULL,
        event        TEXT NOT NULL,
        PRIMARY KEY (execution_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE logs (
        execution_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        seq          INTEGER NOT NULL,
        record       TEXT NOT NULL,
        PRIMARY KEY (execution_id, seq)
    ) STRICT, WITHOUT ROWID;
"];

/// Most writes in one transaction: bounds how long the first of them waits for the last.
const MAX_GROUP: usize = 512;
/// How long a write waits for another process.
const BUSY: Duration = Duration::from_secs(10);

/// A store in a SQLite file. Several processes may use one file.
pub struct SqliteStore {
    path: PathBuf,
    opened: OnceLock<Result<Opened, StoreError>>,
}

struct Opened {
    writer: mpsc::Sender<Job>,
    reader: Arc<Mutex<Connection>>,
}

/// A write within a transaction.
type Write = Box<dyn FnOnce(&Connection) -> Result<Reply, StoreError> + Send>;

/// Answers the one who waits.
type Reply = Box<dyn FnOnce() + Send>;

/// A write, and the one who waits for it to be on disk.
struct Job {
    write: Write,
    failed: Box<dyn FnOnce(StoreError) + Send>,
}

impl SqliteStore {
    /// A store in this file. The file is opened at the first use: made with its directory when it is
    /// missing, and its schema brought up to date.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), opened: OnceLock::new() }
    }

    fn opened(&self) -> Result<&Opened, StoreError> {
        self.opened.get_or_init(|| Opened::open(&self.path)).as_ref().map_err(Clone::clone)
    }
}

impl Opened {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |what: &str, error: &dyn std::fmt::Display| {
            StoreError::Failed(format!("{what} {}: {error}", path.display()))
        };
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(|e| fail("cannot make the directory of", &e))?;
        }
        let mut writer = connect(path).map_err(|e| fail("cannot open", &e))?;
        migrate(&mut writer).map_err(|e| fail("cannot migrate", &e))?;
        let reader = connect(path).map_err(|e| fail("cannot open", &e))?;
        let (sender, jobs) = mpsc::channel();
        thread::Builder::new()
            .name("stepwell-store".to_owned())
            .spawn(move || write_groups(&mut writer, &jobs))
            .map_err(|e| fail("cannot start the writer of", &e))?;
        Ok(Self { writer: sender, reader: Arc::new(Mutex::new(reader)) })
    }
}

impl SqliteStore {
    /// Runs `write` in a transaction with others; returns when that is on disk.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, done) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let reply = |answer: &Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>, result| {
            if let Some(answer) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                // Whoever asked may have gone; the write stands.
                let _ = answer.send(result);
            }
        };
        let later = answer.clone();
        let job = Job {
            write: Box::new(move |transaction| {
                let value = write(transaction)?;
                Ok(Box::new(move || reply(&later, Ok(value))))
            }),
            failed: Box::new(move |error| reply(&answer, Err(error))),
        };
        let gone = || StoreError::Failed("the writer has stopped".to_owned());
        self.opened()?.writer.send(job).map_err(|_| gone())?;
        done.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.opened()?.reader.clone();
        let work = move || read(&reader.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Failed(error.to_string()))?
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version = |connection: &Connection| -> rusqlite::Result<usize> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    if version(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    // Another process may be migrating too: look again under the lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = version(&transaction)?;
    if done > MIGRATIONS.len() {
        let message = format!("it was written by a newer version of Stepwell (schema {done})");
        return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(1), Some(message)));
    }
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()
}

/// Takes what waits, writes it in one transaction, and answers when that is on disk.
fn write_groups(connection: &mut Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter().take(MAX_GROUP - 1));
        let (mut done, mut waiting) = (Vec::new(), Vec::new());
        let committed = (|| {
            let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for job in group {
                // Each write stands or falls alone.
                let savepoint = transaction.savepoint()?;
                match (job.write)(&savepoint) {
                    Ok(reply) => {
                        savepoint.commit()?;
                        done.push(reply);
                        waiting.push(job.failed);
                    }
                    Err(error) => {
                        drop(savepoint);
                        (job.failed)(error);
                    }
                }
            }
            transaction.commit()
        })();
        match committed {
            Ok(()) => done.into_iter().for_each(|reply| reply()),
            Err(error) => waiting.into_iter().for_each(|failed| failed(failure(&error))),
        }
    }
}

fn failure(error: &rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Failed(format!("a record cannot be read: {error}")))
}

fn micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_timestamp_micros(micros).unwrap_or_default()
}

fn load(connection: &Connection, execution_id: &str) -> Result<(NewRun, Vec<Event>), StoreError> {
    let run: Option<String> = connection
        .prepare_cached("SELECT run FROM runs WHERE execution_id = ?1")
        .and_then(|mut statement| statement.query_row([execution_id], |row| row.get(0)).optional())
        .map_err(|e| failure(&e))?;
    let run = run.ok_or_else(|| StoreError::NotFound(execution_id.to_owned()))?;
    let events =
        records(connection, "SELECT event FROM events WHERE execution_id = ?1 ORDER BY seq", execution_id)?;
    Ok((parse(&run)?, events))
}

fn records<T: serde::de::DeserializeOwned>(
    connection: &Connection,
    query: &str,
    execution_id: &str,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(query).map_err(|e| failure(&e))?;
    let rows = statement.query_map([execution_id], |row| row.get::<_, String>(0)).map_err(|e| failure(&e))?;
    rows.map(|row| parse(&row.map_err(|e| failure(&e))?)).collect()
}

/// Runs `update`, which must name the fence, and tells a stale fence from a missing run.
fn fenced(changed: rusqlite::Result<usize>, execution_id: &str) -> Result<(), StoreError> {
    match changed.map_err(|e| failure(&e))? {
        0 => Err(StoreError::Stale(execution_id.to_owned())),
        _ => Ok(()),
    }
}

fn append(
    transaction: &Connection,
    insert: &str,
    execution_id: &str,
    records: impl Iterator<Item = Result<String, StoreError>>,
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(insert).map_err(|e| failure(&e))?;
    for record in records {
        statement.execute(params![execution_id, record?]).map_err(|e| failure(&e))?;
    }
    Ok(())
}

const APPEND_EVENT: &str = "INSERT INTO events (execution_id, seq, event)
    SELECT ?1, COALESCE(MAX(seq), 0) + 1, ?2 FROM events WHERE execution_id = ?1";
const APPEND_LOG: &str = "INSERT INTO logs (execution_id, seq, record)
    SELECT ?1, COALESCE(MAX(seq), 0) + 1, ?2 FROM logs WHERE execution_id = ?1";

#[async_trait]
impl Store for SqliteStore {
    async fn insert(&self, run: &NewRun) -> Result<(), StoreError> {
        let run = run.clone();
        self.write(move |transaction| {
            let insert = "INSERT INTO runs (execution_id, job_id, run, status, created_at, updated_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
            let row = params![
                run.execution_id,
                run.job.id,
                json(&run)?,
                RunStatus::Queued.name(),
                micros(run.created_at)
            ];
            match transaction.prepare_cached(insert).and_then(|mut statement| statement.execute(row)) {
                Ok(_) => Ok(()),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    Err(StoreError::Exists(run.execution_id))
                }
                Err(error) => Err(failure(&error)),
            }
        })
        .await
    }

    async fn claim(&self, execution_id: &str, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        let id = execution_id.to_owned();
        self.write(move |transaction| {
            let take = "UPDATE runs SET fence = fence + 1, claimed_until = ?3
                WHERE execution_id = ?1 AND (claimed_until IS NULL OR claimed_until <= ?2)
                RETURNING fence";
            let fence: Option<u64> = transaction
                .prepare_cached(take)
                .and_then(|mut s| {
                    s.query_row(params![id, micros(now), micros(until)], |row| row.get(0)).optional()
                })
                .map_err(|e| failure(&e))?;
            let (run, events) = load(transaction, &id)?;
            match fence {
                Some(fence) => Ok(Claim { run, events, fence }),
                None => {
                    let held = "SELECT claimed_until FROM runs WHERE execution_id = ?1";
                    let held: Option<i64> =
                        transaction.query_row(held, [&id], |row| row.get(0)).map_err(|e| failure(&e))?;
                    Err(StoreError::Claimed(id, held.map_or(now, time)))
                }
            }
        })
        .await
    }

    async fn renew(&self, execution_id: &str, fence: u64, until: Timestamp) -> Result<(), StoreError> {
        self.set_claim(execution_id, fence, Some(until)).await
    }

    async fn release(&self, execution_id: &str, fence: u64) -> Result<(), StoreError> {
        self.set_claim(execution_id, fence, None).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let Commit { execution_id, fence, events, logs, status, at } = commit;
            let update =
                "UPDATE runs SET status = ?3, updated_at = ?4 WHERE execution_id = ?1 AND fence = ?2";
            let row = params![execution_id, fence, status.name(), micros(at)];
            fenced(transaction.prepare_cached(update).and_then(|mut s| s.execute(row)), &execution_id)?;
            append(transaction, APPEND_EVENT, &execution_id, events.iter().map(json))?;
            append(transaction, APPEND_LOG, &execution_id, logs.iter().map(json))
        })
        .await
    }

    async fn load(&self, execution_id: &str) -> Result<(NewRun, Vec<Event>), StoreError> {
        let id = execution_id.to_owned();
        self.read(move |connection| load(connection, &id)).await
    }

    async fn list(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.read(move |connection| {
            let query = "SELECT execution_id, job_id, status, created_at, updated_at FROM runs
                ORDER BY created_at DESC, execution_id DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(query).map_err(|e| failure(&e))?;
            let rows = statement.query_map([limit], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?))
            });
            let summary = |row: rusqlite::Result<(String, String, String, i64, i64)>| {
                let (execution_id, job_id, status, created_at, updated_at) = row.map_err(|e| failure(&e))?;
                let status = parse(&format!("\"{status}\""))?;
                let (created_at, updated_at) = (time(created_at), time(updated_at));
                Ok(RunSummary { execution_id, job_id, status, created_at, updated_at })
            };
            rows.map_err(|e| failure(&e))?.map(summary).collect()
        })
        .await
    }

    async fn logs(&self, execution_id: &str) -> Result<Vec<LogRecord>, StoreError> {
        let id = execution_id.to_owned();
        self.read(move |connection| {
            load(connection, &id)?;
            records(connection, "SELECT record FROM logs WHERE execution_id = ?1 ORDER BY seq", &id)
        })
        .await
    }
}

impl SqliteStore {
    async fn set_claim(
        &self,
        execution_id: &str,
        fence: u64,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let id = execution_id.to_owned();
        self.write(move |transaction| {
            let update = "UPDATE runs SET claimed_until = ?3 WHERE execution_id = ?1 AND fence = ?2";
            let row = params![id, fence, until.map(micros)];
            fenced(transaction.prepare_cached(update).and_then(|mut s| s.execute(row)), &id)
        })
        .await
    }
}

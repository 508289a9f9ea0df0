//! Runs in a SQLite file: WAL, `synchronous=FULL`, one writer with group commit.
//!
//! The mode is FULL and not NORMAL, since in WAL mode NORMAL may lose acknowledged commits in a power
//! failure. Each commit then costs an fsync, so one thread does all writing and combines all waiting writes
//! into one transaction. Under load, many commits share one fsync. Other threads do the work that is possible
//! before or after a write, such as encoding and decoding JSON. Readers have a separate connection.
//!
//! In memory there is one connection and no thread. Requests run at once, in order.

mod checkpoint;
pub(crate) mod schema;
mod writer;

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, TransactionBehavior};
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::Vitals;
use stepwell_engine::system::why;
use tokio::sync::oneshot;

use crate::shared::Shared;
use crate::sql::{Columns, Each, Param, Row, STATEMENTS, Sql, failed, micros};
use crate::store::{Database, SqlStore};
use writer::failure;

/// The time for which a write waits for another process.
const BUSY: Duration = Duration::from_secs(10);
/// The cache size of the reader and of the writer, each.
const CACHE_KIB: i64 = 8 << 10;

/// A store in a SQLite file, or in memory. Several processes may use one file.
pub type SqliteStore = SqlStore<Sqlite>;

/// The SQLite database of a store.
pub struct Sqlite {
    path: Option<PathBuf>,
    opened: OnceLock<Result<Opened, StoreError>>,
    shared: Arc<Shared>,
}

enum Opened {
    File { writer: mpsc::Sender<writer::Job>, reader: Arc<Mutex<Connection>> },
    Memory(Mutex<Connection>),
}

impl SqlStore<Sqlite> {
    /// Creates a store in this file. The first use opens the file, creates it and its directory if missing,
    /// and brings its schema up to date.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(Sqlite { path: Some(path.into()), opened: OnceLock::new(), shared: Arc::default() })
    }

    /// Creates a store that ends with the process.
    pub fn in_memory() -> Self {
        Self(Sqlite { path: None, opened: OnceLock::new(), shared: Arc::default() })
    }
}

impl Sqlite {
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
        // Only this user may read the directory: it holds definitions, outputs and the audit log.
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
            made.map_err(|e| fail("cannot make the directory of", &why(&e)))?;
        }
        // To open a pipe is to wait for its other end.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(fail("cannot open", &"it is not a regular file"));
        }
        // SQLite creates its other files with the mode of this one.
        let made = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        made.map_err(|e| fail("cannot open", &why(&e)))?;
        let mut writer = connect(path).map_err(|e| fail("cannot open", &writer::describe(&e)))?;
        schema::migrate(&mut writer).map_err(|e| fail("cannot migrate", &writer::describe(&e)))?;
        let reader = connect(path).map_err(|e| fail("cannot open", &writer::describe(&e)))?;
        let checkpoints = checkpoint::Checkpoints::start(path, &writer)
            .map_err(|e| fail("cannot open", &writer::describe(&e)))?;
        let (sender, jobs) = mpsc::channel();
        thread::Builder::new()
            .name("stepwell-store".to_owned())
            .spawn(move || writer::write_groups(&mut writer, checkpoints, &jobs))
            .map_err(|e| fail("cannot start the writer of", &why(&e)))?;
        Ok(Self::File { writer: sender, reader: Arc::new(Mutex::new(reader)) })
    }

    fn memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory().map_err(|e| failure(&e))?;
        schema::migrate(&mut connection).map_err(|e| failure(&e))?;
        prepare(&connection).map_err(|e| failure(&e))?;
        Ok(Self::Memory(Mutex::new(connection)))
    }
}

impl Database for Sqlite {
    /// Runs `write` in a transaction with others. Returns when the transaction is on disk.
    async fn write_bytes<T: Send + 'static>(
        &self,
        bytes: usize,
        write: impl Fn(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let writer = match self.opened()? {
            Opened::Memory(connection) => {
                let mut connection = connection.lock();
                let transaction = connection
                    .transaction_with_behavior(TransactionBehavior::Immediate)
                    .map_err(|e| failure(&e))?;
                let value = write(&*transaction, &shared)?;
                transaction.commit().map_err(|e| failure(&e))?;
                return Ok(value);
            }
            Opened::File { writer, .. } => writer,
        };
        let (answer, done) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let reply = |answer: &Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>, result| {
            if let Some(answer) = answer.lock().take() {
                // The caller may be gone. The write stands.
                let _ = answer.send(result);
            }
        };
        let later = answer.clone();
        let job = writer::Job {
            write: Box::new(move |transaction| {
                let (value, later) = (write(transaction, &shared)?, later.clone());
                Ok(Box::new(move || reply(&later, Ok(value))))
            }),
            bytes,
            failed: Box::new(move |error| reply(&answer, Err(error))),
        };
        let gone = || StoreError::Failed("the writer has stopped".to_owned());
        writer.send(job).map_err(|_| gone())?;
        done.await.map_err(|_| gone())?
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.write_bytes(0, write).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Sql, &Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let reader = match self.opened()? {
            Opened::Memory(connection) => return read(&*connection.lock(), &shared),
            Opened::File { reader, .. } => reader.clone(),
        };
        let work = move || read(&*reader.lock(), &shared);
        tokio::task::spawn_blocking(work).await.map_err(failed)?
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }

    async fn vitals(&self, _now: Timestamp) -> Result<Vitals, StoreError> {
        let place = self.path.as_ref().map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
        let product = format!("SQLite {}", rusqlite::version());
        self.read(move |_, _| Ok(Vitals { product, place, schema: schema::version(), ..Vitals::default() }))
            .await
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // A read-only file system may become writable later, and reads work in any case.
    let _ = connection.pragma_update(None, "journal_mode", "WAL");
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Prepares statements once, whatever values are bound to them. Without this, SQLite inspects the values for
/// its partial indexes and prepares such a statement at each use.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

impl Sql for Connection {
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        debug_assert!(in_order(sql), "{sql}");
        let done = self.prepare_cached(sql).and_then(|mut statement| {
            bind(&mut statement, params)?;
            statement.raw_execute()
        });
        done.map(|count| count as u64).map_err(|e| failure(&e))
    }

    fn query(&self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        debug_assert!(in_order(sql), "{sql}");
        tracing::trace!(target: STATEMENTS, sql);
        let mut statement = self.prepare_cached(sql).map_err(|e| failure(&e))?;
        bind(&mut statement, params).map_err(|e| failure(&e))?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|e| failure(&e))? {
            each(Row(row))?;
        }
        Ok(())
    }

    /// There is only one writer at a time.
    fn locks_rows(&self) -> bool {
        false
    }

    fn lock(&self, _name: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn lease_time(&self, callers: Timestamp) -> Result<i64, StoreError> {
        Ok(micros(callers))
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &[Param<'_>]) -> rusqlite::Result<()> {
    params.iter().enumerate().try_for_each(|(index, param)| statement.raw_bind_parameter(index + 1, param))
}

/// Returns whether `$1`, `$2` and so on occur in this order, since SQLite numbers them by occurrence.
fn in_order(sql: &str) -> bool {
    let mut known = 0;
    sql.split('$').skip(1).all(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let number = digits.parse::<u32>().unwrap_or(0);
        known = known.max(if number == known + 1 { number } else { known });
        (1..=known).contains(&number)
    })
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match *self {
            Param::Int(Some(value)) => ToSqlOutput::Owned(Value::Integer(value)),
            Param::Text(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Param::Bool(value) => ToSqlOutput::Owned(Value::Integer(value.into())),
            Param::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Param::Int(None) | Param::Text(None) => ToSqlOutput::Owned(Value::Null),
        })
    }
}

impl Columns for rusqlite::Row<'_> {
    fn int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        self.get(index).map_err(|e| failure(&e))
    }

    fn text(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.get(index).map_err(|e| failure(&e))
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.get(index).map_err(|e| failure(&e))
    }
}

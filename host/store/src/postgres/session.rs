//! A session: its prepared statements and its errors.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

use super::settings::PATIENCE;
use crate::follow::MOVED_CODE;
use crate::sql::{Columns, Each, Param, Row, STATEMENTS, Sql, failed, micros};

/// The maximum number of prepared statements of a session. Lists lead to many statements.
const PREPARED: usize = 256;

/// Locks a name. Two names with the same number wait for each other, which does no harm.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// A session with the server.
pub(super) struct Session {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    broken: AtomicBool,
}

impl Session {
    pub fn new(client: Client) -> Self {
        Self { client, statements: Mutex::default(), broken: AtomicBool::new(false) }
    }

    pub fn works(&self) -> bool {
        !self.broken.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Sets the schema of the tables, and the server's time limits.
    pub async fn prepare_for_use(&self, schema: &str) -> Result<(), StoreError> {
        let patience = PATIENCE.as_millis();
        self.batch(&format!(
            "SET search_path = {schema}; SET statement_timeout = {patience}; SET lock_timeout = {patience};
            SET idle_in_transaction_session_timeout = {}; SET jit = off; SET timezone = 'UTC';
            SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'",
            patience / 2
        ))
        .await
    }

    /// Waits for an answer. Without an answer in time, the state of the server is unknown, and the session is
    /// not used again.
    pub async fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        match timeout(PATIENCE + PATIENCE / 2, answer).await {
            Ok(answer) => answer.map_err(|error| {
                // Another server has taken over, so the next session must connect to that one.
                if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
                    self.broken.store(true, Ordering::Relaxed);
                }
                failure(&error)
            }),
            Err(_) => {
                self.broken.store(true, Ordering::Relaxed);
                Err(StoreError::Unavailable("the database does not answer".to_owned()))
            }
        }
    }

    /// Runs statements without parameters and rows.
    pub async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.wait(self.client.batch_execute(sql)).await
    }

    /// Runs such statements without a time limit.
    pub async fn long_batch(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(|error| failure(&error))
    }

    /// Returns the prepared statement.
    pub async fn prepared(&self, sql: &str, types: &[Type]) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.lock().get(sql) {
            return Ok(known.clone());
        }
        let made = self.wait(self.client.prepare_typed(sql, types)).await?;
        let mut statements = self.statements.lock();
        if statements.len() >= PREPARED {
            statements.clear();
        }
        statements.insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    /// Returns the rows of a statement, and the number of changed rows if it returns no rows.
    pub async fn rows(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.prepared(sql, &[]).await?;
        self.wait(self.client.query(&statement, params)).await
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Rolls back the transaction, or closes the session if that fails.
    pub async fn roll_back(&self) {
        if self.batch("ROLLBACK").await.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
    }
}

/// Classifies a PostgreSQL failure. Some failures are temporary.
pub(super) fn failure(error: &Error) -> StoreError {
    let Some(reported) = error.as_db_error() else {
        // The connection was lost or never existed. Invalid values cause other errors.
        return match error.is_closed()
            || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
        {
            true => StoreError::Unavailable(chain(error)),
            false if error.to_string().starts_with("error connecting") => {
                StoreError::Unavailable(chain(error))
            }
            false => StoreError::Failed(chain(error)),
        };
    };
    if reported.code().code() == MOVED_CODE {
        return StoreError::Moved;
    }
    // Error classes of the PostgreSQL manual: connections, resources, operator interventions and conflicts.
    // If a server refuses writes, another server has taken over.
    let passes = ["08", "53", "57", "40", "55"].iter().any(|class| reported.code().code().starts_with(class))
        || [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::UNIQUE_VIOLATION].contains(reported.code());
    let message = format!("{} ({})", reported.message(), reported.code().code());
    if passes { StoreError::Unavailable(message) } else { StoreError::Failed(message) }
}

/// Formats the error with its causes.
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

/// Returns whether the failed transaction may be retried at once, because another transaction conflicted with
/// it.
pub(super) fn in_the_way(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION]
            .contains(code)
    })
}

/// The statements that all databases share, in a thread that waits for each of them.
pub(super) struct Transaction<'a> {
    session: &'a Session,
    handle: Handle,
    callers_time: bool,
    again: Cell<bool>,
}

impl<'a> Transaction<'a> {
    pub fn new(session: &'a Session, handle: Handle, callers_time: bool) -> Self {
        Self { session, handle, callers_time, again: Cell::new(false) }
    }

    /// Runs `work` in a transaction.
    pub fn run<T>(&self, work: impl FnOnce(&dyn Sql) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = self.handle.block_on(self.session.batch("BEGIN")) {
            // The transaction has not done anything yet, so a session that was lost while idle is replaced.
            self.again.set(!self.session.works());
            return Err(error);
        }
        match work(self) {
            Ok(value) => {
                // Without an answer to this, it is unknown whether the transaction was committed.
                self.handle.block_on(self.session.batch("COMMIT"))?;
                Ok(value)
            }
            Err(error) => {
                self.handle.block_on(self.session.roll_back());
                Err(error)
            }
        }
    }

    /// Returns whether the failed transaction should be retried at once.
    pub fn may_retry(&self) -> bool {
        self.again.get()
    }

    fn ask(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let types: Vec<Type> = params.iter().map(Param::kind).collect();
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        self.handle.block_on(async {
            let statement = self.session.prepared(sql, &types).await?;
            self.note(self.session.client().query(&statement, &values)).await
        })
    }

    async fn note<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        self.session
            .wait(async {
                let answer = answer.await;
                if let Err(error) = &answer {
                    self.again.set(in_the_way(error));
                }
                answer
            })
            .await
    }
}

impl Sql for Transaction<'_> {
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let types: Vec<Type> = params.iter().map(Param::kind).collect();
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        self.handle.block_on(async {
            let statement = self.session.prepared(sql, &types).await?;
            self.note(self.session.client().execute(&statement, &values)).await
        })
    }

    fn query(&self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        tracing::trace!(target: STATEMENTS, types = kinds(params), sql);
        self.ask(sql, params)?.iter().try_for_each(|row| each(Row(row)))
    }

    fn locks_rows(&self) -> bool {
        true
    }

    fn lock(&self, name: &str) -> Result<(), StoreError> {
        self.ask(LOCK, &[Param::Text(Some(name))]).map(drop)
    }

    fn lease_time(&self, callers: Timestamp) -> Result<i64, StoreError> {
        if self.callers_time {
            return Ok(micros(callers));
        }
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let rows = self.ask(sql, &[])?;
        let row = rows.first().ok_or_else(|| failed("no answer"))?;
        row.try_get(0).map_err(failed)
    }
}

/// Returns the types of parameters, for the log.
fn kinds(params: &[Param<'_>]) -> String {
    let kinds: Vec<String> = params.iter().map(|param| param.kind().name().to_owned()).collect();
    kinds.join(", ")
}

impl Param<'_> {
    fn kind(&self) -> Type {
        match self {
            Self::Int(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bool(_) => Type::BOOL,
            Self::Bytes(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(text) => text.map(plain).as_deref().to_sql(kind, out),
            Self::Bool(value) => value.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BOOL, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

/// Reads a column of a row.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r tokio_postgres::Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(failed)
}

/// Returns the text without NUL, which PostgreSQL does not store.
fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

impl Columns for tokio_postgres::Row {
    fn int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        let kind = self.columns().get(index).map(|column| column.type_().clone());
        let found = match kind {
            Some(Type::INT4) => self.try_get::<_, Option<i32>>(index).map(|found| found.map(i64::from)),
            Some(Type::BOOL) => self.try_get::<_, Option<bool>>(index).map(|found| found.map(i64::from)),
            _ => self.try_get(index),
        };
        found.map_err(failed)
    }

    fn text(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.try_get(index).map_err(failed)
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.try_get(index).map_err(failed)
    }
}

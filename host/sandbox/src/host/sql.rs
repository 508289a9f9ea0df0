//! `stepwell:sql` over the SQLite files that the configuration names.
//!
//! The threat: a statement that reads or writes elsewhere (ATTACH, a PRAGMA, an extension), runs for ever,
//! or returns without end. So an authorizer looks at every action while a statement is prepared, the file
//! is opened read-only unless the grant says more, SQLite's own limits are low, and rows come in batches
//! from a thread of the connection's own, which a deadline interrupts. See sqlite.org/security.html.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Batch, ErrorCode, OpenFlags, Statement};
use stepwell_engine::Configuration;
use stepwell_engine::config::Connection as Configured;
use stepwell_engine::policy::{Grant, Limits, SqlGrant, SqlMode};
use tokio::sync::{mpsc, oneshot};
use wasmtime::Result as Trap;
use wasmtime::component::Resource;

use crate::guest::Guest;
use crate::guest::bindings::stepwell::sql::sql::{
    Column, Error, Host, HostConnection, HostRows, Parameters, Value,
};

/// Rows of one batch, and the bytes after which a batch is sent before it has as many.
const BATCH_ROWS: usize = 512;
const BATCH_BYTES: u64 = 64 << 10;
/// Instructions of SQLite's machine between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(2);

/// The SQL of one attempt.
pub(crate) struct SqlUse {
    config: Arc<Configuration>,
    grants: BTreeMap<String, SqlGrant>,
    statements: u64,
    max_statements: u64,
    totals: Arc<Totals>,
}

/// Rows and bytes of all results of an attempt.
#[derive(Debug)]
struct Totals {
    rows: AtomicU64,
    max_rows: u64,
    bytes: AtomicU64,
    max_bytes: u64,
}

impl SqlUse {
    pub fn new(config: Arc<Configuration>, grant: &Grant) -> Self {
        let limits: &Limits = grant.limits();
        let totals = Totals {
            rows: AtomicU64::new(0),
            max_rows: limits.sql_rows.0,
            bytes: AtomicU64::new(0),
            max_bytes: limits.sql_bytes.0,
        };
        Self {
            config,
            grants: grant.sql().clone(),
            statements: 0,
            max_statements: limits.sql_statements.0,
            totals: Arc::new(totals),
        }
    }

    /// Bytes that results brought.
    pub fn bytes(&self) -> u64 {
        self.totals.bytes.load(Ordering::Relaxed)
    }
}

/// A connection: a thread that owns the database handle.
pub struct Connection {
    work: mpsc::Sender<Work>,
    timeout: Duration,
    rows: u64,
}

/// A result that is being read. Dropping it stops the statement.
pub struct Rows {
    columns: Vec<Column>,
    batches: mpsc::Receiver<Result<Vec<Vec<Value>>, Error>>,
    rest: std::vec::IntoIter<Vec<Value>>,
    _stop: StopOnDrop,
}

/// Stops a statement when whoever waits for it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Work {
    statement: String,
    parameters: Parameters,
    deadline: Instant,
    max_rows: u64,
    stop: Arc<AtomicBool>,
    kind: Kind,
}

enum Kind {
    Query {
        started: oneshot::Sender<Result<Vec<Column>, Error>>,
        batches: mpsc::Sender<Result<Vec<Vec<Value>>, Error>>,
    },
    Execute(oneshot::Sender<Result<u64, Error>>),
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(&mut self, name: String) -> Trap<Result<Resource<Connection>, Error>> {
        self.calls.count("stepwell:sql");
        let Some(grant) = self.sql.grants.get(&name).cloned() else {
            self.denied("SQL_NOT_GRANTED", &format!("opening the connection `{name}`"))?;
            return Ok(Err(Error::UnknownConnection(name)));
        };
        let Some(Configured::Sqlite { path }) = self.sql.config.connections.get(&name).cloned() else {
            return Ok(Err(Error::UnknownConnection(name)));
        };
        let (work, requests) = mpsc::channel(1);
        let (opened, answer) = oneshot::channel();
        let (mode, totals) = (grant.mode, self.sql.totals.clone());
        tokio::task::spawn_blocking(move || serve(&path, &name, mode, &totals, opened, requests));
        let connection = Connection { work, timeout: grant.timeout.0, rows: grant.rows.0 };
        match answer.await {
            Ok(Ok(())) => Ok(Ok(self.table.push(connection)?)),
            Ok(Err(error)) => Ok(Err(error)),
            Err(_) => Ok(Err(lost())),
        }
    }

    async fn dialect(&mut self, _: Resource<Connection>) -> Trap<String> {
        Ok("sqlite".to_owned())
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Parameters,
        timeout_ms: u32,
    ) -> Trap<Result<Resource<Rows>, Error>> {
        self.calls.count("stepwell:sql");
        let (started, answer) = oneshot::channel();
        let (batches, receiver) = mpsc::channel(2);
        let kind = Kind::Query { started, batches };
        let stop = match self.start(&connection, statement, parameters, timeout_ms, kind).await? {
            Ok(stop) => stop,
            Err(error) => return Ok(Err(error)),
        };
        match answer.await {
            Ok(Ok(columns)) => {
                let rows = Rows { columns, batches: receiver, rest: Vec::new().into_iter(), _stop: stop };
                Ok(Ok(self.table.push(rows)?))
            }
            Ok(Err(error)) => self.sql_error(error).map(Err),
            Err(_) => Ok(Err(lost())),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Parameters,
        timeout_ms: u32,
    ) -> Trap<Result<u64, Error>> {
        self.calls.count("stepwell:sql");
        let (done, answer) = oneshot::channel();
        let kind = Kind::Execute(done);
        let _stop = match self.start(&connection, statement, parameters, timeout_ms, kind).await? {
            Ok(stop) => stop,
            Err(error) => return Ok(Err(error)),
        };
        match answer.await {
            Ok(Ok(changed)) => Ok(Ok(changed)),
            Ok(Err(error)) => self.sql_error(error).map(Err),
            Err(_) => Ok(Err(lost())),
        }
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> Trap<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl HostRows for Guest {
    async fn columns(&mut self, rows: Resource<Rows>) -> Trap<Vec<Column>> {
        Ok(self.table.get(&rows)?.columns.clone())
    }

    async fn next(&mut self, rows: Resource<Rows>, max_rows: u32) -> Trap<Result<Vec<Vec<Value>>, Error>> {
        self.calls.count("stepwell:sql");
        let max_rows = usize::try_from(max_rows).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS);
        let rows = self.table.get_mut(&rows)?;
        if rows.rest.len() == 0 {
            match rows.batches.recv().await {
                None => return Ok(Ok(Vec::new())),
                Some(Err(error)) => return self.sql_error(error).map(Err),
                Some(Ok(batch)) => rows.rest = batch.into_iter(),
            }
        }
        Ok(Ok(rows.rest.by_ref().take(max_rows).collect()))
    }

    async fn drop(&mut self, rows: Resource<Rows>) -> Trap<()> {
        self.table.delete(rows)?;
        Ok(())
    }
}

impl Guest {
    /// Hands a statement to the connection's thread, within the limits of the grant. What is returned stops
    /// the statement when it is dropped: with its rows, or with the attempt.
    async fn start(
        &mut self,
        connection: &Resource<Connection>,
        statement: String,
        parameters: Parameters,
        timeout_ms: u32,
        kind: Kind,
    ) -> Trap<Result<StopOnDrop, Error>> {
        self.sql.statements += 1;
        if self.sql.statements > self.sql.max_statements {
            return Ok(Err(Error::Limit(format!("more than {} statements", self.sql.max_statements))));
        }
        let connection = self.table.get(connection)?;
        let wanted = Duration::from_millis(u64::from(timeout_ms));
        let granted = connection.timeout.min(self.context.remaining());
        let timeout = if timeout_ms == 0 { granted } else { wanted.min(granted) };
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        let deadline = Instant::now() + timeout;
        let stop = StopOnDrop(Arc::default());
        let work =
            Work { statement, parameters, deadline, max_rows: connection.rows, stop: stop.0.clone(), kind };
        Ok(connection.work.clone().send(work).await.map(|()| stop).map_err(|_| lost()))
    }

    fn sql_error(&mut self, error: Error) -> Trap<Error> {
        if let Error::Denied(message) = &error {
            let rule = message.split(':').next().unwrap_or("SQL_NOT_GRANTED").to_owned();
            self.denied(&rule, &message.clone())?;
        }
        Ok(error)
    }
}

fn lost() -> Error {
    Error::Unavailable("the connection is gone".to_owned())
}

/// The thread of a connection: opens the file, and runs one statement after the other.
fn serve(
    path: &Path,
    name: &str,
    mode: SqlMode,
    totals: &Totals,
    opened: oneshot::Sender<Result<(), Error>>,
    mut requests: mpsc::Receiver<Work>,
) {
    let database = match open(path, mode) {
        Ok(database) => database,
        Err(error) => {
            // The path is the operator's, and not for the guest.
            let error =
                Error::Unavailable(format!("the connection `{name}` cannot be opened: {}", code(&error)));
            let _ = opened.send(Err(error));
            return;
        }
    };
    if opened.send(Ok(())).is_err() {
        return;
    }
    while let Some(work) = requests.blocking_recv() {
        let Work { statement, parameters, deadline, max_rows, stop, kind } = work;
        // True interrupts the statement.
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        let handler = move || stop.load(Ordering::Relaxed) || Instant::now() >= deadline;
        let result = database.progress_handler(STEPS_BETWEEN_LOOKS, Some(handler));
        let translate = |error: rusqlite::Error| translate(&error, name, mode, deadline);
        if let Err(error) = result {
            tracing::error!("cannot watch a statement: {error}");
            return;
        }
        match kind {
            Kind::Execute(done) => {
                let changed = one_statement(&database, &statement).and_then(|mut prepared| {
                    bind(&mut prepared, &parameters)?;
                    // A statement that returns rows is run to its end; they are dropped.
                    let mut rows = prepared.raw_query();
                    while rows.next().map_err(translate)?.is_some() {}
                    Ok(database.changes())
                });
                let _ = done.send(changed.map_err(|e| e.or(translate)));
            }
            Kind::Query { started, batches } => {
                let prepared = one_statement(&database, &statement).and_then(|mut prepared| {
                    bind(&mut prepared, &parameters)?;
                    Ok(prepared)
                });
                match prepared {
                    Err(error) => {
                        let _ = started.send(Err(error.or(translate)));
                    }
                    Ok(mut prepared) => {
                        let columns = columns(&prepared);
                        if started.send(Ok(columns)).is_ok()
                            && let Err(error) = stream(&mut prepared, totals, max_rows, &batches)
                        {
                            let _ = batches.blocking_send(Err(error.or(translate)));
                        }
                    }
                }
            }
        }
    }
}

/// An error of the driver, or one that is ready for the guest.
enum Failure {
    Driver(rusqlite::Error),
    Ready(Error),
}

impl Failure {
    fn or(self, translate: impl FnOnce(rusqlite::Error) -> Error) -> Error {
        match self {
            Self::Driver(error) => translate(error),
            Self::Ready(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ready(error)
    }
}

fn open(path: &Path, mode: SqlMode) -> rusqlite::Result<rusqlite::Connection> {
    let access = match mode {
        SqlMode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        SqlMode::Write | SqlMode::Ddl => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // NOFOLLOW refuses links anywhere in the path: the operator's own are resolved first.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let database = rusqlite::Connection::open_with_flags(path, flags)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, 8 << 20),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 64 << 10),
        (Limit::SQLITE_LIMIT_COLUMN, 256),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        database.set_limit(limit, value)?;
    }
    database.busy_timeout(BUSY)?;
    database.authorizer(Some(move |context: AuthContext<'_>| authorize(mode, &context)))?;
    Ok(database)
}

fn authorize(mode: SqlMode, context: &AuthContext<'_>) -> Authorization {
    let allowed = match &context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !is_dangerous(function_name),
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            // DDL writes to the schema table on its own behalf.
            mode == SqlMode::Ddl || mode == SqlMode::Write && !table_name.starts_with("sqlite_")
        }
        AuthAction::CreateIndex { .. }
        | AuthAction::CreateTable { .. }
        | AuthAction::CreateTrigger { .. }
        | AuthAction::CreateView { .. }
        | AuthAction::DropIndex { .. }
        | AuthAction::DropTable { .. }
        | AuthAction::DropTrigger { .. }
        | AuthAction::DropView { .. }
        | AuthAction::AlterTable { .. }
        | AuthAction::Reindex { .. }
        | AuthAction::Analyze { .. } => mode == SqlMode::Ddl,
        // ATTACH, DETACH, PRAGMA, virtual tables, transactions, temporary objects, and what is new.
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

/// Functions that reach beyond the database.
fn is_dangerous(function: &str) -> bool {
    ["load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"]
        .iter()
        .any(|name| function.eq_ignore_ascii_case(name))
}

/// The one statement of the text.
fn one_statement<'c>(database: &'c rusqlite::Connection, text: &'c str) -> Result<Statement<'c>, Failure> {
    let mut batch = Batch::new(database, text);
    let first = batch.next()?.ok_or_else(|| Error::InvalidStatement("the statement is empty".to_owned()))?;
    // A second one need not even be valid to be one too many.
    match batch.next() {
        Ok(None) => Ok(first),
        _ => Err(Error::InvalidStatement(
            "the text holds several statements: one call runs one statement, so that what policy allows is clear; use a step for each".to_owned(),
        )
        .into()),
    }
}

fn bind(statement: &mut Statement<'_>, parameters: &Parameters) -> Result<(), Failure> {
    let wanted = statement.parameter_count();
    let wrong = |message: String| Err(Failure::from(Error::InvalidStatement(message)));
    match parameters {
        Parameters::Positional(values) => {
            if values.len() != wanted {
                return wrong(format!(
                    "the statement has {wanted} parameters, and {} are given",
                    values.len()
                ));
            }
            for (i, value) in values.iter().enumerate() {
                statement.raw_bind_parameter(i + 1, bound(value))?;
            }
        }
        Parameters::Named(values) => {
            for (name, value) in values {
                let index = [":", "@", "$"]
                    .iter()
                    .find_map(|mark| statement.parameter_index(&format!("{mark}{name}")).ok().flatten());
                match index {
                    Some(index) => statement.raw_bind_parameter(index, bound(value))?,
                    None => return wrong(format!("the statement has no parameter `:{name}`")),
                }
            }
            for index in 1..=wanted {
                let name = statement.parameter_name(index).unwrap_or("?").to_owned();
                let given = values.iter().any(|(given, _)| name.get(1..) == Some(given));
                if !given {
                    return wrong(format!("the parameter `{name}` has no value"));
                }
            }
        }
    }
    Ok(())
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => ValueRef::Null,
        Value::Boolean(value) => ValueRef::Integer(i64::from(*value)),
        Value::Integer(value) => ValueRef::Integer(*value),
        Value::Float(value) => ValueRef::Real(*value),
        Value::Bytes(value) => ValueRef::Blob(value),
        Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::TimestampWithZone(text)
        | Value::Uuid(text)
        | Value::Json(text) => ValueRef::Text(text.as_bytes()),
    })
}

fn columns(statement: &Statement<'_>) -> Vec<Column> {
    let described = statement.columns();
    let column = |column: &rusqlite::Column<'_>| Column {
        name: column.name().to_owned(),
        type_name: column.decl_type().unwrap_or_default().to_owned(),
    };
    described.iter().map(column).collect()
}

/// Sends the rows in batches, and waits while the guest is behind.
fn stream(
    statement: &mut Statement<'_>,
    totals: &Totals,
    max_rows: u64,
    batches: &mpsc::Sender<Result<Vec<Vec<Value>>, Error>>,
) -> Result<(), Failure> {
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    let (mut count, mut batch, mut bytes) = (0, Vec::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        if count > max_rows {
            let message = format!(
                "the result has more than {max_rows} rows; raise `rows` in the policy, or narrow the query"
            );
            return Err(Error::Limit(message).into());
        }
        if totals.rows.fetch_add(1, Ordering::Relaxed) >= totals.max_rows {
            return Err(Error::Limit(format!("more than {} rows in all", totals.max_rows)).into());
        }
        let mut values = Vec::with_capacity(width);
        let mut size = 0;
        for index in 0..width {
            let value = row.get_ref(index)?;
            size += 8 + value.as_bytes().map_or(0, <[u8]>::len) as u64;
            values.push(owned(value));
        }
        if totals.bytes.fetch_add(size, Ordering::Relaxed) + size > totals.max_bytes {
            return Err(Error::Limit(format!("more than {} bytes of rows", totals.max_bytes)).into());
        }
        batch.push(values);
        bytes += size;
        if batch.len() == BATCH_ROWS || bytes >= BATCH_BYTES {
            bytes = 0;
            if batches.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
        }
    }
    if !batch.is_empty() {
        // A receiver that is gone has lost interest.
        let _ = batches.blocking_send(Ok(batch));
    }
    Ok(())
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Float(value),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// The driver's error in the guest's terms, without paths.
fn translate(error: &rusqlite::Error, name: &str, mode: SqlMode, deadline: Instant) -> Error {
    let Some(kind) = error.sqlite_error_code() else {
        return Error::Database(error.to_string());
    };
    let text = code(error);
    match kind {
        ErrorCode::AuthorizationForStatementDenied => Error::Denied(format!(
            "SQL_ACTION_NOT_GRANTED: the connection `{name}` is granted for {mode:?}, and not for this statement ({text})"
        )),
        ErrorCode::ReadOnly => Error::Denied(format!(
            "SQL_WRITE_NOT_GRANTED: the connection `{name}` is read-only for this step"
        )),
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        ErrorCode::OperationInterrupted if Instant::now() >= deadline => Error::TimedOut,
        ErrorCode::OperationInterrupted => Error::Unavailable("the statement was stopped".to_owned()),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Unavailable(text),
        ErrorCode::Unknown => Error::InvalidStatement(text),
        _ => Error::Database(text),
    }
}

/// What SQLite says, without the file that it is about.
fn code(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, None) => failure.to_string(),
        rusqlite::Error::SqliteFailure(failure, Some(_)) if failure.code == ErrorCode::CannotOpen => {
            failure.to_string()
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, sql, offset, .. } => {
            let at = usize::try_from(*offset).ok().and_then(|offset| sql.get(offset..));
            match at.and_then(|rest| rest.split_whitespace().next()) {
                Some(word) => format!("{msg} (at `{word}`)"),
                None => msg.clone(),
            }
        }
        other => other.to_string(),
    }
}

//! SQLite files.
//!
//! The threats: a statement that reaches other files (ATTACH, a PRAGMA, an extension), that runs forever or
//! returns rows without end, or that takes more memory than there is. So an authorizer checks every action while
//! a statement is prepared, the file is opened read-only unless the grant allows more, and SQLite's own limits are
//! low. Rows come from a separate thread per connection, which a deadline interrupts. `sqlite_memory` bounds the
//! memory. See sqlite.org/security.html.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Batch, OpenFlags, Statement};
use stepwell_engine::config::Database;
use stepwell_engine::policy::SqlMode;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::dialect::{self, quoted, quoted_part};
use crate::serve::{Control, Job, Loaded, Work, beginning, next};
use crate::sink::Sink;
use crate::sqlite_errors::{NUL, code, first_line, line_left, of_load, out_of_memory, translate};
use crate::sqlite_limits::{INSTRUCTIONS, LENGTH};
use crate::sqlite_memory::{self, Account, MOST_OF_ONE, Refused, bounded};
use crate::{
    Access, Column, CompactString, Error, Parameters, ScriptReport, StatementReport, Totals, Value, filled,
    lists, sqlite_functions,
};

/// The stack of a thread: SQLite recurses by the levels of JSON, and JSON in binary form of a megabyte has some
/// 200,000. The system gives the thread what it uses of it.
pub(crate) const STACK: usize = 256 << 20;
/// The number of SQLite's virtual machine instructions between two checks of the clock.
const STEPS_BETWEEN_LOOKS: i32 = 100;
/// The time for which a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(2);

/// The maximum number of parameters of a statement, including the items of lists.
const VARIABLES: i32 = 100 + 2 * lists::MAX_ITEMS as i32;

/// Opens the file in a separate thread that serves `requests`. The thread holds the permit until it ends.
pub(crate) async fn open(
    path: PathBuf,
    name: &str,
    access: Access,
    requests: mpsc::Receiver<Work>,
    permit: OwnedSemaphorePermit,
) -> Result<(), Error> {
    let (opened, answer) = oneshot::channel();
    let name = name.to_owned();
    let thread = std::thread::Builder::new().name("sqlite".to_owned()).stack_size(STACK);
    let runtime = Handle::current();
    let spawned = thread.spawn(move || {
        let _permit = permit;
        let Some(account) = Account::open() else {
            let message =
                format!("the connection `{name}` cannot be opened: SQLite has too many connections");
            let _ = opened.send(Err(Error::Unavailable(message)));
            return;
        };
        // True while the host's own statements run, which the authorizer allows.
        let ours = Arc::new(AtomicBool::new(false));
        match open_file(&path, access.mode, ours.clone()) {
            Ok(database) => {
                if opened.send(Ok(())).is_ok() {
                    let session = Session { database, account, name, access, ours, in_transaction: false };
                    session.serve(requests, &runtime);
                }
            }
            // The path belongs to the operator, and the guest must not see it.
            Err(error) => {
                tracing::warn!(connection = name, "cannot open the file of a connection: {error}");
                let message = format!("the connection `{name}` cannot be opened: {}", code(&error));
                let _ = opened.send(Err(Error::Unavailable(message)));
            }
        }
    });
    spawned.map_err(|_| Error::Unavailable("there is no thread for a connection".to_owned()))?;
    answer.await.map_err(|_| Error::lost())?
}

/// Returns the version of the library if the file is a database.
pub(crate) fn version(path: &Path) -> Result<String, String> {
    let describe = |error: rusqlite::Error| format!("{}: {}", path.display(), code(&error));
    let database = open_file(path, SqlMode::Read, Arc::default()).map_err(describe)?;
    let tables: i64 = database
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0))
        .map_err(describe)?;
    let noun = if tables == 1 { "table" } else { "tables" };
    Ok(format!("SQLite {}, {tables} {noun}", rusqlite::version()))
}

struct Session {
    // It ends before its account.
    database: rusqlite::Connection,
    account: Account,
    name: String,
    access: Access,
    ours: Arc<AtomicBool>,
    in_transaction: bool,
}

impl Session {
    fn serve(mut self, mut requests: mpsc::Receiver<Work>, runtime: &Handle) {
        // The transaction ends with the database.
        while let Some(Some(Work { job, deadline, stop })) =
            runtime.block_on(next(&mut requests, self.in_transaction, self.access.idle))
        {
            self.account.begin(deadline, stop.clone());
            // True interrupts the statement.
            #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
            let handler = move || stop.is_cancelled() || Instant::now() >= deadline;
            if let Err(error) = self.database.progress_handler(STEPS_BETWEEN_LOOKS, Some(handler)) {
                tracing::error!("cannot watch a statement: {error}");
                return;
            }
            self.work(job, deadline);
        }
    }

    fn work(&mut self, job: Job, deadline: Instant) {
        let (name, mode) = (self.name.clone(), self.access.mode);
        let translate = |failure: Failure| {
            failure.or(|error| match sqlite_memory::refused() {
                Some(Refused::Memory) => out_of_memory(format!(
                    "the statement takes more of SQLite's memory than there is (at most {MOST_OF_ONE} bytes, and fewer while other steps use theirs): sort, group or join fewer rows"
                )),
                Some(Refused::Time) => Error::TimedOut,
                Some(Refused::Stopped) => Error::Stopped,
                None => translate(&error, &name, mode, deadline),
            })
        };
        // A client that is gone does not need the answer.
        match job {
            Job::Query { statement, parameters, mut sink } => {
                if let Err(error) = self.query(&statement, &parameters, &mut sink).map_err(translate) {
                    if let Some(started) = sink.started.take() {
                        let _ = started.send(Err(error));
                    } else if let Some(batches) = sink.batches.take() {
                        let rest = sink.rest();
                        if !rest.is_empty() {
                            let _ = batches.blocking_send(Ok(rest));
                        }
                        let _ = batches.blocking_send(Err(error));
                    }
                }
            }
            Job::Execute { statement, parameters, done } => {
                // A statement that returns rows runs to its end. The rows are dropped.
                let mut sink = Sink::counting(u64::MAX, Arc::new(Totals::new(u64::MAX, u64::MAX)));
                let changed =
                    self.query(&statement, &parameters, &mut sink).map(|()| self.database.changes());
                let _ = done.send(changed.map_err(translate));
            }
            Job::Script { text, mut sink, done } => {
                let mut report = ScriptReport::default();
                report.failed = self.script(&text, &mut sink, &mut report.done).map_err(translate).err();
                let _ = done.send(Ok(report));
            }
            Job::Control { control, done } => {
                let text = match control {
                    Control::Begin => "BEGIN IMMEDIATE",
                    Control::Commit => "COMMIT",
                    Control::Rollback => "ROLLBACK",
                };
                let text = if (control, mode) == (Control::Begin, SqlMode::Read) { "BEGIN" } else { text };
                let result = self.own(text);
                self.in_transaction = control == Control::Begin && result.is_ok();
                let _ = done.send(result.map_err(translate));
            }
            Job::Load { table, columns, mut rows, done } => {
                let loaded = self.load(&table, &columns, &mut rows).map_err(translate);
                drop(rows);
                let _ = done.send(loaded);
            }
        }
    }

    fn query(&self, statement: &str, parameters: &Parameters, sink: &mut Sink) -> Result<(), Failure> {
        self.still_in_transaction()?;
        let (statement, parameters) = lists::expanded(Database::Sqlite, statement, parameters)?;
        let mut prepared = one_statement(&self.database, &statement)?;
        bind(&mut prepared, &parameters)?;
        let tokens = dialect::tokens(Database::Sqlite, &statement).unwrap_or_default();
        if let Some(filled) = filled::of(&tokens, &parameters)
            && let Ok(described) = bounded(|| self.database.prepare(&filled.query))
        {
            filled.check(Database::Sqlite, &columns(&described))?;
        }
        sink.columns(columns(&prepared))?;
        stream(&mut prepared, sink)
    }

    fn script(&self, text: &str, sink: &mut Sink, done: &mut Vec<StatementReport>) -> Result<(), Failure> {
        without_nul(text)?;
        self.still_in_transaction()?;
        let (mut batch, mut from) = (Batch::new(&self.database, text), 0);
        loop {
            let begins = first_line(text, from);
            let next = bounded(|| batch.next())
                .map_err(|error| Failure::InScript(line_left(text, &error).unwrap_or(begins), error));
            let Some(mut prepared) = next? else { return Ok(()) };
            let rows = sink.rows;
            let changes = self.database.total_changes();
            let whole = prepared.expanded_sql().unwrap_or_default();
            stream(&mut prepared, sink).map_err(|failure| failure.on_line(begins))?;
            let affected = self.database.total_changes() - changes;
            done.push(StatementReport { statement: beginning(&whole), affected, rows: sink.rows - rows });
            let found = text.get(from..).and_then(|rest| rest.find(whole.as_str()));
            from = found.map_or(from, |at| from + at + whole.len());
        }
    }

    /// Refuses further statements of a transaction that SQLite has rolled back, which it does when it stops a
    /// statement.
    fn still_in_transaction(&self) -> Result<(), Failure> {
        if self.in_transaction && self.database.is_autocommit() {
            let why = "the transaction was rolled back when one of its statements was stopped";
            return Err(Error::Database(why.to_owned()).into());
        }
        Ok(())
    }

    /// Runs one of the host's own statements.
    fn own(&self, text: &str) -> Result<(), Failure> {
        self.ours.store(true, Ordering::Relaxed);
        let done = self.database.execute_batch(text);
        self.ours.store(false, Ordering::Relaxed);
        Ok(done?)
    }

    /// Loads either all rows or none.
    fn load(
        &self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Failure> {
        self.still_in_transaction()?;
        let own = !self.in_transaction;
        if own {
            self.own("BEGIN IMMEDIATE")?;
        }
        let loaded = self.insert(table, columns, rows);
        if own {
            let ended = self.own(if loaded.is_ok() { "COMMIT" } else { "ROLLBACK" });
            // Some failures have already ended the transaction.
            if loaded.is_ok() {
                ended?;
            }
        }
        loaded
    }

    fn insert(
        &self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Failure> {
        let names: Result<Vec<_>, _> =
            columns.iter().map(|name| quoted_part(Database::Sqlite, name)).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let table = quoted(Database::Sqlite, table)?;
        let text = format!("INSERT INTO {table} ({}) VALUES ({marks})", names?.join(", "));
        let mut prepared = bounded(|| self.database.prepare(&text))?;
        let mut loaded = 0;
        loop {
            match rows.blocking_recv() {
                Some(Loaded::Rows(rows)) => {
                    for row in &rows {
                        for (index, value) in row.iter().enumerate() {
                            prepared.raw_bind_parameter(index + 1, bound(value))?;
                        }
                        loaded += 1;
                        bounded(|| prepared.raw_execute()).map_err(|error| in_row(error, loaded))?;
                    }
                }
                Some(Loaded::End) => return Ok(loaded),
                None => return Err(Error::Stopped.into()),
            }
        }
    }
}

/// An error of the driver, possibly about a row of a load, or an error that is ready for the guest.
enum Failure {
    Driver(rusqlite::Error),
    InRow(rusqlite::Error, u64),
    /// The line of the script on which the statement begins.
    InScript(usize, rusqlite::Error),
    Ready(Error),
}

fn in_row(error: rusqlite::Error, row: u64) -> Failure {
    Failure::InRow(error, row)
}

impl Failure {
    fn or(self, translate: impl FnOnce(rusqlite::Error) -> Error) -> Error {
        match self {
            Self::Driver(error) => translate(error),
            Self::InRow(error, row) => {
                let of_row = of_load(&code(&error)).in_row(row);
                match translate(error) {
                    Error::Database(_) | Error::InvalidStatement(_) => of_row,
                    other => other,
                }
            }
            Self::InScript(line, error) => translate(error).in_script(line),
            Self::Ready(error) => error,
        }
    }
}

impl Failure {
    /// Returns the failure as that of a statement of a script.
    fn on_line(self, line: usize) -> Self {
        match self {
            Self::Driver(error) => Self::InScript(line, error),
            other => other,
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

pub(crate) fn open_file(
    path: &Path,
    mode: SqlMode,
    ours: Arc<AtomicBool>,
) -> rusqlite::Result<rusqlite::Connection> {
    let access = match mode {
        SqlMode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        SqlMode::Write | SqlMode::Ddl => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // NOFOLLOW refuses links anywhere in the path, so the operator's own links are resolved first.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let database = rusqlite::Connection::open_with_flags(path, flags)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, LENGTH),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 64 << 10),
        (Limit::SQLITE_LIMIT_COLUMN, 256),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
        (Limit::SQLITE_LIMIT_VDBE_OP, INSTRUCTIONS),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, VARIABLES),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        database.set_limit(limit, value)?;
    }
    sqlite_functions::replace(&database)?;
    database.busy_timeout(BUSY)?;
    // Sorting must not use files, since their size is not bounded.
    database.pragma_update(None, "temp_store", "MEMORY")?;
    let look = move |context: AuthContext<'_>| match ours.load(Ordering::Relaxed) {
        true => Authorization::Allow,
        false => authorize(mode, &context),
    };
    database.authorizer(Some(look))?;
    Ok(database)
}

fn authorize(mode: SqlMode, context: &AuthContext<'_>) -> Authorization {
    let allowed = match &context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !is_dangerous(function_name),
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            // DDL itself writes to the schema table.
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
        // ATTACH, DETACH, PRAGMA, virtual tables, transactions, temporary objects, and any new action.
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

/// Returns whether a function reaches beyond the database.
fn is_dangerous(function: &str) -> bool {
    ["load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"]
        .iter()
        .any(|name| function.eq_ignore_ascii_case(name))
}

/// Returns the only statement of the text.
fn one_statement<'c>(database: &'c rusqlite::Connection, text: &'c str) -> Result<Statement<'c>, Failure> {
    without_nul(text)?;
    let mut batch = Batch::new(database, text);
    let first = bounded(|| batch.next())?
        .ok_or_else(|| Error::InvalidStatement("the statement is empty".to_owned()))?;
    // A second statement is refused even if it is invalid.
    match bounded(|| batch.next()) {
        Ok(None) => Ok(first),
        _ => Err(Error::InvalidStatement(
            "the text holds several statements: one call runs one statement; a `script` runs several, where policy says so".to_owned(),
        )
        .into()),
    }
}

/// Refuses the character NUL, at which SQLite would stop reading, even within a string.
fn without_nul(text: &str) -> Result<(), Failure> {
    match text.contains('\0') {
        true => Err(Error::invalid(NUL).into()),
        false => Ok(()),
    }
}

fn bind(statement: &mut Statement<'_>, parameters: &Parameters) -> Result<(), Failure> {
    let wanted = statement.parameter_count();
    let wrong = |message: String| Err(Failure::from(Error::InvalidStatement(message)));
    match parameters {
        Parameters::Positional(values) => {
            if values.len() != wanted {
                return Err(Failure::from(crate::dialect::miscounted(wanted, values.len())));
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

/// Sends the rows in batches, and waits while their reader is behind.
fn stream(statement: &mut Statement<'_>, sink: &mut Sink) -> Result<(), Failure> {
    let width = statement.column_count();
    let (mut rows, mut values) = (statement.raw_query(), Vec::with_capacity(width));
    let send = |sink: &Sink, batch| match &sink.batches {
        Some(batches) => batches.blocking_send(Ok(batch)).map_err(|_| Error::Stopped),
        None => Ok(()),
    };
    while let Some(row) = bounded(|| rows.next())? {
        for index in 0..width {
            let value = row.get_ref(index)?;
            // Count the value before it is copied: a row may have hundreds of values.
            sink.value(8 + bytes(&value))?;
            values.push(owned(value));
        }
        if let Some(batch) = sink.add_counted(&mut values)? {
            send(sink, batch)?;
        }
    }
    let rest = sink.rest();
    if !rest.is_empty() {
        send(sink, rest)?;
    }
    Ok(())
}

fn bytes(value: &ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
        _ => 0,
    }
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Float(value),
        // Text that is not UTF-8 becomes bytes, so that it stays unchanged.
        ValueRef::Text(text) => match CompactString::from_utf8(text) {
            Ok(text) => Value::Text(text),
            Err(_) => Value::Bytes(text.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

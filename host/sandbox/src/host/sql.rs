//! `stepwell:sql` over the connections of the configuration.
//!
//! [`stepwell_sql`] opens the connections of a grant, and checks and bounds their statements. This module has
//! the counters of an attempt, and the types of the interface.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::config::Engines;
use stepwell_engine::policy::capability::Sql;
use stepwell_engine::policy::{Denial, Grant, Limits, SqlGrant};
use stepwell_engine::quantity::{Span, counted};
use stepwell_engine::{EngineUse, Receipt, raise};
use stepwell_sql::{Access, Connection, Connections, Control, Limit, Load, Rows, Totals};
use wasmtime::Result as Trap;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::capability::{Hosted, Parts};
use crate::guest::Guest;
use crate::guest::bindings::stepwell::sql::sql::{
    Column, Error, Host, HostConnection, HostLoad, HostRows, Parameters, Value,
};
use crate::guest::bindings::stepwell::sql::{engines, sql as wit};
use crate::host::calls::{Going, Traced};
use crate::reached::{Of, Reached};

/// The memory that the host holds for an open result or load: batches of waiting rows.
const OPEN: u64 = 1 << 20;
/// Maximum rows of one answer.
const BATCH_ROWS: usize = 2048;
/// Maximum idle time of a transaction, because it holds locks that others wait for.
const IDLE: Duration = Duration::from_secs(30);

/// The SQL of one attempt.
pub(crate) struct SqlUse {
    connections: Arc<Connections>,
    grants: BTreeMap<String, SqlGrant>,
    statements: u64,
    max_statements: u64,
    totals: Arc<Totals>,
    /// The directories behind the mounts, by their paths in the guest.
    mounts: Vec<(String, PathBuf)>,
    pub engine: Option<EngineUse>,
    /// The limits of the statement that was started last.
    bound: Bound,
    reached: Reached,
}

/// The limits of a statement, with their names.
#[derive(Debug, Clone, Copy, Default)]
struct Bound {
    /// The time limit. `None` when the step itself asked for less.
    time: Option<(&'static str, Duration)>,
    rows: &'static str,
}

impl Hosted for Sql {
    type State = SqlUse;

    fn state(parts: &mut Parts<'_>) -> SqlUse {
        let mounts = parts.setup.mounts.iter();
        let mounts = mounts.map(|mounted| (mounted.grant.mount.clone(), mounted.path.clone())).collect();
        SqlUse { mounts, ..SqlUse::new(parts.setup.connections.clone(), parts.grant, parts.reached) }
    }

    fn link(linker: &mut Linker<Guest>) -> Trap<()> {
        engines::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
        wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
    }

    fn write(state: &SqlUse, receipt: &mut Receipt) {
        receipt.sql_statements = state.statements();
        receipt.bytes_in += state.bytes();
        receipt.engine = state.engine;
    }
}

impl SqlUse {
    pub fn new(connections: Arc<Connections>, grant: &Grant, reached: &Reached) -> Self {
        let limits: &Limits = grant.limits();
        Self {
            connections,
            grants: grant.sql().clone(),
            statements: 0,
            max_statements: limits.sql_statements.0,
            totals: Arc::new(Totals::new(limits.sql_rows.0, limits.sql_bytes.0)),
            mounts: Vec::new(),
            engine: None,
            bound: Bound::default(),
            reached: reached.clone(),
        }
    }

    /// Returns the narrowest limits of a statement on a connection.
    fn bound(&self, connection: &Connection, limits: &Limits, asked: Duration, remaining: Duration) -> Bound {
        let grant = self.grants.get(connection.name());
        let (time, rows) = (connection.timeout(), connection.max_rows());
        let of = |is_connection: bool, is_rule: bool, names: [&'static str; 3]| match (is_connection, is_rule)
        {
            (true, _) => names[0],
            (_, true) => names[1],
            _ => names[2],
        };
        let rule = grant.map_or(limits.sql_timeout.0, |grant| grant.timeout.0);
        let name = of(
            time < rule,
            rule < limits.sql_timeout.0,
            ["connection.timeout", "sql.timeout", "sql_timeout"],
        );
        let granted = grant.map_or(limits.sql_rows.0, |grant| grant.rows.0);
        let rows =
            of(rows < granted, granted < limits.sql_rows.0, ["connection.rows", "sql.rows", "sql_rows"]);
        let time = match () {
            () if remaining < time.min(asked) => Some(("wall", remaining)),
            () if asked < time => None,
            () => Some((name, time)),
        };
        Bound { time, rows }
    }

    /// Returns the engines of the configuration.
    pub fn engines(&self) -> &Engines {
        self.connections.engines()
    }

    /// Returns whether policy grants a connection.
    pub fn is_granted(&self, connection: &str) -> bool {
        self.grants.contains_key(connection)
    }

    /// Returns the file of this machine behind a path of the guest.
    pub fn behind(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        if path.components().any(|part| matches!(part, Component::ParentDir)) {
            return None;
        }
        let found = self.mounts.iter().filter_map(|(mount, dir)| {
            let below = path.strip_prefix(mount).ok()?;
            Some((mount.len(), dir.join(below)))
        });
        found.max_by_key(|(length, _)| *length).map(|(_, file)| file)
    }

    /// Returns the number of statements and opened connections.
    pub fn statements(&self) -> u64 {
        self.statements
    }

    /// Returns the bytes of results and loads.
    pub fn bytes(&self) -> u64 {
        self.totals.bytes()
    }
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(&mut self, name: String) -> Trap<Result<Resource<Connection>, Error>> {
        // Opening a connection counts as a statement.
        if let Err(error) = self.count_statement() {
            return Ok(Err(error));
        }
        let Some(grant) = self.states.sql.grants.get(&name).cloned() else {
            self.denied(&self.states.context.grant.refuse_connection(&name))?;
            return Ok(Err(Error::UnknownConnection(name)));
        };
        let access = Access {
            mode: grant.mode,
            scripts: grant.scripts,
            rows: grant.rows.0,
            timeout: grant.timeout.0,
            idle: self.states.context.grant.limits().wall.0.min(IDLE),
        };
        match self.states.sql.connections.open(&name, access, self.states.sql.totals.clone()).await {
            Ok(connection) => {
                self.calls.opened(&name);
                Ok(Ok(self.table.push(connection)?))
            }
            Err(error) => self.sql_error(error).map(Err),
        }
    }

    async fn dialect(&mut self, connection: Resource<Connection>) -> Trap<String> {
        Ok(self.table.get(&connection)?.kind().name().to_owned())
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Parameters,
        timeout_ms: u32,
    ) -> Trap<Result<Resource<Rows>, Error>> {
        let timeout = match self.statement(&connection, timeout_ms)? {
            Ok(timeout) => timeout,
            Err(error) => return Ok(Err(error)),
        };
        let connection = self.table.get(&connection)?;
        let call = traced(&self.traced, connection, "query");
        let answer = connection.query(statement, bound(parameters), timeout).await;
        over(call, answer.as_ref().err());
        match answer {
            Ok(rows) => {
                self.states.sql.reached.granted(Of::Statement, 1);
                let rows = self.table.push(rows)?;
                self.by_handle.set(rows.rep(), OPEN)?;
                Ok(Ok(rows))
            }
            Err(error) => self.sql_error(error).map(Err),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Parameters,
        timeout_ms: u32,
    ) -> Trap<Result<u64, Error>> {
        let timeout = match self.statement(&connection, timeout_ms)? {
            Ok(timeout) => timeout,
            Err(error) => return Ok(Err(error)),
        };
        let connection = self.table.get(&connection)?;
        let call = traced(&self.traced, connection, "execute");
        let done = connection.execute(statement, bound(parameters), timeout).await;
        over(call, done.as_ref().err());
        if done.is_ok() {
            self.states.sql.reached.granted(Of::Statement, 1);
        }
        self.sql_result(done)
    }

    async fn script(
        &mut self,
        connection: Resource<Connection>,
        text: String,
        timeout_ms: u32,
    ) -> Trap<Result<wit::ScriptReport, Error>> {
        let timeout = match self.statement(&connection, timeout_ms)? {
            Ok(timeout) => timeout,
            Err(error) => return Ok(Err(error)),
        };
        let connection = self.table.get(&connection)?;
        let call = traced(&self.traced, connection, "script");
        let report = connection.script(text, timeout).await;
        over(call, report.as_ref().err());
        let report = match report {
            Ok(report) => report,
            Err(error) => return self.sql_error(error).map(Err),
        };
        let failed = report.failed.map(|error| self.sql_error(error)).transpose()?;
        let done = report.done.into_iter().map(|done| wit::StatementReport {
            statement: done.statement,
            affected: done.affected,
            rows: done.rows,
        });
        Ok(Ok(wit::ScriptReport { done: done.collect(), failed }))
    }

    async fn transaction(
        &mut self,
        connection: Resource<Connection>,
        what: wit::Transaction,
    ) -> Trap<Result<(), Error>> {
        let timeout = match self.statement(&connection, 0)? {
            Ok(timeout) => timeout,
            Err(error) => return Ok(Err(error)),
        };
        let control = match what {
            wit::Transaction::Begin => Control::Begin,
            wit::Transaction::Commit => Control::Commit,
            wit::Transaction::Rollback => Control::Rollback,
        };
        let done = self.table.get(&connection)?.control(control, timeout).await;
        self.sql_result(done)
    }

    async fn load(
        &mut self,
        connection: Resource<Connection>,
        table: String,
        columns: Vec<String>,
        timeout_ms: u32,
    ) -> Trap<Result<Resource<Load>, Error>> {
        let timeout = match self.statement(&connection, timeout_ms)? {
            Ok(timeout) => timeout,
            Err(error) => return Ok(Err(error)),
        };
        match self.table.get(&connection)?.load(table, columns, timeout).await {
            Ok(load) => {
                let load = self.table.push(load)?;
                self.by_handle.set(load.rep(), OPEN)?;
                Ok(Ok(load))
            }
            Err(error) => self.sql_error(error).map(Err),
        }
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> Trap<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

/// Begins the trace of a statement, which never contains its text, because that may hold data.
fn traced(traced: &Traced, connection: &Connection, operation: &'static str) -> Option<Going> {
    let system = || match connection.kind().name() {
        "postgres" => "postgresql",
        "mssql" => "microsoft.sql_server",
        other => other,
    };
    traced.begin(
        || format!("sql {operation}"),
        || vec![("db.system.name", system().to_owned()), ("db.operation.name", operation.to_owned())],
    )
}

fn over(call: Option<Going>, error: Option<&stepwell_sql::Error>) {
    if let Some(call) = call {
        // The text of an error may hold data, too.
        let class = |error: &stepwell_sql::Error| match error {
            stepwell_sql::Error::Denied { .. } => "denied",
            stepwell_sql::Error::InvalidStatement(_) => "invalid statement",
            stepwell_sql::Error::Limit(_) => "limit",
            stepwell_sql::Error::TimedOut => "timed out",
            stepwell_sql::Error::Unavailable(_) => "unavailable",
            stepwell_sql::Error::Stopped => "stopped",
            stepwell_sql::Error::Database(_) => "database",
        };
        call.end(Vec::new(), error.map(|error| class(error).to_owned()));
    }
}

impl HostRows for Guest {
    async fn columns(&mut self, rows: Resource<Rows>) -> Trap<Vec<Column>> {
        let columns = self.table.get(&rows)?.columns().iter();
        Ok(columns.map(|c| Column { name: c.name.clone(), type_name: c.type_name.clone() }).collect())
    }

    async fn next(&mut self, rows: Resource<Rows>, max_rows: u32) -> Trap<Result<Vec<Vec<Value>>, Error>> {
        self.calls.count("stepwell:sql");
        let max_rows = usize::try_from(max_rows).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS);
        match self.table.get_mut(&rows)?.next(max_rows).await {
            Ok(rows) => {
                Ok(Ok(rows.into_iter().map(|row| row.into_iter().map(Value::from).collect()).collect()))
            }
            Err(error) => self.sql_error(error).map(Err),
        }
    }

    async fn next_columns(
        &mut self,
        rows: Resource<Rows>,
        max_rows: u32,
    ) -> Trap<Result<Vec<wit::ColumnBatch>, Error>> {
        self.calls.count("stepwell:sql");
        let max_rows = usize::try_from(max_rows).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS);
        match self.table.get_mut(&rows)?.next_columns(max_rows).await {
            Ok(columns) => Ok(Ok(columns.into_iter().map(super::columns::of).collect())),
            Err(error) => self.sql_error(error).map(Err),
        }
    }

    async fn drop(&mut self, rows: Resource<Rows>) -> Trap<()> {
        self.by_handle.free(rows.rep());
        self.table.delete(rows)?;
        Ok(())
    }
}

impl HostLoad for Guest {
    async fn write(&mut self, load: Resource<Load>, rows: Vec<Vec<Value>>) -> Trap<Result<(), Error>> {
        self.calls.count("stepwell:sql");
        let rows =
            rows.into_iter().map(|row| row.into_iter().map(stepwell_sql::Value::from).collect()).collect();
        let done = self.table.get_mut(&load)?.write(rows).await;
        self.sql_result(done)
    }

    async fn finish(&mut self, load: Resource<Load>) -> Trap<Result<u64, Error>> {
        self.calls.count("stepwell:sql");
        self.by_handle.free(load.rep());
        let done = self.table.delete(load)?.finish().await;
        self.sql_result(done)
    }

    async fn drop(&mut self, load: Resource<Load>) -> Trap<()> {
        self.by_handle.free(load.rep());
        self.table.delete(load)?;
        Ok(())
    }
}

impl Guest {
    /// Counts a statement, or the opening of a connection.
    fn count_statement(&mut self) -> Result<(), Error> {
        self.calls.count("stepwell:sql");
        self.states.sql.statements += 1;
        if self.states.sql.statements > self.states.sql.max_statements {
            let message = format!("more than {}", counted(self.states.sql.max_statements, "statement"));
            return Err(self.over_limit(Limit { name: "sql_statements", message }));
        }
        Ok(())
    }

    /// Counts a statement, and returns its time limit.
    fn statement(
        &mut self,
        connection: &Resource<Connection>,
        timeout_ms: u32,
    ) -> Trap<Result<Duration, Error>> {
        if let Err(error) = self.count_statement() {
            return Ok(Err(error));
        }
        let remaining = self.states.context.remaining();
        let asked = match timeout_ms {
            0 => Duration::MAX,
            wanted => Duration::from_millis(u64::from(wanted)),
        };
        let connection = self.table.get(connection)?;
        let limits = self.states.context.grant.limits();
        self.states.sql.bound = self.states.sql.bound(connection, limits, asked, remaining);
        Ok(Ok(asked.min(remaining)))
    }

    /// Returns the guest's error for a limit, and records the limit.
    fn over_limit(&self, Limit { name, message }: Limit) -> Error {
        let name = if name == "sql.rows" { self.states.sql.bound.rows } else { name };
        let exceeded = match raise(name) {
            Some(raise) => format!("{message}; {raise}"),
            None => message.clone(),
        };
        self.states.sql.reached.refused(Of::Statement, name, message, 1);
        Error::Limit(exceeded)
    }

    fn sql_result<T>(&mut self, result: Result<T, stepwell_sql::Error>) -> Trap<Result<T, Error>> {
        match result {
            Ok(done) => Ok(Ok(done)),
            Err(error) => self.sql_error(error).map(Err),
        }
    }

    /// Converts an error for the guest. A denial is also recorded.
    fn sql_error(&mut self, error: stepwell_sql::Error) -> Trap<Error> {
        use stepwell_sql::Error as Found;
        Ok(match error {
            Found::Denied { rule, why } => {
                let denial = Denial { what: why.clone(), ..Denial::new(rule, "", &why) };
                self.denied(&denial)?;
                Error::Denied(denial.to_guest())
            }
            Found::InvalidStatement(message) => Error::InvalidStatement(message),
            Found::Limit(limit) => self.over_limit(limit),
            Found::TimedOut => {
                if let Some((name, time)) = self.states.sql.bound.time {
                    let message = format!("{} after {}", Found::TimedOut, Span::new(time));
                    self.states.sql.reached.refused(Of::Statement, name, message, 1);
                }
                Error::TimedOut
            }
            Found::Stopped => Error::Unavailable(Found::Stopped.to_string()),
            Found::Unavailable(message) => Error::Unavailable(message),
            Found::Database(message) => Error::Database(message),
        })
    }
}

fn bound(parameters: Parameters) -> stepwell_sql::Parameters {
    match parameters {
        Parameters::Positional(values) => {
            stepwell_sql::Parameters::Positional(values.into_iter().map(stepwell_sql::Value::from).collect())
        }
        Parameters::Named(values) => stepwell_sql::Parameters::Named(
            values.into_iter().map(|(name, value)| (name, stepwell_sql::Value::from(value))).collect(),
        ),
    }
}

/// Converts between the two enumerations of values, which have the same names.
macro_rules! same_values {
    ($from:ty, $to:ty) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                type From = $from;
                match value {
                    From::Null => Self::Null,
                    From::Boolean(value) => Self::Boolean(value),
                    From::Integer(value) => Self::Integer(value),
                    From::Float(value) => Self::Float(value),
                    From::Decimal(text) => Self::Decimal(text.into()),
                    From::Text(text) => Self::Text(text.into()),
                    From::Bytes(bytes) => Self::Bytes(bytes),
                    From::Date(text) => Self::Date(text.into()),
                    From::Time(text) => Self::Time(text.into()),
                    From::Timestamp(text) => Self::Timestamp(text.into()),
                    From::TimestampWithZone(text) => Self::TimestampWithZone(text.into()),
                    From::Uuid(text) => Self::Uuid(text.into()),
                    From::Json(text) => Self::Json(text.into()),
                }
            }
        }
    };
}

same_values!(Value, stepwell_sql::Value);
same_values!(stepwell_sql::Value, Value);

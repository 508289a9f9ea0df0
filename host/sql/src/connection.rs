//! The client side of a connection: it sends requests to the connection's task, which answers them.

use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwell_engine::policy::Rule;

use stepwell_engine::config::Database;
use stepwell_engine::quantity::counted;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::serve::{Control, Job, Loaded, Work};
use crate::sink::{Batch, Place, Sink, Totals};
use crate::{Access, Column, Error, Parameters, Value};

/// The maximum number of bytes of one statement or script.
const MAX_STATEMENT: usize = 64 << 10;
const MAX_SCRIPT: usize = 4 << 20;
/// The maximum number of parameters of one statement.
const MAX_PARAMETERS: usize = 100;

/// A session with a database, from opening until it is dropped.
pub struct Connection {
    pub(crate) name: String,
    pub(crate) kind: Database,
    pub(crate) access: Access,
    pub(crate) totals: Arc<Totals>,
    pub(crate) work: mpsc::Sender<Work>,
    pub(crate) _place: Place,
}

/// A result whose rows are not all read yet. Dropping it stops the statement.
pub struct Rows {
    columns: Vec<Column>,
    batches: mpsc::Receiver<Batch>,
    /// The columns of the part of a batch that was not read yet.
    rest: Vec<Vec<Value>>,
    _stop: DropGuard,
}

/// An open load of rows into a table. Dropping it before [`Load::finish`] leaves the table unchanged.
pub struct Load {
    rows: mpsc::Sender<Loaded>,
    done: oneshot::Receiver<Result<u64, Error>>,
    totals: Arc<Totals>,
    width: usize,
    stop: DropGuard,
}

/// The results of a script's statements, up to the first that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptReport {
    /// One report per statement that ran.
    pub done: Vec<StatementReport>,
    /// The error of the next statement, if it failed.
    pub failed: Option<Error>,
}

/// The result of one statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementReport {
    /// The beginning of the statement.
    pub statement: String,
    /// The number of rows that it changed.
    pub affected: u64,
    /// The number of rows that it returned. A script discards them.
    pub rows: u64,
}

impl Connection {
    /// Returns the name of the connection in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the time limit of a statement.
    pub fn timeout(&self) -> Duration {
        self.access.timeout
    }

    /// Returns the maximum number of rows of one result.
    pub fn max_rows(&self) -> u64 {
        self.access.rows
    }

    /// Returns the kind of database.
    pub fn kind(&self) -> Database {
        self.kind
    }

    /// Starts one statement that returns rows. Its time limit is `timeout`, but never more than the granted
    /// time.
    ///
    /// # Errors
    /// See [`Error`]. Later errors come with the rows.
    pub async fn query(
        &self,
        statement: String,
        parameters: Parameters,
        timeout: Duration,
    ) -> Result<Rows, Error> {
        checked(&statement, &parameters)?;
        let (started, answer) = oneshot::channel();
        let (sender, batches) = mpsc::channel(2);
        let sink = Sink {
            started: Some(started),
            batches: Some(sender),
            ..Sink::counting(self.access.rows, self.totals.clone())
        };
        let stop = self.start(Job::Query { statement, parameters, sink }, timeout).await?;
        let columns = answer.await.map_err(|_| Error::lost())??;
        Ok(Rows { columns, batches, rest: Vec::new(), _stop: stop })
    }

    /// Runs one statement that returns no rows, and returns the number of rows that it changed.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn execute(
        &self,
        statement: String,
        parameters: Parameters,
        timeout: Duration,
    ) -> Result<u64, Error> {
        checked(&statement, &parameters)?;
        let (done, answer) = oneshot::channel();
        let _stop = self.start(Job::Execute { statement, parameters, done }, timeout).await?;
        answer.await.map_err(|_| Error::lost())?
    }

    /// Runs a script of several statements, one after another, until one fails.
    ///
    /// # Errors
    /// Fails when scripts are not granted, or when the connection is lost.
    pub async fn script(&self, text: String, timeout: Duration) -> Result<ScriptReport, Error> {
        if !self.access.scripts {
            let why = "the policy grants this connection without `scripts`";
            return Err(Error::denied(Rule::SqlScriptNotGranted, why));
        }
        if text.len() > MAX_SCRIPT {
            let message = format!("a script has at most {MAX_SCRIPT} bytes: split it");
            return Err(Error::limit("sql_script_bytes", message));
        }
        let (done, answer) = oneshot::channel();
        let sink = Sink::counting(self.access.rows, self.totals.clone());
        let _stop = self.start(Job::Script { text, sink, done }, timeout).await?;
        answer.await.map_err(|_| Error::lost())?
    }

    /// Begins, commits or rolls back a transaction.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn control(&self, control: Control, timeout: Duration) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        let _stop = self.start(Job::Control { control, done }, timeout).await?;
        answer.await.map_err(|_| Error::lost())?
    }

    /// Starts a load of rows into a table, given as `table` or `schema.table`.
    ///
    /// # Errors
    /// Fails when writing is not granted, or when the names are invalid.
    pub async fn load(&self, table: String, columns: Vec<String>, timeout: Duration) -> Result<Load, Error> {
        if self.access.mode < stepwell_engine::policy::SqlMode::Write {
            return Err(Error::read_only());
        }
        if columns.is_empty() {
            return Err(Error::invalid("a load needs the names of its columns"));
        }
        let (width, totals) = (columns.len(), self.totals.clone());
        let (rows, received) = mpsc::channel(2);
        let (done, answer) = oneshot::channel();
        let stop = self.start(Job::Load { table, columns, rows: received, done }, timeout).await?;
        Ok(Load { rows, done: answer, totals, width, stop })
    }

    /// Passes a job to the task. Dropping the returned guard stops the job.
    async fn start(&self, job: Job, timeout: Duration) -> Result<DropGuard, Error> {
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        let deadline = Instant::now() + timeout.min(self.access.timeout);
        let stop = CancellationToken::new();
        let work = Work { job, deadline, stop: stop.clone() };
        self.work.send(work).await.map_err(|_| Error::lost())?;
        Ok(stop.drop_guard())
    }
}

fn checked(statement: &str, parameters: &Parameters) -> Result<(), Error> {
    if statement.len() > MAX_STATEMENT {
        let message = format!("a statement has at most {MAX_STATEMENT} bytes: give values as parameters");
        return Err(Error::limit("sql_statement_bytes", message));
    }
    if parameters.len() > MAX_PARAMETERS {
        let message = format!("a statement has at most {MAX_PARAMETERS} parameters: load rows as a batch");
        return Err(Error::limit("sql_parameters", message));
    }
    Ok(())
}

impl Rows {
    /// Returns the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the next rows, at most `max`. An empty list marks the end.
    ///
    /// # Errors
    /// Returns the reason why the rows ended early.
    pub async fn next(&mut self, max: usize) -> Result<Vec<Vec<Value>>, Error> {
        let columns = self.next_columns(max).await?;
        let count = columns.first().map_or(0, Vec::len);
        let mut rows: Vec<Vec<Value>> = (0..count).map(|_| Vec::with_capacity(columns.len())).collect();
        for column in columns {
            for (row, value) in rows.iter_mut().zip(column) {
                row.push(value);
            }
        }
        Ok(rows)
    }

    /// Returns the same rows by column. An empty list marks the end.
    ///
    /// # Errors
    /// Like [`Rows::next`].
    pub async fn next_columns(&mut self, max: usize) -> Result<Vec<Vec<Value>>, Error> {
        if self.rest.is_empty() {
            match self.batches.recv().await {
                None => return Ok(Vec::new()),
                Some(batch) => self.rest = batch?,
            }
        }
        if self.rest.first().map_or(0, Vec::len) <= max {
            return Ok(std::mem::take(&mut self.rest));
        }
        Ok(self.rest.iter_mut().map(|column| column.drain(..max).collect()).collect())
    }
}

impl Load {
    /// Adds rows, and waits while the database is behind.
    ///
    /// # Errors
    /// Fails when a row has the wrong number of values, when a limit is reached, or when the load has failed.
    pub async fn write(&mut self, rows: Vec<Vec<Value>>) -> Result<(), Error> {
        for row in &rows {
            if row.len() != self.width {
                let message =
                    format!("a row of {} for {}", counted(row.len(), "value"), counted(self.width, "column"));
                return Err(Error::InvalidStatement(message));
            }
            self.totals.add(row)?;
        }
        match self.rows.send(Loaded::Rows(rows)).await {
            Ok(()) => Ok(()),
            Err(_) => Err((&mut self.done).await.map_or_else(
                |_| Error::lost(),
                |end| match end {
                    Ok(_) => Error::lost(),
                    Err(error) => error,
                },
            )),
        }
    }

    /// Completes the load and returns the number of rows.
    ///
    /// # Errors
    /// Returns the reason for the failure; the table is unchanged.
    pub async fn finish(self) -> Result<u64, Error> {
        let Self { rows, done, stop, .. } = self;
        // A failed load reports its error below.
        let _ = rows.send(Loaded::End).await;
        let end = done.await.map_err(|_| Error::lost())?;
        drop(stop);
        end
    }
}

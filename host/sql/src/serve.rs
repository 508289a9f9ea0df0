//! The task of a connection. It runs one statement after another, and stops each on the server when its time
//! is over or when the caller no longer waits for it.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::script::Part;
use crate::sink::Sink;
use crate::{Access, Column, Error, Parameters, ScriptReport, StatementReport, Value};

/// The time to wait for the end of a stopped statement.
const STOPPING: Duration = Duration::from_secs(5);

/// A job with its deadline, cancelled when the caller no longer waits.
pub(crate) struct Work {
    pub job: Job,
    pub deadline: Instant,
    pub stop: CancellationToken,
}

pub(crate) enum Job {
    Query {
        statement: String,
        parameters: Parameters,
        sink: Sink,
    },
    Execute {
        statement: String,
        parameters: Parameters,
        done: oneshot::Sender<Result<u64, Error>>,
    },
    Script {
        text: String,
        sink: Sink,
        done: oneshot::Sender<Result<ScriptReport, Error>>,
    },
    Control {
        control: Control,
        done: oneshot::Sender<Result<(), Error>>,
    },
    Load {
        table: String,
        columns: Vec<String>,
        rows: mpsc::Receiver<Loaded>,
        done: oneshot::Sender<Result<u64, Error>>,
    },
}

/// A part of a load. A channel that closes without an end means that the load was abandoned.
pub(crate) enum Loaded {
    Rows(Vec<Vec<Value>>),
    End,
}

/// A boundary of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Begins a transaction.
    Begin,
    /// Commits its changes.
    Commit,
    /// Undoes its changes.
    Rollback,
}

/// A session with a server.
#[async_trait]
pub(crate) trait Driver: Send {
    /// Prepares the session for its next client.
    async fn begin_use(&mut self, access: &Access) -> Result<(), Error>;

    /// Runs one statement and sends its rows to the sink. Returns the number of changed rows.
    async fn run(&mut self, statement: &str, parameters: &Parameters, sink: &mut Sink) -> Result<u64, Error>;

    /// Splits a script into the statements that it runs.
    fn split(&self, text: &str) -> Result<Vec<Part>, Error>;

    /// Runs one of these statements.
    async fn run_part(&mut self, statement: &str, sink: &mut Sink) -> Result<u64, Error> {
        self.run(statement, &Parameters::Positional(Vec::new()), sink).await
    }

    async fn control(&mut self, control: Control) -> Result<(), Error>;

    /// Loads rows until their end, either all or none.
    async fn load(
        &mut self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Error>;

    /// Stops the running statement on the server after the future that waited for it was dropped. Returns
    /// whether the session can continue.
    async fn abort(&mut self) -> bool;

    /// Resets the session to a new state. Returns whether that worked, so that the session may be used again.
    async fn reset(&mut self) -> bool;
}

/// Works until no client is left, and returns the session if it can be used again. A transaction that is idle
/// for `idle` ends with its session.
pub(crate) async fn serve(
    mut driver: Box<dyn Driver>,
    mut requests: mpsc::Receiver<Work>,
    idle: Duration,
) -> Option<Box<dyn Driver>> {
    let mut in_transaction = false;
    while let Some(Work { job, deadline, stop }) = next(&mut requests, in_transaction, idle).await? {
        if let Job::Control { control, .. } = &job {
            in_transaction = *control == Control::Begin;
        }
        if !work(driver.as_mut(), job, deadline, &stop).await {
            // Further requests find the channel closed.
            return None;
        }
    }
    let clean = tokio::time::timeout(STOPPING, driver.reset()).await.unwrap_or(false);
    clean.then_some(driver)
}

/// Returns the next request; `Some(None)` when no client is left, and `None` when a transaction has been idle
/// for too long.
pub(crate) async fn next(
    requests: &mut mpsc::Receiver<Work>,
    in_transaction: bool,
    idle: Duration,
) -> Option<Option<Work>> {
    if !in_transaction {
        return Some(requests.recv().await);
    }
    tokio::time::timeout(idle, requests.recv()).await.ok()
}

/// Runs one job, and returns whether the session can continue.
async fn work(driver: &mut dyn Driver, job: Job, deadline: Instant, stop: &CancellationToken) -> bool {
    match job {
        Job::Query { statement, parameters, mut sink } => {
            let run = async {
                driver.run(&statement, &parameters, &mut sink).await?;
                sink.finish().await
            };
            let (result, usable) = bounded(run, deadline, stop).await;
            let usable = settle(driver, usable).await;
            if let Err(error) = result {
                sink.fail(error).await;
            }
            usable
        }
        Job::Execute { statement, parameters, done } => {
            // A statement that returns rows runs to its end. The rows are dropped.
            let mut sink = Sink::counting(u64::MAX, unlimited());
            let (result, usable) =
                bounded(driver.run(&statement, &parameters, &mut sink), deadline, stop).await;
            let usable = settle(driver, usable).await;
            let _ = done.send(result);
            usable
        }
        Job::Script { text, mut sink, done } => {
            let mut report = ScriptReport::default();
            let (result, usable) =
                bounded(script(driver, &text, &mut sink, &mut report), deadline, stop).await;
            let usable = settle(driver, usable).await;
            report.failed = result.err();
            let _ = done.send(Ok(report));
            usable
        }
        Job::Control { control, done } => {
            let (result, usable) = bounded(driver.control(control), deadline, stop).await;
            let usable = settle(driver, usable).await;
            let _ = done.send(result);
            usable
        }
        Job::Load { table, columns, mut rows, done } => {
            let (result, usable) = bounded(driver.load(&table, &columns, &mut rows), deadline, stop).await;
            let usable = settle(driver, usable).await;
            drop(rows);
            let _ = done.send(result);
            usable
        }
    }
}

async fn script(
    driver: &mut dyn Driver,
    text: &str,
    sink: &mut Sink,
    report: &mut ScriptReport,
) -> Result<(), Error> {
    for Part { line, text } in driver.split(text)? {
        let rows = sink.rows;
        let affected = driver.run_part(&text, sink).await.map_err(|error| error.in_script(line))?;
        let rows = sink.rows - rows;
        report.done.push(StatementReport { statement: beginning(&text), affected, rows });
    }
    Ok(())
}

/// Returns the beginning of a statement, for reports.
pub(crate) fn beginning(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Runs until the end, until the deadline, or until the caller no longer waits. Also returns whether the
/// future completed.
async fn bounded<T>(
    run: impl Future<Output = Result<T, Error>>,
    deadline: Instant,
    stop: &CancellationToken,
) -> (Result<T, Error>, bool) {
    // A statement that never waits uses up the turns of its task, and a timer beside it would have none.
    let run = tokio::time::timeout_at(deadline.into(), run);
    tokio::select! {
        biased;
        ended = run => {
            let Ok(result) = ended else { return (Err(Error::TimedOut), false) };
            let ended = !result.as_ref().is_err_and(|error| error.leaves_rows() || error.ends_session());
            (result, ended)
        }
        () = stop.cancelled() => (Err(Error::Stopped), false),
    }
}

/// Stops a job that did not complete. Returns whether the session can continue.
async fn settle(driver: &mut dyn Driver, ended: bool) -> bool {
    ended || tokio::time::timeout(STOPPING, driver.abort()).await.unwrap_or(false)
}

fn unlimited() -> std::sync::Arc<crate::Totals> {
    std::sync::Arc::new(crate::Totals::new(u64::MAX, u64::MAX))
}

/// Returns the next rows of a load, or `None` at its end.
pub(crate) async fn next_rows(rows: &mut mpsc::Receiver<Loaded>) -> Result<Option<Vec<Vec<Value>>>, Error> {
    match rows.recv().await {
        Some(Loaded::Rows(rows)) => Ok(Some(rows)),
        Some(Loaded::End) => Ok(None),
        None => Err(Error::Stopped),
    }
}

/// A column of a driver.
pub(crate) fn column(name: &str, type_name: impl Into<String>) -> Column {
    Column { name: name.to_owned(), type_name: type_name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_statement_that_never_waits_ends_at_its_deadline_or_when_nobody_waits() {
        let endless = async || loop {
            tokio::task::consume_budget().await;
        };
        for (limit, stops, wanted) in
            [(50, None, Error::TimedOut), (10_000, Some(50), Error::Stopped)] as [(_, Option<u64>, _); 2]
        {
            let stop = CancellationToken::new();
            let task = stops.map(|after| {
                let stop = stop.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(after));
                    stop.cancel();
                })
            });
            #[allow(clippy::disallowed_methods, reason = "the deadline of a test")]
            let deadline = Instant::now() + Duration::from_millis(limit);
            let ended = bounded::<()>(endless(), deadline, &stop);
            let ended = tokio::time::timeout(Duration::from_secs(5), ended).await;
            assert_eq!(ended.unwrap(), (Err(wanted), false));
            assert!(task.is_none_or(|task| task.join().is_ok()));
        }
    }
}

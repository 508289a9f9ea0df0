//! A fake host for native tests. With it, plain `cargo test` reaches [`Step::run`], without WebAssembly and
//! without a service.
//!
//! A [`Host`] holds the environment of the step: outputs of earlier steps, variables, a checkpoint, and the
//! responses to its requests, statements and programs. [`Host::run`] checks the configuration, runs the step,
//! and returns a [`Ran`]: the result and a record of every call. The step uses the files of the machine, so give
//! it the path of a temporary directory.
//!
//! ```
//! use stepwell_sdk::prelude::*;
//! use stepwell_sdk::testing::Host;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Count {}
//!
//! impl Step for Count {
//!     const TYPE: &str = "count";
//!     const SUMMARY: &str = "Counts its calls";
//!
//!     fn run(self, _: &Invocation) -> StepResult {
//!         let calls = context::load_checkpoint()?.and_then(|calls| calls.as_u64()).unwrap_or(0) + 1;
//!         context::save_checkpoint(&calls)?;
//!         Ok(Output::new(format!("call {calls}")))
//!     }
//! }
//!
//! let ran = Host::new().checkpoint(2).run::<Count>(&json!({}));
//! assert_eq!(ran.result.unwrap().summary, "call 3");
//! assert_eq!(ran.checkpoint, Some(json!(3)));
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::Value;

use crate::log::Level;
use crate::pending::check;
use crate::step::start;
use crate::{Invocation, Issue, Pending, Step, StepResult};

pub(crate) mod engines;
#[cfg(feature = "http")]
pub(crate) mod http;
pub(crate) mod sql;

#[cfg(feature = "http")]
pub use http::Sent;
pub use sql::{Answer, Loaded, Statement};

/// Returns the problems that a step finds in a configuration. Values that hold a template (`${{ ... }}`) are
/// pending.
pub fn validate<S: Step>(config: &Value) -> Vec<Issue> {
    check::<S>(&config.to_string(), &Pending::new(templates(config, "")))
}

fn templates(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| templates(value, &format!("{at}{}", crate::pointer([key.as_str()]))))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, value)| templates(value, &format!("{at}/{i}"))).collect()
        }
        Value::String(text) if text.contains("${{") => vec![at.to_owned()],
        _ => Vec::new(),
    }
}

/// The environment of a step under test.
///
/// Requests and statements must come in the order in which the test expects them. An unexpected or
/// out-of-order call panics with its text and the text of the next expected call. A missing call also panics.
#[derive(Debug, Clone)]
pub struct Host {
    outputs: BTreeMap<String, Value>,
    variables: BTreeMap<String, Value>,
    checkpoint: Option<Value>,
    cancelled: bool,
    remaining: Duration,
    memory: u64,
    attempt: u32,
    programs: VecDeque<Result<crate::process::Ended, crate::process::Error>>,
    /// Dialects by connection name.
    connections: BTreeMap<String, String>,
    statements: VecDeque<sql::Expected>,
    #[cfg(feature = "http")]
    requests: VecDeque<http::Expected>,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            outputs: BTreeMap::new(),
            variables: BTreeMap::new(),
            checkpoint: None,
            cancelled: false,
            remaining: Duration::from_secs(60),
            memory: 64 << 20,
            attempt: 1,
            programs: VecDeque::new(),
            connections: BTreeMap::new(),
            statements: VecDeque::new(),
            #[cfg(feature = "http")]
            requests: VecDeque::new(),
        }
    }
}

/// The result of a step under test and a record of its calls.
#[derive(Debug)]
pub struct Ran {
    /// The value that the step returned.
    pub result: StepResult,
    /// The variables of the run after the step.
    pub variables: BTreeMap<String, Value>,
    /// The checkpoint that the step saved for its next call.
    pub checkpoint: Option<Value>,
    /// The parking time and the reason, if the step parked.
    pub parked: Option<(Duration, String)>,
    /// The lines that the step logged.
    pub log: Vec<(Level, String)>,
    /// The progress that the step reported: done, total, message.
    pub progress: Vec<(u64, Option<u64>, String)>,
    /// The programs that the step started.
    pub started: Vec<crate::process::Command>,
    /// The statements that the step ran, including `BEGIN`, `COMMIT` and `ROLLBACK`.
    pub statements: Vec<Statement>,
    /// The rows that the step loaded into tables.
    pub loads: Vec<Loaded>,
    /// The requests that the step sent.
    #[cfg(feature = "http")]
    pub requests: Vec<Sent>,
}

impl Host {
    /// Creates a host that grants nothing, with one minute of time and 64 MiB of memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the output of an earlier step.
    #[must_use]
    pub fn output(mut self, step_id: &str, value: impl Into<Value>) -> Self {
        self.outputs.insert(step_id.to_owned(), value.into());
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the checkpoint that an earlier attempt saved.
    #[must_use]
    pub fn checkpoint(mut self, value: impl Into<Value>) -> Self {
        self.checkpoint = Some(value.into());
        self
    }

    /// Cancels the run. The step learns of it when it asks.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.cancelled = true;
        self
    }

    /// Sets the time until the host stops the attempt. Default: one minute.
    #[must_use]
    pub fn remaining(mut self, remaining: Duration) -> Self {
        self.remaining = remaining;
        self
    }

    /// Sets the bytes of memory that the attempt may use. Default: 64 MiB.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets the number of the attempt. Default: 1.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Adds the result of the next program that the step starts. Without a result, the host denies the
    /// program.
    #[must_use]
    pub fn program(mut self, ends: Result<crate::process::Ended, crate::process::Error>) -> Self {
        self.programs.push_back(ends);
        self
    }

    /// Grants a connection and sets its dialect: `sqlite`, `postgres`, `mysql`, `mssql` or `spark`. A connection that
    /// only [`Host::statement`] names is `sqlite`; any other is denied.
    #[must_use]
    pub fn connection(mut self, name: &str, dialect: &str) -> Self {
        self.connections.insert(name.to_owned(), dialect.to_owned());
        self
    }

    /// Expects a statement next and sets its result. Any run of white space in the text counts as one space.
    ///
    /// ```
    /// use stepwell_sdk::prelude::*;
    /// use stepwell_sdk::sql::{Connection, Parameters};
    /// use stepwell_sdk::testing::{Answer, Host};
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Expire {
    ///     day: String,
    /// }
    ///
    /// impl Step for Expire {
    ///     const TYPE: &str = "acme/expire";
    ///     const SUMMARY: &str = "Marks old orders as expired";
    ///     const NEEDS: &[Need] = &[Need::new("sql", "update the table `orders`")];
    ///
    ///     fn run(self, _: &Invocation) -> StepResult {
    ///         let shop = Connection::open("shop")?;
    ///         let day = Parameters::Named(vec![("day".to_owned(), self.day.into())]);
    ///         let changed = shop.execute("UPDATE orders SET state = 'expired' WHERE due < :day", &day, 0)?;
    ///         Ok(Output::new(format!("{changed} orders expired")))
    ///     }
    /// }
    ///
    /// let update = "UPDATE orders SET state = 'expired' WHERE due < :day";
    /// let host = Host::new().statement("shop", update, Ok(Answer::Changed(3)));
    /// let ran = host.run::<Expire>(&json!({"day": "2025-09-01"}));
    /// assert_eq!(ran.result.unwrap().summary, "3 orders expired");
    /// let day = Parameters::Named(vec![("day".to_owned(), "2025-09-01".into())]);
    /// assert_eq!(ran.statements[0].parameters, day);
    /// ```
    #[must_use]
    pub fn statement(
        mut self,
        connection: &str,
        text: &str,
        answer: Result<Answer, crate::sql::Error>,
    ) -> Self {
        self.connections.entry(connection.to_owned()).or_insert_with(|| "sqlite".to_owned());
        let (connection, text) = (connection.to_owned(), text.to_owned());
        self.statements.push_back(sql::Expected { connection, text, answer });
        self
    }

    /// Expects a request next and sets its response.
    ///
    /// ```
    /// use stepwell_sdk::http::{Request, Response};
    /// use stepwell_sdk::prelude::*;
    /// use stepwell_sdk::testing::Host;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Notify {
    ///     text: String,
    /// }
    ///
    /// impl Step for Notify {
    ///     const TYPE: &str = "acme/notify";
    ///     const SUMMARY: &str = "Posts a message";
    ///     const NEEDS: &[Need] = &[Need::new("http", "post the message")];
    ///
    ///     fn run(self, _: &Invocation) -> StepResult {
    ///         let request = Request::new("POST", "https://chat.example.com/messages");
    ///         let answer = request.json(&json!({"text": self.text})).send(64 << 10)?;
    ///         match answer.status {
    ///             201 => Ok(Output::new("posted")),
    ///             status => Err(Failure::unavailable(format!("the chat answered {status}"))),
    ///         }
    ///     }
    /// }
    ///
    /// let url = "https://chat.example.com/messages";
    /// let ran = Host::new()
    ///     .request("POST", url, Ok(Response::fake(201, &[], "")))
    ///     .run::<Notify>(&json!({"text": "done"}));
    /// assert_eq!(ran.result.unwrap().summary, "posted");
    /// assert_eq!(ran.requests[0].body, br#"{"text":"done"}"#);
    ///
    /// let down = Host::new().request("POST", url, Ok(Response::fake(503, &[], "")));
    /// let failure = down.run::<Notify>(&json!({"text": "done"})).result.unwrap_err();
    /// assert!(failure.retryable);
    /// ```
    #[cfg(feature = "http")]
    #[must_use]
    pub fn request(
        mut self,
        method: &str,
        url: &str,
        answer: Result<crate::http::Response, crate::http::Error>,
    ) -> Self {
        let (method, url) = (method.to_owned(), url.to_owned());
        self.requests.push_back(http::Expected { method, url, answer });
        self
    }

    /// Checks the configuration and runs the step, as the service does after it has rendered the templates.
    ///
    /// # Panics
    /// Panics when the step sends a request or runs a statement that the test does not expect, or omits an
    /// expected one.
    #[track_caller]
    pub fn run<S: Step>(&self, config: &Value) -> Ran {
        let invocation = Invocation {
            execution_id: "exec_test".to_owned(),
            job_id: "test".to_owned(),
            step_id: "test".to_owned(),
            attempt: self.attempt,
        };
        let before = State { host: self.clone(), ..State::default() };
        let outer = STATE.replace(before);
        let result = start::<S>(&config.to_string(), &invocation);
        let after = STATE.replace(outer);
        let left = after.host.expected();
        assert!(
            left.is_empty(),
            "the step ended without these calls that the test expects:\n  {}\nits result is {result:?}",
            left.join("\n  ")
        );
        Ran {
            result,
            variables: after.host.variables,
            checkpoint: after.host.checkpoint,
            parked: after.parked,
            log: after.log,
            progress: after.progress,
            started: after.started,
            statements: after.statements,
            loads: after.loads,
            #[cfg(feature = "http")]
            requests: after.requests,
        }
    }

    /// Returns the calls that are still expected.
    fn expected(&self) -> Vec<String> {
        let statements = self.statements.iter();
        let left = statements.map(|expected| format!("{}: {}", expected.connection, expected.text));
        #[cfg(feature = "http")]
        let left =
            left.chain(self.requests.iter().map(|expected| format!("{} {}", expected.method, expected.url)));
        left.collect()
    }
}

#[derive(Debug, Default)]
struct State {
    host: Host,
    parked: Option<(Duration, String)>,
    log: Vec<(Level, String)>,
    progress: Vec<(u64, Option<u64>, String)>,
    started: Vec<crate::process::Command>,
    statements: Vec<Statement>,
    loads: Vec<Loaded>,
    #[cfg(feature = "http")]
    requests: Vec<Sent>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// `stepwell:context` of the fake host.
pub(crate) mod context {
    use std::time::Duration;

    use serde_json::Value;

    use super::STATE;
    pub use crate::bindings::stepwell::context::context::{Error, Progress};

    const MAX_CHECKPOINT_BYTES: usize = 64 << 10;

    pub fn get_output(step_id: &str) -> Result<Option<String>, Error> {
        Ok(STATE.with_borrow(|state| state.host.outputs.get(step_id).map(Value::to_string)))
    }

    pub fn get_variable(name: &str) -> Result<Option<String>, Error> {
        Ok(STATE.with_borrow(|state| state.host.variables.get(name).map(Value::to_string)))
    }

    pub fn set_variable(name: &str, value: &str) -> Result<(), Error> {
        let value = parse(value)?;
        STATE.with_borrow_mut(|state| state.host.variables.insert(name.to_owned(), value));
        Ok(())
    }

    pub fn remaining_ms() -> u64 {
        STATE.with_borrow(|state| u64::try_from(state.host.remaining.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn memory_limit() -> u64 {
        STATE.with_borrow(|state| state.host.memory)
    }

    pub fn is_cancelled() -> bool {
        STATE.with_borrow(|state| state.host.cancelled)
    }

    pub fn report_progress(progress: &Progress) {
        let report = (progress.done, progress.total, progress.message.clone());
        STATE.with_borrow_mut(|state| state.progress.push(report));
    }

    pub fn load_checkpoint() -> Result<Option<String>, Error> {
        Ok(STATE.with_borrow(|state| state.host.checkpoint.as_ref().map(Value::to_string)))
    }

    pub fn save_checkpoint(data: &str) -> Result<(), Error> {
        if data.len() > MAX_CHECKPOINT_BYTES {
            return Err(Error::TooLarge(MAX_CHECKPOINT_BYTES as u64));
        }
        let value = parse(data)?;
        STATE.with_borrow_mut(|state| state.host.checkpoint = Some(value));
        Ok(())
    }

    pub fn park(after_ms: u64, reason: &str) -> Result<(), Error> {
        let parked = (Duration::from_millis(after_ms.max(1000)), reason.to_owned());
        STATE.with_borrow_mut(|state| state.parked = Some(parked));
        Ok(())
    }

    fn parse(json: &str) -> Result<Value, Error> {
        serde_json::from_str(json).map_err(|error| Error::Invalid(error.to_string()))
    }
}

/// `stepwell:log` of the fake host.
pub(crate) mod log {
    use super::STATE;
    pub use crate::bindings::stepwell::log::log::Level;

    pub fn write(level: Level, message: &str, _: &[(String, String)]) {
        STATE.with_borrow_mut(|state| state.log.push((level, message.to_owned())));
    }
}

/// `stepwell:process` of the fake host.
pub(crate) mod process {
    use super::STATE;
    pub use crate::bindings::stepwell::process::process::{Command, Ended, Error};

    /// Runs a program until it ends.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run(command: &Command) -> Result<Ended, Error> {
        STATE.with_borrow_mut(|state| {
            state.started.push(command.clone());
            let denied = || Error::Denied("PROCESS_NOT_GRANTED: give the test a program".to_owned());
            state.host.programs.pop_front().unwrap_or_else(|| Err(denied()))
        })
    }
}

#[cfg(test)]
mod tests;

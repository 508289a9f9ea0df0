//! A host that is none: what `cargo test` runs a step against, natively.
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

/// What a step has against a configuration; what holds a template (`${{ ... }}`) is pending.
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

/// What a step finds when it runs, by the calls that make it.
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
        }
    }
}

/// How a step ran.
#[derive(Debug)]
pub struct Ran {
    /// What it returned.
    pub result: StepResult,
    /// The variables of the run after it.
    pub variables: BTreeMap<String, Value>,
    /// What it saved for its next call.
    pub checkpoint: Option<Value>,
    /// For how long it parked, and why.
    pub parked: Option<(Duration, String)>,
    /// The lines that it logged.
    pub log: Vec<(Level, String)>,
    /// The progress that it reported: done, total, message.
    pub progress: Vec<(u64, Option<u64>, String)>,
    /// The programs that it started.
    pub started: Vec<crate::process::Command>,
}

impl Host {
    /// A host with nothing but a minute of time and 64 MiB of memory.
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

    /// What an earlier call saved: this one is the second.
    #[must_use]
    pub fn checkpoint(mut self, value: impl Into<Value>) -> Self {
        self.checkpoint = Some(value.into());
        self
    }

    /// The run is being cancelled.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.cancelled = true;
        self
    }

    /// Time until the attempt is stopped.
    #[must_use]
    pub fn remaining(mut self, remaining: Duration) -> Self {
        self.remaining = remaining;
        self
    }

    /// Bytes of memory that it may use.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// The number of the attempt.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// How the next program ends that the step starts; without one, programs are denied.
    #[must_use]
    pub fn program(mut self, ends: Result<crate::process::Ended, crate::process::Error>) -> Self {
        self.programs.push_back(ends);
        self
    }

    /// Checks the configuration and runs the step, as the host does once templates are rendered.
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
        Ran {
            result,
            variables: after.host.variables,
            checkpoint: after.host.checkpoint,
            parked: after.parked,
            log: after.log,
            progress: after.progress,
            started: after.started,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    host: Host,
    parked: Option<(Duration, String)>,
    log: Vec<(Level, String)>,
    progress: Vec<(u64, Option<u64>, String)>,
    started: Vec<crate::process::Command>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// `stepwell:context`, of the fake host.
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

/// `stepwell:log`, of the fake host.
pub(crate) mod log {
    use super::STATE;
    pub use crate::bindings::stepwell::log::log::Level;

    pub fn write(level: Level, message: &str, _: &[(String, String)]) {
        STATE.with_borrow_mut(|state| state.log.push((level, message.to_owned())));
    }
}

/// `stepwell:process`, of the fake host.
pub(crate) mod process {
    use super::STATE;
    pub use crate::bindings::stepwell::process::process::{Command, Ended, Error};

    /// Runs a program to its end.
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

//! `stepwell:context`: what a step sees of its run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use stepwell_engine::policy::{Denial, Grant};
use stepwell_engine::step::{Progress as Reported, Report};
use tokio::sync::oneshot;
use wasmtime::Result;

use crate::guest::Guest;
use crate::guest::bindings::stepwell::context::context::{Error, Host, Progress};

const READ: &str = "CONTEXT_READ_NOT_GRANTED";
const WRITE: &str = "CONTEXT_WRITE_NOT_GRANTED";
/// Bytes of a checkpoint.
const MAX_CHECKPOINT: usize = 64 << 10;
/// Bytes of a variable's name.
const MAX_NAME: usize = 64;

/// Shortest and longest pause of a parked step.
const PARK: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30 * 24 * 3600);
/// Bytes of the reason for parking.
const MAX_REASON: usize = 200;

/// How long a step asked to be parked, and why.
pub(crate) struct Park {
    pub after: Duration,
    pub reason: String,
}

/// What an attempt knows of its run.
pub(crate) struct RunContext {
    pub grant: Arc<Grant>,
    pub outputs: Map<String, Value>,
    pub variables: Map<String, Value>,
    pub set: Map<String, Value>,
    pub checkpoint: Option<String>,
    /// Set when the guest asked to be called again later.
    pub park: Option<Park>,
    pub deadline: Option<Instant>,
    /// True once the guest has asked whether it is cancelled.
    pub polls_cancel: Arc<AtomicBool>,
}

impl RunContext {
    /// For calls that belong to no run.
    pub fn of_nothing() -> Self {
        Self {
            grant: Arc::new(Grant::nothing()),
            outputs: Map::new(),
            variables: Map::new(),
            set: Map::new(),
            checkpoint: None,
            park: None,
            deadline: None,
            polls_cancel: Arc::default(),
        }
    }

    /// The time that is left.
    pub fn remaining(&self) -> Duration {
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        self.deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn set_bytes(&self) -> usize {
        self.set.iter().map(|(name, value)| name.len() + value.to_string().len()).sum()
    }
}

impl Guest {
    fn refuse<T>(&mut self, denial: &Denial) -> Result<Result<T, Error>> {
        self.denied(denial)?;
        Ok(Err(Error::Denied(denial.rule.to_owned())))
    }
}

impl Host for Guest {
    async fn get_output(&mut self, step_id: String) -> Result<Result<Option<String>, Error>> {
        self.calls.count("stepwell:context");
        if !self.context.grant.may_read(&format!("steps.{step_id}")) {
            let (what, name) =
                (format!("reading the output of step `{step_id}`"), format!("steps.{step_id}"));
            return self.refuse(&self.context.grant.refuse_context(READ, &what, &name, "read"));
        }
        Ok(Ok(self.context.outputs.get(&step_id).map(Value::to_string)))
    }

    async fn get_variable(&mut self, name: String) -> Result<Result<Option<String>, Error>> {
        self.calls.count("stepwell:context");
        if !self.context.grant.may_read(&name) {
            let what = format!("reading the variable `{name}`");
            return self.refuse(&self.context.grant.refuse_context(READ, &what, &name, "read"));
        }
        let value = self.context.set.get(&name).or_else(|| self.context.variables.get(&name));
        Ok(Ok(value.map(Value::to_string)))
    }

    async fn set_variable(&mut self, name: String, value: String) -> Result<Result<(), Error>> {
        self.calls.count("stepwell:context");
        if !self.context.grant.may_write(&name) {
            let what = format!("setting the variable `{name}`");
            return self.refuse(&self.context.grant.refuse_context(WRITE, &what, &name, "write"));
        }
        let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
        if name.is_empty()
            || name.len() > MAX_NAME
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.chars().all(word)
        {
            return Ok(Err(Error::Invalid(format!("`{name}` is not a name: use letters, digits and `_`"))));
        }
        let value: Value = match serde_json::from_str(&value) {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::Invalid(format!("the value is not JSON: {error}")))),
        };
        let limit = self.context.grant.limits().context_bytes.0;
        let before = self.context.set.insert(name.clone(), value);
        if self.context.set_bytes() as u64 > limit {
            match before {
                Some(before) => self.context.set.insert(name, before),
                None => self.context.set.remove(&name),
            };
            return Ok(Err(Error::TooLarge(limit)));
        }
        Ok(Ok(()))
    }

    async fn remaining_ms(&mut self) -> Result<u64> {
        self.calls.count("stepwell:context");
        Ok(u64::try_from(self.context.remaining().as_millis()).unwrap_or(u64::MAX))
    }

    async fn memory_limit(&mut self) -> Result<u64> {
        self.calls.count("stepwell:context");
        Ok(self.context.grant.limits().memory.0)
    }

    async fn is_cancelled(&mut self) -> Result<bool> {
        self.calls.count("stepwell:context");
        self.context.polls_cancel.store(true, Ordering::Relaxed);
        Ok(self.cancel.is_cancelled())
    }

    async fn report_progress(&mut self, mut progress: Progress) -> Result<()> {
        self.calls.count("stepwell:context");
        super::log::truncate(&mut progress.message, 200);
        let Progress { done, total, message } = progress;
        self.report(Report::Progress(Reported { done, total, message }));
        Ok(())
    }

    async fn load_checkpoint(&mut self) -> Result<Result<Option<String>, Error>> {
        self.calls.count("stepwell:context");
        Ok(Ok(self.context.checkpoint.clone()))
    }

    async fn save_checkpoint(&mut self, data: String) -> Result<Result<(), Error>> {
        self.calls.count("stepwell:context");
        if data.len() > MAX_CHECKPOINT {
            return Ok(Err(Error::TooLarge(MAX_CHECKPOINT as u64)));
        }
        let Some(sink) = &self.sink else {
            return Ok(Err(Error::Unavailable("checkpoints work only while a step runs".to_owned())));
        };
        let (saved, answer) = oneshot::channel();
        sink.send(Report::Checkpoint { data: data.clone(), saved }).await;
        Ok(match answer.await {
            Ok(Ok(())) => {
                self.context.checkpoint = Some(data);
                Ok(())
            }
            Ok(Err(why)) => Err(Error::Unavailable(why)),
            Err(_) => Err(Error::Unavailable("this attempt cannot save checkpoints".to_owned())),
        })
    }

    async fn park(&mut self, after_ms: u64, mut reason: String) -> Result<Result<(), Error>> {
        self.calls.count("stepwell:context");
        if self.sink.is_none() {
            return Ok(Err(Error::Unavailable("a step can park only while it runs".to_owned())));
        }
        super::log::truncate(&mut reason, MAX_REASON);
        let after = Duration::from_millis(after_ms).clamp(*PARK.start(), *PARK.end());
        self.context.park = Some(Park { after, reason });
        Ok(Ok(()))
    }
}

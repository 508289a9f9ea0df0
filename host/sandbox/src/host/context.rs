//! `stepwell:context`: the view that a step has of its run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use stepwell_engine::Receipt;
use stepwell_engine::job::wrong_variable_name;
use stepwell_engine::policy::capability;
use stepwell_engine::policy::{Denial, Grant, Rule};
use stepwell_engine::quantity::counted;
use stepwell_engine::step::{Progress as Reported, Report};
use stepwell_engine::values::Unread;
use stepwell_engine::{StepEnd, values, weight};
use tokio::sync::oneshot;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker};

use super::capability::{Hosted, Parts};
use crate::classify::LEVELS;
use crate::guest::bindings::stepwell::context::context as wit;
use crate::guest::bindings::stepwell::context::context::{Error, Host, Progress};
use crate::guest::{Guest, LimitReached};
use crate::reached::Of;

const READ: Rule = Rule::ContextReadNotGranted;
const WRITE: Rule = Rule::ContextWriteNotGranted;
/// Maximum bytes of a checkpoint.
const MAX_CHECKPOINT: usize = 64 << 10;

/// Shortest and longest pause of a parked step.
const PARK: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30 * 24 * 3600);
/// Maximum bytes of the reason for parking.
const MAX_REASON: usize = 200;

/// The time for which a step asked to be parked, and the reason.
pub(crate) struct Park {
    pub after: Duration,
    pub reason: String,
}

/// The checkpoints of an attempt.
#[derive(Default)]
pub(crate) struct Saves {
    pub count: u64,
    bytes: u64,
    /// The time at which the next one may be written.
    next: Option<Instant>,
}

/// Minimum time between two checkpoints, because each is a commit of the store.
const BETWEEN_SAVES: Duration = Duration::from_millis(100);

/// A variable that the step set, and the length of its name and its JSON.
pub(crate) struct Set {
    value: Arc<Value>,
    bytes: u64,
    /// The bytes that the host holds for it.
    held: u64,
}

/// The knowledge of an attempt about its run.
pub(crate) struct RunContext {
    pub grant: Arc<Grant>,
    pub ends: BTreeMap<String, Arc<StepEnd>>,
    pub variables: Arc<Map<String, Value>>,
    pub set: BTreeMap<String, Set>,
    /// Bytes of the names and values in `set`.
    pub set_bytes: u64,
    pub checkpoint: Option<String>,
    pub saves: Saves,
    /// The request of the guest to be called again later.
    pub park: Option<Park>,
    pub deadline: Option<Instant>,
    /// Whether the guest has asked if it is cancelled.
    pub polls_cancel: Arc<AtomicBool>,
}

impl Hosted for capability::Context {
    type State = RunContext;

    fn state(parts: &mut Parts<'_>) -> RunContext {
        std::mem::replace(&mut parts.setup.context, RunContext::without_grants())
    }

    fn link(linker: &mut Linker<Guest>) -> Result<()> {
        wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
    }

    fn write(state: &RunContext, receipt: &mut Receipt) {
        receipt.checkpoints = state.saves.count;
    }
}

impl RunContext {
    /// Returns a context for calls that belong to no run.
    pub fn without_grants() -> Self {
        Self {
            grant: Arc::new(Grant::nothing()),
            ends: BTreeMap::new(),
            variables: Arc::default(),
            set: BTreeMap::new(),
            set_bytes: 0,
            checkpoint: None,
            saves: Saves::default(),
            park: None,
            deadline: None,
            polls_cancel: Arc::default(),
        }
    }

    /// Returns the variables that the step set.
    pub fn take_set(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.set)
            .into_iter()
            .map(|(name, set)| (name, Arc::unwrap_or_clone(set.value)))
            .collect()
    }

    /// Returns the remaining time.
    pub fn remaining(&self) -> Duration {
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        self.deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// Fuel per byte of JSON that is read or written.
const JSON: u64 = 4;

/// Does work that is proportional to `bytes`. Large work runs on a blocking thread.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    const FEW: usize = 32 << 10;
    if bytes <= FEW {
        return Ok(work());
    }
    Ok(tokio::task::spawn_blocking(work).await?)
}

impl Guest {
    fn refuse<T>(&mut self, denial: &Denial) -> Result<Result<T, Error>> {
        self.denied(denial)?;
        Ok(Err(Error::Denied(denial.rule.id().to_owned())))
    }
}

impl Guest {
    /// Counts a checkpoint, and waits until it may be written. The wait counts against the deadline of
    /// the attempt.
    async fn admit_save(&mut self, bytes: u64) -> Result<()> {
        let limits = self.states.context.grant.limits();
        let saves = &mut self.states.context.saves;
        if saves.count >= limits.checkpoints.0 {
            let message = format!("more than {}", counted(limits.checkpoints, "checkpoint"));
            return Err(LimitReached::new("checkpoints", message));
        }
        if saves.bytes.saturating_add(bytes) > limits.run_bytes.0 {
            let message = "all attempts of the step in this run together may not write more to the store";
            return Err(LimitReached::new("run_bytes", message.to_owned()));
        }
        (saves.count, saves.bytes) = (saves.count + 1, saves.bytes + bytes);
        #[allow(clippy::disallowed_methods, reason = "the pace of saves is measured where it is held")]
        let now = Instant::now();
        let next = saves.next.map_or(now, |next| next.max(now));
        saves.next = Some(next + BETWEEN_SAVES);
        tokio::time::sleep(next - now).await;
        Ok(())
    }
}

impl Host for Guest {
    async fn get_output(&mut self, step_id: String) -> Result<Result<Option<String>, Error>> {
        self.calls.count("stepwell:context");
        if !self.states.context.grant.may_read(&format!("steps.{step_id}")) {
            let (what, name) =
                (format!("reading the output of step `{step_id}`"), format!("steps.{step_id}"));
            return self.refuse(&self.states.context.grant.refuse_context(READ, &what, &name, "read"));
        }
        let Some(end) = self.states.context.ends.get(&step_id).cloned() else { return Ok(Ok(None)) };
        let text =
            on_a_thread(weight([&end.produced.output]), move || end.produced.output.to_string()).await?;
        self.owed.bytes(text.len(), JSON);
        Ok(Ok(Some(text)))
    }

    async fn get_variable(&mut self, name: String) -> Result<Result<Option<String>, Error>> {
        self.calls.count("stepwell:context");
        if !self.states.context.grant.may_read(&name) {
            let what = format!("reading the variable `{name}`");
            return self.refuse(&self.states.context.grant.refuse_context(READ, &what, &name, "read"));
        }
        let text = match self.states.context.set.get(&name).map(|set| set.value.clone()) {
            Some(value) => Some(on_a_thread(weight([&*value]), move || value.to_string()).await?),
            None => {
                let variables = self.states.context.variables.clone();
                let bytes = weight(variables.get(&name));
                on_a_thread(bytes, move || variables.get(&name).map(Value::to_string)).await?
            }
        };
        self.owed.bytes(text.as_ref().map_or(0, String::len), JSON);
        Ok(Ok(text))
    }

    async fn set_variable(&mut self, name: String, value: String) -> Result<Result<(), Error>> {
        self.calls.count("stepwell:context");
        if !self.states.context.grant.may_write(&name) {
            let what = format!("setting the variable `{name}`");
            return self.refuse(&self.states.context.grant.refuse_context(WRITE, &what, &name, "write"));
        }
        if let Some(wrong) = wrong_variable_name(&name) {
            return Ok(Err(Error::Invalid(wrong)));
        }
        self.owed.bytes(value.len(), 2 * JSON);
        let value_bytes = value.len();
        let bytes = (name.len() + value_bytes) as u64;
        let limit = self.states.context.grant.limits().context_bytes.0;
        let less = self.states.context.set.get(&name).map_or(0, |set| set.bytes);
        let sum = (self.states.context.set_bytes - less).saturating_add(bytes);
        if sum > limit {
            let message = format!("the variables of the step have more than {limit} bytes");
            self.reached.refused(Of::Context, "context_bytes", message, bytes);
            return Ok(Err(Error::TooLarge(limit)));
        }
        let budget = self.held.clone();
        let read = move || -> Result<_> {
            let held = values::held_by(&value);
            // Count the new value before it replaces the old one, because both exist for a moment.
            budget.take(held)?;
            let read = values::read_output(&value);
            if read.is_err() {
                budget.refund(held);
            }
            Ok((held, read))
        };
        let (held, value) = match on_a_thread(value_bytes, read).await?? {
            (held, Ok(value)) => (held, value),
            (_, Err(unread)) => {
                let message = format!("the value of the variable `{name}` {unread}");
                if let Unread::TooDeep(_) = unread {
                    self.reached.refused(Of::Context, LEVELS, message.clone(), bytes);
                }
                return Ok(Err(Error::Invalid(message)));
            }
        };
        let before = self.states.context.set.insert(name, Set { value: Arc::new(value), bytes, held });
        if let Some(before) = before {
            self.held.refund(before.held);
            on_a_thread(value_bytes, move || drop(before)).await?;
        }
        self.states.context.set_bytes = sum;
        self.reached.granted(Of::Context, bytes);
        Ok(Ok(()))
    }

    async fn remaining_ms(&mut self) -> Result<u64> {
        self.calls.count("stepwell:context");
        Ok(u64::try_from(self.states.context.remaining().as_millis()).unwrap_or(u64::MAX))
    }

    async fn memory_limit(&mut self) -> Result<u64> {
        self.calls.count("stepwell:context");
        Ok(self.states.context.grant.limits().memory.0)
    }

    async fn is_cancelled(&mut self) -> Result<bool> {
        self.calls.count("stepwell:context");
        self.states.context.polls_cancel.store(true, Ordering::Relaxed);
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
        Ok(Ok(self.states.context.checkpoint.clone()))
    }

    async fn save_checkpoint(&mut self, data: String) -> Result<Result<(), Error>> {
        self.calls.count("stepwell:context");
        if data.len() > MAX_CHECKPOINT {
            let message = format!("a checkpoint has at most {MAX_CHECKPOINT} bytes");
            self.reached.refused(Of::Context, "checkpoint_bytes", message, data.len() as u64);
            return Ok(Err(Error::TooLarge(MAX_CHECKPOINT as u64)));
        }
        if self.sink.is_none() {
            return Ok(Err(Error::Unavailable("checkpoints work only while a step runs".to_owned())));
        }
        self.admit_save(data.len() as u64).await?;
        let Some(sink) = &self.sink else {
            return Ok(Err(Error::Unavailable("checkpoints work only while a step runs".to_owned())));
        };
        let (saved, answer) = oneshot::channel();
        sink.send(Report::Checkpoint { data: data.clone(), saved }).await;
        Ok(match answer.await {
            Ok(Ok(())) => {
                self.states.context.checkpoint = Some(data);
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
        self.states.context.park = Some(Park { after, reason });
        Ok(Ok(()))
    }
}

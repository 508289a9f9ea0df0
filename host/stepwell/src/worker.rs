//! The worker: advances a claimed run until it ends or waits.

mod hold;
mod panicked;
mod write;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::contain::contained_future;
use stepwell_engine::job::approval::{Approval, MOST_MESSAGE, OnTimeout};
use stepwell_engine::job::{evaluate, render};
use stepwell_engine::policy::{Grant, Limits};
use stepwell_engine::run::{Effect, Event, RunState, RunStatus, RunView, next};
use stepwell_engine::step::{Deterministic, LogLine, Progress, Report};
use stepwell_engine::store::{Audit, DeadLetter, LogRecord, Next};
use stepwell_engine::trace::{Trace, attempt_span};
use stepwell_engine::{Outcome, Produced, Receipt, StepEnd, StepRequest, StepSink, StoreError, shorten};
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error_span};

use crate::HostError;
use crate::audit::{not_decided, of_attempt};
use crate::prepare::Preparation;
use crate::runs::Runs;
use crate::telemetry::Attempted;
pub(crate) use hold::Hold;
use write::json_bytes;

/// The number of log lines after which the worker commits without waiting for the next event.
const LOG_LINES_TO_COMMIT: usize = 64;

/// An event that an observer of a run may show.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The run advanced, and its new state is stored.
    Event(&'a Event),
    /// The running step wrote a log line.
    Log(&'a LogLine),
    /// The running step reported its progress.
    Progress(&'a Progress),
    /// The host performs a slow operation for the step.
    Preparing(&'a str),
}

/// Observes a run. The worker calls it during its own work, so it should not block.
pub trait Observer: Send + Sync {
    /// Receives an event of the step at this index, and the state of the run after the event.
    fn notice(&self, state: &RunState, step: usize, notice: Notice<'_>);
}

/// An observer that shows nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    fn notice(&self, _: &RunState, _: usize, _: Notice<'_>) {}
}

/// The result of a worker's turn on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The run ended.
    Ended,
    /// The run is due again at this time.
    Until(Timestamp),
}

/// A claimed run, with everything that the next commit writes.
pub(crate) struct Worker<'a> {
    runs: &'a Runs,
    observer: &'a dyn Observer,
    hold: Arc<Hold>,
    pub state: RunState,
    /// The status in the store.
    committed: RunStatus,
    /// The time at which the current attempt began.
    begun: Timestamp,
    /// The reason for the cancellation, when the run was already cancelled at the claim.
    cancel: Option<String>,
    /// Events that the state includes and the store does not: they share the next commit.
    pending: Vec<Event>,
    logs: Vec<LogRecord>,
    /// Whether the store holds a checkpoint that the run no longer needs.
    forget_checkpoint: bool,
    /// The bytes of log lines and checkpoints that the attempt wrote.
    written: u64,
    /// Rows of the audit log that share the next commit.
    audit_rows: Vec<Audit>,
}

impl Worker<'_> {
    async fn drive(&mut self) -> Result<Left, HostError> {
        let now = self.now();
        match self.state.status {
            RunStatus::Queued if now >= self.state.run.expires_at() && self.state.run.queue.is_some() => {
                self.push(Event::Expired { at: now })?;
            }
            RunStatus::Queued if self.hold.cancel.is_cancelled() => {}
            RunStatus::Queued => {
                self.runs.ctx.measures.began(&self.state, now);
                let job = self.state.run.job.id.as_str();
                tracing::info!(job, queue = self.state.run.queue.as_deref().unwrap_or(""), "the run started");
                self.push(Event::Started { at: now })?;
            }
            status if !status.is_terminal() => self.record_lost_attempt(now)?,
            _ => {}
        }
        loop {
            let Some(effect) = next(&self.state) else {
                return self.give_up("the run has no step to execute, but has not ended".to_owned()).await;
            };
            if let Effect::Finish(_) = effect {
                self.commit(Next::End).await?;
                return Ok(Left::Ended);
            }
            if let Some(left) = self.turn(effect).await? {
                return Ok(left);
            }
        }
    }

    /// Ends a run that the engine cannot advance, so that it does not stay claimed and block other runs
    /// forever.
    async fn give_up(&mut self, message: String) -> Result<Left, HostError> {
        tracing::error!("internal error: {message}; the run ends as failed");
        self.push(Event::Faulted { message, at: self.now() })?;
        self.commit(Next::End).await?;
        Ok(Left::Ended)
    }

    /// Handles the next effect. Returns how the worker leaves the run, when the run now waits.
    async fn turn(&mut self, effect: Effect) -> Result<Option<Left>, HostError> {
        let now = self.now();
        // A cancellation ends the steps of the job. `finally` still runs, within its own time limit.
        if self.hold.cancel.is_cancelled() && self.state.verdict.is_none() {
            self.cancel(effect, now).await?;
            return Ok(None);
        }
        let parked = self.state.status == RunStatus::Parked && self.state.verdict.is_none();
        let deadline = self.state.deadline().filter(|_| !parked);
        if deadline.is_some_and(|deadline| now >= deadline) {
            self.push(Event::TimedOut { at: now })?;
            return Ok(None);
        }
        match effect {
            Effect::Finish(_) => Ok(None),
            Effect::RequestApproval { step } => {
                self.request_approval(step, now)?;
                Ok(None)
            }
            Effect::AwaitApproval { step, until } if now >= until => {
                let approval = self.state.run.job.step(step).and_then(Approval::of);
                let approved = approval.is_some_and(|approval| approval.on_timeout == OnTimeout::Approve);
                self.audit_rows.push(not_decided(&self.state, step, approved, now));
                self.push(Event::ApprovalDecided {
                    step,
                    approved,
                    by: None,
                    comment: String::new(),
                    at: now,
                })?;
                Ok(None)
            }
            Effect::AwaitApproval { until, .. } => self.release_until(until).await,
            Effect::RunStep { not_before: Some(due), .. } if due > now => {
                self.release_until(deadline.map_or(due, |deadline| due.min(deadline))).await
            }
            // A process that shuts down releases its runs between two steps.
            Effect::RunStep { .. } if self.runs.ctx.is_draining() => self.release_until(now).await,
            Effect::RunStep { step, attempt, .. } => {
                self.step(step, attempt, false).await?;
                Ok(None)
            }
        }
    }

    async fn release_until(&mut self, until: Timestamp) -> Result<Option<Left>, HostError> {
        if self.hold.cancel.is_cancelled() && !self.runs.ctx.is_draining() {
            // A cancelled run is due at once in the store, so this worker would claim it again immediately.
            // It keeps the claim instead, for at most the time limit of `finally`.
            self.commit(Next::Keep).await?;
            let pause = (until - self.now()).to_std().unwrap_or_default();
            tokio::select! {
                () = sleep(pause) => {}
                () = self.runs.ctx.node.draining.cancelled() => {}
                () = self.hold.abort.cancelled() => {
                    return Err(StoreError::Stale(self.state.run.execution_id.clone()).into());
                }
            }
            return Ok(None);
        }
        self.commit(Next::Wait(until)).await?;
        Ok(Some(Left::Until(until)))
    }

    /// Ends the run as cancelled. A parked step runs once more, to stop the work that it started elsewhere.
    async fn cancel(&mut self, effect: Effect, now: Timestamp) -> Result<(), HostError> {
        if let Effect::RunStep { step, attempt, .. } = effect
            && self.state.status == RunStatus::Parked
        {
            self.step(step, attempt, true).await?;
            if self.state.status.is_terminal() {
                return Ok(());
            }
        }
        let why = self.cancel.clone().or_else(|| self.hold.why.lock().clone());
        self.push(Event::Cancelled { at: now, why })
    }

    fn request_approval(&mut self, step: usize, at: Timestamp) -> Result<(), HostError> {
        let Some(definition) = self.state.run.job.step(step).cloned() else { return Ok(()) };
        let scope = self.state.scope(step);
        if let Some(condition) = &definition.when
            && let Ok(false) = evaluate(condition, &scope)
        {
            let reason = format!("its condition is false: {condition}");
            return self.push(Event::StepSkipped { step, reason, at });
        }
        let approval = Approval::of(&definition);
        let message = approval.as_ref().map(|approval| render(&approval.message.as_str().into(), &scope));
        let message =
            match message.map(|message| approval_message(message.map_err(|error| error.to_string()))) {
                Some(Ok(message)) => message,
                // An approver cannot decide without the message.
                Some(Err(why)) => {
                    let outcome = Outcome::InvalidConfig { message: format!("`message`: {why}") };
                    let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
                    self.push(Event::StepStarted { step, attempt: 1, at })?;
                    return self.push(Event::StepEnded { step, attempt: 1, end: Arc::new(end), at });
                }
                None => String::new(),
            };
        let wait = approval.map_or(Duration::ZERO, |approval| approval.wait.0);
        let until = clock::later(at, wait);
        let bound = self.runs.ctx.preparation().bound(&self.state, step, &message);
        self.push(Event::ApprovalRequested { step, message, at, until, bound: Some(Arc::new(bound)) })
    }

    /// Records that the attempt that ran when its worker died is lost.
    fn record_lost_attempt(&mut self, at: Timestamp) -> Result<(), HostError> {
        let running =
            |step: &stepwell_engine::run::StepState| step.status == stepwell_engine::run::StepStatus::Running;
        let Some(step) = self.state.steps.iter().position(running) else { return Ok(()) };
        let attempt = self.state.steps.get(step).map_or(0, |step| step.attempt);
        if let Some(definition) = self.state.run.job.step(step) {
            let step_type = definition.step_type.as_str();
            tracing::warn!(step = definition.id, step_type, attempt, "the attempt is lost: its worker died");
        }
        self.runs.ctx.measures.attempt_lost();
        self.push(Event::AttemptLost { step, attempt, at })
    }

    async fn step(&mut self, step: usize, attempt: u32, cleaning_up: bool) -> Result<(), HostError> {
        let Some(definition) = self.state.run.job.step(step).cloned() else { return Ok(()) };
        let at = self.now();
        let component = match Preparation::skipped(&self.state, step, &definition) {
            Ok(Some(reason)) => return self.push(Event::StepSkipped { step, reason, at }),
            Ok(None) => self.runs.ctx.preparation().component(&self.state, &definition).await?,
            Err(outcome) => Err(outcome),
        };
        // The event is committed before the worker evaluates any input of the job's author: if that kills
        // this process, the attempt counts as lost.
        self.push(Event::StepStarted { step, attempt, at })?;
        self.commit(Next::Keep).await?;
        (self.begun, self.written) = (self.now(), 0);
        let prepared = component.and_then(|component| {
            self.runs.ctx.preparation().prepare(&self.state, step, &definition, &component)
        });
        let prepared = prepared.and_then(|(config, grant)| {
            let allowed = self.allowance(step, &grant, cleaning_up)?;
            Ok((config, grant.limits().clone(), grant.within(&allowed)))
        });
        let (config, limits, grant) = match prepared {
            Ok(prepared) => prepared,
            Err(outcome) => {
                let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
                let end = self.counted(end);
                self.runs.ctx.measures.step_ended(&definition.step_type, attempt, &end);
                self.audit_rows.extend(of_attempt(&self.state, &definition.id, (attempt, at), &end));
                return self.push(Event::StepEnded { step, attempt, end: Arc::new(end), at });
            }
        };
        let (sink, mut reports) = StepSink::channel();
        let remaining =
            self.state.deadline().map_or(Duration::MAX, |d| (d - at).to_std().unwrap_or_default());
        let request = StepRequest {
            execution_id: self.state.run.execution_id.clone(),
            job_id: self.state.run.job.id.clone(),
            step_id: definition.id.clone(),
            step_type: definition.step_type.clone(),
            attempt,
            config,
            grant,
            ends: self.state.ends(),
            variables: self.state.variables.clone(),
            checkpoint: self.state.steps.get(step).and_then(|step| step.checkpoint.clone()),
            workspace: Some(self.runs.ctx.workspace(&self.state.run.execution_id)),
            deterministic: self.deterministic(&definition.id, attempt),
            remaining,
            cleaning_up,
            cancel: match self.state.verdict {
                None => self.hold.cancel.clone(),
                Some(_) => CancellationToken::new(),
            },
            trace: self.runs.ctx.traced(&self.state).map(|trace| {
                trace.below(attempt_span(&self.state.run.execution_id, &definition.id, attempt))
            }),
            sink,
        };
        let trace = self.state.run.trace.map(Trace::id);
        let (run, id) = (self.hold.execution_id.clone(), definition.id.as_str());
        let ids = error_span!("step", run, step = id, attempt, trace_id = trace);
        let end = self.watch(step, attempt, request, &mut reports).instrument(ids.clone()).await?;
        let end = self.counted(end);
        let end = match cleaning_up {
            true => end,
            false => self.state.judged(step, &limits, self.runs.ctx.run_bytes(), end),
        };
        let receipt = &end.receipt;
        ids.in_scope(|| {
            tracing::debug!(
                outcome = end.outcome.class(),
                run_us = receipt.run_us,
                fuel = receipt.fuel,
                memory = receipt.memory_peak_bytes,
                "the attempt ended"
            );
            for (rule, count) in &receipt.denials {
                tracing::warn!(target: "stepwell::denial", rule, count, "denied by policy");
            }
        });
        let (begun, at) = (self.begun, self.now());
        self.runs.ctx.measures.step_ended(&definition.step_type, attempt, &end);
        let attempted = Attempted {
            state: &self.state,
            step_id: &definition.id,
            step_type: &definition.step_type,
            attempt,
            begun,
        };
        self.runs.ctx.attempt_ended(&attempted, &end, at);
        self.audit_rows.extend(of_attempt(&self.state, &definition.id, (attempt, at), &end));
        self.push(Event::StepEnded { step, attempt, end: Arc::new(end), at })
    }

    /// Returns the limits of an attempt, less the amounts that the step used earlier in this run.
    fn allowance(&self, step: usize, grant: &Grant, cleaning_up: bool) -> Result<Limits, Outcome> {
        match self.state.steps.get(step) {
            Some(known) if cleaning_up => Ok(known.last_allowance(grant.limits())),
            _ => self.state.allowance(step, grant.limits(), self.runs.ctx.run_bytes()),
        }
    }

    /// Returns the end with the number of bytes that the attempt wrote to the store.
    fn counted(&self, mut end: StepEnd) -> StepEnd {
        end.receipt.stored_bytes = self.written.saturating_add(json_bytes(&end));
        end
    }

    /// Runs the attempt and handles its reports until both end.
    async fn watch(
        &mut self,
        step: usize,
        attempt: u32,
        request: StepRequest,
        reports: &mut Receiver<Report>,
    ) -> Result<StepEnd, HostError> {
        let runner = self.runs.ctx.runner.clone();
        let (step_id, shortfall) = (request.step_id.clone(), request.grant.shortfall());
        // The attempt shares this task: a task of its own would wake another thread for each attempt.
        let mut running = pin!(contained_future(async move { runner.run(request).await }));
        let (mut ended, abort) = (None, self.hold.abort.clone());
        loop {
            tokio::select! {
                biased;
                report = reports.recv() => match report {
                    Some(report) => {
                        let mut reported = pin!(self.report(step, attempt, &step_id, report));
                        // The attempt continues, and its deadline counts, while the worker writes a report.
                        loop {
                            tokio::select! {
                                biased;
                                done = &mut reported => break done?,
                                end = &mut running, if ended.is_none() => ended = Some(end),
                            }
                        }
                    }
                    // The channel closes when the attempt ends.
                    None => break,
                },
                end = &mut running, if ended.is_none() => ended = Some(end),
                () = abort.cancelled() => {
                    return Err(StoreError::Stale(self.state.run.execution_id.clone()).into());
                }
            }
        }
        let end = match ended {
            Some(end) => end,
            None => running.await,
        };
        let end = end.unwrap_or_else(|_| StepEnd {
            outcome: Outcome::HostFault { message: "the runner panicked".to_owned() },
            produced: Produced::default(),
            receipt: Receipt::default(),
        });
        Ok(end.advised(shortfall.as_ref()))
    }

    async fn report(
        &mut self,
        step: usize,
        attempt: u32,
        step_id: &str,
        report: Report,
    ) -> Result<(), HostError> {
        match report {
            Report::Progress(progress) => {
                self.observer.notice(&self.state, step, Notice::Progress(&progress))
            }
            Report::Call(call) => {
                let begun = self.begun;
                let attempted = Attempted { state: &self.state, step_id, step_type: "", attempt, begun };
                self.runs.ctx.called(&attempted, call);
            }
            Report::Preparing(what) => self.observer.notice(&self.state, step, Notice::Preparing(&what)),
            Report::Log(line) => {
                self.observer.notice(&self.state, step, Notice::Log(&line));
                let record = LogRecord { seq: 0, at: self.now(), step_id: step_id.to_owned(), attempt, line };
                self.written = self.written.saturating_add(json_bytes(&record));
                self.logs.push(record);
                if self.logs.len() >= LOG_LINES_TO_COMMIT {
                    self.commit(Next::Keep).await?;
                }
            }
            Report::Checkpoint { data, saved } => {
                let committed = self.save_checkpoint(step, data).await;
                let answer = match &committed {
                    Ok(()) => Ok(()),
                    Err(error) => Err(error.to_string()),
                };
                // A step that has ended does not receive the answer.
                let _ = saved.send(answer);
                committed?;
            }
        }
        Ok(())
    }

    fn deterministic(&self, step_id: &str, attempt: u32) -> Option<Deterministic> {
        let seed = self.runs.ctx.deterministic?;
        let time = self.state.run.scheduled_time;
        let salt =
            step_id.bytes().fold(u64::from(attempt), |salt, byte| salt.wrapping_mul(31) ^ u64::from(byte));
        Some(Deterministic { time, seed: seed ^ salt })
    }

    fn now(&self) -> Timestamp {
        self.runs.ctx.clock.now()
    }
}

/// Returns the message of an approval, if it is no longer than a template of a message may be.
fn approval_message(filled: Result<Value, String>) -> Result<String, String> {
    let message = match filled? {
        Value::String(message) => message,
        other => other.to_string(),
    };
    match message.chars().count() {
        ..=MOST_MESSAGE => Ok(message),
        count => Err(format!("the rendered text has {count} characters; the maximum is {MOST_MESSAGE}")),
    }
}

/// The maximum length of a message in a dead letter, in bytes: lists show many of them at once.
const LETTER: usize = 4 << 10;

/// Returns the dead letter of a run that failed, ran out of time or expired.
pub(crate) fn dead_letter(state: &RunState, at: Timestamp) -> Option<DeadLetter> {
    if !state.status.is_dead() {
        return None;
    }
    let blamed = state.restart_step().filter(|_| state.fault.is_none()).and_then(|index| {
        let (definition, step) = (state.run.job.step(index)?, state.steps.get(index)?);
        let class = step.end.as_ref()?.outcome.class();
        Some((definition.id.clone(), class.to_owned(), step.message()))
    });
    let (step_id, class, mut message) = match blamed {
        Some((id, class, message)) => (Some(id), class, message),
        None => {
            let class = if state.fault.is_some() { "host_fault" } else { state.status.name() };
            (None, class.to_owned(), RunView::from(state).message)
        }
    };
    shorten(&mut message, LETTER);
    Some(DeadLetter {
        execution_id: state.run.execution_id.clone(),
        job_id: state.run.job.id.clone(),
        status: state.status,
        step_id,
        class,
        message,
        at,
        resolution: None,
    })
}

//! The attempts of a run: they run at the same time in the task of its worker, which handles their reports and
//! ends one after the other.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered, SelectAll, StreamExt, once, poll_fn};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::contain::contained_future;
use stepwell_engine::job::Work;
use stepwell_engine::policy::{Grant, Limits, Shortfall};
use stepwell_engine::reference::type_of;
use stepwell_engine::run::{Event, Room, StepKey};
use stepwell_engine::step::{Deterministic, Report};
use stepwell_engine::store::{LogRecord, Next};
use stepwell_engine::trace::{Trace, attempt_span};
use stepwell_engine::{
    Outcome, Produced, Receipt, StepDefinition, StepEnd, StepRequest, StepSink, StoreError,
};
use stepwell_sandbox::Component;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, error_span};

use super::decisions::LOOK;
use super::locks::with_locks;
use super::write::json_bytes;
use super::{LOG_LINES_TO_COMMIT, Notice, Worker};
use crate::HostError;
use crate::audit::of_attempt;
use crate::telemetry::Attempted;

/// An attempt that runs.
pub(super) struct Attempt {
    key: StepKey,
    path: Arc<str>,
    step_type: String,
    number: u32,
    /// The time at which it began.
    begun: Timestamp,
    /// The bytes of log lines and checkpoints that it wrote.
    pub(super) written: u64,
    /// Its limits. `None` for a step that could not be prepared, so that nothing ran.
    limits: Option<Limits>,
    cleaning_up: bool,
    cancel: CancellationToken,
    /// The lock that it lost.
    lost_lock: Option<String>,
    shortfall: Option<Shortfall>,
    span: Span,
    /// The end, while reports may still arrive.
    end: Option<StepEnd>,
    /// Whether all reports have arrived.
    reported: bool,
}

/// The futures of the attempts that run, and their reports. `None` follows the last report of an attempt.
#[derive(Default)]
pub(super) struct Running {
    ends: FuturesUnordered<BoxFuture<'static, (usize, StepEnd)>>,
    reports: SelectAll<BoxStream<'static, (usize, Option<Report>)>>,
}

/// An attempt whose start is not yet stored.
pub(super) struct Start {
    step: usize,
    number: u32,
    cleaning_up: bool,
    component: Result<Component, Outcome>,
}

impl Worker<'_> {
    /// Begins an attempt, or skips the step. The attempt is launched after the next commit. An attempt that the
    /// policy leaves no room for waits: `room` then says so.
    pub(super) async fn begin(
        &mut self,
        starts: &mut Vec<Start>,
        room: &mut Room,
        (step, number, cleaning_up): (usize, u32, bool),
    ) -> Result<(), HostError> {
        let Some(definition) = self.state.definition(step).cloned() else { return Ok(()) };
        let (key, at) = (self.state.key(step), self.now());
        let component = match self.skipped(step, &definition).await {
            Ok(Some(reason)) => return self.push(Event::StepSkipped { step: key, reason, at }),
            Ok(None) => self.runs.ctx.preparation().component(&self.state, &definition).await?,
            Err(outcome) => Err(outcome),
        };
        if let Ok(component) = &component
            && !cleaning_up
            && !self.has_room_for(step, &definition, component, starts)
        {
            room.full.insert(type_of(&definition.step_type).to_owned());
            return Ok(());
        }
        // The event is committed before the worker evaluates any input of the job's author: if that kills
        // this process, the attempt counts as lost.
        self.push(Event::StepStarted { step: key, attempt: number, at })?;
        starts.push(Start { step, number, cleaning_up, component });
        Ok(())
    }

    /// Returns whether the policy lets one more attempt of a step run beside those of its type.
    fn has_room_for(
        &self,
        step: usize,
        definition: &StepDefinition,
        component: &Component,
        starts: &[Start],
    ) -> bool {
        let own = type_of(&definition.step_type);
        let running = self.attempts.values().map(|attempt| attempt.step_type.as_str());
        let starting = starts.iter().filter_map(|start| self.state.definition(start.step));
        let running = running.chain(starting.map(|definition| definition.step_type.as_str()));
        let count = running.filter(|step_type| type_of(step_type) == own).count();
        count == 0
            || count < self.runs.ctx.preparation().most_parallel(&self.state, step, definition, component)
    }

    /// Launches an attempt whose start is stored. Returns whether it runs: a step that cannot be prepared ends at
    /// once.
    pub(super) async fn launch(&mut self, start: Start, running: &mut Running) -> Result<bool, HostError> {
        let Start { step, number, cleaning_up, component } = start;
        let Some(definition) = self.state.definition(step).cloned() else { return Ok(false) };
        let prepared = match component {
            Ok(component) => {
                let (preparation, state) = (self.runs.ctx.preparation(), &self.state);
                let prepare = |work: &Work| preparation.prepare(state, step, &definition, &component, work);
                self.runs.ctx.evaluated(&state.run.job.id, prepare).await
            }
            Err(outcome) => Err(outcome),
        };
        let prepared = prepared.and_then(|(config, grant)| {
            let allowed = self.allowance(step, &grant, cleaning_up)?;
            Ok((config, grant.limits().clone(), grant.within(&allowed)))
        });
        let mut attempt = self.attempt(step, number, cleaning_up, &definition);
        match prepared {
            Ok((config, limits, grant)) => {
                let (sink, mut receiver) = StepSink::channel();
                attempt.limits = Some(limits);
                attempt.shortfall = grant.shortfall();
                let request = self.request(&attempt, (step, &definition), config, grant, sink);
                let (runner, span) = (self.runs.ctx.runner.clone(), attempt.span.clone());
                let run = contained_future(async move { runner.run(request).await }).instrument(span);
                // The worker runs one attempt itself. Those of groups have tasks of their own, and so all cores.
                let run = match self.state.is_top(step) {
                    true => run.map(|end| end.ok()).boxed(),
                    false => self.runs.ctx.beside(&self.state.run.job.id, run.map(|end| end.ok())),
                };
                let end = run.map(move |end| (step, end.unwrap_or_else(|| ended(panicked()))));
                running.ends.push(end.boxed());
                let reports = poll_fn(move |context| receiver.poll_recv(context));
                let reports = reports.map(Some).chain(once(std::future::ready(None)));
                running.reports.push(reports.map(move |report| (step, report)).boxed());
                self.attempts.insert(step, attempt);
                Ok(true)
            }
            Err(outcome) => {
                self.end_attempt(step, &attempt, ended(outcome))?;
                Ok(false)
            }
        }
    }

    fn attempt(&self, step: usize, number: u32, cleaning_up: bool, definition: &StepDefinition) -> Attempt {
        let path = self.state.steps.get(step).map_or_else(|| "".into(), |step| step.path.clone());
        let trace = self.state.run.trace.map(Trace::id);
        let run = self.hold.execution_id.clone();
        let span = error_span!("step", run, step = &*path, attempt = number, trace_id = trace);
        // `finally` runs after a cancellation, too.
        let in_finally = self.state.verdict.is_some() || self.state.is_ending() && !cleaning_up;
        let cancel = if in_finally { CancellationToken::new() } else { self.hold.cancel.child_token() };
        if cleaning_up {
            cancel.cancel();
        }
        Attempt {
            key: self.state.key(step),
            path,
            step_type: definition.step_type.clone(),
            number,
            begun: self.now(),
            written: 0,
            limits: None,
            cleaning_up,
            cancel,
            lost_lock: None,
            shortfall: None,
            span,
            end: None,
            reported: false,
        }
    }

    fn request(
        &mut self,
        attempt: &Attempt,
        (step, definition): (usize, &StepDefinition),
        config: serde_json::Value,
        grant: Arc<Grant>,
        sink: StepSink,
    ) -> StepRequest {
        let deadline = self.state.deadline_of(step);
        let remaining = deadline.map_or(Duration::MAX, |d| (d - attempt.begun).to_std().unwrap_or_default());
        let workspace = self.workspace_of(step);
        let run = &self.state.run;
        StepRequest {
            execution_id: run.execution_id.clone(),
            job_id: run.job.id.clone(),
            step_id: attempt.path.to_string(),
            step_type: definition.step_type.clone(),
            attempt: attempt.number,
            config,
            grant,
            ends: self.state.ends(step),
            variables: with_locks(self.state.variables_of(step), self.state.locks_seen(step)),
            checkpoint: self.state.steps.get(step).and_then(|step| step.checkpoint.clone()),
            workspace: Some(workspace),
            deterministic: self.deterministic(&attempt.path, attempt.number),
            remaining,
            cleaning_up: attempt.cleaning_up,
            cancel: attempt.cancel.clone(),
            trace: self
                .runs
                .ctx
                .traced(&self.state)
                .map(|trace| trace.below(attempt_span(&run.execution_id, &attempt.path, attempt.number))),
            sink,
        }
    }

    /// Waits for the next report or end of an attempt, and handles it and everything else that is there.
    pub(super) async fn wait(&mut self, running: &mut Running) -> Result<(), HostError> {
        self.stop_halted();
        let (hold, cancelled) = (self.hold.clone(), self.hold.cancel.is_cancelled());
        let Running { ends, reports } = running;
        let now = self.now();
        let due = self.state.due_after(now).map(|due| (due - now).to_std().unwrap_or_default());
        let (awaits, works) = (self.awaits_decisions(), self.awaits_work());
        let (has_locks, awaits_locks) = (self.has_locks(), self.awaits_locks());
        tokio::select! {
            biased;
            Some((step, report)) = reports.next() => {
                let mut early = Vec::new();
                handled(self.handle(step, report), ends, &mut early).await?;
                for (step, end) in early {
                    self.attempt_ended(step, end)?;
                }
            }
            Some((step, end)) = ends.next() => self.attempt_ended(step, end)?,
            () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => {}
            () = hold.locks.changed.notified(), if has_locks => {
                self.take_losses().await?;
                self.look_at_locks().await?;
            }
            () = tokio::time::sleep(LOOK), if awaits || works || awaits_locks => {
                if awaits {
                    self.take_decisions().await?;
                }
                if works {
                    self.take_work().await?;
                }
                if awaits_locks {
                    self.look_at_locks().await?;
                }
            }
            () = hold.cancel.cancelled(), if !cancelled => {}
            () = hold.abort.cancelled() => {
                return Err(StoreError::Stale(self.state.run.execution_id.clone()).into());
            }
        }
        // What is there already shares the next commit.
        while let Some(Some((step, end))) = running.ends.next().now_or_never() {
            self.attempt_ended(step, end)?;
        }
        while self.attempts.values().any(|attempt| attempt.end.is_some() && !attempt.reported) {
            match running.reports.next().await {
                Some((step, report)) => self.handle(step, report).await?,
                None => break,
            }
        }
        Ok(())
    }

    /// Cancels the attempts whose groups are ending.
    fn stop_halted(&self) {
        for (step, attempt) in &self.attempts {
            if self.state.steps.get(*step).is_some_and(|step| step.halting) {
                attempt.cancel.cancel();
            }
        }
    }

    fn attempt_ended(&mut self, step: usize, end: StepEnd) -> Result<(), HostError> {
        if let Some(attempt) = self.attempts.get_mut(&step) {
            attempt.end = Some(end.advised(attempt.shortfall.as_ref()));
        }
        self.finish_if_reported(step)
    }

    /// Ends an attempt that has ended and whose reports have all been handled.
    fn finish_if_reported(&mut self, step: usize) -> Result<(), HostError> {
        let done = self.attempts.get(&step).is_some_and(|attempt| attempt.reported && attempt.end.is_some());
        let Some(mut attempt) = done.then(|| self.attempts.remove(&step)).flatten() else { return Ok(()) };
        self.release_permits();
        match attempt.end.take() {
            Some(end) => self.end_attempt(step, &attempt, end),
            None => Ok(()),
        }
    }

    /// Records the end of an attempt.
    fn end_attempt(&mut self, step: usize, attempt: &Attempt, mut end: StepEnd) -> Result<(), HostError> {
        end.receipt.stored_bytes = attempt.written.saturating_add(json_bytes(&end));
        if let Some(limits) = attempt.limits.as_ref().filter(|_| !attempt.cleaning_up) {
            end = self.state.judged(step, limits, self.runs.ctx.run_bytes(), end);
        }
        let at = self.now();
        end.outcome = self.state.with_owner_of_time(step, end.outcome, at);
        end.outcome = self.state.with_reason_of_stop(step, end.outcome);
        if let Some(message) =
            attempt.lost_lock.clone().filter(|_| !attempt.cleaning_up && !self.is_stopped(step))
        {
            // Whatever the attempt did last, it did without the lock.
            (end.outcome, end.produced) = (Outcome::LockLost { message }, Produced::default());
        }
        let receipt = &end.receipt;
        self.runs.ctx.measures.step_ended(&attempt.step_type, attempt.number, &end);
        if attempt.limits.is_some() {
            attempt.span.in_scope(|| {
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
            self.runs.ctx.attempt_ended(&attempt.attempted(&self.state), &end, at);
        }
        self.audit_rows.extend(of_attempt(&self.state, &attempt.path, (attempt.number, at), &end));
        let (step, number) = (attempt.key.clone(), attempt.number);
        self.push(Event::StepEnded { step, attempt: number, end: Arc::new(end), at })
    }

    /// Returns whether the run, or the group of a step, is being stopped.
    fn is_stopped(&self, step: usize) -> bool {
        self.hold.cancel.is_cancelled() || self.state.steps.get(step).is_some_and(|step| step.halting)
    }

    /// Returns the limits of an attempt, less the amounts that the step used earlier in this run.
    fn allowance(&self, step: usize, grant: &Grant, cleaning_up: bool) -> Result<Limits, Outcome> {
        match self.state.steps.get(step) {
            Some(known) if cleaning_up => Ok(known.last_allowance(grant.limits())),
            _ => self.state.allowance(step, grant.limits(), self.runs.ctx.run_bytes()),
        }
    }

    /// Handles a report of an attempt. `None` follows the last one.
    async fn handle(&mut self, step: usize, report: Option<Report>) -> Result<(), HostError> {
        let Some(attempt) = self.attempts.get_mut(&step) else { return Ok(()) };
        let Some(report) = report else {
            attempt.reported = true;
            return self.finish_if_reported(step);
        };
        match report {
            Report::Progress(progress) => {
                self.observer.notice(&self.state, step, Notice::Progress(&progress))
            }
            Report::Call(call) => self.runs.ctx.called(&attempt.attempted(&self.state), call),
            Report::Preparing(what) => self.observer.notice(&self.state, step, Notice::Preparing(&what)),
            Report::Log(line) => {
                self.observer.notice(&self.state, step, Notice::Log(&line));
                let at = self.runs.ctx.clock.now();
                let (step_id, attempt_number) = (attempt.path.to_string(), attempt.number);
                let record = LogRecord { seq: 0, at, step_id, attempt: attempt_number, line };
                attempt.written = attempt.written.saturating_add(json_bytes(&record));
                self.logs.push(record);
                if self.logs.len() >= LOG_LINES_TO_COMMIT {
                    self.commit(Next::Keep).await?;
                }
            }
            Report::Checkpoint { data, saved } => {
                attempt.written = attempt.written.saturating_add(json_bytes(&data));
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

    fn deterministic(&self, path: &str, attempt: u32) -> Option<Deterministic> {
        let seed = self.runs.ctx.deterministic?;
        let time = self.state.run.scheduled_time;
        let salt =
            path.bytes().fold(u64::from(attempt), |salt, byte| salt.wrapping_mul(31) ^ u64::from(byte));
        Some(Deterministic { time, seed: seed ^ salt })
    }

    /// Returns whether this process may run one attempt more for this run. The first attempt of a run uses the
    /// worker of the run.
    pub(super) fn has_permit(&mut self, starting: usize) -> bool {
        let Some(slots) = self.runs.ctx.node.slots.get().filter(|_| self.state.run.queue.is_some()) else {
            return true;
        };
        while self.permits.len() < self.attempts.len() + starting {
            match slots.clone().try_acquire_owned() {
                Ok(permit) => self.permits.push(permit),
                Err(_) => return false,
            }
        }
        true
    }

    fn release_permits(&mut self) {
        self.permits.truncate(self.attempts.len().saturating_sub(1));
    }
}

impl Attempt {
    /// Cancels the attempt, because it lost a lock.
    pub(super) fn lose_lock(&mut self, why: &str) {
        self.lost_lock.get_or_insert_with(|| why.to_owned());
        self.cancel.cancel();
    }

    fn attempted<'a>(&'a self, state: &'a stepwell_engine::run::RunState) -> Attempted<'a> {
        Attempted {
            state,
            step_id: &self.path,
            step_type: &self.step_type,
            attempt: self.number,
            begun: self.begun,
        }
    }
}

/// Waits until a report is handled. The attempts continue meanwhile, and their deadlines count.
async fn handled(
    handling: impl Future<Output = Result<(), HostError>>,
    ends: &mut FuturesUnordered<BoxFuture<'static, (usize, StepEnd)>>,
    early: &mut Vec<(usize, StepEnd)>,
) -> Result<(), HostError> {
    let mut handling = std::pin::pin!(handling);
    loop {
        tokio::select! {
            biased;
            done = &mut handling => return done,
            Some(end) = ends.next() => early.push(end),
        }
    }
}

fn panicked() -> Outcome {
    Outcome::HostFault { message: "the runner panicked".to_owned() }
}

fn ended(outcome: Outcome) -> StepEnd {
    StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
}

//! The worker: advances a claimed run until it ends or waits.

mod attempts;
pub(crate) mod decisions;
mod groups;
mod hold;
pub(crate) mod locks;
mod panicked;
pub(crate) mod work;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::approval::{Approval, MOST_MESSAGE, OnTimeout};
use stepwell_engine::job::worker::WorkerStep;
use stepwell_engine::job::{Work, render};
use stepwell_engine::run::{
    Bound, Effect, Event, LockPlace, Room, RunState, RunStatus, RunView, StepStatus, TakenLock, next,
};
use stepwell_engine::step::{LogLine, Progress};
use stepwell_engine::store::{Audit, DeadLetter, LogRecord, Next};
use stepwell_engine::workspace::Written;
use stepwell_engine::{Outcome, Produced, Receipt, StepEnd, StoreError, shorten};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use crate::HostError;
use crate::audit::not_decided;
use crate::runs::Runs;
use attempts::{Attempt, Running};
use decisions::LOOK;
pub(crate) use hold::Hold;
pub(crate) use write::json_bytes;

/// The number of log lines after which the worker commits without waiting for the next event.
const LOG_LINES_TO_COMMIT: usize = 64;

/// An event that an observer of a run may show.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The run advanced, and its new state is stored.
    Event(&'a Event),
    /// The group ended, or waits for its next attempt.
    GroupEnded,
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
    /// The reason for the cancellation, when the run was already cancelled at the claim.
    cancel: Option<String>,
    /// Events that the state includes and the store does not: they share the next commit.
    pending: Vec<Event>,
    /// The groups that have ended with pending events: the number of the event, and the position of the group.
    ended_groups: Vec<(usize, usize)>,
    logs: Vec<LogRecord>,
    /// The steps whose checkpoints the store holds.
    saved: BTreeSet<usize>,
    /// The checkpoints in the store that the run no longer needs.
    forget: Vec<u32>,
    /// Rows of the audit log that share the next commit.
    audit_rows: Vec<Audit>,
    /// The attempts that run, by the positions of their steps.
    attempts: BTreeMap<usize, Attempt>,
    /// The places of this process for attempts beyond the first.
    permits: Vec<OwnedSemaphorePermit>,
    /// The files that branches have written, for a try of the run.
    written: Option<(u32, Arc<Written>)>,
    /// Whether a parked step has run once more after the cancellation of the run.
    cleaned_up: bool,
    /// The places whose locks the run may hold or wait for, each with those that it held last.
    places: BTreeMap<LockPlace, Vec<TakenLock>>,
    /// The work that the run has offered to workers, by the positions of its steps.
    offers: BTreeMap<usize, String>,
}

/// The reason why nothing more may start now.
enum Pause {
    /// The run has ended.
    Ended,
    /// Nothing runs, and the run is due again at this time.
    Until(Timestamp),
    /// Attempts run, or are about to.
    Attempts,
}

/// The outcome of the search for something to start.
enum Advance {
    /// The run has ended or waits.
    Left(Left),
    /// Attempts run, and nothing else may start.
    Attempts,
    /// The run may continue.
    On,
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
            status if !status.is_terminal() => self.record_lost_attempts(now)?,
            _ => {}
        }
        if self.awaits_decisions() {
            self.take_decisions().await?;
        }
        self.find_offers();
        self.take_work().await?;
        let open = self.state.started_at.is_some() && !self.state.status.is_terminal();
        if open
            && self.has_locks()
            && let Some(left) = self.resume_locks().await?
        {
            return Ok(left);
        }
        let mut running = Running::default();
        loop {
            match self.advance(&mut running).await? {
                Advance::Left(left) => return Ok(left),
                Advance::On => {}
                Advance::Attempts => self.wait(&mut running).await?,
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

    /// Starts everything that may start now.
    async fn advance(&mut self, running: &mut Running) -> Result<Advance, HostError> {
        let mut starts = Vec::new();
        let mut room = Room::from(self.runs.ctx.attempts_per_run(self.state.run.queue.as_deref()));
        let pause = loop {
            if self.state.status.is_terminal() {
                break Pause::Ended;
            }
            let now = self.now();
            let idle = self.attempts.is_empty() && starts.is_empty();
            // A cancellation ends the steps of the job. `finally` still runs, within its own time limit.
            if self.hold.cancel.is_cancelled() && self.state.verdict.is_none() && !self.state.is_ending() {
                if !idle {
                    break Pause::Attempts;
                }
                match self.parked_step() {
                    Some((step, attempt)) => {
                        self.begin(&mut starts, &mut room, (step, attempt, true)).await?;
                    }
                    None => self.push_cancelled(now)?,
                }
                continue;
            }
            let is_over = self.state.verdict.is_some() || self.state.is_ending();
            let parked = self.state.status == RunStatus::Parked && !is_over;
            let deadline = self.state.deadline().filter(|_| !parked);
            if deadline.is_some_and(|deadline| now >= deadline) {
                if !idle {
                    break Pause::Attempts;
                }
                self.push(Event::TimedOut { at: now })?;
                continue;
            }
            match next(&self.state, now, &room) {
                Some(Effect::Finish(_)) => break Pause::Ended,
                Some(Effect::RequestApproval { step }) => self.request_approval(step, now).await?,
                Some(Effect::EndApproval { step }) => self.end_approval(step, now)?,
                Some(Effect::OfferWork { step, attempt }) => self.offer_work(step, attempt, now).await?,
                Some(Effect::SettleWork { step }) => self.settle_work(step, now).await?,
                Some(Effect::BeginGroup { step, attempt }) => self.begin_group(step, attempt, now).await?,
                Some(Effect::EndGroup { step }) => {
                    self.push(Event::GroupTimedOut { step: self.state.key(step), at: now })?;
                }
                // A process that shuts down releases its runs between two steps.
                Some(Effect::RunStep { .. } | Effect::TakeLocks { .. }) if self.runs.ctx.is_draining() => {
                    break if idle { Pause::Until(now) } else { Pause::Attempts };
                }
                Some(Effect::RunStep { step, attempt, cleaning_up }) => {
                    if !idle && !self.has_permit(starts.len()) {
                        break Pause::Attempts;
                    }
                    self.begin(&mut starts, &mut room, (step, attempt, cleaning_up)).await?;
                }
                Some(Effect::TakeLocks { place }) if idle || self.has_place(place, starts.len()) => {
                    self.take_locks(place, now).await?;
                }
                Some(Effect::TakeLocks { .. }) => break Pause::Attempts,
                None if idle => {
                    let Some(due) = self.state.wakes_at() else {
                        let why = "the run has no step to execute, but has not ended";
                        return self.give_up(why.to_owned()).await.map(Advance::Left);
                    };
                    break Pause::Until(deadline.map_or(due, |deadline| due.min(deadline)));
                }
                None => break Pause::Attempts,
            }
        };
        self.pause(pause, starts, running).await
    }

    /// Releases the run, or launches the attempts whose starts are stored then.
    async fn pause(
        &mut self,
        pause: Pause,
        starts: Vec<attempts::Start>,
        running: &mut Running,
    ) -> Result<Advance, HostError> {
        match pause {
            Pause::Ended => {
                self.commit(Next::End).await?;
                Ok(Advance::Left(Left::Ended))
            }
            Pause::Until(until) => Ok(self.release_until(until).await?.map_or(Advance::On, Advance::Left)),
            Pause::Attempts => {
                // Log lines alone wait for the next event, or for more of them.
                if !self.pending.is_empty() {
                    self.commit(Next::Keep).await?;
                }
                let mut ended = false;
                for start in starts {
                    ended |= !self.launch(start, running).await?;
                }
                Ok(if ended { Advance::On } else { Advance::Attempts })
            }
        }
    }

    async fn release_until(&mut self, until: Timestamp) -> Result<Option<Left>, HostError> {
        if self.hold.cancel.is_cancelled() && !self.runs.ctx.is_draining() {
            // A cancelled run is due at once in the store, so this worker would claim it again immediately.
            // It keeps the claim instead, for at most the time limit of `finally`.
            self.commit(Next::Keep).await?;
            let pause = (until - self.now()).to_std().unwrap_or_default();
            let (awaits, works) = (self.awaits_decisions(), self.awaits_work());
            tokio::select! {
                () = sleep(pause) => {}
                () = sleep(LOOK), if awaits || works => {
                    self.take_decisions().await?;
                    self.take_work().await?;
                }
                () = self.runs.ctx.node.draining.cancelled() => {}
                () = self.hold.abort.cancelled() => {
                    return Err(StoreError::Stale(self.state.run.execution_id.clone()).into());
                }
            }
            return Ok(None);
        }
        let until = self.park_locks(until).await;
        let until = self.look_at_work(until);
        self.hold.released.store(true, Ordering::Release);
        self.commit(Next::Wait(until)).await?;
        self.wake_if_granted().await;
        self.wake_if_ended().await;
        Ok(Some(Left::Until(until)))
    }

    /// Returns a parked step outside of groups, which runs once more when the run is cancelled, to stop the work
    /// that it started elsewhere.
    fn parked_step(&mut self) -> Option<(usize, u32)> {
        if std::mem::replace(&mut self.cleaned_up, true) {
            return None;
        }
        let (step, _) = self.state.waits().next().filter(|(step, _)| self.state.is_top(*step))?;
        let (definition, known) = (self.state.definition(step)?, self.state.steps.get(step)?);
        let began = known.attempt > 0;
        let is_outside = Approval::of(definition).is_some() || WorkerStep::is(definition);
        let stops = began && known.status == StepStatus::Parked && !is_outside;
        stops.then_some((step, known.attempt + 1))
    }

    fn push_cancelled(&mut self, at: Timestamp) -> Result<(), HostError> {
        let why = self.cancel.clone().or_else(|| self.hold.why.lock().clone());
        self.push(Event::Cancelled { at, why })
    }

    fn end_approval(&mut self, step: usize, at: Timestamp) -> Result<(), HostError> {
        let approval = self.state.definition(step).and_then(|step| Approval::of(step));
        let approved = approval.is_some_and(|approval| approval.on_timeout == OnTimeout::Approve);
        self.audit_rows.push(not_decided(&self.state, step, approved, at));
        let (step, comment) = (self.state.key(step), String::new());
        self.push(Event::ApprovalDecided { step, approved, by: None, comment, at })
    }

    async fn request_approval(&mut self, step: usize, at: Timestamp) -> Result<(), HostError> {
        let Some(definition) = self.state.definition(step).cloned() else { return Ok(()) };
        let key = self.state.key(step);
        // An approval whose condition fails is requested.
        if let Ok(Some(reason)) = self.skipped(step, &definition).await {
            return self.push(Event::StepSkipped { step: key, reason, at });
        }
        let approval = Approval::of(&definition);
        match self.asked(step, approval.as_ref()).await {
            Ok((message, bound)) => {
                let wait = approval.map_or(Duration::ZERO, |approval| approval.wait.0);
                let until = clock::later(at, wait);
                let bound = Some(Arc::new(bound));
                self.push(Event::ApprovalRequested { step: key, message, at, until, bound })
            }
            Err(message) => {
                let outcome = Outcome::InvalidConfig { message };
                let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
                self.push(Event::StepStarted { step: key.clone(), attempt: 1, at })?;
                self.push(Event::StepEnded { step: key, attempt: 1, end: Arc::new(end), at })
            }
        }
    }

    /// Returns the message to the approvers, without which they cannot decide, and the subject of the approval.
    async fn asked(&self, step: usize, approval: Option<&Approval>) -> Result<(String, Bound), String> {
        let (preparation, state) = (self.runs.ctx.preparation(), &self.state);
        let ask = |work: &Work| {
            let message = match approval {
                Some(approval) => {
                    let message = render(&approval.message.as_str().into(), &state.scope(step), work);
                    approval_message(message.map_err(|error| error.to_string()))
                        .map_err(|why| format!("`message`: {why}"))?
                }
                None => String::new(),
            };
            let bound = preparation.bound(state, step, &message, work)?;
            Ok((message, bound))
        };
        self.runs.ctx.evaluated(&state.run.job.id, ask).await
    }

    /// Records that the attempts that ran when their worker died are lost.
    fn record_lost_attempts(&mut self, at: Timestamp) -> Result<(), HostError> {
        let running: Vec<usize> = self.state.running().collect();
        for step in running {
            let attempt = self.state.steps.get(step).map_or(0, |step| step.attempt);
            if let Some((definition, known)) = self.state.definition(step).zip(self.state.steps.get(step)) {
                let step_type = definition.step_type.as_str();
                tracing::warn!(
                    step = &*known.path,
                    step_type,
                    attempt,
                    "the attempt is lost: its worker died"
                );
            }
            self.runs.ctx.measures.attempt_lost();
            self.push(Event::AttemptLost { step: self.state.key(step), attempt, at })?;
        }
        Ok(())
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
    let is_of_a_step = state.fault.is_none() && state.locks_refused().is_none();
    let blamed = state.restart_step().filter(|_| is_of_a_step).and_then(|index| {
        let step = state.steps.get(index)?;
        let class = step.end.as_ref()?.outcome.class();
        let failures = state.failures_of(index);
        Some((Some(step.path.to_string()), class.to_owned(), step.message(), failures))
    });
    let (step_id, class, mut message, (failed, failed_count)) = blamed.unwrap_or_else(|| {
        let class = match state.locks_refused() {
            _ if state.fault.is_some() => "host_fault",
            Some(refused) => refused.class(),
            None => state.status.name(),
        };
        (None, class.to_owned(), RunView::from(state).message, (Vec::new(), 0))
    });
    shorten(&mut message, LETTER);
    Some(DeadLetter {
        execution_id: state.run.execution_id.clone(),
        job_id: state.run.job.id.clone(),
        status: state.status,
        step_id,
        class,
        message,
        failed,
        failed_count,
        at,
        resolution: None,
    })
}

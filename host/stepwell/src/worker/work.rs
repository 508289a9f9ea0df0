//! The work of `worker` steps: a run offers it, is parked, and takes its end up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::Work;
use stepwell_engine::job::worker::WorkerStep;
use stepwell_engine::policy::Limits;
use stepwell_engine::policy::capability::ContextRule;
use stepwell_engine::run::{Event, RunState, StepStatus};
use stepwell_engine::store::Next;
use stepwell_engine::{FailureKind, Outcome, Produced, Receipt, StepDefinition, StepEnd, TimeOf, project};

use super::Worker;
use super::write::json_bytes;
use crate::HostError;
use crate::audit::of_attempt;
use crate::remote::item::{self, End, Found, How, Item, work_id, written};
use crate::telemetry::Attempted;

/// The longest time for which a run without a queue waits for its work until it looks: no service may wake it.
const LOOK_ALONE: Duration = Duration::from_secs(1);
/// The tries of a change that others make at the same time.
const TRIES: u32 = 8;

/// Work that is ready to be offered.
pub(crate) struct Prepared {
    pub function: String,
    pub input: Map<String, Value>,
    pub wait: Duration,
    pub limits: Limits,
    /// The rules about the variables that the step may set.
    pub context: Vec<ContextRule>,
}

/// Returns the steps that wait for the end of their work.
pub(crate) fn working(state: &RunState) -> impl Iterator<Item = usize> + '_ {
    let waits = state.waits().map(|(step, _)| step);
    waits.filter(move |step| waits_for_work(state, *step))
}

fn waits_for_work(state: &RunState, index: usize) -> bool {
    let Some((definition, step)) = state.definition(index).zip(state.steps.get(index)) else { return false };
    WorkerStep::is(definition)
        && step.status == StepStatus::Parked
        && step.attempt > 0
        && !state.awaits_own_locks(index)
}

impl Worker<'_> {
    /// Offers the work of a step to the workers, or ends the step that cannot have any.
    pub(super) async fn offer_work(
        &mut self,
        step: usize,
        attempt: u32,
        at: Timestamp,
    ) -> Result<(), HostError> {
        let Some(definition) = self.state.definition(step).cloned() else { return Ok(()) };
        let key = self.state.key(step);
        let skipped = match self.skipped(step, &definition).await {
            Ok(Some(reason)) => return self.push(Event::StepSkipped { step: key, reason, at }),
            Ok(None) => Ok(()),
            Err(outcome) => Err(outcome),
        };
        // As for an attempt: if the evaluation of the configuration kills this process, the attempt counts as lost.
        self.push(Event::StepStarted { step: key, attempt, at })?;
        self.commit(Next::Keep).await?;
        let prepared = match skipped {
            Ok(()) => self.prepare_work(step, &definition).await,
            Err(outcome) => Err(outcome),
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(outcome) => return self.work_ended(step, (attempt, at), ended(outcome), None),
        };
        let item = self.item(step, (attempt, at), &prepared);
        let (changes, store) = (item.offer(&prepared.input), self.runs.ctx.store.clone());
        self.runs.until_written(&self.hold, || store.write(changes.clone())).await?;
        self.offers.insert(step, item.id());
        self.runs.ctx.measures.work("offered");
        let reason = format!("a worker with the function `{}`", prepared.function);
        let parked = ended(Outcome::Parked { after: prepared.wait, reason });
        self.work_ended(step, (attempt, at), parked, None)?;
        self.runs.ctx.node.offers.notify_waiters();
        Ok(())
    }

    async fn prepare_work(&self, step: usize, definition: &StepDefinition) -> Result<Prepared, Outcome> {
        let (preparation, state) = (self.runs.ctx.preparation(), &self.state);
        let prepare = |work: &Work| preparation.prepare_work(state, step, definition, work);
        self.runs.ctx.evaluated(&state.run.job.id, prepare).await
    }

    fn item(&self, step: usize, (attempt, at): (u32, Timestamp), prepared: &Prepared) -> Item {
        let run = &self.state.run;
        let left = self.state.deadline_of(step).map(|end| (end - at).to_std().unwrap_or_default());
        let limit = prepared.limits.wall.0.min(left.unwrap_or(Duration::MAX));
        Item {
            run: run.execution_id.clone(),
            project: project::of(&run.job.id).to_owned(),
            job: run.job.id.clone(),
            step: self.path(step),
            attempt,
            function: prepared.function.clone(),
            fence: attempt.into(),
            offered_at: at,
            wait_until: clock::later(at, prepared.wait),
            limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1),
            output_bytes: prepared.limits.output_bytes.0,
            context: prepared.context.clone(),
            context_bytes: prepared.limits.context_bytes.0,
            lease: None,
        }
    }

    fn path(&self, step: usize) -> String {
        self.state.steps.get(step).map_or_else(String::new, |step| step.path.to_string())
    }

    /// Looks at the work of a step that has waited long enough, or whose group ends.
    pub(super) async fn settle_work(&mut self, step: usize, at: Timestamp) -> Result<(), HostError> {
        let Some(known) = self.state.steps.get(step) else { return Ok(()) };
        let (attempt, halting) = (known.attempt, known.halting);
        let again = (attempt + 1, at);
        if halting {
            self.start_again(step, again)?;
            return self.work_ended(step, again, ended(Outcome::Cancelled), None);
        }
        let (remote, id) =
            (self.runs.ctx.remote_workers(), work_id(&self.state.run.execution_id, &self.path(step)));
        // A run without a service ends the leases of its work itself.
        remote.end_lease(&id, false).await?;
        for _ in 0..TRIES {
            let found = Found::read(&*self.runs.ctx.store, &id).await?;
            let Some(Found { mut item, state, version }) =
                found.filter(|found| found.item.attempt == attempt)
            else {
                self.start_again(step, again)?;
                return self.work_lost(step, again);
            };
            let until = match (state.as_str(), &item.lease) {
                (item::ENDED, _) => return self.take_or_lose(step, again).await,
                (item::OPEN, _) if item.wait_until <= at => {
                    self.start_again(step, again)?;
                    return self.work_ended(step, again, ended(never_taken(&item)), None);
                }
                (item::OPEN, _) => item.wait_until,
                (_, Some(lease)) => lease.ends_at,
                (_, None) => at,
            };
            item.attempt = again.0;
            if written(&*self.runs.ctx.store, item.carry_on(&state, version)).await? {
                self.start_again(step, again)?;
                let after = (until - at).to_std().unwrap_or_default();
                let reason = format!("a worker with the function `{}`", item.function);
                return self.work_ended(step, again, ended(Outcome::Parked { after, reason }), None);
            }
        }
        Err(HostError::Busy(format!("the work {id} changes all the time")))
    }

    /// Takes up the ends of the work of this run.
    pub(super) async fn take_work(&mut self) -> Result<(), HostError> {
        let run = self.state.run.execution_id.clone();
        if self.state.status.is_terminal() || !self.has_workers_steps() {
            return Ok(());
        }
        let remote = self.runs.ctx.remote_workers();
        loop {
            let ends = remote.ends_of(&run).await?;
            if ends.is_empty() {
                return Ok(());
            }
            let waiting: BTreeMap<String, usize> =
                working(&self.state).map(|step| (work_id(&run, &self.path(step)), step)).collect();
            let mut done = Vec::new();
            for (id, end) in ends {
                let step = waiting.get(&id).copied();
                let attempt = step.and_then(|step| self.state.steps.get(step)).map(|step| step.attempt);
                if let Some((step, end)) = step.zip(end).filter(|(_, end)| Some(end.attempt) == attempt) {
                    self.offers.remove(&step);
                    self.take_end(step, end)?;
                }
                // The end of an earlier attempt is of no use.
                done.push(id);
            }
            // An end is removed once its event is stored.
            self.commit(Next::Keep).await?;
            for id in done {
                remote.remove(&id).await?;
            }
        }
    }

    /// Takes up the end of the work of a step, which has ended. A record without its end is damaged: the attempt is lost.
    async fn take_or_lose(&mut self, step: usize, again: (u32, Timestamp)) -> Result<(), HostError> {
        self.take_work().await?;
        let known = self.state.steps.get(step);
        match known.is_some_and(|known| known.status == StepStatus::Parked && known.attempt + 1 == again.0) {
            true => {
                self.start_again(step, again)?;
                self.work_lost(step, again)
            }
            false => Ok(()),
        }
    }

    fn has_workers_steps(&self) -> bool {
        self.state.run.job.plan().nodes().iter().any(|node| WorkerStep::is(&node.definition))
    }

    /// Ends a step as its work has ended.
    fn take_end(&mut self, step: usize, end: End) -> Result<(), HostError> {
        let attempt = self.state.steps.get(step).map_or(0, |step| step.attempt) + 1;
        let again = (attempt, self.now());
        self.start_again(step, again)?;
        let taken = (end.at - end.taken_at).to_std().unwrap_or_default();
        let mut produced = Produced::default();
        let outcome = match end.how {
            How::Lost => return self.work_lost(step, again),
            How::Completed { output, summary, variables } => {
                produced.summary = match summary.is_empty() {
                    true => format!("done by the worker {}", end.worker),
                    false => summary,
                };
                produced.output = output;
                produced.variables = variables;
                produced.metadata.insert("worker".to_owned(), end.worker.into());
                Outcome::Succeeded
            }
            How::Failed { code, message, retryable } => failed(&code, message, retryable),
            How::TimedOut { limit_ms } => {
                let limit = Duration::from_millis(limit_ms);
                Outcome::TimedOut { limit, backtrace: Vec::new(), of: TimeOf::Attempt }
            }
        };
        let receipt =
            Receipt { run_us: u64::try_from(taken.as_micros()).unwrap_or(u64::MAX), ..Receipt::default() };
        let limits = self.state.definition(step).and_then(|definition| {
            let job = &self.state.run.job;
            let grant = self.runs.ctx.preparation().decide_worker(project::of(&job.id), job, definition);
            Some(grant.ok()?.limits().clone())
        });
        self.work_ended(step, again, StepEnd { outcome, produced, receipt }, limits.as_ref())
    }

    /// Begins the part of a parked step in which its work ends.
    fn start_again(&mut self, step: usize, (attempt, at): (u32, Timestamp)) -> Result<(), HostError> {
        self.push(Event::StepStarted { step: self.state.key(step), attempt, at })
    }

    fn work_lost(&mut self, step: usize, (attempt, at): (u32, Timestamp)) -> Result<(), HostError> {
        tracing::warn!(step = self.path(step), attempt, "the attempt is lost: its worker is silent");
        self.runs.ctx.measures.attempt_lost();
        self.push(Event::AttemptLost { step: self.state.key(step), attempt, at })
    }

    /// Records the end of an attempt, or of its part.
    fn work_ended(
        &mut self,
        step: usize,
        (attempt, at): (u32, Timestamp),
        mut end: StepEnd,
        limits: Option<&Limits>,
    ) -> Result<(), HostError> {
        end.receipt.stored_bytes = json_bytes(&end);
        if let Some(limits) = limits {
            end = self.state.judged(step, limits, self.runs.ctx.run_bytes(), end);
        }
        end.outcome = self.state.with_owner_of_time(step, end.outcome, at);
        end.outcome = self.state.with_reason_of_stop(step, end.outcome);
        let path = self.path(step);
        let step_type = stepwell_engine::job::worker::TYPE;
        self.runs.ctx.measures.step_ended(step_type, attempt, &end);
        let attempted = Attempted { state: &self.state, step_id: &path, step_type, attempt, begun: at };
        self.runs.ctx.attempt_ended(&attempted, &end, at);
        self.audit_rows.extend(of_attempt(&self.state, &path, (attempt, at), &end));
        self.push(Event::StepEnded { step: self.state.key(step), attempt, end: Arc::new(end), at })
    }

    /// Returns whether the end of work may arrive while attempts run.
    pub(super) fn awaits_work(&self) -> bool {
        working(&self.state).next().is_some()
    }

    /// Notes the work that the run has offered before this claim.
    pub(super) fn find_offers(&mut self) {
        let found: Vec<(usize, String)> = working(&self.state)
            .map(|step| (step, work_id(&self.state.run.execution_id, &self.path(step))))
            .collect();
        self.offers.extend(found);
    }

    /// Cancels the work of steps that do not wait for it any more.
    pub(super) async fn leave_work(&mut self) {
        let over = |step: &usize| self.state.status.is_terminal() || !waits_for_work(&self.state, *step);
        let gone: Vec<usize> = self.offers.keys().copied().filter(over).collect();
        for step in gone {
            let Some(id) = self.offers.remove(&step) else { continue };
            if let Err(error) = self.runs.ctx.remote_workers().cancel(&id).await {
                tracing::warn!(
                    work = id,
                    "cannot cancel the work, whose worker hears it from the run: {error}"
                );
            }
        }
    }

    /// Wakes the run that was just released, if its work has ended meanwhile.
    pub(super) async fn wake_if_ended(&self) {
        if !self.awaits_work() {
            return;
        }
        let (ctx, run) = (&self.runs.ctx, &self.state.run.execution_id);
        match ctx.remote_workers().ends_of(run).await {
            Ok(ends) if ends.is_empty() => {}
            Ok(_) => ctx.wake_run(run).await,
            // A sweep wakes it.
            Err(error) => tracing::debug!("cannot look for the ends of work: {error}"),
        }
    }

    /// Returns the time at which a run that waits for its work looks at it.
    pub(super) fn look_at_work(&self, until: Timestamp) -> Timestamp {
        match self.state.run.queue.is_none() && self.awaits_work() {
            true => until.min(clock::later(self.now(), LOOK_ALONE)),
            false => until,
        }
    }
}

fn ended(outcome: Outcome) -> StepEnd {
    StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
}

/// Returns the end of a step whose work no worker took in time.
fn never_taken(item: &Item) -> Outcome {
    let waited = (item.wait_until - item.offered_at).to_std().unwrap_or_default();
    let message = format!(
        "no worker took the function `{}` within {}; start a worker that registers it, or raise `wait` of the step",
        item.function,
        stepwell_engine::quantity::Span::new(waited)
    );
    Outcome::Failed { kind: FailureKind::TimedOut, message, retryable: true }
}

/// Returns the failure that a worker reports. A code that is a kind of failure is that kind.
fn failed(code: &str, message: String, retryable: bool) -> Outcome {
    let kind = serde_json::from_value::<FailureKind>(Value::String(code.to_owned()));
    match kind {
        // A run is cancelled by its owner, and not by a worker.
        Ok(kind) if kind != FailureKind::Cancelled => Outcome::Failed { kind, message, retryable },
        _ if code.is_empty() => Outcome::Failed { kind: FailureKind::Failed, message, retryable },
        _ => Outcome::Failed { kind: FailureKind::Failed, message: format!("{code}: {message}"), retryable },
    }
}

//! The one function that moves a run forward.

use std::sync::Arc;

use chrono::Duration;
use sha2::{Digest, Sha256};

use super::{Event, RunState, RunStatus, StepState, StepStatus, Verdict};
use crate::clock::{self, Timestamp};
use crate::job::{OnLost, Part, RetryFrom, RetryOn, approval, asks_about};
use crate::outcome::{FailureKind, Outcome, Produced, Receipt, StepEnd};

/// The next action for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Run an attempt, but not before `not_before`.
    RunStep {
        /// The index of the step.
        step: usize,
        /// The number of the attempt.
        attempt: u32,
        /// The earliest time of the attempt.
        not_before: Option<Timestamp>,
    },
    /// Request the approval of an approval step.
    RequestApproval {
        /// The index of the step.
        step: usize,
    },
    /// Wait until an approver decides, or until `until`.
    AwaitApproval {
        /// The index of the step.
        step: usize,
        /// The time at which the wait ends.
        until: Timestamp,
    },
    /// Nothing: the run has ended.
    Finish(RunStatus),
}

/// An event that cannot happen to a run in this state: the result of a bug, or of a change to the store by
/// another program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot happen to a run that is {status}: {why}")]
pub struct IllegalEvent {
    event: &'static str,
    status: &'static str,
    why: String,
}

/// The longest backoff.
const MAX_BACKOFF: std::time::Duration = std::time::Duration::from_secs(300);

/// Changes the state by `event`, and returns the next action. `None` while an attempt runs.
///
/// # Errors
/// Returns [`IllegalEvent`] when the event cannot follow; the state is then unchanged.
pub fn apply(state: &mut RunState, event: &Event) -> Result<Option<Effect>, IllegalEvent> {
    check(state, event).map_err(|why| IllegalEvent {
        event: event_name(event),
        status: state.status.name(),
        why,
    })?;
    match event {
        Event::Started { at } => {
            state.status = RunStatus::Running;
            state.started_at = Some(*at);
            finish_if_done(state, *at);
        }
        Event::StepStarted { step, attempt, at } => {
            state.status = RunStatus::Running;
            unpark(state, *step, *at);
            with_step(state, *step, |step| {
                step.status = StepStatus::Running;
                step.attempt = *attempt;
                step.not_before = None;
                step.started_at.get_or_insert(*at);
            });
        }
        Event::CheckpointSaved { step, data } => {
            with_step(state, *step, |step| step.checkpoint = Some(data.clone()));
        }
        Event::StepEnded { step, end, at, .. } => {
            with_step(state, *step, |step| step.count(&end.receipt));
            step_ended(state, *step, end, *at);
        }
        Event::StepSkipped { step, reason, at } => {
            with_step(state, *step, |step| {
                step.status = StepStatus::Skipped;
                step.reason = Some(reason.clone());
                step.ended_at = Some(*at);
                step.checkpoint = None;
            });
            finish_if_done(state, *at);
        }
        Event::AttemptLost { step, attempt, at } => lost(state, *step, *attempt, *at),
        Event::ApprovalRequested { step, message, at, until, bound } => {
            state.status = RunStatus::Parked;
            with_step(state, *step, |step| {
                step.status = StepStatus::Parked;
                step.attempt += 1;
                step.started_at = Some(*at);
                step.parked_since = Some(*at);
                step.not_before = Some(*until);
                step.reason = Some(message.clone());
                step.bound.clone_from(bound);
            });
        }
        Event::ApprovalDecided { step, approved, by, comment, at } => {
            unpark(state, *step, *at);
            state.status = RunStatus::Running;
            let end = approval_end(*approved, by.as_deref(), comment);
            step_ended(state, *step, &Arc::new(end), *at);
        }
        Event::StepInherited { step, end, at, bound } => {
            state.variables.extend(end.produced.variables.clone());
            with_step(state, *step, |step| {
                step.bound.clone_from(bound);
                step.status = status_of(&end.outcome);
                step.started_at = Some(*at);
                step.ended_at = Some(*at);
                step.end = Some(end.clone());
            });
        }
        Event::SkipInherited { step, reason, at } => with_step(state, *step, |step| {
            step.status = StepStatus::Skipped;
            step.reason = Some(reason.clone());
            step.ended_at = Some(*at);
        }),
        Event::Cancelled { at, .. } if state.started_at.is_none() => finish(state, RunStatus::Cancelled, *at),
        Event::Cancelled { at, .. } => settle(state, RunStatus::Cancelled, None, *at),
        Event::TimedOut { at } => match &mut state.verdict {
            None => settle(state, RunStatus::Timeout, None, *at),
            // The steps that always run have used up their own time.
            Some(verdict) => {
                if verdict.status == RunStatus::Success {
                    verdict.status = RunStatus::Timeout;
                }
                let status = verdict.status;
                finish(state, status, *at);
            }
        },
        Event::Expired { at } => finish(state, RunStatus::Expired, *at),
        Event::Faulted { message, at } => {
            state.fault = Some(message.clone());
            finish(state, RunStatus::Failed, *at);
        }
    }
    Ok(next(state))
}

/// Returns the next action for a run in this state. `None` while an attempt runs.
pub fn next(state: &RunState) -> Option<Effect> {
    if state.status.is_terminal() {
        return Some(Effect::Finish(state.status));
    }
    let step = state.current()?;
    let (definition, current) = (state.run.job.step(step)?, state.steps.get(step)?);
    match (current.status, definition.step_type == approval::TYPE) {
        (StepStatus::Running, _) => None,
        (StepStatus::Parked, true) => Some(Effect::AwaitApproval { step, until: current.not_before? }),
        (_, true) => Some(Effect::RequestApproval { step }),
        _ => Some(Effect::RunStep { step, attempt: current.attempt + 1, not_before: current.not_before }),
    }
}

fn check(state: &RunState, event: &Event) -> Result<(), String> {
    let expect = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    let queued = state.status == RunStatus::Queued;
    match event {
        Event::Started { .. } => return expect(queued, "it has begun already"),
        Event::Expired { .. } => return expect(queued, "it has begun"),
        Event::Cancelled { .. } if queued => return Ok(()),
        Event::Faulted { .. } => return expect(!state.status.is_terminal(), "it has ended"),
        Event::StepInherited { step, .. } | Event::SkipInherited { step, .. } => {
            return expect(
                queued && state.current() == Some(*step),
                "results are inherited before the begin, in order",
            );
        }
        _ => {}
    }
    expect(!queued && !state.status.is_terminal(), "it is not running")?;
    let current = state.current().and_then(|due| Some((due, state.steps.get(due)?)));
    let is_approval = current
        .and_then(|(due, _)| state.run.job.step(due))
        .is_some_and(|step| step.step_type == approval::TYPE);
    let running = |index: usize, attempt: Option<u32>| match current {
        Some((due, step)) if due == index && step.status == StepStatus::Running => {
            expect(attempt.is_none_or(|attempt| attempt == step.attempt), "it is about another attempt")
        }
        _ => Err(format!("step {index} is not running")),
    };
    let turn = |index: usize, status: &[StepStatus]| match current {
        Some((due, step)) if due == index && status.contains(&step.status) => Ok(()),
        _ => Err(format!("it is not the turn of step {index}")),
    };
    match event {
        Event::StepStarted { step, attempt, .. } => {
            // An approval ends at once when its message cannot be filled in.
            turn(*step, &[StepStatus::Pending, StepStatus::Waiting, StepStatus::Parked])?;
            let last = current.map_or(0, |(_, state)| state.attempt);
            expect(*attempt == last + 1, "attempts are numbered without gaps")
        }
        Event::StepSkipped { step, .. } => turn(*step, &[StepStatus::Pending, StepStatus::Waiting]),
        Event::CheckpointSaved { step, .. } => running(*step, None),
        Event::StepEnded { step, attempt, .. } | Event::AttemptLost { step, attempt, .. } => {
            running(*step, Some(*attempt))
        }
        Event::ApprovalRequested { step, .. } => {
            turn(*step, &[StepStatus::Pending, StepStatus::Waiting])?;
            expect(is_approval, "the step is not an approval")
        }
        Event::ApprovalDecided { step, .. } => {
            turn(*step, &[StepStatus::Parked])?;
            expect(is_approval, "the step is not an approval")
        }
        Event::Cancelled { .. } | Event::TimedOut { .. } => {
            let idle = current.is_none_or(|(_, step)| step.status != StepStatus::Running);
            expect(idle, "an attempt is running")?;
            let first = state.verdict.is_none() || matches!(event, Event::TimedOut { .. });
            expect(first, "its `finally` runs")
        }
        _ => Ok(()),
    }
}

/// Maximum number of lost attempts in a row before a step is set aside.
const MAX_LOST: u32 = 3;

/// Handles an attempt that died with its process. It does not count as a retry of the step. But a step that
/// is lost each time may kill the process, and would kill one node after another.
fn lost(state: &mut RunState, index: usize, attempt: u32, at: Timestamp) {
    let rule = state.run.job.step(index).and_then(|definition| definition.on_lost).unwrap_or_default();
    let losses = state.steps.get(index).map_or(0, |step| step.lost) + 1;
    match rule {
        OnLost::Retry if losses < MAX_LOST => {
            let seconds = 10i64.saturating_pow(losses - 1);
            with_step(state, index, |step| {
                step.status = StepStatus::Waiting;
                step.lost = losses;
                step.not_before = Some(at + Duration::seconds(seconds));
            });
            state.status = RunStatus::Waiting;
        }
        OnLost::Retry => {
            let message = format!(
                "the worker died {losses} times in a row while this step ran, the last time in attempt {attempt}; the step \
                 may be the cause, so it does not run again by itself"
            );
            let outcome = Outcome::Lost { message };
            let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
            step_failed(state, index, &Arc::new(end), false, at);
        }
        OnLost::Fail => {
            let message = format!(
                "attempt {attempt} was lost when its worker died, and its progress is unknown; the step has \
                 `on_lost: fail`, so it does not run again by itself"
            );
            let outcome = Outcome::HostFault { message };
            let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
            step_failed(state, index, &Arc::new(end), false, at);
        }
    }
}

fn step_ended(state: &mut RunState, index: usize, end: &Arc<StepEnd>, at: Timestamp) {
    let run = state.run.clone();
    let (Some(definition), Some(step)) = (run.job.step(index), state.steps.get_mut(index)) else {
        return;
    };
    let overdue;
    let mut end = end;
    if let Outcome::Parked { after, reason } = &end.outcome {
        let first = *step.first_parked.get_or_insert(at);
        let limit = run.job.parked_timeout.0;
        if (at - first).to_std().unwrap_or_default() < limit {
            step.status = StepStatus::Parked;
            step.lost = 0;
            step.reason = Some(reason.clone());
            step.parked_since = Some(at);
            let least = shortest_park((at - first).to_std().unwrap_or_default());
            step.slowed = least > *after;
            step.not_before = Some(clock::later(at, least.max(*after)));
            step.end = None;
            state.status = RunStatus::Parked;
            return;
        }
        let outcome = Outcome::TimedOut { limit, backtrace: Vec::new() };
        overdue = Arc::new(StepEnd { outcome, ..StepEnd::clone(end) });
        end = &overdue;
    }
    step.counted += 1;
    if end.outcome.is_success() {
        close(step, end, at);
        step.checkpoint = None;
        state.variables.extend(end.produced.variables.clone());
        finish_if_done(state, at);
        return;
    }
    let retry = run.job.retry_of(definition);
    if !is_cancelled(&end.outcome)
        && is_retried(retry.on.as_deref(), &end.outcome)
        && step.counted < retry.max_attempts
    {
        close(step, end, at);
        step.status = StepStatus::Waiting;
        let seed = format!("{}/{}/{}", run.execution_id, definition.id, step.counted);
        step.not_before = Some(at + backoff(&seed, retry.backoff.0, step.counted));
        state.status = RunStatus::Waiting;
        return;
    }
    step_failed(state, index, end, true, at);
}

/// Handles the final failure of a step. `may_retry` says whether the job's own `retry` may try the run again.
fn step_failed(state: &mut RunState, index: usize, end: &Arc<StepEnd>, may_retry: bool, at: Timestamp) {
    let run = state.run.clone();
    let (Some(definition), Some(step)) = (run.job.step(index), state.steps.get_mut(index)) else {
        return;
    };
    close(step, end, at);
    step.checkpoint = None;
    let late = state.deadline().is_some_and(|deadline| at >= deadline);
    if let Some(verdict) = &mut state.verdict {
        if !definition.continue_on_failure && verdict.status != RunStatus::Timeout {
            verdict.status = RunStatus::Failed;
            verdict.failed.get_or_insert(index);
        }
        finish_if_done(state, at);
    } else if is_cancelled(&end.outcome) {
        settle(state, RunStatus::Cancelled, None, at);
    } else if definition.continue_on_failure {
        finish_if_done(state, at);
    } else if late {
        settle(state, RunStatus::Timeout, Some(index), at);
    } else if !may_retry || !try_again(state, index, &end.outcome, at) {
        settle(state, RunStatus::Failed, Some(index), at);
    }
}

/// Records the end of a step.
fn close(step: &mut StepState, end: &Arc<StepEnd>, at: Timestamp) {
    step.status = status_of(&end.outcome);
    step.ended_at = Some(at);
    step.end = Some(end.clone());
    step.cut = None;
    step.first_parked = None;
    step.slowed = false;
    step.logged = (0, 0);
    step.lost = 0;
    step.reason = None;
}

fn status_of(outcome: &Outcome) -> StepStatus {
    match outcome {
        Outcome::Succeeded => StepStatus::Success,
        outcome if is_cancelled(outcome) => StepStatus::Cancelled,
        Outcome::TimedOut { .. } | Outcome::Failed { kind: FailureKind::TimedOut, .. } => StepStatus::Timeout,
        _ => StepStatus::Failed,
    }
}

/// Tries the whole run again after a step has failed for good, if the job allows it.
fn try_again(state: &mut RunState, failed: usize, outcome: &Outcome, at: Timestamp) -> bool {
    let run = state.run.clone();
    let Some(retry) = &run.job.retry else { return false };
    if state.attempt >= retry.max_attempts || !is_retried(retry.on.as_deref(), outcome) {
        return false;
    }
    let first = match retry.from {
        RetryFrom::Start => 0,
        RetryFrom::FailedStep => failed,
    };
    let pause = backoff(&format!("{}/{}", run.execution_id, state.attempt), retry.backoff.0, state.attempt);
    state.attempt += 1;
    state.status = RunStatus::Waiting;
    if first == 0 {
        state.variables.clone_from(&run.variables);
    }
    let main = run.job.steps.len();
    for (index, step) in state.steps.iter_mut().enumerate().take(main).skip(first) {
        let waits = index == first;
        *step = StepState {
            status: if waits { StepStatus::Waiting } else { StepStatus::Pending },
            attempt: step.attempt,
            counted: 0,
            lost: 0,
            not_before: waits.then(|| at + pause),
            started_at: step.started_at,
            ended_at: None,
            checkpoint: None,
            end: step.end.take().filter(|_| waits && retry.from == RetryFrom::FailedStep),
            cut: None,
            reason: None,
            parked_since: None,
            first_parked: None,
            slowed: false,
            used: step.used,
            logged: (0, 0),
            bound: None,
        };
    }
    true
}

/// Returns whether an end is tried again, according to the list or to the end itself.
fn is_retried(on: Option<&[RetryOn]>, outcome: &Outcome) -> bool {
    if outcome.ends_budget() {
        return false;
    }
    let Some(on) = on else { return outcome.is_retryable() };
    let named = match outcome {
        Outcome::Failed { kind, .. } => match kind {
            FailureKind::Unavailable => Some(RetryOn::Unavailable),
            FailureKind::TimedOut => Some(RetryOn::TimedOut),
            FailureKind::NotFound => Some(RetryOn::NotFound),
            FailureKind::Denied => Some(RetryOn::Denied),
            FailureKind::OverMemory => Some(RetryOn::OverMemory),
            FailureKind::Failed => Some(RetryOn::Failed),
            FailureKind::InvalidConfig | FailureKind::Cancelled => None,
        },
        Outcome::Denied { .. } => Some(RetryOn::Denied),
        Outcome::OutOfFuel { .. } => Some(RetryOn::OutOfFuel),
        Outcome::OverMemory { .. } => Some(RetryOn::OverMemory),
        Outcome::TimedOut { .. } => Some(RetryOn::TimedOut),
        over if over.is_over_time() => Some(RetryOn::TimedOut),
        Outcome::Trapped { .. } => Some(RetryOn::Trapped),
        Outcome::HostFault { .. } => Some(RetryOn::HostFault),
        Outcome::Succeeded
        | Outcome::InvalidConfig { .. }
        | Outcome::Cancelled
        | Outcome::Parked { .. }
        | Outcome::OverLimit { .. }
        | Outcome::Lost { .. }
        | Outcome::OutputTooLarge { .. } => None,
    };
    on.contains(&RetryOn::Any) || named.is_some_and(|named| on.contains(&named))
}

/// Returns the end of an approval step.
fn approval_end(approved: bool, by: Option<&str>, comment: &str) -> StepEnd {
    let said = if comment.is_empty() { String::new() } else { format!(": {comment}") };
    let summary = match by {
        Some(who) => format!("approved by {who}{said}"),
        None => "approved automatically: no decision was made in time".to_owned(),
    };
    let mut produced = Produced { summary, ..Produced::default() };
    produced.output = serde_json::json!({"approved": approved, "by": by, "comment": comment});
    let outcome = match (approved, by) {
        (true, _) => Outcome::Succeeded,
        (false, Some(who)) => {
            let message = format!("rejected by {who}{said}");
            Outcome::Failed { kind: FailureKind::Denied, message, retryable: false }
        }
        (false, None) => {
            let message = "no decision was made in time".to_owned();
            Outcome::Failed { kind: FailureKind::TimedOut, message, retryable: false }
        }
    };
    StepEnd { outcome, produced, receipt: Receipt::default() }
}

/// Returns the shortest time for which a step is parked after it has already waited for `waited`: one 32nd of
/// it, as 1, 2, 4 seconds and so on, up to 5 minutes. A step that asks repeatedly slows down; a step that
/// waits for days makes two thousand calls per week.
fn shortest_park(waited: std::time::Duration) -> std::time::Duration {
    let part = (waited.as_secs() / 32).max(1);
    let doubled = 1u64 << part.ilog2().min(31);
    std::time::Duration::from_secs(doubled).min(MAX_BACKOFF)
}

/// Continues a step that was parked.
fn unpark(state: &mut RunState, index: usize, at: Timestamp) {
    let since = state.steps.get_mut(index).and_then(|step| step.parked_since.take());
    if let Some(since) = since {
        state.parked = state.parked.checked_add(&(at - since)).unwrap_or(Duration::MAX);
    }
}

fn is_cancelled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Cancelled | Outcome::Failed { kind: FailureKind::Cancelled, .. })
}

/// Returns the pause before the next attempt: doubled each time, and shifted by up to a fifth either way, so
/// that runs that failed together do not return together. The same seed gives the same pause.
fn backoff(seed: &str, first: std::time::Duration, counted: u32) -> Duration {
    let doublings = 2u32.saturating_pow(counted.saturating_sub(1).min(16));
    let pause = first.saturating_mul(doublings).min(MAX_BACKOFF);
    let digest = Sha256::digest(seed);
    let fraction = f64::from(digest.first().copied().unwrap_or(128)) / 255.0;
    clock::span(pause.mul_f64(0.8 + 0.4 * fraction))
}

/// Fixes the result when no step of `steps` is left, and ends the run when no step at all is left.
fn finish_if_done(state: &mut RunState, at: Timestamp) {
    let main = state.run.job.steps.len();
    match state.verdict {
        None if state.current().is_none_or(|step| step >= main) => {
            settle(state, RunStatus::Success, None, at)
        }
        Some(verdict) if state.current().is_none() => finish(state, verdict.status, at),
        _ => {}
    }
}

/// Fixes the result of the run. The remaining `steps` do not run any more, except those whose condition asks
/// about the failure. `on_failure` follows after a failure or a time-out, then `finally`.
fn settle(state: &mut RunState, status: RunStatus, failed: Option<usize>, at: Timestamp) {
    state.verdict = Some(Verdict { status, at, failed });
    state.status = RunStatus::Running;
    let run = state.run.clone();
    let bad = matches!(status, RunStatus::Failed | RunStatus::Timeout);
    let failed_id = failed.and_then(|index| run.job.step(index)).map(|step| step.id.as_str());
    for (index, (definition, step)) in run.job.all_steps().zip(&mut state.steps).enumerate() {
        let asks = || definition.when.as_ref().is_some_and(|when| asks_about(when, failed_id));
        let has_turn = match run.job.part_of(index) {
            Part::Steps => bad && step.status == StepStatus::Pending && asks(),
            Part::OnFailure => bad,
            Part::Finally => true,
        };
        if !has_turn {
            let why = match run.job.part_of(index) {
                Part::OnFailure => "the run did not fail",
                _ => ended_before(status, failed),
            };
            give_up(step, why);
        }
    }
    finish_if_done(state, at);
}

/// Returns why a remaining step does not run.
fn ended_before(status: RunStatus, failed: Option<usize>) -> &'static str {
    match status {
        RunStatus::Timeout => "the job's time ran out",
        RunStatus::Cancelled => "the run was cancelled",
        RunStatus::Expired => "the run did not begin in time",
        _ if failed.is_some() => "an earlier step failed",
        _ => "the run ended",
    }
}

/// Ends an open step that will not run any more.
fn give_up(step: &mut StepState, why: &str) {
    step.checkpoint = None;
    match step.status {
        StepStatus::Pending => {
            step.status = StepStatus::Skipped;
            step.reason = Some(format!("skipped because {why}"));
        }
        StepStatus::Waiting => {
            step.status = StepStatus::Failed;
            step.reason = Some(format!("attempt {} was pending when {why}", step.attempt + 1));
        }
        StepStatus::Parked | StepStatus::Running => step.status = StepStatus::Cancelled,
        _ => {}
    }
}

fn finish(state: &mut RunState, status: RunStatus, at: Timestamp) {
    state.status = status;
    state.ended_at = Some(at);
    let failed = state.verdict.and_then(|verdict| verdict.failed);
    for step in &mut state.steps {
        give_up(step, ended_before(status, failed));
    }
}

fn with_step(state: &mut RunState, index: usize, change: impl FnOnce(&mut StepState)) {
    // `check` has verified that the step exists.
    if let Some(step) = state.steps.get_mut(index) {
        change(step);
    }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "`started`",
        Event::StepStarted { .. } => "`step_started`",
        Event::CheckpointSaved { .. } => "`checkpoint_saved`",
        Event::StepEnded { .. } => "`step_ended`",
        Event::StepSkipped { .. } => "`step_skipped`",
        Event::AttemptLost { .. } => "`attempt_lost`",
        Event::Cancelled { .. } => "`cancelled`",
        Event::TimedOut { .. } => "`timed_out`",
        Event::Expired { .. } => "`expired`",
        Event::ApprovalRequested { .. } => "`approval_requested`",
        Event::ApprovalDecided { .. } => "`approval_decided`",
        Event::StepInherited { .. } => "`step_inherited`",
        Event::SkipInherited { .. } => "`skip_inherited`",
        Event::Faulted { .. } => "`faulted`",
    }
}

#[cfg(test)]
mod tests;

//! The one function that moves a run.

use std::sync::Arc;

use chrono::Duration;
use sha2::{Digest, Sha256};

use super::{Event, RunState, RunStatus, StepState, StepStatus};
use crate::clock::Timestamp;
use crate::job::{Retry, StepDefinition};
use crate::outcome::{FailureKind, Outcome, StepEnd};

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Run an attempt, not before that time.
    RunStep {
        /// Index of the step.
        step: usize,
        /// Which attempt.
        attempt: u32,
        /// The earliest time.
        not_before: Option<Timestamp>,
    },
    /// Nothing: the run has ended.
    Finish(RunStatus),
}

/// An event that cannot happen to a run in this state: a bug, or a store that was tampered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot happen to a run that is {status}: {why}")]
pub struct IllegalEvent {
    event: &'static str,
    status: &'static str,
    why: String,
}

/// Backoff never exceeds this.
const MAX_BACKOFF: std::time::Duration = std::time::Duration::from_secs(300);

/// The state after `event`, and what is to be done then.
///
/// # Errors
/// [`IllegalEvent`] when the event cannot follow.
pub fn apply(mut state: RunState, event: &Event) -> Result<(RunState, Vec<Effect>), IllegalEvent> {
    let (name, checked) = (event_name(event), check(&state, event));
    checked.map_err(|why| IllegalEvent { event: name, status: state.status.name(), why })?;
    match event {
        Event::Started { at } => {
            state.status = RunStatus::Running;
            state.started_at = Some(*at);
        }
        Event::StepStarted { step, attempt, at } => with_step(&mut state, *step, |step| {
            step.status = StepStatus::Running;
            step.attempt = *attempt;
            step.not_before = None;
            step.started_at.get_or_insert(*at);
        }),
        Event::CheckpointSaved { step, data } => {
            with_step(&mut state, *step, |step| step.checkpoint = Some(data.clone()));
        }
        Event::StepEnded { step, end, at, .. } => step_ended(&mut state, *step, end, *at),
        Event::StepSkipped { step, reason, at } => {
            with_step(&mut state, *step, |step| {
                step.status = StepStatus::Skipped;
                step.reason = Some(reason.clone());
                step.ended_at = Some(*at);
            });
            finish_if_done(&mut state, *at);
        }
        Event::AttemptLost { step, .. } => {
            with_step(&mut state, *step, |step| step.status = StepStatus::Waiting)
        }
        Event::Cancelled { at } => finish(&mut state, RunStatus::Cancelled, *at),
        Event::TimedOut { at } => finish(&mut state, RunStatus::Timeout, *at),
    }
    let effect = next(&state);
    Ok((state, effect.into_iter().collect()))
}

/// What is to be done with a run in this state; nothing while an attempt runs.
pub fn next(state: &RunState) -> Option<Effect> {
    if state.status.is_terminal() {
        return Some(Effect::Finish(state.status));
    }
    let (step, current) = state.steps.iter().enumerate().find(|(_, step)| {
        matches!(step.status, StepStatus::Pending | StepStatus::Waiting | StepStatus::Running)
    })?;
    (current.status != StepStatus::Running).then_some(Effect::RunStep {
        step,
        attempt: current.attempt + 1,
        not_before: current.not_before,
    })
}

fn check(state: &RunState, event: &Event) -> Result<(), String> {
    let expect = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    if let Event::Started { .. } = event {
        return expect(state.status == RunStatus::Queued, "it has begun already");
    }
    expect(state.status == RunStatus::Running, "it is not running")?;
    let due = state.steps.iter().position(|step| {
        matches!(step.status, StepStatus::Pending | StepStatus::Waiting | StepStatus::Running)
    });
    let current = due.and_then(|due| Some((due, state.steps.get(due)?)));
    let running = |index: usize, attempt: Option<u32>| match current {
        Some((due, step)) if due == index && step.status == StepStatus::Running => {
            expect(attempt.is_none_or(|attempt| attempt == step.attempt), "it is about another attempt")
        }
        _ => Err(format!("step {index} is not running")),
    };
    match event {
        Event::StepStarted { step, attempt, .. } => match current {
            Some((due, state)) if due == *step && state.status != StepStatus::Running => {
                expect(*attempt == state.attempt + 1, "attempts are numbered without gaps")
            }
            _ => Err(format!("it is not the turn of step {step}")),
        },
        Event::StepSkipped { step, .. } => match current {
            Some((due, state)) => expect(
                due == *step && state.status == StepStatus::Pending,
                "only the next step can be skipped",
            ),
            None => Err("every step has ended".to_owned()),
        },
        Event::CheckpointSaved { step, .. } => running(*step, None),
        Event::StepEnded { step, attempt, .. } | Event::AttemptLost { step, attempt, .. } => {
            running(*step, Some(*attempt))
        }
        Event::Cancelled { .. } | Event::TimedOut { .. } | Event::Started { .. } => expect(
            current.is_none_or(|(_, step)| step.status != StepStatus::Running),
            "an attempt is running",
        ),
    }
}

fn step_ended(state: &mut RunState, index: usize, end: &Arc<StepEnd>, at: Timestamp) {
    let run = state.run.clone();
    let (Some(definition), Some(step)) = (run.job.steps.get(index), state.steps.get_mut(index)) else {
        return;
    };
    step.counted += 1;
    step.ended_at = Some(at);
    step.end = Some(end.clone());
    if end.outcome.is_success() {
        step.status = StepStatus::Success;
        state.variables.extend(end.produced.variables.clone());
        finish_if_done(state, at);
        return;
    }
    let cancelled = is_cancelled(&end.outcome);
    let retry = run.job.retry_of(definition);
    if !cancelled && end.outcome.is_retryable() && step.counted < retry.max_attempts {
        step.status = StepStatus::Waiting;
        step.not_before = Some(at + backoff(&run.execution_id, definition, &retry, step));
        return;
    }
    step.status = match &end.outcome {
        _ if cancelled => StepStatus::Cancelled,
        Outcome::TimedOut { .. } => StepStatus::Timeout,
        Outcome::Failed { kind: FailureKind::TimedOut, .. } => StepStatus::Timeout,
        _ => StepStatus::Failed,
    };
    if cancelled {
        finish(state, RunStatus::Cancelled, at);
    } else if definition.continue_on_failure {
        finish_if_done(state, at);
    } else {
        let late = state.deadline().is_some_and(|deadline| at >= deadline);
        finish(state, if late { RunStatus::Timeout } else { RunStatus::Failed }, at);
    }
}

fn is_cancelled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Cancelled | Outcome::Failed { kind: FailureKind::Cancelled, .. })
}

/// The pause before the next attempt: doubled each time, and moved by up to a fifth either way, so that
/// runs that failed together do not come back together. The same run gets the same pauses.
fn backoff(execution_id: &str, definition: &StepDefinition, retry: &Retry, step: &StepState) -> Duration {
    let doublings = 2u32.saturating_pow(step.counted.saturating_sub(1).min(16));
    let pause = retry.backoff.0.saturating_mul(doublings).min(MAX_BACKOFF);
    let seed = Sha256::digest(format!("{execution_id}/{}/{}", definition.id, step.counted));
    let fraction = f64::from(seed.first().copied().unwrap_or(128)) / 255.0;
    let pause = pause.mul_f64(0.8 + 0.4 * fraction);
    Duration::from_std(pause).unwrap_or(Duration::zero())
}

fn finish_if_done(state: &mut RunState, at: Timestamp) {
    let open = |step: &StepState| {
        matches!(step.status, StepStatus::Pending | StepStatus::Waiting | StepStatus::Running)
    };
    if !state.steps.iter().any(open) {
        finish(state, RunStatus::Success, at);
    }
}

fn finish(state: &mut RunState, status: RunStatus, at: Timestamp) {
    state.status = status;
    state.ended_at = Some(at);
    for step in &mut state.steps {
        match step.status {
            StepStatus::Pending => {
                step.status = StepStatus::Skipped;
                step.reason = Some(format!("the run ended before: {}", status.name()));
            }
            StepStatus::Waiting => step.status = StepStatus::Failed,
            _ => {}
        }
    }
}

fn with_step(state: &mut RunState, index: usize, change: impl FnOnce(&mut StepState)) {
    // `check` has seen that the step is there.
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
    }
}

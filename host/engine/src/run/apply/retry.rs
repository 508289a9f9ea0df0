//! Further attempts: of a step, and of the whole run.

use std::sync::Arc;

use chrono::Duration;
use sha2::{Digest, Sha256};

use super::{RunState, StepStatus, is_cancelled};
use crate::clock::{self, Timestamp};
use crate::job::{Part, RetryFrom, RetryOn};
use crate::outcome::{FailureKind, Outcome};

/// The longest backoff.
const MAX_BACKOFF: std::time::Duration = std::time::Duration::from_secs(300);

impl RunState {
    /// Returns whether a step with this end is tried again.
    pub(in crate::run) fn is_tried_again(&self, index: usize, outcome: &Outcome) -> bool {
        let Some((definition, step)) = self.definition(index).zip(self.steps.get(index)) else {
            return false;
        };
        let retry = self.run.job.retry_of(definition);
        !outcome.is_success()
            && !step.halting
            && self.ending.is_none()
            && !self.group(index).is_some_and(|group| group.closed)
            && !self.never_runs_again(index)
            && !is_cancelled(outcome)
            && self.names_failures(retry.on.as_deref(), index, outcome)
            && step.counted + 1 < retry.max_attempts
    }
}

impl RunState {
    /// Returns whether `on` names the end of a step: of a group, the end of each step that made it fail.
    fn names_failures(&self, on: Option<&[RetryOn]>, index: usize, outcome: &Outcome) -> bool {
        let of_branches = matches!(outcome, Outcome::Failed { .. }).then(|| self.group(index)).flatten();
        let failed: Vec<usize> =
            of_branches.iter().flat_map(|group| &group.branches).filter_map(|branch| branch.failed).collect();
        let end = |step: &usize| self.steps.get(*step)?.end.clone();
        match failed.is_empty() {
            true => is_retried(on, outcome),
            false => failed
                .iter()
                .all(|step| end(step).is_some_and(|end| self.names_failures(on, *step, &end.outcome))),
        }
    }

    /// Returns whether a step, or one within it, was lost and has `on_lost: fail`: a person decides whether it runs
    /// again.
    pub(in crate::run) fn is_for_a_person(&self, index: usize) -> bool {
        let is = |step: usize| self.steps.get(step).is_some_and(|step| step.for_a_person);
        self.within(index).into_iter().chain([index]).any(is)
    }

    /// Returns whether a step, or one within it, never runs again by itself: it is for a person, or was set aside.
    fn never_runs_again(&self, index: usize) -> bool {
        let is_set_aside = |step: usize| {
            let end = self.steps.get(step).and_then(|step| step.end.as_ref());
            end.is_some_and(|end| matches!(end.outcome, Outcome::Lost { .. }))
        };
        self.is_for_a_person(index) || self.within(index).into_iter().chain([index]).any(is_set_aside)
    }
}

/// Tries the whole run again after a step has failed for good, if the job allows it.
pub(super) fn try_again(state: &mut RunState, failed: usize, outcome: &Outcome, at: Timestamp) -> bool {
    let run = state.run.clone();
    let Some(retry) = &run.job.retry else { return false };
    if state.attempt >= retry.max_attempts || !state.names_failures(retry.on.as_deref(), failed, outcome) {
        return false;
    }
    let main = |index: &usize| state.part_of(*index) == Part::Steps;
    let top: Vec<usize> = state.top().filter(main).collect();
    let first = match retry.from {
        RetryFrom::Start => top.first().copied().unwrap_or(failed),
        RetryFrom::FailedStep => failed,
    };
    let again = top.iter().copied().skip_while(|index| *index != first);
    if state.never_runs_again(failed) || again.into_iter().any(|index| state.never_runs_again(index)) {
        return false;
    }
    let pause = backoff(&format!("{}/{}", run.execution_id, state.attempt), retry.backoff.0, state.attempt);
    state.attempt += 1;
    if retry.from == RetryFrom::Start {
        state.variables = Arc::new(run.variables.clone());
    }
    state.begin_without_locks(None, failed, outcome);
    state.release_steps();
    for index in top.into_iter().skip_while(|index| *index != first) {
        let kept = index == first && retry.from == RetryFrom::FailedStep;
        let end = state.steps.get(index).and_then(|step| step.end.clone()).filter(|_| kept);
        // A group that failed keeps the branches that ended well.
        if kept {
            state.leave(index)
        } else {
            state.reset(index)
        }
        let Some(step) = state.steps.get_mut(index) else { continue };
        *step = step.again();
        if index == first {
            step.status = StepStatus::Waiting;
            step.not_before = Some(at + pause);
            step.end = end;
        }
    }
    true
}

/// Returns the time at which a run that could not take the locks of its job, and in which no step has begun, asks for
/// them again, if the job allows it.
pub(in crate::run) fn ask_again(state: &mut RunState, outcome: &Outcome, at: Timestamp) -> Option<Timestamp> {
    let run = state.run.clone();
    let retry = run.job.retry.as_ref()?;
    let may = state.attempt < retry.max_attempts
        && state.verdict.is_none()
        && state.steps.iter().all(|step| step.attempt == 0)
        && is_retried(retry.on.as_deref(), outcome);
    if !may {
        return None;
    }
    let pause = backoff(&format!("{}/{}", run.execution_id, state.attempt), retry.backoff.0, state.attempt);
    state.attempt += 1;
    Some(at + pause)
}

/// Returns whether an end is tried again, according to the list or to the end itself.
fn is_retried(on: Option<&[RetryOn]>, outcome: &Outcome) -> bool {
    // A step that kills its process would kill the next one, too.
    if outcome.ends_budget() || matches!(outcome, Outcome::Lost { .. }) {
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
        Outcome::LockTimeout { .. } => Some(RetryOn::LockTimeout),
        Outcome::Deadlock { .. } => Some(RetryOn::Deadlock),
        Outcome::LockLost { .. } => Some(RetryOn::LockLost),
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

/// Returns the shortest time for which a step is parked after it has already waited for `waited`: one 32nd of
/// it, as 1, 2, 4 seconds and so on, up to 5 minutes. A step that asks repeatedly slows down; a step that
/// waits for days makes two thousand calls per week.
pub fn shortest_park(waited: std::time::Duration) -> std::time::Duration {
    let part = (waited.as_secs() / 32).max(1);
    let doubled = 1u64 << part.ilog2().min(31);
    std::time::Duration::from_secs(doubled).min(MAX_BACKOFF)
}

/// Returns the pause before the next attempt: doubled each time, and shifted by up to a fifth either way, so
/// that runs that failed together do not return together. The same seed gives the same pause.
pub(super) fn backoff(seed: &str, first: std::time::Duration, counted: u32) -> Duration {
    let doublings = 2u32.saturating_pow(counted.saturating_sub(1).min(16));
    let pause = first.saturating_mul(doublings).min(MAX_BACKOFF);
    let digest = Sha256::digest(seed);
    let fraction = f64::from(digest.first().copied().unwrap_or(128)) / 255.0;
    clock::span(pause.mul_f64(0.8 + 0.4 * fraction))
}

#[cfg(test)]
mod never_again {
    use serde_json::json;

    use super::super::tests::{at, ended, failed, key, started, with};
    use crate::outcome::Outcome;
    use crate::run::{Event, apply};

    /// A step that waits for its locks between its losses is set aside after three of them anyway.
    #[test]
    fn an_attempt_without_its_locks_does_not_end_a_row_of_losses() {
        let mut state =
            with(json!({"steps": [{"id": "a", "type": "x", "retry": {"max_attempts": 9, "on": ["any"]}}]}));
        let mut step = |event: Event| apply(&mut state, &event).unwrap();
        step(Event::Started { at: at(0) });
        let refused = Outcome::LockTimeout { message: "`x` is not free".to_owned() };
        for number in [1, 3, 5] {
            step(started(0, number));
            step(Event::AttemptLost { step: key(0), attempt: number, at: at(i64::from(number)) });
            if number < 5 {
                step(started(0, number + 1));
                step(ended(0, number + 1, refused.clone(), i64::from(number)));
            }
        }
        assert_eq!(state.steps[0].end.as_ref().unwrap().outcome.class(), "lost");
    }

    /// The retry of a job from its start would run a step again that was set aside, or that is for a person.
    #[test]
    fn a_job_is_not_tried_again_with_a_step_that_never_runs_again() {
        for (on_lost, losses, attempt) in [("retry", 3, 1), ("fail", 1, 1), ("retry", 2, 2)] {
            let mut state = with(json!({
                "steps": [
                    {"id": "a", "type": "x", "on_lost": on_lost, "continue_on_failure": true, "retry": {"max_attempts": 9, "on": ["any"]}},
                    {"id": "b", "type": "x"}
                ],
                "retry": {"max_attempts": 3, "from": "start"}, "timeout_seconds": 3600
            }));
            let mut step = |event: Event| apply(&mut state, &event).unwrap();
            step(Event::Started { at: at(0) });
            for number in 1..=losses {
                step(started(0, number));
                step(Event::AttemptLost { step: key(0), attempt: number, at: at(100 * i64::from(number)) });
            }
            if losses == 2 {
                step(started(0, 3));
                step(ended(0, 3, Outcome::Succeeded, 300));
            }
            step(started(1, 1));
            step(ended(1, 1, failed(true), 400));
            assert_eq!(
                (state.attempt, state.status.is_terminal()),
                (attempt, attempt == 1),
                "{on_lost} {losses}"
            );
        }
    }
}

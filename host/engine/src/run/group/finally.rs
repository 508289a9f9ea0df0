//! The `finally` of a group, and its time.

use std::sync::Arc;

use super::{Ended, NO_LOCKS, give_up_all};
use crate::clock::Timestamp;
use crate::outcome::{FailureKind, Outcome, StepEnd};
use crate::run::RunState;
use crate::run::apply::step_ended;

/// Moves on after a step of the `finally` of a group has ended.
pub(super) fn finally_ended(state: &mut RunState, group: usize, index: usize, ended: Ended, at: Timestamp) {
    let finally = state.finally_of(group);
    if ended == Ended::Badly {
        let step = state.steps.get(index);
        let path = step.map_or("", |step| &*step.path);
        let message = format!("`{path}`, a step of its `finally`, failed");
        let lost = step.and_then(|step| step.end.as_ref());
        let is_lost = lost.is_some_and(|end| matches!(end.outcome, Outcome::Lost { .. }));
        let outcome = match is_lost {
            true => Outcome::Lost { message },
            false => Outcome::Failed { kind: FailureKind::Failed, message, retryable: false },
        };
        // A step that kills its process must not run again, whatever the result of the branches.
        if let Some(end) = state.groups.get_mut(&group).and_then(|known| known.join.as_mut())
            && (is_lost || end.outcome.is_success())
        {
            *end = Arc::new(StepEnd { outcome, ..StepEnd::clone(end) });
        }
    }
    let following = finally.iter().position(|step| *step == index).and_then(|place| finally.get(place + 1));
    match following {
        Some(following) => state.refresh(*following),
        None => {
            state.unlimit_finally(group);
            let end = state.groups.get(&group).and_then(|group| group.join.clone());
            if let Some(end) = end {
                step_ended(state, group, &end, at);
            }
        }
    }
}

/// Ends the `finally` of a group whose time has run out, or that has lost its locks.
pub(in crate::run) fn end_finally(state: &mut RunState, group: usize, outcome: Outcome, at: Timestamp) {
    let why = match outcome {
        Outcome::TimedOut { .. } => "the time of `finally` ran out",
        _ => NO_LOCKS,
    };
    for index in state.finally_of(group) {
        for step in state.within(index).into_iter().chain([index]) {
            state.unlimit(step);
            state.unlimit_finally(step);
        }
        give_up_all(state, &[index], why);
        state.leave(index);
    }
    state.unlimit_finally(group);
    let Some(end) = state.groups.get_mut(&group).and_then(|known| known.join.as_mut()) else { return };
    if end.outcome.is_success() {
        *end = Arc::new(StepEnd { outcome, ..StepEnd::clone(end) });
    }
    let end = end.clone();
    step_ended(state, group, &end, at);
}

impl RunState {
    /// Starts the time of the `finally` of a group.
    pub(super) fn limit_finally(&mut self, index: usize, at: Timestamp) {
        if let Some(group) = self.groups.get_mut(&index) {
            group.finally_since = Some(at);
        }
        if let Some(deadline) = self.finally_deadline(index) {
            self.frontier.limit(index, deadline);
        }
    }

    /// Ends the time of the `finally` of a group.
    pub(super) fn unlimit_finally(&mut self, index: usize) {
        if let Some(deadline) = self.finally_deadline(index) {
            self.frontier.unlimit(index, deadline);
        }
        if let Some(group) = self.groups.get_mut(&index) {
            group.finally_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::join::end_of;
    use super::super::tests::{at, drive, group, shown, state, step, two};
    use super::*;
    use crate::outcome::TimeOf;
    use crate::run::{Effect, Event, Room, RunStatus, apply, next};

    /// The `finally` of a group has the `finally_timeout` of the job, parked time included, from its own begin.
    #[test]
    fn the_finally_of_a_group_has_its_own_time() {
        for (finally, ends, expected) in [
            (
                json!([step("f")]),
                "f",
                "timeout first:success g:timeout a:success b1:success b2:success f:cancelled",
            ),
            (
                json!([step("f"), step("e")]),
                "f",
                "timeout first:success g:timeout a:success b1:success b2:success f:cancelled e:skipped",
            ),
            (
                json!([{"id": "h", "type": "parallel_group", "timeout": "1h", "parallel_steps": [step("x"), step("y")]}]),
                "x",
                "timeout first:success g:timeout a:success b1:success b2:success h:cancelled x:cancelled y:success",
            ),
        ] {
            let mut job = group(&json!({"timeout": "1000s", "finally": finally}), &two());
            job["finally_timeout"] = json!("20s");
            let mut state = state(&job);
            drive(&mut state, (&[(ends, "park")], true), &json!([]), |_| 0);
            assert_eq!(
                shown(&state),
                format!("{expected} last:skipped").replacen("timeout", "failed", 1),
                "{finally}"
            );
            let end = state.steps[state.position_of("g").unwrap()].end.clone().unwrap();
            assert!(matches!(end.outcome, Outcome::TimedOut { of: TimeOf::Finally, .. }), "{end:?}");
        }
    }

    /// Whether a branch had begun when the time of the job ran out changes nothing about the group.
    #[test]
    fn a_group_in_a_job_that_runs_out_of_time_is_timed_out() {
        for parallel in [true, false] {
            let mut job = group(&json!({"on_failure": "go_on"}), &json!([step("a"), step("b")]));
            job["timeout_seconds"] = json!(5);
            let mut state = state(&job);
            // Attempts end when the time of the job is over.
            let ended = |state: &mut RunState, step: usize| {
                let outcome = state.with_owner_of_time(
                    step,
                    Outcome::TimedOut {
                        limit: std::time::Duration::from_secs(9),
                        backtrace: Vec::new(),
                        of: TimeOf::Attempt,
                    },
                    at(5),
                );
                let (step, attempt) = (state.key(step), state.steps[step].attempt);
                let end = Arc::new(end_of(outcome));
                apply(state, &Event::StepEnded { step, attempt, end, at: at(5) }).unwrap();
            };
            loop {
                match next(&state, at(1), &Room::from(100)) {
                    Some(Effect::BeginGroup { step, attempt }) => {
                        let step = state.key(step);
                        let event = Event::GroupStarted {
                            step,
                            attempt,
                            items: None,
                            in_order: !parallel,
                            at: at(1),
                        };
                        apply(&mut state, &event).unwrap();
                    }
                    Some(Effect::RunStep { step, attempt, .. }) => {
                        let is_first = &*state.steps[step].path == "first";
                        let key = state.key(step);
                        apply(&mut state, &Event::StepStarted { step: key.clone(), attempt, at: at(1) })
                            .unwrap();
                        if is_first {
                            let end = Arc::new(end_of(Outcome::Succeeded));
                            apply(&mut state, &Event::StepEnded { step: key, attempt, end, at: at(1) })
                                .unwrap();
                        }
                    }
                    _ => break,
                }
            }
            let running: Vec<usize> = state.running().collect();
            for step in running {
                ended(&mut state, step);
            }
            if !state.status.is_terminal() {
                apply(&mut state, &Event::TimedOut { at: at(5) }).unwrap();
            }
            let end = state.steps[state.position_of("g").unwrap()].end.clone().unwrap();
            assert!(
                matches!(end.outcome, Outcome::TimedOut { of: TimeOf::Job, .. }),
                "parallel {parallel}: {end:?}"
            );
            assert_eq!(state.status, RunStatus::Timeout);
        }
    }
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::outcome::{Produced, Receipt};
    use crate::store::NewRun;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_756_700_000 + seconds, 0).unwrap()
    }

    fn state(steps: serde_json::Value) -> RunState {
        let job = json!({"id": "job", "timeout_seconds": 100, "steps": steps});
        RunState::new(NewRun {
            execution_id: "exec_1".to_owned(),
            job: serde_json::from_value(job).unwrap(),
            variables: Default::default(),
            created_at: at(0),
            scheduled_time: at(0),
        })
    }

    fn ended(step: usize, attempt: u32, outcome: Outcome, seconds: i64) -> Event {
        let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
        Event::StepEnded { step, attempt, end: Arc::new(end), at: at(seconds) }
    }

    fn failed(retryable: bool) -> Outcome {
        Outcome::Failed { kind: FailureKind::Failed, message: "no".to_owned(), retryable }
    }

    fn started(step: usize, attempt: u32) -> Event {
        Event::StepStarted { step, attempt, at: at(1) }
    }

    /// Applies the events, and shows what is to be done after each.
    fn transcript(steps: serde_json::Value, events: &[Event]) -> Vec<String> {
        let mut state = state(steps);
        let mut lines = Vec::new();
        for event in events {
            let (after, effects) = apply(state, event).unwrap();
            lines.push(match effects.as_slice() {
                [] => format!("{}: -", event_name(event)),
                [Effect::RunStep { step, attempt, not_before }] => {
                    let when = if not_before.is_some() { ", later" } else { "" };
                    format!("{}: run {step}/{attempt}{when}", event_name(event))
                }
                [Effect::Finish(status)] => format!("{}: {}", event_name(event), status.name()),
                more => format!("{more:?}"),
            });
            state = after;
        }
        lines
    }

    const TWO: fn() -> serde_json::Value = || json!([{"id": "a", "type": "x"}, {"id": "b", "type": "x"}]);

    #[test]
    fn a_run_goes_step_by_step() {
        let events = [
            Event::Started { at: at(0) },
            started(0, 1),
            Event::CheckpointSaved { step: 0, data: "x".to_owned() },
            ended(0, 1, Outcome::Succeeded, 2),
            Event::StepSkipped { step: 1, reason: "false".to_owned(), at: at(3) },
        ];
        let expected = [
            "`started`: run 0/1",
            "`step_started`: -",
            "`checkpoint_saved`: -",
            "`step_ended`: run 1/1",
            "`step_skipped`: success",
        ];
        assert_eq!(transcript(TWO(), &events), expected);
    }

    #[test]
    fn retries_lost_attempts_and_failures() {
        let retry = json!([{"id": "a", "type": "x", "retry": {"max_attempts": 2}}]);
        let begin = [Event::Started { at: at(0) }, started(0, 1)];
        let after = |more: &[Event]| transcript(retry.clone(), &[&begin[..], more].concat()).pop().unwrap();
        assert_eq!(after(&[ended(0, 1, failed(true), 2)]), "`step_ended`: run 0/2, later");
        assert_eq!(after(&[ended(0, 1, failed(false), 2)]), "`step_ended`: failed");
        assert_eq!(
            after(&[ended(0, 1, failed(true), 2), started(0, 2), ended(0, 2, failed(true), 3)]),
            "`step_ended`: failed"
        );
        assert_eq!(after(&[ended(0, 1, Outcome::Cancelled, 2)]), "`step_ended`: cancelled");
        // An attempt that died with its process does not count.
        let lost = [
            Event::AttemptLost { step: 0, attempt: 1, at: at(2) },
            started(0, 2),
            ended(0, 2, failed(true), 3),
        ];
        assert_eq!(after(&lost), "`step_ended`: run 0/3, later");
        // Out of the job's time.
        assert_eq!(after(&[ended(0, 1, failed(false), 200)]), "`step_ended`: timeout");
        assert_eq!(
            after(&[ended(0, 1, failed(true), 2), Event::TimedOut { at: at(101) }]),
            "`timed_out`: timeout"
        );
        let go_on = json!([{"id": "a", "type": "x", "continue_on_failure": true}, {"id": "b", "type": "x"}]);
        let events = [&begin[..], &[ended(0, 1, failed(false), 2)]].concat();
        assert_eq!(transcript(go_on, &events).pop().unwrap(), "`step_ended`: run 1/1");
    }

    #[test]
    fn backoff_doubles_with_jitter_and_has_an_end() {
        let retry = Retry { max_attempts: 99, backoff: crate::quantity::Span::secs(1) };
        let mut state = state(json!([{"id": "a", "type": "x"}]));
        let definition = state.run.job.steps[0].clone();
        for (counted, seconds) in [(1, 1.0), (2, 2.0), (5, 16.0), (20, 300.0), (u32::MAX, 300.0)] {
            state.steps[0].counted = counted;
            let pause = backoff("exec_1", &definition, &retry, &state.steps[0]).as_seconds_f64();
            assert!((0.8 * seconds..=1.2 * seconds).contains(&pause), "{counted}: {pause}");
        }
    }

    #[test]
    fn what_cannot_happen_is_an_error() {
        let begun = |events: &[Event]| {
            events.iter().try_fold(state(TWO()), |state, e| apply(state, e).map(|(s, _)| s))
        };
        for events in [
            vec![started(0, 1)],
            vec![Event::Started { at: at(0) }, Event::Started { at: at(0) }],
            vec![Event::Started { at: at(0) }, started(1, 1)],
            vec![Event::Started { at: at(0) }, started(0, 2)],
            vec![Event::Started { at: at(0) }, ended(0, 1, Outcome::Succeeded, 1)],
            vec![Event::Started { at: at(0) }, started(0, 1), ended(0, 2, Outcome::Succeeded, 1)],
            vec![Event::Started { at: at(0) }, started(0, 1), Event::Cancelled { at: at(1) }],
            vec![Event::Started { at: at(0) }, Event::Cancelled { at: at(1) }, started(0, 1)],
            vec![Event::Started { at: at(0) }, started(9, 1)],
        ] {
            assert!(begun(&events).is_err(), "{events:?}");
        }
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let outcome = prop_oneof![
            Just(Outcome::Succeeded),
            any::<bool>().prop_map(failed),
            Just(Outcome::Cancelled),
            Just(Outcome::OutOfFuel { limit: 1 }),
        ];
        prop_oneof![
            Just(Event::Started { at: at(0) }),
            (0..3usize, 1..4u32).prop_map(|(step, attempt)| started(step, attempt)),
            (0..3usize, 1..4u32, outcome)
                .prop_map(|(step, attempt, outcome)| ended(step, attempt, outcome, 5)),
            (0..3usize).prop_map(|step| Event::StepSkipped { step, reason: String::new(), at: at(5) }),
            (0..3usize, 1..4u32).prop_map(|(step, attempt)| Event::AttemptLost { step, attempt, at: at(5) }),
            Just(Event::Cancelled { at: at(5) }),
        ]
    }

    proptest! {
        /// Whatever happens: a run that has ended stays as it is, and one that has not knows what to do next
        /// unless an attempt runs.
        #[test]
        fn a_run_is_never_stuck_and_never_comes_back(events in proptest::collection::vec(any_event(), 0..60)) {
            let mut state = state(json!([
                {"id": "a", "type": "x", "retry": {"max_attempts": 2}},
                {"id": "b", "type": "x", "continue_on_failure": true},
            ]));
            for event in &events {
                let Ok((after, _)) = apply(state.clone(), event) else { continue };
                prop_assert!(!state.status.is_terminal(), "{event:?} after the end");
                state = after;
                let running = state.steps.iter().any(|step| step.status == StepStatus::Running);
                prop_assert_eq!(next(&state).is_none(), running);
                prop_assert_eq!(state.ended_at.is_some(), state.status.is_terminal());
            }
        }
    }
}

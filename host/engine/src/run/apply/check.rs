//! The events that may follow in a state.

use super::{Event, RunState, RunStatus, StepStatus};
use crate::job::{approval, group};
use crate::run::{LockPlace, Locking};

/// An event that cannot happen to a run in this state: the result of a bug, or of a change to the store by
/// another program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalEvent {
    /// The event cannot follow.
    #[error("{event} cannot happen to a run that is {status}: {why}")]
    Impossible {
        /// The name of the event.
        event: &'static str,
        /// The status of the run.
        status: &'static str,
        /// The reason.
        why: String,
    },
    /// The store cannot read the event.
    #[error("a part of them cannot be read; the log of the service has the reason")]
    Unreadable,
}

/// Returns the position of the step of an event, if the event can follow.
pub(super) fn step_of(state: &RunState, event: &Event) -> Result<Option<usize>, IllegalEvent> {
    if matches!(event, Event::Unreadable) {
        return Err(IllegalEvent::Unreadable);
    }
    let illegal =
        |why| IllegalEvent::Impossible { event: event_name(event), status: state.status.name(), why };
    let index = match event.step() {
        Some(key) => Some(state.position(key).ok_or_else(|| illegal(format!("there is no step `{key}`")))?),
        None => None,
    };
    check(state, event, index).map_err(illegal)?;
    Ok(index)
}

fn check(state: &RunState, event: &Event, index: Option<usize>) -> Result<(), String> {
    let expect = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    let queued = state.status == RunStatus::Queued;
    let has_turn = index.is_some_and(|index| state.has_turn(index));
    match event {
        Event::Started { .. } => return expect(queued, "it has begun already"),
        Event::Expired { .. } => return expect(queued, "it has begun"),
        Event::Cancelled { .. } if queued => return Ok(()),
        Event::Faulted { .. } => return expect(!state.status.is_terminal(), "it has ended"),
        Event::StepInherited { .. } | Event::SkipInherited { .. } => {
            let may = has_turn || index.is_some_and(|index| state.may_inherit(index));
            return expect(queued && may, "results are inherited before the begin, in order");
        }
        Event::GroupStarted { .. } if queued => {
            return expect(has_turn, "results are inherited before the begin, in order");
        }
        _ => {}
    }
    expect(!queued && !state.status.is_terminal(), "it is not running")?;
    match (event, index) {
        (Event::Cancelled { .. } | Event::TimedOut { .. }, _) => {
            expect(state.running().next().is_none(), "an attempt is running")?;
            let first = state.verdict.is_none() && state.ending.is_none();
            expect(first || matches!(event, Event::TimedOut { .. }), "its `finally` runs")
        }
        (event, index) if is_about_locks(event) => check_locks(state, event, index),
        (event, Some(index)) => check_step(state, event, index),
        _ => Ok(()),
    }
}

fn is_about_locks(event: &Event) -> bool {
    matches!(
        event,
        Event::LocksTaken { .. }
            | Event::LocksAwaited { .. }
            | Event::LocksPostponed { .. }
            | Event::LocksLost { .. }
            | Event::LocksRefused { .. }
    )
}

/// Checks an event about the locks of a step, a group or the job (`None`).
fn check_locks(state: &RunState, event: &Event, place: LockPlace) -> Result<(), String> {
    let expect = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    expect(!state.locks_of(place).is_empty(), "there are no locks at this place")?;
    let holds = matches!(state.locking(place), Some(Locking::Held(_)));
    match event {
        Event::LocksLost { .. } => return Ok(()),
        Event::LocksRefused { .. } => expect(state.is_gate(place), "what lacks its locks has not begun")?,
        _ => {
            let has_turn = place.is_some_and(|index| state.has_turn(index));
            expect(has_turn || state.is_gate(place), "it is not the turn of a step with locks")?;
        }
    }
    expect(!holds, "the locks are held")
}

fn check_step(state: &RunState, event: &Event, index: usize) -> Result<(), String> {
    let expect = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    let Some((step, definition)) = state.steps.get(index).zip(state.definition(index)) else {
        return Err("there is no such step".to_owned());
    };
    let is = |name: &str| definition.step_type == name;
    let running = |attempt: Option<u32>| {
        let runs = state.running().any(|running| running == index);
        expect(runs, &format!("the step `{}` is not running", step.path))?;
        expect(attempt.is_none_or(|attempt| attempt == step.attempt), "it is about another attempt")
    };
    let turn = |status: &[StepStatus]| {
        let holds = state.has_turn(index) && status.contains(&step.status);
        expect(holds, &format!("it is not the turn of the step `{}`", step.path))
    };
    match event {
        Event::StepStarted { attempt, .. } | Event::GroupStarted { attempt, .. } => {
            // An approval ends at once when its message cannot be filled in.
            turn(&[StepStatus::Pending, StepStatus::Waiting, StepStatus::Parked])?;
            let group = matches!(event, Event::GroupStarted { .. });
            expect(!group || is(group::TYPE), "the step is not a group")?;
            expect(*attempt == step.attempt + 1, "attempts are numbered without gaps")
        }
        Event::GroupTimedOut { .. } => {
            let open = state.groups.contains_key(&index) && step.status == StepStatus::Running;
            expect(open && !state.runs_within(index), "no group of that name is idle")
        }
        Event::StepSkipped { .. } if state.awaits_own_locks(index) => turn(&[StepStatus::Parked]),
        Event::StepSkipped { .. } => turn(&[StepStatus::Pending, StepStatus::Waiting]),
        Event::CheckpointSaved { .. } => running(None),
        Event::StepEnded { attempt, .. } | Event::AttemptLost { attempt, .. } => running(Some(*attempt)),
        Event::ApprovalRequested { .. } => {
            turn(&[StepStatus::Pending, StepStatus::Waiting])?;
            expect(is(approval::TYPE), "the step is not an approval")
        }
        Event::ApprovalDecided { .. } => {
            turn(&[StepStatus::Parked])?;
            expect(is(approval::TYPE), "the step is not an approval")
        }
        _ => Ok(()),
    }
}

pub(super) fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "`started`",
        Event::StepStarted { .. } => "`step_started`",
        Event::CheckpointSaved { .. } => "`checkpoint_saved`",
        Event::GroupStarted { .. } => "`group_started`",
        Event::GroupTimedOut { .. } => "`group_timed_out`",
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
        Event::LocksTaken { .. } => "`locks_taken`",
        Event::LocksAwaited { .. } => "`locks_awaited`",
        Event::LocksPostponed { .. } => "`locks_postponed`",
        Event::LocksLost { .. } => "`locks_lost`",
        Event::LocksRefused { .. } => "`locks_refused`",
        Event::Faulted { .. } => "`faulted`",
        Event::Unreadable => "`unreadable`",
    }
}

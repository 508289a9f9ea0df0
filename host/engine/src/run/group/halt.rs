//! The end of a group before all its branches have ended.

use super::{BranchResult, BranchState, Ended, Stop, end_branch, give_up_all, give_up_within, member_ended};
use crate::clock::Timestamp;
use crate::outcome::Outcome;
use crate::run::apply::give_up;
use crate::run::{RunState, StepStatus};

/// Ends the branches that have not begun.
pub(super) fn skip_rest(state: &mut RunState, index: usize, at: Timestamp) {
    let Some(group) = state.groups.get(&index) else { return };
    let why = match group.stop {
        Some(Stop::Failed(step)) => {
            format!("`{}` failed", state.steps.get(step).map_or("", |step| &*step.path))
        }
        Some(Stop::TimedOut(_)) => "the time of its group ran out".to_owned(),
        Some(Stop::Refused) => NO_LOCKS.to_owned(),
        _ => "its group was cancelled".to_owned(),
    };
    let waiting = |branch: &BranchState| branch.result.is_none() && !branch.begun;
    let rest: Vec<usize> = group
        .branches
        .iter()
        .enumerate()
        .filter(|(_, branch)| waiting(branch))
        .map(|(branch, _)| branch)
        .collect();
    for branch in rest {
        let steps = state.sequence(index, branch);
        give_up_all(state, &steps, &why);
        end_branch(state, (index, branch), BranchResult::Stopped, at);
    }
}

/// Stops a group: no branch begins, and those that have begun end as soon as they can.
pub(in crate::run) fn halt(state: &mut RunState, index: usize, stop: Stop, at: Timestamp) {
    let Some(group) = state.groups.get_mut(&index) else { return };
    if group.stop.is_some() && !matches!(group.stop, Some(Stop::Failed(_))) {
        return;
    }
    group.stop = Some(stop);
    state.unlimit(index);
    let Some(group) = state.groups.get(&index) else { return };
    let open = |branch: &BranchState| branch.result.is_none() && branch.begun;
    let begun: Vec<(usize, usize)> = group
        .branches
        .iter()
        .enumerate()
        .filter(|(_, b)| open(b))
        .map(|(branch, b)| (branch, b.at))
        .collect();
    skip_rest(state, index, at);
    for (branch, place) in begun {
        if let Some(step) = state.sequence(index, branch).get(place).copied() {
            halt_step(state, step, stop, at);
        }
    }
}

/// Notes why a group does not get its locks again.
pub(in crate::run) fn refuse(state: &mut RunState, index: usize, outcome: &Outcome) {
    if let Some(group) = state.groups.get_mut(&index) {
        group.refused = Some(outcome.clone());
    }
}

/// The reason why the rest of a group does not run.
pub(super) const NO_LOCKS: &str = "its group does not hold its locks";

fn halt_step(state: &mut RunState, index: usize, stop: Stop, at: Timestamp) {
    let Some(step) = state.steps.get_mut(index) else { return };
    step.halting = true;
    // Neither an approval nor a step that waits for its first locks has started work elsewhere.
    let approval = step.bound.is_some() || step.attempt == 0;
    match step.status {
        StepStatus::Running if state.groups.contains_key(&index) => {
            let own = matches!(stop, Stop::Failed(_) | Stop::Refused);
            let stop = if own { Stop::Cancelled } else { stop };
            halt(state, index, stop, at);
        }
        StepStatus::Running => {}
        StepStatus::Parked if !approval => state.refresh(index),
        StepStatus::Pending | StepStatus::Waiting | StepStatus::Parked => {
            give_up(step, "its group was stopped");
            // A step that is skipped for this reason has no end: a retry runs it (`StepState::is_settled`).
            step.ended_at = (step.status != StepStatus::Skipped).then_some(at);
            state.leave(index);
            give_up_within(state, index, "its group was stopped");
            member_ended(state, index, Ended::Stopped, at);
        }
        _ => {}
    }
}

//! The changes of a run by its locks.

use std::sync::Arc;

use super::{ask_again, finish, settle};
use crate::clock::Timestamp;
use crate::outcome::Outcome;
use crate::run::group::{self, Stop};
use crate::run::locks::named;
use crate::run::{LockPlace, Locking, RunState, RunStatus, StepStatus, TakenLock};

/// Lets a place hold its locks.
pub(super) fn taken(state: &mut RunState, place: LockPlace, locks: &[TakenLock], at: Timestamp) {
    wake(state, place, at);
    state.lockings.places.insert(place, Locking::Held(Arc::new(locks.to_vec())));
}

/// Lets a place wait for its locks, or rest until it asks for them again.
pub(super) fn awaits(state: &mut RunState, place: LockPlace, locking: Locking, at: Timestamp) {
    let reason = match &locking {
        Locking::Waits { wants, .. } => named(wants),
        Locking::Rests { why, .. } => why.clone(),
        Locking::Held(_) => return,
    };
    let until = locking.until();
    let locking = match (locking, state.lockings.places.get(&place)) {
        // The time of the first rest counts.
        (Locking::Rests { until, why, .. }, Some(Locking::Rests { since, .. })) => {
            Locking::Rests { until, why, since: *since }
        }
        (locking, _) => locking,
    };
    state.lockings.places.insert(place, locking);
    if let Some(index) = place.filter(|_| !state.is_gate(place))
        && let Some(step) = state.steps.get_mut(index)
    {
        step.status = StepStatus::Parked;
        step.parked_since.get_or_insert(at);
        step.not_before = until;
        step.reason = Some(reason);
        state.refresh(index);
    }
}

/// Ends the locks of a place that lost them, or whose ticket ended before it had them.
pub(super) fn lost(state: &mut RunState, place: LockPlace, at: Timestamp) {
    wake(state, place, at);
    state.lockings.end(place);
}

/// Ends the ticket of a step that an attempt follows without its locks, because they were refused: the next try asks
/// with another ticket. It may have been refused at once, without a wait.
pub(super) fn given_up(state: &mut RunState, index: usize) {
    let place = Some(index);
    if !state.is_locked(place) && !state.is_gate(place) {
        state.lockings.end(place);
    }
}

/// Ends the job, or a group that has begun, which does not get its locks (again).
pub(super) fn refused(state: &mut RunState, place: LockPlace, outcome: &Outcome, at: Timestamp) {
    state.lockings.end(place);
    let Some(index) = place else {
        if let Some(until) = ask_again(state, outcome, at) {
            let why = outcome.message();
            return awaits(state, place, Locking::Rests { until, since: at, why }, at);
        }
        state.lockings.refused = Some(outcome.clone());
        return match state.verdict {
            None => settle(state, RunStatus::Failed, None, at),
            Some(verdict) => finish(state, failed(verdict.status), at),
        };
    };
    group::refuse(state, index, outcome);
    group::halt(state, index, Stop::Refused, at);
    end_finally_without_locks(state, index, outcome, at);
}

fn failed(status: RunStatus) -> RunStatus {
    if status == RunStatus::Success { RunStatus::Failed } else { status }
}

/// Ends the `finally` of a group that lost its locks and does not get them again.
fn end_finally_without_locks(state: &mut RunState, group: usize, outcome: &Outcome, at: Timestamp) {
    if state.is_running(group) && state.finally_deadline(group).is_some() {
        group::end_finally(state, group, outcome.clone(), at);
    }
}

/// Makes a step due that waited for its own locks. It starts when its groups have room for it.
fn wake(state: &mut RunState, place: LockPlace, at: Timestamp) {
    let Some(index) = place.filter(|index| state.awaits_own_locks(*index)) else { return };
    if let Some(step) = state.steps.get_mut(index).filter(|step| step.status == StepStatus::Parked) {
        step.not_before = Some(at);
        step.reason = None;
    }
    state.refresh(index);
}

//! The one function that moves a run forward.

mod check;
mod locks;
mod retry;

use std::sync::Arc;

use chrono::Duration;

pub use check::IllegalEvent;
pub(super) use retry::ask_again;
pub use retry::shortest_park;
use retry::{backoff, try_again};

use super::group::{self, Ended, Stop, member_ended};
use super::time::TimeLimit;
use super::{Bound, Ending, Event, LockPlace, Locking, RunState, RunStatus, StepState, StepStatus, Verdict};
use crate::clock::{self, Timestamp};
use crate::job::{OnLost, Part, asks_about, worker};
use crate::outcome::{FailureKind, Outcome, Produced, Receipt, StepEnd, TimeOf};

/// Changes the state by `event`.
///
/// # Errors
/// Returns [`IllegalEvent`] when the event cannot follow; the state is then unchanged.
pub fn apply(state: &mut RunState, event: &Event) -> Result<(), IllegalEvent> {
    let index = check::step_of(state, event)?;
    match (event, index) {
        (event, Some(index)) => apply_to_step(state, event, index),
        (event, None) => apply_to_run(state, event),
    }
    if let Some(at) = event.at() {
        let around: Vec<usize> =
            index.into_iter().flat_map(|index| state.around(index)).map(|seat| seat.group).collect();
        for group in around {
            group::admit(state, group, at);
        }
        state.turn_top();
        state.release_ended();
        state.derive_status(at);
    }
    Ok(())
}

/// Changes the locks of a step, a group or the job (`None`).
fn apply_to_locks(state: &mut RunState, event: &Event, place: LockPlace) {
    match event {
        Event::LocksTaken { locks, at, .. } => locks::taken(state, place, locks, *at),
        Event::LocksAwaited { wants, at, until, .. } => {
            let wants = Arc::new(wants.clone());
            locks::awaits(state, place, Locking::Waits { wants, since: *at, until: *until }, *at);
        }
        Event::LocksPostponed { why, at, until, .. } => {
            let why = why.clone();
            locks::awaits(state, place, Locking::Rests { until: *until, since: *at, why }, *at);
        }
        Event::LocksLost { at, .. } => locks::lost(state, place, *at),
        Event::LocksRefused { outcome, at, .. } => locks::refused(state, place, outcome, *at),
        _ => {}
    }
}

fn apply_to_run(state: &mut RunState, event: &Event) {
    match event {
        Event::Started { at } => {
            state.status = RunStatus::Running;
            state.started_at = Some(*at);
            group::begin_again(state);
            finish_if_done(state, *at);
        }
        Event::Cancelled { at, .. } if state.started_at.is_none() => finish(state, RunStatus::Cancelled, *at),
        Event::Cancelled { at, .. } => end_early(state, RunStatus::Cancelled, *at),
        Event::TimedOut { at } => match &mut state.verdict {
            None => end_early(state, RunStatus::Timeout, *at),
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
        event => apply_to_locks(state, event, None),
    }
}

fn apply_to_step(state: &mut RunState, event: &Event, index: usize) {
    match event {
        Event::StepStarted { attempt, at, .. } => begin_attempt(state, index, *attempt, *at),
        Event::GroupStarted { attempt, items, in_order, at, .. } => {
            begin_attempt(state, index, *attempt, *at);
            group::begin(state, index, items.as_ref(), *in_order, *at);
        }
        Event::GroupTimedOut { at, .. } if state.finally_deadline(index).is_some() => {
            let outcome = state.finally_timed_out();
            group::end_finally(state, index, outcome, *at);
        }
        Event::GroupTimedOut { at, .. } => group::halt(state, index, Stop::TimedOut(index), *at),
        Event::CheckpointSaved { data, .. } => {
            with_step(state, index, |step| step.checkpoint = Some(data.clone()));
        }
        Event::StepEnded { end, at, .. } => {
            with_step(state, index, |step| step.count(&end.receipt));
            step_ended(state, index, end, *at);
        }
        Event::StepSkipped { reason, at, .. } | Event::SkipInherited { reason, at, .. } => {
            with_step(state, index, |step| {
                step.status = StepStatus::Skipped;
                step.reason = Some(reason.clone());
                step.ended_at = Some(*at);
                step.checkpoint = None;
            });
            group::give_up_within(state, index, "its group was skipped");
            went_on(state, index, *at);
        }
        Event::AttemptLost { attempt, at, .. } => lost(state, index, *attempt, *at),
        Event::ApprovalRequested { message, at, until, bound, .. } => with_step(state, index, |step| {
            step.status = StepStatus::Parked;
            step.attempt += 1;
            step.started_at = Some(*at);
            step.parked_since = Some(*at);
            step.not_before = Some(*until);
            step.reason = Some(message.clone());
            step.bound.clone_from(bound);
        }),
        Event::ApprovalDecided { approved, by, comment, at, .. } => {
            with_step(state, index, |step| step.parked_since = None);
            let end = approval_end(*approved, by.as_deref(), comment);
            step_ended(state, index, &Arc::new(end), *at);
        }
        Event::StepInherited { end, at, bound, .. } => inherit(state, index, end, bound.as_ref(), *at),
        event => apply_to_locks(state, event, Some(index)),
    }
}

/// Ends a step as it ended in the run that this one retries. A group ends after its members.
fn inherit(
    state: &mut RunState,
    index: usize,
    end: &Arc<StepEnd>,
    bound: Option<&Arc<Bound>>,
    at: Timestamp,
) {
    let may_fail = state.definition(index).is_some_and(|definition| definition.continue_on_failure);
    group::give_up_within(state, index, "its group has ended");
    with_step(state, index, |step| {
        step.bound = bound.cloned();
        step.status = status_of(&end.outcome);
        step.started_at.get_or_insert(at);
        step.ended_at = Some(at);
        step.end = Some(end.clone());
    });
    if end.outcome.is_success() {
        state.set_variables(index, &end.produced.variables);
    }
    match state.seat_of(index).is_some() && !end.outcome.is_success() && !may_fail {
        true => member_ended(state, index, Ended::Badly, at),
        false => went_on(state, index, at),
    }
}

fn begin_attempt(state: &mut RunState, index: usize, attempt: u32, at: Timestamp) {
    locks::given_up(state, index);
    with_step(state, index, |step| {
        step.status = StepStatus::Running;
        step.attempt = attempt;
        step.not_before = None;
        step.parked_since = None;
        step.started_at.get_or_insert(at);
    });
}

/// Ends the steps of the job before their time. A group that has begun first runs its `finally`.
fn end_early(state: &mut RunState, status: RunStatus, at: Timestamp) {
    let open = state.current().filter(|top| state.groups.contains_key(top) && state.is_running(*top));
    match (open, state.ending) {
        (Some(group), None) => {
            state.ending = Some(Ending { status, at });
            group::halt(state, group, Stop::Cancelled, at);
        }
        (_, Some(ending)) => settle(state, ending.status, None, at),
        (None, None) => settle(state, status, None, at),
    }
}

/// Maximum number of lost attempts in a row before a step is set aside.
pub(super) const MAX_LOST: u32 = 3;

/// Handles an attempt that died with its process. It does not count as a retry of the step. But a step that
/// is lost each time may kill the process, and would kill one node after another.
fn lost(state: &mut RunState, index: usize, attempt: u32, at: Timestamp) {
    if let Some(step) = state.steps.get(index).filter(|step| step.halting) {
        let losses = step.lost + 1;
        halted(state, index, &Arc::new(ended_as(Outcome::Cancelled)), at);
        // Should its group be tried again, the losses still count.
        return with_step_out(state, index, |step| step.lost = losses);
    }
    let rule = state.definition(index).and_then(|definition| definition.on_lost).unwrap_or_default();
    let losses = state.steps.get(index).map_or(0, |step| step.lost) + 1;
    match rule {
        OnLost::Retry if losses < MAX_LOST => {
            let seconds = 10i64.saturating_pow(losses - 1);
            with_step(state, index, |step| {
                step.status = StepStatus::Waiting;
                step.lost = losses;
                step.not_before = Some(at + Duration::seconds(seconds));
            });
        }
        OnLost::Retry => {
            let message = format!(
                "the worker died {losses} times in a row while this step ran, the last time in attempt {attempt}; the step \
                 may be the cause, so it does not run again by itself"
            );
            step_failed(state, index, &Arc::new(ended_as(Outcome::Lost { message })), false, at);
        }
        OnLost::Fail => {
            let message = format!(
                "attempt {attempt} was lost when its worker died, and its progress is unknown; the step has \
                 `on_lost: fail`, so it does not run again by itself"
            );
            with_step(state, index, |step| step.for_a_person = true);
            step_failed(state, index, &Arc::new(ended_as(Outcome::HostFault { message })), false, at);
        }
    }
}

/// Returns the end of a step that has produced nothing.
fn ended_as(outcome: Outcome) -> StepEnd {
    StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
}

/// Ends a step whose group is ending.
fn halted(state: &mut RunState, index: usize, end: &Arc<StepEnd>, at: Timestamp) {
    let success = end.outcome.is_success();
    let stopped = matches!(end.outcome, Outcome::Parked { .. });
    let why = matches!(end.outcome, Outcome::Cancelled).then(|| state.why_stopped(index)).flatten();
    with_step(state, index, |step| {
        // An attempt that was stopped does not show that the step is harmless.
        let lost = if is_cancelled(&end.outcome) { step.lost } else { 0 };
        close(step, end, at);
        step.reason = why;
        step.lost = lost;
        step.checkpoint = None;
        if stopped {
            step.end = None;
            step.status = StepStatus::Cancelled;
        }
    });
    if success {
        state.set_variables(index, &end.produced.variables);
    }
    member_ended(state, index, if success { Ended::Well } else { Ended::Stopped }, at);
}

/// Moves on after an attempt, or a group, has ended.
pub(super) fn step_ended(state: &mut RunState, index: usize, end: &Arc<StepEnd>, at: Timestamp) {
    let run = state.run.clone();
    let Some(definition) = state.definition(index).cloned() else { return };
    let over = !end.outcome.is_success() && !matches!(end.outcome, Outcome::Parked { .. });
    if let Some(TimeLimit::Group(group)) =
        state.late(index, at).filter(|_| over && definition.group.is_none())
    {
        group::halt(state, group, Stop::TimedOut(group), at);
    }
    let Some(step) = state.steps.get_mut(index) else { return };
    if step.halting && definition.group.is_none() {
        step.counted += 1;
        return halted(state, index, end, at);
    }
    let overdue;
    let mut end = end;
    if let Outcome::Parked { after, reason } = &end.outcome {
        let first = *step.first_parked.get_or_insert(at);
        let limit = run.job.parked_timeout.0;
        let waited = (at - first).to_std().unwrap_or_default();
        if waited < limit {
            step.status = StepStatus::Parked;
            // A `worker` step is parked while a process works on it that may die. For another step, the pause shows
            // that it is harmless.
            if definition.step_type != worker::TYPE {
                step.lost = 0;
            }
            step.reason = Some(reason.clone());
            step.parked_since = Some(at);
            let least = shortest_park(waited);
            step.slowed = least > *after;
            step.not_before = Some(clock::later(at, least.max(*after).min(limit - waited)));
            step.end = None;
            return state.refresh(index);
        }
        let outcome = Outcome::TimedOut { limit, backtrace: Vec::new(), of: TimeOf::Parked };
        overdue = Arc::new(StepEnd { outcome, ..StepEnd::clone(end) });
        end = &overdue;
    }
    let again = state.is_tried_again(index, &end.outcome);
    with_step(state, index, |step| step.counted += 1);
    if !again && !end.outcome.is_success() {
        return step_failed(state, index, end, true, at);
    }
    with_step(state, index, |step| close(step, end, at));
    if !again {
        with_step(state, index, |step| step.checkpoint = None);
        state.set_variables(index, &end.produced.variables);
        return went_on(state, index, at);
    }
    let retry = run.job.retry_of(&definition);
    state.begin_without_locks(Some(index), index, &end.outcome);
    with_step(state, index, |step| {
        let seed = format!("{}/{}/{}", run.execution_id, step.path, step.counted);
        step.status = StepStatus::Waiting;
        step.not_before = Some(at + backoff(&seed, retry.backoff.0, step.counted));
    });
}

/// Moves on after a step has ended well, was skipped, or may fail.
pub(super) fn went_on(state: &mut RunState, index: usize, at: Timestamp) {
    if state.seat_of(index).is_some() {
        return member_ended(state, index, Ended::Well, at);
    }
    match state.ending.take() {
        Some(ending) => settle(state, ending.status, None, at),
        // A run that only inherits results has not begun, and so does not end.
        None if state.started_at.is_none() => {}
        None => finish_if_done(state, at),
    }
}

/// Handles the final failure of a step. `may_retry` says whether the job's own `retry` may try the run again.
fn step_failed(state: &mut RunState, index: usize, end: &Arc<StepEnd>, may_retry: bool, at: Timestamp) {
    let Some(may_fail) = state.definition(index).map(|definition| definition.continue_on_failure) else {
        return;
    };
    with_step(state, index, |step| {
        close(step, end, at);
        step.checkpoint = None;
    });
    // A group that fails before it begins has no branches that could end.
    group::give_up_within(state, index, "its group failed");
    // For the job, a split step is one step, also when it may fail.
    let index = if may_fail { fail_merge(state, index, at).unwrap_or(index) } else { index };
    if state.seat_of(index).is_some() {
        let ended = match is_cancelled(&end.outcome) {
            true => Ended::Stopped,
            false if may_fail => Ended::Well,
            false => Ended::Badly,
        };
        return member_ended(state, index, ended, at);
    }
    let late = state.deadline().is_some_and(|deadline| at >= deadline);
    if let Some(verdict) = &mut state.verdict {
        if !may_fail && verdict.status != RunStatus::Timeout {
            verdict.status = RunStatus::Failed;
            verdict.failed.get_or_insert(index);
        }
        finish_if_done(state, at);
    } else if let Some(ending) = state.ending.take() {
        settle(state, ending.status, None, at);
    } else if is_cancelled(&end.outcome) {
        settle(state, RunStatus::Cancelled, None, at);
    } else if may_fail {
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
    // An attempt that did not get its locks, or lost them, does not show that the step is harmless.
    if !matches!(
        end.outcome,
        Outcome::LockTimeout { .. } | Outcome::Deadlock { .. } | Outcome::LockLost { .. }
    ) {
        step.lost = 0;
    }
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

/// Returns the end of an approval step with this decision.
pub fn approval_end(approved: bool, by: Option<&str>, comment: &str) -> StepEnd {
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

fn is_cancelled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Cancelled | Outcome::Failed { kind: FailureKind::Cancelled, .. })
}

/// Fixes the result when no step of `steps` is left, and ends the run when no step at all is left.
fn finish_if_done(state: &mut RunState, at: Timestamp) {
    let current = state.current();
    match state.verdict {
        None if current.is_none_or(|step| state.part_of(step) != Part::Steps) => {
            settle(state, RunStatus::Success, None, at);
        }
        Some(verdict) if current.is_none() => finish(state, verdict.status, at),
        _ => {}
    }
}

/// Fixes the result of the run. The remaining `steps` do not run any more, except those whose condition asks
/// about the failure. `on_failure` follows after a failure or a time-out, then `finally`.
pub(super) fn settle(state: &mut RunState, status: RunStatus, failed: Option<usize>, at: Timestamp) {
    state.verdict = Some(Verdict { status, at, failed });
    state.ending = None;
    state.leave_all();
    let bad = matches!(status, RunStatus::Failed | RunStatus::Timeout);
    let merge = failed.and_then(|parts| fail_merge(state, parts, at));
    let top: Vec<usize> = state.top().collect();
    let blamed: Vec<_> =
        [failed, merge].into_iter().flatten().filter_map(|index| state.definition(index).cloned()).collect();
    let blamed: Vec<&str> = blamed.iter().map(|step| step.id.as_str()).collect();
    for index in top {
        let part = state.part_of(index);
        let Some((definition, step)) = state.definition(index).zip(state.steps.get(index)) else { continue };
        let asks = || definition.when.as_ref().is_some_and(|when| asks_about(when, &blamed));
        let has_turn = match part {
            Part::Steps => bad && step.status == StepStatus::Pending && asks(),
            Part::OnFailure => bad,
            Part::Finally => true,
        };
        if has_turn {
            continue;
        }
        let why = match part {
            Part::OnFailure => "the run did not fail",
            _ => ended_before(status, failed),
        };
        with_step_out(state, index, |step| give_up(step, why));
        group::give_up_within(state, index, why);
    }
    // Nothing of a job runs without its locks. A job that has lost them takes them again for `finally`.
    match state.never_had_locks() {
        true => finish(state, status, at),
        false => finish_if_done(state, at),
    }
}

/// Ends the merge of a split step whose parts have failed as the first of them did: for the job, both are one step.
/// Returns the merge.
pub(super) fn fail_merge(state: &mut RunState, parts: usize, at: Timestamp) -> Option<usize> {
    let merge = state.merge_of(parts)?;
    let first = state.groups.get(&parts).and_then(|group| group.branches.iter().find_map(|part| part.failed));
    let of_part = first.and_then(|step| state.steps.get(step)?.end.clone());
    let end = of_part.or_else(|| state.steps.get(parts)?.end.clone())?;
    with_step_out(state, merge, |step| close(step, &end, at));
    Some(merge)
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
pub(super) fn give_up(step: &mut StepState, why: &str) {
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

pub(super) fn finish(state: &mut RunState, status: RunStatus, at: Timestamp) {
    state.status = status;
    state.ended_at = Some(at);
    let failed = state.verdict.and_then(|verdict| verdict.failed);
    state.leave_all();
    for step in &mut state.steps {
        give_up(step, ended_before(status, failed));
    }
}

/// Changes a step whose turn it is.
fn with_step(state: &mut RunState, index: usize, change: impl FnOnce(&mut StepState)) {
    // `check` has verified that the step exists.
    if let Some(step) = state.steps.get_mut(index) {
        change(step);
        state.refresh(index);
    }
}

/// Changes a step whose turn it is not.
fn with_step_out(state: &mut RunState, index: usize, change: impl FnOnce(&mut StepState)) {
    if let Some(step) = state.steps.get_mut(index) {
        change(step);
    }
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod work;

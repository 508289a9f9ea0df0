//! Groups: how their branches begin, end and join.

mod finally;
mod halt;
mod join;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(super) use finally::end_finally;
use finally::finally_ended;
use halt::{NO_LOCKS, skip_rest};
pub(super) use halt::{halt, refuse};
use join::joined;
pub(super) use join::{branch_name, shown};

use super::apply::{fail_merge, give_up, step_ended};
use super::{RunState, StepKey, StepState};
use crate::clock::Timestamp;
use crate::job::group::OnFailure;
use crate::job::split;
use crate::outcome::{Outcome, StepEnd};

/// An item of a group with `for_each`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The key, if the items come from an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    pub value: Value,
}

/// The state of a group that has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupState {
    /// The items of `for_each`.
    pub items: Option<Arc<Vec<Item>>>,
    /// The branches, or the items, in the order of the job.
    pub branches: Vec<BranchState>,
    /// Whether branches run one after the other, each to its end, because parallel execution is off.
    pub in_order: bool,
    /// Maximum number of branches that are awake.
    pub(super) max_parallel: usize,
    /// Number of branches that are awake: their step may run, or runs.
    pub(super) active: usize,
    /// Number of branches that have begun and not ended.
    begun: usize,
    /// Number of branches that have not ended.
    open: usize,
    /// The first branch that has not begun.
    next: usize,
    /// The reason why no further branch begins.
    pub stop: Option<Stop>,
    /// The reason why the group does not get its locks again.
    refused: Option<Outcome>,
    /// The end of the group, while its `finally` runs.
    join: Option<Arc<StepEnd>>,
    /// Whether the group is not tried again: its `finally` has begun.
    pub(super) closed: bool,
    /// The time at which its `finally` has begun. `None` before that, and after its end.
    pub(super) finally_since: Option<Timestamp>,
}

/// The reason why no further branch of a group begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// This step has failed.
    Failed(usize),
    /// The run, or a group around this one, ends.
    Cancelled,
    /// The time of this group is over: of the group itself, or of one around it.
    TimedOut(usize),
    /// The group has lost its locks, and does not get them again.
    Refused,
}

/// The state of a branch, or of an item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BranchState {
    /// The positions of the steps of an item, in the order of [`Members::body`](crate::job::Members::body).
    pub(super) seats: Arc<[usize]>,
    /// The place of the step whose turn it is, in the sequence of the branch.
    at: usize,
    /// The result. `None` before the end of the branch.
    pub result: Option<BranchResult>,
    /// The step that failed.
    pub failed: Option<usize>,
    /// The variables that its steps have set.
    pub variables: Map<String, Value>,
    begun: bool,
}

/// The result of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchResult {
    /// Every step ended well, or was allowed to fail.
    Done,
    /// A step failed.
    Failed,
    /// The branch did not begin, or was cancelled.
    Stopped,
}

/// The end of a member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It ended well, was skipped, or may fail.
    Well,
    /// It failed.
    Badly,
    /// It was cancelled.
    Stopped,
}

/// A group in which branches wait for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingGroup {
    /// The path of the group.
    pub path: Arc<str>,
    /// Number of branches that run.
    pub running: usize,
    /// Number of all branches.
    pub branches: usize,
    /// The bound of the group.
    pub bound: GroupBound,
}

/// The reason why branches of a group wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBound {
    /// Parallel execution is off.
    InOrder,
    /// The group's `max_parallel`.
    MaxParallel(usize),
    /// The attempts that the run may have at the same time.
    Attempts,
}

impl RunState {
    /// Returns the groups that run and have branches which wait for others.
    pub fn waiting_groups(&self) -> impl Iterator<Item = WaitingGroup> + '_ {
        let running = self.running_per_group();
        self.groups.iter().filter(|(_, group)| group.stop.is_none()).filter_map(move |(index, group)| {
            let has_rest = group.branches.iter().skip(group.next).any(|branch| branch.result.is_none());
            let (path, branches) = (self.steps.get(*index)?.path.clone(), group.branches.len());
            let attempts = running.get(index).copied().unwrap_or(0);
            let (running, bound) = match has_rest {
                true if group.in_order => (group.active, GroupBound::InOrder),
                // Branches that have begun, and whose steps do not start beside the attempts that run.
                _ if attempts > 0 && group.active > attempts => (attempts, GroupBound::Attempts),
                true => (group.active, GroupBound::MaxParallel(group.max_parallel)),
                false => return None,
            };
            Some(WaitingGroup { path, running, branches, bound })
        })
    }

    /// Returns the number of branches of each group in which an attempt runs.
    fn running_per_group(&self) -> BTreeMap<usize, usize> {
        let seats = self.running().flat_map(|step| self.around(step));
        let branches: BTreeSet<(usize, usize)> =
            seats.filter_map(|seat| Some((seat.group, seat.branch?))).collect();
        let mut counts = BTreeMap::new();
        for (group, _) in branches {
            *counts.entry(group).or_insert(0) += 1;
        }
        counts
    }

    /// Returns the running groups that an event of this step may end: those around the step, and the step itself.
    /// `None` stands for an event of the whole run.
    pub fn groups_of(&self, step: Option<&StepKey>) -> Vec<usize> {
        let runs = |group: &usize| self.is_running(*group) && self.members(*group).is_some();
        let Some(step) = step else { return self.groups.keys().copied().filter(runs).collect() };
        let Some(index) = self.position(step) else { return Vec::new() };
        let around = self.around(index).map(|seat| seat.group);
        std::iter::once(index).chain(around).filter(runs).collect()
    }

    /// Returns the innermost group around a step.
    pub fn group_around(&self, index: usize) -> Option<usize> {
        self.seat_of(index).map(|seat| seat.group)
    }

    /// Returns the state of a group that has begun.
    pub fn group(&self, index: usize) -> Option<&GroupState> {
        self.groups.get(&index)
    }
}

/// Begins a group, or begins again the branches that did not end well.
pub(super) fn begin(
    state: &mut RunState,
    index: usize,
    items: Option<&Arc<Vec<Item>>>,
    in_order: bool,
    at: Timestamp,
) {
    let Some(members) = state.members(index) else { return };
    let (fan_out, static_branches) = (members.fan_out, members.branches.len());
    let group = state.definition(index).and_then(|definition| definition.group.as_deref());
    let max_parallel = match (in_order, group.and_then(|group| group.max_parallel)) {
        // Results are inherited, and nothing runs.
        _ if state.started_at.is_none() => usize::MAX,
        (true, _) => 1,
        (false, Some(most)) => most as usize,
        (false, None) => usize::MAX,
    };
    let in_order = in_order && state.started_at.is_some();
    state.start_clock(index, at);
    match state.groups.contains_key(&index) {
        true => restart(state, index, in_order, max_parallel),
        false => {
            let count = if fan_out { items.map_or(0, |items| items.len()) } else { static_branches };
            let fresh = GroupState {
                items: items.cloned(),
                branches: vec![BranchState::default(); count],
                in_order,
                max_parallel,
                active: 0,
                begun: 0,
                open: count,
                next: 0,
                stop: None,
                refused: None,
                join: None,
                closed: false,
                finally_since: None,
            };
            state.groups.insert(index, fresh);
            if fan_out {
                for item in 0..count {
                    let seats = state.seat_item(index, item);
                    if let Some(branch) = state.branch_mut(index, item) {
                        branch.seats = seats;
                    }
                }
            }
        }
    }
    admit(state, index, at);
    join_if_done(state, index, at);
}

/// Prepares the next attempt of a group: branches that ended well stay as they are.
fn restart(state: &mut RunState, index: usize, in_order: bool, max_parallel: usize) {
    let Some(group) = state.groups.get_mut(&index) else { return };
    (group.in_order, group.max_parallel) = (in_order, max_parallel);
    (group.active, group.begun, group.next) = (0, 0, 0);
    (group.stop, group.join, group.closed, group.finally_since) = (None, None, false, None);
    group.refused = None;
    let is_open = |branch: &BranchState| branch.result != Some(BranchResult::Done);
    let open: Vec<usize> =
        (0..).zip(&group.branches).filter(|(_, branch)| is_open(branch)).map(|(branch, _)| branch).collect();
    group.open = open.len();
    for branch in open {
        let steps = state.sequence(index, branch);
        let settled = |step: &&usize| {
            let step = state.definition(**step).zip(state.steps.get(**step));
            step.is_some_and(|(definition, step)| step.is_settled(definition))
        };
        let at = steps.iter().take_while(settled).count();
        for step in steps.iter().skip(at) {
            state.reset_kept(*step);
        }
        if let Some(known) = state.branch_mut(index, branch) {
            (known.at, known.result, known.failed, known.begun) = (at, None, None, false);
        }
    }
    for step in state.finally_of(index) {
        state.reset(step);
    }
}

/// Prepares a group of which a run has inherited a part: it begins with the run.
pub(super) fn begin_again(state: &mut RunState) {
    let open = state.current().filter(|top| state.groups.contains_key(top) && state.is_running(*top));
    let Some(group) = open else { return };
    for step in state.within(group) {
        state.leave(step);
    }
    if let Some(step) = state.steps.get_mut(group) {
        *step = StepState::new(step.path.clone(), step.node, step.seat);
    }
    state.refresh(group);
}

/// Begins branches while there is room for them.
pub(super) fn admit(state: &mut RunState, index: usize, at: Timestamp) {
    loop {
        let Some(group) = state.groups.get(&index).filter(|group| group.stop.is_none()) else { return };
        let Some(branch) = (group.next..group.branches.len())
            .find(|branch| group.branches.get(*branch).is_some_and(|b| b.result.is_none()))
        else {
            return;
        };
        let taken = match group.in_order {
            true => group.begun,
            false if group.max_parallel == usize::MAX => 0,
            false => group.active + state.due_within(index, at, group.max_parallel),
        };
        if taken >= group.max_parallel {
            return;
        }
        let first = state
            .sequence(index, branch)
            .get(group.branches.get(branch).map_or(0, |branch| branch.at))
            .copied();
        if let Some(group) = state.groups.get_mut(&index) {
            group.next = branch + 1;
            group.begun += 1;
            if let Some(branch) = group.branches.get_mut(branch) {
                branch.begun = true;
            }
        }
        match first {
            Some(first) => state.refresh(first),
            None => end_branch(state, (index, branch), BranchResult::Done, at),
        }
    }
}

/// Moves a group on after one of its members has ended.
pub(super) fn member_ended(state: &mut RunState, index: usize, ended: Ended, at: Timestamp) {
    let Some(seat) = state.seat_of(index) else { return };
    let Some(branch) = seat.branch else {
        return finally_ended(state, seat.group, index, ended, at);
    };
    let halting = state.steps.get(index).is_some_and(|step| step.halting);
    let steps = state.sequence(seat.group, branch);
    let place = steps.iter().position(|step| *step == index).unwrap_or(steps.len());
    let rest = steps.get(place + 1..).unwrap_or_default();
    match ended {
        Ended::Well if !halting || rest.is_empty() => match rest.first() {
            Some(following) => {
                if let Some(branch) = state.branch_mut(seat.group, branch) {
                    branch.at = place + 1;
                }
                state.refresh(*following);
            }
            None => end_branch(state, (seat.group, branch), BranchResult::Done, at),
        },
        Ended::Badly => {
            if let Some(branch) = state.branch_mut(seat.group, branch) {
                branch.failed = Some(index);
            }
            fail_merge(state, index, at);
            give_up_all(state, rest, "an earlier step failed");
            end_branch(state, (seat.group, branch), BranchResult::Failed, at);
        }
        Ended::Well | Ended::Stopped => {
            give_up_all(state, rest, "its branch was cancelled");
            end_branch(state, (seat.group, branch), BranchResult::Stopped, at);
        }
    }
}

fn end_branch(state: &mut RunState, (index, branch): (usize, usize), result: BranchResult, at: Timestamp) {
    let Some(known) = state.branch_mut(index, branch).filter(|branch| branch.result.is_none()) else {
        return;
    };
    known.result = Some(result);
    let (failed, begun) = (known.failed, known.begun);
    let on_failure =
        state.definition(index).and_then(|definition| Some(definition.group.as_deref()?.failure()));
    let has_begun = state.started_at.is_some();
    let Some(group) = state.groups.get_mut(&index) else { return };
    group.open -= 1;
    group.begun -= usize::from(begun);
    if group.stop.is_none() && has_begun {
        match (result, on_failure.unwrap_or_default()) {
            (BranchResult::Failed, OnFailure::GoOn) | (BranchResult::Done, _) => {}
            (BranchResult::Failed, OnFailure::Drain) => {
                group.stop = failed.map(Stop::Failed);
                skip_rest(state, index, at);
            }
            (BranchResult::Failed, OnFailure::Stop) => {
                halt(state, index, failed.map_or(Stop::Cancelled, Stop::Failed), at);
            }
            (BranchResult::Stopped, _) => halt(state, index, Stop::Cancelled, at),
        }
    }
    admit(state, index, at);
    join_if_done(state, index, at);
}

fn give_up_all(state: &mut RunState, steps: &[usize], why: &str) {
    for &index in steps {
        if let Some(step) = state.steps.get_mut(index) {
            give_up(step, why);
        }
        give_up_within(state, index, why);
    }
}

/// Ends the open steps within a group that does not run any more.
pub(super) fn give_up_within(state: &mut RunState, group: usize, why: &str) {
    for index in state.within(group) {
        if let Some(step) = state.steps.get_mut(index).filter(|step| step.is_open()) {
            give_up(step, why);
            state.leave(index);
        }
    }
}

fn join_if_done(state: &mut RunState, index: usize, at: Timestamp) {
    let done = state.groups.get(&index).is_some_and(|group| group.open == 0 && group.join.is_none());
    // An inherited group ends with an event of its own.
    if !done || state.started_at.is_none() {
        return;
    }
    state.unlimit(index);
    let mut end = joined(state, index);
    // Which branches had begun when the time of the job ran out depends on `max_parallel`.
    if state.job_is_late(at) && !end.outcome.is_success() && !matches!(end.outcome, Outcome::Lost { .. }) {
        end.outcome = state.job_timed_out();
    }
    let end = Arc::new(end);
    let again = state.is_tried_again(index, &end.outcome);
    let finally = state.finally_of(index);
    let mut refused = false;
    if let Some(group) = state.groups.get_mut(&index) {
        group.join = Some(end.clone());
        group.closed = !again;
        refused = group.refused.is_some();
    }
    match finally.first() {
        Some(first) if !again && !refused => {
            state.limit_finally(index, at);
            state.refresh(*first);
        }
        Some(_) if !again => {
            give_up_all(state, &finally, NO_LOCKS);
            step_ended(state, index, &end, at);
        }
        _ => step_ended(state, index, &end, at),
    }
}

impl RunState {
    pub(super) fn branch_mut(&mut self, group: usize, branch: usize) -> Option<&mut BranchState> {
        self.groups.get_mut(&group)?.branches.get_mut(branch)
    }

    /// Removes the end of the time of a group.
    fn unlimit(&mut self, index: usize) {
        if let Some(deadline) = self.group_deadline(index) {
            self.frontier.unlimit(index, deadline);
        }
    }

    /// Returns the step that merges the results of this group of parts of a split step.
    pub(super) fn merge_of(&self, parts: usize) -> Option<usize> {
        let group = self.definition(parts)?;
        let mut siblings: Vec<usize> = match self.seat_of(parts) {
            Some(seat) => self.sequence(seat.group, seat.branch?),
            None => self.top().collect(),
        };
        siblings.retain(|index| self.definition(*index).is_some_and(|step| split::merges(step, group)));
        siblings.first().copied()
    }

    /// Takes a group that begins out of the frontier, and starts its time.
    fn start_clock(&mut self, index: usize, at: Timestamp) {
        self.leave(index);
        if let Some(step) = self.steps.get_mut(index) {
            step.group_started = Some(at);
        }
        if let Some(deadline) = self.group_deadline(index).filter(|_| self.started_at.is_some()) {
            self.frontier.limit(index, deadline);
        }
    }

    /// Returns whether a run that has not begun may inherit the end of a step whose turn it is not: of a group after
    /// its members, and of a step of its `finally`.
    pub(super) fn may_inherit(&self, index: usize) -> bool {
        let group = match self.seat_of(index) {
            _ if self.groups.contains_key(&index) => index,
            Some(seat) if seat.branch.is_none() => seat.group,
            _ => return false,
        };
        self.is_running(group) && self.steps.get(index).is_some_and(StepState::is_open)
    }

    /// Resets a step and everything within it before its next try.
    pub(super) fn reset(&mut self, index: usize) {
        for step in self.within(index).into_iter().chain([index]) {
            self.reset_kept(step);
            self.groups.remove(&step);
        }
    }

    /// Resets a step before its next try. A group keeps its branches, and tries those again that did not end well.
    fn reset_kept(&mut self, index: usize) {
        self.leave(index);
        if let Some(step) = self.steps.get_mut(index) {
            *step = step.again();
        }
    }

    /// Adds the variables that a step has set: to its branch, or to the run.
    pub(super) fn set_variables(&mut self, index: usize, variables: &Map<String, Value>) {
        let branch = self.seat_of(index).and_then(|seat| Some((seat.group, seat.branch?)));
        let target = match branch {
            Some((group, branch)) => match self.branch_mut(group, branch) {
                Some(branch) => &mut branch.variables,
                None => return,
            },
            None => match self.seat_of(index) {
                // A `finally` sets the variables of the branch around its group, or of the run.
                Some(seat) => return self.set_variables(seat.group, variables),
                None => Arc::make_mut(&mut self.variables),
            },
        };
        target.extend(variables.clone());
    }

    /// Returns the variables that a step sees: those of the run, and of the branches that contain it.
    pub fn variables_of(&self, index: usize) -> Arc<Map<String, Value>> {
        self.variables_seen(index, None)
    }
}

#[cfg(test)]
mod retries;
#[cfg(test)]
pub(super) mod tests;

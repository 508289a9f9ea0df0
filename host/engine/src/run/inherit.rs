//! The results that a retry takes over from the run that it retries.

use super::{Event, RunState, StepState, StepStatus};
use crate::clock::Timestamp;
use crate::job::{Job, Members, Part, Plan, StepDefinition, approval};

/// Returns the results of the steps before the failed step, as far as the job still has them, unchanged and in this
/// order; of a group, also those in the branches that the job still has. Nothing when no step failed. In an edited
/// job, an approval and everything after it is not inherited.
pub(super) fn inherited(old: &RunState, job: &Job) -> Vec<Event> {
    let Some(failed) = old.restart_step() else { return Vec::new() };
    let (plan, edited) = (job.plan(), old.run.job.digest() != job.digest());
    let mut inheritance = Inheritance { old, plan, edited, events: Vec::new() };
    let top = old.run.job.plan().top().iter().zip(plan.top());
    for (before, now) in top.filter(|(_, now)| plan.node(**now).is_some_and(|now| now.part == Part::Steps)) {
        let Some(index) = old.fixed(*before) else { break };
        if index == failed {
            inheritance.part_of_group(index, *now);
            break;
        }
        if !inheritance.step(index, *now) {
            break;
        }
    }
    inheritance.events
}

/// A step of the old run is meant by its position, and a step of the new job by its number.
struct Inheritance<'r> {
    old: &'r RunState,
    plan: &'r Plan,
    /// Whether the new job differs from the old one.
    edited: bool,
    events: Vec<Event>,
}

impl<'r> Inheritance<'r> {
    /// Inherits a step as far as possible. Returns whether nothing of it is left to run.
    fn step(&mut self, index: usize, now: usize) -> bool {
        let whole = self.is_settled(index) && self.is_unchanged(index, now);
        if whole {
            self.whole(index);
        } else {
            self.part_of_group(index, now);
        }
        whole
    }

    /// Inherits a step that has ended, with everything within it.
    fn whole(&mut self, index: usize) {
        let Some(state) = self.old.steps.get(index) else { return };
        if let Some(group) = self.old.group(index) {
            self.begin_group(index);
            for branch in 0..group.branches.len() {
                for member in self.old.sequence(index, branch) {
                    self.whole(member);
                    // The steps after it did not run.
                    if group.branches.get(branch).is_some_and(|branch| branch.failed == Some(member)) {
                        break;
                    }
                }
            }
            self.old.finally_of(index).into_iter().for_each(|member| self.whole(member));
        }
        let step = self.old.key(index);
        self.events.push(match (&state.end, state.ended_at) {
            (Some(end), Some(at)) => {
                Event::StepInherited { step, end: end.clone(), at, bound: state.bound.clone() }
            }
            _ => {
                let reason = state.reason.clone().unwrap_or_default();
                Event::SkipInherited { step, reason, at: self.end_of_run() }
            }
        });
    }

    /// Inherits the steps of a group that ended well, from the start of each branch on. The group itself begins
    /// again.
    fn part_of_group(&mut self, index: usize, now: usize) {
        let (Some(group), Some(members)) = (self.old.group(index), self.members_of_same(index, now)) else {
            return;
        };
        self.begin_group(index);
        for branch in 0..group.branches.len() {
            let id = super::group::branch_name(self.old, index, branch);
            let kept = members.branches.iter().find(|(now, _)| members.fan_out || *now == id);
            let Some((_, steps)) = kept else { continue };
            for (member, now) in self.old.sequence(index, branch).into_iter().zip(steps) {
                if !self.step(member, *now) {
                    break;
                }
            }
        }
    }

    fn begin_group(&mut self, index: usize) {
        let Some(group) = self.old.group(index) else { return };
        let at = self.old.steps.get(index).and_then(|step| step.started_at);
        self.events.push(Event::GroupStarted {
            step: self.old.key(index),
            attempt: 1,
            items: group.items.clone(),
            in_order: group.in_order,
            at: at.unwrap_or_else(|| self.end_of_run()),
        });
    }

    /// Returns the members of the new job's group, if it has the branches, or the items, of the old one.
    fn members_of_same(&self, index: usize, now: usize) -> Option<&'r Members> {
        let plan = self.plan;
        let (before, now) = (self.old.definition(index)?, plan.node(now)?);
        let (old, new) = (before.group.as_deref()?, now.definition.group.as_deref()?);
        let same = before.id == now.definition.id
            && before.when == now.definition.when
            && old.for_each == new.for_each
            && old.item_name() == new.item_name();
        now.members.as_ref().filter(|_| same)
    }

    /// Returns whether a step and everything within it is as it was, and its approvals still hold: an approval is for
    /// the job as it was.
    fn is_unchanged(&self, index: usize, now: usize) -> bool {
        let Some((before, now)) = self.old.definition(index).zip(self.plan.node(now)) else { return false };
        let is_approval = |step: &StepDefinition| step.step_type == approval::TYPE;
        let within = || self.old.within(index).into_iter().filter_map(|step| self.old.definition(step));
        *before == now.definition
            && !(self.edited && (is_approval(before) || within().any(|step| is_approval(step))))
    }

    fn is_settled(&self, index: usize) -> bool {
        let step = self.old.definition(index).zip(self.old.steps.get(index));
        step.is_some_and(|(definition, step)| step.is_settled(definition))
    }

    fn end_of_run(&self) -> Timestamp {
        self.old.ended_at.unwrap_or(self.old.run.created_at)
    }
}

impl StepState {
    /// Returns whether a retry does not run the step again: it succeeded, its condition was false, or it may fail.
    pub(super) fn is_settled(&self, definition: &StepDefinition) -> bool {
        match self.status {
            StepStatus::Success => true,
            StepStatus::Skipped => self.ended_at.is_some(),
            StepStatus::Failed | StepStatus::Timeout => {
                definition.continue_on_failure && self.end.is_some() && self.reason.is_none()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;

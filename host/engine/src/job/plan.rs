//! The steps of a job as a tree, in the order of the file.

use std::sync::Arc;

use super::group::{Branch, Group};
use super::reads::Reads;
use super::{JobDefinition, Part, StepDefinition, approval};
use crate::policy::Grants;

/// A step of a job file and its place.
#[derive(Debug, Clone)]
pub struct Placed<'j> {
    /// The step.
    pub step: &'j StepDefinition,
    /// The list of the job that contains it.
    pub part: Part,
    /// The JSON pointer to it, from the job.
    pub pointer: String,
    /// The group that contains it directly.
    pub parent: Option<Parent>,
}

/// The place of a step in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The number of the group among all steps.
    pub group: usize,
    /// The branch. `None` for a step of the group's `finally`.
    pub branch: Option<usize>,
}

impl JobDefinition {
    /// Returns every step with its place, in order: a group comes before its members.
    pub fn placed(&self) -> Vec<Placed<'_>> {
        let mut found = Vec::new();
        for (list, part, steps) in [
            ("steps", Part::Steps, &self.steps),
            ("on_failure", Part::OnFailure, &self.on_failure),
            ("finally", Part::Finally, &self.finally),
        ] {
            for (i, step) in steps.iter().enumerate() {
                place(&mut found, Placed { step, part, pointer: format!("/{list}/{i}"), parent: None });
            }
        }
        found
    }
}

impl JobDefinition {
    /// Returns the policies that narrow the grant of a step: of the job, of the groups around the step, the outermost
    /// first, and of the step.
    pub fn narrowing<'j>(&'j self, step: &'j StepDefinition) -> Vec<&'j Grants> {
        let lists = [&self.steps, &self.on_failure, &self.finally];
        let is_group = |step: &&StepDefinition| step.group.is_some();
        let mut around = Vec::new();
        let _ = lists.into_iter().flatten().filter(is_group).any(|top| contains(top, &step.id, &mut around));
        let around = around.into_iter().rev().filter_map(|group: &StepDefinition| group.policy.as_ref());
        self.policy.iter().chain(around).chain(&step.policy).collect()
    }

    /// Returns every step in the order of [`JobDefinition::placed`], each with its [`JobDefinition::narrowing`].
    pub fn narrowed(&self) -> Vec<(&StepDefinition, Vec<&Grants>)> {
        let mut found: Vec<(&StepDefinition, Vec<&Grants>)> = Vec::new();
        for placed in self.placed() {
            // A group comes before its members.
            let around = placed.parent.and_then(|parent| found.get(parent.group));
            let mut policies =
                around.map_or_else(|| self.policy.iter().collect(), |(_, around)| around.clone());
            policies.extend(&placed.step.policy);
            found.push((placed.step, policies));
        }
        found
    }
}

/// Returns whether a group contains a step. Adds the groups from the step to this one.
fn contains<'j>(group: &'j StepDefinition, id: &str, around: &mut Vec<&'j StepDefinition>) -> bool {
    let Some(members) = group.group.as_deref() else { return false };
    let found = members.members().any(|(_, step)| step.id == id || contains(step, id, around));
    if found {
        around.push(group);
    }
    found
}

fn place<'j>(found: &mut Vec<Placed<'j>>, placed: Placed<'j>) {
    let (number, part, pointer) = (found.len(), placed.part, placed.pointer.clone());
    let group = placed.step.group.as_deref();
    found.push(placed);
    let Some(group) = group else { return };
    let branches = group.parallel_steps.iter().enumerate();
    let of_branches = branches.flat_map(|(i, branch)| branch.steps().iter().map(move |_| Some(i)));
    let parents = of_branches.chain(group.finally.iter().map(|_| None));
    for ((below, step), branch) in group.members().zip(parents) {
        let parent = Some(Parent { group: number, branch });
        place(found, Placed { step, part, pointer: format!("{pointer}{below}"), parent });
    }
}

/// The steps of a job as a tree. A run numbers the steps as [`JobDefinition::placed`] does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    nodes: Vec<Node>,
    top: Vec<usize>,
    approvals: Vec<usize>,
    /// Whether the job, or one of its steps, has locks.
    has_locks: bool,
    /// For each step that no `for_each` repeats: its number among these.
    fixed: Vec<Option<usize>>,
}

/// A step of a [`Plan`].
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The step.
    pub definition: Arc<StepDefinition>,
    /// The list of the job that contains it.
    pub part: Part,
    /// The place in its group, if it is in one.
    pub parent: Option<Parent>,
    /// The members, if the step is a group.
    pub members: Option<Members>,
    /// The innermost group with `for_each` that contains the step.
    pub repeated_by: Option<usize>,
    /// The steps whose outputs its expressions can read.
    pub reads: Reads,
}

/// The members of a group, by their numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Members {
    /// The ids of the branches, and their steps in order. With `for_each`, one sequence, which each item runs.
    pub branches: Vec<(String, Vec<usize>)>,
    /// The steps of `finally`.
    pub finally: Vec<usize>,
    /// Whether the group runs once per item of a list.
    pub fan_out: bool,
    /// With `for_each`, every step that an item runs, in order, without those that a group within repeats.
    pub body: Vec<usize>,
}

impl Plan {
    /// Returns the plan of a job.
    pub fn of(job: &JobDefinition) -> Self {
        let (mut plan, mut fixed) = (Self { has_locks: !job.locks.is_empty(), ..Self::default() }, 0);
        for (number, placed) in job.placed().into_iter().enumerate() {
            let parent = placed.parent.and_then(|parent| plan.nodes.get(parent.group));
            let is_fan_out = |node: &Node| node.members.as_ref().is_some_and(|members| members.fan_out);
            let repeated_by = parent.and_then(|group| match placed.parent {
                // `finally` runs once for all items.
                Some(Parent { branch: Some(_), group: at }) if is_fan_out(group) => Some(at),
                _ => group.repeated_by,
            });
            match placed.parent {
                Some(parent) => plan.join(parent, number),
                None => plan.top.push(number),
            }
            if let Some(body) = repeated_by.and_then(|at| plan.members_mut(at)) {
                body.body.push(number);
            }
            if placed.step.step_type == approval::TYPE {
                plan.approvals.push(number);
            }
            plan.has_locks |= !placed.step.locks.is_empty();
            plan.fixed.push(repeated_by.is_none().then_some(fixed));
            fixed += usize::from(repeated_by.is_none());
            plan.nodes.push(Node {
                members: placed.step.group.as_deref().map(Members::of),
                definition: Arc::new(placed.step.clone()),
                part: placed.part,
                parent: placed.parent,
                repeated_by,
                reads: Reads::of(placed.step),
            });
        }
        plan
    }

    fn members_mut(&mut self, group: usize) -> Option<&mut Members> {
        self.nodes.get_mut(group)?.members.as_mut()
    }

    fn join(&mut self, parent: Parent, number: usize) {
        let Some(members) = self.members_mut(parent.group) else { return };
        let branch = parent.branch.map(|branch| if members.fan_out { 0 } else { branch });
        match branch.map(|branch| members.branches.get_mut(branch)) {
            Some(Some((_, steps))) => steps.push(number),
            _ => members.finally.push(number),
        }
    }

    /// Returns a step by its number.
    pub fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// Returns the number of a step among those that no `for_each` repeats.
    pub fn fixed(&self, number: usize) -> Option<usize> {
        self.fixed.get(number).copied().flatten()
    }

    /// Returns the number of steps that no `for_each` repeats.
    pub fn fixed_count(&self) -> usize {
        self.nodes.iter().filter(|node| node.repeated_by.is_none()).count()
    }

    /// Returns all steps, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the steps that are in no group, in order.
    pub fn top(&self) -> &[usize] {
        &self.top
    }

    /// Returns the steps that run after a step of `steps` has succeeded: first those after it in its own sequence, and
    /// then those after each group around it. The steps after an item are not behind a step of the item.
    pub fn behind(&self, number: usize) -> Vec<Vec<usize>> {
        let mut behind = Vec::new();
        let mut at = Some(number);
        while let Some((number, node)) = at.and_then(|number| Some((number, self.nodes.get(number)?))) {
            let around =
                node.parent.and_then(|parent| Some((parent, self.node(parent.group)?.members.as_ref()?)));
            let sequence = match around {
                None => &self.top,
                Some((Parent { branch: None, .. }, group)) => &group.finally,
                Some((Parent { branch: Some(branch), .. }, group)) => {
                    let branch = if group.fan_out { 0 } else { branch };
                    group.branches.get(branch).map_or(&self.top, |(_, steps)| steps)
                }
            };
            let after = sequence.iter().copied().skip_while(|other| *other != number).skip(1);
            let same_part =
                |other: &usize| self.nodes.get(*other).is_some_and(|other| other.part == node.part);
            behind.push(after.filter(same_part).collect());
            at = around
                .filter(|(parent, group)| !group.fan_out || parent.branch.is_none())
                .map(|(parent, _)| parent.group);
        }
        behind
    }

    /// Returns a step and all steps within it, in order.
    pub fn with_members(&self, number: usize) -> Vec<usize> {
        let mut found = vec![number];
        if let Some(members) = self.nodes.get(number).and_then(|node| node.members.as_ref()) {
            let own = members.branches.iter().flat_map(|(_, steps)| steps).chain(&members.finally);
            found.extend(own.flat_map(|member| self.with_members(*member)));
        }
        found
    }

    /// Returns whether the job, or one of its steps, has locks.
    pub fn has_locks(&self) -> bool {
        self.has_locks
    }

    /// Returns the numbers of the approvals, in order.
    pub fn approvals(&self) -> &[usize] {
        &self.approvals
    }
}

impl Members {
    fn of(group: &Group) -> Self {
        let fan_out = group.for_each.is_some();
        let branch = |branch: &Branch| (branch.id().to_owned(), Vec::new());
        let branches = match fan_out {
            true => vec![(String::new(), Vec::new())],
            false => group.parallel_steps.iter().map(branch).collect(),
        };
        Self { branches, fan_out, ..Self::default() }
    }
}

/// The reason why an expression at one step does not see the output of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// It is the same step.
    Itself,
    /// The other step runs later.
    Later,
    /// The other step is a group that contains this one.
    Around,
    /// The other step is in another branch of the same group.
    Beside,
    /// The other step runs once per item of the group with this number.
    Repeated(usize),
}

/// Returns whether an expression at the step `from` sees the output of the step `other`. Both are numbers in
/// `parents`, which has the place of each step.
///
/// # Errors
/// Returns the reason why it does not.
pub(super) fn sees(placed: &[Placed<'_>], from: usize, other: usize) -> Result<(), Hidden> {
    if from == other {
        return Err(Hidden::Itself);
    }
    let (mine, others) = (path(placed, from), path(placed, other));
    if mine.iter().any(|parent| parent.group == other) {
        return Err(Hidden::Around);
    }
    if other > from {
        return Err(if are_beside(placed, from, other) { Hidden::Beside } else { Hidden::Later });
    }
    for level in 0..others.len() {
        let (Some(theirs), ours) = (others.get(level), mine.get(level)) else { continue };
        let repeats = placed.get(theirs.group).and_then(|group| group.step.group.as_deref());
        let fan_out = repeats.is_some_and(|group| group.for_each.is_some()) && theirs.branch.is_some();
        match ours {
            Some(ours) if ours.group == theirs.group => match (ours.branch, theirs.branch) {
                // Items run all steps of the group, one after the other.
                (Some(_), Some(_)) if fan_out => {}
                (Some(ours), Some(theirs)) if ours != theirs => return Err(Hidden::Beside),
                (None, Some(_)) if fan_out => return Err(Hidden::Repeated(theirs.group)),
                _ => {}
            },
            _ if fan_out => return Err(Hidden::Repeated(theirs.group)),
            _ => {}
        }
    }
    Ok(())
}

/// Returns whether two steps are in different branches of one group, which may run at the same time. The steps
/// of an item run one after the other.
pub(super) fn are_beside(placed: &[Placed<'_>], one: usize, other: usize) -> bool {
    let (one, other) = (path(placed, one), path(placed, other));
    let Some((a, b)) = one.iter().zip(&other).take_while(|(a, b)| a.group == b.group).find(|(a, b)| a != b)
    else {
        return false;
    };
    let group = placed.get(a.group).and_then(|place| place.step.group.as_deref());
    group.is_some_and(|group| group.for_each.is_none()) && a.branch.is_some() && b.branch.is_some()
}

/// Returns the groups that contain a step, the outermost first.
pub(super) fn path(placed: &[Placed<'_>], number: usize) -> Vec<Parent> {
    let mut path = Vec::new();
    let mut at = placed.get(number).and_then(|placed| placed.parent);
    while let Some(parent) = at {
        path.push(parent);
        at = placed.get(parent.group).and_then(|group| group.parent);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_is_narrowed_by_the_policies_around_it() {
        let wait = |id: &str| json!({"id": id, "type": "wait", "for": 0});
        let with = |mut step: serde_json::Value, profile: &str| {
            step["policy"] = json!({"profile": profile});
            step
        };
        let group = |id: &str, members: Vec<serde_json::Value>| {
            let finally = [wait(&format!("{id}-end"))];
            json!({"id": id, "type": "parallel_group", "parallel_steps": members, "finally": finally})
        };
        let inner = with(group("inner", vec![with(wait("deep"), "tiny"), wait("beside")]), "standard");
        let outer =
            with(group("outer", vec![inner, json!({"id": "row", "steps": [wait("in-row")]})]), "large");
        let job = json!({"id": "a", "policy": {"profile": "standard"}, "steps": [wait("first"), outer],
            "finally": [with(wait("last"), "tiny")]});
        let job: JobDefinition = serde_json::from_value(job).unwrap();
        let narrowed = job.narrowed();
        assert_eq!(narrowed.len(), job.placed().len());
        let names = |policies: &[&Grants]| -> Vec<&str> {
            policies.iter().filter_map(|policy| Some(policy.profile?.name())).collect()
        };
        let found: Vec<(&str, Vec<&str>)> =
            narrowed.iter().map(|(step, policies)| (step.id.as_str(), names(policies))).collect();
        let deep = ("deep", vec!["standard", "large", "standard", "tiny"]);
        assert!(found.contains(&deep) && found.contains(&("last", vec!["standard", "tiny"])), "{found:?}");
        for (step, policies) in &narrowed {
            assert_eq!(*policies, job.narrowing(step), "{}", step.id);
        }
    }
}

//! The places of the steps of a run: where each one stands, and how to find it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{RunState, StepKey, StepState};
use crate::job::{Members, Node};

/// The place of a step in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    /// The position of the group.
    pub group: usize,
    /// The branch, or the item. `None` for a step of the group's `finally`.
    pub branch: Option<usize>,
}

impl RunState {
    /// Gives a place to every step that no `for_each` repeats.
    pub(super) fn seat_all(&mut self) {
        let job = self.run.job.clone();
        for (number, node) in
            job.plan().nodes().iter().enumerate().filter(|(_, node)| node.repeated_by.is_none())
        {
            let seat = node
                .parent
                .and_then(|parent| Some(Seat { group: self.fixed(parent.group)?, branch: parent.branch }));
            self.seat(number, node.definition.id.as_str().into(), seat);
        }
    }

    /// Gives a place to the steps of an item, or resets those that an earlier try of the run has left. Returns
    /// their positions, in the order of [`Members::body`].
    pub(super) fn seat_item(&mut self, group: usize, item: usize) -> Arc<[usize]> {
        let job = self.run.job.clone();
        let plan = job.plan();
        let Some(members) = self.members(group).cloned() else { return Arc::new([]) };
        let Some(around) = self.steps.get(group).map(|step| step.path.clone()) else { return Arc::new([]) };
        let own = self.steps.get(group).map_or(0, |step| step.node);
        let mut seats: Vec<usize> = Vec::with_capacity(members.body.len());
        for &number in &members.body {
            let Some(node) = plan.node(number) else { continue };
            let seat = node.parent.map(|parent| match parent.group == own {
                true => Seat { group, branch: Some(item) },
                false => {
                    let position = members.body.binary_search(&parent.group).ok();
                    let group = position.and_then(|position| seats.get(position)).copied().unwrap_or(group);
                    Seat { group, branch: parent.branch }
                }
            });
            let path: Arc<str> = format!("{around}[{item}].{}", node.definition.id).into();
            let position = match self.positions.get(&path) {
                Some(&position) => {
                    self.reset(position);
                    position
                }
                None => self.seat(number, path, seat),
            };
            seats.push(position);
        }
        seats.into()
    }

    fn seat(&mut self, node: usize, path: Arc<str>, seat: Option<Seat>) -> usize {
        let position = self.steps.len();
        self.positions.insert(path.clone(), position);
        self.steps.push(StepState::new(path, node, seat));
        position
    }

    /// Returns the position of a step that no `for_each` repeats, by its number in the job.
    pub(super) fn fixed(&self, node: usize) -> Option<usize> {
        self.run.job.plan().fixed(node)
    }

    /// Returns the position of the step with that key.
    pub fn position(&self, key: &StepKey) -> Option<usize> {
        match key {
            StepKey::Number(number) => self.fixed(*number),
            StepKey::Path(path) => self.positions.get(path).copied(),
        }
    }

    /// Returns the positions of the steps that are in no group, in order.
    pub(super) fn top(&self) -> impl Iterator<Item = usize> + '_ {
        self.run.job.plan().top().iter().filter_map(|node| self.fixed(*node))
    }

    /// Returns whether a step is in no group.
    pub fn is_top(&self, index: usize) -> bool {
        self.seat_of(index).is_none()
    }

    /// Returns the number of steps of items.
    pub fn repeated_steps(&self) -> usize {
        self.steps.len().saturating_sub(self.run.job.plan().fixed_count())
    }

    /// Returns the number of steps that each item of a group adds to the run at its start.
    pub fn steps_per_item(&self, group: usize) -> usize {
        self.members(group).map_or(0, |members| members.body.len())
    }

    /// Returns the place of a step's checkpoint in the store.
    pub fn checkpoint_place(&self, index: usize) -> u32 {
        if self.is_top(index) { 0 } else { u32::try_from(index).unwrap_or(u32::MAX) }
    }

    /// Returns the steps that have a checkpoint.
    pub fn checkpoints(&self) -> BTreeSet<usize> {
        let steps = self.steps.iter().enumerate();
        steps.filter(|(_, step)| step.checkpoint.is_some()).map(|(index, _)| index).collect()
    }

    /// Returns the key of the step at a position.
    pub fn key(&self, index: usize) -> StepKey {
        match self.steps.get(index) {
            Some(step) => StepKey::Path(step.path.clone()),
            None => StepKey::Number(index),
        }
    }

    /// Returns the node of the job for the step at a position.
    pub(crate) fn node(&self, index: usize) -> Option<&Node> {
        self.run.job.plan().node(self.steps.get(index)?.node)
    }

    /// Returns the members of a group.
    pub(super) fn members(&self, group: usize) -> Option<&Members> {
        self.node(group)?.members.as_ref()
    }

    pub(super) fn seat_of(&self, index: usize) -> Option<Seat> {
        self.steps.get(index)?.seat
    }

    /// Returns the groups that contain a step, the innermost first, each with the branch of the step.
    pub(super) fn around(&self, index: usize) -> impl Iterator<Item = Seat> + '_ {
        std::iter::successors(self.seat_of(index), |seat| self.seat_of(seat.group))
    }

    /// Returns the position of another step of the job, as the step at `from` means it: in its own item.
    pub(super) fn resolve(&self, from: usize, node: usize) -> Option<usize> {
        let Some(group) = self.run.job.plan().node(node)?.repeated_by else { return self.fixed(node) };
        let own = self.around(from).find(|seat| {
            seat.branch.is_some() && self.steps.get(seat.group).is_some_and(|step| step.node == group)
        })?;
        self.of_item(own.group, own.branch?, node)
    }

    /// Returns the position of a step of an item.
    pub(super) fn of_item(&self, group: usize, item: usize, node: usize) -> Option<usize> {
        let place = self.members(group)?.body.binary_search(&node).ok()?;
        self.groups.get(&group)?.branches.get(item)?.seats.get(place).copied()
    }

    /// Returns the positions of the steps of a branch, in order.
    pub(super) fn sequence(&self, group: usize, branch: usize) -> Vec<usize> {
        let Some(members) = self.members(group) else { return Vec::new() };
        if members.fan_out {
            let steps = members.branches.first().map_or(&[][..], |(_, steps)| steps);
            return steps.iter().filter_map(|node| self.of_item(group, branch, *node)).collect();
        }
        let steps = members.branches.get(branch).map_or(&[][..], |(_, steps)| steps);
        steps.iter().filter_map(|node| self.resolve(group, *node)).collect()
    }

    /// Returns the positions of the steps of a group's `finally`, in order.
    pub(super) fn finally_of(&self, group: usize) -> Vec<usize> {
        let Some(members) = self.members(group) else { return Vec::new() };
        members.finally.iter().filter_map(|node| self.resolve(group, *node)).collect()
    }

    /// Returns every step of the run, as far as it has a place: a group before its members.
    pub fn known(&self) -> impl Iterator<Item = usize> + '_ {
        self.top().flat_map(|top| std::iter::once(top).chain(self.within(top)))
    }

    /// Returns every step within a group, at any depth, as far as it has a place.
    pub(super) fn within(&self, group: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let Some(members) = self.members(group) else { return found };
        let branches = match self.groups.get(&group) {
            Some(state) => state.branches.len(),
            None if members.fan_out => 0,
            None => members.branches.len(),
        };
        let mut own: Vec<usize> = (0..branches).flat_map(|branch| self.sequence(group, branch)).collect();
        own.extend(self.finally_of(group));
        for step in own {
            found.push(step);
            found.extend(self.within(step));
        }
        found
    }
}

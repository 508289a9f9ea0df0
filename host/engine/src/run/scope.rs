//! The values that expressions see.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::group::branch_name;
use super::seat::Seat;
use super::{RunState, RunStatus, StepKey, view};
use crate::job::{Reads, Scope, SeenStep};
use crate::outcome::StepEnd;
use crate::workspace::{Branches, Writer, Written};

impl RunState {
    /// Returns the values that templates of the step at `index` see. Empty for a step without templates.
    pub fn scope(&self, index: usize) -> Scope {
        let reads = self.node(index).map(|node| &node.reads);
        if reads.is_some_and(Reads::is_nothing) {
            return Scope::default();
        }
        let mut scope = Scope { vars: self.variables_seen(index, reads), ..Scope::default() };
        for step in self.visible(index) {
            let Some((definition, step)) = self.definition(step).zip(self.steps.get(step)) else { continue };
            if reads.is_none_or(|reads| reads.may_name_step(&definition.id)) {
                let seen = SeenStep { status: step.status.name(), end: step.end.clone() };
                scope.steps.push((definition.id.clone(), seen));
            }
        }
        scope.items = self.items_of(index);
        if reads.is_none_or(Reads::may_name_locks) {
            scope.locks = self.locks_seen(index);
        }
        self.add_run(&mut scope, Some(index));
        scope
    }

    /// Returns the variables that expressions of a step can name. Those of the run are not copied, unless a branch
    /// has variables of its own.
    pub(super) fn variables_seen(&self, index: usize, reads: Option<&Reads>) -> Arc<Map<String, Value>> {
        let around: Vec<_> = self.around(index).collect();
        let branch = |seat: &Seat| self.groups.get(&seat.group)?.branches.get(seat.branch?);
        let own = around.iter().rev().filter_map(branch).map(|branch| &branch.variables);
        let own: Vec<_> = own.filter(|variables| !variables.is_empty()).collect();
        if own.is_empty() {
            return self.variables.clone();
        }
        let named = |name: &String| reads.is_none_or(|reads| reads.may_name_variable(name));
        let all = std::iter::once(&*self.variables).chain(own).flatten().filter(|(name, _)| named(name));
        Arc::new(all.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Returns the values that the names of the job's locks see.
    pub fn scope_of_job(&self) -> Scope {
        let mut scope = Scope { vars: Arc::new(self.run.variables.clone()), ..Scope::default() };
        self.add_run(&mut scope, None);
        scope
    }

    /// Adds the facts about the run and the job.
    fn add_run(&self, scope: &mut Scope, index: Option<usize>) {
        let job = &self.run.job;
        let text = |value: &str| Value::from(value);
        let token = index.map(|index| self.step_token(index)).unwrap_or_default();
        let branch_dir = index.and_then(|index| self.branch_dir(index));
        let started = self.started_at.unwrap_or(self.run.created_at);
        let status = self.verdict.map_or(RunStatus::Running, |verdict| verdict.status);
        for (name, value) in [
            ("execution_id", text(&self.run.execution_id)),
            ("scheduled_time", text(&view::rfc3339(self.run.scheduled_time))),
            ("start_time", text(&view::rfc3339(started))),
            ("status", text(status.name())),
            ("failed_step", self.failed_step_seen()),
            ("step_token", text(&token)),
            ("branch_dir", text(&branch_dir.unwrap_or_else(|| ".".to_owned()))),
        ] {
            scope.run.insert(name.to_owned(), value);
        }
        for (name, value) in [("id", &job.id), ("name", &job.name), ("timezone", &job.timezone)] {
            scope.job.insert(name.to_owned(), text(value));
        }
    }

    /// Returns the directory of the workspace that no other branch uses. `None` for a step outside of groups.
    pub fn branch_dir(&self, index: usize) -> Option<String> {
        let around: Vec<_> = self.around(index).filter(|seat| seat.branch.is_some()).collect();
        let below = around.into_iter().rev().filter_map(|seat| {
            let (group, branch) = (self.definition(seat.group)?, seat.branch?);
            Some(match group.group.as_deref()?.for_each {
                Some(_) => format!("{}/{branch}", group.id),
                None => format!("{}/{}", group.id, branch_name(self, seat.group, branch)),
            })
        });
        let below: Vec<String> = below.collect();
        (!below.is_empty()).then(|| format!("branches/{}", below.join("/")))
    }

    /// Returns whether the expressions of a step can read the directory of its branch.
    pub fn names_branch_dir(&self, index: usize) -> bool {
        self.node(index).is_some_and(|node| node.reads.may_name_branch_dir())
    }

    /// Returns the branches that contain a step.
    pub fn branches_of(&self, index: usize) -> Branches {
        self.around(index).filter_map(|seat| Some((seat.group, seat.branch?))).collect()
    }

    /// Returns the files that the steps of branches have written, from their receipts.
    pub fn written(&self) -> Written {
        let written = Written::default();
        let in_groups = (0..).zip(&self.steps).filter(|(_, step)| step.seat.is_some());
        for (index, step) in in_groups {
            let Some(files) = step.end.as_ref().map(|end| &end.receipt.workspace_files) else { continue };
            let writer = || Writer { step: step.path.clone(), branches: Arc::new(self.branches_of(index)) };
            for file in files {
                written.record(file, writer());
            }
        }
        written
    }

    /// Returns the ended steps whose results a step sees: those outside of groups, those before it in its own
    /// branches, and all steps of groups that have ended, except the steps of items.
    fn visible(&self, index: usize) -> Vec<usize> {
        let mut seen = Vec::new();
        let own: Vec<_> = self.around(index).collect();
        self.add_visible(self.top().collect(), &mut seen);
        for seat in own.into_iter().rev() {
            let steps = match seat.branch {
                Some(branch) => self.sequence(seat.group, branch),
                None => {
                    let mut steps = self.fixed_members(seat.group);
                    steps.extend(self.finally_of(seat.group));
                    steps
                }
            };
            self.add_visible(steps, &mut seen);
        }
        seen
    }

    fn add_visible(&self, steps: Vec<usize>, seen: &mut Vec<usize>) {
        for step in steps {
            if self.steps.get(step).is_some_and(|step| !step.is_open()) {
                seen.push(step);
                let mut members = self.fixed_members(step);
                members.extend(self.finally_of(step));
                self.add_visible(members, seen);
            }
        }
    }

    /// Returns the steps of all branches of a group, if it has no `for_each`.
    fn fixed_members(&self, group: usize) -> Vec<usize> {
        match self.members(group) {
            Some(members) if !members.fan_out => {
                (0..members.branches.len()).flat_map(|branch| self.sequence(group, branch)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the items that a step works on, by their names in expressions.
    fn items_of(&self, index: usize) -> Map<String, Value> {
        let mut items = Map::new();
        let around: Vec<_> = self.around(index).collect();
        for seat in around.into_iter().rev() {
            let Some(branch) = seat.branch else { continue };
            let Some(definition) = self.definition(seat.group).and_then(|step| step.group.as_deref()) else {
                continue;
            };
            let known = self.groups.get(&seat.group).and_then(|group| group.items.as_ref()?.get(branch));
            let Some(item) = known else { continue };
            let value = match &item.key {
                Some(key) => serde_json::json!({"key": key, "value": item.value}),
                None => item.value.clone(),
            };
            items.insert(definition.item_name().to_owned(), value);
            items.insert(format!("{}_index", definition.item_name()), branch.into());
        }
        items
    }

    /// Returns the step that made the run fail, as templates see it. Null when no step did.
    fn failed_step_seen(&self) -> Value {
        let seen = self.verdict.and_then(|verdict| verdict.failed).and_then(|index| {
            let (definition, step) = (self.definition(index)?, self.steps.get(index)?);
            let class = step.end.as_ref().map_or(step.status.name(), |end| end.outcome.class());
            let (failed, failed_count) = self.failures_of(index);
            Some(serde_json::json!({
                "id": definition.id, "status": step.status.name(), "class": class, "message": step.message(),
                "failed": failed, "failed_count": failed_count,
            }))
        });
        seen.unwrap_or_default()
    }

    /// Returns the ends of the ended steps that a step sees, by id.
    pub fn ends(&self, index: usize) -> BTreeMap<String, Arc<StepEnd>> {
        let visible = self.visible(index).into_iter();
        let end = |step: usize| Some((self.definition(step)?.id.clone(), self.steps.get(step)?.end.clone()?));
        let own = end(index);
        visible.filter_map(end).chain(own).collect()
    }

    /// Returns the approvals that come before a step in the job.
    pub fn approvals_before(&self, index: usize) -> impl Iterator<Item = usize> {
        let node = self.steps.get(index).map_or(0, |step| step.node);
        let before = self.run.job.plan().approvals().iter().take_while(move |approval| **approval < node);
        before.filter_map(move |approval| self.resolve(index, *approval))
    }

    /// Returns the position of the step with that path.
    pub fn position_of(&self, path: &str) -> Option<usize> {
        self.position(&StepKey::from(path))
    }
}

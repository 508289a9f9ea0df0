//! The steps that failed within a group, and the output of a group that failed.

use serde_json::Value;

use super::{RunState, StepStatus};
use crate::outcome::shorten;
use crate::store::FailedStep;

/// Maximum number of failed steps that are listed, and maximum bytes of the message of each.
const LISTED: usize = 100;
const MESSAGE: usize = 256;

impl RunState {
    /// Returns the output of a step: that of a success. A group has one after a failure, too, with each item and
    /// its status.
    pub fn output(&self, index: usize) -> Option<&Value> {
        let (definition, step) = (self.definition(index)?, self.steps.get(index)?);
        let end = step.end.as_ref()?;
        let joined = definition.group.is_some() && !end.produced.output.is_null();
        (end.outcome.is_success() || joined).then_some(&end.produced.output)
    }

    /// Returns whether a group of this run runs its branches one after the other, because parallel execution is off.
    pub fn has_group_in_order(&self) -> bool {
        self.groups.values().any(|group| group.in_order)
    }

    /// Returns whether one of these steps, or a step within them, failed.
    pub(super) fn has_failed(&self, steps: &[usize]) -> bool {
        let failed = |step: usize| {
            let status = self.steps.get(step).map(|step| step.status);
            matches!(status, Some(StepStatus::Failed | StepStatus::Timeout))
        };
        steps.iter().any(|step| failed(*step) || self.within(*step).into_iter().any(failed))
    }

    /// Returns the steps that made a step fail: those of the branches and of the `finally` of a group, and
    /// otherwise the step itself.
    fn failed_in(&self, index: usize) -> Vec<usize> {
        let mut found = Vec::new();
        self.add_failed(index, &mut found);
        found
    }

    /// Returns the first of the steps that made a step fail, with their messages, and the number of all of them.
    pub fn failures_of(&self, index: usize) -> (Vec<FailedStep>, usize) {
        let all = self.failed_in(index);
        let shown = all.iter().take(LISTED).filter_map(|step| {
            let step = self.steps.get(*step)?;
            let mut message = step.message();
            shorten(&mut message, MESSAGE);
            let class = step.end.as_ref().map_or(step.status.name(), |end| end.outcome.class());
            Some(FailedStep { step_id: step.path.to_string(), class: class.to_owned(), message })
        });
        (shown.collect(), all.len())
    }

    fn add_failed(&self, index: usize, found: &mut Vec<usize>) {
        let before = found.len();
        if let Some(group) = self.group(index) {
            group.branches.iter().filter_map(|branch| branch.failed).for_each(|step| {
                self.add_failed(step, found);
            });
            let must = |step: &usize| self.definition(*step).is_some_and(|step| !step.continue_on_failure);
            let finally = self.finally_of(index).into_iter();
            finally.filter(|step| must(step) && self.has_failed(&[*step])).for_each(|step| {
                self.add_failed(step, found);
            });
        }
        if found.len() == before {
            found.push(index);
        }
    }
}

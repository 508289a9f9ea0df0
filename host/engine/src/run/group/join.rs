//! The end of a group: its outcome, its output and its variables.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{BranchResult, Stop};
use crate::outcome::{FailureKind, Outcome, Produced, Receipt, StepEnd};
use crate::run::apply::MAX_LOST;
use crate::run::{RunState, StepStatus};

/// Returns the end of a group whose branches have ended, and merges their variables.
pub(super) fn joined(state: &mut RunState, index: usize) -> StepEnd {
    let (variables, conflict) = merged(state, index);
    let Some(group) = state.groups.get(&index) else { return end_of(Outcome::Succeeded) };
    let results: Vec<&'static str> =
        (0..group.branches.len()).map(|branch| shown(state, index, branch)).collect();
    let count = |name: &str| results.iter().filter(|result| **result == name).count();
    let failed = results.iter().filter(|result| matches!(**result, "failed" | "timeout")).count();
    let metadata = json!({
        "branches": results.len(), "succeeded": count("success"), "failed": failed,
        "skipped": count("skipped"), "cancelled": count("cancelled"),
    });
    let outputs = (0..group.branches.len()).map(|branch| output(state, index, branch));
    let output = match state.members(index) {
        Some(members) if members.fan_out => {
            let keys = group.items.iter().flat_map(|items| items.iter()).map(|item| item.key.clone());
            let items = outputs.zip(&results).zip(keys).map(|((output, status), key)| match key {
                Some(key) => json!({"key": key, "status": status, "output": output}),
                None => json!({"status": status, "output": output}),
            });
            Value::Array(items.collect())
        }
        Some(members) => {
            Value::Object(members.branches.iter().map(|(id, _)| id.clone()).zip(outputs).collect())
        }
        None => Value::Null,
    };
    let summary = format!("{} of {} branches succeeded", count("success"), results.len());
    let outcome = outcome(state, index, failed, conflict);
    let metadata = match metadata {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    };
    StepEnd {
        outcome,
        produced: Produced { summary, output, metadata, variables },
        receipt: Receipt::default(),
    }
}

pub(super) fn end_of(outcome: Outcome) -> StepEnd {
    StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
}

/// Returns the outcome of a group with that number of failed branches.
fn outcome(state: &RunState, index: usize, failed_count: usize, conflict: Option<String>) -> Outcome {
    let Some(group) = state.groups.get(&index) else { return Outcome::Succeeded };
    let kills = |step: &usize| {
        state.steps.get(*step).is_some_and(|step| {
            let end = step.end.as_ref().map(|end| &end.outcome);
            step.lost >= MAX_LOST || matches!(end, Some(Outcome::Lost { .. }))
        })
    };
    let killer = state.within(index).into_iter().find(kills).and_then(|step| state.steps.get(step));
    match group.stop {
        Some(Stop::Cancelled) => return Outcome::Cancelled,
        // A step that kills its process must not run again, also when the time of its group ran out.
        Some(Stop::TimedOut(_)) if let Some(step) = killer => {
            let message = format!("the worker died {MAX_LOST} times in a row while `{}` ran", step.path);
            return Outcome::Lost { message };
        }
        Some(Stop::TimedOut(group)) => return state.group_timed_out(group),
        Some(Stop::Refused) if let Some(outcome) = &group.refused => return outcome.clone(),
        _ => {}
    }
    let failed: Vec<usize> = group.branches.iter().filter_map(|branch| branch.failed).collect();
    let Some(first) = failed.first().and_then(|index| state.steps.get(*index)) else {
        return match conflict {
            Some(message) => Outcome::Failed { kind: FailureKind::Failed, message, retryable: false },
            None => Outcome::Succeeded,
        };
    };
    let retryable = failed.iter().all(|index| {
        let end = state.steps.get(*index).and_then(|step| step.end.as_ref());
        end.is_some_and(|end| end.outcome.is_retryable())
    });
    let message = format!(
        "{failed_count} of {} branches failed; the first: `{}`: {}",
        group.branches.len(),
        first.path,
        first.message()
    );
    if killer.is_some() {
        return Outcome::Lost { message };
    }
    if state.is_for_a_person(index) {
        return Outcome::HostFault { message };
    }
    Outcome::Failed { kind: FailureKind::Failed, message, retryable }
}

/// Returns the status of a branch: that of its only step, or of the whole sequence.
pub(in crate::run) fn shown(state: &RunState, index: usize, branch: usize) -> &'static str {
    let steps = state.sequence(index, branch);
    if let [only] = steps.as_slice() {
        return state.steps.get(*only).map_or("skipped", |step| step.status.name());
    }
    let ran = steps.iter().filter_map(|step| state.steps.get(*step)).any(|step| step.started_at.is_some());
    match state.groups.get(&index).and_then(|group| group.branches.get(branch)?.result) {
        Some(BranchResult::Done) if ran => "success",
        Some(BranchResult::Failed) => "failed",
        Some(BranchResult::Stopped) if ran => "cancelled",
        Some(_) => "skipped",
        None if ran => "running",
        None => "pending",
    }
}

/// Returns the output of a branch: that of its last step, if it succeeded.
fn output(state: &RunState, index: usize, branch: usize) -> Value {
    let last = state.sequence(index, branch).last().and_then(|step| state.steps.get(*step));
    let end = last.filter(|step| step.status == StepStatus::Success).and_then(|step| step.end.as_ref());
    end.map(|end| end.produced.output.clone()).unwrap_or_default()
}

/// Returns the variables of all branches, in their order, and the conflict between two of them.
fn merged(state: &RunState, index: usize) -> (Map<String, Value>, Option<String>) {
    let mut all: Map<String, Value> = Map::new();
    let mut by = BTreeMap::new();
    let mut conflict = None;
    let Some(group) = state.groups.get(&index) else { return (all, conflict) };
    for (number, branch) in group.branches.iter().enumerate() {
        for (name, value) in &branch.variables {
            match all.get(name) {
                Some(other) if other != value => {
                    let first = by.get(name).copied().unwrap_or(0);
                    let names = (branch_name(state, index, first), branch_name(state, index, number));
                    conflict.get_or_insert_with(|| {
                        format!(
                            "VARIABLE_CONFLICT: the branches `{}` and `{}` set the variable `{name}` to different values: let one of them set it, or give them different names",
                            names.0, names.1
                        )
                    });
                }
                Some(_) => {}
                None => {
                    all.insert(name.clone(), value.clone());
                    by.insert(name, number);
                }
            }
        }
    }
    (all, conflict)
}

/// Returns the name of a branch: its id, or its number.
pub(in crate::run) fn branch_name(state: &RunState, index: usize, branch: usize) -> String {
    match state.members(index) {
        Some(members) if !members.fan_out => {
            members.branches.get(branch).map(|(id, _)| id.clone()).unwrap_or_default()
        }
        _ => format!("{}[{branch}]", state.steps.get(index).map_or("", |step| &*step.path)),
    }
}

//! The subject of an approval.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{RunState, StepStatus};
use crate::job::{Plan, Scope, SeenStep, approval};
use crate::outcome::{Outcome, Produced, Receipt, StepEnd};

/// The facts that were known when an approval was requested, as digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The definition of the job.
    pub job: String,
    /// The message to the approvers.
    pub message: String,
    /// The configurations of later steps that were known: that of the step after the approval, filled in, and
    /// those without expressions.
    pub steps: BTreeMap<String, String>,
}

impl Bound {
    /// Returns one digest over all of it.
    pub fn digest(&self) -> String {
        digest(&serde_json::json!([self.job, self.message, self.steps]))
    }
}

/// Returns the digest (`sha256:...`) of a value, independent of the order of its keys.
pub fn digest(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(sorted.to_string())))
}

/// A step whose configuration is known when an approval is requested.
#[derive(Debug, Clone)]
pub struct KnownStep {
    /// The number of the step in the job's plan.
    pub node: usize,
    /// The values that its expressions see: for two different decisions, if it has expressions. If the two give
    /// different configurations, the configuration depends on the decision, and is unknown.
    pub scopes: Vec<Scope>,
}

/// Returns the steps behind the approval at `index` whose configuration is known while it is requested: those without
/// expressions, and the first ones to run after the decision. Of an approval in an item, the steps of the same item.
pub fn known_steps(state: &RunState, index: usize) -> Vec<KnownStep> {
    let Some(node) = state.steps.get(index).map(|step| step.node) else { return Vec::new() };
    let plan = state.run.job.plan();
    let behind = plan.behind(node);
    let first = first_steps(plan, behind.first().map_or(&[], Vec::as_slice), &[node]);
    let all = behind.iter().flatten().flat_map(|node| plan.with_members(*node));
    let mut known = Vec::new();
    for node in all {
        let Some(step) = plan.node(node).map(|node| &node.definition) else { continue };
        if step.step_type == approval::TYPE || step.group.is_some() {
            continue;
        }
        if !Value::Object(step.config.clone()).to_string().contains("${{") {
            known.push(KnownStep { node, scopes: vec![Scope::default()] });
        } else if let Some((_, approvals)) = first.iter().find(|(first, _)| *first == node)
            && let Some(position) = state.resolve(index, node)
        {
            let scopes = ["\u{1}", "\u{2}"].map(|mark| decided(state, position, approvals, mark));
            known.push(KnownStep { node, scopes: scopes.to_vec() });
        }
    }
    known
}

/// Returns the steps that run first in a sequence, each with the approvals before it. Later steps see the results of
/// these steps. The items of a group are not known before it begins.
fn first_steps(plan: &Plan, sequence: &[usize], before: &[usize]) -> Vec<(usize, Vec<usize>)> {
    let mut approvals = before.to_vec();
    for &number in sequence {
        let Some(node) = plan.node(number) else { continue };
        match &node.members {
            Some(members) if members.fan_out => return Vec::new(),
            Some(members) => {
                let branches = members.branches.iter();
                return branches.flat_map(|(_, steps)| first_steps(plan, steps, &approvals)).collect();
            }
            None if node.definition.step_type == approval::TYPE => approvals.push(number),
            None => return vec![(number, approvals)],
        }
    }
    Vec::new()
}

/// Returns the values that the step at `index` sees after these approvals are decided.
fn decided(state: &RunState, index: usize, approvals: &[usize], mark: &str) -> Scope {
    let mut scope = state.scope(index);
    for approval in approvals.iter().filter_map(|number| state.run.job.plan().node(*number)) {
        let output = serde_json::json!({"approved": true, "by": mark, "comment": mark});
        let produced = Produced { summary: mark.to_owned(), output, ..Produced::default() };
        let end = StepEnd { outcome: Outcome::Succeeded, produced, receipt: Receipt::default() };
        let seen = SeenStep { status: StepStatus::Success.name(), end: Some(Arc::new(end)) };
        scope.steps.retain(|(id, _)| *id != approval.definition.id);
        scope.steps.push((approval.definition.id.clone(), seen));
    }
    scope
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::JobDefinition;
    use crate::clock::Timestamp;
    use crate::run::{Event, apply};
    use crate::store::NewRun;

    fn group(id: &str, more: &Value) -> Value {
        let mut group = json!({"id": id, "type": "parallel_group"});
        group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        group
    }

    /// An approval knows the steps behind it, wherever they are: in groups, in items and after its own group. It knows
    /// none of another branch.
    #[test]
    fn an_approval_knows_the_steps_behind_it() {
        let plain = |id: &str| json!({"id": id, "type": "x", "text": "fixed"});
        let filled = |id: &str| json!({"id": id, "type": "x", "text": "${{ vars.a }}"});
        let ok = |id: &str| json!({"id": id, "type": "approval", "message": "?"});
        let known_at = |steps: Value, path: &str| {
            let job = json!({"id": "j", "vars": {"a": 1}, "steps": steps, "finally": [plain("after")]});
            let job: JobDefinition = serde_json::from_value(job).unwrap();
            let at = Timestamp::default();
            let mut state = RunState::new(NewRun::of(Arc::new(job.into()), "exec_1", at));
            apply(&mut state, &Event::Started { at }).unwrap();
            if state.position_of(path).is_none_or(|index| !state.is_top(index)) {
                let item = crate::run::Item { key: None, value: json!(1) };
                let items = (state.position_of(path).is_none()).then(|| Arc::new(vec![item]));
                let begun = Event::GroupStarted { step: "g".into(), attempt: 1, items, in_order: false, at };
                apply(&mut state, &begun).unwrap();
            }
            let plan = state.run.job.plan();
            let known = known_steps(&state, state.position_of(path).unwrap());
            let name = |step: &KnownStep| {
                let filled = if step.scopes.len() == 2 { "=" } else { "" };
                format!("{}{filled}", plan.node(step.node).unwrap().definition.id)
            };
            known.iter().map(name).collect::<Vec<_>>().join(" ")
        };
        let two = json!({"parallel_steps": [filled("b"), {"id": "s", "steps": [plain("c"), filled("d")]}],
                         "finally": [plain("f")]});
        let each = json!({"for_each": [1], "parallel_steps": [filled("b"), plain("c")]});
        let inside = json!({"parallel_steps": [
            {"id": "one", "steps": [ok("ok"), filled("b"), filled("c")]}, plain("other")], "finally": [plain("f")]});
        let item = json!({"for_each": [1], "parallel_steps": [ok("ok"), filled("b"), plain("c")]});
        for (steps, path, known) in [
            (json!([ok("ok"), filled("b"), filled("c"), plain("d")]), "ok", "b= d"),
            (json!([plain("a"), ok("ok"), ok("ok2"), filled("b")]), "ok", "b="),
            (json!([ok("ok"), group("g", &two), plain("z")]), "ok", "b= c f z"),
            (json!([ok("ok"), plain("a"), group("g", &two), filled("z")]), "ok", "a c f"),
            (json!([ok("ok"), group("g", &each), filled("z")]), "ok", "c"),
            (json!([group("g", &inside), plain("z")]), "ok", "b= z"),
            (json!([group("g", &item), plain("z")]), "g[0].ok", "b= c"),
        ] {
            assert_eq!(known_at(steps.clone(), path), known, "{steps}");
        }
    }
}

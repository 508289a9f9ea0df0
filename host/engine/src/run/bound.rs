//! The subject of an approval.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::RunState;
use crate::job::{Part, Scope, approval};

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

/// Returns the steps whose configuration is known while the step at `index` requests an approval, each with
/// the values that its expressions see: for two different decisions if it has expressions. If the two give
/// different values, the configuration depends on the decision, and is unknown.
pub fn known_steps(state: &RunState, index: usize) -> Vec<(usize, Vec<Scope>)> {
    let Some(node) = state.steps.get(index).map(|step| step.node) else { return Vec::new() };
    let later = (0..state.run.job.plan().nodes().len()).skip(node + 1).filter_map(|node| state.fixed(node));
    let own = later.filter_map(|i| Some((i, state.definition(i)?))).filter(|(i, step)| {
        step.step_type != approval::TYPE && step.group.is_none() && state.part_of(*i) == Part::Steps
    });
    let mut known = Vec::new();
    for (i, step) in own {
        // Expressions of later steps see the results of the steps between.
        let plain = !Value::Object(step.config.clone()).to_string().contains("${{");
        if plain {
            known.push((i, vec![Scope::default()]));
        } else if known.is_empty() && (index + 1..i).all(|i| is_approval(state, i)) {
            let scopes = ["\u{1}", "\u{2}"].map(|mark| decided(state, index, i, mark));
            known.push((i, scopes.to_vec()));
        }
    }
    known
}

fn is_approval(state: &RunState, index: usize) -> bool {
    state.definition(index).is_some_and(|step| step.step_type == approval::TYPE)
}

/// Returns the values that the step at `index` sees after the approvals before it are decided.
fn decided(state: &RunState, first: usize, index: usize, mark: &str) -> Scope {
    let mut scope = state.scope(index);
    for step in (first..index).filter_map(|i| state.definition(i)) {
        let seen = serde_json::json!({
            "status": "success",
            "output": {"approved": true, "by": mark, "comment": mark},
            "metadata": {},
            "summary": mark,
        });
        scope.steps.insert(step.id.clone(), seen);
    }
    scope
}

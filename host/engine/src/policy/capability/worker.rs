//! The functions that steps of the type `worker` may leave to workers outside of Stepwell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layers, Policed};
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, quoted};
use crate::policy::rule::Rule;
use crate::wildcard;

/// The capability to give work to workers.
pub struct Worker;

/// The functions that steps of the type `worker` may name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerRule {
    /// Names, at most 1,000, in which `*` stands for any text: `send_*`.
    #[schemars(length(max = 1_000), inner(length(min = 1, max = 128)))]
    pub functions: Vec<String>,
}

/// The functions that all layers allow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WorkerGrant {
    /// The rules of the operator, of the job, of the groups around the step and of the step.
    layers: Vec<WorkerRule>,
}

impl Policed for Worker {
    type Rules = WorkerRule;
    type Grant = WorkerGrant;

    const THREAT: &'static str = "A job starts work outside of the sandbox: a function in a process of the user's own, with all rights of that process. So policy names \
        the functions that the jobs of a project may call, for the step type `worker`, and no other step can call one.";
    const NOT_GRANTED: Rule = Rule::WorkerNotGranted;
    const ANYTHING: &'static str = "any function of a worker";
    const EXAMPLE: &'static str = "{functions: [\"send_*\"]}";
    const IS_ASKED_FOR: bool = false;

    /// Allows a function only when each layer allows it.
    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let narrowing = layers.narrowing.iter().copied();
        let all = layers.operator.map(|operator| std::iter::once(operator).chain(narrowing));
        WorkerGrant { layers: all.into_iter().flatten().cloned().collect() }
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.layers.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let named = |(i, rule): (usize, &WorkerRule)| {
            let by = if i == 0 { "" } else { ", narrowed by the job" };
            (format!("worker{by}"), rule.functions.join(", "))
        };
        grant.layers.iter().enumerate().map(named).collect()
    }

    fn refuse_name(grant: &Grant, name: &str) -> Option<Denial> {
        let WorkerGrant { layers } = &grant.granted.worker;
        let whose = &grant.whose;
        let what = format!("the function `{name}`");
        let allows = |rule: &WorkerRule| rule.functions.iter().any(|own| wildcard::matches(own, name));
        let why = match layers.iter().position(|rule| !allows(rule)) {
            None if !layers.is_empty() => return None,
            None => None,
            Some(0) => Some(format!("`worker.functions` of {} does not name it", whose.name())),
            Some(_) => Some("the `policy` of the job or the step leaves it out".to_owned()),
        };
        let example = format!("{{functions: [{}]}}", quoted(name));
        Some(whose.refuse(Rule::WorkerNotGranted, &what, why, &example))
    }
}

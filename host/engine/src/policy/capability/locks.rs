//! The locks that a job and its steps may hold while they run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layers, Policed};
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, quoted};
use crate::policy::rule::Rule;
use crate::wildcard;

/// The capability to hold locks.
pub struct Locks;

/// The locks that the job file may name with `locks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LockRule {
    /// Names, at most 1,000, in which `*` stands for any text: `deploy-*`.
    #[schemars(length(max = 1_000), inner(length(min = 1, max = 300)))]
    pub names: Vec<String>,
}

/// The locks that all layers allow, and the names that one of them denies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LockGrant {
    /// The rules of the operator, of the job, of the groups around the step and of the step.
    layers: Vec<LockRule>,
    /// The denied names of all layers.
    denied: Vec<String>,
}

impl Policed for Locks {
    type Rules = LockRule;
    type Grant = LockGrant;

    const THREAT: &'static str = "A job takes locks that others wait for, and stops their work. A guest cannot take locks: only the \
        job file names them, and they end with the step, the group or the run. So policy names the locks that the jobs of a project \
        may hold: for a step by its type, and for groups and jobs by the types `parallel_group` and `job`.";
    const NOT_GRANTED: Rule = Rule::LockNotGranted;
    const ANYTHING: &'static str = "any lock";
    const EXAMPLE: &'static str = "{names: [\"deploy-*\"]}";
    const IS_ASKED_FOR: bool = false;

    /// Allows a lock only when each layer allows it, and none denies it.
    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let denied = layers.deny.iter().flat_map(|deny| deny.locks.iter().cloned()).collect();
        let Some(operator) = layers.operator else { return LockGrant { layers: Vec::new(), denied } };
        let narrowing = layers.narrowing.iter().copied();
        LockGrant { layers: std::iter::once(operator).chain(narrowing).cloned().collect(), denied }
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.layers.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let named = |rule: &LockRule| rule.names.join(", ");
        let mut parts: Vec<(String, String)> = Vec::new();
        for (i, rule) in grant.layers.iter().enumerate() {
            let by = if i == 0 { "" } else { ", narrowed by the job" };
            parts.push((format!("locks{by}"), named(rule)));
        }
        if !grant.denied.is_empty() && !parts.is_empty() {
            parts.push(("locks denied".to_owned(), grant.denied.join(", ")));
        }
        parts
    }

    fn refuse_name(grant: &Grant, name: &str) -> Option<Denial> {
        let LockGrant { layers, denied } = &grant.granted.locks;
        let whose = &grant.whose;
        let what = format!("the lock `{name}`");
        let of = |patterns: &[String]| patterns.iter().any(|pattern| wildcard::matches(pattern, name));
        if let Some(pattern) = denied.iter().find(|pattern| wildcard::matches(pattern, name)) {
            let why = format!("`deny.locks` of {} names `{pattern}`", whose.name());
            return Some(Denial::new(Rule::LockDenied, &what, &format!("not granted: {why}")));
        }
        let missing = layers.iter().position(|rule| !of(&rule.names));
        let why = match missing {
            None if !layers.is_empty() => return None,
            None => None,
            Some(0) => Some(format!("`locks.names` of {} does not name it", whose.name())),
            Some(_) => Some("the `policy` of the job or the step leaves it out".to_owned()),
        };
        Some(whose.refuse(Rule::LockNotGranted, &what, why, &format!("{{names: [{}]}}", quoted(name))))
    }
}

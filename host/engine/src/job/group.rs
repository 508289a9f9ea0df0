//! The step type `parallel_group`: steps that run at the same time. The engine implements it; its members are
//! ordinary steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::StepDefinition;
use crate::document::Schema;

/// The name of the step type.
pub const TYPE: &str = "parallel_group";

/// Maximum nesting of groups.
pub const MAX_DEPTH: usize = 4;

/// Maximum number of branches of one group in a file.
pub const MAX_BRANCHES: usize = 1_000;

/// The configuration of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Maximum number of branches that run at the same time. Default: all, within the bounds of the
    /// configuration (`parallel.max_attempts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_parallel: Option<u32>,
    /// The action after a branch has failed. Default: `stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Another spelling of `on_failure`: `true` means `stop`, and `false` means `go_on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_fast: Option<bool>,
    /// A list or an object, usually an expression: the group runs `parallel_steps` once per item, in order
    /// within the item. Default: each of `parallel_steps` is one branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Value>,
    /// The name of the item in expressions; its number, from 0, has the same name with `_index`. An item of an
    /// object has `key` and `value`. Default: `item`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"))]
    pub item: Option<String>,
    /// The branches: steps, or sequences of steps with an `id`.
    #[schemars(length(min = 1, max = MAX_BRANCHES))]
    pub parallel_steps: Vec<Branch>,
    /// Steps that run after all branches have ended, whatever the result. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub finally: Vec<StepDefinition>,
}

/// The action of a group after one of its branches has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The other branches are cancelled.
    #[default]
    Stop,
    /// No branch starts any more; those that have started continue.
    Drain,
    /// All branches run; then the group fails.
    GoOn,
}

/// A branch of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Branch {
    /// Steps that run one after the other.
    Sequence(Sequence),
    /// One step.
    Step(Box<StepDefinition>),
}

/// Steps of a branch that run one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The id of the branch, for the output of the group.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"))]
    pub id: String,
    /// The display name. Default: the id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub name: String,
    /// The steps, in order.
    #[schemars(length(min = 1, max = 1_000))]
    pub steps: Vec<StepDefinition>,
}

impl Branch {
    /// Returns the id under which the group's output has the result of the branch.
    pub fn id(&self) -> &str {
        match self {
            Self::Sequence(sequence) => &sequence.id,
            Self::Step(step) => &step.id,
        }
    }

    /// Returns the steps of the branch, in order.
    pub fn steps(&self) -> &[StepDefinition] {
        match self {
            Self::Sequence(sequence) => &sequence.steps,
            Self::Step(step) => std::slice::from_ref(step),
        }
    }

    /// Returns the steps of the branch for changes.
    pub(super) fn steps_mut(&mut self) -> &mut [StepDefinition] {
        match self {
            Self::Sequence(sequence) => &mut sequence.steps,
            Self::Step(step) => std::slice::from_mut(step),
        }
    }
}

impl Group {
    /// Returns the JSON Schema of the configuration, without the members: each is checked at its own place.
    pub fn schema() -> Schema {
        Schema::of::<Outline>()
    }

    /// Returns the action after a branch has failed.
    pub fn failure(&self) -> OnFailure {
        match (self.on_failure, self.fail_fast) {
            (Some(action), _) => action,
            (None, Some(false)) => OnFailure::GoOn,
            (None, _) => OnFailure::Stop,
        }
    }

    /// Returns the name of the item in expressions.
    pub fn item_name(&self) -> &str {
        self.item.as_deref().unwrap_or("item")
    }

    /// Returns every step directly within the group, with the JSON pointer to it from the group.
    pub fn members(&self) -> impl Iterator<Item = (String, &StepDefinition)> {
        let branches = self.parallel_steps.iter().enumerate().flat_map(|(i, branch)| {
            let at = move |k: usize| match branch {
                Branch::Sequence(_) => format!("/parallel_steps/{i}/steps/{k}"),
                Branch::Step(_) => format!("/parallel_steps/{i}"),
            };
            branch.steps().iter().enumerate().map(move |(k, step)| (at(k), step))
        });
        let finally = self.finally.iter().enumerate().map(|(k, step)| (format!("/finally/{k}"), step));
        branches.chain(finally)
    }
}

/// The configuration of a group with its members as plain values.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Group")]
#[allow(dead_code, reason = "only its schema is used")]
struct Outline {
    #[schemars(range(min = 1, max = 10_000))]
    max_parallel: Option<u32>,
    on_failure: Option<OnFailure>,
    fail_fast: Option<bool>,
    for_each: Option<Value>,
    #[schemars(rename = "as", regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"))]
    item: Option<String>,
    #[schemars(length(min = 1, max = MAX_BRANCHES))]
    parallel_steps: Vec<Map<String, Value>>,
    #[schemars(length(max = 100))]
    #[serde(default)]
    finally: Vec<Map<String, Value>>,
}

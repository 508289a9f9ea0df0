//! The step type `approval`: a person decides. It is the engine's own, since nothing runs: the run is parked until
//! somebody has decided or its time is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StepDefinition;
use crate::document::Schema;
use crate::quantity::Span;

/// The step type.
pub const TYPE: &str = "approval";

/// What a job file says about an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What is asked, for instance `Deploy ${{ vars.version }} to production?`.
    #[schemars(length(min = 1, max = 2000))]
    pub message: String,
    /// Who may decide: names of API keys, or `role:operator`, `role:admin`. Default: every operator.
    #[serde(default = "operators")]
    #[schemars(length(min = 1, max = 100))]
    pub approvers: Vec<String>,
    /// How long the run waits. Default: 24h.
    #[serde(default = "one_day")]
    pub wait: Span,
    /// What happens then. Default: `reject`.
    #[serde(default)]
    pub on_timeout: OnTimeout,
}

/// What happens when nobody has decided in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The step fails as timed out.
    #[default]
    Reject,
    /// The step succeeds.
    Approve,
}

fn operators() -> Vec<String> {
    vec!["role:operator".to_owned()]
}

const fn one_day() -> Span {
    Span::secs(24 * 3600)
}

impl Approval {
    /// The JSON Schema of the step's configuration.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// The approval that a step is; none for every other step type.
    pub fn of(step: &StepDefinition) -> Option<Self> {
        let config = Value::Object(step.config.clone());
        (step.step_type == TYPE).then(|| serde_json::from_value(config).ok()).flatten()
    }

    /// Whether somebody with that name and these roles may decide.
    pub fn may_decide(&self, name: &str, roles: &[&str]) -> bool {
        self.approvers.iter().any(|approver| match approver.strip_prefix("role:") {
            Some(role) => roles.contains(&role),
            None => approver == name,
        })
    }
}

//! The step type `approval`: a person decides. It is the engine's own, since nothing runs: the run is parked until
//! somebody has decided or its time is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StepDefinition;
use crate::document::{Diagnostic, Document, Schema, cut};
use crate::identity::{Actor, Who};
use crate::quantity::Span;

/// The step type.
pub const TYPE: &str = "approval";

/// Characters of the message, before and after its template is filled in.
pub const MOST_MESSAGE: usize = 2000;

/// What a job file says about an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What is asked, for instance `Deploy ${{ vars.version }} to production?`.
    #[schemars(length(min = 1, max = MOST_MESSAGE))]
    pub message: String,
    /// Who may decide: `role:operator`, `role:admin`, an API key (`key:NAME` or `key:ID`), a person (`user:ISSUER/SUB`) or a
    /// value of the provider's roles claim (`group:VALUE`). A bare name is that of an API key. Default: every operator.
    #[serde(default = "operators")]
    #[schemars(length(min = 1, max = 100), inner(length(max = 500)))]
    pub approvers: Vec<String>,
    /// Whether who started the run, or edited its job, may not approve. Default: false.
    #[serde(default)]
    pub separation: bool,
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

    /// Whether somebody may decide.
    pub fn may_decide(&self, actor: &Actor<'_>) -> bool {
        self.approvers.iter().filter_map(|approver| Who::parse(approver).ok()).any(|who| who.is(actor))
    }

    /// Approvers that name no one, or do not say whom.
    pub(super) fn check(step: &StepDefinition, document: &Document, at: &str) -> Vec<Diagnostic> {
        let approvers = step.config.get("approvers").and_then(Value::as_array).into_iter().flatten();
        let wrong = approvers.enumerate().filter_map(|(i, approver)| {
            let text = approver.as_str()?;
            let why = Who::parse(text).err()?;
            Some(document.error(&format!("{at}/approvers/{i}"), format!("`{}`: {why}", cut(text, 60))))
        });
        let mut wrong: Vec<Diagnostic> = wrong.collect();
        if Self::of(step)
            .is_some_and(|approval| approval.separation && approval.on_timeout == OnTimeout::Approve)
        {
            let message = "with `separation`, somebody has to approve, and not the time";
            wrong.push(document.error(&format!("{at}/on_timeout"), message).help("leave `on_timeout` out"));
        }
        wrong
    }
}

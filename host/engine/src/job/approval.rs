//! The step type `approval`: a person decides. The engine implements it, because no component runs: the run
//! is parked until an approver decides or the time runs out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StepDefinition;
use crate::document::{Diagnostic, Document, Schema, cut};
use crate::identity::{Actor, Who};
use crate::quantity::Span;

/// The name of the step type.
pub const TYPE: &str = "approval";

/// Maximum characters of the message, before and after its template is filled in.
pub const MOST_MESSAGE: usize = 2000;

/// The configuration of an approval step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The question, for instance `Deploy ${{ vars.version }} to production?`.
    #[schemars(length(min = 1, max = MOST_MESSAGE))]
    pub message: String,
    /// The actors who may decide: `role:operator`, `role:admin`, an API key (`key:NAME` or `key:ID`), a
    /// person (`user:ISSUER/SUB`) or a value of the provider's roles claim (`group:VALUE`). A bare name means
    /// an API key. Default: every operator.
    #[serde(default = "operators")]
    #[schemars(length(min = 1, max = 100), inner(length(max = 500)))]
    pub approvers: Vec<String>,
    /// Whether the person who started the run, or edited its job, may not approve it. Default: false.
    #[serde(default)]
    pub separation: bool,
    /// The maximum time that the run waits. Default: 24h.
    #[serde(default = "one_day")]
    pub wait: Span,
    /// The result when the time runs out. Default: `reject`.
    #[serde(default)]
    pub on_timeout: OnTimeout,
}

/// The result when no approver decides in time.
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
    /// Returns the JSON Schema of the step's configuration.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Returns the approval of a step. `None` for every other step type.
    pub fn of(step: &StepDefinition) -> Option<Self> {
        let config = Value::Object(step.config.clone());
        (step.step_type == TYPE).then(|| serde_json::from_value(config).ok()).flatten()
    }

    /// Returns whether an actor may decide.
    pub fn may_decide(&self, actor: &Actor<'_>) -> bool {
        self.approvers.iter().filter_map(|approver| Who::parse(approver).ok()).any(|who| who.is(actor))
    }

    /// Reports approvers that are empty or ambiguous.
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
            let message = "with `separation`, a person must approve, not the passing of time";
            wrong.push(document.error(&format!("{at}/on_timeout"), message).help("leave `on_timeout` out"));
        }
        wrong
    }
}

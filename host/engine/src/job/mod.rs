//! Jobs: what a job file says.

mod check;
mod legacy;
mod parse;
mod template;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::policy::Grants;
use crate::quantity::{Bytes, Span};

pub use check::Catalog;
pub use parse::{Parsed, parse};
pub use template::{Scope, TemplateError, evaluate, render};

/// A job: steps that run one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDefinition {
    /// The name that runs, queues and clients use.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
    pub id: String,
    /// The name for people. Default: the id.
    #[serde(default)]
    pub name: String,
    /// What the job is for.
    #[serde(default)]
    pub description: String,
    /// An IANA time zone. Default: `UTC`.
    #[serde(default = "utc")]
    pub timezone: String,
    /// What the job does, in order.
    #[schemars(length(min = 1, max = 1000))]
    pub steps: Vec<StepDefinition>,
    /// When the job is due. Kept with the job; `stepwell run` runs it now, and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Map<String, Value>>,
    /// A job that is not enabled does not run. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How often a step without a `retry` of its own is tried again. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 100))]
    pub max_retries: u32,
    /// Time for the whole run, waiting for retries included. Default: 3600 seconds.
    #[serde(default = "one_hour")]
    pub timeout_seconds: Span,
    /// Anything that goes with the job, for people and their tools.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Variables, for templates (`${{ vars.NAME }}`) and for steps that policy lets read them.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
    /// The size of a directory that the steps of a run share, mounted where policy says. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Bytes>,
    /// Narrows what the operator's policy grants, for all steps. It cannot widen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Grants>,
}

/// A step: how it runs, and beside that whatever its type takes as configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepDefinition {
    /// The name that templates and clients use: `${{ steps.ID.output }}`.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"))]
    pub id: String,
    /// The name for people. Default: the id.
    #[serde(default)]
    pub name: String,
    /// The type of the step: `sql`, `data_processing`, `azure_devops` or a registered one.
    #[serde(rename = "type")]
    pub step_type: String,
    /// When true, the job goes on after this step has failed. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continue_on_failure: bool,
    /// A condition, for instance `${{ steps.extract.metadata.row_count > 0 }}`; the step is skipped
    /// when it is false. Default: it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How often a failed attempt is followed by another. Default: the job's `max_retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Time for one attempt. Default: `limits.wall` of the policy, which it cannot exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Narrows what the operator's policy grants, for this step. It cannot widen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Grants>,
    /// The configuration of the step, by the schema of its type.
    #[serde(flatten)]
    pub config: Map<String, Value>,
}

/// How often a failed attempt is followed by another, and after what time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Attempts in all, the first one included.
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// Time before the second attempt; it doubles with each further one, up to 5 minutes, give or take a
    /// fifth. Default: 1 second.
    #[serde(default = "one_second")]
    pub backoff: Span,
}

/// The keys of a step that are the engine's; all others are its configuration.
pub const STEP_KEYS: &[&str] =
    &["id", "name", "type", "continue_on_failure", "when", "retry", "timeout", "policy"];

fn utc() -> String {
    "UTC".to_owned()
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

const fn one_hour() -> Span {
    Span::secs(3600)
}

const fn one_second() -> Span {
    Span::secs(1)
}

impl JobDefinition {
    /// The JSON Schema of a job file.
    pub fn schema() -> Value {
        schema_of::<Self>()
    }

    /// The retries of a step: its own, or the job's.
    pub fn retry_of(&self, step: &StepDefinition) -> Retry {
        step.retry.clone().unwrap_or(Retry { max_attempts: self.max_retries + 1, backoff: one_second() })
    }
}

/// The JSON Schema (draft 2020-12) of a file format of ours.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

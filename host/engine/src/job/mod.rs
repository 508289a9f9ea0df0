//! Jobs: what a job file says.

pub mod approval;
mod check;
mod condition;
mod expression;
mod functions;
mod legacy;
mod parse;
mod template;
mod variables;

use std::ops::Deref;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::document::Schema;
use crate::policy::Grants;
use crate::quantity::{Bytes, Span};
use crate::schedule::Schedule;

pub use check::{Catalog, unknown_type};
pub use condition::{asks_about, evaluate};
pub use parse::{Parsed, Read, parse, parse_in, read, read_in};
pub use template::{Scope, TemplateError, render};
pub use variables::{from_text, set_variable, wrong_variables};

/// A job: steps that run one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDefinition {
    /// The name that runs, queues and clients use.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
    pub id: String,
    /// The name for people. Default: the id.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub name: String,
    /// What the job is for.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub description: String,
    /// An IANA time zone. Default: `UTC`.
    #[serde(default = "utc")]
    #[schemars(length(max = 64))]
    pub timezone: String,
    /// What the job does, in order.
    #[schemars(length(min = 1, max = 1000))]
    pub steps: Vec<StepDefinition>,
    /// Steps that run after `steps` when the run has failed or run out of time. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub on_failure: Vec<StepDefinition>,
    /// Steps that run last, whatever happened before: success, failure, cancellation or a time-out. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub finally: Vec<StepDefinition>,
    /// Time for `on_failure` and `finally` together, after the rest of the run has ended; pauses and being parked
    /// included. Default: 5 minutes.
    #[serde(default = "five_minutes", skip_serializing_if = "is_five_minutes")]
    pub finally_timeout: Span,
    /// When the job is due. `stepwell serve` and `Host::serve` act on it; `stepwell run` runs the job now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// How urgent its runs are: 9 goes before 0. Each level is worth a minute of waiting (the queue's `aging`), so
    /// that no run waits for ever. Default: 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 9))]
    pub priority: u8,
    /// Runs that must not run beside each other. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// A run that is due and has not begun after this time ends as expired. Default: 24h.
    #[serde(default = "one_day", skip_serializing_if = "is_one_day")]
    pub queue_timeout: Span,
    /// Longest time that one step may be parked, waiting for something outside; approvals have a timeout of their
    /// own. Default: 168h, a week.
    #[serde(default = "one_week", skip_serializing_if = "is_one_week")]
    pub parked_timeout: Span,
    /// Whether a run that failed is tried again as a whole. Default: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RunRetry>,
    /// A job that is not enabled does not run. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How often a step without a `retry` of its own is tried again. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 100))]
    pub max_retries: u32,
    /// Time for the whole run from its begin, waiting for retries included, being parked not. Default: 3600 seconds.
    #[serde(default = "one_hour")]
    pub timeout_seconds: Span,
    /// Any data that belongs to the job, for people and their tools.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Variables, for templates (`${{ vars.NAME }}`) and for steps that policy lets read them.
    #[serde(default)]
    pub vars: Map<String, Value>,
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
    #[schemars(length(max = 200))]
    pub name: String,
    /// The type of the step: `sql`, `data_processing`, `azure_devops` or a registered one. With a version
    /// (`acme/invoice@1.2`: the newest 1.2.x) or a digest (`acme/invoice@sha256:...`), that component; else the active one.
    #[serde(rename = "type")]
    #[schemars(length(max = 300))]
    pub step_type: String,
    /// When true, the job goes on after this step has failed. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continue_on_failure: bool,
    /// A condition, for instance `${{ steps.extract.metadata.row_count > 0 }}`; the step is skipped
    /// when it is false. Default: it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16_384))]
    pub when: Option<String>,
    /// How often a failed attempt is followed by another. Default: the job's `max_retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What follows when an attempt is lost because its process died in the middle of it. Default: `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_lost: Option<OnLost>,
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

/// What follows an attempt that was lost with its process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLost {
    /// The step runs again: at least once.
    #[default]
    Retry,
    /// The step fails, and with it the run, so that a person decides: at most once.
    Fail,
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
    /// Which ends are tried again. Default: those that the step calls retryable, time-outs and faults of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub on: Option<Vec<RetryOn>>,
}

/// An end of an attempt that is tried again: a class of outcome, or a step's own kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// Another system is down or throttles.
    Unavailable,
    /// A time limit ran out: the attempt's, or the step's own.
    TimedOut,
    /// Something that should be there is not.
    NotFound,
    /// Policy or another system refused.
    Denied,
    /// The work itself failed.
    Failed,
    /// The CPU budget is used up.
    OutOfFuel,
    /// More memory than the limit.
    OverMemory,
    /// The guest did what WebAssembly does not allow.
    Trapped,
    /// The platform failed.
    HostFault,
    /// Every end but success and cancellation.
    Any,
}

/// How often a whole run is tried again, once its steps' own retries are used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRetry {
    /// Tries in all, the first one included.
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// Time before the second try; it doubles with each further one, up to 5 minutes, give or take a fifth.
    /// Default: 1 second.
    #[serde(default = "one_second")]
    pub backoff: Span,
    /// Which ends are tried again. Default: as for steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub on: Option<Vec<RetryOn>>,
    /// Where the run goes on. Default: `failed_step`.
    #[serde(default)]
    pub from: RetryFrom,
}

/// Where a run that is tried again goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryFrom {
    /// At the step that failed; steps that succeeded do not run again.
    #[default]
    FailedStep,
    /// At the first step.
    Start,
}

/// Runs that must not run beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// What they share, for instance `deploy-${{ vars.environment }}`. Runs of different jobs may share a key.
    #[schemars(length(min = 1, max = 200))]
    pub key: String,
    /// How many of them run at once: from their begin to their end, parked or not. Default: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub limit: u32,
    /// What happens to one more. Default: `queue`.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

/// What happens to a run whose concurrency key is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// It waits for a slot.
    #[default]
    Queue,
    /// It is cancelled, and the record says why.
    CancelNewest,
    /// The oldest of those that run is cancelled, and this one follows it.
    CancelRunning,
}

/// A job that was admitted: its definition with its digest, by which a store keeps it once for all its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    definition: JobDefinition,
    text: String,
    digest: String,
}

impl From<JobDefinition> for Job {
    fn from(definition: JobDefinition) -> Self {
        // A definition came from JSON, and goes back into it.
        let text = serde_json::to_string(&definition).unwrap_or_default();
        let digest = HEXLOWER.encode(&Sha256::digest(&text));
        Self { definition, text, digest }
    }
}

impl Job {
    /// The job as JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of [`Job::text`], in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The definition alone.
    pub fn definition(&self) -> &JobDefinition {
        &self.definition
    }
}

impl Deref for Job {
    type Target = JobDefinition;
    fn deref(&self) -> &JobDefinition {
        &self.definition
    }
}

/// The lists of a job that a step may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `steps`.
    Steps,
    /// `on_failure`.
    OnFailure,
    /// `finally`.
    Finally,
}

/// The keys of a step that are the engine's; all others are its configuration.
pub const STEP_KEYS: &[&str] =
    &["id", "name", "type", "continue_on_failure", "when", "retry", "on_lost", "timeout", "policy"];

fn utc() -> String {
    "UTC".to_owned()
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u8) -> bool {
    *value == 0
}

fn one() -> u32 {
    1
}

const fn one_day() -> Span {
    Span::secs(24 * 3600)
}

fn is_one_day(span: &Span) -> bool {
    *span == one_day()
}

const fn one_week() -> Span {
    Span::secs(7 * 24 * 3600)
}

fn is_one_week(span: &Span) -> bool {
    *span == one_week()
}

const fn one_hour() -> Span {
    Span::secs(3600)
}

const fn five_minutes() -> Span {
    Span::secs(300)
}

fn is_five_minutes(span: &Span) -> bool {
    *span == five_minutes()
}

const fn one_second() -> Span {
    Span::secs(1)
}

impl JobDefinition {
    /// The JSON Schema of a job file.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// A job without steps, for records that lost theirs.
    pub(crate) fn empty() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            description: String::new(),
            timezone: utc(),
            steps: Vec::new(),
            on_failure: Vec::new(),
            finally: Vec::new(),
            finally_timeout: five_minutes(),
            schedule: None,
            priority: 0,
            concurrency: None,
            queue_timeout: one_day(),
            parked_timeout: one_week(),
            retry: None,
            enabled: true,
            max_retries: 0,
            timeout_seconds: one_hour(),
            metadata: Map::new(),
            vars: Map::new(),
            workspace: None,
            policy: None,
        }
    }

    /// Every step in the order in which they have their turn: `steps`, `on_failure`, `finally`. A run numbers them so.
    pub fn all_steps(&self) -> impl Iterator<Item = &StepDefinition> + Clone {
        self.steps.iter().chain(&self.on_failure).chain(&self.finally)
    }

    /// A step by its number among all of them.
    pub fn step(&self, index: usize) -> Option<&StepDefinition> {
        self.all_steps().nth(index)
    }

    /// The number of all steps.
    pub fn step_count(&self) -> usize {
        self.steps.len() + self.on_failure.len() + self.finally.len()
    }

    /// Which list a step of that number stands in.
    pub fn part_of(&self, index: usize) -> Part {
        match index {
            _ if index < self.steps.len() => Part::Steps,
            _ if index < self.steps.len() + self.on_failure.len() => Part::OnFailure,
            _ => Part::Finally,
        }
    }

    /// Where a step of that number stands in the file, as a JSON pointer.
    pub fn pointer_of(&self, index: usize) -> String {
        match self.part_of(index) {
            Part::Steps => format!("/steps/{index}"),
            Part::OnFailure => format!("/on_failure/{}", index - self.steps.len()),
            Part::Finally => format!("/finally/{}", index - self.steps.len() - self.on_failure.len()),
        }
    }

    /// The retries of a step: its own, or the job's.
    pub fn retry_of(&self, step: &StepDefinition) -> Retry {
        step.retry.clone().unwrap_or(Retry {
            max_attempts: self.max_retries + 1,
            backoff: one_second(),
            on: None,
        })
    }
}

//! Jobs: the content of a job file.

pub mod approval;
mod check;
mod condition;
pub mod convert;
mod expression;
mod functions;
pub mod group;
mod legacy;
pub mod locks;
mod names;
mod numbers;
mod parse;
mod plan;
mod published;
mod reads;
mod seen;
pub mod split;
mod template;
mod variables;
pub mod worker;
mod writes;

use std::ops::Deref;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::config::Features;
use crate::document::Schema;
use crate::policy::Grants;
use crate::quantity::{Bytes, Span};
use crate::schedule::Schedule;

pub use check::{Catalog, unknown_type};
pub use condition::{asks_about, evaluate};
pub use functions::Work;
pub use parse::{Parsed, Read, parse, parse_in, read, read_in};
pub use plan::{Members, Node, Parent, Placed, Plan};
pub use reads::Reads;
pub use seen::{Scope, SeenStep};
pub use template::{TemplateError, render};
pub use variables::{from_text, set_variable, wrong_variable_name, wrong_variables};

/// The step types that the engine implements.
pub const TYPES_OF_THE_ENGINE: [&str; 3] = [approval::TYPE, group::TYPE, worker::TYPE];

/// Returns whether the engine implements a step type, so that no component has it.
pub fn is_of_the_engine(step_type: &str) -> bool {
    TYPES_OF_THE_ENGINE.contains(&step_type)
}

/// A job: steps that run one after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDefinition {
    /// The id that runs, queues and clients use.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
    pub id: String,
    /// The display name. Default: the id.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub name: String,
    /// The purpose of the job.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub description: String,
    /// The IANA time zone of the job. Default: `UTC`.
    #[serde(default = "utc")]
    #[schemars(length(max = 64))]
    pub timezone: String,
    /// The steps of the job, in order.
    #[schemars(length(min = 1, max = 1000))]
    pub steps: Vec<StepDefinition>,
    /// Steps that run after `steps` when the run has failed or timed out. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub on_failure: Vec<StepDefinition>,
    /// Steps that run last, after success, failure, cancellation or a time-out. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub finally: Vec<StepDefinition>,
    /// Time for `on_failure` and `finally` together, after the rest of the run has ended, including pauses
    /// and parked time. Default: 5 minutes.
    #[serde(default = "five_minutes", skip_serializing_if = "is_five_minutes")]
    pub finally_timeout: Span,
    /// The schedule of the job. `stepwell serve` and `Host::serve` act on it; `stepwell run` runs the
    /// job immediately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The priority of its runs: 9 goes before 0. Each level is worth one minute of waiting (the queue's
    /// `aging`), so that no run waits forever. Default: 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 9))]
    pub priority: u8,
    /// The runs that must not run at the same time. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// The locks that a run of the job holds from its start to its end. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = locks::MOST))]
    pub locks: Vec<locks::LockUse>,
    /// A run that has not begun this long after its due time ends as expired. Default: 24h.
    #[serde(default = "one_day", skip_serializing_if = "is_one_day")]
    pub queue_timeout: Span,
    /// Longest time for which one step may be parked while it waits for something outside; approvals have a
    /// separate timeout. Default: 168h, one week.
    #[serde(default = "one_week", skip_serializing_if = "is_one_week")]
    pub parked_timeout: Span,
    /// Whether a failed run is tried again as a whole. Default: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RunRetry>,
    /// Whether the job runs. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Number of retries of a step without its own `retry`. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 100))]
    pub max_retries: u32,
    /// Time for the whole run from its start, including waits for retries but not parked time. Default:
    /// 3600 seconds.
    #[serde(default = "one_hour")]
    pub timeout_seconds: Span,
    /// Any data that belongs to the job, for people and their tools.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 1_000))]
    pub metadata: Map<String, Value>,
    /// Variables, for templates (`${{ vars.NAME }}`) and for steps that policy lets read them.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 1_000))]
    pub vars: Map<String, Value>,
    /// The size of a directory that the steps of a run share, mounted where policy says. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Bytes>,
    /// Narrows the grants of the operator's policy for all steps. It cannot widen them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Grants>,
    /// Switches features off for this job. It cannot switch on a feature that the configuration leaves off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
}

/// A step: settings for its execution, and further keys as the configuration of its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(!remote)]
pub struct StepDefinition {
    /// The id that templates and clients use: `${{ steps.ID.output }}`.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"))]
    pub id: String,
    /// The display name. Default: the id.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub name: String,
    /// The type of the step: `sql`, `data_processing`, `azure_devops` or a registered type. With a version
    /// (`acme/invoice@1.2`: the newest 1.2.x) or a digest (`acme/invoice@sha256:...`), that component;
    /// otherwise the active one.
    #[serde(rename = "type")]
    #[schemars(length(max = 300))]
    pub step_type: String,
    /// Whether the job continues after this step has failed. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continue_on_failure: bool,
    /// A condition, for instance `${{ steps.extract.metadata.row_count > 0 }}`. The step is skipped when it
    /// is false. Default: the step runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16_384))]
    pub when: Option<String>,
    /// The retries of the step. Default: the job's `max_retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The action after an attempt is lost because its process died. Default: `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_lost: Option<OnLost>,
    /// The locks that the step holds from its first attempt to its end, with the pauses between attempts. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = locks::MOST))]
    pub locks: Vec<locks::LockUse>,
    /// Time for one attempt. Default: `limits.wall` of the policy, which it cannot exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Narrows the grants of the operator's policy for this step. It cannot widen them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Grants>,
    /// The members, if the step is a `parallel_group`.
    #[serde(skip)]
    pub group: Option<Box<group::Group>>,
    /// The configuration of the step, by the schema of its type. Empty for a group.
    #[serde(flatten)]
    pub config: Map<String, Value>,
}

impl StepDefinition {
    /// Names the step, and the members of a group, by their ids where they have no name.
    fn fill_in_names(&mut self) {
        if self.name.is_empty() {
            self.name.clone_from(&self.id);
        }
        if let Some(group) = &mut self.group {
            let branches = group.parallel_steps.iter_mut().flat_map(group::Branch::steps_mut);
            branches.chain(&mut group.finally).for_each(Self::fill_in_names);
        }
    }
}

// Derived on the fields (`remote`), because in JSON the members of a group are part of the configuration.
impl<'de> Deserialize<'de> for StepDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut step = Self::deserialize(deserializer)?;
        if step.step_type == group::TYPE {
            let members = Value::Object(std::mem::take(&mut step.config));
            step.group = Some(serde_json::from_value(members).map_err(D::Error::custom)?);
        }
        Ok(step)
    }
}

impl Serialize for StepDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(group) = &self.group else { return Self::serialize(self, serializer) };
        // A group came from JSON, so it can be written as JSON.
        let members = serde_json::to_value(group).map_err(S::Error::custom)?;
        let config = members.as_object().cloned().unwrap_or_default();
        Self::serialize(&Self { config, group: None, ..self.clone() }, serializer)
    }
}

/// The action after an attempt is lost with its process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLost {
    /// The step runs again: at least once.
    #[default]
    Retry,
    /// The step fails, and the run with it, so that a person decides: at most once.
    Fail,
}

/// The number of attempts, and the pause before each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Maximum number of attempts, including the first.
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// Pause before the second attempt. It doubles with each further attempt, up to 5 minutes, plus or minus
    /// a fifth. Default: 1 second.
    #[serde(default = "one_second")]
    pub backoff: Span,
    /// The outcomes that are tried again. Default: failures that the step calls retryable, time-outs and
    /// faults of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub on: Option<Vec<RetryOn>>,
}

/// An outcome of an attempt that is tried again: a class of outcome, or a kind of failure that the
/// step reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// Another system is down or limits the rate of requests.
    Unavailable,
    /// The attempt exceeded its time limit, or the step exceeded a time limit of its own.
    TimedOut,
    /// A required thing does not exist.
    NotFound,
    /// Policy or another system denied an action.
    Denied,
    /// The work itself failed.
    Failed,
    /// The wait for the locks of the step ran out.
    LockTimeout,
    /// The wait for the locks of the step was part of a deadlock.
    Deadlock,
    /// A lock of the step, or around it, was lost while the step ran.
    LockLost,
    /// The attempt used up its CPU budget.
    OutOfFuel,
    /// The attempt exceeded its memory limit.
    OverMemory,
    /// The guest did something that WebAssembly forbids.
    Trapped,
    /// The platform failed.
    HostFault,
    /// Every outcome except success and cancellation.
    Any,
}

/// The number of times that a whole run is tried, after the retries of its steps are used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRetry {
    /// Maximum number of tries, including the first.
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// Pause before the second try. It doubles with each further try, up to 5 minutes, plus or minus a fifth.
    /// Default: 1 second.
    #[serde(default = "one_second")]
    pub backoff: Span,
    /// The outcomes that are tried again. Default: as for steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub on: Option<Vec<RetryOn>>,
    /// The step at which the run continues. Default: `failed_step`.
    #[serde(default)]
    pub from: RetryFrom,
}

/// The step at which a repeated run continues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryFrom {
    /// At the step that failed. Steps that succeeded do not run again.
    #[default]
    FailedStep,
    /// At the first step.
    Start,
}

/// Runs that must not run at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// The key that they share, for instance `deploy-${{ vars.environment }}`. Runs of different jobs may
    /// share a key.
    #[schemars(length(min = 1, max = 200))]
    pub key: String,
    /// Maximum number of these runs at one time, from start to end, parked time included. Default: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub limit: u32,
    /// The action for one more run. Default: `queue`.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

/// The action for a run whose concurrency key is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// The run waits for a slot.
    #[default]
    Queue,
    /// The run is cancelled, and the record says why.
    CancelNewest,
    /// The oldest of the running runs is cancelled, and the new run follows it.
    CancelRunning,
}

/// An admitted job: its definition with its digest, under which a store saves it once for all its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    definition: JobDefinition,
    plan: Plan,
    text: String,
    digest: String,
}

impl From<JobDefinition> for Job {
    fn from(definition: JobDefinition) -> Self {
        // The definition came from JSON, so it can be written as JSON.
        let text = serde_json::to_string(&definition).unwrap_or_default();
        let digest = HEXLOWER.encode(&Sha256::digest(&text));
        let plan = Plan::of(&definition);
        Self { definition, plan, text, digest }
    }
}

impl Job {
    /// Returns the job with this id, of which a store can read nothing else: it has no schedule and no steps.
    pub fn unreadable(id: &str) -> Self {
        JobDefinition { id: id.to_owned(), steps: Vec::new(), ..JobDefinition::empty() }.into()
    }

    /// Returns the job as JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256 of [`Job::text`], in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns the definition.
    pub fn definition(&self) -> &JobDefinition {
        &self.definition
    }

    /// Returns the steps as a tree.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Deref for Job {
    type Target = JobDefinition;
    fn deref(&self) -> &JobDefinition {
        &self.definition
    }
}

/// The lists of a job that can contain a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The list `steps`.
    Steps,
    /// The list `on_failure`.
    OnFailure,
    /// The list `finally`.
    Finally,
}

/// The keys of a step that the engine uses. All others are its configuration.
pub const STEP_KEYS: &[&str] =
    &["id", "name", "type", "continue_on_failure", "when", "retry", "on_lost", "locks", "timeout", "policy"];

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
    /// Returns the JSON Schema of a job file.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Returns a job without steps, for records that have lost theirs.
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
            locks: Vec::new(),
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
            features: None,
        }
    }

    /// Returns every step in the order of the file: `steps`, `on_failure`, `finally`; a group comes before its
    /// members.
    pub fn all_steps(&self) -> impl Iterator<Item = &StepDefinition> + Clone {
        self.placed().into_iter().map(|placed| placed.step)
    }

    /// Returns the retries of a step: its own, or the job's. The job's retries are for the members of a group, and
    /// not for the group as well.
    pub fn retry_of(&self, step: &StepDefinition) -> Retry {
        step.retry.clone().unwrap_or(Retry {
            max_attempts: if step.group.is_some() { 1 } else { self.max_retries + 1 },
            backoff: one_second(),
            on: None,
        })
    }
}

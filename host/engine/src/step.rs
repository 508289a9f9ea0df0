//! A step as the engine sees it: what it says about itself, and the seam behind which it runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::document::Schema;
use crate::outcome::StepEnd;
use crate::policy::{Capability, Grant, Profile};
use crate::trace::{Call, Trace};

/// What a component says about itself (`stepwell:step/step.describe`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The name that job files use as `type`.
    pub type_name: String,
    /// Semantic version.
    pub version: String,
    /// One line that says what the step does.
    pub summary: String,
    /// JSON Schema of the configuration.
    pub config_schema: Schema,
    /// The capabilities that it asks for.
    pub needs: Vec<Need>,
    /// The smallest profile that it works in.
    pub profile: Profile,
    /// Whether running it twice does no more harm than once.
    pub idempotent: bool,
}

/// A capability that a step asks for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// `files`, `http`, `sql`, `process` or `environment`.
    pub capability: Capability,
    /// One line for the operator.
    pub purpose: String,
    /// Whether the step has work to do without it.
    #[serde(default)]
    pub optional: bool,
}

/// Where a component comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It came with a version of the program.
    BuiltIn,
    /// Somebody registered it.
    Registered,
}

/// The component that a run began with, for one of its step types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// `sha256:...`.
    pub digest: String,
    /// Its version, for people.
    pub version: String,
}

impl Manifest {
    /// Whether the configuration has a property of this name.
    pub fn takes(&self, property: &str) -> bool {
        self.config_schema
            .value()
            .get("properties")
            .is_some_and(|properties| properties.get(property).is_some())
    }
}

/// The key of a property of a configuration schema whose value names something that policy grants: a connection of `sql`, a
/// program of `process`, an organization of `http`.
const GRANT: &str = "x-stepwell-grant";
/// The key for the values of such a property that name nothing of the host's: `["interpreter"]`.
const OWN: &str = "x-stepwell-own";

impl Manifest {
    /// What a configuration names that policy must grant: property, capability and name.
    pub fn names<'c>(&self, config: &'c Map<String, Value>) -> Vec<(String, Capability, &'c str)> {
        let properties = self.config_schema.value().get("properties").and_then(Value::as_object);
        let name = |(property, schema): (&String, &Value)| {
            let capability = Capability::parse(schema.get(GRANT)?.as_str()?)?;
            let name = config.get(property)?.as_str()?;
            let own = schema
                .get(OWN)
                .and_then(Value::as_array)
                .is_some_and(|own| own.iter().any(|own| own == name));
            (!own).then(|| (property.clone(), capability, name))
        };
        properties.into_iter().flatten().filter_map(name).collect()
    }

    /// The capabilities that properties of the schema refer to and that do not exist.
    pub(crate) fn unknown_grants(&self) -> Vec<String> {
        let properties = self.config_schema.value().get("properties").and_then(Value::as_object);
        let grants = properties.into_iter().flatten().filter_map(|(_, schema)| schema.get(GRANT));
        let unknown = grants.filter(|grant| grant.as_str().and_then(Capability::parse).is_none());
        unknown.map(|grant| crate::document::cut(&grant.to_string(), 40)).collect()
    }
}

/// One attempt, ready to run.
pub struct StepRequest {
    /// The run.
    pub execution_id: String,
    /// The job.
    pub job_id: String,
    /// The step.
    pub step_id: String,
    /// The type, which names the component.
    pub step_type: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The configuration with its templates filled in, valid by the schema.
    pub config: Value,
    /// What the attempt may do.
    pub grant: Arc<Grant>,
    /// The ends of earlier steps by step id; the grant decides which of their outputs the step sees.
    pub ends: BTreeMap<String, Arc<StepEnd>>,
    /// Variables of the run; the grant decides which of them the step sees.
    pub variables: Map<String, Value>,
    /// What an earlier attempt saved.
    pub checkpoint: Option<String>,
    /// The directory behind a `workspace` mount.
    pub workspace: Option<std::path::PathBuf>,
    /// Fixed time and random seed, for runs that must be repeatable. Default: none, the real ones.
    pub deterministic: Option<Deterministic>,
    /// The rest of the job's time, where that is shorter than the grant's wall clock.
    pub remaining: Duration,
    /// The attempt only stops what an earlier, parked one started elsewhere: `cancel` is cancelled already, and
    /// the attempt gets its grace period all the same.
    pub cleaning_up: bool,
    /// Cancels the attempt.
    pub cancel: CancellationToken,
    /// The attempt's place in its trace. Default: none, and nothing is told of its calls.
    pub trace: Option<Trace>,
    /// Where reports go.
    pub sink: StepSink,
}

/// What makes an attempt repeatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deterministic {
    /// What the guest's clocks start from; they advance by a microsecond with each look.
    pub time: Timestamp,
    /// Where random bytes come from.
    pub seed: u64,
}

/// Runs attempts. Infallible: every way to end is an [`crate::Outcome`].
#[async_trait]
pub trait StepRunner: Send + Sync {
    /// Runs one attempt to its end.
    async fn run(&self, request: StepRequest) -> StepEnd;
}

/// A report from a running step.
#[derive(Debug)]
pub enum Report {
    /// A line of its log.
    Log(LogLine),
    /// A call to another system, when it is over.
    Call(Call),
    /// How far it has come.
    Progress(Progress),
    /// Something that the host does for the step and the user waits for, for instance compiling.
    Preparing(String),
    /// A checkpoint; the sender waits until it is on disk.
    Checkpoint {
        /// What the step saves.
        data: String,
        /// Answered when it is durable.
        saved: oneshot::Sender<Result<(), String>>,
    },
}

/// A line of a step's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text, as the guest wrote it.
    pub message: String,
    /// Names and values.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Work done so far.
    pub done: u64,
    /// All the work, where known.
    pub total: Option<u64>,
    /// What is being done.
    pub message: String,
}

/// Where a running step reports to: one bounded channel.
#[derive(Debug, Clone)]
pub struct StepSink(mpsc::Sender<Report>);

impl StepSink {
    /// A sink, and the end where its reports arrive.
    pub fn channel() -> (Self, mpsc::Receiver<Report>) {
        let (sender, receiver) = mpsc::channel(256);
        (Self(sender), receiver)
    }

    /// Sends a report, and waits for room.
    pub async fn send(&self, report: Report) {
        // A receiver that is gone has stopped listening; the attempt is about to be dropped.
        let _ = self.0.send(report).await;
    }

    /// Sends a report where there is room; otherwise drops it.
    pub fn offer(&self, report: Report) {
        let _ = self.0.try_send(report);
    }
}

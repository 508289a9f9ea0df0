//! A step as the engine sees it: its description, and the trait behind which it runs.

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
use crate::workspace::Workspace;

/// The description that a component gives of itself (`stepwell:step/step.describe`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The name that job files use as `type`.
    pub type_name: String,
    /// The semantic version.
    pub version: String,
    /// A one-line description of the step.
    pub summary: String,
    /// The JSON Schema of the configuration.
    pub config_schema: Schema,
    /// The capabilities that the step asks for.
    pub needs: Vec<Need>,
    /// The smallest profile in which the step works.
    pub profile: Profile,
    /// Whether running the step twice does no more harm than running it once.
    pub idempotent: bool,
}

/// A capability that a step asks for, with its purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// The name: `files`, `http`, `sql`, `process` or `environment`.
    pub capability: Capability,
    /// A one-line purpose for the operator.
    pub purpose: String,
    /// Whether the step can work without the capability.
    #[serde(default)]
    pub optional: bool,
}

/// The origin of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Part of a version of the program.
    BuiltIn,
    /// Registered separately.
    Registered,
}

/// The component with which a run began, for one of its step types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The digest: `sha256:...`.
    pub digest: String,
    /// The version, for people.
    pub version: String,
}

impl Manifest {
    /// Returns whether the configuration has a property with this name.
    pub fn takes(&self, property: &str) -> bool {
        self.config_schema
            .value()
            .get("properties")
            .is_some_and(|properties| properties.get(property).is_some())
    }
}

/// The key of a property of a configuration schema whose value names something that policy grants: a
/// connection of `sql`, a program of `process`, a credential or an organization of `http`.
const GRANT: &str = "x-stepwell-grant";
/// The key for the values of such a property that name nothing of the host: `["interpreter"]`.
const OWN: &str = "x-stepwell-own";

impl Manifest {
    /// Returns the names in a configuration that policy must grant: property, capability and name.
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

    /// Returns the capabilities that properties of the schema refer to but that do not exist.
    pub(crate) fn unknown_grants(&self) -> Vec<String> {
        let properties = self.config_schema.value().get("properties").and_then(Value::as_object);
        let grants = properties.into_iter().flatten().filter_map(|(_, schema)| schema.get(GRANT));
        let unknown = grants.filter(|grant| grant.as_str().and_then(Capability::parse).is_none());
        unknown.map(|grant| crate::document::cut(&grant.to_string(), 40)).collect()
    }
}

/// One attempt, ready to run.
pub struct StepRequest {
    /// The id of the run.
    pub execution_id: String,
    /// The id of the job.
    pub job_id: String,
    /// The id of the step.
    pub step_id: String,
    /// The step type, which names the component.
    pub step_type: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The configuration with its templates filled in, valid by the schema.
    pub config: Value,
    /// The capabilities and limits of the attempt.
    pub grant: Arc<Grant>,
    /// The ends of earlier steps by step id. The grant decides which of their outputs the step sees.
    pub ends: BTreeMap<String, Arc<StepEnd>>,
    /// The variables of the run. The grant decides which of them the step sees.
    pub variables: Arc<Map<String, Value>>,
    /// The checkpoint of an earlier attempt.
    pub checkpoint: Option<String>,
    /// The directory behind a `workspace` mount.
    pub workspace: Option<Workspace>,
    /// A fixed time and random seed, for runs that must be repeatable. Default: none, the real ones.
    pub deterministic: Option<Deterministic>,
    /// The remaining time of the job, where it is shorter than the wall-clock limit of the grant.
    pub remaining: Duration,
    /// Whether the attempt only stops work that an earlier, parked attempt started elsewhere. `cancel` is
    /// then cancelled already, and the attempt still gets its grace period.
    pub cleaning_up: bool,
    /// The token that cancels the attempt.
    pub cancel: CancellationToken,
    /// The place of the attempt in its trace. Default: none, and the attempt does not report its calls.
    pub trace: Option<Trace>,
    /// The destination of its reports.
    pub sink: StepSink,
}

/// The inputs that make an attempt repeatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deterministic {
    /// The start of the guest's clocks, which advance by one microsecond at each reading.
    pub time: Timestamp,
    /// The seed of the random bytes.
    pub seed: u64,
}

/// Runs attempts. This cannot fail: every end of an attempt is an [`crate::Outcome`].
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
    /// A finished call to another system.
    Call(Call),
    /// The progress of the work.
    Progress(Progress),
    /// Work of the host that the user waits for, for instance compiling.
    Preparing(String),
    /// A checkpoint. The sender waits until it is on disk.
    Checkpoint {
        /// The data that the step saves.
        data: String,
        /// The reply, sent once the checkpoint is durable.
        saved: oneshot::Sender<Result<(), String>>,
    },
}

/// A line of a step's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// The level: `trace`, `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text as the guest wrote it.
    pub message: String,
    /// Names and values.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// The progress of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The amount of work done so far.
    pub done: u64,
    /// The total amount of work, where known.
    pub total: Option<u64>,
    /// The current activity.
    pub message: String,
}

/// The destination of reports from a running step: one bounded channel.
#[derive(Debug, Clone)]
pub struct StepSink(mpsc::Sender<Report>);

impl StepSink {
    /// Returns a sink and the receiver of its reports.
    pub fn channel() -> (Self, mpsc::Receiver<Report>) {
        let (sender, receiver) = mpsc::channel(256);
        (Self(sender), receiver)
    }

    /// Sends a report, and waits for room.
    pub async fn send(&self, report: Report) {
        // A missing receiver no longer listens, and the attempt is about to be dropped.
        let _ = self.0.send(report).await;
    }

    /// Sends a report if there is room, and drops it otherwise.
    pub fn offer(&self, report: Report) {
        let _ = self.0.try_send(report);
    }
}

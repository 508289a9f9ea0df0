//! What the API takes and gives, where that is not a client type of the library.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::step::Need;
use stepwell::engine::store::{AuditRow, DeadLetter, LedgerRow, RunRow};
use stepwell::engine::{JobDefinition, Outcome, Receipt};
use stepwell::{Backfill, Preview, QueueStatus, StepVersion, StoredJob};

use super::keys::{ApiKey, Role};
use super::problem::Place;

/// A list, and where it goes on.
macro_rules! page {
    ($($(#[$doc:meta])* $name:ident of $item:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize, JsonSchema)]
        pub(crate) struct $name {
            /// The items.
            pub items: Vec<$item>,
            /// `cursor` of the next page; null when this is the last one.
            pub next_cursor: Option<String>,
        }
    )*};
}

page! {
    /// Jobs.
    Jobs of Job;
    /// Runs.
    Runs of Run;
    /// Rows of the fire ledger.
    Ledger of LedgerRow;
    /// Backfills.
    Backfills of Backfill;
    /// Dead letters.
    DeadLetters of DeadLetter;
    /// The audit log.
    AuditLog of AuditRow;
    /// Queues.
    Queues of QueueStatus;
    /// API keys.
    Keys of Key;
    /// Runs that wait for an approval.
    Approvals of Approval;
    /// Step types.
    Steps of Step;
    /// Costs of attempts.
    Receipts of StepReceipt;
    /// Files.
    Artifacts of Artifact;
}

/// A run in a list. Its times and its zone are named as in the answer about one run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Run {
    /// When it began; null before.
    pub start_time: Option<Timestamp>,
    /// When it ended; null before.
    pub end_time: Option<Timestamp>,
    /// The zone of its queue; null for a run in no queue.
    pub timezone: Option<String>,
    /// `started_at`, `ended_at` and `queue` are the old names of the three above, and go with the next version.
    #[serde(flatten)]
    pub row: RunRow,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self { start_time: row.started_at, end_time: row.ended_at, timezone: row.queue.clone(), row }
    }
}

/// A stored job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Job {
    /// What it does.
    #[schemars(with = "Value")]
    pub job: JobDefinition,
    /// Counts its changes; the ETag.
    pub version: u64,
    /// Its schedule, if it has one.
    pub schedule: Option<Schedule>,
    /// Warnings about the job; only in the answer that stores it, and left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Place>,
}

/// The state of a schedule.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Schedule {
    /// The job.
    pub job_id: String,
    /// The zone.
    pub timezone: String,
    /// When the next fire is due.
    pub next: Option<Timestamp>,
    /// Every fire up to here has its row in the ledger.
    pub cursor: Timestamp,
    /// Who paused it, and why.
    pub paused: Option<String>,
}

impl From<&StoredJob> for Job {
    fn from(stored: &StoredJob) -> Self {
        let schedule = stored.schedule.as_ref().map(|row| Schedule {
            job_id: row.job_id.clone(),
            timezone: row.job.timezone.clone(),
            next: row.next,
            cursor: row.cursor,
            paused: row.paused.clone(),
        });
        Self { job: stored.job.definition().clone(), version: stored.version, schedule, warnings: Vec::new() }
    }
}

/// A job that was checked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckedJob {
    /// Its id.
    pub job_id: String,
    /// Its time zone.
    pub timezone: String,
    /// How many steps it has.
    pub steps: usize,
    /// What does not stop it from running.
    pub warnings: Vec<Place>,
}

/// A preview, and the changes of the clocks within it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PreviewAnswer {
    /// The next fires.
    pub fires: Vec<Preview>,
    /// Changes of the clocks up to the last of them.
    pub transitions: Vec<ClockChange>,
}

/// A change of the clocks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ClockChange {
    /// When.
    pub at: Timestamp,
    /// By how many seconds: positive in spring.
    pub seconds: i32,
}

/// A run that was admitted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Accepted {
    /// The run.
    pub execution_id: String,
    /// The same request, by its `Idempotency-Key`, made this run before.
    pub replayed: bool,
    /// A note about the run, for instance that a retry starts from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A request for a run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RunRequest {
    /// Variables to set.
    pub variables: BTreeMap<String, Value>,
    /// How urgent it is. Default: as the job says.
    #[schemars(range(max = 9))]
    pub priority: Option<u8>,
    /// When it is due: with an offset, or a wall time of the job's zone. Default: now.
    pub scheduled_time: Option<String>,
}

/// Why.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reason {
    /// In words.
    #[schemars(length(max = 1000))]
    pub reason: String,
}

/// A request for a retry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetryRequest {
    /// From the first step; default: from the one that failed.
    pub from_start: bool,
    /// The job, edited. Default: as it was.
    pub job: Option<Value>,
}

/// A decision about an approval.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// Whether it is approved.
    pub approved: bool,
    /// In their words.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub comment: String,
}

/// Several dead letters to redrive or to discard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkRequest {
    /// What happens to them.
    pub action: BulkAction,
    /// Which. Default: all that are open, and of `job_id` when it is given; at most 1000.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub ids: Option<Vec<String>>,
    /// Only those of this job.
    #[serde(default)]
    pub job_id: Option<String>,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub reason: String,
}

/// What happens to the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BulkAction {
    /// They run again.
    Redrive,
    /// They are discarded.
    Discard,
}

/// The result for each dead letter.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct BulkAnswer {
    /// Those that were redriven or discarded, each with its new run where it has one.
    pub done: BTreeMap<String, Option<String>>,
    /// Those that failed, and why.
    pub failed: BTreeMap<String, String>,
}

/// A range of fires.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackfillRequest {
    /// The job.
    pub job_id: String,
    /// The first time: with an offset, or a wall time of the job's zone.
    pub from: String,
    /// The end, not included.
    pub to: String,
    /// The priority of the runs. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 9))]
    pub priority: u8,
    /// Only lists the fires that would run. Default: false.
    #[serde(default)]
    pub dry_run: bool,
}

/// A backfill, or what it would do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum BackfillAnswer {
    /// It has begun.
    Started(Backfill),
    /// What it would do.
    Plan(stepwell::BackfillPlan),
}

/// A run that waits for an approval.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Approval {
    /// The run.
    pub execution_id: String,
    /// The job.
    pub job_id: String,
    /// The step.
    pub step_id: String,
    /// What is asked.
    pub message: String,
    /// Who may decide.
    pub approvers: Vec<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When its time is over.
    pub until: Option<Timestamp>,
}

/// A step type.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Step {
    /// Its name.
    pub step_type: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub summary: String,
    /// `sha256:...` of the component; null for the engine's own `approval`.
    pub digest: Option<String>,
    /// Whether running it twice does no more harm than once.
    pub idempotent: bool,
    /// The smallest profile that it works in; null for the engine's own `approval`.
    pub profile: Option<&'static str>,
    /// The capabilities that it needs or can use.
    pub needs: Vec<Need>,
    /// JSON Schema of its configuration.
    pub config_schema: Value,
    /// Its versions, the newest first; none for the engine's own `approval`.
    pub versions: Vec<StepVersion>,
}

/// The body of `POST /api/v2/steps/{id}/rollback`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RollbackRequest {
    /// The version (`1`, `1.2` or `1.2.3`), or the digest. Default: the one that was registered before the active one.
    pub version: Option<String>,
}

/// What an attempt of a step cost.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepReceipt {
    /// The step.
    pub step_id: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost.
    pub receipt: Receipt,
}

/// A file of a run's workspace.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Artifact {
    /// Its path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Key {
    /// Its id.
    pub id: String,
    /// The name of its holder.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The projects that it is for; `*` for all, and for what belongs to none.
    pub projects: Vec<String>,
    /// Patterns of job ids that it is for; all when empty.
    pub jobs: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, role, projects, jobs, created_at, expires_at, .. } = key;
        Self { id, name, role, projects, jobs, created_at, expires_at }
    }
}

fn default_projects() -> Vec<String> {
    vec![stepwell::engine::project::DEFAULT.to_owned()]
}

/// A request for a key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// The name of its holder.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The projects that it is for; `*` for all, and for what belongs to none. Default: `default`.
    #[serde(default = "default_projects")]
    pub projects: Vec<String>,
    /// Patterns of job ids that it is for, with `*`. Default: all.
    #[serde(default)]
    pub jobs: Vec<String>,
    /// When it expires (RFC 3339). Default: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A new key. Its token cannot be read again.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NewKeyAnswer {
    /// The key without its secret.
    pub key: Key,
    /// The whole key.
    pub token: String,
}

/// What was removed, or would be.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CleanedUp {
    /// Runs that were removed, or would be.
    pub runs: usize,
    /// Runs that are as old and stay, because their dead letters are open.
    pub kept_dead: usize,
    /// Whether nothing was removed.
    pub dry_run: bool,
}

/// The body of `POST /api/v2/jobs/execute`.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what `job::parse` reads, with places for its problems")]
pub(crate) struct ExecuteRequest {
    /// The job, in the v2 or the legacy shape.
    pub job: Map<String, Value>,
}

/// The body of `POST /api/v2/jobs/schedule`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes what `job::parse` reads, with places for its problems")]
pub(crate) struct ScheduleRequest {
    /// The job, in the v2 or the legacy shape.
    pub job: Map<String, Value>,
    /// When: with an offset, or a wall time of the job's zone.
    pub scheduled_time: String,
}

/// The answer of `POST /api/v2/jobs/schedule`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Scheduled {
    pub success: bool,
    pub message: String,
    pub job_id: String,
    /// The run, which waits until then.
    pub execution_id: String,
    /// What a change of the clocks does to a wall time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub scheduled_time: String,
    pub timezone: String,
    pub status: String,
}

/// The answer of `GET /api/v2/execution/status`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EngineStatus {
    pub success: bool,
    pub engine_started: bool,
    pub timezone_queues: BTreeMap<String, EngineQueue>,
    pub total_queues: usize,
    pub total_active_executions: u64,
    pub timestamp: String,
}

/// A queue of `GET /api/v2/execution/status`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EngineQueue {
    pub timezone: String,
    pub queue_size: u64,
    pub active_executions: u64,
    pub running: bool,
}

/// The answer of `GET /api/v2/steps/types`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepTypes {
    pub success: bool,
    pub step_types: Vec<String>,
    pub count: usize,
    pub timestamp: String,
}

/// The answer of `POST /api/jobs/{id}/run`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LegacyRun {
    pub success: bool,
    pub message: String,
    pub execution_id: String,
    pub status: String,
    pub duration_seconds: f64,
    pub output: String,
    pub start_time: Option<String>,
    pub end_time: Option<String>,
}

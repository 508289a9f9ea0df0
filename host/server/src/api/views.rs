//! Bodies and responses of the API that are not client types of the library.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::step::Need;
use stepwell::engine::store::{AuditRow, DeadLetter, LedgerRow, RunRow, ScheduleRow};
use stepwell::engine::{JobDefinition, Outcome, Receipt};
use stepwell::{ApprovedStep, Backfill, HourStats, Preview, QueueStatus, StepVersion, StoredJob};

use super::keys::{Key, SessionOf};
use super::problem::Place;

/// One page of a list.
macro_rules! page {
    ($($(#[$doc:meta])* $name:ident of $item:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize, JsonSchema)]
        pub(crate) struct $name {
            /// The items.
            pub items: Vec<$item>,
            /// The `cursor` of the next page; null on the last page.
            pub next_cursor: Option<String>,
        }
    )*};
}

page! {
    /// Jobs that use a step type.
    StepJobs of StepJob;
    /// Runs.
    Runs of Run;
    /// Schedules.
    Schedules of ListedSchedule;
    /// The numbers of runs that ended in each hour.
    HoursOfRuns of HourStats;
    /// Entries of the fire ledger.
    Ledger of LedgerRow;
    /// Backfills.
    Backfills of Backfill;
    /// Dead letters.
    DeadLetters of DeadLetter;
    /// Entries of the audit log.
    AuditLog of AuditRow;
    /// Queues.
    Queues of QueueStatus;
    /// API keys.
    Keys of Key;
    /// Sessions of the web UI.
    Sessions of SessionOf;
    /// Steps that wait for an approval.
    Approvals of Approval;
    /// Step types.
    Steps of Step;
    /// Receipts of attempts.
    Receipts of StepReceipt;
    /// Files.
    Artifacts of Artifact;
}

/// A run in a list. `start_time`, `end_time` and `timezone` have the same names in a single run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Run {
    /// The time at which the run started; null until then.
    pub start_time: Option<Timestamp>,
    /// The time at which the run ended; null until then.
    pub end_time: Option<Timestamp>,
    /// The time zone of its queue; null for a run outside any queue.
    pub timezone: Option<String>,
    /// The step or group of a running run that began last. Only in a list with `steps=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// `started_at`, `ended_at` and `queue` are old names of the three fields above; the next version removes
    /// them.
    #[serde(flatten)]
    pub row: RunRow,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            start_time: row.started_at,
            end_time: row.ended_at,
            timezone: row.queue.clone(),
            step: None,
            row,
        }
    }
}

/// A stored job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Job {
    /// The definition.
    #[schemars(with = "Value")]
    pub job: JobDefinition,
    /// The version, which each change increments; also the ETag.
    pub version: u64,
    /// The schedule; null if the job has none.
    pub schedule: Option<Schedule>,
    /// Warnings about the job, in the response that stores it. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Place>,
}

/// The state of a schedule.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Schedule {
    /// The job's id.
    pub job_id: String,
    /// The time zone.
    pub timezone: String,
    /// The time at which the next fire is due; null if there is none.
    pub next: Option<Timestamp>,
    /// The ledger records every fire up to this time.
    pub cursor: Timestamp,
    /// The actor who paused the schedule, and the reason; null if it is not paused.
    pub paused: Option<String>,
    /// The reason why no fire of the schedule can be decided. Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl From<&ScheduleRow> for Schedule {
    fn from(row: &ScheduleRow) -> Self {
        Self {
            job_id: row.job_id.clone(),
            timezone: row.job.timezone.clone(),
            next: row.next,
            cursor: row.cursor,
            paused: row.paused.clone(),
            problem: None,
        }
    }
}

/// A schedule in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListedSchedule {
    #[serde(flatten)]
    pub schedule: Schedule,
    /// The name of the job.
    pub name: String,
    /// Whether the job is enabled. The schedule of a job that is not enabled does not fire.
    pub enabled: bool,
    /// The times of the fires, in one line: `cron 30 2 * * *`, `every 5m` or `at 2026-03-29 02:30`.
    pub times: String,
}

impl From<&StoredJob> for Job {
    fn from(stored: &StoredJob) -> Self {
        let schedule = stored.schedule.as_ref().map(Schedule::from);
        Self { job: stored.job.definition().clone(), version: stored.version, schedule, warnings: Vec::new() }
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The result of checking a valid job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckedJob {
    /// The job's id.
    pub job_id: String,
    /// The job's time zone.
    pub timezone: String,
    /// The number of steps, without groups.
    pub steps: usize,
    /// The number of groups.
    #[serde(skip_serializing_if = "is_zero")]
    pub groups: usize,
    /// Problems that do not stop the job from running.
    pub warnings: Vec<Place>,
}

/// The next fires, and the clock changes that affect them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PreviewAnswer {
    /// The next fires.
    pub fires: Vec<Preview>,
    /// Clock changes up to the last fire.
    pub transitions: Vec<ClockChange>,
}

/// A clock change, such as the start of summer time.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ClockChange {
    /// The time of the clock change.
    pub at: Timestamp,
    /// The size of the change in seconds; positive when clocks go forward.
    pub seconds: i32,
}

/// A run that was admitted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Accepted {
    /// The run.
    pub execution_id: String,
    /// Whether an earlier request with the same `Idempotency-Key` started this run.
    pub replayed: bool,
    /// A note about the run; for example, that a retry starts from the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A request to run a job.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RunRequest {
    /// Variables to set.
    pub variables: BTreeMap<String, Value>,
    /// The priority of the run. Default: the priority of the job.
    #[schemars(range(max = 9))]
    pub priority: Option<u8>,
    /// The time at which the run is due, with an offset or as a local time in the job's time zone. Default:
    /// now.
    #[schemars(length(max = 64))]
    pub scheduled_time: Option<String>,
}

/// The reason for a change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reason {
    /// The reason, as free text.
    #[schemars(length(max = 1000))]
    pub reason: String,
}

/// A request to retry a run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetryRequest {
    /// Whether to start from the first step. Default: false, which starts from the step that failed.
    pub from_start: bool,
    /// An edited job to run instead. Default: the job as it was.
    pub job: Option<Value>,
}

/// A decision about an approval.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// `true` approves the step; `false` rejects it.
    pub approved: bool,
    /// A comment from the approver.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub comment: String,
    /// The `digest` of the approval that the approver saw. Default: none; the decision applies to the
    /// present content.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub digest: Option<String>,
}

/// A request to redrive or discard several dead letters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkRequest {
    /// The action on the dead letters.
    pub action: BulkAction,
    /// The ids of the runs. Default: all open dead letters (of `job_id` and `cause`, if given), at most 1000.
    #[serde(default)]
    #[schemars(length(max = 1000), inner(length(max = 100)))]
    pub ids: Option<Vec<String>>,
    /// Selects only dead letters of this job.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub job_id: Option<String>,
    /// Selects only dead letters of this cause, as `GET /api/v2/dead-letters/causes` names it.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub cause: Option<String>,
    /// The reason, as free text.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub reason: String,
}

/// An action on dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BulkAction {
    /// Run them again.
    Redrive,
    /// Discard them.
    Discard,
}

/// The result for each dead letter.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct BulkAnswer {
    /// Dead letters that were redriven or discarded, each with the id of its new run, or null.
    pub done: BTreeMap<String, Option<String>>,
    /// Dead letters that could not be changed, each with the reason.
    pub failed: BTreeMap<String, String>,
}

/// A request for a backfill.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackfillRequest {
    /// The job's id.
    #[schemars(length(max = 100))]
    pub job_id: String,
    /// The start of the range: a time with an offset, or a local time in the job's time zone.
    #[schemars(length(max = 64))]
    pub from: String,
    /// The end of the range, which is not included.
    #[schemars(length(max = 64))]
    pub to: String,
    /// The priority of the runs. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 9))]
    pub priority: u8,
    /// Whether to list the fires that would run, without running them. Default: false.
    #[serde(default)]
    pub dry_run: bool,
}

/// A backfill, or the plan for one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum BackfillAnswer {
    /// The backfill that started.
    Started(Backfill),
    /// The plan of a dry run.
    Plan(stepwell::BackfillPlan),
}

/// A step that waits for an approval.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Approval {
    /// The run.
    pub execution_id: String,
    /// The job's id.
    pub job_id: String,
    /// The step.
    pub step_id: String,
    /// The message to the approvers.
    pub message: String,
    /// The approvers.
    pub approvers: Vec<String>,
    /// Whether the person who started the run, or edited its job, may not approve it.
    pub separation: bool,
    /// The time at which the step started to wait.
    pub since: Option<Timestamp>,
    /// The time at which the approval times out.
    pub until: Option<Timestamp>,
    /// The digest of the requested approval: the job, the message, and the known configurations of
    /// later steps. A decision that names it is refused when the content has changed. Null for a run of
    /// an earlier version.
    pub digest: Option<String>,
    /// The digest of the job's definition.
    pub job_digest: String,
    /// The digests of the known configurations: that of the step after the approval, filled in, and
    /// those of later steps without expressions. A step whose configuration has changed when its turn
    /// comes does not run.
    pub steps: BTreeMap<String, String>,
}

/// A step that waits for an approval, with the configurations that the approval covers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ApprovalDetails {
    #[serde(flatten)]
    pub approval: Approval,
    /// The configurations behind the digests in `steps`, in the order of the job.
    pub configurations: Vec<ApprovedStep>,
}

/// A step type.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Step {
    /// The name of the type.
    pub step_type: String,
    /// The active version.
    pub version: String,
    /// A one-line summary.
    pub summary: String,
    /// The digest of the component, `sha256:...`; null for `approval`, which belongs to the engine.
    pub digest: Option<String>,
    /// Whether the step is idempotent: running it twice has the same effect as running it once.
    pub idempotent: bool,
    /// The smallest profile that the step works in; null for `approval`.
    pub profile: Option<&'static str>,
    /// The limits of that profile, by name.
    pub limits: BTreeMap<&'static str, String>,
    /// The capabilities that the step needs or can use.
    pub needs: Vec<Need>,
    /// The JSON Schema of the step's configuration.
    pub config_schema: Value,
    /// The registered versions, newest first; empty for `approval`.
    pub versions: Vec<StepVersion>,
}

/// A stored job that uses a step type.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepJob {
    /// The id of the job.
    pub job_id: String,
    /// The steps of that type: the id of each, and its `type` as the job writes it.
    pub steps: BTreeMap<String, String>,
}

/// The body of `POST /api/v2/steps/{id}/rollback`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RollbackRequest {
    /// The version (`1`, `1.2` or `1.2.3`) or the digest to activate. Default: the version registered
    /// before the active one.
    #[schemars(length(max = 100))]
    pub version: Option<String>,
}

/// The outcome of an attempt of a step, and the resources that it used.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepReceipt {
    /// The step.
    pub step_id: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The outcome of the attempt.
    pub outcome: Outcome,
    /// The resources that the attempt used.
    pub receipt: Receipt,
}

/// A file in the workspace of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Artifact {
    /// The path in the workspace.
    pub path: String,
    /// The size in bytes.
    pub bytes: u64,
}

/// The result of a clean-up.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CleanedUp {
    /// The number of runs that were removed, or would be removed.
    pub runs: usize,
    /// The number of runs that are old enough but stay, because their dead letters are open.
    pub kept_dead: usize,
    /// Whether this was a dry run, which removes nothing.
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
    /// The time at which the run is due, with an offset or as a local time in the job's time zone.
    #[schemars(length(max = 64))]
    pub scheduled_time: String,
}

/// The response of `POST /api/v2/jobs/schedule`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Scheduled {
    pub success: bool,
    pub message: String,
    pub job_id: String,
    /// The run, which waits until that time.
    pub execution_id: String,
    /// The effect of a clock change on the local time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub scheduled_time: String,
    pub timezone: String,
    pub status: String,
}

/// The response of `GET /api/v2/execution/status`.
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

/// The response of `GET /api/v2/steps/types`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepTypes {
    pub success: bool,
    pub step_types: Vec<String>,
    pub count: usize,
    pub timestamp: String,
}

/// The response of `POST /api/jobs/{id}/run`.
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

//! The table of all operations.

use axum::http::Method;
use axum::routing::{MethodRouter, delete, get, post, put};
use chrono_tz::Tz;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use stepwell::Role;
use stepwell::engine::document::cut;
use stepwell::engine::label;
use stepwell::engine::store::DeadLetter;

use super::App;
use super::handlers as h;
use super::history;
use super::keys;
use super::{
    atlantis as al, audit, causes, jobs, locks as l, logs, observe, outputs, policies, runs as r, sources,
    steps as s, times as t, v2, workers as w,
};

/// An operation of the API.
pub(crate) struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    /// The role that it needs. `None` when it needs no key.
    pub role: Option<Role>,
    pub summary: &'static str,
    /// The parameters of the query: name, type and description.
    pub query: Query,
    /// The schema of its body.
    pub body: Option<&'static str>,
    /// The status of a success, and the schema or media type of its response.
    pub success: (u16, &'static str),
    /// Whether it may take longer than other requests.
    pub waits: bool,
    pub handler: fn() -> MethodRouter<App>,
    /// The equivalent command.
    pub command: &'static str,
}

/// Parameters of a query: name, type and description.
type Query = &'static [(&'static str, Takes, &'static str)];

/// The type of a parameter of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Text,
    /// The id of a job, which does not have to be stored: runs and the ledger outlive their jobs.
    Job,
    /// The name of a queue, which is a time zone.
    Queue,
    /// The class of a dead letter.
    Class,
    Switch,
    /// A whole number in this range, inclusive.
    Whole(u32, u32),
}

impl Takes {
    /// Returns the JSON Schema of the type.
    pub fn schema(self) -> Value {
        match self {
            Self::Text | Self::Queue => json!({"type": "string"}),
            Self::Job => json!({"type": "string", "minLength": 1}),
            Self::Class => json!({"type": "string", "enum": DeadLetter::classes()}),
            Self::Switch => json!({"type": "boolean"}),
            Self::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        }
    }

    /// Returns the accepted values, if `value` is not one of them.
    fn wrong(self, value: &str) -> Option<String> {
        match self {
            Self::Text => None,
            Self::Job => (value.is_empty() || label::problem(value).is_some())
                .then(|| "the id of a job: not empty, and without control characters".to_owned()),
            Self::Queue => {
                value.parse::<Tz>().is_err().then(|| "a time zone, such as Europe/Berlin".to_owned())
            }
            Self::Class => {
                let classes = DeadLetter::classes();
                (!classes.contains(&value)).then(|| format!("one of {}", classes.join(", ")))
            }
            Self::Switch => (!matches!(value, "true" | "false")).then(|| "true or false".to_owned()),
            Self::Whole(least, most) => {
                let fits = value.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number));
                (!fits).then(|| format!("a whole number from {least} to {most}"))
            }
        }
    }
}

const LIMIT: Takes = Takes::Whole(1, 1000);

const PAGE: Query = &[
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];

macro_rules! operations {
    ($($method:ident $path:literal $id:ident $role:ident $handler:expr, $summary:literal, query $query:expr, body $body:expr, gives $status:literal $schema:literal, waits $waits:literal, command $command:literal;)*) => {
        /// Constants for the operations by id, so that a client cannot call one that does not exist.
        #[allow(non_upper_case_globals, reason = "they are the ids of the OpenAPI document")]
        impl Operation {
            $(pub const $id: Self = Self {
                method: stringify!($method),
                path: $path,
                id: stringify!($id),
                role: role::$role,
                summary: $summary,
                query: $query,
                body: $body,
                success: ($status, $schema),
                waits: $waits,
                handler: || $method($handler),
                command: $command,
            };)*
        }

        /// All operations.
        pub(crate) const TABLE: &[Operation] = &[$(Operation::$id,)*];
    };
}

#[allow(non_upper_case_globals, reason = "they read as words in the table")]
mod role {
    use super::Role;
    pub const public: Option<Role> = None;
    pub const worker: Option<Role> = Some(Role::Worker);
    pub const viewer: Option<Role> = Some(Role::Viewer);
    pub const operator: Option<Role> = Some(Role::Operator);
    pub const admin: Option<Role> = Some(Role::Admin);
}

const NONE: Query = &[];
const RUNS: Query = &[
    ("job_id", Takes::Job, "Only runs of this job."),
    ("queue", Takes::Queue, "Only runs of this queue."),
    ("status", Takes::Text, "Only runs with this status."),
    (
        "oldest_first",
        Takes::Switch,
        "Lists the oldest run first. Default: false, which lists the newest first.",
    ),
    ("steps", Takes::Switch, "Adds the step of each running run, to at most 50 runs. Default: false."),
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];
const JOBS: Query = &[
    (
        "q",
        Takes::Text,
        "Only jobs with this text in their id, their name or a tag (`metadata.tags`), in any case.",
    ),
    ("scheduled", Takes::Switch, "Only jobs with a schedule, or only jobs without one."),
    ("enabled", Takes::Switch, "Only enabled jobs, or only disabled ones."),
    ("fields", Takes::Text, "`summary`: without the definitions, and with the last run. Default: `all`."),
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];
const SCHEDULES: Query = &[
    ("queue", Takes::Queue, "Only schedules of this queue."),
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];
const FIRES: Query = &[
    ("job_id", Takes::Job, "Only fires of this job."),
    ("queue", Takes::Queue, "Only fires of this queue."),
    ("from", Takes::Text, "Only fires at or after this time (RFC 3339). Default: now."),
    (
        "to",
        Takes::Text,
        "Only fires before this time (RFC 3339), at most 400 days later. Default: 24 hours later.",
    ),
    (
        "apart",
        Takes::Whole(0, 44_640),
        "Least number of minutes between two fires of one schedule; others are left out. Default: 0, which lists every fire.",
    ),
    ("limit", LIMIT, "Maximum number of fires. Default: 100."),
];
const RUN: Query = &[
    (
        "values",
        Takes::Switch,
        "Whether the answer has the outputs and the metadata of the steps. Default: true.",
    ),
    ("wait", Takes::Whole(0, 300), "Number of seconds to wait until the run has ended. Default: 0."),
];
const RECEIPTS: Query = &[("step", Takes::Text, "Only attempts of this step.")];
const PREVIEW: Query = &[
    ("count", Takes::Whole(1, 1000), "Number of fires. Default: 20."),
    ("from", Takes::Text, "From that time: with an offset, or a wall time of the job's zone. Default: now."),
];
const LEDGER: Query = &[
    ("job_id", Takes::Job, "Only fires of this job."),
    ("decision", Takes::Text, "Only fires with this decision."),
    ("from", Takes::Text, "Only fires due at or after this time (RFC 3339)."),
    ("to", Takes::Text, "Only fires due before this time (RFC 3339)."),
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];
const REGISTER: Query = &[
    (
        "force",
        Takes::Switch,
        "Registers the component even if stored jobs would not be valid with it, or another component has its version.",
    ),
    (
        "replace",
        Takes::Switch,
        "Lets the component replace a built-in step, without the grants of policies that name that step.",
    ),
];
const REMOVE: Query =
    &[("force", Takes::Switch, "Removes it even if stored jobs would not run without it. Default: false.")];
const LETTERS: Query = &[
    ("state", Takes::Text, "`open`, `redriven` or `discarded`. Default: all."),
    ("job_id", Takes::Job, "Only dead letters of this job."),
    ("class", Takes::Class, "Only dead letters with this class of outcome."),
    ("cause", Takes::Text, "Only dead letters of this cause, as `GET /api/v2/dead-letters/causes` names it."),
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];

const CAUSES: Query = &[("state", Takes::Text, "`open`, `redriven` or `discarded`. Default: `open`.")];

const AUDIT: Query = &[
    ("by", Takes::Text, "Only rows whose actor, or the actor's name, contains this text."),
    ("action", Takes::Text, "Only rows whose action contains this text."),
    ("target", Takes::Text, "Only rows whose target contains this text."),
    (
        "limit",
        LIMIT,
        "Maximum number of items. Default: 100. With a filter, a page may have fewer and still a next one.",
    ),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];

const VERIFY: Query = &[(
    "expect",
    Takes::Text,
    "A row that must be in the log: the `head` of an earlier check. Default: none.",
)];

const LOCKS: Query = &[
    ("prefix", Takes::Text, "Only locks whose names begin with this text."),
    ("limit", LIMIT, "Maximum number of items. Default: 100."),
    ("cursor", Takes::Text, "`next_cursor` of the previous page."),
];
const CHECK: Query = &[("token", Takes::Text, "The token that came with the lock.")];
const TICKET: Query = &[(
    "wait",
    Takes::Whole(0, 300),
    "Number of seconds to wait until the ticket has its locks or has ended. Default: 0.",
)];
const LOCK_EVENTS: Query = &[
    ("name", Takes::Text, "Only events of this lock."),
    (
        "kind",
        Takes::Text,
        "Only events of this kind: `acquired`, `released`, `expired`, `extended`, `waiting`, `timed_out`, `deadlock`, `forced`, `cancelled` or `reordered`.",
    ),
    ("after", Takes::Text, "Only events after the one with this number. Default: none; the newest events."),
    ("limit", LIMIT, "Maximum number of events. Default: 100."),
];
const LOCK_ID: Query = &[(
    "id",
    Takes::Text,
    "The name of the lock, as Atlantis lists it; encoded once, or twice as in its links.",
)];
const DEADLOCKS: Query = &[("limit", Takes::Whole(1, 100), "Maximum number of deadlocks. Default: 20.")];

const HOURS: Query = &[("hours", Takes::Whole(1, 8760), "Number of hours. Default: 24.")];

const SHORT_HOURS: Query = &[("hours", Takes::Whole(1, 744), "Number of hours. Default: 24.")];

const CLEAN_UP: Query = &[
    (
        "days",
        Takes::Whole(0, 36_500),
        "Removes runs that ended more than this many days ago. Default: the retention of the configuration.",
    ),
    ("dry_run", Takes::Switch, "Only counts the runs. Default: false."),
    ("include_dead", Takes::Switch, "Removes runs with open dead letters, too. Default: false."),
];

operations! {
    get "/healthz" liveness public h::liveness, "Checks that the process is alive", query NONE, body None, gives 200 "text/plain", waits false, command "";
    get "/readyz" readiness public observe::readiness, "Checks that the process accepts requests, its store works and its steps are compiled; otherwise returns the reason", query NONE, body None, gives 200 "text/plain", waits false, command "";
    get "/metrics" prometheus viewer observe::metrics, "Metrics of this process for Prometheus: OpenMetrics, or with `Accept: text/plain` the text format 0.0.4", query NONE, body None, gives 200 "text/plain", waits false, command "";
    get "/api/v2/openapi.json" openapi viewer h::openapi, "The OpenAPI document", query NONE, body None, gives 200 "Any", waits false, command "schema openapi";

    post "/api/v2/jobs/execute" executeJob operator v2::execute, "Runs a job and waits for its end", query NONE, body Some("ExecuteRequest"), gives 200 "Run", waits true, command "run FILE";
    post "/api/v2/jobs/schedule" scheduleJob operator v2::schedule, "Runs a job once, at a given time", query NONE, body Some("ScheduleRequest"), gives 200 "Scheduled", waits false, command "schedules once FILE TIME";
    get "/api/v2/execution/status" executionStatus viewer v2::status, "Shows the running runs of each queue", query NONE, body None, gives 200 "EngineStatus", waits false, command "status";
    get "/api/v2/steps/types" stepTypes viewer v2::step_types, "Lists the names of the step types", query NONE, body None, gives 200 "StepTypes", waits false, command "steps list";
    post "/api/jobs/{id}/run" runLegacy operator v2::run_legacy, "Runs a stored job, waits for its end, and returns the legacy response", query NONE, body None, gives 200 "LegacyRun", waits true, command "jobs run ID";

    get "/api/v2/jobs" listJobs viewer jobs::list, "Lists the stored jobs; with `fields=summary`, without their definitions and with their last runs", query JOBS, body None, gives 200 "Jobs", waits false, command "jobs list";
    get "/api/v2/jobs/{id}" getJob viewer h::get_job, "Shows a stored job, with its ETag", query NONE, body None, gives 200 "Job", waits false, command "jobs show ID";
    put "/api/v2/jobs/{id}" putJob operator h::put_job, "Stores a job; honours `If-Match` and `If-None-Match: *`", query NONE, body Some("JobDefinition"), gives 200 "Job", waits false, command "jobs put FILE";
    delete "/api/v2/jobs/{id}" deleteJob operator h::delete_job, "Removes a stored job and its schedule; its runs and its ledger stay", query NONE, body None, gives 204 "", waits false, command "jobs delete ID";
    post "/api/v2/jobs/{id}/run" runJob operator h::run_job, "Runs a stored job without waiting for its end", query NONE, body Some("RunRequest"), gives 202 "Accepted", waits false, command "jobs run ID";

    get "/api/v2/jobs/{id}/versions" listJobVersions viewer jobs::versions, "Lists the last 50 versions of a stored job: the actor and the time of each", query NONE, body None, gives 200 "JobVersions", waits false, command "jobs versions ID";
    get "/api/v2/jobs/{id}/versions/{version}" getJobVersion viewer jobs::version, "Shows a version of a stored job", query NONE, body None, gives 200 "JobVersion", waits false, command "jobs show ID --version N";
    post "/api/v2/jobs/validate" validateJob operator h::validate_job, "Checks a job without storing or running it", query NONE, body Some("JobDefinition"), gives 200 "CheckedJob", waits false, command "validate FILE";
    post "/api/v2/jobs/preview" previewJob operator h::preview_job, "Shows the next fires of a job that is not stored", query PREVIEW, body Some("JobDefinition"), gives 200 "Preview", waits false, command "schedules preview FILE";

    get "/api/v2/schedules" listSchedules viewer t::list_schedules, "Lists the schedules of the stored jobs, without the definitions of the jobs", query SCHEDULES, body None, gives 200 "Schedules", waits false, command "schedules list";
    get "/api/v2/fires" listFires viewer t::fires, "Lists the coming fires of all schedules, the earliest first", query FIRES, body None, gives 200 "ComingFires", waits false, command "schedules coming";
    get "/api/v2/schedules/{id}" getSchedule viewer h::get_schedule, "Shows the next fire of a schedule, and the actor who paused it", query NONE, body None, gives 200 "Schedule", waits false, command "schedules show ID";
    get "/api/v2/schedules/{id}/preview" previewSchedule viewer h::preview, "Lists the next fires, and the effect of clock changes on them", query PREVIEW, body None, gives 200 "Preview", waits false, command "schedules preview ID";
    post "/api/v2/schedules/{id}/pause" pauseSchedule operator h::pause_schedule, "Pauses a schedule", query NONE, body Some("Reason"), gives 204 "", waits false, command "schedules pause ID";
    post "/api/v2/schedules/{id}/resume" resumeSchedule operator h::resume_schedule, "Resumes a schedule", query NONE, body None, gives 204 "", waits false, command "schedules resume ID";
    get "/api/v2/ledger" listLedger viewer history::ledger, "Lists the fire ledger: the decision about each fire that was due", query LEDGER, body None, gives 200 "Ledger", waits false, command "ledger";
    get "/api/v2/backfills" listBackfills viewer history::list_backfills, "Lists the backfills", query PAGE, body None, gives 200 "Backfills", waits false, command "backfills list";
    post "/api/v2/backfills" startBackfill operator history::start_backfill, "Runs the fires of a range that have no run yet; with `dry_run`, only lists them", query NONE, body Some("BackfillRequest"), gives 200 "BackfillAnswer", waits false, command "backfills start JOB FROM TO";
    get "/api/v2/backfills/{id}" getBackfill viewer history::get_backfill, "Shows a backfill and its progress", query NONE, body None, gives 200 "Backfill", waits false, command "backfills show ID";
    post "/api/v2/backfills/{id}/cancel" cancelBackfill operator history::cancel_backfill, "Stops a backfill; the runs that it has admitted continue", query NONE, body None, gives 200 "Backfill", waits false, command "backfills cancel ID";

    get "/api/v2/runs" listRuns viewer r::list, "Lists runs, newest first", query RUNS, body None, gives 200 "Runs", waits false, command "runs list";
    get "/api/v2/runs/{id}" getRun viewer r::get, "Shows a run and its steps; with `wait`, when it has ended", query RUN, body None, gives 200 "Run", waits true, command "runs show ID";
    post "/api/v2/runs/{id}/cancel" cancelRun operator r::cancel, "Cancels a run", query NONE, body Some("Reason"), gives 202 "RunRow", waits false, command "runs cancel ID";
    post "/api/v2/runs/{id}/retry" retryRun operator r::retry, "Runs a run that has ended again, as a new run", query NONE, body Some("RetryRequest"), gives 202 "Accepted", waits false, command "runs retry ID";
    get "/api/v2/runs/{id}/explain" explainRun viewer r::explain, "Explains why a run does not start or continue, and how to fix it", query NONE, body None, gives 200 "Explanation", waits false, command "explain ID";
    get "/api/v2/runs/{id}/job" getRunJob viewer r::job, "Shows the job of a run, as it was when the run was admitted", query NONE, body None, gives 200 "JobDefinition", waits false, command "";
    get "/api/v2/runs/{id}/logs" runLogs viewer logs::logs, "Returns the log as text; with `Accept: text/event-stream`, follows it (SSE, `Last-Event-ID`)", query NONE, body None, gives 200 "text/plain", waits true, command "runs logs ID";
    get "/api/v2/runs/{id}/receipts" runReceipts viewer r::receipts, "Shows the resources of each attempt: fuel, memory, time, calls to the host", query RECEIPTS, body None, gives 200 "Receipts", waits false, command "runs show ID --output json";
    get "/api/v2/runs/{id}/timeline" runTimeline viewer r::timeline, "Shows the origin of a run, and the times of its attempts", query NONE, body None, gives 200 "Timeline", waits false, command "runs timeline ID";
    get "/api/v2/runs/{id}/steps/{step}/limits" stepLimits viewer r::limits, "Shows the limits of a step of a run under the present policy", query NONE, body None, gives 200 "StepLimits", waits false, command "policy show JOB";
    get "/api/v2/runs/{id}/steps/{step}/output" stepOutput viewer outputs::step_output, "Returns the whole output value of a step", query NONE, body None, gives 200 "Any", waits false, command "run FILE --output json";
    get "/api/v2/runs/{id}/artifacts" runArtifacts viewer r::artifacts, "Lists the files in the workspace of a run", query NONE, body None, gives 200 "Artifacts", waits false, command "runs artifacts ID";
    get "/api/v2/runs/{id}/artifacts/{*path}" runArtifact viewer r::artifact, "Downloads a file from the workspace of a run", query NONE, body None, gives 200 "application/octet-stream", waits true, command "";
    post "/api/v2/runs/{id}/approvals/{step}" decideApproval operator r::decide, "Approves or rejects a step that waits for an approval", query NONE, body Some("Decision"), gives 200 "Run", waits false, command "approvals approve|reject ID STEP";
    get "/api/v2/runs/{id}/approvals/{step}" getApproval viewer r::approval, "Shows an approval that a run waits for, with the configurations that it covers", query NONE, body None, gives 200 "ApprovalDetails", waits false, command "approvals show ID STEP";
    get "/api/v2/approvals" listApprovals viewer r::approvals, "Lists the runs that wait for an approval", query PAGE, body None, gives 200 "Approvals", waits false, command "approvals list";

    get "/api/v2/dead-letters" listDeadLetters viewer history::list_dead_letters, "Lists failed, timed-out and expired runs that need attention", query LETTERS, body None, gives 200 "DeadLetters", waits false, command "dead-letters list";
    get "/api/v2/dead-letters/causes" deadLetterCauses viewer causes::causes, "Groups dead letters by cause: the class of the outcome, and the message without its names and numbers", query CAUSES, body None, gives 200 "Causes", waits false, command "dead-letters causes";
    get "/api/v2/dead-letters/{id}" getDeadLetter viewer history::get_dead_letter, "Shows a dead letter", query NONE, body None, gives 200 "DeadLetter", waits false, command "dead-letters show ID";
    post "/api/v2/dead-letters/{id}/redrive" redriveDeadLetter operator history::redrive, "Runs a dead letter again, with an edited job if the body has one", query NONE, body Some("RetryRequest"), gives 202 "Accepted", waits false, command "dead-letters redrive ID";
    post "/api/v2/dead-letters/{id}/discard" discardDeadLetter operator history::discard, "Closes a dead letter without running it again", query NONE, body Some("Reason"), gives 200 "DeadLetter", waits false, command "dead-letters discard ID";
    post "/api/v2/dead-letters/bulk" bulkDeadLetters operator history::bulk, "Redrives or discards several dead letters", query NONE, body Some("BulkRequest"), gives 200 "BulkAnswer", waits false, command "dead-letters redrive|discard --all";

    get "/api/v2/queues" listQueues viewer h::list_queues, "Lists the queues with their depth, age, concurrency and pauses", query NONE, body None, gives 200 "Queues", waits false, command "queues list";
    post "/api/v2/queues/{id}/pause" pauseQueue operator h::pause_queue, "Pauses a queue: none of its runs start", query NONE, body Some("Reason"), gives 204 "", waits false, command "queues pause ZONE";
    post "/api/v2/queues/{id}/resume" resumeQueue operator h::resume_queue, "Resumes a queue", query NONE, body None, gives 204 "", waits false, command "queues resume ZONE";

    get "/api/v2/locks" listLocks viewer l::list, "Lists the locks of the project that are held or waited for", query LOCKS, body None, gives 200 "Locks", waits false, command "locks list";
    post "/api/v2/locks" acquireLock operator l::acquire, "Takes one lock, or several at once; waits for them as long as the client prefers", query NONE, body Some("AcquireRequest"), gives 200 "LockTicket", waits true, command "locks acquire NAME";
    get "/api/v2/locks/{name}" getLock viewer l::show, "Shows a lock with its holders, and its queue in the expected order", query NONE, body None, gives 200 "Lock", waits false, command "locks show NAME";
    get "/api/v2/locks/{name}/check" checkLock viewer l::check, "Checks whether a token holds a lock", query CHECK, body None, gives 200 "TokenCheck", waits false, command "locks check NAME TOKEN";
    post "/api/v2/locks/{name}/extend" extendLock operator l::extend, "Sets the end of a lease", query NONE, body Some("ExtendRequest"), gives 200 "HeldLock", waits false, command "locks extend NAME TOKEN";
    post "/api/v2/locks/{name}/release" releaseLock operator l::release, "Releases a lock", query NONE, body Some("ReleaseRequest"), gives 204 "", waits false, command "locks release NAME TOKEN";
    post "/api/v2/locks/{name}/force-release" forceReleaseLock admin l::force_release, "Takes a lock away from one holder, or from all", query NONE, body Some("ForceReleaseRequest"), gives 200 "ForceReleased", waits false, command "locks force-release NAME";
    get "/api/v2/lock-tickets/{id}" getLockTicket viewer l::ticket, "Shows a request for locks; with `wait`, when it has its locks or has ended", query TICKET, body None, gives 200 "LockTicket", waits true, command "locks acquire NAME";
    post "/api/v2/lock-tickets/{id}/renew" renewLockTicket operator l::renew_ticket, "Sets the ends of all leases of a request, without an event", query NONE, body Some("RenewRequest"), gives 200 "LockTicket", waits false, command "locks with NAME";
    delete "/api/v2/lock-tickets/{id}" endLockTicket operator l::end_ticket, "Ends a request: its wait, or all its locks", query NONE, body None, gives 200 "LockTicket", waits false, command "locks cancel TICKET";
    get "/api/v2/lock-events" listLockEvents viewer l::events, "Lists events of locks, the oldest first; with `Accept: text/event-stream`, follows them (SSE, `Last-Event-ID`)", query LOCK_EVENTS, body None, gives 200 "LockEvents", waits true, command "locks events";
    get "/api/v2/lock-deadlocks" listLockDeadlocks viewer l::deadlocks, "Lists the newest deadlocks, with their cycles", query DEADLOCKS, body None, gives 200 "LockDeadlocks", waits false, command "locks deadlocks";

    get "/api/v2/workers" listWorkers viewer w::list, "Lists the workers outside of Stepwell: their functions, their last sign of life, and their work in hand", query PAGE, body None, gives 200 "RemoteWorkers", waits false, command "workers list";
    post "/api/v2/workers/register" registerWorker worker w::register, "Registers a worker with its functions", query NONE, body Some("NewWorker"), gives 201 "RegisteredWorker", waits false, command "";
    post "/api/v2/workers/{worker}/poll" pollWork worker w::poll, "Takes work for a worker; with `Prefer: wait=N`, waits for it", query NONE, body Some("PollRequest"), gives 200 "WorkItems", waits true, command "";
    post "/api/v2/workers/{worker}/leave" leaveWorker worker w::leave, "Removes a worker; work that it still has is lost", query NONE, body None, gives 204 "", waits false, command "";
    post "/api/v2/workers/{worker}/work/{work}/heartbeat" heartbeatWork worker w::heartbeat, "Moves the end of the lease of work, and says whether the work is cancelled", query NONE, body Some("HeartbeatRequest"), gives 200 "Heartbeat", waits false, command "";
    post "/api/v2/workers/{worker}/work/{work}/complete" completeWork worker w::complete, "Ends work with the output of its step", query NONE, body Some("CompleteRequest"), gives 204 "", waits false, command "";
    post "/api/v2/workers/{worker}/work/{work}/fail" failWork worker w::fail, "Ends work with a failure", query NONE, body Some("FailRequest"), gives 204 "", waits false, command "";
    get "/api/locks" legacyLocks viewer al::list, "Lists the locks of Atlantis, as Atlantis does", query NONE, body None, gives 200 "Any", waits false, command "";
    get "/lock" legacyLock viewer al::get, "Shows a lock of Atlantis", query LOCK_ID, body None, gives 200 "Any", waits false, command "";
    delete "/locks" deleteLegacyLock operator al::delete, "Releases a lock of Atlantis, as Atlantis does", query LOCK_ID, body None, gives 200 "text/plain", waits false, command "";
    post "/apply/lock" lockApply operator al::lock_apply, "Locks the command `apply` of Atlantis, as Atlantis does", query NONE, body None, gives 200 "text/plain", waits false, command "";
    delete "/apply/unlock" unlockApply operator al::unlock_apply, "Releases the lock of the command `apply` of Atlantis, as Atlantis does", query NONE, body None, gives 200 "text/plain", waits false, command "";
    post "/api/enhanced-locks/try-lock" tryLegacyLock operator al::try_lock, "Takes locks of Atlantis, all of them or none, in the system that serves them", query NONE, body Some("TryLockRequest"), gives 200 "Any", waits true, command "";
    post "/api/enhanced-locks/unlock-pull" unlockLegacyPull operator al::unlock_pull, "Releases the locks of a pull request, in both systems", query NONE, body Some("UnlockPullRequest"), gives 200 "Any", waits false, command "";
    get "/api/enhanced-locks/config/mapping" lockConfigMapping viewer al::mapping, "Shows the settings of the locks of Atlantis, each with its origin", query NONE, body None, gives 200 "Any", waits false, command "config validate --enhanced-locking";
    get "/api/enhanced-locks/compatibility/metrics" lockCompatibilityMetrics viewer al::metrics, "Shows latencies, memory and errors of both systems, with a recommendation", query NONE, body None, gives 200 "Any", waits false, command "";
    get "/api/enhanced-locks/compatibility/comparison" lockComparison viewer al::comparison, "Compares both systems", query NONE, body None, gives 200 "Any", waits false, command "";
    get "/api/enhanced-locks/data/validate" validateLegacyLocks viewer al::validate, "Checks the store of Atlantis: damage, old keys and duplicates, with the repairs on offer", query NONE, body None, gives 200 "Any", waits false, command "locks validate";
    get "/api/enhanced-locks/debug/differences" lockDifferences admin al::differences, "Lists the different answers of both systems; needs the feature `debug-endpoints`", query NONE, body None, gives 200 "Any", waits false, command "";
    get "/api/enhanced-locks/migration" lockMigration viewer al::migration, "Shows the step of the migration, and the number of locks in each system", query NONE, body None, gives 200 "Any", waits false, command "locks migrate status";
    post "/api/enhanced-locks/migration" setLockMigration admin al::migrate, "Changes the step of the migration, and moves locks", query NONE, body Some("MigrateRequest"), gives 200 "Any", waits false, command "locks migrate --mode MODE";
    post "/api/enhanced-locks/migration/advance" advanceLockMigration admin al::advance, "Takes the next step of the migration, when the comparison recommends it", query NONE, body Some("AdvanceRequest"), gives 200 "Any", waits false, command "locks migrate advance";
    post "/api/enhanced-locks/migration/rollback" rollBackLockMigration admin al::roll_back, "Moves all locks back to Atlantis, and ends the migration", query NONE, body None, gives 200 "Any", waits false, command "locks migrate rollback";

    get "/api/v2/steps" listSteps viewer s::list, "Lists the step types with their descriptors and versions", query NONE, body None, gives 200 "Steps", waits false, command "steps list";
    get "/api/v2/steps/{id}" getStep viewer s::get, "Shows a step type, or one version of it (`TYPE@VERSION`)", query NONE, body None, gives 200 "Step", waits false, command "steps inspect TYPE";
    get "/api/v2/steps/{id}/jobs" stepJobs viewer s::jobs, "Lists the stored jobs that use a step type", query PAGE, body None, gives 200 "StepJobs", waits false, command "steps jobs TYPE";
    post "/api/v2/steps" registerStep admin s::register, "Registers a component (`application/wasm`) as the active version of its step type, on every node", query REGISTER, body None, gives 201 "ActivatedStep", waits true, command "steps register FILE";
    post "/api/v2/steps/{id}/rollback" rollbackStep admin s::roll_back, "Activates an earlier version of a registered step", query NONE, body Some("RollbackRequest"), gives 200 "ActivatedStep", waits true, command "steps rollback TYPE [VERSION]";
    delete "/api/v2/steps/{id}" removeStep admin s::remove, "Removes a registered step, or one version of it (`TYPE@VERSION`)", query REMOVE, body None, gives 204 "", waits false, command "steps remove TYPE";
    get "/api/v2/policy/{id}" showPolicy viewer policies::show, "Shows the grant of policy to each step of a stored job, and the origin of each part", query NONE, body None, gives 200 "StepGrants", waits false, command "policy show FILE";
    post "/api/v2/policy/preview" previewPolicy operator policies::preview, "Shows the grant that each step of a job would get, or its denial with the fix", query NONE, body Some("JobDefinition"), gives 200 "StepGrants", waits false, command "policy show FILE";
    get "/api/v2/connections" listConnections viewer sources::list_connections, "Lists the connections to databases, without secrets", query NONE, body None, gives 200 "Connections", waits false, command "connections list";
    post "/api/v2/connections/{id}/test" testConnection admin sources::test_connection, "Logs in to a connection, and shows the version of its server", query NONE, body None, gives 200 "Test", waits false, command "connections test NAME";
    get "/api/v2/azure-devops" listOrganizations viewer sources::list_organizations, "Lists the Azure DevOps organizations with the state of their circuit breakers, without secrets", query NONE, body None, gives 200 "Organizations", waits false, command "";
    post "/api/v2/azure-devops/{id}/test" testOrganization admin sources::test_organization, "Logs in to an Azure DevOps organization", query NONE, body None, gives 200 "Test", waits false, command "";
    get "/api/v2/metrics" getMetrics viewer h::metrics, "Summarizes the runs of the last hours", query HOURS, body None, gives 200 "Metrics", waits false, command "metrics --hours 24";
    get "/api/v2/metrics/by-hour" metricsByHour viewer t::by_hour, "Counts the runs that ended in each of the last hours", query SHORT_HOURS, body None, gives 200 "HoursOfRuns", waits false, command "metrics --by-hour";
    get "/api/v2/system/health" systemHealth viewer h::health, "Checks each part of the service", query NONE, body None, gives 200 "Health", waits false, command "health";
    post "/api/v2/system/clean-up" cleanUp admin h::clean_up, "Removes ended runs that are older than the retention or than `days`; keeps those with open dead letters", query CLEAN_UP, body None, gives 200 "CleanedUp", waits false, command "clean-up --days 30";
    get "/api/v2/audit" listAudit admin audit::list, "Lists the audit log, newest first", query AUDIT, body None, gives 200 "AuditLog", waits false, command "audit";
    get "/api/v2/audit/verify" verifyAudit admin audit::verify, "Checks the chain of hashes over the audit log, and names the first changed row", query VERIFY, body None, gives 200 "AuditReport", waits true, command "audit verify";
    get "/api/v2/keys" listKeys admin keys::list, "Lists the API keys, without their secrets", query NONE, body None, gives 200 "Keys", waits false, command "keys list";
    post "/api/v2/keys" createKey admin keys::create, "Creates an API key; only this response shows its secret", query NONE, body Some("KeyRequest"), gives 201 "NewKey", waits false, command "keys create NAME --role viewer";
    get "/api/v2/sessions" listSessions admin keys::sessions, "Lists the sessions of people in the web UI, the one used last first", query NONE, body None, gives 200 "Sessions", waits false, command "sessions list";
    delete "/api/v2/sessions/{id}" endSession admin keys::end_session, "Ends a session", query NONE, body None, gives 204 "", waits false, command "sessions end ID";
    delete "/api/v2/keys/{id}" revokeKey admin keys::revoke, "Revokes an API key", query NONE, body None, gives 204 "", waits false, command "keys revoke ID";
}

/// Operations on resources that belong to no project: they need their role in all projects.
const EVERYWHERE: &[Operation] = &[
    Operation::pauseQueue,
    Operation::resumeQueue,
    Operation::registerStep,
    Operation::rollbackStep,
    Operation::removeStep,
    Operation::cleanUp,
    Operation::listAudit,
    Operation::verifyAudit,
    Operation::testConnection,
    Operation::testOrganization,
    Operation::listKeys,
    Operation::createKey,
    Operation::revokeKey,
    Operation::listSessions,
    Operation::endSession,
    Operation::prometheus,
    Operation::legacyLocks,
    Operation::legacyLock,
    Operation::deleteLegacyLock,
    Operation::lockApply,
    Operation::unlockApply,
    Operation::tryLegacyLock,
    Operation::unlockLegacyPull,
    Operation::lockConfigMapping,
    Operation::lockCompatibilityMetrics,
    Operation::lockComparison,
    Operation::validateLegacyLocks,
    Operation::lockDifferences,
    Operation::lockMigration,
    Operation::setLockMigration,
    Operation::advanceLockMigration,
    Operation::rollBackLockMigration,
];

impl Operation {
    /// Returns the problem with the query of a request: an unknown parameter, or a value that its parameter
    /// does not accept.
    pub fn query_problem(&self, query: &str) -> Option<String> {
        if percent_decode_str(query).decode_utf8().is_err() {
            return Some("the query has bytes that are not UTF-8".to_owned());
        }
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let own = if name == "job" { "job_id" } else { &*name };
            if seen.iter().any(|seen| seen == own) {
                return Some(format!("the query has `{}` twice", cut(own, 40)));
            }
            // `job` is the name of `job_id` in the command.
            let known = |known: &str| *known == *name || known == "job_id" && *name == *"job";
            match self.query.iter().find(|(parameter, ..)| known(parameter)) {
                Some((_, takes, _)) => {
                    if let Some(right) = takes.wrong(&value) {
                        let (name, value) = (cut(&name, 40), cut(&value, 40));
                        return Some(format!("`{name}` must be {right}, not `{value}`"));
                    }
                    seen.push(own.to_owned());
                }
                None => {
                    let names: Vec<&str> = self.query.iter().map(|(name, ..)| *name).collect();
                    let known = match names.as_slice() {
                        [] => "it has no parameters".to_owned(),
                        names => format!("its parameters are {}", names.join(", ")),
                    };
                    return Some(format!("the query has no parameter `{}`: {known}", cut(&name, 40)));
                }
            }
        }
        None
    }

    /// Returns whether it concerns all jobs of a project, so that a key for some of them may not use it. A lock belongs
    /// to no job.
    pub fn of_all_jobs(&self) -> bool {
        self.everywhere() || self.path.starts_with("/api/v2/lock")
    }

    /// Returns whether it concerns resources that belong to no project.
    pub fn everywhere(&self) -> bool {
        EVERYWHERE.iter().any(|operation| operation.id == self.id)
    }
}

/// Returns the operation with this method, and this path in the notation of the router.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Operation> {
    // A HEAD request is a GET request whose response has no body.
    let name = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    TABLE.iter().find(|operation| operation.method == name && operation.path == path)
}

/// Returns the table of `docs/api.md`.
pub fn markdown() -> String {
    let mut text = String::from("| operation | role | what it does | command |\n|---|---|---|---|\n");
    for operation in TABLE {
        let command = if operation.command.is_empty() {
            String::new()
        } else {
            format!("`stepwell {}`", operation.command.replace('|', "\\|"))
        };
        text.push_str(&format!(
            "| `{} {}` | {} | {} | {command} |\n",
            operation.method.to_uppercase(),
            operation.path,
            operation.role.map_or("none".to_owned(), |role| {
                let everywhere = if operation.everywhere() { ", in all projects" } else { "" };
                format!("{}{everywhere}", role.name())
            }),
            operation.summary,
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::TABLE;
    use crate::cli::Cli;

    /// Arguments follow the names of commands; `a|b` stands for two commands.
    #[test]
    fn each_operation_names_commands_that_exist() {
        let cli = Cli::command();
        for operation in TABLE.iter().filter(|operation| !operation.command.is_empty()) {
            let mut places = vec![&cli];
            for word in operation.command.split(' ') {
                let is_name = word.starts_with(|c: char| c.is_ascii_lowercase());
                if !is_name || !places.iter().any(|place| place.has_subcommands()) {
                    break;
                }
                let below = |name| {
                    let found = places.iter().find_map(|place| place.find_subcommand(name));
                    found.unwrap_or_else(|| panic!("{}: there is no `{name}`", operation.command))
                };
                places = word.split('|').map(below).collect();
            }
            assert!(!std::ptr::eq(places[0], &cli), "{}", operation.command);
        }
    }

    #[test]
    fn ids_and_places_are_unique() {
        for (index, operation) in TABLE.iter().enumerate() {
            let same = |other: &&super::Operation| {
                other.id == operation.id || (other.method, other.path) == (operation.method, operation.path)
            };
            assert!(TABLE.iter().take(index).find(same).is_none(), "{}", operation.id);
        }
    }
}

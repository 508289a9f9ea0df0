//! The command line of what operates.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use stepwell::Role;
use stepwell::engine::run::RunStatus;
use stepwell::engine::schedule::Decision;

use crate::cli::{ApiArgs, Local, Of};

#[derive(Debug, Subcommand)]
pub(crate) enum OperateCommand {
    /// Lists, shows, cancels and retries runs.
    Runs(Of<RunsCommand>),
    /// Explains why a run does not start or continue, and how to fix it.
    Explain {
        /// The run.
        execution_id: String,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Stores, shows, deletes and runs jobs.
    Jobs(Of<JobsCommand>),
    /// Previews, shows, pauses and resumes schedules.
    Schedules(Of<SchedulesCommand>),
    /// Lists the fire ledger: the decision about each nominal fire, newest first.
    Ledger {
        /// Only fires of this job.
        #[arg(long)]
        job: Option<String>,
        /// Only fires with this decision, for instance `missed`.
        #[arg(long, value_parser = decisions())]
        decision: Option<String>,
        /// How many rows at most.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Runs the fires of a time range that have no run.
    Backfills(Of<BackfillsCommand>),
    /// Lists, redrives and discards failed, timed-out and expired runs that need attention.
    #[command(name = "dead-letters")]
    DeadLetters(Of<DeadLettersCommand>),
    /// Lists, shows, approves and rejects steps that wait for an approval.
    Approvals(Of<ApprovalsCommand>),
    /// Lists, pauses and resumes queues.
    Queues(Of<QueuesCommand>),
    /// Shows the state of the queues.
    Status(ApiArgs),
    /// Shows how the runs of the last hours ended.
    Metrics {
        /// How many hours.
        #[arg(long, value_name = "N", default_value_t = 24)]
        hours: u32,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Shows the health of the service and its store. Exits with 1 when a part does not work.
    Health(ApiArgs),
    /// Deletes ended runs that are older than the retention.
    #[command(name = "clean-up")]
    CleanUp {
        /// Deletes runs that ended more than this many days ago instead.
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        /// Only counts what would be deleted.
        #[arg(long)]
        dry_run: bool,
        /// Also deletes runs with open dead letters.
        #[arg(long)]
        include_dead: bool,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Lists the audit log, newest first, or checks it.
    #[command(args_conflicts_with_subcommands = true)]
    Audit {
        #[command(subcommand)]
        command: Option<Box<AuditCommand>>,
        /// How many rows at most.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Creates, lists and revokes API keys.
    Keys(Of<KeysCommand>),
    /// Stores the values of secrets, encrypted, in the `secret_store` of the configuration.
    Secrets(OfNode<SecretsCommand>),
    /// Lists and tests the databases of the configuration.
    Connections(OfNode<ConnectionsCommand>),
}

/// The statuses of runs, for completions and for messages.
fn statuses() -> clap::builder::PossibleValuesParser {
    RunStatus::ALL.iter().map(|status| status.name()).collect::<Vec<_>>().into()
}

/// The decisions of the ledger.
fn decisions() -> clap::builder::PossibleValuesParser {
    Decision::ALL.iter().map(|decision| decision.name()).collect::<Vec<_>>().into()
}

/// A group of commands about this node alone.
#[derive(Debug, Args)]
pub(crate) struct OfNode<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
    #[command(flatten)]
    pub local: Local,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// Lists connections: address and login, never a password.
    List,
    /// Logs in to each connection, checks the login's permissions and shows the server's version. Exits with 1 when a
    /// connection does not work.
    Test {
        /// The connections [default: all].
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Stores a value that it reads from standard input, so that no list of processes and no history shows it.
    Set {
        /// The name; a secret of the configuration refers to it as `store:NAME`.
        name: String,
    },
    /// Lists the names, and the secrets of the configuration that use them.
    List,
    /// Deletes a value.
    Rm {
        /// The name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Lists runs, newest first.
    List {
        /// How many runs at most.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Only runs of this job.
        #[arg(long)]
        job: Option<String>,
        /// Only runs of this queue, for instance Europe/Berlin.
        #[arg(long, value_name = "ZONE")]
        queue: Option<String>,
        /// Only runs with this status.
        #[arg(long, value_parser = statuses())]
        status: Option<String>,
    },
    /// Shows a run and its steps.
    Show {
        /// The run.
        execution_id: String,
        /// Prints only the whole output of this step, as JSON.
        #[arg(long, value_name = "STEP")]
        show_output: Option<String>,
    },
    /// Waits until runs have ended. Exits as `stepwell run` does: with 1 when a run failed.
    Wait {
        /// The runs.
        #[arg(required = true, value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
    },
    /// Prints the log of a run.
    Logs {
        /// The run.
        execution_id: String,
        /// Prints new lines until the run has ended, and exits as `stepwell run` does.
        #[arg(long, short)]
        follow: bool,
    },
    /// Cancels runs.
    Cancel {
        /// The runs.
        #[arg(required = true, value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// The reason, for the record.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
        /// Waits until the runs have ended.
        #[arg(long)]
        wait: bool,
    },
    /// Runs ended runs again, as new runs: each from the step that failed.
    Retry {
        /// The runs.
        #[arg(required = true, value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// From the first step.
        #[arg(long)]
        from_start: bool,
        /// Waits until the new runs have ended.
        #[arg(long)]
        wait: bool,
    },
    /// Shows what each attempt cost: fuel, memory, time.
    Receipts {
        /// The run.
        execution_id: String,
    },
    /// Lists the files of a run's workspace, or prints one.
    Artifacts {
        /// The run.
        execution_id: String,
        /// A file: its content goes to standard output.
        path: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Lists stored jobs.
    List,
    /// Shows a stored job: as YAML that `jobs put` takes, or as JSON.
    Show {
        /// The job.
        id: String,
    },
    /// Stores jobs; their schedules run from then on. Checks every file before it stores the first.
    Put {
        /// Job files, folders of them, or `-` for standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Deletes jobs and their schedules; runs and the ledger stay.
    Delete {
        /// The jobs.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Adds a run of a stored job to its queue; `stepwell serve` runs it. Prints the run's id.
    Run {
        /// The job.
        id: String,
        /// Sets a variable of the job, by the type of its default value. Repeatable.
        #[arg(long = "var", value_name = "NAME=VALUE")]
        vars: Vec<String>,
        /// How urgent the run is, 0 to 9 [default: the job's priority].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=9))]
        priority: Option<u8>,
        /// Waits until the run has ended, shows its summary, and exits as `stepwell run` does.
        #[arg(long)]
        wait: bool,
        /// The same, with the log on standard error.
        #[arg(long, short)]
        follow: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// Lists the schedules of stored jobs.
    List,
    /// Shows the next fires of a job, and the effect of clock changes on them.
    Preview {
        /// A job file, `-` for standard input, or the id of a stored job.
        job: String,
        /// How many fires, 1 to 1000.
        #[arg(long, value_name = "N", default_value_t = 20)]
        count: u32,
        /// Fires after this time [default: now].
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
    },
    /// Shows the progress of a schedule.
    Show {
        /// The job.
        id: String,
    },
    /// Pauses a schedule: the ledger records the fires that come meanwhile, and they do not run.
    Pause {
        /// The job.
        id: String,
        /// The reason, for the record.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Resumes a schedule.
    Resume {
        /// The job.
        id: String,
    },
    /// Runs a job once, at a time.
    Once {
        /// The job file, or `-` for standard input.
        file: PathBuf,
        /// When: with an offset, or a wall time of the job's zone.
        time: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackfillsCommand {
    /// Lists backfills.
    List,
    /// Shows a backfill and its progress.
    Show {
        /// The backfill.
        id: String,
    },
    /// Starts a backfill.
    Start {
        /// The job.
        job: String,
        /// The first time: with an offset, or a wall time of the job's zone.
        from: String,
        /// The end, not included.
        to: String,
        /// How urgent its runs are, 0 to 9.
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=9))]
        priority: u8,
        /// Only shows what would run.
        #[arg(long)]
        dry_run: bool,
    },
    /// Stops a backfill; runs that it has started continue.
    Cancel {
        /// The backfill.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Lists dead letters.
    List {
        /// Which.
        #[arg(long, value_parser = ["open", "redriven", "discarded", "all"], default_value = "open")]
        state: String,
    },
    /// Shows a dead letter.
    Show {
        /// The run.
        execution_id: String,
    },
    /// Runs dead letters again, each from the step that failed.
    Redrive {
        /// The runs.
        #[arg(required_unless_present = "all", value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// Every open dead letter.
        #[arg(long, conflicts_with = "execution_ids")]
        all: bool,
        /// From the first step.
        #[arg(long, conflicts_with = "all")]
        from_start: bool,
        /// With this job file in place of the job that failed; `-` for standard input.
        #[arg(long, value_name = "FILE", conflicts_with = "all")]
        job: Option<PathBuf>,
        /// Waits until the new runs have ended.
        #[arg(long)]
        wait: bool,
    },
    /// Marks dead letters as dealt with.
    Discard {
        /// The runs.
        #[arg(required_unless_present = "all", value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// Every open dead letter.
        #[arg(long, conflicts_with = "execution_ids")]
        all: bool,
        /// The reason, for the record.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Checks the chain of hashes over the audit log, and names the first row that is not as it was written. Exits with 1
    /// when there is one.
    Verify {
        /// A row that must be in the log, as an earlier check printed it.
        #[arg(long, value_name = "NUMBER:HASH")]
        expect: Option<String>,
        #[command(flatten)]
        api: ApiArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// Lists steps that wait for an approval.
    List,
    /// Shows what a step that waits for an approval asks, and the configurations that the approval is about.
    Show {
        /// The run.
        execution_id: String,
        /// The step. Its id differs from that of the option `--step`, which every command has.
        #[arg(id = "approval_step", value_name = "STEP", help = "The step")]
        step: String,
    },
    /// Approves a step.
    Approve(DecisionArgs),
    /// Rejects a step.
    Reject(DecisionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// The run.
    pub execution_id: String,
    /// The step. Its id differs from that of the option `--step`, which every command has.
    #[arg(id = "approval_step", value_name = "STEP", help = "The step")]
    pub step: String,
    /// A comment, for the record.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub comment: String,
    /// The digest of what is approved, as `approvals show` prints it: the decision is refused when something else is asked.
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueuesCommand {
    /// Lists queues.
    List,
    /// Pauses a queue: none of its runs begins, and those that have begun continue.
    Pause {
        /// The time zone.
        zone: String,
        /// The reason, for the record.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Resumes a queue.
    Resume {
        /// The time zone.
        zone: String,
    },
}

/// A role, as an option names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    /// Reads everything but keys and the audit log.
    Viewer,
    /// Runs, cancels, approves and pauses.
    Operator,
    /// Creates keys, registers steps, cleans up and reads the audit log.
    Admin,
}

impl RoleArg {
    pub fn role(self) -> Role {
        match self {
            Self::Viewer => Role::Viewer,
            Self::Operator => Role::Operator,
            Self::Admin => Role::Admin,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Lists API keys, without their secrets.
    List,
    /// Creates an API key. Prints it on standard output: it is not shown again.
    Create {
        /// The person or program that uses the key.
        name: String,
        /// The role of the key.
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleArg,
        /// A project that the key is for; `*` means every project and what belongs to none, such as queues. Repeatable.
        #[arg(long = "for-project", value_name = "PROJECT", default_value = "default")]
        projects: Vec<String>,
        /// A pattern of job ids that the key is for, with `*` [default: every job]. Repeatable.
        #[arg(long = "job", value_name = "PATTERN")]
        jobs: Vec<String>,
        /// How long the key is valid, for instance 30d [default: it never expires].
        #[arg(long, value_name = "SPAN")]
        expires: Option<String>,
    },
    /// Revokes an API key.
    Revoke {
        /// The id of the key, as `keys list` shows it.
        id: String,
    },
}

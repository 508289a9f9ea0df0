//! The command line of operating commands.

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
        /// The id of the run.
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
        /// Lists only fires of this job [default: all jobs].
        #[arg(long)]
        job: Option<String>,
        /// Lists only fires with this decision, for instance `missed` [default: all decisions].
        #[arg(long, value_parser = decisions())]
        decision: Option<String>,
        /// Maximum number of rows.
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
        /// Number of hours to look back.
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
        /// Deletes runs that ended more than this many days ago [default: the retention of
        /// the configuration].
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        /// Counts the runs to delete, and deletes nothing.
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
        /// Maximum number of rows.
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

/// Returns the statuses of runs, for completions and for messages.
fn statuses() -> clap::builder::PossibleValuesParser {
    RunStatus::ALL.iter().map(|status| status.name()).collect::<Vec<_>>().into()
}

/// Returns the decisions of the ledger.
fn decisions() -> clap::builder::PossibleValuesParser {
    Decision::ALL.iter().map(|decision| decision.name()).collect::<Vec<_>>().into()
}

/// A group of commands that concern only this node.
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
        /// The names of the connections [default: all connections].
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Stores a value from standard input, so that neither process lists nor the shell history show it.
    Set {
        /// The name of the secret; the configuration refers to it as `store:NAME`.
        name: String,
    },
    /// Lists the names of secrets, and the secrets of the configuration that use them.
    List,
    /// Deletes a secret.
    Rm {
        /// The name of the secret.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Lists runs, newest first.
    List {
        /// Maximum number of runs.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Lists only runs of this job [default: all jobs].
        #[arg(long)]
        job: Option<String>,
        /// Lists only runs of this queue, for instance Europe/Berlin [default: all queues].
        #[arg(long, value_name = "ZONE")]
        queue: Option<String>,
        /// Lists only runs with this status [default: all statuses].
        #[arg(long, value_parser = statuses())]
        status: Option<String>,
    },
    /// Shows a run and its steps.
    Show {
        /// The id of the run.
        execution_id: String,
        /// Prints only the whole output of this step, as JSON [default: the run and its steps].
        #[arg(long, value_name = "STEP")]
        show_output: Option<String>,
    },
    /// Waits until runs have ended. Exits as `stepwell run` does: with 1 when a run failed.
    Wait {
        /// The ids of the runs.
        #[arg(required = true, value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
    },
    /// Prints the log of a run.
    Logs {
        /// The id of the run.
        execution_id: String,
        /// Prints new lines until the run has ended, and exits as `stepwell run` does.
        #[arg(long, short)]
        follow: bool,
    },
    /// Cancels runs.
    Cancel {
        /// The ids of the runs.
        #[arg(required = true, value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// The reason, for the record [default: none].
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
        /// Waits until the runs have ended.
        #[arg(long)]
        wait: bool,
    },
    /// Runs ended runs again, as new runs: each from the step that failed.
    Retry {
        /// The ids of the runs.
        #[arg(required = true, value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// Starts from the first step, not from the failed step.
        #[arg(long)]
        from_start: bool,
        /// Waits until the new runs have ended.
        #[arg(long)]
        wait: bool,
    },
    /// Shows the cost of each attempt: fuel, memory, time.
    Receipts {
        /// The id of the run.
        execution_id: String,
    },
    /// Lists the files of a run's workspace, or prints one.
    Artifacts {
        /// The id of the run.
        execution_id: String,
        /// The path of a file, whose content goes to standard output [default: none; lists all files].
        path: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Lists stored jobs.
    List,
    /// Shows a stored job, as YAML for `jobs put` or as JSON.
    Show {
        /// The id of the job.
        id: String,
    },
    /// Stores jobs; their schedules are active from then on. Checks every file before it stores the first.
    Put {
        /// Job files, folders of them, or `-` for standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Deletes jobs and their schedules; runs and the ledger stay.
    Delete {
        /// The ids of the jobs.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Adds a run of a stored job to its queue; `stepwell serve` runs it. Prints the run's id.
    Run {
        /// The id of the job.
        id: String,
        /// Sets a variable of the job, converted to the type of its default value. Repeatable [default: the
        /// values in the job].
        #[arg(long = "var", value_name = "NAME=VALUE")]
        vars: Vec<String>,
        /// The priority of the run, 0 to 9, where 9 is the most urgent [default: the job's priority].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=9))]
        priority: Option<u8>,
        /// Waits until the run has ended, shows its summary, and exits as `stepwell run` does.
        #[arg(long)]
        wait: bool,
        /// As --wait, with the log on standard error.
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
        /// Number of fires, 1 to 1000.
        #[arg(long, value_name = "N", default_value_t = 20)]
        count: u32,
        /// Shows fires after this time: with an offset, or a wall time of the job's zone [default: now].
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
    },
    /// Shows the progress of a schedule.
    Show {
        /// The id of the job.
        id: String,
    },
    /// Pauses a schedule: the ledger records the fires during the pause, and they do not run.
    Pause {
        /// The id of the job.
        id: String,
        /// The reason, for the record [default: none].
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Resumes a schedule.
    Resume {
        /// The id of the job.
        id: String,
    },
    /// Runs a job once, at a given time.
    Once {
        /// The job file, or `-` for standard input.
        file: PathBuf,
        /// The time of the run: with an offset, or a wall time of the job's zone.
        time: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackfillsCommand {
    /// Lists backfills.
    List,
    /// Shows a backfill and its progress.
    Show {
        /// The id of the backfill.
        id: String,
    },
    /// Starts a backfill.
    Start {
        /// The id of the job.
        job: String,
        /// The start of the time range: with an offset, or a wall time of the job's zone.
        from: String,
        /// The end of the time range, exclusive.
        to: String,
        /// The priority of its runs, 0 to 9, where 9 is the most urgent.
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=9))]
        priority: u8,
        /// Shows the runs that would start, and starts nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Stops a backfill; runs that it has started continue.
    Cancel {
        /// The id of the backfill.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Lists dead letters.
    List {
        /// The state of the dead letters to list.
        #[arg(long, value_parser = ["open", "redriven", "discarded", "all"], default_value = "open")]
        state: String,
    },
    /// Shows a dead letter.
    Show {
        /// The id of the run.
        execution_id: String,
    },
    /// Runs dead letters again, each from the step that failed.
    Redrive {
        /// The ids of the runs.
        #[arg(required_unless_present = "all", value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// Redrives every open dead letter.
        #[arg(long, conflicts_with = "execution_ids")]
        all: bool,
        /// Starts from the first step, not from the failed step.
        #[arg(long, conflicts_with = "all")]
        from_start: bool,
        /// Runs this job file instead of the failed job; `-` for standard input [default: the failed job].
        #[arg(long, value_name = "FILE", conflicts_with = "all")]
        job: Option<PathBuf>,
        /// Waits until the new runs have ended.
        #[arg(long)]
        wait: bool,
    },
    /// Resolves dead letters without running them again.
    Discard {
        /// The ids of the runs.
        #[arg(required_unless_present = "all", value_name = "EXECUTION_ID")]
        execution_ids: Vec<String>,
        /// Discards every open dead letter.
        #[arg(long, conflicts_with = "execution_ids")]
        all: bool,
        /// The reason, for the record [default: none].
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Checks the chain of hashes over the audit log, and names the first changed row. Exits with 1 if there
    /// is one.
    Verify {
        /// A row that must be in the log, as an earlier check printed it [default: none].
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
    /// Shows the question of an approval step, and the configurations that the approval covers.
    Show {
        /// The id of the run.
        execution_id: String,
        /// The step. Its id differs from that of the option `--step`, which every command has.
        #[arg(id = "approval_step", value_name = "STEP", help = "The id of the step")]
        step: String,
    },
    /// Approves a step.
    Approve(DecisionArgs),
    /// Rejects a step.
    Reject(DecisionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// The id of the run.
    pub execution_id: String,
    /// The step. Its id differs from that of the option `--step`, which every command has.
    #[arg(id = "approval_step", value_name = "STEP", help = "The id of the step")]
    pub step: String,
    /// A comment, for the record [default: none].
    #[arg(long, default_value = "", hide_default_value = true)]
    pub comment: String,
    /// The digest of the approved content, as `approvals show` prints it. The decision is refused if the
    /// content has changed [default: none; any content].
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueuesCommand {
    /// Lists queues.
    List,
    /// Pauses a queue: none of its runs begins, and runs that have begun continue.
    Pause {
        /// The time zone of the queue.
        zone: String,
        /// The reason, for the record [default: none].
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Resumes a queue.
    Resume {
        /// The time zone of the queue.
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
    /// Creates an API key, and prints it on standard output. It is not shown again.
    Create {
        /// The person or program that uses the key.
        name: String,
        /// The role of the key.
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleArg,
        /// A project of the key. `*` means every project and resources of no project, such as
        /// queues. Repeatable.
        #[arg(long = "for-project", value_name = "PROJECT", default_value = "default")]
        projects: Vec<String>,
        /// A pattern of job ids that the key may use, with `*`. Repeatable [default: every job].
        #[arg(long = "job", value_name = "PATTERN")]
        jobs: Vec<String>,
        /// The lifetime of the key, for instance 30d [default: it never expires].
        #[arg(long, value_name = "SPAN")]
        expires: Option<String>,
    },
    /// Revokes an API key.
    Revoke {
        /// The id of the key, as `keys list` shows it.
        id: String,
    },
}

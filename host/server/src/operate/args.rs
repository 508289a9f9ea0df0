//! The command line of what operates.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::api::keys::Role;
use crate::cli::HostArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum OperateCommand {
    /// Says why a run does not start or continue, and what to do about it.
    Explain {
        /// The run.
        execution_id: String,
        #[command(flatten)]
        host: HostArgs,
    },
    /// Keeps jobs, and runs them.
    Jobs(Of<JobsCommand>),
    /// Looks at schedules, pauses and resumes them.
    Schedules(Of<SchedulesCommand>),
    /// Lists the fire ledger: what became of each nominal fire, the latest first.
    Ledger {
        /// Only fires of this job.
        #[arg(long)]
        job: Option<String>,
        /// Only fires with this decision, for instance `missed`.
        #[arg(long)]
        decision: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        host: HostArgs,
    },
    /// Runs the fires of a range that have no run.
    Backfills(Of<BackfillsCommand>),
    /// Lists, redrives and discards failed, timed-out and expired runs that need attention.
    #[command(name = "dead-letters")]
    DeadLetters(Of<DeadLettersCommand>),
    /// Approves and rejects.
    Approvals(Of<ApprovalsCommand>),
    /// Looks at queues, pauses and resumes them.
    Queues(Of<QueuesCommand>),
    /// Shows what the queues do now.
    Status(HostArgs),
    /// Shows how the runs of the last hours went.
    Metrics {
        /// How many hours.
        #[arg(long, default_value_t = 24)]
        hours: u32,
        #[command(flatten)]
        host: HostArgs,
    },
    /// Shows whether the store works.
    Health(HostArgs),
    /// Removes ended runs that are older than the retention.
    #[command(name = "clean-up")]
    CleanUp {
        /// Runs that ended before that many days instead.
        #[arg(long)]
        days: Option<u32>,
        /// Only counts what would be removed.
        #[arg(long)]
        dry_run: bool,
        /// Removes runs with open dead letters as well.
        #[arg(long)]
        include_dead: bool,
        #[command(flatten)]
        host: HostArgs,
    },
    /// Lists the audit log, newest first.
    Audit {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        host: HostArgs,
    },
    /// Makes and revokes API keys.
    Keys(Of<KeysCommand>),
    /// Keeps the values of secrets, encrypted, in the `secret_store` of the configuration.
    Secrets(Of<SecretsCommand>),
    /// Lists and tests the databases of the configuration.
    Connections(Of<ConnectionsCommand>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// Lists them: where they are and who logs in, never a password.
    List,
    /// Logs in, looks at what the login may do, and says what answered. Exits with 1 when one does not work.
    Test {
        /// Which. Default: all.
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Keeps a value, which is read from standard input: it is seen in no list of processes and no history.
    Set {
        /// The name; a secret of the configuration refers to it as `store:NAME`.
        name: String,
    },
    /// Lists the names, and the secrets of the configuration that use them.
    List,
    /// Removes a value.
    Rm {
        /// The name.
        name: String,
    },
}

/// A group of commands.
#[derive(Debug, Args)]
pub(crate) struct Of<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
    #[command(flatten)]
    pub host: HostArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsOperate {
    /// Lists runs, newest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Only runs of this job.
        #[arg(long)]
        job: Option<String>,
        /// Only runs with this status.
        #[arg(long)]
        status: Option<String>,
    },
    /// Cancels a run.
    Cancel {
        /// The run.
        execution_id: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Runs a run that has ended again, as a new run: from the step that failed.
    Retry {
        /// The run.
        execution_id: String,
        /// From the first step.
        #[arg(long)]
        from_start: bool,
    },
    /// Lists the files of a run's workspace.
    Artifacts {
        /// The run.
        execution_id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Lists jobs.
    List,
    /// Shows a job.
    Show {
        /// The job.
        id: String,
    },
    /// Keeps a job; its schedule runs from then on.
    Put {
        /// The job file.
        file: PathBuf,
    },
    /// Removes a job and its schedule; runs and ledger stay.
    Delete {
        /// The job.
        id: String,
    },
    /// Puts a run of a kept job into its queue; `stepwell serve` runs it.
    Run {
        /// The job.
        id: String,
        /// Sets a variable of the job: NAME=VALUE.
        #[arg(long = "var", value_name = "NAME=VALUE")]
        vars: Vec<String>,
        /// How urgent it is, 0 to 9.
        #[arg(long, value_parser = clap::value_parser!(u8).range(..=9))]
        priority: Option<u8>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// Shows the next fires of a job, with what changes of the clocks do to them.
    Preview {
        /// A job file, or the id of a kept job.
        job: String,
        /// How many.
        #[arg(long, default_value_t = 20)]
        count: usize,
        /// From that time; default: now.
        #[arg(long)]
        from: Option<String>,
    },
    /// Shows how far a schedule is.
    Show {
        /// The job.
        id: String,
    },
    /// Pauses a schedule: what comes meanwhile is noted in the ledger, and does not run.
    Pause {
        /// The job.
        id: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Resumes a schedule.
    Resume {
        /// The job.
        id: String,
    },
    /// Runs a job once, at a time.
    Once {
        /// The job file.
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
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=9))]
        priority: u8,
        /// Only shows what would run.
        #[arg(long)]
        dry_run: bool,
    },
    /// Stops a backfill; what it has admitted runs.
    Cancel {
        /// The backfill.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Lists dead letters.
    List {
        /// `open`, `redriven` or `discarded`; default: all.
        #[arg(long)]
        state: Option<String>,
    },
    /// Shows a dead letter.
    Show {
        /// The run.
        execution_id: String,
    },
    /// Runs it again, from the step that failed.
    Redrive {
        /// The run.
        #[arg(required_unless_present = "all")]
        execution_id: Option<String>,
        /// All that are open.
        #[arg(long, conflicts_with = "execution_id")]
        all: bool,
        /// From the first step.
        #[arg(long)]
        from_start: bool,
        /// With this job in place of the one that failed.
        #[arg(long, value_name = "FILE", conflicts_with = "all")]
        job: Option<PathBuf>,
    },
    /// Puts it aside.
    Discard {
        /// The run.
        #[arg(required_unless_present = "all")]
        execution_id: Option<String>,
        /// All that are open.
        #[arg(long, conflicts_with = "execution_id")]
        all: bool,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// Lists runs that wait for an approval.
    List,
    /// Approves.
    Approve(DecisionArgs),
    /// Rejects.
    Reject(DecisionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// The run.
    pub execution_id: String,
    /// The step. Its id differs from that of the option `--step`, which every command has.
    #[arg(id = "approval_step", value_name = "STEP")]
    pub step: String,
    /// In your words.
    #[arg(long, default_value = "")]
    pub comment: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueuesCommand {
    /// Lists queues.
    List,
    /// Pauses a queue: nothing of it begins, and what has begun goes on.
    Pause {
        /// The time zone.
        zone: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Resumes a queue.
    Resume {
        /// The time zone.
        zone: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Lists API keys, without their secrets.
    List,
    /// Makes an API key, and shows it this once.
    Create {
        /// The name of its holder.
        name: String,
        /// What it lets its holder do.
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// A project that it is for, or `*` for all and for what belongs to none; may be given several times.
        #[arg(long = "for-project", value_name = "PROJECT", default_value = "*")]
        projects: Vec<String>,
        /// A pattern of job ids that it is for, with `*`; may be given several times. Default: all.
        #[arg(long = "job", value_name = "PATTERN")]
        jobs: Vec<String>,
        /// When it expires, from now: for instance 30d. Default: never.
        #[arg(long, value_name = "SPAN")]
        expires: Option<String>,
    },
    /// Revokes an API key.
    Revoke {
        /// Its id.
        id: String,
    },
}

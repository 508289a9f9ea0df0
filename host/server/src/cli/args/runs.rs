//! The commands of `stepwell runs`.

use clap::Subcommand;
use stepwell::engine::run::RunStatus;

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Lists runs, newest first.
    List {
        /// Maximum number of runs to list.
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
    /// Shows the times of each attempt: its start, its end, and the time for compiling and running.
    Timeline {
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

/// Returns the statuses of runs, for completions and for messages.
fn statuses() -> clap::builder::PossibleValuesParser {
    RunStatus::ALL.iter().map(|status| status.name()).collect::<Vec<_>>().into()
}

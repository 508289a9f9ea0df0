//! The commands of `stepwell dead-letters`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Lists dead letters.
    List {
        /// The state of the dead letters to list.
        #[arg(long, value_parser = ["open", "redriven", "discarded", "all"], default_value = "open")]
        state: String,
    },
    /// Groups open dead letters by cause: the class of the outcome, and the message without its names and numbers.
    Causes,
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

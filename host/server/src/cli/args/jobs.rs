//! The commands of `stepwell jobs`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Lists stored jobs.
    List {
        /// Lists only jobs with this text in their id, name or tags [default: all jobs].
        #[arg(long, short, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Shows a stored job, as YAML for `jobs put` or as JSON.
    Show {
        /// The id of the job.
        id: String,
        /// Shows this version of the job [default: the latest].
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
    /// Lists the last versions of a stored job: the actor and the time of each.
    Versions {
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
    /// Adds a run of a stored job to its queue; `stepwell serve` runs it.
    ///
    /// Through a pipe, prints only the id of the run: `id=$(stepwell jobs run nightly)`. On a terminal, also
    /// prints the commands that follow the run.
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

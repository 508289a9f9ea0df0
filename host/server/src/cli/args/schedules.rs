//! The commands of `stepwell schedules`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// Lists the schedules of stored jobs.
    List,
    /// Lists the coming fires of all schedules, the earliest first.
    Coming {
        /// Lists fires at or after this time (RFC 3339) [default: now].
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Lists fires before this time (RFC 3339) [default: 24 hours after the first time].
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Leaves out fires of a schedule that come less than this many minutes after its last one in the list.
        #[arg(long, value_name = "MINUTES", default_value_t = 0)]
        apart: u32,
        /// Maximum number of fires, 1 to 1000.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
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

//! The commands of `stepwell backfills`.

use clap::Subcommand;

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
        /// The end of the time range, exclusive, in the same form.
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

//! The commands of `stepwell policy`.

use std::path::PathBuf;

use clap::Subcommand;

use super::shared::Local;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Shows the effective grant of each step of a job, and the origin of each part.
    Show {
        /// The job file, or `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        local: Local,
    },
}

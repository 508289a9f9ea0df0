//! The commands of `stepwell workers`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum WorkersCommand {
    /// Lists the workers of the project: their functions, their last sign of life, and their work in hand.
    List,
}

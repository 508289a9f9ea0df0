//! The commands of `stepwell sessions`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// Lists the sessions of people in the web UI, the one used last first.
    List,
    /// Ends a session: its person must log in again.
    End {
        /// The id of the session, as `sessions list` shows it.
        id: String,
    },
}

//! The commands of `stepwell connections`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// Lists connections: address and login, never a password.
    List,
    /// Logs in to each connection, checks the login's permissions and shows the server's version. Exits with
    /// 1 when a connection does not work.
    Test {
        /// The names of the connections [default: all connections].
        names: Vec<String>,
    },
}

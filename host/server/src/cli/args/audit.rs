//! The commands of `stepwell audit`.

use clap::Subcommand;

use super::shared::ApiArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Checks the chain of hashes over the audit log, and names the first changed row. Exits with 1 if there
    /// is one.
    Verify {
        /// A row that must be in the log, as an earlier check printed it [default: none].
        #[arg(long, value_name = "NUMBER:HASH")]
        expect: Option<String>,
        #[command(flatten)]
        api: ApiArgs,
    },
}

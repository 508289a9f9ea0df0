//! The commands of `stepwell secrets`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Stores a value from standard input, so that neither process lists nor the shell history show it.
    Set {
        /// The name of the secret; the configuration refers to it as `store:NAME`.
        name: String,
    },
    /// Lists the names of secrets, and the secrets of the configuration that use them.
    List,
    /// Deletes a secret.
    Rm {
        /// The name of the secret.
        name: String,
    },
}

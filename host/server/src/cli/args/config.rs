//! The commands of `stepwell config`, and the file formats of `stepwell schema`.

use clap::{Subcommand, ValueEnum};

use super::shared::Local;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Shows the configuration without secrets, as YAML or JSON.
    Show {
        /// Includes every default, and the values that flags and variables override.
        #[arg(long)]
        resolved: bool,
        #[command(flatten)]
        local: Local,
    },
    /// Checks the configuration, and the files that it names. Exits with 2 when it finds a problem.
    Validate {
        /// Also shows the settings of the locks of Atlantis, each with its origin.
        #[arg(long)]
        enhanced_locking: bool,
        #[command(flatten)]
        local: Local,
    },
    /// Sets a key of `locks` or `enhanced-locking` in the configuration file, and leaves its comments.
    Set {
        /// The key and its value, for instance enhanced-locking.enabled=false.
        #[arg(value_name = "KEY=VALUE")]
        assignment: String,
        #[command(flatten)]
        local: Local,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaKind {
    /// The format of job files.
    Job,
    /// The format of policy files.
    Policy,
    /// The format of the configuration file.
    Config,
    /// The format of the queue file, `timezone_queues.yaml`.
    Queues,
    /// The OpenAPI document of the REST API.
    Openapi,
}

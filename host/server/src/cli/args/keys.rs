//! The commands of `stepwell keys`.

use clap::{Subcommand, ValueEnum};
use stepwell::Role;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Lists API keys, without their secrets.
    List,
    /// Creates an API key, and prints it on standard output. It is not shown again.
    Create {
        /// The person or program that uses the key.
        name: String,
        /// The role of the key.
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleArg,
        /// A project of the key. `*` means every project and resources of no project, such as
        /// queues. Repeatable [default: the project of --project, or `default`].
        #[arg(long = "for-project", value_name = "PROJECT")]
        projects: Vec<String>,
        /// A pattern of job ids that the key may use, with `*`. Repeatable [default: every job].
        #[arg(long = "job", value_name = "PATTERN")]
        jobs: Vec<String>,
        /// The lifetime of the key: seconds, or with a unit (15m, 24h, 30d) [default: it never expires].
        #[arg(long, value_name = "SPAN")]
        expires: Option<String>,
    },
    /// Revokes an API key.
    Revoke {
        /// The id of the key, as `keys list` shows it.
        id: String,
    },
}

/// A role, as an option names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    /// Takes the work of `worker` steps, and nothing else.
    Worker,
    /// Reads everything but keys and the audit log.
    Viewer,
    /// Runs, cancels, approves and pauses.
    Operator,
    /// Creates keys, registers steps, cleans up and reads the audit log.
    Admin,
}

impl RoleArg {
    pub fn role(self) -> Role {
        match self {
            Self::Worker => Role::Worker,
            Self::Viewer => Role::Viewer,
            Self::Operator => Role::Operator,
            Self::Admin => Role::Admin,
        }
    }
}

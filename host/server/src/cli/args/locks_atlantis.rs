//! The commands of `stepwell locks` for an installation of Atlantis.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum AtlantisCommand {
    /// Checks the locks of an installation of Atlantis. Exits with 1 when it finds damage.
    Validate(ValidateLocksArgs),
    /// Moves locks from Atlantis to Stepwell, step by step, and back.
    ///
    /// Without an option, shows the step. The service decides about the locks, so name it with --server.
    #[command(args_conflicts_with_subcommands = true)]
    Migrate(MigrateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ValidateLocksArgs {
    /// The BoltDB file of Atlantis, or its data directory [default: the installation that the configuration
    /// names].
    #[arg(long, value_name = "PATH", conflicts_with = "redis")]
    pub file: Option<PathBuf>,
    /// The Redis of Atlantis: redis://USER:PASSWORD@HOST:PORT/DATABASE. An environment variable hides it from
    /// process lists [default: the installation that the configuration names].
    #[arg(long, value_name = "URL", env = "STEPWELL_ATLANTIS_REDIS", hide_env_values = true)]
    pub redis: Option<String>,
    /// Exits with 1 for warnings, too: a lock that Atlantis does not treat as its users expect.
    #[arg(long)]
    pub check_compatibility: bool,
    /// Stores locks under their current keys, after a backup. Nothing else is changed.
    #[arg(long)]
    pub repair: bool,
    /// With --repair, also releases this key, which holds the same lock as another key. Repeatable [default:
    /// none].
    #[arg(long, value_name = "KEY", requires = "repair")]
    pub release: Vec<String>,
    /// The file of the backup [default: beside the file of Atlantis, or in this directory, with the time in its
    /// name].
    #[arg(long, value_name = "FILE", requires = "repair")]
    pub backup: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    pub command: Option<MigrateCommand>,
    /// The mode of the migration.
    #[arg(long, value_enum)]
    pub mode: Option<MigrationMode>,
    /// The share of the locks that Stepwell serves in the mode `gradual`, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, hide_default_value = true, requires = "mode", value_parser = clap::value_parser!(u8).range(..=100))]
    pub percentage: u8,
    /// The system that serves all locks in the mode `blue-green` [default: legacy].
    #[arg(long, value_enum, requires = "mode")]
    pub active_system: Option<ActiveSystem>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Shows the step, and the number of locks in each system.
    Status,
    /// Takes the next step, when the comparison of both systems recommends it.
    Advance {
        /// Takes the step although the comparison does not recommend it.
        #[arg(long)]
        force: bool,
    },
    /// Moves all locks back to Atlantis, and ends the migration.
    Rollback,
}

/// The modes of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MigrationMode {
    /// Atlantis alone.
    Off,
    /// Both systems decide, and the answer of Atlantis counts.
    Shadow,
    /// Stepwell serves a share of the locks.
    Gradual,
    /// One of the systems serves all locks.
    BlueGreen,
}

impl MigrationMode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shadow => "shadow",
            Self::Gradual => "gradual",
            Self::BlueGreen => "blue-green",
        }
    }
}

/// The systems of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActiveSystem {
    /// The locks of Atlantis.
    Legacy,
    /// The locks of Stepwell.
    Enhanced,
}

impl ActiveSystem {
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Enhanced => "enhanced",
        }
    }
}

//! The commands of `stepwell locks`.

use std::ffi::OsString;

use clap::{Args, Subcommand, ValueEnum};

use super::locks_atlantis::AtlantisCommand;

#[derive(Debug, Subcommand)]
pub(crate) enum LocksCommand {
    /// Lists locks that are held or waited for.
    List {
        /// Lists only locks whose names begin with this text [default: all locks].
        #[arg(long, value_name = "TEXT")]
        prefix: Option<String>,
        /// Maximum number of locks to list.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Shows a lock with its holders, and its queue in the expected order.
    Show {
        /// The name of the lock.
        name: String,
    },
    /// Takes locks, all of them or none, and prints their tokens.
    Acquire {
        /// The names of the locks.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// The time until the locks end by themselves: seconds, or with a unit (60s, 15m) [default: none; they
        /// last until their release].
        #[arg(long, value_name = "SPAN")]
        lease: Option<String>,
        #[command(flatten)]
        request: RequestArgs,
    },
    /// Sets the end of a lease to a time from now.
    Extend {
        /// The name of the lock.
        name: String,
        /// The token that came with the lock.
        token: u64,
        /// The time from now until the lease ends: seconds, or with a unit (60s, 15m).
        #[arg(long, value_name = "SPAN")]
        lease: String,
    },
    /// Releases a lock.
    Release {
        /// The name of the lock.
        name: String,
        /// The token that came with the lock.
        token: u64,
    },
    /// Takes a lock away from its holders, who may still act. Needs the role admin.
    ForceRelease {
        /// The name of the lock.
        name: String,
        /// The reason, for the record.
        #[arg(long)]
        reason: String,
        /// The token of one holder [default: all holders].
        #[arg(long)]
        token: Option<u64>,
    },
    /// Ends a request: its wait, or all its locks.
    Cancel {
        /// The ticket, as `locks acquire` and `locks show` print it.
        ticket: String,
    },
    /// Lists the newest events of locks, or follows them.
    Events {
        /// Lists only events of this lock [default: all locks].
        name: Option<String>,
        /// Lists only events of this kind, for instance `deadlock` [default: all kinds].
        #[arg(long, value_parser = kinds())]
        kind: Option<String>,
        /// Lists the events after the one with this number [default: the newest events].
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
        /// Maximum number of events to list.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Prints new events as they happen, until Ctrl-C.
        #[arg(long, short, conflicts_with = "limit")]
        follow: bool,
    },
    /// Checks whether a token holds a lock. Exits with 1 when it does not.
    Check {
        /// The name of the lock.
        name: String,
        /// The token that came with the lock.
        token: u64,
    },
    /// Lists the newest deadlocks, with their cycles.
    Deadlocks {
        /// Maximum number of deadlocks to list.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Holds locks while a command runs, and exits as the command does.
    ///
    /// Takes all locks or none, renews their leases while the command runs, and releases them in the end. The command
    /// finds the token in STEPWELL_LOCK_TOKEN. When a lock is lost, the command gets SIGTERM, and SIGKILL after the grace;
    /// the exit code is then 3.
    With(WithArgs),
    #[command(flatten)]
    Atlantis(AtlantisCommand),
}

#[derive(Debug, Args)]
pub(crate) struct WithArgs {
    /// The names of the locks.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// The lease, which is renewed in thirds: seconds, or with a unit (60s, 15m). From 3s. When the service cannot be
    /// reached for that long, the command is ended.
    #[arg(long, value_name = "SPAN", default_value = "30s")]
    pub lease: String,
    /// The time from SIGTERM to SIGKILL when a lock is lost: seconds, or with a unit.
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub grace: String,
    #[command(flatten)]
    pub request: RequestArgs,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// The parts of a request for locks.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// The mode of the locks: one holder, or several that share them.
    #[arg(long, value_enum, default_value_t = ModeArg::Exclusive)]
    pub mode: ModeArg,
    /// The longest wait for the locks: seconds, or with a unit (60s, 15m) [default: none; the locks must be free now].
    #[arg(long, value_name = "SPAN")]
    pub wait: Option<String>,
    /// The number of further waits after the first one ran out.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10))]
    pub retries: u32,
    /// The priority, 0 to 9, where 9 is the most urgent.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=9))]
    pub priority: u8,
    /// The time after a lease that expired for which the lock goes to no other owner [default: none].
    #[arg(long, value_name = "SPAN")]
    pub lock_delay: Option<String>,
    /// The reason, for lists [default: none].
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
    /// The session: requests of one session belong together, so that a deadlock is found [default: a session of its own].
    #[arg(long, value_name = "ID", env = "STEPWELL_LOCK_SESSION")]
    pub session: Option<String>,
}

/// The mode of a lock, as an option names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// One holder, for writers.
    Exclusive,
    /// Several holders, for readers.
    Shared,
}

impl ModeArg {
    pub fn name(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
        }
    }
}

/// Returns the kinds of events.
fn kinds() -> clap::builder::PossibleValuesParser {
    let names = stepwell::engine::lock::EventKind::ALL.map(<&'static str>::from);
    names.to_vec().into()
}

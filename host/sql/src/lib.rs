//! Named SQL connections: the checks of statements, their bounds, and a driver for each kind of database.
//!
//! [`Connections`] opens the databases of the configuration by name. Each connection is a separate task (or,
//! for SQLite, a thread) that outlives its client. When the client is gone, the task still stops the
//! statement on the server and leaves the session clean. Statements pass a gate for their dialect. Rows come
//! in bounded batches that wait for their reader. No error reveals addresses or logins to a guest.

mod bounded;
mod connection;
mod dialect;
mod filled;
mod gate;
mod lists;
mod mssql;
mod mysql;
mod mysql_bits;
mod mysql_errors;
mod mysql_values;
mod pool;
mod postgres;
mod postgres_arrays;
mod postgres_parameters;
mod postgres_stream;
mod postgres_text;
mod postgres_types;
mod script;
mod serve;
mod sink;
mod spark;
mod sqlite;
mod sqlite_errors;
mod sqlite_functions;
mod sqlite_limits;
mod sqlite_memory;
mod tls;
mod value;
mod words;

use stepwell_engine::policy::Rule;

pub use connection::{Connection, Load, Rows, ScriptReport, StatementReport};
pub use pool::{Access, Connections, Resolve, Tested};
pub use serve::Control;
pub use sink::Totals;
pub use value::{Column, CompactString, Parameters, Value};

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The name of the limit: a key of `limits` in policy files, `sql.rows` for the `rows` of a rule, or a
    /// separate name for a fixed limit.
    pub name: &'static str,
    /// The description of the excess.
    pub message: String,
}

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Policy denies the call.
    #[error("{rule}: {why}")]
    Denied {
        /// The rule that denies it.
        rule: Rule,
        /// The denied part of the statement, or the reason.
        why: String,
    },
    /// The statement is invalid.
    #[error("{0}")]
    InvalidStatement(String),
    /// A limit was reached.
    #[error("{}", .0.message)]
    Limit(Limit),
    /// The statement exceeded its time limit, and was stopped.
    #[error("the statement ran longer than its timeout, and was stopped")]
    TimedOut,
    /// The database is locked or cannot be reached. A retry may help.
    #[error("{0}")]
    Unavailable(String),
    /// The caller no longer waits for the statement.
    #[error("the statement was stopped")]
    Stopped,
    /// The database refused the statement or failed.
    #[error("{0}")]
    Database(String),
}

impl Error {
    /// Creates the error of a lost session, which can serve no further requests.
    pub(crate) fn lost() -> Self {
        Self::Unavailable(
            "the connection is gone, as after a transaction that did nothing for a while: open it again"
                .to_owned(),
        )
    }

    /// Returns whether rows of the statement may still be in transit.
    pub(crate) fn leaves_rows(&self) -> bool {
        matches!(self, Self::Limit(_) | Self::Stopped)
    }

    /// Creates the error of a session that no longer has the connection's `role`, or no longer reads statements as the
    /// gate does.
    pub(crate) fn role_changed() -> Self {
        Self::denied(
            Rule::SqlRoleLeft,
            "the statement changed the session: its role, or the way that it reads strings; the session was closed",
        )
    }

    /// Returns whether the session must not be used again.
    pub(crate) fn ends_session(&self) -> bool {
        *self == Self::role_changed()
    }

    pub(crate) fn limit(name: &'static str, message: String) -> Self {
        Self::Limit(Limit { name, message })
    }

    /// Returns the error of a statement whose parameters have these names.
    pub(crate) fn about(self, names: &[String]) -> Self {
        match self {
            Self::InvalidStatement(why) => Self::InvalidStatement(postgres_parameters::renamed(&why, names)),
            Self::Database(why) => Self::Database(postgres_parameters::renamed(&why, names)),
            other => other,
        }
    }

    /// Returns the error of a load with the number of its row, starting at 1.
    pub(crate) fn in_row(self, row: u64) -> Self {
        self.under(&format!("row {row}"))
    }

    /// Returns the error of a load that concerns one of these rows.
    pub(crate) fn in_rows(self, first: u64, last: u64) -> Self {
        self.under(&format!("rows {first} to {last}"))
    }

    /// Returns the error with its position as a prefix.
    fn under(self, place: &str) -> Self {
        match self {
            Self::InvalidStatement(why) => Self::InvalidStatement(format!("{place}: {why}")),
            Self::Database(why) => Self::Database(format!("{place}: {why}")),
            other => other,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidStatement(message.into())
    }

    pub(crate) fn denied(rule: Rule, why: impl Into<String>) -> Self {
        Self::Denied { rule, why: why.into() }
    }

    pub(crate) fn read_only() -> Self {
        Self::denied(Rule::SqlWriteNotGranted, "the connection is read-only for this step")
    }
}

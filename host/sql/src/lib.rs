//! Named SQL connections: what a statement may do, its bounds, and a driver for each kind of database.
//!
//! [`Connections`] opens the databases of the configuration by name. Each connection is a task (or, for SQLite, a
//! thread) of its own that outlives whoever asked: when that one is gone, the task still stops the statement on the
//! server and leaves the session clean. Statements pass a gate for their dialect, rows come in bounded batches that
//! wait for their reader, and every error is in terms that tell a guest nothing of addresses and logins.

mod bounded;
mod connection;
mod dialect;
mod gate;
mod lists;
mod mssql;
mod mysql;
mod mysql_bits;
mod mysql_errors;
mod pool;
mod postgres;
mod postgres_parameters;
mod postgres_stream;
mod postgres_text;
mod postgres_types;
mod script;
mod serve;
mod sink;
mod sqlite;
mod sqlite_errors;
mod tls;
mod value;
mod words;

pub use connection::{Connection, Load, Rows, ScriptReport, StatementReport};
pub use pool::{Access, Connections, Resolve, Tested};
pub use serve::Control;
pub use sink::Totals;
pub use value::{Column, CompactString, Parameters, Value};

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name: a key of `limits` in policy files, `sql.rows` for the `rows` of a rule, or a name of its own for what is fixed.
    pub name: &'static str,
    /// What was too much.
    pub message: String,
}

/// Why a call did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Policy refuses it: the id of the rule, a colon, and what was refused.
    #[error("{0}")]
    Denied(String),
    /// The statement is wrong.
    #[error("{0}")]
    InvalidStatement(String),
    /// A limit was reached.
    #[error("{}", .0.message)]
    Limit(Limit),
    /// The statement ran longer than it may, and was stopped.
    #[error("the statement ran longer than its timeout, and was stopped")]
    TimedOut,
    /// The database is locked or cannot be reached; trying again may help.
    #[error("{0}")]
    Unavailable(String),
    /// Nobody waits for it any more.
    #[error("the statement was stopped")]
    Stopped,
    /// The database refused or failed.
    #[error("{0}")]
    Database(String),
}

impl Error {
    /// Without a session there is nothing more to say to it.
    pub(crate) fn lost() -> Self {
        Self::Unavailable(
            "the connection is gone, as after a transaction that did nothing for a while: open it again"
                .to_owned(),
        )
    }

    /// Whether rows of the statement may still be on their way.
    pub(crate) fn leaves_rows(&self) -> bool {
        matches!(self, Self::Limit(_) | Self::Stopped)
    }

    /// The session went on as somebody else than the connection's `role`.
    pub(crate) fn role_left() -> Self {
        Self::Denied(
            "SQL_ROLE_LEFT: after the statement, the session did not have the connection's role any more, and was closed"
                .to_owned(),
        )
    }

    /// Whether the session must not be used again.
    pub(crate) fn ends_session(&self) -> bool {
        *self == Self::role_left()
    }

    pub(crate) fn limit(name: &'static str, message: String) -> Self {
        Self::Limit(Limit { name, message })
    }

    /// The error of a statement whose parameters have these names.
    pub(crate) fn about(self, names: &[String]) -> Self {
        match self {
            Self::InvalidStatement(why) => Self::InvalidStatement(postgres_parameters::renamed(&why, names)),
            Self::Database(why) => Self::Database(postgres_parameters::renamed(&why, names)),
            other => other,
        }
    }

    /// The error of a load, with the row that it is about: 1 for the first one.
    pub(crate) fn in_row(self, row: u64) -> Self {
        self.under(&format!("row {row}"))
    }

    /// The error of a load that is about one of these rows.
    pub(crate) fn in_rows(self, first: u64, last: u64) -> Self {
        self.under(&format!("rows {first} to {last}"))
    }

    /// The error with its place before it.
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

    pub(crate) fn read_only() -> Self {
        Self::Denied("SQL_WRITE_NOT_GRANTED: the connection is read-only for this step".to_owned())
    }
}

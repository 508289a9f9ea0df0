//! The operator's databases, by name.

use crate::Failure;
use crate::bindings::stepwell::sql::sql as wit;

pub use wit::{
    Column, Connection, Error, Load, Parameters, Rows, ScriptReport, StatementReport, Transaction, Value,
};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(why) => Self::denied(why),
            Error::UnknownConnection(name) => Self::denied(format!(
                "no connection named \"{name}\" is granted to this step; name it under `sql` in the policy"
            )),
            Error::InvalidStatement(why) => Self::invalid_config(why),
            Error::Limit(why) | Error::Database(why) => Self::failed(why),
            Error::TimedOut => Self::timed_out("the statement ran longer than its timeout, and was stopped"),
            Error::Unavailable(why) => Self::unavailable(why),
        }
    }
}

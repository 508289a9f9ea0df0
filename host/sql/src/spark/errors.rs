//! Errors of Spark Connect in the terms of a step's author.
//!
//! Spark names the class of an error in brackets and its SQLSTATE at the end, as in
//! `[TABLE_OR_VIEW_NOT_FOUND] The table ... cannot be found. SQLSTATE: 42P01; line 1 pos 14`. A message without a class
//! is the text of some Java exception. It may have addresses and paths of the server, and goes to the log alone.

use stepwell_engine::config::Database;
use stepwell_engine::document::cut;
use tonic::{Code, Status};

use super::rows::too_large;
use super::session::is_lost;
use crate::Error;
use crate::words::{self, Kind};

/// The maximum length of a message that is shown.
const SHOWN: usize = 600;

/// The maximum length of a message in the log.
const LOGGED: usize = 2_000;

/// The maximum length of the class of an error.
const CLASS: usize = 100;

/// The classes of SQLSTATEs whose messages are about the statement and its values.
const OF_STATEMENTS: [&str; 9] = ["0A", "21", "22", "23", "42", "43", "54", "KD", "P0"];

pub(super) fn error(status: &Status) -> Error {
    let (message, logged) = (status.message(), cut(status.message(), LOGGED));
    if message.contains("OPERATION_CANCELED") {
        return Error::Stopped;
    }
    if message.contains("[INVALID_HANDLE.") {
        tracing::warn!("a session with Spark was lost: {logged}");
        return Error::lost();
    }
    match status.code() {
        Code::OutOfRange if message.contains("message length too large") => too_large(),
        Code::Unauthenticated | Code::PermissionDenied => {
            tracing::warn!("Spark refused the login: {logged}");
            Error::Unavailable("the server refused the login".to_owned())
        }
        _ if is_lost(status) => {
            tracing::warn!("a connection to Spark was lost: {logged}");
            Error::lost()
        }
        _ => classified(message).unwrap_or_else(|| {
            tracing::warn!("Spark failed: {:?}: {logged}", status.code());
            Error::Database("the Spark server failed; the log of the service says why".to_owned())
        }),
    }
}

/// Reads an error that has a class.
fn classified(message: &str) -> Option<Error> {
    let (class, rest) = message.trim_start().strip_prefix('[')?.split_once(']')?;
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || ['_', '.'].contains(&c);
    if class.len() > CLASS || !class.chars().all(is_part) {
        return None;
    }
    let (text, after) = rest.split_once("SQLSTATE: ")?;
    let (state, after) = after.split_at_checked(5)?;
    let state_class = state.get(..2)?;
    if !OF_STATEMENTS.contains(&state_class) {
        return None;
    }
    // The plan of the statement, and the statement with a mark below it, may follow a blank line.
    let text = text.split("\n\n").next().unwrap_or_default();
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = cut(&text, SHOWN);
    let text = words::reworded(Database::Spark, &text, class, Kind::of_spark(class));
    let text = words::on_line(line(after), text);
    match state_class {
        "42" | "43" | "0A" => Some(Error::InvalidStatement(text)),
        _ => Some(Error::Database(text)),
    }
}

/// Reads the line of a position: `; line 2 pos 7`, or ` (line 2, pos 7)`. A statement of one line needs none.
fn line(after: &str) -> Option<usize> {
    let (_, rest) = after.split_once("line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok().filter(|line| *line > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_place_a_class_and_a_fix() {
        for (code, message, wanted) in [
            (
                Code::Internal,
                "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nope` cannot be found. Verify the spelling. SQLSTATE: 42P01; line 3 pos 5;\n'Project [*]\n+- 'UnresolvedRelation [nope]",
                Error::InvalidStatement(
                    "line 3: The table or view `nope` cannot be found. Verify the spelling (TABLE_OR_VIEW_NOT_FOUND): check the name, and the database or schema before it"
                        .to_owned(),
                ),
            ),
            (
                Code::Internal,
                "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'. SQLSTATE: 42601 (line 1, pos 0)\n\n== SQL ==\nSELEC 1\n^^^",
                Error::InvalidStatement("Syntax error at or near 'SELEC' (PARSE_SYNTAX_ERROR)".to_owned()),
            ),
            (
                Code::Internal,
                "[DIVIDE_BY_ZERO] Division by zero.\n\nSQLSTATE: 22012",
                Error::Database(
                    "Division by zero (DIVIDE_BY_ZERO): write a / NULLIF(b, 0) to have NULL there".to_owned(),
                ),
            ),
            (
                Code::Internal,
                "[INTERNAL_ERROR] at /opt/spark/secret SQLSTATE: XX000",
                Error::Database("the Spark server failed; the log of the service says why".to_owned()),
            ),
            (
                Code::Unknown,
                "java.net.ConnectException: Call From host/10.0.0.1 failed",
                Error::Database("the Spark server failed; the log of the service says why".to_owned()),
            ),
            (Code::Internal, "[INVALID_HANDLE.SESSION_CHANGED] The handle is invalid. SQLSTATE: HY000", Error::lost()),
            (Code::Unavailable, "gone", Error::lost()),
            (Code::Internal, "[OPERATION_CANCELED] Operation has been canceled. SQLSTATE: HY008", Error::Stopped),
        ] {
            assert_eq!(error(&Status::new(code, message)), wanted);
        }
    }
}

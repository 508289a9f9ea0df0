//! Errors of SQLite for statements and for the rows of a load.

use std::time::Instant;

use rusqlite::ErrorCode;
use stepwell_engine::config::Database;
use stepwell_engine::policy::{Rule, SqlMode};

use crate::Error;
use crate::sqlite_limits::{INSTRUCTIONS, LENGTH};
use crate::words::{self, Kind};

/// The error for a statement with NUL.
pub(crate) const NUL: &str = "the statement has the character NUL in it: take it out";

/// Converts the driver's error for the guest, without paths.
pub(crate) fn translate(error: &rusqlite::Error, name: &str, mode: SqlMode, deadline: Instant) -> Error {
    let text = code(error);
    let Some(kind) = kind(error) else { return Error::InvalidStatement(text) };
    let problem = words::reworded(Database::Sqlite, &text, "", Kind::of_sqlite(&text));
    let text = words::on_line(line(error), problem);
    match kind {
        ErrorCode::TooBig => Error::limit(
            "sqlite_value_bytes",
            format!(
                "a value, a row or the statement has more than {LENGTH} bytes, the most for SQLite: split it"
            ),
        ),
        ErrorCode::OutOfMemory => out_of_memory(format!(
            "the statement needs more than {INSTRUCTIONS} instructions, or more memory than SQLite gets: split it"
        )),
        ErrorCode::AuthorizationForStatementDenied => Error::denied(
            Rule::SqlActionNotGranted,
            format!(
                "the connection `{name}` is granted with `mode: {}`, and not for this statement ({text})",
                mode.name()
            ),
        ),
        ErrorCode::ReadOnly => Error::denied(
            Rule::SqlWriteNotGranted,
            format!("the connection `{name}` is read-only for this step"),
        ),
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        ErrorCode::OperationInterrupted if Instant::now() >= deadline => Error::TimedOut,
        ErrorCode::OperationInterrupted => Error::Stopped,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Unavailable(text),
        ErrorCode::Unknown => Error::InvalidStatement(text),
        _ => Error::Database(text),
    }
}

pub(crate) fn out_of_memory(message: String) -> Error {
    Error::limit("sqlite_memory", message)
}

/// Explains a problem of the file itself or its surroundings. SQLite's own message describes the symptom, not
/// the fix.
fn of_file(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DiskFull => {
            "the disk of the database is full, and the statement changed nothing: the operator frees space there"
        }
        ErrorCode::SystemIoFailure => {
            "the database's file cannot be read or written: ask the operator to check the disk"
        }
        ErrorCode::CannotOpen => {
            "its file cannot be opened: ask the operator to check its `path` and the rights of the service there"
        }
        ErrorCode::PermissionDenied => {
            "its file belongs to another user: ask the operator to check its rights"
        }
        ErrorCode::DatabaseCorrupt => {
            "the database's file is damaged: the operator restores it from a backup"
        }
        ErrorCode::NotADatabase => "its file is no SQLite database: ask the operator to check its `path`",
        ErrorCode::FileLockingProtocolFailed => {
            "the database's file cannot be locked: it belongs on a local disk"
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "the database is locked by another writer: try again"
        }
        _ => return None,
    })
}

/// Returns SQLite's message without the name of the file.
pub(crate) fn code(error: &rusqlite::Error) -> String {
    if let Some(problem) = error.sqlite_error_code().and_then(of_file) {
        return problem.to_owned();
    }
    match error {
        // The error number is meant for programs.
        rusqlite::Error::SqliteFailure(failure, None) => {
            let text = failure.to_string();
            text.split_once(": ").map_or(text.as_str(), |(_, what)| what).to_owned()
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) => of_input(message, ""),
        rusqlite::Error::SqlInputError { msg, sql, offset, .. } => {
            let rest = usize::try_from(*offset).ok().and_then(|offset| sql.get(offset..)).unwrap_or_default();
            of_input(msg, rest)
        }
        rusqlite::Error::NulError(_) => NUL.to_owned(),
        other => {
            tracing::warn!("SQLite's driver refused a statement of a step: {other}");
            "SQLite cannot run the statement, or read a value of its result".to_owned()
        }
    }
}

/// Describes the text that SQLite does not understand, and its position.
fn of_input(message: &str, rest: &str) -> String {
    if message == "incomplete input" {
        return "syntax error: the statement ends too early".to_owned();
    }
    let quoted = rest.starts_with(['\'', '"', '`', '[']) && message.starts_with("unrecognized token");
    if quoted {
        let shown: String = rest.lines().next().unwrap_or_default().chars().take(20).collect();
        return format!("`{shown}` is not closed");
    }
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match word.is_empty() || message.contains(&word) {
        true => message.to_owned(),
        false => format!("{message} (at `{word}`)"),
    }
}

/// Returns the code of an error, or `None` for one of the driver's own errors.
fn kind(error: &rusqlite::Error) -> Option<ErrorCode> {
    match error {
        rusqlite::Error::SqlInputError { error, .. } => Some(error.code),
        other => other.sqlite_error_code(),
    }
}

/// Returns the line of the statement that the error concerns.
fn line(error: &rusqlite::Error) -> Option<usize> {
    match error {
        rusqlite::Error::SqlInputError { sql, offset, .. } => {
            words::line(sql, usize::try_from(*offset).ok()?)
        }
        _ => None,
    }
}

/// Returns the line of the first character from `from` on that belongs to a statement.
pub(crate) fn first_line(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let start = from + rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';').len();
    1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count()
}

/// Returns the first line of the part of the script that SQLite did not understand.
pub(crate) fn line_left(text: &str, error: &rusqlite::Error) -> Option<usize> {
    let rusqlite::Error::SqlInputError { sql, .. } = error else { return None };
    let before = text.len().checked_sub(sql.len())?;
    Some(1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count())
}

/// Converts the error of one row of a load, with its column if SQLite names one:
/// `NOT NULL constraint failed: t.a`.
pub(crate) fn of_load(message: &str) -> Error {
    let column = message.rsplit(' ').next().and_then(|last| last.rsplit_once('.')).map(|(_, column)| column);
    words::of_load(column.filter(|_| !message.contains(", ")), message, "", Kind::of_sqlite(message))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::Batch;
    use rusqlite::fallible_iterator::FallibleIterator;

    use super::*;
    use crate::sqlite::open_file;

    #[test]
    fn an_error_has_the_line_of_its_statement() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let database = open_file(&path, SqlMode::Ddl, Arc::default()).unwrap();
        for (text, of_statement, of_script) in [
            ("SELECT 1,\n 2\nFORM t", Some(3), 1),
            ("SELECT nope", None, 1),
            ("SELECT *\nFORM t", Some(2), 1),
            ("\n\nSELECT nope,\n 1", Some(3), 1),
        ] {
            let error = Batch::new(&database, text).next().err().unwrap();
            assert_eq!((line(&error), line_left(text, &error)), (of_statement, Some(of_script)), "{error:?}");
        }
        assert_eq!(first_line("SELECT 1;\n\n SELECT 2", 9), 3);
    }

    #[test]
    fn an_error_of_a_load_names_the_column_where_sqlite_does() {
        for (message, shown) in [
            ("NOT NULL constraint failed: t.a", "column `a`: NOT NULL"),
            ("UNIQUE constraint failed: t.a, t.b", "UNIQUE constraint failed: t.a, t.b: "),
            ("cannot store TEXT value in INTEGER column t.n", "column `n`: cannot store"),
        ] {
            let problem = of_load(message).to_string();
            assert!(problem.starts_with(shown), "{problem}");
        }
    }
}

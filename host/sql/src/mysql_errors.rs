//! Errors of MySQL and MariaDB for statements and for the rows of a load.

use mysql_async::{DriverError, IoError};
use stepwell_engine::config::Database;

use crate::words::{self, Kind};
use crate::{Error, bounded};

/// Converts the error of a statement.
pub(crate) fn error(found: &mysql_async::Error) -> Error {
    let server = match found {
        mysql_async::Error::Server(server) => server,
        mysql_async::Error::Driver(DriverError::PacketTooLarge) => return bounded::too_long(),
        // The driver exposes the error of its codec only as text.
        mysql_async::Error::Io(IoError::Io(found)) if found.to_string().contains("max_allowed_packet") => {
            return bounded::too_long();
        }
        other => {
            tracing::warn!("a connection to MySQL was lost: {other}");
            return Error::lost();
        }
    };
    let (line, message) = syntax(&server.message);
    let text =
        words::reworded(Database::Mysql, &message, &server.code.to_string(), Kind::of_mysql(server.code));
    let text = words::on_line(line, text);
    match server.code {
        // Killed, and the time limits of MySQL and of MariaDB.
        1317 | 3024 | 1969 => Error::TimedOut,
        1792 | 1836 | 1290 => Error::read_only(),
        // Too many connections, lock wait timeout, deadlock, shutdown, sort aborted by a kill.
        1040 | 1205 | 1213 | 1053 | 1028 | 1927 => Error::Unavailable(text),
        _ if server.state.starts_with("42") && server.code != 1142 && server.code != 1044 => {
            Error::InvalidStatement(text)
        }
        _ => Error::Database(text),
    }
}

/// Splits a message about syntax into its line and its text. Other messages stay unchanged.
fn syntax(message: &str) -> (Option<usize>, String) {
    let found = message
        .strip_prefix("You have an error in your SQL syntax")
        .and_then(|rest| rest.split_once(" near '"))
        .and_then(|(_, rest)| rest.rsplit_once("' at line "));
    let Some((near, line)) = found else { return (None, message.to_owned()) };
    let words: Vec<&str> = near.split_whitespace().take(5).collect();
    let place = match words.is_empty() {
        true => "at its end".to_owned(),
        false => format!("near `{}`", words.join(" ")),
    };
    // A statement of one line needs no number.
    (line.parse().ok().filter(|line| *line > 1), format!("syntax error {place}"))
}

/// Returns the error of a part of a load that begins after `before` rows, since the server counts from the
/// first row of the part. Returns `None` when it names no row.
pub(crate) fn in_row(found: &mysql_async::Error, before: u64) -> Option<Error> {
    let mysql_async::Error::Server(server) = found else { return None };
    let (why, row) = server.message.rsplit_once(" at row ")?;
    let row: u64 = row.parse().ok()?;
    Some(of_load(why, server.code).in_row(before + row))
}

/// Converts the error of one row of a load.
pub(crate) fn of_load(message: &str, code: u16) -> Error {
    let (why, column) = match message.rsplit_once(" for column ") {
        // A warning about a change that the server made without an error.
        Some(("Data truncated", column)) => ("the column would change the value", Some(column)),
        Some((why, column)) => (why, Some(column)),
        None => (message, message.strip_prefix("Column ").and_then(|rest| rest.split(' ').next())),
    };
    // MariaDB checks that a column holds JSON by a constraint that it names `table`.`column`.
    let column = match message.strip_prefix("CONSTRAINT `").and_then(|rest| rest.split('`').next()) {
        Some(constraint) if constraint.contains('.') => Some(constraint),
        _ => column,
    };
    // MariaDB writes `database`.`table`.`column`.
    let column = column.map(|name| name.rsplit('.').next().unwrap_or(name).trim_matches(['`', '\'']));
    words::of_load(column, why, &code.to_string(), Kind::of_mysql(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_load_name_the_row_and_the_column() {
        let found = |message: &str, code| {
            mysql_async::Error::Server(mysql_async::ServerError {
                code,
                message: message.to_owned(),
                state: "22007".to_owned(),
            })
        };
        for (message, code, shown) in [
            (
                "Incorrect decimal value: '1,5' for column `s`.`t`.`a` at row 2",
                1366,
                "row 1002: column `a`: Incorrect decimal value: '1,5' (1366): `schema`, `decimal` and `null_values` of the load say how the file writes values",
            ),
            (
                "Data too long for column 'a' at row 1",
                1406,
                "row 1001: column `a`: Data too long (1406): shorten the value, or widen the column",
            ),
        ] {
            let problem = in_row(&found(message, code), 1_000).map(|error| error.to_string());
            assert_eq!(problem.as_deref(), Some(shown));
        }
        assert_eq!(in_row(&found("Lost", 2013), 1_000), None);
        let json = of_load("CONSTRAINT `t.j` failed for `s`.`t`", 4025).to_string();
        assert!(json.starts_with("column `j`: CONSTRAINT `t.j` failed for `s`.`t` (4025): "), "{json}");
        let null = of_load("Column 'a' cannot be null", 1048).to_string();
        assert!(null.starts_with("column `a`: Column 'a' cannot be null (1048)"), "{null}");
    }

    #[test]
    fn syntax_errors_have_their_line_and_not_the_manual() {
        let problem = "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'FORM t\nWHERE 1' at line ";
        assert_eq!(syntax(&format!("{problem}1")), (None, "syntax error near `FORM t WHERE 1`".to_owned()));
        assert_eq!(syntax(&format!("{problem}3")).0, Some(3));
        assert_eq!(syntax("Table 's.t' doesn't exist"), (None, "Table 's.t' doesn't exist".to_owned()));
    }
}

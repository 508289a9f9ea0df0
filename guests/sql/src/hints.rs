//! The tables of a connection, for a statement whose table does not exist.

use stepwell_sdk::Failure;
use stepwell_sdk::sql::Connection;

use crate::table::names;
use crate::targets::texts;

/// The words with which the host's message about a missing table ends.
const MARKS: &[&str] = &["check the name and its schema", "check the name, and the database or schema"];

/// Adds the tables of the connection to the failure of a statement whose table does not exist.
pub fn tables(connection: &Connection, name: &str, mut failure: Failure, timeout_ms: u32) -> Failure {
    if !MARKS.iter().any(|mark| failure.message.contains(mark)) {
        return failure;
    }
    let dialect = connection.dialect();
    let query = match dialect.as_str() {
        "postgres" => {
            "SELECT CASE table_schema WHEN current_schema() THEN '' ELSE table_schema || '.' END || table_name \
             FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        }
        "mysql" => {
            "SELECT CONVERT(table_name USING utf8mb4) FROM information_schema.tables \
             WHERE table_schema = DATABASE() ORDER BY 1"
        }
        "mssql" => "SELECT TABLE_SCHEMA + '.' + TABLE_NAME FROM INFORMATION_SCHEMA.TABLES ORDER BY 1",
        // The name is the second column.
        "spark" => "SHOW TABLES",
        _ => {
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY 1"
        }
    };
    let Some(found) = texts(connection, query, Vec::new(), timeout_ms) else { return failure };
    let column = usize::from(dialect == "spark");
    let found: Vec<&String> = found.iter().filter_map(|row| row.get(column)).collect();
    let known = match found.is_empty() {
        true => "no tables that its login can read".to_owned(),
        false => format!("the tables {}", names(found.into_iter().map(String::as_str))),
    };
    failure.message = format!("{}; the connection `{name}` has {known}", failure.message);
    failure
}

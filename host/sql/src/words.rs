//! Database errors in the terms of a step's author: what happened, where, and what to write instead.
//!
//! Each driver determines the kind of its error from the server's own code. The message starts with the
//! position, continues with the server's text, and ends with the fix, in the same form for all databases.

use stepwell_engine::config::Database;

use crate::Error;

/// The kind of a problem with a statement or its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The table does not exist.
    Table,
    /// The column does not exist.
    Column,
    /// Several tables have this column.
    Ambiguous,
    /// The function does not exist, or not for these types.
    Function,
    /// An expression has the wrong type.
    Type,
    /// The statement leaves the type of a parameter open.
    Untyped,
    /// A column is neither grouped nor aggregated.
    Grouping,
    /// The name already exists.
    Exists,
    /// A required value is NULL.
    Null,
    /// The key already exists.
    Unique,
    /// A row refers to a missing row.
    Reference,
    /// A constraint of the table is violated.
    Check,
    /// A text is longer than its column.
    Long,
    /// A number is outside the range of its type.
    Range,
    /// A text is not a value of the type.
    Form,
    /// A division by zero.
    Division,
    /// The login lacks the right.
    Right,
    /// An earlier statement of the transaction failed.
    Aborted,
}

use Kind::{
    Aborted, Ambiguous, Check, Column, Division, Exists, Form, Function, Grouping, Long, Null, Range,
    Reference, Right, Table, Type, Unique, Untyped,
};

impl Kind {
    /// Returns the kind of a PostgreSQL SQLSTATE.
    pub fn of_postgres(code: &str) -> Option<Self> {
        Some(match code {
            "42P01" | "3F000" => Table,
            "42703" => Column,
            "42702" => Ambiguous,
            "42883" => Function,
            "42804" | "42846" => Type,
            "42P18" | "42P08" => Untyped,
            "42803" => Grouping,
            "42P07" | "42710" | "42701" | "42723" => Exists,
            "23502" => Null,
            "23505" => Unique,
            "23503" => Reference,
            "23514" => Check,
            "22001" => Long,
            "22003" => Range,
            "22P02" | "22007" | "22008" => Form,
            "22012" => Division,
            "42501" => Right,
            "25P02" => Aborted,
            _ => return None,
        })
    }

    /// Returns the kind of a MySQL or MariaDB error number.
    pub fn of_mysql(code: u16) -> Option<Self> {
        Some(match code {
            1051 | 1146 => Table,
            1054 => Column,
            1052 => Ambiguous,
            1305 | 1630 => Function,
            1055 | 1140 => Grouping,
            1007 | 1050 | 1060 | 1061 | 1304 => Exists,
            1048 | 1364 => Null,
            1062 | 1586 => Unique,
            1451 | 1452 => Reference,
            3819 | 4025 => Check,
            1406 => Long,
            1264 | 1690 => Range,
            1265 | 1292 | 1366 | 1411 => Form,
            1365 => Division,
            1044 | 1142 | 1143 | 1227 | 1370 => Right,
            _ => return None,
        })
    }

    /// Returns the kind of a SQL Server error number.
    pub fn of_mssql(code: u32) -> Option<Self> {
        Some(match code {
            208 => Table,
            207 => Column,
            209 => Ambiguous,
            195 | 2812 => Function,
            206 | 402 | 529 => Type,
            8120 => Grouping,
            2714 => Exists,
            515 => Null,
            2601 | 2627 => Unique,
            547 => Reference,
            2628 | 8152 => Long,
            220 | 8115 => Range,
            241 | 245 | 8114 => Form,
            8134 => Division,
            229 | 230 | 262 => Right,
            _ => return None,
        })
    }

    /// Returns the kind of an error class of Spark (spark.apache.org/docs/latest/sql-error-conditions.html).
    pub fn of_spark(class: &str) -> Option<Self> {
        Some(match class.split('.').next()? {
            "TABLE_OR_VIEW_NOT_FOUND" | "SCHEMA_NOT_FOUND" => Table,
            "UNRESOLVED_COLUMN" => Column,
            "AMBIGUOUS_REFERENCE" => Ambiguous,
            "UNRESOLVED_ROUTINE" | "WRONG_NUM_ARGS" => Function,
            "DATATYPE_MISMATCH" => Type,
            "MISSING_AGGREGATION" | "MISSING_GROUP_BY" => Grouping,
            "TABLE_OR_VIEW_ALREADY_EXISTS" => Exists,
            "NOT_NULL_CONSTRAINT_VIOLATION" => Null,
            "ARITHMETIC_OVERFLOW" | "CAST_OVERFLOW" | "NUMERIC_VALUE_OUT_OF_RANGE" => Range,
            "CAST_INVALID_INPUT" => Form,
            "DIVIDE_BY_ZERO" => Division,
            _ => return None,
        })
    }

    /// Returns the kind of a SQLite message, since SQLite has no codes for them.
    pub fn of_sqlite(message: &str) -> Option<Self> {
        let kinds = [
            ("no such table", Table),
            ("no such column", Column),
            ("ambiguous column name", Ambiguous),
            ("no such function", Function),
            ("wrong number of arguments to function", Function),
            ("misuse of aggregate", Grouping),
            ("already exists", Exists),
            ("NOT NULL constraint failed", Null),
            ("UNIQUE constraint failed", Unique),
            ("FOREIGN KEY constraint failed", Reference),
            ("CHECK constraint failed", Check),
            ("integer overflow", Range),
            ("cannot store", Form),
            ("datatype mismatch", Form),
        ];
        kinds.iter().find(|(words, _)| message.contains(words)).map(|(_, kind)| *kind)
    }

    /// Returns the suggested fix, if there is one.
    fn fix(self, database: Database) -> Option<&'static str> {
        let quotes = |double, back, brackets| match database {
            Database::Postgres | Database::Sqlite => double,
            Database::Mysql => back,
            Database::Mssql | Database::Spark => brackets,
        };
        Some(match self {
            Table => match database {
                Database::Postgres => {
                    "check the name and its schema; a name with capitals stands in double quotes, as in \"Orders\""
                }
                _ => "check the name, and the database or schema before it",
            },
            Column => "check the name; a text stands in single quotes, as in 'text'",
            Ambiguous => "write the table before it, as in t.id",
            Function => "check the name and its arguments; CAST(x AS type) changes the type of one",
            Type => "write CAST(x AS type)",
            Untyped => "give the parameter a type, as in CAST(:name AS text)",
            Grouping => "name the column in GROUP BY, or aggregate it, as in MAX(x)",
            Exists => "choose another name, or write IF NOT EXISTS",
            Null => "give the column a value or a DEFAULT",
            Unique => quotes(
                "a row with this key exists; ON CONFLICT decides what happens to it",
                "a row with this key exists; ON DUPLICATE KEY UPDATE decides what happens to it",
                "a row with this key exists; MERGE decides what happens to it",
            ),
            Reference => "write the row that it points to first, and delete it last",
            Long => "shorten the value, or widen the column",
            Range => "take a wider type, as in CAST(x AS decimal(38, 0))",
            Division => "write a / NULLIF(b, 0) to have NULL there",
            Right => "the operator grants it to the connection's login",
            Aborted => "an earlier statement of the transaction failed; it says why",
            Check | Form => return None,
        })
    }
}

/// Formats the error of a statement: the message with its code, and the fix.
pub(crate) fn reworded(database: Database, message: &str, code: &str, kind: Option<Kind>) -> String {
    with_fix(message, code, kind.and_then(|kind| kind.fix(database)))
}

fn with_fix(message: &str, code: &str, fix: Option<&str>) -> String {
    let mut text = message.trim_end().trim_end_matches('.').to_owned();
    if !code.is_empty() {
        text = format!("{text} ({code})");
    }
    match fix {
        Some(fix) => format!("{text}: {fix}"),
        None => text,
    }
}

/// Formats the error of a load: the column, the message with its code, and the load's information about
/// its file.
pub(crate) fn of_load(column: Option<&str>, message: &str, code: &str, kind: Option<Kind>) -> Error {
    let fix = match kind {
        Some(Form) => {
            Some("`schema`, `decimal` and `null_values` of the load say how the file writes values")
        }
        Some(Check) => Some("a rule of the table refuses the value; a column of JSON takes valid JSON only"),
        Some(Range) => Some("widen the column"),
        Some(Long) => Some("shorten the value, or widen the column"),
        Some(Unique) => {
            Some("the table or the file has this key already; `mode: replace` empties the table first")
        }
        Some(Reference) => Some("load the table that it points to first"),
        Some(Null) => Some("the file has NULL there, or no such column"),
        _ => None,
    };
    let text = with_fix(message, code, fix);
    Error::Database(match column {
        Some(column) => format!("column `{column}`: {text}"),
        None => text,
    })
}

/// Returns the line of a position in a text with several lines.
pub(crate) fn line(text: &str, at: usize) -> Option<usize> {
    let before = text.as_bytes().get(..at)?;
    text.trim_end().contains('\n').then(|| 1 + before.iter().filter(|byte| **byte == b'\n').count())
}

/// Adds the line to a message.
pub(crate) fn on_line(line: Option<usize>, message: String) -> String {
    match line {
        Some(line) => format!("line {line}: {message}"),
        None => message,
    }
}

impl Error {
    /// Returns the error of a statement that begins on that line of a script.
    pub(crate) fn in_script(self, first: usize) -> Self {
        let moved = |why: String| {
            let found = why.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
            match found.and_then(|(line, rest)| Some((line.parse::<usize>().ok()?, rest))) {
                Some((line, rest)) => {
                    format!("line {}: {rest}", first.saturating_add(line).saturating_sub(1))
                }
                None => format!("line {first}: {why}"),
            }
        };
        match self {
            Self::InvalidStatement(why) => Self::InvalidStatement(moved(why)),
            Self::Database(why) => Self::Database(moved(why)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_place_its_code_and_its_fix() {
        for (database, message, code, kind, shown) in [
            (
                Database::Postgres,
                "relation \"orders\" does not exist",
                "42P01",
                Kind::of_postgres("42P01"),
                "relation \"orders\" does not exist (42P01): check the name and its schema; a name with capitals stands in double quotes, as in \"Orders\"",
            ),
            (
                Database::Mysql,
                "Duplicate entry '1' for key 'PRIMARY'",
                "1062",
                Kind::of_mysql(1062),
                "Duplicate entry '1' for key 'PRIMARY' (1062): a row with this key exists; ON DUPLICATE KEY UPDATE decides what happens to it",
            ),
            (
                Database::Mssql,
                "Divide by zero error encountered.",
                "8134",
                Kind::of_mssql(8134),
                "Divide by zero error encountered (8134): write a / NULLIF(b, 0) to have NULL there",
            ),
            (
                Database::Sqlite,
                "no such column: x",
                "",
                Kind::of_sqlite("no such column: x"),
                "no such column: x: check the name; a text stands in single quotes, as in 'text'",
            ),
            (Database::Postgres, "odd", "XX000", Kind::of_postgres("XX000"), "odd (XX000)"),
        ] {
            assert_eq!(reworded(database, message, code, kind), shown);
        }
    }

    #[test]
    fn lines_are_those_of_the_text() {
        let text = "SELECT a,\n  b\nFROM t";
        assert_eq!(line(text, text.find("FROM").unwrap()), Some(3));
        assert_eq!(line("SELECT 1\n", 3), None);
        assert_eq!(line(text, 1_000), None);
        for (why, shown) in [
            ("line 2: no", "line 6: no"),
            ("no", "line 5: no"),
            ("line of x: no", "line 5: line of x: no"),
            ("line 18446744073709551615: no", "line 18446744073709551614: no"),
        ] {
            assert_eq!(Error::Database(why.to_owned()).in_script(5), Error::Database(shown.to_owned()));
        }
        assert_eq!(Error::TimedOut.in_script(5), Error::TimedOut);
    }
}

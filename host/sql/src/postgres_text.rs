//! Columns of PostgreSQL whose type this host does not decode. The server itself formats them as text, as
//! `psql` shows them.
//!
//! The driver's protocol returns every column in binary. So a statement with such a column runs inside
//! another statement that casts it to `text`, or to `text[]`, so that the items of an array stay separate.

use stepwell_engine::config::Database;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Column, Statement};

use crate::dialect::{self, Token};
use crate::postgres_types::decoder;

/// Returns the cast of a column, or `None` if the host decodes its type.
fn cast(of: &Type) -> Option<&'static str> {
    if decoder(of).is_some() {
        return None;
    }
    match of.kind() {
        Kind::Domain(base) => cast(base),
        Kind::Array(_) => Some("text[]"),
        _ => Some("text"),
    }
}

/// Wraps the statement in one that casts the columns of undecoded types. Returns `None` if there are none.
pub(crate) fn wrapped(statement: &Statement, text: &str) -> Option<String> {
    let casts: Vec<_> = statement.columns().iter().map(|column| cast(column.type_())).collect();
    if casts.iter().all(Option::is_none) {
        return None;
    }
    let tokens = dialect::tokens(Database::Postgres, text).ok()?;
    let first = tokens.iter().find(|token| token.text != "(")?;
    let starts = |words: &[&str]| words.iter().any(|word| first.is(word));
    let has = |words: &[&str]| tokens.iter().any(|token| words.iter().any(|word| token.is(word)));
    let end = tokens.iter().rev().find(|token| token.text != ";").map_or(text.len(), Token::end);
    let inner = text.get(..end)?;
    let names: Vec<String> = (1..=casts.len()).map(|number| format!("c{number}")).collect();
    let columns = names.iter().zip(&casts).map(|(name, cast)| match cast {
        Some(cast) => format!("{name}::{cast}"),
        None => name.clone(),
    });
    let (columns, names) = (columns.collect::<Vec<_>>().join(", "), names.join(", "));
    let changes = ["insert", "update", "delete", "merge"];
    if starts(&["select", "values", "table"]) || starts(&["with"]) && !has(&changes) {
        return Some(format!("SELECT {columns} FROM (\n{inner}\n) AS q({names})"));
    }
    // Changes are allowed at the top level only.
    starts(&changes).then(|| format!("WITH q({names}) AS (\n{inner}\n) SELECT {columns} FROM q"))
}

/// Names the columns of undecoded types, for an error.
pub(crate) fn without_form(columns: &[Column]) -> String {
    let shown = columns.iter().filter(|column| cast(column.type_()).is_some());
    let shown = shown.map(|column| {
        format!("the column `{0}` is of the type `{1}`, which this statement cannot give: write `CAST({0} AS text)`", column.name(), column.type_().name())
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// Describes a value that does not match its type.
pub(crate) fn unread(column: &Column) -> String {
    let (name, of) = (column.name(), column.type_().name());
    format!(
        "the column `{name}` has a value of the type `{of}` that cannot be read: write `CAST({name} AS text)`"
    )
}

//! The columns of the table that a load fills: their types, and columns that the table lacks.

use std::collections::HashMap;

use fit::Target;
use stepwell_sdk::Failure;
use stepwell_sdk::sql::{Column, Connection, Parameters, Value};

use crate::config::Load;
use crate::run::quoted;
use crate::table::names;

/// Names that every table of SQLite has beside its columns.
const HIDDEN: &[&str] = &["rowid", "oid", "_rowid_"];

/// Asks the database for the types of the columns. A login may have the right to insert but not to read. In that
/// case the types stay unknown, and the database alone decides.
///
/// # Errors
/// Fails when the table lacks a column.
pub fn of(
    connection: &Connection,
    load: &Load,
    columns: &[String],
    timeout_ms: u32,
) -> Result<Vec<Target>, Failure> {
    let dialect = connection.dialect();
    let table: Vec<&str> = load.table.split('.').collect();
    let table = quoted(&dialect, &table);
    let parts: Vec<String> = columns.iter().map(|name| quoted(&dialect, &[name.as_str()])).collect();
    let query = format!("SELECT {} FROM {table} WHERE 1 = 0", parts.join(", "));
    let unknown = || vec![Target::unknown(); columns.len()];
    // SQLite reads the name of a missing column as a text.
    let is_sqlite = dialect == "sqlite";
    let found = if is_sqlite { None } else { described(connection, &query, timeout_ms) };
    let Some(found) = found.filter(|found| found.len() == columns.len()) else {
        let all = described(connection, &format!("SELECT * FROM {table} WHERE 1 = 0"), timeout_ms);
        let Some(all) = all.filter(|all| !all.is_empty()) else { return Ok(unknown()) };
        let mut known = HashMap::new();
        for column in &all {
            known.entry(key(&dialect, &column.name)).or_insert(column);
        }
        let at = |name: &String| known.get(&key(&dialect, name)).copied();
        let lacks = |name: &&String| at(name).is_none() && !(is_sqlite && HIDDEN.contains(&name.as_str()));
        if let Some(name) = columns.iter().find(lacks) {
            return Err(missing(load, name, &all));
        }
        let target = |name| at(name).map_or_else(Target::unknown, |it| Target::of(&dialect, &it.type_name));
        return Ok(columns.iter().map(target).collect());
    };
    let mut targets: Vec<Target> =
        found.iter().map(|column| Target::of(&dialect, &column.type_name)).collect();
    match dialect.as_str() {
        "mysql" if found.iter().any(|column| ["enum", "set"].contains(&column.type_name.as_str())) => {
            named(connection, &load.table, columns, &mut targets, timeout_ms);
        }
        "mssql" => detailed(connection, &query, &mut targets, timeout_ms),
        _ => {}
    }
    Ok(targets)
}

/// Returns the columns of a query without rows.
fn described(connection: &Connection, query: &str, timeout_ms: u32) -> Option<Vec<Column>> {
    let rows = connection.query(query, &Parameters::Positional(Vec::new()), timeout_ms).ok()?;
    let columns = rows.columns();
    // Read to the end, so that the statement does not have to be stopped.
    rows.next(1).ok()?;
    Some(columns)
}

/// Returns the text that is the same for all spellings of a name.
fn key(dialect: &str, name: &str) -> String {
    if dialect == "postgres" { name.to_owned() } else { name.to_lowercase() }
}

fn missing(load: &Load, name: &str, all: &[Column]) -> Failure {
    let line = match load.has_header() {
        true => format!(", line {}", load.skip.unwrap_or(0) + 1),
        false => String::new(),
    };
    let known = names(all.iter().map(|column| column.name.as_str()));
    Failure::invalid_config(format!(
        "{}{line}, column `{}`: the table `{}` has no such column; it has {known}: rename the column, or name the ones to load in `columns`",
        load.file,
        tables::shown(name),
        load.table
    ))
}

/// Runs one of the step's own queries and returns the texts of its rows.
pub fn texts(
    connection: &Connection,
    query: &str,
    parameters: Vec<Value>,
    timeout_ms: u32,
) -> Option<Vec<Vec<String>>> {
    const MOST: u32 = 1_000;
    let rows = connection.query(query, &Parameters::Positional(parameters), timeout_ms).ok()?;
    let text = |value: Value| match value {
        Value::Text(text) => text,
        _ => String::new(),
    };
    let found = rows.next(MOST).ok()?;
    Some(found.into_iter().map(|row| row.into_iter().map(text).collect()).collect())
}

/// Completes columns of MySQL with the names that they hold.
fn named(connection: &Connection, table: &str, columns: &[String], targets: &mut [Target], timeout_ms: u32) {
    let (schema, table) =
        table.split_once('.').map_or((None, table), |(schema, table)| (Some(schema), table));
    let query = "SELECT column_name, column_type FROM information_schema.columns \
                 WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?";
    let given = vec![
        schema.map_or(Value::Null, |schema| Value::Text(schema.to_owned())),
        Value::Text(table.to_owned()),
    ];
    let mut types = HashMap::new();
    for row in texts(connection, query, given, timeout_ms).unwrap_or_default() {
        let [name, of] = row.as_slice() else { continue };
        types.insert(key("mysql", name), of.clone());
    }
    for (column, target) in columns.iter().zip(targets) {
        if let Some((kind, names)) = types.get(&key("mysql", column)).and_then(|of| listed(of)) {
            *target = Target::names(kind, names, kind == "set");
        }
    }
}

/// Returns the names of `enum('x','it''s')`.
fn listed(of: &str) -> Option<(&'static str, Vec<String>)> {
    let kind = ["enum", "set"].into_iter().find(|kind| of.starts_with(*kind))?;
    let inner = of.get(kind.len()..)?.trim().strip_prefix("('")?.strip_suffix("')")?;
    Some((kind, inner.split("','").map(|name| name.replace("''", "'")).collect()))
}

/// Completes columns of SQL Server with the digits and lengths of their types.
fn detailed(connection: &Connection, query: &str, targets: &mut [Target], timeout_ms: u32) {
    let describe = format!(
        "SELECT system_type_name FROM sys.dm_exec_describe_first_result_set(N'{}', NULL, 0) \
         WHERE is_hidden = 0 ORDER BY column_ordinal",
        query.replace('\'', "''")
    );
    let Some(types) = texts(connection, &describe, Vec::new(), timeout_ms) else { return };
    if types.len() == targets.len() {
        for (target, name) in targets.iter_mut().zip(types.iter().filter_map(|row| row.first())) {
            if !name.is_empty() {
                *target = Target::of("mssql", name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_an_enum_are_read() {
        for (of, wanted) in [
            ("enum('x','it''s')", Some(("enum", vec!["x", "it's"]))),
            ("set('a','b')", Some(("set", vec!["a", "b"]))),
            ("varchar(9)", None),
        ] {
            let wanted = wanted.map(|(kind, names)| (kind, names.into_iter().map(str::to_owned).collect()));
            assert_eq!(listed(of), wanted, "{of}");
        }
    }
}

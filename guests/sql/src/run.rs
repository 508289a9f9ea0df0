//! Runs a `sql` step.

use std::fs;
use std::path::{Path, PathBuf};

use stepwell_sdk::prelude::{json, log, serde_json};
use stepwell_sdk::sql::{Column, Connection, Parameters, Rows, Transaction, has_word, returns_rows};
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, Output, StepResult, progress, values};

use crate::config::{Duplicates, Given, LoadMode, OutputFile, Sql};
use crate::hints;
use crate::load::Source;
use crate::table::json_row;
use crate::write::Sink;

/// The number of rows to request at a time.
const BATCH: u32 = 2048;

/// Runs the configured statement, script, procedure or load.
pub fn run(step: &Sql) -> StepResult {
    let connection = Connection::open(&step.connection_name)?;
    let output = work(step, &connection)
        .map_err(|failure| hints::tables(&connection, &step.connection_name, failure, step.timeout_ms()))?;
    Ok(output.metadata("connection_name", step.connection_name.as_str()))
}

fn work(step: &Sql, connection: &Connection) -> StepResult {
    Ok(if let Some(query) = &step.query {
        statement(step, connection, query)?.metadata("query", query.as_str())
    } else if let Some(procedure) = &step.procedure {
        let call = call(step, &connection.dialect(), procedure)?;
        statement(step, connection, &call)?.metadata("procedure", procedure.as_str())
    } else if let Some(what) = &step.load {
        loaded(step, connection, what)?
    } else {
        let text = match (&step.script, &step.script_path) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => {
                let path = place(path);
                fs::read_to_string(&path).map_err(|error| {
                    Failure::not_found(format!(
                        "cannot read {}: {}",
                        path.display(),
                        stepwell_sdk::files::why(&error)
                    ))
                })?
            }
            (None, None) => return Err(Failure::invalid_config("there is nothing to do")),
        };
        script(step, connection, &text)?
    })
}

/// Resolves a path of the job relative to the workspace.
pub fn place(path: &str) -> PathBuf {
    Path::new("/workspace").join(path)
}

fn statement(step: &Sql, connection: &Connection, text: &str) -> StepResult {
    let parameters = step.parameters();
    let rows = step.procedure.is_some() || returns_rows(text);
    // A failed expectation undoes the changes.
    let undo = step.expect.is_some() && (!rows || changes(text));
    within(connection, undo, || {
        if rows {
            return fetch(step, &connection.query(text, &parameters, step.timeout_ms())?);
        }
        let changed = connection.execute(text, &parameters, step.timeout_ms())?;
        if let Some(expect) = &step.expect {
            expect.count(changed, "changed")?;
        }
        let summary = format!("Statement executed successfully. {} affected.", counted(changed, "row"));
        Ok(Output::new(summary).metadata("row_count", 0).metadata("affected_rows", changed))
    })
}

/// Runs `work` in a transaction that ends with it.
fn within<T>(
    connection: &Connection,
    transaction: bool,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    if !transaction {
        return work();
    }
    connection.transaction(Transaction::Begin)?;
    let result = work();
    match &result {
        Ok(_) => connection.transaction(Transaction::Commit)?,
        // A failed statement may have closed the connection, and with it the transaction.
        Err(_) => drop(connection.transaction(Transaction::Rollback)),
    }
    result
}

fn fetch(step: &Sql, rows: &Rows) -> StepResult {
    let columns = named(step, rows.columns())?;
    let spec = step.output.as_ref().map(OutputFile::spec);
    let mut sink = spec.as_ref().map(|spec| Sink::open(spec, &columns)).transpose()?;
    let mut collected = Vec::new();
    let (mut count, mut truncated) = (0u64, false);
    // Columns go unchanged into a columnar file if no condition has to check rows.
    let by_columns =
        step.max_rows.is_none() && step.expect.as_ref().is_none_or(|expect| expect.values.is_empty());
    if let Some(sink) = sink.as_mut().filter(|sink| by_columns && sink.takes_columns()) {
        loop {
            let batch = rows.next_columns(BATCH)?;
            let Some(first) = batch.first() else { break };
            count += first.len() as u64;
            sink.write_columns(batch)?;
            progress(count, None, "rows");
        }
    }
    loop {
        let mut batch = rows.next(BATCH)?;
        if batch.is_empty() {
            break;
        }
        if let Some(max) = step.max_rows
            && count + batch.len() as u64 > max
        {
            truncated = true;
            batch.truncate((max - count) as usize);
        }
        if let Some(expect) = &step.expect {
            expect.check(&columns, &batch, count)?;
        }
        count += batch.len() as u64;
        match &mut sink {
            Some(sink) => sink.write(batch)?,
            None => collected.extend(batch.iter().map(|row| json_row(&columns, row))),
        }
        progress(count, None, "rows");
        if truncated {
            log::warn(format!(
                "the result has more than {}; the rest is left (`max_rows`)",
                counted(count, "row")
            ));
            break;
        }
    }
    if let Some(expect) = &step.expect {
        expect.check(&columns, &[], count)?;
        expect.count(count, "returned")?;
    }
    let path = sink.map(Sink::close).transpose()?;
    let summary = match &path {
        None => format!("Query executed successfully. {} returned.", counted(count, "row")),
        Some(path) => format!("Query executed successfully. {} written to {path}.", counted(count, "row")),
    };
    let value = match &path {
        None => serde_json::Value::Array(collected),
        Some(path) => json!({ "path": path, "row_count": count }),
    };
    let columns: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let output = Output::new(summary).value(value).metadata("row_count", count).metadata("columns", columns);
    let output = output.metadata("truncated", truncated);
    Ok(match path {
        Some(path) => output.metadata("output_path", path),
        None => output,
    })
}

/// Returns the columns with distinct names.
fn named(step: &Sql, mut columns: Vec<Column>) -> Result<Vec<Column>, Failure> {
    if step.duplicates == Some(Duplicates::Rename) {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        for (column, name) in columns.iter_mut().zip(values::renamed(&names)) {
            column.name = name;
        }
        return Ok(columns);
    }
    values::distinct(columns.iter().map(|column| column.name.as_str()))?;
    Ok(columns)
}

fn script(step: &Sql, connection: &Connection, text: &str) -> StepResult {
    within(connection, step.transaction.unwrap_or(true), || {
        let report = connection.script(text, step.timeout_ms())?;
        let mut done = Vec::new();
        let mut affected = 0;
        for statement in &report.done {
            log::info(format!("{}: {} affected", statement.statement, counted(statement.affected, "row")));
            affected += statement.affected;
            done.push(json!({
                "statement": statement.statement, "affected_rows": statement.affected, "row_count": statement.rows,
            }));
        }
        if let Some(error) = report.failed {
            let mut failure = Failure::from(error);
            let place = format!("statement {} of the script", done.len() + 1);
            failure.message = match failure.message.starts_with("line ") {
                true => format!("{place}, {}", failure.message),
                false => format!("{place}: {}", failure.message),
            };
            return Err(failure.metadata("statements", done));
        }
        let summary = format!(
            "Script executed successfully. {}, {} affected.",
            counted(done.len() as u64, "statement"),
            counted(affected, "row")
        );
        Ok(Output::new(summary)
            .metadata("statement_count", done.len())
            .metadata("affected_rows", affected)
            .value(serde_json::Value::Array(done)))
    })
}

fn loaded(step: &Sql, connection: &Connection, what: &crate::config::Load) -> StepResult {
    let replaces = what.mode == LoadMode::Replace;
    let mut source = Source::open(what)?;
    source.ask(connection, step.timeout_ms())?;
    let done = within(connection, replaces || step.expect.is_some(), || {
        if replaces {
            let table: Vec<&str> = what.table.split('.').collect();
            let delete = format!("DELETE FROM {}", quoted(&connection.dialect(), &table));
            connection.execute(&delete, &Parameters::Positional(Vec::new()), step.timeout_ms())?;
        }
        let done = source.load(connection, step.timeout_ms())?;
        if let Some(expect) = &step.expect {
            expect.count(done.rows, "loaded")?;
        }
        Ok(done)
    })?;
    let without =
        if done.rejected > 0 { format!(" Rows left out: {}.", done.rejected) } else { String::new() };
    let summary = format!("{} loaded into {}.{without}", counted(done.rows, "row"), what.table);
    let value = json!({ "table": what.table, "row_count": done.rows });
    let output = Output::new(summary).value(value).metadata("row_count", done.rows);
    Ok(output.metadata("affected_rows", done.rows).metadata("rows_rejected", done.rejected))
}

/// Quotes a table or column name in the dialect. The host refuses names that need more than that.
pub fn quoted(dialect: &str, parts: &[&str]) -> String {
    let (open, close) = match dialect {
        "mysql" | "spark" => ('`', '`'),
        "mssql" => ('[', ']'),
        _ => ('"', '"'),
    };
    let part = |part: &&str| format!("{open}{}{close}", part.replace(close, &format!("{close}{close}")));
    parts.iter().map(part).collect::<Vec<_>>().join(".")
}

/// Builds the call of a procedure in the dialect.
fn call(step: &Sql, dialect: &str, procedure: &str) -> Result<String, Failure> {
    let refuse = |why: &str| Err(Failure::invalid_config(why.to_owned()));
    let marks: Vec<String> = match (&step.parameters, dialect) {
        (None, _) => Vec::new(),
        (Some(Given::Positional(values)), "postgres") => {
            (1..=values.len()).map(|index| format!("${index}")).collect()
        }
        (Some(Given::Positional(values)), _) => vec!["?".to_owned(); values.len()],
        (Some(Given::Named(values)), "postgres" | "spark") => {
            values.keys().map(|name| format!("{name} => :{name}")).collect()
        }
        (Some(Given::Named(values)), "mssql") => {
            values.keys().map(|name| format!("@{name} = :{name}")).collect()
        }
        (Some(Given::Named(_)), _) => {
            return refuse("procedures of this database take their parameters in order: write a list");
        }
    };
    let marks = marks.join(", ");
    match dialect {
        "sqlite" => refuse("SQLite has no procedures: write a `query` or a `script`"),
        "mssql" => Ok(format!("EXEC {procedure} {marks}")),
        _ => Ok(format!("CALL {procedure}({marks})")),
    }
}

/// Returns whether a statement that returns rows may also change rows.
fn changes(query: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE", "MERGE", "CALL", "EXEC", "EXECUTE"]
        .iter()
        .any(|word| has_word(query, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_give_rows() {
        for (query, rows) in [
            ("SELECT 1", true),
            ("  -- first\n/* then */ with x as (select 1) select * from x", true),
            ("(SELECT 1) UNION SELECT 2", true),
            ("INSERT INTO t VALUES (1)", false),
            ("delete from t returning id", true),
            ("DELETE FROM t OUTPUT deleted.id", true),
            ("UPDATE t SET a = 1", false),
            ("EXEC p", true),
            ("", false),
        ] {
            assert_eq!(returns_rows(query), rows, "{query}");
        }
    }

    #[test]
    fn procedures_are_called_in_the_words_of_the_dialect() {
        let step = |parameters: &str| -> Sql {
            serde_json::from_str(&format!(
                r#"{{"procedure": "r.p", "connection_name": "w", "parameters": {parameters}}}"#
            ))
            .unwrap()
        };
        for (dialect, parameters, text) in [
            ("postgres", "[1, 2]", Some("CALL r.p($1, $2)")),
            ("postgres", r#"{"a": 1}"#, Some("CALL r.p(a => :a)")),
            ("mysql", "[1]", Some("CALL r.p(?)")),
            ("mysql", r#"{"a": 1}"#, None),
            ("mssql", r#"{"a": 1, "b": 2}"#, Some("EXEC r.p @a = :a, @b = :b")),
            ("sqlite", "[]", None),
        ] {
            assert_eq!(
                call(&step(parameters), dialect, "r.p").ok().as_deref(),
                text,
                "{dialect} {parameters}"
            );
        }
    }
}

//! `Invoke-Sqlcmd` over the operator's connections: a script names a connection, and never sees an address or
//! a password.
//!
//! The name and the parameters are those of the module SqlServer.

use super::{CmdletInfo, Cx, Each};
use ps_runtime::host::{Cell, SqlRequest, SqlRows};
use ps_runtime::types::lookup;
use ps_syntax::symbol::same;
use ps_value::error::{Category, Fault, R};
use ps_value::types::NetType;
use ps_value::{Str, Value};

pub(super) const CMDLETS: &[CmdletInfo] = &[CmdletInfo {
    name: "Invoke-Sqlcmd",
    class: "InvokeSqlcmdCommand",
    params: "Query: string @0 pipe set=Query mandatory alias=Q | InputFile: string set=File mandatory | ServerInstance: string alias=SQLInstance,ConnectionName | Database: string | Variable: string[] | DisableVariables: switch | QueryTimeout: int range=0..65535 | Username: string | Password: string | Credential: pscredential",
    default_set: "Query",
    make: || Box::new(Each(invoke)),
}];

fn invoke(cx: &mut Cx<'_>) -> R<()> {
    let text = match cx.text("InputFile") {
        Some(path) => cx.it.read_text(&path)?,
        None => cx.text("Query").unwrap_or_default(),
    };
    // The operator's connection is a database on a server, so `-Database` is the better name.
    let name = cx.text("Database").or_else(|| cx.text("ServerInstance"));
    let Some(connection) = name.filter(|name| !name.is_empty()) else {
        return cx
            .fail(fault("name a connection of the operator's: -ServerInstance NAME, or -Database NAME"));
    };
    if ["Username", "Password", "Credential"].iter().any(|parameter| cx.has(parameter)) {
        let message = format!(
            "The credentials of the connection `{connection}` are the operator's; those of the script are not used."
        );
        cx.it.write_warning(&message, None)?;
    }
    let text = if cx.flag("DisableVariables") { text } else { substituted(cx, &text)? };
    let timeout = cx.integer("QueryTimeout").unwrap_or(0).max(0).unsigned_abs();
    let request = SqlRequest { connection, batches: batches(&text), timeout };
    match cx.it.host.sql(&request) {
        Ok(results) => results.into_iter().try_for_each(|rows| put_rows(cx, rows)),
        Err(why) => cx.fail(fault(&why)),
    }
}

fn fault(why: &str) -> Fault {
    Fault::new(NetType::SqlException, "SqlError", Category::InvalidOperation, why)
}

/// Replaces `$(name)` by the value from `-Variable "name=value"`, as sqlcmd does.
fn substituted(cx: &mut Cx<'_>, text: &str) -> R<String> {
    let given = cx.strings("Variable");
    let variables: Vec<(&str, &str)> = given.iter().filter_map(|pair| pair.split_once('=')).collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        out.push_str(before);
        let Some((name, after)) = after.split_once(')') else {
            out.push_str("$(");
            rest = after;
            continue;
        };
        match variables.iter().find(|(own, _)| same(own.trim(), name.trim())) {
            Some((_, value)) => out.push_str(value.trim()),
            None => return cx.fail(fault(&format!("'{name}' scripting variable not defined."))),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Splits a text at lines with `GO`.
fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        if same(line.trim().trim_end_matches(';'), "GO") {
            batches.push(String::new());
        } else if let Some(batch) = batches.last_mut() {
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

fn put_rows(cx: &mut Cx<'_>, result: SqlRows) -> R<()> {
    for row in result.rows {
        let mut pairs: Vec<(Str, Value)> = Vec::with_capacity(row.len());
        for (at, (name, cell)) in result.columns.iter().zip(row).enumerate() {
            let name = if name.is_empty() { format!("Column{}", at + 1) } else { name.clone() };
            pairs.push((name.into(), value(cx, cell)?));
        }
        cx.put(Value::custom(pairs))?;
    }
    Ok(())
}

fn value(cx: &mut Cx<'_>, cell: Cell) -> R<Value> {
    let (text, ty) = match cell {
        Cell::Null => return Ok(Value::Null),
        Cell::Boolean(yes) => return Ok(Value::Bool(yes)),
        Cell::Integer(n) => return Ok(i32::try_from(n).map_or(Value::Long(n), Value::Int)),
        Cell::Float(n) => return Ok(Value::Double(n)),
        Cell::Text(text) => return Ok(Value::from(text)),
        Cell::Bytes(bytes) => return Ok(Value::bytes(&bytes)),
        Cell::Decimal(text) => (text, "decimal"),
        Cell::Time(text) => (text, "timespan"),
        Cell::Timestamp(text) => (text, "datetime"),
        Cell::Uuid(text) => (text, "guid"),
    };
    let text = Value::from(text);
    match lookup(ty) {
        // A value that the type cannot hold, such as a decimal of 40 digits, stays text.
        Some(ty) => Ok(cx.it.convert(&text, &ty).unwrap_or(text)),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn go_separates_batches() {
        assert_eq!(batches("SELECT 1\nGO\n\ngo;\nSELECT 'GO'"), ["SELECT 1\n", "SELECT 'GO'\n"]);
    }
}

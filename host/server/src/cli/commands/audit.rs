//! `stepwell audit`.

use serde_json::Value;
use stepwell::engine::quantity::counted;

use crate::Exit;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, AuditCommand};
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, time, whole, words};

pub(super) async fn audit(limit: u32, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    show(api.output, &client.list(|| Call::to(&Operation::listAudit, &[]), limit).await?, |rows| {
        let mut sheet =
            Sheet::new(&[whole("time"), words("by"), whole("action"), words("target"), words("detail")]);
        for row in items(rows) {
            sheet.row([
                time(row, "/at"),
                who(row),
                text(row, "/action"),
                text(row, "/target"),
                text(row, "/detail"),
            ]);
        }
        sheet.text()
    })
}

/// Returns the actor of a row, with the name if there is one.
fn who(row: &Value) -> String {
    let (by, name) = (text(row, "/by"), text(row, "/name"));
    if name.is_empty() { by } else { format!("{by} ({name})") }
}

pub(super) async fn verify_audit(command: AuditCommand) -> Ends {
    let AuditCommand::Verify { expect, api } = command;
    let client = Client::new(&api).await?;
    let found = client.ask(Call::to(&Operation::verifyAudit, &[]).query("expect", expect)).await?;
    let intact = found.get("intact").and_then(Value::as_bool).unwrap_or(false);
    show(api.output, &found, |found| {
        let rows = counted(text(found, "/rows"), "row");
        let mut lines = match intact {
            true => vec![format!("the audit log is intact: {rows}")],
            false => broken_row(found),
        };
        match text(found, "/expected").as_str() {
            "removed" => lines.push(
                "the retention has removed the expected row, so that it says nothing: keep a newer head"
                    .to_owned(),
            ),
            "unchecked" => lines.push("the expected row was not reached".to_owned()),
            _ => {}
        }
        if text(found, "/removed") != "0" {
            lines.push(format!("rows that the retention removed before them: {}", text(found, "/removed")));
        }
        if text(found, "/open") != "0" {
            lines.push(format!(
                "rows of an earlier version that are not in the chain yet: {}",
                text(found, "/open")
            ));
        }
        lines.push(format!("head: {}", text(found, "/head")));
        lines.join("\n")
    })?;
    Ok(if intact { Exit::Success } else { Exit::RunFailed })
}

/// Where the audit log is broken, why, and what to do.
fn broken_row(found: &Value) -> Vec<String> {
    let of = |what: &str| text(found, &format!("/broken/{what}"));
    let place = match (of("seq").as_str(), of("after").as_str()) {
        ("", "") => String::new(),
        ("", after) => format!(", after the row with seq {after}"),
        (seq, _) => format!(", the row with seq {seq}"),
    };
    vec![
        format!("the audit log is broken at row {} of the chain{place}: {}", of("number"), of("why")),
        format!("help: {}", of("help")),
    ]
}

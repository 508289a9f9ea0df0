//! `stepwell policy`.

use std::path::Path;

use serde_json::Value;
use stepwell::engine::job;
use stepwell::engine::project;
use stepwell::{Host, HostError};

use crate::Exit;
use crate::api::policies::grants;
use crate::cli::args::Local;
use crate::cli::files;
use crate::cli::host::host;
use crate::cli::output::show;
use crate::cli::output::table::{items, text};
use crate::display::plain_lines;
use crate::failure::Failure;

pub(super) async fn policy_show(file: &Path, local: &Local) -> Result<Exit, Failure> {
    let source = files::read(file)?;
    let host = host(&local.host).await?;
    // Structure only: a denial is shown here, and is no error.
    let mut parsed =
        job::parse(&source.name, &source.text, &host.steps().catalog()).map_err(HostError::Invalid)?;
    parsed.job.id = project::qualified(local.host.project_on(&host)?, &parsed.job.id);
    let answer = serde_json::to_value(grants(&host, &parsed.job).await).unwrap_or_default();
    show(local.output, &answer, |answer| {
        items(answer).iter().map(step_text).collect::<Vec<_>>().join("\n\n")
    })?;
    note_other_settings(&host).await;
    Ok(Exit::Success)
}

/// Says that what is shown follows from the options of this command, where a running service has others.
pub(super) async fn note_other_settings(host: &Host) {
    // Without a store there is no service to differ from.
    if host.system().differs_from_services().await.unwrap_or(false) {
        say!(
            "note: this follows from the options of this command, and the running service has other settings: pass the \
            --policy, --config, --queues and --step options that `stepwell serve` has"
        );
    }
}

fn step_text(step: &Value) -> String {
    let mut lines = vec![match text(step, "/step_id") {
        id if id.is_empty() => "the job".to_owned(),
        id => format!("step {id} ({})", text(step, "/step_type")),
    }];
    let rule = text(step, "/grant/denied/rule");
    if !rule.is_empty() {
        lines.push(format!("  denied [{rule}]"));
        let denial = in_full(step.pointer("/grant/denied").unwrap_or(&Value::Null));
        lines.extend(denial.lines().map(|line| format!("  {line}")));
        return plain_lines(&lines.join("\n"));
    }
    for name in ["digest", "profile", "note"] {
        let value = text(step, &format!("/grant/{name}"));
        if !value.is_empty() {
            lines.push(format!("  {name}{} {value}", if name == "note" { ":" } else { "" }));
        }
    }
    for part in step.pointer("/grant/parts").and_then(Value::as_array).into_iter().flatten() {
        lines.push(format!("  {} {}  ({})", text(part, "/part"), text(part, "/value"), text(part, "/from")));
    }
    for denial in step.get("missing").and_then(Value::as_array).into_iter().flatten() {
        lines.push(format!("  missing [{}] {}", text(denial, "/rule"), in_full(denial)));
    }
    plain_lines(&lines.join("\n"))
}

/// Returns the message of a denial, and the change that would allow the action.
fn in_full(denial: &Value) -> String {
    let (message, help) = (text(denial, "/message"), text(denial, "/help"));
    if help.is_empty() { message } else { format!("{message}; {help}") }
}

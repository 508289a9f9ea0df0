//! `stepwell policy`.

use std::path::Path;

use serde_json::{Value, json};
use stepwell::engine::job;
use stepwell::engine::policy::Grant;
use stepwell::engine::project;
use stepwell::{Host, HostError};

use crate::Exit;
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
    let mut steps = Vec::new();
    for (step, grant) in host.jobs().grants(&parsed.job) {
        let (id, step_type) = (&step.id, &step.step_type);
        let shown = match grant {
            Ok(grant) => granted(&grant),
            Err(denial) => json!({"denied": {"rule": denial.rule, "message": denial.in_full()}}),
        };
        steps.push(json!({"step_id": id, "step_type": step_type, "grant": shown}));
    }
    let answer = json!({"items": steps, "next_cursor": null});
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

/// A grant: each part with its value and the rule that it comes from.
fn granted(grant: &Grant) -> Value {
    let origin = |part: &str| {
        let found = grant.trace().iter().rev().find(|(name, _)| name == part);
        found.map_or_else(|| format!("profile {}", grant.profile().name()), |(_, origin)| origin.clone())
    };
    let mut parts = Vec::new();
    let mut add = |part: String, value: String, from: String| {
        parts.push(json!({"part": part, "value": value, "from": from}));
    };
    for (name, value) in grant.limits().list() {
        add(format!("limits.{name}"), format!("= {value}"), origin(&format!("limits.{name}")));
    }
    for (part, value) in grant.parts() {
        add(part, value, grant.policy().to_owned());
    }
    let note = grant.shortfall().map(|short| short.in_full());
    json!({"digest": grant.digest(), "profile": origin("profile"), "note": note, "parts": parts})
}

fn step_text(step: &Value) -> String {
    let mut lines = vec![format!("step {} ({})", text(step, "/step_id"), text(step, "/step_type"))];
    let rule = text(step, "/grant/denied/rule");
    if !rule.is_empty() {
        lines.push(format!("  denied [{rule}]"));
        lines.extend(text(step, "/grant/denied/message").lines().map(|line| format!("  {line}")));
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
    plain_lines(&lines.join("\n"))
}

//! The commands that only read: policies, schemas, the configuration.

use std::path::Path;
use std::str::FromStr;

use serde_json::{Value, json};
use stepwell::engine::config::Setting;
use stepwell::engine::job;
use stepwell::engine::policy::{Grant, Policy};
use stepwell::engine::queue::QueueFile;
use stepwell::engine::{Configuration, JobDefinition, project};
use stepwell::store::PostgresSettings;
use stepwell::{Host, HostError};

use crate::cli::{Local, SchemaKind};
use crate::display::plain_lines;
use crate::failure::Failure;
use crate::files;
use crate::operate::show;
use crate::table::{items, text};
use crate::{Exit, builder, host, print};

pub(crate) async fn policy_show(file: &Path, local: &Local) -> Result<Exit, Failure> {
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
pub(crate) async fn note_other_settings(host: &Host) {
    // Without a store there is no service to differ from.
    if host.system().differs_from_services().await.unwrap_or(false) {
        eprintln!(
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

pub(crate) fn schema(kind: SchemaKind) -> Result<Exit, Failure> {
    let schema: serde_json::Value = match kind {
        SchemaKind::Job => JobDefinition::schema().into(),
        SchemaKind::Policy => Policy::schema().into(),
        SchemaKind::Config => Configuration::schema().into(),
        SchemaKind::Queues => QueueFile::schema().into(),
        SchemaKind::Openapi => crate::api::document(),
    };
    print(&serde_json::to_string_pretty(&schema).unwrap_or_default());
    Ok(Exit::Success)
}

/// What the configuration says, without secrets.
pub(crate) fn config_show(resolved: bool, local: &Local) -> Result<Exit, Failure> {
    let args = &local.host;
    let sources = builder(args);
    let mut config = Configuration::clone(&*sources.configuration()?);
    if resolved {
        // What the command line and the environment say counts more than the file.
        if let Some(url) = &args.store {
            config.store = Some(Setting(url.clone()));
        }
        if !args.policy.is_empty() {
            config.policies.clone_from(&args.policy);
        }
        config.queues = args.queues.clone().or(config.queues);
        config.data_dir = args.data_dir.clone().or(config.data_dir).or_else(|| Some(crate::cli::data_dir()));
        config.steps.extend(args.step.iter().cloned());
    }
    for setting in config.store.iter_mut().chain(config.stores.values_mut()) {
        if setting.reference().is_none() {
            setting.0 = PostgresSettings::from_str(&setting.0)
                .map_or_else(|_| HIDDEN.to_owned(), |settings| settings.place().to_owned());
        }
    }
    for header in config.telemetry.otlp_headers.values_mut().filter(|header| header.reference().is_none()) {
        HIDDEN.clone_into(&mut header.0);
    }
    let of = |config: &Configuration| serde_json::to_value(config).unwrap_or_default();
    let mut shown = of(&config);
    if resolved {
        let queues = serde_json::to_value(sources.queue_settings()?).unwrap_or_default();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("timezone_queues".to_owned(), queues);
        }
    } else {
        without_defaults(&mut shown, &of(&Configuration::default()));
    }
    show(local.output, &shown, |shown| match shown.as_object() {
        Some(map) if map.is_empty() => "# every value is the default".to_owned(),
        _ => serde_saphyr::to_string(shown).unwrap_or_default().trim_end().to_owned(),
    })
}

/// The text in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// Leaves out what is as it would be anyway.
fn without_defaults(value: &mut Value, default: &Value) {
    let (Value::Object(map), Value::Object(defaults)) = (value, default) else { return };
    map.retain(|key, value| defaults.get(key) != Some(value));
    for (key, value) in map {
        without_defaults(value, defaults.get(key).unwrap_or(&Value::Null));
    }
}

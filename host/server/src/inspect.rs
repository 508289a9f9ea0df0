//! The commands that only look: policies, steps, runs, schemas.

use std::path::Path;
use std::str::FromStr;

use serde_json::Value;
use stepwell::engine::config::Setting;
use stepwell::store::PostgresSettings;

use stepwell::engine::job::{self, Catalog};
use stepwell::engine::policy::{Grant, Policy};
use stepwell::engine::queue::QueueFile;
use stepwell::engine::run::RunView;
use stepwell::engine::store::LogRecord;
use stepwell::engine::{Configuration, JobDefinition, Manifest};
use stepwell::{Host, HostError};

use crate::cli::{HostArgs, Output, SchemaKind};
use crate::display::{plain, summary};
use crate::run::read;
use crate::{Exit, builder, host, print};

pub(crate) async fn policy_show(file: &Path, args: &HostArgs) -> Result<Exit, HostError> {
    let text = read(file)?;
    let host = host(args).await?;
    // Structure only: what is denied is shown here, and not an error.
    let parsed =
        job::parse(&file.display().to_string(), &text, &host.catalog()).map_err(HostError::Invalid)?;
    for (step, grant) in host.grants(&parsed.job) {
        print(&format!("step {} ({})", step.id, step.step_type));
        match grant {
            Ok(grant) => print(&shown(&grant, host.sandbox().manifest(&step.step_type).as_deref())),
            Err(denial) => print(&format!("  denied [{}]\n  {}\n", denial.rule, denial.in_full())),
        }
    }
    note_other_settings(&host).await;
    Ok(Exit::Success)
}

/// Says that what is shown follows from the options of this command, where a running service has others.
pub(crate) async fn note_other_settings(host: &Host) {
    // Without a store there is no service to differ from.
    if host.differs_from_services().await.unwrap_or(false) {
        eprintln!(
            "note: this follows from the options of this command, and the running service has other settings: pass the \
            --policy, --config, --queues and --step options that `stepwell serve` has"
        );
    }
}

fn shown(grant: &Grant, manifest: Option<&Manifest>) -> String {
    let origin = |part: &str| {
        let found = grant.trace().iter().rev().find(|(name, _)| name == part);
        found.map_or_else(|| format!("profile {}", grant.profile().name()), |(_, origin)| origin.clone())
    };
    let mut lines = vec![format!("  digest {}", grant.digest()), format!("  profile {}", origin("profile"))];
    if let Some(wanted) = manifest.map(|manifest| manifest.profile).filter(|wanted| *wanted > grant.profile())
    {
        let (has, wants) = (grant.profile().name(), wanted.name());
        lines.push(format!(
            "  note: the step asks for the profile {wants}, and has {has}: it may run out of memory or fuel"
        ));
    }
    for (name, value) in grant.limits().list() {
        lines.push(format!("  limits.{name} = {value}  ({})", origin(&format!("limits.{name}"))));
    }
    for rule in grant.http().rules() {
        let url = rule.url.as_deref().unwrap_or_default();
        let methods = if rule.methods.is_empty() { "GET".to_owned() } else { rule.methods.join(" ") };
        let paths = if rule.paths.is_empty() { "every path".to_owned() } else { rule.paths.join(" ") };
        let inject =
            rule.inject.as_ref().map_or(String::new(), |i| format!(", adds {} from a secret", i.header));
        lines.push(format!("  http {methods} {url} {paths}{inject}  ({})", origin(&format!("http {url}"))));
    }
    for (name, sql) in grant.sql() {
        let (rows, timeout) = (sql.rows, sql.timeout);
        lines.push(format!(
            "  sql {name} {:?}, {rows} rows, {timeout}  ({})",
            sql.mode,
            origin(&format!("sql {name}"))
        ));
    }
    for mount in grant.files() {
        let (at, source) = (&mount.mount, &mount.source);
        lines.push(format!(
            "  files {at} {:?} {source:?}  ({})",
            mount.access,
            origin(&format!("files {at}"))
        ));
    }
    for (name, process) in grant.process() {
        let network = if process.network { ", network" } else { "" };
        lines.push(format!(
            "  process {name} = {}, {}{network}  ({})",
            process.path.display(),
            process.timeout,
            origin(&format!("process {name}"))
        ));
    }
    for (name, value) in grant.environment() {
        lines.push(format!(
            "  environment {name} = {}  ({})",
            plain(value),
            origin(&format!("environment {name}"))
        ));
    }
    if let Some((_, origin)) = grant.trace().iter().find(|(name, _)| name == "context") {
        lines.push(format!("  context as granted  ({origin})"));
    }
    lines.push(String::new());
    lines.join("\n")
}

pub(crate) async fn runs_show(
    execution_id: &str,
    output: Output,
    args: &HostArgs,
) -> Result<Exit, HostError> {
    let host = host(args).await?;
    let state = host.run(execution_id).await?;
    let view = RunView::from(&state);
    match output {
        Output::Json => print(&serde_json::to_string_pretty(&view).unwrap_or_default()),
        Output::Text => {
            let workspace = host.workspace(execution_id);
            print(&summary(&view, workspace.is_dir().then_some(workspace.as_path())));
        }
    }
    Ok(Exit::Success)
}

pub(crate) async fn runs_logs(execution_id: &str, args: &HostArgs) -> Result<Exit, HostError> {
    let host = host(args).await?;
    for record in host.logs(execution_id).await? {
        print(&log_line(&record));
    }
    Ok(Exit::Success)
}

/// A line of log as text.
pub(crate) fn log_line(record: &LogRecord) -> String {
    let at = record.at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
    let field = |(name, value): (&String, &serde_json::Value)| {
        format!(" {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let fields: Vec<String> = record.line.fields.iter().map(field).collect();
    let LogRecord { step_id, attempt, line, .. } = record;
    plain(&format!("{at} {} {step_id}/{attempt} {}{}", line.level, line.message, fields.concat()))
}

pub(crate) fn schema(kind: SchemaKind) -> Result<Exit, HostError> {
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
pub(crate) fn config_show(resolved: bool, args: &HostArgs) -> Result<Exit, HostError> {
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
    print(&serde_json::to_string_pretty(&shown).unwrap_or_default());
    Ok(Exit::Success)
}

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// Leaves out what is as it would be anyway.
fn without_defaults(value: &mut Value, default: &Value) {
    let (Value::Object(map), Value::Object(defaults)) = (value, default) else { return };
    map.retain(|key, value| defaults.get(key) != Some(value));
    for (key, value) in map {
        without_defaults(value, defaults.get(key).unwrap_or(&Value::Null));
    }
}

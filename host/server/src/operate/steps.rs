//! The commands about step types.

use std::path::Path;

use stepwell::engine::Manifest;
use stepwell::engine::step::Origin;
use stepwell::sandbox::Component;
use stepwell::{Activated, Host, HostError, Registration};

use super::{audit, done};
use crate::cli::{HostArgs, StepsCommand};
use crate::display::{plain, table};
use crate::{Exit, file_error, host, print};

pub(crate) async fn steps(command: StepsCommand) -> Result<Exit, HostError> {
    match command {
        StepsCommand::List(args) => list(&args).await,
        StepsCommand::Inspect { step, host: args } => inspect(&step, &host(&args).await?).await,
        StepsCommand::Register { file, force, host: args } => {
            let how = Registration { replace: args.replace, force };
            let host = host(&HostArgs { step: Vec::new(), ..args }).await?;
            let wasm = std::fs::read(&file).map_err(|error| file_error(file, error))?;
            let activated = host.register_for_all(wasm, how, audit(&host, "step.register", "")).await?;
            done(&told("registered", &activated))
        }
        StepsCommand::Rollback { step_type, version, host: args } => {
            let host = host(&args).await?;
            let audit = audit(&host, "step.rollback", &step_type);
            let activated = host.roll_back(&step_type, version.as_deref(), audit).await?;
            done(&told("rolled back", &activated))
        }
        StepsCommand::Remove { step_type, host: args } => {
            let host = host(&args).await?;
            host.unregister_for_all(&step_type, audit(&host, "step.remove", &step_type)).await?;
            done(&format!("{step_type}: removed"))
        }
    }
}

/// What has become active.
fn told(what: &str, activated: &Activated) -> String {
    let Activated { step_type, version, digest, previous, refused } = activated;
    let mut lines = vec![format!("{step_type} {version}: {what}, {digest}")];
    if let Some(previous) = previous.as_ref().filter(|previous| *previous != version) {
        lines.push(format!("version {previous} was active before; runs that were admitted go on with it"));
    }
    if !refused.is_empty() {
        lines.push("steps of stored jobs that are not valid with this version:".to_owned());
        let shown =
            refused.iter().map(|job| format!("  {}, step {}: {}", job.job_id, job.step_id, job.message));
        lines.extend(shown);
    }
    plain_lines(&lines)
}

fn plain_lines(lines: &[String]) -> String {
    lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n")
}

async fn list(args: &HostArgs) -> Result<Exit, HostError> {
    let host = host(args).await?;
    let mut table = table(["type", "version", "other versions", "source", "asks for", "profile", "summary"]);
    for step in host.steps().await? {
        let versions = host.step_versions(&step.type_name).await?;
        let source = versions.iter().find(|version| version.active).map_or("", |version| version.source);
        let others: Vec<&str> = versions
            .iter()
            .filter(|version| !version.active)
            .map(|version| version.version.as_str())
            .collect();
        // What it can do without is in `steps inspect`.
        let asked = step.needs.iter().filter(|need| !need.optional);
        let needs: Vec<&str> = asked.map(|need| need.capability.as_str()).collect();
        table.add_row([
            plain(&step.type_name),
            plain(&step.version),
            plain(&others.join(" ")),
            source.replace('_', "-"),
            plain(&needs.join(" ")),
            step.profile.name().to_owned(),
            plain(&step.summary),
        ]);
    }
    print(&table.to_string());
    Ok(Exit::Success)
}

async fn inspect(step: &str, host: &Host) -> Result<Exit, HostError> {
    let from_file = Path::new(step).extension().is_some_and(|extension| extension == "wasm");
    let component = if from_file {
        let wasm = std::fs::read(step).map_err(|error| file_error(step.into(), error))?;
        host.sandbox().examine(wasm).await?
    } else {
        host.component(step).await?
    };
    let mut lines = described(&component);
    if !from_file {
        lines.push("versions:".to_owned());
        for version in host.step_versions(&component.manifest().type_name).await? {
            let active = if version.active { " (active)" } else { "" };
            let source = version.source.replace('_', "-");
            let mut line = format!("  {}{active} {} {source}", version.version, version.digest);
            if let Some(at) = version.registered_at {
                line.push_str(&format!(" {}", at.format("%Y-%m-%dT%H:%M:%SZ")));
            }
            if let Some(by) = &version.registered_by {
                line.push_str(&format!(" by {by}"));
            }
            lines.push(plain(&line));
        }
    }
    lines.push("configuration:".to_owned());
    let schema = component.manifest().config_schema.value();
    lines.push(serde_json::to_string_pretty(schema).unwrap_or_default());
    print(&lines.join("\n"));
    Ok(Exit::Success)
}

fn described(component: &Component) -> Vec<String> {
    let Manifest { type_name, version, summary, profile, idempotent, needs, .. } =
        component.manifest().as_ref();
    let origin = match component.origin() {
        Origin::BuiltIn => ", built in",
        Origin::Registered => "",
    };
    let mut lines = vec![
        format!("{} {}: {}", plain(type_name), plain(version), plain(summary)),
        format!("component: {}{origin}", component.digest()),
        format!("size: {} bytes", component.wasm().map_or(0, |wasm| wasm.len())),
        format!("profile: {}", profile.name()),
        format!("idempotent: {}", if *idempotent { "yes" } else { "no" }),
    ];
    for need in needs {
        let may = if need.optional { "can use" } else { "asks for" };
        lines.push(format!("{may} {}: {}", plain(&need.capability), plain(&need.purpose)));
    }
    lines
}

//! `stepwell steps`.

use std::path::Path;

use serde_json::{Value, json};
use stepwell::engine::step::Origin;
use stepwell::sandbox::Component;

use crate::Exit;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, HostArgs, Of, StepsCommand};
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::host::{component, host};
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::cli::output::{change, each, show, show_all};
use crate::display::{plain, plain_lines};
use crate::failure::Failure;

pub(super) async fn steps(of: Of<StepsCommand>) -> Ends {
    let Of { command, mut api } = of;
    let (output, replace) = (api.output, api.host.replace);
    match command {
        StepsCommand::Inspect { step } if is_path(&step) => inspect_file(&step, &api).await,
        StepsCommand::Inspect { step } => {
            let client = Client::new(&api).await?;
            match client.ask(Call::to(&Operation::getStep, &[&step])).await {
                Err(failure) if failure.exit == Exit::BadInput && Path::new(&step).exists() => {
                    inspect_file(&step, &api).await
                }
                answer => show(output, &answer?, described),
            }
        }
        StepsCommand::List => {
            let client = Client::new(&api).await?;
            show(output, &client.ask(Call::to(&Operation::listSteps, &[])).await?, listed)
        }
        StepsCommand::Register { files, force } => {
            // `--step` registers for this process alone; here the service registers the component for every node.
            api.host = HostArgs { step: Vec::new(), ..api.host };
            let client = Client::new(&api).await?;
            let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            let register = async |name: String| {
                let wasm = component(Path::new(&name))?;
                let call = Call::to(&Operation::registerStep, &[])
                    .header("content-type", "application/wasm")
                    .body(wasm);
                let call =
                    call.query("force", force.then_some(true)).query("replace", replace.then_some(true));
                let activated = client.ask(call).await.map_err(|failure| in_file(&name, failure))?;
                let line = activation(&activated, "registered");
                Ok((activated, line))
            };
            let (exit, answers) = each(output, &names, register).await?;
            show_all(output, names.len(), answers);
            Ok(exit)
        }
        StepsCommand::Rollback { step_type, version } => {
            let client = Client::new(&api).await?;
            let call = Call::to(&Operation::rollbackStep, &[&step_type]).json(&json!({ "version": version }));
            show(output, &client.ask(call).await?, |activated| activation(activated, "active again"))
        }
        StepsCommand::Jobs { step_type } => {
            let client = Client::new(&api).await?;
            let call = || Call::to(&Operation::stepJobs, &[&step_type]);
            show(output, &client.list(call, MOST_ITEMS).await?, users)
        }
        StepsCommand::Remove { step_type, force } => {
            let client = Client::new(&api).await?;
            let call = Call::to(&Operation::removeStep, &[&step_type]);
            let call = call.query("force", force.then_some(true));
            change(&client, output, call, &format!("{step_type}: removed")).await
        }
    }
}

/// The jobs that use a step type, with their steps of that type.
fn users(jobs: &Value) -> String {
    let mut sheet = Sheet::new(&[words("job"), words("steps")]);
    for job in items(jobs) {
        let steps = job.get("steps").and_then(Value::as_object).into_iter().flatten();
        let steps: Vec<&str> = steps.map(|(step, _)| step.as_str()).collect();
        sheet.row([text(job, "/job_id"), steps.join(", ")]);
    }
    sheet.text()
}

/// Returns whether the argument of `inspect` is a path, and not the name of a step type.
fn is_path(step: &str) -> bool {
    step.starts_with(['.', '/']) || Path::new(step).extension().is_some_and(|extension| extension == "wasm")
}

fn in_file(name: &str, failure: Failure) -> Failure {
    Failure { message: format!("{name}: {}", failure.message), ..failure }
}

/// The version that is active now.
fn activation(activated: &Value, done: &str) -> String {
    let (version, previous) = (text(activated, "/version"), text(activated, "/previous"));
    let mut lines =
        vec![format!("{} {version}: {done}, {}", text(activated, "/step_type"), text(activated, "/digest"))];
    if !previous.is_empty() && previous != version {
        lines.push(format!("version {previous} was active before; runs that were admitted continue with it"));
    }
    let refused = activated.get("refused").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !refused.is_empty() {
        lines.push("steps of stored jobs that are not valid with this version:".to_owned());
    }
    for job in refused {
        let (id, step, why) = (text(job, "/job_id"), text(job, "/step_id"), text(job, "/message"));
        lines.push(format!("  {id}, step {step}: {why}"));
    }
    plain_lines(&lines.join("\n"))
}

/// The version that a job without a version gets, and the others.
fn versions(step: &Value) -> (Option<&Value>, Vec<&Value>) {
    let all = step.get("versions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let active = |version: &&Value| version.get("active").and_then(Value::as_bool).unwrap_or(false);
    (all.iter().find(active), all.iter().filter(|version| !active(version)).collect())
}

fn listed(steps: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("type"),
        whole("version"),
        words("other versions"),
        whole("source"),
        words("needs"),
        whole("profile"),
        words("summary"),
    ]);
    for step in items(steps) {
        let (active, others) = versions(step);
        let others: Vec<String> = others.into_iter().map(|version| text(version, "/version")).collect();
        let source =
            active.map_or_else(|| "engine".to_owned(), |version| text(version, "/source").replace('_', "-"));
        sheet.row([
            text(step, "/step_type"),
            text(step, "/version"),
            others.join(" "),
            source,
            // What it can do without is in `steps inspect`.
            needs(step, false).iter().map(|need| text(need, "/capability")).collect::<Vec<_>>().join(" "),
            text(step, "/profile"),
            text(step, "/summary"),
        ]);
    }
    sheet.text()
}

fn needs(step: &Value, optional: bool) -> Vec<&Value> {
    let all = step.get("needs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_optional = |need: &Value| need.get("optional").and_then(Value::as_bool).unwrap_or(false);
    all.iter().filter(|need| is_optional(need) == optional).collect()
}

async fn inspect_file(file: &str, api: &ApiArgs) -> Ends {
    let host = host(&api.host).await?;
    let wasm = component(Path::new(file))?;
    let component = host
        .sandbox()
        .examine(wasm)
        .await
        .map_err(|error| in_file(file, stepwell::HostError::from(error).into()))?;
    show(api.output, &of_component(&component), described)
}

/// A component as the API shows a step.
fn of_component(component: &Component) -> Value {
    let manifest = component.manifest();
    json!({
        "step_type": manifest.type_name,
        "version": manifest.version,
        "summary": manifest.summary,
        "digest": component.digest(),
        "bytes": component.wasm().map(|wasm| wasm.len()),
        "built_in": component.origin() == Origin::BuiltIn,
        "profile": manifest.profile.name(),
        "idempotent": manifest.idempotent,
        "needs": manifest.needs,
        "config_schema": manifest.config_schema.value(),
    })
}

fn described(step: &Value) -> String {
    let digest = text(step, "/digest");
    let mut lines =
        vec![format!("{} {}: {}", text(step, "/step_type"), text(step, "/version"), text(step, "/summary"))];
    if !digest.is_empty() {
        lines.push(format!("component: {digest}"));
    }
    for (name, shown) in [("bytes", "size in bytes"), ("profile", "profile")] {
        let value = text(step, &format!("/{name}"));
        if !value.is_empty() {
            lines.push(format!("{shown}: {value}"));
        }
    }
    let idempotent = step.get("idempotent").and_then(Value::as_bool).unwrap_or(false);
    lines.push(format!("idempotent: {}", if idempotent { "yes" } else { "no" }));
    for (optional, verb) in [(false, "needs"), (true, "can use")] {
        for need in needs(step, optional) {
            lines.push(format!("{verb} {}: {}", text(need, "/capability"), text(need, "/purpose")));
        }
    }
    let (active, others) = versions(step);
    if active.is_some() || !others.is_empty() {
        lines.push("versions:".to_owned());
    }
    for version in active.into_iter().chain(others) {
        let is_active = version.get("active").and_then(Value::as_bool).unwrap_or(false);
        let (at, by) = (time(version, "/registered_at"), text(version, "/registered_by"));
        let mut line = format!(
            "  {}{} {} {}",
            text(version, "/version"),
            if is_active { " (active)" } else { "" },
            text(version, "/digest"),
            text(version, "/source").replace('_', "-")
        );
        line.push_str(&if at.is_empty() { at } else { format!(" {at}") });
        line.push_str(&if by.is_empty() { by } else { format!(" by {by}") });
        lines.push(line);
    }
    let mut lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    lines.push("configuration:".to_owned());
    let schema = step.get("config_schema").unwrap_or(&Value::Null);
    lines.push(serde_json::to_string_pretty(schema).unwrap_or_default());
    lines.join("\n")
}

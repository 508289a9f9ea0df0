//! `stepwell run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use stepwell::engine::document::{Diagnostic, Diagnostics};
use stepwell::engine::project;
use stepwell::engine::run::{Admission, RunState};
use stepwell::engine::{JobDefinition, job};
use stepwell::{Host, HostError};
use tokio_util::sync::CancellationToken;

use super::validate::{announce_compiling, job_value};
use crate::api::Operation;
use crate::cli::args::{ApiArgs, Output, RunArgs};
use crate::cli::client::{Call, Client};
use crate::cli::files::{self, Source};
use crate::cli::host::host;
use crate::cli::output::progress::Terminal;
use crate::cli::output::summary::{exit_of, summary};
use crate::cli::waiting::{Follow, ended, follow};
use crate::display::plain_lines;
use crate::failure::Failure;
use crate::{Exit, print, print_painted, say_painted};

pub(super) async fn run(args: RunArgs) -> Result<Exit, Failure> {
    // A job that cannot run leaves nothing, not even an empty store.
    let assigned = assignments(&args.vars)?;
    let source = args.file.as_deref().map(files::read).transpose()?;
    if args.api.server.is_some() {
        return elsewhere(&args, source).await;
    }
    let host = host(&args.api.host).await?;
    let id = match (source, &args.resume) {
        (Some(source), _) => {
            let job = checked(&args.api, &source, &host).await?;
            known_step(&job, args.show_output.as_deref())?;
            let variables = variables(&job.vars, &assigned)?;
            let audit = host.audit().row(&host.access().command_user(), "job.run", "", &job.id);
            let admission = Admission { variables, queued: false, ..Admission::default() };
            host.runs().enqueue(&Arc::new(job.into()), admission, None, Some(audit)).await?.execution_id
        }
        (None, Some(id)) => {
            let state = host.runs().get(id).await?;
            if state.status.is_terminal() {
                say!("the run {id} has ended already");
                return shown(&host, &state, &args).await;
            }
            id.clone()
        }
        // The command line requires one of them.
        (None, None) => return Ok(Exit::BadInput),
    };
    let cancel = CancellationToken::new();
    tokio::spawn(on_interrupt(cancel.clone()));
    let terminal = Terminal::new();
    let state = host.runs().resume(&id, &terminal, cancel).await?;
    terminal.finish();
    shown(&host, &state, &args).await
}

/// The job of a file, after a check whose warnings go to standard error.
async fn checked(api: &ApiArgs, source: &Source, host: &Host) -> Result<JobDefinition, Failure> {
    let project = api.host.project_on(host)?;
    announce_compiling(host, source);
    let parsed = host.jobs().parse_for(project, &source.name, &source.text).await?;
    if !parsed.warnings.0.is_empty() {
        say!("{}\n", parsed.warnings);
    }
    let mut job = parsed.job;
    job.id = project::qualified(project, &job.id);
    Ok(job)
}

/// Refuses `--show-output` of a step that the job does not have, before anything runs.
fn known_step(job: &JobDefinition, step: Option<&str>) -> Result<(), Failure> {
    let Some(step) = step else { return Ok(()) };
    let ids: Vec<&str> = job.all_steps().map(|step| step.id.as_str()).collect();
    match ids.contains(&step) {
        true => Ok(()),
        false => {
            let message = format!("the job has no step `{step}`; its steps are {}", ids.join(", "));
            Err(Failure::option("--show-output", message))
        }
    }
}

async fn shown(host: &Host, state: &RunState, args: &RunArgs) -> Result<Exit, Failure> {
    let view = serde_json::to_value(host.runs().view(state).await?).unwrap_or_default();
    let workspace = host.runs().workspace(&state.run.execution_id);
    let files = match workspace.is_dir() {
        true => format!("\nfiles: {}", workspace.display()),
        false => String::new(),
    };
    let value = match &args.show_output {
        Some(step) => Some(host.runs().step_output(&state.run.execution_id, step).await?),
        None => None,
    };
    show(&view, &files, value, args)
}

/// Prints a run: its summary, or the whole output of a step with the summary on standard error.
fn show(view: &Value, files: &str, value: Option<Option<Value>>, args: &RunArgs) -> Result<Exit, Failure> {
    let exit = exit_of(view);
    let json = |value: &Value| print(&serde_json::to_string_pretty(value).unwrap_or_default());
    match (value, args.api.output) {
        (None, Output::Json) => json(view),
        (None, Output::Text) => print_painted(&format!("{}{}", summary(view), plain_lines(files))),
        (Some(value), output) => {
            if output == Output::Text {
                say_painted(&format!("{}{}", summary(view), plain_lines(files)));
            }
            match value {
                Some(value) => json(&value),
                None => say!("the step has no output: it has not succeeded in this run"),
            }
        }
    }
    Ok(exit)
}

/// Runs the job on the service that `--server` names, and follows its log.
async fn elsewhere(args: &RunArgs, source: Option<Source>) -> Result<Exit, Failure> {
    let refused = |option: &str, instead: &str| {
        let message = format!("{option} does not work with --server: {instead}");
        Err(Failure::option(option, message))
    };
    if args.resume.is_some() {
        return refused("--resume", "the service itself continues its runs");
    }
    if !args.vars.is_empty() {
        return refused("--var", "store the job with `stepwell jobs put`, and use `stepwell jobs run --var`");
    }
    let Some(source) = source else { return Ok(Exit::BadInput) };
    let client = Client::new(&args.api).await?;
    let job = job_value(&client, &source).await?;
    let body = if job.get("job").is_some() { job } else { json!({ "job": job }) };
    let call = Call::to(&Operation::executeJob, &[]).header("prefer", "respond-async").json(&body);
    let accepted = client.ask_about(call, &source.name, &source.text).await?;
    let id = accepted.get("execution_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    say!("run {id}");
    let view = tokio::select! {
        view = follow(&client, &id, Follow::Errors) => view?,
        () = interrupted() => {
            say!("cancelling; Ctrl-C again leaves at once");
            let reason = serde_json::json!({"reason": "interrupted at the command"});
            client.ask(Call::to(&Operation::cancelRun, &[&id]).json(&reason)).await?;
            tokio::select! {
                view = ended(&client, &id) => view?,
                () = interrupted() => return Ok(Exit::Cancelled),
            }
        }
    };
    let value = match &args.show_output {
        Some(step) => Some(client.ask(Call::to(&Operation::stepOutput, &[&id, step])).await.ok()),
        None => None,
    };
    show(&view, "", value, args)
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The first Ctrl-C cancels the run, the second one exits at once.
async fn on_interrupt(cancel: CancellationToken) {
    interrupted().await;
    say!("cancelling; Ctrl-C again exits at once, and `stepwell run --resume` continues the run");
    cancel.cancel();
    interrupted().await;
    std::process::exit(Exit::Cancelled.code().into());
}

/// `--var` options as names and texts.
pub(super) fn assignments(options: &[String]) -> Result<Vec<(&str, &str)>, Failure> {
    let split = |option: &String| {
        Err(Failure::option("--var", format!("`{option}` is not a variable: write NAME=VALUE")))
    };
    options
        .iter()
        .map(|option| {
            option.split_once('=').filter(|(name, _)| !name.is_empty()).map_or_else(|| split(option), Ok)
        })
        .collect()
}

/// Assignments as values of the types that the job declares; every wrong one is reported.
pub(super) fn variables(
    declared: &Map<String, Value>,
    assigned: &[(&str, &str)],
) -> Result<BTreeMap<String, Value>, HostError> {
    let (mut variables, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, text) in assigned {
        match job::from_text(declared, name, text) {
            Ok(value) => drop(variables.insert((*name).to_owned(), value)),
            Err(error) => problems.push(Diagnostic::without_place("--var", error.to_string())),
        }
    }
    if problems.is_empty() { Ok(variables) } else { Err(HostError::Invalid(Diagnostics(problems))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_names_and_texts() {
        let options = ["day=2025-09-01", "empty=", "eq=a=b"].map(str::to_owned);
        assert_eq!(assignments(&options).unwrap(), [("day", "2025-09-01"), ("empty", ""), ("eq", "a=b")]);
        assert!(assignments(&["nothing".to_owned()]).is_err());
        assert!(assignments(&["=x".to_owned()]).is_err());
    }
}

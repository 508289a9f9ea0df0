//! `stepwell run` and `stepwell validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use stepwell::engine::document::{Diagnostic, Diagnostics};
use stepwell::engine::job::{self, Parsed};
use stepwell::engine::project;
use stepwell::engine::run::{RunState, RunStatus, RunView};
use stepwell::{Host, HostError};
use tokio_util::sync::CancellationToken;

use crate::cli::{HostArgs, Output, RunArgs};
use crate::display::{Terminal, summary};
use crate::{Exit, file_error, host, print};

pub(crate) async fn run(args: RunArgs) -> Result<Exit, HostError> {
    // A job that cannot run leaves nothing behind, not even an empty store.
    let assigned = assignments(&args.vars)?;
    let text = match args.file {
        Some(file) => Some((read(&file)?, file)),
        None => None,
    };
    let host = host(&args.host).await?;
    let id = match (&text, args.resume) {
        (Some((text, file)), _) => {
            let project = args.host.project()?;
            let mut job = parse(&host, project, file, text).await?.job;
            job.id = project::qualified(project, &job.id);
            let variables = variables(&job.vars, &assigned)?;
            host.submit(job, variables).await?
        }
        (None, Some(id)) => {
            let state = host.run(&id).await?;
            if state.status.is_terminal() {
                eprintln!("the run {id} has ended already");
                return Ok(show(&host, &state, args.output));
            }
            id
        }
        // The command line asks for one of them.
        (None, None) => return Ok(Exit::BadInput),
    };
    let cancel = CancellationToken::new();
    tokio::spawn(on_interrupt(cancel.clone()));
    let terminal = Terminal::new();
    let state = host.resume(&id, &terminal, cancel).await?;
    terminal.finish();
    Ok(show(&host, &state, args.output))
}

pub(crate) async fn validate(file: &Path, args: &HostArgs) -> Result<Exit, HostError> {
    let text = read(file)?;
    let host = host(args).await?;
    let parsed = parse(&host, args.project()?, file, &text).await?;
    let count = parsed.job.step_count();
    print(&format!("{}: the job `{}` is valid ({count} steps)", file.display(), parsed.job.id));
    Ok(Exit::Success)
}

/// Reads and checks a job file; warnings go to standard error.
pub(crate) async fn parse(host: &Host, project: &str, file: &Path, text: &str) -> Result<Parsed, HostError> {
    let name = file.display().to_string();
    // Said before the wait, and only where there is one. What is wrong with the job is told below.
    if let Ok(parsed) = job::parse(&name, text, &host.catalog()) {
        let types: BTreeSet<&str> = parsed.job.all_steps().map(|step| step.step_type.as_str()).collect();
        for step_type in types.into_iter().filter(|step_type| host.sandbox().needs_compiling(step_type)) {
            eprintln!("compiling `{step_type}` for the sandbox (once; then it is cached)");
        }
    }
    let parsed = host.parse_for(project, &name, text).await?;
    if !parsed.warnings.0.is_empty() {
        eprintln!("{}\n", parsed.warnings);
    }
    Ok(parsed)
}

pub(crate) fn read(file: &Path) -> Result<String, HostError> {
    fs::read_to_string(file).map_err(|error| file_error(file.to_owned(), error))
}

fn show(host: &Host, state: &RunState, output: Output) -> Exit {
    let view = RunView::from(state);
    match output {
        Output::Json => print(&serde_json::to_string_pretty(&view).unwrap_or_default()),
        Output::Text => {
            let workspace = host.workspace(&view.execution_id);
            print(&summary(&view, workspace.is_dir().then_some(workspace.as_path())));
        }
    }
    match state.status {
        RunStatus::Success => Exit::Success,
        RunStatus::Cancelled => Exit::Cancelled,
        _ => Exit::RunFailed,
    }
}

/// The first Ctrl-C cancels the run, the second one leaves at once.
async fn on_interrupt(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        eprintln!("cancelling; Ctrl-C again leaves at once, and `stepwell run --resume` goes on");
        cancel.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(Exit::Cancelled as i32);
        }
    }
}

/// `--var` options as names and texts.
pub(crate) fn assignments(options: &[String]) -> Result<Vec<(&str, &str)>, HostError> {
    let split = |option: &String| Err(wrong_var(format!("`{option}` is not a variable: write NAME=VALUE")));
    options
        .iter()
        .map(|option| {
            option.split_once('=').filter(|(name, _)| !name.is_empty()).map_or_else(|| split(option), Ok)
        })
        .collect()
}

/// Assignments as values of the types that the job declares; every wrong one is reported.
pub(crate) fn variables(
    declared: &BTreeMap<String, Value>,
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

fn wrong_var(message: String) -> HostError {
    HostError::Invalid(Diagnostic::without_place("--var", message).into())
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

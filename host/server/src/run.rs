//! `stepwell run` and `stepwell validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use stepwell::engine::document::Diagnostic;
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
    let variables = variables(&args.vars)?;
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
    let count = parsed.job.steps.len();
    print(&format!("{}: the job `{}` is valid ({count} steps)", file.display(), parsed.job.id));
    Ok(Exit::Success)
}

/// Reads and checks a job file; warnings go to standard error.
pub(crate) async fn parse(host: &Host, project: &str, file: &Path, text: &str) -> Result<Parsed, HostError> {
    let name = file.display().to_string();
    // Said before the wait, and only where there is one. What is wrong with the job is told below.
    if let Ok(parsed) = job::parse(&name, text, &host.catalog()) {
        let types: BTreeSet<&str> = parsed.job.steps.iter().map(|step| step.step_type.as_str()).collect();
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

/// `--var` options as values.
pub(crate) fn variables(options: &[String]) -> Result<BTreeMap<String, Value>, HostError> {
    let mut variables = BTreeMap::new();
    for option in options {
        let Some((name, text)) = option.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            let message = format!("`{option}` is not a variable: write NAME=VALUE");
            return Err(HostError::Invalid(Diagnostic::without_place("--var", message).into()));
        };
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_json_where_they_read_as_json() {
        let options = ["day=2025-09-01", "limit=5", "names=[\"a\"]", "empty=", "eq=a=b"].map(str::to_owned);
        let expected = json!({"day": "2025-09-01", "limit": 5, "names": ["a"], "empty": "", "eq": "a=b"});
        assert_eq!(json!(variables(&options).unwrap()), expected);
        assert!(variables(&["nothing".to_owned()]).is_err());
        assert!(variables(&["=x".to_owned()]).is_err());
    }
}

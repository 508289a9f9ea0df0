//! The commands that operate: runs, jobs, schedules, queues, dead letters, approvals, steps, keys.
//!
//! Each is a client of the REST API: of the service that `--server` names, or in this process over the store of this
//! node, beside a service that runs on it. What they print as JSON is the API's answer.

mod args;
mod connections;
mod definition;
mod jobs;
mod letters;
mod runs;
mod schedules;
mod secrets;
mod steps;
mod system;
mod waiting;

use serde_json::{Value, json};

use crate::Exit;
use crate::api::Operation;
use crate::cli::Output;
use crate::client::{Call, Client};
use crate::display::{plain, plain_lines};
use crate::failure::Failure;
use crate::print;

pub(crate) use args::OperateCommand;
pub(crate) use jobs::{announce_compiling, check, validate};
pub(crate) use steps::steps;
pub(crate) use waiting::{Follow, ended, follow};

/// How a command ends.
type Ends = Result<Exit, Failure>;

pub(crate) async fn operate(command: OperateCommand) -> Ends {
    match command {
        OperateCommand::Runs(of) => runs::runs(of.command, &of.api).await,
        OperateCommand::Explain { execution_id, api } => runs::explain(&execution_id, &api).await,
        OperateCommand::Jobs(of) => jobs::jobs(of.command, &of.api).await,
        OperateCommand::Schedules(of) => schedules::schedules(of.command, &of.api).await,
        OperateCommand::Ledger { job, decision, limit, api } => {
            schedules::ledger(job.as_deref(), decision.as_deref(), limit, &api).await
        }
        OperateCommand::Backfills(of) => schedules::backfills(of.command, &of.api).await,
        OperateCommand::DeadLetters(of) => letters::dead_letters(of.command, &of.api).await,
        OperateCommand::Approvals(of) => letters::approvals(of.command, &of.api).await,
        OperateCommand::Queues(of) => system::queues(of.command, &of.api).await,
        OperateCommand::Status(api) => system::queues(args::QueuesCommand::List, &api).await,
        OperateCommand::Metrics { hours, api } => system::metrics(hours, &api).await,
        OperateCommand::Health(api) => system::health(&api).await,
        OperateCommand::CleanUp { days, dry_run, include_dead, api } => {
            let call = Call::to(&Operation::cleanUp, &[]).query("days", days);
            let call = call.query("dry_run", dry_run.then_some(true));
            system::clean_up(call.query("include_dead", include_dead.then_some(true)), &api).await
        }
        OperateCommand::Audit { command: Some(command), .. } => {
            let args::AuditCommand::Verify { expect, api } = *command;
            system::verify_audit(expect.as_deref(), &api).await
        }
        OperateCommand::Audit { command: None, limit, api } => system::audit(limit, &api).await,
        OperateCommand::Keys(of) => system::keys(of.command, &of.api).await,
        OperateCommand::Connections(of) => connections::connections(of.command, &of.local).await,
        OperateCommand::Secrets(of) => secrets::secrets(of.command, &of.local).await,
    }
}

/// Prints an answer: as JSON, or as the text that is made of it.
pub(crate) fn show(output: Output, answer: &Value, text: impl FnOnce(&Value) -> String) -> Ends {
    match output {
        Output::Json => print(&serde_json::to_string_pretty(answer).unwrap_or_default()),
        Output::Text => print(&text(answer)),
    }
    Ok(Exit::Success)
}

/// Sends a change whose answer has no content, and says in text that it is done.
async fn change(client: &Client, output: Output, call: Call, done: &str) -> Ends {
    client.ask(call).await?;
    if output == Output::Text {
        print(&plain(done));
    }
    Ok(Exit::Success)
}

/// Applies an operation to each id, and continues when one fails. The message of a failure goes to standard
/// error, and the command ends with the exit code of the first failure. JSON output is the answer itself for
/// one id, and a list for several.
async fn each<F: Future<Output = Result<(Value, String), Failure>>>(
    output: Output,
    ids: &[String],
    act: impl Fn(String) -> F,
) -> Result<(Exit, Vec<Value>), Failure> {
    let (mut answers, mut exit) = (Vec::new(), Exit::Success);
    for id in ids {
        match act(id.clone()).await {
            Ok((answer, text)) => {
                if output == Output::Text {
                    print(&plain_lines(&text));
                }
                answers.push(answer);
            }
            Err(failure) if ids.len() == 1 => return Err(failure),
            Err(failure) => {
                eprintln!("{}", failure.shown());
                exit = if exit == Exit::Success { failure.exit } else { exit };
            }
        }
    }
    Ok((exit, answers))
}

/// Prints the answers about one thing, or about several.
fn show_all(output: Output, ids: &[String], answers: Vec<Value>) {
    if output == Output::Json {
        let answer = match <[Value; 1]>::try_from(answers) {
            Ok([one]) if ids.len() == 1 => one,
            Ok(one) => json!({ "items": one }),
            Err(several) => json!({ "items": several }),
        };
        print(&serde_json::to_string_pretty(&answer).unwrap_or_default());
    }
}

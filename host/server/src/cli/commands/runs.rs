//! `stepwell runs`.

use serde_json::{Value, json};
use stepwell::engine::quantity::{Bytes, Count};

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, Output, RunsCommand};
use crate::cli::client::{Call, Client};
use crate::cli::output::summary::{exit_of, summary};
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::cli::output::{each, show, show_all};
use crate::cli::waiting::{self, Follow, ended};
use crate::display::plain;
use crate::failure::Failure;
use crate::{Exit, print, print_painted, write};

pub(super) async fn runs(command: RunsCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        RunsCommand::List { limit, job, queue, status } => {
            let call = || {
                let call = Call::to(&Operation::listRuns, &[]).query("job_id", job.as_ref());
                call.query("queue", queue.as_ref()).query("status", status.as_ref())
            };
            show(output, &client.list(call, limit).await?, listed)
        }
        RunsCommand::Show { execution_id: id, show_output: Some(step) } => {
            let value = client.ask(Call::to(&Operation::stepOutput, &[&id, &step])).await?;
            show(Output::Json, &value, |_| String::new())
        }
        RunsCommand::Show { execution_id: id, show_output: None } => {
            show_run(&client, output, &client.ask(Call::to(&Operation::getRun, &[&id])).await?);
            Ok(Exit::Success)
        }
        RunsCommand::Wait { execution_ids } => {
            finish(&client, output, Exit::Success, &execution_ids, exit_of).await
        }
        RunsCommand::Logs { execution_id: id, follow: true } => match output {
            Output::Text => Ok(exit_of(&waiting::follow(&client, &id, Follow::Output).await?)),
            Output::Json => {
                Err(Failure::option("--follow", "--follow prints lines of text: leave out `--output json`"))
            }
        },
        RunsCommand::Logs { execution_id: id, follow: false } => logs(&client, output, &id).await,
        RunsCommand::Cancel { execution_ids, reason, wait } => {
            let cancel = async |id: String| cancelled(&client, &id, &reason).await;
            let (exit, answers) = each(output, &execution_ids, cancel).await?;
            if wait {
                // A run that was cancelled as wanted is no failure.
                let wanted = |run: &Value| match exit_of(run) {
                    Exit::Cancelled => Exit::Success,
                    exit => exit,
                };
                return finish(&client, output, exit, &execution_ids, wanted).await;
            }
            show_all(output, execution_ids.len(), answers);
            Ok(exit)
        }
        RunsCommand::Retry { execution_ids, from_start, wait } => {
            let body = json!({ "from_start": from_start });
            let retry = async |id: String| {
                again(&client, Call::to(&Operation::retryRun, &[&id]).json(&body), &id).await
            };
            let (exit, answers) = each(output, &execution_ids, retry).await?;
            started(&client, output, exit, &execution_ids, answers, wait).await
        }
        RunsCommand::Receipts { execution_id: id } => {
            show(output, &client.ask(Call::to(&Operation::runReceipts, &[&id])).await?, costs)
        }
        RunsCommand::Timeline { execution_id: id } => {
            show(output, &client.ask(Call::to(&Operation::runTimeline, &[&id])).await?, times)
        }
        RunsCommand::Artifacts { execution_id: id, path: None } => {
            let files = client.ask(Call::to(&Operation::runArtifacts, &[&id])).await?;
            show(output, &files, |files| {
                let mut sheet = Sheet::new(&[whole("file"), whole("bytes")]);
                items(files).iter().for_each(|file| sheet.row([text(file, "/path"), text(file, "/bytes")]));
                sheet.text()
            })
        }
        RunsCommand::Artifacts { execution_id: id, path: Some(path) } => {
            let parameters: Vec<&str> = std::iter::once(id.as_str()).chain(path.split('/')).collect();
            client.copy(Call::to(&Operation::runArtifact, &parameters), write).await?;
            Ok(Exit::Success)
        }
    }
}

fn listed(runs: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("run"),
        words("job"),
        words("queue"),
        whole("status"),
        whole("due"),
        whole("began"),
        whole("ended"),
    ]);
    for run in items(runs) {
        sheet.row([
            text(run, "/execution_id"),
            text(run, "/job_id"),
            text(run, "/timezone"),
            text(run, "/status"),
            time(run, "/due_at"),
            time(run, "/start_time"),
            time(run, "/end_time"),
        ]);
    }
    sheet.text()
}

/// Prints a run: as JSON, or as its summary and the place of its files when they are on this node.
pub(super) fn show_run(client: &Client, output: Output, run: &Value) {
    match output {
        Output::Json => print(&serde_json::to_string_pretty(run).unwrap_or_default()),
        Output::Text => print_painted(&with_files(client, run)),
    }
}

fn with_files(client: &Client, run: &Value) -> String {
    let workspace = client.host().map(|host| host.runs().workspace(&text(run, "/execution_id")));
    match workspace.filter(|workspace| workspace.is_dir()) {
        Some(workspace) => format!("{}\nfiles: {}", summary(run), plain(&workspace.display().to_string())),
        None => summary(run),
    }
}

async fn logs(client: &Client, output: Output, id: &str) -> Ends {
    if output == Output::Text {
        if !client.copy(Call::to(&Operation::runLogs, &[id]), write).await? {
            say!("the steps of this run have logged nothing; `stepwell runs show {id}` shows their state");
        }
        return Ok(Exit::Success);
    }
    let answer =
        client.ask(Call::to(&Operation::runLogs, &[id]).header("accept", "application/json")).await?;
    show(output, &answer, |_| String::new())
}

async fn cancelled(client: &Client, id: &str, reason: &str) -> Result<(Value, String), Failure> {
    let row = client.ask(Call::to(&Operation::cancelRun, &[id]).json(&json!({ "reason": reason }))).await?;
    let verb = match row.get("status").and_then(Value::as_str) {
        Some("queued" | "running" | "waiting" | "parked") => "is being cancelled",
        _ => "cancelled",
    };
    Ok((row, format!("{id}: {verb}")))
}

/// Starts a run again.
pub(super) async fn again(client: &Client, call: Call, id: &str) -> Result<(Value, String), Failure> {
    let accepted = client.ask(call).await?;
    let note = text(&accepted, "/note");
    if !note.is_empty() {
        say!("note: {}", plain(&note));
    }
    let line = format!("{id} runs again as {}", text(&accepted, "/execution_id"));
    Ok((accepted, line))
}

/// Shows runs that were started, or waits for their ends.
pub(super) async fn started(
    client: &Client,
    output: Output,
    exit: Exit,
    ids: &[String],
    answers: Vec<Value>,
    wait: bool,
) -> Ends {
    if !wait {
        show_all(output, ids.len(), answers);
        return Ok(exit);
    }
    let new: Vec<String> = answers.iter().map(|answer| text(answer, "/execution_id")).collect();
    finish(client, output, exit, &new, exit_of).await
}

/// Waits for runs and shows them. Returns the first code other than success: `exit`, or the code of a run.
async fn finish(
    client: &Client,
    output: Output,
    exit: Exit,
    ids: &[String],
    code: impl Fn(&Value) -> Exit,
) -> Ends {
    let mut first = exit;
    let mut shown = Vec::new();
    for id in ids {
        let run = ended(client, id).await?;
        if output == Output::Text {
            print_painted(&with_files(client, &run));
        }
        first = if first == Exit::Success { code(&run) } else { first };
        shown.push(run);
    }
    show_all(output, ids.len(), shown);
    Ok(first)
}

fn costs(receipts: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("step"),
        whole("attempt"),
        whole("outcome"),
        whole("fuel"),
        whole("memory"),
        whole("ms"),
    ]);
    for receipt in items(receipts) {
        let number = |name: &str| receipt.pointer(&format!("/receipt/{name}")).and_then(Value::as_u64);
        sheet.row([
            text(receipt, "/step_id"),
            text(receipt, "/attempt"),
            text(receipt, "/outcome/class"),
            number("fuel").map_or_else(String::new, |fuel| Count::new(fuel).to_string()),
            number("memory_peak_bytes").map_or_else(String::new, |bytes| Bytes::new(bytes).to_string()),
            number("run_us").map_or_else(String::new, |us| (us / 1000).to_string()),
        ]);
    }
    sheet.text()
}

/// Shows the times of the attempts, after those of the run.
fn times(timeline: &Value) -> String {
    let mut run = Sheet::new(&[whole("requested"), whole("due"), whole("began"), whole("origin")]);
    run.row([
        time(timeline, "/created_at"),
        time(timeline, "/due_at"),
        time(timeline, "/started_at"),
        text(timeline, "/origin"),
    ]);
    let mut sheet = Sheet::new(&[
        whole("step"),
        whole("attempt"),
        whole("end"),
        whole("began"),
        whole("ended"),
        whole("compile ms"),
        whole("run ms"),
    ]);
    let attempts = timeline.get("attempts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for attempt in attempts {
        let ms = |name: &str| {
            let us = attempt.get(name).and_then(Value::as_u64);
            us.map_or_else(String::new, |us| (us / 1000).to_string())
        };
        let number = match attempt.get("attempt").and_then(Value::as_u64) {
            Some(0) => "approval".to_owned(),
            _ => text(attempt, "/attempt"),
        };
        let end = attempt.get("end").and_then(Value::as_str).unwrap_or("running").to_owned();
        sheet.row([
            text(attempt, "/step_id"),
            number,
            end,
            time(attempt, "/started_at"),
            time(attempt, "/ended_at"),
            ms("compile_us"),
            ms("run_us"),
        ]);
    }
    let mut shown = format!("{}\n{}", run.text(), sheet.text());
    let more = timeline.get("more_attempts").and_then(Value::as_u64).unwrap_or_default();
    if more > 0 {
        shown.push_str(&format!("\n{more} more attempts are not listed"));
    }
    shown
}

//! `stepwell schedules`, `stepwell ledger` and `stepwell backfills`.

use std::path::Path;

use serde_json::{Value, json};
use stepwell::engine::quantity::Span;

use super::args::{BackfillsCommand, SchedulesCommand};
use super::jobs::check;
use super::{Ends, change, show};
use crate::api::Operation;
use crate::cli::{ApiArgs, Output};
use crate::client::{Call, Client};
use crate::failure::Failure;
use crate::files::{self, Source};
use crate::table::{Sheet, fields, items, text, time, whole, words};

/// Rows that one list shows at most.
const ALL: u32 = 10_000;

pub(super) async fn schedules(command: SchedulesCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        SchedulesCommand::List => {
            let jobs = client.list(|| Call::to(&Operation::listJobs, &[]), ALL).await?;
            let schedules: Vec<Value> =
                items(&jobs).iter().filter_map(|job| job.get("schedule").cloned()).collect();
            let schedules: Vec<Value> = schedules.into_iter().filter(Value::is_object).collect();
            let answer = json!({"items": schedules, "next_cursor": jobs.get("next_cursor")});
            show(output, &answer, |answer| schedule_rows(items(answer).iter()))
        }
        SchedulesCommand::Preview { job, count, from } => {
            preview(&client, output, &job, count, from.as_deref()).await
        }
        SchedulesCommand::Show { id } => {
            let schedule = client.ask(Call::to(&Operation::getSchedule, &[&id])).await?;
            show(output, &schedule, |schedule| schedule_rows(std::iter::once(schedule)))
        }
        SchedulesCommand::Pause { id, reason } => {
            let call = Call::to(&Operation::pauseSchedule, &[&id]).json(&json!({ "reason": reason }));
            change(&client, output, call, &format!("{id}: paused")).await
        }
        SchedulesCommand::Resume { id } => {
            let call = Call::to(&Operation::resumeSchedule, &[&id]);
            change(&client, output, call, &format!("{id}: resumed")).await
        }
        SchedulesCommand::Once { file, time: at } => {
            let source = files::read(&file)?;
            let job = job_value(&client, &source).await?;
            let call =
                Call::to(&Operation::scheduleJob, &[]).json(&json!({"job": job, "scheduled_time": at}));
            show(output, &client.ask(call).await?, |scheduled| {
                let note = text(scheduled, "/note");
                let note = if note.is_empty() { note } else { format!("\nnote: {note}") };
                let due = time(scheduled, "/scheduled_time");
                format!("{}: due at {due}{note}", text(scheduled, "/execution_id"))
            })
        }
    }
}

fn schedule_rows<'a>(schedules: impl Iterator<Item = &'a Value>) -> String {
    let mut sheet = Sheet::new(&[
        whole("job"),
        words("zone"),
        whole("next fire"),
        whole("decided up to"),
        words("paused"),
    ]);
    for schedule in schedules {
        sheet.row([
            text(schedule, "/job_id"),
            text(schedule, "/timezone"),
            time(schedule, "/next"),
            time(schedule, "/cursor"),
            text(schedule, "/paused"),
        ]);
    }
    sheet.text()
}

/// The job of a file as JSON, after it was checked as it stands there, so that its problems have their places.
pub(super) async fn job_value(client: &Client, source: &Source) -> Result<Value, Failure> {
    check(client, source).await?;
    let document = stepwell::engine::document::Document::parse(&source.name, &source.text)
        .map_err(stepwell::HostError::Invalid)?;
    Ok(document.value)
}

async fn preview(client: &Client, output: Output, job: &str, count: u32, from: Option<&str>) -> Ends {
    let path = Path::new(job);
    let call = if files::is_standard_input(path) || path.is_file() {
        let source = files::read(path)?;
        check(client, &source).await?;
        Call::to(&Operation::previewJob, &[]).body(source.text)
    } else {
        Call::to(&Operation::previewSchedule, &[job])
    };
    let answer = client.ask(call.query("count", Some(count)).query("from", from)).await?;
    show(output, &answer, previewed)
}

fn previewed(answer: &Value) -> String {
    let mut sheet = Sheet::new(&[whole("fire"), whole("due"), whole("result"), words("note")]);
    let none = answer.get("fires").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if none {
        return "the job has no schedule, or no fires left".to_owned();
    }
    let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    for fire in list("fires") {
        let decision = text(&fire, "/decision");
        let result = if decision == "admitted" { "runs".to_owned() } else { decision };
        sheet.row([text(&fire, "/nominal"), time(&fire, "/due_at"), result, text(&fire, "/note")]);
    }
    let mut lines = vec![sheet.text()];
    for change in list("transitions") {
        let seconds = change.get("seconds").and_then(Value::as_i64).unwrap_or(0);
        let way = if seconds > 0 { "forward" } else { "back" };
        let by = Span::secs(seconds.unsigned_abs());
        lines.push(format!("clocks go {way} by {by} at {}", time(&change, "/at")));
    }
    lines.join("\n")
}

pub(super) async fn ledger(job: Option<&str>, decision: Option<&str>, limit: u32, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let call = || Call::to(&Operation::listLedger, &[]).query("job_id", job).query("decision", decision);
    show(api.output, &client.list(call, limit).await?, |rows| {
        let mut sheet = Sheet::new(&[
            whole("job"),
            whole("fire"),
            whole("due"),
            whole("decision"),
            whole("run"),
            words("reason"),
        ]);
        for row in items(rows) {
            sheet.row([
                text(row, "/job_id"),
                text(row, "/nominal"),
                time(row, "/due_at"),
                text(row, "/decision"),
                text(row, "/execution_id"),
                text(row, "/reason"),
            ]);
        }
        sheet.text()
    })
}

pub(super) async fn backfills(command: BackfillsCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        BackfillsCommand::List => {
            let all = client.list(|| Call::to(&Operation::listBackfills, &[]), ALL).await?;
            show(output, &all, |all| backfill_rows(items(all)))
        }
        BackfillsCommand::Show { id } => {
            show(output, &client.ask(Call::to(&Operation::getBackfill, &[&id])).await?, fields)
        }
        BackfillsCommand::Start { job, from, to, priority, dry_run } => {
            let body =
                json!({"job_id": job, "from": from, "to": to, "priority": priority, "dry_run": dry_run});
            show(output, &client.ask(Call::to(&Operation::startBackfill, &[]).json(&body)).await?, |answer| {
                match answer.get("to_run").and_then(Value::as_array) {
                    Some(fires) => planned(fires, &text(answer, "/total"), &text(answer, "/ran_already")),
                    None => format!("{}: {} runs", text(answer, "/id"), text(answer, "/total")),
                }
            })
        }
        BackfillsCommand::Cancel { id } => {
            let answer = client.ask(Call::to(&Operation::cancelBackfill, &[&id])).await?;
            show(output, &answer, |_| format!("{id}: cancelled"))
        }
    }
}

fn planned(fires: &[Value], total: &str, ran_already: &str) -> String {
    let mut sheet = Sheet::new(&[whole("fire"), whole("due"), words("note")]);
    fires
        .iter()
        .for_each(|fire| sheet.row([text(fire, "/nominal"), time(fire, "/due_at"), text(fire, "/note")]));
    format!("{}\n{total} fires would run; {ran_already} have run already", sheet.text())
}

fn backfill_rows(all: &[Value]) -> String {
    let mut sheet = Sheet::new(&[
        whole("backfill"),
        words("job"),
        whole("from"),
        whole("to"),
        whole("state"),
        whole("done"),
        whole("total"),
    ]);
    for fill in all {
        sheet.row([
            text(fill, "/id"),
            text(fill, "/job_id"),
            time(fill, "/from"),
            time(fill, "/to"),
            text(fill, "/state"),
            text(fill, "/done"),
            text(fill, "/total"),
        ]);
    }
    sheet.text()
}

//! `stepwell schedules`.

use std::path::Path;

use serde_json::{Value, json};
use stepwell::engine::quantity::Span;

use super::validate::{check, job_value};
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, Output, SchedulesCommand};
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::files;
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::cli::output::{change, show};

pub(super) async fn schedules(command: SchedulesCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        SchedulesCommand::List => {
            let answer = client.list(|| Call::to(&Operation::listSchedules, &[]), MOST_ITEMS).await?;
            show(output, &answer, |answer| schedule_rows(items(answer).iter()))
        }
        SchedulesCommand::Coming { from, to, apart, limit } => {
            let call = Call::to(&Operation::listFires, &[]).query("limit", Some(limit));
            let call = call.query("from", from).query("to", to).query("apart", Some(apart));
            show(output, &client.ask(call).await?, coming)
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

fn coming(answer: &Value) -> String {
    let mut sheet = Sheet::new(&[whole("due"), words("job"), whole("fire"), whole("result"), words("note")]);
    for fire in items(answer) {
        let (job, nominal) = (text(fire, "/job_id"), text(fire, "/nominal"));
        sheet.row([time(fire, "/due_at"), job, nominal, result(fire), text(fire, "/note")]);
    }
    if items(answer).is_empty() {
        return format!("no schedule fires before {}", time(answer, "/until"));
    }
    sheet.text()
}

/// Returns the decision about a coming fire in words.
fn result(fire: &Value) -> String {
    let decision = text(fire, "/decision");
    if decision == "admitted" { "runs".to_owned() } else { decision }
}

fn previewed(answer: &Value) -> String {
    let mut sheet = Sheet::new(&[whole("fire"), whole("due"), whole("result"), words("note")]);
    let none = answer.get("fires").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if none {
        return "the job has no schedule, or no fires left".to_owned();
    }
    let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    for fire in list("fires") {
        let nominal = text(&fire, "/nominal");
        sheet.row([nominal, time(&fire, "/due_at"), result(&fire), text(&fire, "/note")]);
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

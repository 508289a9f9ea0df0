//! `stepwell dead-letters`.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::runs::{again, started};
use super::validate::job_value;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, DeadLettersCommand, Output};
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::files;
use crate::cli::output::table::{Sheet, fields, items, text, time, whole, words};
use crate::cli::output::{each, show, show_all};
use crate::display::plain;
use crate::failure::Failure;
use crate::{Exit, print};

/// Dead letters that the API handles in one request.
const AT_ONCE: usize = 1000;

pub(super) async fn dead_letters(command: DeadLettersCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        DeadLettersCommand::List { state } => {
            let state = (state != "all").then_some(state);
            let call = || Call::to(&Operation::listDeadLetters, &[]).query("state", state.as_ref());
            show(output, &client.list(call, MOST_ITEMS).await?, listed)
        }
        DeadLettersCommand::Causes => {
            show(output, &client.ask(Call::to(&Operation::deadLetterCauses, &[])).await?, causes)
        }
        DeadLettersCommand::Show { execution_id } => {
            show(output, &client.ask(Call::to(&Operation::getDeadLetter, &[&execution_id])).await?, fields)
        }
        DeadLettersCommand::Redrive { all: true, wait, .. } => {
            let done = bulk(&client, json!({"action": "redrive"})).await?;
            let new: Vec<Value> = done.done.iter().map(|(_, run)| json!({ "execution_id": run })).collect();
            if wait {
                let ids: Vec<String> = done.done.keys().cloned().collect();
                return started(&client, output, done.exit(), &ids, new, true).await;
            }
            done.show(output, |id, run| format!("{id} runs again as {}", text(run, "")))
        }
        DeadLettersCommand::Redrive { execution_ids, all: false, from_start, job, wait } => {
            let body = redrive_body(&client, from_start, job).await?;
            let redrive = async |id: String| {
                again(&client, Call::to(&Operation::redriveDeadLetter, &[&id]).json(&body), &id).await
            };
            let (exit, answers) = each(output, &execution_ids, redrive).await?;
            started(&client, output, exit, &execution_ids, answers, wait).await
        }
        DeadLettersCommand::Discard { all: true, reason, .. } => {
            let done = bulk(&client, json!({"action": "discard", "reason": reason})).await?;
            done.show(output, |id, _| format!("{id}: discarded"))
        }
        DeadLettersCommand::Discard { execution_ids, all: false, reason } => {
            let discard = async |id: String| {
                let call = Call::to(&Operation::discardDeadLetter, &[&id]).json(&json!({ "reason": reason }));
                Ok((client.ask(call).await?, format!("{id}: discarded")))
            };
            let (exit, answers) = each(output, &execution_ids, discard).await?;
            show_all(output, execution_ids.len(), answers);
            Ok(exit)
        }
    }
}

async fn redrive_body(client: &Client, from_start: bool, job: Option<PathBuf>) -> Result<Value, Failure> {
    let mut body = json!({ "from_start": from_start });
    if let (Some(file), Some(map)) = (job, body.as_object_mut()) {
        let job = job_value(client, &files::read(&file)?).await?;
        map.insert("job".to_owned(), job);
    }
    Ok(body)
}

/// The results of a request about all open dead letters.
#[derive(Default)]
struct Done {
    done: Map<String, Value>,
    failed: Map<String, Value>,
}

impl Done {
    fn exit(&self) -> Exit {
        if self.failed.is_empty() { Exit::Success } else { Exit::BadInput }
    }

    fn show(&self, output: Output, line: impl Fn(&str, &Value) -> String) -> Ends {
        match output {
            Output::Json => {
                show(output, &json!({"done": self.done, "failed": self.failed}), |_| String::new())?;
            }
            Output::Text if self.done.is_empty() && self.failed.is_empty() => {
                say!("there are no open dead letters");
            }
            Output::Text => {
                self.done.iter().for_each(|(id, run)| print(&plain(&line(id, run))));
                let failed = self.failed.iter();
                failed.for_each(|(id, why)| say!("error: {}", plain(&format!("{id}: {}", text(why, "")))));
            }
        }
        Ok(self.exit())
    }
}

/// The same for all open dead letters, in as many requests as they need.
async fn bulk(client: &Client, body: Value) -> Result<Done, Failure> {
    let mut all = Done::default();
    loop {
        let answer = client.ask(Call::to(&Operation::bulkDeadLetters, &[]).json(&body)).await?;
        let part = |name: &str| answer.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let (done, failed) = (part("done"), part("failed"));
        // Those that fail stay open, and would come again.
        let last = done.is_empty() || done.len() + failed.len() < AT_ONCE;
        all.done.extend(done);
        all.failed.extend(failed);
        if last {
            return Ok(all);
        }
    }
}

/// Failed steps that a list names.
const NAMED: usize = 3;

/// The steps that failed: those of branches, where a group made the run fail.
fn failed(letter: &Value) -> String {
    let steps = letter.get("failed").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let count = letter.get("failed_count").and_then(Value::as_u64).unwrap_or(0);
    let named: Vec<String> = steps.iter().take(NAMED).map(|step| text(step, "/step_id")).collect();
    match count.saturating_sub(named.len() as u64) {
        _ if named.is_empty() => text(letter, "/step_id"),
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn causes(found: &Value) -> String {
    let mut sheet =
        Sheet::new(&[whole("count"), whole("class"), words("message"), words("jobs"), whole("last")]);
    for cause in items(found) {
        let jobs = cause.get("jobs").and_then(Value::as_array).into_iter().flatten();
        let mut jobs: Vec<&str> = jobs.filter_map(Value::as_str).collect();
        if cause.get("more_jobs").and_then(Value::as_bool).unwrap_or(false) {
            jobs.push("…");
        }
        sheet.row([
            text(cause, "/count"),
            text(cause, "/class"),
            text(cause, "/message"),
            jobs.join(", "),
            time(cause, "/last_at"),
        ]);
    }
    if text(found, "/complete") == "false" {
        say!("note: there are more dead letters than {}, which were counted", text(found, "/counted"));
    }
    sheet.text()
}

fn listed(letters: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("run"),
        words("job"),
        whole("status"),
        words("step"),
        whole("class"),
        whole("time"),
        words("message"),
        words("resolution"),
    ]);
    for letter in items(letters) {
        let new_run = text(letter, "/resolution/execution_id");
        let resolution = match letter.get("resolution") {
            None | Some(Value::Null) => String::new(),
            Some(_) if !new_run.is_empty() => new_run,
            Some(_) => format!("discarded {}", text(letter, "/resolution/reason")).trim_end().to_owned(),
        };
        sheet.row([
            text(letter, "/execution_id"),
            text(letter, "/job_id"),
            text(letter, "/status"),
            failed(letter),
            text(letter, "/class"),
            time(letter, "/at"),
            text(letter, "/message"),
            resolution,
        ]);
    }
    sheet.text()
}

//! `stepwell backfills`.

use serde_json::{Value, json};
use stepwell::engine::quantity::counted;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, BackfillsCommand};
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, fields, items, text, time, whole, words};

pub(super) async fn backfills(command: BackfillsCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        BackfillsCommand::List => {
            let all = client.list(|| Call::to(&Operation::listBackfills, &[]), MOST_ITEMS).await?;
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
                    None => format!("{}: {}", text(answer, "/id"), counted(text(answer, "/total"), "run")),
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
    let have = if ran_already == "1" { "has" } else { "have" };
    let fires = counted(total, "fire");
    format!("{}\n{fires} would run; {ran_already} {have} run already", sheet.text())
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

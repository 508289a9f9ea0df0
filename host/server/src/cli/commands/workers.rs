//! `stepwell workers`.

use serde_json::Value;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, WorkersCommand};
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, time, whole, words};

pub(super) async fn workers(command: WorkersCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    match command {
        WorkersCommand::List => {
            let all = client.list(|| Call::to(&Operation::listWorkers, &[]), MOST_ITEMS).await?;
            show(api.output, &all, rows)
        }
    }
}

fn rows(workers: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("worker"),
        words("name"),
        whole("in hand"),
        whole("capacity"),
        whole("last seen"),
        whole("silent"),
        words("functions"),
    ]);
    for worker in items(workers) {
        let functions = worker.get("functions").and_then(Value::as_array).into_iter().flatten();
        let functions: Vec<&str> = functions.filter_map(Value::as_str).collect();
        let is_silent = worker.get("silent").is_some_and(|silent| *silent == Value::Bool(true));
        sheet.row([
            text(worker, "/worker"),
            text(worker, "/name"),
            text(worker, "/in_hand"),
            text(worker, "/capacity"),
            time(worker, "/seen_at"),
            if is_silent { "yes".to_owned() } else { String::new() },
            functions.join(", "),
        ]);
    }
    sheet.text()
}

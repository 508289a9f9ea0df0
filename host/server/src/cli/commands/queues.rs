//! `stepwell queues` and `stepwell status`.

use serde_json::{Value, json};

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, QueuesCommand};
use crate::cli::client::{Call, Client};
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::cli::output::{change, show};

pub(super) async fn queues(command: QueuesCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        QueuesCommand::List => {
            if let Some(host) = client.host() {
                super::policy::note_other_settings(host).await;
            }
            show(output, &client.ask(Call::to(&Operation::listQueues, &[])).await?, queue_rows)
        }
        QueuesCommand::Pause { zone, reason } => {
            let call = Call::to(&Operation::pauseQueue, &[&zone]).json(&json!({ "reason": reason }));
            change(&client, output, call, &format!("{zone}: paused")).await
        }
        QueuesCommand::Resume { zone } => {
            change(&client, output, Call::to(&Operation::resumeQueue, &[&zone]), &format!("{zone}: resumed"))
                .await
        }
    }
}

fn queue_rows(queues: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("queue"),
        whole("ready"),
        whole("waiting"),
        whole("blocked"),
        whole("running"),
        whole("slots"),
        whole("oldest"),
        words("paused"),
        whole("closed until"),
    ]);
    for queue in items(queues) {
        let oldest = queue.get("oldest_seconds").and_then(Value::as_f64).unwrap_or(0.0);
        sheet.row([
            text(queue, "/queue"),
            text(queue, "/ready"),
            text(queue, "/waiting"),
            text(queue, "/blocked"),
            text(queue, "/running"),
            text(queue, "/concurrency"),
            format!("{oldest:.1}s"),
            text(queue, "/paused"),
            time(queue, "/closed_until"),
        ]);
    }
    sheet.text()
}

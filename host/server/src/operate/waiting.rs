//! Runs that a command waits for.

use std::time::Duration;

use serde_json::Value;
use stepwell::Explanation;
use stepwell::engine::store::LogRecord;

use crate::client::{Call, Client};
use crate::display::{log_line, plain};
use crate::failure::Failure;
use crate::print;

/// Between two looks at a run. Near the store they cost little; a service has its limit of requests.
const NEAR: Duration = Duration::from_millis(100);
const FAR: Duration = Duration::from_secs(1);
/// How long a run may be in its queue before the command says why.
const PATIENCE: u32 = 30;
/// How often a log that broke off is taken up again, without a line in between.
const TRIES: u32 = 5;

/// Where the lines of a followed log go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Output,
    Errors,
}

/// The run, once it has ended.
pub(crate) async fn ended(client: &Client, id: &str) -> Result<Value, Failure> {
    let pause = if client.host().is_some() { NEAR } else { FAR };
    let (mut looks, mut told) = (0_u32, String::new());
    loop {
        let run = client.ask(Call::get(&["runs", id])).await?;
        let status = run.get("status").and_then(Value::as_str).unwrap_or_default();
        if !matches!(status, "queued" | "running" | "waiting" | "parked") {
            return Ok(run);
        }
        looks = looks.saturating_add(1);
        if looks % PATIENCE == 0 && status != "running" {
            // Each reason is said once.
            let why = reason(client, id).await?;
            if why != told && !why.is_empty() {
                eprintln!("{id} is {status}: {why}");
                told = why;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Why a run does not go on.
async fn reason(client: &Client, id: &str) -> Result<String, Failure> {
    let answer = client.ask(Call::get(&["runs", id, "explain"])).await?;
    Ok(match serde_json::from_value::<Explanation>(answer) {
        Ok(found) => found
            .causes
            .first()
            .map_or(found.summary, |cause| format!("{}; fix: {}", cause.in_words(), cause.fix())),
        Err(_) => String::new(),
    })
    .map(|text| plain(&text))
}

/// Prints the log of a run as it grows, until the run has ended; the run.
pub(crate) async fn follow(client: &Client, id: &str, to: Follow) -> Result<Value, Failure> {
    let (mut after, mut tries) = (String::new(), 0);
    'again: loop {
        let mut call = Call::get(&["runs", id, "logs"]);
        if !after.is_empty() {
            call = call.header("last-event-id", after.clone());
        }
        let mut events = client.events(call).await?;
        loop {
            match events.next().await {
                Ok(Some(event)) if event.kind == "end" => return client.ask(Call::get(&["runs", id])).await,
                Ok(Some(event)) => {
                    if let Ok(record) = serde_json::from_str::<LogRecord>(&event.data) {
                        let line = log_line(&record);
                        match to {
                            Follow::Output => print(&line),
                            Follow::Errors => eprintln!("{line}"),
                        }
                    }
                    (after, tries) = (event.id, 0);
                }
                // A proxy, or a service that is replaced, ends the stream: it goes on after the last line.
                Ok(None) | Err(_) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(FAR).await;
                    continue 'again;
                }
                Ok(None) => return Err(Failure::platform(format!("the log of {id} broke off"))),
                Err(failure) => return Err(failure),
            }
        }
    }
}

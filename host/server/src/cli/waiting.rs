//! Runs that a command waits for.

use std::time::Duration;

use serde_json::Value;
use stepwell::engine::clock::Clock;
use stepwell::engine::store::LogRecord;
use stepwell::{Explanation, SystemClock};

use crate::api::Operation;
use crate::cli::client::{Call, Client};
use crate::display::{log_line, plain};
use crate::failure::Failure;
use crate::print;

/// Between two queries of a run. Near the store they cost little; a service has its limit of requests.
const NEAR: Duration = Duration::from_millis(100);
const FAR: Duration = Duration::from_secs(1);
/// The time in a queue after which the command shows the reason.
const PATIENCE: Duration = Duration::from_secs(3);
/// The time for which the command waits for a service that is restarted or replaced.
const AWAY: Duration = Duration::from_secs(60);
/// The number of streams in a row that may end at once and without a line.
const EMPTY: u32 = 60;

/// Where the lines of a followed log go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Output,
    Errors,
}

/// The run, once it has ended.
pub(crate) async fn ended(client: &Client, id: &str) -> Result<Value, Failure> {
    let pause = if client.host().is_some() { NEAR } else { FAR };
    let (mut since, mut shown) = (Duration::ZERO, String::new());
    loop {
        let run = patiently(id, async || client.ask(Call::to(&Operation::getRun, &[id])).await).await?;
        let status = run.get("status").and_then(Value::as_str).unwrap_or_default();
        if !matches!(status, "queued" | "running" | "waiting" | "parked") {
            return Ok(run);
        }
        if since >= PATIENCE && status != "running" {
            since = Duration::ZERO;
            // Each reason is said once.
            let why = reason(client, id).await.unwrap_or_default();
            if why != shown && !why.is_empty() {
                say!("{id} is {status}: {why}");
                shown = why;
            }
        }
        tokio::time::sleep(pause).await;
        since = since.saturating_add(pause);
    }
}

/// Repeats a request for a while when the service is unavailable.
async fn patiently<T>(id: &str, ask: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut away = Duration::ZERO;
    loop {
        match ask().await {
            Err(failure) if failure.lost && away < AWAY => {
                if away.is_zero() {
                    say!("{}; trying again for {} s", failure.message, AWAY.as_secs());
                }
                tokio::time::sleep(FAR).await;
                away = away.saturating_add(FAR);
            }
            Err(failure) if failure.lost => {
                let message = format!(
                    "{}; the run {id} continues without this command: `stepwell runs wait {id}` waits for it again",
                    failure.message
                );
                return Err(Failure { message, ..failure });
            }
            done => return done,
        }
    }
}

/// Returns the reason why a run does not continue.
async fn reason(client: &Client, id: &str) -> Result<String, Failure> {
    let answer = client.ask(Call::to(&Operation::explainRun, &[id])).await?;
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
    let (mut after, mut empty) = (String::new(), 0);
    loop {
        let call = || {
            let call = Call::to(&Operation::runLogs, &[id]);
            if after.is_empty() { call } else { call.header("last-event-id", after.clone()) }
        };
        let mut events = patiently(id, async || client.events(call()).await).await?;
        let (began, before) = (SystemClock.now(), after.clone());
        // A proxy or a restart of the service ends the stream. The next one continues after the last line.
        loop {
            let event = match events.next().await {
                Ok(Some(event)) => event,
                Err(failure) if !failure.lost => return Err(failure),
                Ok(None) | Err(_) => break,
            };
            if event.kind == "end" {
                return patiently(id, async || client.ask(Call::to(&Operation::getRun, &[id])).await).await;
            }
            if let Ok(record) = serde_json::from_str::<LogRecord>(&event.data) {
                let line = log_line(&record);
                match to {
                    Follow::Output => print(&line),
                    Follow::Errors => say!("{line}"),
                }
            }
            after = event.id;
        }
        let at_once = (SystemClock.now() - began).to_std().is_ok_and(|lasted| lasted < FAR);
        empty = if after == before && at_once { empty + 1 } else { 0 };
        if empty >= EMPTY {
            return Err(Failure::platform(format!(
                "the server ended {EMPTY} streams of the log at once, each without a line"
            )));
        }
        tokio::time::sleep(FAR).await;
    }
}

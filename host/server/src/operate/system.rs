//! `stepwell queues`, `status`, `metrics`, `health`, `clean-up`, `audit` and `keys`.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use stepwell::SystemClock;
use stepwell::engine::clock::{self, Clock, Timestamp};
use stepwell::engine::quantity::Span;

use super::args::{KeysCommand, QueuesCommand};
use super::{Ends, change, show};
use crate::Exit;
use crate::api::Operation;
use crate::cli::{ApiArgs, Output};
use crate::client::{Call, Client};
use crate::display::plain;
use crate::failure::Failure;
use crate::table::{Sheet, items, text, time, whole, words};

pub(super) async fn queues(command: QueuesCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        QueuesCommand::List => {
            if let Some(host) = client.host() {
                crate::inspect::note_other_settings(host).await;
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

pub(super) async fn metrics(hours: u32, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    show(
        api.output,
        &client.ask(Call::to(&Operation::getMetrics, &[]).query("hours", Some(hours))).await?,
        metrics_text,
    )
}

fn metrics_text(metrics: &Value) -> String {
    let figure = |pointer: &str| metrics.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0);
    let ended = metrics.get("ended").and_then(Value::as_object);
    let ended: Vec<String> =
        ended.into_iter().flatten().map(|(status, count)| format!("{count} {status}")).collect();
    let ended = if ended.is_empty() { "none".to_owned() } else { ended.join(", ") };
    let mut parts = vec![format!(
        "runs that ended in the last {} h: {ended}\nsuccess rate: {:.1} %",
        text(metrics, "/hours"),
        100.0 * figure("/success_rate")
    )];
    let mut spreads = Sheet::new(&[whole("seconds"), whole("p50"), whole("p95"), whole("p99"), whole("max")]);
    for (name, pointer) in [("duration", "/duration_seconds"), ("lateness", "/lateness_seconds")] {
        let of = |part: &str| format!("{:.3}", figure(&format!("{pointer}/{part}")));
        spreads.row([name.to_owned(), of("p50"), of("p95"), of("p99"), of("max")]);
    }
    parts.push(spreads.text());
    let jobs = metrics.get("jobs").and_then(Value::as_object).filter(|jobs| !jobs.is_empty());
    if let Some(jobs) = jobs {
        let mut sheet = Sheet::new(&[words("job"), whole("runs"), whole("succeeded"), whole("failed")]);
        for (job, stats) in jobs {
            sheet.row([job.clone(), text(stats, "/runs"), text(stats, "/succeeded"), text(stats, "/failed")]);
        }
        parts.push(sheet.text());
    }
    if metrics.get("truncated").and_then(Value::as_bool).unwrap_or(false) {
        parts.push("more runs ended: these figures are of the newest".to_owned());
    }
    parts.join("\n\n")
}

pub(super) async fn health(api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let health = client.ask(Call::to(&Operation::systemHealth, &[])).await?;
    show(api.output, &health, |health| {
        let mut sheet = Sheet::new(&[whole("part"), whole("status"), words("message")]);
        let parts = health.get("parts").and_then(Value::as_object);
        for (part, state) in parts.into_iter().flatten() {
            sheet.row([part.clone(), text(state, "/status"), text(state, "/message")]);
        }
        let lag = health.get("scheduler_lag_seconds").and_then(Value::as_f64).unwrap_or(0.0);
        format!(
            "{}; {} runs in progress here; the scheduler is {lag:.1} s late\n{}",
            text(health, "/status"),
            text(health, "/active"),
            sheet.text()
        )
    })?;
    Ok(if text(&health, "/status") == "healthy" { Exit::Success } else { Exit::RunFailed })
}

pub(super) async fn clean_up(call: Call, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    show(api.output, &client.ask(call).await?, |cleaned| {
        let dry = cleaned.get("dry_run").and_then(Value::as_bool).unwrap_or(false);
        let verb = if dry { "would be deleted" } else { "deleted" };
        let kept = match text(cleaned, "/kept_dead").as_str() {
            "0" => String::new(),
            count => format!("; {count} with open dead letters stay (--include-dead deletes them)"),
        };
        format!("{} runs {verb}{kept}", text(cleaned, "/runs"))
    })
}

pub(super) async fn audit(limit: u32, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    show(api.output, &client.list(|| Call::to(&Operation::listAudit, &[]), limit).await?, |rows| {
        let mut sheet =
            Sheet::new(&[whole("time"), words("by"), whole("action"), words("target"), words("detail")]);
        for row in items(rows) {
            sheet.row([
                time(row, "/at"),
                who(row),
                text(row, "/action"),
                text(row, "/target"),
                text(row, "/detail"),
            ]);
        }
        sheet.text()
    })
}

/// Who acts: with the name, where there is one.
fn who(row: &Value) -> String {
    let (by, name) = (text(row, "/by"), text(row, "/name"));
    if name.is_empty() { by } else { format!("{by} ({name})") }
}

pub(super) async fn verify_audit(expect: Option<&str>, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let found = client.ask(Call::to(&Operation::verifyAudit, &[]).query("expect", expect)).await?;
    let intact = found.get("intact").and_then(Value::as_bool).unwrap_or(false);
    show(api.output, &found, |found| {
        let rows = text(found, "/rows");
        let mut lines = match intact {
            true => vec![format!("the audit log is intact: {rows} rows")],
            false => broken_row(found),
        };
        match text(found, "/expected").as_str() {
            "removed" => lines.push(
                "the retention has removed the expected row, so that it says nothing: keep a newer head"
                    .to_owned(),
            ),
            "unchecked" => lines.push("the expected row was not reached".to_owned()),
            _ => {}
        }
        if text(found, "/removed") != "0" {
            lines.push(format!("rows that the retention removed before them: {}", text(found, "/removed")));
        }
        if text(found, "/open") != "0" {
            lines.push(format!(
                "rows of an earlier version that are not in the chain yet: {}",
                text(found, "/open")
            ));
        }
        lines.push(format!("head: {}", text(found, "/head")));
        lines.join("\n")
    })?;
    Ok(if intact { Exit::Success } else { Exit::RunFailed })
}

/// Where the audit log is broken, why, and what to do.
fn broken_row(found: &Value) -> Vec<String> {
    let of = |what: &str| text(found, &format!("/broken/{what}"));
    let place = match (of("seq").as_str(), of("after").as_str()) {
        ("", "") => String::new(),
        ("", after) => format!(", after the row with seq {after}"),
        (seq, _) => format!(", the row with seq {seq}"),
    };
    vec![
        format!("the audit log is broken at row {} of the chain{place}: {}", of("number"), of("why")),
        format!("help: {}", of("help")),
    ]
}

pub(super) async fn keys(command: KeysCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        KeysCommand::List => show(output, &client.ask(Call::to(&Operation::listKeys, &[])).await?, key_rows),
        KeysCommand::Create { name, role, projects, jobs, expires } => {
            let mut body = json!({"name": name, "role": role.role(), "projects": projects, "jobs": jobs});
            if let (Some(span), Some(map)) = (expires, body.as_object_mut()) {
                map.insert("expires_at".to_owned(), expiry(&span)?.into());
            }
            let created = client.ask(Call::to(&Operation::createKey, &[]).json(&body)).await?;
            if output == Output::Text {
                let (id, role) = (text(&created, "/key/id"), text(&created, "/key/role"));
                eprintln!("key {id} ({role}): save it now, it is not shown again");
            }
            show(output, &created, |created| plain(&text(created, "/token")))
        }
        KeysCommand::Revoke { id } => {
            change(&client, output, Call::to(&Operation::revokeKey, &[&id]), &format!("{id}: revoked")).await
        }
    }
}

/// The time that is a span from now.
fn expiry(span: &str) -> Result<String, Failure> {
    let span: Span = span.parse().map_err(|message: String| Failure::option("--expires", message))?;
    Ok(clock::later(SystemClock.now(), span.0).to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// When a key expires, or expired.
fn expiry_of(key: &Value) -> String {
    let shown = time(key, "/expires_at");
    let at = text(key, "/expires_at").parse::<Timestamp>();
    match at.is_ok_and(|at| at <= SystemClock.now()) {
        true => format!("{shown} (expired)"),
        false => shown,
    }
}

fn key_rows(keys: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("key"),
        words("name"),
        whole("role"),
        words("projects"),
        words("jobs"),
        whole("created"),
        whole("expires"),
    ]);
    for key in items(keys) {
        sheet.row([
            text(key, "/id"),
            text(key, "/name"),
            text(key, "/role"),
            text(key, "/projects"),
            text(key, "/jobs"),
            time(key, "/created_at"),
            expiry_of(key),
        ]);
    }
    sheet.text()
}

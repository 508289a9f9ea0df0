//! `stepwell keys`.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use stepwell::SystemClock;
use stepwell::engine::clock::{self, Clock, Timestamp};
use stepwell::engine::quantity::Span;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, KeysCommand, Output};
use crate::cli::client::{Call, Client};
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::cli::output::{change, show};
use crate::display::plain;
use crate::failure::Failure;

pub(super) async fn keys(command: KeysCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        KeysCommand::List => show(output, &client.ask(Call::to(&Operation::listKeys, &[])).await?, key_rows),
        KeysCommand::Create { name, role, mut projects, jobs, expires } => {
            if projects.is_empty() {
                projects.push(api.host.project()?.to_owned());
            }
            let mut body = json!({"name": name, "role": role.role(), "projects": projects, "jobs": jobs});
            if let (Some(span), Some(map)) = (expires, body.as_object_mut()) {
                map.insert("expires_at".to_owned(), expiry(&span)?.into());
            }
            let created = client.ask(Call::to(&Operation::createKey, &[]).json(&body)).await?;
            if output == Output::Text {
                let (id, role) = (text(&created, "/key/id"), text(&created, "/key/role"));
                say!("key {id} ({role}): save it now, it is not shown again");
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

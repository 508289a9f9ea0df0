//! `stepwell connections`.

use serde_json::{Value, json};
use stepwell::Host;

use crate::api::sources::{connection_test, connections as connections_of};
use crate::cli::Ends;
use crate::cli::args::{ConnectionsCommand, Local, Output};
use crate::cli::host::host;
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, whole, words};
use crate::display::plain;
use crate::{Exit, print};

pub(super) async fn connections(command: ConnectionsCommand, local: &Local) -> Ends {
    let host = host(&local.host).await?;
    match command {
        ConnectionsCommand::List => {
            let answer = serde_json::to_value(connections_of(&host.configuration())).unwrap_or_default();
            show(local.output, &answer, listed)
        }
        ConnectionsCommand::Test { names } => test(names, &host, local.output).await,
    }
}

fn listed(connections: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("name"),
        whole("type"),
        words("address"),
        words("login"),
        whole("tls"),
        whole("read only"),
    ]);
    for connection in items(connections) {
        sheet.row([
            text(connection, "/name"),
            text(connection, "/type"),
            text(connection, "/address"),
            text(connection, "/login"),
            text(connection, "/tls"),
            if text(connection, "/read_only") == "true" { "yes" } else { "no" }.to_owned(),
        ]);
    }
    sheet.text()
}

/// Logs in to each, one after the other.
async fn test(names: Vec<String>, host: &Host, output: Output) -> Ends {
    let config = host.configuration();
    let all = config.connections.keys().cloned();
    let names: Vec<String> = if names.is_empty() { all.collect() } else { names };
    if names.is_empty() {
        say!("the configuration has no connections: name them under `connections`");
    }
    let (mut exit, mut results) = (Exit::Success, Vec::new());
    for name in names {
        let tested = connection_test(host, &name).await;
        let line = match &tested.message {
            None => {
                let (ms, server) =
                    (tested.ms.unwrap_or_default(), tested.server.as_deref().unwrap_or_default());
                format!("{name}: works ({ms} ms): {server}")
            }
            Some(why) => {
                exit = Exit::RunFailed;
                format!("{name}: does not work: {why}")
            }
        };
        if output == Output::Text {
            print(&plain(&line));
        }
        results.push(tested);
    }
    if output == Output::Json {
        show(output, &json!({"items": results, "next_cursor": null}), |_| String::new())?;
    }
    Ok(exit)
}

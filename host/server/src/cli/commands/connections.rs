//! `stepwell connections`.

use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::config::{Connection, Database, Tls};

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
            let config = host.configuration();
            let connections = config.connections.iter().map(|(name, connection)| {
                let [place, login, tls] = described(connection);
                json!({"name": name, "type": connection.kind.name(), "address": place, "login": login, "tls": tls,
                    "read_only": connection.read_only})
            });
            let answer = json!({"items": connections.collect::<Vec<Value>>(), "next_cursor": null});
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

/// Where it is, who logs in, and how. References to secrets stay references.
fn described(connection: &Connection) -> [String; 3] {
    if connection.kind == Database::Sqlite {
        let path = connection.path.as_ref().map(|path| path.display().to_string());
        return [path.unwrap_or_default(), String::new(), String::new()];
    }
    let text = |setting: &Option<stepwell::engine::config::Setting>| {
        setting.as_ref().map(|setting| setting.0.clone()).unwrap_or_default()
    };
    let host = text(&connection.host);
    let place = match host.starts_with('/') {
        true => format!("{host} {}", text(&connection.database)),
        false => format!("{host}:{}/{}", connection.port(), text(&connection.database)),
    };
    let tls = match connection.tls() {
        _ if host.starts_with('/') => "",
        Tls::Verify => "verify",
        Tls::Disable => "disable",
    };
    [place, text(&connection.user), tls.to_owned()]
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
        let (result, line) = match host.sandbox().connections().test(&name).await {
            Ok(tested) => {
                let (ms, version) = (tested.took.as_millis(), tested.version);
                let line = format!("{name}: works ({ms} ms): {version}");
                (
                    json!({"name": name, "works": true, "ms": u64::try_from(ms).unwrap_or(u64::MAX), "server": version}),
                    line,
                )
            }
            Err(why) => {
                exit = Exit::RunFailed;
                let line = format!("{name}: does not work: {why}");
                (json!({"name": name, "works": false, "message": why}), line)
            }
        };
        if output == Output::Text {
            print(&plain(&line));
        }
        results.push(result);
    }
    if output == Output::Json {
        show(output, &json!({"items": results, "next_cursor": null}), |_| String::new())?;
    }
    Ok(exit)
}

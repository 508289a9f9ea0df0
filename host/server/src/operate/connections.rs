//! `stepwell connections`.

use stepwell::engine::config::{Connection, Database, Tls};
use stepwell::{Host, HostError};

use super::args::ConnectionsCommand;
use super::done;
use crate::Exit;
use crate::display::{plain, table};
use crate::print;

pub(super) async fn connections(command: ConnectionsCommand, host: &Host) -> Result<Exit, HostError> {
    match command {
        ConnectionsCommand::List => {
            let mut shown = table(["Name", "Type", "Where", "Login", "TLS", "Read-only"]);
            for (name, connection) in &host.configuration().connections {
                let [place, login, tls] = described(connection);
                let read_only = if connection.read_only { "yes" } else { "no" };
                shown.add_row([name, connection.kind.name(), &place, &login, &tls, read_only]);
            }
            done(&shown.to_string())
        }
        ConnectionsCommand::Test { names } => test(names, host).await,
    }
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
async fn test(names: Vec<String>, host: &Host) -> Result<Exit, HostError> {
    let config = host.configuration();
    let all = config.connections.keys().cloned();
    let names: Vec<String> = if names.is_empty() { all.collect() } else { names };
    let mut exit = Exit::Success;
    for name in names {
        match host.sandbox().connections().test(&name).await {
            Ok(tested) => {
                print(&format!("{name}: works ({} ms): {}", tested.took.as_millis(), plain(&tested.version)));
            }
            Err(why) => {
                print(&format!("{name}: does not work: {}", plain(&why)));
                exit = Exit::RunFailed;
            }
        }
    }
    Ok(exit)
}

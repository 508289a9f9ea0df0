//! `stepwell secrets`.

use std::io::{IsTerminal, Read};

use stepwell::engine::config::SecretStore;
use stepwell::engine::store::Change;
use stepwell::sandbox::secrets::SecretFile;
use stepwell::{Host, HostError};

use super::args::SecretsCommand;
use super::{audit, done};
use crate::Exit;
use crate::display::table;

pub(super) async fn secrets(command: SecretsCommand, host: &Host) -> Result<Exit, HostError> {
    let missing = "the configuration has no `secret_store`: add `secret_store: {file: secrets.json, key: /etc/stepwell/key}`, and give the file with --config";
    let store =
        host.configuration().secret_store.clone().ok_or_else(|| HostError::Refused(missing.to_owned()))?;
    match command {
        SecretsCommand::Set { name } => {
            let value = value(&name)?;
            SecretFile::set(&store, &name, &value).map_err(HostError::Refused)?;
            noted(host, "secret.set", &name).await?;
            done(&format!("{name}: kept in {}", store.file.display()))
        }
        SecretsCommand::List => list(host, &store),
        SecretsCommand::Rm { name } => match SecretFile::remove(&store, &name).map_err(HostError::Refused)? {
            true => {
                noted(host, "secret.remove", &name).await?;
                done(&format!("{name}: removed"))
            }
            false => {
                Err(HostError::Refused(format!("there is no secret `{name}` in {}", store.file.display())))
            }
        },
    }
}

async fn noted(host: &Host, action: &str, name: &str) -> Result<(), HostError> {
    Ok(host.store().write(vec![Change::Audit(audit(host, action, name))]).await?)
}

/// From a terminal without showing it, and else from standard input; a line end at its end is not part of it.
fn value(name: &str) -> Result<String, HostError> {
    let refused = |error: std::io::Error| HostError::Refused(format!("standard input: {error}"));
    if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("{name}: ")).map_err(refused)?;
        return terminal.read_secure_line().map_err(refused);
    }
    let mut text = String::new();
    std::io::stdin().take(1 << 20).read_to_string(&mut text).map_err(refused)?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn list(host: &Host, store: &SecretStore) -> Result<Exit, HostError> {
    let file = SecretFile::read(store).map_err(HostError::Refused)?;
    let users = host.configuration().references();
    let used_by = |name: &str| {
        let reference = format!("store:{name}");
        let names = users.iter().filter(|(_, source)| source.0 == reference).map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let mut shown = table(["Name", "Used by"]);
    for name in file.names() {
        shown.add_row([name.to_owned(), used_by(name)]);
    }
    done(&shown.to_string())
}

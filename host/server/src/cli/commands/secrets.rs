//! `stepwell secrets`.

use std::io::IsTerminal;

use serde_json::{Value, json};
use stepwell::engine::config::SecretStore;
use stepwell::engine::system::{read_bounded, text_of, why};
use stepwell::sandbox::secrets::{MAX_VALUE, SecretFile};
use stepwell::{Host, HostError};

use crate::cli::Ends;
use crate::cli::args::{Local, Output, SecretsCommand};
use crate::cli::host::host;
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, words};
use crate::{Exit, print};

pub(super) async fn secrets(command: SecretsCommand, local: &Local) -> Ends {
    let host = host(&local.host).await?;
    let missing = "the configuration has no `secret_store`: add `secret_store: {file: secrets.json, key: /etc/stepwell/key}`, and pass the file with --config";
    let store =
        host.configuration().secret_store.clone().ok_or_else(|| HostError::Refused(missing.to_owned()))?;
    let done = |line: String| {
        if local.output == Output::Text {
            print(&line);
        }
        Ok(Exit::Success)
    };
    match command {
        SecretsCommand::Set { name } => {
            let value = value(&name)?;
            SecretFile::set(&store, &name, &value).map_err(HostError::Refused)?;
            noted(&host, "secret.set", &name).await?;
            done(format!("{name}: stored in {}", store.file.display()))
        }
        SecretsCommand::List => list(&host, &store, local.output),
        SecretsCommand::Rm { name } => {
            if !SecretFile::remove(&store, &name).map_err(HostError::Refused)? {
                let message = format!(
                    "there is no secret `{name}` in {}; `stepwell secrets list` lists the names",
                    store.file.display()
                );
                return Err(HostError::Refused(message).into());
            }
            noted(&host, "secret.remove", &name).await?;
            done(format!("{name}: removed"))
        }
    }
}

async fn noted(host: &Host, action: &str, name: &str) -> Result<(), HostError> {
    let by = host.access().command_user();
    host.audit().append(vec![host.audit().row(&by, action, name, "")]).await
}

/// From a terminal without showing it, and else from standard input; a line end at its end is not part of it.
fn value(name: &str) -> Result<String, HostError> {
    let refused = |error: std::io::Error| HostError::Refused(format!("standard input: {}", why(&error)));
    if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("{name}: ")).map_err(refused)?;
        return terminal.read_secure_line().map_err(refused);
    }
    let mut text = read_bounded(std::io::stdin(), MAX_VALUE + 2).and_then(text_of).map_err(refused)?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn list(host: &Host, store: &SecretStore, output: Output) -> Ends {
    let file = SecretFile::read(store).map_err(HostError::Refused)?;
    let users = host.configuration().references();
    let used_by = |name: &str| {
        let reference = format!("store:{name}");
        let names = users.iter().filter(|(_, source)| source.0 == reference).map(|(name, _)| name.clone());
        names.collect::<Vec<_>>()
    };
    let all: Vec<Value> = file.names().map(|name| json!({"name": name, "used_by": used_by(name)})).collect();
    show(output, &json!({"items": all, "next_cursor": null}), |all| {
        let mut sheet = Sheet::new(&[words("name"), words("used by")]);
        for secret in items(all) {
            let users = secret.get("used_by").and_then(Value::as_array).into_iter().flatten();
            let users: Vec<String> = users.map(|user| text(user, "")).collect();
            sheet.row([text(secret, "/name"), users.join(", ")]);
        }
        sheet.text()
    })
}

//! `stepwell sessions`.

use serde_json::Value;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, SessionsCommand};
use crate::cli::client::{Call, Client};
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::cli::output::{change, show};

pub(super) async fn sessions(command: SessionsCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    match command {
        SessionsCommand::List => {
            show(api.output, &client.ask(Call::to(&Operation::listSessions, &[])).await?, rows)
        }
        SessionsCommand::End { id } => {
            let call = Call::to(&Operation::endSession, &[&id]);
            change(&client, api.output, call, &format!("{id}: ended")).await
        }
    }
}

fn rows(sessions: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("session"),
        words("person"),
        whole("logged in"),
        whole("last used"),
        whole("ends"),
    ]);
    for session in items(sessions) {
        let person = match text(session, "/holder/key") {
            key if key.is_empty() => text(session, "/holder/person/name"),
            key => format!("key {key}"),
        };
        sheet.row([
            text(session, "/id"),
            person,
            time(session, "/created_at"),
            time(session, "/seen_at"),
            time(session, "/ends_at"),
        ]);
    }
    sheet.text()
}

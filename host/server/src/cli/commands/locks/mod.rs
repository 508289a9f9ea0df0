//! `stepwell locks`.

mod request;
mod shown;
mod with;

use serde_json::{Value, json};

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, LocksCommand, Output};
use crate::cli::client::{Call, Client};
use crate::cli::output::table::{items, text};
use crate::cli::output::{change, show};
use crate::display::plain;
use crate::failure::Failure;
use crate::{Exit, print};
use request::Signals;

/// The time between two streams of events.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
/// The number of streams in a row that may end without an event because the service is unavailable.
const LOST: u32 = 60;

pub(super) async fn locks(command: LocksCommand, api: &ApiArgs) -> Ends {
    match command {
        LocksCommand::Atlantis(command) => super::locks_atlantis::atlantis(command, api).await,
        command => of_stepwell(command, api).await,
    }
}

async fn of_stepwell(command: LocksCommand, api: &ApiArgs) -> Ends {
    let (client, output) = (Client::new(api).await?, api.output);
    match command {
        LocksCommand::Atlantis(command) => super::locks_atlantis::atlantis(command, api).await,
        LocksCommand::List { prefix, limit } => {
            let call = || Call::to(&Operation::listLocks, &[]).query("prefix", prefix.as_ref());
            show(output, &client.list(call, limit).await?, shown::list)
        }
        LocksCommand::Show { name } => {
            show(output, &client.ask(Call::to(&Operation::getLock, &[&name])).await?, shown::lock)
        }
        LocksCommand::Acquire { names, lease, request } => {
            let body = request::body(&names, lease.as_deref(), &request);
            match request::granted(&client, &body, &mut Signals::new()?).await? {
                Some(ticket) => show(output, &ticket, shown::ticket),
                None => Ok(Exit::Cancelled),
            }
        }
        LocksCommand::Extend { name, token, lease } => {
            let body = json!({"token": token, "lease": lease});
            let call = Call::to(&Operation::extendLock, &[&name]).json(&body);
            show(output, &client.ask(call).await?, shown::held)
        }
        LocksCommand::Release { name, token } => {
            let call = Call::to(&Operation::releaseLock, &[&name]).json(&json!({"token": token}));
            change(&client, output, call, &format!("{name}: released")).await
        }
        LocksCommand::ForceRelease { name, reason, token } => {
            let body = json!({"reason": reason, "token": token});
            let call = Call::to(&Operation::forceReleaseLock, &[&name]).json(&body);
            show(output, &client.ask(call).await?, |answer| match text(answer, "/released").as_str() {
                "0" => plain(&format!("{name}: free already")),
                "1" => plain(&format!("{name}: taken away from its holder, who may still act")),
                count => plain(&format!("{name}: taken away from {count} holders, who may still act")),
            })
        }
        LocksCommand::Cancel { ticket } => {
            let call = Call::to(&Operation::endLockTicket, &[&ticket]);
            show(output, &client.ask(call).await?, |ended| {
                plain(&format!("{ticket}: {}", text(ended, "/state").replace('_', " ")))
            })
        }
        LocksCommand::Events { name, kind, after, limit, follow } => {
            let call = || {
                let call = Call::to(&Operation::listLockEvents, &[]).query("name", name.as_ref());
                call.query("kind", kind.as_ref()).query("after", after)
            };
            match follow {
                true => followed(&client, output, call).await,
                false => {
                    let call = call().query("limit", Some(limit));
                    show(output, &client.ask(call).await?, shown::events)
                }
            }
        }
        LocksCommand::Check { name, token } => check(&client, output, &name, token).await,
        LocksCommand::Deadlocks { limit } => {
            let call = Call::to(&Operation::listLockDeadlocks, &[]).query("limit", Some(limit));
            show(output, &client.ask(call).await?, |found| match items(found).is_empty() {
                true => "no deadlock among the events that are remembered".to_owned(),
                false => shown::deadlocks(found),
            })
        }
        LocksCommand::With(args) => with::with(&client, output, args).await,
    }
}

async fn check(client: &Client, output: Output, name: &str, token: u64) -> Ends {
    let call = Call::to(&Operation::checkLock, &[name]).query("token", Some(token));
    let answer = client.ask(call).await?;
    let valid = answer.get("valid").and_then(Value::as_bool).unwrap_or(false);
    show(output, &answer, |answer| shown::check(name, token, answer))?;
    Ok(if valid { Exit::Success } else { Exit::RunFailed })
}

/// Prints events as they happen, one per line, until Ctrl-C.
async fn followed(client: &Client, output: Output, call: impl Fn() -> Call) -> Ends {
    let mut signals = Signals::new()?;
    let follow = async {
        let (mut last, mut lost) = (None::<String>, 0);
        loop {
            let call = match &last {
                Some(last) => call().header("last-event-id", last.clone()),
                None => call(),
            };
            match client.events(call).await {
                Ok(mut events) => {
                    while let Ok(Some(event)) = events.next().await {
                        print_event(output, &event.data);
                        (last, lost) = (Some(event.id), 0);
                    }
                }
                Err(failure) if !failure.lost || lost >= LOST => return failure,
                Err(_) => {}
            }
            // A proxy, a restart of the service, or its limit on the time of a stream has ended it.
            lost += 1;
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        failure = follow => Err::<Exit, Failure>(failure),
        _ = signals.next() => Ok(Exit::Cancelled),
    }
}

fn print_event(output: Output, data: &str) {
    match (output, serde_json::from_str::<Value>(data)) {
        (Output::Text, Ok(event)) => print(&shown::event(&event)),
        _ => print(&plain(data)),
    }
}

//! Requests for locks, and the wait for them.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stepwell::SystemClock;
use stepwell::engine::clock::Clock;
use stepwell::engine::quantity::counted;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::api::Operation;
use crate::cli::args::RequestArgs;
use crate::cli::client::{Call, Client};
use crate::cli::output::table::{text, time};
use crate::failure::Failure;

/// The seconds that one request to the service waits.
const WAIT: u32 = 30;
/// The shortest time between two requests about a ticket.
const PAUSE: Duration = Duration::from_secs(1);
/// The time for which the command tries to reach a service that is restarted or replaced.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time for the last request of a command that a signal ends.
const LAST: Duration = Duration::from_secs(5);

/// The signals that end a command, or go to the command that it runs.
pub(super) struct Signals(Vec<(SignalKind, Signal)>);

impl Signals {
    pub fn new() -> Result<Self, Failure> {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
            SignalKind::user_defined1(),
            SignalKind::user_defined2(),
        ];
        let listen = |kind: SignalKind| signal(kind).map(|signal| (kind, signal));
        let signals: Result<Vec<_>, _> = kinds.into_iter().map(listen).collect();
        let failed = |error| Failure::platform(format!("cannot listen for signals: {error}"));
        signals.map(Self).map_err(failed)
    }

    /// Returns the next signal.
    pub async fn next(&mut self) -> SignalKind {
        std::future::poll_fn(|context| {
            let mut arrived = self
                .0
                .iter_mut()
                .filter_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
            match arrived.next() {
                Some(kind) => std::task::Poll::Ready(kind),
                None => std::task::Poll::Pending,
            }
        })
        .await
    }
}

/// Returns the body of a request.
pub(super) fn body(names: &[String], lease: Option<&str>, args: &RequestArgs) -> Value {
    let locks: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "mode": args.mode.name()})).collect();
    let mut body = Map::new();
    body.insert("locks".to_owned(), locks.into());
    body.insert("priority".to_owned(), args.priority.into());
    body.insert("retries".to_owned(), args.retries.into());
    let texts = [
        ("wait", args.wait.as_deref()),
        ("lease", lease),
        ("lock_delay", args.lock_delay.as_deref()),
        ("session", args.session.as_deref()),
        ("reason", Some(args.reason.as_str()).filter(|reason| !reason.is_empty())),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            body.insert(key.to_owned(), value.into());
        }
    }
    Value::Object(body)
}

/// Takes locks, and waits for them. Returns the ticket that holds them, or `None` when a signal has ended the wait.
pub(super) async fn granted(
    client: &Client,
    body: &Value,
    signals: &mut Signals,
) -> Result<Option<Value>, Failure> {
    let key = request_key()?;
    // The same key is the same request, also after the connection was lost.
    let ask = || {
        let call = Call::to(&Operation::acquireLock, &[]).json(body);
        call.header("prefer", "respond-async").header("idempotency-key", key.clone())
    };
    let first = patiently(async || client.ask(ask()).await).await?;
    let id = text(&first, "/ticket");
    let waiting = async {
        let mut ticket = first;
        if is_open(&ticket) {
            note_wait(client, body, &ticket).await;
        }
        while is_open(&ticket) {
            let began = SystemClock.now();
            let call = || Call::to(&Operation::getLockTicket, &[&id]).query("wait", Some(WAIT));
            ticket = patiently(async || client.ask(call()).await).await?;
            let took = (SystemClock.now() - began).to_std().unwrap_or_default();
            if is_open(&ticket) {
                tokio::time::sleep(PAUSE.saturating_sub(took)).await;
            }
        }
        match is_held(&ticket) {
            true => Ok(ticket),
            // The answer to the request says why.
            false => patiently(async || client.ask(ask()).await).await,
        }
    };
    tokio::select! {
        ticket = waiting => ticket.map(Some),
        _ = signals.next() => {
            end(client, &id).await;
            Ok(None)
        }
    }
}

/// Ends a ticket. When that fails, its wait and its leases end by themselves.
pub(super) async fn end(client: &Client, ticket: &str) {
    let call = || Call::to(&Operation::endLockTicket, &[ticket]);
    let ended = tokio::time::timeout(LAST, patiently(async || client.ask(call()).await)).await;
    let why = match ended {
        Ok(Ok(_)) => return,
        Ok(Err(failure)) => failure.message,
        Err(_) => format!("the service does not answer within {} s", LAST.as_secs()),
    };
    say!("warning: the request {ticket} does not end now: {why}; `stepwell locks cancel {ticket}` ends it");
}

pub(super) fn is_held(ticket: &Value) -> bool {
    text(ticket, "/state") == "held"
}

fn is_open(ticket: &Value) -> bool {
    matches!(text(ticket, "/state").as_str(), "waiting" | "resting")
}

/// Says once what the request waits for.
async fn note_wait(client: &Client, body: &Value, ticket: &Value) {
    let until = match time(ticket, "/until") {
        until if until.is_empty() => time(ticket, "/again"),
        until => until,
    };
    let names = body.get("locks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for name in names.iter().map(|lock| text(lock, "/name")) {
        let Ok(lock) = client.ask(Call::to(&Operation::getLock, &[&name])).await else { continue };
        let holder = match text(&lock, "/holders/0/actor") {
            holder if holder.is_empty() => continue,
            holder => holder,
        };
        let ahead = ticket.get("ahead").and_then(Value::as_array).into_iter().flatten();
        let ahead = ahead.filter(|ahead| text(ahead, "/name") == name);
        let ahead = ahead.filter_map(|ahead| ahead.get("tickets").and_then(Value::as_u64)).sum::<u64>();
        let ahead = counted(ahead, "request");
        say!("waiting until {until}: `{holder}` holds `{name}`; {ahead} in front");
        return;
    }
    say!("waiting until {until}");
}

/// Repeats a request for a while when the service is unavailable.
async fn patiently(ask: impl AsyncFn() -> Result<Value, Failure>) -> Result<Value, Failure> {
    let failure = match ask().await {
        Err(failure) if failure.lost => failure,
        done => return done,
    };
    say!("{}; trying again for {} s", failure.message, PATIENCE.as_secs());
    let again = async {
        loop {
            tokio::time::sleep(PAUSE).await;
            match ask().await {
                Err(failure) if failure.lost => {}
                done => return done,
            }
        }
    };
    // The back end may try again itself, so the time counts, and not the number of requests.
    tokio::time::timeout(PATIENCE, again).await.unwrap_or(Err(failure))
}

/// Returns a key that no other request has.
fn request_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::platform(format!("no random numbers: {error}")))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

//! Answers about locks as text.

use serde_json::Value;

use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::display::plain;

/// The text for a lock or a lease without an end.
const NO_END: &str = "its release";

fn list_of<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the end of a lease.
fn until(value: &Value, pointer: &str) -> String {
    let end = time(value, pointer);
    if end.is_empty() { NO_END.to_owned() } else { end }
}

/// Returns an owner: its actor, and the part of its session.
fn owner(value: &Value) -> String {
    match text(value, "/part") {
        part if part.is_empty() => text(value, "/actor"),
        part => format!("{} ({part})", text(value, "/actor")),
    }
}

pub(super) fn list(locks: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("lock"),
        whole("mode"),
        words("holder"),
        whole("since"),
        whole("until"),
        whole("waiting"),
        words("reason"),
    ]);
    for lock in items(locks) {
        let (mode, holder) = (text(lock, "/mode"), lock.get("holder").unwrap_or(&Value::Null));
        let is_free = holder.is_null();
        let others = lock.get("holders").and_then(Value::as_u64).unwrap_or(0).saturating_sub(1);
        let more = if others > 0 { format!(" and {others} more") } else { String::new() };
        sheet.row([
            text(lock, "/name"),
            if is_free { "free".to_owned() } else { mode },
            owner(holder) + &more,
            time(holder, "/since"),
            if is_free { String::new() } else { until(holder, "/until") },
            text(lock, "/waiting"),
            text(holder, "/reason"),
        ]);
    }
    sheet.text()
}

pub(super) fn lock(lock: &Value) -> String {
    let mode = text(lock, "/mode");
    let mut parts = vec![format!(
        "{}: {}, last token {}",
        plain(&text(lock, "/name")),
        if mode.is_empty() { "free".to_owned() } else { mode },
        text(lock, "/last_token")
    )];
    let closed = time(lock, "/closed_until");
    if !closed.is_empty() {
        parts.push(format!("a lease expired: it goes to no other owner until {closed}"));
    }
    if !list_of(lock, "holders").is_empty() {
        parts.push(holders(list_of(lock, "holders")));
    }
    let (queue, waiting) = (list_of(lock, "queue"), text(lock, "/waiting"));
    if !queue.is_empty() {
        parts.push(queue_of(queue));
    }
    if waiting.parse::<usize>().is_ok_and(|waiting| waiting > queue.len()) {
        parts.push(format!("{waiting} tickets wait; these are the first {}", queue.len()));
    }
    parts.join("\n\n")
}

fn holders(holders: &[Value]) -> String {
    let mut sheet = Sheet::new(&[
        whole("token"),
        words("holder"),
        whole("since"),
        whole("until"),
        whole("priority"),
        words("reason"),
        whole("ticket"),
    ]);
    for holder in holders {
        sheet.row([
            text(holder, "/token"),
            owner(holder),
            time(holder, "/since"),
            until(holder, "/until"),
            text(holder, "/priority"),
            text(holder, "/reason"),
            text(holder, "/ticket"),
        ]);
    }
    sheet.text()
}

fn queue_of(queue: &[Value]) -> String {
    let mut sheet = Sheet::new(&[
        whole("position"),
        words("waits"),
        whole("mode"),
        whole("since"),
        whole("until"),
        whole("priority"),
        words("because"),
        words("reason"),
        whole("ticket"),
    ]);
    for waiter in queue {
        sheet.row([
            text(waiter, "/position"),
            owner(waiter),
            text(waiter, "/mode"),
            time(waiter, "/since"),
            time(waiter, "/until"),
            text(waiter, "/priority"),
            text(waiter, "/waits_for"),
            text(waiter, "/reason"),
            text(waiter, "/ticket"),
        ]);
    }
    sheet.text()
}

pub(super) fn ticket(ticket: &Value) -> String {
    let mut sheet =
        Sheet::new(&[whole("lock"), whole("mode"), whole("token"), whole("until"), whole("ticket")]);
    for held in list_of(ticket, "held") {
        sheet.row([
            text(held, "/name"),
            text(held, "/mode"),
            text(held, "/token"),
            until(held, "/until"),
            text(ticket, "/ticket"),
        ]);
    }
    sheet.text()
}

pub(super) fn held(held: &Value) -> String {
    let (name, token) = (text(held, "/name"), text(held, "/token"));
    plain(&format!("{name}: held with token {token} until {}", until(held, "/until")))
}

pub(super) fn check(name: &str, token: u64, answer: &Value) -> String {
    plain(&match text(answer, "/why") {
        why if why.is_empty() => format!("{name}: token {token} holds it until {}", until(answer, "/until")),
        why => format!("{name}: {why}"),
    })
}

pub(super) fn events(events: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("number"),
        whole("time"),
        whole("event"),
        whole("lock"),
        whole("token"),
        words("owner"),
        words("detail"),
    ]);
    for event in items(events) {
        sheet.row([
            text(event, "/number"),
            time(event, "/at"),
            text(event, "/kind"),
            text(event, "/name"),
            text(event, "/token"),
            owner(event),
            text(event, "/detail"),
        ]);
    }
    sheet.text()
}

/// Returns an event in one line.
pub(super) fn event(event: &Value) -> String {
    let token = match text(event, "/token") {
        token if token.is_empty() => String::new(),
        token => format!(" (token {token})"),
    };
    let detail = match text(event, "/detail") {
        detail if detail.is_empty() => String::new(),
        detail => format!(": {detail}"),
    };
    let (at, kind, name) = (time(event, "/at"), text(event, "/kind"), text(event, "/name"));
    plain(&format!("{at} {kind} {name}{token} {}{detail}", owner(event)))
}

pub(super) fn deadlocks(found: &Value) -> String {
    let mut sheet =
        Sheet::new(&[whole("time"), words("locks"), words("owner"), whole("unresolved"), words("cycle")]);
    for deadlock in items(found) {
        sheet.row([
            time(deadlock, "/at"),
            text(deadlock, "/names"),
            text(deadlock, "/actor"),
            text(deadlock, "/unresolved"),
            text(deadlock, "/cycle"),
        ]);
    }
    sheet.text()
}

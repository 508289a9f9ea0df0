//! Copies events of locks into the audit log.
//!
//! The back end of locks stores an event with its change, so no change lacks its event. A record in the store says up to
//! which event each project is copied. It changes in the transaction of the rows, so each event is copied once,
//! whichever process does it.
//!
//! The threat is a client that takes and releases locks as fast as it can, and fills the audit log. So rows about
//! locks that were taken and released have a bound, and a row with their number replaces the others. Rows about locks
//! that were lost have none: a lost lock needs a lease that ran out, or a user.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::lock::{EventKind, EventRow};
use stepwell_engine::quantity::counted;
use stepwell_engine::store::{Audit, Change, Expect, Kind};
use stepwell_engine::{StoreError, project};
use tokio::sync::broadcast;
use tokio::time::sleep;

use crate::HostError;
use crate::access::{By, COMMAND};
use crate::context::Context;
use crate::node::machine;
use crate::service::POLL;

/// The events that one transaction copies.
const PAGE: u32 = 1000;
/// The rows about taken and released locks among them.
const MOST_ROUTINE: usize = 200;
/// The rounds between two looks at all projects, in case announcements get lost.
const LOOK: u64 = 60;

/// The record of a project.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Copied {
    /// The number of the last event that was copied.
    number: u64,
}

/// The task that copies events.
pub(crate) struct LockAudit {
    ctx: Arc<Context>,
}

impl LockAudit {
    pub fn new(ctx: Arc<Context>) -> Self {
        Self { ctx }
    }

    /// Copies events until this process ends.
    pub async fn run(&self) {
        let mut changes = self.ctx.locks.changes();
        let (mut open, mut round) = (BTreeSet::new(), 0u64);
        while !self.ctx.is_draining() {
            if round.is_multiple_of(LOOK) {
                match self.ctx.locks.projects().await {
                    Ok(projects) => open.extend(projects.into_iter().map(|tickets| tickets.project)),
                    Err(error) => tracing::warn!("the events of locks are not in the audit log: {error}"),
                }
            }
            for project in std::mem::take(&mut open) {
                if let Err(error) = self.copy(&project).await {
                    tracing::warn!("the events of locks are not in the audit log: {error}");
                    open.insert(project);
                }
            }
            round += 1;
            tokio::select! {
                biased;
                () = self.ctx.node.draining.cancelled() => return,
                () = sleep(POLL) => {}
            }
            loop {
                match changes.try_recv() {
                    Ok(change) => drop(open.insert(change.project)),
                    Err(broadcast::error::TryRecvError::Lagged(_)) => round = 0,
                    Err(_) => break,
                }
            }
        }
    }

    /// Copies the events of a project that are not in the audit log.
    pub async fn copy(&self, project: &str) -> Result<(), HostError> {
        loop {
            let record = self.ctx.store.record(Kind::LockAudit, project).await?;
            let expect = record.as_ref().map_or(Expect::Absent, |record| Expect::Version(record.version));
            let copied = record.and_then(|record| serde_json::from_value(record.value).ok());
            let Copied { number } = copied.unwrap_or_default();
            let events = self.ctx.locks.events(project, number, PAGE).await?;
            let Some(last) = events.last() else { return Ok(()) };
            let (put, is_last) = (put(project, last.number, expect), events.len() < PAGE as usize);
            let names = self.names(&events).await?;
            let rows = rows(project, number, &events, &names, self.ctx.now());
            let changes = rows.into_iter().map(Change::Audit).chain([put]).collect();
            match self.ctx.store.write(changes).await {
                Ok(()) if is_last => return Ok(()),
                Ok(()) => {}
                // Another process copies them.
                Err(StoreError::Conflict(..) | StoreError::AlreadyThere(..) | StoreError::NoRecord(..)) => {
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns the names of the keys that the events are about.
    async fn names(&self, events: &[EventRow]) -> Result<BTreeMap<String, String>, HostError> {
        let is_key = |row: &EventRow| actor(row).is_some_and(|actor| actor.starts_with("key:"));
        if !events.iter().any(is_key) {
            return Ok(BTreeMap::new());
        }
        let keys = self.ctx.access().list().await?.into_iter();
        Ok(keys.map(|key| (format!("key:{}", key.id), key.name)).collect())
    }
}

fn put(project: &str, number: u64, expect: Expect) -> Change {
    Change::Put {
        kind: Kind::LockAudit,
        id: project.to_owned(),
        state: String::new(),
        value: serde_json::to_value(Copied { number }).unwrap_or(Value::Null),
        expect,
    }
}

/// Returns the actor of an event that the audit log has: the one that acts, or that loses a lock. The other events give
/// no right and take none: waits, extensions, reordered queues, and what the journals of runs have.
fn actor(row: &EventRow) -> Option<&str> {
    let (event, owner) = (&row.event, row.event.owner.actor.as_str());
    match event.kind {
        EventKind::Acquired | EventKind::Released if owner.starts_with("run:") => None,
        EventKind::Acquired
        | EventKind::Released
        | EventKind::Expired
        | EventKind::TimedOut
        | EventKind::Deadlock => Some(owner),
        EventKind::Forced => Some(event.by.as_deref().unwrap_or(owner)),
        EventKind::Extended | EventKind::Waiting | EventKind::Cancelled | EventKind::Reordered => None,
    }
}

/// Returns the rows about events after a number.
fn rows(
    project: &str,
    after: u64,
    events: &[EventRow],
    names: &BTreeMap<String, String>,
    now: Timestamp,
) -> Vec<Audit> {
    let (mut rows, mut routine) = (Vec::new(), 0);
    let node = By { identity: format!("node:{}", machine()), name: String::new() };
    let note = |detail: String| Audit {
        at: now,
        by: node.identity.clone(),
        name: node.name.clone(),
        action: "lock.events".to_owned(),
        target: project.to_owned(),
        detail,
    };
    let first = events.first().map_or(after, |row| row.number);
    let lost = usize::try_from(first.saturating_sub(after + 1)).unwrap_or(usize::MAX);
    if lost > 0 {
        rows.push(note(format!("{} removed before this log had them", were(lost, "event"))));
    }
    for row in events {
        let Some(by) = actor(row) else { continue };
        if matches!(row.event.kind, EventKind::Acquired | EventKind::Released) {
            routine += 1;
            if routine > MOST_ROUTINE {
                continue;
            }
        }
        rows.push(of_event(project, row, by, names));
    }
    if let Some(more) = routine.checked_sub(MOST_ROUTINE).filter(|more| *more > 0) {
        let what = were(more, "further event");
        let detail = format!("{what} left out: `acquired` or `released`, up to number {}", last(events));
        rows.push(note(detail));
    }
    rows
}

/// Returns the number of things with their verb: `1 event was`, or `2 events were`.
fn were(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "was" } else { "were" })
}

fn last(events: &[EventRow]) -> u64 {
    events.last().map_or(0, |row| row.number)
}

fn of_event(project: &str, row: &EventRow, by: &str, names: &BTreeMap<String, String>) -> Audit {
    let event = &row.event;
    let name = match names.get(by) {
        Some(name) => name.clone(),
        None if by.starts_with("command:") => COMMAND.to_owned(),
        None => String::new(),
    };
    let token = event.token.map_or(String::new(), |token| format!(", token {token}"));
    let holder = if event.kind == EventKind::Forced { format!(" of {}", event.owner) } else { String::new() };
    let why = if event.detail.is_empty() { String::new() } else { format!("; {}", event.detail) };
    Audit {
        at: event.at,
        by: by.to_owned(),
        name,
        action: format!("lock.{}", event.kind),
        target: project::qualified(project, event.name.as_str()),
        detail: format!("ticket {}{holder}{token}{why}", event.ticket),
    }
}

#[cfg(test)]
mod tests {
    use stepwell_engine::lock::{Event, Name, Owner};

    use super::*;

    fn event(number: u64, kind: EventKind, actor: &str) -> EventRow {
        let event = Event {
            kind,
            at: Timestamp::UNIX_EPOCH,
            name: Name::new("deploy").unwrap(),
            ticket: "t1".to_owned(),
            owner: Owner::new(actor, "s"),
            token: Some(number),
            by: (kind == EventKind::Forced).then(|| "key:9".to_owned()),
            detail: if kind == EventKind::Forced { "by `key:9`: stuck".to_owned() } else { String::new() },
        };
        EventRow { number, event }
    }

    fn told(after: u64, events: &[EventRow]) -> Vec<String> {
        let names = BTreeMap::from([("key:9".to_owned(), "ann".to_owned())]);
        let rows = rows("team-a", after, events, &names, Timestamp::UNIX_EPOCH);
        let told = |row: Audit| format!("{} {} {}: {}", row.name, row.action, row.target, row.detail);
        rows.into_iter().map(told).map(|text| text.trim().to_owned()).collect()
    }

    #[test]
    fn a_row_is_about_a_right_that_an_event_gives_or_takes() {
        use EventKind::*;
        for (kind, actor, expected) in [
            (Acquired, "key:9", Some("ann lock.acquired team-a/deploy: ticket t1, token 1")),
            (Acquired, "run:exec_1", None),
            (Released, "run:exec_1", None),
            (Expired, "run:exec_1", Some("lock.expired team-a/deploy: ticket t1, token 1")),
            (Waiting, "key:9", None),
            (Extended, "key:9", None),
            (
                Forced,
                "run:exec_1",
                Some("ann lock.forced team-a/deploy: ticket t1 of run:exec_1, token 1; by `key:9`: stuck"),
            ),
        ] {
            assert_eq!(told(0, &[event(1, kind, actor)]).first().map(String::as_str), expected, "{kind}");
        }
    }

    #[test]
    fn a_flood_has_a_bound_and_what_was_lost_is_counted() {
        let mut events: Vec<EventRow> =
            (7..=1006).map(|number| event(number, EventKind::Acquired, "key:1")).collect();
        events.push(event(1007, EventKind::Expired, "key:1"));
        let told = told(4, &events);
        assert_eq!(told.len(), MOST_ROUTINE + 3);
        assert!(told[0].ends_with("2 events were removed before this log had them"), "{}", told[0]);
        assert!(told[MOST_ROUTINE + 1].contains("lock.expired"), "{}", told[MOST_ROUTINE + 1]);
        let more = "800 further events were left out: `acquired` or `released`, up to number 1007";
        assert!(told.last().unwrap().ends_with(more), "{told:?}");
    }
}

//! The events of locks, for readers.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::lock::{Answer, Change, EventKind, EventRow, LockError, Name};
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::LockService;
use crate::HostError;

/// The events of one read.
const PAGE: u32 = 1000;
/// The events that one call reads to find those that it wants: more than the 10,000 that a back end remembers of each
/// project, since it removes old ones in steps.
const MOST_READ: usize = 12_000;

/// A choice of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events of this lock.
    pub name: Option<Name>,
    /// Only events of this kind.
    pub kind: Option<EventKind>,
}

impl EventFilter {
    fn matches(&self, row: &EventRow) -> bool {
        self.name.as_ref().is_none_or(|name| row.event.name == *name)
            && self.kind.is_none_or(|kind| row.event.kind == kind)
    }
}

/// Some events, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub rows: Vec<EventRow>,
    /// The number of the last event that was read: more events may follow it. `None`: there are no more now.
    pub next: Option<u64>,
    /// The number of the last event that was read, or the one after which the reading began.
    pub last: u64,
}

/// A deadlock that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Deadlock {
    /// The number of its first event.
    pub number: u64,
    /// The time.
    pub at: Timestamp,
    /// The ticket whose wait closed the cycle, or ended it.
    pub ticket: String,
    /// The actor of the ticket.
    pub actor: String,
    /// The locks that the ticket waited for.
    pub names: Vec<String>,
    /// The cycle: the actor that waits for each lock, and the actor that it waits for.
    pub cycle: String,
    /// Whether the ticket still waits, because the configuration only reports deadlocks.
    pub unresolved: bool,
}

impl LockService {
    /// Returns at most `limit` events after a number, the oldest first. One call reads a bounded number of events.
    ///
    /// # Errors
    /// Fails when the back end fails.
    pub async fn events(
        &self,
        project: &str,
        filter: &EventFilter,
        after: u64,
        limit: usize,
    ) -> Result<EventPage, HostError> {
        let (mut page, mut read) = (EventPage { last: after, ..EventPage::default() }, 0);
        while read < MOST_READ {
            let rows = self.ctx.locks.events(project, page.last, PAGE).await?;
            let is_last = rows.len() < PAGE as usize;
            read += rows.len();
            for row in rows {
                if page.rows.len() == limit {
                    page.next = Some(page.last);
                    return Ok(page);
                }
                page.last = row.number;
                if filter.matches(&row) {
                    page.rows.push(row);
                }
            }
            if is_last {
                return Ok(page);
            }
        }
        page.next = Some(page.last);
        Ok(page)
    }

    /// Returns the newest events, the oldest of them first.
    ///
    /// # Errors
    /// Fails when the back end fails.
    pub async fn newest_events(
        &self,
        project: &str,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<EventRow>, HostError> {
        let mut page = self.events(project, filter, 0, usize::MAX).await?;
        page.rows.drain(..page.rows.len().saturating_sub(limit));
        Ok(page.rows)
    }

    /// Returns the newest deadlocks, the newest first.
    ///
    /// # Errors
    /// Fails when the back end fails.
    pub async fn deadlocks(&self, project: &str, limit: usize) -> Result<Vec<Deadlock>, HostError> {
        let filter = EventFilter { kind: Some(EventKind::Deadlock), ..EventFilter::default() };
        let rows = self.newest_events(project, &filter, usize::MAX).await?;
        let mut found: Vec<Deadlock> = Vec::new();
        for EventRow { number, event } in rows {
            let name = event.name.to_string();
            // A ticket has an event for each of its locks.
            match found.last_mut().filter(|last| last.ticket == event.ticket && last.at == event.at) {
                Some(last) => last.names.push(name),
                None => found.push(Deadlock {
                    number,
                    at: event.at,
                    ticket: event.ticket,
                    actor: event.owner.actor,
                    names: vec![name],
                    cycle: event.detail,
                    unresolved: false,
                }),
            }
        }
        found.reverse();
        found.truncate(limit);
        for deadlock in &mut found {
            deadlock.unresolved = match self.ctx.locks.ticket(project, &deadlock.ticket).await {
                Ok(answer) => matches!(answer, Answer::Waiting { .. }),
                Err(LockError::UnknownTicket(_)) => false,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(found)
    }

    /// Follows the events of a project.
    pub fn follow(&self, project: &str) -> LockFollow {
        LockFollow { changes: self.ctx.locks.changes(), project: project.to_owned() }
    }
}

/// A follower of the events of a project.
pub struct LockFollow {
    changes: broadcast::Receiver<Change>,
    project: String,
}

impl LockFollow {
    /// Waits until the project may have a new event, or until `limit` has passed: an announcement may get lost.
    pub async fn grown(&mut self, limit: Duration) {
        let _ = timeout(limit, self.changed()).await;
    }

    async fn changed(&mut self) {
        loop {
            match self.changes.recv().await {
                Ok(change) if change.project != self.project => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

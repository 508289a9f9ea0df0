//! Back ends of locks: the contract of every one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::{Answer, Check, Command, Event, LockError, LockView, Meter, Name, ProjectTickets};
use crate::clock::{Clock, Timestamp};

/// A back end of locks.
///
/// # The contract
/// - Each call of [`Locks::run`] takes effect at one point between its start and its return, as
///   [`super::apply`] does on the whole table of the project. The calls of all processes have one order.
/// - The changes of a call are durable when it returns. A call that fails with [`LockError::Unavailable`] or
///   [`LockError::Failed`] may have taken effect: an `Acquire` with the same ticket finds out.
/// - The time is `at` where one process, or several on one machine, use the back end. Where several machines do, it
///   is the time of the server that they share, and `at` does not count.
/// - A token is larger than every earlier token of the project, also after a restart and after the lock was idle.
/// - Every command first ends the leases and waits that are over, at least those of the locks that it concerns. A
///   refused command returns its error and changes nothing else.
#[async_trait]
pub trait Locks: Send + Sync {
    /// Runs a command on the locks of a project.
    async fn run(&self, project: &str, command: Command, at: Timestamp) -> Result<Answer, LockError>;

    /// Returns the state of a ticket. It changes nothing: a wait that is over ends with the next command or tick.
    async fn ticket(&self, project: &str, id: &str) -> Result<Answer, LockError>;

    /// Returns whether a ticket waits or rests. Everyone who waits asks this once per second, so that a back end reads
    /// no queue for it.
    async fn is_pending(&self, project: &str, id: &str) -> Result<bool, LockError> {
        Ok(matches!(self.ticket(project, id).await?, Answer::Waiting { .. } | Answer::Resting { .. }))
    }

    /// Returns whether a token holds a lock.
    async fn check(&self, project: &str, name: &Name, token: u64, at: Timestamp) -> Result<Check, LockError>;

    /// Returns a lock with its holders and its queue.
    async fn show(&self, project: &str, name: &Name, at: Timestamp) -> Result<LockView, LockError>;

    /// Returns locks that are held or waited for, by name.
    async fn list(
        &self,
        project: &str,
        filter: &ListFilter,
        at: Timestamp,
    ) -> Result<Vec<LockView>, LockError>;

    /// Returns the events of a project after a number, the oldest first. A back end forgets old events.
    async fn events(&self, project: &str, after: u64, limit: u32) -> Result<Vec<EventRow>, LockError>;

    /// Ends the leases, waits and delays of all projects that are over, at most `limit` of them, and returns when the
    /// next one ends.
    async fn tick(&self, at: Timestamp, limit: u32) -> Result<Option<Timestamp>, LockError>;

    /// Returns the tickets with events from now on, of all processes. An announcement may get lost.
    fn changes(&self) -> broadcast::Receiver<Change>;

    /// Returns the projects that have or had locks, each with the numbers of its tickets.
    async fn projects(&self) -> Result<Vec<ProjectTickets>, LockError>;

    /// Sets the receiver of the measures of this process. The first call counts.
    fn measure(&self, meter: Arc<dyn Meter>);
}

/// A ticket with an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The project.
    pub project: String,
    /// The id of the ticket.
    pub ticket: String,
}

impl Change {
    /// Returns the tickets of some events, each once.
    pub fn of(project: &str, events: &[Event]) -> BTreeSet<Self> {
        let change = |event: &Event| Self { project: project.to_owned(), ticket: event.ticket.clone() };
        events.iter().map(change).collect()
    }
}

/// A choice of locks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// The first characters of the names.
    pub prefix: String,
    /// The name after which the list begins.
    pub after: Option<Name>,
    /// The maximum number of locks.
    pub limit: u32,
}

/// An event with its number in the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// The number. Later events have larger ones.
    pub number: u64,
    /// The event.
    pub event: Event,
}

/// The longest time between two looks at a ticket, in case an announcement gets lost.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until a ticket neither waits nor rests, for at most `limit`, and returns its state then.
///
/// # Errors
/// Fails when there is no such ticket, and as the back end does.
pub async fn wait_for(
    locks: &dyn Locks,
    clock: &dyn Clock,
    project: &str,
    id: &str,
    limit: Duration,
) -> Result<Answer, LockError> {
    let waiting = async {
        let mut changes = locks.changes();
        loop {
            let due = locks.tick(clock.now(), 1000).await?;
            loop {
                if !locks.is_pending(project, id).await? {
                    return locks.ticket(project, id).await;
                }
                let left = due.and_then(|due| (due - clock.now()).to_std().ok()).unwrap_or(LOOK);
                // An event of the ticket, or the next end of a lease, or a look in case an announcement got lost.
                let left = left.clamp(Duration::from_millis(1), LOOK);
                if tokio::time::timeout(left, changed(&mut changes, project, id)).await.is_err() {
                    break;
                }
            }
        }
    };
    match tokio::time::timeout(limit, waiting).await {
        Ok(answer) => answer,
        Err(_) => locks.ticket(project, id).await,
    }
}

/// Waits for an event of a ticket, or for lost announcements.
async fn changed(changes: &mut broadcast::Receiver<Change>, project: &str, id: &str) {
    loop {
        match changes.recv().await {
            Ok(change) if change.project != project || change.ticket != id => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            _ => return,
        }
    }
}

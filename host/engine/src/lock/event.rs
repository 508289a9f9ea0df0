//! The events of locks.

use serde::{Deserialize, Serialize};

use super::limits::LINKS_SHOWN;
use super::{Mode, Name, Owner};
use crate::clock::Timestamp;

/// An event of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The kind.
    pub kind: EventKind,
    /// The time.
    pub at: Timestamp,
    /// The lock.
    pub name: Name,
    /// The ticket.
    pub ticket: String,
    /// The owner of the ticket.
    pub owner: Owner,
    /// The token, when the ticket has one for this lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// The actor that took the lock away, of a `forced` event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// More about the event, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The kind of an event.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// A ticket holds the lock.
    Acquired,
    /// A holder released the lock.
    Released,
    /// A lease ended before its holder released the lock.
    Expired,
    /// A lease has another end.
    Extended,
    /// A ticket waits for the lock.
    Waiting,
    /// A wait ran out.
    TimedOut,
    /// A wait was part of a deadlock.
    Deadlock,
    /// Another actor released the lock.
    Forced,
    /// A wait was cancelled.
    Cancelled,
    /// A ticket may pass another one in the queue, because they were part of a deadlock.
    Reordered,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Acquired,
        Self::Released,
        Self::Expired,
        Self::Extended,
        Self::Waiting,
        Self::TimedOut,
        Self::Deadlock,
        Self::Forced,
        Self::Cancelled,
        Self::Reordered,
    ];
}

/// A deadlock: each link waits for the next, and the last waits for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<Link>);

/// A wait that is part of a deadlock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The ticket that waits.
    pub ticket: String,
    /// Its owner.
    pub owner: Owner,
    /// The lock that it waits for.
    pub name: Name,
    /// The mode that it wants.
    pub mode: Mode,
    /// The ticket that it waits for.
    pub blocker: String,
    /// The owner of that ticket.
    pub blocked_by: Owner,
    /// Whether that ticket holds the lock, or waits in front.
    pub edge: Edge,
}

/// The reason why one ticket waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The other ticket holds the lock.
    Holds,
    /// The other ticket waits in front of it.
    Ahead,
}

impl Cycle {
    /// Names an owner, with its session if another session of the same actor is part of the deadlock.
    fn named(&self, owner: &Owner) -> String {
        let owners = self.0.iter().flat_map(|link| [&link.owner, &link.blocked_by]);
        let is_shared = |other: &Owner| other.actor == owner.actor && other.session != owner.session;
        match owners.into_iter().any(is_shared) && !owner.session.is_empty() {
            true => format!("{owner}, session {}", owner.session),
            false => owner.to_string(),
        }
    }
}

impl std::fmt::Display for Cycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, link) in self.0.iter().take(LINKS_SHOWN).enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            let edge = match link.edge {
                Edge::Holds => "holds it",
                Edge::Ahead => "waits for it in front",
            };
            let Link { owner, name, mode, blocked_by, .. } = link;
            let (owner, blocked_by) = (self.named(owner), self.named(blocked_by));
            write!(f, "{comma}`{owner}` waits for `{name}` ({mode}), and `{blocked_by}` {edge}")?;
        }
        match self.0.len().saturating_sub(LINKS_SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more waits"),
        }
    }
}

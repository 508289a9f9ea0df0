//! The commands that change locks, and their answers.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::*;
use super::{LockError, Mode, Name, Owner};
use crate::clock::Timestamp;
use crate::label;

/// A command that may change locks.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Takes one lock, or several at once.
    Acquire(Box<Acquire>),
    /// Sets the end of a lease to `lease` from now.
    Extend {
        /// The lock.
        name: Name,
        /// The token of the holder.
        token: u64,
        /// The actor that sends the command.
        by: String,
        /// The time from now until the lease ends.
        lease: Duration,
    },
    /// Ends a hold.
    Release {
        /// The lock.
        name: Name,
        /// The token of the holder.
        token: u64,
        /// The actor that sends the command.
        by: String,
    },
    /// Ends the holds of other owners. The caller checks the role.
    ForceRelease {
        /// The lock.
        name: Name,
        /// The token of one holder, or `None` for all of them.
        token: Option<u64>,
        /// The actor that sends the command.
        by: String,
        /// The reason, which the event shows.
        reason: String,
    },
    /// Ends the wait of a ticket.
    Cancel {
        /// The ticket.
        ticket: String,
        /// The actor that sends the command.
        by: String,
    },
    /// Sets the ends of all leases of an owner and its parts to `lease` from now.
    Renew {
        /// The owner.
        owner: Owner,
        /// The time from now until the leases end.
        lease: Duration,
    },
    /// Sets the ends of the leases of a ticket to `lease` from now.
    RenewTicket {
        /// The ticket.
        ticket: String,
        /// The actor that sends the command.
        by: String,
        /// The time from now until the leases end.
        lease: Duration,
    },
    /// Ends everything that an owner and its parts hold or wait for.
    Leave {
        /// The owner.
        owner: Owner,
    },
    /// Ends the leases and waits that are over, and grants the locks that became free.
    Tick,
}

/// A request for locks: all of them, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Acquire {
    /// The id of the request, which no other request has. The same request again returns its present state.
    pub ticket: String,
    /// The owner. An empty session becomes the id of the ticket.
    pub owner: Owner,
    /// The locks, each with its mode.
    pub wants: Vec<Want>,
    /// The longest wait. `None`: the locks must be free now.
    pub wait: Option<Duration>,
    /// The time until the lease ends. `None`: the lock lasts until its release.
    pub lease: Option<Duration>,
    /// The priority, from 0 to 9, where 9 is the most urgent.
    pub priority: u8,
    /// The reason, for lists.
    pub reason: String,
    /// Data of the client, for lists.
    pub metadata: Map<String, Value>,
    /// The time after a lease that expired for which the lock goes to no other owner.
    pub lock_delay: Duration,
    /// The number of further waits after the first one ran out.
    pub retries: u32,
    /// The pause before the first further wait. Each later pause is twice as long.
    pub backoff: Duration,
}

impl Acquire {
    /// Creates a request for one lock that does not wait and lasts until its release.
    pub fn new(ticket: &str, owner: Owner, wants: Vec<Want>) -> Self {
        Self {
            ticket: ticket.to_owned(),
            owner,
            wants,
            wait: None,
            lease: None,
            priority: 0,
            reason: String::new(),
            metadata: Map::new(),
            lock_delay: Duration::ZERO,
            retries: 0,
            backoff: Duration::from_secs(1),
        }
    }

    /// Checks the sizes of the request.
    ///
    /// # Errors
    /// Names the first field with a problem.
    pub fn check(&self) -> Result<(), LockError> {
        self.owner.check()?;
        text("ticket", &self.ticket, TICKET_BYTES)?;
        text("reason", &self.reason, REASON_BYTES)?;
        refuse(self.ticket.is_empty(), "ticket", || "must not be empty".to_owned())?;
        refuse(self.wants.is_empty(), "locks", || "must name at least one lock".to_owned())?;
        at_most("locks", "names", self.wants.len(), NAMES_PER_TICKET)?;
        let names: BTreeSet<&Name> = self.wants.iter().map(|want| &want.name).collect();
        refuse(names.len() < self.wants.len(), "locks", || "must name each lock once".to_owned())?;
        refuse(self.priority > MAX_LEVELS, "priority", || {
            format!("is {}, and the most urgent priority is {MAX_LEVELS}", self.priority)
        })?;
        let metadata = serde_json::to_string(&self.metadata).map_or(usize::MAX, |text| text.len());
        at_most("metadata", "bytes", metadata, METADATA_BYTES)?;
        at_most("retries", "further waits", self.retries as usize, RETRIES as usize)?;
        for (field, time, most) in [
            ("wait", self.wait.unwrap_or_default(), MAX_WAIT),
            ("lock_delay", self.lock_delay, MAX_LOCK_DELAY),
            ("backoff", self.backoff, MAX_BACKOFF),
        ] {
            refuse(time > most, field, || format!("is longer than {} seconds, the limit", most.as_secs()))?;
        }
        self.lease.map_or(Ok(()), check_lease)
    }
}

/// Checks the length of a lease.
pub(super) fn check_lease(lease: Duration) -> Result<(), LockError> {
    refuse(!(MIN_LEASE..=MAX_LEASE).contains(&lease), "lease", || {
        let (least, most) = (MIN_LEASE.as_secs(), MAX_LEASE.as_secs());
        format!("must last from {least} second to {most} seconds")
    })
}

/// Checks a text that lists show.
pub(super) fn text(field: &'static str, text: &str, most: usize) -> Result<(), LockError> {
    at_most(field, "bytes", text.len(), most)?;
    label::problem(text).map_or(Ok(()), |why| Err(LockError::Invalid { field, why }))
}

fn at_most(field: &'static str, what: &str, found: usize, most: usize) -> Result<(), LockError> {
    refuse(found > most, field, || format!("has {found} {what}, and the limit is {most}"))
}

pub(super) fn refuse(
    wrong: bool,
    field: &'static str,
    why: impl FnOnce() -> String,
) -> Result<(), LockError> {
    if wrong { Err(LockError::Invalid { field, why: why() }) } else { Ok(()) }
}

/// A lock that a request names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Want {
    /// The name.
    pub name: Name,
    /// The mode.
    pub mode: Mode,
}

impl Want {
    /// Creates a want.
    pub fn new(name: Name, mode: Mode) -> Self {
        Self { name, mode }
    }
}

/// A lock that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The lock.
    pub name: Name,
    /// The mode.
    pub mode: Mode,
    /// The fencing token.
    pub token: u64,
    /// The end of the lease. `None`: the lock lasts until its release.
    pub until: Option<Timestamp>,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The ticket holds its locks.
    Acquired {
        /// The ticket.
        ticket: String,
        /// The session, for further requests that belong to this one.
        session: String,
        /// The locks with their tokens.
        held: Vec<Held>,
    },
    /// The ticket waits.
    Waiting {
        /// The ticket.
        ticket: String,
        /// The session, for further requests that belong to this one.
        session: String,
        /// The end of the wait.
        until: Timestamp,
        /// For each lock, the number of tickets that are in front of this one.
        ahead: Vec<(Name, usize)>,
    },
    /// The wait ran out, and the ticket waits again at this time.
    Resting {
        /// The ticket.
        ticket: String,
        /// The session, for further requests that belong to this one.
        session: String,
        /// The start of the next wait.
        again: Timestamp,
    },
    /// The locks are not free, and the request does not wait.
    Busy {
        /// The reason: the first lock that is not free, and who holds it.
        why: String,
    },
    /// The wait has ended without the locks, or the locks are not held any more.
    Ended {
        /// The ticket.
        ticket: String,
        /// The reason.
        how: End,
        /// The time of the end.
        at: Timestamp,
    },
    /// The leases have these ends now.
    Extended(Vec<Held>),
    /// So many holds have ended, and so many waits.
    Released {
        /// The number of holds.
        holds: usize,
        /// The number of waits.
        waits: usize,
    },
    /// Everything that was over has ended.
    Ticked,
}

/// The end of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Its holder released it.
    Released,
    /// Its lease expired.
    Expired,
    /// Another actor released it.
    Forced,
    /// Its wait ran out.
    TimedOut,
    /// Its wait ended, because it was part of a deadlock. The text spells out the cycle.
    Deadlock(String),
    /// Its wait was cancelled.
    Cancelled,
}

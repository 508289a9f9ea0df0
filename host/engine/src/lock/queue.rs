//! The queue of a lock, and the ticket that may have it next.
//!
//! A queue has the order of ranks, as a queue of runs has ([`crate::queue`]): the rank of a ticket is its arrival,
//! moved ahead by `aging` for each level of its priority. A ticket waits for those in front of it whose modes
//! conflict with its own. So a writer is not overtaken by readers who come later.
//!
//! A ticket for several locks would stop others from using those of its locks that are free. So it may be passed by
//! all tickets that arrive up to nine agings after it, which is also the bound on the effect of priorities, and by none
//! that arrive later.

use std::ops::Bound;
use std::time::Duration;

use super::limits::{HOLDERS, MAX_LEVELS};
use super::table::{Place, Table, Ticket};
use super::{Mode, Name, Want};
use crate::clock::{self, Timestamp};

/// Returns the rank of a ticket.
pub(super) fn rank(arrival: Timestamp, priority: u8, aging: Duration) -> Timestamp {
    clock::earlier(arrival, aging.saturating_mul(u32::from(priority)))
}

/// The reason why a ticket cannot have a lock now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blocker {
    /// This ticket holds the lock.
    Held(Name, String),
    /// This ticket waits in front.
    Ahead(Name, String),
    /// A lease expired, and the delay of the lock lasts until then.
    Closed(Name, Timestamp),
    /// The lock has the maximum number of holders.
    Full(Name),
}

impl Table {
    /// Returns the longest time by which a later ticket can overtake an earlier one.
    pub(super) fn overtaking(&self) -> Duration {
        self.settings.aging.saturating_mul(u32::from(MAX_LEVELS))
    }

    /// Returns the first reason why a ticket that is in the queues of its locks cannot have them all now.
    pub(super) fn first_blocker(&self, ticket: &Ticket, at: Timestamp) -> Option<Blocker> {
        ticket.wants.iter().find_map(|want| self.blocker(ticket, want, at))
    }

    fn blocker(&self, ticket: &Ticket, want: &Want, at: Timestamp) -> Option<Blocker> {
        let lock = self.locks.get(&want.name)?;
        if let Some(until) = lock.closed_until.filter(|until| *until > at) {
            return Some(Blocker::Closed(want.name.clone(), until));
        }
        if let Some((holder, mode)) = lock.holders.values().next() {
            if mode.conflicts(want.mode) {
                return Some(Blocker::Held(want.name.clone(), holder.clone()));
            }
            if lock.holders.len() >= HOLDERS {
                return Some(Blocker::Full(want.name.clone()));
            }
        }
        let mut ahead = lock.queue.range(..ticket.place()).filter_map(|(_, id)| self.tickets.get(id));
        let first = ahead.find(|other| self.waits_behind(ticket, want, other))?;
        Some(Blocker::Ahead(want.name.clone(), first.id.clone()))
    }

    /// Returns whether a ticket waits for another one that is in front of it in the queue of a lock.
    pub(super) fn waits_behind(&self, ticket: &Ticket, want: &Want, other: &Ticket) -> bool {
        other.mode_of(&want.name).is_some_and(|mode| mode.conflicts(want.mode))
            && !self.may_pass(ticket, other)
    }

    /// Returns whether a ticket may have a lock before another one that is in front of it and cannot have it now.
    pub(super) fn may_pass(&self, ticket: &Ticket, other: &Ticket) -> bool {
        other.wants.len() > 1 && self.is_within_bound(ticket, other) || ticket.passes.contains(&other.id)
    }

    /// Returns whether a ticket arrived at most nine agings after another one.
    pub(super) fn is_within_bound(&self, ticket: &Ticket, other: &Ticket) -> bool {
        ticket.since <= clock::later(other.since, self.overtaking())
    }

    /// Returns the next place of a queue whose ticket might have the lock now.
    pub(super) fn next_candidate(&self, name: &Name, after: Option<&Place>, at: Timestamp) -> Option<Place> {
        let lock = self.locks.get(name)?;
        if lock.is_exclusive() || lock.is_closed(at) || lock.holders.len() >= HOLDERS {
            return None;
        }
        let from = after.map_or(Bound::Unbounded, |place| Bound::Excluded(place.clone()));
        let shared = !lock.holders.is_empty();
        let mut places = lock.queue.range((from, Bound::Unbounded));
        let fits = |(_, id): &&Place| {
            let mode = self.tickets.get(id).and_then(|ticket| ticket.mode_of(name));
            !shared || mode == Some(Mode::Shared)
        };
        places.find(fits).cloned()
    }

    /// Describes a reason for people.
    pub(super) fn describe(&self, blocker: &Blocker) -> String {
        let owner = |id: &str| self.tickets.get(id).map_or_else(|| id.to_owned(), |t| t.owner.to_string());
        match blocker {
            Blocker::Held(name, id) => format!("`{}` holds `{name}`", owner(id)),
            Blocker::Ahead(name, id) => format!("`{}` waits for `{name}` in front", owner(id)),
            Blocker::Closed(name, until) => {
                let until = clock::short(*until);
                format!("a lease of `{name}` expired, and its delay lasts until {until}")
            }
            Blocker::Full(name) => format!("`{name}` has {HOLDERS} holders, the limit"),
        }
    }
}

//! Deadlocks: the search for them, and their end.
//!
//! A waiting ticket waits for two kinds of tickets. A *hard* edge leads to a ticket that holds the lock, and on to
//! every wait of that ticket's owner, since a session releases nothing while it waits. A *soft* edge leads to a ticket
//! in front of it in a queue. Only a new wait and a grant add edges, so a search begins there and nowhere else. It
//! visits each wait once.
//!
//! A cycle with a soft edge needs no victim: the ticket behind may pass the one in front. That ticket could not have
//! gone first anyway, because it waits, over the rest of the cycle, for the session that passes it. PostgreSQL
//! resolves such cycles by the same idea. It sorts the queue again, where this module records which ticket may pass which. A
//! pass only removes edges, so it cannot close another cycle, and the order of the queue stays that of its ranks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::apply::Work;
use super::event::{Cycle, Edge, Link};
use super::limits::{LATE_PASSES, PASSES};
use super::table::{Lock, Place, Table, Ticket};
use super::{End, EventKind, Mode, Name, Want};
use crate::clock::Timestamp;

/// The choice of the wait that ends, among those of a deadlock.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Victim {
    /// The wait of the session that began last: it has the least work to lose.
    #[default]
    Youngest,
    /// The wait with the lowest priority.
    LowestPriority,
    /// The wait of the session that holds the fewest locks.
    FewestLocks,
}

/// The reaction to a deadlock.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Detect {
    /// The queue is reordered, or one wait ends.
    #[default]
    Resolve,
    /// An event reports it, and nothing else happens: the waits run out.
    Report,
    /// Stepwell does not search for deadlocks.
    Off,
}

/// Pairs of tickets of which the first may pass the second.
type Passes = BTreeSet<(String, String)>;

/// Returns the waits that a grant may have made part of a deadlock: those of the session that has the lock now.
pub(super) fn suspects(table: &Table, granted: &Ticket) -> Vec<String> {
    let waits = table.covered(&granted.owner).filter(|ticket| ticket.is_waiting());
    waits.map(|ticket| ticket.id.clone()).collect()
}

impl Work<'_> {
    /// Resolves the deadlocks that a waiting ticket is part of.
    pub(super) fn untangle(&mut self, id: &str) {
        let detect = self.table.settings.detect;
        if detect == Detect::Off {
            return;
        }
        let Some(ticket) = self.table.tickets.get(id).filter(|ticket| ticket.is_waiting()) else { return };
        let (session, followed) = (ticket.owner.party(), self.table.has_followers(ticket));
        self.table.changed.sessions.insert(session);
        self.table.changed.searched |= followed;
        let mut passes = Passes::new();
        while let Some(cycle) = self.table.cycle(id, &passes) {
            if detect == Detect::Report {
                return self.report(&cycle, &cycle.to_string());
            }
            match self.table.passable(&cycle, &passes) {
                Some(pass) => drop(passes.insert(pass)),
                None => {
                    // The passes were only found on the way to this cycle. The search begins again without it.
                    passes.clear();
                    self.end_one(&cycle);
                }
            }
        }
        self.reorder(passes);
    }

    fn report(&mut self, cycle: &Cycle, detail: &str) {
        for link in &cycle.0 {
            self.event(EventKind::Deadlock, &link.name, &link.ticket, detail.to_owned());
        }
    }

    /// Ends one wait of a cycle.
    fn end_one(&mut self, cycle: &Cycle) {
        let Some(victim) = self.table.victim(cycle) else { return };
        let detail = cycle.to_string();
        self.end_wait(&victim, End::Deadlock(detail.clone()), EventKind::Deadlock, &detail);
    }

    fn reorder(&mut self, passes: Passes) {
        for (id, passed) in passes {
            let late = self.table.is_late(&id, &passed);
            self.table.change(&id, |ticket| {
                ticket.passes.insert(passed.clone());
            });
            if late {
                self.table.change(&passed, |ticket| ticket.passed_late += 1);
            }
            let Some(ticket) = self.table.tickets.get(&id) else { continue };
            let other = self.table.tickets.get(&passed).map(|other| other.owner.to_string());
            let detail = format!("may pass `{}`, which waits for it in turn", other.unwrap_or(passed));
            for want in ticket.wants.clone() {
                self.event(EventKind::Reordered, &want.name, &id, detail.clone());
                self.dirty.insert(want.name);
            }
        }
    }
}

impl Table {
    /// Returns a soft edge of a cycle whose later ticket may pass the earlier one.
    fn passable(&self, cycle: &Cycle, passes: &Passes) -> Option<(String, String)> {
        let soft = cycle.0.iter().filter(|link| link.edge == Edge::Ahead);
        let found = soft.filter(|link| {
            let ticket = self.tickets.get(&link.ticket);
            let planned = passes.iter().filter(|(id, _)| *id == link.ticket).count();
            let room = ticket.is_some_and(|ticket| ticket.passes.len() + planned < PASSES);
            let late = passes.iter().filter(|(id, of)| *of == link.blocker && self.is_late(id, of)).count();
            let patient = self.tickets.get(&link.blocker).is_some_and(|blocker| {
                blocker.passed_late.saturating_add(u32::try_from(late).unwrap_or(u32::MAX)) < LATE_PASSES
            });
            room && (patient || !self.is_late(&link.ticket, &link.blocker))
        });
        found.map(|link| (link.ticket.clone(), link.blocker.clone())).next()
    }

    /// Returns whether a ticket arrived too late to overtake another one by its priority.
    fn is_late(&self, id: &str, other: &str) -> bool {
        let found = self.tickets.get(id).zip(self.tickets.get(other));
        found.is_some_and(|(ticket, other)| !self.is_within_bound(ticket, other))
    }

    /// Chooses the wait of a cycle that ends. Of equal ones, it is the one with the smallest id.
    fn victim(&self, cycle: &Cycle) -> Option<String> {
        let tickets = cycle.0.iter().filter_map(|link| self.tickets.get(&link.ticket));
        let chosen = match self.settings.victim {
            Victim::Youngest => tickets.max_by_key(|ticket| (self.began(ticket), Reverse(&ticket.id))),
            Victim::LowestPriority => tickets.min_by_key(|ticket| (ticket.priority, &ticket.id)),
            Victim::FewestLocks => tickets.min_by_key(|ticket| (self.locks_of(ticket), &ticket.id)),
        };
        chosen.map(|ticket| ticket.id.clone())
    }

    /// Returns the time of the oldest request of a session that still holds or waits.
    fn began(&self, ticket: &Ticket) -> Timestamp {
        let party = self.parties.get(&ticket.owner.party()).into_iter().flatten();
        let times = party.filter_map(|id| self.tickets.get(id)).map(|ticket| ticket.created_at);
        times.min().unwrap_or(ticket.created_at)
    }

    fn locks_of(&self, ticket: &Ticket) -> usize {
        let party = self.parties.get(&ticket.owner.party()).into_iter().flatten();
        party.filter_map(|id| self.tickets.get(id)).map(|ticket| ticket.held().len()).sum()
    }

    /// Returns the shortest cycle through a waiting ticket, as if these passes were made.
    pub(super) fn cycle(&self, start: &str, passes: &Passes) -> Option<Cycle> {
        let ticket = self.tickets.get(start).filter(|ticket| ticket.is_waiting())?;
        if !self.has_followers(ticket) {
            return None;
        }
        let mut search = Search {
            table: self,
            passes,
            came: HashMap::new(),
            open: VecDeque::new(),
            seen: BTreeMap::new(),
        };
        search.open.push_back(&ticket.id);
        while let Some(ticket) = search.open.pop_front().and_then(|id| self.tickets.get(id)) {
            for want in &ticket.wants {
                let Some(lock) = self.locks.get(&want.name) else { continue };
                search.follow_holders(ticket, want, lock);
                search.follow_queue(ticket, want, lock);
                if search.came.contains_key(start) {
                    return Some(search.cycle(start));
                }
            }
        }
        None
    }

    /// Returns whether any ticket can wait for this one: its session holds a lock, or it is not the last in a queue.
    fn has_followers(&self, ticket: &Ticket) -> bool {
        let party = self.parties.get(&ticket.owner.party()).into_iter().flatten();
        let mut party = party.filter_map(|id| self.tickets.get(id));
        let is_last = |want: &Want| {
            let last = self.locks.get(&want.name).and_then(|lock| lock.queue.last());
            last.is_none_or(|(_, id)| *id == ticket.id)
        };
        party.any(|other| !other.holds.is_empty() && other.owner.covers(&ticket.owner))
            || !ticket.wants.iter().all(is_last)
    }
}

/// A search for a cycle, breadth first, so that the message names the shortest one.
struct Search<'t> {
    table: &'t Table,
    passes: &'t Passes,
    /// The step by which the search reached each ticket.
    came: HashMap<&'t str, Step<'t>>,
    open: VecDeque<&'t str>,
    /// The front of each queue, up to which every ticket that conflicts with the mode was reached.
    seen: BTreeMap<(&'t Name, Mode), Option<&'t Place>>,
}

/// An edge of the graph.
#[derive(Clone, Copy)]
struct Step<'t> {
    from: &'t Ticket,
    want: &'t Want,
    blocker: &'t str,
    edge: Edge,
}

impl<'t> Search<'t> {
    fn reach(&mut self, id: &'t str, step: Step<'t>) {
        if !self.came.contains_key(id) {
            self.came.insert(id, step);
            self.open.push_back(id);
        }
    }

    /// Reaches the waits of the owners that hold a lock.
    fn follow_holders(&mut self, from: &'t Ticket, want: &'t Want, lock: &'t Lock) {
        if self.seen.contains_key(&(&want.name, want.mode)) {
            return;
        }
        self.seen.insert((&want.name, want.mode), None);
        let table = self.table;
        for (blocker, _) in lock.holders.values().filter(|(_, mode)| mode.conflicts(want.mode)) {
            let Some(holder) = table.tickets.get(blocker) else { continue };
            for wait in table.covered(&holder.owner).filter(|ticket| ticket.is_waiting()) {
                self.reach(&wait.id, Step { from, want, blocker, edge: Edge::Holds });
            }
        }
    }

    /// Reaches the tickets in front of this one.
    fn follow_queue(&mut self, from: &'t Ticket, want: &'t Want, lock: &'t Lock) {
        let key = (&want.name, want.mode);
        let known = self.seen.get(&key).copied().flatten();
        let (own, mut last, mut whole) = (from.place(), known, true);
        if known.is_some_and(|known| *known >= own) {
            return;
        }
        let front = known.map_or(Bound::Unbounded, |known| Bound::Excluded(known.clone()));
        for place in lock.queue.range((front, Bound::Excluded(own))) {
            let Some(other) = self.table.tickets.get(&place.1) else { continue };
            if !other.mode_of(&want.name).is_some_and(|mode| mode.conflicts(want.mode)) {
                continue;
            }
            let planned = || self.passes.contains(&(from.id.clone(), other.id.clone()));
            if self.table.may_pass(from, other) || planned() {
                whole = false;
                continue;
            }
            if whole {
                last = Some(place);
            }
            self.reach(&other.id, Step { from, want, blocker: &other.id, edge: Edge::Ahead });
        }
        self.seen.insert(key, last);
    }

    /// Returns the cycle that leads back to its start.
    fn cycle(&self, start: &str) -> Cycle {
        let mut links = Vec::new();
        let mut id = start;
        while let Some(step) = self.came.get(id) {
            let blocked_by = self.table.tickets.get(step.blocker).map(|ticket| ticket.owner.clone());
            links.push(Link {
                ticket: step.from.id.clone(),
                owner: step.from.owner.clone(),
                name: step.want.name.clone(),
                mode: step.want.mode,
                blocker: step.blocker.to_owned(),
                blocked_by: blocked_by.unwrap_or_else(|| step.from.owner.clone()),
                edge: step.edge,
            });
            id = &step.from.id;
            if id == start {
                break;
            }
        }
        links.reverse();
        Cycle(links)
    }
}

//! A part of a table: the locks and tickets that one command concerns.
//!
//! A back end with a database loads a part, runs [`Part::apply`], and writes the changed records back, in one
//! transaction. The result is the same as with the whole table, because [`Part::missing`] names every record that
//! the command can read or change. Most commands concern one name and one session. A command that searches for a
//! deadlock concerns all locks and sessions that the wait-for graph connects with it.

use std::collections::BTreeSet;

use super::apply::{Effects, apply};
use super::table::{Elsewhere, LockRecord, Table, Ticket};
use super::{Acquire, Command, Name, Owner, Party, Settings};
use crate::clock::Timestamp;

/// A part of a table.
#[derive(Debug, Clone)]
pub struct Part {
    table: Table,
    known: Missing,
    /// The locks that have a record.
    recorded: BTreeSet<Name>,
    /// The numbers of locks and of waiting tickets of the whole project.
    whole: Elsewhere,
}

/// Records that a part lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Locks: their records, and all tickets that hold them or wait for them.
    pub names: BTreeSet<Name>,
    /// Sessions: all their tickets that have not ended.
    pub parties: BTreeSet<Party>,
    /// Tickets by their ids, ended or not.
    pub tickets: BTreeSet<String>,
    /// The tickets that have these tokens, or had them.
    pub tokens: BTreeSet<u64>,
}

impl Missing {
    /// Returns whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.parties.is_empty() && self.tickets.is_empty() && self.tokens.is_empty()
    }

    fn without(mut self, known: &Self) -> Self {
        self.names.retain(|name| !known.names.contains(name));
        self.parties.retain(|party| !known.parties.contains(party));
        self.tickets.retain(|ticket| !known.tickets.contains(ticket));
        self.tokens.retain(|token| !known.tokens.contains(token));
        self
    }

    fn extend(&mut self, more: Self) {
        self.names.extend(more.names);
        self.parties.extend(more.parties);
        self.tickets.extend(more.tickets);
        self.tokens.extend(more.tokens);
    }
}

impl Part {
    /// Creates a part without records, of a project with these numbers of locks and waiting tickets. `last_token` is
    /// at least the last token of the project, and no other transaction hands out the tokens after it.
    pub fn new(settings: Settings, last_token: u64, whole: Elsewhere) -> Self {
        let mut table = Table::new(settings);
        table.last_token = last_token;
        Self { table, known: Missing::default(), recorded: BTreeSet::new(), whole }
    }

    /// Returns the records that the command concerns and that were not loaded. The back end loads them and asks
    /// again, until nothing is missing.
    pub fn missing(&self, command: &Command, at: Timestamp) -> Missing {
        let mut needed = direct(command);
        for ticket in self.table.tickets.values().filter(|ticket| ticket.is_open()) {
            let over = |until: Option<Timestamp>| until.is_some_and(|until| until <= at);
            let ends = ticket.holds.values().any(|hold| hold.over.is_none() && over(hold.until));
            if ticket.is_pending() || ends || concerns(command, ticket) {
                needed.names.extend(ticket.wants.iter().map(|want| want.name.clone()));
            }
        }
        let needed = needed.without(&self.known);
        if needed.is_empty() { self.connected(command, at) } else { needed }
    }

    /// Returns the sessions that the command looks at, as a trial shows, and all of those that the wait-for graph may
    /// connect when it searches for a deadlock.
    fn connected(&self, command: &Command, at: Timestamp) -> Missing {
        let changed = apply(&mut self.ready(), command, at).changed;
        let mut needed = Missing { parties: changed.sessions, ..Missing::default() };
        if changed.searched {
            let open = self.table.tickets.values().filter(|ticket| ticket.is_open());
            needed.parties.extend(open.map(|ticket| ticket.owner.party()));
        }
        needed.without(&self.known)
    }

    /// Returns the table with the numbers of the records that it lacks.
    fn ready(&self) -> Table {
        let mut table = self.table.clone();
        // A lock that only its tickets name has a record, too.
        table.elsewhere = Elsewhere {
            locks: self.whole.locks.saturating_sub(table.locks.len()),
            waiting: self.whole.waiting.saturating_sub(table.waiting),
        };
        table
    }

    /// Adds the records that were missing. A record that does not exist is left out.
    pub fn add(&mut self, asked: Missing, locks: Vec<LockRecord>, tickets: Vec<Ticket>) {
        self.known.extend(asked);
        for LockRecord { name, last, closed_until, used_at } in locks {
            self.recorded.insert(name.clone());
            self.table.change_lock(&name, |lock| {
                (lock.last, lock.closed_until, lock.used_at) = (last, closed_until, used_at);
            });
        }
        for ticket in tickets {
            if !self.table.tickets.contains_key(&ticket.id) {
                self.table.add(ticket);
            }
        }
        self.table.changed = Default::default();
    }

    /// Runs the command. The back end writes the changed records, which [`Part::table`] has: a record that is not there
    /// any more is removed.
    pub fn apply(&mut self, command: &Command, at: Timestamp) -> Effects {
        self.table = self.ready();
        let mut effects = apply(&mut self.table, command, at);
        effects.changed.locks.retain(|name| self.known.names.contains(name));
        effects
    }

    /// Returns the locks that had a record when they were loaded.
    pub fn recorded(&self) -> impl Iterator<Item = &Name> {
        self.recorded.iter()
    }

    /// Returns the records.
    pub fn table(&self) -> &Table {
        &self.table
    }
}

/// Returns the records that a command names.
fn direct(command: &Command) -> Missing {
    let mut needed = Missing::default();
    match command {
        Command::Acquire(request) => {
            needed.names.extend(request.wants.iter().map(|want| want.name.clone()));
            needed.parties.insert(party(request));
            needed.tickets.insert(request.ticket.clone());
        }
        Command::Extend { name, token, .. } | Command::Release { name, token, .. } => {
            needed.names.insert(name.clone());
            needed.tokens.insert(*token);
        }
        Command::ForceRelease { name, token, .. } => {
            needed.names.insert(name.clone());
            needed.tokens.extend(*token);
        }
        Command::Cancel { ticket, .. } | Command::RenewTicket { ticket, .. } => {
            needed.tickets.insert(ticket.clone());
        }
        Command::Renew { owner, .. } | Command::Leave { owner } => drop(needed.parties.insert(owner.party())),
        Command::Tick => {}
    }
    needed
}

fn party(request: &Acquire) -> Party {
    let Owner { actor, session, .. } = &request.owner;
    (actor.clone(), if session.is_empty() { request.ticket.clone() } else { session.clone() })
}

/// Returns whether a command ends the holds or the wait of this ticket.
fn concerns(command: &Command, ticket: &Ticket) -> bool {
    match command {
        Command::Cancel { ticket: id, .. } | Command::RenewTicket { ticket: id, .. } => ticket.id == *id,
        Command::Renew { owner, .. } | Command::Leave { owner } => owner.covers(&ticket.owner),
        _ => false,
    }
}

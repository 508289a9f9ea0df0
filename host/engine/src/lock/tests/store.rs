//! A store of records that runs commands on parts of a table, as a back end with a database does.

use std::collections::BTreeMap;

use super::super::{
    Command, Effects, Elsewhere, LockRecord, Missing, Name, Part, Settings, State, Ticket,
    limits::{ENDED_KEPT, IDLE_KEPT},
};
use crate::clock::{Timestamp, later};

#[derive(Default)]
pub(super) struct Store {
    pub(super) settings: Settings,
    pub(super) locks: BTreeMap<Name, LockRecord>,
    pub(super) tickets: BTreeMap<String, Ticket>,
    pub(super) last_token: u64,
    /// The largest number of records that a command loaded.
    pub(super) most: usize,
}

impl Store {
    pub(super) fn run(&mut self, command: &Command, at: Timestamp) -> Effects {
        let waiting = self.tickets.values().filter(|ticket| ticket.is_pending()).count();
        let whole = Elsewhere { locks: self.locks.len(), waiting };
        let mut part = Part::new(self.settings, self.last_token, whole);
        if *command == Command::Tick {
            self.load(&mut part, self.due(at));
        }
        loop {
            let missing = part.missing(command, at);
            if missing.is_empty() {
                break;
            }
            self.load(&mut part, missing);
        }
        let table = part.table();
        self.most = self.most.max(table.tickets.len() + table.locks.len());
        let effects = part.apply(command, at);
        for name in &effects.changed.locks {
            match part.table().record(name) {
                Some(record) => drop(self.locks.insert(name.clone(), record)),
                None => drop(self.locks.remove(name)),
            }
        }
        for id in &effects.changed.tickets {
            match part.table().ticket(id) {
                Some(ticket) => drop(self.tickets.insert(id.clone(), ticket.clone())),
                None => drop(self.tickets.remove(id)),
            }
        }
        self.last_token = part.table().last_token;
        effects
    }

    fn load(&self, part: &mut Part, asked: Missing) {
        let wanted = |ticket: &&Ticket| {
            let on = |name: &Name| {
                let holds = ticket.holds.get(name).is_some_and(|hold| hold.over.is_none());
                let waits = matches!(ticket.state, State::Waiting { .. }) && ticket.mode_of(name).is_some();
                holds || waits
            };
            asked.names.iter().any(on)
                || ticket.is_open() && asked.parties.contains(&ticket.owner.party())
                || asked.tickets.contains(&ticket.id)
                || ticket.holds.values().any(|hold| asked.tokens.contains(&hold.token))
        };
        let tickets = self.tickets.values().filter(wanted).cloned().collect();
        let locks = asked.names.iter().filter_map(|name| self.locks.get(name).cloned()).collect();
        part.add(asked, locks, tickets);
    }

    /// Returns the records that time has something to do with.
    fn due(&self, at: Timestamp) -> Missing {
        let mut due = Missing::default();
        for ticket in self.tickets.values() {
            let over = match &ticket.state {
                State::Waiting { until } => *until <= at,
                State::Resting { again } => *again <= at,
                State::Ended { at: ended, .. } => later(*ended, ENDED_KEPT) <= at,
                State::Held => ticket.held().iter().any(|held| held.until.is_some_and(|until| until <= at)),
            };
            due.tickets.extend(over.then(|| ticket.id.clone()));
        }
        for record in self.locks.values() {
            let opens = record.closed_until.is_some_and(|until| until <= at);
            let idle = later(record.used_at, IDLE_KEPT) <= at;
            due.names.extend((opens || idle).then(|| record.name.clone()));
        }
        due
    }
}

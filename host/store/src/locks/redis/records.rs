//! The keys of a project, and the records under them.

use std::collections::BTreeSet;

use redis::{FromRedisValue, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_engine::clock::{Timestamp, later};
use stepwell_engine::lock::limits::IDLE_KEPT;
use stepwell_engine::lock::{
    Effects, Elsewhere, LockRecord, Missing, Name, Part, Party, State as TicketState, Table, Ticket,
};

use super::super::records::{due, tokens};
use super::failure::Fault;
use crate::sql::micros;

/// The events of a project that can be read. Redis removes older ones in groups.
const EVENTS: &str = "10000";
/// The records of each kind that one script reads, so that it does not delay other clients for long.
const PIECE: usize = 1000;
/// The sessions up to which a script returns their tickets, and not only their ids: most tickets of many sessions are
/// those of a queue, which are known.
const FEW: usize = 8;

/// The keys of a project. They share a hash tag, so that one node of a cluster has them all.
pub(super) struct Keys(Vec<String>);

/// A key, by its number in the scripts.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// A hash: the version, which each change replaces, and the counters.
    State = 1,
    /// A hash: the record of each name.
    Names,
    /// A hash: each ticket by its id.
    Tickets,
    /// A sorted set: the tickets that hold a lock or wait for it, by name, rank and id ([`places`]).
    Places,
    /// A sorted set: the open tickets of each session.
    Sessions,
    /// A hash: the ticket of each token.
    Tokens,
    /// A sorted set: the tickets by the time at which they change.
    Due,
    /// A sorted set: the names with a delay, by its end.
    Closed,
    /// A sorted set: the names that are idle, by the time at which they are forgotten.
    Idle,
    /// A stream: the events.
    Events,
}

impl Keys {
    pub fn new(prefix: &str, project: &str) -> Self {
        let names =
            ["state", "names", "tickets", "places", "sessions", "tokens", "due", "closed", "idle", "events"];
        Self(names.iter().map(|name| format!("{{{prefix}:{project}}}:{name}")).collect())
    }

    pub fn all(&self) -> &[String] {
        &self.0
    }

    pub fn get(&self, key: Key) -> &str {
        self.0.get(key as usize - 1).map_or("", String::as_str)
    }
}

/// The version and the counters of a project.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// A new one with each change. Empty: the project has no locks.
    pub version: String,
    pub last_token: u64,
    pub last_event: u64,
    pub names: u64,
    pub waiting: u64,
}

impl State {
    pub fn elsewhere(&self) -> Elsewhere {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Elsewhere { locks: count(self.names), waiting: count(self.waiting) }
    }
}

/// The records that a script read at one time.
pub(super) struct Loaded {
    pub time: i64,
    pub state: State,
    pub locks: Vec<LockRecord>,
    pub tickets: Vec<Ticket>,
    /// The ids of tickets that were not read.
    pub ids: Vec<String>,
}

type Counters = (Option<String>, Option<u64>, Option<u64>, Option<u64>, Option<u64>);
type Answer = (i64, Counters, Vec<Option<String>>, Vec<String>, Vec<String>);

impl Loaded {
    pub fn of(answer: Value) -> Result<Self, Fault> {
        let (time, state, records, tickets, ids): Answer = read(answer)?;
        let (version, last_token, last_event, names, waiting) = state;
        let state = State {
            version: version.unwrap_or_default(),
            last_token: last_token.unwrap_or_default(),
            last_event: last_event.unwrap_or_default(),
            names: names.unwrap_or_default(),
            waiting: waiting.unwrap_or_default(),
        };
        let locks = records.iter().flatten().map(|text| parse(text)).collect::<Result<_, _>>()?;
        let tickets = tickets.iter().map(|text| parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { time, state, locks, tickets, ids })
    }
}

/// Reads the answer of a script.
pub(super) fn read<T: FromRedisValue>(answer: Value) -> Result<T, Fault> {
    // The message of the library quotes the answer.
    let unexpected = |_| Fault::Broken("Redis gave an unexpected answer to a script of locks".to_owned());
    redis::from_redis_value(answer).map_err(unexpected)
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!("a record of locks cannot be read: {error}");
        Fault::Broken("a record in Redis cannot be read; the log of the service has the reason".to_owned())
    })
}

fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Broken(error.to_string()))
}

/// Divides records into pieces, each for one call of a script.
pub(super) fn pieces(asked: &Missing) -> Vec<Missing> {
    let mut pieces = Vec::new();
    let mut piece = Missing::default();
    let names = asked.names.iter().map(|name| Missing { names: [name.clone()].into(), ..Missing::default() });
    let party = |party: &Party| Missing { parties: [party.clone()].into(), ..Missing::default() };
    let ticket = |id: &String| Missing { tickets: [id.clone()].into(), ..Missing::default() };
    let token = |token: &u64| Missing { tokens: [*token].into(), ..Missing::default() };
    let rest = asked.parties.iter().map(party).chain(asked.tickets.iter().map(ticket));
    for (count, one) in names.chain(rest).chain(asked.tokens.iter().map(token)).enumerate() {
        if count > 0 && count.is_multiple_of(PIECE) {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.names.extend(one.names);
        piece.parties.extend(one.parties);
        piece.tickets.extend(one.tickets);
        piece.tokens.extend(one.tokens);
    }
    pieces.push(piece);
    pieces
}

/// Returns the arguments of the script that loads records.
pub(super) fn load_arguments(asked: &Missing, with_tickets: bool) -> Vec<String> {
    let names = if with_tickets { "all" } else { "records" };
    let sessions = if asked.parties.len() > FEW { "ids" } else { "tickets" };
    let mut arguments = vec![names.to_owned(), sessions.to_owned()];
    let mut list = |items: Vec<String>| {
        arguments.push(items.len().to_string());
        arguments.extend(items);
    };
    list(asked.names.iter().map(Name::to_string).collect());
    list(asked.parties.iter().map(|(actor, session)| format!("{actor}\0{session}")).collect());
    list(asked.tickets.iter().cloned().collect());
    list(asked.tokens.iter().map(u64::to_string).collect());
    arguments
}

/// Returns the places of a ticket: one for each lock that it holds or waits for. The parts are separated by zero
/// bytes, which neither names nor ids contain. Those who wait are in the order of the queue.
fn places(ticket: &Ticket) -> BTreeSet<String> {
    let waits = matches!(ticket.state, TicketState::Waiting { .. });
    let place = |name: &Name| {
        let holds = ticket.holds.get(name).is_some_and(|hold| hold.over.is_none());
        match (waits, holds) {
            (true, _) => Some(queue_place(name, ticket)),
            (false, true) => Some(format!("{name}\0h\0{}", ticket.id)),
            (false, false) => None,
        }
    };
    ticket.wants.iter().filter_map(|want| place(&want.name)).collect()
}

/// Returns the place of a ticket that waits.
pub(super) fn queue_place(name: &Name, ticket: &Ticket) -> String {
    format!("{name}\0{:020}\0{}", micros(ticket.rank).max(0), ticket.id)
}

/// Returns a text that is before all places of a queue.
pub(super) fn queue_start(name: &Name) -> String {
    format!("{name}\x000")
}

/// Returns the first time after `at` at which the loaded records change by themselves.
pub(super) fn next_change(part: &Part, at: Timestamp) -> Option<Timestamp> {
    let of_ticket = |ticket: &Ticket| match &ticket.state {
        TicketState::Waiting { until } => Some(*until),
        TicketState::Resting { again } => Some(*again),
        TicketState::Held => {
            ticket.held().iter().filter_map(|held| held.until).filter(|until| *until > at).min()
        }
        TicketState::Ended { .. } => None,
    };
    let closed = part.recorded().filter_map(|name| part.table().record(name)?.closed_until);
    part.table().tickets().filter_map(of_ticket).chain(closed).filter(|time| *time > at).min()
}

/// The writes of a command, as the script that commits it gets them.
#[derive(Default)]
pub(super) struct Writes(Vec<String>);

impl Writes {
    /// Collects the differences between a part before and after a command.
    pub fn of(before: &Part, after: &Part, effects: &Effects, state: &mut State) -> Result<Self, Fault> {
        let mut writes = Self::default();
        for event in &effects.events {
            state.last_event += 1;
            let (number, event) = (format!("{}-0", state.last_event), json(event)?);
            writes.add("XADD", Key::Events, &["MAXLEN", "~", EVENTS, &number, "event", &event]);
        }
        let mut touched = effects.changed.locks.clone();
        for id in &effects.changed.tickets {
            let (old, new) = (before.table().ticket(id), after.table().ticket(id));
            let wants = old.into_iter().chain(new).flat_map(|ticket| &ticket.wants);
            touched.extend(wants.map(|want| want.name.clone()));
            let (waited, waits) = (old.is_some_and(Ticket::is_pending), new.is_some_and(Ticket::is_pending));
            state.waiting = (state.waiting + u64::from(waits)).saturating_sub(u64::from(waited));
            writes.ticket(id, old, new)?;
        }
        for name in &touched {
            let is_known = before.table().record(name).is_some();
            let record = after.table().record(name);
            if effects.changed.locks.contains(name) {
                state.names = (state.names + u64::from(record.is_some())).saturating_sub(u64::from(is_known));
            }
            writes.name(name, before.table(), after.table())?;
        }
        Ok(writes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the new state of the project, and returns the arguments for the script.
    pub fn into_arguments(mut self, state: &State) -> Vec<String> {
        let State { version, last_token, last_event, names, waiting } = state;
        let numbers = [last_token, last_event, names, waiting].map(u64::to_string);
        let [last_token, last_event, names, waiting] = &numbers;
        let fields: [&str; 10] = [
            "version",
            version,
            "last_token",
            last_token,
            "last_event",
            last_event,
            "names",
            names,
            "waiting",
            waiting,
        ];
        self.add("HSET", Key::State, &fields);
        self.0
    }

    fn add(&mut self, command: &str, key: Key, arguments: &[&str]) {
        self.0.push((arguments.len() + 2).to_string());
        self.0.push(command.to_owned());
        self.0.push((key as usize).to_string());
        self.0.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    }

    /// Replaces members of a sorted set.
    fn members(&mut self, key: Key, old: &BTreeSet<String>, new: &BTreeSet<String>) {
        for member in old.difference(new) {
            self.add("ZREM", key, &[member]);
        }
        for member in new.difference(old) {
            self.add("ZADD", key, &["0", member]);
        }
    }

    /// Replaces the time of a member of a sorted set.
    fn time(&mut self, key: Key, member: &str, old: Option<Timestamp>, new: Option<Timestamp>) {
        match new {
            _ if old == new => {}
            Some(time) => self.add("ZADD", key, &[&micros(time).to_string(), member]),
            None => self.add("ZREM", key, &[member]),
        }
    }

    fn ticket(&mut self, id: &str, old: Option<&Ticket>, new: Option<&Ticket>) -> Result<(), Fault> {
        let of = |ticket: Option<&Ticket>| ticket.map(places).unwrap_or_default();
        self.members(Key::Places, &of(old), &of(new));
        let open = |ticket: Option<&Ticket>| {
            let owner = ticket.filter(|ticket| ticket.is_open()).map(|ticket| &ticket.owner);
            owner.map(|owner| format!("{}\0{}\0{id}", owner.actor, owner.session)).into_iter().collect()
        };
        self.members(Key::Sessions, &open(old), &open(new));
        self.time(Key::Due, id, old.and_then(due), new.and_then(due));
        let of = |ticket: Option<&Ticket>| ticket.map(tokens).unwrap_or_default();
        let (old_tokens, new_tokens) = (of(old), of(new));
        for token in old_tokens.difference(&new_tokens) {
            self.add("HDEL", Key::Tokens, &[&token.to_string()]);
        }
        for token in new_tokens.difference(&old_tokens) {
            self.add("HSET", Key::Tokens, &[&token.to_string(), id]);
        }
        match (old, new) {
            (_, Some(ticket)) => self.add("HSET", Key::Tickets, &[id, &json(ticket)?]),
            (Some(_), None) => self.add("HDEL", Key::Tickets, &[id]),
            (None, None) => {}
        }
        Ok(())
    }

    fn name(&mut self, name: &Name, before: &Table, after: &Table) -> Result<(), Fault> {
        let (old, new) = (before.record(name), after.record(name));
        match &new {
            _ if old == new => {}
            Some(record) => self.add("HSET", Key::Names, &[name.as_str(), &json(record)?]),
            None => self.add("HDEL", Key::Names, &[name.as_str()]),
        }
        let closed = |record: &Option<LockRecord>| record.as_ref().and_then(|record| record.closed_until);
        self.time(Key::Closed, name.as_str(), closed(&old), closed(&new));
        // A lock that is closed is in the list of locks without a ticket.
        let place = |closed: Option<Timestamp>| closed.map(|_| format!("{name}\0")).into_iter().collect();
        self.members(Key::Places, &place(closed(&old)), &place(closed(&new)));
        let idle = |record: &Option<LockRecord>, table: &Table| {
            let record = record.as_ref().filter(|record| record.closed_until.is_none())?;
            let start = format!("{name}\0");
            let is_used =
                table.tickets().any(|ticket| places(ticket).iter().any(|place| place.starts_with(&start)));
            (!is_used).then(|| later(record.used_at, IDLE_KEPT))
        };
        self.time(Key::Idle, name.as_str(), idle(&old, before), idle(&new, after));
        Ok(())
    }
}

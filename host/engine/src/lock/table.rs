//! The locks of one project, or the part of them that a command concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::{ENDED_KEPT, IDLE_KEPT};
use super::{Acquire, Answer, End, Held, Mode, Name, Owner, Party, Settings, Want};
use crate::clock::{self, Timestamp};

/// Locks, and the tickets that hold them or wait for them.
///
/// Only [`super::apply`] changes a table. Its indexes are the wait-for graph: from a name to its
/// holders and its queue, and from a session to its tickets. Each change of a hold or a wait updates them, so that a
/// search for a deadlock builds nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(super) settings: Settings,
    pub(super) locks: BTreeMap<Name, Lock>,
    pub(super) tickets: BTreeMap<String, Ticket>,
    /// The tickets of each session that hold, wait or rest.
    pub(super) parties: BTreeMap<Party, BTreeSet<String>>,
    /// The lock and the ticket of each token that a ticket of this table has, or had.
    pub(super) tokens: BTreeMap<u64, (Name, String)>,
    pub(super) due: BTreeSet<(Timestamp, Due)>,
    /// The last token of this project.
    pub(super) last_token: u64,
    /// The number of tickets that wait or rest.
    pub(super) waiting: usize,
    /// The numbers of records that the table lacks, when it is a part of a larger one.
    pub(super) elsewhere: Elsewhere,
    pub(super) changed: Changed,
}

/// The numbers of locks and of waiting tickets that are not part of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The number of names.
    pub locks: usize,
    /// The number of tickets that wait or rest.
    pub waiting: usize,
}

/// The records that a command changed, added or removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// The names of locks.
    pub locks: BTreeSet<Name>,
    /// The ids of tickets.
    pub tickets: BTreeSet<String>,
    /// The sessions whose other tickets the command looked for.
    pub(super) sessions: BTreeSet<Party>,
    /// Whether the command searched for a deadlock beyond these sessions.
    pub(super) searched: bool,
}

/// A lock, apart from its holders and its queue, which follow from the tickets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// The current holders, by token.
    pub(super) holders: BTreeMap<u64, (String, Mode)>,
    /// The tickets that wait, the first one first.
    pub(super) queue: BTreeSet<Place>,
    /// The last token of this lock.
    pub(super) last: u64,
    /// The end of a delay after a lease that expired.
    pub(super) closed_until: Option<Timestamp>,
    /// The time of the last change.
    pub(super) used_at: Timestamp,
}

/// The record of a lock, as back ends store it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRecord {
    /// The name.
    pub name: Name,
    /// The last token of this lock.
    pub last: u64,
    /// The end of a delay after a lease that expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_until: Option<Timestamp>,
    /// The time of the last change.
    pub used_at: Timestamp,
}

/// A place in a queue: the rank of the ticket, and its id.
pub(super) type Place = (Timestamp, String);

/// A request for locks, and its state. Back ends store tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// The id.
    pub id: String,
    /// The owner.
    pub owner: Owner,
    /// The locks, each with its mode.
    pub wants: Vec<Want>,
    /// The priority, from 0 to 9.
    pub priority: u8,
    /// The reason, for lists.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Data of the client, for lists.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The time until the lease ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Duration>,
    /// The delay after a lease that expired.
    #[serde(default)]
    pub lock_delay: Duration,
    /// The longest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Duration>,
    /// The number of further waits that are left.
    #[serde(default)]
    pub retries: u32,
    /// The pause before the next further wait.
    #[serde(default)]
    pub backoff: Duration,
    /// The time of the request.
    pub created_at: Timestamp,
    /// The start of the present wait.
    pub since: Timestamp,
    /// The rank in the queues: the smallest goes first.
    pub rank: Timestamp,
    /// The tickets in front that this one may pass.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub passes: BTreeSet<String>,
    /// The number of times that reordering let another ticket pass this one late.
    #[serde(default)]
    pub passed_late: u32,
    /// The locks that it holds or held.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds: BTreeMap<Name, Hold>,
    /// The state.
    pub state: State,
}

/// The state of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits in the queues of its locks.
    Waiting {
        /// The end of the wait.
        until: Timestamp,
    },
    /// It is in no queue, and waits again later.
    Resting {
        /// The start of the next wait.
        again: Timestamp,
    },
    /// It holds at least one of its locks.
    Held,
    /// It holds no lock and waits for none.
    Ended {
        /// The reason.
        how: End,
        /// The time.
        at: Timestamp,
    },
}

/// A lock of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The token.
    pub token: u64,
    /// The time of the grant.
    pub since: Timestamp,
    /// The end of the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The end of the hold, and its time, when it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<(End, Timestamp)>,
}

/// A change that time makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The lease of a token ends.
    Lease(u64),
    /// The delay of a lock ends.
    Open(Name),
    /// The wait of a ticket ends.
    Wait(String),
    /// A ticket waits again.
    Again(String),
    /// A ticket that has ended is forgotten.
    Forget(String),
    /// A lock that is idle is forgotten.
    Idle(Name),
}

impl Ticket {
    /// Creates a ticket that is in no queue.
    pub(super) fn of(request: &Acquire, owner: Owner, at: Timestamp) -> Self {
        Self {
            id: request.ticket.clone(),
            owner,
            wants: request.wants.clone(),
            priority: request.priority,
            reason: request.reason.clone(),
            metadata: request.metadata.clone(),
            lease: request.lease,
            lock_delay: request.lock_delay,
            wait: request.wait,
            retries: request.retries,
            backoff: request.backoff,
            created_at: at,
            since: at,
            rank: at,
            passes: BTreeSet::new(),
            passed_late: 0,
            holds: BTreeMap::new(),
            state: State::Resting { again: at },
        }
    }

    /// Returns the mode in which the ticket wants a lock.
    pub fn mode_of(&self, name: &Name) -> Option<Mode> {
        self.wants.iter().find(|want| want.name == *name).map(|want| want.mode)
    }

    /// Returns the locks that the ticket holds.
    pub fn held(&self) -> Vec<Held> {
        let current = self.wants.iter().filter_map(|want| {
            let hold = self.holds.get(&want.name).filter(|hold| hold.over.is_none())?;
            Some(Held { name: want.name.clone(), mode: want.mode, token: hold.token, until: hold.until })
        });
        current.collect()
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Returns whether it waits now or later.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Waiting { .. } | State::Resting { .. })
    }

    /// Returns whether it holds, waits or rests.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    pub(super) fn place(&self) -> Place {
        (self.rank, self.id.clone())
    }
}

impl Table {
    /// Creates a table without locks.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            locks: BTreeMap::new(),
            tickets: BTreeMap::new(),
            parties: BTreeMap::new(),
            tokens: BTreeMap::new(),
            due: BTreeSet::new(),
            last_token: 0,
            waiting: 0,
            elsewhere: Elsewhere::default(),
            changed: Changed::default(),
        }
    }

    /// Returns when time next changes something: a lease, a wait or a delay ends.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Returns the last token of the project.
    pub fn last_token(&self) -> u64 {
        self.last_token
    }

    /// Returns all tickets.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values()
    }

    /// Returns a ticket.
    pub fn ticket(&self, id: &str) -> Option<&Ticket> {
        self.tickets.get(id)
    }

    /// Returns the record of a lock.
    pub fn record(&self, name: &Name) -> Option<LockRecord> {
        let lock = self.locks.get(name)?;
        let Lock { last, closed_until, used_at, .. } = *lock;
        Some(LockRecord { name: name.clone(), last, closed_until, used_at })
    }

    /// Returns the open tickets of an owner and its parts.
    pub(super) fn covered<'t>(&'t self, owner: &'t Owner) -> impl Iterator<Item = &'t Ticket> {
        let ids = self.parties.get(&owner.party()).into_iter().flatten();
        ids.filter_map(|id| self.tickets.get(id)).filter(|ticket| owner.covers(&ticket.owner))
    }

    /// Returns the state of a ticket as an answer.
    pub fn answer(&self, id: &str) -> Option<Answer> {
        let ticket = self.tickets.get(id)?;
        let (id, session) = (ticket.id.clone(), ticket.owner.session.clone());
        Some(match &ticket.state {
            State::Held => Answer::Acquired { ticket: id, session, held: ticket.held() },
            State::Resting { again } => Answer::Resting { ticket: id, session, again: *again },
            State::Ended { how, at } => Answer::Ended { ticket: id, how: how.clone(), at: *at },
            State::Waiting { until } => {
                let ahead = |want: &Want| {
                    let queue = self.locks.get(&want.name).map(|lock| &lock.queue);
                    (want.name.clone(), queue.map_or(0, |queue| queue.range(..ticket.place()).count()))
                };
                let ahead = ticket.wants.iter().map(ahead).collect();
                Answer::Waiting { ticket: id, session, until: *until, ahead }
            }
        })
    }
}

/// Changes of single records, which keep the indexes right.
impl Table {
    /// Adds a ticket that is in no index.
    pub(super) fn add(&mut self, ticket: Ticket) {
        self.changed.tickets.insert(ticket.id.clone());
        self.index(&ticket, true);
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    /// Changes a ticket.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Ticket)) {
        let Some(mut ticket) = self.tickets.remove(id) else { return };
        self.changed.tickets.insert(id.to_owned());
        self.index(&ticket, false);
        change(&mut ticket);
        self.index(&ticket, true);
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    /// Forgets a ticket.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(ticket) = self.tickets.remove(id) else { return };
        self.changed.tickets.insert(id.to_owned());
        self.index(&ticket, false);
    }

    /// Changes a lock, which it adds when it is missing.
    pub(super) fn change_lock(&mut self, name: &Name, change: impl FnOnce(&mut Lock)) {
        let mut lock = self.locks.remove(name).unwrap_or_default();
        self.changed.locks.insert(name.clone());
        self.index_lock(name, &lock, false);
        change(&mut lock);
        self.index_lock(name, &lock, true);
        self.locks.insert(name.clone(), lock);
    }

    /// Forgets a lock.
    pub(super) fn remove_lock(&mut self, name: &Name) {
        let Some(lock) = self.locks.remove(name) else { return };
        self.changed.locks.insert(name.clone());
        self.index_lock(name, &lock, false);
    }

    /// Forgets a lock that no ticket ever had and none waits for.
    pub(super) fn forget_unused(&mut self, name: &Name) {
        if self.locks.get(name).is_some_and(|lock| lock.is_idle() && lock.last == 0) {
            self.remove_lock(name);
        }
    }

    fn index_lock(&mut self, name: &Name, lock: &Lock, add: bool) {
        if let Some(at) = lock.closed_until {
            self.set_due(at, Due::Open(name.clone()), add);
        }
        if lock.is_idle() {
            self.set_due(clock::later(lock.used_at, IDLE_KEPT), Due::Idle(name.clone()), add);
        }
    }

    fn set_due(&mut self, at: Timestamp, due: Due, add: bool) {
        if add {
            self.due.insert((at, due))
        } else {
            self.due.remove(&(at, due))
        };
    }

    /// Enters a ticket into all indexes, or takes it out of them.
    fn index(&mut self, ticket: &Ticket, add: bool) {
        let id = ticket.id.clone();
        match &ticket.state {
            State::Waiting { until } => self.set_due(*until, Due::Wait(id.clone()), add),
            State::Resting { again } => self.set_due(*again, Due::Again(id.clone()), add),
            State::Ended { at, .. } => {
                self.set_due(clock::later(*at, ENDED_KEPT), Due::Forget(id.clone()), add);
            }
            State::Held => {}
        }
        if ticket.is_pending() {
            self.waiting = if add { self.waiting + 1 } else { self.waiting.saturating_sub(1) };
        }
        if ticket.is_waiting() {
            for want in &ticket.wants {
                let place = ticket.place();
                self.with_members(&want.name, |lock| {
                    if add {
                        lock.queue.insert(place)
                    } else {
                        lock.queue.remove(&place)
                    };
                });
            }
        }
        let (party, open) = (ticket.owner.party(), ticket.is_open());
        match add {
            true if open => drop(self.parties.entry(party).or_default().insert(id.clone())),
            true => {}
            false => {
                let tickets = self.parties.get_mut(&party);
                let empty = tickets.is_some_and(|tickets| tickets.remove(&id) && tickets.is_empty());
                if empty {
                    self.parties.remove(&party);
                }
            }
        }
        for (name, hold) in &ticket.holds {
            match add {
                true => drop(self.tokens.insert(hold.token, (name.clone(), id.clone()))),
                false => drop(self.tokens.remove(&hold.token)),
            }
            if hold.over.is_some() {
                continue;
            }
            if let Some(at) = hold.until {
                self.set_due(at, Due::Lease(hold.token), add);
            }
            let mode = ticket.mode_of(name).unwrap_or(Mode::Exclusive);
            self.with_members(name, |lock| match add {
                true => drop(lock.holders.insert(hold.token, (id.clone(), mode))),
                false => drop(lock.holders.remove(&hold.token)),
            });
        }
    }

    /// Changes the holders or the queue of a lock. They follow from the tickets, so the record of the lock stays the
    /// same, unless the lock is new.
    fn with_members(&mut self, name: &Name, change: impl FnOnce(&mut Lock)) {
        let known = self.locks.remove(name);
        if known.is_none() {
            self.changed.locks.insert(name.clone());
        }
        let mut lock = known.unwrap_or_default();
        self.index_lock(name, &lock, false);
        change(&mut lock);
        self.index_lock(name, &lock, true);
        self.locks.insert(name.clone(), lock);
    }
}

impl Lock {
    /// Returns whether the lock has neither holders nor waiters, and no delay.
    pub(super) fn is_idle(&self) -> bool {
        self.holders.is_empty() && self.queue.is_empty() && self.closed_until.is_none()
    }

    /// Returns whether an exclusive holder has the lock.
    pub(super) fn is_exclusive(&self) -> bool {
        self.holders.values().next().is_some_and(|(_, mode)| *mode == Mode::Exclusive)
    }

    /// Returns whether a delay lets no ticket have the lock.
    pub(super) fn is_closed(&self, at: Timestamp) -> bool {
        self.closed_until.is_some_and(|until| until > at)
    }
}

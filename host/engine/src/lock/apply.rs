//! The one function that changes locks.

use std::collections::BTreeSet;
use std::time::Duration;

use super::command::{check_lease, refuse, text};
use super::deadlock::suspects;
use super::limits::*;
use super::queue::rank;
use super::table::{Changed, Due, Hold, State, Table, Ticket};
use super::{Acquire, Answer, Command, End, Event, EventKind, Held, LockError, Mode, Name, Owner};
use crate::clock::{self, Timestamp};

/// The results of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    /// The answer for the caller.
    pub answer: Result<Answer, LockError>,
    /// The events, in their order.
    pub events: Vec<Event>,
    /// The records to write.
    pub changed: Changed,
}

/// Changes the table by a command.
///
/// First, the leases and waits that are over at this time end, whether or not the command is refused. A refused
/// command changes nothing else.
pub fn apply(table: &mut Table, command: &Command, at: Timestamp) -> Effects {
    let mut work = Work { table, at, events: Vec::new(), dirty: BTreeSet::new(), suspects: BTreeSet::new() };
    work.pass_time();
    let answer = work.run(command);
    work.settle();
    let (events, changed) = (work.events, std::mem::take(&mut table.changed));
    Effects { answer, events, changed }
}

/// A command in progress.
pub(super) struct Work<'t> {
    pub(super) table: &'t mut Table,
    pub(super) at: Timestamp,
    pub(super) events: Vec<Event>,
    /// The locks that may have become free for a waiter.
    pub(super) dirty: BTreeSet<Name>,
    /// The waiting tickets that may be part of a new deadlock.
    pub(super) suspects: BTreeSet<String>,
}

impl Work<'_> {
    fn run(&mut self, command: &Command) -> Result<Answer, LockError> {
        match command {
            Command::Acquire(request) => self.acquire(request),
            Command::Extend { name, token, by, lease } => {
                check_lease(*lease)?;
                let ticket = self.holding(name, *token, by)?;
                self.set_lease(&ticket, name, *lease);
                self.event(EventKind::Extended, name, &ticket, String::new());
                Ok(Answer::Extended(self.held(&ticket, |held| held.token == *token)))
            }
            Command::Release { name, token, by } => {
                let ticket = self.holding(name, *token, by)?;
                self.end_hold(name, &ticket, End::Released, "");
                Ok(Answer::Released { holds: 1, waits: 0 })
            }
            Command::ForceRelease { name, token, by, reason } => self.force(name, *token, by, reason),
            Command::Cancel { ticket, by } => self.cancel(ticket, by),
            Command::Renew { owner, lease } => self.renew(owner, *lease),
            Command::RenewTicket { ticket, by, lease } => self.renew_ticket(ticket, by, *lease),
            Command::Leave { owner } => self.leave(owner),
            Command::Tick => Ok(Answer::Ticked),
        }
    }

    fn acquire(&mut self, request: &Acquire) -> Result<Answer, LockError> {
        request.check()?;
        let mut owner = request.owner.clone();
        if owner.session.is_empty() {
            owner.session.clone_from(&request.ticket);
        }
        let id = &request.ticket;
        if let Some(known) = self.table.tickets.get(id) {
            let same = known.owner == owner && known.wants == request.wants;
            let answer = self.table.answer(id).filter(|_| same);
            return answer.ok_or_else(|| LockError::TicketUsed(id.clone()));
        }
        self.admit(request, &owner)?;
        self.table.add(Ticket::of(request, owner, self.at));
        let busy = self.enter(id);
        match (busy, self.table.tickets.get(id).map(|ticket| &ticket.state)) {
            // A ticket that waits for nothing leaves no trace.
            (Some(why), Some(State::Ended { .. })) => {
                self.table.remove(id);
                self.events.retain(|event| event.ticket != *id);
                Ok(Answer::Busy { why })
            }
            _ => {
                self.settle();
                self.table.answer(id).ok_or_else(|| LockError::UnknownTicket(id.clone()))
            }
        }
    }

    /// Puts a ticket into the queues of its locks, and grants them when they are free. Otherwise, the ticket waits, or its
    /// wait is over at once, and the result says why.
    fn enter(&mut self, id: &str) -> Option<String> {
        let (at, aging) = (self.at, self.table.settings.aging);
        self.table.change(id, |ticket| {
            ticket.since = at;
            ticket.rank = rank(at, ticket.priority, aging);
            ticket.state = State::Waiting { until: clock::later(at, ticket.wait.unwrap_or_default()) };
        });
        let ticket = self.table.tickets.get(id)?;
        let Some(blocker) = self.table.first_blocker(ticket, at) else {
            self.grant(id);
            return None;
        };
        let why = self.table.describe(&blocker);
        if ticket.wait.unwrap_or_default().is_zero() {
            self.wait_is_over(id);
            return Some(why);
        }
        for want in ticket.wants.clone() {
            self.event(EventKind::Waiting, &want.name, id, why.clone());
        }
        self.suspects.insert(id.to_owned());
        None
    }

    /// Checks that the session does not wait for itself, and that there is room.
    fn admit(&mut self, request: &Acquire, owner: &Owner) -> Result<(), LockError> {
        let party = self.table.parties.get(&owner.party()).into_iter().flatten();
        let party: Vec<&Ticket> = party.filter_map(|id| self.table.tickets.get(id)).collect();
        if party.len() >= TICKETS_PER_SESSION {
            let what = format!("this session has {} tickets", party.len());
            let fix = "release locks that it does not need, or use another session";
            return Err(LockError::Limit { what, limit: TICKETS_PER_SESSION, fix });
        }
        for (want, other) in request.wants.iter().flat_map(|want| party.iter().map(move |t| (want, t))) {
            if !other.mode_of(&want.name).is_some_and(|mode| mode.conflicts(want.mode)) {
                continue;
            }
            let hold = other.holds.get(&want.name).filter(|hold| hold.over.is_none());
            if let Some(hold) = hold.filter(|_| other.owner.covers(owner)) {
                return Err(LockError::AlreadyHeld { name: want.name.clone(), token: hold.token });
            }
            let related = other.owner.covers(owner) || owner.covers(&other.owner);
            if related && other.is_pending() {
                let (name, ticket) = (want.name.clone(), other.id.clone());
                return Err(LockError::AlreadyWaiting { name, ticket });
            }
        }
        self.make_room(request)
    }

    fn make_room(&mut self, request: &Acquire) -> Result<(), LockError> {
        let table = &mut *self.table;
        let waits = request.wait.is_some() || request.retries > 0;
        if waits && table.waiting + table.elsewhere.waiting >= WAITING {
            let what = format!("{WAITING} tickets wait in this project");
            return Err(LockError::Limit { what, limit: WAITING, fix: "try again when fewer wait" });
        }
        for want in request.wants.iter().filter(|_| waits) {
            let queue = table.locks.get(&want.name).map_or(0, |lock| lock.queue.len());
            if queue >= WAITING_PER_NAME {
                let what = format!("{queue} tickets wait for `{}`", want.name);
                return Err(LockError::Limit {
                    what,
                    limit: WAITING_PER_NAME,
                    fix: "try again when fewer wait",
                });
            }
        }
        let new = request.wants.iter().filter(|want| !table.locks.contains_key(&want.name)).count();
        while new > 0 && table.locks.len() + table.elsewhere.locks + new > LOCKS {
            let idle = table.due.iter().find_map(|(_, due)| match due {
                Due::Idle(name) if request.wants.iter().all(|want| want.name != *name) => Some(name.clone()),
                _ => None,
            });
            let Some(idle) = idle else {
                let what = "this project has too many locks that are in use".to_owned();
                let fix = "release locks, or use fewer names";
                return Err(LockError::Limit { what, limit: LOCKS, fix });
            };
            table.remove_lock(&idle);
        }
        Ok(())
    }

    fn force(
        &mut self,
        name: &Name,
        token: Option<u64>,
        by: &str,
        reason: &str,
    ) -> Result<Answer, LockError> {
        text("reason", reason, REASON_BYTES)?;
        refuse(reason.is_empty(), "reason", || "must say why the lock is taken away".to_owned())?;
        if let Some(token) = token {
            self.table.holder_of(name, token)?;
        }
        let lock = self.table.locks.get(name).ok_or_else(|| LockError::UnknownLock(name.clone()))?;
        let of = |(held, (ticket, _)): (&u64, &(String, Mode))| {
            token.is_none_or(|token| token == *held).then(|| ticket.clone())
        };
        let tickets: Vec<String> = lock.holders.iter().filter_map(of).collect();
        for ticket in &tickets {
            self.end_hold(name, ticket, End::Forced, &format!("by `{by}`: {reason}"));
            if let Some(event) = self.events.last_mut() {
                event.by = Some(by.to_owned());
            }
        }
        Ok(Answer::Released { holds: tickets.len(), waits: 0 })
    }

    fn cancel(&mut self, id: &str, by: &str) -> Result<Answer, LockError> {
        if self.own(id, by)?.is_pending() {
            self.end_wait(id, End::Cancelled, EventKind::Cancelled, "");
        }
        self.table.answer(id).ok_or_else(|| LockError::UnknownTicket(id.to_owned()))
    }

    /// Returns the ticket of an actor.
    fn own(&self, id: &str, by: &str) -> Result<&Ticket, LockError> {
        let ticket = self.table.tickets.get(id).ok_or_else(|| LockError::UnknownTicket(id.to_owned()))?;
        if ticket.owner.actor == by {
            return Ok(ticket);
        }
        let (ticket, owner) = (id.to_owned(), ticket.owner.actor.clone());
        Err(LockError::NotOwner { ticket, by: by.to_owned(), owner })
    }

    fn renew(&mut self, owner: &Owner, lease: Duration) -> Result<Answer, LockError> {
        check_lease(lease)?;
        let tickets: Vec<String> = self.table.covered(owner).map(|ticket| ticket.id.clone()).collect();
        let renewed = tickets.iter().flat_map(|ticket| self.renewed(ticket, lease));
        Ok(Answer::Extended(renewed.collect()))
    }

    fn renew_ticket(&mut self, id: &str, by: &str, lease: Duration) -> Result<Answer, LockError> {
        check_lease(lease)?;
        self.own(id, by)?;
        self.renewed(id, lease);
        self.table.answer(id).ok_or_else(|| LockError::UnknownTicket(id.to_owned()))
    }

    /// Sets the ends of the leases of a ticket, and returns everything that it holds.
    fn renewed(&mut self, ticket: &str, lease: Duration) -> Vec<Held> {
        for held in self.held(ticket, |held| held.until.is_some()) {
            self.set_lease(ticket, &held.name, lease);
        }
        self.held(ticket, |_| true)
    }

    fn leave(&mut self, owner: &Owner) -> Result<Answer, LockError> {
        owner.check()?;
        let tickets: Vec<String> = self.table.covered(owner).map(|ticket| ticket.id.clone()).collect();
        let (mut holds, mut waits) = (0, 0);
        for ticket in tickets {
            let held = self.held(&ticket, |_| true);
            if held.is_empty() {
                self.end_wait(&ticket, End::Cancelled, EventKind::Cancelled, "");
                waits += 1;
            }
            for held in &held {
                self.end_hold(&held.name, &ticket, End::Released, "");
            }
            holds += held.len();
        }
        Ok(Answer::Released { holds, waits })
    }

    fn held(&self, id: &str, which: impl Fn(&Held) -> bool) -> Vec<Held> {
        let held = self.table.tickets.get(id).map(Ticket::held).unwrap_or_default();
        held.into_iter().filter(which).collect()
    }

    /// Returns the ticket of an actor that holds the lock with this token.
    fn holding(&self, name: &Name, token: u64, by: &str) -> Result<String, LockError> {
        let id = self.table.holder_of(name, token)?;
        match self.table.tickets.get(&id).map(|ticket| &ticket.owner.actor) {
            Some(holder) if holder != by => {
                let (name, by, holder) = (name.clone(), by.to_owned(), holder.clone());
                Err(LockError::NotHolder { name, by, holder })
            }
            _ => Ok(id),
        }
    }
}

/// The steps that commands and time share.
impl Work<'_> {
    /// Ends the leases and waits that are over, in the order of their ends.
    fn pass_time(&mut self) {
        while let Some((_, due)) = self.table.due.first().filter(|(at, _)| *at <= self.at).cloned() {
            match due {
                Due::Lease(token) => {
                    let Some((name, ticket)) = self.table.tokens.get(&token).cloned() else { return };
                    self.end_hold(&name, &ticket, End::Expired, "");
                }
                Due::Open(name) => {
                    self.table.change_lock(&name, |lock| lock.closed_until = None);
                    self.dirty.insert(name);
                }
                Due::Wait(ticket) => self.wait_is_over(&ticket),
                Due::Again(ticket) => drop(self.enter(&ticket)),
                Due::Forget(ticket) => self.table.remove(&ticket),
                Due::Idle(name) => self.table.remove_lock(&name),
            }
            self.settle();
        }
    }

    /// Grants the locks that became free, and resolves the deadlocks that have arisen.
    pub(super) fn settle(&mut self) {
        loop {
            if let Some(name) = self.dirty.pop_first() {
                self.grant_from(&name);
            } else if let Some(ticket) = self.suspects.pop_first() {
                self.untangle(&ticket);
            } else {
                return;
            }
        }
    }

    /// Grants the lock to the tickets of its queue that can have it now.
    fn grant_from(&mut self, name: &Name) {
        let mut after = None;
        while let Some(place) = self.table.next_candidate(name, after.as_ref(), self.at) {
            let free = self
                .table
                .tickets
                .get(&place.1)
                .is_some_and(|ticket| self.table.first_blocker(ticket, self.at).is_none());
            if free {
                self.grant(&place.1);
            }
            after = Some(place);
        }
        self.table.forget_unused(name);
    }

    fn grant(&mut self, id: &str) {
        let (at, mut token) = (self.at, self.table.last_token);
        self.table.change(id, |ticket| {
            let until = ticket.lease.map(|lease| clock::later(at, lease));
            for want in &ticket.wants {
                token += 1;
                let hold = Hold { token, since: at, until, over: None };
                ticket.holds.insert(want.name.clone(), hold);
            }
            ticket.passes.clear();
            ticket.state = State::Held;
        });
        self.table.last_token = token;
        let Some(ticket) = self.table.tickets.get(id) else { return };
        let (held, waits, session) = (ticket.held(), suspects(self.table, ticket), ticket.owner.party());
        self.table.changed.sessions.insert(session);
        self.suspects.extend(waits);
        for held in held {
            self.table.change_lock(&held.name, |lock| {
                lock.last = held.token;
                lock.used_at = at;
            });
            self.event(EventKind::Acquired, &held.name, id, String::new());
        }
    }

    fn set_lease(&mut self, id: &str, name: &Name, lease: Duration) {
        let until = Some(clock::later(self.at, lease));
        self.table.change(id, |ticket| {
            if let Some(hold) = ticket.holds.get_mut(name) {
                hold.until = until;
            }
        });
    }

    /// Ends a hold. A ticket without another hold ends with it.
    fn end_hold(&mut self, name: &Name, id: &str, how: End, detail: &str) {
        let (kind, at) = match how {
            End::Expired => (EventKind::Expired, self.at),
            End::Forced => (EventKind::Forced, self.at),
            _ => (EventKind::Released, self.at),
        };
        self.event(kind, name, id, detail.to_owned());
        let mut closed_until = None;
        self.table.change(id, |ticket| {
            let Some(hold) = ticket.holds.get_mut(name) else { return };
            if let (End::Expired, Some(until)) = (&how, hold.until) {
                closed_until = Some(clock::later(until, ticket.lock_delay)).filter(|until| *until > at);
            }
            hold.over = Some((how.clone(), if how == End::Expired { hold.until.unwrap_or(at) } else { at }));
            if ticket.held().is_empty() {
                ticket.state = State::Ended { how, at };
            }
        });
        self.table.change_lock(name, |lock| {
            lock.used_at = at;
            lock.closed_until = lock.closed_until.max(closed_until);
        });
        self.dirty.insert(name.clone());
    }

    /// Ends a wait for good.
    pub(super) fn end_wait(&mut self, id: &str, how: End, kind: EventKind, detail: &str) {
        let Some(ticket) = self.table.tickets.get(id) else { return };
        let names: Vec<Name> = ticket.wants.iter().map(|want| want.name.clone()).collect();
        let at = self.at;
        self.table.change(id, |ticket| {
            ticket.passes.clear();
            ticket.state = State::Ended { how, at };
        });
        for name in names {
            self.event(kind, &name, id, detail.to_owned());
            self.dirty.insert(name);
        }
    }

    /// Ends a wait whose time ran out, or lets the ticket rest until it waits again.
    fn wait_is_over(&mut self, id: &str) {
        let Some(ticket) = self.table.tickets.get(id) else { return };
        if ticket.retries == 0 {
            return self.end_wait(id, End::TimedOut, EventKind::TimedOut, "");
        }
        let again = clock::later(self.at, ticket.backoff);
        let names: Vec<Name> = ticket.wants.iter().map(|want| want.name.clone()).collect();
        self.table.change(id, |ticket| {
            ticket.retries -= 1;
            ticket.backoff = ticket.backoff.saturating_mul(2).min(MAX_BACKOFF);
            ticket.passes.clear();
            ticket.state = State::Resting { again };
        });
        let detail = format!("waits again at {}", clock::short(again));
        for name in names {
            self.event(EventKind::TimedOut, &name, id, detail.clone());
            self.dirty.insert(name);
        }
    }

    pub(super) fn event(&mut self, kind: EventKind, name: &Name, id: &str, detail: String) {
        let Some(ticket) = self.table.tickets.get(id) else { return };
        self.events.push(Event {
            kind,
            at: self.at,
            name: name.clone(),
            ticket: id.to_owned(),
            owner: ticket.owner.clone(),
            token: ticket.holds.get(name).map(|hold| hold.token),
            by: None,
            detail,
        });
    }
}

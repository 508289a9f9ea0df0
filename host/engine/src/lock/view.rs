//! The state of locks, for readers. Reading changes nothing: a lease that is over counts as ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::table::{State, Table, Ticket};
use super::{End, LockError, Mode, Name};
use crate::clock::{self, Timestamp};

/// A lock with its holders and its queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockView {
    /// The name.
    pub name: String,
    /// The mode in which it is held. `None`: it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The holders, the earliest first.
    pub holders: Vec<HolderView>,
    /// The tickets that wait, in the order in which they are expected to have the lock.
    pub queue: Vec<WaiterView>,
    /// The last token that a ticket received for this lock. 0: none did.
    pub last_token: u64,
    /// The end of the delay after a lease that expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_until: Option<Timestamp>,
}

/// A holder of a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HolderView {
    /// The ticket.
    pub ticket: String,
    /// The actor.
    pub actor: String,
    /// The session of the actor.
    pub session: String,
    /// The part of the session.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// The token.
    pub token: u64,
    /// The time of the grant.
    pub since: Timestamp,
    /// The end of the lease. `None`: the lock lasts until its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The priority.
    pub priority: u8,
    /// The reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Data of the client.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// A ticket in the queue of a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaiterView {
    /// The ticket.
    pub ticket: String,
    /// The actor.
    pub actor: String,
    /// The session of the actor.
    pub session: String,
    /// The part of the session.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// The mode that it wants.
    pub mode: Mode,
    /// The place in the queue by rank, from 1.
    pub position: usize,
    /// The start of the wait.
    pub since: Timestamp,
    /// The end of the wait.
    pub until: Timestamp,
    /// The priority.
    pub priority: u8,
    /// The reason why it does not have its locks.
    pub waits_for: String,
    /// The reason of the request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The answer to the question whether a token is valid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Whether the token holds the lock now.
    pub valid: bool,
    /// The last token that a ticket received for this lock. 0: none did.
    pub last_token: u64,
    /// The end of the lease of a valid token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The reason why the token is not valid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Table {
    /// Returns the ticket that holds a lock with this token.
    pub(super) fn holder_of(&self, name: &Name, token: u64) -> Result<String, LockError> {
        if token == 0 {
            return Err(LockError::ZeroToken);
        }
        let lock = self.locks.get(name).ok_or_else(|| LockError::UnknownLock(name.clone()))?;
        if let Some((ticket, _)) = lock.holders.get(&token) {
            return Ok(ticket.clone());
        }
        let known = self.tokens.get(&token).and_then(|(of, id)| Some((of, self.tickets.get(id)?)));
        let (name, of) = (name.clone(), known.map(|(of, _)| of.clone()));
        Err(match known.and_then(|(of, ticket)| ticket.holds.get(of)?.over.clone()) {
            _ if of.as_ref().is_some_and(|of| *of != name) => {
                LockError::TokenOfAnother { of: of.unwrap_or_else(|| name.clone()), name, token }
            }
            Some((End::Expired, at)) => LockError::Expired { name, token, at },
            Some((End::Forced, at)) => LockError::Forced { name, token, at },
            Some(_) => LockError::Released { name, token },
            None => LockError::WrongToken { name, token, last: lock.last },
        })
    }

    /// Returns whether a token holds a lock at this time.
    pub fn check(&self, name: &Name, token: u64, at: Timestamp) -> Check {
        let last_token = self.locks.get(name).map_or(0, |lock| lock.last);
        let invalid = |why: String| Check { valid: false, last_token, until: None, why };
        let id = match self.holder_of(name, token) {
            Ok(id) => id,
            Err(error) => return invalid(error.to_string()),
        };
        let until = self.tickets.get(&id).and_then(|ticket| ticket.holds.get(name)?.until);
        match until.filter(|until| *until <= at) {
            Some(at) => invalid(LockError::Expired { name: name.clone(), token, at }.to_string()),
            None => Check { valid: true, last_token, until, why: String::new() },
        }
    }

    /// Returns a lock with its holders and its queue at this time.
    pub fn show(&self, name: &Name, at: Timestamp) -> Option<LockView> {
        let lock = self.locks.get(name)?;
        let holder = |(token, (id, _)): (&u64, &(String, Mode))| self.holder(name, *token, id, at);
        let holders: Vec<HolderView> = lock.holders.iter().filter_map(holder).collect();
        let mode = lock.holders.values().next().map(|(_, mode)| *mode).filter(|_| !holders.is_empty());
        Some(LockView {
            name: name.to_string(),
            mode,
            holders,
            queue: self.waiters(name, at),
            last_token: lock.last,
            closed_until: lock.closed_until.filter(|until| *until > at),
        })
    }

    /// Returns locks that are held or waited for, by name: at most `limit` after `after` whose names begin with
    /// `prefix`.
    pub fn list(&self, prefix: &str, after: Option<&Name>, limit: usize, at: Timestamp) -> Vec<LockView> {
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let names = self.locks.range::<Name, _>((from, std::ops::Bound::Unbounded));
        let wanted = names.filter(|(name, lock)| name.as_str().starts_with(prefix) && !lock.is_idle());
        wanted.filter_map(|(name, _)| self.show(name, at)).take(limit).collect()
    }

    fn holder(&self, name: &Name, token: u64, id: &str, at: Timestamp) -> Option<HolderView> {
        let ticket = self.tickets.get(id)?;
        let hold = ticket.holds.get(name).filter(|hold| hold.until.is_none_or(|until| until > at))?;
        let owner = ticket.owner.clone();
        Some(HolderView {
            ticket: id.to_owned(),
            actor: owner.actor,
            session: owner.session,
            part: owner.part,
            token,
            since: hold.since,
            until: hold.until,
            priority: ticket.priority,
            reason: ticket.reason.clone(),
            metadata: ticket.metadata.clone(),
        })
    }

    /// Returns the queue of a lock in the expected order: that of the ranks, but a ticket that may pass another one
    /// comes before it.
    fn waiters(&self, name: &Name, at: Timestamp) -> Vec<WaiterView> {
        let Some(lock) = self.locks.get(name) else { return Vec::new() };
        let mut order: Vec<(usize, &Ticket)> = Vec::new();
        let tickets = lock.queue.iter().filter_map(|(_, id)| self.tickets.get(id));
        for (index, ticket) in tickets.enumerate() {
            let passed = order.iter().position(|(_, other)| ticket.passes.contains(&other.id));
            order.insert(passed.unwrap_or(order.len()), (index + 1, ticket));
        }
        let view = |(position, ticket): (usize, &Ticket)| {
            let State::Waiting { until } = ticket.state else { return None };
            let blocker = self.first_blocker(ticket, at);
            let owner = ticket.owner.clone();
            Some(WaiterView {
                ticket: ticket.id.clone(),
                actor: owner.actor,
                session: owner.session,
                part: owner.part,
                mode: ticket.mode_of(name)?,
                position,
                since: ticket.since,
                until,
                priority: ticket.priority,
                waits_for: blocker.map_or_else(
                    || format!("it is next, at {} at the latest", clock::short(until)),
                    |blocker| self.describe(&blocker),
                ),
                reason: ticket.reason.clone(),
            })
        };
        order.into_iter().filter_map(view).collect()
    }
}

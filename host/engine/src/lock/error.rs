//! The reasons why a command about locks is refused, each with its fix.

use super::Name;
use super::limits::*;
use crate::clock::{Timestamp, short};

/// The reason why a command was refused, or why the back end failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The text cannot name a lock.
    #[error("`{name}` cannot name a lock: it {why}; use a name such as `deploy-prod`")]
    InvalidName {
        /// The text, without hidden characters.
        name: String,
        /// The problem.
        why: String,
    },
    /// A field of the command is invalid.
    #[error("`{field}` {why}")]
    Invalid {
        /// The name of the field.
        field: &'static str,
        /// The problem, as the rest of a sentence.
        why: String,
    },
    /// There is no lock of this name.
    #[error("there is no lock `{0}`; `stepwell locks list` lists the locks")]
    UnknownLock(Name),
    /// There is no ticket of this id.
    #[error("there is no ticket `{0}`: it never existed, or ended more than {kept} minutes ago; acquire the lock again", kept = ENDED_KEPT.as_secs() / 60)]
    UnknownTicket(String),
    /// The ticket belongs to another request.
    #[error(
        "the ticket `{0}` belongs to another request; let the service choose the ticket, or use a new one"
    )]
    TicketUsed(String),
    /// The token is not the one of the holder, and of no other lock.
    #[error(
        "token {token} does not hold `{name}`, whose last token is {last}; use the token that came with the lock"
    )]
    WrongToken {
        /// The lock.
        name: Name,
        /// The token of the command.
        token: u64,
        /// The last token that was handed out for this lock.
        last: u64,
    },
    /// The token belongs to another lock.
    #[error("token {token} is the one of `{of}` and not of `{name}`; name the lock that it came with")]
    TokenOfAnother {
        /// The lock of the command.
        name: Name,
        /// The token of the command.
        token: u64,
        /// The lock that the token holds.
        of: Name,
    },
    /// Token 0 is never handed out.
    #[error(
        "token 0 holds no lock: it is what a client has that never received a token; acquire the lock first"
    )]
    ZeroToken,
    /// The caller does not hold the lock.
    #[error(
        "`{by}` does not hold `{name}`, `{holder}` does; `stepwell locks force-release {name}` takes it away"
    )]
    NotHolder {
        /// The lock.
        name: Name,
        /// The caller.
        by: String,
        /// The actor that holds the lock with this token.
        holder: String,
    },
    /// The caller did not make the ticket.
    #[error("the ticket `{ticket}` belongs to `{owner}`, and `{by}` can neither end nor renew it")]
    NotOwner {
        /// The ticket.
        ticket: String,
        /// The caller.
        by: String,
        /// The actor that made the ticket.
        owner: String,
    },
    /// The lease ended before.
    #[error("the lease of `{name}` with token {token} ended at {ended}, and another may hold the lock since: stop the work that it protects, and acquire the lock again", ended = short(*.at))]
    Expired {
        /// The lock.
        name: Name,
        /// The token.
        token: u64,
        /// The end of the lease.
        at: Timestamp,
    },
    /// The lock was released before.
    #[error("`{name}` with token {token} was released before; acquire the lock again")]
    Released {
        /// The lock.
        name: Name,
        /// The token.
        token: u64,
    },
    /// Another actor took the lock away.
    #[error("`{name}` with token {token} was taken away from its holder at {when}: stop the work that it protects, and acquire the lock again; `stepwell locks events {name}` has the reason", when = short(*.at))]
    Forced {
        /// The lock.
        name: Name,
        /// The token.
        token: u64,
        /// The time.
        at: Timestamp,
    },
    /// The session would wait for itself.
    #[error(
        "this session holds `{name}` already, with token {token}, and would wait for itself; use that token, or release it first"
    )]
    AlreadyHeld {
        /// The lock.
        name: Name,
        /// The token of the session.
        token: u64,
    },
    /// The session waits for this lock already.
    #[error(
        "this session waits for `{name}` already, with the ticket `{ticket}`; wait with that ticket, or cancel it"
    )]
    AlreadyWaiting {
        /// The lock.
        name: Name,
        /// The ticket.
        ticket: String,
    },
    /// A limit is reached.
    #[error("{what}: the limit is {limit}; {fix}")]
    Limit {
        /// A sentence about what there is already.
        what: String,
        /// The limit.
        limit: usize,
        /// The advice.
        fix: &'static str,
    },
    /// Another process changed the locks at the same time, repeatedly.
    #[error("the locks of this project are being changed by others; try again")]
    Busy,
    /// Another store leads since a switch of stores: nothing was written.
    #[error("the locks have moved with the store: another store has taken over from it")]
    Moved,
    /// The back end cannot write now, and may be able to later.
    #[error("locks cannot be changed now: {0}")]
    Unavailable(String),
    /// The back end failed.
    #[error("the store of locks failed: {0}")]
    Failed(String),
}

impl LockError {
    /// Returns whether the same command may succeed later without a change.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Moved | Self::Unavailable(_))
    }
}

//! Bodies and answers of the operations on locks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell::Deadlock;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::lock::{Answer, End, EventKind, EventRow, Held, HolderView, LockView, Mode};
use stepwell::engine::quantity::Span;

/// The tickets of a queue that an answer shows.
const MOST_QUEUED: usize = 1000;

/// A request for locks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcquireRequest {
    /// The locks: all of them, or none.
    #[schemars(length(min = 1, max = 32))]
    pub locks: Vec<WantedLock>,
    /// The longest wait for the locks, at most 7 days. Default: none; the locks must be free now.
    #[serde(default)]
    pub wait: Option<Span>,
    /// The time until the locks end by themselves, from 1 second to 7 days. Default: none; they last until their
    /// release.
    #[serde(default)]
    pub lease: Option<Span>,
    /// The priority. 9 is the most urgent. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 9))]
    pub priority: u8,
    /// The number of further waits after the first one ran out. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 10))]
    pub retries: u32,
    /// The pause before the first further wait, at most 1 hour. Each later pause is twice as long. Default: 1s.
    #[serde(default)]
    pub backoff: Option<Span>,
    /// The time after a lease that expired for which the lock goes to no other owner, at most 1 hour. Default: 0.
    #[serde(default)]
    pub lock_delay: Option<Span>,
    /// The reason, for lists.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
    /// Data of the client, for lists: at most 4 KiB as JSON.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// The session: requests of one session belong together, so that a deadlock is found. Default: a session of its
    /// own, which the answer names.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub session: String,
}

/// A lock that a request names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedLock {
    /// The name.
    #[schemars(length(max = 256))]
    pub name: String,
    /// The mode: `exclusive` for one holder, or `shared` for several. Default: `exclusive`.
    #[serde(default = "exclusive")]
    pub mode: Mode,
}

fn exclusive() -> Mode {
    Mode::Exclusive
}

/// A request to set the end of a lease.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendRequest {
    /// The token of the holder.
    pub token: u64,
    /// The time from now until the lease ends, from 1 second to 7 days.
    pub lease: Span,
}

/// A request to set the ends of the leases of a ticket.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewRequest {
    /// The time from now until the leases end, from 1 second to 7 days.
    pub lease: Span,
}

/// A request to release a lock.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseRequest {
    /// The token of the holder.
    pub token: u64,
}

/// A request to take a lock away from its holders.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForceReleaseRequest {
    /// The reason, for the record.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// The token of one holder. Default: all holders.
    #[serde(default)]
    pub token: Option<u64>,
}

/// The number of holders that lost a lock.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ForceReleased {
    /// The number of holders.
    pub released: usize,
}

/// The state of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TicketState {
    /// It holds its locks.
    Held,
    /// It waits for them.
    Waiting,
    /// Its wait ran out, and it waits again later.
    Resting,
    /// Its holder released the locks.
    Released,
    /// Its leases expired.
    Expired,
    /// A user took the locks away.
    Forced,
    /// Its wait ran out.
    TimedOut,
    /// Its wait ended, because it was part of a deadlock.
    Deadlock,
    /// Its wait was cancelled.
    Cancelled,
}

/// A request for locks, with its state.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct LockTicket {
    /// The id.
    pub ticket: String,
    /// The state.
    pub state: TicketState,
    /// The session, for further requests that belong to this one. Null when the ticket has ended.
    pub session: Option<String>,
    /// The locks that it holds.
    pub held: Vec<HeldLock>,
    /// The tickets in front of it, for each lock. Only of a ticket that waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<Ahead>,
    /// The end of the wait. Only of a ticket that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The start of the next wait. Only of a ticket that rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Timestamp>,
    /// The time at which the ticket ended. Absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The cycle of a deadlock: the actor that waits for each lock, and the actor that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<String>,
}

/// A lock that a ticket holds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct HeldLock {
    /// The name.
    pub name: String,
    /// The mode.
    pub mode: Mode,
    /// The fencing token.
    pub token: u64,
    /// The end of the lease; null if the lock lasts until its release.
    pub until: Option<Timestamp>,
}

/// The number of tickets in front of another one in a queue.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Ahead {
    /// The lock.
    pub name: String,
    /// The number.
    pub tickets: usize,
}

impl From<Held> for HeldLock {
    fn from(Held { name, mode, token, until }: Held) -> Self {
        Self { name: name.to_string(), mode, token, until }
    }
}

impl LockTicket {
    /// Returns the ticket of an answer, or the reason why there is none.
    pub fn of(answer: Answer) -> Result<Self, String> {
        let new = |ticket: String, state| Self {
            ticket,
            state,
            session: None,
            held: Vec::new(),
            ahead: Vec::new(),
            until: None,
            again: None,
            ended_at: None,
            cycle: None,
        };
        Ok(match answer {
            Answer::Acquired { ticket, session, held } => {
                let held = held.into_iter().map(HeldLock::from).collect();
                Self { session: Some(session), held, ..new(ticket, TicketState::Held) }
            }
            Answer::Waiting { ticket, session, until, ahead } => {
                let ahead = ahead.into_iter();
                let ahead = ahead.map(|(name, tickets)| Ahead { name: name.to_string(), tickets }).collect();
                let until = Some(until);
                Self { session: Some(session), until, ahead, ..new(ticket, TicketState::Waiting) }
            }
            Answer::Resting { ticket, session, again } => {
                Self { session: Some(session), again: Some(again), ..new(ticket, TicketState::Resting) }
            }
            Answer::Ended { ticket, how, at } => {
                let (state, cycle) = match how {
                    End::Released => (TicketState::Released, None),
                    End::Expired => (TicketState::Expired, None),
                    End::Forced => (TicketState::Forced, None),
                    End::TimedOut => (TicketState::TimedOut, None),
                    End::Deadlock(cycle) => (TicketState::Deadlock, Some(cycle)),
                    End::Cancelled => (TicketState::Cancelled, None),
                };
                Self { ended_at: Some(at), cycle, ..new(ticket, state) }
            }
            Answer::Busy { why } => return Err(why),
            Answer::Extended(_) | Answer::Released { .. } | Answer::Ticked => {
                return Err("the answer is about no ticket".to_owned());
            }
        })
    }

    /// Returns the reason why a request that has ended holds no lock, with the fix.
    pub fn refusal(&self) -> Option<String> {
        let why = match self.state {
            TicketState::Held | TicketState::Waiting | TicketState::Resting => return None,
            TicketState::TimedOut => "the wait for the locks ran out; try again, or wait longer".to_owned(),
            TicketState::Deadlock => format!(
                "the wait ended, because it was part of a deadlock: {}; release the other locks of this session, and begin again",
                self.cycle.as_deref().unwrap_or_default()
            ),
            TicketState::Cancelled => "the wait for the locks was cancelled; send a new request".to_owned(),
            TicketState::Released => "the locks of this request were released; send a new request".to_owned(),
            TicketState::Expired => "the leases of this request expired; send a new request".to_owned(),
            TicketState::Forced => "the locks of this request were taken away; send a new request".to_owned(),
        };
        Some(why)
    }
}

/// A lock in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LockRow {
    /// The name.
    pub name: String,
    /// The mode in which it is held; null if it is free.
    pub mode: Option<Mode>,
    /// The number of holders.
    pub holders: usize,
    /// The earliest holder; null if the lock is free.
    pub holder: Option<HolderView>,
    /// The number of tickets that wait.
    pub waiting: usize,
    /// The last token that a ticket received for this lock; 0 if none did.
    pub last_token: u64,
    /// The end of the delay after a lease that expired; null without a delay.
    pub closed_until: Option<Timestamp>,
}

impl From<LockView> for LockRow {
    fn from(view: LockView) -> Self {
        let LockView { name, mode, holders, queue, last_token, closed_until } = view;
        let (count, waiting) = (holders.len(), queue.len());
        Self {
            name,
            mode,
            holders: count,
            holder: holders.into_iter().next(),
            waiting,
            last_token,
            closed_until,
        }
    }
}

/// A lock with its holders and its queue.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Lock {
    #[serde(flatten)]
    pub view: LockView,
    /// The number of tickets that wait. `queue` has the first 1000 of them.
    pub waiting: usize,
}

impl From<LockView> for Lock {
    fn from(mut view: LockView) -> Self {
        let waiting = view.queue.len();
        view.queue.truncate(MOST_QUEUED);
        Self { view, waiting }
    }
}

/// An event of a lock.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LockEvent {
    /// The number. Later events of the project have larger ones.
    pub number: u64,
    /// The kind.
    pub kind: EventKind,
    /// The time.
    pub at: Timestamp,
    /// The lock.
    pub name: String,
    /// The ticket.
    pub ticket: String,
    /// The actor of the ticket.
    pub actor: String,
    /// The session of the actor.
    pub session: String,
    /// The part of the session, such as a step. Absent for the whole session.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// The token; null if the ticket has none for this lock.
    pub token: Option<u64>,
    /// The actor that took the lock away. Absent in other events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// More about the event. Absent when there is nothing more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl From<EventRow> for LockEvent {
    fn from(EventRow { number, event }: EventRow) -> Self {
        let owner = event.owner;
        Self {
            number,
            kind: event.kind,
            at: event.at,
            name: event.name.to_string(),
            ticket: event.ticket,
            actor: owner.actor,
            session: owner.session,
            part: owner.part,
            token: event.token,
            by: event.by,
            detail: event.detail,
        }
    }
}

/// Events of locks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LockEvents {
    /// The events, the oldest first.
    pub items: Vec<LockEvent>,
    /// The `after` of the next events; null when there are no more now.
    pub next_cursor: Option<String>,
}

/// Deadlocks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LockDeadlocks {
    /// The deadlocks, the newest first.
    pub items: Vec<Deadlock>,
    /// Null: the list has one page.
    pub next_cursor: Option<String>,
}

/// One page of locks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Locks {
    /// The locks.
    pub items: Vec<LockRow>,
    /// The `cursor` of the next page; null on the last page.
    pub next_cursor: Option<String>,
}

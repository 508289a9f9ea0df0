//! A checker of recorded histories: were the answers of a back end those of one lock?
//!
//! A history has the calls of all clients for one name, each with the times of its start and its return. It is correct
//! when every call can take effect at one point between both, so that all answers fit. The search for such points is
//! exponential in general. Here, the tokens give the order of the grants, and each grant can take the earliest point
//! that its own call and the holds before it allow. So one pass over a million calls is enough.

use std::collections::{BTreeMap, BTreeSet};

use super::Mode;

/// A call, as a client saw it. Times are in any unit, of one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The time at which the client sent the call.
    pub begin: u64,
    /// The time of the answer. `None`: there was none, and the call may have taken effect at any time since.
    pub end: Option<u64>,
    /// The call with its answer.
    pub what: What,
}

/// A call with its answer. Without an answer, the result does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A request for the lock.
    Acquire {
        /// The mode.
        mode: Mode,
        /// Whether the call waits for the lock.
        waits: bool,
        /// The lease, if any.
        lease: Option<u64>,
        /// The token, or `None` when the call ended without the lock.
        token: Option<u64>,
    },
    /// A longer lease, from the time of the call.
    Extend {
        /// The token.
        token: u64,
        /// The lease.
        lease: u64,
        /// Whether the lock was held.
        done: bool,
    },
    /// A release, by the holder or by force.
    Release {
        /// The token.
        token: u64,
        /// Whether the lock was held.
        done: bool,
    },
    /// The question whether a token is valid.
    Check {
        /// The token.
        token: u64,
        /// The answer.
        valid: bool,
    },
}

/// The tolerances of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The time by which a lease may end early, or late, because clocks differ.
    pub drift: u64,
    /// The delay of the lock after a lease that expired.
    pub lock_delay: u64,
    /// The longest time for which a free lock may keep a waiter waiting.
    pub hand_over: u64,
    /// The time after the arrival of a waiter from which no later request may overtake it.
    pub overtaking: u64,
}

/// A problem of a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A token was handed out twice, or is 0.
    #[error("token {0} was handed out twice, or is 0")]
    Token(u64),
    /// A later grant has a smaller token.
    #[error("token {later} was handed out and returned before token {earlier} was asked for")]
    Order {
        /// The smaller token, whose request began later.
        earlier: u64,
        /// The larger token, whose request had returned by then.
        later: u64,
    },
    /// Two holders had the lock at the same time.
    #[error("token {second} was handed out at {at} at the latest, while token {first} held the lock")]
    TwoHolders {
        /// The token that held the lock.
        first: u64,
        /// The token that was handed out.
        second: u64,
        /// The return of the request.
        at: u64,
    },
    /// A hold was released twice.
    #[error("token {0} was released twice")]
    ReleasedTwice(u64),
    /// A call succeeded with a token that did not hold the lock.
    #[error("a call at {at} succeeded with token {token}, which did not hold the lock")]
    NotHeld {
        /// The token.
        token: u64,
        /// The start of the call.
        at: u64,
    },
    /// A call failed with a token that held the lock.
    #[error("a call at {at} failed with token {token}, which held the lock")]
    Refused {
        /// The token.
        token: u64,
        /// The start of the call.
        at: u64,
    },
    /// The lock was free, and a waiter did not get it.
    #[error("the lock was free from {from} to {to}, and the request that began at {waiter} waited")]
    LostWakeUp {
        /// The time at which the lock was free at the latest.
        from: u64,
        /// The time at which it was free or the waiter waited at least.
        to: u64,
        /// The start of the request that waited.
        waiter: u64,
    },
    /// A waiter was overtaken by a request that arrived too late for that.
    #[error("the request that began at {waiter} was overtaken by the one that began at {by}")]
    Starved {
        /// The start of the request that waited.
        waiter: u64,
        /// The start of the request that had the lock before.
        by: u64,
    },
}

/// The hold of a token.
#[derive(Debug, Clone, Copy)]
struct Hold {
    token: u64,
    mode: Mode,
    /// The start and the return of the request.
    asked: u64,
    got: u64,
    /// The earliest time of the grant that the grants before allow.
    point: u64,
    /// The times between which the hold ended. `u64::MAX`: it never did.
    earliest: u64,
    latest: u64,
    /// The end follows from a lease, and the delay of the lock after it.
    expires: bool,
    /// The lease at the grant.
    lease: u64,
}

/// A token, and a time that belongs to it.
type Latest = Option<(u64, u64)>;

/// Checks the history of one name.
///
/// # Errors
/// Returns the first problem that it finds.
pub fn check(history: &[Call], bounds: Bounds) -> Result<(), Violation> {
    let mut holds = holds(history, bounds)?;
    order(&mut holds, bounds)?;
    answers(history, &holds)?;
    wake_ups(history, &holds, bounds)?;
    starvation(history, &holds, bounds)
}

/// Returns the holds by token, with the times that follow from their own calls.
fn holds(history: &[Call], bounds: Bounds) -> Result<BTreeMap<u64, Hold>, Violation> {
    let mut holds = BTreeMap::new();
    for call in history {
        let What::Acquire { mode, lease, token: Some(token), .. } = call.what else { continue };
        let Some(got) = call.end else { continue };
        let never = (u64::MAX, u64::MAX);
        let (earliest, latest) =
            lease.map_or(never, |lease| (call.begin.saturating_add(lease), got.saturating_add(lease)));
        let (asked, expires) = (call.begin, lease.is_some());
        let (point, lease) = (asked, lease.unwrap_or(0));
        let hold = Hold { token, mode, asked, got, point, earliest, latest, expires, lease };
        if token == 0 || holds.insert(token, hold).is_some() {
            return Err(Violation::Token(token));
        }
    }
    extended(history, &mut holds, bounds)?;
    for hold in holds.values_mut().filter(|hold| hold.expires) {
        hold.earliest = hold.earliest.saturating_sub(bounds.drift);
        hold.latest = hold.latest.saturating_add(bounds.drift);
    }
    released(history, &mut holds)?;
    Ok(holds)
}

/// Applies the extensions, in the order of their starts.
fn extended(history: &[Call], holds: &mut BTreeMap<u64, Hold>, bounds: Bounds) -> Result<(), Violation> {
    let mut calls: Vec<&Call> =
        history.iter().filter(|call| matches!(call.what, What::Extend { .. })).collect();
    calls.sort_by_key(|call| call.begin);
    for call in calls {
        let What::Extend { token, lease, done } = call.what else { continue };
        let Some(hold) = holds.get_mut(&token) else { continue };
        match call.end {
            // Without an answer, the lease may be the longer one.
            None => hold.latest = u64::MAX,
            Some(_) if done && hold.expires && call.begin > hold.latest.saturating_add(bounds.drift) => {
                return Err(Violation::NotHeld { token, at: call.begin });
            }
            Some(end) if done => {
                let latest = end.saturating_add(lease);
                hold.earliest = hold.earliest.max(call.begin.saturating_add(lease));
                hold.latest = if hold.expires { hold.latest.max(latest) } else { latest };
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Applies the releases: a hold that was released did not expire.
fn released(history: &[Call], holds: &mut BTreeMap<u64, Hold>) -> Result<(), Violation> {
    let mut known = BTreeSet::new();
    for call in history {
        let What::Release { token, done } = call.what else { continue };
        let Some(hold) = holds.get_mut(&token) else { continue };
        match call.end {
            None => hold.earliest = hold.earliest.min(call.begin),
            Some(end) if done => {
                if !known.insert(token) {
                    return Err(Violation::ReleasedTwice(token));
                }
                if hold.expires && call.begin > hold.latest {
                    return Err(Violation::NotHeld { token, at: call.begin });
                }
                (hold.earliest, hold.latest, hold.expires) = (call.begin, end, false);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Gives each grant the earliest point that the grants before it allow, and moves the ends of the holds after it.
fn order(holds: &mut BTreeMap<u64, Hold>, bounds: Bounds) -> Result<(), Violation> {
    // The last grant, and for each mode the hold that ends last.
    let (mut last, mut exclusive, mut shared): (Latest, Latest, Latest) = (None, None, None);
    for hold in holds.values_mut() {
        // A hold that was released began before the release returned.
        let (mut point, by) = (hold.asked, hold.got.min(hold.latest));
        if let Some((token, at)) = last {
            if at > by {
                return Err(Violation::Order { earlier: token, later: hold.token });
            }
            point = point.max(at);
        }
        let before = if hold.mode == Mode::Exclusive { [exclusive, shared] } else { [exclusive, None] };
        for (first, end) in before.into_iter().flatten() {
            if end > by {
                return Err(Violation::TwoHolders { first, second: hold.token, at: by });
            }
            point = point.max(end);
        }
        if point > by {
            return Err(Violation::NotHeld { token: hold.token, at: hold.earliest });
        }
        let lasts = if hold.expires { hold.lease.saturating_sub(bounds.drift) } else { 0 };
        (hold.point, hold.earliest) = (point, hold.earliest.max(point.saturating_add(lasts)));
        last = Some((hold.token, point));
        let ends = if hold.mode == Mode::Exclusive { &mut exclusive } else { &mut shared };
        if ends.is_none_or(|(_, end)| end < hold.earliest) {
            *ends = Some((hold.token, hold.earliest));
        }
    }
    Ok(())
}

/// Compares the answers about tokens with the times at which they held the lock, for sure or possibly.
fn answers(history: &[Call], holds: &BTreeMap<u64, Hold>) -> Result<(), Violation> {
    let unknown = unanswered(history).next().is_some();
    for call in history {
        let Some(end) = call.end else { continue };
        let (token, yes) = match call.what {
            What::Check { token, valid } => (token, valid),
            What::Extend { token, done, .. } | What::Release { token, done } => (token, done),
            What::Acquire { .. } => continue,
        };
        let at = call.begin;
        match holds.get(&token) {
            Some(hold) if yes && (at > hold.latest || end < hold.point) => {
                return Err(Violation::NotHeld { token, at });
            }
            Some(hold) if !yes && at > hold.got && end < hold.earliest => {
                return Err(Violation::Refused { token, at });
            }
            // The token of a request without an answer may hold the lock.
            None if yes && !unknown => return Err(Violation::NotHeld { token, at }),
            _ => {}
        }
    }
    Ok(())
}

/// Returns the starts of the requests without an answer. Each may hold the lock.
fn unanswered(history: &[Call]) -> impl Iterator<Item = u64> {
    let requests = history.iter().filter(|call| matches!(call.what, What::Acquire { .. }));
    requests.filter(|call| call.end.is_none()).map(|call| call.begin)
}

/// Looks for times at which the lock was free for sure, and a request waited.
fn wake_ups(history: &[Call], holds: &BTreeMap<u64, Hold>, bounds: Bounds) -> Result<(), Violation> {
    let unknown = unanswered(history).min().unwrap_or(u64::MAX);
    let mut waits: Vec<(u64, u64)> = history.iter().filter_map(waits).collect();
    waits.sort_unstable();
    let mut waits = waits.into_iter().peekable();
    // The wait that began before and ends last.
    let (mut longest, mut free) = ((0, 0), 0);
    let free_after = |hold: &Hold| {
        let delay = if hold.expires { bounds.lock_delay } else { 0 };
        (hold.got, hold.latest.saturating_add(delay))
    };
    for (got, latest) in holds.values().map(free_after).chain([(u64::MAX, u64::MAX)]) {
        let lost = |(begin, end): (u64, u64)| {
            let (from, to) = (begin.max(free), end.min(got));
            let long = to > from.saturating_add(bounds.hand_over) && to < unknown && free > 0;
            long.then_some(Violation::LostWakeUp { from, to, waiter: begin })
        };
        while let Some(wait) = waits.next_if(|(begin, _)| *begin < got) {
            if let Some(violation) = lost(wait) {
                return Err(violation);
            }
            longest = if wait.1 > longest.1 { wait } else { longest };
        }
        if let Some(violation) = lost(longest) {
            return Err(violation);
        }
        free = free.max(latest).max(if got == u64::MAX { 0 } else { got });
    }
    Ok(())
}

/// Returns the start and the end of a wait.
fn waits(call: &Call) -> Option<(u64, u64)> {
    let What::Acquire { waits: true, .. } = call.what else { return None };
    call.end.map(|end| (call.begin, end))
}

/// Looks for requests that were overtaken by others that arrived much later.
fn starvation(history: &[Call], holds: &BTreeMap<u64, Hold>, bounds: Bounds) -> Result<(), Violation> {
    let starved = |mode: Mode, begin: u64, latest: [u64; 2]| {
        let [exclusive, shared] = latest;
        let by = if mode == Mode::Exclusive { exclusive.max(shared) } else { exclusive };
        let late = by > begin.saturating_add(bounds.overtaking);
        if late { Err(Violation::Starved { waiter: begin, by }) } else { Ok(()) }
    };
    // The latest request of each mode that had the lock before.
    let mut latest = [0, 0];
    let enter = |latest: &mut [u64; 2], hold: &Hold| {
        let [exclusive, shared] = latest;
        let entry = if hold.mode == Mode::Exclusive { exclusive } else { shared };
        *entry = (*entry).max(hold.asked);
    };
    for hold in holds.values() {
        starved(hold.mode, hold.asked, latest)?;
        enter(&mut latest, hold);
    }
    // A wait without the lock was overtaken by those who had it before the wait ended.
    let mut ended: Vec<(u64, u64, Mode)> = history
        .iter()
        .filter_map(|call| match call.what {
            What::Acquire { mode, waits: true, token: None, .. } => Some((call.end?, call.begin, mode)),
            _ => None,
        })
        .collect();
    ended.sort_unstable();
    let mut by_return: Vec<&Hold> = holds.values().collect();
    by_return.sort_unstable_by_key(|hold| hold.got);
    let (mut holds, mut latest) = (by_return.into_iter().peekable(), [0, 0]);
    for (end, begin, mode) in ended {
        while let Some(hold) = holds.next_if(|hold| hold.got < end) {
            enter(&mut latest, hold);
        }
        starved(mode, begin, latest)?;
    }
    Ok(())
}

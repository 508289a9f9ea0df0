//! The locks of a run: which places of its job hold locks, wait for them, or need them before anything within them
//! runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::RunState;
use crate::clock::Timestamp;
use crate::job::locks::{LockUse, LockWait};
use crate::lock::limits::SESSION_BYTES;
use crate::lock::{Mode, Name, Owner, Want};
use crate::outcome::Outcome;

/// A place of a job with locks: a step or a group, by its position, or the job (`None`).
pub type LockPlace = Option<usize>;

/// A lock that a place holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenLock {
    /// The name in expressions.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name.
    pub name: Name,
    /// The mode.
    pub mode: Mode,
    /// The fencing token.
    pub token: u64,
}

/// The relation of a place to its locks. A place without one has to take them before anything within it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Locking {
    /// It holds them.
    Held(Arc<Vec<TakenLock>>),
    /// Its ticket waits for them.
    Waits {
        /// The locks.
        wants: Arc<Vec<Want>>,
        /// The start of the wait.
        since: Timestamp,
        /// The end of the wait.
        until: Timestamp,
    },
    /// It asks for them again at this time.
    Rests {
        /// The time.
        until: Timestamp,
        /// The start of the first rest.
        since: Timestamp,
        /// The reason.
        why: String,
    },
}

impl Locking {
    /// Returns the end of a wait or of a rest.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Held(_) => None,
            Self::Waits { until, .. } | Self::Rests { until, .. } => Some(*until),
        }
    }
}

/// The locks of a run, by their places.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lockings {
    /// The places that hold locks or wait for them.
    pub(super) places: BTreeMap<LockPlace, Locking>,
    /// The number of tickets of each place that have ended.
    rounds: BTreeMap<LockPlace, u32>,
    /// The reason why the locks of the job could not be taken.
    pub(super) refused: Option<Outcome>,
}

impl Lockings {
    pub(super) fn end(&mut self, place: LockPlace) {
        self.places.remove(&place);
        *self.rounds.entry(place).or_default() += 1;
    }
}

impl RunState {
    /// Returns the locks that a place of the job has.
    pub fn locks_of(&self, place: LockPlace) -> &[LockUse] {
        match place {
            None => &self.run.job.locks,
            Some(step) => self.node(step).map_or(&[], |node| &node.definition.locks),
        }
    }

    /// Returns the settings of the locks of a place.
    pub fn lock_wait(&self, place: LockPlace) -> LockWait {
        LockWait::of(self.locks_of(place))
    }

    /// Returns the relation of a place to its locks.
    pub fn locking(&self, place: LockPlace) -> Option<&Locking> {
        self.lockings.places.get(&place)
    }

    /// Returns the places that hold locks or wait for them.
    pub fn lockings(&self) -> impl Iterator<Item = (LockPlace, &Locking)> {
        self.lockings.places.iter().map(|(place, locking)| (*place, locking))
    }

    /// Returns the places whose tickets wait.
    pub fn lock_waits(&self) -> impl Iterator<Item = LockPlace> + '_ {
        self.lockings()
            .filter(|(_, locking)| matches!(locking, Locking::Waits { .. }))
            .map(|(place, _)| place)
    }

    /// Returns the reason why the locks of the job could not be taken, which ended the run.
    pub fn locks_refused(&self) -> Option<&Outcome> {
        self.lockings.refused.as_ref()
    }

    /// Returns whether a place holds its locks, or has none.
    pub(super) fn is_locked(&self, place: LockPlace) -> bool {
        self.locks_of(place).is_empty() || matches!(self.locking(place), Some(Locking::Held(_)))
    }

    /// Returns whether the locks of the job were refused, or the run is over before it had them.
    pub(super) fn never_had_locks(&self) -> bool {
        let begun = || self.steps.iter().any(|step| step.attempt > 0);
        self.lockings.refused.is_some() || !self.is_locked(None) && !begun()
    }

    /// Returns the outermost place around a step, with the step itself, whose locks are missing.
    pub(super) fn lock_gate(&self, index: usize) -> Option<LockPlace> {
        if !self.run.job.plan().has_locks() || self.steps.get(index).is_some_and(|step| step.halting) {
            return None;
        }
        if !self.is_locked(None) {
            return Some(None);
        }
        let around: Vec<usize> = self.around(index).map(|seat| seat.group).collect();
        let places = around.into_iter().rev().chain([index]).map(Some);
        places.into_iter().find(|place| !self.is_locked(*place))
    }

    /// Returns whether a place is the job, or a group that has begun: the steps within it wait with it.
    pub fn is_gate(&self, place: LockPlace) -> bool {
        place.is_none_or(|step| self.groups.contains_key(&step) && self.is_running(step))
    }

    /// Returns the ends of the waits of the job and of groups that have begun.
    pub(super) fn gate_times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        let waits = self.lockings().filter(|(place, _)| self.is_gate(*place));
        waits.filter_map(|(_, locking)| locking.until())
    }

    /// Returns whether a step waits for the locks of the job or of a group around it.
    pub(super) fn is_behind_gate(&self, index: usize) -> bool {
        let gate = self.lock_gate(index).filter(|gate| self.is_gate(*gate));
        gate.is_some_and(|gate| self.locking(gate).is_some())
    }

    /// Returns whether a step waits for its own locks.
    pub fn awaits_own_locks(&self, index: usize) -> bool {
        let waits = self.locking(Some(index)).is_some_and(|locking| locking.until().is_some());
        waits && !self.is_gate(Some(index))
    }

    /// Returns whether an attempt runs within a place.
    pub fn runs_within_place(&self, place: LockPlace) -> bool {
        self.running().any(|step| self.is_within(step, place))
    }

    /// Returns whether a step is in a place, or is that place.
    pub fn is_within(&self, step: usize, place: LockPlace) -> bool {
        place.is_none_or(|of| step == of || self.around(step).any(|seat| seat.group == of))
    }

    /// Returns the locks that a step sees in expressions: those of the job, of the groups around it and its own.
    pub fn locks_seen(&self, index: usize) -> Map<String, Value> {
        let mut seen = Map::new();
        if self.lockings.places.is_empty() {
            return seen;
        }
        let around: Vec<usize> = self.around(index).map(|seat| seat.group).collect();
        let places = std::iter::once(None).chain(around.into_iter().rev().chain([index]).map(Some));
        for place in places {
            let Some(Locking::Held(locks)) = self.locking(place) else { continue };
            for lock in locks.iter() {
                let Some(key) = &lock.key else { continue };
                seen.insert(key.clone(), json!({"name": lock.name, "token": lock.token}));
            }
        }
        seen
    }

    /// Returns the owner of the locks of a place.
    pub fn lock_owner(&self, place: LockPlace) -> Owner {
        let id = &self.run.execution_id;
        let owner = Owner::new(&format!("run:{id}"), id);
        let Some(index) = place else { return owner };
        let around: Vec<usize> = self.around(index).map(|seat| seat.group).collect();
        let path: Vec<usize> = around.into_iter().rev().chain([index]).collect();
        let names = path.iter().filter_map(|step| Some(self.steps.get(*step)?.path.to_string()));
        let part = names.collect::<Vec<_>>().join("/");
        // Names of groups in groups can be longer than a part may be.
        let numbers = || path.iter().map(usize::to_string).collect::<Vec<_>>().join("/");
        Owner { part: if part.len() > SESSION_BYTES { numbers() } else { part }, ..owner }
    }

    /// Returns the step or group of the part of an owner of locks.
    pub fn lock_place(&self, part: &str) -> LockPlace {
        let last = part.rsplit('/').next()?;
        let number = || last.parse().ok().filter(|step| *step < self.steps.len());
        self.position_of(last).or_else(number)
    }

    /// Returns the id of the next ticket of a place. The same ticket is asked for again after a crash; after the end of a
    /// ticket, the next one has another id.
    pub fn lock_ticket(&self, place: LockPlace) -> String {
        let round = self.lockings.rounds.get(&place).copied().unwrap_or(0);
        let digest = Sha256::digest(format!("{}/{round}", self.lock_owner(place).part));
        format!("{}/{}", self.run.execution_id, HEXLOWER.encode(digest.get(..8).unwrap_or_default()))
    }

    /// Ends the locks of places that have ended.
    pub(super) fn release_ended(&mut self) {
        if self.lockings.places.is_empty() {
            return;
        }
        let ended = |place: &LockPlace| match place {
            None => self.status.is_terminal(),
            Some(step) => self.steps.get(*step).is_none_or(|step| !step.is_open()),
        };
        let ended: Vec<LockPlace> = self.lockings.places.keys().copied().filter(ended).collect();
        for place in ended {
            self.lockings.end(place);
        }
    }

    /// Returns whether a step, or one that made a group fail, was part of a deadlock.
    fn was_in_deadlock(&self, index: usize, outcome: &Outcome) -> bool {
        let failed = self.group(index).into_iter().flat_map(|group| &group.branches);
        let mut failed = failed.filter_map(|branch| branch.failed);
        matches!(outcome, Outcome::Deadlock { .. })
            || failed.any(|step| {
                let end = self.steps.get(step).and_then(|step| step.end.as_ref());
                end.is_some_and(|end| self.was_in_deadlock(step, &end.outcome))
            })
    }

    /// Ends the locks of a place whose next try follows a deadlock: what it holds would close the circle again.
    pub(super) fn begin_without_locks(&mut self, place: LockPlace, failed: usize, outcome: &Outcome) {
        let holds = self.lockings.places.contains_key(&place);
        if holds && self.was_in_deadlock(failed, outcome) {
            self.lockings.end(place);
        }
    }

    /// Ends the locks of all steps and groups, before another try of the run.
    pub(super) fn release_steps(&mut self) {
        let steps: Vec<LockPlace> = self.lockings.places.keys().copied().filter(Option::is_some).collect();
        for place in steps {
            self.lockings.end(place);
        }
    }
}

/// Returns the execution id of a ticket of a run.
pub fn run_of_ticket(ticket: &str) -> Option<&str> {
    let (run, hash) = ticket.rsplit_once('/')?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(run)
}

/// Returns the execution id of the actor of a run.
pub fn run_of_actor(actor: &str) -> Option<&str> {
    actor.strip_prefix("run:")
}

/// Names locks for people: ``the lock `a` ``.
pub fn named(wants: &[Want]) -> String {
    let names: Vec<String> = wants.iter().map(|want| format!("`{}`", want.name)).collect();
    let word = if names.len() == 1 { "the lock" } else { "the locks" };
    format!("{word} {}", names.join(", "))
}

#[cfg(test)]
mod tests;

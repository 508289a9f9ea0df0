//! The next action for a run.

use std::collections::{BTreeMap, BTreeSet};

use super::{LockPlace, Locking, RunState, RunStatus, StepStatus};
use crate::clock::{self, Timestamp};
use crate::job::{approval, group, worker};
use crate::reference::type_of;

/// An action for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Run an attempt.
    RunStep {
        /// The position of the step.
        step: usize,
        /// The number of the attempt.
        attempt: u32,
        /// Whether the attempt only stops work that the step has started elsewhere, because its group ends.
        cleaning_up: bool,
    },
    /// Begin a group.
    BeginGroup {
        /// The position of the group.
        step: usize,
        /// The number of the attempt.
        attempt: u32,
    },
    /// End a group whose time has run out.
    EndGroup {
        /// The position of the group.
        step: usize,
    },
    /// Take the locks of a step, a group or the job (`None`), or end their wait.
    TakeLocks {
        /// The place.
        place: LockPlace,
    },
    /// Request the approval of an approval step.
    RequestApproval {
        /// The position of the step.
        step: usize,
    },
    /// End an approval whose time has run out.
    EndApproval {
        /// The position of the step.
        step: usize,
    },
    /// Offer the work of a `worker` step to the workers.
    OfferWork {
        /// The position of the step.
        step: usize,
        /// The number of the attempt.
        attempt: u32,
    },
    /// Look at the work of a `worker` step whose time has run out, or whose group ends.
    SettleWork {
        /// The position of the step.
        step: usize,
    },
    /// Nothing: the run has ended.
    Finish(RunStatus),
}

/// The room for attempts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Room {
    /// Maximum number of attempts that run at the same time.
    pub attempts: usize,
    /// Step types of which no further attempt may start now.
    pub full: BTreeSet<String>,
}

impl From<usize> for Room {
    fn from(attempts: usize) -> Self {
        Self { attempts, full: BTreeSet::new() }
    }
}

/// The steps whose turn it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Frontier {
    /// Steps that may start, by position.
    ready: BTreeSet<usize>,
    /// Steps with an attempt that runs.
    running: BTreeSet<usize>,
    /// Steps that wait for a time.
    due: BTreeSet<(Timestamp, usize)>,
    /// The same by position, and whether the step waits for another attempt.
    due_at: BTreeMap<usize, (Timestamp, bool)>,
    /// Number of steps that wait for another attempt.
    waiting: usize,
    /// The ends of the time of groups.
    limits: BTreeSet<(Timestamp, usize)>,
}

impl Frontier {
    fn remove(&mut self, step: usize) {
        self.ready.remove(&step);
        self.running.remove(&step);
        if let Some((at, waits)) = self.due_at.remove(&step) {
            self.due.remove(&(at, step));
            self.waiting -= usize::from(waits);
        }
    }

    fn add_due(&mut self, step: usize, at: Timestamp, waits: bool) {
        self.due.insert((at, step));
        self.due_at.insert(step, (at, waits));
        self.waiting += usize::from(waits);
    }

    pub(super) fn limit(&mut self, group: usize, at: Timestamp) {
        self.limits.insert((at, group));
    }

    pub(super) fn unlimit(&mut self, group: usize, at: Timestamp) {
        self.limits.remove(&(at, group));
    }
}

/// Returns the next action for a run at a time, while there is room for its attempts. `None` when nothing may
/// start: an attempt runs, or the run waits until [`RunState::wakes_at`].
pub fn next(state: &RunState, now: Timestamp, room: &Room) -> Option<Effect> {
    if state.status.is_terminal() {
        return Some(Effect::Finish(state.status));
    }
    let frontier = &state.frontier;
    let late = frontier.limits.range(..=(now, usize::MAX)).map(|(_, group)| *group);
    if let Some(step) = late.into_iter().find(|group| !state.runs_within(*group)) {
        return Some(Effect::EndGroup { step });
    }
    let room = Some(room).filter(|room| frontier.running.len() < room.attempts);
    let due = frontier.due.range(..=(now, usize::MAX)).map(|(_, step)| *step);
    let ready = frontier.ready.iter().copied();
    due.filter(|step| state.has_room(*step)).chain(ready).find_map(|step| state.effect(step, room, now))
}

impl RunState {
    /// Returns the action for a step whose turn it is. `None` for an attempt without room.
    fn effect(&self, index: usize, room: Option<&Room>, now: Timestamp) -> Option<Effect> {
        let (definition, step) = (self.definition(index)?, self.steps.get(index)?);
        if let Some(place) = self.lock_gate(index) {
            return self.take_locks(index, place, room, now);
        }
        match definition.step_type.as_str() {
            approval::TYPE if step.status == StepStatus::Parked => Some(Effect::EndApproval { step: index }),
            approval::TYPE => Some(Effect::RequestApproval { step: index }),
            worker::TYPE if step.status == StepStatus::Parked => Some(Effect::SettleWork { step: index }),
            worker::TYPE => Some(Effect::OfferWork { step: index, attempt: step.attempt + 1 }),
            group::TYPE => Some(Effect::BeginGroup { step: index, attempt: step.attempt + 1 }),
            step_type if room.is_none_or(|room| room.full.contains(type_of(step_type))) => None,
            _ => Some(Effect::RunStep { step: index, attempt: step.attempt + 1, cleaning_up: step.halting }),
        }
    }

    /// Returns the action for a step that a place with missing locks stops. An approval whose time has run out ends
    /// without them.
    fn take_locks(
        &self,
        index: usize,
        place: LockPlace,
        room: Option<&Room>,
        now: Timestamp,
    ) -> Option<Effect> {
        let (definition, step) = (self.definition(index)?, self.steps.get(index)?);
        let step_type = definition.step_type.as_str();
        if step_type == approval::TYPE && step.status == StepStatus::Parked {
            return Some(Effect::EndApproval { step: index });
        }
        let waits = self.locking(place).and_then(Locking::until).is_some_and(|until| until > now);
        let runs = self.runs_within_place(place);
        // A step takes its locks when an attempt may follow at once.
        let is_attempt = place == Some(index) && step_type != group::TYPE;
        let has_room = room.is_some_and(|room| !room.full.contains(type_of(step_type)));
        (!waits && !runs && (has_room || !is_attempt)).then_some(Effect::TakeLocks { place })
    }

    /// Returns the positions of the steps with an attempt that runs.
    pub fn running(&self) -> impl Iterator<Item = usize> + '_ {
        self.frontier.running.iter().copied()
    }

    /// Returns the positions of the steps that wait for a time, the earliest first, with that time.
    pub fn waits(&self) -> impl Iterator<Item = (usize, Timestamp)> + '_ {
        self.frontier.due.iter().map(|(at, step)| (*step, *at))
    }

    /// Returns the first time after `now` at which a step, or the end of a group, is due.
    pub fn due_after(&self, now: Timestamp) -> Option<Timestamp> {
        let after = |times: &BTreeSet<(Timestamp, usize)>| {
            times.range((now, usize::MAX)..).map(|(at, _)| *at).find(|at| *at > now)
        };
        let gate = self.gate_times().filter(|at| *at > now).min();
        [after(&self.frontier.due), after(&self.frontier.limits), gate].into_iter().flatten().min()
    }

    /// Returns the time at which a run continues that waits. `None` for any other run.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let waits = matches!(self.status, RunStatus::Waiting | RunStatus::Parked);
        let gate = self.gate_times().min().filter(|_| waits);
        // A step behind a gate does not start when it is due.
        let may_start = |(_, step): &&(Timestamp, usize)| gate.is_none() || !self.is_behind_gate(*step);
        let first = self.frontier.due.iter().find(may_start).filter(|_| waits).map(|(at, _)| *at);
        let limit = self.frontier.limits.first().filter(|_| waits).map(|(at, _)| *at);
        [first, limit, gate].into_iter().flatten().min()
    }

    /// Returns whether a step may start or waits for a time.
    pub(super) fn has_turn(&self, index: usize) -> bool {
        self.frontier.ready.contains(&index) || self.frontier.due_at.contains_key(&index)
    }

    /// Returns whether the groups of a sleeping step have room for it.
    fn has_room(&self, index: usize) -> bool {
        let mut child = index;
        for seat in self.around(index) {
            if self.steps.get(child).is_some_and(|step| step.awake) {
                return true;
            }
            let group = self.groups.get(&seat.group);
            if group.is_some_and(|group| !group.in_order && group.active >= group.max_parallel) {
                return false;
            }
            child = seat.group;
        }
        true
    }

    pub(super) fn runs_within(&self, group: usize) -> bool {
        self.running().any(|step| self.around(step).any(|seat| seat.group == group))
    }

    /// Returns the number of sleeping steps of a group that are due and have no place yet.
    pub(super) fn due_within(&self, group: usize, at: Timestamp, most: usize) -> usize {
        let due = self.frontier.due.range(..=(at, usize::MAX)).map(|(_, step)| *step);
        due.filter(|step| self.around(*step).any(|seat| seat.group == group)).take(most).count()
    }

    /// Makes the frontier follow the status of a step whose turn it is.
    pub(super) fn refresh(&mut self, index: usize) {
        self.frontier.remove(index);
        let has_begun = self.groups.contains_key(&index);
        let Some(step) = self.steps.get(index) else { return };
        let (due, halting) = (step.not_before, step.halting);
        let mut awake = true;
        match step.status {
            StepStatus::Running if has_begun => {
                awake = self.groups.get(&index).is_some_and(|group| group.active > 0)
            }
            StepStatus::Running => {
                self.frontier.running.insert(index);
            }
            StepStatus::Pending => {
                self.frontier.ready.insert(index);
            }
            StepStatus::Parked if halting => {
                self.frontier.ready.insert(index);
            }
            status @ (StepStatus::Waiting | StepStatus::Parked) => {
                awake = false;
                let at = due.unwrap_or(clock::Timestamp::MIN_UTC);
                self.frontier.add_due(index, at, status == StepStatus::Waiting);
            }
            _ => awake = false,
        }
        self.set_awake(index, awake);
    }

    /// Takes a step out of the frontier.
    pub(super) fn leave(&mut self, index: usize) {
        self.frontier.remove(index);
        self.set_awake(index, false);
    }

    /// Empties the frontier, when the run ends or its result is fixed.
    pub(super) fn leave_all(&mut self) {
        let Frontier { ready, running, due_at, .. } = std::mem::take(&mut self.frontier);
        for index in ready.into_iter().chain(running).chain(due_at.into_keys()) {
            self.set_awake(index, false);
        }
    }

    fn set_awake(&mut self, index: usize, awake: bool) {
        let Some(step) = self.steps.get_mut(index).filter(|step| step.awake != awake) else { return };
        step.awake = awake;
        let Some(seat) = step.seat else { return };
        let Some(group) = self.groups.get_mut(&seat.group) else { return };
        group.active = if awake { group.active + 1 } else { group.active.saturating_sub(1) };
        let active = group.active > 0;
        if self.steps.get(seat.group).is_some_and(|group| group.status == StepStatus::Running) {
            self.set_awake(seat.group, active);
        }
    }

    /// Sets the status of a run that has begun and not ended.
    pub(super) fn derive_status(&mut self, at: Timestamp) {
        if self.status.is_terminal() || self.started_at.is_none() {
            return;
        }
        let frontier = &self.frontier;
        let gated = self.gate_times().next().is_some();
        let (ready, waiting) = match gated {
            false => (!frontier.ready.is_empty(), frontier.waiting > 0),
            true => {
                let free = |step: &usize| !self.is_behind_gate(*step);
                let mut waiting = frontier.due_at.iter().filter(|(_, (_, waits))| *waits);
                (frontier.ready.iter().any(free), waiting.any(|(step, _)| free(step)))
            }
        };
        self.status = match (ready || !frontier.running.is_empty(), waiting) {
            (true, _) => RunStatus::Running,
            (false, true) => RunStatus::Waiting,
            (false, false) if gated || !frontier.due.is_empty() => RunStatus::Parked,
            _ => RunStatus::Running,
        };
        match (self.status == RunStatus::Parked, self.parked_since) {
            (true, None) => self.parked_since = Some(at),
            (false, Some(since)) => {
                self.parked_since = None;
                self.parked = self.parked.checked_add(&(at - since)).unwrap_or(chrono::Duration::MAX);
            }
            _ => {}
        }
    }
}

//! Runs: the state of one execution of a job, and the one function that moves it forward.

mod admit;
mod apply;
mod blame;
mod bound;
mod budget;
mod event;
mod group;
mod inherit;
mod key;
mod locks;
mod next;
mod preview;
mod replay;
mod scope;
mod seat;
mod stop;
mod time;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::Duration;
use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use strum::VariantArray;

use crate::clock::Timestamp;
use crate::job::{Part, RetryFrom, StepDefinition};
use crate::outcome::StepEnd;
use crate::store::NewRun;

pub use admit::{Admission, AdmitError, admit, execution_id, retry_of};
pub use apply::{IllegalEvent, apply, approval_end, shortest_park};
pub use bound::{Bound, KnownStep, digest, known_steps};
pub use budget::Usage;
pub use event::Event;
pub use group::{BranchResult, BranchState, GroupBound, GroupState, Item, Stop, WaitingGroup};
pub use key::StepKey;
pub use locks::{LockPlace, Locking, TakenLock, named as named_locks, run_of_actor, run_of_ticket};
pub use next::{Effect, Room, next};
pub use preview::{Preview, SHOWN, preview};
pub use replay::{Cut, Replay};
pub use view::{RunView, StepView, cancelled};

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RunStatus {
    /// The run is admitted and has not begun.
    Queued,
    /// A worker is running it, or died while running it.
    Running,
    /// An attempt failed; the run waits for the next attempt.
    Waiting,
    /// The run waits for something outside of Stepwell: an approval, a pipeline, a file, a time.
    Parked,
    /// Every step succeeded, was skipped, or was allowed to fail.
    Success,
    /// A step failed.
    Failed,
    /// The run was cancelled.
    Cancelled,
    /// The job's time ran out.
    Timeout,
    /// The run did not begin within its `queue_timeout`.
    Expired,
}

impl RunStatus {
    /// Every status, for lists.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// Returns whether the run has ended.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Waiting | Self::Parked)
    }

    /// Returns whether the run failed, timed out or expired, so that it needs attention.
    pub fn is_dead(self) -> bool {
        matches!(self, Self::Failed | Self::Timeout | Self::Expired)
    }

    /// Returns the status with that name.
    pub fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The status of a step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StepStatus {
    /// The step has not begun.
    Pending,
    /// An attempt runs.
    Running,
    /// An attempt failed; another attempt follows.
    Waiting,
    /// The step waits for something outside.
    Parked,
    /// The step succeeded.
    Success,
    /// Its last attempt failed.
    Failed,
    /// The condition of the step was false, or the run ended before its turn.
    Skipped,
    /// The step was cancelled.
    Cancelled,
    /// The step, or the job, exceeded its time.
    Timeout,
}

impl StepStatus {
    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The state of a run, as its events define it. Cheap to clone, because large parts are shared.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// The run as it was admitted.
    pub run: Arc<NewRun>,
    /// The status of the run.
    pub status: RunStatus,
    /// The time at which the first worker claimed the run.
    pub started_at: Option<Timestamp>,
    /// The time at which the run ended.
    pub ended_at: Option<Timestamp>,
    /// The steps: first those that no `for_each` repeats, in the order of the job, and then the steps of items in
    /// the order in which their groups began. A number of a step means its position here.
    pub steps: Vec<StepState>,
    /// The positions of the steps, by their paths.
    positions: HashMap<Arc<str>, usize>,
    /// The groups that have begun.
    groups: BTreeMap<usize, GroupState>,
    /// The steps that may run, run or wait.
    frontier: next::Frontier,
    /// The time since which the run is being cancelled, or has run out of time, while groups run their `finally`.
    ending: Option<Ending>,
    /// The result of the run, from the end of its `steps` on; `on_failure` and `finally` may still run.
    pub verdict: Option<Verdict>,
    /// The reason why the engine gave up the run.
    pub fault: Option<String>,
    /// The locks of the job and its steps.
    lockings: locks::Lockings,
    /// The admitted variables, with the changes of steps.
    pub variables: Arc<Map<String, Value>>,
    /// The number of the try of the whole run, from 1.
    pub attempt: u32,
    /// The time for which the run was parked, which does not count as time of the job.
    pub parked: Duration,
    /// The time since which the run is parked.
    parked_since: Option<Timestamp>,
}

/// The result of a run's `steps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The status: `success`, `failed`, `timeout` or `cancelled`.
    pub status: RunStatus,
    /// The time of the result.
    pub at: Timestamp,
    /// The step that failed, if one did.
    pub failed: Option<usize>,
}

/// A run that ends before its steps do, while groups run their `finally`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ending {
    /// The status that follows: `cancelled` or `timeout`.
    status: RunStatus,
    at: Timestamp,
}

/// The state of one step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// The path of the step, which is unique within the run: `load`, or `each_file[3].load` for the fourth item of
    /// a group.
    pub path: Arc<str>,
    /// The number of the step in the job's [`Plan`](crate::job::Plan).
    pub node: usize,
    /// The place of the step in its group.
    seat: Option<seat::Seat>,
    /// Whether its group is ending: an attempt that runs is cancelled, and no other starts.
    pub halting: bool,
    /// Whether the step may run or runs, so that it takes a place in its group.
    awake: bool,
    /// The status of the step.
    pub status: StepStatus,
    /// Number of attempts that began.
    pub attempt: u32,
    /// Number of attempts that count: those whose end is known.
    pub counted: u32,
    /// Number of attempts in a row that died with their process.
    pub lost: u32,
    /// Whether the step was lost and has `on_lost: fail`: a person decides whether it runs again.
    pub for_a_person: bool,
    /// The earliest time of the next attempt.
    pub not_before: Option<Timestamp>,
    /// The start of the first attempt.
    pub started_at: Option<Timestamp>,
    /// The start of the last attempt of a group.
    pub group_started: Option<Timestamp>,
    /// The end of the last attempt.
    pub ended_at: Option<Timestamp>,
    /// The checkpoint that an attempt saved for the next.
    pub checkpoint: Option<String>,
    /// The end of the last attempt.
    pub end: Option<Arc<StepEnd>>,
    /// The parts of that end that this state omits ([`Replay::for_display`]).
    pub cut: Option<Cut>,
    /// The reason why the step was skipped, or the thing that it waits for.
    pub reason: Option<String>,
    /// The time since which the step is parked.
    pub parked_since: Option<Timestamp>,
    /// The time at which it was first parked in this attempt.
    pub first_parked: Option<Timestamp>,
    /// Whether the step is parked for longer than it asked for, because it has been called often.
    pub slowed: bool,
    /// The resources that all its attempts in this run have used.
    pub used: Usage,
    /// Lines and bytes of the log so far in the parts of this attempt, between which the step was parked.
    pub logged: (u64, u64),
    /// The subject of an approval.
    pub bound: Option<Arc<Bound>>,
}

impl StepState {
    fn new(path: Arc<str>, node: usize, seat: Option<seat::Seat>) -> Self {
        Self {
            path,
            node,
            seat,
            halting: false,
            awake: false,
            status: StepStatus::Pending,
            attempt: 0,
            counted: 0,
            lost: 0,
            for_a_person: false,
            not_before: None,
            started_at: None,
            group_started: None,
            ended_at: None,
            checkpoint: None,
            end: None,
            cut: None,
            reason: None,
            parked_since: None,
            first_parked: None,
            slowed: false,
            used: Usage::default(),
            logged: (0, 0),
            bound: None,
        }
    }

    /// Returns the step before its next try: its attempts, its losses in a row and the resources that it has used
    /// still count.
    fn again(&self) -> Self {
        let fresh = Self::new(self.path.clone(), self.node, self.seat);
        Self { attempt: self.attempt, lost: self.lost, started_at: self.started_at, used: self.used, ..fresh }
    }

    /// Returns one sentence: the summary of a success, the problem of a failure, or the reason why the step
    /// did not run.
    pub fn message(&self) -> String {
        let reason = self.reason.clone().unwrap_or_default();
        match &self.end {
            Some(end) if end.outcome.is_success() => end.produced.summary.clone(),
            Some(end) if reason.is_empty() => end.outcome.message(),
            Some(end) => format!("{}; {reason}", end.outcome.message()),
            None => reason,
        }
    }

    /// Returns whether the step has not ended.
    pub fn is_open(&self) -> bool {
        matches!(
            self.status,
            StepStatus::Pending | StepStatus::Waiting | StepStatus::Parked | StepStatus::Running
        )
    }
}

impl RunState {
    /// Returns the state before any event.
    pub fn new(run: NewRun) -> Self {
        let mut state = Self {
            status: RunStatus::Queued,
            started_at: None,
            ended_at: None,
            steps: Vec::with_capacity(run.job.plan().nodes().len()),
            positions: HashMap::new(),
            groups: BTreeMap::new(),
            frontier: next::Frontier::default(),
            ending: None,
            verdict: None,
            fault: None,
            lockings: locks::Lockings::default(),
            variables: Arc::new(run.variables.clone()),
            attempt: 1,
            parked: Duration::zero(),
            parked_since: None,
            run: Arc::new(run),
        };
        state.seat_all();
        state.turn_top();
        state
    }

    /// Returns the state after `events`. When the last event says that the engine gave up the run, impossible
    /// events are ignored: they are the reason.
    ///
    /// # Errors
    /// Returns the first event that cannot follow the events before it.
    pub fn replay(run: NewRun, events: &[Event]) -> Result<Self, IllegalEvent> {
        let mut replay = Replay::new(run);
        replay.add(events);
        replay.end()
    }

    /// Returns the step at which a retry of this run begins: the step that made the run fail, otherwise the
    /// first step that did not end well. `None` when every step did.
    pub fn restart_step(&self) -> Option<usize> {
        let blamed = self.verdict.and_then(|verdict| verdict.failed);
        let main = |index: &usize| self.part_of(*index) == Part::Steps;
        let known = |index| Some((index, self.definition(index)?, self.steps.get(index)?));
        let steps = || self.top().filter(main).filter_map(known);
        let bad = |step: &StepState| {
            matches!(step.status, StepStatus::Failed | StepStatus::Timeout | StepStatus::Cancelled)
        };
        let stopped = || {
            let ended = self.status != RunStatus::Success;
            steps().find(|(_, definition, step)| {
                ended && (step.ended_at.is_none() || bad(step) && !definition.continue_on_failure)
            })
        };
        let position = |(index, ..): (usize, _, _)| index;
        blamed
            .or_else(|| stopped().map(position))
            .or_else(|| steps().find(|(_, _, step)| bad(step)).map(position))
    }

    /// Returns the step outside of groups whose turn it is.
    pub(crate) fn current(&self) -> Option<usize> {
        let is_open = |top: &usize| self.steps.get(*top).is_some_and(StepState::is_open);
        self.top().find(is_open)
    }

    /// Puts the step outside of groups whose turn it is into the frontier.
    fn turn_top(&mut self) {
        let top = self.current().filter(|_| !self.status.is_terminal());
        if let Some(top) = top.filter(|top| !self.groups.contains_key(top) || !self.is_running(*top)) {
            self.refresh(top);
        }
    }

    /// Returns whether a step, or the attempt of a step, runs.
    pub fn is_running(&self, index: usize) -> bool {
        self.steps.get(index).is_some_and(|step| step.status == StepStatus::Running)
    }

    /// Returns whether the run ends before its steps do, while its groups run their `finally`.
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Returns the definition of the step at a position.
    pub fn definition(&self, index: usize) -> Option<&Arc<StepDefinition>> {
        Some(&self.node(index)?.definition)
    }

    /// Returns the list of the job that contains the step at a position.
    pub fn part_of(&self, index: usize) -> Part {
        self.node(index).map_or(Part::Steps, |node| node.part)
    }

    /// Returns an idempotency key: the same text for each attempt of a step of this run, and for no other. A
    /// run that restarts from its first step gets new keys.
    fn step_token(&self, index: usize) -> String {
        let job = &self.run.job;
        let again = job.retry.as_ref().is_some_and(|retry| retry.from == RetryFrom::Start);
        let chain = if again { self.attempt } else { 1 };
        let id = self.steps.get(index).map_or("", |step| &*step.path);
        let digest = Sha256::digest(format!("{}/{id}/{chain}", self.run.execution_id));
        HEXLOWER.encode(digest.get(..16).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores, journals and clients read the same names.
    #[test]
    fn the_name_of_a_status_is_its_name_in_json() {
        for status in RunStatus::ALL {
            assert_eq!(serde_json::json!(status), status.name());
            assert_eq!(RunStatus::of(status.name()), Some(*status));
        }
        for unknown in ["", "Queued", "queued ", "pending"] {
            assert_eq!(RunStatus::of(unknown), None, "{unknown}");
        }
        for (status, name) in [
            (StepStatus::Pending, "pending"),
            (StepStatus::Parked, "parked"),
            (StepStatus::Success, "success"),
            (StepStatus::Skipped, "skipped"),
        ] {
            assert_eq!((status.name(), serde_json::json!(status)), (name, name.into()));
        }
    }
}

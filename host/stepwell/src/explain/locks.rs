//! Explains which locks a run waits for, and who holds them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::lock::{HolderView, LockError, LockView, Name};
use stepwell_engine::project;
use stepwell_engine::run::{LockPlace, Locking, RunState};

use super::{Cause, SHOWN_WAITS};
use crate::HostError;
use crate::runs::Runs;
use crate::worker::locks::shown;

/// The maximum number of holders of a lock that an explanation shows.
const SHOWN_HOLDERS: usize = 10;

/// A holder of a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockHolder {
    /// The actor, for instance `run:ID` or `key:NAME`.
    pub actor: String,
    /// The step of the run, or the part that the actor names. Empty for the whole session.
    pub part: String,
    /// The time of the grant.
    pub since: Timestamp,
    /// The end of the lease. Absent for a lock that lasts until its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl LockHolder {
    fn of(holder: &HolderView) -> Self {
        let HolderView { actor, part, since, until, .. } = holder.clone();
        Self { actor, part, since, until }
    }

    /// Describes the holder in words.
    fn in_words(&self) -> String {
        let who = match self.actor.strip_prefix("run:") {
            Some(run) if !self.part.is_empty() => format!("run {run} step `{}`", self.part),
            Some(run) => format!("run {run}"),
            None => shown(&self.actor, &self.part),
        };
        let until = self.until.map_or_else(
            || "without a lease".to_owned(),
            |until| format!("lease until {}", clock::short(until)),
        );
        format!("{who} since {}, {until}", clock::short(self.since))
    }
}

impl Runs {
    /// Returns the locks that a run waits for.
    pub(super) async fn of_locks(&self, state: &RunState, now: Timestamp) -> Result<Vec<Cause>, HostError> {
        let mut causes = Vec::new();
        let waits: Vec<(LockPlace, Locking)> =
            state.lockings().map(|(place, locking)| (place, locking.clone())).collect();
        for (place, locking) in waits {
            if causes.len() >= SHOWN_WAITS {
                break;
            }
            let step = place.and_then(|step| state.steps.get(step)).map(|step| step.path.to_string());
            match locking {
                Locking::Held(_) => {}
                Locking::Waits { wants, until, .. } => {
                    for want in wants.iter() {
                        let ticket = state.lock_ticket(place);
                        let found = self.held(state, &want.name, &ticket, now).await?;
                        causes.extend(found.map(|found| found.cause(step.clone(), until)));
                    }
                }
                Locking::Rests { until, why, .. } => {
                    let step = step.unwrap_or_else(|| state.run.job.id.clone());
                    let fix = "none needed: the run asks for its locks again then".to_owned();
                    causes.push(Cause::Parked { step, waits_for: why, wakes_at: until, fix });
                }
            }
        }
        Ok(causes)
    }

    /// Returns a lock that a ticket waits for, with its place in the queue. `None` when it does not wait.
    async fn held(
        &self,
        state: &RunState,
        name: &Name,
        ticket: &str,
        now: Timestamp,
    ) -> Result<Option<Waiting>, HostError> {
        let project = project::of(&state.run.job.id);
        let view = match self.ctx.locks.show(project, name, now).await {
            Ok(view) => view,
            Err(LockError::UnknownLock(_)) => return Ok(None),
            Err(error) => {
                let fix = "none needed if it answers again: the run waits until then".to_owned();
                let (step, waits_for) = (name.to_string(), format!("the store of locks: {error}"));
                return Ok(Some(Waiting::Unknown(Box::new(Cause::Parked {
                    step,
                    waits_for,
                    wakes_at: now,
                    fix,
                }))));
            }
        };
        let place = view.queue.iter().position(|waiter| waiter.ticket == ticket);
        Ok(place.map(|index| Waiting::In { view, index }))
    }
}

/// Describes a lock that a step, or the job, waits for.
pub(super) fn in_words(
    (step, lock): (Option<&str>, &str),
    holders: &[LockHolder],
    position: usize,
    waiting: usize,
) -> String {
    let of = step.map_or_else(String::new, |step| format!("step `{step}` waits: "));
    let held = match holders.first() {
        Some(holder) => format!("is held by {}", holder.in_words()),
        None => "is waited for by others in front".to_owned(),
    };
    let more = match holders.len() {
        0 | 1 => String::new(),
        many => format!(", and by {} more", many - 1),
    };
    format!("{of}lock `{lock}` {held}{more}, position {position} of {waiting}")
}

/// A ticket that waits for a lock.
enum Waiting {
    /// The lock, and the place of the ticket in its queue.
    In { view: LockView, index: usize },
    /// The store of locks does not answer.
    Unknown(Box<Cause>),
}

impl Waiting {
    fn cause(self, step: Option<String>, until: Timestamp) -> Cause {
        let (view, index) = match self {
            Self::Unknown(cause) => return *cause,
            Self::In { view, index } => (view, index),
        };
        let (position, waiting) = (index + 1, view.queue.len());
        let holders: Vec<LockHolder> = view.holders.iter().take(SHOWN_HOLDERS).map(LockHolder::of).collect();
        let run = view.holders.iter().find_map(|holder| holder.actor.strip_prefix("run:"));
        let fix = match (run, holders.is_empty()) {
            (Some(run), _) => {
                format!("wait until it is released, or end its holder with `stepwell runs cancel {run}`")
            }
            (None, false) => format!(
                "wait until it is released, or take it away with `stepwell locks force-release {}`",
                view.name
            ),
            (None, true) => "none needed: its turn comes".to_owned(),
        };
        Cause::LockHeld { step, lock: view.name, holders, position, waiting, until, fix }
    }
}

//! Runs: the state of one execution of a job, and the one function that moves it forward.

mod admit;
mod apply;
mod bound;
mod budget;
mod preview;
mod replay;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use strum::VariantArray;

use crate::clock::{self, Timestamp};
use crate::job::{RetryFrom, Scope};
use crate::outcome::StepEnd;
use crate::store::NewRun;

pub use admit::{Admission, AdmitError, admit, execution_id, retry_of};
pub use apply::{Effect, IllegalEvent, apply, next};
pub use bound::{Bound, digest, known_steps};
pub use budget::Usage;
pub use preview::{Preview, SHOWN, preview};
pub use replay::{Cut, Replay};
pub use view::{RunView, StepView, cancelled};

/// An event of a run. Stores save events; the state follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first worker claimed the run.
    Started {
        /// The time of the start.
        at: Timestamp,
    },
    /// An attempt begins.
    StepStarted {
        /// The index of the step.
        step: usize,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The time of the start.
        at: Timestamp,
    },
    /// The running step saved a checkpoint. A store keeps only the last checkpoint of a run; journals of
    /// earlier versions contain all of them.
    CheckpointSaved {
        /// The index of the step.
        step: usize,
        /// The data that it saved.
        data: String,
    },
    /// An attempt ended.
    StepEnded {
        /// The index of the step.
        step: usize,
        /// The number of the attempt.
        attempt: u32,
        /// The outcome and the results.
        end: Arc<StepEnd>,
        /// The time of the end.
        at: Timestamp,
    },
    /// The condition of the step was false.
    StepSkipped {
        /// The index of the step.
        step: usize,
        /// The reason.
        reason: String,
        /// The time of the decision.
        at: Timestamp,
    },
    /// The worker of a running attempt died; the attempt is lost.
    AttemptLost {
        /// The index of the step.
        step: usize,
        /// The number of the attempt.
        attempt: u32,
        /// The time at which the loss was found.
        at: Timestamp,
    },
    /// The run was cancelled between two attempts.
    Cancelled {
        /// The time of the cancellation.
        at: Timestamp,
        /// The actor and the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The time of the job ran out between two attempts.
    TimedOut {
        /// The time of this event.
        at: Timestamp,
    },
    /// The run did not begin in time.
    Expired {
        /// The time of this event.
        at: Timestamp,
    },
    /// An `approval` step requests an approval.
    ApprovalRequested {
        /// The index of the step.
        step: usize,
        /// The question, with its templates filled in.
        message: String,
        /// The time of the request.
        at: Timestamp,
        /// The time at which the wait ends.
        until: Timestamp,
        /// The subject of the approval. `None` in a record of an earlier version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bound: Option<Arc<Bound>>,
    },
    /// An approver decided, or the time ran out.
    ApprovalDecided {
        /// The index of the step.
        step: usize,
        /// The decision.
        approved: bool,
        /// The approver. `None` when the time ran out.
        by: Option<String>,
        /// The comment of the approver.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
        /// The time of the decision.
        at: Timestamp,
    },
    /// The result of this step was copied from the run that this run retries.
    StepInherited {
        /// The index of the step.
        step: usize,
        /// The end of the step in that run.
        end: Arc<StepEnd>,
        /// The time of that end.
        at: Timestamp,
        /// The subject of the approval in that run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bound: Option<Arc<Bound>>,
    },
    /// This step was skipped in the run that this run retries, and stays skipped.
    SkipInherited {
        /// The index of the step.
        step: usize,
        /// The reason in that run.
        reason: String,
        /// The end of that run.
        at: Timestamp,
    },
    /// The engine found the run in an impossible state: a bug, or a damaged record. The run ends as failed.
    Faulted {
        /// The problem.
        message: String,
        /// The time at which it was found.
        at: Timestamp,
    },
}

impl Event {
    /// Returns the step of the event. `None` for events of the whole run.
    pub fn step(&self) -> Option<usize> {
        match self {
            Self::StepStarted { step, .. }
            | Self::CheckpointSaved { step, .. }
            | Self::StepEnded { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::ApprovalRequested { step, .. }
            | Self::ApprovalDecided { step, .. }
            | Self::StepInherited { step, .. }
            | Self::SkipInherited { step, .. }
            | Self::AttemptLost { step, .. } => Some(*step),
            Self::Started { .. }
            | Self::Cancelled { .. }
            | Self::TimedOut { .. }
            | Self::Expired { .. }
            | Self::Faulted { .. } => None,
        }
    }
}

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
    /// The steps, in the order of [`JobDefinition::all_steps`](crate::JobDefinition::all_steps).
    pub steps: Vec<StepState>,
    /// The result of the run, from the end of its `steps` on; `on_failure` and `finally` may still run.
    pub verdict: Option<Verdict>,
    /// The reason why the engine gave up the run.
    pub fault: Option<String>,
    /// The admitted variables, with the changes of steps.
    pub variables: Map<String, Value>,
    /// The number of the try of the whole run, from 1.
    pub attempt: u32,
    /// The time for which steps were parked, which does not count as time of the job.
    pub parked: Duration,
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

/// The state of one step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// The status of the step.
    pub status: StepStatus,
    /// Number of attempts that began.
    pub attempt: u32,
    /// Number of attempts that count: those whose end is known.
    pub counted: u32,
    /// Number of attempts in a row that died with their process.
    pub lost: u32,
    /// The earliest time of the next attempt.
    pub not_before: Option<Timestamp>,
    /// The start of the first attempt.
    pub started_at: Option<Timestamp>,
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

    /// Returns the values that templates of later steps see. The output may be large: it is copied once.
    fn seen(&self) -> Value {
        let produced = self.end.as_ref().map(|end| &end.produced);
        let status = Value::from(self.status.name());
        let output = produced.map(|produced| produced.output.clone()).unwrap_or_default();
        let metadata = produced.map(|produced| produced.metadata.clone()).unwrap_or_default();
        let summary = produced.map(|produced| produced.summary.clone()).unwrap_or_default();
        let seen = [
            ("status", status),
            ("output", output),
            ("metadata", Value::Object(metadata)),
            ("summary", Value::String(summary)),
        ];
        Value::Object(seen.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
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
        let fresh = StepState {
            status: StepStatus::Pending,
            attempt: 0,
            counted: 0,
            lost: 0,
            not_before: None,
            started_at: None,
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
        };
        Self {
            status: RunStatus::Queued,
            started_at: None,
            ended_at: None,
            steps: vec![fresh; run.job.step_count()],
            verdict: None,
            fault: None,
            variables: run.variables.clone(),
            attempt: 1,
            parked: Duration::zero(),
            run: Arc::new(run),
        }
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

    /// Returns whether a step has a checkpoint that a later attempt may need.
    pub fn has_checkpoint(&self) -> bool {
        self.steps.iter().any(|step| step.checkpoint.is_some())
    }

    /// Returns the time at which the job, or its `on_failure` and `finally`, runs out of time. `None` before
    /// the start.
    pub fn deadline(&self) -> Option<Timestamp> {
        if let Some(verdict) = &self.verdict {
            return Some(clock::later(verdict.at, self.run.job.finally_timeout.0));
        }
        let limit = clock::span(self.run.job.timeout_seconds.0);
        let limit = limit.checked_add(&self.parked).unwrap_or(limit);
        self.started_at.map(|started| started.checked_add_signed(limit).unwrap_or(Timestamp::MAX_UTC))
    }

    /// Returns the step at which a retry of this run begins: the step that made the run fail, otherwise the
    /// first step that did not end well. `None` when every step did.
    pub fn restart_step(&self) -> Option<usize> {
        let blamed = self.verdict.and_then(|verdict| verdict.failed);
        let steps = || self.run.job.steps.iter().zip(&self.steps);
        let bad = |step: &StepState| {
            matches!(step.status, StepStatus::Failed | StepStatus::Timeout | StepStatus::Cancelled)
        };
        let stopped = || {
            let ended = self.status != RunStatus::Success;
            steps().position(|(definition, step)| {
                ended && (step.ended_at.is_none() || bad(step) && !definition.continue_on_failure)
            })
        };
        blamed.or_else(stopped).or_else(|| steps().position(|(_, step)| bad(step)))
    }

    /// Returns the step whose turn it is.
    pub fn current(&self) -> Option<usize> {
        self.steps.iter().position(StepState::is_open)
    }

    /// Returns the time at which a waiting run continues. `None` for any other run.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let waits = matches!(self.status, RunStatus::Waiting | RunStatus::Parked);
        self.current().filter(|_| waits).and_then(|step| self.steps.get(step)?.not_before)
    }

    /// Returns the values that templates of the step at `index` see.
    pub fn scope(&self, index: usize) -> Scope {
        let job = &self.run.job;
        let text = |value: &str| Value::from(value);
        let mut scope = Scope { vars: self.variables.clone(), ..Scope::default() };
        for (definition, step) in job.all_steps().zip(&self.steps).filter(|(_, step)| !step.is_open()) {
            scope.steps.insert(definition.id.clone(), step.seen());
        }
        let started = self.started_at.unwrap_or(self.run.created_at);
        let status = self.verdict.map_or(RunStatus::Running, |verdict| verdict.status);
        for (name, value) in [
            ("execution_id", text(&self.run.execution_id)),
            ("scheduled_time", text(&view::rfc3339(self.run.scheduled_time))),
            ("start_time", text(&view::rfc3339(started))),
            ("status", text(status.name())),
            ("failed_step", self.failed_step_seen()),
            ("step_token", text(&self.step_token(index))),
        ] {
            scope.run.insert(name.to_owned(), value);
        }
        for (name, value) in [("id", &job.id), ("name", &job.name), ("timezone", &job.timezone)] {
            scope.job.insert(name.to_owned(), text(value));
        }
        scope
    }

    /// Returns the step that made the run fail, as templates see it. Null when no step did.
    fn failed_step_seen(&self) -> Value {
        let seen = self.verdict.and_then(|verdict| verdict.failed).and_then(|index| {
            let (definition, step) = (self.run.job.step(index)?, self.steps.get(index)?);
            let class = step.end.as_ref().map_or(step.status.name(), |end| end.outcome.class());
            Some(serde_json::json!({
                "id": definition.id, "status": step.status.name(), "class": class, "message": step.message(),
            }))
        });
        seen.unwrap_or_default()
    }

    /// Returns an idempotency key: the same text for each attempt of a step of this run, and for no other. A
    /// run that restarts from its first step gets new keys.
    fn step_token(&self, index: usize) -> String {
        let job = &self.run.job;
        let again = job.retry.as_ref().is_some_and(|retry| retry.from == RetryFrom::Start);
        let chain = if again { self.attempt } else { 1 };
        let id = job.step(index).map_or("", |step| step.id.as_str());
        let digest = Sha256::digest(format!("{}/{id}/{chain}", self.run.execution_id));
        HEXLOWER.encode(digest.get(..16).unwrap_or_default())
    }

    /// Returns the ends of the ended steps by id.
    pub fn ends(&self) -> BTreeMap<String, Arc<StepEnd>> {
        let steps = self.run.job.all_steps().zip(&self.steps);
        steps.filter_map(|(definition, step)| Some((definition.id.clone(), step.end.clone()?))).collect()
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

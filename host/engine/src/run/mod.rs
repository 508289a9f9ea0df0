//! Runs: the state of one execution of a job, and the one function that moves it.

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

/// What happened to a run. Events are what a store keeps; the state follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first worker took the run.
    Started {
        /// When.
        at: Timestamp,
    },
    /// An attempt begins.
    StepStarted {
        /// Index of the step.
        step: usize,
        /// From 1.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// The running step saved a checkpoint. A store holds the last one of a run only; what was written before that was so
    /// has all of them.
    CheckpointSaved {
        /// Index of the step.
        step: usize,
        /// What it saved.
        data: String,
    },
    /// An attempt ended.
    StepEnded {
        /// Index of the step.
        step: usize,
        /// Which attempt.
        attempt: u32,
        /// How, and with what.
        end: Arc<StepEnd>,
        /// When.
        at: Timestamp,
    },
    /// The condition of the step was false.
    StepSkipped {
        /// Index of the step.
        step: usize,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The worker of a running attempt died; the attempt is lost.
    AttemptLost {
        /// Index of the step.
        step: usize,
        /// Which attempt.
        attempt: u32,
        /// When that was found.
        at: Timestamp,
    },
    /// Somebody cancelled the run between two attempts.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Who, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The job's time ran out between two attempts.
    TimedOut {
        /// When.
        at: Timestamp,
    },
    /// The run did not begin in time.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// An `approval` step asks somebody.
    ApprovalRequested {
        /// Index of the step.
        step: usize,
        /// What is asked, with its templates filled in.
        message: String,
        /// When.
        at: Timestamp,
        /// When its time is over.
        until: Timestamp,
        /// What it is about; none in a record of an earlier version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bound: Option<Arc<Bound>>,
    },
    /// Somebody has decided, or nobody has in time.
    ApprovalDecided {
        /// Index of the step.
        step: usize,
        /// What.
        approved: bool,
        /// Who; none when time decided.
        by: Option<String>,
        /// In their words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
        /// When.
        at: Timestamp,
    },
    /// The result of this step was taken over from the run that this one retries.
    StepInherited {
        /// Index of the step.
        step: usize,
        /// Its end there.
        end: Arc<StepEnd>,
        /// When it ended there.
        at: Timestamp,
        /// What was approved there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bound: Option<Arc<Bound>>,
    },
    /// This step was skipped in the run that this one retries, and stays so.
    SkipInherited {
        /// Index of the step.
        step: usize,
        /// Why, there.
        reason: String,
        /// When the run ended there.
        at: Timestamp,
    },
    /// The engine found the run in a state that it cannot be in: a bug, or a damaged record. It ends as failed.
    Faulted {
        /// What is wrong.
        message: String,
        /// When that was found.
        at: Timestamp,
    },
}

impl Event {
    /// The step that it is about; none for events of the whole run.
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
    /// It is admitted and has not begun.
    Queued,
    /// A worker is running it, or died while running it.
    Running,
    /// An attempt failed; it waits for the time of the next one.
    Waiting,
    /// It waits for something outside Stepwell: an approval, a pipeline, a file, a time.
    Parked,
    /// Every step succeeded, was skipped, or was allowed to fail.
    Success,
    /// A step failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// The job's time ran out.
    Timeout,
    /// It did not begin within its `queue_timeout`.
    Expired,
}

impl RunStatus {
    /// Every status, for lists.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// True when nothing can happen any more.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Waiting | Self::Parked)
    }

    /// True when the run failed, timed out or expired: it needs attention.
    pub fn is_dead(self) -> bool {
        matches!(self, Self::Failed | Self::Timeout | Self::Expired)
    }

    /// The status of that name.
    pub fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The name as it stands in JSON.
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
    /// It has not begun.
    Pending,
    /// An attempt runs.
    Running,
    /// An attempt failed; another one follows.
    Waiting,
    /// It waits for something outside.
    Parked,
    /// It succeeded.
    Success,
    /// Its last attempt failed.
    Failed,
    /// Its condition was false, or the run ended before its turn.
    Skipped,
    /// It was cancelled.
    Cancelled,
    /// Its time, or the job's, ran out.
    Timeout,
}

impl StepStatus {
    /// The name as it stands in JSON.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A run as its events have made it. Cheap to clone: what is large is shared.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// What was admitted.
    pub run: Arc<NewRun>,
    /// Its status.
    pub status: RunStatus,
    /// When the first worker took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its steps, in the order of [`JobDefinition::all_steps`](crate::JobDefinition::all_steps).
    pub steps: Vec<StepState>,
    /// The result of the run, from the end of its `steps` on; `on_failure` and `finally` may still run.
    pub verdict: Option<Verdict>,
    /// Why the engine gave the run up.
    pub fault: Option<String>,
    /// Variables: admitted ones, with what steps set.
    pub variables: Map<String, Value>,
    /// Which try of the whole run this is, from 1.
    pub attempt: u32,
    /// Time that steps were parked; it does not count against the job's time.
    pub parked: Duration,
}

/// The result that a run's `steps` came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// `success`, `failed`, `timeout` or `cancelled`.
    pub status: RunStatus,
    /// When.
    pub at: Timestamp,
    /// The step that failed, if one did.
    pub failed: Option<usize>,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// Its status.
    pub status: StepStatus,
    /// Attempts begun.
    pub attempt: u32,
    /// Attempts that count: those whose end is known.
    pub counted: u32,
    /// Attempts in a row that died with their process.
    pub lost: u32,
    /// The earliest time of the next attempt.
    pub not_before: Option<Timestamp>,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// What an attempt saved for the next.
    pub checkpoint: Option<String>,
    /// How the last attempt ended.
    pub end: Option<Arc<StepEnd>>,
    /// What this state leaves out of that end ([`Replay::for_display`]).
    pub cut: Option<Cut>,
    /// Why it was skipped; what it waits for.
    pub reason: Option<String>,
    /// Since when it is parked.
    pub parked_since: Option<Timestamp>,
    /// When it was first parked in this attempt.
    pub first_parked: Option<Timestamp>,
    /// Whether it is parked for longer than it asked for, since it has been called often.
    pub slowed: bool,
    /// What all its attempts in this run have used.
    pub used: Usage,
    /// Lines and bytes that the log has taken in the parts of this attempt, between which the step was parked.
    pub logged: (u64, u64),
    /// What an approval is about.
    pub bound: Option<Arc<Bound>>,
}

impl StepState {
    /// How it went, in one sentence: the summary of a success, what went wrong, or why it did not run.
    pub fn message(&self) -> String {
        let reason = self.reason.clone().unwrap_or_default();
        match &self.end {
            Some(end) if end.outcome.is_success() => end.produced.summary.clone(),
            Some(end) if reason.is_empty() => end.outcome.message(),
            Some(end) => format!("{}; {reason}", end.outcome.message()),
            None => reason,
        }
    }

    /// What templates of later steps see of it. The output may be large: it is copied once.
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

    /// True while something is still to happen to it.
    pub fn is_open(&self) -> bool {
        matches!(
            self.status,
            StepStatus::Pending | StepStatus::Waiting | StepStatus::Parked | StepStatus::Running
        )
    }
}

impl RunState {
    /// The state before any event.
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

    /// The state after `events`. When the last one says that the engine gave the run up, events that cannot follow are
    /// left out: they are why.
    ///
    /// # Errors
    /// The first event that cannot follow the ones before it.
    pub fn replay(run: NewRun, events: &[Event]) -> Result<Self, IllegalEvent> {
        let mut replay = Replay::new(run);
        replay.add(events);
        replay.end()
    }

    /// Whether a step has a checkpoint that a later attempt may need.
    pub fn has_checkpoint(&self) -> bool {
        self.steps.iter().any(|step| step.checkpoint.is_some())
    }

    /// When the time of the job, or of its `on_failure` and `finally`, runs out; none before it has begun.
    pub fn deadline(&self) -> Option<Timestamp> {
        if let Some(verdict) = &self.verdict {
            return Some(clock::later(verdict.at, self.run.job.finally_timeout.0));
        }
        let limit = clock::span(self.run.job.timeout_seconds.0);
        let limit = limit.checked_add(&self.parked).unwrap_or(limit);
        self.started_at.map(|started| started.checked_add_signed(limit).unwrap_or(Timestamp::MAX_UTC))
    }

    /// The step that a retry of this run begins with: the one that made it fail, else the first that did not end well;
    /// none when every step did.
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

    /// The step whose turn it is.
    pub fn current(&self) -> Option<usize> {
        self.steps.iter().position(StepState::is_open)
    }

    /// When a run that waits goes on; none for any other.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let waits = matches!(self.status, RunStatus::Waiting | RunStatus::Parked);
        self.current().filter(|_| waits).and_then(|step| self.steps.get(step)?.not_before)
    }

    /// What templates of the step at `index` see.
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

    /// The step that made the run fail, as templates see it: null when none did.
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

    /// The same text for each attempt of a step of this run, and for no other: an idempotency key. A run that starts
    /// again from its first step gets others.
    fn step_token(&self, index: usize) -> String {
        let job = &self.run.job;
        let again = job.retry.as_ref().is_some_and(|retry| retry.from == RetryFrom::Start);
        let chain = if again { self.attempt } else { 1 };
        let id = job.step(index).map_or("", |step| step.id.as_str());
        let digest = Sha256::digest(format!("{}/{id}/{chain}", self.run.execution_id));
        HEXLOWER.encode(digest.get(..16).unwrap_or_default())
    }

    /// The ends of the steps that have ended, by id.
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

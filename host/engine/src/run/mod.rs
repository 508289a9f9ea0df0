//! Runs: the state of one execution of a job, and the one function that moves it.

mod admit;
mod apply;
mod preview;
mod view;

use std::sync::Arc;

use chrono::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::{self, Timestamp};
use crate::job::Scope;
use crate::outcome::StepEnd;
use crate::store::NewRun;

pub use admit::{Admission, AdmitError, admit, execution_id, retry_of};
pub use apply::{Effect, IllegalEvent, apply, next};
pub use preview::{Preview, SHOWN, preview};
pub use view::{RunView, StepView};

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
    /// The running step saved a checkpoint.
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
    },
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Admitted, and not begun.
    Queued,
    /// A worker moves it, or moved it and died.
    Running,
    /// An attempt failed; it waits for the time of the next one.
    Waiting,
    /// It waits for something outside: an approval, a pipeline, a file, a time.
    Parked,
    /// Every step succeeded, was skipped, or failed and may.
    Success,
    /// A step failed.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// The job's time ran out.
    Timeout,
    /// It did not begin in time.
    Expired,
}

impl RunStatus {
    /// Every status, for those who list them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Parked,
        Self::Success,
        Self::Failed,
        Self::Cancelled,
        Self::Timeout,
        Self::Expired,
    ];

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
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The name as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
            Self::Expired => "expired",
        }
    }
}

/// Where a step of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its turn has not come.
    Pending,
    /// An attempt runs.
    Running,
    /// An attempt failed, another one follows.
    Waiting,
    /// It waits for something outside.
    Parked,
    /// It succeeded.
    Success,
    /// Its last attempt failed.
    Failed,
    /// Its condition was false, or the run ended before.
    Skipped,
    /// It was cancelled.
    Cancelled,
    /// Its time, or the job's, ran out.
    Timeout,
}

impl StepStatus {
    /// The name as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
        }
    }
}

/// A run as its events have made it. Cheap to clone: what is large is shared.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// What was admitted.
    pub run: Arc<NewRun>,
    /// Where it stands.
    pub status: RunStatus,
    /// When the first worker took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its steps, in order.
    pub steps: Vec<StepState>,
    /// Variables: admitted ones, with what steps set.
    pub variables: Map<String, Value>,
    /// Which try of the whole run this is, from 1.
    pub attempt: u32,
    /// Time that steps were parked; it does not count against the job's time.
    pub parked: Duration,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// Where it stands.
    pub status: StepStatus,
    /// Attempts begun.
    pub attempt: u32,
    /// Attempts that count: those whose end is known.
    pub counted: u32,
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
    /// Why it was skipped; what it waits for.
    pub reason: Option<String>,
    /// Since when it is parked.
    pub parked_since: Option<Timestamp>,
    /// When it was first parked in this attempt.
    pub first_parked: Option<Timestamp>,
}

impl StepState {
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
            not_before: None,
            started_at: None,
            ended_at: None,
            checkpoint: None,
            end: None,
            reason: None,
            parked_since: None,
            first_parked: None,
        };
        Self {
            status: RunStatus::Queued,
            started_at: None,
            ended_at: None,
            steps: vec![fresh; run.job.steps.len()],
            variables: run.variables.clone(),
            attempt: 1,
            parked: Duration::zero(),
            run: Arc::new(run),
        }
    }

    /// The state after `events`.
    ///
    /// # Errors
    /// The first event that cannot follow the ones before it.
    pub fn replay(run: NewRun, events: &[Event]) -> Result<Self, IllegalEvent> {
        let mut state = Self::new(run);
        for event in events {
            apply(&mut state, event)?;
        }
        Ok(state)
    }

    /// When the job's time runs out; none before it has begun.
    pub fn deadline(&self) -> Option<Timestamp> {
        let limit = clock::span(self.run.job.timeout_seconds.0);
        let limit = limit.checked_add(&self.parked).unwrap_or(limit);
        self.started_at.map(|started| started.checked_add_signed(limit).unwrap_or(Timestamp::MAX_UTC))
    }

    /// The step whose turn it is.
    pub fn current(&self) -> Option<usize> {
        self.steps.iter().position(StepState::is_open)
    }

    /// What templates of the next step see.
    pub fn scope(&self) -> Scope {
        let job = &self.run.job;
        let text = |value: &str| Value::from(value);
        let mut scope = Scope { vars: self.variables.clone(), ..Scope::default() };
        for (definition, step) in job.steps.iter().zip(&self.steps) {
            let Some(produced) = step.end.as_ref().map(|end| &end.produced) else {
                if step.status == StepStatus::Skipped {
                    let skipped = serde_json::json!({"status": "skipped", "output": null, "metadata": {}, "summary": ""});
                    scope.steps.insert(definition.id.clone(), skipped);
                }
                continue;
            };
            let seen = serde_json::json!({
                "status": step.status.name(),
                "output": produced.output,
                "metadata": produced.metadata,
                "summary": produced.summary,
            });
            scope.steps.insert(definition.id.clone(), seen);
        }
        scope.run.insert("execution_id".to_owned(), text(&self.run.execution_id));
        scope.run.insert("scheduled_time".to_owned(), text(&view::rfc3339(self.run.scheduled_time)));
        let started = self.started_at.unwrap_or(self.run.created_at);
        scope.run.insert("start_time".to_owned(), text(&view::rfc3339(started)));
        for (name, value) in [("id", &job.id), ("name", &job.name), ("timezone", &job.timezone)] {
            scope.job.insert(name.to_owned(), text(value));
        }
        scope
    }

    /// Outputs of the steps that have ended, by id.
    pub fn outputs(&self) -> Map<String, Value> {
        let steps = self.run.job.steps.iter().zip(&self.steps);
        steps
            .filter_map(|(definition, step)| {
                Some((definition.id.clone(), step.end.as_ref()?.produced.output.clone()))
            })
            .collect()
    }
}

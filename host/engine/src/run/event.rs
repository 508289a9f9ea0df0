//! The events of a run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Bound, Item, StepKey, TakenLock};
use crate::clock::Timestamp;
use crate::lock::Want;
use crate::outcome::{Outcome, StepEnd};

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
        /// The step.
        step: StepKey,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The time of the start.
        at: Timestamp,
    },
    /// The running step saved a checkpoint. A store keeps only the last checkpoint of a run; journals of
    /// earlier versions contain all of them.
    CheckpointSaved {
        /// The step.
        step: StepKey,
        /// The data that it saved.
        data: String,
    },
    /// An attempt ended.
    StepEnded {
        /// The step.
        step: StepKey,
        /// The number of the attempt.
        attempt: u32,
        /// The outcome and the results.
        end: Arc<StepEnd>,
        /// The time of the end.
        at: Timestamp,
    },
    /// A group begins, or begins again: its first branches may start.
    GroupStarted {
        /// The group.
        step: StepKey,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The items of `for_each`. `None` for a group without, and for a group that begins again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Arc<Vec<Item>>>,
        /// Whether its branches run one after the other, because parallel execution is off.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_order: bool,
        /// The time of the start.
        at: Timestamp,
    },
    /// The time of a group ran out while no attempt within it ran.
    GroupTimedOut {
        /// The group.
        step: StepKey,
        /// The time of this event.
        at: Timestamp,
    },
    /// The condition of the step was false.
    StepSkipped {
        /// The step.
        step: StepKey,
        /// The reason.
        reason: String,
        /// The time of the decision.
        at: Timestamp,
    },
    /// The worker of a running attempt died; the attempt is lost.
    AttemptLost {
        /// The step.
        step: StepKey,
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
        /// The step.
        step: StepKey,
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
        /// The step.
        step: StepKey,
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
        /// The step.
        step: StepKey,
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
        /// The step.
        step: StepKey,
        /// The reason in that run.
        reason: String,
        /// The end of that run.
        at: Timestamp,
    },
    /// A step, a group or the job (`step` is absent) holds its locks.
    LocksTaken {
        /// The step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
        /// The locks with their tokens.
        locks: Vec<TakenLock>,
        /// The time of the grant.
        at: Timestamp,
    },
    /// A step, a group or the job waits for its locks.
    LocksAwaited {
        /// The step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
        /// The locks.
        wants: Vec<Want>,
        /// The start of the wait.
        at: Timestamp,
        /// The end of the wait.
        until: Timestamp,
    },
    /// A step, a group or the job asks for its locks again later.
    LocksPostponed {
        /// The step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
        /// The reason.
        why: String,
        /// The time of this event.
        at: Timestamp,
        /// The time of the next request.
        until: Timestamp,
    },
    /// A step, a group or the job has lost its locks: nothing within it runs before it holds them again.
    LocksLost {
        /// The step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
        /// The lock, and how it was lost.
        why: String,
        /// The time at which the loss was found.
        at: Timestamp,
    },
    /// The job, or a group that has begun, does not get its locks.
    LocksRefused {
        /// The group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
        /// The reason.
        outcome: Outcome,
        /// The time of the refusal.
        at: Timestamp,
    },
    /// The engine found the run in an impossible state: a bug, or a damaged record. The run ends as failed.
    Faulted {
        /// The problem.
        message: String,
        /// The time at which it was found.
        at: Timestamp,
    },
    /// A part of the journal that a store cannot read stands for the events in it. It is never written.
    #[serde(skip)]
    Unreadable,
}

impl Event {
    /// Returns the step of the event. `None` for events of the whole run.
    pub fn step(&self) -> Option<&StepKey> {
        match self {
            Self::StepStarted { step, .. }
            | Self::GroupStarted { step, .. }
            | Self::GroupTimedOut { step, .. }
            | Self::CheckpointSaved { step, .. }
            | Self::StepEnded { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::ApprovalRequested { step, .. }
            | Self::ApprovalDecided { step, .. }
            | Self::StepInherited { step, .. }
            | Self::SkipInherited { step, .. }
            | Self::AttemptLost { step, .. } => Some(step),
            Self::LocksTaken { step, .. }
            | Self::LocksAwaited { step, .. }
            | Self::LocksPostponed { step, .. }
            | Self::LocksLost { step, .. }
            | Self::LocksRefused { step, .. } => step.as_ref(),
            Self::Started { .. }
            | Self::Cancelled { .. }
            | Self::TimedOut { .. }
            | Self::Expired { .. }
            | Self::Faulted { .. }
            | Self::Unreadable => None,
        }
    }

    /// Returns the time of the event. `None` for a checkpoint and an unreadable part.
    pub(super) fn at(&self) -> Option<Timestamp> {
        match self {
            Self::CheckpointSaved { .. } | Self::Unreadable => None,
            Self::Started { at }
            | Self::StepStarted { at, .. }
            | Self::GroupStarted { at, .. }
            | Self::GroupTimedOut { at, .. }
            | Self::StepEnded { at, .. }
            | Self::StepSkipped { at, .. }
            | Self::AttemptLost { at, .. }
            | Self::Cancelled { at, .. }
            | Self::TimedOut { at }
            | Self::Expired { at }
            | Self::ApprovalRequested { at, .. }
            | Self::ApprovalDecided { at, .. }
            | Self::StepInherited { at, .. }
            | Self::SkipInherited { at, .. }
            | Self::LocksTaken { at, .. }
            | Self::LocksAwaited { at, .. }
            | Self::LocksPostponed { at, .. }
            | Self::LocksLost { at, .. }
            | Self::LocksRefused { at, .. }
            | Self::Faulted { at, .. } => Some(*at),
        }
    }
}

//! The reason for which a group stops an attempt.

use super::group::Stop;
use super::{RunState, RunStatus};
use crate::outcome::{FailureKind, Outcome};

impl RunState {
    /// Returns the outcome of an attempt with the reason for its stop. A guest learns only that it should stop, and names
    /// the run.
    #[must_use]
    pub fn with_reason_of_stop(&self, index: usize, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failed { kind: FailureKind::Cancelled, message, retryable } => {
                let message = self.why_stopped(index).unwrap_or(message);
                Outcome::Failed { kind: FailureKind::Cancelled, message, retryable }
            }
            other => other,
        }
    }

    /// Returns why a group around a step stops it. `None` when none does, or the run is cancelled.
    pub(super) fn why_stopped(&self, index: usize) -> Option<String> {
        if !self.steps.get(index)?.halting {
            return None;
        }
        let path = |step: usize| self.steps.get(step).map_or("", |step| &*step.path);
        let of_group = self.around(index).find_map(|seat| match self.group(seat.group)?.stop? {
            Stop::Failed(failed) => Some(format!("its group stopped, because `{}` failed", path(failed))),
            Stop::TimedOut(group) => Some(format!("the time of the group `{}` ran out", path(group))),
            Stop::Refused => Some(format!("the group `{}` lost its locks", path(seat.group))),
            // A group around this one has the reason.
            Stop::Cancelled => None,
        });
        of_group.or_else(|| {
            let is_late = self.ending.is_some_and(|ending| ending.status == RunStatus::Timeout);
            is_late.then(|| "the time of the job ran out".to_owned())
        })
    }
}

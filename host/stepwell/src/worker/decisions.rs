//! Decisions about approvals that arrive while other branches of a group run.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::{Event, RunState, StepKey, approval_end};
use stepwell_engine::store::{Audit, Change, Expect, Kind};

use super::Worker;
use crate::HostError;
use crate::approvals::{asks, awaited};
use crate::context::Context;

/// The time between two looks at the store for decisions.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// Maximum number of decisions that a worker reads at one time.
const MOST: u32 = 100;

/// A decision about a request for an approval, in the store for the worker that holds the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Decision {
    pub step: String,
    /// The end of the time of the request: a step that starts again asks again, perhaps about something else.
    pub until: Timestamp,
    pub approved: bool,
    pub by: String,
    pub comment: String,
    pub at: Timestamp,
}

impl Decision {
    fn id(&self, execution_id: &str) -> String {
        format!("{execution_id}/{}", self.step)
    }

    /// Returns the step, if the run still waits for this decision.
    pub fn asked(&self, state: &RunState) -> Option<usize> {
        asks(state, &self.step).filter(|(_, until, _)| *until == self.until).map(|(step, ..)| step)
    }

    /// Returns whether the step has ended with this decision.
    pub fn is_applied(&self, state: &RunState) -> bool {
        let step = state.steps.iter().find(|step| *step.path == *self.step);
        let end = step.and_then(|step| step.end.as_ref());
        let own = approval_end(self.approved, Some(&self.by), &self.comment);
        end.is_some_and(|end| end.produced.output == own.produced.output)
    }

    pub fn event(&self, step: StepKey, at: Timestamp) -> Event {
        let (approved, by, comment) = (self.approved, Some(self.by.clone()), self.comment.clone());
        Event::ApprovalDecided { step, approved, by, comment, at }
    }

    /// Leaves the decision, with its audit row, for the worker that holds the run.
    pub async fn leave(&self, ctx: &Context, execution_id: &str, audit: Audit) -> Result<(), HostError> {
        let put = Change::Put {
            kind: Kind::Decision,
            id: self.id(execution_id),
            state: execution_id.to_owned(),
            value: serde_json::to_value(self).unwrap_or_default(),
            expect: Expect::Absent,
        };
        Ok(ctx.store.write(vec![put, Change::Audit(audit)]).await?)
    }

    /// Removes the decision from the store, if it is there.
    pub async fn remove(&self, ctx: &Context, execution_id: &str) -> Result<(), HostError> {
        let (kind, id) = (Kind::Decision, self.id(execution_id));
        Ok(ctx.store.write(vec![Change::Remove { kind, id, expect: Expect::Any }]).await?)
    }
}

impl Worker<'_> {
    /// Returns whether decisions may arrive while attempts run.
    pub(super) fn awaits_decisions(&self) -> bool {
        awaited(&self.state).next().is_some()
    }

    /// Applies the decisions that are in the store.
    pub(super) async fn take_decisions(&mut self) -> Result<(), HostError> {
        let run = self.hold.execution_id.clone();
        let found = self.runs.ctx.store.records(Kind::Decision, Some(&run), "", MOST).await?;
        let mut done = Vec::new();
        for record in found {
            if let Ok(decision) = serde_json::from_value::<Decision>(record.value)
                && let Some(step) = decision.asked(&self.state)
            {
                let at = decision.at.min(self.now());
                self.push(decision.event(self.state.key(step), at))?;
            }
            done.push(Change::Remove { kind: Kind::Decision, id: record.id, expect: Expect::Any });
        }
        if !done.is_empty() {
            // A decision is removed once its event is stored.
            self.commit(stepwell_engine::store::Next::Keep).await?;
            self.runs.ctx.store.write(done).await?;
        }
        Ok(())
    }
}

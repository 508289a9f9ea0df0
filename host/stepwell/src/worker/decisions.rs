//! Decisions about approvals that arrive while other branches of a group run.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::Event;
use stepwell_engine::store::{Audit, Change, Expect, Kind};

use super::Worker;
use crate::HostError;
use crate::approvals::{asks, awaited};
use crate::context::Context;

/// The time between two looks at the store for decisions.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// Maximum number of decisions that a worker reads at one time.
const MOST: u32 = 100;

/// A decision in the store, for the worker that holds the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Decision {
    pub step: String,
    pub approved: bool,
    pub by: String,
    pub comment: String,
    pub at: Timestamp,
}

impl Decision {
    /// Returns the id of the record.
    pub fn id(execution_id: &str, step: &str) -> String {
        format!("{execution_id}/{step}")
    }

    /// Leaves the decision, with its audit row, for the worker that holds the run.
    pub async fn leave(&self, ctx: &Context, execution_id: &str, audit: Audit) -> Result<(), HostError> {
        let put = Change::Put {
            kind: Kind::Decision,
            id: Self::id(execution_id, &self.step),
            state: execution_id.to_owned(),
            value: serde_json::to_value(self).unwrap_or_default(),
            expect: Expect::Absent,
        };
        Ok(ctx.store.write(vec![put, Change::Audit(audit)]).await?)
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
                && let Some((step, _)) = asks(&self.state, &decision.step)
            {
                let Decision { approved, by, comment, at, .. } = decision;
                let (step, at) = (self.state.key(step), at.min(self.now()));
                self.push(Event::ApprovalDecided { step, approved, by: Some(by), comment, at })?;
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

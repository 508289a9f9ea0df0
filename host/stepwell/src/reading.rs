//! Reads the events of a run in parts, so that a reader holds the state in memory but not all events.

use std::collections::VecDeque;

use serde_json::Value;
use stepwell_engine::run::{Event, Replay, RunState, RunView, StepKey};
use stepwell_engine::store::{Loaded, Place};
use stepwell_engine::{Outcome, Receipt, StoreError};

use crate::HostError;
use crate::runs::Runs;

/// The maximum number of receipts of a run that are shown, and the maximum bytes of the message of each.
const RECEIPTS: usize = 10_000;
const MESSAGE: usize = 1 << 10;

impl Runs {
    /// Returns the state of a run, from its events.
    ///
    /// # Errors
    /// Fails when there is no such run.
    pub async fn get(&self, execution_id: &str) -> Result<RunState, HostError> {
        let Loaded { run, events, next } = self.ctx.store.load(execution_id).await?;
        self.replayed(execution_id, Replay::new(run), &events, next).await
    }

    /// Returns the state of a run for display, with the starts of outputs and metadata, and without
    /// variables.
    ///
    /// # Errors
    /// Fails when there is no such run.
    pub async fn shown(&self, execution_id: &str) -> Result<RunState, HostError> {
        let Loaded { run, events, next } = self.ctx.store.load(execution_id).await?;
        self.replayed(execution_id, Replay::for_display(run, None), &events, next).await
    }

    async fn replayed(
        &self,
        execution_id: &str,
        mut replay: Replay,
        first: &[Event],
        next: Option<Place>,
    ) -> Result<RunState, HostError> {
        replay.add(first);
        self.read_on(execution_id, next, |events| replay.add(&events)).await?;
        Ok(replay.end()?)
    }

    /// Reads the events of a run part by part, so that at most one part is in memory.
    pub(crate) async fn read_on(
        &self,
        execution_id: &str,
        mut next: Option<Place>,
        mut take: impl FnMut(Vec<Event>),
    ) -> Result<(), StoreError> {
        while let Some(place) = next {
            let page = self.ctx.store.events(execution_id, place).await?;
            take(page.events);
            next = page.next;
        }
        Ok(())
    }

    /// Returns the results of the attempts of a run, oldest first: the step, the attempt, its
    /// outcome with a short message, and its receipt. If there are too many, it returns the last ones.
    ///
    /// # Errors
    /// Fails when there is no such run.
    pub async fn receipts(
        &self,
        execution_id: &str,
    ) -> Result<Vec<(StepKey, u32, Outcome, Receipt)>, HostError> {
        let mut receipts = VecDeque::new();
        let mut take = |events: Vec<Event>| {
            for event in events {
                if let Event::StepEnded { step, attempt, end, .. } = event {
                    receipts.push_back((step, attempt, end.outcome.shortened(MESSAGE), end.receipt.clone()));
                }
                if receipts.len() > RECEIPTS {
                    receipts.pop_front();
                }
            }
        };
        let Loaded { events, next, .. } = self.ctx.store.load(execution_id).await?;
        take(events);
        self.read_on(execution_id, next, take).await?;
        Ok(receipts.into())
    }

    /// Returns a run for clients, with the reason for its cancellation.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn view(&self, state: &RunState) -> Result<RunView, HostError> {
        let row = self.ctx.store.row(&state.run.execution_id).await?;
        Ok(RunView::of(state, row.cancel))
    }

    /// Returns the complete output of a step, as later steps see it. `None` when the step has not succeeded, and
    /// is not a group that failed.
    ///
    /// # Errors
    /// Fails when there is no such run or step, or the store fails.
    pub async fn step_output(&self, execution_id: &str, step_id: &str) -> Result<Option<Value>, HostError> {
        let Loaded { run, events, next } = self.ctx.store.load(execution_id).await?;
        let replay = Replay::for_display(run, Some(step_id.to_owned()));
        let state = self.replayed(execution_id, replay, &events, next).await?;
        match state.position_of(step_id) {
            Some(index) => Ok(state.output(index).cloned()),
            None => Err(HostError::NoStep(execution_id.to_owned(), step_id.to_owned())),
        }
    }
}

//! The claim that this process holds on a run, and the entry point of the worker that advances the run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use stepwell_engine::run::{Replay, RunState};
use stepwell_engine::store::Claim;
use stepwell_engine::trace::Trace;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error_span};

use super::{Left, Observer, Worker};
use crate::HostError;
use crate::run_locks::RunLocks;
use crate::runs::Runs;

/// A claim that this process holds.
#[derive(Debug)]
pub(crate) struct Hold {
    pub execution_id: String,
    pub fence: u64,
    /// Cancels the run. `why` then has the reason.
    pub cancel: CancellationToken,
    pub why: Mutex<Option<String>>,
    /// Makes the worker stop at once: its claim is lost, or the process ends.
    pub abort: CancellationToken,
    /// The number of commits of this claim.
    commits: AtomicU64,
    pub locks: RunLocks,
    /// Whether the worker is releasing the run, and looks at its tickets once more after that.
    pub released: AtomicBool,
}

impl Hold {
    pub fn new(claim: &Claim, cancel: CancellationToken) -> Self {
        if claim.cancel.is_some() {
            cancel.cancel();
        }
        Self {
            execution_id: claim.run.execution_id.clone(),
            fence: claim.fence,
            cancel,
            why: Mutex::new(claim.cancel.clone()),
            abort: CancellationToken::new(),
            commits: AtomicU64::new(0),
            locks: RunLocks::of(claim),
            released: AtomicBool::new(false),
        }
    }

    /// Cancels the run.
    pub fn cancel(&self, why: &str) {
        self.why.lock().get_or_insert_with(|| why.to_owned());
        self.cancel.cancel();
    }

    /// Returns the number of the next commit.
    pub fn next_commit(&self) -> u64 {
        self.commits.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Runs {
    /// Advances the run of a hold until it ends or waits, and releases the claim.
    pub(super) async fn advance(
        &self,
        claim: Claim,
        hold: Arc<Hold>,
        observer: &dyn Observer,
    ) -> Result<(RunState, Left), HostError> {
        let Claim { run, events, next, cancel: why, .. } = claim;
        let mut replay = Replay::new(run.clone());
        replay.add(&events);
        drop(events);
        self.read_on(&run.execution_id, next, |events| replay.add(&events)).await?;
        let (state, damage) = match replay.end() {
            Ok(state) => (state, None),
            Err(illegal) => (RunState::new(run), Some(illegal)),
        };
        let saved = state.checkpoints();
        let mut worker = Worker {
            runs: self,
            observer,
            hold,
            committed: state.status,
            state,
            cancel: why,
            pending: Vec::new(),
            ended_groups: Vec::new(),
            logs: Vec::new(),
            saved,
            forget: Vec::new(),
            attempts: BTreeMap::new(),
            permits: Vec::new(),
            cleaned_up: false,
            written: None,
            audit_rows: Vec::new(),
            places: BTreeMap::new(),
            offers: BTreeMap::new(),
        };
        // The span has the level `error`, so that all log messages within it have the ids at any level.
        let trace = worker.state.run.trace.map(Trace::id);
        let ids = error_span!("run", run = worker.hold.execution_id, trace_id = trace);
        let driven = async {
            if let Some(damage) = damage {
                return worker.damaged(damage).await;
            }
            match worker.drive().await {
                // Another worker would get the same error.
                Err(HostError::Illegal(illegal)) => worker.give_up(illegal.to_string()).await,
                driven => driven,
            }
        };
        let left = driven.instrument(ids).await?;
        Ok((worker.state, left))
    }
}

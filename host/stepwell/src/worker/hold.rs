//! A claim in the hands of this process, and the worker that moves its run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use stepwell_engine::run::{Replay, RunState};
use stepwell_engine::store::Claim;
use stepwell_engine::trace::Trace;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error_span};

use super::{Left, Observer, Worker};
use crate::HostError;
use crate::runs::Runs;

/// A claim in the hands of this process.
#[derive(Debug)]
pub(crate) struct Hold {
    pub execution_id: String,
    pub fence: u64,
    /// The run is to be cancelled, and why.
    pub cancel: CancellationToken,
    pub why: Mutex<Option<String>>,
    /// The worker is to let go at once: its claim is lost, or the process ends.
    pub abort: CancellationToken,
    /// Commits of this claim.
    commits: AtomicU64,
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
        }
    }

    /// Cancels the run.
    pub fn cancel(&self, why: &str) {
        self.why.lock().get_or_insert_with(|| why.to_owned());
        self.cancel.cancel();
    }

    /// The number of the next commit.
    pub fn next_commit(&self) -> u64 {
        self.commits.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Runs {
    /// Moves the run of a hold until it has ended or waits, and gives the claim back.
    pub(super) async fn move_run(
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
            Err(illegal) => {
                (RunState::new(run), Some(format!("the record of the run is damaged: {illegal}")))
            }
        };
        let mut worker = Worker {
            runs: self,
            observer,
            hold,
            committed: state.status,
            begun: self.ctx.clock.now(),
            state,
            cancel: why,
            pending: Vec::new(),
            logs: Vec::new(),
            forget_checkpoint: damage.is_some(),
            written: 0,
            noted: Vec::new(),
        };
        // Of the level of errors, so that whatever is logged has the ids.
        let trace = worker.state.run.trace.map(Trace::id);
        let ids = error_span!("run", run = worker.hold.execution_id, trace_id = trace);
        let driven = async {
            if let Some(damage) = damage {
                return worker.give_up(damage).await;
            }
            match worker.drive().await {
                // The next worker of this run would get the same error.
                Err(HostError::Illegal(illegal)) => worker.give_up(illegal.to_string()).await,
                driven => driven,
            }
        };
        let left = driven.instrument(ids).await?;
        Ok((worker.state, left))
    }
}

//! Waits for the end of a run, and follows its log.

use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::job::Job;
use stepwell_engine::run::{Admission, RunState, admit};
use stepwell_engine::store::{Audit, Idempotency};
use tokio::sync::{oneshot, watch};

use crate::context::Context;
use crate::runs::Runs;
use crate::{Admitted, HostError};

/// The time after which a waiter asks the store whether another process has ended the run.
const AGAIN: Duration = Duration::from_millis(500);

/// A caller that waits for the end of a run.
struct Waiter {
    runs: Runs,
    execution_id: String,
    end: oneshot::Receiver<Arc<RunState>>,
}

/// The end of a run.
enum End {
    /// The run ended in this process.
    Here(Arc<RunState>),
    /// The store says that it has ended.
    Stored,
}

impl Waiter {
    async fn wait(mut self, limit: Duration) -> Result<RunState, HostError> {
        match self.ended(limit).await? {
            Some(End::Here(state)) => Ok(RunState::clone(&state)),
            Some(End::Stored) | None => self.runs.get(&self.execution_id).await,
        }
    }

    /// Waits at most `limit` for the end of the run.
    async fn ended(&mut self, limit: Duration) -> Result<Option<End>, HostError> {
        let ended = async {
            loop {
                if let Ok(Ok(state)) = tokio::time::timeout(AGAIN, &mut self.end).await {
                    return Ok(End::Here(state));
                }
                if self.runs.row(&self.execution_id).await?.status.is_terminal() {
                    return Ok(End::Stored);
                }
            }
        };
        tokio::time::timeout(limit, ended).await.ok().transpose()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.end.close();
        let mut waiters = self.runs.ctx.node.waiters.lock();
        if let Some(others) = waiters.get_mut(&self.execution_id) {
            others.retain(|waiter| !waiter.is_closed());
            if others.is_empty() {
                waiters.remove(&self.execution_id);
            }
        }
    }
}

impl Runs {
    /// Follows the log of a run. It sees only log lines that this process writes.
    pub fn follow(&self, execution_id: &str) -> Follow {
        let mut followers = self.ctx.node.followers.lock();
        let sender = followers.entry(execution_id.to_owned()).or_insert_with(|| watch::Sender::new(()));
        Follow { grown: sender.subscribe(), ctx: self.ctx.clone(), execution_id: execution_id.to_owned() }
    }

    fn waiter(&self, execution_id: &str) -> Waiter {
        let (sender, end) = oneshot::channel();
        self.ctx.node.waiters.lock().entry(execution_id.to_owned()).or_default().push(sender);
        Waiter { runs: self.clone(), execution_id: execution_id.to_owned(), end }
    }

    /// Waits at most `limit` until a run has ended, and returns its state. A run of another process is
    /// checked twice per second.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn wait(&self, execution_id: &str, limit: Duration) -> Result<RunState, HostError> {
        let waiter = self.waiter(execution_id);
        if self.ctx.store.row(execution_id).await?.status.is_terminal() {
            return self.get(execution_id).await;
        }
        waiter.wait(limit).await
    }

    /// Waits at most `limit` until a run has ended, or this process drains. Unlike [`Self::wait`], it does not
    /// read the run.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn ended(&self, execution_id: &str, limit: Duration) -> Result<(), HostError> {
        let mut waiter = self.waiter(execution_id);
        let mut left = limit;
        let mut has_ended = self.ctx.store.row(execution_id).await?.status.is_terminal();
        while !has_ended && !left.is_zero() && !self.ctx.is_draining() {
            let part = left.min(2 * AGAIN);
            has_ended = waiter.ended(part).await?.is_some();
            left = left.saturating_sub(part);
        }
        Ok(())
    }

    /// Adds a run of a job to its queue, waits at most `limit` for its end, and returns its state.
    ///
    /// # Errors
    /// Returns the errors of [`Runs::enqueue`].
    pub async fn run_queued(
        &self,
        job: &Arc<Job>,
        admission: Admission,
        idempotency: Option<Idempotency>,
        audit: Option<Audit>,
        limit: Duration,
    ) -> Result<(Admitted, RunState), HostError> {
        let run = admit(job, admission, String::new(), self.ctx.clock.now())?;
        let mut waiter = None;
        let wait = |id: &str| {
            waiter = Some(self.waiter(id));
            Ok(Vec::new())
        };
        let admitted = self.insert(run, idempotency, audit, wait).await?;
        let state = match waiter.filter(|_| !admitted.replayed) {
            Some(waiter) => waiter.wait(limit).await?,
            None => self.wait(&admitted.execution_id, limit).await?,
        };
        Ok((admitted, state))
    }
}

/// A follower of the log of a run.
pub struct Follow {
    grown: watch::Receiver<()>,
    ctx: Arc<Context>,
    execution_id: String,
}

impl Follow {
    /// Waits until this process writes to the log, or until `limit` has passed, since another node may also
    /// write.
    pub async fn grown(&mut self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.grown.changed()).await;
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let mut followers = self.ctx.node.followers.lock();
        // The count includes this follower.
        if followers.get(&self.execution_id).is_some_and(|sender| sender.receiver_count() <= 1) {
            followers.remove(&self.execution_id);
        }
    }
}

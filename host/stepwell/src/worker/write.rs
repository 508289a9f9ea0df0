//! Writes the events, log lines and checkpoints of a worker, with the fencing token of its claim.

use std::time::Duration;

use serde::Serialize;
use stepwell_engine::StoreError;
use stepwell_engine::run::{Event, StepStatus, apply};
use stepwell_engine::store::{Checkpoint, Commit, Next};
use tokio::time::sleep;

use super::{Hold, Notice, Worker, dead_letter};
use crate::HostError;
use crate::runs::Runs;

impl Worker<'_> {
    /// Stores a checkpoint, which replaces the previous one of the step, after the pending events and log lines.
    pub(super) async fn save_checkpoint(&mut self, step: usize, data: String) -> Result<(), HostError> {
        self.commit(Next::Keep).await?;
        let key = self.state.key(step);
        let checkpoint = Checkpoint {
            execution_id: self.hold.execution_id.clone(),
            fence: self.hold.fence,
            number: self.hold.next_commit(),
            place: self.state.checkpoint_place(step),
            step: key.clone(),
            data,
        };
        let store = self.runs.ctx.store.clone();
        self.runs.until_written(&self.hold, || store.save_checkpoint(checkpoint.clone())).await?;
        apply(&mut self.state, &Event::CheckpointSaved { step: key, data: checkpoint.data })?;
        self.saved.insert(step);
        Ok(())
    }

    pub(super) fn push(&mut self, event: Event) -> Result<(), HostError> {
        let groups = self.state.groups_of(event.step());
        apply(&mut self.state, &event)?;
        // A retry begins the groups again of which the run has inherited a part.
        let has_ended = |group: &usize| {
            let open = [StepStatus::Pending, StepStatus::Running];
            self.state.steps.get(*group).is_some_and(|step| !open.contains(&step.status))
        };
        for group in groups.into_iter().filter(has_ended) {
            self.runs.ctx.group_ended(&self.state, group, self.now());
            self.ended_groups.push((self.pending.len(), group));
        }
        let state = &self.state;
        let gone = |step: &usize| state.steps.get(*step).is_none_or(|step| step.checkpoint.is_none());
        let gone: Vec<usize> = self.saved.iter().copied().filter(gone).collect();
        for step in gone {
            self.saved.remove(&step);
            self.forget.push(self.state.checkpoint_place(step));
        }
        self.pending.push(event);
        Ok(())
    }

    /// Writes pending events, and notifies the observer when they are stored.
    pub(super) async fn commit(&mut self, next: Next) -> Result<(), HostError> {
        if next == Next::Keep && self.pending.is_empty() && self.logs.is_empty() {
            return Ok(());
        }
        let events = std::mem::take(&mut self.pending);
        let mut groups = std::mem::take(&mut self.ended_groups).into_iter().peekable();
        let commit = Commit {
            execution_id: self.hold.execution_id.clone(),
            fence: self.hold.fence,
            number: self.hold.next_commit(),
            events: events.clone(),
            logs: std::mem::take(&mut self.logs),
            forget_checkpoints: std::mem::take(&mut self.forget),
            status: Some(self.state.status).filter(|status| *status != self.committed),
            started_at: self.state.started_at,
            next,
            dead: (next == Next::End).then(|| dead_letter(&self.state, self.now())).flatten(),
            audit: std::mem::take(&mut self.audit_rows),
            at: self.now(),
        };
        let store = self.runs.ctx.store.clone();
        let free = self.runs.until_written(&self.hold, || store.commit(commit.clone())).await?;
        self.committed = self.state.status;
        match next {
            Next::End => self.leave_all().await,
            _ => self.leave_ended().await,
        }
        self.leave_work().await;
        if !commit.logs.is_empty() || next == Next::End {
            self.runs.ctx.logged(&self.hold.execution_id);
        }
        if next == Next::End {
            self.runs.ctx.measures.ended(&self.state, commit.at, commit.dead.is_some());
            self.runs.ctx.run_ended(&self.state, commit.at);
            let job = self.state.run.job.id.as_str();
            tracing::info!(job, status = self.state.status.name(), "the run ended");
        }
        self.runs.ctx.wake(free.iter().map(String::as_str));
        self.runs.ctx.announce_queues(free);
        for (number, event) in events.iter().enumerate() {
            let step = event.step().and_then(|key| self.state.position(key)).unwrap_or_default();
            self.observer.notice(&self.state, step, Notice::Event(event));
            while let Some((_, group)) = groups.next_if(|(last, _)| *last == number) {
                self.observer.notice(&self.state, group, Notice::GroupEnded);
            }
        }
        self.runs.ctx.notify_waiters(&self.state);
        Ok(())
    }
}

impl Runs {
    /// Writes, and retries while the store is unavailable, so that a full disk does not lose finished work.
    pub(super) async fn until_written<T, F>(&self, hold: &Hold, write: impl Fn() -> F) -> Result<T, HostError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.ctx.timed("commit", write()).await {
                Err(error) if error.is_temporary() => {
                    tracing::warn!("{}: {error}; retrying", hold.execution_id);
                    tokio::select! {
                        biased;
                        () = sleep(pause) => pause = (pause * 2).min(Duration::from_secs(2)),
                        () = hold.abort.cancelled() => {
                            return Err(StoreError::Stale(hold.execution_id.clone()).into());
                        }
                    }
                }
                written => return Ok(written?),
            }
        }
    }
}

/// Returns the length of a value as JSON, in bytes.
pub(crate) fn json_bytes(value: &impl Serialize) -> u64 {
    struct Count(u64);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // A value that cannot be serialized is not stored either.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

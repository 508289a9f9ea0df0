//! Handles losses of a run outside an attempt: panics of a worker, which are faults of Stepwell, and records that
//! cannot be read. They must not block the run until its claim expires, and must not repeat forever.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Duration;
use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::contain::{Panicked, contained, contained_future};
use stepwell_engine::run::{
    Effect, Event, IllegalEvent, Replay, Room, RunState, RunStatus, StepStatus, apply, next,
};
use stepwell_engine::store::{Claim, Commit, Loaded, Next};
use tokio_util::sync::CancellationToken;

use super::{Hold, Left, Observer, Worker, dead_letter};
use crate::HostError;
use crate::node::Held;
use crate::runs::Runs;

/// The number of consecutive losses after which a run ends, when none of its steps was next: panics, or records
/// that cannot be read.
const MOST: u32 = 3;
/// The time between two of them.
const PAUSE: Duration = Duration::seconds(10);
/// The maximum number of runs whose losses are counted.
const COUNTED: usize = 4096;

impl Runs {
    /// Advances a claimed run until it ends or waits, and releases the claim. A panic counts as a lost
    /// attempt of the step that was next.
    pub(crate) async fn work(
        &self,
        claim: Claim,
        observer: &dyn Observer,
        cancel: CancellationToken,
    ) -> Result<(RunState, Left), HostError> {
        let held = self.ctx.hold(Arc::new(Hold::new(&claim, cancel)));
        self.work_held(claim, &held, observer).await
    }

    /// Does the same for a claim that this process holds already.
    pub(crate) async fn work_held(
        &self,
        claim: Claim,
        held: &Held,
        observer: &dyn Observer,
    ) -> Result<(RunState, Left), HostError> {
        let hold = held.hold();
        if hold.abort.is_cancelled() {
            return Err(HostError::Store(StoreError::Stale(hold.execution_id.clone())));
        }
        let Panicked(what) = match contained_future(self.advance(claim, hold.clone(), observer)).await {
            Ok(advanced) => {
                self.ctx.node.panics.lock().remove(&hold.execution_id);
                return advanced;
            }
            Err(panicked) => panicked,
        };
        tracing::error!(run = hold.execution_id, "internal error: the worker panicked: {what}");
        self.ctx.measures.worker_panicked();
        let released = contained_future(self.release_after_panic(&hold)).await;
        released.unwrap_or_else(|Panicked(what)| {
            let message = format!("internal error: the worker cannot release the run: {what}");
            Err(HostError::Refused(message))
        })
    }

    /// Releases the claim of a worker that panicked, and records the consequence of the panic for the run.
    async fn release_after_panic(&self, hold: &Hold) -> Result<(RunState, Left), HostError> {
        let Loaded { run, events, next: more } = self.ctx.store.load(&hold.execution_id).await?;
        let mut replay = Replay::new(run);
        replay.add(&events);
        self.read_on(&hold.execution_id, more, |events| replay.add(&events)).await?;
        let mut state = replay.end()?;
        if state.status.is_terminal() {
            // The last commit has already released the claim.
            self.ctx.notify_waiters(&state);
            return Ok((state, Left::Ended));
        }
        let now = self.ctx.clock.now();
        let before = state.status;
        let Consequence { events, forget_checkpoints, due } = self.consequence(&mut state, hold, now)?;
        let left = match (state.status.is_terminal(), due.or(state.wakes_at())) {
            (true, _) => Left::Ended,
            (false, due) => Left::Until(due.unwrap_or(now)),
        };
        let ended = left == Left::Ended;
        let commit = Commit {
            execution_id: hold.execution_id.clone(),
            fence: hold.fence,
            number: hold.next_commit(),
            forget_checkpoints,
            events,
            logs: Vec::new(),
            status: Some(state.status).filter(|status| *status != before),
            started_at: state.started_at,
            dead: ended.then(|| dead_letter(&state, now)).flatten(),
            audit: Vec::new(),
            next: match left {
                Left::Ended => Next::End,
                Left::Until(due) => Next::Wait(due),
            },
            at: now,
        };
        let free = self.until_written(hold, || self.ctx.store.commit(commit.clone())).await?;
        if ended && state.run.job.plan().has_locks() {
            self.ctx.leave_locks(&hold.locks.project, hold.locks.owner.clone()).await;
        }
        // The code that reports the end of a run may be the code that panics.
        let reported = contained(|| {
            if ended {
                self.ctx.measures.ended(&state, now, commit.dead.is_some());
                self.ctx.run_ended(&state, now);
            }
        });
        if let Err(Panicked(what)) = reported {
            tracing::error!(
                run = hold.execution_id,
                "internal error: the end of the run is missing from metrics and traces: {what}"
            );
        }
        self.ctx.logged(&hold.execution_id);
        self.ctx.wake(free.iter().map(String::as_str));
        self.ctx.announce_queues(free);
        self.ctx.notify_waiters(&state);
        Ok((state, left))
    }

    /// Applies the consequence of a panic to a run: its attempts are lost.
    fn consequence(
        &self,
        state: &mut RunState,
        hold: &Hold,
        now: Timestamp,
    ) -> Result<Consequence, HostError> {
        let mut found = Consequence { events: Vec::new(), forget_checkpoints: Vec::new(), due: None };
        let lost = turns_of(state, now);
        if lost.is_empty() {
            // An approval and a group run no code, so no attempt is lost.
            match again(&self.ctx.node.panics, &hold.execution_id) {
                ..MOST => found.due = Some(now + PAUSE),
                count => {
                    let message = format!("the worker of the run panicked {count} times in a row");
                    found.push(state, Event::Faulted { message, at: now })?;
                }
            }
            return Ok(found);
        }
        if state.status == RunStatus::Queued {
            found.push(state, Event::Started { at: now })?;
        }
        for (step, attempt, runs) in lost {
            let key = state.key(step);
            if !runs {
                found.push(state, Event::StepStarted { step: key.clone(), attempt, at: now })?;
            }
            found.push(state, Event::AttemptLost { step: key, attempt, at: now })?;
            self.ctx.measures.attempt_lost();
            // A retried attempt continues from its checkpoint.
            if state.steps.get(step).is_none_or(|step| step.status != StepStatus::Waiting) {
                found.forget_checkpoints.push(state.checkpoint_place(step));
            }
        }
        Ok(found)
    }
}

impl Worker<'_> {
    /// Counts a loss of a run whose events cannot be read. The reason may be temporary, for instance an older
    /// program in a group of nodes, so the run is released twice. Then it ends without the damaged part. A
    /// cancelled run ends at once.
    pub(super) async fn damaged(&mut self, illegal: IllegalEvent) -> Result<Left, HostError> {
        let id = self.hold.execution_id.clone();
        let node = &self.runs.ctx.node;
        let is_last = match &illegal {
            IllegalEvent::Unreadable => again(&node.unreadable, &id) >= MOST,
            IllegalEvent::Impossible { .. } => true,
        };
        let message = format!("the stored events of the run are damaged: {illegal}");
        if is_last || self.hold.cancel.is_cancelled() {
            let left = self.give_up(message).await?;
            self.runs.ctx.node.unreadable.lock().remove(&id);
            return Ok(left);
        }
        tracing::error!("{message}");
        self.runs.ctx.measures.attempt_lost();
        let due = self.now() + PAUSE;
        self.commit(Next::Wait(due)).await?;
        Ok(Left::Until(due))
    }
}

/// Counts a loss of a run that is not an attempt of a step. Returns the number of consecutive ones.
fn again(counts: &Mutex<HashMap<String, u32>>, execution_id: &str) -> u32 {
    let mut counts = counts.lock();
    if counts.len() >= COUNTED && !counts.contains_key(execution_id) {
        counts.clear();
    }
    let count = counts.entry(execution_id.to_owned()).or_default();
    *count += 1;
    *count
}

/// The consequence of a panic for a run.
struct Consequence {
    events: Vec<Event>,
    forget_checkpoints: Vec<u32>,
    /// The time at which the run is due again, if the events do not say it.
    due: Option<Timestamp>,
}

impl Consequence {
    fn push(&mut self, state: &mut RunState, event: Event) -> Result<(), HostError> {
        apply(state, &event)?;
        self.events.push(event);
        Ok(())
    }
}

/// Returns the steps that ran or whose turn it was, each with its attempt, and whether that runs already.
fn turns_of(state: &RunState, now: Timestamp) -> Vec<(usize, u32, bool)> {
    let attempt = |step: usize| state.steps.get(step).map_or(0, |step| step.attempt);
    let running: Vec<_> = state.running().map(|step| (step, attempt(step), true)).collect();
    if !running.is_empty() {
        return running;
    }
    match next(state, now, &Room::from(1)) {
        Some(Effect::RunStep { step, attempt, .. }) => vec![(step, attempt, false)],
        _ => Vec::new(),
    }
}

//! Handles panics of a worker outside an attempt. They are faults of Stepwell: they must not block the run
//! until its claim expires, and must not repeat forever.

use std::sync::Arc;

use chrono::Duration;
use stepwell_engine::contain::{Panicked, contained, contained_future};
use stepwell_engine::run::{Effect, Event, Replay, RunState, RunStatus, StepStatus, apply, next};
use stepwell_engine::store::{Claim, Commit, Loaded, Next};
use tokio_util::sync::CancellationToken;

use super::{Hold, Left, Observer, dead_letter};
use crate::HostError;
use crate::runs::Runs;

/// The number of consecutive panics after which a run ends, when none of its steps was next.
const MOST: u32 = 3;
/// The maximum number of runs whose panics are counted.
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
        let hold = Arc::new(Hold::new(&claim, cancel));
        let _held = self.ctx.hold(hold.clone());
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
        let mut events = Vec::new();
        let mut push = |state: &mut RunState, event: Event| -> Result<(), HostError> {
            apply(state, &event)?;
            events.push(event);
            Ok(())
        };
        let due = match turn_of(&state) {
            Some((step, attempt, runs)) => {
                if state.status == RunStatus::Queued {
                    push(&mut state, Event::Started { at: now })?;
                }
                if !runs {
                    push(&mut state, Event::StepStarted { step, attempt, at: now })?;
                }
                push(&mut state, Event::AttemptLost { step, attempt, at: now })?;
                self.ctx.measures.attempt_lost();
                None
            }
            // An approval runs no code, so no attempt is lost.
            None => match self.panicked_again(&hold.execution_id) {
                ..MOST => Some(now + Duration::seconds(10)),
                count => {
                    let message = format!("the worker of the run panicked {count} times in a row");
                    push(&mut state, Event::Faulted { message, at: now })?;
                    None
                }
            },
        };
        let left = match (state.status.is_terminal(), due, next(&state)) {
            (true, ..) => Left::Ended,
            (_, Some(due), _) | (_, None, Some(Effect::RunStep { not_before: Some(due), .. })) => {
                Left::Until(due)
            }
            _ => Left::Until(now),
        };
        let ended = left == Left::Ended;
        let commit = Commit {
            execution_id: hold.execution_id.clone(),
            fence: hold.fence,
            number: hold.next_commit(),
            // A retried attempt continues from its checkpoint.
            forget_checkpoint: !state.steps.iter().any(|step| step.status == StepStatus::Waiting),
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

    /// Counts a panic of a worker while no step of the run was next. Returns the number of consecutive
    /// panics.
    fn panicked_again(&self, execution_id: &str) -> u32 {
        let mut panics = self.ctx.node.panics.lock();
        if panics.len() >= COUNTED && !panics.contains_key(execution_id) {
            panics.clear();
        }
        let count = panics.entry(execution_id.to_owned()).or_default();
        *count += 1;
        *count
    }
}

/// Returns the step that is next, its attempt, and whether the attempt already runs.
fn turn_of(state: &RunState) -> Option<(usize, u32, bool)> {
    let running = state.steps.iter().position(|step| step.status == StepStatus::Running);
    if let Some(step) = running {
        return Some((step, state.steps.get(step)?.attempt, true));
    }
    match next(state)? {
        Effect::RunStep { step, attempt, .. } => Some((step, attempt, false)),
        _ => None,
    }
}

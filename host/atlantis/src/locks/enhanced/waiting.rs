//! Waits for a lock in the queue of Stepwell.

use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::clock::Clock;
use stepwell_engine::lock::{Answer, Command, End, Held, Locks, wait_for};

use super::{ACTOR, EnhancedLocks, FAILED, Holder, TRIES, failed, name_of, uncertain};
use crate::format::ProjectLock;
use crate::locks::{LegacyError, StoredLock, TryLock, Wait};

/// The time after the end of a wait in which its ticket ends.
const GRACE: Duration = Duration::from_secs(2);

/// A ticket whose client may leave. When it does, the ticket ends: no client would release its lock.
struct Queued {
    locks: Arc<dyn Locks>,
    clock: Arc<dyn Clock>,
    project: String,
    ticket: String,
    is_over: bool,
}

impl Drop for Queued {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (locks, clock) = (self.locks.clone(), self.clock.clone());
        let (project, ticket) = (std::mem::take(&mut self.project), std::mem::take(&mut self.ticket));
        // Without a runtime, the process ends, and so does the wait when its time runs out.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(ended(&*locks, &*clock, &project, &ticket).await) });
        }
    }
}

/// Ends a ticket: its wait, or its hold.
async fn ended(
    locks: &dyn Locks,
    clock: &dyn Clock,
    project: &str,
    ticket: &str,
) -> Result<(), stepwell_engine::lock::LockError> {
    let cancel = Command::Cancel { ticket: ticket.to_owned(), by: ACTOR.to_owned() };
    if let Answer::Acquired { held, .. } = locks.run(project, cancel, clock.now()).await? {
        for Held { name, token, .. } in held {
            let release = Command::Release { name, token, by: ACTOR.to_owned() };
            locks.run(project, release, clock.now()).await?;
        }
    }
    Ok(())
}

impl EnhancedLocks {
    /// Takes a lock, and waits for it in its queue.
    pub(super) async fn waited(&self, lock: &ProjectLock, wait: &Wait) -> Result<TryLock, LegacyError> {
        let fresh = StoredLock::fresh(lock);
        let name = name_of(&fresh.lock.identity().key())?;
        for _ in 0..TRIES {
            if let Some(Holder::Pull { ticket, .. }) = self.holder(&name).await?
                && let Some(current) = self.stored(&ticket).await?
                && current.lock.pull.num == lock.pull.num
            {
                // A pull request does not wait for itself.
                return Ok(TryLock { acquired: false, current });
            }
            let mut request = self.request(&name, &fresh);
            (request.wait, request.priority) = (Some(wait.limit), wait.priority);
            let ticket = request.ticket.clone();
            let mut queued = Queued {
                locks: self.locks.clone(),
                clock: self.clock.clone(),
                project: self.project.clone(),
                ticket: ticket.clone(),
                is_over: false,
            };
            let mut answer = self.sent(request, &fresh).await?;
            if matches!(answer, Answer::Waiting { .. } | Answer::Resting { .. }) {
                let limit = wait.limit + GRACE;
                let (locks, clock) = (&*self.locks, &*self.clock);
                answer = wait_for(locks, clock, &self.project, &ticket, limit).await.map_err(uncertain)?;
            }
            if let Answer::Acquired { .. } = answer {
                queued.is_over = true;
                return Ok(TryLock { acquired: true, current: fresh });
            }
            ended(&*self.locks, &*self.clock, &self.project, &ticket).await.map_err(uncertain)?;
            queued.is_over = true;
            self.values.delete(&ticket).await.map_err(failed)?;
            if let Answer::Ended { how: End::Deadlock(cycle), .. } = answer {
                return Err(LegacyError::Deadlock { key: fresh.key, cycle });
            }
            match self.holder(&name).await? {
                Some(Holder::Stranger(by)) => return Err(LegacyError::Stranger { key: fresh.key, by }),
                Some(Holder::Pull { ticket, .. }) => {
                    if let Some(current) = self.stored(&ticket).await? {
                        return Ok(TryLock { acquired: false, current });
                    }
                }
                // It was released as the wait ended.
                None => {}
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }
}

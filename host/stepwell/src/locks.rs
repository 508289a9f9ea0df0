//! Locks with names: requests, holds, events, and the task that ends what is over.

mod audit;
mod events;
mod measures;

use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::lock::{
    Acquire, Answer, Check, Command, Held, ListFilter, LockError, LockView, Name, wait_for,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::HostError;
use crate::context::Context;
use crate::service::POLL;

pub(crate) use audit::LockAudit;
pub use events::{Deadlock, EventFilter, EventPage, LockFollow};
pub(crate) use measures::LockMeasures;

/// The number of leases and waits that one round ends.
const EACH: u32 = 1000;
/// The shortest time between two rounds, which lets other tasks run when much is over.
const SHORTEST: Duration = Duration::from_millis(5);

/// The locks of a host. Each belongs to a project.
#[derive(Clone)]
pub struct LockService {
    pub(crate) ctx: Arc<Context>,
}

impl LockService {
    /// Returns an id for a new ticket.
    pub fn new_ticket(&self) -> String {
        format!("ticket_{:032x}", fastrand::u128(..))
    }

    async fn run(&self, project: &str, command: Command) -> Result<Answer, HostError> {
        Ok(self.ctx.locks.run(project, command, self.ctx.now()).await?)
    }

    /// Takes locks, or puts their ticket into the queues. The same request again returns the state of its ticket.
    ///
    /// # Errors
    /// Fails when the request is refused, or the back end fails.
    pub async fn acquire(&self, project: &str, request: Acquire) -> Result<Answer, HostError> {
        self.run(project, Command::Acquire(Box::new(request))).await
    }

    /// Waits until a ticket neither waits nor rests, for at most `limit`, and returns its state then.
    ///
    /// # Errors
    /// Fails when there is no such ticket, or the back end fails.
    pub async fn wait(&self, project: &str, ticket: &str, limit: Duration) -> Result<Answer, HostError> {
        Ok(wait_for(&*self.ctx.locks, &*self.ctx.clock, project, ticket, limit).await?)
    }

    /// Returns the state of a ticket.
    ///
    /// # Errors
    /// Fails when there is no such ticket, or the back end fails.
    pub async fn ticket(&self, project: &str, ticket: &str) -> Result<Answer, HostError> {
        Ok(self.ctx.locks.ticket(project, ticket).await?)
    }

    /// Sets the ends of the leases of a ticket to `lease` from now. This makes no event.
    ///
    /// # Errors
    /// Fails when another actor made the ticket, there is no such ticket, or the back end fails.
    pub async fn renew(
        &self,
        project: &str,
        ticket: &str,
        by: &str,
        lease: Duration,
    ) -> Result<Answer, HostError> {
        let (ticket, by) = (ticket.to_owned(), by.to_owned());
        self.run(project, Command::RenewTicket { ticket, by, lease }).await
    }

    /// Ends a ticket: its wait, or all its holds. Returns its state then.
    ///
    /// # Errors
    /// Fails when another actor made the ticket, there is no such ticket, or the back end fails.
    pub async fn end(&self, project: &str, ticket: &str, by: &str) -> Result<Answer, HostError> {
        let cancel = Command::Cancel { ticket: ticket.to_owned(), by: by.to_owned() };
        let Answer::Acquired { held, .. } = self.run(project, cancel).await? else {
            return self.ticket(project, ticket).await;
        };
        for Held { name, token, .. } in held {
            match self.release(project, &name, token, by).await {
                // A lease may end, or a user take the lock away, before the release.
                Err(HostError::Lock(
                    LockError::Expired { .. } | LockError::Forced { .. } | LockError::Released { .. },
                )) => {}
                done => done?,
            }
        }
        self.ticket(project, ticket).await
    }

    /// Sets the end of a lease to `lease` from now, and returns the lock with its new end.
    ///
    /// # Errors
    /// Fails when this actor does not hold the lock with this token, or the back end fails.
    pub async fn extend(
        &self,
        project: &str,
        (name, token): (&Name, u64),
        by: &str,
        lease: Duration,
    ) -> Result<Held, HostError> {
        let (name, by) = (name.clone(), by.to_owned());
        let extend = Command::Extend { name: name.clone(), token, by, lease };
        match self.run(project, extend).await? {
            Answer::Extended(held) => held.into_iter().find(|held| held.token == token),
            _ => None,
        }
        .ok_or_else(|| LockError::Failed(format!("it does not return `{name}` after its extension")).into())
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// Fails when this actor does not hold the lock with this token, or the back end fails.
    pub async fn release(&self, project: &str, name: &Name, token: u64, by: &str) -> Result<(), HostError> {
        let (name, by) = (name.clone(), by.to_owned());
        self.run(project, Command::Release { name, token, by }).await.map(drop)
    }

    /// Takes a lock away from the holder with this token, or from all holders, and returns their number. The row of
    /// the audit log follows from the event, which the back end stores with the change.
    ///
    /// # Errors
    /// Fails when there is no such lock, no holder has the token, the reason is empty, or the back end fails.
    pub async fn force_release(
        &self,
        project: &str,
        (name, token): (&Name, Option<u64>),
        by: &str,
        reason: &str,
    ) -> Result<usize, HostError> {
        let (name, by, reason) = (name.clone(), by.to_owned(), reason.to_owned());
        let answer = self.run(project, Command::ForceRelease { name, token, by, reason }).await?;
        // A service makes up for it.
        if let Err(error) = LockAudit::new(self.ctx.clone()).copy(project).await {
            tracing::warn!("the events of locks are not in the audit log yet: {error}");
        }
        match answer {
            Answer::Released { holds, .. } => Ok(holds),
            _ => Ok(0),
        }
    }

    /// Returns whether a token holds a lock.
    ///
    /// # Errors
    /// Fails when the back end fails.
    pub async fn check(&self, project: &str, name: &Name, token: u64) -> Result<Check, HostError> {
        Ok(self.ctx.locks.check(project, name, token, self.ctx.now()).await?)
    }

    /// Returns a lock with its holders and its queue.
    ///
    /// # Errors
    /// Fails when there is no such lock, or the back end fails.
    pub async fn show(&self, project: &str, name: &Name) -> Result<LockView, HostError> {
        Ok(self.ctx.locks.show(project, name, self.ctx.now()).await?)
    }

    /// Returns locks that are held or waited for, by name.
    ///
    /// # Errors
    /// Fails when the back end fails.
    pub async fn list(&self, project: &str, filter: &ListFilter) -> Result<Vec<LockView>, HostError> {
        Ok(self.ctx.locks.list(project, filter, self.ctx.now()).await?)
    }

    /// Ends leases, waits and delays when they are over, until this process ends. So locks become free although no
    /// client asks about them.
    pub(crate) async fn end_what_is_over(&self) {
        let mut changes = self.ctx.locks.changes();
        while !self.ctx.is_draining() {
            let now = self.ctx.now();
            let pause = match self.ctx.locks.tick(now, EACH).await {
                Ok(next) => {
                    let until = next.map(|next| (next - now).to_std().unwrap_or_default());
                    until.map_or(POLL, |until| until.clamp(SHORTEST, POLL))
                }
                Err(error) => {
                    tracing::warn!("leases and waits of locks do not end: {error}");
                    POLL
                }
            };
            tokio::select! {
                biased;
                () = self.ctx.node.draining.cancelled() => return,
                () = sleep(pause) => {}
                // A new lease may end earlier than all others.
                () = changed(&mut changes) => sleep(SHORTEST).await,
            }
        }
    }
}

/// Waits for a change, or for lost announcements.
async fn changed<T: Clone>(changes: &mut tokio::sync::broadcast::Receiver<T>) {
    match changes.recv().await {
        Err(RecvError::Closed) => std::future::pending().await,
        Ok(_) | Err(RecvError::Lagged(_)) => {}
    }
}

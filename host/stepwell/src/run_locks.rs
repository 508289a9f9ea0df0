//! The locks of runs beside their workers: leases, the end of a run, wake-ups of runs that wait.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::lock::limits::{MAX_LEASE, MIN_LEASE};
use stepwell_engine::lock::{self, Answer, Command, End, Held, ListFilter, LockError, Owner};
use stepwell_engine::project;
use stepwell_engine::run::{run_of_actor, run_of_ticket};
use stepwell_engine::store::{Claim, Commit, Next};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

use crate::context::Context;
use crate::worker::Hold;

/// The lease of a lock, in leases of the claim of its run. The lease lasts until another worker has taken the run over.
const CLAIMS: u32 = 3;
/// The time that a lease lasts after a waiting run is due, so that a busy queue does not cost the run its locks.
const MARGIN: Duration = Duration::from_secs(600);
/// The longest time for which a run that holds locks waits without a renewal.
const LONGEST: Duration = Duration::from_secs(3600);
/// The longest time for which a run waits for locks until its worker looks, in case an announcement gets lost.
const LOOK: Duration = Duration::from_secs(60);
/// The same for a run without a queue, which may run without a service.
const LOOK_ALONE: Duration = Duration::from_secs(1);
/// The renewals that one round sends at the same time.
const RENEWALS: usize = 16;
/// The locks that the search for leftovers reads at one time.
const EACH: u32 = 1000;
/// The tries to release the locks of a run that has ended.
const TRIES: u32 = 3;

/// The locks of a claimed run.
#[derive(Debug)]
pub(crate) struct RunLocks {
    pub project: String,
    pub owner: Owner,
    known: Mutex<Known>,
    /// Wakes the worker: a ticket of the run has an event, or a lock is lost.
    pub changed: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// The tokens that the run holds.
    held: BTreeSet<u64>,
    /// The end of their leases.
    until: Option<Timestamp>,
    /// Tokens that do not hold their locks any more.
    lost: BTreeSet<u64>,
}

impl RunLocks {
    pub fn of(claim: &Claim) -> Self {
        let id = &claim.run.execution_id;
        Self {
            project: project::of(&claim.run.job.id).to_owned(),
            owner: Owner::new(&format!("run:{id}"), id),
            known: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Notes the tokens that the run holds.
    pub fn expect(&self, held: BTreeSet<u64>, until: Timestamp) {
        let mut known = self.known.lock();
        known.lost.retain(|token| held.contains(token));
        known.held = held;
        known.until = Some(until);
    }

    /// Returns the lost tokens that were not taken before.
    pub fn take_lost(&self) -> BTreeSet<u64> {
        std::mem::take(&mut self.known.lock().lost)
    }

    fn held(&self) -> BTreeSet<u64> {
        self.known.lock().held.clone()
    }

    /// Notes that, of the tokens that the run held `before`, these hold their locks until then.
    pub fn renewed(&self, before: &BTreeSet<u64>, held: &[Held], until: Timestamp) {
        let mut known = self.known.lock();
        let kept: BTreeSet<u64> = held.iter().map(|held| held.token).collect();
        let lost: Vec<u64> = before.difference(&kept).copied().filter(|t| known.held.contains(t)).collect();
        known.until = Some(until);
        if !lost.is_empty() {
            known.lost.extend(lost);
            self.changed.notify_one();
        }
    }

    /// Notes that the leases could not be renewed. They are lost when they are over.
    fn not_renewed(&self, now: Timestamp) {
        let mut known = self.known.lock();
        if known.until.is_some_and(|until| until <= now) {
            let held = known.held.clone();
            known.lost.extend(held);
            self.changed.notify_one();
        }
    }
}

impl Context {
    /// Returns the lease of the locks of a run that a worker advances.
    pub(crate) fn lock_lease(&self) -> Duration {
        (self.settings().config.service.lease.0 * CLAIMS).clamp(MIN_LEASE, MAX_LEASE)
    }

    /// Returns the time until which a run with locks may wait at most, and their lease for this time.
    pub(crate) fn lock_pause(&self, until: Timestamp, now: Timestamp) -> (Timestamp, Duration) {
        let until = until.min(clock::later(now, LONGEST));
        let pause = (until - now).to_std().unwrap_or_default();
        (until, (pause + MARGIN.max(self.lock_lease())).clamp(MIN_LEASE, MAX_LEASE))
    }

    /// Returns the time at which a run that waits for locks looks at its tickets.
    pub(crate) fn lock_look(&self, queued: bool, until: Timestamp, now: Timestamp) -> Timestamp {
        until.min(clock::later(now, if queued { LOOK } else { LOOK_ALONE }))
    }

    /// Renews the locks of the runs that this process works on.
    pub(crate) async fn renew_locks(&self, holds: &[Arc<Hold>]) {
        let lease = self.lock_lease();
        let with_locks = holds.iter().filter(|hold| !hold.locks.held().is_empty());
        let renewals = futures_util::stream::iter(with_locks).for_each_concurrent(RENEWALS, |hold| async {
            let (locks, before, now) = (&hold.locks, hold.locks.held(), self.clock.now());
            let renew = Command::Renew { owner: locks.owner.clone(), lease };
            let renewed = self.locks.run(&locks.project, renew, now);
            // A back end that does not answer must not delay the renewals of claims.
            let renewed = tokio::time::timeout(self.renew_every(), renewed).await;
            match renewed.unwrap_or_else(|_| Err(LockError::Unavailable("no answer in time".to_owned()))) {
                Ok(Answer::Extended(held)) => locks.renewed(&before, &held, clock::later(now, lease)),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(run = hold.execution_id, "cannot renew the locks of the run: {error}");
                    locks.not_renewed(self.clock.now());
                }
            }
        });
        renewals.await;
    }

    /// Releases everything that a run, or a part of it, holds or waits for. Returns whether that is done.
    pub(crate) async fn leave_locks(&self, project: &str, owner: Owner) -> bool {
        let mut pause = Duration::from_millis(100);
        for _ in 0..TRIES {
            let leave = Command::Leave { owner: owner.clone() };
            match self.locks.run(project, leave, self.clock.now()).await {
                Ok(_) => return true,
                Err(error) => tracing::warn!("cannot release the locks of {owner}: {error}"),
            }
            tokio::time::sleep(pause).await;
            pause *= 4;
        }
        false
    }

    /// Acts on the events of the tickets of runs, until the service ends. Another task ends leases and waits.
    pub(crate) async fn watch_locks(self: Arc<Self>) {
        let mut changes = self.locks.changes();
        loop {
            let change = tokio::select! {
                biased;
                () = self.node.draining.cancelled() => return,
                change = changes.recv() => change,
            };
            match change {
                Ok(change) => self.ticket_changed(&change).await,
                // Changes were lost: the workers of this process look at their tickets. Parked runs look when they
                // are due.
                Err(RecvError::Lagged(_)) => {
                    self.held().iter().for_each(|hold| hold.locks.changed.notify_one());
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Wakes a run whose ticket has an event: its worker, or the run itself when it waits.
    async fn ticket_changed(self: &Arc<Self>, change: &lock::Change) {
        let Some(run) = run_of_ticket(&change.ticket) else { return };
        let hold = self.held_run(run).filter(|hold| !hold.released.load(Ordering::Acquire));
        if let Some(hold) = hold {
            hold.locks.changed.notify_one();
            return;
        }
        let answer = self.locks.ticket(&change.project, &change.ticket).await;
        let over = matches!(
            answer,
            Ok(Answer::Acquired { .. }
                | Answer::Ended { how: End::TimedOut | End::Deadlock(_) | End::Cancelled, .. })
        );
        if over {
            self.wake_run(run).await;
        }
    }

    /// Makes a run due that waits and that no worker holds.
    pub(crate) async fn wake_run(self: &Arc<Self>, execution_id: &str) {
        let now = self.clock.now();
        let row = match self.store.row(execution_id).await {
            Ok(row) => row,
            Err(error) => {
                if !matches!(error, StoreError::NotFound(_)) {
                    tracing::warn!(run = execution_id, "cannot wake the run: {error}");
                }
                return;
            }
        };
        let held = row.claimed_until.is_some_and(|until| until > now);
        if row.status.is_terminal() || held || row.wakes_at.is_none_or(|at| at <= now) {
            return;
        }
        let claim = self.store.claim_run(execution_id, self.worker(), now, self.lease_from(now)).await;
        // Another process works on the run, and looks at its tickets.
        let Ok(claim) = claim else { return };
        let commit = Commit {
            execution_id: execution_id.to_owned(),
            fence: claim.fence,
            number: 1,
            events: Vec::new(),
            logs: Vec::new(),
            forget_checkpoints: Vec::new(),
            status: None,
            started_at: None,
            dead: None,
            audit: Vec::new(),
            next: Next::Wait(now),
            at: now,
        };
        if let Err(error) = self.store.commit(commit).await {
            tracing::warn!(run = execution_id, "cannot wake the run: {error}");
        }
        self.wake(row.queue.as_deref());
        self.announce_queues(row.queue);
    }

    /// Releases the locks of a holder whose run has ended, after a crash between the two.
    pub(crate) async fn release_leftover(&self, project: &str, actor: &str, session: &str) {
        let Some(run) = run_of_actor(actor) else { return };
        let ended = match self.store.row(run).await {
            Ok(row) => row.status.is_terminal(),
            Err(StoreError::NotFound(_)) => true,
            Err(_) => false,
        };
        if ended {
            tracing::info!(run, "the locks of a run that has ended are released");
            self.leave_locks(project, Owner::new(actor, session)).await;
        }
    }

    /// Releases the locks of all runs that have ended.
    pub(crate) async fn release_leftovers(&self) -> Result<(), LockError> {
        let configured = self.settings().config.projects.keys().cloned().collect::<Vec<_>>();
        for project in configured.iter().map(String::as_str).chain([project::DEFAULT]) {
            let mut after = None;
            loop {
                let filter = ListFilter { prefix: String::new(), after: after.clone(), limit: EACH };
                let page = self.locks.list(project, &filter, self.clock.now()).await?;
                let holders = page.iter().flat_map(|lock| &lock.holders);
                let waiters = page.iter().flat_map(|lock| &lock.queue);
                let mut actors: BTreeSet<(String, String)> =
                    holders.map(|one| (one.actor.clone(), one.session.clone())).collect();
                actors.extend(waiters.map(|one| (one.actor.clone(), one.session.clone())));
                for (actor, session) in actors {
                    self.release_leftover(project, &actor, &session).await;
                }
                let full = page.len() >= EACH as usize;
                let Some(last) = page.last().filter(|_| full) else { break };
                after = Some(lock::Name::new(&last.name)?);
            }
        }
        Ok(())
    }
}

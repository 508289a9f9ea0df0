//! The operations of users on runs, and the execution of a run by its caller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::run::{Admission, Event, RunState, retry_of};
use stepwell_engine::store::{
    Audit, Change, Claim, Idempotency, LogPage, LogPlace, LogRecord, RunFilter, RunRow, Wake,
};
use stepwell_engine::{JobDefinition, StoreError};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::worker::{Left, Silent};
use crate::{Admitted, HostError, Observer, Retry};

/// The pause before a claim is tried again while another process briefly holds the run.
const HELD_BRIEFLY: Duration = Duration::from_millis(50);

/// The time for which a caller waits until the run that it cancelled has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of log lines per read.
const LOG_PAGE: u32 = 1000;

/// The maximum number of files and directories in the workspace that a retry copies.
const MOST_FILES: usize = 100_000;

/// The runs of a host.
#[derive(Clone)]
pub struct Runs {
    pub(crate) ctx: Arc<Context>,
}

impl Runs {
    /// Admits a job: saves it as a run that is due now, for a caller of [`Runs::resume`], and returns the id
    /// of the run. [`Runs::enqueue`] adds the run to a queue for a service instead.
    ///
    /// # Errors
    /// Fails when the job is disabled, the job lacks a variable, or the store fails.
    pub async fn submit(
        &self,
        job: JobDefinition,
        variables: BTreeMap<String, Value>,
    ) -> Result<String, HostError> {
        let admission = Admission { variables, queued: false, ..Admission::default() };
        Ok(self.enqueue(&Arc::new(job.into()), admission, None, None).await?.execution_id)
    }

    /// Executes a run to its end: from its start, or from the first unfinished step when an earlier process
    /// died. A finished step never runs again. `cancel` ends the run as cancelled.
    ///
    /// # Errors
    /// Fails when there is no such run, another process works on it, the host shuts down, or the store fails. A
    /// failed run is not an error.
    pub async fn resume(
        &self,
        execution_id: &str,
        observer: &dyn Observer,
        cancel: CancellationToken,
    ) -> Result<RunState, HostError> {
        let renewals = self.ctx.start_renewals();
        // `Host::shutdown` waits for it.
        let _tracked = self.ctx.node.tasks.token();
        self.key_is_free(execution_id).await?;
        let mut began = false;
        loop {
            self.still_runs(execution_id)?;
            let claim = match self.claim(execution_id).await {
                // Another process cancels the run or decides about its approval, and then releases it.
                Err(StoreError::Claimed(..)) if began => {
                    tokio::time::sleep(HELD_BRIEFLY).await;
                    if self.ctx.store.row(execution_id).await?.status.is_terminal() {
                        return self.get(execution_id).await;
                    }
                    continue;
                }
                claim => claim?,
            };
            began = true;
            let (state, left) = match self.work(claim, observer, cancel.clone()).await {
                // It was released at the end of the time for running steps.
                Err(HostError::Store(StoreError::Stale(_))) if self.ctx.is_draining() => continue,
                worked => worked?,
            };
            let Left::Until(due) = left else {
                drop(renewals);
                return Ok(state);
            };
            if self.pause_until(execution_id, due, &cancel).await? {
                return self.get(execution_id).await;
            }
        }
    }

    /// Refuses a run when this host shuts down. The run waits for another process, or for the next start.
    fn still_runs(&self, execution_id: &str) -> Result<(), HostError> {
        if !self.ctx.is_draining() {
            return Ok(());
        }
        Err(HostError::Refused(format!("this host has shut down, and the run {execution_id} has not ended")))
    }

    /// Refuses a run whose concurrency key is taken. The run is in no queue, so no worker would start it
    /// later.
    async fn key_is_free(&self, execution_id: &str) -> Result<(), HostError> {
        let standing = self.ctx.store.standing(execution_id, self.ctx.clock.now()).await?;
        let Some((key, limit, holders)) = standing.key else { return Ok(()) };
        if holders.iter().any(|id| id == execution_id) || holders.len() < limit as usize {
            return Ok(());
        }
        let held = holders.join(", ");
        Err(HostError::Refused(format!(
            "the concurrency key `{key}` is held by {held}; when it is free, use `stepwell run --resume {execution_id}`"
        )))
    }

    /// Waits until a run is due, approved or cancelled. Returns whether the run has ended.
    async fn pause_until(
        &self,
        execution_id: &str,
        due: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<bool, HostError> {
        while !cancel.is_cancelled() && !self.ctx.is_draining() {
            let now = self.ctx.clock.now();
            let row = self.ctx.store.row(execution_id).await?;
            // A process that decides about an approval claims the run briefly.
            let free = row.claimed_until.is_none() && row.wakes_at.is_none_or(|at| at <= now);
            if row.status.is_terminal() || free || due <= now || row.cancel.is_some() {
                return Ok(row.status.is_terminal());
            }
            let pause = (due - now).to_std().unwrap_or_default().min(Duration::from_millis(500));
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                () = self.ctx.node.draining.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        Ok(false)
    }

    /// Claims a run for this process.
    async fn claim(&self, execution_id: &str) -> Result<Claim, StoreError> {
        let now = self.ctx.clock.now();
        let claim = |now| {
            self.ctx.store.claim_run(
                execution_id,
                self.ctx.worker(),
                now,
                self.ctx.lease_from(self.ctx.clock.now()),
            )
        };
        match claim(now).await {
            Err(StoreError::Claimed(id, until)) => {
                // The holder of the claim may be a dead process of this machine.
                self.ctx.expire_dead_workers().await?;
                match claim(self.ctx.clock.now()).await {
                    Err(StoreError::Claimed(..)) => Err(StoreError::Claimed(id, until)),
                    claimed => claimed,
                }
            }
            claimed => claimed,
        }
    }

    /// Lists runs, newest first.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self, filter: &RunFilter) -> Result<Vec<RunRow>, HostError> {
        Ok(self.ctx.store.list(filter).await?)
    }

    /// Returns the row of a run: its status, and its place in its queue.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn row(&self, execution_id: &str) -> Result<RunRow, HostError> {
        Ok(self.ctx.store.row(execution_id).await?)
    }

    /// Returns the job that a run was admitted with.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn job(&self, execution_id: &str) -> Result<Arc<Job>, HostError> {
        Ok(self.ctx.store.latest(execution_id).await?.0)
    }

    /// Returns the path of the step or group of a run that began last. `None` when the last events of the run begin
    /// none.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn at(&self, execution_id: &str) -> Result<Option<String>, HostError> {
        let (job, events) = self.ctx.store.latest(execution_id).await?;
        let begun = events.iter().rev().find_map(|event| match event {
            Event::StepStarted { step, .. } | Event::GroupStarted { step, .. } => Some(step.path(&job)),
            _ => None,
        });
        Ok(begun)
    }

    /// Returns the whole log of a run.
    ///
    /// # Errors
    /// Fails when there is no such run.
    pub async fn logs(&self, execution_id: &str) -> Result<Vec<LogRecord>, HostError> {
        self.ctx.store.row(execution_id).await?;
        let (mut records, mut place) = (Vec::new(), LogPlace::default());
        loop {
            let page = self.ctx.store.log_page(execution_id, place, LOG_PAGE).await?;
            if page.records.is_empty() {
                return Ok(records);
            }
            records.extend(page.records);
            place = page.next;
        }
    }

    /// Returns a page of the log of a run, from a position that an earlier page returned.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn log_page(
        &self,
        execution_id: &str,
        from: LogPlace,
        limit: u32,
    ) -> Result<LogPage, HostError> {
        Ok(self.ctx.store.log_page(execution_id, from, limit).await?)
    }

    /// Cancels a run. A running step stops, with its guest and the host's work for it. A waiting run has
    /// ended when this function returns.
    ///
    /// # Errors
    /// Fails when there is no such run, it has ended, or the store fails.
    pub async fn cancel(&self, execution_id: &str, why: &str, audit: Audit) -> Result<RunRow, HostError> {
        let row = self.ctx.store.row(execution_id).await?;
        if row.status.is_terminal() {
            return Err(HostError::Refused(format!(
                "the run {execution_id} has ended: {}",
                row.status.name()
            )));
        }
        let now = self.ctx.clock.now();
        self.ctx.store.request_cancel(execution_id, why, now, Some(audit)).await?;
        self.ctx.cancel_held(&[execution_id.to_owned()], why);
        if row.claimed_until.is_none_or(|until| until <= now) {
            // No worker holds the run, so this process ends it. If that fails, a worker ends it.
            let claim = self
                .ctx
                .store
                .claim_run(execution_id, self.ctx.worker(), now, self.ctx.lease_from(now))
                .await;
            if let Ok(claim) = claim {
                self.clean_up(claim).await?;
            }
        }
        self.ctx.wake(row.queue.as_deref());
        self.ctx.announce_queues(row.queue);
        self.ctx.store.announce(Wake::Claims);
        Ok(self.ctx.store.row(execution_id).await?)
    }

    /// Ends a cancelled run that no worker holds. Its `finally` may take long: a process that serves queues continues
    /// after [`PATIENCE`], also when the caller has gone away, and the caller sees a run that has not ended.
    async fn clean_up(&self, claim: Claim) -> Result<(), HostError> {
        let runs = self.clone();
        let job = claim.run.job.id.to_string();
        let work = async move { runs.work(claim, &Silent, CancellationToken::default()).await.map(drop) };
        let Some(guests) = self.ctx.node.guests.get() else {
            // The process of a command has nothing else to do.
            return self.ctx.node.tasks.spawn(work).await.unwrap_or(Ok(()));
        };
        let Some((threads, work)) = guests.place(job, work) else { return Ok(()) };
        let ended = self.ctx.node.tasks.spawn_on(work, threads);
        match tokio::time::timeout(PATIENCE, ended).await {
            Ok(Ok(Some(ended))) => ended,
            // The run continues, or its worker has left it to another one.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Retries an ended run as a new run: from its failed step or from the start, with its own job or with
    /// another one. A run without a failed step starts from the beginning, and [`Admitted::note`] says so. A
    /// repeated request returns the run of the first one.
    ///
    /// # Errors
    /// Fails when there is no such run, it has not ended, or it cannot be admitted.
    pub async fn retry(&self, execution_id: &str, retry: Retry, audit: Audit) -> Result<Admitted, HostError> {
        match self.started_before(retry.idempotency.as_ref()).await? {
            Some(admitted) => Ok(admitted),
            None => self.retry_with(execution_id, retry, audit, |_| Vec::new()).await,
        }
    }

    /// Returns the run that an earlier request with the same idempotency key started.
    pub(crate) async fn started_before(
        &self,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Admitted>, HostError> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        let found = self.ctx.store.replayed(idempotency).await?;
        Ok(found.map(|execution_id| Admitted { execution_id, replayed: true, note: None }))
    }

    /// Retries a run like [`Runs::retry`]. `with` receives the id of the new run, and returns the changes
    /// that the same transaction writes.
    pub(crate) async fn retry_with(
        &self,
        execution_id: &str,
        Retry { from_start, job, idempotency }: Retry,
        audit: Audit,
        with: impl Fn(&str) -> Vec<Change> + Send,
    ) -> Result<Admitted, HostError> {
        let old = self.get(execution_id).await?;
        if !old.status.is_terminal() {
            return Err(HostError::Refused(format!(
                "the run {execution_id} has not ended: it is {}",
                old.status.name()
            )));
        }
        let job = job.unwrap_or_else(|| old.run.job.clone());
        let run = retry_of(&old, &job, from_start, String::new(), self.ctx.clock.now())?;
        let inherits = !run.inherited.is_empty();
        let note = (!from_start && old.restart_step().is_none()).then(|| {
            format!("every step of {execution_id} succeeded, so the new run starts from the beginning")
        });
        let audit = Audit { detail: format!("of {execution_id}"), ..audit };
        // The files are in place before a worker can claim the run.
        let mut copy = None;
        let before = |id: &str| {
            if inherits {
                self.copy_workspace(execution_id, id)?;
                copy = Some(self.ctx.workspace(id));
            }
            Ok(with(id))
        };
        let admitted = self.insert(run, idempotency, Some(audit), before).await?;
        if let Some(copy) = copy.filter(|copy| admitted.replayed && copy.is_dir())
            && let Err(error) = stepwell_sandbox::tree::remove(&copy)
        {
            tracing::warn!("cannot remove {}: {error}", copy.display());
        }
        // A request at the same time may have started the run.
        let note = note.filter(|_| !admitted.replayed);
        Ok(Admitted { note, ..admitted })
    }

    /// Copies the files that finished steps created for later steps.
    fn copy_workspace(&self, from: &str, to: &str) -> Result<(), HostError> {
        let (from, to) = (self.ctx.workspace(from), self.ctx.workspace(to));
        if !from.is_dir() {
            return Ok(());
        }
        stepwell_sandbox::tree::copy(&from, &to, MOST_FILES)
            .map_err(|error| HostError::File { path: to, error })
    }

    /// Returns the directory that the steps of a run share.
    pub fn workspace(&self, execution_id: &str) -> std::path::PathBuf {
        self.ctx.workspace(execution_id)
    }
}

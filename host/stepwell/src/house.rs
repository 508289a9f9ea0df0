//! What a service does once in a while: expired runs, dead workers, retention.

use std::time::Duration;

use stepwell_engine::StoreError;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::store::{Change, CleanUp, Expect, Kind};
use tokio::time::sleep;

use crate::node::lock;
use crate::service::{POLL, WorkerRecord};
use crate::worker::Silent;
use crate::{Host, HostError};

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Runs that go in one transaction.
const CHUNK: u32 = 1000;
/// Runs that a dry run counts at most.
const COUNTED: u32 = 1_000_000;

/// What [`Host::clean_up`] removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanUpOptions {
    /// Runs that ended before that many days. Default: what the retention says.
    pub days: Option<u32>,
    /// Runs go even where their dead letters are open. Default: these are kept.
    pub include_dead: bool,
    /// Nothing goes; it is only counted. Default: it goes.
    pub dry_run: bool,
}

/// What [`Host::clean_up`] removed, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanedUp {
    /// Runs that went.
    pub runs: usize,
    /// Runs that are as old, and are kept since their dead letters are open.
    pub kept_dead: usize,
}

impl Host {
    /// What is to be done once in a while.
    pub(crate) async fn keep_house(&self) {
        let mut rounds = 0u64;
        while !self.is_draining() {
            let queues: Vec<String> = lock(&self.node.served).keys().cloned().collect();
            for queue in &queues {
                self.refresh_pause(queue).await;
            }
            let done = self.house_round(rounds).await;
            if let Err(error) = done {
                tracing::warn!("housekeeping: {error}");
            }
            rounds += 1;
            tokio::select! {
                biased;
                () = sleep(POLL) => {}
                () = self.node.draining.cancelled() => {}
            }
        }
    }

    async fn house_round(&self, round: u64) -> Result<(), HostError> {
        let now = self.clock.now();
        for id in self.store.overdue(now, 1000).await? {
            self.end_overdue(&id).await?;
        }
        // What the command or another process put into a queue that nobody serves yet. Other machines announce it, and
        // counting what waits costs more there.
        if !self.store.is_shared() || round.is_multiple_of(10) {
            for row in self.store.queues(now).await? {
                self.serve_queue(&row.queue);
            }
        }
        if round.is_multiple_of(5) {
            self.look_for_steps().await?;
            self.bury_dead_workers().await?;
            self.say_alive().await?;
        }
        if round % 600 == 60 {
            // Retention bounds what is kept, whether somebody has dealt with it or not.
            self.clean_up(CleanUpOptions { include_dead: true, ..CleanUpOptions::default() }).await?;
            self.sweep().await;
            if self.keeps_components {
                self.sandbox.retire();
            }
            self.forget_workers(now).await?;
        }
        Ok(())
    }

    /// Says that this process works on runs. Shows whether the store can be written, too.
    pub(crate) async fn say_alive(&self) -> Result<(), StoreError> {
        self.say("alive", false).await
    }

    /// Says that this process works on runs no more.
    pub(crate) async fn say_stopped(&self) -> Result<(), StoreError> {
        // Its lock goes with it: nobody has to find out that it has died.
        let _ = std::fs::remove_file(self.base.join("workers").join(self.worker()));
        self.say("stopped", true).await
    }

    async fn say(&self, state: &str, stopped: bool) -> Result<(), StoreError> {
        let record = WorkerRecord { seen: self.clock.now(), settings: self.settings_digest(), stopped };
        let value = serde_json::to_value(record).unwrap_or_default();
        let (kind, id, state) = (Kind::Worker, self.worker().to_owned(), state.to_owned());
        let put = Change::Put { kind, id, state, value, expect: Expect::Any };
        self.store.write(vec![put]).await
    }

    /// A run whose time in the queue is over is claimed by nobody while its queue is closed or its key is taken.
    async fn end_overdue(&self, id: &str) -> Result<(), HostError> {
        let now = self.clock.now();
        match self.store.claim_run(id, self.worker(), now, self.lease_from(now)).await {
            Ok(claim) => self.work(claim, &Silent, Default::default()).await.map(drop),
            Err(StoreError::Claimed(..)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes directories of runs that another node has removed from the store.
    async fn sweep(&self) {
        if !self.store.is_shared() {
            return;
        }
        for entry in std::fs::read_dir(self.base.join("runs")).into_iter().flatten().flatten() {
            let Ok(id) = entry.file_name().into_string() else { continue };
            if let Err(StoreError::NotFound(_)) = self.store.row(&id).await
                && let Err(error) = stepwell_sandbox::tree::remove(&entry.path())
            {
                tracing::warn!("{}: {error}", entry.path().display());
            }
        }
    }

    async fn forget_workers(&self, now: Timestamp) -> Result<(), HostError> {
        for record in self.store.records(Kind::Worker, None, "", 10_000).await? {
            let seen = serde_json::from_value::<WorkerRecord>(record.value).map(|worker| worker.seen);
            if seen.is_ok_and(|seen| now - seen > chrono::Duration::days(1)) {
                let gone = Change::Remove { kind: Kind::Worker, id: record.id, expect: Expect::Any };
                self.store.write(vec![gone]).await?;
            }
        }
        Ok(())
    }

    /// Removes what is older than the retention says, or as `options` say for runs.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn clean_up(&self, options: CleanUpOptions) -> Result<CleanedUp, HostError> {
        let CleanUpOptions { days, include_dead, dry_run } = options;
        let query = |include_dead, dry_run, limit| {
            let (now, retention) = (self.clock.now(), &self.settings().config.service.retention);
            CleanUp {
                runs_before: match days {
                    Some(days) => clock::earlier(now, DAY.saturating_mul(days)),
                    None => clock::earlier(now, retention.runs.0),
                },
                runs_per_job: retention.runs_per_job,
                ledger_before: clock::earlier(now, retention.ledger.0),
                audit_before: clock::earlier(now, retention.audit.0),
                limit,
                include_dead,
                dry_run,
                now,
            }
        };
        let mut done = CleanedUp::default();
        if dry_run || !include_dead {
            let free = self.store.clean_up(query(include_dead, true, COUNTED)).await?.len();
            let all = self.store.clean_up(query(true, true, COUNTED)).await?.len();
            done.kept_dead = all.saturating_sub(free);
            if dry_run {
                return Ok(CleanedUp { runs: free, ..done });
            }
        }
        loop {
            let gone = self.store.clean_up(query(include_dead, false, CHUNK)).await?;
            for id in &gone {
                let dir = self.base.join("runs").join(id);
                if let Err(error) = stepwell_sandbox::tree::remove(&dir)
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    tracing::warn!("{}: {error}", dir.display());
                }
            }
            done.runs += gone.len();
            if gone.len() < CHUNK as usize {
                return Ok(done);
            }
        }
    }
}

//! Housekeeping of a service: expired runs, dead workers, retention.

use std::sync::Arc;

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{Change, Expect, Kind};
use tokio::time::sleep;

use crate::context::Context;
use crate::service::POLL;
use crate::system::WorkerRecord;
use crate::worker::Silent;
use crate::{CleanUpOptions, HostError};

/// The housekeeping task of a service.
pub(crate) struct House {
    pub ctx: Arc<Context>,
}

impl House {
    /// Runs rounds until the service ends.
    pub(crate) async fn run(&self) {
        let mut rounds = 0u64;
        while !self.ctx.is_draining() {
            let queues: Vec<String> = self.ctx.node.served.lock().keys().cloned().collect();
            for queue in &queues {
                self.ctx.queues().refresh_pause(queue).await;
            }
            let done = self.round(rounds).await;
            if let Err(error) = done {
                tracing::warn!("housekeeping: {error}");
            }
            rounds += 1;
            tokio::select! {
                biased;
                () = sleep(POLL) => {}
                () = self.ctx.node.draining.cancelled() => {}
            }
        }
    }

    async fn round(&self, round: u64) -> Result<(), HostError> {
        let now = self.ctx.clock.now();
        for id in self.ctx.store.overdue(now, 1000).await? {
            self.end_overdue(&id).await?;
        }
        // The command or another process may add runs to a queue that no task serves yet. On a shared store,
        // they announce it, and counting the waiting runs costs more.
        if !self.ctx.store.is_shared() || round.is_multiple_of(10) {
            for row in self.ctx.store.queues(now).await? {
                self.ctx.serve_queue(&row.queue);
            }
        }
        if round.is_multiple_of(5) {
            self.ctx.steps().refresh().await?;
            self.ctx.expire_dead_workers().await?;
            self.ctx.system().record_alive().await?;
        }
        if round % 600 == 300
            && let Err(error) = self.ctx.release_leftovers().await
        {
            tracing::warn!("locks of runs that have ended: {error}");
        }
        if round % 600 == 60 {
            // Retention limits all stored data, including open dead letters.
            let options = CleanUpOptions { include_dead: true, ..CleanUpOptions::default() };
            self.ctx.system().clean_up(options, None).await?;
            self.ctx.sessions().clean_up().await?;
            self.sweep().await;
            if self.ctx.keeps_components {
                self.ctx.sandbox.retire();
            }
            self.forget_workers(now).await?;
        }
        Ok(())
    }

    /// Ends a run that did not start in time. No worker claims it while its queue is closed or its key is
    /// taken.
    async fn end_overdue(&self, id: &str) -> Result<(), HostError> {
        let now = self.ctx.clock.now();
        match self.ctx.store.claim_run(id, self.ctx.worker(), now, self.ctx.lease_from(now)).await {
            Ok(claim) => self.ctx.runs().work(claim, &Silent, Default::default()).await.map(drop),
            Err(StoreError::Claimed(..)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the directories of runs that another node removed from the store.
    async fn sweep(&self) {
        if !self.ctx.store.is_shared() {
            return;
        }
        for entry in std::fs::read_dir(self.ctx.base.join("runs")).into_iter().flatten().flatten() {
            let Ok(id) = entry.file_name().into_string() else { continue };
            if let Err(StoreError::NotFound(_)) = self.ctx.store.row(&id).await
                && let Err(error) = stepwell_sandbox::tree::remove(&entry.path())
            {
                tracing::warn!("{}: {error}", entry.path().display());
            }
        }
    }

    async fn forget_workers(&self, now: Timestamp) -> Result<(), HostError> {
        for record in self.ctx.store.records(Kind::Worker, None, "", 10_000).await? {
            let seen = serde_json::from_value::<WorkerRecord>(record.value).map(|worker| worker.seen);
            if seen.is_ok_and(|seen| now - seen > chrono::Duration::days(1)) {
                let gone = Change::Remove { kind: Kind::Worker, id: record.id, expect: Expect::Any };
                self.ctx.store.write(vec![gone]).await?;
            }
        }
        Ok(())
    }
}

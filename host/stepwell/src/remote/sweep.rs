//! The task of a service that ends leases, and wakes the runs of work that has ended.

use stepwell_engine::StoreError;
use stepwell_engine::store::{Change, Expect, Kind, Record};
use tokio::time::sleep;

use super::item::{CANCELLED, End, Found, How, LEASED, Lease, run_of, written};
use super::{LOOK, RemoteWorkers, TRIES};
use crate::HostError;

/// The records that a round reads at one time.
const PAGE: u32 = 500;
/// The rounds after which one looks for what crashes left.
const LEFTOVERS: u64 = 600;
/// The open work that such a round looks at.
const MOST_OPEN: u32 = 10_000;

impl RemoteWorkers {
    /// Runs rounds until the service ends.
    pub(crate) async fn sweep(&self) {
        let mut round = 0u64;
        while !self.ctx.is_draining() {
            let mut done = self.round().await;
            if done.is_ok() && round % LEFTOVERS == 90 {
                done = self.remove_leftovers().await;
            }
            if let Err(error) = done {
                tracing::warn!("work of remote workers: {error}");
            }
            round += 1;
            tokio::select! {
                biased;
                () = self.ctx.node.draining.cancelled() => return,
                () = sleep(LOOK) => {}
            }
        }
    }

    async fn round(&self) -> Result<(), HostError> {
        self.each(Kind::WorkLease, |lease| async move {
            match serde_json::from_value::<Lease>(lease.value) {
                Ok(found) if found.until.min(found.ends_at) > self.ctx.now() => Ok(()),
                _ => self.end_lease(&lease.id, false).await,
            }
        })
        .await?;
        // A run that its worker was about to release may have missed its wake-up.
        self.each(Kind::WorkEnd, |end| async move {
            let Some(run) = run_of(&end.id) else { return Ok(()) };
            match self.ctx.store.row(run).await {
                Ok(row) if !row.status.is_terminal() => self.ctx.wake_run(run).await,
                Ok(_) | Err(StoreError::NotFound(_)) => self.remove(&end.id).await?,
                Err(error) => return Err(error.into()),
            }
            Ok(())
        })
        .await
    }

    /// Handles all records of a kind.
    async fn each<F>(&self, kind: Kind, handle: impl Fn(Record) -> F) -> Result<(), HostError>
    where
        F: Future<Output = Result<(), HostError>>,
    {
        let mut after = String::new();
        loop {
            let page = self.ctx.store.records(kind, None, &after, PAGE).await?;
            let full = page.len() >= PAGE as usize;
            for record in page {
                after.clone_from(&record.id);
                handle(record).await?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Ends a lease that is over, or, with `now`, any lease.
    pub(crate) async fn end_lease(&self, id: &str, now: bool) -> Result<(), HostError> {
        for _ in 0..TRIES {
            let found = Found::read(&*self.ctx.store, id).await?;
            let Some(Found { item, state, version }) = found else {
                let gone = Change::Remove { kind: Kind::WorkLease, id: id.to_owned(), expect: Expect::Any };
                self.ctx.store.write(vec![gone]).await?;
                return Ok(());
            };
            let at = self.ctx.now();
            let (is_silent, is_late) =
                item.lease.as_ref().map_or((true, false), |lease| (lease.until <= at, lease.ends_at <= at));
            let done = match state.as_str() {
                LEASED if is_late => {
                    let limit_ms = item.limit_ms;
                    self.finish(&item, version, How::TimedOut { limit_ms }).await?
                }
                LEASED if is_silent || now => self.finish(&item, version, How::Lost).await?,
                CANCELLED if is_silent || is_late || now => {
                    written(&*self.ctx.store, item.remove(version)).await?
                }
                _ => true,
            };
            if done {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Ends the leases of a worker that has left.
    pub(super) async fn lose_all_of(&self, worker: &str) -> Result<(), HostError> {
        self.each(Kind::WorkLease, |lease| async move {
            match serde_json::from_value::<Lease>(lease.value) {
                Ok(found) if found.worker == worker => self.end_lease(&lease.id, true).await,
                _ => Ok(()),
            }
        })
        .await
    }

    /// Removes work.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), HostError> {
        for _ in 0..TRIES {
            let Some(found) = Found::read(&*self.ctx.store, id).await? else {
                let kinds = [Kind::WorkEnd, Kind::WorkLease, Kind::WorkInput];
                let gone = |kind| Change::Remove { kind, id: id.to_owned(), expect: Expect::Any };
                return Ok(self.ctx.store.write(kinds.map(gone).to_vec()).await?);
            };
            if written(&*self.ctx.store, found.item.remove(found.version)).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes that work is no longer needed: a worker that has it hears so with its next heartbeat.
    pub(crate) async fn cancel(&self, id: &str) -> Result<(), HostError> {
        for _ in 0..TRIES {
            let found = Found::read(&*self.ctx.store, id).await?;
            let Some(Found { item, state, version }) = found else { return Ok(()) };
            let changes = match state.as_str() {
                LEASED => item.cancel(version),
                CANCELLED => return Ok(()),
                _ => item.remove(version),
            };
            if written(&*self.ctx.store, changes).await? {
                self.ctx.measures.work("cancelled");
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns the ends of the work of a run, with the ids of the work.
    pub(crate) async fn ends_of(&self, run: &str) -> Result<Vec<(String, Option<End>)>, HostError> {
        let first = format!("{run}.");
        let found = self.ctx.store.records(Kind::WorkEnd, None, &first, PAGE).await?;
        let own = found.into_iter().take_while(|record| record.id.starts_with(&first));
        Ok(own.map(|record| (record.id, serde_json::from_value(record.value).ok())).collect())
    }

    /// Removes open work whose run has ended, and workers that are gone.
    async fn remove_leftovers(&self) -> Result<(), HostError> {
        self.forget().await?;
        for record in self.ctx.store.records(Kind::OpenWork, None, "", MOST_OPEN).await? {
            let Some((shelf, id)) = record.id.rsplit_once('/') else { continue };
            let row = self.ctx.store.row(super::run_of_work(id)).await;
            let ended = match row {
                Ok(row) => row.status.is_terminal(),
                Err(StoreError::NotFound(_)) => true,
                Err(error) => return Err(error.into()),
            };
            if ended {
                tracing::info!(shelf, work = id, "work of a run that has ended is removed");
                self.remove(id).await?;
                let gone = Change::Remove { kind: Kind::OpenWork, id: record.id, expect: Expect::Any };
                self.ctx.store.write(vec![gone]).await?;
            }
        }
        Ok(())
    }
}

//! Records of several stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use stepwell_engine::StoreError;
use stepwell_engine::store::prelude::*;
use stepwell_engine::store::{AuditRow, Chain, Change, CleanUp, JobRow, Kind, Link, Record};

use super::moves::{TRIES, is_outdated};
use super::{PinnedStores, named};

impl PinnedStores {
    async fn write_once(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut groups: BTreeMap<usize, Vec<Change>> = BTreeMap::new();
        let (mut rows, mut plans) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::PutSchedule(row) => plans.push(self.plan(&row.job_id.clone(), Some(row)).await?),
                Change::RemoveSchedule(job_id) => plans.push(self.plan(&job_id, None).await?),
                other => match self.place_of(&other).await? {
                    Some(index) => groups.entry(index).or_default().push(other),
                    None => rows.push(other),
                },
            }
        }
        let mut moves = Vec::new();
        for plan in plans {
            groups.entry(0).or_default().extend(plan.first);
            moves.extend(plan.rest);
        }
        let noted = !rows.is_empty();
        let first = groups.keys().next().copied().unwrap_or(0);
        if noted {
            groups.entry(first).or_default().extend(rows);
        }
        for (index, changes) in groups {
            self.at(index)?.write(changes).await?;
        }
        for found in moves {
            if let Err(error) = self.finish(&found).await {
                tracing::warn!("the schedule of the job {} moves later: {error}", found.job_id);
            }
        }
        self.copy_if(noted, first).await;
        Ok(())
    }
}

#[async_trait]
impl RecordStore for PinnedStores {
    /// Changes in the home store go first, since a version conflict can refuse them. Rows of the audit log are in the
    /// transaction of the first change. A schedule in another store follows: see [`moves`](super::moves).
    async fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        for _ in 1..TRIES {
            match self.write_once(changes.clone()).await {
                Err(error) if is_outdated(&error) => {}
                written => return written,
            }
        }
        self.write_once(changes).await
    }

    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
        let store = match kind {
            Kind::DeadLetter => match self.of_run(id).await {
                Err(StoreError::NotFound(_)) => return Ok(None),
                found => found?,
            },
            _ => self.home()?,
        };
        store.record(kind, id).await
    }

    async fn records(
        &self,
        kind: Kind,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        if kind != Kind::DeadLetter {
            return self.home()?.records(kind, state, after, limit).await;
        }
        let (state, after) = (state.map(str::to_owned), after.to_owned());
        let ask = |store: Arc<dyn Store>| {
            let (state, after) = (state.clone(), after.clone());
            async move { store.records(kind, state.as_deref(), &after, limit).await }
        };
        let mut all = self.everything(ask).await?;
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.truncate(limit as usize);
        Ok(all)
    }

    async fn job_rows(&self, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        self.home()?.job_rows(after, limit).await
    }

    async fn count(&self, kind: Kind, state: &str) -> Result<u64, StoreError> {
        let state = state.to_owned();
        let ask = |store: Arc<dyn Store>| {
            let state = state.clone();
            async move { store.count(kind, &state).await }
        };
        Ok(self.gather(ask).await?.into_iter().sum())
    }

    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.copy_all().await;
        self.home()?.audit(before, limit).await
    }

    async fn audit_chain(&self) -> Result<Chain, StoreError> {
        self.copy_all().await;
        self.home()?.audit_chain().await
    }

    async fn audit_links(&self, after: u64, limit: u32) -> Result<Vec<Link>, StoreError> {
        self.home()?.audit_links(after, limit).await
    }

    /// Each store removes its own runs, in its own transaction, with an audit row of its own: the home store first,
    /// and the others where they have something to remove.
    async fn clean_up(&self, query: CleanUp) -> Result<Vec<String>, StoreError> {
        self.copy_all().await;
        if query.audit.is_none() {
            let ask = |store: Arc<dyn Store>| {
                let query = query.clone();
                async move { store.clean_up(query).await }
            };
            return Ok(self.gather(ask).await?.concat());
        }
        let mut gone = self.home()?.clean_up(query.clone()).await?;
        for (index, (name, store)) in self.stores.iter().enumerate().skip(1) {
            let found = CleanUp { dry_run: true, limit: 1, audit: None, ..query.clone() };
            let removed = match store.clean_up(found).await {
                Ok(found) if found.is_empty() => {
                    store.clean_up(CleanUp { audit: None, ..query.clone() }).await
                }
                Ok(_) => store.clean_up(query.clone()).await,
                Err(error) => Err(error),
            };
            match removed {
                Ok(removed) => gone.extend(removed),
                // An unreachable store keeps its runs until the next cleanup.
                Err(error) => tracing::warn!("{}", named(name, error)),
            }
            self.copy_if(true, index).await;
        }
        Ok(gone)
    }
}

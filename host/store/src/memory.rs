//! Runs in memory, for tests and for embedders who keep nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::{Event, RunStatus};
use stepwell_engine::store::{Claim, Commit, LogRecord, NewRun, RunSummary};
use stepwell_engine::{Store, StoreError};

/// A store that is gone with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    runs: Mutex<BTreeMap<String, Kept>>,
}

#[derive(Debug)]
struct Kept {
    run: NewRun,
    events: Vec<Event>,
    logs: Vec<LogRecord>,
    status: RunStatus,
    updated_at: Timestamp,
    fence: u64,
    claimed_until: Option<Timestamp>,
}

impl MemoryStore {
    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        execution_id: &str,
        act: impl FnOnce(&mut Kept) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut runs = self.runs();
        act(runs.get_mut(execution_id).ok_or_else(|| StoreError::NotFound(execution_id.to_owned()))?)
    }

    fn with_fence<T>(
        &self,
        execution_id: &str,
        fence: u64,
        act: impl FnOnce(&mut Kept) -> T,
    ) -> Result<T, StoreError> {
        self.with(execution_id, |kept| match kept.fence == fence {
            true => Ok(act(kept)),
            false => Err(StoreError::Stale(execution_id.to_owned())),
        })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn insert(&self, run: &NewRun) -> Result<(), StoreError> {
        let mut runs = self.runs();
        if runs.contains_key(&run.execution_id) {
            return Err(StoreError::Exists(run.execution_id.clone()));
        }
        let kept = Kept {
            run: run.clone(),
            events: Vec::new(),
            logs: Vec::new(),
            status: RunStatus::Queued,
            updated_at: run.created_at,
            fence: 0,
            claimed_until: None,
        };
        runs.insert(run.execution_id.clone(), kept);
        Ok(())
    }

    async fn claim(&self, execution_id: &str, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        self.with(execution_id, |kept| {
            if let Some(held) = kept.claimed_until.filter(|held| *held > now) {
                return Err(StoreError::Claimed(execution_id.to_owned(), held));
            }
            kept.fence += 1;
            kept.claimed_until = Some(until);
            Ok(Claim { run: kept.run.clone(), events: kept.events.clone(), fence: kept.fence })
        })
    }

    async fn renew(&self, execution_id: &str, fence: u64, until: Timestamp) -> Result<(), StoreError> {
        self.with_fence(execution_id, fence, |kept| kept.claimed_until = Some(until))
    }

    async fn release(&self, execution_id: &str, fence: u64) -> Result<(), StoreError> {
        self.with_fence(execution_id, fence, |kept| kept.claimed_until = None)
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.with_fence(&commit.execution_id, commit.fence, |kept| {
            kept.events.extend(commit.events);
            kept.logs.extend(commit.logs);
            kept.status = commit.status;
            kept.updated_at = commit.at;
        })
    }

    async fn load(&self, execution_id: &str) -> Result<(NewRun, Vec<Event>), StoreError> {
        self.with(execution_id, |kept| Ok((kept.run.clone(), kept.events.clone())))
    }

    async fn list(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        let runs = self.runs();
        let mut list: Vec<RunSummary> = runs
            .values()
            .map(|kept| RunSummary {
                execution_id: kept.run.execution_id.clone(),
                job_id: kept.run.job.id.clone(),
                status: kept.status,
                created_at: kept.run.created_at,
                updated_at: kept.updated_at,
            })
            .collect();
        list.sort_by(|a, b| (b.created_at, &b.execution_id).cmp(&(a.created_at, &a.execution_id)));
        list.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(list)
    }

    async fn logs(&self, execution_id: &str) -> Result<Vec<LogRecord>, StoreError> {
        self.with(execution_id, |kept| Ok(kept.logs.clone()))
    }
}

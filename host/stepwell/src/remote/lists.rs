//! The workers of a project, for people.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::Kind;

use super::item::{CANCELLED, Lease};
use super::{FORGOTTEN, RemoteWorkers, SILENT, WorkerRecord};
use crate::HostError;

/// The leases that a list reads at one time, and the maximum that it counts.
const PAGE: u32 = 1_000;
const MOST_COUNTED: usize = 10_000;

/// A worker outside of Stepwell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RemoteWorker {
    /// The id.
    pub worker: String,
    /// The name that it gave itself.
    pub name: String,
    /// The names of its functions.
    pub functions: Vec<String>,
    /// The maximum number of items of work that it has at one time.
    pub capacity: u32,
    /// The identity that registered it.
    pub by: String,
    /// The time of its registration.
    pub registered_at: Timestamp,
    /// The time of its last request, to within 5 seconds.
    pub seen_at: Timestamp,
    /// Whether it has sent no request for a minute.
    pub silent: bool,
    /// The number of items of work that it has and that are not cancelled.
    pub in_hand: u32,
}

impl RemoteWorkers {
    /// Lists the workers of a project by id, after `after`.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self, project: &str, after: &str, limit: u32) -> Result<Vec<RemoteWorker>, HostError> {
        let in_hand = self.in_hand().await?;
        let now = self.ctx.now();
        let found = self.ctx.store.records(Kind::RemoteWorker, Some(project), after, limit).await?;
        let shown = found.into_iter().filter_map(|record| {
            let known: WorkerRecord = serde_json::from_value(record.value).ok()?;
            let seen = (now - known.seen_at).to_std().unwrap_or_default();
            Some(RemoteWorker {
                in_hand: in_hand.get(&record.id).copied().unwrap_or(0),
                worker: record.id,
                name: known.name,
                functions: known.functions,
                capacity: known.capacity,
                by: known.by,
                registered_at: known.registered_at,
                seen_at: known.seen_at,
                silent: seen > SILENT,
            })
        });
        Ok(shown.collect())
    }

    /// Returns the number of workers of a project that know a function and are not silent.
    pub(crate) async fn that_know(&self, project: &str, function: &str) -> Result<usize, HostError> {
        let limit = u32::try_from(super::MOST_WORKERS).unwrap_or(u32::MAX);
        let found = self.ctx.store.records(Kind::RemoteWorker, Some(project), "", limit).await?;
        let now = self.ctx.now();
        let knows = |known: &WorkerRecord| {
            let seen = (now - known.seen_at).to_std().unwrap_or_default();
            seen <= SILENT && known.functions.iter().any(|own| own == function)
        };
        let known = found.into_iter().filter_map(|record| serde_json::from_value(record.value).ok());
        Ok(known.filter(knows).count())
    }

    /// Returns the numbers of items of work in hand, by worker.
    async fn in_hand(&self) -> Result<BTreeMap<String, u32>, HostError> {
        let (mut counts, mut after, mut read) = (BTreeMap::new(), String::new(), 0);
        while read < MOST_COUNTED {
            let page = self.ctx.store.records(Kind::WorkLease, None, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            read += page.len();
            let leases = page
                .into_iter()
                .filter(|record| record.state != CANCELLED)
                .filter_map(|record| serde_json::from_value::<Lease>(record.value).ok());
            leases.for_each(|lease| *counts.entry(lease.worker).or_default() += 1);
        }
        Ok(counts)
    }

    /// Removes the workers that have been silent for long.
    pub(crate) async fn forget(&self) -> Result<(), HostError> {
        let mut after = String::new();
        loop {
            let page = self.ctx.store.records(Kind::RemoteWorker, None, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let now = self.ctx.now();
            for record in page {
                let seen = serde_json::from_value::<WorkerRecord>(record.value).map(|known| known.seen_at);
                if seen.is_ok_and(|seen| now - seen <= FORGOTTEN) {
                    continue;
                }
                let expect = stepwell_engine::store::Expect::Version(record.version);
                let gone = stepwell_engine::store::Change::Remove {
                    kind: Kind::RemoteWorker,
                    id: record.id,
                    expect,
                };
                super::written(&*self.ctx.store, vec![gone]).await?;
            }
        }
    }
}

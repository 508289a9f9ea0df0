//! The state that all connections of a store share in a process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Job, JobDefinition};
use stepwell_engine::store::{Inserted, NewRun};

use crate::sql::{Sql, params};

/// The maximum number of job definitions in the parsed cache.
const PARSED: usize = 4096;
/// The maximum number of runs in the cache until they are claimed, and the maximum bytes of one run.
const FRESH: usize = 4096;
const FRESH_BYTES: usize = 4 << 10;
/// The interval at which a used definition is marked as used. A cleanup may remove definitions that have been
/// unused for a day, so that adding a run never has to lock a definition against the cleanup.
pub(crate) const TOUCHED_MICROS: i64 = 3600 * 1_000_000;
pub(crate) const UNUSED_MICROS: i64 = 24 * TOUCHED_MICROS;

#[derive(Default)]
pub(crate) struct Shared {
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    /// The digests of definitions that cannot be read, each of which is logged once.
    unreadable: Mutex<HashSet<String>>,
    /// The number of waiting runs in each queue: an upper bound, and the time of the count.
    pub waiting: Mutex<HashMap<String, (u64, Timestamp)>>,
    /// Runs that this process has inserted and that no process has claimed. A claim by this process need not
    /// read them.
    fresh: Mutex<HashMap<String, NewRun>>,
}

impl Shared {
    /// Returns the job of that digest if it was read before.
    pub fn known(&self, digest: &str) -> Option<Arc<Job>> {
        self.jobs.lock().get(digest).cloned()
    }

    /// Returns the job from its text. `None` when the text is missing or cannot be read.
    pub fn read(&self, digest: &str, text: Option<&str>) -> Option<Arc<Job>> {
        let why = match text.map(serde_json::from_str::<JobDefinition>) {
            Some(Ok(definition)) => {
                let job = Arc::new(Job::from(definition));
                self.keep(&job);
                return Some(job);
            }
            Some(Err(error)) => error.to_string(),
            None => "it is missing".to_owned(),
        };
        let mut known = self.unreadable.lock();
        if known.len() < PARSED && known.insert(digest.to_owned()) {
            tracing::error!("the definition {digest} cannot be read: {why}");
        }
        None
    }

    /// Returns the job of that digest. `None` when it is missing or cannot be read.
    pub fn job(&self, db: &dyn Sql, digest: &str) -> Result<Option<Arc<Job>>, StoreError> {
        if let Some(job) = self.known(digest) {
            return Ok(Some(job));
        }
        let text: Option<String> =
            db.one("SELECT job FROM definitions WHERE digest = $1", params![digest])?;
        Ok(self.read(digest, text.as_deref()))
    }

    pub fn keep(&self, job: &Arc<Job>) {
        let mut jobs = self.jobs.lock();
        if jobs.len() >= PARSED {
            // It does not matter which entries go: the next use reads them again.
            jobs.clear();
        }
        jobs.entry(job.digest().to_owned()).or_insert_with(|| job.clone());
    }

    /// Stores the definition once for all runs that have it.
    pub fn define(&self, db: &dyn Sql, job: &Arc<Job>, now: i64) -> Result<(), StoreError> {
        let known = "SELECT used_at FROM definitions WHERE digest = $1";
        let used: Option<i64> = db.one(known, params![job.digest()])?;
        let is_damaged = self.unreadable.lock().remove(job.digest());
        if is_damaged || used.is_none_or(|used| used < now - TOUCHED_MICROS) {
            let sql = "INSERT INTO definitions (digest, job, used_at) VALUES ($1, $2, $3)
                ON CONFLICT (digest) DO UPDATE SET job = $2, used_at = $3";
            db.execute(sql, params![job.digest(), job.text(), now])?;
        }
        self.keep(job);
        Ok(())
    }

    /// Caches an inserted run in the form in which it would be read.
    pub fn remember(&self, run: &NewRun, bytes: usize, inserted: &Inserted) {
        if inserted.cancelled || !run.inherited.is_empty() || bytes > FRESH_BYTES {
            return;
        }
        let mut fresh = self.fresh.lock();
        if fresh.len() >= FRESH {
            // They are read when they are claimed.
            fresh.clear();
        }
        let run = NewRun { idempotency: None, max_waiting: u64::MAX, ..run.clone() };
        fresh.insert(run.execution_id.clone(), run);
    }

    /// Returns a run that this process has inserted, if `fence` says that it has not been claimed before.
    pub fn fresh(&self, execution_id: &str, fence: u64) -> Option<NewRun> {
        self.fresh.lock().remove(execution_id).filter(|_| fence == 1)
    }
}

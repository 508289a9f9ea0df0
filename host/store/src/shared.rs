//! What all connections of a store share in a process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Job, JobDefinition};
use stepwell_engine::store::{Inserted, NewRun};

use crate::sql::{Sql, failed, params, parse};

/// Definitions of jobs that are kept parsed.
const PARSED: usize = 4096;
/// Runs that are kept until they are taken, and bytes of one.
const FRESH: usize = 4096;
const FRESH_BYTES: usize = 4 << 10;
/// How often a definition that is used is marked as used. What nobody has used for a day may be removed, so that
/// nobody who adds a run has to lock the definition against whoever cleans up.
pub(crate) const TOUCHED_MICROS: i64 = 3600 * 1_000_000;
pub(crate) const UNUSED_MICROS: i64 = 24 * TOUCHED_MICROS;

#[derive(Default)]
pub(crate) struct Shared {
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    /// How many runs wait in each queue: a bound from above, and when it was counted.
    pub waiting: Mutex<HashMap<String, (u64, Timestamp)>>,
    /// Runs that this process has inserted and nobody has taken: whoever takes one need not read it.
    fresh: Mutex<HashMap<String, NewRun>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// The job of that digest, when it was read before.
    pub fn known(&self, digest: &str) -> Option<Arc<Job>> {
        lock(&self.jobs).get(digest).cloned()
    }

    /// The job of that digest, from its text.
    pub fn read(&self, text: &str) -> Result<Arc<Job>, StoreError> {
        let job = Arc::new(Job::from(parse::<JobDefinition>(text)?));
        self.keep(&job);
        Ok(job)
    }

    /// The job of that digest.
    pub fn job(&self, db: &dyn Sql, digest: &str) -> Result<Arc<Job>, StoreError> {
        if let Some(job) = self.known(digest) {
            return Ok(job);
        }
        let text: String = db
            .one("SELECT job FROM definitions WHERE digest = $1", params![digest])?
            .ok_or_else(|| failed(format!("the definition {digest} is missing")))?;
        self.read(&text)
    }

    pub fn keep(&self, job: &Arc<Job>) {
        let mut jobs = lock(&self.jobs);
        if jobs.len() >= PARSED {
            // Whichever: what is used comes back at the next use.
            jobs.clear();
        }
        jobs.entry(job.digest().to_owned()).or_insert_with(|| job.clone());
    }

    /// Keeps the definition, once for all runs that have it.
    pub fn define(&self, db: &dyn Sql, job: &Arc<Job>, now: i64) -> Result<(), StoreError> {
        let known = "SELECT used_at FROM definitions WHERE digest = $1";
        let used: Option<i64> = db.one(known, params![job.digest()])?;
        if used.is_none_or(|used| used < now - TOUCHED_MICROS) {
            let sql = "INSERT INTO definitions (digest, job, used_at) VALUES ($1, $2, $3)
                ON CONFLICT (digest) DO UPDATE SET used_at = $3";
            db.execute(sql, params![job.digest(), job.text(), now])?;
        }
        self.keep(job);
        Ok(())
    }

    /// Keeps a run that was inserted, as it would be read.
    pub fn remember(&self, run: &NewRun, bytes: usize, inserted: &Inserted) {
        if inserted.cancelled || !run.inherited.is_empty() || bytes > FRESH_BYTES {
            return;
        }
        let mut fresh = lock(&self.fresh);
        if fresh.len() >= FRESH {
            // They are read when they are taken.
            fresh.clear();
        }
        let run = NewRun { idempotency: None, max_waiting: u64::MAX, ..run.clone() };
        fresh.insert(run.execution_id.clone(), run);
    }

    /// A run that this process has inserted, when `fence` says that nobody has taken it before.
    pub fn fresh(&self, execution_id: &str, fence: u64) -> Option<NewRun> {
        lock(&self.fresh).remove(execution_id).filter(|_| fence == 1)
    }
}

//! The state of the system: metrics, health and workers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::DurationRound;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::StoreError;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::run::RunStatus;
use stepwell_engine::schedule::zone;
use stepwell_engine::store::{Change, Expect, Kind, RunFilter, RunRow, Vitals};
use stepwell_sandbox::own_files;

use crate::context::Context;
use crate::engines::{self, EngineHealth};
use crate::node::machine;
use crate::{HostError, Readiness, private};

/// Metrics about the runs of the last hours.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Metrics {
    /// Number of hours.
    pub hours: u32,
    /// Number of ended runs by status.
    pub ended: BTreeMap<String, u64>,
    /// The number of successful runs, divided by the number of successful and failed runs; null when there
    /// are none.
    pub success_rate: Option<f64>,
    /// Seconds from start to end.
    pub duration_seconds: Spread,
    /// Seconds from the due time to the start.
    pub lateness_seconds: Spread,
    /// The metrics of each job.
    pub jobs: BTreeMap<String, JobStats>,
    /// The health of each engine for queries over large data.
    pub engine_health: BTreeMap<&'static str, EngineHealth>,
    /// Whether more runs have ended than were counted. The metrics then cover only the newest runs.
    pub truncated: bool,
}

/// Metrics about the runs of one job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct JobStats {
    /// Number of ended runs.
    pub runs: u64,
    /// Number of successful runs.
    pub succeeded: u64,
    /// Number of runs that failed, timed out or expired.
    pub failed: u64,
}

/// The number of runs that ended in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HourStats {
    /// The start of the hour, in UTC.
    pub hour: Timestamp,
    /// Number of ended runs.
    pub runs: u64,
    /// Number of successful runs.
    pub succeeded: u64,
    /// Number of runs that failed, timed out or expired.
    pub failed: u64,
}

/// The distribution of a set of values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The maximum.
    pub max: f64,
}

/// The health of the parts of the system.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Health {
    /// `healthy`, or `degraded` when a part is unhealthy.
    pub status: &'static str,
    /// The health of each part.
    pub parts: BTreeMap<&'static str, Part>,
    /// The health of each engine for queries over large data. An engine that is unavailable does not make the
    /// system `degraded`: runs that do not need it continue.
    pub engine_health: BTreeMap<&'static str, EngineHealth>,
    /// Number of runs that this process works on.
    pub active: u64,
    /// Seconds by which the next schedule is late. 0 when it is not due.
    pub scheduler_lag_seconds: f64,
    /// The progress of this process in compiling steps.
    pub steps: Readiness,
    /// The version of the time zone database.
    pub tzdb: &'static str,
    /// The version of Stepwell.
    pub version: &'static str,
}

/// The health of a part.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// `healthy` or `unhealthy`.
    pub status: &'static str,
    /// The problem. Absent when the part is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Health {
    /// Returns the health without information about runs and schedules of other projects.
    #[must_use]
    pub fn without_figures(mut self) -> Self {
        self.active = 0;
        self.scheduler_lag_seconds = 0.0;
        for part in self.parts.values_mut() {
            // The message may name databases.
            part.message =
                part.message.take().map(|_| "it is unhealthy; operators can see the reason".to_owned());
        }
        engines::conceal(&mut self.engine_health);
        self
    }
}

impl Part {
    fn of(problem: Option<String>) -> Self {
        Self { status: if problem.is_none() { "healthy" } else { "unhealthy" }, message: problem }
    }
}

/// A process without a sign of life for this long counts as dead.
const ALIVE: chrono::Duration = chrono::Duration::seconds(15);

/// The seconds by which a schedule may be late in a healthy system.
const LATE: f64 = 30.0;

/// The maximum number of runs that the metrics cover.
const MAX_RUNS: u32 = 100_000;

/// The record of a process that executes runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerRecord {
    /// The time of its last sign of life.
    pub seen: Timestamp,
    /// A digest of its policies, configuration and queues.
    #[serde(default)]
    pub settings: String,
    /// Whether it has ended normally.
    #[serde(default)]
    pub stopped: bool,
}

impl WorkerRecord {
    fn is_alive(&self, now: Timestamp) -> bool {
        !self.stopped && now - self.seen <= ALIVE
    }
}

/// The state of a host, and of the processes that share its store.
#[derive(Clone)]
pub struct System {
    pub(crate) ctx: Arc<Context>,
}

impl System {
    /// Returns metrics about the runs of the last hours.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn metrics(&self, hours: u32) -> Result<Metrics, HostError> {
        self.metrics_in(None, hours).await
    }

    /// Returns metrics like [`System::metrics`], for a project.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn metrics_of(&self, project: &str, hours: u32) -> Result<Metrics, HostError> {
        let mut metrics = self.metrics_in(Some(project.to_owned()), hours).await?;
        engines::conceal(&mut metrics.engine_health);
        Ok(metrics)
    }

    async fn metrics_in(&self, project: Option<String>, hours: u32) -> Result<Metrics, HostError> {
        let since =
            clock::earlier(self.ctx.clock.now(), std::time::Duration::from_secs(3600 * u64::from(hours)));
        let filter = RunFilter { project, ended_since: Some(since), limit: MAX_RUNS, ..RunFilter::default() };
        let rows = self.ctx.store.list(&filter).await?;
        let engine_health = engines::health(&self.ctx).await;
        Ok(Metrics { engine_health, ..summarize(hours, &rows) })
    }

    /// Returns the number of runs that ended in each of the last hours, the oldest hour first. The last one is the
    /// present hour.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn by_hour(&self, project: Option<&str>, hours: u32) -> Result<Vec<HourStats>, HostError> {
        let hour = |at: Timestamp| at.duration_trunc(chrono::Duration::hours(1)).unwrap_or(at);
        let now = hour(self.ctx.clock.now());
        let since = now - chrono::Duration::hours(i64::from(hours.saturating_sub(1)));
        let mut stats = BTreeMap::new();
        let mut next = since;
        while next <= now {
            stats.insert(next, HourStats { hour: next, runs: 0, succeeded: 0, failed: 0 });
            next += chrono::Duration::hours(1);
        }
        for row in self.ctx.store.ended_by_hour(project, since).await? {
            let Some(stats) = stats.get_mut(&row.hour) else { continue };
            stats.runs += row.runs;
            if row.status == RunStatus::Success {
                stats.succeeded += row.runs;
            } else if row.status.is_dead() {
                stats.failed += row.runs;
            }
        }
        Ok(stats.into_values().collect())
    }

    /// Returns the health of the parts of the system.
    pub async fn health(&self) -> Health {
        let now = self.ctx.clock.now();
        let (mut lag, mut store, mut service) = (0.0, None, None);
        match self.ctx.store.next_schedule(None).await {
            Ok(next) => lag = next.map_or(0.0, |next| (now - next).as_seconds_f64().max(0.0)),
            Err(error) => store = Some(error.to_string()),
        }
        // A write can fail where a read succeeds, for instance on a full disk. Only a service writes here.
        if self.ctx.is_serving()
            && let Err(error) = self.record_alive().await
        {
            store = Some(error.to_string());
        }
        if !self.ctx.is_serving() && !self.is_served(now).await {
            service = Some("no new run starts: no service is running, or it is shutting down".to_owned());
        }
        if service.is_none() && lag > LATE {
            service = Some(format!("a schedule is late by {lag:.0} s: no scheduler fires it"));
        }
        let healthy = store.is_none() && service.is_none();
        let parts = BTreeMap::from([("store", Part::of(store)), ("service", Part::of(service))]);
        let engine_health = engines::health(&self.ctx).await;
        let served = self.ctx.node.served.lock();
        Health {
            status: if healthy { "healthy" } else { "degraded" },
            parts,
            engine_health,
            active: served.values().map(|s| u64::from(s.running.load(Ordering::Relaxed))).sum(),
            scheduler_lag_seconds: lag,
            // A command compiles what it runs, and nothing ahead.
            steps: match self.ctx.is_serving() {
                true => self.ctx.steps().readiness(),
                false => Readiness { ready: true, compiling: Vec::new(), compiled: Vec::new() },
            },
            tzdb: zone::database_version(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Returns whether this process has different policies, configuration, queues or steps from every running
    /// service. Returns false when this process serves, or no service runs.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn differs_from_services(&self) -> Result<bool, HostError> {
        if self.ctx.is_serving() {
            return Ok(false);
        }
        self.ctx.steps().refresh().await?;
        let (now, own) = (self.ctx.clock.now(), self.ctx.settings_digest());
        let workers = self.workers().await?;
        let live: Vec<&WorkerRecord> = workers.iter().filter(|worker| worker.is_alive(now)).collect();
        Ok(!live.is_empty() && live.iter().all(|worker| worker.settings != own))
    }

    /// Returns whether another process recently recorded that it executes runs.
    pub(crate) async fn is_served(&self, now: Timestamp) -> bool {
        self.workers().await.is_ok_and(|workers| workers.iter().any(|worker| worker.is_alive(now)))
    }

    /// Returns the time of the last sign of life of any worker.
    pub(crate) async fn last_seen(&self) -> Result<Option<Timestamp>, HostError> {
        Ok(self.workers().await?.into_iter().map(|worker| worker.seen).max())
    }

    /// Returns the records of the processes that execute runs, or did earlier.
    async fn workers(&self) -> Result<Vec<WorkerRecord>, HostError> {
        let records = self.ctx.store.records(Kind::Worker, None, "", 10_000).await?;
        Ok(records.into_iter().filter_map(|record| serde_json::from_value(record.value).ok()).collect())
    }

    /// Records that this process executes runs. Fails when the store cannot be written.
    pub(crate) async fn record_alive(&self) -> Result<(), StoreError> {
        self.record("alive", false).await
    }

    /// Records that this process no longer executes runs.
    pub(crate) async fn record_stopped(&self) -> Result<(), StoreError> {
        // Without its lock file, no process counts this one as dead.
        let _ = std::fs::remove_file(self.ctx.base.join("workers").join(self.ctx.worker()));
        self.record("stopped", true).await
    }

    async fn record(&self, state: &str, stopped: bool) -> Result<(), StoreError> {
        let record =
            WorkerRecord { seen: self.ctx.clock.now(), settings: self.ctx.settings_digest(), stopped };
        let value = serde_json::to_value(record).unwrap_or_default();
        let (kind, id, state) = (Kind::Worker, self.ctx.worker().to_owned(), state.to_owned());
        let put = Change::Put { kind, id, state, value, expect: Expect::Any };
        self.ctx.store.write(vec![put]).await
    }

    /// Returns the name of this machine.
    pub fn machine(&self) -> String {
        machine()
    }

    /// Returns the names of the policies in force.
    pub fn policy_names(&self) -> Vec<String> {
        self.ctx.settings().policies.names()
    }

    /// Writes a file in the data directory that only this user can read, and returns its path.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn write_private(&self, name: &str, text: &str) -> Result<PathBuf, HostError> {
        let path = self.ctx.base.join(name);
        let written = private::make(&self.ctx.base).and_then(|()| own_files::replace(&path, text.as_bytes()));
        written.map(|()| path.clone()).map_err(|error| HostError::File { path, error })
    }

    /// Returns whether this process serves queues.
    pub fn is_serving(&self) -> bool {
        self.ctx.is_serving()
    }

    /// Returns whether this process is about to end and starts nothing new.
    pub fn is_draining(&self) -> bool {
        self.ctx.is_draining()
    }

    /// Returns the number of changes to the settings and steps against which jobs are checked.
    pub fn generation(&self) -> u64 {
        self.ctx.generation()
    }

    /// Returns the products, places and versions of the databases of the store.
    ///
    /// # Errors
    /// Fails when the store does not answer.
    pub async fn vitals(&self) -> Result<Vec<Vitals>, HostError> {
        Ok(self.ctx.store.vitals(self.ctx.now()).await?)
    }

    /// Checks that the store can be read.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub async fn check_readable(&self) -> Result<(), HostError> {
        Ok(self.ctx.store.next_schedule(None).await.map(drop)?)
    }

    /// Checks that the store can be written, with a write that changes nothing.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub async fn check_writable(&self) -> Result<(), HostError> {
        Ok(self.ctx.store.expire("doctor", self.ctx.now()).await.map(drop)?)
    }
}

fn summarize(hours: u32, rows: &[RunRow]) -> Metrics {
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    let mut jobs: BTreeMap<String, JobStats> = BTreeMap::new();
    let (mut durations, mut lateness) = (Vec::new(), Vec::new());
    let (mut good, mut bad) = (0u64, 0u64);
    for row in rows.iter().filter(|row| row.status.is_terminal()) {
        *ended.entry(row.status.name().to_owned()).or_default() += 1;
        let job = jobs.entry(row.job_id.clone()).or_default();
        job.runs += 1;
        if row.status == RunStatus::Success {
            (job.succeeded, good) = (job.succeeded + 1, good + 1);
        } else if row.status.is_dead() {
            (job.failed, bad) = (job.failed + 1, bad + 1);
        }
        if let Some((started, ended)) = row.started_at.zip(row.ended_at) {
            durations.push((ended - started).as_seconds_f64());
            lateness.push((started - row.created_at.max(row.due_at)).as_seconds_f64().max(0.0));
        }
    }
    Metrics {
        hours,
        ended,
        success_rate: (good + bad > 0).then(|| good as f64 / (good + bad) as f64),
        duration_seconds: spread(durations),
        lateness_seconds: spread(lateness),
        jobs,
        engine_health: BTreeMap::new(),
        truncated: rows.len() == MAX_RUNS as usize,
    }
}

fn spread(mut figures: Vec<f64>) -> Spread {
    figures.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let index = (figures.len() as f64 * part).ceil() as usize;
        figures.get(index.saturating_sub(1)).copied().unwrap_or(0.0)
    };
    Spread { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: figures.last().copied().unwrap_or(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_spread() {
        let values = spread((1..=100).map(f64::from).collect());
        assert_eq!((values.p50, values.p95, values.p99, values.max), (50.0, 95.0, 99.0, 100.0));
        assert_eq!(spread(Vec::new()), Spread::default());
        assert_eq!(spread(vec![7.0]).p50, 7.0);
    }
}

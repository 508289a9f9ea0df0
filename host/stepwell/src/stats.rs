//! How things go: queues, runs, health.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::queue::QueueSettings;
use stepwell_engine::run::RunStatus;
use stepwell_engine::schedule::zone;
use stepwell_engine::store::{Kind, QueueRow, RunFilter, RunRow};

use crate::node::lock;
use crate::service::QueueRecord;
use crate::{Host, HostError};

/// The state of a queue, for its operator.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueueStatus {
    /// The time zone of the queue.
    pub queue: String,
    /// Number of runs that are due and could start now.
    pub ready: u64,
    /// Number of due runs that wait for the end of a pause window.
    pub closed: u64,
    /// Number of due runs that wait for the queue to be resumed.
    pub held: u64,
    /// Number of runs that are not due yet, or wait for a retry or for something outside.
    pub waiting: u64,
    /// Number of runs that wait for their concurrency key.
    pub blocked: u64,
    /// Seconds since the oldest run that waits for its concurrency key became due.
    pub blocked_oldest_seconds: f64,
    /// Number of running runs.
    pub running: u64,
    /// Seconds since the oldest ready run became due.
    pub oldest_seconds: f64,
    /// The ready runs by priority.
    pub levels: Vec<QueueLevel>,
    /// Maximum number of running runs.
    pub concurrency: u32,
    /// Maximum number of waiting runs.
    pub max_waiting: u64,
    /// The actor who paused the queue, and the reason.
    pub paused: Option<String>,
    /// The time at which the present pause window ends.
    pub closed_until: Option<Timestamp>,
    /// Whether this process serves the queue.
    pub served: bool,
}

/// The ready runs of one priority.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueueLevel {
    /// The priority, from 0 to 9, where 9 is the most urgent.
    pub priority: u8,
    /// Number of runs that are due and could start now.
    pub ready: u64,
    /// Seconds since the oldest of them became due.
    pub oldest_seconds: f64,
}

/// Figures about the runs of the last hours.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Metrics {
    /// Number of hours.
    pub hours: u32,
    /// Number of ended runs, by status.
    pub ended: BTreeMap<String, u64>,
    /// The share of successful runs among those that succeeded or failed. 1 when there are none.
    pub success_rate: f64,
    /// Seconds from start to end.
    pub duration_seconds: Spread,
    /// Seconds from the due time to the start.
    pub lateness_seconds: Spread,
    /// Figures by job.
    pub jobs: BTreeMap<String, JobStats>,
    /// Whether more runs have ended than were counted, so that the figures cover only the newest.
    pub truncated: bool,
}

/// Figures about the runs of one job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct JobStats {
    /// Number of ended runs.
    pub runs: u64,
    /// Number of runs that succeeded.
    pub succeeded: u64,
    /// Number of runs that failed, timed out or expired.
    pub failed: u64,
}

/// The distribution of a set of figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    /// Half of the values are below.
    pub p50: f64,
    /// 95 of 100 values are below.
    pub p95: f64,
    /// 99 of 100 values are below.
    pub p99: f64,
    /// The largest value.
    pub max: f64,
}

/// The health of the service.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Health {
    /// The overall health: `healthy`, or `degraded` when a part does not work.
    pub status: &'static str,
    /// The health of each part.
    pub parts: BTreeMap<&'static str, Part>,
    /// Number of runs that this process works on.
    pub active: u64,
    /// Seconds by which the next schedule is late. 0 when it is not due.
    pub scheduler_lag_seconds: f64,
    /// The version of the zone database.
    pub tzdb: &'static str,
    /// The version of Stepwell.
    pub version: &'static str,
}

/// The health of a part.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// The health: `healthy` or `unhealthy`.
    pub status: &'static str,
    /// The problem. Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Health {
    /// The same without what tells about runs and schedules of other projects.
    #[must_use]
    pub fn without_figures(mut self) -> Self {
        self.active = 0;
        self.scheduler_lag_seconds = 0.0;
        for part in self.parts.values_mut() {
            // The message may name databases.
            part.message = part.message.take().map(|_| "it does not work; an operator sees why".to_owned());
        }
        self
    }
}

impl Part {
    fn of(problem: Option<String>) -> Self {
        Self { status: if problem.is_none() { "healthy" } else { "unhealthy" }, message: problem }
    }
}

/// Runs that are looked at for metrics.
const LOOKED_AT: u32 = 100_000;

impl Host {
    /// Every queue that has runs, settings or somebody who serves it.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn queue_status(&self) -> Result<Vec<QueueStatus>, HostError> {
        let rows = self.store.queues(self.clock.now()).await?;
        let mut names: Vec<String> = lock(&self.node.served).keys().cloned().collect();
        names.extend(self.settings().queues.queues.keys().cloned());
        self.status_of(rows, names, true).await
    }

    /// The same for a project: its own runs only, and the queues that have some or that the configuration lists. A
    /// pause concerns every project: it is shown, without who paused the queue and why.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn queue_status_of(&self, project: &str) -> Result<Vec<QueueStatus>, HostError> {
        let rows = self.store.queues_of(project, self.clock.now()).await?;
        let names = self.settings().queues.queues.keys().cloned().collect();
        self.status_of(rows, names, false).await
    }

    async fn status_of(
        &self,
        rows: Vec<QueueRow>,
        names: Vec<String>,
        everything: bool,
    ) -> Result<Vec<QueueStatus>, HostError> {
        let now = self.clock.now();
        let rows: BTreeMap<String, _> = rows.into_iter().map(|row| (row.queue.clone(), row)).collect();
        let mut paused = BTreeMap::new();
        for record in self.store.records(Kind::Queue, None, "", 10_000).await? {
            let said: QueueRecord = serde_json::from_value(record.value).unwrap_or_default();
            let said = said.paused.map(|why| if everything { why } else { "by an operator".to_owned() });
            paused.insert(record.id, said);
        }
        let served: Vec<String> = lock(&self.node.served).keys().cloned().collect();
        let known = self.settings();
        let mut names: Vec<&String> = names.iter().chain(rows.keys()).collect();
        if everything {
            names.extend(paused.keys());
        }
        names.sort();
        names.dedup();
        let status = names.into_iter().map(|queue| {
            let settings = known.queues.settings(queue).unwrap_or_default();
            let row = rows.get(queue).cloned().unwrap_or_default();
            let said = paused.get(queue).cloned().flatten();
            queue_status(queue, row, &settings, said, (served.contains(queue), now))
        });
        Ok(status.collect())
    }

    /// How the runs of the last hours went.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn metrics(&self, hours: u32) -> Result<Metrics, HostError> {
        self.looked_at(None, hours).await
    }

    /// The same for a project.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn metrics_of(&self, project: &str, hours: u32) -> Result<Metrics, HostError> {
        self.looked_at(Some(project.to_owned()), hours).await
    }

    async fn looked_at(&self, project: Option<String>, hours: u32) -> Result<Metrics, HostError> {
        let since = clock::earlier(self.clock.now(), std::time::Duration::from_secs(3600 * u64::from(hours)));
        let filter =
            RunFilter { project, ended_since: Some(since), limit: LOOKED_AT, ..RunFilter::default() };
        let rows = self.store.list(&filter).await?;
        Ok(summarize(hours, &rows))
    }

    /// Whether the parts work.
    pub async fn health(&self) -> Health {
        let now = self.clock.now();
        let (mut lag, mut store, mut service) = (0.0, None, None);
        match self.store.next_schedule(None).await {
            Ok(next) => lag = next.map_or(0.0, |next| (now - next).as_seconds_f64().max(0.0)),
            Err(error) => store = Some(error.to_string()),
        }
        // A write shows what a read cannot: a disk that is full. Only who serves says so.
        if self.is_serving()
            && let Err(error) = self.say_alive().await
        {
            store = Some(error.to_string());
        }
        if !self.is_serving() && !self.somebody_serves(now).await {
            service = Some("no new run starts: no service is running, or it is shutting down".to_owned());
        }
        let healthy = store.is_none() && service.is_none();
        let parts = BTreeMap::from([("store", Part::of(store)), ("service", Part::of(service))]);
        let served = lock(&self.node.served);
        Health {
            status: if healthy { "healthy" } else { "degraded" },
            parts,
            active: served.values().map(|s| u64::from(s.running.load(Ordering::Relaxed))).sum(),
            scheduler_lag_seconds: lag,
            tzdb: zone::database_version(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Whether this process serves queues.
    pub fn is_serving(&self) -> bool {
        self.node.serving.get().is_some() && !self.is_draining()
    }
}

/// A queue as its operator sees it. What a window or a pause keeps from beginning is not ready: nobody has to act.
fn queue_status(
    queue: &str,
    row: QueueRow,
    settings: &QueueSettings,
    paused: Option<String>,
    (served, now): (bool, Timestamp),
) -> QueueStatus {
    let closed_until = settings.closed_until(queue.parse().unwrap_or(chrono_tz::UTC), now);
    let seconds = |since: Option<Timestamp>| since.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
    let open = paused.is_none() && closed_until.is_none();
    // What has begun goes on.
    let can_run = if open { &row.levels } else { &row.begun };
    let ready = if open { row.ready } else { can_run.iter().map(|(_, count, _)| count).sum() };
    let waits = row.ready.saturating_sub(ready);
    let level = |&(priority, ready, oldest): &(u8, u64, Timestamp)| QueueLevel {
        priority,
        ready,
        oldest_seconds: seconds(Some(oldest)),
    };
    QueueStatus {
        queue: queue.to_owned(),
        ready,
        closed: if paused.is_none() { waits } else { 0 },
        held: if paused.is_some() { waits } else { 0 },
        waiting: row.waiting,
        blocked: row.blocked,
        blocked_oldest_seconds: seconds(row.oldest_blocked),
        running: row.running,
        oldest_seconds: seconds(can_run.iter().map(|(.., oldest)| *oldest).min()),
        levels: can_run.iter().map(level).collect(),
        concurrency: settings.concurrency,
        max_waiting: settings.max_waiting,
        paused,
        closed_until,
        served,
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
        success_rate: if good + bad == 0 { 1.0 } else { good as f64 / (good + bad) as f64 },
        duration_seconds: spread(durations),
        lateness_seconds: spread(lateness),
        jobs,
        truncated: rows.len() == LOOKED_AT as usize,
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

    /// What waits for a window or a pause is told apart from what waits for a worker.
    #[test]
    fn what_cannot_run_now_is_not_ready() {
        let now: Timestamp = "2026-01-07T12:00:00Z".parse().unwrap();
        let before = |minutes| now - chrono::Duration::minutes(minutes);
        let row = QueueRow {
            queue: "UTC".to_owned(),
            ready: 7,
            blocked: 2,
            oldest_blocked: Some(before(90)),
            levels: vec![(0, 5, before(60)), (9, 2, before(2))],
            begun: vec![(9, 1, before(1))],
            ..QueueRow::default()
        };
        let closed: QueueSettings =
            serde_json::from_value(serde_json::json!({"paused": [{"from": "09:00", "to": "18:00"}]}))
                .unwrap();
        for (settings, paused, expected) in [
            (QueueSettings::default(), None, (7, 0, 0, 3600.0)),
            (closed.clone(), None, (1, 6, 0, 60.0)),
            (QueueSettings::default(), Some("by ann".to_owned()), (1, 0, 6, 60.0)),
            (closed, Some("by ann".to_owned()), (1, 0, 6, 60.0)),
        ] {
            let told = queue_status("UTC", row.clone(), &settings, paused.clone(), (true, now));
            let found = (told.ready, told.closed, told.held, told.oldest_seconds);
            assert_eq!(found, expected, "{paused:?} {:?}", told.closed_until);
            assert_eq!(told.blocked_oldest_seconds, 5400.0);
        }
    }

    #[test]
    fn figures_are_spread() {
        let told = spread((1..=100).map(f64::from).collect());
        assert_eq!((told.p50, told.p95, told.p99, told.max), (50.0, 95.0, 99.0, 100.0));
        assert_eq!(spread(Vec::new()), Spread::default());
        assert_eq!(spread(vec![7.0]).p50, 7.0);
    }
}

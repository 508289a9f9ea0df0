//! Queues: their pauses, and the number of their runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::queue::QueueSettings;
use stepwell_engine::store::{Audit, Change, Expect, Kind, QueueRow};

use crate::HostError;
use crate::context::Context;

/// The status of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueueStatus {
    /// The time zone of the queue.
    pub queue: String,
    /// Number of runs that are due and could start now.
    pub ready: u64,
    /// Number of due runs that wait for a pause window of the queue to end.
    pub closed: u64,
    /// Number of due runs that wait for an operator to resume the queue.
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
    /// The time until which a pause window stops new runs.
    pub closed_until: Option<Timestamp>,
    /// The times of the next 24 hours at which pause windows stop new runs. Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Closure>,
    /// Whether this process serves the queue.
    pub served: bool,
}

/// A time at which pause windows stop new runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Closure {
    /// The start, or the present time if it has started.
    pub from: Timestamp,
    /// The end.
    pub until: Timestamp,
}

/// Ready runs of one priority.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueueLevel {
    /// The priority. 9 is the most urgent.
    pub priority: u8,
    /// Number of runs that are due and could start now.
    pub ready: u64,
    /// Seconds since the oldest of them became due.
    pub oldest_seconds: f64,
}

/// The state of a queue that an operator sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueRecord {
    /// The actor who paused the queue, and the reason.
    #[serde(default)]
    pub paused: Option<String>,
}

/// The queues of a host.
#[derive(Clone)]
pub struct Queues {
    pub(crate) ctx: Arc<Context>,
}

impl Queues {
    /// Pauses or resumes a queue. In a paused queue no run starts, and started runs continue.
    ///
    /// # Errors
    /// Fails when there is no such queue, or the store fails.
    pub async fn pause(&self, queue: &str, paused: Option<String>, audit: Audit) -> Result<(), HostError> {
        if queue.parse::<chrono_tz::Tz>().is_err() || self.ctx.settings().queues.settings(queue).is_none() {
            return Err(StoreError::NoRecord(Kind::Queue.name(), queue.to_owned()).into());
        }
        let state = if paused.is_some() { "paused" } else { "open" };
        let value = serde_json::to_value(QueueRecord { paused }).unwrap_or(Value::Null);
        let put = Change::Put {
            kind: Kind::Queue,
            id: queue.to_owned(),
            state: state.to_owned(),
            value,
            expect: Expect::Any,
        };
        self.ctx.store.write(vec![put, Change::Audit(audit)]).await?;
        self.refresh_pause(queue).await;
        self.ctx.wake([queue]);
        Ok(())
    }

    /// Reads from the store whether the queue is paused.
    pub(crate) async fn refresh_pause(&self, queue: &str) {
        let Ok(record) = self.ctx.store.record(Kind::Queue, queue).await else { return };
        let said: QueueRecord =
            record.and_then(|record| serde_json::from_value(record.value).ok()).unwrap_or_default();
        if let Some(serving) = self.ctx.node.served.lock().get_mut(queue) {
            serving.paused = said.paused;
        }
    }

    /// Lists the queues that have runs or settings, or that this process serves.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn status(&self) -> Result<Vec<QueueStatus>, HostError> {
        let rows = self.ctx.store.queues(self.ctx.clock.now()).await?;
        let mut names: Vec<String> = self.ctx.node.served.lock().keys().cloned().collect();
        names.extend(self.ctx.settings().queues.queues.keys().cloned());
        self.figures(rows, names, true).await
    }

    /// Returns the status like [`Queues::status`], for a project: only its own runs, and the queues that have
    /// some of them or are in the configuration. A pause affects every project, so it is shown, but without
    /// its reason.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn status_of(&self, project: &str) -> Result<Vec<QueueStatus>, HostError> {
        let rows = self.ctx.store.queues_of(project, self.ctx.clock.now()).await?;
        let names = self.ctx.settings().queues.queues.keys().cloned().collect();
        self.figures(rows, names, false).await
    }

    async fn figures(
        &self,
        rows: Vec<QueueRow>,
        names: Vec<String>,
        everything: bool,
    ) -> Result<Vec<QueueStatus>, HostError> {
        let now = self.ctx.clock.now();
        let rows: BTreeMap<String, _> = rows.into_iter().map(|row| (row.queue.clone(), row)).collect();
        let mut paused = BTreeMap::new();
        for record in self.ctx.store.records(Kind::Queue, None, "", 10_000).await? {
            let said: QueueRecord = serde_json::from_value(record.value).unwrap_or_default();
            let said = said.paused.map(|why| if everything { why } else { "by an operator".to_owned() });
            paused.insert(record.id, said);
        }
        let served: Vec<String> = self.ctx.node.served.lock().keys().cloned().collect();
        let known = self.ctx.settings();
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
}

/// Returns the status of a queue. Runs that a window or a pause holds are not ready: no operator has to act.
fn queue_status(
    queue: &str,
    row: QueueRow,
    settings: &QueueSettings,
    paused: Option<String>,
    (served, now): (bool, Timestamp),
) -> QueueStatus {
    let zone = queue.parse().unwrap_or(chrono_tz::UTC);
    let closed_until = settings.closed_until(zone, now);
    let closures = settings.closures(zone, now, now + chrono::Duration::hours(24)).into_iter();
    let seconds = |since: Option<Timestamp>| since.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
    let open = paused.is_none() && closed_until.is_none();
    // Started runs continue.
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
        closures: closures.map(|(from, until)| Closure { from, until }).collect(),
        served,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs that wait for a window or a pause are counted separately from runs that wait for a worker.
    #[test]
    fn runs_of_a_closed_queue_are_not_ready() {
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
            let status = queue_status("UTC", row.clone(), &settings, paused.clone(), (true, now));
            let found = (status.ready, status.closed, status.held, status.oldest_seconds);
            assert_eq!(found, expected, "{paused:?} {:?}", status.closed_until);
            assert_eq!(status.blocked_oldest_seconds, 5400.0);
        }
    }
}

//! The delay until a due run continues, in virtual time: the test sees the decisions of the dispatcher, and
//! not the speed of this machine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use stepwell::Host;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, RunStatus};
use stepwell::engine::store::{RunFilter, RunRow};
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use stepwell::store::SqliteStore;
use tokio::time::{Instant, sleep};

struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + chrono::Duration::from_std(self.0.elapsed()).unwrap()
    }
}

/// A step that works for the milliseconds in `for`, or parks for them once if it has a file.
struct Pretender;

#[async_trait]
impl StepRunner for Pretender {
    async fn run(&self, request: StepRequest) -> StepEnd {
        let time = Duration::from_millis(request.config["for"].as_u64().unwrap());
        let outcome = match (request.config.get("file"), request.attempt) {
            (Some(_), 1) => Outcome::Parked { after: time, reason: "the time to pass".to_owned() },
            (Some(_), _) => Outcome::Succeeded,
            (None, _) => {
                sleep(time).await;
                Outcome::Succeeded
            }
        };
        StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
    }
}

fn host(dir: &std::path::Path, workers: u32) -> Host {
    let config = dir.join("config.yaml");
    std::fs::write(&config, format!("service: {{workers: {workers}}}\n")).unwrap();
    let queues = serde_json::from_value(json!({"default": {"concurrency": 1000}})).unwrap();
    let builder =
        Host::builder().store(Arc::new(SqliteStore::in_memory())).config_file(config).queues(queues);
    builder.clock(Arc::new(VirtualClock(Instant::now()))).runner(Arc::new(Pretender)).build().unwrap()
}

async fn start(host: &Host, zone: &str, step: serde_json::Value) -> String {
    let mut step = step;
    (step["id"], step["type"]) = ("s".into(), "wait".into());
    let job = json!({"id": "j", "timezone": zone, "steps": [step]});
    let job: Job = serde_json::from_value::<JobDefinition>(job).unwrap().into();
    host.runs().enqueue(&Arc::new(job), Admission::default(), None, None).await.unwrap().execution_id
}

async fn all_ended(host: &Host) -> Vec<RunRow> {
    loop {
        sleep(Duration::from_millis(100)).await;
        let rows = host.runs().list(&RunFilter { limit: 10_000, ..RunFilter::default() }).await.unwrap();
        if rows.iter().all(|row| row.status == RunStatus::Success) {
            return rows;
        }
    }
}

fn millis(at: Option<Timestamp>) -> i64 {
    at.unwrap().timestamp_millis()
}

/// A thousand runs are parked, each until a different time: each continues at its time.
#[tokio::test(start_paused = true)]
async fn a_parked_run_goes_on_when_it_is_due_however_many_are_parked() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(dir.path(), 50);
    let service = host.serve().await.unwrap();
    let mut parked = Vec::new();
    for number in 0..1000 {
        let time = 3000 + (number * 37) % 5000;
        parked.push((start(&host, "UTC", json!({"for": time, "file": "x"})).await, time));
    }
    let rows = all_ended(&host).await;
    for (id, time) in parked {
        let row = rows.iter().find(|row| row.execution_id == id).unwrap();
        let took = millis(row.ended_at) - millis(row.started_at);
        assert!((time..=time + 5).contains(&took), "{id} was parked for {took} ms instead of {time}");
        assert_eq!((row.due_at, row.wakes_at), (row.created_at, None), "{id}");
    }
    service.drain().await;
}

/// All workers are with one queue: when one of them becomes free, the other queue gets it at once.
#[tokio::test(start_paused = true)]
async fn a_free_worker_goes_to_the_queue_that_waits_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(dir.path(), 2);
    let service = host.serve().await.unwrap();
    start(&host, "Europe/Berlin", json!({"for": 60_000})).await;
    let first = start(&host, "UTC", json!({"for": 1300})).await;
    sleep(Duration::from_millis(100)).await;
    // Berlin has one running run, so it no longer has a reserved worker.
    let second = start(&host, "Europe/Berlin", json!({"for": 10})).await;
    let rows = all_ended(&host).await;
    let row = |id: &str| rows.iter().find(|row| row.execution_id == id).unwrap();
    let waited = millis(row(&second).started_at) - millis(row(&first).ended_at);
    assert!((0..=5).contains(&waited), "the worker was free for {waited} ms");
    service.drain().await;
}

//! `Host::shutdown`, in virtual time: steps that run get the limit, nothing starts, and another host continues.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::json;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, RunState, RunStatus};
use stepwell::engine::store::RunFilter;
use stepwell::engine::store::prelude::*;
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use stepwell::store::SqliteStore;
use stepwell::{Host, HostError};
use tokio::time::{Instant, sleep};

struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + chrono::Duration::from_std(self.0.elapsed()).unwrap()
    }
}

/// A step that works for the milliseconds in `for`.
#[derive(Default)]
struct Works {
    started: Mutex<Vec<u64>>,
}

#[async_trait]
impl StepRunner for Works {
    async fn run(&self, request: StepRequest) -> StepEnd {
        let time = request.config["for"].as_u64().unwrap();
        self.started.lock().push(time);
        sleep(Duration::from_millis(time)).await;
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

struct Site {
    store: Arc<SqliteStore>,
    clock: Arc<VirtualClock>,
    runner: Arc<Works>,
}

impl Site {
    fn new() -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        Self { store: Arc::new(SqliteStore::in_memory()), clock, runner: Arc::default() }
    }

    fn host(&self) -> Host {
        let builder = Host::builder().store(self.store.clone()).clock(self.clock.clone());
        builder.runner(self.runner.clone()).compile_on_demand().build().unwrap()
    }

    /// Whether another process can claim the run at once.
    async fn is_free(&self, id: &str) -> bool {
        let row = self.store.row(id).await.unwrap();
        !row.status.is_terminal() && row.claimed_until.is_none_or(|until| until <= self.clock.now())
    }

    /// The milliseconds of the steps that have started, in order.
    fn started(&self) -> Vec<u64> {
        self.runner.started.lock().clone()
    }
}

fn job(times: &[u64]) -> JobDefinition {
    let step = |(number, time)| json!({"id": format!("s{number}"), "type": "wait", "for": time});
    let steps: Vec<_> = times.iter().enumerate().map(step).collect();
    serde_json::from_value(json!({"id": "j", "timezone": "UTC", "steps": steps})).unwrap()
}

async fn enqueue(host: &Host, times: &[u64]) -> String {
    let job: Job = job(times).into();
    host.runs().enqueue(&Arc::new(job), Admission::default(), None, None).await.unwrap().execution_id
}

async fn ended(host: &Host, id: &str) -> RunState {
    for _ in 0..1000 {
        let state = host.runs().get(id).await.unwrap();
        if state.status.is_terminal() {
            return state;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{id} does not end");
}

fn refusal<T>(result: Result<T, HostError>) -> String {
    match result {
        Err(HostError::Refused(message)) => message,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it is not refused"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_steps_end_and_another_host_continues_with_the_next_step() {
    let site = Site::new();
    let first = site.host();
    first.serve().await.unwrap();
    let id = enqueue(&first, &[3000, 7]).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(site.started(), [3000]);
    let begun = Instant::now();
    assert_eq!(first.shutdown(Duration::from_secs(60)).await, 0, "no step was interrupted");
    let took = begun.elapsed();
    assert!((2000..3500).contains(&took.as_millis()), "it waits for the step, and no longer: {took:?}");
    assert!(site.is_free(&id).await, "the claim is released");
    assert_eq!(site.started(), [3000], "the next step has not started");
    let second = site.host();
    second.serve().await.unwrap();
    assert_eq!(ended(&second, &id).await.status, RunStatus::Success);
    assert_eq!(site.started(), [3000, 7], "the first step does not run again");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_interrupts_steps_at_its_limit_and_they_run_again_elsewhere() {
    let site = Site::new();
    let first = site.host();
    first.serve().await.unwrap();
    let id = enqueue(&first, &[20_000]).await;
    sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    assert_eq!(first.shutdown(Duration::from_secs(2)).await, 1);
    let took = begun.elapsed();
    assert!((2000..7500).contains(&took.as_millis()), "{took:?}");
    assert!(site.is_free(&id).await, "the claim is released");
    let second = site.host();
    second.serve().await.unwrap();
    let state = ended(&second, &id).await;
    assert_eq!((state.status, state.steps[0].attempt), (RunStatus::Success, 2));
    assert_eq!(site.started(), [20_000, 20_000]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_runs_that_callers_wait_for() {
    for (limit, interrupted) in [(2, 1), (60, 0)] {
        let site = Site::new();
        let host = site.host();
        let caller = host.clone();
        let run = tokio::spawn(async move { caller.run(job(&[20_000, 7]), Default::default()).await });
        sleep(Duration::from_millis(500)).await;
        assert_eq!(host.shutdown(Duration::from_secs(limit)).await, interrupted, "limit {limit}");
        let message = refusal(run.await.unwrap());
        let rows = host.runs().list(&RunFilter { limit: 9, ..RunFilter::default() }).await.unwrap();
        let id = &rows[0].execution_id;
        assert_eq!(message, format!("this host has shut down, and the run {id} has not ended"));
        assert!(site.is_free(id).await, "the claim is released");
        let again =
            site.host().runs().resume(id, &crate::support::Unwatched, Default::default()).await.unwrap();
        assert_eq!((again.status, again.steps.len()), (RunStatus::Success, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_has_shut_down_answers_and_starts_nothing() {
    let site = Site::new();
    let host = site.host();
    host.serve().await.unwrap();
    let id = enqueue(&host, &[1]).await;
    ended(&host, &id).await;
    assert_eq!(host.shutdown(Duration::from_secs(60)).await, 0);
    let begun = Instant::now();
    assert_eq!(host.shutdown(Duration::from_secs(60)).await, 0);
    assert_eq!(begun.elapsed(), Duration::ZERO, "there is nothing to wait for");
    assert_eq!(refusal(host.serve().await), "this host has shut down");
    assert_eq!(refusal(host.run(job(&[2]), Default::default()).await), "this host has shut down");
    assert_eq!(host.runs().get(&id).await.unwrap().status, RunStatus::Success);
    assert_eq!(site.started(), [1]);
}

#[tokio::test]
async fn the_shutdown_of_an_unused_host_makes_no_files() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::builder().data_dir(dir.path().join("data")).compile_on_demand().build().unwrap();
    assert_eq!(host.shutdown(Duration::from_secs(60)).await, 0);
    assert!(!dir.path().join("data/stepwell.db").exists());
    assert!(!dir.path().join("data/workers").exists());
}

//! Runs that wait for a thread, since all threads of guests are busy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{from_value, json};
use stepwell::Host;
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, RunStatus};
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};

use crate::server::until;

/// A runner that holds its thread for longer than a lease, and counts the attempts of each run.
#[derive(Default)]
struct Holder(Mutex<BTreeMap<String, u32>>);

#[async_trait]
impl StepRunner for Holder {
    async fn run(&self, request: StepRequest) -> StepEnd {
        *self.0.lock().unwrap().entry(request.execution_id.clone()).or_default() += 1;
        std::thread::sleep(Duration::from_secs(4));
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

/// A claim is renewed while its run waits for a thread, so the process does not claim the run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_a_thread_keeps_its_claim() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    std::fs::write(&config, "service: {lease: 3s, workers: 60}").unwrap();
    let runner = Arc::new(Holder::default());
    // The store is in memory: a slow disk would delay the renewals.
    let host = Host::builder().config_file(config).runner(runner.clone()).build().unwrap();
    host.serve().await.unwrap();
    let job = json!({"id": "holds", "steps": [{"id": "hold", "type": "wait", "for": 0}]});
    let job: Arc<Job> = Arc::new(from_value::<JobDefinition>(job).unwrap().into());
    // More runs than the threads of both kinds, which are four for each core.
    let threads = 8 * std::thread::available_parallelism().map_or(1, usize::from);
    let mut ids = Vec::new();
    for _ in 0..threads + 8 {
        ids.push(host.runs().enqueue(&job, Admission::default(), None, None).await.unwrap().execution_id);
    }
    for id in &ids {
        let state = async || host.runs().get(id).await.unwrap();
        let ended = until("it ends", state, |state| state.status.is_terminal()).await;
        assert_eq!(ended.status, RunStatus::Success, "{}", ended.run.execution_id);
    }
    let attempts = runner.0.lock().unwrap().clone();
    for (id, count) in attempts {
        let step = host.runs().get(&id).await.unwrap().steps[0].clone();
        assert_eq!((count, step.attempt, step.lost), (1, 1, 0), "{id}: {step:?}");
    }
    host.shutdown(Duration::from_secs(5)).await;
}

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

/// A runner that holds its thread, and counts the attempts of each run.
#[derive(Default)]
struct Holder(Mutex<BTreeMap<String, u32>>);

#[async_trait]
impl StepRunner for Holder {
    async fn run(&self, request: StepRequest) -> StepEnd {
        *self.0.lock().unwrap().entry(request.execution_id.clone()).or_default() += 1;
        std::thread::sleep(Duration::from_secs(6));
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

/// A claim is renewed while its run waits for a thread, so the process does not claim the run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_a_thread_keeps_its_claim() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    // The last runs wait for a thread for twice the time that the runner holds one. The lease is long enough for a
    // machine that is busy with other tests.
    std::fs::write(&config, "service: {lease: 10s, workers: 60}").unwrap();
    let runner = Arc::new(Holder::default());
    let builder =
        Host::builder().data_dir(dir.path().join("data")).config_file(config).runner(runner.clone());
    let host = builder.build().unwrap();
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

/// Runs whose conditions work on much are evaluated one at a time. A run with a short condition does not wait for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_with_much_to_evaluate_delay_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    std::fs::write(&config, "service: {workers: 60}").unwrap();
    let host = Host::builder().config_file(config).runner(Arc::new(Nothing)).build().unwrap();
    host.serve().await.unwrap();
    let enqueue = async |id: &str, when: String| {
        let job = json!({"id": id, "vars": {"many": vec![7; 40_000]},
            "steps": [{"id": "only", "type": "wait", "for": 0, "when": when}]});
        let job: Arc<Job> = Arc::new(from_value::<JobDefinition>(job).unwrap().into());
        host.runs().enqueue(&job, Admission::default(), None, None).await.unwrap().execution_id
    };
    let sorts = ["(vars.many | sort | length)"; 5].join(" + ");
    let mut busy = Vec::new();
    for number in 0..40 {
        busy.push(enqueue(&format!("busy{number}"), format!("${{{{ {sorts} > 0 }}}}")).await);
    }
    let brief = enqueue("brief", "${{ vars.many | length > 0 }}".to_owned()).await;
    let ended = async |id: &str| host.runs().get(id).await.unwrap();
    let brief =
        until("the brief run ends", async || ended(&brief).await, |state| state.status.is_terminal()).await;
    assert_eq!(brief.status, RunStatus::Success);
    let mut open = 0;
    for id in &busy {
        open += u32::from(!ended(id).await.status.is_terminal());
    }
    assert!(open > 0, "all others ended first");
    for id in &busy {
        let state =
            until("a busy run ends", async || ended(id).await, |state| state.status.is_terminal()).await;
        assert_eq!(state.status, RunStatus::Success, "{state:.300?}");
    }
    host.shutdown(Duration::from_secs(5)).await;
}

/// A runner whose steps do nothing.
struct Nothing;

#[async_trait]
impl StepRunner for Nothing {
    async fn run(&self, _: StepRequest) -> StepEnd {
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

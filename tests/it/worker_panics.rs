//! A worker that panics outside of an attempt: a fault of the program that affects only its own run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::json;
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, RunState, RunStatus};
use stepwell::engine::trace::{Span, Spans};
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use stepwell::store::SqliteStore;
use stepwell::{Host, Notice, Observer};
use tokio_util::sync::CancellationToken;

use crate::support::Unwatched;

/// Panics in the worker at each end of a step with that name, and once at a step whose name begins with it.
struct Mine {
    always: &'static str,
    once: &'static str,
    stepped: AtomicU32,
}

impl Spans for Mine {
    fn take(&self, span: Span) {
        let step = span.name.strip_prefix("step ").unwrap_or_default();
        assert!(step != self.always, "the worker steps on a mine");
        let first = step == self.once && self.stepped.fetch_add(1, Ordering::Relaxed) == 0;
        assert!(!first, "the worker steps on a mine once");
    }
}

struct Quick;

#[async_trait]
impl StepRunner for Quick {
    async fn run(&self, _: StepRequest) -> StepEnd {
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

fn job(id: &str, step: &str, more: serde_json::Value) -> Arc<Job> {
    let mut job = json!({"id": id, "steps": [{"id": step, "type": "wait", "for": 0}]});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let definition: JobDefinition = serde_json::from_value(job).unwrap();
    Arc::new(definition.into())
}

fn host(spans: Option<Mine>) -> Host {
    let dir = tempfile::tempdir().unwrap().keep();
    let builder =
        Host::builder().data_dir(dir).store(Arc::new(SqliteStore::in_memory())).runner(Arc::new(Quick));
    match spans {
        Some(spans) => builder.spans(Arc::new(spans)).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

async fn ended(host: &Host, id: &str) -> RunState {
    let begun = Instant::now();
    loop {
        let state = host.runs().get(id).await.unwrap();
        if state.status.is_terminal() {
            return state;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{id}: {:?}", host.runs().explain(id).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The claim is released at once, the panic counts as a lost attempt, the third in a row sets the run aside,
/// and neighbors, in the same queue and with the same concurrency key, continue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_panics_costs_its_own_run_only() {
    let host = host(Some(Mine { always: "mine", once: "slip", stepped: AtomicU32::new(0) }));
    let service = host.serve().await.unwrap();
    let start = async |job: &Arc<Job>| {
        host.runs().enqueue(job, Admission::default(), None, None).await.unwrap().execution_id
    };
    let poisoned = start(&job("poisoned", "mine", json!({}))).await;
    let keyed = json!({"concurrency": {"key": "one at a time"}});
    let slips = start(&job("slips", "slip", keyed.clone())).await;
    let mut neighbours = Vec::new();
    for n in 0..20 {
        neighbours.push(start(&job(&format!("n{n}"), "fine", keyed.clone())).await);
    }
    for id in neighbours.iter().chain([&slips]) {
        assert_eq!(ended(&host, id).await.status, RunStatus::Success, "{id}");
    }
    let state = ended(&host, &poisoned).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert_eq!((state.status, end.outcome.class(), state.steps[0].attempt), (RunStatus::Failed, "lost", 3));
    let (letter, _) = host.dead_letters().get(&poisoned).await.unwrap();
    assert_eq!((letter.class.as_str(), letter.step_id.as_deref()), ("lost", Some("mine")));
    let metrics = host.system().prometheus().await.unwrap();
    let counted: BTreeMap<String, f64> = crate::server::samples(&metrics);
    assert_eq!(counted["stepwell_worker_panics_total"], 4.0);
    assert_eq!(counted["stepwell_lost_attempts_total"], 4.0);
    assert_eq!(host.runs().get(&slips).await.unwrap().steps[0].attempt, 2);
    assert_eq!(service.drain().await, 0, "nothing is held");
}

/// Panics at each report.
struct Fragile;

impl Observer for Fragile {
    fn notice(&self, _: &RunState, _: usize, notice: Notice<'_>) {
        assert!(!matches!(notice, Notice::Event(_)), "the observer breaks");
    }
}

/// The same without a service, where the panic comes before any step and when a run waits for an approver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_watcher_panics_does_not_run_for_ever() {
    let host = host(None);
    let admission = || Admission { queued: false, ..Admission::default() };
    let begun = Instant::now();
    let id = host
        .runs()
        .enqueue(&job("watched", "s", json!({})), admission(), None, None)
        .await
        .unwrap()
        .execution_id;
    let state = host.runs().resume(&id, &Fragile, CancellationToken::new()).await.unwrap();
    assert_eq!((state.status, state.steps[0].attempt), (RunStatus::Failed, 3));
    assert!((11..40).contains(&begun.elapsed().as_secs()), "it waits 1 s and 10 s: {:?}", begun.elapsed());
    // The claim was released each time: another worker takes over at once.
    let other = host.runs().enqueue(&job("quiet", "s", json!({})), admission(), None, None).await.unwrap();
    let state = host.runs().resume(&other.execution_id, &Unwatched, CancellationToken::new()).await.unwrap();
    assert_eq!(state.status, RunStatus::Success);
}

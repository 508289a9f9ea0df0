//! Decisions and schedules in the store that a process must not act on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, RunState, RunStatus, StepStatus};
use stepwell::engine::store::{Audit, Change, Expect, Kind, LedgerFilter};
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner, Store};
use stepwell::store::SqliteStore;

use crate::server::until;

/// A runner whose steps last six seconds.
struct Slow;

#[async_trait]
impl StepRunner for Slow {
    async fn run(&self, _: StepRequest) -> StepEnd {
        tokio::time::sleep(Duration::from_secs(6)).await;
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

fn job(value: Value) -> Arc<Job> {
    let definition: JobDefinition = serde_json::from_value(value).unwrap();
    Arc::new(definition.into())
}

async fn put(host: &Host, job: &Arc<Job>) {
    let (by, name) = ("key:ann".to_owned(), String::new());
    let (action, target, detail) = ("job.put".to_owned(), job.id.clone(), String::new());
    let audit = Audit { at: host.now(), by, name, action, target, detail };
    // The answer for a job that cannot be read is an error.
    let _ = host.jobs().put(job, Expect::Any, audit).await;
}

/// A worker that holds a run takes a decision only for the request that it was made for: a step that starts again
/// asks again, perhaps about something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_for_one_request() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory());
    let dir = tempfile::tempdir().unwrap();
    let builder = Host::builder().data_dir(dir.path()).store(store.clone()).runner(Arc::new(Slow));
    let host = builder.parallel_execution(true).build().unwrap();
    host.serve().await.unwrap();
    let branches = json!([
        {"id": "ok", "type": "approval", "message": "Deploy?"},
        {"id": "nap", "type": "wait", "for": 0},
    ]);
    let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": branches});
    let job = job(json!({"id": "asks", "steps": [group]}));
    let id = host.runs().enqueue(&job, Admission::default(), None, None).await.unwrap().execution_id;
    let state = async || host.runs().get(&id).await.unwrap();
    let step = |state: &RunState| state.steps[state.position_of("ok").unwrap()].clone();
    let asked = until("it asks", state, |state| step(state).status == StepStatus::Parked).await;
    let until_time = step(&asked).not_before.unwrap();
    let leave = async |until, comment: &str| {
        let value = json!({"step": "ok", "until": until, "approved": true, "by": "key:ann", "comment": comment,
            "at": host.now()});
        let (kind, expect, state) = (Kind::Decision, Expect::Any, id.clone());
        let id = format!("{id}/ok");
        store.write(vec![Change::Put { kind, id, state, value, expect }]).await.unwrap();
    };
    leave(until_time - TimeDelta::seconds(1), "another").await;
    let records = async || store.count(Kind::Decision, &id).await.unwrap();
    until("it is removed", records, |count| *count == 0).await;
    assert_eq!(step(&state().await).status, StepStatus::Parked);
    leave(until_time, "this one").await;
    let ended = until("it ends", state, |state| state.status.is_terminal()).await;
    assert_eq!(ended.status, RunStatus::Success);
    let end = step(&ended).end.unwrap();
    assert!(end.produced.summary.ends_with(": this one"), "{}", end.produced.summary);
    host.shutdown(Duration::from_secs(5)).await;
}

/// A schedule whose job cannot be read names its problem, stops no other, and works again once the job is stored
/// again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_cannot_be_read_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::new(dir.path().join("store.db")));
        let builder = Host::builder().data_dir(dir.path()).store(store.clone());
        (store, builder.runner(Arc::new(Quick)).build().unwrap())
    };
    let (_, host) = open();
    let deep = (0..130).fold(json!(1), |inner, _| json!([inner]));
    let of = |id: &str, metadata: Value| {
        job(json!({"id": id, "metadata": {"m": metadata}, "schedule": {"every": "1s"},
            "steps": [{"id": "s", "type": "wait", "for": 0}]}))
    };
    for job in [of("damaged", deep), of("sound", json!(1))] {
        put(&host, &job).await;
    }
    // A process that has not stored the job itself.
    let (store, host) = open();
    host.serve().await.unwrap();
    let runs = async |id: &str| {
        let filter = LedgerFilter { job_id: Some(id.to_owned()), limit: 100, ..LedgerFilter::default() };
        store.ledger(&filter).await.unwrap().iter().filter(|row| row.execution_id.is_some()).count()
    };
    until("the other one fires", async || runs("sound").await, |count| *count >= 2).await;
    assert_eq!(runs("damaged").await, 0);
    let job = of("damaged", json!(2));
    put(&host, &job).await;
    until("it fires again", async || runs("damaged").await, |count| *count >= 1).await;
    host.shutdown(Duration::from_secs(5)).await;
}

/// A runner whose steps end at once.
struct Quick;

#[async_trait]
impl StepRunner for Quick {
    async fn run(&self, _: StepRequest) -> StepEnd {
        StepEnd { outcome: Outcome::Succeeded, produced: Produced::default(), receipt: Receipt::default() }
    }
}

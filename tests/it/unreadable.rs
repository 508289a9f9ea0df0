//! Values with too many levels, and records that cannot be read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, Event, RunStatus};
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Audit, LogPlace, LogRecord, NewRun, Next};
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use stepwell_tests::load;

use crate::stores::{after, commit, ids, job, new_run, now, query, stores};
use crate::support::{Site, told};

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

fn end(output: Value) -> StepEnd {
    let produced = Produced { output, ..Produced::default() };
    StepEnd { outcome: Outcome::Succeeded, produced, receipt: Receipt::default() }
}

#[tokio::test]
async fn a_value_of_a_guest_has_at_most_64_levels() {
    let site = Site::new().probe_policy("context: {write: [seen]}", "").host().await;
    for (place, most) in [("output", 64), ("metadata", 63), ("variable", 64)] {
        let end = site.probe("deep", json!({"text": place, "count": most})).await;
        assert!(end.outcome.is_success(), "{place}: {}", told(&end));
        for levels in [most + 1, 100, 127] {
            let end = site.probe("deep", json!({"text": place, "count": levels})).await;
            assert!(
                matches!(&end.outcome, Outcome::OverLimit { limit, .. } if limit == "levels"),
                "{place} {levels}: {}",
                told(&end)
            );
            let told = told(&end);
            assert!(told.contains("has more than 64 levels") && !told.contains("recursion"), "{told}");
        }
    }
    let end = site.probe("deep", json!({"text": "refusal", "count": 100})).await;
    assert!(told(&end).starts_with("failed: no") && end.produced.metadata.is_empty(), "{}", told(&end));
}

/// Each part of a run's record: the run, its job, an event, and the log.
#[tokio::test]
async fn a_record_that_cannot_be_read_concerns_its_run_only() {
    for (name, store, _place) in stores().await {
        let big = json!({"deep": nested(130), "long": "x".repeat(8 << 10)});
        let variables = big.as_object().unwrap().clone();
        for id in ["a", "b"] {
            store.insert(&new_run(id), Vec::new()).await.unwrap();
        }
        store.insert(&NewRun { variables, ..new_run("variables") }, Vec::new()).await.unwrap();
        store.insert(&new_run("events"), Vec::new()).await.unwrap();
        store.claim_run("events", "w", now(), after(15)).await.unwrap();
        let key = || "a".into();
        let events = vec![
            Event::Started { at: now() },
            Event::StepStarted { step: key(), attempt: 1, at: now() },
            Event::StepEnded { step: key(), attempt: 1, end: Arc::new(end(nested(130))), at: now() },
        ];
        store.commit(commit("events", 1, events, 2, Next::Wait(now()))).await.unwrap();
        let claims = store.claim(query(10, after(2))).await.unwrap();
        let mut claimed = ids(&claims);
        claimed.sort_unstable();
        assert_eq!(claimed, ["a", "b", "events", "variables"], "{name}");
        for claim in &claims {
            let id = claim.run.execution_id.as_str();
            let is_damaged = claim.events.contains(&Event::Unreadable);
            assert_eq!(is_damaged, ["events", "variables"].contains(&id), "{name} {id}");
            assert_eq!((&*claim.run.job.id, claim.run.queue.as_deref()), ("job", Some("UTC")), "{name} {id}");
            let (_, events) = load(&*store, id).await.unwrap();
            assert_eq!(events.contains(&Event::Unreadable), is_damaged, "{name} {id}");
        }
        let damaged = store.latest("events").await.unwrap();
        assert_eq!(damaged.1, [Event::Unreadable], "{name}");
        // The end of a run is written without its damaged part.
        let fence = claims.iter().find(|claim| claim.run.execution_id == "events").unwrap().fence;
        let faulted = Event::Faulted { message: "damaged".to_owned(), at: now() };
        store.commit(commit("events", fence, vec![faulted.clone()], 0, Next::End)).await.unwrap();
        assert_eq!(load(&*store, "events").await.unwrap().1.last(), Some(&faulted), "{name}");
    }
}

/// Lines that cannot be read leave out their numbers, and readers continue after them.
#[tokio::test]
async fn a_log_that_cannot_be_read_loses_its_own_lines_only() {
    for (name, store, _place) in stores().await {
        store.insert(&new_run("one"), Vec::new()).await.unwrap();
        let fence = store.claim_run("one", "w", now(), after(15)).await.unwrap().fence;
        for number in 1..=3 {
            let mut write = commit("one", fence, Vec::new(), 2, Next::Keep);
            write.number = number;
            if number == 2 {
                let deep = |record: &mut LogRecord| {
                    record.line.fields = [("x".to_owned(), nested(130))].into_iter().collect()
                };
                write.logs.iter_mut().for_each(deep);
            }
            store.commit(write).await.unwrap();
        }
        let page = store.log_page("one", LogPlace::default(), 10).await.unwrap();
        let numbers: Vec<u64> = page.records.iter().map(|record| record.seq).collect();
        assert_eq!((numbers.as_slice(), page.next.lines), (&[1, 2, 5, 6][..], 6), "{name}");
    }
}

#[test]
fn a_job_that_cannot_be_read_has_its_name_and_no_steps() {
    let row_of = |id: &str| {
        json!({"execution_id": id, "job_id": "team/report", "queue": "UTC", "status": "queued", "priority": 3,
            "created_at": now(), "due_at": now(), "updated_at": now()})
    };
    let row = serde_json::from_value(row_of("one")).unwrap();
    let run = NewRun::unreadable(None, &row);
    assert_eq!((&*run.job.id, run.job.all_steps().count(), run.priority), ("team/report", 0, 3));
    assert_eq!(NewRun::unreadable(Some(job("job")), &row).job.all_steps().count(), 1);
}

/// The first step of a job named `poison` returns 127 levels. The second parks, so that another claim follows.
struct Poisoner;

#[async_trait]
impl StepRunner for Poisoner {
    async fn run(&self, request: StepRequest) -> StepEnd {
        match request.attempt {
            1 if request.config.get("for") == Some(&json!(1)) => {
                let (after, reason) = (Duration::from_secs(1), "rain".to_owned());
                StepEnd { outcome: Outcome::Parked { after, reason }, ..end(json!(null)) }
            }
            _ if request.config.get("for") == Some(&json!(2)) => end(nested(127)),
            _ => end(json!(null)),
        }
    }
}

fn waits(id: &str, seconds: &[u64]) -> Arc<Job> {
    let step = |(n, seconds): (usize, &u64)| json!({"id": format!("s{n}"), "type": "wait", "for": seconds});
    let steps: Vec<Value> = seconds.iter().enumerate().map(step).collect();
    let definition: JobDefinition = serde_json::from_value(json!({"id": id, "steps": steps})).unwrap();
    Arc::new(definition.into())
}

fn audit() -> Audit {
    Audit {
        at: now(),
        by: "test".to_owned(),
        name: String::new(),
        action: "run.cancel".to_owned(),
        target: "x".to_owned(),
        detail: String::new(),
    }
}

async fn start(host: &Host, job: &Arc<Job>) -> String {
    host.runs().enqueue(job, Admission::default(), None, None).await.unwrap().execution_id
}

/// Waits until the row of the run has this status.
async fn until(host: &Host, id: &str, status: RunStatus) {
    let begun = Instant::now();
    while host.runs().row(id).await.unwrap().status != status {
        assert!(begun.elapsed() < Duration::from_secs(60), "{id}: {:?}", host.runs().row(id).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn poisoned(name: &str, store: Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap().keep();
    let host = Host::builder().data_dir(dir).store(store).runner(Arc::new(Poisoner)).build().unwrap();
    let service = host.serve().await.unwrap();
    let poison = waits("poison", &[2, 1, 0]);
    let (lost, cancelled) = (start(&host, &poison).await, start(&host, &poison).await);
    for id in [&lost, &cancelled] {
        until(&host, id, RunStatus::Parked).await;
    }
    for id in [&lost, &cancelled] {
        let errors = [
            host.runs().get(id).await.unwrap_err().to_string(),
            host.runs().explain(id).await.unwrap_err().to_string(),
        ];
        for error in errors {
            assert!(error.contains("a part of them cannot be read"), "{name}: {error}");
            assert!(!error.contains("recursion") && !error.contains("column"), "{name}: {error}");
        }
    }
    // A cancellation ends the run at once.
    let begun = Instant::now();
    host.runs().cancel(&cancelled, "no more", audit()).await.unwrap();
    until(&host, &cancelled, RunStatus::Failed).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{name}: {:?}", begun.elapsed());
    // The neighbours continue while the damaged run is claimed repeatedly.
    for n in 0..20 {
        let id = start(&host, &waits(&format!("n{n}"), &[0])).await;
        until(&host, &id, RunStatus::Success).await;
    }
    until(&host, &lost, RunStatus::Failed).await;
    for id in [&lost, &cancelled] {
        let state = host.runs().shown(id).await.unwrap();
        assert_eq!(state.status, RunStatus::Failed, "{name}");
        let said = state.fault.clone().unwrap_or_default();
        assert!(said.contains("the stored events of the run are damaged"), "{name}: {said}");
        let (letter, _) = host.dead_letters().get(id).await.unwrap();
        assert_eq!((letter.class.as_str(), letter.step_id), ("host_fault", None), "{name}");
        assert!(host.runs().explain(id).await.unwrap().summary.contains("damaged"), "{name}");
    }
    assert_eq!(service.drain().await, 0, "{name}: nothing is held");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_cannot_be_read_ends_after_three_claims() {
    let (mut places, mut tests) = (Vec::new(), Vec::new());
    for (name, store, place) in stores().await {
        places.push(place);
        tests.push(tokio::spawn(poisoned(name, store)));
    }
    for test in tests {
        test.await.unwrap();
    }
}

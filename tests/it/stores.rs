//! One suite for every store: the contract of `stepwell::engine::Store`, and the same events in all of them.

use std::sync::Arc;

use chrono::Duration;
use serde_json::json;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::run::{Event, RunStatus};
use stepwell::engine::step::LogLine;
use stepwell::engine::store::{Commit, LogRecord, NewRun};
use stepwell::engine::{Store, StoreError};
use stepwell::store::{MemoryStore, SqliteStore};

/// Every store, under its name, and the directory that it lives in.
fn stores() -> Vec<(&'static str, Arc<dyn Store>, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = Arc::new(SqliteStore::new(dir.path().join("deep/down/stepwell.db")));
    vec![("memory", Arc::new(MemoryStore::default()), tempfile::tempdir().unwrap()), ("sqlite", sqlite, dir)]
}

fn now() -> Timestamp {
    "2025-09-01T14:30:22.123456Z".parse().unwrap()
}

fn new_run(id: &str) -> NewRun {
    let job = json!({"id": "job", "steps": [{"id": "a", "type": "sql", "query": "SELECT 1"}]});
    NewRun {
        execution_id: id.to_owned(),
        job: serde_json::from_value(job).unwrap(),
        variables: json!({"day": 1}).as_object().unwrap().clone(),
        created_at: now(),
        scheduled_time: now(),
    }
}

fn commit(id: &str, fence: u64, events: Vec<Event>, logs: usize) -> Commit {
    let line = LogLine { level: "info".to_owned(), message: "text".to_owned(), fields: Default::default() };
    let record = LogRecord { at: now(), step_id: "a".to_owned(), attempt: 1, line };
    Commit {
        execution_id: id.to_owned(),
        fence,
        events,
        logs: vec![record; logs],
        status: RunStatus::Running,
        at: now() + Duration::seconds(1),
    }
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    for (name, store, _dir) in stores() {
        store.insert(&new_run("one")).await.unwrap();
        assert_eq!(store.insert(&new_run("one")).await, Err(StoreError::Exists("one".to_owned())), "{name}");
        let claim = store.claim("one", now(), now() + Duration::seconds(15)).await.unwrap();
        assert_eq!((claim.run, claim.events.len(), claim.fence), (new_run("one"), 0, 1), "{name}");
        let events =
            vec![Event::Started { at: now() }, Event::StepStarted { step: 0, attempt: 1, at: now() }];
        store.commit(commit("one", 1, events.clone(), 2)).await.unwrap();
        let more = vec![Event::CheckpointSaved { step: 0, data: "note".to_owned() }];
        store.commit(commit("one", 1, more.clone(), 1)).await.unwrap();
        let (run, read) = store.load("one").await.unwrap();
        assert_eq!((run, read), (new_run("one"), [events, more].concat()), "{name}");
        assert_eq!(store.logs("one").await.unwrap().len(), 3, "{name}");
        let list = store.list(10).await.unwrap();
        assert_eq!(
            (list.len(), list[0].status, list[0].updated_at),
            (1, RunStatus::Running, now() + Duration::seconds(1))
        );
    }
}

#[tokio::test]
async fn one_worker_at_a_time_and_a_stale_one_writes_nothing() {
    for (name, store, _dir) in stores() {
        store.insert(&new_run("one")).await.unwrap();
        let until = now() + Duration::seconds(15);
        let first = store.claim("one", now(), until).await.unwrap();
        assert_eq!(
            store.claim("one", now(), until).await,
            Err(StoreError::Claimed("one".to_owned(), until)),
            "{name}"
        );
        let later = until + Duration::seconds(1);
        let second = store.claim("one", later, later + Duration::seconds(15)).await.unwrap();
        assert!(second.fence > first.fence, "{name}");
        let stale = Err(StoreError::Stale("one".to_owned()));
        let late = commit("one", first.fence, vec![Event::Started { at: now() }], 1);
        assert_eq!(store.commit(late).await, stale, "{name}");
        assert_eq!(store.renew("one", first.fence, later).await, stale, "{name}");
        assert_eq!(store.release("one", first.fence).await, stale, "{name}");
        assert_eq!(store.load("one").await.unwrap().1, [], "{name}");
        assert_eq!(store.logs("one").await.unwrap(), [], "{name}");
        store.release("one", second.fence).await.unwrap();
        assert_eq!(store.claim("one", now(), until).await.unwrap().fence, 3, "{name}");
    }
}

#[tokio::test]
async fn runs_that_are_not_there_and_many_that_are() {
    for (name, store, _dir) in stores() {
        let missing = StoreError::NotFound("none".to_owned());
        assert_eq!(store.load("none").await.unwrap_err(), missing, "{name}");
        assert_eq!(store.logs("none").await.unwrap_err(), missing, "{name}");
        assert_eq!(store.claim("none", now(), now()).await.unwrap_err(), missing, "{name}");
        let inserts = (0..200).map(|i| {
            let (store, run) = (store.clone(), new_run(&format!("run-{i:03}")));
            tokio::spawn(async move { store.insert(&run).await })
        });
        for insert in inserts.collect::<Vec<_>>() {
            insert.await.unwrap().unwrap();
        }
        let list = store.list(3).await.unwrap();
        let ids: Vec<&str> = list.iter().map(|run| run.execution_id.as_str()).collect();
        assert_eq!(ids, ["run-199", "run-198", "run-197"], "{name}");
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stepwell.db");
    SqliteStore::new(&path).insert(&new_run("one")).await.unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::new(&path).load("one").await.unwrap_err().to_string();
    assert!(error.contains("newer version of Stepwell"), "{error}");
    // And a file that is no database.
    let broken = dir.path().join("broken.db");
    std::fs::write(&broken, "this is not a database, and long enough to be one").unwrap();
    assert!(matches!(SqliteStore::new(&broken).list(1).await, Err(StoreError::Failed(_))));
}

//! Clients of two stores whose leader changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::rollout::{Operation, System};
use stepwell_engine::store::NewRun;
use stepwell_engine::store::prelude::*;
use stepwell_engine::{JobDefinition, StoreError};

use super::{Side, SwitchedStore, Watcher};
use crate::SqliteStore;
use crate::follow::{Follower, compare};

/// Counts operations.
#[derive(Default)]
struct Counter {
    of_new: AtomicU64,
    fell_back: AtomicU64,
}

impl Watcher for Counter {
    fn ended(&self, (system, _): (System, Operation), _: bool, _: Duration) {
        self.of_new.fetch_add(u64::from(system == System::New), Ordering::Relaxed);
    }

    fn fell_back(&self, _: &str) {
        self.fell_back.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

struct Site {
    _dir: tempfile::TempDir,
    old: Arc<SqliteStore>,
    new: Arc<SqliteStore>,
    counter: Arc<Counter>,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Arc::new(SqliteStore::new(dir.path().join(name)));
        Self { old: open("old.db"), new: open("new.db"), counter: Arc::default(), _dir: dir }
    }

    async fn process(&self) -> Result<SwitchedStore, StoreError> {
        let side = |store: &Arc<SqliteStore>| Side { store: store.clone(), database: store.clone() };
        SwitchedStore::new(side(&self.old), side(&self.new), self.counter.clone()).await
    }
}

fn run(id: &str) -> NewRun {
    let job = json!({"id": "job", "steps": [{"id": "s", "type": "wait", "for": 0}]});
    let job: Arc<Job> = Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into());
    NewRun::of(job, id, Timestamp::from_timestamp(1_800_000_000, 0).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_notice_no_change_of_leaders() {
    let site = Site::new();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut follower = Follower::begin(site.old.clone(), site.new.clone()).await.unwrap();
    let mut clients = Vec::new();
    for client in 0..4 {
        let (store, acknowledged) = (site.process().await.unwrap(), acknowledged.clone());
        clients.push(tokio::spawn(async move {
            for number in 0..150 {
                let id = format!("exec_{client}_{number}");
                store.insert(&run(&id), Vec::new()).await.unwrap();
                assert_eq!(store.row(&id).await.unwrap().execution_id, id);
                acknowledged.lock().push(id);
            }
        }));
    }
    let (mut leader, mut other) = (site.old.clone(), site.new.clone());
    let mut changes = 0;
    while !clients.iter().all(tokio::task::JoinHandle::is_finished) || changes < 2 {
        while !follower.states().await.unwrap().1.copied.is_empty() {
            follower.pass().await.unwrap();
        }
        follower.hand_over().await.unwrap();
        std::mem::swap(&mut leader, &mut other);
        follower = Follower::begin(leader.clone(), other.clone()).await.unwrap();
        changes += 1;
    }
    for client in clients {
        client.await.unwrap();
    }
    while !follower.pass().await.unwrap().idle {}
    let compared = compare(&leader, &other).await.unwrap();
    assert_eq!(compared.differing, 0, "{compared:?}");
    let acknowledged = acknowledged.lock().clone();
    assert_eq!(acknowledged.len(), 600);
    for id in acknowledged {
        assert!(leader.row(&id).await.is_ok(), "{id} is lost after {changes} changes");
    }
}

/// The new store answers a read only if it has every change of the run.
#[tokio::test]
async fn no_read_goes_back_in_time() {
    let site = Site::new();
    let store = site.process().await.unwrap();
    let follower = Follower::begin(site.old.clone(), site.new.clone()).await.unwrap();
    while !follower.pass().await.unwrap().idle {}
    store.read_new(true);
    let of_new = || site.counter.of_new.load(Ordering::Relaxed);
    for number in 0..20 {
        let id = format!("exec_{number}");
        store.insert(&run(&id), Vec::new()).await.unwrap();
        let before = of_new();
        assert!(store.row(&id).await.is_ok());
        assert_eq!(of_new(), before, "the old store answers");
        follower.pass().await.unwrap();
        assert!(store.row(&id).await.is_ok());
        assert_eq!(of_new(), before + 1, "the new store answers");
    }
    assert_eq!(site.counter.fell_back.load(Ordering::Relaxed), 20);
    store.read_new(false);
    let before = of_new();
    assert!(store.row("exec_1").await.is_ok());
    assert_eq!(of_new(), before);
}

#[tokio::test(start_paused = true)]
async fn without_a_leader_a_process_does_not_start() {
    let site = Site::new();
    let follower = Follower::begin(site.old.clone(), site.new.clone()).await.unwrap();
    while !follower.pass().await.unwrap().idle {}
    // The old store is retired, as after the end of a switch, and the new one was restored from before.
    let end = |role: &'static str| {
        move |db: &dyn crate::sql::Sql, _: &crate::shared::Shared| {
            db.execute("UPDATE store_state SET role = $1", crate::sql::params![role]).map(drop)
        }
    };
    use crate::store::Database;
    site.old.0.write(end("retired")).await.unwrap();
    assert!(site.process().await.is_err_and(|error| error.to_string().contains("neither store leads")));
    site.new.0.write(end("leading")).await.unwrap();
    assert!(site.process().await.is_ok());
}

//! The contract of locks over Redis, and servers that fail.

mod commit;
mod faults;
pub(in crate::locks) mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use stepwell_engine::clock::{Clock, Timestamp};
use stepwell_engine::lock::history::{What, check};
use stepwell_engine::lock::{
    Acquire, Answer, Command, LockError, Locks, Mode, Name, Owner, Settings, Want, wait_for,
};

use super::super::tests::{BOUNDS, history, same, scripts};
use super::RedisLocks;
use server::Redis;

fn request(ticket: &str, actor: &str, name: &str) -> Acquire {
    let want = Want::new(Name::new(name).unwrap(), Mode::Exclusive);
    Acquire::new(ticket, Owner::new(actor, ""), vec![want])
}

/// Takes a lock, and returns its token.
async fn take(locks: &RedisLocks, ticket: &str, name: &str) -> u64 {
    let request = Command::Acquire(Box::new(request(ticket, "ann", name)));
    match locks.run("p", request, scripts::at(0.0)).await.unwrap() {
        Answer::Acquired { held, .. } => held[0].token,
        other => panic!("{other:?}"),
    }
}

async fn release(locks: &RedisLocks, name: &str, token: u64) -> Result<Answer, LockError> {
    let (name, by) = (Name::new(name).unwrap(), "ann".to_owned());
    locks.run("p", Command::Release { name, token, by }, scripts::at(0.0)).await
}

#[tokio::test]
async fn scripts_of_the_contract_in_redis() {
    let Some(redis) = Redis::start(&[]).await else { return };
    for name in scripts::SCRIPTS {
        let path = format!("{}/../../tests/contract/locks/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let script = std::fs::read_to_string(path).unwrap();
        let locks = redis.callers_time(scripts::settings(&script));
        // A project of its own, so that scripts share no lock.
        same(&scripts::transcript(&locks, name, &script).await, &script, name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_many_clients_are_those_of_one_lock() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let processes: Vec<Arc<dyn Locks>> = (0..4).map(|_| Arc::new(redis.locks()) as Arc<dyn Locks>).collect();
    let calls = history(&processes, 8, 40).await;
    let granted = calls.iter().filter(|call| matches!(call.what, What::Acquire { token: Some(_), .. }));
    assert!(granted.count() > 160);
    check(&calls, BOUNDS).unwrap_or_else(|violation| panic!("{violation}"));
}

/// Each process hears of the changes of others before it looks by itself, which is once per second.
#[tokio::test]
async fn a_waiter_hears_of_a_release_in_another_process() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (ours, theirs) = (Arc::new(redis.locks()), redis.locks());
    let at = scripts::at(0.0);
    let token = take(&theirs, "t1", "db").await;
    let waits = Acquire { wait: Some(Duration::from_secs(60)), ..request("t2", "bob", "db") };
    ours.run("p", Command::Acquire(Box::new(waits)), at).await.unwrap();
    let waiting = ours.clone();
    let waiter =
        tokio::spawn(async move { wait_for(&*waiting, &at, "p", "t2", Duration::from_secs(20)).await });
    redis.until(&["PUBSUB", "NUMSUB", "stepwell:locks"], "int(1)").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    release(&theirs, "db", token).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_millis(600), waiter).await;
    let answer = answer.expect("the release woke no waiter").unwrap().unwrap();
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
}

/// A clock of a caller that is months behind the server's.
struct Months(AtomicI64);

impl Clock for Months {
    fn now(&self) -> Timestamp {
        scripts::at(0.0) + chrono::Duration::milliseconds(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn leases_end_by_the_time_of_the_server() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let locks = redis.locks();
    let (at, lease) = (scripts::at(0.0), Some(Duration::from_secs(1)));
    let first = Acquire { lease, ..request("t1", "ann", "db") };
    locks.run("p", Command::Acquire(Box::new(first)), at).await.unwrap();
    let second = Acquire { wait: Some(Duration::from_secs(60)), ..request("t2", "bob", "db") };
    let answer = locks.run("p", Command::Acquire(Box::new(second)), at).await.unwrap();
    assert!(matches!(answer, Answer::Waiting { .. }), "{answer:?}");
    let clock = Arc::new(Months(AtomicI64::new(0)));
    let moved = clock.clone();
    let moving = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            moved.0.fetch_add(20, Ordering::Relaxed);
        }
    });
    let answer = wait_for(&locks, &*clock, "p", "t2", Duration::from_secs(20)).await.unwrap();
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
    moving.abort();
    // The next end, by the time of the caller: the ticket whose lease ended is forgotten after ten minutes.
    let now = clock.now() + chrono::Duration::seconds(1);
    let next = locks.tick(now, 10).await.unwrap().expect("the first ticket is forgotten") - now;
    assert!((590..=600).contains(&next.num_seconds()), "{next:?}");
}

#[tokio::test]
async fn locks_of_two_projects_after_a_restart_and_after_a_loss() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (locks, at) = (redis.locks(), scripts::at(0.0));
    let acquire = |ticket: &str| Command::Acquire(Box::new(request(ticket, "ann", "db")));
    let first = locks.run("p", acquire("t1"), at).await.unwrap();
    let other = locks.run("q", acquire("t1"), at).await.unwrap();
    assert!(matches!(other, Answer::Acquired { .. }), "{other:?}");
    let locks = redis.locks();
    assert_eq!(locks.run("p", acquire("t1"), at).await.unwrap(), first, "the same request again");
    assert!(matches!(locks.run("p", acquire("t2"), at).await.unwrap(), Answer::Busy { .. }));
    let Answer::Acquired { held, .. } = &first else { panic!("{first:?}") };
    release(&locks, "db", held[0].token).await.unwrap();
    assert!(matches!(release(&locks, "db", held[0].token).await, Err(LockError::Released { .. })));
    let second = take(&locks, "t3", "db").await;
    assert!(second > held[0].token, "tokens grow");
    redis.ask(&["FLUSHALL"]).await;
    let third = take(&locks, "t4", "db").await;
    assert!(third > second, "tokens grow although the server lost everything");
    assert!(third < 1 << 53, "programs that know only floating-point numbers can compare tokens");
    // The list of projects is complete again after a tick.
    locks.tick(at, 10).await.unwrap();
    let projects = format!("{:?}", redis.ask(&["SMEMBERS", "stepwell:projects"]).await);
    assert!(projects.contains("'p'") || projects.contains("\"p\""), "{projects}");
}

/// A cluster of three servers has the locks of all projects, each project on one of them.
#[tokio::test]
async fn a_cluster_has_locks() {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let Some(node) = Redis::start(&["--cluster-enabled", "yes", "--cluster-port", "BUS"]).await else {
            return;
        };
        nodes.push(node);
    }
    for (node, (from, to)) in nodes.iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
        node.until(&["CLUSTER", "ADDSLOTSRANGE", from, to], "Ok(").await;
    }
    for other in &nodes[1..] {
        let (port, bus) = (other.port.to_string(), other.bus.to_string());
        nodes[0].until(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus], "Ok(").await;
    }
    for node in &nodes {
        node.until(&["CLUSTER", "INFO"], "cluster_state:ok").await;
        node.until(&["CLUSTER", "INFO"], "cluster_known_nodes:3").await;
    }
    let hosts: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    let url = format!("redis://{}/?cluster=true", hosts.join(","));
    let locks = RedisLocks::new(url.parse().unwrap(), Settings::default());
    let at = scripts::at(0.0);
    for number in 0..12 {
        let project = format!("project-{number}");
        let acquire = |ticket: &str| Command::Acquire(Box::new(request(ticket, "ann", "db")));
        let answer = locks.run(&project, acquire("t1"), at).await.unwrap();
        assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
        assert!(matches!(locks.run(&project, acquire("t2"), at).await.unwrap(), Answer::Busy { .. }));
        assert_eq!(locks.events(&project, 0, 10).await.unwrap().len(), 1);
    }
    locks.tick(at, 10).await.unwrap();
    for node in &nodes {
        let size = format!("{:?}", node.ask(&["DBSIZE"]).await);
        assert_ne!(size, "int(0)", "each node has some of the projects");
    }
    // One server alone refuses the keys of others, with the fix.
    let mut errors = Vec::new();
    for number in 0..12 {
        let alone = nodes[0].locks();
        let acquire = Command::Acquire(Box::new(request("t9", "ann", "x")));
        errors.extend(alone.run(&format!("project-{number}"), acquire, at).await.err());
        if !errors.is_empty() {
            break;
        }
    }
    let error = errors.first().expect("some project is on another node").to_string();
    assert!(error.contains("cluster"), "{error}");
}

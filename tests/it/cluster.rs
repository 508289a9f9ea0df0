//! Several nodes over one PostgreSQL with faults: no run is lost, doubled or written late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::run::{Event, RunState};
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{LedgerFilter, RunFilter, Source};
use stepwell::store::PostgresStore;
use stepwell_tests::proxy::{Fault, Proxy};
use stepwell_tests::servers;
use tokio::sync::Mutex;

use crate::cli::Shell;
use crate::server::{Server, until};

/// The duration of claims and leases in these tests.
const LEASE: Duration = Duration::from_secs(3);
const CONFIG: &str = "connections: {w: {type: sqlite, path: w.db}}\nservice: {lease: 3s, drain: 2s}\n";

/// A node, and the way to its database.
struct Node {
    server: Server,
    url: String,
}

impl Node {
    fn start(url: &str, token: &str) -> Self {
        let shell = Shell::new().file("config.yaml", CONFIG).env("STEPWELL_STORE", url);
        Self { server: Server::start_with(shell, &[], token), url: url.to_owned() }
    }

    /// Kills the node as `kill -9` does, and starts a new one as if on another machine.
    fn replace(&mut self) {
        *self = Self::start(&self.url, &self.server.token.clone());
    }
}

/// Runs with an idempotency key: the client repeats the request until there is a response.
#[derive(Default)]
struct Load {
    acknowledged: Mutex<BTreeMap<String, String>>,
    stop: AtomicBool,
    next: AtomicUsize,
}

impl Load {
    /// Sends requests to these addresses in turn, and returns the acknowledged runs.
    fn start(addresses: Arc<Mutex<Vec<String>>>, token: &str) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        let (load, token) = (Arc::new(Self::default()), token.to_owned());
        let asking = load.clone();
        let task = tokio::spawn(async move {
            while !asking.stop.load(Ordering::Relaxed) {
                let number = asking.next.fetch_add(1, Ordering::Relaxed);
                asking.ask(&format!("key-{number}"), &addresses, &token).await;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        });
        (load, task)
    }

    async fn ask(&self, key: &str, addresses: &Mutex<Vec<String>>, token: &str) {
        let zone = ["UTC", "Europe/Berlin", "Asia/Tokyo"][key.len() % 3];
        let body = json!({"job": {"id": "load", "timezone": zone, "steps": [
            {"id": "a", "type": "probe", "case": "echo", "text": key},
            {"id": "b", "type": "probe", "case": "echo", "text": "${{ steps.a.output }}"}]}})
        .to_string();
        let authorization = format!("Bearer {token}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("prefer", "respond-async"),
            ("idempotency-key", key),
        ];
        for attempt in 0.. {
            let address = {
                let all = addresses.lock().await;
                all[attempt % all.len()].clone()
            };
            let asked = crate::server::ask(&address, "POST", "/api/v2/jobs/execute", &headers, &body);
            if let Ok(Ok(reply)) = tokio::time::timeout(Duration::from_secs(3), asked).await
                && reply.status == 202
            {
                let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
                self.acknowledged.lock().await.insert(key.to_owned(), id);
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Checks that everything has ended correctly.
async fn settled(store: &dyn Store, load: &Load) {
    let all = RunFilter { limit: u32::MAX, ..RunFilter::default() };
    let open = async || {
        let rows = store.list(&all).await.unwrap_or_default();
        rows.iter().filter(|row| !row.status.is_terminal()).map(|row| row.execution_id.clone()).collect()
    };
    let begun = Instant::now();
    loop {
        let left: Vec<String> = open().await;
        if left.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "these do not end: {left:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rows = store.list(&all).await.unwrap();
    let known: BTreeSet<&str> = rows.iter().map(|row| row.execution_id.as_str()).collect();
    let acknowledged = load.acknowledged.lock().await;
    for (key, id) in acknowledged.iter() {
        assert!(known.contains(id.as_str()), "{id} ({key}) was acknowledged, and is lost");
    }
    let mut texts = BTreeSet::new();
    let mut fires = BTreeSet::new();
    for row in &rows {
        let id = &row.execution_id;
        let (run, events) = stepwell_tests::load(store, id).await.unwrap();
        let state = RunState::replay(run.clone(), &events).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(state.status.name(), "success", "{id}: {events:?}");
        for step in 0..state.steps.len() {
            let ended =
                |event: &&Event| matches!(event, Event::StepEnded { step: at, .. } if *at == state.key(step));
            assert_eq!(events.iter().filter(ended).count(), 1, "{id}: a step has ended twice: {events:?}");
        }
        match &run.source {
            Source::Schedule { nominal } => assert!(fires.insert(nominal.clone()), "{nominal} fired twice"),
            _ => {
                let text = run.job.steps[0].config["text"].as_str().unwrap().to_owned();
                assert!(texts.insert(text.clone()), "{text} has two runs");
            }
        }
    }
    assert!(texts.len() >= acknowledged.len());
    // Each second has its row, and its run if it was admitted.
    let ledger = store.ledger(&LedgerFilter { limit: u32::MAX, ..LedgerFilter::default() }).await.unwrap();
    let mut instants: Vec<_> = ledger.iter().map(|row| row.due_at.timestamp()).collect();
    instants.sort_unstable();
    assert!(
        instants.windows(2).all(|pair| pair[1] - pair[0] == 1),
        "a fire has no row, or two: {instants:?}"
    );
    println!("{} runs, {} fires, {} acknowledged", rows.len(), ledger.len(), acknowledged.len());
}

const TICK: &str = "/api/v2/jobs/tick";

fn tick() -> Value {
    json!({"id": "tick", "schedule": {"every": "1s", "misfire": "all"}, "steps": [
        {"id": "a", "type": "probe", "case": "echo", "text": "tick"}]})
}

/// Returns the time until a newly requested run has ended.
async fn recovery(what: &str, node: &Node) -> Duration {
    let begun = Instant::now();
    let job = json!({"job": {"id": "load", "steps": [{"id": "a", "type": "probe", "case": "echo", "text": format!("after {what}")}]}});
    until(
        what,
        async || {
            let asked = node.server.post("/api/v2/jobs/execute", &job);
            tokio::time::timeout(Duration::from_secs(30), asked).await.map(|reply| reply.status).ok()
        },
        |status| *status == Some(200),
    )
    .await;
    println!("{what}: the next run ended after {:?}", begun.elapsed());
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_die_stop_or_are_cut_off_lose_and_double_nothing() {
    let Some(database) = servers::postgres().await else { return };
    let mut proxies = Vec::new();
    let mut nodes = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let proxy = Proxy::start(database.port).await;
        let url = database.url().replace(&format!(":{}/", database.port), &format!(":{}/", proxy.port));
        nodes.push(Node::start(&url, &token));
        token = nodes[0].server.token.clone();
        proxies.push(proxy);
    }
    let reply = nodes[0].server.request("PUT", TICK, &[], &tick().to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let addresses =
        Arc::new(Mutex::new(nodes.iter().map(|node| node.server.address.clone()).collect::<Vec<_>>()));
    let (load, task) = Load::start(addresses.clone(), &token);
    let wait = async |seconds: f64| tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    wait(1.0).await;
    for (index, fault, seconds) in [
        (0, Fault::CutAfterCommit, 3.0),
        (1, Fault::Slow, 2.0),
        (2, Fault::Refuse, 3.0),
        (1, Fault::HalfOpen, 4.0),
    ] {
        let before = proxies[index].accepted();
        proxies[index].set(fault);
        if fault == Fault::Refuse {
            proxies[index].reset();
        }
        wait(seconds).await;
        proxies[index].set(Fault::None);
        let asked = proxies[index].accepted() - before;
        println!("{fault:?} for {seconds} s: {asked} connects");
        // Connections that a cut ends are reopened one by one; refused clients retry less and less often.
        let most = if fault == Fault::CutAfterCommit { 1000 } else { 40 };
        assert!(asked <= most, "a connect storm: {asked} in {seconds} s under {fault:?}");
        if fault == Fault::HalfOpen {
            // The network works again, but these connections do not.
            proxies[index].reset();
        }
        recovery(&format!("after {fault:?}"), &nodes[index]).await;
    }
    // One node is killed, and another stopped past its lease.
    nodes[0].replace();
    addresses.lock().await[0] = nodes[0].server.address.clone();
    nodes[2].server.signal("STOP");
    wait(LEASE.as_secs_f64() + 2.0).await;
    nodes[2].server.signal("CONT");
    recovery("after a stop", &nodes[2]).await;
    load.stop.store(true, Ordering::Relaxed);
    task.await.unwrap();
    let gone = nodes[1].server.request("POST", "/api/v2/schedules/tick/pause", &[], "{}").await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let store = PostgresStore::new(&database.url()).unwrap();
    settled(&store, &load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_or_fails_over_loses_nothing() {
    let Some(mut pair) = servers::Pair::start().await else { return };
    let [first, second] = pair.ports;
    let url = format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres");
    let mut nodes = vec![Node::start(&url, "")];
    let token = nodes[0].server.token.clone();
    nodes.extend((0..2).map(|_| Node::start(&url, &token)));
    let reply = nodes[0].server.request("PUT", TICK, &[], &tick().to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let addresses =
        Arc::new(Mutex::new(nodes.iter().map(|node| node.server.address.clone()).collect::<Vec<_>>()));
    let (load, task) = Load::start(addresses, &token);
    tokio::time::sleep(Duration::from_secs(2)).await;
    pair.restart().await;
    recovery("after a restart of the database", &nodes[0]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    pair.fail_over().await;
    recovery("after a failover", &nodes[1]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    load.stop.store(true, Ordering::Relaxed);
    task.await.unwrap();
    let gone = nodes[1].server.request("POST", "/api/v2/schedules/tick/pause", &[], "{}").await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let store = PostgresStore::new(&url).unwrap();
    settled(&store, &load).await;
}

/// Other nodes take over the runs of a dead node within its lease and one second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_node_did_is_taken_over_within_its_lease_and_a_second() {
    let Some(database) = servers::postgres().await else { return };
    let url = database.url();
    let first = Node::start(&url, "");
    let token = first.server.token.clone();
    let reply = first.server.request("PUT", TICK, &[], &tick().to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let job = json!({"job": {"id": "nap", "steps": [{"id": "a", "type": "probe", "case": "nap", "count": 1500, "text": "x"}]}});
    let headers = [("prefer", "respond-async")];
    let reply = first.server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let store = PostgresStore::new(&url).unwrap();
    let running = async || store.row(&id).await.unwrap().status.name();
    until("it runs", running, |status| *status == "running").await;
    let second = Node::start(&url, &token);
    drop(first);
    let died = Instant::now();
    let claimed = async || store.row(&id).await.unwrap().worker;
    let dead = claimed().await;
    until("it is taken over", claimed, |worker| worker.is_some() && *worker != dead).await;
    println!("a run was taken over after {:?} (lease {LEASE:?})", died.elapsed());
    assert!(died.elapsed() <= LEASE + Duration::from_secs(1), "{:?}", died.elapsed());
    let ledger = async || {
        let rows = store.ledger(&LedgerFilter { limit: 1, ..LedgerFilter::default() }).await.unwrap();
        rows.first().map(|row| row.decided_at)
    };
    let last = ledger().await;
    until("the schedule continues", ledger, |at| *at > last).await;
    let ask = async || second.server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it ends", ask, |status| status == "success").await;
}

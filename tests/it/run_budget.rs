//! The data and resources of one run over all its attempts: checkpoints, logs of parked steps, retries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::job::Job;
use stepwell::engine::run::Admission;
use stepwell::engine::{JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use stepwell::store::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::cli::Shell;
use crate::server::Server;
use crate::support::{Running, Site, Unwatched, one_step, probe, told};

async fn site(limits: &str) -> Running {
    Site::new().probe_policy(&format!("limits: {{wall: 20s, {limits}}}"), "").host().await
}

/// Rows of the run store of a server.
fn rows(server: &Server, sql: &str) -> u64 {
    let store = rusqlite::Connection::open(server.shell.path("data/stepwell.db")).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

fn bytes(server: &Server, name: &str) -> u64 {
    std::fs::metadata(server.shell.path(name)).map_or(0, |found| found.len())
}

const CHECKPOINTS: &str = "SELECT COUNT(*) FROM journal WHERE lines < 0";

async fn start(server: &Server, job: &Value) -> String {
    let headers = [("prefer", "respond-async")];
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    format!("/api/v2/runs/{}", reply.json()["execution_id"].as_str().unwrap())
}

async fn wait_for(server: &Server, path: &str, right: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_200 {
        let run = server.get(path).await.json();
        if right(&run) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", server.get(path).await);
}

/// A step saves checkpoints for its whole time: ten per second, of which the last one is stored. Its run is
/// shown as quickly as any other, and other runs continue.
#[tokio::test]
async fn checkpoints_replace_each_other() {
    let server = Server::start(Shell::new());
    let noop = json!({"id": "noop", "steps": [{"id": "s", "type": "probe", "case": "noop"}]});
    assert_eq!(server.post("/api/v2/jobs/execute", &noop).await.json()["status"], "success");
    let step = json!({"id": "s", "type": "probe", "case": "checkpoints", "timeout": "4s"});
    let path = start(&server, &json!({"id": "hostile", "steps": [step]})).await;
    wait_for(&server, &path, |run| run["steps"][0]["status"] == "running").await;
    let mut most = 0;
    for _ in 0..6 {
        let begun = Instant::now();
        let shown = server.get(&path).await;
        assert!(shown.body.len() < 16 << 10, "{} bytes", shown.body.len());
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(server.post("/api/v2/jobs/execute", &noop).await.json()["status"], "success");
        assert!(begun.elapsed() < Duration::from_secs(3), "a neighbour took {:?}", begun.elapsed());
        most = most.max(rows(&server, CHECKPOINTS));
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert_eq!(most, 1);
    let run = wait_for(&server, &path, |run| run["end_time"].is_string()).await;
    let step = &run["steps"][0];
    assert_eq!(step["outcome"]["class"], "timed_out", "{run}");
    let saved = step["receipt"]["checkpoints"].as_u64().unwrap();
    assert!((5..=42).contains(&saved), "{saved} checkpoints in four seconds");
    assert!(step["receipt"]["stored_bytes"].as_u64().unwrap() >= (saved - 1) << 16, "{run}");
    assert_eq!(rows(&server, CHECKPOINTS), 0, "the step has ended, and needs none");
    // Before, this was 430 MB in four seconds. The file has pages of a few checkpoints, since the log is copied meanwhile.
    let (file, log) = (bytes(&server, "data/stepwell.db"), bytes(&server, "data/stepwell.db-wal"));
    println!("{saved} checkpoints: {file} bytes in the store, {log} in its log of writes");
    assert!(file < 8 << 20 && log < 20 << 20, "{file} {log}");
}

#[tokio::test]
async fn checkpoints_are_counted() {
    let site = site("checkpoints: 20").await;
    let end = site.probe("checkpoints", json!({"count": 20})).await;
    assert!(told(&end).starts_with("succeeded"), "{}", told(&end));
    let begun = Instant::now();
    let end = site.probe("checkpoints", json!({})).await;
    assert_eq!(told(&end), "over_limit: more than 20 checkpoints; raise `limits.checkpoints` in the policy");
    assert!(begun.elapsed() >= Duration::from_millis(1_900), "{:?}", begun.elapsed());
    // All attempts of the step share the limit.
    let mut step = probe("checkpoints", json!({"count": 10}));
    step["policy"] = json!({"limits": {"run_bytes": "256KiB"}});
    let state = site.run(&one_step(step)).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert!(told(end).contains("raise `limits.run_bytes` in the policy"), "{}", told(end));
    assert_eq!(end.receipt.checkpoints, 4);
}

/// `kill -9` while a step sleeps after its checkpoint: the next process has it, and deletes it at the end of
/// the step.
#[tokio::test]
async fn a_checkpoint_outlives_its_process() {
    let mut server = Server::start(Shell::new());
    let step = json!({"id": "s", "type": "probe", "case": "resume", "text": "as far as here"});
    let path = start(&server, &json!({"id": "resumed", "steps": [step]})).await;
    for _ in 0..600 {
        if rows(&server, CHECKPOINTS) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server = server.kill_and_restart();
    let run = wait_for(&server, &path, |run| run["end_time"].is_string()).await;
    assert_eq!(run["steps"][0]["value"], "as far as here", "{run}");
    assert_eq!(rows(&server, CHECKPOINTS), 0);
}

/// Parking does not renew the log: the parts of an attempt share it, and its end is reported once.
#[tokio::test]
async fn the_parts_of_an_attempt_share_one_log() {
    let site = site("").await;
    let cancel = CancellationToken::new();
    let later = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(6)).await;
        later.cancel();
    });
    let step = probe("park", json!({"count": 600, "text": "spam"}));
    let state = site.watched(&one_step(step), &Unwatched, cancel).await;
    let lines = site.log(&state).await;
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert!(state.steps[0].attempt >= 4, "{}", state.steps[0].attempt);
    assert_eq!((count("spam"), count("lines dropped")), (1_000, 1), "{} parts", state.steps[0].attempt);
    assert!(state.steps[0].used.host_calls > 600 * 4, "{:?}", state.steps[0].used);
}

#[tokio::test]
async fn retries_share_the_budget_of_their_run() {
    let site = site("").await;
    let with = |case: &str, more: Value, limits: Value| {
        let mut step = probe(case, more);
        step["retry"] = json!({"max_attempts": 60, "backoff": "1ms", "on": ["any"]});
        step["policy"] = json!({ "limits": limits });
        step["id"] = "only".into();
        let retry = json!({"max_attempts": 9, "backoff": "1ms", "on": ["any"]});
        json!({"id": "test", "steps": [step], "retry": retry}).to_string()
    };
    for (job, attempts, limit) in [
        (with("fail", json!({"text": "x".repeat(8_000)}), json!({"run_bytes": "64KiB"})), 6..=9, "run_bytes"),
        (with("spin", json!({}), json!({"fuel": 20_000_000, "run_factor": 3})), 4..=4, "run_factor"),
        (
            with("calls", json!({"count": 101}), json!({"host_calls": 100, "run_factor": 2})),
            2..=3,
            "run_factor",
        ),
    ] {
        let state = site.run(&job).await;
        let (step, end) = (&state.steps[0], state.steps[0].end.as_ref().unwrap());
        assert!(told(end).starts_with("over_limit: all attempts of the step in this run"), "{}", told(end));
        assert!(told(end).ends_with(&format!("raise `limits.{limit}` in the policy")), "{}", told(end));
        assert!(attempts.contains(&step.attempt), "{limit}: {} attempts", step.attempt);
        assert_eq!(state.attempt, 1, "the run is not tried again");
    }
}

struct VirtualClock(tokio::time::Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + chrono::Duration::from_std(self.0.elapsed()).unwrap()
    }
}

/// Computes for its whole time, and asks to be called again at once.
struct Restless;

#[async_trait]
impl StepRunner for Restless {
    async fn run(&self, request: StepRequest) -> StepEnd {
        let fuel = request.grant.limits().fuel.0;
        let outcome = Outcome::Parked { after: Duration::from_secs(1), reason: "rain".to_owned() };
        let receipt = Receipt { fuel, ..Receipt::default() };
        StepEnd { outcome, produced: Produced::default(), receipt }
    }
}

/// A step that parks for a second repeatedly is called less and less often, and `explain` reports that.
#[tokio::test(start_paused = true)]
async fn a_step_that_parks_again_and_again_gets_slower() {
    let queues = serde_json::from_value(json!({"default": {"concurrency": 10}})).unwrap();
    let host = Host::builder().store(Arc::new(SqliteStore::in_memory())).queues(queues);
    let clock = Arc::new(VirtualClock(tokio::time::Instant::now()));
    let host = host.clock(clock).runner(Arc::new(Restless)).build().unwrap();
    let service = host.serve().await.unwrap();
    let job = json!({"id": "restless", "steps": [{"id": "s", "type": "wait", "for": 1}]});
    let job: Job = serde_json::from_value::<JobDefinition>(job).unwrap().into();
    let admitted = host.runs().enqueue(&Arc::new(job), Admission::default(), None, None).await.unwrap();
    let mut attempts = Vec::new();
    for seconds in [60, 540, 3_000, 18_000] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        attempts.push(host.runs().get(&admitted.execution_id).await.unwrap().steps[0].attempt);
    }
    println!("called {attempts:?} times in 1 and 10 minutes, 1 and 6 hours");
    for (found, most) in attempts.iter().zip([62, 180, 280, 400]) {
        assert!(*found <= most && *found > most / 2, "{attempts:?}");
    }
    let told = host.runs().explain(&admitted.execution_id).await.unwrap();
    let fix = told.causes[0].fix();
    assert!(fix.contains("later than it requested: the host has called it"), "{fix}");
    let state = host.runs().get(&admitted.execution_id).await.unwrap();
    assert!(state.steps[0].used.stored_bytes < 512 << 10, "{:?}", state.steps[0].used);
    service.drain().await;
}

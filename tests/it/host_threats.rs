//! Guests that make their host hold memory or work for them: each ends in its own class, and the
//! host continues.

use std::time::{Duration, Instant};

use serde_json::json;
use stepwell::engine::Outcome;

use crate::cli::Shell;
use crate::server::Server;
use crate::support::{Running, Site, one_step, probe, told};

async fn site() -> Running {
    let site = Site::new();
    let grants = "limits: {wall: 20s}
context: {read: [seen, steps.first], write: [seen]}
files:
- {mount: /scratch, scratch: 64KiB, access: write}";
    site.probe_policy(grants, "").host().await
}

/// Returns the resident memory of this process in MiB: now, or the peak since the last reset.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

#[tokio::test]
async fn what_a_host_holds_for_a_guest_is_bounded() {
    let site = site().await;
    // Allocate everything that is allocated only once.
    site.probe("hold", json!({"text": "bodies", "count": 1})).await;
    let held =
        "over_limit: the host would hold more than 67108864 bytes for the step; raise `limits.host_bytes`";
    for (text, count, expected) in [
        ("bodies", 1500_u64, held),
        ("bodies", 400, "succeeded: 400"),
        ("dropped bodies", 3_000, "succeeded: 3000"),
        ("fields", 20_000, "over_limit: more than 4_096 handles at once"),
        ("fields", 4_000, "succeeded: 4000"),
        ("large fields", 1, "trapped: the step put more than 16 KiB of fields into one set of headers"),
        ("methods", 1_000, held),
        ("methods", 50, "succeeded: 50"),
        ("urls", 2_000, held),
        ("urls", 1_000, "succeeded: 1000"),
        ("lists", 4_000, "succeeded: 31"),
        ("names", 4_000, "succeeded: 31"),
        // A list of two million zeros is 4 MB of text.
        ("variables", 10, held),
    ] {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = memory("VmRSS");
        let config = json!({"text": text, "count": count, "path": "/scratch"});
        let end = site.probe("hold", config).await;
        assert!(told(&end).starts_with(expected), "{text} {count}: {}", told(&end));
        let grown = memory("VmHWM").saturating_sub(before);
        // 64 MiB for the guest, 64 MiB for the host, and a value that is read before it counts.
        assert!(grown < 224, "{text} {count}: {grown} MiB");
        assert!(end.receipt.host_peak_bytes <= 64 << 20);
        let least = match text {
            "bodies" => 400 << 17,
            "fields" => count.min(4_000) * 15_000,
            "methods" => count.min(60) << 20,
            "urls" => count.min(1_000) * 60_000,
            "names" => 31 * 1_000 * 200,
            _ => 0,
        };
        assert!(end.receipt.host_peak_bytes >= least, "{text} {count}: {}", end.receipt.host_peak_bytes);
    }
}

/// One thread runs the test, the step and a timer, like a node in which every thread runs such a step.
#[tokio::test]
async fn no_host_call_holds_a_thread_for_long_and_all_of_them_cost_fuel() {
    let site = site().await;
    for text in ["log", "random", "poll", "variable", "output", "cheap"] {
        let mut step = probe("work", json!({ "text": text }));
        step["timeout"] = json!("2s");
        let first = json!({"id": "first", "type": "probe", "case": "output", "count": 500_000});
        step["id"] = json!("only");
        let job = json!({"id": "test", "steps": [first, step]}).to_string();
        let mut running = std::pin::pin!(site.run(&job));
        let (mut worst, started) = (Duration::ZERO, Instant::now());
        let state = loop {
            let before = Instant::now();
            tokio::select! {
                state = &mut running => break state,
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
            worst = worst.max(before.elapsed());
        };
        let end = state.steps[1].end.as_ref().unwrap();
        let ended = match &end.outcome {
            Outcome::TimedOut { .. } | Outcome::OutOfFuel { .. } => true,
            Outcome::OverLimit { limit, .. } => limit == "host_calls",
            _ => false,
        };
        assert!(ended, "{text}: {}", told(end));
        let calls: u64 = end.receipt.host_calls.values().sum();
        assert!(end.receipt.fuel >= calls * 1_000, "{text}: {:?}", end.receipt);
        // This took minutes before calls yielded.
        assert!(started.elapsed() < Duration::from_secs(20), "{text}: {:?}", started.elapsed());
        assert!(worst < Duration::from_millis(500), "{text}: a timer was {worst:?} late");
    }
}

#[tokio::test]
async fn the_price_of_calls_is_the_same_each_time() {
    let site = site().await;
    let mut fuel = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let end = site.probe("calls", json!({"count": 50_000})).await;
        assert!(end.receipt.fuel > 50_000_000, "{}", end.receipt.fuel);
        fuel.insert(end.receipt.fuel);
    }
    assert_eq!(fuel.len(), 1, "{fuel:?}");
    // A budget of fuel also limits them.
    let mut step = probe("calls", json!({"count": 50_000}));
    step["policy"] = json!({"limits": {"fuel": 20_000_000}});
    let state = site.run(&one_step(step)).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert!(matches!(end.outcome, Outcome::OutOfFuel { .. }), "{}", told(end));
}

/// Each node that takes over the run dies; after three of them the run is set aside, and the fourth lives.
#[tokio::test]
async fn a_run_that_kills_its_node_is_set_aside() {
    let mut server = Server::start(Shell::new());
    let step =
        json!({"id": "s", "type": "probe", "case": "sleep", "retry": {"max_attempts": 9, "on": ["any"]}});
    let job = json!({"id": "killer", "steps": [step]}).to_string();
    let reply = server.request("POST", "/api/v2/jobs/execute", &[("prefer", "respond-async")], &job).await;
    let path = format!("/api/v2/runs/{}", reply.json()["execution_id"].as_str().unwrap());
    for attempt in 1..=3 {
        wait_for(&server, &path, |run| {
            run["steps"][0]["status"] == "running" && run["steps"][0]["attempts"] == attempt
        })
        .await;
        server = server.kill_and_restart();
    }
    let run = wait_for(&server, &path, |run| run["status"] == "failed").await;
    assert!(run.to_string().contains("the worker died 3 times in a row"), "{run}");
    let letters = server.get("/api/v2/dead-letters").await.json();
    assert_eq!(letters["items"][0]["class"], "lost", "{letters}");
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("stepwell_lost_attempts_total 1"), "{metrics}");
}

async fn wait_for(
    server: &Server,
    path: &str,
    right: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    for _ in 0..1_200 {
        let run = server.get(path).await.json();
        if right(&run) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", server.get(path).await);
}

/// Returns resident memory in MiB, descriptors and threads, for a comparison.
fn held() -> [u64; 3] {
    return_free_memory();
    let count = |dir: &str| std::fs::read_dir(dir).unwrap().count() as u64;
    // The system decides how long mapped files stay.
    [memory("RssAnon"), count("/proc/self/fd"), count("/proc/self/task")]
}

/// Lets the allocator return memory to the system as soon as it is free. glibc otherwise learns from large blocks to keep up to
/// 64 MiB of free memory in each of its arenas, and threads use more and more of these, so that the resident memory grows
/// for minutes although nothing holds it.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "no safe binding of the calls exists")]
fn keep_no_free_memory() {
    const LEAST: i32 = 128 << 10;
    // SAFETY: the calls take numbers, and have no other condition.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LEAST);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LEAST);
    }
}

#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "no safe binding of the call exists")]
fn return_free_memory() {
    // SAFETY: the call takes a number, and has no other condition.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn keep_no_free_memory() {}

#[cfg(not(target_env = "gnu"))]
fn return_free_memory() {}

/// Returns kinds of malicious attempts, each small enough for a hundred of them.
fn hostile() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("trap", json!({})),
        ("recurse", json!({})),
        ("exit", json!({})),
        ("memory", json!({})),
        ("log", json!({"count": 2000, "text": "flood"})),
        ("output", json!({"count": 2_000_000})),
        ("calls", json!({"count": 2_000})),
        ("handles", json!({"count": 1000, "path": "/scratch"})),
        ("files", json!({"count": 20, "path": "/scratch"})),
        ("descend", json!({"path": "/scratch"})),
        ("hold", json!({"text": "bodies", "count": 40})),
        ("hold", json!({"text": "fields", "count": 200})),
        ("hold", json!({"text": "urls", "count": 200})),
        ("hold", json!({"text": "large fields", "count": 1})),
        ("hold", json!({"text": "lists", "count": 100, "path": "/scratch"})),
        ("work", json!({"text": "variable", "count": 2})),
        ("tricks", json!({"path": "/scratch"})),
    ]
}

/// A hundred malicious attempts of each kind, four at a time, leave nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_hostile_attempts_of_each_kind_leave_nothing_behind() {
    keep_no_free_memory();
    let site = std::sync::Arc::new(site().await);
    let attempts = async |count: usize| {
        for (case, config) in hostile() {
            let attempt = || {
                let (site, config) = (site.clone(), config.clone());
                tokio::spawn(async move { site.probe(case, config).await })
            };
            for _ in 0..count / 4 {
                for attempt in [attempt(), attempt(), attempt(), attempt()] {
                    attempt.await.unwrap();
                }
            }
        }
    };
    // Threads for files end after ten idle seconds.
    let settle = tokio::time::sleep;
    attempts(20).await;
    settle(Duration::from_secs(12)).await;
    let mut seen = vec![held()];
    // Threads and caches grow to their size at first; a leak grows each time.
    for _ in 0..4 {
        attempts(100).await;
        settle(Duration::from_secs(12)).await;
        let (before, after) = (seen[seen.len() - 1], held());
        seen.push(after);
        let grown = |what: usize| after[what].saturating_sub(before[what]);
        if grown(0) <= 8 && grown(1) == 0 && grown(2) == 0 {
            return;
        }
    }
    panic!("memory, descriptors and threads grow each time: {seen:?}");
}

/// No poll of a guest's task holds its thread for long, whatever the guest makes its host do. (If an attempt
/// ends with a backtrace, the last poll resolves its lines.)
#[tokio::test]
async fn no_turn_of_a_guest_is_long() {
    // wasmtime is not optimized in debug builds; 80,000 fields of a log line take it longest.
    const MOST: u64 = if cfg!(debug_assertions) { 80_000 } else { 10_000 };
    let site = site().await;
    for (case, config) in [
        ("noop", json!({})),
        ("dirty", json!({"count": 16})),
        ("log", json!({"count": 5000, "text": "flood"})),
        ("log", json!({"count": 100, "text": "x".repeat(100_000)})),
        ("print", json!({"count": 20_000, "text": "x".repeat(80)})),
        ("output", json!({"count": 1_000_000})),
        ("host_bytes", json!({"count": 4_000_000})),
        ("handles", json!({"count": 1000, "path": "/scratch"})),
        ("files", json!({"count": 1000, "path": "/scratch"})),
        ("write", json!({"path": "/scratch/x", "count": 60_000})),
        ("hold", json!({"text": "bodies", "count": 400})),
        ("hold", json!({"text": "fields", "count": 4000})),
        ("hold", json!({"text": "variables", "count": 1})),
        ("work", json!({"text": "log", "count": 100})),
        ("work", json!({"text": "random", "count": 500})),
        ("work", json!({"text": "poll", "count": 100})),
        ("work", json!({"text": "variable", "count": 20})),
        ("work", json!({"text": "output", "count": 50})),
        ("work", json!({"text": "cheap", "count": 50_000})),
        ("checkpoint", json!({"text": "x".repeat(60_000)})),
    ] {
        let first = json!({"id": "first", "type": "probe", "case": "output", "count": 500_000});
        let mut step = probe(case, config.clone());
        step["id"] = json!("only");
        let job = json!({"id": "test", "steps": [first, step]}).to_string();
        // A busy machine may pause the thread in the middle of a turn, but not each time.
        let mut turns = Vec::new();
        while turns.len() < 5 && turns.iter().all(|turn| *turn >= MOST) {
            let state = site.run(&job).await;
            let end = state.steps[1].end.as_ref().unwrap();
            assert!(end.receipt.run_us > 0, "{case}: {}", told(end));
            turns.push(end.receipt.longest_turn_us);
        }
        let config = config.to_string().chars().take(60).collect::<String>();
        assert!(turns.iter().any(|turn| *turn < MOST), "{case} {config}: {turns:?} us");
    }
}

//! The hostile guest: each case ends in its own class, and the process lives.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::Outcome;
use stepwell::engine::job::Catalog;
use stepwell::engine::run::{Event, RunState, RunStatus, StepStatus};
use stepwell::{Notice, Observer};
use stepwell_tests::azure_devops::{Emulator, Options};
use tokio_util::sync::CancellationToken;

use crate::support::{Notebook, Running, Site, one_step, probe, told, told_by_key};

/// Cases that have a separate test.
const ELSEWHERE: &[&str] = &[
    "await_cancel",
    "deep",
    "limit",
    "http",
    "http_many",
    "remember",
    "entropy",
    "checkpoints",
    "resume",
    "park",
    "progress",
    "fail",
    "fail_until",
    "sleep",
    "nap",
    "dirty",
    "scan",
    "hold",
    "work",
    "shuffle",
    "descend",
    "mounts",
];

/// Returns the cases, their configurations, and the start of their messages.
fn cases() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("noop", json!({}), "succeeded: \"\""),
        ("echo", json!({"text": "ä"}), "succeeded: \"ä\""),
        (
            "spin",
            json!({}),
            "out_of_fuel: the step used up its CPU budget of 1000000000 units of fuel, in never (probe/src/lib.rs",
        ),
        ("trap", json!({}), "trapped: the step aborted, in crash (probe/src/lib.rs"),
        ("panic", json!({"text": "oh no"}), "trapped: the step aborted: panicked at probe/src/lib.rs:"),
        (
            "recurse",
            json!({}),
            "trapped: stack overflow: the step's recursion is too deep (limit 8 MiB of stack), in probe::recurse",
        ),
        (
            "throw",
            json!({"text": "Traceback (most recent call last):\n  File \"app.py\", line 7, in run\nValueError: boom"}),
            "trapped: the step aborted: ValueError: boom",
        ),
        (
            "throw",
            json!({"text": "TypeError: x is not a function\n    at run (step.js:3:5)", "count": 1}),
            "trapped: the step called exit(1) instead of returning: TypeError: x is not a function",
        ),
        ("exit", json!({}), "trapped: the step called exit(1)"),
        ("memory", json!({}), "over_memory: the step asked for"),
        ("memory_once", json!({"count": 200}), "over_memory: the step asked for"),
        ("memory_once", json!({"count": 8}), "succeeded: 8388608"),
        ("log", json!({"count": 5000, "text": "flood"}), "succeeded: 0"),
        ("print", json!({"count": 20_000, "text": "flood"}), "succeeded: 0"),
        ("output", json!({"count": 2_000_000}), "output_too_large: the output is larger than 1048576 bytes"),
        ("calls", json!({"count": 200_000}), "over_limit: more than 100000 calls to the host"),
        ("host_bytes", json!({"count": 16_000_000}), "over_limit: a host call copied more than 4MiB"),
        ("handles", json!({"count": 1000, "path": "/workspace"}), "succeeded: 6"),
        ("read", json!({"path": "/in/hello.txt"}), "succeeded: \"hello\""),
        ("read", json!({"path": "/in/../policy-1.yaml"}), "failed: "),
        ("read", json!({"path": "/in/link"}), "failed: "),
        ("read", json!({"path": "/etc/passwd"}), "failed: "),
        ("read", json!({"path": "/in/fifo"}), "failed: "),
        ("write", json!({"path": "/in/x", "count": 1}), "failed: "),
        ("write", json!({"path": "/workspace/x", "count": 1000}), "succeeded: 0"),
        ("write", json!({"path": "/workspace/y", "count": 2_000_000}), "over_limit: "),
        ("write", json!({"path": "/scratch/x", "count": 60_000}), "succeeded: 0"),
        ("write", json!({"path": "/scratch/x", "count": 70_000}), "over_limit: "),
        ("sparse", json!({"path": "/workspace/hole", "count": 1u64 << 40}), "over_limit: "),
        ("files", json!({"path": "/workspace", "count": 2000}), "over_limit: "),
        ("symlink", json!({"path": "/workspace/link"}), "failed: "),
        ("mounts", json!({"path": "/scratch", "count": 8}), "succeeded: [1,1,1,1,1,1,1,1]"),
        ("look", json!({}), "succeeded: {\"args\":[],\"env\":[]"),
        ("socket", json!({"url": "127.0.0.1:1"}), "failed: "),
        (
            "sql",
            json!({"text": "SELECT 1", "connection": "other"}),
            "failed: denied by policy: opening the connection `other` (SQL_NOT_GRANTED)",
        ),
        (
            "context",
            json!({"text": "x"}),
            "succeeded: {\"output\":\"denied by policy (CONTEXT_READ_NOT_GRANTED)\"",
        ),
        ("tricks", json!({"path": "/scratch"}), "succeeded: null"),
        ("checkpoint", json!({"text": "first"}), "succeeded: null"),
    ]
}

async fn site() -> Running {
    let site = Site::new().file("in/hello.txt", "hello").file("secret.txt", "secret");
    std::os::unix::fs::symlink("../secret.txt", site.path().join("in/link")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(site.path().join("in/fifo")).status().unwrap();
    assert!(fifo.success());
    let grants = "limits: {wall: 20s, fuel: 1_000_000_000}
files:
- {mount: /in, source: in}
- {mount: /workspace, workspace: 1MiB, access: write}
- {mount: /scratch, scratch: 64KiB, access: write}";
    site.probe_policy(grants, "").host().await
}

#[tokio::test]
async fn every_case_ends_in_its_own_class() {
    let site = site().await;
    for (case, config, expected) in cases() {
        let end = site.probe(case, config.clone()).await;
        assert!(told_by_key(&end).starts_with(expected), "{case} {config}\n  {}\n  {expected}", told(&end));
        assert!(end.receipt.fuel > 0 && end.receipt.memory_peak_bytes > 0, "{case}: {:?}", end.receipt);
        assert!(end.receipt.component.starts_with("sha256:") && end.receipt.policy.starts_with("sha256:"));
    }
    // A case without a test fails here.
    let schema = site.host.sandbox().manifest("probe").unwrap().config_schema.value().clone();
    let listed: BTreeSet<String> = schema["properties"]["case"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["const"].as_str().unwrap().to_owned())
        .collect();
    let tested =
        cases().iter().map(|case| case.0).chain(ELSEWHERE.iter().copied()).map(str::to_owned).collect();
    assert_eq!(listed, tested);
}

#[tokio::test]
async fn fuel_is_the_same_each_time_and_a_hundred_bad_steps_leave_nothing_behind() {
    let site = site().await;
    let mut fuel = BTreeSet::new();
    for _ in 0..100 {
        let end = site.probe("panic", json!({"text": "x"})).await;
        fuel.insert(end.receipt.fuel);
        assert!(matches!(end.outcome, Outcome::Trapped { .. }));
    }
    assert_eq!(fuel.len(), 1, "{fuel:?}");
    let scratch = site.host.runs().workspace("x").ancestors().nth(3).unwrap().join("scratch");
    let own: Vec<_> = std::fs::read_dir(&scratch).unwrap().flatten().map(|entry| entry.path()).collect();
    let left: usize = own.iter().filter_map(|dir| std::fs::read_dir(dir).ok()).map(Iterator::count).sum();
    assert_eq!(left, 0, "scratch directories are left: {own:?}");
}

/// Slots are reused without being unmapped: nothing of the previous step may be visible.
#[tokio::test]
async fn a_step_never_sees_what_another_left_in_memory() {
    let site = site().await;
    for _ in 0..200 {
        assert_eq!(told(&site.probe("dirty", json!({"count": 16})).await), "succeeded: 16777216");
        assert_eq!(told(&site.probe("scan", json!({"count": 32})).await), "succeeded: 0");
    }
}

#[tokio::test]
async fn logs_are_bounded_and_say_so() {
    let site = site().await;
    let state = site.run(&one_step(probe("log", json!({"count": 5000, "text": "flood"})))).await;
    let log = site.log(&state).await;
    assert_eq!(log.len(), 1001);
    assert_eq!(log.last().unwrap(), "warn … 4000 lines dropped: the log is at its limit");
    let state = site.run(&one_step(probe("print", json!({"count": 20_000, "text": "x".repeat(80)})))).await;
    let log = site.log(&state).await;
    assert!(log.iter().all(|line| line.starts_with("info x") || line.contains('…')), "{:?}", log.last());
    assert!(log.len() <= 1001);
}

#[tokio::test]
async fn a_spinning_step_never_holds_up_its_host_and_ends_at_its_deadline() {
    let site = site().await;
    let started = Instant::now();
    let mut step = probe("spin", json!({}));
    step["timeout"] = json!(0.3);
    step["policy"] = json!({"limits": {"wall": "10s"}});
    // One thread runs the test, the step and this timer.
    let ticks = async {
        let mut worst = Duration::ZERO;
        while started.elapsed() < Duration::from_millis(250) {
            let before = Instant::now();
            tokio::time::sleep(Duration::from_millis(5)).await;
            worst = worst.max(before.elapsed());
        }
        worst
    };
    let (end, worst) = tokio::join!(site.step(step), ticks);
    match end.outcome {
        Outcome::TimedOut { limit, .. } => assert_eq!(limit, Duration::from_millis(300)),
        Outcome::OutOfFuel { .. } => {}
        other => panic!("{other:?}"),
    }
    assert!(worst < Duration::from_millis(200), "a timer was {worst:?} late");
}

#[tokio::test]
async fn sleeping_steps_end_at_their_deadline_and_are_retried() {
    let site = site().await;
    let mut step = probe("sleep", json!({}));
    step["timeout"] = json!("100ms");
    step["retry"] = json!({"max_attempts": 2, "backoff": "10ms"});
    let state = site.run(&one_step(step)).await;
    assert_eq!((state.status, state.steps[0].status), (RunStatus::Failed, StepStatus::Timeout));
    assert_eq!(state.steps[0].attempt, 2);
}

/// Cancels a run a moment after its step has begun, however long that takes.
struct OnceBegun(CancellationToken);

impl Observer for OnceBegun {
    fn notice(&self, _: &RunState, _: usize, notice: Notice<'_>) {
        if matches!(notice, Notice::Event(Event::StepStarted { .. })) {
            let cancel = self.0.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                cancel.cancel();
            });
        }
    }
}

#[tokio::test]
async fn cancelling_ends_the_run_in_a_terminal_state() {
    let site = site().await;
    for (case, said) in [
        ("sleep", "cancelled: cancelled"),
        ("await_cancel", "failed: seen"),
        ("spin", "cancelled: cancelled"),
    ] {
        let cancel = CancellationToken::new();
        let begun = OnceBegun(cancel.clone());
        let mut step = probe(case, json!({}));
        step["policy"] = json!({"limits": {"fuel": "1_000_000_000_000"}});
        let started = Instant::now();
        let state = site.watched(&one_step(step), &begun, cancel).await;
        if matches!(state.steps[0].end.as_ref().unwrap().outcome, Outcome::OutOfFuel { .. }) {
            continue;
        }
        assert_eq!(
            (state.status, state.steps[0].status),
            (RunStatus::Cancelled, StepStatus::Cancelled),
            "{case}"
        );
        assert_eq!(told(state.steps[0].end.as_ref().unwrap()), said);
        assert!(started.elapsed() < Duration::from_secs(4), "{case}");
    }
}

#[tokio::test]
async fn a_job_goes_on_as_continue_on_failure_and_retry_say() {
    let site = site().await;
    let job = |first: &str| {
        format!(
            "id: test\nsteps:\n- {{id: first, type: probe, {first}}}
- {{id: second, type: probe, case: echo, text: 'first was ${{{{ steps.first.status }}}}'}}\n"
        )
    };
    let state = site.run(&job("case: trap, continue_on_failure: true")).await;
    assert_eq!(state.status, RunStatus::Success);
    assert_eq!(state.steps[1].end.as_ref().unwrap().produced.output, "first was failed");
    let state = site.run(&job("case: trap")).await;
    assert_eq!((state.status, state.steps[1].status), (RunStatus::Failed, StepStatus::Skipped));
    let retry = "case: fail_until, count: 3, retry: {max_attempts: 5, backoff: 1ms}";
    let state = site.run(&job(retry)).await;
    assert_eq!((state.status, state.steps[0].attempt), (RunStatus::Success, 3));
    let state = site.run(&job("case: fail, text: no, retry: {max_attempts: 2, backoff: 1ms}")).await;
    assert_eq!((state.status, state.steps[0].attempt), (RunStatus::Failed, 2));
    let state = site.run(&format!("max_retries: 2\n{}", job("case: fail_until, count: 3"))).await;
    assert_eq!((state.status, state.steps[0].attempt), (RunStatus::Success, 3));
    let state = site.run(&job("case: noop, when: '${{ 1 > 2 }}'")).await;
    assert_eq!((state.status, state.steps[0].status), (RunStatus::Success, StepStatus::Skipped));
    let late = "timeout_seconds: 0.2\n".to_owned()
        + &job("case: fail, text: no, retry: {max_attempts: 9, backoff: 10s}");
    assert_eq!(site.run(&late).await.status, RunStatus::Timeout);
}

#[tokio::test]
async fn outputs_and_variables_flow_and_a_step_sees_only_what_it_may() {
    let site =
        Site::new().probe_policy("context: {read: [day, steps.first], write: [seen]}", "").host().await;
    let job = "id: test
vars: {day: monday, seen: before, hidden: x}
steps:
- {id: first, type: probe, case: echo, text: one}
- {id: second, type: probe, case: context, text: after}
- {id: third, type: probe, case: echo, text: '${{ vars.seen }} ${{ steps.second.output.variable }}'}
- {id: fourth, type: probe, case: context, text: no, policy: {context: {read: [other], write: []}}}
";
    let state = site.run(job).await;
    let output = |step: usize| state.steps[step].end.as_ref().unwrap().produced.output.clone();
    assert_eq!(output(1), json!({"variable": "monday", "output": "one", "set": null}));
    assert_eq!(output(2), "after monday");
    let denied = "denied by policy (CONTEXT_READ_NOT_GRANTED)";
    let expected =
        json!({"variable": denied, "output": denied, "set": "denied by policy (CONTEXT_WRITE_NOT_GRANTED)"});
    assert_eq!(output(3), expected);
}

#[tokio::test]
async fn http_goes_where_policy_says_with_a_credential_that_the_guest_never_sees() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let port = emulator.port();
    let grants = format!(
        "http:
- {{url: 'http://127.0.0.1:{port}', paths: ['/contoso/*'], allow_private: ['127.0.0.1/32'], max_requests: 3,
    inject: {{header: authorization, format: 'Basic {{basic}}', secret: pat}}}}
- {{url: 'http://localhost:{port}'}}
deny: {{hosts: [denied.example.com]}}"
    );
    let site = Site::new().file("pat.txt", "emulator-pat\n");
    let site = site.probe_policy(&grants, "secrets: {pat: 'file:pat.txt'}").host().await;
    let url = format!("http://127.0.0.1:{port}/contoso/p/_apis/pipelines?api-version=7.1");
    // The guest sends its own authorization, which the host replaces.
    let end = site.probe("http", json!({ "url": url })).await;
    assert!(told(&end).contains("\"status\":200"), "{}", told(&end));
    assert_eq!(end.receipt.hosts, [format!("127.0.0.1:{port}")]);
    assert_eq!(end.receipt.host_calls["wasi:http"], 1);
    let end = site.probe("http_many", json!({"url": url, "count": 5})).await;
    assert_eq!(end.produced.output[2], "200");
    assert!(end.produced.output[3].as_str().unwrap().contains("policy"), "{}", told(&end));
    assert_eq!(end.receipt.denials["HTTP_TOO_MANY_REQUESTS"], 2);
    for (url, rule) in [
        (format!("http://127.0.0.1:{port}/other"), "HTTP_NOT_GRANTED"),
        (format!("https://127.0.0.1:{port}/contoso/x"), "HTTP_NOT_GRANTED"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "HTTP_NOT_GRANTED"),
        ("http://denied.example.com/".to_owned(), "HTTP_HOST_DENIED"),
        // Granted by name, but not on the public internet.
        (format!("http://localhost:{port}/"), "HTTP_ADDRESS_NOT_PUBLIC"),
    ] {
        let end = site.probe("http", json!({ "url": url })).await;
        assert!(told(&end).starts_with("failed: denied by policy"), "{url}: {}", told(&end));
        assert_eq!(end.receipt.denials.keys().collect::<Vec<_>>(), [rule], "{url}");
    }
    let reached = emulator.requests().iter().filter(|request| !request.contains("/contoso/")).count();
    assert_eq!(reached, 0);
    let end = site.probe("http_many", json!({"url": "http://169.254.169.254/", "count": 200})).await;
    assert!(told(&end).starts_with("over_limit: more than 100 calls were denied"), "{}", told(&end));
}

#[tokio::test]
async fn a_deterministic_host_gives_the_same_time_and_randomness() {
    let at: stepwell::engine::clock::Timestamp = "2025-09-01T00:00:00Z".parse().unwrap();
    let mut seen = BTreeSet::new();
    for seed in [1, 1, 2] {
        let site = Site::new()
            .probe_policy("", "")
            .with(|b| b.deterministic(seed).clock(std::sync::Arc::new(at)))
            .host()
            .await;
        seen.insert(site.probe("entropy", json!({})).await.produced.output.to_string());
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|entry| entry.contains("\"now\":17566848000000")), "{seen:?}");
    let site = Site::new().probe_policy("", "").host().await;
    let random = |end: stepwell::engine::StepEnd| end.produced.output["random"].clone();
    let (a, b) = (site.probe("entropy", json!({})).await, site.probe("entropy", json!({})).await);
    assert_ne!(random(a), random(b));
}

#[tokio::test]
async fn progress_reaches_the_observer_and_checkpoints_reach_the_next_attempt() {
    let site = site().await;
    let notes = Notebook::default();
    let job = one_step(probe("progress", json!({"count": 3})));
    site.watched(&job, &notes, CancellationToken::new()).await;
    let notes = notes.0.lock().unwrap().join(", ");
    assert_eq!(notes, "0 started, 0 step_started, 0 progress 0, 0 progress 1, 0 progress 2, 0 step_ended");
}

#[tokio::test]
async fn what_is_no_step_is_told() {
    let site = site().await;
    for (bytes, word) in [
        (b"plain text".to_vec(), "not WebAssembly"),
        (b"\0asm\x01\0\0\0".to_vec(), "core WebAssembly module"),
        (b"\0asm\x0d\0\x01\0".to_vec(), "not a step"),
    ] {
        let error = site.host.register(bytes).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn the_fallback_allocator_runs_the_same() {
    use stepwell::sandbox::{Allocator, EngineOptions};
    let site = Site::new()
        .probe_policy("", "")
        .with(|b| b.engine(EngineOptions { allocator: Allocator::OnDemand }))
        .host()
        .await;
    assert_eq!(site.host.sandbox().allocator(), Allocator::OnDemand);
    assert_eq!(told(&site.probe("echo", json!({"text": "x"})).await), "succeeded: \"x\"");
    let end = site.probe("memory", json!({})).await;
    assert!(matches!(end.outcome, Outcome::OverMemory { .. }));
}

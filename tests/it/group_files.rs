//! Parallel groups share a workspace, the workers of a process and the bounds of the operator.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stepwell::HostError;
use stepwell::engine::queue::QueueFile;
use stepwell::engine::run::{Admission, RunState, RunStatus};
use stepwell::engine::trace::{Span, Spans};

use crate::server::until;
use crate::support::{Running, Site, probe};

const FILES: &str = "files: [{mount: /workspace, workspace: 16MiB, access: write}]";

async fn site(config: &str) -> Running {
    Site::new().probe_policy(FILES, config).host().await
}

/// Runs with parallel execution on and off.
async fn both() -> [Running; 2] {
    [site("features: {parallel_execution: true}\n").await, site("").await]
}

fn step(id: &str, case: &str, more: Value) -> Value {
    let mut step = probe(case, more);
    step["id"] = id.into();
    step
}

/// A job with a workspace, and one group.
fn job(group: Value) -> String {
    let mut all = json!({"id": "g", "type": "parallel_group"});
    all.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
    json!({"id": "files", "workspace": "8MiB", "vars": {"name": "x.csv"}, "steps": [all]}).to_string()
}

/// Returns the status of each step, and the messages of those that failed.
fn ends(state: &RunState) -> (String, Vec<String>) {
    let steps: Vec<_> = state.known().map(|index| &state.steps[index]).collect();
    let statuses = steps.iter().map(|step| format!("{}:{}", step.path, step.status.name()));
    let messages = steps.iter().filter(|step| step.status.name() == "failed").map(|step| step.message());
    (statuses.collect::<Vec<_>>().join(" "), messages.collect())
}

/// The second of two branches that write the same file fails, however the first one wrote it, and also when
/// another worker has taken the run over meanwhile.
#[tokio::test]
async fn two_branches_never_write_the_same_file() {
    let write = |id: &str| step(id, "write", json!({"path": "/workspace/${{ vars.name }}", "count": 3}));
    let nap = step("nap", "nap", json!({"count": 300, "text": "x"}));
    let later = json!({"id": "later", "steps": [nap, write("b")]});
    let parked = json!({"id": "parked", "steps": [json!({"id": "p", "type": "wait", "for": 1}), write("b")]});
    let sparse = step("a", "sparse", json!({"path": "/workspace/./${{ vars.name }}", "count": 7}));
    for branches in [json!([write("a"), later]), json!([write("a"), parked]), json!([sparse, later])] {
        for site in both().await {
            let state = site.run(&job(json!({"on_failure": "go_on", "parallel_steps": branches}))).await;
            let (statuses, messages) = ends(&state);
            assert_eq!(state.status, RunStatus::Failed, "{statuses}");
            assert!(statuses.contains("a:success") && statuses.contains("b:failed"), "{statuses}");
            let message =
                messages.iter().find(|message| message.starts_with("WORKSPACE_CONFLICT: ")).unwrap();
            assert!(message.contains("the steps `a` and `b` write the same file"), "{message}");
            assert!(message.contains("`x.csv`") && message.contains("run.branch_dir"), "{message}");
        }
    }
}

/// Steps of one branch may write a file again, and so may the steps after the group.
#[tokio::test]
async fn one_branch_may_write_its_file_again() {
    let write = |id: &str, path: &str| step(id, "write", json!({"path": path, "count": 3}));
    for site in both().await {
        let mut whole: Value = serde_json::from_str(&job(json!({"parallel_steps": [
            {"id": "one", "steps": [write("a", "/workspace/x"), write("b", "/workspace/x")]},
            write("c", "/workspace/y"),
        ], "finally": [write("d", "/workspace/x")]})))
        .unwrap();
        whole["steps"].as_array_mut().unwrap().push(write("last", "/workspace/y"));
        let state = site.run(&whole.to_string()).await;
        assert_eq!(state.status, RunStatus::Success, "{:?}", ends(&state));
        let files = |path: &str| {
            let end = state.steps[state.position_of(path).unwrap()].end.clone().unwrap();
            end.receipt.workspace_files.iter().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!((files("a"), files("c"), files("last")), ("x".into(), "y".into(), String::new()));
    }
}

/// `run.branch_dir` is a directory that exists, and that no other branch has.
#[tokio::test]
async fn each_branch_has_a_directory() {
    let write =
        |id: &str| step(id, "write", json!({"path": "/workspace/${{ run.branch_dir }}/x", "count": 3}));
    let echo = |id: &str| step(id, "echo", json!({"text": "${{ run.branch_dir }}"}));
    let inner = json!({"id": "inner", "type": "parallel_group", "parallel_steps": [
        {"id": "s", "steps": [write("a"), echo("say")]}, write("b")]});
    for site in both().await {
        let each = json!({"for_each": ["p", "q"], "parallel_steps": [inner, write("c"), echo("own")]});
        let mut whole: Value = serde_json::from_str(&job(each)).unwrap();
        whole["steps"].as_array_mut().unwrap().push(echo("outside"));
        let state = site.run(&whole.to_string()).await;
        assert_eq!(state.status, RunStatus::Success, "{:?}", ends(&state));
        for (path, expected) in
            [("g[1].say", "branches/g/1/inner/s"), ("g[0].own", "branches/g/0"), ("outside", ".")]
        {
            let end = state.steps[state.position_of(path).unwrap()].end.clone().unwrap();
            assert_eq!(end.produced.output, expected, "{path}");
        }
    }
}

/// Validation finds two branches, or all items, that write the same literal path.
#[tokio::test]
async fn validation_finds_files_that_two_branches_write() {
    let site = Site::new()
        .database("w.db", "")
        .config("connections: {w: {type: sqlite, path: w.db}}\n")
        .host()
        .await;
    let get =
        |id: &str, file: &str| json!({"id": id, "type": "http", "url": "https://x.example", "save_to": file});
    let query = |id: &str, output: Value| json!({"id": id, "type": "sql", "connection_name": "w", "query": "SELECT 1", "output": output});
    let table = |id: &str, rejected: &str| {
        json!({"id": id, "type": "data_processing", "query": "SELECT * FROM t", "inputs":
            {"t": {"path": "t.csv", "on_bad_row": "collect", "rejected": rejected}}})
    };
    let conditional = |mut step: Value| {
        step["when"] = json!("${{ vars.name == 'x' }}");
        step
    };
    let beside = "are in different branches of a group";
    for (group, at, message) in [
        (json!({"parallel_steps": [get("a", "x"), get("b", "./x")]}), "1/save_to", beside),
        (
            json!({"parallel_steps": [get("a", "x.csv"), query("b", json!("/workspace/x.csv"))]}),
            "1/output",
            beside,
        ),
        (
            json!({"parallel_steps": [query("a", json!("x.csv")), query("b", json!({"path": "d/../x.csv"}))]}),
            "1/output/path",
            beside,
        ),
        (
            json!({"parallel_steps": [table("a", "bad"), {"id": "s", "steps": [table("b", "bad")]}]}),
            "1/steps/0/inputs/t/rejected",
            beside,
        ),
        (
            json!({"for_each": [1, 2], "parallel_steps": [get("a", "x")]}),
            "0/save_to",
            "each item of `g` writes the same file, `x`",
        ),
        (json!({"for_each": [1, 2], "parallel_steps": [get("a", "${{ item }}")]}), "", ""),
        (json!({"parallel_steps": [get("a", "x"), get("b", "y")]}), "", ""),
        (json!({"parallel_steps": [get("a", "x"), conditional(get("b", "x"))]}), "", ""),
        (json!({"parallel_steps": [{"id": "s", "steps": [get("a", "x"), get("b", "x")]}]}), "", ""),
    ] {
        let found = match site.host.parse("job.yaml", &job(group.clone())).await {
            Ok(_) => Vec::new(),
            Err(HostError::Invalid(found)) => found.0,
            Err(error) => panic!("{error}"),
        };
        let found: Vec<String> = found
            .iter()
            .filter(|found| found.message.contains("same file"))
            .map(|found| format!("{} {}", found.pointer, found.message))
            .collect();
        if at.is_empty() {
            assert!(found.is_empty(), "{group}: {found:?}");
            continue;
        }
        let at = format!("/steps/0/parallel_steps/{at} ");
        let named = found.iter().any(|found| found.starts_with(&at) && found.contains(message));
        assert!(named && found.len() == 1, "{group}: {at}{message}: {found:#?}");
    }
}

/// Returns the largest number of steps of the group that ran at the same time.
fn most_at_once(state: &RunState) -> usize {
    let times = |index: usize| Some((state.steps[index].started_at?, state.steps[index].ended_at?));
    let spans: Vec<_> = state.known().filter(|index| !state.is_top(*index)).filter_map(times).collect();
    let at = |start| spans.iter().filter(|(from, to)| *from <= start && start < *to).count();
    spans.iter().map(|(start, _)| at(*start)).max().unwrap_or(0)
}

/// The policy bounds how many attempts of a step type a run has at the same time; a job can only narrow it.
#[tokio::test]
async fn the_policy_bounds_the_attempts_of_a_step_type() {
    let naps = json!({"for_each": [1, 2, 3, 4, 5, 6],
        "parallel_steps": [step("nap", "nap", json!({"count": 100, "text": "x"}))]});
    let narrow = |limit: u64| {
        let mut group = naps.clone();
        group["parallel_steps"][0]["policy"] = json!({"limits": {"parallel_attempts": limit}});
        group
    };
    for (limits, group, expected) in [
        ("", naps.clone(), 6),
        ("limits: {parallel_attempts: 2}", naps.clone(), 2),
        ("limits: {parallel_attempts: 0}", naps.clone(), 1),
        ("limits: {parallel_attempts: 3}", narrow(1), 1),
        ("limits: {parallel_attempts: 3}", narrow(5), 3),
    ] {
        let on = "features: {parallel_execution: true}\n";
        let site = Site::new().probe_policy(limits, on).host().await;
        let state = site.run(&job(group)).await;
        assert_eq!(state.status, RunStatus::Success, "{:?}", ends(&state));
        assert_eq!(most_at_once(&state), expected, "{limits}");
    }
}

/// The queue bounds the attempts of one run, and a group of many instances does not keep other runs waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_group_leaves_room_for_other_runs() {
    let queues = json!({"queues": {"UTC": {"max_parallel": 3}, "Asia/Tokyo": {}}});
    let queues: QueueFile = serde_json::from_value(queues).unwrap();
    let config = "features: {parallel_execution: true}\nservice: {workers: 8}\n";
    let site = Site::new().probe_policy("", config).with(|builder| builder.queues(queues)).host().await;
    site.host.serve().await.unwrap();
    let start = async |zone: &str, count: usize| {
        let items: Vec<usize> = (0..count).collect();
        let nap = step("nap", "nap", json!({"count": 20, "text": "x"}));
        let group = json!({"id": "g", "type": "parallel_group", "for_each": items, "parallel_steps": [nap]});
        let job = json!({"id": "wide", "timezone": zone, "steps": [group]});
        let parsed = site.host.parse("job.yaml", &job.to_string()).await.unwrap();
        let runs = site.host.runs();
        runs.enqueue(&Arc::new(parsed.job.into()), Admission::default(), None, None)
            .await
            .unwrap()
            .execution_id
    };
    let state = async |id: &str| site.host.runs().get(id).await.unwrap();
    // A thousand instances take every free worker of the process.
    let large = start("Asia/Tokyo", 1_000).await;
    until("it runs", async || state(&large).await, |state| state.running().count() > 3).await;
    let beside = [start("UTC", 9).await, start("UTC", 9).await, start("Asia/Tokyo", 1).await];
    for id in beside {
        let small = until("it ends", async || state(&id).await, |state| state.status.is_terminal()).await;
        assert_eq!(small.status, RunStatus::Success, "{:?}", ends(&small));
        assert_eq!(state(&large).await.status, RunStatus::Running, "a small run waited for the large one");
        assert!((1..=3).contains(&most_at_once(&small)), "{} attempts at once", most_at_once(&small));
    }
    let large = until("it ends", async || state(&large).await, |state| state.status.is_terminal()).await;
    assert_eq!(large.status, RunStatus::Success);
    assert!((2..=8).contains(&most_at_once(&large)), "{} attempts at once", most_at_once(&large));
    site.host.shutdown(std::time::Duration::from_secs(5)).await;
}

/// Collects spans.
#[derive(Default)]
struct Collected(Mutex<Vec<Span>>);

impl Spans for Collected {
    fn take(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }
}

/// A group has a span between that of the run and those of its members, and counts in the metrics.
#[tokio::test]
async fn groups_have_spans_and_metrics() {
    let spans = Arc::new(Collected::default());
    let config = "features: {parallel_execution: true}\ntelemetry: {sample_one_in: 1}\n";
    let own = spans.clone();
    let site = Site::new().probe_policy("", config).with(|builder| builder.spans(own)).host().await;
    let echo = |id: &str| step(id, "echo", json!({"text": "x"}));
    let bad = step("bad", "panic", json!({"text": "no"}));
    let inner = json!({"id": "inner", "type": "parallel_group", "parallel_steps": [echo("a"), echo("b")]});
    // The failure of one branch must not stop the other one.
    let group = json!({"on_failure": "go_on", "parallel_steps": [inner, bad]});
    let state = site.run(&job(group)).await;
    assert_eq!(state.status, RunStatus::Failed);
    let spans = spans.0.lock().unwrap().clone();
    let of = |name: &str| {
        spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {spans:#?}"))
    };
    for (name, above) in [
        ("group g", "run files"),
        ("group inner", "group g"),
        ("step bad", "group g"),
        ("step a", "group inner"),
        ("step b", "group inner"),
    ] {
        assert_eq!(of(name).under.span_id, of(above).span_id, "{name} below {above}");
    }
    assert!(of("group g").error.is_some() && of("group inner").error.is_none());
    let metrics = site.host.system().prometheus().await.unwrap();
    for line in [
        "stepwell_groups_total{class=\"failed\"} 1",
        "stepwell_groups_total{class=\"succeeded\"} 1",
        "stepwell_group_duration_seconds_count 2",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

/// The explanation of a run names the bound for which branches wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_explanation_names_the_bound_of_a_group() {
    let naps = json!({"id": "g", "type": "parallel_group", "for_each": [1, 2, 3, 4, 5, 6],
        "parallel_steps": [step("nap", "nap", json!({"count": 3_000, "text": "x"}))]});
    let bounded = |most: u64| {
        let mut group = naps.clone();
        group["max_parallel"] = most.into();
        group
    };
    let (on, off) = ("features: {parallel_execution: true}\n", "");
    for (config, queue, policy, group, expected) in [
        (on, json!({}), "", bounded(2), "2 of 6, max_parallel: 2"),
        (on, json!({"max_parallel": 3}), "", naps.clone(), "3 of 6, `max_parallel: 3` of the queue"),
        (off, json!({}), "", naps.clone(), "1 of 6, parallel execution is off"),
        (
            "features: {parallel_execution: true}\nservice: {run_attempts: 4}\n",
            json!({"max_parallel": 5}),
            "",
            naps.clone(),
            "4 of 6, `service.run_attempts: 4`",
        ),
        (
            on,
            json!({}),
            "limits: {parallel_attempts: 2}",
            naps.clone(),
            "2 of 6, the free `service.workers`, or `limits.parallel_attempts` of the policy",
        ),
    ] {
        let queues: QueueFile = serde_json::from_value(json!({"queues": {"UTC": queue}})).unwrap();
        let site =
            Site::new().probe_policy(policy, config).with(|builder| builder.queues(queues)).host().await;
        site.host.serve().await.unwrap();
        let parsed = site.host.parse("job.yaml", &job(group)).await.unwrap();
        let job = Arc::new(parsed.job.into());
        let id = site.host.runs().enqueue(&job, Admission::default(), None, None).await.unwrap().execution_id;
        let causes = async || {
            let found = site.host.runs().explain(&id).await.unwrap();
            let found = serde_json::to_value(found.causes.first()).unwrap();
            format!(
                "{} of {}, {}",
                found["running"],
                found["branches"],
                found["bound"].as_str().unwrap_or("")
            )
        };
        until("it waits", causes, |found| found == expected).await;
        site.host.shutdown(std::time::Duration::ZERO).await;
    }
}

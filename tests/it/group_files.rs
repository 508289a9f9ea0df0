//! Parallel groups share a workspace, the workers of a process and the bounds of the operator.

use serde_json::{Value, json};
use stepwell::HostError;
use stepwell::engine::run::{RunState, RunStatus};

use crate::cli::Shell;
use crate::server::{Server, until};
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
    let parked = json!({"id": "parked", "steps": [step("p", "park", json!({"text": "x"})), write("b")]});
    let sparse = step("a", "sparse", json!({"path": "/workspace/./y/../${{ vars.name }}", "count": 7}));
    for branches in [json!([write("a"), later]), json!([write("a"), parked]), json!([sparse, later])] {
        for site in both().await {
            let state = site.run(&job(json!({"on_failure": "go_on", "parallel_steps": branches}))).await;
            let (statuses, messages) = ends(&state);
            assert_eq!(state.status, RunStatus::Failed, "{statuses}");
            assert!(statuses.contains("a:success") && statuses.contains("b:failed"), "{statuses}");
            let message = messages.iter().find(|message| message.starts_with("WORKSPACE_CONFLICT: ")).unwrap();
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
    let write = |id: &str| {
        step(id, "write", json!({"path": "/workspace/${{ run.branch_dir }}/x", "count": 3}))
    };
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
    let site = Site::new().config("connections: {w: {type: sqlite, path: w.db}}\n").host().await;
    let get = |id: &str, file: &str| json!({"id": id, "type": "http", "url": "https://x.example", "save_to": file});
    let query = |id: &str, output: Value| {
        json!({"id": id, "type": "sql", "connection_name": "w", "query": "SELECT 1", "output": output})
    };
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
        (json!({"parallel_steps": [get("a", "x.csv"), query("b", json!("/workspace/x.csv"))]}), "1/output", beside),
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
    let config = "connections: {w: {type: sqlite, path: w.db}}\nfeatures: {parallel_execution: true}\nservice: {workers: 8}\n";
    let shell = Shell::new()
        .file("config.yaml", config)
        .file("timezone_queues.yaml", "queues: {UTC: {max_parallel: 3}, Asia/Tokyo: {}}\n");
    let server = Server::start(shell);
    let run = async |id: &str, zone: &str, count: usize| {
        let items: Vec<usize> = (0..count).collect();
        let nap = step("nap", "nap", json!({"count": 20, "text": "x"}));
        let group = json!({"id": "g", "type": "parallel_group", "for_each": items, "parallel_steps": [nap]});
        let body = json!({"job": {"id": id, "timezone": zone, "steps": [group]}}).to_string();
        let headers = [("prefer", "respond-async")];
        let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &body).await;
        reply.json()["execution_id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
    };
    let view = async |id: &str| server.get(&format!("/api/v2/runs/{id}")).await.json();
    let ended = async |id: &str| {
        until("it ends", async || view(id).await, |view| view["end_time"].is_string()).await
    };
    // A thousand instances take every free worker of the process.
    let large = run("large", "Asia/Tokyo", 1_000).await;
    until("it runs", async || view(&large).await, |view| view["status"] == "running").await;
    let small = run("small", "UTC", 9).await;
    let small = ended(&small).await;
    assert_eq!(small["status"], "success", "{small}");
    let still = view(&large).await;
    assert_eq!(still["status"], "running", "the small run waited for the large one: {}", still["status"]);
    let branches = small["steps"][0]["branches"].as_array().unwrap();
    let times = |branch: &Value| {
        let step = &branch["steps"][0];
        let time = |key: &str| step[key].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (time("start_time"), time("end_time"))
    };
    let spans: Vec<_> = branches.iter().map(times).collect();
    let at = |start| spans.iter().filter(|(from, to)| *from <= start && start < *to).count();
    let most = spans.iter().map(|(start, _)| at(*start)).max().unwrap();
    assert!((1..=3).contains(&most), "{most} attempts at once");
    assert_eq!(ended(&large).await["status"], "success");
}

//! Parallel groups: jobs with branches and items, with parallel execution on and off.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::run::{Admission, RunState, RunStatus, RunView};
use stepwell::engine::{Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use tokio_util::sync::CancellationToken;

use crate::cli::Shell;
use crate::server::{Server, until};
use crate::support::{Running, Site, probe};

const CONFIG: &str = "connections: {w: {type: sqlite, path: w.db}}\n";
const ON: &str = "features: {parallel_execution: true}\n";

async fn site(config: &str) -> Running {
    Site::new().probe_policy("", config).host().await
}

fn step(id: &str, case: &str, more: Value) -> Value {
    let mut step = probe(case, more);
    step["id"] = id.into();
    step
}

fn echo(id: &str, text: &str) -> Value {
    step(id, "echo", json!({"text": text}))
}

fn group(more: &Value, branches: &Value) -> Value {
    let mut group = json!({"id": "g", "type": "parallel_group", "parallel_steps": branches});
    group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    group
}

/// Returns a group `inner` with a list of that many items.
fn inner_list(items: usize) -> Value {
    let list: Vec<usize> = (0..items).collect();
    let mut inner = group(&json!({"for_each": list, "as": "one"}), &json!([echo("a", "1")]));
    inner["id"] = json!("inner");
    inner
}

fn job(steps: &Value) -> String {
    json!({"id": "groups", "vars": {"list": ["x", "y", "z"], "count": 3}, "steps": steps}).to_string()
}

fn output(state: &RunState, path: &str) -> Value {
    let index = state.position_of(path).unwrap_or_else(|| panic!("no step {path}"));
    state.steps[index].end.as_ref().unwrap().produced.output.clone()
}

/// Each job gives the same outputs, statuses and variables whether its branches run at the same time or not.
#[tokio::test]
async fn a_job_gives_the_same_result_with_parallel_execution_on_and_off() {
    let sequence = json!({"id": "s", "steps": [echo("s1", "one"), echo("s2", "${{ steps.s1.output }} two")]});
    let each = json!({"for_each": "${{ vars.list }}", "as": "file"});
    let jobs = [
        json!([
            group(&json!({}), &json!([echo("a", "1"), sequence.clone()])),
            echo("last", "${{ steps.g.output.s }}")
        ]),
        json!([
            group(&each, &json!([echo("load", "${{ file }}${{ file_index }}")])),
            echo("last", "${{ steps.g.output[2].output }} ${{ steps.g.metadata.succeeded }}")
        ]),
        json!([group(
            &json!({"for_each": {"b": 1, "a": 2}, "max_parallel": 1}),
            &json!([
                echo("load", "${{ item.key }}=${{ item.value }}"),
                echo("twice", "${{ steps.load.output }}!")
            ])
        )]),
        json!([
            group(
                &json!({"fail_fast": false, "continue_on_failure": true}),
                &json!([step("bad", "panic", json!({"text": "no"})), echo("good", "1")])
            ),
            echo("last", "${{ steps.g.status }} ${{ steps.bad.status }} ${{ steps.good.output }}")
        ]),
        json!([
            group(
                &json!({"for_each": "${{ vars.list }}", "when": "${{ vars.list | length > 5 }}"}),
                &json!([echo("a", "1")])
            ),
            echo("last", "${{ steps.g.status }}")
        ]),
        json!([
            group(&json!({"for_each": []}), &json!([echo("a", "1")])),
            echo("last", "${{ steps.g.output | length }} items")
        ]),
        json!([
            group(
                &json!({"for_each": "${{ vars.list }}", "as": "outer"}),
                &json!([{"id": "inner", "type": "parallel_group", "for_each": [1, 2], "as": "n",
                              "parallel_steps": [echo("leaf", "${{ outer }}${{ n }}")]}])
            ),
            echo("last", "${{ steps.g.output[1].output[1].output }}")
        ]),
    ];
    let (on, off) = (site(ON).await, site("").await);
    for steps in jobs {
        let mut results = Vec::new();
        for site in [&on, &off] {
            let state = site.run(&job(&steps)).await;
            let view = serde_json::to_value(RunView::from(&state)).unwrap();
            let steps: Vec<Value> = state
                .known()
                .map(|index| {
                    let step = &state.steps[index];
                    let output = step.end.as_ref().map(|end| end.produced.output.clone());
                    json!([*step.path, step.status.name(), output])
                })
                .collect();
            results.push((view["status"].clone(), steps, state.variables.clone()));
        }
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0].0, "success", "{steps}: {:?}", results[0]);
    }
    let state = on.run(&job(&json!([group(&each, &json!([echo("load", "${{ file }}")]))]))).await;
    assert_eq!(
        output(&state, "g"),
        json!([{"status": "success", "output": "x"}, {"status": "success", "output": "y"}, {"status": "success", "output": "z"}])
    );
    assert_eq!(output(&state, "g[1].load"), "y");
}

/// Eight branches that each wait for a second take about one second, and eight when parallel execution is off.
#[tokio::test]
async fn branches_run_at_the_same_time() {
    let nap = |i: usize| step(&format!("n{i}"), "nap", json!({"count": 1_000, "text": "x"}));
    let job = job(&json!([group(&json!({}), &json!((0..8).map(nap).collect::<Vec<_>>()))]));
    let on = site(ON).await;
    let begun = Instant::now();
    let state = on.run(&job).await;
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(state.status, RunStatus::Success);
    // Starts and ends of the naps overlap, however slow the machine is.
    let latest = state.steps[1..].iter().filter_map(|step| step.started_at).max().unwrap();
    let earliest = state.steps[1..].iter().filter_map(|step| step.ended_at).min().unwrap();
    assert!(latest < earliest, "the last began at {latest}, the first ended at {earliest}: {took} s");
}

/// A runner whose attempts hold their threads until two of them run.
struct Pair {
    running: Mutex<usize>,
    changed: Condvar,
}

#[async_trait]
impl StepRunner for Pair {
    async fn run(&self, _: StepRequest) -> StepEnd {
        let mut running = self.running.lock().unwrap();
        *running += 1;
        self.changed.notify_all();
        let most = Duration::from_secs(20);
        let (running, _) = self.changed.wait_timeout_while(running, most, |running| *running < 2).unwrap();
        let outcome = match *running {
            2.. => Outcome::Succeeded,
            _ => Outcome::HostFault { message: "the other branch does not run".to_owned() },
        };
        StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
    }
}

/// Branches that compute run on different threads, in a service and in a program that runs a job itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn branches_use_all_cores() {
    for serves in [false, true] {
        let runner = Arc::new(Pair { running: Mutex::new(0), changed: Condvar::new() });
        let dir = tempfile::tempdir().unwrap();
        let builder = Host::builder().data_dir(dir.path()).runner(runner).parallel_execution(true);
        let host = builder.build().unwrap();
        let wait = |id: &str| json!({"id": id, "type": "wait", "for": 0});
        let text = job(&json!([group(&json!({}), &json!([wait("a"), wait("b")]))]));
        let definition = host.parse("job.yaml", &text).await.unwrap().job;
        let state = if serves {
            host.serve().await.unwrap();
            let (job, most) = (Arc::new(definition.into()), Duration::from_secs(60));
            host.runs().run_queued(&job, Admission::default(), None, None, most).await.unwrap().1
        } else {
            let id = host.runs().submit(definition, Default::default()).await.unwrap();
            host.runs().resume(&id, &crate::support::Unwatched, CancellationToken::new()).await.unwrap()
        };
        let messages: Vec<String> = state.steps.iter().map(|step| step.message()).collect();
        assert_eq!(state.status, RunStatus::Success, "{serves}: {messages:?}");
        host.shutdown(Duration::from_secs(5)).await;
    }
}

/// Cancelling a run cancels all its branches, and runs the `finally` of its group.
#[tokio::test]
async fn a_cancelled_run_ends_all_branches() {
    let site = site(ON).await;
    let branches = json!([step("a", "await_cancel", json!({})), step("b", "await_cancel", json!({}))]);
    let text = job(&json!([group(&json!({"finally": [echo("end", "bye")]}), &branches)]));
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        stop.cancel();
    });
    let state = site.watched(&text, &crate::support::Unwatched, cancel).await;
    assert_eq!(state.status, RunStatus::Cancelled);
    let statuses: Vec<String> = state
        .known()
        .map(|index| format!("{}:{}", state.steps[index].path, state.steps[index].status.name()))
        .collect();
    assert_eq!(statuses.join(" "), "g:cancelled a:cancelled b:cancelled end:success");
}

/// An approval in a branch is asked for, and decided, while another branch runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_in_a_branch_holds_nothing_up() {
    let config = format!("{ON}{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &config));
    let branches = json!([
        {"id": "ok", "type": "approval", "message": "Deploy?"},
        step("nap", "nap", json!({"count": 6_000, "text": "x"})),
    ]);
    let body = json!({"job": {"id": "asks", "steps": [group(&json!({}), &branches), echo("last", "${{ steps.ok.output.by }}")]}});
    let headers = [("prefer", "respond-async")];
    let id = server.request("POST", "/api/v2/jobs/execute", &headers, &body.to_string()).await.json()["execution_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let asked = async || server.get("/api/v2/approvals").await.json()["items"].clone();
    let list = until("it asks", asked, |items| items.as_array().is_some_and(|items| items.len() == 1)).await;
    assert_eq!((&list[0]["execution_id"], &list[0]["step_id"]), (&json!(id), &json!("ok")));
    let path = format!("/api/v2/runs/{id}/approvals/ok");
    let reply = server.post(&path, &json!({"approved": true, "comment": "fine"})).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let view = async || server.get(&format!("/api/v2/runs/{id}")).await.json();
    let view = until("it ends", view, |view| view["end_time"].is_string()).await;
    assert_eq!(view["status"], "success", "{view}");
    let branch = |i: usize| view["steps"][0]["branches"][i]["steps"][0].clone();
    assert_eq!((&branch(0)["status"], &branch(1)["status"]), (&json!("success"), &json!("success")));
    assert!(branch(0)["output"].as_str().unwrap().ends_with(": fine"), "{view}");
    let again = server.post(&path, &json!({"approved": true})).await;
    assert_eq!(again.status, 409, "{again:?}");
    let log = server.get("/api/v2/audit").await.json();
    let rows =
        log["items"].as_array().unwrap().iter().filter(|row| row["action"] == "approval.approve").count();
    assert_eq!(rows, 1, "{log}");
}

/// Each mistake is an error with its place and its fix.
#[tokio::test]
async fn each_mistake_in_a_group_is_named() {
    let site = site(ON).await;
    let deep = (0..5).fold(
        echo("leaf", "1"),
        |inner, i| json!({"id": format!("g{i}"), "type": "parallel_group", "parallel_steps": [inner]}),
    );
    let each = json!({"for_each": [1], "as": "file"});
    for (steps, at, message) in [
        (
            json!([group(&json!({}), &json!([]))]),
            "/steps/0/parallel_steps",
            "`parallel_steps` must have at least one",
        ),
        (
            json!([group(&json!({}), &json!([echo("a", "1"), echo("a", "2")]))]),
            "/steps/0/parallel_steps/1/id",
            "two steps have the id `a`",
        ),
        (
            json!([group(&json!({}), &json!([echo("a", "1"), {"id": "a", "steps": [echo("b", "1")]}]))]),
            "/steps/0/parallel_steps/1/id",
            "two steps or branches have the id `a`",
        ),
        (
            json!([group(&json!({}), &json!([echo("a", "1"), echo("b", "${{ steps.a.output }}")]))]),
            "/steps/0/parallel_steps/1/text",
            "the step `a` is in another branch of the same group",
        ),
        (
            json!([group(&json!({}), &json!([echo("a", "${{ steps.b.output }}"), echo("b", "1")]))]),
            "/steps/0/parallel_steps/0/text",
            "the step `b` is in another branch of the same group",
        ),
        (
            json!([group(&json!({}), &json!([echo("a", "${{ steps.g.output }}")]))]),
            "/steps/0/parallel_steps/0/text",
            "the group `g` contains this step",
        ),
        (
            json!([group(&each, &json!([echo("a", "1")])), echo("b", "${{ steps.a.output }}")]),
            "/steps/1/text",
            "the step `a` runs once per item of `g`",
        ),
        (
            json!([group(&each, &json!([echo("a", "1")])), echo("b", "${{ file }}")]),
            "/steps/1/text",
            "`file` is only defined within its group",
        ),
        (
            json!([group(&json!({"as": "x"}), &json!([echo("a", "1")]))]),
            "/steps/0/as",
            "`as` names the item of `for_each`",
        ),
        (
            json!([group(&json!({"for_each": [1], "as": "steps"}), &json!([echo("a", "1")]))]),
            "/steps/0/as",
            "use the name `steps` for something else",
        ),
        (
            json!([group(&json!({"for_each": [1], "as": "none"}), &json!([echo("a", "1")]))]),
            "/steps/0/as",
            "use the name `none` for something else",
        ),
        (
            json!([group(&json!({"for_each": [1], "as": "true"}), &json!([echo("a", "1")]))]),
            "/steps/0/as",
            "use the name `true` for something else",
        ),
        (
            json!([group(&json!({"for_each": "${{ vars.count }}"}), &json!([echo("a", "1")]))]),
            "/steps/0/for_each",
            "the variable `count` is a number",
        ),
        (
            json!([group(
                &json!({"finally": [{"id": "ok", "type": "approval", "message": "?"}]}),
                &json!([echo("a", "1")])
            )]),
            "/steps/0/finally/0/type",
            "an approval cannot run here",
        ),
        (
            json!([group(&json!({"on_failure": "stop", "fail_fast": true}), &json!([echo("a", "1")]))]),
            "/steps/0/fail_fast",
            "say the same thing",
        ),
        (
            json!([group(&json!({"on_failure": "explode"}), &json!([echo("a", "1")]))]),
            "/steps/0/on_failure",
            "the text `explode` is not a known value",
        ),
        (
            json!([group(&json!({"max_paralel": 3}), &json!([echo("a", "1")]))]),
            "/steps/0/max_paralel",
            "unknown key `max_paralel`",
        ),
        (
            json!([group(&json!({"on_lost": "fail"}), &json!([echo("a", "1")]))]),
            "/steps/0/on_lost",
            "a group has no `on_lost`",
        ),
        (
            json!([group(&json!({"for_each": [1]}), &json!([{"id": "s", "steps": [echo("a", "1")]}]))]),
            "/steps/0/parallel_steps/0",
            "is the sequence of steps of one item",
        ),
        (
            json!([group(&json!({}), &json!([{"id": "a", "type": "prob", "case": "noop"}]))]),
            "/steps/0/parallel_steps/0/type",
            "there is no step type `prob`",
        ),
        (
            json!([group(&json!({"for_each": 7}), &json!([echo("a", "1")]))]),
            "/steps/0/for_each",
            "`for_each` must be a list or an object, not a number",
        ),
        (
            json!([group(&json!({"for_each": "a, b"}), &json!([echo("a", "1")]))]),
            "/steps/0/for_each",
            "`for_each` must be a list or an object, not text",
        ),
        (
            json!([group(&json!({"for_each": (0..20_000).collect::<Vec<_>>()}), &json!([echo("a", "1")]))]),
            "/steps/0/for_each",
            "`for_each` has 20000 items with 1 step each, and a run has at most 10000 steps of items",
        ),
        (
            json!([group(
                &json!({"for_each": (0..200).collect::<Vec<_>>(), "as": "outer"}),
                &json!([inner_list(200)])
            )]),
            "/steps/0/parallel_steps/0/for_each",
            "`for_each` has 200 items with 1 step each, which is 40000 with the lists around it, and a run has at most 10000",
        ),
        (
            json!([group(&json!({}), &json!([echo("a", "1"), {"id": "s", "steps": true}]))]),
            "/steps/0/parallel_steps/1/steps",
            "`steps` must be a list",
        ),
        (
            json!([group(&json!({}), &json!([{"id": "s", "steps": []}]))]),
            "/steps/0/parallel_steps/0/steps",
            "`steps` must have at least one",
        ),
        (
            json!([group(&json!({}), &json!([{"id": "s", "steps": [echo("a", "1")], "when": true}]))]),
            "/steps/0/parallel_steps/0/when",
            "unknown key `when`",
        ),
        (
            json!([group(&json!({}), &json!([{"id": "s", "type": "sequence", "steps": [echo("a", "1")]}]))]),
            "/steps/0/parallel_steps/0/type",
            "there is no step type `sequence`",
        ),
        (
            json!([group(
                &json!({}),
                &json!([{"id": "s", "type": "wait", "for": 0, "steps": [echo("a", "1")]}])
            )]),
            "/steps/0/parallel_steps/0/steps",
            "unknown key `steps`",
        ),
        (
            json!([group(&json!({}), &json!([{"id": "s", "type": 5, "steps": [echo("a", "1")]}]))]),
            "/steps/0/parallel_steps/0/type",
            "`type` must be text",
        ),
        (json!([group(&json!({}), &json!(["a"]))]), "/steps/0/parallel_steps/0", "must be an object"),
        (
            json!([group(&json!({}), &json!([{"id": "a"}]))]),
            "/steps/0/parallel_steps/0",
            "missing key `type`",
        ),
        (json!([{"id": "g", "type": "parallel_group"}]), "/steps/0", "missing key `parallel_steps`"),
        (
            json!([group(&each, &json!([echo("a", "1")])), echo("b", "${{ steps['g[0].a'].output }}")]),
            "/steps/1/text",
            "a step of an item is visible within the item only",
        ),
        (
            json!([group(
                &json!({"for_each": [1], "as": "y"}),
                &json!([
                    {"id": "inner", "type": "parallel_group", "for_each": [1], "as": "y_index", "parallel_steps": [echo("a", "1")]}
                ])
            )]),
            "/steps/0/parallel_steps/0/as",
            "use the name `y_index` for something else",
        ),
        (
            json!([group(
                &json!({"for_each": [1], "as": "y_index"}),
                &json!([
                    {"id": "inner", "type": "parallel_group", "for_each": [1], "as": "y", "parallel_steps": [echo("a", "1")]}
                ])
            )]),
            "/steps/0/parallel_steps/0/as",
            "use the name `y_index` for something else",
        ),
        (
            json!([deep]),
            "/steps/0/parallel_steps/0/parallel_steps/0/parallel_steps/0/parallel_steps/0",
            "groups are nested too deep",
        ),
    ] {
        let error = site.host.parse("job.yaml", &job(&steps)).await.unwrap_err();
        let stepwell::HostError::Invalid(found) = error else { panic!("{steps}: {error}") };
        let named = found
            .0
            .iter()
            .any(|found| found.pointer == at && found.message.contains(message) && found.line > 0);
        assert!(named, "{steps}: {at} {message}: {found}");
        let own = found.0.iter().filter(|found| found.pointer == at && found.message.contains(message));
        assert!(own.clone().all(|found| found.help.is_some()), "{steps}: no fix: {found}");
    }
    let legacy = json!({"job_id": "old", "job_type": "parallel_group", "parallel_steps": [echo("a", "1")]});
    let error = site.host.parse("job.yaml", &legacy.to_string()).await.unwrap_err().to_string();
    assert!(
        error.contains("which cannot be a `parallel_group`") && error.contains("into `steps`"),
        "{error}"
    );
}

/// A value that is no list, or a list that is too long, ends the group with a message.
#[tokio::test]
async fn items_must_be_a_list_that_fits() {
    let site = site(&format!("{ON}service: {{run_steps: 20}}\n")).await;
    for (list, message) in [
        (json!("${{ vars.list[0] }}"), "`for_each` must be a list or an object, and is text"),
        (json!("${{ vars.list | length }}"), "`for_each` must be a list or an object, and is a number"),
        (
            json!(format!("${{{{ {:?} }}}}", (0..100).collect::<Vec<_>>())),
            "`for_each` has 100 items with 1 step each, and a run has at most 20 steps of items",
        ),
    ] {
        let state =
            site.run(&job(&json!([group(&json!({"for_each": list}), &json!([echo("a", "1")]))]))).await;
        let end = state.steps[0].end.as_ref().unwrap();
        assert_eq!((state.status, end.outcome.class()), (RunStatus::Failed, "invalid_config"));
        assert!(end.outcome.message().starts_with(message), "{}", end.outcome.message());
    }
}

/// `policy` of a group narrows the grants of everything within it.
#[tokio::test]
async fn the_policy_of_a_group_holds_for_its_members() {
    for config in [ON, ""] {
        let site = site(config).await;
        let narrow = json!({"policy": {"limits": {"fuel": 1000}}});
        let inner = json!({"id": "inner", "type": "parallel_group", "parallel_steps": [echo("deep", "1")]});
        for (branches, finally) in [
            (json!([echo("a", "1")]), json!([])),
            (json!([{"id": "s", "steps": [echo("a", "1")]}]), json!([])),
            (json!([inner]), json!([])),
        ] {
            let mut narrowed = group(&narrow, &branches);
            narrowed["finally"] = finally;
            let state = site.run(&job(&json!([narrowed, echo("outside", "1")]))).await;
            let ends: Vec<_> = state
                .steps
                .iter()
                .filter(|step| step.attempt > 0)
                .filter_map(|step| step.end.as_ref())
                .collect();
            assert!(ends.iter().any(|end| end.outcome.class() == "out_of_fuel"), "{branches}: {ends:#?}");
        }
        let after = json!({"finally": [echo("f", "1")], "policy": {"limits": {"fuel": 1000}}});
        let waits = json!([{"id": "w", "type": "parallel_group", "for_each": [], "parallel_steps": [echo("x", "1")]}]);
        let state = site.run(&job(&json!([group(&after, &waits)]))).await;
        let end = state.steps[state.position_of("f").unwrap()].end.clone().unwrap();
        assert_eq!(end.outcome.class(), "out_of_fuel", "{end:?}");
    }
}

/// A nesting beyond `service.group_depth` is an error, and the setting has a ceiling.
#[tokio::test]
async fn the_depth_of_groups_is_a_setting() {
    let nested = |depth: usize| {
        (0..depth).fold(echo("a", "1"), |inner, level| {
            json!({"id": format!("g{level}"), "type": "parallel_group", "parallel_steps": [inner]})
        })
    };
    for (setting, fits) in [("", 4), ("service: {group_depth: 2}\n", 2), ("service: {group_depth: 8}\n", 8)] {
        let site = site(&format!("{ON}{setting}")).await;
        assert!(site.host.parse("job.yaml", &job(&json!([nested(fits)]))).await.is_ok(), "{setting}");
        let error =
            site.host.parse("job.yaml", &job(&json!([nested(fits + 1)]))).await.unwrap_err().to_string();
        assert!(error.contains(&format!("nested too deep: at most {fits} levels")), "{setting}: {error}");
    }
}

/// A cancelled run whose group has a `finally` that waits ends within `finally_timeout`, and the caller that cancels it
/// waits a few seconds only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_run_does_not_wait_for_a_parked_finally() {
    let server = Server::start(Shell::new());
    for finally_timeout in [3, 12] {
        let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": [{"id": "a", "type": "wait", "for": 0}],
            "finally": [{"id": "f", "type": "wait", "for": 3600}]});
        let job = json!({"job": {"id": "waits", "finally_timeout": finally_timeout, "steps": [group]}});
        let body = job.to_string();
        let made = server.request("POST", "/api/v2/jobs/execute", &[("prefer", "respond-async")], &body);
        let id = made.await.json()["execution_id"].as_str().unwrap().to_owned();
        let path = format!("/api/v2/runs/{id}");
        let status = async || server.get(&path).await.json()["status"].clone();
        until("the run is parked", status, |status| status == "parked").await;
        let begun = Instant::now();
        let cancelled = server.post(&format!("{path}/cancel"), &json!({})).await;
        assert!(cancelled.status < 300 && begun.elapsed() < Duration::from_secs(10), "{cancelled:?}");
        until("the run has ended", status, |status| status == "cancelled").await;
    }
}

/// The example runs with parallel execution on and off.
#[tokio::test]
async fn the_example_of_a_fan_out_runs() {
    let text = std::fs::read_to_string(stepwell_tests::root().join("examples/fan-out/job.yaml")).unwrap();
    for config in [ON, "features: {}\n"] {
        let site = Site::new().config(config).host().await;
        let state = site.run(&text).await;
        assert_eq!(state.status, RunStatus::Success, "{:?}", RunView::from(&state));
        assert!(output(&state, "report").to_string().contains("4 regions"), "{}", output(&state, "report"));
        let last = output(&state, "each_region[3].measure").to_string();
        assert!(last.contains("west") && last.contains('4'), "{last}");
    }
}

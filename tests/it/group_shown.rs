//! Runs with groups as people and programs see them: tables, views, dead letters, explanations, progress.

use serde_json::{Value, json};
use stepwell::Retry;
use stepwell::engine::run::{RunState, RunStatus, RunView};
use tokio_util::sync::CancellationToken;

use crate::cli::Shell;
use crate::server::{Server, until};
use crate::support::{Notebook, Running, Site, probe};

const ON: &str = "features: {parallel_execution: true}\n";

async fn site(config: &str) -> Running {
    Site::new().probe_policy("", config).host().await
}

/// A group with one step per item: a text that is no time makes it fail.
fn waits(items: &Value) -> Value {
    json!({"id": "g", "type": "parallel_group", "for_each": items, "on_failure": "go_on",
        "parallel_steps": [{"id": "load", "type": "wait", "for": "${{ item }}"}]})
}

fn job(group: &Value) -> String {
    json!({"id": "shown", "steps": [group]}).to_string()
}

fn out(output: &std::process::Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn view(state: &RunState) -> Value {
    serde_json::to_value(RunView::from(state)).unwrap()
}

/// A dead letter names every item that failed, also for the steps of `on_failure`.
#[tokio::test]
async fn a_dead_letter_names_every_failed_step() {
    let site = site(ON).await;
    let items = json!([0, "bad", 0, "worse", "worst", "last"]);
    let tell = probe(
        "echo",
        json!({"id": "tell", "text": "${{ run.failed_step.failed[1].step_id }} of ${{ run.failed_step.failed_count }}"}),
    );
    let text = json!({"id": "shown", "steps": [waits(&items)], "on_failure": [tell]}).to_string();
    let state = site.run(&text).await;
    let (letter, _) = site.host.dead_letters().get(&state.run.execution_id).await.unwrap();
    let ids: Vec<&str> = letter.failed.iter().map(|step| step.step_id.as_str()).collect();
    assert_eq!(ids, ["g[1].load", "g[3].load", "g[4].load", "g[5].load"]);
    assert_eq!((letter.failed_count, letter.step_id.as_deref()), (4, Some("g")));
    assert!(letter.failed.iter().all(|step| step.class == "invalid_config" && !step.message.is_empty()));
    assert_eq!(view(&state)["steps"][1]["value"], "g[3].load of 4");
    let many: Vec<Value> = (0..300).map(|_| json!("bad")).collect();
    let state = site.run(&job(&waits(&json!(many)))).await;
    let (letter, _) = site.host.dead_letters().get(&state.run.execution_id).await.unwrap();
    assert_eq!((letter.failed.len(), letter.failed_count), (100, 300));
}

/// The command shows a failed group with the result of each item, all failed items of a long list, and says once
/// that parallel execution is off.
#[test]
fn the_command_shows_failed_items() {
    let mut items = vec![json!(0); 250];
    items[240] = json!("bad");
    let shell = Shell::new().file("job.yaml", &job(&waits(&json!(items))));
    let (table, progress) = out(&shell.run(&["run", "job.yaml"]));
    assert!(table.contains("g[240].load") && !table.contains("g[230].load"), "{table}");
    assert!(
        table.contains("... 50 of 250 steps are not shown; all that ran: stepwell runs receipts"),
        "{table}"
    );
    assert!(table.contains("output of g:") && table.contains("... 250 rows in all"), "{table}");
    assert!(
        progress.contains("g: 250 branches, one after the other, because parallel execution is off"),
        "{progress}"
    );
    assert!(progress.contains("✗ g: 1 of 250 branches failed; the first: `g[240].load`"), "{progress}");
    let id = table.lines().last().unwrap().split([' ', ':']).find(|word| word.starts_with("exec_"));
    let id =
        id.or_else(|| table.split([' ', ':']).find(|word| word.starts_with("exec_"))).unwrap().to_owned();
    let (shown, _) = out(&shell.run(&["runs", "show", &id]));
    let (logs, _) = out(&shell.run(&["runs", "logs", &id]));
    let told = "parallel execution is off: the branches of";
    assert_eq!((shown.matches(told).count(), logs.matches(told).count()), (1, 1), "{shown}{logs}");
    let row = shown.lines().find(|line| line.starts_with("g ")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[4..6], ["-", "-"], "fuel and memory of a group: {row}");
    let (output, _) = out(&shell.run(&["runs", "show", &id, "--show-output", "g"]));
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output.as_array().map(Vec::len), Some(250));
    assert_eq!((&output[0]["status"], &output[240]["status"]), (&json!("success"), &json!("failed")));
    let (letters, _) = out(&shell.run(&["dead-letters", "list"]));
    assert!(letters.contains("g[240].load"), "{letters}");
}

/// A view has the failed branches of a group that is too long to show.
#[tokio::test]
async fn a_view_has_the_failed_branches_of_a_long_group() {
    let site = site(ON).await;
    let mut items = vec![json!(0); 1_100];
    items[1_050] = json!("bad");
    let state = site.run(&job(&waits(&json!(items)))).await;
    let shown = &view(&state)["steps"][0];
    let branches = shown["branches"].as_array().unwrap();
    assert_eq!((branches.len(), &shown["more_branches"]), (1_001, &json!(99)));
    assert_eq!(branches[1_000]["branch_id"], "g[1050]");
    assert_eq!((&shown["value_items"], &shown["receipt"]), (&json!(1_100), &Value::Null));
    assert_eq!(shown["value"][1_050]["status"], "failed");
}

/// The results that a retry takes over do not count as time of the new run.
#[tokio::test]
async fn a_retried_group_begins_with_its_run() {
    let site = site(ON).await;
    let state = site.run(&job(&waits(&json!([0, "bad"])))).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let host = &site.host;
    let audit = host.audit().row(&host.access().command_user(), "run.retry", "", &state.run.execution_id);
    let again = host.runs().retry(&state.run.execution_id, Retry::default(), audit).await.unwrap();
    let state = site
        .host
        .runs()
        .resume(&again.execution_id, &crate::support::Unwatched, CancellationToken::new())
        .await;
    let state = state.unwrap();
    assert_eq!(state.status, RunStatus::Failed);
    let seconds = view(&state)["steps"][0]["duration_seconds"].as_f64().unwrap();
    assert!(seconds < 2.0, "{seconds}");
    let metrics = site.host.system().prometheus().await.unwrap();
    let sum =
        metrics.lines().find_map(|line| line.strip_prefix("stepwell_group_duration_seconds_sum ")).unwrap();
    assert!(sum.parse::<f64>().unwrap() < 2.0, "{sum}");
}

/// An explanation shows an approval that waits while other branches run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_explanation_shows_an_approval_beside_branches_that_run() {
    let server = Server::start(
        Shell::new().file("config.yaml", &format!("{ON}connections: {{w: {{type: sqlite, path: w.db}}}}\n")),
    );
    let branches = json!([
        {"id": "ok", "type": "approval", "message": "Deploy?"},
        probe("nap", json!({"id": "nap", "count": 6_000, "text": "x"})),
    ]);
    let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": branches});
    let body = json!({"job": {"id": "asks", "steps": [group]}}).to_string();
    let headers = [("prefer", "respond-async")];
    let id = server.request("POST", "/api/v2/jobs/execute", &headers, &body).await.json()["execution_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let explained = async || server.get(&format!("/api/v2/runs/{id}/explain")).await.json();
    let found = until("it asks", explained, |found| {
        found["causes"][0]["cause"] == "approval_missing"
            && found["summary"].to_string().contains("running: `nap`")
    })
    .await;
    assert!(found["summary"].as_str().unwrap().starts_with("step `ok` waits for approval"), "{found}");
}

/// The message about parallel execution that is off names the place that switched it off, and its fix.
#[test]
fn the_place_that_switches_parallel_execution_off_is_named() {
    let group = waits(&json!([0, 0]));
    let job_off =
        json!({"id": "shown", "features": {"parallel_execution": false}, "steps": [group]}).to_string();
    let project =
        "projects: {shop: {features: {parallel_execution: false}}}\nfeatures: {parallel_execution: true}\n";
    for (config, variable, job, arguments, expected) in [
        (
            "{}",
            None,
            job(&group),
            &[][..],
            "in the configuration, or STEPWELL_PARALLEL_ENABLED=true, switches it on",
        ),
        (ON, None, job_off, &[], "in the job switches it off: remove it"),
        (
            ON,
            Some("PIPELINE_PARALLEL_ENABLED"),
            job(&group),
            &[],
            "variable PIPELINE_PARALLEL_ENABLED switches it off",
        ),
        (
            "features: {parallel_execution: false}",
            None,
            job(&group),
            &[],
            "in the configuration switches it off",
        ),
        (
            project,
            None,
            job(&group),
            &["--project", "shop"],
            "`projects: {shop: {features: {parallel_execution: false}}}`",
        ),
    ] {
        let mut shell = Shell::new().file("job.yaml", &job).file("config.yaml", config);
        if let Some(variable) = variable {
            shell = shell.env(variable, "false");
        }
        let all = [&["validate", "job.yaml", "--config", "config.yaml"][..], arguments].concat();
        let (valid, warnings) = out(&shell.run(&all));
        assert!(warnings.contains(expected) && warnings.contains("job.yaml:1:"), "{expected}: {warnings}");
        assert!(valid.contains("is valid (1 step, and 1 group)"), "{valid}");
    }
}

/// The resolved configuration has the setting of the environment, and its name.
#[test]
fn the_resolved_configuration_has_the_setting_of_the_environment() {
    for (variable, value) in [("STEPWELL_PARALLEL_ENABLED", "true"), ("PIPELINE_PARALLEL_ENABLED", "false")] {
        let config = "features: {parallel_execution: false}\nprojects: {shop: {features: {parallel_execution: true}}}\n";
        let shell = Shell::new().file("config.yaml", config).env(variable, value);
        let arguments = ["config", "show", "--resolved", "--config", "config.yaml", "--output", "json"];
        let (shown, errors) = out(&shell.run(&arguments));
        let shown: Value = serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{errors}"));
        let expected: Value = serde_json::from_str(value).unwrap();
        assert_eq!(shown["features"]["parallel_execution"], expected);
        assert_eq!(shown["projects"]["shop"]["features"]["parallel_execution"], expected);
        assert_eq!(shown["from_environment"]["features.parallel_execution"], variable);
    }
}

/// A group counts the same failed branches in its message, its metadata and its table.
#[tokio::test]
async fn failed_branches_count_the_same_everywhere() {
    let site = site(ON).await;
    let bad = |id: &str, may: bool| json!({"id": id, "type": "wait", "for": "${{ 'bad' }}", "continue_on_failure": may});
    let inner = json!({"id": "inner", "type": "parallel_group", "on_failure": "go_on",
        "parallel_steps": [bad("a", false), bad("b", true), {"id": "c", "type": "wait", "for": 0}]});
    let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": [inner]});
    let shown = &view(&site.run(&job(&group)).await)["steps"][0];
    let nested = &shown["branches"][0]["steps"][0];
    for (group, failed, message) in
        [(shown, 1, "1 of 1 branches failed"), (nested, 2, "2 of 3 branches failed")]
    {
        assert_eq!(group["metadata"]["failed"], failed, "{group}");
        assert!(group["output"].as_str().unwrap().starts_with(message), "{group}");
    }
}

/// An observer hears of the end of a group after the end of its last step.
#[tokio::test]
async fn the_end_of_a_group_is_a_notice() {
    let site = site(ON).await;
    let notes = Notebook::default();
    site.watched(&job(&waits(&json!([0, 0]))), &notes, CancellationToken::new()).await;
    let notes = notes.0.lock().unwrap().clone();
    let place = |text: &str| notes.iter().rposition(|note| note.contains(text));
    assert!(place("0 group ended") > place("step_ended"), "{notes:?}");
    let mut one = waits(&json!([0, 0]));
    one["max_parallel"] = json!(1);
    let shell = Shell::new().file("job.yaml", &job(&one)).file("config.yaml", ON);
    let (_, progress) = out(&shell.run(&["run", "job.yaml", "--config", "config.yaml"]));
    assert!(
        progress.contains("g: 2 branches, one after the other, because `max_parallel` is 1"),
        "{progress}"
    );
    assert!(progress.contains("✓ g: 2 of 2 branches succeeded"), "{progress}");
}

/// A conflict between two branches names the file that the steps write, and not its temporary name.
#[tokio::test]
async fn a_conflict_names_the_file_of_the_job() {
    let grants = "files: [{mount: /workspace, workspace: 16MiB, access: write}]";
    let site = Site::new().probe_policy(grants, ON).policy("file_operation", grants).host().await;
    let copy = |id: &str| {
        json!({"id": id, "type": "file_operation", "operation": "copy", "path": "in.txt",
        "to": "out.txt", "overwrite": true})
    };
    let write = probe("write", json!({"id": "w", "path": "/workspace/in.txt", "count": 3}));
    let group = json!({"id": "g", "type": "parallel_group", "on_failure": "go_on", "parallel_steps": [copy("a"), copy("b")]});
    let text = json!({"id": "shown", "workspace": "8MiB", "steps": [write, group]}).to_string();
    let state = site.run(&text).await;
    let told: Vec<String> = state.steps.iter().map(|step| step.message()).collect();
    let told = told.join("\n");
    assert!(told.contains("WORKSPACE_CONFLICT") && told.contains("`out.txt`"), "{told}");
    assert!(!told.contains(".part"), "{told}");
}

/// A step that a group stops says why, although its guest only learns that it should stop.
#[tokio::test]
async fn a_step_that_its_group_stops_says_why() {
    let site = site(ON).await;
    let long = || json!({"id": "long", "type": "wait", "for": 3600});
    let late = || json!({"id": "bad", "type": "wait", "until": "${{ 'no time' }}"});
    let inner = json!({"id": "inner", "type": "parallel_group", "parallel_steps": [long()]});
    let sleeps = probe("sleep", json!({"id": "long"}));
    let group = |more: Value, steps: Value| {
        let mut group = json!({"id": "g", "type": "parallel_group", "parallel_steps": steps});
        group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        group
    };
    for (job, message) in [
        (
            json!({"steps": [group(json!({}), json!([long(), late()]))]}),
            "its group stopped, because `bad` failed",
        ),
        (
            json!({"steps": [group(json!({}), json!([inner, late()]))]}),
            "its group stopped, because `bad` failed",
        ),
        (
            json!({"steps": [group(json!({"timeout": "1s"}), json!([inner]))]}),
            "the time of the group `g` ran out",
        ),
        // The time of a parked step does not count.
        (
            json!({"timeout_seconds": 1, "steps": [group(json!({}), json!([sleeps]))]}),
            "raise `timeout_seconds` of the job",
        ),
    ] {
        let mut job = job;
        job["id"] = json!("stops");
        let state = site.run(&job.to_string()).await;
        let step = state.steps.iter().find(|step| &*step.path == "long").unwrap();
        let said = step.message();
        assert!(said.ends_with(message) && !said.contains("the run"), "{job}: {said}");
    }
}

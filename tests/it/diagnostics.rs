//! Diagnostics for users: the value of a step, the reason of a denial, and the place at which a step ended.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::HostError;
use stepwell::engine::run::RunView;

use crate::cli::Shell;
use crate::server::Server;
use crate::support::{Running, Site, one_step, probe, told};

#[tokio::test]
async fn the_value_of_a_step_is_shown_and_a_large_one_is_cut_and_fetched_whole() {
    let site = Site::new().probe_policy("limits: {output_bytes: 1MiB}", "").host().await;
    let job = json!({"id": "values", "steps": [
        {"id": "small", "type": "probe", "case": "echo", "text": "needle"},
        {"id": "large", "type": "probe", "case": "output", "count": 100_000},
        {"id": "none", "type": "probe", "case": "fail", "text": "no"},
    ]});
    let state = site.run(&job.to_string()).await;
    let view = serde_json::to_value(RunView::from(&state)).unwrap();
    let (small, large, none) = (&view["steps"][0], &view["steps"][1], &view["steps"][2]);
    assert_eq!((&small["value"], &small["output"]), (&json!("needle"), &json!("done")));
    assert_eq!((&small["value_bytes"], small.get("value_truncated")), (&json!(8), None));
    assert_eq!((&large["value_bytes"], &large["value_truncated"]), (&json!(100_002), &json!(true)));
    assert!(large["value"].as_str().unwrap().len() < 66_000);
    assert_eq!(none.get("value"), None);
    let id = &state.run.execution_id;
    let whole = site.host.runs().step_output(id, "large").await.unwrap().unwrap();
    assert_eq!(whole.as_str().unwrap().len(), 100_000);
    assert_eq!(site.host.runs().step_output(id, "none").await.unwrap(), None);
    assert!(matches!(site.host.runs().step_output(id, "other").await, Err(HostError::NoStep(..))));
}

/// A run of many steps does not produce an endless response.
#[tokio::test]
async fn the_values_of_all_steps_together_are_bounded() {
    let site = Site::new().probe_policy("", "").host().await;
    let step = |n: usize| json!({"id": format!("s{n}"), "type": "probe", "case": "output", "count": 60_000});
    let job = json!({"id": "many", "steps": (0..40).map(step).collect::<Vec<_>>()});
    let view = RunView::from(&site.run(&job.to_string()).await);
    let shown = serde_json::to_string(&view).unwrap().len();
    assert!(shown < 1_200_000, "{shown}");
    assert!(!view.steps[0].value_truncated && view.steps[39].value_truncated);
}

#[tokio::test]
async fn the_service_gives_the_value_of_a_step() {
    let server = Server::start(Shell::new());
    let steps = json!([{"id": "rows", "type": "probe", "case": "output", "count": 100_000},
        {"id": "bad", "type": "probe", "case": "fail", "text": "no"}]);
    let run =
        server.post("/api/v2/jobs/execute", &json!({"job": {"id": "values", "steps": steps}})).await.json();
    assert_eq!(run["steps"][0]["value_truncated"], true, "{}", run["steps"][0]["value_bytes"]);
    let id = run["execution_id"].as_str().unwrap();
    let whole = server.get(&format!("/api/v2/runs/{id}/steps/rows/output")).await;
    assert_eq!((whole.status, whole.json().as_str().unwrap().len()), (200, 100_000));
    for (step, said) in [("bad", "has not succeeded"), ("other", "has no step `other`")] {
        let reply = server.get(&format!("/api/v2/runs/{id}/steps/{step}/output")).await;
        assert!(reply.status == 404 && reply.body.contains(said), "{reply:?}");
    }
}

/// Returns policy's denials, as the log and the receipt have them.
async fn refused(site: &Running, step: Value) -> (String, Vec<String>, String) {
    let state = site.run(&one_step(step)).await;
    let end = state.steps[0].end.clone().unwrap();
    let log = site.log(&state).await.into_iter().filter(|line| line.contains("denied by policy"));
    (told(&end), end.receipt.denials.keys().cloned().collect(), log.collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn a_file_outside_of_the_mounts_is_a_denial() {
    let site = Site::new().file("in/a.txt", "a").file("secret.txt", "s");
    std::os::unix::fs::symlink("../secret.txt", site.path().join("in/link")).unwrap();
    let site = site.probe_policy("files: [{mount: /in, source: in}]", "").host().await;
    for (case, path, rule, said) in [
        (
            "read",
            "/etc/passwd",
            "FILES_NOT_GRANTED",
            "reading `/etc/passwd`: not granted: it is outside of the mounts `/in`; write `files: [{mount: /etc, source: DIRECTORY, access: read}]`",
        ),
        ("read", "relative.txt", "FILES_NOT_GRANTED", "reading `/relative.txt`"),
        ("write", "/out/x", "FILES_NOT_GRANTED", "writing `/out/x`"),
        ("read", "/in/../secret.txt", "FILES_OUTSIDE_MOUNT", "the path leaves its mount"),
        ("read", "/in/link", "FILES_OUTSIDE_MOUNT", "reaching `/in/link`"),
        ("write", "/in/x", "FILES_WRITE_NOT_GRANTED", "policy `p1` mounts /in with `access: read`"),
    ] {
        let (ended, rules, log) = refused(&site, probe(case, json!({"path": path, "count": 1}))).await;
        assert!(ended.starts_with("failed: "), "{path}: {ended}");
        assert_eq!(rules, [rule], "{path}: {log}");
        assert!(log.contains(said) && log.contains(rule), "{path}: {log}");
    }
    // A missing file in a mount is not a denial.
    let (ended, rules, _) = refused(&site, probe("read", json!({"path": "/in/none"}))).await;
    assert!(ended.starts_with("failed: ") && rules.is_empty(), "{ended} {rules:?}");
}

/// A computing step yields repeatedly: yields are not calls to the host.
#[tokio::test]
async fn a_step_that_computes_makes_no_calls() {
    let site = Site::new().probe_policy("limits: {fuel: 500_000_000, host_calls: 50}", "").host().await;
    let end = site.probe("spin", json!({})).await;
    assert_eq!(end.outcome.class(), "out_of_fuel", "{}", told(&end));
    assert!(end.receipt.host_calls.get("wasi").is_none_or(|calls| *calls < 50), "{:?}", end.receipt);
}

/// A stopped step reports its place, however it ended.
#[tokio::test]
async fn a_step_that_is_stopped_says_where_it_was() {
    let grants = "limits: {fuel: 1_000_000_000_000, wall: 20s}";
    let site = Site::new().probe_policy(grants, "").host().await;
    for (case, timeout) in [("spin", 0.2), ("sleep", 0.2), ("await_cancel", 0.2)] {
        let mut step = probe(case, json!({}));
        step["timeout"] = json!(timeout);
        let begun = Instant::now();
        let end = site.step(step).await;
        let took = begun.elapsed();
        assert_eq!(end.outcome.class(), "timed_out", "{case}: {}", told(&end));
        assert!(took < Duration::from_secs(2), "{case}: {took:?}");
        let frames = end.outcome.backtrace().join("\n");
        assert!(frames.contains("probe::Probe"), "{case}: {frames}");
        assert!(!frames.contains("wasmtime") && !frames.contains("tokio"), "{case}: {frames}");
    }
    let mut step = probe("spin", json!({}));
    step["policy"] = json!({"limits": {"fuel": 100_000_000}});
    let end = site.step(step).await;
    assert_eq!(end.outcome.class(), "out_of_fuel");
    assert!(end.outcome.backtrace().iter().any(|frame| frame.contains("probe::Probe")), "{}", told(&end));
}

#[tokio::test]
async fn what_a_guest_says_about_its_end_is_shown_wherever_it_ends() {
    let site = Site::new().probe_policy("", "").host().await;
    let job = one_step(probe("panic", json!({"text": "while checking"})));
    let error = site.host.parse("job.yaml", &job).await.unwrap_err().to_string();
    assert!(
        error.contains("panicked at probe/src/lib.rs:") && error.contains("the check itself fails"),
        "{error}"
    );
    let end = site.step(probe("panic", json!({"text": "while running"}))).await;
    assert!(
        told(&end).contains("panicked at probe/src/lib.rs:") && told(&end).contains("while running"),
        "{}",
        told(&end)
    );
    let python = "Traceback (most recent call last):\n  File \"app.py\", line 7, in run\nValueError: boom";
    let end = site.step(probe("throw", json!({"text": python, "count": 1}))).await;
    assert!(told(&end).ends_with("ValueError: boom"), "{}", told(&end));
    assert_eq!(end.outcome.backtrace()[1], "  File \"app.py\", line 7, in run");
}

/// A missing optional capability causes no warning.
#[tokio::test]
async fn only_what_a_step_cannot_do_without_is_a_warning() {
    let site = Site::new().host().await;
    for (step, warned) in [
        (json!({"type": "wait", "for": 0}), None),
        (json!({"type": "powershell", "script": "1"}), None),
        (json!({"type": "http", "url": "https://example.com/"}), Some("HTTP_NOT_GRANTED")),
        (json!({"type": "file_operation", "operation": "list", "path": "/in"}), Some("FILES_NOT_GRANTED")),
    ] {
        // The behavior after a crash has a separate warning.
        let mut step = step;
        step["on_lost"] = json!("retry");
        let warnings =
            site.host.parse("job.yaml", &one_step(step.clone())).await.unwrap().warnings.to_string();
        match warned {
            None => assert_eq!(warnings, "", "{step}"),
            Some(rule) => {
                assert!(warnings.contains(rule) && warnings.contains("no policy is for"), "{warnings}")
            }
        }
    }
}

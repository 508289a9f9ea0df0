//! A step with `split` works on its input in parts, and has the result of the step without it.

use std::fmt::Write as _;

use serde_json::{Value, json};
use stepwell::HostError;
use stepwell::engine::run::{RunState, RunStatus};

use crate::support::{Running, Site};

const FILES: &str =
    "profile: large\nfiles: [{mount: /in, source: in}, {mount: /workspace, workspace: 64MiB, access: write}]";

fn rows() -> String {
    let row = |mut all: String, n: usize| {
        let _ = writeln!(all, "{n},{},{}", n % 7, n * 3);
        all
    };
    (0..20_000).fold("id,key,value\n".to_owned(), row)
}

async fn site(config: &str) -> Running {
    let site = Site::new().file("in/rows.csv", rows()).file("in/bad.csv", "id,key,value\n1,2,3\n\"x");
    site.config(config).policy("data_processing", FILES).host().await
}

fn step(more: Value) -> Value {
    let mut step = json!({"id": "total", "type": "data_processing", "inputs": {"t": {"path": "/in/rows.csv",
        "schema": {"id": "int", "key": "int", "value": "int"}}},
        "query": "SELECT key, count(*) AS n, sum(value) AS s, avg(id) AS a FROM t GROUP BY key ORDER BY key"});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

fn job(step: Value) -> String {
    let last =
        json!({"id": "last", "type": "wait", "for": 0, "when": "${{ steps.total.status == 'success' }}"});
    json!({"id": "split", "workspace": "32MiB", "steps": [step, last]}).to_string()
}

fn output(state: &RunState, path: &str) -> Value {
    let end = state.steps[state.position_of(path).unwrap_or_else(|| panic!("no step {path}"))].end.clone();
    end.map(|end| end.produced.output.clone()).unwrap_or_default()
}

/// The parts run as a group, and their files are gone afterwards.
#[tokio::test]
async fn a_split_step_has_the_result_of_the_whole() {
    for config in ["features: {parallel_execution: true}\n", "features: {}\n"] {
        let site = site(config).await;
        let whole = site.run(&job(step(json!({})))).await;
        assert_eq!(whole.status, RunStatus::Success, "{:?}", whole.steps[0].message());
        for parts in [1, 2, 5] {
            let split = json!({"split": {"input": "t", "parts": parts}});
            let state = site.run(&job(step(split))).await;
            let messages: Vec<String> = state.steps.iter().map(|step| step.message()).collect();
            assert_eq!(state.status, RunStatus::Success, "{messages:?}");
            assert_eq!(output(&state, "total"), output(&whole, "total"), "{parts} parts");
            assert_eq!(output(&state, "total_parts").as_array().unwrap().len(), parts);
            let part = state.steps
                [state.position_of(&format!("total_parts[{}].total_part", parts - 1)).unwrap()]
            .clone();
            assert_eq!(part.status.name(), "success");
            let workspace = site.path().join("data/runs").join(&state.run.execution_id).join("workspace");
            let left: Vec<_> = walk(&workspace);
            assert!(left.is_empty(), "{left:?}");
            assert_eq!(state.steps[state.position_of("last").unwrap()].status.name(), "success");
        }
    }
}

/// Returns the files below a directory.
fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

/// A query that cannot be split runs whole, with a warning in the log.
#[tokio::test]
async fn a_query_that_cannot_be_split_runs_whole() {
    let site = site("features: {parallel_execution: true}\n").await;
    let query = json!({"query": "SELECT id FROM t LIMIT 3", "split": {"input": "t", "parts": 3}});
    let state = site.run(&job(step(query))).await;
    assert_eq!(state.status, RunStatus::Success);
    assert_eq!(output(&state, "total").as_array().map(Vec::len), Some(3), "{}", output(&state, "total"));
    let log = site.host.runs().logs(&state.run.execution_id).await.unwrap();
    let warned = log.iter().filter(|record| record.line.level == "warn").map(|record| &record.line.message);
    let warned: Vec<&String> = warned.collect();
    assert!(warned.len() == 1 && warned[0].contains("`split` has no effect"), "{warned:?}");
}

/// A part that fails makes its group and the step fail, and a retry of the run reads only that part again.
#[tokio::test]
async fn a_part_that_fails_is_named() {
    let site = site("features: {parallel_execution: true}\n").await;
    let bad = json!({"inputs": {"t": {"path": "/in/bad.csv", "schema": {"id": "int", "key": "int", "value": "int"}}},
        "split": {"input": "t", "parts": 2}});
    let state = site.run(&job(step(bad))).await;
    assert_eq!(state.status, RunStatus::Failed);
    let group = &state.steps[state.position_of("total_parts").unwrap()];
    let message = group.message();
    assert!(message.contains("`total_parts[") && message.contains("].total_part`: "), "{message}");
    let total = &state.steps[state.position_of("total").unwrap()];
    assert_eq!(total.status.name(), "failed");
    assert!(message.ends_with(&format!("].total_part`: {}", total.message())), "{message}");
}

/// Mistakes in a split are found before the run.
#[tokio::test]
async fn mistakes_of_a_split_are_named() {
    let site = site("features: {parallel_execution: true}\n").await;
    for (split, at, message) in [
        (json!({"input": "u", "parts": 2}), "/steps/0/split/input", ""),
        (json!({"input": "t", "parts": 0}), "/steps/0/split/parts", "at least 1"),
        (json!({"input": "t", "parts": 1_000}), "/steps/0/split/parts", "at most 64"),
        (json!({"input": "t", "parts": "${{ vars.n }}"}), "/steps/0/split/parts", "must be a number"),
        (json!({"input": "t"}), "/steps/0/split", "parts"),
    ] {
        let mut whole: Value = serde_json::from_str(&job(step(json!({"split": split})))).unwrap();
        whole["vars"] = json!({"n": 2});
        let error = site.host.parse("job.yaml", &whole.to_string()).await.unwrap_err();
        let HostError::Invalid(found) = error else { panic!("{split}: {error}") };
        let named = found.0.iter().any(|found| found.pointer == at && found.message.contains(message));
        assert!(named, "{split}: {found}");
    }
    let mut whole: Value =
        serde_json::from_str(&job(step(json!({"split": {"input": "t", "parts": 2}})))).unwrap();
    whole["steps"][1]["id"] = "total_parts".into();
    let error = site.host.parse("job.yaml", &whole.to_string()).await.unwrap_err();
    assert!(error.to_string().contains("the parts of `total` use the id `total_parts`"), "{error}");
}

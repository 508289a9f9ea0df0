//! Files of earlier versions keep their meaning (`tests/compatibility`).

use std::fs;
use std::sync::Arc;

use serde_json::Value;
use stepwell::engine::run::{Event, RunState, RunView};
use stepwell::engine::store::NewRun;
use stepwell::engine::{Job, JobDefinition};
use stepwell_tests::root;

use crate::support::Site;

/// A journal from before there were groups names steps by numbers. It replays, and the run looks as it did.
#[test]
fn journals_of_version_0_1_give_the_same_runs() {
    let text = fs::read_to_string(root().join("tests/compatibility/journals_0.1.json")).unwrap();
    let runs: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(runs.len(), 5);
    for run in runs {
        let job: JobDefinition = serde_json::from_value(run["job"].clone()).unwrap();
        let job: Job = job.into();
        assert_eq!(
            job.text(),
            run["job"].to_string(),
            "the text of a job, and so its digest, stays the same"
        );
        let new = NewRun { job: Arc::new(job), ..serde_json::from_value(run["run"].clone()).unwrap() };
        let events: Vec<Event> = serde_json::from_value(run["events"].clone()).unwrap();
        let state = RunState::replay(new, &events).unwrap();
        let view = serde_json::to_string(&RunView::from(&state)).unwrap();
        assert_eq!(view, run["view"].to_string());
    }
}

/// Job files of the reference and of earlier versions parse, and their runs have their steps in order.
#[tokio::test]
async fn job_files_of_earlier_versions_parse() {
    let grants = "sql: [{connection: warehouse, mode: write}]";
    let site = Site::new()
        .database("warehouse.db", "CREATE TABLE t (n)")
        .config("connections: {warehouse: {type: sqlite, path: warehouse.db}}")
        .policy("sql", grants)
        .host()
        .await;
    let mut count = 0;
    for entry in fs::read_dir(root().join("tests/compatibility/jobs")).unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap();
        let read = stepwell::engine::job::read("job", &text, &site.host.steps().catalog()).unwrap();
        assert!(!read.problems.has_errors(), "{}: {}", entry.path().display(), read.problems);
        let job = Job::from(read.parsed.unwrap().job);
        let ids: Vec<String> = job.all_steps().map(|step| step.id.clone()).collect();
        let state = RunState::new(NewRun::of(Arc::new(job), "exec_1", Default::default()));
        let view = RunView::from(&state);
        assert_eq!(view.steps.iter().map(|step| step.step_id.clone()).collect::<Vec<_>>(), ids);
        count += 1;
    }
    assert!(count >= 4, "{count} files");
}

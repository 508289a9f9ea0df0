//! `kill -9` at any moment: a resumed run reaches the same end, and no finished step runs again.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::TimeDelta;
use stepwell::engine::run::{Event, RunState, RunStatus};
use stepwell::engine::store::RunFilter;
use stepwell::engine::store::prelude::*;
use stepwell::store::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::cli::Shell;
use crate::support::{Site, Unwatched};

fn newest(limit: u32) -> RunFilter {
    RunFilter { limit, ..RunFilter::default() }
}

const KILLS: u64 = 100;
const STEPS: usize = 6;

fn job() -> String {
    let mut job = String::from("id: killed\nvars: {word: go}\nsteps:\n");
    for i in 0..STEPS {
        let text = match i {
            0 => "${{ vars.word }}".to_owned(),
            _ => format!("${{{{ steps.s{}.output }}}}{i}", i - 1),
        };
        job.push_str(&format!("- {{id: s{i}, type: probe, case: nap, count: 8, text: '{text}'}}\n"));
    }
    job
}

#[tokio::test]
async fn a_run_that_is_killed_a_hundred_times_over_always_ends_right() {
    let seed =
        std::env::var("STEPWELL_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64)
        });
    println!("STEPWELL_TEST_SEED={seed}");
    let mut random = seed | 1;
    let mut next = || {
        // xorshift64 (Marsaglia, 2003)
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let shell = Shell::new().file("job.yaml", &job());
    let arguments = shell.with_probe(&["run", "job.yaml"]);
    // The moments are spread over the duration of a run on this machine, however busy it is.
    let begun = std::time::Instant::now();
    assert!(shell.command(&arguments).output().unwrap().status.success());
    let whole = u64::try_from(begun.elapsed().as_micros()).unwrap().max(1);
    let mut stages = BTreeSet::new();
    let mut before = 1;
    for kill in 0..KILLS {
        let mut child =
            shell.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_micros(next() % whole)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SqliteStore::new(shell.path("data/stepwell.db"));
        // Killed before admission: there is nothing to resume, and nothing is lost.
        let runs = store.list(&newest(1000)).await.unwrap();
        if runs.len() == before {
            continue;
        }
        before = runs.len();
        let id = runs[0].execution_id.clone();
        let (_, events) = stepwell_tests::load(&store, &id).await.unwrap();
        stages.insert(events.len());
        let resume = shell.with_probe(&["run", "--resume", &id, "--output", "json"]);
        if next() % 2 == 0 {
            // Kill it again during the recovery.
            let mut child =
                shell.command(&resume).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            tokio::time::sleep(Duration::from_micros(next() % (whole / 2).max(1))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let output = shell.command(&resume).output().unwrap();
        assert!(output.status.success(), "kill {kill}: {}", String::from_utf8_lossy(&output.stderr));
        check(&store, &id, kill).await;
    }
    // The moments were spread over the run.
    assert!(stages.len() >= 4, "{stages:?}");
}

async fn check(store: &SqliteStore, id: &str, kill: u64) {
    let (run, events) = stepwell_tests::load(store, id).await.unwrap();
    let state = RunState::replay(run, &events).unwrap();
    assert_eq!(state.status, RunStatus::Success, "kill {kill}");
    let last = state.steps[STEPS - 1].end.as_ref().unwrap();
    assert_eq!(last.produced.output, "go12345", "kill {kill}");
    let mut finished = BTreeSet::new();
    for event in &events {
        match event {
            Event::StepStarted { step, .. } => {
                assert!(!finished.contains(step), "kill {kill}: step {step} ran again")
            }
            Event::StepEnded { step, .. } => {
                assert!(finished.insert(step.clone()), "kill {kill}: step {step} ended twice")
            }
            _ => {}
        }
    }
    assert_eq!(finished.len(), STEPS);
}

/// Another process that cancels a run, or decides about its approval, claims it for a moment.
#[tokio::test]
async fn a_run_that_is_taken_while_it_waits_goes_on_when_it_is_given_back() {
    let site = Site::new().host().await;
    let job = "{id: asks, steps: [{id: ok, type: approval, message: Now?, wait: 1h}]}";
    let job = site.host.parse("job.yaml", job).await.unwrap().job;
    let id = site.host.runs().submit(job, Default::default()).await.unwrap();
    let data_dir = site.host.runs().workspace("x").ancestors().nth(3).unwrap().to_owned();
    let store = SqliteStore::new(data_dir.join("stepwell.db"));
    let other = async {
        while store.row(&id).await.unwrap().status != RunStatus::Parked {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let now = site.host.now();
        store.claim_run(&id, "another", now, now + TimeDelta::seconds(2)).await.unwrap();
        store.request_cancel(&id, "cancelled by ann: enough", now, None).await.unwrap();
    };
    let runs = site.host.runs();
    let (state, ()) = tokio::join!(runs.resume(&id, &Unwatched, CancellationToken::new()), other);
    assert_eq!(state.unwrap().status, RunStatus::Cancelled);
}

/// Two processes never move the same run.
#[tokio::test]
async fn a_run_has_one_worker() {
    let shell =
        Shell::new().file("job.yaml", "id: slow\nsteps: [{id: a, type: probe, case: nap, count: 1500}]\n");
    let mut first =
        shell.command(&shell.with_probe(&["run", "job.yaml"])).stderr(Stdio::null()).spawn().unwrap();
    let store = SqliteStore::new(shell.path("data/stepwell.db"));
    let id = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Some(run) = store.list(&newest(1)).await.unwrap_or_default().first()
            && run.status == RunStatus::Running
        {
            break run.execution_id.clone();
        }
    };
    let second = shell.command(&shell.with_probe(&["run", "--resume", &id])).output().unwrap();
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stderr).contains("being worked on by another process"));
    assert!(first.wait().unwrap().success());
}

//! Retries of runs with groups: each case names the steps that run again.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::JobDefinition;
use crate::run::group::tests::{at, drive, drive_in, group, shown, state, step, tree, two};
use crate::run::{Effect, Event, Room, RunState, RunStatus, StepStatus, apply, next, retry_of};

/// Retries a run with a job, and runs it to its end. Returns the new run, and the steps that ran.
fn retried(old: &RunState, job: &Value, parallel: bool) -> (RunState, Vec<String>) {
    let mut all = json!({"id": "job", "timeout_seconds": 10_000});
    all.as_object_mut().unwrap().extend(job.as_object().unwrap().clone());
    let job = serde_json::from_value::<JobDefinition>(all).unwrap();
    let new = retry_of(old, &std::sync::Arc::new(job.into()), false, "exec_2".to_owned(), at(9_000)).unwrap();
    let events = new.inherited.clone();
    let mut again = RunState::replay(new, &events).unwrap_or_else(|error| panic!("{error}: {events:?}"));
    apply(&mut again, &Event::Started { at: at(9_000) }).unwrap();
    let started = drive(&mut again, (&[], parallel), &json!(["x", "y", "z"]), |_| 0);
    (again, started)
}

fn sequences(more: &Value, last: &str) -> Value {
    let mut job = group(more, &json!([step("a"), {"id": "b", "steps": [step("b1"), step("b2")]}, step("c")]));
    job["steps"].as_array_mut().unwrap().push(step(last));
    job
}

#[test]
fn a_retry_runs_what_did_not_end_well() {
    let items = |most: u32| {
        group(
            &json!({"for_each": [1], "max_parallel": most, "on_failure": "go_on"}),
            &json!([step("s"), step("t")]),
        )
    };
    let nested = |more: Value| {
        group(&more, &json!([{"id": "n", "type": "parallel_group", "parallel_steps": two()}, step("c")]))
    };
    let go_on = json!({"on_failure": "go_on"});
    let may_fail = json!({"on_failure": "go_on", "continue_on_failure": true, "finally": [step("end")]});
    for (job, bad, again) in [
        (sequences(&go_on, "z"), &["b2"][..], "b2 last z"),
        (sequences(&go_on, "z"), &["a", "b1"], "a b1 b2 last z"),
        (sequences(&json!({}), "z"), &["z"], "z"),
        // Items that were far behind the bound of the group ended well, and keep their place.
        (items(1), &["g[0].t", "g[1].s"], "g[0].t g[1].s g[1].t last"),
        (items(2), &["g[0].s", "g[1].s"], "g[0].s g[1].s g[0].t g[1].t last"),
        // A group within a group.
        (nested(go_on.clone()), &["b2"], "b2 last"),
        (nested(json!({})), &["last"], "last"),
        // A group that may fail is over, with the branches that failed.
        (sequences(&may_fail, "z"), &["b1", "z"], "z"),
        (sequences(&may_fail, "z"), &["b1"], "b1 b2 end last z"),
    ] {
        for parallel in [true, false] {
            let mut old = state(&job);
            let ends: Vec<(&str, &str)> = bad.iter().map(|path| (*path, "fail")).collect();
            drive(&mut old, (&ends, parallel), &json!(["x", "y", "z"]), |_| 0);
            let (new, started) = retried(&old, &job, parallel);
            let sorted = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(started.iter().cloned().collect::<BTreeSet<_>>(), sorted(again), "{bad:?} {job}");
            assert_eq!(new.status, RunStatus::Success, "{}", shown(&new));
        }
    }
}

/// An edit of one branch does not repeat the others.
#[test]
fn a_retry_of_an_edited_job_runs_the_edited_steps() {
    let job = |edit: fn(&mut Value)| {
        let mut job = sequences(&json!({"on_failure": "go_on", "max_parallel": 2}), "z");
        edit(&mut job["steps"][1]);
        job
    };
    let old_job = job(|_| {});
    for (edited, again) in [
        (job(|_| {}), "b2 last z"),
        (job(|group| group["parallel_steps"][1]["steps"][1]["text"] = "new".into()), "b2 last z"),
        (job(|group| group["parallel_steps"][1]["steps"][0]["text"] = "new".into()), "b1 b2 last z"),
        (job(|group| group["parallel_steps"][0]["text"] = "new".into()), "a b2 last z"),
        (job(|group| group["max_parallel"] = 1.into()), "b2 last z"),
        (job(|group| group["when"] = "true".into()), "a b1 b2 c last z"),
        // Branches are known by their ids.
        (job(|group| group["parallel_steps"].as_array_mut().unwrap().reverse()), "b2 last z"),
        (
            job(|group| {
                group["parallel_steps"].as_array_mut().unwrap().remove(0);
            }),
            "b2 last z",
        ),
        (job(|group| group["parallel_steps"].as_array_mut().unwrap().push(step("d"))), "b2 d last z"),
        (job(|group| group["parallel_steps"][0]["id"] = "other".into()), "other b2 last z"),
    ] {
        let mut old = state(&old_job);
        drive(&mut old, (&[("b2", "fail")], true), &json!([]), |_| 0);
        let (new, started) = retried(&old, &edited, true);
        let sorted = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(started.iter().cloned().collect::<BTreeSet<_>>(), sorted(again), "{edited}");
        assert_eq!(new.status, RunStatus::Success, "{}", shown(&new));
    }
}

/// The time of a group, and the order of its branches, are those of the new run.
#[test]
fn a_group_begins_with_the_run_that_retries_it() {
    let job =
        group(&json!({"on_failure": "go_on", "timeout": "10m"}), &json!([step("a"), step("b"), step("c")]));
    let mut old = state(&job);
    drive(&mut old, (&[("a", "fail"), ("c", "fail")], true), &json!([]), |_| 0);
    let new = retry_of(&old, &old.run.job, false, "exec_2".to_owned(), at(9_000)).unwrap();
    let events = new.inherited.clone();
    let mut new = RunState::replay(new, &events).unwrap();
    apply(&mut new, &Event::Started { at: at(9_000) }).unwrap();
    let place = new.position_of("g").unwrap();
    assert_eq!(next(&new, at(9_000), &Room::from(9)), Some(Effect::BeginGroup { step: place, attempt: 1 }));
    let begun =
        Event::GroupStarted { step: "g".into(), attempt: 1, items: None, in_order: true, at: at(9_001) };
    apply(&mut new, &begun).unwrap();
    assert_eq!(new.steps[place].started_at, Some(at(9_001)));
    assert!(new.group(place).unwrap().in_order);
    let a = new.position_of("a").unwrap();
    assert_eq!(
        next(&new, at(9_002), &Room::from(9)),
        Some(Effect::RunStep { step: a, attempt: 1, cleaning_up: false })
    );
    assert_eq!(new.deadline_of(a), Some(at(9_601)));
}

proptest! {
    /// A retry runs nothing again that ended well, and everything else; its outputs are those of a run without
    /// failures.
    #[test]
    fn a_retry_completes_a_run(
        job in tree(),
        bad in proptest::collection::vec(0..6usize, 1..4),
        parallel in any::<bool>(),
        room in 1..5usize,
    ) {
        let names = ["s0", "s1a", "s1b", "n0", "g[1].s0", "g[0].s1"];
        let ends: Vec<(&str, &str)> = bad.iter().map(|name| (names[*name], "fail")).collect();
        let items = json!(["x", "y", "z"]);
        let (mut old, mut good) = (state(&job), state(&job));
        drive_in(room, &mut old, (&ends, parallel), &items, |_| 0);
        drive(&mut good, (&[], parallel), &items, |_| 0);
        prop_assume!(old.status == RunStatus::Failed);
        let (new, started) = retried(&old, &job, parallel);
        prop_assert_eq!(shown(&new), shown(&good));
        for (index, step) in (0..).zip(&old.steps).filter(|(index, _)| old.definition(*index).unwrap().group.is_none()) {
            // The `finally` of a group that begins again runs again.
            let settled = step.status == StepStatus::Success && old.seat_of(index).is_none_or(|seat| seat.branch.is_some());
            let again = started.iter().filter(|path| **path == *step.path).count();
            prop_assert_eq!(again, usize::from(!settled), "{}: {:?}", step.path, started);
        }
        for index in new.known() {
            let output = |state: &RunState| state.steps[index].end.as_ref().map(|end| end.produced.output.clone());
            prop_assert_eq!(output(&new), output(&good), "{}", new.steps[index].path);
        }
    }
}

//! Groups: transcripts of runs, and random interleavings of their branches.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::join::end_of;
use super::*;
use crate::job::{JobDefinition, Work, render};
use crate::outcome::{FailureKind, Produced, Receipt, TimeOf};
use crate::run::{Effect, Event, Room, RunStatus, RunView, apply, next};
use crate::store::NewRun;

pub(in crate::run) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_756_700_000 + seconds, 0).unwrap()
}

pub(in crate::run) fn state(job: &Value) -> RunState {
    let mut all = json!({"id": "job", "timeout_seconds": 10_000});
    all.as_object_mut().unwrap().extend(job.as_object().unwrap().clone());
    let job: JobDefinition = serde_json::from_value(all).unwrap();
    let mut state = RunState::new(NewRun::of(Arc::new(job.into()), "exec_1", at(0)));
    apply(&mut state, &Event::Started { at: at(0) }).unwrap();
    state
}

pub(in crate::run) fn step(id: &str) -> Value {
    json!({"id": id, "type": "x", "sees": "${{ steps | length }}"})
}

/// The ends of attempts by the paths of their steps: a status, or a variable.
pub(in crate::run) type Ends<'e> = &'e [(&'e str, &'e str)];

fn end_of_step(path: &str, ends: Ends<'_>, cancelled: bool) -> StepEnd {
    let found = ends.iter().find(|(name, _)| *name == path).map_or("ok", |(_, how)| how);
    let failed =
        |retryable| Outcome::Failed { kind: FailureKind::Failed, message: "no".to_owned(), retryable };
    let outcome = match found {
        _ if cancelled => Outcome::Cancelled,
        "fail" => failed(false),
        "fail once" => failed(true),
        "park" => Outcome::Parked { after: std::time::Duration::from_secs(60), reason: "rain".to_owned() },
        _ => Outcome::Succeeded,
    };
    let mut produced = Produced::default();
    if outcome.is_success() {
        produced.output = json!(format!("out of {path}"));
        if let Some((name, value)) = found.split_once('=') {
            produced.variables.insert(name.to_owned(), json!(value));
        }
    }
    StepEnd { outcome, produced, receipt: Receipt::default() }
}

/// Runs a job to its end. `choose` picks which of the running attempts ends next. Returns the order of starts.
pub(in crate::run) fn drive(
    state: &mut RunState,
    how: (Ends<'_>, bool),
    items: &Value,
    choose: impl FnMut(usize) -> usize,
) -> Vec<String> {
    drive_in(100, state, how, items, choose)
}

/// Runs a job to its end, with at most `room` attempts at one time.
pub(in crate::run) fn drive_in(
    room: usize,
    state: &mut RunState,
    (ends, parallel): (Ends<'_>, bool),
    items: &Value,
    mut choose: impl FnMut(usize) -> usize,
) -> Vec<String> {
    let mut started = Vec::new();
    let mut now = 1;
    for _ in 0..10_000 {
        now += 1;
        match next(state, at(now), &Room::from(room)) {
            Some(Effect::Finish(_)) => return started,
            Some(Effect::BeginGroup { step, attempt }) => {
                let fan_out = state.members(step).unwrap().fan_out && state.group(step).is_none();
                let list = items.as_array().unwrap().iter();
                let list = list.map(|value| Item { key: None, value: value.clone() }).collect();
                let items = fan_out.then(|| Arc::new(list));
                let step = state.key(step);
                let event = Event::GroupStarted { step, attempt, items, in_order: !parallel, at: at(now) };
                apply(state, &event).unwrap();
            }
            Some(Effect::RunStep { step, attempt, cleaning_up }) => {
                let mark = if cleaning_up { "~" } else { "" };
                started.push(format!("{mark}{}", state.steps[step].path));
                let step = state.key(step);
                apply(state, &Event::StepStarted { step, attempt, at: at(now) }).unwrap();
            }
            Some(Effect::EndGroup { step }) => {
                let step = state.key(step);
                apply(state, &Event::GroupTimedOut { step, at: at(now) }).unwrap();
            }
            Some(other) => panic!("{other:?}"),
            None => {
                let running: Vec<usize> = state.running().collect();
                if running.is_empty() {
                    let due = state.wakes_at().expect("a run that waits has a time");
                    now = now.max((due - at(0)).num_seconds());
                    continue;
                }
                // Attempts of a group that ends are cancelled.
                let step = running[choose(running.len())];
                let (known, key) = (&state.steps[step], state.key(step));
                let path = known.path.to_string();
                let again = known.attempt > 1
                    && ["fail once", "park"].iter().any(|how| ends.contains(&(path.as_str(), how)));
                let end = end_of_step(&path, if again { &[] } else { ends }, known.halting);
                let attempt = known.attempt;
                let event = Event::StepEnded { step: key, attempt, end: Arc::new(end), at: at(now) };
                apply(state, &event).unwrap();
            }
        }
    }
    panic!("the run does not end: {started:?}");
}

pub(in crate::run) fn shown(state: &RunState) -> String {
    let mut steps: Vec<String> = state
        .known()
        .map(|index| format!("{}:{}", state.steps[index].path, state.steps[index].status.name()))
        .collect();
    steps.insert(0, state.status.name().to_owned());
    steps.join(" ")
}

pub(in crate::run) fn group(more: &Value, branches: &Value) -> Value {
    let mut group = json!({"id": "g", "type": "parallel_group", "parallel_steps": branches});
    group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"steps": [step("first"), group, step("last")]})
}

pub(in crate::run) fn two() -> Value {
    json!([step("a"), {"id": "b", "steps": [step("b1"), step("b2")]}])
}

#[test]
fn a_group_forks_and_joins() {
    for (more, ends, order, expected) in [
        (
            json!({}),
            &[][..],
            "first a b1 b2 last",
            "success first:success g:success a:success b1:success b2:success last:success",
        ),
        (
            json!({"on_failure": "stop"}),
            &[("a", "fail")],
            "first a b1",
            "failed first:success g:failed a:failed b1:cancelled b2:skipped last:skipped",
        ),
        (
            json!({"on_failure": "drain"}),
            &[("a", "fail")],
            "first a b1 b2",
            "failed first:success g:failed a:failed b1:success b2:success last:skipped",
        ),
        (
            json!({"on_failure": "drain", "max_parallel": 1}),
            &[("a", "fail")],
            "first a",
            "failed first:success g:failed a:failed b1:skipped b2:skipped last:skipped",
        ),
        (
            json!({"fail_fast": false, "continue_on_failure": true}),
            &[("a", "fail")],
            "first a b1 b2 last",
            "success first:success g:failed a:failed b1:success b2:success last:success",
        ),
        (
            json!({"finally": [step("end")]}),
            &[("b1", "fail")],
            "first a b1 end",
            "failed first:success g:failed a:success b1:failed b2:skipped end:success last:skipped",
        ),
        (
            json!({"retry": {"max_attempts": 2, "backoff": "1s"}}),
            &[("b2", "fail once")],
            "first a b1 b2 b2 last",
            "success first:success g:success a:success b1:success b2:success last:success",
        ),
        (
            json!({"max_parallel": 1}),
            &[("a", "park")],
            "first a b1 b2 a last",
            "success first:success g:success a:success b1:success b2:success last:success",
        ),
    ] {
        let mut state = state(&group(&more, &two()));
        let started = drive(&mut state, (ends, true), &json!([]), |_| 0);
        assert_eq!(
            (started.join(" ").as_str(), shown(&state).as_str()),
            (order, expected),
            "{more} {ends:?}"
        );
    }
}

#[test]
fn a_parked_branch_is_called_once_more_when_its_group_stops() {
    let mut state = state(&group(&json!({}), &two()));
    // `a` parks at once; `b1` fails afterwards.
    let started = drive(&mut state, (&[("a", "park"), ("b1", "fail")], true), &json!([]), |_| 0);
    assert_eq!(started.join(" "), "first a b1 ~a");
    assert_eq!(shown(&state), "failed first:success g:failed a:cancelled b1:failed b2:skipped last:skipped");
}

#[test]
fn the_outputs_of_a_group_are_in_the_order_of_the_job() {
    let mut state = state(&group(&json!({}), &two()));
    drive(&mut state, (&[], true), &json!([]), |running| running - 1);
    let end = state.steps[state.position_of("g").unwrap()].end.clone().unwrap();
    assert_eq!(end.produced.output, json!({"a": "out of a", "b": "out of b2"}));
    let expected = json!({"branches": 2, "succeeded": 2, "failed": 0, "skipped": 0, "cancelled": 0});
    assert_eq!(Value::Object(end.produced.metadata.clone()), expected);
    let scope = state.scope(state.position_of("last").unwrap());
    assert!(
        ["first", "g", "a", "b1", "b2"].iter().all(|id| scope.steps.iter().any(|(known, _)| known == id))
    );
}

fn fan_out(more: &Value) -> Value {
    let mut all = json!({"for_each": "${{ vars.list }}", "as": "file", "on_failure": "go_on"});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    group(&all, &json!([step("load"), step("check")]))
}

#[test]
fn each_item_runs_the_steps_and_keeps_its_place() {
    let mut state = state(&fan_out(&json!({"continue_on_failure": true})));
    let ends = &[("g[1].load", "fail"), ("g[2].check", "fail")];
    let started = drive(&mut state, (ends, true), &json!(["x", "y", "z"]), |running| running - 1);
    assert_eq!(started.len(), 7, "{started:?}");
    let end = state.steps[state.position_of("g").unwrap()].end.clone().unwrap();
    assert_eq!(
        end.produced.output,
        json!([
            {"status": "success", "output": "out of g[0].check"},
            {"status": "failed", "output": null},
            {"status": "failed", "output": null},
        ])
    );
    assert_eq!(end.outcome.message(), "2 of 3 branches failed; the first: `g[1].load`: no",);
    let scope = state.scope(state.position_of("g[2].check").unwrap());
    assert_eq!((&scope.items["file"], &scope.items["file_index"]), (&json!("z"), &json!(2)));
    let output = render(&json!("${{ steps.load.output }}"), &scope, &Work::short());
    assert_eq!(output, Ok(json!("out of g[2].load")));
    let view = RunView::from(&state);
    let branches = view.steps[1].branches.as_ref().unwrap();
    assert_eq!((branches[1].branch_id.as_str(), branches[1].status), ("g[1]", "failed"));
    assert_eq!((branches[1].steps[0].step_id.as_str(), view.step_count), ("g[1].load", 8));
}

#[test]
fn an_empty_list_is_a_group_without_branches() {
    let mut state = state(&fan_out(&json!({})));
    assert_eq!(drive(&mut state, (&[], true), &json!([]), |_| 0), ["first", "last"]);
    assert_eq!(state.status, RunStatus::Success);
}

#[test]
fn variables_merge_and_a_conflict_names_both_branches() {
    let mut run = state(&group(&json!({}), &two()));
    drive(&mut run, (&[("a", "x=1"), ("b1", "y=2")], true), &json!([]), |_| 0);
    assert_eq!((&run.variables["x"], &run.variables["y"]), (&json!("1"), &json!("2")));
    let mut run = state(&group(&json!({}), &two()));
    drive(&mut run, (&[("a", "x=1"), ("b2", "x=2")], true), &json!([]), |_| 0);
    let message = run.steps[1].message();
    assert_eq!(
        message,
        "VARIABLE_CONFLICT: the branches `a` and `b` set the variable `x` to different values: let one of them set it, or give them different names"
    );
    assert_eq!(run.status, RunStatus::Failed);
}

#[test]
fn a_group_that_runs_out_of_time_ends_its_branches() {
    let mut state = state(&group(&json!({"timeout": "30s"}), &two()));
    // `a` waits for a minute.
    let started = drive(&mut state, (&[("a", "park")], true), &json!([]), |_| 0);
    assert_eq!(started.join(" "), "first a b1 b2 ~a");
    assert_eq!(
        shown(&state),
        "failed first:success g:timeout a:cancelled b1:success b2:success last:skipped"
    );
}

#[test]
fn a_cancelled_run_ends_its_groups_and_runs_their_finally() {
    let mut state = state(&group(&json!({"finally": [step("end")]}), &two()));
    let mut ends = 0;
    // Two attempts run; then the run is cancelled.
    let start = |state: &mut RunState| {
        while let Some(effect) = next(state, at(5), &Room::from(9)) {
            let event = match effect {
                Effect::RunStep { step, attempt, .. } => {
                    Event::StepStarted { step: state.key(step), attempt, at: at(5) }
                }
                Effect::BeginGroup { step, attempt } => Event::GroupStarted {
                    step: state.key(step),
                    attempt,
                    items: None,
                    in_order: false,
                    at: at(5),
                },
                _ => return,
            };
            apply(state, &event).unwrap();
        }
    };
    let mut end = |state: &mut RunState, outcome: &Outcome| {
        let running: Vec<usize> = state.running().collect();
        for step in running {
            ends += 1;
            let (attempt, key) = (state.steps[step].attempt, state.key(step));
            let end = Arc::new(end_of(outcome.clone()));
            apply(state, &Event::StepEnded { step: key, attempt, end, at: at(6) }).unwrap();
        }
    };
    start(&mut state);
    end(&mut state, &Outcome::Succeeded);
    start(&mut state);
    assert!(apply(&mut state, &Event::Cancelled { at: at(6), why: None }).is_err(), "attempts run");
    end(&mut state, &Outcome::Cancelled);
    start(&mut state);
    end(&mut state, &Outcome::Succeeded);
    assert_eq!(
        shown(&state),
        "cancelled first:success g:cancelled a:cancelled b1:cancelled b2:skipped end:success last:skipped"
    );
}

#[test]
fn groups_nest() {
    let inner = json!({"id": "inner", "type": "parallel_group", "for_each": "${{ outer }}", "as": "one",
                       "parallel_steps": [step("leaf")]});
    let job = json!({"steps": [{"id": "g", "type": "parallel_group", "for_each": [1], "as": "outer",
                                "max_parallel": 2, "parallel_steps": [inner, step("after")]}]});
    let mut state = state(&job);
    let started = drive(&mut state, (&[], true), &json!([1, 2, 3]), |_| 0);
    assert_eq!(started.iter().filter(|path| path.contains("leaf")).count(), 9, "{started:?}");
    assert_eq!(started.iter().filter(|path| path.contains("after")).count(), 3, "{started:?}");
    assert!(started.contains(&"g[2].inner[1].leaf".to_owned()), "{started:?}");
    let scope = state.scope(state.position_of("g[2].inner[1].leaf").unwrap());
    assert_eq!(scope.items.keys().collect::<Vec<_>>(), ["outer", "outer_index", "one", "one_index"]);
    assert_eq!(state.status, RunStatus::Success);
}

/// A journal that an earlier version has written names steps by their numbers.
#[test]
fn a_journal_of_an_earlier_version_replays() {
    let journal = json!([
        {"event": "started", "at": at(0)},
        {"event": "step_started", "step": 0, "attempt": 1, "at": at(1)},
        {"event": "checkpoint_saved", "step": 0, "data": "half"},
    ]);
    let events: Vec<Event> = serde_json::from_value(journal).unwrap();
    let job = json!({"id": "job", "steps": [step("a"), step("b")]});
    let job: JobDefinition = serde_json::from_value(job).unwrap();
    let run = NewRun::of(Arc::new(job.into()), "exec_1", at(0));
    let state = RunState::replay(run, &events).unwrap();
    assert_eq!(state.steps[0].checkpoint.as_deref(), Some("half"));
    let path =
        serde_json::to_value(Event::StepStarted { step: state.key(1), attempt: 1, at: at(1) }).unwrap();
    assert_eq!(path["step"], "b");
}

pub(in crate::run) fn tree() -> impl Strategy<Value = Value> {
    let failure = prop_oneof![Just("stop"), Just("drain"), Just("go_on")];
    let most = prop_oneof![Just(None), (1..4u32).prop_map(Some)];
    (1..4usize, failure, most, any::<bool>(), any::<bool>()).prop_map(|(width, failure, most, fan, nested)| {
        let mut branches: Vec<Value> = (0..width)
            .map(|i| match i % 2 {
                0 => step(&format!("s{i}")),
                _ => json!({"id": format!("q{i}"), "steps": [step(&format!("s{i}a")), step(&format!("s{i}b"))]}),
            })
            .collect();
        if fan {
            branches = vec![step("s0"), step("s1")];
        }
        if nested {
            branches.push(json!({"id": "n", "type": "parallel_group", "parallel_steps": [step("n0"), step("n1")]}));
        }
        let mut more = json!({"on_failure": failure, "finally": [step("end")]});
        if let Some(most) = most {
            more["max_parallel"] = most.into();
        }
        if fan {
            more["for_each"] = json!([1]);
        }
        group(&more, &Value::Array(branches))
    })
}

proptest! {
    /// Whatever the order in which attempts end, a job whose steps end the same way ends in the same state, also
    /// when its branches run one after the other.
    #[test]
    fn the_order_of_ends_changes_nothing(
        job in tree(),
        choices in proptest::collection::vec(0..8usize, 64),
        parked in proptest::collection::vec(0..6usize, 0..3),
    ) {
        let names = ["s0", "s1a", "s2", "n0", "g[1].s0", "g[0].s1"];
        let ends: Vec<(&str, &str)> = parked.iter().map(|i| (names[*i], "park")).collect();
        let items = json!(["x", "y", "z"]);
        let mut states = Vec::new();
        for (parallel, shift) in [(false, 0), (true, 0), (true, 7), (true, 23)] {
            let mut state = state(&job);
            let mut turn = shift;
            drive(&mut state, (&ends, parallel), &items, |running| {
                turn += 1;
                choices[turn % choices.len()] % running
            });
            let outputs: Vec<Value> = state
                .known()
                .filter_map(|index| Some(state.steps[index].end.as_ref()?.produced.output.clone()))
                .collect();
            states.push((shown(&state), outputs, state.variables.clone()));
        }
        prop_assert!(states.iter().all(|other| *other == states[0]), "{states:?}");
    }

    /// A run with failures always ends, no step succeeds twice, and nothing runs after its group has ended.
    #[test]
    fn a_run_with_failures_ends(
        job in tree(),
        choices in proptest::collection::vec(0..8usize, 64),
        bad in proptest::collection::vec((0..6usize, 0..3usize), 0..4),
        parallel in any::<bool>(),
    ) {
        let names = ["s0", "s1a", "s1b", "n0", "g[1].s0", "g[0].s1"];
        let kinds = ["fail", "fail once", "park"];
        let ends: Vec<(&str, &str)> = bad.iter().map(|(name, kind)| (names[*name], kinds[*kind])).collect();
        let mut state = state(&job);
        let mut turn = 0;
        let started = drive(&mut state, (&ends, parallel), &json!(["x", "y"]), |running| {
            turn += 1;
            choices[turn % choices.len()] % running
        });
        prop_assert!(state.status.is_terminal());
        prop_assert!(state.steps.iter().all(|step| !step.is_open()), "{}", shown(&state));
        let ends_of = |path: &str| started.iter().filter(|other| *other == path).count();
        prop_assert!(ends_of("end") <= 1, "{started:?}");
        prop_assert_eq!(ends_of("end"), 1, "the group's `finally` runs once: {:?}", started);
    }
}

#[test]
fn a_lost_step_with_on_lost_fail_runs_again_by_no_retry_around_it() {
    let branch = |on_lost: &str| json!({"id": "a", "type": "x", "on_lost": on_lost});
    let again = json!({"max_attempts": 3, "backoff": "1s", "on": ["any"]});
    for (of_group, of_job, on_lost, expected) in [
        (Some(&again), None, "fail", RunStatus::Failed),
        (None, Some(&again), "fail", RunStatus::Failed),
        (Some(&again), Some(&again), "fail", RunStatus::Failed),
        (Some(&again), None, "retry", RunStatus::Waiting),
    ] {
        let mut group = json!({"id": "g", "type": "parallel_group", "parallel_steps": [branch(on_lost)]});
        if let Some(retry) = of_group {
            group["retry"] = retry.clone();
        }
        let mut job = json!({"steps": [group]});
        if let Some(retry) = of_job {
            job["retry"] = retry.clone();
        }
        let mut state = state(&job);
        for event in [
            Event::GroupStarted { step: "g".into(), attempt: 1, items: None, in_order: false, at: at(1) },
            Event::StepStarted { step: "a".into(), attempt: 1, at: at(1) },
            Event::AttemptLost { step: "a".into(), attempt: 1, at: at(2) },
        ] {
            apply(&mut state, &event).unwrap();
        }
        assert_eq!(state.status, expected, "{job}");
        if expected == RunStatus::Failed {
            let end = state.steps[state.position_of("g").unwrap()].end.clone().unwrap();
            assert_eq!(end.outcome.class(), "host_fault");
        }
    }
}

/// An attempt ends with the time of its group, and so the group has run out of time, and no branch has failed.
#[test]
fn an_attempt_that_reaches_the_end_of_its_group_does_not_fail_the_group() {
    let job = json!({"steps": [{"id": "g", "type": "parallel_group", "timeout": "10s", "parallel_steps": [
        {"id": "inner", "type": "parallel_group", "parallel_steps": [step("a")]}, step("b")]}]});
    let late = || Outcome::TimedOut {
        limit: std::time::Duration::from_secs(10),
        backtrace: Vec::new(),
        of: TimeOf::Attempt,
    };
    let mut state = state(&job);
    for group in ["g", "inner"] {
        let event =
            Event::GroupStarted { step: group.into(), attempt: 1, items: None, in_order: false, at: at(1) };
        apply(&mut state, &event).unwrap();
    }
    for id in ["a", "b"] {
        apply(&mut state, &Event::StepStarted { step: id.into(), attempt: 1, at: at(1) }).unwrap();
    }
    let a = state.position_of("a").unwrap();
    let early = state.with_owner_of_time(a, late(), at(10));
    assert!(matches!(early, Outcome::TimedOut { of: TimeOf::Attempt, .. }), "{early:?}");
    let outcome = state.with_owner_of_time(a, late(), at(11));
    let message = "the group `g` ran out of its time of 10s; raise `timeout` of the group";
    assert_eq!(outcome.message(), message);
    for (id, outcome) in [("a", outcome), ("b", Outcome::Cancelled)] {
        let end = Arc::new(end_of(outcome));
        apply(&mut state, &Event::StepEnded { step: id.into(), attempt: 1, end, at: at(11) }).unwrap();
    }
    assert_eq!(shown(&state), "failed g:timeout inner:timeout a:timeout b:cancelled");
    let end = state.steps[state.position_of("g").unwrap()].end.clone().unwrap();
    assert_eq!((end.outcome.class(), end.outcome.message().as_str()), ("timed_out", message));
}

/// An attempt that its group stops does not end the row of losses.
#[test]
fn a_stopped_attempt_does_not_show_that_a_step_is_harmless() {
    let again = json!({"max_attempts": 3, "backoff": "1s", "on": ["any"]});
    let branches = json!([step("a"), step("b")]);
    let job =
        json!({"steps": [{"id": "g", "type": "parallel_group", "retry": again, "parallel_steps": branches}]});
    let mut state = state(&job);
    let begin = |attempt, second| Event::GroupStarted {
        step: "g".into(),
        attempt,
        items: None,
        in_order: false,
        at: at(second),
    };
    let start = |id: &str, attempt, second| Event::StepStarted { step: id.into(), attempt, at: at(second) };
    let lost = |attempt, second| Event::AttemptLost { step: "a".into(), attempt, at: at(second) };
    let end = |id: &str, attempt, outcome, second| Event::StepEnded {
        step: id.into(),
        attempt,
        end: Arc::new(end_of(outcome)),
        at: at(second),
    };
    let failed = Outcome::Failed { kind: FailureKind::Failed, message: "no".to_owned(), retryable: false };
    for event in [
        begin(1, 1),
        start("a", 1, 1),
        start("b", 1, 1),
        lost(1, 2),
        start("a", 2, 4),
        end("b", 1, failed, 5),
        end("a", 2, Outcome::Cancelled, 5),
        begin(2, 20),
        start("a", 3, 20),
        lost(3, 21),
        start("a", 4, 40),
        lost(4, 41),
    ] {
        apply(&mut state, &event).unwrap();
    }
    let a = &state.steps[state.position_of("a").unwrap()];
    assert_eq!(a.end.as_ref().map(|end| end.outcome.class()), Some("lost"), "{}", shown(&state));
}

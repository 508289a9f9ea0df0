//! Steps that do not run, and whether a retry of their group runs them.

use std::sync::Arc;

use serde_json::json;

use super::join::end_of;
use super::tests::{at, drive, drive_in, group, shown, state, step, two};
use crate::outcome::{FailureKind, Outcome};
use crate::run::{Event, RunStatus, apply};

/// A step that had no turn before its group stopped has one when the group is tried again.
#[test]
fn the_retry_of_a_group_runs_the_steps_that_had_no_turn() {
    let again = json!({"max_attempts": 2, "backoff": "1s", "on": ["any"]});
    let nested = json!({"id": "n", "type": "parallel_group", "parallel_steps": [step("n1"), step("n2")]});
    let sequence = json!({"id": "s", "steps": [step("s1"), step("s2")]});
    let inner = json!({"id": "i", "type": "parallel_group", "parallel_steps": [step("a"), step("b")]});
    let outer = json!({"id": "m", "type": "parallel_group", "parallel_steps": [inner, step("c")]});
    let merging = json!({"for_each": [1], "retry": again});
    for (job, bad) in [
        (group(&json!({"retry": again}), &json!([step("a"), nested, sequence])), "a"),
        (group(&json!({"retry": again}), &json!([nested, sequence, step("a")])), "n1"),
        (group(&json!({"retry": again}), &json!([sequence, nested])), "s1"),
        (group(&merging, &json!([step("x"), step("y")])), "g[0].x"),
        (group(&merging, &json!([step("x"), step("y")])), "g[0].y"),
        (group(&json!({"retry": again}), &json!([outer, step("d")])), "a"),
    ] {
        for (room, last) in [(1, false), (2, false), (2, true), (3, true)] {
            let items = json!(["x", "y", "z"]);
            let choose = |running: usize| if last { running - 1 } else { 0 };
            let (mut found, mut good) = (state(&job), state(&job));
            drive_in(room, &mut found, (&[(bad, "fail once")], true), &items, choose);
            drive_in(room, &mut good, (&[], true), &items, choose);
            assert_eq!(shown(&found), shown(&good), "{bad}, room for {room}: {job}");
        }
    }
}

/// A group that fails before it begins leaves its members skipped, which expressions can read.
#[test]
fn the_members_of_a_group_that_cannot_begin_are_skipped() {
    let job = group(&json!({"continue_on_failure": true, "finally": [step("end")]}), &two());
    let mut state = state(&job);
    let invalid = Outcome::InvalidConfig { message: "`for_each` must be a list".to_owned() };
    for (id, outcome) in [("first", Outcome::Succeeded), ("g", invalid)] {
        apply(&mut state, &Event::StepStarted { step: id.into(), attempt: 1, at: at(3) }).unwrap();
        let end = Arc::new(end_of(outcome));
        apply(&mut state, &Event::StepEnded { step: id.into(), attempt: 1, end, at: at(3) }).unwrap();
    }
    drive(&mut state, (&[], true), &json!([]), |_| 0);
    assert_eq!(
        shown(&state),
        "success first:success g:failed a:skipped b1:skipped b2:skipped end:skipped last:success"
    );
}

#[test]
fn the_retry_of_a_group_names_the_failures_of_its_branches() {
    let fails = |kind| Outcome::Failed { kind, message: "no".to_owned(), retryable: false };
    let (down, denied) = (|| fails(FailureKind::Unavailable), || fails(FailureKind::Denied));
    for (on, ends, again) in [
        (json!(["unavailable"]), [down(), down()], true),
        (json!(["unavailable"]), [down(), denied()], false),
        (json!(["unavailable", "denied"]), [down(), denied()], true),
        (json!(["failed"]), [down(), Outcome::Succeeded], false),
        (
            json!(["out_of_fuel"]),
            [Outcome::OutOfFuel { limit: 1, backtrace: Vec::new(), hint: String::new() }, Outcome::Succeeded],
            true,
        ),
    ] {
        // The failure of a group within counts as the failure of its branches.
        let branches =
            json!([{"id": "inner", "type": "parallel_group", "parallel_steps": [step("a")]}, step("b")]);
        let job = json!({"steps": [{"id": "g", "type": "parallel_group", "on_failure": "go_on", "parallel_steps": branches,
            "retry": {"max_attempts": 2, "on": on}}]});
        let mut state = state(&job);
        for group in ["g", "inner"] {
            let event = Event::GroupStarted {
                step: group.into(),
                attempt: 1,
                items: None,
                in_order: false,
                at: at(1),
            };
            apply(&mut state, &event).unwrap();
        }
        for (id, end) in ["a", "b"].into_iter().zip(&ends) {
            apply(&mut state, &Event::StepStarted { step: id.into(), attempt: 1, at: at(1) }).unwrap();
            let end = Arc::new(end_of(end.clone()));
            apply(&mut state, &Event::StepEnded { step: id.into(), attempt: 1, end, at: at(2) }).unwrap();
        }
        let expected = if again { RunStatus::Waiting } else { RunStatus::Failed };
        assert_eq!(state.status, expected, "{on} {ends:?}");
    }
}

//! Steps that do not run, and whether a retry of their group runs them.

use std::sync::Arc;

use serde_json::json;

use super::join::end_of;
use super::tests::{at, drive, drive_in, group, shown, state, step, two};
use crate::outcome::Outcome;
use crate::run::{Event, apply};

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

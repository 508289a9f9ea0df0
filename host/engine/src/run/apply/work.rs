//! Tests of steps whose work is done by workers outside of Stepwell.

use std::time::Duration;

use serde_json::json;

use super::super::{Effect, Room, next};
use super::tests::{at, ended, failed, key, with};
use super::*;

fn begun(attempt: u32, seconds: i64) -> Event {
    Event::StepStarted { step: key(0), attempt, at: at(seconds) }
}

fn parked(attempt: u32, seconds: i64) -> [Event; 2] {
    let reason = "a worker with the function `f`".to_owned();
    let outcome = Outcome::Parked { after: Duration::from_secs(60), reason };
    [begun(attempt, seconds), ended(0, attempt, outcome, seconds)]
}

fn state(step: serde_json::Value) -> RunState {
    let mut own = json!({"id": "a", "type": "worker", "function": "f"});
    own.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
    let mut state = with(json!({"steps": [own]}));
    apply(&mut state, &Event::Started { at: at(0) }).unwrap();
    state
}

fn all(state: &mut RunState, events: &[Event]) {
    events.iter().for_each(|event| apply(state, event).unwrap());
}

#[test]
fn work_is_offered_and_its_run_is_parked_until_it_ends() {
    let mut state = state(json!({}));
    let todo = |state: &RunState, now: i64| next(state, at(now), &Room::from(1));
    assert_eq!(todo(&state, 1), Some(Effect::OfferWork { step: 0, attempt: 1 }));
    all(&mut state, &parked(1, 1));
    assert_eq!((state.status, todo(&state, 2)), (RunStatus::Parked, None));
    assert_eq!(todo(&state, 61), Some(Effect::SettleWork { step: 0 }));
    // The end may come before the run is due.
    all(&mut state, &[begun(2, 5), ended(0, 2, Outcome::Succeeded, 5)]);
    assert_eq!(state.status, RunStatus::Success);
}

/// A pause does not show that the work is harmless: its worker may die during it.
#[test]
fn three_losses_in_a_row_set_work_aside_although_its_step_is_parked_between_them() {
    let mut state = state(json!({"retry": {"max_attempts": 9, "on": ["any"]}}));
    for loss in 1..=3u32 {
        let attempt = 2 * loss - 1;
        all(&mut state, &parked(attempt, i64::from(loss) * 100));
        let lost =
            Event::AttemptLost { step: key(0), attempt: attempt + 1, at: at(i64::from(loss) * 100 + 1) };
        all(&mut state, &[begun(attempt + 1, i64::from(loss) * 100 + 1), lost]);
        let is_set_aside = state.steps[0].end.as_ref().is_some_and(|end| end.outcome.class() == "lost");
        assert_eq!((is_set_aside, state.status.is_terminal()), (loss == 3, loss == 3), "{loss}");
    }
}

#[test]
fn a_failure_between_losses_ends_the_row_and_on_lost_fail_ends_the_step() {
    let mut state = state(json!({"retry": {"max_attempts": 9, "on": ["any"]}}));
    let mut attempt = 0;
    for lost in [true, true, false, true, true] {
        attempt += 1;
        all(&mut state, &parked(attempt, i64::from(attempt)));
        attempt += 1;
        let end = match lost {
            true => Event::AttemptLost { step: key(0), attempt, at: at(i64::from(attempt)) },
            false => ended(0, attempt, failed(true), i64::from(attempt)),
        };
        all(&mut state, &[begun(attempt, i64::from(attempt)), end]);
    }
    assert_eq!((state.steps[0].lost, state.status), (2, RunStatus::Waiting));
    let mut once = self::state(json!({"on_lost": "fail"}));
    all(&mut once, &parked(1, 1));
    all(&mut once, &[begun(2, 2), Event::AttemptLost { step: key(0), attempt: 2, at: at(2) }]);
    assert!(once.steps[0].for_a_person && once.status == RunStatus::Failed);
}

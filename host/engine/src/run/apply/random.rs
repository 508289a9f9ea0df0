//! Random sequences of events.

use proptest::prelude::*;
use serde_json::json;

use super::super::{Room, next};
use super::tests::{at, ended, failed, key, started, with};
use super::*;

fn any_event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![
        Just(Outcome::Succeeded),
        any::<bool>().prop_map(failed),
        Just(Outcome::Cancelled),
        Just(Outcome::OutOfFuel { limit: 1, backtrace: Vec::new(), hint: String::new() }),
        Just(Outcome::Parked { after: std::time::Duration::from_secs(1), reason: String::new() }),
    ];
    prop_oneof![
        Just(Event::Started { at: at(0) }),
        (0..5usize, 1..4u32).prop_map(|(step, attempt)| started(step, attempt)),
        (0..5usize, 1..4u32, outcome).prop_map(|(step, attempt, outcome)| ended(step, attempt, outcome, 5)),
        (0..5usize).prop_map(|step| Event::StepSkipped { step: key(step), reason: String::new(), at: at(5) }),
        (0..5usize, 1..4u32).prop_map(|(step, attempt)| Event::AttemptLost {
            step: key(step),
            attempt,
            at: at(5)
        }),
        Just(Event::Cancelled { at: at(5), why: None }),
        Just(Event::TimedOut { at: at(5) }),
    ]
}

proptest! {
    /// After any sequence of events, an ended run stays unchanged, and any other run has a next action unless
    /// an attempt runs.
    #[test]
    fn a_run_is_never_stuck_and_never_comes_back(events in proptest::collection::vec(any_event(), 0..60)) {
        let steps = json!([
            {"id": "a", "type": "x", "retry": {"max_attempts": 2}},
            {"id": "b", "type": "x", "continue_on_failure": true, "on_lost": "fail"},
        ]);
        let after = json!([{"id": "c", "type": "x"}]);
        let mut state = with(json!({"steps": steps, "on_failure": after, "finally": [{"id": "d", "type": "x"}]}));
        for event in &events {
            let before = state.clone();
            if apply(&mut state, event).is_err() {
                prop_assert_eq!(&before, &state, "an illegal event leaves the state as it was");
                continue;
            }
            prop_assert!(!before.status.is_terminal(), "{event:?} after the end");
            let running = state.steps.iter().any(|step| step.status == StepStatus::Running);
            let waits = state.waits().next().is_some();
            prop_assert_eq!(next(&state, at(5), &Room::from(1)).is_none() && !waits, running);
            prop_assert_eq!(state.ended_at.is_some(), state.status.is_terminal());
        }
    }
}

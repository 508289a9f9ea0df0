//! What happens to runs, as transcripts.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::job::JobDefinition;
use crate::store::NewRun;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_756_700_000 + seconds, 0).unwrap()
}

fn state(steps: serde_json::Value) -> RunState {
    with(json!({"steps": steps}))
}

fn with(more: serde_json::Value) -> RunState {
    let mut job = json!({"id": "job", "timeout_seconds": 100});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let job: JobDefinition = serde_json::from_value(job).unwrap();
    RunState::new(NewRun::of(Arc::new(job.into()), "exec_1", at(0)))
}

fn ended(step: usize, attempt: u32, outcome: Outcome, seconds: i64) -> Event {
    let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
    Event::StepEnded { step, attempt, end: Arc::new(end), at: at(seconds) }
}

fn failed(retryable: bool) -> Outcome {
    Outcome::Failed { kind: FailureKind::Failed, message: "no".to_owned(), retryable }
}

fn started(step: usize, attempt: u32) -> Event {
    Event::StepStarted { step, attempt, at: at(1) }
}

/// Applies the events, and shows what is to be done after each.
fn transcript(steps: serde_json::Value, events: &[Event]) -> Vec<String> {
    let mut state = state(steps);
    let mut lines = Vec::new();
    for event in events {
        let effect = apply(&mut state, event).unwrap();
        lines.push(format!("{}: {}", event_name(event), shown(effect)));
    }
    lines
}

fn shown(effect: Option<Effect>) -> String {
    match effect {
        None => "-".to_owned(),
        Some(Effect::RunStep { step, attempt, not_before }) => {
            format!("run {step}/{attempt}{}", if not_before.is_some() { ", later" } else { "" })
        }
        Some(Effect::RequestApproval { step }) => format!("ask {step}"),
        Some(Effect::AwaitApproval { step, .. }) => format!("await {step}"),
        Some(Effect::Finish(status)) => status.name().to_owned(),
    }
}

const TWO: fn() -> serde_json::Value = || json!([{"id": "a", "type": "x"}, {"id": "b", "type": "x"}]);

#[test]
fn a_run_goes_step_by_step() {
    let events = [
        Event::Started { at: at(0) },
        started(0, 1),
        Event::CheckpointSaved { step: 0, data: "x".to_owned() },
        ended(0, 1, Outcome::Succeeded, 2),
        Event::StepSkipped { step: 1, reason: "false".to_owned(), at: at(3) },
    ];
    let expected = [
        "`started`: run 0/1",
        "`step_started`: -",
        "`checkpoint_saved`: -",
        "`step_ended`: run 1/1",
        "`step_skipped`: success",
    ];
    assert_eq!(transcript(TWO(), &events), expected);
}

#[test]
fn retries_lost_attempts_and_failures() {
    let retry = json!([{"id": "a", "type": "x", "retry": {"max_attempts": 2}}]);
    let begin = [Event::Started { at: at(0) }, started(0, 1)];
    let after = |more: &[Event]| transcript(retry.clone(), &[&begin[..], more].concat()).pop().unwrap();
    assert_eq!(after(&[ended(0, 1, failed(true), 2)]), "`step_ended`: run 0/2, later");
    assert_eq!(after(&[ended(0, 1, failed(false), 2)]), "`step_ended`: failed");
    assert_eq!(
        after(&[ended(0, 1, failed(true), 2), started(0, 2), ended(0, 2, failed(true), 3)]),
        "`step_ended`: failed"
    );
    assert_eq!(after(&[ended(0, 1, Outcome::Cancelled, 2)]), "`step_ended`: cancelled");
    // An attempt that died with its process does not count.
    let lost =
        [Event::AttemptLost { step: 0, attempt: 1, at: at(2) }, started(0, 2), ended(0, 2, failed(true), 3)];
    assert_eq!(after(&lost), "`step_ended`: run 0/3, later");
    // Out of the job's time.
    assert_eq!(after(&[ended(0, 1, failed(false), 200)]), "`step_ended`: timeout");
    assert_eq!(
        after(&[ended(0, 1, failed(true), 2), Event::TimedOut { at: at(101) }]),
        "`timed_out`: timeout"
    );
    let go_on = json!([{"id": "a", "type": "x", "continue_on_failure": true}, {"id": "b", "type": "x"}]);
    let events = [&begin[..], &[ended(0, 1, failed(false), 2)]].concat();
    assert_eq!(transcript(go_on, &events).pop().unwrap(), "`step_ended`: run 1/1");
}

#[test]
fn backoff_doubles_with_jitter_and_has_an_end() {
    let second = std::time::Duration::from_secs(1);
    for (counted, seconds) in [(1, 1.0), (2, 2.0), (5, 16.0), (20, 300.0), (u32::MAX, 300.0)] {
        let pause = backoff("exec_1/a", second, counted).as_seconds_f64();
        assert!((0.8 * seconds..=1.2 * seconds).contains(&pause), "{counted}: {pause}");
    }
}

#[test]
fn a_parked_step_is_called_again_and_its_time_is_not_the_jobs() {
    let parked = |attempt, at| {
        let after = std::time::Duration::from_secs(500);
        ended(0, attempt, Outcome::Parked { after, reason: "rain".to_owned() }, at)
    };
    let mut state = with(json!({"steps": [{"id": "a", "type": "x"}], "parked_timeout": "900s"}));
    let mut step = |event: &Event| (shown(apply(&mut state, event).unwrap()), state.status, state.deadline());
    step(&Event::Started { at: at(0) });
    step(&started(0, 1));
    let (effect, status, deadline) = step(&parked(1, 2));
    assert_eq!((effect.as_str(), status, deadline), ("run 0/2, later", RunStatus::Parked, Some(at(100))));
    let again = Event::StepStarted { step: 0, attempt: 2, at: at(502) };
    assert_eq!(step(&again).2, Some(at(600)), "500 seconds were not the job's");
    // Parked for too long is a time-out.
    let (effect, status, _) = step(&parked(2, 902));
    assert_eq!((effect.as_str(), status), ("timeout", RunStatus::Timeout));
}

#[test]
fn an_approval_asks_waits_and_decides() {
    let steps = || json!([{"id": "ok", "type": "approval", "message": "Go?"}, {"id": "b", "type": "x"}]);
    let asked = Event::ApprovalRequested { step: 0, message: "Go?".to_owned(), at: at(1), until: at(9) };
    let decided = |approved, by: Option<&str>| Event::ApprovalDecided {
        step: 0,
        approved,
        by: by.map(str::to_owned),
        comment: String::new(),
        at: at(5),
    };
    let told = |last: Event| transcript(steps(), &[Event::Started { at: at(0) }, asked.clone(), last]);
    assert_eq!(
        told(decided(true, Some("ann"))),
        ["`started`: ask 0", "`approval_requested`: await 0", "`approval_decided`: run 1/1"]
    );
    assert_eq!(told(decided(false, Some("ann"))).pop().unwrap(), "`approval_decided`: failed");
    assert_eq!(told(decided(false, None)).pop().unwrap(), "`approval_decided`: failed");
    assert_eq!(told(decided(true, None)).pop().unwrap(), "`approval_decided`: run 1/1");
    let cancelled = Event::Cancelled { at: at(5), why: Some("ann".to_owned()) };
    assert_eq!(told(cancelled).pop().unwrap(), "`cancelled`: cancelled");
}

#[test]
fn retries_follow_their_predicates() {
    let on = |names: serde_json::Value, outcome: Outcome| {
        let steps = json!([{"id": "a", "type": "x", "retry": {"max_attempts": 2, "on": names}}]);
        let events = [Event::Started { at: at(0) }, started(0, 1), ended(0, 1, outcome, 2)];
        transcript(steps, &events).pop().unwrap()
    };
    let kind = |kind| Outcome::Failed { kind, message: String::new(), retryable: false };
    for (names, outcome, again) in [
        (json!(["unavailable"]), kind(FailureKind::Unavailable), true),
        (json!(["unavailable"]), kind(FailureKind::Failed), false),
        (json!(["unavailable"]), failed(true), false),
        (json!(["failed", "trapped"]), failed(false), true),
        (json!(["out_of_fuel"]), Outcome::OutOfFuel { limit: 1, backtrace: Vec::new() }, true),
        (json!(["any"]), Outcome::OverLimit { limit: String::new(), message: String::new() }, true),
        (json!(["any"]), Outcome::Cancelled, false),
    ] {
        let told = on(names.clone(), outcome.clone());
        assert_eq!(told == "`step_ended`: run 0/2, later", again, "{names} {outcome:?}: {told}");
    }
}

#[test]
fn a_whole_run_is_tried_again_from_where_the_job_says() {
    for (from, expected) in [("failed_step", "run 1/2, later"), ("start", "run 0/2, later")] {
        let mut state = with(json!({"steps": TWO(), "retry": {"max_attempts": 2, "from": from}}));
        let events = [
            Event::Started { at: at(0) },
            started(0, 1),
            ended(0, 1, Outcome::Succeeded, 2),
            started(1, 1),
            ended(1, 1, failed(true), 3),
        ];
        let mut last = None;
        for event in &events {
            last = apply(&mut state, event).unwrap();
        }
        assert_eq!((shown(last).as_str(), state.attempt), (expected, 2), "{from}");
        assert_eq!(state.steps[0].end.is_some(), from == "failed_step");
    }
}

#[test]
fn what_cannot_happen_is_an_error() {
    let begun = |events: &[Event]| {
        let mut state = state(TWO());
        events.iter().try_for_each(|event| apply(&mut state, event).map(drop))
    };
    for events in [
        vec![started(0, 1)],
        vec![Event::Started { at: at(0) }, Event::Started { at: at(0) }],
        vec![Event::Started { at: at(0) }, started(1, 1)],
        vec![Event::Started { at: at(0) }, started(0, 2)],
        vec![Event::Started { at: at(0) }, ended(0, 1, Outcome::Succeeded, 1)],
        vec![Event::Started { at: at(0) }, started(0, 1), ended(0, 2, Outcome::Succeeded, 1)],
        vec![Event::Started { at: at(0) }, started(0, 1), Event::Cancelled { at: at(1), why: None }],
        vec![Event::Started { at: at(0) }, Event::Cancelled { at: at(1), why: None }, started(0, 1)],
        vec![Event::Started { at: at(0) }, started(9, 1)],
    ] {
        assert!(begun(&events).is_err(), "{events:?}");
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![
        Just(Outcome::Succeeded),
        any::<bool>().prop_map(failed),
        Just(Outcome::Cancelled),
        Just(Outcome::OutOfFuel { limit: 1, backtrace: Vec::new() }),
        Just(Outcome::Parked { after: std::time::Duration::from_secs(1), reason: String::new() }),
    ];
    prop_oneof![
        Just(Event::Started { at: at(0) }),
        (0..3usize, 1..4u32).prop_map(|(step, attempt)| started(step, attempt)),
        (0..3usize, 1..4u32, outcome).prop_map(|(step, attempt, outcome)| ended(step, attempt, outcome, 5)),
        (0..3usize).prop_map(|step| Event::StepSkipped { step, reason: String::new(), at: at(5) }),
        (0..3usize, 1..4u32).prop_map(|(step, attempt)| Event::AttemptLost { step, attempt, at: at(5) }),
        Just(Event::Cancelled { at: at(5), why: None }),
    ]
}

proptest! {
    /// Whatever happens: a run that has ended stays as it is, and one that has not knows what to do next
    /// unless an attempt runs.
    #[test]
    fn a_run_is_never_stuck_and_never_comes_back(events in proptest::collection::vec(any_event(), 0..60)) {
        let mut state = state(json!([
            {"id": "a", "type": "x", "retry": {"max_attempts": 2}},
            {"id": "b", "type": "x", "continue_on_failure": true},
        ]));
        for event in &events {
            let before = state.clone();
            if apply(&mut state, event).is_err() {
                prop_assert_eq!(&before, &state, "an illegal event leaves the state as it was");
                continue;
            }
            prop_assert!(!before.status.is_terminal(), "{event:?} after the end");
            let running = state.steps.iter().any(|step| step.status == StepStatus::Running);
            prop_assert_eq!(next(&state).is_none(), running);
            prop_assert_eq!(state.ended_at.is_some(), state.status.is_terminal());
        }
    }
}

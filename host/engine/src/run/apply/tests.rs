//! Sequences of events of runs, as transcripts.

use serde_json::json;

use super::super::{Effect, Room, StepKey, next};
use super::check::event_name;
use super::*;
use crate::job::{JobDefinition, Work, approval, evaluate};
use crate::store::NewRun;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_756_700_000 + seconds, 0).unwrap()
}

fn state(steps: serde_json::Value) -> RunState {
    with(json!({"steps": steps}))
}

pub(super) fn with(more: serde_json::Value) -> RunState {
    let mut job = json!({"id": "job", "timeout_seconds": 100});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let job: JobDefinition = serde_json::from_value(job).unwrap();
    RunState::new(NewRun::of(Arc::new(job.into()), "exec_1", at(0)))
}

/// The key of a step by its number, as journals of earlier versions have it.
pub(super) fn key(step: usize) -> StepKey {
    StepKey::Number(step)
}

pub(super) fn ended(step: usize, attempt: u32, outcome: Outcome, seconds: i64) -> Event {
    Event::StepEnded { step: key(step), attempt, end: Arc::new(ended_as(outcome)), at: at(seconds) }
}

pub(super) fn failed(retryable: bool) -> Outcome {
    Outcome::Failed { kind: FailureKind::Failed, message: "no".to_owned(), retryable }
}

pub(super) fn started(step: usize, attempt: u32) -> Event {
    Event::StepStarted { step: key(step), attempt, at: at(1) }
}

/// Applies an event, and shows the next action.
fn step_on(state: &mut RunState, event: &Event) -> String {
    apply(state, event).unwrap();
    shown(state, event.at().unwrap_or(at(0)))
}

/// Applies the events, and shows the next action after each.
fn transcript(steps: serde_json::Value, events: &[Event]) -> Vec<String> {
    let mut state = state(steps);
    let shown = |event| format!("{}: {}", event_name(event), step_on(&mut state, event));
    events.iter().map(shown).collect()
}

fn shown(state: &RunState, now: Timestamp) -> String {
    match next(state, now, &Room::from(1)) {
        Some(Effect::RunStep { step, attempt, .. }) => format!("run {step}/{attempt}"),
        Some(Effect::BeginGroup { step, attempt }) => format!("begin {step}/{attempt}"),
        Some(Effect::EndGroup { step }) => format!("end {step}"),
        Some(Effect::TakeLocks { place }) => format!("lock {place:?}"),
        Some(Effect::RequestApproval { step }) => format!("ask {step}"),
        Some(Effect::EndApproval { step }) => format!("give up {step}"),
        Some(Effect::OfferWork { step, attempt }) => format!("offer {step}/{attempt}"),
        Some(Effect::SettleWork { step }) => format!("settle {step}"),
        Some(Effect::Finish(status)) => status.name().to_owned(),
        None => match state.waits().next() {
            Some((step, _))
                if state.definition(step).is_some_and(|step| step.step_type == approval::TYPE) =>
            {
                format!("await {step}")
            }
            Some((step, _)) => format!("run {step}/{}, later", state.steps[step].attempt + 1),
            None => "-".to_owned(),
        },
    }
}

const TWO: fn() -> serde_json::Value = || json!([{"id": "a", "type": "x"}, {"id": "b", "type": "x"}]);

#[test]
fn a_run_goes_step_by_step() {
    let events = [
        Event::Started { at: at(0) },
        started(0, 1),
        Event::CheckpointSaved { step: key(0), data: "x".to_owned() },
        ended(0, 1, Outcome::Succeeded, 2),
        Event::StepSkipped { step: key(1), reason: "false".to_owned(), at: at(3) },
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
    let lost = [
        Event::AttemptLost { step: key(0), attempt: 1, at: at(2) },
        started(0, 2),
        ended(0, 2, failed(true), 3),
    ];
    assert_eq!(after(&lost), "`step_ended`: run 0/3, later");
    // After the time of the job.
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
    let mut step = |event: &Event| (step_on(&mut state, event), state.status, state.deadline());
    step(&Event::Started { at: at(0) });
    step(&started(0, 1));
    let (effect, status, deadline) = step(&parked(1, 2));
    assert_eq!((effect.as_str(), status, deadline), ("run 0/2, later", RunStatus::Parked, Some(at(100))));
    let again = Event::StepStarted { step: key(0), attempt: 2, at: at(502) };
    assert_eq!(step(&again).2, Some(at(600)), "500 seconds were not the job's");
    // A step that is parked for too long times out.
    let (effect, status, _) = step(&parked(2, 902));
    assert_eq!((effect.as_str(), status), ("timeout", RunStatus::Timeout));
}

#[test]
fn a_step_that_parks_for_ever_is_called_again_when_its_time_is_up() {
    let mut state = with(json!({"steps": [{"id": "a", "type": "x"}], "parked_timeout": "900s"}));
    for (attempt, asked, second, wakes) in [(1, u64::MAX, 2, 902), (2, 600, 400, 902)] {
        let began = if attempt == 1 { Event::Started { at: at(0) } } else { started(0, attempt) };
        step_on(&mut state, &began);
        if attempt == 1 {
            step_on(&mut state, &started(0, attempt));
        }
        let after = std::time::Duration::from_millis(asked.saturating_mul(1000));
        let outcome = Outcome::Parked { after, reason: String::new() };
        step_on(&mut state, &ended(0, attempt, outcome, second));
        assert_eq!(state.wakes_at(), Some(at(wakes)), "{attempt}");
    }
}

#[test]
fn an_approval_asks_waits_and_decides() {
    let steps = || json!([{"id": "ok", "type": "approval", "message": "Go?"}, {"id": "b", "type": "x"}]);
    let asked = Event::ApprovalRequested {
        step: key(0),
        message: "Go?".to_owned(),
        at: at(1),
        until: at(9),
        bound: None,
    };
    let decided = |approved, by: Option<&str>| Event::ApprovalDecided {
        step: key(0),
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
    let over = |limit: &str| Outcome::OverLimit { limit: limit.to_owned(), message: String::new() };
    for (names, outcome, again) in [
        (json!(["unavailable"]), kind(FailureKind::Unavailable), true),
        (json!(["unavailable"]), kind(FailureKind::Failed), false),
        (json!(["unavailable"]), failed(true), false),
        (json!(["failed", "trapped"]), failed(false), true),
        (
            json!(["out_of_fuel"]),
            Outcome::OutOfFuel { limit: 1, backtrace: Vec::new(), hint: String::new() },
            true,
        ),
        (json!(["any"]), over("file_bytes"), true),
        (json!(["failed", "timed_out"]), over("file_bytes"), false),
        (json!(["timed_out"]), over("sql_timeout"), true),
        (json!(["timed_out"]), over("process.timeout"), true),
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
        let last = events.iter().map(|event| step_on(&mut state, event)).last().unwrap();
        assert_eq!((last.as_str(), state.attempt), (expected, 2), "{from}");
        assert_eq!(state.steps[0].end.is_some(), from == "failed_step");
    }
}

/// Runs a job whose `steps` end as `ends` says, by id; all other steps succeed. Shows the executed steps, the
/// status of each step, and the result.
fn driven(job: serde_json::Value, ends: &[(&str, Outcome)]) -> String {
    let mut state = with(job);
    let mut ran = Vec::new();
    apply(&mut state, &Event::Started { at: at(0) }).unwrap();
    while let Some(Effect::RunStep { step, attempt, .. }) = next(&state, at(2), &Room::from(1)) {
        let definition = state.definition(step).unwrap().clone();
        let (scope, work) = (state.scope(step), Work::short());
        if definition.when.as_ref().is_some_and(|when| !evaluate(when, &scope, &work).unwrap()) {
            apply(&mut state, &Event::StepSkipped { step: key(step), reason: "false".to_owned(), at: at(2) })
                .unwrap();
            continue;
        }
        apply(&mut state, &started(step, attempt)).unwrap();
        let outcome = ends.iter().find(|(id, _)| *id == definition.id).map(|(_, outcome)| outcome.clone());
        apply(&mut state, &ended(step, attempt, outcome.unwrap_or(Outcome::Succeeded), 2)).unwrap();
        ran.push(definition.id.clone());
    }
    let steps: Vec<&str> = state.steps.iter().map(|step| step.status.name()).collect();
    format!("{}: {}; {}", ran.join(" "), state.status.name(), steps.join(" "))
}

#[test]
fn steps_after_the_end_run_by_the_result_and_leave_it_as_it_is() {
    let job = || {
        json!({
            "steps": [{"id": "a", "type": "x"}, {"id": "b", "type": "x"},
                      {"id": "ask", "type": "x", "when": "${{ steps.a.status == 'failed' }}"}],
            "on_failure": [{"id": "tell", "type": "x"}],
            "finally": [{"id": "c", "type": "x"}, {"id": "d", "type": "x", "when": "run.status == 'failed'"}],
        })
    };
    let late = || Outcome::TimedOut {
        limit: std::time::Duration::from_secs(1),
        backtrace: Vec::new(),
        of: TimeOf::Attempt,
    };
    for (ends, expected) in [
        (vec![], "a b c: success; success success skipped skipped success skipped"),
        (
            vec![("a", failed(false))],
            "a ask tell c d: failed; failed skipped success success success success",
        ),
        (vec![("b", failed(false))], "a b tell c d: failed; success failed skipped success success success"),
        (vec![("b", late())], "a b tell c d: failed; success timeout skipped success success success"),
        (
            vec![("a", Outcome::Cancelled)],
            "a c: cancelled; cancelled skipped skipped skipped success skipped",
        ),
        (vec![("c", failed(false))], "a b c d: failed; success success skipped skipped failed success"),
        (
            vec![("a", failed(false)), ("tell", failed(false)), ("c", failed(false))],
            "a ask tell c d: failed; failed skipped success failed failed success",
        ),
        (
            vec![("a", Outcome::Cancelled), ("c", failed(false))],
            "a c d: failed; cancelled skipped skipped skipped failed success",
        ),
    ] {
        assert_eq!(driven(job(), &ends), expected, "{ends:?}");
    }
}

#[test]
fn the_condition_of_a_later_step_asks_about_the_failure_that_ended_the_run() {
    let job = |when: &str| json!({"steps": [{"id": "a", "type": "x"}, {"id": "work", "type": "x"}, {"id": "clean", "type": "x", "when": when}]});
    for (when, expected) in [
        ("steps.work.status == 'failed'", "a work clean: failed; success failed success"),
        ("run.failed_step.id == 'work'", "a work clean: failed; success failed success"),
        ("steps.work.status != 'failed'", "a work: failed; success failed skipped"),
        // The condition says nothing about the failed step, so the step does not run.
        ("steps.a.status == 'success'", "a work: failed; success failed skipped"),
    ] {
        assert_eq!(driven(job(when), &[("work", failed(false))]), expected, "{when}");
    }
}

#[test]
fn steps_after_the_end_have_a_time_of_their_own() {
    let job = || json!({"steps": [{"id": "a", "type": "x"}], "finally": [{"id": "c", "type": "x"}], "finally_timeout": 10});
    let mut state = with(job());
    for event in [
        Event::Started { at: at(0) },
        started(0, 1),
        ended(0, 1, failed(true), 50),
        Event::StepStarted { step: key(1), attempt: 1, at: at(51) },
    ] {
        apply(&mut state, &event).unwrap();
    }
    assert_eq!((state.status, state.deadline()), (RunStatus::Running, Some(at(60))));
    assert!(apply(&mut state.clone(), &Event::Cancelled { at: at(52), why: None }).is_err());
    apply(&mut state, &ended(1, 1, Outcome::Succeeded, 52)).unwrap();
    assert_eq!((state.status, state.ended_at), (RunStatus::Failed, Some(at(52))));

    // Without that time, a success does not count.
    let mut state = with(job());
    for event in [Event::Started { at: at(0) }, started(0, 1), ended(0, 1, Outcome::Succeeded, 5)] {
        apply(&mut state, &event).unwrap();
    }
    apply(&mut state, &Event::TimedOut { at: at(15) }).unwrap();
    assert_eq!(
        (state.status, state.steps[1].message().as_str()),
        (RunStatus::Timeout, "skipped because the job's time ran out")
    );
}

#[test]
fn a_run_that_was_cancelled_or_ran_out_of_time_between_attempts_cleans_up() {
    let job = json!({
        "steps": [{"id": "a", "type": "x", "retry": {"max_attempts": 2}}],
        "on_failure": [{"id": "tell", "type": "x"}],
        "finally": [{"id": "c", "type": "x"}],
    });
    for (event, due, last) in [
        (Event::Cancelled { at: at(9), why: None }, 2, RunStatus::Cancelled),
        (Event::TimedOut { at: at(101) }, 1, RunStatus::Timeout),
    ] {
        let mut state = with(job.clone());
        for event in [Event::Started { at: at(0) }, started(0, 1), ended(0, 1, failed(true), 2), event] {
            apply(&mut state, &event).unwrap();
        }
        assert_eq!(state.current(), Some(due));
        assert!(
            state.steps[0].message().contains("attempt 2 was pending when"),
            "{}",
            state.steps[0].message()
        );
        while let Some(Effect::RunStep { step, attempt, .. }) = next(&state, at(102), &Room::from(1)) {
            apply(&mut state, &started(step, attempt)).unwrap();
            apply(&mut state, &ended(step, attempt, Outcome::Succeeded, 102)).unwrap();
        }
        assert_eq!(state.status, last);
    }
    // A run that never began has nothing to clean up.
    let mut state = with(job);
    apply(&mut state, &Event::Cancelled { at: at(9), why: None }).unwrap();
    assert_eq!(state.status, RunStatus::Cancelled);
}

#[test]
fn a_lost_attempt_runs_again_or_fails_as_the_step_says() {
    let lost = |rule: &str| {
        let steps = json!([{"id": "a", "type": "x", "on_lost": rule, "retry": {"max_attempts": 5}}]);
        let mut state = with(json!({"steps": steps, "retry": {"max_attempts": 3}}));
        for event in [
            Event::Started { at: at(0) },
            started(0, 1),
            Event::AttemptLost { step: key(0), attempt: 1, at: at(2) },
        ] {
            apply(&mut state, &event).unwrap();
        }
        (shown(&state, at(2)), state.steps[0].message())
    };
    assert_eq!(lost("retry").0, "run 0/2, later");
    let (effect, message) = lost("fail");
    assert_eq!(effect, "failed");
    assert!(message.contains("attempt 1 was lost when its worker died"), "{message}");
}

/// A step that kills its worker would also kill the next worker, and the one after it.
#[test]
fn a_step_that_is_lost_three_times_in_a_row_is_set_aside() {
    let lost = |attempt, second| Event::AttemptLost { step: key(0), attempt, at: at(second) };
    let mut state = with(json!({
        "steps": [{"id": "a", "type": "x", "retry": {"max_attempts": 9, "on": ["any"]}}], "retry": {"max_attempts": 3},
        "finally": [{"id": "c", "type": "x"}]
    }));
    let mut step = |event: Event| {
        let effect = step_on(&mut state, &event);
        (effect, state.status, state.steps[0].not_before)
    };
    step(Event::Started { at: at(0) });
    step(started(0, 1));
    let waits = |seconds| ("run 0/2, later".to_owned(), RunStatus::Waiting, Some(at(seconds)));
    assert_eq!(step(lost(1, 2)), waits(3));
    step(started(0, 2));
    let (effect, _, not_before) = step(lost(2, 4));
    assert_eq!((effect.as_str(), not_before), ("run 0/3, later", Some(at(14))));
    // A known end starts the count again.
    step(started(0, 3));
    step(ended(0, 3, failed(true), 15));
    step(started(0, 4));
    assert_eq!(step(lost(4, 20)).2, Some(at(21)));
    step(started(0, 5));
    step(lost(5, 22));
    step(started(0, 6));
    let (effect, ..) = step(lost(6, 40));
    // Only `finally` runs.
    assert_eq!(effect, "run 1/1");
    let end = state.steps[0].end.as_ref().unwrap();
    assert_eq!((end.outcome.class(), state.attempt), ("lost", 1));
    assert!(
        end.outcome.message().starts_with("the worker died 3 times in a row"),
        "{}",
        end.outcome.message()
    );
    assert_eq!(state.verdict.unwrap().status, RunStatus::Failed);
}

#[test]
fn the_token_of_a_step_is_the_same_for_each_attempt_and_for_nothing_else() {
    let token = |state: &RunState, step| state.scope(step).run["step_token"].as_str().unwrap().to_owned();
    let mut state = with(
        json!({"steps": [{"id": "a", "type": "x", "retry": {"max_attempts": 2}, "key": "${{ run.step_token }}"},
            {"id": "b", "type": "x", "key": "${{ run.step_token }}"}]}),
    );
    let (first, other) = (token(&state, 0), token(&state, 1));
    for event in [Event::Started { at: at(0) }, started(0, 1), ended(0, 1, failed(true), 2)] {
        apply(&mut state, &event).unwrap();
    }
    assert_eq!(token(&state, 0), first);
    assert_ne!(first, other);
    let again = RunState::new(NewRun { execution_id: "exec_2".to_owned(), ..NewRun::clone(&state.run) });
    assert_ne!(token(&again, 0), first);
    assert_eq!(first.len(), 32);
}

#[test]
fn a_retry_goes_on_where_the_run_failed() {
    let steps = json!([
        {"id": "a", "type": "x"}, {"id": "b", "type": "x", "when": "vars.no"},
        {"id": "c", "type": "x", "continue_on_failure": true}, {"id": "d", "type": "x"}, {"id": "e", "type": "x"},
    ]);
    let job = |finally: serde_json::Value| json!({"vars": {"no": false}, "steps": steps, "finally": finally});
    let none = || json!([]);
    for (job, ends, inherited) in [
        // Nothing is done twice: neither successful nor skipped steps, nor failed steps that were
        // allowed to fail.
        (job(none()), vec![("c", failed(false)), ("d", failed(false))], 3),
        (job(none()), vec![("d", Outcome::Cancelled)], 3),
        (job(none()), vec![("a", failed(false))], 0),
        // A success with a failed step begins there; without one, it begins at the start.
        (job(none()), vec![("c", failed(false))], 2),
        (job(none()), vec![], 0),
        (job(json!([{"id": "f", "type": "x"}])), vec![("f", failed(false))], 5),
    ] {
        let mut old = with(job.clone());
        apply(&mut old, &Event::Started { at: at(0) }).unwrap();
        run_to_the_end(&mut old, &ends);
        let new = crate::run::retry_of(&old, &old.run.job, false, "exec_2".to_owned(), at(500)).unwrap();
        assert_eq!(new.inherited.len(), inherited, "{ends:?}");
        let events = new.inherited.clone();
        let mut again = RunState::replay(new, &events).unwrap();
        apply(&mut again, &Event::Started { at: at(500) }).unwrap();
        run_to_the_end(&mut again, &[]);
        assert_eq!(again.status, RunStatus::Success, "{ends:?}");
    }
}

/// An approval is for the job as it was: an edited job asks again, and an edited step runs again.
#[test]
fn a_retry_of_an_edited_job_inherits_no_approval_and_no_edited_step() {
    let job = |first: &str, approval: &str, last: &str| {
        let approval = match approval {
            "" => json!({"id": "ok", "type": "x"}),
            message => json!({"id": "ok", "type": "approval", "message": message}),
        };
        json!({"steps": [{"id": "a", "type": "x", "text": first}, approval, {"id": "c", "type": "x", "text": last}]})
    };
    for (old, new, inherited) in [
        (job("1", "Go?", "2"), job("1", "Go?", "2"), 2),
        (job("1", "Go?", "2"), job("1", "Go?", "something else"), 1),
        (job("1", "", "2"), job("1", "", "something else"), 2),
        (job("1", "", "2"), job("edited", "", "2"), 0),
    ] {
        let mut state = with(old.clone());
        apply(&mut state, &Event::Started { at: at(0) }).unwrap();
        while let Some(effect) = next(&state, at(102), &Room::from(1)) {
            let step = match effect {
                Effect::RequestApproval { step } => {
                    let asked = Event::ApprovalRequested {
                        step: key(step),
                        message: String::new(),
                        at: at(1),
                        until: at(9),
                        bound: None,
                    };
                    apply(&mut state, &asked).unwrap();
                    let by = Some("ada".to_owned());
                    let decided = Event::ApprovalDecided {
                        step: key(step),
                        approved: true,
                        by,
                        comment: String::new(),
                        at: at(2),
                    };
                    apply(&mut state, &decided).unwrap();
                    continue;
                }
                Effect::RunStep { step, .. } => step,
                _ => break,
            };
            apply(&mut state, &started(step, 1)).unwrap();
            let outcome = if step == 2 { failed(false) } else { Outcome::Succeeded };
            apply(&mut state, &ended(step, 1, outcome, 3)).unwrap();
        }
        let edited = with(new.clone()).run.job.clone();
        let again = crate::run::retry_of(&state, &edited, false, "exec_2".to_owned(), at(500)).unwrap();
        assert_eq!(again.inherited.len(), inherited, "{new}");
    }
}

fn run_to_the_end(state: &mut RunState, ends: &[(&str, Outcome)]) {
    while let Some(Effect::RunStep { step, attempt, .. }) = next(state, at(2), &Room::from(1)) {
        let definition = state.definition(step).unwrap().clone();
        if definition.when.is_some() {
            apply(state, &Event::StepSkipped { step: key(step), reason: "false".to_owned(), at: at(2) })
                .unwrap();
            continue;
        }
        apply(state, &started(step, attempt)).unwrap();
        let outcome = ends.iter().find(|(id, _)| *id == definition.id).map(|(_, outcome)| outcome.clone());
        apply(state, &ended(step, attempt, outcome.unwrap_or(Outcome::Succeeded), 2)).unwrap();
    }
}

#[test]
fn a_run_that_cannot_go_on_ends_as_failed_and_can_still_be_read() {
    let run = || NewRun::clone(&state(TWO()).run);
    let impossible = [Event::Started { at: at(0) }, started(1, 1)];
    assert!(RunState::replay(run(), &impossible).is_err());
    let fault = Event::Faulted { message: "step 1 ran before step 0".to_owned(), at: at(3) };
    let given_up = [&impossible[..], &[fault]].concat();
    let state = RunState::replay(run(), &given_up).unwrap();
    assert_eq!((state.status, state.ended_at), (RunStatus::Failed, Some(at(3))));
    assert_eq!(state.fault.as_deref(), Some("step 1 ran before step 0"));
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

//! Locks of runs: transcripts of the next actions and of the events that follow.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::group::tests::{at, group, shown, state, step};
use super::*;
use crate::outcome::{Produced, Receipt, StepEnd};
use crate::run::{Effect, Event, Room, StepKey, apply, next};

fn locked(id: &str, names: &[&str]) -> Value {
    let mut step = step(id);
    step["locks"] = names.iter().map(|name| json!({"name": name})).collect();
    step
}

/// Returns the next action in words.
fn todo(state: &RunState, now: i64) -> String {
    let path = |step: usize| state.steps[step].path.to_string();
    match next(state, at(now), &Room::from(100)) {
        None => "wait".to_owned(),
        Some(Effect::TakeLocks { place }) => {
            format!("lock {}", place.map_or_else(|| "job".to_owned(), path))
        }
        Some(Effect::RunStep { step, attempt, cleaning_up }) => {
            let mark = if cleaning_up { "~" } else { "" };
            format!("run {mark}{} {attempt}", path(step))
        }
        Some(Effect::BeginGroup { step, .. }) => format!("begin {}", path(step)),
        Some(Effect::EndGroup { step }) => format!("end {}", path(step)),
        Some(Effect::RequestApproval { step }) => format!("ask {}", path(step)),
        Some(Effect::EndApproval { step }) => format!("end approval {}", path(step)),
        Some(Effect::OfferWork { step, .. }) => format!("offer {}", path(step)),
        Some(Effect::SettleWork { step }) => format!("settle {}", path(step)),
        Some(Effect::Finish(status)) => status.name().to_owned(),
    }
}

/// Applies one event: a word and the path of a step, or `job`.
fn follow(state: &mut RunState, event: &str, now: i64) {
    let mut words = event.split(' ');
    let (word, place) = (words.next().unwrap(), words.next().unwrap_or_default());
    let step = (place != "job").then(|| StepKey::from(place));
    let index = state.position_of(place);
    let attempt = index.map_or(0, |index| state.steps[index].attempt);
    let (at, until) = (at(now), at(now + 60));
    let name = |name: &str| Name::new(name).unwrap();
    let lost = Outcome::LockLost { message: "lost".to_owned() };
    let refused = Outcome::LockTimeout { message: "held".to_owned() };
    let event = match word {
        "taken" => {
            let lock = |lock: &LockUse| TakenLock {
                key: lock.key().map(str::to_owned),
                name: name(&lock.name),
                mode: lock.mode,
                token: u64::try_from(now).unwrap(),
            };
            Event::LocksTaken { step, locks: state.locks_of(index).iter().map(lock).collect(), at }
        }
        "waits" => {
            let want = |lock: &LockUse| Want::new(name(&lock.name), lock.mode);
            Event::LocksAwaited { step, wants: state.locks_of(index).iter().map(want).collect(), at, until }
        }
        "later" => Event::LocksPostponed { step, why: "no answer".to_owned(), at, until },
        "lost" => Event::LocksLost { step, why: "expired".to_owned(), at },
        "refused" => Event::LocksRefused { step, outcome: refused, at },
        "begin" => Event::GroupStarted {
            step: step.unwrap(),
            attempt: attempt + 1,
            items: None,
            in_order: false,
            at,
        },
        "start" => Event::StepStarted { step: step.unwrap(), attempt: attempt + 1, at },
        "skip" => Event::StepSkipped { step: step.unwrap(), reason: "held".to_owned(), at },
        "cancel" => Event::Cancelled { at, why: None },
        ended => {
            let outcome = match ended {
                "ok" => Outcome::Succeeded,
                "timeout" => refused,
                "deadlock" => Outcome::Deadlock { message: "circle".to_owned() },
                "lose" => lost,
                "park" => Outcome::Parked { after: Duration::from_secs(60), reason: "rain".to_owned() },
                other => panic!("{other}"),
            };
            let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
            Event::StepEnded { step: step.unwrap(), attempt, end: Arc::new(end), at }
        }
    };
    apply(state, &event).unwrap_or_else(|error| panic!("{event:?}: {error}"));
}

/// Follows a script: a line has a time, an event (or `-`), and the next action after it.
fn play(job: &Value, script: &str) -> RunState {
    let mut state = state(job);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts = line.split(" | ");
        let now: i64 = parts.next().unwrap().trim().parse().unwrap();
        let (event, expected) = (parts.next().unwrap().trim(), parts.next().unwrap().trim());
        if event != "-" {
            follow(&mut state, event, now);
        }
        let found = format!("{}, {}", state.status.name(), todo(&state, now));
        assert_eq!(found, expected, "{line}\n{}", shown(&state));
        let events_of_places = state.lockings().count();
        assert!(!state.status.is_terminal() || events_of_places == 0, "{line}: an ended run holds locks");
    }
    state
}

#[test]
fn a_step_takes_its_locks_before_an_attempt_and_keeps_them_until_its_end() {
    let mut a = locked("a", &["x", "y"]);
    a["retry"] = json!({"max_attempts": 3, "backoff": "5s"});
    let state = play(
        &json!({"steps": [a, step("b")]}),
        "1 | - | running, lock a
         1 | waits a | parked, wait
         30 | - | parked, wait
         61 | - | parked, lock a
         61 | waits a | parked, wait
         70 | taken a | parked, run a 1
         70 | start a | running, wait
         71 | timeout a | waiting, wait
         90 | - | waiting, run a 2
         90 | start a | running, wait
         91 | park a | parked, wait
         160 | - | parked, run a 3
         160 | start a | running, wait
         161 | ok a | running, run b 1",
    );
    assert!(state.locking(state.position_of("a")).is_none());
}

#[test]
fn a_step_that_loses_its_locks_takes_them_again_with_another_ticket() {
    let mut a = locked("a", &["x"]);
    a["retry"] = json!({"max_attempts": 2, "backoff": "1s"});
    let job = json!({"steps": [a, step("b")]});
    let mut state = state(&job);
    let place = state.position_of("a");
    let first = state.lock_ticket(place);
    assert_eq!(run_of_ticket(&first), Some("exec_1"));
    for event in ["taken a", "start a", "lost a", "lose a"] {
        assert!(event != "taken a" || state.lock_ticket(place) == first);
        follow(&mut state, event, 2);
    }
    assert_ne!(state.lock_ticket(place), first);
    assert_eq!(todo(&state, 60), "lock a");
    follow(&mut state, "taken a", 60);
    assert_eq!(
        state.locks_seen(place.unwrap()),
        *json!({"x": {"name": "x", "token": 60}}).as_object().unwrap()
    );
    assert_eq!(todo(&state, 60), "run a 2");
}

#[test]
fn the_job_waits_at_its_gate_with_all_its_steps() {
    let job = json!({"locks": [{"name": "x"}], "steps": [step("a"), step("b")], "finally": [step("c")]});
    play(
        &job,
        "1 | - | running, lock job
         1 | later job | parked, wait
         61 | - | parked, lock job
         61 | waits job | parked, wait
         62 | taken job | running, run a 1
         62 | start a | running, wait
         63 | lost job | running, wait
         64 | lose a | running, lock job
         64 | waits job | parked, wait
         65 | taken job | running, run c 1
         65 | start c | running, wait
         66 | ok c | failed, failed",
    );
    // A step that is tried again waits until the job holds its locks again.
    let mut retried = job.clone();
    retried["max_retries"] = json!(1);
    play(
        &retried,
        "1 | taken job | running, run a 1
         1 | start a | running, wait
         2 | lost job | running, wait
         3 | lose a | waiting, wait
         9 | - | waiting, lock job
         9 | waits job | parked, wait
         10 | taken job | waiting, run a 2
         10 | start a | running, wait
         11 | ok a | running, run b 1
         11 | start b | running, wait
         12 | ok b | running, run c 1
         12 | start c | running, wait
         13 | ok c | success, success",
    );
    // Without its locks, nothing of the job runs: neither its steps nor its `finally`.
    let refused = play(&job, "1 | waits job | parked, wait\n61 | refused job | failed, failed");
    assert_eq!(shown(&refused), "failed a:skipped b:skipped c:skipped");
    assert_eq!(refused.locks_refused().map(Outcome::class), Some("lock_timeout"));
    let cancelled = play(&job, "1 | waits job | parked, wait\n2 | cancel job | cancelled, cancelled");
    assert_eq!(shown(&cancelled), "cancelled a:skipped b:skipped c:skipped");
    // The job's own `retry` asks again, with another ticket.
    let mut again = job.clone();
    again["retry"] = json!({"max_attempts": 2, "backoff": "10s"});
    play(
        &again,
        "1 | waits job | parked, wait
         61 | refused job | parked, wait
         90 | - | parked, lock job
         90 | waits job | parked, wait
         95 | refused job | failed, failed",
    );
}

#[test]
fn branches_run_while_another_waits_for_its_locks() {
    let branches = json!([locked("a", &["x"]), step("b")]);
    let job = group(&json!({"finally": [step("end")]}), &branches);
    play(
        &json!({"steps": [job["steps"][1]]}),
        "1 | - | running, begin g
         1 | begin g | running, lock a
         1 | waits a | running, run b 1
         1 | start b | running, wait
         2 | ok b | parked, wait
         3 | taken a | parked, run a 1
         3 | start a | running, wait
         4 | ok a | running, run end 1",
    );
    // A branch that waits for a lock leaves its place to another one, and takes it again when there is room.
    let job = group(&json!({"max_parallel": 1}), &branches);
    play(
        &json!({"steps": [job["steps"][1]]}),
        "1 | begin g | running, lock a
         1 | waits a | running, run b 1
         1 | start b | running, wait
         2 | taken a | running, wait
         3 | ok b | parked, run a 1",
    );
    // A branch that waits has started nothing, so a cancellation does not run it.
    let job = group(&json!({}), &branches);
    play(
        &json!({"steps": [job["steps"][1]]}),
        "1 | begin g | running, lock a
         1 | waits a | running, run b 1
         1 | start b | running, wait
         2 | timeout b | failed, failed",
    );
}

#[test]
fn a_group_that_does_not_get_its_locks_again_ends_without_its_finally() {
    let mut job = group(&json!({"finally": [step("end")]}), &json!([step("a"), step("b")]));
    job["steps"][1]["locks"] = json!([{"name": "x", "as": "lock"}]);
    job["steps"][1]["on_failure"] = json!("go_on");
    let job = json!({"steps": [job["steps"][1]]});
    let state = play(
        &job,
        "1 | - | running, lock g
         1 | taken g | running, begin g
         1 | begin g | running, run a 1
         1 | start a | running, run b 1
         1 | start b | running, wait
         2 | lost g | running, wait
         3 | lose a | running, wait
         4 | ok b | running, lock g
         4 | waits g | parked, wait
         64 | refused g | failed, failed",
    );
    assert_eq!(shown(&state), "failed g:failed a:failed b:success end:skipped");
    let state = play(
        &job,
        "1 | taken g | running, begin g
         1 | begin g | running, run a 1
         1 | start a | running, run b 1
         1 | start b | running, wait
         2 | ok a | running, wait
         2 | lost g | running, wait
         3 | ok b | running, lock g
         3 | taken g | running, run end 1
         3 | start end | running, wait
         3 | lost g | running, wait
         4 | lose end | failed, failed",
    );
    assert_eq!(shown(&state), "failed g:failed a:success b:success end:failed");
}

/// The locks of a group or of a job would close the circle again, so its next try begins without them.
#[test]
fn a_try_after_a_deadlock_begins_without_locks() {
    let mut job =
        group(&json!({"retry": {"max_attempts": 2, "backoff": "1s"}}), &json!([locked("a", &["x"])]));
    job["steps"][1]["locks"] = json!([{"name": "y"}]);
    play(
        &json!({"steps": [job["steps"][1]]}),
        "1 | taken g | running, begin g
         1 | begin g | running, lock a
         1 | waits a | parked, wait
         2 | start a | running, wait
         2 | deadlock a | waiting, wait
         5 | - | waiting, lock g
         5 | taken g | waiting, begin g
         5 | begin g | running, lock a",
    );
    let job = json!({"locks": [{"name": "y"}], "retry": {"max_attempts": 2}, "steps": [locked("a", &["x"])]});
    play(
        &job,
        "1 | taken job | running, lock a
         1 | waits a | parked, wait
         2 | start a | running, wait
         2 | deadlock a | waiting, wait
         5 | - | waiting, lock job",
    );
}

#[test]
fn a_step_can_be_skipped_while_it_waits_and_a_failed_wait_is_an_attempt() {
    let job = json!({"steps": [locked("a", &["x"]), step("b")]});
    let state = play(&job, "1 | waits a | parked, wait\n61 | skip a | running, run b 1");
    assert_eq!(shown(&state), "running a:skipped b:pending");
    let state = play(
        &job,
        "1 | waits a | parked, wait
         61 | start a | running, wait
         61 | timeout a | failed, failed",
    );
    assert_eq!(shown(&state), "failed a:failed b:skipped");
}

/// The owner of the locks of a group covers those of its members, so that a run never waits for itself.
#[test]
fn the_owner_of_a_group_covers_its_members() {
    let mut job = group(&json!({}), &json!([step("a"), {"id": "s", "steps": [step("b1"), step("b2")]}]));
    job["locks"] = json!([{"name": "x"}]);
    let state = state(&job);
    let owner = |path: &str| state.lock_owner(state.position_of(path));
    assert_eq!(owner("b1").part, "g/b1");
    assert!(owner("g").covers(&owner("b1")) && state.lock_owner(None).covers(&owner("g")));
    assert!(!owner("b1").covers(&owner("b2")) && !owner("first").covers(&owner("a")));
    for path in ["first", "g", "b2"] {
        assert_eq!(state.lock_place(&owner(path).part), state.position_of(path));
    }
}

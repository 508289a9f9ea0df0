//! What must hold for runs with groups: nothing runs after its group has ended, and a run that succeeds has the
//! results of the same run with one step after the other.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Duration;
use serde_json::Value;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::run::{Effect, Event, Item, Room, RunState, RunStatus, StepStatus, apply, next};
use stepwell::engine::store::NewRun;
use stepwell::engine::{Outcome, Produced, Receipt, StepEnd};

/// Returns the output of a simulated step.
pub fn output(path: &str) -> Value {
    format!("the output of {path}").into()
}

/// Adds the violations of a run with groups.
pub fn check(run: &NewRun, events: &[Event], wrong: &mut Vec<String>) {
    if !run.job.all_steps().any(|step| step.group.is_some()) {
        return;
    }
    let id = &run.execution_id;
    let mut state = RunState::new(run.clone());
    for event in events {
        let runs = matches!(event, Event::StepStarted { .. } | Event::StepEnded { .. });
        if let Some(step) = event.step().filter(|_| runs).and_then(|key| state.position(key)) {
            let around = std::iter::successors(state.group_around(step), |group| state.group_around(*group));
            for group in around.filter(|group| !state.is_running(*group)) {
                let (step, group) = (path(&state, step), path(&state, group));
                wrong.push(format!("{id}: the step {step} runs after its group {group} has ended"));
            }
        }
        if apply(&mut state, event).is_err() {
            return;
        }
    }
    let decided = |step: usize| {
        let key = state.key(step);
        let skips = |event: &&Event| matches!(event, Event::StepSkipped { .. } | Event::SkipInherited { .. });
        events.iter().filter(skips).any(|event| event.step() == Some(&key))
    };
    for (index, step) in (0..).zip(&state.steps).filter(|(_, step)| step.status == StepStatus::Skipped) {
        let around = state.group_around(index).and_then(|group| state.steps.get(group));
        if around.is_some_and(|group| group.status == StepStatus::Success) && !decided(index) {
            wrong.push(format!("{id}: the step {} did not run, and its group succeeded", step.path));
        }
    }
    let all =
        state.status == RunStatus::Success && state.steps.iter().all(|s| s.status == StepStatus::Success);
    if all {
        let (found, expected) = (results(&state), results(&in_order(run, events)));
        if found != expected {
            wrong.push(format!(
                "{id}: the results {found:?} are not those of one step after the other, {expected:?}"
            ));
        }
    }
}

fn path(state: &RunState, step: usize) -> &str {
    state.steps.get(step).map_or("", |step| &step.path)
}

/// Returns the path, status and output of each step, and the variables.
fn results(state: &RunState) -> (Vec<(String, &'static str, Value)>, Value) {
    let steps = state.known().filter_map(|index| state.steps.get(index)).map(|step| {
        let output = step.end.as_ref().map(|end| end.produced.output.clone()).unwrap_or_default();
        (step.path.to_string(), step.status.name(), output)
    });
    (steps.collect(), Value::Object((*state.variables).clone()))
}

/// Executes a run in which every step succeeds, one step after the other, with the items and the decisions of the
/// real run.
fn in_order(run: &NewRun, events: &[Event]) -> RunState {
    let mut items: HashMap<String, Option<Arc<Vec<Item>>>> = HashMap::new();
    let mut decisions: HashMap<String, Event> = HashMap::new();
    for event in events {
        match event {
            Event::GroupStarted { step, items: found @ Some(_), .. } => {
                items.insert(step.path(&run.job), found.clone());
            }
            Event::ApprovalDecided { step, .. } => {
                decisions.insert(step.path(&run.job), event.clone());
            }
            _ => {}
        }
    }
    let mut state = RunState::new(run.clone());
    let at = run.created_at;
    let mut now = at;
    let _ = apply(&mut state, &Event::Started { at });
    for _ in 0..10_000 {
        now += Duration::milliseconds(1);
        let Some(events) = following(&state, now, &items, &decisions) else { break };
        if events.iter().any(|event| apply(&mut state, event).is_err()) {
            break;
        }
    }
    state
}

/// Returns the next events of a run in which every step succeeds. `None` at its end.
fn following(
    state: &RunState,
    at: Timestamp,
    items: &HashMap<String, Option<Arc<Vec<Item>>>>,
    decisions: &HashMap<String, Event>,
) -> Option<Vec<Event>> {
    Some(match next(state, at, &Room::from(1))? {
        Effect::Finish(_) | Effect::EndGroup { .. } | Effect::SettleWork { .. } => return None,
        Effect::BeginGroup { step, attempt } => {
            let items = items.get(path(state, step)).cloned().flatten();
            vec![Event::GroupStarted { step: state.key(step), attempt, items, in_order: true, at }]
        }
        Effect::RunStep { step, attempt, .. } | Effect::OfferWork { step, attempt } => {
            let produced = Produced { output: output(path(state, step)), ..Produced::default() };
            let end = StepEnd { outcome: Outcome::Succeeded, produced, receipt: Receipt::default() };
            let key = state.key(step);
            vec![
                Event::StepStarted { step: key.clone(), attempt, at },
                Event::StepEnded { step: key, attempt, end: Arc::new(end), at },
            ]
        }
        Effect::TakeLocks { place } => {
            let step = place.map(|step| state.key(step));
            vec![Event::LocksTaken { step, locks: Vec::new(), at }]
        }
        Effect::RequestApproval { step } | Effect::EndApproval { step } => {
            let key = state.key(step);
            let message = String::new();
            let until = at + Duration::days(1);
            let asked = Event::ApprovalRequested { step: key, message, at, until, bound: None };
            let mut decided = decisions.get(path(state, step))?.clone();
            if let Event::ApprovalDecided { at: time, .. } = &mut decided {
                *time = at;
            }
            vec![asked, decided]
        }
    })
}

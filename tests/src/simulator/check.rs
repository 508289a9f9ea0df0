//! The conditions that must hold at the end of a simulation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use stepwell::engine::clock::Timestamp;
use stepwell::engine::job::{Concurrency, RetryFrom};
use stepwell::engine::run::{Event, RunState, StepKey};
use stepwell::engine::schedule::{Calendars, Timetable};
use stepwell::engine::store::{Kind, LedgerFilter, LedgerRow, NewRun, RunFilter, Source};

use super::world::{World, is_poison};
use super::{Report, groups, locks, workers};

pub async fn all(world: &World) -> Report {
    let (ground, store) = (&world.ground, &world.ground.store);
    let mut wrong = world.wrong.clone();
    let everything = RunFilter { limit: u32::MAX, ..RunFilter::default() };
    let rows = ground.ask(store.list(&everything)).await.unwrap_or_default();
    let ledger = ground
        .ask(store.ledger(&LedgerFilter { limit: u32::MAX, ..LedgerFilter::default() }))
        .await
        .unwrap_or_default();
    let mut runs = Vec::new();
    for row in &rows {
        if !row.status.is_terminal() {
            wrong.push(format!("{} has not ended: {row:?}", row.execution_id));
        }
        match ground.ask(crate::load(&**store, &row.execution_id)).await {
            Ok(loaded) => runs.push(loaded),
            Err(error) => wrong.push(format!("{}: {error}", row.execution_id)),
        }
    }
    if let Ok(stale) = world.ground.stale_writes.lock() {
        wrong.extend(stale.iter().map(|write| format!("a write with a stale fence: {write}")));
    }
    let known: BTreeSet<&str> = rows.iter().map(|row| row.execution_id.as_str()).collect();
    if let Ok(acknowledged) = world.ground.acknowledged.lock() {
        for id in acknowledged.iter().filter(|id| !known.contains(id.as_str())) {
            wrong.push(format!("{id} was acknowledged, and is lost"));
        }
    }
    for (run, events) in &runs {
        history(run, events, &mut wrong);
        groups::check(run, events, &mut wrong);
    }
    keys(&runs, &mut wrong);
    locks::check(&runs, &mut wrong);
    if let Some(crew) = &world.crew {
        crew.check(&runs, &mut wrong);
    }
    let mut set_aside = 0;
    for (run, events) in &runs {
        let letter = ground.ask(store.record(Kind::DeadLetter, &run.execution_id)).await.ok().flatten();
        let class = letter.and_then(|letter| Some(letter.value.get("class")?.as_str()?.to_owned()));
        set_aside += usize::from(class.as_deref() == Some("lost"));
        poison(world.seed, run, events, class.as_deref(), &mut wrong);
    }
    if let Ok(checkpoints) = ground.wrong_checkpoints.lock() {
        wrong.extend(checkpoints.iter().cloned());
    }
    fires(world, &ledger, &runs, &mut wrong).await;
    let named = runs.iter().filter(|(run, _)| wrong.iter().any(|wrong| wrong.contains(&run.execution_id)));
    let journals = named.map(|(run, events)| journal(run, events)).collect();
    Report { wrong, journals, runs: rows.len(), fires: ledger.len(), crashes: world.crashes, set_aside }
}

/// Writes the journal of a run as text.
fn journal(run: &NewRun, events: &[Event]) -> String {
    let mut lines = vec![format!("{}: {}", run.execution_id, run.job.text())];
    lines.extend(events.iter().map(|event| serde_json::to_string(event).unwrap_or_default()));
    lines.join("\n  ")
}

/// A step that kills its process does so three times. Then its run becomes a dead letter, unless it has ended
/// before.
fn poison(seed: u64, run: &NewRun, events: &[Event], class: Option<&str>, wrong: &mut Vec<String>) {
    let id = &run.execution_id;
    let Ok(state) = RunState::replay(run.clone(), events) else { return };
    for step in &state.steps {
        if !is_poison(seed, id, &step.path) || workers::is_of_worker(run, &step.path) {
            continue;
        }
        let key = StepKey::from(&*step.path);
        let step = &step.path;
        let count = |wanted: fn(&Event) -> bool| {
            events.iter().filter(|event| event.step() == Some(&key) && wanted(event)).count()
        };
        let begun = count(|event| matches!(event, Event::StepStarted { .. }));
        let lost = count(|event| matches!(event, Event::AttemptLost { .. }));
        // Its group may stop an attempt before it kills the process.
        let stopped = count(|event| matches!(event, Event::StepEnded { .. }));
        if begun - stopped > 3 {
            wrong.push(format!("{id}: the step {step} kills its process, and began {begun} times, of which {stopped} were stopped"));
        }
        // The dead letter of a group has the class of the group.
        let alone = !run.job.all_steps().any(|step| step.group.is_some());
        if lost == 3 && class != Some("lost") && alone {
            wrong.push(format!("{id}: the step {step} was lost three times; its dead letter says {class:?}"));
        }
    }
}

/// The record of a run must be a possible one, and no finished step may run again.
fn history(run: &NewRun, events: &[Event], wrong: &mut Vec<String>) {
    let id = &run.execution_id;
    if let Err(error) = RunState::replay(run.clone(), events) {
        wrong.push(format!("{id}: {error}"));
    }
    let restarts = run.job.retry.as_ref().is_some_and(|retry| retry.from == RetryFrom::Start);
    let mut finished = BTreeMap::new();
    for event in events {
        if let Event::StepEnded { step, end, .. } = event
            && end.outcome.is_success()
        {
            *finished.entry(step.clone()).or_insert(0) += 1;
        }
    }
    // The `finally` of a group runs once per try of what contains the group.
    let group_retries = run.job.all_steps().any(|step| step.group.is_some() && step.retry.is_some());
    let most = |step: &StepKey| match step.path(&run.job).ends_with("_end") {
        true if group_retries || run.job.retry.is_some() => 8,
        _ if restarts => 2,
        _ => 1,
    };
    for (step, times) in finished.into_iter().filter(|(step, times)| *times > most(step)) {
        wrong.push(format!("{id}: step {step} succeeded {times} times"));
    }
}

/// The number of concurrent runs with a key must never exceed its limit, from begin to end.
fn keys(runs: &[(NewRun, Vec<Event>)], wrong: &mut Vec<String>) {
    let mut changes: HashMap<&str, Vec<(Timestamp, i32, u32)>> = HashMap::new();
    for (run, events) in runs {
        let Some(Concurrency { key, limit, .. }) = &run.job.concurrency else { continue };
        let state = RunState::replay(run.clone(), events).ok();
        let Some((begin, end)) = state.and_then(|state| state.started_at.zip(state.ended_at)) else {
            continue;
        };
        let changes = changes.entry(key).or_default();
        changes.push((begin, 1, *limit));
        changes.push((end, -1, *limit));
    }
    for (key, mut changes) in changes {
        // Ends sort before begins: a slot may pass on within one instant.
        changes.sort_by_key(|(at, change, _)| (*at, *change));
        let most = changes.iter().map(|(_, _, limit)| *limit).max().unwrap_or(0);
        let mut held = 0;
        for (at, change, _) in changes {
            held += change;
            if held > i32::try_from(most).unwrap_or(i32::MAX) {
                wrong.push(format!("{held} runs hold the key {key} at {at}; {most} may"));
                return;
            }
        }
    }
}

/// Each nominal fire must have exactly one row, and each row at most one run.
async fn fires(world: &World, ledger: &[LedgerRow], runs: &[(NewRun, Vec<Event>)], wrong: &mut Vec<String>) {
    for (job, made) in world.jobs.iter().zip(&world.made) {
        let (Some(schedule), Some(made)) = (&job.schedule, made) else { continue };
        let zone = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        let Ok(timetable) = Timetable::new(&job.id, schedule, zone, &Calendars::new(), *made) else {
            continue;
        };
        let Ok(Some(row)) = world.ground.ask(world.ground.store.schedule(&job.id)).await else {
            wrong.push(format!("the schedule of {} is gone", job.id));
            continue;
        };
        let mut expected = BTreeSet::new();
        let mut after = *made;
        while let Some(group) = timetable.next(after) {
            let Some(at) = group.first().map(|first| first.at).filter(|at| *at <= row.cursor) else { break };
            expected.extend(group.iter().map(|nominal| nominal.name()));
            after = at;
        }
        let found: BTreeSet<String> =
            ledger.iter().filter(|row| row.job_id == job.id).map(|row| row.nominal.clone()).collect();
        for nominal in expected.symmetric_difference(&found) {
            let what = if expected.contains(nominal) { "has no row" } else { "has a row, and is no fire" };
            wrong.push(format!("the fire {nominal} of {} {what}", job.id));
        }
    }
    let mut of_fire: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (run, _) in runs {
        if let Source::Schedule { nominal } = &run.source {
            of_fire.entry((run.job.id.clone(), nominal.clone())).or_default().push(&run.execution_id);
        }
    }
    for row in ledger {
        let runs = of_fire.remove(&(row.job_id.clone(), row.nominal.clone())).unwrap_or_default();
        let named: Vec<&str> = row.execution_id.as_deref().into_iter().collect();
        if runs != named {
            wrong.push(format!(
                "the fire {} of {} has the runs {runs:?}; its row says {named:?}",
                row.nominal, row.job_id
            ));
        }
    }
    wrong.extend(
        of_fire.into_iter().map(|(fire, runs)| format!("the runs {runs:?} of the fire {fire:?} have no row")),
    );
}

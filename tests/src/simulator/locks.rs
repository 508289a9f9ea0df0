//! Jobs with locks: a back end of locks that all processes share, and what must hold for the runs that use it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell::engine::StoreError;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::lock::{
    Answer, Change, Check, Command, EventRow, ListFilter, LockError, LockView, Locks, MemoryLocks, Meter,
    Mode, Name, ProjectTickets,
};
use stepwell::engine::run::{Event, LockPlace, RunState, apply};
use stepwell::engine::store::NewRun;
use tokio::sync::broadcast;

use super::Random;
use super::faults::{Broken, Faulty};

/// The locks as one process sees them: its calls fail and stall as those of its store do.
pub struct FaultyLocks {
    pub shared: Arc<MemoryLocks>,
    pub process: Arc<Faulty>,
    pub broken: Option<Broken>,
}

impl FaultyLocks {
    async fn enter(&self, writes: bool) -> Result<(), LockError> {
        self.process.enter(writes).await.map_err(unavailable)
    }
}

fn unavailable(error: StoreError) -> LockError {
    LockError::Unavailable(error.to_string())
}

#[async_trait]
impl Locks for FaultyLocks {
    async fn run(&self, project: &str, mut command: Command, at: Timestamp) -> Result<Answer, LockError> {
        self.enter(true).await?;
        if let (Some(Broken::LooseLocks), Command::Acquire(request)) = (self.broken, &mut command) {
            request.wants.iter_mut().for_each(|want| want.mode = Mode::Shared);
        }
        let answer = self.shared.run(project, command, at).await;
        // The command stands, but the process does not learn of it.
        self.process.leave(()).await.map_err(|error| LockError::Failed(error.to_string()))?;
        answer
    }

    async fn ticket(&self, project: &str, id: &str) -> Result<Answer, LockError> {
        self.enter(false).await?;
        self.shared.ticket(project, id).await
    }

    async fn check(&self, project: &str, name: &Name, token: u64, at: Timestamp) -> Result<Check, LockError> {
        self.enter(false).await?;
        self.shared.check(project, name, token, at).await
    }

    async fn show(&self, project: &str, name: &Name, at: Timestamp) -> Result<LockView, LockError> {
        self.enter(false).await?;
        self.shared.show(project, name, at).await
    }

    async fn list(
        &self,
        project: &str,
        filter: &ListFilter,
        at: Timestamp,
    ) -> Result<Vec<LockView>, LockError> {
        self.enter(false).await?;
        self.shared.list(project, filter, at).await
    }

    async fn events(&self, project: &str, after: u64, limit: u32) -> Result<Vec<EventRow>, LockError> {
        self.shared.events(project, after, limit).await
    }

    async fn tick(&self, at: Timestamp, limit: u32) -> Result<Option<Timestamp>, LockError> {
        self.enter(true).await?;
        self.shared.tick(at, limit).await
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.shared.changes()
    }

    async fn projects(&self) -> Result<Vec<ProjectTickets>, LockError> {
        self.enter(false).await?;
        self.shared.projects().await
    }

    fn measure(&self, meter: Arc<dyn Meter>) {
        self.shared.measure(meter);
    }
}

/// Gives locks to some places of a job.
pub fn add(job: &mut Value, mut random: Random) {
    if !random.once_in(3) {
        return;
    }
    if random.once_in(3) {
        job["locks"] = locks(&mut random, 1);
    }
    for step in job["steps"].as_array_mut().into_iter().flatten() {
        add_to_step(step, &mut random, 4);
    }
}

fn add_to_step(step: &mut Value, random: &mut Random, depth: u64) {
    if step["type"] != "approval" && !step["type"].is_null() && random.once_in(3) {
        step["locks"] = locks(random, depth);
    }
    for list in ["parallel_steps", "steps"] {
        for inner in step.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            add_to_step(inner, random, depth + 1);
        }
    }
}

/// Returns one or two locks. Names differ by depth, so that a run does not wait for itself; runs can wait for each
/// other in a circle, since steps of one depth take their locks in any order.
fn locks(random: &mut Random, depth: u64) -> Value {
    let first = random.below(3);
    let wait = ["0s", "20s", "3m", "2h"][usize::try_from(random.below(4)).unwrap_or(0)];
    let on_timeout = if random.once_in(3) { "skip" } else { "fail" };
    let mut lock = |name: u64| {
        let mode = if random.once_in(3) { "shared" } else { "exclusive" };
        json!({"name": format!("l{depth}{name}"), "as": format!("lock_{depth}_{name}"), "mode": mode})
    };
    let mut locks = vec![lock(first)];
    if first == 0 {
        locks.push(lock(1));
    }
    locks[0]["wait"] = wait.into();
    locks[0]["on_timeout"] = on_timeout.into();
    locks.into()
}

/// A hold of a lock: from the first attempt that began with it to the end of the last one.
struct Hold {
    run: String,
    mode: Mode,
    from: Timestamp,
    to: Timestamp,
    /// Whether the lease expired, so that the attempt may have lasted longer than the hold.
    lost: bool,
}

/// Adds the violations of the locks of all runs: two holders of an exclusive lock, and tokens that repeat.
pub fn check(runs: &[(NewRun, Vec<Event>)], wrong: &mut Vec<String>) {
    let mut holds: BTreeMap<(Name, u64), Hold> = BTreeMap::new();
    for (run, events) in runs.iter().filter(|(run, _)| run.job.plan().has_locks()) {
        of_run(run, events, &mut holds, wrong);
    }
    let mut by_name: BTreeMap<&Name, Vec<(u64, &Hold)>> = BTreeMap::new();
    for ((name, token), hold) in &holds {
        by_name.entry(name).or_default().push((*token, hold));
    }
    let tokens: BTreeSet<u64> = holds.keys().map(|(_, token)| *token).collect();
    if tokens.len() < holds.len() {
        wrong.push("a token was handed out twice".to_owned());
    }
    for (name, holds) in by_name {
        // The journal has the time of the request, and not of the grant, for a lock that no attempt used.
        let held = holds.iter().filter(|(_, hold)| !hold.lost && hold.from < hold.to);
        let held: Vec<&(u64, &Hold)> = held.collect();
        for (i, (token, hold)) in held.iter().enumerate() {
            for (later, other) in &held[i + 1..] {
                let apart = hold.to <= other.from;
                if !apart && hold.mode.conflicts(other.mode) {
                    wrong.push(format!(
                        "{} holds {name} with token {later} from {}, and {} with token {token} until {}",
                        other.run, other.from, hold.run, hold.to
                    ));
                }
            }
        }
    }
}

/// Follows a run, and adds its holds.
fn of_run(run: &NewRun, events: &[Event], holds: &mut BTreeMap<(Name, u64), Hold>, wrong: &mut Vec<String>) {
    let mut state = RunState::new(run.clone());
    let mut held: BTreeMap<LockPlace, Vec<(Name, u64)>> = BTreeMap::new();
    let id = &run.execution_id;
    for event in events {
        let place = event.step().and_then(|key| state.position(key));
        match event {
            Event::LocksTaken { locks, at, .. } => {
                for lock in locks {
                    let hold = Hold { run: id.clone(), mode: lock.mode, from: *at, to: *at, lost: false };
                    if holds.insert((lock.name.clone(), lock.token), hold).is_some() {
                        wrong.push(format!(
                            "{id}: token {} of {} was handed out before",
                            lock.token, lock.name
                        ));
                    }
                }
                let keys = locks.iter().map(|lock| (lock.name.clone(), lock.token)).collect();
                held.insert(place, keys);
            }
            Event::LocksLost { .. } => {
                for key in held.remove(&place).unwrap_or_default() {
                    holds.entry(key).and_modify(|hold| hold.lost = true);
                }
            }
            Event::StepStarted { at, .. } | Event::StepEnded { at, .. } => {
                let begins = matches!(event, Event::StepStarted { .. });
                let around =
                    held.iter().filter(|(of, _)| place.is_some_and(|step| state.is_within(step, **of)));
                for key in around.flat_map(|(_, keys)| keys) {
                    holds.entry(key.clone()).and_modify(|hold| {
                        // The first attempt begins after the grant, whatever the time of the request was.
                        if begins && hold.to <= hold.from {
                            hold.from = *at;
                        }
                        hold.to = hold.to.max(*at);
                    });
                }
            }
            _ => {}
        }
        if apply(&mut state, event).is_err() {
            return;
        }
        held.retain(|place, _| state.locking(*place).is_some());
    }
}

//! Workers outside of the processes: they take the work of `worker` steps, renew its lease, end it, die with it, and
//! end it too late with an old fence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::engine::StoreError;
use stepwell::engine::clock::Clock;
use stepwell::engine::run::{Event, RunState, RunStatus};
use stepwell::engine::store::{Kind, NewRun};
use stepwell::{Claimed, Host, HostError, NewWorker, WorkItem, WorkResult};
use tokio::time::{sleep, timeout};

use super::faults::Ground;
use super::groups::output;
use super::world::{audit, salt};
use super::{Random, VirtualClock};

/// The time after which a worker takes a request for lost.
const PATIENCE: Duration = Duration::from_secs(8);
/// The requests with which a worker tries to end work.
const TRIES: usize = 5;

/// The workers, and what they know.
pub struct Crew {
    seed: u64,
    clock: VirtualClock,
    ground: Arc<Ground>,
    hosts: Mutex<Vec<Host>>,
    /// The capacity of each worker.
    capacities: Mutex<BTreeMap<String, u32>>,
    /// The leases that workers got: run, step and fence.
    leases: Mutex<BTreeSet<(String, String, u64)>>,
    /// Those that ended with a success that was acknowledged.
    done: Mutex<Vec<(String, String, u64)>>,
    wrong: Mutex<Vec<String>>,
}

impl Crew {
    /// Starts the workers.
    pub fn start(seed: u64, clock: VirtualClock, ground: Arc<Ground>) -> Arc<Self> {
        let crew = Arc::new(Self {
            seed,
            clock,
            ground,
            hosts: Mutex::default(),
            capacities: Mutex::default(),
            leases: Mutex::default(),
            done: Mutex::default(),
            wrong: Mutex::default(),
        });
        for number in 0..3 {
            tokio::spawn(crew.clone().worker(number));
        }
        crew
    }

    /// Sets the processes that workers reach.
    pub fn reach(&self, hosts: Vec<Host>) {
        self.hosts.lock().map(|mut known| *known = hosts).ok();
    }

    fn host(&self, random: &mut Random) -> Option<Host> {
        let hosts = self.hosts.lock().ok()?;
        hosts.get(usize::try_from(random.below(hosts.len() as u64)).ok()?).cloned()
    }

    fn note_wrong(&self, wrong: String) {
        self.wrong.lock().map(|mut all| all.push(wrong)).ok();
    }

    /// One worker after the other: each takes work until it vanishes.
    async fn worker(self: Arc<Self>, number: u64) {
        let mut random = Random::new(salt(self.seed, &format!("worker/{number}")));
        let mut id: Option<String> = None;
        loop {
            sleep(Duration::from_millis(100 + random.below(900))).await;
            let Some(host) = self.host(&mut random) else { continue };
            let Some(worker) = id.clone() else {
                id = self.register(&host, number, 1 + u32::try_from(random.below(3)).unwrap_or(0)).await;
                continue;
            };
            let (caller, remote) = (host.access().command(None), host.remote_workers());
            let poll = remote.poll(&caller, &worker, 1_000, Duration::from_secs(random.below(6)));
            match timeout(PATIENCE, poll).await {
                Ok(Ok(items)) => {
                    for item in items {
                        self.taken(&item);
                        tokio::spawn(self.clone().work(worker.clone(), item));
                    }
                }
                Ok(Err(HostError::Store(StoreError::NoRecord(..)))) => id = None,
                // The answer is lost, and perhaps work with it.
                Ok(Err(_)) | Err(_) => {}
            }
            if random.once_in(40) {
                id = None;
            }
        }
    }

    async fn register(&self, host: &Host, number: u64, capacity: u32) -> Option<String> {
        let functions = vec!["f0".to_owned(), "f1".to_owned()];
        let new = NewWorker { name: format!("w{number}"), functions, capacity };
        let (caller, remote) = (host.access().command(None), host.remote_workers());
        let registered = timeout(PATIENCE, remote.register(&caller, new, audit(host))).await.ok()?.ok()?;
        self.capacities.lock().ok()?.insert(registered.worker.clone(), capacity);
        Some(registered.worker)
    }

    /// Notes a lease. No two workers get the same one.
    fn taken(&self, item: &WorkItem) {
        let lease = (item.run.clone(), item.step.clone(), item.fence);
        if !self.leases.lock().is_ok_and(|mut leases| leases.insert(lease)) {
            self.note_wrong(format!(
                "{}: two workers have the lease {} of {}",
                item.run, item.fence, item.step
            ));
        }
    }

    /// Does work as the seed decides.
    async fn work(self: Arc<Self>, worker: String, item: WorkItem) {
        let mut random = Random::new(salt(self.seed, &format!("{}/{}", item.work, item.fence)));
        let failed =
            |retryable| WorkResult::Failed { code: String::new(), message: "no".to_owned(), retryable };
        let completed = WorkResult::Completed {
            output: output(&item.step),
            summary: summary(item.fence),
            variables: serde_json::Map::new(),
        };
        let kind = random.below(10);
        let is_needed = match kind {
            // It dies.
            0 => false,
            // It stalls without a heartbeat, perhaps for longer than its lease.
            1 | 2 => {
                sleep(Duration::from_secs(10 + random.below(40))).await;
                true
            }
            _ => {
                let longest = if random.once_in(4) { 30_000 } else { 2_000 };
                let time = Duration::from_millis(random.below(longest));
                self.beat(&mut random, &worker, &item, time).await
            }
        };
        let result = match kind {
            3 => failed(true),
            4 if random.once_in(3) => failed(false),
            _ => completed,
        };
        if is_needed {
            // Without a heartbeat, the worker knows the end of its lease.
            let until = matches!(kind, 1 | 2).then_some(item.lease_until);
            self.end(&mut random, (&worker, &item), result, until).await;
        }
    }

    /// Sends heartbeats for a time. Returns whether the work is still needed.
    async fn beat(&self, random: &mut Random, worker: &str, item: &WorkItem, time: Duration) -> bool {
        let mut left = time;
        loop {
            let part = left.min(Duration::from_secs(4));
            sleep(part).await;
            left -= part;
            if left.is_zero() {
                return true;
            }
            let Some(host) = self.host(random) else { continue };
            let claimed = Claimed { worker, work: &item.work, fence: item.fence };
            let (caller, remote) = (host.access().command(None), host.remote_workers());
            match timeout(PATIENCE, remote.heartbeat(&caller, claimed)).await {
                Ok(Ok(beat)) if beat.cancelled => return false,
                Ok(Err(HostError::Refused(_) | HostError::Store(StoreError::NoRecord(..)))) => return false,
                _ => {}
            }
        }
    }

    /// Ends work. An end after the lease is refused.
    async fn end(
        &self,
        random: &mut Random,
        (worker, item): (&str, &WorkItem),
        result: WorkResult,
        until: Option<stepwell::engine::clock::Timestamp>,
    ) {
        for _ in 0..TRIES {
            let Some(host) = self.host(random) else { continue };
            let claimed = Claimed { worker, work: &item.work, fence: item.fence };
            let is_late = until.is_some_and(|until| until <= self.clock.now());
            let (caller, remote) = (host.access().command(None), host.remote_workers());
            match timeout(PATIENCE, remote.end(&caller, claimed, result.clone())).await {
                Ok(Ok(())) if is_late => {
                    let (run, step, fence) = (&item.run, &item.step, item.fence);
                    return self.note_wrong(format!("{run}: the late end {fence} of {step} is accepted"));
                }
                Ok(Ok(())) => {
                    if matches!(result, WorkResult::Completed { .. }) {
                        let lease = (item.run.clone(), item.step.clone(), item.fence);
                        self.done.lock().map(|mut done| done.push(lease)).ok();
                    }
                    return;
                }
                Ok(Err(
                    HostError::Refused(_)
                    | HostError::Argument(..)
                    | HostError::Store(StoreError::NoRecord(..)),
                )) => return,
                // The answer is lost, or the store is not there.
                Ok(Err(_)) | Err(_) => sleep(Duration::from_secs(1)).await,
            }
        }
    }

    /// Checks that no worker has more work than its capacity.
    pub async fn look(&self) -> Vec<String> {
        let capacities = self.capacities.lock().map(|known| known.clone()).unwrap_or_default();
        let mut wrong = Vec::new();
        for (worker, capacity) in capacities {
            let count = self.ground.ask(self.ground.store.count(Kind::WorkLease, &worker)).await;
            if count.is_ok_and(|count| count > u64::from(capacity)) {
                wrong.push(format!("{worker} has more than {capacity} items of work"));
            }
        }
        wrong
    }

    /// Checks that no work outlives its run for longer than housekeeping takes to find it.
    pub async fn look_for_leftovers(&self) -> Vec<String> {
        let left = async || {
            let mut left = Vec::new();
            for kind in [Kind::OpenWork, Kind::WorkLease, Kind::WorkEnd] {
                let found = self.ground.ask(self.ground.store.records(kind, None, "", 100)).await;
                left.extend(
                    found.unwrap_or_default().into_iter().map(|record| format!("{kind:?} {}", record.id)),
                );
            }
            left
        };
        for _ in 0..3 {
            if left().await.is_empty() {
                return Vec::new();
            }
            sleep(Duration::from_secs(310)).await;
        }
        left().await.into_iter().map(|left| format!("work outlives its run: {left}")).collect()
    }

    /// Adds the violations of runs with workers: a step succeeds only with a lease that a worker had, and a success that
    /// was acknowledged is in the record of its run.
    pub fn check(&self, runs: &[(NewRun, Vec<Event>)], wrong: &mut Vec<String>) {
        wrong.extend(self.wrong.lock().map(|wrong| wrong.clone()).unwrap_or_default());
        let leases = self.leases.lock().map(|leases| leases.clone()).unwrap_or_default();
        let done = self.done.lock().map(|done| done.clone()).unwrap_or_default();
        for (run, events) in runs {
            let id = &run.execution_id;
            let ends: Vec<(String, &str)> = events.iter().filter_map(|event| success(run, event)).collect();
            let is_known = |step: &str, fence: u64| leases.contains(&(id.clone(), step.to_owned(), fence));
            for (step, said) in ends.iter().filter(|(step, _)| is_of_worker(run, step)) {
                let fence = said.strip_prefix("fence ").and_then(|fence| fence.parse().ok());
                if !fence.is_some_and(|fence| is_known(step, fence)) {
                    wrong.push(format!("{id}: the step {step} succeeded without a worker: {said}"));
                }
            }
            // A run that is cancelled, a group that stops, and a run that loses its locks need no result.
            let is_plain = run.job.locks.is_empty()
                && run.job.all_steps().all(|step| step.group.is_none() && step.locks.is_empty());
            let status = RunState::replay(run.clone(), events).map(|state| state.status);
            if !is_plain || !matches!(status, Ok(RunStatus::Success | RunStatus::Failed)) {
                continue;
            }
            for (_, step, fence) in done.iter().filter(|(of, _, _)| of == id) {
                if !ends.iter().any(|(found, said)| found == step && *said == summary(*fence)) {
                    wrong.push(format!("{id}: the result {fence} of {step} was acknowledged, and is lost"));
                }
            }
        }
    }
}

fn summary(fence: u64) -> String {
    format!("fence {fence}")
}

/// Returns the path and the summary of a step that has succeeded.
fn success<'e>(run: &NewRun, event: &'e Event) -> Option<(String, &'e str)> {
    match event {
        Event::StepEnded { step, end, .. } if end.outcome.is_success() => {
            Some((step.path(&run.job), end.produced.summary.as_str()))
        }
        _ => None,
    }
}

/// Returns whether a worker does the step with this path.
pub fn is_of_worker(run: &NewRun, path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    let id = last.split('[').next().unwrap_or(last);
    run.job.all_steps().any(|step| step.id == id && step.step_type == "worker")
}

/// Gives some steps of a job to workers.
pub fn add(job: &mut Value, mut random: Random) {
    add_to(&mut job["steps"], &mut random);
}

fn add_to(steps: &mut Value, random: &mut Random) {
    for step in steps.as_array_mut().into_iter().flatten() {
        for below in ["parallel_steps", "steps"] {
            if step.get(below).is_some() {
                add_to(&mut step[below], random);
            }
        }
        if step["type"] != "wait" || random.once_in(2) {
            continue;
        }
        let Some(map) = step.as_object_mut() else { continue };
        map.remove("for");
        map.insert("type".to_owned(), json!("worker"));
        map.insert("function".to_owned(), json!(format!("f{}", random.below(2))));
        map.insert("wait".to_owned(), json!("90s"));
        if random.once_in(4) {
            map.insert("timeout".to_owned(), json!("20s"));
        }
        if random.once_in(6) {
            map.insert("on_lost".to_owned(), json!("fail"));
        }
    }
}

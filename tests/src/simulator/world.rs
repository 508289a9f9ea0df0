//! The processes and jobs of a simulation, and the events that affect them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::job::Job;
use stepwell::engine::lock::{Answer, ListFilter, Locks};
use stepwell::engine::policy::Policy;
use stepwell::engine::queue::QueueFile;
use stepwell::engine::run::{Admission, RunState, RunStatus};
use stepwell::engine::step::Report;
use stepwell::engine::store::{Audit, Expect, RunFilter, RunRow};
use stepwell::engine::{
    FailureKind, JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner,
};
use stepwell::sandbox::Sandbox;
use stepwell::{Cause, Decided, Host};

use super::faults::{Faulty, Ground};
use super::groups::output;
use super::locks::{self, FaultyLocks};
use super::workers::{self, Crew};
use super::{Random, VirtualClock};

/// A simulated process.
pub struct Process {
    pub host: Host,
    store: Arc<Faulty>,
}

/// The whole simulation.
pub struct World {
    pub seed: u64,
    pub random: Random,
    pub clock: VirtualClock,
    pub ground: Arc<Ground>,
    sandbox: Arc<Sandbox>,
    processes: Vec<Process>,
    pub jobs: Vec<Arc<Job>>,
    pub crashes: usize,
    pub wrong: Vec<String>,
    /// The time at which each job's schedule was created, as acknowledged.
    pub made: Vec<Option<Timestamp>>,
    /// The workers outside of the processes, in one of four seeds.
    pub crew: Option<Arc<Crew>>,
    /// Runs that wait without a cause, and the time since which the check has seen that.
    idle: BTreeMap<String, (RunRow, Timestamp)>,
}

/// The time for which a run may wait without a cause: the cause may just have ended, and processes may
/// be stalled.
const IDLE: chrono::Duration = chrono::Duration::seconds(45);

/// A step that acts according to the seed: it works for a while, saves a checkpoint, fails, parks, or is
/// cancelled. Some steps kill their process on each attempt.
struct Pretender {
    seed: u64,
    ground: Arc<Ground>,
    process: Arc<Faulty>,
}

pub fn salt(seed: u64, name: &str) -> u64 {
    name.bytes().fold(seed, |salt, byte| salt.wrapping_mul(31) ^ u64::from(byte))
}

/// Returns whether each attempt of that step kills its process.
pub fn is_poison(seed: u64, execution_id: &str, step_id: &str) -> bool {
    Random::new(salt(seed, &format!("{execution_id}/{step_id}/poison"))).once_in(40)
}

impl Pretender {
    async fn checkpoint(&self, request: &StepRequest, data: String) {
        let (run, step) = (&request.execution_id, &request.step_id);
        self.ground.note_checkpoint(run, step, &data, false);
        let (saved, answer) = tokio::sync::oneshot::channel();
        request.sink.send(Report::Checkpoint { data: data.clone(), saved }).await;
        if let Ok(Ok(())) = answer.await {
            self.ground.note_checkpoint(run, step, &data, true);
        }
    }
}

#[async_trait]
impl StepRunner for Pretender {
    async fn run(&self, request: StepRequest) -> StepEnd {
        let name = format!("{}/{}/{}", request.execution_id, request.step_id, request.attempt);
        let mut random = Random::new(salt(self.seed, &name));
        // Jobs with a `retry` have even numbers.
        let number = request.job_id.trim_start_matches("job").parse().unwrap_or(0u64);
        let (run, step) = (&request.execution_id, &request.step_id);
        self.ground.check_checkpoint(&request, number.is_multiple_of(2));
        if random.once_in(3) {
            self.checkpoint(&request, name).await;
        }
        let poison = is_poison(self.seed, run, step);
        let longest = if random.once_in(8) { 25_000 } else { 1500 };
        let time = Duration::from_millis(random.below(longest));
        let outcome = tokio::select! {
            biased;
            () = request.cancel.cancelled() => Outcome::Cancelled,
            () = tokio::time::sleep(time), if !poison => match random.below(20) {
                0 | 1 => Outcome::Failed { kind: FailureKind::Unavailable, message: "no".to_owned(), retryable: true },
                2 => Outcome::Failed { kind: FailureKind::Failed, message: "never".to_owned(), retryable: false },
                3 | 4 => Outcome::Parked { after: Duration::from_secs(1 + random.below(20)), reason: "rain".to_owned() },
                _ => Outcome::Succeeded,
            },
            () = tokio::time::sleep(time / 4), if poison => {
                self.process.crash();
                std::future::pending().await
            }
        };
        let produced = match outcome {
            Outcome::Succeeded => Produced { output: output(step), ..Produced::default() },
            _ => Produced::default(),
        };
        StepEnd { outcome, produced, receipt: Receipt::default() }
    }
}

/// Returns a random group: branches, sequences, items, and groups within.
fn group(random: &mut Random, id: &str, may_retry: bool, depth: u64) -> Value {
    let wait = |id: String| json!({"id": id, "type": "wait", "for": 0, "retry": {"max_attempts": 2, "backoff": "2s"}});
    let fan_out = random.once_in(3);
    let mut branches = Vec::new();
    for i in 0..1 + random.below(3) {
        let own = format!("{id}{i}");
        branches.push(match random.below(4) {
            0 if depth < 2 => group(random, &own, may_retry, depth + 1),
            1 if !fan_out => json!({"id": own, "steps": [wait(format!("{own}a")), wait(format!("{own}b"))]}),
            2 if depth == 0 && !fan_out => {
                json!({"id": own, "type": "approval", "message": "?", "wait": "30s", "on_timeout": "approve"})
            }
            _ => wait(own),
        });
    }
    let mut group = json!({"id": id, "type": "parallel_group", "parallel_steps": branches,
        "on_failure": pick(random, ["stop", "drain", "go_on"]), "continue_on_failure": random.once_in(3)});
    if fan_out {
        group["for_each"] = json!((0..random.below(4)).collect::<Vec<_>>());
        group["as"] = format!("{id}_item").into();
    }
    if random.once_in(2) {
        group["max_parallel"] = (1 + random.below(3)).into();
    }
    if random.once_in(4) {
        group["finally"] = json!([wait(format!("{id}_end"))]);
    }
    if random.once_in(6) {
        group["timeout"] = "30s".into();
    }
    if may_retry && random.once_in(4) {
        group["retry"] = json!({"max_attempts": 2, "backoff": "1s", "on": ["any"]});
    }
    group
}

impl World {
    pub fn new(
        seed: u64,
        random: Random,
        clock: VirtualClock,
        ground: Arc<Ground>,
        sandbox: Arc<Sandbox>,
    ) -> Self {
        Self {
            seed,
            random,
            clock,
            ground,
            sandbox,
            processes: Vec::new(),
            jobs: Vec::new(),
            crashes: 0,
            wrong: Vec::new(),
            made: Vec::new(),
            crew: None,
            idle: BTreeMap::new(),
        }
    }

    async fn start(&mut self) {
        let store = Arc::new(Faulty::new(self.ground.clone()));
        let queues: QueueFile =
            serde_json::from_value(json!({"default": {"concurrency": 3, "max_parallel": 1 + self.seed % 5}}))
                .unwrap_or_default();
        let host = Host::builder()
            .store(store.clone())
            .locks(Arc::new(FaultyLocks {
                shared: self.ground.locks.clone(),
                process: store.clone(),
                broken: self.ground.broken,
            }))
            .policies(policies())
            .clock(Arc::new(self.clock))
            .sandbox(self.sandbox.clone())
            .runner(Arc::new(Pretender {
                seed: self.seed,
                ground: self.ground.clone(),
                process: store.clone(),
            }))
            .queues(queues)
            .parallel_execution(!self.seed.is_multiple_of(4))
            .build();
        match host {
            Ok(host) => {
                let rate = self.ground.rate.swap(0, Ordering::Relaxed);
                if let Err(error) = host.serve().await {
                    self.wrong.push(format!("a process does not start: {error}"));
                }
                self.ground.rate.store(rate, Ordering::Relaxed);
                self.processes.push(Process { host, store });
                self.tell_workers();
            }
            Err(error) => self.wrong.push(format!("no host: {error}")),
        }
    }

    /// Tells the workers which processes there are.
    fn tell_workers(&self) {
        if let Some(crew) = &self.crew {
            crew.reach(self.processes.iter().map(|process| process.host.clone()).collect());
        }
    }

    /// Returns one of the processes.
    fn any(&mut self) -> Option<Host> {
        let index = usize::try_from(self.random.below(self.processes.len() as u64)).unwrap_or(0);
        self.processes.get(index).map(|process| process.host.clone())
    }

    pub async fn begin(&mut self) {
        if self.seed % 4 == 1 {
            self.crew = Some(Crew::start(self.seed, self.clock, self.ground.clone()));
        }
        for _ in 0..2 {
            self.start().await;
        }
        for index in 0..3 + self.random.below(3) {
            let job = self.job(index);
            let Some(host) = self.any() else { return };
            let stored = host.jobs().put(&job, Expect::Any, audit(&host)).await;
            match stored {
                Ok(stored) => self.made.push(stored.schedule.map(|row| row.made)),
                Err(error) => self.wrong.push(format!("a job is not kept: {error}")),
            }
            self.jobs.push(job);
        }
        self.ground.rate.store(20 + self.random.below(60), Ordering::Relaxed);
    }

    fn job(&mut self, index: u64) -> Arc<Job> {
        let random = &mut self.random;
        let zone = pick(random, ["UTC", "Europe/Berlin", "America/New_York"]);
        let mut steps = Vec::new();
        for step in 0..1 + random.below(3) {
            steps.push(json!({"id": format!("s{step}"), "type": "wait", "for": 0, "retry": {"max_attempts": 3, "backoff": "2s"}}));
        }
        if random.once_in(2) {
            let place = usize::try_from(random.below(steps.len() as u64 + 1)).unwrap_or(0);
            steps.insert(place, group(random, "g", index.is_multiple_of(2), 0));
        }
        if random.once_in(4) {
            let on_timeout = if random.once_in(2) { "approve" } else { "reject" };
            steps.insert(0, json!({"id": "ok", "type": "approval", "message": "?", "wait": "40s", "on_timeout": on_timeout}));
        }
        let mut job = json!({"id": format!("job{index}"), "timezone": zone, "priority": random.below(10), "steps": steps,
            "queue_timeout": if random.once_in(5) { "20s" } else { "24h" }});
        if !random.once_in(3) {
            let mut schedule = match random.below(3) {
                0 => json!({"every": format!("{}s", 3 + random.below(40))}),
                1 => json!({"cron": format!("*/{} * * * * *", 5 + random.below(20))}),
                _ => json!({"cron": "* * * * *"}),
            };
            schedule["overlap"] = pick(random, ["allow", "forbid", "replace"]).into();
            schedule["misfire"] = pick(random, ["skip", "latest", "all"]).into();
            let (gap, overlap) =
                (pick(random, ["skip", "next_valid", "shift"]), pick(random, ["first", "second", "both"]));
            schedule["dst"] = json!({"gap": gap, "overlap": overlap});
            job["schedule"] = schedule;
        }
        if random.once_in(2) {
            let conflict = pick(random, ["queue", "cancel_newest", "cancel_running"]);
            job["concurrency"] = json!({"key": format!("k{}", index % 2), "limit": 1 + random.below(2), "on_conflict": conflict});
        }
        if index.is_multiple_of(2) && !random.once_in(3) {
            let from = if random.once_in(2) { "start" } else { "failed_step" };
            job["retry"] = json!({"max_attempts": 2, "from": from});
        }
        // Their own numbers, so that a seed has the same jobs as it had without locks.
        locks::add(&mut job, Random::new(salt(self.seed, &format!("locks/{index}"))));
        if self.crew.is_some() {
            workers::add(&mut job, Random::new(salt(self.seed, &format!("workers/{index}"))));
        }
        let job: JobDefinition =
            serde_json::from_value(job).unwrap_or_else(|error| panic!("the job is invalid: {error}"));
        Arc::new(job.into())
    }

    /// Causes one random event.
    pub async fn disturb(&mut self) {
        // A process may be dead or its store may be unreachable. In that case the request has no answer.
        let Some(host) = self.any() else { return };
        let limit = Duration::from_secs(2);
        match self.random.below(12) {
            0 => self.crash_one().await,
            1 => {
                let index = usize::try_from(self.random.below(self.processes.len() as u64)).unwrap_or(0);
                let time = Duration::from_secs(self.random.below(40));
                if let Some(process) = self.processes.get(index) {
                    process.store.stall(time);
                    self.crashes += 1;
                }
            }
            2 | 3 => {
                let filter = RunFilter { limit: 30, ..RunFilter::default() };
                let rows = self.ground.ask(self.ground.store.list(&filter)).await.unwrap_or_default();
                let index = usize::try_from(self.random.below(rows.len() as u64)).unwrap_or(0);
                if let Some(row) = rows.get(index) {
                    let _ = tokio::time::timeout(
                        limit,
                        host.runs().cancel(&row.execution_id, "sim", audit(&host)),
                    )
                    .await;
                }
            }
            4 | 5 => self.decide(&host).await,
            6 => {
                let zone = pick(&mut self.random, ["UTC", "Europe/Berlin", "America/New_York"]);
                let paused = self.random.once_in(2).then(|| "sim".to_owned());
                let _ = tokio::time::timeout(limit, host.queues().pause(zone, paused, audit(&host))).await;
            }
            7 => {
                let index = usize::try_from(self.random.below(self.jobs.len() as u64)).unwrap_or(0);
                let paused = self.random.once_in(2).then(|| "sim".to_owned());
                if let Some(job) = self.jobs.get(index) {
                    let _ =
                        tokio::time::timeout(limit, host.schedules().pause(&job.id, paused, audit(&host)))
                            .await;
                }
            }
            _ => {
                let index = usize::try_from(self.random.below(self.jobs.len() as u64)).unwrap_or(0);
                if let Some(job) = self.jobs.get(index).cloned() {
                    let due = self.random.once_in(3).then(|| self.clock.now() + chrono::Duration::seconds(7));
                    let admission = Admission { due, ..Admission::default() };
                    let _ =
                        tokio::time::timeout(limit, host.runs().enqueue(&job, admission, None, None)).await;
                }
            }
        }
    }

    /// Restarts the processes that a step has killed.
    pub async fn replace_the_dead(&mut self) {
        let before = self.processes.len();
        self.processes.retain(|process| !process.store.is_dead());
        for _ in self.processes.len()..before {
            self.crashes += 1;
            self.start().await;
        }
    }

    async fn crash_one(&mut self) {
        let index = usize::try_from(self.random.below(self.processes.len() as u64)).unwrap_or(0);
        if index < self.processes.len() {
            let dead = self.processes.remove(index);
            dead.store.crash();
            self.crashes += 1;
        }
        self.start().await;
    }

    async fn decide(&mut self, host: &Host) {
        let filter = RunFilter { status: Some(RunStatus::Parked), limit: 20, ..RunFilter::default() };
        for row in self.ground.ask(self.ground.store.list(&filter)).await.unwrap_or_default() {
            let approved = !self.random.once_in(4);
            let by =
                Decided { approved, by: "key:sim".to_owned(), roles: vec!["operator"], ..Decided::default() };
            let approvals = host.approvals();
            let decided = approvals.decide(&row.execution_id, "ok", by, audit(host));
            let _ = tokio::time::timeout(Duration::from_secs(2), decided).await;
        }
    }

    /// Checks that no run waits without a cause.
    pub async fn look(&mut self) {
        let rate = self.ground.rate.swap(0, Ordering::Relaxed);
        let filter = RunFilter { limit: 1000, ..RunFilter::default() };
        let now = self.clock.now();
        let mut idle = BTreeMap::new();
        self.look_at_locks(now).await;
        if let Some(crew) = &self.crew {
            self.wrong.extend(crew.look().await);
        }
        for row in self.ground.ask(self.ground.store.list(&filter)).await.unwrap_or_default() {
            let due = row.wakes_at.unwrap_or(row.due_at);
            if row.status.is_terminal() || row.claimed_until.is_some() || due > now {
                continue;
            }
            let Some(process) = self.processes.last() else { continue };
            let runs = process.host.runs();
            let explained = tokio::time::timeout(Duration::from_secs(1), runs.explain(&row.execution_id));
            if !matches!(explained.await, Ok(Ok(explained)) if explained.causes.is_empty()) {
                continue;
            }
            let before = self.idle.remove(&row.execution_id).filter(|(before, _)| *before == row);
            let since = before.map_or(now, |(_, since)| since);
            if now - since >= IDLE {
                self.wrong.push(format!("{} waits without a cause: {row:?}", row.execution_id));
            }
            idle.insert(row.execution_id.clone(), (row, since));
        }
        self.idle = idle;
        self.ground.rate.store(rate, Ordering::Relaxed);
    }

    /// Checks that no lock outlives its run for longer than housekeeping takes to find it.
    async fn look_for_leftovers(&mut self) {
        let filter = ListFilter { limit: 1000, ..ListFilter::default() };
        let left = async || {
            let list = self.ground.locks.list("default", &filter, self.clock.now()).await;
            list.unwrap_or_default()
        };
        if !left().await.is_empty() {
            tokio::time::sleep(Duration::from_secs(620)).await;
        }
        let left = left().await;
        if !left.is_empty() {
            self.wrong.push(format!("locks outlive their runs: {left:?}"));
        }
    }

    /// Returns whether one of these tickets waits.
    async fn still_waits(&self, tickets: &[String], now: Timestamp) -> bool {
        for ticket in tickets {
            let ticket = self.ground.locks.ticket("default", ticket).await;
            if matches!(ticket, Ok(Answer::Waiting { until, .. }) if until > now) {
                return true;
            }
        }
        false
    }

    /// Checks that each run that waits for locks has a cause.
    async fn look_at_locks(&mut self, now: Timestamp) {
        let filter = RunFilter { status: Some(RunStatus::Parked), limit: 1000, ..RunFilter::default() };
        // A lease that has just ended has no holder, and passes on with the next tick.
        let _ = self.ground.locks.tick(now, 1000).await;
        for row in self.ground.ask(self.ground.store.list(&filter)).await.unwrap_or_default() {
            let loaded = self.ground.ask(crate::load(&*self.ground.store, &row.execution_id)).await;
            let Ok((run, events)) = loaded else { continue };
            let Ok(state) = RunState::replay(run, &events) else { continue };
            let tickets: Vec<String> = state.lock_waits().map(|place| state.lock_ticket(place)).collect();
            let waits = self.still_waits(&tickets, now).await;
            let Some(process) = self.processes.last().filter(|_| waits) else { continue };
            let runs = process.host.runs();
            let explained = tokio::time::timeout(Duration::from_secs(1), runs.explain(&row.execution_id));
            let named = |cause: &Cause| matches!(cause, Cause::LockHeld { .. });
            let Ok(Ok(explained)) = explained.await else { continue };
            // The run may have had its locks in the meantime.
            if !explained.causes.iter().any(named) && self.still_waits(&tickets, now).await {
                let causes = explained.causes;
                self.wrong.push(format!("{} waits for a lock without a cause: {causes:?}", row.execution_id));
            }
        }
    }

    /// Ends all faults, resumes paused queues and approves pending approvals. Then everything comes to
    /// its end.
    pub async fn heal(&mut self) {
        self.ground.rate.store(0, Ordering::Relaxed);
        for process in std::mem::take(&mut self.processes) {
            process.store.crash();
        }
        self.start().await;
        let Some(host) = self.any() else { return };
        for job in self.jobs.clone() {
            // Stop new runs, so that the simulation can end.
            let mut definition: Value = serde_json::from_str(job.text()).unwrap_or_default();
            if let Some(map) = definition.as_object_mut()
                && map.remove("schedule").is_some()
            {
                let paused = host.schedules().pause(&job.id, Some("the end".to_owned()), audit(&host)).await;
                if let Err(error) = paused {
                    self.wrong.push(format!("{} is not paused: {error}", job.id));
                }
            }
        }
        for zone in ["UTC", "Europe/Berlin", "America/New_York"] {
            let _ = host.queues().pause(zone, None, audit(&host)).await;
        }
        // Runs of one key go one after another, each with its approval.
        for _ in 0..600 {
            self.replace_the_dead().await;
            let Some(host) = self.any() else { return };
            self.decide(&host).await;
            tokio::time::sleep(Duration::from_secs(30)).await;
            let open = self.ground.ask(self.ground.store.queues(self.clock.now())).await.unwrap_or_default();
            if open.iter().all(|queue| queue.ready + queue.waiting + queue.blocked + queue.running == 0) {
                break;
            }
        }
        self.look_for_leftovers().await;
        if let Some(crew) = &self.crew {
            self.wrong.extend(crew.look_for_leftovers().await);
        }
    }
}

fn pick(random: &mut Random, words: [&'static str; 3]) -> &'static str {
    words[usize::try_from(random.below(3)).unwrap_or(0)]
}

/// Returns the policies: jobs may hold every lock, and call every function of workers.
fn policies() -> Vec<Policy> {
    let text = "policy: 1\nname: locks\nsteps: ['*']\nlocks: {names: ['*']}\nworker: {functions: ['*']}\n";
    Policy::parse("locks.yaml", text, Path::new("")).unwrap_or_else(|problems| panic!("{problems}"))
}

pub fn audit(host: &Host) -> Audit {
    Audit {
        at: host.now(),
        by: "sim".to_owned(),
        name: String::new(),
        action: "sim".to_owned(),
        target: String::new(),
        detail: String::new(),
    }
}

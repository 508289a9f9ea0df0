//! The metrics of a process in the format of Prometheus (OpenMetrics 1.0), and the spans of runs and
//! attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::TimeDelta;
use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::group;
use stepwell_engine::run::RunState;
use stepwell_engine::store::Kind;
use stepwell_engine::trace::{Call, Span, Trace, attempt_span, run_span};
use stepwell_engine::{Outcome, StepEnd, StoreError, project};

use crate::context::Context;
use crate::locks::LockMeasures;
use crate::system::System;
use crate::{HostError, QueueLevel, QueueStatus, process};

type Labels = [(&'static str, String); 1];
type Labels2 = [(&'static str, String); 2];
type Labels3 = [(&'static str, String); 3];
type Float = Gauge<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The counters of a process. Labels are step types, queues, priorities, classes and rules, which have few
/// values.
pub(crate) struct Measures {
    runs: Family<Labels2, Counter>,
    run_seconds: Histogram,
    lateness: Histogram,
    steps: Family<Labels2, Counter>,
    step_seconds: Histograms<Labels>,
    groups: Family<Labels, Counter>,
    group_seconds: Histogram,
    fuel: Family<Labels, Counter>,
    memory: Histograms<Labels>,
    compile: Histogram,
    denials: Family<Labels, Counter>,
    engines: Family<Labels, Counter>,
    engine_fallbacks: Counter,
    retries: Counter,
    dead_letters: Counter,
    lost_claims: Counter,
    lost_attempts: Counter,
    /// The work of `worker` steps, by event.
    work: Family<Labels, Counter>,
    worker_panics: Counter,
    schedule_failures: Counter,
    turns: Histogram,
    renewals: Histogram,
    pub store_seconds: Histograms<Labels>,
    pub store_errors: Family<Labels, Counter>,
    requests: Family<Labels3, Counter>,
    request_seconds: Histograms<Labels2>,
    pub locks: Arc<LockMeasures>,
    /// The queues and priorities that have had ready runs: their series stay, with the value zero.
    levels: Mutex<BTreeSet<(String, u8)>>,
}

/// The buckets for seconds: from one millisecond to nearly three hours.
const SECONDS: [f64; 22] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0,
    500.0, 1000.0, 2000.0, 5000.0, 10000.0,
];

pub(crate) fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn bytes() -> Histogram {
    // The buckets go from 1 MiB to 8 GiB.
    Histogram::new((20..34).map(|power| f64::from(1u32 << (power - 4)) * 16.0))
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            runs: Family::default(),
            run_seconds: seconds(),
            lateness: seconds(),
            steps: Family::default(),
            step_seconds: Family::new_with_constructor(seconds),
            groups: Family::default(),
            group_seconds: seconds(),
            fuel: Family::default(),
            memory: Family::new_with_constructor(bytes),
            compile: seconds(),
            denials: Family::default(),
            engines: Family::default(),
            engine_fallbacks: Counter::default(),
            retries: Counter::default(),
            dead_letters: Counter::default(),
            lost_claims: Counter::default(),
            lost_attempts: Counter::default(),
            work: Family::default(),
            worker_panics: Counter::default(),
            schedule_failures: Counter::default(),
            turns: seconds(),
            renewals: seconds(),
            store_seconds: Family::new_with_constructor(seconds),
            store_errors: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            locks: Arc::default(),
            levels: Mutex::default(),
        }
    }
}

impl Measures {
    fn register(&self, to: &mut Registry) {
        // Series that alerts use exist from the start, so that the first failure is an increase.
        for operation in ["claim", "commit", "fire", "insert", "renew"] {
            drop(self.store_errors.get_or_create(&[("operation", operation.to_owned())]));
        }
        self.register_work(to);
        self.register_faults(to);
        self.locks.register(to);
    }

    /// Adds the metrics of runs, steps and groups.
    fn register_work(&self, to: &mut Registry) {
        let s = Unit::Seconds;
        to.register("runs", "Runs that ended, by status and queue", self.runs.clone());
        to.register_with_unit(
            "run_duration",
            "From start to end of runs",
            s.clone(),
            self.run_seconds.clone(),
        );
        to.register_with_unit("run_lateness", "From due to start of runs", s.clone(), self.lateness.clone());
        to.register("steps", "Attempts that ended, by step type and class of outcome", self.steps.clone());
        to.register_with_unit(
            "step_duration",
            "Attempts, by step type",
            s.clone(),
            self.step_seconds.clone(),
        );
        to.register("groups", "Parallel groups that ended, by class of outcome", self.groups.clone());
        to.register_with_unit(
            "group_duration",
            "From start to end of parallel groups",
            s.clone(),
            self.group_seconds.clone(),
        );
        to.register("step_fuel", "Fuel that attempts used, by step type", self.fuel.clone());
        to.register_with_unit("step_memory", "Memory peaks of attempts", Unit::Bytes, self.memory.clone());
        to.register_with_unit("compile", "Compiling and loading components", s.clone(), self.compile.clone());
        to.register("engine_queries", "Queries over data, by the engine that ran them", self.engines.clone());
        to.register("engine_fallbacks", "Queries that Spark could not run", self.engine_fallbacks.clone());
        to.register("denials", "Refusals by policy, by rule", self.denials.clone());
        to.register("retries", "Attempts beyond the first of a step", self.retries.clone());
    }

    /// Adds the metrics of failures, delays, the store and requests.
    fn register_faults(&self, to: &mut Registry) {
        let s = Unit::Seconds;
        to.register(
            "dead_letters",
            "Runs that failed, timed out or expired, and need attention",
            self.dead_letters.clone(),
        );
        to.register(
            "lost_claims",
            "Runs that another process took over from this one",
            self.lost_claims.clone(),
        );
        to.register(
            "worker_panics",
            "Workers that panicked outside of an attempt, which are faults of Stepwell",
            self.worker_panics.clone(),
        );
        to.register(
            "schedule_failures",
            "Times that the fires of a schedule could not be decided or written; the schedule waits and is tried again",
            self.schedule_failures.clone(),
        );
        to.register("remote_work", "Work for remote workers, by event", self.work.clone());
        to.register("lost_attempts", "Attempts whose worker died while they ran", self.lost_attempts.clone());
        to.register_with_unit(
            "guest_turn",
            "Longest time for which an attempt held a thread without letting others run",
            s.clone(),
            self.turns.clone(),
        );
        to.register_with_unit(
            "renewal_lateness",
            "From when claims were to be renewed until they were",
            s.clone(),
            self.renewals.clone(),
        );
        to.register_with_unit("store", "Calls of the store, by operation", s, self.store_seconds.clone());
        to.register(
            "store_errors",
            "Calls of the store that failed, by operation",
            self.store_errors.clone(),
        );
        to.register(
            "http_requests",
            "Requests that were answered, by method, route and status",
            self.requests.clone(),
        );
        to.register_with_unit(
            "http_request_duration",
            "From a request to its answer, by method and route",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
    }

    pub fn began(&self, state: &RunState, at: Timestamp) {
        self.lateness.observe((at - state.run.scheduled_time).as_seconds_f64().max(0.0));
    }

    pub fn ended(&self, state: &RunState, at: Timestamp, dead: bool) {
        let queue = state.run.queue.clone().unwrap_or_default();
        self.runs.get_or_create(&[("status", state.status.name().to_owned()), ("queue", queue)]).inc();
        if let Some(started) = state.started_at {
            self.run_seconds.observe((at - started).as_seconds_f64().max(0.0));
        }
        if dead {
            self.dead_letters.inc();
        }
    }

    /// Counts a panic of a worker outside an attempt.
    pub fn worker_panicked(&self) {
        self.worker_panics.inc();
    }

    /// Counts an attempt whose worker died while it ran.
    pub fn attempt_lost(&self) {
        self.lost_attempts.inc();
    }

    /// Counts an event of the work of remote workers.
    pub fn work(&self, event: &str) {
        self.work.get_or_create(&[("event", event.to_owned())]).inc();
    }

    pub fn step_ended(&self, step_type: &str, attempt: u32, end: &StepEnd) {
        // A version in the label would create a series per version.
        let step_type = stepwell_engine::reference::type_of(step_type);
        let of = || [("step_type", step_type.to_owned())];
        let class = ("class", end.outcome.class().to_owned());
        self.steps.get_or_create(&[("step_type", step_type.to_owned()), class]).inc();
        let receipt = &end.receipt;
        self.step_seconds.get_or_create(&of()).observe(receipt.run_us as f64 / 1e6);
        self.fuel.get_or_create(&of()).inc_by(receipt.fuel);
        self.memory.get_or_create(&of()).observe(receipt.memory_peak_bytes as f64);
        self.compile.observe(receipt.compile_us as f64 / 1e6);
        self.turns.observe(receipt.longest_turn_us as f64 / 1e6);
        for (rule, count) in &receipt.denials {
            self.denials.get_or_create(&[("rule", rule.clone())]).inc_by(*count);
        }
        if let Outcome::Denied { rule, .. } = &end.outcome
            && !receipt.denials.contains_key(rule)
        {
            self.denials.get_or_create(&[("rule", rule.clone())]).inc();
        }
        if let Some(used) = &receipt.engine {
            let name: &str = used.name.into();
            self.engines.get_or_create(&[("engine", name.to_owned())]).inc();
            self.engine_fallbacks.inc_by(u64::from(used.fell_back));
        }
        if attempt > 1 {
            self.retries.inc();
        }
    }

    /// Records the delay of a renewal of claims.
    pub fn renewed(&self, late: TimeDelta) {
        self.renewals.observe(late.as_seconds_f64().max(0.0));
    }

    pub fn schedule_failed(&self) {
        self.schedule_failures.inc();
    }

    pub fn lost_claim(&self) {
        self.lost_claims.inc();
    }
}

/// Adds gauges, whose values are read at each request for metrics.
pub(crate) fn gauges<
    L: EncodeLabelSet + Clone + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync + 'static,
>(
    to: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, f64)>,
) {
    let family: Family<L, Float> = Family::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    to.register(name, help, family);
}

pub(crate) fn gauge(to: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Float::default();
    gauge.set(value);
    to.register(name, help, gauge);
}

/// Adds the metrics of the queues. An existing series stays, because an alert must see its zero.
fn queue_gauges(to: &mut Registry, queues: &[QueueStatus], levels: &Mutex<BTreeSet<(String, u8)>>) {
    let of = |queue: &QueueStatus| [("queue", queue.queue.clone())];
    let level = |queue: &str, priority: u8| -> Labels2 {
        [("queue", queue.to_owned()), ("priority", priority.to_string())]
    };
    let mut known = levels.lock();
    for queue in queues {
        known.insert((queue.queue.clone(), 0));
        known.extend(queue.levels.iter().map(|level| (queue.queue.clone(), level.priority)));
    }
    let found = |queue: &str, priority: u8| {
        let queue = queues.iter().find(|status| status.queue == queue)?;
        queue.levels.iter().find(|level| level.priority == priority)
    };
    let each_level = |value: fn(&QueueLevel) -> f64| {
        let value = move |(queue, priority): &(String, u8)| {
            (level(queue, *priority), found(queue, *priority).map_or(0.0, value))
        };
        known.iter().map(value).collect::<Vec<_>>()
    };
    gauges(to, "queue_ready", "Runs that are due and could start now", each_level(|l| l.ready as f64));
    gauges(to, "queue_oldest_seconds", "Age of the oldest ready run", each_level(|l| l.oldest_seconds));
    let each = |count: fn(&QueueStatus) -> f64| queues.iter().map(move |queue| (of(queue), count(queue)));
    gauges(to, "queue_closed", "Runs that are due and wait for a window to end", each(|q| q.closed as f64));
    gauges(to, "queue_paused", "Runs that are due and wait in a paused queue", each(|q| q.held as f64));
    gauges(to, "queue_waiting", "Runs that are not due yet", each(|q| q.waiting as f64));
    gauges(to, "queue_blocked", "Runs that wait for their concurrency key", each(|q| q.blocked as f64));
    gauges(
        to,
        "queue_blocked_oldest_seconds",
        "Age of the oldest run that waits for its concurrency key",
        each(|q| q.blocked_oldest_seconds),
    );
    gauges(to, "queue_running", "Runs that run, over all processes", each(|q| q.running as f64));
    gauges(to, "queue_concurrency", "Runs that may run at once", each(|q| f64::from(q.concurrency)));
    gauges(
        to,
        "queue_open",
        "Whether runs of the queue may start: not paused, and in no window",
        each(|q| f64::from(u8::from(q.paused.is_none() && q.closed_until.is_none()))),
    );
}

impl System {
    /// Returns the metrics of this process and of the queues, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn prometheus(&self) -> Result<String, HostError> {
        let now = self.ctx.clock.now();
        let mut registry = Registry::with_prefix("stepwell");
        let to = &mut registry;
        self.ctx.measures.register(to);
        let queues = self.ctx.queues().status().await?;
        queue_gauges(to, &queues, &self.ctx.measures.levels);
        let open = self.ctx.store.count(Kind::DeadLetter, "open").await?;
        gauge(to, "dead_letters_open", "Dead letters that are open", open as f64);
        let next = self.ctx.store.next_schedule(None).await?;
        let lag = next.map_or(0.0, |next| (now - next).as_seconds_f64().max(0.0));
        gauge(to, "scheduler_lag_seconds", "By how much the next schedule is late", lag);
        gauge(to, "claims", "Runs that this process works on", self.ctx.held().len() as f64);
        let leases = self.ctx.node.leases.lock().len();
        gauge(to, "scheduler_leases", "Queues that this process is the scheduler of", leases as f64);
        let circuits =
            self.open_circuits().into_iter().map(|(name, open)| ([("project", name)], open as f64));
        gauges(
            to,
            "circuits_open",
            "Servers to which a project sends no requests, because they fail",
            circuits,
        );
        self.ctx.locks().register(to).await;
        // The other metrics are useful even if the store is unreachable.
        let vitals = self.ctx.store.vitals(now).await.unwrap_or_default();
        let store = |place: &str| [("store", place.to_owned())];
        let ahead = vitals.iter().map(|v| (store(&v.place), v.clock_ahead));
        gauges(to, "store_clock_ahead_seconds", "How far the clock of the store is ahead", ahead);
        let connects = vitals.iter().map(|v| (store(&v.place), v.connects as f64));
        gauges(to, "store_connects", "Sessions that this process has made", connects);
        if let Some((used, limit)) = memory() {
            gauge(to, "memory_bytes", "Memory in use, of the container or the machine", used);
            gauge(to, "memory_limit_bytes", "Memory that there is, of the container or the machine", limit);
        }
        let version: Family<Labels, Float> = Family::default();
        version.get_or_create(&[("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1.0);
        to.register("build_info", "The version of Stepwell", version);
        let mut own = Registry::default();
        if let Some(site) = self.ctx.atlantis.as_ref().filter(|site| site.bridge.settings.features.metrics) {
            site.measures.register(&mut own);
        }
        process::register(&mut own);
        let mut text = String::new();
        text::encode_registry(&mut text, &registry)
            .and_then(|()| text::encode(&mut text, &own))
            .map_err(|error| HostError::Refused(error.to_string()))?;
        Ok(text)
    }

    /// Returns the number of open circuit breakers of each project. An alert must see the zeros.
    fn open_circuits(&self) -> BTreeMap<String, usize> {
        let settings = self.ctx.settings();
        let names = settings.config.projects.keys().map(String::as_str).chain([project::DEFAULT]);
        let mut open: BTreeMap<String, usize> = names.map(|name| (name.to_owned(), 0)).collect();
        open.extend(self.ctx.sandbox.open_circuits());
        open
    }

    /// Counts an answered request. `route` is the pattern of its path, so there are few of them.
    pub fn request_answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (("method", method.to_owned()), ("route", route.to_owned()));
        let status = ("status", status.to_string());
        self.ctx.measures.requests.get_or_create(&[method.clone(), route.clone(), status]).inc();
        self.ctx.measures.request_seconds.get_or_create(&[method, route]).observe(took.as_secs_f64());
    }
}

impl Context {
    /// Calls the store, and measures the call.
    pub(crate) async fn timed<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let begun = self.clock.now();
        let answer = call.await;
        let of = [("operation", operation.to_owned())];
        let took = (self.clock.now() - begun).as_seconds_f64().max(0.0);
        self.measures.store_seconds.get_or_create(&of).observe(took);
        if let Err(StoreError::Moved | StoreError::Unavailable(_) | StoreError::Failed(_)) = answer {
            self.measures.store_errors.get_or_create(&of).inc();
        }
        answer
    }

    /// Returns a new trace for a new run, sampled at the rate in the configuration.
    pub(crate) fn new_trace(&self) -> Trace {
        let one_in = self.settings().config.telemetry.sample_one_in.max(1);
        let sampled = self.spans.is_some() && fastrand::u32(0..one_in) == 0;
        Trace { trace_id: fastrand::u128(1..), span_id: 0, sampled }
    }

    /// Returns whether the run is traced.
    pub(crate) fn traced(&self, state: &RunState) -> Option<Trace> {
        state.run.trace.filter(|trace| trace.sampled && self.spans.is_some())
    }

    pub(crate) fn run_ended(&self, state: &RunState, at: Timestamp) {
        let Some((under, spans)) = self.traced(state).zip(self.spans.as_ref()) else { return };
        let run = &state.run;
        spans.take(Span {
            under,
            span_id: run_span(&run.execution_id),
            name: format!("run {}", run.job.id),
            client: false,
            start: run.created_at,
            end: at,
            attributes: vec![
                ("stepwell.run", run.execution_id.clone()),
                ("stepwell.job", run.job.id.clone()),
                ("stepwell.queue", run.queue.clone().unwrap_or_default()),
                ("stepwell.status", state.status.name().to_owned()),
            ],
            error: state.status.is_dead().then(|| state.status.name().to_owned()),
        });
    }

    pub(crate) fn attempt_ended(&self, attempt: &Attempted<'_>, end: &StepEnd, at: Timestamp) {
        let Some((trace, spans)) = self.traced(attempt.state).zip(self.spans.as_ref()) else { return };
        let run = &attempt.state.run;
        let error = (!end.outcome.is_success()).then(|| end.outcome.message());
        spans.take(Span {
            under: trace.below(span_around(attempt.state, attempt.step_id)),
            span_id: attempt_span(&run.execution_id, attempt.step_id, attempt.attempt),
            name: format!("step {}", attempt.step_id),
            client: false,
            start: attempt.begun,
            end: at,
            attributes: vec![
                ("stepwell.run", run.execution_id.clone()),
                ("stepwell.step", attempt.step_id.to_owned()),
                ("stepwell.step_type", attempt.step_type.to_owned()),
                ("stepwell.attempt", attempt.attempt.to_string()),
                ("stepwell.outcome", end.outcome.class().to_owned()),
                ("stepwell.fuel", end.receipt.fuel.to_string()),
                ("stepwell.memory_peak_bytes", end.receipt.memory_peak_bytes.to_string()),
            ],
            error: error.filter(|_| !matches!(end.outcome, Outcome::Parked { .. })),
        });
    }

    /// Records the end of a group, or of one try of it.
    pub(crate) fn group_ended(&self, state: &RunState, group: usize, at: Timestamp) {
        let Some(step) = state.steps.get(group) else { return };
        let class = step.end.as_ref().map_or(step.status.name(), |end| end.outcome.class());
        // Results of an earlier run take no time of this one.
        let start = step.group_started.unwrap_or(at).max(state.started_at.unwrap_or_default());
        self.measures.groups.get_or_create(&[("class", class.to_owned())]).inc();
        self.measures.group_seconds.observe((at - start).as_seconds_f64().max(0.0));
        let Some((trace, spans)) = self.traced(state).zip(self.spans.as_ref()) else { return };
        let run = &state.run;
        let branches = state.group(group).map_or(0, |group| group.branches.len());
        let error =
            step.end.as_ref().filter(|end| !end.outcome.is_success()).map(|end| end.outcome.message());
        spans.take(Span {
            under: trace.below(span_around(state, &step.path)),
            span_id: attempt_span(&run.execution_id, &step.path, step.attempt),
            name: format!("group {}", step.path),
            client: false,
            start,
            end: at,
            attributes: vec![
                ("stepwell.run", run.execution_id.clone()),
                ("stepwell.step", step.path.to_string()),
                ("stepwell.step_type", group::TYPE.to_owned()),
                ("stepwell.attempt", step.attempt.to_string()),
                ("stepwell.outcome", class.to_owned()),
                ("stepwell.branches", branches.to_string()),
            ],
            error,
        });
    }

    pub(crate) fn called(&self, attempt: &Attempted<'_>, call: Call) {
        let Some((trace, spans)) = self.traced(attempt.state).zip(self.spans.as_ref()) else { return };
        let (id, step) = (&attempt.state.run.execution_id, attempt.step_id);
        let start = attempt.begun + chrono::Duration::from_std(call.after).unwrap_or_default();
        spans.take(Span {
            under: trace.below(attempt_span(id, step, attempt.attempt)),
            span_id: call.span_id,
            name: call.name,
            client: true,
            start,
            end: start + chrono::Duration::from_std(call.took).unwrap_or_default(),
            attributes: call.attributes,
            error: call.error,
        });
    }
}

/// Returns the span above a step: that of the group around it, or of the run.
fn span_around(state: &RunState, path: &str) -> u64 {
    let id = &state.run.execution_id;
    let around = state.position_of(path).and_then(|index| state.group_around(index));
    match around.and_then(|group| state.steps.get(group)) {
        Some(group) => attempt_span(id, &group.path, group.attempt),
        None => run_span(id),
    }
}

/// An attempt, with the data for its spans.
pub(crate) struct Attempted<'a> {
    pub state: &'a RunState,
    pub step_id: &'a str,
    pub step_type: &'a str,
    pub attempt: u32,
    pub begun: Timestamp,
}

/// Returns the memory in use and the total memory: of the control group (version 2) if it has a limit,
/// otherwise of the machine. Page cache that the kernel can reclaim does not count.
fn memory() -> Option<(f64, f64)> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let number = |text: String| text.trim().parse::<f64>().ok();
    let group = || {
        let limit = number(read("/sys/fs/cgroup/memory.max")?)?;
        let used = number(read("/sys/fs/cgroup/memory.current")?)?;
        let stat = read("/sys/fs/cgroup/memory.stat")?;
        let cache = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.parse::<f64>().ok());
        Some(((used - cache.unwrap_or(0.0)).max(0.0), limit))
    };
    let machine = || {
        let text = read("/proc/meminfo")?;
        let kib = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        let (total, free) = (kib("MemTotal:")?, kib("MemAvailable:")?);
        Some(((total - free) * 1024.0, total * 1024.0))
    };
    group().or_else(machine)
}

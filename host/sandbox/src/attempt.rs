//! One attempt: a fresh store, the call, its end, and the receipt.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stepwell_engine::contain::contained_future;
use stepwell_engine::policy::Limits;
use stepwell_engine::step::{Deterministic, Report};
use stepwell_engine::trace::Trace;
use stepwell_engine::{Outcome, Produced, Receipt, StepEnd, StepRequest, StepSink, TimeOf, project, weight};
use stepwell_sql::Connections;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi_http::WasiHttpCtx;

use crate::classify;
use crate::compile::{Pace, Prepared};
use crate::engine::YIELD_EVERY_FUEL;
use crate::guest::bindings::Step;
use crate::guest::bindings::exports::stepwell::step::step as wit;
use crate::guest::{Calls, Guest};
use crate::host::calls::Traced;
use crate::host::capability::{Parts, States};
use crate::host::clocks;
use crate::host::context::{Park, RunContext, Saves, on_a_thread};
use crate::host::held::{ByHandle, Held};
use crate::host::http::Outbound;
use crate::host::log::LogBook;
use crate::host::passage::{self, Owed, Passage, Turns};
use crate::host::stdio::Captured;
use crate::host::waiting::Deadline;
use crate::limiter::Limiter;
use crate::mounts::{self, Mounted};
use crate::reached::Reached;
use crate::registry::Registered;
use crate::scratch::Scratch;
use crate::{Sandbox, trap};

/// Maximum bytes of the header fields of one handle. Together with the number of handles, this bounds the
/// fields that the host holds.
const HEADER_FIELD_BYTES: usize = 16 << 10;

/// The inputs of an attempt besides the component.
pub(crate) struct Setup {
    pub project: String,
    pub outbound: Arc<Outbound>,
    pub connections: Arc<Connections>,
    pub scratch: Arc<Scratch>,
    pub context: RunContext,
    pub mounts: Vec<Mounted>,
    pub deterministic: Option<Deterministic>,
    pub sink: Option<StepSink>,
    pub trace: Option<Trace>,
    pub cancel: CancellationToken,
}

/// A prepared store, and the output that the guest prints.
pub(crate) struct Attempt {
    pub store: Store<Guest>,
    stdout: Captured,
    stderr: Captured,
}

/// Returns the configuration as text.
async fn configuration(request: &mut StepRequest, limits: &Limits) -> Result<String, Outcome> {
    let config = std::mem::take(&mut request.config);
    let config = on_a_thread(weight([&config]), move || config.to_string())
        .await
        .map_err(|error| classify::fault(&error, "the configuration cannot be read"))?;
    if config.len() as u64 > limits.input_bytes.0 {
        let message =
            format!("the configuration is {} bytes long; the limit is {}", config.len(), limits.input_bytes);
        return Err(Outcome::OverLimit { limit: "input_bytes".to_owned(), message });
    }
    Ok(config)
}

impl Sandbox {
    pub(crate) async fn attempt(&self, registered: &Registered, mut request: StepRequest) -> StepEnd {
        let mut receipt = Receipt {
            component: registered.digest.clone(),
            policy: request.grant.digest().to_owned(),
            ..Receipt::default()
        };
        let end = |outcome, receipt| StepEnd { outcome, produced: Produced::default(), receipt };
        let limits = request.grant.limits().clone();
        let config = match configuration(&mut request, &limits).await {
            Ok(config) => config,
            Err(outcome) => return end(outcome, receipt),
        };
        let mounts = match mounts::mount(&request, &self.scratch) {
            Ok(mounts) => mounts,
            Err(outcome) => return end(outcome, receipt),
        };
        let clock = Stopwatch::start();
        if !self.compiler.is_ready(&registered.digest) {
            let what = format!("compiling `{}` for the sandbox (once; then it is cached)", request.step_type);
            request.sink.offer(Report::Preparing(what));
        }
        let prepared = match self.prepared(registered, Pace::Wanted).await {
            Ok(prepared) => prepared,
            Err(error) => return end(Outcome::HostFault { message: error.to_string() }, receipt),
        };
        let _slots = self.engine.slots().take(prepared.memories).await;
        receipt.compile_us = clock.micros();

        let wall = limits.wall.0.min(request.remaining);
        let clock = Stopwatch::start();
        let (cancel, cleaning_up) = (request.cancel.clone(), request.cleaning_up);
        let (setup, invocation) = self.setup(request, mounts, config, clock.0 + wall);
        let (mut attempt, mounts) = match Attempt::new(&self.engine.engine, setup) {
            Ok(attempt) => attempt,
            Err(error) => return end(classify::fault(&error, "the sandbox cannot be set up"), receipt),
        };
        let polls = attempt.store.data().states.context.polls_cancel.clone();
        // A parked step that is woken by a cancellation must see the cancellation.
        polls.store(cleaning_up, Ordering::Relaxed);
        let grace = limits.cancel_grace.0;
        let deadline = attempt.store.data().deadline.clone();
        let longest_turn = AtomicU64::new(0);
        let ended = {
            let call = guarded(run(&prepared, &mut attempt.store, &invocation), &longest_turn);
            let mut call = std::pin::pin!(call);
            tokio::select! {
                answer = &mut call => Ended::Returned(answer),
                () = sleep(wall) => {
                    deadline.end();
                    Ended::TimedOut(last_seen(call).await)
                }
                () = cancelled(&cancel, grace, || polls.load(Ordering::Relaxed)) => Ended::Cancelled,
            }
        };
        receipt.run_us = clock.micros();
        receipt.longest_turn_us = longest_turn.into_inner();
        let (mut outcome, mut produced) = attempt.conclude(ended, wall).await;
        let guest = attempt.store.data_mut();
        let (succeeded, programs) = (outcome.is_success(), guest.states.process.has_started());
        let over = mounts::over_quota(mounts, guest.states.context.grant.limits(), succeeded, programs).await;
        if let Some(over) = over {
            guest.log.host_line("warn", over.explain());
            outcome = over.end(outcome);
            if succeeded {
                produced = Produced::default();
            }
        }
        attempt.close_log().await;
        attempt.write(&mut receipt);
        StepEnd { outcome, produced, receipt }
    }

    /// Splits a request into the state of its attempt and the arguments of its call.
    fn setup(
        &self,
        request: StepRequest,
        mounts: Vec<Mounted>,
        config: String,
        deadline: Instant,
    ) -> (Setup, wit::Invocation) {
        let context = RunContext {
            grant: request.grant,
            ends: request.ends,
            variables: request.variables,
            set: std::collections::BTreeMap::new(),
            set_bytes: 0,
            checkpoint: request.checkpoint,
            saves: Saves::default(),
            park: None,
            deadline: Some(deadline),
            polls_cancel: Arc::default(),
        };
        let setup = Setup {
            project: project::of(&request.job_id).to_owned(),
            outbound: self.outbound.clone(),
            connections: self.connections.clone(),
            scratch: self.scratch.clone(),
            context,
            mounts,
            deterministic: request.deterministic,
            sink: Some(request.sink),
            trace: request.trace,
            cancel: request.cancel,
        };
        let invocation = wit::Invocation {
            execution_id: request.execution_id,
            job_id: request.job_id,
            step_id: request.step_id,
            attempt: request.attempt,
            config,
        };
        (setup, invocation)
    }

    /// Calls `describe` without any capability.
    pub(crate) async fn pure<T>(
        &self,
        prepared: &Prepared,
        call: impl AsyncFnOnce(&Step, &mut Store<Guest>) -> wasmtime::Result<T>,
    ) -> Result<T, String> {
        // The semaphore is never closed.
        let _turn = prepared.pure.acquire().await;
        let _slots = self.engine.slots().take(prepared.memories).await;
        let context = RunContext::without_grants();
        let wall = context.grant.limits().wall.0;
        let setup = Setup {
            project: String::new(),
            outbound: self.outbound.clone(),
            connections: self.connections.clone(),
            scratch: self.scratch.clone(),
            context,
            mounts: Vec::new(),
            deterministic: None,
            sink: None,
            trace: None,
            cancel: CancellationToken::new(),
        };
        let (mut attempt, _) = Attempt::new(&self.engine.engine, setup).map_err(|e| format!("{e:#}"))?;
        let work = async {
            let step = prepared.pre.instantiate_async(&mut attempt.store).await?;
            call(&step, &mut attempt.store).await
        };
        let answer = tokio::select! {
            answer = work => answer,
            () = sleep(wall) => return Err(format!("it did not answer within {wall:?}")),
        };
        let stderr = attempt.stderr.lines();
        let limits = attempt.store.data().states.context.grant.limits();
        answer.map_err(|error| classify::stopped(&error, attempt.store.data(), limits, &stderr).message())
    }
}

/// The end of the wait for a call.
enum Ended {
    Returned(Result<wasmtime::Result<Answer>, String>),
    /// The functions of the guest at that time.
    TimedOut(Vec<String>),
    Cancelled,
}

type Answer = Result<wit::Outcome, wit::Failure>;

/// The time in which a guest that has run out of time can trap at its present place. The duration of a host
/// call is unknown.
const LAST_MOMENT: Duration = Duration::from_millis(10);

/// Returns the functions in which a guest is when its time runs out: it traps where it waits, and where it
/// computes it traps at its next yield or call. Empty if the host is doing uninterruptible work for it.
async fn last_seen(call: impl Future<Output = Result<wasmtime::Result<Answer>, String>>) -> Vec<String> {
    match timeout(LAST_MOMENT, call).await {
        Ok(Ok(Err(error))) => trap::frames(&error),
        _ => Vec::new(),
    }
}

async fn run(
    prepared: &Prepared,
    store: &mut Store<Guest>,
    invocation: &wit::Invocation,
) -> wasmtime::Result<Answer> {
    let step = prepared.pre.instantiate_async(&mut *store).await?;
    step.stepwell_step_step().call_run(store, invocation).await
}

/// Catches panics of host functions, which are faults of the platform that must not end the process.
/// `longest_turn` becomes the longest time, in microseconds, for which the call held its thread without
/// letting others run.
async fn guarded<T>(call: impl Future<Output = T>, longest_turn: &AtomicU64) -> Result<T, String> {
    let mut call = pin!(contained_future(call));
    let ended = poll_fn(|cx| {
        let begun = passage::now();
        let polled = call.as_mut().poll(cx);
        let held = begun.elapsed();
        longest_turn.fetch_max(u64::try_from(held.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        polled
    });
    ended.await.map_err(|_| "a host function panicked; this is a bug of Stepwell".to_owned())
}

/// Ends when the attempt should be dropped: at once for a guest that never asked whether it is cancelled, and
/// after the grace period for a guest that asked and may be cleaning up.
async fn cancelled(cancel: &CancellationToken, grace: Duration, polls: impl Fn() -> bool) {
    cancel.cancelled().await;
    if polls() {
        sleep(grace).await;
    }
}

impl Attempt {
    pub fn new(engine: &Engine, mut setup: Setup) -> wasmtime::Result<(Self, Vec<Mounted>)> {
        let grant = setup.context.grant.clone();
        let limits = grant.limits().clone();
        let held = Held::new(limits.host_bytes.0);
        let log = LogBook::new(setup.sink.clone(), &limits);
        let [stdout, stderr] =
            ["info", "warn"].map(|level| Captured::new(limits.stdio_bytes.0, &held, &log, level));
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout.clone()).stderr(stderr.clone());
        let owed = Owed::default();
        clocks::set_up(&mut wasi, setup.deterministic, limits.random_bytes.0, &owed);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADER_FIELD_BYTES);
        let mut table = ResourceTable::new();
        let handles = usize::try_from(limits.handles.0).unwrap_or(usize::MAX);
        table.set_max_capacity(handles);
        let reached = Reached::default();
        let traced = Traced::new(setup.trace, setup.sink.as_ref());
        let mut parts =
            Parts { setup: &mut setup, grant: &grant, limits: &limits, reached: &reached, traced: &traced };
        let states = States::new(&mut parts, &mut wasi)?;
        let guest = Guest {
            by_handle: ByHandle::new(held.clone()),
            held,
            table,
            traced,
            wasi: wasi.build(),
            http,
            states,
            log,
            limiter: Limiter::new(&limits),
            calls: Calls::new(&limits),
            sink: setup.sink,
            cancel: setup.cancel,
            deadline: Deadline::default(),
            turns: Turns::new(limits.fuel.0, owed.clone()),
            owed,
            reached,
        };
        let (http_denials, deadline) = (guest.states.http.denials(), guest.deadline.clone());
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_fuel(limits.fuel.0)?;
        store.fuel_async_yield_interval(Some(YIELD_EVERY_FUEL))?;
        store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes.0).unwrap_or(usize::MAX));
        store.set_max_component_handles(handles);
        store.call_hook_async(Passage { deadline, http_denials });
        Ok((Self { store, stdout, stderr }, setup.mounts))
    }

    async fn conclude(&mut self, ended: Ended, wall: Duration) -> (Outcome, Produced) {
        let guest = self.store.data_mut();
        let limits = guest.states.context.grant.limits().clone();
        let outcome = match ended {
            Ended::Returned(Ok(Ok(answer))) => {
                if let (Ok(_), Some(Park { after, reason })) = (&answer, guest.states.context.park.take()) {
                    // Not if another branch has written a file of this step meanwhile.
                    let parked = guest.reached.explain(Outcome::Parked { after, reason });
                    return (parked, Produced::default());
                }
                let variables = guest.states.context.take_set();
                // Up to 16 MiB of JSON are read and checked here.
                let bytes = classify::answer_bytes(&answer);
                let reached = guest.reached.clone();
                let read = move || {
                    let (outcome, produced) = classify::answered(answer, variables, &limits);
                    let succeeded = outcome.is_success();
                    let outcome = reached.explain(outcome);
                    let produced =
                        if succeeded && !outcome.is_success() { Produced::default() } else { produced };
                    (outcome, produced)
                };
                return on_a_thread(bytes, read).await.unwrap_or_else(|error| {
                    (classify::fault(&error, "the answer cannot be read"), Produced::default())
                });
            }
            Ended::Returned(Ok(Err(error))) => {
                classify::stopped(&error, self.store.data(), &limits, &self.stderr.lines())
            }
            Ended::Returned(Err(message)) => Outcome::HostFault { message },
            Ended::TimedOut(backtrace) => Outcome::TimedOut { limit: wall, backtrace, of: TimeOf::Attempt },
            Ended::Cancelled => Outcome::Cancelled,
        };
        (outcome, Produced::default())
    }

    fn write(&self, receipt: &mut Receipt) {
        let guest = self.store.data();
        let limit = guest.states.context.grant.limits().fuel.0;
        receipt.fuel = limit.saturating_sub(self.store.get_fuel().unwrap_or_default());
        receipt.memory_peak_bytes = guest.limiter.peak();
        receipt.host_peak_bytes = guest.held.peak();
        (receipt.log_lines, receipt.log_bytes) = guest.log.taken();
        guest.calls.write(receipt);
        guest.states.write(receipt);
    }

    async fn close_log(&mut self) {
        self.stdout.close();
        self.stderr.close();
        let log = self.store.data().log.clone();
        log.close().await;
    }
}

/// Measures times that receipts report or time-outs enforce.
pub(crate) struct Stopwatch(pub Instant);

impl Stopwatch {
    #[allow(
        clippy::disallowed_methods,
        reason = "durations are measured where they happen; no decision of a run depends on them"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn micros(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

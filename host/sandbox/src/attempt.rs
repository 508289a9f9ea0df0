//! One attempt: a fresh store, the call, its end, and the receipt.

use std::fs;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use serde_json::Map;
use stepwell_engine::policy::{Access, MountGrant, MountSource};
use stepwell_engine::step::{Deterministic, Report};
use stepwell_engine::trace::Trace;
use stepwell_engine::{Outcome, Produced, Receipt, StepEnd, StepRequest, StepSink};
use stepwell_sql::Connections;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime::{CallHook, Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::classify;
use crate::compile::{Pace, Prepared};
use crate::engine::YIELD_EVERY_FUEL;
use crate::guest::bindings::Step;
use crate::guest::bindings::exports::stepwell::step::step as wit;
use crate::guest::{Calls, Guest};
use crate::host::calls::Traced;
use crate::host::clocks;
use crate::host::context::{Park, RunContext};
use crate::host::files::FileUse;
use crate::host::http::{Hooks, Outbound};
use crate::host::log::LogBook;
use crate::host::process::ProcessUse;
use crate::host::sql::SqlUse;
use crate::host::stdio::Captured;
use crate::limiter::Limiter;
use crate::{Registered, Sandbox};

/// Bytes of one HTTP header field.
const HEADER_FIELD_BYTES: usize = 64 << 10;

/// What an attempt is made of, beside the component.
pub(crate) struct Setup<'a> {
    pub outbound: &'a Arc<Outbound>,
    pub connections: &'a Arc<Connections>,
    pub context: RunContext,
    pub mounts: Vec<Mounted>,
    pub deterministic: Option<Deterministic>,
    pub sink: Option<StepSink>,
    pub trace: Option<Trace>,
    pub cancel: CancellationToken,
}

/// A store that is ready, and what the guest prints.
pub(crate) struct Attempt {
    pub store: Store<Guest>,
    stdout: Captured,
    stderr: Captured,
}

/// A directory behind a mount. A scratch directory is deleted when this is dropped.
pub(crate) struct Mounted {
    grant: MountGrant,
    path: PathBuf,
    used: u64,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if matches!(self.grant.source, MountSource::Scratch(_))
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!("the scratch directory {} is left behind: {error}", self.path.display());
        }
    }
}

impl Sandbox {
    pub(crate) async fn attempt(&self, registered: &Registered, request: StepRequest) -> StepEnd {
        let mut receipt = Receipt {
            component: registered.digest.clone(),
            policy: request.grant.digest().to_owned(),
            ..Receipt::default()
        };
        let end = |outcome, receipt| StepEnd { outcome, produced: Produced::default(), receipt };
        let limits = request.grant.limits().clone();
        let config = request.config.to_string();
        if config.len() as u64 > limits.input_bytes.0 {
            let message = format!(
                "the configuration is {} bytes long; the limit is {}",
                config.len(),
                limits.input_bytes
            );
            return end(Outcome::OverLimit { limit: "input_bytes".to_owned(), message }, receipt);
        }
        let mounts = match mount(&request) {
            Ok(mounts) => mounts,
            Err(outcome) => return end(outcome, receipt),
        };
        let clock = Stopwatch::start();
        if !self.compiler.is_ready(&registered.digest) {
            let what = format!("compiling `{}` for the sandbox (once; then it is cached)", request.step_type);
            request.sink.offer(Report::Preparing(what));
        }
        let prepared = match self.compiler.prepare(&registered.digest, &registered.wasm, Pace::Wanted).await {
            Ok(prepared) => prepared,
            Err(error) => return end(Outcome::HostFault { message: error.to_string() }, receipt),
        };
        receipt.compile_us = clock.micros();

        let wall = limits.wall.0.min(request.remaining);
        let clock = Stopwatch::start();
        let cancel = request.cancel.clone();
        let context = RunContext {
            grant: request.grant,
            outputs: request.outputs,
            variables: request.variables,
            set: Map::new(),
            checkpoint: request.checkpoint,
            park: None,
            deadline: Some(clock.0 + wall),
            polls_cancel: Arc::default(),
        };
        let setup = Setup {
            outbound: &self.outbound,
            connections: &self.connections,
            context,
            mounts,
            deterministic: request.deterministic,
            sink: Some(request.sink),
            trace: request.trace,
            cancel: request.cancel,
        };
        let (mut attempt, _mounts) = match Attempt::new(&self.engine.engine, setup) {
            Ok(attempt) => attempt,
            Err(error) => return end(Outcome::HostFault { message: format!("{error:#}") }, receipt),
        };
        let invocation = wit::Invocation {
            execution_id: request.execution_id,
            job_id: request.job_id,
            step_id: request.step_id,
            attempt: request.attempt,
            config,
        };
        let polls = attempt.store.data().context.polls_cancel.clone();
        // A parked step that is woken for the cancellation is to see it.
        polls.store(request.cleaning_up, Ordering::Relaxed);
        let grace = limits.cancel_grace.0;
        let call = run(&prepared, &mut attempt.store, &invocation);
        let ended = tokio::select! {
            answer = guarded(call) => Ended::Returned(answer),
            () = sleep(wall) => Ended::TimedOut,
            () = cancelled(&cancel, grace, || polls.load(Ordering::Relaxed)) => Ended::Cancelled,
        };
        receipt.run_us = clock.micros();
        let (outcome, produced) = attempt.conclude(ended, wall);
        attempt.write(&mut receipt);
        attempt.close_log().await;
        StepEnd { outcome, produced, receipt }
    }

    /// Calls `describe`, with no capability at all.
    pub(crate) async fn pure<T>(
        &self,
        prepared: &Prepared,
        call: impl AsyncFnOnce(&Step, &mut Store<Guest>) -> wasmtime::Result<T>,
    ) -> Result<T, String> {
        let context = RunContext::of_nothing();
        let wall = context.grant.limits().wall.0;
        let setup = Setup {
            outbound: &self.outbound,
            connections: &self.connections,
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
        let printed = attempt.stderr.lines().into_iter().next();
        let limits = attempt.store.data().context.grant.limits();
        answer.map_err(|error| {
            classify::stopped(&error, attempt.store.data(), limits, printed.as_deref()).message()
        })
    }
}

/// How the wait for a call ended.
enum Ended {
    Returned(Result<wasmtime::Result<Result<wit::Outcome, wit::Failure>>, String>),
    TimedOut,
    Cancelled,
}

async fn run(
    prepared: &Prepared,
    store: &mut Store<Guest>,
    invocation: &wit::Invocation,
) -> wasmtime::Result<Result<wit::Outcome, wit::Failure>> {
    let step = prepared.pre.instantiate_async(&mut *store).await?;
    step.stepwell_step_step().call_run(store, invocation).await
}

/// A panic in a host function is the platform's fault, and the process lives on.
async fn guarded<T>(call: impl Future<Output = T>) -> Result<T, String> {
    let mut call = Box::pin(call);
    poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut call).poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(_) => Poll::Ready(Err("a host function panicked; this is a bug of Stepwell".to_owned())),
        }
    })
    .await
}

/// Ends when the attempt is to be dropped: at once for a guest that does not look, after the grace period
/// for one that asked whether it is cancelled and may be cleaning up.
async fn cancelled(cancel: &CancellationToken, grace: Duration, polls: impl Fn() -> bool) {
    cancel.cancelled().await;
    if polls() {
        sleep(grace).await;
    }
}

impl Attempt {
    pub fn new(engine: &Engine, setup: Setup<'_>) -> wasmtime::Result<(Self, Vec<Mounted>)> {
        let grant = setup.context.grant.clone();
        let limits = grant.limits().clone();
        let (stdout, stderr) = (Captured::new(limits.stdio_bytes.0), Captured::new(limits.stdio_bytes.0));
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout.clone()).stderr(stderr.clone());
        clocks::set_up(&mut wasi, setup.deterministic, limits.random_bytes.0);
        for (name, value) in grant.environment() {
            wasi.env(name, value);
        }
        for mounted in &setup.mounts {
            let perms = match mounted.grant.access {
                Access::Read => FsPerms::ReadOnly,
                Access::Write => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(&mounted.path, &mounted.grant.mount, perms)?;
        }
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADER_FIELD_BYTES);
        let mut table = ResourceTable::new();
        let handles = usize::try_from(limits.handles.0).unwrap_or(usize::MAX);
        table.set_max_capacity(handles);
        let used: Vec<_> = setup.mounts.iter().map(|m| (m.grant.clone(), m.used)).collect();
        let place = |m: &Mounted| (m.grant.mount.clone(), m.path.clone(), m.grant.access);
        let places = setup.mounts.iter().map(place).collect();
        let traced = Traced::new(setup.trace, setup.sink.as_ref());
        let guest = Guest {
            table,
            traced: traced.clone(),
            wasi: wasi.build(),
            http,
            hooks: Hooks::new(setup.outbound.clone(), grant.clone(), setup.sink.clone(), traced),
            files: FileUse::new(&used, &limits),
            process: ProcessUse::new(&grant, places),
            sql: SqlUse::new(setup.connections.clone(), &grant),
            context: setup.context,
            log: LogBook::new(setup.sink.clone(), &limits),
            limiter: Limiter::new(&limits),
            calls: Calls::new(&limits),
            sink: setup.sink,
            cancel: setup.cancel,
        };
        let http_denials = guest.hooks.denials();
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_fuel(limits.fuel.0)?;
        store.fuel_async_yield_interval(Some(YIELD_EVERY_FUEL))?;
        store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes.0).unwrap_or(usize::MAX));
        store.set_max_component_handles(handles);
        store.call_hook(move |mut store, hook| match hook {
            CallHook::CallingHost => store.data_mut().calls.enter(http_denials.load(Ordering::Relaxed)),
            _ => Ok(()),
        });
        Ok((Self { store, stdout, stderr }, setup.mounts))
    }

    fn conclude(&mut self, ended: Ended, wall: Duration) -> (Outcome, Produced) {
        let guest = self.store.data_mut();
        let limits = guest.context.grant.limits().clone();
        let outcome = match ended {
            Ended::Returned(Ok(Ok(answer))) => {
                if let (Ok(_), Some(Park { after, reason })) = (&answer, guest.context.park.take()) {
                    return (Outcome::Parked { after, reason }, Produced::default());
                }
                let variables = std::mem::take(&mut guest.context.set);
                return classify::answered(answer, variables, &limits);
            }
            Ended::Returned(Ok(Err(error))) => {
                let printed = self.stderr.lines().into_iter().find(|line| line.contains("panicked at"));
                let message = self.panic_message(printed);
                classify::stopped(&error, self.store.data(), &limits, message.as_deref())
            }
            Ended::Returned(Err(message)) => Outcome::HostFault { message },
            Ended::TimedOut => Outcome::TimedOut { limit: wall },
            Ended::Cancelled => Outcome::Cancelled,
        };
        (outcome, Produced::default())
    }

    /// A Rust guest prints where it panicked, and why on the next line.
    fn panic_message(&self, place: Option<String>) -> Option<String> {
        let place = place?;
        let lines = self.stderr.lines();
        let why = lines.iter().skip_while(|line| **line != place).nth(1).cloned().unwrap_or_default();
        Some(format!("{} {why}", place.trim()).trim().to_owned())
    }

    fn write(&self, receipt: &mut Receipt) {
        let guest = self.store.data();
        let limit = guest.context.grant.limits().fuel.0;
        receipt.fuel = limit.saturating_sub(self.store.get_fuel().unwrap_or_default());
        receipt.memory_peak_bytes = guest.limiter.peak();
        guest.calls.write(receipt);
        let (read, written) = guest.files.traffic();
        receipt.bytes_in += read + guest.sql.bytes();
        receipt.bytes_out += written;
        guest.hooks.write(receipt);
    }

    async fn close_log(&mut self) {
        let printed = [("info", &self.stdout), ("warn", &self.stderr)]
            .map(|(level, captured)| (level, captured.lines()));
        let log = &mut self.store.data_mut().log;
        for (level, lines) in printed {
            for line in lines {
                log.line(level, line, Map::new());
            }
        }
        log.close().await;
    }
}

/// Measures what is reported in a receipt or enforced as a time-out.
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

/// The directories behind the mounts of a request.
fn mount(request: &StepRequest) -> Result<Vec<Mounted>, Outcome> {
    let fault = |what: &str, path: &Path, error: &std::io::Error| Outcome::HostFault {
        message: format!("cannot {what} {}: {error}", path.display()),
    };
    let mut mounted = Vec::new();
    for grant in request.grant.files() {
        let (path, used) = match &grant.source {
            MountSource::Host(path) => {
                if !path.is_dir() {
                    let message = format!(
                        "the policy mounts {} as {}, and there is no such directory",
                        path.display(),
                        grant.mount
                    );
                    return Err(Outcome::HostFault { message });
                }
                (path.clone(), 0)
            }
            MountSource::Scratch(_) => {
                let mut unique = [0; 8];
                // Without random numbers the name is taken, and making the directory fails.
                let _ = getrandom::fill(&mut unique);
                let name = format!("stepwell-scratch-{:016x}", u64::from_le_bytes(unique));
                let path = std::env::temp_dir().join(name);
                make_private(&path).map_err(|e| fault("make", &path, &e))?;
                (path, 0)
            }
            MountSource::Workspace(_) => {
                let Some(path) = request.workspace.clone() else { continue };
                make_private(&path).map_err(|e| fault("make", &path, &e))?;
                let used = bytes_in(&path);
                (path, used)
            }
        };
        mounted.push(Mounted { grant: grant.clone(), path, used });
    }
    Ok(mounted)
}

fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Bytes of the files in a directory and below.
fn bytes_in(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes_in(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

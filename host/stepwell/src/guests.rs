//! The threads that execute runs. Other threads serve requests, timers and leases.
//!
//! The threat: steps that compute on every thread of the process. A guest yields every half millisecond, but
//! a request would still wait for its turn among as many guests as there are runs. So runs have their own
//! threads, and the operating system shares the cores between both kinds. Runs would delay each other in the
//! same way. So a run moves to threads of a lower priority once it has held a thread for longer than a
//! short run does, and starts there when its job has recently used more than its share of the cores.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use stepwell_sandbox::ComponentError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::context::Context;
use crate::shares::Shares;

/// The stack of a thread: documents nest up to 64 levels, and their readers recurse, with large frames in a
/// debug build.
const STACK: usize = 16 << 20;
/// The time for which a run may hold threads before it moves to patient ones.
const QUICK: Duration = Duration::from_millis(20);
/// The time after which a run that holds a thread lets the operating system choose again. Linux would otherwise look
/// for a better thread only at the next tick of its clock, after up to 4 ms.
const OFFER_INTERVAL: Duration = Duration::from_micros(400);
/// The interval at which the time that a run holds a thread is added to its job.
const REPORT_INTERVAL: Duration = Duration::from_millis(5);

/// The runtimes for runs. When this value is dropped, they end without waiting.
pub(crate) struct GuestThreads {
    quick: Threads,
    patient: Threads,
    shares: Arc<Mutex<Shares>>,
}

impl GuestThreads {
    /// Starts the threads.
    ///
    /// # Errors
    /// Fails when the system starts no more threads.
    pub fn start() -> io::Result<Self> {
        let shares = Arc::new(Mutex::new(Shares::new(now())));
        Ok(Self { quick: Threads::start("guest", false)?, patient: Threads::start("patient", true)?, shares })
    }

    /// Wraps work of a job, so that the caller can spawn it on the threads of the returned handle.
    pub fn place<T: Send + 'static>(
        &self,
        job: String,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<(&Handle, Work<Option<T>>)> {
        let is_over = self.shares.lock().is_over(&job, now());
        let (threads, time) = if is_over { (&self.patient, Duration::MAX) } else { (&self.quick, QUICK) };
        let (patient, shares) = (self.patient.handle()?.clone(), self.shares.clone());
        let used = move |time| shares.lock().used(&job, time, now());
        let mut work = Metered {
            work: Box::pin(work),
            held: Duration::ZERO,
            offered: Duration::ZERO,
            reported: Duration::ZERO,
            limit: time,
            used,
        };
        let placed = async move {
            let ended = (&mut work).await;
            if ended.is_some() {
                return ended;
            }
            work.limit = Duration::MAX;
            let rest = patient.spawn(work);
            AbortOnDropHandle::new(rest).await.ok().flatten()
        };
        Some((threads.handle()?, Box::pin(placed)))
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the place that measures the time of threads")]
fn now() -> Instant {
    Instant::now()
}

/// Threads of one priority.
struct Threads(Option<Runtime>);

impl Threads {
    /// Starts four threads per core. The operating system can take the core from a guest that cannot be
    /// interrupted for a moment, such as one that fills its memory; a runtime cannot.
    fn start(name: &str, patient: bool) -> io::Result<Self> {
        let threads = 4 * thread::available_parallelism().map_or(1, usize::from);
        let begins: fn() = if patient { yield_to_others } else { take_short_turns };
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name(name)
            .thread_stack_size(STACK)
            .on_thread_start(begins)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Returns the handle to spawn work, or `None` after the threads have ended.
    fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last owner may be one of the runtime's own tasks.
            runtime.shutdown_background();
        }
    }
}

/// The niceness of patient threads. On a busy machine they get about a thirtieth of the time of other threads, so that
/// a run still sees its deadline. With the policy `SCHED_IDLE` they would get next to nothing.
const NICENESS: i32 = 15;
/// The lengths of turns, in nanoseconds. A run is woken many times, and Linux (6.12 and later) gives a woken thread the
/// core at once only if its turns are shorter than those of the thread that has it. A thread that offers its core loses
/// a turn (6.18 and later), so that a long turn would cost patient threads their part of the time.
const SHORT_TURN: u64 = 100_000;
const LONG_TURN: u64 = 500_000;

/// Gives the calling thread, and all threads that it starts, short turns on Linux 6.12 and later, so that it has its core
/// soon after it is woken, also next to steps that compute. A program that embeds a service calls this first.
pub fn take_short_turns() {
    schedule(0, SHORT_TURN);
}

/// Lowers the priority of the calling thread.
fn yield_to_others() {
    schedule(NICENESS, LONG_TURN);
}

/// Sets the niceness, unless it is higher, and the length of turns of the calling thread. Linux before 6.12 ignores the
/// length.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "no safe binding of the call exists")]
fn schedule(niceness: i32, turn: u64) {
    let before = rustix::process::getpriority_process(None).unwrap_or(0);
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or(0),
        sched_policy: 0,
        sched_flags: libc::SCHED_FLAG_KEEP_POLICY as u64,
        // No thread may become less nice.
        sched_nice: before.max(niceness),
        sched_priority: 0,
        sched_runtime: turn,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the call only reads its attributes, and affects only the calling thread.
    let done = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    if done != 0 {
        tracing::warn!("cannot set the priority of a thread: {}", io::Error::last_os_error());
    }
}

#[cfg(not(target_os = "linux"))]
fn schedule(_: i32, _: u64) {}

/// Work that runs on these threads.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Work that measures how long it holds its thread and reports the time as it continues, so that a long run
/// is compared with others before it ends.
struct Metered<T, U> {
    work: Work<T>,
    held: Duration,
    /// The part of `held` after which the thread last offered its core.
    offered: Duration,
    /// The part of `held` that was already reported to `used`.
    reported: Duration,
    limit: Duration,
    used: U,
}

impl<T, U: Fn(Duration) + Unpin> Future for Metered<T, U> {
    /// `None` when the work has held its thread for too long and must continue on another one.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let begun = now();
        let polled = self.work.as_mut().poll(cx);
        self.held += begun.elapsed();
        let is_over = polled.is_ready() || self.held > self.limit;
        let unreported = self.held - self.reported;
        if is_over || unreported >= REPORT_INTERVAL {
            (self.used)(unreported);
            self.reported = self.held;
        }
        if polled.is_pending() && self.held - self.offered >= OFFER_INTERVAL {
            self.offered = self.held;
            thread::yield_now();
        }
        match polled {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if is_over => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Context {
    /// Awaits a call of a component on the threads for runs, if a service has started them.
    pub(crate) async fn among_guests<T: Send + 'static>(
        &self,
        component: &str,
        call: impl Future<Output = Result<T, ComponentError>> + Send + 'static,
    ) -> Result<T, ComponentError> {
        let Some(guests) = self.node.guests.get() else { return call.await };
        let Some((threads, call)) = guests.place(format!("component {component}"), call) else {
            return Err(ComponentError::Host("the service is ending".to_owned()));
        };
        let called = AbortOnDropHandle::new(threads.spawn(call)).await;
        called
            .ok()
            .flatten()
            .unwrap_or_else(|| Err(ComponentError::Host("a call of a step failed".to_owned())))
    }
}

impl Context {
    /// Starts a part of a job's work in a task of its own, on the threads for runs if a service has started them.
    /// `None` if the part does not end. It ends when the returned future is dropped.
    pub(crate) fn beside<T: Send + 'static>(
        &self,
        job: &str,
        work: impl Future<Output = Option<T>> + Send + 'static,
    ) -> BoxFuture<'static, Option<T>> {
        let Some(guests) = self.node.guests.get() else {
            let task = AbortOnDropHandle::new(tokio::spawn(work));
            return task.map(|ended| ended.ok().flatten()).boxed();
        };
        let Some((threads, work)) = guests.place(job.to_owned(), work) else {
            return std::future::ready(None).boxed();
        };
        let task = AbortOnDropHandle::new(threads.spawn(work));
        task.map(|ended| ended.ok().flatten().flatten()).boxed()
    }
}

/// The number of bytes below which the work takes less time than to wake another thread.
pub(crate) const FEW: usize = 32 << 10;

/// Does work in proportion to that many bytes without blocking the other tasks of its thread.
pub(crate) fn blocking_in_place<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current()
        .is_ok_and(|handle| handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if bytes > FEW && has_others { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the name of the thread, and its niceness.
    fn here() -> (String, i32) {
        let name = thread::current().name().unwrap_or_default().to_owned();
        let status = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let niceness = status.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap();
        (name, niceness.parse().unwrap())
    }

    /// Holds threads for that long, with yields. Returns the first and the last thread.
    async fn compute(time: Duration) -> [(String, i32); 2] {
        let (begin, mut held) = (here(), Duration::ZERO);
        while held < time {
            let begun = now();
            while begun.elapsed() < Duration::from_millis(1) {
                std::hint::spin_loop();
            }
            held += begun.elapsed();
            tokio::task::yield_now().await;
        }
        [begin, here()]
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_run_that_computes_moves_to_patient_threads() {
        let guests = GuestThreads::start().unwrap();
        let run = async |job: &str, milliseconds| {
            let work = compute(Duration::from_millis(milliseconds));
            let (threads, work) = guests.place(job.to_owned(), work).unwrap();
            threads.spawn(work).await.unwrap().unwrap()
        };
        let quick = ("guest".to_owned(), here().1);
        let patient = ("patient".to_owned(), NICENESS);
        let (short, long) = (5, 150);
        assert_ne!(quick.1, patient.1);
        assert_eq!(run("modest", short).await, [quick.clone(), quick.clone()]);
        assert_eq!(run("greedy", long).await, [quick.clone(), patient.clone()]);
        assert_eq!(run("greedy", short).await, [patient.clone(), patient], "it has used more than its part");
        assert_eq!(run("modest", short).await, [quick.clone(), quick.clone()]);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_run_counts_before_it_ends() {
        let guests = GuestThreads::start().unwrap();
        let (threads, endless) =
            guests.place("endless".to_owned(), compute(Duration::from_secs(600))).unwrap();
        let endless = AbortOnDropHandle::new(threads.spawn(endless));
        tokio::time::sleep(Duration::from_secs(2)).await;
        for _ in 0..60 {
            let short = compute(Duration::from_millis(1));
            let (threads, short) = guests.place("short".to_owned(), short).unwrap();
            let [begin, _] = threads.spawn(short).await.unwrap().unwrap();
            assert_eq!(begin.0, "guest", "it has used less than the other");
        }
        drop(endless);
    }
}

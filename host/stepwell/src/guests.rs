//! The threads that runs are worked on, apart from those that serve requests, timers and leases.
//!
//! The threat: steps that compute on every thread of the process. A guest yields each half millisecond, and still a request
//! would wait for its turn among as many guests as there are runs. So runs have threads of their own, and the system
//! shares the cores between both kinds.

use std::io;
use std::thread;

use stepwell_sandbox::ComponentError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::Host;
use crate::node::lock;

/// Documents nest by up to 64 levels, and what reads them recurses, with large frames in a debug build.
const STACK: usize = 16 << 20;

/// A runtime for runs. It ends without waiting when this is dropped.
pub(crate) struct GuestThreads(Option<Runtime>);

impl GuestThreads {
    /// Four threads for each core: of guests that cannot be interrupted for a moment, such as one that fills its memory,
    /// the system takes the core for others, which a runtime cannot.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn start() -> io::Result<Self> {
        let threads = 4 * thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("guest")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where runs are spawned; none once it has ended.
    pub fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for GuestThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last one that knows of it may be one of its own tasks.
            runtime.shutdown_background();
        }
    }
}

impl Host {
    /// Reads a document of that many bytes. Large ones are read one at a time, since each may take 256 MiB meanwhile, and
    /// without holding up the other tasks of the thread.
    pub fn read_in_turn<T>(&self, bytes: usize, read: impl FnOnce() -> T) -> T {
        if bytes <= FEW {
            return read();
        }
        blocking_in_place(bytes, || {
            let _turn = lock(&self.node.reading);
            read()
        })
    }

    /// Awaits a call of a guest where guests run, when a service has threads for them.
    pub(crate) async fn among_guests<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, ComponentError>> + Send + 'static,
    ) -> Result<T, ComponentError> {
        let Some(guests) = self.node.guests.get().and_then(GuestThreads::handle) else { return call.await };
        let called = AbortOnDropHandle::new(guests.spawn(call)).await;
        called.unwrap_or_else(|error| Err(ComponentError::Host(format!("a call of a step failed: {error}"))))
    }
}

/// Work on fewer bytes is done sooner than another thread is woken.
const FEW: usize = 32 << 10;

/// Does work in proportion to that many bytes without holding up the other tasks of its thread.
pub(crate) fn blocking_in_place<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current()
        .is_ok_and(|handle| handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if bytes > FEW && has_others { tokio::task::block_in_place(work) } else { work() }
}

//! The threads that runs are worked on, apart from those that serve requests, timers and leases.
//!
//! The threat: steps that compute on every thread of the process. A guest yields each half millisecond, and still a request
//! would wait for its turn among as many guests as there are runs. So runs have threads of their own, and the system
//! shares the cores between both kinds.

use std::io;
use std::thread;

use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};

/// Documents nest by up to 64 levels, and what reads them recurses, with large frames in a debug build.
const STACK: usize = 16 << 20;

/// A runtime for runs. It ends without waiting when this is dropped.
pub(crate) struct GuestThreads(Option<Runtime>);

impl GuestThreads {
    /// As many threads as there are cores.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn start() -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
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

/// Does work in proportion to that many bytes without holding up the other tasks of its thread.
pub(crate) fn apart<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    /// Less is done sooner than another thread is woken.
    const FEW: usize = 32 << 10;
    let has_others = Handle::try_current()
        .is_ok_and(|handle| handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if bytes > FEW && has_others { tokio::task::block_in_place(work) } else { work() }
}

/// About how many bytes some values have: as many as it takes to know whether they are many.
pub(crate) fn weight<'v>(values: impl IntoIterator<Item = &'v Value>) -> usize {
    const ENOUGH: usize = 64 << 10;
    let mut bytes = 0;
    let mut left: Vec<&Value> = values.into_iter().collect();
    while let Some(value) = left.pop().filter(|_| bytes < ENOUGH) {
        bytes += 16;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) if items.len() > ENOUGH / 16 => return ENOUGH,
            Value::Array(items) => left.extend(items),
            Value::Object(map) if map.len() > ENOUGH / 16 => return ENOUGH,
            Value::Object(map) => left.extend(map.values()),
            _ => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_weighed_until_they_are_known_to_be_many() {
        for (value, least, most) in [
            (json!(null), 16, 16),
            (json!({"a": "xyz", "b": [1, 2]}), 70, 100),
            (json!("x".repeat(100_000)), 100_000, 100_016),
            (json!(vec![0; 1_000_000]), 64 << 10, 64 << 10),
            (json!([vec![0; 4_000], vec![0; 4_000]]), 64 << 10, 66 << 10),
        ] {
            let found = weight([&value]);
            assert!((least..=most).contains(&found), "{found}");
        }
    }
}

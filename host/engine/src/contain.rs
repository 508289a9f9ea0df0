//! Panics that end one call instead of the caller.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

/// A panic and its message. The message is for the log only, because it describes the source code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked(pub String);

impl Panicked {
    fn of(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Self(text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default())
    }
}

/// Calls `work` and catches a panic.
///
/// # Errors
/// Fails when `work` panicked. Values that it was changing may be incomplete: drop them.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panicked::of(&*payload))
}

/// Awaits `work` and catches a panic.
///
/// # Errors
/// As [`contained`], at each poll.
pub async fn contained_future<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    // On the heap: a future that awaits this one stays small.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    work.await.map_err(|payload| Panicked::of(&*payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_call_and_says_what_it_said() {
        assert_eq!(contained(|| 7), Ok(7));
        assert_eq!(contained(|| -> u8 { panic!("no") }), Err(Panicked("no".to_owned())));
        let later = async |fails: bool| {
            tokio::task::yield_now().await;
            assert!(!fails, "after {}", "all");
            7
        };
        assert_eq!(contained_future(later(false)).await, Ok(7));
        assert_eq!(contained_future(later(true)).await, Err(Panicked("after all".to_owned())));
    }
}

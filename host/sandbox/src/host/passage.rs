//! Calls between a guest and its host: each has a price in fuel, and none blocks the thread.
//!
//! The threat: a guest makes the host work for it. Its own instructions cost fuel, and yield; the work of the
//! host costs nothing unless it is counted here. A loop of a dozen instructions makes 80,000 calls between
//! two of its own yields.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use wasmtime::{CallHook, CallHookHandler, StoreContextMut};

use super::waiting::Deadline;
use crate::engine::YIELD_EVERY_FUEL;
use crate::guest::Guest;

/// The fuel that each call costs.
const CALL: u64 = 1_000;
/// The time for which a guest and its host may hold a thread between two calls.
const SLICE: Duration = Duration::from_millis(2);

/// Counts, charges and paces the calls of one attempt.
pub(crate) struct Passage {
    pub deadline: Deadline,
    pub http_denials: Arc<AtomicU64>,
}

/// The debt of calls, and the time at which the attempt last let others run.
pub(crate) struct Turns {
    yielded: Instant,
    /// The fuel at the last call or yield.
    fuel: u64,
    owed: Owed,
}

/// Fuel for work of host functions that is proportional to their input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owed(Arc<AtomicU64>);

impl Owed {
    /// Adds the price of some work.
    pub fn add(&self, fuel: u64) {
        self.0.fetch_add(fuel, Ordering::Relaxed);
    }

    /// Adds the price of bytes, at `price` units of fuel per byte.
    pub fn bytes(&self, bytes: usize, price: u64) {
        self.add((bytes as u64).saturating_mul(price));
    }

    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[allow(clippy::disallowed_methods, reason = "how long a thread is held is measured where it is")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Turns {
    pub fn new(fuel: u64, owed: Owed) -> Self {
        Self { yielded: now(), fuel, owed }
    }

    /// Returns whether the guest and its host have held the thread for long.
    fn are_long(&self) -> bool {
        self.yielded.elapsed() >= SLICE
    }
}

impl Passage {
    /// Charges the price of a call. Returns false if the guest has not called but used up its slice of fuel,
    /// which looks the same.
    fn is_call(store: &mut StoreContextMut<'_, Guest>) -> wasmtime::Result<bool> {
        let fuel = store.get_fuel()?;
        let turns = &mut store.data_mut().turns;
        let is_call = turns.fuel.saturating_sub(fuel) < YIELD_EVERY_FUEL;
        turns.fuel = if is_call { fuel.saturating_sub(CALL) } else { fuel };
        if is_call {
            let fuel = turns.fuel;
            store.set_fuel(fuel)?;
        }
        Ok(is_call)
    }

    fn charge_owed(store: &mut StoreContextMut<'_, Guest>) -> wasmtime::Result<()> {
        let owed = store.data().turns.owed.take();
        if owed > 0 {
            let fuel = store.get_fuel()?.saturating_sub(owed);
            store.data_mut().turns.fuel = fuel;
            store.set_fuel(fuel)?;
        }
        Ok(())
    }

    /// Handles the first half of a call: its price, and the check of the remaining time.
    fn enter(&self, store: &mut StoreContextMut<'_, Guest>) -> wasmtime::Result<()> {
        let is_call = Self::is_call(store)?;
        self.deadline.check()?;
        if is_call {
            store.data_mut().calls.enter(self.http_denials.load(Ordering::Relaxed))?;
        }
        Ok(())
    }

    /// Handles the second half of a call, whose work has a price, too.
    fn leave(&self, store: &mut StoreContextMut<'_, Guest>) -> wasmtime::Result<()> {
        Self::charge_owed(store)?;
        store.data().held.check()?;
        self.deadline.check()
    }

    /// Lets others run before the guest continues.
    async fn pause(&self, mut store: StoreContextMut<'_, Guest>) -> wasmtime::Result<()> {
        tokio::task::yield_now().await;
        store.data_mut().turns.yielded = now();
        self.leave(&mut store)
    }
}

type Passed<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send + 'a>>;

impl CallHookHandler<Guest> for Passage {
    /// Written without `async`: the future of a call that does not pause has no size, and so needs
    /// no allocation.
    fn handle_call_event<'a, 'b, 'c>(
        &'a self,
        mut store: StoreContextMut<'b, Guest>,
        hook: CallHook,
    ) -> Passed<'c>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        let passed = match hook {
            CallHook::CallingHost => self.enter(&mut store),
            // Fuel bounds the guest's work between two calls.
            CallHook::ReturningFromHost if store.data().turns.are_long() => {
                return Box::pin(self.pause(store));
            }
            CallHook::ReturningFromHost => self.leave(&mut store),
            CallHook::CallingWasm | CallHook::ReturningFromWasm => Ok(()),
        };
        match passed {
            Ok(()) => Box::pin(poll_fn(|_| Poll::Ready(Ok(())))),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

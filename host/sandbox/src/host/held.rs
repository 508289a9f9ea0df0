//! What the host holds for a guest beside the guest's own memory, against one limit.
//!
//! The threat: whatever a guest hands over, and whatever a server sends it, waits in the host's memory until a later call.
//! Handles are cheap, so each is counted with what is behind it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::guest::LimitReached;

/// The bytes that the host holds, against `limits.host_bytes`.
#[derive(Debug, Clone)]
pub(crate) struct Held(Arc<Bytes>);

#[derive(Debug, Default)]
struct Bytes {
    limit: u64,
    now: AtomicU64,
    peak: AtomicU64,
    refused: AtomicBool,
}

impl Held {
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Bytes { limit, ..Bytes::default() }))
    }

    /// Takes bytes. What would be too much is not taken, and ends the attempt.
    ///
    /// # Errors
    /// When the host would hold more than it may.
    pub fn take(&self, bytes: u64) -> wasmtime::Result<()> {
        let fits = |now: u64| now.checked_add(bytes).filter(|sum| *sum <= self.0.limit);
        match self.0.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(before) => self.0.peak.fetch_max(before + bytes, Ordering::Relaxed),
            Err(_) => {
                self.0.refused.store(true, Ordering::Relaxed);
                return self.check();
            }
        };
        Ok(())
    }

    /// What the host no longer holds.
    pub fn give_back(&self, bytes: u64) {
        let less = |now: u64| Some(now.saturating_sub(bytes));
        // `less` never refuses.
        let _ = self.0.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// An error once something was refused: not every place that takes bytes can end the attempt.
    pub fn check(&self) -> wasmtime::Result<()> {
        if !self.0.refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = format!("the host would hold more than {} bytes for the step", self.0.limit);
        Err(LimitReached::new("host_bytes", message))
    }

    /// Most bytes that were held at once.
    pub fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }
}

/// What the host holds behind each handle of a guest.
#[derive(Debug)]
pub(crate) struct ByHandle {
    held: Held,
    handles: HashMap<u32, u64>,
}

impl ByHandle {
    pub fn new(held: Held) -> Self {
        Self { held, handles: HashMap::new() }
    }

    /// From now on, that much is behind a handle.
    ///
    /// # Errors
    /// When the host would hold more than it may.
    pub fn set(&mut self, handle: u32, bytes: u64) -> wasmtime::Result<()> {
        let before = self.take_off(handle);
        self.held.give_back(before);
        self.held.take(bytes)?;
        if bytes > 0 {
            self.handles.insert(handle, bytes);
        }
        Ok(())
    }

    /// An error when the host may not hold that much more.
    pub fn has_room_for(&self, bytes: u64) -> wasmtime::Result<()> {
        self.held.take(bytes)?;
        self.held.give_back(bytes);
        Ok(())
    }

    /// The handle is closed, and what was behind it is gone.
    pub fn free(&mut self, handle: u32) {
        let before = self.take_off(handle);
        self.held.give_back(before);
    }

    /// What is behind one handle is behind another from now on.
    pub fn pass(&mut self, from: u32, to: u32) {
        let bytes = self.take_off(from);
        if bytes > 0 {
            *self.handles.entry(to).or_default() += bytes;
        }
    }

    /// The handle is closed, but what was behind it counts until the attempt ends.
    pub fn leave(&mut self, handle: u32) {
        self.take_off(handle);
    }

    fn take_off(&mut self, handle: u32) -> u64 {
        self.handles.remove(&handle).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_each_handle_counts_until_it_is_closed() {
        let held = Held::new(100);
        let mut by_handle = ByHandle::new(held.clone());
        let now = || held.0.now.load(Ordering::Relaxed);
        by_handle.set(1, 40).unwrap();
        by_handle.set(1, 60).unwrap();
        by_handle.set(2, 30).unwrap();
        assert_eq!(now(), 90);
        by_handle.pass(1, 3);
        by_handle.free(1);
        assert_eq!(now(), 90, "it is behind another handle");
        by_handle.free(3);
        assert_eq!(now(), 30);
        by_handle.leave(2);
        by_handle.free(2);
        assert_eq!((now(), held.peak()), (30, 90));
        assert!(held.check().is_ok());
        assert!(by_handle.set(4, 71).is_err());
        assert!(held.check().is_err(), "the attempt ends at the next call");
    }
}

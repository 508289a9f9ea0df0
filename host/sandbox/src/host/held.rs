//! The memory that the host holds for a guest besides the guest's own memory, against one limit.
//!
//! The threat: everything that a guest passes to the host, and everything that a server sends, waits in the
//! host's memory until a later call. Handles are cheap, so each counts together with the memory behind it.

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

    /// Takes bytes. Bytes beyond the limit are not taken, and end the attempt.
    ///
    /// # Errors
    /// Fails when the host would hold more than the limit.
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

    /// Releases bytes that the host no longer holds.
    pub fn refund(&self, bytes: u64) {
        let less = |now: u64| Some(now.saturating_sub(bytes));
        // `less` never fails.
        let _ = self.0.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Fails once bytes were refused, because not every place that takes bytes can end the attempt.
    pub fn check(&self) -> wasmtime::Result<()> {
        if !self.0.refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = format!("the host would hold more than {} bytes for the step", self.0.limit);
        Err(LimitReached::new("host_bytes", message))
    }

    /// Returns the largest number of bytes held at one time.
    pub fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }
}

/// The memory that the host holds behind each handle of a guest.
#[derive(Debug)]
pub(crate) struct ByHandle {
    held: Held,
    handles: HashMap<u32, u64>,
}

impl ByHandle {
    pub fn new(held: Held) -> Self {
        Self { held, handles: HashMap::new() }
    }

    /// Sets the number of bytes behind a handle.
    ///
    /// # Errors
    /// Fails when the host would hold more than the limit.
    pub fn set(&mut self, handle: u32, bytes: u64) -> wasmtime::Result<()> {
        let before = self.release(handle);
        self.held.refund(before);
        self.held.take(bytes)?;
        if bytes > 0 {
            self.handles.insert(handle, bytes);
        }
        Ok(())
    }

    /// Fails when the host may not hold that many more bytes.
    pub fn has_room_for(&self, bytes: u64) -> wasmtime::Result<()> {
        self.held.take(bytes)?;
        self.held.refund(bytes);
        Ok(())
    }

    /// Releases the bytes behind a closed handle.
    pub fn free(&mut self, handle: u32) {
        let before = self.release(handle);
        self.held.refund(before);
    }

    /// Moves the bytes behind one handle to another.
    pub fn pass(&mut self, from: u32, to: u32) {
        let bytes = self.release(from);
        if bytes > 0 {
            *self.handles.entry(to).or_default() += bytes;
        }
    }

    /// Closes a handle whose bytes still count until the attempt ends.
    pub fn leave(&mut self, handle: u32) {
        self.release(handle);
    }

    fn release(&mut self, handle: u32) -> u64 {
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

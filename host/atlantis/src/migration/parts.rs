//! The answers of a controller, and the functions that it is given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::metrics::Sample;
use crate::bridge::System;
use crate::format::RawValue;
use crate::locks::{Listing, StoredLock};

/// The time since some moment, which only grows.
pub type Elapsed = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A moment that the embedding program may count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// An operation of a system has ended.
    Operation(System, Sample),
    /// The legacy system has become the active one by itself.
    RolledBack,
}

/// The function that receives these moments.
pub type Watch = Arc<dyn Fn(Observed) + Send + Sync>;

/// Two systems that gave different answers. In `shadow`, the answer of the legacy system counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The operation.
    pub operation: &'static str,
    /// The key of the lock.
    pub key: String,
    /// The answer of the legacy system.
    pub legacy: String,
    /// The answer of the enhanced system.
    pub enhanced: String,
}

/// The locks that were moved, and those that could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The keys of the locks that are in their new system, and in no other.
    pub moved: Vec<String>,
    /// The keys of the locks that stay where they are, each with the reason.
    pub stayed: Vec<(String, String)>,
}

/// The locks of both systems, each once: a lock that moves is in both, and so is a copy for the comparison.
#[must_use]
pub fn merged(legacy: Listing, enhanced: Listing, is_shadow: bool) -> Listing {
    let mut all = legacy;
    let ours: BTreeMap<String, RawValue> =
        all.locks.iter().map(|lock| (lock.lock.identity().key(), lock.raw.clone())).collect();
    let is_copy = |lock: &StoredLock| {
        ours.get(&lock.lock.identity().key()).is_some_and(|raw| is_shadow || *raw == lock.raw)
    };
    all.locks.extend(enhanced.locks.into_iter().filter(|lock| !is_copy(lock)));
    all.damaged.extend(enhanced.damaged);
    all.locks.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

//! The hashes of all API keys, in memory.
//!
//! The threat: an anonymous client tries wrong keys until the failed logins of its address are used up, and
//! the holder of a valid key at the same address is then refused. So the limit of an address does not apply
//! to a key whose hash is in this set. A read of the hashes takes a page of records from the store, at most
//! once per second, however many keys clients try.

use parking_lot::Mutex;
use stepwell::engine::clock::Timestamp;
use stepwell::{HostError, KeyHashes};

/// The time for which the hashes are used before an unknown key makes the process read them again.
const FRESH: chrono::Duration = chrono::Duration::seconds(1);

/// The hashes of the last read.
#[derive(Default)]
pub(super) struct Ring {
    known: Mutex<Known>,
    /// Locked while the hashes are read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    hashes: KeyHashes,
    read: Option<Timestamp>,
    /// The number of calls of [`Ring::forget`]: a read that began before such a call is not fresh after it.
    forgotten: u64,
}

impl Ring {
    fn known(&self) -> parking_lot::MutexGuard<'_, Known> {
        self.known.lock()
    }

    /// Returns whether this is the hash of a key that has not expired. Reads the hashes if they are not
    /// fresh.
    pub async fn has<F>(&self, hash: &str, now: Timestamp, read: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = Result<KeyHashes, HostError>>,
    {
        if let Some(found) = self.find(hash, now) {
            return found;
        }
        let _one = self.reading.lock().await;
        if let Some(found) = self.find(hash, now) {
            return found;
        }
        let before = self.known().forgotten;
        let hashes = read().await;
        {
            let mut known = self.known();
            match hashes {
                Ok(hashes) => known.hashes = hashes,
                Err(error) => tracing::warn!("cannot read the hashes of API keys: {error}"),
            }
            // A failed read also counts, so that a failing store is not queried for each key.
            known.read = (known.forgotten == before).then_some(now);
        }
        self.known().alive(hash, now)
    }

    /// Returns whether the hashes contain this one, or `None` if they must be read first.
    fn find(&self, hash: &str, now: Timestamp) -> Option<bool> {
        let known = self.known();
        let fresh = known.read.is_some_and(|at| now - at < FRESH);
        (known.alive(hash, now) || fresh).then(|| known.alive(hash, now))
    }

    /// Removes the hash of a refused key.
    pub fn remove(&self, hash: &str) {
        self.known().hashes.remove(hash);
    }

    /// Makes the next use read the hashes again, since a key was created or revoked.
    pub fn forget(&self) {
        let mut known = self.known();
        known.hashes.clear();
        known.read = None;
        known.forgotten += 1;
    }
}

impl Known {
    fn alive(&self, hash: &str, now: Timestamp) -> bool {
        self.hashes.get(hash).is_some_and(|expires| expires.is_none_or(|at| now < at))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use chrono::DateTime;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        DateTime::from_timestamp_millis(1_700_000_000_000 + ms).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_flood_of_unknown_keys_reads_the_hashes_once_a_second() {
        let (ring, reads) = (Ring::default(), AtomicU32::new(0));
        let read = async || {
            reads.fetch_add(1, Ordering::Relaxed);
            Ok(KeyHashes::from([("good".to_owned(), None), ("short".to_owned(), Some(at(1_500)))]))
        };
        for ms in 0..3_000 {
            assert!(!ring.has(&format!("wrong-{ms}"), at(ms), &read).await);
            assert!(ring.has("good", at(ms), &read).await);
            assert_eq!(ring.has("short", at(ms), &read).await, ms < 1_500, "{ms}");
        }
        assert_eq!(reads.load(Ordering::Relaxed), 3);
        // A new key is known at once, and a refused one is not.
        ring.forget();
        assert!(ring.has("good", at(3_000), &read).await);
        assert_eq!(reads.load(Ordering::Relaxed), 4);
        ring.remove("good");
        assert!(!ring.has("good", at(3_001), &read).await);
    }

    #[tokio::test]
    async fn a_store_that_fails_is_asked_once_a_second_and_what_was_known_stays() {
        let ring = Ring::default();
        assert!(ring.has("good", at(0), async || Ok(KeyHashes::from([("good".to_owned(), None)]))).await);
        let reads = AtomicU32::new(0);
        let failing = async || {
            reads.fetch_add(1, Ordering::Relaxed);
            Err(HostError::Refused("the store does not answer".to_owned()))
        };
        for ms in 2_000..2_900 {
            assert!(!ring.has("wrong", at(ms), &failing).await);
            assert!(ring.has("good", at(ms), &failing).await);
        }
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }
}

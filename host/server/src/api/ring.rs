//! The hashes of all API keys, in memory.
//!
//! The threat: a stranger tries wrong keys until the failed logins of an address are used up, and the holder of a good key
//! at the same address is refused with them. So the address does not decide about a key whose hash is here. Reading the
//! hashes takes a page of records from the store, at most once a second however many keys strangers try.

use parking_lot::Mutex;
use stepwell::engine::clock::Timestamp;
use stepwell::{HostError, KeyHashes};

/// How long the hashes are used before an unknown key has them read again.
const FRESH: chrono::Duration = chrono::Duration::seconds(1);

/// The hashes that were read last.
#[derive(Default)]
pub(super) struct Ring {
    known: Mutex<Known>,
    /// Held while the hashes are read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    hashes: KeyHashes,
    read: Option<Timestamp>,
    /// Counts calls of [`Ring::forget`]: what was read before one of them is not fresh after it.
    forgotten: u64,
}

impl Ring {
    fn known(&self) -> parking_lot::MutexGuard<'_, Known> {
        self.known.lock()
    }

    /// Whether this is the hash of a key that has not expired. Reads the hashes when they are not fresh.
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
                Err(error) => tracing::warn!("the hashes of API keys cannot be read: {error}"),
            }
            // A store that fails is not asked for each key either.
            known.read = (known.forgotten == before).then_some(now);
        }
        self.known().alive(hash, now)
    }

    /// What the hashes say; none when they would have to be read first.
    fn find(&self, hash: &str, now: Timestamp) -> Option<bool> {
        let known = self.known();
        let fresh = known.read.is_some_and(|at| now - at < FRESH);
        (known.alive(hash, now) || fresh).then(|| known.alive(hash, now))
    }

    /// Drops a hash whose key was refused.
    pub fn remove(&self, hash: &str) {
        self.known().hashes.remove(hash);
    }

    /// Has the hashes read before they are used again: a key was made or revoked.
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
        // A key that is made now is known at once, and one that was refused is not.
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

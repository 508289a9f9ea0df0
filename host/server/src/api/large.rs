//! Limits concurrent requests with large bodies, since each body stays in memory until its request is
//! answered.

use std::collections::HashMap;

use axum::http::StatusCode;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::Problem;

/// The size up to which a body needs no place.
const SMALL: u64 = 64 << 10;
/// The number of places for large bodies.
const PLACES: usize = 64;
/// The number of places for a body of more than 1 MiB, such as a component.
const MANY: u32 = 16;

/// The number of places that the bodies of one key may have. A component may have more when its key has none.
const PER_KEY: u32 = 16;

/// The places of a process.
pub(super) struct Places {
    free: Semaphore,
    keys: Mutex<HashMap<String, u32>>,
}

/// The places of a body.
pub(super) struct Taken<'p> {
    all: &'p Places,
    key: String,
    count: u32,
    _permit: SemaphorePermit<'p>,
}

impl Default for Places {
    fn default() -> Self {
        Self { free: Semaphore::new(PLACES), keys: Mutex::default() }
    }
}

impl Places {
    /// Takes the places for a body of up to `bytes` of a request with that key, if it needs any.
    ///
    /// # Errors
    /// Fails when other large bodies use all places, or those of the key.
    pub fn take(&self, key: &str, bytes: u64) -> Result<Option<Taken<'_>>, Problem> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let count = if bytes <= 1 << 20 { 1 } else { MANY };
        let busy = |whose: &str| {
            let detail = format!("the service is busy with other large requests{whose}; try again");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        };
        let mut keys = self.keys.lock();
        let own = keys.get(key).copied().unwrap_or(0);
        if own > 0 && own + count > PER_KEY {
            return Err(busy(" of this key"));
        }
        let permit = self.free.try_acquire_many(count).map_err(|_| busy(""))?;
        keys.insert(key.to_owned(), own + count);
        Ok(Some(Taken { all: self, key: key.to_owned(), count, _permit: permit }))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut keys = self.all.keys.lock();
        let left = keys.get(&self.key).map_or(0, |own| own.saturating_sub(self.count));
        match left {
            0 => drop(keys.remove(&self.key)),
            left => drop(keys.insert(self.key.clone(), left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_have_a_bounded_number_of_places_and_small_ones_need_none() {
        let places = Places::default();
        let take = |n: usize, bytes: u64| places.take(&format!("k{n}"), bytes);
        let taken: Vec<_> = (0..60).map(|n| take(n / 15, 100_000).ok()).collect();
        assert!(taken.iter().all(Option::is_some));
        assert!(take(9, 2_000_000).is_err(), "a component takes 16 places");
        let last: Vec<_> = (0..4).map(|_| take(9, 1 << 20).ok()).collect();
        assert!(last.iter().all(Option::is_some));
        assert!(take(10, 100_000).is_err());
        assert!(matches!(take(10, 1_000), Ok(None)));
        assert!(matches!(take(10, 0), Ok(None)));
        drop(taken);
        assert!(take(10, 2_000_000).is_ok());
    }

    #[test]
    fn one_key_has_a_quarter_of_the_places() {
        let places = Places::default();
        let taken: Vec<_> = (0..16).map(|_| places.take("a", 100_000).ok().flatten()).collect();
        assert!(taken.iter().all(Option::is_some));
        assert!(places.take("a", 100_000).is_err());
        assert!(places.take("b", 100_000).is_ok());
        drop(taken);
        assert!(places.take("a", 2_000_000).is_ok());
        assert!(places.keys.lock().is_empty());
    }
}

//! Requests with large bodies: few at a time, since each of them stays in memory until it is answered.

use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::Problem;

/// What a body may take without a place of its own.
const SMALL: u64 = 64 << 10;
/// Places for large bodies.
const PLACES: usize = 64;
/// Places that a body of more than a MiB, a component, takes.
const MANY: u32 = 16;

/// The places of a process.
pub(super) struct Places(Semaphore);

impl Default for Places {
    fn default() -> Self {
        Self(Semaphore::new(PLACES))
    }
}

impl Places {
    /// A place for the body of a request, if it needs one.
    ///
    /// # Errors
    /// Fails when other large bodies have all of them.
    pub fn take(&self, headers: &HeaderMap) -> Result<Option<SemaphorePermit<'_>>, Problem> {
        let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        // What does not say how long it is may be as long as any.
        let bytes = match said {
            Some(bytes) => bytes,
            None if headers.contains_key(TRANSFER_ENCODING) => 1 << 20,
            None => 0,
        };
        if bytes <= SMALL {
            return Ok(None);
        }
        let places = if bytes <= 1 << 20 { 1 } else { MANY };
        self.0.try_acquire_many(places).map(Some).map_err(|_| {
            let detail = "other requests with large bodies are being answered; try again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(bytes: u64) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(bytes))])
    }

    #[test]
    fn large_bodies_have_a_bounded_number_of_places_and_small_ones_need_none() {
        let places = Places::default();
        let taken: Vec<_> = (0..60).map(|_| places.take(&headers(100_000)).ok()).collect();
        assert!(taken.iter().all(Option::is_some));
        assert!(places.take(&headers(2_000_000)).is_err(), "a component takes 16 places");
        let last: Vec<_> = (0..4).map(|_| places.take(&headers(1 << 20)).ok()).collect();
        assert!(last.iter().all(Option::is_some));
        assert!(places.take(&headers(100_000)).is_err());
        let chunked = HeaderMap::from_iter([(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))]);
        assert!(places.take(&chunked).is_err());
        assert!(matches!(places.take(&headers(1_000)), Ok(None)));
        assert!(matches!(places.take(&HeaderMap::new()), Ok(None)));
        drop(taken);
        assert!(places.take(&headers(2_000_000)).is_ok());
    }
}

//! Limits concurrent requests with large bodies, since each body stays in memory until its request is
//! answered.

use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::Problem;

/// The size up to which a body needs no place.
const SMALL: u64 = 64 << 10;
/// The number of places for large bodies.
const PLACES: usize = 64;
/// The number of places for a body of more than 1 MiB, such as a component.
const MANY: u32 = 16;

/// The places of a process.
pub(super) struct Places(Semaphore);

impl Default for Places {
    fn default() -> Self {
        Self(Semaphore::new(PLACES))
    }
}

impl Places {
    /// Takes the places for the body of a request, if it needs any.
    ///
    /// # Errors
    /// Fails when other large bodies use all places.
    pub fn take(&self, headers: &HeaderMap) -> Result<Option<SemaphorePermit<'_>>, Problem> {
        let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        // A body without a declared length may have any length.
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
            let detail = "the service is busy with other large requests; try again";
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

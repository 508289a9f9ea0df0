//! Finds the addresses of names, a few at a time.
//!
//! The threat: the system's resolver cannot be interrupted, and blocks a thread for as long as a name server
//! likes. So a look-up keeps its place until it really ends, even when the step that asked has given up.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Maximum number of look-ups of the process at one time. Each blocks one of the runtime's 512 threads for
/// files and similar work.
const IN_ALL: usize = 64;
/// Maximum number of look-ups of an attempt at one time.
const OF_AN_ATTEMPT: usize = 4;

/// A function that finds the addresses of a name and a port.
pub(crate) type Lookup = Box<dyn Fn(String, u16) -> Found + Send + Sync>;
type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

/// Asks the system.
pub(crate) fn system_lookup(host: String, port: u16) -> Found {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
}

/// The look-ups of the process.
pub(crate) struct Lookups {
    ask: Lookup,
    places: Arc<Semaphore>,
}

/// The places of an attempt.
#[derive(Clone)]
pub(crate) struct Share(Arc<Semaphore>);

impl Default for Share {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(OF_AN_ATTEMPT)))
    }
}

impl Lookups {
    /// Makes an idle set of look-ups.
    pub fn new(ask: Lookup) -> Self {
        Self { ask, places: Arc::new(Semaphore::new(IN_ALL)) }
    }

    /// Finds the addresses. Waits for a place. When this is dropped, the look-up ends later by itself.
    ///
    /// # Errors
    /// Fails when the name has no address.
    pub async fn find(&self, share: &Share, host: String, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let closed = |_| std::io::Error::other("look-ups have ended");
        let own = share.0.clone().acquire_owned().await.map_err(closed)?;
        let place = self.places.clone().acquire_owned().await.map_err(closed)?;
        let asked = (self.ask)(host, port);
        let asking = tokio::spawn(async move {
            let _held = (own, place);
            asked.await
        });
        asking.await.map_err(std::io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_look_up_has_its_place_until_it_ends() {
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new(Semaphore::new(0));
        let (count, most, open) = (running.clone(), peak.clone(), gate.clone());
        let lookups = Lookups::new(Box::new(move |_, port| {
            let (count, most, open) = (count.clone(), most.clone(), open.clone());
            Box::pin(async move {
                most.fetch_max(count.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                let _ = open.acquire().await;
                count.fetch_sub(1, Ordering::Relaxed);
                Ok(vec![([1, 1, 1, 1], port).into()])
            })
        }));
        let moment = Duration::from_millis(1);
        // One attempt asks repeatedly, and gives up each time.
        let share = Share::default();
        for _ in 0..32 {
            assert!(timeout(moment, lookups.find(&share, "slow".to_owned(), 80)).await.is_err());
        }
        assert_eq!(running.load(Ordering::Relaxed), OF_AN_ATTEMPT);
        // Many attempts do the same.
        for _ in 0..2 * IN_ALL {
            let other = Share::default();
            assert!(timeout(moment, lookups.find(&other, "slow".to_owned(), 80)).await.is_err());
        }
        assert_eq!(peak.load(Ordering::Relaxed), IN_ALL);
        // As soon as the name server responds, everything works again.
        gate.close();
        let found = timeout(Duration::from_secs(5), lookups.find(&share, "quick".to_owned(), 80)).await;
        assert_eq!(found.unwrap().unwrap().len(), 1);
        assert_eq!((running.load(Ordering::Relaxed), share.0.available_permits()), (0, OF_AN_ATTEMPT));
    }
}

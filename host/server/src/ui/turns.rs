//! Turns for the requests of editors: each change of a text causes several, and their work grows with the text. One
//! session does one of them at a time, and a request that its page has given up loses its turn.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as Place, OwnedMutexGuard};

/// The places of the sessions that wait or have a turn.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, Arc<Place<()>>>>);

impl Turns {
    /// Waits for the turn of a session, which lasts as long as the answer.
    pub async fn of(&self, session: &str) -> OwnedMutexGuard<()> {
        let place = {
            let mut places = self.0.lock();
            places.retain(|_, place| Arc::strong_count(place) > 1);
            places.entry(session.to_owned()).or_default().clone()
        };
        place.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_has_one_turn_at_a_time_and_a_dropped_request_none() {
        let turns = Turns::default();
        let first = turns.of("a").await;
        let soon = Duration::from_secs(1);
        assert!(timeout(soon, turns.of("a")).await.is_err(), "the first one still works");
        let other = timeout(soon, turns.of("b")).await.unwrap();
        drop(first);
        let next = timeout(soon, turns.of("a")).await.unwrap();
        drop((next, other));
        drop(turns.of("c").await);
        assert!(turns.0.lock().len() <= 1, "sessions without requests are forgotten");
    }
}

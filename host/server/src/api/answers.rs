//! Limits the answers that a process holds at the same time. An answer stays in memory until its client has
//! read it, and a client may read nothing.
//!
//! A request that only reads waits for its turn, so that few answers are made at once. The bytes of an answer
//! count until they are sent: for their key, for their address, and for the process.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::StatusCode;
use axum::response::Response;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bounds::counted;
use super::problem::Problem;

/// The bytes of unsent answers of a key, of an address and of the process from which on further requests are
/// refused.
const PER_KEY: usize = 32 << 20;
const PER_ADDRESS: usize = 64 << 20;
const IN_TOTAL: usize = 256 << 20;
/// The maximum number of answers that are made at the same time, in total and for one key.
const TURNS: usize = 16;
const TURNS_PER_KEY: usize = 4;
/// The maximum time for which a request waits for its turn.
const WAIT: Duration = Duration::from_secs(10);
/// The size of the parts in which an answer is sent.
const PART: usize = 64 << 10;

/// The unsent answers of a process.
pub(super) struct Answers {
    held: Mutex<Held>,
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Held {
    total: usize,
    keys: HashMap<String, Account>,
    addresses: HashMap<IpAddr, usize>,
}

/// The requests of a key.
struct Account {
    bytes: usize,
    requests: usize,
    turns: Arc<Semaphore>,
}

impl Default for Answers {
    fn default() -> Self {
        Self { held: Mutex::default(), turns: Arc::new(Semaphore::new(TURNS)) }
    }
}

/// A request, from its arrival until its answer is sent.
pub(super) struct Place {
    all: Arc<Answers>,
    key: String,
    address: IpAddr,
    bytes: usize,
}

/// The queue for a turn, for a request that first waits for something else.
#[derive(Clone)]
pub(super) struct Line {
    all: Arc<Answers>,
    key: String,
    address: IpAddr,
}

/// The turn of a request.
pub(super) struct Turn {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Held {
    fn problem(&self, key: &str, address: IpAddr) -> Option<Problem> {
        let own = self.keys.get(key).map_or(0, |account| account.bytes);
        let here = self.addresses.get(&address).copied().unwrap_or(0);
        let whose = match () {
            () if own >= PER_KEY => "this key",
            () if here >= PER_ADDRESS => "this address",
            () if self.total >= IN_TOTAL => "the clients of this service",
            () => return None,
        };
        let detail = format!("{whose} must read earlier answers first: too many bytes of them are unsent");
        Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
    }
}

impl Answers {
    /// Accepts a request.
    ///
    /// # Errors
    /// Fails when its key, its address or the process has too many unsent bytes.
    pub fn enter(self: &Arc<Self>, key: &str, address: IpAddr) -> Result<Place, Problem> {
        let address = counted(address);
        let mut held = self.held.lock();
        if let Some(problem) = held.problem(key, address) {
            return Err(problem);
        }
        let new = || Account { bytes: 0, requests: 0, turns: Arc::new(Semaphore::new(TURNS_PER_KEY)) };
        held.keys.entry(key.to_owned()).or_insert_with(new).requests += 1;
        Ok(Place { all: self.clone(), key: key.to_owned(), address, bytes: 0 })
    }
}

impl Place {
    /// Returns the queue for the turn of this request.
    pub fn line(&self) -> Line {
        Line { all: self.all.clone(), key: self.key.clone(), address: self.address }
    }

    /// Waits for the turn of a request that only reads.
    ///
    /// # Errors
    /// As [`Line::turn`].
    pub async fn turn(&self) -> Result<Turn, Problem> {
        self.line().turn().await
    }

    /// Returns the response with a body that counts until it is sent. A stream does not count: it makes each
    /// part when the client has read the previous one.
    pub async fn send(mut self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        if body.size_hint().exact().is_none() || body.is_end_stream() {
            return Response::from_parts(parts, body);
        }
        match to_bytes(body, usize::MAX).await {
            Ok(bytes) => {
                self.count(bytes.len());
                Response::from_parts(parts, Body::new(Unsent { rest: bytes, _place: self }))
            }
            // A body of known size is complete in memory.
            Err(_) => Response::from_parts(parts, Body::empty()),
        }
    }

    fn count(&mut self, bytes: usize) {
        let mut held = self.all.held.lock();
        self.bytes += bytes;
        held.total += bytes;
        *held.addresses.entry(self.address).or_default() += bytes;
        if let Some(account) = held.keys.get_mut(&self.key) {
            account.bytes += bytes;
        }
    }
}

impl Line {
    /// Waits for the turn of a request that only reads.
    ///
    /// # Errors
    /// Fails when the turn does not come in time, or when there are too many unsent bytes by then.
    pub async fn turn(&self) -> Result<Turn, Problem> {
        let turns = self.all.held.lock().keys.get(&self.key).map(|account| account.turns.clone());
        let wait = async {
            let own = turns?.acquire_owned().await.ok()?;
            Some(Turn { _own: own, _of_all: self.all.turns.clone().acquire_owned().await.ok()? })
        };
        let Ok(Some(turn)) = tokio::time::timeout(WAIT, wait).await else {
            let detail = format!("this request had no turn within {} s; try again", WAIT.as_secs());
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        };
        match self.all.held.lock().problem(&self.key, self.address) {
            Some(problem) => Err(problem),
            None => Ok(turn),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.all.held.lock();
        held.total = held.total.saturating_sub(self.bytes);
        if let Some(bytes) = held.addresses.get_mut(&self.address) {
            *bytes = bytes.saturating_sub(self.bytes);
            if *bytes == 0 {
                held.addresses.remove(&self.address);
            }
        }
        if let Some(account) = held.keys.get_mut(&self.key) {
            account.bytes = account.bytes.saturating_sub(self.bytes);
            account.requests = account.requests.saturating_sub(1);
            if account.requests == 0 {
                held.keys.remove(&self.key);
            }
        }
    }
}

/// The body of an answer. The connection takes a part only when it has sent most of the previous one.
struct Unsent {
    rest: Bytes,
    _place: Place,
}

impl HttpBody for Unsent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.rest.len().min(PART);
        let part = self.rest.split_to(size);
        Poll::Ready(Some(Ok(http_body::Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    async fn answer(answers: &Arc<Answers>, key: &str, address: &str, bytes: usize) -> Option<Response> {
        let place = answers.enter(key, address.parse().unwrap()).ok()?;
        Some(place.send(vec![0u8; bytes].into_response()).await)
    }

    #[tokio::test]
    async fn unsent_bytes_count_for_a_key_an_address_and_the_process_until_they_are_sent() {
        let answers = Arc::<Answers>::default();
        let mut open = Vec::new();
        // One key: 32 MiB.
        for _ in 0..8 {
            open.push(answer(&answers, "a", "192.0.2.1", 4 << 20).await.unwrap());
        }
        assert!(answer(&answers, "a", "192.0.2.2", 1).await.is_none());
        // One address: 64 MiB with all keys.
        for _ in 0..8 {
            open.push(answer(&answers, "b", "192.0.2.1", 4 << 20).await.unwrap());
        }
        assert!(answer(&answers, "c", "192.0.2.1", 1).await.is_none());
        // The process: 256 MiB.
        for n in 0..48 {
            let (key, address) = (format!("k{n}"), format!("192.0.2.{}", 10 + n));
            open.push(answer(&answers, &key, &address, 4 << 20).await.unwrap());
        }
        assert!(answer(&answers, "d", "192.0.2.200", 1).await.is_none());
        // An answer that is read completely, and others whose connections close.
        let body = to_bytes(open.remove(0).into_body(), usize::MAX).await.unwrap();
        assert_eq!(body.len(), 4 << 20);
        assert!(answer(&answers, "d", "192.0.2.200", 1).await.is_some());
        open.clear();
        let held = answers.held.lock();
        assert_eq!((held.total, held.keys.len(), held.addresses.len()), (0, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_has_a_part_of_the_turns() {
        let answers = Arc::<Answers>::default();
        let place = |key: &str| answers.enter(key, "192.0.2.1".parse().unwrap()).unwrap();
        let places: Vec<Place> = (0..5).map(|_| place("a")).collect();
        let mut turns = Vec::new();
        for one in &places[..4] {
            turns.push(one.turn().await.unwrap());
        }
        assert!(places[4].turn().await.is_err(), "the fifth waits, and fails after ten seconds");
        assert!(place("b").turn().await.is_ok());
        turns.pop();
        assert!(places[4].turn().await.is_ok());
    }
}

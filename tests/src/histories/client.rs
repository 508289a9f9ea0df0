//! The clients of one process.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::Utc;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::lock::{
    Acquire, Answer, Command, End, EventKind, LockError, Locks, Mode, Name, Owner, Want, wait_for,
};

use super::journal::{self, Journal, Sent};
use super::{Kind, PROJECT, now};

/// The longest wait of a request, much longer than any fault on a machine under load.
pub const WAIT: Duration = Duration::from_secs(300);
/// The time for which the clients use the same names. A call whose result stays unknown weakens the check of its name.
const WINDOW: u64 = 10_000_000;
/// The longest lease, in microseconds. An extension ends no lease earlier than before, which the checker relies on.
const LONGEST: u64 = 4_000_000;
/// The calls after which a process reports its progress.
const REPORT: u64 = 50;

struct Real;

impl Clock for Real {
    fn now(&self) -> Timestamp {
        Utc::now()
    }
}

/// A client: a sequence of calls with a journal.
struct Client {
    locks: Arc<dyn Locks>,
    number: u32,
    /// The number of names at one time.
    names: u64,
    journal: Journal,
    random: fastrand::Rng,
    /// The calls of this client and its predecessors, which number its tickets.
    sent: u64,
    /// The calls and questions of this client.
    done: u64,
}

/// Runs the clients of a process until the directory has a file `stop`.
pub async fn run(kind: Kind, place: &str, dir: &Path, first: u32, count: u32, names: u64) {
    let (locks, calls) = (kind.open(place), Arc::new(AtomicU64::new(0)));
    let clients = (first..first + count).map(|number| {
        let (locks, dir, calls) = (locks.clone(), dir.to_owned(), calls.clone());
        tokio::spawn(async move { client(locks, number, names, dir, calls).await })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

async fn client(locks: Arc<dyn Locks>, number: u32, names: u64, dir: PathBuf, calls: Arc<AtomicU64>) {
    let path = dir.join(format!("{number}.log"));
    let before = journal::read(&path);
    let (journal, sent) = (Journal::open(&path), before.sent);
    let random = fastrand::Rng::with_seed(u64::from(number) << 32 | sent);
    let mut client = Client { locks, number, names, journal, random, sent, done: 0 };
    let mut held = before.held;
    if let Some((_, call)) = before.open {
        // The predecessor may have sent it.
        let answer = client.complete(&call, true).await;
        held = match call {
            Sent::Acquire { name, .. } => answer.map(|token| (name, token)),
            Sent::Extend { .. } => held,
            Sent::Release { .. } => None,
        };
    }
    if let Some((name, token)) = held.filter(|_| client.random.bool()) {
        client.call(Sent::Release { name, token }).await;
    }
    let mut reported = client.done;
    while !dir.join("stop").exists() {
        client.round().await;
        let more = client.done - reported;
        reported = client.done;
        let all = calls.fetch_add(more, Ordering::Relaxed) + more;
        if all / REPORT > (all - more) / REPORT {
            // One line for each REPORT calls. The process ends with the one that reads them.
            let lines = all / REPORT - (all - more) / REPORT;
            let text = "calls\n".repeat(usize::try_from(lines).unwrap_or_default());
            if std::io::stdout().lock().write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

impl Client {
    /// Takes a lock, uses it and releases it.
    async fn round(&mut self) {
        let name = format!("n{}.{}", self.random.u64(..self.names), now() / WINDOW);
        let mode = if self.random.u8(..4) == 0 { Mode::Shared } else { Mode::Exclusive };
        let waits = self.random.u8(..8) > 0;
        // Without leases, the locks of clients that are killed would stay.
        let lease = Some(LONGEST - self.random.u64(..4) * 1_000_000);
        let priority = self.random.u8(..12).saturating_sub(2);
        let ticket = format!("c{}-{}", self.number, self.sent);
        let call = Sent::Acquire { name: name.clone(), ticket, mode, waits, lease, priority };
        let Some(token) = self.call(call).await else { return };
        self.check(&name, token).await;
        match self.random.u8(..20) {
            0 => drop(self.call(Sent::Extend { name: name.clone(), token, lease: LONGEST }).await),
            // A holder that is slower than its lease.
            1 if self.random.u8(..10) == 0 => tokio::time::sleep(Duration::from_millis(4200)).await,
            2..=5 => tokio::time::sleep(Duration::from_millis(self.random.u64(..5))).await,
            _ => {}
        }
        self.check(&name, token).await;
        self.call(Sent::Release { name: name.clone(), token }).await;
        if self.random.u8(..4) == 0 {
            self.check(&name, token).await;
        }
    }

    async fn check(&mut self, name: &str, token: u64) {
        let begin = now();
        let checked = self.locks.check(PROJECT, &named(name), token, Utc::now()).await;
        self.done += 1;
        match checked {
            Ok(check) => self.journal.checked(name, begin, now(), token, check.valid),
            // A question without an answer changes nothing.
            Err(error) => self.pause(&error).await,
        }
    }

    /// Writes a call down, and sends it until it has an answer.
    async fn call(&mut self, call: Sent) -> Option<u64> {
        self.journal.begin(now(), &call);
        self.sent += 1;
        self.done += 1;
        self.complete(&call, false).await
    }

    /// Sends a call until it has an answer. `again` says that it may have been sent before.
    async fn complete(&mut self, call: &Sent, mut again: bool) -> Option<u64> {
        loop {
            match self.send(call, again).await {
                Ok(Some(answer)) => {
                    self.journal.end(now(), answer);
                    return answer;
                }
                Ok(None) => {
                    self.journal.give_up();
                    return None;
                }
                Err(error) => self.pause(&error).await,
            }
            again = true;
        }
    }

    async fn pause(&mut self, error: &LockError) {
        match error {
            LockError::Unavailable(_) | LockError::Failed(_) | LockError::Busy => {}
            // Tickets are remembered for longer than any wait here.
            LockError::UnknownTicket(ticket) => self.journal.lost(ticket),
            other => panic!("client {}: {other}", self.number),
        }
        let pause = Duration::from_millis(20 + self.random.u64(..80));
        tokio::time::sleep(pause).await;
    }

    /// Sends a call. `Ok(None)`: its result cannot be known any more.
    async fn send(&self, call: &Sent, again: bool) -> Result<Option<Option<u64>>, LockError> {
        let by = format!("client:{}", self.number);
        let command = match call.clone() {
            Sent::Acquire { name, ticket, mode, waits, lease, priority } => {
                let wants = vec![Want::new(named(&name), mode)];
                let request = Acquire {
                    wait: waits.then_some(WAIT),
                    lease: lease.map(Duration::from_micros),
                    priority,
                    ..Acquire::new(&ticket, Owner::new(&by, ""), wants)
                };
                return self.acquire(request).await;
            }
            Sent::Extend { name, token, lease } => {
                Command::Extend { name: named(&name), token, by, lease: Duration::from_micros(lease) }
            }
            Sent::Release { name, token } => Command::Release { name: named(&name), token, by },
        };
        let answer = self.locks.run(PROJECT, command, Utc::now()).await;
        Ok(Some(match answer {
            Ok(_) => Some(1),
            Err(error @ (LockError::Unavailable(_) | LockError::Failed(_) | LockError::Busy)) => {
                return Err(error);
            }
            // The same release was sent before, and no other client has the token.
            Err(LockError::Released { .. }) if again && matches!(call, Sent::Release { .. }) => Some(1),
            Err(_) => None,
        }))
    }

    async fn acquire(&self, request: Acquire) -> Result<Option<Option<u64>>, LockError> {
        let ticket = request.ticket.clone();
        let mut answer = self.locks.run(PROJECT, Command::Acquire(Box::new(request)), Utc::now()).await?;
        if matches!(answer, Answer::Waiting { .. } | Answer::Resting { .. }) {
            answer = wait_for(&*self.locks, &Real, PROJECT, &ticket, WAIT * 2).await?;
        }
        Ok(match answer {
            Answer::Acquired { held, .. } => held.first().map(|held| Some(held.token)),
            Answer::Busy { .. } | Answer::Ended { how: End::TimedOut, .. } => Some(None),
            // It had the lock while this client did not hear of it.
            Answer::Ended { how: End::Expired, .. } => self.token_of(&ticket).await?.map(Some),
            other => panic!("{ticket}: {other:?}"),
        })
    }

    /// Finds the token of a ticket in the events, as long as they are remembered.
    async fn token_of(&self, ticket: &str) -> Result<Option<u64>, LockError> {
        let rows = self.locks.events(PROJECT, 0, 20_000).await?;
        let is_grant = |kind: EventKind| kind == EventKind::Acquired;
        let mut rows = rows.into_iter().map(|row| row.event);
        Ok(rows.find(|event| event.ticket == ticket && is_grant(event.kind)).and_then(|event| event.token))
    }
}

fn named(name: &str) -> Name {
    Name::new(name).unwrap_or_else(|error| panic!("{error}"))
}

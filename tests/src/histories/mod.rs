//! Histories of locks: many clients use one back end, processes and connections fail, and a checker compares the
//! answers with those of one lock ([`stepwell::engine::lock::history`]).
//!
//! A client is a task with a journal. It writes each call down before it sends it, so a process that is killed has a
//! successor that completes its calls: it sends them again, which the tickets and tokens of locks make safe.

mod client;
mod faults;
mod journal;
mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use stepwell::engine::lock::history::{Bounds, Call, What, check};
use stepwell::engine::lock::{Locks, Settings};
use stepwell::store::{PostgresSettings, PostgresStore, RedisLocks, RedisSettings, SqlLocks, SqliteStore};

pub use client::run as run_client;
pub use faults::{Done, Faults, run};
pub use server::Server;

/// The project of all histories.
const PROJECT: &str = "histories";

/// The time that one level of priority is worth. It is short, so that the bound on overtaking matters.
const AGING: Duration = Duration::from_millis(300);

/// A kind of back end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    Redis,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Redis];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Opens the locks of a process. A place is the path of a file, or a URL.
    pub fn open(self, place: &str) -> Arc<dyn Locks> {
        let settings = Settings { aging: AGING, ..Settings::default() };
        match self {
            Self::Sqlite => Arc::new(SqlLocks::new(Arc::new(SqliteStore::new(place)), settings)),
            Self::Postgres => {
                let store = PostgresStore::with(place.parse::<PostgresSettings>().unwrap());
                Arc::new(SqlLocks::new(Arc::new(store), settings))
            }
            Self::Redis => Arc::new(RedisLocks::new(place.parse::<RedisSettings>().unwrap(), settings)),
        }
    }
}

/// Returns the time in microseconds, by a clock that all processes share and that never jumps.
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1000
}

/// The numbers of a run.
#[derive(Debug, Default)]
pub struct Summary {
    pub calls: usize,
    pub names: usize,
    pub grants: usize,
    /// The waits that ended with a lock.
    pub waits: usize,
    /// The calls whose result is unknown.
    pub unanswered: usize,
    pub wrong: Vec<String>,
}

/// Checks the journals of a directory: a history for each name.
pub fn check_all(kind: Kind, dir: &Path, faults: bool) -> Summary {
    let mut histories: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    let mut summary = Summary::default();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            let read = journal::read(&entry.path());
            let open = read.open.map(|(begin, sent)| sent.unanswered(begin));
            for (name, call) in read.calls.into_iter().chain(open) {
                histories.entry(name).or_default().push(call);
            }
            summary.wrong.extend(read.lost.iter().map(|ticket| format!("the ticket {ticket} was lost")));
        }
    }
    // A process that is stopped, or a server that starts, delays everything for seconds. A wake-up that is lost delays
    // a wait to its end, which is much later.
    let slack = if faults { client::WAIT / 2 } else { Duration::from_secs(5) };
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    // Over SQLite, a process that was stopped grants locks with the time from before.
    let drift = if kind == Kind::Sqlite { slack } else { Duration::from_millis(50) };
    let bounds = Bounds {
        drift: micros(drift),
        lock_delay: 0,
        hand_over: micros(slack),
        overtaking: micros(AGING * 9 + slack),
    };
    summary.names = histories.len();
    for (name, calls) in &histories {
        summary.calls += calls.len();
        for call in calls {
            match call.what {
                _ if call.end.is_none() => summary.unanswered += 1,
                What::Acquire { token: Some(_), waits, .. } => {
                    summary.grants += 1;
                    summary.waits += usize::from(waits);
                }
                _ => {}
            }
        }
        if let Err(violation) = check(calls, bounds) {
            summary.wrong.push(format!("{name}: {violation}"));
        }
    }
    summary
}

//! The contract of locks over every database, and histories of many clients.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell_engine::clock::{Clock, Timestamp};
use stepwell_engine::lock::history::{Bounds, Call, What, check};
use stepwell_engine::lock::{
    Acquire, Answer, Command, LockError, Locks, MemoryLocks, Mode, Name, Owner, Settings, Want, wait_for,
};

use super::SqlLocks;
use crate::store::Database;
use crate::{PostgresSettings, PostgresStore, SqliteStore};

use stepwell_engine as engine;
mod differential;
#[path = "../../../../tests/src/locks.rs"]
#[allow(dead_code, reason = "this crate does not use all of it")]
pub(super) mod scripts;

/// Returns the locks of every database that needs no server.
fn all(dir: &Path, settings: Settings) -> Vec<(&'static str, Arc<dyn Locks>)> {
    let file = Arc::new(SqliteStore::new(dir.join("stepwell.db")));
    let memory = Arc::new(SqliteStore::in_memory());
    vec![
        ("file", Arc::new(SqlLocks::new(file, settings))),
        ("memory", Arc::new(SqlLocks::new(memory, settings))),
    ]
}

/// Compares two transcripts line by line.
pub(super) fn same(found: &str, expected: &str, name: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{name}:{}", number + 1);
    }
    assert_eq!(found, expected, "{name}");
}

#[tokio::test]
async fn scripts_of_the_contract_in_sqlite() {
    for name in scripts::SCRIPTS {
        let path = format!("{}/../../tests/contract/locks/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let script = std::fs::read_to_string(path).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for (kind, locks) in all(dir.path(), scripts::settings(&script)) {
            let found = scripts::transcript(&*locks, "default", &script).await;
            same(&found, &script, &format!("{name} in {kind}"));
        }
    }
}

/// A project that remembers as many names as it may forgets the one that has been idle for longest. Tokens grow anyway.
#[tokio::test]
async fn idle_names_make_room_for_new_ones() {
    let store = Arc::new(SqliteStore::in_memory());
    let locks = SqlLocks::new(store.clone(), Settings::default());
    let at = Timestamp::default();
    let acquire = async |name: &str| {
        let owner = Owner::new("user:a", "s");
        let request = Acquire::new(name, owner, vec![Want::new(Name::new(name).unwrap(), Mode::Exclusive)]);
        locks.run("default", Command::Acquire(Box::new(request)), at).await
    };
    let Ok(Answer::Acquired { held, .. }) = acquire("held").await else { panic!() };
    let fill = |db: &dyn crate::sql::Sql, _: &crate::shared::Shared| {
        db.execute(
            "INSERT INTO lock_names WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 200000)
             SELECT 'default', 'name' || n, n, NULL, n FROM n",
            crate::sql::params![],
        )?;
        db.execute("UPDATE lock_projects SET names = 200000, last_token = 200000", crate::sql::params![])
    };
    store.0.write(fill).await.unwrap();
    let Ok(Answer::Acquired { held: new, .. }) = acquire("new").await else { panic!() };
    assert!(new[0].token > 200_000 && new[0].token > held[0].token);
    let names = |db: &dyn crate::sql::Sql, _: &crate::shared::Shared| {
        let sql = "SELECT name FROM lock_names ORDER BY used_at, name LIMIT 3";
        db.many::<String>(sql, crate::sql::params![])
    };
    assert_eq!(store.0.read(names).await.unwrap(), ["held", "new", "name3"]);
    assert!(locks.show("default", &Name::new("held").unwrap(), at).await.is_ok());
}

/// A schema of its own on the PostgreSQL of this machine.
pub(crate) struct Schema {
    url: String,
    name: String,
    client: tokio_postgres::Client,
}

impl Schema {
    /// Connects. Without a server, it prints a line and returns `None`.
    pub(crate) async fn new() -> Option<Self> {
        let url = std::env::var("STEPWELL_TEST_POSTGRES_URL");
        let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let (client, connection) = match tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
            Ok(connected) => connected,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "there is no PostgreSQL: {error}");
                println!("skipped: there is no PostgreSQL");
                return None;
            }
        };
        tokio::spawn(connection);
        Some(Self { url, name: format!("locks_{:016x}", fastrand::u64(..)), client })
    }

    /// Returns the URL of a store in this schema.
    pub(crate) fn address(&self) -> String {
        format!("{}?schema={}", self.url, self.name)
    }

    /// Returns the locks of a process that measures leases by the time of its calls.
    fn locks(&self, settings: Settings) -> Arc<dyn Locks> {
        let store = self.address().parse::<PostgresSettings>().unwrap().callers_time();
        Arc::new(SqlLocks::new(Arc::new(PostgresStore::with(store)), settings))
    }

    pub(crate) async fn drop(self) {
        self.client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_of_the_contract_in_postgres() {
    let Some(schema) = Schema::new().await else { return };
    for name in scripts::SCRIPTS {
        let path = format!("{}/../../tests/contract/locks/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let script = std::fs::read_to_string(path).unwrap();
        let locks = schema.locks(scripts::settings(&script));
        // A project of its own, so that scripts share no lock.
        same(&scripts::transcript(&*locks, name, &script).await, &script, name);
    }
    schema.drop().await;
}

/// The order of the calls and answers of a test: a history needs no more. The time stands still.
#[derive(Clone, Default)]
struct Order(Arc<AtomicU64>);

impl Order {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Clock for Order {
    fn now(&self) -> Timestamp {
        scripts::at(0.0)
    }
}

/// Lets clients use one lock in turn, through the back ends of several processes, and returns what they saw.
pub(super) async fn history(backends: &[Arc<dyn Locks>], clients: u64, rounds: u32) -> Vec<Call> {
    let order = Order::default();
    let client = |number: u64| {
        let index = usize::try_from(number).unwrap() % backends.len();
        let (locks, order) = (backends[index].clone(), order.clone());
        tokio::spawn(async move {
            let (mut calls, mut random) = (Vec::new(), fastrand::Rng::with_seed(number));
            for round in 0..rounds {
                let ticket = format!("t-{number}-{round}");
                let mode = if random.u8(0..3) == 0 { Mode::Shared } else { Mode::Exclusive };
                let waits = random.u8(0..4) > 0;
                use_once(&*locks, &order, &ticket, (mode, waits), &mut calls).await;
            }
            calls
        })
    };
    let clients: Vec<_> = (0..clients).map(client).collect();
    let mut calls = Vec::new();
    for client in clients {
        calls.extend(client.await.unwrap());
    }
    calls
}

/// Takes the lock once, checks the token and releases the lock.
async fn use_once(
    locks: &dyn Locks,
    order: &Order,
    ticket: &str,
    (mode, waits): (Mode, bool),
    calls: &mut Vec<Call>,
) {
    let name = Name::new("shared name").unwrap();
    let mut record = |begin, what| calls.push(Call { begin, end: Some(order.next()), what });
    let wants = vec![Want::new(name.clone(), mode)];
    let wait = waits.then_some(Duration::from_secs(30));
    let request = Acquire { wait, ..Acquire::new(ticket, Owner::new("ann", ""), wants) };
    let begin = order.next();
    let mut answer = locks.run("p", Command::Acquire(Box::new(request)), order.now()).await.unwrap();
    if matches!(answer, Answer::Waiting { .. }) {
        answer = wait_for(locks, order, "p", ticket, Duration::from_secs(30)).await.unwrap();
    }
    let held = if let Answer::Acquired { held, .. } = answer { held.first().cloned() } else { None };
    let token = held.map(|held| held.token);
    record(begin, What::Acquire { mode, waits, lease: None, token });
    let Some(token) = token else { return };
    let begin = order.next();
    let valid = locks.check("p", &name, token, order.now()).await.unwrap().valid;
    record(begin, What::Check { token, valid });
    let begin = order.next();
    let release = Command::Release { name: name.clone(), token, by: "ann".to_owned() };
    let done = locks.run("p", release, order.now()).await.is_ok();
    record(begin, What::Release { token, done });
    let begin = order.next();
    let valid = locks.check("p", &name, token, order.now()).await.unwrap().valid;
    record(begin, What::Check { token, valid });
}

/// A kind of back end, the number of rounds of each client, and the back ends of several processes.
type Processes = (&'static str, u32, Vec<Arc<dyn Locks>>);

/// Time is the order of calls and answers here. A machine under load may hold a client up for any time between the
/// start of its call and the store, so this history cannot bound how long a wait takes and who overtakes: the random
/// model of the engine and `a_waiter_hears_of_a_release` check that.
pub(super) const BOUNDS: Bounds =
    Bounds { drift: 0, lock_delay: 0, hand_over: u64::MAX, overtaking: u64::MAX };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_many_clients_are_those_of_one_lock() {
    let dir = tempfile::tempdir().unwrap();
    let mut backends: Vec<Processes> = all(dir.path(), Settings::default())
        .into_iter()
        .map(|(kind, locks)| (kind, 25, vec![locks]))
        .collect();
    backends.push(("engine", 25, vec![Arc::new(MemoryLocks::new(Settings::default()))]));
    // Two processes that share a file look at it once per second.
    let file = || Arc::new(SqliteStore::new(dir.path().join("two.db")));
    let two = || -> Arc<dyn Locks> { Arc::new(SqlLocks::new(file(), Settings::default())) };
    backends.push(("two processes", 2, vec![two(), two()]));
    let schema = Schema::new().await;
    if let Some(schema) = &schema {
        let settings = Settings::default();
        backends.push(("postgres", 25, vec![schema.locks(settings), schema.locks(settings)]));
    }
    for (kind, rounds, locks) in backends {
        let calls = history(&locks, 8, rounds).await;
        let granted = calls.iter().filter(|call| matches!(call.what, What::Acquire { token: Some(_), .. }));
        assert!(granted.count() > 4 * rounds as usize, "{kind}");
        check(&calls, BOUNDS).unwrap_or_else(|violation| panic!("{kind}: {violation}"));
    }
    if let Some(schema) = schema {
        schema.drop().await;
    }
}

#[tokio::test]
async fn locks_of_two_projects_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open =
        || SqlLocks::new(Arc::new(SqliteStore::new(dir.path().join("stepwell.db"))), Settings::default());
    let acquire = |ticket: &str| {
        let want = Want::new(Name::new("db").unwrap(), Mode::Exclusive);
        Command::Acquire(Box::new(Acquire::new(ticket, Owner::new("ann", ""), vec![want])))
    };
    let (locks, at) = (open(), scripts::at(0.0));
    let first = locks.run("a", acquire("t1"), at).await.unwrap();
    assert!(matches!(first, Answer::Acquired { .. }), "{first:?}");
    let other = locks.run("b", acquire("t1"), at).await.unwrap();
    assert!(matches!(other, Answer::Acquired { .. }), "{other:?}");
    drop(locks);
    let locks = open();
    assert_eq!(locks.run("a", acquire("t1"), at).await.unwrap(), first, "the same request again");
    assert!(matches!(locks.run("a", acquire("t2"), at).await.unwrap(), Answer::Busy { .. }));
    let name = Name::new("db").unwrap();
    let release = |token| Command::Release { name: name.clone(), token, by: "ann".to_owned() };
    locks.run("a", release(1), at).await.unwrap();
    let Answer::Acquired { held, .. } = locks.run("a", acquire("t3"), at).await.unwrap() else { panic!() };
    assert_eq!(held[0].token, 2, "tokens grow over restarts");
    assert!(matches!(locks.run("a", release(1), at).await, Err(LockError::Released { .. })));
    assert!(matches!(locks.run("c", release(1), at).await, Err(LockError::UnknownLock(_))));
}

#[tokio::test]
async fn a_waiter_hears_of_a_release() {
    let dir = tempfile::tempdir().unwrap();
    let mut backends = all(dir.path(), Settings::default());
    backends.push(("engine", Arc::new(MemoryLocks::new(Settings::default()))));
    for (kind, locks) in backends {
        let (at, name) = (scripts::at(0.0), Name::new("db").unwrap());
        let want = vec![Want::new(name.clone(), Mode::Exclusive)];
        let request = |ticket: &str, actor: &str| {
            let wait = Some(Duration::from_secs(60));
            Command::Acquire(Box::new(Acquire {
                wait,
                ..Acquire::new(ticket, Owner::new(actor, ""), want.clone())
            }))
        };
        locks.run("p", request("t1", "ann"), at).await.unwrap();
        locks.run("p", request("t2", "bob"), at).await.unwrap();
        let early = wait_for(&*locks, &at, "p", "t2", Duration::from_millis(50)).await.unwrap();
        assert!(matches!(early, Answer::Waiting { .. }), "{kind}: {early:?}");
        let waiting = locks.clone();
        let waiter =
            tokio::spawn(async move { wait_for(&*waiting, &at, "p", "t2", Duration::from_secs(20)).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        locks.run("p", Command::Release { name, token: 1, by: "ann".to_owned() }, at).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_millis(500), waiter).await;
        let answer =
            answer.unwrap_or_else(|_| panic!("{kind}: the release woke no waiter")).unwrap().unwrap();
        assert!(matches!(answer, Answer::Acquired { .. }), "{kind}: {answer:?}");
    }
}

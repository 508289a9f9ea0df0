//! Locks on each back end, beside the least that the back end needs for the same durability, and beside the usual ways
//! to lock with it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::lock::{
    Acquire, Answer, Command, LockError, Locks, MemoryLocks, Mode, Name, Owner, Settings, Want, wait_for,
};
use stepwell::store::{PostgresStore, RedisLocks, SqlLocks, SqliteStore};
use stepwell_tests::histories::{Kind, Server};
use stepwell_tests::servers;

use crate::Result;

/// The locks that are taken and released one after another.
const PAIRS: usize = 1_000;
const WAITERS: usize = 1_000;
const NAMES: usize = 100_000;
/// The names of one request.
const TOGETHER: usize = 32;
/// The time for which several processes run.
const CONTENDED: Duration = Duration::from_secs(4);
/// The pause of a client that asks `SET NX` again.
const POLL: Duration = Duration::from_millis(10);

struct Real;

impl Clock for Real {
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }
}

type Backend = (&'static str, Arc<dyn Locks>);

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let dir = tempfile::tempdir()?;
        let (database, redis) = (servers::postgres().await, Server::start(Kind::Redis).await);
        let url = redis.as_ref().map(|redis| redis.place(redis.port));
        let path = dir.path().join("stepwell.db");
        let sqlite = Arc::new(SqliteStore::new(&path));
        let mut backends: Vec<Backend> = vec![
            ("memory", Arc::new(MemoryLocks::new(Settings::default()))),
            ("SQLite", Arc::new(SqlLocks::new(sqlite, Settings::default()))),
        ];
        if let Some(database) = &database {
            let store = Arc::new(PostgresStore::new(&database.url())?);
            backends.push(("PostgreSQL", Arc::new(SqlLocks::new(store, Settings::default()))));
        }
        if let Some(url) = &url {
            backends.push(("Redis", Arc::new(RedisLocks::new(url.parse()?, Settings::default()))));
        }
        let load = std::fs::read_to_string("/proc/loadavg")?;
        println!("locks: acquire and release, {PAIRS} times (load {})", load.trim());
        let mut connection = match &url {
            Some(url) => Some(redis::Client::open(url.as_str())?.get_multiplexed_async_connection().await?),
            None => None,
        };
        for (name, locks) in &backends {
            pairs(name, &**locks).await?;
        }
        sqlite_floor(&dir.path().join("floor.db"))?;
        if let Some(database) = &database {
            postgres_floor(&database.url()).await?;
        }
        if let Some(connection) = &mut connection {
            redis_floor(connection).await?;
        }
        println!("locks: {WAITERS} wait for one name; from the release to the next holder");
        for (name, locks) in &backends {
            hand_over(name, locks).await?;
        }
        if let Some(connection) = &connection {
            polled(connection).await?;
        }
        if let Some(url) = &url {
            println!("locks: processes that use other names of one project in Redis");
            for count in [1, 2, 4, 8] {
                contended(url, count).await?;
            }
        }
        println!("locks: {NAMES} names, {TOGETHER} at once");
        for (name, locks) in &backends {
            let before = size(name, &path, database.as_ref(), connection.as_mut()).await?;
            let started = Instant::now();
            fill(&**locks).await?;
            let took = started.elapsed();
            let after = size(name, &path, database.as_ref(), connection.as_mut()).await?;
            let bytes = after.saturating_sub(before) / NAMES as u64;
            println!("  {name}: {:.1} s, {bytes} bytes for each lock", took.as_secs_f64());
            pairs(name, &**locks).await?;
            let before = size(name, &path, database.as_ref(), connection.as_mut()).await?;
            queue(&**locks, "waiters", 10 * WAITERS).await?;
            let after = size(name, &path, database.as_ref(), connection.as_mut()).await?;
            let bytes = after.saturating_sub(before) / (10 * WAITERS) as u64;
            println!("  {name}: {bytes} bytes for each ticket that waits");
        }
        Ok(())
    })
}

type LockResult<T> = std::result::Result<T, LockError>;

fn request(ticket: &str, names: &[String]) -> LockResult<Acquire> {
    let want = |name: &String| Ok(Want::new(Name::new(name)?, Mode::Exclusive));
    Ok(Acquire::new(ticket, Owner::new("bench", ""), names.iter().map(want).collect::<LockResult<_>>()?))
}

async fn acquire(locks: &dyn Locks, request: Acquire) -> LockResult<Answer> {
    locks.run("bench", Command::Acquire(Box::new(request)), Real.now()).await
}

async fn release(locks: &dyn Locks, name: &str, token: u64) -> LockResult<()> {
    let command = Command::Release { name: Name::new(name)?, token, by: "bench".to_owned() };
    locks.run("bench", command, Real.now()).await.map(drop)
}

fn token(answer: &Answer) -> LockResult<u64> {
    match answer {
        Answer::Acquired { held, .. } => Ok(held.first().map_or(0, |held| held.token)),
        other => Err(LockError::Failed(format!("{other:?}"))),
    }
}

/// Prints percentiles.
fn show(name: &str, mut samples: Vec<Duration>) {
    samples.sort_unstable();
    let at = |part: usize| samples.get(samples.len() * part / 100).copied().unwrap_or_default();
    let [p50, p95, p99] = [50, 95, 99].map(|part| at(part).as_secs_f64() * 1000.0);
    println!("  {name}: p50 {p50:.3} ms, p95 {p95:.3} ms, p99 {p99:.3} ms");
}

async fn pairs(name: &str, locks: &dyn Locks) -> Result {
    let (mut samples, run) = (Vec::new(), fastrand::u32(..));
    for number in 0..PAIRS {
        let started = Instant::now();
        let answer = acquire(locks, request(&format!("pair-{run}-{number}"), &["pair".to_owned()])?).await?;
        release(locks, "pair", token(&answer)?).await?;
        samples.push(started.elapsed());
    }
    show(name, samples);
    Ok(())
}

/// Two commits of one row, each with its fsync.
fn sqlite_floor(path: &Path) -> Result {
    let db = rusqlite::Connection::open(path)?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER)")?;
    let mut samples = Vec::new();
    for number in 0..PAIRS {
        let started = Instant::now();
        db.execute("INSERT INTO t VALUES (?1)", [number as i64])?;
        db.execute("DELETE FROM t", [])?;
        samples.push(started.elapsed());
    }
    show("two commits of one row in SQLite", samples);
    Ok(())
}

async fn postgres_floor(url: &str) -> Result {
    let url = url.split('?').next().unwrap_or_default();
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute("CREATE TABLE floor (n BIGINT); INSERT INTO floor VALUES (0)").await?;
    for (name, first, second) in [
        ("two commits of one row in PostgreSQL", "UPDATE floor SET n = n + 1", "UPDATE floor SET n = n - 1"),
        ("an advisory lock of PostgreSQL", "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_unlock(1)"),
    ] {
        let (first, second) = (client.prepare(first).await?, client.prepare(second).await?);
        let mut samples = Vec::new();
        for _ in 0..PAIRS {
            let started = Instant::now();
            client.execute(&first, &[]).await?;
            client.execute(&second, &[]).await?;
            samples.push(started.elapsed());
        }
        show(name, samples);
    }
    connection.abort();
    Ok(())
}

async fn redis_floor(connection: &mut redis::aio::MultiplexedConnection) -> Result {
    let mut samples = Vec::new();
    for number in 0..PAIRS {
        let started = Instant::now();
        redis::cmd("SET").arg("floor").arg(number).arg("NX").exec_async(connection).await?;
        redis::cmd("DEL").arg("floor").exec_async(connection).await?;
        samples.push(started.elapsed());
    }
    show("SET NX and DEL in Redis", samples);
    Ok(())
}

/// Makes a queue of tickets behind a holder, and returns the token of the holder.
async fn queue(locks: &dyn Locks, name: &str, count: usize) -> Result<u64> {
    let names = [name.to_owned()];
    let held = acquire(locks, request(&format!("{name}-holder"), &names)?).await?;
    // Tickets of several names at the same time would be a deadlock of their own, so each has one.
    for number in 0..count {
        let names = if count > WAITERS { vec![format!("{name}-{}", number % 100)] } else { names.to_vec() };
        if count > WAITERS && number < 100 {
            acquire(locks, request(&format!("{name}-holder-{number}"), &names)?).await?;
        }
        let wait = Some(Duration::from_secs(3600));
        acquire(locks, Acquire { wait, ..request(&format!("{name}-{number}"), &names)? }).await?;
    }
    Ok(token(&held)?)
}

async fn hand_over(name: &str, locks: &Arc<dyn Locks>) -> Result {
    let lock = "queue";
    let started = Instant::now();
    let mut held = queue(&**locks, lock, WAITERS).await?;
    println!("  {name}: {:.1} s for {WAITERS} requests", started.elapsed().as_secs_f64());
    let (sender, mut holders) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..WAITERS {
        let (locks, sender) = (locks.clone(), sender.clone());
        tokio::spawn(async move {
            let ticket = format!("{lock}-{number}");
            let limit = Duration::from_secs(3600);
            let answer = wait_for(&*locks, &Real, "bench", &ticket, limit).await;
            let _ = sender.send((answer, Instant::now()));
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut samples = Vec::new();
    for _ in 0..WAITERS {
        let started = Instant::now();
        release(&**locks, lock, held).await?;
        let (answer, at) = holders.recv().await.ok_or("no holder")?;
        held = token(&answer?)?;
        samples.push(at - started);
    }
    release(&**locks, lock, held).await?;
    show(name, samples);
    Ok(())
}

/// Clients that ask `SET NX` again until it succeeds.
async fn polled(connection: &redis::aio::MultiplexedConnection) -> Result {
    let mut own = connection.clone();
    redis::cmd("SET").arg("polled").arg("").exec_async(&mut own).await?;
    let (sender, mut holders) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..WAITERS {
        let (mut connection, sender) = (connection.clone(), sender.clone());
        tokio::spawn(async move {
            loop {
                let set =
                    redis::cmd("SET").arg("polled").arg("").arg("NX").query_async(&mut connection).await;
                if let Ok(true) = set {
                    let _ = sender.send(Instant::now());
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut samples = Vec::new();
    for _ in 0..WAITERS {
        let started = Instant::now();
        redis::cmd("DEL").arg("polled").exec_async(&mut own).await?;
        samples.push(holders.recv().await.ok_or("no holder")? - started);
    }
    show("SET NX with a poll of 10 ms, in no order", samples);
    Ok(())
}

/// Runs pairs of commands in several processes for a while: by the back end, and with a mutex of Redis around the two
/// round trips that a command needs anyway.
async fn contended(url: &str, count: usize) -> Result {
    let end = Instant::now() + CONTENDED;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..count {
        let locks = RedisLocks::new(url.parse()?, Settings::default());
        ours.push(tokio::spawn(async move {
            let mut samples = Vec::new();
            while Instant::now() < end {
                let (name, started) = (format!("contended-{number}"), Instant::now());
                let ticket = format!("{name}-{}-{}", samples.len(), fastrand::u32(..));
                let answer = acquire(&locks, request(&ticket, std::slice::from_ref(&name))?).await?;
                release(&locks, &name, token(&answer)?).await?;
                samples.push(started.elapsed());
            }
            Ok::<_, LockError>(samples)
        }));
    }
    let mut samples = Vec::new();
    for task in ours {
        samples.extend(task.await??);
    }
    show(&format!("{count}: {} pairs per second", samples.len() as u64 / CONTENDED.as_secs()), samples);
    let end = Instant::now() + CONTENDED;
    for _ in 0..count {
        let mut redis = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        theirs.push(tokio::spawn(async move {
            let mut samples = Vec::new();
            while Instant::now() < end {
                let started = Instant::now();
                for _ in 0..2 {
                    let mut set = redis::cmd("SET");
                    set.arg(&["mutex", "", "NX", "PX", "1000"]);
                    while !matches!(set.query_async(&mut redis).await, Ok(true)) {
                        tokio::time::sleep(Duration::from_micros(fastrand::u64(..400))).await;
                    }
                    redis::cmd("ECHO").arg("load").exec_async(&mut redis).await?;
                    redis::cmd("ECHO").arg("commit").exec_async(&mut redis).await?;
                    redis::cmd("DEL").arg("mutex").exec_async(&mut redis).await?;
                }
                samples.push(started.elapsed());
            }
            Ok::<_, redis::RedisError>(samples)
        }));
    }
    let mut samples = Vec::new();
    for task in theirs {
        samples.extend(task.await??);
    }
    show(
        &format!(
            "{count}, a mutex around empty commands: {} pairs per second",
            samples.len() as u64 / CONTENDED.as_secs()
        ),
        samples,
    );
    Ok(())
}

async fn fill(locks: &dyn Locks) -> Result {
    for first in (0..NAMES).step_by(TOGETHER) {
        let names: Vec<String> =
            (first..(first + TOGETHER).min(NAMES)).map(|n| format!("name-{n}")).collect();
        token(&acquire(locks, request(&format!("fill-{first}"), &names)?).await?)?;
    }
    Ok(())
}

/// Returns the bytes that a back end uses: in the memory of this process, in its file, in its tables, or in the memory
/// of its server.
async fn size(
    name: &str,
    path: &Path,
    database: Option<&servers::Database>,
    connection: Option<&mut redis::aio::MultiplexedConnection>,
) -> Result<u64> {
    Ok(match (name, database, connection) {
        ("SQLite", ..) => {
            let db = rusqlite::Connection::open(path)?;
            let pages: u64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            pages * db.query_row("PRAGMA page_size", [], |row| row.get::<_, u64>(0))?
        }
        ("PostgreSQL", Some(database), _) => {
            let url = database.url();
            let url = url.split('?').next().unwrap_or_default();
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
            let connection = tokio::spawn(connection);
            let row = client.query_one("SELECT pg_database_size(current_database())", &[]).await?;
            connection.abort();
            row.get::<_, i64>(0).unsigned_abs()
        }
        ("Redis", _, Some(connection)) => {
            let info: String = redis::cmd("INFO").arg("memory").query_async(connection).await?;
            let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
            line.ok_or("no used_memory")?.trim().parse()?
        }
        _ => {
            let status = std::fs::read_to_string("/proc/self/status")?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kib: u64 = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?.parse()?;
            kib << 10
        }
    })
}

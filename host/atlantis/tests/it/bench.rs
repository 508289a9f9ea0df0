//! Both stores, each with a way around the interface: the entries as Atlantis itself would write them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use stepwell_atlantis::bolt::{BoltFile, Edit, Reading};
use stepwell_atlantis::format::RawValue;
use stepwell_atlantis::locks::{BoltLocks, LegacyLocks, RedisLocks, RedisSettings, Report};

/// The databases of Redis that the tests use, one per process, so that tests do not see each other.
const DATABASES: std::ops::Range<i64> = 4..16;

/// The key in a database that these tests may empty.
const MARK: &str = "stepwell-atlantis-tests";

/// The three kinds of entries.
#[derive(Clone, Copy)]
pub enum Kind {
    Locks,
    Commands,
    Pulls,
}

/// A store for one test.
pub enum Bench {
    Bolt { locks: BoltLocks, file: BoltFile, _dir: tempfile::TempDir },
    Redis { locks: RedisLocks, connection: redis::aio::MultiplexedConnection, _turn: std::fs::File },
}

impl Bench {
    /// A BoltDB file, made with or without Go.
    pub async fn bolt() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let locks = BoltLocks::at(dir.path(), Reading::Locked);
        locks.create().await.unwrap();
        let file = BoltFile::at(locks.path());
        Self::Bolt { locks, file, _dir: dir }
    }

    /// A BoltDB file that the real bbolt made, with the page size of some ARM machines.
    fn bolt_of_go() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("atlantis.db");
        crate::go::make("empty", 16_384, &file)?;
        let locks = BoltLocks::at(&file, Reading::Locked);
        Some(Self::Bolt { locks, file: BoltFile::at(file), _dir: dir })
    }

    /// An empty database of the real Redis on this machine.
    pub async fn redis() -> Option<Self> {
        let client = redis::Client::open("redis://127.0.0.1:6379").unwrap();
        let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
            assert!(std::env::var("CI").is_err(), "needs Redis on 127.0.0.1:6379");
            eprintln!("skipped: needs Redis on 127.0.0.1:6379");
            return None;
        };
        let (db, turn) = loop {
            let (db, turn) = free_database();
            redis::cmd("SELECT").arg(db).exec_async(&mut connection).await.unwrap();
            let size: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
            let is_ours: bool = redis::cmd("EXISTS").arg(MARK).query_async(&mut connection).await.unwrap();
            if size == 0 || is_ours {
                break (db, turn);
            }
        };
        redis::cmd("FLUSHDB").exec_async(&mut connection).await.unwrap();
        redis::cmd("SET").arg(MARK).arg("").exec_async(&mut connection).await.unwrap();
        let settings = RedisSettings { host: "127.0.0.1".to_owned(), db, ..RedisSettings::default() };
        Some(Self::Redis { locks: RedisLocks::new(settings), connection, _turn: turn })
    }

    /// Both stores.
    pub async fn both() -> Vec<Self> {
        [Some(Self::bolt().await), Self::redis().await].into_iter().flatten().collect()
    }

    /// Both stores, and a file of the real bbolt.
    pub async fn all() -> Vec<Self> {
        let mut all = Self::both().await;
        all.extend(Self::bolt_of_go());
        all
    }

    pub fn locks(&self) -> &dyn LegacyLocks {
        match self {
            Self::Bolt { locks, .. } => locks,
            Self::Redis { locks, .. } => locks,
        }
    }

    /// The word of Atlantis that differs between the stores.
    pub fn db(&self) -> &'static str {
        if matches!(self, Self::Bolt { .. }) { "DB" } else { "db" }
    }

    pub fn is_bolt(&self) -> bool {
        matches!(self, Self::Bolt { .. })
    }

    /// Stores an entry without the interface.
    pub async fn put(&self, kind: Kind, key: &str, value: &[u8]) {
        match self {
            Self::Bolt { file, .. } => {
                let bucket = ["runLocks", "globalLocks", "pulls"][kind as usize];
                let edit = Edit { bucket, key: key.as_bytes().to_vec(), value: Some(RawValue::new(value)) };
                file.change(|_| (vec![edit], ())).unwrap();
            }
            Self::Redis { connection, .. } => {
                let prefix = ["pr/", "global/", ""][kind as usize];
                let mut connection = connection.clone();
                let key = format!("{prefix}{key}");
                redis::cmd("SET").arg(key).arg(value).exec_async(&mut connection).await.unwrap();
            }
        }
    }

    /// All entries of a kind.
    pub async fn entries(&self, kind: Kind) -> BTreeMap<String, Vec<u8>> {
        match self {
            Self::Bolt { file, .. } => {
                let contents = file.read(Reading::Locked).unwrap();
                let bucket = [&b"runLocks"[..], b"globalLocks", b"pulls"][kind as usize];
                let text = |key: &Vec<u8>| String::from_utf8(key.clone()).unwrap();
                contents.buckets[bucket].iter().map(|(key, raw)| (text(key), raw.expose().to_vec())).collect()
            }
            Self::Redis { connection, .. } => {
                let mut connection = connection.clone();
                let keys: Vec<String> =
                    redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
                let mut found = BTreeMap::new();
                for key in keys {
                    let (is_lock, is_command) = (key.strip_prefix("pr/"), key.strip_prefix("global/"));
                    let short = match kind {
                        Kind::Locks => is_lock,
                        Kind::Commands => is_command,
                        Kind::Pulls if is_lock.is_none() && is_command.is_none() => Some(key.as_str()),
                        Kind::Pulls => None,
                    };
                    if let Some(short) = short.filter(|short| *short != MARK) {
                        let value = redis::cmd("GET").arg(&key).query_async(&mut connection).await.unwrap();
                        found.insert(short.to_owned(), value);
                    }
                }
                found
            }
        }
    }

    pub async fn report(&self) -> Report {
        match self {
            Self::Bolt { locks, .. } => locks.report().await.unwrap(),
            Self::Redis { locks, .. } => locks.report().await.unwrap(),
        }
    }

    /// Deletes the entries that a test made in Redis, and lets bbolt check the file.
    pub async fn end(self) {
        match self {
            Self::Redis { mut connection, .. } => {
                redis::cmd("FLUSHDB").exec_async(&mut connection).await.unwrap();
            }
            Self::Bolt { file, .. } if crate::go::program().is_some() => {
                drop(crate::go::checked(file.path()))
            }
            Self::Bolt { .. } => {}
        }
    }
}

/// A database that no other process of these tests uses.
fn free_database() -> (i64, std::fs::File) {
    static FIRST: AtomicU32 = AtomicU32::new(0);
    loop {
        let offset = i64::from(std::process::id() + FIRST.fetch_add(1, Ordering::Relaxed));
        let db = DATABASES.start + offset % (DATABASES.end - DATABASES.start);
        let turn = std::fs::File::create(format!("{}/redis-{db}.lock", env!("CARGO_TARGET_TMPDIR"))).unwrap();
        if turn.try_lock().is_ok() {
            return (db, turn);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

//! A store that moves to another database and back while clients use it, between all kinds of databases.

use std::sync::Arc;

use serde_json::json;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::lock::{Acquire, Command, LockError, Locks, Mode, Name, Owner, Settings, Want};
use stepwell_engine::run::RunStatus;
use stepwell_engine::store::prelude::*;
use stepwell_engine::store::{
    Audit, Change, Checkpoint, ClaimQuery, CleanUp, Commit, Expect, Idempotency, Kind, NewRun, Next,
    ScheduleRow,
};
use stepwell_engine::{JobDefinition, StoreError};

use super::tables::{Kind as ColumnKind, TABLES};
use super::{Follower, Role, SwitchError, compare};
use crate::locks::tests::Schema;
use crate::sql::{Sql, params};
use crate::store::{Database, SqlStore};
use crate::{PostgresSettings, PostgresStore, SqlLocks, SqliteStore};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn job(number: u64) -> Arc<Job> {
    let job = json!({"id": format!("job{}", number % 5), "steps": [{"id": "s", "type": "wait", "for": 0}],
        "schedule": {"every": "1h"}, "description": format!("{}", number % 7)});
    Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into())
}

/// A client that does a bit of everything, by its numbers.
struct Client<D> {
    store: Arc<SqlStore<D>>,
    locks: SqlLocks<D>,
    random: fastrand::Rng,
    now: i64,
}

impl<D: Database + 'static> Client<D> {
    fn new(store: Arc<SqlStore<D>>, seed: u64, now: i64) -> Self {
        let locks = SqlLocks::new(store.clone(), Settings::default());
        Self { store, locks, random: fastrand::Rng::with_seed(seed), now }
    }

    fn audit(&self, target: &str) -> Audit {
        let (by, action) = ("key:test".to_owned(), "test".to_owned());
        let (name, detail, target) = (String::new(), "é\u{1F600}".to_owned(), target.to_owned());
        Audit { at: at(self.now), by, name, action, target, detail }
    }

    async fn act(&mut self) -> Result<(), StoreError> {
        self.now += 1;
        let number = self.random.u64(..);
        let id = format!("exec_{:010}_{:06x}", self.now, number & 0xff_ffff);
        match self.random.u8(0..9) {
            0..=2 => {
                let mut run = NewRun::of(job(number), &id, at(self.now));
                run.queue = Some("UTC".to_owned());
                run.idempotency = number
                    .is_multiple_of(3)
                    .then(|| Idempotency { key: format!("key{}", self.now), fingerprint: "f".to_owned() });
                let audit = Change::Audit(self.audit(&id));
                self.store.insert(&run, vec![audit]).await.map(drop)
            }
            3 | 4 => self.work().await,
            5 => {
                let put = Change::Put {
                    kind: Kind::Job,
                    id: format!("job{}", number % 5),
                    state: String::new(),
                    value: json!({"n": self.now, "text": "x".repeat((number % 5000) as usize)}),
                    expect: Expect::Any,
                };
                let row = ScheduleRow {
                    job_id: format!("job{}", number % 5),
                    job: job(number),
                    made: at(self.now),
                    cursor: at(self.now),
                    next: number.is_multiple_of(2).then(|| at(self.now + 60)),
                    paused: None,
                };
                self.store.write(vec![put, Change::PutSchedule(row), Change::Audit(self.audit("job"))]).await
            }
            6 => {
                let remove =
                    Change::Remove { kind: Kind::Job, id: format!("job{}", number % 5), expect: Expect::Any };
                self.store.write(vec![remove, Change::RemoveSchedule(format!("job{}", number % 5))]).await
            }
            7 => {
                let want = vec![Want::new(Name::new(&format!("n{}", number % 4)).unwrap(), Mode::Exclusive)];
                let acquire = Acquire::new(&id, Owner::new("user:a", "s"), want);
                let done = self.locks.run("default", Command::Acquire(Box::new(acquire)), at(self.now)).await;
                done.map(drop).or_else(|error| match error {
                    LockError::Moved => Err(StoreError::Moved),
                    _ => Ok(()),
                })
            }
            _ => {
                let query = CleanUp {
                    now: at(self.now),
                    runs_before: at(self.now - 100),
                    runs_per_job: 20,
                    include_dead: true,
                    ledger_before: at(self.now - 100),
                    audit_before: at(self.now - 150),
                    limit: 10,
                    dry_run: false,
                    audit: Some(self.audit("runs")),
                };
                self.store.clean_up(query).await.map(drop)
            }
        }
    }

    /// Claims a run, saves a checkpoint, and ends the run or lets it wait.
    async fn work(&mut self) -> Result<(), StoreError> {
        let query = ClaimQuery {
            queue: "UTC".to_owned(),
            worker: "w".to_owned(),
            now: at(self.now),
            until: at(self.now + 30),
            concurrency: 10,
            limit: 2,
            open: true,
        };
        for claim in self.store.claim(query).await? {
            let (id, fence) = (claim.run.execution_id.clone(), claim.fence);
            let checkpoint = Checkpoint {
                execution_id: id.clone(),
                fence,
                number: 1,
                place: 0,
                step: "s".into(),
                data: "data".to_owned(),
            };
            self.store.save_checkpoint(checkpoint).await?;
            let ends = self.random.bool();
            let commit = Commit {
                execution_id: id,
                fence,
                number: 2,
                events: Vec::new(),
                logs: Vec::new(),
                forget_checkpoints: if ends { vec![0] } else { Vec::new() },
                status: ends.then_some(RunStatus::Success),
                started_at: Some(at(self.now)),
                next: if ends { Next::End } else { Next::Wait(at(self.now + 5)) },
                dead: None,
                audit: vec![self.audit("commit")],
                at: at(self.now),
            };
            self.store.commit(commit).await?;
        }
        Ok(())
    }
}

async fn equal<A: Database, B: Database>(a: &Arc<SqlStore<A>>, b: &Arc<SqlStore<B>>, least: u64) {
    let compared = compare(a, b).await.unwrap();
    assert!(compared.differing == 0 && compared.rows >= least, "{compared:?}");
}

/// Passes until nothing is left.
async fn drain<A: Database, B: Database>(follower: &Follower<A, B>) {
    while !follower.pass().await.unwrap().idle {}
}

/// Moves a store from `old` to `new` under work, and back.
async fn moves<A: Database + 'static, B: Database + 'static>(old: Arc<SqlStore<A>>, new: Arc<SqlStore<B>>) {
    let mut client = Client::new(old.clone(), 7, 0);
    for _ in 0..120 {
        client.act().await.unwrap();
    }
    let stopped = Follower::begin(old.clone(), new.clone()).await.unwrap();
    for _ in 0..3 {
        stopped.pass().await.unwrap();
    }
    // Another process continues the copy. The first one can write nothing more.
    let follower = Follower::begin(old.clone(), new.clone()).await.unwrap();
    for _ in 0..60 {
        client.act().await.unwrap();
        follower.pass().await.unwrap();
    }
    let run = NewRun::of(job(1), "exec_noted", at(client.now));
    old.insert(&run, Vec::new()).await.unwrap();
    assert_eq!(stopped.pass().await, Err(SwitchError::Replaced));
    drain(&follower).await;
    equal(&old, &new, 100).await;
    assert_eq!(follower.waiting().await.unwrap().0, 0);

    // The new store accepts no writes before it leads, and the old one none after.
    let mut early = Client::new(new.clone(), 8, 1000);
    early.now = client.now;
    for _ in 0..20 {
        assert!(matches!(early.act().await, Err(StoreError::Moved) | Ok(())));
    }
    for _ in 0..20 {
        client.act().await.unwrap();
    }
    follower.hand_over().await.unwrap();
    equal(&new, &old, 100).await;
    let (from, to) = follower.states().await.unwrap();
    assert_eq!((from.role, to.role, from.epoch, to.epoch), (Role::Following, Role::Leading, 1, 1));
    let run = NewRun::of(job(1), "exec_late", at(client.now));
    assert_eq!(old.insert(&run, Vec::new()).await.unwrap_err(), StoreError::Moved);

    // The old store follows, and takes over again.
    let back = Follower::begin(new.clone(), old.clone()).await.unwrap();
    let mut client = Client::new(new.clone(), 9, client.now);
    for _ in 0..80 {
        client.act().await.unwrap();
        back.pass().await.unwrap();
    }
    drain(&back).await;
    equal(&new, &old, 100).await;
    back.hand_over().await.unwrap();
    let mut client = Client::new(old.clone(), 10, client.now);
    for _ in 0..20 {
        client.act().await.unwrap();
    }
    assert_eq!(new.insert(&run, Vec::new()).await.unwrap_err(), StoreError::Moved);
    let again = Follower::begin(old.clone(), new.clone()).await.unwrap();
    drain(&again).await;
    equal(&old, &new, 100).await;

    // The end: one store is alone, and the other one refuses all writes.
    again.finish().await.unwrap();
    client.act().await.unwrap();
    let (from, to) = again.states().await.unwrap();
    assert_eq!((from.role, to.role), (Role::Single, Role::Retired));
    assert_eq!(new.insert(&run, Vec::new()).await.unwrap_err(), StoreError::Moved);
    let refused = Follower::begin(old, new).await.err();
    assert!(matches!(refused, Some(SwitchError::Roles { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_store_moves_between_files_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| Arc::new(SqliteStore::new(dir.path().join(name)));
    moves(open("old.db"), open("new.db")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_to_a_server_and_back() {
    let Some((a, b, c)) = schemas().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| Arc::new(SqliteStore::new(dir.path().join(name)));
    moves(file("old.db"), a.store()).await;
    moves(b.store(), file("new.db")).await;
    let Some(d) = Schema::new().await else { return };
    moves(c.store(), d.store()).await;
    for schema in [a, b, c, d] {
        schema.drop().await;
    }
}

async fn schemas() -> Option<(Schema, Schema, Schema)> {
    Some((Schema::new().await?, Schema::new().await?, Schema::new().await?))
}

/// A process that dies within a change of leaders leaves a state that another process completes, or takes back.
#[tokio::test]
async fn a_change_of_leaders_continues_after_each_of_its_steps() {
    for (role, can_return) in [(Role::Sealed, true), (Role::Handed, false)] {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Arc::new(SqliteStore::new(dir.path().join(name)));
        let (old, new) = (open("old.db"), open("new.db"));
        let mut client = Client::new(old.clone(), 3, 0);
        for _ in 0..40 {
            client.act().await.unwrap();
        }
        let follower = Follower::begin(old.clone(), new.clone()).await.unwrap();
        drain(&follower).await;
        client.act().await.unwrap();
        let name: &'static str = role.into();
        let stop = move |db: &dyn Sql, _: &_| {
            db.execute("UPDATE store_state SET role = $1, epoch = 1", params![name]).map(drop)
        };
        if role == Role::Handed {
            drain(&follower).await;
        }
        old.0.write(stop).await.unwrap();
        let run = NewRun::of(job(1), "exec_late", at(900));
        assert_eq!(old.insert(&run, Vec::new()).await.unwrap_err(), StoreError::Moved);
        assert_eq!(follower.abort().await.is_ok(), can_return);
        if can_return {
            old.insert(&run, Vec::new()).await.unwrap();
        }
        let another = Follower::begin(old.clone(), new.clone()).await.unwrap();
        another.hand_over().await.unwrap();
        let ended = async || {
            equal(&new, &old, 20).await;
            let (from, to) = another.states().await.unwrap();
            assert_eq!((from.role, to.role), (Role::Following, Role::Leading));
            assert_eq!(from.epoch, to.epoch);
        };
        ended().await;
        // The last step, in which the source begins to follow, is the one that is missing.
        let undo = |db: &dyn Sql, _: &_| db.execute("UPDATE store_state SET role = 'handed'", &[]).map(drop);
        old.0.write(undo).await.unwrap();
        Follower::begin(old.clone(), new.clone()).await.unwrap().hand_over().await.unwrap();
        ended().await;
    }
}

#[tokio::test]
async fn what_cannot_be_switched_is_refused_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| Arc::new(SqliteStore::new(dir.path().join(name)));
    let (old, new, third) = (open("old.db"), open("new.db"), open("third.db"));
    let same = Follower::begin(old.clone(), open("old.db")).await.err();
    assert_eq!(same, Some(SwitchError::Same));
    let mut client = Client::new(new.clone(), 5, 0);
    for _ in 0..10 {
        client.act().await.unwrap();
    }
    let full = Follower::begin(old.clone(), new.clone()).await.err();
    assert!(matches!(full, Some(SwitchError::NotEmpty(_))), "{full:?}");
    drop(Follower::begin(old.clone(), third.clone()).await.unwrap());
    let fourth = open("fourth.db");
    for (from, to) in [(old.clone(), fourth.clone()), (fourth, third)] {
        let elsewhere = Follower::begin(from, to).await.err();
        assert!(matches!(elsewhere, Some(SwitchError::Elsewhere(..))), "{elsewhere:?}");
    }
    // A store outside of a switch has no triggers.
    for _ in 0..10 {
        client.act().await.unwrap();
    }
    let notes = new.0.read(|db, _| db.one::<u64>("SELECT COUNT(*) FROM changes", &[])).await.unwrap();
    assert_eq!(notes, Some(0));
}

/// A difference has its place: the table, the key and the columns.
#[tokio::test]
async fn a_comparison_names_each_row_that_differs() {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| Arc::new(SqliteStore::new(dir.path().join(name)));
    let (old, new) = (open("old.db"), open("new.db"));
    let mut client = Client::new(old.clone(), 5, 0);
    for _ in 0..60 {
        client.act().await.unwrap();
    }
    drain(&Follower::begin(old.clone(), new.clone()).await.unwrap()).await;
    let damage = |db: &dyn Sql, _: &_| {
        db.execute("UPDATE store_state SET applying = 1", &[])?;
        db.execute("UPDATE audit_chain SET last_hash = 'x', cut = 99", &[])?;
        db.execute("DELETE FROM leases", &[])?;
        db.execute("INSERT INTO leases VALUES ('Mars', 'me', 1)", &[])?;
        db.execute("UPDATE store_state SET applying = 0", &[]).map(drop)
    };
    new.0.write(damage).await.unwrap();
    let compared = compare(&old, &new).await.unwrap();
    let found: Vec<_> = compared
        .differences
        .iter()
        .map(|row| (row.table, row.key.join(" "), row.columns.clone(), row.leading, row.following))
        .collect();
    let expected = [
        ("leases", "Mars".to_owned(), vec![], false, true),
        ("audit_chain", "1".to_owned(), vec!["cut", "last_hash"], true, true),
    ];
    assert_eq!((compared.differing, found), (2, expected.to_vec()));
}

/// A migration that adds a table or a column must add it to the list, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_tables_is_that_of_the_schema() {
    let mut listed: Vec<String> = Vec::new();
    for table in TABLES {
        for column in table.columns {
            let kind = match column.kind {
                ColumnKind::Int => "int",
                ColumnKind::Text => "text",
                ColumnKind::Bytes => "bytes",
            };
            listed.push(format!("{}.{} {kind}", table.name, column.name));
        }
    }
    listed.sort();
    // SQLite numbers the rows of the journal, which no other table refers to.
    let own = ["changes", "store_state", "schema_versions", "sqlite_sequence"];
    let sqlite = "SELECT m.name, c.name, c.type FROM sqlite_master AS m, pragma_table_info(m.name) AS c
        WHERE m.type = 'table'";
    let file = SqliteStore::in_memory();
    let found: Vec<(String, String, String)> = file.0.read(move |db, _| db.many(sqlite, &[])).await.unwrap();
    let of_file = |(table, column, kind): &(String, String, String)| {
        let kind = match kind.as_str() {
            "INTEGER" | "BIGINT" => "int",
            "BLOB" => "bytes",
            _ => "text",
        };
        format!("{table}.{column} {kind}")
    };
    let wanted = |(table, column, _): &&(String, String, String)| {
        !own.contains(&table.as_str()) && (table.as_str(), column.as_str()) != ("journal", "seq")
    };
    let mut columns: Vec<String> = found.iter().filter(wanted).map(of_file).collect();
    columns.sort();
    assert_eq!(listed, columns);
    let Some(schema) = Schema::new().await else { return };
    let server = schema.store();
    let sql = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
        WHERE table_schema = current_schema()";
    let found: Vec<(String, String, String)> = server.0.read(move |db, _| db.many(sql, &[])).await.unwrap();
    let of_server = |(table, column, kind): &(String, String, String)| {
        let kind = match kind.as_str() {
            "bigint" => "int",
            "bytea" => "bytes",
            _ => "text",
        };
        format!("{table}.{column} {kind}")
    };
    let mut columns: Vec<String> = found.iter().filter(wanted).map(of_server).collect();
    columns.sort();
    assert_eq!(listed, columns);
    schema.drop().await;
}

impl Schema {
    /// Returns a store in this schema.
    fn store(&self) -> Arc<PostgresStore> {
        Arc::new(PostgresStore::with(self.address().parse::<PostgresSettings>().unwrap().callers_time()))
    }
}

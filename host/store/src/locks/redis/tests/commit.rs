//! The script that writes the changes of a command.

use redis::Value;

use super::super::records::{Key, Keys};
use super::super::{COMMIT, Fault};
use super::{Redis, take};

/// Runs the script with one write, and returns its answer.
async fn commit(redis: &Redis, version: &str, window: [&str; 2]) -> Result<Value, Fault> {
    let write = ["4", "HSET", "1", "version", "next"];
    let arguments: Vec<String> = [&[version, window[0], window[1], "", "", ""][..], &write]
        .concat()
        .iter()
        .map(|s| (*s).to_owned())
        .collect();
    redis.locks().eval(COMMIT, &Keys::new("stepwell", "p"), &arguments).await
}

#[tokio::test]
async fn a_commit_writes_all_or_nothing() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let key = Keys::new("stepwell", "p").get(Key::State).to_owned();
    let (past, future) = ("1000000", "9000000000000000");
    for (version, window, expected) in [
        ("other", ["", ""], "changed"),
        ("", [past, past], "late"),
        ("", [future, future], "late"),
        ("", [past, future], "done"),
        ("", [past, future], "changed"),
        ("next", ["", ""], "done"),
    ] {
        let answer = commit(&redis, version, window).await.unwrap();
        assert_eq!(answer, Value::BulkString(expected.into()), "{version:?} {window:?}");
    }
    redis.ask(&["DEL", &key]).await;
    redis.ask(&["SET", "{stepwell:p}:idle", "foreign data"]).await;
    let Err(Fault::Broken(why)) = commit(&redis, "", ["", ""]).await else { panic!() };
    assert!(why.contains("other data under the keys of locks"), "{why}");
    assert_eq!(redis.ask(&["EXISTS", &key]).await, Value::Int(0), "nothing is written");
}

/// The indexes of a lock that is gone have no entry left, so memory does not grow.
#[tokio::test]
async fn nothing_is_left_of_locks_that_are_forgotten() {
    use stepwell_engine::lock::{Command, Locks, Settings};
    let Some(redis) = Redis::start(&[]).await else { return };
    let locks = redis.callers_time(Settings::default());
    let token = take(&locks, "t1", "db").await;
    super::release(&locks, "db", token).await.unwrap();
    let late = super::scripts::at(40.0 * 86_400.0);
    locks.run("p", Command::Tick, late).await.unwrap();
    let keys = format!("{:?}", redis.ask(&["KEYS", "*"]).await);
    for (name, is_left) in [
        ("state", true),
        ("events", true),
        ("names", false),
        ("tickets", false),
        ("places", false),
        ("sessions", false),
        ("tokens", false),
        ("due", false),
        ("closed", false),
        ("idle", false),
    ] {
        assert_eq!(keys.contains(&format!("{{stepwell:p}}:{name}")), is_left, "{name} in {keys}");
    }
    assert!(take(&locks, "t2", "db").await > token);
}

/// The name that has been idle for longest makes room for a new one.
#[tokio::test]
async fn idle_names_make_room() {
    use stepwell_engine::lock::{Command, LockError, Locks, Name};
    let Some(redis) = Redis::start(&[]).await else { return };
    let (locks, at) = (redis.locks(), super::scripts::at(0.0));
    for name in ["first", "second", "held"] {
        let token = take(&locks, name, name).await;
        if name != "held" {
            super::release(&locks, name, token).await.unwrap();
        }
    }
    redis.ask(&["HSET", "{stepwell:p}:state", "names", "200000"]).await;
    let acquire = |name: &str| Command::Acquire(Box::new(super::request(&format!("t-{name}"), "ann", name)));
    // A request for the idle name itself needs no room.
    locks.run("p", acquire("first"), at).await.unwrap();
    locks.run("p", acquire("new"), at).await.unwrap();
    let show = async |name: &str| locks.show("p", &Name::new(name).unwrap(), at).await.is_ok();
    assert!(show("first").await && show("held").await && show("new").await);
    assert!(!show("second").await, "it was idle");
    let error = locks.run("p", acquire("newer"), at).await.unwrap_err();
    assert!(matches!(error, LockError::Limit { limit: 200_000, .. }), "{error}");
}

//! Servers that are slow, full, read-only or foreign: clear errors, no lock lost, none doubled.

use std::time::Duration;

use stepwell_engine::lock::{Answer, Command, ListFilter, LockError, Locks, Settings};
use tokio::io::AsyncReadExt as _;

use super::super::RedisLocks;
use super::server::Redis;
use super::{release, request, scripts, take};

fn locks(url: &str) -> RedisLocks {
    RedisLocks::new(url.parse().unwrap(), Settings::default())
}

async fn acquire(locks: &RedisLocks, ticket: &str, name: &str) -> Result<Answer, LockError> {
    locks.run("p", Command::Acquire(Box::new(request(ticket, "ann", name))), scripts::at(0.0)).await
}

/// Returns the error of a request that may succeed later, or cannot.
async fn refused(locks: &RedisLocks, is_temporary: bool) -> String {
    let error = acquire(locks, "refused", "db").await.unwrap_err();
    assert_eq!(error.is_temporary(), is_temporary, "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_server_that_is_not_there_has_a_clear_error() {
    let error = refused(&locks("redis://ann:s3cret@127.0.0.1:1"), true).await;
    let expected =
        "locks cannot be changed now: no connection to redis://ann@127.0.0.1:1: it refuses connections";
    assert_eq!(error, expected);
    let error = refused(&locks("rediss://127.0.0.1:1"), true).await;
    assert!(error.ends_with("no connection to rediss://127.0.0.1:1: it refuses connections"), "{error}");
}

/// A server that accepts connections and never answers.
#[tokio::test]
async fn a_silent_server_ends_the_wait() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 64];
            let _ = stream.read(&mut bytes).await;
            open.push(stream);
        }
    });
    let silent = locks(&format!("redis://127.0.0.1:{port}"));
    let error = tokio::time::timeout(Duration::from_secs(15), refused(&silent, true)).await.unwrap();
    assert!(
        error.contains("did not serve")
            || error.contains("does not answer")
            || error.contains("no connection")
    );
}

#[tokio::test]
async fn a_server_of_another_kind_is_refused() {
    let Some(redis) = Redis::start(&["--requirepass", "s3cret"]).await else { return };
    let error = refused(&redis.locks(), false).await;
    assert!(error.contains("needs a password"), "{error}");
    let error = refused(&locks(&format!("redis://:wr0ng@127.0.0.1:{}", redis.port)), false).await;
    assert!(error.contains("refuses the user or the password") && !error.contains("wr0ng"), "{error}");
    assert!(acquire(&locks(&format!("redis://:s3cret@127.0.0.1:{}", redis.port)), "t1", "db").await.is_ok());

    let Some(redis) = Redis::start(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]).await
    else {
        return;
    };
    let error = refused(&redis.locks(), false).await;
    assert!(error.contains("would lose locks: set `noeviction`"), "{error}");
}

#[tokio::test]
async fn foreign_and_damaged_data_is_an_error_and_stays_as_it_is() {
    let Some(redis) = Redis::start(&[]).await else { return };
    redis.ask(&["SET", "{stepwell:p}:names", "foreign data"]).await;
    let error = refused(&redis.locks(), false).await;
    assert!(error.contains("give the locks another `prefix`"), "{error}");
    redis.ask(&["DEL", "{stepwell:p}:names"]).await;

    let locks = redis.locks();
    take(&locks, "t1", "db").await;
    // A ticket that holds a lock gets lost.
    redis.ask(&["HDEL", "{stepwell:p}:tickets", "t1"]).await;
    let error = refused(&locks, false).await;
    assert!(error.contains("the ticket t1 is missing in {stepwell:p}:tickets"), "{error}");
    redis.ask(&["HSET", "{stepwell:p}:tickets", "t1", "{"]).await;
    let error = refused(&locks, false).await;
    assert!(error.contains("a record in Redis cannot be read"), "{error}");
    redis.ask(&["DEL", "{stepwell:p}:state"]).await;
    let error = refused(&locks, false).await;
    assert!(error.contains("the key {stepwell:p}:state is missing"), "{error}");
}

#[tokio::test]
async fn a_full_server_gives_no_lock_and_lets_go_of_those_it_has() {
    let Some(redis) = Redis::start(&["--maxmemory-policy", "noeviction"]).await else { return };
    let locks = redis.locks();
    let token = take(&locks, "t1", "db").await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let error = acquire(&locks, "t2", "other").await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("is full: raise its `maxmemory`"), "{error}");
    let view =
        locks.list("p", &ListFilter { limit: 10, ..ListFilter::default() }, scripts::at(0.0)).await.unwrap();
    assert_eq!(view.len(), 1, "{view:?}");
    release(&locks, "db", token).await.unwrap();
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert!(take(&locks, "t3", "db").await > token);
}

#[tokio::test]
async fn a_replica_and_a_primary_without_replicas_give_no_lock() {
    let Some(primary) = Redis::start(&[]).await else { return };
    let port = primary.port.to_string();
    let Some(replica) = Redis::start(&["--replicaof", "127.0.0.1", &port]).await else { return };
    let token = take(&primary.locks(), "t1", "db").await;
    replica.until(&["INFO", "replication"], "master_link_status:up").await;
    let error = refused(&replica.locks(), true).await;
    assert!(error.contains("is a read-only replica"), "{error}");

    // The replica becomes the primary, with the lock, and tokens grow.
    let locks = replica.locks();
    replica.ask(&["REPLICAOF", "NO", "ONE"]).await;
    assert!(matches!(acquire(&locks, "t2", "db").await, Ok(Answer::Busy { .. })));
    release(&locks, "db", token).await.unwrap();
    assert!(take(&locks, "t3", "db").await > token);

    // A connection that is open while its server becomes a replica.
    let open = primary.locks();
    acquire(&open, "t4", "other").await.unwrap();
    primary.ask(&["REPLICAOF", "127.0.0.1", &replica.port.to_string()]).await;
    let error = acquire(&open, "t5", "new").await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("is a read-only replica"), "{error}");

    replica.ask(&["CONFIG", "SET", "min-replicas-to-write", "3"]).await;
    let error = acquire(&locks, "t6", "new").await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("fewer replicas"), "{error}");
    replica.ask(&["CONFIG", "SET", "min-replicas-to-write", "0"]).await;
    acquire(&locks, "t6", "new").await.unwrap();
}

/// A server that stalls delays commands, or has them fail. None of them takes effect twice.
#[tokio::test]
async fn a_server_that_stalls_loses_no_lock() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let locks = redis.locks();
    let token = take(&locks, "t1", "db").await;
    redis.signal("STOP");
    let late = acquire(&locks, "t2", "other").await.unwrap_err();
    assert!(late.is_temporary() && late.to_string().contains("redis://127.0.0.1"), "{late}");
    redis.signal("CONT");
    let first = acquire(&locks, "t2", "other").await.unwrap();
    assert_eq!(acquire(&locks, "t2", "other").await.unwrap(), first, "the same ticket again");
    assert!(matches!(acquire(&locks, "t3", "db").await, Ok(Answer::Busy { .. })));
    release(&locks, "db", token).await.unwrap();
    let held =
        locks.list("p", &ListFilter { limit: 10, ..ListFilter::default() }, scripts::at(0.0)).await.unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
}

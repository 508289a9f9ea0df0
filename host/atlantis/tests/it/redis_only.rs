//! Situations of Redis only: foreign keys, other types, and a server that fails.

use std::time::Duration;

use stepwell_atlantis::format::Hidden;
use stepwell_atlantis::locks::{ProjectLocks as _, RedisLocks, RedisSettings};
use tokio::io::AsyncReadExt as _;

use crate::bench::{Bench, Kind};
use crate::samples::lock;

/// Atlantis lists `pr*`: a pull request of a host that begins with `pr` shows up as a lock, or ends the listing.
#[tokio::test]
async fn the_listing_survives_foreign_keys() {
    let Some(bench) = Bench::redis().await else { return };
    bench.locks().try_lock(&lock("org/repo", ".", "", 1)).await.unwrap();
    for key in ["pr.example::org/repo::5", "prefix", "pr", "private/x"] {
        bench.put(Kind::Pulls, key, b"no lock").await;
    }
    let listing = bench.locks().list().await.unwrap();
    assert_eq!((listing.locks.len(), listing.damaged), (1, vec![]));

    let Bench::Redis { connection, .. } = &bench else { unreachable!() };
    let mut connection = connection.clone();
    redis::cmd("HSET")
        .arg("pr/a/hash/./default/")
        .arg("f")
        .arg("v")
        .exec_async(&mut connection)
        .await
        .unwrap();
    redis::cmd("SET").arg(&b"pr/\xff\xfe"[..]).arg("x").exec_async(&mut connection).await.unwrap();
    let listing = bench.locks().list().await.unwrap();
    let damaged: Vec<_> = listing.damaged.iter().map(|d| (d.key.as_str(), d.problem.as_str())).collect();
    let expected = [
        ("a/hash/./default/", "the key holds no text"),
        ("\u{fffd}\u{fffd}", "the value is not JSON: line 1, column 1"),
    ];
    assert_eq!((listing.locks.len(), damaged), (1, expected.to_vec()));
    bench.end().await;
}

/// More keys than one step of `SCAN` returns.
#[tokio::test]
async fn a_listing_of_three_thousand_locks_has_each_once() {
    let Some(bench) = Bench::redis().await else { return };
    let Bench::Redis { connection, .. } = &bench else { unreachable!() };
    let mut pipeline = redis::pipe();
    for number in 0..3000 {
        let lock = lock("org/repo", &format!("dir-{number:04}"), "", 1);
        pipeline.set(format!("pr/{}", lock.identity().key()), lock.to_json()).ignore();
    }
    pipeline.exec_async(&mut connection.clone()).await.unwrap();
    let listing = bench.locks().list().await.unwrap();
    let keys: std::collections::BTreeSet<_> = listing.locks.iter().map(|lock| &lock.key).collect();
    assert_eq!((keys.len(), listing.locks.len(), listing.damaged.len()), (3000, 3000, 0));
    bench.end().await;
}

async fn message(settings: RedisSettings) -> String {
    RedisLocks::new(settings).list().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_server_that_is_not_there_has_a_clear_error() {
    let settings = |port| RedisSettings { host: "127.0.0.1".to_owned(), port, ..RedisSettings::default() };
    let text = message(settings(1)).await;
    assert!(text.starts_with("db transaction failed: failed to connect to redis at 127.0.0.1:1: "), "{text}");
    let text = message(RedisSettings { cluster: vec!["nonsense".to_owned()], ..settings(1) }).await;
    assert_eq!(text, "db transaction failed: the cluster address \"nonsense\" is not `host:port`");
    let text = message(RedisSettings { cluster: vec![" ".to_owned()], ..settings(1) }).await;
    assert_eq!(text, "db transaction failed: redis cluster addresses provided but all are empty");
}

/// A server that accepts and never answers.
#[tokio::test]
async fn a_silent_server_ends_the_wait() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 64];
            let _ = stream.read(&mut bytes).await;
            open.push(stream);
        }
    });
    let settings = RedisSettings { host: "127.0.0.1".to_owned(), port, ..RedisSettings::default() };
    let text = tokio::time::timeout(Duration::from_secs(12), message(settings)).await.unwrap();
    assert!(text.starts_with("db transaction failed: "), "{text}");
    silent.abort();
}

#[test]
fn a_password_is_hidden() {
    let settings = RedisSettings { password: Hidden::new("s3cr3t-token"), ..RedisSettings::default() };
    assert!(!format!("{settings:?} {:?}", RedisLocks::new(settings.clone())).contains("s3cr3t"));
}

//! A real Redis cluster of three servers: locks of all slots are taken, listed and released.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stepwell_atlantis::locks::{LegacyLocks as _, ProjectLocks as _, Reach, RedisLocks, RedisSettings};

use crate::samples::lock;

/// A server of a cluster, which ends with the test.
struct Node {
    process: Child,
    port: u16,
    bus: u16,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(dir: &std::path::Path) -> Option<Node> {
    let (port, bus) = (free_port(), free_port());
    let dir = dir.join(port.to_string());
    std::fs::create_dir(&dir).unwrap();
    let process = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--cluster-port", &bus.to_string(), "--cluster-enabled", "yes"])
        .args(["--bind", "127.0.0.1", "--save", "", "--dir", dir.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match process {
        Ok(process) => Some(Node { process, port, bus }),
        Err(_) => {
            assert!(std::env::var("CI").is_err(), "needs redis-server");
            eprintln!("skipped: needs redis-server");
            None
        }
    }
}

/// Sends a command until it succeeds with an answer that contains a text.
async fn until(node: &Node, words: &[&str], expected: &str) {
    let mut last = String::new();
    for _ in 0..200 {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", node.port)).unwrap();
        let answer: redis::RedisResult<String> = match client.get_multiplexed_async_connection().await {
            Ok(mut connection) => {
                let mut command = redis::cmd(words[0]);
                command.arg(&words[1..]);
                command.query_async(&mut connection).await
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) if answer.contains(expected) => return,
            other => last = format!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{words:?}: {last}");
}

#[tokio::test]
async fn a_cluster_has_the_locks_of_all_its_servers() {
    let dir = tempfile::tempdir().unwrap();
    let Some(nodes) = (0..3).map(|_| start(dir.path())).collect::<Option<Vec<Node>>>() else { return };
    for (node, (from, to)) in nodes.iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
        until(node, &["PING"], "PONG").await;
        until(node, &["CLUSTER", "ADDSLOTSRANGE", from, to], "OK").await;
    }
    for other in &nodes[1..] {
        let meet = ["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string(), &other.bus.to_string()];
        until(&nodes[0], &meet, "OK").await;
    }
    for node in &nodes {
        until(node, &["CLUSTER", "INFO"], "cluster_state:ok").await;
        until(node, &["CLUSTER", "INFO"], "cluster_known_nodes:3").await;
    }
    let cluster = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    let locks = RedisLocks::new(RedisSettings { cluster, ..RedisSettings::default() });
    for number in 0..60 {
        let wanted = lock("org/repo", &format!("dir-{number:02}"), "", number % 2);
        assert!(locks.try_lock(&wanted).await.unwrap().acquired);
        assert!(!locks.try_lock(&wanted).await.unwrap().acquired);
    }
    let listing = locks.list().await.unwrap();
    assert_eq!((listing.locks.len(), listing.damaged.len()), (60, 0));
    assert_eq!(locks.unlock_by_pull("org/repo", 1, Reach::Repository).await.unwrap().deleted.len(), 30);
    for stored in locks.list().await.unwrap().locks {
        assert!(locks.unlock(&stored.lock.identity()).await.unwrap().is_some());
    }
    assert!(locks.list().await.unwrap().locks.is_empty());
    locks.update_pull_with_results(&lock("org/repo", ".", "", 1).pull, &[]).await.unwrap();
    assert!(locks.pull_status(&lock("org/repo", ".", "", 1).pull).await.unwrap().is_some());
}

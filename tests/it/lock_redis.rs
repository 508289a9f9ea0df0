//! Locks in Redis with TLS and a user with few permissions, and their place in the configuration.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stepwell::engine::clock::Timestamp;
use stepwell::engine::lock::{
    Acquire, Answer, Command as LockCommand, ListFilter, LockError, Locks, Mode, Name, Owner, Settings, Want,
};
use stepwell::store::RedisLocks;
use stepwell_tests::certificates::Authority;

use crate::support::Site;

/// The permissions of docs/locks.md.
fn permissions() -> Vec<String> {
    let page = std::fs::read_to_string(stepwell_tests::root().join("docs/locks.md")).unwrap();
    let line = page.lines().find(|line| line.starts_with("user stepwell ")).unwrap();
    line.split(' ').map(|word| word.replace("PASSWORD", "s3cret")).collect()
}

struct Redis(Child);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn acquire(ticket: &str) -> LockCommand {
    let want = Want::new(Name::new("db").unwrap(), Mode::Exclusive);
    LockCommand::Acquire(Box::new(Acquire::new(ticket, Owner::new("ann", ""), vec![want])))
}

/// Takes the lock `db`, as soon as the server has started.
async fn take(url: &str) -> Result<Answer, LockError> {
    let locks = RedisLocks::new(url.parse().unwrap(), Settings::default());
    let mut answer = Err(LockError::Busy);
    for _ in 0..10 {
        answer = locks.run("p", acquire("t1"), Timestamp::UNIX_EPOCH).await;
        if !matches!(&answer, Err(error) if error.to_string().contains("refuses connections")) {
            break;
        }
    }
    answer
}

#[tokio::test]
async fn a_user_with_few_permissions_takes_locks_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let (certificate, key) = authority.issue("localhost");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut acl: Vec<String> = vec!["user default off".to_owned()];
    acl.push(permissions().join(" "));
    std::fs::write(dir.path().join("users.acl"), acl.join("\n")).unwrap();
    let server = Command::new("redis-server")
        .args([
            "--port",
            "0",
            "--tls-port",
            &port.to_string(),
            "--save",
            "",
            "--tls-auth-clients",
            "no",
            "--dir",
        ])
        .arg(dir.path())
        .arg("--tls-cert-file")
        .arg(certificate)
        .arg("--tls-key-file")
        .arg(key)
        .arg("--tls-ca-cert-file")
        .arg(authority.roots())
        .args(["--aclfile", "users.acl"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(server) = server else {
        assert!(std::env::var_os("CI").is_none(), "there is no redis-server");
        println!("skipped: there is no redis-server");
        return;
    };
    let _server = Redis(server);
    let roots = authority.roots().display().to_string().replace('/', "%2F");
    let at = format!("localhost:{port}/?sslrootcert={roots}");
    let answer = take(&format!("rediss://stepwell:s3cret@{at}")).await;
    assert!(matches!(answer, Ok(Answer::Acquired { .. })), "{answer:?}");

    // Everything else that the locks do is permitted as well.
    let url = format!("rediss://stepwell:s3cret@{at}");
    let locks = RedisLocks::new(url.parse().unwrap(), Settings::default());
    let mut changes = locks.changes();
    let now = Timestamp::UNIX_EPOCH;
    locks.tick(now, 10).await.unwrap();
    assert_eq!(locks.events("p", 0, 10).await.unwrap().len(), 1);
    let filter = ListFilter { limit: 10, ..ListFilter::default() };
    let token = locks.list("p", &filter, now).await.unwrap()[0].holders[0].token;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let other = RedisLocks::new(url.parse().unwrap(), Settings::default());
    let name = Name::new("db").unwrap();
    other.run("p", LockCommand::Release { name, token, by: "ann".to_owned() }, now).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(5), changes.recv()).await;
    assert_eq!(heard.unwrap().unwrap().ticket, "t1");

    for (url, expected) in [
        (format!("rediss://stepwell:wr0ng@{at}"), "refuses the user or the password"),
        (format!("rediss://stepwell:s3cret@localhost:{port}"), "name the authority by `sslrootcert`"),
        (
            format!("rediss://stepwell:s3cret@127.0.0.1:{port}/?sslrootcert={roots}"),
            "is not valid for its name",
        ),
        (format!("redis://stepwell:s3cret@localhost:{port}"), "for TLS, use rediss://"),
    ] {
        let error = take(&url).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("wr0ng") && !error.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn the_configuration_names_redis_or_a_secret_with_its_url() {
    for (config, expected) in [
        ("locks: {redis: 'redis://127.0.0.1:1'}", None),
        ("locks: {redis: 'file:redis-url'}", None),
        ("locks: {redis: 'file:missing'}", Some("cannot read the file of the secret")),
        ("locks: {redis: 'file:wrong-url'}", Some("the locks in Redis have a URL")),
        ("locks: {redis: 'redis://h?colour=red'}", Some("there is `cluster`, `prefix` and `sslrootcert`")),
        ("locks: {radish: 'redis://h'}", Some("radish")),
    ] {
        let site = Site::new()
            .file("redis-url", "redis://ann:s3cret@127.0.0.1:1\n")
            .file("wrong-url", "http://ann:s3cret@127.0.0.1:1\n")
            .config(config);
        let built = site.try_host().err().map(|error| error.to_string());
        match (&built, expected) {
            (None, None) => {}
            (Some(error), Some(expected)) if error.contains(expected) && !error.contains("s3cret") => {}
            _ => panic!("{config}: {built:?}, {expected:?}"),
        }
    }
}

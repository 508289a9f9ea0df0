//! Scripts, random commands, and a comparison of the whole table with its parts.

mod histories;
mod model;
mod store;

use std::path::Path;

use expect_test::expect_file;

use std::time::Duration;

use super::limits::{NAMES_PER_TICKET, TICKETS_PER_SESSION};
use super::{
    Acquire, Answer, Command, LockError, Locks, MemoryLocks, Mode, Name, Owner, Settings, Want, wait_for,
};
use crate::clock::{Clock, Timestamp};

use crate as engine;
#[path = "../../../../../tests/src/locks.rs"]
mod scripts;

#[tokio::test]
async fn scripts_of_the_contract_in_memory() {
    for name in scripts::SCRIPTS {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/contract/locks/{name}.txt"));
        let script = std::fs::read_to_string(&path).unwrap();
        let locks = MemoryLocks::new(scripts::settings(&script));
        expect_file![path].assert_eq(&scripts::transcript(&locks, "default", &script).await);
    }
}

/// The example of docs/locks.md, which is the text between the two marks.
async fn example(clock: impl Clock) -> Result<Answer, LockError> {
    // begin
    let locks = MemoryLocks::new(Settings::default());
    let owner = Owner::new("command:ann@build-7", "deployment-812");
    let wants = vec![Want::new(Name::new("deploy-prod")?, Mode::Exclusive)];
    let mut request = Acquire::new("ticket-1", owner, wants);
    request.wait = Some(Duration::from_secs(600));
    request.lease = Some(Duration::from_secs(60));
    locks.run("default", Command::Acquire(Box::new(request)), clock.now()).await?;
    let answer = wait_for(&locks, &clock, "default", "ticket-1", Duration::from_secs(600)).await?;
    // end
    Ok(answer)
}

#[tokio::test]
async fn the_example_of_the_page_works() {
    let answer = example(scripts::at(0.0)).await.unwrap();
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
    let source = include_str!("mod.rs");
    let source = source.split("    // begin\n").nth(1).unwrap().split("    // end\n").next().unwrap();
    let source: String =
        source.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap())).collect();
    let page = include_str!("../../../../../docs/locks.md");
    assert!(page.contains(&format!("```rust host/engine/src/lock/tests/mod.rs\n{source}```")), "{source}");
}

fn request(ticket: &str, names: &[String]) -> Acquire {
    let want = |name: &String| Want::new(Name::new(name).unwrap(), Mode::Exclusive);
    Acquire::new(ticket, Owner::new("ann", "s"), names.iter().map(want).collect())
}

#[test]
fn limits_are_errors_that_say_what_to_do() {
    let mut table = super::Table::new(Settings::default());
    let mut run = |request: Acquire| {
        super::apply(&mut table, &Command::Acquire(Box::new(request)), scripts::at(0.0)).answer
    };
    let names: Vec<String> = (0..=NAMES_PER_TICKET).map(|n| format!("n{n}")).collect();
    let error = run(request("many", &names)).unwrap_err();
    assert_eq!(error.to_string(), "`locks` has 33 names, and the limit is 32");
    for n in 0..TICKETS_PER_SESSION {
        run(request(&format!("t{n}"), &[format!("m{n}")])).unwrap();
    }
    let error = run(request("one more", &["x".to_owned()])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this session has 1000 tickets: the limit is 1000; release locks that it does not need, or use another session"
    );
    let mut large = request("large", &["y".to_owned()]);
    large.metadata.insert("text".to_owned(), "x".repeat(5000).into());
    assert!(run(large).unwrap_err().to_string().contains("and the limit is 4096"));
    let mut long = request("long", &["y".to_owned()]);
    long.reason = "x".repeat(501);
    assert_eq!(run(long).unwrap_err().to_string(), "`reason` has 501 bytes, and the limit is 500");
    let mut hidden = request("hidden", &["y".to_owned()]);
    hidden.owner.session = "a\u{202e}b".to_owned();
    assert!(run(hidden).unwrap_err().to_string().contains("`session` must not contain the character U+202E"));
}

#[test]
fn a_command_loads_what_it_concerns() {
    let mut store = store::Store::default();
    let at = scripts::at(0.0);
    for n in 0..500 {
        store.run(&Command::Acquire(Box::new(other(n, &format!("n{n}")))), at);
    }
    assert!(store.most <= 2, "{}", store.most);
    // A wait concerns the holder and its session, and no other lock.
    store.run(
        &Command::Acquire(Box::new(Acquire { wait: Some(Duration::from_secs(9)), ..other(500, "n7") })),
        at,
    );
    assert!(store.most <= 3, "{}", store.most);
}

fn other(number: u32, name: &str) -> Acquire {
    let owner = Owner::new("ann", &format!("s{number}"));
    Acquire { owner, ..request(&format!("t{number}"), &[name.to_owned()]) }
}

/// A clock that a test moves.
struct Moved(parking_lot::Mutex<Timestamp>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

#[tokio::test]
async fn a_lease_that_ends_wakes_a_waiter() {
    let locks = MemoryLocks::new(Settings::default());
    let clock = std::sync::Arc::new(Moved(parking_lot::Mutex::new(scripts::at(0.0))));
    let lease = Some(Duration::from_secs(1));
    let first = Acquire { lease, ..other(1, "db") };
    locks.run("p", Command::Acquire(Box::new(first)), clock.now()).await.unwrap();
    let second = Acquire { wait: Some(Duration::from_secs(60)), ..other(2, "db") };
    locks.run("p", Command::Acquire(Box::new(second)), clock.now()).await.unwrap();
    let moving = clock.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        *moving.0.lock() = scripts::at(1.0);
    });
    let answer = wait_for(&locks, &*clock, "p", "t2", Duration::from_secs(20)).await.unwrap();
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
    // A wait that runs out ends by itself as well.
    let third = Acquire { wait: Some(Duration::from_secs(1)), ..other(3, "db") };
    locks.run("p", Command::Acquire(Box::new(third)), clock.now()).await.unwrap();
    *clock.0.lock() = scripts::at(2.0);
    let answer = wait_for(&locks, &*clock, "p", "t3", Duration::from_secs(20)).await.unwrap();
    assert!(matches!(answer, Answer::Ended { how: super::End::TimedOut, .. }), "{answer:?}");
    let unknown = wait_for(&locks, &*clock, "p", "t4", Duration::from_secs(20)).await;
    assert_eq!(unknown, Err(LockError::UnknownTicket("t4".to_owned())));
}

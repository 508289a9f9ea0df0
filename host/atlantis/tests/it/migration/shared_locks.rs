//! The locks of Atlantis as locks of Stepwell, which jobs and other clients share.

use super::*;

fn acquire(name: &str, ticket: &str, wait: Option<Duration>) -> Command {
    let want = Want::new(Name::new(name).unwrap(), LockMode::Exclusive);
    let request = Acquire::new(ticket, Owner::new("run:7", "7"), vec![want]);
    Command::Acquire(Box::new(Acquire { wait, ..request }))
}

/// A lock of Atlantis is a lock of Stepwell that jobs can wait for, and no list of Stepwell shows its token.
#[tokio::test]
async fn a_lock_of_atlantis_is_a_lock_of_stepwell() {
    let (locks, values) = (memory(), Arc::<MemoryValues>::default());
    let atlantis = stepwell(&locks, &values);
    let now = || TestClock.now();
    let held = lock("org/repo", ".", "", 5);
    assert!(atlantis.try_lock(&held).await.unwrap().acquired);
    let all = locks.list("default", &ListFilter { limit: 10, ..ListFilter::default() }, now()).await.unwrap();
    let shown = serde_json::to_string(&all).unwrap();
    assert!(shown.contains("atlantis/org/repo/./default/") && shown.contains("pull request 5"), "{shown}");
    assert!(!shown.contains(crate::samples::TOKEN), "{shown}");

    let wait = Some(Duration::from_secs(60));
    let waiting =
        locks.run("default", acquire("atlantis/org/repo/./default/", "job", wait), now()).await.unwrap();
    assert!(matches!(waiting, Answer::Waiting { .. }));
    assert_eq!(atlantis.stranger(&held.identity()).await.unwrap().as_deref(), Some("run:7"));
    assert_eq!(atlantis.unlock(&held.identity()).await.unwrap().unwrap().raw.expose(), held.to_json());
    assert!(matches!(locks.ticket("default", "job").await.unwrap(), Answer::Acquired { .. }));
    let refused = atlantis.try_lock(&held).await.unwrap_err();
    assert!(matches!(&refused, LegacyError::Stranger { by, .. } if by == "run:7"), "{refused}");
    assert_eq!(atlantis.list().await.unwrap().locks, [], "it is no lock of a pull request");
}

/// A lock for which a job waits does not move to Atlantis, where the job does not see it.
#[tokio::test]
async fn a_lock_that_a_job_waits_for_stays() {
    let files = systems().await;
    let (locks, values) = (memory(), Arc::<MemoryValues>::default());
    let systems = Systems { enhanced: Arc::new(stepwell(&locks, &values)), ..files };
    let (controller, _) = controller(&systems, gradual(100)).await;
    let held = lock("org/repo", ".", "", 5);
    assert!(controller.try_lock(&held, &[]).await.unwrap().acquired);
    let wait = Some(Duration::from_secs(60));
    locks
        .run("default", acquire("atlantis/org/repo/./default/", "job", wait), TestClock.now())
        .await
        .unwrap();
    controller.change(Migration::default()).await.unwrap();
    let moved = controller.settle().await;
    let key = "org/repo/./default/".to_owned();
    assert_eq!(moved.stayed, [(key, "`run:7` waits for it in Stepwell".to_owned())]);
    assert_eq!(counts(&systems).await, (0, 1));
    assert!(controller.unlock(&held.identity()).await.unwrap().is_some());
}

/// Keys that cannot be names of Stepwell, values that a crash left, and bytes that come back as they were.
#[tokio::test]
async fn any_key_can_be_served_and_values_come_back_byte_for_byte() {
    let (locks, values) = (memory(), Arc::<MemoryValues>::default());
    let atlantis = stepwell(&locks, &values);
    let long = "d/".repeat(300);
    for path in ["../up", long.as_str(), "a\u{202e}b", " ", "mod/a"] {
        let wanted = lock("org/repo", path, "name", 1);
        assert!(atlantis.try_lock(&wanted).await.unwrap().acquired, "{path}");
        assert!(!atlantis.try_lock(&lock("org/repo", path, "name", 2)).await.unwrap().acquired, "{path}");
    }
    assert_eq!(atlantis.list().await.unwrap().locks.len(), 5);
    let raw = stepwell_atlantis::format::RawValue::new(
        String::from_utf8(lock("org/old", "mod/a", "", 3).to_json())
            .unwrap()
            .replace("\"Num\":3", "\"Num\":3,\"New\":1"),
    );
    assert_eq!(atlantis.restore("org/old/mod/a/default", &raw).await.unwrap(), Restored::Stored);
    assert_eq!(atlantis.restore("org/old/mod/a/default", &raw).await.unwrap(), Restored::Present);
    let stored = atlantis.get(&lock("org/old", "mod/a", "", 3).identity()).await.unwrap().unwrap();
    assert_eq!((stored.key.as_str(), stored.raw), ("org/old/mod/a/default", raw));
    assert_eq!(atlantis.sweep().await.unwrap(), 0, "every value has its lock");
}

/// Waits in the queue of Stepwell: the most urgent first, a limit, and a deadlock of two pull requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_wait_by_priority_and_deadlocks_end() {
    let (locks, values) = (memory(), Arc::<MemoryValues>::default());
    let systems = systems().await;
    let enhanced = Arc::new(stepwell(&locks, &values).with_sessions(true));
    let systems = Systems { enhanced, ..systems };
    let controller = Arc::new(controller(&systems, gradual(100)).await.0);
    let (a, b) = ("a", "b");
    let wanted = |path: &str, pull| lock("org/repo", path, "", pull);
    assert!(controller.try_lock(&wanted(a, 1), &[]).await.unwrap().acquired);
    let brief = Wait { limit: Duration::from_millis(300), priority: 0 };
    let late = controller.wait(&wanted(a, 2), &[], &brief).await.unwrap().unwrap();
    assert_eq!((late.acquired, late.current.lock.pull.num), (false, 1));

    let waiting = |path: &'static str, pull, priority| {
        let controller = controller.clone();
        let wait = Wait { limit: Duration::from_secs(20), priority };
        tokio::spawn(async move { controller.wait(&wanted(path, pull), &[], &wait).await })
    };
    let low = waiting(a, 3, 0);
    queue(&locks, 1).await;
    let high = waiting(a, 4, 9);
    queue(&locks, 2).await;
    assert!(controller.unlock(&wanted(a, 1).identity()).await.unwrap().is_some());
    assert!(high.await.unwrap().unwrap().unwrap().acquired, "the more urgent request came later");
    assert!(controller.unlock(&wanted(a, 4).identity()).await.unwrap().is_some());
    assert!(low.await.unwrap().unwrap().unwrap().acquired);

    assert!(controller.try_lock(&wanted(b, 5), &[]).await.unwrap().acquired);
    let first = waiting(a, 5, 0);
    queue(&locks, 1).await;
    let second = waiting(b, 3, 0).await.unwrap();
    let ended = match &second {
        Err(LegacyError::Deadlock { cycle, .. }) => cycle.clone(),
        _ => match first.await.unwrap() {
            Err(LegacyError::Deadlock { cycle, .. }) => cycle,
            other => panic!("no deadlock: {second:?} {other:?}"),
        },
    };
    assert!(ended.contains("atlantis/org/repo/a/default/"), "{ended}");
}

/// Waits until so many requests wait for the lock of `a`.
async fn queue(locks: &MemoryLocks, length: usize) {
    let name = Name::new("atlantis/org/repo/a/default/").unwrap();
    for _ in 0..500 {
        let view = locks.show("default", &name, TestClock.now()).await.unwrap();
        if view.queue.len() == length {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no {length} requests wait");
}

//! No lock has two holders during a migration, whatever happens to the settings.

mod shared_locks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use stepwell_atlantis::bolt::Reading;
use stepwell_atlantis::bridge::{Criterion, Migration, Mode, System};
use stepwell_atlantis::locks::{
    BoltLocks, EnhancedLocks, LegacyError, MemoryValues, ProjectLocks, Reach, Restored, Wait,
};
use stepwell_atlantis::migration::{Controller, Recommendation, Request, Routes};
use stepwell_engine::clock::{Clock, Timestamp};
use stepwell_engine::lock::{
    Acquire, Answer, Command, ListFilter, Locks, MemoryLocks, Mode as LockMode, Name, Owner, Settings, Want,
};

use crate::samples::lock;

/// A step of the model: requests enter, get the lock of their system or give up, holders release, an operator changes
/// the settings, and locks move.
#[derive(Debug, Clone)]
enum Step {
    Enter(u8),
    Try(u8),
    GiveUp(u8),
    Release(u8),
    Settings(u8, u8, bool, bool),
    Move(u8),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..4).prop_map(Step::Enter),
        4 => (0u8..4).prop_map(Step::Try),
        2 => (0u8..4).prop_map(Step::GiveUp),
        2 => (0u8..4).prop_map(Step::Release),
        2 => (0u8..4, 0u8..=100, any::<bool>(), any::<bool>()).prop_map(|(m, p, c, a)| Step::Settings(m, p, c, a)),
        1 => (0u8..4).prop_map(Step::Move),
        1 => Just(Step::Restart),
    ]
}

fn migration(mode: u8, percentage: u8, has_canary: bool, is_enhanced: bool) -> Migration {
    let canary = Criterion { workspace: Some("k1".to_owned()), ..Criterion::default() };
    Migration {
        mode: [Mode::Off, Mode::Shadow, Mode::Gradual, Mode::BlueGreen][usize::from(mode)],
        percentage,
        canary: if has_canary { vec![canary] } else { Vec::new() },
        active: if is_enhanced { System::Enhanced } else { System::Legacy },
        ..Migration::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Two lock tables that know nothing of each other, and requests that go where the routes say.
    #[test]
    fn a_lock_in_use_has_one_system(steps in proptest::collection::vec(step(), 1..80)) {
        let mut routes = Routes::default();
        let mut held: BTreeMap<String, System> = BTreeMap::new();
        let mut waiting: BTreeMap<String, Vec<System>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Enter(key) => {
                    let key = format!("k{key}");
                    let request = Request { key: &key, project: "", workspace: &key, groups: &[] };
                    let system = routes.enter(&request);
                    waiting.entry(key).or_default().push(system);
                }
                Step::Try(key) => {
                    let key = format!("k{key}");
                    let Some(system) = waiting.get_mut(&key).and_then(|systems| {
                        // The table of this system grants what it does not hold itself.
                        let is_free = held.get(&key) != systems.last();
                        if is_free { systems.pop() } else { None }
                    }) else { continue };
                    prop_assert_eq!(held.insert(key.clone(), system), None, "two holders of {}", key);
                    routes.acquired(&key);
                }
                Step::GiveUp(key) => {
                    let key = format!("k{key}");
                    if waiting.get_mut(&key).and_then(Vec::pop).is_some() {
                        routes.gave_up(&key);
                    }
                }
                Step::Release(key) => {
                    let key = format!("k{key}");
                    if held.remove(&key).is_some() {
                        routes.released(&key);
                    }
                }
                Step::Settings(mode, percentage, canary, active) => routes.change(migration(mode, percentage, canary, active)),
                Step::Move(key) => {
                    let key = format!("k{key}");
                    let from = routes.movable().find(|(other, _)| *other == key).map(|(_, system)| system);
                    if let Some(from) = from {
                        let to = if from == System::Legacy { System::Enhanced } else { System::Legacy };
                        prop_assert_eq!(held.insert(key.clone(), to), Some(from));
                        prop_assert!(routes.moved(&key, to));
                    }
                }
                // The requests of the process end with it. The tables stay, and are read again.
                Step::Restart => {
                    waiting.clear();
                    routes = Routes::new(routes.migration().clone());
                    held.iter().for_each(|(key, system)| routes.found(key, *system));
                }
            }
            for (key, systems) in &waiting {
                let all = systems.iter().chain(held.get(key));
                prop_assert!(all.clone().all(|system| Some(*system) == routes.seat(key)), "{}: {:?}", key, all.collect::<Vec<_>>());
            }
            // A key that no request uses is forgotten.
            for key in ["k0", "k1", "k2", "k3"] {
                let is_used = held.contains_key(key) || waiting.get(key).is_some_and(|systems| !systems.is_empty());
                prop_assert_eq!(routes.seat(key).is_some(), is_used);
            }
        }
    }
}

struct Systems {
    legacy: Arc<dyn ProjectLocks>,
    enhanced: Arc<dyn ProjectLocks>,
    _dir: tempfile::TempDir,
}

async fn systems() -> Systems {
    let dir = tempfile::tempdir().unwrap();
    let store = async |name: &str| {
        let locks = BoltLocks::at(dir.path().join(name), Reading::Locked);
        locks.create().await.unwrap();
        Arc::new(locks)
    };
    Systems { legacy: store("legacy.db").await, enhanced: store("enhanced.db").await, _dir: dir }
}

/// A BoltDB file, and the locks of Stepwell in memory.
async fn with_stepwell() -> Systems {
    let files = systems().await;
    Systems { enhanced: Arc::new(stepwell(&memory(), &Arc::default())), ..files }
}

fn stepwell(locks: &Arc<MemoryLocks>, values: &Arc<MemoryValues>) -> EnhancedLocks {
    EnhancedLocks::new(locks.clone(), values.clone(), Arc::new(TestClock), "default")
}

fn memory() -> Arc<MemoryLocks> {
    Arc::new(MemoryLocks::new(Settings::default()))
}

struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }
}

/// Two files, and a file with the locks of Stepwell.
async fn both() -> [Systems; 2] {
    [systems().await, with_stepwell().await]
}

async fn controller(systems: &Systems, migration: Migration) -> (Controller, Vec<String>) {
    let start = Instant::now();
    let elapsed = Arc::new(move || start.elapsed());
    Controller::start(systems.legacy.clone(), systems.enhanced.clone(), migration, elapsed).await.unwrap()
}

fn gradual(percentage: u8) -> Migration {
    Migration { mode: Mode::Gradual, percentage, ..Migration::default() }
}

async fn counts(systems: &Systems) -> (usize, usize) {
    let count = async |locks: &Arc<dyn ProjectLocks>| locks.list().await.unwrap().locks.len();
    (count(&systems.legacy).await, count(&systems.enhanced).await)
}

/// Tasks take and release locks, while the percentage goes up and down and locks move.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_migration_under_load_never_has_two_holders() {
    for systems in both().await {
        let controller = Arc::new(controller(&systems, gradual(0)).await.0);
        let holders: Arc<Mutex<BTreeMap<String, i64>>> = Arc::default();
        let tasks = (0..6i64).map(|task| {
            let (controller, holders) = (controller.clone(), holders.clone());
            tokio::spawn(async move {
                let mut acquired = 0;
                for round in 0..40 {
                    let wanted = lock("org/repo", &format!("dir-{}", (round * 7 + task) % 5), "", task);
                    let key = wanted.identity().key();
                    let answer = controller.try_lock(&wanted, &[]).await.unwrap();
                    if answer.acquired {
                        acquired += 1;
                        assert_eq!(
                            holders.lock().unwrap().insert(key.clone(), task),
                            None,
                            "two holders of {key}"
                        );
                        tokio::task::yield_now().await;
                        assert_eq!(holders.lock().unwrap().remove(&key), Some(task));
                        assert_eq!(
                            controller.unlock(&wanted.identity()).await.unwrap().unwrap().lock.pull.num,
                            task
                        );
                    }
                }
                acquired
            })
        });
        let operator = {
            let controller = controller.clone();
            tokio::spawn(async move {
                for step in 0..30u8 {
                    let active = if step % 2 == 0 { System::Enhanced } else { System::Legacy };
                    let next = match step % 4 {
                        0 => gradual(step.wrapping_mul(37) % 101),
                        1 => Migration { mode: Mode::BlueGreen, active, ..Migration::default() },
                        2 => Migration { mode: Mode::Shadow, ..Migration::default() },
                        _ => Migration::default(),
                    };
                    controller.change(next).await.unwrap();
                    controller.settle().await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                controller.change(Migration::default()).await.unwrap();
            })
        };
        let acquired: Vec<i32> =
            futures_util::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        operator.await.unwrap();
        assert!(acquired.iter().sum::<i32>() > 60, "{acquired:?}");
        assert_eq!(counts(&systems).await, (0, 0));
    }
}

#[tokio::test]
async fn a_rollback_keeps_every_lock() {
    for systems in both().await {
        let (controller, twice) = controller(&systems, gradual(100)).await;
        assert!(twice.is_empty());
        let locks: Vec<_> = (0..10).map(|n| lock("org/repo", &format!("dir-{n}"), "", n)).collect();
        for lock in &locks {
            assert!(controller.try_lock(lock, &[]).await.unwrap().acquired);
        }
        assert_eq!(counts(&systems).await, (0, 10));
        controller.change(Migration::default()).await.unwrap();
        let refused = controller.try_lock(&lock("org/repo", "dir-3", "", 99), &[]).await.unwrap();
        assert_eq!((refused.acquired, refused.current.lock.pull.num), (false, 3), "before the locks move");
        let moved = controller.settle().await;
        assert_eq!((moved.moved.len(), moved.stayed.len(), counts(&systems).await), (10, 0, (10, 0)));
        for lock in &locks {
            let stored = systems.legacy.get(&lock.identity()).await.unwrap().unwrap();
            assert_eq!(stored.raw.expose(), lock.to_json(), "byte for byte, with its token");
            assert!(!controller.try_lock(lock, &[]).await.unwrap().acquired);
            assert!(controller.unlock(&lock.identity()).await.unwrap().is_some());
        }
        assert_eq!(counts(&systems).await, (0, 0));
    }
}

/// Atlantis itself may hold a lock that the enhanced system should serve.
#[tokio::test]
async fn a_lock_that_atlantis_took_is_respected() {
    for systems in both().await {
        let (controller, _) = controller(&systems, gradual(100)).await;
        systems.legacy.try_lock(&lock("org/repo", ".", "", 1)).await.unwrap();
        let refused = controller.try_lock(&lock("org/repo", ".", "", 2), &[]).await.unwrap();
        assert_eq!((refused.acquired, refused.current.lock.pull.num), (false, 1));
        assert_eq!(counts(&systems).await, (1, 0));
    }
}

#[tokio::test]
async fn a_start_finds_the_locks_of_both_systems_and_ends_a_move() {
    for systems in both().await {
        let (a, b, c) = (lock("org/a", ".", "", 1), lock("org/b", ".", "", 1), lock("org/c", ".", "", 1));
        systems.legacy.try_lock(&a).await.unwrap();
        systems.enhanced.try_lock(&a).await.unwrap();
        systems.enhanced.try_lock(&b).await.unwrap();
        systems.legacy.try_lock(&c).await.unwrap();
        systems.enhanced.try_lock(&lock("org/c", ".", "", 2)).await.unwrap();
        let (controller, twice) = controller(&systems, gradual(0)).await;
        assert_eq!(twice, ["org/c/./default/"], "two holders: an operator decides");
        assert_eq!(counts(&systems).await, (2, 2), "the copy of the lock that was moving is gone");
        for (lock, holder) in [(&a, 1), (&b, 1), (&c, 1)] {
            assert_eq!(controller.get(&lock.identity()).await.unwrap().unwrap().lock.pull.num, holder);
            assert!(!controller.try_lock(lock, &[]).await.unwrap().acquired);
        }
    }
}

#[tokio::test]
async fn in_shadow_the_answer_of_the_legacy_system_counts_and_differences_are_remembered() {
    for systems in both().await {
        let shadow = Migration { mode: Mode::Shadow, ..Migration::default() };
        let (controller, _) = controller(&systems, shadow).await;
        let first = lock("org/repo", ".", "", 1);
        assert!(controller.try_lock(&first, &[]).await.unwrap().acquired);
        assert!(controller.unlock(&first.identity()).await.unwrap().is_some());
        assert_eq!(controller.comparison().differences, 0);

        systems.enhanced.try_lock(&lock("org/repo", ".", "", 9)).await.unwrap();
        assert!(controller.try_lock(&first, &[]).await.unwrap().acquired, "the legacy system decides");
        let difference = &controller.differences()[0];
        let texts = (difference.operation, difference.legacy.as_str(), difference.enhanced.as_str());
        assert_eq!(texts, ("try_lock", "acquired by pull request 1", "held by pull request 9"));
        let mirrored = systems.enhanced.get(&first.identity()).await.unwrap().unwrap();
        assert_eq!(mirrored.raw.expose(), first.to_json(), "and the enhanced system follows");
        assert!(!controller.try_lock(&lock("org/repo", ".", "", 2), &[]).await.unwrap().acquired);
        let comparison = controller.comparison();
        assert_eq!((comparison.compared, comparison.differences), (4, 1));
        assert_eq!(comparison.recommendation, Recommendation::Investigate);
    }
}

/// Atlantis has taken locks before the comparison began, which is no difference.
#[tokio::test]
async fn in_shadow_the_locks_of_before_are_no_differences() {
    for systems in both().await {
        for path in ["held", "released", "again"] {
            systems.legacy.try_lock(&lock("org/repo", path, "", 1)).await.unwrap();
        }
        systems.enhanced.try_lock(&lock("org/repo", "again", "", 7)).await.unwrap();
        let shadow = Migration { mode: Mode::Shadow, ..Migration::default() };
        let (controller, _) = controller(&systems, shadow).await;
        let held = lock("org/repo", "held", "", 9);
        assert!(!controller.try_lock(&held, &[]).await.unwrap().acquired);
        assert!(controller.unlock(&lock("org/repo", "released", "", 1).identity()).await.unwrap().is_some());
        assert!(!controller.try_lock(&lock("org/repo", "again", "", 9), &[]).await.unwrap().acquired);
        assert_eq!(controller.comparison().differences, 0, "{:?}", controller.differences());
        let mirrored = systems.enhanced.get(&held.identity()).await.unwrap().unwrap();
        assert_eq!(mirrored.raw.expose(), lock("org/repo", "held", "", 1).to_json());
    }
}

/// A lock that the enhanced system really holds is no copy for the comparison, and a copy is never a lock in the way.
#[tokio::test]
async fn shadow_leaves_the_locks_of_the_enhanced_system_and_removes_its_copies() {
    for systems in both().await {
        let shadow = || Migration { mode: Mode::Shadow, ..Migration::default() };
        let (held, copied) = (lock("org/held", ".", "", 1), lock("org/copied", ".", "", 2));
        let before = controller(&systems, gradual(100)).await.0;
        assert!(before.try_lock(&held, &[]).await.unwrap().acquired);
        before.change(shadow()).await.unwrap();
        assert!(before.try_lock(&copied, &[]).await.unwrap().acquired);
        assert!(!before.try_lock(&lock("org/held", ".", "", 9), &[]).await.unwrap().acquired);
        assert_eq!(
            (counts(&systems).await, before.comparison().compared),
            ((1, 2), 1),
            "one copy, one comparison"
        );
        assert_eq!(before.list().await.unwrap().locks.len(), 2, "each lock once");

        // The next process starts in shadow.
        let (after, twice) = controller(&systems, shadow()).await;
        assert_eq!(twice, Vec::<String>::new());
        assert!(!after.try_lock(&lock("org/held", ".", "", 9), &[]).await.unwrap().acquired);
        after.change(gradual(100)).await.unwrap();
        assert_eq!(counts(&systems).await, (1, 1), "the copy is deleted");
        assert!(after.unlock(&copied.identity()).await.unwrap().is_some());
        assert!(after.try_lock(&copied, &[]).await.unwrap().acquired);
        assert_eq!(counts(&systems).await, (0, 2));
    }
}

/// A request whose future is dropped may have taken the lock: its system keeps it, and it can still move.
#[tokio::test]
async fn a_dropped_request_leaves_its_lock_in_its_system() {
    for systems in both().await {
        let (controller, _) = controller(&systems, gradual(100)).await;
        let wanted = lock("org/repo", ".", "", 1);
        for pause in 0..40 {
            let request = controller.try_lock(&wanted, &[]);
            let _ = tokio::time::timeout(Duration::from_micros(pause * 100), request).await;
        }
        controller.change(Migration::default()).await.unwrap();
        assert!(!controller.try_lock(&lock("org/repo", ".", "", 2), &[]).await.unwrap().acquired);
        let moved = controller.settle().await;
        assert_eq!((moved.moved, moved.stayed), (vec!["org/repo/./default/".to_owned()], vec![]));
        assert_eq!(counts(&systems).await, (1, 0));
    }
}

/// A move that cannot delete its source leaves two copies, and the release of the lock deletes both.
#[tokio::test]
async fn the_release_of_a_lock_whose_move_failed_deletes_both_copies() {
    let mut systems = systems().await;
    let path = systems._dir.path().join("enhanced.db");
    systems.enhanced = Arc::new(BoltLocks::at(&path, Reading::Beside));
    let (controller, _) = controller(&systems, gradual(100)).await;
    let wanted = lock("org/repo", ".", "", 1);
    assert!(controller.try_lock(&wanted, &[]).await.unwrap().acquired);
    controller.change(Migration::default()).await.unwrap();

    let other_process = std::fs::File::open(&path).unwrap();
    other_process.lock().unwrap();
    let moved = controller.settle().await;
    assert_eq!((moved.moved.len(), moved.stayed.len(), counts(&systems).await), (0, 1, (1, 1)));
    assert_eq!(controller.list().await.unwrap().locks.len(), 1, "one lock, in two places");
    other_process.unlock().unwrap();
    assert!(controller.unlock(&wanted.identity()).await.unwrap().is_some());
    assert_eq!(counts(&systems).await, (0, 0));
}

/// The locks of one pull request are in both systems, and each is released in its own.
#[tokio::test]
async fn a_closed_pull_request_releases_its_locks_in_both_systems() {
    for systems in both().await {
        let (controller, _) = controller(&systems, gradual(0)).await;
        for (repo, path, pull) in [("org/a", "x", 5), ("org/a", "y", 6), ("org/a-prod", "x", 5)] {
            assert!(controller.try_lock(&lock(repo, path, "", pull), &[]).await.unwrap().acquired);
        }
        controller.change(gradual(100)).await.unwrap();
        assert!(controller.try_lock(&lock("org/a", "z", "", 5), &[]).await.unwrap().acquired);
        assert_eq!(counts(&systems).await, (3, 1));
        let unlocked = controller.unlock_by_pull("org/a", 5, Reach::Repository).await.unwrap();
        let keys = |locks: &[stepwell_atlantis::locks::StoredLock]| -> Vec<String> {
            locks.iter().map(|lock| lock.key.clone()).collect()
        };
        assert_eq!(keys(&unlocked.deleted), ["org/a/x/default/", "org/a/z/default/"]);
        assert_eq!(keys(&unlocked.spared), ["org/a-prod/x/default/"]);
        assert_eq!(counts(&systems).await, (2, 0));
        assert!(!controller.try_lock(&lock("org/a", "y", "", 9), &[]).await.unwrap().acquired, "still of 6");
        assert!(controller.try_lock(&lock("org/a", "x", "", 9), &[]).await.unwrap().acquired);
        assert_eq!(counts(&systems).await, (2, 1), "a free lock is in the system that serves it now");
        let none = controller.unlock_by_pull("org/a", 5, Reach::Repository).await.unwrap();
        assert_eq!((none.deleted.len(), none.spared.len()), (0, 1));
    }
}

/// The enhanced system fails, and the legacy one takes over by itself.
#[tokio::test]
async fn too_many_errors_roll_back() {
    let systems = systems().await;
    let blue_green = Migration {
        mode: Mode::BlueGreen,
        active: System::Enhanced,
        fallback: false,
        ..Migration::default()
    };
    let (controller, _) = controller(&systems, blue_green).await;
    for number in 0..18 {
        assert!(
            controller.try_lock(&lock("org/repo", &format!("d{number}"), "", 1), &[]).await.unwrap().acquired
        );
    }
    std::fs::rename(systems._dir.path().join("enhanced.db"), systems._dir.path().join("gone.db")).unwrap();
    for number in 18..20 {
        assert!(controller.try_lock(&lock("org/repo", &format!("d{number}"), "", 1), &[]).await.is_err());
    }
    assert_eq!((controller.migration().active, controller.comparison().rollbacks), (System::Legacy, 1));
    assert!(controller.try_lock(&lock("org/repo", "new", "", 1), &[]).await.unwrap().acquired);
    let uncertain = controller.try_lock(&lock("org/repo", "d18", "", 2), &[]).await;
    assert!(uncertain.is_err(), "the enhanced system may have granted it");
    std::fs::rename(systems._dir.path().join("gone.db"), systems._dir.path().join("enhanced.db")).unwrap();
    let moved = controller.settle().await;
    assert_eq!((moved.moved.len(), moved.stayed.len(), counts(&systems).await), (18, 0, (19, 0)));
    assert!(controller.try_lock(&lock("org/repo", "d18", "", 2), &[]).await.unwrap().acquired);
}

/// A system that cannot serve a new lock, and has not changed anything, is replaced by the legacy one.
#[tokio::test]
async fn the_legacy_system_serves_what_the_enhanced_one_cannot() {
    let systems = systems().await;
    let (controller, _) = controller(&systems, gradual(100)).await;
    let (old, new) = (lock("org/repo", "old", "", 1), lock("org/repo", "new", "", 1));
    assert!(controller.try_lock(&old, &[]).await.unwrap().acquired);
    std::fs::rename(systems._dir.path().join("enhanced.db"), systems._dir.path().join("gone.db")).unwrap();
    assert!(controller.try_lock(&new, &[]).await.unwrap().acquired);
    assert!(controller.try_lock(&old, &[]).await.is_err(), "the lock is held in the system that is gone");
    std::fs::rename(systems._dir.path().join("gone.db"), systems._dir.path().join("enhanced.db")).unwrap();
    assert_eq!(counts(&systems).await, (1, 1));
    assert!(!controller.try_lock(&new, &[]).await.unwrap().acquired, "it stays there");
}

/// An action of an operator or a client in the model of the whole migration.
#[derive(Debug, Clone)]
enum Act {
    Lock(u8, i64),
    Unlock(u8),
    Close(i64),
    Change(u8, u8, bool, bool),
    Settle,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0u8..5, 0i64..4).prop_map(|(key, pull)| Act::Lock(key, pull)),
        4 => (0u8..5).prop_map(Act::Unlock),
        1 => (0i64..4).prop_map(Act::Close),
        2 => (0u8..4, 0u8..=100, any::<bool>(), any::<bool>()).prop_map(|(m, p, c, a)| Act::Change(m, p, c, a)),
        1 => Just(Act::Settle),
        1 => Just(Act::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A controller between two systems, one of them the locks of Stepwell, answers as one table of locks does, and
    /// each lock is in one system. In shadow, the other one may have its copy.
    #[test]
    fn both_systems_together_are_one_table(acts in proptest::collection::vec(act(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(agrees(acts))?;
    }
}

async fn agrees(acts: Vec<Act>) -> Result<(), TestCaseError> {
    let (locks, values) = (memory(), Arc::<MemoryValues>::default());
    let (other_locks, other_values) = (memory(), Arc::<MemoryValues>::default());
    let legacy: Arc<dyn ProjectLocks> = Arc::new(stepwell(&other_locks, &other_values));
    let enhanced: Arc<dyn ProjectLocks> = Arc::new(stepwell(&locks, &values));
    let start = async |migration| {
        let elapsed = Arc::new(|| Duration::ZERO);
        Controller::start(legacy.clone(), enhanced.clone(), migration, elapsed).await.unwrap().0
    };
    let (mut present, mut held) = (Migration::default(), BTreeMap::<String, i64>::new());
    let mut controller = start(present.clone()).await;
    let of = |key: u8, pull| lock("org/repo", &format!("k{key}"), "", pull);
    for act in acts {
        match act {
            Act::Lock(key, pull) => {
                let wanted = of(key, pull);
                let answer = controller.try_lock(&wanted, &[]).await.unwrap();
                let holder = held.entry(wanted.identity().key());
                let is_free = matches!(holder, std::collections::btree_map::Entry::Vacant(_));
                prop_assert_eq!(
                    (answer.acquired, answer.current.lock.pull.num),
                    (is_free, *holder.or_insert(pull))
                );
            }
            Act::Unlock(key) => {
                let identity = of(key, 0).identity();
                let released = controller.unlock(&identity).await.unwrap();
                prop_assert_eq!(released.map(|lock| lock.lock.pull.num), held.remove(&identity.key()));
            }
            Act::Close(pull) => {
                let unlocked = controller.unlock_by_pull("org/repo", pull, Reach::Repository).await.unwrap();
                let before = held.len();
                held.retain(|_, holder| *holder != pull);
                prop_assert_eq!(unlocked.deleted.len(), before - held.len());
            }
            Act::Change(mode, percentage, has_canary, is_enhanced) => {
                present = migration(mode, percentage, has_canary, is_enhanced);
                controller.change(present.clone()).await.unwrap();
            }
            Act::Settle => {
                let moved = controller.settle().await;
                prop_assert_eq!(moved.stayed, vec![]);
            }
            Act::Restart => controller = start(present.clone()).await,
        }
        let listed = controller.list().await.unwrap().locks;
        let listed: Vec<(String, i64)> =
            listed.into_iter().map(|lock| (lock.key, lock.lock.pull.num)).collect();
        prop_assert_eq!(&listed, &held.clone().into_iter().collect::<Vec<_>>());
        let in_both = legacy.list().await.unwrap().locks.len() + enhanced.list().await.unwrap().locks.len();
        prop_assert!(in_both == held.len() || present.mode == Mode::Shadow && in_both <= 2 * held.len());
    }
    Ok(())
}

//! A change by a person and its row in the audit log: a process that dies between any two writes leaves both or none,
//! in the home store and in a store to which a queue is pinned.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;
use stepwell::engine::job::Job;
use stepwell::engine::run::{Admission, Event};
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Audit, Expect, Kind, RunFilter};
use stepwell::engine::{
    JobDefinition, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner, StoreError,
};
use stepwell::sandbox::Sandbox;
use stepwell::store::PinnedStores;
use stepwell::{CleanUpOptions, Decided, Host, HostError, NewKey, Retry, Role};
use stepwell_tests::simulator::{Faulty, Ground};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::Unwatched;

/// The zones whose queues are in other stores.
const FAR: &str = "Asia/Tokyo";
const FARTHER: &str = "Asia/Seoul";

const PAUSE: Duration = Duration::from_secs(600);

/// What there is before the action.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    /// A run in its queue.
    Queued,
    /// A run that waits for an approval.
    Asks,
    /// A run that failed, with its dead letter.
    Failed,
    /// A stored job with a schedule.
    Scheduled,
}

const ACTIONS: [(&str, Before); 16] = [
    ("job.run", Before::Nothing),
    ("schedule.once", Before::Nothing),
    ("job.put", Before::Nothing),
    ("job.delete", Before::Scheduled),
    ("schedule.pause", Before::Scheduled),
    ("backfill.start", Before::Scheduled),
    ("run.cancel", Before::Queued),
    ("approval.approve", Before::Asks),
    ("approval.reject", Before::Asks),
    ("run.retry", Before::Failed),
    ("dead_letter.redrive", Before::Failed),
    ("dead_letter.discard", Before::Failed),
    ("system.clean_up", Before::Failed),
    ("queue.pause", Before::Nothing),
    ("queue.resume", Before::Nothing),
    ("key.create", Before::Nothing),
];

struct Fails;

#[async_trait]
impl StepRunner for Fails {
    async fn run(&self, _: StepRequest) -> StepEnd {
        let outcome = Outcome::InvalidConfig { message: "no".to_owned() };
        StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() }
    }
}

/// The databases, which outlive each process.
struct Databases {
    home: Arc<Ground>,
    far: Arc<Ground>,
    farther: Arc<Ground>,
}

impl Databases {
    fn new() -> Self {
        let ground = || Arc::new(Ground::new(1, None, None));
        Self { home: ground(), far: ground(), farther: ground() }
    }

    /// The store of a process that dies before the write number `writes`.
    fn store(&self, writes: i64) -> Arc<dyn Store> {
        let left = Arc::new(AtomicI64::new(writes));
        self.pinned(|ground| Faulty::dying(ground, left.clone()))
    }

    /// The store of a process that stops for ten minutes before the write number `writes`.
    fn pausing(&self, writes: i64) -> Arc<dyn Store> {
        let left = Arc::new(AtomicI64::new(writes));
        self.pinned(|ground| Faulty::pausing(ground, left.clone(), PAUSE))
    }

    fn pinned(&self, faulty: impl Fn(Arc<Ground>) -> Faulty) -> Arc<dyn Store> {
        let of = |ground: &Arc<Ground>| -> Arc<dyn Store> { Arc::new(faulty(ground.clone())) };
        let pinned =
            BTreeMap::from([("far".to_owned(), of(&self.far)), ("farther".to_owned(), of(&self.farther))]);
        let queues =
            BTreeMap::from([(FAR.to_owned(), "far".to_owned()), (FARTHER.to_owned(), "farther".to_owned())]);
        Arc::new(PinnedStores::new(of(&self.home), pinned, queues))
    }

    /// The zones of the schedule of `job` in all databases, each with the database.
    async fn schedules(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (name, ground) in [("home", &self.home), ("far", &self.far), ("farther", &self.farther)] {
            let row = ground.store.schedule("job").await.unwrap();
            found.extend(row.map(|row| (name, row.job.timezone.clone())));
        }
        found
    }
}

fn host(store: Arc<dyn Store>, sandbox: Option<Arc<Sandbox>>) -> Host {
    let builder = Host::builder().store(store).runner(Arc::new(Fails)).compile_on_demand();
    match sandbox {
        Some(sandbox) => builder.sandbox(sandbox).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

fn job(zone: &str, before: Before, action: &str) -> Arc<Job> {
    let mut steps = vec![json!({"id": "w", "type": "wait", "for": 0})];
    if before == Before::Asks {
        steps.insert(0, json!({"id": "ok", "type": "approval", "message": "?"}));
    }
    let mut job = json!({"id": "job", "timezone": zone, "steps": steps});
    if before == Before::Scheduled || action == "job.put" {
        job.as_object_mut().unwrap().insert("schedule".to_owned(), json!({"every": "1h"}));
    }
    Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into())
}

fn row(host: &Host, action: &str) -> Audit {
    Audit {
        at: host.now(),
        by: "key:ann".to_owned(),
        name: "ann".to_owned(),
        action: action.to_owned(),
        target: "x".to_owned(),
        detail: String::new(),
    }
}

/// Returns the run, if there is one.
async fn prepare(host: &Host, job: &Arc<Job>, before: Before) -> String {
    match before {
        Before::Nothing => String::new(),
        Before::Scheduled => {
            host.jobs().put(job, Expect::Absent, row(host, "before")).await.unwrap();
            String::new()
        }
        Before::Queued | Before::Asks | Before::Failed => {
            let runs = host.runs();
            let admitted = runs.enqueue(job, Admission::default(), None, None).await.unwrap();
            if before != Before::Queued {
                // A request for a question never ends by itself, so it is cut off.
                let moved = runs.resume(&admitted.execution_id, &Unwatched, CancellationToken::new());
                let _ = timeout(Duration::from_secs(3), moved).await;
            }
            admitted.execution_id
        }
    }
}

async fn act(host: &Host, action: &str, zone: &str, job: &Arc<Job>, id: &str) -> Result<(), HostError> {
    let (audit, now) = (row(host, action), host.now());
    match action {
        "job.run" => host.runs().enqueue(job, Admission::default(), None, Some(audit)).await.map(drop),
        "schedule.once" => host.schedules().once(job, now + TimeDelta::hours(1), audit).await.map(drop),
        "job.put" => host.jobs().put(job, Expect::Absent, audit).await.map(drop),
        "job.delete" => host.jobs().delete("job", Expect::Present, audit).await,
        "schedule.pause" => host.schedules().pause("job", Some("by ann".to_owned()), audit).await,
        "backfill.start" => {
            let (from, to) = (now - TimeDelta::hours(3), now - TimeDelta::hours(1));
            host.schedules().start_backfill("job", from, to, 5, audit).await.map(drop)
        }
        "run.cancel" => host.runs().cancel(id, "enough", audit).await.map(drop),
        "approval.approve" | "approval.reject" => {
            let decided = Decided {
                approved: action == "approval.approve",
                by: "key:ann".to_owned(),
                roles: vec!["operator"],
                ..Decided::default()
            };
            host.approvals().decide(id, "ok", decided, audit).await.map(drop)
        }
        "run.retry" => {
            host.runs().retry(id, Retry { from_start: true, ..Retry::default() }, audit).await.map(drop)
        }
        "dead_letter.redrive" => host
            .dead_letters()
            .redrive(id, Retry { from_start: true, ..Retry::default() }, audit)
            .await
            .map(drop),
        "dead_letter.discard" => host.dead_letters().discard(id, "known", audit).await.map(drop),
        "system.clean_up" => {
            let options = CleanUpOptions { days: Some(0), include_dead: true, dry_run: false };
            host.system().clean_up(options, Some(audit)).await.map(drop)
        }
        "queue.pause" => host.queues().pause(zone, Some("by ann".to_owned()), audit).await,
        "queue.resume" => host.queues().pause(zone, None, audit).await,
        "key.create" => {
            let new = NewKey {
                name: "bob".to_owned(),
                role: Role::Viewer,
                projects: vec!["*".to_owned()],
                jobs: Vec::new(),
                expires_at: None,
            };
            let by = stepwell::By { identity: "key:ann".to_owned(), name: "ann".to_owned() };
            host.access().create(new, &by).await.map(drop)
        }
        other => panic!("{other}"),
    }
}

/// How often the change of an action is in the databases. For a redrive, the run and the mark of its letter count as
/// one change.
async fn changes(store: &dyn Store, action: &str, zone: &str, id: &str) -> usize {
    let runs = async || store.list(&RunFilter { limit: 9, ..RunFilter::default() }).await.unwrap().len();
    let records = async |kind| store.records(kind, None, "", 9).await.unwrap().len();
    let resolved = async || {
        let letter = store.record(Kind::DeadLetter, id).await.unwrap().unwrap();
        usize::from(letter.state != "open")
    };
    match action {
        "job.run" | "schedule.once" => runs().await,
        "run.retry" => runs().await - 1,
        "dead_letter.redrive" => {
            let resolved = resolved().await;
            assert_eq!(runs().await - 1, resolved, "the run and the mark of its letter");
            resolved
        }
        "dead_letter.discard" => resolved().await,
        "job.put" => records(Kind::Job).await,
        "job.delete" => 1 - records(Kind::Job).await,
        "schedule.pause" => usize::from(store.schedule("job").await.unwrap().unwrap().paused.is_some()),
        "backfill.start" => records(Kind::Backfill).await,
        "run.cancel" => usize::from(store.row(id).await.unwrap().cancel.is_some()),
        "approval.approve" | "approval.reject" => {
            let (_, events) = store.latest(id).await.unwrap();
            events.iter().filter(|event| matches!(event, Event::ApprovalDecided { .. })).count()
        }
        // The home store has a row although nothing of it goes: with the row, its own part is done.
        "system.clean_up" if zone == FAR => match store.row(id).await {
            Err(StoreError::NotFound(_)) => 2,
            _ => 1,
        },
        "system.clean_up" => 1 - runs().await,
        "queue.pause" | "queue.resume" => records(Kind::Queue).await,
        "key.create" => records(Kind::ApiKey).await,
        other => panic!("{other}"),
    }
}

async fn rows(store: &dyn Store, action: &str) -> usize {
    let rows = store.audit(None, 100).await.unwrap();
    rows.iter().filter(|row| row.audit.action == action).count()
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_between_two_writes_leaves_the_change_and_its_audit_row_or_neither() {
    let sandbox = host(Databases::new().store(i64::MAX), None).sandbox().clone();
    for (action, before) in ACTIONS {
        for zone in ["UTC", FAR] {
            for writes in 0.. {
                let place = format!("{action} in {zone}, dead after {writes} writes");
                assert!(writes < 30, "{place}: it never ends");
                let databases = Databases::new();
                let job = job(zone, before, action);
                let first = host(databases.store(i64::MAX), Some(sandbox.clone()));
                let id = prepare(&first, &job, before).await;
                let second = host(databases.store(writes), Some(sandbox.clone()));
                let acted = timeout(Duration::from_secs(60), act(&second, action, zone, &job, &id)).await;
                let store = databases.store(i64::MAX);
                let (noted, changed) =
                    (rows(&*store, action).await, changes(&*store, action, zone, &id).await);
                // Each store that removes runs has a row of its own, and the home store has one in any case.
                let right = match (action, zone) {
                    ("system.clean_up", FAR) => noted == 2 && changed == 2 || noted <= 1 && changed == 1,
                    _ => noted == changed,
                };
                assert!(right, "{place}: {noted} rows, {changed} changes");
                assert_eq!(rows(&*store, action).await, noted, "{place}: a row is copied once");
                match acted {
                    // It died.
                    Err(_) => {}
                    Ok(done) => {
                        done.unwrap_or_else(|error| panic!("{place}: {error}"));
                        assert!(changed > 0, "{place}: nothing has changed");
                        assert!(writes > 0, "{place}: it writes nothing");
                        break;
                    }
                }
            }
        }
    }
}

/// The zones of a job, before and after a change.
const MOVES: [(Option<&str>, Option<&str>); 13] = [
    (None, Some("UTC")),
    (None, Some(FAR)),
    (Some("UTC"), Some("UTC")),
    (Some("UTC"), Some(FAR)),
    (Some(FAR), Some("UTC")),
    (Some(FAR), Some(FAR)),
    (Some(FAR), Some(FARTHER)),
    (Some(FARTHER), Some(FAR)),
    (Some("UTC"), None),
    (Some(FAR), None),
    (Some(FARTHER), None),
    // The job stays, without its schedule.
    (Some("UTC"), Some("")),
    (Some(FAR), Some("")),
];

/// A job in this zone; without a schedule if the zone is empty. Jobs with another number are different.
fn moved(zone: &str, number: u32) -> Arc<Job> {
    let zone_or = if zone.is_empty() { "UTC" } else { zone };
    let steps = json!([{"id": "w", "type": "wait", "for": number}]);
    let mut job = json!({"id": "job", "timezone": zone_or, "steps": steps});
    if !zone.is_empty() {
        job.as_object_mut().unwrap().insert("schedule".to_owned(), json!({"every": "1h"}));
    }
    Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into())
}

/// The database and the zone of the schedule that belongs to a job in this zone.
fn placed(zone: Option<&str>) -> Vec<(&'static str, String)> {
    match zone {
        None | Some("") => Vec::new(),
        Some(zone) => {
            let place = match zone {
                FAR => "far",
                FARTHER => "farther",
                _ => "home",
            };
            vec![(place, zone.to_owned())]
        }
    }
}

async fn change(host: &Host, new: Option<&str>, expect: Expect) -> Result<(), HostError> {
    match new {
        Some(zone) => host.jobs().put(&moved(zone, 1), expect, row(host, "change")).await.map(drop),
        None => host.jobs().delete("job", expect, row(host, "change")).await,
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_and_its_schedule_in_another_store_change_together_whenever_the_process_dies() {
    let sandbox = host(Databases::new().store(i64::MAX), None).sandbox().clone();
    for (old, new) in MOVES {
        let mut outcomes = Vec::new();
        for writes in 0.. {
            let place = format!("{old:?} to {new:?}, dead after {writes} writes");
            assert!(writes < 30, "{place}: it never ends");
            let databases = Databases::new();
            let first = host(databases.store(i64::MAX), Some(sandbox.clone()));
            if let Some(zone) = old {
                let stored = first.jobs().put(&moved(zone, 0), Expect::Absent, row(&first, "before")).await;
                stored.unwrap();
            }
            let second = host(databases.store(writes), Some(sandbox.clone()));
            let acted = timeout(Duration::from_secs(60), change(&second, new, Expect::Any)).await;
            let store = databases.store(i64::MAX);
            // The scheduler of any other process finishes the change before it fires.
            let now = first.now();
            store.lease_schedulers("other", now, now + TimeDelta::seconds(30)).await.unwrap();
            let noted = rows(&*store, "change").await;
            let stored = store.record(Kind::Job, "job").await.unwrap();
            let (after, zone) = if noted == 1 { (1, new) } else { (0, old) };
            let expected = zone.map(|zone| serde_json::from_str(moved(zone, after).text()).unwrap());
            assert_eq!(stored.map(|record| record.value), expected, "{place}: the job");
            assert_eq!(databases.schedules().await, placed(zone), "{place}: its schedules");
            if let Some(row) = store.schedule("job").await.unwrap() {
                assert_eq!(row.job, moved(zone.unwrap(), after), "{place}: the job of the schedule");
            }
            let rest = store.records(Kind::ScheduleMove, None, "", 9).await.unwrap();
            assert_eq!(rest, [], "{place}: nothing remains to be done");
            outcomes.push(noted);
            if let Ok(done) = acted {
                done.unwrap_or_else(|error| panic!("{place}: {error}"));
                assert_eq!(noted, 1, "{place}: it is done");
                break;
            }
        }
        assert!(outcomes.contains(&0), "{old:?} to {new:?}: no process died before the change: {outcomes:?}");
    }
}

/// A process that was stopped during a change, while others changed the job, changes nothing when it continues.
#[tokio::test(start_paused = true)]
async fn a_process_that_stalls_during_a_change_does_not_undo_a_later_one() {
    let sandbox = host(Databases::new().store(i64::MAX), None).sandbox().clone();
    for (old, new) in MOVES {
        for last in [Some("UTC"), Some(FAR), Some(FARTHER), Some(""), None] {
            let place = format!("{old:?} to {new:?} to {last:?}");
            let databases = Databases::new();
            let first = host(databases.store(i64::MAX), Some(sandbox.clone()));
            if let Some(zone) = old {
                let stored = first.jobs().put(&moved(zone, 0), Expect::Absent, row(&first, "before")).await;
                stored.unwrap();
            }
            let stalled = host(databases.pausing(1), Some(sandbox.clone()));
            let late = tokio::spawn(async move { change(&stalled, new, Expect::Any).await });
            tokio::time::sleep(Duration::from_secs(1)).await;
            let done = match last {
                Some(zone) => {
                    let audit = row(&first, "last");
                    first.jobs().put(&moved(zone, 2), Expect::Any, audit).await.map(drop)
                }
                None => first.jobs().delete("job", Expect::Any, row(&first, "last")).await,
            };
            done.unwrap_or_else(|error| panic!("{place}: {error}"));
            // The late process may find that the job it has put is gone.
            let _ = timeout(PAUSE * 2, late).await.unwrap().unwrap();
            let now = first.now();
            let store = databases.store(i64::MAX);
            store.lease_schedulers("other", now, now + TimeDelta::seconds(30)).await.unwrap();
            assert_eq!(databases.schedules().await, placed(last), "{place}: the schedules");
            if let Some(row) = store.schedule("job").await.unwrap() {
                assert_eq!(row.job, moved(last.unwrap(), 2), "{place}: the job of the schedule");
            }
        }
    }
}

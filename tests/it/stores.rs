//! The contract of `stepwell::engine::Store`: one suite for every store.

use std::any::Any;
use std::sync::Arc;

use chrono::Duration;
use serde_json::json;
use stepwell::engine::StoreError;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::job::{Job, JobDefinition, OnConflict};
use stepwell::engine::run::{Event, RunStatus};
use stepwell::engine::schedule::{Decision, RunOverlap};
use stepwell::engine::step::LogLine;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{
    Audit, Change, Checkpoint, Claim, ClaimQuery, CleanUp, Commit, DeadLetter, Expect, FireBatch,
    Idempotency, Key, Kind, LedgerFilter, LedgerRow, LogPlace, LogRecord, NewFire, NewRun, Next, Renewal,
    RunFilter, ScheduleRow, Source,
};
use stepwell::store::{PostgresSettings, PostgresStore, SqliteStore};
use stepwell_tests::{load, servers};

pub type Named = (&'static str, Arc<dyn Store>, Box<dyn Any>);

/// Returns every store with its name and its resources.
pub async fn stores() -> Vec<Named> {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = Arc::new(SqliteStore::new(dir.path().join("deep/down/stepwell.db")));
    let mut stores: Vec<Named> =
        vec![("memory", Arc::new(SqliteStore::in_memory()), Box::new(())), ("sqlite", sqlite, Box::new(dir))];
    if let Some(database) = servers::postgres().await {
        let settings: PostgresSettings = database.url().parse().unwrap();
        let postgres = Arc::new(PostgresStore::with(settings.callers_time()));
        stores.push(("postgres", postgres, Box::new(database)));
    }
    stores
}

pub fn now() -> Timestamp {
    "2025-09-01T14:30:22.123456Z".parse().unwrap()
}

pub fn after(seconds: i64) -> Timestamp {
    now() + Duration::seconds(seconds)
}

pub fn job(id: &str) -> Arc<Job> {
    let job = json!({"id": id, "steps": [{"id": "a", "type": "sql", "query": "SELECT 1"}]});
    Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into())
}

pub fn new_run(id: &str) -> NewRun {
    let mut run = NewRun::of(job("job"), id, now());
    run.variables = json!({"day": 1}).as_object().unwrap().clone();
    run.queue = Some("UTC".to_owned());
    run
}

fn keyed(id: &str, on_conflict: OnConflict) -> NewRun {
    NewRun { key: Some(Key { name: "k".to_owned(), limit: 1, on_conflict }), ..new_run(id) }
}

pub fn query(limit: u32, at: Timestamp) -> ClaimQuery {
    ClaimQuery {
        queue: "UTC".to_owned(),
        concurrency: 100,
        limit,
        open: true,
        worker: "w".to_owned(),
        now: at,
        until: at + Duration::seconds(15),
    }
}

pub fn commit(id: &str, fence: u64, events: Vec<Event>, logs: usize, next: Next) -> Commit {
    let line = LogLine { level: "info".to_owned(), message: "text".to_owned(), fields: Default::default() };
    let record = LogRecord { seq: 0, at: now(), step_id: "a".to_owned(), attempt: 1, line };
    Commit {
        execution_id: id.to_owned(),
        fence,
        number: 1,
        events,
        logs: vec![record; logs],
        forget_checkpoints: Vec::new(),
        status: Some(if next == Next::End { RunStatus::Failed } else { RunStatus::Running }),
        started_at: Some(now()),
        next,
        dead: None,
        audit: Vec::new(),
        at: after(1),
    }
}

pub fn ids(claims: &[Claim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.run.execution_id.as_str()).collect()
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    for (name, store, _place) in stores().await {
        store.insert(&new_run("one"), Vec::new()).await.unwrap();
        assert_eq!(
            store.insert(&new_run("one"), Vec::new()).await,
            Err(StoreError::Exists("one".to_owned())),
            "{name}"
        );
        let claim = store.claim_run("one", "w", now(), after(15)).await.unwrap();
        assert_eq!((claim.run, claim.events.len(), claim.fence), (new_run("one"), 0, 1), "{name}");
        let events = vec![
            Event::Started { at: now() },
            Event::StepStarted { step: "a".into(), attempt: 1, at: now() },
        ];
        store.commit(commit("one", 1, events.clone(), 2, Next::Keep)).await.unwrap();
        let more = vec![Event::CheckpointSaved { step: "a".into(), data: "note".to_owned() }];
        let second = Commit { number: 2, ..commit("one", 1, more.clone(), 1, Next::Keep) };
        store.commit(second.clone()).await.unwrap();
        // A client that does not know whether it was written tries again.
        store.commit(second).await.unwrap();
        let (run, read) = load(&*store, "one").await.unwrap();
        assert_eq!((run, read), (new_run("one"), [events, more].concat()), "{name}");
        assert_eq!(lines(&*store, "one", 1).await, [1, 2, 3], "{name}");
        let list = store.list(&RunFilter { limit: 10, ..RunFilter::default() }).await.unwrap();
        assert_eq!(
            (list.len(), list[0].status, list[0].updated_at),
            (1, RunStatus::Running, after(1)),
            "{name}"
        );
        assert_eq!((list[0].started_at, list[0].worker.as_deref()), (Some(now()), Some("w")), "{name}");
    }
}

fn checkpoint(fence: u64, number: u64, data: &str) -> Checkpoint {
    Checkpoint {
        execution_id: "one".to_owned(),
        fence,
        number,
        place: 0,
        step: "a".into(),
        data: data.to_owned(),
    }
}

/// A run has one checkpoint, the last one; the next worker gets it, and a reader does not.
#[tokio::test]
async fn checkpoints_replace_each_other_and_go_with_their_step() {
    for (name, store, _place) in stores().await {
        store.insert(&new_run("one"), Vec::new()).await.unwrap();
        store.claim_run("one", "w", now(), after(15)).await.unwrap();
        let begun = vec![
            Event::Started { at: now() },
            Event::StepStarted { step: "a".into(), attempt: 1, at: now() },
        ];
        store.commit(commit("one", 1, begun.clone(), 1, Next::Keep)).await.unwrap();
        for number in 2..20 {
            store.save_checkpoint(checkpoint(1, number, &number.to_string())).await.unwrap();
        }
        // A client that does not know whether it was written tries again.
        store.save_checkpoint(checkpoint(1, 19, "19")).await.unwrap();
        assert_eq!(load(&*store, "one").await.unwrap().1, begun, "{name}");
        assert_eq!(store.latest("one").await.unwrap().1, begun, "{name}");
        let query = ClaimQuery { worker: "v".to_owned(), ..query(9, after(16)) };
        let claims = store.claim(query).await.unwrap();
        let saved = |data: &str| Event::CheckpointSaved { step: "a".into(), data: data.to_owned() };
        assert_eq!(claims[0].events, [&begun[..], &[saved("19")]].concat(), "{name}");
        // The previous worker is too late.
        let stale = Err(StoreError::Stale("one".to_owned()));
        assert_eq!(store.save_checkpoint(checkpoint(1, 20, "late")).await, stale, "{name}");
        store.save_checkpoint(checkpoint(2, 1, "again")).await.unwrap();
        let forget = Commit {
            number: 2,
            forget_checkpoints: vec![0],
            ..commit("one", 2, vec![Event::TimedOut { at: now() }], 0, Next::Wait(now()))
        };
        let late = Commit { fence: 1, ..forget.clone() };
        assert_eq!(store.commit(late).await.unwrap_err(), StoreError::Stale("one".to_owned()), "{name}");
        let taken = store.claim_run("one", "u", after(40), after(50)).await.unwrap();
        assert_eq!(taken.events.last(), Some(&saved("again")), "{name}: a stale commit removes nothing");
        let forget = Commit { fence: 3, number: 1, ..forget };
        store.commit(forget).await.unwrap();
        let taken = store.claim_run("one", "u", after(60), after(70)).await.unwrap();
        assert_eq!(taken.events, [&begun[..], &[Event::TimedOut { at: now() }]].concat(), "{name}");
    }
}

/// Readers and the next worker read the events of a run in parts.
#[tokio::test]
async fn a_long_journal_is_read_in_parts() {
    for (name, store, _place) in stores().await {
        store.insert(&new_run("one"), Vec::new()).await.unwrap();
        store.claim_run("one", "w", now(), after(15)).await.unwrap();
        let event = |n: u64| Event::StepSkipped {
            step: "a".into(),
            reason: format!("{n} {}", "x".repeat(4_000)),
            at: now(),
        };
        for number in 1..=600 {
            let kept = Commit { number, ..commit("one", 1, vec![event(number)], 1, Next::Keep) };
            store.commit(Commit { status: None, ..kept }).await.unwrap();
        }
        store.save_checkpoint(checkpoint(1, 601, "last")).await.unwrap();
        let first = store.load("one").await.unwrap();
        assert!(
            (200..400).contains(&first.events.len()) && first.next.is_some(),
            "{name}: {}",
            first.events.len()
        );
        let whole: Vec<Event> = (1..=600).map(event).collect();
        assert_eq!(load(&*store, "one").await.unwrap().1, whole, "{name}");
        let claims = store.claim(query(9, after(16))).await.unwrap();
        assert_eq!((claims[0].events.len(), claims[0].next.is_some()), (first.events.len(), true), "{name}");
        let (mut events, mut next) = (claims[0].events.clone(), claims[0].next);
        while let Some(place) = next {
            let page = store.events("one", place).await.unwrap();
            assert!(page.events.len() < 400, "{name}");
            (next, events) = (page.next, [events, page.events].concat());
        }
        assert_eq!((events.len(), &events[..600]), (601, &whole[..]), "{name}");
        // Pages of any length have each line of the log once, in order.
        for limit in [1, 7, 100, 10_000] {
            assert_eq!(lines(&*store, "one", limit).await, (1..=600).collect::<Vec<u64>>(), "{name} {limit}");
        }
    }
}

/// The numbers of all lines of a log, read in pages.
async fn lines(store: &dyn Store, id: &str, limit: u32) -> Vec<u64> {
    let (mut all, mut place) = (Vec::new(), LogPlace::default());
    loop {
        let page = store.log_page(id, place, limit).await.unwrap();
        if page.records.is_empty() {
            return all;
        }
        all.extend(page.records.iter().map(|line| line.seq));
        place = page.next;
    }
}

#[tokio::test]
async fn one_worker_at_a_time_and_a_stale_one_writes_nothing() {
    for (name, store, _place) in stores().await {
        store.insert(&new_run("one"), Vec::new()).await.unwrap();
        let first = store.claim_run("one", "w", now(), after(15)).await.unwrap();
        let claimed = Err(StoreError::Claimed("one".to_owned(), after(15)));
        assert_eq!(store.claim_run("one", "v", now(), after(15)).await, claimed, "{name}");
        let second = store.claim_run("one", "v", after(16), after(30)).await.unwrap();
        assert!(second.fence > first.fence, "{name}");
        let late = commit("one", first.fence, vec![Event::Started { at: now() }], 1, Next::Keep);
        assert_eq!(store.commit(late).await, Err(StoreError::Stale("one".to_owned())), "{name}");
        let claims = [("one".to_owned(), first.fence), ("one".to_owned(), second.fence)];
        assert_eq!(
            store.renew(&claims, after(16), after(40)).await.unwrap(),
            [Renewal::Lost, Renewal::Kept(None)],
            "{name}"
        );
        assert_eq!(load(&*store, "one").await.unwrap().1, [], "{name}");
        assert_eq!(lines(&*store, "one", 10).await, [0u64; 0], "{name}");
        // A released claim is free at once; a dead worker's claims can be ended.
        store.commit(commit("one", second.fence, Vec::new(), 0, Next::Wait(after(1)))).await.unwrap();
        assert_eq!(ids(&store.claim(query(9, after(2))).await.unwrap()), ["one"], "{name}");
        assert_eq!(store.workers().await.unwrap(), ["w"], "{name}");
        assert_eq!(store.expire("w", after(2)).await.unwrap(), 1, "{name}");
        assert_eq!(ids(&store.claim(query(9, after(2))).await.unwrap()), ["one"], "{name}");
    }
}

#[tokio::test]
async fn runs_go_by_rank_when_they_are_due_as_many_as_may() {
    for (name, store, _place) in stores().await {
        for (id, rank, due) in [("late", 3, 0), ("early", 1, 0), ("future", 0, 60), ("middle", 2, 0)] {
            let run = NewRun { rank: after(rank), scheduled_time: after(due), ..new_run(id) };
            store.insert(&run, Vec::new()).await.unwrap();
        }
        let mine = NewRun { queue: None, ..new_run("mine") };
        store.insert(&mine, Vec::new()).await.unwrap();
        assert_eq!(store.next_due("UTC", None).await.unwrap(), Some(now()), "{name}");
        let few = ClaimQuery { concurrency: 2, ..query(9, now()) };
        assert_eq!(ids(&store.claim(few.clone()).await.unwrap()), ["early", "middle"], "{name}");
        assert_eq!(store.claim(few).await.unwrap(), [], "{name}: the queue is full");
        assert_eq!(ids(&store.claim(query(9, now())).await.unwrap()), ["late"], "{name}");
        let closed = ClaimQuery { open: false, ..query(9, after(60)) };
        assert!(!ids(&store.claim(closed).await.unwrap()).contains(&"future"), "{name}: the queue is paused");
        assert!(ids(&store.claim(query(9, after(60))).await.unwrap()).contains(&"future"), "{name}");
        let standing = store.standing("mine", now()).await.unwrap();
        assert_eq!((standing.row.queue, standing.blocked), (None, false), "{name}");
    }
}

#[tokio::test]
async fn a_concurrency_key_lets_one_go_and_hands_its_slot_on() {
    for (name, store, _place) in stores().await {
        for id in ["a", "b", "c"] {
            store.insert(&keyed(id, OnConflict::Queue), Vec::new()).await.unwrap();
        }
        let first = store.claim(query(9, now())).await.unwrap();
        assert_eq!(ids(&first), ["a"], "{name}");
        let standing = store.standing("b", now()).await.unwrap();
        assert_eq!(
            (standing.blocked, standing.key),
            (true, Some(("k".to_owned(), 1, vec!["a".to_owned()]))),
            "{name}"
        );
        // A parked run keeps its slot.
        store.commit(commit("a", 1, Vec::new(), 0, Next::Wait(after(100)))).await.unwrap();
        assert_eq!(store.claim(query(9, after(1))).await.unwrap(), [], "{name}");
        let again = store.claim_run("a", "w", after(2), after(20)).await.unwrap();
        let free = store.commit(commit("a", again.fence, Vec::new(), 0, Next::End)).await.unwrap();
        assert_eq!(free, ["UTC"], "{name}");
        assert_eq!(ids(&store.claim(query(9, after(2))).await.unwrap()), ["b"], "{name}");
    }
}

#[tokio::test]
async fn a_taken_key_cancels_whom_the_job_says() {
    for (name, store, _place) in stores().await {
        store.insert(&keyed("a", OnConflict::Queue), Vec::new()).await.unwrap();
        assert_eq!(ids(&store.claim(query(9, now())).await.unwrap()), ["a"], "{name}");
        let newest = store.insert(&keyed("b", OnConflict::CancelNewest), Vec::new()).await.unwrap();
        assert!(newest.cancelled, "{name}");
        assert_eq!(store.row("b").await.unwrap().status, RunStatus::Cancelled, "{name}");
        let running = store.insert(&keyed("c", OnConflict::CancelRunning), Vec::new()).await.unwrap();
        assert_eq!(running.to_cancel, ["a"], "{name}");
        let why = Some("replaced by the run c".to_owned());
        assert_eq!(
            store.renew(&[("a".to_owned(), 1)], now(), after(9)).await.unwrap(),
            [Renewal::Kept(why)],
            "{name}"
        );
        assert_eq!(store.claim(query(9, now())).await.unwrap(), [], "{name}: not before the other has ended");
        store.commit(commit("a", 1, Vec::new(), 0, Next::End)).await.unwrap();
        assert_eq!(ids(&store.claim(query(9, now())).await.unwrap()), ["c"], "{name}");
    }
}

#[tokio::test]
async fn a_request_with_a_key_makes_one_run_and_a_full_queue_takes_none() {
    for (name, store, _place) in stores().await {
        let asked = |id: &str, print: &str| NewRun {
            idempotency: Some(Idempotency { key: "key".to_owned(), fingerprint: print.to_owned() }),
            ..new_run(id)
        };
        let key = asked("a", "x").idempotency.unwrap();
        assert_eq!(store.replayed(&key).await, Ok(None), "{name}");
        store.insert(&asked("a", "x"), Vec::new()).await.unwrap();
        assert_eq!(store.replayed(&key).await, Ok(Some("a".to_owned())), "{name}");
        assert_eq!(
            store.insert(&asked("b", "x"), Vec::new()).await,
            Err(StoreError::Replayed("a".to_owned())),
            "{name}"
        );
        assert_eq!(
            store.insert(&asked("b", "y"), Vec::new()).await,
            Err(StoreError::KeyReused("a".to_owned())),
            "{name}"
        );
        let bounded = |id: &str| NewRun { max_waiting: 2, ..new_run(id) };
        store.insert(&bounded("c"), Vec::new()).await.unwrap();
        let full = Err(StoreError::QueueFull("UTC".to_owned(), 2));
        assert_eq!(store.insert(&bounded("d"), Vec::new()).await, full, "{name}");
        assert_eq!(store.claim(query(2, now())).await.unwrap().len(), 2, "{name}");
        // The count is checked again after a second.
        let later = NewRun { created_at: after(2), scheduled_time: after(2), ..bounded("d") };
        store.insert(&later, Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn a_cancelled_run_is_due_at_once_and_its_worker_learns_of_it() {
    for (name, store, _place) in stores().await {
        store.insert(&NewRun { scheduled_time: after(1000), ..new_run("later") }, Vec::new()).await.unwrap();
        let row = store.request_cancel("later", "by ann", after(1), None).await.unwrap();
        assert_eq!(row.cancel.as_deref(), Some("by ann"), "{name}");
        let paused = ClaimQuery { open: false, ..query(9, after(1)) };
        let claims = store.claim(paused).await.unwrap();
        assert_eq!((ids(&claims), claims[0].cancel.as_deref()), (vec!["later"], Some("by ann")), "{name}");
        let dead = DeadLetter {
            execution_id: "later".to_owned(),
            job_id: "job".to_owned(),
            status: RunStatus::Failed,
            step_id: None,
            class: "failed".to_owned(),
            message: "no".to_owned(),
            at: after(1),
            failed: Vec::new(),
            failed_count: 0,
            resolution: None,
        };
        let end = Commit { dead: Some(dead), ..commit("later", 1, Vec::new(), 0, Next::End) };
        store.commit(end).await.unwrap();
        let letters = store.records(Kind::DeadLetter, Some("open"), "", 10).await.unwrap();
        assert_eq!((letters.len(), letters[0].id.as_str()), (1, "later"), "{name}");
        assert_eq!(store.overdue(after(100_000), 10).await.unwrap(), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn records_have_versions_and_changes_stand_or_fall_together() {
    for (name, store, _place) in stores().await {
        let put = |value: i32, expect| Change::Put {
            kind: Kind::Job,
            id: "j".to_owned(),
            state: "s".to_owned(),
            value: json!(value),
            expect,
        };
        let audit = Change::Audit(Audit {
            at: now(),
            by: "ann".to_owned(),
            name: String::new(),
            action: "job.put".to_owned(),
            target: "j".to_owned(),
            detail: String::new(),
        });
        store.write(vec![put(1, Expect::Absent), audit.clone()]).await.unwrap();
        let conflict = Err(StoreError::Conflict("job", "j".to_owned()));
        let there = Err(StoreError::AlreadyThere("job", "j".to_owned()));
        assert_eq!(store.write(vec![audit.clone(), put(2, Expect::Absent)]).await, there, "{name}");
        assert_eq!(store.write(vec![put(2, Expect::Version(7))]).await, conflict, "{name}");
        store.write(vec![put(2, Expect::Version(1))]).await.unwrap();
        let found = store.record(Kind::Job, "j").await.unwrap().unwrap();
        assert_eq!((found.version, found.value), (2, json!(2)), "{name}");
        assert_eq!(
            store.audit(None, 10).await.unwrap().len(),
            1,
            "{name}: the row of a change that failed is not there"
        );
        let gone = Change::Remove { kind: Kind::Job, id: "j".to_owned(), expect: Expect::Present };
        store.write(vec![gone.clone()]).await.unwrap();
        let missing = Err(StoreError::NoRecord("job", "j".to_owned()));
        assert_eq!(store.write(vec![gone]).await, missing, "{name}");
    }
}

fn fire(id: &str, nominal: &str, overlap: RunOverlap) -> NewFire {
    let source = Source::Schedule { nominal: nominal.to_owned() };
    let row = LedgerRow {
        job_id: "job".to_owned(),
        nominal: nominal.to_owned(),
        due_at: now(),
        decision: Decision::Admitted,
        reason: String::new(),
        execution_id: Some(id.to_owned()),
        decided_at: now(),
    };
    NewFire { row, run: Some(NewRun { source, ..new_run(id) }), overlap }
}

#[tokio::test]
async fn a_fire_has_one_row_and_one_run_whoever_comes() {
    for (name, store, _place) in stores().await {
        let row = ScheduleRow {
            job_id: "job".to_owned(),
            job: job("job"),
            made: now(),
            cursor: now(),
            next: Some(after(1)),
            paused: None,
        };
        store.write(vec![Change::PutSchedule(row)]).await.unwrap();
        assert_eq!(store.next_schedule(None).await.unwrap(), Some(after(1)), "{name}");
        let lease = async |who, from, to| store.lease_schedulers(who, after(from), after(to)).await.unwrap();
        assert_eq!(lease("w", 0, 15).await, ["UTC"], "{name}");
        assert_eq!(lease("v", 1, 16).await, [""; 0], "{name}: one scheduler at a time");
        assert_eq!(store.due_schedules("w", after(1), 9).await.unwrap().len(), 1, "{name}");
        assert_eq!(store.due_schedules("v", after(1), 9).await.unwrap().len(), 0, "{name}");
        assert_eq!(lease("v", 16, 31).await, ["UTC"], "{name}: it has taken over");
        assert_eq!(lease("w", 17, 32).await, [""; 0], "{name}: who was stopped finds out");
        let batch = |expect, fires| FireBatch {
            job_id: "job".to_owned(),
            expect,
            cursor: after(1),
            next: Some(after(60)),
            fires,
            audit: None,
        };
        let first =
            store.fire(vec![batch(Some(now()), vec![fire("a", "n1", RunOverlap::Forbid)])]).await.unwrap();
        assert_eq!(first[0].runs, ["a"], "{name}");
        let second =
            store.fire(vec![batch(Some(now()), vec![fire("b", "n1", RunOverlap::Forbid)])]).await.unwrap();
        assert!(second[0].stale, "{name}: another process has fired it");
        let third = vec![fire("c", "n2", RunOverlap::Forbid), fire("d", "n3", RunOverlap::Replace)];
        let third = store.fire(vec![batch(Some(after(1)), third)]).await.unwrap();
        assert_eq!(
            (&third[0].runs[..], &third[0].to_cancel[..]),
            (&["d".to_owned()][..], &["a".to_owned()][..]),
            "{name}"
        );
        // A backfill runs the fires without a run, and skips the rest.
        let fill = vec![fire("e", "n1", RunOverlap::Allow), fire("f", "n2", RunOverlap::Allow)];
        assert_eq!(store.fire(vec![batch(None, fill)]).await.unwrap()[0].runs, ["f"], "{name}");
        let ledger = store.ledger(&LedgerFilter { limit: 10, ..LedgerFilter::default() }).await.unwrap();
        let told: Vec<String> = ledger
            .iter()
            .map(|row| format!("{} {} {:?}", row.nominal, row.decision.name(), row.execution_id))
            .collect();
        assert_eq!(
            told,
            [r#"n3 admitted Some("d")"#, r#"n2 admitted Some("f")"#, r#"n1 admitted Some("a")"#],
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_old_goes_and_what_is_open_stays() {
    for (name, store, _place) in stores().await {
        let [a, b, c] = ["a", "b", "c"].map(|end| format!("exec_20250901_143022_{end}"));
        for id in [&a, &b, &c] {
            store.insert(&new_run(id), Vec::new()).await.unwrap();
        }
        for claim in store.claim(query(2, now())).await.unwrap() {
            store.commit(commit(&claim.run.execution_id, 1, Vec::new(), 1, Next::End)).await.unwrap();
        }
        let query = |runs_before, runs_per_job| CleanUp {
            runs_before,
            runs_per_job,
            ledger_before: now(),
            audit_before: now(),
            limit: 10,
            include_dead: true,
            dry_run: false,
            now: now(),
            audit: None,
        };
        assert_eq!(store.clean_up(query(now(), 9)).await.unwrap(), [""; 0], "{name}");
        assert_eq!(store.clean_up(query(now(), 1)).await.unwrap(), [a.as_str()], "{name}: one too many");
        assert_eq!(store.clean_up(query(after(9), 9)).await.unwrap(), [b.as_str()], "{name}: too old");
        assert_eq!(store.load(&b).await, Err(StoreError::NotFound(b.clone())), "{name}");
        assert_eq!(load(&*store, &c).await.unwrap().0, new_run(&c), "{name}");
    }
}

#[tokio::test]
async fn runs_that_are_not_there_and_many_that_are() {
    for (name, store, _place) in stores().await {
        let missing = StoreError::NotFound("none".to_owned());
        assert_eq!(store.load("none").await.unwrap_err(), missing, "{name}");
        assert_eq!(lines(&*store, "none", 1).await, [0u64; 0], "{name}");
        assert_eq!(store.claim_run("none", "w", now(), now()).await.unwrap_err(), missing, "{name}");
        let inserts = (0..200).map(|i| {
            let (store, run) = (store.clone(), new_run(&format!("run-{i:03}")));
            tokio::spawn(async move { store.insert(&run, Vec::new()).await })
        });
        for insert in inserts.collect::<Vec<_>>() {
            insert.await.unwrap().unwrap();
        }
        let page = |before: Option<&str>| RunFilter {
            before: before.map(str::to_owned),
            limit: 2,
            ..RunFilter::default()
        };
        let list = store.list(&page(Some("run-199"))).await.unwrap();
        let ids: Vec<&str> = list.iter().map(|run| run.execution_id.as_str()).collect();
        assert_eq!(ids, ["run-198", "run-197"], "{name}");
        let queues = store.queues(now()).await.unwrap();
        assert_eq!((queues[0].queue.as_str(), queues[0].ready), ("UTC", 200), "{name}");
    }
}

/// A file of the previous schema is upgraded when it is opened, with its running runs.
#[tokio::test]
async fn a_file_of_the_schema_before_is_upgraded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stepwell.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("schema_3.sql")).unwrap();
    let store = SqliteStore::new(&path);
    let (run, events) = load(&store, "old").await.unwrap();
    assert_eq!((run.execution_id.as_str(), events.len()), ("old", 2));
    assert_eq!(lines(&store, "old", 10).await, [1]);
    let query = ClaimQuery { queue: "Europe/Berlin".to_owned(), ..query(9, now()) };
    let claims = store.claim(query).await.unwrap();
    assert_eq!((ids(&claims), claims[0].fence), (vec!["old"], 3));
    let event = Event::CheckpointSaved { step: "a".into(), data: "note".to_owned() };
    store.commit(commit("old", 3, vec![event], 1, Next::Keep)).await.unwrap();
    assert_eq!(load(&store, "old").await.unwrap().1.len(), 3, "what comes is after what was there");
    assert_eq!(store.lease_schedulers("w", now(), after(15)).await.unwrap(), ["Europe/Berlin"]);
    assert_eq!(store.due_schedules("w", now(), 9).await.unwrap().len(), 1);
    assert_eq!(store.vitals(now()).await.unwrap()[0].schema, 10);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stepwell.db");
    SqliteStore::new(&path).insert(&new_run("one"), Vec::new()).await.unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::new(&path).load("one").await.unwrap_err().to_string();
    assert!(error.contains("newer version of Stepwell"), "{error}");
    // A file that is not a database.
    let broken = dir.path().join("broken.db");
    std::fs::write(&broken, "this is not a database, and long enough to be one").unwrap();
    assert!(matches!(SqliteStore::new(&broken).row("x").await, Err(StoreError::Failed(_))));
}

//! Schedules that move between stores, with processes that stop in between. `tests/it/both_or_none.rs` has the same
//! for all actions, from the outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use stepwell_engine::JobDefinition;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::store::prelude::*;
use stepwell_engine::store::{Change, Expect, Kind, ScheduleRow};

use super::PinnedStores;
use super::moves::Plan;
use crate::SqliteStore;

const ZONES: [&str; 3] = ["UTC", "Asia/Tokyo", "Asia/Seoul"];

struct Site([Arc<SqliteStore>; 3]);

impl Site {
    fn new() -> Self {
        Self([(), (), ()].map(|()| Arc::new(SqliteStore::in_memory())))
    }

    /// Another process.
    fn process(&self) -> PinnedStores {
        let [home, far, farther] = self.0.clone();
        let pinned: BTreeMap<String, Arc<dyn Store>> =
            BTreeMap::from([("far".to_owned(), far as _), ("farther".to_owned(), farther as _)]);
        let queues = BTreeMap::from([(ZONES[1].into(), "far".into()), (ZONES[2].into(), "farther".into())]);
        PinnedStores::new(home, pinned, queues)
    }

    /// The schedule in each store.
    async fn schedules(&self) -> [Option<ScheduleRow>; 3] {
        let [home, far, farther] = &self.0;
        let of = async |store: &SqliteStore| store.schedule("job").await.unwrap();
        [of(home).await, of(far).await, of(farther).await]
    }
}

/// A schedule in one of the zones. Schedules with other numbers are different.
fn schedule(zone: usize, number: u32) -> ScheduleRow {
    let steps = json!([{"id": "w", "type": "wait", "for": number}]);
    let job = json!({"id": "job", "timezone": ZONES[zone], "schedule": {"every": "1h"}, "steps": steps});
    let job = Arc::new(Job::from(serde_json::from_value::<JobDefinition>(job).unwrap()));
    let made = Timestamp::from_timestamp(i64::from(number), 0).unwrap();
    ScheduleRow { job_id: "job".to_owned(), job, made, cursor: made, next: Some(made), paused: None }
}

fn expected(row: Option<&ScheduleRow>) -> [Option<ScheduleRow>; 3] {
    ZONES.map(|zone| row.filter(|row| row.job.timezone == zone).cloned())
}

async fn write(store: &PinnedStores, row: Option<&ScheduleRow>) {
    let change =
        row.map_or_else(|| Change::RemoveSchedule("job".to_owned()), |row| Change::PutSchedule(row.clone()));
    store.write(vec![change]).await.unwrap();
}

/// Makes the first transaction of a change, as a process that then stops.
async fn begin(store: &PinnedStores, row: Option<&ScheduleRow>) -> Plan {
    let mut plan = store.plan("job", row.cloned()).await.unwrap();
    store.home().unwrap().write(std::mem::take(&mut plan.first)).await.unwrap();
    plan
}

/// The states of a schedule: none, or in one of the zones.
fn states(number: u32) -> [Option<ScheduleRow>; 4] {
    [None, Some(schedule(0, number)), Some(schedule(1, number)), Some(schedule(2, number))]
}

#[tokio::test]
async fn any_process_finishes_a_change_that_another_has_begun() {
    for old in states(1) {
        for new in states(2) {
            let site = Site::new();
            write(&site.process(), old.as_ref()).await;
            assert_eq!(site.schedules().await, expected(old.as_ref()));
            begin(&site.process(), new.as_ref()).await;
            assert_eq!(site.process().schedule("job").await.unwrap(), new);
            assert_eq!(site.schedules().await, expected(new.as_ref()), "{old:?} to {new:?}");
            let open = site.0[0].records(Kind::ScheduleMove, None, "", 9).await.unwrap();
            assert!(open.is_empty(), "{open:?}");
        }
    }
}

#[tokio::test]
async fn a_stopped_process_changes_nothing_after_a_later_change() {
    for (new, last) in states(2).iter().flat_map(|new| states(3).map(|last| (new.clone(), last))) {
        let site = Site::new();
        write(&site.process(), Some(&schedule(1, 1))).await;
        let stopped = site.process();
        let plan = begin(&stopped, new.as_ref()).await;
        write(&site.process(), last.as_ref()).await;
        if let Some(rest) = &plan.rest {
            stopped.finish(rest).await.unwrap();
        }
        assert_eq!(site.schedules().await, expected(last.as_ref()), "{new:?}, then {last:?}");
    }
}

#[tokio::test]
async fn a_change_that_was_planned_before_another_is_refused_and_planned_again() {
    let site = Site::new();
    let (first, second) = (site.process(), site.process());
    let plan = first.plan("job", Some(schedule(1, 1))).await.unwrap();
    write(&second, Some(&schedule(2, 2))).await;
    let refused = first.home().unwrap().write(plan.first).await;
    assert!(refused.as_ref().is_err_and(super::moves::is_outdated), "{refused:?}");
    write(&first, Some(&schedule(1, 3))).await;
    assert_eq!(site.schedules().await, expected(Some(&schedule(1, 3))));
}

/// A job's own version is still checked first, in the transaction in which the schedule is planned.
#[tokio::test]
async fn a_refused_job_leaves_its_schedule() {
    let site = Site::new();
    write(&site.process(), Some(&schedule(1, 1))).await;
    let put = Change::Put {
        kind: Kind::Job,
        id: "job".to_owned(),
        state: String::new(),
        value: json!({}),
        expect: Expect::Version(7),
    };
    let changes = vec![put, Change::PutSchedule(schedule(2, 2))];
    assert!(site.process().write(changes).await.is_err());
    assert_eq!(site.process().schedule("job").await.unwrap(), Some(schedule(1, 1)));
    assert_eq!(site.schedules().await, expected(Some(&schedule(1, 1))));
}

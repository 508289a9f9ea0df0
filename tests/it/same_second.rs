//! Two processes over one store choose the ids of their runs by themselves, and may choose the same one in the
//! same second. Each operation that creates runs then takes another id.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stepwell::Host;
use stepwell::engine::JobDefinition;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::engine::job::Job;
use stepwell::engine::run::Admission;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Audit, Expect, LedgerFilter, RunFilter};
use stepwell::store::SqliteStore;
use tokio::time::Instant;

struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + chrono::Duration::from_std(self.0.elapsed()).unwrap()
    }
}

fn audit(host: &Host) -> Audit {
    let (by, none) = ("ann".to_owned(), String::new());
    Audit {
        at: host.now(),
        by,
        name: none.clone(),
        action: "test".to_owned(),
        target: none.clone(),
        detail: none,
    }
}

/// The job `often` is due every second for ten seconds; `other` has already taken the ids of this second.
#[tokio::test(start_paused = true)]
async fn a_taken_id_stops_no_operation() {
    for operation in ["pause", "put"] {
        let (store, clock) = (Arc::new(SqliteStore::in_memory()), Arc::new(VirtualClock(Instant::now())));
        let host =
            || Host::builder().store(store.clone()).clock(clock.clone()).compile_on_demand().build().unwrap();
        let (first, second) = (host(), host());
        let job = |schedule: &str| -> Arc<Job> {
            let steps = json!([{"id": "s", "type": "wait", "for": 0}]);
            let job =
                json!({"id": "often", "schedule": {"every": schedule, "misfire": "all"}, "steps": steps});
            Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into())
        };
        first.jobs().put(&job("1s"), Expect::Any, audit(&first)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        for _ in 0..5 {
            first.runs().enqueue(&job("1s"), Admission::default(), None, None).await.unwrap();
        }
        let done = match operation {
            "pause" => second.schedules().pause("often", Some("why".to_owned()), audit(&second)).await,
            _ => second.jobs().put(&job("1h"), Expect::Any, audit(&second)).await.map(|_| ()),
        };
        assert!(done.is_ok(), "{operation}: {done:?}");
        let fires = store.ledger(&LedgerFilter { limit: 100, ..LedgerFilter::default() }).await.unwrap();
        let runs = store.list(&RunFilter { limit: 100, ..RunFilter::default() }).await.unwrap();
        let ids: BTreeSet<&str> = runs.iter().map(|row| row.execution_id.as_str()).collect();
        let fired: Vec<&str> = fires.iter().filter_map(|fire| fire.execution_id.as_deref()).collect();
        assert!(fired.len() > 5, "{operation}: {fires:#?}");
        assert_eq!(ids.len(), 5 + fired.len(), "{operation}");
        assert!(fired.iter().all(|id| ids.contains(id)), "{operation}: {fired:?} {ids:?}");
    }
}

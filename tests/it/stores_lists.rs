//! The lists of the store, and the order of their rows.

use serde_json::json;
use stepwell::engine::run::{Event, RunStatus};
use stepwell::engine::store::{
    Change, Commit, EndedRow, Expect, Kind, Next, RunFilter, ScheduleFilter, ScheduleRow,
};

use crate::stores::{after, commit, ids, job, new_run, now, query, stores};

/// Lists by status, in both directions, and the figures of hours.
#[tokio::test]
async fn runs_are_listed_by_status_and_counted_by_hour() {
    for (name, store, _place) in stores().await {
        for id in ["run-1", "run-2", "run-3", "run-4"] {
            store.insert(&new_run(id), Vec::new()).await.unwrap();
        }
        let claims = store.claim(query(2, now())).await.unwrap();
        assert_eq!(ids(&claims), ["run-1", "run-2"], "{name}");
        let end = Commit { at: after(3600), ..commit("run-1", claims[0].fence, Vec::new(), 0, Next::End) };
        store.commit(end).await.unwrap();
        let running = Event::Started { at: now() };
        store.commit(commit("run-2", claims[1].fence, vec![running], 0, Next::Keep)).await.unwrap();
        let listed = async |status, oldest_first| {
            let filter = RunFilter { status: Some(status), oldest_first, limit: 9, ..RunFilter::default() };
            let rows = store.list(&filter).await.unwrap();
            rows.into_iter().map(|row| row.execution_id).collect::<Vec<_>>()
        };
        assert_eq!(listed(RunStatus::Queued, true).await, ["run-3", "run-4"], "{name}");
        assert_eq!(listed(RunStatus::Queued, false).await, ["run-4", "run-3"], "{name}");
        assert_eq!(listed(RunStatus::Running, false).await, ["run-2"], "{name}");
        assert_eq!(listed(RunStatus::Failed, false).await, ["run-1"], "{name}");
        let next =
            RunFilter { before: Some("run-2".into()), oldest_first: true, limit: 1, ..RunFilter::default() };
        assert_eq!(store.list(&next).await.unwrap()[0].execution_id, "run-3", "{name}");
        let hours = store.ended_by_hour(Some("default"), now()).await.unwrap();
        let hour = "2025-09-01T15:00:00Z".parse().unwrap();
        assert_eq!(hours, [EndedRow { hour, status: RunStatus::Failed, runs: 1 }], "{name}");
        assert!(store.ended_by_hour(Some("other"), now()).await.unwrap().is_empty(), "{name}");
        assert!(store.ended_by_hour(None, after(7200)).await.unwrap().is_empty(), "{name}");
    }
}

/// Schedules are listed by job, or by their next fire.
#[tokio::test]
async fn schedules_are_listed_by_job_and_by_their_next_fire() {
    for (name, store, _place) in stores().await {
        for (id, next) in
            [("b", Some(after(5))), ("a", Some(after(9))), ("c", None), ("team/a", Some(after(1)))]
        {
            let row = ScheduleRow {
                job_id: id.to_owned(),
                job: job(id),
                made: now(),
                cursor: now(),
                next,
                paused: None,
            };
            store.write(vec![Change::PutSchedule(row)]).await.unwrap();
        }
        let listed = async |filter: ScheduleFilter| {
            let rows =
                store.schedules(&ScheduleFilter { limit: filter.limit.max(9), ..filter }).await.unwrap();
            rows.into_iter().map(|row| row.job_id).collect::<Vec<_>>()
        };
        let all = ScheduleFilter::default();
        assert_eq!(listed(all.clone()).await, ["a", "b", "c", "team/a"], "{name}");
        let own = ScheduleFilter { project: Some("default".into()), by_next: true, ..all.clone() };
        assert_eq!(listed(own).await, ["b", "a"], "{name}");
        let team = ScheduleFilter { project: Some("team".into()), ..all.clone() };
        assert_eq!(listed(team).await, ["team/a"], "{name}");
        let rest = ScheduleFilter { after: Some("a".into()), queue: Some("UTC".into()), ..all.clone() };
        assert_eq!(listed(rest).await, ["b", "c", "team/a"], "{name}");
        let none = ScheduleFilter { queue: Some("Europe/Berlin".into()), ..all };
        assert!(listed(none).await.is_empty(), "{name}");
    }
}

/// A list of jobs reads the parts that it shows, in every database.
#[tokio::test]
async fn jobs_are_listed_without_their_definitions() {
    for (name, store, _dir) in stores().await {
        let put = |id: &str, value: serde_json::Value| Change::Put {
            kind: Kind::Job,
            id: id.to_owned(),
            state: String::new(),
            value,
            expect: Expect::Absent,
        };
        let long = "x".repeat(100_000);
        let changes = vec![
            put(
                "a",
                json!({"id": "a", "name": "A \"b\" ü", "timezone": "Europe/Berlin", "enabled": false,
                "schedule": {"cron": "0 3 * * *"}, "metadata": {"tags": ["x", 1]}, "description": long}),
            ),
            put(
                "b",
                json!({"id": "b", "name": "b", "timezone": "UTC", "enabled": true, "schedule": {"every": 90},
                "metadata": {"tags": "y"}}),
            ),
            put("c", json!({"id": "c", "name": "c", "timezone": "UTC", "enabled": true, "metadata": {}})),
        ];
        store.write(changes).await.unwrap();
        let rows = store.job_rows("", 10).await.unwrap();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                (row.id.as_str(), row.name.as_str(), row.enabled, row.schedule.as_deref(), row.tags.join(" "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("a", "A \"b\" ü", false, Some("0 3 * * *"), "x 1".to_owned()),
                ("b", "b", true, Some("every 90"), "y".to_owned()),
                ("c", "c", true, None, String::new()),
            ],
            "{name}"
        );
        assert_eq!((rows[0].timezone.as_str(), rows[0].version), ("Europe/Berlin", 1), "{name}");
        assert_eq!(store.job_rows("a", 1).await.unwrap()[0].id, "b", "{name}");
        assert_eq!(store.next_fires(&["a".to_owned()]).await.unwrap(), [], "{name}");
    }
}

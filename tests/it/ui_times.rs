//! Pages of the web UI about the present state and about time: overview, queues, schedules, calendar, ledger, backfills.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::person::Person;
use crate::server::Server;

fn scheduled(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "timezone": "Europe/Berlin", "schedule": {"cron": "30 2 * * *"},
        "steps": [{"id": "pause", "type": "wait", "for": 0}],
    })
}

async fn put(server: &Server, job: &Value) {
    let path = format!("/api/v2/jobs/{}", job["id"].as_str().unwrap());
    let reply = server.request("PUT", &path, &[], &job.to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn an_empty_project_shows_what_to_do_first() {
    let server = Server::start_plain(Shell::new(), &[]);
    let viewer = Person::of_role(&server, "viewer").await;
    let page = viewer.page("", &[]).await;
    assert!(
        page.contains("stepwell steps register FILE") && page.contains("Operators can run it."),
        "{page}"
    );
    assert!(!page.contains("/ui/p/default/sample\""), "{page}");
    assert_eq!(viewer.post("/sample", &[]).await.status, 403);
    let operator = Person::of_role(&server, "operator").await;
    let page = operator.page("", &[]).await;
    assert!(
        page.contains("action=\"/ui/p/default/sample\"") && page.contains("/ui/p/default/editor"),
        "{page}"
    );
    // Twice: the second time, the job is there.
    for _ in 0..2 {
        let reply = operator.post("/sample", &[]).await;
        let run = reply.header("location").unwrap_or_else(|| panic!("{reply:?}"));
        assert!(run.starts_with("/ui/p/default/runs/exec_"), "{run}");
    }
    let page = operator.page("", &[]).await;
    assert!(page.contains("Running now") && page.contains("Queues") && page.contains("Health"), "{page}");
    // Each part of the page renews itself.
    let now = operator.page("?part=now", &[]).await;
    assert!(now.contains("id=\"now\"") && !now.contains("id=\"day\""), "{now}");
    // The sample ends well.
    for _ in 0..120 {
        let runs = server.get("/api/v2/runs?job_id=sample-pipeline").await.json();
        let ended = |run: &&Value| run["status"] == "success";
        if runs["items"].as_array().unwrap().iter().filter(ended).count() == 2 {
            let hours = server.get("/api/v2/metrics/by-hour?hours=2").await.json();
            let sum = |name: &str| -> u64 {
                hours["items"].as_array().unwrap().iter().map(|hour| hour[name].as_u64().unwrap()).sum()
            };
            assert_eq!((sum("runs"), sum("succeeded"), sum("failed")), (2, 2, 0));
            assert!(operator.page("?part=day", &[]).await.contains("2 runs ended in 24 hours"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("the sample has not ended: {}", server.get("/api/v2/runs").await.body);
}

#[tokio::test]
async fn schedules_show_their_fires_and_pause() {
    let server = Server::start_plain(Shell::new(), &[]);
    put(&server, &scheduled("nightly", "<script>alert(1)</script>")).await;
    let viewer = Person::of_role(&server, "viewer").await;
    let list = viewer.page("/schedules", &[]).await;
    assert!(
        list.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !list.contains("<script>alert"),
        "{list}"
    );
    assert!(
        list.contains("cron 30 2 * * *") && list.contains("active") && !list.contains(">Pause<"),
        "{list}"
    );
    let one = viewer.page("/schedules/nightly", &[]).await;
    assert!(one.contains("Next fires") && one.matches("02:30:00+0").count() >= 20, "{one}");
    assert!(!one.contains("Pause the schedule"), "{one}");
    assert_eq!(viewer.get("/schedules/none").await.status, 404);

    let operator = Person::of_role(&server, "operator").await;
    assert!(operator.page("/schedules/nightly", &[]).await.contains("Pause the schedule"));
    let pause = [
        ("_parameter", "nightly"),
        ("_next", "/ui/p/default/schedules"),
        ("_done", "The schedule is paused."),
        ("reason", "moving"),
    ];
    assert_eq!(viewer.post("/do/pauseSchedule", &pause).await.status, 303);
    assert!(operator.page("/schedules", &[]).await.contains("active"), "viewers change nothing");
    assert_eq!(operator.post("/do/pauseSchedule", &pause).await.status, 303);
    let list = operator.page("/schedules", &[]).await;
    assert!(list.contains("by operator: moving") && list.contains(">Resume<"), "{list}");
    let fires = server.get("/api/v2/fires?apart=60").await.json();
    assert_eq!(fires["items"][0]["decision"], "paused", "{fires}");
}

#[tokio::test]
async fn a_month_shows_fires_and_clock_changes() {
    let server = Server::start_plain(Shell::new(), &[]);
    put(&server, &scheduled("nightly", "")).await;
    let viewer = Person::of_role(&server, "viewer").await;
    let year = chrono::Utc::now().format("%Y").to_string().parse::<i32>().unwrap() + 1;
    let page = viewer.page(&format!("/calendar?month={year}-03&zone=Europe/Berlin"), &[]).await;
    assert!(
        page.contains(&format!("March {year}")) && page.contains("The clocks go forward by 1 h"),
        "{page}"
    );
    assert!(page.matches("02:30 nightly").count() >= 30, "{page}");
    for odd in ["month=x", "month=2026-13", "zone=Mars"] {
        assert_eq!(viewer.get(&format!("/calendar?{odd}")).await.status, 400, "{odd}");
    }
    // A day with many fires leads to all of them, also in the future, where the ledger has none.
    let often =
        json!({"id": "often", "schedule": {"every": "1h"}, "steps": [{"id": "a", "type": "wait", "for": 0}]});
    put(&server, &often).await;
    let month = format!("/calendar?month={year}-03&zone=UTC&job_id=often");
    viewer.page(&month, &["20 more", &format!("&amp;day={year}-03-05#day")]).await;
    let day = viewer.page(&format!("{month}&day={year}-03-05"), &[&format!("5 March {year}")]).await;
    let (_, listed) = day.split_once("day-list").unwrap();
    assert_eq!(listed.matches("often</a>").count(), 24, "{listed}");
    let page = viewer.page("/ledger?job_id=nightly&decision=admitted", &[]).await;
    assert!(page.contains("No fires") && page.contains("<option value=\"admitted\" selected>"), "{page}");
    assert_eq!(viewer.get("/ledger?decision=odd").await.status, 400);
}

#[tokio::test]
async fn queues_say_why_they_do_not_move() {
    let server = Server::start_plain(Shell::new(), &[]);
    put(&server, &scheduled("nightly", "")).await;
    let operator = Person::of_role(&server, "operator").await;
    // A queue belongs to every project, so its pause needs a role in all of them.
    assert!(!operator.page("/queues?pause=Europe/Berlin", &[]).await.contains("Pause the queue"));
    let admin = Person::log_in(&server, &server.token).await;
    let pause =
        [("_parameter", "Europe/Berlin"), ("_next", "/ui/p/default/queues"), ("reason", "<b>repair</b>")];
    assert!(admin.page("/queues?pause=Europe/Berlin", &[]).await.contains("Pause the queue"));
    assert_eq!(admin.post("/do/pauseQueue", &pause).await.status, 303);
    assert_eq!(server.post("/api/v2/jobs/nightly/run", &json!({})).await.status, 202);
    let page = admin.page("/queues?why=Europe/Berlin", &[]).await;
    assert!(page.contains("Europe/Berlin") && page.contains("queue paused"), "{page}");
    assert!(page.contains("&lt;b&gt;repair&lt;/b&gt;") && !page.contains("<b>repair"), "{page}");
    assert!(page.contains("svg class=\"lane\"") && page.contains(">Resume<"), "{page}");
    assert!(operator.page("/queues", &[]).await.contains("Europe/Berlin"));
}

#[tokio::test]
async fn a_backfill_is_listed_before_it_starts() {
    let server = Server::start_plain(Shell::new(), &[]);
    put(&server, &scheduled("nightly", "")).await;
    let operator = Person::of_role(&server, "operator").await;
    let plan = operator.page("/backfills?job_id=nightly&from=2026-01-01&to=2026-01-04", &[]).await;
    assert!(
        plan.contains("<strong>3</strong> fires would run") && plan.contains("Start the backfill"),
        "{plan}"
    );
    let wrong = operator.get("/backfills?job_id=none&from=2026-01-01&to=2026-01-04").await;
    assert_eq!(wrong.status, 404, "{wrong:?}");
    let wrong = wrong.body;
    assert!(wrong.contains("role=\"alert\"") && !wrong.contains("Start the backfill"), "{wrong}");
    let start = [
        ("_next", "/ui/p/default/backfills"),
        ("job_id", "nightly"),
        ("from", "2026-01-01"),
        ("to", "2026-01-04"),
        ("priority:json", "2"),
    ];
    assert_eq!(operator.post("/do/startBackfill", &start).await.status, 303);
    let list = operator.page("/backfills", &[]).await;
    assert!(list.contains("of 3 fires decided"), "{list}");
    let viewer = Person::of_role(&server, "viewer").await;
    let list = viewer.page("/backfills?job_id=nightly&from=2026-01-01&to=2026-01-04", &[]).await;
    assert!(list.contains("of 3 fires decided") && !list.contains("New backfill"), "{list}");
}

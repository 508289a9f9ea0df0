//! The service: one suite for the library and for the server.

use std::time::Duration;

use serde_json::{Value, json};
use stepwell::engine::job::Job;
use stepwell::engine::queue::QueueFile;
use stepwell::engine::run::{Admission, RunView};
use stepwell::engine::store::{Audit, Expect, LedgerFilter};
use stepwell::{Decided, Host, Retry, Service};

use crate::cli::Shell;
use crate::server::{Server, until};
use crate::support::{Running, Site};

/// The two interfaces of the service.
enum Face {
    Library(Running, #[expect(dead_code, reason = "the service lives as long as this")] Service),
    Server(Box<Server>),
}

/// Seoul is closed all day, except for the hour that is twelve hours away.
fn queue_file() -> String {
    let hour = |hours: i64| (chrono::Utc::now() + chrono::Duration::hours(9 + hours)).format("%H:00");
    let window = format!("{{from: '{}', to: '{}'}}", hour(13), hour(12));
    format!("queues: {{Asia/Tokyo: {{concurrency: 1}}, Asia/Seoul: {{paused: [{window}]}}}}")
}

async fn faces() -> Vec<(&'static str, Face)> {
    let queues: QueueFile = QueueFile::parse("q", &queue_file()).unwrap();
    let library = Site::new().probe_policy("", "").with(|builder| builder.queues(queues)).host().await;
    let service = library.host.serve().await.unwrap();
    let shell = Shell::new().file("queues.yaml", &queue_file());
    let server = Server::start_with(shell, &["--queues", "queues.yaml"], "");
    vec![("library", Face::Library(library, service)), ("server", Face::Server(Box::new(server)))]
}

fn audit(host: &Host) -> Audit {
    Audit {
        at: host.now(),
        by: "ann".to_owned(),
        name: String::new(),
        action: "x".to_owned(),
        target: String::new(),
        detail: String::new(),
    }
}

fn value<T: serde::Serialize>(of: T) -> Value {
    serde_json::to_value(of).unwrap()
}

impl Face {
    async fn put(&self, job: Value) {
        match self {
            Self::Library(running, _) => {
                let job = running.host.parse("job", &job.to_string()).await.unwrap().job;
                running
                    .host
                    .jobs()
                    .put(&std::sync::Arc::new(job.into()), Expect::Any, audit(&running.host))
                    .await
                    .unwrap();
            }
            Self::Server(server) => {
                let path = format!("/api/v2/jobs/{}", job["id"].as_str().unwrap());
                let reply = server.request("PUT", &path, &[], &job.to_string()).await;
                assert_eq!(reply.status, 200, "{reply:?}");
            }
        }
    }

    /// Runs a stored job, and returns the run's id.
    async fn start(&self, id: &str) -> String {
        match self {
            Self::Library(running, _) => {
                let job = running.host.jobs().get(id).await.unwrap().job;
                running
                    .host
                    .runs()
                    .enqueue(&job, Admission::default(), None, None)
                    .await
                    .unwrap()
                    .execution_id
            }
            Self::Server(server) => {
                let reply = server.post(&format!("/api/v2/jobs/{id}/run"), &json!({})).await;
                assert_eq!(reply.status, 202, "{reply:?}");
                reply.json()["execution_id"].as_str().unwrap().to_owned()
            }
        }
    }

    async fn view(&self, id: &str) -> Value {
        match self {
            Self::Library(running, _) => {
                let state = running.host.runs().get(id).await.unwrap();
                value(running.host.runs().view(&state).await.unwrap())
            }
            Self::Server(server) => server.get(&format!("/api/v2/runs/{id}")).await.json(),
        }
    }

    async fn reaches(&self, id: &str, status: &str) -> Value {
        until(&format!("{id} is {status}"), async || self.view(id).await, |view| view["status"] == status)
            .await
    }

    /// Stores a job and runs it.
    async fn run(&self, job: Value) -> String {
        let id = job["id"].as_str().unwrap().to_owned();
        self.put(job).await;
        self.start(&id).await
    }

    /// Performs an action of a person. `Err` has the message of a refusal.
    async fn act(&self, action: &str, id: &str, more: Value) -> Result<Value, String> {
        match self {
            Self::Library(running, _) => {
                act(&running.host, action, id, &more).await.map_err(|e| e.to_string())
            }
            Self::Server(server) => {
                let path = match action {
                    "cancel" | "retry" => format!("/api/v2/runs/{id}/{action}"),
                    "redrive" | "discard" => format!("/api/v2/dead-letters/{id}/{action}"),
                    "approve" => format!("/api/v2/runs/{id}/approvals/ok"),
                    "pause-queue" => format!("/api/v2/queues/{}/pause", id.replace('/', "%2F")),
                    "resume-queue" => format!("/api/v2/queues/{}/resume", id.replace('/', "%2F")),
                    "pause" | "resume" => format!("/api/v2/schedules/{id}/{action}"),
                    "backfill" => "/api/v2/backfills".to_owned(),
                    other => panic!("{other}"),
                };
                let reply = server.post(&path, &more).await;
                match reply.status {
                    204 => Ok(Value::Null),
                    200..=299 => Ok(reply.json()),
                    _ => Err(reply.json()["detail"].as_str().unwrap().to_owned()),
                }
            }
        }
    }

    async fn explain(&self, id: &str) -> Value {
        match self {
            Self::Library(running, _) => value(running.host.runs().explain(id).await.unwrap()),
            Self::Server(server) => server.get(&format!("/api/v2/runs/{id}/explain")).await.json(),
        }
    }

    async fn ledger(&self, job: &str) -> Vec<Value> {
        match self {
            Self::Library(running, _) => {
                let filter =
                    LedgerFilter { job_id: Some(job.to_owned()), limit: 1000, ..LedgerFilter::default() };
                running.host.schedules().ledger(&filter).await.unwrap().into_iter().map(value).collect()
            }
            Self::Server(server) => {
                let reply = server.get(&format!("/api/v2/ledger?job_id={job}&limit=1000")).await;
                reply.json()["items"].as_array().unwrap().clone()
            }
        }
    }

    async fn dead(&self, id: &str) -> Value {
        match self {
            Self::Library(running, _) => value(running.host.dead_letters().get(id).await.unwrap().0),
            Self::Server(server) => server.get(&format!("/api/v2/dead-letters/{id}")).await.json(),
        }
    }
}

async fn act(host: &Host, action: &str, id: &str, more: &Value) -> Result<Value, stepwell::HostError> {
    let audit = audit(host);
    Ok(match action {
        "cancel" => value(host.runs().cancel(id, "cancelled by ann", audit).await?),
        "retry" | "redrive" => {
            let from_start = more["from_start"] == true;
            let job = match more.get("job") {
                Some(job) => {
                    let job = host.parse("job", &job.to_string()).await?.job;
                    Some(std::sync::Arc::new(Job::from(job)))
                }
                None => None,
            };
            let retry = Retry { from_start, job, idempotency: None };
            let admitted = match action {
                "retry" => host.runs().retry(id, retry, audit).await?,
                _ => host.dead_letters().redrive(id, retry, audit).await?,
            };
            json!({"execution_id": admitted.execution_id})
        }
        "discard" => value(host.dead_letters().discard(id, "no use", audit).await?),
        "approve" => {
            let by = Decided {
                approved: more["approved"] == true,
                by: "key:ann".to_owned(),
                roles: vec!["operator"],
                ..Decided::default()
            };
            value(RunView::from(&host.approvals().decide(id, "ok", by, audit).await?))
        }
        "pause-queue" => value(host.queues().pause(id, Some("by ann".to_owned()), audit).await?),
        "resume-queue" => value(host.queues().pause(id, None, audit).await?),
        "pause" => value(host.schedules().pause(id, Some("by ann".to_owned()), audit).await?),
        "resume" => value(host.schedules().pause(id, None, audit).await?),
        "backfill" => {
            let time = |name: &str| host.schedules().time_in(more[name].as_str().unwrap(), "UTC");
            let (job, from, to) = (more["job_id"].as_str().unwrap(), time("from")?, time("to")?);
            match more["dry_run"] == true {
                true => value(host.schedules().plan_backfill(job, from, to).await?),
                false => value(host.schedules().start_backfill(job, from, to, 0, audit).await?),
            }
        }
        other => panic!("{other}"),
    })
}

fn probe(id: &str, step: Value) -> Value {
    let mut step = step;
    step["id"] = "a".into();
    step["type"] = "probe".into();
    json!({"id": id, "steps": [step]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_wait_park_and_end_as_they_should() {
    for (name, face) in faces().await {
        let id = face.run(probe("echo", json!({"case": "echo", "text": "hi"}))).await;
        let view = face.reaches(&id, "success").await;
        assert_eq!(
            (&view["steps"][0]["status"], &view["success"]),
            (&json!("success"), &json!(true)),
            "{name}"
        );
        // A parked step uses no resources, and continues by itself.
        let id = face.run(json!({"id": "parks", "steps": [{"id": "w", "type": "wait", "for": 1.2}]})).await;
        face.reaches(&id, "parked").await;
        assert_eq!(face.explain(&id).await["causes"][0]["cause"], "parked", "{name}");
        face.reaches(&id, "success").await;
        // Another zone is another queue.
        let mut job = probe("tokyo", json!({"case": "echo", "text": "hi"}));
        job["timezone"] = "Asia/Tokyo".into();
        let id = face.run(job).await;
        face.reaches(&id, "success").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_really_kills() {
    for (name, face) in faces().await {
        for case in ["spin", "sleep"] {
            let id = face.run(probe(case, json!({"case": case}))).await;
            face.reaches(&id, "running").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            face.act("cancel", &id, json!({})).await.unwrap();
            let view = face.reaches(&id, "cancelled").await;
            assert_eq!(view["steps"][0]["status"], "cancelled", "{name} {case}");
            // The actor and the reason: in the run, in its message and in the explanation.
            let why = view["cancel"].as_str().unwrap();
            assert!(why.starts_with("cancelled by"), "{name} {case}: {view}");
            assert!(view["message"].as_str().unwrap().ends_with(&format!("was {why}")), "{name}: {view}");
            assert_eq!(face.explain(&id).await["summary"], why, "{name}");
            let refused = face.act("cancel", &id, json!({})).await.unwrap_err();
            assert!(refused.contains("has ended"), "{name}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_holds_nothing_and_decides() {
    for (name, face) in faces().await {
        let job = |id: &str| {
            json!({"id": id, "steps": [
                {"id": "ok", "type": "approval", "message": "Deploy?", "wait": "1h"},
                {"id": "b", "type": "probe", "case": "echo", "text": "deployed"}]})
        };
        let id = face.run(job("yes")).await;
        face.reaches(&id, "parked").await;
        let told = face.explain(&id).await;
        assert_eq!(
            (&told["causes"][0]["cause"], &told["causes"][0]["message"]),
            (&json!("approval_missing"), &json!("Deploy?")),
            "{name}"
        );
        face.act("approve", &id, json!({"approved": true})).await.unwrap();
        assert_eq!(face.reaches(&id, "success").await["steps"][1]["status"], "success", "{name}");
        let twice = face.act("approve", &id, json!({"approved": true})).await.unwrap_err();
        assert!(twice.contains("is not waiting for an approval"), "{name}: {twice}");
        let id = face.run(job("no")).await;
        face.reaches(&id, "parked").await;
        face.act("approve", &id, json!({"approved": false})).await.unwrap();
        let view = face.reaches(&id, "failed").await;
        assert!(view["steps"][0]["output"].as_str().unwrap().contains("rejected by"), "{name}: {view}");
        // No approver decides in time.
        let mut late = job("late");
        late["steps"][0]["wait"] = "200ms".into();
        let id = face.run(late).await;
        assert_eq!(face.reaches(&id, "failed").await["steps"][0]["status"], "timeout", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_redriven_with_an_edited_job_from_where_it_failed() {
    for (name, face) in faces().await {
        let job = |case: &str| {
            json!({"id": "dies", "steps": [
                {"id": "first", "type": "probe", "case": "echo", "text": "kept"},
                {"id": "second", "type": "probe", "case": case, "text": "${{ steps.first.output }}"}]})
        };
        let id = face.run(job("fail")).await;
        face.reaches(&id, "failed").await;
        let letter = face.dead(&id).await;
        assert_eq!((&letter["step_id"], &letter["resolution"]), (&json!("second"), &Value::Null), "{name}");
        assert_eq!(face.explain(&id).await["causes"][0]["cause"], "ended", "{name}");
        let again = face.act("redrive", &id, json!({"job": job("echo")})).await.unwrap();
        let again = again["execution_id"].as_str().unwrap().to_owned();
        let view = face.reaches(&again, "success").await;
        assert_eq!(view["steps"][1]["attempts"], 1, "{name}");
        assert_eq!(view["steps"][0]["attempts"], 0, "{name}: its result was taken over");
        assert_eq!(face.dead(&id).await["resolution"]["execution_id"], again, "{name}");
        let redrove = format!("redrove it as {again}");
        let twice = face.act("redrive", &id, json!({})).await.unwrap_err();
        assert!(twice.contains(&redrove), "{name}: {twice}");
        let fix = face.explain(&id).await["causes"][0]["fix"].clone();
        assert!(fix.as_str().unwrap().contains(&redrove), "{name}: {fix}");
        // From the start; and discarded.
        let id = face.start("dies").await;
        face.reaches(&id, "failed").await;
        face.act("discard", &id, json!({"reason": "no use"})).await.unwrap();
        let retried = face.act("retry", &id, json!({"from_start": true})).await.unwrap();
        let view = face.reaches(retried["execution_id"].as_str().unwrap(), "failed").await;
        assert_eq!(view["steps"][0]["attempts"], 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_fire_pause_and_are_filled_up() {
    for (name, face) in faces().await {
        let mut job = probe("tick", json!({"case": "noop"}));
        job["schedule"] = json!({"cron": "* * * * * *", "misfire": "all"});
        face.put(job).await;
        let rows = until("two fires", async || face.ledger("tick").await, |rows| rows.len() >= 2).await;
        for row in &rows {
            assert_eq!(row["decision"], "admitted", "{name}");
            face.reaches(row["execution_id"].as_str().unwrap(), "success").await;
        }
        face.act("pause", "tick", json!({"reason": "lunch"})).await.unwrap();
        let paused = |rows: &Vec<Value>| rows.iter().filter(|row| row["decision"] == "paused").count() >= 2;
        let rows = until("paused fires", async || face.ledger("tick").await, paused).await;
        let skipped = rows.iter().find(|row| row["decision"] == "paused").unwrap();
        assert!(skipped["reason"].as_str().unwrap().starts_with("by "), "{name}: {skipped}");
        // A backfill runs the missed fire once.
        let at: chrono::DateTime<chrono::Utc> = skipped["due_at"].as_str().unwrap().parse().unwrap();
        let range = json!({"job_id": "tick", "from": at.to_rfc3339(),
            "to": (at + chrono::Duration::milliseconds(1)).to_rfc3339()});
        let mut dry = range.clone();
        dry["dry_run"] = true.into();
        assert_eq!(
            face.act("backfill", "", dry.clone()).await.unwrap()["to_run"].as_array().unwrap().len(),
            1,
            "{name}"
        );
        face.act("backfill", "", range).await.unwrap();
        let filled = |rows: &Vec<Value>| rows.iter().any(|row| row["decision"] == "backfilled");
        let rows = until("a filled fire", async || face.ledger("tick").await, filled).await;
        let row = rows.iter().find(|row| row["decision"] == "backfilled").unwrap();
        assert_eq!(row["nominal"], skipped["nominal"], "{name}");
        face.reaches(row["execution_id"].as_str().unwrap(), "success").await;
        assert_eq!(face.act("backfill", "", dry).await.unwrap()["ran_already"], 1, "{name}");
        let names: std::collections::BTreeSet<&str> =
            rows.iter().map(|row| row["nominal"].as_str().unwrap()).collect();
        assert_eq!(names.len(), rows.len(), "{name}: one row for each fire");
    }
}

/// Each cause that stops a run, with a fix that works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_a_run_up_is_told_and_its_fix_works() {
    for (name, face) in faces().await {
        let cause = async |id: &str| {
            face.explain(id).await["causes"][0]["cause"].as_str().unwrap_or("none").to_owned()
        };
        let is = async |id: &str, wanted: &str| {
            until(&format!("{name}: {wanted}"), async || cause(id).await, |found| found == wanted).await;
        };
        // A paused queue.
        face.act("pause-queue", "Asia/Tokyo", json!({})).await.unwrap();
        let mut job = probe("one", json!({"case": "nap", "count": 600}));
        job["timezone"] = "Asia/Tokyo".into();
        let first = face.run(job.clone()).await;
        is(&first, "queue_paused").await;
        face.act("resume-queue", "Asia/Tokyo", json!({})).await.unwrap();
        face.reaches(&first, "running").await;
        // A full queue; one of two waiting runs goes first.
        let second = face.start("one").await;
        let third = face.start("one").await;
        is(&second, "queue_full").await;
        let told = face.explain(&third).await;
        let causes: Vec<&str> =
            told["causes"].as_array().unwrap().iter().map(|cause| cause["cause"].as_str().unwrap()).collect();
        assert!(causes.contains(&"behind") || causes.contains(&"queue_full"), "{name}: {told}");
        face.act("cancel", &first, json!({})).await.unwrap();
        face.reaches(&second, "success").await;
        face.reaches(&third, "success").await;
        // A concurrency key.
        let mut job = probe("key", json!({"case": "sleep"}));
        job["concurrency"] = json!({"key": "deploy"});
        let holder = face.run(job.clone()).await;
        face.reaches(&holder, "running").await;
        job["id"] = "key2".into();
        job["steps"][0] = json!({"id": "a", "type": "probe", "case": "noop"});
        let blocked = face.run(job).await;
        is(&blocked, "key_taken").await;
        assert_eq!(face.explain(&blocked).await["causes"][0]["holders"], json!([holder]), "{name}");
        face.act("cancel", &holder, json!({})).await.unwrap();
        face.reaches(&blocked, "success").await;
        // A waiting retry.
        let job = probe(
            "retry",
            json!({"case": "fail_until", "count": 2, "retry": {"max_attempts": 3, "backoff": "1s"}}),
        );
        let retried = face.run(job).await;
        is(&retried, "retry_waits").await;
        face.reaches(&retried, "success").await;
        // A run with a future due time; only the library makes one without a schedule.
        if let Face::Library(running, _) = &face {
            face.put(probe("later", json!({"case": "noop"}))).await;
            let job = running.host.jobs().get("later").await.unwrap().job;
            let due = Some(running.host.now() + chrono::Duration::milliseconds(1500));
            let later = running
                .host
                .runs()
                .enqueue(&job, Admission { due, ..Admission::default() }, None, None)
                .await;
            let later = later.unwrap().execution_id;
            is(&later, "not_due").await;
            face.reaches(&later, "success").await;
        }
        // A queue that is closed at this time of day, and opens by itself: the alternative is cancelling.
        let mut job = probe("closed", json!({"case": "noop"}));
        job["timezone"] = "Asia/Seoul".into();
        let closed = face.run(job).await;
        is(&closed, "queue_closed").await;
        face.act("cancel", &closed, json!({})).await.unwrap();
        face.reaches(&closed, "cancelled").await;
    }
}

/// Without a worker, that is the reason; a new worker takes the runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_a_worker_says_so_and_survives_the_end_of_the_process() {
    let mut shell =
        Shell::new().file("job.yaml", "id: later\nsteps: [{id: a, type: probe, case: echo, text: hi}]\n");
    let run = |shell: &Shell, arguments: &[&str]| {
        let output = shell.command(&shell.with_probe(arguments)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&shell, &["jobs", "put", "job.yaml"]);
    let id = run(&shell, &["jobs", "run", "later"]);
    let told = run(&shell, &["explain", &id]);
    assert!(
        told.contains("no service is running") && told.contains("fix: start a service: `stepwell serve`"),
        "{told}"
    );
    let mut server = Server::start(shell);
    let ask = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it runs", ask, |status| status == "success").await;
    // SIGTERM: running steps may end, and nothing is lost.
    let job =
        json!({"job": {"id": "nap", "steps": [{"id": "a", "type": "probe", "case": "nap", "count": 700}]}});
    let reply = server
        .request("POST", "/api/v2/jobs/execute", &[("prefer", "respond-async")], &job.to_string())
        .await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location"), Some(format!("/api/v2/runs/{id}")));
    let ask = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it runs", ask, |status| status == "running").await;
    assert_eq!(server.terminate(), Some(0));
    shell = server.shell.clone();
    assert!(run(&shell, &["runs", "show", &id]).contains("success"));
}

/// A run of the command never waits: if its key is in use it does not begin.
#[tokio::test]
async fn the_command_respects_a_concurrency_key() {
    let running = Site::new().probe_policy("", "").host().await;
    let mut job = probe("key", json!({"case": "nap", "count": 500}));
    job["concurrency"] = json!({"key": "k"});
    let text = job.to_string();
    let first = running.run(&text);
    let second = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let parsed = running.host.parse("job", &text).await.unwrap();
        running.host.run(parsed.job, Default::default()).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status.name(), "success");
    assert!(second.unwrap_err().to_string().contains("the concurrency key `k` is held by exec_"));
}

/// A service under load: a schedule that fires each second, and runs with idempotency keys.
struct Load {
    server: Server,
    admitted: Vec<(String, String)>,
}

impl Load {
    async fn start() -> Self {
        let server = Server::start(Shell::new());
        let tick = json!({"id": "tick", "timezone": "Europe/Paris", "steps": [{"id": "a", "type": "probe", "case": "noop"}],
            "schedule": {"cron": "* * * * * *", "misfire": "all"}});
        server.request("PUT", "/api/v2/jobs/tick", &[], &tick.to_string()).await;
        Self { server, admitted: Vec::new() }
    }

    /// Returns the run of that key, and makes it if there is none.
    async fn admit(&self, key: &str) -> Value {
        let job = json!({"job": {"id": "work", "steps": [
            {"id": "a", "type": "probe", "case": "nap", "count": 30},
            {"id": "b", "type": "probe", "case": "echo", "text": "x"}]}});
        let headers = [("prefer", "respond-async"), ("idempotency-key", key)];
        let reply = self.server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.json()
    }

    async fn some(&mut self) {
        for _ in 0..20 {
            let key = format!("key-{}", self.admitted.len());
            let id = self.admit(&key).await["execution_id"].as_str().unwrap().to_owned();
            self.admitted.push((key, id));
        }
    }

    async fn view(&self, id: &str) -> Value {
        self.server.get(&format!("/api/v2/runs/{id}")).await.json()
    }

    /// Returns lost, doubled or stuck runs, once everything had `patience` to end.
    async fn wrong(&self, patience: Duration) -> Vec<String> {
        let mut wrong = Vec::new();
        let begin = std::time::Instant::now();
        let ends = async |id: &str| {
            loop {
                let view = self.view(id).await;
                if view["status"] == "success" || begin.elapsed() > patience {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        for (key, id) in &self.admitted {
            let view = ends(id).await;
            if view["status"] != "success" || view["successful_steps"] != 2 {
                wrong.push(format!("{id}: {view}"));
                continue;
            }
            // The same request finds the same run.
            let again = self.admit(key).await;
            if again["execution_id"] != id.as_str() || again["replayed"] != true {
                wrong.push(format!("{id}: {again}"));
            }
        }
        self.server.post("/api/v2/schedules/tick/pause", &json!({})).await;
        let list = async |path: &str| {
            let reply = self.server.get(path).await;
            reply.json()["items"].as_array().unwrap_or_else(|| panic!("{reply:?}")).clone()
        };
        let rows = list("/api/v2/ledger?job_id=tick&limit=1000").await;
        let ran: Vec<&Value> = rows.iter().filter(|row| row["decision"] == "admitted").collect();
        let second = |row: &Value| {
            row["due_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp()
        };
        let mut fires: Vec<i64> = rows.iter().map(second).collect();
        fires.reverse();
        if !fires.windows(2).all(|pair| pair[1] == pair[0] + 1) {
            wrong.push(format!("not each second has its row: {fires:?}"));
        }
        for row in &ran {
            let view = ends(row["execution_id"].as_str().unwrap()).await;
            if view["status"] != "success" {
                wrong.push(format!("a fire: {view}"));
            }
        }
        let runs = list("/api/v2/runs?job_id=tick&limit=1000").await.len();
        if runs != ran.len() {
            wrong.push(format!("{runs} runs for {} fires", ran.len()));
        }
        wrong
    }
}

/// Killed repeatedly under load: no run is lost, runs twice, or is stuck.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_killed_loses_and_doubles_nothing() {
    let kills: usize = std::env::var("STEPWELL_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(15);
    let (mut load, mut random) = (Load::start().await, stepwell_tests::simulator::Random::new(7));
    for _ in 0..kills {
        load.some().await;
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        load.server = load.server.kill_and_restart();
    }
    let wrong = load.wrong(Duration::from_secs(60)).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The check above detects a store that loses, doubles or forgets while the service is dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_loses_doubles_or_forgets_is_found() {
    for (broken, sql) in [
        (
            "loses a run",
            "DELETE FROM runs WHERE execution_id IN (SELECT execution_id FROM runs WHERE job_id = 'work' LIMIT 1)",
        ),
        ("forgets runs", "UPDATE runs SET phase = 4, worker = NULL, claimed_until = NULL WHERE phase < 5"),
        (
            "loses a fire",
            "DELETE FROM ledger WHERE nominal IN (SELECT nominal FROM ledger ORDER BY due_at LIMIT 1 OFFSET 1)",
        ),
    ] {
        let mut load = Load::start().await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        load.some().await;
        let shell = load.server.shell.clone();
        load.server.signal("KILL");
        let database = rusqlite::Connection::open(shell.path("data/stepwell.db")).unwrap();
        database.busy_timeout(Duration::from_secs(5)).unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{broken}: nothing was there to break");
        drop(database);
        load.server = load.server.kill_and_restart();
        let wrong = load.wrong(Duration::from_secs(3)).await;
        assert!(!wrong.is_empty(), "a store that {broken} goes unnoticed");
    }
}

/// SIGSTOP past the lease, then SIGCONT: its late writes are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_stopped_past_its_lease_writes_nothing_late() {
    let config = "connections: {w: {type: sqlite, path: w.db}}\nservice: {lease: 3s}\n";
    let first = Server::start(Shell::new().file("config.yaml", config));
    let job = json!({"job": {"id": "nap", "steps": [{"id": "a", "type": "probe", "case": "nap", "count": 2500, "text": "x"}]}});
    let sleeps = json!({"job": {"id": "sleeps", "steps": [{"id": "a", "type": "probe", "case": "sleep"}]}});
    let headers = [("prefer", "respond-async")];
    let reply = first.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let ask = async || first.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it runs", ask, |status| status == "running").await;
    let reply = first.request("POST", "/api/v2/jobs/execute", &headers, &sleeps.to_string()).await;
    let sleeping = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let ask = async || first.get(&format!("/api/v2/runs/{sleeping}")).await.json()["status"].clone();
    until("it sleeps", ask, |status| status == "running").await;
    first.signal("STOP");
    let second = Server::start_with(first.shell.clone(), &[], &first.token);
    // Two causes that end by themselves: a silent worker, and a cancellation that has not been seen.
    let explain = async |id: &str| second.get(&format!("/api/v2/runs/{id}/explain")).await.json();
    second.post(&format!("/api/v2/runs/{sleeping}/cancel"), &json!({})).await;
    assert_eq!(explain(&sleeping).await["causes"][0]["cause"], "cancelling");
    let silent = |told: &Value| told["causes"][0]["cause"] == "worker_silent";
    let told = until("it is silent", async || explain(&id).await, silent).await;
    assert!(told["causes"][0]["fix"].as_str().unwrap().contains("another worker takes over"), "{told}");
    let ask = async || second.get(&format!("/api/v2/runs/{id}")).await.json();
    until("it is taken over", ask, |view| view["steps"][0]["attempts"] == 2).await;
    first.signal("CONT");
    let view = until("it ends", ask, |view| view["status"] == "success").await;
    assert_eq!(view["steps"][0]["attempts"], 2);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(ask().await, view, "nothing was written late");
    let ask = async || second.get(&format!("/api/v2/runs/{sleeping}")).await.json()["status"].clone();
    until("it is cancelled", ask, |status| status == "cancelled").await;
}

/// A grant that was removed while the run waited, and is restored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_grant_is_gone_says_so_and_goes_on_when_it_is_back() {
    let policy = |steps: &str| format!("policy: 1\nname: p\nsteps: [{steps}]\nsql: [{{connection: w}}]\n");
    let shell = Shell::new().file("policy.yaml", &policy("probe, sql"));
    let mut server = Server::start(shell);
    let job = json!({"job": {"id": "reads", "timezone": "Asia/Tokyo", "steps": [
        {"id": "a", "type": "sql", "connection_name": "w", "query": "SELECT COUNT(*) FROM t"}]}});
    server.post("/api/v2/queues/Asia%2FTokyo/pause", &json!({})).await;
    let headers = [("prefer", "respond-async")];
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    let id = reply.json()["execution_id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned();
    for (granted, causes) in
        [("probe", vec!["queue_paused", "grant_missing"]), ("probe, sql", vec!["queue_paused"])]
    {
        std::fs::write(server.shell.path("policy.yaml"), policy(granted)).unwrap();
        server = server.kill_and_restart();
        let told = server.get(&format!("/api/v2/runs/{id}/explain")).await.json();
        let found: Vec<&str> =
            told["causes"].as_array().unwrap().iter().map(|cause| cause["cause"].as_str().unwrap()).collect();
        assert_eq!(found, causes, "{told}");
    }
    server.post("/api/v2/queues/Asia%2FTokyo/resume", &json!({})).await;
    let ask = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it runs", ask, |status| status == "success").await;
}

//! The first hour of an operator: the log, the first key, metrics, shutdown, clean-up, `explain`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::server::{Server, samples, until};

fn probe(id: &str, step: Value) -> Value {
    let mut step = step;
    step["id"] = "s".into();
    step["type"] = "probe".into();
    json!({"job": {"id": id, "steps": [step]}})
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Starts a run, and waits until it has that status.
async fn begun(server: &Server, job: &Value, status: &str) -> String {
    let headers = [("prefer", "respond-async")];
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    let id = reply.json()["execution_id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned();
    let ask = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until(&format!("the run is {status}"), ask, |found| *found == status).await;
    id
}

/// Every line of a service's log is JSON, about its start, each run, each request, a reload and the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_a_service_is_json_and_tells_what_happened() {
    let (mut server, log) = Server::start_logged(Shell::new().env("STEPWELL_LOG_FORMAT", "json"));
    server.post("/api/v2/jobs/execute", &probe("logged", json!({"case": "echo", "text": "x"}))).await;
    let policy = server.shell.path("policy.yaml");
    let good = std::fs::read_to_string(&policy).unwrap();
    let said = async |text: &str| {
        let lines = async || log.lock().unwrap().clone();
        until(text, lines, |lines| lines.iter().any(|line| line.contains(text))).await;
    };
    for (text, expected) in [("policy: 7\n", "reload failed"), (good.as_str(), "configuration reloaded")] {
        std::fs::write(&policy, text).unwrap();
        server.signal("HUP");
        said(expected).await;
    }
    assert_eq!(server.terminate(), Some(0));
    said("stopped: no step was interrupted").await;
    let lines: Vec<Value> = log
        .lock()
        .unwrap()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let of = |message: &str| {
        lines
            .iter()
            .find(|line| line["message"].as_str().is_some_and(|text| text.starts_with(message)))
            .unwrap_or_else(|| panic!("{message}: {lines:#?}"))
    };
    let started = of("started");
    assert_eq!(
        (&started["listen"], &started["policies"], &started["version"]),
        (&json!(server.address), &json!("probes"), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert!(started["store"].as_str().unwrap().starts_with("SQLite"), "{started}");
    assert!(started["steps"].as_u64().unwrap() > 5, "{started}");
    let (run, ended) = (of("the run started"), of("the run ended"));
    assert_eq!((&run["job"], &ended["status"]), (&json!("logged"), &json!("success")));
    assert_eq!(run["span"]["run"], ended["span"]["run"]);
    let request = of("request");
    assert_eq!(
        (&request["method"], &request["path"], &request["status"], &request["key"]),
        (&json!("POST"), &json!("/api/v2/jobs/execute"), &json!(200), &json!("first"))
    );
    assert!(request["ms"].is_u64(), "{request}");
    assert!(of("shutting down")["level"] == "INFO");
    assert!(!lines.iter().any(|line| line.to_string().contains(&server.token)), "the key is not in the log");
}

/// An error at the start of a service is a line of JSON, too.
#[test]
fn a_service_that_does_not_start_says_so_in_json() {
    let shell =
        Shell::new().env("STEPWELL_LOG_FORMAT", "json").file("config.yaml", "service: {lease: soon}\n");
    let output = shell.command(&["serve", "--config", "config.yaml"].map(str::to_owned)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["message"].as_str().unwrap().contains("config.yaml:1"), "{line}");
    }
}

/// Only its owner can access the data directory, even if an older version has created it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_directory_is_private_and_holds_the_first_key() {
    let server = Server::start(Shell::new());
    let data = server.shell.path("data");
    for name in ["", "stepwell.db", "stepwell.db-wal", "first-api-key"] {
        let wanted = if name.is_empty() { 0o700 } else { 0o600 };
        assert_eq!(mode(&data.join(name)), wanted, "{name}");
    }
    let key = std::fs::read_to_string(data.join("first-api-key")).unwrap();
    assert_eq!(key.trim(), server.token);
    assert_eq!(server.get("/api/v2/keys").await.status, 200, "it is an admin's");
    let (shell, token) = (server.shell.clone(), server.token.clone());
    drop(server);
    for name in ["", "stepwell.db"] {
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let _server = Server::start_with(shell, &[], &token);
    assert_eq!((mode(&data), mode(&data.join("stepwell.db"))), (0o700, 0o600));
}

/// While steps end, probes, reads and cancellations work, and new runs are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_shuts_down_answers_until_its_steps_have_ended() {
    let (mut server, log) = Server::start_logged(Shell::new());
    let naps = begun(&server, &probe("naps", json!({"case": "nap", "count": 2500})), "running").await;
    let sleeps = begun(&server, &probe("sleeps", json!({"case": "sleep"})), "running").await;
    server.signal("TERM");
    let ready = async || server.raw("GET", "/readyz", &[], "").await.unwrap();
    let says = |reply: &crate::server::Reply| reply.body == "not ready: shutting down\n";
    let reply = until("it says that it shuts down", ready, says).await;
    assert_eq!(reply.status, 503);
    for (path, status) in [("/healthz", 200), ("/metrics", 200), ("/api/v2/runs", 200)] {
        assert_eq!(server.get(path).await.status, status, "{path}");
    }
    for path in ["/api/v2/jobs/execute", &format!("/api/v2/runs/{naps}/retry")] {
        let reply = server.post(path, &probe("new", json!({"case": "noop"}))).await;
        assert_eq!((reply.status, reply.header("retry-after").is_some()), (503, true), "{path}: {reply:?}");
    }
    let reply = server.post(&format!("/api/v2/runs/{sleeps}/cancel"), &json!({})).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(server.terminate(), Some(0));
    // The next process finds both ended, and reports nothing about the previous one.
    let (second, later) = Server::start_logged_again(server.shell.clone(), &server.token);
    for (id, status) in [(naps, "success"), (sleeps, "cancelled")] {
        assert_eq!(second.get(&format!("/api/v2/runs/{id}")).await.json()["status"], status);
    }
    let told = format!("{:?} {:?}", log.lock().unwrap(), later.lock().unwrap());
    assert!(!told.contains("has died"), "{told}");
}

/// A back-off below a second is exact, and waiting runs continue on time, whatever else their queue does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_less_than_a_second_waits_for_less_than_a_second() {
    let server = Server::start(Shell::new());
    // This loads the probe.
    server.post("/api/v2/jobs/execute", &probe("first", json!({"case": "noop"}))).await;
    let begun = Instant::now();
    let step = json!({"case": "fail_until", "count": 4, "retry": {"max_attempts": 4, "backoff": "50ms"}});
    let reply = server.post("/api/v2/jobs/execute", &probe("retries", step)).await;
    let took = begun.elapsed();
    assert_eq!(
        (&reply.json()["status"], &reply.json()["steps"][0]["attempts"]),
        (&json!("success"), &json!(4))
    );
    assert!(took < Duration::from_millis(1500), "50, 100 and 200 ms of back-off took {took:?}");
}

/// Runs that a window or a pause stops are not late: they have separate series, and ready ones stay at zero.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_and_paused_queues_are_not_late_queues() {
    // Seoul has no summer time: a window around the present time, at any hour.
    let hour =
        (chrono::Utc::now() + chrono::Duration::hours(9)).format("%H").to_string().parse::<u32>().unwrap();
    let window = format!("{{from: '{hour:02}:00', to: '{:02}:00'}}", (hour + 2) % 24);
    let queues = format!("queues: {{Asia/Seoul: {{paused: [{window}]}}, UTC: {{}}}}\n");
    let server = Server::start(Shell::new().file("timezone_queues.yaml", &queues));
    server.post("/api/v2/queues/Asia%2FTokyo/pause", &json!({})).await;
    for zone in ["Asia/Seoul", "Asia/Tokyo"] {
        let mut job = probe("waits", json!({"case": "noop"}));
        job["job"]["timezone"] = zone.into();
        begun(&server, &job, "queued").await;
    }
    let mut holder = probe("holder", json!({"case": "sleep"}));
    holder["job"]["concurrency"] = json!({"key": "one"});
    begun(&server, &holder, "running").await;
    let mut blocked = probe("blocked", json!({"case": "noop"}));
    blocked["job"]["concurrency"] = json!({"key": "one"});
    begun(&server, &blocked, "queued").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let found = samples(&server.get("/metrics").await.body);
    let of = |name: &str, zone: &str| {
        let more = if name.contains("ready") || name == "oldest_seconds" { ",priority=\"0\"" } else { "" };
        let name = format!("stepwell_queue_{name}{{queue=\"{zone}\"{more}}}");
        *found.get(&name).unwrap_or_else(|| panic!("{name}: {found:#?}"))
    };
    for (zone, closed, paused, open) in
        [("Asia/Seoul", 1.0, 0.0, 0.0), ("Asia/Tokyo", 0.0, 1.0, 0.0), ("UTC", 0.0, 0.0, 1.0)]
    {
        assert_eq!((of("ready", zone), of("oldest_seconds", zone)), (0.0, 0.0), "{zone}");
        assert_eq!(
            (of("closed", zone), of("paused", zone), of("open", zone)),
            (closed, paused, open),
            "{zone}"
        );
    }
    assert_eq!(of("blocked", "UTC"), 1.0);
    assert!(of("blocked_oldest_seconds", "UTC") >= 1.0);
}

/// Prometheus metrics in both formats, with those of every exporter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_come_in_both_formats_with_http_and_the_process() {
    let server = Server::start(Shell::new());
    server.post("/api/v2/jobs/execute", &probe("a", json!({"case": "noop"}))).await;
    server.get("/api/v2/runs/none").await;
    server.get("/nowhere").await;
    let text = server.request("GET", "/metrics", &[("accept", "text/plain")], "").await;
    assert_eq!(text.header("content-type").unwrap(), "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.body.contains("# EOF") && !text.body.contains("# UNIT"));
    assert!(text.body.contains("# TYPE stepwell_runs_total counter\n"), "{}", text.body);
    let open = server.get("/metrics").await;
    assert_eq!(
        open.header("content-type").unwrap(),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(open.body.ends_with("# EOF\n") && open.body.contains("# TYPE stepwell_runs counter\n"));
    for body in [&text.body, &open.body] {
        let found = samples(body);
        for (name, least) in [
            (r#"stepwell_runs_total{status="success",queue="UTC"}"#, 1.0),
            (r#"stepwell_http_requests_total{method="POST",route="/api/v2/jobs/execute",status="200"}"#, 1.0),
            (r#"stepwell_http_requests_total{method="GET",route="/api/v2/runs/{id}",status="404"}"#, 1.0),
            (r#"stepwell_http_requests_total{method="GET",route="none",status="404"}"#, 1.0),
            (
                r#"stepwell_http_request_duration_seconds_count{method="POST",route="/api/v2/jobs/execute"}"#,
                1.0,
            ),
            (concat!(r#"stepwell_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
            ("process_cpu_seconds_total", 0.01),
            ("process_resident_memory_bytes", 1e6),
            ("process_open_fds", 5.0),
            ("process_max_fds", 5.0),
            ("process_start_time_seconds", 1.6e9),
        ] {
            let value = found.get(name).unwrap_or_else(|| panic!("{name}: {body}"));
            assert!(*value >= least, "{name}: {value}");
        }
        let bounds: Vec<&str> = body
            .lines()
            .filter(|line| line.starts_with("stepwell_run_duration_seconds_bucket"))
            .filter_map(|line| line.split_once("le=\"")?.1.split('"').next())
            .collect();
        assert!(bounds.iter().all(|bound| bound.len() <= 7), "no noise: {bounds:?}");
        let bounds: Vec<f64> =
            bounds.iter().filter_map(|bound| bound.parse().ok()).filter(|b: &f64| b.is_finite()).collect();
        assert!(bounds.windows(2).all(|pair| pair[1] / pair[0] <= 2.51), "{bounds:?}");
    }
}

/// Clean-up keeps runs that still need attention, unless asked otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clean_up_keeps_open_dead_letters() {
    let server = Server::start(Shell::new());
    server.post("/api/v2/jobs/execute", &probe("good", json!({"case": "noop"}))).await;
    for _ in 0..2 {
        server.post("/api/v2/jobs/execute", &probe("bad", json!({"case": "trap"}))).await;
    }
    let clean = async |query: &str| {
        server.post(&format!("/api/v2/system/clean-up?days=0{query}"), &json!({})).await.json()
    };
    let count = async || server.get("/api/v2/runs").await.json()["items"].as_array().unwrap().len();
    assert_eq!(clean("&dry_run=true").await, json!({"runs": 1, "kept_dead": 2, "dry_run": true}));
    assert_eq!(
        clean("&dry_run=true&include_dead=true").await,
        json!({"runs": 3, "kept_dead": 0, "dry_run": true})
    );
    assert_eq!(count().await, 3);
    assert_eq!(clean("").await, json!({"runs": 1, "kept_dead": 2, "dry_run": false}));
    assert_eq!(count().await, 2);
    // A resolved dead letter is removed.
    let letters = server.get("/api/v2/dead-letters?state=open").await.json();
    let id = letters["items"][0]["execution_id"].as_str().unwrap().to_owned();
    server.post(&format!("/api/v2/dead-letters/{id}/discard"), &json!({"reason": "known"})).await;
    assert_eq!(clean("").await, json!({"runs": 1, "kept_dead": 1, "dry_run": false}));
    assert_eq!(clean("&include_dead=true").await, json!({"runs": 1, "kept_dead": 0, "dry_run": false}));
    assert_eq!(count().await, 0);
}

/// The command does not blame its own missing flags for actions of the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_without_the_service_s_flags_says_what_it_leaves_out() {
    let server = Server::start(Shell::new());
    let job = json!({"job": {"id": "asks", "steps": [
        {"id": "wait", "type": "approval", "message": "go?"},
        {"id": "q", "type": "sql", "connection_name": "w", "query": "SELECT 1"}]}});
    let policy = "policy: 1\nname: both\nsteps: [probe, sql]\nsql: [{connection: w}]\n";
    std::fs::write(server.shell.path("policy.yaml"), policy).unwrap();
    server.signal("HUP");
    let accepted = async || {
        let headers = [("prefer", "respond-async")];
        server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await
    };
    let reply = until("the policy counts", accepted, |reply| reply.status == 202).await;
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let ask = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it waits for an approval", ask, |found| *found == "parked").await;
    let told = server.get(&format!("/api/v2/runs/{id}/explain")).await.json();
    assert_eq!((told["causes"].as_array().unwrap().len(), &told["note"]), (1, &Value::Null), "{told}");
    assert!(told["causes"][0]["fix"].as_str().unwrap().contains("stepwell approvals approve"), "{told}");
    // The service reports its state every five seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let explain = |arguments: &[String]| {
        let output = server.shell.command(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let bare = explain(&["explain".to_owned(), id.clone()]);
    assert!(bare.contains("waits for approval") && !bare.contains("SQL_NOT_GRANTED"), "{bare}");
    assert!(bare.contains("--server") && bare.contains("--policy"), "{bare}");
    let same = explain(&server.shell.with_probe(&["explain", &id]));
    assert!(same.contains("waits for approval") && !same.contains("--server"), "{same}");
}

/// A run that waited too long has no start, is a dead letter, and names the fix.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_expired_has_not_begun() {
    let server = Server::start(Shell::new());
    server.post("/api/v2/queues/Asia%2FTokyo/pause", &json!({})).await;
    let mut job = probe("late", json!({"case": "noop"}));
    job["job"]["timezone"] = "Asia/Tokyo".into();
    job["job"]["queue_timeout"] = "1s".into();
    let id = begun(&server, &job, "expired").await;
    let run = server.get(&format!("/api/v2/runs/{id}")).await.json();
    assert_eq!((&run["start_time"], &run["duration_seconds"]), (&Value::Null, &json!(0.0)), "{run}");
    assert!(run["end_time"].is_string(), "{run}");
    let told = server.get(&format!("/api/v2/runs/{id}/explain")).await.json();
    assert_eq!(told["causes"][0]["cause"], "ended", "{told}");
    assert_eq!(told["summary"], "expired: it did not start within 1s", "{told}");
    let health = server.get("/api/v2/system/health").await.json();
    assert_eq!(health["parts"], json!({"service": {"status": "healthy"}, "store": {"status": "healthy"}}));
    let letters = server.get("/api/v2/dead-letters?state=open").await.json();
    assert_eq!(
        (&letters["items"][0]["execution_id"], &letters["items"][0]["class"]),
        (&json!(id), &json!("expired"))
    );
}

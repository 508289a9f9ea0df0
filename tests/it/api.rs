//! The REST API: the response shapes of the reference, and everything around them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::server::{Reply, Server, until};

/// The responses of the v2 reference: the required keys, and their types.
const EXECUTED: &str = r#"{"success": true, "message": "Job Daily Data Pipeline completed successfully",
  "execution_id": "exec_20250901_143022_001", "job_id": "data-pipeline-001", "job_name": "Daily Data Pipeline",
  "status": "success", "timezone": "America/New_York", "start_time": "2025-09-01T14:30:22.123456Z",
  "end_time": "2025-09-01T14:32:45.789012Z", "duration_seconds": 143.67, "steps": [{"step_id": "extract",
  "step_name": "Extract Data", "step_type": "sql", "status": "success", "duration_seconds": 45.23,
  "output": "Query executed successfully. 1,234 rows returned.", "metadata": {}}],
  "step_count": 3, "successful_steps": 3, "failed_steps": 0}"#;
const SCHEDULED: &str = r#"{"success": true, "message": "Job Nightly Database Backup scheduled successfully",
  "job_id": "nightly-backup", "scheduled_time": "2025-09-02T02:00:00Z", "timezone": "UTC", "status": "scheduled"}"#;
const STATUS: &str = r#"{"success": true, "engine_started": true, "timezone_queues": {"UTC": {"timezone": "UTC",
  "queue_size": 3, "active_executions": 1, "running": true}}, "total_queues": 3, "total_active_executions": 3,
  "timestamp": "2025-09-01T14:30:22.123456Z"}"#;
const TYPES: &str =
    r#"{"success": true, "step_types": ["sql"], "count": 5, "timestamp": "2025-09-01T14:30:22.123456Z"}"#;
const LEGACY: &str = r#"{"success": true, "message": "Job executed with status: success",
  "execution_id": "exec_20250901_143022_001", "status": "success", "duration_seconds": 45.23,
  "output": "Job executed successfully via modern engine", "start_time": "2025-09-01T14:30:22.123456Z",
  "end_time": "2025-09-01T14:32:45.789012Z"}"#;

/// Compares types: `found` must have all that `reference` has.
fn fits(reference: &Value, found: &Value, at: &str) {
    match (reference, found) {
        (Value::Object(reference), Value::Object(found)) => {
            for (key, value) in reference {
                let inner = found.get(key).unwrap_or_else(|| panic!("{at}/{key} is missing"));
                fits(value, inner, &format!("{at}/{key}"));
            }
        }
        (Value::Array(reference), Value::Array(found)) => {
            for (i, inner) in found.iter().enumerate() {
                fits(&reference[0], inner, &format!("{at}/{i}"));
            }
        }
        (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => {}
        (Value::String(reference), Value::String(found)) => {
            // Times and ids have their form.
            let form = |text: &str| {
                text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>()
            };
            if reference.ends_with('Z') || reference.starts_with("exec_") {
                assert_eq!(form(reference), form(found), "{at}");
            }
        }
        _ => panic!("{at}: {found} is not like {reference}"),
    }
}

fn like(reference: &str, reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    fits(&serde_json::from_str(reference).unwrap(), &reply.json(), "");
}

#[tokio::test]
async fn the_v2_and_legacy_endpoints_answer_as_the_reference_says() {
    let server = Server::start(Shell::new());
    let steps =
        json!([{"id": "backup", "name": "Backup Database", "type": "probe", "case": "echo", "text": "done"}]);
    let job =
        json!({"id": "nightly-backup", "name": "Nightly Database Backup", "timezone": "UTC", "steps": steps});
    let executed = server.post("/api/v2/jobs/execute", &json!({"job": job})).await;
    like(EXECUTED, &executed);
    assert_eq!(executed.json()["message"], "Job Nightly Database Backup completed successfully");
    let next_year = chrono::Utc::now() + chrono::Duration::days(365);
    let time = next_year.format("%Y-%m-%dT02:00:00Z").to_string();
    let scheduled = json!({"job": job, "scheduled_time": time});
    let scheduled = server.post("/api/v2/jobs/schedule", &scheduled).await;
    like(SCHEDULED, &scheduled);
    assert_eq!(scheduled.json()["scheduled_time"], time);
    let keys: Vec<String> = scheduled.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        ["success", "message", "job_id", "execution_id", "scheduled_time", "timezone", "status"]
    );
    let status = server.get("/api/v2/execution/status").await;
    like(STATUS, &status);
    assert_eq!(status.json()["timezone_queues"]["UTC"]["queue_size"], 1);
    like(TYPES, &server.get("/api/v2/steps/types").await);
    // A legacy job is converted when it is stored, and runs with the legacy response.
    let legacy =
        json!({"job_id": "abc123", "name": "Old", "job_type": "probe", "case": "echo", "text": "hi"});
    assert_eq!(server.request("PUT", "/api/v2/jobs/abc123", &[], &legacy.to_string()).await.status, 200);
    let reply = server.post("/api/jobs/abc123/run", &json!({})).await;
    like(LEGACY, &reply);
    assert_eq!(reply.json()["message"], "Job executed with status: success");
}

#[tokio::test]
async fn nobody_gets_in_without_a_key_and_a_key_opens_only_what_it_is_for() {
    let server = Server::start(Shell::new());
    let raw =
        async |path: &str, headers: &[(&str, &str)]| server.raw("GET", path, headers, "").await.unwrap();
    assert_eq!(raw("/healthz", &[]).await.status, 200);
    assert_eq!(raw("/", &[]).await.header("location").as_deref(), Some("/ui"));
    for path in ["/api/v2/runs", "/api/v2/openapi.json", "/nothing/here"] {
        let reply = raw(path, &[]).await;
        assert_eq!(
            (reply.status, reply.header("www-authenticate").as_deref()),
            (401, Some("Bearer")),
            "{path}"
        );
        assert_eq!(reply.header("content-type").as_deref(), Some("application/problem+json"), "{path}");
    }
    assert_eq!(raw("/api/v2/runs", &[("authorization", "Bearer sw_00000000_x")]).await.status, 401);
    let make = async |body: Value| {
        let reply = server.post("/api/v2/keys", &body).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        (
            reply.json()["token"].as_str().unwrap().to_owned(),
            reply.json()["key"]["id"].as_str().unwrap().to_owned(),
        )
    };
    let (viewer, viewer_id) = make(json!({"name": "v", "role": "viewer"})).await;
    let (operator, _) = make(json!({"name": "o", "role": "operator", "jobs": ["billing-*"]})).await;
    let (expired, _) =
        make(json!({"name": "e", "role": "admin", "expires_at": chrono::Utc::now() + chrono::Duration::seconds(1)})).await;
    // A new key must not be expired, and names are unique.
    for (wrong, status) in [
        (json!({"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}), 422),
        (json!({"name": "v", "role": "viewer"}), 409),
    ] {
        assert_eq!(server.post("/api/v2/keys", &wrong).await.status, status, "{wrong}");
    }
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let job =
        |id: &str| json!({"job": {"id": id, "steps": [{"id": "a", "type": "wait", "for": 0}]}}).to_string();
    for (token, method, path, body, status) in [
        (&viewer, "GET", "/api/v2/runs", String::new(), 200),
        (&viewer, "POST", "/api/v2/jobs/execute", job("billing-1"), 403),
        (&operator, "POST", "/api/v2/jobs/execute", job("billing-1"), 200),
        (&operator, "POST", "/api/v2/jobs/execute", job("shop"), 403),
        (&operator, "GET", "/api/v2/audit", String::new(), 403),
        (&expired, "GET", "/api/v2/runs", String::new(), 401),
    ] {
        let bearer = format!("Bearer {token}");
        let reply = server.raw(method, path, &[("authorization", &bearer)], &body).await.unwrap();
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
    }
    assert_eq!(server.request("DELETE", &format!("/api/v2/keys/{viewer_id}"), &[], "").await.status, 204);
    let bearer = format!("Bearer {viewer}");
    assert_eq!(raw("/api/v2/runs", &[("authorization", &bearer)]).await.status, 401);
    // The secret does not appear in the store, and each change has its audit row.
    let database = std::fs::read(server.shell.path("data/stepwell.db-wal")).unwrap();
    // `sw_ID_SECRET`, and the secret may hold `_` too.
    let secret = operator.splitn(3, '_').nth(2).unwrap().as_bytes();
    assert_eq!(secret.len(), 43, "32 bytes in base64");
    assert!(!database.windows(secret.len()).any(|bytes| bytes == secret));
    let audit = server.get("/api/v2/audit").await.json();
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    let expected =
        ["key.revoke", "job.execute", "key.create", "key.create", "key.create", "login.fail", "key.create"];
    assert_eq!(actions, expected);
}

/// The body of `POST /api/v2/jobs/schedule`, with a time in the past.
const PAST: &str = r#"{"job": {"id": "a", "steps": [{"id": "s", "type": "wait", "for": 0}]}, "scheduled_time": "2025-09-02T02:00:00Z"}"#;
const FAR: &str = r#"{"job": {"id": "a", "steps": [{"id": "s", "type": "wait", "for": 0}]}, "scheduled_time": "9999-01-01T00:00:00Z"}"#;

#[tokio::test]
async fn what_is_wrong_is_a_problem_with_its_place() {
    let server = Server::start(Shell::new());
    let large = format!("{{\"job\": \"{}\"}}", "x".repeat(2 << 20));
    for (method, path, body, status, said) in [
        ("GET", "/api/v2/nothing", "", 404, "no operation at this path"),
        ("DELETE", "/api/v2/runs", "", 405, "does not support this method"),
        ("GET", "/api/v2/runs/exec_1", "", 404, "there is no run"),
        ("GET", "/api/v2/runs?limit=0", "", 400, "`limit` must be a whole number from 1 to 1000, not `0`"),
        ("GET", "/api/v2/runs?limit=x", "", 400, "`limit` must be a whole number from 1 to 1000, not `x`"),
        ("GET", "/api/v2/runs?limit=-1", "", 400, "`limit` must be a whole number from 1 to 1000, not `-1`"),
        ("GET", "/api/v2/runs?limit=1&limit=2", "", 400, "the query has `limit` twice"),
        ("GET", "/api/v2/runs?job=a&job_id=b", "", 400, "the query has `job_id` twice"),
        (
            "GET",
            "/api/v2/metrics?hours=99999999999",
            "",
            400,
            "`hours` must be a whole number from 1 to 8760",
        ),
        (
            "POST",
            "/api/v2/system/clean-up?days=-1",
            "",
            400,
            "`days` must be a whole number from 0 to 36500, not `-1`",
        ),
        ("PUT", "/api/v2/jobs/j", "  ", 400, "the document is empty"),
        ("GET", "/api/v2/ledger?decision=foo", "", 400, "the decisions are admitted"),
        (
            "GET",
            "/api/v2/runs?colour=red",
            "",
            400,
            "the query has no parameter `colour`: its parameters are job_id, queue",
        ),
        ("GET", "/api/v2/runs?job=x", "", 200, ""),
        ("GET", "/api/v2/ledger?job=x", "", 200, ""),
        ("GET", "/api/v2/runs?cursor=zzz", "", 400, "`next_cursor` of the previous page"),
        ("POST", "/api/v2/jobs/execute", "{\"job\": {", 400, "1 problem"),
        ("POST", "/api/v2/jobs/schedule", PAST, 422, "is in the past: it is"),
        ("POST", "/api/v2/jobs/schedule", FAR, 422, "more than five years away"),
        ("GET", "/api/v2/runs?status=red", "", 400, "not a status"),
        ("POST", "/api/v2/jobs/execute", "", 400, "empty"),
        (
            "POST",
            "/api/v2/jobs/execute",
            "{\"job\": {\"id\": \"a\",\n \"steps\": 7}}",
            422,
            "the request body has 1 problem",
        ),
        ("POST", "/api/v2/jobs/execute", large.as_str(), 413, ""),
        ("POST", "/api/v2/keys", "{\"name\": 7}", 422, "2 problems"),
        ("POST", "/api/v2/keys", "{\"name\":", 400, "1 problem"),
        (
            "PUT",
            "/api/v2/jobs/b",
            "{\"id\": \"a\", \"steps\": [{\"id\": \"s\", \"type\": \"wait\", \"for\": 0}]}",
            422,
            "the path says",
        ),
        ("POST", "/api/v2/queues/Mars%2FBase/pause", "", 404, "no queue"),
        ("POST", "/api/v2/schedules/none/pause", "", 404, "there is no job `none`"),
    ] {
        let reply = server.request(method, path, &[], body).await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        if status == 200 {
            continue;
        }
        assert_eq!(
            reply.header("content-type").as_deref(),
            Some("application/problem+json"),
            "{method} {path} {reply:?}"
        );
        let problem = reply.json();
        assert_eq!(problem["status"], status, "{method} {path}");
        let section = problem["title"].as_str().unwrap().to_lowercase().replace(' ', "-");
        assert_eq!(problem["type"], format!("/docs/api.md#{section}"), "{method} {path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{method} {path}: {problem}");
    }
    let reply = server
        .request("POST", "/api/v2/jobs/execute", &[], "{\"job\": {\"id\": \"a\",\n \"steps\": 7}}")
        .await;
    let error = reply.json()["errors"][0].clone();
    let expected = json!({"severity": "error", "pointer": "/job/steps", "line": 2, "column": 11, "message": "`steps` must be a list, not `7`"});
    assert_eq!(error, expected);
    // No message repeats a whole value.
    for id in ["x".repeat(10_000), "/".repeat(10_000)] {
        let job = json!({"job": {"id": id, "steps": [{"id": id, "type": id, "q": vec!["x"; 3000]}]}});
        let reply = server.post("/api/v2/jobs/execute", &job).await;
        assert!(reply.status == 422 && reply.body.len() < 6000, "{}", reply.body.len());
    }
}

#[tokio::test]
async fn jobs_have_versions_and_requests_may_be_repeated() {
    let server = Server::start(Shell::new());
    let job = |name: &str| {
        json!({"id": "j", "name": name, "steps": [{"id": "a", "type": "wait", "for": 0}]}).to_string()
    };
    let put = async |headers: &[(&str, &str)], name: &str| {
        server.request("PUT", "/api/v2/jobs/j", headers, &job(name)).await
    };
    let first = put(&[("if-none-match", "*")], "one").await;
    assert_eq!((first.status, first.header("etag").as_deref()), (200, Some("\"1\"")));
    assert_eq!(put(&[("if-none-match", "*")], "two").await.status, 412);
    assert_eq!(put(&[("if-match", "\"7\"")], "two").await.status, 412);
    assert_eq!(put(&[("if-match", "\"1\"")], "two").await.header("etag").as_deref(), Some("\"2\""));
    assert_eq!(server.request("DELETE", "/api/v2/jobs/j", &[("if-match", "\"1\"")], "").await.status, 412);
    let run = async |key: &str, body: &str| {
        server.request("POST", "/api/v2/jobs/j/run", &[("idempotency-key", key)], body).await
    };
    let one = run("k", "{}").await;
    let again = run("k", "{}").await;
    assert_eq!((one.status, again.status), (202, 202));
    assert_eq!(
        (&one.json()["execution_id"], &again.json()["replayed"]),
        (&again.json()["execution_id"], &json!(true))
    );
    assert_eq!(run("k", "{\"priority\": 3}").await.status, 422);
    // The legacy endpoint has the job only in its path: a key of one job does not find the run of another.
    let other = job("one").replace("\"j\"", "\"other\"");
    assert_eq!(server.request("PUT", "/api/v2/jobs/other", &[], &other).await.status, 200);
    let legacy = async |id: &str| {
        let headers = [("idempotency-key", "legacy")];
        server.request("POST", &format!("/api/jobs/{id}/run"), &headers, "").await
    };
    assert_eq!((legacy("j").await.status, legacy("j").await.status), (200, 200));
    assert_eq!(legacy("other").await.status, 422);
    // Pages.
    for _ in 0..5 {
        assert_eq!(server.post("/api/v2/jobs/j/run", &json!({})).await.status, 202);
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = server.get(&format!("/api/v2/runs?limit=4{cursor}")).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["execution_id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

/// A repeated request to run something again returns the run of the first one.
#[tokio::test]
async fn retries_and_redrives_may_be_repeated() {
    let server = Server::start(Shell::new());
    let step = json!({"id": "a", "type": "wait", "until": "${{ vars.day }}T06:00:00Z"});
    let job = json!({"job": {"id": "j", "vars": {"day": "soon"}, "steps": [{"id": "first", "type": "wait", "for": 0}, step]}});
    for operation in ["runs/{id}/retry", "dead-letters/{id}/redrive"] {
        let failed = server.post("/api/v2/jobs/execute", &job).await.json()["execution_id"].clone();
        let path =
            |operation: &str| format!("/api/v2/{}", operation.replace("{id}", failed.as_str().unwrap()));
        let send = async |operation: &str, key: &str, body: &str| {
            server.request("POST", &path(operation), &[("idempotency-key", key)], body).await
        };
        let first = send(operation, operation, "{}").await;
        assert_eq!((first.status, &first.json()["replayed"]), (202, &json!(false)), "{operation}");
        let again = send(operation, operation, "{}").await;
        assert_eq!((again.status, &again.json()["replayed"]), (202, &json!(true)), "{operation}");
        assert_eq!(first.json()["execution_id"], again.json()["execution_id"], "{operation}");
        assert_eq!(first.header("location"), again.header("location"), "{operation}");
        // Another body, or another operation.
        assert_eq!(send(operation, operation, "{\"from_start\": true}").await.status, 422, "{operation}");
        for other in ["runs/{id}/retry", "dead-letters/{id}/redrive"] {
            let status = if other == operation { 202 } else { 422 };
            assert_eq!(send(other, operation, "{}").await.status, status, "{operation} {other}");
        }
        assert_eq!(send(operation, "", "{}").await.status, 400, "{operation}");
        let resolved = if operation.starts_with("runs") { 202 } else { 422 };
        assert_eq!(send(operation, "new", "{}").await.status, resolved, "{operation}");
        // Each of several requests at the same time gets the one run.
        let letter = server.post("/api/v2/jobs/execute", &job).await.json()["execution_id"].clone();
        let path = format!("/api/v2/{}", operation.replace("{id}", letter.as_str().unwrap()));
        let again = async || {
            let reply = server.request("POST", &path, &[("idempotency-key", path.as_str())], "{}").await;
            reply.json()["execution_id"].to_string()
        };
        let (a, b, c, d) = tokio::join!(again(), again(), again(), again());
        let runs = std::collections::BTreeSet::from([a, b, c, d]);
        assert_eq!(runs.len(), 1, "{operation}: {runs:?}");
    }
}

/// Their time in the queue counts from the backfill, and not from their due time.
#[tokio::test]
async fn a_backfill_runs_fires_that_are_older_than_the_queue_timeout() {
    let server = Server::start(Shell::new());
    let job = json!({"id": "old", "schedule": {"cron": "30 * * * *"}, "steps": [{"id": "a", "type": "wait", "for": 0}]});
    assert_eq!(server.request("PUT", "/api/v2/jobs/old", &[], &job.to_string()).await.status, 200);
    let ago = |days: i64, hours: i64| {
        let at = chrono::Utc::now() - chrono::Duration::days(days) + chrono::Duration::hours(hours);
        at.format("%Y-%m-%dT%H:00:00Z").to_string()
    };
    let range = json!({"job_id": "old", "from": ago(40, 0), "to": ago(40, 3)});
    assert_eq!(server.post("/api/v2/backfills", &range).await.status, 200);
    let ended = async || {
        let runs = server.get("/api/v2/runs?job_id=old").await.json()["items"].clone();
        runs.as_array()
            .unwrap()
            .iter()
            .map(|run| run["status"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let done = |runs: &Vec<String>| {
        runs.len() == 3 && !runs.iter().any(|run| ["queued", "running"].contains(&run.as_str()))
    };
    assert_eq!(until("the runs of the backfill", ended, done).await, ["success"; 3]);
}

#[tokio::test]
async fn logs_grow_receipts_tell_and_artifacts_can_be_fetched() {
    let shell = Shell::new().file(
        "policy.yaml",
        "policy: 1\nname: probes\nsteps: [probe]\nsql: [{connection: w}]\nfiles: [{mount: /workspace, workspace: 1MiB, access: write}]\n",
    );
    let server = Server::start(shell);
    let job = json!({"job": {"id": "l", "workspace": "1MiB", "steps": [
        {"id": "a", "type": "probe", "case": "log", "count": 3, "text": "line"},
        {"id": "b", "type": "probe", "case": "write", "count": 10, "path": "/workspace/out.bin"}]}});
    let run = server.post("/api/v2/jobs/execute", &job).await.json();
    let id = run["execution_id"].as_str().unwrap().to_owned();
    assert_eq!(run["status"], "success", "{run}");
    let text = server.get(&format!("/api/v2/runs/{id}/logs")).await.body;
    assert_eq!(text.lines().filter(|line| line.contains("line")).count(), 3, "{text}");
    let events = async |from: &str| {
        let headers = [("accept", "text/event-stream"), ("last-event-id", from)];
        server.request("GET", &format!("/api/v2/runs/{id}/logs"), &headers, "").await.body
    };
    let all = events("0").await;
    assert!(
        all.contains("event: log") && all.contains("id: 3") && all.ends_with("event: end\ndata: success\n\n"),
        "{all}"
    );
    assert!(!events("2").await.contains("id: 2\n"));
    let receipts = server.get(&format!("/api/v2/runs/{id}/receipts")).await.json();
    assert!(receipts["items"][0]["receipt"]["fuel"].as_u64().unwrap() > 0);
    let files = server.get(&format!("/api/v2/runs/{id}/artifacts")).await.json();
    assert_eq!(files["items"], json!([{"path": "out.bin", "bytes": 10}]));
    let file = server.get(&format!("/api/v2/runs/{id}/artifacts/out.bin")).await;
    assert_eq!((file.status, file.body.len()), (200, 10));
    for path in ["..%2Flock", "%2Fetc%2Fpasswd", "../../../stepwell.db", "none"] {
        let reply = server.get(&format!("/api/v2/runs/{id}/artifacts/{path}")).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
    }
    let ask = async || server.get("/api/v2/metrics?hours=24").await.json();
    let metrics = until("metrics", ask, |metrics| metrics["ended"]["success"] == 1).await;
    assert_eq!(metrics["jobs"]["l"]["succeeded"], 1);
    assert_eq!(server.get("/api/v2/system/health").await.json()["status"], "healthy");
    assert_eq!(server.post("/api/v2/system/clean-up?days=0", &json!({})).await.json()["runs"], 1);
    assert_eq!(server.get(&format!("/api/v2/runs/{id}")).await.status, 404);
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_to_wait() {
    let server = Server::start_with(Shell::new(), &["--rate-limit", "5"], "");
    let mut refused = 0;
    for _ in 0..30 {
        let reply = server.get("/api/v2/steps/types").await;
        if reply.status == 429 {
            refused += 1;
            assert_eq!(reply.header("retry-after").as_deref(), Some("1"));
        }
    }
    assert!((10..=25).contains(&refused), "{refused}");
}

/// A full disk: reads work, writes fail with a clear error, and the service recovers by itself.
#[tokio::test]
async fn a_full_disk_refuses_writes_answers_reads_and_passes() {
    let mount = tempfile::tempdir().unwrap();
    let (path, size) = (mount.path().to_str().unwrap().to_owned(), "size=3m");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs", &path]).status();
    if !mounted.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none() || !is_root(), "a tmpfs cannot be mounted");
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    }
    let unmount = Unmount(path.clone());
    let server = Server::start_with(Shell::new(), &["--data-dir", &path], "");
    let job = json!({"job": {"id": "w", "steps": [{"id": "a", "type": "wait", "for": 0}]}});
    assert_eq!(server.post("/api/v2/jobs/execute", &job).await.status, 200);
    std::fs::write(Path::new(&path).join("filler"), vec![0; 1 << 20]).ok();
    let filler = Path::new(&path).join("filler2");
    while std::fs::OpenOptions::new().create(true).append(true).open(&filler).is_ok_and(|mut file| {
        use std::io::Write;
        file.write_all(&[0; 4096]).is_ok()
    }) {}
    let long: Vec<String> = (0..20).map(|_| "x".repeat(10_000)).collect();
    let big = json!({"id": "big", "vars": {"long": long}, "steps": [{"id": "a", "type": "wait", "for": 0}]});
    let put = async || server.request("PUT", "/api/v2/jobs/big", &[], &big.to_string()).await;
    let reply = put().await;
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("1")), "{reply:?}");
    assert_eq!(server.get("/api/v2/runs").await.status, 200);
    std::fs::remove_file(&filler).unwrap();
    let reply = until("it passes", async || put().await, |reply| reply.status == 200).await;
    assert_eq!(reply.status, 200);
    assert_eq!(server.post("/api/v2/jobs/execute", &job).await.status, 200);
    drop((server, unmount));
}

/// The same for a disk that the kernel has made read-only.
#[tokio::test]
async fn a_store_that_becomes_read_only_refuses_writes_answers_reads_and_passes() {
    let shell = Shell::new();
    let (library, flag) = (shell.path("readonly.so"), shell.path("read-only"));
    let source = stepwell_tests::root().join("tests/it/readonly.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(made.is_ok_and(|status| status.success()), "cc, which links Rust programs too, does not work");
    let shell = shell.env("LD_PRELOAD", &library).env("STEPWELL_TEST_READ_ONLY", &flag);
    let server = Server::start(shell);
    let job = json!({"job": {"id": "w", "steps": [{"id": "a", "type": "wait", "for": 0}]}});
    let nap =
        json!({"job": {"id": "n", "steps": [{"id": "a", "type": "probe", "case": "nap", "count": 500}]}});
    let execute = async || server.post("/api/v2/jobs/execute", &job).await;
    assert_eq!(execute().await.status, 200);
    let headers = [("prefer", "respond-async")];
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &nap.to_string()).await;
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let ask = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it runs", ask, |status| status == "running").await;
    std::fs::write(&flag, "").unwrap();
    let reply = execute().await;
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("1")), "{reply:?}");
    assert_eq!(server.get("/api/v2/runs").await.json()["items"].as_array().unwrap().len(), 2);
    // A step that ends meanwhile keeps its result.
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    assert_eq!(ask().await, "running");
    std::fs::remove_file(&flag).unwrap();
    let reply = until("it passes", execute, |reply| reply.status == 200).await;
    assert_eq!(reply.status, 200);
    until("it ends", ask, |status| status == "success").await;
    let view = server.get(&format!("/api/v2/runs/{id}")).await.json();
    assert_eq!(view["steps"][0]["attempts"], 1, "it did not run again: {view}");
}

struct Unmount(String);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", &self.0]).status();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

/// Runs schemathesis over the document, if it is installed.
#[tokio::test]
async fn the_openapi_document_holds_against_random_requests() {
    let found = Command::new("schemathesis").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: schemathesis is not installed (pip install schemathesis)");
        return;
    }
    let server = Server::start(Shell::new());
    let output = Command::new("schemathesis")
        .args(["run", &format!("http://{}/api/v2/openapi.json", server.address)])
        .args(["-H", &format!("Authorization: Bearer {}", server.token)])
        .args([
            "--checks",
            "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance",
        ])
        .args(["--max-examples", "8", "--phases", "fuzzing", "--seed", "3", "--suppress-health-check", "all"])
        // schemathesis saves its findings in its working directory.
        .current_dir(server.shell.path("."))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
}

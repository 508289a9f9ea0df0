//! The content of requests: bodies, times, cursors, versions. Each error has its place and uses Stepwell's
//! own words.

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::server::{Server, until};

const JOB: &str = "{\"id\": \"j\", \"steps\": [{\"id\": \"s\", \"type\": \"probe\", \"case\": \"noop\"}]}";
const NIGHTLY: &str = "{\"id\": \"n\", \"schedule\": {\"cron\": \"0 3 1 1 *\"}, \"steps\": [{\"id\": \"s\", \"type\": \"probe\", \"case\": \"noop\"}]}";

/// Words of libraries, which mean nothing to a client.
const FOREIGN: [&str; 6] = ["expected value", "at line", "invalid type", "serde", "EOF", "premature"];

async fn put(server: &Server, job: &str) {
    let id = serde_json::from_str::<Value>(job).unwrap()["id"].as_str().unwrap().to_owned();
    let reply = server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], job).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn each_body_is_checked_by_the_same_rules() {
    let server = Server::start(Shell::new());
    put(&server, JOB).await;
    let job = json!({"job": serde_json::from_str::<Value>(JOB).unwrap()});
    let run = server.post("/api/v2/jobs/execute", &job);
    let id = run.await.json()["execution_id"].as_str().unwrap().to_owned();
    let paths = [
        "/api/v2/jobs/execute",
        "/api/v2/jobs/schedule",
        "/api/v2/jobs/j/run",
        "/api/v2/schedules/j/pause",
        "/api/v2/backfills",
        &format!("/api/v2/runs/{id}/cancel"),
        &format!("/api/v2/runs/{id}/retry"),
        &format!("/api/v2/runs/{id}/approvals/s"),
        &format!("/api/v2/dead-letters/{id}/redrive"),
        &format!("/api/v2/dead-letters/{id}/discard"),
        "/api/v2/dead-letters/bulk",
        "/api/v2/queues/UTC/pause",
        "/api/v2/steps/hello/rollback",
        "/api/v2/keys",
    ];
    for path in paths {
        for (body, status, pointer) in
            [("{\"a\":", 400, ""), ("[1, 2", 400, ""), ("[]", 422, ""), ("{\"colour\": 1}", 422, "/colour")]
        {
            let reply = server.request("POST", path, &[], body).await;
            assert_eq!(reply.status, status, "{path} {body}: {reply:?}");
            let problem = reply.json();
            let pointers: Vec<&Value> =
                problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
            assert!(pointers.contains(&&json!(pointer)), "{path} {body}: {problem}");
            assert!(problem["errors"][0]["line"].as_u64() > Some(0), "{path} {body}: {problem}");
            let foreign = FOREIGN.iter().find(|words| reply.body.contains(**words));
            assert_eq!(foreign, None, "{path} {body}: {problem}");
        }
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_is_refused_at_its_place() {
    let server = Server::start(Shell::new());
    put(&server, &JOB.replace("\"steps\"", "\"vars\": {\"day\": 1}, \"steps\"")).await;
    put(&server, NIGHTLY).await;
    put(
        &server,
        &NIGHTLY
            .replace("\"n\"", "\"often\"")
            .replace("\"cron\": \"0 3 1 1 *\"", "\"every\": \"1s\", \"start\": \"2000-01-01\""),
    )
    .await;
    let (run, keys, backfills) = ("/api/v2/jobs/j/run", "/api/v2/keys", "/api/v2/backfills");
    let schedule = "/api/v2/jobs/schedule";
    for (path, body, pointer, said) in [
        (
            run,
            json!({"scheduled_time": "9999-01-01T00:00:00Z"}),
            "/scheduled_time",
            "more than five years away",
        ),
        (run, json!({"scheduled_time": "2020-01-01T00:00:00Z"}), "/scheduled_time", "is in the past"),
        (run, json!({"scheduled_time": "soon"}), "/scheduled_time", "`soon` is not a time"),
        (run, json!({"scheduled_time": 7}), "/scheduled_time", "must be text or null, not `7`"),
        (run, json!({"priority": 10}), "/priority", "`priority` must be at most 9, not 10"),
        (run, json!({"priority": -1}), "/priority", "`priority` must be at least 0, not -1"),
        (run, json!({"priority": 1.5}), "/priority", "`priority` must be a whole number or null"),
        (run, json!({"priority": 1e300}), "/priority", "`priority` must be at most"),
        (run, json!({"variables": [1]}), "/variables", "`variables` must be an object, not a list"),
        (run, json!({"variables": {"night": 1}}), "/variables/night", "no variable `night`"),
        (run, json!({"variables": {"day": "x"}}), "/variables/day", "`day` must be"),
        (keys, json!({"name": "", "role": "viewer"}), "/name", "`name` must not be empty"),
        (keys, json!({"name": "a", "role": "king"}), "/role", "is not a known value"),
        (keys, json!({"name": "a", "role": "viewer", "expires_at": "soon"}), "/expires_at", "must be a time"),
        (
            keys,
            json!({"name": "a", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}),
            "/expires_at",
            "in the past",
        ),
        (
            keys,
            json!({"name": "a", "role": "viewer", "expires_at": "2999-01-01T00:00:00Z"}),
            "/expires_at",
            "ten years",
        ),
        (
            keys,
            json!({"name": "a", "role": "viewer", "projects": ["none"]}),
            "/projects",
            "no project `none`",
        ),
        (
            backfills,
            json!({"job_id": "n", "from": "2026-01-02", "to": "2026-01-01"}),
            "/to",
            "must be after `from`",
        ),
        (backfills, json!({"job_id": "n", "from": "1901-01-01", "to": "2026-01-01"}), "/from", "before 1970"),
        (backfills, json!({"job_id": "n", "from": "2026-01-01", "to": "9998-01-01"}), "/to", "50 years away"),
        (
            backfills,
            json!({"job_id": "n", "from": "2050-01-01", "to": "2051-01-01"}),
            "/from",
            "must be in the past",
        ),
        (
            backfills,
            json!({"job_id": "often", "from": "2000-01-01", "to": "2026-01-01"}),
            "/to",
            "more than 100000 fires",
        ),
        (backfills, json!({"job_id": "n", "from": "x", "to": "y"}), "/from", "`x` is not a time"),
        (
            "/api/v2/dead-letters/bulk",
            json!({"action": "redrive", "ids": vec!["x"; 1001]}),
            "/ids",
            "at most 1000 ids",
        ),
        (
            schedule,
            json!({"job": {"id": "a", "steps": []}, "scheduled_time": "2030-01-01"}),
            "/job/steps",
            "at least one step",
        ),
        (
            schedule,
            json!({"job": 7, "scheduled_time": "2030-01-01"}),
            "/job",
            "`job` must be an object, not `7`",
        ),
        (
            schedule,
            json!({"job": {"job_type": "probe", "job_id": "a", "case": 7}, "scheduled_time": "x"}),
            "/job/case",
            "must be text",
        ),
    ] {
        let reply = server.request("POST", path, &[], &body.to_string()).await;
        assert_eq!(reply.status, 422, "{path} {body}: {reply:?}");
        let problem = reply.json();
        let errors: Vec<&Value> = problem["errors"].as_array().unwrap().iter().collect();
        let here = errors.iter().find(|error| error["pointer"] == pointer && error["severity"] == "error");
        let here = here.unwrap_or_else(|| panic!("{path} {body}: {problem}"));
        assert!(here["message"].as_str().unwrap().contains(said), "{path} {body}: {problem}");
        assert!(here["line"].as_u64() > Some(0), "{path} {body}: {problem}");
    }
    let reply = server.post(run, &json!({"variables": {"day": "x", "night": 1}})).await;
    let problem = reply.json();
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        (reply.status, &pointers[..]),
        (422, &["/variables/day", "/variables/night"][..]),
        "{problem}"
    );
    // The planned fires of a backfill are counted in full, and the first ones are shown.
    let range =
        json!({"job_id": "often", "from": "2026-01-01T00:00", "to": "2026-01-01T01:00", "dry_run": true});
    let plan = server.post("/api/v2/backfills", &range).await.json();
    assert_eq!((&plan["total"], plan["to_run"].as_array().unwrap().len()), (&json!(3600), 1000));
    for (query, said) in [
        ("from=9999-01-01", "more than 50 years away"),
        ("from=1900-01-01", "before 1970"),
        ("from=x", "`x` is not a time"),
        ("count=0", "`count` must be a whole number from 1 to 1000, not `0`"),
        ("count=1001", "`count` must be a whole number from 1 to 1000, not `1001`"),
    ] {
        let reply = server.get(&format!("/api/v2/schedules/n/preview?{query}")).await;
        assert!(reply.status == 400 && reply.body.contains(said), "{query}: {reply:?}");
    }
}

/// Lines and columns refer to the body as it was sent, as JSON or as YAML.
#[tokio::test]
async fn a_job_within_a_body_has_the_places_of_the_body() {
    let server = Server::start(Shell::new());
    for (path, body) in [
        ("/api/v2/jobs/schedule", "scheduled_time: 2030-01-01\njob:\n  id: a\n  steps: 7\n"),
        (
            "/api/v2/jobs/schedule",
            "{\"scheduled_time\": \"2030-01-01\",\n\n\"job\": {\"id\": \"a\",\n\"steps\": 7}}",
        ),
        ("/api/v2/jobs/execute", "job:\n\n  id: a\n  steps: 7\n"),
    ] {
        let reply = server.request("POST", path, &[], body).await;
        let error = reply.json()["errors"][0].clone();
        assert_eq!(
            (&error["pointer"], &error["line"]),
            (&json!("/job/steps"), &json!(4)),
            "{path}: {reply:?}"
        );
    }
    let next_year = (chrono::Utc::now() + chrono::Duration::days(365)).to_rfc3339();
    let body = format!("scheduled_time: {next_year}\njob: {JOB}\n");
    let reply = server.request("POST", "/api/v2/jobs/schedule", &[], &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// Pages of one row give the same list as one page, without a repeated or missing row; a cursor of another
/// list is invalid.
#[tokio::test]
async fn pages_of_each_list_are_complete() {
    let server = Server::start(Shell::new());
    let next_year = (chrono::Utc::now() + chrono::Duration::days(365)).to_rfc3339();
    let fails = |id: &str| json!({"id": id, "steps": [{"id": "s", "type": "probe", "case": "fail_until", "count": 9}]});
    for number in 0..4 {
        let id = format!("n{number}");
        put(&server, &NIGHTLY.replace("\"n\"", &format!("\"{id}\""))).await;
        let range = json!({"job_id": id, "from": "2026-06-01", "to": "2026-06-02"});
        assert_eq!(server.post("/api/v2/backfills", &range).await.status, 200);
        let later = json!({"job": fails(&id), "scheduled_time": next_year});
        assert_eq!(server.post("/api/v2/jobs/schedule", &later).await.status, 200);
        let failed = server.post("/api/v2/jobs/execute", &json!({"job": fails(&id)})).await;
        assert_eq!(failed.json()["status"], "failed", "{failed:?}");
    }
    let ended = async || server.get("/api/v2/backfills").await.json()["items"].clone();
    let all_done = |items: &Value| items.as_array().unwrap().iter().all(|item| item["state"] == "done");
    until("the backfills are done", ended, all_done).await;
    let mut cursors = Vec::new();
    for path in [
        "/api/v2/jobs",
        "/api/v2/runs",
        "/api/v2/backfills",
        "/api/v2/dead-letters",
        "/api/v2/dead-letters?state=open",
        "/api/v2/ledger",
        "/api/v2/audit",
    ] {
        let and = if path.contains('?') { '&' } else { '?' };
        let whole = server.get(&format!("{path}{and}limit=1000")).await.json();
        assert_eq!(whole["next_cursor"], Value::Null, "{path}");
        let expected = whole["items"].as_array().unwrap().clone();
        assert!(expected.len() >= 4, "{path}: {whole}");
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{path}{and}limit=1{next}")).await.json();
            found.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
            assert!(found.len() <= expected.len(), "{path} has no end");
        }
        assert_eq!(found, expected, "{path}");
        cursors.push((path, and, next));
    }
    for (path, and, own) in &cursors {
        let others = cursors.iter().filter(|(other, ..)| other.split('?').next() != path.split('?').next());
        let others = others.map(|(_, _, cursor)| cursor.as_str());
        for junk in others.chain(["&cursor=zzz", "&cursor=", "&cursor=exec_1", "&cursor=1|2|3"]) {
            let reply = server.get(&format!("{path}{and}limit=1{junk}")).await;
            assert_eq!(reply.status, 400, "{path} {junk}: {reply:?}");
            assert!(reply.body.contains("`cursor` must be the `next_cursor`"), "{path} {junk}: {reply:?}");
        }
        assert_eq!(server.get(&format!("{path}{and}limit=1{own}")).await.status, 200, "{path}");
    }
}

/// The same job again is not a new version, in any format; quantities keep their spelling.
#[tokio::test]
async fn a_job_that_has_not_changed_keeps_its_version_and_its_words() {
    let server = Server::start(Shell::new());
    let job = |timeout: &Value| {
        json!({"id": "j", "timeout_seconds": timeout, "workspace": "64MiB", "steps": [
            {"id": "s", "type": "probe", "case": "noop", "timeout": "90s", "retry": {"max_attempts": 2, "backoff": 0.5}}]})
    };
    let put = async |headers: &[(&str, &str)], timeout: Value| {
        let reply = server.request("PUT", "/api/v2/jobs/j", headers, &job(&timeout).to_string()).await;
        (reply.status, reply.header("etag").unwrap_or_default())
    };
    let version = |number: u32| (200, format!("\"{number}\""));
    assert_eq!(put(&[], json!("1h")).await, version(1));
    for headers in [&[][..], &[("if-match", "\"1\"")], &[("if-match", "*")], &[("if-match", "W/\"1\"")]] {
        assert_eq!(put(headers, json!("1h")).await, version(1), "{headers:?}");
    }
    for headers in [("if-match", "\"2\""), ("if-none-match", "*")] {
        assert_eq!(put(&[headers], json!("1h")).await.0, 412, "{headers:?}");
    }
    for (sent, number) in [(json!("1h"), 1), (json!(3600), 2), (json!("3600s"), 3), (json!(0.5), 4)] {
        assert_eq!(put(&[], sent.clone()).await, version(number), "{sent}");
        let stored = server.get("/api/v2/jobs/j").await.json()["job"].clone();
        assert_eq!(stored["timeout_seconds"], sent);
        assert_eq!(stored["workspace"], "64MiB");
        let step = &stored["steps"][0];
        assert_eq!((&step["timeout"], &step["retry"]["backoff"]), (&json!("90s"), &json!(0.5)), "{step}");
    }
}

/// A client that stores a job learns which decisions to make; a client that runs it does not, each time.
#[tokio::test]
async fn advice_comes_when_a_job_is_stored() {
    let shell = Shell::new().file("job.yaml", JOB);
    let command = |arguments: &[&str]| {
        let output = shell.command(&shell.with_probe(arguments)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).contains("is not idempotent")
    };
    assert!(command(&["validate", "job.yaml"]));
    assert!(command(&["jobs", "put", "job.yaml"]));
    assert!(!command(&["run", "job.yaml"]));
    let server = Server::start(Shell::new());
    let stored = server.request("PUT", "/api/v2/jobs/j", &[], JOB).await.json();
    let warning = &stored["warnings"][0];
    assert_eq!(
        (&warning["severity"], &warning["pointer"]),
        (&json!("warning"), &json!("/steps/0")),
        "{stored}"
    );
    assert!(warning["message"].as_str().unwrap().contains("is not idempotent"), "{stored}");
    assert_eq!(server.get("/api/v2/jobs/j").await.json()["warnings"], Value::Null);
}

#[tokio::test]
async fn what_is_built_in_cannot_be_removed() {
    let server = Server::start(Shell::new());
    for (method, path, said) in [
        ("DELETE", "/api/v2/steps/sql", "`sql` is a built-in step and cannot be removed"),
        ("DELETE", "/api/v2/steps/approval", "`approval` is a part of the engine and cannot be removed"),
        ("DELETE", "/api/v2/steps/probe", "cannot be removed here"),
        ("POST", "/api/v2/steps/sql/rollback", "`sql` is a built-in step and cannot be rolled back"),
    ] {
        let reply = server.request(method, path, &[], "").await;
        assert!(reply.status == 409 && reply.body.contains(said), "{method} {path}: {reply:?}");
    }
}

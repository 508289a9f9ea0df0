//! The pages of runs and approvals in the web UI.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server, until};

const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[2J\u{202e}";

/// Sends the form of a page whose action is for this operation, with these fields instead of its own.
async fn send(person: &Person<'_>, page: &str, operation: &str, fields: &[(&str, &str)]) -> Reply {
    let body = person.get(page).await.body;
    let action = format!("action=\"/ui/p/default/do/{operation}\"");
    let (_, form) = body.split_once(&action).unwrap_or_else(|| panic!("{page} has no {operation}: {body}"));
    let form = form.split_once("</form>").unwrap().0;
    let mut sent: Vec<(String, String)> = Vec::new();
    for input in form.split("<input ").skip(1) {
        let attribute = |name: &str| {
            let value = input.split_once(&format!("{name}=\""))?.1;
            Some(value.split_once('"')?.0.replace("&amp;", "&"))
        };
        let name = attribute("name").unwrap();
        let own = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| (*value).to_owned());
        sent.push((name.clone(), own.or(attribute("value")).unwrap_or_default()));
    }
    let sent: Vec<(&str, &str)> = sent
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let reply = person.post(&format!("/do/{operation}"), &sent).await;
    assert_eq!(reply.status, 303, "{reply:?}");
    reply
}

async fn key(server: &Server, role: &str) -> String {
    let made =
        server.post("/api/v2/keys", &json!({"name": role, "role": role, "projects": ["default"]})).await;
    made.json()["token"].as_str().unwrap().to_owned()
}

/// Starts a run, and waits until it has this status.
async fn run(server: &Server, job: &Value, status: &str) -> String {
    let body = json!({"job": job}).to_string();
    let reply = server.request("POST", "/api/v2/jobs/execute", &[("prefer", "respond-async")], &body).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let now = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("the run", now, |now| now == status).await;
    id
}

fn with_files() -> Shell {
    let policy = "policy: 1\nname: probes\nsteps: [probe]\nsql: [{connection: w}]\n\
        files: [{mount: /workspace, workspace: 1MiB, access: write}]\n";
    Shell::new().file("policy.yaml", policy)
}

/// A run with groups, a retry, hostile texts, a denial and a file.
fn job() -> Value {
    let echo = |id: &str, text: &str| json!({"id": id, "type": "probe", "case": "echo", "text": text});
    json!({"id": "shown", "name": "Shown <b>", "workspace": "1MiB", "steps": [
        echo("first", HOSTILE),
        {"id": "each", "type": "parallel_group", "for_each": ["a", "b"], "parallel_steps": [echo("one", "${{ item }}"), echo("two", "x")]},
        {"id": "says", "type": "probe", "case": "log", "count": 3, "text": HOSTILE},
        {"id": "writes", "type": "probe", "case": "write", "count": 10, "path": "/workspace/out.bin"},
        {"id": "again", "type": "probe", "case": "fail_until", "count": 2, "text": "not yet", "retry": {"max_attempts": 2, "backoff": "1s"}},
        {"id": "asks", "type": "probe", "case": "http", "url": "https://a.example.com/x", "continue_on_failure": true},
        {"id": "fails", "type": "probe", "case": "fail", "text": HOSTILE}]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_shown_with_its_steps_times_and_reasons() {
    let server = Server::start(with_files());
    let id = run(&server, &job(), "failed").await;
    let (viewer, operator) = (key(&server, "viewer").await, key(&server, "operator").await);
    let viewer = Person::log_in(&server, &viewer).await;
    let operator = Person::log_in(&server, &operator).await;
    let at = format!("/runs/{id}");
    let texts = [
        "Shown &lt;b&gt;",
        "data-status=\"failed\"",
        "each[0].one",
        "Fix: ",
        "svg class=\"timeline\"",
        // The graph has the branches of the run.
        "svg class=\"graph\"",
        "<title>each[0].one: ",
        "Times of the attempts",
        "key:",
        "Trace id",
    ];
    let page = viewer.page(&at, &texts).await;
    for button in ["retryRun", "discardDeadLetter", "redriveDeadLetter", "cancelRun"] {
        assert!(!page.contains(button), "{button}");
    }
    // The run has ended, so the page does not renew itself.
    assert!(!page.contains("hx-trigger") && !page.contains("style="), "{page}");
    let page = operator
        .page(&at, &["retryRun", "discardDeadLetter", "redriveDeadLetter", "Retry from the failed step"])
        .await;
    assert!(!page.contains("do/cancelRun"));
    let renewed = operator.get_with(&at, &[("hx-request", "true")]).await;
    assert_eq!(renewed.header("hx-refresh").as_deref(), Some("true"));
    assert_eq!(viewer.get("/runs/exec_20200101_000000_001").await.status, 404);

    // A retry leads to the new run, which names the run that it retries.
    let reply = send(&operator, &at, "retryRun", &[]).await;
    let next = reply.header("location").unwrap();
    let new = next.strip_prefix("/ui/p/default").unwrap();
    assert!(new.starts_with("/runs/exec_") && new != at, "{next}");
    operator.page(new, &["Retry of", &id]).await;
    let reply = send(&operator, &at, "discardDeadLetter", &[("reason", "known")]).await;
    assert_eq!(reply.header("location").unwrap(), format!("/ui/p/default{at}"));
    operator.page(&at, &["The dead letter is closed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_shown_with_its_output_limits_and_denials() {
    let server = Server::start(with_files());
    let id = run(&server, &job(), "failed").await;
    let viewer = Person::log_in(&server, &key(&server, "viewer").await).await;
    let at = |step: &str| format!("/runs/{id}/steps/{step}");
    viewer.page(&at("first"), &["Output", "&lt;script&gt;", "<meter", "CPU (fuel)", "Attempt 1"]).await;
    viewer.page(&at("each%5B1%5D.one"), &["Step each[1].one", "&quot;b&quot;"]).await;
    viewer.page(&at("again"), &["Attempt 2", "Attempt 1", "not yet"]).await;
    viewer.page(&at("asks"), &["HTTP_NOT_GRANTED"]).await;
    viewer.page(&at("fails"), &["The step has no output"]).await;
    viewer.page(&at("each"), &["Step each"]).await;
    assert_eq!(viewer.get(&at("other")).await.status, 404);
    let whole = viewer.get(&format!("{}/output.json", at("first"))).await;
    assert!(whole.header("content-disposition").unwrap().starts_with("attachment"), "{whole:?}");
    assert_eq!(whole.json(), HOSTILE);
    let limits = server.get(&format!("/api/v2/runs/{id}/steps/first/limits")).await.json();
    assert_eq!((&limits["policy"], &limits["wall_seconds"]), (&json!("policy `probes`"), &json!(60.0)));
    let only = server.get(&format!("/api/v2/runs/{id}/receipts?step=again")).await.json();
    assert_eq!(only["items"].as_array().unwrap().len(), 2);
    let times = server.get(&format!("/api/v2/runs/{id}/timeline")).await.json();
    let ends: Vec<&Value> = times["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|attempt| attempt["step_id"] == "again")
        .map(|attempt| &attempt["end"])
        .collect();
    assert_eq!((ends, &times["origin"]), (vec![&json!("failed"), &json!("succeeded")], &json!("api")));
    let bare = server.get(&format!("/api/v2/runs/{id}?values=false")).await.json();
    assert_eq!(
        (&bare["steps"][0]["value"], &bare["steps"][0]["value_truncated"]),
        (&Value::Null, &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_followed_and_downloaded() {
    let server = Server::start(with_files());
    let id = run(&server, &job(), "failed").await;
    let viewer = Person::log_in(&server, &key(&server, "viewer").await).await;
    viewer.page(&format!("/runs/{id}/log"), &["data-log-stream=", "log.txt"]).await;
    let stream = viewer.get(&format!("/runs/{id}/log/stream")).await;
    assert_eq!(stream.header("content-type").as_deref(), Some("text/event-stream"), "{stream:?}");
    let messages = |body: &str| -> Vec<Value> {
        body.lines()
            .filter_map(|line| line.strip_prefix("data: {"))
            .map(|rest| serde_json::from_str(&format!("{{{rest}")).unwrap())
            .collect()
    };
    let all = messages(&stream.body);
    let says: Vec<&Value> = all.iter().filter(|line| line["step"] == "says").collect();
    assert_eq!((says.len(), &says[0]["level"]), (3, &json!("warn")), "{stream:?}");
    assert!(
        says[2]["text"].as_str().unwrap().ends_with(" n=2") && stream.body.contains("event: end"),
        "{stream:?}"
    );
    let number = says[1]["number"].to_string();
    let rest = viewer.get_with(&format!("/runs/{id}/log/stream"), &[("last-event-id", &number)]).await;
    assert_eq!(messages(&rest.body)[0]["text"], says[2]["text"]);
    let text = viewer.get(&format!("/runs/{id}/log.txt")).await;
    assert!(text.header("content-disposition").unwrap().contains(&format!("{id}.txt")), "{text:?}");
    assert!(text.body.contains(" warn says/1 ") && !text.body.contains('\u{1b}'), "{text:?}");
    // A stream of a session follows a run for longer than the checks of its key.
    let napping =
        json!({"id": "naps", "steps": [{"id": "nap", "type": "probe", "case": "nap", "count": 8000}]});
    let id = run(&server, &napping, "running").await;
    let stream = viewer.get(&format!("/runs/{id}/log/stream")).await;
    assert!(stream.body.contains("event: end"), "{stream:?}");
}

/// The directory that has this file.
fn directory_of(dir: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path()).collect();
    if entries.iter().any(|path| path.file_name().is_some_and(|found| found == name)) {
        return Some(dir.to_owned());
    }
    entries.iter().find_map(|path| directory_of(path, name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_shown_as_text_and_images_without_scripts() {
    let server = Server::start(with_files());
    let id = run(&server, &job(), "failed").await;
    let dir = directory_of(&server.shell.path("data"), "out.bin").unwrap();
    fs::create_dir(dir.join("sub")).unwrap();
    let html = format!("{HOSTILE}<svg onload=alert(2)>");
    for (name, content) in [
        ("sub/a b.html", html.as_bytes()),
        ("t.csv", b"id;name\n1;\"<script>alert(3)</script>\"\n"),
        ("v.json", b"{\"key\": [1, {\"deep\": true}]}"),
        ("p.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("fake.png", b"<script>alert(4)</script>"),
        ("p.parquet", b"PAR1\0"),
    ] {
        fs::write(dir.join(name), content).unwrap();
    }
    let viewer = Person::log_in(&server, &key(&server, "viewer").await).await;
    let at = |rest: &str| format!("/runs/{id}/{rest}");
    viewer.page(&at("files"), &["out.bin", "sub/a b.html", "10B"]).await;
    viewer.page(&at("files/sub/a%20b.html"), &["&lt;svg onload"]).await;
    viewer.page(&at("files/t.csv"), &["<th scope=\"col\">name</th>", "&lt;script&gt;alert(3)"]).await;
    viewer.page(&at("files/v.json"), &["<strong>deep</strong>"]).await;
    viewer.page(&at("files/p.png"), &["<img class=\"preview\""]).await;
    viewer.page(&at("files/fake.png"), &["&lt;script&gt;"]).await;
    viewer.page(&at("files/p.parquet"), &["Download it"]).await;
    let image = viewer.get(&at("image/p.png")).await;
    assert_eq!(image.header("content-type").as_deref(), Some("image/png"));
    assert_eq!(image.header("content-security-policy").as_deref(), Some("default-src 'none'; sandbox"));
    assert_eq!(image.header("x-content-type-options").as_deref(), Some("nosniff"));
    for other in ["image/fake.png", "image/sub/a%20b.html"] {
        assert_eq!(viewer.get(&at(other)).await.status, 415, "{other}");
    }
    let file = viewer.get(&at("download/sub/a%20b.html")).await;
    assert_eq!(file.header("content-type").as_deref(), Some("application/octet-stream"));
    assert_eq!(file.header("content-disposition").as_deref(), Some("attachment; filename=\"a_b.html\""));
    assert_eq!(file.body, html);
    for gone in ["files/none.txt", "download/..%2Fx", "files/../x"] {
        assert!(matches!(viewer.get(&at(gone)).await.status, 400 | 404), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_decided_on_the_content_that_the_page_shows() {
    let server = Server::start(Shell::new());
    let job = json!({"id": "release", "steps": [
        {"id": "ok", "type": "approval", "message": HOSTILE, "approvers": ["role:operator"]},
        {"id": "deploy", "type": "probe", "case": "echo", "text": "to production"}]});
    let id = run(&server, &job, "parked").await;
    let viewer = Person::log_in(&server, &key(&server, "viewer").await).await;
    let operator = Person::log_in(&server, &key(&server, "operator").await).await;
    let at = format!("/approvals/{id}/ok");
    viewer.page("/approvals", &[&at, "role:operator"]).await;
    let page = viewer.page(&at, &["to production", "sha256:", "&lt;script&gt;"]).await;
    assert!(!page.contains("decideApproval"));
    operator.page(&format!("/runs/{id}"), &["Decide", "hx-trigger=\"every 2s\"", "do/cancelRun"]).await;
    operator.page(&at, &["decideApproval", "name=\"digest\"", "Reject"]).await;
    // The request has changed since the page was shown.
    let reply = send(&operator, &at, "decideApproval", &[("digest", "sha256:0")]).await;
    assert!(reply.header("set-cookie").unwrap().contains("problem"), "{reply:?}");
    operator.page("/approvals", &[&at]).await;
    send(&operator, &at, "decideApproval", &[("comment", "go")]).await;
    let status = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("the approved run", status, |status| status == "success").await;
    viewer.page("/approvals", &["No approvals"]).await;
    assert!(matches!(viewer.get(&at).await.status, 404 | 409));
}

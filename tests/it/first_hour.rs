//! Surprises that readers of the documentation met in their first hour.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::proxy::{Fault, Proxy};

use crate::cli::Shell;
use crate::server::{Server, until};

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// Returns the exit code of a command, and all its output.
fn run(shell: &Shell, line: &str) -> (Option<i32>, String) {
    let output = shell.command(&words(line)).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// A range whose end is a clock change, and whose start is now, was searched endlessly.
#[test]
fn a_preview_ends_at_a_change_of_the_clocks() {
    for (rule, result) in [("{}", "runs"), ("{gap: skip}", "gap"), ("{gap: shift}", "runs")] {
        let schedule = format!("{{at: '2027-03-28T02:30:00', dst: {rule}}}");
        let job = format!(
            "{{id: once, timezone: Europe/Berlin, schedule: {schedule}, steps: [{{id: w, type: wait, for: 1}}]}}"
        );
        let (code, told) = run(&Shell::new().file("job.yaml", &job), "schedules preview job.yaml");
        assert!(code == Some(0) && told.contains(result), "{rule}: {told}");
        assert!(told.contains("clocks go forward by 1h at 2027-03-28 01:00:00Z"), "{rule}: {told}");
    }
}

#[test]
fn a_secret_in_a_file_is_shown_by_no_message() {
    for config in [
        "connections:\n  w:\n    type: postgres\n    password: hunter2\n",
        "{\"connections\": {\"w\": {\"type\": \"postgres\", \"password\": \"hunter2\", \"pasword\": 1}}}",
        "secrets: {token: hunter2}\n",
        "azure_devops: {organizations: {contoso: {pat: hunter2}}}\n",
        "connections: {w: {type: sqlite, path: w.db, password: hunter2}}\n",
    ] {
        let shell = Shell::new().file("stepwell.yaml", config);
        let (code, told) = run(&shell, "config show --config stepwell.yaml");
        assert!(code == Some(2) && !told.contains("hunter2"), "{config}: {told}");
        assert!(told.contains("stepwell.yaml:"), "{config}: {told}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_a_reader_that_has_gone_is_none() {
    let shell = Shell::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = shell.command(&words("schema job")).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("standard output cannot be written: no storage space"), "{told}");
    let mut child = shell.command(&words("schema openapi")).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_waits_while_the_service_is_away() {
    let server = Server::start(Shell::new().file("key", ""));
    let job = json!({"id": "nap", "steps": [{"id": "w", "type": "wait", "for": 4}]});
    assert_eq!(server.request("PUT", "/api/v2/jobs/nap", &[], &job.to_string()).await.status, 200);
    let key = server.shell.path("key");
    std::fs::write(&key, &server.token).unwrap();
    let port = server.address.rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(port).await;
    let line =
        format!("jobs run nap --wait --server http://127.0.0.1:{} --key-file {}", proxy.port, key.display());
    let mut command = server.shell.command(&words(&line));
    let waiting = tokio::task::spawn_blocking(move || command.output().unwrap());
    let runs = async || server.get("/api/v2/runs?job_id=nap").await.json()["items"].as_array().unwrap().len();
    until("the run is there", runs, |count| *count == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    proxy.set(Fault::Refuse);
    proxy.reset();
    tokio::time::sleep(Duration::from_secs(2)).await;
    proxy.set(Fault::None);
    let output = waiting.await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.starts_with("run exec_") && told.contains("trying again"), "{told}");
}

/// An approval whose message cannot be filled in fails, and asks no approver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_whose_message_cannot_be_filled_in_fails() {
    let server = Server::start(Shell::new());
    let step = json!({"id": "ok", "type": "approval", "message": "Deploy ${{ vars.n // 0 }}?"});
    let job = json!({"job": {"id": "asks", "vars": {"n": 1}, "steps": [step]}});
    let run = server.post("/api/v2/jobs/execute", &job).await.json();
    assert_eq!(run["status"], "failed", "{run}");
    assert_eq!(run["steps"][0]["outcome"]["class"], "invalid_config", "{run}");
    assert!(run["steps"][0]["output"].as_str().unwrap().contains("`message`"), "{run}");
}

/// A queue has runs of every job: a key for some jobs cannot stop it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_some_jobs_does_not_touch_what_concerns_all() {
    let server = Server::start(Shell::new());
    let wanted = json!({"name": "ci", "role": "admin", "projects": ["*"], "jobs": ["rel*"]});
    let token = server.post("/api/v2/keys", &wanted).await.json()["token"].as_str().unwrap().to_owned();
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    for (method, path, status) in [
        ("POST", "/api/v2/queues/UTC/pause", 403),
        ("POST", "/api/v2/queues/UTC/resume", 403),
        ("DELETE", "/api/v2/steps/hello", 403),
        ("POST", "/api/v2/keys", 403),
        ("GET", "/api/v2/runs", 200),
    ] {
        let reply = server.raw(method, path, &headers, "").await.unwrap();
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        let told: Value = reply.json();
        assert!(
            status == 200 || told["detail"].as_str().unwrap().contains("restricted to some jobs"),
            "{told}"
        );
    }
}

//! The web UI in a real browser: journeys, accessibility, and no errors in the console.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use stepwell_tests::{guest, root};

use crate::cli::Shell;
use crate::server::Server;

/// Returns whether the browser and the packages of the script are there. In CI, they must be.
pub fn is_there() -> bool {
    let browser = std::env::var("STEPWELL_TEST_BROWSER").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let missing = if !Path::new(&browser).exists() {
        "chromium is not installed"
    } else if !root().join("tests/browser/node_modules").is_dir() {
        "`make browser` has not installed the packages"
    } else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    println!("skipped: {missing}");
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_do_their_work_in_a_browser() {
    if !is_there() {
        return;
    }
    let server = Server::start(Shell::new());
    for job in [
        json!({"id": "nightly", "timezone": "Europe/Berlin", "schedule": {"cron": "30 2 * * *"},
            "steps": [{"id": "pause", "type": "wait", "for": 0}]}),
        json!({"id": "slow", "steps": [{"id": "pause", "type": "wait", "for": 3600}]}),
        json!({"id": "asks", "steps": [{"id": "ok", "type": "approval", "message": "Go <b>on</b>?"}]}),
        json!({"id": "fails", "steps": [{"id": "late", "type": "wait", "until": "${{ 'no time' }}"}]}),
    ] {
        let id = job["id"].as_str().unwrap().to_owned();
        let stored = server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job.to_string()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        if id != "nightly" {
            assert_eq!(server.post(&format!("/api/v2/jobs/{id}/run"), &json!({})).await.status, 202);
        }
    }
    let component = guest("hello_step").display().to_string();
    visit("check.js", &server, &[&server.token, &component]).await;
}

/// Runs a script, which says that it has found no problem.
async fn visit(script: &str, server: &Server, keys: &[&str]) {
    let address = format!("http://{}", server.address);
    let arguments: Vec<String> =
        [script, &address].iter().chain(keys).map(|argument| (*argument).to_owned()).collect();
    let run = move || {
        let mut node = Command::new("node");
        node.args(arguments).current_dir(root().join("tests/browser")).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" 0 problems"), "{said}{errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_browsers_of_two_projects_see_nothing_of_each_other() {
    if !is_there() {
        return;
    }
    let config = "connections: {w: {type: sqlite, path: w.db}}\nprojects: {team-a: {}, team-b: {}}\n";
    let server = Server::start(Shell::new().file("config.yaml", config));
    let key = async |project: &str| {
        let new = json!({"name": format!("of-{project}"), "role": "operator", "projects": [project]});
        server.post("/api/v2/keys", &new).await.json()["token"].as_str().unwrap().to_owned()
    };
    let (ann, bob) = (key("team-a").await, key("team-b").await);
    visit("projects.js", &server, &[&ann, &bob]).await;
}

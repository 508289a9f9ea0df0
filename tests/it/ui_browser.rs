//! The web UI in a real browser: journeys, accessibility, and no errors in the console.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use stepwell_tests::root;

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
    let (address, key) = (format!("http://{}", server.address), server.token.clone());
    let run = move || {
        let mut node = Command::new("node");
        node.args(["check.js", &address, &key]).current_dir(root().join("tests/browser")).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" 0 problems"), "{said}{errors}");
}

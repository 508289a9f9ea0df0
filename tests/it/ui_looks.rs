//! The looks of the pages of the web UI, compared with earlier ones.

use std::process::Command;

use serde_json::json;
use stepwell_tests::root;

use crate::cli::Shell;
use crate::server::{Server, until};
use crate::ui_browser::is_there;

/// The pages, each with a name. `RUN` stands for the run of a group.
const PAGES: [&str; 7] = [
    "overview=",
    "queues=/queues",
    "editor=/jobs/stores/edit",
    "run=RUN",
    "dead-letters=/dead-letters",
    "approvals=/approvals",
    "queues-dark=/queues",
];

/// Stores jobs and runs them until each has its status. Returns the run of the first one.
async fn filled(server: &Server) -> String {
    let step = |id: &str| json!({"id": id, "type": "wait", "for": 0});
    let mut runs = Vec::new();
    for (job, status) in [
        (
            json!({"id": "stores", "name": "Store reports", "timezone": "America/Sao_Paulo", "steps": [
                step("open"),
                {"id": "each", "type": "parallel_group", "for_each": ["north", "south", "east"],
                 "parallel_steps": [step("call"), step("note")]},
                step("close")]}),
            "success",
        ),
        (
            json!({"id": "asks", "steps": [{"id": "ok", "type": "approval", "message": "Continue?"}]}),
            "parked",
        ),
        (
            json!({"id": "fails", "timezone": "Asia/Tokyo",
                "steps": [{"id": "late", "type": "wait", "until": "${{ 'no time' }}"}]}),
            "failed",
        ),
    ] {
        let id = job["id"].as_str().unwrap();
        let stored = server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job.to_string()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let run = server.post(&format!("/api/v2/jobs/{id}/run"), &json!({})).await.json();
        let run = run["execution_id"].as_str().unwrap().to_owned();
        let now = async || server.get(&format!("/api/v2/runs/{run}")).await.json()["status"].clone();
        until(id, now, |now| now == status).await;
        runs.push(run);
    }
    runs.swap_remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_look_as_before() {
    if !is_there() {
        return;
    }
    let server = Server::start(Shell::new());
    let run = format!("/runs/{}", filled(&server).await);
    let (address, key) = (format!("http://{}", server.address), server.token.clone());
    let looks = move || {
        let found = root().join("target/looks");
        let mut node = Command::new("node");
        node.args(["looks.js", &address, &key]).arg(found);
        node.args(PAGES.map(|page| page.replace("RUN", &run))).current_dir(root().join("tests/browser"));
        node.output().unwrap()
    };
    let output = tokio::task::spawn_blocking(looks).await.unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" 0 look different"), "{said}{errors}");
}

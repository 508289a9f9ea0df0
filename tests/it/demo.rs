//! `stepwell demo`: its samples, its pages, and its end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::root;

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server, until};

type Log = Arc<Mutex<Vec<String>>>;

/// A shell whose temporary directories are in a directory of its own.
fn shell() -> (Shell, PathBuf) {
    let shell = Shell::new();
    let temporary = shell.path("tmp");
    fs::create_dir(&temporary).unwrap();
    (shell.env("TMPDIR", &temporary), temporary)
}

/// Waits until the samples have run. The first run of a step compiles it.
async fn ran(log: &Log) {
    for _ in 0..3000 {
        if log.lock().unwrap().iter().any(|line| line.contains("The samples have run")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the samples do not run: {:?}", log.lock());
}

/// Returns the samples: the id of each, and the status with which its text says that it ends.
fn samples() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("host/server/demo/jobs")).unwrap().flatten();
    let field = |text: &str, name: &str| {
        let (_, rest) = text.split_once(name).unwrap_or_else(|| panic!("no `{name}`: {text}"));
        rest.split(['\n', '}']).next().unwrap().trim().to_owned()
    };
    let mut found: Vec<(String, String)> = entries
        .map(|entry| fs::read_to_string(entry.path()).unwrap())
        .map(|text| (field(&text, "\nid:"), field(&text, "\nmetadata: {ends:")))
        .collect();
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

/// Returns the names in a directory.
fn names(path: &Path) -> BTreeSet<String> {
    fs::read_dir(path).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn each_sample_is_valid_without_a_warning() {
    let (shell, demo) = (Shell::new(), root().join("host/server/demo"));
    let copied = std::process::Command::new("cp").arg("-r").arg(&demo).arg(shell.path("demo")).status();
    assert!(copied.unwrap().success());
    // The demo begins with an empty database.
    fs::write(shell.path("demo/shop.db"), "").unwrap();
    let arguments = ["validate", "jobs", "--policy", "policy.yaml", "--config", "stepwell.yaml"];
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let output = shell.command(&arguments).current_dir(shell.path("demo")).output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !errors.contains("warning"), "{said}{errors}");
    for (id, _) in samples() {
        assert!(said.contains(&format!("the job `{id}` is valid")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_shows_every_page_with_content_until_ctrl_c() {
    let (shell, temporary) = shell();
    let (mut server, link, log) = Server::start_demo(shell, &[]);
    let made = names(&temporary);
    assert!(made.iter().all(|name| name.starts_with("stepwell-demo-")) && made.len() == 1, "{made:?}");
    one_person_uses_the_link(&server, &link).await;
    let person = Person::log_in(&server, &server.token).await;
    ran(&log).await;
    the_samples_end_as_their_texts_say(&server).await;
    the_pages_have_content(&person).await;
    // The oldest runs are those of the samples; a backfill starts the others.
    let daily = runs(&server, "daily-sales").await.pop().unwrap();
    the_files_of_a_run_are_there(&person, daily["execution_id"].as_str().unwrap()).await;
    let denied = runs(&server, "forbidden-download").await.remove(0);
    let denied = format!("/runs/{}", denied["execution_id"].as_str().unwrap());
    person.page(&denied, &["data-status=\"failed\"", "Fix: "]).await;
    person.page(&format!("{denied}/steps/download"), &["HTTP_NOT_GRANTED", "downloads.example.com"]).await;
    a_person_lets_what_waits_end(&server).await;
    assert_eq!(server.end("INT"), Some(0), "{:?}", log.lock());
    assert_eq!(names(&temporary), BTreeSet::new(), "the temporary directory stays");
    let log = log.lock().unwrap().join("\n");
    assert!(!log.contains("ERROR") && !log.contains("panic"), "{log}");
}

/// The link logs in once. A request for its headers does not use it up.
async fn one_person_uses_the_link(server: &Server, link: &str) {
    let visit = async |method: &str, path: &str| server.raw(method, path, &[], "").await.unwrap();
    assert_eq!(visit("HEAD", link).await.status, 401);
    let other = link.split_once('=').unwrap().0.to_owned() + "=other";
    let refused: Reply = visit("GET", &other).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
    let first = visit("GET", link).await;
    assert_eq!((first.status, first.header("location").as_deref()), (303, Some("/ui")));
    let cookie = first.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    let page = server.raw("GET", "/ui/p/default", &[("cookie", session)], "").await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    let second = visit("GET", link).await;
    assert_eq!((second.status, second.header("set-cookie")), (401, None));
    assert!(
        second.body.contains("This link works once")
            && second.body.contains("the API key that <code>stepwell demo</code> printed"),
        "{}",
        second.body
    );
    // The person who used it opens it again.
    let again = server.raw("GET", link, &[("cookie", session)], "").await.unwrap();
    assert_eq!(again.status, 303, "{again:?}");
}

async fn runs(server: &Server, job: &str) -> Vec<Value> {
    let found = server.get(&format!("/api/v2/runs?job_id={job}&limit=100")).await.json();
    found["items"].as_array().unwrap().clone()
}

async fn the_samples_end_as_their_texts_say(server: &Server) {
    for (id, ends) in samples() {
        let found = runs(server, &id).await;
        assert!(!found.is_empty(), "{id} has not run");
        for run in &found {
            let status = run["status"].as_str().unwrap();
            let id = id.as_str();
            // The queue of the first one is closed at night; schedules and a backfill start runs of the others.
            let may_be_under_way = ["island-ferry", "market-open", "daily-sales"].contains(&id)
                && ["queued", "running", "parked"].contains(&status);
            assert!(status == ends || may_be_under_way, "{id}: {run}");
        }
    }
}

async fn the_pages_have_content(person: &Person<'_>) {
    for (path, texts) in [
        ("", &["Release the web site", "Asia/Tokyo"][..]),
        (
            "/queues",
            &[
                "Asia/Tokyo",
                "the exchange is closed for maintenance",
                "Australia/Lord_Howe",
                "America/Sao_Paulo",
            ],
        ),
        ("/jobs", &["Daily sales", "Month end", "Store reports", "Forbidden download"]),
        ("/jobs/month-end", &["<svg"]),
        ("/schedules", &["night-backup", "the stores count their stock"]),
        ("/schedules/night-backup", &["Europe/Berlin"]),
        ("/calendar", &["<table"]),
        ("/ledger", &["backfilled", "daily-sales"]),
        ("/backfills", &["daily-sales"]),
        ("/dead-letters", &["invoice", "503", "denied"]),
        ("/approvals", &["Release the web site to all customers?"]),
        ("/steps", &["data_processing", "azure_devops"]),
        ("/connections", &["shop"]),
        ("/connections/azure-devops", &["contoso"]),
        ("/audit", &["queue.pause"]),
        ("/access", &["demo"]),
    ] {
        person.page(path, texts).await;
    }
}

async fn the_files_of_a_run_are_there(person: &Person<'_>, id: &str) {
    person
        .page(&format!("/runs/{id}/files"), &["report.csv", "summary.json", "rates.png", "report.csv.gz"])
        .await;
    for (file, content) in
        [("report.csv", "percent_of_target"), ("summary.json", "regions"), ("rates.png", "class=\"preview\"")]
    {
        let page = person.get(&format!("/runs/{id}/files/{file}")).await;
        assert!(page.status == 200 && page.body.contains(content), "{file}: {page:?}");
    }
    let image = person.get(&format!("/runs/{id}/image/rates.png")).await;
    assert_eq!((image.status, image.header("content-type").as_deref()), (200, Some("image/png")));
}

/// A person approves a release and resumes the queue, as the texts of the samples propose.
async fn a_person_lets_what_waits_end(server: &Server) {
    let release = runs(server, "release").await[0]["execution_id"].as_str().unwrap().to_owned();
    let approve = format!("/api/v2/runs/{release}/approvals/agree");
    assert_eq!(server.post(&approve, &json!({"approved": true, "comment": "fine"})).await.status, 200);
    let resumed = server.request("POST", "/api/v2/queues/Asia%2FTokyo/resume", &[], "").await;
    assert!(resumed.status < 300, "{resumed:?}");
    for job in ["release", "tokyo-close"] {
        let newest = async || runs(server, job).await[0]["status"].clone();
        until(job, newest, |status| status == "success").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_with_a_directory_continues_later() {
    let (shell, temporary) = shell();
    let directory = shell.path("kept");
    let named = directory.display().to_string();
    let start = || Server::start_demo(shell.clone(), &["--directory", &named]);
    let (mut server, _, log) = start();
    // One demo at a time has the directory, and it takes no directory of anything else.
    for (other, why) in [(named.as_str(), "another demo uses"), (".", "is not the directory of a demo")] {
        let output = shell.run(&["demo", "--port", "0", "--directory", other]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.contains(why)), (Some(2), true), "{said}");
    }
    let busy = server.address.rsplit_once(':').unwrap().1.to_owned();
    let output = shell.run(&["demo", "--port", &busy]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.contains("is in use")), (Some(2), true), "{said}");
    ran(&log).await;
    let (old, before) = (server.token.clone(), runs(&server, "shop-setup").await);
    assert_eq!(server.end("TERM"), Some(0));
    assert!(directory.join("jobs/daily-sales.yaml").is_file() && names(&temporary).is_empty());
    for file in ["azure-devops-token", "data/demo-api-key", "stepwell-demo.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(directory.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }

    let (mut server, _, log) = start();
    ran(&log).await;
    assert_eq!(runs(&server, "shop-setup").await, before, "the samples run once");
    let with_old = [("authorization", format!("Bearer {old}"))];
    let with_old: Vec<(&str, &str)> = with_old.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(server.raw("GET", "/api/v2/runs", &with_old, "").await.unwrap().status, 401);
    // The emulators are where the stored jobs expect them.
    let run = server.post("/api/v2/jobs/market-open/run", &json!({})).await.json();
    let id = run["execution_id"].as_str().unwrap().to_owned();
    let status = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("market-open", status, |status| status == "success").await;
    assert_eq!(server.end("HUP"), Some(0));
    assert!(directory.is_dir());
}

//! The pages of jobs in the web UI, and the lists and versions of the API behind them.

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::person::Person;
use crate::server::Server;

const HOSTILE: &str = "<script>alert(1)</script>";

async fn put(server: &Server, id: &str, text: &str) -> Value {
    let reply = server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], text).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn job(id: &str, more: &str) -> String {
    format!("id: {id}\n{more}steps:\n  - id: w\n    type: wait\n    for: 0\n")
}

#[tokio::test]
async fn jobs_are_found_without_their_definitions() {
    let server = Server::start(Shell::new());
    put(
        &server,
        "alpha",
        &job("alpha", "name: Nightly Load\nschedule: {cron: '0 3 * * *'}\ntimezone: Europe/Berlin\n"),
    )
    .await;
    put(&server, "beta", &job("beta", "enabled: false\nmetadata: {tags: [Finance, eu]}\n")).await;
    put(&server, "gamma", &job("gamma", "schedule: {every: 90m}\n")).await;
    let found = async |query: &str| -> Vec<String> {
        let reply = server.get(&format!("/api/v2/jobs?fields=summary{query}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let items = reply.json()["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|item| item["job"].is_null()), "{items:?}");
        items.iter().map(|item| item["job_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("").await, ["alpha", "beta", "gamma"]);
    assert_eq!(found("&q=NIGHT").await, ["alpha"]);
    assert_eq!(found("&q=finance").await, ["beta"]);
    assert_eq!(found("&q=amm").await, ["gamma"]);
    assert_eq!(found("&scheduled=true").await, ["alpha", "gamma"]);
    assert_eq!(found("&enabled=false").await, ["beta"]);
    let page = server.get("/api/v2/jobs?fields=summary&limit=1&scheduled=true").await.json();
    let alpha = &page["items"][0];
    assert_eq!(alpha["schedule"], "0 3 * * *");
    assert_eq!((&alpha["timezone"], &alpha["last_run"]), (&json!("Europe/Berlin"), &Value::Null));
    assert!(alpha["next"].is_string());
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest =
        server.get(&format!("/api/v2/jobs?fields=summary&scheduled=true&cursor={cursor}")).await.json();
    assert_eq!((&rest["items"][0]["job_id"], &rest["next_cursor"]), (&json!("gamma"), &Value::Null));
    assert_eq!(rest["items"][0]["schedule"], "every 90m");
    // The whole form has the same filters.
    let whole = server.get("/api/v2/jobs?q=night").await.json();
    assert_eq!(
        (whole["items"].as_array().unwrap().len(), &whole["items"][0]["job"]["id"]),
        (1, &json!("alpha"))
    );
    assert_eq!(server.get("/api/v2/jobs?fields=some").await.status, 400);
}

#[tokio::test]
async fn versions_of_jobs_have_their_authors_and_comments() {
    let server = Server::start(Shell::new());
    put(&server, "etl", &job("etl", "# First.\n")).await;
    put(&server, "etl", &job("etl", "# Second.\nname: Second\n")).await;
    // A comment alone makes no version, and stays.
    assert_eq!(put(&server, "etl", &job("etl", "# Third.\nname: Second\n")).await["version"], 2);
    let list = server.get("/api/v2/jobs/etl/versions").await.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| item["version"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 1]);
    assert!(items[0]["by"].as_str().unwrap().starts_with("key:") && items[0]["at"].is_string(), "{list}");
    let first = server.get("/api/v2/jobs/etl/versions/1").await.json();
    assert!(first["source"].as_str().unwrap().contains("# First.") && first["job"]["id"] == "etl", "{first}");
    let second = server.get("/api/v2/jobs/etl/versions/2").await.json();
    assert!(second["source"].as_str().unwrap().contains("# Third."), "{second}");
    assert_eq!(server.get("/api/v2/jobs/etl/versions/3").await.status, 404);
    assert_eq!(server.get("/api/v2/jobs/none/versions").await.status, 404);
    for n in 3..=60 {
        put(&server, "etl", &job("etl", &format!("name: n{n}\n"))).await;
    }
    let list = server.get("/api/v2/jobs/etl/versions").await.json();
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][49]["version"]), (50, &json!(11)));
    assert_eq!(server.get("/api/v2/jobs/etl/versions/10").await.status, 404);
    // A new job of the same id has none of the old versions.
    assert_eq!(server.request("DELETE", "/api/v2/jobs/etl", &[], "").await.status, 204);
    assert_eq!(server.get("/api/v2/jobs/etl/versions").await.status, 404);
    assert_eq!(put(&server, "etl", &job("etl", "")).await["version"], 1);
    assert_eq!(server.get("/api/v2/jobs/etl/versions").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn pages_of_jobs_show_what_each_role_may_do() {
    let server = Server::start(Shell::new());
    let (viewer, operator) =
        (Person::of_role(&server, "viewer").await, Person::log_in(&server, &server.token).await);
    viewer.page("/jobs", &["There are no jobs yet", "An operator can store jobs."]).await;
    operator.page("/jobs", &["There are no jobs yet", "New job"]).await;
    let more = format!(
        "name: '{HOSTILE}'\ndescription: '{HOSTILE}'\nvars: {{day: '{HOSTILE}', n: 1}}\nschedule: {{cron: '0 3 * * *'}}\n"
    );
    put(&server, "etl", &job("etl", &more)).await;
    let shown = "&lt;script&gt;alert(1)&lt;/script&gt;";
    for path in ["/jobs", "/jobs/etl", "/jobs/etl/versions"] {
        let texts: &[&str] = if path.ends_with("versions") { &["Version 1"] } else { &[shown, "0 3 * * *"] };
        let seen = viewer.page(path, texts).await;
        assert!(!seen.contains("do/runJob") && !seen.contains("do/deleteJob"), "{path}");
    }
    assert_eq!(viewer.get("/jobs/etl/edit").await.status, 403);
    operator
        .page("/jobs/etl", &["do/deleteJob", "do/pauseSchedule", "name=\"var:day\"", "class=\"graph\""])
        .await;
    operator
        .page("/jobs/etl/edit", &["data-editor=\"yaml\"", "id=\"builder\"", "name: '&lt;script&gt;"])
        .await;
    assert_eq!(operator.get("/jobs/none").await.status, 404);
    assert_eq!(viewer.get("/jobs/none/versions").await.status, 404);
    let begun = operator.post("/jobs/etl/run", &[("var:day", "x"), ("var:n", "2"), ("priority", "5")]).await;
    assert!(begun.header("location").unwrap().starts_with("/ui/p/default/runs/exec_"), "{begun:?}");
    let wrong = operator.post("/jobs/etl/run", &[("var:n", "two")]).await;
    assert_eq!(wrong.header("location").unwrap(), "/ui/p/default/jobs/etl");
    assert_eq!(viewer.post("/jobs/etl/run", &[]).await.header("location").unwrap(), "/ui/p/default/jobs/etl");
    viewer.page("/jobs/etl", &["class=\"bars\""]).await;
}

#[tokio::test]
async fn the_form_and_the_text_change_each_other() {
    let server = Server::start(Shell::new());
    let operator = Person::log_in(&server, &server.token).await;
    let text = job("etl", "# Why.\n");
    let set =
        [("text", text.as_str()), ("edit", "set"), ("at", "/steps/0/for"), ("as", "number"), ("value", "7")];
    let form = operator.post("/editor/form", &set).await;
    assert_eq!(form.status, 200, "{form:?}");
    assert!(
        form.body.contains("data-set-editor=\"text\"")
            && form.body.contains("# Why.\n")
            && form.body.contains("for: 7"),
        "{}",
        form.body
    );
    let form = operator.post("/editor/form", &[("text", &text)]).await;
    assert!(
        !form.body.contains("data-set-editor") && form.body.contains("Configuration of <code>wait</code>"),
        "{}",
        form.body
    );
    let form = operator.post("/editor/form", &[("text", "a: [")]).await;
    assert!(form.body.contains("The form returns"), "{}", form.body);
    let preview = operator
        .post(
            "/editor/preview",
            &[("text", &job("etl", "schedule: {cron: '30 2 * * *'}\ntimezone: Europe/Berlin\n"))],
        )
        .await;
    assert!(preview.body.contains("02:30:00+") && preview.body.contains("class=\"graph\""), "{preview:?}");
    // Steps of the engine need no grant.
    let group = "id: g\nsteps:\n  - {id: ask, type: approval, message: m, approvers: [a]}\n  - id: all\n    type: parallel_group\n    parallel_steps: [{id: w, type: wait, for: 0}]\n";
    let preview = operator.post("/editor/preview", &[("text", group)]).await;
    assert!(preview.body.contains("Granted") && !preview.body.contains("Denied"), "{preview:?}");
    let headers = [
        ("cookie", operator.cookie.as_str()),
        ("x-csrf-token", operator.csrf.as_str()),
        ("content-type", "application/yaml"),
    ];
    let wrong = text.replace("for: 0", "fro: 0");
    let found = server.raw("POST", "/ui/p/default/editor/validate", &headers, &wrong).await.unwrap().json();
    assert!(
        found["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .any(|place| place["line"] == 6 && place["severity"] == "error"),
        "{found}"
    );
}

#[tokio::test]
async fn a_text_is_stored_once_and_conflicts_show_the_difference() {
    let server = Server::start(Shell::new());
    let (viewer, operator) =
        (Person::of_role(&server, "viewer").await, Person::log_in(&server, &server.token).await);
    let text = job("etl", "# Why.\n");
    let saved = operator.post("/editor/save", &[("text", &text)]).await;
    assert_eq!(
        (saved.status, saved.header("location").unwrap().as_str()),
        (303, "/ui/p/default/jobs/etl"),
        "{saved:?}"
    );
    let again = operator.post("/editor/save", &[("text", &text)]).await;
    assert!(again.status == 422 && again.body.contains("there is a job `etl` already"), "{again:?}");
    operator.page("/jobs/etl/edit", &["# Why.", "name=\"version\" value=\"1\""]).await;
    put(&server, "etl", &job("etl", "name: Other\n")).await;
    let own = job("etl", "name: Mine\n");
    let conflict = operator.post("/editor/save", &[("id", "etl"), ("version", "1"), ("text", &own)]).await;
    assert_eq!(conflict.status, 412, "{conflict:?}");
    for part in ["Save over the stored version", "name=\"version\" value=\"2\"", "name: Other", "name: Mine"]
    {
        assert!(conflict.body.contains(part), "{part}: {}", conflict.body);
    }
    let over = operator.post("/editor/save", &[("id", "etl"), ("version", "2"), ("text", &own)]).await;
    assert_eq!(over.status, 303, "{over:?}");
    let wrong =
        operator.post("/editor/save", &[("id", "etl"), ("version", "3"), ("text", "id: etl\n")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("The job is not stored."), "{wrong:?}");
    assert_eq!(viewer.post("/editor/save", &[("text", &job("x", ""))]).await.status, 403);
    operator
        .page("/jobs/etl/versions?from=1&to=3", &["data-change=\"removed\"", "# Why.", "name: Mine"])
        .await;
    let tried = operator.post("/editor/try", &[("text", &text)]).await;
    assert!(tried.header("location").unwrap().starts_with("/ui/p/default/runs/exec_"), "{tried:?}");
    let tried = operator.post("/editor/try", &[("text", "id: [")]).await;
    assert!(tried.status == 422 && tried.body.contains("The test run does not start."), "{tried:?}");
}

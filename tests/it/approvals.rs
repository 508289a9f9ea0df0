//! Approvals: the actors who may decide, and the subject of the decision.

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::server::{Reply, Server, until};
use crate::teams::{Provider, with};

const CONFIG: &str = "connections: {w: {type: sqlite, path: w.db}}\n";

/// Starts a run of a job, and waits until it requests the approval.
async fn asking(server: &Server, token: &str, job: &Value) -> String {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("prefer", "respond-async")];
    let body = json!({"job": job}).to_string();
    let reply = server.raw("POST", "/api/v2/jobs/execute", &headers, &body).await.unwrap();
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    parked(server, &id).await;
    id
}

async fn parked(server: &Server, id: &str) {
    let status = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it asks", status, |status| *status == "parked").await;
}

async fn decide(server: &Server, token: &str, id: &str, body: &Value) -> Reply {
    with(server, token, None, "POST", &format!("/api/v2/runs/{id}/approvals/ok"), &body.to_string()).await
}

fn job(approval: &Value) -> Value {
    let mut ok = json!({"id": "ok", "type": "approval", "message": "Deploy?"});
    ok.as_object_mut().unwrap().extend(approval.as_object().unwrap().clone());
    json!({"id": "release", "steps": [ok, {"id": "deploy", "type": "probe", "case": "echo", "text": "out"}]})
}

async fn key(server: &Server, name: &str) -> (String, String) {
    let new = json!({"name": name, "role": "operator", "projects": ["default"]});
    let made = server.post("/api/v2/keys", &new).await.json();
    (made["key"]["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

/// A name that people choose at the provider approves nothing; an identity from the issuer does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_cannot_choose_their_name_is_an_approver_by_it() {
    let provider = Provider::start().await;
    let issuer = provider.web.url("").trim_end_matches('/').to_owned();
    let config = format!(
        "{CONFIG}oidc: {{issuer: '{issuer}', audience: stepwell, name_claim: preferred_username, roles_claim: realm.roles, grants: [{{value: dev, role: operator}}]}}\n"
    );
    let shell = Shell::new().file("config.yaml", &config);
    // No first key is made if a provider gives access: the command makes one.
    let made = shell.run(&["keys", "create", "boss", "--role", "admin", "--for-project", "*"]);
    let boss = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let server = Server::start_with(shell, &[], &boss);
    assert!(!server.shell.path("data/first-api-key").exists());
    let (ann_id, ann) = key(&server, "ann").await;
    let (_, bob) = key(&server, "bob").await;
    let person = |sub: &str, name: &str, roles: &[&str]| {
        let mut claims = provider.claims(roles);
        (claims["sub"], claims["preferred_username"]) = (sub.into(), name.into());
        provider.sign("one", &claims)
    };
    // People who use the name of a key, its id, or another person's name.
    let identity = format!("user:{issuer}/1234");
    let fakes: Vec<String> = ["ann", &ann_id, &format!("key:{ann_id}"), &identity, "command"]
        .iter()
        .map(|name| person("666", name, &["dev"]))
        .collect();
    for (approver, allowed, refused) in [
        ("ann".to_owned(), &ann, vec![&bob]),
        ("key:ann".to_owned(), &ann, vec![&bob]),
        (format!("key:{ann_id}"), &ann, vec![&bob]),
        (identity.clone(), &person("1234", "x", &["dev"]), vec![&ann]),
        ("group:releases".to_owned(), &person("5", "x", &["dev", "releases"]), vec![&ann]),
    ] {
        let id = asking(&server, &boss, &job(&json!({"approvers": [approver]}))).await;
        for token in refused.into_iter().chain(&fakes) {
            let reply = decide(&server, token, &id, &json!({"approved": true})).await;
            assert_eq!(reply.status, 409, "{approver}: {reply:?}");
            assert!(reply.body.contains("is not among the approvers"), "{approver}: {reply:?}");
        }
        let reply = decide(&server, allowed, &id, &json!({"approved": true})).await;
        assert_eq!(reply.status, 200, "{approver}: {reply:?}");
    }
    // An ambiguous approver is refused together with the job.
    for approver in
        ["ann@team.example", "Ann Lee", "https://login.example/1", "user:ann", "role:boss", "${{ vars.who }}"]
    {
        let reply = server.post("/api/v2/jobs/validate", &job(&json!({"approvers": [approver]}))).await;
        assert_eq!(reply.status, 422, "{approver}: {reply:?}");
        assert!(reply.body.contains("/steps/0/approvers/0"), "{approver}: {reply:?}");
    }
    // With separation, a timeout cannot approve.
    let sloppy = job(&json!({"separation": true, "on_timeout": "approve"}));
    assert_eq!(server.post("/api/v2/jobs/validate", &sloppy).await.status, 422);
    // The log contains refused decisions with the actor.
    let log = server.get("/api/v2/audit?limit=1000").await.json();
    let refused = log["items"].as_array().unwrap().iter().filter(|row| row["action"] == "approval.refuse");
    assert_eq!(refused.clone().count(), 5 * (fakes.len() + 1));
    assert!(
        refused.clone().any(|row| row["by"] == format!("user:{issuer}/666") && row["name"] == "ann"),
        "{log}"
    );
}

/// With `separation`, neither the starter of the run nor the editor of its job can approve it, however
/// it was started.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_started_the_run_or_edited_the_job_does_not_approve_it() {
    let server = Server::start(Shell::new().file("config.yaml", CONFIG));
    let (_, ann) = key(&server, "ann").await;
    let (_, bob) = key(&server, "bob").await;
    let (_, eve) = key(&server, "eve").await;
    let approve = json!({"approved": true});
    // Submitted by ann: she is starter and author.
    let separate = job(&json!({"separation": true}));
    let id = asking(&server, &ann, &separate).await;
    let reply = decide(&server, &ann, &id, &approve).await;
    assert_eq!((reply.status, reply.body.contains("separation")), (409, true), "{reply:?}");
    // She may still reject; here bob approves.
    assert_eq!(decide(&server, &bob, &id, &approve).await.status, 200);
    // Stored by bob, started by ann: eve approves.
    let put = with(&server, &bob, None, "PUT", "/api/v2/jobs/release", &separate.to_string()).await;
    assert_eq!(put.status, 200, "{put:?}");
    let started = with(&server, &ann, None, "POST", "/api/v2/jobs/release/run", "{}").await.json();
    let id = started["execution_id"].as_str().unwrap().to_owned();
    parked(&server, &id).await;
    for token in [&ann, &bob] {
        assert_eq!(decide(&server, token, &id, &approve).await.status, 409);
    }
    assert_eq!(decide(&server, &eve, &id, &approve).await.status, 200);
    // Another version is stored meanwhile: the author of the run's version still counts.
    let started = with(&server, &ann, None, "POST", "/api/v2/jobs/release/run", "{}").await.json();
    let id = started["execution_id"].as_str().unwrap().to_owned();
    parked(&server, &id).await;
    let other = job(&json!({"separation": true, "message": "Really?"}));
    assert_eq!(
        with(&server, &eve, None, "PUT", "/api/v2/jobs/release", &other.to_string()).await.status,
        200
    );
    assert_eq!(decide(&server, &bob, &id, &approve).await.status, 409);
    // The starter of the original run also counts as a starter of its retry.
    assert_eq!(decide(&server, &ann, &id, &json!({"approved": false})).await.status, 200);
    let ended = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it has ended", ended, |status| *status == "failed").await;
    let retried = with(&server, &eve, None, "POST", &format!("/api/v2/runs/{id}/retry"), "{}").await.json();
    let again = retried["execution_id"].as_str().unwrap().to_owned();
    parked(&server, &again).await;
    for token in [&ann, &bob, &eve] {
        assert_eq!(decide(&server, token, &again, &approve).await.status, 409);
    }
    assert_eq!(decide(&server, &server.token.clone(), &again, &approve).await.status, 200);
    // At a given time: the actor who scheduled it.
    let once = json!({"job": separate, "scheduled_time": (chrono::Utc::now() + chrono::Duration::seconds(1)).to_rfc3339()});
    let scheduled =
        with(&server, &ann, None, "POST", "/api/v2/jobs/schedule", &once.to_string()).await.json();
    let id = scheduled["execution_id"].as_str().unwrap().to_owned();
    parked(&server, &id).await;
    assert_eq!(decide(&server, &ann, &id, &approve).await.status, 409);
    // The actor of the command is its user.
    let shell = server.shell.clone().file(
        "job.yaml",
        &separate
            .to_string()
            .replace("probe", "wait")
            .replace(r#""case":"echo","#, r#""for":0,"#)
            .replace(r#","text":"out""#, ""),
    );
    let mut child = shell.command(&["run".to_owned(), "job.yaml".to_owned()]).spawn().unwrap();
    let own = async || {
        let list = server.get("/api/v2/approvals").await.json();
        let mut items = list["items"].as_array().unwrap().iter();
        items
            .find(|item| item["execution_id"] != id)
            .map(|item| item["execution_id"].as_str().unwrap().to_owned())
    };
    let run = until("the command asks", own, Option::is_some).await.unwrap();
    let refused = shell.run(&["approvals", "approve", &run, "ok"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("separation"), "{told}");
    assert_eq!(decide(&server, &server.token.clone(), &run, &approve).await.status, 200);
    assert!(child.wait().unwrap().success());
}

/// The approved content is what runs: the digest changes with the job, the message and the configuration, and
/// a step whose configuration has changed does not run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_for_what_was_shown() {
    let types = |text: &str| format!("step_types: {{probe: {{defaults: {{text: '{text}'}}}}}}\n{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &types("safe")));
    let vars = |who: &str| {
        json!({"id": "release", "vars": {"who": who}, "steps": [
            {"id": "ok", "type": "approval", "message": "Deploy?"},
            {"id": "deploy", "type": "probe", "case": "${{ vars.who }}"},
            {"id": "told", "type": "probe", "case": "echo", "text": "${{ steps.ok.output.by }}"}]})
    };
    let token = server.token.clone();
    let (one, two) =
        (asking(&server, &token, &vars("echo")).await, asking(&server, &token, &vars("log")).await);
    let list = server.get("/api/v2/approvals").await.json();
    let of = |id: &str| {
        list["items"].as_array().unwrap().iter().find(|item| item["execution_id"] == id).cloned().unwrap()
    };
    let (first, second) = (of(&one), of(&two));
    assert!(first["digest"].as_str().unwrap().starts_with("sha256:"), "{first}");
    assert_ne!(first["digest"], second["digest"]);
    // The parts that depend on the decision are unknown; the known parts are named.
    let known: Vec<&String> = first["steps"].as_object().unwrap().keys().collect();
    assert_eq!(known, ["deploy"], "{first}");
    // A decision about other content is refused.
    let wrong = json!({"approved": true, "digest": second["digest"]});
    let reply = decide(&server, &token, &one, &wrong).await;
    assert_eq!(
        (reply.status, reply.body.contains("does not match the request of")),
        (409, true),
        "{reply:?}"
    );
    let right = json!({"approved": true, "digest": first["digest"], "comment": "fine"});
    assert_eq!(decide(&server, &token, &one, &right).await.status, 200);
    let run = async |id: &str| server.get(&format!("/api/v2/runs/{id}")).await.json();
    let done = until("it runs", async || run(&one).await, |run| run["status"] == "success").await;
    assert!(done["steps"][2]["output"].as_str().is_some(), "{done}");
    // The row of the decision names the digest.
    let log = server.get("/api/v2/audit?limit=10").await.json();
    let row =
        log["items"].as_array().unwrap().iter().find(|row| row["action"] == "approval.approve").unwrap();
    assert!(row["detail"].as_str().unwrap().contains(first["digest"].as_str().unwrap()), "{row}");
    // The operator changes a default that the step uses, so the requested approval is about
    // another configuration.
    std::fs::write(server.shell.path("config.yaml"), types("evil")).unwrap();
    server.signal("HUP");
    let reloads = async || {
        let log = server.get("/api/v2/audit?limit=20").await.json();
        log["items"].as_array().unwrap().iter().filter(|row| row["action"] == "system.reload").count()
    };
    until("it is reloaded", reloads, |count| *count == 1).await;
    let reply = decide(&server, &token, &two, &json!({"approved": true})).await;
    assert_eq!((reply.status, reply.body.contains("changed after")), (409, true), "{reply:?}");
    assert_eq!(run(&two).await["status"], "parked");
    assert_eq!(decide(&server, &token, &two, &json!({"approved": false})).await.status, 200);
}

/// The same when it changes after the decision: in a later step, and in a retry that inherits the approval.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_changes_after_the_approval_does_not_run() {
    let types = |text: &str| format!("step_types: {{probe: {{defaults: {{text: '{text}'}}}}}}\n{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &types("safe")));
    let job = json!({"id": "release", "steps": [
        {"id": "ok", "type": "approval", "message": "Deploy?"},
        {"id": "pause", "type": "wait", "for": 3},
        {"id": "deploy", "type": "probe", "case": "echo"}]});
    let token = server.token.clone();
    let id = asking(&server, &token, &job).await;
    assert_eq!(decide(&server, &token, &id, &json!({"approved": true})).await.status, 200);
    std::fs::write(server.shell.path("config.yaml"), types("evil")).unwrap();
    server.signal("HUP");
    let run = async || server.get(&format!("/api/v2/runs/{id}")).await.json();
    let ended = until("it ends", run, |run| run["status"] == "failed").await;
    let deploy = &ended["steps"][2];
    assert_eq!(deploy["outcome"]["rule"], "APPROVAL_OUTDATED", "{ended}");
    // A retry from the failed step inherits the approval with its subject.
    let again = server.post(&format!("/api/v2/runs/{id}/retry"), &json!({})).await.json();
    let again = again["execution_id"].as_str().unwrap().to_owned();
    let run = async || server.get(&format!("/api/v2/runs/{again}")).await.json();
    let ended = until("it ends", run, |run| run["status"] == "failed").await;
    assert_eq!(ended["steps"][2]["outcome"]["rule"], "APPROVAL_OUTDATED", "{ended}");
    // From the start, it asks again, about the present content.
    let fresh = server.post(&format!("/api/v2/runs/{id}/retry"), &json!({"from_start": true})).await.json();
    let fresh = fresh["execution_id"].as_str().unwrap().to_owned();
    parked(&server, &fresh).await;
    assert_eq!(decide(&server, &token, &fresh, &json!({"approved": true})).await.status, 200);
    let run = async || server.get(&format!("/api/v2/runs/{fresh}")).await.json();
    until("it runs", run, |run| run["status"] == "success").await;
}

/// Many parked runs of one project hide no approval of another, and the list has pages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_runs_of_one_project_hide_nothing_of_another() {
    let config = format!("projects: {{team-a: {{}}}}\n{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &config));
    let new = json!({"name": "a", "role": "operator", "projects": ["team-a"]});
    let a = server.post("/api/v2/keys", &new).await.json()["token"].as_str().unwrap().to_owned();
    let token = server.token.clone();
    let own = asking(&server, &token, &job(&json!({}))).await;
    // Parked beside it: 300 runs of the other project that wait for a time, and 5 that ask.
    let many = json!({"id": "many", "steps": [{"id": "w", "type": "wait", "for": 3600}]});
    let put = with(&server, &a, None, "PUT", "/api/v2/jobs/many", &many.to_string()).await;
    assert_eq!(put.status, 200, "{put:?}");
    let database = rusqlite::Connection::open(server.shell.path("data/stepwell.db")).unwrap();
    for _ in 0..5 {
        let asks = json!({"id": "asks", "steps": [{"id": "ok", "type": "approval", "message": "?"}]});
        asking_of(&server, &a, &asks).await;
    }
    for _ in 0..300 {
        let started = with(&server, &a, None, "POST", "/api/v2/jobs/many/run", "{}").await;
        assert_eq!(started.status, 202, "{started:?}");
    }
    let count = async || {
        database
            .query_row("SELECT COUNT(*) FROM runs WHERE status = 'parked'", [], |row| row.get::<_, u32>(0))
            .unwrap()
    };
    until("all are parked", count, |count| *count == 306).await;
    let list = server.get("/api/v2/approvals").await.json();
    let found = list["items"].as_array().unwrap();
    assert_eq!((found.len(), &found[0]["execution_id"]), (1, &json!(own)), "{list}");
    // The other project has them on later pages.
    let (mut cursor, mut ids, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let path = format!("/api/v2/approvals?limit=2{cursor}");
        let page = with(&server, &a, None, "GET", &path, "").await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2, "{page}");
        ids.extend(items.iter().map(|item| item["execution_id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ids.dedup();
    assert!(ids.len() == 5 && pages >= 3, "{ids:?} in {pages}");
}

async fn asking_of(server: &Server, token: &str, job: &Value) {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("prefer", "respond-async")];
    let body = json!({"job": job}).to_string();
    let reply = server.raw("POST", "/api/v2/jobs/execute", &headers, &body).await.unwrap();
    assert_eq!(reply.status, 202, "{reply:?}");
}

/// An approver sees the configuration behind each digest, without secrets and however long it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_sees_what_is_approved() {
    let config = format!("{CONFIG}secrets: {{token: 'env:TOKEN'}}\n");
    let shell = Shell::new().file("config.yaml", &config).env("TOKEN", "canary-77aa");
    let server = Server::start(shell);
    let steps = json!([
        {"id": "ok", "type": "approval", "message": "Deploy ${{ vars.version }}?"},
        {"id": "deploy", "type": "probe", "case": "echo", "text": "${{ vars.version }} with canary-77aa"},
        {"id": "long", "type": "probe", "case": "echo", "text": "z".repeat(100_000)},
        {"id": "later", "type": "probe", "case": "echo", "text": "${{ steps.deploy.output }}"},
    ]);
    let job = json!({"id": "release", "vars": {"version": "7.1"}, "steps": steps});
    let id = asking(&server, &server.token, &job).await;
    let path = format!("/api/v2/runs/{id}/approvals/ok");
    let found = server.get(&path).await.json();
    assert_eq!((&found["message"], &found["job_id"]), (&json!("Deploy 7.1?"), &json!("release")), "{found}");
    let listed = server.get("/api/v2/approvals").await.json();
    assert_eq!(found["digest"], listed["items"][0]["digest"]);
    let shown = found["configurations"].as_array().unwrap();
    let ids: Vec<&str> = shown.iter().map(|step| step["step_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["deploy", "long"], "what depends on steps in between is not known: {found}");
    let deploy = &shown[0];
    assert_eq!(deploy["configuration"]["text"], "7.1 with ***********", "{deploy}");
    assert_eq!((&deploy["digest"], &deploy["step_type"]), (&found["steps"]["deploy"], &json!("probe")));
    assert_eq!((&deploy["shortened"], &shown[1]["shortened"]), (&json!(false), &json!(true)));
    assert!(shown[1]["configuration"]["text"].as_str().unwrap().len() < 2_100);
    let shell = server.shell.clone().env("STEPWELL_API_KEY", server.token.clone());
    let address = format!("http://{}", server.address);
    let command = |args: &[&str]| {
        let output = shell.run(&[args, &["--server", &address]].concat());
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, out) = command(&["approvals", "show", &id, "ok"]);
    assert!(code == Some(0) && out.contains("Deploy 7.1?") && out.contains("\"text\": \"7.1 with"), "{out}");
    assert!(out.contains(found["digest"].as_str().unwrap()) && out.contains("parts are left out"), "{out}");
    assert!(!out.contains("canary-77aa"), "{out}");
    // Without a request there is nothing to show.
    for (run, step, status) in [(id.as_str(), "deploy", 409), (&id, "nope", 404), ("exec_none", "ok", 404)] {
        let reply = server.get(&format!("/api/v2/runs/{run}/approvals/{step}")).await;
        assert_eq!(reply.status, status, "{reply:?}");
        let path = format!("/api/v2/runs/{run}/approvals/{step}");
        assert_eq!(server.post(&path, &json!({"approved": true})).await.status, status, "{run} {step}");
    }
    // Another project sees nothing.
    let other = json!({"name": "elsewhere", "role": "viewer", "projects": ["default"], "jobs": ["shop-*"]});
    let token = server.post("/api/v2/keys", &other).await.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(with(&server, &token, None, "GET", &path, "").await.status, 403);
}

/// Of decisions that arrive at once, one counts. Each of the others is refused, and has its row in the audit log, as
/// does a decision after the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_comes_too_late_is_in_the_audit_log() {
    let server = Server::start(Shell::new().file("config.yaml", CONFIG));
    let id = asking(&server, &server.token, &job(&json!({}))).await;
    let body = json!({"approved": true});
    let one = async || decide(&server, &server.token, &id, &body).await.status;
    let (a, b, c, d, e) = tokio::join!(one(), one(), one(), one(), one());
    let mut replies = vec![a, b, c, d, e];
    replies.push(decide(&server, &server.token, &id, &body).await.status);
    let count = |status| replies.iter().filter(|found| **found == status).count();
    assert_eq!((count(200), count(409)), (1, 5), "{replies:?}");
    let log = server.get("/api/v2/audit?limit=1000").await.json();
    let rows = |action: &str| -> Vec<&Value> {
        log["items"].as_array().unwrap().iter().filter(|row| row["action"] == action).collect()
    };
    assert_eq!(rows("approval.approve").len(), 1, "{log}");
    let refused = rows("approval.refuse");
    assert_eq!(refused.len(), 5, "{refused:?}");
    for row in refused {
        assert_eq!(row["target"], json!(id), "{row}");
        assert!(row["by"].as_str().unwrap().starts_with("key:"), "{row}");
        assert!(row["detail"].as_str().unwrap().starts_with("step ok: "), "{row}");
    }
}

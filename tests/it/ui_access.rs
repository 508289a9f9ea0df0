//! Access to the web UI: every address with every role, the buttons of every page, and two projects that do not see each
//! other. The addresses come from the table of the router, so a new one without a row here fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server, ask, until};

/// A row: the method and the address as in the router, the operation of the API whose role it needs (empty: none), and
/// the fields of its form.
type Row = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The addresses that need a session. `{project}` and `@` words are filled in.
const ROWS: &[Row] = &[
    ("get", "/ui", "", &[]),
    ("get", "/ui/session", "", &[]),
    ("post", "/ui/logout", "", &[]),
    ("post", "/ui/p/{project}/do/{operation}", "", &[]),
    ("get", "/ui/p/{project}", "getMetrics", &[]),
    ("post", "/ui/p/{project}/sample", "putJob", &[]),
    ("get", "/ui/p/{project}/queues", "listQueues", &[]),
    ("get", "/ui/p/{project}/schedules", "listSchedules", &[]),
    ("get", "/ui/p/{project}/calendar", "listFires", &[]),
    ("get", "/ui/p/{project}/schedules/{job}", "getSchedule", &[]),
    ("get", "/ui/p/{project}/ledger", "listLedger", &[]),
    ("get", "/ui/p/{project}/backfills", "listBackfills", &[]),
    ("get", "/ui/p/{project}/runs", "listRuns", &[]),
    ("get", "/ui/p/{project}/jobs", "listJobs", &[]),
    ("get", "/ui/p/{project}/editor", "putJob", &[]),
    (
        "post",
        "/ui/p/{project}/editor/form",
        "putJob",
        &[("text", JOB), ("edit", "set"), ("at", "/name"), ("value", "x")],
    ),
    ("post", "/ui/p/{project}/editor/preview", "previewJob", &[("text", JOB)]),
    ("post", "/ui/p/{project}/editor/validate", "validateJob", &[]),
    ("post", "/ui/p/{project}/editor/save", "putJob", &[("text", JOB)]),
    ("post", "/ui/p/{project}/editor/try", "executeJob", &[("text", JOB)]),
    ("get", "/ui/p/{project}/jobs/{id}", "getJob", &[]),
    ("get", "/ui/p/{project}/jobs/{id}/edit", "putJob", &[]),
    ("post", "/ui/p/{project}/jobs/{id}/run", "runJob", &[]),
    ("get", "/ui/p/{project}/jobs/{id}/versions", "listJobVersions", &[]),
    ("get", "/ui/p/{project}/runs/{id}", "getRun", &[]),
    ("get", "/ui/p/{project}/runs/{id}/log", "runLogs", &[]),
    ("get", "/ui/p/{project}/runs/{id}/log/stream", "runLogs", &[]),
    ("get", "/ui/p/{project}/runs/{id}/log.txt", "runLogs", &[]),
    ("get", "/ui/p/{project}/runs/{id}/steps/{step}", "getRun", &[]),
    ("get", "/ui/p/{project}/runs/{id}/steps/{step}/output.json", "stepOutput", &[]),
    ("get", "/ui/p/{project}/runs/{id}/files", "runArtifacts", &[]),
    ("get", "/ui/p/{project}/runs/{id}/files/{*path}", "runArtifact", &[]),
    ("get", "/ui/p/{project}/runs/{id}/download/{*path}", "runArtifact", &[]),
    ("get", "/ui/p/{project}/runs/{id}/image/{*path}", "runArtifact", &[]),
    ("get", "/ui/p/{project}/approvals", "listApprovals", &[]),
    ("get", "/ui/p/{project}/approvals/{run}/{step}", "getApproval", &[]),
    ("get", "/ui/p/{project}/dead-letters", "listDeadLetters", &[]),
    (
        "post",
        "/ui/p/{project}/dead-letters/bulk",
        "bulkDeadLetters",
        &[("action", "discard"), ("ids", "@dead"), ("reason", "r")],
    ),
    ("get", "/ui/p/{project}/dead-letters/{id}", "getDeadLetter", &[]),
    ("post", "/ui/p/{project}/dead-letters/{id}/redrive", "redriveDeadLetter", &[("job", JOB)]),
    ("get", "/ui/p/{project}/locks", "listLocks", &[]),
    ("get", "/ui/p/{project}/locks/{name}", "getLock", &[]),
    ("get", "/ui/p/{project}/steps", "listSteps", &[]),
    ("post", "/ui/p/{project}/components", "registerStep", &[]),
    ("get", "/ui/p/{project}/steps/{step}", "getStep", &[]),
    ("get", "/ui/p/{project}/steps/{step}/differences", "getStep", &[]),
    ("get", "/ui/p/{project}/policies", "listSteps", &[]),
    ("post", "/ui/p/{project}/policies/preview", "previewPolicy", &[("job", JOB)]),
    ("get", "/ui/p/{project}/connections", "listConnections", &[]),
    ("get", "/ui/p/{project}/connections/azure-devops", "listOrganizations", &[]),
    ("post", "/ui/p/{project}/connections/azure-devops/{name}/test", "testOrganization", &[]),
    ("post", "/ui/p/{project}/connections/{name}/test", "testConnection", &[]),
    ("get", "/ui/p/{project}/audit", "listAudit", &[]),
    ("get", "/ui/p/{project}/audit/verify", "verifyAudit", &[]),
    ("get", "/ui/p/{project}/access", "listKeys", &[]),
    ("post", "/ui/p/{project}/access/keys", "createKey", &[("name", "new"), ("role", "viewer")]),
];

/// The addresses that need none, with the status of an anonymous request.
const PUBLIC: &[(&str, &str, u16)] = &[
    ("get", "/", 303),
    ("get", "/ui/", 308),
    ("get", "/ui/login", 200),
    ("post", "/ui/login", 401),
    // Without a provider, there is no such page.
    ("get", "/ui/login/openid", 404),
    ("get", "/ui/login/openid/callback", 404),
    ("get", "/ui/assets/{name}", 404),
    ("any", "/ui/{*path}", 404),
];

const JOB: &str = "id: probe-of-access\nsteps:\n  - id: w\n    type: wait\n    for: 0\n";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// A text that refusals of roles have.
const NEEDS: &str = "this needs the role";

/// The names of one of each resource.
struct Things {
    run: String,
    dead: String,
    parked: String,
    /// The only version of a built-in step.
    version: String,
}

impl Things {
    /// Returns the address of a row in a project.
    fn at(&self, path: &str, project: &str) -> String {
        let path = path.replace("{project}", project).replace("{job}", "etl").replace("{run}", &self.parked);
        let path = path.replace("jobs/{id}", "jobs/etl").replace("runs/{id}", &format!("runs/{}", self.run));
        let path = path.replace("dead-letters/{id}", &format!("dead-letters/{}", self.dead));
        let step = if path.contains("/approvals/") {
            "ok"
        } else if path.contains("/runs/") {
            "s"
        } else {
            "wait"
        };
        let versions = format!("differences?from={0}&to={0}", self.version);
        let path = path.replace("{step}", step).replace("differences", &versions);
        path.replace("{name}", "w").replace("{*path}", "p.png")
    }
}

fn shell() -> Shell {
    let config = "connections: {w: {type: sqlite, path: w.db}}
projects: {team-a: {connections: [w]}, team-b: {}}
azure_devops: {organizations: {w: {url: 'http://127.0.0.1:9/w', pat: 'env:PAT_SECRET'}}}\n";
    let policy = |project: &str, step: &str, more: &str| {
        format!("policy: 1\nname: {step}-{project}\nprojects: [{project}]\nsteps: [{step}]\n{more}")
    };
    let files = "files: [{mount: /workspace, workspace: 1MiB, access: write}]\n";
    let policies = policy("team-a", "probe", &format!("sql: [{{connection: w}}]\n{files}"));
    Shell::new().file("config.yaml", config).file("policy.yaml", &policies).env("PAT_SECRET", "canary-pat")
}

async fn key(server: &Server, role: &str, project: &str) -> String {
    let new = json!({"name": format!("{role}-of-{project}"), "role": role, "projects": [project]});
    let made = server.post("/api/v2/keys", &new).await;
    made.json()["token"].as_str().unwrap().to_owned()
}

/// A person of one project.
async fn person<'s>(server: &'s Server, role: &str, project: &str) -> Person<'s> {
    Person::log_in_to(server, &key(server, role, project).await, project).await
}

/// Makes one of each resource in a project; `word` is in each of their texts.
async fn fill(server: &Server, project: &str, word: &str) -> Things {
    let api = async |method: &str, path: &str, body: &Value| {
        let headers = [("stepwell-project", project), ("prefer", "respond-async")];
        server.request(method, path, &headers, &body.to_string()).await
    };
    let step = |case: &str| json!({"id": "s", "type": "probe", "case": case, "text": word});
    let write = json!({"id": "f", "type": "probe", "case": "write", "count": 10, "path": "/workspace/p.png"});
    let jobs = [
        ("etl", "success", json!([step("echo"), write])),
        ("breaks", "failed", json!([step("fail")])),
        ("asks", "parked", json!([{"id": "ok", "type": "approval", "message": word}])),
    ];
    let mut runs = Vec::new();
    for (id, status, steps) in jobs {
        let job = json!({"id": id, "name": format!("{word} {id}"), "workspace": "1MiB", "steps": steps,
            "schedule": {"every": "24h"}, "timezone": "Europe/Berlin", "metadata": {"tags": [word]}});
        let reply = api("PUT", &format!("/api/v2/jobs/{id}"), &job).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let reply = api("POST", &format!("/api/v2/jobs/{id}/run"), &json!({})).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        let run = reply.json()["execution_id"].as_str().unwrap().to_owned();
        let now =
            async || api("GET", &format!("/api/v2/runs/{run}"), &json!({})).await.json()["status"].clone();
        until(id, now, |now| now == status).await;
        runs.push(run);
    }
    let range = json!({"job_id": "etl", "from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"});
    assert_eq!(api("POST", "/api/v2/backfills", &range).await.status, 200);
    let lock = json!({"locks": [{"name": "w"}], "reason": word});
    assert_eq!(api("POST", "/api/v2/locks", &lock).await.status, 200);
    // Nothing changes by itself afterwards.
    let idle = async || {
        let backfills = api("GET", "/api/v2/backfills", &json!({})).await.json();
        let runs = api("GET", "/api/v2/runs?limit=1000", &json!({})).await.json();
        let is_open = |item: &Value, key: &str| ["queued", "running"].iter().any(|open| item[key] == *open);
        let all = |found: &Value| found["items"].as_array().unwrap().clone();
        all(&backfills).iter().any(|item| is_open(item, "state"))
            || all(&runs).iter().any(|item| is_open(item, "status"))
    };
    until("everything has settled", idle, |is_open| !is_open).await;
    let [run, dead, parked] = <[String; 3]>::try_from(runs).unwrap();
    let wait = server.get("/api/v2/steps/wait").await.json();
    let version = wait["versions"][0]["digest"].as_str().unwrap().to_owned();
    Things { run, dead, parked, version }
}

/// The role of each operation, and whether it needs it in all projects.
async fn operations(server: &Server) -> BTreeMap<String, (String, String, bool)> {
    let document = server.get("/api/v2/openapi.json").await.json();
    let mut found = BTreeMap::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for (method, operation) in methods.as_object().unwrap() {
            let needs = operation["description"].as_str().unwrap_or_default();
            let role = needs.split('`').nth(1).unwrap_or_default().to_owned();
            let id = operation["operationId"].as_str().unwrap().to_owned();
            found.insert(id, (method.clone(), role, needs.contains("in all projects")));
        }
    }
    found
}

/// People of the tests: a name, the role, and whether it counts in all projects.
const PEOPLE: &[(&str, &str, bool)] = &[
    ("viewer", "viewer", false),
    ("operator", "operator", false),
    ("admin of the project", "admin", false),
    ("admin of all projects", "admin", true),
];

fn level(role: &str) -> usize {
    // An operator may do what a worker may, and a viewer may not.
    let role = if role == "worker" { "operator" } else { role };
    let roles = ["", "viewer", "operator", "admin"];
    roles.iter().position(|name| *name == role).unwrap()
}

/// Returns whether a person may use an operation, by the table of the API.
fn may(who: &(&str, &str, bool), operation: &(String, String, bool)) -> bool {
    level(who.1) >= level(&operation.1) && (!operation.2 || who.2)
}

/// Returns whether an answer refuses a role: as a page, as the text on the next page, or in a part of a page.
fn refuses(reply: &Reply) -> bool {
    let flash = reply.header("set-cookie").unwrap_or_default();
    let flash = percent(&flash);
    reply.status == 403 || flash.contains(NEEDS) || reply.body.contains(NEEDS)
}

fn percent(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Everything that a change could change.
async fn state(server: &Server) -> String {
    let mut told = String::new();
    for path in [
        "jobs",
        "runs",
        "ledger",
        "backfills",
        "dead-letters",
        "approvals",
        "schedules",
        "keys",
        "steps",
        "locks",
    ] {
        let limit = if ["keys", "steps"].contains(&path) { "" } else { "?limit=1000" };
        let headers = [("stepwell-project", "team-a")];
        let reply = server.request("GET", &format!("/api/v2/{path}{limit}"), &headers, "").await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        let mut value = reply.json();
        hide_times(&mut value);
        told.push_str(&value.to_string());
    }
    told
}

/// Removes what changes by itself.
fn hide_times(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(hide_times),
        Value::Object(map) => {
            map.retain(|key, _| {
                !["oldest_seconds", "age_seconds", "next", "last_used_at"].contains(&key.as_str())
            });
            map.values_mut().for_each(hide_times);
        }
        _ => {}
    }
}

#[test]
fn every_address_of_the_router_has_a_row() {
    let own: BTreeSet<(&str, &str, bool)> = stepwell_server::ui_addresses().into_iter().collect();
    let with = ROWS.iter().map(|(method, path, ..)| (*method, *path, true));
    let rows: BTreeSet<_> =
        with.chain(PUBLIC.iter().map(|(method, path, _)| (*method, *path, false))).collect();
    let missing: Vec<_> = own.difference(&rows).collect();
    let gone: Vec<_> = rows.difference(&own).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "without a row: {missing:?}; without an address: {gone:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_see_the_login_and_nothing_else() {
    let server = Server::start(shell());
    let things = fill(&server, "team-a", "canary").await;
    for (method, path, expected) in PUBLIC {
        let at = path.replace("{name}", "none.css").replace("{*path}", "none");
        let method = if *method == "any" { "post" } else { method };
        let reply = server.raw(&method.to_uppercase(), &at, &[FORM], "").await.unwrap();
        assert_eq!(reply.status, *expected, "{method} {path}: {reply:?}");
    }
    let before = state(&server).await;
    for (method, path, _, fields) in ROWS {
        for cookie in ["", "stepwell_session=none"] {
            let at = things.at(path, "team-a").replace("{operation}", "pauseQueue");
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(*fields).finish();
            let reply =
                server.raw(&method.to_uppercase(), &at, &[FORM, ("cookie", cookie)], &form).await.unwrap();
            // Guesses of sessions have a bound of their own.
            if reply.status == 429 && !cookie.is_empty() {
                continue;
            }
            // The page with a form stays, so that nothing that a person has written is lost.
            if *method == "post" {
                let ended = reply.body.contains("the session has ended, and nothing was changed");
                assert!(reply.status == 401 && ended, "{method} {path}: {reply:?}");
                continue;
            }
            assert_eq!(reply.status, 303, "{method} {path}: {reply:?}");
            let to = reply.header("location").unwrap();
            assert!(to.starts_with("/ui/login?next=") && reply.body.is_empty(), "{method} {path}: {reply:?}");
        }
    }
    assert_eq!(state(&server).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_and_every_change_has_its_role() {
    let server = Server::start(shell());
    let things = fill(&server, "team-a", "canary").await;
    let operations = operations(&server).await;
    let changing: Vec<&String> =
        operations.iter().filter(|(_, (method, ..))| method != "get").map(|(id, _)| id).collect();
    assert!(changing.len() > 25, "{changing:?}");
    let before = state(&server).await;
    for who in PEOPLE {
        let token = if who.2 { server.token.clone() } else { key(&server, who.1, "team-a").await };
        let person = Person::log_in_to(&server, &token, "team-a").await;
        for (method, path, needs, fields) in ROWS {
            if *path == "/ui/logout" {
                continue;
            }
            if path.ends_with("{operation}") {
                for id in &changing {
                    let at = path.replace("{project}", "team-a").replace("{operation}", id);
                    let fields = [("_parameter", "none"), ("_parameter", "none"), ("?dry_run", "true")];
                    let fields = if *id == "cleanUp" { &fields[2..] } else { &fields[..2] };
                    check_change(&person, who, (&at, fields), &operations[*id], &things).await;
                }
                continue;
            }
            let at = things.at(path, "team-a");
            let open = ("get".to_owned(), String::new(), false);
            let operation = operations.get(*needs).unwrap_or(&open);
            if *method == "post" {
                check_change(&person, who, (&at, fields), operation, &things).await;
                continue;
            }
            let reply = person.get_whole(&at).await;
            match (may(who, operation), *path) {
                (false, _) => assert!(reply.status == 403 && refuses(&reply), "{} {path}: {reply:?}", who.0),
                (true, "/ui") => assert_eq!(reply.status, 303, "{} {path}: {reply:?}", who.0),
                // The file is no image.
                (true, at) if at.contains("/image/") => assert_eq!(reply.status, 415, "{reply:?}"),
                (true, _) => assert_eq!(reply.status, 200, "{} {path}: {reply:?}", who.0),
            }
        }
        if *who == PEOPLE[0] {
            assert_eq!(after(&server).await, before, "a viewer has changed something");
        }
    }
}

/// Returns the state without the keys of the test itself.
async fn after(server: &Server) -> String {
    let found = server.get("/api/v2/keys").await.json();
    for key in found["items"].as_array().unwrap() {
        if key["name"] == "viewer-of-team-a" {
            let path = format!("/api/v2/keys/{}", key["id"].as_str().unwrap());
            assert_eq!(server.request("DELETE", &path, &[], "").await.status, 204);
        }
    }
    state(server).await
}

/// Sends a change without the token of the session, with a wrong one, from another site, and as it should be.
async fn check_change(
    person: &Person<'_>,
    who: &(&str, &str, bool),
    (at, fields): (&str, &[(&str, &str)]),
    operation: &(String, String, bool),
    things: &Things,
) {
    let send = async |csrf: Option<&str>, more: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(csrf.map(|csrf| ("csrf", csrf)));
        form.extend_pairs(fields.iter().map(|(name, value)| (*name, value.replace("@dead", &things.dead))));
        let headers = [&[("cookie", person.cookie.as_str()), FORM], more].concat();
        ask(&person.server.address, "POST", at, &headers, &form.finish()).await.unwrap()
    };
    for (what, reply) in [
        ("without a token", send(None, &[]).await),
        ("with a wrong token", send(Some("wrong"), &[]).await),
        ("with a wrong header", send(None, &[("x-csrf-token", "wrong")]).await),
        ("from another site", send(Some(&person.csrf), &[("sec-fetch-site", "cross-site")]).await),
        ("from another origin", send(Some(&person.csrf), &[("origin", "https://evil.example")]).await),
    ] {
        assert_eq!(reply.status, 403, "{at} {what}: {reply:?}");
        assert!(!reply.body.contains(NEEDS), "{at} {what}: {reply:?}");
    }
    let reply = send(Some(&person.csrf), &[]).await;
    assert_eq!(refuses(&reply), !may(who, operation), "{} {at}: {reply:?}", who.0);
}

/// Returns the addresses in a page.
fn links(page: &str) -> Vec<String> {
    let parts = page.split('"').skip(1).step_by(1).filter(|part| part.starts_with("/ui/p/"));
    parts.map(|part| part.replace("&amp;", "&").split(['?', '#']).next().unwrap().to_owned()).collect()
}

/// Returns whether an address belongs to a row of the router.
fn fits(pattern: &str, at: &str) -> bool {
    let (mut parts, mut found) = (pattern.split('/'), at.split('/'));
    loop {
        match (parts.next(), found.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.starts_with("{*") => return true,
            (Some(part), Some(text)) if part == text || part.starts_with('{') && !text.is_empty() => {}
            _ => return false,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_have_only_the_buttons_that_a_person_may_use() {
    let server = Server::start(shell());
    let things = fill(&server, "team-a", "canary").await;
    let operations = operations(&server).await;
    let needs_of = |at: &str| {
        if let Some((_, id)) = at.split_once("/do/") {
            return Some(id.to_owned());
        }
        let row = ROWS.iter().find(|(method, path, ..)| *method == "post" && fits(path, at))?;
        // `dead-letters/bulk` is an address of its own, and not a dead letter.
        let is_own = row.1.replace("{project}", "team-a") == at;
        let is_page = ROWS.iter().any(|(method, path, ..)| *method == "get" && fits(path, at));
        (is_own || !is_page).then(|| row.2.to_owned())
    };
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for who in PEOPLE {
        let token = if who.2 { server.token.clone() } else { key(&server, who.1, "team-a").await };
        let person = Person::log_in_to(&server, &token, "team-a").await;
        for (_, path, ..) in ROWS.iter().filter(|(method, ..)| *method == "get") {
            let mut pages = vec![things.at(path, "team-a")];
            // Pages about other states of a run have other buttons.
            if path.contains("/runs/{id}") && !path.contains("{*path}") && !path.ends_with("stream") {
                let other = |run: &str| pages[0].replace(&things.run, run);
                pages.extend([other(&things.dead), other(&things.parked)]);
            }
            for at in pages {
                let reply = person.get_whole(&at).await;
                for link in links(&reply.body) {
                    let Some(needs) = needs_of(&link) else { continue };
                    assert!(may(who, &operations[&needs]), "{} sees {link} on {at}", who.0);
                    seen.entry(who.0).or_default().insert(needs);
                }
            }
        }
    }
    let count = |who: &str| seen.get(who).map_or(0, BTreeSet::len);
    assert_eq!(count("viewer"), 0, "{seen:?}");
    for (who, least) in [("operator", 10), ("admin of all projects", 18)] {
        assert!(count(who) >= least, "{who}: {:?}", seen.get(who));
    }
    // A lock belongs to a project, and so does the role that takes it away.
    let mut of_project = seen["operator"].clone();
    of_project.insert("forceReleaseLock".to_owned());
    assert_eq!(of_project, seen["admin of the project"]);
}

/// Two people of two projects, with the same names of jobs: each page of one, and each address of the other one's
/// things, tells nothing about the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_two_projects_see_nothing_of_each_other() {
    let server = Server::start(shell());
    let word = "canary-7d1f";
    let things = fill(&server, "team-a", word).await;
    let ann = person(&server, "admin", "team-a").await;
    let bob = person(&server, "admin", "team-b").await;
    let (annas, bobs) =
        (session_of(&server, "admin-of-team-a").await, session_of(&server, "admin-of-team-b").await);
    let ids = [&things.run, &things.dead, &things.parked, &annas];
    // The words that the page shows again to the person who asks.
    let told = |reply: &Reply, at: &str| {
        let body = reply.body.replace("admin-of-team-b", "");
        let asked: Vec<&str> = at.split(['/', '?', '=', '&']).collect();
        let mut words = vec![word, "admin-of-team-a", "team-a"];
        words.extend(ids.iter().map(|id| id.as_str()));
        words.into_iter().find(|word| body.contains(word) && !asked.contains(word)).map(str::to_owned)
    };
    let mut hers = 0;
    for (_, path, ..) in
        ROWS.iter().filter(|(method, path, ..)| *method == "get" && path.contains("{project}"))
    {
        let queries =
            ["", "?q=canary", "?job_id=etl", "?job=etl", "?state=", "?status=failed", "?target=etl"];
        for query in queries {
            // In the project of the person who asks, with the names of the other one's things.
            let at = things.at(path, "team-b");
            let at = if at.contains('?') { at } else { format!("{at}{query}") };
            let reply = bob.get_whole(&at).await;
            assert_eq!(told(&reply, &at), None, "{at}: {reply:?}");
            assert!(matches!(reply.status, 200 | 400 | 403 | 404 | 415), "{at}: {reply:?}");
            let own = at.replace("team-b", "team-a");
            let page = ann.get_whole(&own).await;
            hers += usize::from(page.body.contains(word));
            // In the project of the other.
            let reply = bob.get_whole(&own).await;
            assert_eq!(reply.status, 403, "{own}: {reply:?}");
            assert!(
                !reply.body.contains(word) && ids.iter().all(|id| !reply.body.contains(id.as_str())),
                "{own}"
            );
        }
    }
    assert!(hers > 10, "the pages of the project show its things: {hers}");
    // Changes do not reach the other project either.
    let before = state(&server).await;
    for (method, path, _, fields) in
        ROWS.iter().filter(|(method, path, ..)| *method == "post" && *path != "/ui/logout")
    {
        for project in ["team-a", "team-b"] {
            for operation in [
                "cancelRun",
                "retryRun",
                "discardDeadLetter",
                "decideApproval",
                "pauseSchedule",
                "deleteJob",
                "endSession",
            ] {
                for thing in ["etl", "team-a/etl", &things.run, &things.dead, &things.parked, &annas] {
                    if !path.ends_with("{operation}") && (operation != "cancelRun" || thing != "etl") {
                        continue;
                    }
                    // Jobs with the same names in the own project are others.
                    if project == "team-b"
                        && ["sample", "save", "try", "redrive", "run"].iter().any(|own| path.ends_with(own))
                    {
                        continue;
                    }
                    let at = things.at(path, project).replace("{operation}", operation);
                    let fields: Vec<(&str, &str)> = fields
                        .iter()
                        .copied()
                        .map(|(name, value)| {
                            (name, if value == "@dead" { things.dead.as_str() } else { value })
                        })
                        .chain([("_parameter", thing), ("_parameter", "ok"), ("approved:json", "true")])
                        .collect();
                    let reply = bob.post_whole(&at, &fields).await;
                    assert!(!reply.body.contains(word), "{method} {at}: {reply:?}");
                    assert!(project == "team-b" || reply.status == 403, "{at}: {reply:?}");
                }
            }
        }
    }
    assert_eq!(state(&server).await, before);
    assert_ne!(annas, bobs);
    assert_eq!(session_of(&server, "admin-of-team-a").await, annas, "the session has ended");
}

/// Returns the id of the session of a key.
async fn session_of(server: &Server, name: &str) -> String {
    let keys = server.get("/api/v2/keys").await.json();
    let key = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == name).unwrap()["id"].clone();
    let sessions = server.get("/api/v2/sessions").await.json();
    let all = sessions["items"].as_array().unwrap();
    let own =
        all.iter().find(|session| session["holder"]["key"] == key).unwrap_or_else(|| panic!("{sessions}"));
    own["id"].as_str().unwrap().to_owned()
}

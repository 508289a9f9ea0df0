//! The pages of the web UI about dead letters, access, audit, steps, policies and connections.

use serde_json::json;
use stepwell_tests::guest;

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server, ask_bytes, until};

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

/// Returns the result that a change leaves for the next page.
fn flash(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.body);
    let cookie = reply.headers.lines().find(|line| line.contains("stepwell_flash=")).unwrap();
    let text = cookie.split_once("stepwell_flash=").unwrap().1.split(';').next().unwrap();
    decoded(text)
}

fn failing(id: &str, text: &str) -> serde_json::Value {
    json!({"job": {"id": id, "steps": [{"id": "s", "type": "wait", "until": format!("${{{{ '{text}' }}}}")}]}})
}

async fn fail(server: &Server, id: &str, text: &str) -> String {
    let reply = server.post("/api/v2/jobs/execute", &failing(id, text)).await;
    let run = reply.json()["execution_id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned();
    let letter = async || server.get(&format!("/api/v2/dead-letters/{run}")).await.status;
    until("it is a dead letter", letter, |status| *status == 200).await;
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_grouped_redriven_edited_and_discarded() {
    let server = Server::start(Shell::new());
    let hostile = "<script>alert(1)</script>";
    let first = fail(&server, "a", &format!("{hostile} 1")).await;
    let second = fail(&server, "b", "not a time 2").await;
    let third = fail(&server, "b", "not a time 3").await;
    let causes = server.get("/api/v2/dead-letters/causes").await.json();
    assert_eq!((&causes["counted"], &causes["complete"]), (&json!(3), &json!(true)), "{causes}");
    let person = Person::log_in(&server, &server.token).await;
    let page = person.page("/dead-letters", &[]).await;
    assert!(page.contains("Redrive all") && page.contains(&first) && page.contains("data-check-all"));
    assert!(!page.contains(hostile), "the text of a job is escaped");
    let viewer = Person::of_role(&server, "viewer").await;
    let seen = viewer.page("/dead-letters", &[]).await;
    assert!(seen.contains(&first) && !seen.contains("Redrive all") && !seen.contains("Discard chosen"));
    let refused = viewer.post("/dead-letters/bulk", &[("action", "discard"), ("ids", &first)]).await;
    assert!(flash(&refused).starts_with("problem:this needs the role operator"));

    let one = person.page(&format!("/dead-letters/{first}"), &[]).await;
    assert!(
        one.contains("Edit and redrive") && one.contains("data-editor=\"yaml\"") && !one.contains(hostile)
    );
    assert!(!viewer.page(&format!("/dead-letters/{first}"), &[]).await.contains("Edit and redrive"));
    // A job with a mistake comes back with its place.
    let path = format!("/dead-letters/{first}/redrive");
    let wrong =
        person.post(&path, &[("job", "id: a\r\nsteps:\r\n- {id: s, type: wait, untill: x}\r\n")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Line 3, column") && wrong.body.contains("untill: x"), "{}", wrong.body);
    let job = "id: a\nsteps:\n- {id: s, type: wait, until: '2026-01-01T00:00:00Z'}\n";
    let edited = person.post(&path, &[("job", job), ("from_start", "true")]).await;
    assert!(flash(&edited).starts_with("done:"), "{edited:?}");
    let nothing = person.post("/dead-letters/bulk", &[("action", "discard")]).await;
    assert!(flash(&nothing).contains("choose at least one"));
    let fields = [("action", "discard"), ("ids", second.as_str()), ("ids", &third), ("reason", "test")];
    let gone = person.post("/dead-letters/bulk", &fields).await;
    assert_eq!(flash(&gone), "done:2 dead letters are discarded.");
    let discarded = person.page("/dead-letters?state=discarded&job_id=b", &[]).await;
    assert!(discarded.contains(&second) && discarded.contains("test") && !discarded.contains(&first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cause_selects_its_dead_letters() {
    let server = Server::start(Shell::new());
    let one = fail(&server, "a", "not a time 1").await;
    let trap = json!({"job": {"id": "b", "steps": [{"id": "s", "type": "probe", "case": "trap"}]}});
    server.post("/api/v2/jobs/execute", &trap).await;
    let two = async || server.get("/api/v2/dead-letters/causes").await.json()["counted"].clone();
    until("both are dead letters", two, |count| *count == 2).await;
    let causes = server.get("/api/v2/dead-letters/causes").await.json();
    let cause = causes["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|cause| cause["jobs"] == json!(["a"]))
        .unwrap_or_else(|| panic!("{causes}"))["cause"]
        .as_str()
        .unwrap()
        .to_owned();
    let found = server.get(&format!("/api/v2/dead-letters?cause={cause}")).await.json();
    let ids: Vec<&str> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["execution_id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&one.as_str()), "{found}");
    let done =
        server.post("/api/v2/dead-letters/bulk", &json!({"action": "discard", "cause": cause})).await.json();
    assert_eq!(done["done"].as_object().unwrap().len(), ids.len(), "{done}");
    assert_eq!(server.get("/api/v2/dead-letters?state=maybe").await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_created_shown_once_and_revoked() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    let page = person.page("/access", &[]).await;
    assert!(page.contains("Create a key") && page.contains("This session"));
    let fields = [
        ("name", "<b>bob</b>"),
        ("role", "operator"),
        ("projects", "default"),
        ("expires_at", "2030-01-01T00:00"),
    ];
    let made = person.post("/access/keys", &fields).await;
    assert_eq!(made.status, 200);
    assert!(made.body.contains("sw_") && !made.body.contains("<b>bob"), "{}", made.body);
    assert_eq!(made.header("cache-control").as_deref(), Some("no-store"));
    assert!(!person.page("/access", &[]).await.contains("sw_"), "no other page shows it");
    let wrong = person.post("/access/keys", &[("name", "bob"), ("role", "king")]).await;
    assert!(wrong.body.contains("role=\"alert\"") && wrong.body.contains("value=\"bob\""));
    let keys = server.get("/api/v2/keys").await.json();
    let bob = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "<b>bob</b>").unwrap();
    let id = bob["id"].as_str().unwrap();
    let revoked = person.post("/do/revokeKey", &[("_parameter", id), ("_done", "The key is revoked.")]).await;
    assert_eq!(flash(&revoked), "done:The key is revoked.");
    let viewer = Person::of_role(&server, "viewer").await;
    assert_eq!(viewer.get("/access").await.status, 403);
    assert_eq!(viewer.post("/access/keys", &fields).await.status, 403);
    let other = Person { csrf: "wrong".to_owned(), ..viewer };
    assert_eq!(other.post("/access/keys", &fields).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_filtered_and_checked() {
    let server = Server::start(Shell::new());
    for name in ["one", "two"] {
        server.post("/api/v2/keys", &json!({"name": name, "role": "viewer"})).await;
    }
    server.post("/api/v2/queues/UTC/pause", &json!({"reason": "<i>why</i>"})).await;
    let found = server.get("/api/v2/audit?action=KEY.&by=first&limit=1").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    let next = found["next_cursor"].as_str().unwrap();
    let more = server.get(&format!("/api/v2/audit?action=key.&limit=50&cursor={next}")).await.json();
    assert_ne!(found["items"][0]["seq"], more["items"][0]["seq"], "{more}");
    assert!(more["next_cursor"].is_null(), "{more}");
    let person = Person::log_in(&server, &server.token).await;
    let page = person.page("/audit?target=UTC", &[]).await;
    assert!(page.contains("queue.pause") && !page.contains("key.create") && !page.contains("<i>why"));
    let check = person.page("/audit/verify", &[]).await;
    assert!(check.contains("The audit log is intact."));
    let head = format!("1:{}", "0".repeat(64));
    assert!(
        person.page(&format!("/audit/verify?expect={head}"), &[]).await.contains("The audit log is broken")
    );
    assert_eq!(person.get("/audit/verify?expect=x").await.status, 400);
    let viewer = Person::of_role(&server, "viewer").await;
    assert_eq!(viewer.get("/audit").await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_are_shown_compared_and_registered() {
    let server = Server::start(Shell::new());
    let job = json!({"id": "uses", "steps": [{"id": "s", "type": "wait", "for": 0}]});
    assert_eq!(server.request("PUT", "/api/v2/jobs/uses", &[], &job.to_string()).await.status, 200);
    let person = Person::log_in(&server, &server.token).await;
    let page = person.page("/steps", &[]).await;
    assert!(page.contains("data-upload=\"application/wasm\"") && page.contains("data_processing"));
    let wait = person.page("/steps/wait", &[]).await;
    assert!(wait.contains("Configuration") && wait.contains("/jobs/uses") && wait.contains("fuel"), "{wait}");
    assert!(person.page("/steps/approval", &[]).await.contains("Configuration"));
    assert_eq!(person.get("/steps/nothing").await.status, 404);
    let viewer = Person::of_role(&server, "viewer").await;
    assert!(!viewer.page("/steps", &[]).await.contains("data-upload"));

    let mut hello = std::fs::read(guest("hello_step")).unwrap();
    let send = async |person: &Person<'_>, wasm: &[u8], query: &str| {
        let headers = [
            ("cookie", person.cookie.as_str()),
            ("content-type", "application/wasm"),
            ("x-csrf-token", &person.csrf),
        ];
        let path = format!("/ui/p/default/components{query}");
        ask_bytes(&server.address, "POST", &path, &headers, wasm).await.unwrap()
    };
    assert_eq!(send(&viewer, &hello, "").await.status, 403);
    let forged = Person { server: &server, cookie: person.cookie.clone(), csrf: "x".to_owned() };
    assert_eq!(send(&forged, &hello, "").await.status, 403);
    let made = send(&person, &hello, "").await;
    assert_eq!(made.json()["next"], "/ui/p/default/steps/hello", "{made:?}");
    hello.extend([0, 3, 1, b'x', 0]);
    let again = send(&person, &hello, "").await;
    assert!(again.json()["problem"].as_str().unwrap().contains("raise the version"), "{again:?}");
    assert_eq!(send(&person, &hello, "?force=true").await.status, 200);
    let page = person.page("/steps/hello", &[]).await;
    assert!(page.contains("Activate") && page.contains("From the active version"));
    let step = server.get("/api/v2/steps/hello").await.json();
    let versions: Vec<&str> = step["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["digest"].as_str().unwrap())
        .collect();
    let inactive =
        step["versions"].as_array().unwrap().iter().find(|version| version["active"] == false).unwrap();
    let inactive = inactive["digest"].as_str().unwrap();
    let path = format!("/steps/hello/differences?from={}&to={}", versions[0], versions[1]);
    assert!(person.page(&path, &[]).await.contains("No differences."));
    let fields = [("_parameter", "hello"), ("version", inactive), ("_done", "x")];
    assert!(flash(&person.post("/do/rollbackStep", &fields).await).starts_with("done:"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_show_grants_and_denials_with_their_fixes() {
    let server = Server::start(Shell::new());
    let stored =
        json!({"id": "stored", "steps": [{"id": "s", "type": "probe", "case": "echo", "text": "x"}]});
    assert_eq!(server.request("PUT", "/api/v2/jobs/stored", &[], &stored.to_string()).await.status, 200);
    let grants = server.get("/api/v2/policy/stored").await.json();
    assert!(grants["items"][0]["grant"]["parts"].to_string().contains("probes"), "{grants}");
    let sql = "id: x\nsteps:\n- {id: s, type: sql, connection_name: w, query: SELECT 1}\n";
    let headers = [("content-type", "application/yaml")];
    let found = server.request("POST", "/api/v2/policy/preview", &headers, sql).await.json();
    let denied = found["items"][0].to_string();
    assert!(denied.contains("SQL_NOT_GRANTED") && denied.contains("help"), "{found}");
    let person = Person::log_in(&server, &server.token).await;
    let page = person.page("/policies?job=stored", &[]).await;
    assert!(page.contains("granted") && page.contains("probes") && page.contains("limits.memory"));
    let tried = person.post("/policies/preview", &[("job", sql)]).await;
    assert!(tried.body.contains("SQL_NOT_GRANTED") && tried.body.contains("Fix: "), "{}", tried.body);
    let wrong = person.post("/policies/preview", &[("job", "id: [<script>")]).await;
    assert!(
        wrong.body.contains("role=\"alert\"") && wrong.body.contains("[&lt;script&gt;"),
        "{}",
        wrong.body
    );
    let unknown = person.get("/policies?job=nothing").await;
    assert!(unknown.status == 404 && unknown.body.contains("there is no job"), "{}", unknown.body);
    let viewer = Person::of_role(&server, "viewer").await;
    let seen = viewer.page("/policies?job=stored", &[]).await;
    assert!(seen.contains("granted") && !seen.contains("What if"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_listed_without_secrets_and_tested() {
    let config = "connections:
  w: {type: sqlite, path: w.db}
  pg: {type: postgres, host: 127.0.0.1, port: 9, database: d, user: u, password: 'env:PG_SECRET', tls: disable}
azure_devops: {organizations: {contoso: {url: 'http://127.0.0.1:9/contoso', pat: 'env:PAT_SECRET'}}}
projects: {team-a: {connections: [w]}}
";
    let shell =
        Shell::new().file("config.yaml", config).file("policy.yaml", "policy: 1\nname: p\nsteps: [probe]\n");
    let server = Server::start(shell.env("PG_SECRET", "canary-pg").env("PAT_SECRET", "canary-pat"));
    let person = Person::log_in(&server, &server.token).await;
    let page = person.page("/connections", &[]).await;
    for part in ["127.0.0.1:9/d", "env:PG_SECRET", "team-a", "Test"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let azure = person.page("/connections/azure-devops", &[]).await;
    assert!(azure.contains("Personal access token") && azure.contains("closed"), "{azure}");
    assert!(!page.contains("canary") && !azure.contains("canary"));
    let works = person.post("/connections/w/test", &[]).await;
    assert!(flash(&works).starts_with("done:w works ("), "{works:?}");
    let fails = person.post("/connections/pg/test", &[]).await;
    assert!(flash(&fails).starts_with("problem:pg does not work: "), "{fails:?}");
    let fails = person.post("/connections/azure-devops/contoso/test", &[]).await;
    let told = flash(&fails);
    assert!(told.starts_with("problem:contoso does not work: ") && !told.contains("canary"), "{told}");
    let viewer = Person::of_role(&server, "viewer").await;
    let seen = viewer.page("/connections", &[]).await;
    assert!(
        seen.contains("127.0.0.1:9/d") && !seen.contains("PG_SECRET") && !seen.contains(">Test<"),
        "{seen}"
    );
    assert!(!seen.contains("w.db"), "a connection of another project");
    let refused = viewer.post("/connections/pg/test", &[]).await;
    assert!(flash(&refused).contains("this needs the role admin"));
    assert_eq!(server.post("/api/v2/connections/none/test", &json!({})).await.status, 404);
}

/// Guesses of session tokens count as failed logins of their address. A person with a session continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_of_sessions_have_a_bound() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    person.page("/runs", &[]).await;
    let mut statuses = Vec::new();
    for guess in 0..200 {
        let cookie = format!("stepwell_session=guess-{guess}");
        let reply = server.raw("GET", "/ui/p/default/runs", &[("cookie", &cookie)], "").await.unwrap();
        statuses.push(reply.status);
    }
    assert!(statuses.contains(&303) && statuses.ends_with(&[429]), "{statuses:?}");
    person.page("/runs", &[]).await;
    let log = server.get("/api/v2/audit?action=login.fail").await.json();
    assert!(log["items"][0]["detail"].as_str().unwrap().contains("session is unknown"), "{log}");
}

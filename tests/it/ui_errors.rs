//! Errors of the web UI: addresses that no page can use, sessions that end, and the form of responses.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server};

const HTML: &str = "text/html; charset=utf-8";

/// Returns the problem that a page shows.
fn shown(reply: &Reply) -> &str {
    assert_eq!(reply.header("content-type").as_deref(), Some(HTML), "{reply:?}");
    let (_, alert) =
        reply.body.split_once("role=\"alert\"><p>").unwrap_or_else(|| panic!("no alert: {reply:?}"));
    alert.split("</p>").next().unwrap_or_default()
}

/// The addresses of the pages of a project.
pub fn pages() -> Vec<String> {
    let all = stepwell_server::ui_addresses().into_iter().filter(|(method, ..)| *method == "get");
    let pages: Vec<String> =
        all.filter_map(|(_, path, _)| path.strip_prefix("/ui/p/{project}").map(str::to_owned)).collect();
    assert!(pages.len() > 30 && pages.iter().any(|page| page == "/audit/verify"), "{pages:?}");
    pages
}

/// Fills the names of a path in.
pub fn named(page: &str) -> String {
    let filled = page.split('/').map(|part| if part.starts_with('{') { "some" } else { part });
    filled.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_names_the_part_of_its_address_that_it_cannot_use() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    for page in pages() {
        let page = named(&page);
        for (query, problem) in [
            ("limit=-1", "this page has no parameter `limit`"),
            ("limit=1&limit=2", "the address has `limit` twice"),
            ("x=%ff", "the address of this page has bytes that are not UTF-8"),
        ] {
            let reply = person.get(&format!("{page}?{query}")).await;
            assert_eq!(reply.status, 400, "{page}?{query}: {reply:?}");
            assert!(shown(&reply).starts_with(problem), "{page}?{query}: {reply:?}");
        }
    }
    for (page, problem) in [
        ("/jobs/%ff", "the address of this page has bytes that are not UTF-8"),
        ("/jobs/x/versions?from=abc", "the parameter `from` must be a whole number that is not negative"),
        ("/jobs/x/versions?to=-1", "the parameter `to` must be a whole number that is not negative"),
        ("/jobs/x/edit?version=1e3", "the parameter `version` must be a whole number that is not negative"),
        ("/runs/x?rows=99999999999999999999", "the parameter `rows` must be a smaller number"),
        ("/runs/x/files?from=-1", "the parameter `from` must be a whole number that is not negative"),
        ("/jobs?enabled=maybe", "`enabled` must be"),
        ("/runs?status=odd", "`odd` is not"),
        ("/runs/x?rows=0", "`rows` must be a number from 1 to"),
        ("/?part=odd", "`part` must be"),
        ("/calendar?month=9999-12", "the calendar has the months from 1970-01 to 2999-12"),
        ("/calendar?month=0001-01", "the calendar has the months from 1970-01 to 2999-12"),
        ("/calendar?day=2026-13-01", "`2026-13-01` is not a day of the month"),
        ("/ledger?from=abc", "`from`"),
        ("/audit?cursor=abc", "`cursor`"),
        ("/steps/wait?version=odd", "there is no"),
    ] {
        let page = page.strip_prefix("/?").map_or_else(|| page.to_owned(), |query| format!("?{query}"));
        let reply = person.get(&page).await;
        assert!(matches!(reply.status, 400 | 404), "{page}: {reply:?}");
        assert!(shown(&reply).contains(problem), "{page}: {reply:?}");
    }
    // A name that does not exist is no empty answer.
    let job = serde_json::json!({"id": "known", "steps": [{"id": "a", "type": "wait", "for": 0}]});
    for name in ["one", "two"] {
        let job = serde_json::json!({"name": name, "id": job["id"], "steps": job["steps"]}).to_string();
        assert_eq!(server.request("PUT", "/api/v2/jobs/known", &[], &job).await.status, 200);
    }
    for (page, status, problem) in [
        ("/queues?pause=Nope/Zone", 404, "there is no queue `Nope/Zone`: a queue is a time zone"),
        ("/queues?why=Mars", 404, "there is no queue `Mars`: a queue is a time zone"),
        ("/queues?why=", 404, "there is no queue ``: a queue is a time zone"),
        ("/runs?queue=Mars", 400, "`queue` must be a time zone"),
        ("/schedules?queue=Mars", 400, "`queue` must be a time zone"),
        ("/dead-letters?cause=zzz", 404, "no dead letter has the cause `zzz`"),
        ("/dead-letters?class=zzz", 400, "`class` must be one of"),
        ("/dead-letters?state=zzz", 400, "`state` must be"),
        ("/policies?job=nope", 404, "there is no job `nope`"),
        ("/jobs/known/versions?to=99", 404, "there is no version 99: the versions are 1 to 2"),
        ("/jobs/known/versions?from=0", 404, "there is no version 0: the versions are 1 to 2"),
        ("/jobs/known/edit?version=99", 404, "there is no version 99: the versions are 1 to 2"),
        ("/jobs/nope/versions", 404, "there is no job `nope`"),
        ("/approvals/exec_none/ok", 404, "there is no run"),
        ("/runs?job_id=%07", 400, "`job_id` must be the id of a job"),
        ("/ledger?decision=zzz", 400, "`zzz` is not a decision"),
        ("/calendar?zone=Mars", 400, "`Mars` is not a time zone"),
    ] {
        let reply = person.get(page).await;
        assert_eq!(reply.status, status, "{page}: {reply:?}");
        assert!(shown(&reply).contains(problem), "{page}: {reply:?}");
    }
    // A filter by job takes any id: runs and the ledger outlive their jobs.
    for page in ["/runs?job_id=removed", "/ledger?job_id=removed", "/queues?why=Asia/Tokyo"] {
        assert_eq!(person.get(page).await.status, 200, "{page}");
    }
    // A name of any length is cut.
    let long = "x".repeat(5_000);
    for page in [
        "/jobs/{}",
        "/runs/{}",
        "/dead-letters/{}",
        "/steps/{}",
        "/schedules/{}",
        "/jobs/{}/edit",
        "/nonsense/{}",
        "/calendar?zone={}",
        "/calendar?month={}",
        "/audit?cursor={}",
    ] {
        let reply = person.get(&page.replace("{}", &long)).await;
        assert!(matches!(reply.status, 400 | 404), "{page}");
        assert!(!reply.body.contains(&long[..500]), "{page}: {}", reply.body.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_with_a_slash_at_its_end_leads_to_the_page() {
    let server = Server::start(Shell::new());
    let visit = async |path: &str| server.raw("GET", path, &[], "").await.unwrap();
    let of_project = pages().into_iter().filter(|page| !page.contains("{*")).map(|page| named(&page));
    let pages = of_project.map(|page| format!("/ui/p/default{page}"));
    for page in pages.chain(["/ui", "/ui/login", "/ui/session"].map(str::to_owned)) {
        for query in ["", "?state=open"] {
            let reply = visit(&format!("{page}/{query}")).await;
            let to = format!("{page}{query}");
            assert_eq!((reply.status, reply.header("location")), (308, Some(to)), "{page}: {reply:?}");
        }
    }
    assert_eq!(visit("/ui///").await.header("location").as_deref(), Some("/ui"));
    // Where there is no page, there is none without the slash either.
    assert_eq!(visit("/ui/nowhere/").await.header("location").as_deref(), Some("/ui/nowhere"));
    assert_eq!(visit("/ui/nowhere").await.status, 404);
    let sent = server.raw("POST", "/ui/login/", &[], "").await.unwrap();
    assert_eq!(sent.status, 404, "a change is sent to the address itself: {sent:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_pages_for_people_and_problems_for_scripts() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    // An address that takes changes only, as the reload of a page may ask for it.
    for page in ["/editor/save", "/do/runJob", "/dead-letters/bulk", "/policies/preview"] {
        let reply = person.get(page).await;
        assert_eq!((reply.status, reply.header("allow").as_deref()), (405, Some("POST")), "{reply:?}");
        assert!(shown(&reply).starts_with("this address is not a page"), "{reply:?}");
    }
    let reply = person.post("/jobs", &[]).await;
    assert!(reply.status == 405 && shown(&reply).starts_with("this address is not a page"), "{reply:?}");
    let raw =
        async |path: &str, headers: &[(&str, &str)]| server.raw("GET", path, headers, "").await.unwrap();
    for path in [
        "/ui/assets/%ff",
        "/ui/assets/none.js",
        "/ui/nowhere",
        "/ui/login?next=a&next=b",
        "/ui/login?next=%ff",
    ] {
        let reply = raw(path, &[]).await;
        assert!(matches!(reply.status, 400 | 404), "{path}: {reply:?}");
        assert!(!shown(&reply).is_empty(), "{path}: {reply:?}");
    }
    // The API has problems.
    for path in [
        "/api/v2/jobs/%ff",
        "/api/v2/jobs?limit=x",
        "/api/v2/jobs?limit=-1",
        "/api/v2/jobs?limit=99999999999999999999",
        "/api/v2/jobs?limit=1&limit=2",
        "/api/v2/jobs?limit=",
        "/api/v2/jobs?q=%ff",
        "/api/v2/jobs?enabled=yes",
        "/api/v2/jobs/x/versions/-1",
        "/api/v2/jobs/x/run",
        "/api/v2/runs?queue=Mars",
        "/api/v2/runs?job_id=",
        "/api/v2/fires?queue=Mars",
        "/api/v2/fires?job_id=%07",
        "/api/v2/schedules?queue=",
        "/api/v2/dead-letters?class=zzz",
        "/api/v2/ledger?from=yesterday",
    ] {
        let reply = server.get(path).await;
        assert!(matches!(reply.status, 400 | 405), "{path}: {reply:?}");
        assert_eq!(
            reply.header("content-type").as_deref(),
            Some("application/problem+json"),
            "{path}: {reply:?}"
        );
    }
    // A script that a page has loaded gets problems, too.
    let json = ("accept", "application/json");
    for (path, status) in
        [("/runs/none/log/stream", 404), ("/nowhere", 404), ("/jobs?x=1", 400), ("/editor/save", 405)]
    {
        let reply = person.get_with(path, &[json]).await;
        assert_eq!(
            (reply.status, reply.json()["status"].as_u64()),
            (status, Some(u64::from(status))),
            "{reply:?}"
        );
        assert!(!reply.json()["detail"].as_str().unwrap().is_empty(), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_takes_no_text_away() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    let json = [("accept", "application/json"), ("hx-request", "true")];
    let session = |person: &Person<'_>| {
        let cookie = person.cookie.clone();
        let server = &server;
        async move {
            let headers = [&[("cookie", cookie.as_str())], &json[..]].concat();
            server.raw("GET", "/ui/session", &headers, "").await.unwrap()
        }
    };
    let token = session(&person).await.json()["csrf"].as_str().unwrap().to_owned();
    assert_ne!(token, person.csrf, "each response has another form of the token");
    let text = "id: kept\nsteps:\n- {id: a, type: wait, for: 0}\n";
    for csrf in [token.as_str(), person.csrf.as_str()] {
        let person = Person { server: &server, cookie: person.cookie.clone(), csrf: csrf.to_owned() };
        let checked = person.post("/editor/form", &[("text", text)]).await;
        assert_eq!(checked.status, 200, "{checked:?}");
    }
    let all = server.get("/api/v2/sessions").await.json();
    let id = all["items"][0]["id"].as_str().unwrap();
    assert_eq!(server.request("DELETE", &format!("/api/v2/sessions/{id}"), &[], "").await.status, 204);
    // The check of a page says so, and so does every change; none leads away from the page.
    let ended = session(&person).await;
    assert_eq!((ended.status, ended.json()["status"].as_u64()), (401, Some(401)), "{ended:?}");
    let saved = person.post("/editor/save", &[("text", text)]).await;
    assert_eq!(saved.status, 401, "{saved:?}");
    assert!(
        shown(&saved).contains("log in in another tab, go back in this one, and repeat the change"),
        "{saved:?}"
    );
    let renewed = person.get_with("/runs", &[("hx-request", "true")]).await;
    assert_eq!((renewed.status, renewed.header("hx-redirect")), (401, None), "{renewed:?}");
    // Another session has another token.
    let again = Person::log_in(&server, &server.token).await;
    let old = Person { server: &server, cookie: again.cookie.clone(), csrf: person.csrf.clone() };
    assert_eq!(old.post("/editor/save", &[("text", text)]).await.status, 403);
    let fresh = session(&old).await.json()["csrf"].as_str().unwrap().to_owned();
    let old = Person { csrf: fresh, ..old };
    assert_eq!(old.post("/editor/save", &[("text", text)]).await.status, 303);
    old.page("/jobs/kept/edit", &["id: kept", "data-draft=\"/ui/p/default/jobs/kept/edit\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_answers_are_compressed_and_streams_are_not() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    let gzip = ("accept-encoding", "gzip, deflate, br");
    for page in ["", "/jobs", "/editor", "/steps/wait"] {
        let (plain, packed) = (person.get(page).await, person.get_with(page, &[gzip]).await);
        assert_eq!(
            packed.header("content-encoding").as_deref(),
            Some("gzip"),
            "{page}: {:?}",
            packed.headers
        );
        assert_eq!(plain.header("content-encoding"), None, "{page}");
        assert!(
            packed.header("vary").is_some_and(|vary| vary.contains("accept-encoding")),
            "{:?}",
            packed.headers
        );
    }
    let bearer = format!("Bearer {}", server.token);
    let api = server.raw("GET", "/api/v2/steps", &[("authorization", &bearer), gzip], "").await.unwrap();
    assert_eq!(api.header("content-encoding").as_deref(), Some("gzip"), "{:?}", api.headers);
    let job = serde_json::json!({"id": "logs", "steps": [{"id": "a", "type": "wait", "for": 0}]});
    let run = server.post("/api/v2/jobs/execute", &job).await.json();
    let id = run["execution_id"].as_str().unwrap();
    let stream = person.get_with(&format!("/runs/{id}/log/stream"), &[gzip]).await;
    assert_eq!(stream.header("content-type").as_deref(), Some("text/event-stream"), "{stream:?}");
    assert_eq!(stream.header("content-encoding"), None, "{stream:?}");
    for accept in ["application/json", "text/plain"] {
        let request = format!(
            "GET /api/v2/runs/{id}/logs HTTP/1.1\r\nhost: stepwell\r\nconnection: close\r\nauthorization: {bearer}\r\naccept: {accept}\r\naccept-encoding: gzip\r\n\r\n"
        );
        let mut log = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        log.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        log.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(b"0\r\n\r\n"), "{accept}: {}", String::from_utf8_lossy(&answer));
    }
    // Each page has other forms of the token, so its compressed size tells nothing about it.
    let token = |page: &str| {
        page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
    };
    let tokens = [person.get("/jobs").await, person.get("/jobs").await].map(|page| token(&page.body));
    assert_ne!(tokens[0], tokens[1]);
}

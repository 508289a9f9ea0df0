//! Work and memory of the service that one client causes, and the others that must not notice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::cli::Shell;
use crate::server::{Reply, Server, ask, samples, until};

/// The maximum time for one answer in these tests: the machine may be busy.
const SOON: Duration = Duration::from_secs(20);

fn job(policy: &Value) -> String {
    json!({"id": "x", "policy": policy, "steps": [{"id": "a", "type": "wait", "for": 0}]}).to_string()
}

fn rules(count: usize, path: &str) -> Value {
    (0..count)
        .map(|n| json!({"url": format!("https://a{n}.example.com"), "methods": ["GET"], "paths": [path]}))
        .collect()
}

/// Returns jobs with long lists, with a word of the answer.
fn long_lists() -> Vec<(&'static str, String, &'static str)> {
    let texts = |count: usize| (0..count).map(|n| format!("/p{n}")).collect::<Vec<_>>();
    let rule =
        |key: &str, count: usize| json!({"http": [{"url": "https://a.example.com", key: texts(count)}]});
    let pair = json!({"http": [
        {"url": "https://a.example.com", "paths": texts(8_000)}, {"url": "https://a.example.com", "paths": texts(8_000)},
    ]});
    let many_paths: Value =
        (0..100).map(|n| json!({"url": format!("https://a{n}.example.com"), "paths": texts(30)})).collect();
    let names: Vec<String> = (0..5_000).map(|n| format!("n{n}")).collect();
    let list = |make: &dyn Fn(&String) -> Value| names.iter().map(make).collect::<Value>();
    let environment: Value =
        names.iter().map(|name| (name.clone(), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let schedule = |more: Value| {
        let days: Vec<String> =
            (0..5_000).map(|n| format!("20{:02}-01-{:02}", n % 90 + 10, n % 28 + 1)).collect();
        let mut schedule = json!({"every": "1h", "blackout": days});
        schedule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"id": "x", "schedule": schedule, "steps": [{"id": "a", "type": "wait", "for": 0}]}).to_string()
    };
    vec![
        ("rules", job(&json!({"http": rules(5_000, "/a")})), "at most 500"),
        ("wrong rules", job(&json!({"http": rules(5_000, "/*/*..")})), "at most 500"),
        ("paths of two rules", job(&pair), "at most 2000"),
        ("paths of many rules", job(&json!({"http": many_paths})), "at most 2000"),
        ("methods", job(&rule("methods", 5_000)), "is not a method"),
        ("headers", job(&rule("headers", 5_000)), "needs no grant"),
        (
            "ranges",
            job(
                &json!({"http": [{"url": "https://a.example.com", "allow_private": vec!["10.0.0.0/8"; 5_000]}]}),
            ),
            "at most 200",
        ),
        ("connections", job(&json!({"sql": list(&|name| json!({"connection": name}))})), "at most 500"),
        (
            "mounts",
            job(&json!({"files": list(&|name| json!({"mount": format!("/{name}"), "scratch": 1}))})),
            "at most 200",
        ),
        ("programs", job(&json!({"process": list(&|name| json!({"program": name}))})), "at most 200"),
        ("arguments", job(&json!({"process": [{"program": "p", "arguments": names}]})), "at most 1000"),
        ("variables", job(&json!({"environment": environment})), "at most 1000"),
        ("denied hosts", job(&json!({"deny": {"hosts": names}})), "at most 1000"),
        ("denied hosts that are none", job(&json!({"deny": {"hosts": vec!["a b"; 900]}})), "is not a host"),
        ("blackouts", schedule(json!({})), "at most 1000"),
    ]
}

/// Each list of a policy has a bound, and the time for a document is in proportion to its size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_of_a_policy_takes_more_time_than_its_size() {
    let server = Server::start(Shell::new());
    for (what, document, expected) in long_lists() {
        let begun = Instant::now();
        let reply = server.request("POST", "/api/v2/jobs/validate", &[], &document).await;
        let took = begun.elapsed();
        assert_eq!(reply.status, 422, "{what}: {reply:?}");
        let told = reply.body.replace("2,000", "2000").replace("1,000", "1000");
        assert!(told.contains(expected), "{what}: {told}");
        assert!(took < SOON, "{what}: {took:?}");
    }
    // As many rules as there may be, of which each is checked with each step.
    let steps: Vec<Value> =
        (0..1_000).map(|n| json!({"id": format!("s{n}"), "type": "wait", "for": 0})).collect();
    let largest = json!({"id": "x", "policy": {"http": rules(500, "/a")}, "steps": steps}).to_string();
    let begun = Instant::now();
    let reply = server.request("POST", "/api/v2/jobs/validate", &[], &largest).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

/// A key that sends large documents as fast as it can, and goes away, delays no other key, and the service
/// ends at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_documents_of_one_key_delay_no_other_key_and_no_end() {
    let (mut server, log) = Server::start_logged(Shell::new());
    let made = server.post("/api/v2/keys", &json!({"name": "heavy", "role": "operator"})).await.json();
    let heavy = made["token"].as_str().unwrap().to_owned();
    let document = job(&json!({"http": rules(5_000, "/*/*..")}));
    let head = format!(
        "POST /api/v2/jobs/validate HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {heavy}\r\ncontent-length: {}\r\n\r\n",
        document.len()
    );
    let flood = async |count: usize| {
        let mut open = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(&server.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let _ = stream.write_all(document.as_bytes()).await;
            open.push(stream);
        }
        open
    };
    let open = flood(40).await;
    let other = json!({"id": "x", "metadata": {"text": "t".repeat(60_000)}, "steps": [{"id": "a", "type": "wait", "for": 0}]});
    let begun = Instant::now();
    let reply = server.post("/api/v2/jobs/validate", &other).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    // The clients go away without their answers.
    drop(open);
    let _open = flood(40).await;
    let begun = Instant::now();
    let code = tokio::task::spawn_blocking(move || server.terminate()).await.unwrap();
    assert_eq!(code, Some(0));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let told = log.lock().unwrap().join("\n");
    assert!(!told.contains("panicked"), "{told}");
}

fn resident(server: &Server, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Answers that no client reads are refused before they fill the memory, and others are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_no_client_reads_have_a_bound() {
    let server = Server::start(Shell::new());
    for n in 0..5 {
        let texts: Vec<String> = (0..85).map(|_| "m".repeat(10_000)).collect();
        let job = json!({"id": format!("big{n}"), "metadata": {"texts": texts}, "steps": [{"id": "a", "type": "wait", "for": 0}]});
        let reply = server.request("PUT", &format!("/api/v2/jobs/big{n}"), &[], &job.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let made = server.post("/api/v2/keys", &json!({"name": "reads nothing", "role": "viewer"})).await.json();
    let token = made["token"].as_str().unwrap();
    let before = resident(&server, "VmRSS") >> 10;
    let threads = resident(&server, "Threads");
    let request = format!(
        "GET /api/v2/jobs?limit=1000 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    let mut open = Vec::new();
    for _ in 0..200 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.address.parse().unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        open.push(stream);
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(15) {
        let asked = Instant::now();
        let reply = ask(&server.address, "GET", "/healthz", &[], "").await.unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let grown = (resident(&server, "VmRSS") >> 10).saturating_sub(before);
    assert!(grown < 400, "{grown} MiB");
    let more = resident(&server, "Threads").saturating_sub(threads);
    assert!(more < 100, "{more} threads");
    // Another key is answered; the key itself is told to read first.
    assert_eq!(server.get("/api/v2/jobs?limit=1").await.status, 200);
    let refused = until(
        "the key has too many unsent bytes",
        async || {
            ask(
                &server.address,
                "GET",
                "/api/v2/jobs?limit=1",
                &[("authorization", &format!("Bearer {token}"))],
                "",
            )
            .await
            .unwrap()
        },
        |reply: &Reply| reply.status == 503,
    )
    .await;
    assert!(refused.body.contains("must read earlier answers first"), "{refused:?}");
    assert_eq!(refused.header("retry-after").as_deref(), Some("1"));
    // With the connections, their answers are gone.
    drop(open);
    until(
        "the key is answered again",
        async || {
            ask(
                &server.address,
                "GET",
                "/api/v2/jobs?limit=1",
                &[("authorization", &format!("Bearer {token}"))],
                "",
            )
            .await
            .unwrap()
            .status
        },
        |status| *status == 200,
    )
    .await;
}

/// Sends bytes, closes the sending half, and returns the answer.
async fn said(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut answer));
    // A connection that is reset has no more bytes.
    let _ = read.await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A body that is cut, malformed, encoded or has two lengths has the status of its problem.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_cannot_be_read_has_the_status_of_its_problem() {
    let server = Server::start(Shell::new());
    let small = r#"{"id":"x","steps":[{"id":"a","type":"wait","for":0}]}"#;
    let chunk = format!("{:x}\r\n{small}\r\n0\r\n\r\n", small.len());
    let length = format!("content-length: {}\r\n", small.len());
    let chunked = "transfer-encoding: chunked\r\n";
    for (what, headers, body, status) in [
        ("a chunked body", chunked.to_owned(), chunk.clone(), 200),
        ("a malformed chunk", chunked.to_owned(), "zz\r\nabc\r\n0\r\n\r\n".to_owned(), 400),
        (
            "a long extension",
            chunked.to_owned(),
            format!("5;{}\r\nabcde\r\n0\r\n\r\n", "e".repeat(100_000)),
            400,
        ),
        ("two lengths", format!("{length}{chunked}"), chunk.clone(), 400),
        ("two lengths in another order", format!("{chunked}{length}"), chunk.clone(), 400),
        ("an encoding", "transfer-encoding: gzip, chunked\r\n".to_owned(), chunk.clone(), 501),
        ("a compressed body", format!("{length}content-encoding: gzip\r\n"), small.to_owned(), 415),
        ("no encoding", format!("{length}content-encoding: identity\r\n"), small.to_owned(), 200),
        (
            "two projects",
            format!("{length}stepwell-project: default\r\nstepwell-project: b\r\n"),
            small.to_owned(),
            400,
        ),
    ] {
        let text = format!(
            "POST /api/v2/jobs/validate HTTP/1.1\r\nhost: localhost\r\nauthorization: bEaReR {}\r\nconnection: close\r\n{headers}\r\n{body}",
            server.token
        );
        let answer = said_whole(&server, text.as_bytes()).await;
        // The rest of a long extension is not read, so its answer may be lost with the connection.
        let is_lost = answer.is_empty() && what == "a long extension";
        assert!(is_lost || answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
    }
    // A body that ends too early: the client has closed its half of the connection.
    let cut = format!(
        "POST /api/v2/jobs/validate HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: 500\r\n\r\n{{\"id\"",
        server.token
    );
    let answer = said(&server, cut.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

/// Sends bytes, and returns the answer up to the end of the connection.
async fn said_whole(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    // The service may refuse the request before it has read all of it.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Thousands of half-sent heads from one address do not delay a client of another address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_heads_of_one_address_delay_no_other() {
    let server = Server::start(Shell::new());
    let address: std::net::SocketAddr = server.address.parse().unwrap();
    let fill = tokio::spawn(async move {
        let mut open = std::collections::VecDeque::new();
        for _ in 0..3_000 {
            let Ok(mut stream) = TcpStream::connect(address).await else { continue };
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: local").await;
            open.push_back(stream);
            // The service has closed the oldest ones; this process has few descriptors, too.
            if open.len() > 600 {
                open.pop_front();
            }
        }
        open.len()
    });
    let mut times = Vec::new();
    while !fill.is_finished() || times.len() < 50 {
        let begun = Instant::now();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        times.push(begun.elapsed());
    }
    assert!(fill.await.unwrap() > 0);
    times.sort();
    assert!(times[times.len() * 99 / 100] < Duration::from_secs(1), "{times:?}");
}

/// A name has no characters that no reader sees, and does not look like another identity.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_what_its_readers_see() {
    let server = Server::start(Shell::new());
    for name in [
        "\u{1b}[31mred",
        "a\nb",
        "\u{202e}gpj",
        " a",
        "a ",
        "a\u{0}b",
        "role:admin",
        "command:root@x",
        "user:x/y",
        "key:first",
    ] {
        let reply = server.post("/api/v2/keys", &json!({"name": name, "role": "viewer"})).await;
        assert_eq!(reply.status, 422, "{name:?}: {reply:?}");
        assert!(reply.body.contains("must not"), "{name:?}: {reply:?}");
    }
    for name in ["\u{1b}[31mred", "\u{202e}gpj", " a"] {
        let step = json!({"id": "a", "type": "wait", "for": 0});
        let mut named = step.clone();
        named["name"] = name.into();
        for job in [json!({"id": "x", "name": name, "steps": [step]}), json!({"id": "x", "steps": [named]})] {
            let reply = server.post("/api/v2/jobs/validate", &job).await;
            assert!(reply.status == 422 && reply.body.contains("must not"), "{name:?}: {reply:?}");
        }
    }
    let reply = server.post("/api/v2/keys", &json!({"name": "Build (Müller)", "role": "viewer"})).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}

/// Schedules in the store that cannot be read, cannot be evaluated, or have times without end stop no other
/// schedule, and their problem is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_schedule_in_the_store_stops_no_other() {
    let mut server = Server::start(Shell::new());
    let store = async |id: &str| {
        let job = json!({"id": id, "schedule": {"every": "1s", "jitter": "1s"}, "description": id,
            "steps": [{"id": "a", "type": "wait", "for": 0}]});
        let reply = server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    for id in ["innocent", "late", "wrong", "damaged"] {
        store(id).await;
    }
    let late = json!({"id": "x", "schedule": {"every": "3s", "jitter": "9999999999999h"}, "steps": [{"id": "a", "type": "wait", "for": 0}]});
    for path in ["/api/v2/jobs/validate", "/api/v2/jobs/preview"] {
        let reply = server.post(path, &late).await;
        assert!(reply.status == 422 && reply.body.contains("at most 30 days"), "{path}: {reply:?}");
    }
    assert_eq!(server.terminate(), Some(0));
    let (shell, token) = (server.shell.clone(), server.token.clone());
    let database = rusqlite::Connection::open(shell.path("data/stepwell.db")).unwrap();
    for (id, change) in [
        ("late", "json_set(job, '$.schedule.jitter', '9999999999999h')"),
        ("wrong", "json_set(job, '$.schedule.every', '1ms')"),
        ("damaged", "'{'"),
    ] {
        let sql = format!(
            "UPDATE definitions SET job = {change} WHERE digest = (SELECT digest FROM schedules WHERE job_id = '{id}')"
        );
        assert_eq!(database.execute(&sql, []).unwrap(), 1, "{id}");
    }
    drop(database);
    drop(server);
    let (server, log) = Server::start_logged_again(shell, &token);
    let fires = async || {
        server.get("/api/v2/ledger?job_id=innocent&limit=1000").await.json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = fires().await;
    until("the innocent schedule fires", fires, |now| *now >= before + 4).await;
    let told = log.lock().unwrap().join("\n");
    assert!(!told.contains("scheduler failed") && !told.contains("panicked"), "{told}");
    assert!(
        told.contains("the schedule of the job cannot be evaluated") && told.contains("cannot be read"),
        "{told}"
    );
    let shown = server.get("/api/v2/schedules/wrong").await.json();
    assert!(shown["problem"].as_str().unwrap().contains("the shortest interval is one second"), "{shown}");
    assert!(server.get("/api/v2/schedules/innocent").await.json().get("problem").is_none());
    let counted = samples(&server.get("/metrics").await.body);
    assert!(counted["stepwell_schedule_failures_total"] >= 1.0, "{counted:?}");
}

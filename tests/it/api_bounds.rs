//! The resources of the API that strangers and holders of keys can use up.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::Shell;
use crate::server::{Server, ask, until};
use crate::teams::with;

const CONFIG: &str = "connections: {w: {type: sqlite, path: w.db}}\n";

fn naps(ms: u32) -> serde_json::Value {
    json!({"id": "naps", "steps": [{"id": "s", "type": "probe", "case": "nap", "count": ms}]})
}

async fn begun(server: &Server, job: &serde_json::Value) -> String {
    let reply = server
        .request(
            "POST",
            "/api/v2/jobs/execute",
            &[("prefer", "respond-async")],
            &json!({"job": job}).to_string(),
        )
        .await;
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.json()["execution_id"].as_str().unwrap().to_owned()
}

/// A stream of a log, with the text received so far.
struct Sse {
    stream: TcpStream,
    text: String,
}

impl Sse {
    async fn open(server: &Server, token: &str, id: &str, after: u64) -> Self {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        let request = format!(
            "GET /api/v2/runs/{id}/logs HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nlast-event-id: {after}\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 1024];
        let count = stream.read(&mut head).await.unwrap();
        Self { stream, text: String::from_utf8_lossy(&head[..count]).into_owned() }
    }

    fn status(&self) -> u16 {
        self.text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Reads to the end of the stream. Returns false when it does not end in time.
    async fn ends_within(&mut self, limit: Duration) -> bool {
        let mut bytes = Vec::new();
        if self.text.ends_with("0\r\n\r\n") {
            return true;
        }
        let read = async {
            loop {
                let mut chunk = [0; 4096];
                match self.stream.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => {
                        bytes.extend_from_slice(&chunk[..count]);
                        // The last chunk of the response.
                        if bytes.ends_with(b"0\r\n\r\n") {
                            break;
                        }
                    }
                }
            }
        };
        let ended = tokio::time::timeout(limit, read).await.is_ok();
        self.text.push_str(&String::from_utf8_lossy(&bytes));
        ended
    }
}

/// A request waits for the end of a run, and keeps no turn from other requests meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_waits_for_the_end_of_a_run_and_others_read() {
    let server = Server::start(Shell::new());
    let short = begun(&server, &naps(1500)).await;
    let ended = server.get(&format!("/api/v2/runs/{short}?wait=60")).await;
    assert_eq!((ended.status, &ended.json()["status"]), (200, &"success".into()), "{ended:?}");
    let again = Instant::now();
    assert_eq!(server.get(&format!("/api/v2/runs/{short}?wait=60")).await.status, 200);
    assert!(again.elapsed() < Duration::from_secs(30), "a run that has ended is shown at once");

    let long = begun(&server, &naps(600_000)).await;
    let path = format!("/api/v2/runs/{long}");
    let runs = async || server.get(&path).await.json()["status"].clone();
    until("the run begins", runs, |status| *status == "running").await;
    let path = format!("{path}?wait=20");
    let get = || server.get(&path);
    let read = async {
        let since = Instant::now();
        for wait in ["", "?wait=0", "?wait=00", "?wait=1"] {
            let reply = server.get(&format!("/api/v2/runs/{long}{wait}")).await;
            assert_eq!((reply.status, &reply.json()["status"]), (200, &"running".into()), "{reply:?}");
        }
        let took = since.elapsed();
        assert!(took < Duration::from_secs(8), "five requests that wait hold no turn: {took:?}");
        assert_eq!(server.post(&format!("/api/v2/runs/{long}/cancel"), &json!({})).await.status, 202);
    };
    let (a, b, c, d, e, ()) = tokio::join!(get(), get(), get(), get(), get(), read);
    for reply in [a, b, c, d, e] {
        assert_eq!((reply.status, &reply.json()["status"]), (200, &"cancelled".into()), "{reply:?}");
    }
    assert_eq!(server.get("/api/v2/runs/none?wait=5").await.status, 404);
    assert_eq!(server.get(&format!("/api/v2/runs/{long}?wait=301")).await.status, 400);
}

/// Only its file contains the first key, not the output or the log, and it is valid for a short time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_key_is_in_no_output_and_expires() {
    let (server, log) = Server::start_logged(Shell::new());
    let file = server.shell.path("data/first-api-key");
    let key = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let told = async || log.lock().unwrap().join("\n");
    let told = until("it names the file", told, |told| told.contains(&file.display().to_string())).await;
    assert!(!told.contains(key.rsplit('_').next().unwrap()), "{told}");
    let keys = server.get("/api/v2/keys").await.json();
    let expires: chrono::DateTime<chrono::Utc> =
        keys["items"][0]["expires_at"].as_str().unwrap().parse().unwrap();
    let hours = (expires - chrono::Utc::now()).num_minutes();
    assert!((23 * 60..=24 * 60).contains(&hours), "{keys}");
    // If a valid key exists, the next start makes none.
    std::fs::remove_file(&file).unwrap();
    let (shell, token) = (server.shell.clone(), server.token.clone());
    drop(server);
    let server = Server::start_with(shell, &[], &token);
    assert!(!file.exists());
    assert_eq!(server.get("/api/v2/jobs").await.status, 200);
}

/// Strangers at one address have ten failed logins per second; a holder of a key that was valid
/// before continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_logins_are_bounded_by_address_and_keep_no_one_out() {
    let server = Server::start(Shell::new());
    assert_eq!(server.get("/api/v2/jobs").await.status, 200);
    let begun = Instant::now();
    let (mut refused, mut limited) = (0u64, 0u64);
    for n in 0..300 {
        let headers = match n % 3 {
            0 => format!("Bearer sw_{n:08x}_AAAA"),
            1 => format!("Bearer {}x", server.token),
            _ => "Basic eDp5".to_owned(),
        };
        match server.raw("GET", "/api/v2/jobs", &[("authorization", &headers)], "").await.unwrap().status {
            401 => refused += 1,
            429 => limited += 1,
            other => panic!("{other}"),
        }
        if n % 50 == 0 {
            assert_eq!(server.get("/api/v2/jobs").await.status, 200, "the key is good");
        }
    }
    let allowed = 20 + 11 * (begun.elapsed().as_secs() + 1);
    assert!(refused <= allowed && limited > 0, "{refused} of {allowed}, {limited}");
    // Another address is another stranger.
    let other = std::net::SocketAddr::from(([127, 0, 0, 2], 0));
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(other).unwrap();
    let mut stream = socket.connect(server.address.parse().unwrap()).await.unwrap();
    stream
        .write_all(b"GET /api/v2/jobs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 401"), "{text}");
}

/// A valid key that was never used works during a flood of wrong keys from its own address, at once if this
/// service made it. A wrong secret, an unknown id and a revoked key do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_never_used_gets_in_through_a_flood() {
    let server = std::sync::Arc::new(Server::start(Shell::new()));
    let make = async |name: &str| {
        let made = server.post("/api/v2/keys", &json!({"name": name, "role": "viewer"})).await.json();
        (made["key"]["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    };
    let (ann, bob) = (make("ann").await, make("bob").await);
    let status = async |token: &str| {
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        server.raw("GET", "/api/v2/jobs", &headers, "").await.unwrap().status
    };
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flood: Vec<_> = (0..8u32)
        .map(|lane| {
            let (server, stop, wrong) = (server.clone(), stop.clone(), format!("{}x", ann.1));
            tokio::spawn(async move {
                let mut counts = std::collections::BTreeMap::new();
                let mut n = 0u32;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    n += 1;
                    let token = if n.is_multiple_of(2) {
                        wrong.clone()
                    } else {
                        format!("sw_{lane:04x}{n:04x}_AAAA")
                    };
                    let header = format!("Bearer {token}");
                    let reply = server.raw("GET", "/api/v2/jobs", &[("authorization", &header)], "").await;
                    *counts.entry(reply.unwrap().status).or_insert(0u64) += 1;
                }
                counts
            })
        })
        .collect();
    until(
        "the address has used up its failures",
        async || status("sw_00000000_x").await,
        |found| *found == 429,
    )
    .await;
    // The store knows it, and it was never used.
    assert_eq!(status(&ann.1).await, 200);
    // Made during the flood, by this service and by the command on its store.
    let carl = make("carl").await;
    assert_eq!(status(&carl.1).await, 200);
    let shell = server.shell.clone();
    let made = tokio::task::spawn_blocking(move || shell.run(&["keys", "create", "dora"])).await.unwrap();
    let dora = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    until(
        "a key of another process counts within a second",
        async || status(&dora).await,
        |found| *found == 200,
    )
    .await;
    // Revoked before its first use, and after it.
    for (id, token) in [&bob, &ann] {
        assert_eq!(server.request("DELETE", &format!("/api/v2/keys/{id}"), &[], "").await.status, 204);
        assert!(matches!(status(token).await, 401 | 429), "{id}");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut refused = 0;
    for lane in flood {
        let counts = lane.await.unwrap();
        assert!(counts.keys().all(|status| matches!(status, 401 | 429)), "{counts:?}");
        refused += counts.get(&429).copied().unwrap_or(0);
    }
    assert!(refused > 300, "{refused}");
}

/// Sends bytes to the service, and returns the status, the whole response, and the duration.
async fn said(server: &Server, bytes: &str) -> (u16, String, Duration) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    let whole = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length =
            head.to_lowercase().split("content-length: ").nth(1)?.lines().next()?.parse::<usize>().ok()?;
        (body.len() >= length).then_some(())
    };
    while whole(&answer).is_none() {
        let count =
            tokio::time::timeout(Duration::from_secs(20), stream.read(&mut chunk)).await.unwrap().unwrap();
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text, begun.elapsed())
}

/// The head of a request is enough to refuse it: the service does not wait for a body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_cannot_be_answered_is_refused_at_once() {
    let server = Server::start(Shell::new());
    let key = format!("authorization: Bearer {}\r\n", server.token);
    let (no_host, too_large) = ("has no header `Host`", "the body is larger than 1048576 bytes");
    for (head, status, expected, closes) in [
        ("GET /api/v2/jobs HTTP/1.1\r\n{key}".to_owned(), 400, no_host, false),
        ("GET /healthz HTTP/1.1\r\n".to_owned(), 400, no_host, false),
        ("GET http://localhost/healthz HTTP/1.1\r\n".to_owned(), 400, no_host, false),
        ("GET /healthz HTTP/1.0\r\n".to_owned(), 200, "ok", false),
        ("GET /healthz HTTP/1.1\r\nhost: a\r\nhost: b\r\n".to_owned(), 400, "more than one header `Host`", false),
        ("GET /healthz HTTP/1.1\r\nhost: user@localhost\r\n".to_owned(), 400, "is not a name or an address", false),
        ("GET /healthz HTTP/1.1\r\nhost: local host\r\n".to_owned(), 400, "is not a name or an address", false),
        ("POST /api/v2/jobs/execute HTTP/1.1\r\nhost: localhost\r\n{key}content-length: 99999999999\r\n".to_owned(), 413, too_large, true),
        ("POST /api/v2/jobs/execute HTTP/1.1\r\nhost: localhost\r\n{key}content-length: 1048577\r\n".to_owned(), 413, too_large, true),
        ("PUT /api/v2/jobs/a HTTP/1.1\r\nhost: localhost\r\n{key}expect: 100-continue\r\ncontent-length: 2000000\r\n".to_owned(), 413, too_large, true),
        ("GET /api/v2/jobs HTTP/1.1\r\nhost: localhost\r\n{key}content-length: 2000000\r\n".to_owned(), 413, too_large, true),
        ("POST /api/v2/steps HTTP/1.1\r\nhost: localhost\r\n{key}content-length: 67108865\r\n".to_owned(), 413, "larger than 67108864 bytes", true),
        // A client without a key learns nothing about bounds, and waits for nothing either.
        ("POST /api/v2/jobs/execute HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n".to_owned(), 401, "send an API key", false),
        ("POST /api/v2/jobs/execute HTTP/1.1\r\nhost: localhost\r\n{key}content-length: -1\r\n".to_owned(), 400, "", true),
        ("POST /api/v2/jobs/execute HTTP/1.1\r\nhost: localhost\r\n{key}content-length: 99999999999999999999999\r\n".to_owned(), 400, "", true),
    ] {
        let head = head.replace("{key}", &key);
        let (found, text, took) = said(&server, &format!("{head}\r\n")).await;
        assert_eq!(found, status, "{head}: {text}");
        assert!(text.contains(expected) && !text.contains("100 Continue"), "{head}: {text}");
        assert!(took < Duration::from_millis(900), "{head}: {took:?}");
        assert_eq!(text.to_lowercase().contains("connection: close"), closes, "{head}: {text}");
    }
    // The service continues, also for a client that sends all of a body that is too long.
    let long = "x".repeat(3 << 20);
    let reply = server.request("POST", "/api/v2/jobs/execute", &[], &long).await;
    assert_eq!(reply.status, 413, "{reply:?}");
}

/// Each number of each query has a range, and an error names it with the parameter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_out_of_range_are_refused_with_their_parameter_and_range() {
    let server = Server::start(Shell::new());
    let document = server.get("/api/v2/openapi.json").await.json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let numbers = operation["parameters"].as_array().into_iter().flatten();
            let numbers = numbers.filter(|one| one["in"] == "query" && one["schema"]["type"] == "integer");
            for parameter in numbers {
                let name = parameter["name"].as_str().unwrap();
                let (least, most) = (&parameter["schema"]["minimum"], &parameter["schema"]["maximum"]);
                let (least, most) = (least.as_i64().unwrap(), most.as_i64().unwrap());
                let wrong = [
                    "99999999999999999999".to_owned(),
                    "18446744073709551616".to_owned(),
                    "4294967296".to_owned(),
                    (most + 1).to_string(),
                    (least - 1).to_string(),
                    "-99999999999999999999".to_owned(),
                    "1.5".to_owned(),
                    "1e3".to_owned(),
                    "ten".to_owned(),
                    String::new(),
                ];
                for value in wrong {
                    let path = path.replace("{id}", "x").replace("{step}", "x");
                    let path = format!("{path}?{name}={value}");
                    let reply = server.request(&method.to_uppercase(), &path, &[], "").await;
                    let expected =
                        format!("`{name}` must be a whole number from {least} to {most}, not `{value}`");
                    assert_eq!(reply.status, 400, "{path}: {reply:?}");
                    assert_eq!(reply.json()["detail"], expected, "{path}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 100, "{tried}");
    // A number in a header, too.
    let stream = [("accept", "text/event-stream"), ("last-event-id", "99999999999999999999")];
    let id = begun(&server, &naps(1)).await;
    let reply = server.request("GET", &format!("/api/v2/runs/{id}/logs"), &stream, "").await;
    assert!(reply.status == 400 && reply.body.contains("Last-Event-ID"), "{reply:?}");
}

/// Clients that send their headers slowly do not affect others, and are disconnected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_headers_end_and_hold_no_one_up() {
    let server = Server::start(Shell::new());
    let mut slow = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: local").await.unwrap();
        slow.push(stream);
    }
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let reply = ask(&server.address, "GET", "/healthz", &[], "").await.unwrap();
        assert_eq!(reply.status, 200);
        times.push(begun.elapsed());
    }
    times.sort();
    assert!(times[98] < Duration::from_millis(200), "{times:?}");
    // Each of them sends one byte at a time, and ends within the time for headers.
    let mut ended = 0;
    let last = tokio::time::timeout(Duration::from_secs(20), async {
        for stream in &mut slow {
            let mut byte = [0; 256];
            loop {
                let _ = stream.write_all(b"x").await;
                let read = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut byte)).await;
                if let Ok(Ok(0) | Err(_)) = read {
                    break;
                }
            }
            ended += 1;
        }
    });
    assert!(last.await.is_ok(), "{ended} of 400 ended");
}

/// Streams are counted. Each ends with its time or its key, and the command continues without a missing or
/// repeated line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_bounded_and_end_and_a_client_goes_on() {
    let config = format!("service: {{streams: {{per_key: 3, total: 5, lasts: 2s}}}}\n{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &config));
    let key = async |name: &str| {
        let made = server.post("/api/v2/keys", &json!({"name": name, "role": "operator"})).await.json();
        (made["key"]["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    };
    let ((_, ann), (_, bob)) = (key("ann").await, key("bob").await);
    let id = begun(&server, &naps(9000)).await;
    let mut open = Vec::new();
    for token in [&ann, &ann, &ann, &bob, &bob] {
        open.push(Sse::open(&server, token, &id, 0).await);
    }
    assert!(open.iter().all(|one| one.status() == 200));
    let more = Sse::open(&server, &ann, &id, 0).await;
    assert!(more.status() == 429 && more.text.contains("3 open streams"), "{}", more.text);
    let more = Sse::open(&server, &bob, &id, 0).await;
    assert!(more.status() == 429 && more.text.contains("5 open streams"), "{}", more.text);
    // If the run does not end, a stream ends after its maximum time, and makes room.
    for one in &mut open {
        assert!(one.ends_within(Duration::from_secs(6)).await, "{}", one.text);
        assert!(!one.text.contains("event: end"), "{}", one.text);
    }
    let room = async || Sse::open(&server, &ann, &id, 0).await.status();
    until("there is room", room, |status| *status == 200).await;
    // The command follows a run over several streams.
    let job = json!({"id": "talks", "steps": [
        {"id": "a", "type": "probe", "case": "log", "count": 3},
        {"id": "w", "type": "wait", "for": 5},
        {"id": "b", "type": "probe", "case": "log", "count": 3}]});
    let talks = begun(&server, &job).await;
    let followed = server.shell.clone().env("STEPWELL_API_KEY", server.token.clone());
    let address = format!("http://{}", server.address);
    let output = tokio::task::spawn_blocking(move || {
        followed.run(&["runs", "logs", &talks, "--follow", "--server", &address])
    })
    .await
    .unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut lines: Vec<&str> = out.lines().collect();
    let all = lines.len();
    lines.dedup();
    assert!(output.status.success() && all >= 6 && lines.len() == all, "{out}\n{errors}");
    assert!(!errors.contains("lost") && !errors.contains("trying again"), "{errors}");
}

/// Revoking a key ends its streams.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_its_key() {
    let server = Server::start(Shell::new());
    let made = server.post("/api/v2/keys", &json!({"name": "ann", "role": "viewer"})).await.json();
    let (ann, token) = (made["key"]["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let id = begun(&server, &naps(60_000)).await;
    let mut stream = Sse::open(&server, token, &id, 0).await;
    let mut other = Sse::open(&server, &server.token, &id, 0).await;
    assert_eq!((stream.status(), other.status()), (200, 200));
    assert_eq!(server.request("DELETE", &format!("/api/v2/keys/{ann}"), &[], "").await.status, 204);
    assert!(stream.ends_within(Duration::from_secs(12)).await, "{}", stream.text);
    assert!(!other.ends_within(Duration::from_secs(1)).await, "{}", other.text);
    server.post(&format!("/api/v2/runs/{id}/cancel"), &json!({})).await;
    assert!(
        other.ends_within(Duration::from_secs(10)).await && other.text.contains("event: end"),
        "{}",
        other.text
    );
}

/// A log of any length arrives in pieces, as text and as JSON, and a followed line arrives at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_comes_in_pieces() {
    let server = Server::start(Shell::new());
    let steps: Vec<_> = (0..4)
        .map(|n| json!({"id": format!("s{n}"), "type": "probe", "case": "log", "count": 400}))
        .collect();
    let run =
        server.post("/api/v2/jobs/execute", &json!({"job": {"id": "long", "steps": steps}})).await.json();
    let path = format!("/api/v2/runs/{}/logs", run["execution_id"].as_str().unwrap());
    let text = server.get(&path).await;
    assert_eq!(text.header("transfer-encoding").as_deref(), Some("chunked"), "{}", text.headers);
    let lines: Vec<&str> = text.body.lines().collect();
    assert!(lines.len() >= 1600, "{}", lines.len());
    let found = server.request("GET", &path, &[("accept", "application/json")], "").await.json();
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), lines.len());
    let numbers: Vec<u64> = items.iter().map(|item| item["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    // The stream can continue after any line.
    let id = run["execution_id"].as_str().unwrap();
    let mut rest = Sse::open(&server, &server.token, id, numbers.len() as u64 - 2).await;
    assert!(rest.ends_within(Duration::from_secs(5)).await);
    assert_eq!(rest.text.matches("event: log").count(), 2, "{}", rest.text);
    // Nothing yet, and no such run.
    assert_eq!(server.get("/api/v2/runs/none/logs").await.status, 404);
}

/// A page in a browser that reaches this machine under another name gets no response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_on_this_machine_answers_to_its_own_names_only() {
    let config = format!("service: {{hosts: [stepwell.example]}}\n{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &config));
    for (host, expected) in [
        ("localhost", 200),
        ("localhost:7450", 200),
        ("127.0.0.1", 200),
        ("stepwell.example:443", 200),
        ("rebound.evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
    ] {
        for path in ["/healthz", "/api/v2/jobs"] {
            let mut stream = TcpStream::connect(&server.address).await.unwrap();
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
                server.token
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.starts_with(&format!("HTTP/1.1 {expected}")), "{host} {path}: {text}");
        }
    }
}

/// A viewer of one project learns nothing about the runs of another, and a viewer of all projects sees all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_queues_are_those_of_the_project() {
    let config = format!("projects: {{team-a: {{}}, team-b: {{}}}}\n{CONFIG}");
    let server = Server::start(Shell::new().file("config.yaml", &config));
    let key = async |project: &str| {
        let new = json!({"name": format!("of-{project}"), "role": "operator", "projects": [project]});
        server.post("/api/v2/keys", &new).await.json()["token"].as_str().unwrap().to_owned()
    };
    let (a, b) = (key("team-a").await, key("team-b").await);
    let job =
        json!({"id": "waits", "timezone": "Asia/Tokyo", "steps": [{"id": "w", "type": "wait", "for": 3600}]});
    for _ in 0..3 {
        let body = json!({"job": job}).to_string();
        let headers = [("authorization", &*format!("Bearer {a}")), ("prefer", "respond-async")];
        let reply = server.raw("POST", "/api/v2/jobs/execute", &headers, &body).await.unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
    }
    let paused = server.post("/api/v2/queues/Asia%2FTokyo/pause", &json!({"reason": "canary-5e1d"})).await;
    assert_eq!(paused.status, 204, "{paused:?}");
    let waiting = async || {
        let all = server.get("/api/v2/queues").await.json();
        let tokyo =
            all["items"].as_array().unwrap().iter().find(|queue| queue["queue"] == "Asia/Tokyo").cloned();
        tokyo.map_or(0, |queue| queue["waiting"].as_u64().unwrap() + queue["held"].as_u64().unwrap())
    };
    until("they wait", waiting, |count| *count == 3).await;
    for path in ["/api/v2/queues", "/api/v2/execution/status", "/api/v2/system/health", "/api/v2/steps"] {
        let reply = with(&server, &b, None, "GET", path, "").await;
        assert_eq!(reply.status, 200, "{path}");
        for foreign in ["Tokyo", "canary-5e1d", "team-a"] {
            assert!(!reply.body.contains(foreign), "{path}: {}", reply.body);
        }
    }
    let own = with(&server, &a, None, "GET", "/api/v2/execution/status", "").await.json();
    assert_eq!(own["timezone_queues"]["Asia/Tokyo"]["queue_size"], 3, "{own}");
    let own = with(&server, &a, None, "GET", "/api/v2/queues", "").await;
    assert!(own.body.contains("by an operator") && !own.body.contains("canary-5e1d"), "{}", own.body);
    assert!(server.get("/api/v2/queues").await.body.contains("canary-5e1d"));
}

/// Many first requests with one valid key are not failed logins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_requests_with_a_good_key_are_all_answered() {
    let server = std::sync::Arc::new(Server::start_without_probe(Shell::new(), ""));
    let requests = (0..60).map(|_| {
        let server = server.clone();
        tokio::spawn(async move { server.get("/api/v2/queues").await.status })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 200);
    }
}

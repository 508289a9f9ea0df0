//! Locks through the REST API, over SQLite and over PostgreSQL.

use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::servers::{self, Database};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::cli::Shell;
use crate::server::{Reply, Server, samples, until};

/// A stream ends after two seconds, so that a test can read all of it.
const CONFIG: &str = "connections: {w: {type: sqlite, path: w.db}}
projects: {team-a: {}}
service: {streams: {lasts: 2s}}
";

/// A service, and the database of its store.
struct Site {
    server: Server,
    store: &'static str,
    _database: Option<Database>,
}

/// Starts a service over each store that this machine has.
async fn sites(config: &str) -> Vec<Site> {
    let shell = || Shell::new().file("config.yaml", config);
    let server = Server::start_with(shell(), &[], "");
    let mut sites = vec![Site { server, store: "SQLite", _database: None }];
    if let Some(database) = servers::postgres().await {
        let server = Server::start_with(shell().env("STEPWELL_STORE", database.url()), &[], "");
        sites.push(Site { server, store: "PostgreSQL", _database: Some(database) });
    }
    sites
}

/// A client with a key of its own.
struct Client<'s> {
    server: &'s Server,
    token: String,
    id: String,
}

impl<'s> Client<'s> {
    async fn new(server: &'s Server, name: &str, role: &str, more: Value) -> Self {
        let mut body = json!({"name": name, "role": role});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = server.post("/api/v2/keys", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let text = |pointer: &str| made.json().pointer(pointer).unwrap().as_str().unwrap().to_owned();
        Self { server, token: text("/token"), id: format!("key:{}", text("/key/id")) }
    }

    async fn operator(server: &'s Server, name: &str) -> Self {
        Self::new(server, name, "operator", json!({})).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        self.server.raw(method, path, &all, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &[], &body.to_string()).await
    }

    /// Requests locks with these names, and does not wait for them.
    async fn request(&self, names: &[&str], more: Value) -> Reply {
        let locks: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        let mut body = json!({"locks": locks});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send("POST", "/api/v2/locks", &[("prefer", "respond-async")], &body.to_string()).await
    }

    /// Takes a free lock, and returns its token.
    async fn take(&self, name: &str, more: Value) -> u64 {
        let reply = self.request(&[name], more).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["held"][0]["token"].as_u64().unwrap()
    }

    /// Starts to wait for locks, and returns the ticket.
    async fn wait(&self, names: &[&str], more: Value) -> String {
        let mut body = json!({"wait": "60s"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = self.request(names, body).await;
        assert_eq!((reply.status, &reply.json()["state"]), (202, &json!("waiting")), "{reply:?}");
        let ticket = reply.json()["ticket"].as_str().unwrap().to_owned();
        assert_eq!(reply.header("location"), Some(format!("/api/v2/lock-tickets/{ticket}")));
        ticket
    }

    /// Returns the ticket when it neither waits nor rests.
    async fn decided(&self, ticket: &str) -> Value {
        let reply = self.get(&format!("/api/v2/lock-tickets/{ticket}?wait=20")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    async fn release(&self, name: &str, token: u64) -> Reply {
        self.post(&format!("/api/v2/locks/{name}/release"), json!({"token": token})).await
    }

    async fn events(&self, query: &str) -> Vec<Value> {
        let reply = self.get(&format!("/api/v2/lock-events?{query}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["items"].as_array().unwrap().clone()
    }
}

/// The kinds of events, and their locks.
fn told(events: &[Value]) -> Vec<String> {
    let word = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    events.iter().map(|event| format!("{} {}", word(event, "kind"), word(event, "name"))).collect()
}

fn detail(reply: &Reply) -> String {
    let body = reply.json();
    let places = body["errors"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let places: Vec<String> = places
        .map(|place| {
            format!("{} {} {}", text(&place["pointer"]), text(&place["message"]), text(&place["help"]))
        })
        .collect();
    format!("{} {}", text(&body["detail"]), places.join("; "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_take_turns_and_tokens_grow() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let (ann, bob) = (Client::operator(server, "ann").await, Client::operator(server, "bob").await);
        // The name has slashes, and a segment that servers could resolve.
        let (name, encoded) = ("org/repo/./default/", "org%2Frepo%2F.%2Fdefault%2F");
        let first = ann.take(name, json!({"lease": "60s", "reason": "release 7"})).await;
        let busy = bob.request(&[name], json!({})).await;
        let text = detail(&busy);
        assert_eq!(busy.status, 409, "{store}: {busy:?}");
        assert!(text.contains(&ann.id) && text.contains("set `wait` to wait for them"), "{text}");
        let ticket = bob.wait(&[name], json!({"reason": "release 8"})).await;
        let lock = bob.get(&format!("/api/v2/locks/{encoded}")).await.json();
        assert_eq!(lock["holders"][0]["reason"], "release 7", "{lock}");
        let waiter = &lock["queue"][0];
        assert_eq!((&waiter["position"], &waiter["actor"]), (&json!(1), &json!(bob.id)), "{lock}");
        let row = &bob.get("/api/v2/locks?prefix=org").await.json()["items"][0];
        assert_eq!((&row["name"], &row["holders"], &row["waiting"]), (&json!(name), &json!(1), &json!(1)));
        // The wait ends with the release.
        let waiting = bob.decided(&ticket);
        let (released, held) = tokio::join!(ann.release(encoded, first), waiting);
        assert_eq!(released.status, 204, "{released:?}");
        assert_eq!(held["state"], "held", "{held}");
        let second = held["held"][0]["token"].as_u64().unwrap();
        assert!(second > first, "{second} {first}");
        for (token, valid) in [(first, false), (second, true)] {
            let check = ann.get(&format!("/api/v2/locks/{encoded}/check?token={token}")).await.json();
            assert_eq!((&check["valid"], &check["last_token"]), (&json!(valid), &json!(second)), "{check}");
        }
        let ended = bob.send("DELETE", &format!("/api/v2/lock-tickets/{ticket}"), &[], "").await;
        assert_eq!(ended.json()["state"], "released", "{ended:?}");
        assert_eq!(
            told(&ann.events("").await),
            ["acquired", "waiting", "released", "acquired", "released"].map(|kind| format!("{kind} {name}"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_urgent_waits_least_and_several_locks_are_all_or_none() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let ann = Client::operator(server, "ann").await;
        let token = ann.take("db", json!({})).await;
        let low = ann.wait(&["db"], json!({})).await;
        let high = ann.wait(&["db"], json!({"priority": 9})).await;
        let both = ann.wait(&["db", "disk"], json!({"priority": 1})).await;
        // The request for two locks holds none of them while it waits.
        let disk = ann.take("disk", json!({})).await;
        let queue = ann.get("/api/v2/locks/db").await.json();
        let order: Vec<&str> =
            queue["queue"].as_array().unwrap().iter().map(|w| w["ticket"].as_str().unwrap()).collect();
        assert_eq!(order, [&high, &both, &low], "{store}");
        assert_eq!(ann.release("db", token).await.status, 204);
        let held = ann.decided(&high).await;
        assert_eq!(held["state"], "held", "{held}");
        assert_eq!(ann.release("db", held["held"][0]["token"].as_u64().unwrap()).await.status, 204);
        // `disk` is not free, so the last one goes first.
        assert_eq!(ann.decided(&low).await["state"], "held");
        assert_eq!(ann.release("disk", disk).await.status, 204);
        ann.send("DELETE", &format!("/api/v2/lock-tickets/{low}"), &[], "").await;
        let held = ann.decided(&both).await;
        let names: Vec<&str> =
            held["held"].as_array().unwrap().iter().map(|lock| lock["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["db", "disk"], "{held}");
        // Readers share a lock.
        let shared = json!({"locks": [{"name": "report", "mode": "shared"}]});
        for _ in 0..2 {
            assert_eq!(ann.post("/api/v2/locks", shared.clone()).await.status, 200);
        }
        assert_eq!(ann.get("/api/v2/locks/report").await.json()["holders"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_and_waits_end_although_no_client_asks() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let (ann, bob) = (Client::operator(server, "ann").await, Client::operator(server, "bob").await);
        let token = ann.take("db", json!({"lease": "2s"})).await;
        let extended = ann.post("/api/v2/locks/db/extend", json!({"token": token, "lease": "1s"})).await;
        assert_eq!((extended.status, &extended.json()["token"]), (200, &json!(token)), "{extended:?}");
        let ticket = bob.wait(&["db"], json!({"lease": "60s"})).await;
        let late = ann.wait(&["db"], json!({"wait": "2s"})).await;
        // Only events are read, which changes nothing.
        let seen = async || told(&bob.events("").await);
        until(store, seen, |told| told.contains(&"timed_out db".to_owned())).await;
        assert_eq!(
            seen().await,
            ["acquired", "extended", "waiting", "waiting", "expired", "acquired", "timed_out"]
                .map(|kind| format!("{kind} db")),
            "{store}"
        );
        let held = bob.decided(&ticket).await;
        assert_eq!(held["state"], "held", "{held}");
        assert_eq!(ann.decided(&late).await["state"], "timed_out");
        for (path, body) in
            [("extend", json!({"token": token, "lease": "9s"})), ("release", json!({"token": token}))]
        {
            let reply = ann.post(&format!("/api/v2/locks/db/{path}"), body).await;
            let text = detail(&reply);
            assert_eq!(reply.status, 409, "{reply:?}");
            assert!(text.contains("ended at") && text.contains("stop the work that it protects"), "{text}");
        }
        // A renewal makes no event.
        let renewed =
            bob.post(&format!("/api/v2/lock-tickets/{ticket}/renew"), json!({"lease": "90s"})).await;
        assert_eq!(renewed.json()["state"], "held", "{renewed:?}");
        assert_eq!(bob.events("kind=extended").await.len(), 1);
        let stranger =
            ann.post(&format!("/api/v2/lock-tickets/{ticket}/renew"), json!({"lease": "90s"})).await;
        assert_eq!(stranger.status, 403, "{stranger:?}");
        // There is nothing to renew in a request that has ended.
        let ended = ann.post(&format!("/api/v2/lock-tickets/{late}/renew"), json!({"lease": "90s"})).await;
        assert!(
            ended.status == 409 && detail(&ended).contains("the wait for the locks ran out"),
            "{ended:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_takes_a_lock_away_with_a_reason_in_the_audit_log() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let ann = Client::operator(server, "ann").await;
        let viewer = Client::new(server, "eve", "viewer", json!({})).await;
        let admin = Client::new(server, "root", "admin", json!({})).await;
        let stranger = Client::new(server, "other", "admin", json!({"projects": ["team-a"]})).await;
        let some = Client::new(server, "some", "operator", json!({"jobs": ["billing-*"]})).await;
        let token = ann.take("db", json!({"lease": "1h"})).await;
        let reason = json!({"reason": "ann is on holiday"});
        let force = "/api/v2/locks/db/force-release";
        for (client, status) in [(&viewer, 403), (&ann, 403), (&some, 403), (&stranger, 404)] {
            assert_eq!(client.post(force, reason.clone()).await.status, status, "{store}");
        }
        assert_eq!(viewer.get("/api/v2/locks/db").await.status, 200);
        assert_eq!(some.get("/api/v2/locks").await.status, 403);
        assert_eq!(stranger.get("/api/v2/locks").await.json()["items"], json!([]));
        assert_eq!(viewer.request(&["x"], json!({})).await.status, 403);
        for wrong in [json!({}), json!({"reason": ""})] {
            assert_eq!(admin.post(force, wrong).await.status, 422, "a reason is needed");
        }
        let done = admin.post(force, reason).await;
        assert_eq!((done.status, &done.json()["released"]), (200, &json!(1)), "{done:?}");
        let refused = ann.release("db", token).await;
        assert!(detail(&refused).contains("was taken away from its holder"), "{refused:?}");
        // The row is there when the answer is.
        let rows = server.get("/api/v2/audit?action=lock.forced").await.json()["items"].clone();
        let row = &rows[0];
        assert_eq!((&row["name"], &row["by"]), (&json!("root"), &json!(admin.id)), "{store}: {rows}");
        let text = row["detail"].as_str().unwrap();
        assert!(text.contains(&ann.id) && text.ends_with("ann is on holiday"), "{text}");
        assert_eq!(rows.as_array().unwrap().len(), 1, "once: {rows}");
        let rows = async || server.get("/api/v2/audit?action=lock.").await.json()["items"].clone();
        let rows = until("the lock was taken", rows, |rows| rows.as_array().unwrap().len() == 2).await;
        assert_eq!(
            (&rows[1]["action"], &rows[1]["name"]),
            (&json!("lock.acquired"), &json!("ann")),
            "{rows}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_among_sessions_of_one_key_names_the_sessions() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let ann = Client::operator(server, "ann").await;
        ann.take("a", json!({"session": "one"})).await;
        ann.take("b", json!({"session": "two"})).await;
        ann.wait(&["b"], json!({"session": "one"})).await;
        let closing = ann.request(&["a"], json!({"session": "two", "wait": "60s"})).await;
        let text = detail(&closing);
        for part in
            ["session one` waits for `b` (exclusive), and", "session two` waits for `a` (exclusive), and"]
        {
            assert!(closing.status == 409 && text.contains(part), "{store}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_found_with_the_wait_that_closes_it() {
    let report = format!("{CONFIG}locks: {{detect: report}}\n");
    for (config, resolved) in [(CONFIG, true), (&*report, false)] {
        for Site { server, store, .. } in &sites(config).await {
            let (ann, bob) = (Client::operator(server, "ann").await, Client::operator(server, "bob").await);
            ann.take("a", json!({"session": "one"})).await;
            bob.take("b", json!({"session": "two"})).await;
            let first = ann.wait(&["b"], json!({"session": "one"})).await;
            let closing = bob.request(&["a"], json!({"session": "two", "wait": "60s"})).await;
            let found = ann.get("/api/v2/lock-deadlocks").await.json();
            let deadlock = &found["items"][0];
            assert_eq!(deadlock["unresolved"], json!(!resolved), "{store}: {found}");
            let cycle = deadlock["cycle"].as_str().unwrap();
            for part in [&ann.id, &bob.id, "waits for `a` (exclusive)", "waits for `b` (exclusive)"] {
                assert!(cycle.contains(part), "{cycle}");
            }
            // The events have the time of the back end.
            let events = ann.events("").await;
            let at = |kind: &str| {
                let event = events.iter().rev().find(|event| event["kind"] == kind).unwrap();
                event["at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
            };
            let took = at("deadlock") - at("waiting");
            assert!(took <= chrono::Duration::milliseconds(50), "{store}: {took}");
            if resolved {
                // The youngest session loses its wait, and keeps its lock.
                assert_eq!(closing.status, 409, "{closing:?}");
                assert!(detail(&closing).contains("release the other locks of this session"), "{closing:?}");
                assert_eq!(ann.get("/api/v2/locks/b").await.json()["holders"][0]["actor"], json!(bob.id));
            } else {
                assert_eq!(closing.json()["state"], "waiting", "{closing:?}");
            }
            assert_eq!(ann.get(&format!("/api/v2/lock-tickets/{first}")).await.json()["state"], "waiting");
        }
    }
}

/// The numbers and the data of the events in a stream.
fn streamed(body: &str) -> Vec<(u64, Value)> {
    let event = |text: &str| {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some((field("id:")?.parse().unwrap(), serde_json::from_str(field("data:")?).unwrap()))
    };
    body.split("\n\n").filter_map(event).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_continues_after_the_last_event() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let ann = Client::operator(server, "ann").await;
        let stream = async |headers: &[(&str, &str)], query: &str| {
            let headers = [&[("accept", "text/event-stream")], headers].concat();
            let reply = ann.send("GET", &format!("/api/v2/lock-events?{query}"), &headers, "").await;
            assert_eq!(reply.header("content-type").as_deref(), Some("text/event-stream"), "{reply:?}");
            streamed(&reply.body)
        };
        let old = ann.take("old", json!({})).await;
        // Without a number, a stream begins with the next event.
        let changes = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let token = ann.take("new", json!({})).await;
            ann.release("new", token).await
        };
        let (seen, _) = tokio::join!(stream(&[], ""), changes);
        let kinds =
            |seen: &[(u64, Value)]| told(&seen.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>());
        assert_eq!(kinds(&seen), ["acquired new", "released new"], "{store}");
        // After the connection was lost, it continues with the event that follows.
        assert_eq!(ann.release("old", old).await.status, 204);
        let last = seen[0].0.to_string();
        let rest = stream(&[("last-event-id", &last)], "").await;
        assert_eq!(kinds(&rest), ["released new", "released old"], "{store}");
        assert_eq!(kinds(&stream(&[], "after=0&name=old").await), ["acquired old", "released old"]);
        // Pages have the same numbers.
        let page = ann.get("/api/v2/lock-events?after=1&limit=2").await.json();
        let numbers: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|e| &e["number"]).collect();
        assert_eq!((numbers, &page["next_cursor"]), (vec![&json!(2), &json!(3)], &json!("3")), "{page}");
        let newest = ann.events("limit=1").await;
        assert_eq!(told(&newest), ["released old"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_repeated_with_its_key_and_ends_with_its_client() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let ann = Client::operator(server, "ann").await;
        let acquire = async |names: &[&str], key: &str| {
            let locks: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            let body = json!({"locks": locks}).to_string();
            ann.send("POST", "/api/v2/locks", &[("idempotency-key", key)], &body).await
        };
        let (first, again) = (acquire(&["db"], "k1").await, acquire(&["db"], "k1").await);
        assert_eq!((first.status, first.json()), (200, again.json()), "{store}");
        let other = acquire(&["disk"], "k1").await;
        assert_eq!(other.status, 422, "{other:?}");
        assert!(detail(&other).contains("another request has this `Idempotency-Key`"), "{other:?}");
        // A client that goes away while it waits leaves the queue.
        let body = json!({"locks": [{"name": "db"}], "wait": "60s"}).to_string();
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        let request = format!(
            "POST /api/v2/locks HTTP/1.1\r\nhost: stepwell\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            ann.token,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let waiting = async || ann.get("/api/v2/locks/db").await.json()["waiting"].clone();
        until("it waits", waiting, |waiting| *waiting == 1).await;
        drop(stream);
        until("it has left", waiting, |waiting| *waiting == 0).await;
        // A request that waits longer than its client wants to gets its ticket.
        let reply = ann.send("POST", "/api/v2/locks", &[("prefer", "wait=1")], &body).await;
        assert_eq!((reply.status, &reply.json()["state"]), (202, &json!("waiting")), "{reply:?}");
        let text = ann.send("GET", "/metrics", &[], "").await;
        assert_eq!(text.status, 403, "metrics are about all projects");
        let metrics = samples(&server.get("/metrics").await.body);
        for (name, expected) in [
            ("stepwell_lock_requests_holding{project=\"default\"}", 1.0),
            ("stepwell_lock_requests_waiting{project=\"default\"}", 1.0),
            ("stepwell_lock_requests_waiting{project=\"team-a\"}", 0.0),
            ("stepwell_lock_events_total{kind=\"acquired\"}", 1.0),
            ("stepwell_lock_events_total{kind=\"waiting\"}", 2.0),
            ("stepwell_lock_events_total{kind=\"cancelled\"}", 1.0),
            ("stepwell_lock_events_total{kind=\"deadlock\"}", 0.0),
            ("stepwell_lock_wait_seconds_count", 1.0),
        ] {
            assert_eq!(metrics.get(name), Some(&expected), "{store}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_gets_an_error_that_names_the_place_and_the_fix() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let (ann, bob) = (Client::operator(server, "ann").await, Client::operator(server, "bob").await);
        let held = ann.take("db", json!({"session": "s", "lease": "1h"})).await;
        let other = ann.take("disk", json!({})).await;
        let name = |name: &str| json!({"locks": [{"name": name}]});
        let with = |more: Value| {
            let mut body = name("x");
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let long = "n".repeat(10 << 10);
        let many: Vec<Value> = (0..33).map(|n| json!({"name": format!("n{n}")})).collect();
        for (body, text) in [
            (name("../etc"), "must not contain `..`"),
            (name("a\u{0}b"), "U+0000"),
            (name("a\u{202e}b"), "U+202E"),
            (name(""), "must not be empty"),
            (name(&long), "256"),
            (json!({"locks": [{"name": "x", "mode": "upgrade"}]}), "exclusive"),
            (json!({"locks": []}), "locks"),
            (json!({"locks": [{"name": "x"}, {"name": "x"}]}), "must name each lock once"),
            (json!({ "locks": many }), "32"),
            (json!({}), "locks"),
            (with(json!({"wait": "8d"})), "is longer than 604800 seconds"),
            (with(json!({"lease": "1ms"})), "must last from 1 second"),
            (with(json!({"lease": "soon"})), "`lease` must be a time"),
            (with(json!({"priority": 10})), "9"),
            (with(json!({"lock": "x"})), "lock"),
            (with(json!({"reason": "a\u{7}"})), "U+0007"),
            (with(json!({"metadata": {"a": "x".repeat(5000)}})), "the limit is 4096"),
            (with(json!({"session": "a\nb"})), "U+000A"),
        ] {
            let reply = ann.post("/api/v2/locks", body.clone()).await;
            assert_eq!(reply.status, 422, "{store} {body}: {reply:?}");
            assert!(detail(&reply).contains(text), "{body}: {reply:?}");
            assert!(reply.body.len() < 3000 && !reply.body.contains('\u{202e}'), "{reply:?}");
        }
        let wrong = u64::MAX / 2;
        let extend = json!({"token": held, "lease": "9s"});
        for (client, path, body, status, text) in [
            (&ann, "locks/db/release", json!({"token": other}), 409, "is the one of `disk` and not of `db`"),
            (
                &ann,
                "locks/db/release",
                json!({"token": wrong}),
                409,
                "does not hold `db`, whose last token is",
            ),
            (&ann, "locks/db/release", json!({"token": 0}), 422, "token 0 holds no lock"),
            (&ann, "locks/db/release", json!({"token": -1}), 422, "token"),
            (&ann, "locks/db/release", json!({}), 422, "token"),
            (&bob, "locks/db/release", json!({"token": held}), 403, "`stepwell locks force-release db`"),
            (&bob, "locks/db/extend", extend, 403, "does not hold `db`"),
            (&ann, "locks/none/release", json!({"token": 1}), 404, "there is no lock `none`"),
            (&ann, "locks/a%2F..%2Fb/release", json!({"token": 1}), 400, "must not contain `..`"),
            (
                &ann,
                "locks",
                json!({"locks": [{"name": "db"}], "session": "s", "wait": "1s"}),
                409,
                "would wait for itself",
            ),
            (&ann, "lock-tickets/none/renew", json!({"lease": "9s"}), 404, "there is no ticket `none`"),
        ] {
            let reply = client.post(&format!("/api/v2/{path}"), body.clone()).await;
            assert_eq!(reply.status, status, "{store} {path} {body}: {reply:?}");
            assert!(detail(&reply).contains(text), "{path} {body}: {reply:?}");
        }
        for (path, status, text) in [
            ("locks/none", 404, "`stepwell locks list` lists the locks"),
            ("locks/%0a", 400, "U+000A"),
            ("locks/db/check", 400, "`token` must be a whole number"),
            ("locks/db/check?token=-1", 400, "`token` must be a whole number"),
            ("locks?limit=0", 400, "limit"),
            ("locks?cursor=zzz", 400, "next_cursor"),
            ("lock-tickets/none", 404, "there is no ticket"),
            ("lock-tickets/none?wait=301", 400, "from 0 to 300"),
            ("lock-events?kind=lost", 400, "`kind` must be one of acquired,"),
            ("lock-events?after=x", 400, "`after` must be the number of an event"),
        ] {
            let reply = ann.get(&format!("/api/v2/{path}")).await;
            assert_eq!(reply.status, status, "{store} {path}: {reply:?}");
            assert!(detail(&reply).contains(text), "{path}: {reply:?}");
        }
        // A refused request changes nothing.
        let rows = ann.get("/api/v2/locks").await.json();
        let names: Vec<&str> =
            rows["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["db", "disk"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_locks_has_pages() {
    for Site { server, store, .. } in &sites(CONFIG).await {
        let ann = Client::operator(server, "ann").await;
        for number in 0..5 {
            ann.take(&format!("page-{number}"), json!({})).await;
        }
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ann.get(&format!("/api/v2/locks?prefix=page&limit=2{cursor}")).await.json();
            names.extend(page["items"].as_array().unwrap().iter().map(|row| row["name"].clone()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(names, (0..5).map(|n| json!(format!("page-{n}"))).collect::<Vec<_>>(), "{store}");
    }
}

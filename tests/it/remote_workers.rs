//! Workers outside of Stepwell: they take the work of `worker` steps through the REST API.

use serde_json::{Value, json};
use stepwell_tests::servers::{self, Database};

use crate::cli::Shell;
use crate::server::{Reply, Server, until};
use crate::teams::Provider;

const CONFIG: &str = "connections: {w: {type: sqlite, path: w.db}}
projects: {team-a: {}}
features: {parallel_execution: true}
service: {lease: 2s}
";

const POLICY: &str = "policy: 1
name: probes
steps: [probe]
sql: [{connection: w}]
---
policy: 1
name: functions
steps: [worker]
projects: ['*']
worker: {functions: [send_*, slow]}
limits: {output_bytes: 64KiB, context_bytes: 4KiB}
context: {write: [total, note]}
";

/// A service, and the database of its store.
struct Site {
    server: Server,
    _database: Option<Database>,
}

/// Starts a service over each store that this machine has.
async fn sites() -> Vec<Site> {
    let shell = || Shell::new().file("config.yaml", CONFIG).file("policy.yaml", POLICY);
    let mut sites = vec![Site { server: Server::start(shell()), _database: None }];
    if let Some(database) = servers::postgres().await {
        let server = Server::start_with(shell().env("STEPWELL_STORE", database.url()), &[], "");
        sites.push(Site { server, _database: Some(database) });
    }
    sites
}

fn one() -> Server {
    Server::start(Shell::new().file("config.yaml", CONFIG).file("policy.yaml", POLICY))
}

/// A worker with a key of its own.
struct Worker<'s> {
    server: &'s Server,
    token: String,
    id: String,
}

impl<'s> Worker<'s> {
    async fn register(server: &'s Server, name: &str, functions: &[&str]) -> Self {
        Self::in_project(server, name, functions, "default").await
    }

    async fn in_project(server: &'s Server, name: &str, functions: &[&str], project: &str) -> Self {
        let key = json!({"name": name, "role": "worker", "projects": [project]});
        let made = server.post("/api/v2/keys", &key).await;
        assert_eq!(made.status, 201, "{made:?}");
        let token = made.json()["token"].as_str().unwrap().to_owned();
        let mut worker = Self { server, token, id: String::new() };
        let body = json!({"name": name, "functions": functions, "capacity": 4});
        let registered = worker.post("/api/v2/workers/register", &[], &body).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        assert_eq!(registered.json()["lease_seconds"], 2);
        worker.id = registered.json()["worker"].as_str().unwrap().to_owned();
        worker
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        self.server.raw("POST", path, &all, &body.to_string()).await.unwrap()
    }

    async fn poll(&self, wait: u32) -> Vec<Value> {
        let prefer = format!("wait={wait}");
        let path = format!("/api/v2/workers/{}/poll", self.id);
        let reply = self.post(&path, &[("prefer", &prefer)], &json!({})).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["items"].as_array().unwrap().clone()
    }

    /// Takes one item of work.
    async fn take(&self) -> Value {
        let mut items = self.poll(20).await;
        assert_eq!(items.len(), 1, "{items:?}");
        items.remove(0)
    }

    async fn about(&self, item: &Value, what: &str, more: Value) -> Reply {
        let path = format!("/api/v2/workers/{}/work/{}/{what}", self.id, item["work"].as_str().unwrap());
        let mut body = json!({"fence": item["fence"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(&path, &[], &body).await
    }

    async fn complete(&self, item: &Value, output: Value) -> Reply {
        self.about(item, "complete", json!({"output": output})).await
    }

    async fn fail(&self, item: &Value, code: &str, retryable: bool) -> Reply {
        let message = format!("{code} happened");
        self.about(item, "fail", json!({"code": code, "message": message, "retryable": retryable})).await
    }
}

fn job(step: Value) -> Value {
    let mut own = json!({"id": "send", "type": "worker", "function": "send_invoice", "input": {"to": "ann"}});
    own.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
    json!({"id": "invoices", "steps": [own]})
}

/// Starts a run, and returns its id.
async fn start(server: &Server, job: &Value) -> String {
    let headers = [("prefer", "respond-async")];
    let body = json!({"job": job}).to_string();
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &body).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.json()["execution_id"].as_str().unwrap().to_owned()
}

async fn run(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/v2/runs/{id}")).await.json()
}

/// Waits for a status of a run.
async fn reaches(server: &Server, id: &str, status: &str) -> Value {
    until(status, async || run(server, id).await, |run| run["status"] == status).await
}

async fn explained(server: &Server, id: &str) -> String {
    server.get(&format!("/api/v2/runs/{id}/explain")).await.json()["summary"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_does_the_work_of_a_step() {
    for Site { server, .. } in sites().await {
        let id = start(&server, &job(json!({}))).await;
        reaches(&server, &id, "parked").await;
        let said = explained(&server, &id).await;
        assert!(said.contains("waits for a worker with the function `send_invoice`"), "{said}");
        assert!(said.ends_with("; 0 workers know it"), "{said}");
        let worker = Worker::register(&server, "m1", &["send_invoice", "slow"]).await;
        let item = worker.take().await;
        assert_eq!(
            (&item["run"], &item["step"], &item["function"]),
            (&json!(id), &json!("send"), &json!("send_invoice"))
        );
        assert_eq!((&item["input"], &item["job_id"]), (&json!({"to": "ann"}), &json!("invoices")));
        let said = explained(&server, &id).await;
        assert!(said.contains("the worker m1 runs the function `send_invoice`"), "{said}");
        let listed = server.get("/api/v2/workers").await.json();
        let shown = &listed["items"][0];
        assert_eq!(
            (&shown["name"], &shown["in_hand"], &shown["silent"]),
            (&json!("m1"), &json!(1), &json!(false))
        );
        let person = Shell::new().env("STEPWELL_API_KEY", server.token.clone());
        let shown = person.run(&["workers", "list", "--server", &format!("http://{}", server.address)]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let cells: Vec<&str> = shown.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        assert!(cells[1..4] == ["m1", "1", "4"] && cells.ends_with(&["send_invoice,", "slow"]), "{shown}");
        let beat = worker.about(&item, "heartbeat", json!({})).await;
        assert_eq!((beat.status, &beat.json()["cancelled"]), (200, &json!(false)), "{beat:?}");
        assert_eq!(worker.complete(&item, json!({"sent": 3})).await.status, 204);
        let ended = reaches(&server, &id, "success").await;
        assert_eq!(ended["steps"][0]["value"], json!({"sent": 3}), "{ended}");
        assert_eq!(ended["steps"][0]["metadata"]["worker"], "m1", "{ended}");
        // The work is gone, and a second end of it is refused.
        let late = worker.complete(&item, json!({})).await;
        assert!(late.status == 404 || late.status == 409, "{late:?}");
        assert!(worker.poll(0).await.is_empty());
        let left = worker.post(&format!("/api/v2/workers/{}/leave", worker.id), &[], &json!({})).await;
        assert_eq!(left.status, 204, "{left:?}");
        assert_eq!(server.get("/api/v2/workers").await.json()["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_tried_again_as_for_other_steps() {
    let server = one();
    let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
    let retry = json!({"retry": {"max_attempts": 2, "backoff": "100ms"}});
    let id = start(&server, &job(retry.clone())).await;
    let first = worker.take().await;
    assert_eq!(worker.fail(&first, "unavailable", true).await.status, 204);
    let second = worker.take().await;
    assert!(second["fence"].as_u64() > first["fence"].as_u64(), "{first} {second}");
    // The lease of the first attempt is worth nothing any more.
    assert_eq!(worker.complete(&first, json!({})).await.status, 409);
    assert_eq!(worker.complete(&second, json!({"n": 2})).await.status, 204);
    assert_eq!(reaches(&server, &id, "success").await["steps"][0]["value"]["n"], 2);
    // A failure that is not retryable ends the step, and its code is part of the message.
    let id = start(&server, &job(retry)).await;
    let item = worker.take().await;
    assert_eq!(worker.fail(&item, "NoSuchCustomer", false).await.status, 204);
    let ended = reaches(&server, &id, "failed").await;
    assert!(ended.to_string().contains("NoSuchCustomer: NoSuchCustomer happened"), "{ended}");
    let letters = server.get("/api/v2/dead-letters").await.json();
    assert_eq!(
        (&letters["items"][0]["execution_id"], &letters["items"][0]["class"]),
        (&json!(id), &json!("failed"))
    );
}

/// A worker that is silent loses its lease, and another one gets the work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_workers_lose_their_work() {
    for Site { server, .. } in sites().await {
        let id = start(&server, &job(json!({}))).await;
        let dead = Worker::register(&server, "dead", &["send_invoice"]).await;
        let lost = dead.take().await;
        let other = Worker::register(&server, "other", &["send_invoice"]).await;
        let item = other.take().await;
        assert_eq!(item["work"], lost["work"]);
        assert!(item["fence"].as_u64() > lost["fence"].as_u64());
        for what in ["heartbeat", "complete"] {
            let late = dead.about(&lost, what, json!({})).await;
            assert_eq!(late.status, 409, "{late:?}");
            assert!(late.header("content-type").unwrap().contains("problem+json"), "{late:?}");
        }
        assert_eq!(other.complete(&item, json!({})).await.status, 204);
        reaches(&server, &id, "success").await;
        // After `on_lost: fail`, a person decides.
        let id = start(&server, &job(json!({"on_lost": "fail"}))).await;
        dead.take().await;
        let ended = reaches(&server, &id, "failed").await;
        assert!(ended.to_string().contains("on_lost: fail"), "{ended}");
    }
}

/// The work that kills its workers is set aside after three of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_is_lost_three_times_is_set_aside() {
    let server = one();
    let id = start(&server, &job(json!({}))).await;
    for n in 0..3 {
        let worker = Worker::register(&server, &format!("m{n}"), &["send_invoice"]).await;
        let item = worker.take().await;
        assert_eq!(item["function"], "send_invoice");
        // A worker that leaves with work in hand loses it at once.
        worker.post(&format!("/api/v2/workers/{}/leave", worker.id), &[], &json!({})).await;
    }
    let ended = reaches(&server, &id, "failed").await;
    assert!(ended.to_string().contains("the worker died 3 times in a row"), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_and_the_end_of_the_time_reach_the_worker() {
    let server = one();
    let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
    let id = start(&server, &job(json!({}))).await;
    let item = worker.take().await;
    let cancelled = server.post(&format!("/api/v2/runs/{id}/cancel"), &json!({})).await;
    assert!(cancelled.status < 300, "{cancelled:?}");
    reaches(&server, &id, "cancelled").await;
    let beat = worker.about(&item, "heartbeat", json!({})).await;
    assert_eq!((beat.status, &beat.json()["cancelled"]), (200, &json!(true)), "{beat:?}");
    let late = worker.complete(&item, json!({})).await;
    assert_eq!(late.status, 409, "{late:?}");
    assert!(late.json()["type"].as_str().unwrap().ends_with("#conflict"), "{late:?}");
    // The time of the step.
    let id = start(&server, &job(json!({"timeout": 1}))).await;
    let item = worker.take().await;
    let ended = reaches(&server, &id, "failed").await;
    assert!(ended.to_string().contains("ran out of time after 1s"), "{ended}");
    assert_ne!(worker.complete(&item, json!({})).await.status, 204);
    // No worker takes the work in time.
    let id = start(&server, &job(json!({"function": "send_nothing", "wait": "1s"}))).await;
    let ended = reaches(&server, &id, "failed").await;
    assert!(ended.to_string().contains("no worker took the function `send_nothing` within 1s"), "{ended}");
}

/// The branches of a group are with workers at the same time, beside branches that run here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_of_a_group_wait_for_workers_at_the_same_time() {
    let server = one();
    let one = |n: usize| json!({"id": format!("w{n}"), "type": "worker", "function": "send_invoice", "input": {"n": n}});
    let mut branches: Vec<Value> = (0..3).map(one).collect();
    branches.push(json!({"id": "here", "type": "probe", "case": "echo", "text": "x"}));
    let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": branches});
    let id = start(&server, &json!({"id": "many", "steps": [group]})).await;
    let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
    let mut items: Vec<Value> = Vec::new();
    for _ in 0..20 {
        items.extend(worker.poll(1).await);
        if items.len() == 3 {
            break;
        }
    }
    assert_eq!(items.len(), 3, "{items:?}");
    for item in &items {
        assert_eq!(worker.complete(item, json!({"n": item["input"]["n"]})).await.status, 204);
    }
    reaches(&server, &id, "success").await;
}

/// A branch that fails stops the group: the worker of another branch hears it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_stops_cancels_the_work_of_its_branches() {
    let server = one();
    let one = |id: &str| json!({"id": id, "type": "worker", "function": "send_invoice"});
    let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": [one("a"), one("b")]});
    let id = start(&server, &json!({"id": "stops", "steps": [group]})).await;
    let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
    let mut items = Vec::new();
    while items.len() < 2 {
        items.extend(worker.poll(1).await);
    }
    assert_eq!(worker.fail(&items[0], "failed", false).await.status, 204);
    reaches(&server, &id, "failed").await;
    let beat = worker.about(&items[1], "heartbeat", json!({})).await;
    assert_eq!((beat.status, &beat.json()["cancelled"]), (200, &json!(true)), "{beat:?}");
    assert_eq!(worker.complete(&items[1], json!({})).await.status, 409);
}

/// A service that ends loses neither the work nor its result.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_survives_the_service() {
    let server = one();
    let id = start(&server, &job(json!({}))).await;
    let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
    let (token, worker_id) = (worker.token.clone(), worker.id.clone());
    let item = worker.take().await;
    let server = server.kill_and_restart();
    let worker = Worker { server: &server, token, id: worker_id };
    let beat = async || worker.about(&item, "heartbeat", json!({})).await.status;
    let status = beat().await;
    // The restart may have taken longer than the lease.
    if status == 200 {
        assert_eq!(worker.complete(&item, json!({"n": 1})).await.status, 204);
        reaches(&server, &id, "success").await;
    } else {
        let item = worker.take().await;
        assert_eq!(worker.complete(&item, json!({"n": 1})).await.status, 204);
        reaches(&server, &id, "success").await;
    }
}

/// A stranger gets nothing: neither with another role, nor from another project, nor with the id of another's worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_see_the_work_of_their_own_project_alone() {
    let server = one();
    let id = start(&server, &job(json!({}))).await;
    let stranger = Worker::in_project(&server, "stranger", &["send_invoice"], "team-a").await;
    assert!(stranger.poll(1).await.is_empty());
    let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
    let item = worker.take().await;
    // The id of another's worker, and of another's work.
    let as_other = Worker { server: &server, token: stranger.token.clone(), id: worker.id.clone() };
    assert_eq!(as_other.complete(&item, json!({})).await.status, 404);
    assert_eq!(stranger.complete(&item, json!({})).await.status, 404);
    let twin = Worker::register(&server, "twin", &["send_invoice"]).await;
    assert_eq!(twin.complete(&item, json!({})).await.status, 409);
    // A worker's key does nothing else, and a viewer is no worker.
    for path in ["/api/v2/runs", "/api/v2/workers", "/api/v2/jobs"] {
        let bearer = format!("Bearer {}", worker.token);
        let reply = server.raw("GET", path, &[("authorization", &bearer)], "").await.unwrap();
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
    }
    let made = server.post("/api/v2/keys", &json!({"name": "eve", "role": "viewer"})).await.json();
    let eve =
        Worker { server: &server, token: made["token"].as_str().unwrap().to_owned(), id: worker.id.clone() };
    let path = format!("/api/v2/workers/{}/poll", worker.id);
    assert_eq!(eve.post(&path, &[], &json!({})).await.status, 403);
    // Names, and numbers, have bounds.
    let many: Vec<String> = (0..201).map(|n| format!("f{n}")).collect();
    for (body, pointer) in [
        (json!({"name": "a b", "functions": ["f"]}), "/name"),
        (json!({"name": "a", "functions": ["a/b"]}), "/functions"),
        (json!({"name": "a", "functions": []}), "/functions"),
        (json!({"name": "a", "functions": many}), "/functions"),
        (json!({"name": "a", "functions": ["f"], "capacity": 0}), "/capacity"),
        (json!({"name": "a", "functions": ["f"], "capacity": 1001}), "/capacity"),
    ] {
        let reply = worker.post("/api/v2/workers/register", &[], &body).await;
        assert_eq!((reply.status, reply.body.contains(pointer)), (422, true), "{body}: {reply:?}");
    }
    // An output that is too large is refused, and the lease stays.
    let reply = worker.complete(&item, json!("x".repeat(65 << 10))).await;
    assert_eq!((reply.status, reply.body.contains("output_bytes")), (422, true), "{reply:?}");
    assert_eq!(worker.complete(&item, json!({})).await.status, 204);
    reaches(&server, &id, "success").await;
}

/// A worker sets variables of the run, with the checks and limits of a step in the sandbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_sets_variables_of_the_run() {
    for Site { server, .. } in sites().await {
        let step = json!({"id": "send", "type": "worker", "function": "send_invoice"});
        let echo = json!({"id": "said", "type": "probe", "case": "echo", "text": "${{ vars.total }} ${{ vars.note.by }}"});
        let vars = json!({"total": 0, "note": null, "secret": "old"});
        let id = start(&server, &json!({"id": "sets", "vars": vars, "steps": [step, echo]})).await;
        let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
        let item = worker.take().await;
        for (variables, part) in [
            (json!({"secret": "new"}), "CONTEXT_WRITE_NOT_GRANTED"),
            (json!({"total": 1, "a b": 1}), "does not name the variable `a b`"),
            (json!({"note": "x".repeat(5_000)}), "context_bytes"),
            (json!([1]), "/variables"),
            (json!("x"), "/variables"),
        ] {
            let reply = worker.about(&item, "complete", json!({"variables": variables})).await;
            assert_eq!((reply.status, reply.body.contains(part)), (422, true), "{variables}: {reply:?}");
            assert!(reply.body.contains("/variables"), "{variables}: {reply:?}");
        }
        // The lease stays, and the number keeps its digits.
        let set = json!({"total": 7, "note": {"by": "m1"}});
        assert_eq!(worker.about(&item, "complete", json!({"variables": set})).await.status, 204);
        let ended = reaches(&server, &id, "success").await;
        assert!(ended["steps"][1].to_string().contains("7 m1"), "{ended}");
    }
}

/// The capacity of a worker bounds the work that it has over all polls, also of polls at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_has_no_more_work_than_its_capacity() {
    for Site { server, .. } in sites().await {
        let mut runs = Vec::new();
        for _ in 0..7 {
            runs.push(start(&server, &job(json!({}))).await);
        }
        for id in &runs {
            reaches(&server, id, "parked").await;
        }
        // The capacity is 4.
        let worker = Worker::register(&server, "m1", &["send_invoice"]).await;
        let polls = tokio::join!(worker.poll(0), worker.poll(0), worker.poll(0), worker.poll(0));
        let mut items: Vec<Value> = [polls.0, polls.1, polls.2, polls.3].into_iter().flatten().collect();
        assert_eq!(items.len(), 4, "{items:?}");
        assert!(worker.poll(0).await.is_empty());
        assert_eq!(server.get("/api/v2/workers").await.json()["items"][0]["in_hand"], 4);
        // Work that ends makes room, and so does work that is cancelled.
        assert_eq!(worker.complete(&items.remove(0), json!({})).await.status, 204);
        assert_eq!(worker.fail(&items.remove(0), "failed", false).await.status, 204);
        let more = worker.poll(5).await;
        assert_eq!(more.len(), 2, "{more:?}");
        items.extend(more);
        let run = items[0]["run"].as_str().unwrap();
        server.post(&format!("/api/v2/runs/{run}/cancel"), &json!({})).await;
        reaches(&server, run, "cancelled").await;
        assert_eq!(worker.poll(5).await.len(), 1);
        // Another worker has room of its own, but there is no work left.
        let other = Worker::register(&server, "m2", &["send_invoice"]).await;
        assert!(other.poll(0).await.is_empty());
    }
}

/// A program with a token of an OpenID provider is a worker, if a grant gives it the role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_has_a_token_of_a_provider() {
    let provider = Provider::start().await;
    let issuer = provider.web.url("").trim_end_matches('/').to_owned();
    let grants = "[{value: machines, role: worker}, {value: staff, role: viewer}]";
    let config = format!(
        "{CONFIG}oidc: {{issuer: '{issuer}', audience: stepwell, roles_claim: realm.roles, grants: {grants}}}\n"
    );
    let shell = Shell::new().file("config.yaml", &config).file("policy.yaml", POLICY);
    let made = shell.run(&["keys", "create", "boss", "--role", "admin", "--for-project", "*"]);
    let server = Server::start_with(shell, &[], String::from_utf8_lossy(&made.stdout).trim());
    for (roles, registers, reads) in [
        (&["machines"][..], 201, 403),
        (&["machines", "staff"], 201, 200),
        (&["staff"], 403, 200),
        (&["others"], 403, 403),
    ] {
        let token = provider.sign("one", &provider.claims(roles));
        let mut worker = Worker { server: &server, token, id: String::new() };
        let body = json!({"name": "m1", "functions": ["send_invoice"]});
        let reply = worker.post("/api/v2/workers/register", &[], &body).await;
        assert_eq!(reply.status, registers, "{roles:?}: {reply:?}");
        let bearer = format!("Bearer {}", worker.token);
        let list = server.raw("GET", "/api/v2/workers", &[("authorization", &bearer)], "").await.unwrap();
        assert_eq!(list.status, reads, "{roles:?}: {list:?}");
        if registers == 201 {
            worker.id = reply.json()["worker"].as_str().unwrap().to_owned();
            let id = start(&server, &job(json!({}))).await;
            let item = worker.take().await;
            assert_eq!(worker.complete(&item, json!({})).await.status, 204);
            reaches(&server, &id, "success").await;
            worker.post(&format!("/api/v2/workers/{}/leave", worker.id), &[], &json!({})).await;
        }
    }
}

/// Policy names the functions that jobs may call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policy_grants_functions() {
    let server = one();
    let denied = job(json!({"function": "drop_all"}));
    let reply = server.post("/api/v2/jobs/validate", &denied).await;
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(
        reply.body.contains("WORKER_NOT_GRANTED") && reply.body.contains("/steps/0/function"),
        "{reply:?}"
    );
    let mut by_template = job(json!({"function": "${{ vars.name }}"}));
    by_template["vars"] = json!({"name": "drop_all"});
    let id = start(&server, &by_template).await;
    let ended = reaches(&server, &id, "failed").await;
    assert!(ended.to_string().contains("drop_all"), "{ended}");
    let log = server.get("/api/v2/audit?limit=100").await.json();
    assert!(log.to_string().contains("WORKER_NOT_GRANTED"), "{log}");
    for (wrong, pointer) in [
        (json!({"function": "a b"}), "/steps/0/function"),
        (json!({"input": 7}), "/steps/0/input"),
        (json!({"wait": "soon"}), "/steps/0/wait"),
        (json!({"inputs": {}}), "/steps/0"),
    ] {
        let reply = server.post("/api/v2/jobs/validate", &job(wrong.clone())).await;
        assert_eq!((reply.status, reply.body.contains(pointer)), (422, true), "{wrong}: {reply:?}");
    }
}

//! Texts that people write: each has a maximum length, and an error names the key, place, length and maximum
//! of a longer text.

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::server::Server;

/// Collects the texts of a schema without a maximum length, by their pointers.
fn unbounded(root: &Value, schema: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
    if depth > 12 {
        return;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        return unbounded(root, root.pointer(name).unwrap(), at, depth + 1, found);
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        for part in schema[word].as_array().into_iter().flatten() {
            unbounded(root, part, at, depth + 1, found);
        }
    }
    let is = |kind: &str| {
        let kinds = &schema["type"];
        kinds == kind || kinds.as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind))
    };
    let bounded =
        ["maxLength", "pattern", "enum", "const", "format"].iter().any(|word| !schema[*word].is_null());
    if is("string") && !bounded {
        found.push(at.to_owned());
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        unbounded(root, part, &format!("{at}/{name}"), depth + 1, found);
    }
    if schema["items"].is_object() {
        unbounded(root, &schema["items"], &format!("{at}/*"), depth + 1, found);
    }
    // The keys of a document have at most 256 bytes.
    if schema["additionalProperties"].is_object() {
        unbounded(root, &schema["additionalProperties"], &format!("{at}/*"), depth + 1, found);
    }
}

#[tokio::test]
async fn every_text_of_a_job_and_of_a_request_has_a_bound() {
    let server = Server::start_without_probe(Shell::new(), "");
    let document = server.get("/api/v2/openapi.json").await.json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            unbounded(&document, schema, &format!("{method} {path}: "), 0, &mut found);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn a_text_beyond_its_bound_is_refused_with_its_place_length_and_bound() {
    let server = Server::start_without_probe(Shell::new(), "");
    let long = |count: usize| "ü".repeat(count);
    let job = |change: Value| {
        let mut job = json!({"id": "j", "steps": [{"id": "s", "type": "wait", "for": 0}]});
        let map = job.as_object_mut().unwrap();
        map.extend(change.as_object().unwrap().clone());
        job
    };
    let step = |change: Value| {
        let mut step = json!({"id": "s", "type": "wait", "for": 0});
        step.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        job(json!({"steps": [step]}))
    };
    let approval = |change: Value| {
        let mut step = json!({"id": "s", "type": "approval", "message": "?"});
        step.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        job(json!({"steps": [step]}))
    };
    let (validate, keys) = ("/api/v2/jobs/validate", "/api/v2/keys");
    for (path, body, pointer, bound) in [
        (validate, job(json!({"name": long(201)})), "/name", 200),
        (validate, job(json!({"name": format!("${{{{ vars.x }}}}{}", long(300))})), "/name", 200),
        (validate, job(json!({"description": long(4_001)})), "/description", 4_000),
        (validate, job(json!({"description": long(500_000)})), "/description", 4_000),
        (validate, job(json!({"timezone": long(65)})), "/timezone", 64),
        (validate, step(json!({"name": long(201)})), "/steps/0/name", 200),
        (validate, step(json!({"type": long(301)})), "/steps/0/type", 300),
        (
            validate,
            step(json!({"when": format!("${{{{ {} }}}}", "1".repeat(17_000))})),
            "/steps/0/when",
            16_384,
        ),
        (validate, approval(json!({"message": long(2_001)})), "/steps/0/message", 2_000),
        (validate, approval(json!({"approvers": [long(501)]})), "/steps/0/approvers/0", 500),
        (validate, job(json!({"schedule": {"cron": long(201)}})), "/schedule/cron", 200),
        (validate, job(json!({"schedule": {"at": long(65)}})), "/schedule/at", 64),
        (
            validate,
            job(
                json!({"schedule": {"every": "1h", "blackout": [{"from": "2026-01-01", "to": "2026-01-02", "reason": long(1_001)}]}}),
            ),
            "/schedule/blackout/0/reason",
            1_000,
        ),
        (validate, job(json!({"concurrency": {"key": long(201)}})), "/concurrency/key", 200),
        (keys, json!({"name": long(101), "role": "viewer"}), "/name", 100),
        (keys, json!({"name": "a", "role": "viewer", "jobs": [long(101)]}), "/jobs/0", 100),
        (keys, json!({"name": "a", "role": "viewer", "projects": [long(33)]}), "/projects/0", 32),
        ("/api/v2/runs/x/cancel", json!({"reason": long(1_001)}), "/reason", 1_000),
        ("/api/v2/dead-letters/x/discard", json!({"reason": long(1_001)}), "/reason", 1_000),
        ("/api/v2/dead-letters/bulk", json!({"action": "discard", "reason": long(1_001)}), "/reason", 1_000),
        ("/api/v2/queues/UTC/pause", json!({"reason": long(1_001)}), "/reason", 1_000),
        ("/api/v2/runs/x/approvals/s", json!({"approved": true, "comment": long(1_001)}), "/comment", 1_000),
        ("/api/v2/backfills", json!({"job_id": long(101), "from": "a", "to": "b"}), "/job_id", 100),
    ] {
        let reply = server.post(path, &body).await;
        assert_eq!(reply.status, 422, "{path} {pointer}: {reply:?}");
        let problems = reply.json();
        let told = problems["errors"].as_array().unwrap().iter().find(|told| told["pointer"] == pointer);
        let told = told.unwrap_or_else(|| panic!("{path} {pointer}: {problems}"));
        let length = body.pointer(pointer).unwrap().as_str().unwrap().chars().count();
        let name = match pointer.rsplit_once('/').unwrap() {
            (list, "0") => format!("item 0 of `{}`", list.rsplit('/').next().unwrap()),
            (_, name) => format!("`{name}`"),
        };
        let expected = format!("{name} must have at most {bound} characters, not {length}");
        assert_eq!(told["message"], expected, "{path}");
        assert!(told["line"] == 1 && told["column"].as_u64().unwrap() > 1, "{told}");
        assert!(reply.body.len() < 3_000, "the text itself is not sent back: {}", reply.body.len());
    }
    // The maximum length is accepted.
    let right = job(json!({"name": long(200), "description": long(4_000)}));
    assert_eq!(server.post(validate, &right).await.status, 200);
    // A key of a document at its own place.
    let key = "k".repeat(257);
    let body = format!("{{\"id\": \"j\",\n \"steps\": [],\n  \"{key}\": 1}}");
    let reply = server.request("POST", validate, &[], &body).await;
    let told = reply.json()["errors"][0].clone();
    assert_eq!((reply.status, &told["line"], &told["column"]), (400, &json!(3), &json!(3)), "{told}");
    assert!(told["message"].as_str().unwrap().contains("is too long: 257 bytes, of at most 256"), "{told}");
}

/// The message of an approval has the same maximum length after it is filled in.
#[tokio::test]
async fn the_message_of_an_approval_is_bounded_when_it_is_filled_in() {
    let server = Server::start_without_probe(Shell::new(), "");
    let message = "${{ vars.text }}";
    let job = json!({"id": "asks", "vars": {"text": "y".repeat(2_001)}, "steps": [{"id": "ok", "type": "approval", "message": message}]});
    let run = server.post("/api/v2/jobs/execute", &json!({"job": job})).await.json();
    assert_eq!(run["status"], "failed", "{run}");
    let told = run["steps"][0]["outcome"]["message"].as_str().unwrap_or_default();
    assert!(told.contains("the rendered text has 2001 characters; the maximum is 2000"), "{run}");
}

//! Malicious documents, sent to the service and to the command: each is refused with its place, in little
//! memory, and the service continues.

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::server::Server;
use crate::support::{Site, told};

/// Maximum memory for one document, in MiB.
const MOST: u64 = 256;

/// Returns documents, with the word in their error, and the resource that they would use up without limits.
fn documents() -> Vec<(&'static str, String, &'static str)> {
    let zeros = |count: usize| vec!["0"; count].join(",");
    let nest = |open: &str, inner: &str, close: &str, n: usize| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    let long_key = "k".repeat(250);
    let keys: Vec<String> = (0..40_000).map(|n| format!("\"a{n}\":1")).collect();
    let steps: Vec<Value> = (0..8_000).map(|n| json!({"id": format!("s{n}"), "type": "probe"})).collect();
    let references: Vec<String> =
        (0..8_000).map(|n| format!("${{{{ steps.t{n}.output }}}} ${{{{ vars.w{n} }}}}")).collect();
    let vars: serde_json::Map<_, _> = (0..8_000).map(|n| (format!("v{n}"), json!(n))).collect();
    let step = |more: Value| {
        let mut step = json!({"id": "s", "type": "probe", "case": "echo"});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"id": "x", "steps": [step]}).to_string()
    };
    let anchors: String = (0..9_000).map(|n| format!("- &a{n} 1\n")).collect();
    vec![
        ("wrong items", format!("{{\"id\":\"x\",\"steps\":[{}]}}", zeros(90_000)), "must be an object"),
        ("too many items", format!("{{\"id\":\"x\",\"steps\":[{}]}}", zeros(300_000)), "too large"),
        ("unknown keys", format!("{{{}}}", keys.join(",")), "unknown key"),
        (
            "keys above items",
            nest(&format!("{{\"{long_key}\":"), &format!("[{}]", zeros(80_000)), "}", 60),
            "unknown key",
        ),
        ("a long key", format!("? \"{}\"\n: 1\n", "k".repeat(400_000)), "too long"),
        ("deep lists", nest("[", "", "]", 100_000), "nested too deeply"),
        ("deep objects", nest("{\"a\":", "1", "}", 100_000), "nested too deeply"),
        ("deep YAML", "- ".repeat(100_000), "nested too deeply"),
        ("a deep step", nest("{\"id\":\"x\",\"steps\":[{\"id\":\"s\",\"text\":", "1", "}]}", 20), "missing key"),
        (
            "an alias of a long text",
            format!("id: x\nsteps:\n- &t \"{}\"\n{anchors}- [{}]\n", "t".repeat(300_000), vec!["*t"; 50_000].join(",")),
            "too large",
        ),
        ("a long zone", json!({"id": "x", "timezone": "A".repeat(900_000), "steps": []}).to_string(), "time zone"),
        ("many steps", json!({"id": "x", "steps": steps}).to_string(), "at most 1000 steps"),
        (
            "many references",
            json!({"id": "x", "vars": vars, "steps": [{"id": "s", "type": "probe", "case": "echo", "text": references.join(" ")}]})
                .to_string(),
            "there is no step",
        ),
        ("a large text", step(json!({"text": "${{ 'a' * 100000000 }}"})), "numbers only"),
        ("a long expression", step(json!({"text": format!("${{{{ 1{} }}}}", "+1".repeat(100_000))})), "too long"),
        ("a deep expression", step(json!({"when": format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000))})), "too complex"),
    ]
}

fn memory(server: &Server, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

#[tokio::test]
async fn no_document_takes_the_memory_of_the_service_or_stops_it() {
    let server = Server::start(Shell::new());
    for (what, document, expected) in documents() {
        for (method, path) in
            [("PUT", "/api/v2/jobs/x"), ("POST", "/api/v2/jobs/execute"), ("POST", "/api/v2/runs/x/cancel")]
        {
            std::fs::write(format!("/proc/{}/clear_refs", server.id()), "5").unwrap();
            let before = memory(&server, "VmRSS");
            let reply = server.request(method, path, &[], &document).await;
            assert!((400..500).contains(&reply.status), "{what}, {path}: {} {}", reply.status, reply.body);
            assert!(reply.body.len() < 1 << 20, "{what}, {path}: {} bytes", reply.body.len());
            if path.contains("jobs") {
                assert!(reply.body.contains(expected), "{what}, {path}: {}", reply.body);
            }
            let grown = memory(&server, "VmHWM").saturating_sub(before);
            assert!(grown < MOST, "{what}, {path}: {grown} MiB");
            assert_eq!(server.raw("GET", "/healthz", &[], "").await.unwrap().status, 200);
        }
    }
}

#[test]
fn no_document_takes_the_memory_of_the_command() {
    for (what, document, expected) in documents() {
        let shell = Shell::new().file("job.yaml", &document);
        let mut arguments = shell.with_probe(&["validate", "job.yaml"]);
        // The command may not use more than this for any input.
        let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", 8 << 20);
        let command = shell.command(&arguments);
        arguments.insert(0, command.get_program().to_string_lossy().into_owned());
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", &limit]).args(&arguments).current_dir(shell.path(""));
        for (name, value) in command.get_envs() {
            limited.env(name, value.unwrap_or_default());
        }
        let output = limited.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(expected), "{what}: {}", told.chars().take(2_000).collect::<String>());
        assert!(told.len() < 256 << 10, "{what}: {} bytes", told.len());
    }
}

/// Errors that only the run reveals: the run ends as one with an invalid configuration, and the
/// service continues.
#[tokio::test]
async fn no_expression_takes_the_memory_of_the_service_or_stops_it() {
    let server = Server::start(Shell::new());
    let long = "x".repeat(300_000);
    let texts = vec!["${{ vars.long }}"; 10_000];
    for (what, config, said) in [
        ("padding", json!({"text": "${{ 'a' | indent(1000000000000000) }}"}), "unknown"),
        ("format", json!({"text": "${{ '%999999999999d' | format(1) }}"}), "unknown"),
        ("repeating", json!({"text": "${{ vars.short * 1000000000 }}"}), "numbers only"),
        ("joining", json!({"text": "${{ vars.many | join(vars.long) }}"}), "work on too much"),
        ("replacing", json!({"text": "${{ vars.long | replace('x', vars.long) }}"}), "work on too much"),
        ("adding", json!({"text": texts.join("")}), "work on too much"),
        (
            "often",
            json!({"text": "x", "when": vec!["vars.many | sort == 1"; 45].join(" or ")}),
            "work on too much",
        ),
    ] {
        let mut step = json!({"id": "s", "type": "probe", "case": "echo"});
        step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let vars = json!({"long": long, "short": "a", "many": vec![0; 10_000]});
        let job = json!({"id": "x", "vars": vars, "steps": [step]});
        std::fs::write(format!("/proc/{}/clear_refs", server.id()), "5").unwrap();
        let before = memory(&server, "VmRSS");
        let reply = server.post("/api/v2/jobs/execute", &job).await;
        assert_eq!(reply.status, 200, "{what}: {reply:?}");
        let run =
            server.get(&format!("/api/v2/runs/{}", reply.json()["execution_id"].as_str().unwrap())).await;
        assert_eq!(run.json()["status"], "failed", "{what}: {run:?}");
        assert!(run.body.contains("invalid_config") && run.body.contains(said), "{what}: {}", run.body);
        let grown = memory(&server, "VmHWM").saturating_sub(before);
        assert!(grown < MOST, "{what}: {grown} MiB");
    }
    // In a key, which is filled in when the run is asked for.
    let steps = json!([{"id": "s", "type": "probe", "case": "noop"}]);
    for (value, said) in [(long, "64 KiB or more"), ("x".repeat(2000), "at most 1024")] {
        let job = json!({"id": "y", "vars": {"long": value}, "steps": steps,
            "concurrency": {"key": "${{ vars.long }}"}});
        let reply = server.post("/api/v2/jobs/execute", &job).await;
        assert_eq!((reply.status, reply.body.contains(said)), (422, true), "{reply:?}");
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

/// Keys, logs and results do not leave their place: no cache, no browser page and no dump contains them.
#[tokio::test]
async fn answers_are_not_kept_and_a_crash_leaves_no_dump() {
    let server = Server::start(Shell::new());
    for path in ["/api/v2/keys", "/api/v2/runs", "/api/v2/nothing", "/healthz"] {
        let reply = server.get(path).await;
        assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"), "{path}: {reply:?}");
        assert_eq!(reply.header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
}

/// Long definitions make short pages, and all of them arrive.
#[tokio::test]
async fn a_list_of_long_jobs_comes_in_bounded_pages() {
    let server = Server::start_without_probe(Shell::new(), "");
    for number in 0..12 {
        let id = format!("long-{number:02}");
        let long: Vec<String> = (0..90).map(|_| "A".repeat(10_000)).collect();
        let job = json!({"id": id, "vars": {"long": long}, "steps": [{"id": "a", "type": "wait", "for": 1}]});
        let reply = server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job.to_string()).await;
        assert!(reply.status < 300, "{reply:?}");
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v2/jobs?limit=1000".to_owned());
    loop {
        let reply = server.get(&path).await;
        assert!(reply.body.len() < 6 << 20, "{} bytes", reply.body.len());
        let page = reply.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|job| job["job"]["id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v2/jobs?limit=1000&cursor={cursor}");
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
}

/// The library computes slices with unchecked numbers, and JSON writes an infinite number as null.
#[tokio::test]
async fn numbers_out_of_range_in_expressions_have_a_result_or_an_error() {
    let site = Site::new().probe_policy("limits: {wall: 20s}", "").host().await;
    for (text, expected) in [
        ("${{ 'abc'[-99999999999:99999999999:-1] ~ '.' }}", "."),
        ("${{ 'abc'[::-9223372036854775808] }}", "c"),
        ("${{ [1, 1e400] }}", "not finite"),
        ("${{ 5 is divisibleby(0) }}", "divisible by 0"),
    ] {
        let step = json!({"id": "s", "type": "probe", "case": "echo", "text": text});
        let state = site.run(&json!({"id": "numbers", "steps": [step]}).to_string()).await;
        let end = state.steps[0].end.as_ref().unwrap();
        let is_error = expected.contains(' ');
        assert_eq!(end.outcome.is_success(), !is_error, "{text}: {}", told(end));
        let found = if is_error { told(end) } else { end.produced.output.to_string() };
        assert!(found.contains(expected), "{text}: {found}");
    }
}

/// A template switches off no check of the job itself. An id of any length would be in each list of runs.
#[tokio::test]
async fn a_template_is_no_id() {
    let site = Site::new().probe_policy("", "").host().await;
    let step = |key: &str, value: &str| {
        let mut step = json!({"id": "s", "type": "probe", "case": "noop"});
        step[key] = json!(value);
        json!({"id": "x", "steps": [step]})
    };
    let job = |key: &str, value: &str| {
        let mut job = step("id", "s");
        job[key] = json!(value);
        job
    };
    let long = format!("${{{{{}", "a".repeat(100_000));
    for (job, pointer) in [
        (job("id", "${{ 1 }}"), "/id"),
        (job("id", &long), "/id"),
        (step("id", "x${{ 1 }}\nERROR forged \u{1b}[31m"), "/steps/0/id"),
        (step("id", &long), "/steps/0/id"),
        (job("timezone", "${{ vars.zone }}"), "/timezone"),
        (job("timeout_seconds", "${{ 1 }}"), "/timeout_seconds"),
        (job("workspace", "${{ 1 }}"), "/workspace"),
        (job("priority", "${{ 1 }}"), "/priority"),
        (step("timeout", "${{ 1 }}"), "/steps/0/timeout"),
        (step("on_lost", "${{ 'retry' }}"), "/steps/0/on_lost"),
        (job("policy", "${{ 1 }}"), "/policy"),
    ] {
        let refused = site.host.parse("job.yaml", &job.to_string()).await.unwrap_err();
        let stepwell::HostError::Invalid(found) = refused else { panic!("{pointer}: {refused}") };
        let at: Vec<&str> = found.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert!(at.contains(&pointer), "{pointer}: {at:?}");
    }
}

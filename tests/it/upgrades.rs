//! Steps that are upgraded while runs wait: a run continues with the components of its admission, after a
//! restart and on every node, and a component that replaces a built-in step has none of its grants.

use serde_json::{Value, json};
use stepwell_tests::{guest, root, servers};

use crate::cli::Shell;
use crate::server::{Server, until};
use crate::support::{Site, one_step, told};

/// Returns a component of a step, and another one of the same step: with a custom section without effect.
fn versions(name: &str) -> [Vec<u8>; 2] {
    let first = std::fs::read(guest(name)).unwrap();
    let second = [first.as_slice(), &[0, 3, 1, b'x', 0]].concat();
    [first, second]
}

async fn register(server: &Server, wasm: &[u8]) -> String {
    let reply = server.post_bytes("/api/v2/steps?force=true", wasm).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["digest"].as_str().unwrap().to_owned()
}

/// Parks a run before its step `hello`: for a while, or until an approval.
async fn parked(server: &Server, before: Value) -> String {
    let job =
        json!({"job": {"id": "greets", "steps": [before, {"id": "hi", "type": "hello", "who": "you"}]}});
    let headers = [("prefer", "respond-async")];
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let status = async || server.get(&format!("/api/v2/runs/{id}")).await.json()["status"].clone();
    until("it is parked", status, |status| status == "parked").await;
    id
}

fn approval() -> Value {
    json!({"id": "ok", "type": "approval", "message": "?"})
}

async fn approve(server: &Server, id: &str) {
    let reply = server.post(&format!("/api/v2/runs/{id}/approvals/ok"), &json!({"approved": true})).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// Returns the component that the step `hi` of a run ran with, once it has ended.
async fn ran_with(server: &Server, id: &str) -> String {
    let view = async || server.get(&format!("/api/v2/runs/{id}")).await.json();
    let view = until("it ends", view, |view| view["status"] == "success").await;
    let step = view["steps"].as_array().unwrap().iter().find(|step| step["step_id"] == "hi").unwrap();
    step["receipt"]["component"].as_str().unwrap().to_owned()
}

async fn new_run(server: &Server) -> String {
    let job = json!({"job": {"id": "greets", "steps": [{"id": "hi", "type": "hello", "who": "you"}]}});
    let reply = server.post("/api/v2/jobs/execute", &job).await;
    ran_with(server, reply.json()["execution_id"].as_str().unwrap()).await
}

#[tokio::test]
async fn a_parked_run_goes_on_with_its_version_after_an_upgrade_and_a_restart() {
    let [one, two] = versions("hello_step");
    let server = Server::start(Shell::new());
    let first = register(&server, &one).await;
    let waits = parked(&server, json!({"id": "pause", "type": "wait", "for": 2})).await;
    let asks = parked(&server, approval()).await;
    let second = register(&server, &two).await;
    assert_ne!(first, second);
    let server = server.kill_and_restart();
    // New runs use the new version, before and after the parked runs continue.
    assert_eq!(new_run(&server).await, second);
    approve(&server, &asks).await;
    assert_eq!(ran_with(&server, &asks).await, first);
    assert_eq!(ran_with(&server, &waits).await, first);
    assert_eq!(new_run(&server).await, second);
    // Removed components are still available to the runs that need them.
    let asks = parked(&server, approval()).await;
    assert_eq!(server.request("DELETE", "/api/v2/steps/hello", &[], "").await.status, 204);
    let server = server.kill_and_restart();
    approve(&server, &asks).await;
    assert_eq!(ran_with(&server, &asks).await, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_registers_the_others_use_for_new_runs_alone() {
    let Some(database) = servers::postgres().await else { return };
    let node =
        |token: &str| Server::start_with(Shell::new().env("STEPWELL_STORE", database.url()), &[], token);
    let here = node("");
    let there = node(&here.token);
    let [one, two] = versions("hello_step");
    let first = register(&here, &one).await;
    let known = async || there.get("/api/v2/steps/hello").await.json()["digest"].clone();
    until("the other node knows it", known, |digest| *digest == json!(first)).await;
    let asks = [parked(&here, approval()).await, parked(&there, approval()).await];
    let second = register(&there, &two).await;
    let known = async || here.get("/api/v2/steps/hello").await.json()["digest"].clone();
    until("the first node knows the upgrade", known, |digest| *digest == json!(second)).await;
    for node in [&here, &there] {
        assert_eq!(new_run(node).await, second);
    }
    // Each is approved at the other node, and a third node that knows neither component may run it.
    let third = node(&here.token);
    approve(&there, &asks[0]).await;
    approve(&here, &asks[1]).await;
    for id in &asks {
        assert_eq!(ran_with(&third, id).await, first);
    }
    assert_eq!(new_run(&third).await, second);
}

#[test]
fn a_replacement_of_a_built_in_step_has_none_of_its_grants() {
    let job = "{id: asks, steps: [{id: s, type: sql, connection_name: w, query: SELECT 1}]}";
    let policy = "policy: 1\nname: trusted\nsteps: [sql]\nsql: [{connection: w}]\n";
    let shell = Shell::new().file("job.yaml", job).file("policy.yaml", policy);
    std::fs::write(shell.path("sql.wasm"), &versions("sql")[1]).unwrap();
    let wasm = shell.path("sql.wasm").display().to_string();
    let ask = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let output = shell.command(&arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let run = ["run", "job.yaml", "--policy", "policy.yaml", "--config", "config.yaml"];
    assert_eq!(ask(&run).0, Some(0), "{:?}", ask(&run));
    let (code, text) = ask(&["steps", "register", &wasm]);
    assert!(code == Some(2) && text.contains("`--replace`"), "{text}");
    let (code, text) = ask(&["steps", "register", "--replace", &wasm]);
    assert_eq!(code, Some(0), "{text}");
    // The operator trusted the built-in step.
    let (code, text) = ask(&run);
    assert!(code != Some(0) && text.contains("denied by policy"), "{text}");
    // A policy can explicitly include the replacement.
    std::fs::write(shell.path("policy.yaml"), format!("{policy}replaced: true\n")).unwrap();
    let (code, text) = ask(&run);
    assert_eq!(code, Some(0), "{text}");
    std::fs::write(shell.path("policy.yaml"), policy).unwrap();
    // Without it, the built-in step is back, with its grants.
    let (code, text) = ask(&["steps", "rollback", "sql"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(ask(&run).0, Some(0), "{:?}", ask(&run));
}

/// A component that was built against version 0.1.0 of the contract, without the SDK.
#[tokio::test]
async fn a_component_of_the_first_version_of_the_contract_runs() {
    let text = std::fs::read(root().join("tests/contract/step_0_1_0.wat")).unwrap();
    let site = Site::new().host().await;
    let manifest = site.host.register(wat::parse_bytes(&text).unwrap().into_owned()).await.unwrap();
    assert_eq!((manifest.type_name.as_str(), manifest.idempotent), ("acme/contract", true));
    let state = site.run(&one_step(json!({"type": "acme/contract", "text": "hi"}))).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert_eq!(end.produced.output, json!({"text": "hi"}), "{}", told(end));
    assert_eq!(end.produced.summary, "Returns its configuration");
    assert_eq!(site.log(&state).await, ["info a line of version 0.1.0"]);
}

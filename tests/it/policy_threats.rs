//! Policies that change during a run, and components that change under a policy that pins one.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stepwell::engine::store::Audit;
use stepwell::{Host, Registration};
use stepwell_tests::guest;

use crate::support::{Running, Site, told};

/// Two steps: the first gives the test time for a change before the second begins.
fn job(second: serde_json::Value) -> String {
    let first = json!({"id": "first", "type": "probe", "case": "nap", "count": 1500, "text": "x"});
    json!({"id": "test", "steps": [first, second]}).to_string()
}

/// Runs a job, and applies a change while its first step runs.
async fn changed_meanwhile(site: &Running, job: &str, change: impl AsyncFnOnce(&Host)) -> Vec<String> {
    let run = site.run(job);
    let change = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        change(&site.host).await;
    };
    let (state, ()) = tokio::join!(run, change);
    state.steps.iter().filter_map(|step| step.end.as_ref()).map(|end| told(end)).collect()
}

#[tokio::test]
async fn a_grant_that_is_taken_back_is_gone_for_the_next_step() {
    let grants = "limits: {wall: 20s}\nfiles: [{mount: /in, source: in}]\n";
    let site = Site::new().file("in/hello.txt", "hello").probe_policy(grants, "").host().await;
    let reads = job(json!({"id": "second", "type": "probe", "case": "read", "path": "/in/hello.txt"}));
    // The known facts about the steps are fixed before the change.
    let ends = changed_meanwhile(&site, &reads, async |_| {}).await;
    assert_eq!(ends, ["succeeded: \"x\"", "succeeded: \"hello\""]);
    let policy = site.path().join("policy-1.yaml");
    let text = std::fs::read_to_string(&policy).unwrap().replace("files: [{mount: /in, source: in}]", "");
    let ends = changed_meanwhile(&site, &reads, async |host| {
        std::fs::write(&policy, text).unwrap();
        host.reload().unwrap();
    })
    .await;
    assert_eq!(ends[0], "succeeded: \"x\"");
    assert!(ends[1].starts_with("failed: "), "{ends:?}");
}

#[tokio::test]
async fn a_policy_that_pins_a_component_runs_no_other_bytes() {
    let hello = std::fs::read(guest("hello_step")).unwrap();
    // The same step as another component: with a custom section without effect.
    let other = [hello.as_slice(), &[0, 3, 1, b'x', 0]].concat();
    let pin = stepwell::sandbox::digest(&hello);
    let site = Site::new()
        .policy("hello", &format!("component: \"{pin}\""))
        .probe_policy("limits: {wall: 20s}", "")
        .host()
        .await;
    let register = async |host: &Host, wasm: &[u8]| {
        let audit = Audit {
            at: host.now(),
            by: "ann".to_owned(),
            name: String::new(),
            action: "step.register".to_owned(),
            target: String::new(),
            detail: String::new(),
        };
        let how = Registration { force: true, replace: false };
        host.steps().register(wasm.to_vec(), how, audit).await.unwrap();
    };
    register(&site.host, &hello).await;
    let greets = job(json!({"id": "second", "type": "hello", "who": "you"}));
    let site = Arc::new(site);
    // The component changes while the first step runs: the run has the component that policy decided about.
    let ends = changed_meanwhile(&site, &greets, async |host| register(host, &other).await).await;
    assert!(ends[1].starts_with("succeeded: "), "{ends:?}");
    // A newly admitted run would have the other component.
    let refused = site.host.parse("job.yaml", &greets).await.err().unwrap().to_string();
    assert!(refused.contains("COMPONENT"), "{refused}");
}

//! The `azure_devops` step against the emulator, and the emulator against the API's own definitions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::engine::Outcome;
use stepwell::engine::run::RunStatus;
use stepwell_tests::azure_devops::{Emulator, Options};
use stepwell_tests::root;
use tokio_util::sync::CancellationToken;

use crate::support::{Notebook, Running, Site, one_step, told};

async fn site(emulator: &Emulator, pat: &str) -> Running {
    site_with(emulator, pat, "http_requests: 500").await
}

async fn site_with(emulator: &Emulator, pat: &str, limits: &str) -> Running {
    let url = emulator.url("contoso");
    let config =
        format!("azure_devops: {{organizations: {{contoso: {{url: '{url}', pat: 'file:pat.txt'}}}}}}");
    let grants =
        format!("http: [{{organization: contoso, allow_private: ['127.0.0.1/32']}}]\nlimits: {{{limits}}}");
    Site::new().file("pat.txt", pat).config(&config).policy("azure_devops", &grants).host().await
}

fn step(pipeline: u64, more: Value) -> Value {
    let mut step = json!({
        "type": "azure_devops", "organization": "contoso", "project": "data-platform", "pipeline_id": pipeline,
        "branch": "main", "parameters": {"Environment": "production"}, "poll_interval": 0.05,
    });
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

#[tokio::test]
async fn each_end_of_a_pipeline_is_told() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let site = site(&emulator, "emulator-pat").await;
    for (pipeline, more, expected) in [
        (123, json!({"variables": {"level": 3}}), "succeeded: "),
        (123, json!({"wait_for_completion": false}), "succeeded: "),
        (124, json!({}), "failed: Pipeline #"),
        (125, json!({"timeout": 0.3}), "timed_out"),
        (126, json!({}), "failed: Pipeline #"),
        (127, json!({}), "failed: Azure DevOps refuses the run: PipelineValidationException"),
        (999, json!({}), "failed: there is no pipeline 999 in the project `data-platform` of `contoso`"),
    ] {
        let end = site.step(step(pipeline, more)).await;
        assert!(
            told(&end).starts_with(expected) || told(&end).contains("not completed in time"),
            "{pipeline}: {}",
            told(&end)
        );
        // The credential belongs to the host: nothing that the guest leaves behind contains it.
        assert!(!serde_json::to_string(&end).unwrap().contains("emulator-pat"));
    }
    let end = site.step(step(123, json!({}))).await;
    let metadata = &end.produced.metadata;
    assert_eq!(
        end.produced.summary,
        format!("Pipeline #{} completed successfully", metadata["run_id"].as_str().unwrap())
    );
    assert_eq!((&metadata["organization"], &metadata["branch"]), (&json!("contoso"), &json!("main")));
    assert_eq!(
        emulator.runs().last().unwrap().request["resources"]["repositories"]["self"]["refName"],
        "refs/heads/main"
    );
}

#[tokio::test]
async fn a_run_tells_its_tasks_its_errors_and_leaves_its_logs_and_artifacts() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let url = emulator.url("contoso");
    let port = emulator.port();
    let site = Site::new()
        .file("pat.txt", "emulator-pat")
        .config(&format!("azure_devops: {{organizations: {{contoso: {{url: '{url}', pat: 'file:pat.txt'}}}}}}"))
        .policy(
            "azure_devops",
            &format!(
                "http: [{{organization: contoso, allow_private: ['127.0.0.1/32']}}, \
                 {{url: 'http://127.0.0.1:{port}', paths: ['/signed/*'], allow_private: ['127.0.0.1/32']}}]\n\
                 limits: {{http_requests: 500}}\nfiles: [{{mount: /workspace, workspace: 8MiB, access: write}}]"
            ),
        )
        .host()
        .await;
    let more = json!({"save_logs": "logs", "save_artifacts": "artifacts", "stages_to_skip": ["Docs"],
        "resources": {"pipelines": {"tools": {"version": "20250901.1"}}, "repositories": {"lib": {"branch": "main", "version": "0123"}}}});
    let notebook = Notebook::default();
    let state = site.watched(&one_step(step(123, more)), &notebook, CancellationToken::new()).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert_eq!(
        end.produced.metadata["files"],
        json!([
            "/workspace/logs/005 Build.txt",
            "/workspace/logs/006 Run tests.txt",
            "/workspace/artifacts/drop.zip",
        ]),
        "{}",
        told(end)
    );
    let workspace = site.host.runs().workspace(&state.run.execution_id);
    assert!(
        std::fs::read_to_string(workspace.join("logs/006 Run tests.txt"))
            .unwrap()
            .contains("line of the log 6")
    );
    assert!(std::fs::read_to_string(workspace.join("artifacts/drop.zip")).unwrap().starts_with("PK"));
    assert!(notebook.0.lock().unwrap().iter().any(|line| line == "0 progress 1"), "one of two tasks is over");
    let request = emulator.runs()[0].request.clone();
    assert_eq!(request["stagesToSkip"], json!(["Docs"]));
    assert_eq!(
        request["resources"],
        json!({
            "repositories": {"self": {"refName": "refs/heads/main"}, "lib": {"refName": "refs/heads/main", "version": "0123"}},
            "pipelines": {"tools": {"version": "20250901.1"}},
        })
    );

    // Of a run that failed: the task, its error, and the end of its log.
    let state = site.run(&one_step(step(124, json!({})))).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert!(
        told(end).contains("failed: Deploy > Tests > Run tests: Bash exited with code '1'."),
        "{}",
        told(end)
    );
    let log = site.log(&state).await;
    assert!(log.iter().any(|line| line.contains("##[error]exit code 1")), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("line of the log 5")), "only of the task that failed");

    for (more, expected) in [
        (json!({"preview": true}), r#"parameters: {\"Environment\":\"production\"}"#),
        (json!({"variables": {"secret": 1}}), "declare them there as settable at queue time"),
        (
            json!({"preview": true, "variables": {"secret": 1}}),
            "declare them there as settable at queue time",
        ),
    ] {
        let before = emulator.runs().len();
        let end = site.step(step(123, more.clone())).await;
        assert!(told(&end).contains(expected), "{more}: {}", told(&end));
        assert_eq!(emulator.runs().len(), before, "nothing is triggered");
    }
}

#[tokio::test]
async fn an_application_logs_in_with_tokens_that_are_renewed() {
    let application = Some(("app".to_owned(), "canary-client-secret".to_owned()));
    let run = async |life, secret: &str| {
        let options = Options { application: application.clone(), token_life: life, ..Options::default() };
        let emulator = Emulator::start(0, options).await.unwrap();
        let (url, port) = (emulator.url("contoso"), emulator.port());
        let site = Site::new()
            .file("secret", secret)
            .file("azure_devops.yaml", format!(
                "azure_devops: {{organizations: {{contoso: {{url: '{url}', service_principal: {{tenant: t, client_id: app, \
                 client_secret: 'file:secret', authority: 'http://127.0.0.1:{port}'}}}}}}}}"
            ))
            .config("{}")
            .policy("azure_devops", "http: [{organization: contoso, allow_private: ['127.0.0.1/32']}]\nlimits: {http_requests: 500}")
            .host()
            .await;
        let end = site.step(step(123, json!({"poll_interval": 0.3}))).await;
        let tokens = emulator.requests().iter().filter(|request| request.ends_with("/token")).count();
        (end, tokens)
    };
    let (end, tokens) = run(3600, "canary-client-secret").await;
    assert!(told(&end).starts_with("succeeded"), "{}", told(&end));
    assert_eq!(tokens, 1, "one for all requests");
    assert!(!serde_json::to_string(&end).unwrap().contains("emulated-token"));
    // A token that lives one second is renewed after half of it.
    let (end, tokens) = run(1, "canary-client-secret").await;
    assert!(told(&end).starts_with("succeeded"), "{}", told(&end));
    assert!(tokens >= 2, "{tokens}");
    let (end, _) = run(3600, "wrong").await;
    assert!(told(&end).contains("the host could not add the credential"), "{}", told(&end));
}

#[tokio::test]
async fn an_organization_in_trouble_is_left_alone() {
    let emulator = Emulator::start(0, Options { is_down: true, ..Options::default() }).await.unwrap();
    let site = site(&emulator, "emulator-pat").await;
    for _ in 0..5 {
        let end = site.step(step(123, json!({}))).await;
        assert!(told(&end).contains("not available (status 503)"), "{}", told(&end));
    }
    assert_eq!(emulator.requests().len(), 5);
    let end = site.step(step(123, json!({}))).await;
    assert!(told(&end).contains("`contoso` has failed repeatedly"), "{}", told(&end));
    assert_eq!(emulator.requests().len(), 5, "the sixth did not go out");
}

#[tokio::test]
async fn credentials_throttling_and_lost_answers() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let end = site(&emulator, "wrong").await.step(step(123, json!({}))).await;
    assert!(
        told(&end).contains("does not accept the credential of the organization `contoso`"),
        "{}",
        told(&end)
    );

    let throttling = Options { throttle_every: Some(4), retry_after: Some(0.05), ..Options::default() };
    let emulator = Emulator::start(0, throttling).await.unwrap();
    let end = site(&emulator, "emulator-pat")
        .await
        .step(step(123, json!({"retry": {"max_attempts": 3, "backoff": "10ms"}})))
        .await;
    assert!(told(&end).starts_with("succeeded"), "{}", told(&end));
    assert_eq!(emulator.runs().len(), 1);

    // A wait that outlasts the attempt: the step parks, and triggers once afterwards.
    let throttling = Options { throttle_first: Some((2, 2.0)), ..Options::default() };
    let emulator = Emulator::start(0, throttling).await.unwrap();
    let short = site_with(&emulator, "emulator-pat", "wall: 1s").await;
    let state = short.run(&one_step(step(123, json!({})))).await;
    assert!(told(state.steps[0].end.as_ref().unwrap()).starts_with("succeeded"), "{:?}", state.steps);
    assert_eq!((emulator.runs().len(), state.steps[0].counted), (1, 1));
    // If the step's own time runs out first, it fails with the reason.
    let throttling = Options { throttle_first: Some((9, 5.0)), ..Options::default() };
    let emulator = Emulator::start(0, throttling).await.unwrap();
    let end = site(&emulator, "emulator-pat").await.step(step(123, json!({"timeout": 2}))).await;
    assert!(told(&end).contains("Azure DevOps throttles the organization"), "{}", told(&end));
    assert_eq!(emulator.runs().len(), 0);

    // `Retry-After` counts with status 200 too: it sets the time between polls, not the step.
    let delaying = Options { retry_after: Some(0.4), ..Options::default() };
    let emulator = Emulator::start(0, delaying).await.unwrap();
    let end = site(&emulator, "emulator-pat").await.step(step(123, json!({}))).await;
    assert!(told(&end).starts_with("succeeded"), "{}", told(&end));
    let looks = emulator.requests().iter().filter(|request| request.ends_with("/runs/456")).count();
    assert!(looks <= 3, "{looks} looks in 0.6 s");

    // The gateway loses the response to the trigger: the run exists, and the next attempt finds it.
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let lost = step(128, json!({"retry": {"max_attempts": 2, "backoff": "10ms"}}));
    let end = site(&emulator, "emulator-pat").await.step(lost).await;
    assert!(told(&end).starts_with("succeeded"), "{}", told(&end));
    assert_eq!(emulator.runs().len(), 1);
}

#[tokio::test]
async fn cancelling_the_step_cancels_the_pipeline() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let site = site(&emulator, "emulator-pat").await;
    let cancel = CancellationToken::new();
    let (later, watched) = (cancel.clone(), Arc::new(emulator));
    let emulator = watched.clone();
    tokio::spawn(async move {
        while watched.runs().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        later.cancel();
    });
    let state = site.watched(&one_step(step(125, json!({}))), &Notebook::default(), cancel).await;
    assert_eq!(state.status, RunStatus::Cancelled);
    assert!(told(state.steps[0].end.as_ref().unwrap()).contains("and the pipeline run 456 with it"));
    assert!(emulator.requests().contains(&"PATCH /contoso/data-platform/_apis/build/builds/456".to_owned()));
}

#[tokio::test]
async fn an_attempt_that_died_is_taken_up_where_it_was() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let site = site(&emulator, "emulator-pat").await;
    // The first attempt times out; its checkpoint is what a crash would leave.
    let retried = step(123, json!({"timeout": 0.2, "retry": {"max_attempts": 9, "backoff": "10ms"}}));
    let state = site.run(&one_step(retried)).await;
    assert_eq!(state.status, RunStatus::Success, "{}", told(state.steps[0].end.as_ref().unwrap()));
    assert!(state.steps[0].attempt > 1);
    assert_eq!(emulator.runs().len(), 1);
    let log = site.log(&state).await;
    assert!(log.iter().any(|line| line.contains("re-attaching to the pipeline run 456")), "{log:?}");
}

#[tokio::test]
async fn without_a_grant_nothing_goes_out() {
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let url = emulator.url("contoso");
    let config =
        format!("azure_devops: {{organizations: {{contoso: {{url: '{url}', pat: 'file:pat.txt'}}}}}}");
    let site = Site::new().file("pat.txt", "emulator-pat").config(&config).host().await;
    let end = site.step(step(123, json!({}))).await;
    assert!(matches!(end.outcome, Outcome::Failed { .. }), "{}", told(&end));
    assert_eq!(end.receipt.denials["HTTP_NOT_GRANTED"], 1);
    assert!(emulator.requests().is_empty());
}

/// The emulator's responses match the API's definitions. Their license does not allow redistribution, so the
/// test runs only if they are present.
#[tokio::test]
async fn the_emulator_answers_as_the_definitions_say() {
    let definitions = root().join("../shared/azure-devops/pipelines-7.1.json");
    let Ok(text) = std::fs::read_to_string(&definitions) else {
        println!("skipped: {} is not there", definitions.display());
        return;
    };
    let swagger: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let emulator = Emulator::start(0, Options::default()).await.unwrap();
    let base = format!("{}/data-platform/_apis/pipelines", emulator.url("contoso"));
    let get = |method: &'static str, path: &'static str, body: Option<Value>| {
        let url = format!("{base}{path}?api-version=7.1");
        async move { curl(method, &url, body).await }
    };
    let trigger = json!({"resources": {"repositories": {"self": {"refName": "refs/heads/main"}}},
                         "templateParameters": {"a": "b"}, "variables": {"level": {"value": "1"}}});
    let run = get("POST", "/124/runs", Some(trigger)).await;
    fits(&swagger, "Run", &run);
    tokio::time::sleep(Duration::from_millis(250)).await;
    fits(&swagger, "Run", &get("GET", "/124/runs/456", None).await);
    for run in get("GET", "/124/runs", None).await["value"].as_array().unwrap() {
        fits(&swagger, "Run", run);
    }
    fits(&swagger, "Pipeline", &get("GET", "/124", None).await);
    fits(&swagger, "PreviewRun", &get("POST", "/124/preview", Some(json!({"previewRun": true}))).await);
    fits(&swagger, "Artifact", &get("GET", "/124/runs/456/artifacts", None).await);
    let builds = std::fs::read_to_string(root().join("../shared/azure-devops/build-7.1.json")).unwrap();
    let builds: Value = serde_json::from_str(builds.trim_start_matches('\u{feff}')).unwrap();
    let of_build = format!("{}/data-platform/_apis/build/builds/456", emulator.url("contoso"));
    let timeline = curl("GET", &format!("{of_build}/timeline?api-version=7.1"), None).await;
    fits(&builds, "Timeline", &timeline);
    for record in timeline["records"].as_array().unwrap() {
        fits(&builds, "TimelineRecord", record);
    }
    for artifact in
        curl("GET", &format!("{of_build}/artifacts?api-version=7.1"), None).await["value"].as_array().unwrap()
    {
        fits(&builds, "BuildArtifact", artifact);
    }
}

async fn curl(method: &str, url: &str, body: Option<Value>) -> Value {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let body = body.map_or(String::new(), |body| body.to_string());
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic OmVtdWxhdG9yLXBhdA==\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).unwrap()
}

/// Checks that the value matches the definition, and has no unknown property.
fn fits(swagger: &Value, definition: &str, value: &Value) {
    let mut definitions = swagger["definitions"].clone();
    open(&mut definitions);
    let schema = json!({"$ref": format!("#/definitions/{definition}"), "definitions": definitions});
    let problems: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{definition}: {problems:#?}\n{value:#}");
    let known: BTreeSet<&String> = properties(swagger, &swagger["definitions"][definition]);
    let unknown: Vec<&String> =
        value.as_object().unwrap().keys().filter(|key| !known.contains(key)).collect();
    assert!(unknown.is_empty(), "{definition} has no {unknown:?}");
}

/// An `object` without properties is .NET's, which can be anything.
fn open(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let bare = !map.contains_key("properties") && !map.contains_key("additionalProperties");
            if bare && map.get("type") == Some(&json!("object")) {
                map.remove("type");
            }
            map.values_mut().for_each(open);
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        _ => {}
    }
}

fn properties<'s>(swagger: &'s Value, definition: &'s Value) -> BTreeSet<&'s String> {
    let mut known: BTreeSet<&String> =
        definition["properties"].as_object().into_iter().flat_map(|p| p.keys()).collect();
    for base in definition["allOf"].as_array().into_iter().flatten() {
        if let Some(name) = base["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            known.extend(properties(swagger, &swagger["definitions"][name]));
        }
    }
    known
}

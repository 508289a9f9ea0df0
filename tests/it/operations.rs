//! Operating nodes: metrics, traces, logs, the configuration, `doctor`, files of `deploy/`.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::root;
use stepwell_tests::web::Web;

use crate::cli::Shell;
use crate::server::{Server, samples, until};

fn echo(id: &str) -> Value {
    json!({"job": {"id": id, "steps": [{"id": "s", "type": "probe", "case": "echo", "text": "x"}]}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_tell_what_has_happened_and_how_the_queues_are() {
    let server = Server::start(Shell::new());
    for _ in 0..3 {
        assert_eq!(server.post("/api/v2/jobs/execute", &echo("a")).await.status, 200);
    }
    let trap = json!({"job": {"id": "bad", "steps": [{"id": "s", "type": "probe", "case": "trap",
        "retry": {"max_attempts": 2, "backoff": "1s", "retry_on": ["trapped"]}}]}});
    let reply = server.post("/api/v2/jobs/execute", &trap).await;
    assert!(reply.status == 200 || reply.status == 422, "{reply:?}");
    let denied = json!({"job": {"id": "denied", "steps": [{"id": "s", "type": "sql", "connection_name": "w", "query": "SELECT 1"}]}});
    assert_eq!(
        server.post("/api/v2/jobs/execute", &denied).await.status,
        422,
        "policy grants it no connection"
    );
    // A run that is refused before it starts counts as well.
    let wrong = json!({"job": {"id": "wrong", "steps": [{"id": "a", "type": "probe", "case": "echo", "text": "soon"},
        {"id": "s", "type": "probe", "case": "nap", "count": "${{ steps.a.output }}"}]}});
    let reply = server.post("/api/v2/jobs/execute", &wrong).await;
    assert_eq!(reply.json()["status"], "failed", "{reply:?}");
    server.post("/api/v2/queues/Asia%2FTokyo/pause", &json!({})).await;
    let mut waits = echo("waits");
    waits["job"]["timezone"] = "Asia/Tokyo".into();
    waits["job"]["priority"] = 7.into();
    let headers = [("prefer", "respond-async")];
    server.request("POST", "/api/v2/jobs/execute", &headers, &waits.to_string()).await;
    let reply = server.get("/metrics").await;
    assert_eq!(
        reply.header("content-type").unwrap(),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(reply.body.ends_with("# EOF\n"));
    let found = samples(&reply.body);
    let of = |name: &str| found.get(name).copied().unwrap_or_else(|| panic!("{name}: {}", reply.body));
    assert_eq!(of(r#"stepwell_runs_total{status="success",queue="UTC"}"#), 3.0);
    assert_eq!(of(r#"stepwell_steps_total{step_type="probe",class="succeeded"}"#), 4.0);
    assert_eq!(of(r#"stepwell_steps_total{step_type="probe",class="invalid_config"}"#), 1.0);
    // The run waits in a paused queue, and so for no worker.
    assert_eq!(of(r#"stepwell_queue_ready{queue="Asia/Tokyo",priority="0"}"#), 0.0);
    assert_eq!(of(r#"stepwell_queue_paused{queue="Asia/Tokyo"}"#), 1.0);
    assert!(of(r#"stepwell_step_fuel_total{step_type="probe"}"#) > 1000.0);
    assert!(of(r#"stepwell_store_seconds_count{operation="commit"}"#) >= 6.0);
    assert!(
        of("stepwell_memory_bytes") > 0.0 && of("stepwell_memory_limit_bytes") > of("stepwell_memory_bytes")
    );
    // Every name in the alerts and the dashboard exists, or belongs to an event that has not happened yet.
    let mut known: Vec<&str> =
        reply.body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    known.push("stepwell_denials");
    let files = [
        "monitoring/alerts.yaml",
        "monitoring/migration.yaml",
        "monitoring/dashboard.json",
        "kubernetes/autoscaling.yaml",
    ];
    for file in files {
        let text = std::fs::read_to_string(root().join("deploy").join(file)).unwrap();
        for rest in text.split("stepwell_").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let base = ["_total", "_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            let name = format!("stepwell_{}", base.unwrap_or(&name));
            assert!(known.contains(&name.as_str()), "{file} asks for {name}, and there is {known:?}");
        }
    }
    // Other actors see nothing.
    let viewer = json!({"name": "v", "role": "viewer"});
    let token = server.post("/api/v2/keys", &viewer).await.json()["token"].as_str().unwrap().to_owned();
    let authorization = format!("Bearer {token}");
    let reply = server.raw("GET", "/metrics", &[("authorization", &authorization)], "").await.unwrap();
    assert_eq!(reply.status, 403);
    // This endpoint responds without a key, and lists the running work.
    let reply = server.raw("GET", "/readyz", &[], "").await.unwrap();
    assert!(reply.status == 200 || reply.body.starts_with("not ready: compiling "), "{reply:?}");
}

#[test]
fn the_alerts_are_right_for_promtool() {
    let dir = root().join("deploy/monitoring");
    let promtool = |arguments: &[&str]| Command::new("promtool").args(arguments).current_dir(&dir).output();
    for name in ["alerts", "atlantis", "migration"] {
        let Ok(checked) = promtool(&["check", "rules", &format!("{name}.yaml")]) else {
            assert!(std::env::var_os("CI").is_none(), "CI needs promtool");
            eprintln!("skipped: promtool is not installed");
            return;
        };
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let tested = promtool(&["test", "rules", &format!("{name}.test.yaml")]).unwrap();
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
    }
}

/// A trace arrives with a request, continues through run, step and call, and reaches the next system
/// and the receiver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_through_the_service() {
    let web = Web::start().await;
    web.set("/v1/traces", "{}");
    web.set("/hello", "\"hello\"");
    let config = format!(
        "telemetry: {{otlp_endpoint: '{}', otlp_headers: {{x-tenant: 'env:TENANT'}}}}\n",
        web.url("")
    );
    let policy = format!(
        "policy: 1\nname: p\nsteps: [http]\nhttp: [{{url: '{}', allow_private: ['127.0.0.1/32']}}]\n",
        web.url("")
    );
    let shell = Shell::new()
        .file("config.yaml", &config)
        .file("policy.yaml", &policy)
        .env("TENANT", "seven")
        .env("STEPWELL_LOG_FORMAT", "json")
        .env("STEPWELL_LOG", "stepwell=debug");
    let (server, log) = Server::start_logged(shell);
    let job =
        json!({"job": {"id": "traced", "steps": [{"id": "get", "type": "http", "url": web.url("/hello")}]}});
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let headers = [("traceparent", format!("00-{trace}-{parent}-01"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    assert_eq!(reply.json()["status"], "success", "{reply:?}");
    let run = reply.json()["execution_id"].as_str().unwrap().to_owned();
    let asked = &web.asked("/hello")[0];
    let out = asked.headers.get("traceparent").unwrap_or_else(|| panic!("{asked:?}"));
    assert!(
        out.starts_with(&format!("00-{trace}-")) && out.ends_with("-01") && !out.contains(parent),
        "{out}"
    );
    let sent = async || web.asked("/v1/traces");
    let sent = until("spans are sent", sent, |sent| !sent.is_empty()).await;
    assert_eq!(sent[0].headers["x-tenant"], "seven");
    // Protocol buffers contain texts and ids unchanged.
    let all: Vec<u8> = sent.iter().flat_map(|asked| asked.body.to_vec()).collect();
    let has = |text: &[u8]| memchr::memmem::find(&all, text).is_some();
    for text in
        ["run traced", "step get", "HTTP GET", "stepwell.outcome", "http.response.status_code", run.as_str()]
    {
        assert!(has(text.as_bytes()), "{text}");
    }
    let bytes = |hex: &str| data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    assert!(
        has(&bytes(trace)) && has(&bytes(parent)) && has(&bytes(&out[36..52])),
        "the ids of the trace, of what is above and of what went out"
    );
    // The log contains the ids.
    let lines = async || log.lock().unwrap().clone();
    let lines = until("the log tells of the step", lines, |lines| {
        lines.iter().any(|line| line.contains("the attempt ended"))
    })
    .await;
    let line = lines.iter().find(|line| line.contains("the attempt ended")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(
        (&line["span"]["run"], &line["span"]["step"], &line["span"]["attempt"], &line["span"]["trace_id"]),
        (&json!(run), &json!("get"), &json!(1), &json!(trace)),
        "{line}"
    );
    // A trace that the caller does not record is not recorded, and still continues.
    let count = web.asked("/v1/traces").len();
    let headers = [("traceparent", "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")];
    server.request("POST", "/api/v2/jobs/execute", &headers, &job.to_string()).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let later: Vec<u8> =
        web.asked("/v1/traces").iter().skip(count).flat_map(|asked| asked.body.to_vec()).collect();
    assert!(memchr::memmem::find(&later, &bytes("1af7651916cd43dd8448eb211c80319c")).is_none());
}

#[test]
fn the_configuration_is_shown_as_it_counts_and_without_secrets() {
    let config = "store: 'postgres://ann:canary-77@db.example/jobs?sslmode=verify-full'
stores: {eu: 'env:EU_STORE'}
service: {listen: '0.0.0.0:80', lease: 20s}
telemetry: {otlp_endpoint: 'http://otel:4318', otlp_headers: {authorization: 'Bearer canary-78'}}
secrets: {token: 'env:TOKEN'}
";
    let shell = Shell::new()
        .file("config.yaml", config)
        .file("timezone_queues.yaml", "queues: {UTC: {concurrency: 7}}")
        .file("policy.yaml", "policy: 1\nname: p\nsteps: [probe]\n")
        .env("TOKEN", "canary-79");
    let show = |more: &[&str]| {
        let arguments = [&["config", "show", "--output", "json", "--config", "config.yaml"], more].concat();
        let output =
            shell.command(&arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("canary"), "{text}");
        serde_json::from_str::<Value>(&text)
            .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)))
    };
    let said = show(&[]);
    assert_eq!(said["store"], "postgres://ann@db.example/jobs");
    assert_eq!(
        (&said["stores"]["eu"], &said["secrets"]["token"]),
        (&json!("env:EU_STORE"), &json!("env:TOKEN"))
    );
    assert!(said["service"]["drain"].is_null(), "what is not said is left out: {said}");
    let all =
        show(&["--resolved", "--store", "postgres://bob:canary-80@other/jobs", "--policy", "policy.yaml"]);
    assert_eq!(
        (&all["store"], &all["policies"]),
        (&json!("postgres://bob@other/jobs"), &json!(["policy.yaml"]))
    );
    assert_eq!((&all["service"]["lease"], &all["service"]["drain"]), (&json!("20s"), &json!(30)));
    assert_eq!(all["timezone_queues"]["queues"]["UTC"]["concurrency"], 7);
    assert_eq!(all["data_dir"].as_str().unwrap(), shell.path("data").display().to_string());
    // An unknown key is refused, with its place.
    let shell = Shell::new().file("config.yaml", "service:\n  leese: 20s\n");
    let output =
        shell.command(&["config", "show", "--config", "config.yaml"].map(str::to_owned)).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && told.contains("leese") && told.contains("config.yaml:2"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_change_changes_on_sighup_and_the_rest_is_named() {
    let config = |more: &str| format!("connections: {{w: {{type: sqlite, path: w.db}}}}\n{more}");
    let server = Server::start(
        Shell::new()
            .file("config.yaml", &config(""))
            .file("timezone_queues.yaml", "queues: {UTC: {concurrency: 7}}"),
    );
    let concurrency = async || {
        let queues = server.get("/api/v2/queues").await.json();
        queues["items"].as_array().unwrap().iter().find(|queue| queue["queue"] == "UTC").unwrap()["concurrency"].clone()
    };
    assert_eq!(concurrency().await, 7);
    let runs = async || server.post("/api/v2/jobs/execute", &echo("a")).await.status;
    assert_eq!(runs().await, 200);
    std::fs::write(server.shell.path("timezone_queues.yaml"), "queues: {UTC: {concurrency: 3}}").unwrap();
    std::fs::write(
        server.shell.path("policy.yaml"),
        "policy: 1\nname: p\nsteps: [sql]\nsql: [{connection: w}]\n",
    )
    .unwrap();
    server.signal("HUP");
    until("the queue has changed", concurrency, |found| *found == 3).await;
    assert_eq!(runs().await, 422, "the probe has no grant any more");
    // An invalid configuration is refused as a whole, and the service continues with the previous one.
    std::fs::write(server.shell.path("timezone_queues.yaml"), "queues: {Utopia: {}}").unwrap();
    server.signal("HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(concurrency().await, 3);
    // Settings that need a restart stay, and the rest changes.
    std::fs::write(server.shell.path("timezone_queues.yaml"), "queues: {UTC: {concurrency: 4}}").unwrap();
    std::fs::write(server.shell.path("config.yaml"), config("service: {workers: 3}\n")).unwrap();
    server.signal("HUP");
    until("the queue has changed again", concurrency, |found| *found == 4).await;
}

#[test]
fn doctor_finds_what_does_not_work() {
    let run = |shell: &Shell, more: &[&str]| {
        let arguments = [&["doctor", "--output", "json"], more].concat();
        let output =
            shell.command(&arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>()).output().unwrap();
        let found: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let of = |what: &str| {
            found["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["check"] == what)
                .cloned()
                .unwrap_or_default()
        };
        (output.status.code(), of("store"), of("secrets"), of("configuration"))
    };
    let (code, store, ..) = run(&Shell::new(), &[]);
    assert_eq!((code, &store["state"]), (Some(0), &json!("good")), "{store}");
    let shell = Shell::new().file("config.yaml", "secrets: {token: 'env:NO_SUCH_VARIABLE'}\n");
    let (code, _, secrets, _) = run(&shell, &["--config", "config.yaml"]);
    assert_eq!((code, &secrets["state"]), (Some(1), &json!("bad")));
    assert!(secrets["found"].as_str().unwrap().contains("NO_SUCH_VARIABLE"), "{secrets}");
    let (code, store, ..) = run(&Shell::new(), &["--store", "postgres://x:canary-81@127.0.0.1:1/x"]);
    let told = store.to_string();
    assert!(code == Some(1) && told.contains("refused") && !told.contains("canary"), "{told}");
    let shell = Shell::new().file("config.yaml", "service: {lease: soon}\n");
    let (code, _, _, configuration) = run(&shell, &["--config", "config.yaml"]);
    assert!(
        code == Some(1) && configuration["found"].as_str().unwrap().contains("config.yaml:1"),
        "{configuration}"
    );
}

#[test]
fn the_files_of_deploy_are_what_their_tools_take() {
    let deploy = root().join("deploy");
    // systemd accepts every line of the unit.
    let verify = Command::new("systemd-analyze")
        .arg("verify")
        .arg(deploy.join("systemd/stepwell.service"))
        .stderr(Stdio::piped())
        .output();
    match verify {
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let ours: Vec<&str> = told
                .lines()
                .filter(|line| line.contains("stepwell.service") && line.contains("Unknown"))
                .collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
        Err(_) => eprintln!("skipped: systemd-analyze is not installed"),
    }
    let unit = std::fs::read_to_string(deploy.join("systemd/stepwell.service")).unwrap();
    assert!(
        !unit.lines().any(|line| line.starts_with("MemoryDenyWriteExecute")),
        "no component could be compiled"
    );
    // The configuration in the Kubernetes manifests is valid.
    let text = std::fs::read_to_string(deploy.join("kubernetes/stepwell.yaml")).unwrap();
    let block = |name: &str| {
        let rest = text.split_once(&format!("  {name}: |\n")).unwrap().1;
        rest.lines()
            .take_while(|line| line.starts_with("    "))
            .map(|line| format!("{}\n", &line[4..]))
            .collect::<String>()
    };
    let dir = tempfile::tempdir().unwrap();
    stepwell::engine::Configuration::parse("stepwell.yaml", &block("stepwell.yaml"), dir.path()).unwrap();
    stepwell::engine::queue::QueueFile::parse("timezone_queues.yaml", &block("timezone_queues.yaml"))
        .unwrap();
    let dashboard = std::fs::read_to_string(deploy.join("monitoring/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}

//! Malicious servers, TLS, and a metadata service: threats T-25 to T-28.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell_tests::certificates::Authority;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Running, Site, told};

/// Starts a server that responds to each connection with these bytes and records the requests.
async fn raw(answer: Vec<u8>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, asked): (u16, Arc<Mutex<Vec<String>>>) =
        (listener.local_addr().unwrap().port(), Arc::default());
    let kept = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, kept) = (answer.clone(), kept.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 64 << 10];
                let read = stream.read(&mut request).await.unwrap_or(0);
                kept.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                // A client that has read enough hangs up.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (port, asked)
}

async fn site(port: u16, limits: &str) -> Running {
    let grants = format!(
        "http: [{{url: 'http://127.0.0.1:{port}', methods: [GET, POST], allow_private: ['127.0.0.1/32']}}]\n{limits}"
    );
    Site::new().policy("http", &grants).host().await
}

/// T-26, T-28: invalid responses.
#[tokio::test]
async fn an_answer_that_is_no_answer_fails_its_request_and_nothing_else() {
    let many = (0..200).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let long = format!("x: {}\r\n", "y".repeat(100 << 10));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(2 << 20));
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(), "succeeded: \"ok\""),
        // Bytes after the response belong to no request.
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
                .to_owned(),
            "succeeded: \"ok\"",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 4\r\n\r\nokok".to_owned(), "failed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort".to_owned(), "failed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nok".to_owned(), "failed"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n".to_owned(), "failed"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nok".to_owned(),
            "failed",
        ),
        ("HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\nok".to_owned(), "failed"),
        ("HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok".to_owned(), "failed"),
        (format!("HTTP/1.1 200 OK\r\n{many}content-length: 2\r\n\r\nok"), "failed"),
        (format!("HTTP/1.1 200 OK\r\n{long}content-length: 2\r\n\r\nok"), "failed"),
        ("HTTP/1.1 999999 OK\r\n\r\n".to_owned(), "failed"),
        ("hello".to_owned(), "failed"),
        (String::new(), "failed"),
        (endless, "over_limit"),
    ] {
        let (port, _) = raw(answer.clone().into_bytes()).await;
        let site = site(port, "limits: {http_response_bytes: 1MiB}").await;
        let end = site.step(json!({"type": "http", "url": format!("http://127.0.0.1:{port}/")})).await;
        let shown: String = answer.chars().take(60).collect();
        assert!(told(&end).starts_with(expected), "{shown:?}: {}", told(&end));
    }
}

/// A server sees exactly the request that policy decided about: headers cannot change that unless the rule
/// grants them by name.
#[tokio::test]
async fn no_header_changes_what_policy_decided_about() {
    let (port, asked) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).await;
    let grants = format!(
        "http: [{{url: 'http://127.0.0.1:{port}', allow_private: ['127.0.0.1/32'], headers: [x-forwarded-for]}}]"
    );
    let site = Site::new().policy("http", &grants).host().await;
    for (header, granted) in [
        ("x-http-method-override", false),
        ("X-HTTP-Method", false),
        ("x_method_override", false),
        ("x-original-url", false),
        ("x-rewrite-url", false),
        ("x-forwarded-host", false),
        ("forwarded", false),
        ("x-forwarded-for", true),
        ("x-request-id", true),
    ] {
        let url = format!("http://127.0.0.1:{port}/");
        let step = json!({"type": "http", "url": url, "headers": {header: "DELETE"}});
        let end = site.step(step.clone()).await;
        let denied = end.receipt.denials.contains_key("HTTP_HEADER_NOT_GRANTED");
        assert_eq!((end.outcome.is_success(), denied), (granted, !granted), "{header}: {}", told(&end));
        // A job can narrow this, too.
        let mut narrowed = step;
        narrowed["policy"] = json!({"http": [{"url": url, "allow_private": ["127.0.0.1/32"]}]});
        let end = site.step(narrowed).await;
        assert_eq!(end.outcome.is_success(), header == "x-request-id", "{header}: {}", told(&end));
    }
    let sent = asked.lock().unwrap().iter().filter(|request| request.contains("DELETE")).count();
    assert_eq!(sent, 3);
}

/// A job's limits on requests apply: their number, and their targets.
#[tokio::test]
async fn what_a_job_narrows_is_enforced() {
    let (port, asked) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).await;
    let site = Site::new();
    let rule = format!("url: 'http://127.0.0.1:{port}', allow_private: ['127.0.0.0/8']");
    let site = site.probe_policy(&format!("http: [{{{rule}}}]"), "").host().await;
    let url = format!("http://127.0.0.1:{port}/");
    let many = |policy: serde_json::Value| {
        let mut step = crate::support::probe("http_many", json!({"url": url, "count": 3}));
        step["policy"] = json!({ "http": [policy] });
        step
    };
    let end =
        site.step(many(json!({"url": url, "allow_private": ["127.0.0.1/32"], "max_requests": 1}))).await;
    assert_eq!(end.receipt.denials["HTTP_TOO_MANY_REQUESTS"], 2, "{}", told(&end));
    assert_eq!(asked.lock().unwrap().len(), 1);
    let end = site.step(many(json!({ "url": url }))).await;
    assert_eq!(end.receipt.denials["HTTP_ADDRESS_NOT_PUBLIC"], 3, "{}", told(&end));
    assert_eq!(asked.lock().unwrap().len(), 1);
    for (policy, said) in [
        (
            json!({"http": [{"url": url, "inject": {"header": "a", "secret": "b"}}]}),
            "a job cannot add a credential",
        ),
        (json!({"deny": {"hosts": ["https://x"]}}), "is not a host"),
    ] {
        let mut step = crate::support::probe("noop", json!({}));
        step["policy"] = policy;
        let error =
            site.host.parse("job.yaml", &crate::support::one_step(step)).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// T-28: a guest sends one request, with a single length.
#[tokio::test]
async fn a_request_is_one_request() {
    let (port, asked) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).await;
    let site = site(port, "").await;
    let url = format!("http://127.0.0.1:{port}/a");
    for headers in [
        json!({}),
        json!({"x-a": "b\r\nevil: 1"}),
        json!({"transfer-encoding": "chunked"}),
        json!({"host": "evil"}),
        json!({"connection": "keep-alive, x"}),
        json!({"content-length": "1"}),
    ] {
        let step = json!({"type": "http", "method": "POST", "url": url, "headers": headers, "body": {"text": "GET /evil HTTP/1.1\r\n\r\n"}});
        let parsed = site.host.parse("job.yaml", &crate::support::one_step(step)).await;
        // A refused step never runs.
        if let Ok(parsed) = parsed {
            let id = site.host.runs().submit(parsed.job, Default::default()).await.unwrap();
            site.host.runs().resume(&id, &crate::support::Unwatched, Default::default()).await.unwrap();
        }
    }
    for method in ["CONNECT", "TRACE"] {
        let step = json!({"type": "http", "method": method, "url": url});
        assert!(site.host.parse("job.yaml", &crate::support::one_step(step)).await.is_err(), "{method}");
    }
    let asked = asked.lock().unwrap();
    assert!(!asked.is_empty());
    for request in asked.iter() {
        let head = request.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        let count = |name: &str| head.matches(&format!("\r\n{name}:")).count();
        assert_eq!(count("content-length") + count("transfer-encoding"), 1, "{request}");
        assert_eq!((count("host"), count("evil")), (1, 0), "{request}");
        assert!(head.contains(&format!("\r\nhost: 127.0.0.1:{port}")), "{request}");
    }
}

/// T-26: a server that sends single bytes slowly.
#[tokio::test]
async fn an_answer_that_trickles_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let site = site(port, "profile: large").await;
    let started = Instant::now();
    let end = site.step(json!({"type": "http", "url": format!("http://127.0.0.1:{port}/")})).await;
    assert!(told(&end).starts_with("failed"), "{}", told(&end));
    assert!((9..14).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

/// A server with a certificate of an authority is trusted only if the system trusts the authority, and only
/// under its own name.
#[tokio::test]
async fn https_is_checked_against_the_roots_of_the_system() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let acceptor = authority.acceptor("localhost");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    let write = |name: &str, text: String| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name)
    };
    let policy = write(
        "policy.yaml",
        format!(
            "policy: 1\nname: p\nsteps: [http]\nhttp:\n- {{url: 'https://localhost:{port}', allow_private: ['127.0.0.1/32', '::1/128']}}\n\
         - {{url: 'https://127.0.0.1:{port}', allow_private: ['127.0.0.1/32']}}\n"
        ),
    );
    for (host, roots, works) in [
        ("localhost", authority.roots(), true),
        ("127.0.0.1", authority.roots(), false),
        ("localhost", Authority::new(&dir.path().join("other")).roots(), false),
    ] {
        let job = write(
            "job.yaml",
            format!("id: t\nsteps: [{{id: s, type: http, url: 'https://{host}:{port}/'}}]\n"),
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell-under-test"));
        command
            .arg("run")
            .arg(&job)
            .arg("--policy")
            .arg(&policy)
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .env("STEPWELL_CACHE_DIR", stepwell_tests::root().join("target/test-cache"))
            .env("SSL_CERT_FILE", roots);
        let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let shown =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert_eq!(done.status.success(), works, "{host}: {shown}");
    }
}

/// T-23, T-25: a metadata service in a separate network, and every way to reach it.
#[tokio::test]
async fn a_metadata_service_is_never_asked() {
    let script = r#"
        set -e
        ip link set lo up
        ip addr add 169.254.169.254/32 dev lo
        exec "$@"
    "#;
    let probe = Command::new("unshare").args(["-n", "sh", "-c", script, "sh", "true"]).output();
    if !probe.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: no network namespace can be made here (it takes root, and ip of iproute2)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name)
    };
    // A service on the address itself, which records its clients; a redirect to it; the job tries both. A
    // listener in the same network that policy grants shows that requests are sent at all.
    let server = write(
        "server.py",
        r#"
import http.server, sys, threading
log = open(sys.argv[1], "a")
class Metadata(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        log.write("metadata asked\n"); log.flush()
        self.send_response(200); self.end_headers(); self.wfile.write(b"credentials")
class Redirect(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        log.write("redirect asked\n"); log.flush()
        self.send_response(302); self.send_header("location", "http://169.254.169.254/latest/meta-data"); self.end_headers()
    def log_message(self, *args): pass
threading.Thread(target=http.server.HTTPServer(("127.0.0.1", 8089), Redirect).serve_forever, daemon=True).start()
http.server.HTTPServer(("169.254.169.254", 80), Metadata).serve_forever()
"#,
    );
    let policy = write(
        "policy.yaml",
        "policy: 1\nname: p\nsteps: [http]\nhttp:\n- {url: 'http://169.254.169.254'}\n- {url: 'http://127.0.0.1:8089', allow_private: ['127.0.0.1/32']}\n",
    );
    let job = write(
        "job.yaml",
        "id: t\nsteps:\n\
        - {id: a, type: http, url: 'http://169.254.169.254/latest/meta-data', continue_on_failure: true}\n\
        - {id: b, type: http, url: 'http://127.0.0.1:8089/', follow_redirects: 3, continue_on_failure: true}\n",
    );
    let log = dir.path().join("log");
    let run = format!(
        "{script_head}\npython3 {server} {log} >&2 & server=$!\nsleep 1\n{stepwell} run {job} --policy {policy} --data-dir {data} || true\nkill $server",
        script_head = "set -e\nip link set lo up\nip addr add 169.254.169.254/32 dev lo",
        server = server.display(),
        log = log.display(),
        stepwell = env!("CARGO_BIN_EXE_stepwell-under-test"),
        job = job.display(),
        policy = policy.display(),
        data = dir.path().join("data").display(),
    );
    let mut command = Command::new("unshare");
    command
        .args(["-n", "sh", "-c", &run])
        .env("STEPWELL_CACHE_DIR", stepwell_tests::root().join("target/test-cache"));
    let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let shown = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read_to_string(&log).unwrap_or_default(), "redirect asked\n", "{shown}");
    assert!(!shown.contains("credentials"), "{shown}");
}

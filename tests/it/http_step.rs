//! The step `http`, against a server of the tests' own.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use stepwell::engine::StepEnd;
use stepwell::engine::config::SecretStore;
use stepwell::sandbox::secrets::SecretFile;
use tokio::net::TcpListener;

use crate::support::{Running, Site, told, told_by_key};

/// Two ports of one server: two origins.
pub struct Web {
    ports: [u16; 2],
}

impl Web {
    pub async fn start() -> Self {
        let mut ports = [0; 2];
        let busy = Arc::new(AtomicU64::new(0));
        for port in &mut ports {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            *port = listener.local_addr().unwrap().port();
            let (busy, own) = (busy.clone(), *port);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let busy = busy.clone();
                    let service = service_fn(move |request| serve(request, own, busy.clone()));
                    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
            });
        }
        Self { ports }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports[0])
    }

    /// Returns the policy to reach it, and a workspace.
    pub fn grants(&self, more: &str) -> String {
        let rules = self.ports.map(|port| {
            format!(
                "- {{url: 'http://127.0.0.1:{port}', methods: [GET, HEAD, POST, PUT, DELETE], allow_private: ['127.0.0.1/32']}}\n"
            )
        });
        format!(
            "http:\n{}files: [{{mount: /workspace, workspace: 8MiB, access: write}}]\n{more}",
            rules.concat()
        )
    }

    async fn site(&self, more: &str) -> Running {
        let grants = self.grants(more);
        Site::new().policy("http", &grants).host().await
    }
}

async fn serve(
    request: Request<Incoming>,
    port: u16,
    busy: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let answer = Response::builder();
    let json = |value: Value| (Some("application/json; charset=utf-8"), value.to_string().into_bytes());
    let (answer, (kind, body)) = match parts.uri.path() {
        "/json" => (answer, json(json!({"data": {"token": "t"}, "n": 1}))),
        "/broken" => (answer, (Some("application/problem+json"), b"{".to_vec())),
        "/text" => (answer, (Some("text/plain"), "dr\u{e9}".as_bytes().to_vec())),
        "/latin.xml" => {
            let text = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>dr\xe9</a>".to_vec();
            (answer, (Some("application/xml"), text))
        }
        "/latin.html" => (answer, (Some("text/html"), b"<meta charset=latin1>dr\xe9".to_vec())),
        "/klingon.xml" => {
            (answer, (Some("text/xml"), b"<?xml version='1.0' encoding='klingon'?><a/>".to_vec()))
        }
        "/binary" => (answer, (Some("application/octet-stream"), vec![0, 159, 146, 150])),
        "/large" => (answer, (None, vec![b'x'; 3 << 20])),
        "/nothing" => (answer.status(204), (None, Vec::new())),
        "/missing" => (answer.status(404), (None, b"there is no such thing".to_vec())),
        "/echo" => {
            let value = json!({"method": parts.method.as_str(), "query": query, "x-a": header("x-a"),
                "content-type": header("content-type"), "length": header("content-length"),
                "authorization": header("authorization"),
                "body": String::from_utf8_lossy(&body), "port": port});
            (answer, json(value))
        }
        "/busy" if busy.fetch_add(1, Ordering::Relaxed) % 3 != 2 => {
            (answer.status(429).header("retry-after", "0"), (None, Vec::new()))
        }
        "/busy" => (answer, json(json!("done"))),
        "/never" => (answer.status(503).header("retry-after", "7200"), (None, Vec::new())),
        "/pages" => {
            let page: u64 = query.trim_start_matches("page=").parse().unwrap_or(1);
            let link = format!("</pages?page=1>; rel=\"first\", </pages?page={}>; rel=\"next\"", page + 1);
            let answer = if page < 3 { answer.header("link", link) } else { answer };
            (answer, json(json!({"items": [page * 10, page * 10 + 1]})))
        }
        "/gzip" => (answer.header("content-encoding", "gzip"), (Some("text/plain"), b"packed".to_vec())),
        "/redirect" => (answer.status(302).header("location", query), (None, Vec::new())),
        "/keep" => (answer.status(307).header("location", query), (None, Vec::new())),
        _ => (answer.status(500), (None, b"no route".to_vec())),
    };
    let answer = match kind {
        Some(kind) => answer.header("content-type", kind),
        None => answer,
    };
    let answer = match header("authorization") {
        Some(held) => answer.header("x-told-back", held),
        None => answer,
    };
    Ok(answer.body(Full::new(body.into())).unwrap())
}

fn http(url: String, more: Value) -> Value {
    let mut step = json!({"type": "http", "url": url});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

/// Runs one step in a workspace of 8 MiB.
async fn step(site: &Running, mut step: Value) -> StepEnd {
    step["id"] = "only".into();
    let state = site.run(&json!({"id": "test", "workspace": "8MiB", "steps": [step]}).to_string()).await;
    StepEnd::clone(state.steps[0].end.as_ref().unwrap())
}

#[tokio::test]
async fn answers_become_outputs_or_say_what_is_wrong() {
    let web = Web::start().await;
    let site = web.site("").await;
    for (path, more, expected) in [
        ("/json", json!({}), r#"succeeded: {"data":{"token":"t"},"n":1}"#),
        ("/json", json!({"extract": {"t": "/data/token", "all": ""}}), r#""t":"t""#),
        (
            "/json",
            json!({"extract": {"t": "/data/none"}}),
            "failed: `extract`: the answer has nothing at `/data/none`",
        ),
        ("/text", json!({}), "succeeded: \"dr\u{e9}\""),
        ("/latin.xml", json!({}), "<a>dr\u{e9}</a>"),
        ("/latin.html", json!({}), "dr\u{e9}"),
        ("/klingon.xml", json!({}), "the charset `klingon` of the answer is unknown: use `save_to`"),
        ("/nothing", json!({}), "succeeded: null"),
        ("/nothing", json!({"method": "HEAD"}), "succeeded: null"),
        ("/binary", json!({}), "is not text in UTF-8, from byte 2 on"),
        ("/broken", json!({}), "says that it is application/problem+json, and is not"),
        ("/large", json!({}), "larger than 1048576 bytes: raise `max_bytes`, or use `save_to`"),
        (
            "/large",
            json!({"save_to": "large.txt"}),
            r#"succeeded: {"bytes":3145728,"file":"/workspace/large.txt"}"#,
        ),
        ("/missing", json!({}), "answered 404, which is not expected: there is no such thing"),
        ("/missing", json!({"expect_status": [404]}), "succeeded: \"there is no such thing\""),
        ("/missing", json!({"expect_status": ["4xx", 200]}), "succeeded"),
        ("/busy", json!({}), "succeeded: \"done\""),
        ("/busy", json!({"retries": 1}), "answered 429, which is not expected"),
        ("/never", json!({}), "asks to wait 7200 s: more than an hour"),
        ("/pages", json!({"pages": {"items": "/items"}}), "succeeded: [10,11,20,21,30,31]"),
        (
            "/pages",
            json!({"pages": {"items": "/items", "limit": 2}}),
            "more than 2 pages: raise `pages.limit`",
        ),
        ("/pages", json!({"pages": {}}), "page 1 has no list at ``"),
        ("/redirect?/json", json!({}), "answered 302, which is not expected"),
        ("/redirect?/json", json!({"follow_redirects": 1}), "\"n\":1"),
        ("/redirect?/redirect?/json", json!({"follow_redirects": 1}), "more than 1 redirect; the last is to"),
        ("/redirect?http://127.0.0.1:1/x", json!({"follow_redirects": 3}), "denied by policy"),
    ] {
        let end = step(&site, http(web.url(path), more.clone())).await;
        assert!(told_by_key(&end).contains(expected), "{path} {more}: {}", told(&end));
    }
    let end = step(&site, http(web.url("/json?secret=1"), json!({}))).await;
    assert_eq!(end.produced.metadata["status"], 200);
    assert_eq!(end.produced.metadata["url"], web.url("/json"), "without the private parts");
    assert_eq!(end.produced.metadata["headers"]["content-type"], "application/json; charset=utf-8");
}

#[tokio::test]
async fn requests_carry_what_the_step_says() {
    let web = Web::start().await;
    let site = web.site("").await;
    let other = format!("http://127.0.0.1:{}/echo", web.ports[1]);
    for (path, more, expected) in [
        (
            "/echo",
            json!({"query": {"q": "a b", "n": 1, "l": ["x", "y"], "none": null}}),
            json!({"method": "GET", "query": "q=a+b&n=1&l=x&l=y"}),
        ),
        ("/echo?a=1", json!({"query": {"b": 2}}), json!({"query": "a=1&b=2"})),
        (
            "/echo",
            json!({"body": {"json": {"a": [1]}}}),
            json!({"method": "POST", "content-type": "application/json", "body": "{\"a\":[1]}", "length": "9"}),
        ),
        (
            "/echo",
            json!({"method": "PUT", "body": {"form": {"a": "x&y", "b": [1, 2]}}}),
            json!({"method": "PUT", "content-type": "application/x-www-form-urlencoded", "body": "a=x%26y&b=1&b=2"}),
        ),
        (
            "/echo",
            json!({"body": {"text": "hi"}, "headers": {"Content-Type": "text/csv", "x-a": "1"}}),
            json!({"content-type": "text/csv", "x-a": "1", "body": "hi"}),
        ),
        // A redirect keeps the request, or makes a GET of it; another origin gets neither headers nor body.
        (
            "/keep?/echo",
            json!({"body": {"text": "hi"}, "headers": {"x-a": "1"}, "follow_redirects": 1}),
            json!({"method": "POST", "body": "hi", "x-a": "1"}),
        ),
        (
            "/redirect?/echo",
            json!({"body": {"text": "hi"}, "headers": {"x-a": "1"}, "follow_redirects": 1}),
            json!({"method": "GET", "body": "", "x-a": "1"}),
        ),
        (
            &format!("/keep?{other}"),
            json!({"body": {"text": "hi"}, "headers": {"x-a": "1"}, "follow_redirects": 1}),
            json!({"method": "POST", "body": "", "x-a": null, "port": web.ports[1]}),
        ),
    ] {
        let end = step(&site, http(web.url(path), more.clone())).await;
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&end.produced.output[key], value, "{path} {more}: {}", told(&end));
        }
    }
    // A file is sent as it was saved.
    let job = json!({"id": "files", "workspace": "8MiB", "steps": [
        {"id": "get", "type": "http", "url": web.url("/text"), "save_to": "a.txt"},
        {"id": "put", "type": "http", "url": web.url("/echo"), "method": "PUT", "body": {"file": "a.txt"}}]});
    let state = site.run(&job.to_string()).await;
    let end = state.steps[1].end.as_ref().unwrap();
    assert_eq!(end.produced.output["body"], "dr\u{e9}", "{}", told(end));
    assert_eq!(end.produced.output["content-type"], "application/octet-stream");
}

/// Neither the guest nor the records contain the credential of a request that the server echoes.
#[tokio::test]
async fn a_credential_that_is_told_back_is_masked() {
    const SECRET: &str = "canary-7f3a91-secret";
    let web = Web::start().await;
    let port = web.ports[0];
    let grants = format!(
        "http:
- {{url: 'http://127.0.0.1:{port}', allow_private: ['127.0.0.1/32'],
    inject: {{header: authorization, format: 'Basic {{basic}}', secret: pat}}}}
files: [{{mount: /workspace, workspace: 1MiB, access: write}}]"
    );
    let site = Site::new().policy("http", &grants);
    let site = site.config("secret_store: {file: secrets.json, key: key}\nsecrets: {pat: 'store:kept'}\n");
    let store = SecretStore { file: site.path().join("secrets.json"), key: site.path().join("key") };
    SecretFile::set(&store, "kept", SECRET).unwrap();
    let dir = site.path().to_owned();
    let site = site.host().await;
    let job = json!({"id": "test", "workspace": "1MiB", "steps": [
        {"id": "a", "type": "http", "url": web.url("/echo")},
        {"id": "b", "type": "http", "url": web.url("/echo"), "save_to": "answer.json"},
        {"id": "c", "type": "http", "url": web.url("/missing"), "continue_on_failure": true},
        {"id": "d", "type": "http", "url": web.url("/gzip"), "continue_on_failure": true}]});
    let state = site.run(&job.to_string()).await;
    let end = state.steps[0].end.as_ref().unwrap();
    let told = end.produced.output["authorization"].as_str().unwrap();
    assert!(told.starts_with("Basic ") && told.contains("****"), "{told}");
    assert!(end.produced.metadata["headers"]["x-told-back"].as_str().unwrap().contains("****"));
    // A compressed response cannot be searched.
    let refused = state.steps[3].end.as_ref().unwrap();
    assert!(
        crate::support::told(refused).contains("is compressed (gzip)"),
        "{}",
        crate::support::told(refused)
    );
    let log = site.log(&state).await;
    assert!(log.iter().any(|line| line.contains("the response contained the credential")), "{log:?}");
    // Raw, base64, hexadecimal, percent-encoded and reversed, in everything that was written.
    let reversed: String = SECRET.chars().rev().collect();
    let hex = data_encoding::HEXLOWER.encode(SECRET.as_bytes());
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let forms = [SECRET.to_owned(), reversed, hex, base64(SECRET), base64(&format!(":{SECRET}"))];
    let (mut open, mut files) = (vec![dir], 0);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            files += 1;
            let content = std::fs::read(&path).unwrap();
            for form in &forms {
                let found = content.windows(form.len()).any(|part| part == form.as_bytes());
                assert!(!found, "{} holds {form}", path.display());
            }
        }
    }
    assert!(files >= 4, "the search covers the store, its log, the workspace and the secrets: {files}");
}

#[tokio::test]
async fn what_a_schema_cannot_say_is_said_before_the_run() {
    let web = Web::start().await;
    let site = web.site("").await;
    for (url, more, expected) in [
        ("ftp://127.0.0.1/x", json!({}), "begins with neither http:// nor https://"),
        ("nowhere", json!({}), "`nowhere` is not a URL"),
        ("http://me:secret@127.0.0.1/", json!({}), "credentials do not belong into the URL"),
        (
            "http://127.0.0.1/",
            json!({"headers": {"Authorization": "Bearer x"}}),
            "does not belong into a job",
        ),
        (
            "http://127.0.0.1/",
            json!({"body": {"text": "a", "json": 1}}),
            "one of `json`, `form`, `text` and `file`",
        ),
        ("http://127.0.0.1/", json!({"extract": {"a": "b"}}), "`b` is not a JSON pointer"),
        ("http://127.0.0.1/", json!({"save_to": "x", "pages": {}}), "leave out `pages` and `extract`"),
        ("http://127.0.0.1/", json!({"expect_status": ["2x"]}), "expect_status"),
        ("http://127.0.0.1/", json!({"method": "TRACE"}), "`TRACE` is not a known value"),
    ] {
        let job = crate::support::one_step(http(url.to_owned(), more));
        let error = site.host.parse("job.yaml", &job).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{url}: {error}");
    }
}

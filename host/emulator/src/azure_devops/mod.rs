//! An emulator of the few Azure DevOps endpoints that the `azure_devops` step calls (REST API 7.1), with real
//! status codes, authentication, throttling, slow queues and failures on demand.
//!
//! The number of a pipeline decides how its runs behave; see [`Pipeline`].

mod site;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode, header, request};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::serve::{Answer, Service, Serving, answer};
use site::Site;

/// The behavior of the emulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The only organization.
    pub organization: String,
    /// The only personal access token that the emulator accepts.
    pub pat: String,
    /// The pipelines, by number.
    pub pipelines: BTreeMap<u64, Pipeline>,
    /// `Retry-After` in seconds on every response with status 200. Azure DevOps sends it when it delays
    /// requests.
    pub retry_after: Option<f64>,
    /// The emulator throttles every n-th request: 429 with `Retry-After: 0.1`.
    pub throttle_every: Option<u64>,
    /// The number of initial requests to throttle, and their `Retry-After` in seconds.
    pub throttle_first: Option<(u64, f64)>,
    /// An application that may ask for tokens at `/TENANT/oauth2/v2.0/token`: its id and its secret.
    pub application: Option<(String, String)>,
    /// The lifetime of its tokens in seconds.
    pub token_life: u64,
    /// Whether every request gets a 503.
    pub is_down: bool,
}

/// The behavior of a pipeline's runs.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The name of the pipeline.
    pub name: String,
    /// The result of its runs: `succeeded`, `failed` or `canceled`.
    pub result: &'static str,
    /// The duration of a run.
    pub takes: Duration,
    /// The status of the response to a trigger. With 500 the emulator still creates the run, like a gateway
    /// that loses a response.
    pub trigger_status: Option<u16>,
}

impl Pipeline {
    /// Creates a pipeline whose runs end with `result` after `takes`.
    pub fn new(name: &str, result: &'static str, takes: Duration) -> Self {
        Self { name: name.to_owned(), result, takes, trigger_status: None }
    }
}

impl Default for Options {
    fn default() -> Self {
        let millis = Duration::from_millis;
        let mut refused = Pipeline::new("refused", "failed", millis(0));
        refused.trigger_status = Some(400);
        let mut lost = Pipeline::new("lost-answer", "succeeded", millis(200));
        lost.trigger_status = Some(500);
        let pipelines = [
            (123, Pipeline::new("deploy", "succeeded", millis(600))),
            (124, Pipeline::new("broken", "failed", millis(200))),
            (125, Pipeline::new("endless", "succeeded", Duration::from_secs(3600))),
            (126, Pipeline::new("stopped", "canceled", millis(200))),
            (127, refused),
            (128, lost),
        ];
        Self {
            organization: "contoso".to_owned(),
            pat: "emulator-pat".to_owned(),
            pipelines: pipelines.into(),
            retry_after: None,
            throttle_every: None,
            throttle_first: None,
            application: None,
            token_life: 3600,
            is_down: false,
        }
    }
}

/// A run in the emulator.
#[derive(Debug, Clone)]
pub struct Run {
    /// The number of the run and of its build.
    pub id: u64,
    /// The number of its pipeline.
    pub pipeline: u64,
    /// The body of the request that triggered it.
    pub request: Value,
    started: Instant,
    cancelled: bool,
}

/// The history of the emulator.
#[derive(Debug, Default)]
pub struct State {
    /// The runs, oldest first.
    pub runs: Vec<Run>,
    /// The `METHOD path` of each request.
    pub requests: Vec<String>,
    /// The number of tokens issued. The last one counts.
    pub tokens: u64,
    /// The number of requests.
    count: u64,
    /// The number of runs.
    started: u64,
}

/// The maximum numbers of runs and of requests that the emulator remembers. It forgets the oldest ones.
const REMEMBERED: usize = 10_000;

fn remember<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= REMEMBERED {
        list.drain(..REMEMBERED / 2);
    }
    list.push(item);
}

/// A running emulator, which stops when it is dropped.
pub struct Emulator {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _serving: Serving,
}

impl Emulator {
    /// Starts on a port of 127.0.0.1; 0 selects a free port.
    ///
    /// # Errors
    /// Fails when it cannot listen on the port.
    pub async fn start(port: u16, options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let state: Arc<Mutex<State>> = Arc::default();
        let of = All { options, state: state.clone(), address };
        Ok(Self { address, state, _serving: Serving::new(listener, Arc::new(of)) })
    }

    /// Returns the URL of an organization.
    pub fn url(&self, organization: &str) -> String {
        format!("http://{}/{organization}", self.address)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the runs so far.
    pub fn runs(&self) -> Vec<Run> {
        self.state.lock().runs.clone()
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().requests.clone()
    }
}

/// The parts that all requests share.
struct All {
    options: Options,
    state: Arc<Mutex<State>>,
    address: SocketAddr,
}

impl Service for All {
    fn answer(&self, parts: &request::Parts, body: &[u8]) -> Answer {
        let mut answer = self.routed(parts, body);
        if let (Some(seconds), StatusCode::OK) = (self.options.retry_after, answer.status())
            && let Ok(value) = seconds.to_string().parse()
        {
            answer.headers_mut().insert(header::RETRY_AFTER, value);
        }
        answer
    }
}

impl All {
    /// Answers a request, if its credential is right.
    fn routed(&self, parts: &request::Parts, body: &[u8]) -> Answer {
        let Self { options, state, address } = self;
        let mut state = state.lock();
        state.count += 1;
        remember(&mut state.requests, format!("{} {}", parts.method, parts.uri.path()));
        if parts.uri.path().ends_with("/oauth2/v2.0/token") {
            return token(options, &mut state, body);
        }
        if options.is_down {
            return error(StatusCode::SERVICE_UNAVAILABLE, "The service is unavailable.");
        }
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let expected = match &options.application {
            Some(_) => format!("Bearer emulated-token-{}", state.tokens),
            None => format!("Basic {}", STANDARD.encode(format!(":{}", options.pat))),
        };
        let number = state.count;
        let first = options.throttle_first.filter(|(count, _)| number <= *count).map(|(_, seconds)| seconds);
        let every = options.throttle_every.filter(|every| number.is_multiple_of(*every)).map(|_| 0.1);
        match (authorization, first.or(every)) {
            // Signed addresses need no credential and get none.
            (None, _) if parts.uri.path().starts_with("/signed/") => text("PK: a zip of its own"),
            // A request without a credential is redirected to the sign-in page. With a wrong credential it gets
            // the page itself.
            (None, _) => html(StatusCode::FOUND),
            (Some(found), _) if found != expected => html(StatusCode::NON_AUTHORITATIVE_INFORMATION),
            (Some(_), Some(seconds)) => {
                let mut answer =
                    error(StatusCode::TOO_MANY_REQUESTS, "TF400733: the request has been canceled");
                let wait = seconds.to_string().parse().unwrap_or_else(|_| 1.into());
                answer.headers_mut().insert(header::RETRY_AFTER, wait);
                answer
            }
            (Some(_), None) => {
                let base = format!("http://{address}");
                let body = serde_json::from_slice(body).unwrap_or(Value::Null);
                let place = (parts.uri.path(), parts.uri.query());
                route(options, &mut state, &base, &parts.method, place, &body)
            }
        }
    }
}

fn route(
    options: &Options,
    state: &mut State,
    base: &str,
    method: &Method,
    (path, query): (&str, Option<&str>),
    body: &Value,
) -> Answer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let [organization, project, "_apis", rest @ ..] = parts.as_slice() else {
        return error(StatusCode::NOT_FOUND, "The page was not found.");
    };
    if *organization != options.organization {
        return error(StatusCode::NOT_FOUND, "The organization was not found.");
    }
    if !query.unwrap_or_default().split('&').any(|part| part == "api-version=7.1") {
        return error(StatusCode::BAD_REQUEST, "No api-version was supplied for the request.");
    }
    let site = Site { options, base: format!("{base}/{organization}/{project}") };
    match (method, rest) {
        (&Method::GET, ["pipelines"]) => {
            let list = options.pipelines.keys().map(|id| site.pipeline(*id)).collect::<Vec<_>>();
            ok(&json!({"count": list.len(), "value": list}))
        }
        (&Method::GET, ["pipelines", id]) => match id.parse() {
            Ok(id) if options.pipelines.contains_key(&id) => ok(&site.pipeline(id)),
            _ => error(StatusCode::NOT_FOUND, "Pipeline not found."),
        },
        (_, ["pipelines", id, "runs", rest @ ..]) => {
            let Some((id, pipeline)) = id.parse().ok().and_then(|id| options.pipelines.get_key_value(&id))
            else {
                return error(StatusCode::NOT_FOUND, &format!("VS800075: pipeline {id} does not exist."));
            };
            runs(&site, state, method, (*id, pipeline), rest, body)
        }
        (&Method::POST, ["pipelines", id, "preview"]) => {
            let Some(problem) = problem_of(body) else {
                let wanted = body.get("templateParameters").cloned().unwrap_or_default();
                return ok(
                    &json!({"finalYaml": format!("# pipeline {id}\nparameters: {wanted}\nstages: []\n")}),
                );
            };
            error(StatusCode::BAD_REQUEST, &problem)
        }
        (&Method::PATCH, ["build", "builds", id]) => cancel(&site, state, id, body),
        (&Method::GET, ["build", "builds", id, rest @ ..]) => {
            match state.runs.iter().find(|run| run.id.to_string() == *id) {
                Some(run) => build(&site, run, rest),
                None => error(StatusCode::NOT_FOUND, "Build not found."),
            }
        }
        _ => error(StatusCode::NOT_FOUND, "The page was not found."),
    }
}

fn runs(
    site: &Site<'_>,
    state: &mut State,
    method: &Method,
    (id, pipeline): (u64, &Pipeline),
    rest: &[&str],
    body: &Value,
) -> Answer {
    match (method, rest) {
        (&Method::GET, []) => {
            let found = state.runs.iter().rev().filter(|run| run.pipeline == id);
            let list: Vec<Value> = found.map(|run| site.run(run)).collect();
            ok(&json!({"count": list.len(), "value": list}))
        }
        (&Method::POST, []) => {
            if let Some(problem) = problem_of(body) {
                return error(StatusCode::BAD_REQUEST, &problem);
            }
            if pipeline.trigger_status == Some(400) {
                return error(
                    StatusCode::BAD_REQUEST,
                    "PipelineValidationException: unexpected parameter 'x'",
                );
            }
            let run = Run {
                id: 456 + state.started,
                pipeline: id,
                request: body.clone(),
                started: now(),
                cancelled: false,
            };
            state.started += 1;
            remember(&mut state.runs, run.clone());
            match pipeline.trigger_status {
                Some(_) if state.runs.iter().filter(|run| run.pipeline == id).count() == 1 => {
                    error(StatusCode::INTERNAL_SERVER_ERROR, "The answer was lost.")
                }
                _ => ok(&site.run(&run)),
            }
        }
        (&Method::GET, [run]) => match state.runs.iter().find(|found| found.id.to_string() == *run) {
            Some(run) if run.pipeline == id => ok(&site.run(run)),
            _ => error(StatusCode::NOT_FOUND, "Run not found."),
        },
        (&Method::GET, [run, "artifacts"]) => {
            let host = site.base.split('/').take(3).collect::<Vec<_>>().join("/");
            ok(&json!({
                "name": "drop", "url": format!("{}/artifacts/drop", site.base),
                "signedContent": {"url": format!("{host}/signed/{run}/drop.zip"), "signatureExpires": "2025-09-01T15:30:22Z"},
            }))
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "The requested resource does not support this method."),
    }
}

/// Returns the timeline, the logs or the artifacts of a run.
fn build(site: &Site<'_>, run: &Run, rest: &[&str]) -> Answer {
    match rest {
        ["timeline"] => ok(
            &json!({"records": site.records(run), "lastChangedBy": "emulator", "lastChangedOn": "2025-09-01T14:30:22Z"}),
        ),
        ["logs", id] => text(&format!(
            "2025-09-01T14:30:22Z line of the log {id}\n2025-09-01T14:30:23Z ##[error]exit code 1\n"
        )),
        ["artifacts"] => ok(&json!({"count": 1, "value": [{
            "id": 1, "name": "drop", "source": "12f1170f", "resource": {"type": "PipelineArtifact", "downloadUrl": site.base},
        }]})),
        _ => error(StatusCode::NOT_FOUND, "The page was not found."),
    }
}

/// Issues a token for client credentials, as Microsoft Entra ID does.
fn token(options: &Options, state: &mut State, body: &[u8]) -> Answer {
    let found: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let given = |name: &str| found.get(name).map_or("", String::as_str);
    let Some((id, secret)) = &options.application else {
        return error(StatusCode::NOT_FOUND, "There are no applications.");
    };
    if given("client_id") != id || given("client_secret") != secret {
        let why = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0"});
        return answer(StatusCode::UNAUTHORIZED, "application/json", why.to_string());
    }
    let asks = given("grant_type") == "client_credentials"
        && given("scope").starts_with("499b84ac-1321-427f-aa17-267ca6975798/");
    if !asks {
        return answer(
            StatusCode::BAD_REQUEST,
            "application/json",
            json!({"error": "invalid_request"}).to_string(),
        );
    }
    state.tokens += 1;
    let token = format!("emulated-token-{}", state.tokens);
    ok(&json!({"token_type": "Bearer", "expires_in": options.token_life, "access_token": token}))
}

fn cancel(site: &Site<'_>, state: &mut State, id: &str, body: &Value) -> Answer {
    if body.get("status") != Some(&json!("cancelling")) {
        return error(StatusCode::BAD_REQUEST, "Only the status `cancelling` can be set.");
    }
    match state.runs.iter_mut().find(|run| run.id.to_string() == id) {
        Some(run) => {
            run.cancelled = true;
            ok(
                &json!({"id": run.id, "buildNumber": run.id.to_string(), "status": "cancelling", "url": site.base}),
            )
        }
        None => error(StatusCode::NOT_FOUND, "Build not found."),
    }
}

/// Returns the problem for which Azure DevOps would refuse the body of a trigger.
fn problem_of(body: &Value) -> Option<String> {
    let level = body
        .pointer("/variables")
        .and_then(Value::as_object)
        .and_then(|v| v.keys().find(|name| *name != "level"));
    if let Some(name) = level {
        return Some(format!(
            "You can't set the following variables ({name}). If you want to be able to set these variables, then edit the pipeline and select Settable at queue time on the variables tab of the pipeline editor."
        ));
    }
    let text = |value: &Value| value.is_string();
    if body.get("templateParameters").and_then(Value::as_object).is_some_and(|p| !p.values().all(text)) {
        return Some("templateParameters must be strings".to_owned());
    }
    let name = body.pointer("/resources/repositories/self/refName").and_then(Value::as_str);
    name.filter(|name| !name.starts_with("refs/")).map(|name| format!("'{name}' is not a full ref name"))
}

fn ok(value: &Value) -> Answer {
    answer(StatusCode::OK, "application/json; charset=utf-8; api-version=7.1", value.to_string())
}

fn error(status: StatusCode, message: &str) -> Answer {
    let mut body = Map::new();
    body.insert("message".to_owned(), message.into());
    body.insert("typeKey".to_owned(), "EmulatedException".into());
    body.insert("errorCode".to_owned(), 0.into());
    answer(status, "application/json; charset=utf-8", Value::Object(body).to_string())
}

fn text(text: &str) -> Answer {
    answer(StatusCode::OK, "text/plain", text.to_owned())
}

fn html(status: StatusCode) -> Answer {
    answer(status, "text/html", "<html><title>Azure DevOps Services | Sign In</title></html>".to_owned())
}

/// Returns the time, from which the end of a run follows.
#[allow(clippy::disallowed_methods, reason = "an emulated pipeline takes real time")]
fn now() -> Instant {
    Instant::now()
}

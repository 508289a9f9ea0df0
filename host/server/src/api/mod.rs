//! The REST API of `stepwell serve`.
//!
//! [`routes::TABLE`] lists each operation once: its method, path, role, parameters, body and response. The
//! router, the check of roles, the OpenAPI document and the table in `docs/api.md` come from it.

mod access;
mod answers;
mod atlantis;
mod audit;
mod body;
mod bounds;
mod call;
mod causes;
mod connection;
mod cursor;
mod handlers;
mod history;
mod jobs;
mod keys;
mod large;
mod locks;
mod logs;
mod observe;
pub(crate) mod oidc;
mod openapi;
mod outputs;
pub(crate) mod policies;
mod problem;
mod refuse;
mod ring;
mod routes;
mod runs;
mod serve;
pub(crate) mod sources;
mod steps;
mod times;
mod v2;
mod views;
mod workers;

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use stepwell::engine::Job;
use stepwell::engine::clock::Timestamp;
use stepwell::{ApiKey, Caller, FoundKey, Host, HostError, Identity, Role};
use tokio::sync::Semaphore;

use access::caller;
pub(crate) use observe::observe;
pub(crate) use refuse::{MAX_BODY, drain, whole as whole_body};

pub(crate) use access::{SignedIn, bearer, failed_to_log_in, has_logged_in, may_log_in, session};
pub(crate) use audit::MOST_READ as AUDIT_ROWS;
pub(crate) use bounds::Peer;
pub(crate) use call::{Call, encoded};
pub(crate) use openapi::{document, fields_of};
pub(crate) use problem::{Place, Problem};
pub(crate) use routes::Operation;
pub(crate) use routes::TABLE;
pub use routes::markdown;
pub(crate) use serve::{IS_STUCK, Serving, announce, serve};

/// The maximum time for the body of a request to arrive.
pub(crate) const BODY: Duration = Duration::from_secs(10);
/// The maximum time for a request that does not wait for a run.
const REQUEST: Duration = Duration::from_secs(30);
/// The number of requests of a key, and of all keys, that wait for locks or runs at one time. Further ones are answered
/// at once, and their clients ask again.
const WAITS_PER_KEY: u32 = 64;
const WAITS: u32 = 1024;
/// The time for which the result of a key lookup is used. A revoked key may stay valid for this long in
/// processes other than the one that revoked it.
const KEY_TRUST: chrono::Duration = chrono::Duration::seconds(1);

/// The maximum number of concurrent lookups of keys and tokens: fewer than the failures that an address may
/// have.
const MAX_LOOKUPS: usize = 8;

/// The maximum number of keys and people whose request rates are limited separately.
const MAX_LIMITERS: usize = 10_000;

/// The state that all requests share.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub host: Host,
    /// Whether requests come from the command in this process, and need no key.
    command: bool,
    /// The OpenID provider, if one is configured.
    pub oidc: Option<oidc::Provider>,
    /// The maximum number of requests per second with one key.
    rate: NonZeroU32,
    /// The keys that were looked up, by their hashes.
    keys: Mutex<HashMap<String, Known>>,
    /// The valid jobs of recent requests, by the digest of their text, and the generation of settings and
    /// steps under which they are valid.
    checked: Mutex<Checked>,
    limiters: Mutex<HashMap<String, Arc<DefaultDirectRateLimiter>>>,
    /// The failed logins by address.
    failures: bounds::Failures,
    /// The ids of unknown keys.
    unknown: bounds::Remembered,
    /// The hashes of valid keys and tokens.
    good: bounds::Remembered,
    /// The hashes of all keys.
    ring: ring::Ring,
    /// The refusals of policy that are already in the audit log.
    refused: bounds::Remembered,
    pub streams: Arc<bounds::Streams>,
    /// The requests that wait for locks.
    waits: Arc<bounds::Streams>,
    front: Front,
    ready: observe::Ready,
    /// The places for requests with large bodies.
    places: large::Places,
    /// The answers that are not yet sent.
    answers: Arc<answers::Answers>,
    /// Limits concurrent lookups of keys and tokens.
    lookups: Semaphore,
}

/// The names and the proxies of the service, for requests that reach it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Front {
    pub names: bounds::Names,
    pub proxies: bounds::Proxies,
}

/// Jobs by the digest of their text, and the generation.
type Checked = (u64, HashMap<[u8; 32], Arc<Job>>);

/// A key from the store, and the time of its lookup.
struct Known {
    key: ApiKey,
    at: Timestamp,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Returns the API over a host, for clients with keys.
pub(crate) fn router(host: Host, rate: NonZeroU32, front: Front) -> Result<(App, Router), HostError> {
    let provider = host.configuration().oidc.clone().map(oidc::Provider::new).transpose();
    let provider = provider.map_err(HostError::Refused)?;
    let app = App(Arc::new(Shared::new(host, rate, provider, front)));
    Ok((app.clone(), routed(app)))
}

/// Returns the API over a host for the command in this process, which needs no key.
pub(crate) fn in_process(host: Host) -> Router {
    let shared = Shared::new(host, NonZeroU32::MAX, None, Front::default());
    routed(App(Arc::new(Shared { command: true, ..shared })))
}

fn routed(app: App) -> Router {
    let mut router = Router::new();
    for operation in routes::TABLE {
        router = router.route(operation.path, (operation.handler)());
    }
    router
        .fallback(async || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "there is no operation at this path; GET /api/v2/openapi.json lists all operations",
            )
        })
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not support this method")
        })
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(app.clone(), observe))
        .layer(axum::middleware::map_response(private))
        .with_state(app)
}

/// Adds the headers for private responses: they hold keys, logs and results, so no cache stores them, and no
/// browser renders the text of a step as a page.
async fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The address of the client of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub IpAddr);

/// Returns whether a trusted proxy has sent the request.
pub(crate) fn is_behind_proxy(app: &App, parts: &Parts) -> bool {
    parts.extensions.get::<Peer>().is_some_and(|peer| app.front.proxies.has(peer.0))
}

pub(crate) fn client(app: &App, parts: &Parts) -> Client {
    let unknown = IpAddr::from([0, 0, 0, 0]);
    let peer = parts.extensions.get::<bounds::Peer>().map_or(unknown, |peer| peer.0);
    Client(app.front.proxies.client(peer, &parts.headers))
}

/// Returns the response to a request that may not reach this service: its headers are wrong, or it has another name
/// for the service.
pub(crate) fn refused(app: &App, request: &Request<Body>) -> Option<Response> {
    if let Some(refused) = refused_headers(app, request) {
        return Some(refused);
    }
    let detail =
        "this service does not have the name in `Host`: add it to `service.hosts` of the configuration";
    (!app.front.names.allow(request.headers(), request.uri()))
        .then(|| Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response())
}

/// Returns the response to a request with wrong headers, if it did not come from the command in this process.
fn refused_headers(app: &App, request: &Request<Body>) -> Option<Response> {
    if app.command {
        return None;
    }
    let has_two = request.extensions().get::<connection::TwoLengths>().is_some_and(|two| two.seen());
    let headers = request.headers();
    let problem = refuse::host_problem(request.version(), headers).map(Problem::into_response);
    problem.or_else(|| refuse::header_problem(headers, has_two).map(refuse::closing))
}

/// Authorizes a request. Only liveness and readiness are public: every other request, to any path, needs a
/// key with the role of its operation.
async fn guard(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    if let Some(refused) = refused(&app, &request) {
        let (parts, body) = request.into_parts();
        refuse::drain(&parts, body);
        return refused;
    }
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let operation = path.as_deref().and_then(|path| routes::find(request.method(), path));
    if operation.is_some_and(|operation| operation.role.is_none()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let client = client(&app, &parts);
    let caller = match admitted(&app, operation, &parts, client.0).await {
        Ok(caller) => caller,
        Err(problem) => {
            refuse::drain(&parts, body);
            return problem.into_response();
        }
    };
    let most = refuse::most_bytes(operation);
    let bytes = refuse::declared_bytes(&parts.headers, most);
    if bytes > most as u64 {
        refuse::drain(&parts, body);
        return refuse::closing(refuse::larger_than(most));
    }
    let asked_by = observe::AskedBy(caller.name().to_owned());
    let key = caller.by().identity;
    let places = app.places.take(&key, bytes);
    let (_place, unsent) = match places.and_then(|place| Ok((place, app.answers.enter(&key, client.0)?))) {
        Ok(places) => places,
        Err(problem) => {
            refuse::drain(&parts, body);
            return problem.into_response();
        }
    };
    parts.extensions.insert(caller);
    parts.extensions.insert(client);
    let query = parts.uri.query().unwrap_or_default();
    if let Some(problem) = operation.and_then(|operation| operation.query_problem(query)) {
        refuse::drain(&parts, body);
        return Problem::bad_request(problem).into_response();
    }
    let answer = answer(&app, operation, &unsent, Request::from_parts(parts, body), next);
    let answer = stepwell::in_turns_of(key, answer);
    // A stream responds at once and then continues. A request that waits for a run sets its own time limit.
    let limit = if operation.is_some_and(|operation| operation.waits) { v2::WAIT + REQUEST } else { REQUEST };
    let answered = match app.command {
        // A user waits, and can press Ctrl-C; the first use of a step compiles it.
        true => Ok(answer.await),
        false => tokio::time::timeout(limit, answer).await,
    };
    let response = match answered {
        Ok(response) => problem_of(response),
        Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long").into_response(),
    };
    let mut response = if app.command { response } else { unsent.send(response).await };
    response.extensions_mut().insert(asked_by);
    response
}

/// Reads the body of a request and calls its handler. A request that only reads waits for its turn, unless it waits
/// for a lock, since its answer is small, or for the end of a run, since it takes its turn after that.
async fn answer(
    app: &App,
    operation: Option<&routes::Operation>,
    unsent: &answers::Place,
    request: Request<Body>,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let is_stream = operation.is_some_and(|operation| operation.id == Operation::registerStep.id);
    let body = match if is_stream { Ok(body) } else { whole(body).await } {
        Ok(body) => body,
        Err(response) => return response,
    };
    if let Some(refused) = observe::refused(app, operation) {
        return refused;
    }
    let is = |id| operation.is_some_and(|operation| operation.id == id);
    let waits_for_run = is(Operation::getRun.id) && waits(parts.uri.query().unwrap_or_default());
    if waits_for_run {
        parts.extensions.insert(unsent.line());
    }
    let waits = waits_for_run || is(Operation::getLockTicket.id);
    let _turn = match !app.command && !changes(&parts.method) && !waits {
        false => None,
        true => match unsent.turn().await {
            Ok(turn) => Some(turn),
            Err(problem) => return problem.into_response(),
        },
    };
    next.run(Request::from_parts(parts, body)).await
}

/// Returns whether a query has a `wait` other than 0.
fn waits(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "wait" && value != "0")
}

/// Reads a body, even if no handler uses it: a connection that closes before that loses its response.
async fn whole(body: Body) -> Result<Body, Response> {
    match tokio::time::timeout(BODY, refuse::whole(body, MAX_BODY)).await {
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", BODY.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response())
        }
        Ok(read) => read.map(Body::from).map_err(refuse::closing),
    }
}

/// Returns the caller, if its role is sufficient for the operation.
async fn admitted(
    app: &App,
    operation: Option<&routes::Operation>,
    parts: &Parts,
    client: IpAddr,
) -> Result<Caller, Problem> {
    let headers = &parts.headers;
    let caller = match parts.extensions.get::<SignedIn>() {
        _ if app.command => access::command(app, headers),
        Some(signed_in) => access::of_session(app, signed_in, headers)?,
        None => caller(app, headers, client).await?,
    };
    let Some((operation, role)) = operation.and_then(|operation| Some((operation, operation.role?))) else {
        return Ok(caller);
    };
    let everywhere = operation.everywhere();
    if operation.of_all_jobs() && caller.is_for_some_jobs() {
        let detail = "this key is restricted to some jobs, and the operation concerns all jobs";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let has = if everywhere { caller.role_everywhere() } else { Some(caller.role()) };
    let may = if everywhere { has.is_some_and(|has| has.may(role)) } else { caller.may_act(role) };
    if may {
        return Ok(caller);
    }
    let place = if everywhere { " in all projects (`*`)" } else { "" };
    let has = has.map_or("none", Role::name);
    let detail = format!("this needs the role {}{place}; this key has {has}", role.name());
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Marks an error that has the form of another program, and is no problem document.
#[derive(Debug, Clone, Copy)]
struct AsWritten;

/// Converts the errors of axum itself to problems.
fn problem_of(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_problem = kind.is_some_and(|kind| kind == "application/problem+json")
        || response.extensions().get::<AsWritten>().is_some();
    if !status.is_client_error() && !status.is_server_error() || is_problem {
        return response;
    }
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("the body is larger than {MAX_BODY} bytes"),
        _ => "the request cannot be read".to_owned(),
    };
    Problem::new(status, detail).into_response()
}

impl Shared {
    fn new(host: Host, rate: NonZeroU32, oidc: Option<oidc::Provider>, front: Front) -> Self {
        Self {
            host,
            command: false,
            oidc,
            rate,
            keys: Mutex::default(),
            checked: Mutex::default(),
            limiters: Mutex::default(),
            places: large::Places::default(),
            answers: Arc::default(),
            lookups: Semaphore::new(MAX_LOOKUPS),
            failures: bounds::Failures::default(),
            unknown: bounds::Remembered::default(),
            good: bounds::Remembered::default(),
            ring: ring::Ring::default(),
            refused: bounds::Remembered::default(),
            streams: Arc::default(),
            waits: Arc::default(),
            front,
            ready: observe::Ready::default(),
        }
    }

    async fn key(&self, token: &str) -> Result<Option<Identity>, Problem> {
        let (now, hash) = (self.host.now(), stepwell::hash(token));
        let known = |keys: &HashMap<String, Known>| {
            let known = keys.get(&hash).filter(|known| now - known.at < KEY_TRUST)?;
            known.key.expires_at.is_none_or(|at| now < at).then(|| known.key.clone())
        };
        if let Some(key) = known(&self.keys.lock()) {
            return Ok(Some(key.into()));
        }
        let id = stepwell::id_of(token).unwrap_or_default();
        if self.unknown.has(id, now, KEY_TRUST) {
            return Ok(None);
        }
        let found = match self.host.access().authenticate(token).await? {
            FoundKey::Key(key) => Some(*key),
            FoundKey::Unknown => {
                self.unknown.add(id, now, KEY_TRUST);
                None
            }
            FoundKey::Wrong => None,
        };
        let mut keys = self.keys.lock();
        keys.retain(|_, known| now - known.at < KEY_TRUST);
        if let Some(key) = &found {
            keys.insert(hash, Known { key: key.clone(), at: now });
        }
        Ok(found.map(Identity::from))
    }

    /// Drops all results of lookups, since a key was created or revoked.
    pub fn forget_keys(&self) {
        self.keys.lock().clear();
        self.good.forget();
        self.unknown.forget();
        self.ring.forget();
    }

    fn limiter(&self, key: &str) -> Arc<DefaultDirectRateLimiter> {
        let mut limiters = self.limiters.lock();
        let quota = Quota::per_second(self.rate)
            .allow_burst(self.rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        if limiters.len() >= MAX_LIMITERS {
            limiters.clear();
        }
        limiters.entry(key.to_owned()).or_insert_with(|| Arc::new(RateLimiter::direct(quota))).clone()
    }
}

/// Returns whether the method may change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

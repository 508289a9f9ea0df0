//! The REST API: `stepwell serve`.
//!
//! [`routes::TABLE`] lists every operation once: its method, path, role, and what it takes and gives. The router, the
//! check of roles, the OpenAPI document and the table in `docs/api.md` come from it.

mod handlers;
pub(crate) mod keys;
mod openapi;
mod problem;
mod routes;
mod runs;
mod serve;
mod v2;
mod views;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use stepwell::Host;
use stepwell::engine::Job;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::store::Audit;

use keys::{ApiKey, Role};
use problem::Problem;

pub(crate) use openapi::document;
pub use routes::markdown;
pub(crate) use serve::serve;

/// Bytes of a request's body.
const MAX_BODY: usize = 1 << 20;
/// How long a request may take that does not wait for a run.
const REQUEST: Duration = Duration::from_secs(30);
/// How long a key that was looked up is trusted: as long may a revoked key go on, in other processes than the one
/// that revoked it.
const KEY_TRUST: chrono::Duration = chrono::Duration::seconds(1);

/// What every request sees.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub host: Host,
    /// Requests of one key in a second.
    rate: NonZeroU32,
    keys: Mutex<HashMap<String, Known>>,
    /// Jobs that clients sent and that were right, by the digest of the text. Steps, policies and connections are
    /// those of the process's start, so that they stay right.
    checked: Mutex<HashMap<[u8; 32], Arc<Job>>>,
    limiters: Mutex<HashMap<String, Arc<DefaultDirectRateLimiter>>>,
}

/// A key that was looked up.
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

/// Who asks.
#[derive(Clone)]
pub(crate) struct Caller(Arc<ApiKey>);

impl Caller {
    /// Refuses a job that the key is not for.
    pub fn may(&self, job_id: &str) -> Result<(), Problem> {
        match self.0.covers(job_id) {
            true => Ok(()),
            false => {
                Err(Problem::new(StatusCode::FORBIDDEN, format!("this key is not for the job `{job_id}`")))
            }
        }
    }

    pub fn covers(&self, job_id: &str) -> bool {
        self.0.covers(job_id)
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The row for the audit log.
    pub fn audit(&self, app: &App, action: &str, target: &str) -> Audit {
        keys::audit(&app.host, self.name(), action, target, "")
    }
}

/// The API over a host.
pub(crate) fn router(host: Host, rate: NonZeroU32) -> Router {
    let app = App(Arc::new(Shared {
        host,
        rate,
        keys: Mutex::default(),
        checked: Mutex::default(),
        limiters: Mutex::default(),
    }));
    let mut router = Router::new();
    for operation in routes::TABLE {
        router = router.route(operation.path, (operation.handler)());
    }
    router
        .fallback(async || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "there is nothing at this path; GET /api/v2/openapi.json lists what there is",
            )
        })
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
        })
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

/// Nothing anonymous but liveness: every other request, to any path, needs a key with the role of its operation.
async fn guard(State(app): State<App>, mut request: Request<Body>, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let operation = path.as_deref().and_then(|path| routes::find(request.method(), path));
    if operation.is_some_and(|operation| operation.role.is_none()) {
        return next.run(request).await;
    }
    let caller = match caller(&app, request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Some(role) = operation.and_then(|operation| operation.role)
        && caller.role() < role
    {
        let detail = format!("this needs the role {}; this key has {}", role.name(), caller.role().name());
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    request.extensions_mut().insert(caller);
    // What streams answers at once, and goes on; what waits for a run says how long it does.
    let limit = if operation.is_some_and(|operation| operation.waits) { v2::WAIT + REQUEST } else { REQUEST };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => problem_of(response),
        Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long").into_response(),
    }
}

/// What axum refuses itself is a problem like any other.
fn problem_of(response: Response) -> Response {
    let status = response.status();
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if !status.is_client_error() && !status.is_server_error() || is_problem {
        return response;
    }
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("the body is larger than {MAX_BODY} bytes"),
        _ => "the request cannot be read".to_owned(),
    };
    Problem::new(status, detail).into_response()
}

async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let unauthorized = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
        .ok_or_else(|| {
            unauthorized("send an API key: `Authorization: Bearer sw_...`; `stepwell keys create` makes one")
        })?;
    let key = app
        .key(token.trim())
        .await?
        .ok_or_else(|| unauthorized("this key is not known, has expired, or was revoked"))?;
    if app.limiter(&key.id).check().is_err() {
        let detail = format!("more than {} requests in a second with this key", app.rate);
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
    }
    Ok(Caller(Arc::new(key)))
}

impl Shared {
    async fn key(&self, token: &str) -> Result<Option<ApiKey>, Problem> {
        let now = self.host.now();
        let known = |keys: &HashMap<String, Known>| {
            let known = keys.get(token).filter(|known| now - known.at < KEY_TRUST)?;
            known.key.expires_at.is_none_or(|at| now < at).then(|| known.key.clone())
        };
        if let Some(key) = known(&self.keys.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(Some(key));
        }
        let found = keys::authenticate(&self.host, token).await?;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, known| now - known.at < KEY_TRUST);
        if let Some(key) = &found {
            keys.insert(token.to_owned(), Known { key: key.clone(), at: now });
        }
        Ok(found)
    }

    /// Forgets what was looked up: a key was revoked.
    pub fn forget_keys(&self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn limiter(&self, key: &str) -> Arc<DefaultDirectRateLimiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = Quota::per_second(self.rate)
            .allow_burst(self.rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        limiters.entry(key.to_owned()).or_insert_with(|| Arc::new(RateLimiter::direct(quota))).clone()
    }
}

/// Whether that method may change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

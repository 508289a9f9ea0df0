//! Handlers for workers outside of Stepwell, and for the work that they take.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell::{
    Claimed, Heartbeat, LONGEST_POLL, MOST_CAPACITY, NewWorker, RegisteredWorker, RemoteWorker, WorkItem,
    WorkResult,
};

use super::body::{body, read};
use super::handlers::{Answer, Page, Params, limit};
use super::problem::Problem;
use super::v2::preference;
use super::{App, Caller, cursor};

/// The number of polls of a key, and of all keys, that wait for work at one time. Further ones are answered at once.
const WAITS_PER_KEY: u32 = 256;
const WAITS: u32 = 2_048;

/// A page of workers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RemoteWorkers {
    /// The workers.
    pub items: Vec<RemoteWorker>,
    /// The cursor of the next page. Null on the last page.
    pub next_cursor: Option<String>,
}

/// A request for work.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollRequest {
    /// The maximum number of items of work. Default: as many as the capacity of the worker leaves room for.
    #[serde(default)]
    #[schemars(range(min = 1, max = MOST_CAPACITY))]
    pub capacity: Option<u32>,
}

/// The work that a worker has taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WorkItems {
    /// The items of work. Empty when there was none in time.
    pub items: Vec<WorkItem>,
}

/// A sign of life for work.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeartbeatRequest {
    /// The number of the lease.
    pub fence: u64,
}

/// The result of a function.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteRequest {
    /// The number of the lease.
    pub fence: u64,
    /// The output of the step. Default: an empty object.
    #[serde(default = "nothing")]
    pub output: Value,
    /// One sentence for people. Default: the name of the worker.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub summary: String,
    /// The variables that the step sets; policy names them in `context.write`. Default: none.
    #[serde(default)]
    pub variables: Map<String, Value>,
}

fn nothing() -> Value {
    Value::Object(Map::new())
}

/// The failure of a function.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailRequest {
    /// The number of the lease.
    pub fence: u64,
    /// A kind of failure, such as `unavailable` or `not_found`, or a name of the function's own. Default: `failed`.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub code: String,
    /// The problem.
    #[schemars(length(max = 4_000))]
    pub message: String,
    /// Whether the same work may succeed later. Default: false.
    #[serde(default)]
    pub retryable: bool,
}

/// Handles `POST /api/v2/workers/register`.
pub(super) async fn register(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<RegisteredWorker>), Problem> {
    let request = read::<NewWorker>(&app, &bytes).await?;
    let audit = caller.audit(&app.host, "worker.register", "");
    let registered = app.host.remote_workers().register(&caller, request.value.clone(), audit).await;
    Ok((StatusCode::CREATED, Json(registered.map_err(|error| request.refused(error))?)))
}

/// Handles `GET /api/v2/workers`.
pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Page>,
) -> Answer<RemoteWorkers> {
    let after: String = cursor::read("workers", query.cursor.as_deref())?.unwrap_or_default();
    let limit = limit(query.limit);
    let mut items = app.host.remote_workers().list(caller.project(), &after, limit + 1).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let last = items.last().filter(|_| has_more);
    let next_cursor = last.map(|last| cursor::write("workers", &last.worker));
    Ok(Json(RemoteWorkers { items, next_cursor }))
}

/// Handles `POST /api/v2/workers/{worker}/poll`.
pub(super) async fn poll(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(worker): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer<WorkItems> {
    let PollRequest { capacity } = body(&app, &bytes).await?;
    let (wait, _) = preference(&headers, Duration::ZERO);
    let place = match wait.is_zero() {
        true => None,
        false => app.waits.open(&caller.who().id, WAITS_PER_KEY, WAITS).ok(),
    };
    let wait = if place.is_some() { wait.min(LONGEST_POLL) } else { Duration::ZERO };
    let capacity = capacity.unwrap_or(MOST_CAPACITY);
    let items = app.host.remote_workers().poll(&caller, &worker, capacity, wait).await?;
    Ok(Json(WorkItems { items }))
}

/// Handles `POST /api/v2/workers/{worker}/leave`.
pub(super) async fn leave(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(worker): Path<String>,
) -> Result<StatusCode, Problem> {
    let audit = caller.audit(&app.host, "worker.leave", &worker);
    app.host.remote_workers().leave(&caller, &worker, audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Handles `POST /api/v2/workers/{worker}/work/{work}/heartbeat`.
pub(super) async fn heartbeat(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((worker, work)): Path<(String, String)>,
    bytes: Bytes,
) -> Answer<Heartbeat> {
    let HeartbeatRequest { fence } = body(&app, &bytes).await?;
    let claimed = Claimed { worker: &worker, work: &work, fence };
    Ok(Json(app.host.remote_workers().heartbeat(&caller, claimed).await?))
}

/// Handles `POST /api/v2/workers/{worker}/work/{work}/complete`.
pub(super) async fn complete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((worker, work)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let request = read::<CompleteRequest>(&app, &bytes).await?;
    let CompleteRequest { fence, output, summary, variables } = request.value.clone();
    let claimed = Claimed { worker: &worker, work: &work, fence };
    let result = WorkResult::Completed { output, summary, variables };
    let ended = app.host.remote_workers().end(&caller, claimed, result).await;
    ended.map_err(|error| request.refused(error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Handles `POST /api/v2/workers/{worker}/work/{work}/fail`.
pub(super) async fn fail(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((worker, work)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let FailRequest { fence, code, message, retryable } = body(&app, &bytes).await?;
    let claimed = Claimed { worker: &worker, work: &work, fence };
    let failed = WorkResult::Failed { code, message, retryable };
    app.host.remote_workers().end(&caller, claimed, failed).await?;
    Ok(StatusCode::NO_CONTENT)
}

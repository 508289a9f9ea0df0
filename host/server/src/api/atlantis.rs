//! The API of Atlantis for its locks, with its own answers, and the operations of a migration to the locks of Stepwell.
//!
//! All of it is absent while the configuration names no installation.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use stepwell::engine::quantity::Span;
use stepwell::legacy::bridge::{Mode, System};
use stepwell::legacy::format::{GoTime, ProjectLock, locks_json};
use stepwell::legacy::locks::{LegacyError, Reach, StoredLock, TryLock};
use stepwell::legacy::migration::Figures;
use stepwell::{AtlantisError, MigrationState, MigrationStep, TryLocks, command_time};

use super::body::read;
use super::handlers::Params;
use super::problem::Problem;
use super::{App, AsWritten, Caller};

/// A text with the line end and the type of Atlantis.
fn text(status: StatusCode, text: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, kind, Extension(AsWritten), format!("{text}\n")).into_response()
}

fn json_bytes(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Extension(AsWritten), bytes).into_response()
}

/// Returns the response to an error that Atlantis does not have.
fn problem(error: AtlantisError) -> Problem {
    let detail = error.to_string();
    match error {
        AtlantisError::Absent => Problem::new(StatusCode::NOT_FOUND, detail),
        AtlantisError::Elsewhere(_) | AtlantisError::Refused(_) => Problem::new(StatusCode::CONFLICT, detail),
        AtlantisError::Wrong(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
        AtlantisError::Host(error) => error.into(),
        AtlantisError::Locks(LegacyError::Key) => Problem::bad_request(detail),
        AtlantisError::Locks(
            LegacyError::Exists
            | LegacyError::Missing
            | LegacyError::Damaged { .. }
            | LegacyError::Stranger { .. }
            | LegacyError::Deadlock { .. },
        ) => Problem::new(StatusCode::CONFLICT, detail),
        AtlantisError::Locks(_) | AtlantisError::Installation(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}

/// Returns the response of Atlantis to an error of its store: its words, and the error. Errors of Stepwell are
/// problems, as in the rest of the API.
fn failed(error: AtlantisError, words: impl FnOnce(&LegacyError) -> String) -> Result<Response, Problem> {
    match error {
        AtlantisError::Locks(error) => Ok(text(StatusCode::INTERNAL_SERVER_ERROR, &words(&error))),
        other => Err(problem(other)),
    }
}

/// Handles `GET /api/locks`.
pub(super) async fn list(State(app): State<App>) -> Result<Response, Problem> {
    match app.host.atlantis().list().await {
        Ok(listing) => Ok(json_bytes(locks_json(listing.locks.iter().map(|lock| &lock.lock)))),
        Err(AtlantisError::Locks(error)) => {
            let body = json!({"error": error.to_string()}).to_string();
            Ok((StatusCode::INTERNAL_SERVER_ERROR, json_bytes(body.into_bytes())).into_response())
        }
        Err(error) => Err(problem(error)),
    }
}

/// The key of a lock, as Atlantis shows it.
#[derive(Deserialize)]
pub(super) struct Id {
    id: Option<String>,
}

/// The forms of a key that a client may have sent: the links of Atlantis encode it twice, and other clients once.
struct Forms {
    sent: String,
    decoded: String,
}

impl Forms {
    /// Decodes an id once more, as Atlantis does. `plus` is the meaning of `+`.
    fn of(sent: String, plus: &str) -> Result<Self, String> {
        let mut rest = sent.as_str();
        while let Some((_, after)) = rest.split_once('%') {
            let digits = after.chars().take(2).take_while(char::is_ascii_hexdigit).count();
            if digits < 2 {
                let escape: String = after.chars().take(2).collect();
                return Err(format!("invalid URL escape {:?}", format!("%{escape}")));
            }
            rest = after;
        }
        let plain = sent.replace('+', plus);
        let decoded = percent_decode_str(&plain).decode_utf8_lossy().into_owned();
        Ok(Self { sent, decoded })
    }

    /// The forms to look for, without a repetition.
    fn each(&self) -> impl Iterator<Item = &str> {
        let also = Some(self.sent.as_str()).filter(|sent| *sent != self.decoded);
        std::iter::once(self.decoded.as_str()).chain(also)
    }
}

/// Handles `GET /lock`: the lock as JSON, where Atlantis has a page.
pub(super) async fn get(State(app): State<App>, Params(Id { id }): Params<Id>) -> Result<Response, Problem> {
    app.host.atlantis().settings().map_err(problem)?;
    let Some(id) = id else { return Ok(text(StatusCode::BAD_REQUEST, "No lock id in request")) };
    let forms = match Forms::of(id, " ") {
        Ok(forms) => forms,
        Err(why) => return Ok(text(StatusCode::BAD_REQUEST, &format!("Invalid lock id: {why}"))),
    };
    for key in forms.each() {
        match app.host.atlantis().get(key).await {
            Ok(Some(lock)) => return Ok(json_bytes(locks_json([&lock.lock]))),
            Ok(None) => {}
            Err(error) => return failed(error, |error| format!("Failed getting lock: {error}")),
        }
    }
    Ok(text(StatusCode::NOT_FOUND, &format!("No lock found at id '{}'", forms.decoded)))
}

/// Handles `DELETE /locks`.
pub(super) async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(Id { id }): Params<Id>,
) -> Result<Response, Problem> {
    app.host.atlantis().settings().map_err(problem)?;
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Ok(text(StatusCode::BAD_REQUEST, "No lock id in request"));
    };
    let forms = match Forms::of(id.clone(), "+") {
        Ok(forms) => forms,
        Err(why) => {
            let why = format!("Invalid lock id '{id}'. Failed with error: '{why}'");
            return Ok(text(StatusCode::BAD_REQUEST, &why));
        }
    };
    for key in forms.each() {
        match app.host.atlantis().unlock(&caller.by(), key).await {
            Ok(Some(_)) => return Ok(text(StatusCode::OK, &format!("Deleted lock id '{id}'"))),
            Ok(None) => {}
            Err(error) => return failed(error, |error| format!("deleting lock failed with: '{error}'")),
        }
    }
    Ok(text(StatusCode::NOT_FOUND, &format!("No lock found at id '{}'", forms.decoded)))
}

/// Returns a problem while the operations on the lock of `apply` are absent.
fn has_apply_lock(app: &App) -> Result<(), Problem> {
    match app.host.atlantis().has_apply_lock().map_err(problem)? {
        true => Ok(()),
        false => {
            let detail = "`atlantis.disable_global_apply_lock` of the configuration turns this operation off";
            Err(Problem::new(StatusCode::NOT_FOUND, detail))
        }
    }
}

/// Handles `POST /apply/lock`.
pub(super) async fn lock_apply(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    has_apply_lock(&app)?;
    match app.host.atlantis().lock_apply(&caller.by()).await {
        Ok(lock) => Ok(text(StatusCode::OK, &format!("Apply Lock is acquired on {}", command_time(&lock)))),
        Err(error) => failed(error, |error| format!("creating apply lock failed with: {error}")),
    }
}

/// Handles `DELETE /apply/unlock`.
pub(super) async fn unlock_apply(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    has_apply_lock(&app)?;
    match app.host.atlantis().unlock_apply(&caller.by()).await {
        Ok(()) => Ok(text(StatusCode::OK, "Deleted apply lock")),
        Err(error) => failed(error, |error| format!("deleting apply lock failed with: {error}")),
    }
}

/// A request for locks of Atlantis.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TryLockRequest {
    /// The locks as Atlantis stores them: `Project`, `Pull`, `User`, `Workspace` and `Time`. A request takes all of
    /// them, or none.
    #[serde(rename = "Locks")]
    locks: Vec<Map<String, Value>>,
    /// The groups of the user, for `canary-criteria`.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(max = 200)))]
    groups: Vec<String>,
    /// The longest wait. Default: `locks.timeout` of the configuration.
    wait: Option<Span>,
    /// The priority, from 0 to 9, where 9 is the most urgent. Default: 0.
    priority: Option<u8>,
}

/// Returns the answer of Atlantis to a request for a lock. The parser has dropped the clone URL, which holds a token.
fn answered(answer: &TryLock) -> Value {
    let current: Value = serde_json::from_slice(&answer.current.lock.to_json()).unwrap_or_default();
    let key = answer.current.lock.identity().key();
    json!({"LockAcquired": answer.acquired, "CurrLock": current, "LockKey": key})
}

/// Handles `POST /api/enhanced-locks/try-lock`.
pub(super) async fn try_lock(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    app.host.atlantis().settings().map_err(problem)?;
    let request = read::<TryLockRequest>(&app, &bytes).await?;
    let mut locks = Vec::new();
    for (index, lock) in request.value.locks.iter().enumerate() {
        let place = format!("/Locks/{index}");
        let bytes = serde_json::to_vec(lock).unwrap_or_default();
        let mut lock =
            ProjectLock::parse(&bytes).map_err(|error| request.wrong(&place, &error.to_string()))?;
        if let Some((field, why)) = lock.identity().problem() {
            return Err(request.wrong(&place, &format!("`{field}` {why}")));
        }
        if lock.pull.num < 1 {
            return Err(request.wrong(&place, "`Pull.Num` must be the number of a pull request, from 1"));
        }
        if lock.time == GoTime::default() {
            lock.time = GoTime::utc(app.host.now());
        }
        locks.push(lock);
    }
    let TryLockRequest { groups, wait, priority, .. } = &request.value;
    let wait: Option<Duration> = wait.map(|wait| wait.0);
    let request = TryLocks { locks, groups: groups.clone(), wait, priority: *priority };
    let answers = app.host.atlantis().try_locks(&caller.by(), &request).await.map_err(problem)?;
    let status = match answers.iter().all(|answer| answer.acquired) {
        true => StatusCode::OK,
        false => StatusCode::CONFLICT,
    };
    let answers: Vec<Value> = answers.iter().map(answered).collect();
    Ok((status, Extension(AsWritten), Json(json!({"Answers": answers}))).into_response())
}

/// A pull request that was closed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockPullRequest {
    /// The owner and the name of the repository.
    #[schemars(length(max = 500))]
    repository: String,
    /// The number of the pull request.
    pull: i64,
    /// Whether the locks of every repository whose name begins with this one are released, as Atlantis does. Default:
    /// false.
    #[serde(default)]
    prefix: bool,
}

/// Handles `POST /api/enhanced-locks/unlock-pull`.
pub(super) async fn unlock_pull(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    app.host.atlantis().settings().map_err(problem)?;
    let request = read::<UnlockPullRequest>(&app, &bytes).await?;
    let UnlockPullRequest { repository, pull, prefix } = &request.value;
    if repository.is_empty() {
        return Err(request.wrong("/repository", "must not be empty"));
    }
    let reach = if *prefix { Reach::Prefix } else { Reach::Repository };
    let unlocked = app.host.atlantis().unlock_by_pull(&caller.by(), repository, *pull, reach).await;
    let unlocked = unlocked.map_err(problem)?;
    let keys = |locks: &[StoredLock]| locks.iter().map(|lock| lock.lock.identity().key()).collect::<Vec<_>>();
    Ok(Json(json!({"deleted": keys(&unlocked.deleted), "spared": keys(&unlocked.spared)})).into_response())
}

/// Handles `GET /api/enhanced-locks/config/mapping`.
pub(super) async fn mapping(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let atlantis = app.host.atlantis();
    let bridge = atlantis.settings().map_err(problem)?;
    Ok(Json(json!({"mapping": bridge.mapping})))
}

/// Handles `GET /api/enhanced-locks/compatibility/metrics`.
pub(super) async fn metrics(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let atlantis = app.host.atlantis();
    let features = atlantis.settings().map_err(problem)?.settings.features;
    if !features.metrics {
        return Err(off("enhanced-locking.metrics"));
    }
    let found = atlantis.comparison().await.map_err(problem)?;
    let latency = |of: &Figures| json!({"P50": of.p50_ms, "P95": of.p95_ms, "P99": of.p99_ms});
    let mut answer = json!({
        "performance": {
            "LegacyLatency": latency(&found.legacy),
            "EnhancedLatency": latency(&found.enhanced),
            "LatencyImprovement": found.latency_ratio,
            "ThroughputRatio": found.throughput_ratio,
        },
        "memory": {
            "Legacy": found.legacy.memory_bytes,
            "Enhanced": found.enhanced.memory_bytes,
            "MemoryIncrease": found.memory_increase,
        },
        "errors": {
            "Legacy": found.legacy.errors,
            "Enhanced": found.enhanced.errors,
            "LegacyRate": found.legacy.error_rate,
            "EnhancedRate": found.enhanced.error_rate,
            "ErrorRateChange": found.error_rate_change,
        },
        "operations": {"Legacy": found.legacy.operations, "Enhanced": found.enhanced.operations},
        "Recommendation": found.recommendation,
    });
    if let Some(map) = answer.as_object_mut().filter(|_| features.health) {
        let metrics = json!({
            "performance_ratio": found.latency_ratio.map(f64::recip),
            "error_rate_ratio": found.error_ratio,
            "memory_increase": found.memory_increase,
        });
        let health = json!({"Compatible": found.compatible, "Issues": found.issues, "Metrics": metrics});
        map.insert("health".to_owned(), health);
    }
    Ok(Json(answer))
}

/// Returns the problem of an operation that a feature turns off.
fn off(key: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("`{key}` of the configuration turns this operation off"))
}

/// Handles `GET /api/enhanced-locks/compatibility/comparison`.
pub(super) async fn comparison(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let found = app.host.atlantis().comparison().await.map_err(problem)?;
    Ok(Json(serde_json::to_value(found).unwrap_or_default()))
}

/// Handles `GET /api/enhanced-locks/data/validate`.
pub(super) async fn validate(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let report = app.host.atlantis().validate().await.map_err(problem)?;
    let mut answer = serde_json::to_value(&report).unwrap_or_default();
    if let Some(map) = answer.as_object_mut() {
        map.insert("compatible".to_owned(), report.is_compatible().into());
    }
    Ok(Json(answer))
}

/// Handles `GET /api/enhanced-locks/debug/differences`.
pub(super) async fn differences(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let atlantis = app.host.atlantis();
    if !atlantis.settings().map_err(problem)?.settings.features.debug {
        return Err(off("enhanced-locking.feature-flags.debug-endpoints"));
    }
    let found = atlantis.differences().await.map_err(problem)?;
    Ok(Json(json!({"differences": found})))
}

/// Handles `GET /api/enhanced-locks/migration`.
pub(super) async fn migration(State(app): State<App>) -> Result<Json<MigrationState>, Problem> {
    app.host.atlantis().state().await.map(Json).map_err(problem)
}

/// A step of the migration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct MigrateRequest {
    /// The mode: `off`, `shadow`, `gradual` or `blue-green`.
    #[schemars(length(max = 20))]
    mode: String,
    /// The share of the locks that Stepwell serves in the mode `gradual`, in percent. Default: 0.
    #[serde(default)]
    traffic_percentage: u8,
    /// The system that serves all locks in the mode `blue-green`: `legacy` or `enhanced`. Default: `legacy`.
    #[schemars(length(max = 20))]
    active_system: Option<String>,
}

/// Handles `POST /api/enhanced-locks/migration`.
pub(super) async fn migrate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<Json<MigrationState>, Problem> {
    let request = read::<MigrateRequest>(&app, &bytes).await?;
    let MigrateRequest { mode, traffic_percentage: percentage, active_system } = &request.value;
    let mode: Mode = mode
        .parse()
        .map_err(|_| request.wrong("/mode", "must be `off`, `shadow`, `gradual` or `blue-green`"))?;
    let active = match active_system {
        None => System::Legacy,
        Some(word) => {
            word.parse().map_err(|_| request.wrong("/active-system", "must be `legacy` or `enhanced`"))?
        }
    };
    let step = MigrationStep { mode, percentage: *percentage, active };
    app.host.atlantis().migrate(&caller.by(), &step).await.map(Json).map_err(problem)
}

/// A request for the next step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdvanceRequest {
    /// Whether the step is taken although the comparison does not recommend it. Default: false.
    #[serde(default)]
    force: bool,
}

/// Handles `POST /api/enhanced-locks/migration/advance`.
pub(super) async fn advance(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<Json<MigrationState>, Problem> {
    let AdvanceRequest { force } = read::<AdvanceRequest>(&app, &bytes).await?.value;
    app.host.atlantis().advance(&caller.by(), force).await.map(Json).map_err(problem)
}

/// Handles `POST /api/enhanced-locks/migration/rollback`.
pub(super) async fn roll_back(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<MigrationState>, Problem> {
    app.host.atlantis().roll_back(&caller.by()).await.map(Json).map_err(problem)
}

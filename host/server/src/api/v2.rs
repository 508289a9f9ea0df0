//! The endpoints of the v2 interface, and the legacy endpoint for stored jobs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use sha2::{Digest, Sha256};
use stepwell::Admitted;
use stepwell::engine::Job;
use stepwell::engine::document::Document;
use stepwell::engine::job::Parsed;
use stepwell::engine::run::{Admission, RunView};
use stepwell::engine::store::{Audit, Idempotency};
use stepwell::engine::trace::Trace;

use super::body::{in_project, malformed, note_refusals, read, utf8};
use super::problem::Problem;
use super::views::{Accepted, EngineQueue, EngineStatus, LegacyRun, ScheduleRequest, Scheduled, StepTypes};
use super::{App, Caller, Checked};

/// The time for which a request waits for a run by default (`Prefer: wait=N` changes it).
pub(super) const WAIT: Duration = Duration::from_secs(300);

/// The maximum number of checked jobs in the cache, and the maximum bytes of each. When a client sends a job
/// repeatedly, only the first check calls its steps.
const MAX_CACHED_JOBS: usize = 1000;
const KEPT_BYTES: usize = 32 << 10;

/// Handles `POST /api/v2/jobs/execute`.
pub(super) async fn execute(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let job = parse(&app, &caller, &body).await?;
    caller.may(&job.id)?;
    let sent = Sent { headers: &headers, body: &body };
    run(&app, &caller, &job, sent, "job.execute", |view| Json(view).into_response()).await
}

/// Handles `POST /api/jobs/{id}/run`, with the legacy response.
pub(super) async fn run_legacy(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let id = caller.job(&id)?;
    let job = app.host.jobs().get(&id).await?.job;
    let sent = Sent { headers: &headers, body: &body };
    run(&app, &caller, &job, sent, "job.run", |view| Json(legacy(view)).into_response()).await
}

/// Returns the legacy response of `POST /api/jobs/{id}/run`.
fn legacy(view: &RunView) -> LegacyRun {
    let output = view.steps.iter().rev().map(|step| step.output.clone()).find(|output| !output.is_empty());
    LegacyRun {
        success: view.success,
        message: format!("Job executed with status: {}", view.status.name()),
        execution_id: view.execution_id.clone(),
        status: view.status.name().to_owned(),
        duration_seconds: view.duration_seconds,
        output: output.unwrap_or_default(),
        start_time: view.start_time.clone(),
        end_time: view.end_time.clone(),
    }
}

/// The parts of a request on which its idempotency depends.
struct Sent<'r> {
    headers: &'r HeaderMap,
    body: &'r [u8],
}

/// Enqueues a run, and waits as long as the client prefers (RFC 7240). Responds with 202 and the location of
/// the run if it has not ended.
async fn run(
    app: &App,
    caller: &Caller,
    job: &Arc<Job>,
    Sent { headers, body }: Sent<'_>,
    action: &str,
    show: impl Fn(&RunView) -> Response,
) -> Result<Response, Problem> {
    let admission = Admission { trace: trace(headers), ..Admission::default() };
    let (wait, asynchronous) = preference(headers, WAIT);
    let idempotency = idempotency(headers, caller, &format!("{action} {}", job.id), body)?;
    let audit = Some(Audit { detail: job.id.clone(), ..caller.audit(&app.host, action, &job.id) });
    if asynchronous {
        let admitted = app.host.runs().enqueue(job, admission, idempotency, audit).await?;
        return Ok(accepted(&admitted));
    }
    let (admitted, state) = app.host.runs().run_queued(job, admission, idempotency, audit, wait).await?;
    if !state.status.is_terminal() {
        return Ok(accepted(&admitted));
    }
    let mut response = show(&app.host.runs().view(&state).await?);
    locate(&mut response, &admitted.execution_id);
    Ok(response)
}

/// Returns the trace that a request belongs to (W3C Trace Context).
pub(super) fn trace(headers: &HeaderMap) -> Option<Trace> {
    headers.get("traceparent")?.to_str().ok()?.trim().parse().ok()
}

/// Returns a response with status 202 and the location of the run.
pub(super) fn accepted(admitted: &Admitted) -> Response {
    let Admitted { execution_id, replayed, note } = admitted.clone();
    let mut response =
        (StatusCode::ACCEPTED, Json(Accepted { execution_id, replayed, note })).into_response();
    locate(&mut response, &admitted.execution_id);
    response
}

fn locate(response: &mut Response, execution_id: &str) {
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v2/runs/{execution_id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
}

/// Returns the time for which the client waits, and whether it prefers an asynchronous response.
pub(super) fn preference(headers: &HeaderMap, default: Duration) -> (Duration, bool) {
    let prefer = headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let words: Vec<&str> = prefer.split([',', ';']).map(str::trim).collect();
    let seconds = words.iter().find_map(|word| word.strip_prefix("wait=")?.parse().ok());
    (
        seconds.map_or(default, |seconds: u64| Duration::from_secs(seconds).min(WAIT)),
        words.contains(&"respond-async"),
    )
}

/// Returns the idempotency key of a request: the key of the client, separate for each API key.
pub(super) fn idempotency(
    headers: &HeaderMap,
    caller: &Caller,
    action: &str,
    body: &[u8],
) -> Result<Option<Idempotency>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key =
        key.ok_or_else(|| Problem::bad_request("`Idempotency-Key` must have 1 to 255 printable characters"))?;
    let mut digest = Sha256::new();
    digest.update(action);
    digest.update(body);
    let fingerprint = data_encoding::HEXLOWER.encode(&digest.finalize());
    Ok(Some(Idempotency { key: format!("{}/{key}", caller.id()), fingerprint }))
}

/// Reads a job from a body.
pub(super) async fn parse(app: &App, caller: &Caller, body: &[u8]) -> Result<Arc<Job>, Problem> {
    let text = text(body)?;
    let mut digest = Sha256::new_with_prefix(caller.project());
    digest.update([0]);
    digest.update(body);
    let digest: [u8; 32] = digest.finalize().into();
    let generation = app.host.system().generation();
    let known = |checked: &Checked| checked.1.get(&digest).filter(|_| checked.0 == generation).cloned();
    if let Some(job) = known(&app.checked.lock()) {
        return Ok(job.clone());
    }
    let job: Arc<Job> = Arc::new(checked(app, caller, text).await?.job.into());
    if body.len() <= KEPT_BYTES {
        let mut checked = app.checked.lock();
        if checked.1.len() >= MAX_CACHED_JOBS || checked.0 != generation {
            // Jobs that clients send again are checked again.
            *checked = (generation, HashMap::new());
        }
        checked.1.insert(digest, job.clone());
    }
    Ok(job)
}

/// Returns a body that is a job, as text.
pub(super) fn text(body: &[u8]) -> Result<&str, Problem> {
    let text = utf8(body)?;
    match text.trim() {
        "" => Err(Problem::bad_request("the document is empty: it must be a job, as JSON or YAML")),
        _ => Ok(text),
    }
}

/// Reads and checks a job. Its id is the name that it has outside of the caller's project.
pub(super) async fn checked(app: &App, caller: &Caller, text: &str) -> Result<Parsed, Problem> {
    match app.host.jobs().parse_for(caller.project(), "body", text).await {
        Ok(parsed) => Ok(in_project(parsed, caller)),
        Err(error) => {
            note_refusals(app, caller, &error).await;
            let parse = || Document::parse("body", text);
            match app.host.jobs().read_in_turn(text.len(), parse).await? {
                Ok(_) => Err(error.into()),
                Err(problems) => Err(malformed(problems)),
            }
        }
    }
}

/// Handles `POST /api/v2/jobs/schedule`.
pub(super) async fn schedule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Problem> {
    let request = read::<ScheduleRequest>(&app, &body).await?;
    let job = request.job(&app, &caller, "/job").await?;
    let time = request.value.scheduled_time.as_str();
    let at = super::handlers::time(&app, "scheduled_time", time, &job.timezone);
    let at = at.map_err(|error| request.refused(error))?;
    let audit = Audit { detail: job.id.clone(), ..caller.audit(&app.host, "job.schedule", "") };
    let id = app.host.schedules().once(&job, at, audit).await.map_err(|error| request.refused(error))?;
    let answer = Scheduled {
        success: true,
        message: format!("Job {} scheduled successfully", job.name),
        job_id: job.id.clone(),
        execution_id: id.clone(),
        note: app.host.schedules().clock_note(time, &job.timezone),
        scheduled_time: at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        timezone: job.timezone.clone(),
        status: "scheduled".to_owned(),
    };
    let mut response = Json(answer).into_response();
    locate(&mut response, &id);
    Ok(response)
}

/// Handles `GET /api/v2/execution/status`.
pub(super) async fn status(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<EngineStatus>, Problem> {
    let queues = super::handlers::queues(&app, &caller).await?;
    let started = app.host.system().is_serving();
    let timezone_queues = queues.into_iter().map(|queue| {
        let shown = EngineQueue {
            timezone: queue.queue.clone(),
            queue_size: queue.ready + queue.waiting + queue.blocked,
            active_executions: queue.running,
            running: started && queue.served && queue.paused.is_none(),
        };
        (queue.queue, shown)
    });
    let timezone_queues: std::collections::BTreeMap<_, _> = timezone_queues.collect();
    Ok(Json(EngineStatus {
        success: true,
        engine_started: started,
        total_queues: timezone_queues.len(),
        total_active_executions: timezone_queues.values().map(|queue| queue.active_executions).sum(),
        timezone_queues,
        timestamp: timestamp(&app),
    }))
}

/// Handles `GET /api/v2/steps/types`.
pub(super) async fn step_types(State(app): State<App>) -> Json<StepTypes> {
    use stepwell::engine::job::Catalog;
    let step_types = app.host.steps().catalog().types();
    Json(StepTypes { success: true, count: step_types.len(), step_types, timestamp: timestamp(&app) })
}

fn timestamp(app: &App) -> String {
    app.host.now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

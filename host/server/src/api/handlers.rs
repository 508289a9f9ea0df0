//! Handlers for jobs, schedules and queues, and for the operation of the service.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stepwell::engine::Job as EngineJob;
use stepwell::engine::job::wrong_variables;
use stepwell::engine::run::Admission;
use stepwell::engine::store::{Audit, Expect};
use stepwell::{CleanUpOptions, Health, HostError, Metrics, QueueStatus};

use super::body::{body, read, warnings};
use super::problem::Problem;
use super::v2::{accepted, checked, idempotency, parse, text, trace};
use super::views::{
    CheckedJob, CleanedUp, ClockChange, Job, PreviewAnswer, Queues, Reason, RunRequest, Schedule,
};
use super::{App, Caller, openapi::document};

pub(super) type Answer<T> = Result<Json<T>, Problem>;

/// Parameters of the query. If they cannot be read, the response is a problem.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(found)) => Ok(Self(found)),
            // `Operation::query_problem` has checked names and numbers.
            Err(_) => Err(Problem::bad_request("the query cannot be read")),
        }
    }
}

/// Returns the number of items per page. `Operation::query_problem` has checked it.
pub(super) fn limit(limit: Option<u32>) -> u32 {
    limit.unwrap_or(100)
}

/// Returns a page of the items that the caller may see, and the cursor of the next page when this one is
/// full. Items of other projects are skipped, and cursors do not reveal them.
pub(super) async fn page<T, C, F: Future<Output = Result<Vec<T>, HostError>>>(
    limit: u32,
    mut cursor: Option<C>,
    fetch: impl Fn(Option<C>, u32) -> F,
    own: impl Fn(&T) -> bool,
    place: impl Fn(&T) -> C,
) -> Result<(Vec<T>, Option<C>), Problem> {
    let (wanted, most) = (limit as usize, limit.max(200));
    let mut items = Vec::new();
    loop {
        let found = fetch(cursor.take(), most).await?;
        let last = found.last().map(&place).filter(|_| found.len() == most as usize);
        for item in found.into_iter().filter(&own) {
            if items.len() == wanted {
                let next = items.last().map(&place);
                return Ok((items, next));
            }
            items.push(item);
        }
        match last {
            Some(last) => cursor = Some(last),
            None => return Ok((items, None)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

pub(super) async fn liveness() -> &'static str {
    "ok\n"
}

pub(super) async fn openapi() -> Json<serde_json::Value> {
    Json(document())
}

pub(super) async fn get_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = caller.job(&id)?;
    Ok(tagged(&Job::from(&app.host.jobs().get(&id).await?)))
}

fn tagged(job: &Job) -> Response {
    let mut response = Json(job).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", job.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Returns the expectation of `If-Match` and `If-None-Match`.
fn expectation(headers: &HeaderMap) -> Result<Expect, Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim().to_owned());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expect::Any),
        (None, Some(any)) if any == "*" => Ok(Expect::Absent),
        (Some(any), None) if any == "*" => Ok(Expect::Present),
        (Some(tag), None) => {
            let version = tag.trim_start_matches("W/").trim_matches('"').parse();
            version.map(Expect::Version).map_err(|_| {
                Problem::bad_request("If-Match must be an ETag that this API returned, such as \"3\"")
            })
        }
        _ => Err(Problem::bad_request("send `If-Match: ETAG`, `If-Match: *` or `If-None-Match: *`")),
    }
}

pub(super) async fn put_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let id = caller.job(&id)?;
    let source = text(&bytes)?;
    let parsed = checked(&app, &caller, source).await?;
    let warnings = warnings(&parsed);
    let job = Arc::new(EngineJob::from(parsed.job));
    if job.id != id {
        let detail = format!("the job in the body is `{}`, and the path says `{id}`", job.id);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let (expect, audit) = (expectation(&headers)?, caller.audit(&app.host, "job.put", &id));
    let stored = app.host.jobs().put_written(&job, Some(source), expect, audit).await?;
    Ok(tagged(&Job { warnings, ..Job::from(&stored) }))
}

pub(super) async fn delete_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let id = caller.job(&id)?;
    let expect = match expectation(&headers)? {
        Expect::Any => Expect::Present,
        other => other,
    };
    app.host.jobs().delete(&id, expect, caller.audit(&app.host, "job.delete", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn run_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let id = caller.job(&id)?;
    let request = read::<RunRequest>(&app, &bytes).await?;
    let job = app.host.jobs().get(&id).await?.job;
    let time = |text: &String| time(&app, "scheduled_time", text, &job.timezone);
    let due = request.value.scheduled_time.as_ref().map(time).transpose();
    if let Some(problem) = request.refused_variables(&wrong_variables(&job, &request.value.variables)) {
        return Err(problem);
    }
    let admission = Admission {
        variables: request.value.variables.clone(),
        due: due.map_err(|error| request.refused(error))?,
        priority: request.value.priority,
        trace: trace(&headers),
        ..Admission::default()
    };
    let idempotency = idempotency(&headers, &caller, &format!("job.run {id}"), &bytes)?;
    let audit = Audit { detail: id.clone(), ..caller.audit(&app.host, "job.run", "") };
    let admitted = app.host.runs().enqueue(&job, admission, idempotency, Some(audit)).await;
    Ok(accepted(&admitted.map_err(|error| request.refused(error))?))
}

/// Parses the time in the argument `name`.
pub(super) fn time(
    app: &App,
    name: &'static str,
    text: &str,
    timezone: &str,
) -> Result<stepwell::engine::clock::Timestamp, HostError> {
    app.host.schedules().time_in(text, timezone).map_err(|error| HostError::Argument(name, error.to_string()))
}

pub(super) async fn get_schedule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<Schedule> {
    let id = caller.job(&id)?;
    scheduled(&app, &id).await.map(Json)
}

/// Returns the schedule of a job.
async fn scheduled(app: &App, id: &str) -> Result<Schedule, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, format!("the job `{id}` has no schedule"));
    let stored = app.host.jobs().get(id).await?;
    let schedule = Job::from(&stored).schedule.ok_or_else(none)?;
    let problem = stored.schedule.as_ref().and_then(|row| app.host.schedules().problem(row));
    Ok(Schedule { problem, ..schedule })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewQuery {
    count: Option<usize>,
    from: Option<String>,
}

/// Handles `POST /api/v2/jobs/validate`.
pub(super) async fn validate_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Answer<CheckedJob> {
    let parsed = checked(&app, &caller, text(&bytes)?).await?;
    let groups = parsed.job.all_steps().filter(|step| step.group.is_some()).count();
    Ok(Json(CheckedJob {
        job_id: parsed.job.id.clone(),
        timezone: parsed.job.timezone.clone(),
        steps: parsed.job.all_steps().count() - groups,
        groups,
        warnings: warnings(&parsed),
    }))
}

/// Handles `POST /api/v2/jobs/preview`.
pub(super) async fn preview_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<PreviewQuery>,
    bytes: Bytes,
) -> Answer<PreviewAnswer> {
    fires(&app, &*parse(&app, &caller, &bytes).await?, &query)
}

pub(super) async fn preview(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(query): Params<PreviewQuery>,
) -> Answer<PreviewAnswer> {
    let id = caller.job(&id)?;
    fires(&app, &app.host.jobs().get(&id).await?.job, &query)
}

/// Returns the next fires of a job.
fn fires(app: &App, job: &EngineJob, query: &PreviewQuery) -> Answer<PreviewAnswer> {
    // These are parameters of the query, not values of a body.
    let wrong = |error: HostError| match error {
        HostError::Argument(..) => Problem::bad_request(error.to_string()),
        error => error.into(),
    };
    let from = query.from.as_ref().map(|text| time(app, "from", text, &job.timezone)).transpose();
    let from = from.map_err(wrong)?.unwrap_or_else(|| app.host.now());
    let fires = app.host.schedules().preview(job, from, query.count.unwrap_or(20)).map_err(wrong)?;
    let to = fires.last().map_or(from, |last| last.due_at);
    let transitions = app.host.schedules().transitions(job, from, to).into_iter();
    let transitions = transitions.map(|(at, seconds)| ClockChange { at, seconds }).collect();
    Ok(Json(PreviewAnswer { fires, transitions }))
}

/// Returns the actor and the reason as text.
fn by(caller: &Caller, reason: &str) -> String {
    if reason.is_empty() {
        format!("by {}", caller.name())
    } else {
        format!("by {}: {reason}", caller.name())
    }
}

pub(super) async fn pause_schedule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let id = caller.job(&id)?;
    let reason: Reason = body(&app, &bytes).await?;
    scheduled(&app, &id).await?;
    let audit = caller.audit(&app.host, "schedule.pause", &id);
    app.host.schedules().pause(&id, Some(by(&caller, &reason.reason)), audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn resume_schedule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = caller.job(&id)?;
    scheduled(&app, &id).await?;
    app.host.schedules().pause(&id, None, caller.audit(&app.host, "schedule.resume", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_queues(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Answer<Queues> {
    Ok(Json(Queues { items: queues(&app, &caller).await?, next_cursor: None }))
}

/// Returns all queues to callers who may see every project, and to others the queues with runs of their
/// project.
pub(super) async fn queues(app: &App, caller: &Caller) -> Result<Vec<QueueStatus>, HostError> {
    match caller.confined() {
        Some(project) => app.host.queues().status_of(project).await,
        None => app.host.queues().status().await,
    }
}

pub(super) async fn pause_queue(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let reason: Reason = body(&app, &bytes).await?;
    let audit = caller.audit(&app.host, "queue.pause", &id);
    app.host.queues().pause(&id, Some(by(&caller, &reason.reason)), audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn resume_queue(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.host.queues().pause(&id, None, caller.audit(&app.host, "queue.resume", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricsQuery {
    hours: Option<u32>,
}

pub(super) async fn metrics(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<MetricsQuery>,
) -> Answer<Metrics> {
    let hours = query.hours.unwrap_or(24);
    Ok(Json(match caller.bound() {
        Some(project) => app.host.system().metrics_of(project, hours).await?,
        None => app.host.system().metrics(hours).await?,
    }))
}

pub(super) async fn health(State(app): State<App>, Extension(caller): Extension<Caller>) -> Json<Health> {
    let health = app.host.system().health().await;
    Json(if caller.confined().is_some() { health.without_figures() } else { health })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanUpQuery {
    days: Option<u32>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    include_dead: bool,
}

pub(super) async fn clean_up(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<CleanUpQuery>,
) -> Answer<CleanedUp> {
    let CleanUpQuery { days, dry_run, include_dead } = query;
    let audit = caller.audit(&app.host, "system.clean_up", "runs");
    let options = CleanUpOptions { days, dry_run, include_dead };
    let done = app.host.system().clean_up(options, Some(audit)).await?;
    Ok(Json(CleanedUp { runs: done.runs, kept_dead: done.kept_dead, dry_run }))
}

//! Jobs, schedules, dead letters, queues, and what operates the service.

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Extension, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stepwell::engine::document::{Document, Schema};
use stepwell::engine::job::approval;
use stepwell::engine::run::Admission;
use stepwell::engine::schedule;
use stepwell::sandbox::MAX_COMPONENT_BYTES;
use stepwell::engine::StoreError;
use stepwell::engine::store::{Audit, DeadLetter, Expect, Kind, LedgerFilter, LedgerRow};
use stepwell::{Backfill, Health, HostError, Metrics, StoredJob};

use super::keys::{self, NewKey};
use super::problem::Problem;
use super::runs::edited;
use super::v2::{accepted, idempotency, parse, trace};
use super::views::{
    AuditLog, BackfillAnswer, BackfillRequest, Backfills, BulkAction, BulkAnswer, BulkRequest, CleanedUp,
    ClockChange, DeadLetters, Job, Jobs, Key, KeyRequest, Keys, Ledger, NewKeyAnswer, PreviewAnswer, Queues,
    Reason, RegisteredStep, RetryRequest, RunRequest, Schedule, Step, Steps,
};
use super::{App, Caller, openapi::document};

type Answer<T> = Result<Json<T>, Problem>;

/// Parameters of the query; what does not fit is a problem like any other.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(found)) => Ok(Self(found)),
            Err(error) => Err(Problem::bad_request(error.body_text())),
        }
    }
}

/// The body as JSON; nothing at all is an empty object. Every problem is told, with its place.
pub(super) fn body<T: DeserializeOwned + JsonSchema + 'static>(bytes: &Bytes) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    let malformed = |problems| Problem { status: 400, ..HostError::Invalid(problems).into() };
    let document = Document::parse("body", text).map_err(malformed)?;
    Ok(document.read(&Schema::of::<T>()).map_err(HostError::Invalid)?)
}

pub(super) fn limit(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(100) {
        limit @ 1..=1000 => Ok(limit),
        other => Err(Problem::bad_request(format!("limit: {other} is not between 1 and 1000"))),
    }
}

/// A page of what the caller may see, and the cursor of the next when this one is full. What is others' is passed over,
/// and says nothing, not even by a cursor.
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
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn liveness() -> &'static str {
    "ok\n"
}

pub(super) async fn openapi() -> Json<serde_json::Value> {
    Json(document())
}

pub(super) async fn list_jobs(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Page>,
) -> Answer<Jobs> {
    let fetch = |after: Option<String>, limit| {
        let host = app.host.clone();
        async move { host.jobs(&after.unwrap_or_default(), limit).await }
    };
    let own = |stored: &StoredJob| caller.covers(&stored.job.id);
    let (jobs, next_cursor) =
        page(limit(query.limit)?, query.cursor, fetch, own, |stored| stored.job.id.clone()).await?;
    Ok(Json(Jobs { items: jobs.iter().map(Job::from).collect(), next_cursor }))
}

pub(super) async fn get_job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = caller.job(&id)?;
    Ok(tagged(&Job::from(&app.host.job(&id).await?)))
}

fn tagged(job: &Job) -> Response {
    let mut response = Json(job).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", job.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What `If-Match` and `If-None-Match` ask for.
fn expectation(headers: &HeaderMap) -> Result<Expect, Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim().to_owned());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expect::Any),
        (None, Some(any)) if any == "*" => Ok(Expect::Absent),
        (Some(any), None) if any == "*" => Ok(Expect::Present),
        (Some(tag), None) => {
            let version = tag.trim_start_matches("W/").trim_matches('"').parse();
            version
                .map(Expect::Version)
                .map_err(|_| Problem::bad_request(format!("If-Match: `{tag}` is no ETag of ours")))
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
    let job = parse(&app, &caller, &bytes).await?;
    if job.id != id {
        let detail = format!("the job in the body is `{}`, and the path says `{id}`", job.id);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let stored = app.host.put_job(&job, expectation(&headers)?, caller.audit(&app, "job.put", &id)).await?;
    Ok(tagged(&Job::from(&stored)))
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
    app.host.delete_job(&id, expect, caller.audit(&app, "job.delete", &id)).await?;
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
    let request: RunRequest = body(&bytes)?;
    let job = app.host.job(&id).await?.job;
    let due = match &request.scheduled_time {
        Some(text) => Some(time(&app, text, &job.timezone)?),
        None => None,
    };
    let admission =
        Admission { variables: request.variables, due, priority: request.priority, trace: trace(&headers), ..Admission::default() };
    let idempotency = idempotency(&headers, &caller, &format!("job.run {id}"), &bytes)?;
    let audit = Audit { detail: id.clone(), ..caller.audit(&app, "job.run", "") };
    let admitted = app.host.enqueue(&job, admission, idempotency, Some(audit)).await?;
    Ok(accepted(&admitted.execution_id, admitted.replayed))
}

fn time(app: &App, text: &str, timezone: &str) -> Result<stepwell::engine::clock::Timestamp, Problem> {
    let wrong =
        |error: stepwell::HostError| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
    app.host.time_in(text, timezone).map_err(wrong)
}

pub(super) async fn get_schedule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<Schedule> {
    let id = caller.job(&id)?;
    let schedule = Job::from(&app.host.job(&id).await?).schedule;
    schedule
        .map(Json)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("the job `{id}` has no schedule")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewQuery {
    count: Option<usize>,
    from: Option<String>,
}

pub(super) async fn preview(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(query): Params<PreviewQuery>,
) -> Answer<PreviewAnswer> {
    let id = caller.job(&id)?;
    let job = app.host.job(&id).await?.job;
    let from = match &query.from {
        Some(text) => {
            app.host.time_in(text, &job.timezone).map_err(|error| Problem::bad_request(error.to_string()))?
        }
        None => app.host.now(),
    };
    let count = query.count.unwrap_or(20);
    if !(1..=1000).contains(&count) {
        return Err(Problem::bad_request(format!("count: {count} is not between 1 and 1000")));
    }
    let fires = app.host.preview(&job, from, count)?;
    let to = fires.last().map_or(from, |last| last.due_at);
    let transitions = app.host.transitions(&job, from, to).into_iter();
    let transitions = transitions.map(|(at, seconds)| ClockChange { at, seconds }).collect();
    Ok(Json(PreviewAnswer { fires, transitions }))
}

/// Who, and why.
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
    let reason: Reason = body(&bytes)?;
    let audit = caller.audit(&app, "schedule.pause", &id);
    app.host.pause_schedule(&id, Some(by(&caller, &reason.reason)), audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn resume_schedule(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = caller.job(&id)?;
    app.host.pause_schedule(&id, None, caller.audit(&app, "schedule.resume", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    job_id: Option<String>,
    decision: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn ledger(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<LedgerQuery>,
) -> Answer<Ledger> {
    let limit = limit(query.limit)?;
    let decision =
        match query.decision {
            Some(name) => {
                let found = schedule::Decision::ALL.into_iter().find(|decision| decision.name() == name);
                Some(found.ok_or_else(|| {
                    Problem::bad_request(format!("`{name}` is not a decision of the ledger"))
                })?)
            }
            None => None,
        };
    let instant = |text: Option<String>| {
        let read =
            |text: String| app.host.time_in(&text, "UTC").map_err(|e| Problem::bad_request(e.to_string()));
        text.map(read).transpose()
    };
    let after = match query.cursor {
        Some(cursor) => Some(place(&cursor).ok_or_else(|| Problem::bad_request("cursor: not one of ours"))?),
        None => None,
    };
    let filter = LedgerFilter {
        job_id: query.job_id.map(|id| caller.job(&id)).transpose()?,
        decision,
        from: instant(query.from)?,
        to: instant(query.to)?,
        ..LedgerFilter::default()
    };
    let fetch = |after, limit| {
        let (host, filter) = (app.host.clone(), LedgerFilter { after, limit, ..filter.clone() });
        async move { host.ledger(&filter).await }
    };
    let own = |row: &LedgerRow| caller.covers(&row.job_id);
    let place = |row: &LedgerRow| (row.due_at, row.job_id.clone(), row.nominal.clone());
    let (items, next) = page(limit, after, fetch, own, place).await?;
    let next_cursor = next.map(|(at, job, nominal)| format!("{}|{job}|{nominal}", at.timestamp_micros()));
    Ok(Json(Ledger { items, next_cursor }))
}

fn place(cursor: &str) -> Option<(stepwell::engine::clock::Timestamp, String, String)> {
    let mut parts = cursor.splitn(3, '|');
    let at = stepwell::engine::clock::Timestamp::from_timestamp_micros(parts.next()?.parse().ok()?)?;
    Some((at, parts.next()?.to_owned(), parts.next()?.to_owned()))
}

pub(super) async fn list_backfills(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Page>,
) -> Answer<Backfills> {
    let fetch = |after: Option<String>, limit| {
        let host = app.host.clone();
        async move { host.backfills(&after.unwrap_or_default(), limit).await }
    };
    let own = |backfill: &Backfill| caller.covers(&backfill.job_id);
    let (items, next_cursor) =
        page(limit(query.limit)?, query.cursor, fetch, own, |backfill| backfill.id.clone()).await?;
    Ok(Json(Backfills { items, next_cursor }))
}

pub(super) async fn start_backfill(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Answer<BackfillAnswer> {
    let mut request: BackfillRequest = body(&bytes)?;
    request.job_id = caller.job(&request.job_id)?;
    let timezone = app.host.job(&request.job_id).await?.job.timezone.clone();
    let (from, to) = (time(&app, &request.from, &timezone)?, time(&app, &request.to, &timezone)?);
    if request.dry_run {
        return Ok(Json(BackfillAnswer::Plan(app.host.plan_backfill(&request.job_id, from, to).await?)));
    }
    let audit = caller.audit(&app, "backfill.start", &request.job_id);
    let started = app.host.start_backfill(&request.job_id, from, to, request.priority, audit).await?;
    Ok(Json(BackfillAnswer::Started(started)))
}

pub(super) async fn get_backfill(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<Backfill> {
    let (backfill, _) = app.host.backfill(&id).await?;
    caller.sees(&backfill.job_id, StoreError::NoRecord(Kind::Backfill.name(), id))?;
    Ok(Json(backfill))
}

pub(super) async fn cancel_backfill(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<Backfill> {
    let (backfill, _) = app.host.backfill(&id).await?;
    caller.sees(&backfill.job_id, StoreError::NoRecord(Kind::Backfill.name(), id.clone()))?;
    Ok(Json(app.host.cancel_backfill(&id, caller.audit(&app, "backfill.cancel", &id)).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LettersQuery {
    state: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list_dead_letters(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<LettersQuery>,
) -> Answer<DeadLetters> {
    let limit = limit(query.limit)?;
    let state = query.state;
    if state.as_deref().is_some_and(|state| !["open", "redriven", "discarded"].contains(&state)) {
        return Err(Problem::bad_request("state: open, redriven or discarded"));
    }
    let fetch = |after: Option<String>, limit| {
        let (host, state) = (app.host.clone(), state.clone());
        async move { host.dead_letters(state.as_deref(), &after.unwrap_or_default(), limit).await }
    };
    let own = |letter: &DeadLetter| caller.covers(&letter.job_id);
    let (items, next_cursor) =
        page(limit, query.cursor, fetch, own, |letter| letter.execution_id.clone()).await?;
    Ok(Json(DeadLetters { items, next_cursor }))
}

/// A dead letter, when it is of the caller's project.
async fn letter(app: &App, caller: &Caller, id: &str) -> Result<DeadLetter, Problem> {
    let (letter, _) = app.host.dead_letter(id).await?;
    caller.sees(&letter.job_id, StoreError::NoRecord(Kind::DeadLetter.name(), id.to_owned()))?;
    Ok(letter)
}

pub(super) async fn get_dead_letter(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<DeadLetter> {
    letter(&app, &caller, &id).await.map(Json)
}

pub(super) async fn redrive(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let request: RetryRequest = body(&bytes)?;
    letter(&app, &caller, &id).await?;
    let job = edited(&app, &caller, request.job).await?;
    let audit = caller.audit(&app, "dead_letter.redrive", &id);
    let admitted = app.host.redrive(&id, request.from_start, job, audit).await?;
    Ok(accepted(&admitted.execution_id, false))
}

pub(super) async fn discard(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<DeadLetter> {
    let reason: Reason = body(&bytes)?;
    letter(&app, &caller, &id).await?;
    Ok(Json(app.host.discard(&id, &reason.reason, caller.audit(&app, "dead_letter.discard", &id)).await?))
}

pub(super) async fn bulk(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Answer<BulkAnswer> {
    let request: BulkRequest = body(&bytes)?;
    let ids = match request.ids {
        Some(ids) if ids.len() > 1000 => return Err(Problem::bad_request("ids: at most 1000 at once")),
        Some(ids) => ids,
        None => {
            let job = request.job_id.as_ref().map(|id| caller.job(id)).transpose()?;
            let fetch = |after: Option<String>, limit| {
                let host = app.host.clone();
                async move { host.dead_letters(Some("open"), &after.unwrap_or_default(), limit).await }
            };
            let own = |letter: &DeadLetter| {
                caller.covers(&letter.job_id) && job.as_ref().is_none_or(|job| *job == letter.job_id)
            };
            let (open, _) = page(1000, None, fetch, own, |letter| letter.execution_id.clone()).await?;
            open.into_iter().map(|letter| letter.execution_id).collect()
        }
    };
    let mut answer = BulkAnswer::default();
    for id in ids {
        let done = async {
            letter(&app, &caller, &id).await?;
            Ok::<_, Problem>(match request.action {
                BulkAction::Redrive => {
                    let audit = caller.audit(&app, "dead_letter.redrive", &id);
                    Some(app.host.redrive(&id, false, None, audit).await?.execution_id)
                }
                BulkAction::Discard => {
                    let audit = caller.audit(&app, "dead_letter.discard", &id);
                    app.host.discard(&id, &request.reason, audit).await?;
                    None
                }
            })
        };
        match done.await {
            Ok(run) => drop(answer.done.insert(id, run)),
            Err(problem) => drop(answer.failed.insert(id, problem.detail)),
        }
    }
    Ok(Json(answer))
}

pub(super) async fn list_queues(State(app): State<App>) -> Answer<Queues> {
    Ok(Json(Queues { items: app.host.queue_status().await?, next_cursor: None }))
}

pub(super) async fn pause_queue(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let reason: Reason = body(&bytes)?;
    let audit = caller.audit(&app, "queue.pause", &id);
    app.host.pause_queue(&id, Some(by(&caller, &reason.reason)), audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn resume_queue(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.host.pause_queue(&id, None, caller.audit(&app, "queue.resume", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_steps(State(app): State<App>) -> Json<Steps> {
    let sandbox = app.host.sandbox();
    let mut items: Vec<Step> = app
        .host
        .steps()
        .iter()
        .map(|manifest| Step {
            step_type: manifest.type_name.clone(),
            version: manifest.version.clone(),
            summary: manifest.summary.clone(),
            digest: sandbox.digest(&manifest.type_name),
            idempotent: manifest.idempotent,
            config_schema: manifest.config_schema.value().clone(),
        })
        .collect();
    items.push(Step {
        step_type: approval::TYPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "Waits until somebody has decided; the engine's own, since nothing runs".to_owned(),
        digest: None,
        idempotent: true,
        config_schema: approval::Approval::schema().into(),
    });
    items.sort_by(|a, b| a.step_type.cmp(&b.step_type));
    Json(Steps { items, next_cursor: None })
}

pub(super) async fn register_step(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<(StatusCode, Json<RegisteredStep>), Problem> {
    let wasm = to_bytes(request.into_body(), MAX_COMPONENT_BYTES).await.map_err(|_| {
        let detail = format!("a component has {MAX_COMPONENT_BYTES} bytes at most");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    let audit = caller.audit(&app, "step.register", "");
    let (step_type, digest) = app.host.register_for_all(wasm.to_vec(), audit).await?;
    Ok((StatusCode::CREATED, Json(RegisteredStep { step_type, digest })))
}

pub(super) async fn remove_step(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.host.unregister_for_all(&id, caller.audit(&app, "step.remove", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricsQuery {
    hours: Option<u32>,
}

pub(super) async fn prometheus(State(app): State<App>) -> Result<Response, Problem> {
    let text = app.host.prometheus().await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

pub(super) async fn metrics(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<MetricsQuery>,
) -> Answer<Metrics> {
    match query.hours.unwrap_or(24) {
        hours @ 1..=8760 => {
            Ok(Json(app.host.metrics_of(caller.project(), hours).await?))
        }
        other => Err(Problem::bad_request(format!("hours: {other} is not between 1 and 8760"))),
    }
}

pub(super) async fn health(State(app): State<App>) -> Json<Health> {
    Json(app.host.health().await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanUpQuery {
    days: Option<u32>,
}

pub(super) async fn clean_up(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<CleanUpQuery>,
) -> Answer<CleanedUp> {
    let audit = caller.audit(&app, "system.clean_up", "runs");
    app.host.store().write(vec![stepwell::engine::store::Change::Audit(audit)]).await?;
    Ok(Json(CleanedUp { runs: app.host.clean_up(query.days).await? }))
}

pub(super) async fn audit(State(app): State<App>, Params(page): Params<Page>) -> Answer<AuditLog> {
    let limit = limit(page.limit)?;
    let before = match page.cursor {
        Some(cursor) => Some(cursor.parse().map_err(|_| Problem::bad_request("cursor: not one of ours"))?),
        None => None,
    };
    let items = app.host.store().audit(before, limit).await?;
    let next_cursor =
        items.last().filter(|_| items.len() >= limit as usize).map(|row| row.seq.to_string());
    Ok(Json(AuditLog { items, next_cursor }))
}

pub(super) async fn list_keys(State(app): State<App>) -> Answer<Keys> {
    let items = keys::list(&app.host).await?.into_iter().map(Key::from).collect();
    Ok(Json(Keys { items, next_cursor: None }))
}

pub(super) async fn create_key(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<NewKeyAnswer>), Problem> {
    let KeyRequest { name, role, projects, jobs, expires_at } = body(&bytes)?;
    if !(1..=100).contains(&name.chars().count()) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "name: 1 to 100 characters"));
    }
    let (key, token) =
        keys::create(&app.host, NewKey { name, role, projects, jobs, expires_at }, caller.name()).await?;
    Ok((StatusCode::CREATED, Json(NewKeyAnswer { key: key.into(), token })))
}

pub(super) async fn revoke_key(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    keys::revoke(&app.host, &id, caller.name()).await?;
    app.forget_keys();
    Ok(StatusCode::NO_CONTENT)
}

//! Runs: looked at, followed, cancelled, retried, approved.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use stepwell::engine::job::approval;
use stepwell::engine::run::{Event as RunEvent, RunState, RunStatus, RunView};
use stepwell::engine::store::{LogRecord, RunFilter, RunRow};
use stepwell::engine::{Job, StoreError};
use stepwell::sandbox::tree;
use stepwell::{Decided, Explanation};

use super::body::{Sent, body, read};
use super::handlers::{Params, limit, page};
use super::problem::Problem;
use super::v2::accepted;
use super::views::{
    Approval, Approvals, Artifact, Artifacts, Decision, Reason, Receipts, RetryRequest, Run, Runs,
    StepReceipt,
};
use super::{App, Caller, cursor};
use crate::display::log_line;

/// Files and directories of a workspace that is listed.
const MOST_ARTIFACTS: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// The command calls it `job`.
    #[serde(alias = "job")]
    job_id: Option<String>,
    queue: Option<String>,
    status: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Runs>, Problem> {
    let status = match query.status {
        Some(name) => Some(RunStatus::of(&name).ok_or_else(|| {
            let known: Vec<&str> = RunStatus::ALL.iter().map(|status| status.name()).collect();
            Problem::bad_request(format!("`{name}` is not a status; there are {}", known.join(", ")))
        })?),
        None => None,
    };
    let before = cursor::read("runs", query.cursor.as_deref())?;
    let limit = limit(query.limit)?;
    let job_id = query.job_id.map(|id| caller.job(&id)).transpose()?;
    let filter = RunFilter { job_id, queue: query.queue, status, ..RunFilter::default() };
    let fetch = |before: Option<String>, limit| {
        let project = caller.bound().map(str::to_owned);
        let (host, filter) = (app.host.clone(), RunFilter { before, limit, project, ..filter.clone() });
        async move { host.runs(&filter).await }
    };
    let own = |row: &RunRow| caller.covers(&row.job_id);
    let (items, next) = page(limit, before, fetch, own, |row| row.execution_id.clone()).await?;
    let next_cursor = next.map(|id| cursor::write("runs", &id));
    Ok(Json(Runs { items: items.into_iter().map(Run::from).collect(), next_cursor }))
}

/// The run, when the caller's key is for its job.
pub(super) async fn state(app: &App, caller: &Caller, id: &str) -> Result<RunState, Problem> {
    let state = app.host.run(id).await?;
    caller.sees(&state.run.job.id, StoreError::NotFound(id.to_owned()))?;
    Ok(state)
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<RunView>, Problem> {
    Ok(Json(app.host.view(&state(&app, &caller, &id).await?).await?))
}

pub(super) async fn cancel(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<Run>), Problem> {
    let reason: Reason = body(&bytes)?;
    state(&app, &caller, &id).await?;
    let why = match reason.reason.as_str() {
        "" => format!("cancelled by {}", caller.name()),
        reason => format!("cancelled by {}: {reason}", caller.name()),
    };
    let row = app.host.cancel(&id, &why, caller.audit(&app, "run.cancel", &id)).await?;
    Ok((StatusCode::ACCEPTED, Json(row.into())))
}

pub(super) async fn retry(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let request = read::<RetryRequest>(&bytes)?;
    state(&app, &caller, &id).await?;
    let job = edited(&app, &caller, &request).await?;
    let audit = caller.audit(&app, "run.retry", &id);
    let admitted = app.host.retry(&id, request.value.from_start, job, audit).await?;
    Ok(accepted(&admitted))
}

/// An edited job, checked as any other.
pub(super) async fn edited(
    app: &App,
    caller: &Caller,
    request: &Sent<RetryRequest>,
) -> Result<Option<Arc<Job>>, Problem> {
    match &request.value.job {
        Some(_) => request.job(app, caller, "/job").await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn explain(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Explanation>, Problem> {
    state(&app, &caller, &id).await?;
    Ok(Json(app.host.explain(&id).await?))
}

pub(super) async fn receipts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Receipts>, Problem> {
    state(&app, &caller, &id).await?;
    let (run, events) = app.host.store().load(&id).await?;
    let receipt = |event| match event {
        RunEvent::StepEnded { step, attempt, end, .. } => Some(StepReceipt {
            step_id: run.job.step(step)?.id.clone(),
            attempt,
            outcome: end.outcome.clone(),
            receipt: end.receipt.clone(),
        }),
        _ => None,
    };
    Ok(Json(Receipts { items: events.into_iter().filter_map(receipt).collect(), next_cursor: None }))
}

pub(super) async fn logs(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state(&app, &caller, &id).await?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text(header::ACCEPT).contains("text/event-stream") {
        let after =
            headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        return Ok(follow(app, id, after).into_response());
    }
    let records = app.host.store().logs(&id, 0, u32::MAX).await?;
    if text(header::ACCEPT).contains("application/json") {
        return Ok(Json(serde_json::json!({"items": records, "next_cursor": null})).into_response());
    }
    let mut lines = String::new();
    for record in records {
        lines.push_str(&log_line(&record));
        lines.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response())
}

/// The log from line `after` on, as it grows; an event `end` with the status when the run has ended.
fn follow(app: App, id: String, after: u64) -> impl IntoResponse {
    struct Follow {
        app: App,
        id: String,
        after: u64,
        ended: bool,
    }
    let start = Follow { app, id, after, ended: false };
    let events = stream::unfold(start, async |mut at| {
        if at.ended {
            return None;
        }
        loop {
            // The status first: lines that came before the end are then there.
            let row = at.app.host.store().row(&at.id).await.ok()?;
            let records = at.app.host.store().logs(&at.id, at.after, 500).await.ok()?;
            if let Some(last) = records.last() {
                at.after = last.seq;
                let events: Vec<_> = records.iter().map(line_event).collect();
                return Some((stream::iter(events), at));
            }
            if row.status.is_terminal() {
                at.ended = true;
                let end = Event::default().event("end").data(row.status.name());
                return Some((stream::iter(vec![Ok::<_, Infallible>(end)]), at));
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    Sse::new(events.flatten()).keep_alive(KeepAlive::default())
}

fn line_event(record: &LogRecord) -> Result<Event, Infallible> {
    let data = serde_json::to_string(record).unwrap_or_default();
    Ok(Event::default().event("log").id(record.seq.to_string()).data(data))
}

pub(super) async fn artifacts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Artifacts>, Problem> {
    state(&app, &caller, &id).await?;
    let path = app.host.workspace(&id);
    let listed = tokio::task::spawn_blocking(move || tree::list(&path, MOST_ARTIFACTS)).await;
    let files = match listed.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let message = format!("the workspace of the run {id} cannot be listed: {error}");
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
    };
    let item =
        |file: tree::Found| Artifact { path: file.path.to_string_lossy().into_owned(), bytes: file.bytes };
    Ok(Json(Artifacts { items: files.into_iter().map(item).collect(), next_cursor: None }))
}

pub(super) async fn artifact(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, path)): Path<(String, String)>,
) -> Result<Response, Problem> {
    state(&app, &caller, &id).await?;
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("the run {id} has no file `{path}`"));
    let (dir, wanted) = (app.host.workspace(&id), path.clone());
    // cap-std opens nothing outside the directory, whatever the path says.
    let opened = tokio::task::spawn_blocking(move || {
        let file = Dir::open_ambient_dir(dir, ambient_authority())?.open(wanted)?;
        let found = file.metadata()?;
        Ok::<_, std::io::Error>(found.is_file().then(|| (file.into_std(), found.len())))
    });
    let (file, length) = opened.await.ok().and_then(Result::ok).flatten().ok_or_else(missing)?;
    let chunks = stream::unfold(Some(file), async |file| {
        let read = tokio::task::spawn_blocking(move || {
            use std::io::Read;
            let mut file = file?;
            let mut chunk = vec![0; 64 << 10];
            match file.read(&mut chunk) {
                Ok(0) => None,
                Ok(count) => {
                    chunk.truncate(count);
                    Some((Ok::<_, std::io::Error>(Bytes::from(chunk)), Some(file)))
                }
                Err(error) => Some((Err(error), None)),
            }
        });
        read.await.ok().flatten()
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        // A guest wrote it: a browser is not to show it as ours.
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

pub(super) async fn approvals(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Approvals>, Problem> {
    let mut items = Vec::new();
    for (state, step) in app.host.approvals(1000).await? {
        let job = &state.run.job;
        let Some((definition, found)) = job.step(step).zip(state.steps.get(step)) else { continue };
        if caller.covers(&job.id) {
            items.push(Approval {
                execution_id: state.run.execution_id.clone(),
                job_id: job.id.clone(),
                step_id: definition.id.clone(),
                message: found.reason.clone().unwrap_or_default(),
                approvers: approval::Approval::of(definition)
                    .map(|approval| approval.approvers)
                    .unwrap_or_default(),
                since: found.parked_since,
                until: found.not_before,
            });
        }
    }
    Ok(Json(Approvals { items, next_cursor: None }))
}

pub(super) async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, step)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<RunView>, Problem> {
    let Decision { approved, comment } = body(&bytes)?;
    state(&app, &caller, &id).await?;
    let decided = Decided { approved, by: caller.name().to_owned(), roles: caller.role().all(), comment };
    let action = if approved { "approval.approve" } else { "approval.reject" };
    let audit = caller.audit(&app, action, &id);
    let state = app.host.decide_approval(&id, &step, decided, audit).await?;
    Ok(Json(app.host.view(&state).await?))
}

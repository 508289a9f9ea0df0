//! Handlers for runs: show, follow, cancel, retry and approve.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use stepwell::engine::document::cut;
use stepwell::engine::job::approval;
use stepwell::engine::run::{RunState, RunStatus, RunView, StepKey};
use stepwell::engine::store::{RunFilter, RunRow};
use stepwell::engine::system::why;
use stepwell::engine::{Job, JobDefinition, StoreError};
use stepwell::sandbox::tree;
use stepwell::{Asking, Decided, Explanation, HostError, Retry, StepLimits, Timeline};

use super::answers::Line;
use super::body::{Sent, body, read};
use super::handlers::{Page, Params, limit, page};
use super::problem::Problem;
use super::v2::{accepted, idempotency};
use super::views::{
    Approval, ApprovalDetails, Approvals, Artifact, Artifacts, Decision, Reason, Receipts, RetryRequest, Run,
    Runs, StepReceipt,
};
use super::{App, Caller, WAITS, WAITS_PER_KEY, cursor};

/// The maximum number of files and directories in the list of a workspace.
const MOST_ARTIFACTS: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// The name of the parameter in the command.
    #[serde(alias = "job")]
    job_id: Option<String>,
    queue: Option<String>,
    status: Option<String>,
    #[serde(default)]
    oldest_first: bool,
    #[serde(default)]
    steps: bool,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The maximum number of runs in a list with their steps.
const MOST_STEPS: u32 = 50;

pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Runs>, Problem> {
    let status = match query.status {
        Some(name) => Some(RunStatus::of(&name).ok_or_else(|| {
            let known: Vec<&str> = RunStatus::ALL.iter().map(|status| status.name()).collect();
            let name = cut(&name, 40);
            Problem::bad_request(format!("`{name}` is not a status; the statuses are {}", known.join(", ")))
        })?),
        None => None,
    };
    let before = cursor::read("runs", query.cursor.as_deref())?;
    let limit = limit(query.limit).min(if query.steps { MOST_STEPS } else { u32::MAX });
    let job_id = query.job_id.map(|id| caller.job(&id)).transpose()?;
    let oldest_first = query.oldest_first;
    let filter = RunFilter { job_id, queue: query.queue, status, oldest_first, ..RunFilter::default() };
    let fetch = |before: Option<String>, limit| {
        let project = caller.bound().map(str::to_owned);
        let (host, filter) = (app.host.clone(), RunFilter { before, limit, project, ..filter.clone() });
        async move { host.runs().list(&filter).await }
    };
    let own = |row: &RunRow| caller.covers(&row.job_id);
    let (items, next) = page(limit, before, fetch, own, |row| row.execution_id.clone()).await?;
    let next_cursor = next.map(|id| cursor::write("runs", &id));
    let mut items: Vec<Run> = items.into_iter().map(Run::from).collect();
    for run in items.iter_mut().filter(|run| query.steps && run.row.status == RunStatus::Running) {
        run.step = app.host.runs().at(&run.row.execution_id).await?;
    }
    Ok(Json(Runs { items, next_cursor }))
}

/// Returns the id of the job of a run, if the caller may see the job. Reads only the row of the run, not its
/// events.
pub(super) async fn allowed(app: &App, caller: &Caller, id: &str) -> Result<String, Problem> {
    let row = app.host.runs().row(id).await?;
    caller.sees(&row.job_id, StoreError::NotFound(id.to_owned()))?;
    Ok(row.job_id)
}

/// Returns the state of a run, if the caller may see its job.
pub(super) async fn state(app: &App, caller: &Caller, id: &str) -> Result<RunState, Problem> {
    let state = app.host.runs().shown(id).await?;
    caller.sees(&state.run.job.id, StoreError::NotFound(id.to_owned()))?;
    Ok(state)
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(query): Params<GetQuery>,
    line: Option<Extension<Line>>,
) -> Result<Json<RunView>, Problem> {
    // The wait is no part of the turn: others read meanwhile.
    let _turn = match line {
        Some(Extension(line)) => {
            allowed(&app, &caller, &id).await?;
            wait_for_end(&app, &caller, &id, query.wait.unwrap_or_default()).await?;
            Some(line.turn().await?)
        }
        None => None,
    };
    let view = app.host.runs().view(&state(&app, &caller, &id).await?).await?;
    Ok(Json(if query.values.unwrap_or(true) { view } else { view.without_values() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GetQuery {
    values: Option<bool>,
    wait: Option<u32>,
}

/// Waits until a run has ended, for at most some seconds. When too many requests wait, it does not wait.
async fn wait_for_end(app: &App, caller: &Caller, id: &str, seconds: u32) -> Result<(), Problem> {
    let Ok(_place) = app.waits.open(&caller.who().id, WAITS_PER_KEY, WAITS) else { return Ok(()) };
    Ok(app.host.runs().ended(id, Duration::from_secs(seconds.into())).await?)
}

pub(super) async fn timeline(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Timeline>, Problem> {
    allowed(&app, &caller, &id).await?;
    Ok(Json(app.host.runs().timeline(&id).await?))
}

pub(super) async fn limits(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, step)): Path<(String, String)>,
) -> Result<Json<StepLimits>, Problem> {
    allowed(&app, &caller, &id).await?;
    let found = app.host.runs().limits(&id, &step).await?;
    let detail = || format!("policy grants the step `{step}` nothing, or it is a step of the engine");
    found.map(Json).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, detail()))
}

pub(super) async fn cancel(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<Run>), Problem> {
    let reason: Reason = body(&app, &bytes).await?;
    allowed(&app, &caller, &id).await?;
    let why = match reason.reason.as_str() {
        "" => format!("cancelled by {}", caller.name()),
        reason => format!("cancelled by {}: {reason}", caller.name()),
    };
    let row = app.host.runs().cancel(&id, &why, caller.audit(&app.host, "run.cancel", &id)).await?;
    Ok((StatusCode::ACCEPTED, Json(row.into())))
}

pub(super) async fn retry(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let request = read::<RetryRequest>(&app, &bytes).await?;
    allowed(&app, &caller, &id).await?;
    let idempotency = idempotency(&headers, &caller, &format!("run.retry {id}"), &bytes)?;
    let job = edited(&app, &caller, &request).await?;
    let audit = caller.audit(&app.host, "run.retry", &id);
    let retry = Retry { from_start: request.value.from_start, job, idempotency };
    let admitted = app.host.runs().retry(&id, retry, audit).await?;
    Ok(accepted(&admitted))
}

/// Parses and checks an edited job.
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

/// Shows the job of a run.
pub(super) async fn job(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<JobDefinition>, Problem> {
    allowed(&app, &caller, &id).await?;
    Ok(Json(app.host.runs().job(&id).await?.definition().clone()))
}

pub(super) async fn explain(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Explanation>, Problem> {
    allowed(&app, &caller, &id).await?;
    Ok(Json(app.host.runs().explain(&id).await?))
}

pub(super) async fn receipts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(query): Params<ReceiptsQuery>,
) -> Result<Json<Receipts>, Problem> {
    allowed(&app, &caller, &id).await?;
    let job = app.host.runs().job(&id).await?;
    let receipt = |(step, attempt, outcome, receipt): (StepKey, _, _, _)| StepReceipt {
        step_id: step.path(&job),
        attempt,
        outcome,
        receipt,
    };
    let all = app.host.runs().receipts(&id).await?.into_iter().map(receipt);
    let wanted = |receipt: &StepReceipt| query.step.as_ref().is_none_or(|step| *step == receipt.step_id);
    Ok(Json(Receipts { items: all.filter(wanted).collect(), next_cursor: None }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptsQuery {
    step: Option<String>,
}

pub(super) async fn artifacts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Artifacts>, Problem> {
    allowed(&app, &caller, &id).await?;
    let path = app.host.runs().workspace(&id);
    let listed = tokio::task::spawn_blocking(move || tree::list(&path, MOST_ARTIFACTS)).await;
    let files = match listed.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let message = format!("cannot list the workspace of the run {id}: {}", why(&error));
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
    allowed(&app, &caller, &id).await?;
    let missing = || {
        let detail =
            format!("the run {id} has no file `{path}`; `stepwell runs artifacts {id}` lists its files");
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    let (dir, wanted) = (app.host.runs().workspace(&id), path.clone());
    // cap-std opens nothing outside the directory, for any path.
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
        // A guest wrote the file: a browser must not render it as a page of the service.
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks.fuse())).into_response())
}

/// The maximum number of waiting runs that are read for one page of approvals.
const MAX_EXAMINED: u32 = 200;

pub(super) async fn approvals(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Page>,
) -> Result<Json<Approvals>, Problem> {
    let wanted = limit(query.limit) as usize;
    let before = cursor::read("approvals", query.cursor.as_deref())?;
    let (asking, mut next) = app.host.approvals().list(caller.bound(), before, MAX_EXAMINED).await?;
    let mut items: Vec<Approval> = Vec::new();
    for found in asking.into_iter().filter(|found| caller.covers(&found.state.run.job.id)) {
        if items.len() == wanted {
            next = items.last().map(|item| item.execution_id.clone());
            break;
        }
        items.extend(shown_approval(&found));
    }
    Ok(Json(Approvals { items, next_cursor: next.map(|id| cursor::write("approvals", &id)) }))
}

fn shown_approval(Asking { state, step }: &Asking) -> Option<Approval> {
    let job = &state.run.job;
    let (definition, found) = (state.definition(*step)?, state.steps.get(*step)?);
    let approval = approval::Approval::of(definition);
    Some(Approval {
        execution_id: state.run.execution_id.clone(),
        job_id: job.id.clone(),
        step_id: found.path.to_string(),
        message: found.reason.clone().unwrap_or_default(),
        separation: approval.as_ref().is_some_and(|approval| approval.separation),
        approvers: approval.map(|approval| approval.approvers).unwrap_or_default(),
        since: found.parked_since,
        until: found.not_before,
        digest: found.bound.as_ref().map(|bound| bound.digest()),
        job_digest: job.digest().to_owned(),
        steps: found.bound.as_ref().map(|bound| bound.steps.clone()).unwrap_or_default(),
    })
}

pub(super) async fn approval(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, step)): Path<(String, String)>,
) -> Result<Json<ApprovalDetails>, Problem> {
    allowed(&app, &caller, &id).await?;
    let asking = app.host.approvals().asking(&id, &step).await?;
    let missing = || HostError::NoStep(id.clone(), step.clone());
    let approval = shown_approval(&asking).ok_or_else(missing)?;
    Ok(Json(ApprovalDetails { approval, configurations: app.host.approvals().approved_steps(asking).await }))
}

pub(super) async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, step)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<RunView>, Problem> {
    let Decision { approved, comment, digest } = body(&app, &bytes).await?;
    allowed(&app, &caller, &id).await?;
    let stepwell::Identity { id: by, name, groups, .. } = caller.who().clone();
    let decided = Decided { approved, by, name, groups, roles: caller.role().all(), comment, digest };
    let action = if approved { "approval.approve" } else { "approval.reject" };
    let audit = caller.audit(&app.host, action, &id);
    let state = app.host.approvals().decide(&id, &step, decided, audit).await?;
    Ok(Json(app.host.runs().view(&state).await?))
}

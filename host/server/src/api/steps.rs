//! Handlers for step types: list, show, register, roll back and remove.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use stepwell::engine::job::{Catalog, approval, group, worker};
use stepwell::engine::reference::type_of;
use stepwell::engine::{Manifest, StoreError};
use stepwell::sandbox::MAX_COMPONENT_BYTES;
use stepwell::{Activated, HostError, Registration};

use super::body::body;
use super::handlers::{Answer, Page, Params, limit};
use super::problem::Problem;
use super::views::{RollbackRequest, Step, StepJob, StepJobs, Steps};
use super::{App, Caller, cursor, refuse};

pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Steps>, Problem> {
    let mut items = Vec::new();
    for manifest in app.host.steps().list().await? {
        items.push(shown(&app, &caller, &manifest, &manifest.type_name).await?);
    }
    for (step_type, summary, schema) in [
        (
            approval::TYPE,
            "Waits for an approval; part of the engine, since no component runs",
            approval::Approval::schema(),
        ),
        (
            worker::TYPE,
            "Calls a function of a worker outside of Stepwell; part of the engine",
            worker::WorkerStep::schema(),
        ),
        (group::TYPE, "Runs other steps at the same time; part of the engine", group::Group::schema()),
    ] {
        items.push(Step {
            step_type: step_type.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: summary.to_owned(),
            digest: None,
            idempotent: true,
            profile: None,
            limits: BTreeMap::new(),
            needs: Vec::new(),
            config_schema: schema.into(),
            versions: Vec::new(),
        });
    }
    items.sort_by(|a, b| a.step_type.cmp(&b.step_type));
    Ok(Json(Steps { items, next_cursor: None }))
}

async fn shown(app: &App, caller: &Caller, manifest: &Manifest, reference: &str) -> Result<Step, Problem> {
    let mut versions = app.host.steps().versions(type_of(reference)).await?;
    if caller.confined().is_some() {
        // The user may belong to another project.
        versions.iter_mut().for_each(|version| version.registered_by = None);
    }
    Ok(Step {
        step_type: manifest.type_name.clone(),
        version: manifest.version.clone(),
        summary: manifest.summary.clone(),
        digest: app.host.sandbox().digest(reference),
        idempotent: manifest.idempotent,
        profile: Some(manifest.profile.name()),
        limits: manifest.profile.limits().list().into_iter().collect(),
        needs: manifest.needs.clone(),
        config_schema: manifest.config_schema.value().clone(),
        versions,
    })
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Step>, Problem> {
    let missing = || HostError::from(StoreError::NoRecord("step", id.clone()));
    let versions = app.host.steps().versions(type_of(&id)).await?;
    let manifest =
        app.host.steps().catalog().manifest(&id).filter(|_| !versions.is_empty()).ok_or_else(missing)?;
    Ok(Json(shown(&app, &caller, &manifest, &id).await?))
}

/// The number of stored jobs per read, and the maximum number that one request reads.
const CHUNK: u32 = 200;
const MOST_READ: usize = 5_000;

/// Lists the stored jobs that use a step type. A page may have fewer items than its limit, and still a next one: one
/// request reads a bounded number of jobs.
pub(super) async fn jobs(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(query): Params<Page>,
) -> Answer<StepJobs> {
    let wanted = limit(query.limit) as usize;
    let mut after: String = cursor::read("step-jobs", query.cursor.as_deref())?.unwrap_or_default();
    let (mut items, mut read) = (Vec::new(), 0);
    let more = 'reads: loop {
        let found = app.host.jobs().list(&after, CHUNK).await?;
        if found.is_empty() {
            break false;
        }
        for stored in found {
            if items.len() == wanted || read >= MOST_READ {
                break 'reads true;
            }
            read += 1;
            after.clone_from(&stored.job.id);
            let uses = stored.job.all_steps().filter(|step| type_of(&step.step_type) == id);
            let steps: BTreeMap<_, _> = uses.map(|step| (step.id.clone(), step.step_type.clone())).collect();
            if !steps.is_empty() && caller.covers(&stored.job.id) {
                items.push(StepJob { job_id: stored.job.id.clone(), steps });
            }
        }
    };
    Ok(Json(StepJobs { items, next_cursor: more.then(|| cursor::write("step-jobs", &after)) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterQuery {
    #[serde(default)]
    replace: bool,
    #[serde(default)]
    force: bool,
}

pub(super) async fn register(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(RegisterQuery { replace, force }): Params<RegisterQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Activated>), Problem> {
    let wasm = refuse::whole(request.into_body(), MAX_COMPONENT_BYTES).await?;
    let audit = caller.audit(&app.host, "step.register", "");
    let how = Registration { replace, force };
    Ok((StatusCode::CREATED, Json(app.host.steps().register(wasm.into(), how, audit).await?)))
}

pub(super) async fn roll_back(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Activated>, Problem> {
    let RollbackRequest { version } = body(&app, &bytes).await?;
    let audit = caller.audit(&app.host, "step.rollback", &id);
    Ok(Json(app.host.steps().roll_back(&id, version.as_deref(), audit).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveQuery {
    #[serde(default)]
    force: bool,
}

pub(super) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(RemoveQuery { force }): Params<RemoveQuery>,
) -> Result<StatusCode, Problem> {
    app.host.steps().remove(&id, force, caller.audit(&app.host, "step.remove", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

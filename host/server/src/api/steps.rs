//! Handlers for step types: list, show, register, roll back and remove.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use stepwell::engine::job::{Catalog, approval, group};
use stepwell::engine::reference::type_of;
use stepwell::engine::{Manifest, StoreError};
use stepwell::sandbox::MAX_COMPONENT_BYTES;
use stepwell::{Activated, HostError, Registration};

use super::body::body;
use super::handlers::Params;
use super::problem::Problem;
use super::views::{RollbackRequest, Step, Steps};
use super::{App, Caller, refuse};

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
        (group::TYPE, "Runs other steps at the same time; part of the engine", group::Group::schema()),
    ] {
        items.push(Step {
            step_type: step_type.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: summary.to_owned(),
            digest: None,
            idempotent: true,
            profile: None,
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

//! API keys, and sessions of the web UI.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell::engine::clock::Timestamp;
use stepwell::{ApiKey, Holder, NewKey, Role, Session};

use super::body::read;
use super::handlers::Answer;
use super::problem::Problem;
use super::views::{Keys, Sessions};
use super::{App, Caller};

/// An API key, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Key {
    /// The id of the key.
    pub id: String,
    /// The name of the key's holder.
    pub name: String,
    /// The role of the holder.
    pub role: Role,
    /// The projects that the key covers; `*` stands for all projects, and for resources that belong to no
    /// project.
    pub projects: Vec<String>,
    /// Patterns of the job ids that the key covers; an empty list covers all jobs.
    pub jobs: Vec<String>,
    /// The time at which the key was created.
    pub created_at: Timestamp,
    /// The time at which the key expires; null if it does not expire.
    pub expires_at: Option<Timestamp>,
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, role, projects, jobs, created_at, expires_at, .. } = key;
        Self { id, name, role, projects, jobs, created_at, expires_at }
    }
}

/// A session of a person in the web UI.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionOf {
    /// The id of the session. It does not give access.
    pub id: String,
    /// The person: the holder of an API key, or a person of the OpenID provider.
    pub holder: Holder,
    /// The time of the login.
    pub created_at: Timestamp,
    /// The time of the last request that the person caused, to the minute.
    pub seen_at: Timestamp,
    /// The time at which the session ends at the latest. It ends earlier when it is not used for 12 hours.
    pub ends_at: Timestamp,
}

impl From<Session> for SessionOf {
    fn from(session: Session) -> Self {
        let Session { id, holder, created_at, seen_at, ends_at, .. } = session;
        Self { id, holder, created_at, seen_at, ends_at }
    }
}

fn default_projects() -> Vec<String> {
    vec![stepwell::engine::project::DEFAULT.to_owned()]
}

/// A request to create a key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// The name of the key's holder.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The role of the holder.
    pub role: Role,
    /// The projects that the key covers; `*` stands for all projects, and for resources that belong to no
    /// project. Default: `default`.
    #[serde(default = "default_projects")]
    #[schemars(length(max = 100), inner(length(max = 32)))]
    pub projects: Vec<String>,
    /// Patterns of the job ids that the key covers, with `*` as a wildcard. Default: all jobs.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(max = 100)))]
    pub jobs: Vec<String>,
    /// The time at which the key expires (RFC 3339). Default: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A new key. Only this response contains the token.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NewKeyAnswer {
    /// The key, without its secret.
    pub key: Key,
    /// The token to send in `Authorization`.
    pub token: String,
}

pub(super) async fn list(State(app): State<App>) -> Answer<Keys> {
    let items = app.host.access().list().await?.into_iter().map(Key::from).collect();
    Ok(Json(Keys { items, next_cursor: None }))
}

pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<NewKeyAnswer>), Problem> {
    let request = read::<KeyRequest>(&app, &bytes).await?;
    let KeyRequest { name, role, projects, jobs, expires_at } = request.value.clone();
    let new = NewKey { name, role, projects, jobs, expires_at };
    let made = app.host.access().create(new, &caller.by()).await;
    let (key, token) = made.map_err(|error| request.refused(error))?;
    app.forget_keys();
    Ok((StatusCode::CREATED, Json(NewKeyAnswer { key: key.into(), token })))
}

pub(super) async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.host.access().revoke(&id, &caller.by()).await?;
    app.forget_keys();
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn sessions(State(app): State<App>) -> Answer<Sessions> {
    let items = app.host.sessions().list().await?.into_iter().map(SessionOf::from).collect();
    Ok(Json(Sessions { items, next_cursor: None }))
}

pub(super) async fn end_session(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.host.sessions().end(&id, &caller.by()).await?;
    Ok(StatusCode::NO_CONTENT)
}

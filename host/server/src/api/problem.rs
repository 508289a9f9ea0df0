//! Errors as RFC 9457 problem details.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell::HostError;
use stepwell::engine::lock::LockError;
use stepwell::engine::{Diagnostic, StoreError};

/// A problem (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Problem {
    /// The kind of problem: a URI reference into the documentation.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The problem of this request, and its fix.
    pub detail: String,
    /// Problems of the input, each with its place. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Place>,
}

/// A problem of the input.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Place {
    /// The severity: `error`, or `warning` for a problem that does not stop the request.
    pub severity: Cow<'static, str>,
    /// The value, as a JSON pointer (RFC 6901) into the body; empty for the whole body.
    pub pointer: String,
    /// Line of the body, from 1; 0 when there is none.
    pub line: u64,
    /// Column, from 1; 0 when there is none.
    pub column: u64,
    /// The problem.
    pub message: String,
    /// The fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl From<&Diagnostic> for Place {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            severity: if diagnostic.warning { "warning" } else { "error" }.into(),
            pointer: diagnostic.pointer.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }
    }
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let kind = format!("/docs/api.md#{}", title.to_lowercase().replace(' ', "-"));
        Self { kind, title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        let detail = error.to_string();
        let status = match &error {
            HostError::Invalid(found) => {
                let errors: Vec<Place> = found.0.iter().map(Place::from).collect();
                let detail = match found.0.iter().filter(|diagnostic| !diagnostic.warning).count() {
                    1 => "the request body has 1 problem".to_owned(),
                    count => format!("the request body has {count} problems"),
                };
                return Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) };
            }
            HostError::Policy(_)
            | HostError::Admit(_)
            | HostError::Component(_)
            | HostError::Argument(..) => StatusCode::UNPROCESSABLE_ENTITY,
            HostError::Refused(_) => StatusCode::CONFLICT,
            HostError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            HostError::Forbidden(_) => StatusCode::FORBIDDEN,
            HostError::NoStep(..) => StatusCode::NOT_FOUND,
            HostError::Store(error) => match error {
                StoreError::NotFound(_) | StoreError::NoRecord(..) => StatusCode::NOT_FOUND,
                StoreError::Conflict(..) | StoreError::AlreadyThere(..) => StatusCode::PRECONDITION_FAILED,
                StoreError::KeyReused(_) => StatusCode::UNPROCESSABLE_ENTITY,
                StoreError::Exists(_)
                | StoreError::Replayed(_)
                | StoreError::Claimed(..)
                | StoreError::Stale(_) => StatusCode::CONFLICT,
                StoreError::QueueFull(..) | StoreError::Moved | StoreError::Unavailable(_) => {
                    StatusCode::SERVICE_UNAVAILABLE
                }
                StoreError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
            HostError::Lock(error) => status_of(error),
            HostError::File { .. } | HostError::Illegal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!("{detail}");
        }
        Self::new(status, detail)
    }
}

/// Returns the status of a refused command about locks.
fn status_of(error: &LockError) -> StatusCode {
    match error {
        LockError::InvalidName { .. }
        | LockError::Invalid { .. }
        | LockError::TicketUsed(_)
        | LockError::ZeroToken => StatusCode::UNPROCESSABLE_ENTITY,
        LockError::UnknownLock(_) | LockError::UnknownTicket(_) => StatusCode::NOT_FOUND,
        LockError::NotHolder { .. } | LockError::NotOwner { .. } => StatusCode::FORBIDDEN,
        LockError::WrongToken { .. }
        | LockError::TokenOfAnother { .. }
        | LockError::Expired { .. }
        | LockError::Released { .. }
        | LockError::Forced { .. }
        | LockError::AlreadyHeld { .. }
        | LockError::AlreadyWaiting { .. }
        | LockError::Limit { .. } => StatusCode::CONFLICT,
        LockError::Busy | LockError::Moved | LockError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        LockError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        HostError::from(error).into()
    }
}

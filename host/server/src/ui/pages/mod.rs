//! The pages.

mod job;
mod jobs;
mod overview;
mod runs;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::Ui;
use super::ask::Ask;
use crate::api::Problem;

/// Returns all pages of projects.
pub(super) fn router() -> Router<Ui> {
    Router::new()
        .route("/ui/p/{project}", get(overview::page))
        .route("/ui/p/{project}/runs", get(runs::list))
        .route("/ui/p/{project}/jobs", get(jobs::list))
        .route("/ui/p/{project}/jobs/new", get(job::editor::new))
        .route("/ui/p/{project}/editor/form", post(job::editor::change))
        .route("/ui/p/{project}/editor/preview", post(job::preview::panel))
        .route("/ui/p/{project}/editor/validate", post(job::editor::validate))
        .route("/ui/p/{project}/editor/save", post(job::editor::save))
        .route("/ui/p/{project}/editor/try", post(job::editor::try_out))
        .route("/ui/p/{project}/jobs/{id}", get(job::page))
        .route("/ui/p/{project}/jobs/{id}/edit", get(job::editor::edit))
        .route("/ui/p/{project}/jobs/{id}/run", post(job::run))
        .route("/ui/p/{project}/jobs/{id}/versions", get(job::versions::page))
}

/// Returns the page, or the page about the problem.
fn shown(ask: &Ask, page: Result<Response, Problem>) -> Response {
    page.unwrap_or_else(|problem| ask.problem(&problem).into_response())
}

//! The pages.

mod approvals;
mod overview;
mod run;
mod runs;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Ui;
use super::ask::Ask;
use crate::api::Problem;

/// Returns all pages of projects.
pub(super) fn router() -> Router<Ui> {
    Router::new()
        .route("/ui/p/{project}", get(overview::page))
        .route("/ui/p/{project}/runs", get(runs::list))
        .merge(run::routes())
        .route("/ui/p/{project}/approvals", get(approvals::list))
        .route("/ui/p/{project}/approvals/{run}/{step}", get(approvals::page))
}

/// Returns the page, or the page about the problem.
fn shown(ask: &Ask, page: Result<Response, Problem>) -> Response {
    page.unwrap_or_else(|problem| ask.problem(&problem).into_response())
}

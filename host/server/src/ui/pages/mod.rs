//! The pages.

mod backfills;
mod calendar;
mod ledger;
mod overview;
mod queues;
mod approvals;
mod run;
mod runs;
mod schedules;
mod welcome;

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
        .route("/ui/p/{project}/sample", post(welcome::run_sample))
        .route("/ui/p/{project}/queues", get(queues::page))
        .route("/ui/p/{project}/schedules", get(schedules::list))
        .route("/ui/p/{project}/schedules/calendar", get(calendar::page))
        .route("/ui/p/{project}/schedules/{job}", get(schedules::one))
        .route("/ui/p/{project}/ledger", get(ledger::page))
        .route("/ui/p/{project}/backfills", get(backfills::page))
        .route("/ui/p/{project}/runs", get(runs::list))
        .merge(run::routes())
        .route("/ui/p/{project}/approvals", get(approvals::list))
        .route("/ui/p/{project}/approvals/{run}/{step}", get(approvals::page))
}

/// Returns the page, or the page about the problem.
fn shown(ask: &Ask, page: Result<Response, Problem>) -> Response {
    page.unwrap_or_else(|problem| ask.problem(&problem).into_response())
}

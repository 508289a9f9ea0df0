//! The pages.

mod access;
mod approvals;
mod audit;
mod backfills;
mod calendar;
mod common;
mod connections;
mod dead_letters;
mod job;
mod jobs;
mod ledger;
mod overview;
mod policies;
mod queues;
mod run;
mod runs;
mod schedules;
mod schema;
mod steps;
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
        .route("/ui/p/{project}/calendar", get(calendar::page))
        .route("/ui/p/{project}/schedules/{job}", get(schedules::one))
        .route("/ui/p/{project}/ledger", get(ledger::page))
        .route("/ui/p/{project}/backfills", get(backfills::page))
        .route("/ui/p/{project}/runs", get(runs::list))
        .route("/ui/p/{project}/jobs", get(jobs::list))
        .route("/ui/p/{project}/editor", get(job::editor::new))
        .route("/ui/p/{project}/editor/form", post(job::editor::change))
        .route("/ui/p/{project}/editor/preview", post(job::preview::panel))
        .route("/ui/p/{project}/editor/validate", post(job::editor::validate))
        .route("/ui/p/{project}/editor/save", post(job::editor::save))
        .route("/ui/p/{project}/editor/try", post(job::editor::try_out))
        .route("/ui/p/{project}/jobs/{id}", get(job::page))
        .route("/ui/p/{project}/jobs/{id}/edit", get(job::editor::edit))
        .route("/ui/p/{project}/jobs/{id}/run", post(job::run))
        .route("/ui/p/{project}/jobs/{id}/versions", get(job::versions::page))
        .merge(run::routes())
        .route("/ui/p/{project}/approvals", get(approvals::list))
        .route("/ui/p/{project}/approvals/{run}/{step}", get(approvals::page))
        .route("/ui/p/{project}/dead-letters", get(dead_letters::list))
        .route("/ui/p/{project}/dead-letters/bulk", post(dead_letters::bulk))
        .route("/ui/p/{project}/dead-letters/{id}", get(dead_letters::show))
        .route("/ui/p/{project}/dead-letters/{id}/redrive", post(dead_letters::redrive))
        .route("/ui/p/{project}/steps", get(steps::list))
        .route("/ui/p/{project}/components", post(steps::register))
        .route("/ui/p/{project}/steps/{step}", get(steps::show))
        .route("/ui/p/{project}/steps/{step}/differences", get(steps::compare))
        .route("/ui/p/{project}/policies", get(policies::page))
        .route("/ui/p/{project}/policies/preview", post(policies::preview))
        .route("/ui/p/{project}/connections", get(connections::list))
        .route("/ui/p/{project}/connections/azure-devops", get(connections::organizations))
        .route("/ui/p/{project}/connections/azure-devops/{name}/test", post(connections::test_organization))
        .route("/ui/p/{project}/connections/{name}/test", post(connections::test))
        .route("/ui/p/{project}/audit", get(audit::list))
        .route("/ui/p/{project}/audit/verify", get(audit::verify))
        .route("/ui/p/{project}/access", get(access::page))
        .route("/ui/p/{project}/access/keys", post(access::create))
}

/// Returns the page, or the page about the problem.
fn shown(ask: &Ask, page: Result<Response, Problem>) -> Response {
    page.unwrap_or_else(|problem| ask.problem(&problem).into_response())
}

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
mod locks;
mod overview;
mod policies;
mod queues;
mod run;
mod runs;
mod schedules;
mod schema;
mod steps;
mod welcome;

use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::ask::Ask;
use super::route::{Route, routes};
use crate::api::Problem;

/// The pages of projects, besides those of a run.
const PAGES: &[Route] = routes! {
    get "/ui/p/{project}" overview::page;
    post "/ui/p/{project}/sample" welcome::run_sample;
    get "/ui/p/{project}/queues" queues::page;
    get "/ui/p/{project}/schedules" schedules::list;
    get "/ui/p/{project}/calendar" calendar::page;
    get "/ui/p/{project}/schedules/{job}" schedules::one;
    get "/ui/p/{project}/ledger" ledger::page;
    get "/ui/p/{project}/backfills" backfills::page;
    get "/ui/p/{project}/runs" runs::list;
    get "/ui/p/{project}/jobs" jobs::list;
    get "/ui/p/{project}/editor" job::editor::new;
    // When the form follows the text, htmx sends all of its fields.
    post "/ui/p/{project}/editor/form" job::editor::change,
        takes ["text", "from", "page", "edit", "at", "as", "value+", "type+", "name+"];
    post "/ui/p/{project}/editor/preview" job::preview::panel, takes ["text"];
    post "/ui/p/{project}/editor/validate" job::editor::validate;
    post "/ui/p/{project}/editor/save" job::editor::save, takes ["id", "version", "text"];
    post "/ui/p/{project}/editor/try" job::editor::try_out, takes ["id", "version", "text"];
    get "/ui/p/{project}/jobs/{id}" job::page;
    get "/ui/p/{project}/jobs/{id}/edit" job::editor::edit;
    post "/ui/p/{project}/jobs/{id}/run" job::run, takes ["var:*", "priority"];
    get "/ui/p/{project}/jobs/{id}/versions" job::versions::page;
    get "/ui/p/{project}/approvals" approvals::list;
    get "/ui/p/{project}/approvals/{run}/{step}" approvals::page;
    get "/ui/p/{project}/dead-letters" dead_letters::list;
    post "/ui/p/{project}/dead-letters/bulk" dead_letters::bulk,
        takes ["_next", "action", "cause", "ids+", "reason"];
    get "/ui/p/{project}/dead-letters/{id}" dead_letters::show;
    post "/ui/p/{project}/dead-letters/{id}/redrive" dead_letters::redrive, takes ["job", "from_start"];
    get "/ui/p/{project}/locks" locks::list;
    get "/ui/p/{project}/locks/{name}" locks::page;
    get "/ui/p/{project}/steps" steps::list;
    post "/ui/p/{project}/components" steps::register;
    get "/ui/p/{project}/steps/{step}" steps::show;
    get "/ui/p/{project}/steps/{step}/differences" steps::compare;
    get "/ui/p/{project}/policies" policies::page;
    post "/ui/p/{project}/policies/preview" policies::preview, takes ["job"];
    get "/ui/p/{project}/connections" connections::list;
    get "/ui/p/{project}/connections/azure-devops" connections::organizations;
    post "/ui/p/{project}/connections/azure-devops/{name}/test" connections::test_organization;
    post "/ui/p/{project}/connections/{name}/test" connections::test;
    get "/ui/p/{project}/audit" audit::list;
    get "/ui/p/{project}/audit/verify" audit::verify;
    get "/ui/p/{project}/access" access::page;
    post "/ui/p/{project}/access/keys" access::create,
        takes ["name", "role", "projects", "jobs", "expires_at"];
};

/// Returns all pages of projects.
pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    PAGES.iter().chain(run::PAGES)
}

/// Returns the page, or the page about the problem.
fn shown(ask: &Ask, page: Result<Response, Problem>) -> Response {
    page.unwrap_or_else(|problem| ask.problem(&problem).into_response())
}

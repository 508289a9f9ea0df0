//! The frame of every page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use stepwell::engine::document::cut;

use super::ROOT;
use super::ask::Ask;
use super::assets::{ICON, SCRIPTS, STYLE, THEME};
use super::flash::Flash;
use crate::api::{Operation, Problem};

/// The part of the navigation to which a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Queues,
    Jobs,
    Runs,
    Schedules,
    DeadLetters,
    Approvals,
    Locks,
    Steps,
    Policies,
    Connections,
    Audit,
    Access,
    /// A page outside of the navigation.
    None,
}

impl Section {
    /// The navigation: a section, its name, its address below the project, its key, and the operation that its page
    /// needs.
    const ALL: [(Self, &'static str, &'static str, &'static str, Operation); 13] = [
        (Self::Overview, "Overview", "", "g o", Operation::getMetrics),
        (Self::Queues, "Queues", "queues", "g q", Operation::listQueues),
        (Self::Jobs, "Jobs", "jobs", "g j", Operation::listJobs),
        (Self::Runs, "Runs", "runs", "g r", Operation::listRuns),
        (Self::Schedules, "Schedules", "schedules", "g s", Operation::listLedger),
        (Self::DeadLetters, "Dead letters", "dead-letters", "g d", Operation::listDeadLetters),
        (Self::Approvals, "Approvals", "approvals", "g a", Operation::listApprovals),
        (Self::Locks, "Locks", "locks", "g l", Operation::listLocks),
        (Self::Steps, "Steps", "steps", "g t", Operation::listSteps),
        (Self::Policies, "Policies", "policies", "g p", Operation::listSteps),
        (Self::Connections, "Connections", "connections", "g c", Operation::listSteps),
        (Self::Audit, "Audit", "audit", "g u", Operation::listAudit),
        (Self::Access, "Access", "access", "g k", Operation::listKeys),
    ];
}

/// Returns a page of a project.
pub(super) fn page(
    ask: &Ask,
    section: Section,
    title: &str,
    flash: Option<&Flash>,
    content: Markup,
) -> Response {
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        header.top {
            a.product href=(ask.path(&[])) { img src=(ICON.address()) alt="" width="22" height="22"; " Stepwell" }
            details.menu.narrow {
                summary { "Menu" }
                nav aria-label="Main, in a menu" { (navigation(ask, section, false)) }
            }
            (projects(ask))
            div.top-end { (person(ask)) }
        }
        div.shell {
            nav.side aria-label="Main" { (navigation(ask, section, true)) }
            main #main tabindex="-1" {
                @if let Some(flash) = flash {
                    div.alert data-flash data-kind=(if flash.is_problem { "error" } else { "success" })
                        role=(if flash.is_problem { "alert" } else { "status" }) { (super::show::text(&flash.text)) }
                }
                (content)
            }
        }
    };
    whole(title, StatusCode::OK, Some(&ask.csrf), &body)
}

fn navigation(ask: &Ask, section: Section, has_keys: bool) -> Markup {
    let address = |path: &str| if path.is_empty() { ask.path(&[]) } else { ask.path(&[path]) };
    html! {
        ul {
            @for (own, name, path, key, needs) in &Section::ALL {
                @if ask.may(needs) {
                    li {
                        a href=(address(path)) data-key=[has_keys.then_some(key)] aria-current=[(*own == section).then_some("page")] {
                            (name)
                        }
                    }
                }
            }
        }
    }
}

fn projects(ask: &Ask) -> Markup {
    let all = ask.projects();
    html! {
        @if all.len() > 1 {
            details.menu {
                summary { "Project: " (ask.project) }
                div.menu-panel {
                    ul {
                        @for (name, role) in &all {
                            li {
                                a href={ (ROOT) "/p/" (name) } aria-current=[(*name == ask.project).then_some("true")] {
                                    (name) " (" (role.name()) ")"
                                }
                            }
                        }
                    }
                }
            }
        } @else {
            span.project { (ask.project) }
        }
    }
}

fn person(ask: &Ask) -> Markup {
    html! {
        details.menu {
            summary { (ask.visitor.who.name) }
            div.menu-panel {
                p { "Role: " (ask.role().name()) }
                button.button.small type="button" data-theme-toggle { "Theme" }
                button.button.small type="button" data-keys-help { "Keyboard shortcuts" }
                form method="post" action={ (ROOT) "/logout" } {
                    input type="hidden" name="csrf" value=(ask.csrf);
                    button.button.small type="submit" { "Log out" }
                }
            }
        }
    }
}

/// Returns a page without navigation.
pub(super) fn bare(title: &str, status: StatusCode, content: Markup) -> Response {
    let body = html! {
        main.bare #main tabindex="-1" { (content) }
    };
    whole(title, status, None, &body)
}

/// The maximum number of characters of a problem: a client chooses a part of them.
const DETAIL: usize = 1_000;

/// Returns the page about a problem.
pub(super) fn problem(problem: &Problem, ask: Option<&Ask>) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content = html! {
        h1 { (problem.title) }
        div.alert data-kind="error" role="alert" { p { (super::show::text(&cut(&problem.detail, DETAIL))) } }
        @if !problem.errors.is_empty() {
            ul {
                @for place in &problem.errors {
                    li { (super::show::text(&place.message)) @if let Some(help) = &place.help { " (" (super::show::text(help)) ")" } }
                }
            }
        }
        p { a href=(ROOT) { "Back to the overview" } }
    };
    let mut response = match ask {
        Some(ask) => page(ask, Section::None, &problem.title, None, content),
        None => bare(&problem.title, status, content),
    };
    *response.status_mut() = status;
    // A script gets it as JSON.
    response.extensions_mut().insert(problem.clone());
    response
}

fn whole(title: &str, status: StatusCode, csrf: Option<&str>, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(csrf) = csrf { meta name="csrf-token" content=(csrf); }
                title { (super::show::text(title)) " · Stepwell" }
                link rel="icon" href=(ICON.address()) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.address());
                script src=(THEME.address()) {}
                script src=(SCRIPTS.address()) defer {}
            }
            body { (body) }
        }
    };
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, html)], page.into_string()).into_response()
}

//! The approvals that runs wait for.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::common;
use super::shown;
use crate::api::{Call, Operation};
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::value::Parts;
use crate::ui::{show, values};

/// The place in the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Place {
    cursor: Option<String>,
}

/// Lists the approvals that runs wait for.
pub(in crate::ui) async fn list(Asked(ask, place): Asked<Place>) -> Response {
    let page = async {
        let call =
            Call::to(&Operation::listApprovals, &[]).query("limit", Some(50)).query("cursor", place.cursor);
        let approvals = ask.value(call).await?;
        let here = ask.path(&["approvals"]);
        Ok(ask.page(Section::Approvals, "Approvals", html! {
            div.page-header {
                div.page-title { h1 { "Approvals" } }
                p { "Steps that wait for a decision. A step that is not approved in time fails." }
            }
            section #live aria-label="Approvals" hx-get="" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
                @if approvals.list("items").is_empty() {
                    (show::empty("No approvals", html! { p { "No run waits for an approval. A step of the type " code { "approval" } " asks for one." } }))
                } @else {
                    (table(&ask, approvals.list("items")))
                }
                (show::next_page(&approvals, &here))
            }
        }))
    };
    shown(&ask, page.await)
}

fn table(ask: &Ask, approvals: &[Value]) -> Markup {
    html! {
        (common::table("Approvals", html! {
            thead {
                tr {
                    th scope="col" { "Request" } th scope="col" { "Job" } th scope="col" { "Step" }
                    th scope="col" { "Approvers" } th scope="col" { "Since" } th scope="col" { "Until" }
                }
            }
            tbody {
                @for approval in approvals {
                    @let (run, step) = (approval.text("execution_id"), approval.text("step_id"));
                    tr {
                        th scope="row" { a href=(ask.path(&["approvals", run, step])) { (show::text(asked(approval))) } }
                        td { (show::text(approval.text("job_id"))) }
                        td { a href=(ask.path(&["runs", run])) { code { (show::text(step)) } } }
                        td { (approvers(approval)) }
                        td { (show::time(approval.text("since"))) }
                        td { (show::time(approval.text("until"))) }
                    }
                }
            }
        }))
    }
}

fn asked(approval: &Value) -> &str {
    match approval.text("message") {
        "" => "Approve the step",
        message => message,
    }
}

fn approvers(approval: &Value) -> String {
    let names: Vec<&str> = approval.list("approvers").iter().filter_map(Value::as_str).take(20).collect();
    show::text(&names.join(", "))
}

/// Shows an approval, and the forms for the decision.
pub(in crate::ui) async fn page(ask: Ask, Path((_, run, step)): Path<(String, String, String)>) -> Response {
    let page = async {
        let approval = ask.get(&Operation::getApproval, &[&run, &step]).await?;
        let title = format!("Approval of {step}");
        Ok(ask.page(
            Section::Approvals,
            &title,
            html! {
                div.page-header {
                    nav.crumbs aria-label="Breadcrumb" {
                        ol {
                            li { a href=(ask.path(&["approvals"])) { "Approvals" } }
                            li { a href=(ask.path(&["runs", &run])) { (run) } }
                            li aria-current="page" { (show::text(&step)) }
                        }
                    }
                    div.page-title { h1 { "Approval of " (show::text(&step)) } (show::status("parked")) }
                    div.page-actions { button.button.plain type="button" data-copy { "Copy link" } }
                }
                section.card aria-labelledby="request" {
                    h2 #request { "Request" }
                    pre.code.wrap tabindex="0" { (show::text(asked(&approval))) }
                    (facts(&ask, &approval))
                }
                (decision(&ask, &approval))
                (configurations(&approval))
            },
        ))
    };
    shown(&ask, page.await)
}

fn facts(ask: &Ask, approval: &Value) -> Markup {
    let run = approval.text("execution_id");
    html! {
        dl.facts {
            dt { "Run" } dd { a href=(ask.path(&["runs", run])) { code { (run) } } }
            dt { "Job" } dd { a href=(ask.path(&["jobs", approval.text("job_id")])) { (show::text(approval.text("job_id"))) } }
            dt { "Step" } dd { code { (show::text(approval.text("step_id"))) } }
            dt { "Approvers" } dd { (approvers(approval)) }
            @if approval.is("separation") {
                dt { "Separation" } dd { "The person who started the run or edited its job may not decide." }
            }
            dt { "Since" } dd { (show::time(approval.text("since"))) }
            dt { "Until" } dd { (show::time(approval.text("until"))) }
            dt { "Digest of the job" } dd { code { (approval.text("job_digest")) } }
            dt { "Digest of the request" } dd {
                @if approval.has("digest") { code { (approval.text("digest")) } } @else { "none: the run began with an earlier version" }
            }
        }
    }
}

/// Shows a form for each decision. Both name the digest of this page, so that a request that has changed since is
/// refused.
fn decision(ask: &Ask, approval: &Value) -> Markup {
    let (run, step) = (approval.text("execution_id"), approval.text("step_id"));
    let parameters = [run, step];
    let form = |label, done, approved: &str, question: Option<&str>| {
        let comment = html! {
            div.field {
                label for={ "comment-" (approved) } { "Comment" }
                input id={ "comment-" (approved) } name="comment" maxlength="1000" autocomplete="off";
            }
        };
        let button = Button::new(&Operation::decideApproval, &parameters, label, ask.path(&["runs", run]));
        let button = button
            .done(done)
            .field("approved:json", approved)
            .field("digest", approval.text("digest"))
            .with(comment);
        match question {
            Some(question) => button.danger(question).show(ask),
            None => button.primary().show(ask),
        }
    };
    html! {
        @if ask.may(&Operation::decideApproval) {
            section.card aria-labelledby="decision" {
                h2 #decision { "Decision" }
                p.muted { "The decision covers the content of this page. If the request has changed since, the service refuses it." }
                div.columns {
                    (form("Approve", "The step is approved.", "true", None))
                    (form("Reject", "The step is rejected.", "false", Some("Reject the step? Its run continues as the job says, and usually fails.")))
                }
            }
        }
    }
}

fn configurations(approval: &Value) -> Markup {
    let covered = approval.list("configurations");
    html! {
        section.card aria-labelledby="covered" {
            h2 #covered { "Covered configurations" }
            p.muted { "A step runs only if its configuration is the approved one when its turn comes. Secrets are hidden." }
            @if covered.is_empty() { p { "No configuration of a later step is known yet." } }
            @for step in covered {
                details.attempt open[covered.len() <= 3] {
                    summary {
                        code { (show::text(step.text("step_id"))) } " " span.tag { (show::text(step.text("step_type"))) }
                    }
                    dl.facts { dt { "Digest" } dd { code { (step.text("digest")) } } }
                    @if step.has("configuration") {
                        (values::value(step.at("configuration"), "Configuration"))
                        @if step.is("shortened") { p.muted { "The configuration is long, and shortened here." } }
                    } @else {
                        div.alert data-kind="warning" { p { "The present configuration has another digest, so an approval is refused." } }
                    }
                }
            }
        }
    }
}

//! The effects of a job that is not stored: its graph, its fires, and the decisions of policy.

use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;
use stepwell::engine::document::Document;

use super::editor::MOST_TEXT;
use crate::api::{Call, Operation, Problem};
use crate::ui::actions::said;
use crate::ui::ask::Ask;
use crate::ui::guard::Fields;
use crate::ui::pages::common;
use crate::ui::value::Parts;
use crate::ui::{graph, show};

/// The number of fires.
const FIRES: u32 = 20;
/// The maximum number of steps whose decisions of policy are shown.
const STEPS: usize = 50;

/// Shows the effects of the text in the editor.
pub(in crate::ui) async fn panel(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    if !ask.may(&Operation::previewJob) {
        let detail = "the preview of a job needs the role operator";
        return ask.problem(&Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let _turn = ask.turn().await;
    let text = fields.get("text");
    if text.len() > MOST_TEXT {
        let long = html! { p.muted { "The text is too long for a preview of each change. The check of the editor continues." } };
        return Html(long.into_string()).into_response();
    }
    let Ok(job) = Document::parse("job", text).map(|document| document.value) else {
        let unread = html! { p.muted { "The text cannot be read. The editor marks the place." } };
        return Html(unread.into_string()).into_response();
    };
    let fires = match job.has("schedule") {
        true => {
            let call = Call::to(&Operation::previewJob, &[]).query("count", Some(FIRES));
            Some(ask.value(call.header("content-type", "application/yaml").body(text)).await)
        }
        false => None,
    };
    let policy = policy(&ask, text).await;
    let panel = html! {
        section.card aria-labelledby="graph-title" {
            h2 #graph-title { "Graph" }
            @if job.list("steps").is_empty() { p.muted { "There are no steps yet." } }
            (graph::drawn(&job, &|_| None, &|_| None))
        }
        section.card aria-labelledby="fires-title" {
            h2 #fires-title { "Next fires" }
            @match fires {
                None => { p.muted { "The job has no schedule." } }
                Some(Ok(answer)) => { (self::fires(&answer)) }
                Some(Err(problem)) => { p.muted { "The fires are known when the job has no problems: " (show::text(&said(&problem))) } }
            }
        }
        @if let Some(policy) = policy { (policy) }
    };
    Html(panel.into_string()).into_response()
}

/// Shows the next fires, and the clock changes that affect them.
pub(super) fn fires(answer: &Value) -> Markup {
    let fires = answer.list("fires");
    html! {
        @if fires.is_empty() {
            p.muted { "No fire follows." }
        } @else {
            (common::table("Next fires", html! {
                thead { tr { th scope="col" { "Local time" } th scope="col" { "Due" } th scope="col" { "Note" } } }
                tbody {
                    @for fire in fires {
                        tr {
                            th.nowrap scope="row" { (fire.text("nominal").replace('T', " ")) }
                            td.nowrap { (show::time(fire.text("due_at"))) }
                            td {
                                @if fire.text("decision") != "admitted" { span.tag { (fire.text("decision")) } " " }
                                (show::text(fire.text("note")))
                            }
                        }
                    }
                }
            }))
        }
        @for change in answer.list("transitions") {
            @let seconds = change.at("seconds").as_i64().unwrap_or_default();
            p { "Clocks go " (if seconds < 0 { "back" } else { "forward" }) " by " (show::seconds(&seconds.unsigned_abs().into())) ": " (show::time(change.text("at"))) }
        }
    }
}

/// Shows the decisions of policy about each step, if the job has no problems.
async fn policy(ask: &Ask, text: &str) -> Option<Markup> {
    let call = Call::to(&Operation::previewPolicy, &[]).header("content-type", "application/yaml").body(text);
    let answer = ask.value(call).await.ok()?;
    Some(html! {
        section.card aria-labelledby="policy-title" {
            h2 #policy-title { "Policy" }
            ul.plain { @for step in answer.list("items").iter().take(STEPS) { li { (decision(step)) } } }
            @let more = answer.list("items").len().saturating_sub(STEPS);
            @if more > 0 { p.muted { "The decisions about " (more) " more steps are on the page of policies of the stored job." } }
        }
    })
}

fn decision(step: &Value) -> Markup {
    let denied = step.at("grant.denied");
    let missing = std::iter::once(denied).filter(|denied| !denied.is_null()).chain(step.list("missing"));
    let missing: Vec<&Value> = missing.collect();
    let parts = step.list("grant.parts");
    html! {
        details id={ "policy-" (step.text("step_id")) } open[!missing.is_empty()] {
            summary {
                strong { (show::text(step.text("step_id"))) } " "
                @if missing.is_empty() { span.status data-status="success" { "Granted" } } @else { span.status data-status="failed" { "Denied" } }
            }
            @for denial in missing {
                div.alert data-kind="error" {
                    p { (show::text(denial.text("message"))) " (rule " code { (show::text(denial.text("rule"))) } ")" }
                    @if !denial.text("help").is_empty() { p { (show::text(denial.text("help"))) } }
                }
            }
            @if !parts.is_empty() {
                dl.facts { @for part in parts { dt { (show::text(part.text("part"))) } dd { (show::text(part.text("value"))) " " span.muted { (show::text(part.text("from"))) } } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn decisions_and_fires_are_shown() {
        let html = decision(&json!({"step_id": "a", "grant": {"denied": {"rule": "sql.x", "message": "no <b>", "help": "add it"}}})).into_string();
        assert!(
            html.contains("Denied") && html.contains("no &lt;b&gt;") && html.contains("add it"),
            "{html}"
        );
        let html = decision(&json!({"step_id": "a", "grant": {"parts": [{"part": "memory", "value": "1MiB", "from": "tiny"}]}})).into_string();
        assert!(html.contains("Granted") && html.contains("1MiB"), "{html}");
        let answer = json!({"fires": [{"nominal": "2026-03-29T02:30:00+01:00", "due_at": "2026-03-29T01:00:00Z", "decision": "gap", "note": "skipped"}],
            "transitions": [{"at": "2026-03-29T01:00:00Z", "seconds": 3600}]});
        let html = fires(&answer).into_string();
        assert!(
            html.contains("2026-03-29 02:30:00+01:00")
                && html.contains("gap")
                && html.contains("Clocks go forward by 1 h"),
            "{html}"
        );
    }
}

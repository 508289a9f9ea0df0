//! The effects of a job that is not stored: its graph, its fires, and the decisions of policy.

use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;
use stepwell::engine::document::Document;

use super::editor::MOST_TEXT;
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::guard::Fields;
use crate::ui::pages::schedules;
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
    let job = Document::parse("job", text).map(|document| document.value).ok();
    let parts = match &job {
        Some(job) => [Some(graph_of(job)), fires_of(&ask, job, text).await, policy(&ask, text).await],
        None => [None, None, None],
    };
    let is_old = parts.iter().any(Option::is_none);
    let [graph, fires, policy] = parts;
    let panel = html! {
        @if is_old {
            div.alert data-kind="warning" {
                p { "The text has problems, which the editor marks. Parts with the note “as before” are those of the last text without problems." }
            }
        }
        (part("graph", "Graph", graph))
        (part("fires", "Next fires", fires))
        (part("policy", "Policy", policy))
    };
    Html(panel.into_string()).into_response()
}

/// Shows a part of the preview. A part that the text does not have stays as it is in the page.
fn part(name: &str, title: &str, content: Option<Markup>) -> Markup {
    let heading = format!("{name}-title");
    html! {
        @match content {
            Some(content) => {
                section.card id={ "preview-" (name) } aria-labelledby=(heading) { h2 id=(heading) { (title) } (content) }
            }
            None => {
                div.stack {
                    p.muted { (title) ": as before." }
                    section.card id={ "preview-" (name) } aria-labelledby=(heading) hx-preserve="true" {
                        h2 id=(heading) { (title) }
                        p.muted { "No text before was without problems." }
                    }
                }
            }
        }
    }
}

fn graph_of(job: &Value) -> Markup {
    html! {
        @if job.list("steps").is_empty() { p.muted { "There are no steps yet." } }
        (graph::drawn(job, &|_| None, &|_| None))
    }
}

/// Shows the next fires of a job, unless the job has problems.
async fn fires_of(ask: &Ask, job: &Value, text: &str) -> Option<Markup> {
    if !job.has("schedule") {
        return Some(html! { p.muted { "The job has no schedule." } });
    }
    let call = Call::to(&Operation::previewJob, &[]).query("count", Some(FIRES));
    let answer = ask.value(call.header("content-type", "application/yaml").body(text)).await.ok()?;
    let zone = job.text("timezone");
    Some(schedules::fires(&answer, if zone.is_empty() { "UTC" } else { zone }))
}

/// Shows the decisions of policy about each step, if the job has no problems.
async fn policy(ask: &Ask, text: &str) -> Option<Markup> {
    let call = Call::to(&Operation::previewPolicy, &[]).header("content-type", "application/yaml").body(text);
    let answer = ask.value(call).await.ok()?;
    Some(html! {
        ul.plain { @for step in answer.list("items").iter().take(STEPS) { li { (decision(step)) } } }
        @let more = answer.list("items").len().saturating_sub(STEPS);
        @if more > 0 { p.muted { "The page of policies of the stored job shows the decisions about " (show::counted(more, "more step")) "." } }
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
    fn decisions_are_shown_and_stay_while_a_text_has_problems() {
        let html = decision(&json!({"step_id": "a", "grant": {"denied": {"rule": "sql.x", "message": "no <b>", "help": "add it"}}})).into_string();
        assert!(
            html.contains("Denied") && html.contains("no &lt;b&gt;") && html.contains("add it"),
            "{html}"
        );
        let html = decision(&json!({"step_id": "a", "grant": {"parts": [{"part": "memory", "value": "1MiB", "from": "tiny"}]}})).into_string();
        assert!(html.contains("Granted") && html.contains("1MiB"), "{html}");
        let part = part("policy", "Policy", None).into_string();
        assert!(part.contains("hx-preserve") && part.contains("id=\"preview-policy\""), "{part}");
    }
}

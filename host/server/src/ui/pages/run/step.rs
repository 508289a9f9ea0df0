//! A step of a run: its output, its metadata and its attempts.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::log::{plain_name, successful};
use super::timeline::colour;
use super::{crumbs, has_ended, shown, tabs, usage};
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::Path;
use crate::ui::layout::Section;
use crate::ui::value::Parts;
use crate::ui::{show, values, words};

/// The maximum number of attempts that a page shows.
const ATTEMPTS: usize = 20;
/// The maximum number of bytes of the log that are searched for denials, and of the denials that are shown.
const SEARCHED: usize = 16 << 20;
const DENIALS: usize = 32;

/// Shows a step.
pub(super) async fn page(ask: Ask, Path((_, id, step)): Path<(String, String, String)>) -> Response {
    let page = async {
        let run = ask.get(&Operation::getRun, &[&id]).await?;
        let call = Call::to(&Operation::runReceipts, &[&id]).query("step", Some(&step));
        let receipts = ask.value(call).await?;
        let limits = ask.get(&Operation::stepLimits, &[&id, &step]).await.unwrap_or_default();
        let null = Value::Null;
        let found = find(run.list("steps"), &step).unwrap_or(&null);
        if found.is_null() && receipts.list("items").is_empty() {
            let detail = format!("the run {id} has no step `{step}`, or the step has not begun");
            return Err(Problem::new(axum::http::StatusCode::NOT_FOUND, detail));
        }
        let has_output = found.text("status") == "success" || found.is_null();
        let output =
            if has_output { ask.get(&Operation::stepOutput, &[&id, &step]).await.ok() } else { None };
        let denied = denied(&ask, &id, &step, receipts.list("items")).await;
        Ok(ask.page(Section::Runs, &format!("{step} of {id}"), html! {
            div.page-header {
                (crumbs(&ask, &id, Some(&step)))
                div.page-title { h1 { "Step " (show::text(&step)) } (status(found)) }
                div.page-actions {
                    @if output.is_some() {
                        a.button.plain href=(ask.path(&["runs", &id, "steps", &step, "output.json"])) download { "Download the output" }
                    }
                    (super::copy())
                }
            }
            (tabs(&ask, &id, ""))
            @if !has_ended(&run) { p.muted { "The run has not ended. Load the page again to see the present state." } }
            (facts(&ask, found))
            section.card aria-labelledby="output" {
                h2 #output { "Output" }
                @match &output {
                    Some(output) => (values::value(output, "Output")),
                    None => p.muted { "The step has no output: it has not succeeded." },
                }
            }
            @if !found.entries("metadata").is_empty() {
                section.card aria-labelledby="metadata" {
                    h2 #metadata { "Metadata" }
                    @if found.is("metadata_truncated") { p.muted { "The page shows the start of it." } }
                    (values::value(found.at("metadata"), "Metadata"))
                }
            }
            (attempts(receipts.list("items"), &limits, &denied))
        }))
    };
    shown(&ask, page.await)
}

/// Sends the whole output as a file.
pub(super) async fn download(ask: Ask, Path((_, id, step)): Path<(String, String, String)>) -> Response {
    let answer = async {
        let answer = successful(ask.raw(Call::to(&Operation::stepOutput, &[&id, &step])).await?).await?;
        let name = format!("attachment; filename=\"{}.{}.json\"", plain_name(&id), plain_name(&step));
        let headers =
            [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)];
        Ok((headers, answer.into_body()).into_response())
    };
    shown(&ask, answer.await)
}

/// Returns the step with this path.
fn find<'v>(steps: &'v [Value], path: &str) -> Option<&'v Value> {
    let below = |step: &'v Value| {
        let branches = step.list("branches").iter().map(|branch| branch.list("steps"));
        branches.chain([step.list("finally")]).find_map(|steps| find(steps, path))
    };
    steps.iter().find_map(|step| if step.text("step_id") == path { Some(step) } else { below(step) })
}

fn status(step: &Value) -> Markup {
    html! { @if step.has("status") { (show::status(step.text("status"))) } }
}

fn facts(ask: &Ask, step: &Value) -> Markup {
    let kind = step.text("step_type");
    html! {
        @if !step.is_null() {
            section.card aria-labelledby="facts" {
                h2 #facts { "Facts" }
                @if !step.text("output").is_empty() { p { (words::marked(step.text("output"))) } }
                dl.facts {
                    dt { "Name" } dd { (show::text(step.text("step_name"))) }
                    dt { "Type" } dd { a href=(ask.path(&["steps", kind])) { (show::text(kind)) } }
                    dt { "Duration" } dd { (show::seconds(step.at("duration_seconds"))) }
                    dt { "Attempts" } dd { (step.number("attempts")) }
                    @if step.has("value_bytes") { dt { "Output" } dd { (show::bytes(step.number("value_bytes"))) } }
                }
            }
        }
    }
}

fn attempts(receipts: &[Value], limits: &Value, denied: &[String]) -> Markup {
    let left_out = receipts.len().saturating_sub(ATTEMPTS);
    html! {
        section.card aria-labelledby="attempts" {
            h2 #attempts { "Attempts" }
            @if receipts.is_empty() { p.muted { "No attempt has ended." } }
            @if left_out > 0 { p.muted { "The page shows the last " (ATTEMPTS) " of " (show::counted(receipts.len(), "attempt")) "." } }
            @for (place, attempt) in receipts.iter().rev().take(ATTEMPTS).enumerate() {
                details.attempt id={ "attempt-" (attempt.number("attempt")) } open[place == 0] {
                    summary { (title(attempt)) }
                    (one(attempt, limits, denied))
                }
            }
        }
    }
}

fn title(attempt: &Value) -> Markup {
    let class = attempt.text("outcome.class");
    let seconds = |key: &str| show::seconds(&json!(attempt.float(key) / 1e6));
    html! {
        strong { "Attempt " (attempt.number("attempt")) } " "
        span.status data-status=(colour(class)) { (class.replace('_', " ")) }
        span.muted { " ran " (seconds("receipt.run_us")) ", compiled " (seconds("receipt.compile_us")) }
    }
}

fn one(attempt: &Value, limits: &Value, denied: &[String]) -> Markup {
    let (outcome, receipt) = (attempt.at("outcome"), attempt.at("receipt"));
    let said = ["message", "trap", "reason", "hint"].map(|key| outcome.text(key));
    let is_other = limits.has("digest") && limits.text("digest") != receipt.text("policy");
    html! {
        div.stack {
            @for text in said.iter().filter(|text| !text.is_empty()) {
                pre.code.wrap tabindex="0" { (show::text(text)) }
            }
            @if outcome.has("rule") { p { "Rule: " code { (show::text(outcome.text("rule"))) } } }
            @if !outcome.list("backtrace").is_empty() {
                h3 { "Backtrace, innermost function first" }
                pre.code tabindex="0" {
                    @for frame in outcome.list("backtrace").iter().filter_map(Value::as_str).take(50) { (show::text(frame)) "\n" }
                }
            }
            h3 { "Limits" }
            @if limits.is_null() { p.muted { "Policy grants the step nothing at present, so there are no limits to compare with." } }
            @if is_other { p.muted { "The policy or the component has changed since. The bars compare with the present limits." } }
            (usage::bars(receipt, limits))
            (usage::denials(receipt, denied))
            (usage::calls(receipt))
        }
    }
}

/// Returns the lines of the log about denials of a step. Each has the change that would allow the action.
async fn denied(ask: &Ask, id: &str, step: &str, receipts: &[Value]) -> Vec<String> {
    if receipts.iter().all(|attempt| attempt.entries("receipt.denials").is_empty()) {
        return Vec::new();
    }
    let Ok(answer) = ask.raw(Call::to(&Operation::runLogs, &[id])).await else { return Vec::new() };
    let (mut body, mut text, mut read) = (answer.into_body(), Vec::new(), 0);
    let mut found: Vec<String> = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(piece) = frame.into_data() else { continue };
        read += piece.len();
        text.extend_from_slice(&piece);
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else { continue };
        let lines: Vec<u8> = text.drain(..=end).collect();
        for line in String::from_utf8_lossy(&lines).lines() {
            if let Some(denial) = denial(line, step).filter(|denial| !found.contains(denial)) {
                found.push(denial);
            }
        }
        if read > SEARCHED || found.len() >= DENIALS {
            break;
        }
    }
    found.truncate(DENIALS);
    found
}

/// Returns the text of a denial from a line of the log, if the line is about the step.
fn denial(line: &str, step: &str) -> Option<String> {
    let (head, text) = line.split_once("denied by policy: ")?;
    head.contains(&format!(" {step}/")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_in_its_group() {
        let steps = json!([{"step_id": "a"}, {"step_id": "g", "branches": [{"steps": [{"step_id": "g[0].b", "n": 1}]}],
            "finally": [{"step_id": "g.c", "n": 2}]}]);
        let number = |path| find(steps.as_array().unwrap(), path).map(|step| step.number("n"));
        assert_eq!(
            (number("g[0].b"), number("g.c"), number("a"), number("x")),
            (Some(1), Some(2), Some(0), None)
        );
    }

    #[test]
    fn a_denial_in_the_log_belongs_to_its_step() {
        let line = "2026-03-29T12:00:00.000Z warn load/1 denied by policy: GET https://a/: not granted [HTTP_NOT_GRANTED]";
        assert_eq!(denial(line, "load").unwrap(), "GET https://a/: not granted [HTTP_NOT_GRANTED]");
        assert_eq!((denial(line, "oad"), denial("no", "load")), (None, None));
    }
}

//! One dead letter: what happened, and the ways to close it.

use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::resolution;
use crate::api::{Call, Operation, Problem};
use crate::definition::yaml;
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::asked::Path;
use crate::ui::assets::EDITOR;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::pages::common::{self, alert, facts, header, hidden, lead, some, table};
use crate::ui::pages::shown;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of failed steps of a run that the page shows.
const MOST_STEPS: usize = 200;
/// The places of a job in the body of a redrive.
const INDENT: u64 = 2;

/// Shows one dead letter.
pub(in crate::ui) async fn show(ask: Ask, Path((_, id)): Path<(String, String)>) -> Response {
    shown(&ask, letter_page(&ask, &id, None).await)
}

/// The text of an edited job that was refused, and the problem.
struct Refused {
    text: String,
    from_start: bool,
    problem: Problem,
}

async fn letter_page(ask: &Ask, id: &str, refused: Option<Refused>) -> Result<Response, Problem> {
    let letter = ask.get(&Operation::getDeadLetter, &[id]).await?;
    // The retention removes runs, and their dead letters with them.
    let run = ask.get(&Operation::getRun, &[id]).await.unwrap_or_default();
    let is_open = !letter.has("resolution");
    let job = match is_open && ask.may(&Operation::redriveDeadLetter) {
        true => ask.get(&Operation::getRunJob, &[id]).await.ok(),
        false => None,
    };
    let text = match (&refused, &job) {
        (Some(refused), _) => Some(refused.text.clone()),
        (None, Some(job)) => Some(local(job)),
        (None, None) => None,
    };
    let above = [("Dead letters", ask.path(&["dead-letters"]))];
    Ok(ask.page(
        Section::DeadLetters,
        "Dead letter",
        html! {
            (header(&format!("Dead letter {id}"), &above, "", html! { @if is_open { (buttons(ask, id)) } }))
            @if let Some(refused) = &refused { (alert(&refused.problem)) }
            section.card aria-labelledby="about" { h2 #about { "What happened" } (about(ask, &letter)) }
            (failed_steps(ask, id, &run))
            @if is_open && ask.may(&Operation::discardDeadLetter) { (discard_form(ask, id)) }
            @if let Some(text) = text.filter(|_| is_open) {
                (edit_form(ask, id, &text, refused.is_some_and(|refused| refused.from_start)))
            }
        },
    ))
}

fn buttons(ask: &Ask, id: &str) -> Markup {
    let run = format!("{}/{{execution_id}}", ask.path(&["runs"]));
    html! {
        (Button::new(&Operation::redriveDeadLetter, &[id], "Redrive", run.clone())
            .primary().done("The run starts again from the step that failed.").show(ask))
        (Button::new(&Operation::redriveDeadLetter, &[id], "Redrive from the start", run)
            .field("from_start:json", "true").done("The run starts again from its first step.").show(ask))
    }
}

fn about(ask: &Ask, letter: &Value) -> Markup {
    let run = letter.text("execution_id");
    html! {
        (facts(&[
            ("Message", Some(html! { pre.code.wrap tabindex="0" aria-label="Message" { (show::text(letter.text("message"))) } })),
            ("Run", Some(html! { a href=(ask.path(&["runs", run])) { code { (run) } } })),
            ("Job", Some(html! { a href=(ask.path(&["jobs", letter.text("job_id")])) { (show::text(letter.text("job_id"))) } })),
            ("Status", Some(show::status(letter.text("status")))),
            ("Step", some(letter.text("step_id"))),
            ("Class", Some(html! { code { (letter.text("class")) } })),
            ("Ended", Some(show::time(letter.text("at")))),
            ("Resolution", Some(resolution(ask, letter))),
            ("Resolved", letter.has("resolution").then(|| show::time(letter.text("resolution.at")))),
        ]))
    }
}

/// Shows every failed step of the run, with those of branches and items.
fn failed_steps(ask: &Ask, id: &str, run: &Value) -> Markup {
    let mut failed = Vec::new();
    collect(run, &mut failed);
    html! {
        @if !failed.is_empty() {
            section.card aria-labelledby="failed" {
                h2 #failed { "Failed steps" }
                (table("Failed steps", html! {
                    thead { tr {
                        th scope="col" { "Step" } th scope="col" { "Type" } th scope="col" { "Status" }
                        th.number scope="col" { "Attempts" } th.number scope="col" { "Duration" } th scope="col" { "Problem" }
                    } }
                    tbody {
                        @for step in failed.iter().take(MOST_STEPS) {
                            tr {
                                th scope="row" { a href=(ask.path(&["runs", id, "steps", step.text("step_id")])) { (show::text(step.text("step_id"))) } }
                                td { code { (step.text("step_type")) } }
                                td { (show::status(step.text("status"))) }
                                td.number { (step.number("attempts")) }
                                td.number { (show::seconds(step.at("duration_seconds"))) }
                                td { (show::text(step.text("output"))) }
                            }
                        }
                    }
                }))
                @if failed.len() > MOST_STEPS { p.muted { "The first " (MOST_STEPS) " are shown." } }
            }
        }
    }
}

/// Collects the failed steps of a run or a branch: one more than a page shows.
fn collect<'v>(of: &'v Value, failed: &mut Vec<&'v Value>) {
    for step in of.list("steps").iter().chain(of.list("finally")) {
        if failed.len() > MOST_STEPS {
            return;
        }
        if matches!(step.text("status"), "failed" | "timeout") {
            failed.push(step);
        }
        step.list("branches").iter().for_each(|branch| collect(branch, failed));
        step.list("finally")
            .iter()
            .filter(|step| matches!(step.text("status"), "failed" | "timeout"))
            .for_each(|step| failed.push(step));
    }
}

fn discard_form(ask: &Ask, id: &str) -> Markup {
    let reason = html! {
        div.field {
            label for="reason" { "Reason" }
            input #reason name="reason" maxlength="1000" required aria-describedby="reason-hint";
            p.hint #reason-hint { "The list of discarded dead letters and the audit log show it." }
        }
    };
    html! {
        section.card aria-labelledby="discard" {
            h2 #discard { "Discard" }
            p { "Closes the dead letter without running it again." }
            (Button::new(&Operation::discardDeadLetter, &[id], "Discard", ask.path(&["dead-letters"]))
                .danger("Discard this dead letter?").with(reason).done("The dead letter is discarded.").show(ask))
        }
    }
}

fn edit_form(ask: &Ask, id: &str, text: &str, from_start: bool) -> Markup {
    html! {
        section.card aria-labelledby="edit" {
            h2 #edit { "Edit and redrive" }
            p { "Runs the job below in place of the job that failed. The stored job does not change." }
            form.form method="post" action=(ask.path(&["dead-letters", id, "redrive"])) {
                (hidden(ask, ""))
                div.field {
                    label for="job" { "Job (YAML)" }
                    textarea.mono #job name="job" rows="20" spellcheck="false" data-editor="yaml" data-draft=(ask.path(&["dead-letters", id]))
                        data-validate=(ask.path(&["editor", "validate"])) required { "\n" (text) }
                }
                label.check { input type="checkbox" name="from_start" value="true" checked[from_start]; "Start from the first step" }
                div { button.button type="submit" { "Redrive the edited job" } }
            }
            script src=(EDITOR.address()) defer {}
        }
    }
}

/// Returns a job as YAML, with the name that it has inside its project.
pub(in crate::ui) fn local(job: &Value) -> String {
    let mut job = job.clone();
    let id = stepwell::engine::project::local(job.text("id")).to_owned();
    if let Some(map) = job.as_object_mut() {
        map.insert("id".to_owned(), id.into());
    }
    yaml(&job)
}

/// Redrives a dead letter with an edited job.
pub(in crate::ui) async fn redrive(
    ask: Ask,
    Path((_, id)): Path<(String, String)>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let from_start = match fields.get("from_start") {
        "" | "false" => false,
        "true" => true,
        _ => {
            return ask.problem(&Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "`from_start` must be `true` or `false`",
            ));
        }
    };
    let call = Call::to(&Operation::redriveDeadLetter, &[&id])
        .header("content-type", "application/yaml")
        .body(redrive_body(fields.get("job"), from_start));
    match ask.value(call).await {
        Ok(admitted) => {
            let run = admitted.text("execution_id");
            lead(&ask.path(&["runs", run]), false, "The edited job runs.")
        }
        Err(problem) => {
            let text = fields.get("job").replace("\r\n", "\n");
            let problem = moved(problem);
            let refused = Refused { text, from_start, problem: problem.clone() };
            let page = letter_page(&ask, &id, Some(refused)).await;
            shown(&ask, page.map(|page| common::refused(page, &problem)))
        }
    }
}

/// Returns the body of a redrive, with the text of the job as a part of it.
fn redrive_body(job: &str, from_start: bool) -> String {
    let job = job.replace("\r\n", "\n");
    let job = job.strip_prefix("---\n").unwrap_or(&job);
    let mut body = format!("from_start: {from_start}\njob:\n");
    for line in job.lines() {
        if !line.is_empty() {
            body.push_str(&" ".repeat(INDENT as usize));
        }
        body.push_str(line);
        body.push('\n');
    }
    body
}

/// Moves the places of a problem from the body to the text of the job.
fn moved(mut problem: Problem) -> Problem {
    for place in &mut problem.errors {
        place.line = place.line.saturating_sub(2);
        place.column = place.column.saturating_sub(INDENT).max(1);
    }
    problem
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_is_a_part_of_the_body_and_its_problems_have_its_places() {
        let body =
            redrive_body("---\r\nid: a\r\nsteps:\r\n- id: s\r\n  script: |\r\n    x\r\n\r\n    y\r\n", true);
        let read = stepwell::engine::document::Document::parse("body", &body).unwrap().value;
        assert_eq!(
            read,
            json!({"from_start": true, "job": {"id": "a", "steps": [{"id": "s", "script": "x\n\ny\n"}]}})
        );
        let body = redrive_body(r#"{"id": "a"}"#, false);
        let read = stepwell::engine::document::Document::parse("body", &body).unwrap().value;
        assert_eq!(read["job"]["id"], "a");
    }

    #[test]
    fn failed_steps_of_branches_are_collected() {
        let run = json!({"steps": [
            {"step_id": "a", "status": "success"},
            {"step_id": "g", "status": "failed", "branches": [{"steps": [{"step_id": "g[0].x", "status": "timeout"}]}],
                "finally": [{"step_id": "f", "status": "failed"}]},
        ]});
        let mut failed = Vec::new();
        collect(&run, &mut failed);
        let ids: Vec<&str> = failed.iter().map(|step| step.text("step_id")).collect();
        assert_eq!(ids, ["g", "g[0].x", "f"]);
    }
}

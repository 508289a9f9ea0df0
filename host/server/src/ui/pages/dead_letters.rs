//! Dead letters: their causes, the list, and one of them.

use std::fmt::Write as _;

use axum::extract::{Extension, Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::engine::quantity::counted;

use super::common::{address, alert, facts, header, hidden, lead, options, some, table};
use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::definition::yaml;
use crate::ui::actions::{Button, said};
use crate::ui::ask::Ask;
use crate::ui::assets::EDITOR;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The number of dead letters of a page.
const PAGE: u32 = 50;
/// The maximum number of causes, and of failed steps of a run, that a page shows.
const MOST_CAUSES: usize = 50;
const MOST_STEPS: usize = 200;
/// The places of a job in the body of a redrive.
const INDENT: u64 = 2;

/// The filters of the list.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(in crate::ui) struct Filters {
    state: Option<String>,
    job_id: String,
    class: String,
    cause: String,
    cursor: String,
}

impl Filters {
    /// Returns the state, which is `open` when the address names none, and empty for all states.
    fn state(&self) -> &str {
        self.state.as_deref().unwrap_or("open")
    }
}

/// Shows the causes of dead letters, and the list.
pub(in crate::ui) async fn list(ask: Ask, Query(filters): Query<Filters>) -> Response {
    let page = async {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let state = filters.state();
        let causes = match state {
            "" => Value::Null,
            state => {
                ask.value(Call::to(&Operation::deadLetterCauses, &[]).query("state", Some(state))).await?
            }
        };
        let call = Call::to(&Operation::listDeadLetters, &[])
            .query("state", given(state))
            .query("job_id", given(&filters.job_id))
            .query("class", given(&filters.class))
            .query("cause", given(&filters.cause))
            .query("limit", Some(PAGE))
            .query("cursor", given(&filters.cursor));
        let letters = ask.value(call).await?;
        let page = ask.path(&["dead-letters"]);
        let query = [
            ("state", if state == "open" { "" } else { state }),
            ("job_id", filters.job_id.as_str()),
            ("class", &filters.class),
            ("cause", &filters.cause),
        ];
        let here = match state {
            // An empty state is not the default.
            "" => format!("{page}?state=&{}", address("", &query).trim_start_matches('?')),
            _ => address(&page, &query),
        };
        let about = "Runs that failed, timed out or expired, and that need a decision: run them again, or discard them.";
        Ok(ask.page(
            Section::DeadLetters,
            "Dead letters",
            html! {
                (header("Dead letters", &[], about, html! {}))
                @if !causes.list("items").is_empty() { (causes_of(&ask, &causes, &filters)) }
                section.card aria-labelledby="list" {
                    div.card-header { h2 #list { "Dead letters" } }
                    (filter_form(&page, &filters))
                    (letters_form(&ask, letters.list("items"), &here))
                    (show::next_page(&letters, &here))
                }
            },
        ))
    };
    shown(&ask, page.await)
}

fn causes_of(ask: &Ask, causes: &Value, filters: &Filters) -> Markup {
    let page = ask.path(&["dead-letters"]);
    let all = causes.list("items");
    let head = html! {
        thead { tr {
            th.number scope="col" { "Count" } th scope="col" { "Class" } th scope="col" { "Message" }
            th scope="col" { "Jobs" } th scope="col" { "Latest" }
            @if filters.state() == "open" && ask.may(&Operation::bulkDeadLetters) { th scope="col" { "Actions" } }
        } }
    };
    html! {
        section.card aria-labelledby="causes" {
            div.card-header {
                h2 #causes { "Causes" }
                p.muted {
                    (show::count(causes.number("counted"))) " dead letters, " (all.len()) " causes"
                    @if !causes.is("complete") { "; there are more, which are not counted" }
                }
            }
            (table("Causes of dead letters", html! {
                (head)
                tbody { @for cause in all.iter().take(MOST_CAUSES) { (cause_row(ask, &page, cause, filters)) } }
            }))
        }
    }
}

fn cause_row(ask: &Ask, page: &str, cause: &Value, filters: &Filters) -> Markup {
    let state = if filters.state() == "open" { "" } else { filters.state() };
    let link = address(page, &[("state", state), ("cause", cause.text("cause"))]);
    html! {
        tr {
            td.number { (show::count(cause.number("count"))) }
            td { code { (cause.text("class")) } }
            th scope="row" {
                a href=(link) aria-current=[(cause.text("cause") == filters.cause).then_some("true")] {
                    (show::text(cause.text("message")))
                }
            }
            td {
                @for (place, job) in cause.list("jobs").iter().enumerate() {
                    @if place > 0 { ", " }
                    a href=(address(page, &[("job_id", job.text(""))])) { (show::text(job.text(""))) }
                }
                @if cause.is("more_jobs") { ", and others" }
            }
            td.nowrap { (show::time(cause.text("last_at"))) }
            @if state.is_empty() && ask.may(&Operation::bulkDeadLetters) {
                td { (cause_actions(ask, cause)) }
            }
        }
    }
}

fn cause_actions(ask: &Ask, cause: &Value) -> Markup {
    let count = counted(cause.number("count"), "dead letter");
    html! {
        form.actions method="post" action=(ask.path(&["dead-letters", "bulk"])) {
            (hidden(ask, &ask.path(&["dead-letters"])))
            input type="hidden" name="cause" value=(cause.text("cause"));
            button.button.plain.small type="submit" name="action" value="redrive"
                data-confirm={ "Run " (count) " again, each from the step that failed?" } { "Redrive all" }
            button.button.danger.small type="submit" name="action" value="discard"
                data-confirm={ "Discard " (count) "? They stay in the list of discarded ones." } { "Discard all" }
        }
    }
}

const STATES: &[(&str, &str)] =
    &[("open", "Open"), ("redriven", "Redriven"), ("discarded", "Discarded"), ("", "All")];

fn filter_form(page: &str, filters: &Filters) -> Markup {
    html! {
        form.toolbar method="get" action=(page) role="search" {
            label.field-inline { span { "State" } select name="state" { (options(STATES, filters.state())) } }
            label.field-inline { span { "Job" } input name="job_id" value=(filters.job_id) data-search; }
            label.field-inline { span { "Class" } input name="class" value=(filters.class); }
            @if !filters.cause.is_empty() {
                label.check { input type="checkbox" name="cause" value=(filters.cause) checked; "Only the chosen cause" }
            }
            button.button.plain type="submit" { "Filter" }
        }
    }
}

/// Shows dead letters as a form, in which operators choose some.
fn letters_form(ask: &Ask, letters: &[Value], here: &str) -> Markup {
    if letters.is_empty() {
        return show::empty(
            "No dead letters",
            html! {
                p { "No dead letter matches. A run that fails, times out or expires becomes one." }
            },
        );
    }
    let may = ask.may(&Operation::bulkDeadLetters) && letters.iter().any(|letter| !letter.has("resolution"));
    let rows = table(
        "Dead letters",
        html! {
            thead { tr {
                @if may { th scope="col" { input type="checkbox" data-check-all="ids" aria-label="Choose all of this page"; } }
                th scope="col" { "Run" } th scope="col" { "Job" } th scope="col" { "Status" } th scope="col" { "Step" }
                th scope="col" { "Class" } th scope="col" { "Ended" } th scope="col" { "Message" } th scope="col" { "Resolution" }
            } }
            tbody { @for letter in letters { (letter_row(ask, letter, may)) } }
        },
    );
    html! {
        @if may {
            form.stack method="post" action=(ask.path(&["dead-letters", "bulk"])) {
                (hidden(ask, here))
                (rows)
                div.toolbar {
                    label.field-inline.grow { span { "Reason for discarding" } input name="reason" maxlength="1000"; }
                    button.button type="submit" name="action" value="redrive" { "Redrive chosen" }
                    button.button.danger type="submit" name="action" value="discard"
                        data-confirm="Discard the chosen dead letters?" { "Discard chosen" }
                }
            }
        } @else { (rows) }
    }
}

fn letter_row(ask: &Ask, letter: &Value, may: bool) -> Markup {
    let id = letter.text("execution_id");
    html! {
        tr {
            @if may {
                td { @if !letter.has("resolution") {
                    input type="checkbox" name="ids" value=(id) aria-label={ "Choose " (id) };
                } }
            }
            th scope="row" { a href=(ask.path(&["dead-letters", id])) { code { (id) } } }
            td { a href=(ask.path(&["jobs", letter.text("job_id")])) { (show::text(letter.text("job_id"))) } }
            td { (show::status(letter.text("status"))) }
            td { (show::text(letter.text("step_id"))) }
            td { code { (letter.text("class")) } }
            td.nowrap { (show::time(letter.text("at"))) }
            td { (brief(letter.text("message"))) }
            td { (resolution(ask, letter)) }
        }
    }
}

/// Shows the beginning of a message.
fn brief(message: &str) -> String {
    show::text(&stepwell::engine::document::cut(message, 200))
}

fn resolution(ask: &Ask, letter: &Value) -> Markup {
    let run = letter.text("resolution.execution_id");
    html! {
        @if !letter.has("resolution") { span.muted { "Open" } }
        @else if letter.text("resolution.as") == "redriven" {
            "Runs again"
            @if !run.is_empty() { " as " a href=(ask.path(&["runs", run])) { code { (run) } } }
            ", by " (show::text(letter.text("resolution.by")))
        } @else {
            "Discarded by " (show::text(letter.text("resolution.by")))
            @if !letter.text("resolution.reason").is_empty() { ": " (brief(letter.text("resolution.reason"))) }
        }
    }
}

/// Redrives or discards the chosen dead letters, or all of a cause.
pub(in crate::ui) async fn bulk(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    let ids: Vec<&str> = fields.iter().filter(|(name, _)| *name == "ids").map(|(_, value)| value).collect();
    let (next, cause) = (fields.get("_next"), fields.get("cause"));
    let (action, reason) = (fields.get("action"), fields.get("reason"));
    let body = match (ids.is_empty(), cause.is_empty()) {
        (true, true) => return lead(next, true, "choose at least one dead letter"),
        (false, _) => json!({"action": action, "reason": reason, "ids": ids}),
        (true, false) => json!({"action": action, "reason": reason, "cause": cause}),
    };
    match ask.value(Call::to(&Operation::bulkDeadLetters, &[]).json(&body)).await {
        Ok(answer) => {
            let (is_problem, text) = result(action, &answer);
            lead(next, is_problem, text)
        }
        Err(problem) => lead(next, true, said(&problem)),
    }
}

/// Returns the result of a change of several dead letters in one sentence.
fn result(action: &str, answer: &Value) -> (bool, String) {
    let (done, failed) = (answer.entries("done"), answer.entries("failed"));
    let verb = if action == "redrive" { "run again" } else { "are discarded" };
    let mut text = format!("{} {verb}.", counted(done.len(), "dead letter"));
    if let Some((id, why)) = failed.first() {
        let _ = write!(text, " {} could not be changed; {id}: {}", failed.len(), why.text(""));
    }
    (!failed.is_empty(), text)
}

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
                    textarea.mono #job name="job" rows="20" spellcheck="false" data-editor="yaml"
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
pub(super) fn local(job: &Value) -> String {
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
    let from_start = fields.get("from_start") == "true";
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
            let refused = Refused { text, from_start, problem: moved(problem) };
            shown(&ask, letter_page(&ask, &id, Some(refused)).await)
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

    #[test]
    fn the_result_of_many_changes_is_one_sentence() {
        let answer = json!({"done": {"a": "b"}, "failed": {}});
        assert_eq!(result("redrive", &answer), (false, "1 dead letter run again.".to_owned()));
        let answer = json!({"done": {}, "failed": {"c": "it is resolved"}});
        let (is_problem, text) = result("discard", &answer);
        assert!(is_problem && text.contains("c: it is resolved"), "{text}");
    }
}

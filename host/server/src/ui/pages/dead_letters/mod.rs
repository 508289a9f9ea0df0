//! Dead letters: their causes, and the list.

mod one;

pub(super) use one::{local, redrive, show};

use std::fmt::Write as _;
use std::iter;

use axum::extract::Extension;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::engine::quantity::counted;
use stepwell::engine::store::DeadLetter;

use super::common::{address, header, hidden, lead, options, table};
use super::shown;
use crate::api::{Call, Operation};
use crate::ui::actions::said;
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The number of dead letters of a page.
const PAGE: u32 = 50;
/// The message when no dead letter is chosen.
const NOTHING: &str = "Nothing has changed: choose at least one dead letter first.";
/// The maximum number of causes that a page shows.
const MOST_CAUSES: usize = 50;

/// The filters of the list.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
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
pub(in crate::ui) async fn list(Asked(ask, filters): Asked<Filters>) -> Response {
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
                    (show::counted(causes.number("counted") as usize, "dead letter")) ", " (show::counted(all.len(), "cause"))
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
            td { (show::time(cause.text("last_at"))) }
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
    let classes: Vec<(&str, &str)> = iter::once(("", "All"))
        .chain(DeadLetter::classes().into_iter().map(|class| (class, class)))
        .collect();
    html! {
        form.toolbar method="get" action=(page) role="search" {
            label.field-inline { span { "State" } select name="state" { (options(STATES, filters.state())) } }
            label.field-inline { span { "Job" } input name="job_id" value=(filters.job_id) data-search; }
            label.field-inline { span { "Class" } select name="class" { (options(&classes, &filters.class)) } }
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
            form.stack method="post" action=(ask.path(&["dead-letters", "bulk"])) data-needs="ids" data-needs-text=(NOTHING) {
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
            td { (show::time(letter.text("at"))) }
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
        (true, true) => return lead(next, true, NOTHING),
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
    let verb = match (action, done.len()) {
        ("redrive", 1) => "runs again",
        ("redrive", _) => "run again",
        (_, 1) => "is discarded",
        (_, _) => "are discarded",
    };
    let mut text = format!("{} {verb}.", counted(done.len(), "dead letter"));
    if let Some((id, why)) = failed.first() {
        let _ = write!(text, " {} could not be changed; {id}: {}", failed.len(), why.text(""));
    }
    (!failed.is_empty(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_of_many_changes_is_one_sentence() {
        let answer = json!({"done": {"a": "b"}, "failed": {}});
        assert_eq!(result("redrive", &answer), (false, "1 dead letter runs again.".to_owned()));
        let answer = json!({"done": {}, "failed": {"c": "it is resolved"}});
        let (is_problem, text) = result("discard", &answer);
        assert!(is_problem && text.contains("c: it is resolved"), "{text}");
    }
}

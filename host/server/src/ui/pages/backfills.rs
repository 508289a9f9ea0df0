//! Backfills: a form with a dry run, and the list.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::common;
use super::schedules::header;
use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::ui::actions::{Button, said};
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::clock;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of fires that a plan lists.
const SHOWN: usize = 100;

/// The plan of a backfill that a person asks for, and the place in the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Wanted {
    job_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
}

/// Shows the form, the plan when the form is filled in, and the list.
pub(in crate::ui) async fn page(Asked(ask, wanted): Asked<Wanted>) -> Response {
    let page = async {
        let cursor = wanted.cursor.clone().filter(|cursor| !cursor.is_empty());
        let list = Call::to(&Operation::listBackfills, &[]).query("limit", Some(50)).query("cursor", cursor);
        let backfills = ask.value(list).await?;
        let (plan, problem) = plan(&ask, &wanted).await;
        let here = ask.path(&["backfills"]);
        let page = ask.page(Section::Schedules, "Backfills", html! {
            (header(&ask, "backfills", "Backfills", "A backfill runs the fires of a range of time that have no run yet."))
            @if ask.may(&Operation::startBackfill) {
                (form(&here, &wanted))
                (plan)
            }
            section.card aria-labelledby="list" {
                h2 #list { "All backfills" }
                div #live hx-get="" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
                    (table(&ask, backfills.list("items"), &here))
                    (show::next_page(&backfills, &here))
                }
            }
        });
        Ok(match &problem {
            Some(problem) => common::refused(page, problem),
            None => page,
        })
    };
    shown(&ask, page.await)
}

fn form(here: &str, wanted: &Wanted) -> Markup {
    let field = |id: &str, label: &str, value: &Option<String>, hint: &str| {
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) name=(id) required maxlength="100" autocomplete="off" value=(value.clone().unwrap_or_default()) aria-describedby={ (id) "-hint" };
                p.hint id={ (id) "-hint" } { (hint) }
            }
        }
    };
    html! {
        section.card aria-labelledby="new" {
            h2 #new { "New backfill" }
            form.form method="get" action=(here) {
                (field("job_id", "Job", &wanted.job_id, "The id of a job with a schedule."))
                (field("from", "From", &wanted.from, "A time in the job's zone, such as 2026-11-01 00:00, or a time with an offset."))
                (field("to", "To", &wanted.to, "The end of the range. It is not part of the range."))
                div { button.button type="submit" { "List the fires" } }
                p.hint { "This is a dry run. Nothing starts until you confirm the list." }
            }
        }
    }
}

/// Shows the fires that a backfill would run, with the button that starts it, or the problem of the form.
async fn plan(ask: &Ask, wanted: &Wanted) -> (Markup, Option<Problem>) {
    let parts = [&wanted.job_id, &wanted.from, &wanted.to].map(|text| text.as_deref().unwrap_or_default());
    if parts.contains(&"") || !ask.may(&Operation::startBackfill) {
        return (html! {}, None);
    }
    let [job, from, to] = parts;
    let body = json!({"job_id": job, "from": from, "to": to, "dry_run": true});
    let found = ask.value(Call::to(&Operation::startBackfill, &[]).json(&body)).await;
    let shown = html! {
        section.card #plan aria-labelledby="plan-title" {
            h2 #plan-title { "Dry run for " (show::text(job)) }
            @match &found {
                Ok(plan) => (planned(ask, plan, parts)),
                Err(problem) => (refused(problem)),
            }
        }
    };
    (shown, found.err())
}

fn refused(problem: &Problem) -> Markup {
    html! { div.alert data-kind="error" role="alert" { p { (show::text(&said(problem))) } } }
}

fn planned(ask: &Ask, plan: &Value, [job, from, to]: [&str; 3]) -> Markup {
    let (total, fires) = (plan.number("total"), plan.list("to_run"));
    let priority = html! {
        div.field {
            label for="priority" { "Priority" }
            input #priority name="priority:json" type="number" min="0" max="9" value="0";
            p.hint { "9 is the most urgent. 0 lets other runs go first." }
        }
    };
    let start = Button::new(&Operation::startBackfill, &[], "Start the backfill", ask.path(&["backfills"]))
        .done("The backfill has started.")
        .field("job_id", job)
        .field("from", from)
        .field("to", to)
        .with(priority);
    html! {
        p {
            strong { (show::count(total)) } (if total == 1 { " fire" } else { " fires" }) " would run. "
            (show::count(plan.number("ran_already"))) " of the range ran already."
        }
        @if total > 0 {
            (common::table("Fires that would run", html! {
                thead { tr { th scope="col" { "Nominal time" } th scope="col" { "Note" } } }
                tbody {
                    @for fire in fires.iter().take(SHOWN) {
                        tr { td { (fire.text("nominal")) } td { (show::text(fire.text("note"))) } }
                    }
                }
            }))
            @if total > SHOWN as u64 { p.muted { "The table shows the first " (SHOWN) "." } }
            (start.show(ask))
        }
    }
}

fn table(ask: &Ask, backfills: &[Value], here: &str) -> Markup {
    html! {
        @if backfills.is_empty() {
            p.muted { "No backfill has been started." }
        } @else {
            (common::table("Backfills", html! {
                thead { tr {
                    th scope="col" { "Job" } th scope="col" { "State" } th scope="col" { "Range" } th scope="col" { "Progress" }
                    th scope="col" { "Started" } th scope="col" { span.visually-hidden { "Actions" } }
                } }
                tbody { @for backfill in backfills { (row(ask, backfill, here)) } }
            }))
        }
    }
}

fn row(ask: &Ask, backfill: &Value, here: &str) -> Markup {
    let (id, job, state) = (backfill.text("id"), backfill.text("job_id"), backfill.text("state"));
    let (done, total) = (backfill.number("done"), backfill.number("total"));
    let status = if state == "done" { "success" } else { state };
    html! {
        tr {
            th scope="row" { a href=(ask.path(&["schedules", job])) { (show::text(job)) } br; span.muted.small { (id) } }
            td { span.status data-status=(status) { (state) } }
            td { (utc(backfill.text("from"))) " to " (utc(backfill.text("to"))) }
            td {
                (show::count(done)) " of " (show::count(total))
                meter min="0" max=(total.max(1)) value=(done) aria-label={ (done) " of " (show::counted(total as usize, "fire")) " decided" } {}
            }
            td { (show::time(backfill.text("created_at"))) br; span.muted.small { "by " (show::text(backfill.text("by"))) } }
            td {
                div.actions {
                    @if state == "running" {
                        (Button::new(&Operation::cancelBackfill, &[id], "Cancel", here.to_owned())
                            .done("The backfill is cancelled. Its runs continue.")
                            .danger(format!("Cancel the backfill of {job}? Runs that it has admitted continue.")).show(ask))
                    }
                }
            }
        }
    }
}

/// Returns a time of the API in UTC.
fn utc(at: &str) -> String {
    clock::read(at).map_or_else(String::new, |at| clock::wall(at, chrono_tz::UTC))
}

//! The list of schedules, and one schedule with its next fires.

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
use crate::ui::clock;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The tabs of the section: the page of a tab, its address, and its name.
const TABS: [(&str, &[&str], &str); 4] = [
    ("list", &["schedules"], "Schedules"),
    ("calendar", &["calendar"], "Calendar"),
    ("ledger", &["ledger"], "Ledger"),
    ("backfills", &["backfills"], "Backfills"),
];

/// Shows the header of the pages about schedules.
pub(super) fn header(ask: &Ask, own: &str, title: &str, hint: &str) -> Markup {
    html! {
        div.page-header {
            div.page-title { h1 { (title) } }
            p { (hint) }
        }
        nav.tabs aria-label="Schedules" {
            ul {
                @for (name, path, label) in TABS {
                    li { a href=(ask.path(path)) aria-current=[(name == own).then_some("page")] { (label) } }
                }
            }
        }
    }
}

/// The filters of the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Filters {
    queue: Option<String>,
    cursor: Option<String>,
}

/// Lists the schedules.
pub(in crate::ui) async fn list(Asked(ask, filters): Asked<Filters>) -> Response {
    let page = async {
        let queue = filters.queue.filter(|queue| !queue.is_empty());
        let call = Call::to(&Operation::listSchedules, &[])
            .query("queue", queue.clone())
            .query("limit", Some(50))
            .query("cursor", filters.cursor.filter(|cursor| !cursor.is_empty()));
        let schedules = ask.value(call).await?;
        let mut here = ask.path(&["schedules"]);
        if let Some(queue) = &queue {
            here.push_str("?queue=");
            here.extend(crate::api::encoded(queue));
        }
        Ok(ask.page(Section::Schedules, "Schedules", html! {
            (header(&ask, "list", "Schedules", "The jobs that start by themselves, with the next time of each."))
            form.toolbar method="get" action=(ask.path(&["schedules"])) role="search" {
                label.field-inline { span { "Zone" } input name="queue" data-search value=(queue.clone().unwrap_or_default()); }
                button.button type="submit" { "Filter" }
            }
            @if schedules.list("items").is_empty() {
                (show::empty("No schedules", html! {
                    p { "A job with a " code { "schedule" } " starts by itself. " a href=(ask.path(&["editor"])) { "Write a job" } " or add a schedule to one." }
                }))
            } @else {
                (table(&ask, schedules.list("items"), &here))
                (show::next_page(&schedules, &here))
            }
        }))
    };
    shown(&ask, page.await)
}

fn table(ask: &Ask, schedules: &[Value], here: &str) -> Markup {
    html! {
        (common::table("Schedules", html! {
            thead { tr {
                th scope="col" { "Job" } th scope="col" { "Times" } th scope="col" { "Zone" }
                th scope="col" { "Next fire" } th scope="col" { "State" }
                th scope="col" { span.visually-hidden { "Actions" } }
            } }
            tbody {
                @for schedule in schedules {
                    @let id = schedule.text("job_id");
                    tr {
                        th scope="row" {
                            a href=(ask.path(&["schedules", id])) { (show::text(id)) }
                            @if !["", id].contains(&schedule.text("name")) { br; span.muted.small { (show::text(schedule.text("name"))) } }
                        }
                        td { code { (show::text(schedule.text("times"))) } }
                        td { (schedule.text("timezone")) }
                        td { (clock::local(schedule.text("next"), schedule.text("timezone"))) }
                        td { (state(schedule)) }
                        td { div.actions { (toggle(ask, schedule, here)) } }
                    }
                }
            }
        }))
    }
}

/// Shows whether a schedule fires, and why not.
fn state(schedule: &Value) -> Markup {
    html! {
        @if schedule.has("problem") {
            span.status data-status="failed" { "cannot fire" } p.small { (show::text(schedule.text("problem"))) }
        } @else if schedule.at("enabled") == &Value::Bool(false) {
            span.status data-status="skipped" { "job disabled" }
        } @else if schedule.has("paused") {
            span.status data-status="parked" { "paused" } p.small { (show::text(schedule.text("paused"))) }
        } @else if schedule.has("next") {
            span.status data-status="success" { "active" }
        } @else {
            span.status data-status="skipped" { "no fires left" }
        }
    }
}

/// A button that resumes a paused schedule, or a link to the form that pauses it.
fn toggle(ask: &Ask, schedule: &Value, next: &str) -> Markup {
    let id = schedule.text("job_id");
    if schedule.has("paused") {
        let parameters = [id];
        let resume = Button::new(&Operation::resumeSchedule, &parameters, "Resume", next.to_owned());
        return resume.done("The schedule fires again.").show(ask);
    }
    html! {
        @if ask.may(&Operation::pauseSchedule) {
            a.button.plain.small href={ (ask.path(&["schedules", id])) "#pause" } { "Pause" span.visually-hidden { " " (show::text(id)) } }
        }
    }
}

/// Shows a schedule, its next fires, and the effect of clock changes.
pub(in crate::ui) async fn one(ask: Ask, Path((_, id)): Path<(String, String)>) -> Response {
    let page = async {
        let schedule = ask.get(&Operation::getSchedule, &[&id]).await?;
        let preview =
            ask.value(Call::to(&Operation::previewSchedule, &[&id]).query("count", Some(20))).await?;
        let here = ask.path(&["schedules", &id]);
        let title = format!("Schedule of {}", show::text(&id));
        let encoded: String = crate::api::encoded(&id).collect();
        Ok(ask.page(Section::Schedules, &title, html! {
            (header(&ask, "", &title, "The next fires, and how clock changes affect them."))
            section.card aria-labelledby="facts" {
                div.card-header {
                    h2 #facts { "State" }
                    div.page-actions {
                        a.button.plain.small href=(ask.path(&["jobs", &id])) { "Job" }
                        a.button.plain.small href={ (ask.path(&["ledger"])) "?job_id=" (encoded) } { "Ledger" }
                        a.button.plain.small href={ (ask.path(&["backfills"])) "?job_id=" (encoded) } { "Backfill" }
                        @if schedule.has("paused") { (toggle(&ask, &schedule, &here)) }
                    }
                }
                dl.facts {
                    dt { "State" } dd { (state(&schedule)) }
                    dt { "Zone" } dd { (schedule.text("timezone")) }
                    dt { "Next fire" } dd { (clock::local(schedule.text("next"), schedule.text("timezone"))) }
                    dt { "Ledger complete up to" } dd { (show::time(schedule.text("cursor"))) }
                }
            }
            section.card aria-labelledby="fires" {
                h2 #fires { "Next fires" }
                (fires(&preview, schedule.text("timezone")))
            }
            @if !schedule.has("paused") && ask.may(&Operation::pauseSchedule) { (pause_form(&ask, &id, here)) }
        }))
    };
    shown(&ask, page.await)
}

/// Shows coming fires in their zone, and the clock changes between them.
pub(in crate::ui) fn fires(preview: &Value, zone: &str) -> Markup {
    html! {
        @for change in preview.list("transitions") {
            @if let Some(at) = clock::read(change.text("at")) {
                @let seconds = change.at("seconds").as_i64().unwrap_or_default();
                div.alert data-kind="info" { p { (clock::change(at, seconds, clock::zone_of(zone))) } }
            }
        }
        @if preview.list("fires").is_empty() {
            p.muted { "No fires are left." }
        } @else {
            (common::table("Next fires", html! {
                thead { tr {
                    th scope="col" { "Nominal time (" (zone) ")" } th scope="col" { "Due" } th scope="col" { "Result" } th scope="col" { "Note" }
                } }
                tbody {
                    @for fire in preview.list("fires") {
                        tr {
                            td.nowrap { (fire.text("nominal").replace('T', " ")) }
                            td { (clock::local(fire.text("due_at"), zone)) }
                            td { (decision(fire.text("decision"), false)) }
                            td { (show::text(fire.text("note"))) }
                        }
                    }
                }
            }))
        }
    }
}

/// Shows the decision about a fire. Fires that ran have a status of success, and the others of the ledger have none.
pub(super) fn decision(name: &str, past: bool) -> Markup {
    let (status, words) = match (name, past) {
        ("admitted", true) => ("success", "admitted".to_owned()),
        ("admitted", false) => ("queued", "runs".to_owned()),
        ("backfilled", _) => ("success", "backfilled".to_owned()),
        ("missed" | "refused", _) => ("failed", name.to_owned()),
        ("paused" | "blackout", _) => ("parked", name.to_owned()),
        _ => ("skipped", name.to_owned()),
    };
    html! { span.status data-status=(status) { (words) } }
}

fn pause_form(ask: &Ask, id: &str, next: String) -> Markup {
    let reason = html! {
        div.field {
            label for="reason" { "Reason" }
            input #reason name="reason" maxlength="1000" autocomplete="off";
        }
    };
    html! {
        section.card #pause aria-labelledby="pause-title" {
            h2 #pause-title { "Pause" }
            p { "The ledger records the fires during the pause, and they do not run." }
            (Button::new(&Operation::pauseSchedule, &[id], "Pause the schedule", next).done("The schedule is paused.").with(reason).show(ask))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fires_have_their_zone() {
        let answer = json!({"fires": [{"nominal": "2026-03-29T02:30:00+01:00", "due_at": "2026-03-29T01:00:00Z", "decision": "gap", "note": "skipped"}],
            "transitions": [{"at": "2026-03-29T01:00:00Z", "seconds": 3600}]});
        let html = fires(&answer, "Europe/Berlin").into_string();
        for part in [
            "Nominal time (Europe/Berlin)",
            "2026-03-29 02:30:00+01:00",
            "Sun 2026-03-29 03:00 CEST",
            "gap",
            "The clocks go forward by 1 h",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}

//! The list of jobs.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::common::{self, address};
use super::shown;
use crate::api::{Call, Operation};
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::clock;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The filters of the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Filters {
    q: Option<String>,
    scheduled: Option<String>,
    enabled: Option<String>,
    cursor: Option<String>,
}

impl Filters {
    /// Returns the filters with a value.
    fn given(&self) -> Vec<(&'static str, &str)> {
        let all = [("q", &self.q), ("scheduled", &self.scheduled), ("enabled", &self.enabled)];
        let all = all.into_iter().map(|(name, value)| (name, value.as_deref().unwrap_or_default().trim()));
        all.filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// Shows the jobs by id.
pub(in crate::ui) async fn list(Asked(ask, filters): Asked<Filters>) -> Response {
    let page = async {
        let mut call =
            Call::to(&Operation::listJobs, &[]).query("fields", Some("summary")).query("limit", Some(50));
        for (name, value) in filters.given() {
            call = call.query(name, Some(value));
        }
        let jobs = ask.value(call.query("cursor", filters.cursor.as_deref())).await?;
        let here = ask.path(&["jobs"]);
        Ok(ask.page(Section::Jobs, "Jobs", html! {
            div.page-header {
                div.page-title { h1 { "Jobs" } }
                @if ask.may(&Operation::putJob) {
                    div.page-actions { a.button href=(ask.path(&["editor"])) { "New job" } }
                }
            }
            (filter_form(&here, &filters))
            section #live aria-label="Jobs" hx-get="" hx-trigger="every 10s" hx-select="#live" hx-swap="outerMorph" {
                (table(&ask, jobs.list("items"), &filters))
                (show::next_page(&jobs, &address(&here, &filters.given())))
            }
        }))
    };
    shown(&ask, page.await)
}

fn filter_form(here: &str, filters: &Filters) -> Markup {
    let choice = |name: &'static str,
                  label: &'static str,
                  given: &Option<String>,
                  yes: &'static str,
                  no: &'static str| {
        let given = given.as_deref().unwrap_or_default();
        html! {
            label.field-inline {
                span { (label) }
                select name=(name) {
                    option value="" { "All" }
                    option value="true" selected[given == "true"] { (yes) }
                    option value="false" selected[given == "false"] { (no) }
                }
            }
        }
    };
    html! {
        form.toolbar method="get" action=(here) role="search" {
            label.field-inline.grow {
                span { "Id, name or tag (" code { "metadata.tags" } ")" }
                input type="search" name="q" data-search value=(filters.q.as_deref().unwrap_or_default());
            }
            (choice("scheduled", "Schedule", &filters.scheduled, "Scheduled", "On demand"))
            (choice("enabled", "State", &filters.enabled, "Enabled", "Disabled"))
            button.button.plain type="submit" { "Filter" }
        }
    }
}

fn table(ask: &Ask, jobs: &[Value], filters: &Filters) -> Markup {
    let is_filtered = !filters.given().is_empty() || filters.cursor.is_some();
    html! {
        @if jobs.is_empty() && is_filtered {
            (show::empty("No job matches", html! { p { a href=(ask.path(&["jobs"])) { "Show all jobs" } } }))
        } @else if jobs.is_empty() {
            (show::empty("There are no jobs yet", html! {
                @if ask.may(&Operation::putJob) {
                    p { "Write the first one here, or store a file with " code { "stepwell jobs put job.yaml" } "." }
                    p { a.button href=(ask.path(&["editor"])) { "New job" } }
                } @else {
                    p { "An operator can store jobs." }
                }
            }))
        } @else {
            (common::table("Jobs", html! {
                thead { tr {
                    th scope="col" { "Job" } th scope="col" { "Schedule" } th scope="col" { "Zone" }
                    th scope="col" { "Next fire" } th scope="col" { "Last run" } th scope="col" { "State" }
                    th scope="col" { span.visually-hidden { "Actions" } }
                } }
                tbody { @for job in jobs { (row(ask, job)) } }
            }))
        }
    }
}

fn row(ask: &Ask, job: &Value) -> Markup {
    let (id, name) = (job.text("job_id"), job.text("name"));
    let next = ask.path(&["jobs"]);
    let last = job.at("last_run");
    html! {
        tr {
            th scope="row" {
                a href=(ask.path(&["jobs", id])) { (show::text(if name.is_empty() { id } else { name })) }
                @if name != id && !name.is_empty() { br; code.small { (show::text(id)) } }
                @for tag in job.list("tags").iter().filter_map(Value::as_str).take(8) { " " span.tag { (show::text(tag)) } }
            }
            td { @if job.has("schedule") { code { (show::text(job.text("schedule"))) } } @else { span.muted { "On demand" } } }
            td.nowrap { (job.text("timezone")) }
            td { (clock::local(job.text("next"), job.text("timezone"))) }
            td {
                @if last.is_null() { span.muted { "None" } } @else {
                    a href=(ask.path(&["runs", last.text("execution_id")])) { (show::status(last.text("status"))) }
                }
            }
            td {
                @if !job.is("enabled") { span.tag { "Disabled" } }
                @else if job.has("paused") { span.tag title=(show::text(job.text("paused"))) { "Paused" } }
                @else { "Enabled" }
            }
            td {
                div.actions {
                    @if job.is("enabled") {
                        (Button::new(&Operation::runJob, &[id], "Run", next.clone()).done("The run is in its queue.").show(ask))
                    }
                    @if job.has("paused") {
                        (Button::new(&Operation::resumeSchedule, &[id], "Resume", next).done("The schedule is active again.").show(ask))
                    } @else if job.has("schedule") && job.is("enabled") {
                        (Button::new(&Operation::pauseSchedule, &[id], "Pause", next).reason(format!("Pause the schedule of {id}? It starts no runs until it is resumed."))
                            .done("The schedule is paused.").show(ask))
                    }
                }
            }
        }
    }
}

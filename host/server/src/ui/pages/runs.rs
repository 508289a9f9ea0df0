//! The list of runs.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::common::{self, address};
use super::shown;
use crate::api::{Call, Operation};
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
    job_id: Option<String>,
    queue: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
}

impl Filters {
    /// Returns the parameters of the query.
    fn given(&self) -> [(&'static str, &str); 3] {
        [
            ("job_id", self.job_id.as_deref().unwrap_or_default()),
            ("queue", self.queue.as_deref().unwrap_or_default()),
            ("status", self.status.as_deref().unwrap_or_default()),
        ]
    }
}

/// Shows the runs, newest first.
pub(in crate::ui) async fn list(Asked(ask, filters): Asked<Filters>) -> Response {
    let page = async {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let call = Call::to(&Operation::listRuns, &[])
            .query("job_id", given(&filters.job_id))
            .query("queue", given(&filters.queue))
            .query("status", given(&filters.status))
            .query("limit", Some(50))
            .query("cursor", given(&filters.cursor));
        let runs = ask.value(call).await?;
        let here = ask.path(&["runs"]);
        Ok(ask.page(Section::Runs, "Runs", html! {
            div.page-header { div.page-title { h1 { "Runs" } } }
            (filter_form(&here, &filters))
            section #live aria-label="Runs" hx-get="" hx-trigger="every 5s" hx-select="#live" hx-swap="outerHTML" {
                (table(&ask, runs.list("items")))
                (show::next_page(&runs, &address(&here, &filters.given())))
            }
        }))
    };
    shown(&ask, page.await)
}

fn filter_form(here: &str, filters: &Filters) -> Markup {
    let value = |text: &Option<String>| text.clone().unwrap_or_default();
    html! {
        form.toolbar method="get" action=(here) role="search" {
            label.field-inline { span { "Job" } input name="job_id" data-search value=(value(&filters.job_id)); }
            label.field-inline { span { "Queue" } input name="queue" value=(value(&filters.queue)); }
            label.field-inline {
                span { "Status" }
                select name="status" {
                    option value="" { "All" }
                    @for status in stepwell::engine::run::RunStatus::ALL {
                        option value=(status.name()) selected[filters.status.as_deref() == Some(status.name())] { (status.name()) }
                    }
                }
            }
            button.button.plain type="submit" { "Filter" }
        }
    }
}

/// Shows runs as a table.
pub(in crate::ui) fn table(ask: &Ask, runs: &[Value]) -> Markup {
    html! {
        @if runs.is_empty() {
            (show::empty("No runs", html! { p { "No run matches." } }))
        } @else {
            (common::table("Runs", html! {
                thead { tr { th scope="col" { "Run" } th scope="col" { "Job" } th scope="col" { "Status" } th scope="col" { "Queue" } th scope="col" { "Due" } th.number scope="col" { "Duration" } th scope="col" { "Message" } } }
                tbody {
                    @for run in runs {
                        tr {
                            td { a href=(ask.path(&["runs", run.text("execution_id")])) { code { (run.text("execution_id")) } } }
                            td { (show::text(run.text("job_id"))) }
                            td { (show::status(run.text("status"))) }
                            td { (run.text("queue")) }
                            td { (clock::local(run.text("scheduled_time"), run.text("queue"))) }
                            td.number { (show::seconds(run.at("duration_seconds"))) }
                            td { (show::text(run.text("message"))) }
                        }
                    }
                }
            }))
        }
    }
}

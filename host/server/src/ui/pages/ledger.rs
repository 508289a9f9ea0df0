//! The fire ledger: the decision about each fire.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use stepwell::engine::schedule::Decision;

use super::common::{self, address};
use super::schedules::{decision, header};
use super::shown;
use crate::api::{Call, Operation};
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The filters of the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Filters {
    job_id: Option<String>,
    decision: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
}

impl Filters {
    /// Returns the filters that a person can set, by name.
    fn set(&self) -> [(&'static str, &str); 4] {
        let all =
            [("job_id", &self.job_id), ("decision", &self.decision), ("from", &self.from), ("to", &self.to)];
        all.map(|(name, value)| (name, value.as_deref().unwrap_or_default()))
    }
}

/// Lists the ledger, latest fire first.
pub(in crate::ui) async fn page(Asked(ask, filters): Asked<Filters>) -> Response {
    let page = async {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut call = Call::to(&Operation::listLedger, &[]).query("limit", Some(50));
        for (name, value) in filters.set() {
            call = call.query(name, given(value));
        }
        let ledger =
            ask.value(call.query("cursor", given(filters.cursor.as_deref().unwrap_or_default()))).await?;
        let here = ask.path(&["ledger"]);
        Ok(ask.page(Section::Schedules, "Ledger", html! {
            (header(&ask, "ledger", "Ledger", "The decision about each time that a schedule was due, latest first."))
            (form(&here, &filters))
            @if ledger.list("items").is_empty() {
                (show::empty("No fires", html! { p { "No fire matches. The ledger gets a row each time a schedule is due." } }))
            } @else {
                (table(&ask, ledger.list("items")))
                (show::next_page(&ledger, &address(&here, &filters.set())))
            }
        }))
    };
    shown(&ask, page.await)
}

fn form(here: &str, filters: &Filters) -> Markup {
    let [(_, job), (_, decision), (_, from), (_, to)] = filters.set();
    html! {
        form.toolbar method="get" action=(here) role="search" {
            label.field-inline { span { "Job" } input name="job_id" data-search value=(job); }
            label.field-inline {
                span { "Decision" }
                select name="decision" {
                    option value="" { "All" }
                    @for known in Decision::ALL {
                        option value=(known.name()) selected[decision == known.name()] { (known.name()) }
                    }
                }
            }
            label.field-inline { span { "From (UTC)" } input name="from" value=(from) placeholder="2026-11-01"; }
            label.field-inline { span { "To (UTC)" } input name="to" value=(to) placeholder="2026-12-01"; }
            button.button type="submit" { "Filter" }
        }
    }
}

fn table(ask: &Ask, rows: &[Value]) -> Markup {
    html! {
        (common::table("Ledger", html! {
            thead { tr {
                th scope="col" { "Nominal time" } th scope="col" { "Job" } th scope="col" { "Decision" }
                th scope="col" { "Reason" } th scope="col" { "Run" } th scope="col" { "Due" } th scope="col" { "Decided" }
            } }
            tbody {
                @for row in rows {
                    @let run = row.text("execution_id");
                    tr {
                        td.nowrap { (show::text(nominal(row.text("nominal")))) }
                        td { a href=(ask.path(&["schedules", row.text("job_id")])) { (show::text(row.text("job_id"))) } }
                        td { (decision(row.text("decision"), true)) }
                        td { (show::text(row.text("reason"))) }
                        td { @if !run.is_empty() { a href=(ask.path(&["runs", run])) { code { (run) } } } }
                        td { (show::time(row.text("due_at"))) }
                        td { (show::time(row.text("decided_at"))) }
                    }
                }
            }
        }))
    }
}

/// Returns the time in the name of a fire. The name of a fire that came once has the id of its run, too.
pub(super) fn nominal(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

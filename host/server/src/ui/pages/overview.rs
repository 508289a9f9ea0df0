//! The overview of a project.

use axum::response::Response;
use maud::html;

use super::{runs, shown};
use crate::api::{Call, Operation};
use crate::ui::ask::Ask;
use crate::ui::layout::Section;
use crate::ui::value::Parts;

/// Shows the state of a project at one glance.
pub(in crate::ui) async fn page(ask: Ask) -> Response {
    let page = async {
        let call = |status: &str| {
            Call::to(&Operation::listRuns, &[]).query("status", Some(status)).query("limit", Some(10))
        };
        let running = ask.value(call("running")).await?;
        Ok(ask.page(
            Section::Overview,
            "Overview",
            html! {
                div.page-header { div.page-title { h1 { "Overview" } } }
                section { h2 { "Running now" } (runs::table(&ask, running.list("items"))) }
            },
        ))
    };
    shown(&ask, page.await)
}

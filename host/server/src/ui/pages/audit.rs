//! The audit log, and the check of its chain.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::common::{address, facts, header, some, table};
use super::shown;
use crate::api::{AUDIT_ROWS as MOST_READ, Call, Operation};
use crate::ui::asked::Asked;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The number of rows on one page.
const LIMIT: usize = 100;

/// The filters of the list.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::ui) struct Filters {
    by: String,
    action: String,
    target: String,
    cursor: String,
}

/// Shows the audit log, newest first.
pub(in crate::ui) async fn list(Asked(ask, filters): Asked<Filters>) -> Response {
    let page = async {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let call = Call::to(&Operation::listAudit, &[])
            .query("by", given(&filters.by))
            .query("action", given(&filters.action))
            .query("target", given(&filters.target))
            .query("limit", Some(LIMIT))
            .query("cursor", given(&filters.cursor));
        let rows = ask.value(call).await?;
        // The search has ended before the page was full.
        let is_part = rows.has("next_cursor") && rows.list("items").len() < LIMIT;
        let page = ask.path(&["audit"]);
        let here = address(
            &page,
            &[("by", &*filters.by), ("action", &*filters.action), ("target", &*filters.target)],
        );
        let check = html! { a.button.plain href=(ask.path(&["audit", "verify"])) { "Check the log" } };
        let about = "Every change by a person or a program, with the refusals of policy. A chain of hashes shows later changes of the log.";
        Ok(ask.page(
            Section::Audit,
            "Audit",
            html! {
                (header("Audit", &[], about, check))
                (filter_form(&page, &filters))
                (rows_table(rows.list("items"), rows.has("next_cursor")))
                @if is_part {
                    p.muted { "A search reads " (show::count(u64::from(MOST_READ))) " rows at once, and there are older ones." }
                }
                (show::next_part(&rows, &here, if is_part { "Search older rows" } else { "Next page" }))
            },
        ))
    };
    shown(&ask, page.await)
}

fn filter_form(page: &str, filters: &Filters) -> Markup {
    html! {
        form.toolbar method="get" action=(page) role="search" {
            label.field-inline { span { "Who" } input name="by" value=(filters.by) data-search; }
            label.field-inline { span { "Action" } input name="action" value=(filters.action) placeholder="job.put"; }
            label.field-inline { span { "Target" } input name="target" value=(filters.target); }
            button.button.plain type="submit" { "Filter" }
        }
    }
}

fn rows_table(rows: &[Value], has_more: bool) -> Markup {
    if rows.is_empty() {
        return show::empty(
            "No rows",
            html! {
                @if has_more { p { "None of the rows that were searched matches." } }
                @else { p { "No row matches these filters." } }
            },
        );
    }
    table(
        "Audit log",
        html! {
            thead { tr {
                th.number scope="col" { "Row" } th scope="col" { "Time" } th scope="col" { "Who" } th scope="col" { "Action" }
                th scope="col" { "Target" } th scope="col" { "Detail" }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td.number { (row.number("seq")) }
                        td { (show::time(row.text("at"))) }
                        td {
                            @if !row.text("name").is_empty() { (show::text(row.text("name"))) br; }
                            code.muted { (show::text(row.text("by"))) }
                        }
                        th scope="row" { code { (show::text(row.text("action"))) } }
                        td { (show::text(row.text("target"))) }
                        td { (show::text(row.text("detail"))) }
                    }
                }
            }
        },
    )
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::ui) struct Expected {
    expect: String,
}

/// Checks the chain of the audit log.
pub(in crate::ui) async fn verify(Asked(ask, Expected { expect }): Asked<Expected>) -> Response {
    let page = async {
        let wanted = (!expect.trim().is_empty()).then(|| expect.trim().to_owned());
        let report = ask.value(Call::to(&Operation::verifyAudit, &[]).query("expect", wanted)).await?;
        let above = [("Audit", ask.path(&["audit"]))];
        let about =
            "Each row has a hash over itself and the row before it. The check computes all of them again.";
        Ok(ask.page(Section::Audit, "Check of the audit log", html! {
            (header("Check of the audit log", &above, about, html! {}))
            (verdict(&report))
            section.card aria-labelledby="figures" {
                h2 #figures { "Result" }
                (facts(&[
                    ("Checked rows", Some(html! { (show::count(report.number("rows"))) })),
                    ("Rows that the retention removed", Some(html! { (show::count(report.number("removed"))) })),
                    ("Rows outside the chain", Some(html! { (show::count(report.number("open"))) })),
                    ("Expected row", some(report.text("expected"))),
                    ("Head", Some(html! { code { (report.text("head")) } })),
                ]))
                p.hint { "Save the head at another place. A later check that expects it shows whether this log was replaced." }
            }
            form.toolbar method="get" action=(ask.path(&["audit", "verify"])) {
                label.field-inline.grow { span { "Expected head of an earlier check" } input name="expect" value=(expect); }
                button.button type="submit" { "Check again" }
            }
        }))
    };
    shown(&ask, page.await)
}

fn verdict(report: &Value) -> Markup {
    let place = match (report.has("broken.seq"), report.number("broken.after")) {
        (true, _) => format!("row {}", report.number("broken.seq")),
        (false, 0) => format!("number {} of the chain", report.number("broken.number")),
        (false, after) => format!("the row after {after}"),
    };
    html! {
        @if report.is("intact") {
            div.alert data-kind="success" role="status" { p { "The audit log is intact." } }
        } @else {
            div.alert data-kind="error" role="alert" {
                p { strong { "The audit log is broken at " (place) ": " (show::text(report.text("broken.why"))) } }
                p { (show::text(report.text("broken.help"))) }
            }
        }
    }
}

//! The versions of a job, and their differences.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::written;
use crate::api::{Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::pages::common;
use crate::ui::pages::shown;
use crate::ui::value::Parts;
use crate::ui::{diff, show};

/// The compared versions: the latest and the one before it, unless they are given.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Compared {
    from: Option<u64>,
    to: Option<u64>,
}

/// Returns the text of a version: the text of its author, if it is known.
pub(super) fn text_of(version: &Value) -> String {
    match version.at("source").as_str() {
        Some(source) => source.to_owned(),
        None => written(version.at("job")),
    }
}

/// Returns a version of a job whose latest version is known.
pub(super) async fn read(ask: &Ask, id: &str, version: u64, latest: u64) -> Result<Value, Problem> {
    let found = ask.get(&Operation::getJobVersion, &[id, &version.to_string()]).await;
    found.map_err(|problem| match problem.status == StatusCode::NOT_FOUND.as_u16() {
        true if (1..=latest).contains(&version) => Problem::new(
            StatusCode::NOT_FOUND,
            format!("version {version} is not stored any more: the last 50 versions stay"),
        ),
        true => Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no version {version}: the versions are 1 to {latest}"),
        ),
        false => problem,
    })
}

/// Shows the versions of a job.
pub(in crate::ui) async fn page(
    Asked(ask, compared): Asked<Compared>,
    Path((_, id)): Path<(String, String)>,
) -> Response {
    let page =
        async {
            let versions = ask.get(&Operation::listJobVersions, &[&id]).await?;
            let all = versions.list("items");
            let number = |index: usize| all.get(index).map(|version| version.number("version"));
            let to = compared.to.or(number(0)).unwrap_or(1);
            let before = all.iter().map(|version| version.number("version")).find(|version| *version < to);
            let from = compared.from.or(before).unwrap_or(to);
            let latest = number(0).unwrap_or(1);
            let old = read(&ask, &id, from, latest).await?;
            let new = read(&ask, &id, to, latest).await?;
            Ok(ask.page(Section::Jobs, &format!("Versions of {id}"), html! {
            div.page-header {
                nav.crumbs aria-label="Breadcrumbs" {
                    ol {
                        li { a href=(ask.path(&["jobs"])) { "Jobs" } }
                        li { a href=(ask.path(&["jobs", &id])) { (show::text(&id)) } }
                        li { "Versions" }
                    }
                }
                div.page-title { h1 { "Versions of " (show::text(&id)) } }
                p { "The last 50 versions stay. Version " (to) " is compared with version " (from) "." }
            }
            section.card aria-labelledby="differences" {
                div.card-header {
                    h2 #differences { "Differences" }
                    (choice(&ask, &id, all, (from, to)))
                }
                (diff::shown(&text_of(&old), &text_of(&new), "Differences of the versions"))
            }
            section.card aria-labelledby="versions" {
                h2 #versions { "Versions" }
                (table(&ask, &id, all))
            }
        }))
        };
    shown(&ask, page.await)
}

fn choice(ask: &Ask, id: &str, all: &[Value], (from, to): (u64, u64)) -> Markup {
    let select = |name: &'static str, label: &'static str, chosen: u64| {
        html! {
            label.field-inline {
                span { (label) }
                select name=(name) {
                    @for version in all {
                        @let number = version.number("version");
                        option value=(number) selected[number == chosen] { (number) }
                    }
                }
            }
        }
    };
    html! {
        form.toolbar method="get" action=(ask.path(&["jobs", id, "versions"])) {
            (select("from", "From", from))
            (select("to", "To", to))
            button.button.plain type="submit" { "Compare" }
        }
    }
}

fn table(ask: &Ask, id: &str, all: &[Value]) -> Markup {
    let here = ask.path(&["jobs", id, "versions"]);
    html! {
        (common::table("Versions", html! {
            thead { tr { th scope="col" { "Version" } th scope="col" { "Stored" } th scope="col" { "By" } th.number scope="col" { "Size" } th scope="col" { span.visually-hidden { "Actions" } } } }
            tbody {
                @for version in all {
                    @let number = version.number("version");
                    @let by = if version.text("name").is_empty() { version.text("by") } else { version.text("name") };
                    tr {
                        th scope="row" { a href={ (here) "?to=" (number) } { "Version " (number) } }
                        td { (show::time(version.text("at"))) }
                        td { @if by.is_empty() { span.muted { "Unknown" } } @else { span title=(show::text(version.text("by"))) { (show::text(by)) } } }
                        td.number { (show::bytes(version.number("bytes"))) }
                        td {
                            div.actions {
                                @if ask.may(&Operation::putJob) {
                                    a.button.plain.small href={ (ask.path(&["jobs", id, "edit"])) "?version=" (number) } { "Edit from here" }
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

//! Parts that several pages share.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use crate::api::Problem;
use crate::ui::ask::Ask;
use crate::ui::flash::Flash;
use crate::ui::login::local;
use crate::ui::show;

/// Shows the header of a page: its title, the pages above it, and a sentence about it.
pub(super) fn header(title: &str, above: &[(&str, String)], about: &str, actions: Markup) -> Markup {
    html! {
        div.page-header {
            @if !above.is_empty() {
                nav.crumbs aria-label="Above this page" {
                    ol { @for (name, address) in above { li { a href=(address) { (show::text(name)) } } } }
                }
            }
            div.page-title { h1 { (show::text(title)) } }
            div.page-actions { (actions) }
            @if !about.is_empty() { p { (about) } }
        }
    }
}

/// Shows a problem of a form, with the places of its texts.
pub(super) fn alert(problem: &Problem) -> Markup {
    html! {
        div.alert data-kind="error" role="alert" {
            p { (show::text(&problem.detail)) }
            @if !problem.errors.is_empty() {
                ul {
                    @for place in problem.errors.iter().take(50) {
                        li {
                            @if place.line > 0 { "Line " (place.line) ", column " (place.column) ": " }
                            (show::text(&place.message))
                            @if let Some(help) = &place.help { " (" (show::text(help)) ")" }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the address of a page with those parts of a query that have a text.
pub(super) fn address(page: &str, query: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        text.append_pair(name, value);
    }
    let query = text.finish();
    if query.is_empty() { page.to_owned() } else { format!("{page}?{query}") }
}

/// Leads to a page of this service, which shows the result of a change.
pub(super) fn lead(next: &str, is_problem: bool, text: impl Into<String>) -> Response {
    let mut response = Redirect::to(local(next)).into_response();
    Flash { is_problem, text: text.into() }.add(&mut response);
    response
}

/// Gives a page that shows a refused form again the status of its problem: 422 when the content of the form is wrong.
pub(super) fn refused(mut page: Response, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_wrong = status == StatusCode::BAD_REQUEST;
    *page.status_mut() = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { status };
    // A script gets it as JSON.
    page.extensions_mut().insert(problem.clone());
    page
}

/// The fields of a form that every change needs.
pub(super) fn hidden(ask: &Ask, next: &str) -> Markup {
    html! {
        input type="hidden" name="csrf" value=(ask.csrf);
        @if !next.is_empty() { input type="hidden" name="_next" value=(next); }
    }
}

/// The role and the label of a table that scrolls, so that the keyboard reaches it.
pub(super) fn table(label: &str, content: Markup) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="region" aria-label={ "Table: " (label) } { table.table { (content) } }
    }
}

/// Shows pairs of a name and a value. A pair without a value is absent.
pub(super) fn facts(pairs: &[(&str, Option<Markup>)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in pairs {
                @if let Some(value) = value { dt { (name) } dd { (value) } }
            }
        }
    }
}

/// Returns a text as markup, or nothing for an empty text.
pub(super) fn some(text: &str) -> Option<Markup> {
    (!text.is_empty()).then(|| html! { (show::text(text)) })
}

/// The values of a select: each with its label.
pub(super) fn options(all: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        @for (value, label) in all { option value=(value) selected[*value == chosen] { (label) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::ROOT;

    #[test]
    fn an_address_has_the_filters_that_are_set() {
        assert_eq!(address("/ui/x", &[("a", ""), ("b", "")]), "/ui/x");
        assert_eq!(address("/ui/x", &[("a", "1 &"), ("b", ""), ("c", "ü")]), "/ui/x?a=1+%26&c=%C3%BC");
    }

    #[test]
    fn a_change_leads_to_pages_of_this_service_only() {
        for (next, page) in [
            ("/ui/p/a/steps", "/ui/p/a/steps"),
            ("https://evil.example", ROOT),
            ("/ui//x", ROOT),
            ("/ui/\r\nx", ROOT),
        ] {
            let response = lead(next, false, "done");
            assert_eq!(response.headers()["location"], page, "{next:?}");
        }
    }
}

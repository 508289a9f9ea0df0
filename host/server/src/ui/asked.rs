//! The parts of an address that a page takes. An address that a page cannot use leads to a page that says why.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stepwell::engine::document::cut;

use super::ask::Ask;
use super::{Ui, layout};
use crate::api::Problem;

/// The maximum number of characters of a name that an error repeats.
const NAME: usize = 40;

/// A person's view of a project, and the parameters of the page. The page refuses a parameter that it does not have.
pub(super) struct Asked<T>(pub Ask, pub T);

impl<T: DeserializeOwned> FromRequestParts<Ui> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Response> {
        let ask = Ask::with_any_query(parts, ui).await?;
        match parameters(parts) {
            Ok(parameters) => Ok(Self(ask, parameters)),
            Err(problem) => Err(layout::problem(&problem, Some(&ask))),
        }
    }
}

/// The parameters of a page that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The names in a path.
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Ui> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Response> {
        match axum::extract::Path::<T>::from_request_parts(parts, ui).await {
            Ok(path) => Ok(Self(path.0)),
            Err(_) => Err(layout::problem(&unreadable(), None)),
        }
    }
}

/// Returns the problem of a path that is no text.
pub(super) fn unreadable() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "the address of this page has bytes that are not UTF-8")
}

/// Reads the parameters in the address of a page.
pub(super) fn parameters<T: DeserializeOwned>(parts: &Parts) -> Result<T, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(unreadable());
    }
    let mut seen: Vec<String> = Vec::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        if seen.iter().any(|seen| *seen == name) {
            return Err(Problem::bad_request(format!("the address has `{}` twice", cut(&name, NAME))));
        }
        seen.push(cut(&name, NAME));
    }
    let read = Query::<T>::try_from_uri(&parts.uri);
    read.map(|query| query.0).map_err(|error| Problem::bad_request(worded(&error.body_text())))
}

/// Returns the words for an error of the reader.
fn worded(error: &str) -> String {
    let error = error.strip_prefix("Failed to deserialize query string: ").unwrap_or(error);
    if let Some((_, unknown)) = error.split_once("unknown field `") {
        let (name, known) = unknown.split_once('`').unwrap_or((unknown, ""));
        let known = known.trim_start_matches([',', ' ']);
        let known = match known.strip_prefix("expected one of ").or_else(|| known.strip_prefix("expected ")) {
            Some(names) => format!("it has {names}"),
            None => "it has none".to_owned(),
        };
        return format!("this page has no parameter `{}`: {known}", cut(name, NAME));
    }
    match error.split_once(": ") {
        Some((name, why)) => format!("the parameter `{}` must be {}", cut(name, NAME), accepted(why)),
        None => "the parameters of the page cannot be read".to_owned(),
    }
}

/// Returns the values that a parameter accepts, for the reason of the reader, whose words are for programmers.
fn accepted(why: &str) -> &'static str {
    if why.contains("`true` or `false`") {
        "`true` or `false`"
    } else if why.contains("too large") {
        "a smaller number"
    } else {
        "a whole number that is not negative"
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Filters {
        from: Option<u64>,
        name: Option<String>,
        all: Option<bool>,
    }

    fn read<T: DeserializeOwned>(query: &str) -> Result<T, String> {
        let (parts, ()) = Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        parameters(&parts).map_err(|problem| problem.detail)
    }

    #[test]
    fn an_address_has_the_parameters_of_its_page_once() {
        for (query, error) in [
            ("limit=-1", "this page has no parameter `limit`: it has `from`, `name`, `all`"),
            ("from=abc", "the parameter `from` must be a whole number that is not negative"),
            ("from=-1", "the parameter `from` must be a whole number that is not negative"),
            ("from=", "the parameter `from` must be a whole number that is not negative"),
            ("from=99999999999999999999", "the parameter `from` must be a smaller number"),
            ("all=yes", "the parameter `all` must be `true` or `false`"),
            ("from=1&from=2", "the address has `from` twice"),
            ("name=%ff", "the address of this page has bytes that are not UTF-8"),
        ] {
            assert_eq!(read::<Filters>(query).unwrap_err(), error, "{query}");
        }
        let long = read::<Filters>(&format!("{}=1", "x".repeat(5_000))).unwrap_err();
        assert!(long.len() < 200, "{long}");
        assert_eq!(
            read::<Nothing>("a=1").err().as_deref(),
            Some("this page has no parameter `a`: it has none")
        );
        let filters = Filters { from: Some(1), name: Some("ü".to_owned()), all: None };
        assert_eq!(read::<Filters>("from=1&name=%C3%BC"), Ok(filters));
    }
}

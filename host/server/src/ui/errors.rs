//! Errors of pages: a person sees a page, and a script gets a problem as JSON.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::{BodyExt, Limited};

use super::layout;
use crate::api::{Problem, changes};

/// The maximum size of an error that becomes a page.
const MOST: usize = 64 << 10;

/// Says that there is no such page. An address with slashes at its end leads to the one without them.
pub(super) async fn no_page(method: Method, uri: Uri) -> Response {
    let page = uri.path().trim_end_matches('/');
    if page.len() < uri.path().len() && !changes(&method) {
        let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
        return Redirect::permanent(&format!("{page}{query}")).into_response();
    }
    nowhere()
}

/// Returns the page that says that there is no such page.
pub(super) fn nowhere() -> Response {
    layout::problem(&Problem::new(StatusCode::NOT_FOUND, "there is no page at this address"), None)
}

/// Says that an address is not for this method.
pub(super) async fn no_method() -> Response {
    let detail = "this address is not a page: the buttons and forms of pages send their changes to it";
    layout::problem(&Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail), None)
}

/// Shows the errors that are no pages yet, such as those of the framework, as pages.
pub(super) async fn shown(request: Request, next: Next) -> Response {
    let is_for_script = is_for_script(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let wanted = if is_for_script { "application/problem+json" } else { "text/html; charset=utf-8" };
    // The answer for the script of a form has its own shape.
    if !is_error || is(&response, wanted) || is(&response, "application/json") {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let problem = match parts.extensions.remove::<Problem>() {
        Some(problem) => problem,
        None => problem(status, body).await,
    };
    let mut shown = if is_for_script { problem.into_response() } else { layout::problem(&problem, None) };
    let own = [header::CONTENT_TYPE, header::CONTENT_LENGTH];
    for (name, value) in parts.headers.iter().filter(|(name, _)| !own.contains(name)) {
        shown.headers_mut().append(name, value.clone());
    }
    shown
}

/// Returns whether a script sends the request: it accepts JSON or a stream, and no page.
pub(super) fn is_for_script(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    !accepts.contains("text/html") && !accepts.contains("*/*")
}

fn is(response: &Response, kind: &str) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == kind)
}

/// Returns the problem in the body of an error.
async fn problem(status: StatusCode, body: Body) -> Problem {
    let body = Limited::new(body, MOST).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let read = serde_json::from_slice(&body).ok();
    read.unwrap_or_else(|| {
        let detail = match status {
            StatusCode::NOT_FOUND => "there is no page at this address",
            StatusCode::UNAUTHORIZED => "the session has ended: log in again",
            StatusCode::FORBIDDEN => "the page is out of date: load it again, and repeat the change",
            _ => "the request cannot be read",
        };
        Problem::new(status, detail)
    })
}

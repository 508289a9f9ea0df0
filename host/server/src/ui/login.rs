//! Logging in and out.

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use stepwell::Holder;

use super::guard::{Fields, Visitor, login_fields, visitor};
use super::{ROOT, Ui, asked, layout, openid, words};
use crate::api::{self, Problem};

/// The names of the cookie with the token of the session: over TLS, browsers accept the second name only from this
/// very host.
const COOKIES: [&str; 2] = ["stepwell_session", "__Host-stepwell_session"];

/// Returns the token of the session in a request.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.filter(|(name, value)| COOKIES.contains(name) && !value.is_empty());
    // The name of a cookie that came over TLS is the longer one.
    found.max_by_key(|(name, _)| name.len()).map(|(_, value)| value.to_owned())
}

/// Returns whether the browser reaches the service over TLS: a proxy in front of it says so, or the configuration.
pub(super) fn is_secure(ui: &Ui, parts: &Parts) -> bool {
    let is_forwarded = api::is_behind_proxy(&ui.app, parts)
        && parts.headers.get("x-forwarded-proto").is_some_and(|value| value == "https");
    is_forwarded || openid::is_public(ui, &parts.headers)
}

/// Adds the cookie of a session to a response.
pub(super) fn set_cookie(response: &mut Response, token: &str, secure: bool) {
    let (name, more) = if secure { (COOKIES[1], "; Secure") } else { (COOKIES[0], "") };
    let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{more}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Next {
    #[serde(default)]
    pub next: String,
    /// Whether a person of the provider has just logged out.
    #[serde(default)]
    pub left: bool,
}

/// Returns the page of this service to which a login leads.
pub(super) fn local(next: &str) -> &str {
    let is_page = next == ROOT || next.starts_with("/ui/p/");
    let is_local = is_page && ["//", "/..", "\\"].iter().all(|part| !next.contains(part));
    if is_local && next.bytes().all(|byte| byte.is_ascii_graphic()) { next } else { ROOT }
}

/// The beginning of every API key.
const PREFIX: &str = "sw_";

/// Shows the form of the login.
pub(super) async fn page(State(ui): State<Ui>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Next { next, left } = match asked::parameters(&parts) {
        Ok(next) => next,
        Err(problem) => return layout::problem(&problem, None),
    };
    if let Ok(Some(_)) = visitor(&ui, &parts).await {
        return Redirect::to(local(&next)).into_response();
    }
    let farewell = if left {
        openid::farewell(&ui).await
    } else {
        html! {}
    };
    layout::bare("Log in", StatusCode::OK, html! { (farewell) (form(&ui, &next, None)) })
}

/// Shows the ways to log in.
pub(super) fn form(ui: &Ui, next: &str, problem: Option<&str>) -> Markup {
    let is_only = !openid::is_there(ui);
    html! {
        h1 { "Log in to Stepwell" }
        @if let Some(problem) = problem {
            div.alert data-kind="error" role="alert" { (words::marked(problem)) }
        }
        (openid::button(ui, next))
        form.form method="post" action={ (ROOT) "/login" } {
            input type="hidden" name="next" value=(next);
            div.field {
                label for="key" { "API key" }
                input #key name="key" type="password" autocomplete="current-password" required autofocus[is_only]
                    aria-describedby="key-hint" placeholder="sw_…";
                p.hint #key-hint {
                    "The first key is in the file that " code { "stepwell serve" } " names at its first start. "
                    code { "stepwell keys create NAME --role operator" } " makes another one."
                }
            }
            button.button type="submit" { "Log in" }
        }
    }
}

/// Checks a key, and opens a session.
pub(super) async fn log_in(State(ui): State<Ui>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let fields = match login_fields(body).await {
        Ok(fields) => fields,
        Err(problem) => return layout::problem(&problem, None),
    };
    if let Err(problem) = fields.only(&["key", "next"]) {
        return layout::problem(&problem, None);
    }
    let (key, next) = (fields.get("key").trim(), local(fields.get("next")));
    match open(&ui, &parts, key).await {
        Ok(token) => logged_in(&ui, &parts, next, &token),
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
            let is_missing = !key.starts_with(PREFIX) && status == StatusCode::UNAUTHORIZED;
            let said = if is_missing { "Enter an API key: it begins with sw_." } else { &problem.detail };
            again(&ui, status, next, said)
        }
    }
}

/// Opens a session for the holder of a key, and returns its token. The session of a provider's token would outlive
/// it: people with tokens log in at the provider.
pub(super) async fn open(ui: &Ui, parts: &Parts, key: &str) -> Result<String, Problem> {
    let client = api::client(&ui.app, parts);
    let who = api::bearer(&ui.app, Some(key).filter(|key| key.starts_with(PREFIX)), client.0).await?;
    let (_, token) = ui.app.host.sessions().open(&who).await?;
    Ok(token)
}

/// Leads to the page after the login, with the cookie of the session.
pub(super) fn logged_in(ui: &Ui, parts: &Parts, next: &str, token: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    set_cookie(&mut response, token, is_secure(ui, parts));
    response
}

/// Shows the form of the login again, with a problem.
pub(super) fn again(ui: &Ui, status: StatusCode, next: &str, said: &str) -> Response {
    layout::bare("Log in", status, form(ui, next, Some(said)))
}

/// Ends the session.
pub(super) async fn log_out(
    State(ui): State<Ui>,
    Extension(Visitor { session, who, token }): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
) -> Response {
    if let Err(problem) = fields.only(&[]) {
        return layout::problem(&problem, None);
    }
    if let Err(error) = ui.app.host.sessions().close(&token, &who).await {
        return layout::problem(&Problem::from(error), None);
    }
    let is_person = matches!(session.holder, Holder::Person { .. });
    let left = if is_person { "?left=true" } else { "" };
    let mut response = Redirect::to(&format!("{ROOT}/login{left}")).into_response();
    for name in COOKIES {
        let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
        let gone = format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}");
        if let Ok(value) = HeaderValue::from_str(&gone) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// Leads to the overview of the person's first project.
pub(super) async fn home(State(ui): State<Ui>, Extension(visitor): Extension<Visitor>) -> Response {
    let projects = ui.app.host.sessions().projects(&visitor.who);
    let named = projects.iter().find(|(name, _)| name == "default").or(projects.first());
    match named {
        Some((project, _)) => Redirect::to(&format!("{ROOT}/p/{project}")).into_response(),
        None => {
            let detail = "you have no role in any project: ask an administrator for one";
            layout::problem(&Problem::new(StatusCode::FORBIDDEN, detail), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_pages_of_this_service_only() {
        for (next, page) in [
            ("/ui/p/default/runs?status=failed", "/ui/p/default/runs?status=failed"),
            ("https://evil.example/ui", ROOT),
            ("//evil.example", ROOT),
            ("/ui//evil.example", ROOT),
            ("/uievil", ROOT),
            ("/ui/p/../evil", ROOT),
            ("/ui/logout", ROOT),
            ("/\\evil.example", ROOT),
            ("/ui/\r\nset-cookie: x", ROOT),
            ("", ROOT),
        ] {
            assert_eq!(local(next), page, "{next}");
        }
    }

    #[test]
    fn the_session_is_in_one_of_two_cookies() {
        for (sent, token) in [
            ("stepwell_session=a", Some("a")),
            ("x=1; stepwell_session=a; __Host-stepwell_session=b", Some("b")),
            ("stepwell_session=", None),
            ("other_stepwell_session=a", None),
        ] {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(sent).unwrap())]);
            assert_eq!(cookie(&headers).as_deref(), token, "{sent}");
        }
    }
}

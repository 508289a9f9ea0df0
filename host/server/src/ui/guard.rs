//! The checks before a page: the address of the request, the session, and the token of a change.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use stepwell::engine::document::cut;
use stepwell::{Identity, Session};

use super::{ROOT, Ui, csrf, errors, layout, login};
use crate::api::{self, MAX_BODY, Problem, changes};

/// The person of a request.
#[derive(Clone)]
pub(super) struct Visitor {
    pub session: Session,
    pub who: Identity,
    /// The token of the session.
    pub token: String,
}

/// The fields that the form of an address has.
#[derive(Clone, Copy)]
pub(super) struct Known(pub &'static [&'static str]);

/// The fields of a form.
#[derive(Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the body of a form.
    pub fn read(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    #[cfg(test)]
    pub fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns the first value of a field, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Refuses a field that the form does not have, and one that comes twice. A known name may end with `*`, which stands
    /// for the rest of the name, and then with `+`: the field may come several times. Every form has the token.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let refuse = |detail: String| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        let mut seen = BTreeSet::new();
        for (name, _) in self.iter().filter(|(name, _)| *name != TOKEN) {
            let Some(known) = known.iter().find(|known| is_called(known, name)) else {
                return Err(no_field(name, known));
            };
            if !seen.insert(name) && !known.ends_with('+') {
                return refuse(format!("the field `{}` of this form came twice", cut(name, NAME)));
            }
        }
        Ok(())
    }
}

/// The field with the token of the session.
const TOKEN: &str = "csrf";
/// The maximum number of characters of a name that an error repeats.
const NAME: usize = 40;

/// Returns the refusal of a field that a form does not have.
pub(super) fn no_field(name: &str, known: &[&str]) -> Problem {
    let names: Vec<String> = known.iter().map(|known| format!("`{}`", shown(known))).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let detail = format!("this form has no field `{}`: it has {names}", cut(name, NAME));
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// Returns whether a field has a known name.
fn is_called(known: &str, name: &str) -> bool {
    let known = known.trim_end_matches('+');
    known.strip_suffix('*').map_or(known == name, |start| name.starts_with(start))
}

/// Returns a known name for people.
fn shown(known: &str) -> String {
    known.trim_end_matches('+').replace('*', "NAME")
}

/// The maximum size of the body of a login.
const LOGIN: usize = 16 << 10;

/// Adds the headers that protect pages: scripts and styles come from this service only, no other site shows a page in
/// a frame, and no page tells another site its address.
pub(super) async fn protect(mut response: Response) -> Response {
    const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
        connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        // An image of a step has a stricter policy of its own.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses requests under a wrong name, changes that another site causes, and large bodies of strangers.
pub(super) async fn admit(State(ui): State<Ui>, request: Request<Body>, next: Next) -> Response {
    if let Some(refused) = api::refused(&ui.app, &request) {
        return refused;
    }
    if changes(request.method()) && is_from_elsewhere(request.headers()) {
        let problem = Problem::new(StatusCode::FORBIDDEN, "the request comes from a page of another site");
        return layout::problem(&problem, None);
    }
    next.run(request).await
}

/// Returns whether a browser says that a page of another site sends the request.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let host = text("host").unwrap_or_default();
    text("origin").is_some_and(|origin| origin.split_once("://").is_none_or(|(_, own)| own != host))
}

/// Lets people with a session pass. A change must repeat the session's token for changes.
pub(super) async fn signed_in(State(ui): State<Ui>, request: Request<Body>, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let visitor = match visitor(&ui, &parts).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return to_login(&parts),
        Err(problem) => return layout::problem(&problem, None),
    };
    let mut body = body;
    if changes(&parts.method) {
        let mut bytes = Bytes::new();
        // The API reads a component, within its own bounds. The token is in a header.
        if !is_component(&parts.headers) {
            bytes = match read(body, MAX_BODY).await {
                Ok(bytes) => bytes,
                Err(problem) => return layout::problem(&problem, None),
            };
            body = Body::from(bytes.clone());
        }
        let is_form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let fields = if is_form { Fields::read(&bytes) } else { Fields::default() };
        let sent = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        if !csrf::is_form_of(sent.unwrap_or_else(|| fields.get(TOKEN)), &visitor.session.csrf) {
            api::drain(&parts, body);
            let detail = "the page is out of date: load it again, and repeat the change";
            return layout::problem(&Problem::new(StatusCode::FORBIDDEN, detail), None);
        }
        parts.extensions.insert(fields);
    }
    let renewed = match is_used(&parts.headers) {
        true => ui.app.host.sessions().rotate(&visitor.session, &visitor.token).await.ok().flatten(),
        false => None,
    };
    let secure = login::is_secure(&ui, &parts);
    parts.extensions.insert(visitor);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(token) = renewed {
        login::set_cookie(&mut response, &token, secure);
    }
    response
}

/// Returns whether the body of a request is the component of a step.
fn is_component(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/wasm")
}

/// Reads a body in bounded time.
async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    match tokio::time::timeout(api::BODY, api::whole_body(body, most)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time")),
    }
}

/// Reads the form of a login.
pub(super) async fn login_fields(body: Body) -> Result<Fields, Problem> {
    Ok(Fields::read(&read(body, LOGIN).await?))
}

/// Returns the person of a request, if the session has not ended.
pub(super) async fn visitor(ui: &Ui, parts: &Parts) -> Result<Option<Visitor>, Problem> {
    let Some(token) = login::cookie(&parts.headers) else { return Ok(None) };
    let client = api::client(&ui.app, parts);
    let found = api::session(&ui.app, &token, client.0, is_used(&parts.headers)).await?;
    Ok(found.map(|(session, who)| Visitor { session, who, token }))
}

/// Returns whether a person caused the request, and not a page that renews itself.
fn is_used(headers: &HeaderMap) -> bool {
    !headers.contains_key("hx-request")
}

/// Sends a person without a session to the login, and back afterwards. A page that sends a change or renews itself
/// stays, since a person may have written something there.
fn to_login(parts: &Parts) -> Response {
    if changes(&parts.method) || !is_used(&parts.headers) || errors::is_for_script(&parts.headers) {
        let detail = "the session has ended, and nothing was changed: log in in another tab, go back in this one, \
            and repeat the change";
        return layout::problem(&Problem::new(StatusCode::UNAUTHORIZED, detail), None);
    }
    let path = parts.uri.path_and_query().map_or(ROOT, |path| path.as_str());
    let next: String = api::encoded(path).collect();
    Redirect::to(&format!("{ROOT}/login?next={next}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_own_fields_and_each_once() {
        let known = ["name", "ids+", "var:*"];
        for (body, problem) in [
            ("csrf=x&name=a&ids=1&ids=2&var:a=1&var:b=", None),
            ("", None),
            ("expires=1", Some("this form has no field `expires`: it has `name`, `ids`, `var:NAME`")),
            ("name+=a", Some("this form has no field `name `: it has `name`, `ids`, `var:NAME`")),
            ("name=a&name=b", Some("the field `name` of this form came twice")),
            ("var:a=1&var:a=2", Some("the field `var:a` of this form came twice")),
        ] {
            let found = Fields::read(body.as_bytes()).only(&known).map_err(|problem| problem.detail);
            assert_eq!(found.err().as_deref(), problem, "{body}");
        }
        let found = Fields::read(b"x=1").only(&[]).map_err(|problem| problem.detail);
        assert_eq!(found.err().as_deref(), Some("this form has no field `x`: it has none"));
        let any = Fields::read(b"_parameter=a&_parameter=b&reason=x");
        assert!(any.only(&["*+"]).is_ok());
    }
}

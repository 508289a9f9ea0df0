//! Logging in at the OpenID provider.
//!
//! A login that has begun is in a cookie of its browser, which scripts cannot read. The service has no memory of it,
//! so strangers who begin logins take nothing from others, and every node can finish it. A login that opened a session
//! is in the store, and opens no other one.

use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use percent_encoding::percent_decode_str;
use stepwell::Opened;
use stepwell::engine::clock::Timestamp;
use url::{Position, Url};

use super::login::{self, Next, local};
use super::{ROOT, Ui, errors, layout, show};
use crate::api::oidc::{Begun, Error, Provider, Returned};
use crate::api::{self, Problem};

/// The beginnings of the names of cookies with logins: over TLS, browsers accept the second one only from this very
/// host.
const COOKIES: [&str; 2] = ["stepwell_login_", "__Host-stepwell_login_"];
/// The time for which a person may take at the provider, in seconds.
const LIFE: i64 = 600;
/// The maximum difference between the clocks of two nodes, in seconds.
const SKEW: i64 = 60;
/// The maximum number of logins of one browser at one time. A further one ends the oldest.
const MOST: usize = 5;
/// The maximum bytes of the address to which a login leads.
const MAX_NEXT: usize = 600;

/// Returns the provider, if people log in there.
fn provider(ui: &Ui) -> Option<&Provider> {
    ui.app.oidc.as_ref().filter(|provider| provider.login().is_some())
}

/// Returns whether a browser has sent the request to the public URL of the service, over TLS.
pub(super) fn is_public(ui: &Ui, headers: &HeaderMap) -> bool {
    let url = provider(ui).and_then(Provider::login).and_then(|login| Url::parse(&login.public_url).ok());
    let Some(url) = url.filter(|url| url.scheme() == "https") else { return false };
    let own = &url[Position::BeforeHost..Position::AfterPort];
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    host.is_some_and(|host| host.eq_ignore_ascii_case(own))
}

/// Shows the button of the login.
pub(super) fn button(ui: &Ui, next: &str) -> Markup {
    let Some(provider) = provider(ui) else { return html! {} };
    let base = provider.login().map_or("", |login| login.public_url.trim_end_matches('/'));
    let next: String = api::encoded(local(next)).collect();
    html! {
        p { a.button href={ (base) (ROOT) "/login/openid?next=" (next) } { "Log in with " (show::text(&provider.name())) } }
        p.muted { "Or use an API key:" }
    }
}

/// Returns whether people log in at a provider.
pub(super) fn is_there(ui: &Ui) -> bool {
    provider(ui).is_some()
}

/// Says that the person has logged out here, and shows the way to log out at the provider.
pub(super) async fn farewell(ui: &Ui) -> Markup {
    let Some(provider) = provider(ui) else { return html! {} };
    let page = provider.log_out_page(ui.app.host.now()).await;
    html! {
        div.alert data-kind="success" role="status" {
            p { "You have logged out of Stepwell." }
            @if let Some(page) = page {
                p { a href=(page.as_str()) { "Log out of " (show::text(&provider.name())) ", too" } }
            }
        }
    }
}

/// A login that has begun in this browser.
struct Kept {
    /// The name of its cookie.
    cookie: String,
    begun: Begun,
    /// The time at which it began, in seconds. Only the browser could change it, to its own disadvantage.
    at: i64,
    next: String,
}

impl Kept {
    fn read(cookie: &str, value: &str) -> Option<Self> {
        let mut parts = value.splitn(5, '.');
        let mut part = || parts.next().map(str::to_owned);
        let begun =
            Begun { state: part().filter(|state| !state.is_empty())?, nonce: part()?, verifier: part()? };
        let at = part()?.parse().ok()?;
        let next = percent_decode_str(&part()?).decode_utf8().ok()?.into_owned();
        Some(Self { cookie: cookie.to_owned(), begun, at, next })
    }

    /// Returns the logins of a browser in cookies whose names begin like that, the oldest first.
    fn all(headers: &HeaderMap, start: &str) -> Vec<Self> {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let own = pairs.filter(|(name, _)| name.starts_with(start));
        let mut found: Vec<Self> = own.filter_map(|(name, value)| Self::read(name, value)).collect();
        found.sort_by_key(|kept| kept.at);
        found
    }

    fn lives(&self, now: Timestamp) -> bool {
        (-SKEW..=LIFE).contains(&(now.timestamp() - self.at))
    }
}

/// Returns the beginning of the names of a browser's cookies. Over TLS, a cookie that another host could have set does
/// not count.
fn cookies(ui: &Ui, parts: &Parts) -> &'static str {
    if login::is_secure(ui, parts) { COOKIES[1] } else { COOKIES[0] }
}

fn set(response: &mut Response, name: &str, value: &str, life: i64) {
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Sends the browser to the provider.
pub(super) async fn begin(
    State(ui): State<Ui>,
    Query(Next { next, .. }): Query<Next>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Some(provider) = provider(&ui) else { return errors::nowhere() };
    let now = ui.app.host.now();
    let (begun, place) = match provider.begin(now).await {
        Ok(begun) => begun,
        Err(error) => return failed(&ui, &problem_of(provider, error), &next),
    };
    let next = Some(local(&next)).filter(|next| next.len() <= MAX_NEXT).unwrap_or(ROOT);
    let start = cookies(&ui, &parts);
    let name = format!("{start}{}", begun.state.get(..16).unwrap_or_default());
    let Begun { state, nonce, verifier } = &begun;
    let next: String = api::encoded(next).collect();
    let mut response = Redirect::to(place.as_str()).into_response();
    set(&mut response, &name, &format!("{state}.{nonce}.{verifier}.{}.{next}", now.timestamp()), LIFE);
    let earlier = Kept::all(&parts.headers, start);
    for old in earlier.iter().take((earlier.len() + 1).saturating_sub(MOST)) {
        set(&mut response, &old.cookie, "", 0);
    }
    response
}

/// Opens a session for a person whom the provider sends back.
pub(super) async fn back(State(ui): State<Ui>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(provider) = provider(&ui) else { return errors::nowhere() };
    let client = api::client(&ui.app, &parts).0;
    if let Err(problem) = api::may_log_in(&ui.app, client) {
        return failed(&ui, &problem, ROOT);
    }
    let returned = Returned::read(parts.uri.query().unwrap_or_default());
    let state = returned.as_ref().map_or("", |returned| returned.state.as_str());
    let now = ui.app.host.now();
    let kept =
        Kept::all(&parts.headers, cookies(&ui, &parts)).into_iter().find(|kept| kept.begun.state == state);
    let next = kept.as_ref().map_or(ROOT, |kept| local(&kept.next));
    let opened = match (&returned, kept.as_ref().filter(|kept| kept.lives(now))) {
        (Some(returned), Some(kept)) => opened(&ui, provider, kept, returned).await,
        _ => {
            let detail = "this login has not begun in this browser, or it began more than 10 minutes ago: log in again";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    };
    let mut response = match opened {
        Ok(token) => {
            api::has_logged_in(&ui.app, client);
            let mut response = Redirect::to(next).into_response();
            login::set_cookie(&mut response, &token, login::is_secure(&ui, &parts));
            response
        }
        Err(problem) => {
            if problem.status < 500 {
                api::failed_to_log_in(&ui.app, client, &problem.detail).await;
            }
            failed(&ui, &problem, next)
        }
    };
    if let Some(kept) = &kept {
        set(&mut response, &kept.cookie, "", 0);
    }
    response
}

/// Opens a session for the person of a login. Returns the token of the session.
async fn opened(ui: &Ui, provider: &Provider, kept: &Kept, returned: &Returned) -> Result<String, Problem> {
    let host = &ui.app.host;
    let who = provider.finish(&host.configuration(), &kept.begun, returned, host.now()).await;
    let who = who.map_err(|error| problem_of(provider, error))?;
    let sessions = host.sessions();
    if sessions.projects(&who).is_empty() {
        let detail = format!(
            "{} ({}) has no role in any project: ask an administrator for one of the values in `oidc.grants`",
            who.name, who.id
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    match sessions.open_once(&who, &kept.begun.state).await? {
        Opened::Session(_, token) => Ok(token),
        Opened::Used => {
            let detail = "this login has opened a session before: log in again";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        Opened::TooOften => {
            let detail = "you have logged in too often within an hour: wait, or use an API key";
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail))
        }
    }
}

fn problem_of(provider: &Provider, error: Error) -> Problem {
    match error {
        Error::Refused(why) => Problem::new(StatusCode::FORBIDDEN, why),
        // The reason is in the log of the service: it may name internal addresses.
        Error::Unavailable(_) => {
            let detail = format!(
                "{} cannot log you in now: try again later, or use an API key. The log of the service has the reason.",
                provider.name()
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}

/// Shows the problem of a login, and the ways to log in.
fn failed(ui: &Ui, problem: &Problem, next: &str) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::FORBIDDEN);
    layout::bare("Log in", status, login::form(ui, local(next), Some(&problem.detail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookies).unwrap())])
    }

    #[test]
    fn logins_are_read_from_cookies_of_one_kind() {
        let headers = headers(
            "a=b; stepwell_login_2=s.n.v.20.%2Fui%2Fp%2Fa.b; __Host-stepwell_login_1=t.n.v.10.; \
            stepwell_login_3=s.n; stepwell_login_4=s.n.v.soon.; stepwell_login_5=.n.v.1.; \
            other_stepwell_login_6=s.n.v.1.; stepwell_login_7=u.n.v.5.",
        );
        let names = |start: &str| {
            let found = Kept::all(&headers, start).into_iter().map(|kept| kept.cookie);
            found.collect::<Vec<_>>()
        };
        assert_eq!(names(COOKIES[0]), ["stepwell_login_7", "stepwell_login_2"]);
        assert_eq!(names(COOKIES[1]), ["__Host-stepwell_login_1"]);
        let found = Kept::all(&headers, COOKIES[0]).remove(1);
        assert_eq!((found.begun.state.as_str(), found.next.as_str()), ("s", "/ui/p/a.b"));
    }

    #[test]
    fn a_login_lives_ten_minutes() {
        let kept = Kept::read("c", "s.n.v.1000.").unwrap();
        for (at, lives) in [(939, false), (940, true), (1000, true), (1600, true), (1601, false)] {
            assert_eq!(kept.lives(Timestamp::from_timestamp(at, 0).unwrap()), lives, "{at}");
        }
    }
}

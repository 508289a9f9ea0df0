//! The identity behind a request: an API key, or a token of the OpenID provider.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::quantity::counted;
use stepwell::{By, Caller, HostError, Identity, KeyHashes, Session};

use super::problem::Problem;
use super::{App, Client, oidc};

/// The header that names the project of a request.
const PROJECT: &str = "stepwell-project";
/// The time for which a valid key or token stays exempt from the limits on lookups and on failed logins of
/// its address.
const GOOD: chrono::Duration = chrono::Duration::minutes(10);

/// Returns the caller of a command in this process.
pub(super) fn command(app: &App, headers: &HeaderMap) -> Caller {
    let named = headers.get(PROJECT).and_then(|value| value.to_str().ok());
    app.host.access().command(named)
}

/// Authenticates a request, and returns the caller for the project that it names.
pub(super) async fn caller(app: &App, headers: &HeaderMap, client: IpAddr) -> Result<Caller, Problem> {
    let who = identity(app, headers, client).await?;
    limited(app, who, headers)
}

/// The holder of a session of the web UI, whose pages send requests to the API in this process.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub Identity);

/// Returns the caller of a request of the web UI.
pub(super) fn of_session(
    app: &App,
    SignedIn(who): &SignedIn,
    headers: &HeaderMap,
) -> Result<Caller, Problem> {
    limited(app, who.clone(), headers)
}

fn limited(app: &App, who: Identity, headers: &HeaderMap) -> Result<Caller, Problem> {
    if app.limiter(&who.id).check().is_err() {
        let detail = format!("more than {} per second with this key", counted(app.rate, "request"));
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
    }
    Ok(in_project(app, who, headers)?)
}

/// The identity of the client of an earlier request, and the job that it sees. `None`: what belongs to all jobs of the
/// project.
pub(super) struct Origin {
    pub headers: HeaderMap,
    pub client: Client,
    pub signed_in: Option<SignedIn>,
    pub job_id: Option<String>,
}

/// Returns whether the caller of an earlier request may still see the same.
pub(super) async fn still(app: &App, origin: &Origin) -> bool {
    if app.command {
        return true;
    }
    let Origin { headers, client, signed_in, job_id } = origin;
    let found = match signed_in {
        Some(SignedIn(who)) => of_holder(app, who).await,
        None => identity(app, headers, client.0).await,
    };
    let found = match found {
        Ok(who) => in_project(app, who, headers).map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match found {
        Ok(caller) => match job_id {
            Some(job_id) => caller.covers(job_id),
            None => !caller.is_for_some_jobs(),
        },
        // An unavailable store or provider does not mean that the key is invalid.
        Err(problem) => problem.status >= 500 || problem.status == StatusCode::TOO_MANY_REQUESTS.as_u16(),
    }
}

/// Returns the identity of the holder of a session as it is now.
async fn of_holder(app: &App, who: &Identity) -> Result<Identity, Problem> {
    let gone = || Problem::new(StatusCode::UNAUTHORIZED, "the session has ended");
    app.host.sessions().renewed(who).await?.ok_or_else(gone)
}

/// Authenticates a request.
async fn identity(app: &App, headers: &HeaderMap, client: IpAddr) -> Result<Identity, Problem> {
    let token = headers
        .get(axum::http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim());
    bearer(app, token, client).await
}

/// Returns the identity of the holder of a key or a token. Failures are counted per address before the store is
/// queried.
pub(crate) async fn bearer(app: &App, token: Option<&str>, client: IpAddr) -> Result<Identity, Problem> {
    let unauthorized = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let now = app.host.now();
    // The holder of a valid key is not locked out by other users of the same address.
    let known = token.map(stepwell::hash);
    let is_good = || known.as_ref().is_some_and(|known| app.good.has(known, now, GOOD));
    let mut good = is_good();
    // When many requests bring a key for the first time, only a few look it up. The others then find that it
    // is valid.
    let _turn = match good {
        true => None,
        false => Some(app.lookups.acquire().await),
    };
    good = good || is_good();
    if !good && !app.failures.may_try(client, now) {
        good = match (token, &known) {
            (Some(token), Some(hash)) => may_be_good(app, token, hash, now).await,
            _ => false,
        };
        if !good {
            return Err(too_many_failures());
        }
    }
    let found = match token {
        None => Err(unauthorized(
            "send an API key: `Authorization: Bearer sw_...`; `stepwell keys create` makes one",
        )),
        Some(token) => identity_of(app, token).await,
    };
    let failed = found.as_ref().err().filter(|problem| problem.status == StatusCode::UNAUTHORIZED.as_u16());
    if !good && failed.is_none() {
        app.failures.passed(client, now);
    }
    match (&found, failed) {
        (Ok(_), _) => {
            if let Some(known) = known {
                app.good.add(&known, now, GOOD);
            }
        }
        (_, Some(problem)) => {
            if let Some(known) = known {
                app.good.remove(&known);
                app.ring.remove(&known);
            }
            if let Some(count) = app.failures.failed(client, now) {
                note_failed(app, client, count, &problem.detail).await;
            }
        }
        _ => {}
    }
    found
}

/// Returns the session of a token, and the identity of its holder. Tokens that no session has count as failed logins of
/// their address, before the store is queried.
pub(crate) async fn session(
    app: &App,
    token: &str,
    client: IpAddr,
    is_used: bool,
) -> Result<Option<(Session, Identity)>, Problem> {
    let (now, hash) = (app.host.now(), stepwell::hash(token));
    let is_good = app.good.has(&hash, now, GOOD);
    if !is_good && !app.failures.may_try(client, now) {
        return Err(too_many_failures());
    }
    let found = app.host.sessions().find(token, is_used).await?;
    if found.is_none() {
        app.good.remove(&hash);
        if let Some(count) = app.failures.failed(client, now) {
            note_failed(app, client, count, "the session is unknown or has ended").await;
        }
    } else if !is_good {
        app.failures.passed(client, now);
        app.good.add(&hash, now, GOOD);
    }
    Ok(found)
}

/// Counts an attempt to log in from an address, before it is checked.
pub(crate) fn may_log_in(app: &App, client: IpAddr) -> Result<(), Problem> {
    if app.failures.may_try(client, app.host.now()) { Ok(()) } else { Err(too_many_failures()) }
}

/// Removes an attempt to log in that has not failed from the count.
pub(crate) fn has_logged_in(app: &App, client: IpAddr) {
    app.failures.passed(client, app.host.now());
}

/// Writes a failed attempt to log in to the audit log, together with others of its address.
pub(crate) async fn failed_to_log_in(app: &App, client: IpAddr, why: &str) {
    if let Some(count) = app.failures.failed(client, app.host.now()) {
        note_failed(app, client, count, why).await;
    }
}

fn too_many_failures() -> Problem {
    let detail = "too many requests from this address have failed to log in";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
}

/// Returns whether a key or token deserves a check although its address has used up its failures: a key with
/// a known hash, or a token signed by a known key of the provider. Neither check sends a request for each
/// attempt.
async fn may_be_good(app: &App, token: &str, hash: &str, now: Timestamp) -> bool {
    if token.starts_with("sw_") {
        return stepwell::id_of(token).is_some() && app.ring.has(hash, now, || hashes(app)).await;
    }
    app.oidc.as_ref().is_some_and(|provider| provider.has_signed(token, now))
}

async fn hashes(app: &App) -> Result<KeyHashes, HostError> {
    app.host.access().hashes().await
}

/// Returns the identity of the holder of a key or a token.
async fn identity_of(app: &App, token: &str) -> Result<Identity, Problem> {
    let unauthorized = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    match (&app.oidc, token.starts_with("sw_")) {
        (Some(provider), false) => {
            provider.identity(token, app.host.now()).await.map_err(|error| match error {
                oidc::Error::Refused(why) => unauthorized(&why),
                oidc::Error::Unavailable(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, why),
            })
        }
        _ => app.key(token).await?.ok_or_else(|| unauthorized("this key is unknown, expired or revoked")),
    }
}

/// Writes a row about failed logins to the audit log: one row per minute and address.
async fn note_failed(app: &App, client: IpAddr, count: u64, why: &str) {
    let by = By { identity: format!("address:{client}"), name: String::new() };
    let row = app.host.audit().row(&by, "login.fail", "", &format!("{}: {why}", counted(count, "time")));
    if let Err(error) = app.host.audit().append(vec![row]).await {
        tracing::warn!("cannot write failed logins of {client} to the audit log: {error}");
    }
}

/// Returns the caller for the project that a request names.
fn in_project(app: &App, who: Identity, headers: &HeaderMap) -> Result<Caller, HostError> {
    let asked = headers.get(PROJECT).map(|value| value.to_str().unwrap_or("?"));
    app.host.access().caller(who, asked)
}

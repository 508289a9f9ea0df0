//! Handlers for locks: requests, holds, and lists.

mod events;
pub(super) mod views;

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use stepwell::HostError;
use stepwell::engine::lock::{Acquire, Answer, Check, ListFilter, LockError, Name, Owner, Want};

use super::body::{Sent, read};
use super::handlers::{Answer as Reply, Params, limit};
use super::problem::Problem;
use super::v2::preference;
use super::{App, Caller, WAITS, WAITS_PER_KEY, cursor};
use views::{
    AcquireRequest, ExtendRequest, ForceReleaseRequest, ForceReleased, HeldLock, Lock, LockTicket, Locks,
    ReleaseRequest, RenewRequest,
};

pub(super) use events::{deadlocks, events};

/// The time for which a request for locks waits for its answer by default (`Prefer: wait=N` changes it).
const WAIT: Duration = Duration::from_secs(30);
/// The time after which a request that waits checks whether the service is shutting down.
const LOOK: Duration = Duration::from_secs(1);
/// The number of times that the service tries to end the ticket of a client that is gone.
const ENDINGS: u32 = 5;

/// Reads the name in a path.
fn named(name: &str) -> Result<Name, Problem> {
    Name::new(name).map_err(|error| Problem::bad_request(error.to_string()))
}

/// Returns the problem of a refused request, with its place in the body if a value is the cause.
fn refused<T>(request: &Sent<T>, error: HostError) -> Problem {
    match &error {
        HostError::Lock(LockError::Invalid { field, .. }) => {
            let pointer = match *field {
                "actor" | "ticket" => String::new(),
                field => format!("/{field}"),
            };
            request.wrong(&pointer, &error.to_string())
        }
        HostError::Lock(LockError::ZeroToken) => request.wrong("/token", &error.to_string()),
        HostError::Lock(LockError::TicketUsed(_)) => {
            let detail = "another request has this `Idempotency-Key`: use a new one for each request";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
        _ => error.into(),
    }
}

fn ticket_of(answer: Answer) -> Result<LockTicket, Problem> {
    LockTicket::of(answer).map_err(|why| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, why))
}

/// Handles `POST /api/v2/locks`.
pub(in crate::api) async fn acquire(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let request = read::<AcquireRequest>(&app, &bytes).await?;
    let (wait, asynchronous) = preference(&headers, WAIT);
    let repeated = repeatable(&headers, &caller)?;
    let (by, project) = (caller.by().identity, caller.project());
    let (can_repeat, id) = match repeated {
        Some(id) => (true, id),
        None => (false, app.host.locks().new_ticket()),
    };
    let acquire = command(&request, &id, &by)?;
    // A client that is gone without its answer does not know its ticket.
    let left =
        Left { app: app.clone(), project: project.to_owned(), ticket: id.clone(), by, stays: can_repeat };
    let mut answer = app.host.locks().acquire(project, acquire).await;
    if !asynchronous && matches!(answer, Ok(Answer::Waiting { .. } | Answer::Resting { .. })) {
        answer = waited(&app, &caller, &id, wait).await;
    }
    left.stays();
    match answer.map_err(|error| refused(&request, error))? {
        Answer::Busy { why } => {
            let detail = format!("not all locks are free: {why}; set `wait` to wait for them, or try again");
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
        answer => {
            let ticket = ticket_of(answer)?;
            match ticket.refusal() {
                Some(why) => Err(Problem::new(StatusCode::CONFLICT, why)),
                None => Ok(located(ticket)),
            }
        }
    }
}

/// Returns the ticket of a request that the client may repeat: the same key is the same ticket.
fn repeatable(headers: &HeaderMap, caller: &Caller) -> Result<Option<String>, Problem> {
    let key = super::v2::idempotency(headers, caller, "lock.acquire", &[])?;
    Ok(key.map(|key| {
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(key.key));
        format!("repeat_{}", digest.get(..48).unwrap_or_default())
    }))
}

/// Returns the command of a request.
fn command(request: &Sent<AcquireRequest>, ticket: &str, by: &str) -> Result<Acquire, Problem> {
    let sent = &request.value;
    let mut wants = Vec::new();
    for (index, wanted) in sent.locks.iter().enumerate() {
        let place = format!("/locks/{index}/name");
        let name = Name::new(&wanted.name).map_err(|error| request.wrong(&place, &error.to_string()))?;
        wants.push(Want::new(name, wanted.mode));
    }
    let acquire = Acquire::new(ticket, Owner::new(by, &sent.session), wants);
    Ok(Acquire {
        wait: sent.wait.map(|wait| wait.0),
        lease: sent.lease.map(|lease| lease.0),
        priority: sent.priority,
        reason: sent.reason.clone(),
        metadata: sent.metadata.clone(),
        lock_delay: sent.lock_delay.map(|delay| delay.0).unwrap_or_default(),
        retries: sent.retries,
        backoff: sent.backoff.map_or(acquire.backoff, |backoff| backoff.0),
        ..acquire
    })
}

/// Returns a ticket with its location. The status says whether it still waits.
fn located(ticket: LockTicket) -> Response {
    let is_held = ticket.ended_at.is_none() && !ticket.held.is_empty();
    let status = if is_held { StatusCode::OK } else { StatusCode::ACCEPTED };
    let place = HeaderValue::from_str(&format!("/api/v2/lock-tickets/{}", ticket.ticket));
    let mut response = (status, Json(ticket)).into_response();
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Waits until a ticket has its locks or has ended, for at most `limit`. When too many requests wait, it returns the
/// present state.
async fn waited(app: &App, caller: &Caller, id: &str, limit: Duration) -> Result<Answer, HostError> {
    let locks = app.host.locks();
    let Ok(_place) = app.waits.open(&caller.who().id, WAITS_PER_KEY, WAITS) else {
        return locks.ticket(caller.project(), id).await;
    };
    let mut left = limit;
    loop {
        let part = left.min(LOOK);
        let answer = locks.wait(caller.project(), id, part).await?;
        left = left.saturating_sub(part);
        let is_open = matches!(answer, Answer::Waiting { .. } | Answer::Resting { .. });
        if !is_open || left.is_zero() || app.host.system().is_draining() {
            return Ok(answer);
        }
    }
}

/// Ends the ticket of a client whose connection is gone before the answer.
struct Left {
    app: App,
    project: String,
    ticket: String,
    by: String,
    stays: bool,
}

impl Left {
    fn stays(mut self) {
        self.stays = true;
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        let Self { app, project, ticket, by, .. } = self;
        let (app, project, ticket, by) = (app.clone(), project.clone(), ticket.clone(), by.clone());
        tokio::spawn(async move {
            for _ in 0..ENDINGS {
                match app.host.locks().end(&project, &ticket, &by).await {
                    Ok(_) => return,
                    // The store may still be about to write the ticket, or cannot be written.
                    Err(error) => tracing::debug!("the ticket {ticket} of a client that is gone: {error}"),
                }
                tokio::time::sleep(LOOK).await;
            }
        });
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TicketQuery {
    wait: Option<u32>,
}

/// Handles `GET /api/v2/lock-tickets/{id}`.
pub(in crate::api) async fn ticket(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Params(query): Params<TicketQuery>,
) -> Reply<LockTicket> {
    let limit = Duration::from_secs(query.wait.unwrap_or_default().into());
    let answer = match limit.is_zero() {
        true => app.host.locks().ticket(caller.project(), &id).await?,
        false => waited(&app, &caller, &id, limit).await?,
    };
    Ok(Json(ticket_of(answer)?))
}

/// Handles `DELETE /api/v2/lock-tickets/{id}`.
pub(in crate::api) async fn end_ticket(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Reply<LockTicket> {
    let answer = app.host.locks().end(caller.project(), &id, &caller.by().identity).await?;
    Ok(Json(ticket_of(answer)?))
}

/// Handles `POST /api/v2/lock-tickets/{id}/renew`.
pub(in crate::api) async fn renew_ticket(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Reply<LockTicket> {
    let request = read::<RenewRequest>(&app, &bytes).await?;
    let (by, lease) = (caller.by().identity, request.value.lease.0);
    let renewed = app.host.locks().renew(caller.project(), &id, &by, lease).await;
    let ticket = ticket_of(renewed.map_err(|error| refused(&request, error))?)?;
    match ticket.refusal() {
        Some(why) => Err(Problem::new(StatusCode::CONFLICT, why)),
        None => Ok(Json(ticket)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ListQuery {
    #[serde(default)]
    prefix: String,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Handles `GET /api/v2/locks`.
pub(in crate::api) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<ListQuery>,
) -> Reply<Locks> {
    let after = cursor::read("locks", query.cursor.as_deref())?;
    let after = after.map(|name| Name::new(&name).map_err(|_| cursor::unknown())).transpose()?;
    let limit = limit(query.limit);
    // One more says whether there is a next page.
    let filter = ListFilter { prefix: query.prefix, after, limit: limit + 1 };
    let mut found = app.host.locks().list(caller.project(), &filter).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| has_more);
    let next_cursor = last.map(|view| cursor::write("locks", &view.name));
    Ok(Json(Locks { items: found.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Handles `GET /api/v2/locks/{name}`.
pub(in crate::api) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Reply<Lock> {
    Ok(Json(app.host.locks().show(caller.project(), &named(&name)?).await?.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct CheckQuery {
    token: Option<String>,
}

/// Handles `GET /api/v2/locks/{name}/check`.
pub(in crate::api) async fn check(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Params(query): Params<CheckQuery>,
) -> Reply<Check> {
    let token = query.token.and_then(|token| token.parse().ok());
    let token = token.ok_or_else(|| {
        Problem::bad_request("`token` must be a whole number: the token that came with the lock")
    })?;
    Ok(Json(app.host.locks().check(caller.project(), &named(&name)?, token).await?))
}

/// Handles `POST /api/v2/locks/{name}/extend`.
pub(in crate::api) async fn extend(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Reply<HeldLock> {
    let request = read::<ExtendRequest>(&app, &bytes).await?;
    let (name, token) = (named(&name)?, request.value.token);
    let (by, lease) = (caller.by().identity, request.value.lease.0);
    let held = app.host.locks().extend(caller.project(), (&name, token), &by, lease).await;
    Ok(Json(held.map_err(|error| refused(&request, error))?.into()))
}

/// Handles `POST /api/v2/locks/{name}/release`.
pub(in crate::api) async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let request = read::<ReleaseRequest>(&app, &bytes).await?;
    let (name, by) = (named(&name)?, caller.by().identity);
    let released = app.host.locks().release(caller.project(), &name, request.value.token, &by).await;
    released.map_err(|error| refused(&request, error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Handles `POST /api/v2/locks/{name}/force-release`.
pub(in crate::api) async fn force_release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Reply<ForceReleased> {
    let request = read::<ForceReleaseRequest>(&app, &bytes).await?;
    let (name, by) = (named(&name)?, caller.by().identity);
    let ForceReleaseRequest { reason, token } = &request.value;
    let released = app.host.locks().force_release(caller.project(), (&name, *token), &by, reason).await;
    Ok(Json(ForceReleased { released: released.map_err(|error| refused(&request, error))? }))
}

//! Serves the events of locks: in pages, or as a stream that follows them.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use stepwell::engine::clock::{self, Timestamp};
use stepwell::engine::lock::{EventKind, EventRow};
use stepwell::{EventFilter, LockFollow};

use super::named;
use super::views::{LockDeadlocks, LockEvent, LockEvents};
use crate::api::access::{self, Origin, SignedIn};
use crate::api::bounds::Stream;
use crate::api::handlers::{Answer as Reply, Params, limit};
use crate::api::problem::Problem;
use crate::api::{App, Caller, Client};

/// The number of events per read of a stream.
const PAGE: usize = 500;
/// The time between two reads, in case the announcement of an event gets lost.
const POLL: Duration = Duration::from_secs(1);
/// The interval between two checks of the key of a stream.
const CHECK: chrono::Duration = chrono::Duration::seconds(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct EventsQuery {
    name: Option<String>,
    kind: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// Handles `GET /api/v2/lock-events`.
pub(in crate::api) async fn events(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(client): Extension<Client>,
    signed_in: Option<Extension<SignedIn>>,
    Params(query): Params<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = filter(&query)?;
    let after = query.after.as_deref().map(|after| number("after", after)).transpose()?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/event-stream") {
        let last = match headers.get("last-event-id") {
            None => None,
            Some(value) => Some(number("Last-Event-ID", value.to_str().unwrap_or("?").trim())?),
        };
        let origin = Origin { headers, client, signed_in: signed_in.map(|Extension(who)| who), job_id: None };
        return follow(app, &caller, filter, last.or(after), origin).await;
    }
    let (locks, limit) = (app.host.locks(), limit(query.limit) as usize);
    let (rows, next) = match after {
        Some(after) => {
            let page = locks.events(caller.project(), &filter, after, limit).await?;
            (page.rows, page.next)
        }
        None => (locks.newest_events(caller.project(), &filter, limit).await?, None),
    };
    let items = rows.into_iter().map(LockEvent::from).collect();
    Ok(Json(LockEvents { items, next_cursor: next.map(|next| next.to_string()) }).into_response())
}

fn filter(query: &EventsQuery) -> Result<EventFilter, Problem> {
    let name = query.name.as_deref().map(named).transpose()?;
    let kind = query.kind.as_deref().map(|kind| {
        kind.parse::<EventKind>().map_err(|_| {
            let kinds = EventKind::ALL.map(|kind| kind.to_string()).join(", ");
            Problem::bad_request(format!("`kind` must be one of {kinds}"))
        })
    });
    Ok(EventFilter { name, kind: kind.transpose()? })
}

fn number(name: &str, text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| Problem::bad_request(format!("`{name}` must be the number of an event")))
}

/// Returns the events after a number as they happen, or from now on.
async fn follow(
    app: App,
    caller: &Caller,
    filter: EventFilter,
    after: Option<u64>,
    origin: Origin,
) -> Result<Response, Problem> {
    let bounds = app.host.configuration().service.streams.clone();
    let open = app.streams.open(&caller.who().id, bounds.per_key, bounds.total);
    let open = open.map_err(|why| Problem::new(StatusCode::TOO_MANY_REQUESTS, why))?;
    let (now, project) = (app.host.now(), caller.project().to_owned());
    let follow = app.host.locks().follow(&project);
    let after = match after {
        Some(after) => after,
        None => {
            let newest = app.host.locks().newest_events(&project, &EventFilter::default(), 1).await?;
            newest.last().map_or(0, |row| row.number)
        }
    };
    let following = Following {
        follow,
        filter,
        project,
        after,
        ends: clock::later(now, bounds.lasts.0),
        checked: now,
        origin,
        _open: open,
        app,
    };
    Ok(Sse::new(following.events()).keep_alive(KeepAlive::default()).into_response())
}

/// The state of a stream of events.
struct Following {
    app: App,
    project: String,
    filter: EventFilter,
    /// The number of the last event that was read.
    after: u64,
    follow: LockFollow,
    ends: Timestamp,
    checked: Timestamp,
    origin: Origin,
    _open: Stream,
}

impl Following {
    fn events(self) -> impl stream::Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut at| {
            let events = at.next().await?;
            Some((stream::iter(events.into_iter().map(Ok)), at))
        })
        .fuse()
        .flatten()
    }

    /// Returns the next events. `None`: the time of the stream or its key has run out, and the client continues with
    /// another stream.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            let page =
                self.app.host.locks().events(&self.project, &self.filter, self.after, PAGE).await.ok()?;
            self.after = page.last;
            if !page.rows.is_empty() {
                return Some(page.rows.into_iter().map(event).collect());
            }
            let now = self.app.host.now();
            if now >= self.ends || self.app.host.system().is_draining() || !self.is_allowed(now).await {
                return None;
            }
            if page.next.is_none() {
                let left = (self.ends - now).to_std().unwrap_or_default();
                self.follow.grown(POLL.min(left)).await;
            }
        }
    }

    /// Returns whether the key may still see locks.
    async fn is_allowed(&mut self, now: Timestamp) -> bool {
        if now - self.checked < CHECK {
            return true;
        }
        self.checked = now;
        access::still(&self.app, &self.origin).await
    }
}

fn event(row: EventRow) -> Event {
    let (number, kind) = (row.number.to_string(), row.event.kind.to_string());
    let data = serde_json::to_string(&LockEvent::from(row)).unwrap_or_default();
    Event::default().event(kind).id(number).data(data)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct DeadlocksQuery {
    limit: Option<u32>,
}

/// Handles `GET /api/v2/lock-deadlocks`.
pub(in crate::api) async fn deadlocks(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<DeadlocksQuery>,
) -> Reply<LockDeadlocks> {
    let items = app.host.locks().deadlocks(caller.project(), query.limit.unwrap_or(20) as usize).await?;
    Ok(Json(LockDeadlocks { items, next_cursor: None }))
}

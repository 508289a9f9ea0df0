//! Serves the log of a run: in pieces, or as a stream that follows it.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use stepwell::Follow;
use stepwell::engine::clock::{self, Timestamp};
use stepwell::engine::store::{LogPlace, LogRecord};

use super::access::{Origin, SignedIn};
use super::bounds::Stream;
use super::problem::Problem;
use super::runs::allowed;
use super::{App, Caller, Client, access};
use crate::display::log_line;

/// The number of lines per read.
const PAGE: u32 = 500;
/// The minimum and the maximum interval between two reads of lines that other nodes write. The interval grows
/// while no line arrives.
const POLL: Duration = Duration::from_millis(500);
const SLOW_POLL: Duration = Duration::from_secs(3);
/// The interval between two checks of the key of a stream.
const CHECK: chrono::Duration = chrono::Duration::seconds(5);

pub(super) async fn logs(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(client): Extension<Client>,
    signed_in: Option<Extension<SignedIn>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let job_id = allowed(&app, &caller, &id).await?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text(header::ACCEPT).contains("text/event-stream") {
        let after = match headers.get("last-event-id") {
            None => 0,
            Some(value) => {
                value.to_str().ok().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
                    Problem::bad_request(
                        "Last-Event-ID must be the number of a line, as an event has it in `id`",
                    )
                })?
            }
        };
        let signed_in = signed_in.map(|Extension(signed_in)| signed_in);
        let bounds = app.host.configuration().service.streams.clone();
        let open = app.streams.open(&caller.who().id, bounds.per_key, bounds.total);
        let open = open.map_err(|why| Problem::new(StatusCode::TOO_MANY_REQUESTS, why))?;
        let now = app.host.now();
        let following = Following {
            follow: app.host.runs().follow(&id),
            origin: Origin { headers, client, signed_in, job_id: Some(job_id) },
            id,
            after,
            place: LogPlace::default(),
            poll: POLL,
            ends: clock::later(now, bounds.lasts.0),
            checked: now,
            ended: false,
            _open: open,
            app,
        };
        return Ok(Sse::new(following.events()).keep_alive(KeepAlive::default()).into_response());
    }
    let json = text(header::ACCEPT).contains("application/json");
    let kind = if json { "application/json" } else { "text/plain; charset=utf-8" };
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(pieces(app, id, json).fuse())).into_response())
}

/// Streams the whole log, page by page.
fn pieces(app: App, id: String, json: bool) -> impl stream::Stream<Item = Result<Bytes, std::io::Error>> {
    let start = Some((LogPlace::default(), true));
    stream::unfold(start, move |at| {
        let (app, id) = (app.clone(), id.clone());
        async move {
            let (place, first) = at?;
            let page = match app.host.runs().log_page(&id, place, PAGE).await {
                Ok(page) => page,
                // The error cuts the response, so that the client notices it.
                Err(error) => return Some((Err(std::io::Error::other(error)), None)),
            };
            let last = page.records.is_empty();
            let text = if json { json_piece(&page.records, first) } else { text_piece(&page.records) };
            Some((Ok(Bytes::from(text)), (!last).then_some((page.next, false))))
        }
    })
}

fn text_piece(records: &[LogRecord]) -> String {
    let mut text = String::new();
    for record in records {
        text.push_str(&log_line(record));
        text.push('\n');
    }
    text
}

/// Formats a part of `{"items": [...], "next_cursor": null}`.
fn json_piece(records: &[LogRecord], first: bool) -> String {
    let mut text = String::new();
    if first {
        text.push_str("{\"items\":[");
    }
    for (i, record) in records.iter().enumerate() {
        if !first || i > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(record).unwrap_or_default());
    }
    if records.is_empty() {
        text.push_str("],\"next_cursor\":null}");
    }
    text
}

/// The state of a stream that follows a log.
struct Following {
    app: App,
    id: String,
    /// The number of the last line that the client has.
    after: u64,
    place: LogPlace,
    follow: Follow,
    poll: Duration,
    ends: Timestamp,
    checked: Timestamp,
    origin: Origin,
    ended: bool,
    _open: Stream,
}

impl Following {
    /// Returns the log after line `after` as it grows, and an event `end` with the status when the run has
    /// ended. A stream without that event ended because its time ran out or the key expired. The client
    /// continues with another stream.
    fn events(self) -> impl stream::Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut at| {
            let events = at.next().await?;
            Some((stream::iter(events.into_iter().map(Ok)), at))
        })
        .fuse()
        .flatten()
    }

    async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.ended {
            let runs = self.app.host.runs();
            // The status is read first, so that the page then includes all lines from before the end.
            let row = runs.row(&self.id).await.ok()?;
            let page = runs.log_page(&self.id, self.place, PAGE).await.ok()?;
            let more = !page.records.is_empty();
            self.place = page.next;
            let new: Vec<Event> =
                page.records.iter().filter(|line| line.seq > self.after).map(event).collect();
            if !new.is_empty() {
                self.poll = POLL;
                return Some(new);
            }
            if more {
                // The client has these lines.
                continue;
            }
            if row.status.is_terminal() {
                self.ended = true;
                return Some(vec![Event::default().event("end").data(row.status.name())]);
            }
            let now = self.app.host.now();
            if now >= self.ends || !self.is_allowed(now).await {
                return None;
            }
            let left = (self.ends - now).to_std().unwrap_or_default();
            self.follow.grown(self.poll.min(left)).await;
            self.poll = (self.poll * 2).min(SLOW_POLL);
        }
        None
    }

    /// Returns whether the key may still see the run.
    async fn is_allowed(&mut self, now: Timestamp) -> bool {
        if now - self.checked < CHECK {
            return true;
        }
        self.checked = now;
        access::still(&self.app, &self.origin).await
    }
}

fn event(record: &LogRecord) -> Event {
    let data = serde_json::to_string(record).unwrap_or_default();
    Event::default().event("log").id(record.seq.to_string()).data(data)
}

//! The log of a run: the page, the stream for its view, and the download.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use maud::html;
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::engine::document::cut;
use tokio::time::timeout;

use super::{copy, crumbs, shown, tabs};
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of characters of a line in the view. The download has whole lines.
const LINE: usize = 64 << 10;
/// The maximum number of bytes of an event of the API.
const EVENT: usize = 4 << 20;
/// The interval between two checks of the session of a stream.
const CHECK: Duration = Duration::from_secs(5);

/// Shows the log.
pub(super) async fn page(ask: Ask, Path((_, id)): Path<(String, String)>) -> Response {
    let page = async {
        let run = super::of(&ask, &id).await?;
        let stream = ask.path(&["runs", &id, "log", "stream"]);
        let whole = ask.path(&["runs", &id, "log.txt"]);
        Ok(ask.page(Section::Runs, &format!("Log of {id}"), html! {
            div.page-header {
                (crumbs(&ask, &id, Some("Log")))
                div.page-title { h1 { "Log of " (show::text(run.text("job_name"))) } (show::status(run.text("status"))) }
                div.page-actions { a.button.plain href=(whole) download { "Download as text" } (copy()) }
            }
            (tabs(&ask, &id, "log"))
            section data-log-stream=(stream) aria-label={ "Log of the run " (id) } {
                p { "This view needs JavaScript. " a href=(whole) { "Download the log as text" } " instead." }
            }
        }))
    };
    shown(&ask, page.await)
}

/// Sends the whole log as a text file.
pub(super) async fn text(ask: Ask, Path((_, id)): Path<(String, String)>) -> Response {
    let answer = async {
        let answer = successful(ask.raw(Call::to(&Operation::runLogs, &[&id])).await?).await?;
        let name = format!("attachment; filename=\"{}.txt\"", plain_name(&id));
        let headers = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, name),
        ];
        Ok((headers, answer.into_body()).into_response())
    };
    shown(&ask, answer.await)
}

/// Returns a name for a file, without characters that a header or a file system treats specially.
pub(super) fn plain_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = name.chars().take(100).map(plain).collect();
    name.trim_start_matches('.').to_owned()
}

/// Returns a successful answer, or its problem.
pub(super) async fn successful(answer: Response) -> Result<Response, Problem> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let said = serde_json::from_slice(&body).ok();
    Err(said.unwrap_or_else(|| Problem::new(status, format!("the API answered {status}"))))
}

/// The place in the log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// The number of the last line that the view has.
    after: Option<u64>,
}

/// Follows the log for the view.
pub(super) async fn stream(
    Asked(ask, Place { after }): Asked<Place>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut call = Call::to(&Operation::runLogs, &[&id]).header("accept", "text/event-stream");
    // A browser that connects again sends the header, which is the later one.
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    if let Some(last) = last.or(after.map(|after| after.to_string())) {
        call = call.header("last-event-id", last);
    }
    let answer = match ask.raw(call).await {
        Ok(answer) if answer.status().is_success() => answer,
        Ok(answer) => return answer,
        Err(problem) => return problem.into_response(),
    };
    let checked = ask.now();
    let proxy = Proxy { ask, body: answer.into_body(), events: Events::default(), checked };
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
    (kind, Body::from_stream(stream::unfold(proxy, Proxy::next).fuse())).into_response()
}

/// A stream of the API on its way to the view.
struct Proxy {
    ask: Ask,
    body: Body,
    events: Events,
    checked: DateTime<Utc>,
}

impl Proxy {
    /// Returns the next piece for the view. The stream ends with the API's, and with the session.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            let now = self.ask.now();
            if (now - self.checked).to_std().is_ok_and(|since| since >= CHECK) {
                self.checked = now;
                let sessions = self.ask.ui.app.host.sessions();
                if let Ok(None) = sessions.find(&self.ask.visitor.token, false).await {
                    return None;
                }
            }
            let Ok(frame) = timeout(CHECK, self.body.frame()).await else { continue };
            let Ok(piece) = frame?.ok()?.into_data() else { continue };
            let ready = self.events.add(&piece)?;
            if !ready.is_empty() {
                return Some((Ok(Bytes::from(ready)), self));
            }
        }
    }
}

/// The events of a stream, which arrive in pieces.
#[derive(Default)]
struct Events {
    unread: Vec<u8>,
}

impl Events {
    /// Adds a piece, and returns the events that are complete, as the view expects them. `None` when an event is too
    /// large.
    fn add(&mut self, piece: &[u8]) -> Option<String> {
        self.unread.extend_from_slice(piece);
        let mut ready = String::new();
        let mut start = 0;
        while let Some(length) =
            self.unread.get(start..).and_then(|rest| rest.windows(2).position(|two| two == b"\n\n"))
        {
            let event = self.unread.get(start..start + length).unwrap_or_default();
            ready.push_str(&converted(&String::from_utf8_lossy(event)));
            start += length + 2;
        }
        self.unread.drain(..start);
        (self.unread.len() <= EVENT).then_some(ready)
    }
}

/// Converts an event of the API to one of the view.
fn converted(event: &str) -> String {
    let field = |name: &str| {
        let found = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.map(str::trim_start)
    };
    let data = field("data").unwrap_or_default();
    match field("event") {
        Some("log") => {
            let record: Value = serde_json::from_str(data).unwrap_or_default();
            format!("id: {}\ndata: {}\n\n", record.number("seq"), line(&record))
        }
        Some("end") => "event: end\ndata: end\n\n".to_owned(),
        // A comment, which shows that the connection lives.
        _ => ":\n\n".to_owned(),
    }
}

/// Returns a line of the log for the view.
fn line(record: &Value) -> Value {
    let fields = record.entries("fields").into_iter().map(|(name, value)| {
        format!(" {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let text = record.text("message").to_owned() + &fields.collect::<String>();
    json!({
        "number": record.number("seq"),
        "at": record.at("at"),
        "step": record.at("step_id"),
        "level": record.at("level"),
        "text": cut(&text, LINE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_messages_however_they_are_cut() {
        let record = json!({"seq": 7, "at": "2026-03-29T12:00:00Z", "step_id": "load", "attempt": 1, "level": "warn",
            "message": "a\nb", "fields": {"rows": 3, "table": "t"}});
        let sent = format!("event: log\nid: 7\ndata: {record}\n\n:\n\nevent: end\ndata: success\n\n");
        let message = json!({"number": 7, "at": "2026-03-29T12:00:00Z", "step": "load", "level": "warn",
            "text": "a\nb rows=3 table=t"});
        let expected = format!("id: 7\ndata: {message}\n\n:\n\nevent: end\ndata: end\n\n");
        for size in [1, 2, 7, 10_000] {
            let mut events = Events::default();
            let shown: String =
                sent.as_bytes().chunks(size).map(|piece| events.add(piece).unwrap()).collect();
            assert_eq!(shown, expected, "{size}");
        }
    }

    #[test]
    fn a_line_of_ten_megabytes_is_cut_and_an_endless_event_ends_the_stream() {
        let record = json!({"seq": 1, "message": "ä".repeat(5 << 20)});
        assert!(line(&record).text("text").len() < 3 * LINE);
        let mut events = Events::default();
        assert!(events.add(&vec![b'x'; EVENT]).is_some() && events.add(b"x").is_none());
    }

    #[test]
    fn a_name_of_a_file_is_plain() {
        assert_eq!(plain_name("a\"b\r\n/../c.csv"), "a_b___.._c.csv");
        assert_eq!(plain_name(".profile"), "profile");
    }
}

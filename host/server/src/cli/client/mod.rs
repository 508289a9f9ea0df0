//! The client of the REST API that the commands use: in this process, over the node's own store, or over HTTP
//! to another service.

mod events;
mod remote;
mod shape;

use std::collections::HashSet;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use stepwell::Host;
use stepwell::engine::{Diagnostic, Diagnostics};
use tower::ServiceExt;

use crate::api;
pub(crate) use crate::api::Call;
use crate::cli::args::ApiArgs;
use crate::cli::host::host;
use crate::failure::Failure;
use remote::Remote;

pub(crate) use events::Events;

/// The maximum size of an answer that is read as a whole, in bytes. The largest answer of a service is the output of
/// a step (16 MiB), or a page of receipts.
const MAX_ANSWER: usize = 64 << 20;
/// The maximum size of the answer to a refused request, in bytes.
const MAX_PROBLEM: usize = 1 << 20;
/// The maximum number of pages of a list, and of their bytes in all.
const MAX_PAGES: usize = 10_000;
const MAX_LIST: usize = 256 << 20;
/// The maximum number of items in a list that a command shows as a whole.
pub(crate) const MOST_ITEMS: u32 = 10_000;
/// The maximum number of items per page of the API.
const PAGE: u32 = 1000;

/// A client of the REST API.
pub(crate) struct Client {
    way: Way,
    project: Option<String>,
}

enum Way {
    Here { router: Router, host: Host },
    There(Remote),
}

/// A response whose body has not been read.
struct Reply {
    status: StatusCode,
    body: Chunks,
}

/// The body of a response.
enum Chunks {
    Here(BodyDataStream),
    There {
        response: reqwest::Response,
        /// The maximum time between two pieces.
        pause: Duration,
    },
}

impl Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Here(stream) => stream.next().await.transpose().map_err(|_| cut_off()),
            Self::There { response, pause, .. } => {
                let piece = tokio::time::timeout(*pause, response.chunk()).await;
                piece.map_err(|_| slow(*pause))?.map_err(|_| cut_off())
            }
        }
    }

    /// Returns the whole body, if it has at most this many bytes.
    async fn all(mut self, most: usize) -> Result<Vec<u8>, Failure> {
        let whole = match &self {
            Self::Here(_) => Duration::MAX,
            Self::There { pause, .. } => *pause * remote::LONGER,
        };
        let read = async {
            let mut all = Vec::new();
            while let Some(chunk) = self.next().await? {
                if all.len() + chunk.len() > most {
                    return Err(other_answer(format!("at most {most} bytes long")));
                }
                all.extend_from_slice(&chunk);
            }
            Ok(all)
        };
        tokio::time::timeout(whole, read).await.map_err(|_| slow(whole))?
    }
}

/// Returns the failure for a connection that broke.
fn cut_off() -> Failure {
    Failure { lost: true, ..Failure::platform("the connection to the service was lost") }
}

/// Returns the failure for an answer that takes too long.
fn slow(time: Duration) -> Failure {
    let message = format!("the server did not send its answer within {} s", time.as_secs());
    Failure { lost: true, ..Failure::platform(message) }
}

/// Returns the failure for an answer that no Stepwell service gives.
fn other_answer(expected: impl std::fmt::Display) -> Failure {
    Failure::platform(format!(
        "the server's answer is not {expected}: does --server name a Stepwell service of this version?"
    ))
}

impl Client {
    /// Returns a client of the service that `--server` names, or of the store of this node.
    pub async fn new(args: &ApiArgs) -> Result<Self, Failure> {
        let project = args.host.project.is_some().then(|| args.host.project()).transpose()?;
        let project = project.map(str::to_owned);
        let way = match &args.server {
            Some(url) => Way::There(Remote::new(url, args)?),
            None => {
                let host = host(&args.host).await?;
                args.host.project_on(&host)?;
                Way::Here { router: api::in_process(host.clone()), host }
            }
        };
        Ok(Self { way, project })
    }

    /// Returns a client of this host.
    pub fn of(host: Host) -> Self {
        Self { way: Way::Here { router: api::in_process(host.clone()), host }, project: None }
    }

    /// Returns the host, if the client uses the store of this node.
    pub fn host(&self) -> Option<&Host> {
        match &self.way {
            Way::Here { host, .. } => Some(host),
            Way::There(_) => None,
        }
    }

    async fn send(&self, mut call: Call) -> Result<Reply, Failure> {
        if let Some(odd) = call.odd {
            return Err(Failure::input(odd));
        }
        if let Some(project) = &self.project {
            call.headers.push(("stepwell-project", project.clone()));
        }
        match &self.way {
            Way::There(remote) => remote.send(call).await,
            Way::Here { router, .. } => {
                let mut request = Request::builder().method(call.method).uri(call.path);
                for (name, value) in call.headers {
                    request = request.header(name, value);
                }
                let request = request
                    .body(Body::from(call.body))
                    .map_err(|error| Failure::input(format!("the request is invalid: {error}")))?;
                let Ok(response) = router.clone().oneshot(request).await;
                let status = response.status();
                Ok(Reply { status, body: Chunks::Here(response.into_body().into_data_stream()) })
            }
        }
    }

    /// Passes the body of the response to `to` piece by piece. Returns whether the body is not empty.
    pub async fn copy(&self, call: Call, mut to: impl FnMut(&[u8])) -> Result<bool, Failure> {
        let Reply { status, mut body } = self.send(call).await?;
        if !status.is_success() {
            return Err(refused(status, &body.all(MAX_PROBLEM).await?, "", ""));
        }
        let mut any = false;
        while let Some(chunk) = body.next().await? {
            any |= !chunk.is_empty();
            to(&chunk);
        }
        Ok(any)
    }

    /// Sends a request about the text of a file: problems name their places in the file. Returns the value of the
    /// response, or null when it has no content, and its size.
    async fn of_file(&self, call: Call, file: &str, text: &str) -> Result<(Value, usize), Failure> {
        let (done, answer) = call.answer;
        let Reply { status, body } = self.send(call).await?;
        if !status.is_success() {
            return Err(refused(status, &body.all(MAX_PROBLEM).await?, file, text));
        }
        let body = body.all(MAX_ANSWER).await?;
        let value = match body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).map_err(|_| other_answer("JSON"))?,
        };
        // A request that does not wait for its run gets its id. A request for locks gets its ticket in any case.
        let is_accepted = status == StatusCode::ACCEPTED && done != StatusCode::ACCEPTED.as_u16();
        let answer = if is_accepted && answer != "LockTicket" { "Accepted" } else { answer };
        if let Way::There(_) = &self.way
            && let Some(place) = shape::differs(answer, &value)
        {
            return Err(other_answer(format!("`{answer}` of the API ({place} differs)")));
        }
        Ok((value, body.len()))
    }

    /// Returns the value of a successful response, or null when it has no content.
    pub async fn ask(&self, call: Call) -> Result<Value, Failure> {
        Ok(self.of_file(call, "", "").await?.0)
    }

    /// Sends a request about the text of a file, and returns the value of the response.
    pub async fn ask_about(&self, call: Call, file: &str, text: &str) -> Result<Value, Failure> {
        Ok(self.of_file(call, file, text).await?.0)
    }

    /// Sends a request about a document. Returns the problems of a document that the service refuses as JSON.
    pub async fn judged(&self, call: Call) -> Result<Result<Value, Vec<Value>>, Failure> {
        let Reply { status, body } = self.send(call).await?;
        if status.is_success() {
            let body = body.all(MAX_ANSWER).await?;
            return Ok(Ok(serde_json::from_slice(&body).map_err(|_| other_answer("JSON"))?));
        }
        let body = body.all(MAX_PROBLEM).await?;
        let problem: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
        match problem.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty()) {
            Some(errors) if status.is_client_error() => Ok(Err(errors.clone())),
            _ => Err(refused(status, &body, "", "")),
        }
    }

    /// Returns up to `wanted` items of a list, from several pages if necessary.
    pub async fn list(&self, call: impl Fn() -> Call, wanted: u32) -> Result<Value, Failure> {
        let (mut items, mut cursor, mut size) = (Vec::new(), None::<String>, 0);
        let mut seen = HashSet::new();
        loop {
            let left = wanted.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
            let call = call().query("limit", Some(left.clamp(1, PAGE))).query("cursor", cursor.take());
            let (mut page, bytes) = self.of_file(call, "", "").await?;
            if let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) {
                items.extend(found);
            }
            let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            let Some(next) = next.filter(|_| items.len() < wanted as usize) else {
                items.truncate(wanted as usize);
                let next = page.get("next_cursor").map_or(Value::Null, Value::clone);
                return Ok(json!({"items": items, "next_cursor": next}));
            };
            size += bytes;
            if !seen.insert(next.clone()) {
                return Err(other_answer("a list: it returns one page repeatedly"));
            }
            if seen.len() > MAX_PAGES || size > MAX_LIST {
                return Err(other_answer(format!(
                    "a list of at most {MAX_PAGES} pages and {MAX_LIST} bytes"
                )));
            }
            cursor = Some(next);
        }
    }

    /// Returns the events of a stream.
    pub async fn events(&self, call: Call) -> Result<Events, Failure> {
        let reply = self.send(call.header("accept", "text/event-stream")).await?;
        match reply.status.is_success() {
            true => Ok(Events::new(reply.body)),
            false => Err(refused(reply.status, &reply.body.all(MAX_PROBLEM).await?, "", "")),
        }
    }
}

/// Converts the problem details of a refused request to an error, with the places of the problems in the
/// file.
fn refused(status: StatusCode, body: &[u8], file: &str, text: &str) -> Failure {
    let exit = if status.is_client_error() { crate::Exit::BadInput } else { crate::Exit::Platform };
    let problem: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    if let Some(message) = problem.get("errors").and_then(|errors| found(errors, file, text)) {
        return Failure { exit, message, lost: false };
    }
    let detail = problem.get("detail").and_then(Value::as_str).map(str::to_owned);
    let message = detail.unwrap_or_else(|| format!("the service answered {status}"));
    let lost = matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    );
    Failure { exit, message, lost }
}

/// Returns the warnings of a response, with their places in a file.
pub(crate) fn warnings(answer: &Value, file: &str, text: &str) -> Option<String> {
    found(answer.get("warnings")?, file, text)
}

/// Returns the text of a list of problems, with their places in the file, if the list has any.
fn found(problems: &Value, file: &str, text: &str) -> Option<String> {
    let problems: Vec<&Map<String, Value>> =
        problems.as_array()?.iter().filter_map(Value::as_object).collect();
    let said = |of: &Map<String, Value>, name: &str| of.get(name)?.as_str().map(str::to_owned);
    let number = |of: &Map<String, Value>, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    if problems.is_empty() {
        return None;
    }
    if file.is_empty() {
        // The request comes from arguments, which have no places.
        let lines = problems.into_iter().map(|problem| {
            let help = said(problem, "help").map_or_else(String::new, |help| format!("\n  help: {help}"));
            format!("{}{help}", said(problem, "message").unwrap_or_default())
        });
        return Some(lines.collect::<Vec<_>>().join("\n"));
    }
    let places = problems.into_iter().map(|problem| {
        let line = number(problem, "line");
        let snippet = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
        let at = (if text.is_empty() { 0 } else { line }, number(problem, "column"));
        let message = said(problem, "message").unwrap_or_default();
        let place = usize::try_from(at.1.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut found = Diagnostic::at(file, at, (snippet.unwrap_or_default(), place), &message);
        found.warning = problem.get("severity").is_some_and(|severity| severity == "warning");
        found.help = said(problem, "help");
        found.pointer = said(problem, "pointer").unwrap_or_default();
        found
    });
    Some(Diagnostics(places.collect()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_places_in_the_file() {
        let body = br#"{"detail": "d", "errors": [{"severity": "error", "line": 2, "column": 3, "message": "m", "pointer": "/a"}]}"#;
        let failure = refused(StatusCode::UNPROCESSABLE_ENTITY, body, "job.yaml", "a:\n  b\n");
        assert_eq!(failure.message, "error: m\n --> job.yaml:2:3\n  |\n2 |   b\n  |   ^");
        assert_eq!(refused(StatusCode::UNPROCESSABLE_ENTITY, body, "", "").message, "m");
        assert_eq!(refused(StatusCode::NOT_FOUND, b"{\"detail\": \"d\"}", "", "").message, "d");
        assert_eq!(refused(StatusCode::BAD_GATEWAY, b"<html>", "", "").exit, crate::Exit::Platform);
    }
}

//! The client of the REST API that the commands use: in this process, over the node's own store, or over HTTP
//! to another service.

mod events;
mod remote;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes, to_bytes};
use axum::http::{Method, Request, StatusCode};
use futures_util::StreamExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::{Map, Value, json};
use stepwell::Host;
use stepwell::engine::{Diagnostic, Diagnostics};
use tower::ServiceExt;

use crate::api::{self, Operation};
use crate::cli::args::ApiArgs;
use crate::cli::host::host;
use crate::failure::Failure;
use remote::Remote;

pub(crate) use events::Events;

/// The maximum size of a response that is read as a whole, in bytes, and the maximum time for it.
const MAX_ANSWER: usize = 64 << 20;
const ANSWER: Duration = Duration::from_secs(360);
/// The maximum number of pages of a list.
const MAX_PAGES: u32 = 100_000;
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

/// A request to the API.
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// The reason not to send it.
    odd: Option<String>,
}

impl Call {
    /// Returns a request for an operation. The parameters replace the `{...}` of its path in order, each of
    /// them encoded. A `{*...}` at the end takes all remaining parameters.
    pub fn to(operation: &Operation, parameters: &[&str]) -> Self {
        let mut path = String::new();
        let mut left = parameters.iter();
        for segment in operation.path.split('/').skip(1) {
            let filled: Vec<&str> = match (segment.starts_with("{*"), segment.starts_with('{')) {
                (true, _) => left.by_ref().copied().collect(),
                (false, true) => left.by_ref().take(1).copied().collect(),
                (false, false) => vec![segment],
            };
            for segment in filled {
                path.push('/');
                path.extend(encoded(segment));
            }
        }
        // Servers resolve these segments, encoded or not, so the path would name another resource.
        let odd = parameters.iter().find(|parameter| matches!(**parameter, "" | "." | ".."));
        let odd = odd.map(|parameter| format!("`{parameter}` is not a name: use an id or a path of names"));
        let method = Method::from_bytes(operation.method.to_uppercase().as_bytes()).unwrap_or_default();
        Self { method, path, headers: Vec::new(), body: Vec::new(), odd }
    }

    /// Adds a parameter to the query, if it has a value.
    pub fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.path.push(if self.path.contains('?') { '&' } else { '?' });
            self.path.extend(encoded(name));
            self.path.push('=');
            self.path.extend(encoded(&value.to_string()));
        }
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// Encodes a part of a path or a query.
fn encoded(text: &str) -> PercentEncode<'_> {
    /// All characters except the unreserved ones of RFC 3986.
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &RESERVED)
}

/// A response whose body has not been read.
struct Reply {
    status: StatusCode,
    body: Chunks,
}

/// The body of a response.
enum Chunks {
    Here(BodyDataStream),
    There(reqwest::Response),
}

impl Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let cut = || Failure { lost: true, ..Failure::platform("the connection to the service was lost") };
        match self {
            Self::Here(stream) => stream.next().await.transpose().map_err(|_| cut()),
            Self::There(response) => response.chunk().await.map_err(|_| cut()),
        }
    }

    async fn all(self) -> Result<Vec<u8>, Failure> {
        let large = || Failure::platform(format!("the response is larger than {MAX_ANSWER} bytes"));
        match self {
            Self::Here(stream) => {
                Ok(to_bytes(Body::from_stream(stream), MAX_ANSWER).await.map_err(|_| large())?.to_vec())
            }
            mut there => {
                let read = async {
                    let mut all = Vec::new();
                    while let Some(chunk) = there.next().await? {
                        if all.len() + chunk.len() > MAX_ANSWER {
                            return Err(large());
                        }
                        all.extend_from_slice(&chunk);
                    }
                    Ok(all)
                };
                let late = || Failure::platform("the response does not arrive in time");
                tokio::time::timeout(ANSWER, read).await.unwrap_or_else(|_| Err(late()))
            }
        }
    }
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
            return Err(refused(status, &body.all().await?, "", ""));
        }
        let mut any = false;
        while let Some(chunk) = body.next().await? {
            any |= !chunk.is_empty();
            to(&chunk);
        }
        Ok(any)
    }

    /// Returns the body of a successful response.
    pub async fn bytes(&self, call: Call) -> Result<Vec<u8>, Failure> {
        self.of_file(call, "", "").await
    }

    /// Sends a request about the text of a file: problems name their places in the file.
    async fn of_file(&self, call: Call, file: &str, text: &str) -> Result<Vec<u8>, Failure> {
        let reply = self.send(call).await?;
        let status = reply.status;
        let body = reply.body.all().await?;
        if status.is_success() { Ok(body) } else { Err(refused(status, &body, file, text)) }
    }

    /// Returns the value of a successful response, or null when it has no content.
    pub async fn ask(&self, call: Call) -> Result<Value, Failure> {
        read(&self.bytes(call).await?)
    }

    /// Sends a request about the text of a file, and returns the value of the response.
    pub async fn ask_about(&self, call: Call, file: &str, text: &str) -> Result<Value, Failure> {
        read(&self.of_file(call, file, text).await?)
    }

    /// Returns up to `wanted` items of a list, from several pages if necessary.
    pub async fn list(&self, call: impl Fn() -> Call, wanted: u32) -> Result<Value, Failure> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let left = wanted.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
            let call = call().query("limit", Some(left.clamp(1, PAGE))).query("cursor", cursor.as_ref());
            let mut page = self.ask(call).await?;
            if let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) {
                items.extend(found);
            }
            let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() || items.len() >= wanted as usize {
                items.truncate(wanted as usize);
                return Ok(json!({"items": items, "next_cursor": next}));
            }
            if next == cursor {
                break;
            }
            cursor = next;
        }
        Err(Failure::platform("the service returns one page repeatedly"))
    }

    /// Returns the events of a stream.
    pub async fn events(&self, call: Call) -> Result<Events, Failure> {
        let reply = self.send(call.header("accept", "text/event-stream")).await?;
        match reply.status.is_success() {
            true => Ok(Events::new(reply.body)),
            false => Err(refused(reply.status, &reply.body.all().await?, "", "")),
        }
    }
}

fn read(body: &[u8]) -> Result<Value, Failure> {
    match body {
        [] => Ok(Value::Null),
        body => serde_json::from_slice(body).map_err(|_| {
            Failure::platform("the response is not JSON: does --server name a Stepwell service?")
        }),
    }
}

/// Converts the problem details of a refused request to an error, with the places of the problems in the
/// file.
fn refused(status: StatusCode, body: &[u8], file: &str, text: &str) -> Failure {
    let exit = if status.is_client_error() { crate::Exit::BadInput } else { crate::Exit::Platform };
    let problem: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let said = |of: &Map<String, Value>, name: &str| of.get(name)?.as_str().map(str::to_owned);
    let errors = problem.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let number = |of: &Map<String, Value>, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    let errors = errors.iter().filter_map(Value::as_object);
    if file.is_empty() && errors.clone().next().is_some() {
        // The request comes from arguments, which have no places.
        let lines = errors.map(|error| {
            let help = said(error, "help").map_or_else(String::new, |help| format!("\n  help: {help}"));
            format!("{}{help}", said(error, "message").unwrap_or_default())
        });
        return Failure { exit, message: lines.collect::<Vec<_>>().join("\n"), lost: false };
    }
    let places = errors.map(|error| {
        let line = number(error, "line");
        let snippet = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
        let at = (if text.is_empty() { 0 } else { line }, number(error, "column"));
        let message = said(error, "message").unwrap_or_default();
        let place = usize::try_from(at.1.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut found = Diagnostic::at(file, at, (snippet.unwrap_or_default(), place), &message);
        found.warning = error.get("severity").is_some_and(|severity| severity == "warning");
        found.help = said(error, "help");
        found.pointer = said(error, "pointer").unwrap_or_default();
        found
    });
    let places = Diagnostics(places.collect());
    let message = match (places.0.is_empty(), said(&problem, "detail")) {
        (false, _) => places.to_string(),
        (true, Some(detail)) => detail,
        (true, None) => format!("the service answered {status}"),
    };
    let lost = matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    );
    Failure { exit, message, lost }
}

/// Returns the warnings of a response, with their places in a file.
pub(crate) fn warnings(answer: &Value, file: &str, text: &str) -> Option<String> {
    let warnings =
        answer.get("warnings").filter(|found| found.as_array().is_some_and(|all| !all.is_empty()))?;
    let body = json!({"errors": warnings}).to_string();
    Some(refused(StatusCode::OK, body.as_bytes(), file, text).message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_encodes_its_parts() {
        let call = Call::to(&Operation::getApproval, &["Europe/Berlin", "a b?"])
            .query("job_id", Some("ü&="))
            .query("x", None::<u32>);
        assert_eq!(call.path, "/api/v2/runs/Europe%2FBerlin/approvals/a%20b%3F?job_id=%C3%BC%26%3D");
        let call = Call::to(&Operation::runArtifact, &["run", "a", "b.txt"]);
        assert_eq!((call.method, call.path.as_str()), (Method::GET, "/api/v2/runs/run/artifacts/a/b.txt"));
        assert_eq!(Call::to(&Operation::deleteJob, &["a"]).method, Method::DELETE);
        for odd in ["", ".", ".."] {
            assert!(
                Call::to(&Operation::getRun, &[odd]).odd.is_some_and(|why| why.contains("is not a name")),
                "{odd}"
            );
        }
    }

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

//! A small blocking HTTP client over `wasi:http`. Policy decides which requests go out; credentials are
//! added by the host.

use std::fmt;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

use crate::Failure;

/// Bytes written at a time: what an output stream always takes.
const CHUNK: usize = 4096;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Policy refuses the request.
    Denied,
    /// The URL or a header is malformed.
    Invalid(String),
    /// The answer is larger than was asked for.
    TooLarge(usize),
    /// There is no connection, or it broke.
    Network(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("the policy does not allow this request; the log names the rule"),
            Self::Invalid(why) | Self::Network(why) => f.write_str(why),
            Self::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Denied => Self::denied(message),
            Error::Invalid(_) => Self::invalid_config(message),
            Error::TooLarge(_) => Self::failed(message),
            Error::Network(_) => Self::unavailable(message),
        }
    }
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self { method: method.to_owned(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        let mut request = self.header("content-type", "application/json");
        request.body = body.to_string().into_bytes();
        request
    }

    /// Sends the request and reads the answer, at most `limit` bytes of it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(&self, limit: usize) -> Result<Response, Error> {
        let request = self.outgoing()?;
        let body = request.body().map_err(|()| Error::Network("no request body".to_owned()))?;
        let answer = outgoing_handler::handle(request, None::<RequestOptions>).map_err(refused)?;
        write(body, &self.body)?;
        answer.subscribe().block();
        let response = match answer.get() {
            Some(Ok(Ok(response))) => response,
            Some(Ok(Err(code))) => return Err(refused(code)),
            _ => return Err(Error::Network("there was no answer".to_owned())),
        };
        let headers = response.headers().entries();
        let status = response.status();
        let incoming = response.consume().map_err(|()| Error::Network("no answer body".to_owned()))?;
        Ok(Response { status, headers, body: read(&incoming, limit)? })
    }

    fn outgoing(&self) -> Result<OutgoingRequest, Error> {
        let invalid = |what: &str| Error::Invalid(format!("{what} in {} {}", self.method, self.url));
        let (scheme, rest) = self.url.split_once("://").ok_or_else(|| invalid("no scheme"))?;
        let (authority, path) = match rest.find(['/', '?']) {
            Some(start) => rest.split_at(start),
            None => (rest, "/"),
        };
        let fields = Fields::new();
        for (name, value) in &self.headers {
            fields.append(name, value.as_bytes()).map_err(|_| invalid("a header is refused"))?;
        }
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            fields.append("content-length", length.as_bytes()).map_err(|_| invalid("a header is refused"))?;
        }
        let request = OutgoingRequest::new(fields);
        let method = match self.method.as_str() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "HEAD" => Method::Head,
            other => Method::Other(other.to_owned()),
        };
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        };
        request.set_method(&method).map_err(|()| invalid("a bad method"))?;
        request.set_scheme(Some(&scheme)).map_err(|()| invalid("a bad scheme"))?;
        request.set_authority(Some(authority)).map_err(|()| invalid("a bad host"))?;
        request.set_path_with_query(Some(path)).map_err(|()| invalid("a bad path"))?;
        Ok(request)
    }
}

impl Response {
    /// The first header of this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// A response made by hand, for tests of what reads it.
    pub fn fake(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
        Self { status, headers, body: body.as_bytes().to_vec() }
    }
}

fn write(body: OutgoingBody, data: &[u8]) -> Result<(), Error> {
    if !data.is_empty() {
        let stream = body.write().map_err(|()| Error::Network("no request body".to_owned()))?;
        for chunk in data.chunks(CHUNK) {
            stream.blocking_write_and_flush(chunk).map_err(|error| broken(&error))?;
        }
    }
    OutgoingBody::finish(body, None).map_err(refused)
}

fn read(incoming: &IncomingBody, limit: usize) -> Result<Vec<u8>, Error> {
    let stream = incoming.stream().map_err(|()| Error::Network("no answer body".to_owned()))?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(body),
            Err(error) => return Err(broken(&error)),
        }
        if body.len() > limit {
            return Err(Error::TooLarge(limit));
        }
    }
}

fn broken(error: &StreamError) -> Error {
    Error::Network(match error {
        StreamError::LastOperationFailed(why) => why.to_debug_string(),
        StreamError::Closed => "the connection was closed".to_owned(),
    })
}

fn refused(code: ErrorCode) -> Error {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Error::Denied,
        other => Error::Network(format!("{other:?}")),
    }
}

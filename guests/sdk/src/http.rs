//! A small blocking HTTP client over `wasi:http`. Policy decides which requests go out; credentials are
//! added by the host.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

use crate::Failure;

mod words;

/// Bytes written at a time: what an output stream always takes.
const CHUNK: usize = 4096;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Option<Duration>,
}

/// An answer whose body is still to be read: it implements [`Read`].
pub struct Incoming {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, Vec<u8>)>,
    // Before the body that it belongs to: it is dropped first.
    stream: InputStream,
    _body: IncomingBody,
    /// Bytes that were read.
    read: u64,
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
    /// Policy refuses the request: what is refused.
    Denied(String),
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
            Self::Denied(what) => write!(f, "denied by policy: {what}"),
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
            Error::Denied(_) => Self::denied(message),
            Error::Invalid(_) => Self::invalid_config(message),
            Error::TooLarge(_) => Self::failed(message),
            Error::Network(_) => Self::unavailable(message),
        }
    }
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
        }
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

    /// Sets a body, without a content type.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// How long to wait for the connection, and then for the first byte of the answer. Default, and at most: what the
    /// step's limits say.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the request and reads the answer, at most `limit` bytes of it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(&self, limit: usize) -> Result<Response, Error> {
        self.open()?.whole(limit)
    }

    /// Sends the request; the answer's body is read as far as the caller wants.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(&self) -> Result<Incoming, Error> {
        self.upload(&mut self.body.as_slice(), self.body.len() as u64)
    }

    /// Sends the request with a body of that many bytes from a reader, instead of its own.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn upload(&self, from: &mut dyn Read, length: u64) -> Result<Incoming, Error> {
        let request = self.outgoing(length)?;
        let body = request.body().map_err(|()| Error::Network("no request body".to_owned()))?;
        let answer = outgoing_handler::handle(request, self.options()).map_err(|code| self.refused(&code))?;
        // A server may answer before it has read everything: then its answer counts.
        let written = self.write(body, from, length);
        answer.subscribe().block();
        let response = match (answer.get(), written) {
            (Some(Ok(Ok(response))), _) => response,
            (Some(Ok(Err(code))), _) => return Err(self.refused(&code)),
            (_, Err(error)) => return Err(error),
            _ => return Err(Error::Network("there was no answer".to_owned())),
        };
        let (status, headers) = (response.status(), response.headers().entries());
        let none = |()| Error::Network("no answer body".to_owned());
        let body = response.consume().map_err(none)?;
        Ok(Incoming { status, headers, stream: body.stream().map_err(none)?, _body: body, read: 0 })
    }

    fn options(&self) -> Option<RequestOptions> {
        let nanoseconds = u64::try_from(self.timeout?.as_nanos()).ok();
        let options = RequestOptions::new();
        // What is not taken is as it is without.
        let _ = options.set_connect_timeout(nanoseconds);
        let _ = options.set_first_byte_timeout(nanoseconds);
        Some(options)
    }

    fn outgoing(&self, length: u64) -> Result<OutgoingRequest, Error> {
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
        if length > 0 {
            let length = length.to_string();
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

impl Incoming {
    /// The first header of this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// All headers that are text, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value).ok()?)))
    }

    /// Reads the rest, at most `limit` bytes.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn whole(mut self, limit: usize) -> Result<Response, Error> {
        let mut body = Vec::new();
        let more = (&mut self).take(limit as u64 + 1).read_to_end(&mut body);
        more.map_err(|error| Error::Network(error.to_string()))?;
        if body.len() > limit {
            return Err(Error::TooLarge(limit));
        }
        Ok(Response { status: self.status, headers: self.headers, body })
    }
}

impl Incoming {
    /// Why there is no more of the answer.
    fn stopped(&self, error: &StreamError) -> String {
        let length = self.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let read = match length {
            Some(length) => format!("{} of {length} bytes", self.read),
            None => format!("{} bytes", self.read),
        };
        format!("the answer stopped after {read}: {}", words::broken(error))
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(64 << 10);
        match self.stream.blocking_read(wanted as u64) {
            Ok(chunk) => {
                let (to, _) = buffer.split_at_mut(chunk.len());
                to.copy_from_slice(&chunk);
                // Nothing for now is not the end.
                if chunk.is_empty() && wanted > 0 {
                    Err(io::ErrorKind::Interrupted.into())
                } else {
                    self.read += chunk.len() as u64;
                    Ok(chunk.len())
                }
            }
            Err(StreamError::Closed) => Ok(0),
            Err(error) => Err(io::Error::other(self.stopped(&error))),
        }
    }
}

fn first<'h>(headers: &'h [(String, Vec<u8>)], name: &str) -> Option<&'h str> {
    let (_, value) = headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()
}

impl Response {
    /// The first header of this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// A response made by hand, for tests of what reads it.
    pub fn fake(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
        Self { status, headers, body: body.as_bytes().to_vec() }
    }
}

impl Request {
    fn write(&self, body: OutgoingBody, from: &mut dyn Read, length: u64) -> Result<(), Error> {
        if length > 0 {
            let stream = body.write().map_err(|()| Error::Network("no request body".to_owned()))?;
            let (mut chunk, mut left) = (vec![0; CHUNK], length);
            while left > 0 {
                let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                let (space, _) = chunk.split_at_mut(wanted);
                from.read_exact(space)
                    .map_err(|error| Error::Invalid(format!("the body: {}", error.kind())))?;
                stream.blocking_write_and_flush(space).map_err(|error| {
                    Error::Network(format!("the request was not sent whole: {}", words::broken(&error)))
                })?;
                left -= wanted as u64;
            }
        }
        OutgoingBody::finish(body, None).map_err(|code| self.refused(&code))
    }

    /// Why there is no answer to this request.
    fn refused(&self, code: &ErrorCode) -> Error {
        // The query may hold what is not for everybody.
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest.split('/').next().unwrap_or(rest));
        match code {
            ErrorCode::HttpRequestDenied => {
                Error::Denied(format!("{} {url}; the log names the rule", self.method))
            }
            ErrorCode::DestinationIpProhibited => Error::Denied(format!(
                "{} {url}: the address of the host is not on the public internet (HTTP_ADDRESS_NOT_PUBLIC)",
                self.method
            )),
            code => Error::Network(words::of(code, authority)),
        }
    }
}

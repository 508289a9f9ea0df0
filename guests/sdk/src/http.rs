//! A small blocking HTTP client over `wasi:http`. Policy decides which requests go out, and the host adds
//! credentials.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use crate::Failure;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::http as wire;

#[cfg(target_arch = "wasm32")]
mod wire;
#[cfg(target_arch = "wasm32")]
mod words;

/// The headers of a response: names, and values that may not be valid text.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    body: Vec<u8>,
    pub(crate) timeout: Option<Duration>,
}

/// A response with an unread body. It implements [`Read`].
pub struct Incoming {
    /// The HTTP status code.
    pub status: u16,
    headers: Headers,
    body: wire::Body,
    /// The number of bytes read so far.
    read: u64,
}

/// A response whose body has been read completely.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    pub(crate) headers: Headers,
    /// The complete body.
    pub body: Vec<u8>,
}

/// The reason why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Policy denies the request; the text names the denied part.
    Denied(String),
    /// The URL or a header is malformed.
    Invalid(String),
    /// The response exceeds the limit of the call, in bytes.
    TooLarge(usize),
    /// The connection failed or broke.
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
    /// Creates a request without a body.
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

    /// Names the credential that the host adds: `credential` or `organization` of a rule in the policy. It
    /// selects one of several rules that allow the request. Default: the only credential that they have.
    #[must_use]
    pub fn credential(self, name: &str) -> Self {
        self.header("stepwell-credential", name)
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

    /// Sets the time to wait for the connection, and then for the first byte of the response. Default and
    /// maximum: the limits of the step.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the request and reads a response of at most `limit` bytes.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(&self, limit: usize) -> Result<Response, Error> {
        self.open()?.whole(limit)
    }

    /// Sends the request and leaves the response body for the caller to read.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(&self) -> Result<Incoming, Error> {
        self.upload(&mut self.body.as_slice(), self.body.len() as u64)
    }

    /// Sends the request with `length` bytes from a reader in place of its own body.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn upload(&self, from: &mut dyn Read, length: u64) -> Result<Incoming, Error> {
        let (status, headers, body) = wire::send(self, from, length)?;
        Ok(Incoming { status, headers, body, read: 0 })
    }
}

impl Incoming {
    /// Returns the first header with this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// Returns all headers with text values, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value).ok()?)))
    }

    /// Reads the rest of the response, at most `limit` bytes.
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
    /// Explains why the response broke off.
    fn stopped(&self, error: &io::Error) -> io::Error {
        let length = self.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let read = match length {
            Some(length) => format!("{} of {length} bytes", self.read),
            None => format!("{} bytes", self.read),
        };
        io::Error::other(format!("the answer stopped after {read}: {error}"))
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.body.read(buffer) {
            Ok(count) => {
                self.read += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(self.stopped(&error)),
        }
    }
}

fn first<'h>(headers: &'h [(String, Vec<u8>)], name: &str) -> Option<&'h str> {
    let (_, value) = headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()
}

impl Response {
    /// Returns the first header with this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// Builds a response for tests.
    pub fn fake(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
        Self { status, headers, body: body.as_bytes().to_vec() }
    }
}

//! `wasi:http` of the fake host.

use std::io::{self, Cursor, Read};
use std::time::Duration;

use super::STATE;
use crate::http::{Error, Headers, Request, Response};

/// A request that the test expects, with its response.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub method: String,
    pub url: String,
    pub answer: Result<Response, Error>,
}

/// A request that the step sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The HTTP method.
    pub method: String,
    /// The complete URL.
    pub url: String,
    /// The headers that the step set. The host adds credentials later.
    pub headers: Vec<(String, String)>,
    /// The request body.
    pub body: Vec<u8>,
    /// The timeout that the step set, if any.
    pub timeout: Option<Duration>,
}

impl Sent {
    /// Returns the first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// The body of a response.
pub(crate) struct Body(Cursor<Vec<u8>>);

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Records the request and returns the response set by the test.
pub(crate) fn send(
    request: &Request,
    from: &mut dyn Read,
    length: u64,
) -> Result<(u16, Headers, Body), Error> {
    let mut body = Vec::new();
    from.take(length)
        .read_to_end(&mut body)
        .map_err(|error| Error::Invalid(format!("the body: {}", error.kind())))?;
    let sent = Sent {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body,
        timeout: request.timeout,
    };
    let (method, url) = (&request.method, &request.url);
    let expected = STATE.with_borrow_mut(|state| {
        state.requests.push(sent);
        state.host.requests.pop_front()
    });
    let answer = match expected {
        Some(expected) if expected.method == *method && expected.url == *url => expected.answer?,
        Some(expected) => panic!(
            "the step sent a request that the test does not expect:\n  {method} {url}\nthe next one that it expects is\n  {} {}",
            expected.method, expected.url
        ),
        None => panic!(
            "the step sent a request that the test does not expect:\n  {method} {url}\nadd `.request({method:?}, {url:?}, Ok(...))` to the host of the test"
        ),
    };
    Ok((answer.status, answer.headers, Body(Cursor::new(answer.body))))
}

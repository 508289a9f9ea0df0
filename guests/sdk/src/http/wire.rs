//! Requests over `wasi:http`.

use std::io::{self, Read};
use std::time::Duration;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

use super::{Error, Headers, Request, words};

/// The bytes to write at a time. An output stream always accepts this many.
const CHUNK: usize = 4096;

/// The body of a response.
pub(crate) struct Body {
    // Declared before the body that owns it, so that it is dropped first.
    stream: InputStream,
    _body: IncomingBody,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(64 << 10);
        match self.stream.blocking_read(wanted as u64) {
            Ok(chunk) => {
                let (to, _) = buffer.split_at_mut(chunk.len());
                to.copy_from_slice(&chunk);
                // An empty chunk is not the end of the stream.
                if chunk.is_empty() && wanted > 0 {
                    Err(io::ErrorKind::Interrupted.into())
                } else {
                    Ok(chunk.len())
                }
            }
            Err(StreamError::Closed) => Ok(0),
            Err(error) => Err(io::Error::other(words::broken(&error))),
        }
    }
}

/// Sends a request with a body of `length` bytes, and waits for the head of its response.
pub(crate) fn send(
    request: &Request,
    from: &mut dyn Read,
    length: u64,
) -> Result<(u16, Headers, Body), Error> {
    let out = outgoing(request, length)?;
    let body = out.body().map_err(|()| Error::Network("no request body".to_owned()))?;
    let answer =
        outgoing_handler::handle(out, options(request.timeout)).map_err(|code| refused(request, &code))?;
    // A server may respond before it has read the whole body. In that case its response counts.
    let written = write(request, body, from, length);
    answer.subscribe().block();
    let response = match (answer.get(), written) {
        (Some(Ok(Ok(response))), _) => response,
        (Some(Ok(Err(code))), _) => return Err(refused(request, &code)),
        (_, Err(error)) => return Err(error),
        _ => return Err(Error::Network("there was no answer".to_owned())),
    };
    let (status, headers) = (response.status(), response.headers().entries());
    let none = |()| Error::Network("no answer body".to_owned());
    let body = response.consume().map_err(none)?;
    Ok((status, headers, Body { stream: body.stream().map_err(none)?, _body: body }))
}

fn options(timeout: Option<Duration>) -> Option<RequestOptions> {
    let nanoseconds = u64::try_from(timeout?.as_nanos()).ok();
    let options = RequestOptions::new();
    // The request goes out with the default for any option that the host rejects.
    let _ = options.set_connect_timeout(nanoseconds);
    let _ = options.set_first_byte_timeout(nanoseconds);
    Some(options)
}

fn outgoing(request: &Request, length: u64) -> Result<OutgoingRequest, Error> {
    let invalid = |what: &str| Error::Invalid(format!("{what} in {} {}", request.method, request.url));
    let (scheme, rest) = request.url.split_once("://").ok_or_else(|| invalid("no scheme"))?;
    let (authority, path) = match rest.find(['/', '?']) {
        Some(start) => rest.split_at(start),
        None => (rest, "/"),
    };
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields.append(name, value.as_bytes()).map_err(|_| invalid("a header is refused"))?;
    }
    if length > 0 {
        let length = length.to_string();
        fields.append("content-length", length.as_bytes()).map_err(|_| invalid("a header is refused"))?;
    }
    let out = OutgoingRequest::new(fields);
    let method = match request.method.as_str() {
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
    out.set_method(&method).map_err(|()| invalid("a bad method"))?;
    out.set_scheme(Some(&scheme)).map_err(|()| invalid("a bad scheme"))?;
    out.set_authority(Some(authority)).map_err(|()| invalid("a bad host"))?;
    out.set_path_with_query(Some(path)).map_err(|()| invalid("a bad path"))?;
    Ok(out)
}

fn write(request: &Request, body: OutgoingBody, from: &mut dyn Read, length: u64) -> Result<(), Error> {
    if length > 0 {
        let stream = body.write().map_err(|()| Error::Network("no request body".to_owned()))?;
        let (mut chunk, mut left) = (vec![0; CHUNK], length);
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let (space, _) = chunk.split_at_mut(wanted);
            from.read_exact(space).map_err(|error| Error::Invalid(format!("the body: {}", error.kind())))?;
            stream.blocking_write_and_flush(space).map_err(|error| {
                Error::Network(format!("the request was not sent whole: {}", words::broken(&error)))
            })?;
            left -= wanted as u64;
        }
    }
    OutgoingBody::finish(body, None).map_err(|code| refused(request, &code))
}

/// Explains why this request got no response.
fn refused(request: &Request, code: &ErrorCode) -> Error {
    let method = &request.method;
    // The query may contain confidential data.
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest.split('/').next().unwrap_or(rest));
    match code {
        ErrorCode::HttpRequestDenied => Error::Denied(format!("{method} {url}; the log names the rule")),
        ErrorCode::DestinationIpProhibited => Error::Denied(format!(
            "{method} {url}: the address of the host is not on the public internet (HTTP_ADDRESS_NOT_PUBLIC)"
        )),
        code => Error::Network(words::of(code, authority)),
    }
}

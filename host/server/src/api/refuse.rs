//! Refuses requests because of their headers, before their bodies are read.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;
use stepwell::sandbox::MAX_COMPONENT_BYTES;

use super::problem::Problem;
use super::routes::Operation;

/// The maximum size of a request's body, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;
/// The maximum bytes of a refused request that are read, and the maximum time for it.
const MAX_DRAINED: usize = 4 << 20;
const DRAIN: Duration = Duration::from_secs(1);

/// Returns the problem with the `Host` header of a request (RFC 9112, section 3.2).
pub(super) fn host_problem(version: Version, headers: &HeaderMap) -> Option<Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    let wrong = match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => return None,
        (None, _) => "the request has no header `Host`: send the name of this service in it",
        (Some(_), Some(_)) => "the request has more than one header `Host`: send one",
        (Some(host), None) if !is_authority(host) => {
            "the header `Host` is not a name or an address with an optional port"
        }
        _ => return None,
    };
    Some(Problem::bad_request(wrong))
}

/// The headers that a request has at most once: with two, its sender and a proxy may mean different ones.
const ONCE: [&str; 6] =
    ["authorization", "stepwell-project", "idempotency-key", "if-match", "if-none-match", "content-encoding"];

/// Returns the problem with the headers that say how a body is encoded, or with headers that are repeated.
pub(super) fn header_problem(headers: &HeaderMap, has_two_lengths: bool) -> Option<Problem> {
    if has_two_lengths {
        return Some(Problem::bad_request(
            "the request has both `Content-Length` and `Transfer-Encoding`: send one of them",
        ));
    }
    if let Some(name) = ONCE.iter().find(|name| headers.get_all(**name).iter().nth(1).is_some()) {
        return Some(Problem::bad_request(format!(
            "the request has more than one header `{name}`: send one"
        )));
    }
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    if encodings.any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")) {
        let detail = "this service reads bodies with `Transfer-Encoding: chunked` only";
        return Some(Problem::new(StatusCode::NOT_IMPLEMENTED, detail));
    }
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii());
    if encoding.is_some_and(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity")) {
        let detail = "this service reads bodies without `Content-Encoding` only: do not compress the body";
        return Some(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    None
}

/// Returns whether a text is `host` or `host:port`. It may be empty.
fn is_authority(host: &HeaderValue) -> bool {
    let text = host.as_bytes();
    let Ok(authority) = Authority::try_from(text) else { return text.is_empty() };
    let port = authority.as_str().strip_prefix(authority.host());
    port.is_some_and(|port| port.is_empty() || port == ":" || authority.port_u16().is_some())
}

/// Returns the maximum size of a body of the operation, in bytes.
pub(super) fn most_bytes(operation: Option<&Operation>) -> usize {
    if operation.is_some_and(|operation| operation.id == Operation::registerStep.id) {
        MAX_COMPONENT_BYTES
    } else {
        MAX_BODY
    }
}

/// Returns the size that a request declares for its body, in bytes. A body without a declared length may
/// have `most` bytes.
pub(super) fn declared_bytes(headers: &HeaderMap, most: usize) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(bytes) => bytes,
        None if headers.contains_key(TRANSFER_ENCODING) => most as u64,
        None => 0,
    }
}

/// Returns the problem of a body that is too large.
pub(super) fn larger_than(most: usize) -> Problem {
    let detail = format!("the body is larger than {most} bytes, the maximum of this operation");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// Returns the response with a problem after which the connection closes.
pub(super) fn closing(problem: Problem) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// Fails when the body is larger, ends too early, or is malformed.
pub(crate) async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(larger_than(most)),
        Err(_) => Err(Problem::bad_request(
            "the body cannot be read: it ends too early, or its chunks are malformed",
        )),
    }
}

/// Reads and drops the rest of a refused request while the client receives its response: a connection that
/// closes before that loses the response. A client that waits for `100 Continue` sends nothing.
pub(crate) fn drain(parts: &Parts, body: Body) {
    if body.is_end_stream() || parts.headers.contains_key(EXPECT) {
        return;
    }
    tokio::spawn(tokio::time::timeout(DRAIN, async move {
        let (mut body, mut bytes) = (body, 0);
        while bytes < MAX_DRAINED
            && let Some(Ok(frame)) = body.frame().await
        {
            bytes += frame.data_ref().map_or(0, |data| data.len());
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_host_once() {
        for (version, hosts, status) in [
            (Version::HTTP_11, &[][..], Some(400)),
            (Version::HTTP_10, &[], None),
            (Version::HTTP_11, &["localhost:7450"], None),
            (Version::HTTP_11, &["[::1]:7450"], None),
            (Version::HTTP_11, &[""], None),
            (Version::HTTP_10, &["a", "b"], Some(400)),
            (Version::HTTP_11, &["a", "a"], Some(400)),
            (Version::HTTP_11, &["a b"], Some(400)),
            (Version::HTTP_11, &["user@a"], Some(400)),
            (Version::HTTP_11, &["a/b"], Some(400)),
            (Version::HTTP_11, &["a:x"], Some(400)),
        ] {
            let headers = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host)));
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.append(name, value);
            }
            let found = host_problem(version, &all).map(|problem| problem.status);
            assert_eq!(found, status, "{version:?} {hosts:?}");
        }
    }

    #[test]
    fn a_body_without_a_declared_length_counts_as_the_largest() {
        let of = |header, value| HeaderMap::from_iter([(header, HeaderValue::from_static(value))]);
        assert_eq!(declared_bytes(&HeaderMap::new(), 100), 0);
        assert_eq!(declared_bytes(&of(CONTENT_LENGTH, "200"), 100), 200);
        assert_eq!(declared_bytes(&of(TRANSFER_ENCODING, "chunked"), 100), 100);
    }

    #[test]
    fn a_body_has_one_length_and_no_encoding() {
        for (headers, two, status) in [
            (&[("transfer-encoding", "chunked")][..], false, None),
            (&[("transfer-encoding", "Chunked")], false, None),
            (&[("transfer-encoding", "chunked")], true, Some(400)),
            (&[("transfer-encoding", "gzip, chunked")], false, Some(501)),
            (&[("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")], false, Some(501)),
            (&[("content-encoding", "gzip")], false, Some(415)),
            (&[("content-encoding", "identity")], false, None),
            (&[("stepwell-project", "a"), ("stepwell-project", "b")], false, Some(400)),
            (&[("authorization", "Bearer a"), ("authorization", "Bearer a")], false, Some(400)),
            (&[("accept", "a"), ("accept", "b")], false, None),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(header_problem(&all, two).map(|problem| problem.status), status, "{headers:?}");
        }
    }
}

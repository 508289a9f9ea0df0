//! Refuses requests because of their headers, before their bodies are read.

use axum::body::{Body, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use stepwell::sandbox::MAX_COMPONENT_BYTES;

use super::problem::Problem;
use super::routes::Operation;

/// The maximum size of a request's body, in bytes.
pub(super) const MAX_BODY: usize = 1 << 20;
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

/// Returns whether the request declares a larger body than its operation accepts.
pub(super) fn announces_too_much(headers: &HeaderMap, most: usize) -> bool {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    announced.is_some_and(|bytes| bytes > most as u64)
}

/// Returns the response to a body that is too large. The connection then closes.
pub(super) fn too_large(most: usize) -> Response {
    let detail = format!("the body is larger than {most} bytes, the maximum of this operation");
    let mut response = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Reads and drops the rest of a refused request while the client receives its response: a connection that
/// closes before that loses the response. A client that waits for `100 Continue` sends nothing.
pub(super) fn drain(parts: &Parts, body: Body) {
    if body.is_end_stream() || parts.headers.contains_key(EXPECT) {
        return;
    }
    tokio::spawn(tokio::time::timeout(DRAIN, async move {
        let (mut body, mut bytes) = (body, 0);
        while bytes < MAX_DRAINED
            && let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
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
}

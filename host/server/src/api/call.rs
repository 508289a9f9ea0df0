//! Requests to the API, for its clients in this process: the command and the web UI.

use axum::http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value;

use super::Operation;

/// A request to the API.
pub(crate) struct Call {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The status of its success, and the schema of its answer.
    pub answer: (u16, &'static str),
    /// Whether its answer may take longer than others.
    pub waits: bool,
    /// The reason not to send it.
    pub odd: Option<String>,
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
        let answer = operation.success;
        Self { method, path, headers: Vec::new(), body: Vec::new(), answer, waits: operation.waits, odd }
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
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    /// All characters except the unreserved ones of RFC 3986.
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &RESERVED)
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
}

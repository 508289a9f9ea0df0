//! The traces of a step's calls to other systems.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::{HeaderValue, Request, Response};
use stepwell_engine::StepSink;
use stepwell_engine::step::Report;
use stepwell_engine::trace::{Call, Trace, span_id};

/// The calls of one attempt.
#[derive(Clone, Default)]
pub(crate) struct Traced(Option<Arc<Inner>>);

struct Inner {
    trace: Trace,
    begun: Instant,
    count: AtomicU64,
    sink: StepSink,
}

/// A call in progress.
pub(crate) struct Going {
    inner: Arc<Inner>,
    begun: Instant,
    span_id: u64,
    name: String,
    attributes: Vec<(&'static str, String)>,
}

#[allow(
    clippy::disallowed_methods,
    reason = "how long a call takes is measured, and nothing is decided by it"
)]
fn now() -> Instant {
    Instant::now()
}

impl Traced {
    pub fn new(trace: Option<Trace>, sink: Option<&StepSink>) -> Self {
        let inner = |(trace, sink): (Trace, &StepSink)| {
            Arc::new(Inner { trace, begun: now(), count: AtomicU64::new(0), sink: sink.clone() })
        };
        Self(trace.zip(sink).map(inner))
    }

    /// Begins a call. `None` if the run is not traced.
    pub fn begin(
        &self,
        name: impl FnOnce() -> String,
        attributes: impl FnOnce() -> Vec<(&'static str, String)>,
    ) -> Option<Going> {
        let inner = self.0.as_ref()?;
        let count = inner.count.fetch_add(1, Ordering::Relaxed);
        let span_id = span_id(&format!("{:x}/{count}", inner.trace.span_id));
        Some(Going { inner: inner.clone(), begun: now(), span_id, name: name(), attributes: attributes() })
    }

    /// Begins a request, and adds its place in the trace. The guest's own trace headers are replaced.
    pub fn http<B>(&self, request: &mut Request<B>) -> Option<Going> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let call = self.begin(
            || format!("HTTP {method}"),
            || {
                let port = uri.port_u16().map(|port| ("server.port", port.to_string()));
                let host = uri.host().unwrap_or_default().to_owned();
                let facts = [("http.request.method", method.to_string()), ("server.address", host)];
                facts.into_iter().chain(port).collect()
            },
        )?;
        let below = call.inner.trace.below(call.span_id).to_string();
        if let Ok(value) = HeaderValue::from_str(&below) {
            request.headers_mut().insert("traceparent", value);
            request.headers_mut().remove("tracestate");
        }
        Some(call)
    }
}

/// Ends the call of a request with its response or error.
pub(crate) fn answered<B>(call: Option<Going>, answer: &Result<Response<B>, impl ToString>) {
    let Some(call) = call else { return };
    match answer {
        Ok(answer) => {
            let status = answer.status().as_u16().to_string();
            let error = (answer.status().as_u16() >= 400).then(|| status.clone());
            call.end(vec![("http.response.status_code", status)], error);
        }
        Err(error) => call.end(Vec::new(), Some(error.to_string())),
    }
}

impl Going {
    /// Ends the call.
    pub fn end(self, more: Vec<(&'static str, String)>, error: Option<String>) {
        let Self { inner, begun, span_id, name, mut attributes } = self;
        if !inner.trace.sampled {
            return;
        }
        attributes.extend(more);
        let after = begun.saturating_duration_since(inner.begun);
        inner.sink.offer(Report::Call(Call {
            span_id,
            name,
            after,
            took: begun.elapsed(),
            attributes,
            error,
        }));
    }
}

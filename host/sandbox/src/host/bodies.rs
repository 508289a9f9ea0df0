//! Bodies of requests and responses: their bytes count against the limits of the attempt, and responses have
//! a time limit.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use stepwell_engine::policy::Limits;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::Error;

use super::http::Shared;
use crate::reached::Of;

/// Minimum bytes per second of a response after its first seconds: a slower server only delays the step.
const MIN_BYTES_PER_SECOND: u64 = 1 << 10;
const SLOW_START: Duration = Duration::from_secs(10);
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

/// A body whose bytes count against the limits of the attempt.
pub(super) struct Metered<B> {
    body: B,
    shared: Arc<Shared>,
    direction: Direction,
}

impl<B> Metered<B> {
    pub fn new(body: B, shared: Arc<Shared>, direction: Direction) -> Self {
        Self { body, shared, direction }
    }

    fn count(&self, bytes: usize) -> Result<(), Error> {
        let limits: &Limits = self.shared.grant.limits();
        let (counter, limit) = match self.direction {
            Direction::In => (&self.shared.received, limits.http_response_bytes.0),
            Direction::Out => (&self.shared.sent, limits.http_request_bytes.0),
        };
        let sum = counter.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if sum <= limit {
            return Ok(());
        }
        let (name, what, error) = match self.direction {
            Direction::In => {
                ("http_response_bytes", "answers bring", Error::HttpResponseBodySize(Some(limit)))
            }
            Direction::Out => {
                ("http_request_bytes", "requests send", Error::HttpRequestBodySize(Some(limit)))
            }
        };
        let message = format!("all {what} more than {limit} bytes");
        self.shared.reached.refused(Of::Request, name, message, 1);
        Err(error)
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Metered<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                // Empty frames carry nothing, and could be sent endlessly.
                Some(Ok(frame)) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
                Some(Ok(frame)) if self.direction == Direction::Out && frame.is_trailers() => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return Poll::Ready(Some(Ok(Frame::trailers(self.shared.without_credentials(trailers)))));
                }
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    return Poll::Ready(Some(self.count(bytes).map(|()| frame)));
                }
                other => return Poll::Ready(other),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response, with its time limits. It keeps the connection open.
pub(super) struct Incoming<B> {
    pub body: Metered<B>,
    pub between: Duration,
    pub idle: Pin<Box<Sleep>>,
    pub total: Pin<Box<Sleep>>,
    /// The time of the first bytes.
    pub since: Option<tokio::time::Instant>,
    pub bytes: u64,
    pub _driver: AbortOnDropHandle<()>,
    pub _permit: OwnedSemaphorePermit,
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Incoming<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        // Check this first, so that a response without pauses ends too.
        if self.total.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let between = self.between;
            self.idle = Box::pin(sleep(between));
            if let Some(Ok(frame)) = &frame {
                self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
                let now = self.idle.deadline() - between;
                let elapsed = now - *self.since.get_or_insert(now);
                if elapsed > SLOW_START && self.bytes < elapsed.as_secs() * MIN_BYTES_PER_SECOND {
                    return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
                }
            }
            return Poll::Ready(frame);
        }
        let idle = self.idle.as_mut().poll(cx).is_ready();
        if idle { Poll::Ready(Some(Err(Error::ConnectionReadTimeout))) } else { Poll::Pending }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use http_body_util::BodyExt;

    use super::super::http::tests::nothing_granted;
    use super::*;

    /// A body that never ends.
    struct Endless;

    impl Body for Endless {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test]
    async fn a_guest_names_no_credential_in_its_trailers() {
        let mut map = HeaderMap::new();
        map.insert("authorization", HeaderValue::from_static("mine"));
        map.insert("cookie", HeaderValue::from_static("mine"));
        map.insert("x-http-method-override", HeaderValue::from_static("DELETE"));
        map.insert("x-checksum", HeaderValue::from_static("kept"));
        let body = http_body_util::Empty::<Bytes>::new()
            .map_err(|never| match never {})
            .with_trailers(std::future::ready(Some(Ok::<_, Error>(map))));
        let body = Metered::new(Box::pin(body), nothing_granted(), Direction::Out);
        let sent = body.collect().await.unwrap();
        let names: Vec<_> = sent.trailers().unwrap().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-checksum"]);
    }

    #[tokio::test]
    async fn an_answer_that_never_pauses_ends_with_its_time() {
        let shared = nothing_granted();
        let mut body = Incoming {
            _permit: shared.concurrent.clone().acquire_owned().await.unwrap(),
            body: Metered::new(Endless, shared, Direction::In),
            between: Duration::from_secs(60),
            idle: Box::pin(sleep(Duration::from_secs(60))),
            since: None,
            bytes: 0,
            total: Box::pin(sleep(Duration::from_millis(20))),
            _driver: AbortOnDropHandle::new(tokio::spawn(async {})),
        };
        loop {
            match body.frame().await {
                Some(Ok(_)) => tokio::task::yield_now().await,
                Some(Err(Error::ConnectionReadTimeout)) => return,
                other => panic!("{other:?}"),
            }
        }
    }
}

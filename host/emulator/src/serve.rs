//! The server of the emulators, on a loopback address.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header, request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// The maximum number of concurrent connections.
const MAX_CONNECTIONS: usize = 256;
/// The maximum time for a client to send its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// The maximum time for a client to send the body of a request.
const BODY: Duration = Duration::from_secs(30);
/// The maximum size of the body of a request.
const MAX_BODY: usize = 4 << 20;

/// An answer to a request.
pub(crate) type Answer = Response<Full<Bytes>>;

/// A service, which answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    fn answer(&self, parts: &request::Parts, body: &[u8]) -> Answer;
}

/// A server, which stops when it is dropped.
pub(crate) struct Serving {
    _task: AbortOnDropHandle<()>,
}

impl Serving {
    pub(crate) fn new(listener: TcpListener, service: Arc<dyn Service>) -> Self {
        Self { _task: AbortOnDropHandle::new(tokio::spawn(accept(listener, service))) }
    }
}

async fn accept(listener: TcpListener, service: Arc<dyn Service>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let of = service.clone();
        let service = service_fn(move |request| answered(of.clone(), request));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADERS);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            let _place = place;
            // A client that has gone is no failure of the emulator.
            let _ = connection.await;
        });
    }
}

async fn answered(service: Arc<dyn Service>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(BODY, Limited::new(body, MAX_BODY).collect()).await;
    Ok(match read {
        Ok(Ok(body)) => service.answer(&parts, &body.to_bytes()),
        _ => answer(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "The request is too large or too slow."),
    })
}

/// Makes an answer.
pub(crate) fn answer(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        answer.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    answer
}

//! A server of Spark Connect for tests. It answers as an honest server does, except where a test says otherwise.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use prost::Message as _;
use proto::execute_plan_response::{ArrowBatch, ResponseType, ResultComplete};
use spark_connect_proto as proto;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::crafted;

/// The id that the server has for each session.
const SESSION: &str = "server-side";

/// The end of a reply, after its messages.
pub(super) enum Then {
    Ends,
    /// The last message comes repeatedly.
    Repeats,
    /// Nothing comes any more.
    Stalls,
    /// Not even the head of the reply comes.
    Silent,
    /// Bytes come that are no message.
    Raw(Bytes),
    Fails {
        code: u16,
        message: String,
        details: usize,
    },
}

pub(super) struct Reply {
    pub messages: Vec<Bytes>,
    pub then: Then,
}

/// Returns the reply to a call of a method, which the server has called so many times before, or `None` for the reply
/// of an honest server.
pub(super) type Behaviour = Arc<dyn Fn(&str, usize) -> Option<Reply> + Send + Sync>;

#[derive(Default)]
struct State {
    behaviour: Mutex<Option<Behaviour>>,
    calls: Mutex<BTreeMap<String, usize>>,
    connections: AtomicUsize,
}

pub(super) struct Fake {
    pub port: u16,
    state: Arc<State>,
    _task: AbortOnDropHandle<()>,
}

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { port, state, _task: AbortOnDropHandle::new(task) }
    }

    /// Sets the behaviour from now on; `None` is that of an honest server.
    pub fn behave(&self, behaviour: Option<Behaviour>) {
        self.state.calls.lock().clear();
        *self.state.behaviour.lock() = behaviour;
    }

    /// Returns the number of calls of a method since the behaviour was set.
    pub fn calls(&self, method: &str) -> usize {
        self.state.calls.lock().get(method).copied().unwrap_or_default()
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    state.connections.fetch_add(1, Ordering::SeqCst);
    let shared = state.clone();
    let service = service_fn(move |request| answer(request, shared.clone()));
    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    state.connections.fetch_sub(1, Ordering::SeqCst);
}

type Body = BoxBody<Bytes, Infallible>;

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, Infallible> {
    let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let _ = request.into_body().collect().await;
    let before = {
        let mut calls = state.calls.lock();
        let count = calls.entry(method.clone()).or_default();
        *count += 1;
        *count - 1
    };
    let behaviour = state.behaviour.lock().clone();
    let reply = behaviour.and_then(|behaviour| behaviour(&method, before)).unwrap_or_else(|| honest(&method));
    if matches!(reply.then, Then::Silent) {
        std::future::pending::<()>().await;
    }
    let body = BodyExt::boxed(StreamBody::new(frames(reply).map(Ok::<_, Infallible>)));
    Ok(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

fn frames(reply: Reply) -> impl Stream<Item = Frame<Bytes>> + Send + Sync + 'static {
    let last = reply.messages.last().cloned().unwrap_or_default();
    let messages = stream::iter(reply.messages).map(|message| Frame::data(framed(&message)));
    let end: std::pin::Pin<Box<dyn Stream<Item = Frame<Bytes>> + Send + Sync>> = match reply.then {
        Then::Ends => Box::pin(stream::iter([trailers(0, "", 0)])),
        Then::Fails { code, message, details } => Box::pin(stream::iter([trailers(code, &message, details)])),
        Then::Repeats => {
            // Many messages in one frame, so that the server is quicker than its client.
            let message = framed(&last);
            let many = message.repeat((1 << 16) / message.len().max(1) + 1);
            Box::pin(stream::repeat_with(move || Frame::data(Bytes::from(many.clone()))))
        }
        Then::Stalls | Then::Silent => Box::pin(stream::pending()),
        Then::Raw(bytes) => Box::pin(stream::iter([Frame::data(bytes)]).chain(stream::pending())),
    };
    messages.chain(end)
}

/// Returns a message as gRPC has it on a stream.
fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len() + 5);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.extend_from_slice(message);
    bytes.freeze()
}

fn trailers(code: u16, message: &str, details: usize) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.into());
    let encode = |byte: u8| match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let encoded: String = message.bytes().map(encode).collect();
    trailers.insert("grpc-message", encoded.parse().unwrap());
    if details > 0 {
        trailers.insert("grpc-status-details-bin", "A".repeat(details).parse().unwrap());
    }
    Frame::trailers(trailers)
}

fn honest(method: &str) -> Reply {
    let messages = match method {
        "AnalyzePlan" => {
            let version = proto::analyze_plan_response::SparkVersion { version: "4.2.0".to_owned() };
            let answer = proto::AnalyzePlanResponse {
                server_side_session_id: SESSION.to_owned(),
                result: Some(proto::analyze_plan_response::Result::SparkVersion(version)),
                ..Default::default()
            };
            vec![answer.encode_to_vec().into()]
        }
        "ExecutePlan" | "ReattachExecute" => {
            vec![arrow("1", crafted::numbers(1)), complete("2")]
        }
        // The messages of the others have no field that must be there.
        _ => vec![Bytes::new()],
    };
    Reply { messages, then: Then::Ends }
}

/// Returns an answer of the operation with this data.
pub(super) fn arrow(id: &str, data: Vec<u8>) -> Bytes {
    let batch = ArrowBatch { data: data.into(), ..Default::default() };
    in_session(SESSION, id, Some(ResponseType::ArrowBatch(batch)))
}

pub(super) fn complete(id: &str) -> Bytes {
    in_session(SESSION, id, Some(ResponseType::ResultComplete(ResultComplete {})))
}

pub(super) fn in_session(session: &str, id: &str, answer: Option<ResponseType>) -> Bytes {
    let answer = proto::ExecutePlanResponse {
        server_side_session_id: session.to_owned(),
        response_id: id.to_owned(),
        response_type: answer,
        ..Default::default()
    };
    answer.encode_to_vec().into()
}

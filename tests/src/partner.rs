//! A server of a partner: an API that returns the headers of each request, a path that fails, and a token
//! endpoint (OAuth 2.0 client credentials) with faults on demand.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

/// The behavior of the token endpoint.
#[derive(Debug, Clone)]
pub enum Tokens {
    /// It issues the token `NAME-token-NUMBER` for that many seconds, after a delay.
    Issue(u64, Duration),
    /// It answers with this status and this body.
    Answer(u16, String),
    /// It never answers.
    Never,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// A server, which ends with the runtime.
#[derive(Clone)]
pub struct Partner {
    /// The port on 127.0.0.1.
    pub port: u16,
    tokens: Arc<Mutex<Tokens>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    is_down: Arc<Mutex<bool>>,
}

impl Partner {
    /// Starts a server that issues tokens for an hour.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let tokens = Arc::new(Mutex::new(Tokens::Issue(3600, Duration::ZERO)));
        let partner = Self { port, tokens, asked: Arc::default(), is_down: Arc::default() };
        let server = partner.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                let service = service_fn(move |request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        partner
    }

    /// Returns the URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Changes the behavior of the token endpoint.
    pub fn set(&self, tokens: Tokens) {
        *self.tokens.lock() = tokens;
    }

    /// Lets every path except the token endpoint answer 503, or work again.
    pub fn set_down(&self, is_down: bool) {
        *self.is_down.lock() = is_down;
    }

    /// Returns the requests so far for this path.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers: BTreeMap<String, String> = request.headers().iter().map(header).collect();
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        let is_down = *self.is_down.lock();
        self.asked.lock().push(Asked { path: path.clone(), headers: headers.clone(), body });
        let (status, text) = match path.as_str() {
            "/token" => self.token().await,
            _ if is_down => (503, "down".to_owned()),
            "/missing" => (404, "missing".to_owned()),
            _ => (200, json!(headers).to_string()),
        };
        let answer = Response::builder().status(status).header("content-type", "application/json");
        answer.body(Full::new(Bytes::from(text))).unwrap_or_default()
    }

    async fn token(&self) -> (u16, String) {
        let (number, tokens) = (self.asked("/token").len(), self.tokens.lock().clone());
        match tokens {
            Tokens::Issue(life, delay) => {
                tokio::time::sleep(delay).await;
                let token = format!("canary-token-{number}");
                (200, json!({"access_token": token, "token_type": "Bearer", "expires_in": life}).to_string())
            }
            Tokens::Answer(status, body) => (status, body),
            Tokens::Never => std::future::pending().await,
        }
    }
}

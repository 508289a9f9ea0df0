//! A small HTTP server that responds by path and records its requests.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

/// A server, which ends with the runtime.
#[derive(Clone)]
pub struct Web {
    pub port: u16,
    pages: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let web = Self { port, pages: Arc::default(), asked: Arc::default() };
        let server = web.clone();
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
        web
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sets the response of this path, with status 200. Other paths return 404.
    pub fn set(&self, path: &str, page: impl ToString) {
        self.pages.lock().map(|mut pages| pages.insert(path.to_owned(), page.to_string())).ok();
    }

    /// Returns the requests so far whose paths begin with `prefix`.
    pub fn asked(&self, prefix: &str) -> Vec<Asked> {
        let all = self.asked.lock().map(|asked| asked.clone()).unwrap_or_default();
        all.into_iter().filter(|asked| asked.path.starts_with(prefix)).collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers = request.headers().iter().map(header).collect();
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        self.asked.lock().map(|mut asked| asked.push(Asked { path: path.clone(), headers, body })).ok();
        let page = self.pages.lock().ok().and_then(|pages| pages.get(&path).cloned());
        let status = if page.is_some() { 200 } else { 404 };
        let answer = Response::builder().status(status).header("content-type", "application/json");
        answer.body(Full::new(Bytes::from(page.unwrap_or_default()))).unwrap_or_default()
    }
}

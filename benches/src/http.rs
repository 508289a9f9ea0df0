//! `stepwell serve` and a client for it: requests over persistent connections, one per task.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Result;

/// A service as a separate process.
pub(crate) struct Server {
    child: Child,
    pub address: String,
    token: String,
}

impl Server {
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        Self::start_with(dir, |_| {})
    }

    /// Starts a service with more arguments.
    pub(crate) fn start_with(dir: &Path, more: impl FnOnce(&mut Command)) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("stepwell");
        if !program.exists() {
            return Err("build it first: cargo build --release -p stepwell-server".into());
        }
        let queues = dir.join("timezone_queues.yaml");
        std::fs::write(&queues, "default: {concurrency: 1000}\n")?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--rate-limit", "1000000", "--log", "warn"]);
        command.arg("--step").arg(stepwell_tests::guest("hello_step"));
        command.arg("--queues").arg(queues).arg("--data-dir").arg(dir.join("data"));
        command.env("STEPWELL_CACHE_DIR", stepwell_tests::root().join("target/bench-cache"));
        more(&mut command);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let address = loop {
            let line = lines.next().ok_or("the service does not start")??;
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
        };
        wait_until_ready(&address)?;
        let token = std::fs::read_to_string(dir.join("data/first-api-key"))?.trim().to_owned();
        Ok(Self { child, address, token })
    }

    pub(crate) async fn client(&self) -> Result<Client> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Client { sender, authorization: format!("Bearer {}", self.token) })
    }
}

/// Waits until a service has compiled its steps: that takes minutes without a cache, and half of the cores.
fn wait_until_ready(address: &str) -> Result {
    loop {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    authorization: String,
}

impl Client {
    /// Returns the body of the response to a GET.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        let request = hyper::Request::get(path)
            .header("host", "stepwell")
            .header("authorization", &self.authorization)
            .body(Full::default())?;
        self.send(request).await
    }

    /// Sends a job and waits for its end, or only for its admission. Returns the response.
    pub(crate) async fn execute(&mut self, job: &Bytes, wait: bool) -> Result<Value> {
        let prefer = if wait { "wait=60" } else { "respond-async" };
        let request = hyper::Request::post("/api/v2/jobs/execute")
            .header("host", "stepwell")
            .header("authorization", &self.authorization)
            .header("prefer", prefer)
            .body(Full::new(job.clone()))?;
        Ok(serde_json::from_slice(&self.send(request).await?)?)
    }

    async fn send(&mut self, request: hyper::Request<Full<Bytes>>) -> Result<Bytes> {
        tokio::time::timeout(Duration::from_secs(60), self.sender.ready()).await??;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(body)
    }
}

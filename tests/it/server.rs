//! `stepwell serve` as a process, and a small HTTP client for it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::Shell;

/// A service over a separate directory.
pub struct Server {
    pub shell: Shell,
    child: Child,
    pub address: String,
    pub token: String,
}

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

impl Server {
    /// Starts a service with the probe.
    pub fn start(shell: Shell) -> Self {
        Self::start_with(shell, &[], "")
    }

    /// Starts a service, and collects the lines of its log.
    pub fn start_logged(shell: Shell) -> (Self, Arc<Mutex<Vec<String>>>) {
        Self::start_logged_again(shell, "")
    }

    /// As [`Self::start_logged`], over a directory that has a key.
    pub fn start_logged_again(shell: Shell, token: &str) -> (Self, Arc<Mutex<Vec<String>>>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        let take = move |errors: ChildStderr| {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        };
        (Self::start_telling(shell, &[], token, take), log)
    }

    /// Starts a service again, over the same directory.
    pub fn start_with(shell: Shell, more: &[&str], token: &str) -> Self {
        let tell = |mut errors: ChildStderr| {
            // The reader may have ended.
            let _ = std::io::copy(&mut errors, &mut std::io::stderr());
        };
        Self::start_telling(shell, more, token, tell)
    }

    /// Starts a service with only its built-in steps.
    pub fn start_without_probe(shell: Shell, token: &str) -> Self {
        let shell = shell.file("policy.yaml", "policy: 1\nname: none\nsteps: [wait]\n");
        Self::serve(shell, &[], token)
    }

    /// Starts a service with these options and no others.
    pub fn start_plain(shell: Shell, more: &[&str]) -> Self {
        Self::serve(shell, more, "")
    }

    /// Starts `stepwell demo` on a free port. Returns it with the path of its link and the lines of its log.
    pub fn start_demo(shell: Shell, more: &[&str]) -> (Self, String, Arc<Mutex<Vec<String>>>) {
        let arguments: Vec<String> =
            ["demo", "--port", "0"].iter().chain(more).map(|argument| (*argument).to_owned()).collect();
        let mut child =
            shell.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (log, errors) = (Arc::new(Mutex::new(Vec::new())), child.stderr.take().unwrap());
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let (mut link, mut token) = (None, String::new());
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let line = line.trim();
            if let Some((address, path)) = line.strip_prefix("http://").and_then(|l| l.split_once("/ui/once"))
            {
                link = Some((address.to_owned(), format!("/ui/once{path}")));
            }
            if line.starts_with("sw_") {
                token = line.to_owned();
            }
            if line.contains("Ctrl-C ends the demo") {
                break;
            }
        }
        let (address, path) = link.unwrap_or_else(|| panic!("the demo does not start: {:?}", log.lock()));
        (Self { shell, child, address, token }, path, log)
    }

    fn serve(shell: Shell, more: &[&str], token: &str) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        Self::spawn(shell, &arguments, token, |mut errors| {
            drop(std::io::copy(&mut errors, &mut std::io::stderr()))
        })
    }

    fn start_telling(
        shell: Shell,
        more: &[&str],
        token: &str,
        tell: impl FnOnce(ChildStderr) + Send + 'static,
    ) -> Self {
        let mut arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        if !more.contains(&"--rate-limit") {
            arguments.extend(["--rate-limit", "10000"]);
        }
        let arguments = shell.with_probe(&arguments);
        Self::spawn(shell, &arguments, token, tell)
    }

    fn spawn(
        shell: Shell,
        arguments: &[String],
        token: &str,
        tell: impl FnOnce(ChildStderr) + Send + 'static,
    ) -> Self {
        let mut child =
            shell.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut token = token.to_owned();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                let mut told = String::new();
                child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
                panic!("the service does not start: {told}");
            };
            // As text, or as a line of JSON.
            if let Some((_, address)) = line.split_once("listening on http://") {
                break address.split('"').next().unwrap_or_default().to_owned();
            }
        };
        if token.is_empty() {
            let named = arguments.iter().skip_while(|argument| *argument != "--data-dir").nth(1);
            let data = named.map_or_else(|| shell.path("data"), std::path::PathBuf::from);
            let file = data.join("first-api-key");
            token = std::fs::read_to_string(file).unwrap_or_default().trim().to_owned();
        }
        let errors = child.stderr.take().unwrap();
        std::thread::spawn(move || tell(errors));
        Self { shell, child, address, token }
    }

    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Kills it as `kill -9` does, and starts it again over the same directory.
    pub fn kill_and_restart(self) -> Self {
        let (shell, token) = (self.shell.clone(), self.token.clone());
        // Dropping it kills it.
        drop(self);
        Self::start_with(shell, &[], &token)
    }

    /// Sends SIGTERM, waits for the end, and returns the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.end("TERM")
    }

    /// Sends a signal, waits for the end, and returns the exit code.
    pub fn end(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }

    pub fn signal(&self, name: &str) {
        let status =
            std::process::Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend(headers);
        self.raw(method, path, &all, body).await.unwrap()
    }

    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Reply> {
        ask(&self.address, method, path, headers, body).await
    }

    /// Sends bytes.
    pub async fn post_bytes(&self, path: &str, body: &[u8]) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", authorization.as_str())];
        ask_bytes(&self.address, "POST", path, &headers, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.request("POST", path, &[], &body.to_string()).await
    }
}

/// Sends a request to a service.
pub async fn ask(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Reply> {
    ask_bytes(address, method, path, headers, body.as_bytes()).await
}

/// As [`ask`], with a body of bytes.
pub async fn ask_bytes(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: stepwell\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer.get(end + 4..).unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { dechunked(body) } else { body.to_vec() };
    Ok(Reply { status, headers: head, body: String::from_utf8_lossy(&body).into_owned() })
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the samples of an OpenMetrics text: name with labels, value.
pub fn samples(text: &str) -> BTreeMap<String, f64> {
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(line) = body.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&body[..line]);
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let rest = &body[line + 2..];
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&rest[..size.min(rest.len())]);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

/// Repeats until the answer is right; panics with the last one after 20 seconds.
pub async fn until<T: std::fmt::Debug>(
    what: &str,
    ask: impl AsyncFn() -> T,
    right: impl Fn(&T) -> bool,
) -> T {
    for _ in 0..400 {
        let answer = ask().await;
        if right(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: {:?}", ask().await);
}

//! Sends requests to another service over HTTP.

use std::error::Error;
use std::fs::File;
use std::io::ErrorKind;
use std::time::Duration;

use reqwest::redirect::Policy;
use stepwell::engine::quantity::Span;
use stepwell::engine::system::{read_bounded, text_of, why};
use url::{Host, Url};

use super::{Call, Chunks, Reply, slow};
use crate::cli::args::ApiArgs;
use crate::failure::Failure;

/// The maximum time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// The maximum time until an answer begins, and between two pieces of it: longer than a service works on most
/// requests (30 s), and than the pauses of a stream (15 s).
const PATIENCE: Duration = Duration::from_secs(60);
/// The bounds of that time.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(3600);
/// The factor for requests that may take longer, such as the check of an audit log or the compilation of a
/// component, and for an answer that is read as a whole.
pub(super) const LONGER: u32 = 6;
/// The maximum size of a file that holds a key, in bytes.
const KEY: usize = 4096;

/// A connection to another service.
pub(super) struct Remote {
    client: reqwest::Client,
    base: Url,
    key: String,
    patience: Duration,
}

impl Remote {
    pub fn new(base: &Url, args: &ApiArgs) -> Result<Self, Failure> {
        let (key, patience) = (key(args)?, patience()?);
        let unsafe_way = base.scheme() == "http" && !is_loopback(base);
        if unsafe_way {
            say!("warning: {base} is not https: the API key is sent unencrypted");
        }
        // An embedder may have already chosen a cryptography library.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            // A key is for one service, so the client follows no redirect.
            .redirect(Policy::none())
            .user_agent(concat!("stepwell/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::platform(format!("cannot set up HTTP: {error}")))?;
        Ok(Self { client, base: base.clone(), key, patience })
    }

    pub async fn send(&self, call: Call) -> Result<Reply, Failure> {
        let url = format!("{}{}", self.base.as_str().trim_end_matches('/'), call.path);
        let mut request = self.client.request(call.method, url).bearer_auth(&self.key).body(call.body);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let patience = if call.waits { self.patience * LONGER } else { self.patience };
        let response = tokio::time::timeout(patience, request.send()).await.map_err(|_| slow(patience))?;
        let response = response.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_redirection() {
            let place = response.headers().get("location").and_then(|place| place.to_str().ok());
            let place = place.unwrap_or("another address");
            return Err(Failure::input(format!(
                "{} redirects to {place}: use that address with --server",
                self.base
            )));
        }
        Ok(Reply { status, body: Chunks::There { response, pause: self.patience } })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let what = match () {
            () if error.is_timeout() => "does not answer in time".to_owned(),
            () if error.is_connect() => format!("cannot be reached: {}", cause(error)),
            () => "closed the connection before it answered".to_owned(),
        };
        Failure { lost: true, ..Failure::platform(format!("{} {what}", self.base)) }
    }
}

/// Returns the reason why the connection failed.
fn cause(error: &reqwest::Error) -> &'static str {
    let mut inner: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = inner {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            return "no service listens there (connection refused)";
        }
        // Each library has its own types of error for a failed lookup, a certificate, and a server without
        // TLS.
        let text = error.to_string();
        if text.contains("lookup") || text.contains("dns") {
            return "its name cannot be resolved";
        }
        if text.contains("certificate") {
            return "this machine does not trust its certificate";
        }
        if text.contains("corrupt message") || text.contains("InvalidContentType") {
            return "it does not speak TLS: is the address http:// rather than https://?";
        }
        inner = error.source();
    }
    "check the address and the network"
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns the maximum time until an answer begins, and between two pieces of it.
fn patience() -> Result<Duration, Failure> {
    const NAME: &str = "STEPWELL_TIMEOUT";
    let Some(text) = std::env::var_os(NAME).filter(|text| !text.is_empty()) else { return Ok(PATIENCE) };
    let span = text.to_string_lossy().parse::<Span>().ok().map(|span| span.0);
    span.filter(|span| (LEAST..=MOST).contains(span))
        .ok_or_else(|| Failure::option(NAME, "must be a time span from 1s to 1h"))
}

/// Returns the key, from the file or the environment variable.
fn key(args: &ApiArgs) -> Result<String, Failure> {
    let file = args.key_file.clone().or_else(|| std::env::var_os("STEPWELL_KEY_FILE").map(Into::into));
    let text = match (&file, std::env::var("STEPWELL_API_KEY")) {
        (Some(file), _) => {
            let place = || file.display().to_string();
            let failed =
                |error: std::io::Error| Failure::input(format!("--key-file {}: {}", place(), why(&error)));
            // It may be a pipe, such as `<(command)` of a shell.
            let read = File::open(file).and_then(|file| text_of(read_bounded(file, KEY)?));
            read.map_err(failed)?
        }
        (None, Ok(text)) => text,
        (None, Err(_)) => {
            return Err(Failure::input(
                "--server needs an API key: name its file with --key-file (or STEPWELL_KEY_FILE), or set STEPWELL_API_KEY",
            ));
        }
    };
    let key = text.trim();
    match !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(key.to_owned()),
        false => {
            let place = file.map_or_else(|| "STEPWELL_API_KEY".to_owned(), |file| file.display().to_string());
            Err(Failure::input(format!("{place} does not hold an API key")))
        }
    }
}

//! What requests are authenticated with: secrets as they are, and tokens that are asked for and renewed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use serde::Deserialize;
use stepwell_engine::Configuration;
use stepwell_engine::config::{Credential, ServicePrincipal};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::host::connect::{exchange, handshake};
use crate::secrets::{self, Secret};

/// Azure DevOps, as Microsoft Entra ID knows it
/// (learn.microsoft.com, "Use Azure DevOps REST APIs with a service principal").
const SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// How long a token is asked for, and how long before its end another one is.
const PATIENCE: Duration = Duration::from_secs(15);
const EARLY: Duration = Duration::from_secs(300);
/// Bytes of an answer with a token.
const MAX_ANSWER: usize = 64 << 10;

/// The credentials of the configuration.
pub(crate) struct Credentials {
    config: Arc<Configuration>,
    tokens: parking_lot::Mutex<BTreeMap<String, Arc<Mutex<Option<Token>>>>>,
}

#[derive(Clone)]
struct Token {
    value: Secret,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

/// Why there is no token (RFC 6749 section 5.2).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl Credentials {
    pub fn new(config: Arc<Configuration>) -> Self {
        Self { config, tokens: parking_lot::Mutex::default() }
    }

    /// The credential `name`, as a header takes it.
    ///
    /// # Errors
    /// Why there is none, for the host's log; never what it is.
    pub async fn get(&self, name: &str) -> Result<Secret, String> {
        match self.config.credential(name) {
            None => Err(format!("there is no secret `{name}`")),
            Some(Credential::Secret(source)) => secrets::read(&self.config, source),
            Some(Credential::Principal(principal)) => self.token(name, principal).await,
        }
    }

    /// The token that is held, or another one: for a principal only one is asked for at a time.
    async fn token(&self, name: &str, principal: &ServicePrincipal) -> Result<Secret, String> {
        let slot = {
            let mut tokens = self.tokens.lock();
            tokens.entry(name.to_owned()).or_default().clone()
        };
        let mut held = slot.lock().await;
        #[allow(clippy::disallowed_methods, reason = "the age of a token is measured")]
        let now = Instant::now();
        if let Some(token) = held.as_ref().filter(|token| token.renew_at > now) {
            return Ok(token.value.clone());
        }
        let asking = tokio::time::timeout(PATIENCE, self.ask(principal));
        let answer = asking.await.unwrap_or_else(|_| Err("it does not answer within 15 s".to_owned()));
        let answer = answer.map_err(|why| format!("no token from {}: {why}", authority(principal)))?;
        let life = Duration::from_secs(answer.expires_in);
        // A token that lives less than that is renewed after half of its life.
        let renew_at = now + life.checked_sub(EARLY).unwrap_or(life / 2).max(life / 2);
        let value = Secret::new(answer.access_token);
        *held = Some(Token { value: value.clone(), renew_at });
        Ok(value)
    }

    /// Client credentials (RFC 6749 section 4.4.2).
    async fn ask(&self, principal: &ServicePrincipal) -> Result<Answer, String> {
        let url =
            format!("{}/{}/oauth2/v2.0/token", authority(principal).trim_end_matches('/'), principal.tenant);
        let url = url::Url::parse(&url).map_err(|error| error.to_string())?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
        let secret = secrets::read(&self.config, &principal.client_secret)?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &principal.client_id)
            .append_pair("client_secret", secret.expose())
            .append_pair("scope", SCOPE)
            .finish();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.path())
            .header(HOST, authority)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::from(form)).map_err(|never| match never {}).boxed_unsync())
            .map_err(|error| error.to_string())?;
        let tcp = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
        let (response, _driver) = if url.scheme() == "https" {
            let tls = handshake(tcp, host).await.map_err(|error| error.to_string())?;
            exchange(tls, request, PATIENCE).await
        } else {
            exchange(tcp, request, PATIENCE).await
        }
        .map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        if status != StatusCode::OK {
            let why: Refusal = serde_json::from_slice(&body).unwrap_or_default();
            // Entra's descriptions continue with ids and times, each on a separate line.
            let told = why.error_description.lines().next().unwrap_or_default().to_owned();
            return Err(format!("{status}: {} {told}", why.error).trim_end().to_owned());
        }
        serde_json::from_slice(&body).map_err(|_| "the answer holds no token".to_owned())
    }
}

fn authority(principal: &ServicePrincipal) -> &str {
    principal.authority.as_deref().unwrap_or(AUTHORITY)
}

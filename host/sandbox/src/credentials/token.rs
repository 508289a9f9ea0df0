//! Tokens (OAuth 2.0 client credentials, RFC 6749 section 4.4): got once for all requests that wait, stored
//! until shortly before they expire, and never on disk.
//!
//! The threat: a token endpoint that is slow, endless, broken or malicious holds attempts and memory, or puts
//! the client's secret into a log. So getting a token has a deadline, the answer and the token have a maximum
//! size, a failure counts for every request that waits, and no message contains a secret.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use serde::Deserialize;
use serde_json::Value;
use stepwell_engine::Configuration;
use stepwell_engine::config::{ClientAuthentication, ClientCredentials};
use stepwell_engine::system::why;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use url::{Position, Url};
use zeroize::Zeroizing;

use crate::host::connect::{exchange, handshake};
use crate::host::lookups::{Lookups, Share};
use crate::mask::Needles;
use crate::secrets::{self, Secret};

/// The time before its end at which a token is renewed.
const EARLY: Duration = Duration::from_secs(300);
/// The life of a token whose answer names none, and the longest life that counts.
const LIFE: Duration = Duration::from_secs(300);
const MAX_LIFE: Duration = Duration::from_secs(24 * 3600);
/// The time for which a failure counts: for the requests that waited, and for those that follow at once.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes of an answer, of a token, and characters of a server's explanation.
const MAX_ANSWER: usize = 64 << 10;
const MAX_TOKEN: usize = 8 << 10;
const MAX_WHY: usize = 300;

/// The tokens of the process, by the names of their credentials.
#[derive(Default)]
pub(super) struct Tokens {
    slots: parking_lot::Mutex<BTreeMap<String, Arc<Mutex<Slot>>>>,
    share: Share,
}

/// The token of one credential. Its lock is held while the token is renewed.
#[derive(Default)]
struct Slot {
    token: Option<Token>,
    failed: Option<(Instant, String)>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub value: Secret,
    /// The texts to mask in responses, for all requests with this token.
    pub needles: Needles,
    renew_at: Instant,
    expires_at: Instant,
}

/// A successful answer (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    /// A number of seconds. Some servers send it as text.
    #[serde(default)]
    expires_in: Option<Value>,
}

/// The reason why there is no token (RFC 6749 section 5.2).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

#[allow(clippy::disallowed_methods, reason = "the age of a token is measured")]
fn now() -> Instant {
    Instant::now()
}

impl Tokens {
    /// Returns the token of a credential, and gets or renews it if necessary.
    ///
    /// # Errors
    /// Returns the reason for the host's log, without secrets.
    pub async fn get(
        &self,
        name: &str,
        client: &ClientCredentials,
        config: &Configuration,
        lookups: &Lookups,
    ) -> Result<Token, String> {
        let slot = self.slots.lock().entry(name.to_owned()).or_default().clone();
        let mut slot = slot.lock().await;
        let begun = now();
        if let Some(token) = slot.token.as_ref().filter(|token| token.renew_at > begun) {
            return Ok(token.clone());
        }
        let recent = slot.failed.as_ref().filter(|(at, _)| begun.duration_since(*at) < PAUSE);
        let why = match recent {
            Some((_, why)) => why.clone(),
            None => match self.ask(client, config, lookups).await {
                Ok((value, life)) => {
                    let token = Token::new(value, life, begun);
                    *slot = Slot { token: Some(token.clone()), failed: None };
                    return Ok(token);
                }
                Err(why) => {
                    slot.failed = Some((now(), why.clone()));
                    why
                }
            },
        };
        // Until it expires, a token works although it cannot be renewed.
        let valid = slot.token.as_ref().filter(|token| token.expires_at > now());
        valid.cloned().ok_or(why)
    }

    /// Asks for a token, within the time of the credential.
    async fn ask(
        &self,
        client: &ClientCredentials,
        config: &Configuration,
        lookups: &Lookups,
    ) -> Result<(Secret, Duration), String> {
        let url = Url::parse(&client.token_url).map_err(|error| error.to_string())?;
        let secret = secrets::read(config, &client.client_secret)?;
        let request = request(&url, client, &secrets::text(config, &client.client_id)?, &secret)?;
        let asked = tokio::time::timeout(client.timeout, self.send(&url, request, client.timeout, lookups));
        let answer = asked.await.unwrap_or_else(|_| Err(format!("no answer within {:?}", client.timeout)));
        let found = answer.and_then(|(status, body)| read(status, &body));
        found.map_err(|why| {
            let why = without(&secret, &why);
            format!("no token from {}: {why}", url.host_str().unwrap_or_default())
        })
    }

    async fn send(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
        time: Duration,
        lookups: &Lookups,
    ) -> Result<(StatusCode, Bytes), String> {
        // Brackets belong to the URL, and not to an address.
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = lookups.find(&self.share, host.to_owned(), port).await;
        let addresses = addresses.map_err(|_| "the host cannot be resolved".to_owned())?;
        let tcp = TcpStream::connect(addresses.as_slice()).await.map_err(|error| why(&error))?;
        let request = request.map(|body| body.map_err(|never| match never {}).boxed_unsync());
        let (response, _driver) = if url.scheme() == "https" {
            let tls = handshake(tcp, host).await.map_err(|error| error.to_string())?;
            exchange(tls, request, time).await
        } else {
            exchange(tcp, request, time).await
        }
        .map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|_| format!("the answer broke off, or has more than {MAX_ANSWER} bytes"))?;
        Ok((status, body.to_bytes()))
    }
}

impl Token {
    fn new(value: Secret, life: Duration, begun: Instant) -> Self {
        // A token that lives less than that is renewed after half of its life.
        let renew_after = life.checked_sub(EARLY).unwrap_or(life / 2).max(life / 2);
        let needles = Needles::of(value.expose());
        Self { value, needles, renew_at: begun + renew_after, expires_at: begun + life }
    }
}

/// Makes a request for a token (RFC 6749 sections 2.3.1 and 4.4.2).
fn request(
    url: &Url,
    client: &ClientCredentials,
    id: &str,
    secret: &Secret,
) -> Result<Request<Full<Bytes>>, String> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.extend_pairs(client.scope.iter().map(|scope| ("scope", scope)));
    form.extend_pairs(&client.parameters);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    match client.authentication {
        ClientAuthentication::Body => {
            form.append_pair("client_id", id).append_pair("client_secret", secret.expose());
        }
        ClientAuthentication::Basic => {
            let encode =
                |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let text = Zeroizing::new(format!("{}:{}", encode(id), encode(secret.expose())));
            let text = base64::engine::general_purpose::STANDARD.encode(text.as_bytes());
            request = request.header(AUTHORIZATION, format!("Basic {text}"));
        }
    }
    request.body(Full::new(Bytes::from(form.finish()))).map_err(|error| error.to_string())
}

/// Reads an answer: the token, and its life.
fn read(status: StatusCode, body: &[u8]) -> Result<(Secret, Duration), String> {
    if status != StatusCode::OK {
        let why: Refusal = serde_json::from_slice(body).unwrap_or_default();
        // Descriptions may continue with ids and times, each on a separate line.
        let detail = why.error_description.lines().next().unwrap_or_default();
        return Err(format!("{status}: {} {detail}", why.error).trim_end_matches([' ', ':']).to_owned());
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|_| "the answer holds no token".to_owned())?;
    let token = Secret::new(answer.access_token);
    if answer.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err("the token is not a bearer token".to_owned());
    }
    let length = token.expose().len();
    if length == 0 || length > MAX_TOKEN || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("the token is not 1 to {MAX_TOKEN} plain characters"));
    }
    let seconds = answer.expires_in.as_ref().map_or(Some(LIFE.as_secs_f64()), seconds);
    let seconds = seconds.ok_or("`expires_in` is not a number of seconds")?;
    Ok((token, Duration::from_secs_f64(seconds.clamp(0.0, MAX_LIFE.as_secs_f64()))))
}

fn seconds(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number: &f64| number.is_finite())
}

/// Returns a server's explanation as one short line, without the secret.
fn without(secret: &Secret, why: &str) -> String {
    let mut bytes = why.as_bytes().to_vec();
    Needles::of(secret.expose()).mask(&mut bytes);
    let plain = String::from_utf8_lossy(&bytes).replace(|c: char| c.is_control(), " ");
    plain.chars().take(MAX_WHY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(authentication: ClientAuthentication) -> ClientCredentials {
        ClientCredentials {
            token_url: "http://127.0.0.1:8/token?tenant=a%20b".to_owned(),
            client_id: stepwell_engine::config::Setting("app 1".to_owned()),
            client_secret: stepwell_engine::config::SecretRef("env:X".to_owned()),
            scope: Some("read write".to_owned()),
            parameters: [("audience".to_owned(), "https://api".to_owned())].into(),
            authentication,
            timeout: Duration::from_secs(1),
        }
    }

    #[tokio::test]
    async fn the_client_is_named_in_the_body_or_in_the_header() {
        for (authentication, header, body) in [
            (
                ClientAuthentication::Body,
                None,
                "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi&client_id=app+1&client_secret=s%26%3A",
            ),
            (
                ClientAuthentication::Basic,
                // `app+1:s%26%3A`, as section 2.3.1 of RFC 6749 says.
                Some("Basic YXBwKzE6cyUyNiUzQQ=="),
                "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi",
            ),
        ] {
            let client = client(authentication);
            let url = Url::parse(&client.token_url).unwrap();
            let made = request(&url, &client, "app 1", &Secret::new("s&:".to_owned())).unwrap();
            assert_eq!(made.uri(), "/token?tenant=a%20b");
            assert_eq!(made.headers()[HOST], "127.0.0.1:8");
            let found = made.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(found.as_deref(), header);
            assert_eq!(made.into_body().collect().await.unwrap().to_bytes(), body);
        }
    }

    #[test]
    fn an_answer_is_a_token_with_its_life_or_says_why_not() {
        for (status, body, expected) in [
            (200, r#"{"access_token": "t", "token_type": "Bearer", "expires_in": 60}"#, Ok(60)),
            (200, r#"{"access_token": "t", "token_type": "bearer", "expires_in": "3599"}"#, Ok(3599)),
            (200, r#"{"access_token": "t"}"#, Ok(300)),
            (200, r#"{"access_token": "t", "expires_in": 18446744073709551615}"#, Ok(86_400)),
            (200, r#"{"access_token": "t", "expires_in": -1}"#, Ok(0)),
            (200, r#"{"access_token": "t", "expires_in": "soon"}"#, Err("`expires_in` is not a number")),
            (200, r#"{"access_token": "t", "expires_in": "inf"}"#, Err("`expires_in` is not a number")),
            (200, r#"{"access_token": "t", "token_type": "mac"}"#, Err("not a bearer token")),
            (200, r#"{"access_token": ""}"#, Err("the token is not 1 to 8192 plain characters")),
            (200, r#"{"access_token": "a\r\nx-a: b"}"#, Err("plain characters")),
            (200, r#"{"access_token": 7}"#, Err("the answer holds no token")),
            (200, "<html>", Err("the answer holds no token")),
            (201, r#"{"access_token": "t"}"#, Err("201 Created")),
            (302, "", Err("302 Found")),
            (400, r#"{"error": "invalid_scope"}"#, Err("400 Bad Request: invalid_scope")),
            (401, r#"{"error": "no", "error_description": "a\nb"}"#, Err("401 Unauthorized: no a")),
            (503, "busy", Err("503 Service Unavailable")),
        ] {
            let found = read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
            match (found, expected) {
                (Ok((token, life)), Ok(seconds)) => {
                    assert_eq!((token.expose(), life.as_secs()), ("t", seconds), "{body}");
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{body}: {why}"),
                (found, _) => panic!("{body}: {:?}", found.map(|(_, life)| life)),
            }
        }
        let long = format!(r#"{{"access_token": "{}"}}"#, "t".repeat(MAX_TOKEN + 1));
        assert!(read(StatusCode::OK, long.as_bytes()).is_err());
    }

    #[test]
    fn no_explanation_contains_the_secret_or_more_than_a_line() {
        let secret = Secret::new("canary-client-secret".to_owned());
        let detail = without(&secret, &format!("no: canary-client-secret\n{}", "x".repeat(1_000)));
        assert!(detail.starts_with("no: ******************** x"), "{detail}");
        assert_eq!(detail.chars().count(), MAX_WHY);
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let begun = now();
        for (life, renewed) in [(3600, 3300), (600, 300), (400, 200), (300, 150), (1, 0), (0, 0)] {
            let token = Token::new(Secret::new("token".to_owned()), Duration::from_secs(life), begun);
            assert_eq!((token.renew_at - begun).as_secs(), renewed, "{life}");
            assert_eq!((token.expires_at - begun).as_secs(), life);
        }
    }
}

//! The document of an OpenID provider about itself (OpenID Connect Discovery 1.0), and requests to the provider.
//!
//! The threat: a provider that is slow, endless or broken holds requests and memory; a document that is not the
//! provider's own sends codes and secrets elsewhere. So each request has a deadline, each response has a maximum
//! size, no redirect is followed, and the document is for the configured issuer and names encrypted addresses.

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::RequestBuilder;
use serde_json::Value;
use stepwell::engine::config::is_private;
use stepwell::engine::document::cut;
use stepwell::engine::label;
use url::Url;

/// The maximum time of a request, with its response.
const TIME: Duration = Duration::from_secs(5);
/// The maximum size of a response of the provider, in bytes.
const MOST: usize = 1 << 20;
/// The maximum number of characters of a text of the provider in a message.
const SHOWN: usize = 300;

/// The parts of the document that the service uses.
#[derive(Debug, Clone)]
pub(crate) struct Discovery {
    pub jwks_uri: Url,
    pub authorization_endpoint: Option<Url>,
    pub token_endpoint: Option<Url>,
    pub userinfo_endpoint: Option<Url>,
    pub end_session_endpoint: Option<Url>,
    /// Whether the provider takes challenges of PKCE as SHA-256 digests, or does not say so.
    pub takes_s256: bool,
    /// Whether the client sends its id and secret in the header, and not in the body.
    pub takes_basic: bool,
    /// Whether each answer of a login names the issuer (RFC 9207).
    pub names_issuer: bool,
}

impl Discovery {
    /// Reads the document, which must be for that issuer.
    fn read(issuer: &str, found: &Value) -> Result<Self, String> {
        let text = |key: &str| found.get(key).and_then(Value::as_str);
        if text("issuer") != Some(issuer) {
            return Err(format!("names the issuer {}", shown(text("issuer").unwrap_or("(none)"))));
        }
        let place = |key: &str| {
            let Some(text) = text(key) else { return Ok(None) };
            let url = Url::parse(text).map_err(|_| format!("`{key}` is not a URL"))?;
            let is_open = !is_private(&url);
            let problem = format!("`{key}` is neither https nor on this machine: {}", shown(text));
            if is_open { Err(problem) } else { Ok(Some(url)) }
        };
        let lists = |key: &str, word: &str| {
            found.get(key).and_then(Value::as_array).map(|all| all.iter().any(|item| item == word))
        };
        let methods = "token_endpoint_auth_methods_supported";
        let takes_post = lists(methods, "client_secret_post") == Some(true);
        Ok(Self {
            jwks_uri: place("jwks_uri")?.ok_or("has no `jwks_uri`")?,
            authorization_endpoint: place("authorization_endpoint")?,
            token_endpoint: place("token_endpoint")?,
            userinfo_endpoint: place("userinfo_endpoint")?,
            end_session_endpoint: place("end_session_endpoint")?,
            takes_s256: lists("code_challenge_methods_supported", "S256") != Some(false),
            takes_basic: lists(methods, "client_secret_basic") != Some(false) || !takes_post,
            names_issuer: found.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
        })
    }
}

/// Sends requests to the provider.
pub(super) struct Web(reqwest::Client);

impl Web {
    pub fn new() -> Result<Self, String> {
        // An embedder that has already chosen a cryptography library keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            reqwest::Client::builder().timeout(TIME).redirect(reqwest::redirect::Policy::none()).build();
        client.map(Self).map_err(|error| error.to_string())
    }

    /// Fetches the document of an issuer about itself.
    pub async fn discovery(&self, issuer: &str) -> Result<Discovery, String> {
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&place).map_err(|error| format!("{place}: {error}"))?;
        let found = self.get(&url, None).await?;
        Discovery::read(issuer, &found).map_err(|why| format!("{place}: {why}"))
    }

    /// Gets a JSON value, with a token if the provider needs one.
    pub async fn get(&self, place: &Url, token: Option<&str>) -> Result<Value, String> {
        let request = self.0.get(place.clone());
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let (status, text) = self.send(request).await.map_err(|why| format!("{place}: {why}"))?;
        if !status.is_success() {
            return Err(format!("{place}: {status}"));
        }
        serde_json::from_slice(&text).map_err(|error| format!("{place}: {error}"))
    }

    /// Sends a form. Returns the status of the answer, and its value.
    pub async fn post(
        &self,
        place: &Url,
        form: String,
        login: Option<String>,
    ) -> Result<(StatusCode, Value), String> {
        let request = self.0.post(place.clone()).header("accept", "application/json");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let request = match login {
            Some(login) => request.header("authorization", login),
            None => request,
        };
        let (status, text) = self.send(request).await.map_err(|why| format!("{place}: {why}"))?;
        Ok((status, serde_json::from_slice(&text).unwrap_or(Value::Null)))
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
        let told = |error: reqwest::Error| {
            if error.is_timeout() {
                format!("no answer within {} s", TIME.as_secs())
            } else {
                reason(&error.without_url())
            }
        };
        let mut answer = request.send().await.map_err(told)?;
        let status = answer.status();
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            if text.len() + chunk.len() > MOST {
                return Err(format!("the response has more than {MOST} bytes"));
            }
            text.extend_from_slice(&chunk);
        }
        Ok((status, text))
    }
}

/// Returns an error with its causes.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    shown(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// Returns a text of the provider for a message.
pub(super) fn shown(text: &str) -> String {
    cut(&label::shown(text), SHOWN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://login.example";

    fn document() -> Value {
        json!({"issuer": ISSUER, "jwks_uri": "https://login.example/keys",
            "authorization_endpoint": "https://login.example/authorize",
            "token_endpoint": "https://login.example/token"})
    }

    #[test]
    fn a_document_is_for_its_issuer_and_names_encrypted_addresses() {
        for (key, value, problem) in [
            ("issuer", json!("https://login.example/"), Some("names the issuer https://login.example/")),
            ("issuer", Value::Null, Some("names the issuer (none)")),
            ("jwks_uri", Value::Null, Some("has no `jwks_uri`")),
            ("jwks_uri", json!("http://login.example/keys"), Some("neither https nor on this machine")),
            ("token_endpoint", json!("http://10.0.0.1/token"), Some("`token_endpoint` is neither https")),
            ("authorization_endpoint", json!("javascript:alert(1)"), Some("neither https")),
            ("end_session_endpoint", json!("data:text/html,x"), Some("neither https")),
            ("userinfo_endpoint", json!("x"), Some("`userinfo_endpoint` is not a URL")),
            ("token_endpoint", json!("http://127.0.0.1:9/token"), None),
        ] {
            let mut document = document();
            document[key] = value;
            let found = Discovery::read(ISSUER, &document).err();
            match problem {
                None => assert_eq!(found, None, "{document}"),
                Some(words) => {
                    assert!(
                        found.as_deref().is_some_and(|found| found.contains(words)),
                        "{document}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_client_logs_in_as_the_provider_says() {
        for (methods, basic) in [
            (Value::Null, true),
            (json!(["client_secret_basic", "client_secret_post"]), true),
            (json!(["client_secret_post"]), false),
            (json!(["private_key_jwt"]), true),
        ] {
            let mut document = document();
            document["token_endpoint_auth_methods_supported"] = methods;
            assert_eq!(Discovery::read(ISSUER, &document).unwrap().takes_basic, basic, "{document}");
        }
        for (methods, s256) in
            [(Value::Null, true), (json!(["plain", "S256"]), true), (json!(["plain"]), false)]
        {
            let mut document = document();
            document["code_challenge_methods_supported"] = methods;
            assert_eq!(Discovery::read(ISSUER, &document).unwrap().takes_s256, s256, "{document}");
        }
    }
}

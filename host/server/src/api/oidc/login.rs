//! The login of people at the provider: the authorization code flow (OpenID Connect Core 1.0, section 3.1) with
//! PKCE (RFC 7636), for a browser.
//!
//! The threat: a person's browser ends up with the session of another person, or a stranger gets the person's. So
//! an answer counts only in the browser that began the login (`state`), its code only with the verifier of that
//! browser (PKCE) and from this issuer (`iss`, RFC 9207), and its token only for that login (`nonce`). The token
//! comes from the provider itself, and its signature, issuer, audience and times are checked anyway.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use stepwell::Identity;
use stepwell::engine::Configuration;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::config::{OidcLogin, Setting};
use stepwell::sandbox::secrets;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::discovery::{Discovery, shown};
use super::{Error, Found, Provider, header_of, refused};

/// The maximum number of concurrent logins: each waits for the provider.
pub(super) const MAX_LOGINS: usize = 16;
/// The maximum time for which a login waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// The minimum time between two attempts to fetch the provider's documents for a login. A person waits for them, and
/// a token of the provider itself causes each further attempt.
const PAUSE: chrono::Duration = chrono::Duration::seconds(1);
/// The maximum bytes of all values of the roles claim, which each request of a session reads, and of the subject.
const MAX_GROUPS: usize = 32 << 10;
const MAX_SUBJECT: usize = 255;
/// The maximum bytes of a code.
const MAX_CODE: usize = 8 << 10;

/// A login that has begun in a browser: random texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    /// Connects the answer of the provider to the browser.
    pub state: String,
    /// Connects the token to the login.
    pub nonce: String,
    /// The verifier of PKCE, which connects the code to the login.
    pub verifier: String,
}

impl Begun {
    fn new() -> Result<Self, Error> {
        Ok(Self { state: random()?, nonce: random()?, verifier: random()? })
    }
}

/// The answer of the provider, in the address of the browser.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Returned {
    pub state: String,
    pub code: String,
    pub iss: Option<String>,
    pub error: String,
    pub error_description: String,
}

impl Returned {
    /// Reads the query of an address. A parameter that occurs twice is a mistake or an attack.
    pub fn read(query: &str) -> Option<Self> {
        let mut found = Self::default();
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "state" => found.state = value,
                "code" => found.code = value,
                "iss" => found.iss = Some(value),
                "error" => found.error = value,
                "error_description" => found.error_description = value,
                _ => continue,
            }
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
        }
        Some(found)
    }
}

impl Provider {
    /// Returns the settings of the login, if there is one.
    pub fn login(&self) -> Option<&OidcLogin> {
        self.settings.login.as_ref()
    }

    /// Returns the name of the provider for people.
    pub fn name(&self) -> String {
        let named = self.login().and_then(|login| login.name.clone());
        let host = || Url::parse(&self.settings.issuer).ok()?.host_str().map(str::to_owned);
        named.or_else(host).unwrap_or_else(|| "OpenID".to_owned())
    }

    /// Begins a login. Returns it with the address at the provider to which the browser goes.
    pub async fn begin(&self, now: Timestamp) -> Result<(Begun, Url), Error> {
        let login = self.settings()?;
        let discovery = self.discovery(now).await?;
        let mut place = endpoints(&discovery).map_err(Error::Unavailable)?.0;
        let begun = Begun::new()?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&begun.verifier));
        let (redirect_uri, scope) = (login.redirect_uri(), login.scopes.join(" "));
        place.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", login.client_id.as_str()),
            ("redirect_uri", redirect_uri.as_str()),
            ("scope", scope.as_str()),
            ("state", begun.state.as_str()),
            ("nonce", begun.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        Ok((begun, place))
    }

    /// Returns the identity of the person whose login the provider has answered. The caller has found `begun` in the
    /// browser by the `state` of the answer.
    pub async fn finish(
        &self,
        config: &Configuration,
        begun: &Begun,
        returned: &Returned,
        now: Timestamp,
    ) -> Result<Identity, Error> {
        let Ok(Ok(_place)) = tokio::time::timeout(TURN, self.logins.acquire()).await else {
            return Err(Error::Unavailable("too many people log in at this moment".to_owned()));
        };
        let discovery = self.discovery(now).await?;
        self.check_answer(&discovery, returned)?;
        let tokens = self.exchange(config, &discovery, begun, &returned.code).await?;
        let text = |key: &str| tokens.get(key).and_then(Value::as_str);
        let token = text("id_token").ok_or_else(|| told("the provider has sent no ID token"))?;
        let mut claims = self.id_claims(token, begun, now).await?;
        if self.settings()?.userinfo {
            let access = text("access_token").ok_or_else(|| told("the provider has sent no access token"))?;
            self.add_userinfo(&discovery, access, &mut claims).await?;
        }
        let who = self.of(&claims)?;
        let subject = claims.get("sub").and_then(Value::as_str).map_or(0, str::len);
        if subject > MAX_SUBJECT {
            return Err(refused(&format!("its `sub` has more than {MAX_SUBJECT} bytes")));
        }
        if who.groups.iter().map(String::len).sum::<usize>() > MAX_GROUPS {
            let claim = &self.settings.roles_claim;
            let why = format!(
                "its `{claim}` has more than {MAX_GROUPS} bytes: let the provider send only the values for this service"
            );
            return Err(refused(&why));
        }
        Ok(who)
    }

    /// Returns the page at which a person ends the session of the provider, if it has one.
    pub async fn log_out_page(&self, now: Timestamp) -> Option<Url> {
        let login = self.login()?;
        let discovery = self.discovery(now).await.ok()?;
        let mut place = discovery.end_session_endpoint?;
        place.query_pairs_mut().append_pair("client_id", &login.client_id);
        Some(place)
    }

    fn settings(&self) -> Result<&OidcLogin, Error> {
        self.login().ok_or_else(|| Error::Unavailable("the configuration has no `oidc.login`".to_owned()))
    }

    async fn discovery(&self, now: Timestamp) -> Result<Discovery, Error> {
        let found = self.find(now, PAUSE, &|found: &Found| Some(found.discovery.clone())).await?;
        found.ok_or_else(|| Error::Unavailable("the provider's document is not available".to_owned()))
    }

    /// Checks an answer before its code is used.
    fn check_answer(&self, discovery: &Discovery, returned: &Returned) -> Result<(), Error> {
        let issuer = self.settings.issuer.as_str();
        match returned.iss.as_deref() {
            Some(iss) if iss != issuer => return Err(told("the answer comes from another issuer")),
            None if discovery.names_issuer => {
                return Err(told("the answer does not name its issuer (`iss`)"));
            }
            _ => {}
        }
        let error = returned.error.as_str();
        if !error.is_empty() {
            return Err(told(&explained(error, &returned.error_description)));
        }
        match returned.code.len() {
            0 => Err(told("the answer has no code")),
            length if length > MAX_CODE => Err(told("the code is too long")),
            _ => Ok(()),
        }
    }

    /// Exchanges a code for tokens.
    async fn exchange(
        &self,
        config: &Configuration,
        discovery: &Discovery,
        begun: &Begun,
        code: &str,
    ) -> Result<Value, Error> {
        let login = self.settings()?;
        let (_, place) = endpoints(discovery).map_err(Error::Unavailable)?;
        let request = request(config, login, discovery.takes_basic, begun, code);
        let (form, header) = request.map_err(|why| self.unavailable(&why))?;
        let sent = self.web.post(&place, form, header).await;
        let (status, answer) = sent.map_err(|why| self.unavailable(&why))?;
        if status.is_success() {
            return Ok(answer);
        }
        let error = answer.get("error").and_then(Value::as_str).unwrap_or_default();
        match error {
            "invalid_client" | "unauthorized_client" => Err(self.unavailable(&format!(
                "{error}: check `oidc.login.client_id`, `client_secret`, and the settings of the client at the provider"
            ))),
            "" => Err(self.unavailable(&format!("{place}: {status}"))),
            // The description of an error could repeat the secret.
            _ => Err(told(&format!("the provider does not accept the code: {}", word(error)))),
        }
    }

    /// Returns the claims of an ID token, which is for this login (OpenID Connect Core 1.0, section 3.1.3.7).
    async fn id_claims(
        &self,
        token: &str,
        begun: &Begun,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Error> {
        let id = &self.settings()?.client_id;
        let header = header_of(token)?;
        let key = self.key(&header, now, PAUSE).await?;
        let claims = self.claims(token, header.alg, &key, id, now)?;
        let text = |key: &str| claims.get(key).and_then(Value::as_str);
        if text("nonce") != Some(begun.nonce.as_str()) {
            return Err(refused("it is for another login (`nonce`)"));
        }
        let is_for_several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        match claims.get("azp") {
            None if is_for_several => {
                Err(refused("it is for several clients, and does not name one (`azp`)"))
            }
            Some(azp) if azp != id.as_str() => Err(refused("it was issued to another client (`azp`)")),
            _ => Ok(claims),
        }
    }

    /// Adds the claims that only the UserInfo endpoint returns (OpenID Connect Core 1.0, section 5.3).
    async fn add_userinfo(
        &self,
        discovery: &Discovery,
        access: &str,
        claims: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        let place = discovery.userinfo_endpoint.as_ref();
        let place = place.ok_or_else(|| self.unavailable("the provider has no UserInfo endpoint"))?;
        let found = self.web.get(place, Some(access)).await.map_err(|why| self.unavailable(&why))?;
        let Value::Object(more) = found else {
            return Err(self.unavailable("the UserInfo endpoint has sent no JSON object"));
        };
        if more.get("sub") != claims.get("sub") {
            return Err(told("the UserInfo endpoint has answered about another person (`sub`)"));
        }
        for (name, value) in more {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Logs why the provider cannot be used, and returns it.
    fn unavailable(&self, why: &str) -> Error {
        tracing::warn!("a login at {} fails: {why}", self.settings.issuer);
        Error::Unavailable(why.to_owned())
    }
}

/// Returns the body and the header of the request for tokens.
fn request(
    config: &Configuration,
    login: &OidcLogin,
    takes_basic: bool,
    begun: &Begun,
    code: &str,
) -> Result<(String, Option<String>), String> {
    let (mut form, redirect_uri) = (Serializer::new(String::new()), login.redirect_uri());
    form.extend_pairs([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", begun.verifier.as_str()),
    ]);
    let Some(source) = &login.client_secret else {
        form.append_pair("client_id", &login.client_id);
        return Ok((form.finish(), None));
    };
    let secret = secrets::text(config, &Setting(source.0.clone()));
    let secret = Zeroizing::new(secret.map_err(|why| format!("oidc.login.client_secret: {why}"))?);
    if !takes_basic {
        form.extend_pairs([("client_id", login.client_id.as_str()), ("client_secret", secret.as_str())]);
        return Ok((form.finish(), None));
    }
    // Both are encoded like the fields of a form (RFC 6749 section 2.3.1).
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(&login.client_id), encoded(&secret)));
    Ok((form.finish(), Some(format!("Basic {}", STANDARD.encode(pair.as_bytes())))))
}

/// Returns the places of a provider at which people log in and codes become tokens.
pub(crate) fn endpoints(discovery: &Discovery) -> Result<(Url, Url), String> {
    if !discovery.takes_s256 {
        return Err("the provider does not support PKCE with S256".to_owned());
    }
    let missing = |key: &str| format!("the provider's document has no `{key}`");
    let authorization = discovery.authorization_endpoint.clone();
    let token = discovery.token_endpoint.clone();
    Ok((
        authorization.ok_or_else(|| missing("authorization_endpoint"))?,
        token.ok_or_else(|| missing("token_endpoint"))?,
    ))
}

fn told(why: &str) -> Error {
    Error::Refused(why.to_owned())
}

/// Returns an error of the provider (RFC 6749 section 4.1.2.1) for people.
fn explained(error: &str, description: &str) -> String {
    let meaning = match error {
        "access_denied" => "the provider, or the person there, has refused the login",
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "the provider needs an answer of the person first"
        }
        "temporarily_unavailable" | "server_error" => "the provider is not available now",
        _ => "the provider has refused the login",
    };
    let description = shown(description);
    let more = if description.is_empty() { String::new() } else { format!(": {description}") };
    format!("{meaning} ({}){more}", word(error))
}

/// Returns the name of an error, without characters that such names lack.
fn word(error: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    error.chars().filter(fits).take(60).collect()
}

/// Returns 256 random bits as text.
fn random() -> Result<String, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    let failed = |error: getrandom::Error| Error::Unavailable(format!("no random numbers: {error}"));
    getrandom::fill(&mut *bytes).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_each_parameter_once() {
        let read = Returned::read("state=s&code=a%2Fb&iss=https%3A%2F%2Fi&session_state=x").unwrap();
        assert_eq!((read.state.as_str(), read.code.as_str()), ("s", "a/b"));
        assert_eq!(read.iss.as_deref(), Some("https://i"));
        assert_eq!(Returned::read("state=s&code=a&state=t"), None);
        assert_eq!(Returned::read("error=a&error=b"), None);
        assert_eq!(Returned::read(""), Some(Returned::default()));
    }

    #[test]
    fn an_error_is_words_for_a_person() {
        for (error, description, shown) in [
            ("access_denied", "", "the provider, or the person there, has refused the login (access_denied)"),
            ("x<b>\u{202e}y", "no\u{1b}[2J", "the provider has refused the login (xby): no\u{fffd}[2J"),
        ] {
            assert_eq!(explained(error, description), shown);
        }
    }
}

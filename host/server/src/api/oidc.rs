//! Bearer tokens of an OpenID provider: JWT (RFC 7519), signed with a key of its JWKS (RFC 7517).
//!
//! A valid token is signed by one of the issuer's keys with an asymmetric algorithm, has the configured
//! audience, and is neither expired nor from the future. The keys are fetched when they are first needed, and
//! again when a token names an unknown key: at most once per minute, so that a client with bad tokens cannot
//! cause a request to the provider for each of them.

use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::config::Oidc;
use stepwell::engine::label;

use stepwell::{Identity, Role};

/// The allowed signature algorithms. Algorithms with a shared secret, and `none`, are not among them.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// The maximum difference between the clocks of the provider and of this host, in seconds.
const LEEWAY: u64 = 60;
/// The time for which keys are used before they are fetched again.
const KEPT: chrono::Duration = chrono::Duration::hours(1);
/// The minimum time between two attempts to fetch the keys.
const PAUSE: chrono::Duration = chrono::Duration::seconds(60);
/// The maximum size of a response of the provider, in bytes.
const MOST: usize = 1 << 20;

/// An OpenID provider.
pub(crate) struct Provider {
    settings: Oidc,
    client: reqwest::Client,
    keys: Mutex<Keys>,
    /// Locked during a fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Keys {
    set: Option<JwkSet>,
    fetched: Option<Timestamp>,
    tried: Option<Timestamp>,
    why: String,
}

/// The reason why a token is not accepted.
#[derive(Debug)]
pub(crate) enum Error {
    /// The token is invalid.
    Refused(String),
    /// The keys of the provider are not available.
    Unavailable(String),
}

fn refused(why: &str) -> Error {
    Error::Refused(format!("the token is refused: {why}"))
}

/// Returns the header of a token, if its algorithm is allowed.
fn header_of(token: &str) -> Result<Header, Error> {
    let header = decode_header(token).map_err(|_| refused("it is neither a JWT nor an API key"))?;
    match ALGORITHMS.contains(&header.alg) {
        true => Ok(header),
        false => Err(refused("its signature algorithm is not allowed")),
    }
}

impl Provider {
    pub fn new(settings: Oidc) -> Result<Self, String> {
        // An embedder that has already chosen a cryptography library keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { settings, client, keys: Mutex::default(), fetching: tokio::sync::Mutex::default() })
    }

    /// Returns the identity of the bearer of a token.
    pub async fn identity(&self, token: &str, now: Timestamp) -> Result<Identity, Error> {
        let header = header_of(token)?;
        let key = self
            .key(header.kid.as_deref(), now)
            .await?
            .ok_or_else(|| refused("it is signed with a key that the issuer does not have"))?;
        self.bearer(token, header.alg, &key, now)
    }

    /// Returns whether a known key of the provider signed the token, and the token is valid. Sends no
    /// request.
    pub fn has_signed(&self, token: &str, now: Timestamp) -> bool {
        let Ok(header) = header_of(token) else { return false };
        let key = self.known(header.kid.as_deref(), now);
        key.is_some_and(|key| self.bearer(token, header.alg, &key, now).is_ok())
    }

    /// Returns the identity of the bearer of a token that this key signed.
    fn bearer(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &Jwk,
        now: Timestamp,
    ) -> Result<Identity, Error> {
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&self.settings.issuer]);
        rules.set_audience(&[&self.settings.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The times are checked below, with the host's clock.
        rules.validate_exp = false;
        let key = DecodingKey::from_jwk(key).map_err(|_| refused("the issuer's key has an unknown type"))?;
        let claims = decode::<Map<String, Value>>(token, &key, &rules)
            .map_err(|error| refused(&error.to_string()))?
            .claims;
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|at| at as u64);
        if time("exp").is_none_or(|end| end + LEEWAY < seconds) {
            return Err(refused("it has expired"));
        }
        if time("nbf").is_some_and(|begin| begin > seconds + LEEWAY) {
            return Err(refused("it is not valid yet"));
        }
        self.of(&claims).ok_or_else(|| {
            refused(&format!("it has no claim `sub`, or none named `{}`", self.settings.name_claim))
        })
    }

    fn of(&self, claims: &Map<String, Value>) -> Option<Identity> {
        let settings = &self.settings;
        let name = label::shown(find(claims, &settings.name_claim)?.as_str()?);
        let subject = claims.get("sub").and_then(Value::as_str).filter(|sub| !sub.is_empty())?;
        let held = match find(claims, &settings.roles_claim) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => text.split_whitespace().collect(),
            _ => Vec::new(),
        };
        let grants = settings.grants.iter().filter(|grant| held.contains(&grant.value.as_str()));
        Some(Identity {
            // Users may be able to choose their names; only the issuer assigns this id.
            id: format!("user:{}/{subject}", settings.issuer.trim_end_matches('/')),
            groups: held.iter().map(|value| (*value).to_owned()).collect(),
            grants: grants
                .filter_map(|grant| Some((Role::of(&grant.role)?, grant.projects.clone())))
                .collect(),
            name,
            jobs: Vec::new(),
        })
    }

    /// Returns the issuer's key with that id, or its only key.
    async fn key(&self, kid: Option<&str>, now: Timestamp) -> Result<Option<Jwk>, Error> {
        if let Some(found) = self.known(kid, now) {
            return Ok(Some(found));
        }
        let _one = self.fetching.lock().await;
        if let Some(found) = self.known(kid, now) {
            return Ok(Some(found));
        }
        let tried = {
            let mut keys = self.keys.lock();
            let tried = keys.tried.is_some_and(|at| now - at < PAUSE);
            if !tried {
                keys.tried = Some(now);
            }
            tried
        };
        if !tried {
            let fetched = self.fetch().await;
            let mut keys = self.keys.lock();
            match fetched {
                Ok(set) => {
                    (keys.set, keys.fetched, keys.why) = (Some(set), Some(now), String::new());
                }
                Err(why) => {
                    tracing::warn!("cannot fetch the keys of {}: {why}", self.settings.issuer);
                    keys.why = why;
                }
            }
        }
        let keys = self.keys.lock();
        match &keys.set {
            // While the provider is unavailable, its last known keys stay valid.
            Some(set) => Ok(pick(set, kid)),
            None => Err(Error::Unavailable(format!("the issuer's keys are not available: {}", keys.why))),
        }
    }

    /// Returns a key from the last fetch, if that is recent.
    fn known(&self, kid: Option<&str>, now: Timestamp) -> Option<Jwk> {
        let keys = self.keys.lock();
        keys.fetched.filter(|at| now - *at < KEPT)?;
        pick(keys.set.as_ref()?, kid)
    }

    /// Fetches the keys. `stepwell doctor` uses it to check the provider.
    pub async fn fetch(&self) -> Result<JwkSet, String> {
        let place =
            format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let found: Value = self.get(&place).await?;
        let text = |key: &str| found.get(key).and_then(Value::as_str);
        if text("issuer") != Some(self.settings.issuer.as_str()) {
            return Err(format!("{place} names the issuer {}", text("issuer").unwrap_or("(none)")));
        }
        let place = text("jwks_uri").ok_or_else(|| format!("{place} has no `jwks_uri`"))?;
        serde_json::from_value(self.get(place).await?).map_err(|error| format!("{place}: {error}"))
    }

    async fn get(&self, place: &str) -> Result<Value, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{place}: {error}");
        let mut answer = self.client.get(place).send().await.map_err(|e| wrong(&e))?;
        if !answer.status().is_success() {
            return Err(wrong(&answer.status()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| wrong(&e))? {
            text.extend_from_slice(&chunk);
            if text.len() > MOST {
                return Err(wrong(&"the response is too long"));
            }
        }
        serde_json::from_slice(&text).map_err(|e| wrong(&e))
    }
}

fn pick(set: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    match (kid, set.keys.as_slice()) {
        (Some(kid), _) => set.find(kid).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// Finds a claim by its name, or in nested objects by names with dots between them.
fn find<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let mut parts = name.split('.');
    let mut found = claims.get(parts.next()?)?;
    for part in parts {
        found = found.get(part)?;
    }
    Some(found)
}

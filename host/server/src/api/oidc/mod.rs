//! Bearer tokens of an OpenID provider: JWT (RFC 7519), signed with a key of its JWKS (RFC 7517).
//!
//! A valid token is signed by one of the issuer's keys with an asymmetric algorithm, has the configured
//! audience, and is neither expired nor from the future. The keys are fetched when they are first needed, and
//! again when a token names an unknown key: at most once per minute, so that a client with bad tokens cannot
//! cause a request to the provider for each of them.
//!
//! [`login`] is the login of people in the web UI at this provider, and [`discovery`] reads its documents.

mod discovery;
mod login;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::config::Oidc;
use stepwell::engine::document::cut;
use stepwell::engine::label;
use stepwell::{Identity, Role};

use discovery::{Discovery, Web};
pub(crate) use login::{Begun, Returned, endpoints};

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
/// The maximum number of characters of a display name.
const NAME: usize = 200;

/// An OpenID provider.
pub(crate) struct Provider {
    settings: Oidc,
    web: Web,
    known: Mutex<Known>,
    /// Locked during a fetch.
    fetching: tokio::sync::Mutex<()>,
    /// Limits concurrent logins.
    logins: tokio::sync::Semaphore,
}

/// The documents of the provider, and the last attempt to fetch them.
#[derive(Default)]
struct Known {
    found: Option<Found>,
    fetched: Option<Timestamp>,
    tried: Option<Timestamp>,
    /// The number of attempts.
    tries: u64,
    why: String,
}

/// The documents of the provider.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub discovery: Discovery,
    pub keys: JwkSet,
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
        Ok(Self {
            settings,
            web: Web::new()?,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            logins: tokio::sync::Semaphore::new(login::MAX_LOGINS),
        })
    }

    /// Returns the identity of the bearer of a token.
    pub async fn identity(&self, token: &str, now: Timestamp) -> Result<Identity, Error> {
        let header = header_of(token)?;
        let key = self.key(&header, now, PAUSE).await?;
        self.bearer(token, header.alg, &key, now)
    }

    /// Returns whether a known key of the provider signed the token, and the token is valid. Sends no
    /// request.
    pub fn has_signed(&self, token: &str, now: Timestamp) -> bool {
        let Ok(header) = header_of(token) else { return false };
        let key = self.recent(now, &|found: &Found| pick(&found.keys, header.kid.as_deref()));
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
        let claims = self.claims(token, algorithm, key, &self.settings.audience, now)?;
        self.of(&claims)
    }

    /// Returns the claims of a token that this key signed for that audience, and that is valid now.
    fn claims(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &Jwk,
        audience: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Error> {
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&self.settings.issuer]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The times are checked below, with the host's clock.
        rules.validate_exp = false;
        let key = DecodingKey::from_jwk(key).map_err(|_| refused("the issuer's key has an unknown type"))?;
        let claims = decode::<Map<String, Value>>(token, &key, &rules)
            .map_err(|error| refused(&error.to_string()))?
            .claims;
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|at| at as u64);
        if time("exp").is_none_or(|end| end.saturating_add(LEEWAY) < seconds) {
            return Err(refused("it has expired"));
        }
        if time("nbf").is_some_and(|begin| begin > seconds + LEEWAY) {
            return Err(refused("it is not valid yet"));
        }
        Ok(claims)
    }

    /// Returns the identity with these claims.
    fn of(&self, claims: &Map<String, Value>) -> Result<Identity, Error> {
        let settings = &self.settings;
        let name = find(claims, &settings.name_claim).and_then(Value::as_str);
        let subject = claims.get("sub").and_then(Value::as_str).filter(|sub| !sub.is_empty());
        let (Some(name), Some(subject)) = (name, subject) else {
            return Err(refused(&format!("it has no claim `sub`, or none named `{}`", settings.name_claim)));
        };
        let name = cut(&label::shown(name), NAME);
        let held = match find(claims, &settings.roles_claim) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => text.split_whitespace().collect(),
            _ => Vec::new(),
        };
        let grants = settings.grants.iter().filter(|grant| held.contains(&grant.value.as_str()));
        Ok(Identity {
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

    /// Returns the issuer's key for a token.
    async fn key(&self, header: &Header, now: Timestamp, pause: chrono::Duration) -> Result<Jwk, Error> {
        let found = self.find(now, pause, &|found: &Found| pick(&found.keys, header.kid.as_deref())).await?;
        found.ok_or_else(|| refused("it is signed with a key that the issuer does not have"))
    }

    /// Returns the part of the provider's documents that `wanted` finds. When it finds none, or the documents are
    /// old, fetches them, at most once per `pause`.
    async fn find<T>(
        &self,
        now: Timestamp,
        pause: chrono::Duration,
        wanted: &(impl Fn(&Found) -> Option<T> + Sync),
    ) -> Result<Option<T>, Error> {
        let tries = self.known.lock().tries;
        if let Some(part) = self.recent(now, wanted) {
            return Ok(Some(part));
        }
        let _one = self.fetching.lock().await;
        if let Some(part) = self.recent(now, wanted) {
            return Ok(Some(part));
        }
        let may = {
            let mut known = self.known.lock();
            // A request that has waited for another one's fetch uses its result.
            let may = known.tries == tries && known.tried.is_none_or(|at| now - at >= pause);
            if may {
                (known.tried, known.tries) = (Some(now), tries + 1);
            }
            may
        };
        if may {
            let fetched = self.fetch().await;
            let mut known = self.known.lock();
            match fetched {
                Ok(found) => {
                    (known.found, known.fetched, known.why) = (Some(found), Some(now), String::new())
                }
                Err(why) => {
                    tracing::warn!("cannot fetch the keys of {}: {why}", self.settings.issuer);
                    known.why = why;
                }
            }
        }
        let known = self.known.lock();
        match &known.found {
            // While the provider is unavailable, its last known keys stay valid.
            Some(found) => Ok(wanted(found)),
            None => Err(Error::Unavailable(format!("the issuer's keys are not available: {}", known.why))),
        }
    }

    /// Returns that part of the documents of the last fetch, if it is recent.
    fn recent<T>(&self, now: Timestamp, wanted: &impl Fn(&Found) -> Option<T>) -> Option<T> {
        let known = self.known.lock();
        known.fetched.filter(|at| now - *at < KEPT)?;
        wanted(known.found.as_ref()?)
    }

    /// Fetches the documents. `stepwell doctor` uses it to check the provider.
    pub async fn fetch(&self) -> Result<Found, String> {
        let discovery = self.web.discovery(&self.settings.issuer).await?;
        let keys = self.web.get(&discovery.jwks_uri, None).await?;
        let keys =
            serde_json::from_value(keys).map_err(|error| format!("{}: {error}", discovery.jwks_uri))?;
        Ok(Found { discovery, keys })
    }
}

/// Returns the key with that id, or the only key. A key for encryption signs nothing.
fn pick(set: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    let found = match (kid, set.keys.as_slice()) {
        (Some(kid), _) => set.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.filter(|key| key.common.public_key_use != Some(PublicKeyUse::Encryption)).cloned()
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

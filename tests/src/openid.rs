//! An emulator of an OpenID provider: discovery, keys, the authorization code flow with PKCE, UserInfo and the end of a
//! session. It checks each request as a strict provider does, and misbehaves on demand.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parking_lot::Mutex;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::form_urlencoded::{Serializer, parse};

/// The id of the only client.
pub const CLIENT: &str = "stepwell ui";

/// The behavior of the provider.
#[derive(Debug, Clone)]
pub struct Behavior {
    /// The secret of the client; `None` for a public client.
    pub secret: Option<String>,
    /// The way in which the client sends its secret: in the header, or in the body.
    pub is_basic: bool,
    /// The only redirect URI.
    pub redirect_uri: String,
    /// The claims of the person who logs in, in the ID token and in answers of UserInfo.
    pub person: Map<String, Value>,
    /// The answer of UserInfo. `None` if the provider has no such endpoint.
    pub userinfo: Option<Value>,
    /// Changes to the claims of the ID token. Null removes a claim.
    pub claims: Map<String, Value>,
    /// Changes to the discovery document. Null removes a key.
    pub discovery: Map<String, Value>,
    /// The error and the description with which a person comes back.
    pub refuses: Option<(String, String)>,
    /// The `iss` of the answer: null for none.
    pub iss: Value,
    /// The signature of the ID token.
    pub signature: Signature,
    /// Whether a code may be used twice.
    pub is_lax: bool,
    /// The paths that answer late, and how late.
    pub slow: BTreeMap<String, Duration>,
    /// The paths that send this many bytes.
    pub huge: BTreeMap<String, usize>,
    /// The paths that send a redirect to another address.
    pub moved: BTreeMap<String, String>,
    /// Whether the answer of the token endpoint has no ID token.
    pub forgets_token: bool,
}

/// The signature of an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// With the present key.
    Valid,
    /// No signature, and the algorithm `none`.
    None,
    /// With a shared secret: the client's.
    Shared,
    /// Changed after signing.
    Forged,
    /// With a key that the provider does not publish.
    Unknown,
}

/// A provider, which ends when it is dropped.
pub struct OpenId {
    /// The URL of the issuer.
    pub issuer: String,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<()>,
}

struct Shared {
    issuer: String,
    state: Mutex<State>,
}

struct State {
    behavior: Behavior,
    key: KeyPair,
    kid: u64,
    codes: BTreeMap<String, Code>,
    number: u64,
    asked: Vec<String>,
}

/// A code that a person brings to the client.
#[derive(Clone)]
struct Code {
    nonce: String,
    challenge: String,
    used: bool,
}

/// The fields of a form or of a query.
type Fields = BTreeMap<String, String>;
type Answer = Response<Full<Bytes>>;

impl OpenId {
    /// Starts a provider for a client with this redirect URI.
    pub async fn start(redirect_uri: &str, secret: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let issuer = format!("http://127.0.0.1:{port}/realms/acme");
        let person =
            json!({"sub": "1234", "email": "ann@team.example", "realm": {"roles": ["dev", "releases"]}});
        let behavior = Behavior {
            secret: secret.map(str::to_owned),
            is_basic: true,
            redirect_uri: redirect_uri.to_owned(),
            person: object(person),
            userinfo: None,
            claims: Map::new(),
            discovery: Map::new(),
            refuses: None,
            iss: issuer.clone().into(),
            signature: Signature::Valid,
            is_lax: false,
            slow: BTreeMap::new(),
            huge: BTreeMap::new(),
            moved: BTreeMap::new(),
            forgets_token: false,
        };
        let state =
            State { behavior, key: key(), kid: 1, codes: BTreeMap::new(), number: 0, asked: Vec::new() };
        let shared = Arc::new(Shared { issuer: issuer.clone(), state: Mutex::new(state) });
        let server = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                let service = service_fn(move |request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { issuer, shared, _server: AbortOnDropHandle::new(task) }
    }

    /// Changes the behavior.
    pub fn set(&self, change: impl FnOnce(&mut Behavior)) {
        change(&mut self.shared.state.lock().behavior);
    }

    /// Returns the behavior.
    pub fn behavior(&self) -> Behavior {
        self.shared.state.lock().behavior.clone()
    }

    /// Publishes another key in place of the present one, and signs with it.
    pub fn rotate(&self) {
        let mut state = self.shared.state.lock();
        (state.key, state.kid) = (key(), state.kid + 1);
    }

    /// Returns the number of requests to a path below the issuer.
    pub fn asked(&self, path: &str) -> usize {
        self.shared.state.lock().asked.iter().filter(|asked| *asked == path).count()
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap_or_else(|error| panic!("{error}"))
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn changed(mut value: Map<String, Value>, changes: &Map<String, Value>) -> Value {
    for (name, change) in changes {
        match change {
            Value::Null => drop(value.remove(name)),
            change => drop(value.insert(name.clone(), change.clone())),
        }
    }
    value.into()
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().trim_start_matches("/realms/acme").to_owned();
        let query = fields(request.uri().query().unwrap_or_default().as_bytes());
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let behavior = {
            let mut state = self.state.lock();
            state.asked.push(path.clone());
            state.behavior.clone()
        };
        if let Some(time) = behavior.slow.get(&path) {
            tokio::time::sleep(*time).await;
        }
        if let Some(bytes) = behavior.huge.get(&path) {
            return respond(StatusCode::OK, format!("{{\"x\": \"{}\"}}", "x".repeat(*bytes)));
        }
        if let Some(place) = behavior.moved.get(&path) {
            return moved(place);
        }
        let login = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match (&parts.method, path.as_str()) {
            (&Method::GET, "/.well-known/openid-configuration") => json_of(&self.discovery(&behavior)),
            (&Method::GET, "/keys") => json_of(&self.keys()),
            (&Method::GET, "/authorize") => self.authorize(&behavior, &query),
            (&Method::POST, "/token") => self.token(&behavior, login, &fields(&body)),
            (&Method::GET, "/userinfo") => userinfo(&behavior, login),
            (&Method::GET, "/end-session") => {
                respond(StatusCode::OK, "The session of the provider has ended.".to_owned())
            }
            _ => respond(StatusCode::NOT_FOUND, String::new()),
        }
    }

    fn discovery(&self, behavior: &Behavior) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let methods = if behavior.is_basic { "client_secret_basic" } else { "client_secret_post" };
        let mut document = object(json!({
            "issuer": self.issuer, "jwks_uri": at("/keys"), "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"), "end_session_endpoint": at("/end-session"),
            "code_challenge_methods_supported": ["plain", "S256"], "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": [methods],
            "authorization_response_iss_parameter_supported": true,
        }));
        if behavior.userinfo.is_some() {
            document.insert("userinfo_endpoint".to_owned(), at("/userinfo").into());
        }
        changed(document, &behavior.discovery)
    }

    fn keys(&self) -> Value {
        let state = self.state.lock();
        let point = state.key.der_bytes();
        let part = |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or_default());
        json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
            "kid": state.kid.to_string(), "x": part(1), "y": part(33)}]})
    }

    /// A person logs in, and goes back to the client with a code.
    fn authorize(&self, behavior: &Behavior, query: &Fields) -> Answer {
        let get = |name: &str| query.get(name).map_or("", String::as_str);
        let is_complete = get("response_type") == "code"
            && get("client_id") == CLIENT
            && get("redirect_uri") == behavior.redirect_uri
            && get("scope").split(' ').any(|scope| scope == "openid")
            && get("code_challenge_method") == "S256"
            && ["state", "nonce", "code_challenge"].iter().all(|name| get(name).len() == 43);
        if !is_complete {
            return respond(StatusCode::BAD_REQUEST, format!("the request is incomplete: {query:?}"));
        }
        let mut back = Serializer::new(String::new());
        back.append_pair("state", get("state"));
        if let Some(iss) = behavior.iss.as_str() {
            back.append_pair("iss", iss);
        }
        match &behavior.refuses {
            Some((error, description)) => {
                back.append_pair("error", error).append_pair("error_description", description);
            }
            None => {
                let mut state = self.state.lock();
                state.number += 1;
                let code = format!("code/{}+{}", state.number, state.kid);
                let (nonce, challenge) = (get("nonce").to_owned(), get("code_challenge").to_owned());
                state.codes.insert(code.clone(), Code { nonce, challenge, used: false });
                back.append_pair("code", &code);
            }
        }
        moved(&format!("{}?{}", behavior.redirect_uri, back.finish()))
    }

    /// The client exchanges a code for tokens.
    fn token(&self, behavior: &Behavior, login: Option<&str>, form: &Fields) -> Answer {
        let get = |name: &str| form.get(name).map_or("", String::as_str);
        let error = |status, error: &str| {
            let description = format!("secret {}", behavior.secret.as_deref().unwrap_or_default());
            let body = json!({"error": error, "error_description": description});
            respond(status, body.to_string())
        };
        if !is_client(behavior, login, form) {
            return error(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        let code = {
            let mut state = self.state.lock();
            let Some(found) = state.codes.get_mut(get("code")) else {
                return error(StatusCode::BAD_REQUEST, "invalid_grant");
            };
            let code = found.clone();
            found.used = true;
            code
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
        let fits = get("grant_type") == "authorization_code"
            && get("redirect_uri") == behavior.redirect_uri
            && challenge == code.challenge;
        if !fits || code.used && !behavior.is_lax {
            return error(StatusCode::BAD_REQUEST, "invalid_grant");
        }
        let mut answer = json!({"access_token": "access-1", "token_type": "Bearer", "expires_in": 300});
        if !behavior.forgets_token
            && let Some(answer) = answer.as_object_mut()
        {
            answer.insert("id_token".to_owned(), self.id_token(behavior, &code.nonce).into());
        }
        json_of(&answer)
    }

    fn id_token(&self, behavior: &Behavior, nonce: &str) -> String {
        let now = chrono::Utc::now().timestamp();
        let mut claims = object(json!({"iss": self.issuer, "aud": CLIENT, "nonce": nonce,
            "iat": now, "exp": now + 300}));
        claims.extend(behavior.person.clone());
        let claims = changed(claims, &behavior.claims);
        let state = self.state.lock();
        let header = |algorithm| Header { kid: Some(state.kid.to_string()), ..Header::new(algorithm) };
        let sign = |key: &KeyPair| {
            let key = EncodingKey::from_ec_der(&key.serialize_der());
            encode(&header(Algorithm::ES256), &claims, &key).unwrap_or_default()
        };
        match behavior.signature {
            Signature::Valid => sign(&state.key),
            Signature::Unknown => sign(&key()),
            Signature::Forged => {
                let token = sign(&state.key);
                let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
                let start = if signature.starts_with('A') { "B" } else { "A" };
                format!("{signed}.{start}{}", signature.get(1..).unwrap_or_default())
            }
            Signature::Shared => {
                let secret = behavior.secret.clone().unwrap_or_default();
                let key = EncodingKey::from_secret(secret.as_bytes());
                encode(&header(Algorithm::HS256), &claims, &key).unwrap_or_default()
            }
            Signature::None => {
                let part = |text: String| URL_SAFE_NO_PAD.encode(text);
                format!("{}.{}.", part(r#"{"alg":"none"}"#.to_owned()), part(claims.to_string()))
            }
        }
    }
}

/// Returns whether the client of a request is the one that the provider knows, and has logged in as it should.
fn is_client(behavior: &Behavior, login: Option<&str>, form: &Fields) -> bool {
    let has = |name: &str, value: &str| form.get(name).is_some_and(|found| found == value);
    let Some(secret) = &behavior.secret else {
        return login.is_none() && has("client_id", CLIENT) && !form.contains_key("client_secret");
    };
    if !behavior.is_basic {
        return login.is_none() && has("client_id", CLIENT) && has("client_secret", secret);
    }
    let pair = login.and_then(|login| login.strip_prefix("Basic "));
    let pair = pair.and_then(|pair| String::from_utf8(STANDARD.decode(pair).ok()?).ok()).unwrap_or_default();
    // A form with one field decodes each part.
    let decoded =
        |text: &str| parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned());
    let (id, own) = pair.split_once(':').unwrap_or_default();
    decoded(id).as_deref() == Some(CLIENT) && decoded(own).as_ref() == Some(secret)
}

fn userinfo(behavior: &Behavior, login: Option<&str>) -> Answer {
    match (&behavior.userinfo, login) {
        (Some(answer), Some("Bearer access-1")) => json_of(answer),
        _ => respond(StatusCode::UNAUTHORIZED, String::new()),
    }
}

fn fields(text: &[u8]) -> Fields {
    parse(text).into_owned().collect()
}

fn json_of(value: &Value) -> Answer {
    respond(StatusCode::OK, value.to_string())
}

fn respond(status: StatusCode, body: String) -> Answer {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.body(Full::new(Bytes::from(body))).unwrap_or_default()
}

fn moved(place: &str) -> Answer {
    let answer = Response::builder().status(StatusCode::FOUND).header("location", place);
    answer.body(Full::default()).unwrap_or_default()
}

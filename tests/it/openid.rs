//! Login of people at an OpenID provider: the flow, the refused answers, and the providers that misbehave.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepwell_tests::openid::{Behavior, CLIENT, OpenId, Signature};
use url::Url;

use crate::cli::Shell;
use crate::server::{Reply, Server, ask};

const SECRET: &str = "s3cret/with+signs =";
/// The service answers at a port of its own; a browser of these tests goes there for this URL.
pub const PUBLIC: &str = "http://127.0.0.1:7450";

pub fn redirect_uri(public: &str) -> String {
    format!("{public}/ui/login/openid/callback")
}

/// Returns a service that knows the provider; `more` are further settings of the login.
pub fn shell(provider: &OpenId, more: &str) -> Shell {
    let issuer = &provider.issuer;
    let config = format!(
        "connections: {{w: {{type: sqlite, path: w.db}}}}
projects: {{team-a: {{}}, team-b: {{}}}}
oidc:
  issuer: {issuer}
  audience: stepwell
  name_claim: email
  roles_claim: realm.roles
  grants:
  - {{value: ops, role: admin, projects: ['*']}}
  - {{value: dev, role: operator}}
  - {{value: a-dev, role: operator, projects: [team-a]}}
  - {{value: b-dev, role: operator, projects: [team-b]}}
  login:
    client_id: {CLIENT}
{more}"
    );
    Shell::new().file("config.yaml", &config).env("OIDC_SECRET", SECRET)
}

fn settings(public: &str) -> String {
    format!("    client_secret: env:OIDC_SECRET\n    public_url: {public}\n    name: Acme <b>ID</b>\n")
}

/// A provider, and a service at which people log in there.
pub async fn pair() -> (OpenId, Server) {
    let provider = OpenId::start(&redirect_uri(PUBLIC), Some(SECRET)).await;
    // No first key is made if a provider gives access: the command makes one.
    let shell = shell(&provider, &settings(PUBLIC));
    (provider, start(shell))
}

pub fn start(shell: Shell) -> Server {
    let made = shell.run(&["keys", "create", "boss", "--role", "admin", "--for-project", "*"]);
    let boss = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    Server::start_with(shell, &[], &boss)
}

/// A browser: it keeps cookies, and follows the addresses between the service and the provider.
pub struct Browser<'s> {
    server: &'s Server,
    pub cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    pub fn new(server: &'s Server) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "").await
    }

    pub async fn send(&mut self, method: &str, path: &str, form: &str) -> Reply {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let headers = [("cookie", cookies.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let reply = self.server.raw(method, path, &headers, form).await.unwrap();
        for line in reply.headers.lines().filter(|line| line.to_lowercase().starts_with("set-cookie:")) {
            let (name, rest) = line.split_once(':').unwrap().1.trim().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            match rest.contains("Max-Age=0") {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        reply
    }

    /// Presses the button. Returns the address at the provider.
    pub async fn begin(&mut self, next: &str) -> String {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let reply = self.get(&format!("/ui/login/openid?next={next}")).await;
        assert_eq!(reply.status, 303, "{reply:?}");
        reply.header("location").unwrap()
    }

    /// Logs in at the provider, and returns with its answer. Returns the path at the service.
    pub async fn answer(place: &str) -> String {
        let url = Url::parse(place).unwrap();
        let (host, path) = (url.authority(), &url[url::Position::BeforePath..]);
        let reply = ask(host, "GET", path, &[], "").await.unwrap();
        assert_eq!(reply.status, 302, "{reply:?}");
        let back = Url::parse(&reply.header("location").unwrap()).unwrap();
        back[url::Position::BeforePath..].to_owned()
    }

    pub async fn log_in(&mut self, next: &str) -> Reply {
        let place = self.begin(next).await;
        let path = Self::answer(&place).await;
        self.get(&path).await
    }

    pub fn has_session(&self) -> bool {
        self.cookies.keys().any(|name| name.ends_with("stepwell_session"))
    }
}

/// Returns the texts of the page about a login that is refused.
fn problem(reply: &Reply) -> String {
    let alert = reply.body.split_once("role=\"alert\">").map_or("", |(_, rest)| rest);
    alert.split_once('<').map_or("", |(text, _)| text).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_log_in_at_the_provider_and_out_again() {
    let (provider, server) = pair().await;
    let mut browser = Browser::new(&server);
    // The page has a button, and the form for keys stays.
    let page = browser.get("/ui/login?next=%2Fui%2Fp%2Fdefault%2Fruns").await.body;
    let button = format!("{PUBLIC}/ui/login/openid?next=%2Fui%2Fp%2Fdefault%2Fruns");
    assert!(page.contains(&button) && page.contains("Log in with Acme &lt;b&gt;ID"), "{page}");
    assert!(page.contains("name=\"key\""), "{page}");
    let reply = browser.log_in("/ui/p/default/runs?status=failed").await;
    assert_eq!(
        (reply.status, reply.header("location").as_deref()),
        (303, Some("/ui/p/default/runs?status=failed"))
    );
    let cookies: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
    assert_eq!(cookies, ["stepwell_session"], "the cookie of the login is gone");
    let page = browser.get("/ui/p/default/runs").await;
    assert!(page.status == 200 && page.body.contains("ann@team.example"), "{page:?}");
    assert_eq!(browser.get("/ui/p/team-a").await.status, 403);
    // The session has the identity of the issuer, the name that the configuration selects, and a shorter life.
    let sessions = server.get("/api/v2/sessions").await.json();
    let session = &sessions["items"][0];
    let id = format!("user:{}/1234", provider.issuer);
    let person = json!({"id": id, "name": "ann@team.example", "groups": ["dev", "releases"]});
    assert_eq!(session["holder"]["person"], person, "{sessions}");
    let time = |key: &str| chrono::DateTime::parse_from_rfc3339(session[key].as_str().unwrap()).unwrap();
    assert_eq!((time("ends_at") - time("created_at")).num_minutes(), 12 * 60);
    let log = server.get("/api/v2/audit?action=session.open").await.json();
    assert_eq!((&log["items"][0]["by"], &log["items"][0]["name"]), (&json!(id), &json!("ann@team.example")));
    // The roles of the provider count for each change.
    let csrf = page.body.split_once("name=\"csrf-token\" content=\"").unwrap().1.split('"').next().unwrap();
    let pause = format!("csrf={csrf}&_parameter=UTC&_done=x");
    let refused = browser.send("POST", "/ui/p/default/do/pauseQueue", &pause).await;
    assert!(
        refused.header("set-cookie").unwrap().contains("problem"),
        "operators of one project pause no queue"
    );
    let sample = browser.send("POST", "/ui/p/default/sample", &format!("csrf={csrf}")).await;
    assert!(sample.status == 303 && sample.header("location").unwrap().contains("/runs/exec_"), "{sample:?}");
    // Logging out ends the session here, and shows the way to end that of the provider.
    let reply = browser.send("POST", "/ui/logout", &format!("csrf={csrf}")).await;
    assert_eq!(reply.header("location").as_deref(), Some("/ui/login?left=true"));
    let page = browser.get("/ui/login?left=true").await.body;
    assert!(page.contains(&format!("{}/end-session?client_id=stepwell+ui", provider.issuer)), "{page}");
    assert_eq!(browser.get("/ui/p/default/runs").await.status, 303);
    assert_eq!(server.get("/api/v2/sessions").await.json()["items"], json!([]));
    // A key works beside it, and a bearer token opens no session.
    let token = format!("key={}", "eyJhbGciOiJFUzI1NiJ9.e30.x");
    let reply = browser.send("POST", "/ui/login", &token).await;
    assert!(reply.status == 401 && problem(&reply).contains("begins with sw_"), "{reply:?}");
    assert_eq!(browser.send("POST", "/ui/login", &format!("key={}", server.token)).await.status, 303);
}

/// A row of a refused login: its name, the behavior, the status, and a part of the page.
type Row = (&'static str, fn(&mut Behavior), u16, &'static str);

const REFUSED: &[Row] = &[
    (
        "the person refuses",
        |b| b.refuses = Some(("access_denied".into(), "no <b>thanks</b>".into())),
        403,
        "access_denied",
    ),
    (
        "an error of the provider",
        |b| b.refuses = Some(("server_error".into(), String::new())),
        403,
        "not available now",
    ),
    ("another nonce", |b| claim(b, "nonce", json!("other")), 403, "another login"),
    ("no nonce", |b| claim(b, "nonce", Value::Null), 403, "another login"),
    ("another issuer", |b| claim(b, "iss", json!("https://evil.example")), 403, "InvalidIssuer"),
    ("another audience", |b| claim(b, "aud", json!("other")), 403, "InvalidAudience"),
    ("the audience of bearer tokens", |b| claim(b, "aud", json!("stepwell")), 403, "InvalidAudience"),
    ("an expired token", |b| claim(b, "exp", json!(1_600_000_000)), 403, "expired"),
    ("a token without an end", |b| claim(b, "exp", Value::Null), 403, "exp"),
    ("a token of the future", |b| claim(b, "nbf", json!(4_000_000_000_u32)), 403, "not valid yet"),
    ("another client", |b| claim(b, "azp", json!("other")), 403, "another client"),
    ("several clients", |b| claim(b, "aud", json!([CLIENT, "other"])), 403, "several clients"),
    ("no signature", |b| b.signature = Signature::None, 403, "neither a JWT"),
    ("a shared secret", |b| b.signature = Signature::Shared, 403, "algorithm is not allowed"),
    ("a forged signature", |b| b.signature = Signature::Forged, 403, "InvalidSignature"),
    ("a key of another provider", |b| b.signature = Signature::Unknown, 403, "InvalidSignature"),
    ("no subject", |b| claim(b, "sub", Value::Null), 403, "no claim <code>sub</code>"),
    ("no name", |b| claim(b, "email", Value::Null), 403, "none named <code>email</code>"),
    ("an answer of another issuer", |b| b.iss = json!("https://evil.example"), 403, "another issuer"),
    ("an answer of no issuer", |b| b.iss = Value::Null, 403, "does not name its issuer"),
    ("an unknown role", |b| claim(b, "realm", json!({"roles": ["staff"]})), 403, "no role in any project"),
    ("no roles", |b| claim(b, "realm", Value::Null), 403, "no role in any project"),
    (
        "roles of another type",
        |b| claim(b, "realm", json!({"roles": {"dev": true}})),
        403,
        "no role in any project",
    ),
    (
        "too many roles",
        |b| claim(b, "realm", json!({"roles": vec!["dev"; 20_000]})),
        403,
        "more than 32768 bytes",
    ),
    ("a long subject", |b| claim(b, "sub", json!("x".repeat(300))), 403, "more than 255 bytes"),
    ("no token", |b| b.forgets_token = true, 403, "no ID token"),
    ("another secret", |b| b.secret = Some("other".into()), 503, "cannot log you in now"),
];

fn claim(behavior: &mut Behavior, name: &str, value: Value) {
    behavior.claims.insert(name.to_owned(), value);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_prove_nothing_open_no_session() {
    let (provider, server) = pair().await;
    let good = provider.behavior();
    for (what, change, status, told) in REFUSED {
        provider.set(|behavior| *behavior = good.clone());
        provider.set(change);
        let mut browser = Browser::new(&server);
        let reply = browser.log_in("/ui/p/default/runs").await;
        assert_eq!(reply.status, *status, "{what}: {reply:?}");
        assert!(reply.body.contains(told), "{what}: {}", problem(&reply));
        assert!(browser.cookies.is_empty(), "{what}: {:?}", browser.cookies);
        // Texts of the provider are texts, secrets stay here, and the person can log in again.
        assert!(
            !reply.body.contains("<b>thanks") && !reply.body.contains("s3cret"),
            "{what}: {}",
            reply.body
        );
        assert!(reply.body.contains("/ui/login/openid?next=%2Fui%2Fp%2Fdefault%2Fruns"), "{what}");
        // An address has ten failures per second.
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    assert_eq!(server.get("/api/v2/sessions").await.json()["items"], json!([]));
    let log = server.get("/api/v2/audit?action=login.fail").await.json();
    let detail = log["items"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("access_denied") && detail.contains("no <b>thanks</b>"), "{log}");
    assert!(log["items"][0]["by"].as_str().unwrap().starts_with("address:"), "{log}");
    provider.set(|behavior| *behavior = good);
    assert_eq!(Browser::new(&server).log_in("/ui").await.status, 303);
}

const LOST: &str = "has not begun in this browser";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_once_and_in_the_browser_that_began() {
    let (provider, server) = pair().await;
    // Another browser, another state, no state, a parameter that occurs twice.
    let mut ann = Browser::new(&server);
    let path = Browser::answer(&ann.begin("/ui").await).await;
    let mut other = Browser::new(&server);
    let elsewhere = other.get(&path).await;
    assert!(elsewhere.status == 400 && problem(&elsewhere).contains(LOST), "{elsewhere:?}");
    other.begin("/ui").await;
    for path in [
        path.clone(),
        path.replace("state=", "state=x"),
        path.replace("state=", "other="),
        format!("{path}&state=x"),
        "/ui/login/openid/callback".to_owned(),
        "/ui/login/openid/callback?state=".to_owned(),
    ] {
        let reply = other.get(&path).await;
        assert!(reply.status == 400 && problem(&reply).contains(LOST), "{path}: {reply:?}");
    }
    assert_eq!(provider.asked("/token"), 0, "no code was used");
    // The same answer again: the browser has forgotten the login, the provider the code, the service the login.
    let before = ann.cookies.clone();
    assert_eq!(ann.get(&path).await.status, 303);
    let again = Browser { server: &server, cookies: BTreeMap::new() }.get(&path).await;
    assert!(again.status == 400 && problem(&again).contains(LOST), "{again:?}");
    let again = Browser { server: &server, cookies: before.clone() }.get(&path).await;
    assert!(
        again.status == 403 && problem(&again).contains("does not accept the code: invalid_grant"),
        "{again:?}"
    );
    provider.set(|behavior| behavior.is_lax = true);
    let again = Browser { server: &server, cookies: before }.get(&path).await;
    assert!(again.status == 400 && problem(&again).contains("has opened a session before"), "{again:?}");
    assert_eq!(server.get("/api/v2/sessions").await.json()["items"].as_array().unwrap().len(), 1);
    // A code of another login does not fit its verifier.
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (first, second) = (one.begin("/ui").await, two.begin("/ui").await);
    let (first, second) = (Browser::answer(&first).await, Browser::answer(&second).await);
    let value = |path: &str, name: &str| {
        let url = Url::parse(&format!("{PUBLIC}{path}")).unwrap();
        url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
    };
    let encoded: String = url::form_urlencoded::byte_serialize(value(&first, "iss").as_bytes()).collect();
    let code: String = url::form_urlencoded::byte_serialize(value(&second, "code").as_bytes()).collect();
    let mixed =
        format!("/ui/login/openid/callback?state={}&iss={encoded}&code={code}", value(&first, "state"));
    let reply = one.get(&mixed).await;
    assert!(reply.status == 403 && problem(&reply).contains("invalid_grant"), "{reply:?}");
    // A login is old after ten minutes, and a browser has few of them.
    let mut slow = Browser::new(&server);
    let path = Browser::answer(&slow.begin("/ui").await).await;
    for value in slow.cookies.values_mut() {
        let parts: Vec<&str> = value.split('.').collect();
        let begun = parts[3].parse::<i64>().unwrap() - 601;
        *value = [parts[0], parts[1], parts[2], &begun.to_string(), parts[4]].join(".");
    }
    assert_eq!(slow.get(&path).await.status, 400);
    let mut many = Browser::new(&server);
    for _ in 0..9 {
        many.begin("/ui").await;
    }
    assert_eq!(many.cookies.len(), 5);
    // Two logins of one browser at the same time: each finishes.
    let mut tabs = Browser::new(&server);
    let (first, second) = (tabs.begin("/ui/p/default/jobs").await, tabs.begin("/ui/p/default/runs").await);
    let (first, second) = (Browser::answer(&first).await, Browser::answer(&second).await);
    assert_eq!(tabs.get(&second).await.header("location").as_deref(), Some("/ui/p/default/runs"));
    assert_eq!(tabs.get(&first).await.header("location").as_deref(), Some("/ui/p/default/jobs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_leads_to_pages_of_the_service_only() {
    let (_provider, server) = pair().await;
    for (next, expected) in [
        ("/ui/p/default/jobs/a%2Fb?x=1", "/ui/p/default/jobs/a%2Fb?x=1"),
        ("https://evil.example/", "/ui"),
        ("//evil.example", "/ui"),
        ("/\\evil.example", "/ui"),
        ("/ui/p/../../evil", "/ui"),
        ("/ui/p//evil.example", "/ui"),
        ("/ui/logout", "/ui"),
        ("/ui/p/x\r\nset-cookie: a=b", "/ui"),
        ("javascript:alert(1)", "/ui"),
        (&format!("/ui/p/default?q={}", "x".repeat(700)), "/ui"),
    ] {
        let mut browser = Browser::new(&server);
        let reply = browser.log_in(next).await;
        assert_eq!(reply.header("location").as_deref(), Some(expected), "{next}");
    }
    // Not even a changed cookie leads elsewhere.
    let mut browser = Browser::new(&server);
    let path = Browser::answer(&browser.begin("/ui").await).await;
    for value in browser.cookies.values_mut() {
        *value = format!("{}.https%3A%2F%2Fevil.example", value.rsplit_once('.').unwrap().0);
    }
    assert_eq!(browser.get(&path).await.header("location").as_deref(), Some("/ui"));
}

/// A provider that changes its key: logins continue at once, and tokens of the old key end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_provider_change() {
    let (provider, server) = pair().await;
    assert_eq!(Browser::new(&server).log_in("/ui").await.status, 303);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    provider.rotate();
    assert_eq!(Browser::new(&server).log_in("/ui").await.status, 303);
    assert_eq!(provider.asked("/keys"), 2);
    assert_eq!(Browser::new(&server).log_in("/ui").await.status, 303);
    assert_eq!(provider.asked("/keys"), 2, "known keys are not fetched again");
    provider.set(|behavior| behavior.signature = Signature::Unknown);
    assert_eq!(Browser::new(&server).log_in("/ui").await.status, 403);
}

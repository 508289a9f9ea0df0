//! Providers of logins that are slow, endless, broken or malicious, and clients that guess.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell_tests::openid::{Behavior, OpenId};

use crate::openid::{Browser, redirect_uri, shell, start};
use crate::server::Server;

const SECRET: &str = "s3cret/with+signs =";
const PUBLIC: &str = "http://127.0.0.1:7450";
const SETTINGS: &str = "    client_secret: env:OIDC_SECRET\n    public_url: http://127.0.0.1:7450\n";

/// A row: its name, the behavior, and a part of the line in the log of the service.
type Row = (&'static str, fn(&mut Behavior), &'static str);

fn document(behavior: &mut Behavior, name: &str, value: Value) {
    behavior.discovery.insert(name.to_owned(), value);
}

fn slow(behavior: &mut Behavior, path: &str) {
    behavior.slow.insert(path.to_owned(), Duration::from_secs(30));
}

fn huge(behavior: &mut Behavior, path: &str) {
    behavior.huge.insert(path.to_owned(), 3 << 20);
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Documents with which no login begins.
const BEGIN: &[Row] = &[
    ("a huge document", |b| huge(b, DISCOVERY), "more than 1048576 bytes"),
    ("a slow document", |b| slow(b, DISCOVERY), "no answer within 5 s"),
    ("slow keys", |b| slow(b, "/keys"), "no answer within 5 s"),
    ("huge keys", |b| huge(b, "/keys"), "more than 1048576 bytes"),
    ("a redirect", |b| drop(b.moved.insert(DISCOVERY.into(), "https://evil.example".into())), "302"),
    (
        "another issuer",
        |b| document(b, "issuer", json!("https://evil.example")),
        "names the issuer https://evil.example",
    ),
    ("no keys", |b| document(b, "jwks_uri", Value::Null), "has no `jwks_uri`"),
    (
        "keys without encryption",
        |b| document(b, "jwks_uri", json!("http://10.0.0.1/keys")),
        "neither https nor",
    ),
    (
        "a page without encryption",
        |b| document(b, "authorization_endpoint", json!("http://10.0.0.1/")),
        "neither https nor",
    ),
    ("a script", |b| document(b, "end_session_endpoint", json!("javascript:alert(1)")), "neither https nor"),
];

/// Answers with which no login finishes.
const FINISH: &[Row] = &[
    ("slow tokens", |b| slow(b, "/token"), "no answer within 5 s"),
    ("huge tokens", |b| huge(b, "/token"), "more than 1048576 bytes"),
    (
        "a redirect of the code",
        |b| drop(b.moved.insert("/token".into(), "https://evil.example".into())),
        "302",
    ),
    ("another secret", |b| b.secret = Some("other".into()), "invalid_client: check `oidc.login.client_id`"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_in_trouble_refuses_logins_soon_and_shows_nothing() {
    let provider = OpenId::start(&redirect_uri(PUBLIC), Some(SECRET)).await;
    let made = shell(&provider, SETTINGS);
    let key = made.run(&["keys", "create", "boss", "--role", "admin", "--for-project", "*"]);
    let key = String::from_utf8_lossy(&key.stdout).trim().to_owned();
    let (server, log) = Server::start_logged_again(made, &key);
    let good = provider.behavior();
    let is_in_log = |told: &str| log.lock().unwrap().iter().any(|line| line.contains(told));
    // The log arrives by a pipe.
    let has_said = async |told: &str| {
        for _ in 0..50 {
            if is_in_log(told) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    };
    for (what, change, told) in BEGIN {
        provider.set(|behavior| *behavior = good.clone());
        provider.set(change);
        log.lock().unwrap().clear();
        let begun = Instant::now();
        let reply = Browser::new(&server).get("/ui/login/openid?next=/ui").await;
        assert_eq!(reply.status, 503, "{what}: {reply:?}");
        assert!(begun.elapsed() < Duration::from_secs(12), "{what}: {:?}", begun.elapsed());
        assert!(reply.body.contains("127.0.0.1 cannot log you in now"), "{what}: {reply:?}");
        assert!(!reply.body.contains("evil.example") && !reply.body.contains("bytes"), "{what}: {reply:?}");
        assert!(reply.body.contains("name=\"key\""), "{what}: a key still works");
        assert!(has_said(told).await, "{what}: {:?}", log.lock().unwrap());
        // The documents are fetched once per second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    for (what, change, told) in FINISH {
        provider.set(|behavior| *behavior = good.clone());
        let mut browser = Browser::new(&server);
        let path = Browser::answer(&browser.begin("/ui").await).await;
        provider.set(change);
        log.lock().unwrap().clear();
        let begun = Instant::now();
        let reply = browser.get(&path).await;
        assert_eq!(reply.status, 503, "{what}: {reply:?}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{what}: {:?}", begun.elapsed());
        assert!(has_said(told).await, "{what}: {:?}", log.lock().unwrap());
        assert!(!is_in_log(SECRET) && !is_in_log("s3cret"), "{what}: {:?}", log.lock().unwrap());
        assert!(!browser.has_session(), "{what}");
    }
    provider.set(|behavior| *behavior = good);
    assert_eq!(Browser::new(&server).log_in("/ui").await.status, 303);
    // While a provider is slow, holders of keys continue.
    provider.set(|behavior| slow(behavior, "/token"));
    let mut browser = Browser::new(&server);
    let path = Browser::answer(&browser.begin("/ui").await).await;
    let (waits, works) = tokio::join!(browser.get(&path), async {
        let begun = Instant::now();
        assert_eq!(server.get("/api/v2/runs").await.status, 200);
        begun.elapsed()
    });
    assert!(waits.status == 503 && works < Duration::from_secs(2), "{works:?}");
}

/// Old methods of PKCE, or none for the login at all, stop a login before it begins; `doctor` says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_without_the_flow_is_named_by_doctor() {
    let provider = OpenId::start(&redirect_uri(PUBLIC), Some(SECRET)).await;
    for (name, value, told) in [
        ("code_challenge_methods_supported", json!(["plain"]), Some("does not support PKCE with S256")),
        ("token_endpoint", Value::Null, Some("has no `token_endpoint`")),
        ("authorization_endpoint", Value::Null, Some("has no `authorization_endpoint`")),
        ("code_challenge_methods_supported", Value::Null, None),
    ] {
        provider.set(|behavior| behavior.discovery.clear());
        provider.set(|behavior| document(behavior, name, value.clone()));
        let made = shell(&provider, SETTINGS);
        let doctor = ["doctor", "--config", "config.yaml", "--output", "json"].map(str::to_owned);
        let output = tokio::task::spawn_blocking(move || (made.command(&doctor).output().unwrap(), made));
        let (output, made) = output.await.unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let rows = found["items"].as_array().unwrap();
        let row = rows.iter().find(|row| row["check"] == "OpenID provider").unwrap();
        let server = start(made);
        let begun = Browser::new(&server).get("/ui/login/openid").await;
        match told {
            Some(told) => {
                assert!(row["state"] == "bad" && row["found"].as_str().unwrap().contains(told), "{row}");
                assert_eq!(begun.status, 503, "{name}");
            }
            None => {
                assert_eq!(row["state"], "good", "{row}");
                assert_eq!(begun.status, 303, "{name}");
            }
        }
    }
}

/// Guessed answers count as failed logins of their address. A person with a session continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_of_answers_have_a_bound() {
    let provider = OpenId::start(&redirect_uri(PUBLIC), Some(SECRET)).await;
    let server = start(shell(&provider, SETTINGS));
    let mut ann = Browser::new(&server);
    assert_eq!(ann.log_in("/ui").await.status, 303);
    assert_eq!(ann.get("/ui/p/default/runs").await.status, 200);
    let (mut statuses, before) = (Vec::new(), provider.asked("/token"));
    for guess in 0..200 {
        let mut browser = Browser::new(&server);
        browser
            .cookies
            .insert(format!("stepwell_login_{guess}"), format!("s.n.v.{}.", chrono::Utc::now().timestamp()));
        let path = format!("/ui/login/openid/callback?state=s&code={guess}&iss={}", provider.issuer);
        statuses.push(browser.get(&path).await.status);
    }
    assert!(statuses.starts_with(&[403]) && statuses.ends_with(&[429]), "{statuses:?}");
    assert!(provider.asked("/token") - before < 150, "{}", provider.asked("/token"));
    assert_eq!(ann.get("/ui/p/default/runs").await.status, 200);
    let log = server.get("/api/v2/audit?action=login.fail").await.json();
    assert!(log["items"][0]["detail"].as_str().unwrap().contains("does not accept the code"), "{log}");
}

/// Claims of UserInfo add to those of the ID token, and replace none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_may_send_claims_apart() {
    let provider = OpenId::start(&redirect_uri(PUBLIC), None).await;
    // A public client has no secret.
    let more = format!("    public_url: {PUBLIC}\n    userinfo: true\n    session: 30m\n");
    let server = start(shell(&provider, &more));
    let good = provider.behavior();
    let person =
        json!({"sub": "1234", "email": "other@team.example", "realm": {"roles": ["dev"]}, "aud": "x"});
    for (what, answer, status) in [
        ("the person", Some(person.clone()), 303),
        ("another person", Some(json!({"sub": "5", "realm": {"roles": ["dev"]}})), 403),
        ("no subject", Some(json!({"realm": {"roles": ["dev"]}})), 403),
        ("a list", Some(json!([])), 503),
    ] {
        provider.set(|behavior| {
            *behavior = good.clone();
            behavior.person.remove("realm");
            behavior.userinfo = answer;
        });
        let reply = Browser::new(&server).log_in("/ui").await;
        assert_eq!(reply.status, status, "{what}: {reply:?}");
    }
    let sessions = server.get("/api/v2/sessions").await.json();
    let session = &sessions["items"][0];
    assert_eq!(session["holder"]["person"]["name"], "ann@team.example", "{sessions}");
    let time = |key: &str| chrono::DateTime::parse_from_rfc3339(session[key].as_str().unwrap()).unwrap();
    assert_eq!((time("ends_at") - time("created_at")).num_minutes(), 30);
}

/// A session of a person needs the login of the configuration, and its provider.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_people_end_with_the_login_of_the_configuration() {
    let provider = OpenId::start(&redirect_uri("https://stepwell"), Some(SECRET)).await;
    provider.set(|behavior| behavior.is_basic = false);
    let made = shell(&provider, "    client_secret: env:OIDC_SECRET\n    public_url: https://stepwell\n");
    let config = std::fs::read_to_string(made.path("config.yaml")).unwrap();
    let mut server = start(made);
    let mut browser = Browser::new(&server);
    let reply = browser.log_in("/ui").await;
    assert_eq!(reply.status, 303, "{reply:?}");
    // The browser reaches the public URL over TLS, so no other host can set its cookies.
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["__Host-stepwell_session"]);
    let mut forged = Browser::new(&server);
    let path = Browser::answer(&forged.begin("/ui").await).await;
    let cookies = std::mem::take(&mut forged.cookies);
    forged.cookies = cookies.into_iter().map(|(name, value)| (name.replace("__Host-", ""), value)).collect();
    assert_eq!(forged.get(&path).await.status, 400);
    assert_eq!(browser.get("/ui/p/default/runs").await.status, 200);
    let cookies = browser.cookies.clone();
    for (changed, status) in [
        (config.clone(), 200),
        (config.replace(&provider.issuer, "https://login.example"), 303),
        (config.split("  login:").next().unwrap().to_owned(), 303),
    ] {
        std::fs::write(server.shell.path("config.yaml"), &changed).unwrap();
        server = server.kill_and_restart();
        let mut browser = Browser::new(&server);
        browser.cookies = cookies.clone();
        assert_eq!(browser.get("/ui/p/default/runs").await.status, status, "{changed}");
    }
}

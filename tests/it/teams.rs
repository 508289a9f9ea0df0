//! Access for teams: tokens of an OpenID provider, roles from their claims, and projects that do not see each other.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::{Value, json};
use stepwell_tests::web::Web;

use crate::cli::Shell;
use crate::server::{Reply, Server, ask, until};

/// A provider that signs given claims.
pub struct Provider {
    pub web: Web,
    key: KeyPair,
}

impl Provider {
    pub async fn start() -> Self {
        let (web, key) = (Web::start().await, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
        let issuer = web.url("");
        let found = json!({"issuer": issuer, "jwks_uri": web.url("/keys")});
        web.set("/.well-known/openid-configuration", found);
        let provider = Self { web, key };
        provider.publish("one");
        provider
    }

    fn publish(&self, kid: &str) {
        let point = self.key.der_bytes();
        let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": part(1), "y": part(33)});
        self.web.set("/keys", json!({"keys": [key]}));
    }

    pub fn claims(&self, roles: &[&str]) -> Value {
        let now = chrono::Utc::now().timestamp();
        json!({"iss": self.web.url(""), "aud": "stepwell", "sub": "1234", "email": "ann@team.example",
            "exp": now + 600, "nbf": now - 10, "realm": {"roles": roles}})
    }

    pub fn sign(&self, kid: &str, claims: &Value) -> String {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.key.serialize_der())).unwrap()
    }
}

const PROJECTS: &str = "projects: {team-a: {connections: [w], secrets: [alpha]}, team-b: {secrets: [beta]}}
secrets: {alpha: 'env:ALPHA', beta: 'env:BETA'}
connections: {w: {type: sqlite, path: w.db}}
";

/// The probe for both projects; `w` for one of them.
const POLICIES: &str = "policy: 1\nname: a\nprojects: [team-a]\nsteps: [probe]\nsql: [{connection: w}]\n";

pub async fn with(
    server: &Server,
    token: &str,
    project: Option<&str>,
    method: &str,
    path: &str,
    body: &str,
) -> Reply {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(project.map(|name| ("stepwell-project", name)));
    ask(&server.address, method, path, &headers, body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_let_in_whom_the_provider_says_and_nobody_else() {
    let provider = Provider::start().await;
    let config = format!(
        "{PROJECTS}oidc:\n  issuer: {}\n  audience: stepwell\n  name_claim: email\n  roles_claim: realm.roles\n  grants:
  - {{value: ops, role: admin, projects: ['*']}}\n  - {{value: a-dev, role: operator, projects: [team-a]}}
  - {{value: a-read, role: viewer, projects: [team-a, team-b]}}\n",
        provider.web.url("")
    );
    let server = Server::start(Shell::new().file("config.yaml", &config).file("policy.yaml", POLICIES));
    let status = async |token: &str, project: Option<&str>, method: &str, path: &str| {
        with(&server, token, project, method, path, "{}").await.status
    };
    let of = |roles: &[&str]| provider.sign("one", &provider.claims(roles));
    let pause = "/api/v2/schedules/none/pause";
    for (roles, project, method, path, expected) in [
        (&["ops"][..], None, "GET", "/api/v2/keys", 200),
        (&["ops"], Some("team-b"), "GET", "/api/v2/jobs", 200),
        (&["ops"], Some("team-c"), "GET", "/api/v2/jobs", 404),
        (&["a-dev"], None, "GET", "/api/v2/jobs", 200),
        (&["a-dev"], None, "POST", pause, 404),
        (&["a-dev"], Some("team-b"), "GET", "/api/v2/jobs", 403),
        (&["a-dev"], Some("default"), "GET", "/api/v2/jobs", 403),
        (&["a-dev"], None, "GET", "/api/v2/keys", 403),
        (&["a-dev"], None, "GET", "/metrics", 403),
        (&["a-read"], None, "POST", pause, 403),
        (&["a-read"], Some("team-b"), "GET", "/api/v2/jobs", 200),
        (&["a-read", "a-dev"], Some("team-a"), "POST", pause, 404),
        (&["nobody"], None, "GET", "/api/v2/jobs", 403),
        (&[], None, "GET", "/api/v2/jobs", 403),
    ] {
        assert_eq!(status(&of(roles), project, method, path).await, expected, "{roles:?} {project:?} {path}");
    }
    // The audit log has the subject, which people cannot choose, and the name that the configuration selects.
    let token = of(&["ops"]);
    assert_eq!(status(&token, None, "POST", "/api/v2/queues/UTC/pause").await, 204);
    let log = with(&server, &token, None, "GET", "/api/v2/audit?limit=1", "").await.json();
    assert_eq!(
        log["items"][0]["by"],
        format!("user:{}/1234", provider.web.url("").trim_end_matches('/')),
        "{log}"
    );
    assert_eq!(log["items"][0]["name"], "ann@team.example", "{log}");
    // The error names the problem of a token, and each of these is refused.
    let changed = |key: &str, value: Value| {
        let mut claims = provider.claims(&["ops"]);
        claims[key] = value;
        provider.sign("one", &claims)
    };
    let now = chrono::Utc::now().timestamp();
    let none = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode("{}"));
    let claims = provider.claims(&["ops"]);
    let shared = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"x")).unwrap();
    let mut forged = of(&["ops"]);
    forged.replace_range(forged.len() - 6.., "AAAAAA");
    for (what, token, told) in [
        ("expired", changed("exp", (now - 120).into()), "expired"),
        ("from the future", changed("nbf", (now + 600).into()), "not valid yet"),
        ("another audience", changed("aud", "other".into()), "InvalidAudience"),
        ("another issuer", changed("iss", "https://evil.example".into()), "InvalidIssuer"),
        ("no name", changed("email", Value::Null), "email"),
        ("no subject", changed("sub", Value::Null), "sub"),
        ("not signed", none, "neither a JWT"),
        ("a shared secret", shared, "signature algorithm is not allowed"),
        ("a forged signature", forged, "InvalidSignature"),
        ("an unknown key", provider.sign("two", &claims), "does not have"),
        ("no token", "nonsense".to_owned(), "neither a JWT"),
    ] {
        let reply = with(&server, &token, None, "GET", "/api/v2/jobs", "").await;
        assert_eq!(reply.status, 401, "{what}: {reply:?}");
        assert!(reply.body.contains(told), "{what}: {}", reply.body);
    }
    // Many bad tokens do not cause repeated requests to the provider.
    assert!(provider.web.asked("/keys").len() <= 3, "{}", provider.web.asked("/keys").len());
}

/// Every operation of the API, used by one project on the resources of another: it sees and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_project_sees_anything_of_another() {
    let server = Server::start(
        Shell::new()
            .file("config.yaml", PROJECTS)
            .file("policy.yaml", POLICIES)
            .env("ALPHA", "x")
            .env("BETA", "x"),
    );
    let key = async |project: &str| {
        let new = json!({"name": format!("of-{project}"), "role": "admin", "projects": [project]});
        server.post("/api/v2/keys", &new).await.json()["token"].as_str().unwrap().to_owned()
    };
    let (a, b) = (key("team-a").await, key("team-b").await);
    let as_a = async |method: &str, path: &str, body: &Value| {
        with(&server, &a, None, method, path, &body.to_string()).await
    };
    // The first project has one of each resource.
    let secret = "canary-9f2c";
    let step = |case: &str| json!({"id": "s", "type": "probe", "case": case, "text": secret});
    let job = json!({"id": secret, "name": secret, "schedule": {"every": "1h"}, "steps": [step("echo")]});
    let reply = as_a("PUT", &format!("/api/v2/jobs/{secret}"), &job).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["job"]["id"], format!("team-a/{secret}"), "{}", reply.body);
    let run =
        as_a("POST", "/api/v2/jobs/execute", &json!({"job": {"id": secret, "steps": [step("echo")]}})).await;
    assert_eq!(run.status, 200, "{run:?}");
    let run = run.json()["execution_id"].as_str().unwrap().to_owned();
    let failed =
        as_a("POST", "/api/v2/jobs/execute", &json!({"job": {"id": secret, "steps": [step("trap")]}})).await;
    let failed = failed.json()["execution_id"].as_str().unwrap().to_owned();
    let asks = json!({"id": "ok", "type": "approval", "message": secret});
    let body = json!({"job": {"id": secret, "steps": [asks]}}).to_string();
    let waits = with(&server, &a, None, "POST", "/api/v2/jobs/execute", &body);
    let waits = tokio::time::timeout(std::time::Duration::from_secs(1), waits).await;
    assert!(waits.is_err(), "it waits for the approval");
    let list = async || as_a("GET", "/api/v2/approvals", &json!({})).await.json()["items"].clone();
    let parked =
        until("it is parked", list, |items| items.as_array().is_some_and(|items| !items.is_empty())).await;
    let parked = parked[0]["execution_id"].as_str().unwrap().to_owned();
    let fill = json!({"job_id": secret, "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T02:00:00Z"});
    let fill = as_a("POST", "/api/v2/backfills", &fill).await;
    let fill = fill.json()["id"].as_str().unwrap_or_else(|| panic!("{fill:?}")).to_owned();
    let everything = async || {
        let mut told = String::new();
        for path in ["jobs", "runs", "ledger", "backfills", "dead-letters", "approvals"] {
            told.push_str(&as_a("GET", &format!("/api/v2/{path}?limit=1000"), &json!({})).await.body);
        }
        told
    };
    until(
        "everything has settled",
        async || as_a("GET", &format!("/api/v2/backfills/{fill}"), &json!({})).await.json()["state"].clone(),
        |state| state != "running",
    )
    .await;
    let open = async || as_a("GET", "/api/v2/runs?status=queued", &json!({})).await.json()["items"].clone();
    until("nothing waits", open, |items| items.as_array().is_some_and(Vec::is_empty)).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let before = everything().await;
    assert!(before.contains(secret));
    // The other project asks for all of it, by every operation.
    let document = server.get("/api/v2/openapi.json").await.json();
    let mut asked = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            for name in [
                secret.to_owned(),
                format!("team-a%2F{secret}"),
                run.clone(),
                failed.clone(),
                parked.clone(),
                fill.clone(),
            ] {
                let path = path
                    .replace("{id}", &name)
                    .replace("{step}", "ok")
                    .replace("{path}", "x")
                    .replace("{*path}", "x");
                let body = json!({"ids": [failed.clone()], "action": "discard", "job_id": format!("team-a/{secret}"), "approved": true,
                    "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"});
                let body = match id.as_str() {
                    "bulkDeadLetters" => json!({"ids": [failed], "action": "discard"}),
                    "startBackfill" => {
                        json!({"job_id": body["job_id"], "from": body["from"], "to": body["to"]})
                    }
                    "decideApproval" => json!({"approved": true}),
                    // A job with the same name is another job.
                    "putJob" => json!({"id": format!("team-a/{secret}"), "steps": []}),
                    _ => json!({}),
                };
                let query = if path.ends_with("runs") || path.ends_with("ledger") {
                    format!("?job_id=team-a/{secret}")
                } else {
                    String::new()
                };
                for path in [path.clone(), format!("{path}{query}")] {
                    let reply =
                        with(&server, &b, None, &method.to_uppercase(), &path, &body.to_string()).await;
                    // Messages may contain text that the caller itself has sent.
                    let told = reply
                        .body
                        .replace(&format!("team-a/{secret}"), "")
                        .replace(&name, "")
                        .replace(&failed, "");
                    assert!(!told.contains(secret), "{method} {path}: {reply:?}");
                    for id in [&run, &failed, &parked, &fill] {
                        assert!(!told.contains(id.as_str()), "{method} {path}: {reply:?}");
                    }
                }
            }
            asked.insert(id);
        }
    }
    assert!(asked.len() > 40, "{asked:?}");
    assert_eq!(everything().await, before, "something has changed");
    // A missing resource looks the same as another project's.
    for (path, missing) in [
        (format!("/api/v2/runs/{run}"), "/api/v2/runs/exec_20200101_000000_001".to_owned()),
        (
            format!("/api/v2/dead-letters/{failed}"),
            "/api/v2/dead-letters/exec_20200101_000000_001".to_owned(),
        ),
        (format!("/api/v2/backfills/{fill}"), "/api/v2/backfills/none".to_owned()),
    ] {
        let [one, other] = [&path, &missing].map(|path| with(&server, &b, None, "GET", path, ""));
        let (one, other) = (one.await, other.await);
        let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let same = |reply: &Reply, path: &str| reply.body.replace(&last(path), "ID");
        assert_eq!((one.status, same(&one, &path)), (other.status, same(&other, &missing)));
    }
    // The policies of one project do not apply to the other: its steps get nothing.
    let body = json!({"job": {"id": "x", "steps": [step("echo")]}}).to_string();
    let reply = with(&server, &b, None, "POST", "/api/v2/jobs/execute", &body).await;
    assert!(reply.status == 422 && reply.body.contains("SQL_NOT_GRANTED"), "{reply:?}");
}

#[test]
fn what_belongs_to_a_project_is_not_granted_to_another() {
    for (policy, told) in [
        (
            "projects: [team-b]\nsteps: [probe]\nsql: [{connection: w}]",
            "the connection `w` belongs to team-a, and the policy is for team-b",
        ),
        ("steps: [probe]\nsql: [{connection: w}]", "belongs to team-a, and the policy is for default"),
        (
            "projects: ['*']\nsteps: [probe]\nsql: [{connection: w}]",
            "belongs to team-a, and the policy is for default, team-b",
        ),
        (
            "projects: [team-b]\nsteps: [http]\nhttp: [{url: 'https://x.example', inject: {secret: alpha, header: x}}]",
            "the secret `alpha` belongs to team-a",
        ),
        (
            "projects: [team-b]\nsteps: [probe]\n---\npolicy: 1\nname: q\nprojects: ['*']\nsteps: [probe]",
            "the step type `probe` is in two policies",
        ),
        ("projects: [team-c]\nsteps: [probe]", "the project `team-c` is not in the configuration"),
    ] {
        let shell = Shell::new()
            .file("config.yaml", PROJECTS)
            .file("policy.yaml", &format!("policy: 1\nname: p\n{policy}\n"));
        let output = shell
            .command(&["doctor", "--config", "config.yaml", "--policy", "policy.yaml"].map(str::to_owned))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).replace(['\n', '│', '┆'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(told), "{policy}: {text}");
        assert_eq!(output.status.code(), Some(1));
    }
}

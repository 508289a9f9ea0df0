//! Credentials of the configuration, for any `http` rule and any step: the host adds them, gets and renews
//! tokens, and shows none of them.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::{Configuration, StepEnd};
use stepwell_tests::partner::{Partner, Tokens};

use crate::support::{Running, Site, one_step, probe, told};

const SECRET: &str = "canary-4d1f-partner-secret";

/// Returns a host whose probe may send requests to the partner with the credential `partner`, and to the other
/// paths without.
async fn site(partner: &Partner, credential: &str, more: &str) -> Running {
    let config = format!("credentials:\n  partner: {credential}\n{more}");
    let site = Site::new().file("secret", format!("{SECRET}\n"));
    site.probe_policy(&grants(partner.port, "credential: partner, "), &config).host().await
}

fn grants(port: u16, credential: &str) -> String {
    format!(
        "http: [{{url: 'http://127.0.0.1:{port}', {credential}allow_private: ['127.0.0.1/32']}}]\nlimits: {{wall: 30s}}"
    )
}

fn client(partner: &Partner, more: &str) -> String {
    format!(
        "{{kind: client_credentials, token_url: '{}', client_id: reports, client_secret: 'file:secret'{more}}}",
        partner.url("/token")
    )
}

async fn get(site: &Running, partner: &Partner) -> StepEnd {
    site.probe("http", json!({"url": partner.url("/echo")})).await
}

/// Returns a header of each request to the API so far.
fn sent(partner: &Partner, header: &str) -> Vec<String> {
    let value = |asked: &stepwell_tests::partner::Asked| asked.headers.get(header).cloned();
    partner.asked("/echo").iter().map(|asked| value(asked).unwrap_or_default()).collect()
}

#[tokio::test]
async fn each_kind_of_credential_reaches_the_server_and_not_the_guest() {
    let partner = Partner::start().await;
    let encoded =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("reports:{SECRET}"));
    for (credential, header, value) in [
        (
            "{kind: static, header: X-Api-Key, secret: 'file:secret'}".to_owned(),
            "x-api-key",
            SECRET.to_owned(),
        ),
        (
            "{kind: static, header: authorization, format: 'Key {}', secret: 'file:secret'}".to_owned(),
            "authorization",
            format!("Key {SECRET}"),
        ),
        (
            "{kind: basic, user: reports, password: 'file:secret'}".to_owned(),
            "authorization",
            format!("Basic {encoded}"),
        ),
        (client(&partner, ", scope: read"), "authorization", "Bearer canary-token-1".to_owned()),
        (
            client(&partner, ", client_authentication: basic, parameters: {audience: 'https://api'}"),
            "authorization",
            "Bearer canary-token-2".to_owned(),
        ),
    ] {
        let site = site(&partner, &credential, "").await;
        let end = get(&site, &partner).await;
        assert_eq!(sent(&partner, header).last(), Some(&value), "{credential}: {}", told(&end));
        // The server returns the headers of the request, and the guest gets them masked.
        let shown = serde_json::to_string(&end).unwrap();
        assert!(end.outcome.is_success() && shown.contains("****"), "{credential}: {shown}");
        for secret in [SECRET, value.rsplit(' ').next().unwrap(), &encoded[12..36]] {
            assert!(!shown.contains(secret), "{credential}: {shown}");
        }
        assert!(end.receipt.secrets.contains("credential partner"), "{:?}", end.receipt.secrets);
    }
    let [first, second] = &partner.asked("/token")[..] else { panic!("two requests for a token") };
    assert_eq!(
        first.body,
        format!("grant_type=client_credentials&scope=read&client_id=reports&client_secret={SECRET}")
    );
    assert_eq!(second.body, "grant_type=client_credentials&audience=https%3A%2F%2Fapi");
    assert_eq!(second.headers["authorization"], format!("Basic {encoded}"));
}

/// Where several rules allow a request, the step names the credential; the name does not reach the server.
#[tokio::test]
async fn a_step_names_one_of_several_credentials() {
    let partner = Partner::start().await;
    let rule = |name: &str| {
        format!(
            "{{url: 'http://127.0.0.1:{}', credential: {name}, allow_private: ['127.0.0.1/32']}}",
            partner.port
        )
    };
    let credential = |header: &str| format!("{{kind: static, header: {header}, secret: 'file:secret'}}");
    let config = format!("credentials: {{one: {}, two: {}}}", credential("x-one"), credential("x-two"));
    let grants = format!(
        "http: [{}, {}]",
        rule("one"),
        rule("two").replace("credential", "methods: [GET, POST], credential")
    );
    let site = Site::new().file("secret", SECRET).config(&config).policy("http", &grants).host().await;
    let request = |name: &str| json!({"type": "http", "url": partner.url("/echo"), "headers": {"stepwell-credential": name}});
    for (name, header) in [("one", "x-one"), ("two", "x-two")] {
        let end = site.step(request(name)).await;
        assert!(end.outcome.is_success(), "{}", told(&end));
        assert_eq!(sent(&partner, header).last().map(String::as_str), Some(SECRET), "{name}");
        assert_eq!(sent(&partner, "stepwell-credential").last().map(String::as_str), Some(""));
    }
    let end = site.step(request("three")).await;
    assert_eq!(end.receipt.denials.get("HTTP_NOT_GRANTED"), Some(&1), "{}", told(&end));
}

#[tokio::test]
async fn a_token_is_got_once_for_all_that_wait_and_renewed_before_it_expires() {
    let partner = Partner::start().await;
    partner.set(Tokens::Issue(4, Duration::from_millis(300)));
    let site = site(&partner, &client(&partner, ""), "").await;
    let (a, b, c, d) =
        tokio::join!(get(&site, &partner), get(&site, &partner), get(&site, &partner), get(&site, &partner));
    assert!([a, b, c, d].iter().all(|end| end.outcome.is_success()));
    assert_eq!(sent(&partner, "authorization"), ["Bearer canary-token-1"; 4]);
    assert_eq!(partner.asked("/token").len(), 1);
    // After half of its life it is renewed; while that fails, the token works until it expires.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    partner.set(Tokens::Answer(503, String::new()));
    assert!(get(&site, &partner).await.outcome.is_success());
    assert_eq!(sent(&partner, "authorization").last().unwrap(), "Bearer canary-token-1");
    assert_eq!(partner.asked("/token").len(), 2);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let end = get(&site, &partner).await;
    assert!(told(&end).contains("the host could not add the credential"), "{}", told(&end));
    partner.set(Tokens::Issue(3600, Duration::ZERO));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(get(&site, &partner).await.outcome.is_success());
    assert_eq!(sent(&partner, "authorization").last().unwrap(), "Bearer canary-token-4");
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_fails_requests_soon_and_shows_nothing() {
    let refusal = json!({"error": "invalid_client", "error_description": format!("wrong: {SECRET}")});
    for tokens in [
        Tokens::Answer(503, "busy".to_owned()),
        Tokens::Answer(401, refusal.to_string()),
        Tokens::Answer(302, String::new()),
        Tokens::Answer(200, "<html>".to_owned()),
        Tokens::Answer(200, json!({"access_token": "a\r\nevil: 1"}).to_string()),
        Tokens::Answer(200, json!({"access_token": "x".repeat(9_000)}).to_string()),
        Tokens::Answer(200, json!({"access_token": "x", "padding": "x".repeat(1 << 20)}).to_string()),
        Tokens::Never,
    ] {
        let partner = Partner::start().await;
        partner.set(tokens.clone());
        let site = site(&partner, &client(&partner, ", timeout: 300ms"), "").await;
        let begun = Instant::now();
        let (a, b, c) = tokio::join!(get(&site, &partner), get(&site, &partner), get(&site, &partner));
        let took = begun.elapsed();
        for end in [&a, &b, &c] {
            let shown = serde_json::to_string(end).unwrap();
            assert!(shown.contains("the host could not add the credential"), "{tokens:?}: {shown}");
            assert!(end.outcome.is_retryable(), "{tokens:?}: {shown}");
            assert!(!shown.contains(SECRET), "{tokens:?}: {shown}");
        }
        assert!(took < Duration::from_secs(5), "{tokens:?}: {took:?}");
        assert!(partner.asked("/echo").is_empty(), "{tokens:?}: no request goes out without its credential");
        // One try for all of them, unless starting them took longer than a failure counts.
        assert!(partner.asked("/token").len() <= 1 + usize::from(took > Duration::from_secs(1)) * 2);
        // The next attempt of a step finds the endpoint working.
        partner.set(Tokens::Issue(3600, Duration::ZERO));
        let mut step = probe("http", json!({"url": partner.url("/echo")}));
        step["retry"] = json!({"max_attempts": 4, "backoff": "600ms"});
        let end = site.step(step).await;
        assert!(end.outcome.is_success(), "{tokens:?}: {}", told(&end));
    }
}

/// The endpoint does not exist, or its certificate is not trusted.
#[tokio::test]
async fn a_token_endpoint_that_cannot_be_reached_fails_the_request() {
    let partner = Partner::start().await;
    let plain = partner.url("/token");
    for url in ["http://127.0.0.1:1/token", "https://localhost:1/token", &plain.replace("http:", "https:")] {
        let credential = client(&partner, "").replace(&plain, url);
        let end = get(&site(&partner, &credential, "").await, &partner).await;
        assert!(told(&end).contains("the host could not add the credential"), "{url}: {}", told(&end));
        assert!(end.outcome.is_retryable() && partner.asked("/echo").is_empty(), "{url}");
    }
}

/// A policy that names a credential that does not exist is refused with its place, and with the likely name.
#[test]
fn a_name_that_does_not_exist_is_shown_with_its_place() {
    let secret = "{kind: static, header: x-a, secret: 'env:X'}";
    for (config, rule, expected) in [
        (
            format!("credentials: {{partner: {secret}}}"),
            "{url: 'https://a.example', credential: partnr}",
            "policy-1.yaml:4:47: policy `p1`: the credential `partnr` is not in the configuration; did you mean `partner`?",
        ),
        (
            "secrets: {partner: 'env:X'}".to_owned(),
            "{url: 'https://a.example', credential: partner}",
            "the credential `partner` is not in the configuration",
        ),
        (
            "azure_devops: {organizations: {contoso: {pat: 'env:X'}}}".to_owned(),
            "{organization: contosso}",
            "the organization `contosso` is not in the configuration; did you mean `contoso`?",
        ),
        (
            format!("credentials: {{partner: {secret}}}\nprojects: {{team: {{credentials: [partner]}}}}"),
            "{url: 'https://a.example', credential: partner}",
            "the credential `partner` belongs to team, and the policy is for default",
        ),
        (
            format!("credentials: {{partner: {secret}}}\nsecrets: {{s: 'env:X'}}"),
            "{url: 'https://a.example', credential: partner, inject: {header: x-a, secret: s}}",
            "`inject` and `credential` both add a credential",
        ),
        (
            format!(
                "credentials: {{partner: {secret}}}\nazure_devops: {{organizations: {{c: {{pat: 'env:X'}}}}}}"
            ),
            "{organization: c, credential: partner}",
            "an `organization` brings its own methods, paths and credential",
        ),
        (
            format!("credentials: {{one: {secret}, two: {secret}}}"),
            "{url: 'https://a.example', credential: one}, {url: 'https://a.example', credential: two}",
            "allow the same requests with different credentials",
        ),
    ] {
        let site = Site::new().config(&config).policy("http", &format!("http: [{rule}]"));
        let error = site.try_host().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{rule}: {error}");
    }
}

/// A job cannot add a credential, and a name that policy does not grant is reported when the job is checked.
#[tokio::test]
async fn a_job_names_only_the_credentials_that_policy_grants() {
    let partner = Partner::start().await;
    let site = site(&partner, "{kind: static, header: x-a, secret: 'file:secret'}", "").await;
    let mut step = probe("http", json!({"url": partner.url("/echo")}));
    step["policy"] = json!({"http": [{"url": partner.url(""), "credential": "partner"}]});
    let error = site.host.parse("job.yaml", &one_step(step)).await.unwrap_err().to_string();
    assert!(error.contains("a job cannot add a credential: `credential` belongs to the operator"), "{error}");

    let config = "azure_devops: {organizations: {contoso: {pat: 'file:secret'}}}";
    let site = Site::new().file("secret", SECRET).config(config);
    let site = site.policy("azure_devops", "http: [{organization: contoso}]").host().await;
    for (organization, refused) in [("contoso", false), ("fabrikam", true), ("${{ vars.o }}", false)] {
        let step = json!({"type": "azure_devops", "organization": organization, "project": "p", "pipeline_id": 1, "id": "a"});
        let job = json!({"id": "j", "vars": {"o": "contoso"}, "steps": [step]}).to_string();
        let error = site.host.parse("job.yaml", &job).await.err().map(|error| error.to_string());
        let told = error.unwrap_or_default();
        assert_eq!(
            told.contains("requests with the credential `fabrikam`"),
            refused,
            "{organization}: {told}"
        );
    }
}

#[test]
fn each_wrong_value_of_a_credential_is_refused_with_its_place() {
    let client = |more: &str| {
        let mut keys = json!({"kind": "client_credentials", "token_url": "https://a.example/t", "client_id": "c", "client_secret": "env:X"});
        let more: Value = serde_json::from_str(more).unwrap();
        keys.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        keys.to_string()
    };
    for (credential, expected) in [
        ("{}".to_owned(), "missing key `kind`"),
        ("{kind: statik}".to_owned(), "did you mean `static`?"),
        (
            "{kind: static, header: x-a}".to_owned(),
            "missing key `secret` of a credential with `kind: static`",
        ),
        ("{kind: static, secret: 'env:X'}".to_owned(), "missing key `header`"),
        (
            "{kind: basic, user: a, password: 'env:X', header: x-a}".to_owned(),
            "`header` is for `kind: static`, and this one is `basic`",
        ),
        ("{kind: static, header: x-a, secret: hunter2}".to_owned(), "must say where the secret comes from"),
        ("{kind: basic, user: a, password: hunter2}".to_owned(), "must say where the secret comes from"),
        ("{kind: static, header: x-a, secret: 'store:x'}".to_owned(), "there is no `secret_store`"),
        ("{kind: static, header: 'x a', secret: 'env:X'}".to_owned(), "is not the name of a header"),
        (
            "{kind: static, header: Host, secret: 'env:X'}".to_owned(),
            "the header `Host` cannot hold a credential",
        ),
        (
            "{kind: static, header: proxy-authorization, secret: 'env:X'}".to_owned(),
            "cannot hold a credential",
        ),
        ("{kind: static, header: x-a, format: Key, secret: 'env:X'}".to_owned(), "`format` needs `{}`"),
        ("{kind: basic, user: 'a:b', password: 'env:X'}".to_owned(), "a user name cannot contain `:`"),
        (client(r#"{"token_url": "a.example"}"#), "is not a URL"),
        (client(r#"{"token_url": "ftp://a.example"}"#), "is not a URL"),
        (client(r#"{"token_url": "http://a.example/t"}"#), "a secret goes to this URL: write https://"),
        (client(r#"{"token_url": "https://u:p@a.example/t"}"#), "has no login and no fragment"),
        (client(r#"{"client_secret": "hunter2"}"#), "must say where the secret comes from"),
        (client(r#"{"parameters": {"scope": "x"}}"#), "the host sets this field"),
        (client(r#"{"client_authentication": "header"}"#), "is not a known value"),
        (client(r#"{"timeout": 0}"#), "`timeout` must be more than 0, and at most 60s"),
        (client(r#"{"timeout": "2m"}"#), "`timeout` must be more than 0, and at most 60s"),
        (client(r#"{"scopes": "x"}"#), "did you mean `scope`?"),
    ] {
        let text = format!("credentials:\n  partner: {credential}\n");
        let told = refused(&text);
        assert!(told.contains(expected) && told.contains("c.yaml:2"), "{credential}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    for (text, expected) in [
        (
            "credentials: {'a.b': {kind: static, header: x-a, secret: 'env:X'}}",
            "is not the name of a credential",
        ),
        ("circuit_breaker: {failures: 0}", "`failures` must be at least 1"),
        ("circuit_breaker: {failures: many}", "`failures` must be a whole number"),
        ("circuit_breaker: {open_for: 0}", "`open_for` must be more than 0, and at most 1h"),
        ("circuit_breaker: {open_for: 2h}", "`open_for` must be more than 0, and at most 1h"),
        ("circuit_breaker: {opens_for: 2s}", "did you mean `open_for`?"),
        (
            "azure_devops: {organizations: {c: {service_principal: {tenant: t, client_id: c, client_secret: 'env:X', authority: 'http://login.example'}}}}",
            "a secret goes to this URL: write https://",
        ),
    ] {
        let told = refused(text);
        assert!(told.contains(expected) && told.contains("c.yaml:1"), "{text}: {told}");
    }
}

/// Returns the problems of a configuration, or nothing.
fn refused(text: &str) -> String {
    let parsed = Configuration::parse("c.yaml", text, Path::new("/etc"));
    parsed.err().map(|problems| problems.to_string()).unwrap_or_default()
}

/// Runs a step in a project, and returns how it ended.
async fn step_in(site: &Running, project: &str, step: Value) -> String {
    let mut parsed = site.host.jobs().parse_for(project, "job.yaml", &one_step(step)).await.unwrap();
    parsed.job.id = stepwell::engine::project::qualified(project, &parsed.job.id);
    let id = site.host.runs().submit(parsed.job, Default::default()).await.unwrap();
    let state = site.host.runs().resume(&id, &crate::support::Unwatched, Default::default()).await.unwrap();
    told(state.steps[0].end.as_ref().unwrap())
}

/// Each project and each server has its own breaker, which only the server's failures open.
#[tokio::test]
async fn breakers_are_apart_by_project_and_server_and_count_failures_of_the_server() {
    let (one, other) = (Partner::start().await, Partner::start().await);
    let rule = |partner: &Partner| {
        format!("{{url: 'http://127.0.0.1:{}', allow_private: ['127.0.0.1/32']}}", partner.port)
    };
    let config = "projects: {team: {}}\ncircuit_breaker: {failures: 3, open_for: 2s}\n";
    let grants = format!("projects: ['*']\nhttp: [{}, {}]", rule(&one), rule(&other));
    let site = Site::new().config(config).policy("http", &grants).host().await;
    let request =
        |partner: &Partner, path: &str| json!({"type": "http", "url": partner.url(path), "retries": 0});
    // Answers below 500 are no failures, however many there are.
    for _ in 0..5 {
        let told = step_in(&site, "default", request(&one, "/missing")).await;
        assert!(told.contains("answered 404"), "{told}");
    }
    one.set_down(true);
    for _ in 0..3 {
        let told = step_in(&site, "default", request(&one, "/x")).await;
        assert!(told.contains("answered 503"), "{told}");
    }
    let told = step_in(&site, "default", request(&one, "/x")).await;
    assert!(told.contains(&format!("`127.0.0.1:{}` has failed repeatedly", one.port)), "{told}");
    assert_eq!(one.asked("/x").len(), 3, "the fourth did not go out");
    // Another server of this project, and this server for another project.
    let told = step_in(&site, "default", request(&other, "/x")).await;
    assert!(told.starts_with("succeeded"), "{told}");
    let told = step_in(&site, "team", request(&one, "/x")).await;
    assert!(told.contains("answered 503"), "{told}");
    let metrics = site.host.system().prometheus().await.unwrap();
    assert!(metrics.contains("stepwell_circuits_open{project=\"default\"} 1"), "{metrics}");
    assert!(metrics.contains("stepwell_circuits_open{project=\"team\"} 0"), "{metrics}");
    // After the time, one request tries, and closes the breaker.
    one.set_down(false);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    for _ in 0..2 {
        let told = step_in(&site, "default", request(&one, "/x")).await;
        assert!(told.starts_with("succeeded"), "{told}");
    }
    let metrics = site.host.system().prometheus().await.unwrap();
    assert!(metrics.contains("stepwell_circuits_open{project=\"default\"} 0"), "{metrics}");
}

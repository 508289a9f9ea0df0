//! No secret leaks: every host of every test is searched at its end, and a guest searches its own memory.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use data_encoding::{HEXLOWER, HEXUPPER};
use serde_json::json;
use stepwell_tests::servers::{self, PASSWORD};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Site, told};

/// Returns the forms of a secret: plain, reversed, in hexadecimal, percent-encoded, and in base64 at each of
/// its three alignments.
pub fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        ("as it is", bytes.to_vec()),
        ("reversed", bytes.iter().rev().copied().collect()),
        ("in hexadecimal", HEXLOWER.encode(bytes).into_bytes()),
        ("in hexadecimal", HEXUPPER.encode(bytes).into_bytes()),
        ("percent-encoded", bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>().into_bytes()),
    ];
    for before in 0..3 {
        let padded: Vec<u8> = std::iter::repeat_n(b'x', before).chain(bytes.iter().copied()).collect();
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&padded);
        // Characters at both ends contain bits of their neighbors.
        let (from, to) = ([0, 2, 3][before], encoded.len() - 2);
        forms.push(("in base64", encoded.as_bytes()[from..to].to_vec()));
    }
    forms
}

/// Returns files below a directory that contain one of the secrets in one of its forms. `own` are the
/// secrets' own files.
pub fn leaks(dir: &Path, own: &[PathBuf], secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            found.extend(leaks(&path, own, secrets));
        } else if kind.is_file() && !own.contains(&path) {
            let content = std::fs::read(&path).unwrap_or_default();
            for secret in secrets {
                for (form, needle) in forms(secret) {
                    if memchr::memmem::find(&content, &needle).is_some() {
                        found.push(format!("{} holds a secret {form}", path.display()));
                    }
                }
            }
        }
    }
    found
}

#[test]
fn each_form_of_a_secret_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let secret = "canary-5b8f0a".to_owned();
    for (form, needle) in forms(&secret) {
        let text = [b"before ".as_slice(), &needle, b" after"].concat();
        std::fs::write(dir.path().join("log"), text).unwrap();
        let found = leaks(dir.path(), &[], std::slice::from_ref(&secret));
        assert!(found.iter().any(|leak| leak.ends_with(form)), "{form}: {found:?}");
    }
    // Base64 is found within a longer text.
    for before in ["", "a", "ab", "abc"] {
        let whole = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret}and more"));
        std::fs::write(dir.path().join("log"), whole).unwrap();
        assert!(!leaks(dir.path(), &[], std::slice::from_ref(&secret)).is_empty(), "{before}");
    }
}

#[tokio::test]
async fn a_guest_has_no_secret_in_its_memory() {
    let secret = "canary-b1946ac92492d234";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // A server that echoes its request.
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {read}\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &request[..read]].concat()).await;
        }
    });
    let Some(database) = servers::postgres().await else { return };
    let site = Site::new()
        .file("secret", secret)
        .file("password", PASSWORD)
        .config(&format!(
            "connections: {{db: {}}}\nsecrets: {{token: 'file:secret'}}",
            database.connection("")
        ))
        .policy("probe", &format!(
            "sql: [{{connection: db}}]\nlimits: {{fuel: 100_000_000_000, wall: 60s}}\nhttp: [{{url: 'http://127.0.0.1:{port}', allow_private: ['127.0.0.1/32'], \
             inject: {{header: authorization, format: 'Bearer {{}}', secret: token}}}}]"
        ))
        .host()
        .await;
    let needles: Vec<Vec<u8>> =
        [secret, PASSWORD].iter().flat_map(|secret| forms(secret)).map(|(_, needle)| needle).collect();
    let shifted = |needle: &Vec<u8>| String::from_utf8(needle.iter().map(|byte| byte + 1).collect()).unwrap();
    let look = |more: &str| {
        let lines: Vec<String> =
            needles.iter().map(shifted).chain([shifted(&more.as_bytes().to_vec())]).collect();
        json!({"url": format!("http://127.0.0.1:{port}/hello"), "connection": "db", "text": lines.join("\n")})
    };
    // The last text does exist: the search works.
    let end = site.probe("remember", look("GET /hello HTTP/1.1")).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let output = &end.produced.output;
    assert_eq!(output["opened"], true, "{output}");
    assert!(output["body"].as_str().unwrap().contains("authorization: Bearer ***"), "{output}");
    let found: Vec<u64> = serde_json::from_value(output["found"].clone()).unwrap();
    let (last, secrets) = found.split_last().unwrap();
    assert!(*last > 0, "{output}");
    assert!(secrets.iter().all(|count| *count == 0), "{output}");
}

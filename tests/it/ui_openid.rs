//! The login at an OpenID provider in a real browser.

use std::process::Command;

use serde_json::json;
use stepwell_tests::openid::Behavior;
use stepwell_tests::root;

use crate::openid::{PUBLIC, pair};
use crate::ui_browser::is_there;

/// A journey of `openid.js`, and the behavior of the provider.
type Journey = (&'static str, fn(&mut Behavior));

const JOURNEYS: &[Journey] = &[
    ("in and out", |_| {}),
    ("a session that ends", |_| {}),
    ("a login that the provider refuses", |b| {
        b.refuses = Some(("access_denied".to_owned(), "no <b>thanks</b>".to_owned()));
    }),
    ("a person without a role", |b| {
        b.person.insert("realm".to_owned(), json!({"roles": ["guests"]}));
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_log_in_at_a_provider_in_a_browser() {
    if !is_there() {
        return;
    }
    let (provider, server) = pair().await;
    let usual = provider.behavior();
    for (journey, change) in JOURNEYS {
        provider.set(|behavior| {
            *behavior = usual.clone();
            change(behavior);
        });
        let arguments = [PUBLIC, server.address.as_str(), server.token.as_str(), journey].map(str::to_owned);
        let run = move || {
            let mut node = Command::new("node");
            node.arg("openid.js").args(arguments).current_dir(root().join("tests/browser")).output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let (said, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("{journey}: 0 problems")), "{said}{errors}");
    }
}

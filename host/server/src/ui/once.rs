//! A link that logs in the first person who opens it, for `stepwell demo`. A service has no such link.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde::Deserialize;
use stepwell::engine::clock::Timestamp;
use zeroize::Zeroizing;

use super::guard::visitor;
use super::{ROOT, Ui, login};

/// The path of the link.
pub(super) const PATH: &str = "/ui/once";

/// The link. Its token is valid once.
#[derive(Clone)]
pub(crate) struct Link(Arc<Mutex<Option<Held>>>);

struct Held {
    /// The hash of the token.
    hash: String,
    /// The API key of the session.
    key: Zeroizing<String>,
    until: Timestamp,
}

impl Link {
    /// Creates a link that opens a session with this key. Returns it with its address on the service.
    pub fn new(key: &str, until: Timestamp) -> Result<(Self, String), getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let held = Held { hash: stepwell::hash(&token), key: key.to_owned().into(), until };
        Ok((Self(Arc::new(Mutex::new(Some(held)))), format!("{PATH}?token={token}")))
    }

    /// Takes the key, if the token is right and valid. Then the link is used up.
    fn take(&self, token: &str, now: Timestamp) -> Option<Zeroizing<String>> {
        let (mut held, hash) = (self.0.lock(), stepwell::hash(token));
        let held = held.take_if(|held| held.hash == hash && now < held.until)?;
        Some(held.key)
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Token {
    #[serde(default)]
    token: String,
}

/// Logs in with the token of the link, and leads to the overview.
pub(super) async fn log_in(
    State(ui): State<Ui>,
    Extension(link): Extension<Link>,
    Query(Token { token }): Query<Token>,
    request: Request<Body>,
) -> Response {
    let (parts, _) = request.into_parts();
    if let Ok(Some(_)) = visitor(&ui, &parts).await {
        return Redirect::to(ROOT).into_response();
    }
    // A request that only asks for the headers is no visit.
    let taken = if parts.method == Method::GET { link.take(&token, ui.app.host.now()) } else { None };
    let Some(key) = taken else {
        let said = "This link works once, within an hour, and it was used or is too old. Log in below with the API \
            key that `stepwell demo` printed under the link. For a new link, end the demo with Ctrl-C, and start it again.";
        return login::again(&ui, StatusCode::UNAUTHORIZED, ROOT, said);
    };
    match login::open(&ui, &parts, &key).await {
        Ok(token) => login::logged_in(&ui, &parts, ROOT, &token),
        Err(problem) => login::again(&ui, StatusCode::UNAUTHORIZED, ROOT, &problem.detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_once_and_for_its_time() {
        let (now, later) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + chrono::Duration::hours(1));
        let (link, path) = Link::new("sw_key", later).unwrap();
        let token = path.strip_prefix("/ui/once?token=").unwrap();
        assert_eq!(token.len(), 43);
        assert!(link.take("", now).is_none() && link.take("other", now).is_none());
        assert!(link.take(token, later).is_none());
        assert_eq!(link.take(token, now).unwrap().as_str(), "sw_key");
        assert!(link.take(token, now).is_none());
    }
}

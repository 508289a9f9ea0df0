//! The token of a session for changes, as pages have it: each response has it in another form, since the length of a
//! compressed response could otherwise tell an attacker a part of it (BREACH).

use axum::Json;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::guard::Visitor;
use crate::api::Problem;

/// Returns a form of the token for a page that is open for longer than a session.
pub(super) async fn present(Extension(visitor): Extension<Visitor>) -> Response {
    match masked(&visitor.session.csrf) {
        Some(csrf) => Json(json!({"csrf": csrf})).into_response(),
        None => no_random_numbers().into_response(),
    }
}

pub(super) fn no_random_numbers() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the system gave no random numbers")
}

/// The number of random bytes before the token.
const PAD: usize = 32;

/// Returns a new form of a token. `None` when there are no random numbers.
pub(super) fn masked(token: &str) -> Option<String> {
    let mut pad = [0; PAD];
    getrandom::fill(&mut pad).ok()?;
    let mut bytes = pad.to_vec();
    bytes.extend(mixed(token.as_bytes(), &pad));
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns whether a text is a form of a token.
pub(super) fn is_form_of(text: &str, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return false };
    let Some((pad, rest)) = bytes.split_at_checked(PAD) else { return false };
    rest.len() == token.len() && mixed(rest, pad).zip(token.bytes()).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
}

fn mixed<'b>(bytes: &'b [u8], pad: &'b [u8]) -> impl Iterator<Item = u8> + 'b {
    bytes.iter().zip(pad.iter().cycle()).map(|(byte, pad)| byte ^ pad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_many_forms_and_each_is_accepted() {
        let token = "IkD0_secret-of-a-session";
        let forms = [masked(token).unwrap(), masked(token).unwrap()];
        assert_ne!(forms[0], forms[1]);
        for form in &forms {
            assert!(is_form_of(form, token) && !form.contains("secret"), "{form}");
            assert!(!is_form_of(form, "IkD0_secret-of-a-sessioN") && !is_form_of(form, ""));
        }
        for wrong in ["", token, "AAAA", "%", &forms[0][1..]] {
            assert!(!is_form_of(wrong, token), "{wrong}");
        }
    }
}

//! The result of a change, which the next page shows once: a short text in a cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;

use crate::api;

const COOKIE: &str = "stepwell_flash";
/// The maximum number of characters of the text, and of bytes of its encoded form: browsers refuse cookies of more than
/// 4,096 bytes.
const MOST: usize = 400;
const MOST_ENCODED: usize = 3_000;

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flash {
    pub is_problem: bool,
    pub text: String,
}

impl Flash {
    /// Returns the result that a request brings.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)?;
        let text = percent_decode_str(value).decode_utf8().ok()?;
        let (kind, text) = text.split_once(':')?;
        Some(Self { is_problem: kind == "problem", text: text.chars().take(MOST + 1).collect() })
    }

    /// Adds the result to the response of a change.
    pub fn add(&self, response: &mut Response) {
        let kind = if self.is_problem { "problem" } else { "done" };
        let text: String = api::encoded(&format!("{kind}:{}", cut(&self.text))).collect();
        set(response, &format!("{COOKIE}={text}; Path=/ui; HttpOnly; SameSite=Lax; Max-Age=60"));
    }

    /// Removes the result from the browser.
    pub fn forget(response: &mut Response) {
        set(response, &format!("{COOKIE}=; Path=/ui; HttpOnly; SameSite=Lax; Max-Age=0"));
    }
}

/// Returns the part of a text that a cookie can hold.
fn cut(text: &str) -> String {
    let mut bytes = 0;
    let fits = |c: &char| {
        // Each byte may need three characters.
        bytes += 3 * c.len_utf8();
        bytes <= MOST_ENCODED
    };
    let start: String = text.chars().take(MOST).take_while(fits).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_arrives_as_far_as_a_cookie_holds_it() {
        for (text, shown) in [
            ("Saved.".to_owned(), "Saved.".to_owned()),
            ("x".repeat(10_000), "x".repeat(400) + "…"),
            ("\u{1f600}".repeat(10_000), "\u{1f600}".repeat(250) + "…"),
        ] {
            let mut response = Response::default();
            Flash { is_problem: false, text }.add(&mut response);
            let cookie = response.headers()["set-cookie"].to_str().unwrap();
            assert!(cookie.len() < 4_096, "{}", cookie.len());
            let sent = HeaderValue::from_str(cookie.split(';').next().unwrap()).unwrap();
            let found = Flash::of(&HeaderMap::from_iter([(header::COOKIE, sent)])).unwrap();
            assert_eq!(found, Flash { is_problem: false, text: shown });
        }
    }
}

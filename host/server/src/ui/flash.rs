//! The result of a change, which the next page shows once: a short text in a cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use stepwell::engine::document::cut;

use crate::api;

const COOKIE: &str = "stepwell_flash";
/// The maximum number of characters of the text.
const MOST: usize = 400;

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
        Some(Self { is_problem: kind == "problem", text: cut(text, MOST) })
    }

    /// Adds the result to the response of a change.
    pub fn add(&self, response: &mut Response) {
        let kind = if self.is_problem { "problem" } else { "done" };
        let text: String = api::encoded(&format!("{kind}:{}", cut(&self.text, MOST))).collect();
        set(response, &format!("{COOKIE}={text}; Path=/ui; HttpOnly; SameSite=Lax; Max-Age=60"));
    }

    /// Removes the result from the browser.
    pub fn forget(response: &mut Response) {
        set(response, &format!("{COOKIE}=; Path=/ui; HttpOnly; SameSite=Lax; Max-Age=0"));
    }
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

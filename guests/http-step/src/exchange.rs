//! Sends requests and receives their responses, with retries and redirects.

use std::fs::File;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use stepwell_sdk::http::{Incoming, Request};
use stepwell_sdk::prelude::serde_json;
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, context, log};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::answer::beginning;
use crate::config::{Body, Http, Method, failed, pairs, path};

/// The longest wait that holds a worker.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that the step accepts.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// The number of bytes of an error's body to show.
const SHOWN: usize = 300;

/// The reason why there is no response.
pub enum Stop {
    /// The step parked, and the host calls it again later.
    Parked,
    Failed(Box<Failure>),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

/// The requests of one call.
pub struct Exchange<'s> {
    step: &'s Http,
    /// The number of retries by this call and the calls before it.
    pub retries: u32,
    /// Whether a park would lose data that was already read.
    pub begun: bool,
}

/// The checkpoint of a call for the next one.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    retries: u32,
}

impl<'s> Exchange<'s> {
    pub fn new(step: &'s Http) -> Result<Self, Failure> {
        let note = context::load_checkpoint()?.and_then(|note| serde_json::from_value::<Note>(note).ok());
        Ok(Self { step, retries: note.map_or(0, |note| note.retries), begun: false })
    }

    /// Returns the response that the step expects, and the URL it came from.
    pub fn get(&mut self, url: Url) -> Result<(Incoming, Url), Stop> {
        loop {
            let (answer, from) = self.follow(url.clone())?;
            let status = answer.status;
            if self.step.expects(status) {
                return Ok((answer, from));
            }
            let busy = status == 429 || status == 503;
            if !busy || self.retries >= self.step.retries {
                return Err(self.unexpected(answer, &from).into());
            }
            let wait = retry_after(answer.header("retry-after"), SystemTime::now())
                .unwrap_or(Duration::from_secs(1 << self.retries.min(10)));
            self.retries += 1;
            self.pause(wait, status)?;
        }
    }

    fn pause(&mut self, wait: Duration, status: u16) -> Result<(), Stop> {
        if wait > LONGEST_WAIT {
            return Err(failed(format!(
                "the server answered {status}, and asks to wait {} s: more than an hour",
                wait.as_secs()
            )));
        }
        log::info(format!("answered {status}; the next request goes out in {:.1} s", wait.as_secs_f64()));
        if wait <= LONGEST_SLEEP || self.begun {
            std::thread::sleep(wait);
            return Ok(());
        }
        context::save_checkpoint(&Note { retries: self.retries }).map_err(Failure::from)?;
        context::park(wait, &format!("the server, which answered {status}")).map_err(Failure::from)?;
        Err(Stop::Parked)
    }

    /// Sends the request and follows as many redirects as the step allows.
    fn follow(&self, mut url: Url) -> Result<(Incoming, Url), Stop> {
        let (mut method, mut with_body, mut own) = (self.step.method(), true, true);
        for _ in 0..=self.step.follow_redirects {
            let answer = self.send(method, &url, with_body, own)?;
            let place = answer.header("location").map(str::to_owned);
            let (Some(place), true) = (place, matches!(answer.status, 301 | 302 | 303 | 307 | 308)) else {
                return Ok((answer, url));
            };
            if self.step.follow_redirects == 0 || self.step.expects(answer.status) {
                return Ok((answer, url));
            }
            let next = url
                .join(&place)
                .map_err(|error| failed(format!("{} redirects to `{place}`: {error}", shown(&url))))?;
            // 303 always changes the method, and 301 and 302 change a POST, as all clients do (RFC 9110).
            let changes = answer.status == 303 || method == Method::Post && answer.status < 303;
            if changes && method != Method::Head {
                (method, with_body) = (Method::Get, false);
            }
            own = own && next.origin() == url.origin();
            url = next;
        }
        Err(failed(format!(
            "more than {}; the last is to {}: raise `follow_redirects`",
            counted(self.step.follow_redirects.into(), "redirect"),
            shown(&url)
        )))
    }

    fn send(&self, method: Method, url: &Url, with_body: bool, own: bool) -> Result<Incoming, Stop> {
        let mut request = Request::new(method.name(), url.as_str());
        // Headers for one origin must not reach another.
        for (name, value) in self.step.headers.iter().filter(|_| own) {
            request = request.header(name, value);
        }
        if let Some(key) = self.step.idempotency_key.as_deref().filter(|_| own) {
            request = request.header("idempotency-key", key);
        }
        let typed = self.step.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        let typed_as =
            |request: Request, kind: &str| if typed { request } else { request.header("content-type", kind) };
        let body = self.step.body.as_ref().filter(|_| with_body && own);
        let network = |error: stepwell_sdk::http::Error| Stop::from(Failure::from(error));
        let request = match body {
            None => request,
            Some(Body { json: Some(value), .. }) => {
                typed_as(request, "application/json").body(value.to_string())
            }
            Some(Body { form: Some(fields), .. }) => {
                let text = Serializer::new(String::new()).extend_pairs(pairs(fields)).finish();
                typed_as(request, "application/x-www-form-urlencoded").body(text)
            }
            Some(Body { text: Some(text), .. }) => {
                typed_as(request, "text/plain; charset=utf-8").body(text.as_str())
            }
            Some(Body { file, .. }) => {
                let name = path(file.as_deref().unwrap_or_default());
                let open = || -> std::io::Result<(File, u64)> {
                    let file = File::open(&name)?;
                    let length = file.metadata()?.len();
                    Ok((file, length))
                };
                let (mut file, length) =
                    open().map_err(|error| failed(format!("{name} cannot be read: {}", error.kind())))?;
                let request = typed_as(request, "application/octet-stream");
                return request.upload(&mut file, length).map_err(network);
            }
        };
        request.open().map_err(network)
    }

    fn unexpected(&self, answer: Incoming, url: &Url) -> Failure {
        let (status, method) = (answer.status, self.step.method().name());
        let retry = retry_after(answer.header("retry-after"), SystemTime::now());
        let redirect = answer
            .header("location")
            .filter(|_| (300..400).contains(&status))
            .and_then(|place| Some(shown(&url.join(place).ok()?)));
        let body = beginning(answer, 64 << 10);
        let start: String = body.chars().take(SHOWN).collect();
        let said = if start.trim().is_empty() { String::new() } else { format!(": {}", start.trim()) };
        let hint = redirect.map(|place| format!(": a redirect to {place}; `follow_redirects` follows it"));
        let hint = hint.unwrap_or_default();
        let message = format!("{method} {} answered {status}, which is not expected{hint}{said}", shown(url));
        let failure = match status {
            401 | 403 => Failure::denied(message),
            404 | 410 => Failure::not_found(message),
            429 | 500..=599 => Failure::unavailable(message),
            _ => Failure::failed(message),
        };
        let failure = failure.metadata("http_status", status);
        match retry {
            Some(wait) => failure.metadata("retry_after_seconds", wait.as_secs_f64()),
            None => failure,
        }
    }
}

/// Returns a URL without its query, which may contain confidential data.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

/// Parses `Retry-After`: seconds or a date (RFC 9110).
pub fn retry_after(header: Option<&str>, now: SystemTime) -> Option<Duration> {
    let text = header?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

/// Returns the URL of the next page from a `Link` header (RFC 8288).
pub fn next_page(link: &str) -> Option<&str> {
    // A comma may occur within the angle brackets, so a plain split would not work.
    let mut rest = link;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest.get(start + 1..)?.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let (parameters, more) = after.split_at(end);
        let is_next = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && value.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
        };
        if parameters.split(';').any(is_next) {
            return Some(target);
        }
        rest = more;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_in_link_headers() {
        for (link, expected) in [
            ("<https://a/x?page=2>; rel=\"next\"", Some("https://a/x?page=2")),
            ("<https://a/x?a,b>; rel=prev, <https://a/y>; rel=next", Some("https://a/y")),
            ("</y>; title=\"x\"; REL=\"last next\"", Some("/y")),
            ("<https://a/x>; rel=\"nextfoo\"", None),
            ("rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_page(link), expected, "{link}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (header, expected) in [
            (None, None),
            (Some("7"), Some(7)),
            (Some("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10)),
            (Some("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0)),
            (Some("soon"), None),
        ] {
            assert_eq!(retry_after(header, now).map(|wait| wait.as_secs()), expected, "{header:?}");
        }
    }
}

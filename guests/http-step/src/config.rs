//! The job file's configuration of an `http` step, and the step itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::serde_json::{Map, Value};
use stepwell_sdk::prelude::{Invocation, Issue, Need, Pending, Step, StepResult};
use stepwell_sdk::{Failure, Output, pointer};
use url::Url;

use crate::answer;
use crate::exchange::{Exchange, Stop};

/// Configuration of `http`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The HTTP method. Default: `GET`, or `POST` with a body.
    #[serde(default)]
    pub method: Option<Method>,
    /// The URL, starting with `http://` or `https://`. A rule of the policy must allow it.
    pub url: String,
    /// The request headers. Do not put credentials here: policy names them, and the host adds them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The value of the `Idempotency-Key` header, sent with each try of the request so that the server can
    /// recognize a repetition. Use `${{ run.step_token }}`, which stays the same across the attempts of the
    /// step. Default: no such header.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub idempotency_key: Option<String>,
    /// Parameters to add to the query of the URL. A list adds its name once per value.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// The request body. Default: none.
    #[serde(default)]
    pub body: Option<Body>,
    /// The statuses with which the step succeeds: numbers, or classes such as `2xx`. Default: `[2xx]`.
    #[serde(default = "success")]
    #[schemars(length(min = 1))]
    pub expect_status: Vec<Status>,
    /// The maximum number of retries after 429 or 503. The step waits for the time in `Retry-After`, or for
    /// 1, 2, 4 ... seconds. A wait of more than 5 seconds holds no worker. Default: 3.
    #[serde(default = "three")]
    #[schemars(range(max = 10))]
    pub retries: u32,
    /// The maximum number of redirects to follow. Policy decides about each redirect; a request to another
    /// origin goes without `Authorization`, `Cookie` and the body's headers. Default: 0, since the server
    /// chooses the target of a redirect.
    #[serde(default)]
    #[schemars(range(max = 10))]
    pub follow_redirects: u32,
    /// A file for the response body. The path is relative to `/workspace`, or absolute within a mount that is
    /// granted for writing.
    #[serde(default)]
    #[schemars(extend("x-stepwell-writes" = true))]
    pub save_to: Option<String>,
    /// The maximum size in bytes of a response that becomes the output. Default: 1 MiB; `save_to` allows
    /// more.
    #[serde(default = "mebibyte")]
    #[schemars(range(min = 1, max = 67_108_864))]
    pub max_bytes: u64,
    /// Parts of a JSON response, by name: `{token: /data/access_token}` (RFC 6901). They become the output.
    #[serde(default)]
    pub extract: BTreeMap<String, String>,
    /// Follows `Link: <...>; rel="next"` (RFC 8288) and joins the items of all pages into one list. Default:
    /// off.
    #[serde(default)]
    pub pages: Option<Pages>,
}

/// An HTTP method (RFC 9110).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// A request body, in exactly one of these forms.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// A JSON value, sent as `application/json`.
    #[serde(default)]
    pub json: Option<Value>,
    /// Form fields, sent as `application/x-www-form-urlencoded`.
    #[serde(default)]
    pub form: Option<Map<String, Value>>,
    /// Text, sent as `text/plain; charset=utf-8`.
    #[serde(default)]
    pub text: Option<String>,
    /// A file, sent as `application/octet-stream`. The path is relative to `/workspace`, or absolute within a
    /// granted mount.
    #[serde(default)]
    pub file: Option<String>,
}

/// A status or a class of statuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Status {
    /// A single status, for instance 404.
    Code(#[schemars(range(min = 100, max = 599))] u16),
    /// A class of statuses, for instance `2xx`.
    Class(#[schemars(regex(pattern = "^[1-5]xx$"))] String),
}

impl Status {
    fn covers(&self, status: u16) -> bool {
        match self {
            Self::Code(code) => *code == status,
            Self::Class(class) => class.as_bytes().first() == Some(&(b'0' + (status / 100) as u8)),
        }
    }
}

/// The reading of a list with several pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The maximum number of pages; a list with more pages fails the step. Default: 100.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 10_000))]
    pub limit: u32,
    /// JSON pointer (RFC 6901) to the list in each response. Default: the whole response.
    #[serde(default)]
    pub items: String,
}

fn success() -> Vec<Status> {
    vec![Status::Class("2xx".to_owned())]
}

fn three() -> u32 {
    3
}

fn hundred() -> u32 {
    100
}

fn mebibyte() -> u64 {
    1 << 20
}

impl Step for Http {
    const TYPE: &str = "http";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Sends an HTTP request";
    const NEEDS: &[Need] = &[
        Need::new("http", "send the request"),
        Need::optional("files", "send a file, or save the answer to one"),
    ];

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        let mut issues = Vec::new();
        if let Err(why) = self.url() {
            issues.push(Issue::at("/url", why));
        }
        if let Some(Body { json, form, text, file }) = &self.body {
            let given = [json.is_some(), form.is_some(), text.is_some(), file.is_some()];
            if given.iter().filter(|given| **given).count() != 1 {
                issues.push(Issue::at("/body", "give one of `json`, `form`, `text` and `file`"));
            }
        }
        for name in self.headers.keys() {
            let held = ["authorization", "proxy-authorization", "cookie"];
            if held.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!(
                    "`{name}` does not belong into a job: name it in the policy (`credential` or `inject`), and the host adds it"
                );
                issues.push(Issue::at(pointer(["headers", name.as_str()]), message));
            }
        }
        for (name, part) in &self.extract {
            if !part.is_empty() && !part.starts_with('/') {
                let message = format!("`{part}` is not a JSON pointer: it begins with `/`");
                issues.push(Issue::at(pointer(["extract", name.as_str()]), message));
            }
        }
        if self.save_to.is_some() && (self.pages.is_some() || !self.extract.is_empty()) {
            let message = "what is saved is not read: leave out `pages` and `extract`";
            issues.push(Issue::at("/save_to", message).concerns("/extract"));
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        match answer::collect(&self, &mut Exchange::new(&self)?) {
            Ok(output) => Ok(output),
            // The host has recorded the waiting time.
            Err(Stop::Parked) => Ok(Output::new("")),
            Err(Stop::Failed(failure)) => Err(*failure),
        }
    }
}

impl Http {
    pub fn method(&self) -> Method {
        self.method.unwrap_or(if self.body.is_some() { Method::Post } else { Method::Get })
    }

    pub fn expects(&self, status: u16) -> bool {
        self.expect_status.iter().any(|expected| expected.covers(status))
    }

    /// Returns the URL with its query, or its problem.
    pub fn url(&self) -> Result<Url, String> {
        let mut url =
            Url::parse(&self.url).map_err(|error| format!("`{}` is not a URL: {error}", self.url))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(format!("`{}` begins with neither http:// nor https://", self.url));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("credentials do not belong into the URL: name the secret in the policy".to_owned());
        }
        url.set_fragment(None);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs(&self.query));
        }
        Ok(url)
    }
}

/// Returns names and values, one pair for each value of a list.
pub fn pairs(map: &Map<String, Value>) -> Vec<(&str, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values = |value: &Value| match value {
        Value::Array(values) => values.iter().map(text).collect(),
        Value::Null => Vec::new(),
        value => vec![text(value)],
    };
    map.iter()
        .flat_map(|(name, value)| values(value).into_iter().map(move |text| (name.as_str(), text)))
        .collect()
}

/// Resolves a path relative to the workspace unless it is absolute.
pub fn path(given: &str) -> String {
    if given.starts_with('/') { given.to_owned() } else { format!("/workspace/{given}") }
}

/// Stops with a failure.
pub fn failed(message: impl Into<String>) -> Stop {
    Stop::Failed(Box::new(Failure::failed(message)))
}

//! The rules for the HTTP requests of a step.
//!
//! The threat: a guest reaches what its host can reach and the guest must not: cloud metadata, databases, the
//! loopback. So a request needs a rule for its scheme, host, port, method and path. The host resolves the
//! name once, and connects only to addresses of the public internet unless the rule lists others. It adds
//! credentials after the decision, and only for the origin that they belong to.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::http_headers::{asks_for_parts, overrides};
use super::path::{path_matches, path_problem};
use crate::quantity::Count;

/// A rule for requests in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// Scheme, host and port: `https://api.example.com:443`. The port may be omitted when it is the default
    /// of the scheme. The first label of the host may be `*`: `https://*.example.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2_000))]
    pub url: Option<String>,
    /// Instead of `url`: an organization under `azure_devops` in the configuration. The rule uses its URL,
    /// its path and its credential, with the methods GET, POST and PATCH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub organization: Option<String>,
    /// Allowed methods, at most 50. Default: GET.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(max = 20)))]
    pub methods: Vec<String>,
    /// Allowed paths; `*` at the end stands for any rest. At most 2,000 in all rules together. Default: every
    /// path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2_000), inner(length(max = 2_000)))]
    pub paths: Vec<String>,
    /// A header with a secret that the host adds to each request of this rule. The guest never sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject: Option<Inject>,
    /// Instead of `inject`: a credential under `credentials` in the configuration, which the host adds to each
    /// request of this rule. The guest never sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub credential: Option<String>,
    /// Maximum number of requests by this rule in one attempt. Default: `limits.http_requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<Count>,
    /// Address ranges outside of the public internet that requests may reach: `["127.0.0.1/32"]`.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", length(max = 200), inner(length(max = 64)))]
    pub allow_private: Vec<IpNet>,
    /// Headers that the step may set although servers may obey them instead of the request's own method,
    /// path, host or sender: `[x-forwarded-for]`. In a rule with a credential, also headers that ask for a
    /// part of the response: `[range]`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(max = 200)))]
    pub headers: Vec<String>,
}

/// A header that the host adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// The name of the header, for instance `authorization`.
    #[schemars(length(max = 200))]
    pub header: String,
    /// The value. `{}` stands for the secret, `{basic}` for `:secret` in base64. Default: `Bearer {}`.
    #[serde(default = "bearer")]
    #[schemars(length(max = 1_000))]
    pub format: String,
    /// The name of a secret of the configuration.
    #[schemars(length(max = 200))]
    pub secret: String,
}

fn bearer() -> String {
    "Bearer {}".to_owned()
}

/// The parts of a request that policy looks at.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method: `GET`, `POST` and so on.
    pub method: &'a str,
    /// The scheme: `http` or `https`.
    pub scheme: &'a str,
    /// The host in lower case, without the port.
    pub host: &'a str,
    /// The port, also when it is the default of the scheme.
    pub port: u16,
    /// The path without the query.
    pub path: &'a str,
}

impl HttpRule {
    /// Returns the problems of the rule that the schema does not see.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match (&self.url, &self.organization) {
            (Some(url), None) => problems.extend(origin(url).err()),
            (None, Some(_))
                if self.inject.is_some()
                    || self.credential.is_some()
                    || !self.methods.is_empty()
                    || !self.paths.is_empty() =>
            {
                problems.push("an `organization` brings its own methods, paths and credential".to_owned());
            }
            (None, Some(_)) => {}
            _ => problems.push("a rule needs either `url` or `organization`".to_owned()),
        }
        if self.inject.is_some() && self.credential.is_some() {
            problems.push("`inject` and `credential` both add a credential: set one of them".to_owned());
        }
        for method in &self.methods {
            if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
                problems.push(format!("`{method}` is not a method: write it in capitals, for instance GET"));
            } else if matches!(method.as_str(), "CONNECT" | "TRACE") {
                problems.push(format!("the method {method} cannot be granted"));
            }
        }
        for header in self.headers.iter().filter(|header| !self.must_grant(header)) {
            problems.push(format!("the header `{header}` needs no grant: steps may set it"));
        }
        for path in &self.paths {
            problems.extend(path_problem(path));
        }
        problems
    }

    /// Returns whether this rule allows the request.
    pub fn allows(&self, request: &HttpRequest<'_>) -> bool {
        self.matches(request).iter().all(|part| *part)
    }

    /// Returns which parts of the request this rule allows: host, scheme, port, method and path.
    pub(super) fn matches(&self, request: &HttpRequest<'_>) -> [bool; 5] {
        let Some(Ok(origin)) = self.url.as_deref().map(origin) else { return [false; 5] };
        let method = match self.methods.as_slice() {
            [] => request.method == "GET",
            methods => methods.iter().any(|method| method == request.method),
        };
        [
            host_matches(&origin.host, request.host),
            origin.scheme == request.scheme,
            origin.port == request.port,
            method,
            self.paths.is_empty() || self.paths.iter().any(|path| path_matches(path, request.path)),
        ]
    }

    /// Returns the first header of a request that this rule must list but does not.
    pub fn refused_header<'h>(&self, mut names: impl Iterator<Item = &'h str>) -> Option<&'h str> {
        names.find(|name| {
            self.must_grant(name) && !self.headers.iter().any(|granted| granted.eq_ignore_ascii_case(name))
        })
    }

    /// Returns whether a step may set the header only if a rule lists it.
    fn must_grant(&self, header: &str) -> bool {
        overrides(header) || self.has_credential() && asks_for_parts(header)
    }

    fn has_credential(&self) -> bool {
        self.inject.is_some() || self.credential.is_some() || self.organization.is_some()
    }

    /// Returns the name of the rule's credential, by which a step selects one of several rules for the same
    /// requests.
    pub fn label(&self) -> Option<&str> {
        self.organization.as_deref().or(self.credential.as_deref())
    }

    /// Removes what the job's rule does not have.
    pub(super) fn narrow(&mut self, by: &Self) {
        self.max_requests = match (self.max_requests, by.max_requests) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        let both = |own: &IpNet| {
            let inner = |other: &IpNet| match (own.contains(other), other.contains(own)) {
                (true, _) => Some(*other),
                (_, true) => Some(*own),
                _ => None,
            };
            by.allow_private.iter().filter_map(inner).collect::<Vec<_>>()
        };
        self.allow_private = self.allow_private.iter().flat_map(both).collect();
        self.headers.retain(|header| by.headers.iter().any(|other| other.eq_ignore_ascii_case(header)));
    }

    /// Returns whether this rule is for the same requests as the other, with another credential.
    pub(super) fn differs_in_credential(&self, other: &Self) -> bool {
        let is_same = || self.requests().is_some_and(|own| other.requests() == Some(own));
        self.credential_key() != other.credential_key() && is_same()
    }

    /// Returns the parts of the rule that say which credential it adds.
    pub(super) fn credential_key(&self) -> (Option<&Inject>, Option<&str>, Option<&str>) {
        (self.inject.as_ref(), self.credential.as_deref(), self.organization.as_deref())
    }

    /// Returns the requests of the rule in a normal form.
    pub(super) fn requests(&self) -> Option<Requests<'_>> {
        let methods = match self.methods.as_slice() {
            [] => BTreeSet::from(["GET"]),
            methods => methods.iter().map(String::as_str).collect(),
        };
        let paths = match self.paths.as_slice() {
            [] => BTreeSet::from(["/*"]),
            paths => paths.iter().map(String::as_str).collect(),
        };
        Some(Requests(origin(self.url.as_deref()?).ok()?, methods, paths))
    }

    /// Returns whether this rule allows a request to go to `address`.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        is_public(address) || self.allow_private.iter().any(|net| net.contains(&address))
    }
}

/// The requests that a rule is for: origin, methods and paths.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Requests<'r>(Origin, BTreeSet<&'r str>, BTreeSet<&'r str>);

#[derive(PartialEq, Eq, Hash)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

fn origin(text: &str) -> Result<Origin, String> {
    // A URL parser accepts no `*` in a host: replace it with a label, and restore it afterwards.
    let (text, wildcard) = match text.split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (text.to_owned(), false),
    };
    let wrong =
        || format!("`{text}` is not an origin: write scheme and host, for instance https://api.example.com");
    let url = Url::parse(&text).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?.to_ascii_lowercase();
    // IPv6 addresses have brackets only in URLs.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = host.strip_suffix('.').unwrap_or(host).to_owned();
    if has_empty_label(&host) || wildcard && host.parse::<IpAddr>().is_ok() {
        return Err(format!("{}: no request goes to such a host", wrong()));
    }
    let plain = url.path().trim_matches('/').is_empty() && url.query().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !plain || host.contains('*') {
        return Err(format!("{}; paths go under `paths`", wrong()));
    }
    let port = url.port_or_known_default().ok_or_else(wrong)?;
    let host = if wildcard { format!("*.{host}") } else { host };
    Ok(Origin { scheme: url.scheme().to_owned(), host, port })
}

/// Returns whether `host` is the pattern, or one label below `*.rest`.
fn host_matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match pattern.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(label, tail)| !label.is_empty() && tail == rest),
        None => pattern == host,
    }
}

/// Returns whether `host` is the pattern of a `deny`, or anything below `*.rest`, or `rest` itself. A denial
/// applies to every spelling.
pub fn host_is_denied(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match pattern.strip_prefix("*.") {
        Some(rest) => host == rest || host.strip_suffix(rest).is_some_and(|above| above.ends_with('.')),
        None => pattern == host,
    }
}

/// Converts a pattern of a `deny` to the spelling of hosts in requests: lower case, ASCII, without the dot of
/// the root.
///
/// # Errors
/// Returns why the pattern is not a host.
pub fn denied_host(pattern: &str) -> Result<String, String> {
    let (star, host) = match pattern.strip_prefix("*.") {
        Some(rest) => ("*.", rest),
        None => ("", pattern),
    };
    let wrong = || {
        format!(
            "`{pattern}` is not a host: write for instance internal.example.com or *.internal.example.com"
        )
    };
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let bracketed = if plain.contains(':') { format!("[{plain}]") } else { plain.to_owned() };
    let host = url::Host::parse(bracketed.strip_suffix('.').unwrap_or(&bracketed)).map_err(|_| wrong())?;
    let host = host.to_string();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains('*') || has_empty_label(host) {
        return Err(wrong());
    }
    Ok(format!("{star}{host}"))
}

/// Returns whether a host has an empty label, as in `.example.com`. No host has such a name.
fn has_empty_label(host: &str) -> bool {
    host.split('.').any(str::is_empty)
}

/// Networks outside of the public internet (IANA special-purpose registries, RFC 6890 and successors).
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        // A public address that holds secrets of virtual machines (Azure's WireServer).
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::1/128",
        "5f00::/16",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/32",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ]
    .iter()
    .filter_map(|net| net.parse().ok())
    .collect()
});

/// Returns whether `address` is on the public internet.
pub fn is_public(address: IpAddr) -> bool {
    !SPECIAL.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> HttpRule {
        serde_json::from_str(json).unwrap()
    }

    fn request<'a>(method: &'a str, url: &'a Url) -> HttpRequest<'a> {
        HttpRequest {
            method,
            scheme: url.scheme(),
            host: url.host_str().unwrap(),
            port: url.port_or_known_default().unwrap(),
            path: url.path(),
        }
    }

    #[test]
    fn a_rule_is_about_scheme_host_port_method_and_path() {
        let rule = rule(
            r#"{"url": "https://*.example.com", "methods": ["GET", "POST"], "paths": ["/v1/items", "/v1/items/*"]}"#,
        );
        assert!(rule.problems().is_empty());
        for (method, url, allowed) in [
            ("GET", "https://api.example.com/v1/items", true),
            ("POST", "https://api.example.com:443/v1/items/7", true),
            ("GET", "https://API.EXAMPLE.COM/v1/items?x=1", true),
            ("DELETE", "https://api.example.com/v1/items", false),
            ("GET", "http://api.example.com/v1/items", false),
            ("GET", "https://api.example.com:8443/v1/items", false),
            ("GET", "https://example.com/v1/items", false),
            ("GET", "https://a.b.example.com/v1/items", false),
            ("GET", "https://api.example.com.evil.org/v1/items", false),
            ("GET", "https://api.example.com/v2", false),
            ("GET", "https://api.example.com/v1/items/%2e%2e/%2e%2e/admin", false),
            ("GET", "https://api.example.com/v1/items/..%2fadmin", false),
            ("GET", "https://api.example.com/v1/items/..;/admin", false),
            ("GET", "https://api.example.com/v1/items/..;x=1/admin", false),
            ("GET", "https://api.example.com/v1/items/%2e%2e;/admin", false),
            ("GET", "https://api.example.com/v1/items/.%00./admin", false),
            ("GET", "https://api.example.com/v1/items/%252e%252e/admin", false),
            ("GET", "https://api.example.com/v1/items//admin", false),
            ("GET", "https://api.example.com/v1/items/x;v=1", false),
            ("GET", "https://api.example.com/v1/items/x%0a", false),
            ("GET", "https://api.example.com/v1/items/x%20y", true),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(rule.allows(&request(method, &url)), allowed, "{method} {url}");
        }
    }

    #[test]
    fn headers_that_say_otherwise_than_the_request_need_a_word_of_the_rule() {
        let rule = rule(r#"{"url": "https://x", "headers": ["X-Forwarded-For"]}"#);
        for (header, refused) in [
            ("x-http-method-override", true),
            ("X-HTTP-Method", true),
            ("x_http_method_override", true),
            ("x-method-override", true),
            ("x-original-url", true),
            ("x-rewrite-url", true),
            ("x-forwarded-host", true),
            ("forwarded", true),
            ("x-real-ip", true),
            ("x-forwarded-for", false),
            ("destination", true),
            ("proxy", true),
            ("x-http-path-override", true),
            ("x-accel-redirect", true),
            ("x_remote_user", true),
            ("remote-user", true),
            ("x-client-cert", true),
            ("front-end-https", true),
            ("x-middleware-subrequest", true),
            ("accept", false),
            // The rule has no credential.
            ("range", false),
            ("x-request-id", false),
        ] {
            assert_eq!(rule.refused_header([header].into_iter()).is_some(), refused, "{header}");
        }
    }

    #[test]
    fn with_a_credential_parts_of_answers_need_a_word_of_the_rule() {
        let inject = r#""inject": {"header": "authorization", "secret": "s"}"#;
        for (more, header, refused) in [
            (format!(", {inject}"), "Range", true),
            (format!(", {inject}"), "x-ms-range", true),
            (format!(", {inject}, \"headers\": [\"range\"]"), "range", false),
            (String::new(), "range", false),
        ] {
            let rule = rule(&format!(r#"{{"url": "http://x"{more}}}"#));
            assert_eq!(rule.refused_header([header].into_iter()).is_some(), refused, "{more} {header}");
            assert_eq!(rule.problems(), Vec::<String>::new(), "{more}");
        }
    }

    #[test]
    fn an_address_of_ipv6_matches_without_its_brackets() {
        let rule = rule(r#"{"url": "http://[::1]:8080"}"#);
        let request = HttpRequest { method: "GET", scheme: "http", host: "::1", port: 8080, path: "/" };
        assert!(rule.allows(&request));
    }

    #[test]
    fn the_dot_of_the_root_changes_no_rule() {
        let rule = rule(r#"{"url": "https://api.example.com."}"#);
        for host in ["api.example.com", "api.example.com."] {
            let request = HttpRequest { method: "GET", scheme: "https", host, port: 443, path: "/" };
            assert!(rule.allows(&request), "{host}");
        }
    }

    #[test]
    fn what_is_denied_is_denied_in_every_spelling() {
        for (pattern, host, denied) in [
            ("Internal.Example.COM", "internal.example.com", true),
            ("internal.example.com.", "internal.example.com", true),
            ("internal.example.com", "internal.example.com.", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.c.example.com", true),
            ("*.Example.com.", "example.com", true),
            ("*.example.com", "badexample.com", false),
            ("bücher.example", "xn--bcher-kva.example", true),
            ("127.1", "127.0.0.1", true),
            ("[::1]", "::1", true),
            ("::1", "::1", true),
        ] {
            let pattern = denied_host(pattern).unwrap();
            assert_eq!(host_is_denied(&pattern, host), denied, "{pattern} {host}");
        }
        for pattern in
            ["", "https://x", "x/y", "a b", "*", "*.", "a.*.com", "x:443", "**.x", ".example.com", "a..b"]
        {
            assert!(denied_host(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_job_narrows_each_part_of_a_rule() {
        let mut own = rule(
            r#"{"url": "http://x", "max_requests": 9, "allow_private": ["10.0.0.0/8", "127.0.0.1/32"], "headers": ["x-real-ip", "forwarded"]}"#,
        );
        own.narrow(&rule(
            r#"{"url": "http://x", "max_requests": 2, "allow_private": ["10.1.0.0/16", "127.0.0.0/8", "192.168.0.0/16"], "headers": ["Forwarded"]}"#,
        ));
        let expected = rule(
            r#"{"url": "http://x", "max_requests": 2, "allow_private": ["10.1.0.0/16", "127.0.0.1/32"], "headers": ["forwarded"]}"#,
        );
        assert_eq!(own, expected);
        own.narrow(&rule(r#"{"url": "http://x", "max_requests": 5}"#));
        assert_eq!((own.max_requests.unwrap().0, own.allow_private.len(), own.headers.len()), (2, 0, 0));
    }

    #[test]
    fn wrong_rules_are_told() {
        for (json, word) in [
            (r#"{}"#, "either"),
            (r#"{"url": "api.example.com"}"#, "not an origin"),
            (r#"{"url": "ftp://x"}"#, "not an origin"),
            (r#"{"url": "https://*"}"#, "not an origin"),
            (r#"{"url": "https://.example.com"}"#, "no request goes to such a host"),
            (r#"{"url": "https://*.10.0.0.1"}"#, "no request goes to such a host"),
            (r#"{"url": "https://x", "paths": ["/a/../b"]}"#, "matches no request"),
            (r#"{"url": "https://x/path"}"#, "paths"),
            (r#"{"url": "https://x", "methods": ["get"]}"#, "capitals"),
            (r#"{"url": "https://x", "methods": ["CONNECT"]}"#, "cannot be granted"),
            (r#"{"url": "https://x", "paths": ["v1"]}"#, "start with"),
            (r#"{"url": "https://x", "paths": ["/*/a"]}"#, "one `*`"),
            (r#"{"url": "https://x", "headers": ["accept"]}"#, "needs no grant"),
        ] {
            let problems = rule(json).problems();
            assert!(problems.iter().any(|p| p.contains(word)), "{json}: {problems:?}");
        }
    }

    #[test]
    fn only_public_addresses_unless_a_range_is_named() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "192.168.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "2002::1",
            "::127.0.0.1",
            "168.63.129.16",
            "5f00::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "1.1.1.1", "2606:4700::1111"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let rule = rule(r#"{"url": "http://127.0.0.1:80", "allow_private": ["127.0.0.1/32"]}"#);
        assert!(rule.allows_address("127.0.0.1".parse().unwrap()));
        assert!(!rule.allows_address("127.0.0.2".parse().unwrap()));
    }
}

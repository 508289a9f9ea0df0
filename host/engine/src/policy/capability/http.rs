//! The HTTP requests that a step may send.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;

use serde::Serialize;

use super::http_headers::overrides;
use super::http_rule::{HttpRequest, HttpRule, Inject, Requests, denied_host, host_is_denied};
use super::{Layers, Missing, Place, Policed};
use crate::Configuration;
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, Whose, plain, quoted, shown, together};
use crate::policy::rule::Rule;
use crate::quantity::Count;

/// The capability to send HTTP requests.
pub struct Http;

impl Policed for Http {
    type Rules = Vec<HttpRule>;
    type Grant = HttpGrant;

    const THREAT: &'static str = "A guest reaches what its host can reach and it must not: cloud metadata, databases, the \
        loopback, another customer's data. So each request needs a rule for its scheme, host, port, method and path; the host \
        resolves the name once, connects to public addresses only unless the rule lists others, and adds credentials after \
        the decision.";
    const NOT_GRANTED: Rule = Rule::HttpNotGranted;
    const ANYTHING: &'static str = "any request";
    const EXAMPLE: &'static str = "[{url: \"https://api.example.com\", methods: [GET]}]";

    fn check(rules: &Self::Rules, place: &mut Place<'_>) {
        for (i, rule) in rules.iter().enumerate() {
            for problem in rule.problems() {
                place.add(&format!("/{i}"), problem);
            }
        }
        check_credentials(rules, place);
        check_paths(rules, place);
    }

    fn check_narrowing(rules: &Self::Rules, place: &mut Place<'_>) {
        for (i, rule) in rules.iter().enumerate() {
            for (key, given) in [("inject", rule.inject.is_some()), ("credential", rule.credential.is_some())]
            {
                if given {
                    let message = format!("a job cannot add a credential: `{key}` belongs to the operator");
                    place.add(&format!("/{i}/{key}"), message);
                }
            }
        }
    }

    fn missing(rules: &Self::Rules, config: &Configuration, is_for: &dyn Fn(&str) -> bool) -> Vec<Missing> {
        rules.iter().enumerate().flat_map(|(i, rule)| missing_in(rule, i, config, is_for)).collect()
    }

    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let expand = |rules: &Self::Rules| {
            rules.iter().flat_map(|rule| layers.config.expand(rule)).collect::<Vec<_>>()
        };
        // A pattern that is not a host is refused in the policy file; if one gets here, it denies at
        // least itself.
        let spelt = |host: &String| denied_host(host).unwrap_or_else(|_| host.clone());
        HttpGrant {
            rules: layers.operator.map(expand).unwrap_or_default(),
            narrowing: layers.narrowing.iter().map(|rules| expand(rules)).collect(),
            deny: layers.deny.iter().flat_map(|deny| &deny.hosts).map(spelt).collect(),
        }
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let part = |rule: &HttpRule| {
            let url = rule.url.as_deref().unwrap_or_default();
            let methods = if rule.methods.is_empty() { "GET".to_owned() } else { rule.methods.join(" ") };
            let paths = if rule.paths.is_empty() { "every path".to_owned() } else { rule.paths.join(" ") };
            let adds = match (rule.label(), &rule.inject) {
                (Some(name), _) => format!(", adds the credential `{name}`"),
                (None, Some(inject)) => format!(", adds {} from a secret", inject.header),
                (None, None) => String::new(),
            };
            ("http".to_owned(), format!("{methods} {url} {paths}{adds}"))
        };
        grant.rules.iter().map(part).collect()
    }

    fn refuse_name(grant: &Grant, name: &str) -> Option<Denial> {
        let rules = &grant.granted.http.rules;
        // A rule without a name may be for any request, and a step without rules is refused as a whole.
        let decides_by_name = !rules.is_empty() && rules.iter().all(|rule| rule.label().is_some());
        if !decides_by_name || rules.iter().any(|rule| rule.label() == Some(name)) {
            return None;
        }
        let named: Vec<String> =
            rules.iter().filter_map(HttpRule::label).map(|label| format!("`{label}`")).collect();
        let why =
            format!("not granted: {} grants requests with {} only", grant.whose.name(), together(&named));
        let what = shown(&format!("requests with the credential `{name}`"));
        Some(Denial::new(Rule::HttpNotGranted, &what, &why).help(named_rule(name)))
    }
}

/// Returns the fix for a credential that no rule names.
fn named_rule(name: &str) -> String {
    let name = plain(name);
    format!(
        "add a rule to `http` of the policy: `{{organization: {name}}}`, or `credential: {name}` with its `url`"
    )
}

/// Returns the names in the rule at index `i` that the configuration lacks, or has only for other projects.
fn missing_in(
    rule: &HttpRule,
    i: usize,
    config: &Configuration,
    is_for: &dyn Fn(&str) -> bool,
) -> Vec<Missing> {
    let organization = rule.organization.as_ref().and_then(|name| {
        let known = &config.azure_devops.organizations;
        Missing::of(format!("/{i}/organization"), "the organization", name, known, || {
            config.strangers(is_for, |project| project.organizations.contains(name))
        })
    });
    let credential = rule.credential.as_ref().and_then(|name| {
        Missing::of(format!("/{i}/credential"), "the credential", name, &config.credentials, || {
            config.strangers(is_for, |project| project.credentials.contains(name))
        })
    });
    let secret = rule.inject.as_ref().and_then(|Inject { secret: name, .. }| {
        Missing::of(format!("/{i}/inject/secret"), "the secret", name, &config.secrets, || {
            config.strangers(is_for, |project| project.secrets.contains(name))
        })
    });
    organization.into_iter().chain(credential).chain(secret).collect()
}

/// Reports two rules for the same requests with different credentials: each such request would be
/// refused as ambiguous.
fn check_credentials(rules: &[HttpRule], place: &mut Place<'_>) {
    // For each set of requests: the first rule, and the first one with another credential than that.
    let mut seen: HashMap<Requests<'_>, (usize, Option<usize>)> = HashMap::new();
    for (i, rule) in rules.iter().enumerate() {
        let Some(requests) = rule.requests() else { continue };
        let (first, other) = match seen.entry(requests) {
            Entry::Vacant(free) => {
                free.insert((i, None));
                continue;
            }
            Entry::Occupied(known) => known.into_mut(),
        };
        let differs =
            |k: usize| rules.get(k).is_some_and(|known| known.credential_key() != rule.credential_key());
        let same = if differs(*first) {
            other.get_or_insert(i);
            Some(*first)
        } else {
            *other
        };
        let Some(same) = same else { continue };
        let line = place.line(&format!("/{same}"));
        let message = format!(
            "this rule and the one in line {line} allow the same requests with different credentials: every such request is refused"
        );
        let help = "remove one of the two, or give them different `paths`";
        place.add_with_help(&format!("/{i}"), message, help);
    }
}

/// The maximum number of paths in all `http` rules of a policy, a job or a step.
const MAX_PATHS: usize = 2_000;

/// Reports rules that have too many paths together: each path is compared with each request.
fn check_paths(rules: &[HttpRule], place: &mut Place<'_>) {
    let count: usize = rules.iter().map(|rule| rule.paths.len()).sum();
    if count > MAX_PATHS {
        let message = format!("the rules have {count} paths together; at most {MAX_PATHS} are allowed");
        place.add_with_help("", message, "write patterns that end with `*`");
    }
}

/// The HTTP requests of a grant. Each layer must allow a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HttpGrant {
    rules: Vec<HttpRule>,
    narrowing: Vec<Vec<HttpRule>>,
    deny: Vec<String>,
}

impl HttpGrant {
    /// Returns whether the grant allows no request.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules of the operator.
    pub fn rules(&self) -> &[HttpRule] {
        &self.rules
    }
}

/// An allowed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The operator's rule, as the job narrows it.
    pub rule: HttpRule,
    /// The rules whose request limits it counts against.
    pub counts: Vec<Counted>,
}

/// A rule that counts its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The layer of the rule (0 is the operator's), and its place there.
    pub rule: (usize, usize),
    /// The maximum number of requests.
    pub max: Option<Count>,
}

impl Counted {
    fn new(layer: usize, index: usize, rule: &HttpRule) -> Self {
        Self { rule: (layer, index), max: rule.max_requests }
    }
}

impl Whose {
    /// Denies a request.
    pub fn refuse_http(&self, request: &HttpRequest<'_>, rules: &[HttpRule], narrowed: bool) -> Denial {
        let url = url(request);
        let nearest = rules
            .iter()
            .map(|rule| (differences(rule, request), rule))
            .min_by_key(|(differs, _)| differs.len());
        let why = nearest.map(|(differs, rule)| match narrowed {
            true => format!("{} allows it, and the `policy` of the job or the step does not", self.name()),
            false => format!(
                "the nearest rule of {} is `{}`, and differs in {}",
                self.name(),
                described(rule),
                together(&differs)
            ),
        });
        let origin = url.strip_suffix(request.path).unwrap_or(&url);
        let yaml = format!(
            "[{{url: {}, methods: [{}], paths: [{}]}}]",
            quoted(origin),
            request.method,
            quoted(request.path)
        );
        let denial = self.refuse(Rule::HttpNotGranted, &format!("{} {url}", request.method), why, &yaml);
        if narrowed {
            return denial.help(format!("write `http: {yaml}` into the `policy` of the job"));
        }
        denial
    }

    /// Denies a host by name.
    pub fn refuse_host(&self, request: &HttpRequest<'_>, pattern: &str) -> Denial {
        let why = format!("denied: `{pattern}` is under `deny.hosts` of {} or of the job", self.name());
        Denial::new(Rule::HttpHostDenied, &shown(&format!("{} {}", request.method, url(request))), &why)
    }
}

impl Grant {
    /// Returns the rule that allows the request. A request that names a credential cannot use the rules with
    /// other names, even if these have the same URL. Without a name, two rules that differ only in their
    /// credential refuse the request.
    ///
    /// # Errors
    /// Returns the rule that denies the request.
    pub fn decide_http(
        &self,
        request: &HttpRequest<'_>,
        credential: Option<&str>,
    ) -> Result<Decided, Denial> {
        let http = &self.granted.http;
        if let Some(pattern) = http.deny.iter().find(|pattern| host_is_denied(pattern, request.host)) {
            return Err(self.whose.refuse_host(request, pattern));
        }
        let named = |rule: &HttpRule| {
            let label = rule.label();
            credential.is_none() || label.is_none() || label == credential
        };
        let mut allowed =
            http.rules.iter().enumerate().filter(|(_, rule)| named(rule) && rule.allows(request));
        let found = allowed.next();
        if let Some((_, first)) = found
            && allowed.any(|(_, other)| other.differs_in_credential(first))
        {
            let why = "ambiguous: two rules of the policy allow it with different credentials";
            let denial =
                Denial::new(Rule::HttpAmbiguous, &format!("{} {}", request.method, request.host), why);
            return Err(denial.help("remove one of the rules, or give them different `paths`"));
        }
        if let (None, Some(name)) = (found, credential)
            && http.rules.iter().any(|rule| rule.allows(request))
        {
            let what = shown(&format!("{} {} with the credential `{name}`", request.method, request.host));
            let why = "not granted: policy grants this request with other credentials only";
            return Err(Denial::new(Rule::HttpNotGranted, &what, why).help(named_rule(name)));
        }
        let Some((index, rule)) = found else {
            return Err(self.whose.refuse_http(request, &http.rules, false));
        };
        let mut decided = Decided { rule: rule.clone(), counts: vec![Counted::new(0, index, rule)] };
        for (layer, rules) in http.narrowing.iter().enumerate() {
            let narrower = rules.iter().enumerate().find(|(_, rule)| rule.allows(request));
            let Some((index, narrower)) = narrower else {
                return Err(self.whose.refuse_http(request, &http.rules, true));
            };
            decided.rule.narrow(narrower);
            decided.counts.push(Counted::new(layer + 1, index, narrower));
        }
        Ok(decided)
    }

    /// Denies a header that could undo the decision.
    pub fn refuse_header(&self, host: &str, header: &str) -> Denial {
        let why = match overrides(header) {
            true => {
                "not granted: a server may obey it instead of the method, path, host or sender of the request"
            }
            false => "not granted: with parts of responses, a step could read a credential that they contain",
        };
        let what = shown(&format!("the header `{header}` for {host}"));
        Denial::new(Rule::HttpHeaderNotGranted, &what, why).help(format!(
            "write `headers: [{header}]` into the `http` rule for {host} of {}",
            self.whose.name()
        ))
    }

    /// Denies an address that is not on the public internet.
    pub fn refuse_address(&self, host: &str, address: std::net::IpAddr) -> Denial {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let why = format!("not granted: {address} is not on the public internet");
        Denial::new(Rule::HttpAddressNotPublic, &shown(&format!("connecting to {host}")), &why).help(format!(
            "write `allow_private: [\"{address}/{bits}\"]` into the `http` rule for {host} of {}",
            self.whose.name()
        ))
    }
}

/// Returns the parts in which a request differs from a rule.
fn differences(rule: &HttpRule, request: &HttpRequest<'_>) -> Vec<String> {
    let [host, scheme, port, method, path] = rule.matches(request);
    let mut differs = Vec::new();
    let mut add = |matches: bool, name: &str, value: String| {
        if !matches {
            differs.push(format!("its {name} (`{}`)", shown(&value)));
        }
    };
    add(host, "host", request.host.to_owned());
    add(scheme, "scheme", request.scheme.to_owned());
    // The port follows the scheme.
    add(port || !scheme, "port", request.port.to_string());
    add(method, "method", request.method.to_owned());
    add(path, "path", request.path.to_owned());
    differs
}

/// Describes a rule in a few words.
fn described(rule: &HttpRule) -> String {
    let methods = if rule.methods.is_empty() { "GET".to_owned() } else { rule.methods.join("|") };
    let mut text = format!("{methods} {}", rule.url.as_deref().unwrap_or_default());
    if let [first, rest @ ..] = rule.paths.as_slice() {
        let _ = write!(text, "{first}");
        if !rest.is_empty() {
            let _ = write!(text, " and {} more paths", rest.len());
        }
    }
    text
}

/// Returns the URL of a request without its query.
fn url(request: &HttpRequest<'_>) -> String {
    let HttpRequest { scheme, host, port, path, .. } = request;
    let host = if host.contains(':') { format!("[{host}]") } else { (*host).to_owned() };
    match (*scheme, *port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}{path}"),
        _ => format!("{scheme}://{host}:{port}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rules: serde_json::Value) -> Grant {
        let mut grant = Grant::nothing();
        grant.granted.http.rules = serde_json::from_value(rules).unwrap();
        grant
    }

    #[test]
    fn of_two_credentials_with_one_url_the_named_one_counts() {
        for key in ["organization", "credential"] {
            let rule = |name: &str| serde_json::json!({"url": "https://ado.example.com", key: name});
            let grant = rules(serde_json::json!([rule("one"), rule("two")]));
            let request =
                HttpRequest { method: "GET", scheme: "https", host: "ado.example.com", port: 443, path: "/" };
            for (name, expected) in [
                (Some("one"), Ok(0)),
                (Some("two"), Ok(1)),
                (Some("three"), Err(Rule::HttpNotGranted)),
                (None, Err(Rule::HttpAmbiguous)),
            ] {
                let found = grant.decide_http(&request, name).map(|decided| decided.counts[0].rule.1);
                assert_eq!(found.map_err(|denial| denial.rule), expected, "{key} {name:?}");
            }
        }
    }

    #[test]
    fn a_name_is_refused_where_every_rule_has_another() {
        let open = serde_json::json!({"url": "https://b.example"});
        let named = serde_json::json!({"url": "https://a.example", "credential": "partner"});
        let organization = serde_json::json!({"organization": "contoso"});
        for (given, name, refused) in [
            (vec![], "partner", false),
            (vec![&named], "partner", false),
            (vec![&named], "other", true),
            (vec![&named, &organization], "contoso", false),
            (vec![&named, &organization], "other", true),
            (vec![&named, &open], "other", false),
        ] {
            let denial = Http::refuse_name(&rules(serde_json::json!(given)), name);
            assert_eq!(denial.map(|denial| denial.rule), refused.then_some(Rule::HttpNotGranted), "{name}");
        }
    }
    /// Each rule is compared with the first one for the same requests, however many rules there are.
    #[test]
    fn the_first_rule_with_another_credential_is_named() {
        let rule = |n: usize, credential: &str| {
            format!("  - {{url: 'https://a{n}.example', paths: ['/b', '/a'], credential: {credential}}}\n")
        };
        let mut text = "policy: 1\nname: p\nsteps: ['*']\nhttp:\n".to_owned();
        for n in 0..400 {
            text.push_str(&rule(n, "one"));
        }
        // Lines 405 to 409.
        for credential in ["one", "two", "two", "one", "three"] {
            text.push_str(&rule(7, credential));
        }
        let found = crate::policy::Policy::parse("p.yaml", &text, std::path::Path::new("/")).unwrap_err();
        let told: Vec<(u64, bool)> =
            found.0.iter().map(|one| (one.line, one.message.contains("the one in line 12 allow"))).collect();
        // The rule in line 408 has the credential of the first rule, and differs from the one in line 406.
        assert_eq!(told, [(406, true), (407, true), (408, false), (409, true)], "{found}");
        assert!(found.0[2].message.contains("in line 406"), "{found}");
    }
}

//! What was decided: a grant, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::{Access, ContextRule, SqlMode};
use super::http::{HttpRequest, HttpRule, host_is_denied};
use super::limits::{Limits, Profile};
use super::refusal::{Denial, Whose};
use crate::config::organization_of;
use crate::quantity::{Bytes, Count, Span};

/// What one attempt may do. Made by [`super::decide`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    pub(super) component: String,
    pub(super) policy: String,
    pub(super) profile: Profile,
    pub(super) limits: Limits,
    pub(super) http: HttpGrant,
    pub(super) sql: BTreeMap<String, SqlGrant>,
    pub(super) files: Vec<MountGrant>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) process: BTreeMap<String, ProcessGrant>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<String, String>,
    pub(super) context: Vec<ContextRule>,
    /// Whose grant it is, for refusals.
    #[serde(skip)]
    pub(super) whose: Whose,
    /// What each part came from; not part of the digest.
    #[serde(skip)]
    pub(super) trace: Vec<(String, String)>,
    #[serde(skip)]
    pub(super) digest: String,
}

/// The HTTP requests of a grant: each layer must allow a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HttpGrant {
    pub(super) rules: Vec<HttpRule>,
    pub(super) narrowing: Vec<Vec<HttpRule>>,
    pub(super) deny: Vec<String>,
    #[serde(skip)]
    pub(super) whose: Whose,
}

/// A connection of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlGrant {
    /// What statements may do.
    pub mode: SqlMode,
    /// Whether a call may run several statements.
    pub scripts: bool,
    /// Rows of one result.
    pub rows: Count,
    /// Time of one statement.
    pub timeout: Span,
}

/// A program of a grant: each layer must allow an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessGrant {
    /// The executable.
    pub path: PathBuf,
    pub(super) arguments: Vec<Vec<String>>,
    /// Names of the environment variables that the step may set.
    pub environment: Vec<String>,
    /// Directories that it may read and run beside the system's.
    pub read: Vec<PathBuf>,
    /// Whether it may use the network.
    pub network: bool,
    /// Time of one run.
    pub timeout: Span,
    /// Whether it may run where the machine has weaker bounds.
    pub allow_weaker: bool,
}

/// A directory of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MountGrant {
    /// Where the step sees it.
    pub mount: String,
    /// What it sees there.
    pub source: MountSource,
    /// What it may do there.
    pub access: Access,
}

/// What stands behind a mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// A directory of the host.
    Host(PathBuf),
    /// An empty directory of at most this size, for this attempt alone.
    Scratch(Bytes),
    /// The run's workspace of at most this size.
    Workspace(Bytes),
}

impl Grant {
    /// A grant of nothing, for calls that must be pure. Memory, tables and instances are those of `large`, since a component
    /// that needs them needs them to be instantiated at all.
    pub fn nothing() -> Self {
        Self {
            component: String::new(),
            policy: String::new(),
            profile: Profile::Large,
            limits: Limits {
                memory: Limits::LARGE.memory,
                memories: Limits::LARGE.memories,
                tables: Limits::LARGE.tables,
                table_elements: Limits::LARGE.table_elements,
                instances: Limits::LARGE.instances,
                wall: Span::secs(10),
                ..Limits::STANDARD
            },
            http: HttpGrant::default(),
            sql: BTreeMap::new(),
            files: Vec::new(),
            process: BTreeMap::new(),
            environment: BTreeMap::new(),
            context: Vec::new(),
            whose: Whose::default(),
            trace: Vec::new(),
            digest: String::new(),
        }
    }

    /// `sha256:...` of the component that it is for.
    pub fn component(&self) -> &str {
        &self.component
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same grant with these limits, where they are smaller.
    #[must_use]
    pub fn within(self: &Arc<Self>, limits: &Limits) -> Arc<Self> {
        let limits = self.limits.min(limits);
        if limits == self.limits {
            return self.clone();
        }
        Arc::new(Self { limits, ..Self::clone(self) })
    }

    /// The profile that the limits started from.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The HTTP requests.
    pub fn http(&self) -> &HttpGrant {
        &self.http
    }

    /// The connections, by name.
    pub fn sql(&self) -> &BTreeMap<String, SqlGrant> {
        &self.sql
    }

    /// The directories.
    pub fn files(&self) -> &[MountGrant] {
        &self.files
    }

    /// The programs, by name.
    pub fn process(&self) -> &BTreeMap<String, ProcessGrant> {
        &self.process
    }

    /// The variables of the environment.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Whether the step may see `name`: a variable, or `steps.ID` for an output.
    pub fn may_read(&self, name: &str) -> bool {
        !self.context.is_empty() && self.context.iter().all(|layer| layer.names("read", name))
    }

    /// Whether the step may set the variable.
    pub fn may_write(&self, name: &str) -> bool {
        !self.context.is_empty() && self.context.iter().all(|layer| layer.names("write", name))
    }

    /// Name and origin of each part, for `policy show`.
    pub fn trace(&self) -> &[(String, String)] {
        &self.trace
    }

    /// `sha256:...` of everything that the grant says, for the receipt.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The grant with its digest, which costs more than anything else about it.
    pub(super) fn sealed(mut self) -> Self {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        self.digest = format!("sha256:{}", hex(&Sha256::digest(json)));
        self
    }
}

impl ContextRule {
    /// Whether it allows that access (`read` or `write`) to `name`.
    pub(super) fn names(&self, access: &str, name: &str) -> bool {
        let list = if access == "read" { &self.read } else { &self.write };
        list.iter().any(|entry| entry == "*" || entry == name)
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ProcessGrant {
    /// The first argument that no pattern allows.
    pub fn refused<'a>(&self, arguments: &'a [String]) -> Option<&'a String> {
        let allowed = |argument: &&String| {
            self.arguments.iter().all(|layer| layer.iter().any(|pattern| matches(pattern, argument)))
        };
        arguments.iter().find(|argument| !allowed(argument))
    }
}

/// How programs know an option, or a file of options. The three long dashes are options for PowerShell.
const MARKS_OPTION: [char; 6] = ['-', '+', '@', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Whether a text matches a pattern in which `*` stands for any text, but not for the mark of an option at the beginning.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern.starts_with('*') && text.starts_with(MARKS_OPTION) {
        return false;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl HttpGrant {
    /// True when no request is granted.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules of the operator.
    pub fn rules(&self) -> &[HttpRule] {
        &self.rules
    }

    /// The rule that allows the request.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn decide(&self, request: &HttpRequest<'_>) -> Result<Decided, Denial> {
        self.decide_for(request, None)
    }

    /// The same for a request in the name of an organization: the rules of other organizations do not count, though they
    /// have the same URL. Without a name, two rules that differ in nothing but their credential refuse the request.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn decide_for(
        &self,
        request: &HttpRequest<'_>,
        organization: Option<&str>,
    ) -> Result<Decided, Denial> {
        if let Some(pattern) = self.deny.iter().find(|pattern| host_is_denied(pattern, request.host)) {
            return Err(self.whose.refuse_host(request, pattern));
        }
        let named = |rule: &HttpRule| {
            let of = rule.inject.as_ref().and_then(|inject| organization_of(&inject.secret));
            organization.is_none() || of.is_none() || of == organization
        };
        let mut allowed =
            self.rules.iter().enumerate().filter(|(_, rule)| named(rule) && rule.allows(request));
        let found = allowed.next();
        if let Some((_, first)) = found
            && allowed.any(|(_, other)| other.differs_in_credential(first))
        {
            let why = "ambiguous: two rules of the policy allow it with different credentials";
            let denial = Denial::new("HTTP_AMBIGUOUS", &format!("{} {}", request.method, request.host), why);
            return Err(denial.help("remove one of the rules, or give them different `paths`"));
        }
        if let (None, Some(name)) = (found, organization)
            && self.rules.iter().any(|rule| rule.allows(request))
        {
            let what = format!("{} {} for the organization `{name}`", request.method, request.host);
            let denial = Denial::new("HTTP_NOT_GRANTED", &what, "not granted: only other organizations are");
            return Err(denial.help(format!("write `http: [{{organization: {name}}}]` into the policy")));
        }
        let Some((index, rule)) = found else {
            return Err(self.whose.refuse_http(request, &self.rules, false));
        };
        let mut decided = Decided { rule: rule.clone(), counts: vec![Counted::new(0, index, rule)] };
        for (layer, rules) in self.narrowing.iter().enumerate() {
            let narrower = rules.iter().enumerate().find(|(_, rule)| rule.allows(request));
            let Some((index, narrower)) = narrower else {
                return Err(self.whose.refuse_http(request, &self.rules, true));
            };
            decided.rule.narrow(narrower);
            decided.counts.push(Counted::new(layer + 1, index, narrower));
        }
        Ok(decided)
    }
}

/// A request that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The operator's rule, with what the job narrows of it.
    pub rule: HttpRule,
    /// The rules against whose numbers of requests it counts.
    pub counts: Vec<Counted>,
}

/// A rule that counts its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Its layer (0 is the operator's), and its place there.
    pub rule: (usize, usize),
    /// Its most requests.
    pub max: Option<Count>,
}

impl Counted {
    fn new(layer: usize, index: usize, rule: &HttpRule) -> Self {
        Self { rule: (layer, index), max: rule.max_requests }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_organizations_with_one_url_the_named_one_counts() {
        let rule = |organization: &str| -> HttpRule {
            serde_json::from_value(serde_json::json!({
                "url": "https://ado.example.com",
                "inject": {"header": "authorization", "secret": format!("azure_devops.organizations.{organization}")},
            }))
            .unwrap()
        };
        let grant = HttpGrant { rules: vec![rule("one"), rule("two")], ..HttpGrant::default() };
        let request =
            HttpRequest { method: "GET", scheme: "https", host: "ado.example.com", port: 443, path: "/" };
        for (organization, expected) in [
            (Some("one"), Ok(0)),
            (Some("two"), Ok(1)),
            (Some("three"), Err("HTTP_NOT_GRANTED")),
            (None, Err("HTTP_AMBIGUOUS")),
        ] {
            let found = grant.decide_for(&request, organization).map(|decided| decided.counts[0].rule.1);
            assert_eq!(found.map_err(|denial| denial.rule), expected, "{organization:?}");
        }
    }

    #[test]
    fn patterns_match_whole_arguments() {
        for (pattern, text, expected) in [
            ("-File", "-File", true),
            ("-File", "-Files", false),
            ("*.ps1", "job.ps1", true),
            ("*.ps1", "job.ps1 ", false),
            ("--*=*", "--a=b", true),
            ("--*=*", "--a", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("*", "", true),
            ("", "", true),
            ("*", "-o", false),
            ("*.txt", "--output=/x.txt", false),
            ("*.txt", "x-y.txt", true),
            ("-*", "-o", true),
            ("--*", "-o", false),
            ("*", "+x", false),
            ("*", "@list", false),
            ("@*", "@list", true),
            ("*", "\u{2014}Command", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

//! The texts of denials: when a job is checked, before a step runs, and at its calls.
//!
//! Each capability adds the texts of its own denials. Operators read the whole text; the step gets
//! [`Denial::to_guest`], which reveals nothing of the policy.

use super::capability::Capability;
use super::grant::Grant;
use super::limits::{Limits, Profile};
use super::rule::Rule;

/// Maximum number of characters of a step's text that a denial shows.
const MOST_SHOWN: usize = 200;

/// A denial: the denied action, the reason, and the change that would allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The id of the rule, for instance `SQL_NOT_GRANTED`.
    pub rule: Rule,
    /// The denied action, for instance `GET https://example.com/`.
    pub what: String,
    /// The denied action and the reason, in one sentence.
    pub message: String,
    /// The change that would allow the action. Empty when nothing would.
    pub help: String,
}

impl Denial {
    /// Makes a denial that is not about a capability.
    pub fn new(rule: Rule, what: &str, why: &str) -> Self {
        let message = if what.is_empty() { why.to_owned() } else { format!("{what}: {why}") };
        Self { rule, what: what.to_owned(), message, help: String::new() }
    }

    /// Adds the change that would allow the action.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Returns the text for operators: action, reason, and the change that would allow it.
    pub fn in_full(&self) -> String {
        if self.help.is_empty() { self.message.clone() } else { format!("{}; {}", self.message, self.help) }
    }

    /// Returns the text for the step: the action and the rule.
    pub fn to_guest(&self) -> String {
        format!("denied by policy: {} ({})", self.what, self.rule)
    }
}

/// The subject of a grant, as denials describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Whose {
    /// The step type.
    pub step_type: String,
    /// The policy, for instance ``policy `billing` ``. `None` when no policy applies to the step type.
    pub policy: Option<String>,
    /// The capabilities that the component asks for.
    pub asks: Vec<Capability>,
    /// The capabilities that the component requires.
    pub required: Vec<Capability>,
    /// The smallest profile in which the component works.
    pub wants: Option<Profile>,
    /// Whether the job has a smaller profile than policy grants.
    pub narrowed: bool,
    /// The mounts of the workspace that policy grants, and that the step does not have because the job has no
    /// `workspace`.
    pub without_workspace: Vec<String>,
}

/// Limits below those of the profile that a component asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The profile that the component asks for, and the profile that it has.
    pub message: String,
    /// The change that would grant more.
    pub help: String,
}

impl Shortfall {
    /// Returns both in one line.
    pub fn in_full(&self) -> String {
        format!("{}; {}", self.message, self.help)
    }
}

impl Whose {
    /// Denies an action of a capability. `why` describes how the rules differ from the action, if there are
    /// any; `yaml` is the rule that would allow it.
    pub fn refuse(&self, rule: Rule, what: &str, why: Option<String>, yaml: &str) -> Denial {
        let Self { step_type, policy, .. } = self;
        let what = shown(what);
        let Some(capability) = rule.capability() else {
            return Denial::new(rule, &what, &why.unwrap_or_default());
        };
        if !self.asks_for(capability) {
            let why = format!("not asked for: the step type `{step_type}` does not ask for `{capability}`");
            return Denial::new(rule, &what, &why).help(format!(
                "add `Need::new(\"{capability}\", \"why the step needs it\")` to `NEEDS` of the step; policy must grant it too"
            ));
        }
        let yaml = format!("`{capability}: {yaml}`");
        let Some(policy) = policy else {
            let why = format!("not granted: no policy is for the step type `{step_type}`");
            return Denial::new(rule, &what, &why).help(format!(
                "write {yaml} into a policy with `steps: [{step_type}]`, and name its file (`--policy`)"
            ));
        };
        let why = why.unwrap_or_else(|| format!("{policy} grants no `{capability}`"));
        Denial::new(rule, &what, &format!("not granted: {why}")).help(format!("write {yaml} into {policy}"))
    }

    /// Denies every action of a capability.
    pub fn refuse_all(&self, capability: Capability) -> Denial {
        self.refuse(capability.not_granted(), capability.anything(), None, capability.example())
    }

    /// Returns whether the component asks for a capability, or need not ask.
    pub fn asks_for(&self, capability: Capability) -> bool {
        !capability.is_asked_for() || self.asks.contains(&capability)
    }

    pub fn name(&self) -> &str {
        self.policy.as_deref().unwrap_or("no policy")
    }
}

impl Grant {
    /// Returns the profile that the component asks for, if some limits are below it. A policy that names the
    /// profile may still lower some of its limits.
    pub fn shortfall(&self) -> Option<Shortfall> {
        let Whose { step_type, policy, wants, narrowed, .. } = &self.whose;
        let wants = wants.filter(|wants| *wants > self.profile)?;
        let (name, wall) = (wants.name(), self.limits.wall);
        let wanted = Limits { wall, ..wants.limits() };
        if self.limits.min(&wanted) == wanted {
            return None;
        }
        let message =
            format!("`{step_type}` asks for the profile `{name}`, and has `{}`", self.profile.name());
        let help = match policy {
            _ if *narrowed => format!("write `profile: {name}` into the `policy` of the job or the step"),
            Some(policy) => format!("write `profile: {name}` into {policy}"),
            None => format!(
                "write `profile: {name}` into a policy with `steps: [{step_type}]`, and name its file (`--policy`)"
            ),
        };
        Some(Shortfall { message, help })
    }

    /// Returns the needs of the step of which it gets nothing. Empty when the step gets some of its other
    /// needs, which may be enough.
    pub fn lacking(&self) -> Vec<Denial> {
        if self.whose.asks.iter().any(|capability| self.granted.has(*capability)) {
            return Vec::new();
        }
        self.whose.required.iter().map(|capability| self.whose.refuse_all(*capability)).collect()
    }
}

pub(super) fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().take(10).map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Formats a text of the step on one line, with a bounded length.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = chars.by_ref().take(MOST_SHOWN).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// Quotes a text for YAML.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(shown(text)).to_string()
}

/// Writes a name for YAML, without quotes if it needs none.
pub(super) fn plain(name: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    let starts = |c: char| c.is_ascii_alphabetic() || c == '/';
    let name = shown(name);
    if name.starts_with(starts) && name.chars().all(word) { name } else { quoted(&name) }
}

/// Joins words: `a`, `a and b`, `a, b and c`.
pub(super) fn together(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::super::{HttpRequest, Policy, PolicySet, Request, decide};
    use super::*;
    use crate::Configuration;
    use crate::step::{Manifest, Need};

    const POLICY: &str = "policy: 1
name: p
steps: [acme/step]
http:
- {url: 'https://api.example.com', methods: [GET, POST], paths: ['/v1/*']}
- {url: 'http://*.example.org:8080'}
deny: {hosts: [bad.example.com]}
sql: [{connection: warehouse}]
files: [{mount: /w, workspace: 1MiB, access: write}]
process: [{program: pwsh, path: /bin/true, arguments: ['-File']}]
context: {read: [day]}
";

    fn grant(policy: &str, asks: &[&str], narrowing: &str) -> Grant {
        asking(Profile::Standard, policy, asks, narrowing)
    }

    fn asking(profile: Profile, policy: &str, asks: &[&str], narrowing: &str) -> Grant {
        let narrowing = format!("policy: 1\nname: n\nsteps: [x]\n{narrowing}");
        let narrowing = Policy::parse("n.yaml", &narrowing, Path::new("")).unwrap().remove(0).grants;
        let policies = match policy {
            "" => Vec::new(),
            text => Policy::parse("p.yaml", text, Path::new("")).unwrap(),
        };
        let mut config = Configuration::default();
        let text = "connections: {warehouse: {type: postgres, host: db, database: d, user: u}}";
        if !policy.is_empty() {
            config =
                Configuration::parse_all(&[("c.yaml".to_owned(), text.to_owned())], Path::new("")).unwrap();
        }
        let need = |name: &&str| Need {
            capability: Capability::parse(name).unwrap(),
            purpose: String::new(),
            optional: true,
        };
        let manifest = Manifest {
            type_name: "acme/step".to_owned(),
            version: "1.0.0".to_owned(),
            summary: String::new(),
            config_schema: json!({}).into(),
            needs: asks.iter().map(need).collect(),
            profile,
            idempotent: false,
        };
        let request = Request {
            project: "default",
            manifest: &manifest,
            digest: "sha256:aa",
            replaces_builtin: false,
            narrowing: &[&narrowing],
            timeout: None,
            workspace: Some(crate::quantity::Bytes::new(1 << 20)),
        };
        decide(&PolicySet::new(policies, &config).unwrap(), &config, &request).unwrap()
    }

    fn http(grant: &Grant, method: &str, url: &str) -> Denial {
        let url = url::Url::parse(url).unwrap();
        let request = HttpRequest {
            method,
            scheme: url.scheme(),
            host: url.host_str().unwrap(),
            port: url.port_or_known_default().unwrap(),
            path: url.path(),
        };
        grant.decide_http(&request, None).unwrap_err()
    }

    const ALL: &[&str] = &["http", "sql", "files", "process"];

    #[test]
    fn a_refusal_says_what_why_and_what_would_allow_it() {
        let full = grant(POLICY, ALL, "");
        for (denial, message, help) in [
            (
                http(&full, "DELETE", "https://api.example.com/v1/x"),
                "DELETE https://api.example.com/v1/x: not granted: the nearest rule of policy `p` is `GET|POST https://api.example.com/v1/*`, and differs in its method (`DELETE`)",
                "write `http: [{url: \"https://api.example.com\", methods: [DELETE], paths: [\"/v1/x\"]}]` into policy `p`",
            ),
            (
                http(&full, "GET", "https://other.net/"),
                "GET https://other.net/: not granted: the nearest rule of policy `p` is `GET|POST https://api.example.com/v1/*`, and differs in its host (`other.net`) and its path (`/`)",
                "write `http: [{url: \"https://other.net\", methods: [GET], paths: [\"/\"]}]` into policy `p`",
            ),
            (
                http(&full, "GET", "http://a.example.org/"),
                "GET http://a.example.org/: not granted: the nearest rule of policy `p` is `GET http://*.example.org:8080`, and differs in its port (`80`)",
                "write `http: [{url: \"http://a.example.org\", methods: [GET], paths: [\"/\"]}]` into policy `p`",
            ),
            (
                http(&full, "GET", "https://bad.example.com/"),
                "GET https://bad.example.com/: denied: `bad.example.com` is under `deny.hosts` of policy `p` or of the job",
                "",
            ),
            (
                full.refuse_connection("warehous"),
                "opening the connection `warehous`: not granted: policy `p` grants `warehouse`: did you mean that?",
                "write `sql: [{connection: warehous, mode: read}]` into policy `p`",
            ),
            (
                full.refuse_file("/etc/passwd", false),
                "reading `/etc/passwd`: not granted: it is outside of the mounts `/w`",
                "write `files: [{mount: /etc, source: DIRECTORY, access: read}]` into policy `p`",
            ),
            (
                full.refuse_program("bash"),
                "starting the program `bash`: not granted: policy `p` grants `pwsh`",
                "write `process: [{program: bash, path: FILE, arguments: [\"*\"]}]` into policy `p`",
            ),
            (
                full.refuse_context(Rule::ContextReadNotGranted, "reading the variable `x`", "x", "read"),
                "reading the variable `x`: not granted: `context.read` of policy `p` does not name it",
                "write `context: {read: [x]}` into policy `p`",
            ),
            (
                grant(POLICY, ALL, "context: {read: []}").refuse_context(
                    Rule::ContextReadNotGranted,
                    "reading the variable `day`",
                    "day",
                    "read",
                ),
                "reading the variable `day`: not granted: the `policy` of the job or the step leaves it out",
                "write `context: {read: [day]}` into policy `p`",
            ),
            (
                http(&grant(POLICY, ALL, "http: []"), "GET", "https://api.example.com/v1/x"),
                "GET https://api.example.com/v1/x: not granted: policy `p` allows it, and the `policy` of the job or the step does not",
                "write `http: [{url: \"https://api.example.com\", methods: [GET], paths: [\"/v1/x\"]}]` into the `policy` of the job",
            ),
            (
                grant(POLICY, &[], "").refuse_file("/w/x", true),
                "writing `/w/x`: not asked for: the step type `acme/step` does not ask for `files`",
                "add `Need::new(\"files\", \"why the step needs it\")` to `NEEDS` of the step; policy must grant it too",
            ),
            (
                http(&grant("", ALL, ""), "GET", "https://x.net/a"),
                "GET https://x.net/a: not granted: no policy is for the step type `acme/step`",
                "write `http: [{url: \"https://x.net\", methods: [GET], paths: [\"/a\"]}]` into a policy with `steps: [acme/step]`, and name its file (`--policy`)",
            ),
        ] {
            assert_eq!((denial.message.as_str(), denial.help.as_str()), (message, help));
        }
    }

    /// The help of a denial grants the action.
    #[test]
    fn the_rule_of_a_refusal_is_one_that_parses() {
        for denial in [
            http(&grant("", ALL, ""), "PUT", "https://x.net:8443/a%20b"),
            grant("", ALL, "").refuse_file("/tmp/a b/x", true),
            grant("", ALL, "").refuse_connection("a: b"),
            grant("", ALL, "").refuse_program("x"),
            grant("", ALL, "").refuse_context(Rule::ContextWriteNotGranted, "", "steps.a", "write"),
        ] {
            let yaml = denial.help.split('`').nth(1).unwrap();
            let text = format!("policy: 1\nname: p\nsteps: ['*']\n{yaml}\n")
                .replace("DIRECTORY", "/tmp")
                .replace("FILE", "/bin/sh");
            if let Err(error) = Policy::parse("p.yaml", &text, Path::new("")) {
                // The name of a mount has no spaces: the operator has to choose that part.
                assert!(error.to_string().contains("/tmp/a b"), "{yaml}\n{error}");
            }
        }
    }

    #[test]
    fn a_profile_below_the_one_asked_for_is_named_with_its_fix() {
        let fixed = "write `profile: large` into";
        for (policy, narrowing, help) in [
            ("", "", format!("{fixed} a policy with `steps: [acme/step]`, and name its file (`--policy`)")),
            ("policy: 1\nname: p\nsteps: ['*']\n", "", format!("{fixed} policy `p`")),
            (
                "policy: 1\nname: p\nsteps: ['*']\nprofile: large\n",
                "profile: standard",
                format!("{fixed} the `policy` of the job or the step"),
            ),
            (
                "policy: 1\nname: p\nsteps: ['*']\nprofile: tiny\n",
                "profile: tiny",
                format!("{fixed} policy `p`"),
            ),
        ] {
            let short = asking(Profile::Large, policy, &[], narrowing).shortfall().unwrap();
            assert_eq!(short.help, help);
            let has = if policy.contains("tiny") { "tiny" } else { "standard" };
            assert_eq!(short.message, format!("`acme/step` asks for the profile `large`, and has `{has}`"));
        }
        let all: String =
            Profile::Large.limits().list().iter().map(|(name, value)| format!("{name}: {value}, ")).collect();
        for grants in
            ["profile: large\n", "profile: large\nlimits: {memory: 56MiB}\n", &format!("limits: {{{all}}}\n")]
        {
            let policy = format!("policy: 1\nname: p\nsteps: ['*']\n{grants}");
            assert_eq!(asking(Profile::Large, &policy, &[], "").shortfall(), None, "{grants}");
        }
        assert_eq!(asking(Profile::Tiny, "", &[], "").shortfall(), None);
    }

    #[test]
    fn the_step_learns_nothing_of_the_policy_and_long_texts_are_cut() {
        let full = grant(POLICY, ALL, "");
        let denial = http(&full, "GET", "https://example.com/");
        assert_eq!(denial.to_guest(), "denied by policy: GET https://example.com/ (HTTP_NOT_GRANTED)");
        let long = full.refuse_connection(&"x\n".repeat(10_000));
        assert!(long.in_full().len() < 1000 && !long.in_full().contains('\n'));
    }
}

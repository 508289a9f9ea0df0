//! The decision: from policies, a job and a manifest to a grant, or a denial with its rule.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::{Access, ContextRule, FileRule, Grants, Policy, SqlMode};
use super::http::{HttpRequest, HttpRule, host_matches};
use super::limits::{Limits, Profile};
use crate::config::Configuration;
use crate::quantity::{Bytes, Count, Span};
use crate::step::Manifest;

/// The operator's policies. Without any, a step runs under the profile `standard` with no capability.
#[derive(Debug, Clone, Default)]
pub struct PolicySet(Vec<Policy>);

impl PolicySet {
    /// Takes the policies of the operator's files.
    ///
    /// # Errors
    /// Names the step types that two policies claim, the names used twice, and the connections and
    /// organizations that the configuration lacks.
    pub fn new(policies: Vec<Policy>, config: &Configuration) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        for (i, policy) in policies.iter().enumerate() {
            for other in policies.iter().take(i) {
                if other.name == policy.name {
                    problems.push(format!("two policies are named `{}`", policy.name));
                }
                for step in policy.steps.iter().filter(|step| other.steps.contains(step)) {
                    let names = format!("`{}` and `{}`", other.name, policy.name);
                    problems
                        .push(format!("the step type `{step}` is in two policies, {names}: leave it in one"));
                }
            }
            for problem in config.missing(&policy.grants) {
                problems.push(format!("policy `{}`: {problem}", policy.name));
            }
        }
        if problems.is_empty() { Ok(Self(policies)) } else { Err(problems) }
    }

    fn of(&self, step_type: &str) -> Option<&Policy> {
        let named = |name: &str| self.0.iter().find(|policy| policy.steps.iter().any(|step| step == name));
        named(step_type).or_else(|| named("*"))
    }
}

/// What is to be decided about.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The step, as its component describes itself.
    pub manifest: &'a Manifest,
    /// `sha256:...` of the component.
    pub digest: &'a str,
    /// The narrowing `policy` of the job and of the step, where they have one.
    pub narrowing: &'a [&'a Grants],
    /// The step's own time limit.
    pub timeout: Option<Span>,
    /// The size that the job asks for its workspace.
    pub workspace: Option<Bytes>,
}

/// A refusal: the id of the rule and a sentence with the mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// For instance `SQL_NOT_GRANTED`.
    pub rule: &'static str,
    /// What is refused, and what would grant it.
    pub message: String,
}

/// What one attempt may do. Made by [`decide`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    component: String,
    policy: String,
    profile: Profile,
    limits: Limits,
    http: HttpGrant,
    sql: BTreeMap<String, SqlGrant>,
    files: Vec<MountGrant>,
    context: Vec<ContextRule>,
    /// What each part came from; not part of the digest.
    #[serde(skip)]
    trace: Vec<(String, String)>,
}

/// The HTTP requests of a grant: each layer must allow a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HttpGrant {
    rules: Vec<HttpRule>,
    narrowing: Vec<Vec<HttpRule>>,
    deny: Vec<String>,
}

/// A connection of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlGrant {
    /// What statements may do.
    pub mode: SqlMode,
    /// Rows of one result.
    pub rows: Count,
    /// Time of one statement.
    pub timeout: Span,
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
    /// A grant of nothing, for calls that must be pure. The memory is that of `large`, since a component that
    /// needs it needs it to be instantiated at all.
    pub fn nothing() -> Self {
        Self {
            component: String::new(),
            policy: String::new(),
            profile: Profile::Large,
            limits: Limits { fuel: Limits::STANDARD.fuel, wall: Limits::STANDARD.wall, ..Limits::LARGE },
            http: HttpGrant::default(),
            sql: BTreeMap::new(),
            files: Vec::new(),
            context: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
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

    /// Whether the step may see `name`: a variable, or `steps.ID` for an output.
    pub fn may_read(&self, name: &str) -> bool {
        !self.context.is_empty() && self.context.iter().all(|layer| names(&layer.read, name))
    }

    /// Whether the step may set the variable.
    pub fn may_write(&self, name: &str) -> bool {
        !self.context.is_empty() && self.context.iter().all(|layer| names(&layer.write, name))
    }

    /// The capabilities that the step asks for, when it gets none of them at all.
    pub fn lacking(&self, manifest: &Manifest) -> Option<String> {
        let granted = |capability: &str| match capability {
            "http" => !self.http.is_empty(),
            "files" => !self.files.is_empty(),
            "sql" => !self.sql.is_empty(),
            _ => false,
        };
        let names: Vec<&str> = manifest.needs.iter().map(|need| need.capability.as_str()).collect();
        (!names.is_empty() && !names.iter().any(|name| granted(name))).then(|| names.join("`, `"))
    }

    /// Name and origin of each part, for `policy show`.
    pub fn trace(&self) -> &[(String, String)] {
        &self.trace
    }

    /// `sha256:...` of everything that the grant says, for the receipt.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        format!("sha256:{}", hex(&Sha256::digest(json)))
    }
}

fn names(list: &[String], name: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == name)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    /// The index and the rule that allow the request.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn decide(&self, request: &HttpRequest<'_>) -> Result<(usize, &HttpRule), Denial> {
        let target = format!(
            "{} {}://{}:{}{}",
            request.method, request.scheme, request.host, request.port, request.path
        );
        if self.deny.iter().any(|pattern| host_matches(pattern, request.host)) {
            let message = format!("{target}: the policy denies this host");
            return Err(Denial { rule: "HTTP_HOST_DENIED", message });
        }
        let found = self.rules.iter().enumerate().find(|(_, rule)| rule.allows(request));
        let narrowed = self.narrowing.iter().all(|layer| layer.iter().any(|rule| rule.allows(request)));
        match found {
            Some(found) if narrowed => Ok(found),
            _ => Err(Denial {
                rule: "HTTP_NOT_GRANTED",
                message: format!("{target}: no rule under `http` in the policy allows it"),
            }),
        }
    }
}

/// Decides what an attempt may do.
///
/// # Errors
/// A [`Denial`] when the step asks for `sql` and gets none, or is not the component that the policy names.
pub fn decide(policies: &PolicySet, config: &Configuration, request: &Request<'_>) -> Result<Grant, Denial> {
    let manifest = request.manifest;
    let (name, operator) = match policies.of(&manifest.type_name) {
        Some(policy) => {
            if policy.component.as_deref().is_some_and(|pinned| pinned != request.digest) {
                let message = format!(
                    "the policy `{}` is for another component of `{}` than {}",
                    policy.name, manifest.type_name, request.digest
                );
                return Err(Denial { rule: "COMPONENT_NOT_PINNED", message });
            }
            (format!("policy `{}`", policy.name), policy.grants.clone())
        }
        None => ("the built-in default".to_owned(), Grants::default()),
    };
    let layers = Layers { manifest, name, operator, narrowing: request.narrowing };
    let mut trace = Vec::new();
    let (profile, mut limits) = layers.limits(&mut trace);
    if let Some(timeout) = request.timeout
        && timeout < limits.wall
    {
        limits.wall = timeout;
        trace.push(("limits.wall".to_owned(), "the step's `timeout`".to_owned()));
    }
    Ok(Grant {
        component: request.digest.to_owned(),
        policy: layers.name.clone(),
        profile,
        http: layers.http(config, &mut trace),
        sql: layers.sql(&limits, &mut trace)?,
        files: layers.files(request.workspace, &limits, &mut trace),
        context: layers.context(&mut trace),
        limits,
        trace,
    })
}

struct Layers<'a> {
    manifest: &'a Manifest,
    name: String,
    operator: Grants,
    narrowing: &'a [&'a Grants],
}

impl Layers<'_> {
    fn limits(&self, trace: &mut Vec<(String, String)>) -> (Profile, Limits) {
        let mut profile = self.operator.profile.unwrap_or(Profile::Standard);
        let origin =
            if self.operator.profile.is_some() { self.name.as_str() } else { "the built-in default" };
        trace.push(("profile".to_owned(), format!("{} by {origin}", profile.name())));
        let mut limits = layer_limits(profile, &self.operator);
        trace.extend(
            self.operator.limits.names().iter().map(|name| (format!("limits.{name}"), self.name.clone())),
        );
        for layer in self.narrowing {
            let narrower = layer.profile.unwrap_or(profile).min(profile);
            limits = limits.min(&layer_limits_over(&limits, narrower, layer));
            if narrower < profile {
                trace.push(("profile".to_owned(), format!("{} by the job", narrower.name())));
                profile = narrower;
            }
            trace.extend(
                layer.limits.names().iter().map(|name| (format!("limits.{name}"), "the job".to_owned())),
            );
        }
        (profile, limits.min(&Limits::CEILING))
    }

    fn http(&self, config: &Configuration, trace: &mut Vec<(String, String)>) -> HttpGrant {
        let expand =
            |rules: &[HttpRule]| rules.iter().flat_map(|rule| config.expand(rule)).collect::<Vec<_>>();
        let rules = expand(self.operator.http.as_deref().unwrap_or_default());
        if !self.asks("http") {
            return HttpGrant::default();
        }
        for rule in &rules {
            trace.push((format!("http {}", rule.url.as_deref().unwrap_or_default()), self.name.clone()));
        }
        let narrowing = self.narrowing.iter().filter_map(|layer| layer.http.as_deref().map(expand)).collect();
        let deny = |grants: &Grants| grants.deny.hosts.clone();
        let deny = self.narrowing.iter().flat_map(|layer| deny(layer)).chain(deny(&self.operator)).collect();
        HttpGrant { rules, narrowing, deny }
    }

    fn sql(
        &self,
        limits: &Limits,
        trace: &mut Vec<(String, String)>,
    ) -> Result<BTreeMap<String, SqlGrant>, Denial> {
        let rules = self.operator.sql.as_deref().unwrap_or_default();
        if !self.asks("sql") {
            return Ok(BTreeMap::new());
        }
        if rules.is_empty() {
            return Err(self.refuse_without_sql());
        }
        let mut granted = BTreeMap::new();
        for rule in rules {
            let mut sql = SqlGrant {
                mode: rule.mode,
                rows: rule.rows.unwrap_or(limits.sql_rows).min(limits.sql_rows),
                timeout: rule.timeout.unwrap_or(limits.sql_timeout).min(limits.sql_timeout),
            };
            let mut kept = true;
            for layer in self.narrowing.iter().filter_map(|layer| layer.sql.as_deref()) {
                match layer.iter().find(|narrow| narrow.connection == rule.connection) {
                    None => kept = false,
                    Some(narrow) => {
                        sql.mode = sql.mode.min(narrow.mode);
                        sql.rows = sql.rows.min(narrow.rows.unwrap_or(sql.rows));
                        sql.timeout = sql.timeout.min(narrow.timeout.unwrap_or(sql.timeout));
                    }
                }
            }
            if kept {
                trace.push((format!("sql {}", rule.connection), self.name.clone()));
                granted.insert(rule.connection.clone(), sql);
            }
        }
        Ok(granted)
    }

    fn files(
        &self,
        workspace: Option<Bytes>,
        limits: &Limits,
        trace: &mut Vec<(String, String)>,
    ) -> Vec<MountGrant> {
        let rules = self.operator.files.as_deref().unwrap_or_default();
        if !self.asks("files") {
            return Vec::new();
        }
        let mut granted = Vec::new();
        for rule in rules {
            let mut access = rule.access;
            let mut kept = true;
            for layer in self.narrowing.iter().filter_map(|layer| layer.files.as_deref()) {
                match layer.iter().find(|narrow| narrow.mount == rule.mount) {
                    None => kept = false,
                    Some(narrow) => access = access.min(narrow.access),
                }
            }
            // The job decides whether there is a workspace, the operator how large it may be.
            let source = match (rule, workspace) {
                (FileRule { source: Some(source), .. }, _) => MountSource::Host(source.into()),
                (FileRule { scratch: Some(size), .. }, _) => {
                    MountSource::Scratch((*size).min(limits.file_bytes))
                }
                (FileRule { workspace: Some(size), .. }, Some(wanted)) => {
                    MountSource::Workspace((*size).min(wanted))
                }
                _ => continue,
            };
            if kept {
                trace.push((format!("files {}", rule.mount), self.name.clone()));
                granted.push(MountGrant { mount: rule.mount.clone(), source, access });
            }
        }
        granted
    }

    fn context(&self, trace: &mut Vec<(String, String)>) -> Vec<ContextRule> {
        let Some(operator) = &self.operator.context else { return Vec::new() };
        trace.push(("context".to_owned(), self.name.clone()));
        let narrowing = self.narrowing.iter().filter_map(|layer| layer.context.as_ref());
        std::iter::once(operator).chain(narrowing).cloned().collect()
    }

    fn asks(&self, capability: &str) -> bool {
        self.manifest.needs.iter().any(|need| need.capability == capability)
    }

    /// A component that imports one of our own capabilities is refused before it runs when policy grants
    /// none of it. (WASI is linked for every step, and denies at the call.)
    fn refuse_without_sql(&self) -> Denial {
        let message = format!(
            "the step type `{}` asks for `sql`, and {} grants none: name a connection under `sql` in its policy",
            self.manifest.type_name, self.name
        );
        Denial { rule: "SQL_NOT_GRANTED", message }
    }
}

fn layer_limits(profile: Profile, grants: &Grants) -> Limits {
    layer_limits_over(&profile.limits(), profile, grants)
}

/// The limits that `grants` sets, over what holds so far where it names none of its own.
fn layer_limits_over(base: &Limits, profile: Profile, grants: &Grants) -> Limits {
    let start = match grants.profile {
        Some(_) => profile.limits(),
        None => base.clone(),
    };
    let mut limits = start.with(&grants.limits);
    if let Some(log) = &grants.log {
        limits.log_lines = log.lines.unwrap_or(limits.log_lines);
        limits.log_line_bytes = log.line_bytes.unwrap_or(limits.log_line_bytes);
        limits.log_bytes = log.bytes.unwrap_or(limits.log_bytes);
    }
    limits
}

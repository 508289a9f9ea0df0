//! The decision: from policies, a job and a manifest to a grant, or a denial with its rule.

use std::collections::BTreeMap;

use super::file::{ContextRule, FileRule, Grants, Policy};
use super::grant::{Grant, HttpGrant, MountGrant, MountSource, ProcessGrant, SqlGrant};
use super::http::{HttpRule, denied_host};
use super::limits::{Limits, Profile};
use super::refusal::{Denial, Whose};
use crate::config::Configuration;
use crate::quantity::{Bytes, Span};
use crate::reference::{StepRef, Wanted};
use crate::step::{Manifest, Need};

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
                if !policy.shares_a_project(other) {
                    continue;
                }
                for step in policy.steps.iter().filter(|step| other.steps.contains(step)) {
                    let names = format!("`{}` and `{}`", other.name, policy.name);
                    problems
                        .push(format!("the step type `{step}` is in two policies, {names}: leave it in one"));
                }
            }
            let known = policy.projects.iter().filter(|name| *name != "*" && !config.has_project(name));
            problems.extend(known.map(|name| {
                format!("policy `{}`: the project `{name}` is not in the configuration", policy.name)
            }));
            for problem in config.missing(&policy.grants, |project| policy.is_for(project)) {
                problems.push(format!("policy `{}`: {problem}", policy.name));
            }
        }
        if problems.is_empty() { Ok(Self(policies)) } else { Err(problems) }
    }

    /// The names of the policies.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|policy| policy.name.clone()).collect()
    }

    /// The policy for a component: of those that name it, the one that says most; else the one for `*`.
    ///
    /// The threat: a stranger's component under the name of a built-in step. An operator who wrote `sql` trusts the step that
    /// comes with the program, so such a component gets nothing by its name.
    fn of(&self, request: &Request<'_>) -> Option<&Policy> {
        let precision = |policy: &Policy| {
            let trusted = !request.replaces_builtin
                || policy.replaced
                || policy.component.as_deref() == Some(request.digest);
            let named = policy.steps.iter().filter_map(|step| {
                let step = StepRef::parse(step).ok()?;
                let by_digest = matches!(step.wanted, Wanted::Digest(_));
                let meant = step.type_name == request.manifest.type_name
                    && step.matches(&request.manifest.version, request.digest)
                    && (trusted || by_digest);
                meant.then(|| step.precision() + 1)
            });
            let any = policy.steps.iter().any(|step| step == "*").then_some(0);
            named.max().or(any)
        };
        let own = self.0.iter().filter(|policy| policy.is_for(request.project));
        let fitting = own.filter_map(|policy| Some((precision(policy)?, policy)));
        // Of equals the first: two policies never have one name for a step.
        fitting.rev().max_by_key(|(precision, _)| *precision).map(|(_, policy)| policy)
    }
}

/// What is to be decided about.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The project of the job.
    pub project: &'a str,
    /// The step, as its component describes itself.
    pub manifest: &'a Manifest,
    /// `sha256:...` of the component.
    pub digest: &'a str,
    /// The component bears the name of a built-in step, and is another.
    pub replaces_builtin: bool,
    /// The narrowing `policy` of the job and of the step, where they have one.
    pub narrowing: &'a [&'a Grants],
    /// The step's own time limit.
    pub timeout: Option<Span>,
    /// The size that the job asks for its workspace.
    pub workspace: Option<Bytes>,
}

/// Decides what an attempt may do.
///
/// # Errors
/// A [`Denial`] when the step asks for `sql` and gets none, is not the component that the policy or the configuration
/// names, or the configuration has switched its type off.
pub fn decide(policies: &PolicySet, config: &Configuration, request: &Request<'_>) -> Result<Grant, Denial> {
    let manifest = request.manifest;
    let said = config.step_types.get(&manifest.type_name);
    if let Some(said) = said {
        let (name, place) = (&manifest.type_name, "`step_types` of the configuration");
        if !said.enabled {
            let why = format!("{place} has switched `{name}` off");
            let help = format!("remove `enabled: false` from `step_types.{name}`");
            return Err(Denial::new("STEP_TYPE_DISABLED", "", &why).help(help));
        }
        if said.digest.as_deref().is_some_and(|pinned| pinned != request.digest) {
            let why = format!("{place} pins another component for `{name}` than {}", request.digest);
            return Err(Denial::new("COMPONENT_NOT_PINNED", "", &why).help(repin(request)));
        }
    }
    let (name, operator) = match policies.of(request) {
        Some(policy) => {
            if policy.component.as_deref().is_some_and(|pinned| pinned != request.digest) {
                let why = format!(
                    "the policy `{}` is for another component of `{}` than {}",
                    policy.name, manifest.type_name, request.digest
                );
                return Err(Denial::new("COMPONENT_NOT_PINNED", "", &why).help(repin(request)));
            }
            (Some(format!("policy `{}`", policy.name)), policy.grants.clone())
        }
        None => (None, Grants::default()),
    };
    let mut whose = whose(manifest, name.clone());
    let name = name.unwrap_or_else(|| "the built-in default".to_owned());
    let given = operator.profile.unwrap_or(Profile::Standard);
    let least = request.narrowing.iter().filter_map(|layer| layer.profile).fold(given, Profile::min);
    whose.narrowed = least < given.min(manifest.profile);
    let layers = Layers { manifest, name, whose, operator, narrowing: request.narrowing };
    let mut trace = Vec::new();
    let (profile, mut limits) = layers.limits(&mut trace);
    if let Some(said) = said {
        limits = limits.min(&limits.clone().with(&said.limits));
        let names =
            said.limits.names().into_iter().map(|name| (format!("limits.{name}"), "step_types".to_owned()));
        trace.extend(names);
    }
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
        process: layers.process(&limits, &mut trace)?,
        environment: layers.environment(&mut trace),
        context: layers.context(&mut trace),
        limits,
        whose: layers.whose,
        trace,
        digest: String::new(),
    }
    .sealed())
}

fn repin(request: &Request<'_>) -> String {
    format!("pin {}, where it is the right one", request.digest)
}

/// Whose grant it is.
fn whose(manifest: &Manifest, policy: Option<String>) -> Whose {
    let named = |needs: &mut dyn Iterator<Item = &Need>| needs.map(|need| need.capability.clone()).collect();
    Whose {
        step_type: manifest.type_name.clone(),
        policy,
        asks: named(&mut manifest.needs.iter()),
        required: named(&mut manifest.needs.iter().filter(|need| !need.optional)),
        wants: Some(manifest.profile),
        narrowed: false,
    }
}

struct Layers<'a> {
    manifest: &'a Manifest,
    name: String,
    whose: Whose,
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
        let whose = self.whose.clone();
        if !self.asks("http") {
            return HttpGrant { whose, ..HttpGrant::default() };
        }
        for rule in &rules {
            trace.push((format!("http {}", rule.url.as_deref().unwrap_or_default()), self.name.clone()));
        }
        let narrowing = self.narrowing.iter().filter_map(|layer| layer.http.as_deref().map(expand)).collect();
        // A pattern that is no host is refused where it is written; here it denies itself at least.
        let spelt = |host: &String| denied_host(host).unwrap_or_else(|_| host.clone());
        let denied = |grants: &Grants| grants.deny.hosts.iter().map(spelt).collect::<Vec<_>>();
        let deny =
            self.narrowing.iter().flat_map(|layer| denied(layer)).chain(denied(&self.operator)).collect();
        HttpGrant { rules, narrowing, deny, whose }
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
        if rules.is_empty() && self.cannot_do_without("sql") {
            return Err(self.whose.refuse_all("sql"));
        }
        let mut granted = BTreeMap::new();
        for rule in rules {
            let mut sql = SqlGrant {
                mode: rule.mode,
                scripts: rule.scripts,
                rows: rule.rows.unwrap_or(limits.sql_rows).min(limits.sql_rows),
                timeout: rule.timeout.unwrap_or(limits.sql_timeout).min(limits.sql_timeout),
            };
            let mut kept = true;
            for layer in self.narrowing.iter().filter_map(|layer| layer.sql.as_deref()) {
                match layer.iter().find(|narrow| narrow.connection == rule.connection) {
                    None => kept = false,
                    Some(narrow) => {
                        sql.mode = sql.mode.min(narrow.mode);
                        sql.scripts &= narrow.scripts;
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
            let mut most = limits.file_bytes;
            for layer in self.narrowing.iter().filter_map(|layer| layer.files.as_deref()) {
                match layer.iter().find(|narrow| narrow.mount == rule.mount) {
                    None => kept = false,
                    Some(narrow) => {
                        access = access.min(narrow.access);
                        most = most.min(narrow.scratch.or(narrow.workspace).unwrap_or(most));
                    }
                }
            }
            // The job decides whether there is a workspace, the operator how large it may be.
            let source = match (rule, workspace) {
                (FileRule { source: Some(source), .. }, _) => MountSource::Host(source.into()),
                (FileRule { scratch: Some(size), .. }, _) => MountSource::Scratch((*size).min(most)),
                (FileRule { workspace: Some(size), .. }, Some(wanted)) => {
                    MountSource::Workspace((*size).min(wanted).min(most))
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

    fn process(
        &self,
        limits: &Limits,
        trace: &mut Vec<(String, String)>,
    ) -> Result<BTreeMap<String, ProcessGrant>, Denial> {
        let rules = self.operator.process.as_deref().unwrap_or_default();
        if !self.asks("process") {
            return Ok(BTreeMap::new());
        }
        if rules.is_empty() && self.cannot_do_without("process") {
            return Err(self.whose.refuse_all("process"));
        }
        let mut granted = BTreeMap::new();
        for rule in rules {
            let mut process = ProcessGrant {
                path: rule.path.clone().unwrap_or_default().into(),
                arguments: vec![rule.arguments.clone()],
                environment: rule.environment.clone(),
                read: rule.read.iter().map(Into::into).collect(),
                network: rule.network,
                timeout: rule.timeout.unwrap_or(limits.process_timeout).min(limits.process_timeout),
                allow_weaker: rule.allow_weaker,
            };
            let mut kept = true;
            for layer in self.narrowing.iter().filter_map(|layer| layer.process.as_deref()) {
                let same = |path: &Option<String>| path.is_none() || *path == rule.path;
                match layer.iter().find(|narrow| narrow.program == rule.program && same(&narrow.path)) {
                    None => kept = false,
                    Some(narrow) => {
                        process.arguments.push(narrow.arguments.clone());
                        process.environment.retain(|name| narrow.environment.contains(name));
                        process
                            .read
                            .retain(|dir| narrow.read.iter().any(|own| dir.as_os_str() == own.as_str()));
                        process.network &= narrow.network;
                        process.timeout = process.timeout.min(narrow.timeout.unwrap_or(process.timeout));
                    }
                }
            }
            if kept {
                trace.push((format!("process {}", rule.program), self.name.clone()));
                granted.insert(rule.program.clone(), process);
            }
        }
        Ok(granted)
    }

    /// A job may leave out variables of the operator's, and cannot change one.
    fn environment(&self, trace: &mut Vec<(String, String)>) -> BTreeMap<String, String> {
        if !self.asks("environment") {
            return BTreeMap::new();
        }
        let mut granted = self.operator.environment.clone().unwrap_or_default();
        for layer in self.narrowing.iter().filter_map(|layer| layer.environment.as_ref()) {
            granted.retain(|name, value| layer.get(name) == Some(value));
        }
        trace.extend(granted.keys().map(|name| (format!("environment {name}"), self.name.clone())));
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

    /// A component that cannot do without `sql` or `process` is refused before it runs when policy grants none of it.
    /// (WASI is linked for every step, and denies at the call.)
    fn cannot_do_without(&self, capability: &str) -> bool {
        self.manifest.needs.iter().any(|need| need.capability == capability && !need.optional)
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

#[cfg(test)]
mod tests;

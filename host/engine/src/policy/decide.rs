//! The decision: from policies, a job and a manifest to a grant, or to a denial with its rule.

use std::collections::{BTreeMap, BTreeSet};

use super::capability::{Granted, Opinions};
use super::file::{Grants, Policy};
use super::grant::Grant;
use super::limits::{Limits, Profile};
use super::refusal::{Denial, Whose};
use super::rule::Rule;
use crate::config::Configuration;
use crate::document::{MAX_PROBLEMS, MORE, Schema};
use crate::quantity::{Bytes, Span};
use crate::reference::{StepRef, Wanted};
use crate::step::{Manifest, Need};

/// The names of policies, by the step types and projects that they apply to.
#[derive(Default)]
struct Taken<'p>(BTreeMap<&'p str, BTreeMap<&'p str, &'p str>>);

impl<'p> Taken<'p> {
    /// Adds a policy. Reports each of its step types that another policy names for a common project.
    fn take(&mut self, policy: &'p Policy, problems: &mut Vec<String>) {
        let steps: BTreeSet<&str> = policy.steps.iter().map(String::as_str).collect();
        let projects: BTreeSet<&str> = policy.projects.iter().map(String::as_str).collect();
        for step in steps {
            let others = self.0.entry(step).or_default();
            let other = match projects.contains("*") {
                true => others.values().next(),
                false => others.get("*").or_else(|| projects.iter().find_map(|name| others.get(name))),
            };
            if let Some(other) = other {
                let names = format!("`{other}` and `{}`", policy.name);
                problems.push(format!("the step type `{step}` is in two policies, {names}: leave it in one"));
            }
            if problems.len() > MAX_PROBLEMS {
                return;
            }
            for project in &projects {
                others.entry(project).or_insert(&policy.name);
            }
        }
    }
}

/// The operator's policies. Without any, a step runs under the profile `standard` with no capability.
#[derive(Debug, Clone, Default)]
pub struct PolicySet(Vec<Policy>);

impl PolicySet {
    /// Accepts the policies of the operator's files.
    ///
    /// # Errors
    /// Names the step types that two policies claim, the names used twice, and the connections and
    /// organizations that the configuration lacks.
    pub fn new(policies: Vec<Policy>, config: &Configuration) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        let mut taken = Taken::default();
        for policy in &policies {
            if !names.insert(&policy.name) {
                problems.push(format!("two policies are named `{}`", policy.name));
            }
            taken.take(policy, &mut problems);
            let known = policy.projects.iter().filter(|name| *name != "*" && !config.has_project(name));
            problems.extend(known.take(MAX_PROBLEMS + 1).map(|name| {
                format!("policy `{}`: the project `{name}` is not in the configuration", policy.name)
            }));
            problems.extend(policy.missing(config));
            if problems.len() > MAX_PROBLEMS {
                problems.truncate(MAX_PROBLEMS);
                problems.push(MORE.to_owned());
                break;
            }
        }
        if problems.is_empty() { Ok(Self(policies)) } else { Err(problems) }
    }

    /// Returns the names of the policies.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|policy| policy.name.clone()).collect()
    }

    /// Returns the policy for a component: the most specific of those that name it, otherwise the policy for
    /// `*`.
    ///
    /// The threat: a stranger's component has the name of a built-in step. An operator who wrote `sql` trusts
    /// the step that comes with the program, so such a component gets nothing by its name.
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
        // Ties do not occur: two policies never use the same name for a step.
        fitting.rev().max_by_key(|(precision, _)| *precision).map(|(_, policy)| policy)
    }
}

/// The subject of the decision.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The project of the job.
    pub project: &'a str,
    /// The description that the component gives of itself.
    pub manifest: &'a Manifest,
    /// The digest of the component: `sha256:...`.
    pub digest: &'a str,
    /// Whether the component has the name of a built-in step, but is another component.
    pub replaces_builtin: bool,
    /// The narrowing `policy` of the job and of the step, if they have one.
    pub narrowing: &'a [&'a Grants],
    /// The step's own time limit.
    pub timeout: Option<Span>,
    /// The size that the job requests for its workspace.
    pub workspace: Option<Bytes>,
}

/// Decides the capabilities and limits of an attempt.
///
/// # Errors
/// Returns a [`Denial`] when the step requires `sql` and gets none, when it is not the component that the
/// policy or the configuration pins, or when the configuration has disabled its type.
pub fn decide(policies: &PolicySet, config: &Configuration, request: &Request<'_>) -> Result<Grant, Denial> {
    let manifest = request.manifest;
    let said = config.step_types.get(&manifest.type_name);
    if let Some(said) = said {
        let (name, place) = (&manifest.type_name, "`step_types` of the configuration");
        if !said.enabled {
            let why = format!("{place} has switched `{name}` off");
            let help = format!("remove `enabled: false` from `step_types.{name}`");
            return Err(Denial::new(Rule::StepTypeDisabled, "", &why).help(help));
        }
        if said.digest.as_deref().is_some_and(|pinned| pinned != request.digest) {
            let why = format!("{place} pins another component for `{name}` than {}", request.digest);
            return Err(Denial::new(Rule::ComponentNotPinned, "", &why).help(repin(request)));
        }
    }
    let (name, operator) = match policies.of(request) {
        Some(policy) => {
            if policy.component.as_deref().is_some_and(|pinned| pinned != request.digest) {
                let why = format!(
                    "the policy `{}` is for another component of `{}` than {}",
                    policy.name, manifest.type_name, request.digest
                );
                return Err(Denial::new(Rule::ComponentNotPinned, "", &why).help(repin(request)));
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
    if request.workspace.is_none() {
        let rules = operator.files.iter().flatten().filter(|rule| rule.workspace.is_some());
        whose.without_workspace = rules.map(|rule| rule.mount.clone()).collect();
    }
    let mut trace = Vec::new();
    let (profile, mut limits) = folded_limits(&name, &operator, request.narrowing, &mut trace);
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
    let granted = Granted::fold(&Opinions {
        operator: &operator,
        narrowing: request.narrowing,
        whose: &whose,
        limits: &limits,
        config,
        workspace: request.workspace,
    })?;
    Ok(Grant {
        component: request.digest.to_owned(),
        policy: name,
        profile,
        limits,
        granted,
        whose,
        trace,
        digest: String::new(),
    }
    .sealed())
}

/// Decides about the locks of a part of a job that is no component: `kind` is `job`, or the type of a step of the
/// engine.
///
/// # Errors
/// As [`decide`].
pub fn decide_locks(
    policies: &PolicySet,
    config: &Configuration,
    (project, kind): (&str, &str),
    narrowing: &[&Grants],
) -> Result<Grant, Denial> {
    decide_engine_step(policies, config, (project, kind), narrowing, None)
}

/// Decides about a step of the engine with its own time limit: a step of the type `worker`.
///
/// # Errors
/// As [`decide`].
pub fn decide_engine_step(
    policies: &PolicySet,
    config: &Configuration,
    (project, kind): (&str, &str),
    narrowing: &[&Grants],
    timeout: Option<Span>,
) -> Result<Grant, Denial> {
    let manifest = Manifest {
        type_name: kind.to_owned(),
        version: String::new(),
        summary: String::new(),
        config_schema: Schema::from(serde_json::Value::Bool(true)),
        needs: Vec::new(),
        profile: Profile::Tiny,
        idempotent: true,
    };
    let request = Request {
        project,
        manifest: &manifest,
        digest: "",
        replaces_builtin: false,
        narrowing,
        timeout,
        workspace: None,
    };
    decide(policies, config, &request)
}

fn repin(request: &Request<'_>) -> String {
    format!("pin {}, where it is the right one", request.digest)
}

/// Returns the subject of the grant, for denials.
fn whose(manifest: &Manifest, policy: Option<String>) -> Whose {
    let named = |needs: &mut dyn Iterator<Item = &Need>| needs.map(|need| need.capability).collect();
    Whose {
        step_type: manifest.type_name.clone(),
        policy,
        asks: named(&mut manifest.needs.iter()),
        required: named(&mut manifest.needs.iter().filter(|need| !need.optional)),
        wants: Some(manifest.profile),
        narrowed: false,
        without_workspace: Vec::new(),
    }
}

/// Returns the profile and the limits: the smallest values of all layers, under the ceiling.
fn folded_limits(
    name: &str,
    operator: &Grants,
    narrowing: &[&Grants],
    trace: &mut Vec<(String, String)>,
) -> (Profile, Limits) {
    let mut profile = operator.profile.unwrap_or(Profile::Standard);
    let origin = if operator.profile.is_some() { name } else { "the built-in default" };
    trace.push(("profile".to_owned(), format!("{} by {origin}", profile.name())));
    let mut limits = layer_limits(profile, operator);
    let from = |layer: &Grants, origin: &str| {
        let names = layer.limits.names().into_iter();
        names.map(|name| (format!("limits.{name}"), origin.to_owned())).collect::<Vec<_>>()
    };
    trace.extend(from(operator, name));
    for layer in narrowing {
        let narrower = layer.profile.unwrap_or(profile).min(profile);
        limits = limits.min(&layer_limits_over(&limits, narrower, layer));
        if narrower < profile {
            trace.push(("profile".to_owned(), format!("{} by the job", narrower.name())));
            profile = narrower;
        }
        trace.extend(from(layer, "the job"));
    }
    (profile, limits.min(&Limits::CEILING))
}

fn layer_limits(profile: Profile, grants: &Grants) -> Limits {
    layer_limits_over(&profile.limits(), profile, grants)
}

/// Returns the limits that `grants` sets, and the present limits for all others.
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

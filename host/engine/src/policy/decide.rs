//! The decision: from policies, a job and a manifest to a grant, or a denial with its rule.

use std::collections::BTreeMap;

use super::file::{ContextRule, FileRule, Grants, Policy};
use super::grant::{Grant, HttpGrant, MountGrant, MountSource, ProcessGrant, SqlGrant};
use super::http::HttpRule;
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
    let whose = whose(manifest, name.clone());
    let name = name.unwrap_or_else(|| "the built-in default".to_owned());
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
        let deny = |grants: &Grants| grants.deny.hosts.clone();
        let deny = self.narrowing.iter().flat_map(|layer| deny(layer)).chain(deny(&self.operator)).collect();
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
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::policy::{Access, HttpRequest, SqlMode};
    use crate::quantity::Count;

    fn manifest(needs: &[&str]) -> Manifest {
        let need = |name: &&str| Need {
            capability: name.trim_end_matches('?').to_owned(),
            purpose: "test".to_owned(),
            optional: name.ends_with('?'),
        };
        Manifest {
            type_name: "acme/step".to_owned(),
            version: "1.0.0".to_owned(),
            summary: String::new(),
            config_schema: json!({}).into(),
            needs: needs.iter().map(need).collect(),
            profile: Profile::Standard,
            idempotent: false,
        }
    }

    fn grants(yaml: &str) -> Grants {
        let policy = format!("policy: 1\nname: p\nsteps: [x]\n{yaml}");
        Policy::parse("p.yaml", &policy, Path::new("")).unwrap().remove(0).grants
    }

    fn decided(operator: &str, narrowing: &[&str], needs: &[&str]) -> Result<Grant, Denial> {
        let policy = Policy {
            policy: 1,
            name: "p".to_owned(),
            steps: vec!["acme/step".to_owned()],
            projects: vec!["default".to_owned()],
            component: None,
            replaced: false,
            grants: grants(operator),
        };
        let narrowing: Vec<Grants> = narrowing.iter().map(|yaml| grants(yaml)).collect();
        let narrowing: Vec<&Grants> = narrowing.iter().collect();
        let manifest = manifest(needs);
        let request = Request {
            project: "default",
            manifest: &manifest,
            digest: "sha256:aa",
            replaces_builtin: false,
            narrowing: &narrowing,
            timeout: None,
            workspace: Some(Bytes(1 << 20)),
        };
        decide(&PolicySet(vec![policy]), &Configuration::default(), &request)
    }

    const ALL: &[&str] = &["http", "sql", "files"];
    const OPERATOR: &str = "http: [{url: 'https://a.example.com', methods: [GET, POST]}]
sql: [{connection: db, mode: write, rows: 100}]
files: [{mount: /w, workspace: 64MiB, access: write}, {mount: /s, scratch: 1MiB, access: write}]
context: {read: ['*'], write: [a]}";

    #[test]
    fn without_a_policy_there_are_limits_and_nothing_else() {
        let manifest = manifest(&["http", "files"]);
        let request = Request {
            project: "default",
            manifest: &manifest,
            digest: "",
            replaces_builtin: false,
            narrowing: &[],
            timeout: None,
            workspace: None,
        };
        let grant = decide(&PolicySet::default(), &Configuration::default(), &request).unwrap();
        assert_eq!(grant.limits(), &Limits::STANDARD);
        assert!(grant.http().is_empty() && grant.sql().is_empty() && grant.files().is_empty());
        assert!(!grant.may_read("x") && !grant.may_write("x"));
        let lacking: Vec<_> = grant.lacking().into_iter().map(|denial| denial.rule).collect();
        assert_eq!(lacking, ["HTTP_NOT_GRANTED", "FILES_NOT_GRANTED"]);
    }

    #[test]
    fn the_name_of_a_built_in_step_means_that_step_and_no_other() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let manifest = manifest(&["files"]);
        let granted = |steps: &str, more: &str, replaces_builtin: bool| {
            let text = format!(
                "policy: 1\nname: p\nsteps: [{steps}]\n{more}\nfiles: [{{mount: /s, scratch: 1MiB}}]"
            );
            let policies = Policy::parse("p.yaml", &text, Path::new("")).unwrap();
            let request = Request {
                project: "default",
                manifest: &manifest,
                digest: &digest,
                replaces_builtin,
                narrowing: &[],
                timeout: None,
                workspace: None,
            };
            let grant = decide(&PolicySet(policies), &Configuration::default(), &request).unwrap();
            !grant.files().is_empty()
        };
        for (steps, more, built_in, stranger) in [
            ("acme/step", "", true, false),
            ("acme/step@1", "", true, false),
            ("acme/step@1.0.0", "", true, false),
            ("acme/step@2", "", false, false),
            ("acme/step", "replaced: true", true, true),
            ("acme/step", &format!("component: '{digest}'"), true, true),
            (&format!("acme/step@{digest}"), "", true, true),
            // What is for everything was never for the built-in step alone.
            ("'*'", "", true, true),
        ] {
            assert_eq!(granted(steps, more, false), built_in, "{steps} {more}");
            assert_eq!(granted(steps, more, true), stranger, "{steps} {more}");
        }
    }

    #[test]
    fn of_several_policies_for_a_step_the_one_that_says_most_applies() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let names = [
            "'*'",
            "acme/step",
            "acme/step@1",
            "acme/step@1.0",
            "acme/step@1.0.0",
            &format!("acme/step@{digest}"),
        ];
        let manifest = manifest(&[]);
        for most in 0..names.len() {
            let mut policies = Vec::new();
            for name in names.iter().take(most + 1).rev() {
                let text = format!("policy: 1\nname: \"{name}\"\nsteps: [{name}]");
                policies.extend(Policy::parse("p.yaml", &text, Path::new("")).unwrap());
            }
            let request = Request {
                project: "default",
                manifest: &manifest,
                digest: &digest,
                replaces_builtin: false,
                narrowing: &[],
                timeout: None,
                workspace: None,
            };
            let policies = PolicySet(policies);
            assert_eq!(policies.of(&request).map(|policy| policy.name.as_str()), Some(names[most]));
        }
    }

    #[test]
    fn what_the_component_does_not_ask_for_it_does_not_get() {
        let grant = decided(OPERATOR, &[], &["files"]).unwrap();
        assert!(grant.http().is_empty() && grant.sql().is_empty());
        assert_eq!(grant.files().len(), 2);
        assert_eq!(grant.files()[0].source, MountSource::Workspace(Bytes(1 << 20)));
    }

    #[test]
    fn a_job_narrows_and_never_widens() {
        let narrow = "http: [{url: 'https://a.example.com'}, {url: 'https://b.example.com'}]
sql: [{connection: db, mode: ddl, rows: 10}, {connection: other}]
files: [{mount: /w, workspace: 1GiB, access: read}]
context: {read: [x], write: ['*']}
limits: {memory: 1GiB, fuel: 5}
profile: large";
        let grant = decided(OPERATOR, &[narrow], ALL).unwrap();
        let request = |method, host| HttpRequest { method, scheme: "https", host, port: 443, path: "/" };
        assert!(grant.http().decide(&request("GET", "a.example.com")).is_ok());
        assert_eq!(
            grant.http().decide(&request("POST", "a.example.com")).unwrap_err().rule,
            "HTTP_NOT_GRANTED"
        );
        assert_eq!(
            grant.http().decide(&request("GET", "b.example.com")).unwrap_err().rule,
            "HTTP_NOT_GRANTED"
        );
        assert_eq!(grant.sql().keys().collect::<Vec<_>>(), ["db"]);
        assert_eq!((grant.sql()["db"].mode, grant.sql()["db"].rows), (SqlMode::Write, Count(10)));
        assert_eq!(
            grant.files().iter().map(|m| (m.mount.as_str(), m.access)).collect::<Vec<_>>(),
            [("/w", Access::Read)]
        );
        assert!(grant.may_read("x") && !grant.may_read("y") && grant.may_write("a") && !grant.may_write("b"));
        assert_eq!((grant.limits().memory, grant.limits().fuel), (Limits::STANDARD.memory, Count(5)));
    }

    #[test]
    fn denials_name_their_rule() {
        assert_eq!(decided("", &[], &["sql"]).unwrap_err().rule, "SQL_NOT_GRANTED");
        assert_eq!(decided("", &[], &["process"]).unwrap_err().rule, "PROCESS_NOT_GRANTED");
        assert!(decided("", &[], &["sql?", "process?"]).is_ok(), "it can do without");
        let of = |narrowing: &[&str]| {
            let operator = "environment: {A: x, B: y}";
            decided(operator, narrowing, &["environment"])
                .unwrap()
                .environment()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), ["A", "B"]);
        assert_eq!(of(&["environment: {A: x, B: other}"]), ["A"]);
        assert!(decided("environment: {A: x}", &[], &[]).unwrap().environment().is_empty(), "it did not ask");
        let mut policy = Policy {
            policy: 1,
            name: "p".to_owned(),
            steps: vec!["*".to_owned()],
            projects: vec!["default".to_owned()],
            component: Some("sha256:bb".to_owned()),
            replaced: false,
            grants: Grants::default(),
        };
        let manifest = manifest(&[]);
        let request = Request {
            project: "default",
            manifest: &manifest,
            digest: "sha256:aa",
            replaces_builtin: false,
            narrowing: &[],
            timeout: None,
            workspace: None,
        };
        let denied =
            decide(&PolicySet(vec![policy.clone()]), &Configuration::default(), &request).unwrap_err();
        assert_eq!(denied.rule, "COMPONENT_NOT_PINNED");
        policy.component = Some("sha256:aa".to_owned());
        assert!(decide(&PolicySet(vec![policy.clone()]), &Configuration::default(), &request).is_ok());
        assert_eq!(
            PolicySet::new(vec![policy.clone(), policy], &Configuration::default()).unwrap_err().len(),
            2
        );
    }

    #[test]
    fn deny_wins() {
        let operator = "http: [{url: 'https://*.example.com'}]\ndeny: {hosts: ['in.example.com']}";
        let grant = decided(operator, &["deny: {hosts: [no.example.com]}"], ALL.get(..1).unwrap()).unwrap();
        let rule = |host| {
            let request = HttpRequest { method: "GET", scheme: "https", host, port: 443, path: "/" };
            grant.http().decide(&request).map_err(|denial| denial.rule).err()
        };
        assert_eq!(rule("ok.example.com"), None);
        assert_eq!(rule("in.example.com"), Some("HTTP_HOST_DENIED"));
        assert_eq!(rule("no.example.com"), Some("HTTP_HOST_DENIED"));
    }

    fn any_limits() -> impl Strategy<Value = String> {
        let profile = prop_oneof![Just("tiny"), Just("standard"), Just("large")];
        (proptest::option::of(profile), 1..1u64 << 31, 1..10_000_000_000_000u64, 1..86_400u64).prop_map(
            |(profile, memory, fuel, wall)| {
                let profile = profile.map_or(String::new(), |profile| format!("profile: {profile}\n"));
                format!("{profile}limits: {{memory: {memory}, fuel: {fuel}, wall: {wall}}}\n")
            },
        )
    }

    proptest! {
        /// Whatever a job writes, a grant is never wider than the operator's alone, nor than the ceiling.
        #[test]
        fn never_wider(operator in any_limits(), job in any_limits(), step in any_limits()) {
            let alone = decided(&operator, &[], &[]).unwrap();
            let narrowed = decided(&operator, &[&job, &step], &[]).unwrap();
            prop_assert_eq!(&narrowed.limits().min(alone.limits()), narrowed.limits());
            prop_assert_eq!(&alone.limits().min(&Limits::CEILING), alone.limits());
        }
    }
}

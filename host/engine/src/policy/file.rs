//! The policy file of an operator, and the narrower form that a job may contain.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capability::{self, Missing, Place, Policed, denied_host};
use super::limits::{Limits, LimitsPatch, Profile};
use crate::Configuration;
use crate::document::{Diagnostics, Document, Schema};
use crate::each_capability;
use crate::quantity::{Bytes, Count};
use crate::reference::StepRef;

/// One policy: the steps that it applies to, and their grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub policy: u32,
    /// The name, for `policy show`, run records and error messages.
    #[schemars(length(max = 200))]
    pub name: String,
    /// The step types that the policy applies to; `"*"` for every type that no other policy names. A type may
    /// have a version (`acme/invoice@1.2`) or a digest (`acme/invoice@sha256:...`); of several matching
    /// policies, the most specific applies.
    /// At most 1,000.
    #[schemars(length(min = 1, max = 1_000), inner(length(max = 300)))]
    pub steps: Vec<String>,
    /// The projects whose jobs the policy applies to; `"*"` for all projects. Default: `default`, the project
    /// of jobs that name none.
    #[serde(default = "default_project", skip_serializing_if = "is_default_project")]
    /// At most 1,000.
    #[schemars(length(min = 1, max = 1_000), inner(length(max = 32)))]
    pub projects: Vec<String>,
    /// The digest of the only component that the policy applies to: `sha256:` and 64 hexadecimal digits.
    /// Default: any component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub component: Option<String>,
    /// Whether the policy also applies to components that replace a built-in step. Default: false; the name
    /// of a built-in step (`sql`) means only that step, unless `steps` or `component` name the digest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replaced: bool,
    /// The grants of the steps.
    #[serde(flatten)]
    pub grants: Grants,
    /// The file of the policy.
    #[serde(skip)]
    pub origin: Origin,
}

/// The document that a policy was read from, for problems that only the configuration reveals. Default: none,
/// for a policy that a program made. Two policies are equal whatever their origins.
#[derive(Clone, Default)]
pub struct Origin(Option<Arc<Document>>);

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origin {}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin")
    }
}

macro_rules! grants {
    ($($(#[$attribute:meta])* $name:ident: $half:ident;)*) => {
        /// The grants of a policy. In a job file: the grants to which the job narrows its steps.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Grants {
            /// The set of limits to start from. Default: `standard`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub profile: Option<Profile>,
            /// Limits that differ from the profile.
            #[serde(skip_serializing_if = "is_default")]
            pub limits: LimitsPatch,
            /// Limits of the step's log.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub log: Option<LogRule>,
            $(
                $(#[$attribute])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<<capability::$half as Policed>::Rules>,
            )*
            /// Denials that override all grants.
            #[serde(skip_serializing_if = "is_default")]
            pub deny: Deny,
        }

        impl Grants {
            /// Calls a function for the rules of each capability, with their place.
            fn check_each(&self, document: &Document, pointer: &str, narrows: bool, problems: &mut Diagnostics) {
                $(if let Some(rules) = &self.$name {
                    let pointer = format!("{pointer}/{}", stringify!($name));
                    let mut place = Place { document, pointer, problems: &mut *problems };
                    capability::$half::check(rules, &mut place);
                    if narrows {
                        capability::$half::check_narrowing(rules, &mut place);
                    }
                })*
            }

            /// Makes paths absolute, from the directory of the policy file.
            fn resolve(&mut self, dir: &Path, document: &Document, problems: &mut Diagnostics) {
                $(if let Some(rules) = &mut self.$name {
                    let pointer = format!("/{}", stringify!($name));
                    let mut place = Place { document, pointer, problems: &mut *problems };
                    capability::$half::resolve(rules, dir, &mut place);
                })*
            }

            /// Returns the names in the rules that the configuration lacks, or has for other projects than
            /// `is_for` accepts. Their pointers begin at the policy.
            fn missing(&self, config: &Configuration, is_for: &dyn Fn(&str) -> bool) -> Vec<Missing> {
                let mut missing = Vec::new();
                $(if let Some(rules) = &self.$name {
                    let found = capability::$half::missing(rules, config, is_for).into_iter();
                    let at = |at: String| format!("/{}{at}", stringify!($name));
                    missing.extend(found.map(|one| Missing { at: at(one.at), ..one }));
                })*
                missing
            }
        }
    };
}

each_capability!(grants);

fn default_project() -> Vec<String> {
    vec![crate::project::DEFAULT.to_owned()]
}

fn is_default_project(projects: &Vec<String>) -> bool {
    *projects == default_project()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Limits of a step's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRule {
    /// Maximum number of lines; the rest is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Count>,
    /// Maximum bytes of one line; the rest is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_bytes: Option<Bytes>,
    /// Maximum bytes in total; the rest is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Bytes>,
}

/// Denials that override all grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deny {
    /// Denied hosts, at most 1,000: `internal.example.com` or `*.internal.example.com`.
    #[schemars(length(max = 1_000), inner(length(max = 300)))]
    pub hosts: Vec<String>,
    /// Denied locks, at most 1,000: names, in which `*` stands for any text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000), inner(length(min = 1, max = 300)))]
    pub locks: Vec<String>,
}

impl Policy {
    /// Returns the names that the configuration lacks, each with its place and its fix where they are known.
    pub(super) fn missing(&self, config: &Configuration) -> Vec<String> {
        let found = self.grants.missing(config, &|project| self.is_for(project)).into_iter();
        let shown = |one: Missing| {
            let place = self.origin.0.as_ref().map(|document| document.error(&one.at, ""));
            let place =
                place.map_or_else(String::new, |at| format!("{}:{}:{}: ", at.file, at.line, at.column));
            let help = one.near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("{place}policy `{}`: {}{help}", self.name, one.message)
        };
        found.map(shown).collect()
    }

    /// Returns whether the policy applies to jobs of a project.
    pub fn is_for(&self, project: &str) -> bool {
        self.projects.iter().any(|own| own == "*" || own == project)
    }

    /// Returns the JSON Schema of a policy.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Reads a policy file: one policy, or several separated by `---`. A relative `source` starts in `dir`.
    ///
    /// # Errors
    /// Returns every problem of the file, with its place. A policy with a problem grants nothing: no
    /// step runs.
    pub fn parse(name: &str, text: &str, dir: &Path) -> Result<Vec<Self>, Diagnostics> {
        let schema = Self::schema();
        let mut policies = Vec::new();
        let mut problems = Diagnostics::default();
        for document in Document::parse_many(name, text)? {
            match document.read::<Self>(&schema) {
                Err(found) => problems.0.extend(found.0),
                Ok(mut policy) => {
                    policy.grants.check(&document, "", &mut problems);
                    for (i, step) in policy.steps.iter().enumerate() {
                        if let Err(message) = StepRef::parse(step) {
                            problems.0.push(document.error(&format!("/steps/{i}"), message));
                        }
                    }
                    policy.grants.resolve(dir, &document, &mut problems);
                    policy.origin = Origin(Some(Arc::new(document)));
                    policies.push(policy);
                }
            }
        }
        if problems.has_errors() { Err(problems.sorted()) } else { Ok(policies) }
    }
}

impl Grants {
    /// As [`Grants::check`], for the `policy` of a job: a job adds no credentials and allows no
    /// weaker bounds.
    pub fn check_narrowing(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        self.check_limits(document, pointer, problems);
        self.check_each(document, pointer, true, problems);
    }

    /// Adds the problems that the schema does not see. `pointer` is the place of these grants.
    pub fn check(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        self.check_limits(document, pointer, problems);
        self.check_each(document, pointer, false, problems);
    }

    fn check_limits(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        for (name, ceiling) in self.limits.above_ceiling() {
            let message = format!("`{name}` is above the ceiling of {ceiling}");
            let problem = document.error(&format!("{pointer}/limits/{name}"), message);
            problems.0.push(problem.help(Limits::range(name).unwrap_or_default()));
        }
        for (i, host) in self.deny.hosts.iter().enumerate() {
            if problems.is_full() {
                return;
            }
            if let Err(message) = denied_host(host) {
                problems.0.push(document.error(&format!("{pointer}/deny/hosts/{i}"), message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_steer_programs_and_names_that_are_none_are_refused() {
        for (grants, line, message) in [
            ("process: [{program: sh, path: /bin/sh, environment: [STEPWELL_PARAMETERS, TZ]}]", 0, ""),
            ("environment: {REGION: eu-1}", 0, ""),
            (
                "process:\n- program: sh\n  path: /bin/sh\n  environment: [TZ, LD_PRELOAD]",
                7,
                "`LD_PRELOAD` is not for steps to set",
            ),
            (
                "process: [{program: sh, path: /bin/sh, environment: ['STEPWELL_*']}]",
                4,
                "is not the name of a variable",
            ),
            ("environment: {'A=B': x}", 4, "`A=B` is not the name of a variable"),
            ("files: [{mount: /a/../b, scratch: 1MiB}]", 4, "is not a path that a step can name"),
            ("files: [{mount: /., scratch: 1MiB}]", 4, "is not a path that a step can name"),
        ] {
            let text = format!("policy: 1\nname: p\nsteps: [x]\n{grants}\n");
            let problems =
                Policy::parse("p.yaml", &text, Path::new("")).err().map(|found| found.0).unwrap_or_default();
            let found = problems.first().map_or((0, ""), |found| (found.line, found.message.as_str()));
            assert_eq!(found.0, line, "{grants}: {problems:?}");
            assert!(found.1.contains(message), "{grants}: {problems:?}");
            assert!(problems.iter().all(|found| found.help.is_some()), "{grants}");
        }
    }

    #[test]
    fn rules_that_every_request_would_find_ambiguous_are_refused_when_the_policy_is_read() {
        let matched = |rules: &[&str]| {
            let rules: String = rules.iter().map(|rule| format!("- {rule}\n")).collect();
            let text = format!("policy: 1\nname: p\nsteps: [http]\nhttp:\n{rules}");
            match Policy::parse("p.yaml", &text, Path::new("")) {
                Ok(_) => String::new(),
                Err(problems) => format!("{}:{}", problems.0[0].line, problems.0[0].message),
            }
        };
        let with = |rest: &str, secret: &str| {
            format!("{{url: {rest}, inject: {{header: authorization, secret: {secret}}}}}")
        };
        let refused = |line: u32, other: u32| {
            format!(
                "{line}:this rule and the one in line {other} allow the same requests with different credentials: every such request is refused"
            )
        };
        let one = with("'https://a.example', paths: ['/x', '/y']", "one");
        for (rules, expected) in [
            (
                vec![
                    one.clone(),
                    with("'https://a.example:443', methods: [GET], paths: ['/y', '/x']", "two"),
                ],
                refused(6, 5),
            ),
            (
                vec![
                    one.clone(),
                    "{url: 'https://b.example'}".to_owned(),
                    one.replace("secret: one", "secret: two"),
                ],
                refused(7, 5),
            ),
            (vec![one.clone(), "{url: 'https://a.example', paths: ['/x', '/y']}".to_owned()], refused(6, 5)),
            (
                vec![with("'https://a.example'", "one"), with("'https://a.example', paths: ['/*']", "two")],
                refused(6, 5),
            ),
            // The same credential, or other requests: the first rule that allows a request counts.
            (vec![one.clone(), one.clone()], String::new()),
            (vec![one.clone(), with("'https://a.example', paths: ['/x']", "two")], String::new()),
            (vec![one.clone(), with("'http://a.example', paths: ['/x', '/y']", "two")], String::new()),
            (vec!["{organization: a}".to_owned(), "{organization: b}".to_owned()], String::new()),
        ] {
            let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
            assert_eq!(matched(&rules), expected, "{rules:#?}");
        }
    }
}

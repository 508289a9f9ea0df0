//! The policy file: what an operator writes, and the narrower part that a job may write.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::http::{HttpRule, denied_host};
use super::limits::{Limits, LimitsPatch, Profile};
use super::variables::{is_name, steers_programs};
use crate::document::{Diagnostics, Document, Schema, escape};
use crate::quantity::{Bytes, Count, Span};
use crate::reference::StepRef;

/// One policy: which steps it is for, and what they get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub policy: u32,
    /// A name, for `policy show`, run records and error messages.
    #[schemars(length(max = 200))]
    pub name: String,
    /// The step types that it applies to; `"*"` for every type that no other policy names. A type may have a version
    /// (`acme/invoice@1.2`) or a digest (`acme/invoice@sha256:...`); of several that fit, the one that says most applies.
    #[schemars(length(min = 1), inner(length(max = 300)))]
    pub steps: Vec<String>,
    /// The projects whose jobs it applies to; `"*"` for all of them. Default: `default`, the project of what names none.
    #[serde(default = "default_project", skip_serializing_if = "is_default_project")]
    #[schemars(length(min = 1), inner(length(max = 32)))]
    pub projects: Vec<String>,
    /// Only this component: `sha256:` and 64 hexadecimal digits. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub component: Option<String>,
    /// Whether it is also for components that take the place of a built-in step. Default: false; the name of a built-in step
    /// (`sql`) means that step alone, unless `steps` or `component` name the digest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replaced: bool,
    /// What the steps get.
    #[serde(flatten)]
    pub grants: Grants,
}

/// What a policy grants; in a job file: what the job narrows its steps to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// The set of limits to start from. Default: `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Limits that differ from the profile's.
    #[serde(skip_serializing_if = "is_default")]
    pub limits: LimitsPatch,
    /// How much a step may log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogRule>,
    /// HTTP requests. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Vec<HttpRule>>,
    /// SQL connections. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<Vec<SqlRule>>,
    /// Directories. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<FileRule>>,
    /// Programs of the host that a step may start. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Vec<ProcessRule>>,
    /// Variables of the environment that a step sees, with their values: text that is no secret. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "variables")]
    pub environment: Option<BTreeMap<String, String>>,
    /// Variables and outputs that a step may read and write while it runs. Default: none. (What templates
    /// put into its configuration, it sees anyway.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextRule>,
    /// What is denied whatever else is granted.
    #[serde(skip_serializing_if = "is_default")]
    pub deny: Deny,
}

/// The schema of variables of an environment.
fn variables(_: &mut SchemaGenerator) -> schemars::Schema {
    let value = serde_json::json!({"type": "string", "maxLength": 32_768});
    json_schema!({"type": ["object", "null"], "additionalProperties": value})
}

fn default_project() -> Vec<String> {
    vec![crate::project::DEFAULT.to_owned()]
}

fn is_default_project(projects: &Vec<String>) -> bool {
    *projects == default_project()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How much a step may log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRule {
    /// Lines; the rest is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Count>,
    /// Bytes of one line; the rest is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_bytes: Option<Bytes>,
    /// Bytes in all; the rest is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Bytes>,
}

/// A SQL connection that a step may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRule {
    /// The name of a connection of the configuration.
    #[schemars(length(max = 200))]
    pub connection: String,
    /// What statements may do. Default: `read`.
    #[serde(default)]
    pub mode: SqlMode,
    /// Whether one call may run a script of several statements; in `mssql`, where a batch cannot be told from a
    /// statement, whether it may hold more than one. Default: false.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scripts: bool,
    /// Rows that one result may bring. Default: `limits.sql_rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Count>,
    /// Time of one statement. Default: `limits.sql_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
}

/// What statements may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SqlMode {
    /// SELECT.
    #[default]
    Read,
    /// Also INSERT, UPDATE and DELETE.
    Write,
    /// Also CREATE, ALTER and DROP.
    Ddl,
}

/// A directory that a step sees. Exactly one of `source`, `scratch` and `workspace`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// Where the step sees it, for instance `/in`.
    #[schemars(regex(pattern = "^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$"))]
    pub mount: String,
    /// A directory of the host; relative to the policy file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub source: Option<String>,
    /// An empty directory of this size for this attempt alone, deleted afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<Bytes>,
    /// The run's workspace (the job's `workspace`), which its steps share, up to this size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Bytes>,
    /// Default: `read`.
    #[serde(default)]
    pub access: Access,
}

/// A program of the host that a step may start. It runs outside of the WebAssembly sandbox, bounded by the operating system:
/// it sees its own private directory, the step's mounts, what `read` names and the system's own directories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessRule {
    /// The name by which steps ask for it, for instance `pwsh`.
    #[schemars(length(max = 200))]
    pub program: String,
    /// The executable; relative to the policy file. A policy of the operator's needs it; in a job it may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub path: Option<String>,
    /// Patterns of which each argument must match one; `*` stands for any text, but at the beginning for none that begins
    /// with `-`, `+` or `@`, which programs take for options. Default: no argument is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 4_096)))]
    pub arguments: Vec<String>,
    /// Names of the environment variables that the step may set. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub environment: Vec<String>,
    /// Directories of the host that the program may read and run beside the system's; relative to the policy file. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 4_096)))]
    pub read: Vec<String>,
    /// Whether it may use the network. Default: false.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: bool,
    /// Time of one run. Default: `limits.process_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Whether it may run where the machine has weaker bounds: no delegated control group, or an older Landlock. Default:
    /// false. Not for jobs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_weaker: bool,
}

/// What a step may do in a directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Read and list.
    #[default]
    Read,
    /// Also create, write and delete. Never links.
    Write,
}

/// What a step may see and set through `stepwell:context`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContextRule {
    /// Names of variables, `steps.ID` for outputs, or `"*"` for everything.
    #[schemars(inner(length(max = 200)))]
    pub read: Vec<String>,
    /// Names of variables, or `"*"`.
    #[schemars(inner(length(max = 200)))]
    pub write: Vec<String>,
}

/// What is denied whatever else is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deny {
    /// Hosts: `internal.example.com` or `*.internal.example.com`.
    #[schemars(inner(length(max = 300)))]
    pub hosts: Vec<String>,
}

impl Policy {
    /// Whether both apply to jobs of some project.
    pub(super) fn shares_a_project(&self, other: &Self) -> bool {
        let all = |policy: &Self| policy.projects.iter().any(|project| project == "*");
        all(self) || all(other) || self.projects.iter().any(|project| other.is_for(project))
    }

    /// Whether it applies to jobs of that project.
    pub fn is_for(&self, project: &str) -> bool {
        self.projects.iter().any(|own| own == "*" || own == project)
    }

    /// The JSON Schema of a policy.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Reads a policy file: one policy, or several that `---` separates. A relative `source` is taken to
    /// start in `dir`.
    ///
    /// # Errors
    /// Every problem of the file, with its place. A policy with a problem grants nothing: nothing runs.
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
                    for (i, rule) in policy.grants.files.iter_mut().flatten().enumerate() {
                        if let Some(source) = &mut rule.source {
                            let path = dir.join(&*source);
                            if !path.is_dir() {
                                let message = format!("there is no directory {}", path.display());
                                problems.0.push(document.error(&format!("/files/{i}/source"), message));
                            }
                            *source = path.to_string_lossy().into_owned();
                        }
                    }
                    for (i, rule) in policy.grants.process.iter_mut().flatten().enumerate() {
                        rule.resolve(dir, &document, i, &mut problems);
                    }
                    policies.push(policy);
                }
            }
        }
        if problems.has_errors() { Err(problems.sorted()) } else { Ok(policies) }
    }
}

impl ProcessRule {
    /// Makes its paths absolute, and looks whether they are there.
    fn resolve(&mut self, dir: &Path, document: &Document, index: usize, problems: &mut Diagnostics) {
        // The program begins in another directory than this process.
        let full = |path: &str| {
            let path = dir.join(path);
            std::path::absolute(&path).unwrap_or(path)
        };
        let Some(path) = self.path.as_deref().map(full) else {
            let message = format!("say where `{}` is: `path`", self.program);
            problems.0.push(document.error(&format!("/process/{index}"), message));
            return;
        };
        if !path.is_file() {
            let message = format!("`{}` is not installed: there is no {}", self.program, path.display());
            problems.0.push(document.error(&format!("/process/{index}/path"), message));
        }
        self.path = Some(path.to_string_lossy().into_owned());
        for (i, source) in self.read.iter_mut().enumerate() {
            let path = full(source);
            if !path.is_dir() {
                let message = format!("there is no directory {}", path.display());
                problems.0.push(document.error(&format!("/process/{index}/read/{i}"), message));
            }
            *source = path.to_string_lossy().into_owned();
        }
    }
}

impl Grants {
    /// The same for what a job narrows: a job brings no credentials and no directories.
    pub fn check_narrowing(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        self.check(document, pointer, problems);
        for (i, rule) in self.http.iter().flatten().enumerate() {
            if rule.inject.is_some() {
                let message = "a job cannot add a credential: `inject` is the operator's";
                problems.0.push(document.error(&format!("{pointer}/http/{i}/inject"), message));
            }
        }
        for (i, rule) in self.process.iter().flatten().enumerate() {
            if rule.allow_weaker {
                let message = "a job cannot allow weaker bounds: `allow_weaker` is the operator's";
                problems.0.push(document.error(&format!("{pointer}/process/{i}/allow_weaker"), message));
            }
        }
    }

    /// Adds the problems that the schema does not see; `pointer` is where these grants stand.
    pub fn check(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        for (name, ceiling) in self.limits.above_ceiling() {
            let message = format!("`{name}` is above the ceiling of {ceiling}");
            let problem = document.error(&format!("{pointer}/limits/{name}"), message);
            problems.0.push(problem.help(Limits::range(name).unwrap_or_default()));
        }
        for (i, rule) in self.http.iter().flatten().enumerate() {
            for problem in rule.problems() {
                problems.0.push(document.error(&format!("{pointer}/http/{i}"), problem));
            }
        }
        self.check_credentials(document, pointer, problems);
        for (i, host) in self.deny.hosts.iter().enumerate() {
            if let Err(message) = denied_host(host) {
                problems.0.push(document.error(&format!("{pointer}/deny/hosts/{i}"), message));
            }
        }
        for (i, rule) in self.files.iter().flatten().enumerate() {
            let sources = [rule.source.is_some(), rule.scratch.is_some(), rule.workspace.is_some()];
            if sources.iter().filter(|set| **set).count() != 1 {
                let message = "a mount needs exactly one of `source`, `scratch` and `workspace`";
                problems.0.push(document.error(&format!("{pointer}/files/{i}"), message));
            }
            if rule.mount.split('/').any(|part| matches!(part, "." | "..")) {
                let message = format!("`{}` is no place that a step can name", rule.mount);
                let help = "write it without `.` and `..` as a part";
                problems.0.push(document.error(&format!("{pointer}/files/{i}/mount"), message).help(help));
            }
            let twice = self.files.iter().flatten().take(i).any(|other| other.mount == rule.mount);
            if twice {
                let message = format!("`{}` is mounted twice", rule.mount);
                problems.0.push(document.error(&format!("{pointer}/files/{i}/mount"), message));
            }
        }
        self.check_variables(document, pointer, problems);
        for (i, rule) in self.process.iter().flatten().enumerate() {
            if self.process.iter().flatten().take(i).any(|other| other.program == rule.program) {
                let message = format!("`{}` is granted twice", rule.program);
                problems.0.push(document.error(&format!("{pointer}/process/{i}/program"), message));
            }
        }
    }

    /// Variables that are none, and those that steer programs.
    fn check_variables(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        let named = self.process.iter().flatten().enumerate().flat_map(|(i, rule)| {
            rule.environment
                .iter()
                .enumerate()
                .map(move |(k, name)| (format!("/process/{i}/environment/{k}"), name))
        });
        for (at, name) in named {
            let at = format!("{pointer}{at}");
            if !is_name(name) {
                let message = format!("`{name}` is not the name of a variable, and matches none");
                let help =
                    "write each name in full: letters, digits and `_`; there are no patterns for variables";
                problems.0.push(document.error(&at, message).help(help));
            } else if steers_programs(name) {
                let message = format!(
                    "`{name}` is not for steps to set: programs load code, run others or read their configuration by it"
                );
                let help = "grant a script of your own that sets it, and then starts the program";
                problems.0.push(document.error(&at, message).help(help));
            }
        }
        for name in self.environment.iter().flatten().map(|(name, _)| name).filter(|name| !is_name(name)) {
            let message = format!("`{name}` is not the name of a variable");
            let at = format!("{pointer}/environment/{}", escape(name));
            problems.0.push(document.error(&at, message).help("use letters, digits and `_`"));
        }
    }

    /// Two rules for the same requests with different credentials: each such request would be refused as ambiguous.
    fn check_credentials(&self, document: &Document, pointer: &str, problems: &mut Diagnostics) {
        let rules: Vec<&HttpRule> = self.http.iter().flatten().collect();
        for (i, rule) in rules.iter().enumerate() {
            let same = rules.iter().take(i).position(|other| rule.differs_in_credential(other));
            let Some(first) = same else { continue };
            let line = document.error(&format!("{pointer}/http/{first}"), "").line;
            let message = format!(
                "this rule and the one in line {line} allow the same requests with different credentials: every such request is refused"
            );
            let help = "remove one of the two, or give them different `paths`";
            problems.0.push(document.error(&format!("{pointer}/http/{i}"), message).help(help));
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
            ("files: [{mount: /a/../b, scratch: 1MiB}]", 4, "is no place that a step can name"),
            ("files: [{mount: /., scratch: 1MiB}]", 4, "is no place that a step can name"),
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
        let told = |rules: &[&str]| {
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
            assert_eq!(told(&rules), expected, "{rules:#?}");
        }
    }
}

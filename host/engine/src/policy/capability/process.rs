//! The programs of the host that a step may start.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::variables::{is_name, steers_programs};
use super::{Layers, Place, Policed};
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, list, plain, shown};
use crate::policy::rule::Rule;
use crate::quantity::Span;
use crate::wildcard;

/// The capability to start programs.
pub struct Process;

/// A program of the host that a step may start. It runs outside of the WebAssembly sandbox, restricted by the
/// operating system: it sees its private directory, the step's mounts, the directories in `read` and the
/// system's directories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessRule {
    /// The name by which steps start it, for instance `pwsh`.
    #[schemars(length(max = 200))]
    pub program: String,
    /// The executable; relative to the policy file. Required in the operator's policy, optional in a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub path: Option<String>,
    /// Patterns for arguments: each argument must match one. `*` stands for any text; at the start of a
    /// pattern it does not match `-`, `+` or `@`, which programs read as options. Default: no argument
    /// is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 4_096)))]
    pub arguments: Vec<String>,
    /// Names of the environment variables that the step may set. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(max = 200)))]
    pub environment: Vec<String>,
    /// Directories of the host that the program may read and execute besides the system's; relative to the
    /// policy file. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(max = 4_096)))]
    pub read: Vec<String>,
    /// Whether the program may use the network. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub network: bool,
    /// Maximum time of one execution. Default: `limits.process_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Whether the program may run on a machine that enforces weaker bounds: no delegated control group, or
    /// an older Landlock. Default: false. Not allowed in jobs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_weaker: bool,
}

/// A program of a grant. Each layer must allow an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessGrant {
    /// The path of the executable.
    pub path: PathBuf,
    arguments: Vec<Vec<String>>,
    /// Names of the environment variables that the step may set.
    pub environment: Vec<String>,
    /// Directories that the program may read and execute besides the system's.
    pub read: Vec<PathBuf>,
    /// Whether the program may use the network.
    pub network: bool,
    /// Maximum time of one execution.
    pub timeout: Span,
    /// Whether the program may run on a machine that enforces weaker bounds.
    pub allow_weaker: bool,
}

impl Policed for Process {
    type Rules = Vec<ProcessRule>;
    type Grant = BTreeMap<String, ProcessGrant>;

    const THREAT: &'static str = "A program of the host runs outside of the WebAssembly sandbox with what a guest gives it. So \
        the operator names each program with patterns for its arguments and the variables that it may get; the operating \
        system confines it (Landlock, seccomp, control groups), and everything that it starts ends with it.";
    const NOT_GRANTED: Rule = Rule::ProcessNotGranted;
    const ANYTHING: &'static str = "any program";
    const EXAMPLE: &'static str = "[{program: NAME, path: FILE, arguments: [\"*\"]}]";
    const IS_OURS: bool = true;

    fn check(rules: &Self::Rules, place: &mut Place<'_>) {
        for (i, rule) in rules.iter().enumerate() {
            for (k, name) in rule.environment.iter().enumerate() {
                check_variable(name, &format!("/{i}/environment/{k}"), place);
            }
        }
        let mut programs = HashSet::new();
        for (i, rule) in rules.iter().enumerate() {
            if !programs.insert(&rule.program) {
                place.add(&format!("/{i}/program"), format!("`{}` is granted twice", rule.program));
            }
        }
    }

    fn check_narrowing(rules: &Self::Rules, place: &mut Place<'_>) {
        for (i, _) in rules.iter().enumerate().filter(|(_, rule)| rule.allow_weaker) {
            let message = "a job cannot allow weaker bounds: `allow_weaker` belongs to the operator";
            place.add(&format!("/{i}/allow_weaker"), message);
        }
    }

    fn resolve(rules: &mut Self::Rules, dir: &Path, place: &mut Place<'_>) {
        for (i, rule) in rules.iter_mut().enumerate() {
            rule.resolve(dir, &format!("/{i}"), place);
        }
    }

    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let mut granted = BTreeMap::new();
        for rule in layers.operator.into_iter().flatten() {
            let time = layers.limits.process_timeout;
            let mut process = ProcessGrant {
                path: rule.path.clone().unwrap_or_default().into(),
                arguments: vec![rule.arguments.clone()],
                environment: rule.environment.clone(),
                read: rule.read.iter().map(Into::into).collect(),
                network: rule.network,
                timeout: rule.timeout.unwrap_or(time).min(time),
                allow_weaker: rule.allow_weaker,
            };
            let same = |path: &Option<String>| path.is_none() || *path == rule.path;
            let is_same = |narrow: &ProcessRule| narrow.program == rule.program && same(&narrow.path);
            let Some(narrower) = layers.narrower(is_same) else { continue };
            for narrow in narrower {
                process.environment.retain(|name| narrow.environment.contains(name));
                process.read.retain(|dir| narrow.read.iter().any(|own| dir.as_os_str() == own.as_str()));
                process.network &= narrow.network;
                process.timeout = process.timeout.min(narrow.timeout.unwrap_or(process.timeout));
                process.arguments.push(narrow.arguments.clone());
            }
            granted.insert(rule.program.clone(), process);
        }
        granted
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let part = |(name, process): (&String, &ProcessGrant)| {
            let network = if process.network { ", network" } else { "" };
            (format!("process {name}"), format!("= {}, {}{network}", process.path.display(), process.timeout))
        };
        grant.iter().map(part).collect()
    }

    fn refuse_name(grant: &Grant, name: &str) -> Option<Denial> {
        (!grant.process().contains_key(name)).then(|| grant.refuse_program(name))
    }
}

/// Reports a variable with an invalid name, and a variable that steers programs.
fn check_variable(name: &str, at: &str, place: &mut Place<'_>) {
    if !is_name(name) {
        let message = format!("`{name}` is not the name of a variable, and matches none");
        let help = "write each name in full: letters, digits and `_`; there are no patterns for variables";
        place.add_with_help(at, message, help);
    } else if steers_programs(name) {
        let message = format!(
            "`{name}` is not for steps to set: programs load code, run others or read their configuration by it"
        );
        let help = "grant a script of your own that sets it, and then starts the program";
        place.add_with_help(at, message, help);
    }
}

impl ProcessRule {
    /// Makes the paths absolute, and reports missing files.
    fn resolve(&mut self, dir: &Path, at: &str, place: &mut Place<'_>) {
        // The program starts in another directory than this process.
        let full = |path: &str| {
            let path = dir.join(path);
            std::path::absolute(&path).unwrap_or(path)
        };
        let Some(path) = self.path.as_deref().map(full) else {
            let message = format!("say where `{}` is: `path`", self.program);
            place.add(at, message);
            return;
        };
        if !path.is_file() {
            let message = format!("`{}` is not installed: there is no {}", self.program, path.display());
            place.add(&format!("{at}/path"), message);
        }
        self.path = Some(path.to_string_lossy().into_owned());
        for (i, source) in self.read.iter_mut().enumerate() {
            let path = full(source);
            if !path.is_dir() {
                let message = format!("there is no directory {}", path.display());
                place.add(&format!("{at}/read/{i}"), message);
            }
            *source = path.to_string_lossy().into_owned();
        }
    }
}

impl ProcessGrant {
    /// Returns the first argument that no pattern allows.
    pub fn refused<'a>(&self, arguments: &'a [String]) -> Option<&'a String> {
        let allowed = |argument: &&String| {
            self.arguments.iter().all(|layer| layer.iter().any(|pattern| matches(pattern, argument)))
        };
        arguments.iter().find(|argument| !allowed(argument))
    }
}

/// The first characters by which programs recognize an option, or a file of options. PowerShell also reads
/// the three long dashes as options.
const MARKS_OPTION: [char; 6] = ['-', '+', '@', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Returns whether a text matches a pattern in which `*` stands for any text, except for an option character
/// at the start.
fn matches(pattern: &str, text: &str) -> bool {
    let is_hidden_option = pattern.starts_with('*') && text.starts_with(MARKS_OPTION);
    !is_hidden_option && wildcard::matches(pattern, text)
}

impl Grant {
    /// Denies a program.
    pub fn refuse_program(&self, program: &str) -> Denial {
        let granted: Vec<String> = self.process().keys().cloned().collect();
        let why = (!granted.is_empty()).then(|| format!("{} grants {}", self.whose.name(), list(&granted)));
        let yaml = format!("[{{program: {}, path: FILE, arguments: [\"*\"]}}]", plain(program));
        self.whose.refuse(Rule::ProcessNotGranted, &format!("starting the program `{program}`"), why, &yaml)
    }

    /// Denies a part of the start of a granted program: an argument, a variable, a directory.
    pub fn refuse_start(&self, rule: Rule, program: &str, part: &str, key: &str) -> Denial {
        let policy = self.whose.name();
        let why = format!(
            "not granted: `{key}` of `{program}` in {policy}, or in the `policy` of the job, does not allow it"
        );
        let help = format!("add it to `{key}` of the program `{program}` under `process` in {policy}");
        Denial::new(rule, &shown(&format!("starting `{program}` with {part}")), &why).help(help)
    }

    /// Denies a granted program on a machine that does not enforce all bounds.
    pub fn refuse_weaker(&self, program: &str, weaker: &[String]) -> Denial {
        let why = format!("this machine does not hold all bounds of programs: {}", weaker.join("; "));
        let help = format!(
            "write `allow_weaker: true` into the rule for `{program}` under `process` in {}, or run the service where they hold (`stepwell doctor`)",
            self.whose.name()
        );
        Denial::new(Rule::ProcessBoundsWeaker, &shown(&format!("starting `{program}`")), &why).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

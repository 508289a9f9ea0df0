//! The policy half of each capability: its rules in policy files, its grant, and its denials.
//!
//! A capability is one module here, one module in the sandbox (its host half), and one line in
//! [`each_capability`]. The list generates both halves, so a capability that lacks one of them does
//! not compile.

mod context;
mod environment;
mod files;
mod http;
mod http_headers;
mod http_rule;
mod locks;
mod path;
mod process;
mod sql;
mod variables;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use context::{Context, ContextRule};
pub use environment::Environment;
pub use files::{Access, FileRule, Files, MountGrant, MountSource};
pub use http::{Counted, Decided, Http, HttpGrant};
pub use http_headers::overrides;
pub(super) use http_rule::denied_host;
pub use http_rule::{HttpRequest, HttpRule, Inject, is_public};
pub use locks::{LockGrant, LockRule, Locks};
pub use process::{Process, ProcessGrant, ProcessRule};
pub use sql::{Sql, SqlGrant, SqlMode, SqlRule};
pub use worker::{Worker, WorkerGrant, WorkerRule};

use super::file::{Deny, Grants};
use super::grant::Grant;
use super::limits::Limits;
use super::refusal::{Denial, Whose};
use super::rule::Rule;
use crate::Configuration;
use crate::document::{Diagnostics, Document, closest};
use crate::quantity::Bytes;

/// The list of all capabilities: the documentation and attributes of the key in policy files, the key, and
/// the type of the policy half. The list passes all of it to the given macro.
#[macro_export]
macro_rules! each_capability {
    ($then:ident) => {
        $then! {
            /// HTTP requests, at most 500 rules. Default: none.
            #[schemars(length(max = 500))]
            http: Http;
            /// SQL connections, at most 500 rules. Default: none.
            #[schemars(length(max = 500))]
            sql: Sql;
            /// Directories, at most 200. Default: none.
            #[schemars(length(max = 200))]
            files: Files;
            /// Programs of the host that a step may start, at most 200. Default: none.
            #[schemars(length(max = 200))]
            process: Process;
            /// Environment variables that a step sees, with their values: text that is not secret.
            /// Default: none.
            #[schemars(schema_with = "super::capability::schema_of_variables")]
            environment: Environment;
            /// Variables and outputs that a step may read and write while it runs. Default: none. The values
            /// of templates in its configuration reach it in any case.
            context: Context;
            /// Locks that the job file may name with `locks`. Default: none.
            locks: Locks;
            /// Functions of workers that steps of the type `worker` may call. Default: none.
            worker: Worker;
        }
    };
}

/// The policy half of a capability. All of it is pure.
pub trait Policed {
    /// The rules of a policy.
    type Rules;
    /// The grant of an attempt.
    type Grant: Clone + fmt::Debug + Default + PartialEq + Eq + Serialize;

    /// The threat that the capability prevents, in one paragraph.
    const THREAT: &'static str;
    /// The rule that denies a step to which policy grants nothing of the capability.
    const NOT_GRANTED: Rule;
    /// Everything that the capability covers, for denials: `any request`.
    const ANYTHING: &'static str;
    /// Rules that grant a part of the capability, as YAML for denials.
    const EXAMPLE: &'static str;
    /// Whether a component must list the capability among its needs. Only capabilities that the host gives to
    /// every step need no listing.
    const IS_ASKED_FOR: bool = true;
    /// Whether the capability is an interface of Stepwell: a component that imports it must list it, and a
    /// component that requires it is denied before it runs. WASI is linked for every component, and denies
    /// single calls.
    const IS_OURS: bool = false;

    /// Adds the problems that the schema of policy files does not see.
    fn check(_: &Self::Rules, _: &mut Place<'_>) {}

    /// Adds the problems of rules that only an operator may write.
    fn check_narrowing(_: &Self::Rules, _: &mut Place<'_>) {}

    /// Makes paths absolute, from the directory of the policy file, and reports missing files.
    fn resolve(_: &mut Self::Rules, _: &Path, _: &mut Place<'_>) {}

    /// Returns the names in the rules that the configuration lacks, or has only for other projects.
    fn missing(_: &Self::Rules, _: &Configuration, _: &dyn Fn(&str) -> bool) -> Vec<Missing> {
        Vec::new()
    }

    /// Returns the grant: everything that the operator's rules and each narrowing layer allow.
    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant;

    /// Returns whether a grant allows nothing.
    fn is_empty(grant: &Self::Grant) -> bool;

    /// Returns the name and value of each part of a grant, for `policy show`.
    fn parts(grant: &Self::Grant) -> Vec<(String, String)>;

    /// Returns a denial of a named thing that is not granted.
    fn refuse_name(_: &Grant, _: &str) -> Option<Denial> {
        None
    }
}

/// The rules of all layers for one capability, and the data to combine them with.
pub struct Layers<'a, R> {
    /// The operator's rules.
    pub operator: Option<&'a R>,
    /// The rules of the job and of the step, if they have any.
    pub narrowing: Vec<&'a R>,
    /// The limits of the attempt.
    pub limits: &'a Limits,
    /// The configuration that rules refer to.
    pub config: &'a Configuration,
    /// The size that the job requests for its workspace.
    pub workspace: Option<Bytes>,
    /// The denials of each layer, which override all grants.
    pub deny: &'a [&'a Deny],
}

impl<T> Layers<'_, Vec<T>> {
    /// Returns the rule of each narrowing layer for the same thing. `None` when a layer omits it.
    fn narrower(&self, is_same: impl Fn(&T) -> bool) -> Option<Vec<&T>> {
        self.narrowing.iter().map(|rules| rules.iter().find(|rule| is_same(rule))).collect()
    }
}

/// A name in a policy that its configuration lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name, as a JSON pointer that begins below the key of the capability.
    pub at: String,
    /// The problem.
    pub message: String,
    /// The name that was probably meant.
    pub near: Option<String>,
}

impl Missing {
    /// Returns the problem with a name that is not among the known ones, or that belongs to other projects.
    /// `kind` describes the thing: `the connection`. `strangers` returns the end of the message about other
    /// projects.
    fn of<V>(
        at: String,
        kind: &str,
        name: &str,
        known: &BTreeMap<String, V>,
        strangers: impl FnOnce() -> Option<String>,
    ) -> Option<Self> {
        if known.contains_key(name) {
            return strangers().map(|why| Self { at, message: format!("{kind} `{name}` {why}"), near: None });
        }
        let known: Vec<String> = known.keys().cloned().collect();
        let near = closest(name, &known).map(str::to_owned);
        Some(Self { at, message: format!("{kind} `{name}` is not in the configuration"), near })
    }
}

/// The place of a capability's rules in a document, for their problems.
pub struct Place<'a> {
    pub(super) document: &'a Document,
    pub(super) pointer: String,
    pub(super) problems: &'a mut Diagnostics,
}

impl Place<'_> {
    /// Adds a problem, unless there are already more than can be shown. `at` begins below the key of the
    /// capability.
    fn add(&mut self, at: &str, message: impl Into<String>) {
        if self.problems.is_full() {
            return;
        }
        let problem = self.document.error(&format!("{}{at}", self.pointer), message);
        self.problems.0.push(problem);
    }

    /// Adds a problem with its fix.
    fn add_with_help(&mut self, at: &str, message: impl Into<String>, help: &str) {
        if self.problems.is_full() {
            return;
        }
        let problem = self.document.error(&format!("{}{at}", self.pointer), message);
        self.problems.0.push(problem.help(help));
    }

    fn line(&self, at: &str) -> u64 {
        self.document.error(&format!("{}{at}", self.pointer), "").line
    }
}

macro_rules! capabilities {
    ($($(#[$attribute:meta])* $name:ident: $half:ident;)*) => {
        /// An ability that a step has only when policy grants it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        #[allow(missing_docs, reason = "each variant is documented by its type")]
        pub enum Capability {
            $($half,)*
        }

        impl Capability {
            /// Every capability.
            pub const ALL: &[Self] = &[$(Self::$half,)*];

            /// Returns the name in policy files and descriptors.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$half => stringify!($name),)* }
            }

            /// Returns the threat that the capability prevents, in one paragraph.
            pub const fn threat(self) -> &'static str {
                match self { $(Self::$half => $half::THREAT,)* }
            }

            /// Returns the rule that denies a step to which policy grants nothing of the capability.
            pub const fn not_granted(self) -> Rule {
                match self { $(Self::$half => $half::NOT_GRANTED,)* }
            }

            /// Returns whether a component must list the capability among its needs.
            pub const fn is_asked_for(self) -> bool {
                match self { $(Self::$half => $half::IS_ASKED_FOR,)* }
            }

            /// Returns whether the capability is an interface of Stepwell: `stepwell:NAME`.
            pub const fn is_ours(self) -> bool {
                match self { $(Self::$half => $half::IS_OURS,)* }
            }

            pub(super) const fn anything(self) -> &'static str {
                match self { $(Self::$half => $half::ANYTHING,)* }
            }

            pub(super) const fn example(self) -> &'static str {
                match self { $(Self::$half => $half::EXAMPLE,)* }
            }
        }

        /// The grant of each capability for an attempt.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        pub(super) struct Granted {
            $(pub $name: <$half as Policed>::Grant,)*
        }

        impl Granted {
            /// Combines the rules of all layers.
            ///
            /// # Errors
            /// Fails when the component requires an interface of Stepwell of which policy grants nothing.
            pub fn fold(opinions: &Opinions<'_>) -> Result<Self, Denial> {
                Ok(Self { $($name: opinions.of::<$half>(Capability::$half, |grants| grants.$name.as_ref())?,)* })
            }

            /// Returns whether the grant allows anything of a capability.
            pub fn has(&self, capability: Capability) -> bool {
                match capability { $(Capability::$half => !$half::is_empty(&self.$name),)* }
            }

            /// Returns the name and value of each part.
            pub fn parts(&self) -> Vec<(String, String)> {
                let mut parts = Vec::new();
                $(parts.extend($half::parts(&self.$name));)*
                parts
            }
        }

        impl Grant {
            /// Returns a denial of a thing that a configuration names, such as a connection or a program.
            /// `None` when it is granted, or when the capability has no names.
            pub fn refuse_name(&self, capability: Capability, name: &str) -> Option<Denial> {
                match capability { $(Capability::$half => $half::refuse_name(self, name),)* }
            }
        }
    };
}

each_capability!(capabilities);

/// The rules of all layers, and the subject of the decision.
pub(super) struct Opinions<'a> {
    pub operator: &'a Grants,
    pub narrowing: &'a [&'a Grants],
    pub whose: &'a Whose,
    pub limits: &'a Limits,
    pub config: &'a Configuration,
    pub workspace: Option<Bytes>,
}

impl Opinions<'_> {
    fn of<C: Policed>(
        &self,
        capability: Capability,
        rules: impl Fn(&Grants) -> Option<&C::Rules>,
    ) -> Result<C::Grant, Denial> {
        if !self.whose.asks_for(capability) {
            return Ok(C::Grant::default());
        }
        let deny: Vec<&Deny> =
            self.narrowing.iter().map(|layer| &layer.deny).chain([&self.operator.deny]).collect();
        let mut layers = Layers {
            operator: rules(self.operator),
            narrowing: self.narrowing.iter().filter_map(|layer| rules(layer)).collect(),
            limits: self.limits,
            config: self.config,
            workspace: self.workspace,
            deny: &deny,
        };
        let grant = C::fold(&layers);
        if C::IS_OURS && self.whose.required.contains(&capability) {
            layers.narrowing.clear();
            if C::is_empty(&C::fold(&layers)) {
                return Err(self.whose.refuse_all(capability));
            }
        }
        Ok(grant)
    }
}

impl Capability {
    /// Returns the capability with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|capability| capability.name() == name)
    }

    /// Returns the names that a component may list among its needs.
    pub fn asked_for() -> Vec<&'static str> {
        let mut names: Vec<_> =
            Self::ALL.iter().filter(|one| one.is_asked_for()).map(|one| one.name()).collect();
        names.sort_unstable();
        names
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns the schema of environment variables.
pub(super) fn schema_of_variables(_: &mut SchemaGenerator) -> schemars::Schema {
    let value = serde_json::json!({"type": "string", "maxLength": 32_768});
    json_schema!({"type": ["object", "null"], "maxProperties": 1_000, "additionalProperties": value})
}

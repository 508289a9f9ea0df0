//! The policy half of each capability: what a policy file may say about it, what a grant of it is, and what it refuses.
//!
//! A capability is one module here, one module in the sandbox (its host half), and one line in [`each_capability`]. Both halves
//! come from that list, so a capability that lacks one of them does not compile.

mod context;
mod environment;
mod files;
mod http;
mod http_rule;
mod path;
mod process;
mod sql;
mod variables;

use std::fmt;
use std::path::Path;

use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use context::{Context, ContextRule};
pub use environment::Environment;
pub use files::{Access, FileRule, Files, MountGrant, MountSource};
pub use http::{Counted, Decided, Http, HttpGrant};
pub(super) use http_rule::denied_host;
pub use http_rule::{HttpRequest, HttpRule, Inject, is_public, overrides};
pub use process::{Process, ProcessGrant, ProcessRule};
pub use sql::{Sql, SqlGrant, SqlMode, SqlRule};

use super::file::{Deny, Grants};
use super::grant::Grant;
use super::limits::Limits;
use super::refusal::{Denial, Whose};
use super::rule::Rule;
use crate::Configuration;
use crate::document::{Diagnostics, Document};
use crate::quantity::Bytes;

/// The list of all capabilities: documentation and attributes of its key in policy files, the key, and the type with the
/// policy half. The macro that is named gets all of it.
#[macro_export]
macro_rules! each_capability {
    ($then:ident) => {
        $then! {
            /// HTTP requests. Default: none.
            http: Http;
            /// SQL connections. Default: none.
            sql: Sql;
            /// Directories. Default: none.
            files: Files;
            /// Programs of the host that a step may start. Default: none.
            process: Process;
            /// Variables of the environment that a step sees, with their values: text that is not secret. Default: none.
            #[schemars(schema_with = "super::capability::schema_of_variables")]
            environment: Environment;
            /// Variables and outputs that a step may read and write while it runs. Default: none. Values that templates put
            /// into its configuration reach it in any case.
            context: Context;
        }
    };
}

/// The policy half of a capability. All of it is pure.
pub trait Policed {
    /// What a policy says about it.
    type Rules;
    /// What an attempt gets of it.
    type Grant: Clone + fmt::Debug + Default + PartialEq + Eq + Serialize;

    /// The threat that it holds, in one paragraph.
    const THREAT: &'static str;
    /// The rule that refuses a step that gets nothing of it.
    const NOT_GRANTED: Rule;
    /// Everything that it is about, for refusals: `any request`.
    const ANYTHING: &'static str;
    /// Rules that grant some of it, as YAML for refusals.
    const EXAMPLE: &'static str;
    /// Whether a component must list it among its needs. Only what the host itself offers to every step needs no listing.
    const IS_ASKED_FOR: bool = true;
    /// Whether it is an interface of ours: a component that imports it must list it, and one that cannot do without it is
    /// refused before it runs. WASI is linked for every component, and denies at the call.
    const IS_OURS: bool = false;

    /// Adds the problems that the schema of policy files does not see.
    fn check(_: &Self::Rules, _: &mut Place<'_>) {}

    /// Adds the problems of rules that only an operator may write.
    fn check_narrowing(_: &Self::Rules, _: &mut Place<'_>) {}

    /// Makes paths absolute, from the directory of the policy file, and adds those that are missing.
    fn resolve(_: &mut Self::Rules, _: &Path, _: &mut Place<'_>) {}

    /// What the rules name and the configuration lacks, or has for other projects only.
    fn missing(_: &Self::Rules, _: &Configuration, _: &dyn Fn(&str) -> bool) -> Vec<String> {
        Vec::new()
    }

    /// The grant: what the operator's rules allow, and each narrowing layer allows as well.
    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant;

    /// Whether that is nothing.
    fn is_empty(grant: &Self::Grant) -> bool;

    /// Name and value of each part of a grant, as `policy show` prints it.
    fn parts(grant: &Self::Grant) -> Vec<(String, String)>;

    /// The refusal of something that has that name and is not granted.
    fn refuse_name(_: &Grant, _: &str) -> Option<Denial> {
        None
    }
}

/// The opinions about one capability, and what they are folded with.
pub struct Layers<'a, R> {
    /// The operator's rules.
    pub operator: Option<&'a R>,
    /// The rules of the job and of the step, where they have some.
    pub narrowing: Vec<&'a R>,
    /// The limits of the attempt.
    pub limits: &'a Limits,
    /// What rules refer to.
    pub config: &'a Configuration,
    /// The size that the job asks for its workspace.
    pub workspace: Option<Bytes>,
    /// What each layer denies whatever is granted.
    pub deny: &'a [&'a Deny],
}

impl<T> Layers<'_, Vec<T>> {
    /// The rule of each narrowing layer for the same thing; none when a layer leaves the thing out.
    fn narrower(&self, is_same: impl Fn(&T) -> bool) -> Option<Vec<&T>> {
        self.narrowing.iter().map(|rules| rules.iter().find(|rule| is_same(rule))).collect()
    }
}

/// Where the rules of a capability stand in a document, for their problems.
pub struct Place<'a> {
    pub(super) document: &'a Document,
    pub(super) pointer: String,
    pub(super) problems: &'a mut Diagnostics,
}

impl Place<'_> {
    /// Adds a problem; `at` begins below the key of the capability.
    fn add(&mut self, at: &str, message: impl Into<String>) {
        let problem = self.document.error(&format!("{}{at}", self.pointer), message);
        self.problems.0.push(problem);
    }

    /// Adds a problem with its fix.
    fn add_with_help(&mut self, at: &str, message: impl Into<String>, help: &str) {
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

            /// The name, as policy files and descriptors have it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$half => stringify!($name),)* }
            }

            /// The threat that it holds, in one paragraph.
            pub const fn threat(self) -> &'static str {
                match self { $(Self::$half => $half::THREAT,)* }
            }

            /// The rule that refuses a step that gets nothing of it.
            pub const fn not_granted(self) -> Rule {
                match self { $(Self::$half => $half::NOT_GRANTED,)* }
            }

            /// Whether a component must list it among its needs.
            pub const fn is_asked_for(self) -> bool {
                match self { $(Self::$half => $half::IS_ASKED_FOR,)* }
            }

            /// Whether it is an interface of ours: `stepwell:NAME`.
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

        /// What an attempt gets of each capability.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        pub(super) struct Granted {
            $(pub $name: <$half as Policed>::Grant,)*
        }

        impl Granted {
            /// Folds what all layers say.
            ///
            /// # Errors
            /// When the component cannot do without an interface of ours, and policy grants none of it.
            pub fn fold(opinions: &Opinions<'_>) -> Result<Self, Denial> {
                Ok(Self { $($name: opinions.of::<$half>(Capability::$half, |grants| grants.$name.as_ref())?,)* })
            }

            /// Whether there is anything of a capability.
            pub fn has(&self, capability: Capability) -> bool {
                match capability { $(Capability::$half => !$half::is_empty(&self.$name),)* }
            }

            /// Name and value of each part.
            pub fn parts(&self) -> Vec<(String, String)> {
                let mut parts = Vec::new();
                $(parts.extend($half::parts(&self.$name));)*
                parts
            }
        }

        impl Grant {
            /// The refusal of something of a capability that a configuration names: a connection, a program. None when it is
            /// granted, or the capability knows no names.
            pub fn refuse_name(&self, capability: Capability, name: &str) -> Option<Denial> {
                match capability { $(Capability::$half => $half::refuse_name(self, name),)* }
            }
        }
    };
}

each_capability!(capabilities);

/// What all layers say, and about what.
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
    /// The capability of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|capability| capability.name() == name)
    }

    /// The names that a component may list among its needs.
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

/// The schema of variables of an environment.
pub(super) fn schema_of_variables(_: &mut SchemaGenerator) -> schemars::Schema {
    let value = serde_json::json!({"type": "string", "maxLength": 32_768});
    json_schema!({"type": ["object", "null"], "additionalProperties": value})
}

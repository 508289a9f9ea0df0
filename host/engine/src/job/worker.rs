//! The step type `worker`: a process outside of Stepwell does the work. The engine implements it, because no component
//! runs: the run is parked until a worker that knows the function ends the work, loses it, or the time runs out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::StepDefinition;
use crate::document::{Diagnostic, Document, Schema, cut, is_template};
use crate::quantity::Span;

/// The name of the step type.
pub const TYPE: &str = "worker";

/// Maximum characters of the name of a function.
pub const MOST_NAME: usize = 128;

/// The configuration of a step of the type `worker`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerStep {
    /// The name under which workers have registered the function: letters, digits, `_`, `.`, `:` and `-`.
    #[schemars(length(min = 1, max = MOST_NAME))]
    pub function: String,
    /// The input of the function. Default: an empty object.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 1_000))]
    pub input: Map<String, Value>,
    /// The maximum time for which the work waits for a worker. Default: 24h.
    #[serde(default = "one_day")]
    pub wait: Span,
}

const fn one_day() -> Span {
    Span::secs(24 * 3600)
}

impl WorkerStep {
    /// Returns the JSON Schema of the step's configuration.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Returns whether a step has this type.
    pub fn is(step: &StepDefinition) -> bool {
        step.step_type == TYPE
    }

    /// Returns the name of the function of a step, unless it has expressions.
    pub fn fixed_function(step: &StepDefinition) -> Option<&str> {
        let function =
            step.config.get("function").filter(|function| Self::is(step) && !is_template(function));
        function?.as_str()
    }

    /// Reports a function whose name no worker can register.
    pub(super) fn check(step: &StepDefinition, document: &Document, at: &str) -> Vec<Diagnostic> {
        let problem = Self::fixed_function(step).and_then(|name| Some((name, wrong_name(name)?)));
        let found = problem.map(|(name, why)| {
            document.error(&format!("{at}/function"), format!("`{}` {why}", cut(name, 60)))
        });
        found.into_iter().collect()
    }
}

/// Returns why a text is no name of a function, if it is none.
pub fn wrong_name(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.chars().count() > MOST_NAME {
        return Some("must have 1 to 128 characters");
    }
    match name.starts_with(first) && name.chars().all(plain) {
        true => None,
        false => Some(
            "must have letters, digits, `_`, `.`, `:` and `-` only, and begin with a letter, a digit or `_`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_are_plain() {
        let long = "f".repeat(MOST_NAME + 1);
        for (name, is_right) in [
            ("send_invoice", true),
            ("billing.send:v2-beta", true),
            ("_private", true),
            ("7zip", true),
            ("", false),
            ("-x", false),
            ("a/b", false),
            ("a b", false),
            ("ä", false),
            (&long[..MOST_NAME], true),
            (&long[..], false),
        ] {
            assert_eq!(wrong_name(name).is_none(), is_right, "{name}");
        }
    }
}

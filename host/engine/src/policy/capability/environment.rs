//! The environment variables that a step sees.

use std::collections::BTreeMap;

use super::variables::is_name;
use super::{Layers, Place, Policed};
use crate::document::escape;
use crate::policy::rule::Rule;

/// The capability to see environment variables.
pub struct Environment;

impl Policed for Environment {
    type Rules = BTreeMap<String, String>;
    type Grant = BTreeMap<String, String>;

    const THREAT: &'static str = "A guest reads what the environment of its host holds: credentials, paths, names of machines. \
        So a step sees no variable of the host, and the operator writes each variable with its value.";
    const NOT_GRANTED: Rule = Rule::EnvironmentNotGranted;
    const ANYTHING: &'static str = "any variable of the environment";
    const EXAMPLE: &'static str = "{NAME: value}";

    fn check(rules: &Self::Rules, place: &mut Place<'_>) {
        for name in rules.keys().filter(|name| !is_name(name)) {
            let message = format!("`{name}` is not the name of a variable");
            place.add_with_help(&format!("/{}", escape(name)), message, "use letters, digits and `_`");
        }
    }

    /// A job may leave out variables of the operator, but cannot change one.
    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let mut granted = layers.operator.cloned().unwrap_or_default();
        for layer in &layers.narrowing {
            granted.retain(|name, value| layer.get(name) == Some(value));
        }
        granted
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        grant.iter().map(|(name, value)| (format!("environment {name}"), format!("= {value}"))).collect()
    }
}

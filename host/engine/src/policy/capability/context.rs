//! The variables and outputs of the run that a step may read and set while it runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layers, Policed};
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, plain};
use crate::policy::rule::Rule;

/// The capability to read and set variables and outputs of the run.
pub struct Context;

/// The variables and outputs that a step may read and set through `stepwell:context`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContextRule {
    /// Readable names: variables, `steps.ID` for outputs, or `"*"` for everything.
    #[schemars(inner(length(max = 200)))]
    pub read: Vec<String>,
    /// Writable names: variables, or `"*"`.
    #[schemars(inner(length(max = 200)))]
    pub write: Vec<String>,
}

impl Policed for Context {
    type Rules = ContextRule;
    type Grant = Vec<ContextRule>;

    const THREAT: &'static str = "A guest reads what other steps of its run produced, or changes what they get. So policy names \
        the variables and outputs that a step may read and set; templates reach only what the job itself passes on.";
    const NOT_GRANTED: Rule = Rule::ContextReadNotGranted;
    const ANYTHING: &'static str = "any variable or output of the run";
    const EXAMPLE: &'static str = "{read: [NAME]}";
    const IS_ASKED_FOR: bool = false;

    /// Allows an access only when each layer allows it.
    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let narrowing = layers.narrowing.iter().map(|rule| (*rule).clone());
        layers
            .operator
            .map(|operator| std::iter::once(operator.clone()).chain(narrowing).collect())
            .unwrap_or_default()
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let part = |_| ("context".to_owned(), "as granted".to_owned());
        grant.first().map(part).into_iter().collect()
    }
}

impl ContextRule {
    /// Returns whether each of the rules allows a step to set the variable. Without a rule, it may set none.
    pub fn may_write(rules: &[Self], name: &str) -> bool {
        !rules.is_empty() && rules.iter().all(|rule| rule.names("write", name))
    }

    /// Returns whether the rule allows an access (`read` or `write`) to `name`.
    pub(crate) fn names(&self, access: &str, name: &str) -> bool {
        let list = if access == "read" { &self.read } else { &self.write };
        list.iter().any(|entry| entry == "*" || entry == name)
    }
}

impl Grant {
    /// Denies access to a variable or an output of the run. `access` is `read` or `write`.
    pub fn refuse_context(&self, rule: Rule, what: &str, name: &str, access: &str) -> Denial {
        let layers = self.granted.context.len();
        let why = (layers > 0).then(|| {
            let by_job =
                layers > 1 && self.granted.context.first().is_some_and(|own| own.names(access, name));
            match by_job {
                true => "the `policy` of the job or the step leaves it out".to_owned(),
                false => format!("`context.{access}` of {} does not name it", self.whose.name()),
            }
        });
        self.whose.refuse(rule, what, why, &format!("{{{access}: [{}]}}", plain(name)))
    }
}

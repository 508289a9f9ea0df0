//! The results of workers: their checks and bounds are those of a step in the sandbox.

use serde_json::{Map, Value};
use stepwell_engine::job::wrong_variable_name;
use stepwell_engine::label;
use stepwell_engine::policy::Rule;
use stepwell_engine::policy::capability::ContextRule;

use super::WorkResult;
use super::item::{How, Item};
use crate::HostError;
use crate::worker::json_bytes;

/// Maximum characters of the code, the message and the summary of an end.
const MOST_CODE: usize = 64;
const MOST_MESSAGE: usize = 4_000;

/// Refuses an output that is too large for the step, and variables that it may not set.
pub(super) fn check(result: &WorkResult, item: &Item) -> Result<(), HostError> {
    let WorkResult::Completed { output, variables, .. } = result else { return Ok(()) };
    let (bytes, most) = (json_bytes(output), item.output_bytes);
    if bytes > most {
        let why = format!("it has {bytes} bytes, and `limits.output_bytes` of the policy allows {most}");
        return Err(HostError::Argument("output", why));
    }
    wrong(variables, &item.context, item.context_bytes)
        .map_or(Ok(()), |why| Err(HostError::Argument("variables", why)))
}

/// Returns the problem of variables that the step may not set.
fn wrong(variables: &Map<String, Value>, rules: &[ContextRule], most: u64) -> Option<String> {
    let wrong = variables.keys().find_map(|name| {
        if !ContextRule::may_write(rules, name) {
            let (name, rule) = (label::shown(name), Rule::ContextWriteNotGranted.id());
            let why = format!("`context.write` of the policy does not name the variable `{name}` [{rule}]");
            return Some(why);
        }
        wrong_variable_name(name)
    });
    let bytes = |(name, value): (&String, &Value)| (name.len() as u64).saturating_add(json_bytes(value));
    let sum = variables.iter().map(bytes).fold(0, u64::saturating_add);
    let too_many =
        || format!("they have {sum} bytes, and `limits.context_bytes` of the policy allows {most}");
    wrong.or_else(|| (sum > most).then(too_many))
}

pub(super) fn how_of(result: WorkResult) -> How {
    let cut = |text: String, most: usize| -> String { text.chars().take(most).collect() };
    match result {
        WorkResult::Completed { output, summary, variables } => {
            How::Completed { output, summary: cut(summary, MOST_MESSAGE), variables }
        }
        WorkResult::Failed { code, message, retryable } => {
            How::Failed { code: cut(code, MOST_CODE), message: cut(message, MOST_MESSAGE), retryable }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_checked_as_those_of_a_step() {
        let rule = |names: &[&str]| ContextRule {
            read: Vec::new(),
            write: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let all = vec![rule(&["*"])];
        for (variables, rules, problem) in [
            (json!({}), vec![], None),
            (json!({"n": 1}), vec![], Some("`context.write` of the policy does not name the variable `n`")),
            (json!({"n": 1}), all.clone(), None),
            (json!({"n": 1}), vec![rule(&["n", "m"])], None),
            // The job narrows the policy.
            (json!({"n": 1}), vec![rule(&["*"]), rule(&["m"])], Some("does not name the variable `n`")),
            (json!({"1n": 1}), all.clone(), Some("`1n` is not a name")),
            (json!({"": 1}), all.clone(), Some("is not a name")),
            (json!({"n".repeat(65): 1}), all.clone(), Some("is not a name")),
            // The names count, too.
            (json!({"ab": "1234567", "c": "12345"}), all.clone(), None),
            (json!({"ab": "1234567", "c": "123456"}), all.clone(), Some("they have 20 bytes, and")),
        ] {
            let found = wrong(variables.as_object().unwrap(), &rules, 19);
            match problem {
                None => assert_eq!(found, None, "{variables}"),
                Some(part) => {
                    assert!(found.as_deref().is_some_and(|found| found.contains(part)), "{found:?}")
                }
            }
        }
    }
}

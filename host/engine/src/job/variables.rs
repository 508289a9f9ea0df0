//! Variables of a job: the value under `vars` is the default, and its type is the type of the variable.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::JobDefinition;
use crate::document::{MAX_PROBLEMS, closest};
use crate::levels;
use crate::run::AdmitError;
use crate::values::{self, Unread};

/// Maximum bytes of the name of a variable that a step sets.
const MAX_NAME: usize = 64;

/// Returns the problem of a name that a step cannot set.
pub fn wrong_variable_name(name: &str) -> Option<String> {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let is_name = (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(is_word);
    (!is_name).then(|| format!("`{name}` is not a name: use letters, digits and `_`"))
}

/// Converts the text of `--var NAME=VALUE` to a value: unchanged for a variable that is text, otherwise JSON
/// of the type of the variable. A variable whose default is null accepts both.
///
/// # Errors
/// Fails when the job has no such variable, or the text is not a value of its type.
pub fn from_text(vars: &Map<String, Value>, name: &str, text: &str) -> Result<Value, AdmitError> {
    let declared = vars.get(name).ok_or_else(|| unknown(vars, name))?;
    let json = || match values::read_json(text) {
        Ok(value) => Ok(Some(value)),
        Err(Unread::NotJson(_)) => Ok(None),
        Err(Unread::TooDeep(deep)) => Err(AdmitError::TooDeep { name: name.to_owned(), deep }),
    };
    let value = match declared {
        Value::String(_) => Some(text.into()),
        Value::Null => Some(json()?.unwrap_or_else(|| text.into())),
        _ => json()?,
    };
    match value.filter(|value| fits(declared, value)) {
        Some(value) => Ok(value),
        None => Err(wrong(name, declared, &shown(declared, "", text))),
    }
}

/// Sets a variable that the job declares.
///
/// # Errors
/// As [`from_text`].
pub fn set_variable(vars: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), AdmitError> {
    let Some(declared) = vars.get_mut(name) else { return Err(unknown(vars, name)) };
    if !fits(declared, &value) {
        let given = match &value {
            Value::String(text) => shown(declared, "the text ", text),
            other => format!("`{}`", cut(&other.to_string())),
        };
        return Err(wrong(name, declared, &given));
    }
    levels::check(&value).map_err(|deep| AdmitError::TooDeep { name: name.to_owned(), deep })?;
    *declared = value;
    Ok(())
}

/// Returns an error for each given variable that is unknown or has a value of another type.
pub fn wrong_variables(job: &JobDefinition, given: &BTreeMap<String, Value>) -> Vec<AdmitError> {
    let mut vars = job.vars.clone();
    let wrong = given.iter().filter_map(|(name, value)| set_variable(&mut vars, name, value.clone()).err());
    wrong.take(MAX_PROBLEMS).collect()
}

/// Returns whether a value has the declared type. A number keeps its digits: a variable that is a number has
/// none that would change.
fn fits(declared: &Value, value: &Value) -> bool {
    declared.is_null() || std::mem::discriminant(declared) == std::mem::discriminant(value)
}

fn unknown(vars: &Map<String, Value>, name: &str) -> AdmitError {
    let names: Vec<String> = vars.keys().cloned().collect();
    let known = match closest(name, &names) {
        _ if names.is_empty() => "it has none: declare it under `vars`".to_owned(),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", names.join(", ")),
    };
    AdmitError::UnknownVariable { name: cut(name), known }
}

fn wrong(name: &str, declared: &Value, given: &str) -> AdmitError {
    let expected = match declared {
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Array(_) => "a JSON list",
        Value::Object(_) => "a JSON object",
        _ => "text",
    };
    AdmitError::WrongType { name: name.to_owned(), expected, given: given.to_owned() }
}

/// Quotes a text that is not of the declared type, and adds the reason if it is not obvious.
fn shown(declared: &Value, what: &str, text: &str) -> String {
    let loses = declared.is_number() && values::is_number(text) && !values::is_exact(text);
    let why =
        ", whose digits a number does not keep (write the default in quotes, so that the variable is text),";
    format!("{what}`{}`{}", cut(text), if loses { why } else { "" })
}

/// Cuts a value to a recognizable beginning.
fn cut(text: &str) -> String {
    crate::document::cut(text, 60)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vars() -> Map<String, Value> {
        let vars =
            json!({"deploy": true, "limit": 5, "day": "2025-09-01", "names": [], "map": {}, "any": null});
        vars.as_object().unwrap().clone().into_iter().collect()
    }

    #[test]
    fn text_becomes_a_value_of_the_declared_type_or_is_refused() {
        for (name, text, value) in [
            ("deploy", "false", Some(json!(false))),
            ("deploy", "\"false\"", None),
            ("deploy", "no", None),
            ("deploy", "False", None),
            ("deploy", "0", None),
            ("deploy", "", None),
            ("limit", "7", Some(json!(7))),
            ("limit", "7.5", Some(json!(7.5))),
            ("limit", "seven", None),
            ("limit", "\"7\"", None),
            ("limit", "7.50", None),
            ("limit", "12345678901234567890", None),
            ("any", "7.50", Some(json!("7.50"))),
            ("any", "01", Some(json!("01"))),
            ("names", "[1.50, 1]", Some(json!(["1.50", 1]))),
            ("day", "7", Some(json!("7"))),
            ("day", "false", Some(json!("false"))),
            ("day", "", Some(json!(""))),
            ("names", "[\"a\"]", Some(json!(["a"]))),
            ("names", "a", None),
            ("map", "{\"a\": 1}", Some(json!({"a": 1}))),
            ("map", "[]", None),
            ("any", "7", Some(json!(7))),
            ("any", "seven", Some(json!("seven"))),
            ("dploy", "true", None),
        ] {
            assert_eq!(from_text(&vars(), name, text).ok(), value, "{name}={text}");
        }
    }

    #[test]
    fn the_error_names_the_variable_the_value_and_the_fix() {
        let error = |name, value| set_variable(&mut vars(), name, value).unwrap_err().to_string();
        assert_eq!(
            error("deploy", json!("false")),
            "the variable `deploy` must be true or false, and the text `false` is not"
        );
        assert_eq!(error("limit", json!(true)), "the variable `limit` must be a number, and `true` is not");
        assert_eq!(error("lmit", json!(1)), "the job has no variable `lmit`; did you mean `limit`?");
        assert!(error("map", json!("x".repeat(10_000))).len() < 200);
        let deep = (0..65).fold(json!(1), |inner, _| json!([inner]));
        let said = "the variable `names` has more than 64 levels of lists and objects within each other";
        for error in [
            error("names", deep.clone()),
            from_text(&vars(), "names", &deep.to_string()).unwrap_err().to_string(),
        ] {
            assert!(error.starts_with(said), "{error}");
        }
    }
}

//! The check that an answer has the shape that the OpenAPI document gives it.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use stepwell::engine::document::cut;

use crate::api::document;

/// The schemas of the OpenAPI document, by name.
static SCHEMAS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut document = document();
    let schemas = document.pointer_mut("/components/schemas").map(Value::take);
    schemas.and_then(|schemas| schemas.as_object().cloned()).unwrap_or_default()
});

/// The depth at which the check ends. No answer of the API is deeper, apart from values of users.
const DEPTH: usize = 32;
/// The maximum length of a place in a message.
const PLACE: usize = 100;

/// Returns the place of the first part of an answer that has another type than its schema, or that is an object
/// without any of the required fields. A newer service may send more fields and more words, and an older one
/// fewer fields.
pub(super) fn differs(name: &str, answer: &Value) -> Option<String> {
    let schema = SCHEMAS.get(name)?;
    other(schema, answer, DEPTH).map(|place| match place.as_str() {
        "" => "the answer itself".to_owned(),
        place => format!("`{}`", cut(place, PLACE)),
    })
}

/// Returns the JSON Pointer of the first difference.
fn other(schema: &Value, value: &Value, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let schema = SCHEMAS.get(name.strip_prefix("#/components/schemas/")?)?;
        return other(schema, value, depth);
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        // An optional value is its schema or null. Other choices are not checked.
        let some = any.iter().filter(|choice| choice.get("type").and_then(Value::as_str) != Some("null"));
        return match (value, <[&Value; 1]>::try_from(some.collect::<Vec<_>>())) {
            (Value::Null, _) | (_, Err(_)) => None,
            (_, Ok([schema])) => other(schema, value, depth),
        };
    }
    if schema.get("type").is_some_and(|types| !is_of(types, value)) {
        return Some(String::new());
    }
    match value {
        Value::Object(map) => in_object(schema, map, depth),
        Value::Array(items) => {
            let schema = schema.get("items")?;
            let mut found = items.iter().enumerate();
            found.find_map(|(index, item)| Some(format!("/{index}{}", other(schema, item, depth)?)))
        }
        _ => None,
    }
}

fn in_object(schema: &Value, map: &Map<String, Value>, depth: usize) -> Option<String> {
    let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let has = |name: &Value| name.as_str().is_some_and(|name| map.contains_key(name));
    if !required.is_empty() && !required.iter().any(has) {
        return Some(String::new());
    }
    let properties = schema.get("properties")?.as_object()?;
    properties.iter().find_map(|(name, schema)| {
        let place = other(schema, map.get(name)?, depth)?;
        Some(format!("/{name}{place}"))
    })
}

/// Returns whether a value has one of the types of a schema.
fn is_of(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    match types {
        Value::Array(types) => types.iter().any(is),
        one => is(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_of_another_shape_is_found() {
        for (name, answer, place) in [
            ("Runs", json!({"items": [], "next_cursor": null}), None),
            ("Runs", json!({"items": [], "next_cursor": "x", "more": 1}), None),
            ("Runs", json!({"items": [{"execution_id": 5}]}), Some("`/items/0/execution_id`")),
            ("Runs", json!({"items": 5}), Some("`/items`")),
            ("Runs", json!([]), Some("the answer itself")),
            ("Runs", json!({"error": "x"}), Some("the answer itself")),
            ("AuditReport", json!({}), Some("the answer itself")),
            ("AuditReport", json!({"intact": true, "broken": null, "rows": 1}), None),
            ("AuditReport", json!({"intact": "yes"}), Some("`/intact`")),
            ("AuditReport", json!({"intact": false, "broken": {"number": "x"}}), Some("`/broken/number`")),
            ("Run", json!(null), Some("the answer itself")),
        ] {
            assert_eq!(differs(name, &answer).as_deref(), place, "{name} {answer}");
        }
    }

    /// A misspelt name would check nothing.
    #[test]
    fn every_operation_names_a_schema() {
        for operation in crate::api::TABLE {
            let (_, name) = operation.success;
            assert!(matches!(name, "" | "Any") || name.contains('/') || SCHEMAS.contains_key(name), "{name}");
        }
        assert!(SCHEMAS.contains_key("Accepted"));
    }
}

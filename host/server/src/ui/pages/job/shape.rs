//! The kind of field that a form shows for a JSON Schema.

use serde_json::Value;

use crate::ui::value::Parts;

/// The maximum number of references that lead to a schema.
const MOST_REFERENCES: usize = 8;
/// The maximum number of properties of an object that has its own fields.
const MOST_PROPERTIES: usize = 12;
/// The maximum nesting of objects that have their own fields.
const MOST_LEVELS: usize = 3;

/// The kind of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape<'s> {
    /// A text in one line.
    Text,
    /// A text in several lines.
    Long,
    /// A number.
    Number,
    /// A number or a text, such as a duration.
    Scalar,
    /// True or false.
    Switch,
    /// One of these values, each with its description.
    Choice(Vec<(&'s Value, &'s str)>),
    /// Texts or numbers, one per line.
    List,
    /// Further fields: the name and the schema of each.
    Object(Vec<(&'s str, &'s Value)>),
    /// Anything else, as YAML.
    Yaml,
}

/// Keys of texts that usually have several lines.
const LONG: [&str; 8] = ["query", "script", "sql", "body", "content", "message", "description", "text"];

/// Returns the schema itself: behind references, and without the alternative null.
pub(super) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut here = schema;
    for _ in 0..MOST_REFERENCES {
        let target = here.text("$ref").strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        here = match (target, single(here)) {
            (Some(target), _) => target,
            (None, Some(only)) => only,
            (None, None) => return here,
        };
    }
    here
}

/// Returns the only alternative of a schema besides null.
fn single(schema: &Value) -> Option<&Value> {
    let alternatives =
        ["anyOf", "oneOf", "allOf"].iter().map(|key| schema.list(key)).find(|all| !all.is_empty())?;
    let mut all = alternatives.iter().filter(|schema| schema.text("type") != "null");
    all.next().filter(|_| all.next().is_none())
}

/// Returns the kind of field for the schema of `key`, which is inside of `level` objects.
pub(super) fn shape<'s>(root: &'s Value, key: &str, schema: &'s Value, level: usize) -> Shape<'s> {
    let schema = resolved(root, schema);
    if let Some(choice) = choice(root, schema) {
        return choice;
    }
    let types: Vec<&str> = match schema.at("type") {
        Value::String(one) => vec![one],
        other => other.list("").iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
    };
    match types.as_slice() {
        ["string"] if LONG.contains(&key) => Shape::Long,
        ["string"] => Shape::Text,
        ["number" | "integer"] => Shape::Number,
        ["boolean"] => Shape::Switch,
        ["array"] => {
            let item = shape(root, "", schema.at("items"), MOST_LEVELS);
            let is_plain = matches!(item, Shape::Text | Shape::Number | Shape::Scalar | Shape::Choice(_));
            if is_plain { Shape::List } else { Shape::Yaml }
        }
        ["object"] => {
            let properties = schema.entries("properties");
            let fits = !properties.is_empty() && properties.len() <= MOST_PROPERTIES && level < MOST_LEVELS;
            if fits { Shape::Object(properties) } else { Shape::Yaml }
        }
        [_, ..] if types.iter().all(|name| matches!(*name, "string" | "number" | "integer" | "boolean")) => {
            Shape::Scalar
        }
        _ => Shape::Yaml,
    }
}

/// Returns the values of an enumeration.
fn choice<'s>(root: &'s Value, schema: &'s Value) -> Option<Shape<'s>> {
    let plain = schema.list("enum").iter().filter(|value| !value.is_null());
    let mut found: Vec<(&Value, &str)> = plain.map(|value| (value, "")).collect();
    for alternative in schema.list("oneOf").iter().chain(schema.list("anyOf")) {
        let alternative = resolved(root, alternative);
        if alternative.text("type") == "null" {
            continue;
        }
        match alternative.get("const") {
            Some(value) => found.push((value, alternative.text("description"))),
            None if alternative.list("enum").is_empty() => return None,
            None => found.extend(alternative.list("enum").iter().map(|value| (value, ""))),
        }
    }
    (!found.is_empty()).then_some(Shape::Choice(found))
}

/// Returns whether a value can be shown in a field of this kind. A text with an expression fits everywhere.
pub(super) fn fits(shape: &Shape<'_>, value: &Value) -> bool {
    let is_short = value.as_str().is_some_and(|text| !text.contains('\n'));
    match shape {
        Shape::Long => value.is_string(),
        Shape::Text => is_short,
        Shape::Number | Shape::Scalar => value.is_number() || value.is_boolean() || is_short,
        Shape::Switch => value.is_boolean(),
        Shape::Choice(values) => values.iter().any(|(known, _)| *known == value),
        Shape::List => value.as_array().is_some_and(|items| {
            items
                .iter()
                .all(|item| item.is_number() || item.as_str().is_some_and(|text| !text.contains('\n')))
        }),
        Shape::Object(_) => value.is_object(),
        Shape::Yaml => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stepwell::engine::JobDefinition;

    use super::*;

    #[test]
    fn schemas_have_their_fields() {
        let root = json!({"$defs": {
            "Mode": {"oneOf": [{"const": "read", "description": "Reads."}, {"const": "write", "description": ""}]},
            "Out": {"type": "object", "properties": {"path": {"type": "string"}}},
            "Loop": {"$ref": "#/$defs/Loop"}
        }});
        for (key, schema, expected) in [
            ("a", json!({"type": "string"}), "Text"),
            ("query", json!({"type": ["string", "null"]}), "Long"),
            ("a", json!({"type": "integer"}), "Number"),
            ("a", json!({"type": ["number", "string"]}), "Scalar"),
            ("a", json!({"type": "boolean"}), "Switch"),
            ("a", json!({"enum": ["x", "y"]}), "Choice"),
            ("a", json!({"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}]}), "Choice"),
            ("a", json!({"type": "array", "items": {"type": "string"}}), "List"),
            ("a", json!({"type": "array", "items": {"type": "object"}}), "Yaml"),
            ("a", json!({"$ref": "#/$defs/Out"}), "Object"),
            ("a", json!({"type": "object", "additionalProperties": true}), "Yaml"),
            ("a", json!({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Out"}]}), "Yaml"),
            ("a", json!({"$ref": "#/$defs/Loop"}), "Yaml"),
            ("a", json!(true), "Yaml"),
        ] {
            let found = format!("{:?}", shape(&root, key, &schema, 0));
            assert!(found.starts_with(expected), "{schema}: {found}");
        }
        assert_eq!(shape(&root, "a", &json!({"$ref": "#/$defs/Out"}), MOST_LEVELS), Shape::Yaml);
    }

    #[test]
    fn the_settings_of_a_step_have_fields() {
        let root = JobDefinition::published_schema();
        let step = root.at("$defs.StepDefinition.properties");
        for (key, expected) in [
            ("name", "Text"),
            ("when", "Text"),
            ("timeout", "Scalar"),
            ("on_lost", "Choice"),
            ("continue_on_failure", "Switch"),
            ("retry", "Object"),
        ] {
            let found = format!("{:?}", shape(&root, key, step.at(key), 0));
            assert!(found.starts_with(expected), "{key}: {found}");
        }
        let schedule = shape(&root, "schedule", root.at("properties.schedule"), 0);
        assert!(matches!(schedule, Shape::Object(_)), "{schedule:?}");
    }
}

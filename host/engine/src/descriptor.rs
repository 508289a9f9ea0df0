//! The descriptor of a component, which is checked before the component becomes a step.
//!
//! The threat: a stranger writes the descriptor. Terminals show it, the store saves it, every job is
//! validated with its schema, and policy is compared with it. So each part has a bound and a defined meaning.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::job::{STEP_KEYS, approval, group, worker};
use crate::policy::Capability;
use crate::step::Manifest;

/// Types that no component can have: the engine's own types, and a word that the API uses in place of a type.
pub const RESERVED_TYPES: &[&str] = &[approval::TYPE, group::TYPE, worker::TYPE, "types"];
/// Maximum characters of a summary, and of the purpose of a need.
const TEXT: usize = 500;
/// Maximum characters of a version.
const VERSION: usize = 64;
/// Maximum bytes of a schema, as JSON.
const SCHEMA_BYTES: usize = 128 << 10;
/// Maximum nesting of lists and objects in a schema.
const SCHEMA_DEPTH: usize = 32;
/// Maximum parts of a schema with each `$ref` expanded, because a value is checked against each part.
const SCHEMA_PARTS: usize = 2_000;
/// Maximum nesting of references.
const SCHEMA_REFERENCES: usize = 32;

/// Returns whether the text is a valid step type: `invoice_check` or `acme/invoice_check`, at most
/// 64 characters.
pub fn is_type_name(name: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    name.len() <= 64 && name.split('/').count() <= 2 && name.split('/').all(word)
}

/// Returns the vendor of a step type: `acme` of `acme/invoice`.
pub fn vendor(step_type: &str) -> Option<&str> {
    step_type.split_once('/').map(|(vendor, _)| vendor)
}

/// Reads the capability of a need.
///
/// # Errors
/// Fails when no capability has this name, or when every step has the capability anyway.
pub fn capability(index: usize, name: &str) -> Result<Capability, String> {
    Capability::parse(name).filter(|capability| capability.is_asked_for()).ok_or_else(|| {
        let said: String = name.chars().take(40).collect();
        let known = Capability::asked_for().join(", ");
        format!("`needs[{index}].capability`: {said:?} is unknown; a step can ask for {known}")
    })
}

/// Returns every problem of a descriptor, with its field and its fix.
pub fn problems(manifest: &Manifest) -> Vec<String> {
    let mut problems = Vec::new();
    let name = &manifest.type_name;
    if !is_type_name(name) {
        problems.push(format!(
            "`type-name`: {name:?} is not a type name; write for instance `acme/invoice_check`: lower-case letters, digits and `_`, at most 64 characters"
        ));
    }
    if RESERVED_TYPES.contains(&name.as_str()) {
        problems.push(format!("`type-name`: `{name}` is reserved; choose another name"));
    }
    if let Err(error) = semver::Version::parse(&manifest.version) {
        let version: String = manifest.version.chars().take(40).collect();
        problems.push(format!(
            "`version`: {version:?} is not a semantic version ({error}); write for instance 1.0.0"
        ));
    }
    let length = manifest.version.chars().count();
    if length > VERSION {
        problems.push(format!("`version`: {length} characters; write at most {VERSION}"));
    }
    text("summary", &manifest.summary, &mut problems);
    for (index, need) in manifest.needs.iter().enumerate() {
        let at = format!("needs[{index}]");
        if manifest.needs.iter().take(index).any(|other| other.capability == need.capability) {
            problems
                .push(format!("`{at}.capability`: `{}` appears twice; remove one of them", need.capability));
        }
        text(&format!("{at}.purpose"), &need.purpose, &mut problems);
    }
    problems.extend(schema(manifest.config_schema.value()));
    problems.extend(manifest.unknown_grants().into_iter().map(|grant| {
        let known = Capability::asked_for().join(", ");
        format!("`config-schema`: `x-stepwell-grant` is {grant}; write one of {known}")
    }));
    problems.extend(crate::action::problems(manifest));
    problems
}

fn text(field: &str, text: &str, problems: &mut Vec<String>) {
    let length = text.chars().count();
    if length > TEXT {
        problems.push(format!("`{field}`: {length} characters; write at most {TEXT}"));
    }
    if text.chars().any(char::is_control) {
        problems.push(format!("`{field}`: it has control characters or line breaks; write one line of text"));
    }
}

fn schema(schema: &Value) -> Vec<String> {
    let wrong = |why: String| vec![format!("`config-schema`: {why}")];
    if !schema.is_object() {
        return wrong("it is not a JSON object; write a JSON Schema with `\"type\": \"object\"`".to_owned());
    }
    // Check the depth first: the following checks visit all levels.
    if deeper_than(schema, SCHEMA_DEPTH) {
        return wrong(format!("it is nested deeper than {SCHEMA_DEPTH} levels; move parts into `$defs`"));
    }
    let bytes = schema.to_string().len();
    if bytes > SCHEMA_BYTES {
        return wrong(format!("it has {bytes} bytes; write at most {SCHEMA_BYTES}"));
    }
    // Check the size before anything is validated: the host evaluates the schema and cannot interrupt that.
    if let Err(why) = expanded(schema, schema, &mut BTreeMap::new(), &mut Vec::new()) {
        return wrong(why);
    }
    let mut problems = Vec::new();
    if let Err(error) = jsonschema::meta::validate(schema) {
        let place = match error.instance_path().to_string() {
            place if place.is_empty() => "its top level".to_owned(),
            place => place,
        };
        let why = reason(&error);
        return wrong(format!("it is not a valid JSON Schema: {place}: {why}"));
    }
    match crate::document::validator_options().build(schema) {
        Ok(validator) => {
            let others = [json!(null), json!(true), json!(1), json!("text"), json!([])];
            if others.iter().any(|value| validator.is_valid(value)) {
                problems.push(
                    "`config-schema`: it does not describe an object; add `\"type\": \"object\"` at its top level"
                        .to_owned(),
                );
            }
        }
        Err(error) => {
            let why = reason(&error);
            problems.push(format!(
                "`config-schema`: it cannot be used: {why}; a schema is complete in itself, and each pattern a regular expression"
            ));
        }
    }
    let reserved = STEP_KEYS.iter().filter(|key| **key != "timeout");
    for key in reserved.filter(|key| has_property(schema, key)) {
        problems.push(format!(
            "`config-schema`: the property `{key}` is a key that every step has (jobs never pass it on); rename it"
        ));
    }
    problems
}

/// Describes a fault of a schema without the words of the library about itself.
fn reason(error: &jsonschema::ValidationError<'_>) -> String {
    use jsonschema::error::ValidationErrorKind as Kind;
    match error.kind() {
        Kind::Referencing(_) => "a reference or `$schema` names another document".to_owned(),
        Kind::Format { format } if format == "regex" => {
            "a pattern is no regular expression, or one that takes too much memory".to_owned()
        }
        _ => error.to_string().chars().take(300).collect(),
    }
}

/// Counts the parts of a schema with each `$ref` expanded. Definitions that name each other twice double the
/// number with each level.
fn expanded(
    schema: &Value,
    root: &Value,
    known: &mut BTreeMap<String, usize>,
    open: &mut Vec<String>,
) -> Result<usize, String> {
    let mut parts = 1usize;
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                parts += match (key.as_str(), value.as_str()) {
                    ("$ref", Some(name)) => referenced(name, root, known, open)?,
                    ("$dynamicRef" | "$recursiveRef", Some(_)) => {
                        return Err(format!("`{key}` is not supported; use `$ref`"));
                    }
                    // A nested `$id` would change the meaning of the references below it.
                    ("$id", Some(_)) if !std::ptr::eq(schema, root) => {
                        return Err("`$id` is supported at its top level only".to_owned());
                    }
                    ("$defs" | "definitions", _) => 0,
                    _ => expanded(value, root, known, open)?,
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                parts += expanded(item, root, known, open)?;
            }
        }
        _ => {}
    }
    match parts {
        parts if parts > SCHEMA_PARTS => {
            Err(format!("it has more than {SCHEMA_PARTS} parts, each `$ref` filled in; simplify it"))
        }
        parts => Ok(parts),
    }
}

fn referenced(
    name: &str,
    root: &Value,
    known: &mut BTreeMap<String, usize>,
    open: &mut Vec<String>,
) -> Result<usize, String> {
    if let Some(parts) = known.get(name) {
        return Ok(*parts);
    }
    let shown = crate::document::cut(name, 60);
    if open.iter().any(|above| above == name) {
        return Err(format!("`$ref: {shown}` contains itself; describe a bounded depth"));
    }
    if open.len() >= SCHEMA_REFERENCES {
        return Err(format!(
            "more than {SCHEMA_REFERENCES} definitions refer to each other in a row; simplify it"
        ));
    }
    let Some(target) = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else {
        return Err(format!(
            "`$ref: {shown}` names no part of it: a schema is complete in itself; write for instance `#/$defs/name`"
        ));
    };
    open.push(name.to_owned());
    let parts = expanded(target, root, known, open)?;
    open.pop();
    known.insert(name.to_owned(), parts);
    Ok(parts)
}

/// Returns whether the schema, or a part of it that describes the same object, has a property with this name.
fn has_property(schema: &Value, name: &str) -> bool {
    let own = schema.pointer(&format!("/properties/{name}")).is_some();
    let parts = ["allOf", "anyOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    own || parts.into_iter().any(|part| has_property(part, name))
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else { return value.is_object() || value.is_array() };
    match value {
        Value::Object(map) => map.values().any(|value| deeper_than(value, left)),
        Value::Array(items) => items.iter().any(|value| deeper_than(value, left)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Profile;
    use crate::step::Need;

    fn good() -> Manifest {
        Manifest {
            type_name: "acme/invoice".to_owned(),
            version: "1.2.0".to_owned(),
            summary: "Sends invoices".to_owned(),
            config_schema: json!({"type": "object", "properties": {"to": {"type": "string"}, "timeout": {"type": "number"}}})
                .into(),
            needs: vec![need("http", "to send them")],
            profile: Profile::Standard,
            idempotent: false,
        }
    }

    fn need(capability: &str, purpose: &str) -> Need {
        Need {
            capability: Capability::parse(capability).unwrap(),
            purpose: purpose.to_owned(),
            optional: false,
        }
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(true), |schema, _| json!({"not": schema}))
    }
    /// Returns a chain of definitions, each of which names the next one twice.
    fn doubling(levels: usize) -> Value {
        let mut definitions = serde_json::Map::new();
        for level in 0..levels {
            let next = json!({"$ref": format!("#/$defs/a{}", level + 1)});
            definitions.insert(format!("a{level}"), json!({"allOf": [next, next]}));
        }
        definitions.insert(format!("a{levels}"), json!(true));
        json!({"type": "object", "allOf": [{"$ref": "#/$defs/a0"}], "$defs": definitions})
    }

    type Change = fn(&mut Manifest);

    const CASES: &[(Change, &str)] = &[
        (|m| m.type_name = "Acme Invoice".to_owned(), "`type-name`: \"Acme Invoice\""),
        (|m| m.type_name = "a/b/c".to_owned(), "write for instance `acme/invoice_check`"),
        (|m| m.type_name = "approval".to_owned(), "`type-name`: `approval` is reserved"),
        (|m| m.version = "1.2".to_owned(), "`version`: \"1.2\" is not a semantic version"),
        (|m| m.version = String::new(), "`version`"),
        (
            |m| m.version = format!("1.0.0-{}", "a".repeat(1 << 20)),
            "`version`: 1048582 characters; write at most 64",
        ),
        (|m| m.version = "latest".to_owned(), "write for instance 1.0.0"),
        (|m| m.summary = "x".repeat(501), "`summary`: 501 characters; write at most 500"),
        (|m| m.summary = "red \u{1b}[31m".to_owned(), "`summary`: it has control characters"),
        (|m| m.needs.push(need("http", "")), "`needs[1].capability`: `http` appears twice"),
        (|m| m.needs[0].purpose = "a\nb".to_owned(), "`needs[0].purpose`"),
        (|m| m.config_schema = json!(true).into(), "it is not a JSON object"),
        (|m| m.config_schema = json!({}).into(), "add `\"type\": \"object\"`"),
        (|m| m.config_schema = json!({"type": "string"}).into(), "does not describe an object"),
        (|m| m.config_schema = json!({"type": "objekt"}).into(), "is not a valid JSON Schema: /type"),
        (
            |m| m.config_schema = json!({"type": "object", "properties": {"a": {"minimum": "1"}}}).into(),
            "/properties/a/minimum",
        ),
        (
            |m| m.config_schema = json!({"type": "object", "properties": {"a": {"pattern": "("}}}).into(),
            "`config-schema`",
        ),
        (
            |m| m.config_schema = json!({"type": "object", "$ref": "https://example.com/x.json"}).into(),
            "a schema is complete in itself",
        ),
        (
            |m| m.config_schema = json!({"type": "object", "$schema": "http://evil/"}).into(),
            "names another document",
        ),
        (
            |m| {
                m.config_schema =
                    json!({"type": "object", "properties": {"a": {"pattern": "((a{1,1000}){1,1000}){1,1000}"}}}).into();
            },
            "takes too much memory",
        ),
        (|m| m.config_schema = nested(40).into(), "nested deeper than 32 levels"),
        (|m| m.config_schema = doubling(25).into(), "more than 2000 parts"),
        (|m| m.config_schema = doubling(40).into(), "refer to each other in a row"),
        (
            |m| {
                m.config_schema =
                        json!({"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}).into();
            },
            "contains itself",
        ),
        (|m| m.config_schema = json!({"type": "object", "not": {"$ref": "#"}}).into(), "contains itself"),
        (|m| m.config_schema = json!({"type": "object", "$dynamicRef": "#a"}).into(), "is not supported"),
        (
            |m| {
                m.config_schema =
                    json!({"type": "object", "properties": {"a": {"pattern": "^(?=(a+)+$)"}}}).into();
            },
            "cannot be used",
        ),
        (
            |m| m.config_schema = json!({"type": "object", "description": "x".repeat(200 << 10)}).into(),
            "write at most 131072",
        ),
        (
            |m| {
                m.config_schema =
                    json!({"type": "object", "properties": {"db": {"x-stepwell-grant": "database"}}}).into();
            },
            "`x-stepwell-grant` is \"database\"",
        ),
        (
            |m| m.config_schema = json!({"type": "object", "properties": {"when": {}}}).into(),
            "the property `when` is a key that every step has",
        ),
        (
            |m| {
                m.config_schema =
                    json!({"type": "object", "oneOf": [{"properties": {"id": {"type": "string"}}}]}).into();
            },
            "the property `id`",
        ),
    ];

    #[test]
    fn each_problem_names_its_field_and_the_fix() {
        assert_eq!(problems(&good()), Vec::<String>::new());
        let unknown = capability(1, "network").unwrap_err();
        assert!(unknown.contains("a step can ask for environment, files, http, process, sql"), "{unknown}");
        assert!(capability(0, "context").is_err(), "every step has it");
        for (change, said) in CASES {
            let mut manifest = good();
            change(&mut manifest);
            let found = problems(&manifest).join("\n");
            assert!(found.contains(said), "{said}: {found}");
        }
    }
}

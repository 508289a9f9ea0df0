//! The JSON Schema of a job file for editors and other tools: it also has the rules of groups that JSON Schema can
//! express. The parser checks groups at their own places, for messages that name the fix.

use serde_json::{Map, Value, json};

use super::{JobDefinition, STEP_KEYS, group};
use crate::document::Schema;

impl JobDefinition {
    /// Returns the JSON Schema of a job file for editors and other tools, with the keys of groups.
    pub fn published_schema() -> Value {
        let (mut schema, mut group) =
            (Self::schema().value().clone(), Schema::of::<group::Group>().value().clone());
        let (Some(defs), Some(own)) =
            (schema.get_mut("$defs").and_then(Value::as_object_mut), group.as_object_mut())
        else {
            return schema;
        };
        if let Some(Value::Object(more)) = own.remove("$defs") {
            for (name, def) in more {
                defs.entry(name).or_insert(def);
            }
        }
        rules(own);
        if let Some(step) = defs.get_mut("StepDefinition").and_then(Value::as_object_mut) {
            step.insert(
                "if".to_owned(),
                json!({"properties": {"type": {"const": group::TYPE}}, "required": ["type"]}),
            );
            step.insert("then".to_owned(), group);
        }
        // A branch without a type is a sequence, and a branch with one is a step.
        defs.insert(
            "Branch".to_owned(),
            json!({
                "description": "A branch of a group: a step, or steps that run one after the other.",
                "if": {"type": "object", "required": ["steps"], "not": {"required": ["type"]}},
                "then": {"$ref": "#/$defs/Sequence"},
                "else": {"$ref": "#/$defs/StepDefinition"},
            }),
        );
        schema
    }
}

/// Adds the rules of a group to its schema. The keys of every step stand beside those of a group.
fn rules(group: &mut Map<String, Value>) {
    group.retain(|key, _| !matches!(key.as_str(), "$schema" | "title" | "additionalProperties"));
    let Some(Value::Object(own)) = group.get_mut("properties") else { return };
    let names: Vec<&str> = STEP_KEYS.iter().copied().chain(own.keys().map(String::as_str)).collect();
    let names = json!({"enum": names});
    if let Some(Value::Object(list)) = own.get_mut("for_each") {
        list.insert("type".to_owned(), json!(["array", "object", "string"]));
        // A text is one expression.
        list.insert("pattern".to_owned(), json!(r"^\$\{\{[\s\S]*\}\}$"));
    }
    if let Some(Value::Object(item)) = own.get_mut("as") {
        item.insert("not".to_owned(), json!({"enum": group::TAKEN}));
    }
    let given = |key: &str| json!({"required": [key], "properties": {key: {"not": {"type": "null"}}}});
    let step = json!({"$ref": "#/$defs/StepDefinition"});
    group.insert("propertyNames".to_owned(), names);
    group.insert("required".to_owned(), json!(["parallel_steps"]));
    group.insert(
        "allOf".to_owned(),
        json!([
            {"not": {"allOf": [given("on_failure"), given("fail_fast")]}},
            {"if": given("as"), "then": given("for_each")},
            // With `for_each`, the branches are the steps of one item.
            {"if": given("for_each"), "then": {"properties": {"parallel_steps": {"items": step}}}},
        ]),
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::document::Document;
    use crate::job::{self, Catalog};
    use crate::policy::Profile;
    use crate::step::Manifest;

    /// A catalog with the step type `x`, which has the key `text`.
    struct OneType(Arc<Manifest>);

    impl Catalog for OneType {
        fn manifest(&self, step_type: &str) -> Option<Arc<Manifest>> {
            (step_type == "x").then(|| self.0.clone())
        }

        fn types(&self) -> Vec<String> {
            vec!["x".to_owned()]
        }
    }

    fn catalog() -> OneType {
        let properties = json!({"text": {"type": "string"}});
        OneType(Arc::new(Manifest {
            type_name: "x".to_owned(),
            version: "0.1.0".to_owned(),
            summary: String::new(),
            config_schema: Schema::from(
                json!({"type": "object", "properties": properties, "additionalProperties": false}),
            ),
            needs: Vec::new(),
            profile: Profile::Standard,
            idempotent: true,
        }))
    }

    /// Parts of a group, whether the parser accepts a group with them, and whether the schema does.
    const GROUPS: &[(&str, bool, bool)] = &[
        ("parallel_steps: [{id: a, type: x}]", true, true),
        (
            "parallel_steps: [{id: a, type: x}], when: '${{ true }}', retry: {max_attempts: 2}, timeout: 1m",
            true,
            true,
        ),
        (
            "parallel_steps: [{id: q, steps: [{id: a, type: x, text: b}]}, {id: b, type: x}], finally: [{id: c, type: x}]",
            true,
            true,
        ),
        ("parallel_steps: [{id: a, type: x}], for_each: [1, 2], as: one", true, true),
        ("parallel_steps: [{id: a, type: x}], for_each: '${{ vars.list }}', max_parallel: 2", true, true),
        ("parallel_steps: [{id: a, type: x}], for_each: {a: 1}, on_failure: go_on", true, true),
        ("parallel_steps: [{id: a, type: x}], fail_fast: false, on_failure: null", true, true),
        ("parallel_steps: [{id: h, type: parallel_group, parallel_steps: [{id: a, type: x}]}]", true, true),
        // Neither accepts these.
        ("max_parallel: 2", false, false),
        ("parallel_steps: []", false, false),
        ("parallel_steps: [a]", false, false),
        ("parallel_steps: [{id: a}]", false, false),
        ("parallel_steps: [{type: x}]", false, false),
        ("parallel_steps: [{id: q, steps: []}]", false, false),
        ("parallel_steps: [{steps: [{id: a, type: x}]}]", false, false),
        ("parallel_steps: [{id: q, steps: [{id: a, type: x}], when: '${{ true }}'}]", false, false),
        ("parallel_steps: [{id: q, steps: [{id: a}]}]", false, false),
        ("parallel_steps: [{id: a, type: x}], text: b", false, false),
        ("parallel_steps: [{id: a, type: x}], max_paralel: 2", false, false),
        ("parallel_steps: [{id: a, type: x}], max_parallel: 0", false, false),
        ("parallel_steps: [{id: a, type: x}], on_failure: wait", false, false),
        ("parallel_steps: [{id: a, type: x}], on_failure: stop, fail_fast: true", false, false),
        ("parallel_steps: [{id: a, type: x}], as: one", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: null, as: one", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: [1], as: 1st", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: [1], as: vars", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: null", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: 3", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: true", false, false),
        ("parallel_steps: [{id: a, type: x}], for_each: some text", false, false),
        ("parallel_steps: [{id: q, steps: [{id: a, type: x}]}], for_each: [1]", false, false),
        ("parallel_steps: [{id: a, type: x}], finally: {id: b, type: x}", false, false),
        ("parallel_steps: [{id: h, type: parallel_group}]", false, false),
        // JSON Schema cannot express these.
        ("parallel_steps: [{id: a, type: x}, {id: a, type: x}]", false, true),
        ("parallel_steps: [{id: a, type: x}], for_each: '${{ 1 }}${{ 2 }}'", false, true),
        // Whether a step has the key `steps` is known to its type alone.
        ("parallel_steps: [{id: q, type: x, steps: [{id: a, type: x}]}]", false, true),
    ];

    #[test]
    fn the_schema_refuses_the_groups_that_the_parser_refuses() {
        let schema = jsonschema::validator_for(&JobDefinition::published_schema()).unwrap();
        for (parts, parsed, valid) in GROUPS {
            let text =
                format!("{{id: j, vars: {{list: [1]}}, steps: [{{id: g, type: parallel_group, {parts}}}]}}");
            let found = job::parse("j", &text, &catalog());
            assert_eq!(found.is_ok(), *parsed, "the parser: {parts}: {:?}", found.err());
            let value = Document::parse("j", &text).unwrap().value;
            let problems: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(problems.is_empty(), *valid, "the schema: {parts}: {problems:?}");
        }
    }
}

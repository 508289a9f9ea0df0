//! Configuration values that a template fills in when the step runs.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::step::schema_value;
use crate::{Issue, Step};

/// The JSON pointers of the configuration values that a template fills in when the step runs.
///
/// A pending value is present but unknown. An optional pending field is `Some`: it holds the text of the
/// template where text fits, and a placeholder of its type otherwise. The SDK drops a problem at or below a
/// pending value, and a problem that [`Issue::concerns`] a pending value. A check that needs to know more
/// asks this type. After the host has rendered the templates, the whole check runs again with nothing
/// pending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending(Vec<String>);

impl Pending {
    /// Returns an empty set: nothing is pending.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Marks the values at these JSON pointers (RFC 6901) as pending.
    pub fn new(pointers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(pointers.into_iter().map(Into::into).collect())
    }

    /// Returns whether every value is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the value at `pointer` or a value that contains it is pending.
    pub fn contains(&self, pointer: &str) -> bool {
        self.0.iter().any(|pending| is_within(pointer, pending))
    }

    /// Returns whether the value at `pointer`, a value that contains it, or a value inside it is pending.
    pub fn covers(&self, pointer: &str) -> bool {
        self.contains(pointer) || self.0.iter().any(|pending| is_within(pending, pointer))
    }
}

/// Returns whether `pointer` points to the value at `outer` or into it.
fn is_within(pointer: &str, outer: &str) -> bool {
    pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Builds a JSON pointer (RFC 6901) to a value: `pointer(["headers", name])`.
pub fn pointer<'k>(keys: impl IntoIterator<Item = &'k str>) -> String {
    keys.into_iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Returns the problems of a configuration with templates.
pub(crate) fn check<S: Step>(config: &str, pending: &Pending) -> Vec<Issue> {
    let config = match serde_json::from_str(config) {
        Ok(config) => config,
        Err(error) => return vec![Issue::at("", error.to_string())],
    };
    match read::<S>(config, pending) {
        Ok(Some(step)) => step.validate(pending).into_iter().filter(|issue| issue.counts(pending)).collect(),
        Ok(None) => Vec::new(),
        Err(error) => vec![Issue::at("", error.to_string())],
    }
}

/// Reads the step, or returns `None` where pending values prevent that.
fn read<S: Step>(config: Value, pending: &Pending) -> Result<Option<S>, serde_json::Error> {
    if pending.is_empty() {
        return serde_json::from_value(config).map(Some);
    }
    let schema = schema_value::<S>();
    let (mut filled, mut without) = (config.clone(), config);
    for pointer in &pending.0 {
        if let Some(value) = filled.pointer_mut(pointer)
            && let Some(placeholder) = placeholder(&schema, pointer)
        {
            *value = placeholder;
        }
    }
    Ok(parse(filled).or_else(|| {
        // Go from last to first, since each removal from a list shifts the items after it.
        pending.0.iter().rev().for_each(|pointer| remove(&mut without, pointer));
        parse(without)
    }))
}

fn parse<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn remove(config: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    match config.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// The maximum depth of placeholders and of references to follow.
const DEPTH: usize = 16;

/// Returns a value of the schema's type at `pointer`, or `None` where text fits.
fn placeholder(root: &Value, pointer: &str) -> Option<Value> {
    let mut places = vec![root];
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        places = places
            .into_iter()
            .flat_map(|schema| alternatives(root, schema, DEPTH))
            .filter_map(|schema| member(schema, &key))
            .collect();
    }
    let all: Vec<&Value> = places.iter().flat_map(|schema| alternatives(root, schema, DEPTH)).collect();
    if all.iter().any(|schema| takes_any_text(schema)) {
        return None;
    }
    places.into_iter().find_map(|schema| sample(root, schema, DEPTH))
}

/// Returns the schema itself, or the alternatives of which a value must match one.
fn alternatives<'s>(root: &'s Value, schema: &'s Value, depth: usize) -> Vec<&'s Value> {
    if depth == 0 {
        return Vec::new();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map(|target| alternatives(root, target, depth - 1)).unwrap_or_default();
    }
    let inner: Vec<&Value> = ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|key| schema.get(key)?.as_array())
        .flatten()
        .flat_map(|inner| alternatives(root, inner, depth - 1))
        .collect();
    if inner.is_empty() || schema.get("properties").is_some() {
        [vec![schema], inner].concat()
    } else {
        inner
    }
}

/// Returns the schema of a member of an object or a list.
fn member<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    let property = schema.get("properties").and_then(|properties| properties.get(key));
    let index = || key.parse::<usize>().ok();
    property
        .or_else(|| schema.get("prefixItems")?.get(index()?))
        .or_else(|| schema.get("items").filter(|_| index().is_some()))
        .or_else(|| schema.get("additionalProperties"))
}

/// Returns whether the type of the schema accepts any text.
fn takes_any_text(schema: &Value) -> bool {
    let narrowed = ["const", "enum", "format"].iter().any(|key| schema.get(key).is_some());
    let text = match schema.get("type") {
        None => schema.get("properties").is_none(),
        Some(Value::Array(types)) => types.iter().any(|kind| kind == "string"),
        Some(kind) => kind == "string",
    };
    text && !narrowed
}

/// Returns a sample value of the schema's type.
fn sample(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        return Some(default.clone());
    }
    alternatives(root, schema, depth).into_iter().find_map(|schema| {
        let first =
            schema.get("enum").and_then(|words| words.as_array()?.iter().find(|word| !word.is_null()));
        if let Some(fixed) = schema.get("const").or(first) {
            return Some(fixed.clone());
        }
        let kind = match schema.get("type") {
            Some(Value::Array(types)) => types.iter().find(|kind| *kind != "null"),
            kind => kind,
        };
        match kind.and_then(Value::as_str) {
            Some("boolean") => Some(Value::Bool(false)),
            Some("integer" | "number") => Some(schema.get("minimum").cloned().unwrap_or_else(|| 1.into())),
            Some("array") => {
                let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(16);
                let item = || sample(root, schema.get("items")?, depth.checked_sub(1)?);
                Some(Value::Array((0..count).filter_map(|_| item()).collect()))
            }
            Some("object") => sample_object(root, schema, depth),
            Some("string") => Some(sample_text(schema.get("format").and_then(Value::as_str))),
            _ => None,
        }
    })
}

fn sample_object(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    let mut object = Map::new();
    for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let key = key.as_str()?;
        object.insert(key.to_owned(), sample(root, member(schema, key)?, depth.checked_sub(1)?)?);
    }
    Some(Value::Object(object))
}

fn sample_text(format: Option<&str>) -> Value {
    let text = match format {
        Some("date-time") => "2000-01-01T00:00:00Z",
        Some("date") => "2000-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "PT1S",
        Some("uuid") => "00000000-0000-0000-0000-000000000000",
        Some("uri") => "https://example.com/",
        Some("email") => "a@example.com",
        Some("ipv4" | "ip") => "127.0.0.1",
        Some("ipv6") => "::1",
        _ => "text",
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::prelude::*;
    use crate::testing;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        /// The first variant.
        Fast,
        /// The second variant.
        Safe,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Part {
        size: u8,
        mode: Mode,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Check {
        #[serde(default)]
        query: Option<String>,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        part: Option<Part>,
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default)]
        named: BTreeMap<String, Part>,
        #[serde(default)]
        exact: bool,
    }

    impl Step for Check {
        const TYPE: &str = "check";
        const SUMMARY: &str = "For tests";

        fn validate(&self, pending: &Pending) -> Vec<Issue> {
            let mut issues = Vec::new();
            let given = [self.query.is_some(), self.count.is_some(), self.part.is_some()];
            if given.iter().filter(|given| **given).count() != 1 {
                issues.push(Issue::at("", "give one of `query`, `count` and `part`"));
            }
            if self.query.as_ref().is_some_and(|query| query.contains("${{")) {
                issues.push(Issue::at("/query", "has a template"));
                issues.push(Issue::warning("/query", "prefer parameters"));
            }
            if !self.exact && !self.parts.is_empty() {
                issues.push(Issue::at("/parts", "`parts` needs `exact: true`").concerns("/exact"));
            }
            if pending.contains("/named/a/size") {
                issues.push(Issue::warning("/named", "seen"));
            }
            issues
        }

        fn run(self, _: &Invocation) -> StepResult {
            Ok(Output::new(""))
        }
    }

    /// A value that a template fills in counts as given, whatever its type, and is not checked.
    #[test]
    fn what_is_pending_is_given_and_not_judged() {
        let one = "give one of";
        for (config, expected) in [
            (json!({"query": "${{ vars.q }}"}), "prefer parameters"),
            (json!({"query": "a ${{ vars.q }}"}), "prefer parameters"),
            (json!({"count": "${{ vars.n }}"}), ""),
            (json!({"part": "${{ vars.p }}"}), ""),
            (json!({"part": {"size": "${{ vars.p }}", "mode": "${{ vars.m }}"}}), ""),
            (json!({"count": 1, "parts": "${{ vars.p }}"}), ""),
            (json!({"count": 1, "exact": "${{ vars.e }}", "parts": [{"size": 1, "mode": "safe"}]}), ""),
            (json!({"count": 1, "exact": true, "parts": [{"size": "${{ vars.e }}", "mode": "safe"}]}), ""),
            (json!({"count": 1, "named": {"a": {"size": "${{ vars.e }}", "mode": "safe"}}}), "seen"),
            (json!({"count": 1, "parts": [{"size": 1, "mode": "safe"}]}), "needs `exact: true`"),
            (json!({"count": "${{ vars.n }}", "query": "${{ vars.q }}"}), one),
            (json!({"exact": "${{ vars.e }}"}), one),
            (json!({}), one),
        ] {
            let issues = testing::validate::<Check>(&config);
            let messages: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
            let found = messages.join("; ");
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{config}: {found}");
            if expected != one && expected != "needs `exact: true`" {
                assert!(issues.iter().all(|issue| issue.warning), "{config}: {found}");
            }
        }
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_an_issue() {
        let issues = testing::validate::<Check>(&json!({"count": 1, "part": 3}));
        assert!(issues[0].message.contains("invalid type"), "{issues:?}");
    }

    #[test]
    fn pointers_contain_and_cover() {
        let pending = Pending::new(["/load/file", "/parameters/0"]);
        for (pointer, contains, covers) in [
            ("/load/file", true, true),
            ("/load/file/x", true, true),
            ("/load", false, true),
            ("", false, true),
            ("/load/file2", false, false),
            ("/parameters/01", false, false),
        ] {
            let found = (pending.contains(pointer), pending.covers(pointer));
            assert_eq!(found, (contains, covers), "{pointer}");
        }
        assert_eq!(crate::pointer(["headers", "a/b~c"]), "/headers/a~1b~0c");
    }
}

//! Schema problems in plain language.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::cut;
use crate::quantity;

/// Describes the problem of the value at `pointer`.
pub(super) fn of(kind: &ValidationErrorKind, pointer: &str, value: &Value) -> String {
    use ValidationErrorKind as Kind;
    let name = named(pointer);
    match kind {
        Kind::MinItems { limit } => format!("{name} must have at least {}", counted(*limit, &thing(pointer))),
        Kind::MaxItems { limit } => {
            format!("{name} must have at most {}{}", counted(*limit, &thing(pointer)), not(value))
        }
        Kind::MinLength { limit: 1 } => format!("{name} must not be empty"),
        Kind::MinLength { limit } => {
            format!("{name} must have at least {}{}", counted(*limit, "character"), not(value))
        }
        Kind::MaxLength { limit } => {
            format!("{name} must have at most {}{}", counted(*limit, "character"), not(value))
        }
        Kind::MinProperties { limit } => format!("{name} must have at least {}", counted(*limit, "key")),
        Kind::MaxProperties { limit } => {
            format!("{name} must have at most {}{}", counted(*limit, "key"), not(value))
        }
        Kind::Minimum { limit } => format!("{name} must be at least {limit}, not {}", plain(value)),
        Kind::Maximum { limit } => format!("{name} must be at most {limit}, not {}", plain(value)),
        Kind::ExclusiveMinimum { limit } => format!("{name} must be more than {limit}, not {}", plain(value)),
        Kind::ExclusiveMaximum { limit } => format!("{name} must be less than {limit}, not {}", plain(value)),
        Kind::MultipleOf { multiple_of } => {
            format!("{name} must be a multiple of {multiple_of}, not {}", plain(value))
        }
        Kind::Pattern { pattern } => pattern_of(&name, pattern, value),
        Kind::Format { format } if format == "date-time" => {
            format!(
                "{name} must be a time with its offset, such as 2026-09-02T02:00:00Z, not {}",
                shown(value)
            )
        }
        Kind::Format { format }
            if [quantity::SIZE, quantity::COUNT, quantity::SPAN].contains(&format.as_str()) =>
        {
            format!("{name} must not be as large as {}", number(value))
        }
        Kind::Format { format } => format!("{name} must be a valid {format}, not {}", shown(value)),
        Kind::Constant { expected_value } => {
            format!("{name} must be {}, not {}", shown(expected_value), shown(value))
        }
        Kind::UniqueItems => format!("{name} must not have the same {} twice", thing(pointer)),
        Kind::Contains => format!("{name} lacks {} that it must have", with_article(&thing(pointer))),
        Kind::AdditionalItems { .. } | Kind::UnevaluatedItems { .. } => {
            format!("{name} has more items than it may have")
        }
        Kind::FalseSchema | Kind::Not { .. } => format!("{name} must not be {}", shown(value)),
        Kind::OneOfMultipleValid { .. } => {
            format!("{name} fits several of the forms that it may have: it must fit exactly one")
        }
        Kind::PropertyNames { error } => {
            format!("{name} has a key that is not allowed: {}", shown(error.instance()))
        }
        // The library's message quotes the value in full and uses its own terms.
        other => format!("{name} does not satisfy `{}` of its schema", other.keyword()),
    }
}

/// Describes the required form of a text. Stepwell's own patterns have descriptions; the patterns of step
/// authors appear unchanged.
fn pattern_of(name: &str, pattern: &str, value: &Value) -> String {
    let form = match pattern {
        "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$" => {
            "a time: seconds, or a number with ms, s, m, h or d, such as `30s` or `2h`"
        }
        "^[0-9][0-9_]*(B|KB|MB|GB|KiB|MiB|GiB)?$" => {
            "a size: bytes, or a number with B, KB, MB, GB, KiB, MiB or GiB, such as `64MiB`"
        }
        "^[0-9][0-9_]*$" => "a whole number such as `10_000`",
        "^sha256:[0-9a-f]{64}$" => "a digest: `sha256:` and 64 hexadecimal digits",
        "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" => {
            "1 to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
        }
        "^[A-Za-z_][A-Za-z0-9_]{0,63}$" => "1 to 64 letters, digits and `_`, beginning with a letter or `_`",
        "^[A-Za-z_][A-Za-z0-9_]{0,62}$" => "1 to 63 letters, digits and `_`, beginning with a letter or `_`",
        "^[A-Za-z0-9.-]+$" => "letters, digits, `.` and `-`",
        "^[A-Za-z_][A-Za-z0-9_-]{0,63}$" => {
            "1 to 64 letters, digits, `_` and `-`, beginning with a letter or `_`"
        }
        "^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$" => "a path such as `/workspace/in`",
        "^([01][0-9]|2[0-3]):[0-5][0-9]$" => "a time of day, such as `06:30`",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => "a date, such as `2026-09-30`",
        "^[0-9]+$" => "a whole number",
        "^[1-5]xx$" => "a class of HTTP statuses, such as `5xx`",
        "^[A-Za-z0-9][A-Za-z0-9-]*$" => "letters, digits and `-`, beginning with a letter or digit",
        "^\\$\\{\\{[\\s\\S]*\\}\\}$" => "an expression: `${{ ... }}`",
        "^https?://" => "an address that begins with `https://` or `http://`",
        "^(worker|viewer|operator|admin)$" => "`worker`, `viewer`, `operator` or `admin`",
        "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|store:[A-Za-z0-9._-]{1,128})$" => {
            "the place of a secret: `env:NAME`, `file:PATH` or `store:NAME`"
        }
        "^[0-9]+\\.[0-9]+(-preview(\\.[0-9]+)?)?$" => "a version such as `7.1` or `7.1-preview.1`",
        _ => return format!("{name} must match `{pattern}`, not {}", shown(value)),
    };
    format!("{name} must be {form}, not {}", shown(value))
}

/// Returns the types that a schema asks for.
pub(super) fn kinds(kind: &TypeKind) -> Vec<String> {
    let one = |kind: &str| match kind {
        "array" => "a list".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        "null" => "null".to_owned(),
        "integer" => "a whole number".to_owned(),
        kind => with_article(kind),
    };
    match kind {
        TypeKind::Single(kind) => vec![one(&kind.to_string())],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| one(&kind.to_string())).collect(),
    }
}

/// Names the value at a pointer for people: its key, or the whole document.
pub(super) fn named(pointer: &str) -> String {
    match pointer.rsplit_once('/') {
        None => "the document".to_owned(),
        Some((above, last)) if is_index(last) => {
            let list = above.rsplit('/').next().unwrap_or_default();
            format!("item {last} of `{}`", unescape(list))
        }
        Some((_, key)) => format!("`{}`", unescape(key)),
    }
}

/// Quotes a value in a message.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("the text `{}`", cut(text, 60)),
        other => format!("`{other}`"),
    }
}

/// Quotes a number. A document keeps one whose digits JSON would change as a text.
fn number(value: &Value) -> String {
    value.as_str().map_or_else(|| shown(value), |text| format!("`{}`", cut(text, 60)))
}

/// Describes the actual length of a value whose length is wrong.
fn not(value: &Value) -> String {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => return String::new(),
    };
    format!(", not {length}")
}

/// Formats a number without quotes.
fn plain(value: &Value) -> String {
    if value.is_number() { value.to_string() } else { shown(value) }
}

/// Names one element of the list at a pointer: a `step` of `steps`.
fn thing(pointer: &str) -> String {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    match key.strip_suffix('s') {
        Some(one) if one.len() > 1 && !one.ends_with('s') => unescape(one).replace('_', " "),
        _ => "item".to_owned(),
    }
}

fn is_index(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

fn unescape(key: &str) -> String {
    cut(&key.replace("~1", "/").replace("~0", "~"), 80)
}

fn with_article(thing: &str) -> String {
    let article = if thing.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {thing}")
}

fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("one {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::document::Schema;

    #[test]
    fn what_is_wrong_is_said_in_plain_words() {
        let long = "x".repeat(100);
        for (schema, value, said) in [
            (json!({"type": "array", "minItems": 1}), json!([]), "`steps` must have at least one step"),
            (json!({"maxItems": 2}), json!([1, 2, 3]), "`steps` must have at most 2 steps, not 3"),
            (json!({"minLength": 1}), json!(""), "`steps` must not be empty"),
            (json!({"maxLength": 3}), json!("four"), "`steps` must have at most 3 characters, not 4"),
            (json!({"minProperties": 1}), json!({}), "`steps` must have at least one key"),
            (json!({"maximum": 9}), json!(10), "`steps` must be at most 9, not 10"),
            (json!({"minimum": 1}), json!(0), "`steps` must be at least 1, not 0"),
            (json!({"exclusiveMinimum": 0}), json!(0), "`steps` must be more than 0, not 0"),
            (json!({"multipleOf": 5}), json!(7), "`steps` must be a multiple of 5, not 7"),
            (json!({"const": 1}), json!(2), "`steps` must be `1`, not `2`"),
            (json!({"uniqueItems": true}), json!([1, 1]), "`steps` must not have the same step twice"),
            (json!({"contains": {"const": 1}}), json!([2]), "`steps` lacks a step that it must have"),
            (json!({"type": "integer"}), json!("x"), "`steps` must be a whole number, not the text `x`"),
            (json!({"type": ["array", "null"]}), json!(7), "`steps` must be a list or null, not `7`"),
            (
                json!({"anyOf": [{"type": "object"}, {"type": "null"}]}),
                json!([1]),
                "`steps` must be an object or null, not a list",
            ),
            (json!({"not": {"type": "string"}}), json!("x"), "`steps` must not be the text `x`"),
            (
                json!({"propertyNames": {"maxLength": 1}}),
                json!({"ab": 1}),
                "`steps` has a key that is not allowed: the text `ab`",
            ),
            (
                json!({"oneOf": [{"minimum": 1}, {"maximum": 9}]}),
                json!(5),
                "`steps` fits several of the forms that it may have: it must fit exactly one",
            ),
        ] {
            let schema = Schema::from(json!({"properties": {"steps": schema}}));
            let problems = schema.problems(&json!({"steps": value}));
            let found: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            assert_eq!(found, [said]);
        }
        // A message quotes only the start of a value.
        let schema = Schema::from(json!({"properties": {"n": {"type": "integer"}}}));
        let found = schema.problems(&json!({"n": long}));
        assert_eq!(
            found[0].message,
            format!("`n` must be a whole number, not the text `{}...`", "x".repeat(60))
        );
    }

    /// A message about a format of Stepwell has no regular expression.
    #[test]
    fn every_pattern_of_our_schemas_has_a_description() {
        use serde_json::Value;

        fn add(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("pattern").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| add(value, found));
                }
                Value::Array(items) => items.iter().for_each(|item| add(item, found)),
                _ => {}
            }
        }
        let dirs = ["../../docs/schema", "../builtins/manifests"]
            .map(|dir| format!("{}/{dir}", env!("CARGO_MANIFEST_DIR")));
        let files = dirs.iter().flat_map(|dir| std::fs::read_dir(dir).unwrap());
        let mut patterns = Vec::new();
        for file in files.map(|file| file.unwrap().path()).filter(|path| !path.ends_with("openapi.json")) {
            add(&serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap(), &mut patterns);
        }
        assert!(patterns.len() > 100);
        for pattern in patterns {
            let said = super::pattern_of("`it`", &pattern, &json!("x"));
            assert!(!said.contains("must match"), "{said}");
        }
    }

    #[test]
    fn times_of_our_own_formats_are_checked() {
        #[derive(schemars::JsonSchema)]
        struct Timed {
            #[allow(dead_code, reason = "only its schema counts")]
            at: crate::clock::Timestamp,
        }
        let schema = Schema::of::<Timed>();
        assert_eq!(schema.problems(&json!({"at": "2026-09-02T02:00:00+02:00"})), []);
        let found = schema.problems(&json!({"at": "soon"}));
        let said = "`at` must be a time with its offset, such as 2026-09-02T02:00:00Z, not the text `soon`";
        assert_eq!(found[0].message, said);
    }
}

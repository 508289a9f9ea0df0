//! JSON Schemas of Stepwell's own formats and of the configuration of steps.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use parking_lot::Mutex;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::words::{named, shown};
use super::{MAX_PROBLEMS, cut, escape, is_template};
use crate::{quantity, values};

/// A problem that a schema finds in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON pointer to the value, or to the unknown key.
    pub pointer: String,
    pub(super) at_key: bool,
    /// The problem.
    pub message: String,
    /// The fix.
    pub help: Option<String>,
}

/// A JSON Schema. Its validator is compiled once, at its first use, because that costs far more than a check.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub struct Schema(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    value: Value,
    /// Whether the schema is for one of Stepwell's own formats. Only there is `format` checked; in others it
    /// may be a mere annotation. Only others describe values that a template fills in later: the keys of a
    /// job that hold templates take any text.
    own: bool,
    validator: OnceLock<Result<jsonschema::Validator, String>>,
}

impl From<Value> for Schema {
    fn from(value: Value) -> Self {
        Self(Arc::new(Inner { value, own: false, validator: OnceLock::new() }))
    }
}

impl From<Schema> for Value {
    fn from(schema: Schema) -> Self {
        schema.0.value.clone()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.0.value == other.0.value
    }
}

impl Eq for Schema {}

impl Schema {
    /// Returns the schema (draft 2020-12) of one of Stepwell's formats; built once per process.
    pub fn of<T: JsonSchema + 'static>() -> Self {
        static MADE: Mutex<BTreeMap<TypeId, Schema>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock();
        let make = || {
            let value =
                SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
            Self(Arc::new(Inner { value, own: true, validator: OnceLock::new() }))
        };
        made.entry(TypeId::of::<T>()).or_insert_with(make).clone()
    }

    /// Returns the schema itself.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    fn validator(&self) -> &Result<jsonschema::Validator, String> {
        let make = || {
            let options = validator_options().should_validate_formats(self.0.own);
            options.build(&self.0.value).map_err(|error| error.to_string())
        };
        self.0.validator.get_or_init(make)
    }

    /// Converts texts to numbers where the value has a text to keep its digits (`1.50`) and the schema asks
    /// for a number.
    pub fn fitted<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let Ok(validator) = self.validator() else { return Cow::Borrowed(value) };
        if !holds_number(value) || is_heavy(value) || validator.is_valid(value) {
            return Cow::Borrowed(value);
        }
        let mut found = Vec::new();
        for error in validator.iter_errors(value) {
            numbers(&error, &mut found);
        }
        if found.is_empty() {
            return Cow::Borrowed(value);
        }
        let mut fitted = value.clone();
        for (pointer, number) in found {
            if let Some(place) = fitted.pointer_mut(&pointer) {
                *place = Value::Number(number);
            }
        }
        Cow::Owned(fitted)
    }

    /// Returns all problems of `value`, or one more than can be shown. A template in the configuration of a step
    /// has none before it is filled in.
    pub fn problems(&self, value: &Value) -> Vec<SchemaProblem> {
        let fitted = self.fitted(value);
        let value = fitted.as_ref();
        let validator = match self.validator() {
            Ok(validator) if validator.is_valid(value) => return Vec::new(),
            Ok(validator) => validator,
            Err(error) => {
                let message = format!("the schema itself is wrong: {error}");
                return vec![SchemaProblem { pointer: String::new(), at_key: false, message, help: None }];
            }
        };
        let excerpt = is_heavy(value).then(|| excerpt(value));
        if let Some(excerpt) = &excerpt
            && (is_heavy(excerpt) || validator.is_valid(excerpt))
        {
            if !self.0.own && has_template(value) {
                // The template may be the only mismatch; the value is checked again after it is filled in.
                return Vec::new();
            }
            let message = "it does not match its schema, and is too large to say where".to_owned();
            return vec![SchemaProblem { pointer: String::new(), at_key: false, message, help: None }];
        }
        let value = excerpt.as_ref().unwrap_or(value);
        let mut problems = Vec::new();
        for error in validator.iter_errors(value) {
            collect(&error, &self.0, &mut problems);
            problems.dedup();
            if problems.len() > MAX_PROBLEMS {
                break;
            }
        }
        problems
    }
}

/// Returns whether a text of the value stands for a number.
fn holds_number(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_number),
        Value::Object(map) => map.values().any(holds_number),
        Value::String(text) => values::number_of(text).is_some(),
        _ => false,
    }
}

/// Collects the texts that should be numbers and stand for one.
fn numbers(error: &jsonschema::ValidationError<'_>, found: &mut Vec<(String, Number)>) {
    let wants = |kind: &TypeKind| {
        let number = |kind: &str| matches!(kind, "a number" | "a whole number");
        super::words::kinds(kind).iter().any(|kind| number(kind))
    };
    match error.kind() {
        ValidationErrorKind::Type { kind } if wants(kind) && found.len() <= MAX_PROBLEMS => {
            let number = error.instance().as_str().and_then(values::number_of);
            found.extend(number.map(|number| (error.instance_path().to_string(), number)));
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().flatten().for_each(|error| numbers(error, found));
        }
        _ => {}
    }
}

/// Options for compiling schemas. The patterns of a stranger's schema take linear time, so they have no
/// look-around and no back-references.
pub(crate) fn validator_options() -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .with_format(quantity::SIZE, quantity::size_fits)
        .with_format(quantity::COUNT, quantity::count_fits)
        .with_format(quantity::SPAN, quantity::span_fits)
}

/// Maximum bytes of the pointers to all parts of a value that is searched for every problem: the library
/// collects them before it returns the first problem, and again for each alternative of the schema.
const SEARCHED: usize = 8 << 20;
/// Maximum number of list items and object keys that are searched when the whole value is too large.
const SEARCHED_ITEMS: usize = MAX_PROBLEMS;

/// Returns whether the problems of a value would need too much memory if each of its parts had one.
fn is_heavy(value: &Value) -> bool {
    take(value, 0, SEARCHED).is_none()
}

/// Subtracts the memory for a value's problems from the memory that is left. `None` when too little is left.
fn take(value: &Value, pointer: usize, left: usize) -> Option<usize> {
    // A problem has more than its pointer.
    let left = left.checked_sub(pointer + 100)?;
    match value {
        Value::Array(items) => items.iter().try_fold(left, |left, item| take(item, pointer + 6, left)),
        Value::Object(map) => {
            map.iter().try_fold(left, |left, (key, item)| take(item, pointer + key.len() + 1, left))
        }
        _ => Some(left),
    }
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_template),
        Value::Object(map) => map.values().any(has_template),
        other => is_template(other),
    }
}

/// Returns a value with the first items of each list and the first keys of each object.
fn excerpt(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().take(SEARCHED_ITEMS).map(excerpt).collect(),
        Value::Object(map) => {
            let entries = map.iter().take(SEARCHED_ITEMS);
            Value::Object(entries.map(|(key, item)| (key.clone(), excerpt(item))).collect())
        }
        other => other.clone(),
    }
}

/// The places of templates, for one that is elsewhere.
const TEMPLATES: &str = "templates belong in the configuration of a step, in `when`, in the `message` of an approval, and in `key` of `concurrency`";

fn collect(error: &jsonschema::ValidationError<'_>, schema: &Inner, problems: &mut Vec<SchemaProblem>) {
    if is_template(error.instance()) && !schema.own {
        return;
    }
    let pointer = error.instance_path().to_string();
    let unfilled = is_template(error.instance()).then_some(TEMPLATES);
    let mut push = |pointer: String, at_key, message: String, help: Option<String>| {
        let help = unfilled.map(str::to_owned).or(help);
        if problems.len() <= MAX_PROBLEMS {
            problems.push(SchemaProblem { pointer, at_key, message: cut(&message, 600), help });
        }
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let above = error.schema_path().to_string();
            let known = known_keys(&schema.value, &above);
            for key in unexpected.iter().take(MAX_PROBLEMS + 1) {
                let help = match closest(key, &known) {
                    Some(near) => Some(format!("did you mean `{near}`?")),
                    None if known.is_empty() => None,
                    None => Some(format!("known keys: {}", known.join(", "))),
                };
                push(format!("{pointer}/{}", escape(key)), true, format!("unknown key `{key}`"), help);
            }
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            push(pointer, false, format!("missing key `{key}`"), None);
        }
        ValidationErrorKind::Type { kind } => {
            let kinds = super::words::kinds(kind);
            let message = wrong_type(&pointer, &kinds, error.instance());
            let number = kinds.iter().any(|kind| kind.ends_with("number"));
            let help = error.instance().as_str().filter(|_| number).and_then(without_zeros);
            push(pointer, false, message, help);
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(|o| o.as_str().map_or(o.to_string(), str::to_owned))
                .collect();
            let (message, help) = unknown_word(error.instance(), &options);
            push(pointer, false, message, Some(help));
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            if !schema.own && context.iter().any(|errors| errors.iter().all(is_pending)) {
                return;
            }
            if let Some(options) = words(context) {
                let (message, help) = unknown_word(error.instance(), &options);
                push(pointer, false, message, Some(help));
                return;
            }
            // The alternative that matched the furthest is probably the one that the author meant.
            let of_another_type = |errors: &&Vec<jsonschema::ValidationError<'_>>| {
                errors.iter().any(|found| {
                    let here = found.instance_path() == error.instance_path();
                    here && matches!(found.kind(), ValidationErrorKind::Type { .. })
                })
            };
            let best =
                context.iter().filter(|errors| !of_another_type(errors)).min_by_key(|errors| errors.len());
            match best {
                Some(errors) => errors.iter().for_each(|error| collect(error, schema, problems)),
                None => {
                    let kinds = kinds(context, error);
                    push(pointer.clone(), false, wrong_type(&pointer, &kinds, error.instance()), None);
                }
            }
        }
        kind => {
            let message = super::words::of(kind, &pointer, error.instance());
            push(pointer, false, message, None);
        }
    }
}

/// Returns the fix for a number with leading zeros, which some programs read as octal.
fn without_zeros(text: &str) -> Option<String> {
    let rest = text.strip_prefix('0')?.trim_start_matches('0');
    let digits = !rest.is_empty() && rest.len() < 20 && rest.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("write `{rest}`: a number has no zeros before its digits"))
}

/// Returns the types that the alternatives accept for the value of `whole`.
fn kinds(
    alternatives: &[Vec<jsonschema::ValidationError<'_>>],
    whole: &jsonschema::ValidationError<'_>,
) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for error in alternatives.iter().flatten().filter(|error| error.instance_path() == whole.instance_path())
    {
        let ValidationErrorKind::Type { kind } = error.kind() else { continue };
        for kind in super::words::kinds(kind) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    kinds
}

fn wrong_type(pointer: &str, kinds: &[String], value: &Value) -> String {
    let mut kinds = kinds.to_vec();
    kinds.sort_by_key(|kind| kind == "null");
    match kinds.as_slice() {
        [] => format!("{} must not be {}", named(pointer), shown(value)),
        kinds if kinds.iter().any(|kind| kind.ends_with("number")) && is_long_number(value) => format!(
            "{} must be {}, and {} has more digits than a number keeps",
            named(pointer),
            kinds.join(" or "),
            value.as_str().map_or_else(String::new, |text| format!("`{}`", cut(text, 60)))
        ),
        kinds => format!("{} must be {}, not {}", named(pointer), kinds.join(" or "), shown(value)),
    }
}

/// Returns whether a text has the form of a number, and more digits than a number can have.
fn is_long_number(value: &Value) -> bool {
    // A short text in quotes is a text.
    let is_large = |text: &str| text.len() > 15 || text.contains(['e', 'E']);
    let is_long = |text: &str| is_large(text) && !values::is_exact(text) && values::number_of(text).is_none();
    value.as_str().is_some_and(|text| values::is_number(text) && is_long(text))
}

/// Returns whether filling in a template may remove the error.
fn is_pending(error: &jsonschema::ValidationError<'_>) -> bool {
    match error.kind() {
        _ if is_template(error.instance()) => true,
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().any(|errors| errors.iter().all(is_pending))
        }
        _ => false,
    }
}

/// Describes a value that is not one of the known words, and the closest word.
fn unknown_word(value: &Value, words: &[String]) -> (String, String) {
    let help = closest(value.as_str().unwrap_or_default(), words)
        .map_or_else(|| format!("one of: {}", words.join(", ")), |near| format!("did you mean `{near}`?"));
    (format!("{} is not a known value", shown(value)), help)
}

/// Returns the accepted words, if the alternatives consist only of words: an enumeration that describes
/// each word.
fn words(alternatives: &[Vec<jsonschema::ValidationError<'_>>]) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for errors in alternatives {
        let [error] = errors.as_slice() else { return None };
        match error.kind() {
            ValidationErrorKind::Constant { expected_value } => {
                words.push(expected_value.as_str()?.to_owned())
            }
            ValidationErrorKind::Enum { options } => {
                words.extend(options.as_array()?.iter().filter_map(|word| Some(word.as_str()?.to_owned())));
            }
            _ => return None,
        }
    }
    Some(words).filter(|words| !words.is_empty())
}

/// Returns the keys of the object schema whose `additionalProperties` or `unevaluatedProperties` is at
/// `path`.
fn known_keys(schema: &Value, path: &str) -> Vec<String> {
    let object = path.rfind('/').and_then(|end| schema.pointer(path.get(..end)?));
    object
        .and_then(|object| object.get("properties")?.as_object())
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

/// Maximum bytes of a word that is compared with known words: a comparison takes the product of both lengths.
const MAX_WORD: usize = 64;
/// Maximum number of known words that are compared: more than a job has steps, or the world has time zones.
const MAX_CANDIDATES: usize = 1_500;

/// Returns the known word nearest to `word`, if it is near enough to be a typing error: at most a third of the
/// characters differ. Two exchanged characters count once; case and the difference between `-` and `_` do not
/// count.
pub fn closest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    if word.len() > MAX_WORD {
        return None;
    }
    let word = folded(word);
    let length = word.chars().count();
    let near = |candidate: &'a String| {
        if candidate.len() > 2 * MAX_WORD {
            return None;
        }
        let folded = folded(candidate);
        let other = folded.chars().count();
        let most = length.max(other) / 3;
        let distance = (length.abs_diff(other) <= most).then(|| strsim::osa_distance(&word, &folded))?;
        (distance <= most).then_some((distance, candidate.as_str()))
    };
    known.iter().take(MAX_CANDIDATES).filter_map(near).min().map(|(_, candidate)| candidate)
}

/// Returns a word as [`closest`] compares it.
fn folded(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_with_many_problems_has_the_first_of_them() {
        let schema = Schema::from(json!({
            "properties": {"list": {"items": {"type": "string"}}, "map": {"properties": {"a": {}}, "additionalProperties": false}}
        }));
        for (count, expected) in [(7, 7), (100, 100), (101, 101), (5_000, 101), (100_000, 100)] {
            let numbers: Vec<usize> = (0..count).collect();
            assert_eq!(schema.problems(&json!({"list": numbers})).len(), expected, "{count} items");
        }
        let keys: serde_json::Map<_, _> = (0..50_000).map(|n| (format!("key{n}"), json!(n))).collect();
        assert_eq!(schema.problems(&json!({"map": keys})).len(), 101);
    }

    /// Each problem contains the pointer to its place: with long keys above many items, the pointers are far
    /// larger than the value.
    #[test]
    fn what_is_too_large_to_be_searched_is_said_to_be() {
        let schema = Schema::from(json!({"$ref": "#/$defs/any", "$defs": {"any": {"anyOf": [
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/any"}},
            {"type": "array", "items": {"$ref": "#/$defs/any"}},
            {"type": "string"}
        ]}}}));
        let mut value = json!(vec![0; 90_000]);
        for _ in 0..60 {
            value = json!({"k".repeat(256): value});
        }
        assert!(!schema.problems(&value).is_empty());
        let problems = schema.problems(&json!([value, vec![vec![vec![0; 100]; 100]; 100]]));
        assert_eq!(problems[0].message, "it does not match its schema, and is too large to say where");
        // A matching value is never too large.
        assert!(schema.problems(&json!(vec![vec!["x"; 300]; 300])).is_empty());
        // The problem is beyond the searched part.
        let mut late = vec![json!("x"); 90_000];
        late.push(json!(0));
        assert_eq!(schema.problems(&json!(late)).len(), 1);
    }

    #[test]
    fn only_typing_errors_get_a_suggestion() {
        for (word, known, expected) in [
            ("sgl", "sql", Some("sql")),
            ("sq", "sql", Some("sql")),
            ("dya", "day", Some("day")),
            ("qurey", "query", Some("query")),
            ("Query", "query", Some("query")),
            ("max-rows", "max_rows", Some("max_rows")),
            ("conection_nmae", "connection_name", Some("connection_name")),
            ("UTC", "utc", Some("utc")),
            ("a", "b", None),
            ("db", "id", None),
            ("ftp", "sql", None),
            ("file", "size", None),
            ("none", "name", None),
            ("spark", "smart", None),
            ("mail", "wait", None),
            ("python", "powershell", None),
            ("", "id", None),
        ] {
            assert_eq!(closest(word, &[known.to_owned()]), expected, "{word}");
        }
    }

    #[test]
    fn only_short_words_are_compared() {
        let known = ["Europe/Berlin".to_owned(), "x".repeat(1_000_000)];
        assert_eq!(closest("Europe/Berln", &known), Some("Europe/Berlin"));
        assert_eq!(closest(&"A".repeat(1_000_000), &known), None);
    }
}

//! JSON Schemas: of our own formats, and of the configuration of steps.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{escape, is_template};

/// A problem that a schema finds in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON pointer to the value, or to the unknown key.
    pub pointer: String,
    pub(super) at_key: bool,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// A JSON Schema. It is made ready to check values once, at its first use: that costs far more than a check.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub struct Schema(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    value: Value,
    validator: OnceLock<Result<jsonschema::Validator, String>>,
}

impl From<Value> for Schema {
    fn from(value: Value) -> Self {
        Self(Arc::new(Inner { value, validator: OnceLock::new() }))
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
    /// The schema (draft 2020-12) of a format of ours; made once in a process.
    pub fn of<T: JsonSchema + 'static>() -> Self {
        static MADE: Mutex<BTreeMap<TypeId, Schema>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            Self::from(SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value())
        };
        made.entry(TypeId::of::<T>()).or_insert_with(make).clone()
    }

    /// The schema itself.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Every problem of `value`, except where the value is a template.
    pub fn problems(&self, value: &Value) -> Vec<SchemaProblem> {
        let make = || jsonschema::validator_for(&self.0.value).map_err(|error| error.to_string());
        let validator = match self.0.validator.get_or_init(make) {
            Ok(validator) if validator.is_valid(value) => return Vec::new(),
            Ok(validator) => validator,
            Err(error) => {
                let message = format!("the schema itself is wrong: {error}");
                return vec![SchemaProblem { pointer: String::new(), at_key: false, message, help: None }];
            }
        };
        let mut problems = Vec::new();
        for error in validator.iter_errors(value) {
            collect(&error, &self.0.value, &mut problems);
        }
        problems.dedup();
        problems
    }
}

fn collect(error: &jsonschema::ValidationError<'_>, schema: &Value, problems: &mut Vec<SchemaProblem>) {
    if is_template(error.instance()) {
        return;
    }
    let pointer = error.instance_path().to_string();
    let mut push = |pointer: String, at_key, message: String, help: Option<String>| {
        problems.push(SchemaProblem { pointer, at_key, message, help });
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let above = error.schema_path().to_string();
            let known = known_keys(schema, &above);
            for key in unexpected {
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
            let expected = match kind {
                TypeKind::Single(kind) => with_article(&kind.to_string()),
                TypeKind::Multiple(kinds) => {
                    let kinds = kinds.iter().map(|kind| with_article(&kind.to_string()));
                    kinds.collect::<Vec<_>>().join(" or ")
                }
            };
            let message = format!("{} must be {expected}, not {}", named(&pointer), shown(error.instance()));
            push(pointer, false, message, None);
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
            if context.iter().any(|errors| errors.iter().all(is_pending)) {
                return;
            }
            if let Some(options) = words(context) {
                let (message, help) = unknown_word(error.instance(), &options);
                push(pointer, false, message, Some(help));
                return;
            }
            // Of the alternatives, the one that got furthest is what the author meant.
            let best = context
                .iter()
                .filter(|errors| !errors.iter().any(|e| matches!(e.kind(), ValidationErrorKind::Type { .. } if e.instance_path() == error.instance_path())))
                .min_by_key(|errors| errors.len());
            match best {
                Some(errors) => errors.iter().for_each(|error| collect(error, schema, problems)),
                None => push(pointer, false, format!("{} does not fit here", shown(error.instance())), None),
            }
        }
        ValidationErrorKind::MinItems { limit } => {
            let message = format!("{} must have at least {}", named(&pointer), counted(*limit, "item"));
            push(pointer, false, message, None);
        }
        ValidationErrorKind::MaxItems { limit } => {
            let message = format!("{} must have at most {}", named(&pointer), counted(*limit, "item"));
            push(pointer, false, message, None);
        }
        ValidationErrorKind::MinLength { limit } => {
            let message = format!("{} must have at least {}", named(&pointer), counted(*limit, "character"));
            push(pointer, false, message, None);
        }
        ValidationErrorKind::MaxLength { limit } => {
            let message = format!("{} must have at most {}", named(&pointer), counted(*limit, "character"));
            push(pointer, false, message, None);
        }
        ValidationErrorKind::Pattern { pattern } => {
            let message = format!("{} does not match `{pattern}`", shown(error.instance()));
            push(pointer, false, message, None);
        }
        // The library quotes the value, however large it is.
        _ => push(pointer, false, super::cut(&error.to_string(), 200), None),
    }
}

/// The value at a pointer as a person names it: its key, or the whole document.
fn named(pointer: &str) -> String {
    match pointer.rsplit_once('/') {
        None => "the document".to_owned(),
        Some((above, last)) if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) => {
            let list = above.rsplit('/').next().unwrap_or_default();
            format!("item {last} of `{}`", unescape(list))
        }
        Some((_, key)) => format!("`{}`", unescape(key)),
    }
}

fn unescape(key: &str) -> String {
    super::cut(&key.replace("~1", "/").replace("~0", "~"), 80)
}

fn with_article(kind: &str) -> String {
    match kind {
        "object" | "integer" => format!("an {kind}"),
        "array" => "a list".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        "null" => "null".to_owned(),
        kind => format!("a {kind}"),
    }
}

fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("one {thing}") } else { format!("{count} {thing}s") }
}

/// Whether what a template fills in may make the error disappear.
fn is_pending(error: &jsonschema::ValidationError<'_>) -> bool {
    match error.kind() {
        _ if is_template(error.instance()) => true,
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().any(|errors| errors.iter().all(is_pending))
        }
        _ => false,
    }
}

/// That a value is none of the words, and which is meant.
fn unknown_word(value: &Value, words: &[String]) -> (String, String) {
    let help = closest(value.as_str().unwrap_or_default(), words)
        .map_or_else(|| format!("one of: {}", words.join(", ")), |near| format!("did you mean `{near}`?"));
    (format!("{} is not a known value", shown(value)), help)
}

/// The words that may stand there, when that is all that the alternatives say: an enumeration whose words are described
/// one by one.
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

/// The keys of the object schema whose `additionalProperties` or `unevaluatedProperties` is at `path`.
fn known_keys(schema: &Value, path: &str) -> Vec<String> {
    let object = path.rfind('/').and_then(|end| schema.pointer(path.get(..end)?));
    object
        .and_then(|object| object.get("properties")?.as_object())
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

/// The known word nearest to `word`, when it is near enough to be a slip.
pub fn closest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), candidate.as_str()))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance (Levenshtein) with one row of memory.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, to) in row.iter().skip(1).zip(&b) {
            left = (diagonal + usize::from(from != *to)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        other => format!("`{other}`"),
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

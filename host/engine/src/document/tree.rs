//! Parses YAML into a tree of values with their places, within bounds.
//!
//! The sender of a document decides how much memory it needs: a short text may repeat a long value many times
//! (aliases), nest deeply, or have keys whose length counts again for everything below them. So values are
//! counted while they are built.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use serde_saphyr::budget::BudgetBreach;

use super::cut;
use crate::values;

/// Maximum nesting of lists and objects.
const MAX_DEPTH: usize = crate::levels::MAX_LEVELS;
/// Maximum number of values in a document; values that aliases repeat count each time.
const MAX_VALUES: usize = 100_000;
/// Maximum bytes of a document's text and keys; text that aliases repeat counts each time.
const MAX_TEXT: usize = 8 << 20;
/// Maximum bytes of a key: the pointer to a value contains the keys above it.
const MAX_KEY: usize = 256;

/// The place of a key and its value: line and column, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub key: (u64, u64),
    pub value: (u64, u64),
}

/// The places of a value and of everything within it.
#[derive(Debug, Clone)]
pub(super) struct Places {
    place: Place,
    below: Below,
}

#[derive(Debug, Clone)]
enum Below {
    Nothing,
    List(Vec<Places>),
    Map(Vec<(Box<str>, Places)>),
}

impl Places {
    /// Returns the place of a JSON pointer, or of its nearest ancestor.
    pub fn nearest(&self, pointer: &str) -> Place {
        let mut here = self;
        for part in pointer.split('/').skip(1) {
            let below = match &here.below {
                Below::Nothing => None,
                Below::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                Below::Map(entries) => {
                    let key = part.replace("~1", "/").replace("~0", "~");
                    entries.iter().find(|(known, _)| **known == *key).map(|(_, places)| places)
                }
            };
            match below {
                Some(places) => here = places,
                None => break,
            }
        }
        here.place
    }
}

/// A problem of the text, and its place. 0 when it has no place.
pub(super) struct Malformed {
    pub at: (u64, u64),
    pub message: String,
}

/// The stack for [`MAX_DEPTH`] levels. Each level needs tens of KiB in an unoptimized build, more than the
/// threads of a service have.
const STACK: usize = 32 << 20;
/// Maximum bytes of a text that is too short to nest deeply.
const SHALLOW: usize = 64;

/// Reads the documents of a YAML stream.
pub(super) fn read(text: &str) -> Result<Vec<(Value, Places)>, Malformed> {
    if text.len() <= SHALLOW {
        return read_here(text);
    }
    let failed = |why: &str| Malformed { at: (0, 0), message: format!("it cannot be read now: {why}") };
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read_here(text));
        let reader = reader.map_err(|error| failed(&error.to_string()))?;
        reader.join().unwrap_or_else(|_| Err(failed("its reader failed")))
    })
}

fn read_here(text: &str) -> Result<Vec<(Value, Places)>, Malformed> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            // `max_depth` sets the limit; the parser looks up to 1,024 characters ahead, and its own limit
            // would give another error.
            flow_nesting_limit: 4_096,
            max_nodes: MAX_VALUES,
            max_total_scalar_bytes: MAX_TEXT,
        },
    };
    if let Some(problem) = super::tags::refused(text) {
        return Err(problem);
    }
    LEFT.set((MAX_VALUES, MAX_TEXT));
    REFUSED.set(None);
    let trees: Result<Vec<Spanned<Node>>, _> = serde_saphyr::from_multiple_with_options(text, options);
    let trees = trees.map_err(|error| malformed(&error))?;
    let place = |tree: Spanned<Node>| {
        let at = position(tree.referenced);
        tree.split(Place { key: at, value: at }, text)
    };
    Ok(trees.into_iter().map(place).collect())
}

fn position(spot: serde_saphyr::Location) -> (u64, u64) {
    (spot.line(), spot.column())
}

/// Rewords the reader's error.
fn malformed(error: &serde_saphyr::Error) -> Malformed {
    let at = REFUSED.get().or_else(|| error.location().map(position)).unwrap_or((0, 0));
    let mut inner = error.without_snippet();
    while let serde_saphyr::Error::AliasError { error, .. } = inner {
        inner = error.without_snippet();
    }
    let message = match inner {
        serde_saphyr::Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            format!("nested too deeply: at most {MAX_DEPTH} levels")
        }
        serde_saphyr::Error::Budget { .. } => too_large(),
        // The diagnostic shows the place, which saphyr repeats at the end of its text.
        inner => {
            let message = inner.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or(message);
            not_finite(message).or_else(|| of_reader(message)).unwrap_or_else(|| message.to_owned())
        }
    };
    Malformed { at, message }
}

/// Beginnings of the reader's messages, and what to say.
const READER: &[(&str, &str)] = &[
    (
        "cannot deserialize null into string",
        "a key is empty, `~` or `null`: write its name, in quotes if it is one of these",
    ),
    ("expected string scalar", "a key is a list or an object: write a text"),
    (
        "alias references unknown anchor",
        "an alias has no anchor above it: write `&name` before the value that it repeats, or quotes around a text with `*`",
    ),
    (
        "recursive references require",
        "an alias is inside the value that it repeats, which would never end: write the value in full",
    ),
    ("YAML merge value must be", "`<<` takes an object, or a list of objects: write `<<: *name`"),
    ("invalid ", "the value is not what its tag says: correct it, or remove the tag"),
    ("cannot deserialize", "the value is not what its tag says: correct it, or remove the tag"),
];

/// Rewords a message of the reader.
fn of_reader(message: &str) -> Option<String> {
    READER.iter().find(|(begin, _)| message.starts_with(begin)).map(|(_, said)| (*said).to_owned())
}

/// Rewords the message of the reader about a number that is infinite or becomes infinite.
fn not_finite(message: &str) -> Option<String> {
    let number = message.strip_prefix("non-finite float `")?.split('`').next()?;
    Some(match number.contains(|c: char| c.is_ascii_digit()) {
        true => format!("`{}` is too large for a number", cut(number, 40)),
        false => format!("`{}` is not a number: write it in quotes if it is text", cut(number, 40)),
    })
}

fn too_large() -> String {
    let text = MAX_TEXT >> 20;
    format!(
        "the document is too large: at most {MAX_VALUES} values and {text} MiB of text, aliases filled in"
    )
}

thread_local! {
    /// Values and bytes of text that the document may still contain. Serde builds a document in one call, and
    /// passes no state to the values that it builds.
    static LEFT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// The place of a refused key; the reader itself reports the place of the map.
    static REFUSED: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
}

/// Subtracts a value with that many bytes of text from the remaining budget of the document.
fn take<E: serde::de::Error>(bytes: usize) -> Result<(), E> {
    let (values, text) = LEFT.get();
    let left = values.checked_sub(1).zip(text.checked_sub(bytes));
    left.map(|left| LEFT.set(left)).ok_or_else(|| E::custom(too_large()))
}

/// A value with the places of its parts.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

/// Splits a node into its value and its places. Numbers keep their spelling in `text`.
trait Split {
    fn split(self, place: Place, text: &str) -> (Value, Places);
}

impl Split for Spanned<Node> {
    fn split(self, place: Place, text: &str) -> (Value, Places) {
        match self.value {
            Node::Scalar(Value::Number(number)) => {
                let value = match written(text, self.defined) {
                    Some(written) => values::scalar(written, number),
                    None => Value::Number(number),
                };
                (value, Places { place, below: Below::Nothing })
            }
            Node::Scalar(value) => (value, Places { place, below: Below::Nothing }),
            Node::List(items) => {
                let items = items.into_iter().map(|item| {
                    let at = position(item.referenced);
                    item.split(Place { key: at, value: at }, text)
                });
                let (values, below) = items.unzip();
                (Value::Array(values), Places { place, below: Below::List(below) })
            }
            Node::Map(entries) => {
                let mut map = Map::new();
                let mut below = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let at = Place { key: position(key.referenced), value: position(value.referenced) };
                    let (value, places) = value.split(at, text);
                    below.push((key.value.clone().into_boxed_str(), places));
                    map.insert(key.value, value);
                }
                (Value::Object(map), Places { place, below: Below::Map(below) })
            }
        }
    }
}

/// Returns the characters of the number at `at`.
fn written(text: &str, at: serde_saphyr::Location) -> Option<&str> {
    let span = at.span();
    let from = usize::try_from(span.byte_offset()?).ok()?;
    let to = from.checked_add(usize::try_from(span.byte_len()?).ok()?)?;
    Some(text.get(from..to)?.trim()).filter(|written| written.contains(|c: char| c.is_ascii_digit()))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

fn scalar<E: serde::de::Error>(value: impl Into<Value>) -> Result<Node, E> {
    let value = value.into();
    take(value.as_str().map_or(0, str::len))?;
    Ok(Node::Scalar(value))
}

impl<'de> Visitor<'de> for Build {
    type Value = Node;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        scalar(Value::Null)
    }
    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        scalar(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
        inner.deserialize_any(self)
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        scalar(value)
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        scalar(value)
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        scalar(value)
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value)
            .ok_or_else(|| E::custom("JSON has no infinity and no NaN: write a finite number"))?;
        scalar(Value::Number(number))
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        scalar(value)
    }
    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Node, E> {
        scalar(value)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        take(0)?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        take(0)?;
        let mut entries: Vec<(Spanned<String>, Spanned<Node>)> = Vec::new();
        let mut known = HashSet::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if key.value.len() > MAX_KEY {
                REFUSED.set(Some(position(key.referenced)));
                let begin = cut(&key.value, 30);
                let length = key.value.len();
                return Err(A::Error::custom(format!(
                    "the key `{begin}` is too long: {length} bytes, of at most {MAX_KEY}"
                )));
            }
            take(key.value.len())?;
            // In YAML, `1` and `"1"` are two keys. Here, each key is a text.
            if !known.insert(key.value.clone()) {
                REFUSED.set(Some(position(key.referenced)));
                let begin = cut(&key.value, 30);
                return Err(A::Error::custom(format!("the key `{begin}` appears twice in this map")));
            }
            entries.push((key, map.next_value()?));
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        match read(text) {
            Ok(_) => panic!("the document is not refused"),
            Err(problem) => problem.message,
        }
    }

    #[test]
    fn depth_is_bounded_however_it_is_written() {
        let open = |left: &str, right: &str, n: usize| format!("{}1{}", left.repeat(n), right.repeat(n));
        let indented: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        let dashes = "- ".repeat(200);
        for text in [
            open("[", "]", 65),
            open("[", "]", 5_000),
            open("[", "]", 500_000),
            open("{\"a\":", "}", 5_000),
            open("{\"a\":[", "]}", 5_000),
            open("{a: ", "}", 5_000),
            open("[\n", "]", 5_000),
            // Never closed.
            "[".repeat(500_000),
            "{\"a\":".repeat(100_000),
            "- ".repeat(500_000),
            "? ".repeat(500_000),
            format!("{dashes}1"),
            indented,
        ] {
            let shown = message(&text);
            assert!(shown.starts_with("nested too deeply"), "{shown}: {}", super::super::cut(&text, 40));
        }
        assert!(read(&open("[", "]", 64)).is_ok());
        // Aliases nest deeper than the text.
        let aliases: String = (1..200).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
        assert!(message(&format!("a0: &a0 [1]\n{aliases}")).len() < 200);
    }

    #[test]
    fn the_size_counts_what_aliases_repeat() {
        let long = "x".repeat(200_000);
        let anchors: String = (0..5_000).map(|n| format!("- &a{n} 1\n")).collect();
        let list = format!("[{}]", vec!["*a"; 99].join(","));
        for text in [
            format!("[{}]", vec!["0"; 200_000].join(",")),
            format!("a: &a \"{long}\"\nb: {list}"),
            format!("- &a \"{long}\"\n{anchors}- [{}]", vec!["*a"; 40_000].join(",")),
            format!("a: &a [{}]\nb: {list}", vec!["0"; 5_000].join(",")),
            format!("a: &a {{k: \"{long}\"}}\nb: [{}]", vec!["{<<: *a}"; 90].join(",")),
        ] {
            let shown = message(&text);
            assert!(shown.starts_with("the document is too large"), "{shown}");
        }
    }

    #[test]
    fn numbers_that_are_too_large_are_named() {
        for (text, expected) in [
            ("a: 1e400", "`1e400` is too large for a number"),
            ("a: [-1e999]", "`-1e999` is too large for a number"),
            ("a: .inf", "`.inf` is not a number: write it in quotes if it is text"),
        ] {
            assert_eq!(message(text), expected);
        }
    }

    #[test]
    fn messages_of_the_reader_are_reworded() {
        for (text, part) in [
            ("~: 1", "a key is empty, `~` or `null`"),
            ("{null: 1}", "a key is empty"),
            ("? [a]\n: 1", "a key is a list or an object"),
            ("a: *nope", "an alias has no anchor above it"),
            ("<<: 3", "`<<` takes an object"),
            ("a: !!int abc", "the value is not what its tag says"),
            ("a: !foo x", "the tag `!foo` means nothing here"),
        ] {
            let shown = message(text);
            assert!(shown.contains(part), "{text}: {shown}");
        }
    }

    #[test]
    fn keys_that_are_one_text_are_refused() {
        assert!(message("a: {1: x, \"1\": y}").contains("the key `1` appears twice"));
        // The reader itself refuses these.
        for text in ["{b: 1, b: 2}", "a: {\"007\": x, 007: y}", "{true: 1, 'true': 2}"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("base: &b {x: 1, y: 2}\nown: {<<: *b, x: 3}").is_ok());
    }

    #[test]
    fn keys_are_bounded() {
        for text in [format!("? \"{}\"\n: 1", "k".repeat(400_000)), format!("{{\"{}\": 1}}", "k".repeat(257))]
        {
            let shown = message(&text);
            assert!(shown.contains("is too long") && shown.len() < 120, "{shown}");
        }
        assert!(read(&format!("{{\"{}\": 1}}", "k".repeat(256))).is_ok());
        let long = "k".repeat(257);
        for (text, at) in [
            (format!("a: 1\nb:\n  c: 2\n  {long}: 3\n"), (4, 3)),
            (format!("{{\"a\": 1, \"b\": [{{\"{long}\": 1}}]}}"), (1, 17)),
        ] {
            let Err(problem) = read(&text) else { panic!("{at:?} is not refused") };
            assert_eq!(problem.at, at, "{}", problem.message);
        }
    }
}

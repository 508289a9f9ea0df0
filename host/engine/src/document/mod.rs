//! YAML and JSON files of ours, with the place of every value, and the errors that point there.
//!
//! A file is read into a tree with positions, checked against the JSON Schema of its type (which reports
//! every problem, not only the first), and only then turned into structs.

mod schema;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

pub use schema::{Schema, SchemaProblem, closest};

/// Largest file that is read: far beyond any job, small enough to parse at once.
pub const MAX_BYTES: usize = 4 << 20;

/// A parsed file: its value, and where each part of it stands.
#[derive(Debug, Clone)]
pub struct Document {
    source: Source,
    /// The value as JSON.
    pub value: Value,
    places: BTreeMap<String, Place>,
    /// Where parts of a converted value stood before: the pointer of each, and the one in the file.
    moved: Vec<(String, String)>,
}

/// The text of a file and its name.
#[derive(Debug, Clone)]
struct Source {
    name: String,
    text: std::sync::Arc<str>,
}

/// Where a key and its value stand: line and column, from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: (u64, u64),
    value: (u64, u64),
}

/// One problem, with its place and, where known, how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// True for what does not stop the job from running.
    pub warning: bool,
    /// What is wrong.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
    /// The name of the file.
    pub file: String,
    /// Line, from 1; 0 when the problem has no place.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// The text of that line.
    pub snippet: String,
    /// The value, as a JSON pointer (RFC 6901) into the document; empty for the whole document.
    pub pointer: String,
}

/// Problems of one or more files, in the order of their places. Shown one after the other, with snippets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Document {
    /// Reads one YAML or JSON document.
    ///
    /// # Errors
    /// The first syntax error, duplicate key or exceeded budget, with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        match Self::parse_many(name, text)?.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Diagnostic::without_place(name, "the file is empty".to_owned()).into()),
            _ => {
                Err(Diagnostic::without_place(name, "the file holds several documents (`---`)".to_owned())
                    .into())
            }
        }
    }

    /// Reads the documents of a YAML stream, which `---` separates.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_many(name: &str, text: &str) -> Result<Vec<Self>, Diagnostics> {
        let source = Source { name: name.to_owned(), text: text.into() };
        if text.len() > MAX_BYTES {
            let message = format!("the file is {} bytes long; the limit is {MAX_BYTES}", text.len());
            return Err(Diagnostic::without_place(name, message).into());
        }
        let options = serde_saphyr::options! { strict_booleans: true };
        let trees: Vec<Spanned<Node>> =
            serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
                let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
                let message = error.without_snippet().to_string();
                let message = if message.contains("Depth") {
                    "nested too deeply: at most 64 levels".to_owned()
                } else if message.contains("budget") {
                    "too large or too many aliases: simplify the document".to_owned()
                } else {
                    message
                };
                // The place is shown by us; saphyr repeats it at the end of its text.
                let message = message.split(" at line ").next().unwrap_or(&message);
                let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or(message).to_owned();
                source.diagnostic((line, column), message)
            })?;
        Ok(trees.into_iter().map(|tree| Self::from_tree(source.clone(), tree)).collect())
    }

    fn from_tree(source: Source, tree: Spanned<Node>) -> Self {
        let mut places = BTreeMap::new();
        let at = (tree.referenced.line(), tree.referenced.column());
        places.insert(String::new(), Place { key: at, value: at });
        let value = place(tree.value, "", &mut places);
        Self { source, value, places, moved: Vec::new() }
    }

    /// Turns the document into `T`, after checking it against the schema of `T`.
    ///
    /// # Errors
    /// Every problem that the schema finds; or the one that only deserializing shows.
    pub fn read<T: DeserializeOwned>(&self, schema: &Schema) -> Result<T, Diagnostics> {
        let problems = self.check(&self.value, "", schema);
        if !problems.is_empty() {
            return Err(Diagnostics(problems));
        }
        self.build("", &self.value).map_err(Into::into)
    }

    /// Turns `value`, which stands at `pointer` and fits its schema, into `T`.
    ///
    /// # Errors
    /// What only building it shows: a number out of range, for instance.
    pub fn build<T: DeserializeOwned>(&self, pointer: &str, value: &Value) -> Result<T, Diagnostic> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let at = format!("{pointer}{}", pointer_of(error.path()));
            let told = error.inner().to_string();
            // What our own types say is for users; what the library says of others is for programmers.
            let foreign = ["invalid ", "missing ", "unknown ", "duplicate ", "data did not"];
            let message = match foreign.iter().any(|begin| told.starts_with(begin)) {
                true => format!("{} cannot have this value", words::named(&at)),
                false => told,
            };
            self.error(&at, message)
        })
    }

    /// The same document, parts of which stand elsewhere in the file than their pointers say: the pointer of each, and
    /// the one in the file. Problems are shown there.
    #[must_use]
    pub fn moved(self, moved: Vec<(String, String)>) -> Self {
        Self { moved, ..self }
    }

    /// Where the value of `pointer` stands in the file.
    fn in_file(&self, pointer: &str) -> String {
        let below = |(new, _): &&(String, String)| {
            pointer.strip_prefix(new.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.moved.iter().filter(below).max_by_key(|(new, _)| new.len()) {
            Some((new, old)) => format!("{old}{}", pointer.get(new.len()..).unwrap_or_default()),
            None => pointer.to_owned(),
        }
    }

    /// Checks `value`, which stands at `pointer`, against `schema`. Values that hold a template are left
    /// out: what they will be is not known yet.
    pub fn check(&self, value: &Value, pointer: &str, schema: &Schema) -> Vec<Diagnostic> {
        schema
            .problems(value)
            .into_iter()
            .map(|problem| {
                let at = format!("{pointer}{}", problem.pointer);
                // A converted key is named as the file has it.
                let (here, there) = (words::named(&at), words::named(&self.in_file(&at)));
                let message = problem.message.replacen(&here, &there, 1);
                let mut diagnostic = match problem.at_key {
                    true => self.error_at_key(&at, message),
                    false => self.error(&at, message),
                };
                diagnostic.help = problem.help;
                diagnostic
            })
            .collect()
    }

    /// An error at the value of `pointer`, or at the nearest thing above it.
    pub fn error(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let pointer = self.in_file(pointer);
        let found = self.source.diagnostic(self.nearest(&pointer).value, message.into());
        Diagnostic { pointer, ..found }
    }

    /// An error at the key of `pointer`.
    pub fn error_at_key(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let pointer = self.in_file(pointer);
        let found = self.source.diagnostic(self.nearest(&pointer).key, message.into());
        Diagnostic { pointer, ..found }
    }

    fn nearest(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return *place;
            }
            match pointer.rfind('/').and_then(|end| pointer.get(..end)) {
                Some(above) => pointer = above,
                None => return Place { key: (1, 1), value: (1, 1) },
            }
        }
    }
}

/// True for a string that a template fills in when the step runs.
pub fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${{"))
}

/// Characters of a message and of a line that a diagnostic shows: either may hold a value of any size.
const MAX_MESSAGE: usize = 600;
const MAX_SNIPPET: usize = 500;

/// The beginning of a text that may be long.
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The JSON pointers of the values that a template fills in when the step runs, wholly or in part.
pub fn pending(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(map) => {
                open.extend(
                    map.iter().rev().map(|(key, value)| (format!("{pointer}/{}", escape(key)), value)),
                );
            }
            Value::Array(items) => {
                open.extend(
                    items.iter().enumerate().rev().map(|(i, value)| (format!("{pointer}/{i}"), value)),
                );
            }
            value if is_template(value) => found.push(pointer),
            _ => {}
        }
    }
    found
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", escape(key))),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().map_while(part).collect()
}

/// A key as a part of a JSON pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Source {
    fn diagnostic(&self, (line, column): (u64, u64), message: String) -> Diagnostic {
        let number = usize::try_from(line).unwrap_or(usize::MAX);
        let snippet = number.checked_sub(1).and_then(|index| self.text.lines().nth(index));
        Diagnostic {
            warning: false,
            message: cut(&message, MAX_MESSAGE),
            help: None,
            file: self.name.clone(),
            line,
            column,
            snippet: cut(snippet.unwrap_or_default(), MAX_SNIPPET),
            pointer: String::new(),
        }
    }
}

impl Diagnostic {
    /// A problem of the whole file.
    pub fn without_place(file: &str, message: String) -> Self {
        Self {
            warning: false,
            message,
            help: None,
            file: file.to_owned(),
            line: 0,
            column: 0,
            snippet: String::new(),
            pointer: String::new(),
        }
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Makes a warning of it.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.warning = true;
        self
    }
}

impl Diagnostics {
    /// True when a problem stops the job from running.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| !d.warning)
    }

    /// Sorts by place, as a reader meets them.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        self
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.warning { "warning" } else { "error" };
        writeln!(f, "{level}: {}", self.message)?;
        if self.line == 0 {
            write!(f, "  --> {}", self.file)?;
        } else {
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let indent = " ".repeat(usize::try_from(self.column.saturating_sub(1)).unwrap_or(0));
            writeln!(f, "{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{number} | {}", self.snippet)?;
            write!(f, "{gutter} | {indent}^")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// A value with the places of its parts.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

fn place(node: Node, pointer: &str, places: &mut BTreeMap<String, Place>) -> Value {
    let at = |spot: serde_saphyr::Location| (spot.line(), spot.column());
    match node {
        Node::Scalar(value) => value,
        Node::List(items) => items
            .into_iter()
            .enumerate()
            .map(|(i, item)| {
                let pointer = format!("{pointer}/{i}");
                let here = at(item.referenced);
                places.insert(pointer.clone(), Place { key: here, value: here });
                place(item.value, &pointer, places)
            })
            .collect(),
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let pointer = format!("{pointer}/{}", escape(&key.value));
                places
                    .insert(pointer.clone(), Place { key: at(key.referenced), value: at(value.referenced) });
                let value = place(value.value, &pointer, places);
                map.insert(key.value, value);
            }
            Value::Object(map)
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Build;
        impl<'de> Visitor<'de> for Build {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(Value::Null))
            }
            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(Value::Null))
            }
            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
                inner.deserialize_any(self)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
                let number = Number::from_f64(value)
                    .ok_or_else(|| E::custom("JSON has no infinity and no NaN: write a finite number"))?;
                Ok(Node::Scalar(Value::Number(number)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }
            fn visit_string<E>(self, value: String) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Map(entries))
            }
        }
        deserializer.deserialize_any(Build)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Expect) {
        let schema = Schema::from(json!({
            "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {"name": {"type": "string"}, "count": {"type": "integer"},
                           "mode": {"enum": ["read", "write"]},
                           "list": {"type": "array", "items": {"type": "integer"}}}
        }));
        let shown = match Document::parse("x.yaml", text) {
            Ok(document) => Diagnostics(document.check(&document.value, "", &schema)).sorted().to_string(),
            Err(problems) => problems.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn all_problems_are_told_with_line_column_and_mend() {
        check(
            "nam: x\ncount: many\nmode: raed\nlist: [1, two]\n",
            expect![[r#"
                error: unknown key `nam`
                 --> x.yaml:1:1
                  |
                1 | nam: x
                  | ^
                  help: did you mean `name`?

                error: missing key `name`
                 --> x.yaml:1:1
                  |
                1 | nam: x
                  | ^

                error: `count` must be a whole number, not the text `many`
                 --> x.yaml:2:8
                  |
                2 | count: many
                  |        ^

                error: the text `raed` is not a known value
                 --> x.yaml:3:7
                  |
                3 | mode: raed
                  |       ^
                  help: did you mean `read`?

                error: item 1 of `list` must be a whole number, not the text `two`
                 --> x.yaml:4:11
                  |
                4 | list: [1, two]
                  |           ^"#]],
        );
    }

    #[test]
    fn templates_are_not_judged_before_they_are_filled_in() {
        check("name: x\ncount: ${{ vars.n }}\n", expect![[""]]);
    }

    #[test]
    fn duplicate_keys_and_broken_yaml_are_told_with_their_place() {
        check(
            "name: x\nname: y\n",
            expect![[r#"
                error: duplicate mapping key: name
                 --> x.yaml:2:1
                  |
                2 | name: y
                  | ^"#]],
        );
    }

    #[test]
    fn yaml_1_1_booleans_stay_text_and_json_is_yaml() {
        let document = Document::parse("x", "{\"a\": yes, \"b\": true, \"c\": 1.5, \"d\": null}").unwrap();
        assert_eq!(document.value, json!({"a": "yes", "b": true, "c": 1.5, "d": null}));
    }
}

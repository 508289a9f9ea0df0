//! The YAML and JSON files of Stepwell, with the place of every value, and errors that point there.
//!
//! A file is read into a tree with positions, then checked against the JSON Schema of its type (which reports
//! every problem, not only the first), and only then converted to structs.

mod diagnostic;
mod schema;
mod secret;
mod tags;
mod tree;
mod words;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use diagnostic::MORE;
pub use diagnostic::{Diagnostic, Diagnostics, MAX_PROBLEMS};
pub(crate) use schema::validator_options;
pub use schema::{Schema, SchemaProblem, closest};
pub use secret::is_secret_name;
use tree::Places;

/// Maximum size of a file: far larger than any job, small enough to parse at once.
pub const MAX_BYTES: usize = 4 << 20;

/// A parsed file: its value, and the place of each part.
#[derive(Debug, Clone)]
pub struct Document {
    source: Source,
    /// The value as JSON.
    pub value: Value,
    places: Arc<Places>,
    /// The former places of parts of a converted value: the pointer of each, and its pointer in the file.
    moved: Vec<(String, String)>,
}

/// The text of a file and its name.
#[derive(Debug, Clone)]
struct Source {
    name: String,
    text: Arc<str>,
    /// The start of each line, in bytes.
    lines: Arc<[usize]>,
    /// The place of each character whose number is a multiple of [`MARK`], in bytes.
    marks: Arc<[usize]>,
}

impl Document {
    /// Reads one YAML or JSON document.
    ///
    /// # Errors
    /// Returns the first syntax error, duplicate key or exceeded budget, with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut documents = Self::parse_many(name, text)?;
        let message = match (documents.pop(), documents.is_empty()) {
            (Some(one), true) => return Ok(one),
            (Some(_), false) => "the file holds several documents (`---`)",
            (None, _) => "the file is empty",
        };
        Err(Diagnostic::without_place(name, message.to_owned()).into())
    }

    /// Reads the documents of a YAML stream, separated by `---`.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_many(name: &str, text: &str) -> Result<Vec<Self>, Diagnostics> {
        if text.len() > MAX_BYTES {
            let message = format!("the file is {} bytes long; the limit is {MAX_BYTES}", text.len());
            return Err(Diagnostic::without_place(name, message).into());
        }
        let source = Source::new(name, text);
        let trees =
            tree::read(text).map_err(|malformed| source.diagnostic(malformed.at, &malformed.message))?;
        let document = |(value, places)| {
            let (source, places) = (source.clone(), Arc::new(places));
            Self { source, value, places, moved: Vec::new() }
        };
        Ok(trees.into_iter().map(document).collect())
    }

    /// Converts the document to `T`, after checking it against the schema of `T`.
    ///
    /// # Errors
    /// Returns every problem that the schema finds, or the one that only deserializing reveals.
    pub fn read<T: DeserializeOwned>(&self, schema: &Schema) -> Result<T, Diagnostics> {
        let value = schema.fitted(&self.value);
        let problems = self.check(&value, "", schema);
        if !problems.is_empty() {
            return Err(Diagnostics(problems).sorted());
        }
        self.build("", &value).map_err(|problem| (*problem).into())
    }

    /// Converts `value`, which stands at `pointer` and matches its schema, to `T`.
    ///
    /// # Errors
    /// Returns a problem that only the conversion reveals, for instance a number out of range.
    pub fn build<T: DeserializeOwned>(&self, pointer: &str, value: &Value) -> Result<T, Box<Diagnostic>> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let at = format!("{pointer}{}", pointer_of(error.path()));
            let wording = error.inner().to_string();
            // Messages of Stepwell's own types are for users; messages of the library about other types are
            // for programmers.
            let foreign = ["invalid ", "missing ", "unknown ", "duplicate ", "data did not"];
            let message = match foreign.iter().any(|begin| wording.starts_with(begin)) {
                true => format!("{} cannot have this value", words::named(&at)),
                false => wording,
            };
            Box::new(self.error(&at, message))
        })
    }

    /// Returns the same document with the real places of parts whose pointers differ from the file: the
    /// pointer of each, and its pointer in the file. Problems are shown there.
    #[must_use]
    pub fn moved(self, moved: Vec<(String, String)>) -> Self {
        Self { moved, ..self }
    }

    /// Returns a document without a value for a value that was made from this one. `moved` has the pointer of each
    /// part, and its pointer in the file.
    pub(crate) fn of_made(&self, moved: Vec<(String, String)>) -> Self {
        let (source, places) = (self.source.clone(), Arc::clone(&self.places));
        Self { source, value: Value::Null, places, moved }
    }

    /// Returns the place of the value of `pointer` in the file.
    fn in_file(&self, pointer: &str) -> String {
        let below = |(new, _): &&(String, String)| {
            pointer.strip_prefix(new.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.moved.iter().filter(below).max_by_key(|(new, _)| new.len()) {
            Some((new, old)) => format!("{old}{}", pointer.get(new.len()..).unwrap_or_default()),
            None => pointer.to_owned(),
        }
    }

    /// Checks `value`, which stands at `pointer`, against `schema`. Values with a template are skipped,
    /// because their final value is not known yet.
    pub fn check(&self, value: &Value, pointer: &str, schema: &Schema) -> Vec<Diagnostic> {
        schema
            .problems(value)
            .into_iter()
            .map(|problem| {
                let at = format!("{pointer}{}", problem.pointer);
                // Name a converted key as the file names it.
                let (here, there) = (words::named(&at), words::named(&self.in_file(&at)));
                let message = match !problem.at_key && secret::is_at(&at) {
                    // The value may be the secret itself. A place of a number has none.
                    true => match secret::of_number(&problem.message) {
                        Some(expected) => expected.replacen(&here, &there, 1),
                        None => format!("{there} {}", secret::EXPECTED),
                    },
                    false => problem.message.replacen(&here, &there, 1),
                };
                let mut diagnostic = match problem.at_key {
                    true => self.error_at_key(&at, message),
                    false => self.error(&at, message),
                };
                diagnostic.help = problem.help.or_else(|| limit_at(&at));
                diagnostic
            })
            .collect()
    }

    /// Makes an error at the value of `pointer`, or at its nearest ancestor.
    pub fn error(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let pointer = self.in_file(pointer);
        let found = self.source.diagnostic(self.places.nearest(&pointer).value, &message.into());
        Diagnostic { pointer, ..found }
    }

    /// Returns the line and the column of the value at `pointer`, and those of its key; both are the same for an
    /// item of a list. Returns `None` when the file has no such value.
    pub fn places(&self, pointer: &str) -> Option<((u64, u64), (u64, u64))> {
        self.value.pointer(pointer)?;
        let place = self.places.nearest(pointer);
        Some((place.value, place.key))
    }

    /// Makes an error at the key of `pointer`.
    pub fn error_at_key(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let pointer = self.in_file(pointer);
        let found = self.source.diagnostic(self.places.nearest(&pointer).key, &message.into());
        Diagnostic { pointer, ..found }
    }
}

/// Describes the accepted values of the limit at a pointer.
fn limit_at(pointer: &str) -> Option<String> {
    let (above, name) = pointer.rsplit_once('/')?;
    if above.ends_with("/limits") { crate::policy::Limits::range(name) } else { None }
}

/// Returns whether a value is a string that a template fills in when the step runs.
pub fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${{"))
}

/// Returns the start of a text that may be long.
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns the JSON pointers of the values that a template fills in when the step runs, in whole or in part.
pub fn pending(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each_template(value, "", &mut |pointer, _| found.push(pointer.to_owned()));
    found
}

/// Calls `visit` with the JSON pointer and the text of each template within a value at `pointer`.
pub fn each_template(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    each_below(value, &mut pointer.to_owned(), visit);
}

/// One pointer grows and shrinks during the visit: pointers to all values would be far larger than a document
/// with long keys above many values.
fn each_below(value: &Value, pointer: &mut String, visit: &mut dyn FnMut(&str, &str)) {
    let end = pointer.len();
    match value {
        value if is_template(value) => visit(pointer, value.as_str().unwrap_or_default()),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&i.to_string());
                each_below(item, pointer, visit);
                pointer.truncate(end);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                pointer.push('/');
                pointer.push_str(&escape(key));
                each_below(item, pointer, visit);
                pointer.truncate(end);
            }
        }
        _ => {}
    }
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

/// Escapes a key for a JSON pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The distance between two marks of a text, in characters.
const MARK: usize = 1024;
/// The maximum bytes of a line that is searched for a column from its start.
const SHORT_LINE: usize = 4 << 10;
/// The characters of a longer line before and after a column that may be shown.
const AROUND: usize = 300;

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self {
            name: name.to_owned(),
            text: text.into(),
            lines: std::iter::once(0).chain(ends).collect(),
            marks: text.char_indices().step_by(MARK).map(|(at, _)| at).collect(),
        }
    }

    /// Makes a problem at a place. This takes the same time wherever the place is: a file may have one line
    /// of a million characters and many problems in it.
    fn diagnostic(&self, (line, column): (u64, u64), message: &str) -> Diagnostic {
        let number = usize::try_from(line).unwrap_or(usize::MAX);
        let begin = number.checked_sub(1).and_then(|index| self.lines.get(index).copied());
        let begin = begin.unwrap_or(self.text.len());
        let end = self.lines.get(number).copied().unwrap_or(self.text.len());
        let text = self.text.get(begin..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let place = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
        if text.len() <= SHORT_LINE {
            return Diagnostic::at(&self.name, (line, column), (text, place), message);
        }
        let skipped = place.saturating_sub(AROUND);
        let from = self.byte_of(self.character_of(begin).saturating_add(skipped)).max(begin);
        let rest = self.text.get(from..begin + text.len()).unwrap_or_default();
        let to = rest.char_indices().nth(2 * AROUND).map_or(rest.len(), |(at, _)| at);
        let part = rest.get(..to).unwrap_or_default();
        Diagnostic::at(&self.name, (line, column), (part, place - skipped), message)
    }

    /// Returns the number of characters before a byte of the text.
    fn character_of(&self, byte: usize) -> usize {
        let mark = self.marks.partition_point(|at| *at <= byte).saturating_sub(1);
        let from = self.marks.get(mark).copied().unwrap_or_default();
        mark * MARK + self.text.get(from..byte).unwrap_or_default().chars().count()
    }

    /// Returns the place of a character of the text in bytes, or the end of the text.
    fn byte_of(&self, character: usize) -> usize {
        let Some(from) = self.marks.get(character / MARK).copied() else { return self.text.len() };
        let mut rest = self.text.get(from..).unwrap_or_default().char_indices();
        rest.nth(character % MARK).map_or(self.text.len(), |(at, _)| from + at)
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

    /// A place in a long line is found wherever it is, also after characters of several bytes.
    #[test]
    fn a_problem_in_a_long_line_is_shown_around_its_place() {
        for filler in ["a", "ä", "日"] {
            let items: Vec<String> =
                (0..4_000).map(|n| format!("{{\"k{n:04}\":\"{}\"}}", filler.repeat(20))).collect();
            let document = Document::parse("x.json", &format!("# x\n[{}]\n", items.join(","))).unwrap();
            for n in [0, 1, 40, 999, 2_500, 3_999] {
                let found = document.error(&format!("/{n}/k{n:04}"), "wrong");
                let shown: String = found.snippet.chars().skip(found.caret).collect();
                assert!(shown.starts_with(&format!("\"{filler}")), "{filler} {n}: {found}");
                assert!(
                    found.line == 2 && found.snippet.contains(&format!("k{n:04}")),
                    "{filler} {n}: {found}"
                );
                assert!(found.snippet.chars().count() < 300, "{filler} {n}: {found}");
            }
        }
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

    #[test]
    fn a_scalar_is_a_number_where_json_writes_it_with_the_same_characters() {
        for (written, value) in [
            ("7", json!(7)),
            ("-7", json!(-7)),
            ("1.5", json!(1.5)),
            ("5.0", json!(5.0)),
            ("9007199254740992", json!(9_007_199_254_740_992_i64)),
            ("9007199254740993", json!("9007199254740993")),
            ("12345678901234567890", json!("12345678901234567890")),
            ("3.10", json!("3.10")),
            ("01234", json!("01234")),
            ("0755", json!("0755")),
            ("1e3", json!("1e3")),
            ("0x1F", json!("0x1F")),
            ("0o17", json!("0o17")),
            ("+5", json!("+5")),
            (".5", json!(".5")),
            ("-0", json!("-0")),
            ("1_000", json!("1_000")),
            ("12:30", json!("12:30")),
            ("1:30:00", json!("1:30:00")),
            ("2026-03-01", json!("2026-03-01")),
            ("1e5f3", json!("1e5f3")),
            ("NO", json!("NO")),
            ("on", json!("on")),
            ("\"7\"", json!("7")),
            ("~", json!(null)),
        ] {
            let texts = [
                format!("v: {written}"),
                format!("{{\"v\": {written} , \"w\": 1}}"),
                format!("# é\nv:   {written} # c"),
                format!("\u{feff}v: {written}\r\n"),
            ];
            for text in texts {
                let document = Document::parse("x", &text).unwrap();
                assert_eq!(document.value["v"], value, "{text}");
            }
            let aliased = Document::parse("x", &format!("a: &x {written}\nv: [*x]")).unwrap();
            assert_eq!(aliased.value["v"][0], value, "{written}");
        }
    }

    #[test]
    fn where_a_schema_asks_for_a_number_there_is_one() {
        check("name: x\ncount: 0x10\nlist: [+5]", expect![[""]]);
        check(
            "name: x\ncount: 010\n",
            expect![[r#"
                error: `count` must be a whole number, not the text `010`
                 --> x.yaml:2:8
                  |
                2 | count: 010
                  |        ^
                  help: write `10`: a number has no zeros before its digits"#]],
        );
        check(
            "name: 01234\ncount: \"5\"\n",
            expect![[r#"
                error: `count` must be a whole number, not the text `5`
                 --> x.yaml:2:8
                  |
                2 | count: "5"
                  |        ^"#]],
        );
    }
}

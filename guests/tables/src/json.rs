//! JSON values with their digits as written.

use std::collections::{HashMap, HashSet};

/// The maximum nesting depth.
const MAX_DEPTH: usize = 100;
/// The number of entries up to which a search from the first entry is faster than a hash table.
const FEW: usize = 16;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// The value `null`.
    Null,
    /// The value `true` or `false`.
    Bool(bool),
    /// A number in its original notation.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object with its keys in their original order.
    Object(Vec<(String, Json)>),
}

/// A problem and its byte position.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) at: usize,
    pub(crate) what: String,
}

/// Parses one value that takes up all of `text`.
pub(crate) fn parse(text: &[u8]) -> Result<Json, Wrong> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.wrong("a value ends before"));
    }
    Ok(value)
}

/// Finds the value of a name in a list of entries, in constant time also for long lists.
pub struct Lookup<'a, T> {
    entries: &'a [(String, T)],
    places: HashMap<&'a str, &'a T>,
}

impl<'a, T> Lookup<'a, T> {
    /// Prepares the search. The names are different.
    pub fn new(entries: &'a [(String, T)]) -> Self {
        let places = match entries.len() {
            0..=FEW => HashMap::new(),
            _ => entries.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        };
        Self { entries, places }
    }

    /// Returns the value of a name.
    pub fn get(&self, name: &str) -> Option<&'a T> {
        if self.entries.len() > FEW {
            return self.places.get(name).copied();
        }
        self.entries.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// The keys of an object so far.
#[derive(Default)]
struct Keys(HashSet<String>);

impl Keys {
    /// Returns whether the key is new. `before` has the entries so far.
    fn add(&mut self, key: &str, before: &[(String, Json)]) -> bool {
        if before.len() < FEW {
            return !before.iter().any(|(other, _)| other == key);
        }
        if self.0.is_empty() {
            self.0.extend(before.iter().map(|(other, _)| other.clone()));
        }
        self.0.insert(key.to_owned())
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> Wrong {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let found = String::from_utf8_lossy(rest.get(..rest.len().min(12)).unwrap_or_default()).into_owned();
        let found =
            if found.is_empty() { "the end".to_owned() } else { format!("`{}`", crate::shown(&found)) };
        Wrong { at: self.at, what: format!("is no JSON: {what} {found}") }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Wrong> {
        if depth > MAX_DEPTH {
            return Err(Wrong {
                at: self.at,
                what: format!("lists and objects are nested more than {MAX_DEPTH} deep"),
            });
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("a value is expected, not")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Wrong> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(self.wrong("a value is expected, not"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, Wrong> {
        let start = self.at;
        let part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        while self.peek().is_some_and(part) {
            self.at += 1;
        }
        let found = self.text.get(start..self.at).unwrap_or_default();
        if !is_number(found) {
            self.at = start;
            return Err(self.wrong("a number is not written like"));
        }
        Ok(Json::Number(String::from_utf8_lossy(found).into_owned()))
    }

    fn list(&mut self, depth: usize) -> Result<Json, Wrong> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space();
            match self.peek() {
                Some(b']') if items.is_empty() => break,
                _ => items.push(self.value(depth + 1)?),
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.wrong("`,` or `]` is expected, not")),
            }
        }
        self.at += 1;
        Ok(Json::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Json, Wrong> {
        self.at += 1;
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut keys = Keys::default();
        loop {
            self.space();
            match self.peek() {
                Some(b'}') if entries.is_empty() => break,
                Some(b'"') => {}
                _ => return Err(self.wrong("a key in quotes is expected, not")),
            }
            let at = self.at;
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.wrong("`:` is expected, not"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            if !keys.add(&key, &entries) {
                let what = format!("the key `{}` appears twice in an object", crate::shown(&key));
                return Err(Wrong { at, what });
            }
            entries.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.wrong("`,` or `}` is expected, not")),
            }
        }
        self.at += 1;
        Ok(Json::Object(entries))
    }

    fn string(&mut self) -> Result<String, Wrong> {
        self.at += 1;
        let mut text: Vec<u8> = Vec::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain =
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            text.extend_from_slice(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(String::from_utf8_lossy(&text).into_owned());
                }
                Some(b'\\') => {
                    let found = self.escape()?;
                    let mut buffer = [0; 4];
                    text.extend_from_slice(found.encode_utf8(&mut buffer).as_bytes());
                }
                _ => return Err(self.wrong("a text is not closed before")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Wrong> {
        let found = match self.text.get(self.at + 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("an escape is not written like")),
        };
        self.at += 2;
        Ok(found)
    }

    fn unicode(&mut self) -> Result<char, Wrong> {
        let unit = |at: usize| {
            let digits = std::str::from_utf8(self.text.get(at..at + 4)?).ok()?;
            digits
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
                .then(|| u16::from_str_radix(digits, 16).ok())?
        };
        let first = unit(self.at + 2);
        let second = match self.text.get(self.at + 6..self.at + 8) {
            Some(b"\\u") => unit(self.at + 8),
            _ => None,
        };
        let units: Vec<u16> = match first {
            Some(high @ 0xD800..0xDC00) => std::iter::once(high).chain(second).collect(),
            first => first.into_iter().collect(),
        };
        match char::decode_utf16(units.iter().copied()).next() {
            Some(Ok(found)) => {
                self.at += units.len() * 6;
                Ok(found)
            }
            _ => Err(self.wrong("an escape is not written like")),
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let count = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = count(digits);
    if whole == 0 || (whole > 1 && digits.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = digits.get(whole..).unwrap_or_default();
    if let [b'.', behind @ ..] = rest {
        let places = count(behind);
        if places == 0 {
            return false;
        }
        rest = behind.get(places..).unwrap_or_default();
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', power @ ..] | [b'e' | b'E', power @ ..] => {
            !power.is_empty() && count(power) == power.len()
        }
        _ => false,
    }
}

impl Json {
    /// Parses a text that contains one value.
    ///
    /// # Errors
    /// Returns the problem, as in "is no JSON: ...".
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text.as_bytes()).map_err(|wrong| wrong.what)
    }

    /// Writes the value as compact JSON.
    pub fn write(&self, into: &mut String) {
        match self {
            Self::Null => into.push_str("null"),
            Self::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => into.push_str(text),
            Self::Text(text) => quote(text, into),
            Self::List(items) => {
                into.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        into.push(',');
                    }
                    item.write(into);
                }
                into.push(']');
            }
            Self::Object(entries) => {
                into.push('{');
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        into.push(',');
                    }
                    quote(key, into);
                    into.push(':');
                    value.write(into);
                }
                into.push('}');
            }
        }
    }

    /// Returns the value as text: a string without its quotes, any other value as JSON.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) => text.clone(),
            other => {
                let mut text = String::new();
                other.write(&mut text);
                text
            }
        }
    }
}

fn quote(text: &str, into: &mut String) {
    into.push('"');
    for c in text.chars() {
        match c {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            c if u32::from(c) < 0x20 => into.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => into.push(c),
        }
    }
    into.push('"');
}

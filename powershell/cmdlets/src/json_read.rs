//! Reads JSON as PowerShell does: it accepts comments, single quotes and trailing commas, as Json.NET does.

use std::rc::Rc;

use num_bigint::BigInt;

use ps_value::date_format;
use ps_value::{DateKind, DateTime, Dict, DictKind, Object, Str, Value};

/// Maximum nesting of a text, whatever `-Depth` says.
pub(super) const DEEPEST: usize = 1024;
/// Maximum digits of a whole number.
const LONGEST_NUMBER: usize = 4000;

/// The reason why a text cannot be read.
pub(super) enum Trouble {
    /// The text is not JSON.
    Syntax(String),
    /// The text is JSON that an object cannot hold: an error id, and the fix.
    Names(&'static str, String),
}

type P<T> = Result<T, Trouble>;

/// Reads JSON as objects or hashtables. Integers are `Int64`, and texts that are ISO dates with a time
/// are dates.
pub(super) fn read(text: &str, table: bool, depth: usize) -> P<Value> {
    let depth = depth.min(DEEPEST);
    let mut reader = Reader { text, pos: 0, table, depth, path: Vec::new() };
    let value = reader.value()?;
    reader.space()?;
    match reader.peek() {
        None => Ok(value),
        Some(c) => {
            reader.fail(format!("Additional text encountered after finished reading JSON content: {c}."))
        }
    }
}

enum Step {
    Name(String),
    Index(usize),
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
    table: bool,
    depth: usize,
    path: Vec<Step>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn fail<T>(&self, what: String) -> P<T> {
        let before = self.text.get(..self.pos).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Index(at) => path.push_str(&format!("[{at}]")),
                Step::Name(name) if path.is_empty() => path.push_str(name),
                Step::Name(name) => path.push_str(&format!(".{name}")),
            }
        }
        Err(Trouble::Syntax(format!("{what} Path '{path}', line {line}, position {column}.")))
    }

    /// Skips white space and comments.
    fn space(&mut self) -> P<()> {
        loop {
            let rest = self.rest();
            let skipped =
                rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            self.pos += skipped;
            if self.rest().starts_with("//") {
                let length = self.rest().find('\n').unwrap_or(self.rest().len());
                self.pos += length;
            } else if self.rest().starts_with("/*") {
                match self.rest().find("*/") {
                    Some(length) => self.pos += length + 2,
                    None => return self.fail("Unexpected end while parsing comment.".into()),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> P<Value> {
        self.space()?;
        match self.peek() {
            Some('{') => self.deeper(Self::object),
            Some('[') => self.deeper(Self::array),
            Some(quote @ ('"' | '\'')) => {
                let text = self.string(quote)?;
                Ok(date(&text).map_or_else(|| Value::from(text), Value::DateTime))
            }
            Some('0'..='9' | '-' | '.') => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            Some(c) => self.fail(format!("Unexpected character encountered while parsing value: {c}.")),
            None => self.fail("Unexpected end when reading JSON.".into()),
        }
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> P<Value>) -> P<Value> {
        if self.path.len() >= self.depth {
            return self.fail(format!("The reader's MaxDepth of {} has been exceeded.", self.depth));
        }
        inner(self)
    }

    fn word(&mut self) -> P<Value> {
        let length = self.rest().find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest().len());
        let word = self.rest().get(..length).unwrap_or_default().to_owned();
        let value = match word.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "undefined" => Value::Null,
            "NaN" => Value::Double(f64::NAN),
            "Infinity" => Value::Double(f64::INFINITY),
            other => {
                let c = other.chars().next().unwrap_or_default();
                return self.fail(format!("Unexpected character encountered while parsing value: {c}."));
            }
        };
        self.pos += length;
        Ok(value)
    }

    fn number(&mut self) -> P<Value> {
        if self.rest().starts_with("-Infinity") {
            self.pos += "-Infinity".len();
            return Ok(Value::Double(f64::NEG_INFINITY));
        }
        let part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | '+' | '-' | 'x' | 'X');
        let length = self.rest().find(|c| !part(c)).unwrap_or(self.rest().len());
        let digits = self.rest().get(..length).unwrap_or_default().to_owned();
        let Some(value) = number_of(&digits) else {
            return self.fail(format!("Input string '{digits}' is not a valid number."));
        };
        self.pos += length;
        if let Some(c) = self.peek().filter(|c| c.is_alphanumeric()) {
            return self.fail(format!("Unexpected character encountered while parsing number: {c}."));
        }
        Ok(value)
    }

    fn string(&mut self, quote: char) -> P<String> {
        self.bump();
        let mut out = String::new();
        let mut high: Option<u16> = None;
        loop {
            let plain = self.rest().find(['\\', quote]).unwrap_or(self.rest().len());
            if plain > 0 {
                lone(&mut out, &mut high);
                out.push_str(self.rest().get(..plain).unwrap_or_default());
                self.pos += plain;
            }
            match self.bump() {
                None => return self.fail(format!("Unterminated string. Expected delimiter: {quote}.")),
                Some(c) if c == quote => {
                    lone(&mut out, &mut high);
                    return Ok(out);
                }
                Some(_) => {}
            }
            let c = match self.bump() {
                Some('u') => {
                    let unit = self.rest().get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
                    let Some(unit) = unit else {
                        return self.fail("Unexpected end while parsing Unicode escape sequence.".into());
                    };
                    self.pos += 4;
                    surrogate(&mut out, &mut high, unit);
                    continue;
                }
                Some('b') => '\u{8}',
                Some('t') => '\t',
                Some('n') => '\n',
                Some('f') => '\u{c}',
                Some('r') => '\r',
                Some(c @ ('"' | '\'' | '\\' | '/')) => c,
                Some(c) => return self.fail(format!("Bad JSON escape sequence: \\{c}.")),
                None => return self.fail(format!("Unterminated string. Expected delimiter: {quote}.")),
            };
            lone(&mut out, &mut high);
            out.push(c);
        }
    }

    fn array(&mut self) -> P<Value> {
        self.bump();
        let mut items = Vec::new();
        self.path.push(Step::Index(0));
        loop {
            self.space()?;
            if self.peek() == Some(']') {
                break;
            }
            items.push(self.value()?);
            self.space()?;
            match self.peek() {
                Some(',') => {
                    self.bump();
                }
                Some(']') => {}
                Some(c) => {
                    return self.fail(format!(
                        "After parsing a value an unexpected character was encountered: {c}."
                    ));
                }
                None => return self.fail("Unexpected end of content while loading JArray.".into()),
            }
            self.path.pop();
            self.path.push(Step::Index(items.len()));
        }
        self.path.pop();
        self.bump();
        Ok(Value::array(items))
    }

    fn name(&mut self) -> P<String> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote),
            Some(c) if c.is_alphanumeric() || matches!(c, '_' | '$') => {
                let end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'));
                let length = self.rest().find(end).unwrap_or(self.rest().len());
                let name = self.rest().get(..length).unwrap_or_default().to_owned();
                self.pos += length;
                Ok(name)
            }
            Some(c) => self.fail(format!("Invalid property identifier character: {c}.")),
            None => self.fail("Unexpected end when reading JSON.".into()),
        }
    }

    fn object(&mut self) -> P<Value> {
        self.bump();
        let mut members = Members::default();
        loop {
            self.space()?;
            if self.peek() == Some('}') {
                break;
            }
            let name = self.name()?;
            self.space()?;
            match self.bump() {
                Some(':') => {}
                Some(c) => {
                    return self.fail(format!(
                        "Invalid character after parsing property name. Expected ':' but got: {c}."
                    ));
                }
                None => return self.fail("Unexpected end when reading JSON.".into()),
            }
            self.path.push(Step::Name(name.clone()));
            let value = self.value()?;
            self.space()?;
            match self.peek() {
                Some(',') => {
                    self.bump();
                }
                Some('}') => {}
                Some(c) => {
                    return self.fail(format!(
                        "After parsing a value an unexpected character was encountered: {c}."
                    ));
                }
                None => return self.fail("Unexpected end of content while loading JObject.".into()),
            }
            self.path.pop();
            members.add(name, value);
        }
        self.bump();
        members.finish(self.table)
    }
}

/// The members of an object: the last one with a name counts, in the place of the first.
#[derive(Default)]
struct Members {
    pairs: Vec<(String, Value)>,
    places: ps_syntax::symbol::Map<String, usize>,
}

impl Members {
    fn add(&mut self, name: String, value: Value) {
        match self.places.get(&name).and_then(|at| self.pairs.get_mut(*at)) {
            Some(place) => place.1 = value,
            None => {
                self.places.insert(name.clone(), self.pairs.len());
                self.pairs.push((name, value));
            }
        }
    }

    fn finish(self, table: bool) -> P<Value> {
        if table {
            // Names that differ in case are different keys.
            let dict = Dict::new(DictKind::Hashtable, false);
            for (name, value) in self.pairs {
                dict.insert(&Value::from(name), value);
            }
            return Ok(Value::Dict(Rc::new(dict)));
        }
        let mut folded: ps_syntax::symbol::Map<String, &str> = ps_syntax::symbol::Map::default();
        for (name, _) in &self.pairs {
            if name.is_empty() {
                return Err(Trouble::Names("EmptyKeyInJsonString", "The provided JSON includes a property whose name is an empty string, this is only supported using the -AsHashTable switch.".into()));
            }
            if let Some(other) = folded.insert(name.to_lowercase(), name) {
                return Err(Trouble::Names(
                    "KeysWithDifferentCasingInJsonString",
                    format!(
                        "Cannot convert the JSON string because it contains keys with different casing. Please use the -AsHashTable switch instead. The key that was attempted to be added to the existing key '{other}' was '{name}'."
                    ),
                ));
            }
        }
        let pairs = self.pairs.into_iter().map(|(name, value)| (Str::from(name), value));
        Ok(Value::Object(Rc::new(Object::custom(pairs))))
    }
}

/// Writes an unpaired half of a surrogate pair.
fn lone(out: &mut String, high: &mut Option<u16>) {
    if high.take().is_some() {
        out.push('\u{fffd}');
    }
}

fn surrogate(out: &mut String, high: &mut Option<u16>, unit: u16) {
    match (unit, high.take()) {
        (0xd800..0xdc00, before) => {
            if before.is_some() {
                out.push('\u{fffd}');
            }
            *high = Some(unit);
        }
        (0xdc00..0xe000, Some(first)) => {
            out.extend(char::decode_utf16([first, unit]).map(|c| c.unwrap_or('\u{fffd}')));
        }
        (other, before) => {
            if before.is_some() {
                out.push('\u{fffd}');
            }
            out.push(char::from_u32(other.into()).unwrap_or('\u{fffd}'));
        }
    }
}

/// Reads a JSON number: a whole number is `Int64` or larger, others are doubles. As in Json.NET, a leading
/// zero before other digits means octal.
fn number_of(text: &str) -> Option<Value> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let other =
        digits.strip_prefix('0').filter(|rest| !rest.is_empty() && !rest.starts_with(['.', 'e', 'E']));
    if let Some(rest) = other {
        let value = match rest.strip_prefix(['x', 'X']) {
            Some(hex) => u64::from_str_radix(hex, 16).ok()? as i64,
            None => i64::from_str_radix(rest, 8).ok()?,
        };
        return Some(Value::Long(if sign.is_empty() { value } else { value.checked_neg()? }));
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        if digits.len() > LONGEST_NUMBER {
            return None;
        }
        return match text.parse::<i64>() {
            Ok(value) => Some(Value::Long(value)),
            Err(_) => text.parse::<BigInt>().ok().map(Value::big),
        };
    }
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E');
    if !digits.bytes().all(plain) || !digits.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(Value::Double)
}

/// Reads a text that is a date with a time in ISO 8601, or of the form `/Date(MILLISECONDS)/`.
pub(super) fn date(text: &str) -> Option<DateTime> {
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|t| t.strip_suffix(")/")) {
        let end = inner.get(1..).and_then(|t| t.find(['+', '-'])).map_or(inner.len(), |at| at + 1);
        let ticks = inner.get(..end)?.parse::<i64>().ok()?.checked_mul(10_000)?;
        let kind = if end == inner.len() { DateKind::Utc } else { DateKind::Local };
        return DateTime::new(ticks.checked_add(ps_value::datetime::UNIX_EPOCH)?, kind);
    }
    if !(19..=40).contains(&text.len()) || !text.is_ascii() {
        return None;
    }
    let (head, tail) = text.split_at(19);
    let shape = "dddd-dd-ddTdd:dd:dd";
    let fits = |(c, wanted): (char, char)| if wanted == 'd' { c.is_ascii_digit() } else { c == wanted };
    if !head.chars().zip(shape.chars()).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| head.get(from..to)?.parse::<u32>().ok();
    let (fraction, zone) = match tail.strip_prefix('.') {
        Some(rest) => {
            let count = rest.bytes().take_while(u8::is_ascii_digit).count();
            (rest.get(..count).filter(|digits| !digits.is_empty())?, rest.get(count..)?)
        }
        None => ("", tail),
    };
    let ticks: i64 = format!("{:0<7}", fraction.get(..fraction.len().min(7))?).parse().ok()?;
    let year = i32::try_from(number(0, 4)?).ok()?;
    let time = [number(11, 13)?, number(14, 16)?, number(17, 19)?];
    let made = DateTime::from_parts(year, number(5, 7)?, number(8, 10)?, time, ticks, DateKind::Unspecified)?;
    match zone {
        "" => Some(made),
        "Z" => Some(made.with_kind(DateKind::Utc)),
        offset => {
            let minutes = date_format::offset_minutes(offset)?;
            Some(made.plus(-minutes * 600_000_000)?.with_kind(DateKind::Local))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ps_value::text;

    fn shown(source: &str) -> String {
        match read(source, false, DEEPEST) {
            Ok(value) => format!("{} {}", ps_runtime::types::type_of(&value).name(), text(&value)),
            Err(Trouble::Syntax(why)) => why,
            Err(Trouble::Names(id, _)) => id.to_owned(),
        }
    }

    #[test]
    fn json_is_read_as_json_net_reads_it() {
        for (source, expected) in [
            ("1", "Int64 1"),
            ("9223372036854775808", "BigInteger 9223372036854775808"),
            ("1.0", "Double 1"),
            ("010", "Int64 8"),
            ("0x1F", "Int64 31"),
            ("-1e3", "Double -1000"),
            ("NaN", "Double NaN"),
            ("'single'", "String single"),
            ("\"\\u00e9\\ud83d\\ude00\"", "String é😀"),
            ("[1,2,]", "Object[] 1 2"),
            ("{a:1,}", "PSCustomObject @{a=1}"),
            ("{\"a\":1,\"b\":2,\"a\":3}", "PSCustomObject @{a=3; b=2}"),
            ("// first\n[1, /* second */ 2]", "Object[] 1 2"),
            ("\"2026-03-01T12:00:00Z\"", "DateTime 03/01/2026 12:00:00"),
            ("\"2026-03-01\"", "String 2026-03-01"),
            ("\"2026-03-01T12:00:00+02:00\"", "DateTime 03/01/2026 10:00:00"),
            ("\"2026-13-01T12:00:00\"", "String 2026-13-01T12:00:00"),
            ("{\"A\":1,\"a\":2}", "KeysWithDifferentCasingInJsonString"),
            ("{\"\":1}", "EmptyKeyInJsonString"),
            (
                "{\"a\":[1,{\"b\":tru}]}",
                "Unexpected character encountered while parsing value: t. Path 'a[1].b', line 1, position 13.",
            ),
            (
                "{\"a\" 1}",
                "Invalid character after parsing property name. Expected ':' but got: 1. Path '', line 1, position 6.",
            ),
            ("[1", "Unexpected end of content while loading JArray. Path '[0]', line 1, position 2."),
            (
                "1 2",
                "Additional text encountered after finished reading JSON content: 2. Path '', line 1, position 2.",
            ),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
        let deep = "[".repeat(2000);
        assert!(shown(&deep).starts_with("The reader's MaxDepth of 1024 has been exceeded."));
    }
}

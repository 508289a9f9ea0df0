//! JSON.

use std::rc::Rc;

use super::{CmdletInfo, Cx, Each, Gather};
use crate::eval::Interp;
use crate::eval::error::{Category, Fault, R};
use crate::types::net::{Net, parse_date};
use crate::value::{DateKind, DateTime, Dict, DictKind, Object, ObjectKind, Str, Value, text};

pub const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "ConvertTo-Json",
        class: "ConvertToJsonCommand",
        params: "InputObject: object @0 pipe mandatory null | Depth: int range=0..100 | Compress: switch | EnumsAsStrings: switch | AsArray: switch | EscapeHandling: string",
        default_set: "",
        make: || Gather::of(to_json),
    },
    CmdletInfo {
        name: "ConvertFrom-Json",
        class: "ConvertFromJsonCommand",
        params: "InputObject: string @0 pipe mandatory empty | AsHashtable: switch | Depth: int | NoEnumerate: switch",
        default_set: "",
        make: || Gather::of(from_json),
    },
    CmdletInfo {
        name: "Test-Json",
        class: "TestJsonCommand",
        params: "Json: string @0 pipe mandatory",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let source = cx.text("Json").unwrap_or_default();
                let valid = parse(&source).is_ok();
                if !valid {
                    cx.error(
                        Fault::new(
                            "System.Exception",
                            "InvalidJson",
                            Category::InvalidData,
                            "Cannot parse the JSON.",
                        )
                        .of(source),
                    )?;
                }
                cx.put(Value::Bool(valid))
            }))
        },
    },
];

/// Objects as the text of a JSON value: the one, or an array of several.
pub fn to_text(it: &mut Interp, items: &[Value], depth: usize) -> String {
    let mut writer = Writer { depth, compress: true, names: true, escape: 0, out: String::new(), cut: false };
    let value = match items {
        [one] => one.clone(),
        several => Value::array(several.to_vec()),
    };
    match writer.value(it, &value, 0) {
        Ok(()) => writer.out,
        Err(_) => "null".into(),
    }
}

/// Whether a value is text, and no object.
pub fn is_text(value: &Value) -> bool {
    matches!(value.base(), Value::Str(_) | Value::Char(_) | Value::Null | Value::Void)
}

/// How values are written.
struct Writer {
    depth: usize,
    compress: bool,
    names: bool,
    escape: u8,
    out: String,
    cut: bool,
}

fn to_json(cx: &mut Cx<'_>, mut items: Vec<Value>) -> R<()> {
    let mut writer = Writer {
        depth: cx.integer("Depth").unwrap_or(2).max(0) as usize,
        compress: cx.flag("Compress"),
        names: cx.flag("EnumsAsStrings"),
        escape: match cx.text("EscapeHandling").unwrap_or_default().to_lowercase().as_str() {
            "escapenonascii" => 1,
            "escapehtml" => 2,
            _ => 0,
        },
        out: String::new(),
        cut: false,
    };
    if items.is_empty() {
        if cx.flag("AsArray") {
            return cx.put(Value::from("[]"));
        }
        return if cx.piped { Ok(()) } else { cx.put(Value::from("null")) };
    }
    let value = if items.len() > 1 || cx.flag("AsArray") {
        Value::array(items)
    } else {
        items.pop().unwrap_or_default()
    };
    writer.value(cx.it, &value, 0)?;
    let out = std::mem::take(&mut writer.out);
    cx.put(Value::from(out))
}

impl Writer {
    fn line(&mut self, level: usize) {
        if !self.compress {
            self.out.push('\n');
            self.out.push_str(&"  ".repeat(level));
        }
    }

    fn value(&mut self, it: &mut Interp, value: &Value, level: usize) -> R<()> {
        match value {
            Value::Ext(ext)
                if ext.text.is_none() && !ext.members.borrow().is_empty() && level <= self.depth =>
            {
                let mut pairs: Vec<(Str, Value)> = vec![("value".into(), ext.base.clone())];
                for name in it.property_names(value).into_iter().filter(|n| ext.get(n).is_some()) {
                    let own = it.property(value, &name)?.unwrap_or_default();
                    pairs.push((name, own));
                }
                return self.object(it, pairs, level);
            }
            _ => {}
        }
        match value.base() {
            Value::Null | Value::Void => self.out.push_str("null"),
            Value::Bool(v) => self.out.push_str(if *v { "true" } else { "false" }),
            Value::Str(text) => self.string(text),
            Value::Char(_) => self.string(&text(value)),
            Value::Double(v) => self.real(crate::value::numbers::shortest(*v)),
            Value::Single(v) => self.real(crate::value::numbers::shortest_single(*v)),
            Value::Decimal(d) => {
                let text = d.to_string();
                self.real(text);
            }
            number if number.is_number() => self.out.push_str(&text(number)),
            Value::Enum(e) if !self.names => self.out.push_str(&e.value.to_string()),
            Value::Enum(_) | Value::Type(_) => self.string(&text(value)),
            Value::DateTime(date) => {
                let mut text = plain_date(date, "yyyy-MM-ddTHH:mm:ss.FFFFFFF", 0);
                match date.kind() {
                    DateKind::Utc => text.push('Z'),
                    DateKind::Local => text.push_str("+00:00"),
                    DateKind::Unspecified => {}
                }
                self.string(&text);
            }
            Value::Array(_) | Value::List(_) => {
                let items = value.items().unwrap_or_default();
                return self.list(it, value, &items, level);
            }
            Value::Dict(dict) if dict.is_set() => {
                let items = dict.keys();
                return self.list(it, value, &items, level);
            }
            Value::Dict(dict) => {
                if level > self.depth {
                    return self.cut(it, value);
                }
                let pairs = dict.pairs().into_iter().map(|(k, v)| (Str::from(text(&k)), v)).collect();
                return self.object(it, pairs, level);
            }
            Value::Net(net) => match &**net {
                Net::Guid(_) | Net::Uri(_) | Net::Regex(_) | Net::Culture(_) => self.string(&text(value)),
                Net::Xml(node) => self.string(&node.outer()),
                Net::DateOffset(date, offset) => {
                    self.string(&plain_date(date, "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", *offset))
                }
                _ => return self.properties(it, value, level),
            },
            _ => return self.properties(it, value, level),
        }
        Ok(())
    }

    fn real(&mut self, text: String) {
        let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        self.out.push_str(&text);
        if whole {
            self.out.push_str(".0");
        }
    }

    /// What is deeper than `-Depth` is a text.
    fn cut(&mut self, it: &mut Interp, value: &Value) -> R<()> {
        if !self.cut {
            self.cut = true;
        }
        let text = it.to_text(value);
        self.string(&text);
        Ok(())
    }

    fn properties(&mut self, it: &mut Interp, value: &Value, level: usize) -> R<()> {
        if level > self.depth {
            return self.cut(it, value);
        }
        let mut pairs = Vec::new();
        let names = match value {
            Value::Object(object) if matches!(object.kind, ObjectKind::Class(_)) => {
                object.shape().names.iter().map(|(_, name)| name.clone()).collect()
            }
            _ => it.property_names(value),
        };
        for name in names {
            let own = it.property(value, &name).ok().flatten().unwrap_or_default();
            pairs.push((name, own));
        }
        self.object(it, pairs, level)
    }

    fn list(&mut self, it: &mut Interp, value: &Value, items: &[Value], level: usize) -> R<()> {
        if level > self.depth {
            return self.cut(it, value);
        }
        if items.is_empty() {
            self.out.push_str("[]");
            return Ok(());
        }
        self.out.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.line(level + 1);
            self.value(it, item, level + 1)?;
        }
        self.line(level);
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, it: &mut Interp, pairs: Vec<(Str, Value)>, level: usize) -> R<()> {
        if pairs.is_empty() {
            self.out.push_str("{}");
            return Ok(());
        }
        self.out.push('{');
        for (i, (name, value)) in pairs.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.line(level + 1);
            self.string(name);
            self.out.push_str(if self.compress { ":" } else { ": " });
            self.value(it, value, level + 1)?;
        }
        self.line(level);
        self.out.push('}');
        Ok(())
    }

    fn string(&mut self, text: &str) {
        use std::fmt::Write;
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                c if (c as u32) < 0x20
                    || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
                    || self.escape == 1 && !c.is_ascii()
                    || self.escape == 2 && matches!(c, '<' | '>' | '&' | '\'') =>
                {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        let _ = write!(self.out, "\\u{unit:04x}");
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

fn plain_date(date: &DateTime, format: &str, offset: i64) -> String {
    date.custom(format, offset, &crate::value::culture::invariant().dates.borrow()).unwrap_or_default()
}

fn parse(source: &str) -> Result<serde_json::Value, String> {
    match serde_json::from_str(source) {
        Ok(value) => Ok(value),
        // Comments and a comma at the end are taken, as PowerShell's own reader takes them.
        Err(why) => serde_json::from_str(&plain(source)).map_err(|_| why.to_string()),
    }
}

/// Without comments and commas before a closing bracket.
fn plain(source: &str) -> String {
    let mut out = String::new();
    let mut chars = source.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            if c == '\\' {
                out.extend(chars.next());
            } else if c == '"' {
                quoted = false;
            }
            continue;
        }
        match (c, chars.peek()) {
            ('/', Some('/')) => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            ('/', Some('*')) => {
                let mut last = ' ';
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            (']' | '}', _) => {
                let kept = out.trim_end().strip_suffix(',').map(str::len);
                if let Some(length) = kept {
                    out.truncate(length);
                }
                out.push(c);
            }
            _ => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

/// JSON as objects, if it is JSON.
pub fn read_json(source: &str) -> Option<Value> {
    parse(source).ok().map(|json| convert(&json, false))
}

fn from_json(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let lines: Vec<String> = items.iter().map(text).collect();
    if lines.len() > 1 && parse(lines.first().map(String::as_str).unwrap_or_default()).is_ok() {
        return lines.iter().filter(|l| !l.trim().is_empty()).try_for_each(|line| read(cx, line));
    }
    read(cx, &lines.join("\n"))
}

fn read(cx: &mut Cx<'_>, source: &str) -> R<()> {
    if source.trim().is_empty() {
        return Ok(());
    }
    match parse(source) {
        Ok(json) => {
            let table = cx.flag("AsHashtable");
            if let Err(why) = check(&json, table) {
                return cx.fail(Fault::new(
                    "System.InvalidOperationException",
                    why.0,
                    Category::InvalidOperation,
                    why.1,
                ));
            }
            let value = convert(&json, table);
            if cx.flag("NoEnumerate") { cx.put(value) } else { cx.emit(value) }
        }
        Err(why) => cx.fail(Fault::new(
            "System.ArgumentException",
            "System.ArgumentException",
            Category::NotSpecified,
            format!("Conversion from JSON failed with error: {why}"),
        )),
    }
}

/// Names that an object cannot have.
fn check(json: &serde_json::Value, table: bool) -> Result<(), (&'static str, String)> {
    match json {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                if name.is_empty() && !table {
                    return Err(("EmptyKeyInJsonString", "The provided JSON includes a property whose name is an empty string, this is only supported using the -AsHashTable switch.".into()));
                }
                check(value, table)?;
            }
            if !table {
                let mut seen = std::collections::HashSet::new();
                for name in map.keys() {
                    let folded = name.to_lowercase();
                    if !seen.insert(folded.clone()) {
                        return Err((
                            "KeysWithDifferentCasingInJsonString",
                            format!(
                                "Cannot convert the JSON string because it contains keys with different casing. Please use the -AsHashTable switch instead. The key that was attempted to be added to the existing key '{0}' was '{name}'.",
                                map.keys().find(|k| k.to_lowercase() == folded).map_or("", String::as_str)
                            ),
                        ));
                    }
                }
            }
            Ok(())
        }
        serde_json::Value::Array(items) => items.iter().try_for_each(|item| check(item, table)),
        _ => Ok(()),
    }
}

/// JSON as objects or hashtables; integers are `Int64`, and texts that are ISO dates with a time are dates.
pub fn convert(json: &serde_json::Value, table: bool) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(v) => Value::Bool(*v),
        serde_json::Value::Number(number) => {
            let text = number.to_string();
            if let Ok(v) = text.parse::<i64>() {
                return Value::Long(v);
            }
            if !text.contains(['.', 'e', 'E']) {
                return text.parse().map_or(Value::Null, Value::big);
            }
            Value::Double(text.parse().unwrap_or(0.0))
        }
        serde_json::Value::String(text) => date(text).unwrap_or_else(|| Value::from(text.as_str())),
        serde_json::Value::Array(items) => {
            Value::array(items.iter().map(|item| convert(item, table)).collect())
        }
        serde_json::Value::Object(map) if table => {
            let dict = Dict::new(DictKind::Hashtable, true);
            for (name, value) in map {
                dict.insert(&Value::from(name.as_str()), convert(value, table));
            }
            Value::Dict(Rc::new(dict))
        }
        serde_json::Value::Object(map) => {
            let object = Object::custom(
                map.iter().map(|(name, value)| (Str::from(name.as_str()), convert(value, table))),
            );
            Value::Object(Rc::new(object))
        }
    }
}

fn date(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 19
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && bytes.get(13) == Some(&b':');
    if !shaped {
        return None;
    }
    let date = parse_date(text)?;
    Some(Value::DateTime(if text.ends_with('Z') { date.with_kind(DateKind::Utc) } else { date }))
}

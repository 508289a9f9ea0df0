//! JSON.

use super::json_read::{self, Trouble};
use super::{CmdletInfo, Cx, Each, Gather};
use ps_runtime::eval::Interp;
use ps_runtime::eval::streams::Action;
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{DateKind, DateTime, ObjectKind, Str, Value, text};

pub const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "ConvertTo-Json",
        class: "ConvertToJsonCommand",
        params: "InputObject: object @0 pipe mandatory null | Depth: int range=0..100 | Compress: switch | EnumsAsStrings: switch | AsArray: switch | EscapeHandling: string in=Default,EscapeNonAscii,EscapeHtml",
        default_set: "",
        make: || Gather::of(to_json),
    },
    CmdletInfo {
        name: "ConvertFrom-Json",
        class: "ConvertFromJsonCommand",
        params: "InputObject: string @0 pipe mandatory empty | AsHashtable: switch | Depth: int range=1..2147483647 | NoEnumerate: switch",
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
                let valid = read_json(&source).is_some();
                if !valid {
                    cx.error(
                        Fault::new(
                            NetType::Exception,
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

/// Writes objects as the text of a JSON value: a single object, or an array of several.
///
/// # Errors
/// Fails for objects that a script built deeper than [`DEEPEST_OUTPUT`] or larger than [`LARGEST_OUTPUT`],
/// instead of cutting them silently.
pub fn to_text(it: &mut Interp, items: &[Value], depth: usize) -> Result<String, String> {
    let mut writer = Writer { depth, compress: true, names: true, output: true, ..Writer::default() };
    let value = match items {
        [one] => one.clone(),
        several => Value::array(several.to_vec()),
    };
    match writer.value(it, &value, 0) {
        Ok(()) => Ok(writer.out),
        Err(flow) => Err(match &*flow {
            Flow::Error(record) => record.message().to_string(),
            _ => "the output of the script cannot be written as JSON".to_owned(),
        }),
    }
}

/// Maximum nesting of a script's output: objects, hashtables and lists that it has built.
const DEEPEST_OUTPUT: usize = 64;
/// Maximum bytes of that output as JSON.
const LARGEST_OUTPUT: usize = 64 << 20;

/// Returns whether a value is text, and not an object.
pub fn is_text(value: &Value) -> bool {
    matches!(value.base(), Value::Str(_) | Value::Char(_) | Value::Null | Value::Void)
}

/// The form in which values are written.
#[derive(Default)]
struct Writer {
    depth: usize,
    compress: bool,
    names: bool,
    escape: u8,
    out: String,
    /// Whether something was deeper than `depth`.
    cut: bool,
    /// Whether this writes the output of a script: its own objects are complete, and each key is a text.
    output: bool,
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
        ..Writer::default()
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
    if writer.cut {
        let message = format!(
            "Resulting JSON is truncated as serialization has exceeded the set depth of {}.",
            writer.depth
        );
        let action = cx.bound.common.warning_action.as_deref().map(Action::parse);
        cx.it.write_warning(&message, action)?;
    }
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
            Value::Double(v) if !v.is_finite() => self.string(&text(value)),
            Value::Single(v) if !v.is_finite() => self.string(&text(value)),
            Value::Double(v) => self.real(ps_value::numbers::shortest(*v)),
            Value::Single(v) => self.real(ps_value::numbers::shortest_single(*v)),
            // A JSON number holds the values of a double.
            Value::Decimal(_) | Value::Big(_) if self.output => self.string(&text(value)),
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
                if self.is_deep(level, true)? {
                    return self.cut(it, value);
                }
                let mut pairs = Vec::new();
                for (key, value) in dict.pairs() {
                    match key.base() {
                        Value::Str(name) => pairs.push((name.clone(), value)),
                        other if self.output => pairs.push((Str::from(text(other)), value)),
                        _ => return no_text_key(&Value::Dict(dict.clone())),
                    }
                }
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

    /// Returns whether a value is too deep to be opened. `own` marks objects that the script itself
    /// has built.
    fn is_deep(&self, level: usize, own: bool) -> R<bool> {
        if !(self.output && own) {
            return Ok(level > self.depth);
        }
        let why = if level > DEEPEST_OUTPUT {
            format!("nests deeper than {DEEPEST_OUTPUT} levels, or contains itself")
        } else if self.out.len() > LARGEST_OUTPUT {
            format!("is larger than {} MiB, or contains itself", LARGEST_OUTPUT >> 20)
        } else {
            return Ok(false);
        };
        Fault::runtime(
            "OutputTooDeep",
            format!("the output of the script {why}; output only the parts that you need"),
        )
        .raise()
    }

    /// Writes a value below `-Depth` as a text.
    fn cut(&mut self, it: &mut Interp, value: &Value) -> R<()> {
        self.cut = true;
        let text = it.to_text(value);
        self.string(&text);
        Ok(())
    }

    fn properties(&mut self, it: &mut Interp, value: &Value, level: usize) -> R<()> {
        let own = matches!(value, Value::Object(object) if !matches!(object.kind, ObjectKind::Net(_)));
        if self.is_deep(level, own)? {
            return self.cut(it, value);
        }
        let mut pairs = Vec::new();
        let names = match value {
            Value::TimeSpan(_) => SPAN_NAMES.iter().map(|name| Str::from(*name)).collect(),
            Value::Net(net) if matches!(**net, Net::Version(_)) => {
                VERSION_NAMES.iter().map(|name| Str::from(*name)).collect()
            }
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
        if self.is_deep(level, true)? {
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

/// The properties of a `TimeSpan` in the order in which .NET declares them.
const SPAN_NAMES: [&str; 11] = [
    "Ticks",
    "Days",
    "Hours",
    "Milliseconds",
    "Minutes",
    "Seconds",
    "TotalDays",
    "TotalHours",
    "TotalMilliseconds",
    "TotalMinutes",
    "TotalSeconds",
];

const VERSION_NAMES: [&str; 6] = ["Major", "Minor", "Build", "Revision", "MajorRevision", "MinorRevision"];

fn no_text_key(dict: &Value) -> R<()> {
    let message = format!(
        "The type '{}' is not supported for serialization or deserialization of a dictionary. Keys must be strings.",
        ps_runtime::types::type_of(dict).full_name()
    );
    Fault::new(
        NetType::InvalidOperationException,
        "NonStringKeyInDictionary",
        Category::InvalidOperation,
        message,
    )
    .of(dict.clone())
    .raise()
}

fn plain_date(date: &DateTime, format: &str, offset: i64) -> String {
    date.custom(format, offset, &ps_value::culture::invariant().dates.borrow()).unwrap_or_default()
}

/// Reads JSON as objects. `None` if the text is not JSON.
pub fn read_json(source: &str) -> Option<Value> {
    json_read::read(source, false, json_read::DEEPEST).ok()
}

/// Reads lines that are JSON each, or one text.
fn from_json(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let lines: Vec<String> = items.iter().map(text).collect();
    if let [first, rest @ ..] = lines.as_slice()
        && !rest.is_empty()
        && json_read::read(first, cx.flag("AsHashtable"), json_read::DEEPEST).is_ok()
    {
        return lines.iter().try_for_each(|line| read(cx, line));
    }
    read(cx, &lines.join("\n"))
}

fn read(cx: &mut Cx<'_>, source: &str) -> R<()> {
    if source.trim().is_empty() {
        return Ok(());
    }
    let depth = cx.integer("Depth").and_then(|d| usize::try_from(d).ok()).unwrap_or(json_read::DEEPEST);
    match json_read::read(source, cx.flag("AsHashtable"), depth) {
        Ok(value) if cx.flag("NoEnumerate") => cx.put(value),
        Ok(value) => cx.emit(value),
        Err(Trouble::Names(id, why)) => {
            let kind = NetType::InvalidOperationException;
            cx.fail(Fault::new(kind, id, Category::InvalidOperation, why))
        }
        Err(Trouble::Syntax(why)) => {
            let kind = NetType::ArgumentException;
            let message = format!("Conversion from JSON failed with error: {why}");
            cx.fail(Fault::new(kind, kind.name(), Category::NotSpecified, message))
        }
    }
}

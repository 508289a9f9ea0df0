//! Texts: the printed text of a value, UTF-16 lengths and positions.

use crate::types::NetType;
use std::borrow::Cow;

pub use ps_syntax::utf16_len;

use super::numbers::{general, shortest, shortest_single};
use super::{Str, Value};
use crate::object::ObjectKind;

/// Returns the byte at a UTF-16 position. Inside a pair, this is the start of the pair.
#[inline]
pub fn byte_at(text: &str, position: usize) -> usize {
    if text.is_ascii() {
        return position.min(text.len());
    }
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units + c.len_utf16() > position {
            return at;
        }
        units += c.len_utf16();
    }
    text.len()
}

/// Returns the UTF-16 position of a byte.
pub fn position_of(text: &str, byte: usize) -> usize {
    utf16_len(text.get(..byte).unwrap_or(text))
}

/// Returns part of a text by UTF-16 positions.
pub fn slice(text: &str, start: usize, length: usize) -> &str {
    let from = byte_at(text, start);
    let rest = text.get(from..).unwrap_or_default();
    rest.get(..byte_at(rest, length)).unwrap_or_default()
}

/// Returns the UTF-16 unit at a position.
#[inline]
pub fn unit_at(text: &str, position: usize) -> Option<u16> {
    if text.is_ascii() {
        text.as_bytes().get(position).map(|b| u16::from(*b))
    } else {
        text.encode_utf16().nth(position)
    }
}

pub fn char_text(unit: u16) -> String {
    char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}').to_string()
}

/// Formats a number as `ToString()` does.
pub fn number_to_string(value: &Value) -> Option<String> {
    Some(match value {
        Value::Double(v) => shortest(*v),
        Value::Single(v) => shortest_single(*v),
        other => return text_of_number(other),
    })
}

/// Formats a number as PowerShell prints it.
#[inline]
pub fn text_of_number(value: &Value) -> Option<String> {
    Some(match value {
        Value::Int(v) => v.to_string(),
        Value::Long(v) => v.to_string(),
        Value::Double(v) => general(*v, 15),
        Value::Single(v) => general_single(*v),
        Value::SByte(v) => v.to_string(),
        Value::Byte(v) => v.to_string(),
        Value::Short(v) => v.to_string(),
        Value::UShort(v) => v.to_string(),
        Value::UInt(v) => v.to_string(),
        Value::ULong(v) => v.to_string(),
        Value::Decimal(v) => v.to_string(),
        Value::Big(v) => v.to_string(),
        _ => return None,
    })
}

fn general_single(value: f32) -> String {
    let text = general(f64::from(value), 7);
    if text == "-0" { "0".into() } else { text }
}

/// Formats a value as in a string: invariant culture, collections joined by blanks.
#[inline]
pub fn text(value: &Value) -> String {
    text_joined(value, " ").into_owned()
}

/// As [`text`], with a separator between the items of a collection (`$OFS`).
#[inline]
pub fn text_joined<'a>(value: &'a Value, separator: &str) -> Cow<'a, str> {
    match value {
        Value::Null | Value::Void => "".into(),
        Value::Str(text) => Cow::Borrowed(&**text),
        Value::Bool(v) | Value::Switch(v) => if *v { "True" } else { "False" }.into(),
        Value::Char(v) => char_text(*v).into(),
        Value::Array(_) | Value::List(_) => join(value, separator).into(),
        Value::Ext(ext) => match &ext.text {
            Some(text) => Cow::Borrowed(&**text),
            None => text_joined(&ext.base, separator),
        },
        other => scalar(other).into(),
    }
}

fn join(value: &Value, separator: &str) -> String {
    let items = value.items().unwrap_or_default();
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        match item {
            // Nested collections are not opened again.
            Value::Array(_) | Value::List(_) => out.push_str(&type_text(item)),
            other => out.push_str(&text_joined(other, separator)),
        }
    }
    out
}

fn scalar(value: &Value) -> String {
    if let Some(number) = text_of_number(value) {
        return number;
    }
    match value {
        Value::DateTime(v) => v.invariant(),
        Value::TimeSpan(v) => v.to_string(),
        Value::Enum(v) => v.ty.text_of(v.value),
        Value::Block(block) => block.text().to_owned(),
        Value::Type(ty) => ty.short_name(),
        Value::Error(record) => record.text(),
        Value::Object(object) => object_text(object),
        Value::Net(net) => net.text(),
        Value::Ref(_) => NetType::PSReference.to_string(),
        other => type_text(other),
    }
}

/// Returns the name of the value's type, which is the text of values without another.
pub fn type_text(value: &Value) -> String {
    crate::types::type_of(value).full_name()
}

/// Formats an object as `@{a=1; b=2}`.
fn object_text(object: &super::Object) -> String {
    match &object.kind {
        ObjectKind::Custom => {}
        ObjectKind::Class(class) => {
            return match &*object.native.borrow() {
                Some(native) => text(native),
                None => class.name.to_string(),
            };
        }
        ObjectKind::Net(info) => {
            for name in info.text_of {
                if let Some(value) = object.get_str(name) {
                    return text(&value);
                }
            }
            if !info.is_record {
                return info.name.to_owned();
            }
        }
    }
    let mut out = String::from("@{");
    for (i, (name, value)) in object.pairs().iter().enumerate() {
        if i > 0 {
            out.push_str("; ");
        }
        out.push_str(name);
        out.push('=');
        out.push_str(&nested_text(value));
    }
    if out.len() == 2 {
        return String::new();
    }
    out.push('}');
    out
}

fn nested_text(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::List(_) => type_text(value),
        other => text(other),
    }
}

/// Returns the UTF-16 units of a text, as in .NET.
pub fn units(text: &str) -> Vec<Value> {
    text.encode_utf16().map(Value::Char).collect()
}

/// Returns the texts of values from an array of characters or of strings.
pub fn strings_of(value: &Value) -> Vec<Str> {
    value.to_items().iter().map(|item| text(item).into()).collect()
}

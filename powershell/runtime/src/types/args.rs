//! Arguments of .NET members, already converted to the declared types.

use std::rc::Rc;

use ps_value::{DateTime, Dict, List, Str, TimeSpan, Value};

pub fn at(args: &[Value], index: usize) -> Value {
    args.get(index).cloned().unwrap_or_default()
}

pub fn string(args: &[Value], index: usize) -> Str {
    match args.get(index).map(Value::base) {
        Some(Value::Str(text)) => text.clone(),
        Some(Value::Null | Value::Void) | None => "".into(),
        Some(other) => ps_value::text(other).into(),
    }
}

pub fn integer(args: &[Value], index: usize) -> i64 {
    match args.get(index).map(Value::base) {
        Some(Value::Char(c)) => i64::from(*c),
        Some(Value::Enum(e)) => e.value,
        Some(value) => value.as_integer().unwrap_or(0),
        None => 0,
    }
}

pub fn double(args: &[Value], index: usize) -> f64 {
    args.get(index).and_then(Value::as_double).unwrap_or(0.0)
}

pub fn boolean(args: &[Value], index: usize) -> bool {
    args.get(index).is_some_and(Value::truth)
}

/// Returns the text of the object of a `String` method.
pub fn this(value: &Value) -> &str {
    match value {
        Value::Str(text) => text,
        _ => "",
    }
}

pub fn date(value: &Value) -> DateTime {
    match value.base() {
        Value::DateTime(date) => *date,
        _ => DateTime::new(0, ps_value::DateKind::Unspecified).unwrap_or_else(unreachable_date),
    }
}

/// Returns a date for impossible cases: zero is a valid date.
fn unreachable_date() -> DateTime {
    ps_value::datetime::MIN
}

pub fn span(value: &Value) -> TimeSpan {
    match value.base() {
        Value::TimeSpan(span) => *span,
        _ => TimeSpan(0),
    }
}

pub fn list(value: &Value) -> Option<Rc<List>> {
    match value.base() {
        Value::List(list) => Some(list.clone()),
        _ => None,
    }
}

pub fn dict(value: &Value) -> Option<Rc<Dict>> {
    match value.base() {
        Value::Dict(dict) => Some(dict.clone()),
        _ => None,
    }
}

/// Returns the bytes of a `byte[]` from an offset, as many as the count says.
pub fn byte_range(args: &[Value]) -> Vec<u8> {
    let start = integer(args, 1).max(0) as usize;
    bytes(&at(args, 0)).into_iter().skip(start).take(integer(args, 2).max(0) as usize).collect()
}

/// Returns the bytes of a `byte[]`.
pub fn bytes(value: &Value) -> Vec<u8> {
    value.to_items().iter().map(|v| v.as_integer().unwrap_or(0) as u8).collect()
}

//! `Char` and `StringBuilder`.

use super::args::{at, integer, string, this};
use super::declare::Declared::{self, Method, New, Property, Settable, Static, StaticProperty};
use super::strings::{formatted, joined, part};
use crate::eval::Interp;
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::text::{byte_at, unit_at, utf16_len};
use ps_value::types::NetType;
use ps_value::{Value, text};

/// Converts to upper case letter by letter, as .NET does: `ß` stays.
pub(super) fn upper(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}

fn unit(value: &Value) -> char {
    match value {
        Value::Char(c) => char::from_u32(u32::from(*c)).unwrap_or('\u{fffd}'),
        Value::Str(s) => s.chars().next().unwrap_or('\0'),
        _ => '\0',
    }
}

/// Returns a character from the arguments: one character, or a text and a position.
fn pick(args: &[Value]) -> char {
    match args {
        [text, index] => unit_at(this(text), index.as_integer().unwrap_or(0).max(0) as usize)
            .and_then(|u| char::from_u32(u32::from(u)))
            .unwrap_or('\0'),
        [one, ..] => unit(one),
        [] => '\0',
    }
}

fn as_char(c: char) -> Value {
    Value::Char(u16::try_from(u32::from(c)).unwrap_or(0xfffd))
}

pub(super) const CHAR_MEMBERS: &[Declared] = &[
    Static("bool IsDigit(char c)", |_, a| Ok(Value::Bool(pick(a).is_ascii_digit()))),
    Static("bool IsDigit(string s, int index)", |_, a| Ok(Value::Bool(pick(a).is_ascii_digit()))),
    Static("bool IsNumber(char c)", |_, a| Ok(Value::Bool(pick(a).is_numeric()))),
    Static("bool IsLetter(char c)", |_, a| Ok(Value::Bool(pick(a).is_alphabetic()))),
    Static("bool IsLetter(string s, int index)", |_, a| Ok(Value::Bool(pick(a).is_alphabetic()))),
    Static("bool IsLetterOrDigit(char c)", |_, a| Ok(Value::Bool(pick(a).is_alphanumeric()))),
    Static("bool IsLetterOrDigit(string s, int index)", |_, a| Ok(Value::Bool(pick(a).is_alphanumeric()))),
    Static("bool IsUpper(char c)", |_, a| Ok(Value::Bool(pick(a).is_uppercase()))),
    Static("bool IsUpper(string s, int index)", |_, a| Ok(Value::Bool(pick(a).is_uppercase()))),
    Static("bool IsLower(char c)", |_, a| Ok(Value::Bool(pick(a).is_lowercase()))),
    Static("bool IsLower(string s, int index)", |_, a| Ok(Value::Bool(pick(a).is_lowercase()))),
    Static("bool IsWhiteSpace(char c)", |_, a| Ok(Value::Bool(pick(a).is_whitespace()))),
    Static("bool IsWhiteSpace(string s, int index)", |_, a| Ok(Value::Bool(pick(a).is_whitespace()))),
    Static("bool IsPunctuation(char c)", |_, a| {
        Ok(Value::Bool(matches!(
            pick(a),
            '!' | '"'
                | '#'
                | '%'
                | '&'
                | '\''
                | '('
                | ')'
                | '*'
                | ','
                | '-'
                | '.'
                | '/'
                | ':'
                | ';'
                | '?'
                | '@'
                | '['
                | '\\'
                | ']'
                | '_'
                | '{'
                | '}'
                | '¡'
                | '§'
                | '«'
                | '¶'
                | '·'
                | '»'
                | '¿'
                | '–'
                | '—'
                | '‘'
                | '’'
                | '“'
                | '”'
                | '…'
        )))
    }),
    Static("bool IsSymbol(char c)", |_, a| {
        Ok(Value::Bool(matches!(
            pick(a),
            '$' | '+'
                | '<'
                | '='
                | '>'
                | '^'
                | '`'
                | '|'
                | '~'
                | '€'
                | '£'
                | '¥'
                | '©'
                | '®'
                | '°'
                | '±'
                | '×'
                | '÷'
        )))
    }),
    Static("bool IsControl(char c)", |_, a| Ok(Value::Bool(pick(a).is_control()))),
    Static("char ToUpper(char c)", |_, a| {
        Ok(as_char(upper(&pick(a).to_string()).chars().next().unwrap_or('\0')))
    }),
    Static("char ToUpperInvariant(char c)", |_, a| {
        Ok(as_char(upper(&pick(a).to_string()).chars().next().unwrap_or('\0')))
    }),
    Static("char ToLower(char c)", |_, a| Ok(as_char(pick(a).to_lowercase().next().unwrap_or('\0')))),
    Static("char ToLowerInvariant(char c)", |_, a| {
        Ok(as_char(pick(a).to_lowercase().next().unwrap_or('\0')))
    }),
    Static("double GetNumericValue(char c)", |_, a| {
        Ok(Value::Double(pick(a).to_digit(10).map_or(-1.0, f64::from)))
    }),
    Static("char Parse(string s)", |_, a| {
        match string(a, 0).encode_utf16().collect::<Vec<u16>>().as_slice() {
            [one] => Ok(Value::Char(*one)),
            _ => net(NetType::FormatException, "String must be exactly one character long."),
        }
    }),
    Static("string ConvertFromUtf32(int utf32)", |_, a| {
        Ok(Value::from(
            u32::try_from(integer(a, 0)).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').to_string(),
        ))
    }),
    Static("int ConvertToUtf32(string s, int index)", |_, a| {
        Ok(Value::Int(
            string(a, 0)
                .get(byte_at(&string(a, 0), integer(a, 1).max(0) as usize)..)
                .and_then(|t| t.chars().next())
                .map_or(0, |c| u32::from(c) as i32),
        ))
    }),
    StaticProperty("char MaxValue", |_, _| Ok(Value::Char(u16::MAX))),
    StaticProperty("char MinValue", |_, _| Ok(Value::Char(0))),
];

fn with<T>(value: &Value, body: impl FnOnce(&mut String) -> T) -> Option<T> {
    match value {
        Value::Net(net) => match &**net {
            Net::StringBuilder(text) => Some(body(&mut text.borrow_mut())),
            _ => None,
        },
        _ => None,
    }
}

fn append(it: &mut Interp, t: &Value, value: &Value) -> R<Value> {
    match value {
        Value::Str(more) => {
            with(t, |s| s.push_str(more));
        }
        other => {
            let more = match other.base() {
                Value::Array(array) if array.element.is(NetType::Char) => {
                    array.items.borrow().iter().map(text).collect::<String>()
                }
                number if number.is_number() => {
                    let culture = it.culture.number.borrow();
                    ps_value::number_format::to_text(number, &culture).unwrap_or_default()
                }
                _ => it.to_text(other),
            };
            with(t, |s| s.push_str(&more));
        }
    }
    Ok(t.clone())
}

fn builder_part(t: &Value) -> String {
    with(t, |s| s.clone()).unwrap_or_default()
}

pub(super) const BUILDER_MEMBERS: &[Declared] = &[
    New("StringBuilder()", |_, _| Ok(Value::net(Net::StringBuilder(String::new().into())))),
    New("StringBuilder(string value)", |_, a| {
        Ok(Value::net(Net::StringBuilder(string(a, 0).to_string().into())))
    }),
    New("StringBuilder(int capacity)", |_, _| Ok(Value::net(Net::StringBuilder(String::new().into())))),
    New("StringBuilder(string value, int capacity)", |_, a| {
        Ok(Value::net(Net::StringBuilder(string(a, 0).to_string().into())))
    }),
    Settable(
        "int Length",
        |_, t, _| Ok(Value::from(utf16_len(&builder_part(t)))),
        |_, t, a| {
            let length = integer(a, 0).max(0) as usize;
            with(t, |s| s.truncate(byte_at(s, length)));
            Ok(Value::Void)
        },
    ),
    Property("int Capacity", |_, t, _| Ok(Value::from(utf16_len(&builder_part(t)).max(16)))),
    Method("System.Text.StringBuilder Append(object value)", |it, t, a| append(it, t, &at(a, 0))),
    Method("System.Text.StringBuilder Append(char value, int repeatCount)", |it, t, a| {
        append(it, t, &Value::from(text(&at(a, 0)).repeat(integer(a, 1).clamp(0, 1 << 28) as usize)))
    }),
    Method("System.Text.StringBuilder AppendLine()", |it, t, _| append(it, t, &Value::from("\n"))),
    Method("System.Text.StringBuilder AppendLine(string value)", |it, t, a| {
        append(it, t, &Value::from(format!("{}\n", string(a, 0))))
    }),
    Method("System.Text.StringBuilder AppendFormat(string format, params object[] args)", |it, t, a| {
        let more = formatted(it, a)?;
        append(it, t, &more)
    }),
    Method("System.Text.StringBuilder AppendJoin(string separator, params object[] values)", |it, t, a| {
        let more = joined(it, &string(a, 0), a.get(1..).unwrap_or_default())?;
        append(it, t, &more)
    }),
    Method("System.Text.StringBuilder Insert(int index, string value)", |_, t, a| {
        let more = string(a, 1);
        with(t, |s| {
            let at = byte_at(s, integer(a, 0).max(0) as usize);
            s.insert_str(at, &more);
        });
        Ok(t.clone())
    }),
    Method("System.Text.StringBuilder Remove(int startIndex, int length)", |_, t, a| {
        with(t, |s| {
            let (from, to) = (
                byte_at(s, integer(a, 0).max(0) as usize),
                byte_at(s, (integer(a, 0) + integer(a, 1)).max(0) as usize),
            );
            s.replace_range(from..to.max(from), "");
        });
        Ok(t.clone())
    }),
    Method("System.Text.StringBuilder Replace(string oldValue, string newValue)", |_, t, a| {
        let (old, new) = (string(a, 0), string(a, 1));
        with(t, |s| *s = s.replace(&*old, &new));
        Ok(t.clone())
    }),
    Method("System.Text.StringBuilder Clear()", |_, t, _| {
        with(t, String::clear);
        Ok(t.clone())
    }),
    Method("string ToString()", |_, t, _| Ok(Value::from(builder_part(t)))),
    Method("string ToString(int startIndex, int length)", |_, t, a| {
        part(&builder_part(t), integer(a, 0), integer(a, 1)).map(Value::from)
    }),
    Method("char Chars(int index)", |_, t, a| {
        Ok(unit_at(&builder_part(t), integer(a, 0).max(0) as usize).map_or(Value::Null, Value::Char))
    }),
];

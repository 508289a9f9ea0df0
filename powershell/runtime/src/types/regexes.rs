//! `Regex`, `Match`, `Group`.

use std::rc::Rc;

use super::Members;
use super::args::{at, integer, string};
use super::declare::Declared::{self, Method, New, Property, Static};
use crate::eval::Interp;
use ps_value::error::R;
use ps_value::net::{MatchData, Net, match_value};
use ps_value::regex::Regex;
use ps_value::text::{byte_at, position_of, utf16_len};
use ps_value::types::NetType;
use ps_value::{Str, Value, text};

pub(super) const MEMBERS: Members = &[
    (NetType::Regex, REGEX),
    (NetType::Capture, GROUP),
    (NetType::Match, MATCH),
    (
        NetType::GroupCollection,
        &[Property("int Count", |_, t, _| Ok(Value::from(t.items().map_or(0, |i| i.len()))))],
    ),
];

fn own(value: &Value) -> Option<Rc<Regex>> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Regex(regex) => Some(regex.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn compile(it: &mut Interp, args: &[Value], pattern: usize, options: usize) -> R<Rc<Regex>> {
    it.regex(&string(args, pattern), integer(args, options))
}

fn first(regex: &Rc<Regex>, source: &Str, from: i64) -> Value {
    let start = byte_at(source, from.max(0) as usize);
    match_value(regex, source, regex.find_at(source, start))
}

fn every(regex: &Rc<Regex>, source: &Str) -> Value {
    let found =
        regex.find_all(source, usize::MAX).into_iter().map(|f| match_value(regex, source, Some(f))).collect();
    Value::array_of(NetType::Match.ty(), found)
}

fn replaced(it: &mut Interp, regex: &Rc<Regex>, source: &str, by: &Value, limit: i64) -> R<Value> {
    let limit = if limit <= 0 { usize::MAX } else { limit as usize };
    if let Value::Block(block) = by.base() {
        let block = block.clone();
        let result = it.replace_by(regex, source, limit, &mut |it, found| {
            let value = it.call_block(&block, &[found])?;
            Ok(it.to_text(&value))
        })?;
        return Ok(Value::from(result));
    }
    Ok(Value::from(regex.replace(source, &text(by), limit)))
}

fn parts(regex: &Regex, source: &str, limit: i64) -> Value {
    Value::strings(regex.split(source, limit.max(0) as usize))
}

fn with_regex(t: &Value, body: impl FnOnce(Rc<Regex>) -> R<Value>) -> R<Value> {
    own(t).map_or(Ok(Value::Null), body)
}

const REGEX: &[Declared] = &[
    New("regex(string pattern)", |it, a| Ok(Value::net(Net::Regex(compile(it, a, 0, 9)?)))),
    New("regex(string pattern, System.Text.RegularExpressions.RegexOptions options)", |it, a| {
        Ok(Value::net(Net::Regex(compile(it, a, 0, 1)?)))
    }),
    Property("System.Text.RegularExpressions.RegexOptions Options", |_, t, _| {
        Ok(super::enum_value(NetType::RegexOptions, own(t).map_or(0, |r| r.options)))
    }),
    Method("bool IsMatch(string input)", |_, t, a| {
        with_regex(t, |r| Ok(Value::Bool(r.is_match(&string(a, 0)))))
    }),
    Method("System.Text.RegularExpressions.Match Match(string input)", |_, t, a| {
        with_regex(t, |r| Ok(first(&r, &string(a, 0), 0)))
    }),
    Method("System.Text.RegularExpressions.Match Match(string input, int startat)", |_, t, a| {
        with_regex(t, |r| Ok(first(&r, &string(a, 0), integer(a, 1))))
    }),
    Method("System.Text.RegularExpressions.MatchCollection Matches(string input)", |_, t, a| {
        with_regex(t, |r| Ok(every(&r, &string(a, 0))))
    }),
    Method("string Replace(string input, string replacement)", |it, t, a| {
        with_regex(t, |r| replaced(it, &r, &string(a, 0), &at(a, 1), 0))
    }),
    Method(
        "string Replace(string input, System.Text.RegularExpressions.MatchEvaluator evaluator)",
        |it, t, a| with_regex(t, |r| replaced(it, &r, &string(a, 0), &at(a, 1), 0)),
    ),
    Method("string Replace(string input, string replacement, int count)", |it, t, a| {
        with_regex(t, |r| replaced(it, &r, &string(a, 0), &at(a, 1), integer(a, 2)))
    }),
    Method(
        "string Replace(string input, System.Text.RegularExpressions.MatchEvaluator evaluator, int count)",
        |it, t, a| with_regex(t, |r| replaced(it, &r, &string(a, 0), &at(a, 1), integer(a, 2))),
    ),
    Method("string[] Split(string input)", |_, t, a| with_regex(t, |r| Ok(parts(&r, &string(a, 0), 0)))),
    Method("string[] Split(string input, int count)", |_, t, a| {
        with_regex(t, |r| Ok(parts(&r, &string(a, 0), integer(a, 1))))
    }),
    Method("string[] GetGroupNames()", |_, t, _| {
        with_regex(t, |r| Ok(Value::strings(r.groups.iter().map(|(n, _)| n.clone()))))
    }),
    Method("string ToString()", |_, t, _| with_regex(t, |r| Ok(Value::Str(r.pattern.clone())))),
    Static("bool IsMatch(string input, string pattern)", |it, a| {
        Ok(Value::Bool(compile(it, a, 1, 9)?.is_match(&string(a, 0))))
    }),
    Static(
        "bool IsMatch(string input, string pattern, System.Text.RegularExpressions.RegexOptions options)",
        |it, a| Ok(Value::Bool(compile(it, a, 1, 2)?.is_match(&string(a, 0)))),
    ),
    Static("System.Text.RegularExpressions.Match Match(string input, string pattern)", |it, a| {
        Ok(first(&compile(it, a, 1, 9)?, &string(a, 0), 0))
    }),
    Static(
        "System.Text.RegularExpressions.Match Match(string input, string pattern, System.Text.RegularExpressions.RegexOptions options)",
        |it, a| Ok(first(&compile(it, a, 1, 2)?, &string(a, 0), 0)),
    ),
    Static(
        "System.Text.RegularExpressions.MatchCollection Matches(string input, string pattern)",
        |it, a| Ok(every(&compile(it, a, 1, 9)?, &string(a, 0))),
    ),
    Static(
        "System.Text.RegularExpressions.MatchCollection Matches(string input, string pattern, System.Text.RegularExpressions.RegexOptions options)",
        |it, a| Ok(every(&compile(it, a, 1, 2)?, &string(a, 0))),
    ),
    Static("string Replace(string input, string pattern, string replacement)", |it, a| {
        let regex = compile(it, a, 1, 9)?;
        replaced(it, &regex, &string(a, 0), &at(a, 2), 0)
    }),
    Static(
        "string Replace(string input, string pattern, System.Text.RegularExpressions.MatchEvaluator evaluator)",
        |it, a| {
            let regex = compile(it, a, 1, 9)?;
            replaced(it, &regex, &string(a, 0), &at(a, 2), 0)
        },
    ),
    Static(
        "string Replace(string input, string pattern, string replacement, System.Text.RegularExpressions.RegexOptions options)",
        |it, a| {
            let regex = compile(it, a, 1, 3)?;
            replaced(it, &regex, &string(a, 0), &at(a, 2), 0)
        },
    ),
    Static(
        "string Replace(string input, string pattern, System.Text.RegularExpressions.MatchEvaluator evaluator, System.Text.RegularExpressions.RegexOptions options)",
        |it, a| {
            let regex = compile(it, a, 1, 3)?;
            replaced(it, &regex, &string(a, 0), &at(a, 2), 0)
        },
    ),
    Static("string[] Split(string input, string pattern)", |it, a| {
        Ok(parts(&*compile(it, a, 1, 9)?, &string(a, 0), 0))
    }),
    Static(
        "string[] Split(string input, string pattern, System.Text.RegularExpressions.RegexOptions options)",
        |it, a| Ok(parts(&*compile(it, a, 1, 2)?, &string(a, 0), 0)),
    ),
    Static("string Escape(string str)", |_, a| Ok(Value::from(escape(&string(a, 0))))),
    Static("string Unescape(string str)", |_, a| Ok(Value::from(unescape(&string(a, 0))))),
];

pub fn escape(source: &str) -> String {
    let mut out = String::new();
    for c in source.chars() {
        match c {
            '\\' | '*' | '+' | '?' | '|' | '{' | '[' | '(' | ')' | '^' | '$' | '.' | '#' | ' ' => {
                out.push('\\');
                out.push(c);
            }
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            c => out.push(c),
        }
    }
    out
}

/// Resolves the escapes of regular expressions in a text.
pub fn unescape(source: &str) -> String {
    let mut out = String::new();
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('e') => out.push('\u{1b}'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// Returns the match and the group of a value.
fn group(value: &Value) -> Option<(Rc<MatchData>, usize)> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Match(data) => Some((data.clone(), 0)),
            Net::Group(data, index) => Some((data.clone(), *index)),
            _ => None,
        },
        _ => None,
    }
}

const GROUP: &[Declared] = &[
    Property("System.Text.RegularExpressions.GroupCollection Groups", |_, t, _| {
        Ok(group(t).map_or(Value::Null, |(d, _)| Value::net(Net::Groups(d))))
    }),
    Property("bool Success", |_, t, _| Ok(Value::Bool(group(t).is_some_and(|(d, i)| d.range(i).is_some())))),
    Property("string Name", |_, t, _| {
        Ok(group(t)
            .and_then(|(d, i)| d.regex.groups.get(i).map(|(n, _)| Value::from(n.as_str())))
            .unwrap_or_default())
    }),
    Property("object[] Captures", |_, t, _| {
        Ok(match group(t) {
            Some((d, i)) if d.range(i).is_some() => Value::array(vec![t.clone()]),
            _ => Value::array(Vec::new()),
        })
    }),
    Property("int Index", |_, t, _| {
        Ok(Value::from(
            group(t).map_or(0, |(d, i)| d.range(i).map_or(0, |(start, _)| position_of(&d.text, start))),
        ))
    }),
    Property("int Length", |_, t, _| {
        Ok(Value::from(group(t).map_or(0, |(d, i)| d.group(i).map_or(0, utf16_len))))
    }),
    Property("string Value", |_, t, _| {
        Ok(Value::from(group(t).map_or(String::new(), |(d, i)| d.group(i).unwrap_or_default().to_owned())))
    }),
    Property("System.ReadOnlyMemory ValueSpan", |_, _, _| Ok(Value::Null)),
];

const MATCH: &[Declared] = &[
    Method("System.Text.RegularExpressions.Match NextMatch()", |_, t, _| {
        let Some((data, _)) = group(t) else { return Ok(Value::Null) };
        let Some((start, end)) = data.range(0) else { return Ok(t.clone()) };
        let from = if end > start {
            end
        } else {
            end + data.text.get(end..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8)
        };
        let next = if from <= data.text.len() { data.regex.find_at(&data.text, from) } else { None };
        Ok(match_value(&data.regex, &data.text, next))
    }),
    Method("string Result(string replacement)", |_, t, a| {
        let Some((data, _)) = group(t) else { return Ok(Value::Null) };
        let mut out = String::new();
        if let Some(found) = &data.found {
            data.regex.expand(&string(a, 0), &data.text, found, &mut out);
        }
        Ok(Value::from(out))
    }),
];

//! Operators for texts and types: `-like -match -replace -split -join -f -is`.

use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use crate::types::Ty;
use ps_value::error::{Category, Fault, R};
use ps_value::regex::{Found, Regex};
use ps_value::{Dict, DictKind, Value, number_format, text};

impl Interp {
    pub fn like(&mut self, left: &Value, right: &Value, yes: bool, case: bool) -> R<Value> {
        let pattern = Wildcard::new(&self.to_text(right), case);
        if let Some(items) = left.items() {
            let mut kept = Vec::new();
            for item in items {
                if pattern.matches(&self.to_text(&item)) == yes {
                    kept.push(item);
                }
            }
            return Ok(Value::array(kept));
        }
        Ok(Value::Bool(pattern.matches(&self.to_text(left)) == yes))
    }

    pub fn matches(&mut self, left: &Value, right: &Value, yes: bool, case: bool) -> R<Value> {
        let regex = self.regex_of(right, case)?;
        if let Some(items) = left.items() {
            let mut kept = Vec::new();
            for item in items {
                if regex.is_match(&self.to_text(&item)) == yes {
                    kept.push(item);
                }
            }
            return Ok(Value::array(kept));
        }
        let text = self.to_text(left);
        let found = regex.find_at(&text, 0);
        if let Some(found) = &found {
            self.set_matches(&regex, &text, found);
        }
        Ok(Value::Bool(found.is_some() == yes))
    }

    pub fn set_matches(&mut self, regex: &Regex, text: &str, found: &Found) {
        let dict = Dict::hashtable();
        for ((name, _), group) in regex.groups.iter().zip(&found.groups) {
            let Some((start, end)) = group else { continue };
            let key = name.parse::<i32>().map_or_else(|_| Value::from(name.as_str()), Value::Int);
            dict.insert(&key, Value::from(text.get(*start..*end).unwrap_or_default()));
        }
        let sym = self.syms.matches;
        self.scope.put(sym, &self.names.matches, Value::Dict(Rc::new(dict)));
    }

    pub fn replace(&mut self, left: &Value, right: &Value, case: bool) -> R<Value> {
        let parts = match right.base() {
            Value::Array(_) | Value::List(_) => right.items().unwrap_or_default(),
            other => vec![other.clone()],
        };
        if parts.len() > 2 {
            let message =
                format!("The -replace operator allows only two elements to follow it, not {}.", parts.len());
            return Fault::runtime("BadReplaceArgument", message).of(right.clone()).raise();
        }
        let pattern = parts.first().cloned().unwrap_or_default();
        let by = parts.get(1).cloned().unwrap_or_default();
        let regex = self.regex_of(&pattern, case)?;
        if let Some(items) = left.items() {
            let items =
                items.iter().map(|item| self.replace_one(&regex, item, &by)).collect::<R<Vec<Value>>>()?;
            return Ok(Value::array(items));
        }
        self.replace_one(&regex, left, &by)
    }

    fn replace_one(&mut self, regex: &Rc<Regex>, value: &Value, by: &Value) -> R<Value> {
        let text = self.to_text(value);
        if let Value::Block(block) = by.base() {
            let block = block.clone();
            let replaced = self.replace_by(regex, &text, usize::MAX, &mut |it, found| {
                let scope = super::Scope::new(Some(it.scope.clone()), false);
                scope.put_str("_", found);
                let out = super::Collector::default();
                it.within(scope, |it| it.run_block(&block, &out))?;
                let value = out.into_value();
                Ok(it.to_text(&value))
            })?;
            return Ok(Value::from(replaced));
        }
        let by = self.to_text(by);
        Ok(Value::from(regex.replace(&text, &by, usize::MAX)))
    }

    /// Replaces each match by the result of a function.
    pub fn replace_by(
        &mut self,
        regex: &Rc<Regex>,
        text: &str,
        limit: usize,
        by: &mut dyn FnMut(&mut Self, Value) -> R<String>,
    ) -> R<String> {
        let mut out = String::new();
        let mut at = 0;
        let shared = ps_value::Str::from(text);
        for found in regex.find_all(text, limit) {
            let (start, end) = found.range();
            out.push_str(text.get(at..start).unwrap_or_default());
            let value = ps_value::net::match_value(regex, &shared, Some(found));
            out.push_str(&by(self, value)?);
            at = end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Ok(out)
    }

    /// Evaluates `-split 'a b  c'`.
    pub fn split_words(&mut self, value: &Value, _case: bool) -> R<Value> {
        let mut words = Vec::new();
        for item in self.enumerate(value) {
            let text = self.to_text(&item);
            words.extend(text.split_whitespace().map(Value::from));
        }
        Ok(Value::array_of(NetType::String.ty(), words))
    }

    pub fn split(&mut self, left: &Value, right: &Value, case: bool) -> R<Value> {
        let args = match right.base() {
            Value::Array(_) => right.items().unwrap_or_default(),
            other => vec![other.clone()],
        };
        let separator = args.first().cloned().unwrap_or_default();
        let limit = match args.get(1) {
            Some(limit) => self.convert(limit, &NetType::Int32.ty())?.as_integer().unwrap_or(0),
            None => 0,
        };
        let mut options = if case { 0 } else { ps_value::regex::IGNORE_CASE };
        let mut simple = false;
        if let Some(text) = args.get(2).map(|v| self.to_text(v).to_lowercase()) {
            simple = text.contains("simplematch");
            for (name, bit) in [
                ("ignorecase", 1),
                ("multiline", 2),
                ("singleline", 16),
                ("ignorepatternwhitespace", 32),
                ("explicitcapture", 4),
            ] {
                if text.contains(name) {
                    options |= bit;
                }
            }
        }
        let mut parts = Vec::new();
        for item in self.enumerate(left) {
            let text = self.to_text(&item);
            if let Value::Block(block) = separator.base() {
                self.split_by_block(&text, block, &mut parts)?;
                continue;
            }
            let pattern = self.to_text(&separator);
            if pattern.len() == 1
                && limit == 0
                && !pattern.contains(|c: char| "\\.$^|?*+()[]{} #".contains(c))
                && !pattern.contains(char::is_alphabetic)
            {
                parts.extend(text.split(pattern.as_str()).map(Value::from));
                continue;
            }
            let pattern = if simple { fancy_regex::escape(&pattern).into_owned() } else { pattern };
            let regex = self.regex(&pattern, options)?;
            if limit < 0 {
                parts.extend(
                    split_from_end(&regex, &text, limit.unsigned_abs() as usize).into_iter().map(Value::from),
                );
            } else {
                parts.extend(regex.split(&text, limit as usize).into_iter().map(Value::from));
            }
        }
        Ok(Value::array_of(NetType::String.ty(), parts))
    }

    fn split_by_block(
        &mut self,
        text: &str,
        block: &Rc<ps_value::block::ScriptBlock>,
        parts: &mut Vec<Value>,
    ) -> R<()> {
        let mut current = String::new();
        for c in text.chars() {
            let scope = super::Scope::new(Some(self.scope.clone()), false);
            scope.put_str("_", Value::from(c.to_string()));
            let out = super::Collector::default();
            self.within(scope, |it| it.run_block(block, &out))?;
            if out.into_value().truth() {
                parts.push(Value::from(std::mem::take(&mut current)));
            } else {
                current.push(c);
            }
        }
        parts.push(Value::from(current));
        Ok(())
    }

    pub fn join(&mut self, left: &Value, right: &Value) -> R<Value> {
        let separator = self.to_text(right);
        let items = self.enumerate(left);
        let mut out = String::new();
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(&separator);
            }
            match item {
                Value::Str(text) => out.push_str(text),
                other => out.push_str(&self.to_text(other)),
            }
        }
        Ok(Value::from(out))
    }

    pub fn is(&mut self, left: &Value, right: &Value) -> R<bool> {
        let ty = match right.base() {
            Value::Type(ty) => (**ty).clone(),
            other => {
                let name = self.to_text(other);
                match self.find_type(&name) {
                    Some(ty) => ty,
                    None => {
                        let message = format!(
                            "Cannot convert the \"{name}\" value of type \"{}\" to type \"System.Type\".",
                            crate::types::type_of(other).full_name()
                        );
                        return Fault::runtime("RuntimeException", message).raise();
                    }
                }
            }
        };
        Ok(self.value_is(left, &ty))
    }

    pub fn value_is(&mut self, value: &Value, ty: &Ty) -> bool {
        if value.is_null() {
            return false;
        }
        if ty.is(NetType::PSObject) || ty.is(NetType::PSCustomObject) {
            return matches!(value, Value::Ext(_) | Value::Object(_))
                && (ty.is(NetType::PSObject)
                    || matches!(value.base(), Value::Object(o) if matches!(o.kind, ps_value::ObjectKind::Custom)));
        }
        crate::types::type_of(value).extends(ty)
    }

    /// Evaluates `'{0:N2}' -f 1.5`.
    pub fn format_operator(&mut self, left: &Value, right: &Value) -> R<Value> {
        let format = self.to_text(left);
        let args = match right.base() {
            Value::Array(_) => right.items().unwrap_or_default(),
            Value::List(_) => right.items().unwrap_or_default(),
            _ => vec![right.clone()],
        };
        match self.format(&format, &args) {
            Ok(text) => Ok(Value::from(text)),
            Err(why) => {
                let message = format!("Error formatting a string: {why}.");
                Fault::new(NetType::RuntimeException, "FormatError", Category::InvalidOperation, message)
                    .of(format)
                    .raise()
            }
        }
    }

    /// Evaluates `String.Format`.
    pub fn format(&mut self, format: &str, args: &[Value]) -> Result<String, String> {
        let bad = || "Input string was not in a correct format.".to_owned();
        let mut out = String::new();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    out.push('{');
                }
                '}' if chars.peek() == Some(&'}') => {
                    chars.next();
                    out.push('}');
                }
                '{' => {
                    let mut hole = String::new();
                    loop {
                        match chars.next() {
                            Some('}') if chars.peek() == Some(&'}') && hole.contains(':') => {
                                chars.next();
                                hole.push('}');
                            }
                            Some('}') => break,
                            Some(c) => hole.push(c),
                            None => return Err(bad()),
                        }
                    }
                    let (place, spec) = hole.split_once(':').map_or((hole.as_str(), ""), |(a, b)| (a, b));
                    let (index, width) = place.split_once(',').map_or((place, "0"), |(a, b)| (a, b));
                    let index: usize = index.trim().parse().map_err(|_| bad())?;
                    let width: i32 = width.trim().parse().map_err(|_| bad())?;
                    // .NET has the same limit.
                    if width.unsigned_abs() > 1_000_000 {
                        return Err(bad());
                    }
                    let Some(value) = args.get(index) else {
                        return Err("Index (zero based) must be greater than or equal to zero and less than the size of the argument list.".into());
                    };
                    let text = self.format_value(value, spec)?;
                    pad(&mut out, &text, width);
                }
                '}' => return Err(bad()),
                c => out.push(c),
            }
        }
        Ok(out)
    }

    /// Formats a value with a format string, in the current culture.
    pub fn format_value(&mut self, value: &Value, spec: &str) -> Result<String, String> {
        let invalid = || "Format specifier was invalid.".to_owned();
        let unknown = || "Input string was not in a correct format.".to_owned();
        Ok(match value.base() {
            Value::Null | Value::Void => String::new(),
            number if number.is_number() => {
                number_format::format(number, spec, &self.culture.number.borrow()).ok_or_else(invalid)?
            }
            Value::DateTime(date) => date.format(spec, &self.culture.dates.borrow()).ok_or_else(unknown)?,
            Value::TimeSpan(span) => span.format(spec).ok_or_else(unknown)?,
            Value::Enum(e) => match spec {
                "d" | "D" => e.value.to_string(),
                "x" | "X" => format!("{:08X}", e.value),
                _ => e.ty.text_of(e.value),
            },
            Value::Net(net) => net.format(spec, &self.culture.dates.borrow()).ok_or_else(unknown)?,
            Value::Array(_) | Value::List(_) => ps_value::text::type_text(value),
            other => {
                let other = other.clone();
                self.to_text(&other)
            }
        })
    }
}

/// Pads a text, to the right for a negative width.
pub fn pad(out: &mut String, text: &str, width: i32) {
    let missing = (width.unsigned_abs() as usize).saturating_sub(ps_value::text::utf16_len(text));
    if width > 0 {
        out.extend(std::iter::repeat_n(' ', missing));
    }
    out.push_str(text);
    if width < 0 {
        out.extend(std::iter::repeat_n(' ', missing));
    }
}

fn split_from_end(regex: &Regex, text: &str, limit: usize) -> Vec<String> {
    let found = regex.find_all(text, usize::MAX);
    let keep = limit.saturating_sub(1).min(found.len());
    let cuts = found.get(found.len() - keep..).unwrap_or_default();
    let mut parts = Vec::new();
    let mut at = 0;
    for cut in cuts {
        let (start, end) = cut.range();
        parts.push(text.get(at..start).unwrap_or_default().to_owned());
        at = end;
    }
    parts.push(text.get(at..).unwrap_or_default().to_owned());
    parts
}

/// A wildcard pattern: `*`, `?`, `[a-z]`, and a backtick that escapes.
#[derive(Debug, Clone)]
pub struct Wildcard {
    parts: Vec<Piece>,
    case: bool,
}

#[derive(Debug, Clone)]
enum Piece {
    Any,
    One,
    Char(char),
    Set(Vec<(char, char)>),
}

impl Wildcard {
    pub fn new(pattern: &str, case: bool) -> Self {
        let lower = |c: char| if case { c } else { c.to_lowercase().next().unwrap_or(c) };
        let mut parts = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                '`' => Piece::Char(lower(chars.next().unwrap_or('`'))),
                '[' => {
                    let mut set = Vec::new();
                    while let Some(from) = chars.next() {
                        if from == ']' {
                            break;
                        }
                        let mut to = from;
                        if chars.peek() == Some(&'-') {
                            chars.next();
                            match chars.next() {
                                Some(']') => {
                                    set.push((lower(from), lower(from)));
                                    to = '-';
                                    set.push((to, to));
                                    break;
                                }
                                Some(end) => to = end,
                                None => {}
                            }
                        }
                        set.push((lower(from), lower(to)));
                    }
                    Piece::Set(set)
                }
                c => Piece::Char(lower(c)),
            });
        }
        Self { parts, case }
    }

    /// Returns whether a pattern contains a wildcard.
    pub fn has(pattern: &str) -> bool {
        let mut escaped = false;
        pattern.chars().any(|c| {
            let special = !escaped && matches!(c, '*' | '?' | '[');
            escaped = c == '`' && !escaped;
            special
        })
    }

    pub fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = if self.case {
            text.chars().collect()
        } else {
            text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
        };
        let (mut p, mut t) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while t < chars.len() {
            let hit = match (self.parts.get(p), chars.get(t)) {
                (Some(Piece::Any), _) => {
                    star = Some((p, t));
                    p += 1;
                    continue;
                }
                (Some(Piece::One), _) => true,
                (Some(Piece::Char(c)), Some(x)) => c == x,
                (Some(Piece::Set(set)), Some(x)) => set.iter().any(|(a, b)| a <= x && x <= b),
                _ => false,
            };
            if hit {
                p += 1;
                t += 1;
            } else if let Some((at, from)) = star {
                p = at + 1;
                t = from + 1;
                star = Some((at, from + 1));
            } else {
                return false;
            }
        }
        self.parts.get(p..).unwrap_or_default().iter().all(|part| matches!(part, Piece::Any))
    }
}

/// Makes an ordered dictionary.
pub fn ordered(pairs: Vec<(&str, Value)>) -> Value {
    Value::Dict(Rc::new(Dict::from_pairs(DictKind::Ordered, pairs)))
}

/// Formats a value for messages.
pub fn shown(value: &Value) -> String {
    text(value)
}

//! The sort order of texts and values.

use std::cmp::Ordering;

use crate::{Value, text};
use ps_syntax::ast::Compare;

#[inline]
pub fn holds(compare: Compare, order: Ordering) -> bool {
    match compare {
        Compare::Eq => order.is_eq(),
        Compare::Ne => order.is_ne(),
        Compare::Gt => order.is_gt(),
        Compare::Ge => order.is_ge(),
        Compare::Lt => order.is_lt(),
        Compare::Le => order.is_le(),
    }
}

/// Compares texts as people sort them: letters before their case, punctuation before digits before letters.
/// An approximation of the ICU collation of en-US.
pub fn text_order(a: &str, b: &str, case: bool) -> Ordering {
    let weights =
        |text: &str| text.chars().filter(|c| *c != '-' && *c != '\'').map(weight).collect::<Vec<_>>();
    if a == b {
        return Ordering::Equal;
    }
    let primary = weights(a).iter().map(|w| w.0).cmp(weights(b).iter().map(|w| w.0));
    let primary = primary.then_with(|| {
        // Characters that the first pass ignores decide when everything else is equal.
        let ignored = |text: &str| text.chars().filter(|c| matches!(c, '-' | '\'')).count();
        ignored(a).cmp(&ignored(b))
    });
    let accents = || weights(a).iter().map(|w| w.1).cmp(weights(b).iter().map(|w| w.1));
    let cases = || weights(a).iter().map(|w| w.2).cmp(weights(b).iter().map(|w| w.2));
    let order = primary.then_with(accents);
    if case { order.then_with(cases) } else { order }
}

/// Returns the sort weight of a character: its group and base letter, its accent, its case.
fn weight(c: char) -> ((u8, u32), u32, u8) {
    let upper = u8::from(c.is_uppercase());
    let lower = c.to_lowercase().next().unwrap_or(c);
    let (base, accent) = base_letter(lower);
    let group = match base {
        _ if base.is_whitespace() => 0,
        '_' => 1,
        _ if base.is_ascii_punctuation()
            && !matches!(base, '`' | '^' | '+' | '<' | '=' | '>' | '|' | '~' | '$') =>
        {
            2
        }
        _ if base.is_ascii_punctuation() => 3,
        _ if base.is_numeric() => 4,
        _ => 5,
    };
    let place = if group == 2 {
        "_-,;:!?.'\"()[]{}@*/\\&#%".find(base).map_or(base as u32 + 100, |at| at as u32)
    } else {
        base as u32
    };
    ((group, place), accent, upper)
}

/// Returns the base letter and accent of a Latin letter that has one.
fn base_letter(c: char) -> (char, u32) {
    let base = match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => return (other, 0),
    };
    (base, c as u32)
}

/// Compares two values for sorting. Never fails.
#[inline]
pub fn order(a: &Value, b: &Value, case: bool) -> Ordering {
    match (a.base(), b.base()) {
        (Value::Null | Value::Void, Value::Null | Value::Void) => Ordering::Equal,
        (Value::Null | Value::Void, _) => Ordering::Less,
        (_, Value::Null | Value::Void) => Ordering::Greater,
        (Value::Str(a), Value::Str(b)) => text_order(a, b, case),
        (a, b) => try_order(a, b, case).unwrap_or_else(|| text_order(&text(a), &text(b), case)),
    }
}

/// Compares two values whose types have an order. The right one is converted to the type of the left one.
pub fn try_order(a: &Value, b: &Value, case: bool) -> Option<Ordering> {
    use Value as V;
    Some(match (a, b) {
        (V::Int(a), V::Int(b)) => a.cmp(b),
        (V::DateTime(a), V::DateTime(b)) => a.ticks().cmp(&b.ticks()),
        (V::DateTime(a), V::Str(b)) => a.ticks().cmp(&crate::date_text::parse_date(b)?.ticks()),
        (V::TimeSpan(a), V::TimeSpan(b)) => a.cmp(b),
        (V::TimeSpan(a), V::Str(b)) => a.cmp(&crate::TimeSpan::parse(b)?),
        (V::Bool(a), V::Bool(b)) => a.cmp(b),
        (V::Bool(a), b) => a.cmp(&b.truth()),
        (V::Switch(a), b) => a.cmp(&b.truth()),
        (V::Char(a), V::Char(b)) => a.cmp(b),
        (V::Char(_), V::Str(b)) => text_order(&text(a), b, case),
        (V::Str(a), b) => text_order(a, &text(b), case),
        (V::Enum(a), V::Enum(b)) => a.value.cmp(&b.value),
        (V::Enum(a), V::Str(b)) => a.value.cmp(&a.ty.parse(b)?),
        (V::Enum(a), b) => a.value.cmp(&b.as_integer()?),
        (V::Net(a), b) => return a.order(b),
        (a, b) if a.is_number() => number_order(a, b)?,
        _ => return None,
    })
}

fn number_order(a: &Value, b: &Value) -> Option<Ordering> {
    let b = match b {
        Value::Null | Value::Void => Value::Int(0),
        Value::Bool(v) | Value::Switch(v) => Value::Int(i32::from(*v)),
        Value::Char(c) => Value::Int(i32::from(*c)),
        Value::Enum(e) => Value::Long(e.value),
        Value::Str(text) if text.trim().is_empty() => Value::Int(0),
        Value::Str(text) => {
            crate::parse_number(text).or_else(|| crate::numbers::parse_double(text).map(Value::Double))?
        }
        number if number.is_number() => number.clone(),
        _ => return None,
    };
    if let (Some(a), Some(b)) = (a.as_integer(), b.as_integer()) {
        return Some(a.cmp(&b));
    }
    if matches!((a, &b), (Value::Decimal(_), _) | (_, Value::Decimal(_)))
        && let (Some(a), Some(b)) = (crate::numbers::to_decimal(a), crate::numbers::to_decimal(&b))
    {
        return Some(a.cmp(&b));
    }
    if let (Value::Big(_) | Value::ULong(_), _) | (_, Value::Big(_) | Value::ULong(_)) = (a, &b)
        && !matches!((a, &b), (Value::Double(_), _) | (_, Value::Double(_)))
        && let (Some(a), Some(b)) = (crate::numbers::to_big(a), crate::numbers::to_big(&b))
    {
        return Some(a.cmp(&b));
    }
    a.as_double()?.partial_cmp(&b.as_double()?)
}

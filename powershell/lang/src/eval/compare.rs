//! `-eq`, `-lt`, `-contains` and their kin; the order that sorting uses.

use crate::value::types::NetType;
use std::cmp::Ordering;

use super::Interp;
use super::error::{Fault, R};
use crate::types::type_of;
use crate::value::{Value, object, text};
use ps_syntax::ast::Compare;

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

/// The order of texts as people sort them: letters before their case, punctuation before digits before
/// letters. An approximation of the ICU collation of en-US.
pub fn text_order(a: &str, b: &str, case: bool) -> Ordering {
    let weights =
        |text: &str| text.chars().filter(|c| *c != '-' && *c != '\'').map(weight).collect::<Vec<_>>();
    if a == b {
        return Ordering::Equal;
    }
    let primary = weights(a).iter().map(|w| w.0).cmp(weights(b).iter().map(|w| w.0));
    let primary = primary.then_with(|| {
        // What the first pass does not look at decides when all else is the same.
        let ignored = |text: &str| text.chars().filter(|c| matches!(c, '-' | '\'')).count();
        ignored(a).cmp(&ignored(b))
    });
    let accents = || weights(a).iter().map(|w| w.1).cmp(weights(b).iter().map(|w| w.1));
    let cases = || weights(a).iter().map(|w| w.2).cmp(weights(b).iter().map(|w| w.2));
    let order = primary.then_with(accents);
    if case { order.then_with(cases) } else { order }
}

/// What a character sorts by: its group and base letter, its accent, its case.
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

/// The letter under an accent, for the Latin letters that have one.
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

/// The order of two values for sorting; never fails.
pub fn order(a: &Value, b: &Value, case: bool) -> Ordering {
    match (a.base(), b.base()) {
        (Value::Null | Value::Void, Value::Null | Value::Void) => Ordering::Equal,
        (Value::Null | Value::Void, _) => Ordering::Less,
        (_, Value::Null | Value::Void) => Ordering::Greater,
        (Value::Str(a), Value::Str(b)) => text_order(a, b, case),
        (a, b) => try_order(a, b, case).unwrap_or_else(|| text_order(&text(a), &text(b), case)),
    }
}

/// The order of two values of kinds that have one; the right is converted to what the left is.
fn try_order(a: &Value, b: &Value, case: bool) -> Option<Ordering> {
    use Value as V;
    Some(match (a, b) {
        (V::Int(a), V::Int(b)) => a.cmp(b),
        (V::DateTime(a), V::DateTime(b)) => a.ticks().cmp(&b.ticks()),
        (V::DateTime(a), V::Str(b)) => a.ticks().cmp(&crate::types::net::parse_date(b)?.ticks()),
        (V::TimeSpan(a), V::TimeSpan(b)) => a.cmp(b),
        (V::TimeSpan(a), V::Str(b)) => a.cmp(&crate::value::TimeSpan::parse(b)?),
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
        Value::Str(text) => crate::value::parse_number(text)
            .or_else(|| crate::value::numbers::parse_double(text).map(Value::Double))?,
        number if number.is_number() => number.clone(),
        _ => return None,
    };
    if let (Some(a), Some(b)) = (a.as_integer(), b.as_integer()) {
        return Some(a.cmp(&b));
    }
    if matches!((a, &b), (Value::Decimal(_), _) | (_, Value::Decimal(_)))
        && let (Some(a), Some(b)) = (super::arithmetic::to_decimal(a), super::arithmetic::to_decimal(&b))
    {
        return Some(a.cmp(&b));
    }
    if let (Value::Big(_) | Value::ULong(_), _) | (_, Value::Big(_) | Value::ULong(_)) = (a, &b)
        && !matches!((a, &b), (Value::Double(_), _) | (_, Value::Double(_)))
        && let (Some(a), Some(b)) = (super::arithmetic::to_big(a), super::arithmetic::to_big(&b))
    {
        return Some(a.cmp(&b));
    }
    a.as_double()?.partial_cmp(&b.as_double()?)
}

impl Interp {
    /// A comparison; an array on the left is filtered.
    pub fn compare(&mut self, compare: Compare, case: bool, left: &Value, right: &Value) -> R<Value> {
        if let Some(items) = left.items() {
            let mut kept = Vec::new();
            for item in items {
                if self.compare_scalar(compare, case, &item, right)? {
                    kept.push(item);
                }
            }
            return Ok(Value::array(kept));
        }
        self.compare_scalar(compare, case, left, right).map(Value::Bool)
    }

    pub fn compare_scalar(&mut self, compare: Compare, case: bool, left: &Value, right: &Value) -> R<bool> {
        match compare {
            Compare::Eq => self.equal(left, right, case),
            Compare::Ne => self.equal(left, right, case).map(|equal| !equal),
            _ => Ok(self.ordered(left, right, case)?.is_some_and(|order| holds(compare, order))),
        }
    }

    pub fn equal(&mut self, left: &Value, right: &Value, case: bool) -> R<bool> {
        let (a, b) = (left.base(), right.base());
        Ok(match (a, b) {
            (Value::Null | Value::Void, _) | (_, Value::Null | Value::Void) => a.is_null() && b.is_null(),
            (Value::Str(a), Value::Str(b)) => {
                if case {
                    a == b
                } else {
                    ps_syntax::symbol::same(a, b)
                }
            }
            (Value::Str(a), b) => {
                let b = self.to_text(b);
                if case { **a == *b } else { ps_syntax::symbol::same(a, &b) }
            }
            (Value::Char(_), Value::Str(_) | Value::Char(_)) => {
                let (a, b) = (text(a), text(b));
                if case { a == b } else { ps_syntax::symbol::same(&a, &b) }
            }
            (Value::Bool(a), b) => *a == b.truth(),
            (Value::Switch(a), b) => *a == b.truth(),
            (Value::Type(_), Value::Type(_)) => object::equals(a, b),
            (Value::Type(ty), Value::Str(name)) => ty.full_name() == **name,
            (Value::Object(o), _) if matches!(o.kind, crate::value::ObjectKind::Class(_)) => {
                match self.call_own(a, "Equals", std::slice::from_ref(right))? {
                    Some(value) => value.truth(),
                    None => object::equals(a, b),
                }
            }
            _ if object::equals(a, b) => true,
            (a, b) => match try_order(a, b, case) {
                Some(order) => order.is_eq(),
                None => self.equal_converted(a, b),
            },
        })
    }

    fn equal_converted(&mut self, a: &Value, b: &Value) -> bool {
        let ty = type_of(a);
        if ty == NetType::Object.ty()
            || matches!(a, Value::Array(_) | Value::List(_) | Value::Dict(_) | Value::Object(_))
            || a.is_number()
        {
            return false;
        }
        match self.convert(b, &ty) {
            Ok(b) => object::equals(a, b.base()),
            Err(_) => false,
        }
    }

    /// The order of two values, or an error when they have none.
    pub fn ordered(&mut self, left: &Value, right: &Value, case: bool) -> R<Option<Ordering>> {
        let (a, b) = (left.base(), right.base());
        match (a, b) {
            (Value::Null | Value::Void, Value::Null | Value::Void) => return Ok(Some(Ordering::Equal)),
            (Value::Null | Value::Void, b) => {
                // Null is less than anything but a negative number.
                return Ok(Some(match b.as_double() {
                    Some(v) if v < 0.0 => Ordering::Greater,
                    _ => Ordering::Less,
                }));
            }
            (a, Value::Null | Value::Void) if !a.is_number() => return Ok(Some(Ordering::Greater)),
            (Value::Str(a), b) => {
                let b = self.to_text(b);
                return Ok(Some(text_order(a, &b, case)));
            }
            _ => {}
        }
        if let Some(value) = self.call_own(a, "CompareTo", std::slice::from_ref(right))? {
            return Ok(value.as_integer().map(|v| v.cmp(&0)));
        }
        if let Some(order) = try_order(a, b, case) {
            return Ok(Some(order));
        }
        if let (Value::Double(_) | Value::Single(_), true) = (a, b.is_number()) {
            return Ok(None);
        }
        if a.is_number() || matches!(a, Value::DateTime(_) | Value::TimeSpan(_) | Value::Net(_)) {
            let converted = self.convert(right, &type_of(a));
            return match converted {
                Ok(b) if try_order(a, b.base(), case).is_some() => Ok(try_order(a, b.base(), case)),
                Ok(_) => self.not_comparable(left),
                Err(_) => {
                    let why = format!(
                        "Could not compare \"{}\" to \"{}\". Error: \"Cannot convert value \"{}\" to type \"{}\".\"",
                        text(left),
                        text(right),
                        text(right),
                        type_of(a).full_name()
                    );
                    Fault::runtime("ComparisonFailure", why).raise()
                }
            };
        }
        self.not_comparable(left)
    }

    fn not_comparable<T>(&mut self, left: &Value) -> R<T> {
        let message = format!("Cannot compare \"{}\" because it is not IComparable.", text(left));
        Fault::runtime("NotIcomparable", message).raise()
    }

    pub fn contains(&mut self, items: &Value, wanted: &Value, case: bool) -> R<bool> {
        for item in self.enumerate(items) {
            if self.equal(&item, wanted, case)? {
                return Ok(true);
            }
        }
        Ok(items.is_null() && wanted.is_null())
    }
}

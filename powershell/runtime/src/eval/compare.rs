//! `-eq`, `-lt`, `-contains` and related operators.

use std::cmp::Ordering;

use ps_syntax::ast::Compare;

use super::Interp;
use crate::types::type_of;
use ps_value::compare::{holds, text_order, try_order};
use ps_value::error::{Fault, R};
use ps_value::types::NetType;
use ps_value::{Value, object, text};

impl Interp {
    /// Compares values; an array on the left is filtered.
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
            (Value::Object(o), _) if matches!(o.kind, ps_value::ObjectKind::Class(_)) => {
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

    /// Returns the order of two values, or an error if they have none.
    pub fn ordered(&mut self, left: &Value, right: &Value, case: bool) -> R<Option<Ordering>> {
        let (a, b) = (left.base(), right.base());
        match (a, b) {
            (Value::Null | Value::Void, Value::Null | Value::Void) => return Ok(Some(Ordering::Equal)),
            (Value::Null | Value::Void, b) => {
                // Null is less than everything except a negative number.
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

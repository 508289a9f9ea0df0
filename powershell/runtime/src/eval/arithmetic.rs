//! `+ - * / %` and the bitwise operators.

use ps_value::types::NetType;
use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use rust_decimal::Decimal;

use super::Interp;
use crate::types::type_of;
use ps_syntax::ast::BinaryOp;
use ps_value::error::{Category, Fault, R};
use ps_value::numbers::{to_big, to_decimal};
use ps_value::{Array, DateTime, TimeSpan, Value, numbers, text};

/// Two numbers, widened to the type of the computation.
enum Pair {
    Int(i64, i64),
    Big(BigInt, BigInt),
    Double(f64, f64),
    Decimal(Decimal, Decimal),
}

impl Interp {
    pub fn add(&mut self, left: Value, right: Value) -> R<Value> {
        match left {
            Value::Str(mut a) => {
                match &right {
                    Value::Str(b) => a.push_str(b),
                    other => a.push_str(&self.to_text(other)),
                }
                return Ok(Value::Str(a));
            }
            Value::Array(array) => return Ok(append(array, right)),
            Value::List(list) => {
                let mut items = list.to_vec();
                items.extend(added(right));
                return Ok(Value::array(items));
            }
            Value::Dict(a) => {
                let Value::Dict(b) = right.base() else {
                    return Fault::runtime(
                        "AddHashTableToNonHashTable",
                        "A hash table can only be added to another hash table.",
                    )
                    .raise();
                };
                let sum = ps_value::Dict::new(a.kind, a.folds);
                for (key, value) in a.pairs() {
                    sum.insert(&key, value);
                }
                for (key, value) in b.pairs() {
                    if sum.contains(&key) {
                        return Fault::duplicate_key(&key).raise();
                    }
                    sum.insert(&key, value);
                }
                return Ok(Value::Dict(Rc::new(sum)));
            }
            Value::Null | Value::Void => {
                return Ok(if let Value::Void = right { Value::Null } else { right });
            }
            Value::Char(_) if right.as_str().is_some() => {
                return Ok(Value::from(text(&left) + &text(&right)));
            }
            Value::Ext(ref ext) if !ext.base.is_number() => return self.add(ext.base.clone(), right),
            Value::Net(ref net) if net.items().is_some() => {
                let mut items = net.items().unwrap_or_default();
                items.extend(added(right));
                return Ok(Value::array(items));
            }
            _ => {}
        }
        self.arithmetic(BinaryOp::Add, &left, &right)
    }

    pub fn arithmetic(&mut self, op: BinaryOp, left: &Value, right: &Value) -> R<Value> {
        let (left, right) = (left.base(), right.base());
        if let Some(value) = dates(op, left, right)? {
            return Ok(value);
        }
        if op == BinaryOp::Mul
            && let Some(value) = self.repeat(left, right)?
        {
            return Ok(value);
        }
        if let Some(value) = self.class_operator(op, left, right)? {
            return Ok(value);
        }
        if let Value::Enum(e) = left
            && matches!(op, BinaryOp::Add | BinaryOp::Sub)
            && let Some(step) = right.as_integer()
        {
            let value = if op == BinaryOp::Add { e.value + step } else { e.value - step };
            return Ok(Value::enumeration(e.ty.clone(), value));
        }
        let a = operand(op, left, left, right)?;
        let b = operand(op, right, left, right)?;
        let ints = matches!(
            (&a, &b),
            (
                Value::Int(_) | Value::Byte(_) | Value::Short(_) | Value::SByte(_) | Value::UShort(_),
                Value::Int(_) | Value::Byte(_) | Value::Short(_) | Value::SByte(_) | Value::UShort(_)
            )
        );
        let unsigned = matches!((&a, &b), (Value::ULong(_), _) | (_, Value::ULong(_)));
        let single = matches!((&a, &b), (Value::Single(_), Value::Single(_)));
        match widen(&a, &b) {
            Pair::Int(a, b) => integers(op, a, b, ints, unsigned),
            Pair::Big(a, b) => bigs(op, &a, &b),
            Pair::Double(a, b) => doubles(op, a, b).map(|v| match v {
                Value::Double(v) if single => Value::Single(v as f32),
                v => v,
            }),
            Pair::Decimal(a, b) => decimals(op, a, b),
        }
    }

    /// Calls an operator that a class defines as a static method, such as `op_Addition`.
    fn class_operator(&mut self, op: BinaryOp, left: &Value, right: &Value) -> R<Option<Value>> {
        let name = match op {
            BinaryOp::Add => "op_Addition",
            BinaryOp::Sub => "op_Subtraction",
            BinaryOp::Mul => "op_Multiply",
            BinaryOp::Div => "op_Division",
            _ => "op_Modulus",
        };
        for value in [left, right] {
            if let Value::Object(object) = value
                && let ps_value::ObjectKind::Class(class) = &object.kind
            {
                let found = class.overloads(ps_syntax::symbol::Sym::of(name), true);
                if !found.is_empty() {
                    return self
                        .call_class_method(&found, None, name, &[left.clone(), right.clone()])
                        .map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Evaluates `'ab' * 3` and `@(1,2) * 2`.
    fn repeat(&mut self, left: &Value, right: &Value) -> R<Option<Value>> {
        let times = |it: &mut Self| -> R<usize> {
            let count = it.convert(right, &NetType::Int32.ty())?.as_integer().unwrap_or(0);
            match usize::try_from(count) {
                Ok(count) => Ok(count),
                Err(_) => Fault::new(
                    NetType::ArgumentOutOfRangeException,
                    "System.ArgumentOutOfRangeException",
                    Category::NotSpecified,
                    "Specified argument was out of the range of valid values. (Parameter 'times')",
                )
                .raise(),
            }
        };
        Ok(Some(match left {
            Value::Str(text) => {
                let count = times(self)?;
                if text.len().saturating_mul(count) > 1 << 30 {
                    return Fault::new(
                        NetType::OutOfMemoryException,
                        "System.OutOfMemoryException",
                        Category::NotSpecified,
                        "Insufficient memory to continue the execution of the program.",
                    )
                    .raise();
                }
                Value::from(text.repeat(count))
            }
            Value::Array(_) | Value::List(_) => {
                let count = times(self)?;
                let items = left.items().unwrap_or_default();
                if items.len().saturating_mul(count) > 1 << 26 {
                    return Fault::new(
                        NetType::OutOfMemoryException,
                        "System.OutOfMemoryException",
                        Category::NotSpecified,
                        "Insufficient memory to continue the execution of the program.",
                    )
                    .raise();
                }
                let mut all = Vec::with_capacity(items.len() * count);
                for _ in 0..count {
                    all.extend(items.iter().cloned());
                }
                Value::array(all)
            }
            _ => return Ok(None),
        }))
    }
}

/// Appends with `+=`: an array without other owners grows, otherwise a new one is made.
fn append(array: Rc<Array>, right: Value) -> Value {
    let plain = array.dimensions.is_empty();
    match Rc::try_unwrap(array) {
        Ok(own) if plain && own.element == NetType::Object.ty() => {
            own.items.borrow_mut().extend(added(right));
            Value::Array(Rc::new(own))
        }
        Ok(own) => {
            let mut items = own.items.into_inner();
            items.extend(added(right));
            Value::array(items)
        }
        Err(shared) => {
            let mut items = shared.items.borrow().clone();
            items.extend(added(right));
            Value::array(items)
        }
    }
}

fn added(value: Value) -> Vec<Value> {
    match value {
        Value::Null => vec![Value::Null],
        Value::Void => Vec::new(),
        other => other.items().unwrap_or_else(|| vec![other]),
    }
}

/// Returns an operand as a number.
fn operand(op: BinaryOp, value: &Value, left: &Value, right: &Value) -> R<Value> {
    Ok(match value {
        Value::Null | Value::Void => Value::Int(0),
        Value::Bool(v) | Value::Switch(v) => Value::Int(i32::from(*v)),
        Value::Char(c) => Value::Int(i32::from(*c)),
        Value::Enum(e) => i32::try_from(e.value).map_or(Value::Long(e.value), Value::Int),
        Value::Str(text) => {
            if text.trim().is_empty() {
                return Ok(Value::Int(0));
            }
            match ps_value::parse_number(text).or_else(|| numbers::parse_double(text).map(Value::Double)) {
                Some(number) => number,
                None => return bad_number(text),
            }
        }
        number if number.is_number() => number.clone(),
        other => {
            let name = match op {
                BinaryOp::Add => "op_Addition",
                BinaryOp::Sub => "op_Subtraction",
                BinaryOp::Mul => "op_Multiply",
                BinaryOp::Div => "op_Division",
                _ => "op_Modulus",
            };
            let culprit = if left.is_number()
                || matches!(left, Value::Str(_) | Value::Null | Value::Bool(_)) && std::ptr::eq(other, right)
            {
                right
            } else {
                left
            };
            let message = format!(
                "Method invocation failed because [{}] does not contain a method named '{name}'.",
                type_of(culprit).full_name()
            );
            return Fault::runtime("MethodNotFound", message).of(name).raise();
        }
    })
}

fn bad_number<T>(text: &str) -> R<T> {
    let message = format!(
        "Cannot convert value \"{text}\" to type \"System.Int32\". Error: \"Input string was not in a correct format.\""
    );
    Fault::new(
        NetType::PSInvalidCastException,
        "InvalidCastFromStringToInteger",
        Category::InvalidArgument,
        message,
    )
    .raise()
}

fn widen(a: &Value, b: &Value) -> Pair {
    use Value as V;
    let real = |v: &V| matches!(v, V::Double(_) | V::Single(_));
    if matches!((a, b), (V::Decimal(_), _) | (_, V::Decimal(_)))
        && !(real(a) || real(b))
        && let (Some(a), Some(b)) = (to_decimal(a), to_decimal(b))
    {
        return Pair::Decimal(a, b);
    }
    // A double with a decimal is computed as a decimal, if it fits.
    if let (V::Decimal(_), other) | (other, V::Decimal(_)) = (a, b)
        && real(other)
        && let (Some(a), Some(b)) = (to_decimal(a), to_decimal(b))
    {
        return Pair::Decimal(a, b);
    }
    if real(a) || real(b) {
        return Pair::Double(a.as_double().unwrap_or(f64::NAN), b.as_double().unwrap_or(f64::NAN));
    }
    if let (Some(a), Some(b)) = (a.as_integer(), b.as_integer()) {
        return Pair::Int(a, b);
    }
    match (to_big(a), to_big(b)) {
        (Some(a), Some(b)) => Pair::Big(a, b),
        _ => Pair::Double(a.as_double().unwrap_or(f64::NAN), b.as_double().unwrap_or(f64::NAN)),
    }
}

fn divided_by_zero<T>() -> R<T> {
    let inner = Fault::new(
        NetType::DivideByZeroException,
        "",
        Category::NotSpecified,
        "Attempted to divide by zero.",
    )
    .record();
    Fault::new(
        NetType::RuntimeException,
        "RuntimeException",
        Category::NotSpecified,
        "Attempted to divide by zero.",
    )
    .because(inner.exception.clone())
    .raise()
}

fn fit(value: i64, ints: bool, unsigned: bool) -> Value {
    if unsigned && value >= 0 {
        return Value::ULong(value as u64);
    }
    if ints {
        return i32::try_from(value).map_or(Value::Double(value as f64), Value::Int);
    }
    Value::Long(value)
}

fn integers(op: BinaryOp, a: i64, b: i64, ints: bool, unsigned: bool) -> R<Value> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => return divided_by_zero(),
        BinaryOp::Div if a.checked_rem(b) != Some(0) => return Ok(Value::Double(a as f64 / b as f64)),
        BinaryOp::Div => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    Ok(match result {
        Some(value) => fit(value, ints, unsigned),
        None => return doubles(op, a as f64, b as f64),
    })
}

fn bigs(op: BinaryOp, a: &BigInt, b: &BigInt) -> R<Value> {
    Ok(Value::big(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div | BinaryOp::Rem if b.is_zero() => return divided_by_zero(),
        BinaryOp::Div => a / b,
        _ => a % b,
    }))
}

fn doubles(op: BinaryOp, a: f64, b: f64) -> R<Value> {
    Ok(Value::Double(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        _ => a % b,
    }))
}

fn decimals(op: BinaryOp, a: Decimal, b: Decimal) -> R<Value> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b.is_zero() => return divided_by_zero(),
        BinaryOp::Div => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    match result {
        Some(value) => Ok(Value::decimal(value)),
        None => {
            let message = "Value was either too large or too small for a Decimal.";
            Fault::new(NetType::RuntimeException, "RuntimeException", Category::NotSpecified, message).raise()
        }
    }
}

/// Computes sums and differences of dates and spans.
fn dates(op: BinaryOp, left: &Value, right: &Value) -> R<Option<Value>> {
    let out_of_range = || {
        Fault::new(
            NetType::ArgumentOutOfRangeException,
            "System.ArgumentOutOfRangeException",
            Category::NotSpecified,
            "The added or subtracted value results in an un-representable DateTime.",
        )
    };
    let span = |value: &Value| match value {
        Value::TimeSpan(span) => Some(span.0),
        Value::Str(text) => TimeSpan::parse(text).map(|s| s.0),
        _ => None,
    };
    let moved = |date: DateTime, ticks: i64| {
        date.plus(ticks).map(|d| Some(Value::DateTime(d))).ok_or_else(|| out_of_range().into())
    };
    match (op, left, right) {
        (BinaryOp::Sub, Value::DateTime(a), Value::DateTime(b)) => {
            Ok(Some(Value::TimeSpan(TimeSpan(a.ticks() - b.ticks()))))
        }
        (BinaryOp::Sub, Value::DateTime(a), Value::Str(b)) => match TimeSpan::parse(b) {
            Some(span) if !b.contains('-') || b.starts_with('-') => moved(*a, -span.0),
            _ => match ps_value::date_text::parse_date(b) {
                Some(b) => Ok(Some(Value::TimeSpan(TimeSpan(a.ticks() - b.ticks())))),
                None => Ok(None),
            },
        },
        (BinaryOp::Add | BinaryOp::Sub, Value::DateTime(a), b) if span(b).is_some() => {
            let ticks = span(b).unwrap_or(0);
            moved(*a, if op == BinaryOp::Add { ticks } else { -ticks })
        }
        (BinaryOp::Add, Value::TimeSpan(a), b) if span(b).is_some() => {
            Ok(Some(Value::TimeSpan(TimeSpan(a.0 + span(b).unwrap_or(0)))))
        }
        (BinaryOp::Sub, Value::TimeSpan(a), b) if span(b).is_some() => {
            Ok(Some(Value::TimeSpan(TimeSpan(a.0 - span(b).unwrap_or(0)))))
        }
        (BinaryOp::Mul, Value::TimeSpan(a), b) if b.is_number() => {
            Ok(Some(Value::TimeSpan(TimeSpan((a.0 as f64 * b.as_double().unwrap_or(0.0)) as i64))))
        }
        (BinaryOp::Div, Value::TimeSpan(a), Value::TimeSpan(b)) => {
            Ok(Some(Value::Double(a.0 as f64 / b.0 as f64)))
        }
        (BinaryOp::Div, Value::TimeSpan(a), b) if b.is_number() => {
            Ok(Some(Value::TimeSpan(TimeSpan((a.0 as f64 / b.as_double().unwrap_or(0.0)) as i64))))
        }
        (BinaryOp::Sub, Value::Int(0), Value::TimeSpan(b)) => Ok(Some(Value::TimeSpan(TimeSpan(-b.0)))),
        _ => ps_value::net::offset_arithmetic(op, left, right),
    }
}

pub(crate) fn subtract(left: &Value, right: &Value, negate: bool) -> R<Value> {
    if negate {
        match right.base() {
            Value::Double(v) => return Ok(Value::Double(-v)),
            Value::Single(v) => return Ok(Value::Single(-v)),
            Value::TimeSpan(v) => return Ok(Value::TimeSpan(TimeSpan(-v.0))),
            _ => {}
        }
    }
    let a = operand(BinaryOp::Sub, left, left, right)?;
    let b = operand(BinaryOp::Sub, right.base(), left, right)?;
    match widen(&a, &b) {
        Pair::Int(a, c) => integers(
            BinaryOp::Sub,
            a,
            c,
            matches!(
                b,
                Value::Int(_) | Value::Byte(_) | Value::Short(_) | Value::SByte(_) | Value::UShort(_)
            ),
            false,
        ),
        Pair::Big(a, b) => bigs(BinaryOp::Sub, &a, &b),
        Pair::Double(a, b) => doubles(BinaryOp::Sub, a, b),
        Pair::Decimal(a, b) => decimals(BinaryOp::Sub, a, b),
    }
}

pub(crate) fn plus(value: &Value) -> R<Value> {
    operand(BinaryOp::Add, value.base(), value, value)
}

fn integer_operand(op: BinaryOp, value: &Value) -> R<BigInt> {
    let number = operand(op, value.base(), value, value)?;
    let big = match &number {
        Value::Double(v) => numbers::round_to_integer(*v),
        other => to_big(other),
    };
    big.map_or_else(|| bad_number(&text(value)), Ok)
}

pub(crate) fn bits(op: BinaryOp, left: &Value, right: &Value) -> R<Value> {
    if let (Value::Bool(a), Value::Bool(b)) = (left.base(), right.base()) {
        let result = match op {
            BinaryOp::BitAnd => Some(a & b),
            BinaryOp::BitOr => Some(a | b),
            BinaryOp::BitXor => Some(a ^ b),
            _ => None,
        };
        if let Some(result) = result {
            return Ok(Value::Int(i32::from(result)));
        }
    }
    let ty = match (left.base(), right.base()) {
        (Value::Enum(e), _) => Some(e.ty.clone()),
        (_, Value::Enum(e)) => Some(e.ty.clone()),
        _ => None,
    };
    if let Some(ty) = &ty {
        let number = |v: &Value| match v.base() {
            Value::Enum(e) => Some(e.value),
            Value::Str(text) => ty.parse(text),
            other => other.as_integer(),
        };
        if let (Some(a), Some(b)) = (number(left), number(right)) {
            let value = match op {
                BinaryOp::BitAnd => a & b,
                BinaryOp::BitOr => a | b,
                BinaryOp::BitXor => a ^ b,
                BinaryOp::Shl => a << b,
                _ => a >> b,
            };
            return Ok(Value::enumeration(ty.clone(), value));
        }
    }
    let (a, b) = (integer_operand(op, left)?, integer_operand(op, right)?);
    let small =
        i32::try_from(&a).is_ok() && !matches!(left.base(), Value::Long(_) | Value::ULong(_) | Value::Big(_));
    if let BinaryOp::Shl | BinaryOp::Shr = op {
        let by = b.to_u32().unwrap_or(0);
        return Ok(match (small, op) {
            (true, BinaryOp::Shl) => Value::Int(a.to_i32().unwrap_or(0).wrapping_shl(by & 31)),
            (true, _) => Value::Int(a.to_i32().unwrap_or(0) >> (by & 31)),
            (false, BinaryOp::Shl) => Value::Long(a.to_i64().unwrap_or(0).wrapping_shl(by & 63)),
            (false, _) => Value::Long(a.to_i64().unwrap_or(0) >> (by & 63)),
        });
    }
    let both_small = small
        && i32::try_from(&b).is_ok()
        && !matches!(right.base(), Value::Long(_) | Value::ULong(_) | Value::Big(_));
    let result = match op {
        BinaryOp::BitAnd => a & b,
        BinaryOp::BitOr => a | b,
        _ => a ^ b,
    };
    if matches!(left.base(), Value::Big(_)) || matches!(right.base(), Value::Big(_)) {
        return Ok(Value::big(result));
    }
    Ok(if both_small {
        Value::Int(result.to_i32().unwrap_or(0))
    } else {
        result.to_i64().map_or(Value::ULong(result.to_u64().unwrap_or(0)), Value::Long)
    })
}

pub(crate) fn bit_not(value: &Value) -> R<Value> {
    Ok(match value.base() {
        Value::Long(v) => Value::Long(!v),
        Value::ULong(v) => Value::ULong(!v),
        Value::UInt(v) => Value::UInt(!v),
        Value::Enum(e) => Value::enumeration(e.ty.clone(), !e.value),
        other => {
            let big = integer_operand(BinaryOp::BitAnd, other)?;
            match big.to_i32() {
                Some(v) => Value::Int(!v),
                None => Value::Long(!big.to_i64().unwrap_or(0)),
            }
        }
    })
}

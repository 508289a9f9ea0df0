//! `Math`.

use num_traits::Signed;
use ps_value::types::NetType;
use rust_decimal::{Decimal, RoundingStrategy};

use super::args::{at, double, integer};
use super::declare::Declared::{self, Static, StaticProperty};
use ps_value::error::{R, net};
use ps_value::numbers::to_decimal;
use ps_value::{Value, numbers};

pub(super) fn strategy(mode: i64) -> RoundingStrategy {
    match mode {
        1 => RoundingStrategy::MidpointAwayFromZero,
        2 => RoundingStrategy::ToZero,
        3 => RoundingStrategy::ToNegativeInfinity,
        4 => RoundingStrategy::ToPositiveInfinity,
        _ => RoundingStrategy::MidpointNearestEven,
    }
}

/// Returns `Max` or `Min` in the larger of two types.
fn extreme(a: &[Value], larger: bool) -> R<Value> {
    let (x, y) = (at(a, 0), at(a, 1));
    let order = ps_value::compare::order(&x, &y, true);
    let pick = if order.is_ge() == larger { x.clone() } else { y.clone() };
    let wide = |v: &Value| matches!(v.base(), Value::Double(_) | Value::Single(_));
    if wide(&x) || wide(&y) {
        return Ok(Value::Double(pick.as_double().unwrap_or(0.0)));
    }
    if let (Value::Decimal(_), _) | (_, Value::Decimal(_)) = (x.base(), y.base()) {
        return Ok(Value::decimal(to_decimal(&pick).unwrap_or_default()));
    }
    if let (Value::Long(_), _) | (_, Value::Long(_)) = (x.base(), y.base()) {
        return Ok(Value::Long(pick.as_integer().unwrap_or(0)));
    }
    Ok(pick)
}

fn round(value: &Value, digits: i64, mode: i64) -> R<Value> {
    if let Value::Decimal(d) = value.base() {
        return Ok(Value::decimal(d.round_dp_with_strategy(digits.clamp(0, 28) as u32, strategy(mode))));
    }
    let number = value.as_double().unwrap_or(0.0);
    if !(0..=15).contains(&digits) {
        return net(
            NetType::ArgumentOutOfRangeException,
            "Rounding digits must be between 0 and 15, inclusive. (Parameter 'digits')",
        );
    }
    let scale = 10_f64.powi(digits as i32);
    let scaled = number * scale;
    if !scaled.is_finite() || scaled.abs() > 1e16 {
        return Ok(Value::Double(number));
    }
    let rounded = match mode {
        1 => scaled.round(),
        2 => scaled.trunc(),
        3 => scaled.floor(),
        4 => scaled.ceil(),
        _ => scaled.round_ties_even(),
    };
    Ok(Value::Double(rounded / scale))
}

fn of_kind(value: &Value, whole: fn(f64) -> f64, exact: fn(&Decimal) -> Decimal) -> Value {
    match value.base() {
        Value::Decimal(d) => Value::decimal(exact(d)),
        other => Value::Double(whole(other.as_double().unwrap_or(0.0))),
    }
}

macro_rules! real {
    ($signature:literal, $function:expr) => {
        Static($signature, |_, a| {
            let function: fn(f64) -> f64 = $function;
            Ok(Value::Double(function(double(a, 0))))
        })
    };
}

pub(super) const MATH: &[Declared] = &[
    StaticProperty("double PI", |_, _| Ok(Value::Double(std::f64::consts::PI))),
    StaticProperty("double E", |_, _| Ok(Value::Double(std::f64::consts::E))),
    Static("object Max(object val1, object val2)", |_, a| extreme(&as_numbers(a), true)),
    Static("object Min(object val1, object val2)", |_, a| extreme(&as_numbers(a), false)),
    Static("object Abs(object value)", |_, a| {
        let value = as_number(&at(a, 0));
        Ok(match &value {
            Value::Int(v) => match v.checked_abs() {
                Some(v) => Value::Int(v),
                None => {
                    return net(
                        NetType::OverflowException,
                        "Negating the minimum value of a twos complement number is invalid.",
                    );
                }
            },
            Value::Long(v) => Value::Long(v.saturating_abs()),
            Value::Decimal(v) => Value::decimal(v.abs()),
            Value::Big(v) => Value::big(v.abs()),
            Value::Single(v) => Value::Single(v.abs()),
            other => Value::Double(other.as_double().unwrap_or(0.0).abs()),
        })
    }),
    Static("double Round(object a)", |_, a| round(&as_number(&at(a, 0)), 0, 0)),
    Static("double Round(object value, int digits)", |_, a| round(&as_number(&at(a, 0)), integer(a, 1), 0)),
    Static("double Round(object value, System.MidpointRounding mode)", |_, a| {
        round(&as_number(&at(a, 0)), 0, integer(a, 1))
    }),
    Static("double Round(object value, int digits, System.MidpointRounding mode)", |_, a| {
        round(&as_number(&at(a, 0)), integer(a, 1), integer(a, 2))
    }),
    Static("double Floor(object d)", |_, a| Ok(of_kind(&as_number(&at(a, 0)), f64::floor, Decimal::floor))),
    Static("double Ceiling(object a)", |_, a| Ok(of_kind(&as_number(&at(a, 0)), f64::ceil, Decimal::ceil))),
    Static("double Truncate(object d)", |_, a| {
        Ok(of_kind(&as_number(&at(a, 0)), f64::trunc, Decimal::trunc))
    }),
    Static("int Sign(object value)", |_, a| {
        Ok(Value::Int(
            as_number(&at(a, 0)).as_double().map_or(0, |v| i32::from(v > 0.0) - i32::from(v < 0.0)),
        ))
    }),
    Static("double Pow(double x, double y)", |_, a| Ok(Value::Double(double(a, 0).powf(double(a, 1))))),
    real!("double Sqrt(double d)", f64::sqrt),
    real!("double Cbrt(double d)", f64::cbrt),
    real!("double Exp(double d)", f64::exp),
    real!("double Sin(double a)", f64::sin),
    real!("double Cos(double d)", f64::cos),
    real!("double Tan(double a)", f64::tan),
    real!("double Asin(double d)", f64::asin),
    real!("double Acos(double d)", f64::acos),
    real!("double Atan(double d)", f64::atan),
    real!("double Sinh(double value)", f64::sinh),
    real!("double Cosh(double value)", f64::cosh),
    real!("double Tanh(double value)", f64::tanh),
    real!("double Log10(double d)", f64::log10),
    real!("double Log2(double d)", f64::log2),
    real!("double Log(double d)", f64::ln),
    Static("double Log(double a, double newBase)", |_, a| {
        let result = double(a, 0).ln() / double(a, 1).ln();
        let near = result.round();
        Ok(Value::Double(if (result - near).abs() < 1e-14 { near } else { result }))
    }),
    Static("double Atan2(double y, double x)", |_, a| Ok(Value::Double(double(a, 0).atan2(double(a, 1))))),
    Static("double IEEERemainder(double x, double y)", |_, a| {
        Ok(Value::Double(double(a, 0) - double(a, 1) * (double(a, 0) / double(a, 1)).round_ties_even()))
    }),
    Static("long BigMul(int a, int b)", |_, a| Ok(Value::Long(integer(a, 0) * integer(a, 1)))),
    Static("int DivRem(int a, int b, out int result)", |it, a| {
        let (x, y) = (integer(a, 0), integer(a, 1));
        if y == 0 {
            return net(NetType::DivideByZeroException, "Attempted to divide by zero.");
        }
        if let Value::Ref(reference) = at(a, 2).base() {
            it.write_reference(&reference.clone(), Value::Int((x % y) as i32))?;
        }
        Ok(Value::Int((x / y) as i32))
    }),
    Static("object Clamp(object value, object min, object max)", |_, a| {
        let low = extreme(&as_numbers(&[at(a, 0), at(a, 1)]), true)?;
        extreme(&[low, as_number(&at(a, 2))], false)
    }),
];

/// Converts a value to a number as PowerShell does.
fn as_number(value: &Value) -> Value {
    match value.base() {
        Value::Str(text) => ps_value::parse_number(text)
            .or_else(|| numbers::parse_double(text).map(Value::Double))
            .unwrap_or_default(),
        Value::Null | Value::Void => Value::Int(0),
        Value::Bool(v) => Value::Int(i32::from(*v)),
        Value::Char(c) => Value::Int(i32::from(*c)),
        other => other.clone(),
    }
}

fn as_numbers(args: &[Value]) -> Vec<Value> {
    args.iter().map(as_number).collect()
}

//! Formats and parses numbers as .NET does in the invariant culture.

pub use ps_syntax::number::{general, shortest, shortest_single};

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Value, culture, number_parse};

/// Reads a double as .NET's `Parse` does in the invariant culture.
#[inline]
pub fn parse_double(text: &str) -> Option<f64> {
    number_parse::double(text, number_parse::FLOAT, &culture::invariant().number.borrow())
}

#[inline]
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let style = number_parse::NUMBER | number_parse::EXPONENT;
    number_parse::decimal(text, style, &culture::invariant().number.borrow())
}

#[inline]
pub fn parse_big(text: &str) -> Option<BigInt> {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

/// Rounds a double to the nearest integer, ties to even, as .NET's `Convert` does.
#[inline]
pub fn round_to_integer(value: f64) -> Option<BigInt> {
    use num_traits::FromPrimitive;
    if value.is_finite() { BigInt::from_f64(value.round_ties_even()) } else { None }
}

#[inline]
pub fn decimal_to_big(value: &Decimal) -> Option<BigInt> {
    value.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).to_i128().map(BigInt::from)
}

#[inline]
pub fn to_decimal(value: &Value) -> Option<Decimal> {
    use num_traits::FromPrimitive;
    match value.base() {
        Value::Decimal(d) => Some(**d),
        Value::Double(v) => general(*v, 15).parse().ok().or_else(|| Decimal::from_f64(*v)),
        Value::Single(v) => general(f64::from(*v), 7).parse().ok(),
        Value::ULong(v) => Some(Decimal::from(*v)),
        Value::Big(v) => v.to_i128().and_then(Decimal::from_i128),
        other => other.as_integer().map(Decimal::from),
    }
}

#[inline]
pub fn to_big(value: &Value) -> Option<BigInt> {
    match value.base() {
        Value::Big(v) => Some((**v).clone()),
        Value::ULong(v) => Some(BigInt::from(*v)),
        Value::Double(v) => round_to_integer(v.trunc()),
        Value::Decimal(v) => decimal_to_big(&v.trunc()),
        other => other.as_integer().map(BigInt::from),
    }
}

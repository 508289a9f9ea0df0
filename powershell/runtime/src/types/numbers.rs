//! Numbers, `Math`, `Convert`, `BitConverter`, `Random`.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::Members;
use super::args::{at, double, integer, string};
use super::conversion::{BIT_CONVERTER, CONVERT, RANDOM};
use super::culture::provided;
use super::declare::Declared::{self, Method, New, Static, StaticProperty};
use super::math::{MATH, strategy};
use crate::eval::Interp;
use crate::eval::convert::narrow;
use ps_value::culture::NumberFormat;
use ps_value::error::{R, net};
use ps_value::numbers::{to_big, to_decimal};
use ps_value::types::NetType;
use ps_value::{Value, number_format, number_parse, text};

/// The members of every number. The arguments are the type and its limits.
macro_rules! number {
    ($id:expr, $short:literal, $min:expr, $max:expr) => {
        &[
            Static(concat!($short, " Parse(string s)"), |it, a| parse(it, &string(a, 0), None, &Value::Null, $id)),
            Static(concat!($short, " Parse(string s, System.IFormatProvider provider)"), |it, a| parse(it, &string(a, 0), None, &at(a, 1), $id)),
            Static(concat!($short, " Parse(string s, System.Globalization.NumberStyles style)"), |it, a| parse(it, &string(a, 0), Some(integer(a, 1)), &Value::Null, $id)),
            Static(concat!($short, " Parse(string s, System.Globalization.NumberStyles style, System.IFormatProvider provider)"), |it, a| parse(it, &string(a, 0), Some(integer(a, 1)), &at(a, 2), $id)),
            Static(concat!("bool TryParse(string s, out ", $short, " result)"), |it, a| try_parse(it, a, None, $id)),
            Static(concat!("bool TryParse(string s, System.Globalization.NumberStyles style, System.IFormatProvider provider, out ", $short, " result)"), |it, a| try_parse(it, a, Some(integer(a, 1)), $id)),
            StaticProperty(concat!($short, " MinValue"), |_, _| Ok($min)),
            StaticProperty(concat!($short, " MaxValue"), |_, _| Ok($max)),
            Method(concat!("int CompareTo(", $short, " value)"), |_, t, a| Ok(Value::Int(ps_value::compare::order(t, &at(a, 0), true) as i32))),
            Method(concat!("bool Equals(", $short, " obj)"), |_, t, a| Ok(Value::Bool(ps_value::object::equals(t, &at(a, 0))))),
            Method("string ToString()", |it, t, _| formatted(it, t, "", &Value::Null)),
            Method("string ToString(string format)", |it, t, a| formatted(it, t, &string(a, 0), &Value::Null)),
            Method("string ToString(string format, System.IFormatProvider provider)", |it, t, a| formatted(it, t, &string(a, 0), &at(a, 1))),
            Method("string ToString(System.IFormatProvider provider)", |it, t, a| formatted(it, t, "", &at(a, 0))),
        ]
    };
}

pub(super) const MEMBERS: Members = &[
    (NetType::SByte, number!(NetType::SByte, "sbyte", Value::SByte(i8::MIN), Value::SByte(i8::MAX))),
    (NetType::Byte, number!(NetType::Byte, "byte", Value::Byte(0), Value::Byte(u8::MAX))),
    (NetType::Int16, number!(NetType::Int16, "short", Value::Short(i16::MIN), Value::Short(i16::MAX))),
    (NetType::UInt16, number!(NetType::UInt16, "ushort", Value::UShort(0), Value::UShort(u16::MAX))),
    (NetType::Int32, number!(NetType::Int32, "int", Value::Int(i32::MIN), Value::Int(i32::MAX))),
    (NetType::UInt32, number!(NetType::UInt32, "uint", Value::UInt(0), Value::UInt(u32::MAX))),
    (NetType::Int64, number!(NetType::Int64, "long", Value::Long(i64::MIN), Value::Long(i64::MAX))),
    (NetType::UInt64, number!(NetType::UInt64, "ulong", Value::ULong(0), Value::ULong(u64::MAX))),
    (NetType::Single, number!(NetType::Single, "float", Value::Single(f32::MIN), Value::Single(f32::MAX))),
    (NetType::Double, DOUBLE),
    (
        NetType::FloatingPoint,
        number!(NetType::Double, "double", Value::Double(f64::MIN), Value::Double(f64::MAX)),
    ),
    (NetType::Decimal, DECIMAL),
    (
        NetType::DecimalNumber,
        number!(NetType::Decimal, "decimal", Value::decimal(Decimal::MIN), Value::decimal(Decimal::MAX)),
    ),
    (NetType::BigInteger, BIG),
    (NetType::Math, MATH),
    (NetType::Convert, CONVERT),
    (NetType::BitConverter, BIT_CONVERTER),
    (NetType::Random, RANDOM),
];

fn formatted(it: &mut Interp, value: &Value, spec: &str, provider: &Value) -> R<Value> {
    let culture = provided(it, provider)?;
    match number_format::format(value, spec, &culture.number.borrow()) {
        Some(text) => Ok(Value::from(text)),
        None => net(NetType::FormatException, "Format specifier was invalid."),
    }
}

/// The reason why a text is not a number of a type.
enum Unread {
    Format,
    Range,
}

fn read(source: &str, style: i64, culture: &NumberFormat, id: NetType) -> Result<Value, Unread> {
    let number = match id {
        NetType::Double | NetType::Single => {
            number_parse::double(source, style, culture).map(Value::Double).ok_or(Unread::Format)?
        }
        NetType::Decimal => match number_parse::decimal(source, style, culture) {
            Some(number) => Value::decimal(number),
            None if number_parse::double(source, style, culture).is_some_and(f64::is_finite) => {
                return Err(Unread::Range);
            }
            None => return Err(Unread::Format),
        },
        _ => match number_parse::whole(source, style, culture) {
            Some(number) => Value::big(number),
            // A fraction that is not zero does not fit into a whole number.
            None if number_parse::double(source, style, culture).is_some_and(f64::is_finite) => {
                return Err(Unread::Range);
            }
            None => return Err(Unread::Format),
        },
    };
    match id {
        NetType::BigInteger => Ok(number),
        _ if style & number_parse::HEX != 0 => narrow(&of_bits(number, id), id).ok_or(Unread::Range),
        _ => narrow(&number, id).ok_or(Unread::Range),
    }
}

/// Reads a hexadecimal number: its digits are the bits of a signed type.
fn of_bits(number: Value, id: NetType) -> Value {
    let bits = match id {
        NetType::SByte => 8,
        NetType::Int16 => 16,
        NetType::Int32 => 32,
        NetType::Int64 => 64,
        _ => return number,
    };
    match number {
        Value::Big(big) if big.bits() == bits => Value::big(&*big - (BigInt::from(1) << bits)),
        other => other,
    }
}

fn parse(it: &mut Interp, source: &str, style: Option<i64>, provider: &Value, id: NetType) -> R<Value> {
    let style = style.unwrap_or_else(|| default_style(id));
    let culture = provided(it, provider)?;
    match read(source, style, &culture.number.borrow(), id) {
        Ok(number) => Ok(number),
        Err(Unread::Range) => {
            let word = match id {
                NetType::Byte => "an unsigned byte".to_owned(),
                NetType::SByte => "a signed byte".to_owned(),
                other => {
                    let name = other.name();
                    let article = if name.contains("Int") && !name.contains("UInt") { "an" } else { "a" };
                    format!("{article} {}", name.trim_start_matches("System."))
                }
            };
            net(NetType::OverflowException, format!("Value was either too large or too small for {word}."))
        }
        Err(Unread::Format) => net(NetType::FormatException, "Input string was not in a correct format."),
    }
}

/// Returns the style of a type's own `Parse`.
fn default_style(id: NetType) -> i64 {
    match id {
        NetType::Double | NetType::Single => number_parse::FLOAT,
        NetType::Decimal => number_parse::NUMBER,
        _ => number_parse::INTEGER,
    }
}

/// Evaluates `TryParse`. A provider follows the style.
fn try_parse(it: &mut Interp, args: &[Value], style: Option<i64>, id: NetType) -> R<Value> {
    let (provider, target) = match style {
        Some(_) => (at(args, 2), at(args, 3)),
        None => (Value::Null, at(args, 1)),
    };
    let style = style.unwrap_or_else(|| default_style(id));
    let culture = provided(it, &provider)?;
    let found = read(&string(args, 0), style, &culture.number.borrow(), id).ok();
    if let Value::Ref(reference) = target.base() {
        let value = found.clone().unwrap_or_else(|| id.ty().default_value());
        it.write_reference(&reference.clone(), value)?;
    }
    Ok(Value::Bool(found.is_some()))
}

const DOUBLE: &[Declared] = &[
    StaticProperty("double NaN", |_, _| Ok(Value::Double(f64::NAN))),
    StaticProperty("double PositiveInfinity", |_, _| Ok(Value::Double(f64::INFINITY))),
    StaticProperty("double NegativeInfinity", |_, _| Ok(Value::Double(f64::NEG_INFINITY))),
    StaticProperty("double Epsilon", |_, _| Ok(Value::Double(f64::from_bits(1)))),
    Static("bool IsNaN(double d)", |_, a| Ok(Value::Bool(double(a, 0).is_nan()))),
    Static("bool IsInfinity(double d)", |_, a| Ok(Value::Bool(double(a, 0).is_infinite()))),
    Static("bool IsFinite(double d)", |_, a| Ok(Value::Bool(double(a, 0).is_finite()))),
];

fn decimal(args: &[Value], index: usize) -> Decimal {
    args.get(index).and_then(to_decimal).unwrap_or_default()
}

const DECIMAL: &[Declared] = &[
    Static("decimal Round(decimal d)", |_, a| {
        Ok(Value::decimal(decimal(a, 0).round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)))
    }),
    Static("decimal Round(decimal d, int decimals)", |_, a| {
        Ok(Value::decimal(decimal(a, 0).round_dp_with_strategy(
            integer(a, 1).clamp(0, 28) as u32,
            RoundingStrategy::MidpointNearestEven,
        )))
    }),
    Static("decimal Round(decimal d, int decimals, System.MidpointRounding mode)", |_, a| {
        Ok(Value::decimal(
            decimal(a, 0).round_dp_with_strategy(integer(a, 1).clamp(0, 28) as u32, strategy(integer(a, 2))),
        ))
    }),
    Static("decimal Truncate(decimal d)", |_, a| Ok(Value::decimal(decimal(a, 0).trunc()))),
    Static("decimal Floor(decimal d)", |_, a| Ok(Value::decimal(decimal(a, 0).floor()))),
    Static("decimal Ceiling(decimal d)", |_, a| Ok(Value::decimal(decimal(a, 0).ceil()))),
    Static("int ToInt32(decimal d)", |_, a| Ok(Value::Int(decimal(a, 0).trunc().to_i32().unwrap_or(0)))),
    Static("double ToDouble(decimal d)", |_, a| Ok(Value::Double(decimal(a, 0).to_f64().unwrap_or(0.0)))),
    Static("decimal Add(decimal d1, decimal d2)", |_, a| Ok(Value::decimal(decimal(a, 0) + decimal(a, 1)))),
    Static("decimal Subtract(decimal d1, decimal d2)", |_, a| {
        Ok(Value::decimal(decimal(a, 0) - decimal(a, 1)))
    }),
    Static("decimal Multiply(decimal d1, decimal d2)", |_, a| {
        Ok(Value::decimal(decimal(a, 0) * decimal(a, 1)))
    }),
    StaticProperty("decimal Zero", |_, _| Ok(Value::decimal(Decimal::ZERO))),
    StaticProperty("decimal One", |_, _| Ok(Value::decimal(Decimal::ONE))),
];

fn big(args: &[Value], index: usize) -> BigInt {
    args.get(index).and_then(to_big).unwrap_or_default()
}

const BIG: &[Declared] = &[
    Static("bigint Parse(string value)", |it, a| {
        parse(it, &string(a, 0), None, &Value::Null, NetType::BigInteger)
    }),
    Static("bigint Parse(string value, System.IFormatProvider provider)", |it, a| {
        parse(it, &string(a, 0), None, &at(a, 1), NetType::BigInteger)
    }),
    Static("bigint Parse(string value, System.Globalization.NumberStyles style)", |it, a| {
        match integer(a, 1) & number_parse::HEX {
            0 => parse(it, &string(a, 0), Some(integer(a, 1)), &Value::Null, NetType::BigInteger),
            _ => Ok(Value::big(
                BigInt::parse_bytes(string(a, 0).trim_start_matches('0').as_bytes(), 16).unwrap_or_default(),
            )),
        }
    }),
    Static(
        "bigint Parse(string value, System.Globalization.NumberStyles style, System.IFormatProvider provider)",
        |it, a| parse(it, &string(a, 0), Some(integer(a, 1)), &at(a, 2), NetType::BigInteger),
    ),
    Static("bool TryParse(string value, out bigint result)", |it, a| {
        try_parse(it, a, None, NetType::BigInteger)
    }),
    Static(
        "bool TryParse(string value, System.Globalization.NumberStyles style, System.IFormatProvider provider, out bigint result)",
        |it, a| try_parse(it, a, Some(integer(a, 1)), NetType::BigInteger),
    ),
    Static("bigint Pow(bigint value, int exponent)", |_, a| match u32::try_from(integer(a, 1)) {
        Ok(exponent) if exponent <= 1_000_000 => Ok(Value::big(big(a, 0).pow(exponent))),
        _ => net(
            NetType::ArgumentOutOfRangeException,
            "The number must be greater than or equal to zero. (Parameter 'exponent')",
        ),
    }),
    Static("bigint ModPow(bigint value, bigint exponent, bigint modulus)", |_, a| {
        Ok(Value::big(big(a, 0).modpow(&big(a, 1), &big(a, 2))))
    }),
    Static("bigint Add(bigint left, bigint right)", |_, a| Ok(Value::big(big(a, 0) + big(a, 1)))),
    Static("bigint Subtract(bigint left, bigint right)", |_, a| Ok(Value::big(big(a, 0) - big(a, 1)))),
    Static("bigint Multiply(bigint left, bigint right)", |_, a| Ok(Value::big(big(a, 0) * big(a, 1)))),
    Static("bigint Divide(bigint dividend, bigint divisor)", |_, a| match big(a, 1) == BigInt::from(0) {
        true => net(NetType::DivideByZeroException, "Attempted to divide by zero."),
        false => Ok(Value::big(big(a, 0) / big(a, 1))),
    }),
    Static("bigint Remainder(bigint dividend, bigint divisor)", |_, a| match big(a, 1) == BigInt::from(0) {
        true => net(NetType::DivideByZeroException, "Attempted to divide by zero."),
        false => Ok(Value::big(big(a, 0) % big(a, 1))),
    }),
    Static("bigint Abs(bigint value)", |_, a| Ok(Value::big(big(a, 0).abs()))),
    Static("bigint GreatestCommonDivisor(bigint left, bigint right)", |_, a| {
        let (mut x, mut y) = (big(a, 0).abs(), big(a, 1).abs());
        while y != BigInt::from(0) {
            (x, y) = (y.clone(), x % y);
        }
        Ok(Value::big(x))
    }),
    StaticProperty("bigint Zero", |_, _| Ok(Value::big(BigInt::from(0)))),
    StaticProperty("bigint One", |_, _| Ok(Value::big(BigInt::from(1)))),
    Declared::Property("bool IsEven", |_, t, _| {
        Ok(Value::Bool(to_big(t).is_some_and(|b| b % 2 == BigInt::from(0))))
    }),
    Declared::Property("bool IsZero", |_, t, _| {
        Ok(Value::Bool(to_big(t).is_some_and(|b| b == BigInt::from(0))))
    }),
    Declared::Property("int Sign", |_, t, _| {
        Ok(Value::Int(to_big(t).map_or(0, |b| i32::from(b.is_positive()) - i32::from(b.is_negative()))))
    }),
    Method("string ToString()", |_, t, _| Ok(Value::from(text(t)))),
    Method("string ToString(string format)", |it, t, a| formatted(it, t, &string(a, 0), &Value::Null)),
    Method("string ToString(string format, System.IFormatProvider provider)", |it, t, a| {
        formatted(it, t, &string(a, 0), &at(a, 1))
    }),
    New("BigInteger(object value)", |it, a| it.convert(&at(a, 0), &NetType::BigInteger.ty())),
];

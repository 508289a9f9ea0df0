//! Numbers, `Math`, `Convert`, `BitConverter`, `Random`.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::args::{at, double, integer, string};
use super::conversion::{BIT_CONVERTER, CONVERT, RANDOM};
use super::culture::provided;
use super::declare::Declared::{self, Method, New, Static, StaticProperty};
use super::math::{MATH, strategy};
use super::{TypeInfo, lookup, native};
use crate::eval::Interp;
use crate::eval::arithmetic::{to_big, to_decimal};
use crate::eval::convert::narrow;
use crate::eval::error::{R, net};
use crate::value::culture::NumberFormat;
use crate::value::{Value, number_format, number_parse, text};

/// Members that every number has; the type and its limits are given.
macro_rules! number {
    ($name:literal, $short:literal, $min:expr, $max:expr) => {
        &[
            Static(concat!($short, " Parse(string s)"), |it, a| parse(it, &string(a, 0), None, &Value::Null, $name)),
            Static(concat!($short, " Parse(string s, System.IFormatProvider provider)"), |it, a| parse(it, &string(a, 0), None, &at(a, 1), $name)),
            Static(concat!($short, " Parse(string s, System.Globalization.NumberStyles style)"), |it, a| parse(it, &string(a, 0), Some(integer(a, 1)), &Value::Null, $name)),
            Static(concat!($short, " Parse(string s, System.Globalization.NumberStyles style, System.IFormatProvider provider)"), |it, a| parse(it, &string(a, 0), Some(integer(a, 1)), &at(a, 2), $name)),
            Static(concat!("bool TryParse(string s, out ", $short, " result)"), |it, a| try_parse(it, a, None, $name)),
            Static(concat!("bool TryParse(string s, System.Globalization.NumberStyles style, System.IFormatProvider provider, out ", $short, " result)"), |it, a| try_parse(it, a, Some(integer(a, 1)), $name)),
            StaticProperty(concat!($short, " MinValue"), |_, _| Ok($min)),
            StaticProperty(concat!($short, " MaxValue"), |_, _| Ok($max)),
            Method(concat!("int CompareTo(", $short, " value)"), |_, t, a| Ok(Value::Int(crate::eval::compare::order(t, &at(a, 0), true) as i32))),
            Method(concat!("bool Equals(", $short, " obj)"), |_, t, a| Ok(Value::Bool(crate::value::object::equals(t, &at(a, 0))))),
            Method("string ToString()", |it, t, _| formatted(it, t, "", &Value::Null)),
            Method("string ToString(string format)", |it, t, a| formatted(it, t, &string(a, 0), &Value::Null)),
            Method("string ToString(string format, System.IFormatProvider provider)", |it, t, a| formatted(it, t, &string(a, 0), &at(a, 1))),
            Method("string ToString(System.IFormatProvider provider)", |it, t, a| formatted(it, t, "", &at(a, 0))),
        ]
    };
}

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::structure(
        "System.SByte",
        || Value::SByte(0),
        number!("System.SByte", "sbyte", Value::SByte(i8::MIN), Value::SByte(i8::MAX)),
    )
    .named(&["sbyte"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.Byte",
        || Value::Byte(0),
        number!("System.Byte", "byte", Value::Byte(0), Value::Byte(u8::MAX)),
    )
    .named(&["byte"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.Int16",
        || Value::Short(0),
        number!("System.Int16", "short", Value::Short(i16::MIN), Value::Short(i16::MAX)),
    )
    .named(&["short", "int16"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.UInt16",
        || Value::UShort(0),
        number!("System.UInt16", "ushort", Value::UShort(0), Value::UShort(u16::MAX)),
    )
    .named(&["ushort", "uint16"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.Int32",
        || Value::Int(0),
        number!("System.Int32", "int", Value::Int(i32::MIN), Value::Int(i32::MAX)),
    )
    .named(&["int", "int32"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.UInt32",
        || Value::UInt(0),
        number!("System.UInt32", "uint", Value::UInt(0), Value::UInt(u32::MAX)),
    )
    .named(&["uint", "uint32"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.Int64",
        || Value::Long(0),
        number!("System.Int64", "long", Value::Long(i64::MIN), Value::Long(i64::MAX)),
    )
    .named(&["long", "int64"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.UInt64",
        || Value::ULong(0),
        number!("System.UInt64", "ulong", Value::ULong(0), Value::ULong(u64::MAX)),
    )
    .named(&["ulong", "uint64"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.Single",
        || Value::Single(0.0),
        number!("System.Single", "float", Value::Single(f32::MIN), Value::Single(f32::MAX)),
    )
    .named(&["float", "single"])
    .number()
    .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure("System.Double", || Value::Double(0.0), DOUBLE)
        .named(&["double"])
        .number()
        .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"])
        .extends("System.FloatingPoint"),
    TypeInfo::structure(
        "System.FloatingPoint",
        || Value::Double(0.0),
        number!("System.Double", "double", Value::Double(f64::MIN), Value::Double(f64::MAX)),
    ),
    TypeInfo::structure("System.Decimal", || Value::decimal(Decimal::ZERO), DECIMAL)
        .named(&["decimal"])
        .number()
        .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"])
        .extends("System.DecimalNumber"),
    TypeInfo::structure(
        "System.DecimalNumber",
        || Value::decimal(Decimal::ZERO),
        number!("System.Decimal", "decimal", Value::decimal(Decimal::MIN), Value::decimal(Decimal::MAX)),
    ),
    TypeInfo::structure("System.Numerics.BigInteger", || Value::big(BigInt::from(0)), BIG)
        .named(&["bigint"])
        .number()
        .implements(&["System.IComparable", "System.IFormattable"]),
    TypeInfo::class("System.Math", MATH),
    TypeInfo::class("System.Convert", CONVERT),
    TypeInfo::class("System.BitConverter", BIT_CONVERTER),
    TypeInfo::class("System.Random", RANDOM),
    TypeInfo::enumeration(
        "System.MidpointRounding",
        &[
            ("ToEven", 0),
            ("AwayFromZero", 1),
            ("ToZero", 2),
            ("ToNegativeInfinity", 3),
            ("ToPositiveInfinity", 4),
        ],
    ),
    TypeInfo::flags(
        "System.Globalization.NumberStyles",
        &[
            ("None", 0),
            ("AllowLeadingWhite", 1),
            ("AllowTrailingWhite", 2),
            ("AllowLeadingSign", 4),
            ("Integer", 7),
            ("AllowTrailingSign", 8),
            ("AllowParentheses", 16),
            ("AllowDecimalPoint", 32),
            ("AllowThousands", 64),
            ("Number", 111),
            ("AllowExponent", 128),
            ("Float", 167),
            ("AllowCurrencySymbol", 256),
            ("Currency", 383),
            ("Any", 511),
            ("AllowHexSpecifier", 512),
            ("HexNumber", 515),
        ],
    ),
];

fn formatted(it: &mut Interp, value: &Value, spec: &str, provider: &Value) -> R<Value> {
    let culture = provided(it, provider)?;
    match number_format::format(value, spec, &culture.number.borrow()) {
        Some(text) => Ok(Value::from(text)),
        None => net("System.FormatException", "Format specifier was invalid."),
    }
}

/// Why a text is no number of a type.
enum Unread {
    Format,
    Range,
}

fn read(source: &str, style: i64, culture: &NumberFormat, name: &str) -> Result<Value, Unread> {
    let number = match name {
        "System.Double" | "System.Single" => {
            number_parse::double(source, style, culture).map(Value::Double).ok_or(Unread::Format)?
        }
        "System.Decimal" => match number_parse::decimal(source, style, culture) {
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
    match name {
        "System.Numerics.BigInteger" => Ok(number),
        _ if style & number_parse::HEX != 0 => narrow(&of_bits(number, name), name).ok_or(Unread::Range),
        _ => narrow(&number, name).ok_or(Unread::Range),
    }
}

/// The digits of a hexadecimal number are the bits of a signed type.
fn of_bits(number: Value, name: &str) -> Value {
    let bits = match name {
        "System.SByte" => 8,
        "System.Int16" => 16,
        "System.Int32" => 32,
        "System.Int64" => 64,
        _ => return number,
    };
    match number {
        Value::Big(big) if big.bits() == bits => Value::big(&*big - (BigInt::from(1) << bits)),
        other => other,
    }
}

fn parse(
    it: &mut Interp,
    source: &str,
    style: Option<i64>,
    provider: &Value,
    name: &'static str,
) -> R<Value> {
    let style = style.unwrap_or_else(|| default_style(name));
    let culture = provided(it, provider)?;
    match read(source, style, &culture.number.borrow(), name) {
        Ok(number) => Ok(number),
        Err(Unread::Range) => {
            let word = match name {
                "System.Byte" => "an unsigned byte".to_owned(),
                "System.SByte" => "a signed byte".to_owned(),
                other => format!(
                    "a{} {}",
                    if other.contains("Int") && !other.contains("UInt") { "n" } else { "" },
                    other.trim_start_matches("System.")
                ),
            };
            net("System.OverflowException", format!("Value was either too large or too small for {word}."))
        }
        Err(Unread::Format) => net("System.FormatException", "Input string was not in a correct format."),
    }
}

/// The style of a type's own `Parse`.
fn default_style(name: &str) -> i64 {
    match name {
        "System.Double" | "System.Single" => number_parse::FLOAT,
        "System.Decimal" => number_parse::NUMBER,
        _ => number_parse::INTEGER,
    }
}

/// `TryParse`: with a style, a provider comes behind it.
fn try_parse(it: &mut Interp, args: &[Value], style: Option<i64>, name: &str) -> R<Value> {
    let (provider, target) = match style {
        Some(_) => (at(args, 2), at(args, 3)),
        None => (Value::Null, at(args, 1)),
    };
    let style = style.unwrap_or_else(|| default_style(name));
    let culture = provided(it, &provider)?;
    let found = read(&string(args, 0), style, &culture.number.borrow(), name).ok();
    if let Value::Ref(reference) = target.base() {
        let value = found.clone().or_else(|| lookup(name).map(|t| t.default_value())).unwrap_or_default();
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

const BIG_NAME: &str = "System.Numerics.BigInteger";

fn big(args: &[Value], index: usize) -> BigInt {
    args.get(index).and_then(to_big).unwrap_or_default()
}

const BIG: &[Declared] = &[
    Static("bigint Parse(string value)", |it, a| parse(it, &string(a, 0), None, &Value::Null, BIG_NAME)),
    Static("bigint Parse(string value, System.IFormatProvider provider)", |it, a| {
        parse(it, &string(a, 0), None, &at(a, 1), BIG_NAME)
    }),
    Static("bigint Parse(string value, System.Globalization.NumberStyles style)", |it, a| {
        match integer(a, 1) & number_parse::HEX {
            0 => parse(it, &string(a, 0), Some(integer(a, 1)), &Value::Null, BIG_NAME),
            _ => Ok(Value::big(
                BigInt::parse_bytes(string(a, 0).trim_start_matches('0').as_bytes(), 16).unwrap_or_default(),
            )),
        }
    }),
    Static(
        "bigint Parse(string value, System.Globalization.NumberStyles style, System.IFormatProvider provider)",
        |it, a| parse(it, &string(a, 0), Some(integer(a, 1)), &at(a, 2), BIG_NAME),
    ),
    Static("bool TryParse(string value, out bigint result)", |it, a| try_parse(it, a, None, BIG_NAME)),
    Static(
        "bool TryParse(string value, System.Globalization.NumberStyles style, System.IFormatProvider provider, out bigint result)",
        |it, a| try_parse(it, a, Some(integer(a, 1)), BIG_NAME),
    ),
    Static("bigint Pow(bigint value, int exponent)", |_, a| match u32::try_from(integer(a, 1)) {
        Ok(exponent) if exponent <= 1_000_000 => Ok(Value::big(big(a, 0).pow(exponent))),
        _ => net(
            "System.ArgumentOutOfRangeException",
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
        true => net("System.DivideByZeroException", "Attempted to divide by zero."),
        false => Ok(Value::big(big(a, 0) / big(a, 1))),
    }),
    Static("bigint Remainder(bigint dividend, bigint divisor)", |_, a| match big(a, 1) == BigInt::from(0) {
        true => net("System.DivideByZeroException", "Attempted to divide by zero."),
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
    New("BigInteger(object value)", |it, a| it.convert(&at(a, 0), &native("System.Numerics.BigInteger"))),
];

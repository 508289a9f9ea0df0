//! Numbers, `Math`, `Convert`, `BitConverter`, `Random`.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::args::{at, double, integer, string};
use super::conversion::{BIT_CONVERTER, CONVERT, RANDOM};
use super::declare::Declared::{self, Method, New, Static, StaticProperty};
use super::{TypeInfo, lookup, native};
use crate::eval::Interp;
use crate::eval::arithmetic::{to_big, to_decimal};
use crate::eval::convert::narrow;
use crate::eval::error::{R, net};
use crate::value::{Value, numbers, text};

/// Members that every number has; the type and its limits are given.
macro_rules! number {
    ($name:literal, $short:literal, $min:expr, $max:expr) => {
        &[
            Static(concat!($short, " Parse(string s)"), |_, a| parse(&string(a, 0), $name)),
            Static(concat!($short, " Parse(string s, System.IFormatProvider provider)"), |_, a| parse(&string(a, 0), $name)),
            Static(concat!($short, " Parse(string s, System.Globalization.NumberStyles style)"), |_, a| parse_styled(&string(a, 0), integer(a, 1), $name)),
            Static(concat!($short, " Parse(string s, System.Globalization.NumberStyles style, System.IFormatProvider provider)"), |_, a| parse_styled(&string(a, 0), integer(a, 1), $name)),
            Static(concat!("bool TryParse(string s, out ", $short, " result)"), |it, a| try_parse(it, &string(a, 0), None, &at(a, 1), $name)),
            Static(concat!("bool TryParse(string s, System.Globalization.NumberStyles style, System.IFormatProvider provider, out ", $short, " result)"), |it, a| try_parse(it, &string(a, 0), Some(integer(a, 1)), &at(a, 3), $name)),
            StaticProperty(concat!($short, " MinValue"), |_, _| Ok($min)),
            StaticProperty(concat!($short, " MaxValue"), |_, _| Ok($max)),
            Method(concat!("int CompareTo(", $short, " value)"), |_, t, a| Ok(Value::Int(crate::eval::compare::order(t, &at(a, 0), true) as i32))),
            Method(concat!("bool Equals(", $short, " obj)"), |_, t, a| Ok(Value::Bool(crate::value::object::equals(t, &at(a, 0))))),
            Method("string ToString()", |_, t, _| Ok(Value::from(crate::value::text::number_to_string(t).unwrap_or_default()))),
            Method("string ToString(string format)", |_, t, a| formatted(t, &string(a, 0))),
            Method("string ToString(string format, System.IFormatProvider provider)", |_, t, a| formatted(t, &string(a, 0))),
            Method("string ToString(System.IFormatProvider provider)", |_, t, _| Ok(Value::from(crate::value::text::number_to_string(t).unwrap_or_default()))),
        ]
    };
}

pub const TYPES: &[TypeInfo] = &[
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

fn formatted(value: &Value, spec: &str) -> R<Value> {
    match numbers::format(value, spec) {
        Some(text) => Ok(Value::from(text)),
        None => net("System.FormatException", "Format specifier was invalid."),
    }
}

fn read(source: &str, name: &str) -> Result<Option<Value>, ()> {
    let number = match name {
        "System.Double" | "System.Single" => numbers::parse_double(source).map(Value::Double),
        "System.Decimal" => numbers::parse_decimal(source).map(Value::decimal),
        _ => numbers::parse_big(source).map(Value::big),
    };
    match number {
        Some(number) if name == "System.Numerics.BigInteger" => Ok(Some(number)),
        Some(number) => Ok(narrow(&number, name)),
        None => Err(()),
    }
}

fn parse(source: &str, name: &'static str) -> R<Value> {
    match read(source, name) {
        Ok(Some(number)) => Ok(number),
        Ok(None) => {
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
        Err(()) => net("System.FormatException", "Input string was not in a correct format."),
    }
}

fn parse_styled(source: &str, style: i64, name: &'static str) -> R<Value> {
    if style & 512 != 0 {
        return match i64::from_str_radix(source.trim(), 16) {
            Ok(number) => Ok(narrow(
                &Value::Long(if name == "System.Int32" { i64::from(number as i32) } else { number }),
                name,
            )
            .unwrap_or_default()),
            Err(_) => net("System.FormatException", "Input string was not in a correct format."),
        };
    }
    let plain = source.replace([',', '$'], "");
    parse(&plain, name)
}

/// Whether a text has only what a style allows.
fn allowed(source: &str, style: i64) -> bool {
    !(source.contains(',') && style & 64 == 0
        || source.contains(['e', 'E']) && style & (128 | 512) == 0
        || source.contains('.') && style & 32 == 0)
}

/// The style of a type's own `Parse`.
fn default_style(name: &str) -> i64 {
    match name {
        "System.Double" | "System.Single" => 231,
        "System.Decimal" => 111,
        _ => 7,
    }
}

fn try_parse(it: &mut Interp, source: &str, style: Option<i64>, target: &Value, name: &str) -> R<Value> {
    let style = style.unwrap_or_else(|| default_style(name));
    let found = if style & 512 != 0 {
        i64::from_str_radix(source.trim(), 16).ok().and_then(|v| narrow(&Value::Long(v), name))
    } else if allowed(source, style) {
        read(source, name).ok().flatten()
    } else {
        None
    };
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

fn strategy(mode: i64) -> RoundingStrategy {
    match mode {
        1 => RoundingStrategy::MidpointAwayFromZero,
        2 => RoundingStrategy::ToZero,
        3 => RoundingStrategy::ToNegativeInfinity,
        4 => RoundingStrategy::ToPositiveInfinity,
        _ => RoundingStrategy::MidpointNearestEven,
    }
}

fn big(args: &[Value], index: usize) -> BigInt {
    args.get(index).and_then(to_big).unwrap_or_default()
}

const BIG: &[Declared] = &[
    Static("bigint Parse(string value)", |_, a| parse(&string(a, 0), "System.Numerics.BigInteger")),
    Static("bigint Parse(string value, System.Globalization.NumberStyles style)", |_, a| {
        match integer(a, 1) & 512 {
            0 => parse(&string(a, 0), "System.Numerics.BigInteger"),
            _ => Ok(Value::big(
                BigInt::parse_bytes(string(a, 0).trim_start_matches('0').as_bytes(), 16).unwrap_or_default(),
            )),
        }
    }),
    Static("bool TryParse(string value, out bigint result)", |it, a| {
        try_parse(it, &string(a, 0), None, &at(a, 1), "System.Numerics.BigInteger")
    }),
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
    Method("string ToString(string format)", |_, t, a| formatted(t, &string(a, 0))),
    New("BigInteger(object value)", |it, a| it.convert(&at(a, 0), &native("System.Numerics.BigInteger"))),
];

/// Chooses what the larger of two types is, for `Max` and `Min`.
fn extreme(a: &[Value], larger: bool) -> R<Value> {
    let (x, y) = (at(a, 0), at(a, 1));
    let order = crate::eval::compare::order(&x, &y, true);
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
            "System.ArgumentOutOfRangeException",
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

const MATH: &[Declared] = &[
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
                        "System.OverflowException",
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
            return net("System.DivideByZeroException", "Attempted to divide by zero.");
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

/// A number from what PowerShell would convert to one.
fn as_number(value: &Value) -> Value {
    match value.base() {
        Value::Str(text) => crate::syntax::parse_number(text)
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

//! Numbers, `Math`, `Convert`.

use super::super::NetType as N;
use super::super::TypeInfo;
use crate::Value;
use num_bigint::BigInt;
use rust_decimal::Decimal;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::structure(N::SByte, "System.SByte", || Value::SByte(0))
        .named(&["sbyte"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::Byte, "System.Byte", || Value::Byte(0)).named(&["byte"]).number().implements(&[
        N::IComparable,
        N::IFormattable,
        N::IConvertible,
    ]),
    TypeInfo::structure(N::Int16, "System.Int16", || Value::Short(0))
        .named(&["short", "int16"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::UInt16, "System.UInt16", || Value::UShort(0))
        .named(&["ushort", "uint16"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::Int32, "System.Int32", || Value::Int(0))
        .named(&["int", "int32"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::UInt32, "System.UInt32", || Value::UInt(0))
        .named(&["uint", "uint32"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::Int64, "System.Int64", || Value::Long(0))
        .named(&["long", "int64"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::UInt64, "System.UInt64", || Value::ULong(0))
        .named(&["ulong", "uint64"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::Single, "System.Single", || Value::Single(0.0))
        .named(&["float", "single"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::Double, "System.Double", || Value::Double(0.0))
        .named(&["double"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible])
        .extends(N::FloatingPoint),
    TypeInfo::structure(N::FloatingPoint, "System.FloatingPoint", || Value::Double(0.0)),
    TypeInfo::structure(N::Decimal, "System.Decimal", || Value::decimal(Decimal::ZERO))
        .named(&["decimal"])
        .number()
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible])
        .extends(N::DecimalNumber),
    TypeInfo::structure(N::DecimalNumber, "System.DecimalNumber", || Value::decimal(Decimal::ZERO)),
    TypeInfo::structure(N::BigInteger, "System.Numerics.BigInteger", || Value::big(BigInt::from(0)))
        .named(&["bigint"])
        .number()
        .implements(&[N::IComparable, N::IFormattable]),
    TypeInfo::class(N::Math, "System.Math"),
    TypeInfo::class(N::Convert, "System.Convert"),
    TypeInfo::class(N::BitConverter, "System.BitConverter"),
    TypeInfo::class(N::Random, "System.Random"),
    TypeInfo::enumeration(
        N::MidpointRounding,
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
        N::NumberStyles,
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

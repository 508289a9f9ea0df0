//! Dates and times.

use super::super::NetType as N;
use super::super::TypeInfo;
use crate::TimeSpan;
use crate::Value;
use crate::net::Net;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::structure(N::DateTime, "System.DateTime", || Value::DateTime(crate::datetime::MIN))
        .named(&["datetime"])
        .implements(&[N::IComparable, N::IFormattable, N::IConvertible]),
    TypeInfo::structure(N::DateTimeOffset, "System.DateTimeOffset", || {
        Value::net(Net::DateOffset(crate::datetime::MIN, 0))
    })
    .named(&["datetimeoffset"])
    .implements(&[N::IComparable, N::IFormattable]),
    TypeInfo::structure(N::TimeSpan, "System.TimeSpan", || Value::TimeSpan(TimeSpan(0)))
        .named(&["timespan"])
        .implements(&[N::IComparable, N::IFormattable]),
    TypeInfo::enumeration(
        N::DayOfWeek,
        "System.DayOfWeek",
        &[
            ("Sunday", 0),
            ("Monday", 1),
            ("Tuesday", 2),
            ("Wednesday", 3),
            ("Thursday", 4),
            ("Friday", 5),
            ("Saturday", 6),
        ],
    ),
    TypeInfo::enumeration(
        N::DateTimeKind,
        "System.DateTimeKind",
        &[("Unspecified", 0), ("Utc", 1), ("Local", 2)],
    ),
    TypeInfo::flags(
        N::DateTimeStyles,
        "System.Globalization.DateTimeStyles",
        &[
            ("None", 0),
            ("AllowLeadingWhite", 1),
            ("AllowTrailingWhite", 2),
            ("AllowInnerWhite", 4),
            ("AllowWhiteSpaces", 7),
            ("NoCurrentDateDefault", 8),
            ("AdjustToUniversal", 16),
            ("AssumeLocal", 32),
            ("AssumeUniversal", 64),
            ("RoundtripKind", 128),
        ],
    ),
    TypeInfo::class(N::TimeZoneInfo, "System.TimeZoneInfo"),
];

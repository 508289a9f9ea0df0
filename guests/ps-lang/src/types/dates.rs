//! `DateTime`, `DateTimeOffset`, `TimeSpan`, `TimeZoneInfo`; dates from text.

use chrono::Datelike;

use super::args::{at, date, double, integer, span, string};
use super::date_text::{exact, parse_date, parse_offset};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::net::Net;
use super::{TypeInfo, registry};
use crate::eval::error::{R, net};
use crate::value::datetime::{TICKS_PER_DAY, TICKS_PER_SECOND, UNIX_EPOCH, days_in_month};
use crate::value::{DateKind, DateTime, TimeSpan, Value};

const HOUR: i64 = 36_000_000_000;

pub(super) const MINUTE: i64 = 600_000_000;

const MILLISECOND: i64 = 10_000;

pub const TYPES: &[TypeInfo] = &[
    TypeInfo::structure("System.DateTime", || Value::DateTime(crate::value::datetime::MIN), DATE)
        .named(&["datetime"])
        .implements(&["System.IComparable", "System.IFormattable", "System.IConvertible"]),
    TypeInfo::structure(
        "System.DateTimeOffset",
        || Value::net(Net::DateOffset(crate::value::datetime::MIN, 0)),
        OFFSET,
    )
    .named(&["datetimeoffset"])
    .implements(&["System.IComparable", "System.IFormattable"]),
    TypeInfo::structure("System.TimeSpan", || Value::TimeSpan(TimeSpan(0)), SPAN)
        .named(&["timespan"])
        .implements(&["System.IComparable", "System.IFormattable"]),
    TypeInfo::enumeration(
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
    TypeInfo::enumeration("System.DateTimeKind", &[("Unspecified", 0), ("Utc", 1), ("Local", 2)]),
    TypeInfo::flags(
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
    TypeInfo::class("System.TimeZoneInfo", ZONE),
];

fn made(date: Option<DateTime>) -> R<Value> {
    match date {
        Some(date) => Ok(Value::DateTime(date)),
        None => net(
            "System.ArgumentOutOfRangeException",
            "The added or subtracted value results in an un-representable DateTime. (Parameter 'value')",
        ),
    }
}

fn plus(value: &Value, amount: f64, unit: i64) -> R<Value> {
    // .NET rounds to milliseconds.
    let millis = amount * (unit / MILLISECOND) as f64;
    let millis = (millis + if millis >= 0.0 { 0.5 } else { -0.5 }).trunc();
    made(date(value).plus((millis as i64).saturating_mul(MILLISECOND)))
}

fn from_args(a: &[Value], kind: DateKind) -> R<Value> {
    let n = |i: usize| integer(a, i);
    let part = |i: usize| u32::try_from(n(i)).unwrap_or(99);
    let date = i32::try_from(n(0)).ok().and_then(|year| {
        DateTime::from_parts(year, part(1), part(2), [part(3), part(4), part(5)], n(6) * MILLISECOND, kind)
    });
    match date {
        Some(date) => Ok(Value::DateTime(date)),
        None => net(
            "System.ArgumentOutOfRangeException",
            "Year, Month, and Day parameters describe an un-representable DateTime.",
        ),
    }
}

fn kind_of(value: i64) -> DateKind {
    match value {
        1 => DateKind::Utc,
        2 => DateKind::Local,
        _ => DateKind::Unspecified,
    }
}

fn parse_text(source: &str) -> R<Value> {
    match parse_date(source) {
        Some(date) => Ok(Value::DateTime(date)),
        None => net(
            "System.FormatException",
            format!("String '{source}' was not recognized as a valid DateTime."),
        ),
    }
}

fn parse_exact(it: &mut crate::eval::Interp, a: &[Value]) -> R<Value> {
    let source = string(a, 0);
    for format in at(a, 1).to_items() {
        let format = it.to_text(&format);
        if let Some(date) = exact(&source, &format) {
            return Ok(Value::DateTime(date));
        }
    }
    net("System.FormatException", format!("String '{source}' was not recognized as a valid DateTime."))
}

fn try_into(it: &mut crate::eval::Interp, target: &Value, found: Option<DateTime>) -> R<Value> {
    if let Value::Ref(reference) = target.base() {
        let value = Value::DateTime(found.unwrap_or(crate::value::datetime::MIN));
        it.write_reference(&reference.clone(), value)?;
    }
    Ok(Value::Bool(found.is_some()))
}

const DATE: &[Declared] = &[
    Property("datetime Date", |_, t, _| made(date(t).plus(-(date(t).ticks() % TICKS_PER_DAY)))),
    Property("int Day", |_, t, _| Ok(Value::Int(date(t).date().day() as i32))),
    Property("System.DayOfWeek DayOfWeek", |_, t, _| {
        Ok(registry::enum_value(
            "System.DayOfWeek",
            i64::from(date(t).date().weekday().num_days_from_sunday()),
        ))
    }),
    Property("int DayOfYear", |_, t, _| Ok(Value::Int(date(t).date().ordinal() as i32))),
    Property("int Hour", |_, t, _| Ok(Value::Int((date(t).ticks() / HOUR % 24) as i32))),
    Property("System.DateTimeKind Kind", |_, t, _| {
        Ok(registry::enum_value("System.DateTimeKind", date(t).kind() as i64))
    }),
    Property("int Millisecond", |_, t, _| Ok(Value::Int((date(t).ticks() / MILLISECOND % 1000) as i32))),
    Property("int Minute", |_, t, _| Ok(Value::Int((date(t).ticks() / MINUTE % 60) as i32))),
    Property("int Month", |_, t, _| Ok(Value::Int(date(t).date().month() as i32))),
    Property("int Second", |_, t, _| Ok(Value::Int((date(t).ticks() / TICKS_PER_SECOND % 60) as i32))),
    Property("long Ticks", |_, t, _| Ok(Value::Long(date(t).ticks()))),
    Property("timespan TimeOfDay", |_, t, _| Ok(Value::TimeSpan(TimeSpan(date(t).ticks() % TICKS_PER_DAY)))),
    Property("int Year", |_, t, _| Ok(Value::Int(date(t).date().year()))),
    Property("string DateTime", |_, t, _| {
        Ok(Value::from(date(t).custom("dddd, MMMM d, yyyy h:mm:ss tt", 0).unwrap_or_default()))
    }),
    Method("datetime Add(timespan value)", |_, t, a| made(date(t).plus(span(&at(a, 0)).0))),
    Method("datetime AddDays(double value)", |_, t, a| plus(t, double(a, 0), TICKS_PER_DAY)),
    Method("datetime AddHours(double value)", |_, t, a| plus(t, double(a, 0), HOUR)),
    Method("datetime AddMilliseconds(double value)", |_, t, a| plus(t, double(a, 0), MILLISECOND)),
    Method("datetime AddMinutes(double value)", |_, t, a| plus(t, double(a, 0), MINUTE)),
    Method("datetime AddMonths(int months)", |_, t, a| made(date(t).add_months(integer(a, 0)))),
    Method("datetime AddSeconds(double value)", |_, t, a| plus(t, double(a, 0), TICKS_PER_SECOND)),
    Method("datetime AddTicks(long value)", |_, t, a| made(date(t).plus(integer(a, 0)))),
    Method("datetime AddYears(int value)", |_, t, a| made(date(t).add_months(integer(a, 0) * 12))),
    Method("int CompareTo(datetime value)", |_, t, a| {
        Ok(Value::Int(date(t).ticks().cmp(&date(&at(a, 0)).ticks()) as i32))
    }),
    Method("bool Equals(datetime value)", |_, t, a| {
        Ok(Value::Bool(date(t).ticks() == date(&at(a, 0)).ticks()))
    }),
    Method("timespan Subtract(datetime value)", |_, t, a| {
        Ok(Value::TimeSpan(TimeSpan(date(t).ticks() - date(&at(a, 0)).ticks())))
    }),
    Method("datetime Subtract(timespan value)", |_, t, a| made(date(t).plus(-span(&at(a, 0)).0))),
    Method("datetime ToLocalTime()", |_, t, _| Ok(Value::DateTime(date(t).with_kind(DateKind::Local)))),
    Method("datetime ToUniversalTime()", |_, t, _| Ok(Value::DateTime(date(t).with_kind(DateKind::Utc)))),
    Method("string ToShortDateString()", |_, t, _| Ok(Value::from(date(t).format("d").unwrap_or_default()))),
    Method("string ToLongDateString()", |_, t, _| Ok(Value::from(date(t).format("D").unwrap_or_default()))),
    Method("string ToShortTimeString()", |_, t, _| Ok(Value::from(date(t).format("t").unwrap_or_default()))),
    Method("string ToLongTimeString()", |_, t, _| Ok(Value::from(date(t).format("T").unwrap_or_default()))),
    Method("bool IsDaylightSavingTime()", |_, _, _| Ok(Value::Bool(false))),
    Method("long ToFileTime()", |_, t, _| Ok(Value::Long(date(t).ticks() - 504_911_232_000_000_000))),
    Method("long ToFileTimeUtc()", |_, t, _| Ok(Value::Long(date(t).ticks() - 504_911_232_000_000_000))),
    Method("double ToOADate()", |_, t, _| {
        Ok(Value::Double((date(t).ticks() - 599_264_352_000_000_000) as f64 / TICKS_PER_DAY as f64))
    }),
    Static("datetime Parse(string s)", |_, a| parse_text(&string(a, 0))),
    Static("datetime Parse(string s, System.IFormatProvider provider)", |_, a| parse_text(&string(a, 0))),
    Static("datetime ParseExact(string s, string format, System.IFormatProvider provider)", parse_exact),
    Static(
        "datetime ParseExact(string s, string[] formats, System.IFormatProvider provider, System.Globalization.DateTimeStyles style)",
        parse_exact,
    ),
    Static("bool TryParse(string s, out datetime result)", |it, a| {
        try_into(it, &at(a, 1), parse_date(&string(a, 0)))
    }),
    Static(
        "bool TryParseExact(string s, string[] format, System.IFormatProvider provider, System.Globalization.DateTimeStyles style, out datetime result)",
        |it, a| {
            let source = string(a, 0);
            let found = at(a, 1).to_items().iter().find_map(|f| exact(&source, &crate::value::text(f)));
            try_into(it, &at(a, 4), found)
        },
    ),
    Static("int DaysInMonth(int year, int month)", |_, a| {
        Ok(Value::Int(days_in_month(integer(a, 0) as i32, integer(a, 1) as u32).unwrap_or(0) as i32))
    }),
    Static("bool IsLeapYear(int year)", |_, a| {
        Ok(Value::Bool(days_in_month(integer(a, 0) as i32, 2) == Some(29)))
    }),
    Static("int Compare(datetime t1, datetime t2)", |_, a| {
        Ok(Value::Int(date(&at(a, 0)).ticks().cmp(&date(&at(a, 1)).ticks()) as i32))
    }),
    Static("datetime SpecifyKind(datetime value, System.DateTimeKind kind)", |_, a| {
        Ok(Value::DateTime(date(&at(a, 0)).with_kind(kind_of(integer(a, 1)))))
    }),
    Static("datetime FromFileTime(long fileTime)", |_, a| {
        made(DateTime::new(integer(a, 0) + 504_911_232_000_000_000, DateKind::Local))
    }),
    Static("datetime FromFileTimeUtc(long fileTime)", |_, a| {
        made(DateTime::new(integer(a, 0) + 504_911_232_000_000_000, DateKind::Utc))
    }),
    Static("datetime FromOADate(double d)", |_, a| {
        made(DateTime::new(
            (double(a, 0) * TICKS_PER_DAY as f64) as i64 + 599_264_352_000_000_000,
            DateKind::Unspecified,
        ))
    }),
    StaticProperty("datetime Now", |it, _| made(DateTime::new(it.host.now(), DateKind::Local))),
    StaticProperty("datetime UtcNow", |it, _| made(DateTime::new(it.host.now(), DateKind::Utc))),
    StaticProperty("datetime Today", |it, _| {
        let now = it.host.now();
        made(DateTime::new(now - now % TICKS_PER_DAY, DateKind::Local))
    }),
    StaticProperty("datetime MinValue", |_, _| Ok(Value::DateTime(crate::value::datetime::MIN))),
    StaticProperty("datetime MaxValue", |_, _| {
        made(DateTime::new(crate::value::datetime::MAX_TICKS, DateKind::Unspecified))
    }),
    StaticProperty("datetime UnixEpoch", |_, _| made(DateTime::new(UNIX_EPOCH, DateKind::Utc))),
    New("datetime(long ticks)", |_, a| made(DateTime::new(integer(a, 0), DateKind::Unspecified))),
    New("datetime(long ticks, System.DateTimeKind kind)", |_, a| {
        made(DateTime::new(integer(a, 0), kind_of(integer(a, 1))))
    }),
    New("datetime(int year, int month, int day)", |_, a| from_args(a, DateKind::Unspecified)),
    New("datetime(int year, int month, int day, int hour, int minute, int second)", |_, a| {
        from_args(a, DateKind::Unspecified)
    }),
    New(
        "datetime(int year, int month, int day, int hour, int minute, int second, int millisecond)",
        |_, a| from_args(a, DateKind::Unspecified),
    ),
    New(
        "datetime(int year, int month, int day, int hour, int minute, int second, System.DateTimeKind kind)",
        |_, a| from_args(a.get(..6).unwrap_or_default(), kind_of(integer(a, 6))),
    ),
];

pub(super) fn offset(value: &Value) -> (DateTime, i64) {
    if let Value::Net(net) = value.base()
        && let Net::DateOffset(date, minutes) = &**net
    {
        return (*date, *minutes);
    }
    (date(value), 0)
}

fn utc_ticks(value: &Value) -> i64 {
    let (date, minutes) = offset(value);
    date.ticks() - minutes * MINUTE
}

fn with_offset(date: Option<DateTime>, minutes: i64) -> R<Value> {
    match date {
        Some(date) => Ok(Value::net(Net::DateOffset(date.with_kind(DateKind::Unspecified), minutes))),
        None => net(
            "System.ArgumentOutOfRangeException",
            "The UTC time represented when the offset is applied must be between year 0 and 10,000. (Parameter 'offset')",
        ),
    }
}

fn offset_plus(value: &Value, amount: f64, unit: i64) -> R<Value> {
    let (date, minutes) = offset(value);
    with_offset(date.plus((amount * unit as f64) as i64), minutes)
}

const OFFSET: &[Declared] = &[
    Property("datetime DateTime", |_, t, _| Ok(Value::DateTime(offset(t).0))),
    Property("datetime UtcDateTime", |_, t, _| made(DateTime::new(utc_ticks(t), DateKind::Utc))),
    Property("datetime LocalDateTime", |_, t, _| made(DateTime::new(utc_ticks(t), DateKind::Local))),
    Property("datetime Date", |_, t, _| made(offset(t).0.plus(-(offset(t).0.ticks() % TICKS_PER_DAY)))),
    Property("int Day", |_, t, _| Ok(Value::Int(offset(t).0.date().day() as i32))),
    Property("System.DayOfWeek DayOfWeek", |_, t, _| {
        Ok(registry::enum_value(
            "System.DayOfWeek",
            i64::from(offset(t).0.date().weekday().num_days_from_sunday()),
        ))
    }),
    Property("int Hour", |_, t, _| Ok(Value::Int((offset(t).0.ticks() / HOUR % 24) as i32))),
    Property("int Minute", |_, t, _| Ok(Value::Int((offset(t).0.ticks() / MINUTE % 60) as i32))),
    Property("int Second", |_, t, _| Ok(Value::Int((offset(t).0.ticks() / TICKS_PER_SECOND % 60) as i32))),
    Property("int Month", |_, t, _| Ok(Value::Int(offset(t).0.date().month() as i32))),
    Property("int Year", |_, t, _| Ok(Value::Int(offset(t).0.date().year()))),
    Property("timespan Offset", |_, t, _| Ok(Value::TimeSpan(TimeSpan(offset(t).1 * MINUTE)))),
    Property("long Ticks", |_, t, _| Ok(Value::Long(offset(t).0.ticks()))),
    Method("long ToUnixTimeSeconds()", |_, t, _| {
        Ok(Value::Long((utc_ticks(t) - UNIX_EPOCH).div_euclid(TICKS_PER_SECOND)))
    }),
    Method("long ToUnixTimeMilliseconds()", |_, t, _| {
        Ok(Value::Long((utc_ticks(t) - UNIX_EPOCH).div_euclid(MILLISECOND)))
    }),
    Method("System.DateTimeOffset AddDays(double days)", |_, t, a| {
        offset_plus(t, double(a, 0), TICKS_PER_DAY)
    }),
    Method("System.DateTimeOffset AddHours(double hours)", |_, t, a| offset_plus(t, double(a, 0), HOUR)),
    Method("System.DateTimeOffset AddMinutes(double minutes)", |_, t, a| {
        offset_plus(t, double(a, 0), MINUTE)
    }),
    Method("System.DateTimeOffset AddSeconds(double seconds)", |_, t, a| {
        offset_plus(t, double(a, 0), TICKS_PER_SECOND)
    }),
    Method("System.DateTimeOffset AddMonths(int months)", |_, t, a| {
        with_offset(offset(t).0.add_months(integer(a, 0)), offset(t).1)
    }),
    Method("System.DateTimeOffset ToUniversalTime()", |_, t, _| {
        with_offset(DateTime::new(utc_ticks(t), DateKind::Unspecified), 0)
    }),
    Method("System.DateTimeOffset ToLocalTime()", |_, t, _| {
        with_offset(DateTime::new(utc_ticks(t), DateKind::Unspecified), 0)
    }),
    Method("System.DateTimeOffset ToOffset(timespan offset)", |_, t, a| {
        let minutes = span(&at(a, 0)).0 / MINUTE;
        with_offset(DateTime::new(utc_ticks(t) + minutes * MINUTE, DateKind::Unspecified), minutes)
    }),
    Static("System.DateTimeOffset FromUnixTimeSeconds(long seconds)", |_, a| {
        with_offset(
            integer(a, 0)
                .checked_mul(TICKS_PER_SECOND)
                .and_then(|t| DateTime::new(t + UNIX_EPOCH, DateKind::Unspecified)),
            0,
        )
    }),
    Static("System.DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)", |_, a| {
        with_offset(
            integer(a, 0)
                .checked_mul(MILLISECOND)
                .and_then(|t| DateTime::new(t + UNIX_EPOCH, DateKind::Unspecified)),
            0,
        )
    }),
    Static("System.DateTimeOffset Parse(string input)", |_, a| match parse_offset(&string(a, 0)) {
        Some((date, minutes)) => with_offset(Some(date), minutes),
        None => net(
            "System.FormatException",
            format!("String '{}' was not recognized as a valid DateTime.", string(a, 0)),
        ),
    }),
    StaticProperty("System.DateTimeOffset Now", |it, _| {
        with_offset(DateTime::new(it.host.now(), DateKind::Unspecified), 0)
    }),
    StaticProperty("System.DateTimeOffset UtcNow", |it, _| {
        with_offset(DateTime::new(it.host.now(), DateKind::Unspecified), 0)
    }),
    New("System.DateTimeOffset(datetime dateTime)", |_, a| with_offset(Some(date(&at(a, 0))), 0)),
    New("System.DateTimeOffset(datetime dateTime, timespan offset)", |_, a| {
        with_offset(Some(date(&at(a, 0))), span(&at(a, 1)).0 / MINUTE)
    }),
    New(
        "System.DateTimeOffset(int year, int month, int day, int hour, int minute, int second, timespan offset)",
        |_, a| {
            let local = from_args(a.get(..6).unwrap_or_default(), DateKind::Unspecified)?;
            with_offset(Some(date(&local)), span(&at(a, 6)).0 / MINUTE)
        },
    ),
];

fn ratio(value: &Value, unit: i64) -> Value {
    Value::Double(span(value).0 as f64 / unit as f64)
}

fn of(amount: f64, unit: i64) -> R<Value> {
    let ticks = amount * unit as f64;
    if !ticks.is_finite() || ticks.abs() > i64::MAX as f64 {
        return net("System.OverflowException", "TimeSpan overflowed because the duration is too long.");
    }
    // Fractions below a millisecond are rounded away.
    let millis = ticks / MILLISECOND as f64;
    Ok(Value::TimeSpan(TimeSpan(if unit == 1 {
        ticks as i64
    } else {
        (millis + if millis < 0.0 { -0.5 } else { 0.5 }) as i64 * MILLISECOND
    })))
}

fn span_args(a: &[Value], first_days: bool) -> Value {
    let n = |i: usize| integer(a, i);
    let ticks = if first_days {
        n(0) * TICKS_PER_DAY + n(1) * HOUR + n(2) * MINUTE + n(3) * TICKS_PER_SECOND + n(4) * MILLISECOND
    } else {
        n(0) * HOUR + n(1) * MINUTE + n(2) * TICKS_PER_SECOND
    };
    Value::TimeSpan(TimeSpan(ticks))
}

const SPAN: &[Declared] = &[
    Property("int Days", |_, t, _| Ok(Value::Int(span(t).days() as i32))),
    Property("int Hours", |_, t, _| Ok(Value::Int(span(t).part(HOUR, 24) as i32))),
    Property("int Minutes", |_, t, _| Ok(Value::Int(span(t).part(MINUTE, 60) as i32))),
    Property("int Seconds", |_, t, _| Ok(Value::Int(span(t).part(TICKS_PER_SECOND, 60) as i32))),
    Property("int Milliseconds", |_, t, _| Ok(Value::Int(span(t).part(MILLISECOND, 1000) as i32))),
    Property("long Ticks", |_, t, _| Ok(Value::Long(span(t).0))),
    Property("double TotalDays", |_, t, _| Ok(ratio(t, TICKS_PER_DAY))),
    Property("double TotalHours", |_, t, _| Ok(ratio(t, HOUR))),
    Property("double TotalMinutes", |_, t, _| Ok(ratio(t, MINUTE))),
    Property("double TotalSeconds", |_, t, _| Ok(ratio(t, TICKS_PER_SECOND))),
    Property("double TotalMilliseconds", |_, t, _| Ok(ratio(t, MILLISECOND))),
    Method("timespan Add(timespan ts)", |_, t, a| {
        Ok(Value::TimeSpan(TimeSpan(span(t).0 + span(&at(a, 0)).0)))
    }),
    Method("timespan Subtract(timespan ts)", |_, t, a| {
        Ok(Value::TimeSpan(TimeSpan(span(t).0 - span(&at(a, 0)).0)))
    }),
    Method("timespan Negate()", |_, t, _| Ok(Value::TimeSpan(TimeSpan(-span(t).0)))),
    Method("timespan Duration()", |_, t, _| Ok(Value::TimeSpan(TimeSpan(span(t).0.abs())))),
    Method("timespan Multiply(double factor)", |_, t, a| {
        Ok(Value::TimeSpan(TimeSpan((span(t).0 as f64 * double(a, 0)) as i64)))
    }),
    Method("int CompareTo(timespan value)", |_, t, a| Ok(Value::Int(span(t).cmp(&span(&at(a, 0))) as i32))),
    Method("bool Equals(timespan obj)", |_, t, a| Ok(Value::Bool(span(t) == span(&at(a, 0))))),
    Static("timespan FromDays(double value)", |_, a| of(double(a, 0), TICKS_PER_DAY)),
    Static("timespan FromHours(double value)", |_, a| of(double(a, 0), HOUR)),
    Static("timespan FromMinutes(double value)", |_, a| of(double(a, 0), MINUTE)),
    Static("timespan FromSeconds(double value)", |_, a| of(double(a, 0), TICKS_PER_SECOND)),
    Static("timespan FromMilliseconds(double value)", |_, a| of(double(a, 0), MILLISECOND)),
    Static("timespan FromTicks(long value)", |_, a| Ok(Value::TimeSpan(TimeSpan(integer(a, 0))))),
    Static("timespan Parse(string s)", |_, a| match TimeSpan::parse(&string(a, 0)) {
        Some(span) => Ok(Value::TimeSpan(span)),
        None => net(
            "System.FormatException",
            format!("String '{}' was not recognized as a valid TimeSpan.", string(a, 0)),
        ),
    }),
    Static("bool TryParse(string s, out timespan result)", |it, a| {
        let found = TimeSpan::parse(&string(a, 0));
        if let Value::Ref(reference) = at(a, 1).base() {
            it.write_reference(&reference.clone(), Value::TimeSpan(found.unwrap_or(TimeSpan(0))))?;
        }
        Ok(Value::Bool(found.is_some()))
    }),
    StaticProperty("timespan Zero", |_, _| Ok(Value::TimeSpan(TimeSpan(0)))),
    StaticProperty("timespan MaxValue", |_, _| Ok(Value::TimeSpan(TimeSpan(i64::MAX)))),
    StaticProperty("timespan MinValue", |_, _| Ok(Value::TimeSpan(TimeSpan(i64::MIN)))),
    StaticProperty("long TicksPerDay", |_, _| Ok(Value::Long(TICKS_PER_DAY))),
    StaticProperty("long TicksPerSecond", |_, _| Ok(Value::Long(TICKS_PER_SECOND))),
    StaticProperty("long TicksPerMillisecond", |_, _| Ok(Value::Long(MILLISECOND))),
    New("timespan(long ticks)", |_, a| Ok(Value::TimeSpan(TimeSpan(integer(a, 0))))),
    New("timespan(int hours, int minutes, int seconds)", |_, a| Ok(span_args(a, false))),
    New("timespan(int days, int hours, int minutes, int seconds)", |_, a| Ok(span_args(a, true))),
    New("timespan(int days, int hours, int minutes, int seconds, int milliseconds)", |_, a| {
        Ok(span_args(a, true))
    }),
];

const ZONE: &[Declared] = &[
    Property("string Id", |_, _, _| Ok(Value::from("UTC"))),
    Property("string DisplayName", |_, _, _| Ok(Value::from("(UTC) Coordinated Universal Time"))),
    Property("string StandardName", |_, _, _| Ok(Value::from("Coordinated Universal Time"))),
    Property("timespan BaseUtcOffset", |_, _, _| Ok(Value::TimeSpan(TimeSpan(0)))),
    Property("bool SupportsDaylightSavingTime", |_, _, _| Ok(Value::Bool(false))),
    StaticProperty("System.TimeZoneInfo Local", |_, _| Ok(Value::net(Net::TimeZone("UTC".into())))),
    StaticProperty("System.TimeZoneInfo Utc", |_, _| Ok(Value::net(Net::TimeZone("UTC".into())))),
];

//! `DateTime`, and the enums of dates.

use chrono::Datelike;

use super::Members;
use super::args::{at, date, double, integer, span, string};
use super::culture::provided;
use super::date_offsets::OFFSET;
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::time_spans::{SPAN, ZONE};
use crate::eval::Interp;
use ps_value::date_exact::exact;
use ps_value::date_text::{ROUNDTRIP_KIND, parse_in, settle};
use ps_value::datetime::{TICKS_PER_DAY, TICKS_PER_SECOND, UNIX_EPOCH, days_in_month};
use ps_value::error::{R, net};
use ps_value::types::NetType;
use ps_value::{DateKind, DateTime, TimeSpan, Value};

pub(super) const HOUR: i64 = 36_000_000_000;

pub(super) const MINUTE: i64 = 600_000_000;

pub(super) const MILLISECOND: i64 = 10_000;

pub(super) const MEMBERS: Members = &[
    (NetType::DateTime, DATE),
    (NetType::DateTimeOffset, OFFSET),
    (NetType::TimeSpan, SPAN),
    (NetType::TimeZoneInfo, ZONE),
];

pub(super) fn made(date: Option<DateTime>) -> R<Value> {
    match date {
        Some(date) => Ok(Value::DateTime(date)),
        None => net(
            NetType::ArgumentOutOfRangeException,
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

pub(super) fn from_args(a: &[Value], kind: DateKind) -> R<Value> {
    let n = |i: usize| integer(a, i);
    let part = |i: usize| u32::try_from(n(i)).unwrap_or(99);
    let date = i32::try_from(n(0)).ok().and_then(|year| {
        DateTime::from_parts(year, part(1), part(2), [part(3), part(4), part(5)], n(6) * MILLISECOND, kind)
    });
    match date {
        Some(date) => Ok(Value::DateTime(date)),
        None => net(
            NetType::ArgumentOutOfRangeException,
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

fn not_a_date<T>(source: &str) -> R<T> {
    net(NetType::FormatException, format!("String '{source}' was not recognized as a valid DateTime."))
}

fn parse(it: &mut Interp, source: &str, provider: &Value, style: i64) -> R<Value> {
    let culture = provided(it, provider)?;
    match parse_in(source, &culture.dates.borrow(), style) {
        Some(date) => Ok(Value::DateTime(date)),
        None => not_a_date(source),
    }
}

/// Reads a date with the first matching format; the provider is the third argument.
fn found_exact(it: &mut Interp, args: &[Value], style: i64) -> R<Option<DateTime>> {
    let culture = provided(it, &at(args, 2))?;
    let source = string(args, 0);
    for format in at(args, 1).to_items() {
        let format = it.to_text(&format);
        // The round-trip format specifies the kind itself.
        let style = if matches!(format.as_str(), "o" | "O") { style | ROUNDTRIP_KIND } else { style };
        if let Some((date, offset)) = exact(&source, &format, &culture.dates.borrow(), style) {
            return Ok(settle(date, offset, style));
        }
    }
    Ok(None)
}

fn parse_exact(it: &mut Interp, args: &[Value], style: i64) -> R<Value> {
    match found_exact(it, args, style)? {
        Some(date) => Ok(Value::DateTime(date)),
        None => not_a_date(&string(args, 0)),
    }
}

fn try_into(it: &mut Interp, target: &Value, found: Option<DateTime>) -> R<Value> {
    if let Value::Ref(reference) = target.base() {
        let value = Value::DateTime(found.unwrap_or(ps_value::datetime::MIN));
        it.write_reference(&reference.clone(), value)?;
    }
    Ok(Value::Bool(found.is_some()))
}

fn formatted(it: &mut Interp, value: &Value, spec: &str, provider: &Value) -> R<Value> {
    let culture = provided(it, provider)?;
    match date(value).format(spec, &culture.dates.borrow()) {
        Some(text) => Ok(Value::from(text)),
        None => net(NetType::FormatException, "Input string was not in a correct format."),
    }
}

const DATE: &[Declared] = &[
    Property("datetime Date", |_, t, _| made(date(t).plus(-(date(t).ticks() % TICKS_PER_DAY)))),
    Property("int Day", |_, t, _| Ok(Value::Int(date(t).date().day() as i32))),
    Property("System.DayOfWeek DayOfWeek", |_, t, _| {
        Ok(super::enum_value(NetType::DayOfWeek, i64::from(date(t).date().weekday().num_days_from_sunday())))
    }),
    Property("int DayOfYear", |_, t, _| Ok(Value::Int(date(t).date().ordinal() as i32))),
    Property("int Hour", |_, t, _| Ok(Value::Int((date(t).ticks() / HOUR % 24) as i32))),
    Property("System.DateTimeKind Kind", |_, t, _| {
        Ok(super::enum_value(NetType::DateTimeKind, date(t).kind() as i64))
    }),
    Property("int Millisecond", |_, t, _| Ok(Value::Int((date(t).ticks() / MILLISECOND % 1000) as i32))),
    Property("int Minute", |_, t, _| Ok(Value::Int((date(t).ticks() / MINUTE % 60) as i32))),
    Property("int Month", |_, t, _| Ok(Value::Int(date(t).date().month() as i32))),
    Property("int Second", |_, t, _| Ok(Value::Int((date(t).ticks() / TICKS_PER_SECOND % 60) as i32))),
    Property("long Ticks", |_, t, _| Ok(Value::Long(date(t).ticks()))),
    Property("timespan TimeOfDay", |_, t, _| Ok(Value::TimeSpan(TimeSpan(date(t).ticks() % TICKS_PER_DAY)))),
    Property("int Year", |_, t, _| Ok(Value::Int(date(t).date().year()))),
    Property("string DateTime", |it, t, _| formatted(it, t, "F", &Value::Null)),
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
    Method("string ToShortDateString()", |it, t, _| formatted(it, t, "d", &Value::Null)),
    Method("string ToLongDateString()", |it, t, _| formatted(it, t, "D", &Value::Null)),
    Method("string ToShortTimeString()", |it, t, _| formatted(it, t, "t", &Value::Null)),
    Method("string ToLongTimeString()", |it, t, _| formatted(it, t, "T", &Value::Null)),
    Method("bool IsDaylightSavingTime()", |_, _, _| Ok(Value::Bool(false))),
    Method("long ToFileTime()", |_, t, _| Ok(Value::Long(date(t).ticks() - 504_911_232_000_000_000))),
    Method("long ToFileTimeUtc()", |_, t, _| Ok(Value::Long(date(t).ticks() - 504_911_232_000_000_000))),
    Method("double ToOADate()", |_, t, _| {
        Ok(Value::Double((date(t).ticks() - 599_264_352_000_000_000) as f64 / TICKS_PER_DAY as f64))
    }),
    Method("string ToString()", |it, t, _| formatted(it, t, "", &Value::Null)),
    Method("string ToString(string format)", |it, t, a| formatted(it, t, &string(a, 0), &Value::Null)),
    Method("string ToString(System.IFormatProvider provider)", |it, t, a| formatted(it, t, "", &at(a, 0))),
    Method("string ToString(string format, System.IFormatProvider provider)", |it, t, a| {
        formatted(it, t, &string(a, 0), &at(a, 1))
    }),
    Static("datetime Parse(string s)", |it, a| parse(it, &string(a, 0), &Value::Null, 0)),
    Static("datetime Parse(string s, System.IFormatProvider provider)", |it, a| {
        parse(it, &string(a, 0), &at(a, 1), 0)
    }),
    Static(
        "datetime Parse(string s, System.IFormatProvider provider, System.Globalization.DateTimeStyles styles)",
        |it, a| parse(it, &string(a, 0), &at(a, 1), integer(a, 2)),
    ),
    Static("datetime ParseExact(string s, string format, System.IFormatProvider provider)", |it, a| {
        parse_exact(it, a, 0)
    }),
    Static(
        "datetime ParseExact(string s, string[] formats, System.IFormatProvider provider, System.Globalization.DateTimeStyles style)",
        |it, a| parse_exact(it, a, integer(a, 3)),
    ),
    Static("bool TryParse(string s, out datetime result)", |it, a| {
        let found = parse_in(&string(a, 0), &it.culture.dates.borrow(), 0);
        try_into(it, &at(a, 1), found)
    }),
    Static(
        "bool TryParse(string s, System.IFormatProvider provider, System.Globalization.DateTimeStyles styles, out datetime result)",
        |it, a| {
            let culture = provided(it, &at(a, 1))?;
            let found = parse_in(&string(a, 0), &culture.dates.borrow(), integer(a, 2));
            try_into(it, &at(a, 3), found)
        },
    ),
    Static(
        "bool TryParseExact(string s, string[] format, System.IFormatProvider provider, System.Globalization.DateTimeStyles style, out datetime result)",
        |it, a| {
            let found = found_exact(it, a, integer(a, 3))?;
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
    StaticProperty("datetime MinValue", |_, _| Ok(Value::DateTime(ps_value::datetime::MIN))),
    StaticProperty("datetime MaxValue", |_, _| {
        made(DateTime::new(ps_value::datetime::MAX_TICKS, DateKind::Unspecified))
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

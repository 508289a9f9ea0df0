//! `DateTimeOffset`.

use chrono::Datelike;
use ps_value::types::NetType;

use super::args::{at, date, double, integer, span, string};
use super::culture::provided;
use super::dates::{HOUR, MILLISECOND, MINUTE, from_args, made};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use crate::eval::Interp;
use ps_value::date_exact::exact;
use ps_value::date_text::{ADJUST_TO_UNIVERSAL, parse_offset};
use ps_value::datetime::{TICKS_PER_DAY, TICKS_PER_SECOND, UNIX_EPOCH};
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::{DateKind, DateTime, TimeSpan, Value};

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
            NetType::ArgumentOutOfRangeException,
            "The UTC time represented when the offset is applied must be between year 0 and 10,000. (Parameter 'offset')",
        ),
    }
}

fn offset_plus(value: &Value, amount: f64, unit: i64) -> R<Value> {
    let (date, minutes) = offset(value);
    with_offset(date.plus((amount * unit as f64) as i64), minutes)
}

fn formatted(it: &mut Interp, value: &Value, spec: &str, provider: &Value) -> R<Value> {
    let culture = provided(it, provider)?;
    let text = match value.base() {
        Value::Net(own) => own.format(spec, &culture.dates.borrow()),
        _ => None,
    };
    match text {
        Some(text) => Ok(Value::from(text)),
        None => net(NetType::FormatException, "Input string was not in a correct format."),
    }
}

fn not_a_date<T>(source: &str) -> R<T> {
    net(NetType::FormatException, format!("String '{source}' was not recognized as a valid DateTime."))
}

fn parsed(it: &mut Interp, args: &[Value], provider: &Value, style: i64) -> R<Value> {
    let culture = provided(it, provider)?;
    let source = string(args, 0);
    match parse_offset(&source, &culture.dates.borrow(), style) {
        Some((date, minutes)) => with_offset(Some(date), minutes),
        None => not_a_date(&source),
    }
}

fn parsed_exact(it: &mut Interp, args: &[Value], style: i64) -> R<Value> {
    let culture = provided(it, &at(args, 2))?;
    let source = string(args, 0);
    for format in at(args, 1).to_items() {
        let format = ps_value::text(&format);
        if let Some((date, offset)) = exact(&source, &format, &culture.dates.borrow(), style) {
            let minutes = offset.map_or(0, |o| o.minutes);
            return match style & ADJUST_TO_UNIVERSAL {
                0 => with_offset(Some(date), minutes),
                _ => with_offset(date.plus(-minutes * MINUTE), 0),
            };
        }
    }
    not_a_date(&source)
}

fn try_into(it: &mut Interp, target: &Value, found: Option<Value>) -> R<Value> {
    let is_found = found.is_some();
    if let Value::Ref(reference) = target.base() {
        let none = || Value::net(Net::DateOffset(ps_value::datetime::MIN, 0));
        it.write_reference(&reference.clone(), found.unwrap_or_else(none))?;
    }
    Ok(Value::Bool(is_found))
}

pub(super) const OFFSET: &[Declared] = &[
    Property("datetime DateTime", |_, t, _| Ok(Value::DateTime(offset(t).0))),
    Property("datetime UtcDateTime", |_, t, _| made(DateTime::new(utc_ticks(t), DateKind::Utc))),
    Property("datetime LocalDateTime", |_, t, _| made(DateTime::new(utc_ticks(t), DateKind::Local))),
    Property("datetime Date", |_, t, _| made(offset(t).0.plus(-(offset(t).0.ticks() % TICKS_PER_DAY)))),
    Property("int Day", |_, t, _| Ok(Value::Int(offset(t).0.date().day() as i32))),
    Property("System.DayOfWeek DayOfWeek", |_, t, _| {
        Ok(super::enum_value(
            NetType::DayOfWeek,
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
    Method("string ToString()", |it, t, _| formatted(it, t, "", &Value::Null)),
    Method("string ToString(string format)", |it, t, a| formatted(it, t, &string(a, 0), &Value::Null)),
    Method("string ToString(System.IFormatProvider provider)", |it, t, a| formatted(it, t, "", &at(a, 0))),
    Method("string ToString(string format, System.IFormatProvider provider)", |it, t, a| {
        formatted(it, t, &string(a, 0), &at(a, 1))
    }),
    Static("System.DateTimeOffset Parse(string input)", |it, a| parsed(it, a, &Value::Null, 0)),
    Static("System.DateTimeOffset Parse(string input, System.IFormatProvider formatProvider)", |it, a| {
        parsed(it, a, &at(a, 1), 0)
    }),
    Static(
        "System.DateTimeOffset Parse(string input, System.IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles)",
        |it, a| parsed(it, a, &at(a, 1), integer(a, 2)),
    ),
    Static(
        "System.DateTimeOffset ParseExact(string input, string format, System.IFormatProvider formatProvider)",
        |it, a| parsed_exact(it, a, 0),
    ),
    Static(
        "System.DateTimeOffset ParseExact(string input, string[] formats, System.IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles)",
        |it, a| parsed_exact(it, a, integer(a, 3)),
    ),
    Static("bool TryParse(string input, out System.DateTimeOffset result)", |it, a| {
        let found = parsed(it, a, &Value::Null, 0).ok();
        try_into(it, &at(a, 1), found)
    }),
    Static(
        "bool TryParse(string input, System.IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles, out System.DateTimeOffset result)",
        |it, a| {
            provided(it, &at(a, 1))?;
            let found = parsed(it, a, &at(a, 1), integer(a, 2)).ok();
            try_into(it, &at(a, 3), found)
        },
    ),
    Static(
        "bool TryParseExact(string input, string[] formats, System.IFormatProvider formatProvider, System.Globalization.DateTimeStyles styles, out System.DateTimeOffset result)",
        |it, a| {
            provided(it, &at(a, 2))?;
            let found = parsed_exact(it, a, integer(a, 3)).ok();
            try_into(it, &at(a, 4), found)
        },
    ),
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

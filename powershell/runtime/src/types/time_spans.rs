//! `TimeSpan` and `TimeZoneInfo`.

use super::args::{at, double, integer, span, string};
use super::dates::{HOUR, MILLISECOND, MINUTE};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use ps_value::datetime::{TICKS_PER_DAY, TICKS_PER_SECOND};
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{TimeSpan, Value};

fn ratio(value: &Value, unit: i64) -> Value {
    Value::Double(span(value).0 as f64 / unit as f64)
}

fn of(amount: f64, unit: i64) -> R<Value> {
    let ticks = amount * unit as f64;
    if !ticks.is_finite() || ticks.abs() > i64::MAX as f64 {
        return net(NetType::OverflowException, "TimeSpan overflowed because the duration is too long.");
    }
    // Fractions below a millisecond are rounded.
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

pub(super) const SPAN: &[Declared] = &[
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
            NetType::FormatException,
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

pub(super) const ZONE: &[Declared] = &[
    Property("string Id", |_, _, _| Ok(Value::from("UTC"))),
    Property("string DisplayName", |_, _, _| Ok(Value::from("(UTC) Coordinated Universal Time"))),
    Property("string StandardName", |_, _, _| Ok(Value::from("Coordinated Universal Time"))),
    Property("timespan BaseUtcOffset", |_, _, _| Ok(Value::TimeSpan(TimeSpan(0)))),
    Property("bool SupportsDaylightSavingTime", |_, _, _| Ok(Value::Bool(false))),
    StaticProperty("System.TimeZoneInfo Local", |_, _| Ok(Value::net(Net::TimeZone("UTC".into())))),
    StaticProperty("System.TimeZoneInfo Utc", |_, _| Ok(Value::net(Net::TimeZone("UTC".into())))),
];

//! `System.Xml.XmlConvert`: values as XML Schema writes them.
//!
//! Source: "XML Schema Part 2: Datatypes" (W3C).

use super::Members;
use super::args::{at, date, string};
use super::declare::Declared::{self, Static};
use ps_value::datetime::{TICKS_PER_SECOND, TimeSpan};
use ps_value::error::net;
use ps_value::types::NetType;
use ps_value::{Value, text};

pub(super) const MEMBERS: Members = &[(NetType::XmlConvert, CONVERT)];

const CONVERT: &[Declared] = &[
    Static("string ToString(object value)", |_, a| Ok(Value::from(written(&at(a, 0))))),
    Static("string ToString(datetime value, string format)", |_, a| {
        match date(&at(a, 0)).format(&string(a, 1), &ps_value::culture::invariant().dates.borrow()) {
            Some(shown) => Ok(Value::from(shown)),
            None => net(NetType::FormatException, "Input string was not in a correct format."),
        }
    }),
    Static("timespan ToTimeSpan(string s)", |_, a| match duration(&string(a, 0)) {
        Some(span) => Ok(Value::TimeSpan(span)),
        None => net(
            NetType::FormatException,
            format!("The string '{}' is not a valid TimeSpan value.", string(a, 0)),
        ),
    }),
    Static("bool ToBoolean(string s)", |_, a| match string(a, 0).trim() {
        "true" | "1" => Ok(Value::Bool(true)),
        "false" | "0" => Ok(Value::Bool(false)),
        other => net(NetType::FormatException, format!("The string '{other}' is not a valid Boolean value.")),
    }),
];

fn written(value: &Value) -> String {
    match value.base() {
        Value::Bool(value) => value.to_string(),
        Value::TimeSpan(span) => shown(*span),
        Value::DateTime(date) => date
            .format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK", &ps_value::culture::invariant().dates.borrow())
            .unwrap_or_default(),
        _ => text(value),
    }
}

/// Formats a span as `-P1DT2H3M4.5S`; an empty one is `PT0S`.
fn shown(span: TimeSpan) -> String {
    let ticks = span.0.unsigned_abs();
    let second = TICKS_PER_SECOND.unsigned_abs();
    let seconds = ticks / second;
    let mut out = String::from(if span.0 < 0 { "-P" } else { "P" });
    if seconds >= 86_400 {
        out.push_str(&format!("{}D", seconds / 86_400));
    }
    let (hours, minutes, rest) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let fraction = ticks % second;
    if hours + minutes + rest + fraction > 0 || seconds == 0 {
        out.push('T');
    }
    for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
        if count > 0 {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    if fraction > 0 {
        let digits = format!("{fraction:07}");
        out.push_str(&format!("{rest}.{}S", digits.trim_end_matches('0')));
    } else if rest > 0 || ticks == 0 {
        out.push_str(&format!("{rest}S"));
    }
    out
}

/// Reads the format of `shown`. A year has 365 days and a month 30, as in .NET.
fn duration(text: &str) -> Option<TimeSpan> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let text = text.strip_prefix('P')?;
    let (dates, times) = text.split_once('T').map_or((text, None), |(dates, times)| (dates, Some(times)));
    if text.is_empty() || times == Some("") {
        return None;
    }
    let units = [('Y', 365 * 86_400), ('M', 30 * 86_400), ('D', 86_400)];
    let mut ticks = parts(dates, &units)?;
    if let Some(times) = times {
        ticks = ticks.checked_add(parts(times, &[('H', 3600), ('M', 60), ('S', 1)])?)?;
    }
    Some(TimeSpan(if negative { ticks.checked_neg()? } else { ticks }))
}

/// Reads numbers with their units, in the order of `units`.
fn parts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut ticks) = (text, 0_i64);
    for (unit, seconds) in units {
        let Some((number, after)) = rest.split_once(*unit) else { continue };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if !fraction.is_empty() && *unit != 'S' {
            return None;
        }
        let whole: u32 = whole.parse().ok()?;
        ticks = ticks.checked_add(i64::from(whole).checked_mul(seconds.checked_mul(TICKS_PER_SECOND)?)?)?;
        if !fraction.is_empty() {
            let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
            ticks = ticks.checked_add(i64::from(digits.parse::<u32>().ok()?))?;
        }
        rest = after;
    }
    rest.is_empty().then_some(ticks)
}

//! Dates and random numbers.

use super::{Cmdlet, Cx};
use crate::eval::error::{Category, Fault, R};
use crate::value::{DateKind, DateTime, TimeSpan, Value};

/// Random numbers that a seed decides.
pub struct Rng(fastrand::Rng);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// From `low` to one less than `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.0.i64(low..high) } else { low }
    }

    pub fn fraction(&mut self) -> f64 {
        self.0.f64()
    }
}

pub(super) fn get_date(cx: &mut Cx<'_>) -> R<()> {
    use chrono::{Datelike, Timelike};
    let mut date = match cx.get("Date").as_ref().map(Value::base) {
        Some(Value::DateTime(date)) => *date,
        _ => match cx.integer("UnixTimeSeconds") {
            Some(seconds) => DateTime::new(
                crate::value::datetime::UNIX_EPOCH + seconds * crate::value::datetime::TICKS_PER_SECOND,
                DateKind::Local,
            )
            .unwrap_or(crate::value::datetime::MIN),
            None => DateTime::new(cx.it.host.now(), DateKind::Local).unwrap_or(crate::value::datetime::MIN),
        },
    };
    let parts = ["Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond"];
    if parts.iter().any(|p| cx.has(p)) {
        let at = date.chrono();
        let pick = |cx: &Cx<'_>, name: &str, own: u32| {
            cx.integer(name).and_then(|v| u32::try_from(v).ok()).unwrap_or(own)
        };
        let time =
            [pick(cx, "Hour", at.hour()), pick(cx, "Minute", at.minute()), pick(cx, "Second", at.second())];
        let fraction = cx
            .integer("Millisecond")
            .map_or(date.ticks() % crate::value::datetime::TICKS_PER_SECOND, |m| m * 10_000);
        match DateTime::from_parts(
            pick(cx, "Year", at.year() as u32) as i32,
            pick(cx, "Month", at.month()),
            pick(cx, "Day", at.day()),
            time,
            fraction,
            date.kind(),
        ) {
            Some(made) => date = made,
            None => {
                return cx.fail(Fault::new(
                    "System.ArgumentOutOfRangeException",
                    "System.ArgumentOutOfRangeException",
                    Category::NotSpecified,
                    "Year, Month, and Day parameters describe an un-representable DateTime.",
                ));
            }
        }
    }
    if cx.flag("AsUTC") {
        date = date.with_kind(DateKind::Utc);
    }
    if let Some(format) = cx.text("Format") {
        let format = match format.to_ascii_lowercase().as_str() {
            "filedate" => "yyyyMMdd".to_owned(),
            "filedatetime" => "yyyyMMddTHHmmssffff".to_owned(),
            "filedateuniversal" => "yyyyMMddZ".to_owned(),
            "filedatetimeuniversal" => "yyyyMMddTHHmmssffffZ".to_owned(),
            _ => format,
        };
        return match date.format(&format) {
            Some(text) => cx.put(Value::from(text)),
            None => cx.fail(Fault::new(
                "System.FormatException",
                "System.FormatException",
                Category::NotSpecified,
                "Input string was not in a correct format.",
            )),
        };
    }
    if let Some(format) = cx.text("UFormat") {
        return cx.put(Value::from(unix_format(date, &format)));
    }
    cx.put(Value::DateTime(date))
}

/// `-UFormat`: the conversions of `date(1)`.
fn unix_format(date: DateTime, format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.trim_start_matches('+').chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let custom = match chars.next() {
            Some('Y') => "yyyy",
            Some('y') => "yy",
            Some('m') => "MM",
            Some('d') => "dd",
            Some('H') => "HH",
            Some('I') => "hh",
            Some('M') => "mm",
            Some('S') => "ss",
            Some('p') => "tt",
            Some('A') => "dddd",
            Some('a') => "ddd",
            Some('B') => "MMMM",
            Some('b' | 'h') => "MMM",
            Some('F') => "yyyy-MM-dd",
            Some('D') => "MM/dd/yy",
            Some('T') => "HH:mm:ss",
            Some('R') => "HH:mm",
            Some('Z') => "'+00'",
            Some('j') => {
                use chrono::Datelike;
                out.push_str(&format!("{:03}", date.date().ordinal()));
                continue;
            }
            Some('s') => {
                out.push_str(
                    &((date.ticks() - crate::value::datetime::UNIX_EPOCH)
                        / crate::value::datetime::TICKS_PER_SECOND)
                        .to_string(),
                );
                continue;
            }
            Some('n') => "'\n'",
            Some('t') => "'\t'",
            Some(other) => {
                out.push(other);
                continue;
            }
            None => break,
        };
        out.push_str(&date.custom(custom, 0).unwrap_or_default());
    }
    out
}

pub(super) fn new_time_span(cx: &mut Cx<'_>) -> R<()> {
    if cx.has("Start") || cx.has("End") {
        let now = cx.it.host.now();
        let of = |cx: &Cx<'_>, name: &str| match cx.get(name).as_ref().map(Value::base) {
            Some(Value::DateTime(date)) => date.ticks(),
            _ => now,
        };
        let (start, end) = (of(cx, "Start"), of(cx, "End"));
        return cx.put(Value::TimeSpan(TimeSpan(end - start)));
    }
    let part = |cx: &Cx<'_>, name: &str, unit: i64| cx.integer(name).unwrap_or(0) * unit;
    let ticks = part(cx, "Days", 864_000_000_000)
        + part(cx, "Hours", 36_000_000_000)
        + part(cx, "Minutes", 600_000_000)
        + part(cx, "Seconds", 10_000_000)
        + part(cx, "Milliseconds", 10_000);
    cx.put(Value::TimeSpan(TimeSpan(ticks)))
}

#[derive(Default)]
pub(super) struct Random {
    items: Vec<Value>,
}

impl Cmdlet for Random {
    fn begin(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if let Some(seed) = cx.integer("SetSeed") {
            cx.it.random = Rng::new(seed as u64);
        }
        Ok(())
    }

    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if cx.has("InputObject") {
            self.items.extend(cx.values("InputObject"));
            return Ok(());
        }
        let count = cx.integer("Count").unwrap_or(1).max(1);
        for _ in 0..count {
            let value = number_between(cx)?;
            cx.put(value)?;
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let mut items = std::mem::take(&mut self.items);
        let count =
            if cx.flag("Shuffle") { items.len() } else { cx.integer("Count").unwrap_or(1).max(0) as usize };
        for _ in 0..count.min(items.len()) {
            let at = cx.it.random.between(0, items.len() as i64) as usize;
            let item = items.swap_remove(at);
            cx.put(item)?;
        }
        Ok(())
    }
}

fn number_between(cx: &mut Cx<'_>) -> R<Value> {
    let (low, high) = (cx.get("Minimum"), cx.get("Maximum"));
    let real =
        |v: &Option<Value>| matches!(v.as_ref().map(Value::base), Some(Value::Double(_) | Value::Single(_)));
    if real(&low) || real(&high) {
        let (a, b) = (
            low.and_then(|v| v.as_double()).unwrap_or(0.0),
            high.and_then(|v| v.as_double()).unwrap_or(f64::MAX),
        );
        return Ok(Value::Double(a + cx.it.random.fraction() * (b - a)));
    }
    let long = crate::types::native("System.Int64");
    let wide = matches!(low.as_ref().map(Value::base), Some(Value::Long(_)))
        || matches!(high.as_ref().map(Value::base), Some(Value::Long(_)));
    let a = low.map(|v| cx.it.convert(&v, &long)).transpose()?.and_then(|v| v.as_integer()).unwrap_or(0);
    let b = high
        .map(|v| cx.it.convert(&v, &long))
        .transpose()?
        .and_then(|v| v.as_integer())
        .unwrap_or(i64::from(i32::MAX));
    if a >= b {
        let message =
            format!("The Minimum value ({a}) cannot be greater than or equal to the Maximum value ({b}).");
        return cx.fail(Fault::new(
            "System.ArgumentException",
            "MinGreaterThanOrEqualMax",
            Category::InvalidArgument,
            message,
        ));
    }
    let value = cx.it.random.between(a, b);
    Ok(if wide { Value::Long(value) } else { Value::Int(value as i32) })
}

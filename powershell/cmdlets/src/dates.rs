//! Dates and random numbers.

use ps_value::types::NetType;
use std::rc::Rc;

use chrono::{Datelike, Timelike};

use super::{Cmdlet, Cx};
use ps_runtime::parts::Part;
use ps_value::culture::DateFormat;
use ps_value::error::{Category, Fault, R};
use ps_value::random::Rng;
use ps_value::{DateKind, DateTime, Ext, Member, MemberKind, TimeSpan, Value};

/// The random numbers of a run.
struct Numbers(Rng);

impl Part for Numbers {
    fn begin(seed: u64) -> Self {
        Self(Rng::new(seed))
    }
}

pub(super) fn get_date(cx: &mut Cx<'_>) -> R<()> {
    let mut date = match cx.get("Date").as_ref().map(Value::base) {
        Some(Value::DateTime(date)) => *date,
        _ => match cx.integer("UnixTimeSeconds") {
            Some(seconds) => DateTime::new(
                ps_value::datetime::UNIX_EPOCH + seconds * ps_value::datetime::TICKS_PER_SECOND,
                DateKind::Local,
            )
            .unwrap_or(ps_value::datetime::MIN),
            None => DateTime::new(cx.it.host.now(), DateKind::Local).unwrap_or(ps_value::datetime::MIN),
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
            .map_or(date.ticks() % ps_value::datetime::TICKS_PER_SECOND, |m| m * 10_000);
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
                    NetType::ArgumentOutOfRangeException,
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
    let shown = match (cx.text("Format"), cx.text("UFormat")) {
        (Some(format), _) => {
            let format = match format.to_ascii_lowercase().as_str() {
                "filedate" => "yyyyMMdd".to_owned(),
                "filedatetime" => "yyyyMMddTHHmmssffff".to_owned(),
                "filedateuniversal" => "yyyyMMddZ".to_owned(),
                "filedatetimeuniversal" => "yyyyMMddTHHmmssffffZ".to_owned(),
                _ => format,
            };
            date.format(&format, &cx.it.culture.dates.borrow())
        }
        (None, Some(format)) => unix_format(date, &format, &cx.it.culture.dates.borrow()),
        (None, None) => {
            let value = Value::DateTime(date);
            let Some(hint) = cx.text("DisplayHint") else { return cx.put(value) };
            if !["Date", "Time", "DateTime"].iter().any(|known| known.eq_ignore_ascii_case(&hint)) {
                return bad_format(cx, "DisplayHint is Date, Time or DateTime.");
            }
            let noted = Ext::new(value, None);
            noted.set(Member { name: "DisplayHint".into(), kind: MemberKind::Note(Value::from(hint)) });
            return cx.put(Value::Ext(Rc::new(noted)));
        }
    };
    match shown {
        Some(text) => cx.put(Value::from(text)),
        None => bad_format(cx, "Input string was not in a correct format."),
    }
}

fn bad_format(cx: &mut Cx<'_>, why: &str) -> R<()> {
    let kind = NetType::FormatException;
    cx.fail(Fault::new(kind, kind.name(), Category::NotSpecified, why))
}

/// Formats a date with `-UFormat`: the conversions of `date(1)`. `None` when the format ends in a
/// percent sign.
fn unix_format(date: DateTime, format: &str, culture: &DateFormat) -> Option<String> {
    let day = date.date();
    let of_week = day.weekday().num_days_from_sunday();
    let since = date.ticks() - ps_value::datetime::UNIX_EPOCH;
    let mut out = String::new();
    let mut chars = format.strip_prefix('+').unwrap_or(format).chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let letter = chars.next()?;
        match letter {
            'C' => out.push_str(&(day.year() / 100).to_string()),
            'e' => out.push_str(&format!("{:2}", day.day())),
            'j' => out.push_str(&format!("{:03}", day.ordinal())),
            'k' => out.push_str(&format!("{:2}", date.chrono().hour())),
            'l' => out.push_str(&format!("{:2}", date.chrono().hour12().1)),
            'n' => out.push('\n'),
            's' => out.push_str(&since.div_euclid(ps_value::datetime::TICKS_PER_SECOND).to_string()),
            't' => out.push('\t'),
            'u' => out.push_str(&day.weekday().number_from_monday().to_string()),
            'U' | 'W' => out.push_str(&(day.ordinal() / 7).to_string()),
            'V' => out.push_str(&format!("{:02}", day.iso_week().week())),
            'w' => out.push_str(&of_week.to_string()),
            'c' => {
                out.push_str(&date.custom("ddd MMM", 0, culture)?);
                out.push_str(&format!(" {:2} ", day.day()));
                out.push_str(&date.custom("HH:mm:ss yyyy", 0, culture)?);
            }
            other => match pattern_of(other) {
                Some(pattern) => out.push_str(&date.custom(pattern, 0, culture)?),
                None => out.push(other),
            },
        }
    }
    Some(out)
}

/// Returns the pattern of a conversion that has one.
fn pattern_of(letter: char) -> Option<&'static str> {
    Some(match letter {
        'A' => "dddd",
        'a' => "ddd",
        'B' => "MMMM",
        'b' | 'h' => "MMM",
        'D' | 'x' => "MM/dd/yy",
        'd' => "dd",
        'F' => "yyyy-MM-dd",
        'G' | 'Y' => "yyyy",
        'g' | 'y' => "yy",
        'H' => "HH",
        'I' => "hh",
        'M' => "mm",
        'm' => "MM",
        'p' => "tt",
        'R' => "HH:mm",
        'r' => "hh:mm:ss tt",
        'S' => "ss",
        'T' | 'X' => "HH:mm:ss",
        'Z' => "zz",
        _ => return None,
    })
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
            cx.it.part::<Numbers>().0 = Rng::new(seed as u64);
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
            let at = cx.it.part::<Numbers>().0.between(0, items.len() as i64) as usize;
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
        return Ok(Value::Double(a + cx.it.part::<Numbers>().0.fraction() * (b - a)));
    }
    let long = NetType::Int64.ty();
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
            NetType::ArgumentException,
            "MinGreaterThanOrEqualMax",
            Category::InvalidArgument,
            message,
        ));
    }
    let value = cx.it.part::<Numbers>().0.between(a, b);
    Ok(if wide { Value::Long(value) } else { Value::Int(value as i32) })
}

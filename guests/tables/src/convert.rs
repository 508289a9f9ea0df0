//! Converts texts to database values, by the types that a job gives them.

use std::borrow::Cow;

use chrono::{DateTime, Days, NaiveDate};

use crate::column::pointed;
use crate::kind::Kind;
use crate::parse::{self, Zone};

/// A value for a database. Numbers are texts with all their digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted<'a> {
    /// A text, or a number with a decimal point.
    Text(Cow<'a, str>),
    /// True or false.
    Boolean(bool),
    /// `2026-01-31`.
    Date(String),
    /// `2026-01-31T10:20:30.5`.
    Timestamp(String),
    /// `2026-01-31T10:20:30.5Z`.
    TimestampTz(String),
}

/// Converts a text to a value of the type. With `comma`, the decimal sign is a comma. Returns `None` if the
/// text is not a value of the type.
pub fn convert<'a>(kind: &Kind, text: &'a str, comma: bool) -> Option<Converted<'a>> {
    let bytes = text.as_bytes();
    let number = || with_point(text, comma);
    let moment = |micros: i64, end: &str| {
        let time = DateTime::from_timestamp_micros(micros)?;
        Some(time.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string() + end)
    };
    Some(match kind {
        Kind::Text => Converted::Text(Cow::Borrowed(text)),
        Kind::Boolean if text.eq_ignore_ascii_case("true") => Converted::Boolean(true),
        Kind::Boolean if text.eq_ignore_ascii_case("false") => Converted::Boolean(false),
        Kind::Int64 => parse::integer(bytes).map(|_| Converted::Text(Cow::Borrowed(text)))?,
        Kind::Float64 => {
            let number = number()?;
            parse::float(number.as_bytes())?;
            Converted::Text(number)
        }
        Kind::Decimal(precision, scale) => {
            let number = number()?;
            parse::decimal(number.as_bytes(), *precision, *scale, false).ok()?;
            Converted::Text(number)
        }
        Kind::Date(format) => {
            let days = match format {
                None => parse::date(bytes)?,
                Some(format) => parse::date_as(text, format)?,
            };
            Converted::Date(day(days)?)
        }
        Kind::Timestamp(None) => match parse::timestamp(bytes)? {
            (micros, Zone::None) => Converted::Timestamp(moment(micros, "")?),
            _ => return None,
        },
        Kind::Timestamp(Some(format)) => {
            Converted::Timestamp(moment(parse::timestamp_as(text, format)?, "")?)
        }
        Kind::TimestampTz => match parse::timestamp(bytes)? {
            (_, Zone::None) => return None,
            (micros, _) => Converted::TimestampTz(moment(micros, "Z")?),
        },
        Kind::Boolean | Kind::List(_) | Kind::Object(_) => return None,
    })
}

/// Converts a number to decimal-point notation where `comma` is the decimal sign. Other texts stay unchanged.
/// Returns `None` for a number with a point where the decimal sign is a comma.
pub fn with_point(text: &str, comma: bool) -> Option<Cow<'_, str>> {
    Some(match pointed(text.as_bytes(), comma)? {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).ok()?),
    })
}

fn day(days: i32) -> Option<String> {
    let epoch = NaiveDate::default();
    let away = Days::new(u64::from(days.unsigned_abs()));
    let day = if days < 0 { epoch.checked_sub_days(away) } else { epoch.checked_add_days(away) };
    Some(day?.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_value_of_its_type_with_all_its_digits() {
        let text = |text: &str| Some(Converted::Text(Cow::Owned(text.to_owned())));
        for (kind, given, comma, wanted) in [
            ("text", "1,5", true, text("1,5")),
            ("int64", "007", false, text("007")),
            ("int64", "1.5", false, None),
            ("decimal(12,2)", "1234,50", true, text("1234.50")),
            ("decimal(12,2)", "1.234,50", true, None),
            ("decimal(12,2)", "1.505", false, None),
            ("decimal(38,0)", "12345678901234567890123", false, text("12345678901234567890123")),
            ("float64", "1e3", false, text("1e3")),
            ("float64", "-0,5", true, text("-0.5")),
            ("boolean", "True", false, Some(Converted::Boolean(true))),
            ("boolean", "1", false, None),
            ("date", "2026-02-29", false, None),
            ("date(\"%d.%m.%Y\")", "31.01.2026", false, Some(Converted::Date("2026-01-31".to_owned()))),
            ("date(\"%d.%m.%Y\")", "31.01.1969", false, Some(Converted::Date("1969-01-31".to_owned()))),
            (
                "timestamp",
                "2026-01-31 10:20:30.50",
                false,
                Some(Converted::Timestamp("2026-01-31T10:20:30.500".to_owned())),
            ),
            ("timestamp", "2026-01-31T10:20:30Z", false, None),
            (
                "timestamptz",
                "2026-01-31T10:20:30+02:00",
                false,
                Some(Converted::TimestampTz("2026-01-31T08:20:30Z".to_owned())),
            ),
        ] {
            assert_eq!(convert(&Kind::parse(kind).unwrap(), given, comma), wanted, "{kind} {given}");
        }
    }
}

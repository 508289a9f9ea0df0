//! Constants of a plan as text for Spark.

use datafusion::arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use stepwell_sdk::times;

use super::expression::{Floats, Refused, Text};
use super::kinds::spark;
use crate::parquet::kind_name;

/// The years for which both engines have the same calendar and the same text.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// The days from the beginning of year 1 to that of 1970, and to the end of year 9999.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Writes a constant.
///
/// # Errors
/// Returns the reason why it may differ in Spark.
pub fn literal(value: &ScalarValue) -> Refused<Text> {
    let kind = value.data_type();
    if value.is_null() {
        let text = match spark(&kind) {
            Some(name) => format!("CAST(NULL AS {name})"),
            None if kind == DataType::Null => "NULL".to_owned(),
            None => return Err(stays(&kind)),
        };
        return Ok(Text { text, floats: Floats::Plain, is_nonzero: false });
    }
    let name = spark(&kind).ok_or_else(|| stays(&kind))?;
    let (inner, floats, is_nonzero) = match value {
        ScalarValue::Boolean(Some(value)) => {
            let text = if *value { "TRUE" } else { "FALSE" };
            return Ok(Text { text: text.to_owned(), floats: Floats::Plain, is_nonzero: false });
        }
        ScalarValue::Float32(Some(value)) => float(f64::from(*value), format!("{value:e}"))?,
        ScalarValue::Float64(Some(value)) => float(*value, format!("{value:e}"))?,
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => {
            return Ok(Text { text: quoted(text)?, floats: Floats::Plain, is_nonzero: false });
        }
        ScalarValue::Date32(Some(days)) if DAYS.contains(&i64::from(*days)) => {
            (times::date(i64::from(*days)), Floats::Plain, false)
        }
        ScalarValue::TimestampMicrosecond(Some(micros), zone)
            if DAYS.contains(&micros.div_euclid(MICROS_PER_DAY)) =>
        {
            (times::timestamp(*micros, 1_000_000, zone.is_some()), Floats::Plain, false)
        }
        ScalarValue::Int8(_)
        | ScalarValue::Int16(_)
        | ScalarValue::Int32(_)
        | ScalarValue::Int64(_)
        | ScalarValue::Decimal32(..)
        | ScalarValue::Decimal64(..)
        | ScalarValue::Decimal128(..) => {
            let text = value.cast_to(&DataType::Utf8).map_err(|_| stays(&kind))?;
            let text = text.try_as_str().flatten().unwrap_or_default().to_owned();
            let is_nonzero = text.contains(|c: char| c.is_ascii_digit() && c != '0');
            (text, Floats::Plain, is_nonzero)
        }
        ScalarValue::Date32(_) | ScalarValue::TimestampMicrosecond(..) => {
            return Err(format!(
                "a date before the year {} or after {} stays local",
                YEARS.start(),
                YEARS.end()
            ));
        }
        _ => return Err(stays(&kind)),
    };
    Ok(Text { text: format!("CAST('{inner}' AS {name})"), floats, is_nonzero })
}

fn stays(kind: &DataType) -> String {
    format!("a constant of the type {} stays local", kind_name(kind))
}

fn float(value: f64, text: String) -> Refused<(String, Floats, bool)> {
    match value.is_finite() && !(value == 0.0 && value.is_sign_negative()) {
        true => Ok((text, Floats::Plain, value != 0.0)),
        false => Err("NaN, infinities and -0 stay local".to_owned()),
    }
}

/// Writes a text (spark.apache.org/docs/latest/sql-ref-literals.html#string-literal).
pub fn quoted(text: &str) -> Refused<String> {
    if text.chars().any(|c| c.is_control() && !['\t', '\n', '\r'].contains(&c)) {
        return Err("a text with control characters stays local".to_owned());
    }
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    let escaped = escaped.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    Ok(format!("'{escaped}'"))
}

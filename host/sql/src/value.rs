//! Values in a form that all databases share.
//!
//! Most of their texts are short: dates, times, decimals, names. [`CompactString`] stores up to 24 bytes
//! inline, which saves a row of eight columns five allocations.

use std::fmt::Write;

use chrono::{Datelike, NaiveDateTime, Timelike};
pub use compact_str::CompactString;
use data_encoding::HEXLOWER;
use uuid::Uuid;

/// A value in a row or a parameter. Types that JSON or WebAssembly lack travel as text in the named form.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The SQL NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A 64-bit whole number.
    Integer(i64),
    /// A binary floating-point number.
    Float(f64),
    /// An exact number, for instance `-12.50`.
    Decimal(CompactString),
    /// A text.
    Text(CompactString),
    /// A byte string.
    Bytes(Vec<u8>),
    /// ISO 8601: `2025-09-01`.
    Date(CompactString),
    /// ISO 8601: `14:30:22.5`.
    Time(CompactString),
    /// ISO 8601 without a zone: `2025-09-01T14:30:22`.
    Timestamp(CompactString),
    /// RFC 3339: `2025-09-01T14:30:22Z`.
    TimestampWithZone(CompactString),
    /// RFC 9562: lowercase, with hyphens.
    Uuid(CompactString),
    /// A JSON text.
    Json(CompactString),
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name of the column.
    pub name: String,
    /// The database's own name of the column type. It is empty if there is none, as for an expression in
    /// SQLite.
    pub type_name: String,
}

/// Parameters of a statement. The database binds them; they never become part of the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameters {
    /// Parameters in order.
    Positional(Vec<Value>),
    /// Parameters by name, without the mark.
    Named(Vec<(String, Value)>),
}

impl Parameters {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Positional(values) => values.len(),
            Self::Named(values) => values.len(),
        }
    }
}

impl Value {
    /// Returns the bytes that count against limits: the content, and eight bytes for the value itself.
    pub(crate) fn size(&self) -> u64 {
        8 + match self {
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Float(_) => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Decimal(text)
            | Self::Text(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::TimestampWithZone(text)
            | Self::Uuid(text)
            | Self::Json(text) => text.len() as u64,
        }
    }
}

/// Appends `number` with at least `width` digits.
pub(crate) fn digits(out: &mut impl Write, number: u32, width: usize) {
    let mut buffer = [b'0'; 10];
    let mut rest = number;
    let mut used = 0;
    for place in buffer.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    let from = buffer.len() - used.max(width.min(buffer.len()));
    text(out, buffer.get(from..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default());
}

/// Appends a text. Writing to a string cannot fail.
fn text(out: &mut impl Write, text: &str) {
    let _ = out.write_str(text);
}

/// Appends an ISO 8601 date. Years above 9999 have more digits, without a sign.
pub(crate) fn date(out: &mut impl Write, year: u32, month: u32, day: u32) {
    digits(out, year, 4);
    text(out, "-");
    digits(out, month, 2);
    text(out, "-");
    digits(out, day, 2);
}

/// Appends an ISO 8601 time of day, with as many fractional digits as necessary.
pub(crate) fn time(out: &mut impl Write, seconds: u32, nanos: u32) {
    digits(out, seconds / 3600, 2);
    text(out, ":");
    digits(out, seconds / 60 % 60, 2);
    text(out, ":");
    digits(out, seconds % 60, 2);
    if nanos > 0 {
        let (mut fraction, mut width) = (nanos, 9);
        while fraction % 10 == 0 {
            (fraction, width) = (fraction / 10, width - 1);
        }
        text(out, ".");
        digits(out, fraction, width);
    }
}

/// Formats a moment without a zone: ISO 8601, with as many fractional digits as necessary. Years before 1 have no text.
pub(crate) fn timestamp(moment: NaiveDateTime) -> Option<CompactString> {
    let mut text = CompactString::default();
    date(&mut text, u32::try_from(moment.year()).ok()?, moment.month(), moment.day());
    self::text(&mut text, "T");
    time(&mut text, moment.num_seconds_from_midnight(), moment.nanosecond());
    Some(text)
}

/// Formats an exact number from its digits and the number of those behind the point.
pub(crate) fn decimal(value: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let sign = if value < 0 { "-" } else { "" };
    let number = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = number.split_at(number.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Formats a float: `1.5`, `1e300`, `NaN`, `Infinity`, `-Infinity`.
pub(crate) fn float_text(value: f64) -> String {
    let size = value.abs();
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ if size != 0.0 && !(1e-5..1e16).contains(&size) => format!("{value:e}"),
        _ => value.to_string(),
    }
}

/// Appends lowercase hexadecimal digits.
pub(crate) fn hex(out: &mut impl Write, bytes: &[u8]) {
    let _ = HEXLOWER.encode_write(bytes, out);
}

/// Formats the 16 bytes of a UUID as in RFC 9562.
pub(crate) fn uuid(bytes: &[u8]) -> CompactString {
    let id = Uuid::from_slice(bytes).unwrap_or_default();
    CompactString::new(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}

/// A JSON text that is written in parts, within a bound.
pub(crate) struct JsonText {
    text: String,
    /// The bytes that the text may still get.
    left: u64,
}

/// The text is longer than its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl JsonText {
    /// Creates an empty text that may get so many bytes.
    pub fn new(most: u64) -> Self {
        Self { text: String::new(), left: most }
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn finish(self) -> CompactString {
        self.text.into()
    }

    /// Counts bytes against the bound that the text does not have.
    pub fn count(&mut self, bytes: usize) -> Result<(), TooLong> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(TooLong)?;
        Ok(())
    }

    /// Writes a part as it is.
    pub fn push(&mut self, part: &str) -> Result<(), TooLong> {
        self.count(part.len())?;
        self.text.push_str(part);
        Ok(())
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) -> Result<(), TooLong> {
        let escaped = |c: char| c == '"' || c == '\\' || u32::from(c) < 0x20;
        self.push("\"")?;
        let mut rest = text;
        while let Some((plain, c)) = rest.find(escaped).and_then(|at| {
            let (plain, after) = rest.split_at_checked(at)?;
            Some((plain, after.chars().next()?))
        }) {
            self.push(plain)?;
            match c {
                '"' => self.push("\\\"")?,
                '\\' => self.push("\\\\")?,
                c => self.push(&format!("\\u{:04x}", u32::from(c)))?,
            }
            // The character has one byte.
            rest = rest.get(plain.len() + 1..).unwrap_or_default();
        }
        self.push(rest)?;
        self.push("\"")
    }

    /// Writes a value. Numbers that lose no digits are numbers, bytes are hexadecimal digits.
    pub fn value(&mut self, value: &Value) -> Result<(), TooLong> {
        match value {
            Value::Null => self.push("null"),
            Value::Boolean(value) => self.push(if *value { "true" } else { "false" }),
            Value::Integer(value) => self.push(&value.to_string()),
            Value::Float(value) if value.is_finite() => self.push(&float_text(*value)),
            Value::Float(value) => self.string(&float_text(*value)),
            Value::Decimal(text) if text.ends_with(|c: char| c.is_ascii_digit()) => self.push(text),
            Value::Json(text) => self.push(text),
            Value::Bytes(bytes) => {
                self.count(bytes.len() * 2 + 2)?;
                self.text.push('"');
                hex(&mut self.text, bytes);
                self.text.push('"');
                Ok(())
            }
            Value::Decimal(text)
            | Value::Text(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Timestamp(text)
            | Value::TimestampWithZone(text)
            | Value::Uuid(text) => self.string(text),
        }
    }

    /// Makes a key of the value behind `from`, since only a string can be one.
    pub fn key(&mut self, from: usize) -> Result<(), TooLong> {
        if self.text.get(from..).is_none_or(|value| value.starts_with('"')) {
            return Ok(());
        }
        let value = self.text.split_off(from);
        self.string(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_ids_are_lowercase_hexadecimal_digits() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut out = CompactString::default();
        hex(&mut out, &bytes[160..176]);
        assert_eq!(out, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
        assert_eq!(uuid(&bytes[160..176]), "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
        let long = bytes.repeat(5);
        let mut out = String::new();
        hex(&mut out, &long);
        assert_eq!(out.len(), long.len() * 2, "longer than the buffer of the encoder");
    }

    #[test]
    fn dates_and_times_are_written_as_iso_8601() {
        for ((year, month, day), shown) in [
            ((2025, 9, 1), "2025-09-01"),
            ((44, 3, 15), "0044-03-15"),
            ((0, 0, 0), "0000-00-00"),
            ((12_345, 1, 1), "12345-01-01"),
        ] {
            let mut out = String::new();
            date(&mut out, year, month, day);
            assert_eq!(out, shown);
        }
        for ((seconds, nanos), shown) in [
            ((0, 0), "00:00:00"),
            ((52_222, 500_000_000), "14:30:22.5"),
            ((86_399, 1_000), "23:59:59.000001"),
        ] {
            let mut out = String::new();
            time(&mut out, seconds, nanos);
            assert_eq!(out, shown);
        }
    }

    #[test]
    fn json_is_written_within_its_bound() {
        for (value, shown) in [
            (Value::Null, "null"),
            (Value::Boolean(true), "true"),
            (Value::Integer(i64::MIN), "-9223372036854775808"),
            (Value::Float(1e300), "1e300"),
            (Value::Float(f64::NAN), "\"NaN\""),
            (Value::Decimal("1.50".into()), "1.50"),
            (Value::Decimal("NaN".into()), "\"NaN\""),
            (Value::Json("[1]".into()), "[1]"),
            (Value::Bytes(vec![0, 255]), "\"00ff\""),
            (Value::Text("".into()), "\"\""),
            (Value::Text("ä \"\\\n\u{1}\u{7f}é".into()), "\"ä \\\"\\\\\\u000a\\u0001\u{7f}é\""),
        ] {
            let mut text = JsonText::new(shown.len() as u64);
            assert_eq!(text.value(&value), Ok(()), "{value:?}");
            assert_eq!(text.finish(), shown);
            assert_eq!(JsonText::new(shown.len() as u64 - 1).value(&value), Err(TooLong), "{value:?}");
        }
        let mut text = JsonText::new(100);
        for value in [Value::Text("a".into()), Value::Integer(1), Value::Json("{\"b\":2}".into())] {
            let from = text.len();
            text.value(&value).unwrap();
            text.key(from).unwrap();
        }
        assert_eq!(text.finish(), "\"a\"\"1\"\"{\\\"b\\\":2}\"");
    }

    #[test]
    fn decimals_keep_every_digit() {
        for ((value, scale), shown) in [
            ((-1250, 2), "-12.50"),
            ((5, 3), "0.005"),
            ((7, 0), "7"),
            ((i128::from(i64::MAX), 10), "922337203.6854775807"),
        ] {
            assert_eq!(decimal(value, scale), shown);
        }
    }
}

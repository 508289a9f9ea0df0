//! Numbers with units, as people write them in job and policy files: `64MiB`, `60s`, `10_000`. JSON keeps the
//! spelling: text stays the same text, and a number is a number of bytes or seconds. Two quantities are equal
//! when their values are.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number of bytes: `4096`, `64KiB`, `64MiB`, `1GiB`; also the decimal units `KB`, `MB`, `GB`.
#[derive(Clone, Copy)]
pub struct Bytes(pub u64, Spelling);

/// A plain number. `_` may group its digits.
#[derive(Clone, Copy)]
pub struct Count(pub u64, Spelling);

/// A span of time: a number of seconds (`300`, `0.5`), or with a unit: `250ms`, `60s`, `15m`, `24h`, `30d`.
#[derive(Clone, Copy)]
pub struct Span(pub Duration, Spelling);

impl Bytes {
    /// Makes a quantity from a number of bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes, Spelling::NONE)
    }
}

impl Count {
    /// Makes a quantity from a number.
    pub const fn new(count: u64) -> Self {
        Self(count, Spelling::NONE)
    }
}

impl Span {
    /// Makes a quantity from a duration.
    pub const fn new(time: Duration) -> Self {
        Self(time, Spelling::NONE)
    }

    /// Makes a quantity from whole seconds.
    pub const fn secs(secs: u64) -> Self {
        Self::new(Duration::from_secs(secs))
    }
}

/// The original spelling of a quantity. Empty for a number, and for a text that is too long to remember.
#[derive(Clone, Copy)]
struct Spelling {
    bytes: [u8; Self::MOST],
    length: u8,
}

impl Spelling {
    /// Long enough for every 64-bit number with a unit.
    const MOST: usize = 31;
    const NONE: Self = Self { bytes: [0; Self::MOST], length: 0 };

    fn of(text: &str) -> Self {
        let mut bytes = [0; Self::MOST];
        let (Some(place), Ok(length)) = (bytes.get_mut(..text.len()), u8::try_from(text.len())) else {
            return Self::NONE;
        };
        place.copy_from_slice(text.as_bytes());
        Self { bytes, length }
    }

    fn text(&self) -> Option<&str> {
        let written = self.bytes.get(..usize::from(self.length))?;
        std::str::from_utf8(written).ok().filter(|text| !text.is_empty())
    }
}

const BYTES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];
const MILLIS: &[(&str, f64)] = &[("ms", 1.0), ("s", 1e3), ("m", 60e3), ("h", 3_600e3), ("d", 86_400e3)];

impl FromStr for Bytes {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, factor) = BYTES
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
            .unwrap_or((text, 1));
        number(digits)
            .and_then(|n| n.checked_mul(factor))
            .map(Self::new)
            .ok_or_else(|| format!("`{text}` is not a size: write for instance 65536, 64KiB, 64MiB or 1GiB"))
    }
}

impl FromStr for Count {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        number(text)
            .map(Self::new)
            .ok_or_else(|| format!("`{text}` is not a number: write for instance 10000 or 10_000"))
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, factor) = MILLIS
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
            .unwrap_or((text, 1e3));
        Some(digits.trim())
            .filter(|digits| !begins_with_zero(digits))
            .and_then(|digits| digits.parse::<f64>().ok())
            .and_then(|n| Duration::try_from_secs_f64(n * factor / 1e3).ok())
            .map(Self::new)
            .ok_or_else(|| {
                format!("`{text}` is not a time span: write seconds, or for instance 250ms, 60s, 15m or 24h")
            })
    }
}

/// The schema formats that check that a text of the right form is not too large.
pub(crate) const SIZE: &str = "size";
pub(crate) const COUNT: &str = "count";
pub(crate) const SPAN: &str = "time-span";

/// The largest time, in seconds.
const MOST_SECONDS: u64 = 10_000_000_000_000_000_000;

/// Returns whether a size is within bounds. A text of the wrong form passes, because another check
/// reports it.
pub(crate) fn size_fits(text: &str) -> bool {
    let digits = BYTES.iter().find_map(|(unit, _)| text.strip_suffix(unit)).unwrap_or(text);
    !is_digits(digits, &['_']) || text.parse::<Bytes>().is_ok()
}

/// As [`size_fits`], for a number.
pub(crate) fn count_fits(text: &str) -> bool {
    !is_digits(text, &['_']) || text.parse::<Count>().is_ok()
}

/// As [`size_fits`], for a time.
pub(crate) fn span_fits(text: &str) -> bool {
    let digits = MILLIS.iter().find_map(|(unit, _)| text.strip_suffix(unit)).unwrap_or(text);
    !is_digits(digits, &['.']) || text.parse::<Span>().is_ok()
}

fn is_digits(text: &str, others: &[char]) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || others.contains(&c))
}

/// Describes the values that a limit accepts, up to `most`.
pub(crate) trait Range {
    fn up_to(&self) -> String;
}

impl Range for Bytes {
    fn up_to(&self) -> String {
        format!(
            "a size from 0 to {self}: a whole number of bytes, or one with B, KB, MB, GB, KiB, MiB or GiB"
        )
    }
}

impl Range for Count {
    fn up_to(&self) -> String {
        format!("a whole number from 0 to {self}")
    }
}

impl Range for Span {
    fn up_to(&self) -> String {
        format!("a time from 0 to {self}: a number of seconds, or one with ms, s, m, h or d")
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if begins_with_zero(text) {
        return None;
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    (text.starts_with(|c: char| c.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// Formats a count with its noun, in the singular for 1: `1 row`, `2 rows`. The plural of the noun has an `s`.
pub fn counted(count: impl fmt::Display, noun: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Returns whether a number starts with zeros, which some programs read as octal.
fn begins_with_zero(text: &str) -> bool {
    text.strip_prefix('0').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '_'))
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = BYTES
            .iter()
            .filter(|(unit, _)| unit.ends_with("iB"))
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor))
            .unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str("_")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            0 => f.write_str("0s"),
            _ if millis.is_multiple_of(3_600_000) => write!(f, "{}h", millis / 3_600_000),
            _ if millis.is_multiple_of(60_000) => write!(f, "{}m", millis / 60_000),
            _ if millis.is_multiple_of(1_000) => write!(f, "{}s", millis / 1_000),
            _ => write!(f, "{millis}ms"),
        }
    }
}

impl Span {
    fn as_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.serialize_u64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl Bytes {
    fn as_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Count {
    fn as_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

macro_rules! as_text_or_number {
    ($($type:ident: $expecting:literal, $number:literal, $most:expr, $format:ident, $pattern:literal, $example:literal;)*) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.cmp(&other.0)
            }
        }

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($type)).field(&self.0).finish()
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.1.text() {
                    Some(text) => serializer.serialize_str(text),
                    None => self.as_number(serializer),
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct FromText;
                impl Visitor<'_> for FromText {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_u64<E: de::Error>(self, n: u64) -> Result<$type, E> {
                        n.to_string().parse().map_err(E::custom)
                    }
                    fn visit_f64<E: de::Error>(self, n: f64) -> Result<$type, E> {
                        n.to_string().parse().map_err(E::custom)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        let read: $type = text.parse().map_err(E::custom)?;
                        Ok($type(read.0, Spelling::of(text)))
                    }
                }
                deserializer.deserialize_any(FromText)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": [$number, "string"],
                    "minimum": 0,
                    "maximum": $most,
                    "format": $format,
                    "pattern": $pattern,
                    "examples": [$example],
                })
            }
        }
    )*};
}

as_text_or_number! {
    Bytes: "a size such as 64MiB", "integer", u64::MAX, SIZE, "^[0-9][0-9_]*(B|KB|MB|GB|KiB|MiB|GiB)?$", "64MiB";
    Count: "a number such as 10_000", "integer", u64::MAX, COUNT, "^[0-9][0-9_]*$", "10_000";
    Span: "a time span such as 60s", "number", MOST_SECONDS, SPAN, "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$", "60s";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_shown_in_its_shortest_form() {
        for (text, shown) in
            [("65536", "64KiB"), ("64MiB", "64MiB"), ("1_000", "1000B"), ("2GB", "1953125KiB")]
        {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), shown, "{text}");
        }
        for (text, shown) in
            [("300", "5m"), ("0.5", "500ms"), ("90s", "90s"), ("24h", "24h"), ("1.5m", "90s")]
        {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), shown, "{text}");
        }
        assert_eq!("10_000_000_000".parse::<Count>().unwrap().to_string(), "10_000_000_000");
    }

    #[test]
    fn json_has_what_was_written_and_equality_is_by_value() {
        fn back<T: Serialize + serde::de::DeserializeOwned>(sent: &str) -> String {
            serde_json::to_string(&serde_json::from_str::<T>(sent).unwrap()).unwrap()
        }
        for sent in ["3600", "90", "0.5", "0.1", "\"1h\"", "\"60m\"", "\"250ms\"", "\"3600\"", "\"1.50h\""] {
            assert_eq!(back::<Span>(sent), sent);
        }
        for sent in ["65536", "\"64MiB\"", "\"65_536\"", "\"18446744073709551615\""] {
            assert_eq!(back::<Bytes>(sent), sent);
        }
        for sent in ["10000", "\"10_000\"", "\"18_446_744_073_709_551_615\""] {
            assert_eq!(back::<Count>(sent), sent);
        }
        // A spelling that is too long to keep becomes its value.
        assert_eq!(back::<Span>(&format!("\"1.{}h\"", "0".repeat(40))), "3600");
        let read = |sent| serde_json::from_str::<Span>(sent).unwrap();
        assert_eq!(read("\"1h\""), read("3600"));
        assert_eq!(read("\"60m\"").to_string(), "1h");
    }

    #[test]
    fn what_is_too_large_is_told_from_what_is_no_quantity() {
        for (text, fits) in [
            ("64MiB", true),
            ("1TiB", true),
            ("-1", true),
            ("99999999999GiB", false),
            ("18446744073709551616", false),
        ] {
            assert_eq!(size_fits(text), fits, "{text}");
        }
        assert!(count_fits("1.5") && count_fits("10_000") && !count_fits("18446744073709551616"));
        assert!(span_fits("1w") && span_fits("1.5h") && !span_fits(&format!("{}d", "9".repeat(20))));
    }

    #[test]
    fn nonsense_and_overflow_are_refused() {
        for text in ["", "x", "-1", "1TiB", "_1", "010", "0_1MiB", "99999999999GiB", "unlimited"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        for text in ["", "-1s", "1w", "inf", "NaN", "010", "08h", "1e300h", "forever"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}

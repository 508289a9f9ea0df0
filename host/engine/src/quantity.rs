//! Numbers with units, as people write them in job and policy files: `64MiB`, `60s`, `10_000`. In JSON they are plain
//! numbers of bytes and seconds, so that a number that a client sends comes back as it was.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number of bytes: `4096`, `64KiB`, `64MiB`, `1GiB`; also the decimal `KB`, `MB`, `GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A plain number; digits may be grouped by `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(pub u64);

/// A span of time: a number of seconds (`300`, `0.5`), or with a unit: `250ms`, `60s`, `15m`, `24h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

impl Span {
    /// A span of whole seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
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
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a size: write for instance 65536, 64KiB, 64MiB or 1GiB"))
    }
}

impl FromStr for Count {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        number(text)
            .map(Self)
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
        digits
            .trim()
            .parse::<f64>()
            .ok()
            .and_then(|n| Duration::try_from_secs_f64(n * factor / 1e3).ok())
            .map(Self)
            .ok_or_else(|| {
                format!("`{text}` is not a time span: write seconds, or for instance 250ms, 60s, 15m or 24h")
            })
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    (text.starts_with(|c: char| c.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
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

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.serialize_u64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

macro_rules! as_text_or_number {
    ($($type:ident: $expecting:literal, $pattern:literal, $example:literal;)*) => {$(
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
                        text.parse().map_err(E::custom)
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
                    "type": ["number", "string"],
                    "minimum": 0,
                    "pattern": $pattern,
                    "examples": [$example],
                })
            }
        }
    )*};
}

as_text_or_number! {
    Bytes: "a size such as 64MiB", "^[0-9][0-9_]*(B|KB|MB|GB|KiB|MiB|GiB)?$", "64MiB";
    Count: "a number such as 10_000", "^[0-9][0-9_]*$", "10_000";
    Span: "a time span such as 60s", "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$", "60s";
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
    fn json_has_numbers_and_those_that_were_sent_come_back() {
        let back = |sent: &str| serde_json::to_string(&serde_json::from_str::<Span>(sent).unwrap()).unwrap();
        for (sent, shown) in [
            ("3600", "3600"),
            ("90", "90"),
            ("0.5", "0.5"),
            ("0.1", "0.1"),
            ("\"1h\"", "3600"),
            ("\"250ms\"", "0.25"),
        ] {
            assert_eq!(back(sent), shown);
            assert_eq!(back(&back(sent)), shown);
        }
        let bytes =
            |sent: &str| serde_json::to_string(&serde_json::from_str::<Bytes>(sent).unwrap()).unwrap();
        assert_eq!((bytes("65536").as_str(), bytes("\"64MiB\"").as_str()), ("65536", "67108864"));
    }

    #[test]
    fn nonsense_and_overflow_are_refused() {
        for text in ["", "x", "-1", "1TiB", "_1", "99999999999GiB", "unlimited"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        for text in ["", "-1s", "1w", "inf", "NaN", "1e300h", "forever"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}

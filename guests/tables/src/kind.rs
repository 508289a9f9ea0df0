//! Types of columns, as jobs write them.

use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A 64-bit whole number.
    Int64,
    /// A 64-bit float.
    Float64,
    /// A decimal with precision and scale.
    Decimal(u8, i8),
    /// Text of any length.
    Text,
    /// A date, with its text format if that is not ISO.
    Date(Option<String>),
    /// A date and time without a zone, with its text format if that is not ISO.
    Timestamp(Option<String>),
    /// An instant in UTC.
    TimestampTz,
    /// A list; JSON only.
    List(Box<Kind>),
    /// An object; JSON only.
    Object(Vec<(String, Kind)>),
}

/// The type names that `schema` accepts, for messages.
pub const KINDS: &str = "boolean, int64, float64, decimal(p,s), text, date, date(\"%d.%m.%Y\"), timestamp, timestamp(\"%d.%m.%Y %H:%M\"), timestamptz";

impl Kind {
    /// Parses the name of a type.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, within) = match text.split_once('(') {
            Some((name, rest)) => (name.trim_end(), Some(rest.trim_end().strip_suffix(')')?)),
            None => (text, None),
        };
        let format = within.map(|text| {
            let text = text.trim();
            let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
            bare.or_else(|| text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')))
                .unwrap_or(text)
                .to_owned()
        });
        let kind = match (name.to_ascii_lowercase().as_str(), format) {
            ("boolean" | "bool", None) => Self::Boolean,
            ("int64" | "integer" | "int" | "bigint", None) => Self::Int64,
            ("float64" | "float" | "double", None) => Self::Float64,
            ("text" | "string" | "varchar", None) => Self::Text,
            ("date", format) if is_format(format.as_deref()) => Self::Date(format),
            ("timestamp", format) if is_format(format.as_deref()) => Self::Timestamp(format),
            ("timestamptz", None) => Self::TimestampTz,
            ("decimal" | "numeric", Some(within)) => {
                let (precision, scale) = within.split_once(',').unwrap_or((&within, "0"));
                let (precision, scale): (u8, i8) =
                    (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
                if !(1..=38).contains(&precision) || !(0..=precision as i8).contains(&scale) {
                    return None;
                }
                Self::Decimal(precision, scale)
            }
            _ => return None,
        };
        Some(kind)
    }

    /// Returns the in-memory type of the column.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::Text => DataType::Utf8,
            Self::Date(_) => DataType::Date32,
            Self::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(), true))),
            Self::Object(fields) => DataType::Struct(
                fields
                    .iter()
                    .map(|(name, kind)| Field::new(name, kind.data_type(), true))
                    .collect::<Fields>(),
            ),
        }
    }

    /// Returns the decimal type of this scale with the maximum precision, 38.
    pub(crate) fn widest_decimal(scale: i8) -> Self {
        Self::Decimal(38, scale)
    }
}

fn is_format(format: Option<&str>) -> bool {
    let Some(format) = format else { return true };
    format.contains('%')
        && chrono::format::StrftimeItems::new(format).all(|item| !matches!(item, chrono::format::Item::Error))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int64 => f.write_str("int64"),
            Self::Float64 => f.write_str("float64"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Text => f.write_str("text"),
            Self::Date(None) => f.write_str("date"),
            Self::Date(Some(format)) => write!(f, "date(\"{format}\")"),
            Self::Timestamp(None) => f.write_str("timestamp"),
            Self::Timestamp(Some(format)) => write!(f, "timestamp(\"{format}\")"),
            Self::TimestampTz => f.write_str("timestamptz"),
            Self::List(_) => f.write_str("list"),
            Self::Object(_) => f.write_str("object"),
        }
    }
}

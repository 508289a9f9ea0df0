//! The constants of a tree.

use std::rc::Rc;

use num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::number::general;
use crate::text::Str;

/// A constant, as the parser reads it.
#[derive(Debug, Clone)]
pub enum Literal {
    Null,
    Bool(bool),
    SByte(i8),
    Byte(u8),
    Short(i16),
    UShort(u16),
    Int(i32),
    UInt(u32),
    Long(i64),
    ULong(u64),
    Double(f64),
    Decimal(Rc<Decimal>),
    Big(Rc<BigInt>),
    Str(Str),
    /// A number that prints as the script spells it.
    Written(Box<Literal>, Str),
}

impl Literal {
    pub(crate) fn decimal(value: Decimal) -> Self {
        Self::Decimal(Rc::new(value))
    }

    pub(crate) fn big(value: BigInt) -> Self {
        Self::Big(Rc::new(value))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        match self {
            Self::Written(value, _) => value.is_number(),
            Self::Null | Self::Bool(_) | Self::Str(_) => false,
            _ => true,
        }
    }

    /// Returns the truth value in a condition.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(v) => *v,
            Self::Str(v) => !v.is_empty(),
            Self::SByte(v) => *v != 0,
            Self::Byte(v) => *v != 0,
            Self::Short(v) => *v != 0,
            Self::UShort(v) => *v != 0,
            Self::Int(v) => *v != 0,
            Self::UInt(v) => *v != 0,
            Self::Long(v) => *v != 0,
            Self::ULong(v) => *v != 0,
            Self::Double(v) => *v != 0.0,
            Self::Decimal(v) => !v.is_zero(),
            Self::Big(v) => **v != BigInt::from(0),
            Self::Written(value, _) => value.truth(),
        }
    }

    /// Formats a number as PowerShell prints it.
    pub(crate) fn text_of_number(&self) -> Option<String> {
        Some(match self {
            Self::Int(v) => v.to_string(),
            Self::Long(v) => v.to_string(),
            Self::Double(v) => general(*v, 15),
            Self::SByte(v) => v.to_string(),
            Self::Byte(v) => v.to_string(),
            Self::Short(v) => v.to_string(),
            Self::UShort(v) => v.to_string(),
            Self::UInt(v) => v.to_string(),
            Self::ULong(v) => v.to_string(),
            Self::Decimal(v) => v.to_string(),
            Self::Big(v) => v.to_string(),
            Self::Null | Self::Bool(_) | Self::Str(_) | Self::Written(..) => return None,
        })
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

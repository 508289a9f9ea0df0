//! The constants of a script as values.

use ps_syntax::Literal;

use super::Value;

impl From<&Literal> for Value {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(v) => Self::Bool(*v),
            Literal::SByte(v) => Self::SByte(*v),
            Literal::Byte(v) => Self::Byte(*v),
            Literal::Short(v) => Self::Short(*v),
            Literal::UShort(v) => Self::UShort(*v),
            Literal::Int(v) => Self::Int(*v),
            Literal::UInt(v) => Self::UInt(*v),
            Literal::Long(v) => Self::Long(*v),
            Literal::ULong(v) => Self::ULong(*v),
            Literal::Double(v) => Self::Double(*v),
            Literal::Decimal(v) => Self::Decimal(v.clone()),
            Literal::Big(v) => Self::Big(v.clone()),
            Literal::Str(v) => Self::Str(v.clone()),
            Literal::Written(v, text) => Self::with_text(Self::from(&**v), text.clone()),
        }
    }
}

/// Reads a whole text as a number, as the parser does.
pub fn parse_number(text: &str) -> Option<Value> {
    ps_syntax::parse_number(text).map(|literal| Value::from(&literal))
}

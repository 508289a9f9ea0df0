//! The values of PowerShell variables: their texts, orders and cultures, the types of .NET as data, and the
//! objects that values refer to: scopes, script blocks, error records. Small values are inline, the others
//! are reference-counted.
//!
//! The crate must not know how a script runs: an object that only the interpreter can create is
//! a [`net::NetObject`].

#![allow(missing_docs, reason = "where the name says everything, documentation would only repeat it")]

pub mod block;
mod collections;
pub mod compare;
pub mod culture;
pub mod date_exact;
pub mod date_format;
pub mod date_text;
pub mod datetime;
pub mod encoding;
pub mod error;
mod literal;
pub mod net;
pub mod net_text;
pub mod number_format;
pub mod number_parse;
pub mod numbers;
pub mod object;
pub mod params;
pub mod random;
pub mod regex;
pub mod scope;
pub mod text;
pub mod types;
pub mod validate;
pub mod xml;
pub mod xpath;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use num_bigint::BigInt;
use rust_decimal::Decimal;

pub use collections::{Array, Dict, DictKind, Key, List, ListKind};
pub use datetime::{DateKind, DateTime, TimeSpan};
pub use literal::parse_number;
pub use object::{Ext, Member, MemberKind, Object, ObjectKind, Shape};
pub use ps_syntax::Str;
pub use text::{text, text_of_number};

use crate::block::ScriptBlock;
use crate::error::ErrorRecord;
use crate::net::Net;
use crate::types::{EnumType, NetType, Ty};

#[derive(Clone, Default)]
pub enum Value {
    #[default]
    Null,
    /// The result of a pipeline without output: null in an expression, nothing in a pipeline.
    Void,
    Bool(bool),
    /// A UTF-16 unit.
    Char(u16),
    SByte(i8),
    Byte(u8),
    Short(i16),
    UShort(u16),
    Int(i32),
    UInt(u32),
    Long(i64),
    ULong(u64),
    Single(f32),
    Double(f64),
    Decimal(Rc<Decimal>),
    Big(Rc<BigInt>),
    Str(Str),
    DateTime(DateTime),
    TimeSpan(TimeSpan),
    Array(Rc<Array>),
    List(Rc<List>),
    Dict(Rc<Dict>),
    Object(Rc<Object>),
    /// A value with members that the script has added.
    Ext(Rc<Ext>),
    Block(Rc<ScriptBlock>),
    Type(Rc<Ty>),
    Enum(Rc<EnumValue>),
    Error(Rc<ErrorRecord>),
    Ref(Rc<Reference>),
    /// A `[switch]` value.
    Switch(bool),
    Net(Rc<Net>),
}

#[derive(Debug)]
pub struct EnumValue {
    pub ty: Rc<EnumType>,
    pub value: i64,
}

/// A `[ref]`: a variable of a scope, or a separate value.
pub enum Reference {
    Variable { scope: Rc<crate::scope::Scope>, index: usize },
    Own(RefCell<Value>),
}

impl fmt::Debug for Value {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null | Self::Void => f.write_str("$null"),
            Self::Str(text) => fmt::Debug::fmt(text, f),
            other => f.write_str(&text(other)),
        }
    }
}

impl From<&str> for Value {
    #[inline]
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    #[inline]
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<Str> for Value {
    #[inline]
    fn from(text: Str) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value {
    #[inline]
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    #[inline]
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<i64> for Value {
    #[inline]
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<f64> for Value {
    #[inline]
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<usize> for Value {
    #[inline]
    fn from(value: usize) -> Self {
        i32::try_from(value).map_or(Self::Long(value as i64), Self::Int)
    }
}

impl From<Vec<Value>> for Value {
    #[inline]
    fn from(items: Vec<Value>) -> Self {
        Self::array(items)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    #[inline]
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    #[inline]
    pub fn decimal(value: Decimal) -> Self {
        Self::Decimal(Rc::new(value))
    }

    #[inline]
    pub fn big(value: BigInt) -> Self {
        Self::Big(Rc::new(value))
    }

    #[inline]
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array(Rc::new(Array::new(items)))
    }

    #[inline]
    pub fn array_of(element: Ty, items: Vec<Self>) -> Self {
        Self::Array(Rc::new(Array::of(element, items)))
    }

    #[inline]
    pub fn strings(items: impl IntoIterator<Item = String>) -> Self {
        Self::array_of(NetType::String.ty(), items.into_iter().map(Self::from).collect())
    }

    #[inline]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::array_of(NetType::Byte.ty(), bytes.iter().map(|b| Self::Byte(*b)).collect())
    }

    #[inline]
    pub fn net(net: Net) -> Self {
        Self::Net(Rc::new(net))
    }

    /// Makes a .NET object that a crate above declares.
    #[inline]
    pub fn object(object: impl net::NetObject) -> Self {
        Self::net(Net::Other(Rc::new(object)))
    }

    #[inline]
    pub fn ty(ty: Ty) -> Self {
        Self::Type(Rc::new(ty))
    }

    #[inline]
    pub fn enumeration(ty: Rc<EnumType>, value: i64) -> Self {
        Self::Enum(Rc::new(EnumValue { ty, value }))
    }

    #[inline]
    pub fn own_ref(value: Self) -> Self {
        Self::Ref(Rc::new(Reference::Own(RefCell::new(value))))
    }

    /// Makes a value that prints as the script spelled it.
    #[inline]
    pub fn with_text(value: Self, text: Str) -> Self {
        Self::Ext(Rc::new(Ext::new(value, Some(text))))
    }

    /// Makes a `PSCustomObject`.
    #[inline]
    pub fn custom(pairs: impl IntoIterator<Item = (Str, Self)>) -> Self {
        Self::Object(Rc::new(Object::custom(pairs)))
    }

    /// Makes an object of a .NET type whose properties are data.
    #[inline]
    pub fn record(ty: NetType, pairs: Vec<(&str, Self)>) -> Self {
        let object = Object::custom(pairs.into_iter().map(|(name, value)| (Str::from(name), value)));
        Self::Object(Rc::new(object.of_type(ty)))
    }

    /// Returns the value without the members that a script has added.
    #[inline]
    pub fn base(&self) -> &Self {
        match self {
            Self::Ext(ext) => ext.base.base(),
            other => other,
        }
    }

    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Void)
    }

    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        match self.base() {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    #[inline]
    pub fn is_number(&self) -> bool {
        matches!(
            self.base(),
            Self::SByte(_)
                | Self::Byte(_)
                | Self::Short(_)
                | Self::UShort(_)
                | Self::Int(_)
                | Self::UInt(_)
                | Self::Long(_)
                | Self::ULong(_)
                | Self::Single(_)
                | Self::Double(_)
                | Self::Decimal(_)
                | Self::Big(_)
        )
    }

    /// Returns an integer of up to 64 bits, widened.
    #[inline]
    pub fn as_integer(&self) -> Option<i64> {
        Some(match self.base() {
            Self::SByte(v) => (*v).into(),
            Self::Byte(v) => (*v).into(),
            Self::Short(v) => (*v).into(),
            Self::UShort(v) => (*v).into(),
            Self::Int(v) => (*v).into(),
            Self::UInt(v) => (*v).into(),
            Self::Long(v) => *v,
            Self::ULong(v) => i64::try_from(*v).ok()?,
            _ => return None,
        })
    }

    /// Returns a number as a double.
    #[inline]
    pub fn as_double(&self) -> Option<f64> {
        use num_traits::ToPrimitive;
        Some(match self.base() {
            Self::Double(v) => *v,
            Self::Single(v) => f64::from(*v),
            Self::ULong(v) => *v as f64,
            Self::Decimal(v) => v.to_f64()?,
            Self::Big(v) => v.to_f64()?,
            other => other.as_integer()? as f64,
        })
    }

    /// Returns the items of a value that a pipeline unrolls. `None` for values that it passes as one.
    #[inline]
    pub fn items(&self) -> Option<Vec<Self>> {
        Some(match self.base() {
            Self::Array(array) => array.items.borrow().clone(),
            Self::List(list) => list.to_vec(),
            Self::Net(net) => return net.items(),
            _ => return None,
        })
    }

    /// Returns the items of a collection, or the value itself; nothing for null.
    #[inline]
    pub fn to_items(&self) -> Vec<Self> {
        match self {
            Self::Null | Self::Void => Vec::new(),
            other => other.items().unwrap_or_else(|| vec![other.clone()]),
        }
    }

    /// Returns the truth value in a condition.
    #[inline]
    pub fn truth(&self) -> bool {
        match self {
            Self::Null | Self::Void => false,
            Self::Bool(v) | Self::Switch(v) => *v,
            Self::Int(v) => *v != 0,
            Self::Str(v) => !v.is_empty(),
            Self::Char(v) => *v != 0,
            Self::Double(v) => *v != 0.0,
            Self::Single(v) => *v != 0.0,
            Self::Decimal(v) => !v.is_zero(),
            Self::Big(v) => **v != BigInt::from(0),
            Self::ULong(v) => *v != 0,
            Self::Enum(v) => v.value != 0,
            Self::Ext(ext) => ext.base.truth(),
            Self::List(list)
                if list.is_stack() || matches!(list.kind, ListKind::Queue | ListKind::GenericQueue) =>
            {
                true
            }
            Self::Array(_) | Self::List(_) => {
                let items = self.items().unwrap_or_default();
                match items.as_slice() {
                    [] => false,
                    [one] => match one {
                        Self::Array(_) | Self::List(_) => one.items().is_some_and(|inner| !inner.is_empty()),
                        other => other.truth(),
                    },
                    _ => true,
                }
            }
            other => other.as_integer().is_none_or(|v| v != 0),
        }
    }
}

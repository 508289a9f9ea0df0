//! Types of .NET, of the script, and of arrays.

use std::rc::Rc;

use super::class::Class;
use super::{EnumType, NetType, TypeInfo, TypeKind, short_type};
use crate::{EnumValue, Value};

/// A type of .NET or of the script.
#[derive(Clone)]
pub enum Ty {
    Native(&'static TypeInfo),
    Generic(&'static TypeInfo, Rc<[Ty]>),
    Array(Rc<Ty>, u8),
    Class(Rc<Class>),
    Enum(Rc<EnumType>),
}

impl PartialEq for Ty {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Native(a), Self::Native(b)) => a.id == b.id,
            (Self::Generic(a, x), Self::Generic(b, y)) => a.id == b.id && x == y,
            (Self::Array(a, x), Self::Array(b, y)) => a == b && x == y,
            (Self::Class(a), Self::Class(b)) => Rc::ptr_eq(a, b),
            (Self::Enum(a), Self::Enum(b)) => a == b,
            _ => false,
        }
    }
}

impl std::fmt::Debug for Ty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.full_name())
    }
}

impl Ty {
    pub fn array(element: Self) -> Self {
        Self::Array(Rc::new(element), 1)
    }

    #[inline]
    pub fn is(&self, id: NetType) -> bool {
        matches!(self, Self::Native(info) | Self::Generic(info, _) if info.id == id)
    }

    /// Returns `Name`, which has no namespace.
    pub fn name(&self) -> String {
        match self {
            Self::Native(info) => short_type(info.name).to_owned(),
            Self::Generic(info, args) => format!("{}`{}", short_type(info.name), args.len()),
            Self::Array(element, rank) => {
                format!("{}[{}]", element.name(), ",".repeat(usize::from(*rank) - 1))
            }
            Self::Class(class) => class.name.to_string(),
            Self::Enum(e) => e.name.to_string(),
        }
    }

    /// Returns `FullName`.
    pub fn full_name(&self) -> String {
        match self {
            Self::Native(info) => info.name.to_owned(),
            Self::Generic(info, args) => {
                let args: Vec<String> = args.iter().map(|a| format!("[{}]", a.full_name())).collect();
                format!("{}`{}[{}]", info.name, args.len(), args.join(","))
            }
            Self::Array(element, rank) => {
                format!("{}[{}]", element.full_name(), ",".repeat(usize::from(*rank) - 1))
            }
            Self::Class(class) => class.name.to_string(),
            Self::Enum(e) => e.full_name.to_string(),
        }
    }

    /// Formats a type as PowerShell does: by its accelerator, if it has one.
    pub fn short_name(&self) -> String {
        match self {
            Self::Native(info) => {
                info.accelerators.first().map_or_else(|| info.name.to_owned(), |a| (*a).to_owned())
            }
            Self::Generic(info, args) => {
                let args: Vec<String> = args.iter().map(Self::short_name).collect();
                format!("{}[{}]", info.name, args.join(","))
            }
            Self::Array(element, rank) => {
                format!("{}[{}]", element.short_name(), ",".repeat(usize::from(*rank) - 1))
            }
            other => other.full_name(),
        }
    }

    #[inline]
    pub fn info(&self) -> Option<&'static TypeInfo> {
        match self {
            Self::Native(info) | Self::Generic(info, _) => Some(info),
            Self::Array(..) => Some(NetType::Array.info()),
            Self::Enum(_) => Some(NetType::Enum.info()),
            Self::Class(class) => class.native_base.as_ref().and_then(Self::info),
        }
    }

    /// Returns the type that it extends.
    pub fn base(&self) -> Option<Self> {
        match self {
            Self::Native(info) | Self::Generic(info, _) => info.base.map(NetType::ty),
            Self::Array(..) => Some(NetType::Array.ty()),
            Self::Enum(_) => Some(NetType::Enum.ty()),
            Self::Class(class) => match &class.base {
                Some(base) => Some(Self::Class(base.clone())),
                None => class.native_base.clone().or(Some(NetType::Object.ty())),
            },
        }
    }

    /// Returns whether a value of this type is also a value of the other.
    #[inline]
    pub fn extends(&self, other: &Self) -> bool {
        if self == other || other.is(NetType::Object) {
            return true;
        }
        if let (Self::Array(a, x), Self::Array(b, y)) = (self, other) {
            return x == y && a.extends(b) && !a.is_value_type();
        }
        if let Self::Native(info) = other
            && (self.implements(info.id) || matches!(self, Self::Generic(own, _) if own.id == info.id))
        {
            return true;
        }
        self.base().is_some_and(|base| base.extends(other))
    }

    fn implements(&self, interface: NetType) -> bool {
        match self {
            Self::Native(info) | Self::Generic(info, _) => info.interfaces.contains(&interface),
            Self::Class(class) => class.interfaces.iter().any(|i| i.is(interface)),
            Self::Array(..) => matches!(
                interface,
                NetType::IEnumerable | NetType::IList | NetType::ICollection | NetType::ICloneable
            ),
            Self::Enum(_) => interface == NetType::IComparable,
        }
    }

    pub fn is_value_type(&self) -> bool {
        match self {
            Self::Native(info) | Self::Generic(info, _) => matches!(info.kind, TypeKind::Struct),
            Self::Enum(_) => true,
            _ => false,
        }
    }

    #[inline]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Native(info) if info.numeric)
    }

    /// Returns the element type of an array or a list.
    pub fn element(&self) -> Option<Self> {
        match self {
            Self::Array(element, _) => Some((**element).clone()),
            Self::Generic(_, args) => args.first().cloned(),
            _ => None,
        }
    }

    /// Returns the value of an unset variable of this type.
    pub fn default_value(&self) -> Value {
        match self {
            Self::Enum(e) => Value::Enum(Rc::new(EnumValue { ty: e.clone(), value: 0 })),
            Self::Native(info) => info.default.map_or(Value::Null, |make| make()),
            _ => Value::Null,
        }
    }
}

//! How a .NET type is declared: its name, what it extends, and its members as C# would write them.

use crate::eval::Interp;
use crate::eval::error::R;
use crate::value::Value;

/// A method, or a getter: the object and the arguments, converted to the declared types.
pub type Call = fn(&mut Interp, &Value, &[Value]) -> R<Value>;
/// A static method or a constructor.
pub type Make = fn(&mut Interp, &[Value]) -> R<Value>;

/// A member; the text is a C# signature such as `string Substring(int startIndex, int length)`.
pub enum Declared {
    Property(&'static str, Call),
    /// With a setter, whose argument is the value.
    Settable(&'static str, Call, Call),
    Method(&'static str, Call),
    Static(&'static str, Make),
    StaticProperty(&'static str, Make),
    New(&'static str, Make),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    Class,
    Struct,
    Interface,
    /// Names and values; whether they are flags.
    Enum(&'static [(&'static str, i64)], bool),
}

pub struct TypeInfo {
    /// With the namespace.
    pub name: &'static str,
    pub accelerators: &'static [&'static str],
    pub base: &'static str,
    pub interfaces: &'static [&'static str],
    pub kind: TypeKind,
    pub members: &'static [Declared],
    pub numeric: bool,
    pub default: Option<fn() -> Value>,
    /// For objects of data: the property that is the text.
    pub text_of: &'static [&'static str],
    /// Whether it prints as a custom object does.
    pub is_record: bool,
    /// How many generic arguments.
    pub arity: u8,
}

impl std::fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl TypeInfo {
    pub const fn class(name: &'static str, members: &'static [Declared]) -> Self {
        Self {
            name,
            accelerators: &[],
            base: "System.Object",
            interfaces: &[],
            kind: TypeKind::Class,
            members,
            numeric: false,
            default: None,
            text_of: &[],
            is_record: false,
            arity: 0,
        }
    }

    pub const fn structure(name: &'static str, default: fn() -> Value, members: &'static [Declared]) -> Self {
        let mut info = Self::class(name, members);
        info.kind = TypeKind::Struct;
        info.base = "System.ValueType";
        info.default = Some(default);
        info
    }

    pub const fn enumeration(name: &'static str, values: &'static [(&'static str, i64)]) -> Self {
        let mut info = Self::class(name, &[]);
        info.kind = TypeKind::Enum(values, false);
        info.base = "System.Enum";
        info
    }

    pub const fn flags(name: &'static str, values: &'static [(&'static str, i64)]) -> Self {
        let mut info = Self::enumeration(name, values);
        info.kind = TypeKind::Enum(values, true);
        info
    }

    pub const fn interface(name: &'static str) -> Self {
        let mut info = Self::class(name, &[]);
        info.kind = TypeKind::Interface;
        info.base = "";
        info
    }

    /// An object whose properties are data.
    pub const fn record(name: &'static str) -> Self {
        Self::class(name, &[])
    }

    pub const fn named(mut self, accelerators: &'static [&'static str]) -> Self {
        self.accelerators = accelerators;
        self
    }

    pub const fn extends(mut self, base: &'static str) -> Self {
        self.base = base;
        self
    }

    pub const fn implements(mut self, interfaces: &'static [&'static str]) -> Self {
        self.interfaces = interfaces;
        self
    }

    pub const fn number(mut self) -> Self {
        self.numeric = true;
        self
    }

    pub const fn generic(mut self, arity: u8) -> Self {
        self.arity = arity;
        self
    }

    pub const fn text_of(mut self, properties: &'static [&'static str]) -> Self {
        self.text_of = properties;
        self
    }
}

//! The declaration of a .NET type: its name, its base, its printed form.

use super::NetType;
use crate::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    Class,
    Struct,
    Interface,
    /// An enum: names and values, and whether they are flags.
    Enum(&'static [(&'static str, i64)], bool),
}

/// The known facts about a type besides its members.
pub struct TypeInfo {
    pub id: NetType,
    /// The name with the namespace.
    pub name: &'static str,
    pub accelerators: &'static [&'static str],
    pub base: Option<NetType>,
    pub interfaces: &'static [NetType],
    pub kind: TypeKind,
    pub numeric: bool,
    pub default: Option<fn() -> Value>,
    /// The property that is the text of a record.
    pub text_of: &'static [&'static str],
    /// Whether it prints as a custom object does.
    pub is_record: bool,
    /// Number of generic arguments.
    pub arity: u8,
}

impl std::fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl TypeInfo {
    pub(super) const fn class(id: NetType, name: &'static str) -> Self {
        Self {
            id,
            name,
            accelerators: &[],
            base: Some(NetType::Object),
            interfaces: &[],
            kind: TypeKind::Class,
            numeric: false,
            default: None,
            text_of: &[],
            is_record: false,
            arity: 0,
        }
    }

    pub(super) const fn structure(id: NetType, name: &'static str, default: fn() -> Value) -> Self {
        let mut info = Self::class(id, name);
        info.kind = TypeKind::Struct;
        info.base = Some(NetType::ValueType);
        info.default = Some(default);
        info
    }

    pub(super) const fn enumeration(
        id: NetType,
        name: &'static str,
        values: &'static [(&'static str, i64)],
    ) -> Self {
        let mut info = Self::class(id, name);
        info.kind = TypeKind::Enum(values, false);
        info.base = Some(NetType::Enum);
        info
    }

    pub(super) const fn flags(
        id: NetType,
        name: &'static str,
        values: &'static [(&'static str, i64)],
    ) -> Self {
        let mut info = Self::enumeration(id, name, values);
        info.kind = TypeKind::Enum(values, true);
        info
    }

    pub(super) const fn interface(id: NetType, name: &'static str) -> Self {
        let mut info = Self::class(id, name);
        info.kind = TypeKind::Interface;
        info.base = None;
        info
    }

    /// Declares an object whose properties are data.
    pub(super) const fn record(id: NetType, name: &'static str) -> Self {
        Self::class(id, name)
    }

    pub(super) const fn named(mut self, accelerators: &'static [&'static str]) -> Self {
        self.accelerators = accelerators;
        self
    }

    pub(super) const fn extends(mut self, base: NetType) -> Self {
        self.base = Some(base);
        self
    }

    /// Removes the base.
    pub(super) const fn root(mut self) -> Self {
        self.base = None;
        self
    }

    pub(super) const fn implements(mut self, interfaces: &'static [NetType]) -> Self {
        self.interfaces = interfaces;
        self
    }

    pub(super) const fn number(mut self) -> Self {
        self.numeric = true;
        self
    }

    pub(super) const fn generic(mut self, arity: u8) -> Self {
        self.arity = arity;
        self
    }

    pub(super) const fn text_of(mut self, properties: &'static [&'static str]) -> Self {
        self.text_of = properties;
        self
    }
}

//! The table of types: one declaration for casts, `-is`, `Get-Member`, members and the choice of overloads.

pub mod args;
mod chars;
pub mod class;
mod commands;
pub mod conversion;
mod crypto;
pub mod culture;
mod culture_formats;
mod date_exact;
mod date_offsets;
pub mod date_text;
pub mod dates;
pub mod declare;
mod dictionaries;
pub mod engine;
mod exceptions;
mod io;
mod lists;
mod math;
pub mod net;
pub mod net_text;
mod numbers;
mod parsing;
pub mod powershell;
mod queues;
mod records;
mod reflection;
pub mod regexes;
mod registry;
mod streams;
mod strings;
mod system;
mod time_spans;
pub mod uri;
mod values;
pub mod xml;
mod xml_convert;
mod xml_types;
pub mod xpath;

use std::rc::Rc;

pub use crypto::digest;
pub use declare::{Call, Declared, Make, TypeInfo, TypeKind};
pub use engine::member_type;
pub use regexes::escape as regex_escape;
pub use registry::{all, enum_of, enum_value, find, lookup, native};
pub use system::new_guid;
pub use uri::html_encode;

use crate::value::{DictKind, EnumValue, ListKind, Str, Value};
use class::Class;

/// A type.
#[derive(Clone)]
pub enum Ty {
    Native(&'static TypeInfo),
    Generic(&'static TypeInfo, Rc<[Ty]>),
    Array(Rc<Ty>, u8),
    Class(Rc<Class>),
    Enum(Rc<EnumType>),
}

pub const OBJECT: Ty = Ty::Native(&registry::OBJECT);
pub const STRING: Ty = Ty::Native(&registry::STRING);

/// An enum, of .NET or of the script.
#[derive(Debug)]
pub struct EnumType {
    pub name: Str,
    pub full_name: Str,
    pub values: Vec<(Str, i64)>,
    pub flags: bool,
    pub of_script: bool,
}

impl PartialEq for EnumType {
    fn eq(&self, other: &Self) -> bool {
        self.full_name == other.full_name
    }
}

impl EnumType {
    pub fn name_of(&self, value: i64) -> Option<&Str> {
        self.values.iter().find(|(_, v)| *v == value).map(|(name, _)| name)
    }

    /// The name, the names of the flags, or the number.
    pub fn text_of(&self, value: i64) -> String {
        if let Some(name) = self.name_of(value) {
            return name.to_string();
        }
        if self.flags && value != 0 {
            let mut left = value;
            let mut names = Vec::new();
            let mut by_size: Vec<&(Str, i64)> = self.values.iter().collect();
            by_size.sort_by_key(|(_, v)| std::cmp::Reverse(*v));
            for (name, bits) in by_size {
                if *bits != 0 && left & bits == *bits {
                    left &= !bits;
                    names.push((*bits, name.to_string()));
                }
            }
            if left == 0 {
                names.sort_by_key(|(bits, _)| *bits);
                return names.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(", ");
            }
        }
        value.to_string()
    }

    /// A name, several joined by commas, or a number.
    pub fn parse(&self, text: &str) -> Option<i64> {
        let mut sum = 0;
        for part in text.split(',') {
            let part = part.trim();
            let exact = self.values.iter().find(|(name, _)| ps_syntax::symbol::same(name, part));
            let found = exact.map(|(_, v)| *v).or_else(|| part.parse().ok()).or_else(|| {
                // PowerShell takes a beginning that only one name has.
                let lower = part.to_lowercase();
                let mut hits = self
                    .values
                    .iter()
                    .filter(|(n, _)| !lower.is_empty() && n.to_lowercase().starts_with(&lower));
                match (hits.next(), hits.next()) {
                    (Some((_, v)), None) => Some(*v),
                    _ => None,
                }
            })?;
            sum |= found;
        }
        Some(sum)
    }
}

impl PartialEq for Ty {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Native(a), Self::Native(b)) => std::ptr::eq(*a, *b),
            (Self::Generic(a, x), Self::Generic(b, y)) => std::ptr::eq(*a, *b) && x == y,
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

    pub fn is(&self, full_name: &str) -> bool {
        matches!(self, Self::Native(info) | Self::Generic(info, _) if info.name == full_name)
    }

    /// `Name`: without the namespace.
    pub fn name(&self) -> String {
        match self {
            Self::Native(info) => error_short(info.name).to_owned(),
            Self::Generic(info, args) => format!("{}`{}", error_short(info.name), args.len()),
            Self::Array(element, rank) => {
                format!("{}[{}]", element.name(), ",".repeat(usize::from(*rank) - 1))
            }
            Self::Class(class) => class.name.to_string(),
            Self::Enum(e) => e.name.to_string(),
        }
    }

    /// `FullName`
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

    /// As PowerShell prints a type: by its accelerator, where it has one.
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

    pub fn info(&self) -> Option<&'static TypeInfo> {
        match self {
            Self::Native(info) | Self::Generic(info, _) => Some(info),
            Self::Array(..) => find("System.Array"),
            Self::Enum(_) => find("System.Enum"),
            Self::Class(class) => class.native_base.as_ref().and_then(Self::info),
        }
    }

    /// The type that it extends.
    pub fn base(&self) -> Option<Self> {
        match self {
            Self::Native(info) | Self::Generic(info, _) => lookup(info.base),
            Self::Array(..) => lookup("System.Array"),
            Self::Enum(_) => lookup("System.Enum"),
            Self::Class(class) => match &class.base {
                Some(base) => Some(Self::Class(base.clone())),
                None => class.native_base.clone().or(Some(OBJECT)),
            },
        }
    }

    /// Whether a value of this type is one of the other.
    pub fn extends(&self, other: &Self) -> bool {
        if self == other || *other == OBJECT {
            return true;
        }
        if let (Self::Array(a, x), Self::Array(b, y)) = (self, other) {
            return x == y && a.extends(b) && !a.is_value_type();
        }
        if let Self::Native(info) = other
            && (self.implements(info.name)
                || matches!(self, Self::Generic(own, _) if std::ptr::eq(*own, *info)))
        {
            return true;
        }
        self.base().is_some_and(|base| base.extends(other))
    }

    fn implements(&self, interface: &str) -> bool {
        match self {
            Self::Native(info) | Self::Generic(info, _) => info.interfaces.contains(&interface),
            Self::Class(class) => class.interfaces.iter().any(|i| i.is(interface)),
            Self::Array(..) => [
                "System.Collections.IEnumerable",
                "System.Collections.IList",
                "System.Collections.ICollection",
                "System.ICloneable",
            ]
            .contains(&interface),
            Self::Enum(_) => interface == "System.IComparable",
        }
    }

    pub fn is_value_type(&self) -> bool {
        match self {
            Self::Native(info) | Self::Generic(info, _) => matches!(info.kind, TypeKind::Struct),
            Self::Enum(_) => true,
            _ => false,
        }
    }

    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Native(info) if info.numeric)
    }

    /// The element of an array or a list.
    pub fn element(&self) -> Option<Self> {
        match self {
            Self::Array(element, _) => Some((**element).clone()),
            Self::Generic(_, args) => args.first().cloned(),
            _ => None,
        }
    }

    /// What a variable of the type holds before it is set.
    pub fn default_value(&self) -> Value {
        match self {
            Self::Enum(e) => Value::Enum(Rc::new(EnumValue { ty: e.clone(), value: 0 })),
            Self::Native(info) => info.default.map_or(Value::Null, |make| make()),
            _ => Value::Null,
        }
    }
}

fn error_short(name: &str) -> &str {
    crate::eval::error::short_type(name)
}

/// The type of a value; that of null is `System.Object`.
pub fn type_of(value: &Value) -> Ty {
    let name = match value {
        Value::Null | Value::Void => return OBJECT,
        Value::Str(_) => return STRING,
        Value::Bool(_) => "System.Boolean",
        Value::Char(_) => "System.Char",
        Value::SByte(_) => "System.SByte",
        Value::Byte(_) => "System.Byte",
        Value::Short(_) => "System.Int16",
        Value::UShort(_) => "System.UInt16",
        Value::Int(_) => "System.Int32",
        Value::UInt(_) => "System.UInt32",
        Value::Long(_) => "System.Int64",
        Value::ULong(_) => "System.UInt64",
        Value::Single(_) => "System.Single",
        Value::Double(_) => "System.Double",
        Value::Decimal(_) => "System.Decimal",
        Value::Big(_) => "System.Numerics.BigInteger",
        Value::DateTime(_) => "System.DateTime",
        Value::TimeSpan(_) => "System.TimeSpan",
        Value::Switch(_) => "System.Management.Automation.SwitchParameter",
        Value::Block(_) => "System.Management.Automation.ScriptBlock",
        Value::Type(_) => "System.RuntimeType",
        Value::Error(_) => "System.Management.Automation.ErrorRecord",
        Value::Ref(_) => "System.Management.Automation.PSReference",
        Value::Ext(ext) => return type_of(&ext.base),
        Value::Enum(e) => return Ty::Enum(e.ty.clone()),
        Value::Object(object) => return object.ty(),
        Value::Net(net) => return net.ty(),
        Value::Array(array) => {
            return Ty::Array(Rc::new(array.element.clone()), array.dimensions.len().max(1) as u8);
        }
        Value::List(list) => return list_type(list.kind, &list.element),
        Value::Dict(dict) => return dict_type(dict),
    };
    native(name)
}

fn list_type(kind: ListKind, element: &Ty) -> Ty {
    let generic = |name: &'static str| match find(name) {
        Some(info) => Ty::Generic(info, Rc::from([element.clone()])),
        None => OBJECT,
    };
    match kind {
        ListKind::ArrayList => native("System.Collections.ArrayList"),
        ListKind::Queue => native("System.Collections.Queue"),
        ListKind::Stack => native("System.Collections.Stack"),
        ListKind::List => generic("System.Collections.Generic.List"),
        ListKind::LinkedList => generic("System.Collections.Generic.LinkedList"),
        ListKind::GenericQueue => generic("System.Collections.Generic.Queue"),
        ListKind::GenericStack => generic("System.Collections.Generic.Stack"),
        ListKind::Collection => generic("System.Collections.ObjectModel.Collection"),
    }
}

fn dict_type(dict: &crate::value::Dict) -> Ty {
    let generic = |name: &'static str, args: &[&Ty]| match find(name) {
        Some(info) => Ty::Generic(info, args.iter().map(|ty| (*ty).clone()).collect()),
        None => OBJECT,
    };
    match dict.kind {
        DictKind::Hashtable => native("System.Collections.Hashtable"),
        DictKind::Ordered => native("System.Collections.Specialized.OrderedDictionary"),
        DictKind::Bound => native("System.Management.Automation.PSBoundParametersDictionary"),
        DictKind::Generic => generic("System.Collections.Generic.Dictionary", &[&dict.key, &dict.value]),
        DictKind::Sorted => generic("System.Collections.Generic.SortedDictionary", &[&dict.key, &dict.value]),
        DictKind::Set => generic("System.Collections.Generic.HashSet", &[&dict.key]),
        DictKind::SortedSet => generic("System.Collections.Generic.SortedSet", &[&dict.key]),
    }
}

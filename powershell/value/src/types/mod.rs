//! The types of .NET and of scripts, as data. The runtime has their members as code.

pub mod class;
mod enums;
mod info;
mod net_type;
mod of;
mod registry;
mod tables;
mod ty;

pub use enums::EnumType;
pub use info::{TypeInfo, TypeKind};
pub use net_type::NetType;
pub use of::type_of;
pub use registry::{all, enum_of, enum_value, find, lookup};
pub use ty::Ty;

/// Returns the last part of a type's name.
pub fn short_type(name: &str) -> &str {
    name.rsplit(['.', '+']).next().unwrap_or(name)
}

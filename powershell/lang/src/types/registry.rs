//! Finds types by name.

use std::cell::RefCell;
use std::rc::Rc;

use super::{EnumType, Ty, TypeInfo, TypeKind};
use crate::value::{EnumValue, Value};
use ps_syntax::symbol::{Map, fold};

pub(super) static OBJECT: TypeInfo =
    TypeInfo::class("System.Object", &[]).named(&["System.Object"]).extends("");
pub(super) static STRING: TypeInfo = super::strings::STRING_INFO;

type Found = Map<String, &'static TypeInfo>;

thread_local! {
    static BY_NAME: Found = index();
    static ENUMS: RefCell<Map<&'static str, Rc<EnumType>>> = RefCell::default();
}

static TABLES: &[&[TypeInfo]] = &[
    super::strings::TYPES,
    super::numbers::TYPES,
    super::dates::TYPES,
    super::lists::TYPES,
    super::dictionaries::TYPES,
    super::regexes::TYPES,
    super::system::TYPES,
    super::culture::TYPES,
    super::values::TYPES,
    super::engine::TYPES,
    super::io::TYPES,
    super::crypto::TYPES,
    super::xml_types::TYPES,
    super::xml_convert::TYPES,
    super::exceptions::TYPES,
    super::records::TYPES,
];

/// Every type that is declared.
pub fn all() -> impl Iterator<Item = &'static TypeInfo> {
    [&OBJECT, &STRING].into_iter().chain(TABLES.iter().flat_map(|table| table.iter()))
}

fn index() -> Found {
    let mut found = Found::default();
    for info in all() {
        for name in std::iter::once(&info.name).chain(info.accelerators) {
            found.insert(fold(name).into_owned(), info);
        }
    }
    found.insert("object".into(), &OBJECT);
    found
}

/// A declared type by its full name or an accelerator.
pub fn find(name: &str) -> Option<&'static TypeInfo> {
    BY_NAME.with(|types| types.get(&*fold(name)).copied())
}

pub(super) fn find_automation(name: &str) -> Option<&'static TypeInfo> {
    find(&format!("System.Management.Automation.{name}"))
}

/// A type that is known to be there.
pub fn native(name: &'static str) -> Ty {
    lookup(name).unwrap_or(super::OBJECT)
}

/// A type by name: an accelerator, a full name, or one without `System.`; arrays by their brackets.
pub fn lookup(name: &str) -> Option<Ty> {
    let name = name.trim();
    if let Some(element) = name.strip_suffix("[]") {
        return lookup(element).map(Ty::array);
    }
    let info = find(name)
        .or_else(|| if name.starts_with("System.") { None } else { find(&format!("System.{name}")) })?;
    Some(match info.kind {
        TypeKind::Enum(..) => Ty::Enum(enum_of(info)),
        _ => Ty::Native(info),
    })
}

/// The values of a .NET enum.
pub fn enum_of(info: &'static TypeInfo) -> Rc<EnumType> {
    ENUMS.with_borrow_mut(|enums| {
        enums
            .entry(info.name)
            .or_insert_with(|| {
                let (values, flags) = match info.kind {
                    TypeKind::Enum(values, flags) => (values, flags),
                    _ => (&[][..], false),
                };
                Rc::new(EnumType {
                    name: crate::eval::error::short_type(info.name).into(),
                    full_name: info.name.into(),
                    values: values.iter().map(|(n, v)| ((*n).into(), *v)).collect(),
                    flags,
                    of_script: false,
                })
            })
            .clone()
    })
}

/// A value of a .NET enum.
pub fn enum_value(name: &'static str, value: i64) -> Value {
    match find(name) {
        Some(info) => Value::Enum(Rc::new(EnumValue { ty: enum_of(info), value })),
        None => Value::Long(value),
    }
}

//! Finds types by name, and their declarations.

use std::cell::RefCell;
use std::rc::Rc;

use ps_syntax::symbol::{Map, fold};

use super::{EnumType, NetType, Ty, TypeInfo, TypeKind, short_type, tables};
use crate::{EnumValue, Value};

type Found = Map<String, NetType>;

thread_local! {
    static BY_NAME: Found = index();
    static ENUMS: RefCell<Map<NetType, Rc<EnumType>>> = RefCell::default();
}

fn index() -> Found {
    let mut found = Found::default();
    for info in all() {
        for name in std::iter::once(&info.name).chain(info.accelerators) {
            found.insert(fold(name).into_owned(), info.id);
        }
    }
    found.insert("object".into(), NetType::Object);
    found
}

/// Returns every declared type.
pub fn all() -> impl Iterator<Item = &'static TypeInfo> {
    tables::ALL.iter().copied()
}

/// Returns a declared type by its full name or an accelerator.
pub fn find(name: &str) -> Option<&'static TypeInfo> {
    BY_NAME.with(|types| types.get(&*fold(name)).map(|id| id.info()))
}

/// Returns a type by name: an accelerator, a full name, or one without `System.`; arrays by their brackets.
pub fn lookup(name: &str) -> Option<Ty> {
    let name = name.trim();
    if let Some(element) = name.strip_suffix("[]") {
        return lookup(element).map(Ty::array);
    }
    let info = find(name)
        .or_else(|| if name.starts_with("System.") { None } else { find(&format!("System.{name}")) })?;
    Some(info.id.ty())
}

impl NetType {
    #[inline]
    pub fn info(self) -> &'static TypeInfo {
        tables::info(self)
    }

    /// Returns the name with the namespace.
    #[inline]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    #[inline]
    pub fn ty(self) -> Ty {
        let info = self.info();
        match info.kind {
            TypeKind::Enum(..) => Ty::Enum(enum_of(info)),
            _ => Ty::Native(info),
        }
    }
}

/// Returns the values of a .NET enum.
pub fn enum_of(info: &'static TypeInfo) -> Rc<EnumType> {
    ENUMS.with_borrow_mut(|enums| {
        enums
            .entry(info.id)
            .or_insert_with(|| {
                let (values, flags) = match info.kind {
                    TypeKind::Enum(values, flags) => (values, flags),
                    _ => (&[][..], false),
                };
                Rc::new(EnumType {
                    name: short_type(info.name).into(),
                    full_name: info.name.into(),
                    values: values.iter().map(|(n, v)| ((*n).into(), *v)).collect(),
                    flags,
                    of_script: false,
                })
            })
            .clone()
    })
}

/// Makes a value of a .NET enum.
pub fn enum_value(id: NetType, value: i64) -> Value {
    Value::Enum(Rc::new(EnumValue { ty: enum_of(id.info()), value }))
}

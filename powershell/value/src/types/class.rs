//! Classes that the script defines.

use std::cell::RefCell;
use std::rc::Rc;

use super::Ty;
use crate::block::ScriptBlock;
use crate::validate::Validator;
use crate::{Str, Value};
use ps_syntax::ast::TypeDef;
use ps_syntax::symbol::Sym;

pub struct Class {
    pub name: Str,
    pub ast: Rc<TypeDef>,
    pub base: Option<Rc<Class>>,
    /// A .NET type that it extends.
    pub native_base: Option<Ty>,
    pub interfaces: Vec<Ty>,
    pub properties: RefCell<Vec<ClassProperty>>,
    pub methods: RefCell<Vec<ClassMethod>>,
    pub statics: RefCell<Vec<(Sym, Value)>>,
}

#[derive(Clone)]
pub struct ClassProperty {
    pub name: Str,
    pub sym: Sym,
    pub ty: Option<Ty>,
    pub validators: Vec<Rc<Validator>>,
    pub is_static: bool,
    pub hidden: bool,
    /// Its index in the declaration.
    pub index: usize,
}

#[derive(Clone)]
pub struct ClassMethod {
    pub name: Str,
    pub sym: Sym,
    pub params: Vec<(Str, Option<Ty>, bool)>,
    /// The return type. `None` for `[void]` and constructors.
    pub returns: Option<Ty>,
    pub returns_void: bool,
    pub body: Rc<ScriptBlock>,
    pub is_static: bool,
    pub hidden: bool,
    pub index: usize,
}

impl Class {
    /// Returns a property, its own or inherited.
    pub fn property(&self, name: Sym, is_static: bool) -> Option<ClassProperty> {
        let own =
            self.properties.borrow().iter().find(|p| p.sym == name && p.is_static == is_static).cloned();
        own.or_else(|| self.base.as_ref()?.property(name, is_static))
    }

    /// Returns every property of an instance, those of the base first.
    pub fn all_properties(&self) -> Vec<ClassProperty> {
        let mut all = self.base.as_ref().map(|base| base.all_properties()).unwrap_or_default();
        for property in self.properties.borrow().iter().filter(|p| !p.is_static) {
            match all.iter_mut().find(|p| p.sym == property.sym) {
                Some(place) => *place = property.clone(),
                None => all.push(property.clone()),
            }
        }
        all
    }

    /// Returns the overloads of a method with their classes, nearest class first.
    pub fn overloads(self: &Rc<Self>, name: Sym, is_static: bool) -> Vec<(Rc<Self>, ClassMethod)> {
        let own = self.methods.borrow();
        let mut found: Vec<(Rc<Self>, ClassMethod)> = own
            .iter()
            .filter(|m| m.sym == name && m.is_static == is_static)
            .map(|m| (self.clone(), m.clone()))
            .collect();
        if let Some(base) = &self.base {
            for (class, method) in base.overloads(name, is_static) {
                let hidden = found.iter().any(|(_, m)| {
                    m.params.len() == method.params.len()
                        && m.params.iter().zip(&method.params).all(|(a, b)| a.1 == b.1)
                });
                if !hidden {
                    found.push((class, method));
                }
            }
        }
        found
    }

    pub fn constructors(self: &Rc<Self>) -> Vec<ClassMethod> {
        let name = Sym::of(&self.name);
        self.methods.borrow().iter().filter(|m| m.sym == name && !m.is_static).cloned().collect()
    }

    /// Returns the class that holds a static property.
    pub fn static_holder(self: &Rc<Self>, name: Sym) -> Option<Rc<Self>> {
        if self.statics.borrow().iter().any(|(sym, _)| *sym == name) {
            return Some(self.clone());
        }
        self.base.as_ref()?.static_holder(name)
    }

    /// Returns the .NET type at the root of its bases, if there is one.
    pub fn native_root(&self) -> Option<Ty> {
        self.native_base.clone().or_else(|| self.base.as_ref()?.native_root())
    }

    pub fn is_or_extends(self: &Rc<Self>, other: &Rc<Self>) -> bool {
        Rc::ptr_eq(self, other) || self.base.as_ref().is_some_and(|base| base.is_or_extends(other))
    }
}

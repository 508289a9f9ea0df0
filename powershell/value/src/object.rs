//! Objects with properties, and members that scripts add to anything.

use crate::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use super::{Str, Value};
use crate::block::ScriptBlock;
use crate::types::class::Class;
use crate::types::{Ty, TypeInfo};
use ps_syntax::symbol::Sym;

/// The names of an object's properties, shared by objects with the same names.
#[derive(Debug, Default, Clone)]
pub struct Shape {
    pub names: Vec<(Sym, Str)>,
}

impl Shape {
    #[inline]
    pub fn of(names: impl IntoIterator<Item = Str>) -> Self {
        Self { names: names.into_iter().map(|name| (Sym::of(&name), name)).collect() }
    }

    #[inline]
    pub fn index(&self, name: Sym) -> Option<usize> {
        self.names.iter().position(|(sym, _)| *sym == name)
    }
}

#[derive(Clone)]
pub enum ObjectKind {
    Custom,
    Class(Rc<Class>),
    Net(&'static TypeInfo),
}

/// A `PSCustomObject`, an instance of a class, or a .NET object whose properties are data.
pub struct Object {
    pub kind: ObjectKind,
    shape: RefCell<Rc<Shape>>,
    values: RefCell<Vec<Value>>,
    /// Members other than plain properties.
    pub members: RefCell<Vec<Member>>,
    /// `PSTypeName`s, before the names of its own types.
    pub type_names: RefCell<Vec<Str>>,
    /// The .NET object that a class extends, such as an exception.
    pub native: RefCell<Option<Value>>,
}

#[derive(Clone)]
pub struct Member {
    pub name: Str,
    pub kind: MemberKind,
}

#[derive(Clone)]
pub enum MemberKind {
    Note(Value),
    Alias(Str),
    Script { get: Rc<ScriptBlock>, set: Option<Rc<ScriptBlock>> },
    Method(Rc<ScriptBlock>),
}

impl Object {
    pub fn custom(pairs: impl IntoIterator<Item = (Str, Value)>) -> Self {
        let (mut names, mut values): (Vec<(Sym, Str)>, Vec<Value>) = (Vec::new(), Vec::new());
        for (name, value) in pairs {
            let sym = Sym::of(&name);
            match names.iter().position(|(other, _)| *other == sym) {
                Some(at) => {
                    if let Some(place) = values.get_mut(at) {
                        *place = value;
                    }
                }
                None => {
                    names.push((sym, name));
                    values.push(value);
                }
            }
        }
        Self::shaped(Rc::new(Shape { names }), values)
    }

    #[inline]
    pub fn shaped(shape: Rc<Shape>, values: Vec<Value>) -> Self {
        Self {
            kind: ObjectKind::Custom,
            shape: RefCell::new(shape),
            values: RefCell::new(values),
            members: RefCell::default(),
            type_names: RefCell::default(),
            native: RefCell::default(),
        }
    }

    #[inline]
    pub fn of_type(mut self, ty: NetType) -> Self {
        self.kind = ObjectKind::Net(ty.info());
        self
    }

    #[inline]
    pub fn of_class(mut self, class: Rc<Class>) -> Self {
        self.kind = ObjectKind::Class(class);
        self
    }

    #[inline]
    pub fn get(&self, name: Sym) -> Option<Value> {
        let at = self.shape.borrow().index(name)?;
        self.values.borrow().get(at).cloned()
    }

    #[inline]
    pub fn get_str(&self, name: &str) -> Option<Value> {
        self.get(Sym::of(name))
    }

    /// Replaces an existing property.
    #[inline]
    pub fn replace(&self, name: Sym, value: Value) -> Option<Value> {
        let at = self.shape.borrow().index(name)?;
        self.values.borrow_mut().get_mut(at).map(|place| std::mem::replace(place, value))
    }

    /// Sets an existing or new property.
    #[inline]
    pub fn set(&self, name: &Str, value: Value) {
        let sym = Sym::of(name);
        if self.shape.borrow().index(sym).is_some() {
            self.replace(sym, value);
            return;
        }
        Rc::make_mut(&mut *self.shape.borrow_mut()).names.push((sym, name.clone()));
        self.values.borrow_mut().push(value);
    }

    #[inline]
    pub fn remove(&self, name: Sym) -> bool {
        let Some(at) = self.shape.borrow().index(name) else {
            let mut members = self.members.borrow_mut();
            let before = members.len();
            members.retain(|member| Sym::of(&member.name) != name);
            return members.len() < before;
        };
        Rc::make_mut(&mut *self.shape.borrow_mut()).names.remove(at);
        self.values.borrow_mut().remove(at);
        true
    }

    #[inline]
    pub fn shape(&self) -> Rc<Shape> {
        self.shape.borrow().clone()
    }

    #[inline]
    pub fn values(&self) -> Vec<Value> {
        self.values.borrow().clone()
    }

    /// Returns names and values of the plain properties.
    #[inline]
    pub fn pairs(&self) -> Vec<(Str, Value)> {
        let shape = self.shape();
        let names = shape.names.iter().map(|(_, name)| name.clone());
        names.zip(self.values.borrow().iter().cloned()).collect()
    }

    #[inline]
    pub fn ty(&self) -> Ty {
        match &self.kind {
            ObjectKind::Custom => NetType::PSCustomObject.ty(),
            ObjectKind::Class(class) => Ty::Class(class.clone()),
            ObjectKind::Net(info) => Ty::Native(info),
        }
    }

    /// Returns a copy with separate properties.
    #[inline]
    pub fn copy(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            shape: RefCell::new(self.shape()),
            values: RefCell::new(self.values()),
            members: RefCell::new(self.members.borrow().clone()),
            type_names: RefCell::new(self.type_names.borrow().clone()),
            native: RefCell::new(self.native.borrow().clone()),
        }
    }
}

/// A value and the members that a script has added.
pub struct Ext {
    pub base: Value,
    pub members: RefCell<Vec<Member>>,
    /// Its printed text, if that differs from the value's.
    pub text: Option<Str>,
    pub type_names: RefCell<Vec<Str>>,
}

impl Ext {
    #[inline]
    pub fn new(base: Value, text: Option<Str>) -> Self {
        Self { base, members: RefCell::default(), text, type_names: RefCell::default() }
    }

    #[inline]
    pub fn get(&self, name: &str) -> Option<MemberKind> {
        let members = self.members.borrow();
        members.iter().find(|m| ps_syntax::symbol::same(&m.name, name)).map(|m| m.kind.clone())
    }

    #[inline]
    pub fn set(&self, member: Member) {
        let mut members = self.members.borrow_mut();
        match members.iter_mut().find(|m| ps_syntax::symbol::same(&m.name, &member.name)) {
            Some(place) => *place = member,
            None => members.push(member),
        }
    }
}

/// Returns whether two values are the same object, or equal values of one type.
pub fn equals(a: &Value, b: &Value) -> bool {
    use Value as V;
    match (a.base(), b.base()) {
        (V::Null | V::Void, V::Null | V::Void) => true,
        (V::Bool(a), V::Bool(b)) | (V::Switch(a), V::Switch(b)) => a == b,
        (V::Char(a), V::Char(b)) => a == b,
        (V::Str(a), V::Str(b)) => a == b,
        (V::SByte(a), V::SByte(b)) => a == b,
        (V::Byte(a), V::Byte(b)) => a == b,
        (V::Short(a), V::Short(b)) => a == b,
        (V::UShort(a), V::UShort(b)) => a == b,
        (V::Int(a), V::Int(b)) => a == b,
        (V::UInt(a), V::UInt(b)) => a == b,
        (V::Long(a), V::Long(b)) => a == b,
        (V::ULong(a), V::ULong(b)) => a == b,
        (V::Single(a), V::Single(b)) => a == b,
        (V::Double(a), V::Double(b)) => a == b || (a.is_nan() && b.is_nan()),
        (V::Decimal(a), V::Decimal(b)) => a == b,
        (V::Big(a), V::Big(b)) => a == b,
        (V::DateTime(a), V::DateTime(b)) => a.ticks() == b.ticks(),
        (V::TimeSpan(a), V::TimeSpan(b)) => a == b,
        (V::Enum(a), V::Enum(b)) => a.ty == b.ty && a.value == b.value,
        (V::Type(a), V::Type(b)) => a == b,
        (V::Array(a), V::Array(b)) => Rc::ptr_eq(a, b),
        (V::List(a), V::List(b)) => Rc::ptr_eq(a, b),
        (V::Dict(a), V::Dict(b)) => Rc::ptr_eq(a, b),
        (V::Object(a), V::Object(b)) => Rc::ptr_eq(a, b),
        (V::Block(a), V::Block(b)) => Rc::ptr_eq(a, b),
        (V::Error(a), V::Error(b)) => Rc::ptr_eq(a, b),
        (V::Ref(a), V::Ref(b)) => Rc::ptr_eq(a, b),
        (V::Net(a), V::Net(b)) => Rc::ptr_eq(a, b) || a.same_value(b),
        _ => false,
    }
}

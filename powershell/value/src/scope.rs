//! Dynamic scopes, as in PowerShell. Reading looks outward; writing stays in the scope.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::block::FunctionInfo;
use crate::types::Ty;
use crate::{Str, Value};
use ps_syntax::symbol::{Map, Sym};

/// A variable of a scope.
pub struct Variable {
    pub sym: Sym,
    pub name: Str,
    pub value: Value,
    /// Whether it exists: a removed variable leaves its place.
    pub exists: bool,
    /// Rarely used data.
    pub meta: Option<Rc<VariableMeta>>,
}

#[derive(Default, Clone)]
pub struct VariableMeta {
    pub ty: Option<Ty>,
    pub validators: Vec<Rc<super::validate::Validator>>,
    pub read_only: bool,
    pub constant: bool,
    pub private: bool,
    pub all_scope: bool,
    pub description: Str,
}

#[derive(Default)]
pub struct Names {
    pub functions: Map<Sym, Rc<FunctionInfo>>,
    pub aliases: Map<Sym, (Str, Str)>,
}

pub struct Scope {
    /// A number that is never reused, so that a remembered place cannot belong to another scope.
    pub number: u32,
    pub parent: Option<Rc<Scope>>,
    pub variables: RefCell<Vec<Variable>>,
    pub names: RefCell<Option<Box<Names>>>,
    pub strict: Cell<Option<u8>>,
    /// The scope of the script file or module that this one belongs to.
    pub script: RefCell<Option<Rc<Scope>>>,
    /// Whether it is the scope of a file, which `$script:` means.
    pub is_script: bool,
}

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(1) };
}

impl Scope {
    #[inline]
    pub fn new(parent: Option<Rc<Self>>, is_script: bool) -> Rc<Self> {
        let number = NUMBER.get();
        NUMBER.set(number.wrapping_add(1).max(1));
        Rc::new(Self {
            number,
            parent,
            variables: RefCell::default(),
            names: RefCell::default(),
            strict: Cell::new(None),
            script: RefCell::default(),
            is_script,
        })
    }

    #[inline]
    pub fn find_here(&self, sym: Sym) -> Option<usize> {
        self.variables.borrow().iter().position(|v| v.sym == sym && v.exists)
    }

    #[inline]
    pub fn value_at(&self, index: usize) -> Value {
        self.variables.borrow().get(index).map(|v| v.value.clone()).unwrap_or_default()
    }

    #[inline]
    pub fn get_here(&self, sym: Sym) -> Option<Value> {
        self.variables.borrow().iter().find(|v| v.sym == sym && v.exists).map(|v| v.value.clone())
    }

    /// Sets a variable without checking types or options, and returns its index.
    #[inline]
    pub fn put(&self, sym: Sym, name: &Str, value: Value) -> usize {
        let mut variables = self.variables.borrow_mut();
        if let Some(index) = variables.iter().position(|v| v.sym == sym) {
            if let Some(variable) = variables.get_mut(index) {
                variable.value = value;
                if !variable.exists {
                    variable.exists = true;
                    variable.meta = None;
                }
            }
            return index;
        }
        variables.push(Variable { sym, name: name.clone(), value, exists: true, meta: None });
        variables.len() - 1
    }

    /// Adds a variable that is known to be new.
    #[inline]
    pub fn push(&self, sym: Sym, name: Str, value: Value) {
        self.variables.borrow_mut().push(Variable { sym, name, value, exists: true, meta: None });
    }

    #[inline]
    pub fn put_str(&self, name: &str, value: Value) -> usize {
        self.put(Sym::of(name), &name.into(), value)
    }

    #[inline]
    pub fn remove(&self, sym: Sym) -> bool {
        let mut variables = self.variables.borrow_mut();
        match variables.iter_mut().find(|v| v.sym == sym && v.exists) {
            Some(variable) => {
                variable.exists = false;
                variable.value = Value::Null;
                variable.meta = None;
                true
            }
            None => false,
        }
    }

    #[inline]
    pub fn set_meta(&self, index: usize, meta: VariableMeta) {
        if let Some(variable) = self.variables.borrow_mut().get_mut(index) {
            variable.meta = Some(Rc::new(meta));
        }
    }

    #[inline]
    pub fn function(&self, name: Sym) -> Option<Rc<FunctionInfo>> {
        self.names.borrow().as_ref()?.functions.get(&name).cloned()
    }

    #[inline]
    pub fn set_function(&self, name: Sym, function: Option<Rc<FunctionInfo>>) {
        let mut names = self.names.borrow_mut();
        let names = names.get_or_insert_default();
        match function {
            Some(function) => names.functions.insert(name, function),
            None => names.functions.remove(&name),
        };
    }

    #[inline]
    pub fn alias(&self, name: Sym) -> Option<Str> {
        self.names.borrow().as_ref()?.aliases.get(&name).map(|(_, target)| target.clone())
    }

    #[inline]
    pub fn set_alias(&self, name: &str, target: Option<Str>) {
        let mut names = self.names.borrow_mut();
        let names = names.get_or_insert_default();
        let sym = Sym::of(name);
        match target {
            Some(target) => names.aliases.insert(sym, (name.into(), target)),
            None => names.aliases.remove(&sym),
        };
    }

    /// Returns this scope and the enclosing ones, inner first.
    #[inline]
    pub fn outward(self: &Rc<Self>) -> impl Iterator<Item = Rc<Self>> {
        std::iter::successors(Some(self.clone()), |scope| scope.parent.clone())
    }
}

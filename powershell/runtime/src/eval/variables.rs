//! Reads and writes variables.

use super::validate::Validate as _;
use ps_value::types::NetType;
use std::rc::Rc;

use super::{Interp, convert};
use ps_syntax::ast::{VarRef, VarScope};
use ps_syntax::symbol::Sym;
use ps_value::error::{Category, Fault, R};
use ps_value::scope::{Scope, VariableMeta};
use ps_value::{Str, Value};

impl Interp {
    pub fn variable(&mut self, var: &VarRef) -> R<Value> {
        if var.scope == VarScope::Any {
            let (number, index) = var.cache.get();
            if number == self.scope.number
                && let Some(found) = self.scope.variables.borrow().get(index as usize)
                && found.exists
            {
                return Ok(found.value.clone());
            }
        }
        self.variable_slow(var)
    }

    fn variable_slow(&mut self, var: &VarRef) -> R<Value> {
        let found = match var.scope {
            VarScope::Any => {
                if let Some(index) = self.scope.find_here(var.sym) {
                    var.cache.set((self.scope.number, index as u32));
                    return Ok(self.scope.value_at(index));
                }
                self.lookup(var.sym)
            }
            VarScope::Variable => self.lookup(var.sym),
            // Without a job, this is the present scope, as in `ForEach-Object -Parallel`.
            VarScope::Using => match self.using.clone() {
                Some(scope) => self.within(scope, |it| Ok(it.lookup(var.sym)))?,
                None => self.lookup(var.sym),
            },
            VarScope::Global => self.global.get_here(var.sym),
            VarScope::Local | VarScope::Private => self.scope.get_here(var.sym),
            VarScope::Script => self.script_scope().get_here(var.sym),
            VarScope::Env => self.env.get(&var.name).map(Value::from),
            VarScope::Function => self.function_value(&var.name),
            VarScope::Alias => self.alias_target(&var.name).map(Value::from),
            VarScope::Drive => return self.read_drive(&var.name),
        };
        match found {
            Some(value) => Ok(value),
            None => match self.automatic(var.sym) {
                Some(value) => Ok(value),
                None => self.missing_variable(var),
            },
        }
    }

    fn missing_variable(&mut self, var: &VarRef) -> R<Value> {
        if self.strict() >= 1 && var.scope != VarScope::Env {
            let message =
                format!("The variable '${}' cannot be retrieved because it has not been set.", var.name);
            return Fault::runtime("VariableIsUndefined", message).of(&*var.name).raise();
        }
        Ok(Value::Null)
    }

    /// Returns a variable that is computed when it is read.
    fn automatic(&mut self, sym: Sym) -> Option<Value> {
        if sym == self.syms.question {
            return Some(Value::Bool(self.success));
        }
        let name = sym.name();
        Some(match &*name {
            "pwd" => self.location_value(),
            "stacktrace" | "nestedpromptlevel" => Value::Int(0),
            "psscriptroot" => {
                let path = &self.source.path;
                Value::from(path.rsplit_once('/').map_or("", |(dir, _)| dir))
            }
            "pscommandpath" => Value::from(self.source.path.as_str()),
            "myinvocation" => self.invocation_value(),
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "ofs" => return None,
            _ => return None,
        })
    }

    /// Returns the strict mode that applies here. 0 for none.
    pub fn strict(&self) -> u8 {
        let mut scope = Some(&self.scope);
        while let Some(here) = scope {
            if let Some(version) = here.strict.get() {
                return version;
            }
            scope = here.parent.as_ref();
        }
        0
    }

    /// Returns a variable by name, from the inner scope outward.
    pub fn lookup(&self, sym: Sym) -> Option<Value> {
        let mut scope = &self.scope;
        let mut first = true;
        loop {
            let variables = scope.variables.borrow();
            if let Some(found) = variables.iter().find(|v| v.sym == sym && v.exists) {
                let private = !first && found.meta.as_ref().is_some_and(|m| m.private);
                if !private {
                    return Some(found.value.clone());
                }
            }
            drop(variables);
            first = false;
            scope = scope.parent.as_ref()?;
        }
    }

    /// Returns the place of a variable, from the inner scope outward.
    pub fn locate(&self, sym: Sym) -> Option<(Rc<Scope>, usize)> {
        let start = self.scope.clone();
        start.outward().find_map(|scope| {
            let index = scope.find_here(sym)?;
            let private = scope
                .variables
                .borrow()
                .get(index)
                .is_some_and(|v| v.meta.as_ref().is_some_and(|m| m.private));
            (!private || scope.number == start.number).then_some((scope, index))
        })
    }

    pub fn get(&self, name: &str) -> Value {
        self.lookup(Sym::of(name)).unwrap_or_default()
    }

    pub fn script_scope(&self) -> Rc<Scope> {
        self.scope.clone().outward().find(|scope| scope.is_script).unwrap_or_else(|| self.global.clone())
    }

    pub fn scope_of(&self, var: &VarRef) -> Rc<Scope> {
        match var.scope {
            VarScope::Global => self.global.clone(),
            VarScope::Script => self.script_scope(),
            _ => self.scope.clone(),
        }
    }

    /// Writes a variable.
    pub fn set_variable(&mut self, var: &VarRef, value: Value) -> R<()> {
        if var.scope == VarScope::Any {
            let (number, index) = var.cache.get();
            if number == self.scope.number {
                let mut variables = self.scope.variables.borrow_mut();
                if let Some(place) = variables.get_mut(index as usize)
                    && place.exists
                    && place.meta.is_none()
                {
                    place.value = value;
                    return Ok(());
                }
            }
        }
        match var.scope {
            VarScope::Env => {
                self.env.set(&var.name, &value);
                Ok(())
            }
            VarScope::Function => self.set_function_value(&var.name, &value),
            VarScope::Alias => {
                let target: Str = ps_value::text(&value).into();
                self.scope.set_alias(&var.name, Some(target));
                Ok(())
            }
            VarScope::Drive => self.write_drive(&var.name, &value),
            _ => {
                let scope = self.scope_of(var);
                let index = self.set_in(&scope, var.sym, &var.name, value)?;
                if var.scope == VarScope::Private {
                    let mut meta = VariableMeta { private: true, ..Default::default() };
                    if let Some(old) = scope.variables.borrow().get(index).and_then(|v| v.meta.clone()) {
                        meta = VariableMeta { private: true, ..(*old).clone() };
                    }
                    scope.set_meta(index, meta);
                } else if scope.number == self.scope.number {
                    var.cache.set((scope.number, index as u32));
                }
                Ok(())
            }
        }
    }

    pub fn set_str(&mut self, name: &str, value: Value) -> R<()> {
        let scope = self.scope.clone();
        self.set_in(&scope, Sym::of(name), &name.into(), value).map(drop)
    }

    /// Writes a variable in a scope, with its type and rules.
    pub fn set_in(&mut self, scope: &Rc<Scope>, sym: Sym, name: &Str, mut value: Value) -> R<usize> {
        let Some(index) = scope.find_here(sym) else {
            self.check_outer_constant(scope, sym, name)?;
            return Ok(scope.put(sym, name, value));
        };
        let meta = scope.variables.borrow().get(index).and_then(|v| v.meta.clone());
        if let Some(meta) = meta {
            if meta.read_only || meta.constant {
                return not_writable(name);
            }
            if let Some(ty) = &meta.ty {
                value = convert::for_variable(self, &value, ty, name)?;
            }
            for validator in &meta.validators {
                if validator.check(self, &value)?.is_err() {
                    let message = format!(
                        "The variable cannot be validated because the value {} is not a valid value for the {name} variable.",
                        ps_value::text(&value)
                    );
                    return Fault::new(
                        NetType::ValidationMetadataException,
                        "ValidateSetFailure",
                        Category::MetadataError,
                        message,
                    )
                    .raise();
                }
            }
        }
        if let Some(variable) = scope.variables.borrow_mut().get_mut(index) {
            variable.value = value;
        }
        Ok(index)
    }

    /// Checks that the name does not hide a constant of the global scope.
    fn check_outer_constant(&self, scope: &Rc<Scope>, sym: Sym, name: &Str) -> R<()> {
        if scope.number == self.global.number {
            return Ok(());
        }
        let variables = self.global.variables.borrow();
        let found = variables.iter().find(|v| v.sym == sym && v.exists);
        match found.and_then(|v| v.meta.as_ref()) {
            Some(meta) if meta.all_scope && (meta.constant || meta.read_only) => not_writable(name),
            _ => Ok(()),
        }
    }
}

fn not_writable<T>(name: &Str) -> R<T> {
    let message = format!("Cannot overwrite variable {name} because it is read-only or constant.");
    Fault::new(
        NetType::SessionStateUnauthorizedAccessException,
        "VariableNotWritable",
        Category::WriteError,
        message,
    )
    .of(&**name)
    .raise()
}

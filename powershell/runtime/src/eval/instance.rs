//! Objects of classes that the script defines.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Frame, Interp, Nowhere, Sink};
use crate::types::Ty;
use ps_syntax::symbol::Sym;
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::scope::{Scope, VariableMeta};
use ps_value::types::class::{Class, ClassMethod};
use ps_value::{Object, Shape, Str, Value};

/// Collects the values of `return`; no other output leaves a method.
struct Returned(std::cell::RefCell<Vec<Value>>);

impl Sink for Returned {
    fn put(&self, _: &mut Interp, value: Value) -> R<()> {
        self.0.borrow_mut().push(value);
        Ok(())
    }
}

impl Interp {
    pub fn instantiate(&mut self, class: &Rc<Class>, args: &[Value]) -> R<Value> {
        let properties = class.all_properties();
        let shape = Shape { names: properties.iter().map(|p| (p.sym, p.name.clone())).collect() };
        let values = properties
            .iter()
            .map(|p| match &p.ty {
                Some(ty) if ty.is(NetType::String) => Value::Null,
                Some(ty) => ty.default_value(),
                None => Value::Null,
            })
            .collect();
        let object = Rc::new(Object::shaped(Rc::new(shape), values).of_class(class.clone()));
        let value = Value::Object(object.clone());
        self.enter()?;
        let result = self.build(class, &object, &value, args);
        self.depth = self.depth.saturating_sub(1);
        result?;
        Ok(value)
    }

    /// Sets the initial values of a class and its bases, the base first, then runs the constructor.
    fn build(&mut self, class: &Rc<Class>, object: &Rc<Object>, value: &Value, args: &[Value]) -> R<()> {
        let constructors: Vec<(Rc<Class>, ClassMethod)> =
            class.constructors().into_iter().map(|m| (class.clone(), m)).collect();
        if constructors.is_empty() {
            if !args.is_empty() && class.native_root().is_none() {
                let message = format!(
                    "Cannot find an overload for \"new\" and the argument count: \"{}\".",
                    args.len()
                );
                return Fault::new(
                    NetType::MethodException,
                    "MethodCountCouldNotFindBest",
                    Category::NotSpecified,
                    message,
                )
                .raise();
            }
            self.build_base(class, object, value, args)?;
            return self.initial_values(class, object, value);
        }
        let (_, constructor) = self.pick(&constructors, &class.name, args)?;
        let scope = self.method_scope(&constructor, Some(value), args)?;
        let base_args = class.ast.methods.get(constructor.index).and_then(|m| m.base.as_ref());
        let base_args = match base_args {
            Some(list) => self
                .within(scope.clone(), |it| list.iter().map(|arg| it.eval(arg)).collect::<R<Vec<Value>>>())?,
            None => Vec::new(),
        };
        self.build_base(class, object, value, &base_args)?;
        self.initial_values(class, object, value)?;
        self.run_method(&constructor, scope, &class.name, &Nowhere).map(drop)
    }

    fn build_base(&mut self, class: &Rc<Class>, object: &Rc<Object>, value: &Value, args: &[Value]) -> R<()> {
        if let Some(base) = &class.base {
            return self.build(base, object, value, args);
        }
        if let Some(native) = &class.native_base {
            let made = self.construct(native, args)?;
            *object.native.borrow_mut() = Some(made);
        }
        Ok(())
    }

    fn initial_values(&mut self, class: &Rc<Class>, object: &Rc<Object>, value: &Value) -> R<()> {
        let properties = class.properties.borrow().clone();
        let scope = Scope::new(Some(self.global.clone()), false);
        scope.put(self.syms.this, &self.names.this, value.clone());
        for property in properties.iter().filter(|p| !p.is_static) {
            let initial = class.ast.properties.get(property.index).and_then(|p| p.initial.as_ref());
            if let Some(initial) = initial {
                let initial = self.within(scope.clone(), |it| it.eval(initial))?;
                let initial = self.class_value(property, &initial)?;
                object.replace(property.sym, initial);
            }
        }
        Ok(())
    }

    /// Selects the overload that matches the arguments best.
    fn pick(
        &mut self,
        overloads: &[(Rc<Class>, ClassMethod)],
        name: &str,
        args: &[Value],
    ) -> R<(Rc<Class>, ClassMethod)> {
        let mut best: Option<(u32, usize)> = None;
        for (i, (_, method)) in overloads.iter().enumerate() {
            if method.params.len() != args.len() {
                continue;
            }
            let mut cost = Some(0);
            for (arg, (_, ty, _)) in args.iter().zip(&method.params) {
                let own = match ty {
                    Some(ty) => self.distance(arg, ty),
                    None => Some(9),
                };
                cost = cost.zip(own).map(|(a, b)| a + b);
            }
            if let Some(cost) = cost
                && best.is_none_or(|(least, _)| cost < least)
            {
                best = Some((cost, i));
            }
        }
        let found =
            best.map(|(_, i)| i).or_else(|| overloads.iter().position(|(_, m)| m.params.len() == args.len()));
        match found.and_then(|i| overloads.get(i)) {
            Some((class, method)) => Ok((class.clone(), method.clone())),
            None => {
                let shown = if overloads.iter().any(|(c, _)| *c.name == *name) { "new" } else { name };
                let message = format!(
                    "Cannot find an overload for \"{shown}\" and the argument count: \"{}\".",
                    args.len()
                );
                Fault::new(
                    NetType::MethodException,
                    "MethodCountCouldNotFindBest",
                    Category::NotSpecified,
                    message,
                )
                .raise()
            }
        }
    }

    fn method_scope(&mut self, method: &ClassMethod, this: Option<&Value>, args: &[Value]) -> R<Rc<Scope>> {
        let parent = method.body.session.clone().unwrap_or_else(|| self.global.clone());
        let scope = Scope::new(Some(parent), false);
        if let Some(this) = this {
            scope.put(self.syms.this, &self.names.this, this.clone());
        }
        for (arg, (name, ty, _)) in args.iter().zip(&method.params) {
            let value = match ty {
                Some(ty) => match self.convert(arg, ty) {
                    Ok(value) => value,
                    Err(flow) => {
                        let Flow::Error(record) = &*flow else { return Err(flow) };
                        return Fault::bad_argument(name, arg, &method.name, ty, record).raise();
                    }
                },
                None => arg.clone(),
            };
            let index = scope.put(Sym::of(name), name, value);
            if let Some(ty) = ty {
                scope.set_meta(index, VariableMeta { ty: Some(ty.clone()), ..VariableMeta::default() });
            }
        }
        Ok(scope)
    }

    pub fn call_class_method(
        &mut self,
        overloads: &[(Rc<Class>, ClassMethod)],
        this: Option<&Value>,
        name: &str,
        args: &[Value],
    ) -> R<Value> {
        self.enter()?;
        let result = self.call_picked(overloads, this, name, args);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn call_picked(
        &mut self,
        overloads: &[(Rc<Class>, ClassMethod)],
        this: Option<&Value>,
        name: &str,
        args: &[Value],
    ) -> R<Value> {
        let (_, method) = self.pick(overloads, name, args)?;
        let scope = self.method_scope(&method, this, args)?;
        let returned = Returned(Default::default());
        let name = method.name.clone();
        let explicit = self.run_method(&method, scope, &name, &returned)?;
        if method.returns_void || !explicit {
            return Ok(match (&method.returns, method.returns_void) {
                (Some(ty), false) => ty.default_value(),
                _ => Value::Void,
            });
        }
        let mut items = returned.0.into_inner();
        let value = match items.len() {
            0 => Value::Null,
            1 => items.pop().unwrap_or_default(),
            _ => Value::array(items),
        };
        match &method.returns {
            Some(ty) => self.convert(&value, ty),
            None => Ok(value),
        }
    }

    /// Runs the body, and returns whether it ended with `return`.
    fn run_method(&mut self, method: &ClassMethod, scope: Rc<Scope>, name: &Str, out: &dyn Sink) -> R<bool> {
        let Some(body) = &method.body.ast.end else { return Ok(false) };
        self.tick(body.span)?;
        self.frames.push(Frame {
            name: name.clone(),
            invoked: name.clone(),
            source: self.source.clone(),
            span: body.span,
        });
        let depth = self.frames.len();
        let source = std::mem::replace(&mut self.source, method.body.ast.source.clone());
        // An error ends a method: the next statement does not run.
        self.tries += 1;
        let result = self.within(scope, |it| it.run_returning(body, out));
        self.tries -= 1;
        self.source = source;
        self.frames.truncate(depth - 1);
        match result {
            Err(flow) if matches!(*flow, Flow::Return) => Ok(true),
            Err(flow) => Err(flow),
            Ok(()) => Ok(false),
        }
    }

    /// Runs the statements of a method, which write only the values of `return`.
    fn run_returning(&mut self, body: &ps_syntax::ast::Stmts, out: &dyn Sink) -> R<()> {
        let before = std::mem::replace(&mut self.returning, false);
        let result = self.run(body, &OnlyReturns(out));
        self.returning = before;
        result
    }

    /// Handles `[Ty]::new` for a base call, and static holders of generic arguments.
    pub fn generic_args(&mut self, ty: &Ty) -> Option<Ty> {
        self.generic.replace(ty.clone())
    }

    pub fn leave_generic(&mut self, before: Option<Ty>) {
        self.generic = before;
    }
}

/// Drops output, except from `return`.
struct OnlyReturns<'a>(&'a dyn Sink);

impl Sink for OnlyReturns<'_> {
    fn put(&self, it: &mut Interp, value: Value) -> R<()> {
        if it.returning { self.0.put(it, value) } else { Ok(()) }
    }
}

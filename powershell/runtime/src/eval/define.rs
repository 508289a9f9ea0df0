//! Definitions of functions, classes and enums, and types by name.

use super::validate::Validate as _;
use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use crate::types::{EnumType, Ty, TypeInfo, TypeKind, lookup};
use ps_syntax::ast::{Block, Function, Stmt, StmtKind, TypeDef, TypeName};
use ps_syntax::symbol::Sym;
use ps_syntax::walk::Node;
use ps_syntax::{SyntaxError, semantics};
use ps_value::block::{FunctionInfo, ScriptBlock};
use ps_value::error::{Category, Fault, R};
use ps_value::types::class::{Class, ClassMethod, ClassProperty};
use ps_value::validate::Validator;
use ps_value::{Str, Value};

impl Interp {
    pub fn define_function(&mut self, function: &Rc<Function>) -> R<()> {
        let (global, name) = match function.name.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("global:") => {
                (true, Str::from(function.name.get(7..).unwrap_or_default()))
            }
            _ => (false, function.name.clone()),
        };
        let block = ScriptBlock::bound(function.body.clone(), self.session());
        let info = Rc::new(FunctionInfo { name: name.clone(), block, filter: function.filter, module: None });
        let scope = if global { self.global.clone() } else { self.scope.clone() };
        scope.set_function(Sym::of(&name), Some(info));
        Ok(())
    }

    /// Defines the classes and enums of a script before it runs.
    pub fn hoist(&mut self, block: &Rc<Block>) -> R<()> {
        for namespace in &block.namespaces {
            if !self.namespaces.contains(namespace) {
                self.namespaces.push(namespace.clone());
            }
        }
        let errors = self.missing_types(block);
        if !errors.is_empty() {
            return Err(self.parse_error(&block.source, &errors));
        }
        let mut defs = Vec::new();
        for stmts in [&block.begin, &block.process, &block.end].into_iter().flatten() {
            collect_types(&stmts.list, &mut defs);
        }
        // Enums come first, then classes whose base is known by then.
        let mut left: Vec<Rc<TypeDef>> = Vec::new();
        for def in defs {
            if def.is_enum { self.define_enum(&def)? } else { left.push(def) }
        }
        // Methods and properties may name classes that come later.
        let names: Vec<Sym> = left.iter().map(|d| Sym::of(&d.name)).collect();
        let mut rounds = left.len() + 1;
        let mut shells = Vec::new();
        while !left.is_empty() && rounds > 0 {
            rounds -= 1;
            let mut waiting = Vec::new();
            for def in left {
                let waits = def.bases.iter().any(|b| {
                    let sym = Sym::of(&b.name);
                    names.contains(&sym) && !shells.iter().any(|(s, _): &(Sym, Rc<Class>)| *s == sym)
                });
                if waits {
                    waiting.push(def);
                } else {
                    let class = self.class_shell(&def)?;
                    shells.push((Sym::of(&def.name), class));
                }
            }
            left = waiting;
        }
        for (_, class) in shells {
            self.fill_class(&class)?;
        }
        Ok(())
    }

    /// Returns errors for missing types in the declarations of a script's classes.
    pub fn missing_types(&mut self, block: &Rc<Block>) -> Vec<SyntaxError> {
        let mut definitions = Vec::new();
        semantics::definitions(Node::Block(block), &mut definitions);
        let own: Vec<Sym> = definitions.iter().map(|d| Sym::of(&d.name)).collect();
        let mut errors = Vec::new();
        for definition in definitions.iter().filter(|d| !d.is_enum) {
            for name in semantics::declared(definition) {
                let is_void = ps_syntax::symbol::same(&name.name, "void");
                if is_void || own.contains(&Sym::of(&name.name)) || self.named(&name.name, &[]).is_some() {
                    continue;
                }
                let message = format!("Unable to find type [{name}].");
                errors.push(SyntaxError { id: "TypeNotFound", message, span: name.span });
            }
            for base in definition.bases.iter().filter(|base| !own.contains(&Sym::of(&base.name))) {
                let sealed = |info: &TypeInfo| !matches!(info.kind, TypeKind::Class | TypeKind::Interface);
                if let Some(info) = self.named(&base.name, &[]).and_then(|ty| ty.info())
                    && (sealed(info) || info.id == NetType::String)
                {
                    let message = format!(
                        "Cannot derive from sealed type '{base}'. Create the derived class from a non-sealed type."
                    );
                    errors.push(SyntaxError { id: "SealedBaseClass", message, span: base.span });
                }
            }
        }
        errors
    }

    /// Classes exist from the start. A class in a block is defined when the block runs.
    pub fn define_type(&mut self, def: &Rc<TypeDef>) -> R<()> {
        let known = match self.classes.get(&Sym::of(&def.name)) {
            Some(Ty::Class(class)) => Rc::ptr_eq(&class.ast, def),
            Some(Ty::Enum(_)) => def.is_enum,
            _ => false,
        };
        if known {
            return Ok(());
        }
        if def.is_enum {
            return self.define_enum(def);
        }
        let class = self.class_shell(def)?;
        self.fill_class(&class)
    }

    fn define_enum(&mut self, def: &Rc<TypeDef>) -> R<()> {
        let mut values = Vec::new();
        let mut next = 0;
        for member in &def.properties {
            if let Some(initial) = &member.initial {
                let value = self.eval(initial)?;
                next = match value.base() {
                    Value::Enum(e) => e.value,
                    other => other.as_integer().unwrap_or(next),
                };
            }
            values.push((member.name.clone(), next));
            next += 1;
        }
        let flags = def.attributes.iter().any(|a| a.is("flags"));
        let ty =
            EnumType { name: def.name.clone(), full_name: def.name.clone(), values, flags, of_script: true };
        self.classes.insert(Sym::of(&def.name), Ty::Enum(Rc::new(ty)));
        Ok(())
    }

    fn class_shell(&mut self, def: &Rc<TypeDef>) -> R<Rc<Class>> {
        let (mut base, mut native, mut interfaces) = (None, None, Vec::new());
        for name in &def.bases {
            match self.resolve_type(name)? {
                Ty::Class(class) => base = Some(class),
                other => match other.info().map(|i| i.kind) {
                    Some(crate::types::TypeKind::Interface) => interfaces.push(other),
                    _ => native = Some(other),
                },
            }
        }
        let class = Rc::new(Class {
            name: def.name.clone(),
            ast: def.clone(),
            base,
            native_base: native,
            interfaces,
            properties: Default::default(),
            methods: Default::default(),
            statics: Default::default(),
        });
        self.classes.insert(Sym::of(&def.name), Ty::Class(class.clone()));
        Ok(class)
    }

    fn fill_class(&mut self, class: &Rc<Class>) -> R<()> {
        let def = class.ast.clone();
        for (index, property) in def.properties.iter().enumerate() {
            let ty = property.kind.as_ref().map(|k| self.resolve_type(k)).transpose()?;
            let mut validators = Vec::new();
            for attribute in property.attributes.iter().filter(|a| !a.is_type) {
                validators.extend(Validator::of(self, attribute)?.map(Rc::new));
            }
            class.properties.borrow_mut().push(ClassProperty {
                name: property.name.clone(),
                sym: Sym::of(&property.name),
                ty,
                validators,
                is_static: property.is_static,
                hidden: property.hidden,
                index,
            });
        }
        for (index, method) in def.methods.iter().enumerate() {
            let mut params = Vec::new();
            for param in &method.body.params {
                let ty = param.kind.as_ref().map(|k| self.resolve_type(k)).transpose()?;
                params.push((param.var.name.clone(), ty, param.default.is_some()));
            }
            let returns_void = method.returns.as_ref().is_some_and(|r| r.name.eq_ignore_ascii_case("void"));
            let returns = match &method.returns {
                Some(name) if !returns_void => Some(self.resolve_type(name)?),
                _ => None,
            };
            let body =
                ScriptBlock::bound(method.body.clone(), self.session().or_else(|| Some(self.global.clone())));
            class.methods.borrow_mut().push(ClassMethod {
                name: method.name.clone(),
                sym: Sym::of(&method.name),
                params,
                returns,
                returns_void,
                body,
                is_static: method.is_static,
                hidden: method.hidden,
                index,
            });
        }
        self.init_statics(class)
    }

    fn init_statics(&mut self, class: &Rc<Class>) -> R<()> {
        let statics: Vec<ClassProperty> =
            class.properties.borrow().iter().filter(|p| p.is_static).cloned().collect();
        for property in &statics {
            class
                .statics
                .borrow_mut()
                .push((property.sym, property.ty.as_ref().map(Ty::default_value).unwrap_or_default()));
        }
        for property in statics {
            let initial = class.ast.properties.get(property.index).and_then(|p| p.initial.as_ref());
            if let Some(initial) = initial {
                let value = self.eval(initial)?;
                let value = self.class_value(&property, &value)?;
                if let Some(place) = class.statics.borrow_mut().iter_mut().find(|(s, _)| *s == property.sym) {
                    place.1 = value;
                }
            }
        }
        Ok(())
    }

    pub fn resolve_type(&mut self, name: &TypeName) -> R<Ty> {
        if let Some(ty) = self.try_type(name) {
            return Ok(ty);
        }
        let shown = name.to_string();
        let message = format!("Unable to find type [{shown}].");
        Fault::new(NetType::RuntimeException, "TypeNotFound", Category::InvalidOperation, message)
            .of(shown)
            .raise()
    }

    fn try_type(&mut self, name: &TypeName) -> Option<Ty> {
        let mut ty = self.named(&name.name, &name.generics)?;
        for rank in &name.ranks {
            ty = Ty::Array(Rc::new(ty), *rank);
        }
        Some(ty)
    }

    fn named(&mut self, name: &str, generics: &[TypeName]) -> Option<Ty> {
        if generics.is_empty() {
            if let Some(ty) = self.classes.get(&Sym::of(name)) {
                return Some(ty.clone());
            }
            return lookup(name)
                .or_else(|| self.namespaces.iter().find_map(|space| lookup(&format!("{space}.{name}"))));
        }
        let info = lookup(name)
            .or_else(|| self.namespaces.iter().find_map(|space| lookup(&format!("{space}.{name}"))))?
            .info()?;
        let args = generics.iter().map(|g| self.try_type(g)).collect::<Option<Vec<Ty>>>()?;
        if info.id == NetType::Nullable || info.arity > 0 {
            return Some(Ty::Generic(info, args.into()));
        }
        None
    }

    /// Returns the type with a name such as `int[]` or `System.Collections.Generic.List[string]`.
    pub fn find_type(&mut self, text: &str) -> Option<Ty> {
        let text = text
            .trim()
            .trim_start_matches('[')
            .strip_suffix(']')
            .filter(|_| text.starts_with('['))
            .unwrap_or(text.trim());
        let source = ps_syntax::Source::new("", &format!("[{text}]"));
        let block = ps_syntax::parse(&source).ok()?;
        let stmt = block.end.as_ref()?.list.first()?;
        match &stmt.kind {
            StmtKind::Expr(ps_syntax::ast::Expr { kind: ps_syntax::ast::ExprKind::Type(ty), .. }) => {
                self.try_type(&ty.name)
            }
            _ => None,
        }
    }
}

fn collect_types(list: &[Stmt], found: &mut Vec<Rc<TypeDef>>) {
    for stmt in list {
        match &stmt.kind {
            StmtKind::Type(def) => found.push(def.clone()),
            StmtKind::If(clauses, otherwise) => {
                for (_, body) in clauses {
                    collect_types(&body.list, found);
                }
                if let Some(body) = otherwise {
                    collect_types(&body.list, found);
                }
            }
            StmtKind::Try(attempt) => collect_types(&attempt.body.list, found),
            _ => {}
        }
    }
}

//! Calls of methods: the choice of an overload, conversion of the arguments, .NET's exceptions.

use std::collections::HashMap;
use std::rc::Rc;

use super::error::{Category, Fault, Flow, R};
use super::{Interp, Sink};
use crate::symbol::{Sym, same};
use crate::syntax::ast::*;
use crate::types::net::Net;
use crate::types::{Call, Declared, Make, OBJECT, Ty, TypeInfo, type_of};
use crate::value::{MemberKind, ObjectKind, Str, Value, text};

#[derive(Clone, Copy)]
pub enum Code {
    Method(Call),
    Static(Make),
}

/// One signature of a method.
pub struct Overload {
    pub signature: &'static str,
    pub params: Vec<Parameter>,
    pub code: Code,
}

pub struct Parameter {
    pub ty: Ty,
    /// Takes all that is left.
    pub rest: bool,
    /// `[ref]`
    pub by_ref: bool,
}

#[derive(Clone, Copy)]
pub struct Getter {
    pub signature: &'static str,
    pub get: Call,
    pub set: Option<Call>,
}

/// The members of a type, by name.
#[derive(Default)]
pub struct TypeIndex {
    pub properties: HashMap<Sym, Getter>,
    pub methods: HashMap<Sym, Rc<Vec<Overload>>>,
    pub statics: HashMap<Sym, Rc<Vec<Overload>>>,
    pub static_properties: HashMap<Sym, (&'static str, Make)>,
    pub constructors: Rc<Vec<Overload>>,
}

pub type Overloads = HashMap<&'static str, Rc<TypeIndex>>;

/// Return type, name and parameters of a signature.
pub fn split_signature(signature: &'static str) -> (&'static str, &'static str, &'static str) {
    let (head, params) = signature.split_once('(').unwrap_or((signature, ""));
    let (returns, name) = head.rsplit_once(' ').unwrap_or(("void", head));
    (returns, name, params.trim_end_matches(')'))
}

fn parameters(list: &'static str) -> Vec<Parameter> {
    let list = list.trim();
    if list.is_empty() {
        return Vec::new();
    }
    list.split(',')
        .map(|param| {
            let mut words: Vec<&str> = param.split_whitespace().collect();
            words.pop();
            let rest = words.first() == Some(&"params");
            let by_ref = matches!(words.first(), Some(&("ref" | "out")));
            let name = words.last().copied().unwrap_or("object");
            let ty = crate::types::lookup(name).unwrap_or(OBJECT);
            let ty = if rest { ty.element().unwrap_or(OBJECT) } else { ty };
            Parameter { ty, rest, by_ref }
        })
        .collect()
}

pub fn index_of(info: &'static TypeInfo) -> TypeIndex {
    let mut index = TypeIndex::default();
    let mut methods: HashMap<Sym, Vec<Overload>> = HashMap::new();
    let mut statics: HashMap<Sym, Vec<Overload>> = HashMap::new();
    let mut constructors = Vec::new();
    for member in info.members {
        match member {
            Declared::Property(signature, get) => {
                let name = Sym::of(split_signature(signature).1);
                index.properties.insert(name, Getter { signature, get: *get, set: None });
            }
            Declared::Settable(signature, get, set) => {
                let name = Sym::of(split_signature(signature).1);
                index.properties.insert(name, Getter { signature, get: *get, set: Some(*set) });
            }
            Declared::Method(signature, call) => {
                let (_, name, params) = split_signature(signature);
                methods.entry(Sym::of(name)).or_default().push(Overload {
                    signature,
                    params: parameters(params),
                    code: Code::Method(*call),
                });
            }
            Declared::Static(signature, make) => {
                let (_, name, params) = split_signature(signature);
                statics.entry(Sym::of(name)).or_default().push(Overload {
                    signature,
                    params: parameters(params),
                    code: Code::Static(*make),
                });
            }
            Declared::StaticProperty(signature, make) => {
                let name = Sym::of(split_signature(signature).1);
                index.static_properties.insert(name, (signature, *make));
            }
            Declared::New(signature, make) => {
                let (_, _, params) = split_signature(signature);
                constructors.push(Overload {
                    signature,
                    params: parameters(params),
                    code: Code::Static(*make),
                });
            }
        }
    }
    index.methods = methods.into_iter().map(|(name, list)| (name, Rc::new(list))).collect();
    index.statics = statics.into_iter().map(|(name, list)| (name, Rc::new(list))).collect();
    index.constructors = Rc::new(constructors);
    index
}

impl Interp {
    pub fn type_index(&mut self, info: &'static TypeInfo) -> Rc<TypeIndex> {
        if let Some(found) = self.overloads.get(info.name) {
            return found.clone();
        }
        let index = Rc::new(index_of(info));
        self.overloads.insert(info.name, index.clone());
        index
    }

    /// The declarations of a type and of what it extends, nearest first.
    pub fn lineage(&mut self, ty: &Ty) -> Vec<Rc<TypeIndex>> {
        let mut found = Vec::new();
        let mut next = ty.info();
        while let Some(info) = next {
            found.push(self.type_index(info));
            next = if info.base.is_empty() || info.name == "System.Object" {
                None
            } else {
                crate::types::find(info.base)
            };
        }
        found
    }

    pub fn type_property(&mut self, object: &Value, name: &str) -> R<Option<Value>> {
        let sym = Sym::of(name);
        let ty = type_of(object);
        for index in self.lineage(&ty) {
            if let Some(getter) = index.properties.get(&sym) {
                return match (getter.get)(self, object.base(), &[]) {
                    Ok(value) => Ok(Some(value)),
                    Err(flow) => Err(wrap_getter(flow, name)),
                };
            }
        }
        Ok(None)
    }

    pub fn set_type_property(&mut self, object: &Value, name: &str, value: &Value) -> R<bool> {
        let sym = Sym::of(name);
        let ty = type_of(object);
        for index in self.lineage(&ty) {
            if let Some(getter) = index.properties.get(&sym) {
                let Some(set) = getter.set else { return Ok(false) };
                let (returns, _, _) = split_signature(getter.signature);
                let value = match crate::types::lookup(returns) {
                    Some(ty) => self.convert(value, &ty)?,
                    None => value.clone(),
                };
                set(self, object.base(), &[value])?;
                return Ok(true);
            }
        }
        if let Value::Net(net) = object.base() {
            return Ok(net.set_property(name, value));
        }
        Ok(false)
    }

    pub fn declared_properties(&mut self, ty: &Ty) -> Vec<Str> {
        let mut names: Vec<Str> = Vec::new();
        let mut next = ty.info();
        while let Some(info) = next {
            for member in info.members {
                if let Declared::Property(signature, _) | Declared::Settable(signature, ..) = member {
                    let name = Str::from(split_signature(signature).1);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            next = crate::types::find(info.base).filter(|base| base.name != info.name);
        }
        names
    }

    pub fn eval_call(&mut self, expr: &Expr) -> R<Value> {
        let ExprKind::Call { target, name, args, is_static, conditional, .. } = &expr.kind else {
            return Ok(Value::Null);
        };
        let object = self.eval(target)?;
        if *conditional && object.is_null() {
            return Ok(Value::Null);
        }
        let name = match &name.kind {
            ExprKind::Const(Value::Str(name)) => name.clone(),
            _ => match self.eval(name)? {
                Value::Block(block) => {
                    let args = self.eval_args(args)?;
                    return self.call_with_this(&block, &object, &args);
                }
                other => self.to_text(&other).into(),
            },
        };
        let args = self.eval_args(args)?;
        if *is_static {
            self.call_static(&object, &name, &args)
        } else {
            self.call_method(&object, &name, &args)
        }
    }

    fn eval_args(&mut self, args: &[Expr]) -> R<Vec<Value>> {
        args.iter()
            .map(|arg| {
                Ok(match self.eval(arg)? {
                    Value::Void => Value::Null,
                    value => value,
                })
            })
            .collect()
    }

    pub fn call_method(&mut self, object: &Value, name: &str, args: &[Value]) -> R<Value> {
        if object.is_null() {
            return Fault::runtime(
                "InvokeMethodOnNull",
                "You cannot call a method on a null-valued expression.",
            )
            .raise();
        }
        if let Some(value) = self.own_method(object, name, args)? {
            return Ok(value);
        }
        let ty = type_of(object);
        let sym = Sym::of(name);
        if !matches!(object.base(), Value::Object(_)) || object.base().items().is_none() {
            for index in self.lineage(&ty) {
                if let Some(overloads) = index.methods.get(&sym) {
                    let overloads = overloads.clone();
                    return self.choose(&overloads, Some(object.base()), name, args, &ty);
                }
            }
        }
        match self.common_method(object, name, args)? {
            Some(value) => return Ok(value),
            None => {}
        }
        let items = match object.base() {
            Value::Array(_) | Value::List(_) => object.items(),
            Value::Net(net) => net.items(),
            _ => None,
        };
        if let Some(items) = items
            && !items.is_empty()
        {
            let mut results = Vec::new();
            for item in &items {
                match self.call_method(item, name, args)? {
                    Value::Void => {}
                    value => results.push(value),
                }
            }
            return Ok(match results.len() {
                0 => Value::Void,
                1 => results.pop().unwrap_or_default(),
                _ => Value::array(results),
            });
        }
        let message = format!(
            "Method invocation failed because [{}] does not contain a method named '{name}'.",
            ty.full_name()
        );
        Fault::runtime("MethodNotFound", message).of(name).raise()
    }

    /// A method of the script: of a class, or added to an object.
    fn own_method(&mut self, object: &Value, name: &str, args: &[Value]) -> R<Option<Value>> {
        match object {
            Value::Ext(ext) => match ext.get(name) {
                Some(MemberKind::Method(block)) => {
                    return self.call_with_this(&block, object, args).map(Some);
                }
                _ => return self.own_method(&ext.base, name, args),
            },
            Value::Object(own) => {
                let member =
                    own.members.borrow().iter().find(|m| same(&m.name, name)).map(|m| m.kind.clone());
                if let Some(MemberKind::Method(block)) = member {
                    return self.call_with_this(&block, object, args).map(Some);
                }
                if let ObjectKind::Class(class) = &own.kind {
                    let found = class.overloads(Sym::of(name), false);
                    if !found.is_empty() {
                        return self.call_class_method(&found, Some(object), name, args).map(Some);
                    }
                }
                let native = own.native.borrow().clone();
                if let Some(native) = native
                    && self.has_method(&native, name)
                {
                    return self.call_method(&native, name, args).map(Some);
                }
            }
            Value::Block(_) if same(name, "invoke") || same(name, "InvokeReturnAsIs") => {
                return self.invoke_block(object, args).map(Some);
            }
            _ => {}
        }
        Ok(None)
    }

    pub fn has_method(&mut self, object: &Value, name: &str) -> bool {
        let sym = Sym::of(name);
        self.lineage(&type_of(object)).iter().any(|index| index.methods.contains_key(&sym))
    }

    /// Calls a method of a class when the object has it.
    pub fn call_own(&mut self, object: &Value, name: &str, args: &[Value]) -> R<Option<Value>> {
        if let Value::Object(own) = object
            && let ObjectKind::Class(class) = &own.kind
        {
            let found = class.overloads(Sym::of(name), false);
            if found.iter().any(|(_, m)| m.params.len() == args.len()) {
                return self.call_class_method(&found, Some(object), name, args).map(Some);
            }
        }
        Ok(None)
    }

    /// `ToString` of a class, or one that was added.
    pub fn own_to_string(&mut self, value: &Value) -> Option<String> {
        match value {
            Value::Ext(ext) => match ext.get("ToString") {
                Some(MemberKind::Method(block)) => {
                    self.call_with_this(&block, value, &[]).ok().map(|v| text(&v))
                }
                _ => self.own_to_string(&ext.base),
            },
            Value::Object(own) => {
                let member =
                    own.members.borrow().iter().find(|m| same(&m.name, "ToString")).map(|m| m.kind.clone());
                if let Some(MemberKind::Method(block)) = member {
                    return self.call_with_this(&block, value, &[]).ok().map(|v| text(&v));
                }
                self.call_own(value, "ToString", &[]).ok().flatten().map(|v| text(&v))
            }
            _ => None,
        }
    }

    /// What every object answers to.
    fn common_method(&mut self, object: &Value, name: &str, args: &[Value]) -> R<Option<Value>> {
        Ok(Some(match (name.to_ascii_lowercase().as_str(), args) {
            ("gettype", []) => Value::ty(type_of(object)),
            ("tostring", []) => {
                let value = match object.base() {
                    number if number.is_number() => {
                        crate::value::text::number_to_string(number).unwrap_or_default()
                    }
                    Value::DateTime(date) => date.format("G").unwrap_or_default(),
                    Value::Array(_) | Value::List(_) | Value::Dict(_) => {
                        crate::value::text::type_text(object)
                    }
                    Value::Type(ty) => ty.full_name(),
                    _ => self.to_text(object),
                };
                Value::from(value)
            }
            ("tostring", [format]) => {
                let format = self.to_text(format);
                match self.format_value(object, &format) {
                    Ok(text) => Value::from(text),
                    Err(why) => {
                        return Err(self.wrap_call(
                            super::error::net_flow("System.FormatException", why),
                            "ToString",
                            1,
                        ));
                    }
                }
            }
            ("tostring", [format, _]) => {
                let format = self.to_text(format);
                Value::from(self.format_value(object, &format).unwrap_or_default())
            }
            ("equals", [other]) => Value::Bool(crate::value::object::equals(object, other)),
            ("gethashcode", []) => Value::Int(
                text(object).bytes().fold(17, |h: i32, b| h.wrapping_mul(31).wrapping_add(i32::from(b))),
            ),
            ("compareto", [other]) => {
                let order = self.ordered(object, other, true)?;
                Value::Int(order.map_or(0, |o| o as i32))
            }
            ("gettypecode", []) => Value::from(type_of(object).name()),
            ("foreach", [block, rest @ ..]) => return self.each_method(object, block, rest).map(Some),
            ("where", [block, rest @ ..]) => return self.where_method(object, block, rest).map(Some),
            ("dispose" | "close", []) => Value::Void,
            _ => return Ok(None),
        }))
    }

    /// `.ForEach(...)`
    fn each_method(&mut self, object: &Value, block: &Value, rest: &[Value]) -> R<Value> {
        let items = self.enumerate(object);
        let out = super::Collector::default();
        match block.base() {
            Value::Block(block) => {
                for item in items {
                    self.call_with_item(block, item, rest, &out)?;
                }
            }
            Value::Type(ty) => {
                for item in items {
                    let value = self.convert(&item, ty)?;
                    out.put(self, value)?;
                }
            }
            name => {
                let name = text(name);
                for item in items {
                    let value = if self.has_method(&item, &name) {
                        self.call_method(&item, &name, rest)?
                    } else {
                        self.member(&item, &name)?
                    };
                    self.emit(value, &out)?;
                }
            }
        }
        Ok(Value::List(Rc::new(crate::value::List::new(
            crate::value::ListKind::Collection,
            crate::types::native("System.Management.Automation.PSObject"),
            out.into_items(),
        ))))
    }

    /// `.Where(...)`
    fn where_method(&mut self, object: &Value, block: &Value, rest: &[Value]) -> R<Value> {
        let mode = rest.first().map_or("default".to_owned(), |m| text(m).to_lowercase());
        let limit = match rest.get(1) {
            Some(count) => {
                self.convert(count, &super::convert::int_type())?.as_integer().unwrap_or(0).max(0) as usize
            }
            None => 0,
        };
        let Value::Block(block) = block.base() else {
            return self.cannot(block, &crate::types::native("System.Management.Automation.ScriptBlock"));
        };
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let mut passed = false;
        for item in self.enumerate(object) {
            if mode == "first" && yes.len() >= limit.max(1) {
                break;
            }
            let out = super::Collector::default();
            if passed || (mode == "until" && passed) {
                yes.push(item);
                continue;
            }
            self.call_with_item(block, item.clone(), &[], &out)?;
            let hit = out.into_value().truth();
            match (mode.as_str(), hit) {
                ("until", true) => break,
                ("until", false) => yes.push(item),
                ("skipuntil", true) => {
                    passed = true;
                    yes.push(item);
                }
                ("skipuntil", false) => {}
                (_, true) => yes.push(item),
                (_, false) => no.push(item),
            }
        }
        let list = |items: Vec<Value>| {
            Value::List(Rc::new(crate::value::List::new(
                crate::value::ListKind::Collection,
                crate::types::native("System.Management.Automation.PSObject"),
                items,
            )))
        };
        Ok(match mode.as_str() {
            "last" => {
                let keep = limit.max(1).min(yes.len());
                list(yes.split_off(yes.len() - keep))
            }
            "split" => Value::array(vec![list(yes), list(no)]),
            _ => {
                if limit > 0 && mode == "default" {
                    yes.truncate(limit);
                }
                list(yes)
            }
        })
    }

    pub fn call_static(&mut self, holder: &Value, name: &str, args: &[Value]) -> R<Value> {
        let ty = match holder.base() {
            Value::Type(ty) => (**ty).clone(),
            other => type_of(other),
        };
        if same(name, "new") {
            return self.construct(&ty, args);
        }
        let sym = Sym::of(name);
        if let Ty::Class(class) = &ty {
            let found = class.overloads(sym, true);
            if !found.is_empty() {
                return self.call_class_method(&found, None, name, args);
            }
        }
        for index in self.lineage(&ty) {
            if let Some(overloads) = index.statics.get(&sym) {
                let overloads = overloads.clone();
                // Static members of collections need to know their element.
                return self.choose(&overloads, None, name, args, &ty);
            }
        }
        let message = format!(
            "Method invocation failed because [{}] does not contain a method named '{name}'.",
            ty.full_name()
        );
        Fault::runtime("MethodNotFound", message).of(name).raise()
    }

    pub fn static_property(&mut self, holder: &Value, name: &str) -> R<Value> {
        let ty = match holder.base() {
            Value::Type(ty) => (**ty).clone(),
            other => type_of(other),
        };
        let sym = Sym::of(name);
        if let Ty::Class(class) = &ty
            && let Some(holder) = class.static_holder(sym)
        {
            return Ok(holder
                .statics
                .borrow()
                .iter()
                .find(|(s, _)| *s == sym)
                .map(|(_, v)| v.clone())
                .unwrap_or_default());
        }
        if let Ty::Enum(e) = &ty
            && let Some((_, value)) = e.values.iter().find(|(n, _)| same(n, name))
        {
            return Ok(Value::enumeration(e.clone(), *value));
        }
        for index in self.lineage(&ty) {
            if let Some((_, make)) = index.static_properties.get(&sym) {
                return make(self, &[]);
            }
            if let Some(overloads) = index.statics.get(&sym) {
                let signatures: Vec<&str> = overloads.iter().map(|o| o.signature).collect();
                return Ok(Value::from(format!("static {}", signatures.join(", static "))));
            }
        }
        if self.strict() >= 2 {
            let message = format!(
                "The property '{name}' cannot be found on this object. Verify that the property exists."
            );
            return Fault::new(
                "PropertyNotFoundException",
                "PropertyNotFoundStrict",
                Category::NotSpecified,
                message,
            )
            .raise();
        }
        Ok(Value::Null)
    }

    pub fn set_static(&mut self, holder: &Value, name: &str, value: Value) -> R<()> {
        if let Value::Type(ty) = holder.base() {
            let sym = Sym::of(name);
            if let Ty::Class(class) = &**ty
                && let Some(owner) = class.static_holder(sym)
            {
                let value = match owner.property(sym, true) {
                    Some(property) => self.class_value(&property, &value)?,
                    None => value,
                };
                if let Some(place) = owner.statics.borrow_mut().iter_mut().find(|(s, _)| *s == sym) {
                    place.1 = value;
                }
                return Ok(());
            }
            // Accepted, and without effect: there is one way to do it here.
            if ty.is("System.Net.ServicePointManager")
                || ty.is("System.Console")
                || ty.is("System.Environment")
                || ty.is("System.Threading.Thread")
            {
                return Ok(());
            }
        }
        let message = format!(
            "The property '{name}' cannot be found on this object. Verify that the property exists and can be set."
        );
        Fault::runtime("PropertyNotFound", message).raise()
    }

    /// Chooses an overload by the arguments, converts them, and calls it.
    pub fn choose(
        &mut self,
        overloads: &Rc<Vec<Overload>>,
        object: Option<&Value>,
        name: &str,
        args: &[Value],
        ty: &Ty,
    ) -> R<Value> {
        let mut best: Option<(u32, usize)> = None;
        for (i, overload) in overloads.iter().enumerate() {
            let Some(cost) = self.cost(&overload.params, args) else { continue };
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, i));
            }
        }
        let fits = |o: &&Overload| {
            o.params.len() == args.len()
                || o.params.last().is_some_and(|p| p.rest) && args.len() + 1 >= o.params.len()
        };
        let chosen = match best {
            Some((_, i)) => overloads.get(i),
            None => {
                let mut by_count = overloads.iter().filter(fits);
                by_count.next()
            }
        };
        let Some(overload) = chosen else {
            let message =
                format!("Cannot find an overload for \"{name}\" and the argument count: \"{}\".", args.len());
            return Fault::new(
                "MethodException",
                "MethodCountCouldNotFindBest",
                Category::NotSpecified,
                message,
            )
            .raise();
        };
        let converted = self.convert_args(overload, name, args)?;
        let result = match overload.code {
            Code::Method(call) => call(self, object.unwrap_or(&Value::Null), &converted),
            Code::Static(make) => {
                // A generic type gives its arguments first.
                let before = self.generic_args(ty);
                let result = make(self, &converted);
                self.leave_generic(before);
                result
            }
        };
        result.map_err(|flow| self.wrap_call(flow, name, args.len()))
    }

    fn convert_args(&mut self, overload: &Overload, name: &str, args: &[Value]) -> R<Vec<Value>> {
        let mut converted = Vec::with_capacity(args.len());
        for (i, arg) in args.iter().enumerate() {
            let Some(param) = overload.params.get(i).or(overload.params.last()) else { break };
            if param.rest
                && i + 1 == overload.params.len()
                && args.len() == overload.params.len()
                && matches!(arg.base(), Value::Array(_))
            {
                for item in arg.items().unwrap_or_default() {
                    converted.push(self.convert(&item, &param.ty)?);
                }
                continue;
            }
            if param.by_ref {
                converted.push(arg.base().clone());
                continue;
            }
            match self.convert(arg, &param.ty) {
                Ok(value) => converted.push(if param.ty == OBJECT { value } else { value.base().clone() }),
                Err(flow) => {
                    let Flow::Error(record) = &*flow else { return Err(flow) };
                    let (_, _, params) = split_signature(overload.signature);
                    let param_name = params
                        .split(',')
                        .nth(i)
                        .and_then(|p| p.split_whitespace().last())
                        .unwrap_or_default();
                    let message = format!(
                        "Cannot convert argument \"{param_name}\", with value: \"{}\", for \"{name}\" to type \"{}\": \"{}\"",
                        text(arg),
                        param.ty.full_name(),
                        record.message()
                    );
                    return Fault::new(
                        "MethodException",
                        "MethodArgumentConversionInvalidCastArgument",
                        Category::NotSpecified,
                        message,
                    )
                    .because(record.exception.clone())
                    .raise();
                }
            }
        }
        Ok(converted)
    }

    /// How far the arguments are from the parameters; nothing when they do not fit.
    fn cost(&mut self, params: &[Parameter], args: &[Value]) -> Option<u32> {
        let rest = params.last().is_some_and(|p| p.rest);
        if !(params.len() == args.len() || rest && args.len() + 1 >= params.len()) {
            return None;
        }
        let mut sum = u32::from(rest) * 3;
        for (i, arg) in args.iter().enumerate() {
            let param = params.get(i).or(params.last())?;
            sum += if param.rest && params.len() == args.len() && matches!(arg.base(), Value::Array(_)) {
                0
            } else {
                self.distance(arg, &param.ty)?
            };
        }
        Some(sum)
    }

    pub fn distance(&mut self, arg: &Value, ty: &Ty) -> Option<u32> {
        let own = type_of(arg);
        if arg.is_null() {
            return if ty.is_value_type() { Some(40) } else { Some(5) };
        }
        if own == *ty {
            return Some(0);
        }
        if *ty == OBJECT {
            return Some(9);
        }
        if let (Ty::Array(..), true) = (ty, matches!(arg.base(), Value::Array(_) | Value::List(_))) {
            return self.convert(arg, ty).ok().map(|_| 4);
        }
        if own.extends(ty) {
            return Some(2);
        }
        if own.is_numeric() && ty.is_numeric() {
            let rank = |ty: &Ty| {
                [
                    "System.SByte",
                    "System.Byte",
                    "System.Int16",
                    "System.UInt16",
                    "System.Int32",
                    "System.UInt32",
                    "System.Int64",
                    "System.UInt64",
                    "System.Single",
                    "System.Double",
                    "System.Decimal",
                ]
                .iter()
                .position(|n| ty.is(n))
                .unwrap_or(11) as u32
            };
            let (from, to) = (rank(&own), rank(ty));
            if to >= from {
                return Some(1 + to - from);
            }
            return self.convert(arg, ty).ok().map(|_| 15 + from - to);
        }
        if ty.is("System.String") {
            return Some(if own.is("System.Char") { 3 } else { 25 });
        }
        if let (Value::Block(_), Ty::Native(_) | Ty::Generic(..)) = (arg.base(), ty)
            && self.convert(arg, ty).is_ok()
        {
            return Some(6);
        }
        self.convert(arg, ty).ok().map(|_| match arg.base() {
            Value::Str(s) if ty.is("System.Char") && s.utf16_len() == 1 => 6,
            Value::Str(_) if matches!(ty, Ty::Enum(_)) => 7,
            _ if matches!(ty, Ty::Array(..)) => 30,
            _ => 20,
        })
    }

    /// An exception of .NET as PowerShell reports it from a call.
    pub fn wrap_call(&mut self, flow: Box<Flow>, name: &str, count: usize) -> Box<Flow> {
        let Flow::Error(record) = &*flow else { return flow };
        if !record.raw.get() {
            return flow;
        }
        let message =
            format!("Exception calling \"{name}\" with \"{count}\" argument(s): \"{}\"", record.message());
        let id = record.exception_type().name();
        let fault = Fault::new("MethodInvocationException", &id, Category::NotSpecified, message)
            .because(record.exception.clone());
        fault.into()
    }

    /// Creates an object.
    pub fn construct(&mut self, ty: &Ty, args: &[Value]) -> R<Value> {
        match ty {
            Ty::Class(class) => return self.instantiate(class, args),
            Ty::Array(element, rank) => return self.new_array(element, *rank, args),
            Ty::Enum(_) if args.is_empty() => return Ok(ty.default_value()),
            _ => {}
        }
        let constructors =
            ty.info().map(|info| self.type_index(info).constructors.clone()).unwrap_or_default();
        if constructors.is_empty() {
            if args.is_empty() && !ty.default_value().is_null() {
                return Ok(ty.default_value());
            }
            if ty.extends(&crate::types::native("System.Exception")) {
                return self.new_exception(ty, args);
            }
            let message = format!(
                "Method invocation failed because [{}] does not contain a method named 'new'.",
                ty.full_name()
            );
            return Fault::runtime("MethodNotFound", message).of("new").raise();
        }
        self.choose(&constructors, None, &ty.name(), args, ty).map_err(|flow| match *flow {
            Flow::Error(record)
                if record.message().starts_with("Exception calling ")
                    && !record.message().starts_with("Exception calling \".ctor\"") =>
            {
                let inner = crate::types::net::inner_exception(&record.exception).unwrap_or_default();
                let message = format!(
                    "Exception calling \".ctor\" with \"{}\" argument(s): \"{}\"",
                    args.len(),
                    super::error::exception_message(&inner)
                );
                let id = record.id.borrow().clone();
                Fault::new("MethodInvocationException", &id, Category::NotSpecified, message)
                    .because(inner)
                    .into()
            }
            Flow::Error(record) if &**record.id.borrow() == "MethodCountCouldNotFindBest" => {
                let message = format!(
                    "Cannot find an overload for \"new\" and the argument count: \"{}\".",
                    args.len()
                );
                Fault::new("MethodException", "MethodCountCouldNotFindBest", Category::NotSpecified, message)
                    .into()
            }
            other => Box::new(other),
        })
    }

    fn new_array(&mut self, element: &Ty, rank: u8, args: &[Value]) -> R<Value> {
        let mut lengths = Vec::new();
        for arg in args {
            let length = self.convert(arg, &super::convert::int_type())?.as_integer().unwrap_or(0);
            match usize::try_from(length) {
                Ok(length) if length <= 1 << 26 => lengths.push(length),
                _ => {
                    return super::error::net(
                        "System.OutOfMemoryException",
                        "Array dimensions exceeded supported range.",
                    );
                }
            }
        }
        let total: usize = lengths.iter().product();
        let items = vec![element.default_value(); if lengths.is_empty() { 0 } else { total.min(1 << 26) }];
        let mut array = crate::value::Array::of(element.clone(), items);
        if rank > 1 {
            array.dimensions = lengths;
        }
        Ok(Value::Array(Rc::new(array)))
    }

    pub fn new_exception(&mut self, ty: &Ty, args: &[Value]) -> R<Value> {
        let info = ty.info();
        let message = args.first().map(|m| self.to_text(m));
        let name = info.map_or("System.Exception", |i| i.name);
        let default = format!("Exception of type '{name}' was thrown.");
        let mut exception = crate::types::net::Exception::new(name, message.unwrap_or(default));
        exception.inner = args.get(1).filter(|v| crate::types::net::is_exception(v)).cloned();
        Ok(Value::net(Net::Exception(exception)))
    }
}

fn wrap_getter(flow: Box<Flow>, name: &str) -> Box<Flow> {
    let Flow::Error(record) = &*flow else { return flow };
    if !record.raw.get() {
        return flow;
    }
    let message = format!("Exception getting \"{name}\": \"{}\"", record.message());
    Fault::new("GetValueInvocationException", "ExceptionWhenGetting", Category::NotSpecified, message)
        .because(record.exception.clone())
        .into()
}

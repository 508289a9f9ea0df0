//! Calls of methods: choosing an overload, converting the arguments, .NET's exceptions.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Interp, Sink};
use crate::types::{Ty, type_of};
use ps_syntax::ast::*;
use ps_syntax::symbol::{Sym, same};
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::{MemberKind, ObjectKind, Value, text};

impl Interp {
    pub fn eval_call(&mut self, expr: &Expr) -> R<Value> {
        let ExprKind::Call { target, name, args, is_static, conditional, .. } = &expr.kind else {
            return Ok(Value::Null);
        };
        let object = self.eval(target)?;
        if *conditional && object.is_null() {
            return Ok(Value::Null);
        }
        let name = match &name.kind {
            ExprKind::Const(ps_syntax::Literal::Str(name)) => name.clone(),
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
        if !self.type_data.is_empty()
            && let Some(ps_value::MemberKind::Method(block)) = self.given_to_type(object, name)
        {
            return self.call_with_this(&block, object, args);
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
        if let Some(value) = self.common_method(object, name, args)? {
            return Ok(value);
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

    /// Calls a method of the script: of a class, or added to an object.
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

    /// Calls a method of a class if the object has it.
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

    /// Calls `ToString` of a class, or an added one.
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

    /// Calls a method that every object has.
    fn common_method(&mut self, object: &Value, name: &str, args: &[Value]) -> R<Option<Value>> {
        Ok(Some(match (name.to_ascii_lowercase().as_str(), args) {
            ("gettype", []) => Value::ty(type_of(object)),
            ("tostring", []) => {
                let value = match object.base() {
                    number if number.is_number() => {
                        let culture = self.culture.number.borrow();
                        ps_value::number_format::to_text(number, &culture).unwrap_or_default()
                    }
                    Value::Array(_) | Value::List(_) | Value::Dict(_) => ps_value::text::type_text(object),
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
                            ps_value::error::net_flow(NetType::FormatException, why),
                            "ToString",
                            1,
                        ));
                    }
                }
            }
            ("tostring", [format, provider]) => {
                let format = self.to_text(format);
                let text = self.with_provider(provider, |it| Ok(it.format_value(object, &format)))?;
                match text {
                    Ok(text) => Value::from(text),
                    Err(why) => {
                        let flow = ps_value::error::net_flow(NetType::FormatException, why);
                        return Err(self.wrap_call(flow, "ToString", 2));
                    }
                }
            }
            ("equals", [other]) => Value::Bool(ps_value::object::equals(object, other)),
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

    /// Evaluates `.ForEach(...)`.
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
        Ok(Value::List(Rc::new(ps_value::List::new(
            ps_value::ListKind::Collection,
            NetType::PSObject.ty(),
            out.into_items(),
        ))))
    }

    /// Evaluates `.Where(...)`.
    fn where_method(&mut self, object: &Value, block: &Value, rest: &[Value]) -> R<Value> {
        let mode = rest.first().map_or("default".to_owned(), |m| text(m).to_lowercase());
        let limit = match rest.get(1) {
            Some(count) => {
                self.convert(count, &super::convert::int_type())?.as_integer().unwrap_or(0).max(0) as usize
            }
            None => 0,
        };
        let Value::Block(block) = block.base() else {
            return self.cannot(block, &NetType::ScriptBlock.ty());
        };
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let mut passed = false;
        for item in self.enumerate(object) {
            if mode == "first" && yes.len() >= limit.max(1) {
                break;
            }
            let out = super::Collector::default();
            if passed {
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
            Value::List(Rc::new(ps_value::List::new(
                ps_value::ListKind::Collection,
                NetType::PSObject.ty(),
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
                // Static members of collections need the type of their element.
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
        self.no_property(name)
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
            if ty.is(NetType::CultureInfo)
                && crate::types::culture::set_current(self, name, &value)
                    .map_err(|flow| wrap_setter(flow, name))?
            {
                return Ok(());
            }
            // Accepted without effect, because there is only one behaviour here.
            if ty.is(NetType::ServicePointManager) || ty.is(NetType::Console) || ty.is(NetType::Environment) {
                return Ok(());
            }
        }
        let message = format!(
            "The property '{name}' cannot be found on this object. Verify that the property exists and can be set."
        );
        Fault::runtime("PropertyNotFound", message).raise()
    }
}

pub(super) fn wrap_setter(flow: Box<Flow>, name: &str) -> Box<Flow> {
    let Flow::Error(record) = &*flow else { return flow };
    if !record.raw.get() {
        return flow;
    }
    let message = format!("Exception setting \"{name}\": \"{}\"", record.message());
    Fault::new(NetType::SetValueInvocationException, "ExceptionWhenSetting", Category::NotSpecified, message)
        .because(record.exception.clone())
        .into()
}

pub(super) fn wrap_getter(flow: Box<Flow>, name: &str) -> Box<Flow> {
    let Flow::Error(record) = &*flow else { return flow };
    if !record.raw.get() {
        return flow;
    }
    let message = format!("Exception getting \"{name}\": \"{}\"", record.message());
    Fault::new(NetType::GetValueInvocationException, "ExceptionWhenGetting", Category::NotSpecified, message)
        .because(record.exception.clone())
        .into()
}
